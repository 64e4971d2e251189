/*
 * runonce.c - one-time initialisation. [DDI:ntddk/rtlrunonceexecuteonce, rtlrunoncebegininitialize, rtlrunoncecomplete]
 *
 * The word holds the context, whose two low bits are free, and the state in them:
 *     0 not begun   1 one thread at work, others wait   2 done   3 asynchronous: several may be at work
 *
 *   O1  Who waits has an event of its own on ExpOnceWaiters, put there under ExpOnceLock while the word still says 1; whoever
 *       changes such a word sets all events of that word under the same lock.
 */
#include "exp.h"

#define ONCE_STATE 3ull

typedef struct _EXP_ONCE_WAITER {
    LIST_ENTRY Links;
    volatile ULONG64 *Once;
    KEVENT Event;
} EXP_ONCE_WAITER, *PEXP_ONCE_WAITER;

FORCEINLINE volatile ULONG64 *
ExpOnceWord(PRTL_RUN_ONCE RunOnce)
{
    return (volatile ULONG64 *)&RunOnce->Ptr;
}

VOID
ExpInitializeRunOnce(VOID)
{
    ExInitializeFastMutex(&ExpOnceLock);
    InitializeListHead(&ExpOnceWaiters);
}

VOID NTAPI
RtlRunOnceInitialize(PRTL_RUN_ONCE RunOnce)
{
    *ExpOnceWord(RunOnce) = 0;
}

static VOID
ExpOnceWait(volatile ULONG64 *Once)
{
    EXP_ONCE_WAITER Waiter = {.Once = Once};

    KeInitializeEvent(&Waiter.Event, NotificationEvent, FALSE);
    ExAcquireFastMutex(&ExpOnceLock);
    if ((*Once & ONCE_STATE) == 1) {
        InsertTailList(&ExpOnceWaiters, &Waiter.Links);
    } else {
        Waiter.Once = NULL;
    }
    ExReleaseFastMutex(&ExpOnceLock);
    if (Waiter.Once != NULL) {
        KeWaitForSingleObject(&Waiter.Event, Executive, KernelMode, FALSE, NULL);
    }
}

NTSTATUS NTAPI
RtlRunOnceBeginInitialize(PRTL_RUN_ONCE RunOnce, ULONG Flags, PVOID *Context)
{
    volatile ULONG64 *Once = ExpOnceWord(RunOnce);

    if ((Flags & ~(RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC)) != 0 ||
        Flags == (RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    for (;;) {
        ULONG64 Word;

        KiSchedulePoint(SP_INTERLOCKED, Once);
        Word = *Once;
        if ((Word & ONCE_STATE) == 2) {
            if (Context != NULL) {
                *Context = (PVOID)(Word & ~ONCE_STATE);
            }
            return STATUS_SUCCESS;
        }
        if (Flags & RTL_RUN_ONCE_CHECK_ONLY) {
            return STATUS_UNSUCCESSFUL;
        }
        if (Word == 0) {
            if (InterlockedCompareExchange64((volatile LONG64 *)Once,
                                             Flags & RTL_RUN_ONCE_ASYNC ? 3 : 1, 0) == 0) {
                return STATUS_PENDING;
            }
        } else if ((Word & ONCE_STATE) == 3) {
            return Flags & RTL_RUN_ONCE_ASYNC ? STATUS_PENDING : STATUS_INVALID_PARAMETER_2;
        } else if (Flags & RTL_RUN_ONCE_ASYNC) {
            return STATUS_INVALID_PARAMETER_2;
        } else {
            ExpOnceWait(Once); /* O1 */
        }
    }
}

NTSTATUS NTAPI
RtlRunOnceComplete(PRTL_RUN_ONCE RunOnce, ULONG Flags, PVOID Context)
{
    volatile ULONG64 *Once = ExpOnceWord(RunOnce);
    BOOLEAN Failed = (Flags & RTL_RUN_ONCE_INIT_FAILED) != 0, Done;
    ULONG64 Expected = Flags & RTL_RUN_ONCE_ASYNC ? 3 : 1;
    PLIST_ENTRY Entry, Next;

    if (((ULONG64)Context & ONCE_STATE) != 0 || (Failed && Context != NULL)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if ((Flags & ~(RTL_RUN_ONCE_INIT_FAILED | RTL_RUN_ONCE_ASYNC)) != 0 ||
        (Failed && Expected == 3)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    ExAcquireFastMutex(&ExpOnceLock);
    KiSchedulePoint(SP_INTERLOCKED,
                    Once); /* right in front of the exchange: others look without the lock */
    Done = InterlockedCompareExchange64((volatile LONG64 *)Once, Failed ? 0 : (LONG64)Context | 2,
                                        (LONG64)Expected) == (LONG64)Expected;
    for (Entry = ExpOnceWaiters.Flink; Done && Entry != &ExpOnceWaiters; Entry = Next) {
        PEXP_ONCE_WAITER Waiter = CONTAINING_RECORD(Entry, EXP_ONCE_WAITER, Links);

        Next = Entry->Flink;
        if (Waiter->Once == Once) {
            RemoveEntryList(Entry);
            KeSetEvent(&Waiter->Event, IO_NO_INCREMENT, FALSE);
        }
    }
    ExReleaseFastMutex(&ExpOnceLock);
    if (!Done) {
        return Expected == 3 ? STATUS_OBJECT_NAME_COLLISION : STATUS_UNSUCCESSFUL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlRunOnceExecuteOnce(PRTL_RUN_ONCE RunOnce, PRTL_RUN_ONCE_INIT_FN Initialize, PVOID Parameter,
                      PVOID *Context)
{
    PVOID Result = NULL;
    NTSTATUS Status = RtlRunOnceBeginInitialize(RunOnce, 0, Context);

    if (Status != STATUS_PENDING) {
        return Status;
    }
    if (!Initialize(RunOnce, Parameter, &Result)) {
        RtlRunOnceComplete(RunOnce, RTL_RUN_ONCE_INIT_FAILED, NULL);
        return STATUS_UNSUCCESSFUL;
    }
    Status = RtlRunOnceComplete(RunOnce, 0, Result);
    if (NT_SUCCESS(Status) && Context != NULL) {
        *Context = Result;
    }
    return Status;
}
