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
        Item->Pool = &TppDefaultPool;
        Item->Callback = Callback;
        Item->Context = Context;
        Item->Timeout = -1;
        InitializeListHead(&Item->GroupLinks);
    }
    return Item;
}

/* T4 */
static VOID
TppFreePoolIfDone(PTPP_POOL Pool)
{
    if (Pool->Released && Pool->Items == 0) {
        RtlWakeAllConditionVariable(&Pool->Wake); /* idle workers end; the last frees it */
        if (Pool->Workers == 0) {
            RtlFreeHeap(RtlProcessHeap(), 0, Pool);
        }
    }
}

VOID
TppFreeIfDone(PTPP_ITEM Item)
{
    PTPP_POOL Pool = Item->Pool;

    if (!Item->Released || Item->Pending != 0 || Item->Active != 0 || Item->Armed) {
        return;
    }
    RemoveEntryList(&Item->GroupLinks);
    if (Item->Completion != NULL && Item->Completion != INVALID_HANDLE_VALUE) {
        NtSetEvent(Item->Completion, NULL);
    }
    RtlFreeHeap(RtlProcessHeap(), 0, Item);
    if (Pool != &TppDefaultPool) {
        Pool->Items--;
        TppFreePoolIfDone(Pool);
    }
}

VOID
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
TppCall(PTPP_ITEM Item, PTPP_INSTANCE Instance, BOOLEAN TimedOut)
{
    PTP_CALLBACK_INSTANCE Handle = (PTP_CALLBACK_INSTANCE)Instance;
    PTP_SIMPLE_CALLBACK Finalization = Item->Finalization;
    PVOID Context = Item->Context;

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
    if (Finalization != NULL) {
        Finalization(Handle, Context);
    }
    TppFinish(Instance);
}

VOID
TppRun(PTPP_ITEM Item, BOOLEAN TimedOut)
{
    TPP_INSTANCE Instance = {.Pool = Item->Pool, .Running = &Item->Running};

    Item->Running++;
    Item->Active++;
    RtlLeaveCriticalSection(&TppLock);
    TppCall(Item, &Instance, TimedOut);
    RtlEnterCriticalSection(&TppLock);
    Item->Active--;
    if (Instance.Running != NULL) {
        Item->Running--;
    }
    if (Item->Kind == TppOldWait && !Item->Released && (Item->Flags & WT_EXECUTEONLYONCE) == 0) {
        TppArm(Item);
    }
    RtlWakeAllConditionVariable(&TppChanged); /* T3 */
    TppFreeIfDone(Item);
}

VOID
TppUnqueue(PTPP_ITEM Item)
{
    if (Item->Pending != 0) {
        Item->Pool->Queued -= Item->Pending;
        Item->Pending = 0;
        RemoveEntryList(&Item->QueueLinks);
        RtlWakeAllConditionVariable(&TppChanged); /* T3 */
    }
}

static DWORD WINAPI
TppWorker(PVOID Context)
{
    PTPP_POOL Pool = Context;
    PTPP_ITEM Item;

    RtlEnterCriticalSection(&TppLock);
    while (Pool->Workers <= Pool->Maximum) {
        if (IsListEmpty(&Pool->Queue)) {
            if (Pool->Released && Pool->Items == 0) {
                break;
            }
            Pool->Idle++;
            RtlSleepConditionVariableCS(&Pool->Wake, &TppLock, NULL);
            Pool->Idle--;
            continue;
        }
        Item = CONTAINING_RECORD(RemoveHeadList(&Pool->Queue), TPP_ITEM, QueueLinks);
        Pool->Queued--;
        if (--Item->Pending != 0) {
            InsertTailList(&Pool->Queue, &Item->QueueLinks); /* T2 */
        }
        TppRun(Item, Item->TimedOut);
    }
    Pool->Workers--;
    TppFreePoolIfDone(Pool);
    RtlLeaveCriticalSection(&TppLock);
    RtlExitUserThread(STATUS_SUCCESS);
}

static NTSTATUS
TppAddWorker(PTPP_POOL Pool)
{
    HANDLE Thread;
    NTSTATUS Status;

    Status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, TppWorker, Pool, &Thread,
                                 NULL);
    if (NT_SUCCESS(Status)) {
        Pool->Workers++;
        NtClose(Thread);
    }
    return Status;
}

