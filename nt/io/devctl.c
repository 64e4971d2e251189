/*
 * devctl.c - NtDeviceIoControlFile and NtFsControlFile.
 *
 * The two low bits of the code choose how each buffer travels. [K: buffer-descriptions-for-i-o-control-codes]
 *     METHOD_BUFFERED     one system buffer of the larger size; input copied in, output copied out
 *     METHOD_IN_DIRECT    input in a system buffer, the output buffer an MDL locked for reading
 *     METHOD_OUT_DIRECT   the same, locked for writing
 *     METHOD_NEITHER      both addresses bare: UserBuffer and Type3InputBuffer
 *
 *   D1  Bits 14 and 15 of the code name the access that the handle must have been granted.
 *   D2  Device controls complete through the special kernel APC even when the driver completes at once;
 *       file-system controls are deferred to the service (complete.c, F2).
 *   D3  What lies in the system buffer behind the input is whatever the pool left there.
 */
#include "nt/io/iop.h"

static NTSTATUS
IopProbeControl(PIOP_REQUEST Request, ULONG Code, PIO_STATUS_BLOCK Iosb, PVOID InputBuffer,
                PULONG InputLength, PVOID OutputBuffer, PULONG OutputLength)
{
    ULONG Method = METHOD_FROM_CTL_CODE(Code);
    ULONG Access = (Code >> 14) & 3;
    NTSTATUS Status;

    Status = IopProbeIosb(Iosb, Request->Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Method == METHOD_BUFFERED) {
        if (OutputBuffer == NULL) {
            *OutputLength = 0;
        } else if (!NT_SUCCESS(Status =
                                   ExpProbe(OutputBuffer, *OutputLength, 1, TRUE, Request->Mode))) {
            return Status;
        }
    }
    if (Method != METHOD_NEITHER) {
        if (InputBuffer == NULL) {
            *InputLength = 0;
        } else if (!NT_SUCCESS(Status =
                                   ExpProbe(InputBuffer, *InputLength, 1, FALSE, Request->Mode))) {
            return Status;
        }
    }
    if (Request->Mode != KernelMode && Access != 0) { /* D1 */
        ACCESS_MASK Needed = (Access & FILE_READ_ACCESS ? FILE_READ_DATA : 0) |
                             (Access & FILE_WRITE_ACCESS ? FILE_WRITE_DATA : 0);

        if ((Request->GrantedAccess & Needed) != Needed) {
            return STATUS_ACCESS_DENIED;
        }
    }
    return STATUS_SUCCESS;
}

static BOOLEAN
IopFastControl(PIOP_REQUEST Request, PIO_STATUS_BLOCK Iosb, ULONG Code, PVOID InputBuffer,
               ULONG InputLength, PVOID OutputBuffer, ULONG OutputLength, PNTSTATUS Status)
{
    PFAST_IO_DISPATCH FastIo = Request->DeviceObject->DriverObject->FastIoDispatch;
    PFILE_OBJECT FileObject = Request->FileObject;
    IO_STATUS_BLOCK Local = {};

    if (FastIo == NULL || FastIo->FastIoDeviceControl == NULL) {
        return FALSE;
    }
    if (!FastIo->FastIoDeviceControl(FileObject, TRUE, InputBuffer, InputLength, OutputBuffer,
                                     OutputLength, Code, &Local, Request->DeviceObject)) {
        return FALSE;
    }
    *Status = IopWriteIosb(Iosb, Local.Status, Local.Information);
    if (NT_SUCCESS(*Status)) {
        *Status = Local.Status;
    }
    if (Request->Event != NULL) {
        KeSetEvent(Request->Event, IO_NO_INCREMENT, FALSE);
    }
    return TRUE;
}

