/*
 * resource.c - ERESOURCE: one exclusive owner or many shared ones, recursive, with owners on record.
 *
 * Fields:
 *     ActiveEntries   owners (threads or owner pointers) that hold it; ActiveCount: not 0 if held
 *     Flag            ResourceOwnedExclusive: OwnerEntry is the exclusive owner and OwnerCount its depth
 *     OwnerEntry      else the first shared owner, if OwnerThread is not 0
 *     OwnerTable      further shared owners; entry 0 holds TableSize
 *     SharedWaiters, ExclusiveWaiters   semaphore and event, made when first needed
 *
 *   R1  Access is handed over: who releases last grants it to the waiters before they run. When an
 *       exclusive owner releases, all shared waiters get it, else one exclusive waiter; when the last
 *       shared owner does, one exclusive waiter.
 *   R2  A waiter that was granted access is counted in ActiveEntries at once; it enters its own name when
 *       it runs. Until then an exclusive owner is named EXP_PENDING_OWNER.
 *   R3  NumberOfSharedWaiters/ExclusiveWaiters count those that wait and were not granted.
 *   R4  A resource is not on a list of all resources: a list would make two threads that initialise resources of
 *       their own depend on each other. One that is held or waited for is found by its threads: Held[], WaitLock.
 *   R5  A thread that owns it, however often, has it once in Held[]. An owner pointer stands in no thread's.
 *
 * Who gets in, when it is not free: the table of nt-semantics 3.8. Threads can be switched on entry and in
 * a wait. An owner is an ERESOURCE_THREAD: a thread, or an owner pointer whose two low bits are set.
 */
#include "exp.h"
#include "nt/inc/left.h"

#define EXP_PENDING_OWNER    ((ERESOURCE_THREAD)1)
#define OWNER_POINTER(Owner) (((Owner) & 3) == 3)

C_ASSERT(sizeof(ERESOURCE) == 0x68);
C_ASSERT(FIELD_OFFSET(ERESOURCE, OwnerEntry) == 0x30);
C_ASSERT(FIELD_OFFSET(ERESOURCE, ActiveEntries) == 0x40);
C_ASSERT(FIELD_OFFSET(ERESOURCE, SpinLock) == 0x60);

#define IS_EXCLUSIVE(Resource) (((Resource)->Flag & ResourceOwnedExclusive) != 0)

