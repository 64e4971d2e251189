/*
 * debug.c - a debugger and its debuggee. Win32: "Debugging Events", DEBUG_EVENT, DebugActiveProcess, ContinueDebugEvent,
 * DebugSetProcessKillOnExit, DebugActiveProcessStop, OutputDebugString, "Process Creation Flags"; [PH:ntdbg.h].
 *
 * This image is every role: the debugger without arguments, else a debuggee (`script`, `counts`) or a second debugger
 * (`debugger`), which ends and leaves its debuggee behind or takes it with it.
 */
#include "ntlab-client.h"
#include <winternl.h>
#define PSAPI_VERSION 2
#include <psapi.h>

#define ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define BY_DEFAULT    2 /* DebuggerEnds: it says nothing of it */

NTSTATUS NTAPI NtCreateDebugObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtDebugActiveProcess(HANDLE, HANDLE);
NTSTATUS NTAPI NtRemoveProcessDebug(HANDLE, HANDLE);
NTSTATUS NTAPI NtWaitForDebugEvent(HANDLE, BOOLEAN, PLARGE_INTEGER, PVOID);
NTSTATUS NTAPI NtSetInformationDebugObject(HANDLE, ULONG, PVOID, ULONG, PULONG);

static const char *Self;
static volatile LONG *Counters; /* of the debuggee's threads: 0 and 1; 2: what it has seen */

static DWORD WINAPI
Counts(void *Index)
{
    for (;;) {
        Counters[(ULONG_PTR)Index]++;
        Sleep(1);
    }
}

static int
Moves(int Index)
{
    LONG Before = Counters[Index];

    Sleep(20);
    return Counters[Index] != Before;
}

static DWORD WINAPI
Returns(void *Code)
{
    return (DWORD)(ULONG_PTR)Code;
}

/* What the debugger is to hear of, in this order. */
static int
Script(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Returns, (void *)11, 0, NULL);
    HMODULE Dll;

    WaitForSingleObject(Thread, INFINITE);
    Dll = LoadLibraryA("psapi.dll");
    FreeLibrary(Dll);
    OutputDebugStringA("hello, debugger");
    DebugBreak(); /* the debugger continues it: no handler is asked */
    RaiseException(0xE0000001, 0, 0, NULL);
    Counters[2] = IsDebuggerPresent() ? 5 : 6;
    RaiseException(0xE0000002, 0, 0, NULL); /* first chance, then the second */
    return 1;
}

static PROCESS_INFORMATION
Start(const char *Role, DWORD Flags)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child = {0};
    char Line[400];

    Counters[0] = Counters[1] = Counters[2] = 0;
    snprintf(Line, sizeof(Line), "\"%s\" %s", Self, Role);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, Flags, NULL, NULL, &Startup, &Child));
    return Child;
}

static DEBUG_EVENT Event;

static DWORD
Next(void)
{
    memset(&Event, 0, sizeof(Event));
    return WaitForDebugEvent(&Event, 10000) ? Event.dwDebugEventCode : 0;
}

static BOOL
Go(DWORD Status)
{
    return ContinueDebugEvent(Event.dwProcessId, Event.dwThreadId, Status);
}

static DWORD
Code(void)
{
    return Event.u.Exception.ExceptionRecord.ExceptionCode;
}

static void *Told[64]; /* images since the last CheckTold */
static int ToldCount;

/* Each image that the process has was told of once, but for the one that it is made of. */
static void
CheckTold(HANDLE Process)
{
    HMODULE Modules[64];
    DWORD Bytes = 0;

    EXPECT(EnumProcessModules(Process, Modules, sizeof(Modules), &Bytes));
    EXPECT_EQ(ToldCount, (int)(Bytes / sizeof(Modules[0])) - 1);
    for (DWORD i = 1; i < Bytes / sizeof(Modules[0]); i++) {
        int Times = 0;

        for (int j = 0; j < ToldCount; j++) {
            Times += Told[j] == Modules[i];
        }
        EXPECT_EQ(Times, 1);
    }
    ToldCount = 0;
}

