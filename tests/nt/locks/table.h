/* clang-format off */
/* Made by tools/gen_locks.py from locks.table. */
enum { OnNt51, OnWs2003, OnVista, OnWin7, OnWin8, OnWin10, OnWin11, Systems };

/* X(routine, first system that exports it) */
#define LOCK_ROUTINES(X) \
    X(ExAcquireFastMutex, 0) \
    X(ExAcquireFastMutexUnsafe, 0) \
    X(ExAcquirePushLockExclusiveEx, 4) \
    X(ExAcquirePushLockSharedEx, 4) \
    X(ExAcquireResourceExclusiveLite, 0) \
    X(ExAcquireResourceSharedLite, 0) \
    X(ExAcquireRundownProtection, 0) \
    X(ExAcquireRundownProtectionCacheAware, 1) \
    X(ExAcquireRundownProtectionCacheAwareEx, 1) \
    X(ExAcquireRundownProtectionEx, 0) \
    X(ExAcquireSharedStarveExclusive, 0) \
    X(ExAcquireSharedWaitForExclusive, 0) \
    X(ExAcquireSpinLockExclusive, 2) \
    X(ExAcquireSpinLockExclusiveAtDpcLevel, 2) \
    X(ExAcquireSpinLockShared, 2) \
    X(ExAcquireSpinLockSharedAtDpcLevel, 2) \
    X(ExConvertExclusiveToSharedLite, 0) \
    X(ExDeleteResourceLite, 0) \
    X(ExEnterCriticalRegionAndAcquireFastMutexUnsafe, 2) \
    X(ExEnterCriticalRegionAndAcquireResourceExclusive, 2) \
    X(ExEnterCriticalRegionAndAcquireResourceShared, 2) \
    X(ExEnterCriticalRegionAndAcquireSharedWaitForExclusive, 2) \
    X(ExGetExclusiveWaiterCount, 0) \
    X(ExGetSharedWaiterCount, 0) \
    X(ExInitializePushLock, 0) \
    X(ExInitializeResourceLite, 0) \
    X(ExInitializeRundownProtection, 0) \
    X(ExIsResourceAcquiredExclusiveLite, 0) \
    X(ExIsResourceAcquiredSharedLite, 0) \
    X(ExReInitializeRundownProtection, 0) \
    X(ExReInitializeRundownProtectionCacheAware, 1) \
    X(ExReinitializeResourceLite, 0) \
    X(ExReleaseFastMutex, 0) \
    X(ExReleaseFastMutexUnsafe, 0) \
    X(ExReleaseFastMutexUnsafeAndLeaveCriticalRegion, 2) \
    X(ExReleasePushLockExclusiveEx, 4) \
    X(ExReleasePushLockSharedEx, 4) \
    X(ExReleaseResourceAndLeaveCriticalRegion, 2) \
    X(ExReleaseResourceForThreadLite, 0) \
    X(ExReleaseResourceLite, 0) \
    X(ExReleaseRundownProtection, 0) \
    X(ExReleaseRundownProtectionCacheAware, 1) \
    X(ExReleaseRundownProtectionCacheAwareEx, 1) \
    X(ExReleaseRundownProtectionEx, 0) \
    X(ExReleaseSpinLockExclusive, 2) \
    X(ExReleaseSpinLockExclusiveFromDpcLevel, 2) \
    X(ExReleaseSpinLockShared, 2) \
    X(ExReleaseSpinLockSharedFromDpcLevel, 2) \
    X(ExRundownCompleted, 0) \
    X(ExRundownCompletedCacheAware, 1) \
    X(ExSetResourceOwnerPointer, 0) \
    X(ExSetResourceOwnerPointerEx, 3) \
    X(ExTryAcquirePushLockExclusiveEx, 4) \
    X(ExTryAcquirePushLockSharedEx, 4) \
    X(ExTryConvertSharedSpinLockExclusive, 2) \
    X(ExTryToAcquireFastMutex, 0) \
    X(ExWaitForRundownProtectionRelease, 0) \
    X(ExWaitForRundownProtectionReleaseCacheAware, 1) \
    X(ExfAcquirePushLockExclusive, 1) \
    X(ExfReleasePushLockExclusive, 1) \
    X(IoAcquireCancelSpinLock, 0) \
    X(IoAcquireRemoveLockEx, 0) \
    X(IoInitializeRemoveLockEx, 0) \
    X(IoReleaseCancelSpinLock, 0) \
    X(IoReleaseRemoveLockAndWaitEx, 0) \
    X(IoReleaseRemoveLockEx, 0) \
    X(KeAcquireGuardedMutex, 1) \
    X(KeAcquireGuardedMutexUnsafe, 1) \
    X(KeAcquireInStackQueuedSpinLock, 0) \
    X(KeAcquireInStackQueuedSpinLockAtDpcLevel, 0) \
    X(KeAcquireInStackQueuedSpinLockForDpc, 2) \
    X(KeAcquireInterruptSpinLock, 0) \
    X(KeAcquireSpinLockAtDpcLevel, 0) \
    X(KeAcquireSpinLockForDpc, 2) \
    X(KeAcquireSpinLockRaiseToDpc, 0) \
    X(KeCancelTimer, 0) \
    X(KeClearEvent, 0) \
    X(KeInitializeEvent, 0) \
    X(KeInitializeGuardedMutex, 1) \
    X(KeInitializeMutex, 0) \
    X(KeInitializeQueue, 0) \
    X(KeInitializeSemaphore, 0) \
    X(KeInitializeSpinLock, 0) \
    X(KeInitializeTimerEx, 0) \
    X(KeInsertHeadQueue, 0) \
    X(KeInsertQueue, 0) \
    X(KePulseEvent, 0) \
    X(KeReadStateEvent, 0) \
    X(KeReadStateMutex, 0) \
    X(KeReadStateQueue, 0) \
    X(KeReadStateSemaphore, 0) \
    X(KeReadStateTimer, 0) \
    X(KeReleaseGuardedMutex, 1) \
    X(KeReleaseGuardedMutexUnsafe, 1) \
    X(KeReleaseInStackQueuedSpinLock, 0) \
    X(KeReleaseInStackQueuedSpinLockForDpc, 2) \
    X(KeReleaseInStackQueuedSpinLockFromDpcLevel, 0) \
    X(KeReleaseInterruptSpinLock, 0) \
    X(KeReleaseMutex, 0) \
    X(KeReleaseSemaphore, 0) \
    X(KeReleaseSpinLock, 0) \
    X(KeReleaseSpinLockForDpc, 2) \
    X(KeReleaseSpinLockFromDpcLevel, 0) \
    X(KeResetEvent, 0) \
    X(KeRundownQueue, 0) \
    X(KeSetCoalescableTimer, 3) \
    X(KeSetEvent, 0) \
    X(KeSetTimer, 0) \
    X(KeSetTimerEx, 0) \
    X(KeTestSpinLock, 1) \
    X(KeTryToAcquireGuardedMutex, 1) \
    X(KeTryToAcquireSpinLockAtDpcLevel, 1) \
    X(KeWaitForSingleObject, 0)