NTSTATUS NTAPI
ExInitializeResourceLite(PERESOURCE Resource)
{
    RtlZeroMemory(Resource, sizeof(*Resource));
    InitializeListHead(&Resource->SystemResourcesList); /* R4 */
    KeInitializeSpinLock(&Resource->SpinLock);
    KiNoteMade("a resource", Resource, __builtin_return_address(0));
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ExReinitializeResourceLite(PERESOURCE Resource)
{
    POWNER_ENTRY Table = Resource->OwnerTable;
    PKSEMAPHORE SharedWaiters = Resource->SharedWaiters;
    PKEVENT ExclusiveWaiters = Resource->ExclusiveWaiters;

    ExInitializeResourceLite(Resource);
    if (Table != NULL) {
        ULONG Size = Table[0].TableSize;

        RtlZeroMemory(Table, Size * sizeof(*Table));
        Table[0].TableSize = Size;
        Resource->OwnerTable = Table;
    }
    if (SharedWaiters != NULL) {
        KeInitializeSemaphore(SharedWaiters, 0, MAXLONG);
        Resource->SharedWaiters = SharedWaiters;
    }
    if (ExclusiveWaiters != NULL) {
        KeInitializeEvent(ExclusiveWaiters, SynchronizationEvent, FALSE);
        Resource->ExclusiveWaiters = ExclusiveWaiters;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ExDeleteResourceLite(PERESOURCE Resource)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, Resource);
    KiForgetMade(Resource);
    if (Resource->OwnerTable != NULL) {
        ExpFree(Resource->OwnerTable);
    }
    if (Resource->SharedWaiters != NULL) {
        ExpFree((PVOID)Resource->SharedWaiters);
    }
    if (Resource->ExclusiveWaiters != NULL) {
        ExpFree((PVOID)Resource->ExclusiveWaiters);
    }
    Resource->OwnerTable = NULL;
    Resource->SharedWaiters = NULL;
    Resource->ExclusiveWaiters = NULL;
    return STATUS_SUCCESS;
}

VOID NTAPI
ExDisableResourceBoostLite(PERESOURCE Resource)
{
    /* Owners are not boosted: priorities never decide who runs first. */
}

static POWNER_ENTRY
ExpFindOwner(PERESOURCE Resource, ERESOURCE_THREAD Owner)
{
    POWNER_ENTRY Table = Resource->OwnerTable;

    if (Resource->OwnerEntry.OwnerThread == Owner) {
        return &Resource->OwnerEntry;
    }
    if (Table != NULL) {
        for (ULONG i = 1; i < Table[0].TableSize; i++) {
            if (Table[i].OwnerThread == Owner) {
                return &Table[i];
            }
        }
    }
    return NULL;
}

/* A place for a new owner. */
static POWNER_ENTRY
ExpNewOwner(PERESOURCE Resource)
{
    POWNER_ENTRY Entry, Table = Resource->OwnerTable;
    ULONG Old = Table != NULL ? Table[0].TableSize : 1;

    if (Resource->OwnerEntry.OwnerThread == 0) {
        return &Resource->OwnerEntry;
    }
    Entry = Table != NULL ? ExpFindOwner(Resource, 0) : NULL;
    if (Entry != NULL) {
        return Entry;
    }
    Table = ExpAllocate((Old + 4) * sizeof(*Table), 'bTeR');
    if (Resource->OwnerTable != NULL) {
        RtlCopyMemory(Table, Resource->OwnerTable, Old * sizeof(*Table));
        ExpFree(Resource->OwnerTable);
    }
    Table[0].TableSize = Old + 4;
    Resource->OwnerTable = Table;
    return &Table[Old];
}

static VOID
ExpAddOwner(PERESOURCE Resource, ERESOURCE_THREAD Owner, PVOID Caller)
{
    POWNER_ENTRY Entry = ExpFindOwner(Resource, Owner);

    if (Entry != NULL) {
        /* Granted twice over: a shared waiter that somebody else acquired for meanwhile. */
        Entry->OwnerCount++;
        Resource->ActiveEntries--;
        return;
    }
    Entry = ExpNewOwner(Resource);
    Entry->OwnerThread = Owner;
    Entry->OwnerCount = 1;
    KiHoldLock((PKTHREAD)Owner, Resource, KiLockResource, Caller);
}

static VOID
ExpSetExclusive(PERESOURCE Resource, ERESOURCE_THREAD Owner)
{
    Resource->Flag |= ResourceOwnedExclusive;
    Resource->OwnerEntry.OwnerThread = Owner;
    Resource->OwnerEntry.OwnerCount = 1;
    Resource->ActiveEntries = 1;
    Resource->ActiveCount = 1;
}

static VOID
ExpWaitExclusive(PERESOURCE Resource, ERESOURCE_THREAD Owner, PVOID Caller)
{
    if (Resource->ExclusiveWaiters == NULL) {
        PKEVENT Event = ExpAllocate(sizeof(*Event), 'vEeR');

        KeInitializeEvent(Event, SynchronizationEvent, FALSE);
        Resource->ExclusiveWaiters = Event;
    }
    Resource->ContentionCount++;
    Resource->NumberOfExclusiveWaiters++;
    KiThread()->WaitLock = Resource;
    KeWaitForSingleObject((PVOID)Resource->ExclusiveWaiters, WrResource, KernelMode, FALSE, NULL);
    Resource->OwnerEntry.OwnerThread = Owner; /* R2 */
    KiHoldLock((PKTHREAD)Owner, Resource, KiLockResource, Caller);
}

static VOID
ExpWaitShared(PERESOURCE Resource, ERESOURCE_THREAD Owner, PVOID Caller)
{
    if (Resource->SharedWaiters == NULL) {
        PKSEMAPHORE Semaphore = ExpAllocate(sizeof(*Semaphore), 'mSeR');

        KeInitializeSemaphore(Semaphore, 0, MAXLONG);
        Resource->SharedWaiters = Semaphore;
    }
    Resource->ContentionCount++;
    Resource->NumberOfSharedWaiters++;
    KiThread()->WaitLock = Resource;
    KeWaitForSingleObject((PVOID)Resource->SharedWaiters, WrResource, KernelMode, FALSE, NULL);
    ExpAddOwner(Resource, Owner, Caller); /* R2 */
}

/* PKI_WOULD_WAIT: exclusive access for the thread Me. */
static BOOLEAN
ExpIsResourceTaken(const volatile VOID *Object, ULONG_PTR Me)
{
    PERESOURCE Resource = (PERESOURCE)Object;

    if (Resource->ActiveEntries == 0) {
        return FALSE;
    }
    return IS_EXCLUSIVE(Resource) ? Resource->OwnerEntry.OwnerThread != Me : KI_IS_SHARED;
}

static inline BOOLEAN
ExpOwnsExclusive(PERESOURCE Resource, ERESOURCE_THREAD Me)
{
    return IS_EXCLUSIVE(Resource) && Resource->OwnerEntry.OwnerThread == Me;
}

static inline BOOLEAN
ExpAcquireExclusive(PERESOURCE Resource, BOOLEAN Wait, PVOID Caller)
{
    ERESOURCE_THREAD Me = (ERESOURCE_THREAD)KiThread();

    ExpCheckLockIrql(Resource);
    if (Wait && !ExpOwnsExclusive(Resource, Me)) {
        KiAcquireAllPoint(SP_ACQUIRE_LOCK, Resource, ExpIsResourceTaken, Me);
    } else {
        KiAcquirePoint(Wait ? SP_ACQUIRE_LOCK : SP_TRY_LOCK, Resource, ExpIsResourceTaken, Me);
    }
    if (Resource->ActiveEntries == 0) {
        ExpSetExclusive(Resource, Me);
        KiHoldLock((PKTHREAD)Me, Resource, KiLockResource, Caller);
        return TRUE;
    }
    if (ExpOwnsExclusive(Resource, Me)) {
        Resource->OwnerEntry.OwnerCount++;
        return TRUE;
    }
    if (!Wait) {
        return FALSE;
    }
    ExpWaitExclusive(Resource, Me, Caller);
    return TRUE;
}

BOOLEAN NTAPI
ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireExclusive(Resource, Wait, __builtin_return_address(0));
}

