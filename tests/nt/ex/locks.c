/*
 * locks.c - fast mutexes, guarded mutexes, push locks, rundown protection, interlocked lists.
 */
#include "../threads.h"

NTKERNELAPI VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK PushLock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK PushLock);

static FAST_MUTEX Mutex;
static KGUARDED_MUTEX Guarded;
static EX_PUSH_LOCK Push;
static EX_RUNDOWN_REF Rundown;
static volatile LONG Inside, Worst, Total, Holding;

static VOID
Pause(VOID)
{
    LARGE_INTEGER Delay = {.QuadPart = -10000};

    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
}

static VOID
Critical(VOID)
{
    LONG Now = InterlockedIncrement(&Inside);

    if (Now > Worst) {
        Worst = Now;
    }
    KeQueryPerformanceCounter(NULL); /* a place where another thread may run */
    InterlockedDecrement(&Inside);
    Total++;
}

/* "sets the IRQL to APC_LEVEL ... ExReleaseFastMutex restores the original IRQL" [DDI:wdm/exacquirefastmutex] */
static VOID
FastMutexIrql(VOID)
{
    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
    EXPECT_EQ(KeGetCurrentIrql(), APC_LEVEL);
    EXPECT(KeAreAllApcsDisabled());
    ExReleaseFastMutex(&Mutex);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(ExTryToAcquireFastMutex(&Mutex));
    EXPECT_EQ(KeGetCurrentIrql(), APC_LEVEL);
    EXPECT(!ExTryToAcquireFastMutex(
        &Mutex)); /* "FALSE if it is already acquired" [DDI:wdm/exacquirefastmutex] */
    ExReleaseFastMutex(&Mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&Mutex);
    EXPECT_EQ(KeGetCurrentIrql(),
              PASSIVE_LEVEL); /* no IRQL change [DDI:wdm/exacquirefastmutexunsafe] */
    ExReleaseFastMutexUnsafe(&Mutex);
    KeLeaveCriticalRegion();
}

static VOID NTAPI
FastThread(PVOID Context)
{
    for (ULONG i = 0; i < 50; i++) {
        ExAcquireFastMutex(&Mutex);
        Critical();
        ExReleaseFastMutex(&Mutex);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
GuardedThread(PVOID Context)
{
    for (ULONG i = 0; i < 50; i++) {
        KeAcquireGuardedMutex(&Guarded);
        Critical();
        KeReleaseGuardedMutex(&Guarded);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
PushThread(PVOID Context)
{
    for (ULONG i = 0; i < 50; i++) {
        KeEnterCriticalRegion();
        ExfAcquirePushLockExclusive(&Push);
        Critical();
        ExfReleasePushLockExclusive(&Push);
        ExfAcquirePushLockShared(&Push);
        KeQueryPerformanceCounter(NULL);
        ExfReleasePushLockShared(&Push);
        KeLeaveCriticalRegion();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Exclude(PKSTART_ROUTINE Routine)
{
    PVOID Threads[4];

    Inside = Worst = Total = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Threads); i++) {
        Threads[i] = StartThread(Routine, NULL);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Threads); i++) {
        JoinThread(Threads[i]);
    }
    EXPECT_EQ(Worst, 1);
    EXPECT_EQ(Total, 200);
}

static VOID
FastMutexExcludes(VOID)
{
    ExInitializeFastMutex(&Mutex);
    Exclude(FastThread);
}

/* From Windows 8 on a guarded mutex is a fast mutex; before, it opens a guarded region [K:fast-mutexes-and-guarded-mutexes] */
static VOID
GuardedMutexDisablesApcs(VOID)
{
    KeInitializeGuardedMutex(&Guarded);
    KeAcquireGuardedMutex(&Guarded);
    EXPECT(KeAreAllApcsDisabled());
    WINDOWS_MAY(KeGetCurrentIrql() == APC_LEVEL, KeGetCurrentIrql() == PASSIVE_LEVEL);
    EXPECT(!KeTryToAcquireGuardedMutex(&Guarded));
    KeReleaseGuardedMutex(&Guarded);
    EXPECT(!KeAreAllApcsDisabled());
    EXPECT(KeTryToAcquireGuardedMutex(&Guarded));
    KeReleaseGuardedMutex(&Guarded);
    EXPECT(!KeAreAllApcsDisabled());
    Exclude(GuardedThread);
}

static VOID
PushLockExcludes(VOID)
{
    Push = 0;
    Exclude(PushThread);
    EXPECT_EQ(Push, 0);
}

/* FALSE once rundown has begun; the wait returns when the last holder has released [DDI:wdm/exwaitforrundownprotectionrelease] */
static VOID NTAPI
RundownHolder(PVOID Context)
{
    Inside = ExAcquireRundownProtection(&Rundown);
    InterlockedIncrement(&Holding);
    Pause();
    Total = 1;
    ExReleaseRundownProtection(&Rundown);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
RundownWaits(VOID)
{
    PVOID Thread;

    Holding = 0;
    Total = 0;
    ExInitializeRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtection(&Rundown));
    ExReleaseRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtectionEx(&Rundown, 3));
    ExReleaseRundownProtectionEx(&Rundown, 3);
    Thread = StartThread(RundownHolder, NULL);
    while (Holding == 0) {
        Pause();
    }
    EXPECT_EQ(Inside, TRUE);
    ExWaitForRundownProtectionRelease(&Rundown);
    EXPECT_EQ(Total, 1);
    JoinThread(Thread);
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    ExWaitForRundownProtectionRelease(&Rundown); /* a second wait returns at once */
    ExRundownCompleted(&Rundown);
    EXPECT(!ExAcquireRundownProtection(&Rundown));
    ExReInitializeRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtection(
        &Rundown)); /* "can be used again" [DDI:wdm/exreinitializerundownprotection] */
    ExReleaseRundownProtection(&Rundown);
}

static VOID
RundownCacheAware(VOID)
{
    PEX_RUNDOWN_REF_CACHE_AWARE Ref = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, 'nuRT');

    EXPECT(Ref != NULL);
    EXPECT(ExAcquireRundownProtectionCacheAware(Ref));
    ExReleaseRundownProtectionCacheAware(Ref);
    ExWaitForRundownProtectionReleaseCacheAware(Ref);
    EXPECT(!ExAcquireRundownProtectionCacheAware(Ref));
    ExFreeCacheAwareRundownProtection(Ref);
}

