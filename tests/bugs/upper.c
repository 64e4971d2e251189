/*
 * upper.c - an upper filter of a plug-and-play stack: it goes over the physical device, answers a few controls about
 * itself and lets everything else pass, under a remove lock. One of the mistakes that such drivers are mended for is in
 * it, the one with the number CASE.
 */
#include <ntifs.h>

#define HAS(Case)   (CASE == (Case))
#define TAG         'rppU'
#define UPPER_STATS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x820, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define UPPER_LABEL CTL_CODE(FILE_DEVICE_UNKNOWN, 0x821, METHOD_BUFFERED, FILE_WRITE_ACCESS)
#define UPPER_TELL  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x822, METHOD_BUFFERED, FILE_READ_ACCESS)
#define UPPER_CAPS  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x823, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MOST_LABEL  64u

typedef struct _UPPER_STATISTICS {
    ULONG Passed, Answered;
    ULONG64 Power;
} UPPER_STATISTICS, *PUPPER_STATISTICS;

typedef struct _UPPER_FILTER {
    PDEVICE_OBJECT Self, Lower, Physical;
    IO_REMOVE_LOCK Remove;
    FAST_MUTEX LabelLock; /* Label, LabelBytes */
    PUCHAR Label;
    ULONG LabelBytes;
    volatile LONG Passed, Answered, Power;
} UPPER, *PUPPER;

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS
Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(503) BUG(506) */
    return Status;
}

static NTSTATUS
Pass(PUPPER Upper, PIRP Irp)
{
    NTSTATUS Status;

    InterlockedIncrement(&Upper->Passed);
    IoSkipCurrentIrpStackLocation(Irp);
    Status = IoCallDriver(Upper->Lower, Irp);
    IoReleaseRemoveLock(&Upper->Remove, Irp);
    return Status;
}

static NTSTATUS NTAPI
OnOther(PDEVICE_OBJECT Device, PIRP Irp)
{
    PUPPER Upper = Device->DeviceExtension;
    NTSTATUS Status = IoAcquireRemoveLock(&Upper->Remove, Irp);

    if (!NT_SUCCESS(Status)) {
        return Finish(Irp, Status, 0);
    }
    return Pass(Upper, Irp);
}

static NTSTATUS NTAPI
OnOpenClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

/* ---- a request of its own ---- */

