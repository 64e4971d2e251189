/*
 * io.c - the requests that minifilters make on open files, one routine each; all go below the instance.
 *
 * [DDI: FltReadFile, FltWriteFile, FltQueryInformationFile, FltSetInformationFile, FltQueryVolumeInformation,
 * FltQueryDirectoryFile, FltFsControlFile, FltDeviceIoControlFile, FltFlushBuffers, FltQuerySecurityObject, FltQueryEaFile]
 */
#include "fltp.h"

static NTSTATUS
FltpPerform(PFLT_CALLBACK_DATA Data, PULONG Returned)
{
    NTSTATUS Status;

    FltPerformSynchronousIo(Data);
    Status = Data->IoStatus.Status;
    if (Returned != NULL) {
        *Returned = (ULONG)Data->IoStatus.Information;
    }
    FltFreeCallbackData(Data);
    return Status;
}

typedef struct _FLTP_ASYNC {
    PFLT_COMPLETED_ASYNC_IO_CALLBACK Routine;
    PVOID Context;
} FLTP_ASYNC, *PFLTP_ASYNC;

static VOID FLTAPI
FltpAsyncDone(PFLT_CALLBACK_DATA Data, PFLT_CONTEXT Context)
{
    PFLTP_ASYNC Async = Context;

    Async->Routine(Data, Async->Context);
    ExFreePoolWithTag(Async, FLTP_TAG_TEMP);
    FltFreeCallbackData(Data);
}

static NTSTATUS
FltpTransfer(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major,
             PLARGE_INTEGER ByteOffset, ULONG Length, PVOID Buffer, FLT_IO_OPERATION_FLAGS Flags,
             PULONG Transferred, PFLT_COMPLETED_ASYNC_IO_CALLBACK Routine, PVOID Context,
             PULONG Key, PMDL Mdl)
{
    LARGE_INTEGER Position = FileObject->CurrentByteOffset;
    PFLT_IO_PARAMETER_BLOCK Iopb;
    PFLT_CALLBACK_DATA Data;
    PFLTP_ASYNC Async;
    NTSTATUS Status;

    Status = FltpNewRequest(Instance, FileObject, Major, 0, &Data);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Iopb = Data->Iopb;
    Iopb->IrpFlags = Major == IRP_MJ_READ ? IRP_READ_OPERATION : IRP_WRITE_OPERATION;
    if (Flags & FLTFL_IO_OPERATION_NON_CACHED) {
        Iopb->IrpFlags |= IRP_NOCACHE;
    }
    if (Flags & FLTFL_IO_OPERATION_PAGING) {
        Iopb->IrpFlags |= IRP_NOCACHE | IRP_PAGING_IO;
    }
    if (Flags & FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING) {
        Iopb->IrpFlags |= IRP_NOCACHE | IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO;
    }
    if (FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) {
        Iopb->IrpFlags |= IRP_NOCACHE;
    }
    Iopb->Parameters.Read.Length = Length;
    Iopb->Parameters.Read.Key = Key != NULL ? *Key : 0;
    Iopb->Parameters.Read.ByteOffset = ByteOffset != NULL ? *ByteOffset : Position;
    Iopb->Parameters.Read.ReadBuffer = Buffer;
    Iopb->Parameters.Read.MdlAddress = Mdl;
    if (Routine == NULL) {
        Status = FltpPerform(Data, Transferred);
        if (Flags & FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET) {
            FileObject->CurrentByteOffset = Position;
        }
        return Status;
    }
    Async = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Async), FLTP_TAG_TEMP);
    if (Async == NULL) {
        FltFreeCallbackData(Data);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Async->Routine = Routine;
    Async->Context = Context;
    return FltPerformAsynchronousIo(Data, FltpAsyncDone, Async);
}

NTSTATUS FLTAPI
FltReadFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset,
            ULONG Length, PVOID Buffer, FLT_IO_OPERATION_FLAGS Flags, PULONG BytesRead,
            PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    return FltpTransfer(InitiatingInstance, FileObject, IRP_MJ_READ, ByteOffset, Length, Buffer,
                        Flags, BytesRead, CallbackRoutine, CallbackContext, NULL, NULL);
}

