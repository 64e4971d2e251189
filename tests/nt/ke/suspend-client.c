/*
 * suspend-client.c - a thread is suspended in each state that it can be in.
 *
 * [K:disabling-apcs], [K:waits-and-apcs], [DDI:wdm/keentercriticalregion], [S0: a suspension is a normal kernel
 * APC; locks that hold it off and locks that do not], Win32: SuspendThread, ResumeThread.
 */
#include "hold-client.h"

NTSTATUS NTAPI NtSuspendThread(HANDLE, PULONG);
NTSTATUS NTAPI NtResumeThread(HANDLE, PULONG);
NTSTATUS NTAPI NtAlertResumeThread(HANDLE, PULONG);
NTSTATUS NTAPI NtQueueApcThreadEx(HANDLE, HANDLE, PVOID, PVOID, PVOID, PVOID);

#define STATUS_SUSPEND_COUNT_EXCEEDED_ ((NTSTATUS)0xC000004A)
#define STATUS_THREAD_IS_TERMINATING_  ((NTSTATUS)0xC000004B)

/* The thread is stopped at once, where it stands, and goes on from there. */
static void
StopsAtOnce(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT(Beats());
    EXPECT_EQ(SuspendThread(Thread), 0);
    Sleep(1);
    EXPECT(!Beats());
    EXPECT(IsSuspended(Thread));
    Request(HOLD_LEAVE);
    Sleep(5);
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    CloseHandle(Thread);
}

/* The thread goes on until it leaves the state, and stops before its next statement. */
static void
StopsOnLeaving(ULONG State, LONG Middle)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT_EQ(SuspendThread(Thread), 0);
    Sleep(1);
    EXPECT(Beats());
    EXPECT(!IsSuspended(Thread));
    Request(HOLD_LEAVE);
    Sleep(5);
    EXPECT_EQ(Look(HOLD_LOOK).Middle, Middle);
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Left, 1);
    CloseHandle(Thread);
}

static void
Polling(void)
{
    StopsAtOnce(HoldPlain);
    StopsAtOnce(HoldUnsafeMutex); /* [S0] */
    StopsAtOnce(HoldResource);    /* [S0] */
    StopsAtOnce(HoldSemaphore);   /* [S0]: what is no lock of its own does not help */
    StopsOnLeaving(HoldCritical, 0);
    StopsOnLeaving(HoldCriticalTwice, 1); /* the last leave counts */
    StopsOnLeaving(HoldFileSystem, 0);    /* [IFS:fsrtlenterfilesystem] */
    StopsOnLeaving(HoldApcLevel, 0);
    StopsOnLeaving(HoldDispatchLevel, 0);
    StopsOnLeaving(HoldSpinLock, 0);       /* [S0] */
    StopsOnLeaving(HoldMutex, 0);          /* [S0] */
    StopsOnLeaving(HoldFastMutex, 0);      /* [S0] */
    StopsOnLeaving(HoldResourceRegion, 1); /* the lock is free again before it stops */
    StopsOnLeaving(HoldSpecialApc, 0);
    StopsOnLeaving(HoldNormalApc, 1); /* normal kernel APCs do not nest */
    StopsOnLeaving(HoldAttached, 0);  /* the APC is queued to the thread's own process */
#ifndef NT51
    StopsOnLeaving(HoldGuarded, 0);
    StopsOnLeaving(HoldBoth, 1);
    StopsOnLeaving(HoldGuardedMutex, 0); /* [S0] */
#endif
}

/* The wait is interrupted, and goes on after the resumption. */
static void
StopsWaiting(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT(!IsSuspended(Thread));
    EXPECT_EQ(SuspendThread(Thread), 0);
    Sleep(1);
    EXPECT(IsSuspended(Thread));
    Request(HOLD_LEAVE);
    Sleep(1);
    EXPECT_EQ(Look(HOLD_LOOK).Signal, 1); /* it does not wait: nobody took the signal */
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0);
    EXPECT_EQ(Look(HOLD_LOOK).Signal, 0);
    CloseHandle(Thread);
}

/* The wait goes on: it is satisfied, and the thread stops when it leaves the state. */
static void
WaitsOn(ULONG State)
{
    HANDLE Thread = Hold(State);

    printf("state %lu\n", State);
    EXPECT_EQ(SuspendThread(Thread), 0);
    Sleep(1);
    EXPECT(!IsSuspended(Thread));
    EXPECT_EQ(Row(Thread).WaitReason, 0); /* Executive: still the driver's wait */
    Request(HOLD_LEAVE);
    Sleep(1);
    EXPECT_EQ(Look(HOLD_LOOK).Signal, 0);
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);
}