/* Goes on until an exception; counts the images on the way. */
static int
UntilException(void)
{
    int Images = 0;
    DWORD Kind;

    while ((Kind = Next()) != EXCEPTION_DEBUG_EVENT && Kind != 0) {
        if (Kind == LOAD_DLL_DEBUG_EVENT) {
            Images++;
            Told[ToldCount++ % 64] = Event.u.LoadDll.lpBaseOfDll;
            CloseHandle(Event.u.LoadDll.hFile);
        }
        Go(DBG_CONTINUE);
    }
    return Images;
}

static void
End(PROCESS_INFORMATION *Child, DWORD Expected)
{
    DWORD Exit = 0;

    EXPECT_EQ(WaitForSingleObject(Child->hProcess, 5000), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Child->hProcess, &Exit));
    EXPECT_EQ(Exit, Expected);
    CloseHandle(Child->hThread);
    CloseHandle(Child->hProcess);
}

/* A process that was created to be debugged: each event once, in the documented order. */
static void
Created(void)
{
    PROCESS_INFORMATION Child = Start("script", DEBUG_ONLY_THIS_PROCESS);
    BOOL Present = FALSE;
    char Text[32] = {0};
    ULONG_PTR Port = 0;
    ULONG Flags = 9;
    DWORD Other;
    void *Base;

    EXPECT(CheckRemoteDebuggerPresent(Child.hProcess, &Present) && Present);
    EXPECT_EQ(NtQueryInformationProcess(Child.hProcess, 7, &Port, sizeof(Port), NULL), 0);
    EXPECT_EQ(Port, (ULONG_PTR)-1);
    EXPECT_EQ(NtQueryInformationProcess(Child.hProcess, 31, &Flags, sizeof(Flags), NULL), 0);
    EXPECT_EQ(Flags, 0); /* its children would not be debugged */

    EXPECT_EQ(Next(), CREATE_PROCESS_DEBUG_EVENT); /* the first of all events */
    EXPECT_EQ(Event.dwProcessId, Child.dwProcessId);
    EXPECT_EQ(Event.dwThreadId, Child.dwThreadId);
    EXPECT(Event.u.CreateProcessInfo.hFile != NULL);
    EXPECT_EQ(GetProcessId(Event.u.CreateProcessInfo.hProcess), Child.dwProcessId);
    EXPECT_EQ(GetThreadId(Event.u.CreateProcessInfo.hThread), Child.dwThreadId);
    EXPECT(Event.u.CreateProcessInfo.lpStartAddress != NULL);
    EXPECT(Event.u.CreateProcessInfo.lpBaseOfImage != NULL);
    EXPECT(CloseHandle(Event.u.CreateProcessInfo.hFile));
    EXPECT(!WaitForDebugEvent(&Event, 20)); /* one event of a process at a time */
    EXPECT_EQ(GetLastError(), ERROR_SEM_TIMEOUT);
    EXPECT(!ContinueDebugEvent(Child.dwProcessId, Child.dwThreadId + 4, DBG_CONTINUE));
    EXPECT(!ContinueDebugEvent(Child.dwProcessId, Child.dwThreadId, 0x12345));
    EXPECT(ContinueDebugEvent(Child.dwProcessId, Child.dwThreadId, DBG_CONTINUE));
    EXPECT(UntilException() >= 2); /* ntdll.dll and kernel32.dll at least */
    CheckTold(Child.hProcess);
    EXPECT_EQ(Code(), EXCEPTION_BREAKPOINT); /* the loader's, before code of the process */
    EXPECT_EQ(Event.u.Exception.dwFirstChance, 1);
    EXPECT_EQ(Event.dwThreadId, Child.dwThreadId);
    EXPECT(Go(DBG_CONTINUE));

    EXPECT_EQ(Next(), CREATE_THREAD_DEBUG_EVENT);
    EXPECT(Event.u.CreateThread.lpStartAddress != NULL);
    EXPECT(Event.u.CreateThread.lpThreadLocalBase != NULL);
    EXPECT_EQ(GetThreadId(Event.u.CreateThread.hThread), Event.dwThreadId);
    Other = Event.dwThreadId;
    EXPECT(Other != Child.dwThreadId);
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), EXIT_THREAD_DEBUG_EVENT);
    EXPECT_EQ(Event.dwThreadId, Other);
    EXPECT_EQ(Event.u.ExitThread.dwExitCode, 11);
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), LOAD_DLL_DEBUG_EVENT);
    Base = Event.u.LoadDll.lpBaseOfDll;
    EXPECT(Event.u.LoadDll.hFile != NULL && CloseHandle(Event.u.LoadDll.hFile));
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), UNLOAD_DLL_DEBUG_EVENT);
    EXPECT(Event.u.UnloadDll.lpBaseOfDll == Base);
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), OUTPUT_DEBUG_STRING_EVENT);
    EXPECT_EQ(Event.u.DebugString.nDebugStringLength, 16); /* with the terminating zero */
    EXPECT(!Event.u.DebugString.fUnicode);
    EXPECT(
        ReadProcessMemory(Child.hProcess, Event.u.DebugString.lpDebugStringData, Text, 16, NULL));
    EXPECT(strcmp(Text, "hello, debugger") == 0);
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), EXCEPTION_DEBUG_EVENT);
    EXPECT_EQ(Code(), EXCEPTION_BREAKPOINT);
    EXPECT(Go(DBG_CONTINUE)); /* behind the instruction */
    EXPECT_EQ(Next(), EXCEPTION_DEBUG_EVENT);
    EXPECT_EQ(Code(), 0xE0000001);
    EXPECT_EQ(Event.u.Exception.dwFirstChance, 1);
    EXPECT_EQ(Counters[2], 0);
    EXPECT(Go(DBG_CONTINUE)); /* as if there had been none */
    EXPECT_EQ(Next(), EXCEPTION_DEBUG_EVENT);
    EXPECT_EQ(Counters[2], 5); /* IsDebuggerPresent */
    EXPECT_EQ(Code(), 0xE0000002);
    EXPECT_EQ(Event.u.Exception.dwFirstChance, 1);
    EXPECT(Go(DBG_EXCEPTION_NOT_HANDLED));
    EXPECT_EQ(Next(), EXCEPTION_DEBUG_EVENT); /* nobody handled it */
    EXPECT_EQ(Code(), 0xE0000002);
    EXPECT_EQ(Event.u.Exception.dwFirstChance, 0);
    EXPECT(Go(DBG_EXCEPTION_NOT_HANDLED));       /* and the process ends */
    EXPECT_EQ(Next(), EXIT_PROCESS_DEBUG_EVENT); /* the last thread's end is the process's */
    EXPECT_EQ(Event.u.ExitProcess.dwExitCode, 0xE0000002);
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, 20),
              WAIT_TIMEOUT); /* not before it is continued */
    EXPECT(Go(DBG_CONTINUE));
    End(&Child, 0xE0000002);
}

