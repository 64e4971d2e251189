/*
 * create.c - redirect opens a file: the shadow below the instance, then the client's file object over it.
 *
 * First a look: the file is opened for its attributes only, which disturbs nobody. Then it is known whether it is a
 * directory (not ours), and whether it is open already: its oplocks are broken and its mapped views are asked before the
 * file system sees the open. Then the open itself, with all that the client asked for.
 *
 *   C1  Directories, volumes and targets of renames are the file system's. A directory that appears between the look and
 *       the open is too: the shadow is closed and the request passed on.
 *   C2  Names do not change, so only data is isolated: the directories show every file, with its size.
 */
#include "redirect.h"

#define RD_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

typedef struct _RD_CREATE {
    PFLT_CALLBACK_DATA Data;
    PFLT_INSTANCE Instance;
    PFILE_OBJECT FileObject;
    ULONG Options, Disposition;
    ACCESS_MASK Access;
    UNICODE_STRING Path; /* what the shadow is opened by, with the volume's name */
    PRD_FILE Open;       /* referenced; NULL: it is not open, or does not exist */
    BOOLEAN Breaking;    /* FILE_COMPLETE_IF_OPLOCKED */
} RD_CREATE, *PRD_CREATE;

BOOLEAN
RdIsInside(PUNICODE_STRING Path)
{
    return Path->Length > RdFolder.Length + sizeof(WCHAR) &&
           RtlPrefixUnicodeString(&RdFolder, Path, TRUE) &&
           Path->Buffer[RdFolder.Length / sizeof(WCHAR)] == L'\\';
}

