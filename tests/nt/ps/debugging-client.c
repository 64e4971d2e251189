/*
 * debugging-client.c - debug objects as services, against a model: three processes are attached to and let go, their events read and continued, right and wrong,
 * 250 random steps: which event is the next, of whom, whether the object is signaled, and each status. Then tables: what a last close does by each flag, times out,
 * lengths, flags, addresses. [PH:ntdbg.h: DBGUI_WAIT_STATE_CHANGE], [LEARN:debugapi/debugactiveprocess, continuedebugevent, waitfordebugevent],
 * [LEARN:winbase/debugsetprocesskillonexit]. With an argument it is a debuggee of three threads.
 */
#define SEED 4
#include "../model-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtCreateDebugObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtDebugActiveProcess(HANDLE, HANDLE);
NTSTATUS NTAPI NtRemoveProcessDebug(HANDLE, HANDLE);
NTSTATUS NTAPI NtWaitForDebugEvent(HANDLE, BOOLEAN, PLARGE_INTEGER, PVOID);
NTSTATUS NTAPI NtDebugContinue(HANDLE, CLIENT_ID *, NTSTATUS);
NTSTATUS NTAPI NtSetInformationDebugObject(HANDLE, ULONG, PVOID, ULONG, PULONG);

#define DEBUG_ALL  0x1F000F
#define TIMED_OUT  0x102
#define INVALID    0xC000000D
#define VIOLATION  0xC0000005
#define MISMATCH   0xC0000004
#define NO_PORT    0xC0000353
#define HAS_PORT   0xC0000048
#define INACTIVE   0xC0000354
#define SYSTEM     ((PVOID)0x400080000000ull)
#define NOWHERE    ((PVOID)0x12340000)
#define PROCESSES  3
#define STEPS      400
#define CREATE_ONE 3 /* DbgCreateProcessStateChange */
#define ONE_THREAD 2
#define ONE_IMAGE  9

typedef struct {
    ULONG State;
    CLIENT_ID Id;
    union {
        struct {
            HANDLE Process, Thread;
            ULONG SubSystem;
            HANDLE File;
            PVOID Base;
            ULONG Offset, Size;
            ULONG SubSystem2;
            PVOID Start;
        } CreateProcess;
        struct {
            HANDLE Thread;
            ULONG SubSystem;
            PVOID Start;
        } CreateThread;
        struct {
            HANDLE File;
            PVOID Base;
        } LoadDll;
        ULONG64 Room[20];
    };
} CHANGE;

static struct {
    PROCESS_INFORMATION Info;
    /* The model's. */
    BOOL Attached, Read;
    ULONG Done, Events; /* how many an attachment has; 0: not known yet */
    ULONG Order;
    CLIENT_ID Last;
} Process[PROCESSES];

static const char *Self;
static HANDLE Debug;
static ULONG Attachments;

static PROCESS_INFORMATION
Start(void)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Info;
    char Line[400];

    snprintf(Line, sizeof(Line), "\"%s\" debuggee", Self);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Info));
    return Info;
}

static DWORD WINAPI
Sleeps(PVOID Context)
{
    Sleep(INFINITE);
    return 0;
}

/* PEB.BeingDebugged */
static BOOL
IsMarked(HANDLE Of)
{
    ULONG_PTR Basic[6] = {0};
    BYTE Peb[3] = {9, 9, 9};
    SIZE_T Bytes;

    NtQueryInformationProcess(Of, ProcessBasicInformation, Basic, sizeof(Basic), NULL);
    ReadProcessMemory(Of, (PVOID)Basic[1], Peb, 3, &Bytes);
    return Peb[2];
}

/* The one whose event is the next: who was attached first, of those that have one and none with the debugger. */
static ULONG
Next(void)
{
    ULONG Best = PROCESSES;

    for (ULONG p = 0; p < PROCESSES; p++) {
        if (Process[p].Attached && !Process[p].Read &&
            (Process[p].Events == 0 || Process[p].Done < Process[p].Events) &&
            (Best == PROCESSES || Process[p].Order < Process[Best].Order)) {
            Best = p;
        }
    }
    return Best;
}

