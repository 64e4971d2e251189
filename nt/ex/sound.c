/*
 * sound.c - which objects the executive's own structures hold, and whether a lock knows who holds it.  For the tests of the kernel
 * (nt/inc/sound.h).
 *
 * A lock lies in a driver's memory, which may be gone, or hold anything: what is there and is still a lock is looked at.
 */
#include "exp.h"
#include "nt/inc/sound.h"

typedef struct _EXP_HELD {
    POBP_VISITOR Held;
    PVOID Context;
} EXP_HELD;

static VOID
ExpTimerHolds(PVOID Context, PVOID Object)
{
    EXP_HELD *To = Context;

    To->Held(To->Context, ((PEXP_TIMER)Object)->Thread);
}

static VOID
ExpBlockHolds(PVOID Context, const EXP_BLOCK *Block)
{
    EXP_HELD *To = Context;

    if (Block->Charged != NULL) {
        To->Held(To->Context, Block->Charged);
    }
}

VOID
ExpVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    EXP_HELD To = {Held, Context};

    Held(Context, ExCbSetSystemTime);
    Held(Context, ExCbPowerState);
    Held(Context, ExCbProcessorAdd);
    for (PLIST_ENTRY At = ExpRegistrations.Flink; At != &ExpRegistrations; At = At->Flink) {
        Held(Context, CONTAINING_RECORD(At, EXP_REGISTRATION, All)->Object);
    }
    ObpVisitObjects(ExTimerObjectTypeP, ExpTimerHolds, &To);
    ExpVisitPool(ExpBlockHolds, &To);
}

/* ---- locks ---- */

/* R2 of resource.c: whoever was let in and has not run is in ActiveEntries, and in no entry. */
static VOID
ExpCheckResource(PKTHREAD Thread, const ERESOURCE *Resource)
{
    const OWNER_ENTRY *Mine = NULL, *First = &Resource->OwnerEntry, *Table = Resource->OwnerTable;
    BOOLEAN Exclusive = (Resource->Flag & ResourceOwnedExclusive) != 0;
    ULONG Owners = First->OwnerThread != 0;

    Mine = First->OwnerThread == (ERESOURCE_THREAD)Thread ? First : NULL;
    for (ULONG i = 1; Table != NULL && i < Table[0].TableSize; i++) {
        Owners += Table[i].OwnerThread != 0;
        Mine = Table[i].OwnerThread == (ERESOURCE_THREAD)Thread ? &Table[i] : Mine;
    }
    KI_DEMAND(Mine != NULL && Mine->OwnerCount != 0, "who holds a resource does not own it",
              Resource);
    KI_DEMAND(Resource->ActiveCount != 0 && Owners <= (ULONG)Resource->ActiveEntries,
              "how many own a resource", Resource);
    KI_DEMAND(!Exclusive || (Mine == First && Owners == 1 && Resource->ActiveEntries == 1),
              "a resource that is held exclusive", Resource);
}

VOID
ExpCheckLock(PKTHREAD Thread, const KI_HELD_LOCK *Held)
{
    const volatile FAST_MUTEX *Mutex = (PVOID)Held->Lock;

    if (!MmIsAddressValid((PVOID)Held->Lock) || !KiVersion->LocksKnowOwner) {
        return; /* before 8 somebody else may have released it */
    }
    switch (Held->Kind) {
    case KiLockSpin:
        KI_DEMAND(*(const volatile ULONG *)Held->Lock != 0, "a spin lock that is held is free",
                  Held->Lock);
        break;
    case KiLockFastMutex:
        KI_DEMAND(Mutex->Owner == (PVOID)Thread && (Mutex->Count & 1) == 0,
                  "a mutex that is held is another's", Mutex);
        break;
    case KiLockResource:
        ExpCheckResource(Thread, (PVOID)Held->Lock);
        break;
    case KiLockPushExclusive:
    case KiLockPushShared:
        KI_DEMAND((*(const volatile ULONG_PTR *)Held->Lock & 1) != 0,
                  "a push lock that is held is free", Held->Lock);
        break;
    default:
        KiUnsound("a lock of no kind", Held);
    }
}
