/*
 * file.c - file objects: made, locked, cleaned up, closed.
 *
 *   L1  The last handle closed sends IRP_MJ_CLEANUP, in the context of the process that closes it; the last
 *       reference sends IRP_MJ_CLOSE, in whatever thread lets go of it. [K: "DispatchCleanup routines",
 *       "DispatchClose routines"]
 *   L2  Both are synchronous and have no thread to complete to: their event is set by complete.c directly.
 *   L3  Before cleanup, the process that had byte-range locks through the file object gets them unlocked.
 *   L4  A synchronous file object has one request at a time: Busy, and Lock for those who wait.
 *   L5  The VPB's count does not contain a file object that is being closed: by it a file system sees in IRP_MJ_CLOSE whether it was
 *       the last one. [SMP:fastfat, FatCheckForDismount]
 */
#include "nt/io/iop.h"

PFILE_OBJECT
IopAllocateFile(PDEVICE_OBJECT DeviceObject)
{
    OBJECT_ATTRIBUTES Attributes;
    PIOP_FILE File;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    if (!NT_SUCCESS(ObCreateObject(KernelMode, IoFileObjectTypeP, &Attributes, KernelMode, NULL,
                                   sizeof(IOP_FILE), 0, 0, (PVOID *)&File))) {
        return NULL;
    }
    RtlZeroMemory(File, sizeof(*File));
    File->File.Type = IO_TYPE_FILE;
    File->File.Size = sizeof(FILE_OBJECT);
    File->File.DeviceObject = DeviceObject;
    File->Priority = IoPriorityNormal;
    KeInitializeEvent(&File->File.Lock, SynchronizationEvent, FALSE);
    KeInitializeEvent(&File->File.Event, NotificationEvent, FALSE);
    KeInitializeSpinLock(&File->File.IrpListLock);
    InitializeListHead(&File->File.IrpList);
    InitializeListHead(&File->Contexts);
    return &File->File;
}

PLIST_ENTRY
IopFileContexts(PFILE_OBJECT FileObject)
{
    return &IopFile(FileObject)->Contexts;
}

/* A request of the I/O manager's own to the file's stack, L2. */
static NTSTATUS
IopSendToFile(PFILE_OBJECT FileObject, UCHAR Major, UCHAR Minor)
{
    PDEVICE_OBJECT DeviceObject = FileObject->Flags & FO_DIRECT_DEVICE_OPEN
                                      ? IoGetAttachedDevice(FileObject->DeviceObject)
                                      : IoGetRelatedDeviceObject(FileObject);
    PIO_STACK_LOCATION Stack;
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    NTSTATUS Status;
    PIRP Irp;

    Irp = IopAllocateIrpThatMust(DeviceObject->StackSize);
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Irp->Tail.Overlay.OriginalFileObject = FileObject;
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Irp->RequestorMode = KernelMode;
    Irp->UserEvent = &Event;
    Irp->UserIosb = &Iosb;
    Irp->Flags = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = Major;
    Stack->MinorFunction = Minor;
    Stack->FileObject = FileObject;
    Status = IofCallDriver(DeviceObject, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Iosb.Status;
    }
    IoFreeIrp(Irp);
    return Status;
}

/* The object manager's close method: one handle is about to go. */
VOID
IopCloseFile(PVOID Object, PEPROCESS Process, ULONG ProcessHandles, ULONG SystemHandles)
{
    PFILE_OBJECT FileObject = Object;
    BOOLEAN Locked = FALSE;

    if (FileObject->DeviceObject == NULL || (FileObject->Flags & FO_CLEANUP_COMPLETE)) {
        return;
    }
    if (ProcessHandles == 1 && FileObject->LockOperation && SystemHandles != 1) { /* L3 */
        if (IopIsSynchronousFile(FileObject)) {
            Locked = IopLockFile(FileObject, KernelMode) == STATUS_SUCCESS;
        }
        IopSendToFile(FileObject, IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_ALL);
        if (Locked) {
            IopUnlockFile(FileObject);
        }
    }
    if (SystemHandles != 1) {
        return;
    }
    if (IopIsSynchronousFile(FileObject)) {
        Locked = IopLockFile(FileObject, KernelMode) == STATUS_SUCCESS;
    }
    FileObject->Flags |= FO_CLEANUP_COMPLETE;
    IopSendToFile(FileObject, IRP_MJ_CLEANUP, 0); /* L1 */
    if (Locked) {
        IopUnlockFile(FileObject);
    }
}