/* Attached: what is there is told of, then a breakpoint; nothing runs while an event is pending. */
/* Who attaches once more is told of everything once more. */
static void
AttachedAgain(PROCESS_INFORMATION *Child, int Images)
{
    int Threads = 0;
    DWORD Kind;

    EXPECT(DebugActiveProcess(Child->dwProcessId));
    EXPECT_EQ(Next(), CREATE_PROCESS_DEBUG_EVENT);
    EXPECT_EQ(Event.dwProcessId, Child->dwProcessId);
    CloseHandle(Event.u.CreateProcessInfo.hFile);
    EXPECT(Go(DBG_CONTINUE));
    while ((Kind = Next()) == CREATE_THREAD_DEBUG_EVENT &&
           Event.u.CreateThread.lpStartAddress == NULL) {
        Threads++;
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Threads, 1); /* the other one */
    ToldCount = 0;
    for (; Kind == LOAD_DLL_DEBUG_EVENT; Kind = Next()) {
        Images--;
        Told[ToldCount++ % 64] = Event.u.LoadDll.lpBaseOfDll;
        CloseHandle(Event.u.LoadDll.hFile);
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Images, 0);
    CheckTold(Child->hProcess);
    EXPECT_EQ(Kind, CREATE_THREAD_DEBUG_EVENT); /* the one that breaks in */
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(UntilException(), 0);
    EXPECT(DebugActiveProcessStop(Child->dwProcessId));
    EXPECT(Moves(0) && Moves(1));
}

