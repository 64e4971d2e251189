/*
 * irql.c - IRQL, spin locks, DPCs and timers.
 * [DDI:wdm/keraiseirql], [DDI:wdm/keacquirespinlock], [DDI:wdm/keinsertqueuedpc], [DDI:wdm/kesettimerex], [DDI:wdm/kecanceltimer]
 */
#include "../ntlab-test.h"

static KSPIN_LOCK Lock;
static KDPC Dpc, Second;
static KTIMER Timer;
static volatile LONG Runs, Order[4];
static volatile KIRQL DpcIrql;
static volatile PVOID DpcArguments[2];
static KEVENT Done;
static LARGE_INTEGER Poll;

static VOID
RaiseAndLower(VOID)
{
    KIRQL Old, Older;

    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL); /* DriverEntry runs at PASSIVE_LEVEL */
    KeRaiseIrql(APC_LEVEL, &Older);
    EXPECT_EQ(Older, PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    EXPECT_EQ(Old, APC_LEVEL);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(Old);
    EXPECT_EQ(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(Older);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID
SpinLockRaises(VOID)
{
    KIRQL Old;
    KLOCK_QUEUE_HANDLE Handle;

    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Old);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL); /* [DDI:wdm/keacquirespinlock] */
    EXPECT_EQ(Old, PASSIVE_LEVEL);
    EXPECT(!KeTestSpinLock(&Lock)); /* TRUE: it is free [DDI:wdm/ketestspinlock] */
    EXPECT(!KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    KeReleaseSpinLock(&Lock, Old);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(KeTestSpinLock(&Lock));
    KeAcquireInStackQueuedSpinLock(&Lock, &Handle);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseInStackQueuedSpinLock(&Handle);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID NTAPI
DpcRoutine(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    LONG Run = InterlockedIncrement(&Runs);

    DpcIrql = KeGetCurrentIrql();
    DpcArguments[0] = Argument1;
    DpcArguments[1] = Argument2;
    if (Run <= 4) {
        Order[Run - 1] = (LONG)(LONG_PTR)Context;
    }
    KeSetEvent(&Done, 0, FALSE);
}

static VOID
DpcWaitsForIrql(VOID)
{
    KIRQL Old;

    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Dpc, DpcRoutine, (PVOID)1);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    EXPECT(KeInsertQueueDpc(&Dpc, (PVOID)7, (PVOID)8)); /* TRUE: it was not queued */
    EXPECT(!KeInsertQueueDpc(&Dpc, NULL, NULL));        /* FALSE: it is already */
    EXPECT_EQ(Runs, 0); /* not before the IRQL falls below DISPATCH_LEVEL */
    KeLowerIrql(Old);
    EXPECT_EQ(Runs, 1);
    EXPECT_EQ(DpcIrql, DISPATCH_LEVEL);
    EXPECT_EQ(DpcArguments[0], 7);
    EXPECT_EQ(DpcArguments[1], 8);
}

static VOID
HighImportanceGoesFirst(VOID)
{
    KIRQL Old;

    Runs = 0;
    KeInitializeDpc(&Dpc, DpcRoutine, (PVOID)1);
    KeInitializeDpc(&Second, DpcRoutine, (PVOID)2);
    KeSetImportanceDpc(&Second,
                       HighImportance); /* head of the queue [DDI:wdm/kesetimportancedpc] */
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeInsertQueueDpc(&Second, NULL, NULL);
    KeLowerIrql(Old);
    EXPECT_EQ(Runs, 2);
    EXPECT_EQ(Order[0], 2);
    EXPECT_EQ(Order[1], 1);
}

static VOID
RemovedDpcDoesNotRun(VOID)
{
    KIRQL Old;

    Runs = 0;
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    EXPECT(KeRemoveQueueDpc(&Dpc)); /* TRUE: it was in the queue */
    EXPECT(!KeRemoveQueueDpc(&Dpc));
    KeLowerIrql(Old);
    EXPECT_EQ(Runs, 0);
}

static VOID
TargetProcessor(VOID)
{
    if (KeQueryActiveProcessorCount(NULL) < 2) {
        SKIP("one processor");
        return;
    }
    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeSetTargetProcessorDpc(&Dpc, 1);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 1);
    KeFlushQueuedDpcs(); /* [DDI:wdm/keflushqueueddpcs] */
}

static VOID
TimerSignals(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -10000000};

    KeInitializeTimer(&Timer);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT(!KeSetTimer(&Timer, Due, NULL)); /* FALSE: it was not in the queue */
    EXPECT(KeSetTimer(&Timer, Due, NULL));  /* TRUE: it was; the earlier setting is cancelled */
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT(KeReadStateTimer(&Timer)); /* a notification timer stays signaled */
    EXPECT(!KeCancelTimer(&Timer));   /* it has expired */
    KeSetTimer(&Timer, Due, NULL);
    EXPECT(KeCancelTimer(&Timer));
}

static VOID
TimerDpc(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -100000};

    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeSetTimer(&Timer, Due, &Dpc);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 1);
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_SUCCESS);
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_TIMEOUT);
}

/* Where KeCancelTimer says FALSE the DPC has been queued, and a driver may wait for it. [DDI:wdm/kecanceltimer] */
static VOID
CancelAfterExpiry(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = 0};
    KIRQL Old;

    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeSetTimer(&Timer, Due, &Dpc); /* it is due: the DPC is queued, and cannot run yet */
    EXPECT_EQ(Runs, 0);
    EXPECT(!KeCancelTimer(&Timer));
    KeLowerIrql(Old);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 1);
}

/* To initialize a timer that is set takes it out of nothing: it expires and queues its DPC. [Windows 7 to 11] */
static VOID
InitializedWhileSet(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -100000}, Long = {.QuadPart = -500000}, None = {};

    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeSetTimer(&Timer, Due, &Dpc);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Long),
                  STATUS_SUCCESS);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 1);
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &None),
                  STATUS_TIMEOUT);
    KeSetTimer(&Timer, Due, &Dpc); /* and is a timer like any other */
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Long),
                  STATUS_SUCCESS);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 2);
}

static VOID
PeriodicTimer(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -100000};

    Runs = 0;
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeInitializeTimerEx(&Timer, NotificationTimer);
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeSetTimerEx(&Timer, Due, 10, &Dpc);
    while (Runs < 4) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    }
    EXPECT(KeCancelTimer(&Timer)); /* always TRUE for a periodic timer */
    EXPECT(Runs >= 4);
}

TEST_DRIVER(TEST(RaiseAndLower), TEST(SpinLockRaises), TEST(DpcWaitsForIrql),
            TEST(HighImportanceGoesFirst), TEST(RemovedDpcDoesNotRun), TEST(TargetProcessor),
            TEST(TimerSignals), TEST(TimerDpc), TEST(CancelAfterExpiry), TEST(InitializedWhileSet),
            TEST(PeriodicTimer))
