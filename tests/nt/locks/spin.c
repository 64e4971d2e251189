/*
 * spin.c - spin locks between processors: exclusion, the order of a queue, readers and writers, conversion, pairs.
 * [DDI:wdm/keacquirespinlock], [K:queued-spin-locks], [DDI:wdm/exacquirespinlockshared],
 * [DDI:wdm/extryconvertsharedspinlockexclusive], [DDI:wdm/kesynchronizeexecution]
 */
#include "worker.h"

typedef volatile LONG EX_SPIN_LOCK_, *PEX_SPIN_LOCK_;
KIRQL NTAPI ExAcquireSpinLockExclusive(PEX_SPIN_LOCK_);
KIRQL NTAPI ExAcquireSpinLockShared(PEX_SPIN_LOCK_);
VOID NTAPI ExReleaseSpinLockExclusive(PEX_SPIN_LOCK_, KIRQL);
VOID NTAPI ExReleaseSpinLockShared(PEX_SPIN_LOCK_, KIRQL);
VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK_);
LOGICAL NTAPI ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK_);

static KSPIN_LOCK Spin;
static EX_SPIN_LOCK_ ExSpin;
static volatile LONG Inside, Worst, Total, Order[8], Next, Stage;

static VOID
Critical(VOID)
{
    LONG Now = InterlockedIncrement(&Inside);

    Worst = max(Worst, Now);
    KeStallExecutionProcessor(1);
    YieldProcessor();
    InterlockedDecrement(&Inside);
    Total++;
}

static LONG_PTR
DoPlain(PVOID Unused)
{
    KIRQL Old;

    for (ULONG i = 0; i < 40; i++) {
        KeAcquireSpinLock(&Spin, &Old);
        Critical();
        KeReleaseSpinLock(&Spin, Old);
    }
    return KeGetCurrentIrql();
}
static LONG_PTR
DoQueued(PVOID Unused)
{
    KLOCK_QUEUE_HANDLE Handle;

    for (ULONG i = 0; i < 40; i++) {
        KeAcquireInStackQueuedSpinLock(&Spin, &Handle);
        Critical();
        KeReleaseInStackQueuedSpinLock(&Handle);
    }
    return KeGetCurrentIrql();
}
static LONG_PTR
DoExclusive(PVOID Unused)
{
    for (ULONG i = 0; i < 40; i++) {
        KIRQL Old = ExAcquireSpinLockExclusive(&ExSpin);

        Critical();
        ExReleaseSpinLockExclusive(&ExSpin, Old);
        Old = ExAcquireSpinLockShared(&ExSpin);
        if (Inside != 0) {
            Worst = 9; /* a writer is inside */
        }
        YieldProcessor();
        ExReleaseSpinLockShared(&ExSpin, Old);
    }
    return KeGetCurrentIrql();
}

static VOID
Exclude(JOB Job)
{
    Inside = Worst = Total = 0;
    for (ULONG i = 0; i < 4; i++) {
        Workers[i].Job = Job;
        KeSetEvent(&Workers[i].Go, 0, FALSE);
    }
    for (ULONG i = 0; i < 4; i++) {
        EXPECT_EQ(Await(i), PASSIVE_LEVEL);
    }
    EXPECT_EQ(Worst, 1);
    EXPECT_EQ(Total, 160);
}

static VOID
Exclusion(VOID)
{
    StartWorkers();
    KeInitializeSpinLock(&Spin);
    Exclude(DoPlain);
    EXPECT_EQ(Spin, 0);
    Exclude(DoQueued);
    EXPECT_EQ(Spin, 0);
    if (MmGetSystemRoutineAddress(
            &(UNICODE_STRING)RTL_CONSTANT_STRING(L"ExAcquireSpinLockShared"))) {
        ExSpin = 0;
        Exclude(DoExclusive);
        EXPECT_EQ(ExSpin, 0);
    }
    EndWorkers();
}

