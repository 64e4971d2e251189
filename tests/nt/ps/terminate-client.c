/*
 * terminate-client.c - threads and processes are ended while they are in each state that they can be in.
 *
 * [K:waits-and-apcs]: what termination interrupts; [K:disabling-apcs]: what holds it off; [ROS:ps/kill.c] (facts):
 * it never takes place in the middle of kernel code; [DDI:wdm/psterminatesystemthread]; Win32: TerminateThread,
 * TerminateProcess, GetExitCodeThread.
 */
#include "ke/hold-client.h"

NTSTATUS NTAPI NtSuspendThread(HANDLE, PULONG);
NTSTATUS NTAPI NtTerminateThread(HANDLE, NTSTATUS);
NTSTATUS NTAPI NtCreateThreadEx(PHANDLE, ACCESS_MASK, PVOID, HANDLE, PVOID, PVOID, ULONG, SIZE_T,
                                SIZE_T, SIZE_T, PVOID);

#define STATUS_THREAD_IS_TERMINATING_ ((NTSTATUS)0xC000004B)

static DWORD
ExitCode(HANDLE Thread)
{
    DWORD Code = 1000;

    GetExitCodeThread(Thread, &Code);
    return Code;
}

/* Kernel code runs on to its end, whatever it is in; then the thread is gone. */
static void
EndsOnReturn(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT_EQ(ExitCode(Thread), STILL_ACTIVE);
    EXPECT(TerminateThread(Thread, 77));
    EXPECT(!Ends(Thread, 5));
    EXPECT(Beats());
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    EXPECT_EQ(ExitCode(Thread), 77); /* it did not get to its own end, which is 7 */
    CloseHandle(Thread);
}

static void
Polling(void)
{
    for (ULONG State = HoldPlain; State <= HoldLastPoll; State++) {
#ifdef NT51
        if (State == HoldGuarded || State == HoldBoth || State == HoldGuardedMutex) {
            continue;
        }
#endif
        EndsOnReturn(State);
    }
}

/* A wait that termination does not end: the event does, and the thread sees it. */
static void
WaitsOn(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT(TerminateThread(Thread, 78));
    EXPECT(!Ends(Thread, 5));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0);
    EXPECT_EQ(Look(HOLD_LOOK).Signal, 0);
    EXPECT_EQ(ExitCode(Thread), 78);
    CloseHandle(Thread);
}

/* One that it ends, with STATUS_USER_APC. */
static void
IsInterrupted(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT(TerminateThread(Thread, 79));
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0xC0 /* STATUS_USER_APC */);
    EXPECT_EQ(ExitCode(Thread), 79);
    CloseHandle(Thread);
}

static void
Waiting(void)
{
    HANDLE Thread;

    WaitsOn(HoldWait);
    WaitsOn(HoldWaitCritical);
    WaitsOn(HoldWaitCriticalUser); /* APCs are disabled: so is termination */
    WaitsOn(HoldWaitApcLevel);
#ifndef NT51
    WaitsOn(HoldWaitGuarded);
#endif
    IsInterrupted(HoldWaitUser); /* even though it is not alertable */
    IsInterrupted(HoldWaitUserAlertable);

    Thread = Hold(HoldWaitTimed); /* not ended by it, but its time passes */
    EXPECT(TerminateThread(Thread, 80));
    EXPECT(!Ends(Thread, 20));
    EXPECT(Ends(Thread, 100));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0x102);
    CloseHandle(Thread);
}

static volatile LONG Steps;
static HANDLE Event;

static DWORD WINAPI
Waits(void *Context)
{
    Steps = 1;
    WaitForSingleObject(Event, INFINITE);
    Steps = 2;
    return 1;
}

static DWORD WINAPI
Spins(void *Context)
{
    for (;;) {
        Steps++;
        YieldProcessor();
    }
}

