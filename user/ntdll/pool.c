/*
 * pool.c - workers and work items. Facts: "Thread Pools", "Thread Pool API", QueueUserWorkItem.
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

PTPP_ITEM
TppAllocate(TPP_KIND Kind, PVOID Callback, PVOID Context)
{
    PTPP_ITEM Item = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Item));

    if (Item != NULL) {
        Item->Kind = Kind;
        Item->Callback = Callback;
        Item->Context = Context;
        Item->Timeout = -1;
        InitializeListHead(&Item->GroupLinks);
    }
    return Item;
}

VOID
TppFreeIfDone(PTPP_ITEM Item)
{
    if (!Item->Released || Item->Pending != 0 || Item->Running != 0 || Item->Armed) {
        return;
    }
    RemoveEntryList(&Item->GroupLinks);
    if (Item->Completion != NULL && Item->Completion != INVALID_HANDLE_VALUE) {
        NtSetEvent(Item->Completion, NULL);
    }
    RtlFreeHeap(RtlProcessHeap(), 0, Item);
}

static VOID
TppFinish(PTPP_INSTANCE Instance)
{
    if (Instance->Section != NULL) {
        RtlLeaveCriticalSection(Instance->Section);
    }
    if (Instance->Mutex != NULL) {
        NtReleaseMutant(Instance->Mutex, NULL);
    }
    if (Instance->Semaphore != NULL) {
        NtReleaseSemaphore(Instance->Semaphore, Instance->SemaphoreCount, NULL);
    }
    if (Instance->Event != NULL) {
        NtSetEvent(Instance->Event, NULL);
    }
    if (Instance->Library != NULL) {
        LdrUnloadDll(Instance->Library);
    }
}

static VOID
TppCall(PTPP_ITEM Item, BOOLEAN TimedOut)
{
    TPP_INSTANCE Instance = {0};
    PTP_CALLBACK_INSTANCE Handle = (PTP_CALLBACK_INSTANCE)&Instance;

    switch (Item->Kind) {
    case TppSimple:
        ((PTP_SIMPLE_CALLBACK)Item->Callback)(Handle, Item->Context);
        break;
    case TppWork:
        ((PTP_WORK_CALLBACK)Item->Callback)(Handle, Item->Context, (PTP_WORK)Item);
        break;
    case TppTimer:
        ((PTP_TIMER_CALLBACK)Item->Callback)(Handle, Item->Context, (PTP_TIMER)Item);
        break;
    case TppWait:
        ((PTP_WAIT_CALLBACK)Item->Callback)(Handle, Item->Context, (PTP_WAIT)Item,
                                            TimedOut ? WAIT_TIMEOUT : WAIT_OBJECT_0);
        break;
    case TppOldWork:
        ((LPTHREAD_START_ROUTINE)Item->Callback)(Item->Context);
        break;
    case TppOldTimer:
    case TppOldWait:
        ((WAITORTIMERCALLBACKFUNC)Item->Callback)(Item->Context,
                                                  Item->Kind == TppOldTimer || TimedOut);
        break;
    }
    TppFinish(&Instance);
}

static DWORD WINAPI
TppWorker(PVOID Unused)
{
    RtlEnterCriticalSection(&TppLock);
    for (;;) {
        PTPP_ITEM Item;
        BOOLEAN TimedOut;

        while (IsListEmpty(&TppQueue)) {
            TppIdle++;
            RtlSleepConditionVariableCS(&TppWakeWorker, &TppLock, NULL);
            TppIdle--;
        }
        Item = CONTAINING_RECORD(RemoveHeadList(&TppQueue), TPP_ITEM, QueueLinks);
        if (--Item->Pending != 0) {
            InsertTailList(&TppQueue, &Item->QueueLinks); /* T2 */
        }
        Item->Running++;
        TimedOut = Item->TimedOut;
        RtlLeaveCriticalSection(&TppLock);
        TppCall(Item, TimedOut);
        RtlEnterCriticalSection(&TppLock);
        Item->Running--;
        if (Item->Kind == TppOldWait && !Item->Released &&
            (Item->Flags & WT_EXECUTEONLYONCE) == 0) {
            TppArm(Item);
        }
        RtlWakeAllConditionVariable(&TppChanged); /* T3 */
        TppFreeIfDone(Item);
    }
    return 0;
}

NTSTATUS
TppPost(PTPP_ITEM Item)
{
    HANDLE Thread;
    NTSTATUS Status;

    if (TppIdle == 0 && TppWorkers < TPP_MAX_WORKERS) {
        Status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, TppWorker, NULL,
                                     &Thread, NULL);
        if (NT_SUCCESS(Status)) {
            TppWorkers++;
            NtClose(Thread);
        } else if (TppWorkers == 0) {
            return Status;
        }
    }
    if (Item->Pending++ == 0) {
        InsertTailList(&TppQueue, &Item->QueueLinks);
    }
    RtlWakeConditionVariable(&TppWakeWorker);
    return STATUS_SUCCESS;
}