#undef ExTryToAcquireResourceExclusiveLite
BOOLEAN NTAPI
ExTryToAcquireResourceExclusiveLite(PERESOURCE Resource)
{
    return ExpAcquireExclusive(Resource, FALSE, __builtin_return_address(0));
}

/* How a shared request meets exclusive waiters. */
typedef enum _EXP_SHARED {
    ExpSharedFair,   /* waits behind them, unless the caller owns it already */
    ExpSharedStarve, /* goes before them */
    ExpSharedWait,   /* waits behind them in any case */
} EXP_SHARED;

/* Does a shared request of Me get in, while others have the resource? */
static BOOLEAN
ExpMayShare(PERESOURCE Resource, EXP_SHARED Kind, ERESOURCE_THREAD Me)
{
    return Kind == ExpSharedStarve ||
           (Resource->NumberOfExclusiveWaiters == 0 && !KiIsClaimed(Resource)) ||
           (Kind == ExpSharedFair && ExpFindOwner(Resource, Me) != NULL);
}

/* PKI_WOULD_WAIT: shared access for the thread Me that does not look at who waits. */
BOOLEAN
ExpIsResourceAnothers(const volatile VOID *Object, ULONG_PTR Me)
{
    PERESOURCE Resource = (PERESOURCE)Object;

    return IS_EXCLUSIVE(Resource) && Resource->OwnerEntry.OwnerThread != Me;
}