static void
Attached(void)
{
    PROCESS_INFORMATION Child = Start("counts", 0);
    int Threads = 0, Images = 0, Still = 1;
    BOOL Present = TRUE;
    DWORD Kind;

    Sleep(30);
    EXPECT(Moves(0) && Moves(1));
    EXPECT(CheckRemoteDebuggerPresent(Child.hProcess, &Present) && !Present);
    EXPECT(!DebugActiveProcess(GetCurrentProcessId())); /* not oneself */
    EXPECT(DebugActiveProcess(Child.dwProcessId));
    EXPECT(!Moves(0));
    EXPECT(!Moves(1));
    EXPECT(CheckRemoteDebuggerPresent(Child.hProcess, &Present) && Present);
    EXPECT(!DebugActiveProcess(Child.dwProcessId)); /* one debugger at a time */

    EXPECT_EQ(Next(), CREATE_PROCESS_DEBUG_EVENT);
    EXPECT_EQ(Event.dwProcessId, Child.dwProcessId);
    EXPECT(Event.u.CreateProcessInfo.lpStartAddress == NULL); /* of an attached process */
    CloseHandle(Event.u.CreateProcessInfo.hFile);
    EXPECT(Go(DBG_CONTINUE));
    while ((Kind = Next()) == CREATE_THREAD_DEBUG_EVENT &&
           Event.u.CreateThread.lpStartAddress == NULL) {
        Threads++;
        Still &= !Moves(0) && !Moves(1);
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Threads, 1); /* the other one */
    for (; Kind == LOAD_DLL_DEBUG_EVENT; Kind = Next()) {
        Images++;
        CloseHandle(Event.u.LoadDll.hFile);
        Still &= !Moves(0) && !Moves(1);
        Go(DBG_CONTINUE);
    }
    EXPECT(Images >= 2);
    EXPECT(Still); /* between the events of the attachment nothing ran either */
    EXPECT_EQ(Kind, CREATE_THREAD_DEBUG_EVENT); /* the one that breaks in */
    EXPECT(Event.u.CreateThread.lpStartAddress != NULL);
    EXPECT(!Moves(0));
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), EXCEPTION_DEBUG_EVENT);
    EXPECT_EQ(Code(), EXCEPTION_BREAKPOINT);
    EXPECT(!Moves(0));
    EXPECT(!Moves(1));

    /* suspended and frozen are two counts */
    EXPECT_EQ(SuspendThread(Child.hThread), 0);
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT_EQ(ResumeThread(Child.hThread), 0);
    EXPECT(!Moves(0));
    EXPECT_EQ(SuspendThread(Child.hThread), 0);
    EXPECT(Go(DBG_CONTINUE));
    EXPECT_EQ(Next(), EXIT_THREAD_DEBUG_EVENT); /* the thread that broke in */
    EXPECT(!Moves(1));
    EXPECT(Go(DBG_CONTINUE));
    EXPECT(Moves(1));
    EXPECT(!Moves(0)); /* suspended, though frozen no more */
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT(Moves(0));

    EXPECT(DebugBreakProcess(Child.hProcess));
    EXPECT_EQ(UntilException(), 0);
    EXPECT_EQ(Code(), EXCEPTION_BREAKPOINT);
    EXPECT(!Moves(0));
    EXPECT(DebugActiveProcessStop(Child.dwProcessId)); /* with an event pending: it goes on */
    EXPECT(Moves(0) && Moves(1));
    EXPECT(CheckRemoteDebuggerPresent(Child.hProcess, &Present) && !Present);
    EXPECT(!DebugActiveProcessStop(Child.dwProcessId)); /* not debugged */
    AttachedAgain(&Child, Images);
    EXPECT(TerminateProcess(Child.hProcess, 9)); /* nobody has to continue that */
    End(&Child, 9);
}