NTSTATUS FLTAPI
FltReadFileEx(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset,
              ULONG Length, PVOID Buffer, FLT_IO_OPERATION_FLAGS Flags, PULONG BytesRead,
              PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext, PULONG Key,
              PMDL Mdl)
{
    return FltpTransfer(InitiatingInstance, FileObject, IRP_MJ_READ, ByteOffset, Length, Buffer,
                        Flags, BytesRead, CallbackRoutine, CallbackContext, Key, Mdl);
}

NTSTATUS FLTAPI
FltWriteFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset,
             ULONG Length, PVOID Buffer, FLT_IO_OPERATION_FLAGS Flags, PULONG BytesWritten,
             PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    return FltpTransfer(InitiatingInstance, FileObject, IRP_MJ_WRITE, ByteOffset, Length, Buffer,
                        Flags, BytesWritten, CallbackRoutine, CallbackContext, NULL, NULL);
}

NTSTATUS FLTAPI
FltWriteFileEx(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset,
               ULONG Length, PVOID Buffer, FLT_IO_OPERATION_FLAGS Flags, PULONG BytesWritten,
               PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext, PULONG Key,
               PMDL Mdl)
{
    return FltpTransfer(InitiatingInstance, FileObject, IRP_MJ_WRITE, ByteOffset, Length, Buffer,
                        Flags, BytesWritten, CallbackRoutine, CallbackContext, Key, Mdl);
}

NTSTATUS FLTAPI
FltQueryInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation,
                        ULONG Length, FILE_INFORMATION_CLASS FileInformationClass,
                        PULONG LengthReturned)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_QUERY_INFORMATION, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.QueryFileInformation.Length = Length;
    Data->Iopb->Parameters.QueryFileInformation.FileInformationClass = FileInformationClass;
    Data->Iopb->Parameters.QueryFileInformation.InfoBuffer = FileInformation;
    return FltpPerform(Data, LengthReturned);
}

/* The directory that a rename or link goes to, opened as the I/O manager opens it. */
static NTSTATUS
FltpOpenTarget(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFILE_RENAME_INFORMATION Rename,
               PHANDLE Handle, PFILE_OBJECT *Parent)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;

    Name.Buffer = Rename->FileName;
    Name.Length = Name.MaximumLength = (USHORT)Rename->FileNameLength;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               Rename->RootDirectory, NULL);
    return FltCreateFileEx(Instance->Filter, Instance, Handle, Parent,
                           FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN,
                           FILE_OPEN_FOR_BACKUP_INTENT, NULL, 0, IO_OPEN_TARGET_DIRECTORY);
}

NTSTATUS FLTAPI
FltSetInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation,
                      ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    PFILE_OBJECT Parent = NULL;
    PFLT_CALLBACK_DATA Data;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    Status = FltpNewRequest(Instance, FileObject, IRP_MJ_SET_INFORMATION, 0, &Data);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.SetFileInformation.Length = Length;
    Data->Iopb->Parameters.SetFileInformation.FileInformationClass = FileInformationClass;
    Data->Iopb->Parameters.SetFileInformation.InfoBuffer = FileInformation;
    if (FileInformationClass == FileRenameInformation ||
        FileInformationClass == FileLinkInformation) {
        PFILE_RENAME_INFORMATION Rename = FileInformation;

        Data->Iopb->Parameters.SetFileInformation.ReplaceIfExists = Rename->ReplaceIfExists;
        if (Rename->RootDirectory != NULL ||
            (Rename->FileNameLength != 0 && Rename->FileName[0] == L'\\')) {
            Status = FltpOpenTarget(Instance, FileObject, Rename, &Handle, &Parent);
            if (!NT_SUCCESS(Status)) {
                FltFreeCallbackData(Data);
                return Status;
            }
            Data->Iopb->Parameters.SetFileInformation.ParentOfTarget = Parent;
        }
    }
    Status = FltpPerform(Data, NULL);
    if (Parent != NULL) {
        ObDereferenceObject(Parent);
        FltClose(Handle);
    }
    return Status;
}

static NTSTATUS
FltpVolumeRequest(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major, PVOID FsInformation,
                  ULONG Length, FS_INFORMATION_CLASS Class, PIO_STATUS_BLOCK Iosb)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, Major, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.QueryVolumeInformation.Length = Length;
    Data->Iopb->Parameters.QueryVolumeInformation.FsInformationClass = Class;
    Data->Iopb->Parameters.QueryVolumeInformation.VolumeBuffer = FsInformation;
    FltPerformSynchronousIo(Data);
    *Iosb = Data->IoStatus;
    FltFreeCallbackData(Data);
    return Iosb->Status;
}

