/*
 * driver.c - CriticalRegion: one buffer, one lock, and a choice of how not to guard it.
 *
 * A use writes the buffer's first half, then its second. Who holds the lock is what the sample is about, so how the holder
 * waits must not matter: it spins, at whatever IRQL and in whatever region the lock has put it, and calls nothing that
 * changes either. (A real driver gets here by being slow, or preempted, at the wrong moment.)
 *
 *   C1  Everything of Shared but Buffer belongs to the hand over between the two processes, not to the lesson.
 *   C2  Buffer is read and written by who has the lock of the choice; freed by who gave up waiting for it (that is the bug
 *       of the *Timeout choices).
 */
#include <ntifs.h>
#include "critical-region.h"

#define CELLS       16
#define STAY        50 /* turns of 10 us that the holder stays after its suspension, so that it can come */
#define PATIENCE_MS 5000
#define TAG         'igeR'

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\CriticalRegion");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\CriticalRegion");

static ERESOURCE Resource;
static FAST_MUTEX Fast;
static KGUARDED_MUTEX Guarded;
static KMUTEX Mutant;
static KSPIN_LOCK Spin;
static KSEMAPHORE Sema;

static struct {
    PULONG Buffer;
    HOLDER_STATE Holder;
    KEVENT Inside, Waiting, Turn, Done;
    volatile LONG Go;      /* the holder has been suspended, as far as it can be */
    volatile LONG Visited; /* the second process has been inside */
} Shared;

/* TRUE: the lock is ours. FALSE: we have waited too long. */
static BOOLEAN
Acquire(ULONG Choice, PKIRQL OldIrql)
{
    LARGE_INTEGER Patience = {.QuadPart = -10000ll * PATIENCE_MS};

    switch (Choice) {
    case RegionAlone:
        KeEnterCriticalRegion();
        break;
    case ResourceInRegion:
    case ResourceRegionEarly:
        KeEnterCriticalRegion();
        /* fall through */
    case ResourceBare:
    case ResourceRegionLate:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        break;
    case UnsafeMutexInRegion:
        KeEnterCriticalRegion();
        /* fall through */
    case UnsafeMutexBare:
        ExAcquireFastMutexUnsafe(&Fast);
        break;
    case FastMutex:
        ExAcquireFastMutex(&Fast);
        break;
    case GuardedMutex:
        KeAcquireGuardedMutex(&Guarded);
        break;
    case SpinLock:
        KeAcquireSpinLock(&Spin, OldIrql);
        break;
    case Mutex:
        KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL);
        break;
    case Semaphore:
        KeWaitForSingleObject(&Sema, Executive, KernelMode, FALSE, NULL);
        break;
    case MutexTimeout:
        return KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, &Patience) ==
               STATUS_SUCCESS;
    case SemaphoreTimeout:
        return KeWaitForSingleObject(&Sema, Executive, KernelMode, FALSE, &Patience) ==
               STATUS_SUCCESS;
    }
    return TRUE;
}

static VOID
Release(ULONG Choice, KIRQL OldIrql)
{
    switch (Choice) {
    case RegionAlone:
        KeLeaveCriticalRegion();
        break;
    case ResourceRegionEarly:
        KeLeaveCriticalRegion(); /* a suspension that has been kept waiting comes now */
        /* fall through */
    case ResourceBare:
        ExReleaseResourceLite(&Resource);
        break;
    case ResourceInRegion:
    case ResourceRegionLate:
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case UnsafeMutexBare:
        ExReleaseFastMutexUnsafe(&Fast);
        break;
    case UnsafeMutexInRegion:
        ExReleaseFastMutexUnsafe(&Fast);
        KeLeaveCriticalRegion();
        break;
    case FastMutex:
        ExReleaseFastMutex(&Fast);
        break;
    case GuardedMutex:
        KeReleaseGuardedMutex(&Guarded);
        break;
    case SpinLock:
        KeReleaseSpinLock(&Spin, OldIrql);
        break;
    case Mutex:
    case MutexTimeout:
        KeReleaseMutex(&Mutant, FALSE);
        break;
    case Semaphore:
    case SemaphoreTimeout:
        KeReleaseSemaphore(&Sema, 0, 1, FALSE);
        break;
    }
}

/* The holder in the middle of its work. At this place an application may suspend it, or may not. */
static VOID
Stay(ULONG Choice)
{
    Shared.Holder.Irql = KeGetCurrentIrql();
    Shared.Holder.ApcsDisabled = KeAreApcsDisabled();
    Shared.Holder.AllApcsDisabled = KeAreAllApcsDisabled();
    KeSetEvent(&Shared.Inside, 0, FALSE);
    while (!Shared.Go) {
        YieldProcessor();
    }
    for (ULONG Turn = 0; Turn < STAY; Turn++) {
        KeStallExecutionProcessor(10);
    }
    /* A region is no lock: whoever wants to come in comes in, and only then do we go on. */
    while (Choice == RegionAlone && !Shared.Visited) {
        YieldProcessor();
    }
}

static NTSTATUS
Hold(ULONG Choice)
{
    KIRQL OldIrql = PASSIVE_LEVEL;

    if (!Acquire(Choice, &OldIrql)) {
        return STATUS_IO_TIMEOUT;
    }
    for (ULONG Cell = 0; Cell < CELLS / 2; Cell++) {
        Shared.Buffer[Cell]++;
    }
    Stay(Choice);
    if (Choice == ResourceRegionLate) {
        KeEnterCriticalRegion(); /* too late */
    }
    for (ULONG Cell = CELLS / 2; Cell < CELLS; Cell++) {
        Shared.Buffer[Cell]++;
    }
    Release(Choice, OldIrql);
    return STATUS_SUCCESS;
}

