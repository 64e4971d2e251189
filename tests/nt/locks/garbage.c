/*
 * garbage.c - what an initialisation leaves does not depend on what the memory held before: each routine "initializes" its
 * object in "caller-supplied storage" [DDI:wdm/keinitializeevent, keinitializesemaphore, keinitializemutex,
 * keinitializetimerex, keinitializespinlock, keinitializedpc, exinitializerundownprotection, exinitializefastmutex,
 * keinitializeguardedmutex, exinitializeresourcelite], [DDI:ntifs/keinitializequeue].
 */
#include "../ntlab-test.h"

static LARGE_INTEGER Poll; /* zero */
static volatile LONG Ran;

#define GARBAGE(Object) RtlFillMemory(&(Object), sizeof(Object), 0xA5)

static NTSTATUS
Polled(PVOID Object)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &Poll);
}

static VOID
Events(VOID)
{
    KEVENT Event;

    GARBAGE(Event);
    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    EXPECT_STATUS(Polled(&Event), STATUS_SUCCESS);
    EXPECT_STATUS(Polled(&Event), STATUS_TIMEOUT);
    EXPECT_EQ(KeSetEvent(&Event, 0, FALSE), 0);
    GARBAGE(Event);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_EQ(KeReadStateEvent(&Event), 0);
}

static VOID
Semaphores(VOID)
{
    KSEMAPHORE Semaphore;

    GARBAGE(Semaphore);
    KeInitializeSemaphore(&Semaphore, 1, 2);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 1);
    EXPECT_STATUS(Polled(&Semaphore), STATUS_SUCCESS);
    EXPECT_STATUS(Polled(&Semaphore), STATUS_TIMEOUT);
    EXPECT_EQ(KeReleaseSemaphore(&Semaphore, 0, 2, FALSE), 0);
    EXPECT_RAISES(KeReleaseSemaphore(&Semaphore, 0, 1, FALSE), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
}

static VOID
Mutexes(VOID)
{
    KMUTEX Mutex;

    GARBAGE(Mutex);
    KeInitializeMutex(&Mutex, 0);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EXPECT_STATUS(Polled(&Mutex), STATUS_SUCCESS); /* and not STATUS_ABANDONED */
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), 0);
    EXPECT(!KeAreApcsDisabled());
}

static VOID NTAPI
Routine(PKDPC Dpc, PVOID Context, PVOID First, PVOID Second)
{
    InterlockedIncrement(&Ran);
}

static VOID
TimersAndDpcs(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -1000};
    KTIMER Timer;
    KDPC Dpc;

    GARBAGE(Timer);
    GARBAGE(Dpc);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    EXPECT(!KeReadStateTimer(&Timer));
    EXPECT(!KeCancelTimer(&Timer)); /* it is in no queue */
    KeInitializeDpc(&Dpc, Routine, NULL);
    EXPECT(!KeRemoveQueueDpc(&Dpc)); /* nor is that */
    Ran = 0;
    EXPECT(!KeSetTimer(&Timer, Due, &Dpc));
    KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL);
    KeFlushQueuedDpcs();
    EXPECT_EQ(Ran, 1);
    EXPECT(KeInsertQueueDpc(&Dpc, NULL, NULL));
    KeFlushQueuedDpcs();
    EXPECT_EQ(Ran, 2);
}

static VOID
Queues(VOID)
{
    LIST_ENTRY Entry;
    KQUEUE Queue;

    GARBAGE(Queue);
    KeInitializeQueue(&Queue, 1);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    EXPECT_EQ((ULONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Poll), STATUS_TIMEOUT);
    EXPECT_EQ(KeInsertQueue(&Queue, &Entry), 0);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, &Poll), &Entry);
    EXPECT_EQ(KeRundownQueue(&Queue), NULL);
}

static VOID
Locks(VOID)
{
    FAST_MUTEX Fast;
    KSPIN_LOCK Spin;
    ERESOURCE Resource;
    EX_RUNDOWN_REF Rundown;
    KIRQL OldIrql;

    GARBAGE(Spin);
    KeInitializeSpinLock(&Spin);
    KeAcquireSpinLock(&Spin, &OldIrql);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseSpinLock(&Spin, OldIrql);

    GARBAGE(Fast);
    ExInitializeFastMutex(&Fast);
    EXPECT(ExTryToAcquireFastMutex(&Fast));
    ExReleaseFastMutex(&Fast);

    GARBAGE(Rundown);
    ExInitializeRundownProtection(&Rundown);
    EXPECT(ExAcquireRundownProtection(&Rundown));
    ExReleaseRundownProtection(&Rundown);
    ExWaitForRundownProtectionRelease(&Rundown); /* nobody holds it */
    EXPECT(!ExAcquireRundownProtection(&Rundown));

    GARBAGE(Resource);
    EXPECT_STATUS(ExInitializeResourceLite(&Resource), STATUS_SUCCESS);
    KeEnterCriticalRegion();
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 0);
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 0);
    EXPECT(!ExIsResourceAcquiredSharedLite(&Resource));
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 1);
    ExReleaseResourceLite(&Resource);
    EXPECT(ExAcquireResourceSharedLite(&Resource, FALSE));
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    EXPECT_STATUS(ExDeleteResourceLite(&Resource), STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Events), TEST(Semaphores), TEST(Mutexes), TEST(TimersAndDpcs), TEST(Queues),
            TEST(Locks))