/* Without a file: the volume is opened for the question. */
static NTSTATUS
FltpVolumeQuestion(PFLT_INSTANCE Instance, UCHAR Major, PVOID FsInformation, ULONG Length,
                   FS_INFORMATION_CLASS Class, PIO_STATUS_BLOCK Iosb)
{
    PFILE_OBJECT FileObject;
    NTSTATUS Status;
    HANDLE Handle;

    Status = FltOpenVolume(Instance, &Handle, &FileObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpVolumeRequest(Instance, FileObject, Major, FsInformation, Length, Class, Iosb);
    ObDereferenceObject(FileObject);
    FltClose(Handle);
    return Status;
}

NTSTATUS FLTAPI
FltQueryVolumeInformation(PFLT_INSTANCE Instance, PIO_STATUS_BLOCK Iosb, PVOID FsInformation,
                          ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return FltpVolumeQuestion(Instance, IRP_MJ_QUERY_VOLUME_INFORMATION, FsInformation, Length,
                              FsInformationClass, Iosb);
}

NTSTATUS FLTAPI
FltSetVolumeInformation(PFLT_INSTANCE Instance, PIO_STATUS_BLOCK Iosb, PVOID FsInformation,
                        ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return FltpVolumeQuestion(Instance, IRP_MJ_SET_VOLUME_INFORMATION, FsInformation, Length,
                              FsInformationClass, Iosb);
}

NTSTATUS FLTAPI
FltQueryVolumeInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FsInformation,
                              ULONG Length, FS_INFORMATION_CLASS FsInformationClass,
                              PULONG LengthReturned)
{
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = FltpVolumeRequest(Instance, FileObject, IRP_MJ_QUERY_VOLUME_INFORMATION,
                                        FsInformation, Length, FsInformationClass, &Iosb);

    if (LengthReturned != NULL && NT_SUCCESS(Status)) {
        *LengthReturned = (ULONG)Iosb.Information;
    }
    return Status;
}

NTSTATUS FLTAPI
FltQueryDirectoryFileEx(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation,
                        ULONG Length, FILE_INFORMATION_CLASS FileInformationClass, ULONG QueryFlags,
                        PUNICODE_STRING FileName, PULONG LengthReturned)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_DIRECTORY_CONTROL,
                                     IRP_MN_QUERY_DIRECTORY, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->OperationFlags = (UCHAR)QueryFlags;
    Data->Iopb->Parameters.DirectoryControl.QueryDirectory.Length = Length;
    Data->Iopb->Parameters.DirectoryControl.QueryDirectory.FileName = FileName;
    Data->Iopb->Parameters.DirectoryControl.QueryDirectory.FileInformationClass =
        FileInformationClass;
    Data->Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer = FileInformation;
    return FltpPerform(Data, LengthReturned);
}

NTSTATUS FLTAPI
FltQueryDirectoryFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation,
                      ULONG Length, FILE_INFORMATION_CLASS FileInformationClass,
                      BOOLEAN ReturnSingleEntry, PUNICODE_STRING FileName, BOOLEAN RestartScan,
                      PULONG LengthReturned)
{
    return FltQueryDirectoryFileEx(
        Instance, FileObject, FileInformation, Length, FileInformationClass,
        (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0),
        FileName, LengthReturned);
}

