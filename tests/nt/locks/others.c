/*
 * others.c - fast mutexes, push locks, rundown protection and remove locks beyond the table.
 * [DDI:wdm/exacquirefastmutex], [DDI:wdm/exacquirepushlockshared], [DDI:wdm/exinitializepushlock],
 * [DDI:wdm/exwaitforrundownprotectionrelease], [DDI:wdm/ioreleaseremovelockandwait]
 * OLD: without the routines that came after XP; FLAGS: push lock routines with flags (Windows 8).
 */
#include "worker.h"

static FAST_MUTEX Fast;
static EX_RUNDOWN_REF Rundown;
static IO_REMOVE_LOCK Remove;
static volatile LONG Inside, Worst, Total;

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
DoFast(PVOID Unused)
{
    ExAcquireFastMutex(&Fast);
    Critical();
    return KeGetCurrentIrql() == APC_LEVEL && Fast.Owner == KeGetCurrentThread();
}
static LONG_PTR
DoFastRelease(PVOID Unused)
{
    ExReleaseFastMutex(&Fast);
    return KeGetCurrentIrql();
}
static LONG_PTR
DoFastMany(PVOID Unused)
{
    for (ULONG i = 0; i < 40; i++) {
        ExAcquireFastMutex(&Fast);
        Critical();
        ExReleaseFastMutex(&Fast);
    }
    return KeGetCurrentIrql();
}
static LONG_PTR
DoFastPair(PVOID Unused)
{
    ExAcquireFastMutex(&Fast);
    Total = Total * 10 + 1;
    ExReleaseFastMutex(&Fast);
    return KeGetCurrentIrql();
}

/* Each waiter gets it in the end, contention is counted, and the old IRQL is each thread's own. */
static VOID
FastMutex(VOID)
{
    StartWorkers();
    ExInitializeFastMutex(&Fast);
    Inside = Worst = Total = 0;
    ExAcquireFastMutex(&Fast);
    EXPECT_EQ(Fast.Owner, KeGetCurrentThread());
    Send(0, DoFastMany, NULL);
    Send(1, DoFastMany, NULL);
    Send(2, DoFastMany, NULL);
    EXPECT(Busy(0) && Busy(1) && Busy(2));
    EXPECT_EQ(Total, 0);
    EXPECT_EQ(Fast.Contention, 3);
    ExReleaseFastMutex(&Fast);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    for (ULONG i = 0; i < 3; i++) {
        EXPECT_EQ(Await(i), PASSIVE_LEVEL);
    }
    EXPECT_EQ(Worst, 1);
    EXPECT_EQ(Total, 120);
    EXPECT_EQ(Fast.Owner, NULL);
    EXPECT_EQ(Fast.Count, 1);
    EXPECT(ExTryToAcquireFastMutex(&Fast));
    ExReleaseFastMutex(&Fast);
    /* From APC_LEVEL it returns there. */
    {
        KIRQL Old;

        KeRaiseIrql(APC_LEVEL, &Old);
        ExAcquireFastMutex(&Fast);
        ExReleaseFastMutex(&Fast);
        EXPECT_EQ(KeGetCurrentIrql(), APC_LEVEL);
        KeLowerIrql(Old);
    }
    EndWorkers();
}

#ifdef OLD
/* XP: the count goes down from 1 with holder and waiters, and a release hands the mutex over. No source but old headers. */
static VOID
CountsDown(VOID)
{
    StartWorkers();
    ExInitializeFastMutex(&Fast);
    EXPECT_EQ(Fast.Count, 1);
    ExAcquireFastMutex(&Fast);
    EXPECT_EQ(Fast.Count, 0);
    Send(0, DoFast, NULL);
    Send(1, DoFast, NULL);
    EXPECT_EQ(Fast.Count, -2);
    EXPECT(!ExTryToAcquireFastMutex(&Fast));
    EXPECT_EQ(KeGetCurrentIrql(), APC_LEVEL);
    ExReleaseFastMutex(&Fast);
    EXPECT_EQ(Fast.Count, -1); /* the first waiter's already */
    EXPECT(!ExTryToAcquireFastMutex(&Fast));
    EXPECT_EQ(Await(0), TRUE);
    EXPECT(Busy(1));
    EXPECT_EQ(Ask(0, DoFastRelease, NULL), PASSIVE_LEVEL);
    EXPECT_EQ(Await(1), TRUE);
    Ask(1, DoFastRelease, NULL);
    EXPECT_EQ(Fast.Count, 1);
    EndWorkers();
}
#else
static KGUARDED_MUTEX Guarded;
static EX_PUSH_LOCK Push;
NTKERNELAPI VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK PushLock);

