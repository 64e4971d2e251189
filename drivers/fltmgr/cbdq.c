/*
 * cbdq.c - cancel-safe queues of callback data, and cancelling.
 *
 * The queue is the filter's; inserting sets the IRP's cancel routine, and whoever removes first, the filter or the
 * cancel, has the operation. [DDI: FltCbdqInitialize, FltCbdqInsertIo, FltSetCancelCompletion, FltCancelIo]
 *
 *   C1  An operation is found again from its IRP: Tail.Overlay.DriverContext[3] is the queue, [2] the data, [1] the
 *       context that the filter gave.
 */
#include "fltp.h"

#define FLTP_CBDQ_DISABLED 1

NTSTATUS FLTAPI
FltCbdqInitialize(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA_QUEUE Cbdq,
                  PFLT_CALLBACK_DATA_QUEUE_INSERT_IO CbdqInsertIo,
                  PFLT_CALLBACK_DATA_QUEUE_REMOVE_IO CbdqRemoveIo,
                  PFLT_CALLBACK_DATA_QUEUE_PEEK_NEXT_IO CbdqPeekNextIo,
                  PFLT_CALLBACK_DATA_QUEUE_ACQUIRE CbdqAcquire,
                  PFLT_CALLBACK_DATA_QUEUE_RELEASE CbdqRelease,
                  PFLT_CALLBACK_DATA_QUEUE_COMPLETE_CANCELED_IO CbdqCompleteCanceledIo)
{
    RtlZeroMemory(Cbdq, sizeof(*Cbdq));
    Cbdq->Instance = Instance;
    Cbdq->InsertIo = CbdqInsertIo;
    Cbdq->RemoveIo = CbdqRemoveIo;
    Cbdq->PeekNextIo = CbdqPeekNextIo;
    Cbdq->Acquire = CbdqAcquire;
    Cbdq->Release = CbdqRelease;
    Cbdq->CompleteCanceledIo = CbdqCompleteCanceledIo;
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltCbdqEnable(PFLT_CALLBACK_DATA_QUEUE Cbdq)
{
    Cbdq->Flags = (FLT_CALLBACK_DATA_QUEUE_FLAGS)(Cbdq->Flags & ~FLTP_CBDQ_DISABLED);
}

VOID FLTAPI
FltCbdqDisable(PFLT_CALLBACK_DATA_QUEUE Cbdq)
{
    Cbdq->Flags = (FLT_CALLBACK_DATA_QUEUE_FLAGS)(Cbdq->Flags | FLTP_CBDQ_DISABLED);
}

static VOID
FltpUnlinkIo(PFLT_CALLBACK_DATA Data)
{
    PIRP Irp = FltpOperation(Data)->Irp;
    PIO_CSQ_IRP_CONTEXT Context = Irp->Tail.Overlay.DriverContext[1];

    Irp->Tail.Overlay.DriverContext[3] = NULL;
    if (Context != NULL) {
        Context->Irp = NULL;
        Irp->Tail.Overlay.DriverContext[1] = NULL;
    }
}

static VOID NTAPI
FltpCancelQueued(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFLT_CALLBACK_DATA Data = Irp->Tail.Overlay.DriverContext[2];
    PFLT_CALLBACK_DATA_QUEUE Cbdq = Irp->Tail.Overlay.DriverContext[3];
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Cbdq->Acquire(Cbdq, &Irql);
    Cbdq->RemoveIo(Cbdq, Data);
    FltpUnlinkIo(Data);
    Cbdq->Release(Cbdq, Irql);
    Cbdq->CompleteCanceledIo(Cbdq, Data);
}

NTSTATUS FLTAPI
FltCbdqInsertIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd,
                PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Context, PVOID InsertContext)
{
    PFLTP_OPERATION Operation = FltpOperation(Cbd);
    PIRP Irp = Operation->Irp;
    NTSTATUS Status;
    KIRQL Irql;

    if (Irp == NULL) {
        return STATUS_FLT_INVALID_ASYNCHRONOUS_REQUEST; /* only IRPs can be pended */
    }
    Cbdq->Acquire(Cbdq, &Irql);
    if (Cbdq->Flags & FLTP_CBDQ_DISABLED) {
        Cbdq->Release(Cbdq, Irql);
        return STATUS_FLT_CBDQ_DISABLED;
    }
    Status = Cbdq->InsertIo(Cbdq, Cbd, InsertContext);
    if (!NT_SUCCESS(Status)) {
        Cbdq->Release(Cbdq, Irql);
        return Status;
    }
    Irp->Tail.Overlay.DriverContext[3] = Cbdq; /* C1 */
    Irp->Tail.Overlay.DriverContext[2] = Cbd;
    Irp->Tail.Overlay.DriverContext[1] = Context;
    if (Context != NULL) {
        Context->Irp = Irp;
        Context->Csq = &Cbdq->Csq;
    }
    IoSetCancelRoutine(Irp, FltpCancelQueued);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        Cbdq->RemoveIo(Cbdq, Cbd); /* cancelled before it was in */
        FltpUnlinkIo(Cbd);
        Cbdq->Release(Cbdq, Irql);
        return STATUS_CANCELLED;
    }
    Cbdq->Release(Cbdq, Irql);
    return STATUS_SUCCESS;
}