/* Whatever suspends a thread does not keep it from its end. */
static void
SuspendedOnes(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Waits, NULL, CREATE_SUSPENDED, NULL);

    Steps = 0;
    EXPECT(TerminateThread(Thread, 81)); /* it has not run yet, and never will */
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Steps, 0);
    EXPECT_EQ(ExitCode(Thread), 81);
    CloseHandle(Thread);

    Thread = CreateThread(NULL, 0, Waits, NULL, 0, NULL);
    Sleep(1);
    for (int i = 0; i < 5; i++) {
        SuspendThread(Thread);
    }
    Sleep(1);
    EXPECT(IsSuspended(Thread));
    EXPECT(TerminateThread(Thread, 82));
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Steps, 1);
    EXPECT_EQ(ResumeThread(Thread), 0); /* all five are forgotten */
    CloseHandle(Thread);

    Thread = CreateThread(NULL, 0, Spins, NULL, 0, NULL); /* in user mode, on another processor */
    Sleep(1);
    EXPECT(TerminateThread(Thread, 83));
    EXPECT(Ends(Thread, 5));
    CloseHandle(Thread);

    Thread = Hold(HoldPlain); /* in kernel mode: it goes on to the end of that */
    SuspendThread(Thread);
    Sleep(1);
    EXPECT(!Beats());
    EXPECT(TerminateThread(Thread, 84));
    Sleep(1);
    EXPECT(Beats());
    EXPECT_EQ(NtSuspendThread(Thread, NULL), STATUS_THREAD_IS_TERMINATING_);
    EXPECT(Beats());
    EXPECT(TerminateThread(Thread, 85)); /* once more: nothing changes */
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(ExitCode(Thread), 84);
    NtTerminateThread(Thread, 86); /* gone: whatever that returns */
    EXPECT_EQ(ExitCode(Thread), 84);
    CloseHandle(Thread);

    Thread = Hold(HoldCritical); /* the suspension is still on its way: it is never stopped */
    SuspendThread(Thread);
    EXPECT(TerminateThread(Thread, 87));
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    CloseHandle(Thread);
}

static DWORD WINAPI
Owns(void *Mutex)
{
    WaitForSingleObject(Mutex, INFINITE);
    Steps = 1;
    Sleep(INFINITE);
    return 0;
}

static DWORD WINAPI
Ends_(void *Context)
{
    return (DWORD)NtTerminateThread(NULL, 12) + 1; /* the current thread, if it is not the last */
}

static void
Ordinary(void)
{
    HANDLE Mutex = CreateMutexA(NULL, FALSE, NULL), Thread, Weak;

    EXPECT_EQ(NtTerminateThread(NULL, 1), (NTSTATUS)0xC00000DB /* STATUS_CANT_TERMINATE_SELF */);
    Steps = 0;
    Thread = CreateThread(NULL, 0, Owns, Mutex, 0, NULL);
    while (Steps == 0) {
        Sleep(1);
    }
    DuplicateHandle(GetCurrentProcess(), Thread, GetCurrentProcess(), &Weak,
                    THREAD_SUSPEND_RESUME | SYNCHRONIZE, FALSE, 0);
    EXPECT(!TerminateThread(Weak, 1)); /* THREAD_TERMINATE is not in it */
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Weak);
    EXPECT(!Ends(Thread, 5));
    EXPECT(TerminateThread(Thread, 88));
    EXPECT_EQ(WaitForSingleObject(Mutex, 5), WAIT_ABANDONED);
    EXPECT(ReleaseMutex(Mutex));
    CloseHandle(Mutex);
    CloseHandle(Thread);

    Thread = CreateThread(NULL, 0, Ends_, NULL, 0, NULL);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(ExitCode(Thread), 12);
    CloseHandle(Thread);

    Thread = Hold(HoldExit); /* PsTerminateSystemThread ends no user's thread */
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Status, (NTSTATUS)0xC000000D /* STATUS_INVALID_PARAMETER */);
    EXPECT_EQ(ExitCode(Thread), 7);
    CloseHandle(Thread);
}

static void
EnableDebugPrivilege(void)
{
    TOKEN_PRIVILEGES New = {.PrivilegeCount = 1,
                            .Privileges[0].Luid.LowPart = 20,
                            .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
    HANDLE Token;

    EXPECT(OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token));
    EXPECT(AdjustTokenPrivileges(Token, FALSE, &New, 0, NULL, NULL));
    CloseHandle(Token);
}