VOID
TppWaitIdle(PTPP_ITEM Item, BOOLEAN CancelPending)
{
    if (CancelPending && Item->Pending != 0) {
        Item->Pending = 0;
        RemoveEntryList(&Item->QueueLinks);
    }
    while (Item->Pending != 0 || Item->Running != 0) {
        RtlSleepConditionVariableCS(&TppChanged, &TppLock, NULL);
    }
}

NTSTATUS NTAPI
TpAllocWork(PTP_WORK *Result, PTP_WORK_CALLBACK Callback, PVOID Context,
            PTP_CALLBACK_ENVIRON Environment)
{
    *Result = (PTP_WORK)TppAllocate(TppWork, (PVOID)Callback, Context);
    TppJoin((PTPP_ITEM)*Result, Environment);
    return *Result != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

VOID NTAPI
TpPostWork(PTP_WORK Work)
{
    RtlEnterCriticalSection(&TppLock);
    TppPost((PTPP_ITEM)Work);
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpReleaseWork(PTP_WORK Work)
{
    RtlEnterCriticalSection(&TppLock);
    ((PTPP_ITEM)Work)->Released = TRUE;
    TppFreeIfDone((PTPP_ITEM)Work);
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpWaitForWork(PTP_WORK Work, ULONG CancelPending)
{
    RtlEnterCriticalSection(&TppLock);
    TppWaitIdle((PTPP_ITEM)Work, CancelPending != 0);
    RtlLeaveCriticalSection(&TppLock);
}

static NTSTATUS
TppPostOnce(TPP_KIND Kind, PVOID Callback, PVOID Context, PTP_CALLBACK_ENVIRON Environment)
{
    PTPP_ITEM Item = TppAllocate(Kind, Callback, Context);
    NTSTATUS Status;

    if (Item == NULL) {
        return STATUS_NO_MEMORY;
    }
    TppJoin(Item, Environment);
    RtlEnterCriticalSection(&TppLock);
    Status = TppPost(Item);
    Item->Released = TRUE;
    TppFreeIfDone(Item);
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

NTSTATUS NTAPI
TpSimpleTryPost(PTP_SIMPLE_CALLBACK Callback, PVOID Context, PTP_CALLBACK_ENVIRON Environment)
{
    return TppPostOnce(TppSimple, (PVOID)Callback, Context, Environment);
}

NTSTATUS NTAPI
RtlQueueWorkItem(PVOID Function, PVOID Context, ULONG Flags)
{
    return TppPostOnce(TppOldWork, Function, Context, NULL);
}

/* Pools of one's own: all work goes to the one pool; a pool is a name for it. */
NTSTATUS NTAPI
TpAllocPool(PTP_POOL *Pool, PVOID Reserved)
{
    *Pool = RtlAllocateHeap(RtlProcessHeap(), 0, 16);
    return *Pool != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

VOID NTAPI
TpReleasePool(PTP_POOL Pool)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Pool);
}

VOID NTAPI
TpSetPoolMaxThreads(PTP_POOL Pool, DWORD Maximum)
{
    UNREFERENCED_PARAMETER(Maximum); /* the pool's own limit holds */
}

NTSTATUS NTAPI
TpSetPoolMinThreads(PTP_POOL Pool, DWORD Minimum)
{
    return STATUS_SUCCESS; /* workers come as they are needed, and stay */
}

NTSTATUS NTAPI
TpCallbackMayRunLong(PTP_CALLBACK_INSTANCE Instance)
{
    return TppWorkers < TPP_MAX_WORKERS ? STATUS_SUCCESS : STATUS_TOO_MANY_THREADS;
}

VOID NTAPI
TpCallbackSetEventOnCompletion(PTP_CALLBACK_INSTANCE Instance, HANDLE Event)
{
    ((PTPP_INSTANCE)Instance)->Event = Event;
}

VOID NTAPI
TpCallbackLeaveCriticalSectionOnCompletion(PTP_CALLBACK_INSTANCE Instance,
                                           PRTL_CRITICAL_SECTION Section)
{
    ((PTPP_INSTANCE)Instance)->Section = Section;
}

VOID NTAPI
TpCallbackReleaseMutexOnCompletion(PTP_CALLBACK_INSTANCE Instance, HANDLE Mutex)
{
    ((PTPP_INSTANCE)Instance)->Mutex = Mutex;
}

VOID NTAPI
TpCallbackReleaseSemaphoreOnCompletion(PTP_CALLBACK_INSTANCE Instance, HANDLE Semaphore,
                                       DWORD Count)
{
    ((PTPP_INSTANCE)Instance)->Semaphore = Semaphore;
    ((PTPP_INSTANCE)Instance)->SemaphoreCount = Count;
}

VOID NTAPI
TpCallbackUnloadDllOnCompletion(PTP_CALLBACK_INSTANCE Instance, HMODULE Library)
{
    ((PTPP_INSTANCE)Instance)->Library = Library;
}
