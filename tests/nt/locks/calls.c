/*
 * calls.c - each routine of the table beside acquire and release, called at its highest IRQL: it does what its name
 * says there, and leaves the IRQL as it was.
 */
#include "forms.h"

BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER, LARGE_INTEGER, ULONG, ULONG, PKDPC);

#define X(Name, ...) __typeof__(&Name) Name;
static struct {
    LOCK_CALLS(X)
    __typeof__(&ExAllocateCacheAwareRundownProtection) ExAllocateCacheAwareRundownProtection;
    __typeof__(&ExFreeCacheAwareRundownProtection) ExFreeCacheAwareRundownProtection;
} Call;
#undef X

static ERESOURCE Spare;
static KQUEUE Queue;
static LIST_ENTRY Entry;
static KTIMER Timer;
static ULONG64 Owner[2];
#define OWNER ((PVOID)((ULONG_PTR)Owner | 3))

static const LARGE_INTEGER Soon = {.QuadPart = -10000000};

/* What each must answer; `before` what it needs, at PASSIVE_LEVEL. */
static VOID
Prepare(VOID)
{
    KeInitializeSpinLock(&Spin);
    ExSpin = 1; /* shared once */
    KeInitializeMutex(&Mutex, 0);
    ExInitializeResourceLite(&Resource);
    ExInitializeResourceLite(&Spare);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExInitializeRundownProtection(&Rundown);
    IoInitializeRemoveLock(&Remove, 'kcoL', 0, 0);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeSemaphore(&Semaphore, 0, 2);
    KeInitializeQueue(&Queue, 0);
    KeInitializeTimerEx(&Timer, NotificationTimer);
}

#define CALL(Name, Expression)                                                                     \
    static LONG_PTR Call##Name(VOID)                                                               \
    {                                                                                              \
        return (LONG_PTR)(Expression);                                                             \
    }
#define DO(Statement)                                                                              \
    ({                                                                                             \
        Statement;                                                                                 \
        1;                                                                                         \
    })
CALL(KeInitializeSpinLock, DO(Spin = 1; Call.KeInitializeSpinLock(&Spin)) && Spin == 0)
CALL(KeTestSpinLock, Call.KeTestSpinLock(&Spin))
CALL(ExTryConvertSharedSpinLockExclusive, Call.ExTryConvertSharedSpinLockExclusive(&ExSpin))
CALL(KeInitializeMutex, DO(Call.KeInitializeMutex(&Mutex, 0)) && Mutex.Header.SignalState == 1 &&
                            Mutex.ApcDisable == 1)
CALL(KeReadStateMutex, Call.KeReadStateMutex(&Mutex) == 1)
CALL(KeInitializeGuardedMutex,
     DO(Call.KeInitializeGuardedMutex(&Guarded)) && Guarded.Owner == NULL && Guarded.Count == 1)
CALL(ExInitializeResourceLite, NT_SUCCESS(Call.ExInitializeResourceLite(&Spare)))
CALL(ExReinitializeResourceLite, NT_SUCCESS(Call.ExReinitializeResourceLite(&Spare)))
CALL(ExDeleteResourceLite, NT_SUCCESS(Call.ExDeleteResourceLite(&Spare)))
CALL(ExConvertExclusiveToSharedLite, DO(Call.ExConvertExclusiveToSharedLite(&Resource)) &&
                                         !ExIsResourceAcquiredExclusiveLite(&Resource))
CALL(ExReleaseResourceForThreadLite,
     DO(Call.ExReleaseResourceForThreadLite(&Resource, ExGetCurrentResourceThread())) &&
         ExIsResourceAcquiredSharedLite(&Resource) == 0)
CALL(ExSetResourceOwnerPointer, DO(Call.ExSetResourceOwnerPointer(&Resource, OWNER)) &&
                                    ExIsResourceAcquiredSharedLite(&Resource) == 0)
CALL(ExSetResourceOwnerPointerEx, DO(Call.ExSetResourceOwnerPointerEx(&Resource, OWNER, 0)) &&
                                      ExIsResourceAcquiredSharedLite(&Resource) == 0)
