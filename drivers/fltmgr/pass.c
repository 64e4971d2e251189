/*
 * pass.c - an IRP operation through a volume's instances, below, and back.
 *
 * Who waits: a create, and I/O of a filter's own that is synchronous, is waited for by the thread that began it
 * (Waits), whoever completes a pre-callback that was pended; so post-create runs in the creator's thread at
 * PASSIVE_LEVEL. FLT_PREOP_SYNCHRONIZE makes the thread wait that sends the IRP below (Synchronous). Everything else
 * is completed where the driver below completes it. [nt-semantics-2 1.3, 1.4]
 *
 *   P1  Two references: the dispatch routine's, which wants to know what to return, and the completion's.
 *   P2  A post-callback that keeps an IRP marks it pending; then the dispatch routine returns STATUS_PENDING.
 *   P3  Contexts of a file object are gone when its close goes below.
 *   P4  An IRP that is being cancelled (T2 of teardown.c) stays until the canceller is done with it: who completes it
 *       meanwhile leaves the rest to the canceller. One that is not below yet goes there as cancelled.
 */
#include "fltp.h"

typedef enum _FLTP_STAGE {
    FltpAbove, /* nobody cancels it */
    FltpBelow,
    FltpCancelling,
    FltpHeld /* completed meanwhile */
} FLTP_STAGE;

static NTSTATUS
FltpCompleted(PFLTP_OPERATION Operation, PIRP Irp)
{
    Operation->Completed = TRUE;
    Operation->Data.IoStatus = Irp->IoStatus;
    FltpRestoreIrp(Operation, Irp);
    if (Operation->Waits || Operation->Synchronous) {
        KeSetEvent(&Operation->Event, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
    }
    if (!FltpAscend(Operation)) {
        return STATUS_MORE_PROCESSING_REQUIRED;
    }
    if (Operation->Generated) {
        FltpGeneratedDone(Operation);
        return STATUS_MORE_PROCESSING_REQUIRED;
    }
    Irp->IoStatus = Operation->Data.IoStatus;
    Operation->FinalStatus = Irp->IoStatus.Status;
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    FltpDereferenceOperation(Operation);
    return STATUS_CONTINUE_COMPLETION;
}

/* P4. FALSE: the canceller goes on. */
static BOOLEAN
FltpComesBack(PFLTP_OPERATION Operation, PIRP Irp)
{
    if (InterlockedCompareExchange(&Operation->Stage, FltpAbove, FltpBelow) == FltpBelow) {
        return TRUE;
    }
    if (!Operation->Waits && !Operation->Synchronous && !Operation->Generated) {
        IoMarkIrpPending(Irp); /* P2 */
        Operation->Pended = TRUE;
    }
    if (InterlockedCompareExchange(&Operation->Stage, FltpHeld, FltpCancelling) == FltpCancelling) {
        return FALSE;
    }
    Operation->Stage = FltpAbove;
    return TRUE;
}

static NTSTATUS NTAPI
FltpCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    return FltpComesBack(Context, Irp) ? FltpCompleted(Context, Irp)
                                       : STATUS_MORE_PROCESSING_REQUIRED;
}

