/*
 * driver.c - SwitchStack: create, close, and one IOCTL that calls a function of the client.
 *
 * The dispatch routine runs in the requesting thread, so the client's addresses are valid in it, and the call is just
 * a call. Nothing is probed: the driver shows what trusting a METHOD_NEITHER pointer means.
 */
#include <ntddk.h>
#include "switchstack.h"

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\SwitchStack");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\SwitchStack");

typedef VOID (*USER_FUNCTION)(PVOID Argument);

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
DispatchCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI
DispatchIoctl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    USER_FUNCTION UserFunction;

    if (Stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_SWITCH_STACKS) {
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST);
    }
    UserFunction = (USER_FUNCTION)Irp->UserBuffer;
    UserFunction(Stack->Parameters.DeviceIoControl.Type3InputBuffer);
    return Complete(Irp, STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    Status =
        IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(DeviceObject);
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchIoctl;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