static void
Attach(ULONG p)
{
    IS((ULONG)NtDebugActiveProcess(Process[p].Info.hProcess, Debug),
       Process[p].Attached ? HAS_PORT : 0);
    if (!Process[p].Attached) {
        Process[p].Attached = TRUE;
        Process[p].Read = FALSE;
        Process[p].Done = 0;
        Process[p].Order = ++Attachments;
    }
}

static void
Detach(ULONG p)
{
    IS((ULONG)NtRemoveProcessDebug(Process[p].Info.hProcess, Debug),
       Process[p].Attached ? 0 : NO_PORT);
    Process[p].Attached = Process[p].Read = FALSE;
}

/* First the process, then its other threads, then its images. */
static void
Check(ULONG p, CHANGE *Change)
{
    IS(Change->Id.UniqueProcess, Process[p].Info.dwProcessId);
    if (Process[p].Done == 0) {
        IS(Change->State, CREATE_ONE);
        IS(GetProcessId(Change->CreateProcess.Process), Process[p].Info.dwProcessId);
        IS(GetThreadId(Change->CreateProcess.Thread), (ULONG_PTR)Change->Id.UniqueThread);
        IS(Change->CreateProcess.File != NULL, 1);
        IS(Change->CreateProcess.Base != NULL, 1);
        IS(CloseHandle(Change->CreateProcess.Process), TRUE);
        IS(CloseHandle(Change->CreateProcess.Thread), TRUE);
        IS(CloseHandle(Change->CreateProcess.File), TRUE);
    } else if (Process[p].Done <= 2) {
        IS(Change->State, ONE_THREAD);
        IS(GetThreadId(Change->CreateThread.Thread), (ULONG_PTR)Change->Id.UniqueThread);
        IS(CloseHandle(Change->CreateThread.Thread), TRUE);
    } else {
        IS(Change->State, ONE_IMAGE);
        IS(Change->LoadDll.Base != NULL, 1);
        IS(CloseHandle(Change->LoadDll.File), TRUE);
    }
}

static NTSTATUS
Wait(LONGLONG Time, CHANGE *Change)
{
    LARGE_INTEGER Timeout = {.QuadPart = Time};

    memset(Change, 0xEE, sizeof(*Change));
    return NtWaitForDebugEvent(Debug, FALSE, &Timeout, Change);
}

static void
Read(void)
{
    static const LONGLONG Times[] = {0, 1, -10000};
    ULONG p = Next();
    CHANGE Change;
    NTSTATUS Status = Wait(Times[Draw(3)], &Change);

    if (p == PROCESSES) {
        IS(Status, TIMED_OUT);
        IS(Change.State, 0xEEEEEEEE);
        return;
    }
    IS(Status, 0);
    Check(p, &Change);
    Process[p].Read = TRUE;
    Process[p].Last = Change.Id;
}

static void
Continue(ULONG p)
{
    static const struct {
        NTSTATUS Status;
        BOOL Good;
    } Words[] = {{(NTSTATUS)0x00010002, TRUE},
                 {(NTSTATUS)0x80010001, TRUE},
                 {(NTSTATUS)0x00010001, TRUE},
                 {0, FALSE},
                 {(NTSTATUS)0x00010003, FALSE}};
    ULONG w = Draw(5), Other = Draw(6);
    CLIENT_ID Id = Process[p].Last;

    if (Other == 0) {
        Id.UniqueThread = (HANDLE)((ULONG_PTR)Id.UniqueThread + 4000);
    } else if (Other == 1) {
        Id.UniqueProcess = (HANDLE)((ULONG_PTR)Id.UniqueProcess + 4000);
    }
    IS((ULONG)NtDebugContinue(Debug, &Id, Words[w].Status),
       Process[p].Read && Words[w].Good && Other > 1 ? 0 : INVALID);
    if (Process[p].Read && Words[w].Good && Other > 1) {
        Process[p].Read = FALSE;
        Process[p].Done++;
    }
}