/* X(routine, first system, highest IRQL) */
#define LOCK_CALLS(X) \
    X(KeInitializeSpinLock, 0, 15) \
    X(KeTestSpinLock, 1, 15) \
    X(ExTryConvertSharedSpinLockExclusive, 2, 2) \
    X(KeInitializeMutex, 0, 15) \
    X(KeReadStateMutex, 0, 2) \
    X(KeInitializeGuardedMutex, 1, 1) \
    X(ExInitializeResourceLite, 0, 2) \
    X(ExReinitializeResourceLite, 0, 2) \
    X(ExDeleteResourceLite, 0, 1) \
    X(ExConvertExclusiveToSharedLite, 0, 1) \
    X(ExReleaseResourceForThreadLite, 0, 2) \
    X(ExSetResourceOwnerPointer, 0, 2) \
    X(ExSetResourceOwnerPointerEx, 3, 2) \
    X(ExIsResourceAcquiredExclusiveLite, 0, 2) \
    X(ExIsResourceAcquiredSharedLite, 0, 2) \
    X(ExGetExclusiveWaiterCount, 0, 2) \
    X(ExGetSharedWaiterCount, 0, 2) \
    X(ExInitializePushLock, 0, 1) \
    X(ExInitializeRundownProtection, 0, 15) \
    X(ExAcquireRundownProtectionEx, 0, 2) \
    X(ExReleaseRundownProtectionEx, 0, 2) \
    X(ExWaitForRundownProtectionRelease, 0, 1) \
    X(ExRundownCompleted, 0, 1) \
    X(ExReInitializeRundownProtection, 0, 1) \
    X(ExAcquireRundownProtectionCacheAwareEx, 1, 2) \
    X(ExReleaseRundownProtectionCacheAwareEx, 1, 2) \
    X(ExWaitForRundownProtectionReleaseCacheAware, 1, 1) \
    X(ExReInitializeRundownProtectionCacheAware, 1, 1) \
    X(ExRundownCompletedCacheAware, 1, 1) \
    X(IoInitializeRemoveLockEx, 0, 0) \
    X(IoReleaseRemoveLockAndWaitEx, 0, 0) \
    X(KeInitializeEvent, 0, 15) \
    X(KeSetEvent, 0, 2) \
    X(KeResetEvent, 0, 2) \
    X(KeClearEvent, 0, 2) \
    X(KePulseEvent, 0, 2) \
    X(KeReadStateEvent, 0, 2) \
    X(KeInitializeSemaphore, 0, 15) \
    X(KeReleaseSemaphore, 0, 2) \
    X(KeReadStateSemaphore, 0, 2) \
    X(KeInitializeQueue, 0, 2) \
    X(KeInsertQueue, 0, 2) \
    X(KeInsertHeadQueue, 0, 2) \
    X(KeReadStateQueue, 0, 2) \
    X(KeRundownQueue, 0, 2) \
    X(KeInitializeTimerEx, 0, 2) \
    X(KeSetTimer, 0, 2) \
    X(KeSetTimerEx, 0, 2) \
    X(KeSetCoalescableTimer, 3, 2) \
    X(KeCancelTimer, 0, 2) \
    X(KeReadStateTimer, 0, 2)