/* Waiters of a queued spin lock get it in the order in which they came. */
static LONG_PTR
DoQueueUp(PVOID Number)
{
    KLOCK_QUEUE_HANDLE Handle;

    KeAcquireInStackQueuedSpinLock(&Spin, &Handle);
    Order[Next++] = (LONG)(LONG_PTR)Number;
    KeReleaseInStackQueuedSpinLock(&Handle);
    return 0;
}
static VOID
Begin(ULONG Index, JOB Job, PVOID Argument)
{
    Workers[Index].Job = Job;
    Workers[Index].Argument = Argument;
    Workers[Index].Busy = TRUE;
    KeSetEvent(&Workers[Index].Go, 0, FALSE);
}
static VOID
GiveTime(VOID)
{
    for (ULONG i = 0; i < 60; i++) {
        YieldProcessor();
    }
}

static VOID
QueueOrder(VOID)
{
    KLOCK_QUEUE_HANDLE Handle;
    PSINGLE_LIST_ENTRY Tail;

    if (KeQueryActiveProcessors() != 15) {
        return; /* the holder and three waiters, each on a processor of its own */
    }
    StartWorkers();
    KeInitializeSpinLock(&Spin);
    Next = 0;
    KeAcquireInStackQueuedSpinLock(&Spin, &Handle);
    for (ULONG i = 0; i < 3; i++) {
        Tail = (PVOID)Spin;
        Begin(i, DoQueueUp, (PVOID)(ULONG_PTR)i);
        while (Spin == (KSPIN_LOCK)Tail) { /* until it is in the queue */
            YieldProcessor();
        }
    }
    GiveTime();
    EXPECT_EQ(Next, 0);
    KeReleaseInStackQueuedSpinLock(&Handle);
    for (ULONG i = 0; i < 3; i++) {
        Await(i);
        EXPECT_EQ(Order[i], i);
    }
    EndWorkers();
}

#ifndef OLD
static LONG_PTR
DoHoldShared(PVOID Unused)
{
    KIRQL Old = ExAcquireSpinLockShared(&ExSpin);

    InterlockedIncrement(&Inside);
    while (Stage == 0) {
        YieldProcessor();
    }
    InterlockedDecrement(&Inside);
    ExReleaseSpinLockShared(&ExSpin, Old);
    return 0;
}
static LONG_PTR
DoTakeExclusive(PVOID Unused)
{
    KIRQL Old = ExAcquireSpinLockExclusive(&ExSpin);

    Total = Inside; /* must be alone */
    ExReleaseSpinLockExclusive(&ExSpin, Old);
    return 1;
}

/* Sharers are inside together; a writer waits for all of them. */
static VOID
Readers(VOID)
{
    KIRQL Old;

    StartWorkers();
    ExSpin = 0;
    Inside = Stage = 0;
    Total = 7;
    Begin(0, DoHoldShared, NULL);
    while (Inside != 1) {
        YieldProcessor();
    }
    Old = ExAcquireSpinLockShared(&ExSpin);
    EXPECT_EQ(Inside, 1);                                  /* together with the other */
    EXPECT(!ExTryConvertSharedSpinLockExclusive(&ExSpin)); /* "FALSE" if it is not the only one */
    Begin(1, DoTakeExclusive, NULL);
    GiveTime();
    EXPECT_EQ(Total, 7);
    ExReleaseSpinLockShared(&ExSpin, Old);
    GiveTime();
    EXPECT_EQ(Total, 7); /* the other is still inside */
    Stage = 1;
    EXPECT_EQ(Await(1), 1);
    Await(0);
    EXPECT_EQ(Total, 0);
    EXPECT_EQ(ExSpin, 0);
    EndWorkers();
}