/* Not fair: a release frees the mutex, and who is there first takes it before the waiter that was woken. */
static VOID
Overtakes(VOID)
{
    StartWorkers();
    ExInitializeFastMutex(&Fast);
    Total = 0;
    ExAcquireFastMutex(&Fast);
    Send(0, DoFastPair, NULL);
    Send(1, DoFastPair, NULL);
    EXPECT(Busy(0) && Busy(1));
    ExReleaseFastMutex(&Fast);
    Await(0);
    Await(1);
    EXPECT_EQ(Total, 11);
    EXPECT_EQ(Fast.Count, 1);
    EndWorkers();
}

/* A try while a waiter is woken, or while others wait: granted only if it is free; nobody is lost. */
static LONG_PTR
DoGuardedMany(PVOID Unused)
{
    for (ULONG i = 0; i < 40; i++) {
        if ((i & 1) == 0 || !KeTryToAcquireGuardedMutex(&Guarded)) {
            KeAcquireGuardedMutex(&Guarded);
        }
        Critical();
        KeReleaseGuardedMutex(&Guarded);
    }
    return KeAreAllApcsDisabled();
}
static VOID
GuardedMutex(VOID)
{
    StartWorkers();
    KeInitializeGuardedMutex(&Guarded);
    Inside = Worst = Total = 0;
    for (ULONG i = 0; i < WORKERS; i++) {
        Workers[i].Job = DoGuardedMany;
        KeSetEvent(&Workers[i].Go, 0, FALSE);
    }
    for (ULONG i = 0; i < WORKERS; i++) {
        EXPECT_EQ(Await(i), FALSE);
    }
    EXPECT_EQ(Worst, 1);
    EXPECT_EQ(Total, 40 * WORKERS);
    EndWorkers();
}

static LONG_PTR
DoPush(PVOID Exclusive)
{
    Exclusive ? ExfAcquirePushLockExclusive(&Push) : ExfAcquirePushLockShared(&Push);
    return TRUE;
}
static LONG_PTR
DoPop(PVOID Exclusive)
{
    Exclusive ? ExfReleasePushLockExclusive(&Push) : ExfReleasePushLockShared(&Push);
    return TRUE;
}
#define YES ((PVOID)1)

/* Sharers together; an exclusive waiter keeps new sharers out, and gets it when the last sharer leaves. */
static VOID
PushLock(VOID)
{
    StartWorkers();
    KeEnterCriticalRegion();
    Push = 0;
    DoPush(NULL);
    EXPECT_EQ(Ask(0, DoPush, NULL), TRUE);
    Send(1, DoPush, YES);
    EXPECT(Busy(1));
    Send(2, DoPush, NULL); /* "an exclusive waiter blocks new shared requests" */
    EXPECT(Busy(2));
    DoPop(NULL);
    EXPECT(Busy(1) && Busy(2)); /* a sharer is left */
    Ask(0, DoPop, NULL);
    EXPECT_EQ(Await(1), TRUE);
    EXPECT(Busy(2));
    Send(3, DoPush, NULL);
    EXPECT(Busy(2) && Busy(3));
    Ask(1, DoPop, YES);
    EXPECT_EQ(Await(2), TRUE); /* sharers together again */
    EXPECT_EQ(Await(3), TRUE);
    Ask(2, DoPop, NULL);
    Send(0, DoPush, YES);
    EXPECT(Busy(0));
    Ask(3, DoPop, NULL);
    EXPECT_EQ(Await(0), TRUE);
    /* Three exclusive waiters: one after the other. */
    for (ULONG i = 1; i < 4; i++) {
        Send(i, DoPush, YES);
    }
    for (ULONG Owner = 0, Left = 3; Left != 0; Left--) {
        ULONG Waiting = 0;

        Ask(Owner, DoPop, YES);
        Workers[Owner].Argument = NULL; /* it waits for nothing */
        Sleep(2);
        for (ULONG i = 1; i < 4; i++) {
            if (Workers[i].Busy) {
                Waiting++;
            } else if (Workers[i].Job != NULL && Workers[i].Argument == YES) {
                Owner = i;
                Await(i);
                Workers[i].Argument = NULL;
            }
        }
        EXPECT_EQ(Waiting, Left - 1);
        if (Left == 1) {
            Ask(Owner, DoPop, YES);
        }
    }
    EXPECT_EQ(Push, 0);
    KeLeaveCriticalRegion();
    EndWorkers();
}