enum {
    FormSpin,
    FormSpinDpc,
    FormSpinForDpc,
    FormQueued,
    FormQueuedDpc,
    FormQueuedForDpc,
    FormExSpinExclusive,
    FormExSpinShared,
    FormExSpinExclusiveDpc,
    FormExSpinSharedDpc,
    FormInterrupt,
    FormCancel,
    FormMutex,
    FormMutant,
    FormFast,
    FormFastUnsafe,
    FormFastRegion,
    FormGuarded,
    FormGuardedUnsafe,
    FormResourceExclusive,
    FormResourceShared,
    FormResourceStarve,
    FormResourceWait,
    FormResourceRegionExclusive,
    FormResourceRegionShared,
    FormResourceRegionWait,
    FormPushExclusive,
    FormPushShared,
    FormPushOld,
    FormRundown,
    FormRundownCache,
    FormRemove,
    FormEvent,
    FormSemaphore,
    Forms
};

static const LOCK_FORM LockForms[Forms] = {
    [FormSpin] = {"spin",
        .Before = 0,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {2, 2, 2, 2, 2, 2, 2},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormSpinDpc] = {"spin-dpc",
        .Before = 2,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {2, 2, 2, 2, 2, 2, 2},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, 0, 0, 0, 0, 0, 0},
        .TryOther = {-1, 0, 0, 0, 0, 0, 0},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormSpinForDpc] = {"spin-for-dpc",
        .Before = 0,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormQueued] = {"queued",
        .Before = 0,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {2, 2, 2, 2, 2, 2, 2},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormQueuedDpc] = {"queued-dpc",
        .Before = 2,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {2, 2, 2, 2, 2, 2, 2},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormQueuedForDpc] = {"queued-for-dpc",
        .Before = 0,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormExSpinExclusive] = {"ex-spin-exclusive",
        .Before = 0,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormExSpinShared] = {"ex-spin-shared",
        .Before = 0,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormExSpinExclusiveDpc] = {"ex-spin-exclusive-dpc",
        .Before = 2,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormExSpinSharedDpc] = {"ex-spin-shared-dpc",
        .Before = 2,
        .Highest = {-1, -1, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 2, 2, 2, 2, 2},
        .Special = {-1, -1, 1, 1, 1, 1, 1},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, -1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormInterrupt] = {"interrupt",
        .Before = 0,
        .Highest = {5, 5, 5, 5, 5, 5, 5},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {5, 5, 5, 5, 5, 5, 5},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormCancel] = {"cancel",
        .Before = 0,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {2, 2, 2, 2, 2, 2, 2},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, -1, -1, -1, -1, -1},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormMutex] = {"mutex",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {1, 1, 1, 1, 1, 1, 1},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {(LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046},
        .Unowned = {(LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormMutant] = {"mutant",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {(LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046},
        .Unowned = {(LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046, (LONG)0xC0000046},
        .Exit = {1, 1, 1, 1, 1, 1, 1},
    },
    [FormFast] = {"fast",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {1, 1, 1, 1, 1, 1, 1},
        .Special = {1, 1, 1, 1, 1, 1, 1},
        .Normal = {1, 1, 1, 1, 1, 1, 1},
        .Suspension = {1, 1, 1, 1, 1, 1, 1},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {0, 0, 0, 0, 0, 0, 0},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormFastUnsafe] = {"fast-unsafe",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormFastRegion] = {"fast-region",
        .Before = 0,
        .Highest = {-1, -1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 100, 100, 100, 100, 100},
        .Special = {-1, -1, 0, 0, 0, 0, 0},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, 1, 1, 1, 1, 1},
        .AllDisabled = {-1, -1, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormGuarded] = {"guarded",
        .Before = 0,
        .Highest = {-1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, 100, 100, 100, 1, 1, 1},
        .Special = {-1, 1, 1, 1, 1, 1, 1},
        .Normal = {-1, 1, 1, 1, 1, 1, 1},
        .Suspension = {-1, 1, 1, 1, 1, 1, 1},
        .Disabled = {-1, 1, 1, 1, 0, 0, 0},
        .AllDisabled = {-1, 1, 1, 1, 1, 1, 1},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, 0, 0, 0, 0, 0, 0},
        .TryOther = {-1, 0, 0, 0, 0, 0, 0},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormGuardedUnsafe] = {"guarded-unsafe",
        .Before = 0,
        .Highest = {-1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, 100, 100, 100, 100, 100, 100},
        .Special = {-1, 0, 0, 0, 0, 0, 0},
        .Normal = {-1, 0, 0, 0, 0, 0, 0},
        .Suspension = {-1, 0, 0, 0, 0, 0, 0},
        .Disabled = {-1, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceExclusive] = {"resource-exclusive",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceShared] = {"resource-shared",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {1, 1, 1, 1, 1, 1, 1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceStarve] = {"resource-starve",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {1, 1, 1, 1, 1, 1, 1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceWait] = {"resource-wait",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {1, 1, 1, 1, 1, 1, 1},
        .TryOther = {1, 1, 1, 1, 1, 1, 1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceRegionExclusive] = {"resource-region-exclusive",
        .Before = 0,
        .Highest = {-1, -1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 100, 100, 100, 100, 100},
        .Special = {-1, -1, 0, 0, 0, 0, 0},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, 1, 1, 1, 1, 1},
        .AllDisabled = {-1, -1, 0, 0, 0, 0, 0},
        .Again = {-1, -1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceRegionShared] = {"resource-region-shared",
        .Before = 0,
        .Highest = {-1, -1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 100, 100, 100, 100, 100},
        .Special = {-1, -1, 0, 0, 0, 0, 0},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, 1, 1, 1, 1, 1},
        .AllDisabled = {-1, -1, 0, 0, 0, 0, 0},
        .Again = {-1, -1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormResourceRegionWait] = {"resource-region-wait",
        .Before = 0,
        .Highest = {-1, -1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, 100, 100, 100, 100, 100},
        .Special = {-1, -1, 0, 0, 0, 0, 0},
        .Normal = {-1, -1, 1, 1, 1, 1, 1},
        .Suspension = {-1, -1, 1, 1, 1, 1, 1},
        .Disabled = {-1, -1, 1, 1, 1, 1, 1},
        .AllDisabled = {-1, -1, 0, 0, 0, 0, 0},
        .Again = {-1, -1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormPushExclusive] = {"push-exclusive",
        .Before = 0,
        .Highest = {-1, -1, -1, -1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, -1, -1, 100, 100, 100},
        .Special = {-1, -1, -1, -1, 0, 0, 0},
        .Normal = {-1, -1, -1, -1, 0, 0, 0},
        .Suspension = {-1, -1, -1, -1, 0, 0, 0},
        .Disabled = {-1, -1, -1, -1, 0, 0, 0},
        .AllDisabled = {-1, -1, -1, -1, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, 0, 0, 0},
        .TryOther = {-1, -1, -1, -1, 0, 0, 0},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormPushShared] = {"push-shared",
        .Before = 0,
        .Highest = {-1, -1, -1, -1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, -1, -1, -1, 100, 100, 100},
        .Special = {-1, -1, -1, -1, 0, 0, 0},
        .Normal = {-1, -1, -1, -1, 0, 0, 0},
        .Suspension = {-1, -1, -1, -1, 0, 0, 0},
        .Disabled = {-1, -1, -1, -1, 0, 0, 0},
        .AllDisabled = {-1, -1, -1, -1, 0, 0, 0},
        .Again = {-1, -1, -1, -1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, 1, 1, 1},
        .TryOther = {-1, -1, -1, -1, 1, 1, 1},
        .Other = {-1, -1, -1, -1, -1, -1, -1},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormPushOld] = {"push-old",
        .Before = 0,
        .Highest = {-1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {-1, -1, -1, -1, -1, -1, -1},
        .Held = {-1, 100, 100, 100, 100, 100, 100},
        .Special = {-1, 0, 0, 0, 0, 0, 0},
        .Normal = {-1, 0, 0, 0, 0, 0, 0},
        .Suspension = {-1, 0, 0, 0, 0, 0, 0},
        .Disabled = {-1, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, 0, 0, 0, 0, 0, 0},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormRundown] = {"rundown",
        .Before = 0,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {0, 0, 0, 0, 0, 0, 0},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {0, 0, 0, 0, 0, 0, 0},
    },
    [FormRundownCache] = {"rundown-cache",
        .Before = 0,
        .Highest = {-1, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {-1, 1, 1, 1, 1, 1, 1},
        .Held = {-1, 100, 100, 100, 100, 100, 100},
        .Special = {-1, 0, 0, 0, 0, 0, 0},
        .Normal = {-1, 0, 0, 0, 0, 0, 0},
        .Suspension = {-1, 0, 0, 0, 0, 0, 0},
        .Disabled = {-1, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {-1, 0, 0, 0, 0, 0, 0},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormRemove] = {"remove",
        .Before = 0,
        .Highest = {2, 2, 2, 2, 2, 2, 2},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {1, 1, 1, 1, 1, 1, 1},
        .TryAgain = {-1, -1, -1, -1, -1, -1, -1},
        .TryOther = {-1, -1, -1, -1, -1, -1, -1},
        .Other = {0, 0, 0, 0, 0, 0, 0},
        .Unowned = {-1, -1, -1, -1, -1, -1, -1},
        .Exit = {-1, -1, -1, -1, -1, -1, -1},
    },
    [FormEvent] = {"event",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {0, 0, 0, 0, 0, 0, 0},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {0, 0, 0, 0, 0, 0, 0},
        .Unowned = {0, 0, 0, 0, 0, 0, 0},
        .Exit = {0, 0, 0, 0, 0, 0, 0},
    },
    [FormSemaphore] = {"semaphore",
        .Before = 0,
        .Highest = {1, 1, 1, 1, 1, 1, 1},
        .ReleaseAt = {1, 1, 1, 1, 1, 1, 1},
        .Held = {100, 100, 100, 100, 100, 100, 100},
        .Special = {0, 0, 0, 0, 0, 0, 0},
        .Normal = {0, 0, 0, 0, 0, 0, 0},
        .Suspension = {0, 0, 0, 0, 0, 0, 0},
        .Disabled = {0, 0, 0, 0, 0, 0, 0},
        .AllDisabled = {-1, 0, 0, 0, 0, 0, 0},
        .Again = {-1, -1, -1, -1, -1, -1, -1},
        .TryAgain = {0, 0, 0, 0, 0, 0, 0},
        .TryOther = {0, 0, 0, 0, 0, 0, 0},
        .Other = {0, 0, 0, 0, 0, 0, 0},
        .Unowned = {(LONG)0xC0000047, (LONG)0xC0000047, (LONG)0xC0000047, (LONG)0xC0000047, (LONG)0xC0000047, (LONG)0xC0000047, (LONG)0xC0000047},
        .Exit = {0, 0, 0, 0, 0, 0, 0},
    },
};

enum { Grant, Wait, Itself };
enum { StateUnowned, StateMineExclusive, StateMineShared, StateMineSharedWaiter, StateOthersShared, StateOthersSharedWaiter, StateOtherExclusive };
static const UCHAR LockGrants[][4] = {
    {Grant, Grant, Grant, Grant},
    {Grant, Grant, Grant, Grant},
    {Itself, Grant, Grant, Grant},
    {Itself, Grant, Grant, Itself},
    {Wait, Grant, Grant, Grant},
    {Wait, Wait, Grant, Wait},
    {Wait, Wait, Wait, Wait},
};
/* clang-format on */