/* A debuggee that is ended has its events all the same. */
static void
Ended(void)
{
    PROCESS_INFORMATION Child = Start("counts", DEBUG_PROCESS);
    DWORD Kind;

    EXPECT(UntilException() >= 2);
    EXPECT(Go(DBG_CONTINUE));
    while (!Counters[1] && (Kind = Next()) != 0) {
        Go(DBG_CONTINUE);
        Sleep(20);
    }
    EXPECT(TerminateProcess(Child.hProcess, 21));
    while ((Kind = Next()) == EXIT_THREAD_DEBUG_EVENT) {
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Kind, EXIT_PROCESS_DEBUG_EVENT);
    EXPECT_EQ(Event.u.ExitProcess.dwExitCode, 21);
    EXPECT(Go(DBG_CONTINUE));
    End(&Child, 21);
}

/* The debugger's end is its debuggee's, unless it has said otherwise. */
static void
DebuggerEnds(int Kill)
{
    PROCESS_INFORMATION Child = Start("counts", 0), Debugger;
    char Role[40];
    LONG Before;

    Sleep(30);
    Before = Counters[0];
    EXPECT(Before != 0);
    snprintf(Role, sizeof(Role), "debugger %lu %d", Child.dwProcessId, Kill);
    Debugger = Start(Role, 0);
    End(&Debugger, 0);
    if (Kill) {
        End(&Child, 0xC0000354 /* STATUS_DEBUGGER_INACTIVE */);
        return;
    }
    EXPECT(Moves(0) && Moves(1));
    EXPECT(TerminateProcess(Child.hProcess, 3));
    End(&Child, 3);
}

static int
SecondDebugger(DWORD Id, int Kill)
{
    if (DebugSetProcessKillOnExit(FALSE)) { /* this thread debugs nothing yet */
        return 10;
    }
    if (!DebugActiveProcess(Id) || (Kill != BY_DEFAULT && !DebugSetProcessKillOnExit(Kill))) {
        return 11;
    }
    return Next() == CREATE_PROCESS_DEBUG_EVENT ? 0 : 12; /* and it is not continued */
}

/* DEBUG_PROCESS: the debuggee's children are debuggees, too; with DEBUG_ONLY_THIS_PROCESS they are not. */
static void
Family(DWORD Flags, int Expected)
{
    PROCESS_INFORMATION Child = Start("parent", Flags);
    int Created = 0, Ended = 0;
    DWORD Kind;

    while ((Kind = Next()) != 0 &&
           !(Kind == EXIT_PROCESS_DEBUG_EVENT && Event.dwProcessId == Child.dwProcessId)) {
        Created += Kind == CREATE_PROCESS_DEBUG_EVENT;
        Ended += Kind == EXIT_PROCESS_DEBUG_EVENT;
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Created, Expected);
    EXPECT_EQ(Ended, Expected - 1);
    EXPECT(Go(DBG_CONTINUE));
    End(&Child, 31);
}