static void
Look(void)
{
    IS(WaitForSingleObject(Debug, 0), Next() == PROCESSES ? WAIT_TIMEOUT : WAIT_OBJECT_0);
    for (ULONG p = 0; p < PROCESSES; p++) {
        ULONG_PTR Port = 7;

        IS(IsMarked(Process[p].Info.hProcess), Process[p].Attached);
        IS(NtQueryInformationProcess(Process[p].Info.hProcess, 7, &Port, sizeof(Port), NULL), 0);
        IS(Port, Process[p].Attached ? (ULONG_PTR)-1 : 0);
    }
}

/* How many events an attachment brings. */
static void
Learn(ULONG p)
{
    CHANGE Change;

    Attach(p);
    while (Wait(0, &Change) == 0) {
        Check(p, &Change);
        Process[p].Done++;
        IS(NtDebugContinue(Debug, &Change.Id, 0x00010002), 0);
    }
    Process[p].Events = Process[p].Done;
    EXPECT(Process[p].Events >= 5); /* a process, two threads, two images */
    Detach(p);
}

static void
Model(void)
{
    EXPECT_EQ(NtCreateDebugObject(&Debug, DEBUG_ALL, NULL, 0), 0);
    for (ULONG p = 0; p < PROCESSES; p++) {
        Process[p].Info = Start();
    }
    Sleep(50);
    for (ULONG p = 0; p < PROCESSES; p++) {
        Learn(p);
    }
    for (Step = 1; Step <= STEPS; Step++) {
        ULONG p = Draw(PROCESSES), What = Draw(16);

        if (What < 2) {
            Attach(p);
        } else if (What == 2) {
            Detach(p);
        } else if (What < 9) {
            Read();
        } else {
            Continue(p);
        }
        Look();
    }
    EXPECT_EQ(Wrong, 0);
    CloseHandle(Debug);
    for (ULONG p = 0; p < PROCESSES; p++) {
        EXPECT_EQ(WaitForSingleObject(Process[p].Info.hProcess, 0), WAIT_TIMEOUT); /* not killed */
        EXPECT(TerminateProcess(Process[p].Info.hProcess, 1));
        CloseHandle(Process[p].Info.hProcess);
        CloseHandle(Process[p].Info.hThread);
    }
}

