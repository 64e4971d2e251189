/*
 * filesec.c - the descriptor of a file: its file system's. Of a device that is opened as such: the device object's.
 * [ntifs: IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY]
 */
#include "nt/io/iop.h"

static BOOLEAN
IopIsOnVolume(PFILE_OBJECT FileObject)
{
    return FileObject->DeviceObject != NULL && FileObject->Vpb != NULL &&
           (FileObject->Flags & FO_DIRECT_DEVICE_OPEN) == 0 && FileObject->FileName.Length != 0;
}

static NTSTATUS
IopAskSecurity(PFILE_OBJECT FileObject, BOOLEAN Set, PSECURITY_INFORMATION Information,
               PSECURITY_DESCRIPTOR Descriptor, PULONG Length)
{
    IOP_REQUEST Request = {.FileObject = FileObject, .Mode = KiPreviousMode()};
    PIO_STACK_LOCATION Stack;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    ObReferenceObject(FileObject);
    Request.DeviceObject = IoGetRelatedDeviceObject(FileObject);
    Request.Synchronous = IopIsSynchronousFile(FileObject);
    Status = IopLockRequest(&Request);
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    Irp = IopWaitIrp(&Request, &Wait, &Iosb, Set ? IRP_MJ_SET_SECURITY : IRP_MJ_QUERY_SECURITY,
                     &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Set) {
        Stack->Parameters.SetSecurity.SecurityInformation = *Information;
        Stack->Parameters.SetSecurity.SecurityDescriptor = Descriptor;
    } else {
        Stack->Parameters.QuerySecurity.SecurityInformation = *Information;
        Stack->Parameters.QuerySecurity.Length = *Length;
        Irp->UserBuffer = Descriptor;
    }
    Status = IopSendAndWait(Irp, &Request, &Wait, &Iosb);
    if (!Set) {
        if (Status == STATUS_BUFFER_OVERFLOW) {
            Status = STATUS_BUFFER_TOO_SMALL;
        }
        if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_TOO_SMALL) {
            *Length = (ULONG)Iosb.Information;
        }
    }
    return Status;
}

NTSTATUS
IopFileSecurity(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
                PSECURITY_DESCRIPTOR Descriptor, PULONG Length)
{
    if ((Operation == SetSecurityDescriptor || Operation == QuerySecurityDescriptor) &&
        IopIsOnVolume(Object)) {
        return IopAskSecurity(Object, Operation == SetSecurityDescriptor, Information, Descriptor,
                              Length);
    }
    return IopDeviceSecurity(Object, Operation, Information, Descriptor, Length);
}
