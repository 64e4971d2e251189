/*
 * pooltimer.c - the pool's timers and waits, the old (CreateTimerQueueTimer, RegisterWaitForSingleObject) and the new.
 *
 * A waiter is a thread that waits for its event, for the objects armed with it and until the first time that is due; it
 * disarms what is ready, arms periodic timers again, and queues the items. One more comes when all have 63 objects.
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

LONGLONG
TppNow(VOID)
{
    LARGE_INTEGER Now = {.QuadPart = 0};

    NtQuerySystemTime(&Now);
    return Now.QuadPart;
}

static LONGLONG
TppMilliseconds(ULONG Value)
{
    return Value * 10000ll;
}

/* An item became ready; the lock is held. */
static VOID
TppReady(PTPP_ITEM Item, LONGLONG Now, BOOLEAN TimedOut)
{
    TppDisarm(Item);
    Item->TimedOut = TimedOut;
    if (Item->Period != 0) {
        Item->Due = max(Item->Due + Item->Period, Now + 1);
        TppArm(Item);
    }
    if ((Item->Kind == TppOldWait && (Item->Flags & WT_EXECUTEINWAITTHREAD)) ||
        (Item->Kind == TppOldTimer && (Item->Flags & WT_EXECUTEINTIMERTHREAD))) {
        TppRun(Item, TimedOut);
        return;
    }
    TppPost(Item);
    TppFreeIfDone(Item);
}

/* An item that was due by Now; what is armed anew meanwhile is due later. */
static PTPP_ITEM
TppFirstDue(PTPP_WAITER Waiter, LONGLONG Now)
{
    for (PLIST_ENTRY Links = Waiter->Armed.Flink; Links != &Waiter->Armed; Links = Links->Flink) {
        PTPP_ITEM Item = CONTAINING_RECORD(Links, TPP_ITEM, ArmedLinks);

        if (Item->HasDue && Item->Due <= Now) {
            return Item;
        }
    }
    return NULL;
}

static DWORD WINAPI
TppTimerThread(PVOID Context)
{
    PTPP_WAITER Waiter = Context;
    HANDLE Handles[MAXIMUM_WAIT_OBJECTS];
    PTPP_ITEM Items[MAXIMUM_WAIT_OBJECTS];

    for (;;) {
        LARGE_INTEGER Due, *Timeout = NULL;
        ULONG Count = 1;
        PLIST_ENTRY Links;
        PTPP_ITEM Ready;
        LONGLONG Now;
        NTSTATUS Status;

        RtlEnterCriticalSection(&TppLock);
        Handles[0] = Waiter->Event;
        for (Links = Waiter->Armed.Flink; Links != &Waiter->Armed; Links = Links->Flink) {
            PTPP_ITEM Item = CONTAINING_RECORD(Links, TPP_ITEM, ArmedLinks);

            if (Item->Object != NULL && Count < MAXIMUM_WAIT_OBJECTS) {
                Items[Count] = Item;
                Handles[Count++] = Item->Object;
            }
            if (Item->HasDue && (Timeout == NULL || Item->Due < Due.QuadPart)) {
                Due.QuadPart = Item->Due;
                Timeout = &Due;
            }
        }
        if (Timeout != NULL) {
            Due.QuadPart = min(TppNow() - Due.QuadPart, 0);
        }
        RtlLeaveCriticalSection(&TppLock);
        Status = NtWaitForMultipleObjects(Count, Handles, WaitAny, FALSE, Timeout);
        RtlEnterCriticalSection(&TppLock);
        Now = TppNow();
        if ((ULONG)Status >= 1 && (ULONG)Status < Count) {
            /* The item may have been disarmed and freed meanwhile: look for it. */
            for (Links = Waiter->Armed.Flink; Links != &Waiter->Armed; Links = Links->Flink) {
                PTPP_ITEM Item = CONTAINING_RECORD(Links, TPP_ITEM, ArmedLinks);

                if (Item == Items[Status] && Item->Object == Handles[Status]) {
                    TppReady(Item, Now, FALSE);
                    break;
                }
            }
        }
        while ((Ready = TppFirstDue(Waiter, Now)) !=
               NULL) { /* the list may be another after each */
            TppReady(Ready, Now, TRUE);
        }
        RtlLeaveCriticalSection(&TppLock);
    }
    return 0;
}