CALL(ExIsResourceAcquiredExclusiveLite, Call.ExIsResourceAcquiredExclusiveLite(&Resource))
CALL(ExIsResourceAcquiredSharedLite, Call.ExIsResourceAcquiredSharedLite(&Resource) == 1)
CALL(ExGetExclusiveWaiterCount, Call.ExGetExclusiveWaiterCount(&Resource) == 0)
CALL(ExGetSharedWaiterCount, Call.ExGetSharedWaiterCount(&Resource) == 0)
CALL(ExInitializePushLock, DO(Push = 7; Call.ExInitializePushLock(&Push)) && Push == 0)
CALL(ExInitializeRundownProtection,
     DO(Call.ExInitializeRundownProtection(&Rundown)) && Rundown.Count == 0)
CALL(ExAcquireRundownProtectionEx, Call.ExAcquireRundownProtectionEx(&Rundown, 2))
CALL(ExReleaseRundownProtectionEx, ExAcquireRundownProtection(&Rundown) &&
                                       DO(Call.ExReleaseRundownProtectionEx(&Rundown, 3)) &&
                                       Rundown.Count == 0)
CALL(ExWaitForRundownProtectionRelease,
     DO(Call.ExWaitForRundownProtectionRelease(&Rundown)) && !ExAcquireRundownProtection(&Rundown))
CALL(ExRundownCompleted,
     DO(Call.ExRundownCompleted(&Rundown)) && !ExAcquireRundownProtection(&Rundown))
CALL(ExReInitializeRundownProtection,
     DO(ExRundownCompleted(&Rundown); Call.ExReInitializeRundownProtection(&Rundown)) &&
         ExAcquireRundownProtection(&Rundown))
CALL(ExAcquireRundownProtectionCacheAwareEx, Call.ExAcquireRundownProtectionCacheAwareEx(Cache, 2))
CALL(ExReleaseRundownProtectionCacheAwareEx,
     Call.ExAcquireRundownProtectionCacheAwareEx(Cache, 2) &&
         DO(Call.ExReleaseRundownProtectionCacheAwareEx(Cache, 4)))
CALL(ExWaitForRundownProtectionReleaseCacheAware,
     DO(Call.ExWaitForRundownProtectionReleaseCacheAware(Cache)) &&
         !Call.ExAcquireRundownProtectionCacheAwareEx(Cache, 1))
CALL(ExReInitializeRundownProtectionCacheAware,
     DO(Call.ExReInitializeRundownProtectionCacheAware(Cache)) &&
         Call.ExAcquireRundownProtectionCacheAwareEx(Cache, 1))
CALL(ExRundownCompletedCacheAware, DO(Call.ExRundownCompletedCacheAware(Cache)) &&
                                       !Call.ExAcquireRundownProtectionCacheAwareEx(Cache, 1))
CALL(IoInitializeRemoveLockEx,
     DO(Call.IoInitializeRemoveLockEx(&Remove, 'kcoL', 0, 0, sizeof(Remove))) &&
         NT_SUCCESS(IoAcquireRemoveLock(&Remove, NULL)))
CALL(IoReleaseRemoveLockAndWaitEx,
     DO(IoInitializeRemoveLock(&Remove, 'kcoL', 0, 0); IoAcquireRemoveLock(&Remove, NULL);
        Call.IoReleaseRemoveLockAndWaitEx(&Remove, NULL, sizeof(Remove))) &&
         IoAcquireRemoveLock(&Remove, NULL) == STATUS_DELETE_PENDING)
CALL(KeInitializeEvent,
     DO(Call.KeInitializeEvent(&Event, NotificationEvent, TRUE)) && Event.Header.SignalState == 1)
CALL(KeSetEvent, DO(KeClearEvent(&Event)) && Call.KeSetEvent(&Event, 0, FALSE) == 0 &&
                     KeReadStateEvent(&Event) != 0)
CALL(KeResetEvent, Call.KeResetEvent(&Event) != 0 && KeReadStateEvent(&Event) == 0)
CALL(KeClearEvent,
     DO(KeSetEvent(&Event, 0, FALSE); Call.KeClearEvent(&Event)) && KeReadStateEvent(&Event) == 0)