/* The last reference has gone. */
VOID
IopDeleteFile(PVOID Object)
{
    PFILE_OBJECT FileObject = Object;
    PDEVICE_OBJECT DeviceObject = FileObject->DeviceObject;
    PVPB Unused = NULL;

    if (DeviceObject != NULL) {
        if (FileObject->Vpb != NULL && (FileObject->Flags & FO_STREAM_FILE) == 0 &&
            IopReleaseVpb(FileObject->Vpb)) {
            Unused = FileObject->Vpb; /* L5 */
        }
        if ((FileObject->Flags & FO_FILE_OPEN_CANCELLED) == 0) {
            if ((FileObject->Flags & FO_CLEANUP_COMPLETE) == 0 &&
                (FileObject->Flags & FO_FILE_OPEN) && (FileObject->Flags & FO_STREAM_FILE) == 0) {
                FileObject->Flags |= FO_CLEANUP_COMPLETE; /* it never had a handle */
                IopSendToFile(FileObject, IRP_MJ_CLEANUP, 0);
            }
            IopSendToFile(FileObject, IRP_MJ_CLOSE, 0); /* L1 */
        }
    }
    if (FileObject->FileName.Buffer != NULL) {
        ExFreePoolWithTag(FileObject->FileName.Buffer, 0);
    }
    if (FileObject->CompletionContext != NULL) {
        ObDereferenceObject(FileObject->CompletionContext->Port);
        ExFreePoolWithTag(FileObject->CompletionContext, TAG_IOFILE);
    }
    if (DeviceObject != NULL) {
        if (Unused != NULL) {
            IopDeleteVpb(Unused);
        }
        IopDereferenceDevice(DeviceObject);
    }
}

/* PKI_WOULD_WAIT, of an attempt that never waits */
static BOOLEAN
IopIsFileBusy(const volatile VOID *Lock, ULONG_PTR FileObject)
{
    return ((PFILE_OBJECT)FileObject)->Busy != 0;
}

/* L4. STATUS_SUCCESS, or why an alertable wait ended. To look whether somebody has the file is a step by itself, for
   who waits for it can be ended meanwhile. */
NTSTATUS
IopLockFile(PFILE_OBJECT FileObject, KPROCESSOR_MODE Mode)
{
    NTSTATUS Status;

    ObReferenceObject(FileObject);
    KiAcquirePoint(SP_TRY_LOCK, &FileObject->Lock, IopIsFileBusy, (ULONG_PTR)FileObject);
    while (FileObject->Busy) {
        FileObject->Waiters++;
        Status = KeWaitForSingleObject(&FileObject->Lock, Executive, Mode,
                                       Mode != KernelMode && (FileObject->Flags & FO_ALERTABLE_IO),
                                       NULL);
        FileObject->Waiters--;
        if (Status != STATUS_SUCCESS) {
            /* Another waiter may need the signal that we did not take. */
            if (!FileObject->Busy && FileObject->Waiters != 0) {
                KeSetEvent(&FileObject->Lock, IO_NO_INCREMENT, FALSE);
            }
            ObDereferenceObject(FileObject);
            return Status;
        }
    }
    FileObject->Busy = TRUE;
    return STATUS_SUCCESS;
}

VOID
IopUnlockFile(PFILE_OBJECT FileObject)
{
    KiSchedulePoint(SP_RELEASE_LOCK, &FileObject->Lock);
    FileObject->Busy = FALSE;
    if (FileObject->Waiters != 0) {
        KeSetEvent(&FileObject->Lock, IO_NO_INCREMENT, FALSE);
    }
    ObDereferenceObject(FileObject);
}

/*
 * The object manager's name method: the device's name and the one that the driver gives the file. A driver that gives files
 * no names leaves the device's. What is no open file is not asked about. What does not fit is cut. [DDI:ntifs/obquerynamestring]
 */
NTSTATUS
IopQueryName(PVOID Object, POBJECT_NAME_INFORMATION Info, ULONG Length, PULONG ReturnLength)
{
    PFILE_OBJECT FileObject = Object;
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Space[260];
    } Device;
    ULONG DeviceLength, Needed, Room;
    UNICODE_STRING File = FileObject->FileName;
    PFILE_NAME_INFORMATION Asked = NULL;
    NTSTATUS Status;
    PWSTR Write;

    Device.Info.Name.Length = 0;
    if (FileObject->DeviceObject != NULL) {
        Status = ObQueryNameString(FileObject->DeviceObject, &Device.Info, sizeof(Device),
                                   &DeviceLength);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if ((FileObject->Flags & (FO_FILE_OPEN | FO_CLEANUP_COMPLETE | FO_STREAM_FILE)) ==
                FO_FILE_OPEN &&
            KeGetCurrentIrql() == PASSIVE_LEVEL) {
            Status = IopAskName(FileObject, &Asked);
            if (NT_SUCCESS(Status)) {
                File.Buffer = Asked->FileName;
                File.Length = (USHORT)Asked->FileNameLength;
            } else if (Status == STATUS_INVALID_DEVICE_REQUEST ||
                       Status == STATUS_NOT_IMPLEMENTED || Status == STATUS_INVALID_PARAMETER ||
                       Status == STATUS_INVALID_INFO_CLASS) {
                File.Length = 0;
            } else {
                return Status;
            }
        }
    }
    Needed = sizeof(*Info) + Device.Info.Name.Length + File.Length + sizeof(WCHAR);
    *ReturnLength = Needed;
    Status = Length < sizeof(*Info) ? STATUS_INFO_LENGTH_MISMATCH
             : Length < Needed      ? STATUS_BUFFER_OVERFLOW
                                    : STATUS_SUCCESS;
    if (Length >= sizeof(*Info) + sizeof(WCHAR)) {
        Room = min(Length, Needed) - sizeof(*Info) - sizeof(WCHAR);
        Room &= ~(ULONG)1;
        Write = (PWSTR)(Info + 1);
        Info->Name.Buffer = Write;
        Info->Name.Length = (USHORT)Room;
        Info->Name.MaximumLength = Info->Name.Length + sizeof(WCHAR);
        Write[Room / sizeof(WCHAR)] = 0;
        RtlCopyMemory(Write, Device.Info.Name.Buffer, min(Room, Device.Info.Name.Length));
        if (Room > Device.Info.Name.Length) {
            RtlCopyMemory((PUCHAR)Write + Device.Info.Name.Length, File.Buffer,
                          Room - Device.Info.Name.Length);
        }
    }
    if (Asked != NULL) {
        ExpFree(Asked);
    }
    return Status;
}

