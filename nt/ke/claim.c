/*
 * claim.c - who wants a lock exclusively, while schedules are explored.
 *
 * Who would have to wait is not let go on (explore.c, E2), so nobody queues for a lock. Where that shows is at a lock that can be shared: who waits
 * for all of it keeps new sharers out (resource.c, L3 of pushlock.c), and two that share may wait for each other. So such a request has two steps.
 *
 *   C1  The first one claims the lock (SP_CLAIM_LOCK). From then on those who would share it have to wait, until it has been had and given back.
 *       Whether it is free does not matter: who claims a free lock has it.
 *   C2  The second one gets it (SP_ACQUIRE_LOCK, SP_ACQUIRE_SPINLOCK). In which order several get it is left open: it is the order in which they
 *       would have come.
 *   C3  So a claim comes before or behind each request to share, and is independent of all else, also of other claims. A lock that nobody
 *       shares has no step more than it had: nobody else has to do with its claims (host/explore/private.c).
 *   C4  One who tries to have all of it looks at no claims: a claim that is not granted yet may as well come behind that.
 */
#include "nt/ke/ki.h"

typedef struct _KI_CLAIM {
    LIST_ENTRY Links;
    const volatile VOID *Lock;
    PKTHREAD Thread;
} KI_CLAIM;

VOID
KiClaimPoint(ULONG Operation, const volatile VOID *Lock, PKI_WOULD_WAIT WouldWait,
             ULONG_PTR Context)
{
    KI_CLAIM Claim = {.Lock = Lock, .Thread = KiThread()};

    KiSchedulePoint(SP_CLAIM_LOCK, Lock);
    InsertTailList(&KiClaims, &Claim.Links);
    KiAcquirePoint(Operation, Lock, WouldWait, Context);
    RemoveEntryList(&Claim.Links);
}

BOOLEAN
KiIsClaimed(const volatile VOID *Lock)
{
    for (PLIST_ENTRY Link = KiClaims.Flink; Link != &KiClaims; Link = Link->Flink) {
        if (CONTAINING_RECORD(Link, KI_CLAIM, Links)->Lock == Lock) {
            return TRUE;
        }
    }
    return FALSE;
}

/* It ends where it stands, in a step of user mode's. */
VOID
KiForgetClaims(PKTHREAD Thread)
{
    for (PLIST_ENTRY Link = KiClaims.Flink, Next; Link != &KiClaims; Link = Next) {
        Next = Link->Flink;
        if (CONTAINING_RECORD(Link, KI_CLAIM, Links)->Thread == Thread) {
            RemoveEntryList(Link);
        }
    }
}