static void
Waiting(void)
{
    HANDLE Thread;

    StopsWaiting(HoldWait);
    StopsWaiting(HoldWaitAlertable);
    StopsWaiting(HoldWaitUser);
    StopsWaiting(HoldWaitUserAlertable);
    WaitsOn(HoldWaitCritical);
    WaitsOn(HoldWaitCriticalUser);
    WaitsOn(HoldWaitApcLevel);
#ifndef NT51
    WaitsOn(HoldWaitGuarded);
#endif

    /* resumed without a signal: it waits again, for the same reason as before */
    Thread = Hold(HoldWait);
    SuspendThread(Thread);
    Sleep(1);
    EXPECT_EQ(ResumeThread(Thread), 1);
    Sleep(1);
    EXPECT_EQ(Row(Thread).State, 5);
    EXPECT_EQ(Row(Thread).WaitReason, 0);
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* a pulse while it is suspended is missed, the signal of the event goes to somebody else [K:waits-and-apcs] */
    Thread = Hold(HoldWait);
    SuspendThread(Thread);
    Sleep(1);
    Request(HOLD_PULSE);
    ResumeThread(Thread);
    EXPECT(!Ends(Thread, 5));
    SuspendThread(Thread);
    Sleep(1);
    Request(HOLD_LEAVE);
    EXPECT_EQ(Look(HOLD_TAKE).Status, 0);
    ResumeThread(Thread);
    EXPECT(!Ends(Thread, 5));
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* a pulse that finds it waiting frees it */
    Thread = Hold(HoldWait);
    Request(HOLD_PULSE);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* the time-out runs on: one that passed while it was suspended ends the wait */
    Thread = Hold(HoldWaitTimed);
    SuspendThread(Thread);
    Sleep(100);
    EXPECT_EQ(Look(HOLD_LOOK).Left, 0);
    ResumeThread(Thread);
    EXPECT(Ends(Thread, 10));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0x102 /* STATUS_TIMEOUT */);
    CloseHandle(Thread);
}

/* Suspensions of a thread that cannot be stopped yet are counted all the same. */
static void
Postponed(void)
{
    HANDLE Thread = Hold(HoldCritical);

    EXPECT_EQ(SuspendThread(Thread), 0);
    EXPECT_EQ(SuspendThread(Thread), 1);
    EXPECT_EQ(ResumeThread(Thread), 2);
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT_EQ(ResumeThread(Thread), 0);
    Request(HOLD_LEAVE); /* resumed before it could be stopped: it is not stopped at all */
    EXPECT(Ends(Thread, 5));
    CloseHandle(Thread);

    Thread = Hold(HoldCritical);
    SuspendThread(Thread);
    ResumeThread(Thread);
    EXPECT_EQ(SuspendThread(Thread), 0); /* the first one's APC is still queued */
    Request(HOLD_LEAVE);
    EXPECT(!Ends(Thread, 5));
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    Thread = Hold(HoldPlain);
    for (int i = 0; i < 3; i++) { /* stopped and freed over and over */
        EXPECT_EQ(SuspendThread(Thread), 0);
        Sleep(1);
        EXPECT(!Beats());
        EXPECT_EQ(SuspendThread(Thread), 1);
        EXPECT_EQ(ResumeThread(Thread), 2);
        EXPECT(!Beats());
        EXPECT_EQ(ResumeThread(Thread), 1);
        Sleep(1);
        EXPECT(Beats());
    }
    SuspendThread(Thread);
    Sleep(1);
    ResumeThread(Thread);
    SuspendThread(Thread); /* freed, but suspended again before it could do anything */
    Request(HOLD_LEAVE);
    EXPECT(!Ends(Thread, 5));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);
}

