/*
 * driver.c - GuardedMutex: a page read under a lock that keeps special kernel APCs off.
 *
 * Three devices play three parts:
 *
 *     \Device\GuardedMutex      the memory manager: takes its lock and asks the file system for a page
 *     (no name)                 the file system: gets the page from the disk, and waits for it
 *     \Device\GuardedMutexDisk  the disk: completes a read later, from a timer's DPC
 *
 * The lock is the version's own: a fast mutex on XP, a guarded mutex from Server 2003 on. So the driver imports nothing
 * that XP lacks, and looks the rest up by name.
 *
 *   G1  What a completion by APC writes to (event, status, buffer) lives in the READ of ControlPageIn: until the lock has
 *       been released, and so until the APC has come.
 */
#include <ntifs.h>
#include "guarded-mutex.h"

#define TAG       'dauG'
#define DISK_MS   10
#define DISK_CODE CTL_CODE(FILE_DEVICE_DISK, 0x800, METHOD_NEITHER, FILE_ANY_ACCESS)

typedef VOID(NTAPI *PGUARDED_ROUTINE)(PKGUARDED_MUTEX Mutex);
typedef BOOLEAN(NTAPI *PARE_DISABLED)(VOID);

typedef struct READ {
    PAGE_IN Page;
    PAGE_IN_RESULT Result;
    HANDLE Disk;
    PUCHAR Buffer;
    NTSTATUS Status;
    KEVENT Event, Posted;
    IO_STATUS_BLOCK Iosb;
    PIO_WORKITEM WorkItem;
} READ;

typedef struct LATER {
    KTIMER Timer;
    KDPC Dpc;
    PIRP Irp;
} LATER;

static UNICODE_STRING ControlName = RTL_CONSTANT_STRING(L"\\Device\\GuardedMutex");
static UNICODE_STRING ControlLink = RTL_CONSTANT_STRING(L"\\DosDevices\\GuardedMutex");
static UNICODE_STRING DiskName = RTL_CONSTANT_STRING(L"\\Device\\GuardedMutexDisk");

static PDEVICE_OBJECT Control, FileSystem, Disk;
static BOOLEAN DiskAtOnce;

/* NULL on versions without them. */
static PGUARDED_ROUTINE InitializeGuarded, AcquireGuarded, ReleaseGuarded;
static PARE_DISABLED AreAllApcsDisabled;

static KGUARDED_MUTEX Guarded;
static FAST_MUTEX Fast;

static VOID
AcquireLock(VOID)
{
    if (AcquireGuarded != NULL) {
        AcquireGuarded(&Guarded);
    } else {
        ExAcquireFastMutex(&Fast);
    }
}