/* The holder must be dead, thinks this driver: away with what it held, and a new start. */
static NTSTATUS
TakeOver(VOID)
{
    PULONG Old = Shared.Buffer;

    Shared.Buffer = NULL;
    ExFreePoolWithTag(Old, TAG);
    return STATUS_SUCCESS;
}

/* What a driver would do that knows nothing of this lesson: for `ntlab explore`, which needs no help. */
static NTSTATUS
Update(ULONG Choice)
{
    KIRQL OldIrql = PASSIVE_LEVEL;

    if (!Acquire(Choice, &OldIrql)) {
        return TakeOver();
    }
    if (Choice == ResourceRegionLate) {
        KeEnterCriticalRegion(); /* too late */
    }
    for (ULONG Cell = 0; Cell < CELLS / 2; Cell++) {
        Shared.Buffer[Cell]++;
    }
    KeStallExecutionProcessor(10);
    for (ULONG Cell = CELLS / 2; Cell < CELLS; Cell++) {
        Shared.Buffer[Cell]++;
    }
    Release(Choice, OldIrql);
    return STATUS_SUCCESS;
}

static NTSTATUS
Use(ULONG Choice, USE_RESULT *Result)
{
    KIRQL OldIrql = PASSIVE_LEVEL;

    RtlZeroMemory(Result, sizeof(*Result));
    if (!Acquire(Choice, &OldIrql)) {
        Result->TimedOut = TRUE;
        return TakeOver();
    }
    if (Choice == ResourceRegionLate) {
        KeEnterCriticalRegion();
    }
    for (ULONG Cell = 1; Cell < CELLS; Cell++) {
        Result->Torn += Shared.Buffer[Cell] != Shared.Buffer[0];
    }
    Shared.Visited = TRUE;
    Release(Choice, OldIrql);
    return STATUS_SUCCESS;
}

static NTSTATUS
Wait(PKEVENT Event)
{
    return KeWaitForSingleObject(Event, UserRequest, UserMode, FALSE, NULL);
}

static NTSTATUS NTAPI
DispatchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength,
          Out = Stack->Parameters.DeviceIoControl.OutputBufferLength,
          Choice = In >= sizeof(ULONG) ? *(PULONG)Buffer : Choices;
    NTSTATUS Status = STATUS_INVALID_PARAMETER;

    Irp->IoStatus.Information = 0;
    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_HOLD:
        if (Choice < Choices) {
            Status = Hold(Choice);
        }
        break;
    case IOCTL_UPDATE:
        if (Choice < Choices) {
            Status = Update(Choice);
        }
        break;
    case IOCTL_USE:
        if (Choice < Choices && Out >= sizeof(USE_RESULT)) {
            Status = Use(Choice, Buffer);
            Irp->IoStatus.Information = sizeof(USE_RESULT);
        }
        break;
    case IOCTL_WAIT_INSIDE:
        if (Out >= sizeof(HOLDER_STATE)) {
            Status = Wait(&Shared.Inside);
            Status = NT_SUCCESS(Status) ? Wait(&Shared.Waiting) : Status;
            *(HOLDER_STATE *)Buffer = Shared.Holder;
            Irp->IoStatus.Information = sizeof(HOLDER_STATE);
        }
        break;
    case IOCTL_SUSPENDED:
        Shared.Go = TRUE;
        KeSetEvent(&Shared.Turn, 0, FALSE);
        Status = STATUS_SUCCESS;
        break;
    case IOCTL_WAIT_TURN:
        Shared.Holder.OtherThread = HandleToULong(PsGetCurrentThreadId());
        KeSetEvent(&Shared.Waiting, 0, FALSE);
        Status = Wait(&Shared.Turn);
        break;
    case IOCTL_DONE:
        KeSetEvent(&Shared.Done, 0, FALSE);
        Status = STATUS_SUCCESS;
        break;
    case IOCTL_WAIT_DONE:
        Status = Wait(&Shared.Done);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
    }
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
DispatchCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    if (Shared.Buffer != NULL) {
        ExFreePoolWithTag(Shared.Buffer, TAG);
    }
    ExDeleteResourceLite(&Resource);
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    Shared.Buffer = ExAllocatePoolWithTag(NonPagedPool, CELLS * sizeof(ULONG), TAG);
    if (Shared.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Shared.Buffer, CELLS * sizeof(ULONG));
    KeInitializeEvent(&Shared.Inside, NotificationEvent, FALSE);
    KeInitializeEvent(&Shared.Waiting, NotificationEvent, FALSE);
    KeInitializeEvent(&Shared.Turn, NotificationEvent, FALSE);
    KeInitializeEvent(&Shared.Done, NotificationEvent, FALSE);
    ExInitializeResourceLite(&Resource);
    ExInitializeFastMutex(&Fast);
    KeInitializeGuardedMutex(&Guarded);
    KeInitializeMutex(&Mutant, 0);
    KeInitializeSpinLock(&Spin);
    KeInitializeSemaphore(&Sema, 1, 1);
    Status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (NT_SUCCESS(Status)) {
        Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
        if (!NT_SUCCESS(Status)) {
            IoDeleteDevice(Device);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ExDeleteResourceLite(&Resource);
        ExFreePoolWithTag(Shared.Buffer, TAG);
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchControl;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
