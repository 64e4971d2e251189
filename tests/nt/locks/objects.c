/*
 * objects.c - events, semaphores, queues and timers beyond the table.
 * [DDI:wdm/kesetevent], [DDI:ntddk/kepulseevent], [DDI:wdm/kereleasesemaphore], [DDI:ntifs/keremovequeue],
 * [DDI:ntifs/kerundownqueue], [DDI:wdm/kesettimerex], [DDI:wdm/kecanceltimer], [K:driver-managed-queues]
 */
#include "worker.h"

static KEVENT Event;
static KSEMAPHORE Semaphore;
static KQUEUE Queue;
static KTIMER Timer;
static KDPC Dpc, SecondDpc;
static LARGE_INTEGER Zero;

static LONG_PTR
DoWait(PVOID Object)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, NULL);
}
static ULONG
Waiting(VOID)
{
    ULONG Count = 0;

    Sleep(2);
    for (ULONG Index = 0; Index < WORKERS; Index++) {
        Count += Workers[Index].Busy != 0;
    }
    return Count;
}
static VOID
Everybody(JOB Job, PVOID Object)
{
    for (ULONG Index = 0; Index < WORKERS; Index++) {
        Send(Index, Job, Object);
    }
}
static BOOLEAN
Poll(PVOID Object)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &Zero) == STATUS_SUCCESS;
}
/* The workers that have got through are idle again. */
static VOID
Collect(VOID)
{
    for (ULONG Index = 0; Index < WORKERS; Index++) {
        Await(Index);
    }
}

/* Notification: all waiters, and it stays. Synchronization: one, and it is clear again. */
static VOID
Events(VOID)
{
    StartWorkers();
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Everybody(DoWait, &Event);
    EXPECT_EQ(Waiting(), WORKERS);
    EXPECT_EQ(KeSetEvent(&Event, 0, FALSE), 0);
    EXPECT_EQ(Waiting(), 0);
    EXPECT(Poll(&Event) && Poll(&Event));
    EXPECT(KeSetEvent(&Event, 0, FALSE) != 0);
    EXPECT(KeResetEvent(&Event) != 0);
    EXPECT(!Poll(&Event));
    Collect();
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Everybody(DoWait, &Event);
    for (ULONG Left = WORKERS; Left != 0; Left--) {
        EXPECT_EQ(KeSetEvent(&Event, 0, FALSE), 0);
        EXPECT_EQ(Waiting(), Left - 1);
        EXPECT_EQ(KeReadStateEvent(&Event), 0);
    }
    Collect();
    KeSetEvent(&Event, 0, FALSE);
    EXPECT(KeSetEvent(&Event, 0, FALSE) != 0); /* set twice is set once */
    EXPECT(Poll(&Event));
    EXPECT(!Poll(&Event));
    EndWorkers();
}

/* Who waits at this moment is let go; the state is not signaled afterwards. */
static VOID
Pulses(VOID)
{
    StartWorkers();
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_EQ(KePulseEvent(&Event, 0, FALSE), 0);
    EXPECT(!Poll(&Event)); /* nobody waited */
    Everybody(DoWait, &Event);
    EXPECT_EQ(KePulseEvent(&Event, 0, FALSE), 0);
    EXPECT_EQ(Waiting(), 0);
    EXPECT_EQ(KeReadStateEvent(&Event), 0);
    Collect();
    KeSetEvent(&Event, 0, FALSE);
    EXPECT(KePulseEvent(&Event, 0, FALSE) != 0);
    EXPECT_EQ(KeReadStateEvent(&Event), 0);
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Everybody(DoWait, &Event);
    EXPECT_EQ(KePulseEvent(&Event, 0, FALSE), 0);
    EXPECT_EQ(Waiting(), WORKERS - 1);
    for (ULONG Left = WORKERS - 1; Left != 0; Left--) {
        KeSetEvent(&Event, 0, FALSE);
    }
    Collect();
    EndWorkers();
}