VOID
FltpCancel(PFLTP_OPERATION Operation)
{
    PIRP Irp = Operation->Irp;

    InterlockedExchange8((volatile CHAR *)&Operation->Cancelled, TRUE);
    if (InterlockedCompareExchange(&Operation->Stage, FltpCancelling, FltpBelow) != FltpBelow) {
        return;
    }
    IoCancelIrp(Irp);
    if (InterlockedCompareExchange(&Operation->Stage, FltpBelow, FltpCancelling) ==
        FltpCancelling) {
        return;
    }
    Operation->Stage = FltpAbove;
    if (FltpCompleted(Operation, Irp) == STATUS_CONTINUE_COMPLETION) {
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
}

/* Below, and then to who wants to know what it returned; the operation may be over by then. */
static NTSTATUS
FltpTellStatus(PFLTP_OPERATION Operation, PIRP Irp)
{
    PFLT_GET_OPERATION_STATUS_CALLBACK Routine = Operation->StatusRoutine;
    PFLT_INSTANCE Instance = Operation->StatusInstance;
    FLT_IO_PARAMETER_BLOCK Snapshot = Operation->Iopb;
    PVOID Context = Operation->StatusContext;
    FLT_RELATED_OBJECTS Objects;
    NTSTATUS Status;

    FltpFillObjects(&Objects, Instance->Filter, Instance->Volume, Instance,
                    Snapshot.TargetFileObject);
    ExAcquireRundownProtection(&Instance->IoRundown);
    Status = IoCallDriver(Operation->Volume->Lower, Irp);
    Routine(&Objects, &Snapshot, Status, Context);
    ExReleaseRundownProtection(&Instance->IoRundown);
    return Status;
}

static NTSTATUS
FltpPass(PFLTP_OPERATION Operation)
{
    PIRP Irp = Operation->Irp;

    FltpTellSections(Operation);
    if (Operation->Iopb.MajorFunction == IRP_MJ_CLOSE) {
        FltpCloseFileObject(Operation->Volume, Operation->Iopb.TargetFileObject); /* P3 */
    } else if (Operation->Iopb.MajorFunction == IRP_MJ_SET_INFORMATION) {
        FltpNoteNameChange(Operation);
    }
    FltpSaveIrp(Operation, Irp);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    if (Operation->Modified || Operation->Generated) {
        FltpToIrp(Operation, Irp, IoGetNextIrpStackLocation(Irp));
    }
    IoSetCompletionRoutine(Irp, FltpCompletion, Operation, TRUE, TRUE, TRUE);
    InterlockedExchange(&Operation->Stage, FltpBelow);
    if (Operation->Cancelled) {
        Irp->Cancel = TRUE; /* P4 */
    }
    if (Operation->StatusRoutine != NULL) {
        return FltpTellStatus(Operation, Irp);
    }
    return IoCallDriver(Operation->Volume->Lower, Irp);
}

/* The end of an operation that is not in its completion routine. */
NTSTATUS
FltpFinish(PFLTP_OPERATION Operation)
{
    NTSTATUS Status = Operation->Data.IoStatus.Status;
    PIRP Irp = Operation->Irp;

    Operation->FinalStatus = Status;
    if (Operation->Generated) {
        FltpGeneratedDone(Operation);
        return Status;
    }
    Irp->IoStatus = Operation->Data.IoStatus;
    if (Irp->Tail.Overlay.AuxiliaryBuffer == Operation->Saved.Auxiliary) {
        Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)Operation->Data.TagData;
    }
    FltpDereferenceOperation(Operation);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* On from where the pre-callbacks have got to; in a thread that is not to wait for a create. */
static NTSTATUS
FltpProceed(PFLTP_OPERATION Operation, FLTP_NEXT Where)
{
    NTSTATUS Status;

    if (Where == FltpStop) {
        return STATUS_PENDING;
    }
    if (Where == FltpGoDown) {
        BOOLEAN Synchronous = Operation->Synchronous;

        Status = FltpPass(Operation);
        if (!Synchronous) {
            return Status;
        }
        KeWaitForSingleObject(&Operation->Event, Executive, KernelMode, FALSE, NULL);
    }
    if (!FltpAscend(Operation)) {
        return STATUS_PENDING;
    }
    return FltpFinish(Operation);
}

/* A pre-callback that was pended has been completed. */
VOID
FltpResume(PFLTP_OPERATION Operation, FLTP_NEXT Where)
{
    if (!Operation->Waits) {
        FltpProceed(Operation, Where);
    } else if (Where == FltpGoDown) {
        FltpPass(Operation);
    } else if (Where == FltpGoUp) {
        KeSetEvent(&Operation->Event, IO_NO_INCREMENT, FALSE);
    }
}

/* From the dispatch routine, or for I/O of a filter's own. First has its IoRundown; NULL: nobody wants it. */
NTSTATUS
FltpRun(PFLTP_OPERATION Operation, PFLT_INSTANCE First)
{
    FLTP_NEXT Where;
    NTSTATUS Status;
    BOOLEAN Pended;

    KeInitializeEvent(&Operation->Event, NotificationEvent, FALSE);
    InterlockedIncrement(&Operation->References); /* P1 */
    Where = FltpDescend(Operation, First);
    if (Operation->Waits) {
        if (Where == FltpGoDown) {
            FltpPass(Operation);
        }
        if (Where != FltpGoUp) {
            KeWaitForSingleObject(&Operation->Event, Executive, KernelMode, FALSE, NULL);
        }
        Status = FltpAscend(Operation) ? FltpFinish(Operation) : STATUS_PENDING;
    } else {
        Status = FltpProceed(Operation, Where);
        if (Status != STATUS_PENDING) {
            Status = Operation->FinalStatus;
        }
    }
    Pended = Operation->Pended;
    FltpDereferenceOperation(Operation);
    return Pended ? STATUS_PENDING : Status; /* P2 */
}