static LONG_PTR
DoPushMany(PVOID Number)
{
    for (ULONG i = 0; i < 40; i++) {
        if (((i + (ULONG)(ULONG_PTR)Number) & 1) == 0) {
            ExfAcquirePushLockExclusive(&Push);
            Critical();
            ExfReleasePushLockExclusive(&Push);
        } else {
            ExfAcquirePushLockShared(&Push);
            if (Inside != 0) {
                Worst = 9;
            }
            YieldProcessor();
            ExfReleasePushLockShared(&Push);
        }
    }
    return 0;
}
static VOID
PushLockExcludes(VOID)
{
    StartWorkers();
    Push = 0;
    Inside = Worst = Total = 0;
    for (ULONG i = 0; i < WORKERS; i++) {
        Workers[i].Job = DoPushMany;
        Workers[i].Argument = (PVOID)(ULONG_PTR)i;
        KeSetEvent(&Workers[i].Go, 0, FALSE);
    }
    for (ULONG i = 0; i < WORKERS; i++) {
        Await(i);
    }
    EXPECT_EQ(Worst, 1);
    EXPECT_EQ(Total, 20 * WORKERS);
    EXPECT_EQ(Push, 0);
    EndWorkers();
}
#endif

#ifdef FLAGS
NTKERNELAPI VOID NTAPI ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI BOOLEAN NTAPI ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI BOOLEAN NTAPI ExTryAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExReleasePushLockEx(PEX_PUSH_LOCK, ULONG);

/* ExReleasePushLock releases whichever way it is held; a try never waits. */
static LONG_PTR
DoTryPush(PVOID Exclusive)
{
    BOOLEAN Granted = Exclusive ? ExTryAcquirePushLockExclusiveEx(&Push, 0)
                                : ExTryAcquirePushLockSharedEx(&Push, 0);

    if (Granted) {
        ExReleasePushLockEx(&Push, 0);
    }
    return Granted;
}
static LONG_PTR
DoPushEx(PVOID Exclusive)
{
    Exclusive ? ExAcquirePushLockExclusiveEx(&Push, 0) : ExAcquirePushLockSharedEx(&Push, 0);
    ExReleasePushLockEx(&Push, 0);
    return TRUE;
}
static VOID
PushLockEx(VOID)
{
    EX_PUSH_LOCK Many[20];

    StartWorkers();
    KeEnterCriticalRegion();
    Push = 0;
    ExAcquirePushLockExclusiveEx(&Push, 0);
    EXPECT_EQ(Ask(0, DoTryPush, YES), FALSE);
    EXPECT_EQ(Ask(0, DoTryPush, NULL), FALSE);
    Send(1, DoPushEx, NULL);
    Send(2, DoPushEx, YES);
    EXPECT(Busy(1) && Busy(2));
    ExReleasePushLockEx(&Push, 0);
    EXPECT_EQ(Await(1), TRUE);
    EXPECT_EQ(Await(2), TRUE);
    EXPECT_EQ(Push, 0);
    ExAcquirePushLockSharedEx(&Push, 0);
    EXPECT_EQ(Ask(0, DoTryPush, YES), FALSE);
    EXPECT_EQ(Ask(0, DoTryPush, NULL), TRUE);
    Send(1, DoPushEx, YES);
    Send(2, DoPushEx, NULL);
    EXPECT(Busy(1) && Busy(2));
    ExReleasePushLockEx(&Push, 0);
    EXPECT_EQ(Await(1), TRUE);
    EXPECT_EQ(Await(2), TRUE);
    EXPECT_EQ(Push, 0);
    /* Any number may be held at once, and be released in any order. */
    for (ULONG i = 0; i < 20; i++) {
        ExInitializePushLock(&Many[i]);
        ExAcquirePushLockExclusiveEx(&Many[i], 0);
    }
    for (ULONG i = 0; i < 20; i++) {
        ExReleasePushLockEx(&Many[i * 7 % 20], 0);
    }
    for (ULONG i = 0; i < 20; i++) {
        EXPECT_EQ(Many[i], 0);
    }
    KeLeaveCriticalRegion();
    EndWorkers();
}
#endif