/* PKI_WOULD_WAIT: shared access for the thread in Context, whose low bits are the kind. */
static BOOLEAN
ExpIsResourceClosed(const volatile VOID *Object, ULONG_PTR Context)
{
    PERESOURCE Resource = (PERESOURCE)Object;
    ERESOURCE_THREAD Me = Context & ~(ULONG_PTR)3;

    if (IS_EXCLUSIVE(Resource)) {
        return Resource->OwnerEntry.OwnerThread != Me;
    }
    return !ExpMayShare(Resource, (EXP_SHARED)(Context & 3), Me);
}

/* In front of shared access: who goes before those that wait does not look at them. */
static VOID
ExpSharePoint(PERESOURCE Resource, BOOLEAN Wait, EXP_SHARED Kind, ERESOURCE_THREAD Me)
{
    const ULONG Operation = Wait ? SP_ACQUIRE_SHARED : SP_TRY_SHARED;

    if (Kind == ExpSharedStarve || ExpOwnsExclusive(Resource, Me) ||
        (Kind == ExpSharedFair && Resource->ActiveEntries != 0 &&
         ExpFindOwner(Resource, Me) != NULL)) {
        KiAcquirePoint(Operation, Resource, ExpIsResourceAnothers, Me);
    } else {
        KiAcquirePoint(Operation, Resource, ExpIsResourceClosed, Me | (ULONG_PTR)Kind);
    }
}

static BOOLEAN
ExpAcquireShared(PERESOURCE Resource, BOOLEAN Wait, EXP_SHARED Kind, PVOID Caller)
{
    ERESOURCE_THREAD Me = (ERESOURCE_THREAD)KiThread();
    POWNER_ENTRY Entry;
    BOOLEAN Grant;

    ExpCheckLockIrql(Resource);
    ExpSharePoint(Resource, Wait, Kind, Me);
    if (Resource->ActiveEntries == 0 && (Wait || ExpMayShare(Resource, Kind, Me))) {
        POWNER_ENTRY New = ExpNewOwner(Resource);

        New->OwnerThread = Me;
        New->OwnerCount = 1;
        Resource->ActiveEntries = 1;
        Resource->ActiveCount = 1;
        KiHoldLock((PKTHREAD)Me, Resource, KiLockResource, Caller);
        return TRUE;
    }
    if (IS_EXCLUSIVE(Resource)) {
        if (Resource->OwnerEntry.OwnerThread == Me) {
            Resource->OwnerEntry.OwnerCount++;
            return TRUE;
        }
        Grant = FALSE;
        Entry = NULL;
    } else {
        Entry = ExpFindOwner(Resource, Me);
        Grant = ExpMayShare(Resource, Kind, Me);
    }
    if (Grant) {
        if (Entry != NULL) {
            Entry->OwnerCount++;
        } else {
            Entry = ExpNewOwner(Resource);
            Entry->OwnerThread = Me;
            Entry->OwnerCount = 1;
            Resource->ActiveEntries++;
            KiHoldLock((PKTHREAD)Me, Resource, KiLockResource, Caller);
        }
        return TRUE;
    }
    if (!Wait) {
        return FALSE;
    }
    ExpWaitShared(Resource, Me, Caller);
    return TRUE;
}

BOOLEAN NTAPI
ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpSharedFair, __builtin_return_address(0));
}

BOOLEAN NTAPI
ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpSharedStarve, __builtin_return_address(0));
}

BOOLEAN NTAPI
ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpSharedWait, __builtin_return_address(0));
}