/* The debugger sees and changes the context of the thread that waits for it: behind the breakpoint. */
static void
Contexts(void)
{
    PROCESS_INFORMATION Child = Start("leaves", DEBUG_ONLY_THIS_PROCESS);
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    ULONG_PTR Address;

    UntilException(); /* the loader's */
    Go(DBG_CONTINUE);
    EXPECT_EQ(UntilException(), 0);
    EXPECT_EQ(Code(), EXCEPTION_BREAKPOINT);
    Address = (ULONG_PTR)Event.u.Exception.ExceptionRecord.ExceptionAddress;
    EXPECT(GetThreadContext(Child.hThread, &Context));
    EXPECT_EQ(Context.Rip, Address + 1);
    EXPECT_EQ(Context.Rbx, 77);
    Context.Rbx = 33;
    EXPECT(SetThreadContext(Child.hThread, &Context));
    EXPECT(Go(DBG_CONTINUE));
    while (Next() == EXIT_THREAD_DEBUG_EVENT) {
        Go(DBG_CONTINUE);
    }
    EXPECT_EQ(Event.dwDebugEventCode, EXIT_PROCESS_DEBUG_EVENT);
    EXPECT(Go(DBG_CONTINUE));
    End(&Child, 33);
}

static void
Objects(void)
{
    PROCESS_INFORMATION Child = Start("counts", CREATE_SUSPENDED),
                        Other = Start("counts", CREATE_SUSPENDED);
    OBJECT_ATTRIBUTES Attributes = {.Length = sizeof(Attributes)};
    LARGE_INTEGER Now = {.QuadPart = 0};
    HANDLE Debug, Weak, Port = NULL;
    ULONG64 Change[0xB8 / 8];
    ULONG Flags = 1, Length = 0;

    EXPECT_EQ(NtCreateDebugObject(&Debug, 0x1F000F, &Attributes, 2),
              (NTSTATUS)0xC000000D /* STATUS_INVALID_PARAMETER */);
    EXPECT_EQ(NtCreateDebugObject(&Debug, 0x1F000F, &Attributes, 0), 0);
    EXPECT_EQ(NtWaitForDebugEvent(Debug, FALSE, &Now, Change), 0x102 /* STATUS_TIMEOUT */);
    EXPECT_EQ(WaitForSingleObject(Debug, 0), WAIT_TIMEOUT);
    EXPECT_EQ(NtSetInformationDebugObject(Debug, 1, &Flags, 2, &Length),
              (NTSTATUS)0xC0000004 /* STATUS_INFO_LENGTH_MISMATCH */);
    EXPECT_EQ(Length, 4);
    EXPECT_EQ(NtSetInformationDebugObject(Debug, 1, &Flags, 4, NULL), 0);
    EXPECT_EQ(NtQueryInformationProcess(Child.hProcess, 30, &Port, sizeof(Port), NULL),
              (NTSTATUS)0xC0000353 /* STATUS_PORT_NOT_SET */);
    EXPECT_EQ(NtRemoveProcessDebug(Child.hProcess, Debug), (NTSTATUS)0xC0000353);
    DuplicateHandle(GetCurrentProcess(), Child.hProcess, GetCurrentProcess(), &Weak,
                    PROCESS_ALL_ACCESS & ~PROCESS_SUSPEND_RESUME, FALSE, 0);
    EXPECT_EQ(NtDebugActiveProcess(Weak, Debug), ACCESS_DENIED);
    CloseHandle(Weak);
    DuplicateHandle(GetCurrentProcess(), Debug, GetCurrentProcess(), &Weak,
                    0x1F000F & ~2 /* DEBUG_PROCESS_ASSIGN */, FALSE, 0);
    EXPECT_EQ(NtDebugActiveProcess(Child.hProcess, Weak), ACCESS_DENIED);
    CloseHandle(Weak);
    DuplicateHandle(GetCurrentProcess(), Debug, GetCurrentProcess(), &Weak, 2, FALSE, 0);
    EXPECT_EQ(NtWaitForDebugEvent(Weak, FALSE, &Now, Change), ACCESS_DENIED);
    EXPECT_EQ(NtSetInformationDebugObject(Weak, 1, &Flags, 4, NULL), ACCESS_DENIED);
    CloseHandle(Weak);
    DuplicateHandle(GetCurrentProcess(), Child.hProcess, GetCurrentProcess(), &Weak,
                    PROCESS_SUSPEND_RESUME, FALSE, 0);
    EXPECT_EQ(NtDebugActiveProcess(Weak, Debug), 0); /* the right that it takes is enough */
    EXPECT_EQ(NtDebugActiveProcess(Weak, Debug),
              (NTSTATUS)0xC0000048 /* STATUS_PORT_ALREADY_SET */);
    CloseHandle(Weak);
    EXPECT_EQ(WaitForSingleObject(Debug, 0), WAIT_OBJECT_0); /* events are there */
    EXPECT_EQ(NtDebugActiveProcess(Other.hProcess, Debug), 0);
    EXPECT_EQ(NtRemoveProcessDebug(Child.hProcess, Debug), 0);
    EXPECT_EQ(WaitForSingleObject(Debug, 0), WAIT_OBJECT_0); /* those of the other one stay */
    EXPECT_EQ(NtWaitForDebugEvent(Debug, FALSE, &Now, Change), 0);
    EXPECT_EQ(Change[1], Other.dwProcessId);
    EXPECT_EQ(NtRemoveProcessDebug(Other.hProcess, Debug), 0);
    EXPECT(TerminateProcess(Other.hProcess, 8));
    End(&Other, 8);
    EXPECT_EQ(WaitForSingleObject(Debug, 0), WAIT_TIMEOUT); /* none of a process that was let go */
    EXPECT_EQ(NtWaitForDebugEvent(Debug, FALSE, &Now, Change), 0x102);
    EXPECT_EQ(NtDebugActiveProcess(Child.hProcess, Debug), 0);
    EXPECT_EQ(WaitForSingleObject(Debug, 0), WAIT_OBJECT_0);
    EXPECT_EQ(NtQueryInformationProcess(Child.hProcess, 30, &Port, sizeof(Port), NULL), 0);
    EXPECT(Port != NULL && CloseHandle(Port));
    EXPECT_EQ(NtWaitForDebugEvent(Debug, FALSE, &Now, Change), 0);
    EXPECT_EQ((ULONG)Change[0], 3 /* DbgCreateProcessStateChange */);
    EXPECT_EQ(NtDebugActiveProcess(GetCurrentProcess(), Debug), ACCESS_DENIED);
    CloseHandle(Debug); /* to be killed on the last close */
    End(&Child, 0xC0000354);
}