/* Rundown: refuses from the moment the wait begins; ends with the last holder, whoever releases. */
static LONG_PTR
DoWaitForHolders(PVOID Unused)
{
    ExWaitForRundownProtectionRelease(&Rundown);
    return TRUE;
}
static LONG_PTR
DoReleaseRundown(PVOID Unused)
{
    ExReleaseRundownProtection(&Rundown);
    return TRUE;
}
static VOID
RundownProtection(VOID)
{
    StartWorkers();
    ExInitializeRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtection(&Rundown));
    EXPECT(ExAcquireRundownProtection(&Rundown));
    EXPECT(ExAcquireRundownProtectionEx(&Rundown, 3));
    Send(0, DoWaitForHolders, NULL);
    EXPECT(Busy(0));
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    EXPECT(!ExAcquireRundownProtectionEx(&Rundown, 2));
    ExReleaseRundownProtectionEx(&Rundown, 2);
    EXPECT(Busy(0));
    ExReleaseRundownProtection(&Rundown);
    ExReleaseRundownProtection(&Rundown);
    EXPECT(Busy(0)); /* one is left of five */
    Ask(1, DoReleaseRundown, NULL);
    EXPECT_EQ(Await(0), TRUE);
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    EXPECT_EQ(Ask(0, DoWaitForHolders, NULL), TRUE); /* again: at once */
    ExRundownCompleted(&Rundown);
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    ExReInitializeRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtection(&Rundown));
    ExReleaseRundownProtection(&Rundown);
    EXPECT_EQ(Ask(0, DoWaitForHolders, NULL), TRUE); /* nobody holds it */
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    EndWorkers();
}

/* Remove locks: AndWait gives back its own, waits for the others, refuses new ones meanwhile and afterwards. */
static LONG_PTR
DoRemove(PVOID Tag)
{
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, Tag), STATUS_SUCCESS);
    IoReleaseRemoveLockAndWait(&Remove, Tag);
    return TRUE;
}
static LONG_PTR
DoReleaseRemove(PVOID Tag)
{
    IoReleaseRemoveLock(&Remove, Tag);
    return TRUE;
}
static VOID
RemoveLock(VOID)
{
    StartWorkers();
    IoInitializeRemoveLock(&Remove, 'kcoL', 0, 0);
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, (PVOID)1), STATUS_SUCCESS);
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, (PVOID)2), STATUS_SUCCESS);
    Send(0, DoRemove, (PVOID)3);
    EXPECT(Busy(0));
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, (PVOID)4), STATUS_DELETE_PENDING);
    IoReleaseRemoveLock(&Remove, (PVOID)2);
    EXPECT(Busy(0));
    Ask(1, DoReleaseRemove, (PVOID)1); /* another thread's */
    EXPECT_EQ(Await(0), TRUE);
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, (PVOID)5), STATUS_DELETE_PENDING);
    IoInitializeRemoveLock(&Remove, 'kcoL', 0, 0);
    EXPECT_EQ(Ask(0, DoRemove, (PVOID)3), TRUE); /* nobody else: at once */
    EXPECT_STATUS(IoAcquireRemoveLock(&Remove, NULL), STATUS_DELETE_PENDING);
    EndWorkers();
}

#ifdef OLD
TEST_DRIVER(TEST(FastMutex), TEST(CountsDown), TEST(RundownProtection), TEST(RemoveLock))
#elif defined(FLAGS)
TEST_DRIVER(TEST(FastMutex), TEST(Overtakes), TEST(GuardedMutex), TEST(PushLock),
            TEST(PushLockExcludes), TEST(PushLockEx), TEST(RundownProtection), TEST(RemoveLock))
#else
TEST_DRIVER(TEST(FastMutex), TEST(Overtakes), TEST(GuardedMutex), TEST(PushLock),
            TEST(PushLockExcludes), TEST(RundownProtection), TEST(RemoveLock))
#endif