/* Wait TRUE: the dispatcher stays as it is until the next wait, which restores the IRQL. */
static VOID
SetAndWait(VOID)
{
    KEVENT Other;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Other, SynchronizationEvent, TRUE);
    KeSetEvent(&Event, 0, TRUE);
    EXPECT_STATUS(KeWaitForSingleObject(&Other, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT_EQ(KeReadStateEvent(&Event), 1);
}

/* Each unit lets one through; the limit is exact, and an excess changes nothing. */
static VOID
Semaphores(VOID)
{
    StartWorkers();
    KeInitializeSemaphore(&Semaphore, 2, 4);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 2);
    EXPECT(Poll(&Semaphore));
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 1);
    EXPECT_EQ(KeReleaseSemaphore(&Semaphore, 0, 3, FALSE), 1); /* the state before */
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 4);
    EXPECT_RAISES(KeReleaseSemaphore(&Semaphore, 0, 1, FALSE), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 4);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT_RAISES(KeReleaseSemaphore(&Semaphore, 0, MAXLONG, FALSE),
                  STATUS_SEMAPHORE_LIMIT_EXCEEDED); /* nor does it wrap */
    EXPECT_RAISES(KeReleaseSemaphore(&Semaphore, 0, -1, FALSE), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 4);
    KeInitializeSemaphore(&Semaphore, 0, 10);
    Everybody(DoWait, &Semaphore);
    EXPECT_EQ(KeReleaseSemaphore(&Semaphore, 0, 2, FALSE), 0);
    EXPECT_EQ(Waiting(), WORKERS - 2);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 0);
    KeReleaseSemaphore(&Semaphore, 0, 5, FALSE);
    EXPECT_EQ(Waiting(), 0);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 2); /* what nobody took */
    Collect();
    EndWorkers();
}

static LIST_ENTRY Entries[8];
static KEVENT Block;
static volatile LONG Taken;

static LONG_PTR
DoRemove(PVOID Unused)
{
    PLIST_ENTRY Entry = KeRemoveQueue(&Queue, KernelMode, NULL);

    if (Entry >= Entries && Entry < Entries + RTL_NUMBER_OF(Entries)) {
        InterlockedIncrement(&Taken);
    }
    return (LONG_PTR)Entry;
}
/* Takes an entry, then keeps the processor: a running thread of the queue until Block is set. */
static volatile LONG Spinning;
static LONG_PTR
DoRemoveAndRun(PVOID Unused)
{
    DoRemove(NULL);
    while (Spinning) {
        KeStallExecutionProcessor(10);
    }
    return 0;
}
static LONG_PTR
DoRemoveAndWait(PVOID Unused)
{
    DoRemove(NULL);
    KeWaitForSingleObject(&Block, Executive, KernelMode, FALSE, NULL);
    return 0;
}

static VOID
QueueOrder(VOID)
{
    LARGE_INTEGER Timeout = {.QuadPart = -100000};

    KeInitializeQueue(&Queue, 0);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    EXPECT_EQ(KeInsertQueue(&Queue, &Entries[0]), 0); /* how many there were */
    EXPECT_EQ(KeInsertQueue(&Queue, &Entries[1]), 1);
    EXPECT_EQ(KeInsertHeadQueue(&Queue, &Entries[2]), 2);
    EXPECT_EQ(KeReadStateQueue(&Queue), 3);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, NULL), &Entries[2]);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, &Timeout), &Entries[0]);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, &Zero), &Entries[1]);
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Zero), STATUS_TIMEOUT);
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Timeout), STATUS_TIMEOUT);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    EXPECT_EQ(KeRundownQueue(&Queue), NULL);
}

/* As many threads as the count run at once; one that waits elsewhere makes room. */
static VOID
QueueConcurrency(VOID)
{
    StartWorkers();
    KeInitializeQueue(&Queue, 2);
    KeInitializeEvent(&Block, NotificationEvent, FALSE);
    Taken = 0;
    Spinning = 1;
    for (ULONG Index = 0; Index < 3; Index++) {
        Send(Index, DoRemoveAndRun, NULL);
    }
    for (ULONG Index = 0; Index < 3; Index++) {
        KeInsertQueue(&Queue, &Entries[Index]);
    }
    Sleep(5);
    EXPECT_EQ(Taken, 2); /* two run; the third entry waits although a thread does too */
    EXPECT_EQ(KeReadStateQueue(&Queue), 1);
    Spinning = 0; /* they stop to be running threads of the queue: they wait for their next job */
    Sleep(5);
    EXPECT_EQ(Taken, 3);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    for (ULONG Index = 0; Index < 3; Index++) {
        Await(Index);
    }
    KeRundownQueue(&Queue);
    EndWorkers();

    StartWorkers();
    KeInitializeQueue(&Queue, 1);
    Taken = 0;
    Send(0, DoRemoveAndWait, NULL);
    Send(1, DoRemoveAndWait, NULL);
    KeInsertQueue(&Queue, &Entries[0]);
    KeInsertQueue(&Queue, &Entries[1]);
    Sleep(5);
    EXPECT_EQ(Taken, 2); /* the first waits for the event, so the second may run */
    KeSetEvent(&Block, 0, FALSE);
    Await(0);
    Await(1);
    KeRundownQueue(&Queue);
    EndWorkers();
}