/* The name that the file system has for a file object of its own. Pool. */
NTSTATUS
RdQueryName(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PUNICODE_STRING Name)
{
    ULONG Size = sizeof(FILE_NAME_INFORMATION) + 0xFFFE;
    PFILE_NAME_INFORMATION Information = ExAllocatePoolWithTag(PagedPool, Size, RD_TAG);
    NTSTATUS Status;

    Name->Buffer = NULL;
    if (Information == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status =
        FltQueryInformationFile(Instance, FileObject, Information, Size, FileNameInformation, NULL);
    if (NT_SUCCESS(Status)) {
        Name->Length = Name->MaximumLength = (USHORT)Information->FileNameLength;
        Name->Buffer = ExAllocatePoolWithTag(PagedPool, Information->FileNameLength + 2, RD_TAG);
        if (Name->Buffer != NULL) {
            RtlCopyMemory(Name->Buffer, Information->FileName, Information->FileNameLength);
        } else {
            Status = STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    ExFreePoolWithTag(Information, RD_TAG);
    return Status;
}

/* Create->Path: the volume's name, First, a backslash if there is none, Last. */
static NTSTATUS
RdJoin(PRD_CREATE Create, PFLT_VOLUME Volume, PUNICODE_STRING First, PUNICODE_STRING Last)
{
    WCHAR Name[64];
    UNICODE_STRING VolumeName = {0, sizeof(Name), Name};
    PUNICODE_STRING Path = &Create->Path;
    NTSTATUS Status = FltGetVolumeName(Volume, &VolumeName, NULL);
    BOOLEAN Slash = First->Length != 0 && First->Buffer[First->Length / 2 - 1] != L'\\' &&
                    Last->Length != 0 && Last->Buffer[0] != L':';
    ULONG Length = VolumeName.Length + First->Length + sizeof(WCHAR) + Last->Length;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Length > 0xFFFC) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Path->Buffer = ExAllocatePoolWithTag(PagedPool, Length, RD_TAG);
    if (Path->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Path->Length = 0;
    Path->MaximumLength = (USHORT)Length;
    RtlAppendUnicodeStringToString(Path, &VolumeName);
    RtlAppendUnicodeStringToString(Path, First);
    if (Slash) {
        RtlAppendUnicodeToString(Path, L"\\");
    }
    RtlAppendUnicodeStringToString(Path, Last);
    Create->Path.MaximumLength = VolumeName.Length; /* where the path on the volume begins */
    return STATUS_SUCCESS;
}

static NTSTATUS
RdName(PRD_CREATE Create, PFLT_VOLUME Volume)
{
    PFILE_OBJECT Related = Create->FileObject->RelatedFileObject;
    UNICODE_STRING First = {}, Root = RTL_CONSTANT_STRING(L"\\");
    BOOLEAN ById = (Create->Options & FILE_OPEN_BY_FILE_ID) != 0;
    NTSTATUS Status;

    if (ById) {
        return RdJoin(Create, Volume, &Root, &Create->FileObject->FileName);
    }
    if (Related == NULL) {
        return RdJoin(Create, Volume, &First, &Create->FileObject->FileName);
    }
    Status = RdQueryName(Create->Instance,
                         RdFileOf(Related) != NULL ? RdShadowOf(Related) : Related, &First);
    if (NT_SUCCESS(Status)) {
        Status = RdJoin(Create, Volume, &First, &Create->FileObject->FileName);
    }
    if (First.Buffer != NULL) {
        ExFreePoolWithTag(First.Buffer, RD_TAG);
    }
    return Status;
}

static NTSTATUS
RdOpenBelow(PRD_CREATE Create, BOOLEAN Look, PHANDLE Handle, PFILE_OBJECT *Shadow,
            PIO_STATUS_BLOCK Iosb)
{
    PFLT_PARAMETERS P = &Create->Data->Iopb->Parameters;
    UNICODE_STRING Name = {Create->Path.Length, Create->Path.Length, Create->Path.Buffer};
    ULONG Kept = FILE_OPEN_REPARSE_POINT | FILE_OPEN_BY_FILE_ID | FILE_OPEN_FOR_BACKUP_INTENT;
    ULONG Ours = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT |
                 FILE_COMPLETE_IF_OPLOCKED | FILE_RESERVE_OPFILTER | FILE_NO_INTERMEDIATE_BUFFERING;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Flags = 0, Object = OBJ_KERNEL_HANDLE;

    if ((Create->Data->Iopb->OperationFlags & SL_CASE_SENSITIVE) == 0) {
        Object |= OBJ_CASE_INSENSITIVE;
    }
    if (!Look && (Create->Data->RequestorMode != KernelMode ||
                  (Create->Data->Iopb->OperationFlags & SL_FORCE_ACCESS_CHECK))) {
        Object |= OBJ_FORCE_ACCESS_CHECK; /* the client's rights decide, not ours */
        Flags |= IO_FORCE_ACCESS_CHECK;
    }
    InitializeObjectAttributes(&Attributes, &Name, Object, NULL,
                               Look ? NULL
                                    : P->Create.SecurityContext->AccessState->SecurityDescriptor);
    return Look ? FltCreateFileEx2(RdFilter, Create->Instance, Handle, Shadow, FILE_READ_ATTRIBUTES,
                                   &Attributes, Iosb, NULL, 0, RD_SHARE_ALL, FILE_OPEN,
                                   Create->Options & Kept, NULL, 0, 0, NULL)
                : FltCreateFileEx2(RdFilter, Create->Instance, Handle, Shadow, Create->Access,
                                   &Attributes, Iosb, &P->Create.AllocationSize,
                                   P->Create.FileAttributes, P->Create.ShareAccess,
                                   Create->Disposition, Create->Options & ~Ours, P->Create.EaBuffer,
                                   P->Create.EaLength, Flags, NULL);
}

static VOID
RdCloseBelow(HANDLE Handle, PFILE_OBJECT Shadow)
{
    ObDereferenceObject(Shadow);
    FltClose(Handle);
}

/* It is open already. What mapped views allow, and who has to break an oplock first. */
static NTSTATUS
RdAskOpenFile(PRD_CREATE Create)
{
    PRD_FILE File = Create->Open;
    LARGE_INTEGER Zero = {};
    BOOLEAN Overwrites = Create->Disposition == FILE_SUPERSEDE ||
                         Create->Disposition == FILE_OVERWRITE ||
                         Create->Disposition == FILE_OVERWRITE_IF;

    if (FltCheckOplock(&File->Oplock, Create->Data, NULL, NULL, NULL) == FLT_PREOP_COMPLETE) {
        Create->Breaking = Create->Data->IoStatus.Status == STATUS_OPLOCK_BREAK_IN_PROGRESS;
        if (!Create->Breaking) {
            return Create->Data->IoStatus.Status;
        }
    }
    if (((Create->Access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) || Overwrites) &&
        !MmFlushImageSection(&File->Sections, MmFlushForWrite)) {
        return STATUS_SHARING_VIOLATION;
    }
    if (Overwrites && !MmCanFileBeTruncated(&File->Sections, &Zero)) {
        return STATUS_USER_MAPPED_FILE;
    }
    if ((Create->Options & FILE_DELETE_ON_CLOSE) &&
        !MmFlushImageSection(&File->Sections, MmFlushForWrite)) {
        return STATUS_CANNOT_DELETE;
    }
    return STATUS_SUCCESS;
}

/* FALSE: not ours. *Status: why it is refused. */
static BOOLEAN
RdLook(PRD_CREATE Create, PNTSTATUS Status)
{
    UNICODE_STRING Path = {(USHORT)(Create->Path.Length - Create->Path.MaximumLength), 0,
                           (PWSTR)((PUCHAR)Create->Path.Buffer + Create->Path.MaximumLength)};
    PFILE_OBJECT Shadow;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;
    BOOLEAN Directory = FALSE, Inside = RdIsInside(&Path);
    HANDLE Handle;

    *Status = STATUS_SUCCESS;
    if (!Inside && !(Create->Options & FILE_OPEN_BY_FILE_ID)) {
        return FALSE;
    }
    if (!NT_SUCCESS(RdOpenBelow(Create, TRUE, &Handle, &Shadow, &Iosb))) {
        return Inside; /* it is to be made, or the open will say what is wrong */
    }
    FltIsDirectory(Shadow, Create->Instance, &Directory);
    if (!Inside && NT_SUCCESS(RdQueryName(Create->Instance, Shadow, &Name))) {
        Inside = RdIsInside(&Name);
        ExFreePoolWithTag(Name.Buffer, RD_TAG);
    }
    if (Inside && !Directory &&
        NT_SUCCESS(FltGetStreamContext(Create->Instance, Shadow, (PFLT_CONTEXT *)&Create->Open))) {
        *Status = RdAskOpenFile(Create);
    }
    RdCloseBelow(Handle, Shadow);
    return Inside && !Directory;
}

VOID FLTAPI
RdFileGone(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    PRD_FILE File = Context;

    FsRtlTeardownPerStreamContexts(&File->Header);
    FltUninitializeOplock(&File->Oplock);
    FltUninitializeFileLock(&File->Locks);
    ExDeleteResourceLite(&File->Main);
    ExDeleteResourceLite(&File->Paging);
}

/* D1. Referenced. */
static NTSTATUS
RdFindFile(PFLT_INSTANCE Instance, PFILE_OBJECT Shadow, PRD_FILE *Found)
{
    PFLT_CONTEXT Old;
    PRD_FILE File;
    NTSTATUS Status = FltGetStreamContext(Instance, Shadow, (PFLT_CONTEXT *)Found);

    if (NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltAllocateContext(RdFilter, FLT_STREAM_CONTEXT, sizeof(RD_FILE), NonPagedPool,
                                (PFLT_CONTEXT *)&File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(File, sizeof(*File));
    ExInitializeFastMutex(&File->Mutex);
    ExInitializeResourceLite(&File->Main);
    ExInitializeResourceLite(&File->Paging);
    FltInitializeFileLock(&File->Locks);
    FltInitializeOplock(&File->Oplock);
    FsRtlSetupAdvancedHeader(&File->Header, &File->Mutex);
    File->Header.NodeTypeCode = RD_NODE;
    File->Header.NodeByteSize = sizeof(RD_FILE);
    File->Header.Resource = &File->Main;
    File->Header.PagingIoResource = &File->Paging;
    File->Header.IsFastIoPossible = FastIoIsNotPossible;
    Status = FltSetStreamContext(Instance, Shadow, FLT_SET_CONTEXT_KEEP_IF_EXISTS, File, &Old);
    if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
        FltReleaseContext(File);
        *Found = Old;
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        FltReleaseContext(File);
        return Status;
    }
    *Found = File;
    return STATUS_SUCCESS;
}

/* The client's file object gets what the file system would give it. */
static NTSTATUS
RdBind(PRD_CREATE Create, HANDLE Handle, PFILE_OBJECT Shadow, ULONG_PTR Information)
{
    PFILE_OBJECT FileObject = Create->FileObject;
    PRD_OPEN Open = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Open), RD_TAG);
    FILE_STANDARD_INFORMATION Standard;
    PRD_FILE File;
    NTSTATUS Status;

    if (Open == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RdFindFile(Create->Instance, Shadow, &File);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Open, RD_TAG);
        return Status;
    }
    Open->Shadow = Shadow;
    Open->Handle = Handle;
    FileObject->FsContext = File; /* with the reference */
    FileObject->FsContext2 = Open;
    FileObject->SectionObjectPointer = &File->Sections;
    FileObject->PrivateCacheMap = NULL;
    if ((FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) == 0) {
        FileObject->Flags |= FO_CACHE_SUPPORTED;
    }
    ExAcquireResourceExclusiveLite(&File->Main, TRUE);
    if ((File->Opens == 0 || Information == FILE_OVERWRITTEN || Information == FILE_SUPERSEDED) &&
        NT_SUCCESS(FltQueryInformationFile(Create->Instance, Shadow, &Standard, sizeof(Standard),
                                           FileStandardInformation, NULL))) {
        if (File->Opens != 0) {
            CcPurgeCacheSection(&File->Sections, NULL, 0, 0);
        }
        RdNewSize(File, FileObject, Standard.EndOfFile.QuadPart); /* D3 */
    }
    ExAcquireFastMutex(&RdFilesMutex);
    if (File->Opens++ == 0) {
        InsertTailList(&RdFiles, &File->Links);
    }
    File->Handles++;
    ExReleaseFastMutex(&RdFilesMutex);
    ExReleaseResourceLite(&File->Main);
    return STATUS_SUCCESS;
}

/* D2. What the file system has granted is what the client gets. */
static NTSTATUS
RdOpenShadow(PRD_CREATE Create, PBOOLEAN Ours)
{
    PACCESS_STATE State = Create->Data->Iopb->Parameters.Create.SecurityContext->AccessState;
    FILE_ACCESS_INFORMATION Granted;
    IO_STATUS_BLOCK Iosb = {}, Ignored;
    BOOLEAN Directory = FALSE;
    PFILE_OBJECT Shadow;
    HANDLE Handle;
    NTSTATUS Status = RdOpenBelow(Create, FALSE, &Handle, &Shadow, &Iosb);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FltIsDirectory(Shadow, Create->Instance, &Directory);
    if (Directory) { /* C1 */
        *Ours = FALSE;
        RdCloseBelow(Handle, Shadow);
        return STATUS_SUCCESS;
    }
    Status =
        ZwQueryInformationFile(Handle, &Ignored, &Granted, sizeof(Granted), FileAccessInformation);
    if (NT_SUCCESS(Status)) {
        Status = RdBind(Create, Handle, Shadow, Iosb.Information);
    }
    if (!NT_SUCCESS(Status)) {
        RdCloseBelow(Handle, Shadow);
        return Status;
    }
    State->PreviouslyGrantedAccess |= Granted.AccessFlags;
    State->RemainingDesiredAccess = 0;
    if (Create->Options & FILE_DELETE_ON_CLOSE) {
        Create->FileObject->Flags |= FO_DELETE_ON_CLOSE;
    }
    Create->Data->IoStatus.Information = Iosb.Information;
    return Create->Breaking ? STATUS_OPLOCK_BREAK_IN_PROGRESS : STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS
RdCreate(PRD_CREATE Create, PCFLT_RELATED_OBJECTS FltObjects)
{
    BOOLEAN Ours = TRUE;
    NTSTATUS Status;

    if (!NT_SUCCESS(RdName(Create, FltObjects->Volume))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK; /* a name that nobody can have opened */
    }
    if (!RdLook(Create, &Status)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (NT_SUCCESS(Status) && !ExAcquireRundownProtection(&RdOpening)) {
        Status = STATUS_DEVICE_NOT_READY;
    } else if (NT_SUCCESS(Status)) {
        Status = RdOpenShadow(Create, &Ours);
        /* Who caches the handle may give it up. */
        if (Status == STATUS_SHARING_VIOLATION && Create->Open != NULL &&
            FltOplockBreakH(&Create->Open->Oplock, Create->Data, 0, NULL, NULL, NULL) !=
                FLT_PREOP_COMPLETE) {
            Status = RdOpenShadow(Create, &Ours);
        }
        ExReleaseRundownProtection(&RdOpening);
    }
    if (!Ours) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return RdComplete(Create->Data, Status,
                      NT_SUCCESS(Status) ? Create->Data->IoStatus.Information : 0);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
RdPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    FLT_PREOP_CALLBACK_STATUS Result;
    RD_CREATE Create = {.Data = Data,
                        .Instance = FltObjects->Instance,
                        .FileObject = FileObject,
                        .Options = P->Create.Options & FILE_VALID_OPTION_FLAGS,
                        .Disposition = P->Create.Options >> 24,
                        .Access = P->Create.SecurityContext->DesiredAccess};

    if (P->Create.SecurityContext->AccessState->OriginalDesiredAccess & MAXIMUM_ALLOWED) {
        Create.Access = MAXIMUM_ALLOWED; /* what that is, the file system says */
    }

    if (Data->Iopb->OperationFlags & SL_OPEN_TARGET_DIRECTORY) {
        return RdFileOf(FileObject->RelatedFileObject) != NULL
                   ? RdComplete(Data, STATUS_NOT_A_DIRECTORY, 0)
                   : FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if ((Create.Options & FILE_DIRECTORY_FILE) ||
        (Data->Iopb->OperationFlags & SL_OPEN_PAGING_FILE) ||
        (FileObject->FileName.Length == 0 && FileObject->RelatedFileObject == NULL) ||
        (FileObject->RelatedFileObject != NULL && FileObject->FileName.Length != 0 &&
         FileObject->FileName.Buffer[0] == L'\\')) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK; /* C1, or no name: the file system says so */
    }
    FsRtlEnterFileSystem();
    Result = RdCreate(&Create, FltObjects);
    FsRtlExitFileSystem();
    if (Create.Open != NULL) {
        FltReleaseContext(Create.Open);
    }
    if (Create.Path.Buffer != NULL) {
        ExFreePoolWithTag(Create.Path.Buffer, RD_TAG);
    }
    return Result;
}