/* Buffers of a control code: kernel memory, copied for METHOD_BUFFERED, locked for the direct methods. */
static NTSTATUS
FltpControl(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major, ULONG Code, PVOID Input,
            ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Returned)
{
    ULONG Both = InputLength > OutputLength ? InputLength : OutputLength, Done = 0;
    PFLT_CALLBACK_DATA Data;
    PVOID System = NULL;
    PFLT_PARAMETERS P;
    PMDL Mdl = NULL;
    NTSTATUS Status;

    Status =
        FltpNewRequest(Instance, FileObject, Major,
                       Major == IRP_MJ_FILE_SYSTEM_CONTROL ? IRP_MN_USER_FS_REQUEST : 0, &Data);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    P = &Data->Iopb->Parameters;
    P->FileSystemControl.Common.FsControlCode = Code;
    P->FileSystemControl.Common.InputBufferLength = InputLength;
    P->FileSystemControl.Common.OutputBufferLength = OutputLength;
    if ((Code & 3) == METHOD_NEITHER) {
        P->FileSystemControl.Neither.InputBuffer = Input;
        P->FileSystemControl.Neither.OutputBuffer = Output;
        return FltpPerform(Data, Returned);
    }
    if (Both != 0) {
        System = ExAllocatePoolWithTag(NonPagedPool, Both, FLTP_TAG_TEMP);
        if (System == NULL) {
            FltFreeCallbackData(Data);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(System, Input, InputLength);
    }
    if ((Code & 3) == METHOD_BUFFERED) {
        P->FileSystemControl.Buffered.SystemBuffer = System;
    } else {
        P->FileSystemControl.Direct.InputSystemBuffer = System;
        P->FileSystemControl.Direct.OutputBuffer = Output;
        if (OutputLength != 0) {
            Mdl = IoAllocateMdl(Output, OutputLength, FALSE, FALSE, NULL);
            if (Mdl != NULL) {
                MmProbeAndLockPages(Mdl, KernelMode, IoModifyAccess);
            }
            P->FileSystemControl.Direct.OutputMdlAddress = Mdl;
        }
    }
    Status = FltpPerform(Data, &Done);
    if ((Code & 3) == METHOD_BUFFERED && !NT_ERROR(Status) && Output != NULL) {
        RtlCopyMemory(Output, System, Done < OutputLength ? Done : OutputLength);
    }
    if (Returned != NULL) {
        *Returned = Done;
    }
    if (Mdl != NULL) {
        MmUnlockPages(Mdl);
        IoFreeMdl(Mdl);
    }
    if (System != NULL) {
        ExFreePoolWithTag(System, FLTP_TAG_TEMP);
    }
    return Status;
}

NTSTATUS FLTAPI
FltFsControlFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG FsControlCode,
                 PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
                 ULONG OutputBufferLength, PULONG LengthReturned)
{
    return FltpControl(Instance, FileObject, IRP_MJ_FILE_SYSTEM_CONTROL, FsControlCode, InputBuffer,
                       InputBufferLength, OutputBuffer, OutputBufferLength, LengthReturned);
}

NTSTATUS FLTAPI
FltDeviceIoControlFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG IoControlCode,
                       PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
                       ULONG OutputBufferLength, PULONG LengthReturned)
{
    return FltpControl(Instance, FileObject, IRP_MJ_DEVICE_CONTROL, IoControlCode, InputBuffer,
                       InputBufferLength, OutputBuffer, OutputBufferLength, LengthReturned);
}

NTSTATUS FLTAPI
FltFlushBuffers(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_FLUSH_BUFFERS, 0, &Data);

    return NT_SUCCESS(Status) ? FltpPerform(Data, NULL) : Status;
}

NTSTATUS FLTAPI
FltFlushBuffers2(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG FlushType,
                 PFLT_CALLBACK_DATA CallbackData)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status =
        FltpNewRequest(Instance, FileObject, IRP_MJ_FLUSH_BUFFERS, (UCHAR)FlushType, &Data);

    return NT_SUCCESS(Status) ? FltpPerform(Data, NULL) : Status;
}

NTSTATUS FLTAPI
FltQuerySecurityObject(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                       SECURITY_INFORMATION SecurityInformation,
                       PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_QUERY_SECURITY, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.QuerySecurity.SecurityInformation = SecurityInformation;
    Data->Iopb->Parameters.QuerySecurity.Length = Length;
    Data->Iopb->Parameters.QuerySecurity.SecurityBuffer = SecurityDescriptor;
    return FltpPerform(Data, LengthNeeded);
}

NTSTATUS FLTAPI
FltSetSecurityObject(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                     SECURITY_INFORMATION SecurityInformation,
                     PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_SET_SECURITY, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.SetSecurity.SecurityInformation = SecurityInformation;
    Data->Iopb->Parameters.SetSecurity.SecurityDescriptor = SecurityDescriptor;
    return FltpPerform(Data, NULL);
}

