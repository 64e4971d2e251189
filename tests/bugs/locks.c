/*
 * locks.c - bugs of locks.
 */
#include "bug.h"

typedef struct _STATE {
    ERESOURCE Resource;
    FAST_MUTEX First, Second;
    KMUTEX Kernel;
    KSPIN_LOCK Spin, Other;
} STATE;
static STATE State;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    ExInitializeResourceLite(&State.Resource);
    ExInitializeFastMutex(&State.First);
    ExInitializeFastMutex(&State.Second);
    KeInitializeMutex(&State.Kernel, 0);
    KeInitializeSpinLock(&State.Spin);
    KeInitializeSpinLock(&State.Other);
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
    ExDeleteResourceLite(&State.Resource);
}

/* What a driver's helper does without knowing who calls it. */
static DECLSPEC_NOINLINE VOID
CountRequest(VOID)
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&State.Spin, &OldIrql); /* BUG(21) */
    KeReleaseSpinLock(&State.Spin, OldIrql);
}

static DECLSPEC_NOINLINE VOID
SpinThenOther(VOID)
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&State.Spin, &OldIrql);
    KeAcquireSpinLockAtDpcLevel(&State.Other);
    KeReleaseSpinLockFromDpcLevel(&State.Other);
    KeReleaseSpinLock(&State.Spin, OldIrql);
}

static DECLSPEC_NOINLINE VOID
OtherThenSpin(VOID)
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&State.Other, &OldIrql);
    KeAcquireSpinLockAtDpcLevel(&State.Spin); /* BUG(23) */
    KeReleaseSpinLockFromDpcLevel(&State.Spin);
    KeReleaseSpinLock(&State.Other, OldIrql);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KIRQL OldIrql, Older;

    (VOID) OldIrql, (VOID)Older;
#if EITHER(20)
    /* The spin lock is not released where the queue is empty. */
    KeAcquireSpinLock(&State.Spin, &OldIrql); /* BUG(20) */
    if (HAS(20) && Stack->Parameters.DeviceIoControl.OutputBufferLength < 4096) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    KeReleaseSpinLock(&State.Spin, OldIrql);
#elif EITHER(21)
    /* A helper takes the lock that its caller already holds. */
    if (HAS(21)) {
        KeAcquireSpinLock(&State.Spin, &OldIrql);
        CountRequest();
        KeReleaseSpinLock(&State.Spin, OldIrql);
    } else {
        CountRequest();
    }
#elif EITHER(22)
    /* The error path releases a lock that it has not acquired yet. */
    KeAcquireSpinLock(&State.Other, &OldIrql);
    if (HAS(22)) {
        KeReleaseSpinLockFromDpcLevel(&State.Spin); /* BUG(22) */
    }
    KeReleaseSpinLock(&State.Other, OldIrql);
#elif EITHER(23)
    /* Two spin locks, in one order for reads and in the other for writes. */
    if (Stack->MajorFunction != IRP_MJ_WRITE || CASE != 23) {
        SpinThenOther();
    } else {
        OtherThenSpin();
    }
#elif EITHER(24)
    /* A resource and a fast mutex, which Driver Verifier would not connect. */
    KeEnterCriticalRegion();
    if (Stack->MajorFunction != IRP_MJ_WRITE || CASE != 24) {
        ExAcquireResourceExclusiveLite(&State.Resource, TRUE);
        ExAcquireFastMutex(&State.First);
        ExReleaseFastMutex(&State.First);
        ExReleaseResourceLite(&State.Resource);
    } else {
        ExAcquireFastMutex(&State.First);
        ExAcquireResourceExclusiveLite(&State.Resource, TRUE); /* BUG(24) */
        ExReleaseResourceLite(&State.Resource);
        ExReleaseFastMutex(&State.First);
    }
    KeLeaveCriticalRegion();
