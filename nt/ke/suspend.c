/*
 * suspend.c - thread suspension: a normal kernel APC whose normal routine waits.
 *
 * There are two reasons to stand still, each counted: SuspendCount (NtSuspendThread, creation) and
 * FreezeCount (a frozen job, a debugger: its process's count). The thread is held from the first reason on and let go with the last.
 * Until 7 it waits on a semaphore, from 8 on an event (KTHREAD overlays them). A critical region postpones it.
 *
 *   U1  Held and let go again before the APC ran: the APC finds the signal and does not wait. Held once more
 *       before it ran: the signal is taken back, the APC is still queued.
 *   U2  A thread that can get no more APCs is not held: it is on its way out.
 *   U3  FreezeCount follows the process's count, which may have changed again before the lock was had.
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

/* The first reason to stand still. DISPATCH_LEVEL. */
static VOID
KiHoldThread(PKTHREAD Thread)
{
    if (KiVersion->SuspendByEvent) {
        Thread->SuspendEvent.Header.SignalState = 0;
        if (!Thread->SchedulerApc.Inserted) {
            KiInsertApcLocked(&Thread->SchedulerApc, 0);
        }
    } else if (Thread->SchedulerApc.Inserted) {
        Thread->SuspendSemaphore.Header.SignalState--; /* U1 */
    } else {
        KiInsertApcLocked(&Thread->SchedulerApc, 0);
    }
}

/* The last reason is gone. DISPATCH_LEVEL. */
static VOID
KiLetThreadGo(PKTHREAD Thread)
{
    Thread->SuspendEvent.Header.SignalState++; /* the semaphore's, too; of an event it was 0 */
    KiWaitTest(&Thread->SuspendEvent.Header, 0);
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
        Status = STATUS_THREAD_IS_TERMINATING; /* U2 */
    } else {
        Thread->SuspendCount++;
        if (Previous == 0 && Thread->FreezeCount == 0) {
            KiHoldThread(Thread);
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    *PreviousCount = (ULONG)Previous;
    return Status;
}

ULONG
KiResumeThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher(SP_RESUME, Thread);
    CHAR Previous = Thread->SuspendCount;

    if (Previous != 0) {
        Thread->SuspendCount--;
        if (Thread->SuspendCount == 0 && Thread->FreezeCount == 0) {
            KiLetThreadGo(Thread);
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return (ULONG)Previous;
}

/* Brings FreezeCount to the process's. */
VOID
KiFreezeThread(PKTHREAD Thread, const LONG *Count)
{
    KIRQL OldIrql = KiLockDispatcher(SP_SUSPEND, Thread);
    CHAR Previous = Thread->FreezeCount;

    Thread->FreezeCount = (CHAR)min(*Count, KI_MAXIMUM_SUSPEND_COUNT); /* U3 */
    if (Previous == 0 && Thread->FreezeCount != 0) {
        if (!Thread->ApcQueueable) { /* U2 */
            Thread->FreezeCount = 0;
        } else if (Thread->SuspendCount == 0) {
            KiHoldThread(Thread);
        }
    } else if (Previous != 0 && Thread->FreezeCount == 0 && Thread->SuspendCount == 0) {
        KiLetThreadGo(Thread);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID
KiForceResumeThread(PKTHREAD Thread, BOOLEAN Ends)
{
    KIRQL OldIrql = KiLockDispatcherToWait(SP_RESUME, Thread, NULL, Ends ? ABI_APC_USER : 0);

    Thread->ApcQueueable &= !Ends; /* P5 */
    if (Thread->SuspendCount != 0 || Thread->FreezeCount != 0) {
        Thread->SuspendCount = 0;
        Thread->FreezeCount = 0;
        KiLetThreadGo(Thread);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}

/* As NtSuspendThread and NtResumeThread of somebody else, for inject.c. DISPATCH_LEVEL. */
VOID
KiHoldAgain(PKTHREAD Thread)
{
    if (Thread->SuspendCount++ == 0 && Thread->FreezeCount == 0) {
        KiHoldThread(Thread);
    }
}

VOID
KiLetGoAgain(PKTHREAD Thread)
{
    if (--Thread->SuspendCount == 0 && Thread->FreezeCount == 0) {
        KiLetThreadGo(Thread);
    }
}
