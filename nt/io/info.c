/*
 * info.c - NtQueryInformationFile, NtSetInformationFile and what drivers use of them.
 *
 *   N1  Some classes never reach a driver: access, mode, alignment, position of a synchronous handle,
 *       completion port and its notification modes, I/O priority. [nt-semantics-2 4.6]
 *   N2  The rest are buffered: the driver fills or reads a system buffer, whatever its device's flags say.
 *   N3  Both services wait for the driver, on an asynchronous handle too.
 *   N4  FileAllInformation: the driver fills its parts, we add ours.
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

typedef struct _IOP_CLASS {
    USHORT Class;
    USHORT Length;      /* the least */
    ACCESS_MASK Access; /* of the handle */
} IOP_CLASS;

static const IOP_CLASS IopQueryClasses[] = {
    {FileBasicInformation, sizeof(FILE_BASIC_INFORMATION), FILE_READ_ATTRIBUTES},
    {FileStandardInformation, sizeof(FILE_STANDARD_INFORMATION), 0},
    {FileInternalInformation, sizeof(FILE_INTERNAL_INFORMATION), 0},
    {FileEaInformation, sizeof(FILE_EA_INFORMATION), 0},
    {FileAccessInformation, sizeof(FILE_ACCESS_INFORMATION), 0},
    {FileNameInformation, sizeof(FILE_NAME_INFORMATION), 0},
    {FilePositionInformation, sizeof(FILE_POSITION_INFORMATION), 0},
    {FileModeInformation, sizeof(FILE_MODE_INFORMATION), 0},
    {FileAlignmentInformation, sizeof(FILE_ALIGNMENT_INFORMATION), 0},
    {FileAllInformation, sizeof(FILE_ALL_INFORMATION), FILE_READ_ATTRIBUTES},
    {FileAlternateNameInformation, sizeof(FILE_NAME_INFORMATION), 0},
    {FileStreamInformation, sizeof(FILE_STREAM_INFORMATION), 0},
    {FilePipeInformation, sizeof(FILE_PIPE_INFORMATION), FILE_READ_ATTRIBUTES},
    {FilePipeLocalInformation, sizeof(FILE_PIPE_LOCAL_INFORMATION), FILE_READ_ATTRIBUTES},
    {FilePipeRemoteInformation, sizeof(FILE_PIPE_REMOTE_INFORMATION), FILE_READ_ATTRIBUTES},
    {FileMailslotQueryInformation, sizeof(FILE_MAILSLOT_QUERY_INFORMATION), 0},
    {FileCompressionInformation, sizeof(FILE_COMPRESSION_INFORMATION), 0},
    {FileNetworkOpenInformation, sizeof(FILE_NETWORK_OPEN_INFORMATION), FILE_READ_ATTRIBUTES},
    {FileAttributeTagInformation, sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), FILE_READ_ATTRIBUTES},
    {FileIoCompletionNotificationInformation, sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION),
     0},
    {FileIoPriorityHintInformation, sizeof(FILE_IO_PRIORITY_HINT_INFORMATION), 0},
    {FileHardLinkInformation, 16, 0},
    {FileNormalizedNameInformation, sizeof(FILE_NAME_INFORMATION), 0},
    {FileStandardLinkInformation, 12, 0},
    {FileIsRemoteDeviceInformation, sizeof(BOOLEAN), 0},
    {59 /* FileIdInformation */, 24, 0},
    {68 /* FileStatInformation */, 72, FILE_READ_ATTRIBUTES},
    {70 /* FileStatLxInformation */, 96, FILE_READ_ATTRIBUTES},
    {71 /* FileCaseSensitiveInformation */, sizeof(ULONG), FILE_READ_ATTRIBUTES},
};