NTSTATUS FLTAPI
FltQueryEaFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID ReturnedEaData, ULONG Length,
               BOOLEAN ReturnSingleEntry, PVOID EaList, ULONG EaListLength, PULONG EaIndex,
               BOOLEAN RestartScan, PULONG LengthReturned)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_QUERY_EA, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->OperationFlags = (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) |
                                 (RestartScan ? SL_RESTART_SCAN : 0) |
                                 (EaIndex != NULL ? SL_INDEX_SPECIFIED : 0);
    Data->Iopb->Parameters.QueryEa.Length = Length;
    Data->Iopb->Parameters.QueryEa.EaList = EaList;
    Data->Iopb->Parameters.QueryEa.EaListLength = EaListLength;
    Data->Iopb->Parameters.QueryEa.EaIndex = EaIndex != NULL ? *EaIndex : 0;
    Data->Iopb->Parameters.QueryEa.EaBuffer = ReturnedEaData;
    return FltpPerform(Data, LengthReturned);
}

NTSTATUS FLTAPI
FltSetEaFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID EaBuffer, ULONG Length)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_SET_EA, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.SetEa.Length = Length;
    Data->Iopb->Parameters.SetEa.EaBuffer = EaBuffer;
    return FltpPerform(Data, NULL);
}

NTSTATUS FLTAPI
FltIsDirectory(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance, PBOOLEAN IsDirectory)
{
    FILE_STANDARD_INFORMATION Standard;
    NTSTATUS Status = FltQueryInformationFile(Instance, FileObject, &Standard, sizeof(Standard),
                                              FileStandardInformation, NULL);

    *IsDirectory = NT_SUCCESS(Status) && Standard.Directory;
    return Status;
}

/* Reparse points of the filter's own. [ntifs: REPARSE_DATA_BUFFER, REPARSE_GUID_DATA_BUFFER] */
#define FLTP_TAG_MICROSOFT 0x80000000u /* all other tags carry a GUID */

static ULONG
FltpTagHeader(ULONG FileTag)
{
    return FileTag & FLTP_TAG_MICROSOFT
               ? FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer)
               : FIELD_OFFSET(REPARSE_GUID_DATA_BUFFER, GenericReparseBuffer);
}

static VOID
FltpFillTag(PVOID Buffer, ULONG FileTag, GUID *Guid, PVOID DataBuffer, USHORT DataBufferLength)
{
    PREPARSE_GUID_DATA_BUFFER Tag = Buffer;
    ULONG Header = FltpTagHeader(FileTag);

    RtlZeroMemory(Buffer, Header);
    Tag->ReparseTag = FileTag;
    Tag->ReparseDataLength = DataBufferLength;
    if ((FileTag & FLTP_TAG_MICROSOFT) == 0 && Guid != NULL) {
        Tag->ReparseGuid = *Guid;
    }
    if (DataBufferLength != 0) {
        RtlCopyMemory((PUCHAR)Buffer + Header, DataBuffer, DataBufferLength);
    }
}

static NTSTATUS
FltpTag(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG Code, ULONG FileTag, GUID *Guid,
        PVOID DataBuffer, USHORT DataBufferLength)
{
    ULONG Length = FltpTagHeader(FileTag) + DataBufferLength;
    PUCHAR Buffer = ExAllocatePoolWithTag(PagedPool, Length, FLTP_TAG_TEMP);
    NTSTATUS Status;

    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FltpFillTag(Buffer, FileTag, Guid, DataBuffer, DataBufferLength);
    Status = FltFsControlFile(Instance, FileObject, Code, Buffer, Length, NULL, 0, NULL);
    ExFreePoolWithTag(Buffer, FLTP_TAG_TEMP);
    return Status;
}

NTSTATUS FLTAPI
FltTagFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, ULONG FileTag, GUID *Guid,
           PVOID DataBuffer, USHORT DataBufferLength)
{
    return FltpTag(InitiatingInstance, FileObject, FSCTL_SET_REPARSE_POINT, FileTag, Guid,
                   DataBuffer, DataBufferLength);
}