static VOID
ReleaseLock(VOID)
{
    if (ReleaseGuarded != NULL) {
        ReleaseGuarded(&Guarded);
    } else {
        ExReleaseFastMutex(&Fast);
    }
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* ---- the disk ---- */

/* Where the data goes: an MDL for a read, the buffer itself for the internal request. */
static NTSTATUS
DiskTransfer(PIRP Irp)
{
    PUCHAR Buffer = Irp->MdlAddress != NULL
                        ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                        : Irp->UserBuffer;

    if (Buffer == NULL) {
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    RtlFillMemory(Buffer, BLOCK_BYTES, BLOCK_FILL);
    return Complete(Irp, STATUS_SUCCESS, BLOCK_BYTES);
}

static VOID NTAPI
DiskDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    LATER *Later = Context;
    PIRP Irp = Later->Irp;

    ExFreePoolWithTag(Later, TAG);
    DiskTransfer(Irp);
}

static NTSTATUS
DiskRead(PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN OfRead = Stack->MajorFunction == IRP_MJ_READ;
    LARGE_INTEGER Due = {.QuadPart = -10000ll * DISK_MS};
    LATER *Later;

    if ((OfRead ? Stack->Parameters.Read.Length
                : Stack->Parameters.DeviceIoControl.OutputBufferLength) < BLOCK_BYTES) {
        return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    /* The second block is in the disk's cache: guarded-fault.sys reads that one, too. */
    if (DiskAtOnce || (OfRead && Stack->Parameters.Read.ByteOffset.QuadPart == BLOCK_BYTES)) {
        return DiskTransfer(Irp);
    }
    Later = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Later), TAG);
    if (Later == NULL) {
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Later->Irp = Irp;
    KeInitializeTimer(&Later->Timer);
    KeInitializeDpc(&Later->Dpc, DiskDpc, Later);
    IoMarkIrpPending(Irp);
    KeSetTimer(&Later->Timer, Due, &Later->Dpc);
    return STATUS_PENDING;
}

/* ---- the file system ---- */

/* Completed in whatever context: no APC has a part in it. */
static NTSTATUS NTAPI
RequestCompleted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    READ *Read = Context;

    Read->Iosb = Irp->IoStatus;
    IoFreeIrp(Irp);
    KeSetEvent(&Read->Event, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP
MakeRequest(READ *Read)
{
    PIO_STACK_LOCATION Next;
    PIRP Irp;

    if (Read->Page.By == ByInternalControl) {
        return IoBuildDeviceIoControlRequest(DISK_CODE, Disk, NULL, 0, Read->Buffer, BLOCK_BYTES,
                                             TRUE, &Read->Event, &Read->Iosb);
    }
    Irp = IoAllocateIrp(Disk->StackSize, FALSE);
    if (Irp != NULL) {
        Next = IoGetNextIrpStackLocation(Irp);
        Next->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
        Next->Parameters.DeviceIoControl.IoControlCode = DISK_CODE;
        Next->Parameters.DeviceIoControl.OutputBufferLength = BLOCK_BYTES;
        Irp->UserBuffer = Read->Buffer;
        IoSetCompletionRoutine(Irp, RequestCompleted, Read, TRUE, TRUE, TRUE);
    }
    return Irp;
}

static NTSTATUS
ReadDisk(READ *Read)
{
    NTSTATUS Status;
    PIRP Irp;

    if (Read->Page.By == ByZwReadFile) {
        return ZwReadFile(Read->Disk, NULL, NULL, NULL, &Read->Iosb, Read->Buffer, BLOCK_BYTES,
                          NULL, NULL);
    }
    Irp = MakeRequest(Read);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IoCallDriver(Disk, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Read->Event, Executive, KernelMode, FALSE, NULL);
        Status = Read->Iosb.Status;
    }
    return Status;
}

/* In a worker thread nothing is disabled. */
static VOID NTAPI
ReadDiskWorker(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    READ *Read = Context;

    Read->Status = ReadDisk(Read);
    KeSetEvent(&Read->Posted, 0, FALSE);
}

static BOOLEAN
MustPost(ULONG Ask)
{
    switch (Ask) {
    case AskIrql:
        return KeGetCurrentIrql() >= APC_LEVEL;
    case AskApcs:
        return KeAreApcsDisabled();
    case AskAllApcs:
        return AreAllApcsDisabled();
    default:
        return FALSE;
    }
}

static NTSTATUS
FileSystemRead(PIRP Irp)
{
    READ *Read = Irp->Tail.Overlay.DriverContext[0];

    Read->Result.Posted = MustPost(Read->Page.Ask);
    if (Read->Result.Posted) {
        IoQueueWorkItem(Read->WorkItem, ReadDiskWorker, CriticalWorkQueue, Read);
        KeWaitForSingleObject(&Read->Posted, Executive, KernelMode, FALSE, NULL);
    } else {
        Read->Status = ReadDisk(Read);
    }
    return Complete(Irp, Read->Status, NT_SUCCESS(Read->Status) ? BLOCK_BYTES : 0);
}

/* ---- the memory manager ---- */

static NTSTATUS NTAPI
PageReadCompleted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    return STATUS_MORE_PROCESSING_REQUIRED; /* whoever sent it frees it */
}

static NTSTATUS
PageRead(READ *Read)
{
    PIRP Irp = IoAllocateIrp(FileSystem->StackSize, FALSE);
    PIO_STACK_LOCATION Next;
    NTSTATUS Status;

    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Next = IoGetNextIrpStackLocation(Irp);
    Next->MajorFunction = IRP_MJ_READ;
    Next->Parameters.Read.Length = BLOCK_BYTES;
    Irp->Flags = IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO;
    Irp->Tail.Overlay.DriverContext[0] = Read;
    IoSetCompletionRoutine(Irp, PageReadCompleted, NULL, TRUE, TRUE, TRUE);
    Status = IoCallDriver(FileSystem, Irp);
    IoFreeIrp(Irp);
    return Status;
}