static const IOP_CLASS IopSetClasses[] = {
    {FileBasicInformation, sizeof(FILE_BASIC_INFORMATION), FILE_WRITE_ATTRIBUTES},
    {FileRenameInformation, sizeof(FILE_RENAME_INFORMATION), DELETE},
    {FileLinkInformation, sizeof(FILE_LINK_INFORMATION), 0},
    {FileDispositionInformation, sizeof(FILE_DISPOSITION_INFORMATION), DELETE},
    {FilePositionInformation, sizeof(FILE_POSITION_INFORMATION), 0},
    {FileModeInformation, sizeof(FILE_MODE_INFORMATION), 0},
    {FileAllocationInformation, sizeof(FILE_ALLOCATION_INFORMATION), FILE_WRITE_DATA},
    {FileEndOfFileInformation, sizeof(FILE_END_OF_FILE_INFORMATION), FILE_WRITE_DATA},
    {FilePipeInformation, sizeof(FILE_PIPE_INFORMATION), FILE_WRITE_ATTRIBUTES},
    {FileMailslotSetInformation, sizeof(FILE_MAILSLOT_SET_INFORMATION), 0},
    {FileCompletionInformation, sizeof(FILE_COMPLETION_INFORMATION), 0},
    {FileValidDataLengthInformation, sizeof(FILE_VALID_DATA_LENGTH_INFORMATION), FILE_WRITE_DATA},
    {FileShortNameInformation, sizeof(FILE_NAME_INFORMATION), DELETE},
    {FileIoCompletionNotificationInformation, sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION),
     0},
    {FileIoPriorityHintInformation, sizeof(FILE_IO_PRIORITY_HINT_INFORMATION), 0},
    {61 /* FileReplaceCompletionInformation */, sizeof(FILE_COMPLETION_INFORMATION), 0},
    {64 /* FileDispositionInformationEx */, sizeof(ULONG), DELETE},
    {65 /* FileRenameInformationEx */, sizeof(FILE_RENAME_INFORMATION), DELETE},
    {71 /* FileCaseSensitiveInformation */, sizeof(ULONG), FILE_WRITE_ATTRIBUTES},
    {72 /* FileLinkInformationEx */, sizeof(FILE_LINK_INFORMATION), 0},
};