/* [ntifs: IoCreateStreamFileObject] A file object that only the file system and the cache manager know. */
PFILE_OBJECT NTAPI
IoCreateStreamFileObjectEx(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject,
                           PHANDLE FileObjectHandle)
{
    PFILE_OBJECT Stream;

    if (FileObject != NULL) {
        DeviceObject = FileObject->DeviceObject;
    }
    IopReferenceDevice(DeviceObject);
    Stream = IopAllocateFile(DeviceObject);
    if (Stream == NULL) {
        IopDereferenceDevice(DeviceObject);
        return NULL;
    }
    Stream->Flags = FO_STREAM_FILE;
    if (FileObjectHandle != NULL) {
        NTSTATUS Status =
            ObInsertObject(Stream, NULL, FILE_READ_DATA, 1, (PVOID *)&Stream, FileObjectHandle);

        if (!NT_SUCCESS(Status)) {
            return NULL;
        }
        Stream->Flags |= FO_HANDLE_CREATED;
    } else {
        ObInsertObject(Stream, NULL, FILE_READ_DATA, 0, NULL, NULL);
    }
    if (DeviceObject->Vpb != NULL) {
        Stream->Vpb = DeviceObject->Vpb;
    }
    return Stream;
}

/* With cleanup sent at once: the caller gets a file object that only close is missing of. */
PFILE_OBJECT NTAPI
IoCreateStreamFileObject(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    HANDLE Handle;
    PFILE_OBJECT Stream = IoCreateStreamFileObjectEx(FileObject, DeviceObject, &Handle);

    if (Stream != NULL) {
        ObCloseHandle(Handle, KernelMode);
    }
    return Stream;
}

PFILE_OBJECT NTAPI
IoCreateStreamFileObjectLite(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    PFILE_OBJECT Stream = IoCreateStreamFileObjectEx(FileObject, DeviceObject, NULL);

    if (Stream != NULL) {
        Stream->Flags |= FO_CLEANUP_COMPLETE;
    }
    return Stream;
}

/* [ntifs: IoReplaceFileObjectName] */
NTSTATUS NTAPI
IoReplaceFileObjectName(PFILE_OBJECT FileObject, PWSTR NewFileName, USHORT FileNameLength)
{
    PWSTR Buffer = FileObject->FileName.Buffer;

    if (Buffer == NULL || FileObject->FileName.MaximumLength < FileNameLength) {
        USHORT Maximum = (FileNameLength + 56 + 7) & ~7;

        Buffer = ExAllocatePoolWithTag(PagedPool, Maximum, TAG_IONAME);
        if (Buffer == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (FileObject->FileName.Buffer != NULL) {
            ExFreePoolWithTag(FileObject->FileName.Buffer, 0);
        }
        FileObject->FileName.Buffer = Buffer;
        FileObject->FileName.MaximumLength = Maximum;
    }
    RtlCopyMemory(Buffer, NewFileName, FileNameLength);
    FileObject->FileName.Length = FileNameLength;
    return STATUS_SUCCESS;
}

PTXN_PARAMETER_BLOCK NTAPI
IoGetTransactionParameterBlock(PFILE_OBJECT FileObject)
{
    return IopFile(FileObject)->Transaction;
}

PGENERIC_MAPPING NTAPI
IoGetFileObjectGenericMapping(VOID)
{
    return &IopFileMapping;
}

NTSTATUS NTAPI
IoSetFileOrigin(PFILE_OBJECT FileObject, BOOLEAN Remote)
{
    if (((FileObject->Flags & FO_REMOTE_ORIGIN) != 0) == (Remote != 0)) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    FileObject->Flags ^= FO_REMOTE_ORIGIN;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
IoIsFileOriginRemote(PFILE_OBJECT FileObject)
{
    return (FileObject->Flags & FO_REMOTE_ORIGIN) != 0;
}