static NTSTATUS
OpenDisk(PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &DiskName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    return ZwCreateFile(Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                        FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static NTSTATUS
ControlPageIn(const PAGE_IN *Page, PAGE_IN_RESULT *Result)
{
    READ Read = {.Page = *Page};
    NTSTATUS Status;

    if (Page->By > ByCompletionRoutine || Page->Ask > AskAllApcs) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Page->Ask == AskAllApcs && AreAllApcsDisabled == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    Status = OpenDisk(&Read.Disk);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Read.Buffer = ExAllocatePoolWithTag(NonPagedPool, BLOCK_BYTES, TAG);
    Read.WorkItem = IoAllocateWorkItem(FileSystem);
    KeInitializeEvent(&Read.Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Read.Posted, SynchronizationEvent, FALSE);
    DiskAtOnce = Page->AtOnce != 0;
    if (Read.Buffer != NULL && Read.WorkItem != NULL) {
        AcquireLock();
        Status = PageRead(&Read);
        ReleaseLock(); /* G1 */
        for (ULONG i = 0; NT_SUCCESS(Status) && i < BLOCK_BYTES; i++) {
            Read.Result.Bytes += Read.Buffer[i] == BLOCK_FILL;
        }
    } else {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Read.WorkItem != NULL) {
        IoFreeWorkItem(Read.WorkItem);
    }
    if (Read.Buffer != NULL) {
        ExFreePoolWithTag(Read.Buffer, TAG);
    }
    ZwClose(Read.Disk);
    *Result = Read.Result;
    return Status;
}

static VOID
ControlLook(LOCK_STATE *State)
{
    AcquireLock();
    State->Guarded = AcquireGuarded != NULL;
    State->Irql = KeGetCurrentIrql();
    State->ApcsDisabled = KeAreApcsDisabled();
    State->AllApcsDisabled = AreAllApcsDisabled != NULL ? AreAllApcsDisabled() : 2;
    ReleaseLock();
}

static NTSTATUS
ControlDispatch(PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength,
          Out = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    NTSTATUS Status;
    PAGE_IN Page;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_LOOK:
        if (Out < sizeof(LOCK_STATE)) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        ControlLook(Buffer);
        return Complete(Irp, STATUS_SUCCESS, sizeof(LOCK_STATE));
    case IOCTL_PAGE_IN:
        if (In < sizeof(PAGE_IN) || Out < sizeof(PAGE_IN_RESULT)) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Page = *(PAGE_IN *)Buffer;
        Status = ControlPageIn(&Page, Buffer);
        return Complete(Irp, Status, NT_SUCCESS(Status) ? sizeof(PAGE_IN_RESULT) : 0);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

/* ---- all three ---- */

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
        return Complete(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
        if (DeviceObject != Control) {
            return DeviceObject == Disk ? DiskRead(Irp) : FileSystemRead(Irp);
        }
        break;
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        if (DeviceObject == Disk) {
            return DiskRead(Irp);
        }
        break;
    case IRP_MJ_DEVICE_CONTROL:
        if (DeviceObject == Control) {
            return ControlDispatch(Irp);
        }
        break;
    }
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static PVOID
Find(PCWSTR Routine)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Routine);
    return MmGetSystemRoutineAddress(&Name);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&ControlLink);
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    InitializeGuarded = (PGUARDED_ROUTINE)Find(L"KeInitializeGuardedMutex");
    AcquireGuarded = (PGUARDED_ROUTINE)Find(L"KeAcquireGuardedMutex");
    ReleaseGuarded = (PGUARDED_ROUTINE)Find(L"KeReleaseGuardedMutex");
    AreAllApcsDisabled = (PARE_DISABLED)Find(L"KeAreAllApcsDisabled");
    ExInitializeFastMutex(&Fast);
    if (InitializeGuarded != NULL) {
        InitializeGuarded(&Guarded);
    }
    Status = IoCreateDevice(DriverObject, 0, &ControlName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Control);
    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &FileSystem);
    }
    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(DriverObject, 0, &DiskName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Disk);
    }
    if (NT_SUCCESS(Status)) {
        Disk->Flags |= DO_DIRECT_IO;
        Status = IoCreateSymbolicLink(&ControlLink, &ControlName);
    }
    if (!NT_SUCCESS(Status)) {
        while (DriverObject->DeviceObject != NULL) {
            IoDeleteDevice(DriverObject->DeviceObject);
        }
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_READ] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_INTERNAL_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