/* The previous first or last entry, NULL if the list was empty [DDI:wdm/exinterlockedinsertheadlist] */
static VOID
InterlockedLists(VOID)
{
    LIST_ENTRY Head, A, B;
    SINGLE_LIST_ENTRY Single = {NULL}, S, T;
    LARGE_INTEGER Sum = {.QuadPart = 5}, Increment = {.QuadPart = 7};
    ULONG Long = 5;
    KSPIN_LOCK Lock;

    KeInitializeSpinLock(&Lock);
    InitializeListHead(&Head);
    EXPECT(ExInterlockedInsertHeadList(&Head, &A, &Lock) == NULL);
    EXPECT(ExInterlockedInsertTailList(&Head, &B, &Lock) == &A);
    EXPECT(ExInterlockedRemoveHeadList(&Head, &Lock) == &A);
    EXPECT(ExInterlockedInsertHeadList(&Head, &A, &Lock) == &B);
    EXPECT(ExInterlockedRemoveHeadList(&Head, &Lock) == &A);
    EXPECT(ExInterlockedRemoveHeadList(&Head, &Lock) == &B);
    EXPECT(ExInterlockedRemoveHeadList(&Head, &Lock) == NULL);
    EXPECT(ExInterlockedPushEntryList(&Single, &S, &Lock) == NULL);
    EXPECT(ExInterlockedPushEntryList(&Single, &T, &Lock) == &S);
    EXPECT(ExInterlockedPopEntryList(&Single, &Lock) == &T);
    EXPECT(ExInterlockedPopEntryList(&Single, &Lock) == &S);
    EXPECT(ExInterlockedPopEntryList(&Single, &Lock) == NULL);
    EXPECT_EQ(ExInterlockedAddLargeInteger(&Sum, Increment, &Lock).QuadPart,
              5); /* the initial value */
    EXPECT_EQ(Sum.QuadPart, 12);
    EXPECT_EQ(ExInterlockedAddUlong(&Long, 7, &Lock), 5);
    EXPECT_EQ(Long, 12);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

TEST_DRIVER(TEST(FastMutexIrql), TEST(FastMutexExcludes), TEST(GuardedMutexDisablesApcs),
            TEST(PushLockExcludes), TEST(RundownWaits), TEST(RundownCacheAware),
            TEST(InterlockedLists))
