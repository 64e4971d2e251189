/*
 * issue.c - I/O of a minifilter's own: callback data that the filter fills in, sent to what is below its instance.
 *
 * The operation gets an IRP of our own with a stack location for us, and goes the way of any other from there on; it
 * ends in FltpGeneratedDone instead of in the I/O manager. [DDI: FltAllocateCallbackData, FltPerformSynchronousIo,
 * FltPerformAsynchronousIo, FltReissueSynchronousIo; nt-semantics-2 1.12]
 *
 *   Q1  The instance's IoRundown is held from the allocation until the data is freed: teardown waits for it.
 */
#include "fltp.h"

NTSTATUS FLTAPI
FltAllocateCallbackDataEx(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                          FLT_ALLOCATE_CALLBACK_DATA_FLAGS Flags,
                          PFLT_CALLBACK_DATA *RetNewCallbackData)
{
    PFLTP_OPERATION Operation;

    *RetNewCallbackData = NULL;
    if (!ExAcquireRundownProtection(&Instance->IoRundown)) { /* Q1 */
        return STATUS_FLT_DELETING_OBJECT;
    }
    Operation = FltpAllocateOperation(Instance->Volume);
    if (Operation == NULL) {
        ExReleaseRundownProtection(&Instance->IoRundown);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Operation->Generated = TRUE;
    Operation->Initiator = Instance;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_IRP_OPERATION | FLTFL_CALLBACK_DATA_GENERATED_IO;
    *(PETHREAD *)&Operation->Data.Thread = PsGetCurrentThread();
    Operation->Iopb.TargetFileObject = FileObject;
    Operation->Iopb.TargetInstance = Instance;
    *RetNewCallbackData = &Operation->Data;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltAllocateCallbackData(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                        PFLT_CALLBACK_DATA *RetNewCallbackData)
{
    return FltAllocateCallbackDataEx(Instance, FileObject, 0, RetNewCallbackData);
}

VOID FLTAPI
FltFreeCallbackData(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    PFLT_INSTANCE Instance = Operation->Initiator;

    FltpDereferenceOperation(Operation);
    ExReleaseRundownProtection(&Instance->IoRundown);
}

VOID FLTAPI
FltReuseCallbackData(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    PFILE_OBJECT FileObject = Operation->Iopb.TargetFileObject;

    if (Operation->LockedMdl != NULL) {
        MmUnlockPages(Operation->LockedMdl);
        IoFreeMdl(Operation->LockedMdl);
        Operation->LockedMdl = NULL;
    }
    RtlZeroMemory(&Operation->Iopb, sizeof(Operation->Iopb));
    RtlZeroMemory(&Operation->Data.IoStatus, sizeof(Operation->Data.IoStatus));
    Operation->Data.TagData = NULL;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_IRP_OPERATION | FLTFL_CALLBACK_DATA_GENERATED_IO;
    Operation->Data.RequestorMode = KernelMode;
    Operation->Iopb.TargetFileObject = FileObject;
    Operation->Iopb.TargetInstance = Operation->Initiator;
    Operation->Synchronous = Operation->Waits = Operation->Modified = FALSE;
    Operation->HasActivity = FALSE;
    Operation->Pended = Operation->Completed = Operation->Cancelled = FALSE;
    Operation->Volume = Operation->Initiator->Volume;
}

/* How the bytes travel is the file system's choice, as for any request. */
static NTSTATUS
FltpPrepareBuffer(PFLTP_OPERATION Operation)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = &Operation->Iopb;
    ULONG DeviceFlags = Operation->Initiator->Volume->Base->Flags;
    BOOLEAN Transfer =
        Iopb->MajorFunction == IRP_MJ_READ || Iopb->MajorFunction == IRP_MJ_WRITE ||
        Iopb->MajorFunction == IRP_MJ_DIRECTORY_CONTROL || Iopb->MajorFunction == IRP_MJ_QUERY_EA ||
        Iopb->MajorFunction == IRP_MJ_SET_EA || Iopb->MajorFunction == IRP_MJ_QUERY_QUOTA ||
        Iopb->MajorFunction == IRP_MJ_SET_QUOTA || Iopb->MajorFunction == IRP_MJ_QUERY_SECURITY;
    NTSTATUS Status = STATUS_SUCCESS;
    LOCK_OPERATION Access;
    PVOID *Buffer;
    PULONG Length;
    PMDL *Mdl;

    switch (Iopb->MajorFunction) {
    case IRP_MJ_QUERY_INFORMATION:
    case IRP_MJ_SET_INFORMATION:
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
    case IRP_MJ_DEVICE_CONTROL:
        if ((Iopb->Parameters.FileSystemControl.Common.FsControlCode & 3) == METHOD_BUFFERED) {
            Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        }
        break;
    }
    if (!Transfer || !FltpBufferFields(Iopb, 0, &Mdl, &Buffer, &Length, &Access) || *Length == 0 ||
        *Buffer == NULL) {
        return STATUS_SUCCESS;
    }
    if ((DeviceFlags & DO_BUFFERED_IO) && (Iopb->IrpFlags & IRP_PAGING_IO) == 0 && *Mdl == NULL) {
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        return STATUS_SUCCESS;
    }
    if (((DeviceFlags & DO_DIRECT_IO) || (Iopb->IrpFlags & IRP_PAGING_IO)) && *Mdl == NULL) {
        *Mdl = IoAllocateMdl(*Buffer, *Length, FALSE, FALSE, NULL);
        if (*Mdl == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        __try {
            MmProbeAndLockPages(*Mdl, KernelMode, Access);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        if (!NT_SUCCESS(Status)) {
            IoFreeMdl(*Mdl);
            *Mdl = NULL;
            return Status;
        }
        Operation->LockedMdl = *Mdl;
    }
    return STATUS_SUCCESS;
}

/* Waits, Done and the parameters are set. */
NTSTATUS
FltpIssue(PFLTP_OPERATION Operation)
{
    PFLT_INSTANCE Target = Operation->Iopb.TargetInstance != NULL ? Operation->Iopb.TargetInstance
                                                                  : Operation->Initiator;
    PFLT_VOLUME Volume = Target->Volume;
    PIO_STACK_LOCATION Stack;
    NTSTATUS Status;
    PIRP Irp;

    Operation->Volume = Volume;
    Status = FltpPrepareBuffer(Operation);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Irp = IoAllocateIrp(Volume->Lower->StackSize + 1, FALSE);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    IoSetNextIrpStackLocation(Irp);
    Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->MajorFunction = Operation->Iopb.MajorFunction;
    Stack->MinorFunction = Operation->Iopb.MinorFunction;
    Stack->DeviceObject = Volume->DeviceObject;
    Stack->FileObject = Operation->Iopb.TargetFileObject;
    Irp->Flags = Operation->Iopb.IrpFlags;
    Irp->RequestorMode = Operation->Data.RequestorMode;
    Irp->Tail.Overlay.Thread = Operation->Data.Thread;
    Irp->Tail.Overlay.OriginalFileObject = Operation->Iopb.TargetFileObject;
    Operation->Irp = Irp;
    if (Operation->HasActivity) {
        FltpKernel.IoSetActivityIdIrp(Irp, &Operation->Activity);
    }
    Operation->Data.IoStatus.Status = STATUS_SUCCESS;
    Operation->Data.IoStatus.Information = 0;
    FltpRun(Operation,
            FltpNextInstance(Volume, Target, Operation->Iopb.MajorFunction,
                             Operation->Iopb.IrpFlags, Operation->Iopb.TargetFileObject, TRUE));
    return STATUS_SUCCESS;
}

/* The operation is over; for a synchronous one its issuer goes on, for an asynchronous one the filter's routine. */
VOID
FltpGeneratedDone(PFLTP_OPERATION Operation)
{
    PIRP Irp = Operation->Irp;
    PMDL Made = Irp->MdlAddress;

    Operation->Irp = NULL;
    if (Made != NULL && Made != Operation->LockedMdl &&
        (Operation->Iopb.MinorFunction & IRP_MN_MDL) == 0 &&
        (Operation->Iopb.MajorFunction == IRP_MJ_READ ||
         Operation->Iopb.MajorFunction == IRP_MJ_WRITE ||
         Operation->Iopb.MajorFunction == IRP_MJ_DIRECTORY_CONTROL) &&
        Operation->Saved.MdlAddress == Made && Operation->SentMdl != Made) {
        MmUnlockPages(Made); /* the file system locked the buffer */
        IoFreeMdl(Made);
    }
    IoFreeIrp(Irp);
    if (!Operation->Waits && Operation->Done != NULL) {
        Operation->Done(&Operation->Data, Operation->DoneContext);
    }
}

VOID FLTAPI
FltPerformSynchronousIo(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    NTSTATUS Status;

    Operation->Waits = TRUE;
    Operation->Iopb.IrpFlags |= IRP_SYNCHRONOUS_API;
    Status = FltpIssue(Operation);
    if (!NT_SUCCESS(Status)) {
        CallbackData->IoStatus.Status = Status;
        CallbackData->IoStatus.Information = 0;
    }
}

NTSTATUS FLTAPI
FltPerformAsynchronousIo(PFLT_CALLBACK_DATA CallbackData,
                         PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    NTSTATUS Status;

    Operation->Waits = FALSE;
    Operation->Done = CallbackRoutine;
    Operation->DoneContext = CallbackContext;
    Status = FltpIssue(Operation);
    if (!NT_SUCCESS(Status)) { /* it is called in any case */
        CallbackData->IoStatus.Status = Status;
        CallbackData->IoStatus.Information = 0;
        CallbackRoutine(CallbackData, CallbackContext);
    }
    return STATUS_PENDING;
}

NTSTATUS
FltpNewRequest(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major, UCHAR Minor,
               PFLT_CALLBACK_DATA *Data)
{
    NTSTATUS Status = FltAllocateCallbackData(Instance, FileObject, Data);

    if (NT_SUCCESS(Status)) {
        (*Data)->Iopb->MajorFunction = Major;
        (*Data)->Iopb->MinorFunction = Minor;
    }
    return Status;
}

/* In a post-callback: the same operation once more, seen by those below. */
VOID FLTAPI
FltReissueSynchronousIo(PFLT_INSTANCE InitiatingInstance, PFLT_CALLBACK_DATA CallbackData)
{
    PFLT_CALLBACK_DATA Again;
    PFLTP_OPERATION Operation;
    NTSTATUS Status;

    Status = FltpNewRequest(InitiatingInstance, CallbackData->Iopb->TargetFileObject,
                            CallbackData->Iopb->MajorFunction, CallbackData->Iopb->MinorFunction,
                            &Again);
    if (!NT_SUCCESS(Status)) {
        CallbackData->IoStatus.Status = Status;
        return;
    }
    Operation = FltpOperation(Again);
    Operation->Iopb = *CallbackData->Iopb;
    Operation->Iopb.TargetInstance = InitiatingInstance;
    Operation->Data.RequestorMode = CallbackData->RequestorMode;
    *(PETHREAD *)&Operation->Data.Thread = CallbackData->Thread;
    Operation->Data.Flags = (CallbackData->Flags & FLTFL_CALLBACK_DATA_REISSUE_MASK) |
                            FLTFL_CALLBACK_DATA_REISSUED_IO | FLTFL_CALLBACK_DATA_GENERATED_IO;
    FltPerformSynchronousIo(Again);
    CallbackData->IoStatus = Again->IoStatus;
    CallbackData->TagData = Again->TagData;
    FltFreeCallbackData(Again);
}
