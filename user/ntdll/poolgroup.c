/*
 * poolgroup.c - cleanup groups: what was made with an environment that names one is released with it.
 *
 * A member is in the group's list by its GroupLinks until it is freed (TppFreeIfDone). Facts: CreateThreadpoolCleanupGroup,
 * CloseThreadpoolCleanupGroupMembers: callbacks that run are waited for; those that wait are waited for too, or cancelled, and
 * then the group's cancel callback is called with the member's context. Objects for asynchronous I/O are no members here.
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

typedef struct _TPP_GROUP {
    LIST_ENTRY Members; /* T1 */
} TPP_GROUP, *PTPP_GROUP;

/* A new item's environment: NULL, or one that may name a pool and a group. */
VOID
TppJoin(PTPP_ITEM Item, PTP_CALLBACK_ENVIRON Environment)
{
    if (Item == NULL || Environment == NULL) {
        return;
    }
    RtlEnterCriticalSection(&TppLock);
    Item->Finalization = Environment->FinalizationCallback;
    if (Environment->Pool != NULL) {
        Item->Pool = (PTPP_POOL)Environment->Pool;
        Item->Pool->Items++;
    }
    if (Environment->CleanupGroup != NULL) {
        Item->Cancelled = Environment->CleanupGroupCancelCallback;
        InsertTailList(&((PTPP_GROUP)Environment->CleanupGroup)->Members, &Item->GroupLinks);
    }
    RtlLeaveCriticalSection(&TppLock);
}

NTSTATUS NTAPI
TpAllocCleanupGroup(PTP_CLEANUP_GROUP *Result)
{
    PTPP_GROUP Group = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Group));

    if (Group == NULL) {
        return STATUS_NO_MEMORY;
    }
    InitializeListHead(&Group->Members);
    *Result = (PTP_CLEANUP_GROUP)Group;
    return STATUS_SUCCESS;
}

VOID NTAPI
TpReleaseCleanupGroup(PTP_CLEANUP_GROUP Group)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Group);
}

/* A member that is idle now leaves the group; the lock is dropped while its owner is told that it goes. [K:
 * "SetThreadpoolCallbackCleanupGroup": the cancel callback is called if the group is cancelled "before the associated
 * object is released"; a simple callback counts as released when it begins] */
static VOID
TppCloseMember(PTPP_ITEM Item, BOOLEAN Cancel, PVOID Parameter)
{
    BOOLEAN Tell = Cancel && Item->Cancelled != NULL &&
                   (Item->Kind == TppSimple ? Item->Dropped : !Item->Released);

    RemoveEntryList(&Item->GroupLinks);
    InitializeListHead(&Item->GroupLinks);
    Item->Released = TRUE;
    if (Tell) {
        Item->Active++; /* it stays meanwhile */
        RtlLeaveCriticalSection(&TppLock);
        Item->Cancelled(Item->Context, Parameter);
        RtlEnterCriticalSection(&TppLock);
        Item->Active--;
    }
    TppFreeIfDone(Item);
}

VOID NTAPI
TpReleaseCleanupGroupMembers(PTP_CLEANUP_GROUP Handle, ULONG CancelPending, PVOID Parameter)
{
    PLIST_ENTRY Members = &((PTPP_GROUP)Handle)->Members, Links;

    RtlEnterCriticalSection(&TppLock);
    for (Links = Members->Flink; Links != Members; Links = Links->Flink) {
        PTPP_ITEM Item = CONTAINING_RECORD(Links, TPP_ITEM, GroupLinks);

        Item->Period = 0;
        TppDisarm(Item);
        if (CancelPending && Item->Pending != 0) {
            Item->Dropped = TRUE;
            TppUnqueue(Item);
        }
    }
    while (!IsListEmpty(Members)) {
        PTPP_ITEM Idle = NULL;

        for (Links = Members->Flink; Links != Members && Idle == NULL; Links = Links->Flink) {
            PTPP_ITEM Item = CONTAINING_RECORD(Links, TPP_ITEM, GroupLinks);

            if (Item->Pending == 0 && Item->Active == 0) { /* T5: the group waits for all */
                Idle = Item;
            }
        }
        if (Idle == NULL) {
            RtlSleepConditionVariableCS(&TppChanged, &TppLock, NULL);
        } else {
            TppCloseMember(Idle, CancelPending != 0, Parameter);
        }
    }
    RtlLeaveCriticalSection(&TppLock);
}