static NTSTATUS NTAPI
CapabilitiesDone(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS
AskCapabilities(PUPPER Upper, PDEVICE_CAPABILITIES Capabilities)
{
    PIO_STACK_LOCATION Next;
    NTSTATUS Status;
    KEVENT Done;
    PIRP Irp;

    Irp = IoAllocateIrp(Upper->Lower->StackSize, FALSE); /* BUG(505) */
    if (Irp == NULL && !HAS(504)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    RtlZeroMemory(Capabilities, sizeof(*Capabilities));
    Capabilities->Size = sizeof(*Capabilities);
    Capabilities->Version = 1;
    Capabilities->Address = Capabilities->UINumber = MAXULONG;
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED; /* BUG(504) */
    Next = IoGetNextIrpStackLocation(Irp);
    Next->MajorFunction = IRP_MJ_PNP;
    Next->MinorFunction = IRP_MN_QUERY_CAPABILITIES;
    Next->Parameters.DeviceCapabilities.Capabilities = Capabilities;
    IoSetCompletionRoutine(Irp, CapabilitiesDone, &Done, TRUE, TRUE, TRUE);
    Status = IoCallDriver(Upper->Lower, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    }
    Status = Irp->IoStatus.Status;
#if !HAS(505)
    IoFreeIrp(Irp);
#endif
    return Status;
}

/* ---- controls ---- */

static NTSTATUS
SetLabel(PUPPER Upper, PIRP Irp, ULONG Bytes)
{
    PUCHAR New, Old;

    if (Bytes > MOST_LABEL) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    if (Bytes == 0) {
        ExAcquireFastMutex(&Upper->LabelLock);
        if (Upper->Label != NULL) {
            ExFreePoolWithTag(Upper->Label, TAG); /* BUG(502) */
        }
#if !HAS(502)
        Upper->Label = NULL;
        Upper->LabelBytes = 0;
#endif
        ExReleaseFastMutex(&Upper->LabelLock);
        return Finish(Irp, STATUS_SUCCESS, 0);
    }
    New = ExAllocatePoolWithTag(PagedPool, Bytes, TAG); /* BUG(501) */
    if (New == NULL) {
        return Finish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    RtlCopyMemory(New, Irp->AssociatedIrp.SystemBuffer, Bytes);
    ExAcquireFastMutex(&Upper->LabelLock);
    Old = Upper->Label;
    Upper->Label = New;
    Upper->LabelBytes = Bytes;
    ExReleaseFastMutex(&Upper->LabelLock);
    if (Old != NULL && !HAS(501)) {
        ExFreePoolWithTag(Old, TAG); /* BUG(502) */
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
TellLabel(PUPPER Upper, PIRP Irp, ULONG Room)
{
    ULONG Bytes;

    ExAcquireFastMutex(&Upper->LabelLock);
    Bytes = min(Upper->LabelBytes, Room);
    if (Bytes != 0) {
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Upper->Label, Bytes); /* BUG(502) */
    }
    ExReleaseFastMutex(&Upper->LabelLock);
    return Finish(Irp, STATUS_SUCCESS, HAS(506) ? MOST_LABEL : Bytes);
}

static NTSTATUS
Statistics(PUPPER Upper, PIRP Irp, ULONG Room)
{
    PUPPER_STATISTICS Out = Irp->AssociatedIrp.SystemBuffer;

    if (Room < sizeof(*Out)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
#if HAS(503)
    Out->Power = (ULONG64)Upper;
#else
    Out->Power = (ULONG64)Upper->Power;
#endif
    Out->Passed = (ULONG)Upper->Passed;
    Out->Answered = (ULONG)Upper->Answered;
    return Finish(Irp, STATUS_SUCCESS, sizeof(*Out));
}

static NTSTATUS NTAPI
OnControl(PDEVICE_OBJECT Device, PIRP Irp) /* BUG(509) */
{
    PUPPER Upper = Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Bytes = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    DEVICE_CAPABILITIES Capabilities;
    NTSTATUS Status;

    Status = IoAcquireRemoveLock(&Upper->Remove, Irp); /* BUG(500) */
    if (!NT_SUCCESS(Status)) {
        return Finish(Irp, Status, 0);
    }
    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case UPPER_STATS:
        Status = Statistics(Upper, Irp, Room);
        break;
    case UPPER_LABEL:
        Status = SetLabel(Upper, Irp, Bytes);
        break;
    case UPPER_TELL:
        Status = TellLabel(Upper, Irp, Room);
        break;
    case UPPER_CAPS:
        if (Room < sizeof(ULONG)) {
            Status = Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
            if (HAS(500)) {
                return Status;
            }
            break;
        }
        Status = AskCapabilities(Upper, &Capabilities);
        if (NT_SUCCESS(Status)) {
            *(PULONG)Irp->AssociatedIrp.SystemBuffer = Capabilities.UINumber;
        }
        Status = Finish(Irp, Status, NT_SUCCESS(Status) ? sizeof(ULONG) : 0);
        break;
    default:
        Status = Pass(Upper, Irp);
        return HAS(509) ? STATUS_SUCCESS : Status;
    }
    InterlockedIncrement(&Upper->Answered);
    IoReleaseRemoveLock(&Upper->Remove, Irp);
    return Status;
}

/* ---- plug and play, power ---- */

static NTSTATUS NTAPI
OnPower(PDEVICE_OBJECT Device, PIRP Irp)
{
    PUPPER Upper = Device->DeviceExtension;
    NTSTATUS Status = IoAcquireRemoveLock(&Upper->Remove, Irp);

    InterlockedIncrement(&Upper->Power);
    PoStartNextPowerIrp(Irp);
    if (!NT_SUCCESS(Status)) {
        return Finish(Irp, Status, 0);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    Status = PoCallDriver(Upper->Lower, Irp);
    IoReleaseRemoveLock(&Upper->Remove, Irp);
    return Status;
}

static NTSTATUS NTAPI
StartDone(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    if (Irp->PendingReturned) {
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS
Start(PUPPER Upper, PIRP Irp)
{
    NTSTATUS Status;
    KEVENT Done;

    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, StartDone, &Done, TRUE, TRUE, TRUE);
    Status = IoCallDriver(Upper->Lower, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        Status = Irp->IoStatus.Status;
    }
    if (HAS(508)) {
        return Status; /* NOLINE(508): and nobody completes it */
    }
    Status = Finish(Irp, Status, 0);
    IoReleaseRemoveLock(&Upper->Remove, Irp);
    return Status;
}

static NTSTATUS
Remove(PUPPER Upper, PIRP Irp)
{
    NTSTATUS Status;

    IoSkipCurrentIrpStackLocation(Irp);
    Status = IoCallDriver(Upper->Lower, Irp);
#if HAS(507)
    IoReleaseRemoveLock(&Upper->Remove, Irp);
#else
    IoReleaseRemoveLockAndWait(&Upper->Remove, Irp);
#endif
    if (Upper->Label != NULL) {
        ExFreePoolWithTag(Upper->Label, TAG);
    }
    IoDetachDevice(Upper->Lower);
    IoDeleteDevice(Upper->Self); /* BUG(507) */
    return Status;
}

static NTSTATUS NTAPI
OnPnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    PUPPER Upper = Device->DeviceExtension;
    NTSTATUS Status = IoAcquireRemoveLock(&Upper->Remove, Irp);

    if (!NT_SUCCESS(Status)) {
        return Finish(Irp, Status, 0);
    }
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return Start(Upper, Irp);
    case IRP_MN_REMOVE_DEVICE:
        return Remove(Upper, Irp);
    default:
        return Pass(Upper, Irp);
    }
}

static NTSTATUS NTAPI
AddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Physical)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabUpper");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;
    PUPPER Upper;

    Status = IoCreateDevice(Driver, sizeof(UPPER), &Name, FILE_DEVICE_UNKNOWN,
                            FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Upper = Device->DeviceExtension;
    Upper->Self = Device;
    Upper->Physical = Physical;
    IoInitializeRemoveLock(&Upper->Remove, TAG, 0, 0);
    ExInitializeFastMutex(&Upper->LabelLock);
    Upper->Lower = IoAttachDeviceToDeviceStack(Device, Physical);
    if (Upper->Lower == NULL) {
        IoDeleteDevice(Device);
        return STATUS_NO_SUCH_DEVICE;
    }
    Device->Flags |= (Upper->Lower->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO)) | DO_POWER_PAGABLE;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = OnOther;
    }
    Driver->MajorFunction[IRP_MJ_CREATE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OnControl;
    Driver->MajorFunction[IRP_MJ_POWER] = OnPower;
    Driver->MajorFunction[IRP_MJ_PNP] = OnPnp;
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