/* The only sharer becomes the writer, and releases as one. */
static LONG_PTR
DoTakeShared(PVOID Unused)
{
    KIRQL Old = ExAcquireSpinLockShared(&ExSpin);

    Total = 1;
    ExReleaseSpinLockShared(&ExSpin, Old);
    return 0;
}
static VOID
Conversion(VOID)
{
    KIRQL Old;

    StartWorkers();
    ExSpin = 0;
    Total = 0;
    Old = ExAcquireSpinLockShared(&ExSpin);
    EXPECT(ExTryConvertSharedSpinLockExclusive(&ExSpin));
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    Begin(0, DoTakeShared, NULL);
    Begin(1, DoTakeExclusive, NULL);
    GiveTime();
    EXPECT_EQ(Total, 0); /* sharers wait now */
    ExReleaseSpinLockExclusive(&ExSpin, Old);
    Await(0);
    Await(1);
    EXPECT_EQ(ExSpin, 0);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    /* With a writer waiting, too. */
    Old = ExAcquireSpinLockShared(&ExSpin);
    Begin(1, DoTakeExclusive, NULL);
    GiveTime();
    EXPECT(ExTryConvertSharedSpinLockExclusive(&ExSpin));
    EXPECT(!ExTryConvertSharedSpinLockExclusive(&ExSpin)); /* not shared any more */
    ExReleaseSpinLockExclusive(&ExSpin, Old);
    EXPECT_EQ(Await(1), 1);
    EXPECT_EQ(ExSpin, 0);
    EndWorkers();
}

/* A threaded DPC's routines work at either level, and restore what they found. */
static VOID
ForDpc(VOID)
{
    KLOCK_QUEUE_HANDLE Handle;
    KIRQL Old, Outer;

    KeInitializeSpinLock(&Spin);
    Old = KeAcquireSpinLockForDpc(&Spin);
    EXPECT_EQ(Old, PASSIVE_LEVEL);
    EXPECT(!KeTestSpinLock(&Spin));
    KeReleaseSpinLockForDpc(&Spin, Old);
    EXPECT(KeTestSpinLock(&Spin));
    KeRaiseIrql(DISPATCH_LEVEL, &Outer);
    Old = KeAcquireSpinLockForDpc(&Spin);
    EXPECT_EQ(Old, DISPATCH_LEVEL);
    KeReleaseSpinLockForDpc(&Spin, Old);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeAcquireInStackQueuedSpinLockForDpc(&Spin, &Handle);
    EXPECT(!KeTestSpinLock(&Spin));
    EXPECT(!KeTryToAcquireSpinLockAtDpcLevel(&Spin));
    KeReleaseInStackQueuedSpinLockForDpc(&Handle);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    EXPECT(KeTryToAcquireSpinLockAtDpcLevel(&Spin));
    EXPECT(!KeTestSpinLock(&Spin));
    KeReleaseSpinLockFromDpcLevel(&Spin);
    KeLowerIrql(Outer);
    EXPECT(KeTestSpinLock(&Spin));
}
#endif

/* Releasing runs what the lock held back: a DPC queued meanwhile. */
static VOID NTAPI
Deferred(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Total++;
}
static VOID
HeldBack(VOID)
{
    KDPC Dpc;
    KIRQL Old;

    KeSetSystemAffinityThread(1);
    KeInitializeDpc(&Dpc, Deferred, NULL);
    KeSetTargetProcessorDpc(&Dpc, 0);
    Total = 0;
    KeAcquireSpinLock(&Spin, &Old);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    GiveTime();
    EXPECT_EQ(Total, 0);
    KeReleaseSpinLock(&Spin, Old);
    EXPECT_EQ(Total, 1);
    KeRevertToUserAffinityThread();
}

#ifdef OLD
TEST_DRIVER(TEST(QueueOrder), TEST(HeldBack))
#else
TEST_DRIVER(TEST(Exclusion), TEST(QueueOrder), TEST(Readers), TEST(Conversion), TEST(ForDpc),
            TEST(HeldBack))
#endif
