/*
 * csq.c - cancel-safe IRP queues: the driver keeps the queue and its lock, we keep the races.
 *
 *   Q1  While an IRP is in the queue its cancel routine is ours, and DriverContext[3] points to the
 *       context, or to the queue where there is none. The driver uses neither.
 *   Q2  Whoever takes the cancel routine out of the IRP owns it: the remover or the canceller.
 *       [wdm: IoCsqInitialize, IoCsqInsertIrp, IoCsqRemoveNextIrp, IoCsqRemoveIrp]
 */
#include "nt/io/iop.h"

NTSTATUS NTAPI
IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    Csq->Type = IO_TYPE_CSQ;
    Csq->CsqInsertIrp = CsqInsertIrp;
    Csq->CsqRemoveIrp = CsqRemoveIrp;
    Csq->CsqPeekNextIrp = CsqPeekNextIrp;
    Csq->CsqAcquireLock = CsqAcquireLock;
    Csq->CsqReleaseLock = CsqReleaseLock;
    Csq->CsqCompleteCanceledIrp = CsqCompleteCanceledIrp;
    Csq->ReservePointer = NULL;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                  PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                  PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                  PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    IoCsqInitialize(Csq, (PIO_CSQ_INSERT_IRP)CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp,
                    CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp);
    Csq->Type = IO_TYPE_CSQ_EX;
    return STATUS_SUCCESS;
}

/* The queue that an IRP's mark leads to, and its context if there is one. */
static PIO_CSQ
IopCsqOf(PIRP Irp, PIO_CSQ_IRP_CONTEXT *Context)
{
    PVOID Mark = Irp->Tail.Overlay.DriverContext[3];

    *Context = NULL;
    if (((PIO_CSQ)Mark)->Type == IO_TYPE_CSQ_IRP_CONTEXT) {
        *Context = Mark;
        return (*Context)->Csq;
    }
    return Mark;
}

static VOID NTAPI
IopCsqCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_CSQ_IRP_CONTEXT Context;
    PIO_CSQ Csq;
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Csq = IopCsqOf(Irp, &Context);
    Csq->ReservePointer = NULL;
    Csq->CsqAcquireLock(Csq, &Irql);
    Csq->CsqRemoveIrp(Csq, Irp);
    if (Context != NULL) {
        Context->Irp = NULL;
    }
    Csq->CsqReleaseLock(Csq, Irql);
    Csq->CsqCompleteCanceledIrp(Csq, Irp);
}

NTSTATUS NTAPI
IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KIRQL Irql;

    if (Context != NULL) {
        Irp->Tail.Overlay.DriverContext[3] = Context;
        Context->Irp = Irp;
        Context->Csq = Csq;
        Context->Type = IO_TYPE_CSQ_IRP_CONTEXT;
    } else {
        Irp->Tail.Overlay.DriverContext[3] = Csq;
    }
    Csq->ReservePointer = NULL;
    Csq->CsqAcquireLock(Csq, &Irql);
    if (Csq->Type == IO_TYPE_CSQ_EX) {
        Status = ((PIO_CSQ_INSERT_IRP_EX)Csq->CsqInsertIrp)(Csq, Irp, InsertContext);
        if (!NT_SUCCESS(Status)) {
            Csq->CsqReleaseLock(Csq, Irql);
            if (Context != NULL) {
                Context->Irp = NULL;
            }
            return Status;
        }
        IoMarkIrpPending(Irp);
    } else {
        IoMarkIrpPending(Irp);
        Csq->CsqInsertIrp(Csq, Irp);
    }
    IopSetCancelRoutine(Irp, IopCsqCancel);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        /* Cancelled before it was ours, and Q2 says it is ours to complete. */
        Csq->CsqRemoveIrp(Csq, Irp);
        if (Context != NULL) {
            Context->Irp = NULL;
        }
        Csq->CsqReleaseLock(Csq, Irql);
        Csq->CsqCompleteCanceledIrp(Csq, Irp);
        return Status;
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Status;
}

VOID NTAPI
IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
    IoCsqInsertIrpEx(Csq, Irp, Context, NULL);
}

static VOID
IopCsqUnmark(PIRP Irp)
{
    PIO_CSQ_IRP_CONTEXT Context;

    IopCsqOf(Irp, &Context);
    if (Context != NULL) {
        Context->Irp = NULL;
    }
    Irp->Tail.Overlay.DriverContext[3] = NULL;
}

PIRP NTAPI
IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
    KIRQL Irql;
    PIRP Irp;

    Csq->ReservePointer = NULL;
    Csq->CsqAcquireLock(Csq, &Irql);
    Irp = Context->Irp;
    if (Irp != NULL && IopSetCancelRoutine(Irp, NULL) == NULL) {
        Irp = NULL; /* Q2: the canceller has it */
    }
    if (Irp != NULL) {
        Csq->CsqRemoveIrp(Csq, Irp);
        IopCsqUnmark(Irp);
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Irp;
}

PIRP NTAPI
IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
    KIRQL Irql;
    PIRP Irp;

    Csq->ReservePointer = NULL;
    Csq->CsqAcquireLock(Csq, &Irql);
    for (Irp = Csq->CsqPeekNextIrp(Csq, NULL, PeekContext);
         Irp != NULL && IopSetCancelRoutine(Irp, NULL) == NULL; /* Q2 */
         Irp = Csq->CsqPeekNextIrp(Csq, Irp, PeekContext)) {
    }
    if (Irp != NULL) {
        Csq->CsqRemoveIrp(Csq, Irp);
        IopCsqUnmark(Irp);
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Irp;
}
