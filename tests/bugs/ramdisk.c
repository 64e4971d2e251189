/*
 * ramdisk.c - a disk in memory: reads and writes go through a cancel-safe queue to a thread of the driver's own, the
 * disk's controls are answered at once. One of the mistakes that such drivers are mended for is in it, the one with the
 * number CASE.
 */
#include <ntifs.h>
#include <ntdddisk.h>

#define HAS(Case)  (CASE == (Case))
#define TAG        'ksdR'
#define SECTOR     512u
#define DISK_BYTES (64u * 1024)

typedef struct _DISK {
    PUCHAR Memory;
    IO_CSQ Queue;
    LIST_ENTRY Requests;
    KSPIN_LOCK Lock;
    KSEMAPHORE Work;
    PETHREAD Thread;
    BOOLEAN Stop, Locked;
    ULONG Reads, Writes;
} DISK, *PDISK;

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS
Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, NT_SUCCESS(Status) ? IO_DISK_INCREMENT
                                              : IO_NO_INCREMENT); /* BUG(472) BUG(473) BUG(476) */
    return Status;
}

/* ---- the queue ---- */

static VOID NTAPI
QueueInsert(PIO_CSQ Queue, PIRP Irp)
{
    InsertTailList(&CONTAINING_RECORD(Queue, DISK, Queue)->Requests, &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI
QueueRemove(PIO_CSQ Queue, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Queue);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI
QueuePeek(PIO_CSQ Queue, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Head = &CONTAINING_RECORD(Queue, DISK, Queue)->Requests;
    PLIST_ENTRY At = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : Head->Flink;

    for (; At != Head; At = At->Flink) {
        PIRP Found = CONTAINING_RECORD(At, IRP, Tail.Overlay.ListEntry);

        if (Context == NULL || IoGetCurrentIrpStackLocation(Found)->FileObject == Context) {
            return Found;
        }
    }
    return NULL;
}

static VOID NTAPI
QueueAcquire(PIO_CSQ Queue, PKIRQL Irql)
{
    KeAcquireSpinLock(&CONTAINING_RECORD(Queue, DISK, Queue)->Lock, Irql);
}

static VOID NTAPI
QueueRelease(PIO_CSQ Queue, KIRQL Irql)
{
    KeReleaseSpinLock(&CONTAINING_RECORD(Queue, DISK, Queue)->Lock, Irql);
}

static VOID NTAPI
QueueCancelled(PIO_CSQ Queue, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Queue);
    Finish(Irp, STATUS_CANCELLED, 0);
}

/* ---- the thread ---- */

static VOID
Transfer(PDISK Disk, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN Write = Stack->MajorFunction == IRP_MJ_WRITE;
    ULONG Bytes = Stack->Parameters.Read.Length;
    PUCHAR Place = Disk->Memory + Stack->Parameters.Read.ByteOffset.QuadPart, Buffer;

    Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    if (Buffer == NULL && !HAS(471)) {
        Finish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        return;
    }
    if (Write) {
        RtlCopyMemory(Place, Buffer, Bytes); /* BUG(470) BUG(471) */
        Disk->Writes++;
    } else {
        RtlCopyMemory(Buffer, Place, Bytes); /* BUG(470) BUG(471) */
        Disk->Reads++;
    }
    Finish(Irp, STATUS_SUCCESS, Bytes);
}

static VOID NTAPI
Worker(PVOID Context)
{
    PDISK Disk = Context;
    PIRP Irp;

    for (;;) {
        KeWaitForSingleObject(&Disk->Work, Executive, KernelMode, FALSE, NULL);
        if (Disk->Stop) {
            break;
        }
        Irp = IoCsqRemoveNextIrp(&Disk->Queue, NULL);
        if (Irp != NULL) {
            Transfer(Disk, Irp);
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* ---- requests ---- */

static NTSTATUS NTAPI
OnReadWrite(PDEVICE_OBJECT Device, PIRP Irp)
{
    PDISK Disk = Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    LONGLONG Offset = Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Bytes = Stack->Parameters.Read.Length;

    if (Bytes == 0) {
        return Finish(Irp, STATUS_SUCCESS, 0);
    }
#if HAS(470)
    if ((ULONG)Offset + Bytes > DISK_BYTES) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
#else
    if (Offset < 0 || Offset >= DISK_BYTES || Bytes > DISK_BYTES - Offset) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
#endif
    IoCsqInsertIrp(&Disk->Queue, Irp, NULL); /* marks it pending */
    KeReleaseSemaphore(&Disk->Work, IO_DISK_INCREMENT, 1, FALSE);
    return STATUS_PENDING;
}

static NTSTATUS
Verify(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PVERIFY_INFORMATION Verify = Irp->AssociatedIrp.SystemBuffer;

    if (!HAS(475) &&
        Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(VERIFY_INFORMATION)) {
        return Finish(Irp, STATUS_INFO_LENGTH_MISMATCH, 0);
    }
    if (Verify == NULL) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    if (Verify->StartingOffset.QuadPart < 0 || Verify->StartingOffset.QuadPart > DISK_BYTES ||
        Verify->Length > DISK_BYTES - Verify->StartingOffset.QuadPart) { /* BUG(475) */
        return Finish(Irp, STATUS_NONEXISTENT_SECTOR, 0);
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
Partition(PIRP Irp, ULONG Room)
{
    PPARTITION_INFORMATION Info = Irp->AssociatedIrp.SystemBuffer;

    if (Room < sizeof(*Info)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
#if !HAS(476)
    RtlZeroMemory(Info, sizeof(*Info));
#endif
    Info->StartingOffset.QuadPart = 0;
    Info->PartitionLength.QuadPart = DISK_BYTES;
    Info->HiddenSectors = 0;
    Info->PartitionType = PARTITION_FAT_12;
    Info->RecognizedPartition = TRUE;
    return Finish(Irp, STATUS_SUCCESS, sizeof(*Info));
}

static NTSTATUS NTAPI
OnControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PDISK Disk = Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_DISK_GET_DRIVE_GEOMETRY: {
        DISK_GEOMETRY Geometry = {.Cylinders.QuadPart = DISK_BYTES / SECTOR / 8,
                                  .MediaType = FixedMedia,
                                  .TracksPerCylinder = 1,
                                  .SectorsPerTrack = 8,
                                  .BytesPerSector = SECTOR};

        if (HAS(472) ? Room < sizeof(ULONG) : Room < sizeof(Geometry)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        RtlCopyMemory(Buffer, &Geometry, sizeof(Geometry)); /* BUG(472) */
        return Finish(Irp, STATUS_SUCCESS, sizeof(Geometry));
    }
    case IOCTL_DISK_GET_LENGTH_INFO:
        if (Room < sizeof(GET_LENGTH_INFORMATION)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        ((PGET_LENGTH_INFORMATION)Buffer)->Length.QuadPart = DISK_BYTES;
        return Finish(Irp, STATUS_SUCCESS,
                      HAS(473) ? sizeof(DISK_GEOMETRY) : sizeof(GET_LENGTH_INFORMATION));
    case IOCTL_DISK_GET_PARTITION_INFO:
        return Partition(Irp, Room);
    case IOCTL_DISK_VERIFY:
        return Verify(Irp, Stack);
    case IOCTL_DISK_IS_WRITABLE:
    case IOCTL_DISK_CHECK_VERIFY:
        return Finish(Irp, STATUS_SUCCESS, 0);
    case IOCTL_DISK_MEDIA_REMOVAL:
        if (Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(PREVENT_MEDIA_REMOVAL)) {
            return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
        }
        Disk->Locked = ((PPREVENT_MEDIA_REMOVAL)Buffer)->PreventMediaRemoval;
        return Finish(Irp, STATUS_SUCCESS, 0);
    }
    return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
OnOpenClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
OnCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    PDISK Disk = Device->DeviceExtension;
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    PIRP Left;

    while ((Left = IoCsqRemoveNextIrp(&Disk->Queue, File)) != NULL) {
        Finish(Left, STATUS_CANCELLED, 0);
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

/* ---- its life ---- */

static VOID
StopThread(PDISK Disk)
{
    Disk->Stop = TRUE;
    KeReleaseSemaphore(&Disk->Work, IO_NO_INCREMENT, 1, FALSE);
#if !HAS(477)
    KeWaitForSingleObject(Disk->Thread, Executive, KernelMode, FALSE, NULL);
#endif
#if !HAS(474)
    ObDereferenceObject(Disk->Thread);
#endif
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabRamDisk");
    PDISK Disk = Driver->DeviceObject->DeviceExtension;

    StopThread(Disk);
    IoDeleteSymbolicLink(&Link);
#if !HAS(478)
    ExFreePoolWithTag(Disk->Memory, TAG);
#endif
    IoDeleteDevice(Driver->DeviceObject);
}

static NTSTATUS
StartThread(PDISK Disk)
{
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL, Worker,
                                  Disk); /* BUG(477) BUG(479) */
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                       (PVOID *)&Disk->Thread, NULL); /* BUG(474) */
    NT_ASSERT(NT_SUCCESS(Status));
#if !HAS(479)
    ZwClose(Handle);
#endif
    return Status;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabRamDisk");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabRamDisk");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;
    PDISK Disk;

    UNREFERENCED_PARAMETER(RegistryPath);
    Driver->MajorFunction[IRP_MJ_CREATE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OnCleanup;
    Driver->MajorFunction[IRP_MJ_READ] = OnReadWrite;
    Driver->MajorFunction[IRP_MJ_WRITE] = OnReadWrite;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OnControl;
    Driver->DriverUnload = Unload;
    Status = IoCreateDevice(Driver, sizeof(DISK), &Name, FILE_DEVICE_DISK, FILE_DEVICE_SECURE_OPEN,
                            FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Device->Flags |= DO_DIRECT_IO;
    Disk = Device->DeviceExtension;
    KeInitializeSpinLock(&Disk->Lock);
    KeInitializeSemaphore(&Disk->Work, 0, MAXLONG);
    InitializeListHead(&Disk->Requests);
    Status = IoCsqInitialize(&Disk->Queue, QueueInsert, QueueRemove, QueuePeek, QueueAcquire,
                             QueueRelease, QueueCancelled);
    if (!NT_SUCCESS(Status)) {
        goto DeleteDevice;
    }
    Disk->Memory = ExAllocatePoolWithTag(NonPagedPoolNx, DISK_BYTES, TAG); /* BUG(478) */
    if (Disk->Memory == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto DeleteDevice;
    }
    RtlZeroMemory(Disk->Memory, DISK_BYTES);
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (!NT_SUCCESS(Status)) {
        goto FreeMemory;
    }
    Status = StartThread(Disk);
    if (!NT_SUCCESS(Status)) {
        goto DeleteLink;
    }
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;

DeleteLink:
    IoDeleteSymbolicLink(&Link);
FreeMemory:
    ExFreePoolWithTag(Disk->Memory, TAG);
DeleteDevice:
    IoDeleteDevice(Device);
    return Status;
}
