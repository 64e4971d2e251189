/*
 * cancel.c - a request that waits, is completed by another client's, and may be cancelled in between.
 *
 *     IOCTL 0  waits until it is completed or cancelled
 *     IOCTL 1  completes it, having made sure that it cannot be cancelled any more
 *     IOCTL 2  completes it, also if the cancel routine has been called and does so too
 *     IOCTL 3  as 0, but does not look whether it was cancelled before its cancel routine was there
 *     IOCTL 4  waits until there was such a request
 */
#include <ntddk.h>

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Cancel");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Cancel");
static KSPIN_LOCK Lock;
static KSEMAPHORE Queued;
static PIRP Pending;

static VOID
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID NTAPI
Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&Lock, &Irql);
    if (Pending == Irp) {
        Pending = NULL;
    }
    KeReleaseSpinLock(&Lock, Irql);
    Complete(Irp, STATUS_CANCELLED);
}

static NTSTATUS
Queue(PIRP Irp, BOOLEAN Careful)
{
    BOOLEAN Cancelled = FALSE;
    KIRQL Irql;

    IoMarkIrpPending(Irp);
    KeAcquireSpinLock(&Lock, &Irql);
    Pending = Irp;
    IoSetCancelRoutine(Irp, Cancel);
    if (Careful && Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        Pending = NULL;
        Cancelled = TRUE;
    }
    KeReleaseSpinLock(&Lock, Irql);
    if (Cancelled) {
        Complete(Irp, STATUS_CANCELLED);
    }
    KeReleaseSemaphore(&Queued, 0, 1, FALSE);
    return STATUS_PENDING;
}

static VOID
CompletePending(BOOLEAN Careful)
{
    PIRP Irp;
    KIRQL Irql;

    KeWaitForSingleObject(&Queued, Executive, KernelMode, FALSE, NULL);
    KeAcquireSpinLock(&Lock, &Irql);
    Irp = Pending;
    if (Irp != NULL && IoSetCancelRoutine(Irp, NULL) == NULL && Careful) {
        Irp = NULL; /* the cancel routine completes it */
    }
    Pending = NULL;
    KeReleaseSpinLock(&Lock, Irql);
    if (Irp != NULL) {
        Complete(Irp, STATUS_SUCCESS);
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = 5;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Number = (Stack->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xFFF) - 0x800;
    }
    switch (Number) {
    case 0:
    case 3:
        return Queue(Irp, Number == 0);
    case 1:
    case 2:
        CompletePending(Number == 1);
        break;
    case 4:
        KeWaitForSingleObject(&Queued, Executive, KernelMode, FALSE, NULL);
        break;
    }
    Complete(Irp, STATUS_SUCCESS);
    return STATUS_SUCCESS;
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
    PDEVICE_OBJECT Device;

    KeInitializeSpinLock(&Lock);
    KeInitializeSemaphore(&Queued, 0, 2);
    IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
