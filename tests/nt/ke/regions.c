/*
 * regions.c - what disables APCs, and what the two questions about it answer, per version.
 * [DDI:wdm/keareapcsdisabled], [DDI:wdm/keareallapcsdisabled], [K:disabling-apcs], [S0], [S1],
 * [K:critical-regions-and-guarded-regions], [K:fast-mutexes-and-guarded-mutexes]
 * OS: 51, 52, 60, 61, 63, 100. Before Server 2003 there are no guarded regions and no KeAreAllApcsDisabled.
 */
#include "../ntlab-test.h"

#define GUARDED_RAISES (OS >= 62) /* from 8 on a guarded mutex is a fast mutex */

static KEVENT Ready, Done;
static KMUTEX Mutex;
static FAST_MUTEX FastMutex;
static ERESOURCE Resource;
static KSPIN_LOCK SpinLock;
#if OS >= 52
static KGUARDED_MUTEX GuardedMutex;
#define ALL_DISABLED KeAreAllApcsDisabled()
#else
#define ALL_DISABLED (KeGetCurrentIrql() >= APC_LEVEL)
#endif

/* Both answers, and the IRQL. */
#define STATE(Apcs, All, Irql)                                                                     \
    do {                                                                                           \
        EXPECT_EQ(KeAreApcsDisabled() != 0, Apcs);                                                 \
        EXPECT_EQ(ALL_DISABLED != 0, All);                                                         \
        EXPECT_EQ(KeGetCurrentIrql(), Irql);                                                       \
    } while (0)

static VOID
Nothing(VOID)
{
    STATE(0, 0, PASSIVE_LEVEL);
}

