/*
 * pool.c - the thread pool under its Win32 names; what is only renamed is a forwarder (kernel32.exports).
 */
#include "user/kernel32/base.h"

BOOL WINAPI
QueueUserWorkItem(LPTHREAD_START_ROUTINE Function, PVOID Context, ULONG Flags)
{
    return BaseResult(RtlQueueWorkItem((PVOID)Function, Context, Flags));
}

BOOL WINAPI
BindIoCompletionCallback(HANDLE File, LPOVERLAPPED_COMPLETION_ROUTINE Routine, ULONG Flags)
{
    return BaseResult(RtlSetIoCompletionCallback(File, (PVOID)Routine, Flags));
}

BOOL WINAPI
RegisterWaitForSingleObject(PHANDLE Wait, HANDLE Object, WAITORTIMERCALLBACK Callback,
                            PVOID Context, ULONG Milliseconds, ULONG Flags)
{
    return BaseResult(RtlRegisterWait(Wait, BaseRealHandle(Object), (PVOID)Callback, Context,
                                      Milliseconds, Flags));
}

/* While a callback runs the wait is gone all the same: FALSE with ERROR_IO_PENDING says so. */
static BOOL
BaseCancelled(NTSTATUS Status)
{
    return Status == STATUS_PENDING ? BaseFailWith(ERROR_IO_PENDING) : BaseResult(Status);
}

BOOL WINAPI
UnregisterWaitEx(HANDLE Wait, HANDLE Event)
{
    return BaseCancelled(RtlDeregisterWaitEx(Wait, Event));
}

BOOL WINAPI
UnregisterWait(HANDLE Wait)
{
    return UnregisterWaitEx(Wait, NULL);
}

HANDLE WINAPI
CreateTimerQueue(VOID)
{
    HANDLE Queue;

    return BaseResult(RtlCreateTimerQueue(&Queue)) ? Queue : NULL;
}

BOOL WINAPI
CreateTimerQueueTimer(PHANDLE Timer, HANDLE Queue, WAITORTIMERCALLBACK Callback, PVOID Context,
                      DWORD DueTime, DWORD Period, ULONG Flags)
{
    return BaseResult(
        RtlCreateTimer(Queue, Timer, (PVOID)Callback, Context, DueTime, Period, Flags));
}

BOOL WINAPI
ChangeTimerQueueTimer(HANDLE Queue, HANDLE Timer, ULONG DueTime, ULONG Period)
{
    return BaseResult(RtlUpdateTimer(Queue, Timer, DueTime, Period));
}

/* [LEARN: SetTimerQueueTimer, CancelTimerQueueTimer] the first names of the two above, which winbase.h still declares. */
HANDLE WINAPI
SetTimerQueueTimer(HANDLE Queue, WAITORTIMERCALLBACK Callback, PVOID Context, DWORD DueTime,
                   DWORD Period, BOOL Prefer)
{
    HANDLE Timer;

    return CreateTimerQueueTimer(&Timer, Queue, Callback, Context, DueTime, Period,
                                 Prefer ? WT_EXECUTEINIOTHREAD : WT_EXECUTEDEFAULT)
               ? Timer
               : NULL;
}

BOOL WINAPI
CancelTimerQueueTimer(HANDLE Queue, HANDLE Timer)
{
    return DeleteTimerQueueTimer(Queue, Timer, NULL);
}

BOOL WINAPI
DeleteTimerQueueTimer(HANDLE Queue, HANDLE Timer, HANDLE Event)
{
    return BaseCancelled(RtlDeleteTimer(Queue, Timer, Event));
}

BOOL WINAPI
DeleteTimerQueueEx(HANDLE Queue, HANDLE Event)
{
    return BaseResult(RtlDeleteTimerQueueEx(Queue, Event));
}

BOOL WINAPI
DeleteTimerQueue(HANDLE Queue)
{
    return DeleteTimerQueueEx(Queue, NULL);
}

PTP_WORK WINAPI
CreateThreadpoolWork(PTP_WORK_CALLBACK Callback, PVOID Context, PTP_CALLBACK_ENVIRON Environment)
{
    PTP_WORK Work;

    return BaseResult(TpAllocWork(&Work, Callback, Context, Environment)) ? Work : NULL;
}

BOOL WINAPI
TrySubmitThreadpoolCallback(PTP_SIMPLE_CALLBACK Callback, PVOID Context,
                            PTP_CALLBACK_ENVIRON Environment)
{
    return BaseResult(TpSimpleTryPost(Callback, Context, Environment));
}

PTP_TIMER WINAPI
CreateThreadpoolTimer(PTP_TIMER_CALLBACK Callback, PVOID Context, PTP_CALLBACK_ENVIRON Environment)
{
    PTP_TIMER Timer;

    return BaseResult(TpAllocTimer(&Timer, Callback, Context, Environment)) ? Timer : NULL;
}

PTP_WAIT WINAPI
CreateThreadpoolWait(PTP_WAIT_CALLBACK Callback, PVOID Context, PTP_CALLBACK_ENVIRON Environment)
{
    PTP_WAIT Wait;

    return BaseResult(TpAllocWait(&Wait, Callback, Context, Environment)) ? Wait : NULL;
}

/* What a program gave to CreateThreadpoolIo; lives as long as the process, for a completion may come at any time. */
typedef struct _BASE_IO {
    PTP_WIN32_IO_CALLBACK Callback;
    PVOID Context;
} BASE_IO, *PBASE_IO;

static VOID NTAPI
BaseIoDone(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PVOID Overlapped, PIO_STATUS_BLOCK Iosb,
           PTP_IO Io)
{
    PBASE_IO Own = Context;

    Own->Callback(Instance, Own->Context, Overlapped, RtlNtStatusToDosError(Iosb->Status),
                  Iosb->Information, Io);
}

PTP_IO WINAPI
CreateThreadpoolIo(HANDLE File, PTP_WIN32_IO_CALLBACK Callback, PVOID Context,
                   PTP_CALLBACK_ENVIRON Environment)
{
    PBASE_IO Own = RtlAllocateHeap(BaseHeap(), 0, sizeof(*Own));
    NTSTATUS Status;
    PTP_IO Io;

    if (Own == NULL) {
        BaseFail(STATUS_NO_MEMORY);
        return NULL;
    }
    Own->Callback = Callback;
    Own->Context = Context;
    Status = TpAllocIoCompletion(&Io, File, (PVOID)BaseIoDone, Own, Environment);
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(BaseHeap(), 0, Own);
        BaseFail(Status);
        return NULL;
    }
    return Io;
}

PTP_CLEANUP_GROUP WINAPI
CreateThreadpoolCleanupGroup(VOID)
{
    PTP_CLEANUP_GROUP Group;

    return BaseResult(TpAllocCleanupGroup(&Group)) ? Group : NULL;
}

PTP_POOL WINAPI
CreateThreadpool(PVOID Reserved)
{
    PTP_POOL Pool;

    return BaseResult(TpAllocPool(&Pool, Reserved)) ? Pool : NULL;
}

BOOL WINAPI
SetThreadpoolThreadMinimum(PTP_POOL Pool, DWORD Minimum)
{
    return BaseResult(TpSetPoolMinThreads(Pool, Minimum));
}

BOOL WINAPI
CallbackMayRunLong(PTP_CALLBACK_INSTANCE Instance)
{
    return BaseResult(TpCallbackMayRunLong(Instance));
}