PFLT_CALLBACK_DATA FLTAPI
FltCbdqRemoveIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Context)
{
    PFLT_CALLBACK_DATA Data = NULL;
    KIRQL Irql;
    PIRP Irp;

    Cbdq->Acquire(Cbdq, &Irql);
    Irp = Context->Irp;
    if (Irp != NULL && IoSetCancelRoutine(Irp, NULL) != NULL) {
        Data = Irp->Tail.Overlay.DriverContext[2];
        Cbdq->RemoveIo(Cbdq, Data);
        FltpUnlinkIo(Data);
    }
    Cbdq->Release(Cbdq, Irql);
    return Data;
}

PFLT_CALLBACK_DATA FLTAPI
FltCbdqRemoveNextIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PVOID PeekContext)
{
    PFLT_CALLBACK_DATA Data = NULL;
    KIRQL Irql;

    Cbdq->Acquire(Cbdq, &Irql);
    while ((Data = Cbdq->PeekNextIo(Cbdq, Data, PeekContext)) != NULL) {
        PIRP Irp = FltpOperation(Data)->Irp;

        if (IoSetCancelRoutine(Irp, NULL) != NULL) {
            Cbdq->RemoveIo(Cbdq, Data);
            FltpUnlinkIo(Data);
            break;
        } /* else the cancel routine has it, and waits for our lock */
    }
    Cbdq->Release(Cbdq, Irql);
    return Data;
}

static VOID NTAPI
FltpCancelPended(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFLT_CALLBACK_DATA Data = Irp->Tail.Overlay.DriverContext[2];

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    FltpOperation(Data)->Canceled(Data);
}

NTSTATUS FLTAPI
FltSetCancelCompletion(PFLT_CALLBACK_DATA CallbackData,
                       PFLT_COMPLETE_CANCELED_CALLBACK CanceledCallback)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    PIRP Irp = Operation->Irp;

    if (Irp == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    Operation->Canceled = CanceledCallback;
    Irp->Tail.Overlay.DriverContext[2] = CallbackData;
    IoSetCancelRoutine(Irp, FltpCancelPended);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        return STATUS_CANCELLED;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltClearCancelCompletion(PFLT_CALLBACK_DATA CallbackData)
{
    PIRP Irp = FltpOperation(CallbackData)->Irp;

    if (Irp == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    return IoSetCancelRoutine(Irp, NULL) != NULL ? STATUS_SUCCESS : STATUS_CANCELLED;
}

BOOLEAN FLTAPI
FltCancelIo(PFLT_CALLBACK_DATA CallbackData)
{
    PIRP Irp = FltpOperation(CallbackData)->Irp;

    return Irp != NULL && IoCancelIrp(Irp);
}

/* A wait that ends when the operation is cancelled, or its thread terminated. */
NTSTATUS FLTAPI
FltCancellableWaitForMultipleObjects(ULONG Count, PVOID ObjectArray[], WAIT_TYPE WaitType,
                                     PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray,
                                     PFLT_CALLBACK_DATA CallbackData)
{
    KPROCESSOR_MODE Mode = CallbackData != NULL ? CallbackData->RequestorMode : KernelMode;
    NTSTATUS Status;

    if (CallbackData != NULL && FltIsIoCanceled(CallbackData)) {
        return STATUS_CANCELLED;
    }
    Status = KeWaitForMultipleObjects(Count, ObjectArray, WaitType, Executive, Mode, FALSE, Timeout,
                                      WaitBlockArray);
    return Status == STATUS_USER_APC || Status == STATUS_ALERTED ? STATUS_THREAD_IS_TERMINATING
                                                                 : Status;
}

NTSTATUS FLTAPI
FltCancellableWaitForSingleObject(PVOID Object, PLARGE_INTEGER Timeout,
                                  PFLT_CALLBACK_DATA CallbackData)
{
    PVOID Objects[1] = {Object};

    return FltCancellableWaitForMultipleObjects(1, Objects, WaitAny, Timeout, NULL, CallbackData);
}