/* Nobody holds it any more: R1. */
static VOID
ExpHandOver(PERESOURCE Resource, BOOLEAN SharedFirst)
{
    ULONG Shared = Resource->NumberOfSharedWaiters;

    Resource->Flag &= ~ResourceOwnedExclusive;
    Resource->ActiveEntries = 0;
    Resource->ActiveCount = 0;
    if (Shared != 0 && (SharedFirst || Resource->NumberOfExclusiveWaiters == 0)) {
        Resource->ActiveEntries = Shared;
        Resource->ActiveCount = 1;
        Resource->NumberOfSharedWaiters = 0;
        KeReleaseSemaphore((PKSEMAPHORE)Resource->SharedWaiters, 0, (LONG)Shared, FALSE);
    } else if (Resource->NumberOfExclusiveWaiters != 0) {
        Resource->NumberOfExclusiveWaiters--;
        ExpSetExclusive(Resource, EXP_PENDING_OWNER);
        KeSetEvent((PKEVENT)Resource->ExclusiveWaiters, EVENT_INCREMENT, FALSE);
    }
}

/* R5. Until 7 a thread may release what another owns: that thread may be gone, so its entry stays. */
static inline VOID
ExpForgetHeld(PERESOURCE Resource, ERESOURCE_THREAD Owner)
{
    if (Owner == (ERESOURCE_THREAD)KiThread()) {
        KiDropLock((PKTHREAD)Owner, Resource);
    }
}

static VOID
ExpReleaseFor(PERESOURCE Resource, ERESOURCE_THREAD Owner)
{
    POWNER_ENTRY Entry;

    if (IS_EXCLUSIVE(Resource)) {
        if (Resource->OwnerEntry.OwnerThread != Owner) {
            KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, Owner,
                         (ULONG_PTR)Resource->OwnerTable, 1);
        }
        if (--Resource->OwnerEntry.OwnerCount == 0) {
            Resource->OwnerEntry.OwnerThread = 0;
            ExpForgetHeld(Resource, Owner);
            ExpHandOver(Resource, TRUE);
        }
        return;
    }
    Entry = Resource->ActiveEntries != 0 ? ExpFindOwner(Resource, Owner) : NULL;
    if (Entry == NULL) {
        KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, Owner,
                     (ULONG_PTR)Resource->OwnerTable, 2);
    }
    if (--Entry->OwnerCount == 0) {
        Entry->OwnerThread = 0;
        ExpForgetHeld(Resource, Owner);
        if (--Resource->ActiveEntries == 0) {
            ExpHandOver(Resource, FALSE);
        }
    }
}

VOID FASTCALL
ExReleaseResourceLite(PERESOURCE Resource)
{
    KiSchedulePoint(IS_EXCLUSIVE(Resource) ? SP_RELEASE_LOCK : SP_RELEASE_SHARED, Resource);
    ExpReleaseFor(Resource, (ERESOURCE_THREAD)KiThread());
}

VOID NTAPI
ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId)
{
    KiSchedulePoint(IS_EXCLUSIVE(Resource) ? SP_RELEASE_LOCK : SP_RELEASE_SHARED, Resource);
    if (!OWNER_POINTER(ResourceThreadId) &&
        (!ABI_IS_SYSTEM(ResourceThreadId) ||
         (KiVersion->LocksKnowOwner && ResourceThreadId != (ERESOURCE_THREAD)KiThread()))) {
        KeBugCheckEx(0x16E /* ERESOURCE_INVALID_RELEASE */, (ULONG_PTR)Resource,
                     (ULONG_PTR)KiThread(), ResourceThreadId, 0);
    }
    ExpReleaseFor(Resource, ResourceThreadId);
}