NTSTATUS
TppPost(PTPP_ITEM Item)
{
    PTPP_POOL Pool = Item->Pool;

    if (Item->Kind >= TppOldWork && (Item->Flags & WT_EXECUTEINIOTHREAD)) {
        return TppPostToIoThread(Item);
    }
    if (Pool->Queued >= Pool->Idle && Pool->Workers < Pool->Maximum) {
        NTSTATUS Status = TppAddWorker(Pool);

        if (!NT_SUCCESS(Status) && Pool->Workers == 0) {
            return Status;
        }
    }
    Pool->Queued++;
    if (Item->Pending++ == 0) {
        InsertTailList(&Pool->Queue, &Item->QueueLinks);
    }
    RtlWakeConditionVariable(&Pool->Wake);
    return STATUS_SUCCESS;
}

VOID
TppWaitIdle(PTPP_ITEM Item, BOOLEAN CancelPending)
{
    if (CancelPending) {
        TppUnqueue(Item);
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
TppPostOnce(TPP_KIND Kind, PVOID Callback, PVOID Context, ULONG Flags,
            PTP_CALLBACK_ENVIRON Environment)
{
    PTPP_ITEM Item = TppAllocate(Kind, Callback, Context);
    NTSTATUS Status;

    if (Item == NULL) {
        return STATUS_NO_MEMORY;
    }
    Item->Flags = Flags;
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
    return TppPostOnce(TppSimple, (PVOID)Callback, Context, 0, Environment);
}

NTSTATUS NTAPI
RtlQueueWorkItem(PVOID Function, PVOID Context, ULONG Flags)
{
    return TppPostOnce(TppOldWork, Function, Context, Flags, NULL);
}

NTSTATUS NTAPI
TpAllocPool(PTP_POOL *Result, PVOID Reserved)
{
    PTPP_POOL Pool = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Pool));

    if (Pool == NULL) {
        return STATUS_NO_MEMORY;
    }
    InitializeListHead(&Pool->Queue);
    Pool->Maximum = 500;
    *Result = (PTP_POOL)Pool;
    return STATUS_SUCCESS;
}

VOID NTAPI
TpReleasePool(PTP_POOL Pool)
{
    RtlEnterCriticalSection(&TppLock);
    ((PTPP_POOL)Pool)->Released = TRUE;
    TppFreePoolIfDone((PTPP_POOL)Pool);
    RtlLeaveCriticalSection(&TppLock);
}

/* Workers too many end as they come back, those that sleep too. */
VOID NTAPI
TpSetPoolMaxThreads(PTP_POOL Handle, DWORD Maximum)
{
    PTPP_POOL Pool = (PTPP_POOL)Handle;

    RtlEnterCriticalSection(&TppLock);
    Pool->Maximum = max(Maximum, 1);
    Pool->Minimum = min(Pool->Minimum, Pool->Maximum);
    RtlWakeAllConditionVariable(&Pool->Wake);
    RtlLeaveCriticalSection(&TppLock);
}

NTSTATUS NTAPI
TpSetPoolMinThreads(PTP_POOL Handle, DWORD Minimum)
{
    PTPP_POOL Pool = (PTPP_POOL)Handle;
    NTSTATUS Status = STATUS_SUCCESS;

    RtlEnterCriticalSection(&TppLock);
    while (NT_SUCCESS(Status) && Pool->Workers < Minimum) {
        Pool->Maximum = max(Pool->Maximum, Minimum);
        Status = TppAddWorker(Pool);
    }
    if (NT_SUCCESS(Status)) {
        Pool->Minimum = Minimum;
        Pool->Maximum = max(Pool->Maximum, Minimum);
    }
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

/* Is there another thread for the next callback? [K: "CallbackMayRunLong"] */
NTSTATUS NTAPI
TpCallbackMayRunLong(PTP_CALLBACK_INSTANCE Instance)
{
    PTPP_POOL Pool = ((PTPP_INSTANCE)Instance)->Pool;
    NTSTATUS Status = STATUS_SUCCESS;

    RtlEnterCriticalSection(&TppLock);
    if (Pool->Idle == 0) {
        Status = Pool->Workers < Pool->Maximum ? TppAddWorker(Pool) : STATUS_TOO_MANY_THREADS;
    }
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

/* Who waits for the object's callbacks waits for this one no longer. [K: "DisassociateCurrentThreadFromCallback"] */
VOID NTAPI
TpDisassociateCallback(PTP_CALLBACK_INSTANCE Handle)
{
    PTPP_INSTANCE Instance = (PTPP_INSTANCE)Handle;

    RtlEnterCriticalSection(&TppLock);
    if (Instance->Running != NULL) {
        --*Instance->Running;
        Instance->Running = NULL; /* T5 */
        RtlWakeAllConditionVariable(&TppChanged);
    }
    RtlLeaveCriticalSection(&TppLock);
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