/* The entries come back as a list. From Windows 7 on it wakes who waits, with STATUS_ABANDONED, now and later. */
static VOID
QueueRundown(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    PLIST_ENTRY First;

    RtlGetVersion(&Version);
    KeInitializeQueue(&Queue, 0);
    KeInsertQueue(&Queue, &Entries[0]);
    KeInsertQueue(&Queue, &Entries[1]);
    First = KeRundownQueue(&Queue);
    EXPECT_EQ(First, &Entries[0]);
    EXPECT_EQ(First->Flink, &Entries[1]);
    EXPECT_EQ(First->Flink->Flink, First); /* the head is not in it */
    if (Version.dwMajorVersion * 10 + Version.dwMinorVersion < 61) {
        return; /* "should never be called ... if any threads are waiting" */
    }
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Zero), STATUS_ABANDONED);
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, NULL), STATUS_ABANDONED);
    StartWorkers();
    KeInitializeQueue(&Queue, 0); /* "in order to reinitialize it" */
    Send(0, DoRemove, NULL);
    Send(1, DoRemove, NULL);
    EXPECT(Busy(0) && Busy(1));
    EXPECT_EQ(KeRundownQueue(&Queue), NULL);
    EXPECT_EQ(Await(0), STATUS_ABANDONED);
    EXPECT_EQ(Await(1), STATUS_ABANDONED);
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Zero), STATUS_ABANDONED);
    KeInitializeQueue(&Queue, 1); /* none of those who were there counts as one of its threads */
    Send(0, DoRemove, NULL);
    EXPECT(Busy(0));
    KeInsertQueue(&Queue, &Entries[0]);
    EXPECT_EQ(Await(0), (LONG_PTR)&Entries[0]);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    KeRundownQueue(&Queue);
    EndWorkers();
}

static volatile LONG Ran, SecondRan;
static VOID NTAPI
CountDpc(PKDPC Object, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    InterlockedIncrement(Context);
}
static LARGE_INTEGER
In(LONG Milliseconds)
{
    LARGE_INTEGER Due = {.QuadPart = -10000ll * Milliseconds};

    return Due;
}

/* Signaled when due, with its DPC; a notification timer stays, a synchronization timer lets one through. */
static VOID
Timers(VOID)
{
    KeInitializeDpc(&Dpc, CountDpc, (PVOID)&Ran);
    Ran = 0;
    KeInitializeTimerEx(&Timer, NotificationTimer);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT(!KeSetTimer(&Timer, In(10), &Dpc)); /* it was not in the queue */
    Sleep(4);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT_EQ(Ran, 0);
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    Sleep(1);
    EXPECT_EQ(Ran, 1);
    EXPECT(KeReadStateTimer(&Timer));
    EXPECT(Poll(&Timer) && Poll(&Timer));
    EXPECT(!KeCancelTimer(&Timer)); /* it has expired */
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeSetTimer(&Timer, In(1), NULL);
    Sleep(3);
    EXPECT(Poll(&Timer));
    EXPECT(!Poll(&Timer));
}

/* Set again: the first time and its DPC are void, and the state is not signaled. */
static VOID
TimerSetAgain(VOID)
{
    KeInitializeDpc(&Dpc, CountDpc, (PVOID)&Ran);
    KeInitializeDpc(&SecondDpc, CountDpc, (PVOID)&SecondRan);
    Ran = SecondRan = 0;
    KeInitializeTimerEx(&Timer, NotificationTimer);
    KeSetTimer(&Timer, In(5), &Dpc);
    EXPECT(KeSetTimer(&Timer, In(20), &SecondDpc)); /* it was in the queue */
    Sleep(10);
    EXPECT_EQ(Ran, 0);
    EXPECT(!KeReadStateTimer(&Timer));
    Sleep(15);
    EXPECT_EQ(Ran, 0);
    EXPECT_EQ(SecondRan, 1);
    EXPECT(KeReadStateTimer(&Timer));
    KeSetTimer(&Timer, In(50), NULL);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT(KeCancelTimer(&Timer));
    EXPECT(!KeCancelTimer(&Timer));
}