/* Over an existing one, which the caller names. [DDI: FltTagFileEx; ntifs: REPARSE_DATA_BUFFER_EX] */
NTSTATUS FLTAPI
FltTagFileEx(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, ULONG FileTag, GUID *Guid,
             PVOID DataBuffer, USHORT DataBufferLength, ULONG ExistingFileTag, GUID *ExistingGuid,
             ULONG Flags)
{
    ULONG Inner = FltpTagHeader(FileTag) + DataBufferLength;
    ULONG Length = FIELD_OFFSET(REPARSE_DATA_BUFFER_EX, ReparseDataBuffer) + Inner;
    PREPARSE_DATA_BUFFER_EX Buffer;
    NTSTATUS Status;

    if (((FileTag & FLTP_TAG_MICROSOFT) == 0 && Guid == NULL) ||
        (ExistingFileTag != 0 && (ExistingFileTag & FLTP_TAG_MICROSOFT) == 0 &&
         ExistingGuid == NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    Buffer = ExAllocatePoolWithTag(PagedPool, Length, FLTP_TAG_TEMP);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Buffer, Length);
    Buffer->Flags = Flags;
    Buffer->ExistingReparseTag = ExistingFileTag;
    if (ExistingGuid != NULL) {
        Buffer->ExistingReparseGuid = *ExistingGuid;
    }
    FltpFillTag(&Buffer->ReparseDataBuffer, FileTag, Guid, DataBuffer, DataBufferLength);
    Status = FltFsControlFile(InitiatingInstance, FileObject, FSCTL_SET_REPARSE_POINT_EX, Buffer,
                              Length, NULL, 0, NULL);
    ExFreePoolWithTag(Buffer, FLTP_TAG_TEMP);
    return Status;
}

NTSTATUS FLTAPI
FltUntagFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, ULONG FileTag, GUID *Guid)
{
    return FltpTag(InitiatingInstance, FileObject, FSCTL_DELETE_REPARSE_POINT, FileTag, Guid, NULL,
                   0);
}

NTSTATUS FLTAPI
FltQueryQuotaInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                             PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length,
                             BOOLEAN ReturnSingleEntry, PVOID SidList, ULONG SidListLength,
                             PSID StartSid, BOOLEAN RestartScan, PULONG LengthReturned)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_QUERY_QUOTA, 0, &Data);
    ULONG Returned = 0;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->OperationFlags =
        (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0);
    Data->Iopb->Parameters.QueryQuota.Length = Length;
    Data->Iopb->Parameters.QueryQuota.SidList = SidList;
    Data->Iopb->Parameters.QueryQuota.SidListLength = SidListLength;
    Data->Iopb->Parameters.QueryQuota.StartSid = StartSid;
    Data->Iopb->Parameters.QueryQuota.QuotaBuffer = Buffer;
    Status = FltpPerform(Data, &Returned);
    if (LengthReturned != NULL) {
        *LengthReturned = Returned;
    }
    if (IoStatusBlock != NULL) {
        IoStatusBlock->Status = Status;
        IoStatusBlock->Information = Returned;
    }
    return Status;
}

NTSTATUS FLTAPI
FltSetQuotaInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID Buffer,
                           ULONG Length)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpNewRequest(Instance, FileObject, IRP_MJ_SET_QUOTA, 0, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Data->Iopb->Parameters.SetQuota.Length = Length;
    Data->Iopb->Parameters.SetQuota.QuotaBuffer = Buffer;
    return FltpPerform(Data, NULL);
}

/* What a name stands for, without an open that others could notice. */
NTSTATUS FLTAPI
FltQueryInformationByName(PFLT_FILTER Filter, PFLT_INSTANCE Instance,
                          POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                          PVOID FileInformation, ULONG Length,
                          FILE_INFORMATION_CLASS FileInformationClass,
                          PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    PFILE_OBJECT FileObject;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    ULONG Returned = 0;
    NTSTATUS Status;

    Status = FltCreateFileEx2(Filter, Instance, &Handle, &FileObject, FILE_READ_ATTRIBUTES,
                              ObjectAttributes, &Iosb, NULL, 0,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN,
                              FILE_OPEN_REPARSE_POINT, NULL, 0, 0, DriverContext);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltQueryInformationFile(Instance, FileObject, FileInformation, Length,
                                     FileInformationClass, &Returned);
    ObDereferenceObject(FileObject);
    FltClose(Handle);
    IoStatusBlock->Status = Status;
    IoStatusBlock->Information = Returned;
    return Status;
}
