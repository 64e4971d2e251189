/*
 * guard.c - the other driver of the pair: it loads the minifilter, and has it registered when its DriverEntry is over.
 *
 *   G1  Registered is set when the registration has returned and nothing of the minifilter is held any more. Its unload
 *       waits for that.
 *   G2  It has no unload routine: the minifilter may call it at any time.
 *
 * BY_EXPORT: the minifilter imports GuardSetRoutine and GuardWait. Else both talk by device control.
 */
#include "guard.h"

static KEVENT Registered;
static PREGISTER_ROUTINE Routine;
static PDRIVER_OBJECT Minifilter;

VOID NTAPI
GuardSetRoutine(PREGISTER_ROUTINE Register, PDRIVER_OBJECT DriverObject)
{
    Routine = Register;
    Minifilter = DriverObject;
}

VOID NTAPI
GuardWait(VOID)
{
    KeWaitForSingleObject(&Registered, Executive, KernelMode, FALSE, NULL);
}

static NTSTATUS
RegisterMinifilter(VOID)
{
#ifdef BY_EXPORT
    return Routine(Minifilter);
#else
    UNICODE_STRING Name = RTL_CONSTANT_STRING(FILTER_DEVICE);

    return SendControl(&Name, IOCTL_FILTER_REGISTER);
#endif
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        if (Stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_GUARD_WAIT) {
            GuardWait();
        } else {
            Status = STATUS_INVALID_DEVICE_REQUEST;
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Service = RTL_CONSTANT_STRING(
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" MINIFILTER);
    UNICODE_STRING Name = RTL_CONSTANT_STRING(GUARD_DEVICE);
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    KeInitializeEvent(&Registered, NotificationEvent, FALSE);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    Status = IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    /* The minifilter talks to it before this routine has returned. */
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    Status = ZwLoadDriver(&Service);
    if (NT_SUCCESS(Status)) {
        Status = RegisterMinifilter();
    }
    KeSetEvent(&Registered, IO_NO_INCREMENT, FALSE); /* G1 */
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
    }
    return Status;
}
