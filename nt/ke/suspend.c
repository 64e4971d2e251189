/*
 * suspend.c - thread suspension: a normal kernel APC whose normal routine waits.
 *
 * Until 7 it waits on a semaphore, from 8 on an event (KTHREAD overlays them). A critical region
 * postpones it; a suspension that is resumed before its APC ran takes the signal back.
 * Source: nt-semantics 1.6.
 */
#include "nt/ke/ki.h"

#define KI_MAXIMUM_SUSPEND_COUNT 0x7F

static VOID NTAPI
KiSuspendKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *Normal, PVOID *Context, PVOID *A1, PVOID *A2)
{
}

static VOID NTAPI
KiSuspendRundown(PKAPC Apc)
{
}

static VOID NTAPI
KiSchedulerApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PKTHREAD Thread = KiThread();

    KeWaitForSingleObject(&Thread->SuspendEvent, Suspended, KernelMode, FALSE, NULL);
}

VOID
KiSuspendInit(PKTHREAD Thread)
{
    KeInitializeApc(&Thread->SchedulerApc, Thread, OriginalApcEnvironment, KiSuspendKernelRoutine,
                    KiSuspendRundown, KiSchedulerApc, KernelMode, Thread);
    if (KiVersion->SuspendByEvent) {
        KeInitializeEvent(&Thread->SuspendEvent, NotificationEvent, TRUE);
    } else {
        KeInitializeSemaphore(&Thread->SuspendSemaphore, 0, 2);
    }
}

NTSTATUS
KiSuspendThread(PKTHREAD Thread, PULONG PreviousCount)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KIRQL OldIrql = KiLockDispatcher(SP_SUSPEND, Thread);
    CHAR Previous = Thread->SuspendCount;

    if (Previous == KI_MAXIMUM_SUSPEND_COUNT) {
        Status = STATUS_SUSPEND_COUNT_EXCEEDED;
    } else if (!Thread->ApcQueueable) {
        Status = STATUS_THREAD_IS_TERMINATING;
    } else {
        Thread->SuspendCount++;
        if (Previous == 0 && Thread->FreezeCount == 0) {
            if (KiVersion->SuspendByEvent) {
                Thread->SuspendEvent.Header.SignalState = 0;
                if (!Thread->SchedulerApc.Inserted) {
                    KiInsertApcLocked(&Thread->SchedulerApc, 0);
                }
            } else if (Thread->SchedulerApc.Inserted) {
                Thread->SuspendSemaphore.Header.SignalState--;
            } else {
                KiInsertApcLocked(&Thread->SchedulerApc, 0);
            }
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    *PreviousCount = (ULONG)Previous;
    return Status;
}

static VOID
KiReleaseSuspended(PKTHREAD Thread)
{
    Thread->SuspendEvent.Header.SignalState++;
    if (KiVersion->SuspendByEvent) {
        Thread->SuspendEvent.Header.SignalState = 1;
    }
    KiWaitTest(&Thread->SuspendEvent.Header, 0);
}

ULONG
KiResumeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher(SP_RESUME, Thread);
    CHAR Previous = Thread->SuspendCount;

    if (Previous != 0) {
        Thread->SuspendCount--;
        if (Thread->SuspendCount == 0 && Thread->FreezeCount == 0) {
            KiReleaseSuspended(Thread);
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return (ULONG)Previous;
}

VOID
KiForceResumeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher(SP_RESUME, Thread);

    if (Thread->SuspendCount != 0 || Thread->FreezeCount != 0) {
        Thread->SuspendCount = 0;
        Thread->FreezeCount = 0;
        KiReleaseSuspended(Thread);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}