/* Cancelled: no DPC, no signal. Once it has expired there is nothing to cancel: its DPC is queued, and runs. */
static VOID
TimerCancelled(VOID)
{
    KIRQL Irql;

    KeInitializeDpc(&Dpc, CountDpc, (PVOID)&Ran);
    Ran = 0;
    KeInitializeTimerEx(&Timer, NotificationTimer);
    KeSetTimer(&Timer, In(5), &Dpc);
    EXPECT(KeCancelTimer(&Timer));
    Sleep(10);
    EXPECT_EQ(Ran, 0);
    EXPECT(!KeReadStateTimer(&Timer));
    KeSetSystemAffinityThread(1);
    KeSetTargetProcessorDpc(&Dpc, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    KeSetTimer(&Timer, Zero, &Dpc); /* due at once: its DPC waits for this processor */
    EXPECT_EQ(Ran, 0);
    EXPECT(!KeCancelTimer(&Timer));
    KeLowerIrql(Irql);
    Sleep(2);
    EXPECT_EQ(Ran, 1);
    KeRevertToUserAffinityThread();
}

/* Periodic: again and again until cancelled, which always finds it in the queue. */
static VOID
TimerPeriodic(VOID)
{
    LONG Before;

    KeInitializeDpc(&Dpc, CountDpc, (PVOID)&Ran);
    Ran = 0;
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeSetTimerEx(&Timer, In(10), 20, &Dpc);
    Sleep(5);
    EXPECT_EQ(Ran, 0);
    for (ULONG Times = 0; Times < 3; Times++) {
        EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL),
                      STATUS_SUCCESS);
    }
    Sleep(1);
    EXPECT_EQ(Ran, 3);
    EXPECT(KeCancelTimer(&Timer));
    Before = Ran;
    Sleep(50);
    EXPECT_EQ(Ran, Before);
    /* Set again while its DPC is queued and has not run: that is void too. */
    {
        KIRQL Irql;

        KeSetSystemAffinityThread(1);
        KeSetTargetProcessorDpc(&Dpc, 0);
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        KeSetTimerEx(&Timer, Zero, 1000, &Dpc);
        KeSetTimerEx(&Timer, In(5), 0, NULL);
        KeLowerIrql(Irql);
        Sleep(2);
        EXPECT_EQ(Ran, Before);
        KeCancelTimer(&Timer);
        KeRevertToUserAffinityThread();
    }
    KeSetTimerEx(&Timer, In(1), 1000, NULL);
    Sleep(5);
    EXPECT(KeSetTimerEx(&Timer, In(1), 0, NULL)); /* queued although it has expired once */
    Sleep(5);
    EXPECT(!KeCancelTimer(&Timer));
}

/* An absolute due time; one in the past expires at once. */
static VOID
TimerAbsolute(VOID)
{
    LARGE_INTEGER Now, Due;

    KeInitializeTimerEx(&Timer, NotificationTimer);
    KeQuerySystemTime(&Now);
    Due.QuadPart = Now.QuadPart - 10000;
    KeSetTimer(&Timer, Due, NULL);
    EXPECT(KeReadStateTimer(&Timer));
    Due.QuadPart = Now.QuadPart + 200000;
    KeSetTimer(&Timer, Due, NULL);
    EXPECT(!KeReadStateTimer(&Timer));
    KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL);
    KeQuerySystemTime(&Now);
    EXPECT(Now.QuadPart >= Due.QuadPart);
    EXPECT(Now.QuadPart < Due.QuadPart + 500000);
}

static KQUEUE Limited;
static volatile LONG Taken;

static VOID NTAPI
TakesOne(PVOID Context)
{
    KeRemoveQueue(&Limited, KernelMode, NULL);
    Taken = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* A thread of the queue that polls it in vain still counts as one that runs [DDI:ntifs/keinitializequeue: Count]. */
static VOID
QueuePollKeepsCount(VOID)
{
    LARGE_INTEGER Zero = {.QuadPart = 0}, Delay = {.QuadPart = -100000};
    LIST_ENTRY First, Second;
    HANDLE Handle;

    KeInitializeQueue(&Limited, 1);
    Taken = 0;
    KeInsertQueue(&Limited, &First);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, TakesOne, NULL);
    EXPECT_EQ(KeRemoveQueue(&Limited, KernelMode, &Zero), &First); /* now one of its threads */
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);             /* the other one waits */
    EXPECT_EQ((ULONG_PTR)KeRemoveQueue(&Limited, KernelMode, &Zero), STATUS_TIMEOUT);
    KeInsertQueue(&Limited, &Second);
    EXPECT_EQ(KeReadStateQueue(&Limited), 1);   /* one thread may run, and this is it */
    ZwWaitForSingleObject(Handle, FALSE, NULL); /* which makes room */
    EXPECT_EQ(Taken, 1);
    ZwClose(Handle);
    KeRundownQueue(&Limited);
}

TEST_DRIVER(TEST(QueuePollKeepsCount), TEST(Events), TEST(Pulses), TEST(SetAndWait),
            TEST(Semaphores), TEST(QueueOrder), TEST(QueueConcurrency), TEST(QueueRundown),
            TEST(Timers), TEST(TimerSetAgain), TEST(TimerCancelled), TEST(TimerPeriodic),
            TEST(TimerAbsolute))