static NTSTATUS
IopControl(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
           PIO_STATUS_BLOCK Iosb, ULONG Code, PVOID InputBuffer, ULONG InputLength,
           PVOID OutputBuffer, ULONG OutputLength, UCHAR MajorFunction)
{
    BOOLEAN DeviceControl = MajorFunction == IRP_MJ_DEVICE_CONTROL;
    ULONG Method = METHOD_FROM_CTL_CODE(Code);
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    ULONG Length;
    PIRP Irp;

    Status = IopBeginRequest(FileHandle, 0, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopProbeControl(&Request, Code, Iosb, InputBuffer, &InputLength, OutputBuffer,
                             &OutputLength);
    if (NT_SUCCESS(Status) && Request.FileObject->CompletionContext != NULL && ApcRoutine != NULL) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopTakeEvent(Event, &Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    if (DeviceControl && IopFastControl(&Request, Iosb, Code, InputBuffer, InputLength,
                                        OutputBuffer, OutputLength, &Status)) {
        PIO_COMPLETION_CONTEXT Context = Request.FileObject->CompletionContext;

        if (Context != NULL && ApcContext != NULL && NT_SUCCESS(Status) &&
            (IopFile(Request.FileObject)->NotificationModes & IOP_SKIP_PORT_ON_SUCCESS) == 0) {
            IoSetIoCompletion(Context->Port, Context->Key, ApcContext, Status, Iosb->Information,
                              TRUE);
        }
        IopAbandonRequest(&Request);
        return Status;
    }

    Irp = IopRequestIrp(&Request, Iosb, ApcRoutine, ApcContext, MajorFunction, &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Stack->Parameters.DeviceIoControl.OutputBufferLength = OutputLength;
    Stack->Parameters.DeviceIoControl.InputBufferLength = InputLength;
    Stack->Parameters.DeviceIoControl.IoControlCode = Code;
    Stack->Flags = (Request.GrantedAccess & FILE_READ_DATA ? SL_READ_ACCESS_GRANTED : 0) |
                   (Request.GrantedAccess & FILE_WRITE_DATA ? SL_WRITE_ACCESS_GRANTED : 0);
    switch (Method) {
    case METHOD_BUFFERED:
        Length = InputLength > OutputLength ? InputLength : OutputLength;
        if (Length != 0) {
            Status = IopBufferIrp(Irp, Length, InputBuffer, InputLength);
            if (OutputBuffer != NULL) {
                Irp->Flags |= IRP_INPUT_OPERATION;
                Irp->UserBuffer = OutputBuffer;
            }
        }
        break;
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT:
        if (InputLength != 0) {
            Status = IopBufferIrp(Irp, InputLength, InputBuffer, InputLength);
        }
        if (NT_SUCCESS(Status) && OutputLength != 0) {
            Status = IopMdlIrp(Irp, OutputBuffer, OutputLength,
                               Method == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
        }
        break;
    case METHOD_NEITHER:
        Irp->UserBuffer = OutputBuffer;
        Stack->Parameters.DeviceIoControl.Type3InputBuffer = InputBuffer;
        break;
    }
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    return IopSend(Irp, &Request, !DeviceControl); /* D2 */
}

NTSTATUS NTAPI
NtDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                      PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                      ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopControl(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, IoControlCode,
                      InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength,
                      IRP_MJ_DEVICE_CONTROL);
}

NTSTATUS NTAPI
NtFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode, PVOID InputBuffer,
                ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopControl(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FsControlCode,
                      InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength,
                      IRP_MJ_FILE_SYSTEM_CONTROL);
}

/* [wdm: IoValidateDeviceIoControlAccess] The handle's access is in the stack location's flags. */
NTSTATUS NTAPI
IoValidateDeviceIoControlAccess(PIRP Irp, ULONG RequiredAccess)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (RequiredAccess & ~(FILE_READ_ACCESS | FILE_WRITE_ACCESS)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Irp->RequestorMode == KernelMode) {
        return STATUS_SUCCESS;
    }
    if (((RequiredAccess & FILE_READ_ACCESS) && (Stack->Flags & SL_READ_ACCESS_GRANTED) == 0) ||
        ((RequiredAccess & FILE_WRITE_ACCESS) && (Stack->Flags & SL_WRITE_ACCESS_GRANTED) == 0)) {
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_SUCCESS;
}