static void
Limit(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Holder, NULL, CREATE_SUSPENDED, NULL);
    ULONG Previous = 1000;
    int Wrong = 0;

    Request(HOLD_RESET);
    Request(HOLD_LEAVE);
    for (ULONG i = 1; i < 127; i++) {
        Wrong += SuspendThread(Thread) != i;
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(NtSuspendThread(Thread, &Previous),
              STATUS_SUSPEND_COUNT_EXCEEDED_); /* MAXIMUM_SUSPEND_COUNT is 127 */
    EXPECT_EQ(Previous, 1000);                 /* stored on success only */
    EXPECT_EQ(SuspendThread(Thread), (DWORD)-1);
    EXPECT_EQ(GetLastError(), ERROR_SIGNAL_REFUSED);
    for (ULONG i = 127; i > 1; i--) {
        Wrong += ResumeThread(Thread) != i;
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT(!Ends(Thread, 5));
    EXPECT_EQ(NtResumeThread(Thread, NULL), 0); /* the count need not be wanted */
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(NtSuspendThread(Thread, NULL), STATUS_THREAD_IS_TERMINATING_);
    EXPECT_EQ(ResumeThread(Thread), 0);
    CloseHandle(Thread);
}

static volatile LONG Steps, Enough;

static DWORD WINAPI
Spins(void *Context)
{
    while (!Enough) {
        Steps++;
        YieldProcessor();
    }
    return 1;
}

static DWORD WINAPI
Computes(void *Context)
{
    while (!Enough) {
        Steps++;
        GetCurrentThreadId(); /* no system call, no pause */
        SwitchToThread();
    }
    return 2;
}

static DWORD WINAPI
Itself(void *Context)
{
    Steps = 1;
    *(DWORD *)Context = SuspendThread(GetCurrentThread());
    Steps = 2;
    return 3;
}

static HANDLE Event;

static DWORD WINAPI
Waits(void *Context)
{
    Steps = 1;
    return SleepEx(50, TRUE) + 0x100 * WaitForSingleObject(Event, INFINITE);
}

static void
UserMode_(void)
{
    HANDLE Thread;
    DWORD Code, Previous = 99;
    LONG Before;

    for (int i = 0; i < 2; i++) {
        Steps = Enough = 0;
        Thread = CreateThread(NULL, 0, i == 0 ? Spins : Computes, NULL, 0, NULL);
        Sleep(1);
        EXPECT(Steps != 0);
        EXPECT_EQ(SuspendThread(Thread), 0); /* it runs on another processor */
        Sleep(1);
        EXPECT(IsSuspended(Thread));
        Before = Steps;
        Sleep(5);
        EXPECT_EQ(Steps, Before);
        EXPECT_EQ(ResumeThread(Thread), 1);
        Sleep(1);
        EXPECT(Steps != Before);
        Enough = 1;
        EXPECT(Ends(Thread, INFINITE));
        CloseHandle(Thread);
    }
    Steps = 0;
    Thread = CreateThread(NULL, 0, Itself, &Previous, 0, NULL);
    Sleep(1);
    EXPECT_EQ(Steps, 1);
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Previous, 0); /* of a thread that suspends itself */
    EXPECT_EQ(Steps, 2);
    CloseHandle(Thread);

    Steps = 0;
    Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    Thread = CreateThread(NULL, 0, Waits, NULL, 0, NULL);
    Sleep(100);
    SuspendThread(Thread);
    Sleep(1);
    EXPECT(IsSuspended(Thread));
    SetEvent(Event);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0); /* its wait was interrupted */
    ResumeThread(Thread);
    EXPECT(!Ends(Thread, 5));
    SetEvent(Event);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT(GetExitCodeThread(Thread, &Code) && Code == 0);
    CloseHandle(Thread);
}

static void
CreatedSuspended(void)
{
    HANDLE Thread;
    ULONG Count = 99;

    Steps = 0;
    Thread = CreateThread(NULL, 0, Waits, NULL, CREATE_SUSPENDED, NULL);
    Sleep(5);
    EXPECT_EQ(Steps, 0);
    EXPECT_EQ(
        NtQueryInformationThread(Thread, 35 /* ThreadSuspendCount */, &Count, sizeof(Count), NULL),
        0);
    EXPECT_EQ(Count, 1);
    EXPECT_EQ(SuspendThread(Thread), 1);
    EXPECT_EQ(ResumeThread(Thread), 2);
    EXPECT_EQ(ResumeThread(Thread), 1);
    Sleep(1);
    EXPECT_EQ(Steps, 1);
    SetEvent(Event);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* created suspended, resumed before it has run at all */
    Steps = 0;
    Thread = CreateThread(NULL, 0, Waits, NULL, CREATE_SUSPENDED, NULL);
    EXPECT_EQ(ResumeThread(Thread), 1);
    SetEvent(Event);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Steps, 1);
    CloseHandle(Thread);
}

static void NTAPI
Special(void *A, void *B, void *C)
{
    Steps = 9;
}

/* Neither alerts nor user APCs let a suspended thread go: it waits in KernelMode, not alertably. */
static void
StaysSuspended(void)
{
    HANDLE Thread;
    NTSTATUS Status;

    Steps = Enough = 0;
    Thread = CreateThread(NULL, 0, Spins, NULL, 0, NULL);
    Sleep(1);
    SuspendThread(Thread);
    Sleep(1);
    Steps = 0;
    Status = NtQueueApcThreadEx(Thread, (HANDLE)1, (PVOID)Special, NULL, NULL, NULL);
    Sleep(5);
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(Steps, 0);
    ResumeThread(Thread);
    if (Status == 0) { /* special user APCs are there from 10 on */
        Sleep(5);
        EXPECT(Steps >= 9);
    }
    Enough = 1;
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* nor does a user APC that has ended its wait and is still to be delivered */
    Thread = Hold(HoldInterrupted);
    EXPECT(QueueUserAPC((PAPCFUNC)Special, Thread, 0));
    Sleep(1);
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0xC0 /* STATUS_USER_APC */);
    EXPECT(Beats());
    EXPECT_EQ(SuspendThread(Thread), 0);
    Sleep(1);
    EXPECT(!Beats());
    EXPECT(IsSuspended(Thread));
    EXPECT_EQ(ResumeThread(Thread), 1);
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);

    /* attaching and detaching keep what was set meanwhile */
    Thread = Hold(HoldAttached);
    EXPECT(SetThreadPriority(Thread, THREAD_PRIORITY_HIGHEST));
    SuspendThread(Thread);
    SuspendThread(Thread);
    Request(HOLD_LEAVE);
    Sleep(1);
    EXPECT_EQ(Row(Thread).Priority, 10);
    EXPECT_EQ(ResumeThread(Thread), 2);
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);
}

