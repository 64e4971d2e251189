/*
 * inform.c - redirect's other operations: most go to the shadow as they are, some concern our cache, our locks or our
 * oplocks too.
 *
 *   I1  The folder's border is a volume's: a name does not cross it, or the data would change its meaning. Win32 then copies.
 *   I2  Locks and oplocks are ours: the file system never sees the reads and writes that they are about.
 *   I3  Cleanup gives back what a file system gives back, in its order: locks, oplock, cache; then the shadow's handle, so
 *       the file system does the same: sharing, times, deletion.
 */
#include "redirect.h"

static FLT_PREOP_CALLBACK_STATUS
RdCleanup(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PRD_OPEN Open = FileObject->FsContext2;
    FILE_STANDARD_INFORMATION Standard;
    LARGE_INTEGER Zero = {};
    PLARGE_INTEGER Truncate = NULL;

    ExAcquireResourceExclusiveLite(&File->Main, TRUE);
    FsRtlFastUnlockAll(&File->Locks, FileObject, FltGetRequestorProcess(Data), NULL);
    FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
    ExAcquireFastMutex(&RdFilesMutex);
    File->Handles--;
    ExReleaseFastMutex(&RdFilesMutex);
    if (File->Handles == 0 &&
        ((FileObject->Flags & FO_DELETE_ON_CLOSE) ||
         (NT_SUCCESS(FltQueryInformationFile(Instance, Open->Shadow, &Standard, sizeof(Standard),
                                             FileStandardInformation, NULL)) &&
          Standard.DeletePending))) {
        Truncate = &Zero; /* nobody will read what is not written yet */
    }
    CcUninitializeCacheMap(FileObject, Truncate, NULL);
    ExReleaseResourceLite(&File->Main);
    FltClose(Open->Handle); /* I3 */
    Open->Handle = NULL;
    FileObject->Flags |= FO_CLEANUP_COMPLETE;
    return RdComplete(Data, STATUS_SUCCESS, 0);
}

/* The last reference to the file object: maybe long after, when nothing maps or caches the file any more. */
static FLT_PREOP_CALLBACK_STATUS
RdClose(PFLT_CALLBACK_DATA Data, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PRD_OPEN Open = FileObject->FsContext2;

    ExAcquireFastMutex(&RdFilesMutex);
    if (--File->Opens == 0) {
        RemoveEntryList(&File->Links);
    }
    ExReleaseFastMutex(&RdFilesMutex);
    FileObject->FsContext = FileObject->FsContext2 = NULL;
    ObDereferenceObject(Open->Shadow);
    ExFreePoolWithTag(Open, RD_TAG);
    FltReleaseContext(File); /* D1 */
    return RdComplete(Data, STATUS_SUCCESS, 0);
}

/* I1. The new name's directory: the target's, or the one that the file is in. */
static BOOLEAN
RdCrosses(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFILE_OBJECT Parent)
{
    UNICODE_STRING Name;
    BOOLEAN Inside, Is;

    if (Parent == NULL) {
        return FALSE;
    }
    Is = RdFileOf(FileObject) != NULL;
    if (!NT_SUCCESS(RdQueryName(Instance, Parent, &Name))) {
        return Is;
    }
    Inside = RtlEqualUnicodeString(&Name, &RdFolder, TRUE) || RdIsInside(&Name);
    ExFreePoolWithTag(Name.Buffer, RD_TAG);
    return Inside != Is;
}