static NTSTATUS
IopFindClass(const IOP_CLASS *Table, ULONG Count, ULONG Class, ULONG Length,
             const IOP_CLASS **Found)
{
    for (ULONG i = 0; i < Count; i++) {
        if (Table[i].Class == Class) {
            *Found = &Table[i];
            return Length < Table[i].Length ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_INFO_CLASS;
}

static ULONG
IopMode(PFILE_OBJECT FileObject)
{
    ULONG Mode = 0;

    Mode |= FileObject->Flags & FO_WRITE_THROUGH ? FILE_WRITE_THROUGH : 0;
    Mode |= FileObject->Flags & FO_SEQUENTIAL_ONLY ? FILE_SEQUENTIAL_ONLY : 0;
    Mode |= FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING ? FILE_NO_INTERMEDIATE_BUFFERING : 0;
    if (FileObject->Flags & FO_SYNCHRONOUS_IO) {
        Mode |= FileObject->Flags & FO_ALERTABLE_IO ? FILE_SYNCHRONOUS_IO_ALERT
                                                    : FILE_SYNCHRONOUS_IO_NONALERT;
    }
    return Mode;
}

/* N1. TRUE: answered; *Size bytes are in Buffer. */
static BOOLEAN
IopAnswerHere(PIOP_REQUEST Request, FILE_INFORMATION_CLASS Class, PVOID Buffer, PULONG Size)
{
    PFILE_OBJECT FileObject = Request->FileObject;

    switch ((ULONG)Class) {
    case FileAccessInformation:
        ((PFILE_ACCESS_INFORMATION)Buffer)->AccessFlags = Request->GrantedAccess;
        *Size = sizeof(FILE_ACCESS_INFORMATION);
        return TRUE;
    case FileModeInformation:
        ((PFILE_MODE_INFORMATION)Buffer)->Mode = IopMode(FileObject);
        *Size = sizeof(FILE_MODE_INFORMATION);
        return TRUE;
    case FileAlignmentInformation:
        ((PFILE_ALIGNMENT_INFORMATION)Buffer)->AlignmentRequirement =
            Request->DeviceObject->AlignmentRequirement;
        *Size = sizeof(FILE_ALIGNMENT_INFORMATION);
        return TRUE;
    case FilePositionInformation:
        if (!Request->Synchronous) {
            return FALSE;
        }
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = FileObject->CurrentByteOffset;
        *Size = sizeof(FILE_POSITION_INFORMATION);
        return TRUE;
    case FileIoCompletionNotificationInformation:
        *(PULONG)Buffer = IopFile(FileObject)->NotificationModes;
        *Size = sizeof(ULONG);
        return TRUE;
    case FileIoPriorityHintInformation:
        *(PULONG)Buffer = IopFile(FileObject)->Priority;
        *Size = sizeof(FILE_IO_PRIORITY_HINT_INFORMATION);
        return TRUE;
    case FileIsRemoteDeviceInformation:
        *(PBOOLEAN)Buffer = (Request->DeviceObject->Characteristics & FILE_REMOTE_DEVICE) != 0;
        *Size = sizeof(BOOLEAN);
        return TRUE;
    }
    return FALSE;
}

/* N4 */
static VOID
IopFillAll(PIOP_REQUEST Request, PFILE_ALL_INFORMATION All)
{
    All->AccessInformation.AccessFlags = Request->GrantedAccess;
    All->ModeInformation.Mode = IopMode(Request->FileObject);
    All->AlignmentInformation.AlignmentRequirement = Request->DeviceObject->AlignmentRequirement;
    if (Request->Synchronous) {
        All->PositionInformation.CurrentByteOffset = Request->FileObject->CurrentByteOffset;
    }
}

NTSTATUS NTAPI
NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                       ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    const IOP_CLASS *Class = NULL;
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    IOP_WAIT Wait;
    UCHAR Space[64];
    ULONG Size;
    PIRP Irp;

    if (Mode != KernelMode) {
        Status = IopFindClass(IopQueryClasses, RTL_NUMBER_OF(IopQueryClasses), FileInformationClass,
                              Length, &Class);
        if (NT_SUCCESS(Status)) {
            Status = ExpProbe(FileInformation, Length,
                              Class->Length < sizeof(ULONG) ? 1 : sizeof(ULONG), TRUE, Mode);
        }
        if (NT_SUCCESS(Status)) {
            Status = IopProbeIosb(IoStatusBlock, Mode);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = IopBeginRequest(FileHandle, Class != NULL ? Class->Access : 0, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopLockRequest(&Request);
    if (Status != STATUS_SUCCESS) {
        goto Abandon;
    }
    if (IopAnswerHere(&Request, FileInformationClass, Space, &Size)) {
        __try {
            RtlCopyMemory(FileInformation, Space, Size);
            IoStatusBlock->Information = Size;
            IoStatusBlock->Status = STATUS_SUCCESS;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        goto Abandon;
    }
    Irp = IopWaitIrp(&Request, &Wait, IoStatusBlock, IRP_MJ_QUERY_INFORMATION, &Stack);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Abandon;
    }
    Status = IopBufferIrp(Irp, Length, NULL, 0);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    Irp->Flags |= IRP_INPUT_OPERATION;
    Irp->UserBuffer = FileInformation;
    Stack->Parameters.QueryFile.Length = Length;
    Stack->Parameters.QueryFile.FileInformationClass = FileInformationClass;
    if (FileInformationClass == FileAllInformation) {
        IopFillAll(&Request, Irp->AssociatedIrp.SystemBuffer);
    }
    return IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);

Abandon:
    IopAbandonRequest(&Request);
    return Status;
}

static NTSTATUS
IopSetMode(PFILE_OBJECT FileObject, ULONG Mode)
{
    /* Neither the buffering nor whether the handle is synchronous can change. */
    if ((Mode & ~FILE_VALID_SET_FLAGS) ||
        (Mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) ==
            (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) ||
        (((Mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) != 0) !=
         IopIsSynchronousFile(FileObject))) {
        return STATUS_INVALID_PARAMETER;
    }
    FileObject->Flags &= ~(FO_WRITE_THROUGH | FO_SEQUENTIAL_ONLY | FO_ALERTABLE_IO);
    FileObject->Flags |= (Mode & FILE_WRITE_THROUGH ? FO_WRITE_THROUGH : 0) |
                         (Mode & FILE_SEQUENTIAL_ONLY ? FO_SEQUENTIAL_ONLY : 0) |
                         (Mode & FILE_SYNCHRONOUS_IO_ALERT ? FO_ALERTABLE_IO : 0);
    return STATUS_SUCCESS;
}

/* N1 for set. STATUS_NOT_SUPPORTED: the driver's. */
static NTSTATUS
IopSetHere(PIOP_REQUEST Request, FILE_INFORMATION_CLASS Class, PVOID Information)
{
    PFILE_OBJECT FileObject = Request->FileObject;
    ULONG64 Copy[2] = {};

    __try {
        switch ((ULONG)Class) {
        case FileModeInformation:
        case FileIoCompletionNotificationInformation:
        case FileIoPriorityHintInformation:
            Copy[0] = *(volatile ULONG *)Information;
            break;
        case FilePositionInformation:
            Copy[0] = *(volatile ULONG64 *)Information;
            break;
        case FileCompletionInformation:
        case 61:
            Copy[0] = *(volatile ULONG64 *)Information;
            Copy[1] = *((volatile ULONG64 *)Information + 1);
            break;
        default:
            return STATUS_NOT_SUPPORTED;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    switch ((ULONG)Class) {
    case FileModeInformation:
        return IopSetMode(FileObject, (ULONG)Copy[0]);
    case FileIoCompletionNotificationInformation:
        if (Copy[0] & ~7ull) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Request->Synchronous) {
            return STATUS_INVALID_PARAMETER;
        }
        IopFile(FileObject)->NotificationModes |= (ULONG)Copy[0];
        return STATUS_SUCCESS;
    case FileIoPriorityHintInformation:
        if (Copy[0] > IoPriorityNormal) {
            return STATUS_INVALID_PARAMETER;
        }
        IopFile(FileObject)->Priority = (IO_PRIORITY_HINT)Copy[0];
        IopFile(FileObject)->PrioritySet = TRUE;
        return STATUS_SUCCESS;
    case FilePositionInformation:
        if (!Request->Synchronous) {
            return STATUS_NOT_SUPPORTED;
        }
        /* Whole sectors [wdm: FILE_POSITION_INFORMATION] */
        if ((LONG64)Copy[0] < 0 || ((FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) &&
                                    Request->DeviceObject->SectorSize != 0 &&
                                    Copy[0] % Request->DeviceObject->SectorSize != 0)) {
            return STATUS_INVALID_PARAMETER;
        }
        FileObject->CurrentByteOffset.QuadPart = (LONG64)Copy[0];
        return STATUS_SUCCESS;
    case FileCompletionInformation:
        if (Request->Synchronous || FileObject->CompletionContext != NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        return IopSetFileCompletion(FileObject, (HANDLE)Copy[0], (PVOID)Copy[1], Request->Mode);
    default: /* FileReplaceCompletionInformation */
        if (Request->Synchronous) {
            return STATUS_INVALID_PARAMETER;
        }
        KiChanges(&FileObject->CompletionContext);
        if (FileObject->CompletionContext != NULL) {
            PIO_COMPLETION_CONTEXT Context = FileObject->CompletionContext;

            FileObject->CompletionContext = NULL;
            ObDereferenceObject(Context->Port);
            ExFreePoolWithTag(Context, TAG_IOFILE);
        }
        return Copy[0] == 0 ? STATUS_SUCCESS
                            : IopSetFileCompletion(FileObject, (HANDLE)Copy[0], (PVOID)Copy[1],
                                                   Request->Mode);
    }
}

/* In its turn among the requests of a synchronous file; by who has its lock; for the object manager, without it. */
typedef enum { IopAskInTurn, IopAskWithLock, IopAskForName } IOP_ASK;

static NTSTATUS IopAskFile(PFILE_OBJECT FileObject, IOP_ASK How, UCHAR Major, ULONG Class,
                           ULONG Length, PVOID Buffer, PULONG Returned);

/*
 * Rename and link: the target's directory is opened first, and the driver gets that file object.
 * [fltkernel: FLT_IO_PARAMETER_BLOCK; wdm: SL_OPEN_TARGET_DIRECTORY]
 */
static NTSTATUS
IopOpenTarget(PIOP_REQUEST Request, PIRP Irp, PIO_STACK_LOCATION Stack, PHANDLE Handle)
{
    PFILE_RENAME_INFORMATION Rename = Irp->AssociatedIrp.SystemBuffer;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    ACCESS_MASK Access = FILE_ADD_FILE;
    FILE_BASIC_INFORMATION Basic = {};
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT Target;
    NTSTATUS Status;

    if (Rename->FileNameLength == 0 || (Rename->FileNameLength & 1) ||
        FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + Rename->FileNameLength >
            Stack->Parameters.SetFile.Length) {
        return STATUS_INVALID_PARAMETER;
    }
    Stack->Parameters.SetFile.ReplaceIfExists = Rename->ReplaceIfExists;
    if (Rename->FileName[0] != L'\\' && Rename->RootDirectory == NULL) {
        return STATUS_SUCCESS; /* a new name in the same directory, or a stream */
    }
    Name.Buffer = Rename->FileName;
    Name.Length = Name.MaximumLength = (USHORT)Rename->FileNameLength;
    InitializeObjectAttributes(
        &Attributes, &Name,
        OBJ_KERNEL_HANDLE |
            (Request->FileObject->Flags & FO_OPENED_CASE_SENSITIVE ? 0 : OBJ_CASE_INSENSITIVE),
        Rename->RootDirectory, NULL);
    /* What is going to be added to the directory there: a file, or a directory. */
    Status = IopAskFile(Request->FileObject, IopAskWithLock, IRP_MJ_QUERY_INFORMATION,
                        FileBasicInformation, sizeof(Basic), &Basic, NULL);
    if (Status == STATUS_INSUFFICIENT_RESOURCES) {
        return Status;
    }
    if (NT_SUCCESS(Status) && (Basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
        Access = FILE_ADD_SUBDIRECTORY;
    }
    Status =
        IoCreateFile(Handle, Access | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, FILE_OPEN_FOR_BACKUP_INTENT,
                     NULL, 0, CreateFileTypeNone, NULL,
                     IO_NO_PARAMETER_CHECKING | IO_OPEN_TARGET_DIRECTORY | IO_FORCE_ACCESS_CHECK);
    if (!NT_SUCCESS(Status)) {
        *Handle = NULL;
        return Status;
    }
    Status = ObReferenceObjectByHandle(*Handle, Access, IoFileObjectTypeP, KernelMode,
                                       (PVOID *)&Target, NULL);
    if (NT_SUCCESS(Status)) {
        /* Of the file system: filters may come to the volume and go between the two. */
        if (IoGetBaseFileSystemDeviceObject(Target) !=
            IoGetBaseFileSystemDeviceObject(Request->FileObject)) {
            Status = STATUS_NOT_SAME_DEVICE;
        }
        Stack->Parameters.SetFile.FileObject = Target;
        ObDereferenceObject(Target); /* the handle keeps it */
    }
    return Status;
}

NTSTATUS NTAPI
NtSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                     ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    const IOP_CLASS *Class = NULL;
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    HANDLE Target = NULL;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    if (Mode != KernelMode) {
        Status = IopFindClass(IopSetClasses, RTL_NUMBER_OF(IopSetClasses), FileInformationClass,
                              Length, &Class);
        if (NT_SUCCESS(Status)) {
            Status = ExpProbe(FileInformation, Length,
                              Class->Length < sizeof(ULONG) ? 1 : sizeof(ULONG), FALSE, Mode);
        }
        if (NT_SUCCESS(Status)) {
            Status = IopProbeIosb(IoStatusBlock, Mode);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = IopBeginRequest(FileHandle, Class != NULL ? Class->Access : 0, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopLockRequest(&Request);
    if (Status != STATUS_SUCCESS) {
        goto Abandon;
    }
    Status = IopSetHere(&Request, FileInformationClass, FileInformation);
    if (Status != STATUS_NOT_SUPPORTED) {
        /* No request: the file's event stays as it is. */
        if (NT_SUCCESS(Status)) {
            IopWriteIosb(IoStatusBlock, STATUS_SUCCESS, 0);
        }
        goto Abandon;
    }
    Irp = IopWaitIrp(&Request, &Wait, IoStatusBlock, IRP_MJ_SET_INFORMATION, &Stack);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Abandon;
    }
    Stack->Parameters.SetFile.Length = Length;
    Stack->Parameters.SetFile.FileInformationClass = FileInformationClass;
    Status = IopBufferIrp(Irp, Length, FileInformation, Length);
    if (NT_SUCCESS(Status) &&
        (FileInformationClass == FileRenameInformation ||
         FileInformationClass == FileLinkInformation || (ULONG)FileInformationClass == 65 ||
         (ULONG)FileInformationClass == 72)) {
        Status = IopOpenTarget(&Request, Irp, Stack, &Target);
    }
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
    } else {
        Status = IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);
    }
    if (Target != NULL) {
        ObCloseHandle(Target, KernelMode);
    }
    return Status;

Abandon:
    IopAbandonRequest(&Request);
    return Status;
}

/* A query by kernel code with a file object instead of a handle; the result lies in Buffer. */
static NTSTATUS
IopAskFile(PFILE_OBJECT FileObject, IOP_ASK How, UCHAR Major, ULONG Class, ULONG Length,
           PVOID Buffer, PULONG Returned)
{
    IOP_REQUEST Request = {.FileObject = FileObject, .Mode = KernelMode};
    PIO_STACK_LOCATION Stack;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    ObReferenceObject(FileObject);
    Request.DeviceObject = FileObject->Flags & FO_DIRECT_DEVICE_OPEN
                               ? IoGetAttachedDevice(FileObject->DeviceObject)
                               : IoGetRelatedDeviceObject(FileObject);
    Request.Synchronous = How == IopAskInTurn && IopIsSynchronousFile(FileObject);
    if (How == IopAskInTurn && (FileObject->Flags & FO_FILE_OPEN)) {
        Status = IopLockRequest(&Request);
        if (Status != STATUS_SUCCESS) {
            IopAbandonRequest(&Request);
            return Status;
        }
    }
    Irp = IopWaitIrp(&Request, &Wait, &Iosb, Major, &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Irp->RequestorMode = KernelMode;
    Irp->Flags |= How == IopAskForName ? IRP_OB_QUERY_NAME : 0;
    Irp->AssociatedIrp.SystemBuffer = Buffer; /* no copy: the caller's memory is the kernel's */
    Stack->Parameters.QueryFile.Length = Length;
    Stack->Parameters.QueryFile.FileInformationClass = (FILE_INFORMATION_CLASS)Class;
    Status = IopSendAndWait(Irp, &Request, &Wait, &Iosb);
    if (Returned != NULL) {
        *Returned = NT_ERROR(Status) ? 0 : (ULONG)Iosb.Information;
    }
    return Status;
}

/*
 * The name that the driver gives the file, for IopQueryName: STATUS_SUCCESS and memory that the caller frees, or the
 * driver's status. The file object's lock is not taken: a driver may ask while a request of the file is its.
 */
NTSTATUS
IopAskName(PFILE_OBJECT FileObject, PFILE_NAME_INFORMATION *Name)
{
    ULONG Length = sizeof(**Name) + 260 * sizeof(WCHAR);

    for (;;) {
        PFILE_NAME_INFORMATION Info = ExpAllocate(Length, TAG_IONAME);
        NTSTATUS Status = IopAskFile(FileObject, IopAskForName, IRP_MJ_QUERY_INFORMATION,
                                     FileNameInformation, Length, Info, NULL);

        if (Status == STATUS_BUFFER_OVERFLOW && Info->FileNameLength > Length - sizeof(*Info) &&
            Info->FileNameLength <= UNICODE_STRING_MAX_BYTES) {
            Length = sizeof(*Info) + Info->FileNameLength;
            ExpFree(Info);
            continue;
        }
        if (NT_SUCCESS(Status)) {
            *Name = Info;
        } else {
            ExpFree(Info);
        }
        return Status;
    }
}

NTSTATUS
IopQueryFile(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, ULONG Length, PVOID Buffer,
             PULONG Returned)
{
    return IopAskFile(FileObject, IopAskInTurn, IRP_MJ_QUERY_INFORMATION, Class, Length, Buffer,
                      Returned);
}

NTSTATUS NTAPI
IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass,
                       ULONG Length, PVOID FileInformation, PULONG ReturnedLength)
{
    return IopAskFile(FileObject, IopAskInTurn, IRP_MJ_QUERY_INFORMATION, FileInformationClass,
                      Length, FileInformation, ReturnedLength);
}

NTSTATUS NTAPI
IoQueryVolumeInformation(PFILE_OBJECT FileObject, FS_INFORMATION_CLASS FsInformationClass,
                         ULONG Length, PVOID FsInformation, PULONG ReturnedLength)
{
    return IopAskFile(FileObject, IopAskInTurn, IRP_MJ_QUERY_VOLUME_INFORMATION, FsInformationClass,
                      Length, FsInformation, ReturnedLength);
}

NTSTATUS NTAPI
IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length,
                 PVOID FileInformation)
{
    return IopAskFile(FileObject, IopAskInTurn, IRP_MJ_SET_INFORMATION, FileInformationClass,
                      Length, FileInformation, NULL);
}

/* [ntifs] For file systems that build their own requests. */
NTSTATUS NTAPI
IoCheckQuerySetFileInformation(FILE_INFORMATION_CLASS FileInformationClass, ULONG Length,
                               BOOLEAN SetOperation)
{
    const IOP_CLASS *Class;

    return SetOperation ? IopFindClass(IopSetClasses, RTL_NUMBER_OF(IopSetClasses),
                                       FileInformationClass, Length, &Class)
                        : IopFindClass(IopQueryClasses, RTL_NUMBER_OF(IopQueryClasses),
                                       FileInformationClass, Length, &Class);
}