CALL(KePulseEvent, Call.KePulseEvent(&Event, 0, FALSE) == 0 && KeReadStateEvent(&Event) == 0)
CALL(KeReadStateEvent, Call.KeReadStateEvent(&Event) == 0)
CALL(KeInitializeSemaphore,
     DO(Call.KeInitializeSemaphore(&Semaphore, 1, 3)) && Semaphore.Header.SignalState == 1)
CALL(KeReleaseSemaphore, Call.KeReleaseSemaphore(&Semaphore, 0, 2, FALSE) == 1)
CALL(KeReadStateSemaphore, Call.KeReadStateSemaphore(&Semaphore) == 3)
CALL(KeInitializeQueue, DO(Call.KeInitializeQueue(&Queue, 0)) && IsListEmpty(&Queue.EntryListHead))
CALL(KeInsertQueue, Call.KeInsertQueue(&Queue, &Entry) == 0)
CALL(KeInsertHeadQueue, DO(KeRundownQueue(&Queue); KeInitializeQueue(&Queue, 0)) &&
                            Call.KeInsertHeadQueue(&Queue, &Entry) == 0)
CALL(KeReadStateQueue, Call.KeReadStateQueue(&Queue) == 1)
CALL(KeRundownQueue, Call.KeRundownQueue(&Queue) == &Entry)
CALL(KeInitializeTimerEx, DO(Call.KeInitializeTimerEx(&Timer, SynchronizationTimer)) &&
                              KeReadStateTimer(&Timer) == FALSE)
CALL(KeSetTimer, !Call.KeSetTimer(&Timer, Soon, NULL))
CALL(KeSetTimerEx, Call.KeSetTimerEx(&Timer, Soon, 0, NULL))
CALL(KeSetCoalescableTimer, Call.KeSetCoalescableTimer(&Timer, Soon, 0, 10, NULL))
CALL(KeCancelTimer, Call.KeCancelTimer(&Timer))
CALL(KeReadStateTimer, !Call.KeReadStateTimer(&Timer))

static const struct {
    const char *Name;
    ULONG Since;
    KIRQL Highest;
    LONG_PTR (*Call)(VOID);
} Calls[] = {
#define X(Name, First, Irql) {#Name, First, Irql, Call##Name},
    LOCK_CALLS(X)
#undef X
};

static VOID
CallEach(VOID)
{
    KeEnterCriticalRegion();
    Prepare();
#define X(Name, ...) Call.Name = (__typeof__(Call.Name))RoutineAddress(#Name);
    LOCK_CALLS(X)
    X(ExAllocateCacheAwareRundownProtection)
    X(ExFreeCacheAwareRundownProtection)
#undef X
    if (Call.ExAllocateCacheAwareRundownProtection != NULL) {
        Cache = Call.ExAllocateCacheAwareRundownProtection(NonPagedPool, 'kcoL');
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Calls); Index++) {
        KIRQL Saved, After;
        BOOLEAN Good;

        NtlabCase = Calls[Index].Name;
        EXPECT_EQ(RoutineAddress(Calls[Index].Name) != NULL, System >= Calls[Index].Since);
        if (System < Calls[Index].Since) {
            continue;
        }
        if (Calls[Index].Call == CallExSetResourceOwnerPointer ||
            Calls[Index].Call == CallExSetResourceOwnerPointerEx ||
            Calls[Index].Call == CallExIsResourceAcquiredExclusiveLite) {
            ExAcquireResourceExclusiveLite(&Resource, TRUE); /* the call before gave it up */
        }
        KeRaiseIrql(Calls[Index].Highest, &Saved);
        Good = Calls[Index].Call() != 0;
        After = KeGetCurrentIrql();
        KeLowerIrql(Saved);
        EXPECT_EQ(Good, TRUE);
        EXPECT_EQ(After, Calls[Index].Highest);
        if (Calls[Index].Call == CallExSetResourceOwnerPointer ||
            Calls[Index].Call == CallExSetResourceOwnerPointerEx) {
            ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)OWNER);
        }
    }
    ExReleaseResourceLite(&Resource);
    ExDeleteResourceLite(&Resource);
    if (Cache != NULL) {
        Call.ExFreeCacheAwareRundownProtection(Cache);
    }
    KeLeaveCriticalRegion();
}
