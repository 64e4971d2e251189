/*
 * late.c - completes each request in a DPC, as its last act: compiled to a jump, so that whoever called the driver seems to complete it.
 *
 * Wrong on purpose: it announces more bytes than anybody has room for.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT LateDevice;
static KDPC Dpc;

static VOID NTAPI
CompleteLate(PKDPC Unused, PVOID Context, PVOID Request, PVOID Argument2)
{
    PIRP Irp = Request;

    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 1 << 20;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction != IRP_MJ_DEVICE_CONTROL) {
        return Complete(Irp, STATUS_SUCCESS);
    }
    IoMarkIrpPending(Irp);
    if (!KeInsertQueueDpc(&Dpc, Irp, NULL)) {
        Complete(Irp, STATUS_DEVICE_BUSY); /* it is queued for somebody else's */
    }
    return STATUS_PENDING;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    KeFlushQueuedDpcs();
    IoDeleteDevice(LateDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabLate");

    Driver->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    Driver->DriverUnload = Unload;
    KeInitializeDpc(&Dpc, CompleteLate, NULL);
    return IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &LateDevice);
}
