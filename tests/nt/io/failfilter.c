/*
 * failfilter.c - a filter that sends each read down and waits for it, in the region that it was told to.
 * [DDI:ntddk/ioraiseharderror]: in a critical region that is the documented deadlock.
 */
#include <ntifs.h>
#include "failing.h"

static PDEVICE_OBJECT Lower;
static volatile ULONG Mode;

static NTSTATUS NTAPI
Pass(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL &&
        Stack->Parameters.DeviceIoControl.IoControlCode == FAILING_MODE) {
        Mode = *(PULONG)Irp->AssociatedIrp.SystemBuffer;
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Lower, Irp);
}

static NTSTATUS NTAPI
ReadDone(PDEVICE_OBJECT Device, PIRP Irp, PVOID Event)
{
    KeSetEvent(Event, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS NTAPI
FilterRead(PDEVICE_OBJECT Device, PIRP Irp)
{
    ULONG How = Mode;
    BOOLEAN Before = TRUE;
    NTSTATUS Status;
    KEVENT Done;

    if (How & FailingQuiet) {
        Before = IoSetThreadHardErrorMode(FALSE);
    }
    if (How & FailingCritical) {
        KeEnterCriticalRegion();
    }
    if (How & FailingGuarded) {
        KeEnterGuardedRegion();
    }
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, ReadDone, &Done, TRUE, TRUE, TRUE);
    IoCallDriver(Lower, Irp);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    if (How & FailingGuarded) {
        KeLeaveGuardedRegion();
    }
    if (How & FailingCritical) {
        KeLeaveCriticalRegion();
    }
    if (How & FailingQuiet) {
        IoSetThreadHardErrorMode(Before);
    }
    Status = Irp->IoStatus.Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    IoDetachDevice(Lower);
    IoDeleteDevice(Driver->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoFailing");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    Driver->DriverUnload = Unload;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Pass;
    }
    Driver->MajorFunction[IRP_MJ_READ] = FilterRead;
    Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Device->Flags |= DO_BUFFERED_IO;
    Status = IoAttachDevice(Device, &Name, &Lower);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
    }
    return Status;
}