static PTPP_WAITER
TppMakeWaiter(VOID)
{
    PTPP_WAITER Waiter = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Waiter));
    HANDLE Thread;

    if (Waiter == NULL || !NT_SUCCESS(NtCreateEvent(&Waiter->Event, EVENT_ALL_ACCESS, NULL,
                                                    SynchronizationEvent, FALSE))) {
        RtlFreeHeap(RtlProcessHeap(), 0, Waiter);
        return NULL;
    }
    InitializeListHead(&Waiter->Armed);
    if (!NT_SUCCESS(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, TppTimerThread,
                                        Waiter, &Thread, NULL))) {
        NtClose(Waiter->Event);
        RtlFreeHeap(RtlProcessHeap(), 0, Waiter);
        return NULL;
    }
    NtClose(Thread);
    InsertTailList(&TppWaiters, &Waiter->Links);
    return Waiter;
}

NTSTATUS
TppArm(PTPP_ITEM Item)
{
    PTPP_WAITER Waiter = NULL;

    if (Item->Armed) {
        TppDisarm(Item);
    }
    for (PLIST_ENTRY Links = TppWaiters.Flink; Links != &TppWaiters && Waiter == NULL;
         Links = Links->Flink) {
        Waiter = CONTAINING_RECORD(Links, TPP_WAITER, Links);
        if (Item->Object != NULL && Waiter->Waits >= TPP_MAX_WAITS) {
            Waiter = NULL;
        }
    }
    if (Waiter == NULL) {
        Waiter = TppMakeWaiter();
        if (Waiter == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    if (Item->Kind == TppOldWait && Item->Timeout >= 0) {
        Item->Due = TppNow() + Item->Timeout;
    }
    Item->Armed = TRUE;
    Item->Waiter = Waiter;
    Waiter->Waits += Item->Object != NULL;
    InsertTailList(&Waiter->Armed, &Item->ArmedLinks);
    NtSetEvent(Waiter->Event, NULL);
    return STATUS_SUCCESS;
}

VOID
TppDisarm(PTPP_ITEM Item)
{
    if (Item->Armed) {
        Item->Armed = FALSE;
        Item->Waiter->Waits -= Item->Object != NULL;
        RemoveEntryList(&Item->ArmedLinks);
        NtSetEvent(Item->Waiter->Event, NULL);
    }
}

/* FILETIME or LARGE_INTEGER: relative if negative. */
static LONGLONG
TppDueOf(PLARGE_INTEGER Time)
{
    return Time->QuadPart < 0 ? TppNow() - Time->QuadPart : Time->QuadPart;
}

NTSTATUS NTAPI
TpAllocTimer(PTP_TIMER *Result, PTP_TIMER_CALLBACK Callback, PVOID Context,
             PTP_CALLBACK_ENVIRON Environment)
{
    *Result = (PTP_TIMER)TppAllocate(TppTimer, (PVOID)Callback, Context);
    TppJoin((PTPP_ITEM)*Result, Environment);
    return *Result != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* TRUE: it was set, and what it was set to does not come any more. [LEARN: SetThreadpoolTimerEx] */
LOGICAL NTAPI
TpSetTimerEx(PTP_TIMER Timer, PLARGE_INTEGER DueTime, DWORD Period, DWORD Window)
{
    PTPP_ITEM Item = (PTPP_ITEM)Timer;
    BOOLEAN Cancelled;

    RtlEnterCriticalSection(&TppLock);
    Cancelled = Item->Armed;
    TppDisarm(Item);
    Item->Period = 0;
    Item->Set = DueTime != NULL;
    if (DueTime != NULL) {
        Item->HasDue = TRUE;
        Item->Due = TppDueOf(DueTime);
        Item->Period = TppMilliseconds(Period);
        TppArm(Item);
    }
    RtlLeaveCriticalSection(&TppLock);
    return Cancelled;
}

VOID NTAPI
TpSetTimer(PTP_TIMER Timer, PLARGE_INTEGER DueTime, DWORD Period, DWORD Window)
{
    TpSetTimerEx(Timer, DueTime, Period, Window);
}

LOGICAL NTAPI
TpIsTimerSet(PTP_TIMER Timer)
{
    return ((PTPP_ITEM)Timer)->Set;
}

static VOID
TppRelease(PTPP_ITEM Item)
{
    RtlEnterCriticalSection(&TppLock);
    Item->Period = 0;
    TppDisarm(Item);
    Item->Released = TRUE;
    TppFreeIfDone(Item);
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpReleaseTimer(PTP_TIMER Timer)
{
    TppRelease((PTPP_ITEM)Timer);
}

VOID NTAPI
TpWaitForTimer(PTP_TIMER Timer, ULONG CancelPending)
{
    TpWaitForWork((PTP_WORK)Timer, CancelPending);
}

NTSTATUS NTAPI
TpAllocWait(PTP_WAIT *Result, PTP_WAIT_CALLBACK Callback, PVOID Context,
            PTP_CALLBACK_ENVIRON Environment)
{
    *Result = (PTP_WAIT)TppAllocate(TppWait, (PVOID)Callback, Context);
    TppJoin((PTPP_ITEM)*Result, Environment);
    return *Result != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* As TpSetTimerEx. */
LOGICAL NTAPI
TpSetWaitEx(PTP_WAIT Wait, HANDLE Object, PLARGE_INTEGER Timeout, PVOID Reserved)
{
    PTPP_ITEM Item = (PTPP_ITEM)Wait;
    BOOLEAN Cancelled;

    RtlEnterCriticalSection(&TppLock);
    Cancelled = Item->Armed;
    TppDisarm(Item);
    Item->Object = Object;
    Item->HasDue = Timeout != NULL;
    if (Object != NULL) {
        if (Timeout != NULL) {
            Item->Due = Timeout->QuadPart == 0 ? TppNow() : TppDueOf(Timeout);
        }
        if (!NT_SUCCESS(TppArm(Item))) {
            RtlLeaveCriticalSection(&TppLock);
            RtlRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
        }
    }
    RtlLeaveCriticalSection(&TppLock);
    return Cancelled;
}

VOID NTAPI
TpSetWait(PTP_WAIT Wait, HANDLE Object, PLARGE_INTEGER Timeout)
{
    TpSetWaitEx(Wait, Object, Timeout, NULL);
}

VOID NTAPI
TpReleaseWait(PTP_WAIT Wait)
{
    TppRelease((PTPP_ITEM)Wait);
}

VOID NTAPI
TpWaitForWait(PTP_WAIT Wait, ULONG CancelPending)
{
    TpWaitForWork((PTP_WORK)Wait, CancelPending);
}

NTSTATUS NTAPI
RtlRegisterWait(PHANDLE Result, HANDLE Object, PVOID Callback, PVOID Context, ULONG Milliseconds,
                ULONG Flags)
{
    PTPP_ITEM Item = TppAllocate(TppOldWait, Callback, Context);
    NTSTATUS Status;

    if (Item == NULL) {
        return STATUS_NO_MEMORY;
    }
    Item->Object = Object;
    Item->Flags = Flags;
    Item->HasDue = Milliseconds != INFINITE;
    Item->Timeout = Item->HasDue ? TppMilliseconds(Milliseconds) : -1;
    RtlEnterCriticalSection(&TppLock);
    Status = TppArm(Item);
    if (NT_SUCCESS(Status)) {
        *Result = (HANDLE)Item;
    } else {
        Item->Released = TRUE;
        TppFreeIfDone(Item);
    }
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

/* Event: NULL, do not wait; INVALID_HANDLE_VALUE, wait for callbacks; else it is set when they are done. */
static NTSTATUS
TppCancel(PTPP_ITEM Item, HANDLE Event)
{
    NTSTATUS Status = STATUS_SUCCESS;

    RtlEnterCriticalSection(&TppLock);
    Item->Period = 0;
    TppDisarm(Item);
    Item->Flags |= WT_EXECUTEONLYONCE;
    if (Event == INVALID_HANDLE_VALUE) {
        TppWaitIdle(Item, FALSE);
    } else if (Item->Pending != 0 || Item->Running != 0) {
        Status = STATUS_PENDING;
    }
    Item->Completion = Event;
    Item->Released = TRUE;
    TppFreeIfDone(Item);
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

NTSTATUS NTAPI
RtlDeregisterWaitEx(HANDLE Wait, HANDLE Event)
{
    return Wait == NULL ? STATUS_INVALID_HANDLE : TppCancel(Wait, Event);
}

NTSTATUS NTAPI
RtlDeregisterWait(HANDLE Wait)
{
    return RtlDeregisterWaitEx(Wait, NULL);
}

/* A timer queue is the list of its timers; NULL is the default one, which is never deleted. */
NTSTATUS NTAPI
RtlCreateTimerQueue(PHANDLE Queue)
{
    PLIST_ENTRY Head = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Head));

    if (Head == NULL) {
        return STATUS_NO_MEMORY;
    }
    InitializeListHead(Head);
    *Queue = (HANDLE)Head;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlCreateTimer(HANDLE Queue, PHANDLE Timer, PVOID Callback, PVOID Context, ULONG DueTime,
               ULONG Period, ULONG Flags)
{
    PTPP_ITEM Item = TppAllocate(TppOldTimer, Callback, Context);
    NTSTATUS Status;

    if (Item == NULL) {
        return STATUS_NO_MEMORY;
    }
    Item->Flags = Flags;
    Item->HasDue = TRUE;
    RtlEnterCriticalSection(&TppLock);
    Item->Due = TppNow() + TppMilliseconds(DueTime);
    Item->Period = (Flags & WT_EXECUTEONLYONCE) != 0 ? 0 : TppMilliseconds(Period);
    if (Queue != NULL) {
        InsertTailList((PLIST_ENTRY)Queue, &Item->GroupLinks);
    }
    *Timer = (HANDLE)Item;
    Status = TppArm(Item);
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

NTSTATUS NTAPI
RtlUpdateTimer(HANDLE Queue, HANDLE Timer, ULONG DueTime, ULONG Period)
{
    PTPP_ITEM Item = Timer;

    RtlEnterCriticalSection(&TppLock);
    if (Item->Armed || Item->Period != 0) { /* one for once that has expired is not updated */
        TppDisarm(Item);
        Item->Due = TppNow() + TppMilliseconds(DueTime);
        Item->Period = TppMilliseconds(Period);
        TppArm(Item);
    }
    RtlLeaveCriticalSection(&TppLock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlDeleteTimer(HANDLE Queue, HANDLE Timer, HANDLE Event)
{
    return Timer == NULL ? STATUS_INVALID_HANDLE : TppCancel(Timer, Event);
}

NTSTATUS NTAPI
RtlDeleteTimerQueueEx(HANDLE Queue, HANDLE Event)
{
    PLIST_ENTRY Head = Queue;

    if (Head == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    RtlEnterCriticalSection(&TppLock);
    while (!IsListEmpty(Head)) {
        PTPP_ITEM Item = CONTAINING_RECORD(RemoveHeadList(Head), TPP_ITEM, GroupLinks);

        InitializeListHead(&Item->GroupLinks);
        RtlLeaveCriticalSection(&TppLock);
        TppCancel(Item, Event == INVALID_HANDLE_VALUE ? Event : NULL);
        RtlEnterCriticalSection(&TppLock);
    }
    RtlLeaveCriticalSection(&TppLock);
    RtlFreeHeap(RtlProcessHeap(), 0, Head);
    if (Event != NULL && Event != INVALID_HANDLE_VALUE) {
        NtSetEvent(Event, NULL);
    }
    return STATUS_SUCCESS;
}
