/*
 * heldoff.c - which kernel APCs run in a thread that waits for a lock, and in one that has it: each lock, acquired each way, by a thread that finds it taken. A
 * special and a normal APC are queued to it while it waits; it is asked again when it has the lock, and when it has released it.
 * [K:disabling-apcs], [DDI:wdm/exacquirefastmutex, keacquireguardedmutex], [DDI:ntddk/exentercriticalregionandacquireresourceexclusive].
 */
#include "../ntlab-test.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
NTKERNELAPI VOID FASTCALL ExEnterCriticalRegionAndAcquireFastMutexUnsafe(PFAST_MUTEX);
NTKERNELAPI VOID FASTCALL ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(PFAST_MUTEX);

enum { Fast, FastInRegion, Guarded, Exclusive, Shared, SharedLast, Mutex, Locks };

/* Whether a special one, and a normal one, may run: while it waits, and while it has the lock. */
static const BOOLEAN May[Locks][4] = {
    {FALSE, FALSE, FALSE, FALSE}, {TRUE, FALSE, TRUE, FALSE}, {FALSE, FALSE, FALSE, FALSE},
    {TRUE, FALSE, TRUE, FALSE},   {TRUE, FALSE, TRUE, FALSE}, {TRUE, FALSE, TRUE, FALSE},
    {TRUE, TRUE, TRUE, FALSE},
};

static FAST_MUTEX FastMutex;
static KGUARDED_MUTEX GuardedMutex;
static ERESOURCE Resource;
static KMUTEX KernelMutex;
static KEVENT Go;
static ULONG Lock;
static volatile LONG Ran[2], Has;
static KAPC Apcs[2];
static LARGE_INTEGER Short = {.QuadPart = -100000};

static VOID
Acquire(VOID)
{
    switch (Lock) {
    case Fast:
        ExAcquireFastMutex(&FastMutex);
        break;
    case FastInRegion:
        ExEnterCriticalRegionAndAcquireFastMutexUnsafe(&FastMutex);
        break;
    case Guarded:
        KeAcquireGuardedMutex(&GuardedMutex);
        break;
    case Exclusive:
        ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource);
        break;
    case Shared:
        ExEnterCriticalRegionAndAcquireResourceShared(&Resource);
        break;
    case SharedLast:
        ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(&Resource);
        break;
    default:
        KeWaitForSingleObject(&KernelMutex, Executive, KernelMode, FALSE, NULL);
    }
}

static VOID
Release(VOID)
{
    switch (Lock) {
    case Fast:
        ExReleaseFastMutex(&FastMutex);
        break;
    case FastInRegion:
        ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(&FastMutex);
        break;
    case Guarded:
        KeReleaseGuardedMutex(&GuardedMutex);
        break;
    case Mutex:
        KeReleaseMutex(&KernelMutex, FALSE);
        break;
    default:
        ExReleaseResourceAndLeaveCriticalRegion(&Resource);
    }
}

static VOID NTAPI
Work(PVOID Context)
{
    BOOLEAN Closed = KeAreApcsDisabled(); /* a system thread may begin in a region */

    if (Closed) {
        KeLeaveCriticalRegion();
    }
    Acquire();
    Has = TRUE;
    KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    Release();
    EXPECT(!KeAreApcsDisabled() && !KeAreAllApcsDisabled());
    KeDelayExecutionThread(KernelMode, FALSE, &Short);
    if (Closed) {
        KeEnterCriticalRegion();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Special(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (*Normal == NULL) {
        InterlockedIncrement(&Ran[0]);
    }
}

static VOID NTAPI
Normal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    InterlockedIncrement(&Ran[1]);
}

/* The lock is taken shared by nobody: this thread has all of it. */
static VOID
Take(VOID)
{
    ULONG Wanted = Lock;

    Lock = Wanted == Shared || Wanted == SharedLast ? Exclusive : Wanted;
    Acquire();
    Lock = Wanted;
}

static VOID
Each(VOID)
{
    PKTHREAD Thread;
    HANDLE Handle;

    KeInitializeEvent(&Go, SynchronizationEvent, FALSE);
    Ran[0] = Ran[1] = Has = 0;
    Take();
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Work, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, (PVOID *)&Thread,
                              NULL);
    ZwClose(Handle);
    KeDelayExecutionThread(KernelMode, FALSE, &Short);
    KeInitializeApc(&Apcs[0], Thread, 0, Special, NULL, NULL, KernelMode, NULL);
    KeInitializeApc(&Apcs[1], Thread, 0, Special, NULL, Normal, KernelMode, NULL);
    EXPECT(KeInsertQueueApc(&Apcs[1], NULL, NULL, 0));
    EXPECT(KeInsertQueueApc(&Apcs[0], NULL, NULL, 0));
    KeDelayExecutionThread(KernelMode, FALSE, &Short);
    EXPECT_EQ(Has, FALSE);
    EXPECT_EQ(Ran[0], May[Lock][0]);
    EXPECT_EQ(Ran[1], May[Lock][1]);
    Release();
    KeDelayExecutionThread(KernelMode, FALSE, &Short);
    EXPECT_EQ(Has, TRUE);
    EXPECT_EQ(Ran[0], May[Lock][0] || May[Lock][2]);
    EXPECT_EQ(Ran[1], May[Lock][1] || May[Lock][3]);
    KeSetEvent(&Go, 0, FALSE);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Ran[0], 1);
    EXPECT_EQ(Ran[1], 1);
    ObDereferenceObject(Thread);
}

static VOID
HeldOff(VOID)
{
    ExInitializeFastMutex(&FastMutex);
    KeInitializeGuardedMutex(&GuardedMutex);
    ExInitializeResourceLite(&Resource);
    KeInitializeMutex(&KernelMutex, 0);
    for (Lock = 0; Lock < Locks; Lock++) {
        Each();
    }
    ExDeleteResourceLite(&Resource);
}

TEST_DRIVER(TEST(HeldOff))
