/*
 * nulldev.c - \Device\Null: writes succeed and are gone, reads are at the end of the file.
 */
#include "nt/io/iop.h"

static NTSTATUS
IopNullComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
IopNullDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
        return IopNullComplete(Irp, STATUS_END_OF_FILE, 0);
    case IRP_MJ_WRITE:
        return IopNullComplete(Irp, STATUS_SUCCESS, Stack->Parameters.Write.Length);
    case IRP_MJ_QUERY_INFORMATION:
        if (Stack->Parameters.QueryFile.FileInformationClass == FileStandardInformation) {
            PFILE_STANDARD_INFORMATION Standard = Irp->AssociatedIrp.SystemBuffer;

            RtlZeroMemory(Standard, sizeof(*Standard));
            Standard->NumberOfLinks = 1;
            return IopNullComplete(Irp, STATUS_SUCCESS, sizeof(*Standard));
        }
        return IopNullComplete(Irp, STATUS_INVALID_INFO_CLASS, 0);
    }
    return IopNullComplete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI
IopNullEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Device = RTL_CONSTANT_STRING(L"\\Device\\Null"),
                   Link = RTL_CONSTANT_STRING(L"\\??\\NUL");
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_READ] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = IopNullDispatch;
    DriverObject->MajorFunction[IRP_MJ_QUERY_INFORMATION] = IopNullDispatch;
    Status = IoCreateDevice(DriverObject, 0, &Device, FILE_DEVICE_NULL, 0, FALSE, &DeviceObject);
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Link, &Device) : Status;
}