int
main(int Count, char **Words)
{
    HANDLE Section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, "NtlabDebug");

    Counters = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0x1000);
    Self = Words[0];
    if (Count > 1 && strcmp(Words[1], "script") == 0) {
        return Script();
    }
    if (Count > 1 && strcmp(Words[1], "counts") == 0) {
        CreateThread(NULL, 0, Counts, (void *)1, 0, NULL);
        Counts((void *)0);
    }
    if (Count > 1 && strcmp(Words[1], "parent") == 0) {
        PROCESS_INFORMATION Child;
        STARTUPINFOA Startup = {.cb = sizeof(Startup)};
        char Line[400];

        snprintf(Line, sizeof(Line), "\"%s\" nothing", Self);
        return CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child) &&
                       WaitForSingleObject(Child.hProcess, 5000) == WAIT_OBJECT_0
                   ? 31
                   : 1;
    }
    if (Count > 1 && strcmp(Words[1], "leaves") == 0) {
        ULONG_PTR Value = 77;

        __asm__ volatile("int3" : "+b"(Value));
        return (int)Value;
    }
    if (Count == 2) {
        return 0;
    }
    if (Count > 3) {
        return SecondDebugger(strtoul(Words[2], NULL, 10), atoi(Words[3]));
    }
    EXPECT(!IsDebuggerPresent());
    Created();
    Attached();
    Ended();
    Family(DEBUG_PROCESS, 2);
    Family(DEBUG_ONLY_THIS_PROCESS, 1);
    Contexts();
    DebuggerEnds(1);
    DebuggerEnds(0);
    DebuggerEnds(BY_DEFAULT);
    Objects();
    return TEST_DONE();
}