/* Whether the last close ends who is attached: the flag it was made with, and the one that was set. */
static void
Closes(void)
{
    for (ULONG Made = 0; Made < 2; Made++) {
        for (ULONG Set = 0; Set < 3; Set++) { /* 2: not at all */
            PROCESS_INFORMATION Child = Start();
            ULONG Length = 77;
            DWORD Code = 0;
            BOOL Kills = Set == 2 ? Made : Set;

            EXPECT_EQ(NtCreateDebugObject(&Debug, DEBUG_ALL, NULL, Made), 0);
            if (Set != 2) {
                EXPECT_EQ(NtSetInformationDebugObject(Debug, 1, &Set, 4, &Length), 0);
                EXPECT_EQ(Length, 4);
            }
            EXPECT_EQ(NtDebugActiveProcess(Child.hProcess, Debug), 0);
            CloseHandle(Debug);
            EXPECT_EQ(WaitForSingleObject(Child.hProcess, 50),
                      Kills ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
            if (!Kills) {
                TerminateProcess(Child.hProcess, 9);
                WaitForSingleObject(Child.hProcess, INFINITE);
            }
            EXPECT(GetExitCodeProcess(Child.hProcess, &Code));
            EXPECT_EQ(Code, Kills ? INACTIVE : 9);
            CloseHandle(Child.hProcess);
            CloseHandle(Child.hThread);
        }
    }
}

static LONGLONG
Now(void)
{
    FILETIME Time;

    GetSystemTimeAsFileTime(&Time);
    return ((LONGLONG)Time.dwHighDateTime << 32) | Time.dwLowDateTime;
}

/* Relative and absolute, of 50 ms; what is over is over at once. */
static void
Times(void)
{
    LONGLONG Before = Now(), Took;
    CHANGE Change;

    EXPECT_EQ(NtCreateDebugObject(&Debug, DEBUG_ALL, NULL, 0), 0);
    for (ULONG Absolute = 0; Absolute < 3; Absolute++) {
        Before = Now();
        EXPECT_EQ(Wait(Absolute == 0   ? -500000
                       : Absolute == 1 ? Before + 500000
                                       : Before - 500000,
                       &Change),
                  TIMED_OUT);
        Took = Now() - Before;
        EXPECT(Absolute == 2 ? Took < 100000 : Took >= 490000 && Took < 700000);
    }
    CloseHandle(Debug);
}

static void
Tables(void)
{
    PROCESS_INFORMATION Child = Start();
    CLIENT_ID Id = {0};
    CHANGE Change;
    ULONG Flags[2] = {0, 0}, Length;
    LARGE_INTEGER Zero = {.QuadPart = 0};

    for (ULONG i = 2; i < 9; i++) {
        EXPECT_EQ((ULONG)NtCreateDebugObject(&Debug, DEBUG_ALL, NULL, i), INVALID);
    }
    EXPECT_EQ((ULONG)NtCreateDebugObject(SYSTEM, DEBUG_ALL, NULL, 0), VIOLATION);
    EXPECT_EQ((ULONG)NtCreateDebugObject(NOWHERE, DEBUG_ALL, NULL, 0), VIOLATION);
    EXPECT_EQ(NtCreateDebugObject(&Debug, DEBUG_ALL, NULL, 1), 0);
    for (ULONG Class = 0; Class < 4; Class++) {
        EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, Class, Flags, 4, NULL),
                  Class == 1 ? 0 : INVALID);
    }
    for (ULONG i = 0; i < 9; i++) {
        Length = 77;
        EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, 1, Flags, i, &Length),
                  i == 4 ? 0 : MISMATCH);
        EXPECT_EQ(Length, 4);
    }
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, 1, &i, 4, NULL), i < 2 ? 0 : INVALID);
    }
    EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, 1, SYSTEM, 4, NULL), VIOLATION);
    EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, 1, NOWHERE, 4, NULL), VIOLATION);
    EXPECT_EQ((ULONG)NtSetInformationDebugObject(Debug, 1, Flags, 4, SYSTEM), VIOLATION);
    EXPECT_EQ((ULONG)NtWaitForDebugEvent(Debug, FALSE, &Zero, SYSTEM), VIOLATION);
    EXPECT_EQ((ULONG)NtWaitForDebugEvent(Debug, FALSE, SYSTEM, &Change), VIOLATION);
    EXPECT_EQ((ULONG)NtWaitForDebugEvent(Debug, FALSE, NOWHERE, &Change), VIOLATION);
    EXPECT_EQ((ULONG)NtDebugContinue(Debug, SYSTEM, 0x00010002), VIOLATION);
    EXPECT_EQ((ULONG)NtDebugContinue(Debug, NOWHERE, 0x00010002), VIOLATION);
    EXPECT_EQ((ULONG)NtDebugContinue(Debug, &Id, 0x00010002), INVALID);
    EXPECT_EQ((ULONG)NtDebugContinue(Child.hProcess, &Id, 0x00010002), 0xC0000024);
    EXPECT_EQ((ULONG)NtWaitForDebugEvent((HANDLE)0x7770, FALSE, &Zero, &Change), 0xC0000008);
    EXPECT_EQ((ULONG)NtRemoveProcessDebug(Child.hProcess, (HANDLE)0x7770), 0xC0000008);
    EXPECT_EQ((ULONG)NtDebugActiveProcess(Debug, Debug), 0xC0000024);
    EXPECT_EQ((ULONG)NtDebugActiveProcess(GetCurrentProcess(), Debug), 0xC0000022);
    EXPECT(TerminateProcess(Child.hProcess, 5));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, 1000), WAIT_OBJECT_0);
    EXPECT_EQ((ULONG)NtDebugActiveProcess(Child.hProcess, Debug), 0xC000010A); /* it has ended */
    CloseHandle(Debug);
    CloseHandle(Child.hProcess);
    CloseHandle(Child.hThread);
}

int
main(int Count, char **Words)
{
    Self = Words[0];
    if (Count > 1) {
        CreateThread(NULL, 0, Sleeps, NULL, 0, NULL);
        CreateThread(NULL, 0, Sleeps, NULL, 0, NULL);
        Sleep(INFINITE);
    }
    Tables();
    Times();
    Closes();
    Model();
    return TEST_DONE();
}