static VOID
Critical(VOID)
{
    KeEnterCriticalRegion();
    STATE(1, 0, PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    STATE(1, 0, PASSIVE_LEVEL); /* they are counted */
    KeLeaveCriticalRegion();
    STATE(0, 0, PASSIVE_LEVEL);
    FsRtlEnterFileSystem();
    STATE(1, 0, PASSIVE_LEVEL);
    FsRtlExitFileSystem();
    STATE(0, 0, PASSIVE_LEVEL);
}

static VOID
Irql(VOID)
{
    KIRQL Old;

    KeRaiseIrql(APC_LEVEL, &Old);
    STATE(0, 1, APC_LEVEL); /* KeAreApcsDisabled does not look at the IRQL [S1] */
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    STATE(0, 1, DISPATCH_LEVEL);
    KeLowerIrql(PASSIVE_LEVEL);
    STATE(0, 0, PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    KeRaiseIrql(APC_LEVEL, &Old);
    STATE(1, 1, APC_LEVEL);
    KeLeaveCriticalRegion(); /* allowed at APC_LEVEL */
    STATE(0, 1, APC_LEVEL);
    KeLowerIrql(Old);
}

#if OS >= 52
static VOID
Guarded(VOID)
{
    KeEnterGuardedRegion();
    STATE(1, 1, PASSIVE_LEVEL);
    KeEnterGuardedRegion();
    KeLeaveGuardedRegion();
    STATE(1, 1, PASSIVE_LEVEL);
    KeLeaveGuardedRegion();
    STATE(0, 0, PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    KeLeaveCriticalRegion(); /* they need not nest */
    STATE(1, 1, PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    KeLeaveGuardedRegion();
    STATE(1, 0, PASSIVE_LEVEL);
    KeLeaveCriticalRegion();
    STATE(0, 0, PASSIVE_LEVEL);
}

static VOID
GuardedMutexes(VOID)
{
    KeInitializeGuardedMutex(&GuardedMutex);
    KeAcquireGuardedMutex(&GuardedMutex);
    STATE(!GUARDED_RAISES, 1, GUARDED_RAISES ? APC_LEVEL : PASSIVE_LEVEL);
    KeReleaseGuardedMutex(&GuardedMutex);
    STATE(0, 0, PASSIVE_LEVEL);
    EXPECT(KeTryToAcquireGuardedMutex(&GuardedMutex));
    STATE(!GUARDED_RAISES, 1, GUARDED_RAISES ? APC_LEVEL : PASSIVE_LEVEL);
    KeReleaseGuardedMutex(&GuardedMutex);
    STATE(0, 0, PASSIVE_LEVEL);
    KeEnterGuardedRegion(); /* the Unsafe forms leave it to the caller */
    KeAcquireGuardedMutexUnsafe(&GuardedMutex);
    STATE(1, 1, PASSIVE_LEVEL);
    KeReleaseGuardedMutexUnsafe(&GuardedMutex);
    STATE(1, 1, PASSIVE_LEVEL);
    KeLeaveGuardedRegion();
    STATE(0, 0, PASSIVE_LEVEL);
}
#endif

static VOID
OtherLocks(VOID)
{
    KIRQL Old;

    KeInitializeMutex(&Mutex, 0);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    STATE(1, 0, PASSIVE_LEVEL); /* a mutex is a critical region [K:disabling-apcs] */
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    KeReleaseMutex(&Mutex, FALSE);
    STATE(1, 0, PASSIVE_LEVEL);
    KeReleaseMutex(&Mutex, FALSE);
    STATE(0, 0, PASSIVE_LEVEL);
    ExInitializeFastMutex(&FastMutex);
    ExAcquireFastMutex(&FastMutex);
    STATE(0, 1, APC_LEVEL);
    ExReleaseFastMutex(&FastMutex);
    STATE(0, 0, PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&FastMutex);
    STATE(1, 0, PASSIVE_LEVEL);
    ExReleaseFastMutexUnsafe(&FastMutex);
    KeLeaveCriticalRegion();
    ExInitializeResourceLite(&Resource);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    STATE(1, 0, PASSIVE_LEVEL); /* what the caller did, nothing more [S0] */
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    STATE(0, 0, PASSIVE_LEVEL);
#if OS >= 60
    ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource);
    STATE(1, 0, PASSIVE_LEVEL);
    ExReleaseResourceAndLeaveCriticalRegion(&Resource);
    STATE(0, 0, PASSIVE_LEVEL);
#endif
    ExDeleteResourceLite(&Resource);
    KeInitializeSpinLock(&SpinLock);
    KeAcquireSpinLock(&SpinLock, &Old);
    STATE(0, 1, DISPATCH_LEVEL);
    KeReleaseSpinLock(&SpinLock, Old);
    STATE(0, 0, PASSIVE_LEVEL);
}

static BOOLEAN Inside[2];

static VOID NTAPI
Thread(PVOID Context)
{
    Inside[0] = KeAreApcsDisabled(); /* a new system thread [DDI:wdm/pscreatesystemthread] */
    KeLeaveCriticalRegion();
    Inside[1] = KeAreApcsDisabled();
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    KeEnterCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Regions belong to one thread: they are no lock. */
static VOID
NotALock(VOID)
{
    HANDLE Handle;

    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeEnterCriticalRegion();
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread, NULL);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL); /* it is not held up */
    EXPECT(Inside[0]);
    EXPECT(!Inside[1]);
    STATE(1, 0, PASSIVE_LEVEL); /* waiting changed nothing */
    KeSetEvent(&Done, 0, FALSE);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    ZwClose(Handle);
    KeLeaveCriticalRegion();
    STATE(0, 0, PASSIVE_LEVEL);
}

static VOID
CountsDeeply(VOID)
{
    for (int Index = 0; Index < 100; Index++) {
        KeEnterCriticalRegion();
    }
    for (int Index = 0; Index < 99; Index++) {
        KeLeaveCriticalRegion();
    }
    STATE(1, 0, PASSIVE_LEVEL);
    KeLeaveCriticalRegion();
    STATE(0, 0, PASSIVE_LEVEL);
}

#if OS == 51 || OS == 52
/* The two bodies that [S1] shows, on x64: after the nine bytes that load the current thread. */
static VOID
Body(VOID)
{
    static const UCHAR Xor[] = {0x33, 0xC9}, XorToo[] = {0x31, 0xC9}, Compare[] = {0x83, 0xB8};
    const UCHAR *Code = (const UCHAR *)KeAreApcsDisabled;
    BOOLEAN Old =
        RtlCompareMemory(Code + 9, Xor, 2) == 2 || RtlCompareMemory(Code + 9, XorToo, 2) == 2;

    EXPECT_EQ(Old, OS == 51);
    EXPECT_EQ(RtlCompareMemory(Code + 9, Compare, 2) == 2, OS == 52);
}
#endif

TEST_DRIVER(TEST(Nothing), TEST(Critical), TEST(Irql),
#if OS >= 52
            TEST(Guarded), TEST(GuardedMutexes),
#endif
#if OS == 51 || OS == 52
            TEST(Body),
#endif
            TEST(OtherLocks), TEST(NotALock), TEST(CountsDeeply))