/* Is what a new name would replace an image in use? Ours: the file system sees no sections of it. */
static BOOLEAN
RdReplacesImage(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance)
{
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;
    PFILE_RENAME_INFORMATION New = P->SetFileInformation.InfoBuffer;
    PFLT_FILE_NAME_INFORMATION Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT Target;
    BOOLEAN Busy = FALSE;
    PRD_FILE File;
    HANDLE Handle;

    if (!New->ReplaceIfExists ||
        !NT_SUCCESS(FltGetDestinationFileNameInformation(
            Instance, RdShadowOf(Data->Iopb->TargetFileObject), New->RootDirectory, New->FileName,
            New->FileNameLength, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return FALSE;
    }
    InitializeObjectAttributes(&Attributes, &Name->Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               NULL, NULL);
    if (NT_SUCCESS(FltCreateFileEx2(RdFilter, Instance, &Handle, &Target, FILE_READ_ATTRIBUTES,
                                    &Attributes, &Iosb, NULL, 0,
                                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    FILE_OPEN, FILE_OPEN_REPARSE_POINT, NULL, 0, 0, NULL))) {
        if (NT_SUCCESS(FltGetStreamContext(Instance, Target, (PFLT_CONTEXT *)&File))) {
            Busy = !MmFlushImageSection(&File->Sections, MmFlushForWrite);
            FltReleaseContext(File);
        }
        ObDereferenceObject(Target);
        FltClose(Handle);
    }
    FltReleaseFileNameInformation(Name);
    return Busy;
}

static FLT_PREOP_CALLBACK_STATUS
RdRename(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    BOOLEAN Directory = FALSE;
    FLT_PREOP_CALLBACK_STATUS Result;

    if (File == NULL) {
        FltIsDirectory(FileObject, Instance, &Directory);
    }
    if (!Directory &&
        RdCrosses(Instance, FileObject, Data->Iopb->Parameters.SetFileInformation.ParentOfTarget)) {
        return RdComplete(Data, STATUS_NOT_SAME_DEVICE, 0);
    }
    if (File == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (RdReplacesImage(Data, Instance)) {
        return RdComplete(Data, STATUS_ACCESS_DENIED, 0);
    }
    Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
    return Result == FLT_PREOP_COMPLETE ? Result : RdPass(Data);
}

/* A new size, ours and the file system's. */
static NTSTATUS
RdResize(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;
    PFILE_ALLOCATION_INFORMATION Wanted = P->SetFileInformation.InfoBuffer;
    LONGLONG Size = Wanted->AllocationSize.QuadPart; /* EndOfFile lies there as well */
    NTSTATUS Status;

    if (P->SetFileInformation.FileInformationClass == FileEndOfFileInformation) {
        return P->SetFileInformation.AdvanceOnly ? STATUS_SUCCESS
                                                 : RdSetSize(Instance, FileObject, Size);
    }
    if (Size < File->Header.FileSize.QuadPart) {
        if (!MmCanFileBeTruncated(&File->Sections, &Wanted->AllocationSize)) {
            return STATUS_USER_MAPPED_FILE;
        }
    }
    Status = FltSetInformationFile(Instance, RdShadowOf(FileObject), Wanted, sizeof(*Wanted),
                                   FileAllocationInformation);
    if (NT_SUCCESS(Status) && Size < File->Header.FileSize.QuadPart) {
        RdNewSize(File, FileObject, Size);
    }
    return Status;
}

static BOOLEAN
RdIsOnlyName(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance)
{
    FILE_STANDARD_INFORMATION Standard;

    return !NT_SUCCESS(FltQueryInformationFile(Instance, RdShadowOf(Data->Iopb->TargetFileObject),
                                               &Standard, sizeof(Standard), FileStandardInformation,
                                               NULL)) ||
           Standard.NumberOfLinks <= 1;
}

static FLT_PREOP_CALLBACK_STATUS
RdSet(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    UCHAR Flags;
    FLT_PREOP_CALLBACK_STATUS Result;
    NTSTATUS Status;

    switch ((ULONG)Data->Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileEndOfFileInformation:
    case FileAllocationInformation:
        Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
        if (Result == FLT_PREOP_COMPLETE) {
            return Result;
        }
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        Status = RdResize(Data, Instance, File);
        ExReleaseResourceLite(&File->Main);
        return RdComplete(Data, Status, 0);
    case FilePositionInformation: /* asked for, it is told from here */
        FileObject->CurrentByteOffset =
            *(PLARGE_INTEGER)Data->Iopb->Parameters.SetFileInformation.InfoBuffer;
        return RdComplete(Data, STATUS_SUCCESS, 0);
    case FileDispositionInformation:
    case 64: /* FileDispositionInformationEx */
        Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
        if (Result == FLT_PREOP_COMPLETE) {
            return Result;
        }
        Flags = *(PUCHAR)Data->Iopb->Parameters.SetFileInformation.InfoBuffer;
        if (Data->Iopb->Parameters.SetFileInformation.FileInformationClass ==
            FileDispositionInformation) {
            Flags &= 1;
        }
        /* Deletion; one of several names goes without asking who maps the file, if that is not forced. */
        if ((Flags & 1) && ((Flags & 4) || RdIsOnlyName(Data, Instance)) &&
            !MmFlushImageSection(&File->Sections, MmFlushForDelete)) {
            return RdComplete(Data, STATUS_CANNOT_DELETE, 0);
        }
        break;
    }
    return RdPass(Data);
}

static BOOLEAN
RdIsOplockRequest(ULONG Code)
{
    return Code == FSCTL_REQUEST_OPLOCK_LEVEL_1 || Code == FSCTL_REQUEST_OPLOCK_LEVEL_2 ||
           Code == FSCTL_REQUEST_BATCH_OPLOCK || Code == FSCTL_REQUEST_FILTER_OPLOCK ||
           Code == FSCTL_OPLOCK_BREAK_ACKNOWLEDGE || Code == FSCTL_OPLOCK_BREAK_ACK_NO_2 ||
           Code == FSCTL_OPBATCH_ACK_CLOSE_PENDING || Code == FSCTL_OPLOCK_BREAK_NOTIFY ||
           Code == FSCTL_REQUEST_OPLOCK;
}

static FLT_PREOP_CALLBACK_STATUS
RdControl(PFLT_CALLBACK_DATA Data, PRD_FILE File)
{
    ULONG Code = Data->Iopb->Parameters.FileSystemControl.Common.FsControlCode, Count;
    FLT_PREOP_CALLBACK_STATUS Result;

    if (RdIsOplockRequest(Code)) { /* I2 */
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        /* A shared one is not given with byte-range locks, an exclusive one not with other opens. */
        Count = FltOplockIsSharedRequest(Data) ? FsRtlGetNextFileLock(&File->Locks, TRUE) != NULL
                                               : File->Handles;
        Result = FltOplockFsctrl(&File->Oplock, Data, Count);
        ExReleaseResourceLite(&File->Main);
        return Result;
    }
    if (Code == FSCTL_SET_ZERO_DATA || Code == FSCTL_QUERY_ALLOCATED_RANGES) {
        /* It is about the file system's bytes: they get what we have of them. */
        Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
        if (Result == FLT_PREOP_COMPLETE) {
            return Result;
        }
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        RdFlush(File);
        if (Code == FSCTL_SET_ZERO_DATA && File->Sections.DataSectionObject != NULL) {
            CcPurgeCacheSection(&File->Sections, NULL, 0, 0);
        }
        ExReleaseResourceLite(&File->Main);
    }
    return RdPass(Data);
}

static FLT_PREOP_CALLBACK_STATUS
RdOther(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    FLT_PREOP_CALLBACK_STATUS Result;
    NTSTATUS Status;

    switch (Data->Iopb->MajorFunction) {
    case IRP_MJ_CLEANUP:
        return RdCleanup(Data, Instance, File);
    case IRP_MJ_CLOSE:
        return RdClose(Data, File);
    case IRP_MJ_SET_INFORMATION:
        return RdSet(Data, Instance, File);
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return RdControl(Data, File);
    case IRP_MJ_LOCK_CONTROL: /* I2 */
        Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
        return Result == FLT_PREOP_COMPLETE ? Result : FltProcessFileLock(&File->Locks, Data, NULL);
    case IRP_MJ_FLUSH_BUFFERS:
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        Status = RdFlush(File);
        ExReleaseResourceLite(&File->Main);
        return NT_SUCCESS(Status) ? RdPass(Data) : RdComplete(Data, Status, 0);
    case IRP_MJ_QUERY_INFORMATION:
        /* The file system tells the position of its own file object. */
        RdShadowOf(FileObject)->CurrentByteOffset = FileObject->CurrentByteOffset;
        return RdPass(Data);
    }
    return RdPass(Data);
}

static BOOLEAN
RdIsRename(PFLT_CALLBACK_DATA Data)
{
    if (Data->Iopb->MajorFunction != IRP_MJ_SET_INFORMATION) {
        return FALSE;
    }
    switch ((ULONG)Data->Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileRenameInformation:
    case FileLinkInformation:
    case 65: /* FileRenameInformationEx */
    case 72: /* FileLinkInformationEx */
        return TRUE;
    }
    return FALSE;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
RdPreOther(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PRD_FILE File = RdFileOf(Data->Iopb->TargetFileObject);
    FLT_PREOP_CALLBACK_STATUS Result;

    if (FLT_IS_IRP_OPERATION(Data) && RdIsRename(Data)) {
        return RdRename(Data, FltObjects->Instance, File);
    }
    if (File == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (FLT_IS_FASTIO_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    FsRtlEnterFileSystem();
    Result = RdOther(Data, FltObjects->Instance, File);
    FsRtlExitFileSystem();
    return Result;
}

/* What Mm and Cc acquire before they make a section, flush or write: our locks, not the file system's. */
FLT_PREOP_CALLBACK_STATUS FLTAPI
RdPreSection(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PRD_FILE File = RdFileOf(Data->Iopb->TargetFileObject);

    if (File == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    switch (Data->Iopb->MajorFunction) {
    case IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION:
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        break;
    case IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION:
        ExReleaseResourceLite(&File->Main);
        break;
    case IRP_MJ_ACQUIRE_FOR_MOD_WRITE:
        if (!ExAcquireResourceSharedLite(&File->Paging, FALSE)) {
            return RdComplete(Data, STATUS_CANT_WAIT, 0);
        }
        *Data->Iopb->Parameters.AcquireForModifiedPageWriter.ResourceToRelease = &File->Paging;
        break;
    case IRP_MJ_RELEASE_FOR_MOD_WRITE:
        ExReleaseResourceLite(
            Data->Iopb->Parameters.ReleaseForModifiedPageWriter.ResourceToRelease);
        break;
    case IRP_MJ_ACQUIRE_FOR_CC_FLUSH:
        ExAcquireResourceSharedLite(&File->Main, TRUE);
        ExAcquireResourceSharedLite(&File->Paging, TRUE);
        break;
    case IRP_MJ_RELEASE_FOR_CC_FLUSH:
        ExReleaseResourceLite(&File->Paging);
        ExReleaseResourceLite(&File->Main);
        break;
    }
    return RdComplete(Data, STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY, 0);
}
