/*
 * apc.c - user APCs and alerts as system services.
 *
 * A user APC is allocated here and freed by whichever comes first: its kernel routine, before the user routine is
 * called, or its rundown routine, when the thread ends.
 *
 *     NtQueueApcThread     delivered in an alertable wait or a test for alerts
 *     NtQueueApcThreadEx   7 and later; with 1 in place of a reserve object's handle, from 10 1809 on, a special one
 *     NtQueueApcThreadEx2  11 and later; flags instead
 * A reserve object lends its memory to the APC; none can be made here, so any other handle is a wrong one.
 * Source: nt-semantics 1.1; learn.microsoft.com QueueUserAPC2; ntdoc (QUEUE_USER_APC_SPECIAL_USER_APC).
 */
#include "nt/ps/psp.h"

#define PSP_SPECIAL_USER_APC_HANDLE ((HANDLE)1)
#define PSP_APC_SPECIAL             0x00001 /* QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC */
#define PSP_APC_CONTEXT             0x10000 /* QUEUE_USER_APC_CALLBACK_DATA_CONTEXT: user mode's affair */

static VOID NTAPI
PspFreeApcKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                        PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    ExpFree(Apc);
}

static VOID NTAPI
PspFreeApcRundown(PKAPC Apc)
{
    ExpFree(Apc);
}

static NTSTATUS
PspQueueUserApc(HANDLE ThreadHandle, BOOLEAN Special, PVOID Routine, PVOID Context, PVOID Argument1,
                PVOID Argument2)
{
    PETHREAD Thread;
    PKAPC Apc;
    NTSTATUS Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_SET_CONTEXT, PsThreadTypeP,
                                                KiPreviousMode(), (PVOID *)&Thread, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Thread->Tcb.SystemThread) {
        ObDereferenceObject(Thread);
        return STATUS_INVALID_HANDLE;
    }
    Apc = ExpAllocate(sizeof(*Apc), 'pasP');
    if (Special) {
        KiInitializeSpecialUserApc(Apc, &Thread->Tcb, PspFreeApcKernelRoutine, PspFreeApcRundown,
                                   (PKI_NORMAL_ROUTINE)Routine, Context);
    } else {
        KeInitializeApc(Apc, &Thread->Tcb, OriginalApcEnvironment, PspFreeApcKernelRoutine,
                        PspFreeApcRundown, (PKI_NORMAL_ROUTINE)Routine, UserMode, Context);
    }
    if (!KeInsertQueueApc(Apc, Argument1, Argument2, 0)) {
        ExpFree(Apc);
        Status = STATUS_UNSUCCESSFUL; /* it is exiting */
    }
    ObDereferenceObject(Thread);
    return Status;
}

/* There is no handle that could be right. */
static NTSTATUS
PspRefuseReserve(HANDLE ReserveHandle)
{
    PVOID Object;
    NTSTATUS Status =
        ObReferenceObjectByHandle(ReserveHandle, 0, NULL, KiPreviousMode(), &Object, NULL);

    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Object);
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Status;
}

NTSTATUS NTAPI
NtQueueApcThread(HANDLE ThreadHandle, PVOID Routine, PVOID Context, PVOID Argument1,
                 PVOID Argument2)
{
    return PspQueueUserApc(ThreadHandle, FALSE, Routine, Context, Argument1, Argument2);
}

NTSTATUS NTAPI
NtQueueApcThreadEx(HANDLE ThreadHandle, HANDLE ReserveHandle, PVOID Routine, PVOID Context,
                   PVOID Argument1, PVOID Argument2)
{
    BOOLEAN Special = KiVersion->SpecialUserApc && ReserveHandle == PSP_SPECIAL_USER_APC_HANDLE;

    if (ReserveHandle != NULL && !Special) {
        return PspRefuseReserve(ReserveHandle);
    }
    return PspQueueUserApc(ThreadHandle, Special, Routine, Context, Argument1, Argument2);
}

NTSTATUS NTAPI
NtQueueApcThreadEx2(HANDLE ThreadHandle, HANDLE ReserveHandle, ULONG Flags, PVOID Routine,
                    PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (!KiVersion->QueueApcByFlags) {
        return STATUS_INVALID_SYSTEM_SERVICE;
    }
    if ((Flags & ~(PSP_APC_SPECIAL | PSP_APC_CONTEXT)) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ReserveHandle != NULL) {
        return PspRefuseReserve(ReserveHandle);
    }
    return PspQueueUserApc(ThreadHandle, (Flags & PSP_APC_SPECIAL) != 0, Routine, Context,
                           Argument1, Argument2);
}

NTSTATUS NTAPI
NtAlertThread(HANDLE ThreadHandle)
{
    PETHREAD Thread;
    NTSTATUS Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_ALERT, PsThreadTypeP,
                                                KiPreviousMode(), (PVOID *)&Thread, NULL);

    if (NT_SUCCESS(Status)) {
        KiAlertThread(&Thread->Tcb, KiPreviousMode());
        ObDereferenceObject(Thread);
    }
    return Status;
}
