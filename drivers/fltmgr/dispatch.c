/*
 * dispatch.c - IRPs that arrive at a volume's device.
 *
 * What no instance wants goes below at once. [nt-semantics-2 1.1]
 */
#include "fltp.h"

static NTSTATUS
FltpSkip(PFLT_VOLUME Volume, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_CLOSE) {
        FltpCloseFileObject(Volume, Stack->FileObject);
    } else if (Stack->MajorFunction == IRP_MJ_SET_INFORMATION) {
        FLTP_OPERATION Operation;

        Operation.Volume = Volume;
        Operation.Iopb.Parameters.SetFileInformation.FileInformationClass =
            Stack->Parameters.SetFile.FileInformationClass;
        FltpNoteNameChange(&Operation);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Volume->Lower, Irp);
}

NTSTATUS NTAPI
FltpDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFLT_VOLUME Volume = ((PFLTP_DEVICE)DeviceObject->DeviceExtension)->Volume;
    PFLTP_CREATING Creating = NULL;
    PFLT_INSTANCE Above = NULL, First;
    PFLTP_OPERATION Operation;
    NTSTATUS Status;

    if (Stack->MajorFunction == IRP_MJ_POWER) {
        PoStartNextPowerIrp(Irp);
        IoSkipCurrentIrpStackLocation(Irp);
        return PoCallDriver(Volume->Lower, Irp);
    }
    if (Volume->NewlyMounted) {
        FltpFirstOperation(Volume);
    }
    if (Stack->MajorFunction == IRP_MJ_CREATE) {
        Above = FltpCreateTarget(Volume, Irp, &Creating);
    } else if (!IsListEmpty(&Volume->Targeted)) {
        Above = FltpFileTarget(Volume, Stack->FileObject);
    }
    First =
        FltpNextInstance(Volume, Above, Stack->MajorFunction, Irp->Flags, Stack->FileObject, TRUE);
    if (First == NULL && FltpScanSections == 0) {
        Status = FltpSkip(Volume, Irp);
        if (Creating != NULL) {
            FltpCreateEnded(Volume, Creating, Status);
        }
        return Status;
    }
    Operation = FltpAllocateOperation(Volume);
    if (Operation == NULL) {
        if (First != NULL) {
            ExReleaseRundownProtection(&First->IoRundown);
        }
        return FltpComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Operation->Irp = Irp;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_IRP_OPERATION;
    FltpFromIrp(Operation, Irp);
    Operation->Waits = Stack->MajorFunction == IRP_MJ_CREATE;
    Status = FltpRun(Operation, First);
    if (Creating != NULL) {
        FltpCreateEnded(Volume, Creating, Status);
    }
    return Status;
}