/* The system's own threads and process end for nobody. */
static void
OfTheSystem(void)
{
    static UCHAR Buffer[0x10000];
    SYSTEM_PROCESS_INFORMATION *Info = (SYSTEM_PROCESS_INFORMATION *)Buffer;
    HANDLE Handle;

    EnableDebugPrivilege();
    Handle = OpenProcess(PROCESS_TERMINATE, FALSE, 4);
    EXPECT(Handle != NULL);
    EXPECT(!TerminateProcess(Handle, 1));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Handle);
    EXPECT_EQ(NtQuerySystemInformation(SystemProcessInformation, Buffer, sizeof(Buffer), NULL), 0);
    while (Info->UniqueProcessId != (HANDLE)4) {
        Info = (SYSTEM_PROCESS_INFORMATION *)((PUCHAR)Info + Info->NextEntryOffset);
    }
    Handle = OpenThread(THREAD_TERMINATE, FALSE,
                        (DWORD)(ULONG_PTR)((THREAD_ROW *)((PUCHAR)Info + 0x100))->ThreadId);
    EXPECT(Handle != NULL);
    EXPECT(!TerminateThread(Handle, 1));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Handle);
}

static DWORD WINAPI
Fails(void *Context)
{
    __asm__ volatile("int $0x29" : : "c"(7)); /* FAST_FAIL_FATAL_APP_EXIT */
    return 0;
}

static void
StartChild(const char *Self, const char *What, PROCESS_INFORMATION *Child)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    char Line[400];

    snprintf(Line, sizeof(Line), "\"%s\" %s", Self, What);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, Child));
}

/* A process ends when its last thread has: one in a driver keeps it. */
static void
Processes(const char *Self)
{
    PROCESS_INFORMATION Child;
    HANDLE Thread;
    DWORD Code = 0;

    Request(HOLD_RESET);
    StartChild(Self, "holds", &Child);
    while (Look(HOLD_LOOK).Inside != 1) {
        Sleep(1);
    }
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == STILL_ACTIVE);
    EXPECT(TerminateProcess(Child.hProcess, 90));
    EXPECT(Ends(Child.hThread, 5)); /* waits in user mode: ended */
    EXPECT(!Ends(Child.hProcess, 5));
    EXPECT(Beats());
    /* nothing begins in it any more: "an attempt was made to access an exiting process" [MS-ERREF:2.3.1] */
    EXPECT_EQ(NtCreateThreadEx(&Thread, THREAD_ALL_ACCESS, NULL, Child.hProcess, Spins, NULL, 0, 0,
                               0, 0, NULL),
              (NTSTATUS)0xC000010A /* STATUS_PROCESS_IS_TERMINATING */);
    Request(HOLD_LEAVE);
    EXPECT(Ends(Child.hProcess, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == 90);
    EXPECT(!TerminateProcess(Child.hProcess, 91)); /* it has ended already */
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);

    /* the same when the process ends itself */
    Request(HOLD_RESET);
    StartChild(Self, "leaves", &Child);
    while (Look(HOLD_LOOK).Inside != 1) {
        Sleep(1);
    }
    EXPECT(!Ends(Child.hProcess, 20));
    Request(HOLD_LEAVE);
    EXPECT(Ends(Child.hProcess, INFINITE));
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == 92);
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);

    /* A fast fail in any thread terminates the calling process, all of it [MSVC:fastfail]. */
    StartChild(Self, "fails", &Child);
    EXPECT(Ends(Child.hProcess, 100));
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == 0xC0000409);
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);

    /* suspended from its creation, and ended so */
    {
        STARTUPINFOA Startup = {.cb = sizeof(Startup)};
        char Line[400];

        snprintf(Line, sizeof(Line), "\"%s\" leaves", Self);
        EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                              &Child));
        EXPECT(!Ends(Child.hProcess, 5));
        EXPECT(TerminateProcess(Child.hProcess, 93));
        EXPECT(Ends(Child.hProcess, 5));
        EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == 93);
        CloseHandle(Child.hThread);
        CloseHandle(Child.hProcess);
    }
}

int
main(int Count, char **Words)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    Device = CreateFileA("\\\\.\\KeHold", GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(Device != INVALID_HANDLE_VALUE);
    if (Count > 1 && strcmp(Words[1], "fails") == 0) {
        CreateThread(NULL, 0, Fails, NULL, 0, NULL);
        Sleep(INFINITE);
    }
    if (Count > 1) {
        CreateThread(NULL, 0, Holder, (void *)HoldPlain, 0, NULL);
        Sleep(strcmp(Words[1], "holds") == 0 ? INFINITE : 5);
        ExitProcess(92);
    }
    Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    Ordinary();
    Polling();
    Waiting();
    SuspendedOnes();
    OfTheSystem();
    Processes(Words[0]);
    return TEST_DONE();
}