static void
Alerted(void)
{
    HANDLE Thread = Hold(HoldWaitUserAlertable);
    ULONG Previous = 99;

    /* alerted and resumed: the wait that it was stopped in ends with STATUS_ALERTED */
    SuspendThread(Thread);
    Sleep(1);
    EXPECT_EQ(NtAlertResumeThread(Thread, &Previous), 0);
    EXPECT_EQ(Previous, 1);
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0x101 /* STATUS_ALERTED */);
    CloseHandle(Thread);

    /* still suspended by another: alerted, but it stays */
    Thread = Hold(HoldWaitAlertable);
    SuspendThread(Thread);
    SuspendThread(Thread);
    Sleep(1);
    EXPECT_EQ(NtAlertResumeThread(Thread, &Previous), 0);
    EXPECT_EQ(Previous, 2);
    EXPECT(!Ends(Thread, 5));
    EXPECT(IsSuspended(Thread));
    ResumeThread(Thread);
    EXPECT(Ends(Thread, 5));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0x101);
    CloseHandle(Thread);

    /* an alert does not end a wait that is not alertable [K:waits-and-apcs] */
    Thread = Hold(HoldWaitUser);
    EXPECT_EQ(NtAlertResumeThread(Thread, &Previous), 0);
    EXPECT_EQ(Previous, 0);
    EXPECT(!Ends(Thread, 5));
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    EXPECT_EQ(Look(HOLD_LOOK).Status, 0);
    CloseHandle(Thread);
}

static void
Refused(void)
{
    HANDLE Thread = Hold(HoldPlain), Weak;
    ULONG Previous = 99;

    DuplicateHandle(GetCurrentProcess(), Thread, GetCurrentProcess(), &Weak,
                    THREAD_QUERY_INFORMATION | SYNCHRONIZE, FALSE, 0);
    EXPECT_EQ(NtSuspendThread(Weak, &Previous), (NTSTATUS)0xC0000022 /* STATUS_ACCESS_DENIED */);
    EXPECT_EQ(NtResumeThread(Weak, &Previous), (NTSTATUS)0xC0000022);
    EXPECT_EQ(NtAlertResumeThread(Weak, &Previous), (NTSTATUS)0xC0000022);
    CloseHandle(Weak);
    DuplicateHandle(GetCurrentProcess(), Thread, GetCurrentProcess(), &Weak, THREAD_SUSPEND_RESUME,
                    FALSE, 0);
    EXPECT_EQ(NtSuspendThread(Weak, &Previous), 0); /* THREAD_SUSPEND_RESUME is enough */
    EXPECT_EQ(NtResumeThread(Weak, &Previous), 0);
    CloseHandle(Weak);
    EXPECT_EQ(NtSuspendThread((HANDLE)0x7770, &Previous),
              (NTSTATUS)0xC0000008 /* STATUS_INVALID_HANDLE */);
    EXPECT_EQ(NtSuspendThread(GetCurrentProcess(), &Previous),
              (NTSTATUS)0xC0000024 /* STATUS_OBJECT_TYPE_MISMATCH */);
    /* a count that cannot be stored: refused before anything happens */
    EXPECT_EQ(NtSuspendThread(Thread, (PULONG)0x10), (NTSTATUS)0xC0000005);
    Sleep(1);
    EXPECT(Beats());
    EXPECT_EQ(SuspendThread(Thread), 0);
    EXPECT_EQ(NtResumeThread(Thread, (PULONG)0x10), (NTSTATUS)0xC0000005);
    EXPECT_EQ(ResumeThread(Thread), 1);
    Request(HOLD_LEAVE);
    EXPECT(Ends(Thread, INFINITE));
    CloseHandle(Thread);
}

int
main(void)
{
    Device = CreateFileA("\\\\.\\KeHold", GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(Device != INVALID_HANDLE_VALUE);
    Polling();
    Waiting();
    Postponed();
    Limit();
    UserMode_();
    CreatedSuspended();
    StaysSuspended();
    Alerted();
    Refused();
    return TEST_DONE();
}
