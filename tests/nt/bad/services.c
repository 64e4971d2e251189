/*
 * services.c - a page of system memory that no user may have written: control code 1 tells where it is, 2 how many of its bytes are not what they were.
 */
#include <ntifs.h>

#define PATTERN 0x5A

static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\bad-services");
static UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\bad-services");
static PUCHAR Page;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PULONG64 Answer = Irp->AssociatedIrp.SystemBuffer;
    ULONG64 Wrong = 0;

    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        if (Stack->Parameters.DeviceIoControl.OutputBufferLength != sizeof(ULONG64)) {
            Irp->IoStatus.Status = STATUS_INVALID_PARAMETER;
        } else {
            for (ULONG i = 0; i < PAGE_SIZE; i++) {
                Wrong += Page[i] != PATTERN;
                Page[i] = PATTERN;
            }
            *Answer = Stack->Parameters.DeviceIoControl.IoControlCode ==
                              CTL_CODE(FILE_DEVICE_UNKNOWN, 1, METHOD_BUFFERED, FILE_ANY_ACCESS)
                          ? (ULONG64)Page
                          : Wrong;
            Irp->IoStatus.Information = sizeof(ULONG64);
        }
    }
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject);
    ExFreePoolWithTag(Page, 'dabS');
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;
    NTSTATUS Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Page = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'dabS');
    RtlFillMemory(Page, PAGE_SIZE, PATTERN);
    Driver->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    Driver->DriverUnload = Unload;
    return IoCreateSymbolicLink(&Link, &Name);
}
