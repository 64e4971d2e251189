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

/* A new item's environment: NULL, or one that may name a group. */
VOID
TppJoin(PTPP_ITEM Item, PTP_CALLBACK_ENVIRON Environment)
{
    if (Item == NULL || Environment == NULL || Environment->CleanupGroup == NULL) {
        return;
    }
    RtlEnterCriticalSection(&TppLock);
    Item->Cancelled = Environment->CleanupGroupCancelCallback;
    InsertTailList(&((PTPP_GROUP)Environment->CleanupGroup)->Members, &Item->GroupLinks);
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

/* A callback that was queued does not come; the lock is dropped while the group's owner is told. */
static VOID
TppCancelMember(PTPP_ITEM Item, PVOID Parameter)
{
    Item->Pending = 0;
    RemoveEntryList(&Item->QueueLinks);
    if (Item->Cancelled != NULL) {
        Item->Running++; /* it stays meanwhile */
        RtlLeaveCriticalSection(&TppLock);
        Item->Cancelled(Item->Context, Parameter);
        RtlEnterCriticalSection(&TppLock);
        Item->Running--;
    }
}

VOID NTAPI
TpReleaseCleanupGroupMembers(PTP_CLEANUP_GROUP Handle, ULONG CancelPending, PVOID Parameter)
{
    PLIST_ENTRY Members = &((PTPP_GROUP)Handle)->Members;

    RtlEnterCriticalSection(&TppLock);
    while (!IsListEmpty(Members)) {
        PLIST_ENTRY Links = Members->Flink;
        PTPP_ITEM Item = NULL;

        for (; Links != Members; Links = Links->Flink) {
            Item = CONTAINING_RECORD(Links, TPP_ITEM, GroupLinks);
            if (Item->Armed || (Item->Pending != 0 && CancelPending) ||
                (Item->Pending == 0 && Item->Running == 0)) {
                break;
            }
        }
        if (Links == Members) { /* all that are left run, or will */
            RtlSleepConditionVariableCS(&TppChanged, &TppLock, NULL);
            continue;
        }
        Item->Period = 0;
        TppDisarm(Item);
        if (Item->Pending != 0 && CancelPending) {
            TppCancelMember(Item, Parameter);
        }
        Item->Released = TRUE;
        TppFreeIfDone(Item);
    }
    RtlLeaveCriticalSection(&TppLock);
}