#elif CASE == 525
    /* Both orders, but always under a third lock: no deadlock. */
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&State.Resource, TRUE);
    if (Stack->MajorFunction == IRP_MJ_WRITE) {
        ExAcquireFastMutex(&State.First);
        ExAcquireFastMutex(&State.Second);
        ExReleaseFastMutex(&State.Second);
        ExReleaseFastMutex(&State.First);
    } else {
        ExAcquireFastMutex(&State.Second);
        ExAcquireFastMutex(&State.First);
        ExReleaseFastMutex(&State.First);
        ExReleaseFastMutex(&State.Second);
    }
    ExReleaseResourceLite(&State.Resource);
    KeLeaveCriticalRegion();
#elif EITHER(26)
    /* A fast mutex that a callee acquires once more. */
    ExAcquireFastMutex(&State.First);
    if (HAS(26)) {
        ExAcquireFastMutex(&State.First); /* BUG(26) */
        ExReleaseFastMutex(&State.First);
    }
    ExReleaseFastMutex(&State.First);
#elif EITHER(27)
    /* Shared, then exclusive, without a release in between. */
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&State.Resource, TRUE);
    if (HAS(27)) {
        ExAcquireResourceExclusiveLite(&State.Resource, TRUE); /* BUG(27) */
        ExReleaseResourceLite(&State.Resource);
    }
    ExReleaseResourceLite(&State.Resource);
    KeLeaveCriticalRegion();
#elif EITHER(28)
    /* The resource is kept when the request fails. */
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&State.Resource, TRUE); /* BUG(28) */
    if (!HAS(28)) {
        ExReleaseResourceLite(&State.Resource);
    }
    KeLeaveCriticalRegion();
#elif EITHER(29)
    /* A lock is freed with its owner's memory while it is held. */
    PFAST_MUTEX Mutex = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Mutex), 'kcoL');

    if (Mutex != NULL) {
        ExInitializeFastMutex(Mutex);
        ExAcquireFastMutex(Mutex);
        if (!HAS(29)) {
            ExReleaseFastMutex(Mutex);
        }
        ExFreePoolWithTag(Mutex, 'kcoL'); /* BUG(29) */
    }
#elif EITHER(30)
    /* A context with a resource in it is freed, and the resource is not deleted. */
    PERESOURCE Resource = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Resource), 'kcoL');

    if (Resource != NULL) {
        ExInitializeResourceLite(Resource);
        if (!HAS(30)) {
            ExDeleteResourceLite(Resource);
        }
        ExFreePoolWithTag(Resource, 'kcoL'); /* BUG(30) */
    }
#elif EITHER(31)
    /* Initialized on each open instead of once. */
    if (HAS(31)) {
        ExInitializeResourceLite(&State.Resource); /* BUG(31) */
    }
#elif EITHER(32)
    /* A mutex is released by a path that has not acquired it. */
    if (!HAS(32)) {
        ExAcquireFastMutex(&State.Second);
    } else {
        KeRaiseIrql(APC_LEVEL, &OldIrql);
    }
    ExReleaseFastMutex(&State.Second); /* BUG(32) */
#elif EITHER(33)
    /* In-stack queued: the handle is used, the lock is not released on the way out. */
    KLOCK_QUEUE_HANDLE Handle;

    KeAcquireInStackQueuedSpinLock(&State.Spin, &Handle); /* BUG(33) */
    if (!HAS(33)) {
        KeReleaseInStackQueuedSpinLock(&Handle);
    } else {
        KeLowerIrql(Handle.OldIrql);
    }
#elif EITHER(34)
    /* A KMUTEX and a fast mutex in both orders. */
    if (Stack->MajorFunction != IRP_MJ_WRITE || CASE != 34) {
        KeWaitForSingleObject(&State.Kernel, Executive, KernelMode, FALSE, NULL);
        ExAcquireFastMutex(&State.First);
        ExReleaseFastMutex(&State.First);
        KeReleaseMutex(&State.Kernel, FALSE);
    } else {
        ExAcquireFastMutex(&State.First);
        KeWaitForSingleObject(&State.Kernel, Executive, KernelMode, FALSE, NULL); /* BUG(34) */
        KeReleaseMutex(&State.Kernel, FALSE);
        ExReleaseFastMutex(&State.First);
    }
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