VOID NTAPI
ExSetResourceOwnerPointerEx(PERESOURCE Resource, PVOID OwnerPointer, ULONG Flags)
{
    ERESOURCE_THREAD Me = (ERESOURCE_THREAD)KiThread();
    ERESOURCE_THREAD New = (ERESOURCE_THREAD)OwnerPointer;
    POWNER_ENTRY Entry, Other;

    KiSchedulePoint(SP_ACQUIRE_LOCK, Resource);
    if (!OWNER_POINTER(New) || !ABI_IS_SYSTEM(New)) {
        KeBugCheckEx(0x132, (ULONG_PTR)Resource, (ULONG_PTR)Resource->OwnerTable, Me, New);
    }
    Entry = ExpFindOwner(Resource, Me);
    if (Entry == NULL) {
        KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, Me, (ULONG_PTR)Resource->OwnerTable,
                     3);
    }
    KiDropLock((PKTHREAD)Me, Resource);
    Other = IS_EXCLUSIVE(Resource) ? NULL : ExpFindOwner(Resource, New);
    if (Other != NULL) {
        Other->OwnerCount += Entry->OwnerCount;
        Entry->OwnerThread = 0;
        Entry->OwnerCount = 0;
        Resource->ActiveEntries--;
    } else {
        Entry->OwnerThread = New;
    }
}

VOID NTAPI
ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer)
{
    ExSetResourceOwnerPointerEx(Resource, OwnerPointer, 0);
}

VOID NTAPI
ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
    ULONG Shared;

    KiSchedulePoint(SP_RELEASE_LOCK, Resource);
    if (!IS_EXCLUSIVE(Resource) ||
        Resource->OwnerEntry.OwnerThread != (ERESOURCE_THREAD)KiThread()) {
        KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, (ULONG_PTR)KiThread(),
                     (ULONG_PTR)Resource->OwnerTable, 4);
    }
    Resource->Flag &= ~ResourceOwnedExclusive;
    Shared = Resource->NumberOfSharedWaiters;
    if (Shared != 0) {
        Resource->ActiveEntries += Shared;
        Resource->NumberOfSharedWaiters = 0;
        KeReleaseSemaphore((PKSEMAPHORE)Resource->SharedWaiters, 0, (LONG)Shared, FALSE);
    }
}

BOOLEAN NTAPI
ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
    KiSchedulePoint(SP_READ_STATE, Resource);
    return IS_EXCLUSIVE(Resource) &&
           Resource->OwnerEntry.OwnerThread == (ERESOURCE_THREAD)KiThread();
}

ULONG NTAPI
ExIsResourceAcquiredSharedLite(PERESOURCE Resource)
{
    POWNER_ENTRY Entry;

    KiSchedulePoint(SP_READ_STATE, Resource);
    if (Resource->ActiveEntries == 0) {
        return 0;
    }
    Entry = ExpFindOwner(Resource, (ERESOURCE_THREAD)KiThread());
    return Entry != NULL ? Entry->OwnerCount : 0;
}

ULONG NTAPI
ExGetExclusiveWaiterCount(PERESOURCE Resource)
{
    KiSchedulePoint(SP_READ_STATE, Resource);
    return Resource->NumberOfExclusiveWaiters;
}

ULONG NTAPI
ExGetSharedWaiterCount(PERESOURCE Resource)
{
    KiSchedulePoint(SP_READ_STATE, Resource);
    return Resource->NumberOfSharedWaiters;
}

PVOID NTAPI
ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource)
{
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_CRITICAL, __builtin_return_address(0), Resource);
    ExpAcquireExclusive(Resource, TRUE, __builtin_return_address(0));
    return NULL;
}

PVOID NTAPI
ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource)
{
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_CRITICAL, __builtin_return_address(0), Resource);
    ExpAcquireShared(Resource, TRUE, ExpSharedFair, __builtin_return_address(0));
    return NULL;
}

PVOID NTAPI
ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(PERESOURCE Resource)
{
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_CRITICAL, __builtin_return_address(0), Resource);
    ExpAcquireShared(Resource, TRUE, ExpSharedWait, __builtin_return_address(0));
    return NULL;
}

VOID FASTCALL
ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource)
{
    ExReleaseResourceLite(Resource);
    KiLeaveRegion(KiThread(), KI_CRITICAL, Resource);
}
