/*
 * create.c - IRP_MJ_CREATE. [wdm: ZwCreateFile; ntifs: IRP_MJ_CREATE; nt-semantics-2 4.1, 4.2]
 *
 *   C1  Everything is decided before anything is changed: names, kinds, access, sharing; then the file is made
 *       or overwritten, then the file object is bound to it.
 *   C2  Volume->Resource is held exclusive throughout. It is dropped for an oplock break that has to be waited
 *       for: then the create starts again.
 */
#include "ramfs.h"

typedef struct _RAM_OPEN {
    RAM_PATH Path;
    ULONG Options, Disposition;
    USHORT Attributes;
    ULONG Share;
    ACCESS_MASK Granted;
    PACCESS_STATE State;
    PRAM_STREAM Stream; /* found or made */
    PRAM_LINK Link;
    BOOLEAN Created;
    ULONG_PTR Information;
    BOOLEAN Breaking; /* STATUS_OPLOCK_BREAK_IN_PROGRESS is the result */
} RAM_OPEN, *PRAM_OPEN;

static PRAM_CCB
RamBind(PRAM_REQUEST Request, PRAM_STREAM Stream, PRAM_LINK Link)
{
    PRAM_CCB Ccb = RamAllocate(sizeof(*Ccb));

    if (Ccb == NULL) {
        return NULL;
    }
    Ccb->Mount = Request->Volume->Mount;
    Ccb->Link = Link;
    if (Link != NULL) {
        Link->References++;
        Link->Handles++;
    }
    Request->FileObject->FsContext = &Stream->Header;
    Request->FileObject->FsContext2 = Ccb;
    Request->FileObject->SectionObjectPointer = &Stream->Sections;
    Request->FileObject->Vpb = Request->Volume->Vpb;
    InterlockedIncrement(&((PRAM_DEVICE)Request->Stack->DeviceObject->DeviceExtension)->Opens);
    Ccb->FileObject = Request->FileObject;
    InsertTailList(&Stream->Handled, &Ccb->Links);
    Stream->Handles++;
    Stream->Opens++;
    if (Stream->Node != NULL) {
        Stream->Node->Handles++;
        Stream->Node->Opens++;
    }
    Request->Volume->Opens++;
    Request->Ccb = Ccb;
    Request->Stream = Stream;
    return Ccb;
}

static NTSTATUS
RamOpenVolume(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PRAM_STREAM Stream = &Request->Volume->Stream;
    NTSTATUS Status;
    PRAM_CCB Ccb;

    if (Open->Options & FILE_DIRECTORY_FILE) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if (Open->Options & FILE_DELETE_ON_CLOSE) {
        return STATUS_CANNOT_DELETE;
    }
    if (Open->Disposition != FILE_OPEN && Open->Disposition != FILE_OPEN_IF) {
        return STATUS_ACCESS_DENIED;
    }
    Open->Granted = Open->State->PreviouslyGrantedAccess | Open->State->RemainingDesiredAccess;
    if (Stream->Handles == 0) {
        IoSetShareAccess(Open->Granted, Open->Share, Request->FileObject, &Stream->Share);
    } else {
        Status = IoCheckShareAccess(Open->Granted, Open->Share, Request->FileObject, &Stream->Share,
                                    TRUE);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Ccb = RamBind(Request, Stream, NULL);
    if (Ccb == NULL) {
        IoRemoveShareAccess(Request->FileObject, &Stream->Share);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Ccb->Flags |= RAM_CCB_VOLUME;
    Request->FileObject->Flags |= FO_NO_INTERMEDIATE_BUFFERING;
    Request->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

static BOOLEAN
RamIsPending(PRAM_NODE Node)
{
    return Node != NULL && Node->Data->DeletePending;
}

/* What the disposition, the options and the attributes say about a file that exists. */
static NTSTATUS
RamCheckExisting(PRAM_OPEN Open, PRAM_NODE Node, PRAM_STREAM Stream)
{
    BOOLEAN Overwrite = Open->Disposition == FILE_SUPERSEDE ||
                        Open->Disposition == FILE_OVERWRITE ||
                        Open->Disposition == FILE_OVERWRITE_IF;
    ACCESS_MASK Wanted = Open->State->OriginalDesiredAccess;

    if (RamIsPending(Node) || Stream->DeletePending ||
        (Open->Path.Link != NULL && Open->Path.Link->DeletePending)) {
        return STATUS_DELETE_PENDING;
    }
    if (Open->Disposition == FILE_CREATE) {
        /* A file cannot take a folder's place; that is seen before its name. */
        return Node->Directory && !Open->Path.HasStream && (Open->Options & FILE_NON_DIRECTORY_FILE)
                   ? STATUS_FILE_IS_A_DIRECTORY
                   : STATUS_OBJECT_NAME_COLLISION;
    }
    if (Node->Directory && !Open->Path.HasStream) {
        if (Open->Options & FILE_NON_DIRECTORY_FILE) {
            return STATUS_FILE_IS_A_DIRECTORY;
        }
        if (Overwrite) {
            return Open->Options & FILE_DIRECTORY_FILE ? STATUS_INVALID_PARAMETER
                                                       : STATUS_OBJECT_NAME_COLLISION;
        }
    } else if (Open->Options & FILE_DIRECTORY_FILE) {
        return STATUS_NOT_A_DIRECTORY;
    } else if (Open->Path.MustBeDirectory) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Node->Attributes & FILE_ATTRIBUTE_READONLY) {
        /* To overwrite is to write, to supersede is to delete, which the attribute does not hinder. */
        if (!Node->Directory && ((Wanted & (FILE_WRITE_DATA | FILE_APPEND_DATA)) ||
                                 (Overwrite && Open->Disposition != FILE_SUPERSEDE))) {
            return STATUS_ACCESS_DENIED;
        }
        if (Open->Options & FILE_DELETE_ON_CLOSE) {
            return STATUS_CANNOT_DELETE;
        }
    }
    if (Overwrite && !Open->Path.HasStream) {
        /* A hidden or system file is overwritten by who knows that it is. */
        ULONG Kept = Node->Attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);

        if (Kept & ~(ULONG)Open->Attributes) {
            return STATUS_ACCESS_DENIED;
        }
    }
    if ((Open->Options & FILE_DELETE_ON_CLOSE) && Node == Node->Volume->Root) {
        return STATUS_CANNOT_DELETE;
    }
    if ((Open->Options & FILE_NO_EA_KNOWLEDGE) && RamNeedsEa(Node)) {
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_SUCCESS;
}

/* C2. Breaks oplocks and checks sharing; STATUS_PENDING: to wait for Request->Break, then to start again. */
static NTSTATUS
RamShare(PRAM_REQUEST Request, PRAM_OPEN Open, PRAM_STREAM Stream)
{
    ACCESS_MASK Access = Open->Granted;
    NTSTATUS Status;

    if (Open->Disposition == FILE_SUPERSEDE) {
        Access |= DELETE;
    } else if (Open->Disposition == FILE_OVERWRITE || Open->Disposition == FILE_OVERWRITE_IF) {
        Access |= FILE_WRITE_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES;
    }
    if (Stream->Handles != 0 && FsRtlCurrentBatchOplock(&Stream->Oplock)) {
        Status =
            FsRtlCheckOplock(&Stream->Oplock, Request->Irp, &Request->Break, RamBreakOver, NULL);
        if (Status == STATUS_PENDING) {
            return Status;
        }
        if (Status == STATUS_OPLOCK_BREAK_IN_PROGRESS) {
            Open->Information = FILE_OPBATCH_BREAK_UNDERWAY;
            Open->Breaking = TRUE;
        } else if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Stream->Handles != 0 || Stream->Share.OpenCount != 0) {
        Status =
            IoCheckShareAccess(Access, Open->Share, Request->FileObject, &Stream->Share, FALSE);
        if (!NT_SUCCESS(Status)) {
            if (RamCachesHandle(&Stream->Oplock)) {
                Status = RamBreakHandle(&Stream->Oplock, Request->Irp, 0, &Request->Break,
                                        RamBreakOver, NULL);
                if (Status == STATUS_PENDING) {
                    return Status;
                }
                if (NT_SUCCESS(Status)) {
                    Status = IoCheckShareAccess(Access, Open->Share, Request->FileObject,
                                                &Stream->Share, FALSE);
                }
            }
            if (!NT_SUCCESS(Status)) {
                if (Open->Information == FILE_OPBATCH_BREAK_UNDERWAY) {
                    Request->Information = FILE_OPBATCH_BREAK_UNDERWAY;
                }
                return Status;
            }
        }
    }
    if (!(Open->Share & FILE_SHARE_WRITE) && RamHasWritableReferences(&Stream->Sections) != 0) {
        return STATUS_SHARING_VIOLATION;
    }
    if ((Access & FILE_WRITE_DATA) || (Open->Options & FILE_DELETE_ON_CLOSE)) {
        if (!MmFlushImageSection(&Stream->Sections, MmFlushForWrite)) {
            return Open->Options & FILE_DELETE_ON_CLOSE ? STATUS_CANNOT_DELETE
                                                        : STATUS_SHARING_VIOLATION;
        }
    }
    if (Stream->Handles != 0 && !FsRtlCurrentBatchOplock(&Stream->Oplock)) {
        Status =
            FsRtlCheckOplock(&Stream->Oplock, Request->Irp, &Request->Break, RamBreakOver, NULL);
        Open->Breaking |= Status == STATUS_OPLOCK_BREAK_IN_PROGRESS;
        return Status;
    }
    return STATUS_SUCCESS;
}

/* A file that is overwritten loses its named streams; those that somebody has open go with their last handle. */
static VOID
RamDropStreams(PRAM_NODE Node)
{
    PLIST_ENTRY Entry = Node->Streams.Flink;

    while (Entry != &Node->Streams) {
        PRAM_STREAM Stream = CONTAINING_RECORD(Entry, RAM_STREAM, Links);

        Entry = Entry->Flink;
        if (Stream == Node->Data) {
            continue;
        }
        if (Stream->Handles != 0) {
            Stream->DeletePending = TRUE;
            continue;
        }
        RamReportNode(Node, Stream, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_REMOVED_STREAM);
        RamDetachStream(Stream);
    }
}

static NTSTATUS
RamOverwrite(PRAM_REQUEST Request, PRAM_OPEN Open, PRAM_STREAM Stream)
{
    LARGE_INTEGER Zero = {};
    PRAM_NODE Node = Stream->Node;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Offset = 0;

    if (!MmCanFileBeTruncated(&Stream->Sections, &Zero)) {
        return STATUS_USER_MAPPED_FILE;
    }
    ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    CcPurgeCacheSection(&Stream->Sections, NULL, 0, 0);
    RamNoteChange(Stream);
    if (Stream == Node->Data) {
        Node->SourceData = FALSE;
    }
    Stream->Header.FileSize.QuadPart = Stream->Header.ValidDataLength.QuadPart = 0;
    Status = RamSetAllocation(Stream, (ULONG64)Request->Irp->Overlay.AllocationSize.QuadPart);
    if (CcIsFileCached(Request->FileObject)) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    ExReleaseResourceLite(&Stream->Paging);
    ExReleaseResourceLite(&Stream->Main);
    if (NT_SUCCESS(Status) && Stream == Node->Data) {
        ULONG Given = (Open->Attributes &
                       (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |
                        FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)) |
                      FILE_ATTRIBUTE_ARCHIVE;

        Node->Attributes = Open->Disposition == FILE_SUPERSEDE
                               ? Given
                               : (Node->Attributes & ~FILE_ATTRIBUTE_SPARSE_FILE) | Given;
        RamDropStreams(Node);
        RamFree(Node->Reparse);
        Node->Reparse = NULL;
        RamFree(Node->Ea);
        Node->Ea = NULL;
        Node->EaLength = 0;
        if (Request->Stack->Parameters.Create.EaLength != 0) {
            Status = RamStoreEa(Node, Request->Irp->AssociatedIrp.SystemBuffer,
                                Request->Stack->Parameters.Create.EaLength, &Offset);
        }
    }
    RamNow(&Node->LastWriteTime);
    Node->ChangeTime = Node->LastWriteTime;
    RamBreakParents(Request, Node);
    RamNoteData(Stream, USN_REASON_DATA_TRUNCATION);
    RamReport(Request->Volume, Open->Link, Stream,
              FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_SIZE |
                  FILE_NOTIFY_CHANGE_ATTRIBUTES,
              FILE_ACTION_MODIFIED);
    Open->Information = Open->Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
    return Status;
}

/* What a name had that was here a moment ago: its creation time, its other name. */
typedef struct _RAM_TUNNEL {
    LARGE_INTEGER CreationTime;
} RAM_TUNNEL;

static VOID
RamRevive(PRAM_NODE Directory, PRAM_NODE Node, PRAM_LINK Link)
{
    WCHAR ShortBuffer[12], LongBuffer[RAM_MAX_NAME];
    UNICODE_STRING Short = {0, sizeof(ShortBuffer), ShortBuffer},
                   Long = {0, sizeof(LongBuffer), LongBuffer};
    PWSTR Allocated = LongBuffer;
    RAM_TUNNEL Data;
    ULONG Length = sizeof(Data);

    if (FsRtlFindInTunnelCache(&Directory->Volume->Tunnel, Directory->Id, &Link->Name, &Short,
                               &Long, &Length, &Data)) {
        Node->CreationTime = Data.CreationTime;
        if (Short.Length != 0 && Link->Short.Length != 0) {
            RamSetShortName(Link, &Short);
        }
        if (Long.Buffer != Allocated && Long.Buffer != NULL) {
            ExFreePool(Long.Buffer);
        }
    }
}

static NTSTATUS
RamMakeFile(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    BOOLEAN Directory = (Open->Options & FILE_DIRECTORY_FILE) != 0 && !Open->Path.HasStream;
    PRAM_NODE Parent = Open->Path.Directory, Node;
    ULONG_PTR Offset = 0;
    NTSTATUS Status;

    if (RamIsPending(Parent) || Parent->Links == 0) {
        return STATUS_DELETE_PENDING;
    }
    if (Open->Path.MustBeDirectory && !Directory) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Open->Path.HasStream && (Open->Options & FILE_DIRECTORY_FILE)) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if ((Open->Options & FILE_DELETE_ON_CLOSE) && (Open->Attributes & FILE_ATTRIBUTE_READONLY)) {
        return STATUS_CANNOT_DELETE;
    }
    Status = RamCheckAccess(Request, NULL, Parent, &Open->Granted);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Node = RamCreateNode(Request->Volume, Directory);
    if (Node == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Node->Attributes |= Open->Attributes &
                        (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |
                         FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY |
                         FILE_ATTRIBUTE_NOT_CONTENT_INDEXED | FILE_ATTRIBUTE_OFFLINE);
    if (!Directory) {
        Node->Attributes |= FILE_ATTRIBUTE_ARCHIVE;
        Status = Open->Path.HasStream && Open->Path.Stream.Length != 0
                     ? STATUS_SUCCESS
                     : RamSetAllocation(Node->Data,
                                        (ULONG64)Request->Irp->Overlay.AllocationSize.QuadPart);
    }
    if (NT_SUCCESS(Status) && Request->Stack->Parameters.Create.EaLength != 0) {
        if (Open->Options & FILE_NO_EA_KNOWLEDGE) {
            Status = STATUS_ACCESS_DENIED;
        } else {
            Status = RamStoreEa(Node, Request->Irp->AssociatedIrp.SystemBuffer,
                                Request->Stack->Parameters.Create.EaLength, &Offset);
            Request->Information = Offset;
        }
    }
    if (NT_SUCCESS(Status)) {
        Status = RamAssignSecurity(Parent, Node, Open->State);
    }
    if (NT_SUCCESS(Status)) {
        Status = RamAddLink(Parent, Node, &Open->Path.Last, NULL, &Open->Link);
    }
    if (!NT_SUCCESS(Status)) {
        RamTryFreeNode(Node);
        return Status;
    }
    RamRevive(Parent, Node, Open->Link);
    Parent->LastWriteTime = Parent->ChangeTime = Parent->LastAccessTime = Node->ChangeTime;
    Open->Stream = Node->Data;
    Open->Created = TRUE;
    Open->Information = FILE_CREATED;
    if (Open->Path.HasStream && Open->Path.Stream.Length != 0) {
        Open->Stream = RamCreateStream(Node, &Open->Path.Stream);
        if (Open->Stream == NULL) {
            RamRemoveLink(Open->Link);
            RamTryFreeNode(Node);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    RamBreakDirectory(Request, Parent);
    RamNoteUsn(Node, USN_REASON_FILE_CREATE);
    RamReport(Request->Volume, Open->Link, NULL,
              Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
              FILE_ACTION_ADDED);
    return STATUS_SUCCESS;
}

static NTSTATUS
RamMakeStream(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PRAM_NODE Node = Open->Path.Node;
    NTSTATUS Status;

    if (Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OVERWRITE) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Open->Options & FILE_DIRECTORY_FILE) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if (RamIsPending(Node)) {
        return STATUS_DELETE_PENDING;
    }
    if (Node->Attributes & FILE_ATTRIBUTE_READONLY) {
        return STATUS_ACCESS_DENIED;
    }
    Status = RamCheckAccess(Request, Node, NULL, &Open->Granted);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Open->Stream = RamCreateStream(Node, &Open->Path.Stream);
    if (Open->Stream == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Open->Created = TRUE;
    Open->Information = FILE_CREATED;
    RamNoteUsn(Node, USN_REASON_STREAM_CHANGE);
    RamReport(Request->Volume, Open->Link, Open->Stream, FILE_NOTIFY_CHANGE_STREAM_NAME,
              FILE_ACTION_ADDED_STREAM);
    return STATUS_SUCCESS;
}

static NTSTATUS
RamOpenExisting(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PRAM_STREAM Stream = Open->Stream;
    PRAM_NODE Node = Stream->Node;
    NTSTATUS Status;

    Status = RamCheckExisting(Open, Node, Stream);
    if (NT_SUCCESS(Status)) {
        Status = RamCheckAccess(Request, Node, NULL, &Open->Granted);
    }
    if (NT_SUCCESS(Status) && !Node->Directory &&
        (Open->Granted & (FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA)) &&
        Node->SourceData) {
        Status = RamLoadData(Node);
    }
    if (NT_SUCCESS(Status)) {
        Status = RamShare(Request, Open, Stream);
    }
    if (!NT_SUCCESS(Status) || Status == STATUS_PENDING) {
        return Status;
    }
    if (Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OPEN_IF) {
        Open->Information = FILE_OPENED;
        return STATUS_SUCCESS;
    }
    return RamOverwrite(Request, Open, Stream);
}

/* FILE_OPEN_BY_FILE_ID: the name is the ID, or an object ID; a device's name may stand before it. */
static NTSTATUS
RamFindById(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PUNICODE_STRING Name = &Request->FileObject->FileName;
    PUCHAR Id = (PUCHAR)Name->Buffer;
    ULONG Length = Name->Length;

    if (Length == 10 || Length == 18) { /* after a backslash */
        Id += sizeof(WCHAR);
        Length -= sizeof(WCHAR);
    }
    if (Length != 8 && Length != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    for (PLIST_ENTRY Entry = Request->Volume->Nodes.Flink; Entry != &Request->Volume->Nodes;
         Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);
        ULONG64 Low, High = 0;

        RtlCopyMemory(&Low, Id, 8);
        if (Length == 16) {
            RtlCopyMemory(&High, Id + 8, 8);
        }
        if ((Node->Id == Low && High == 0) ||
            (Length == 16 && Node->HasObjectId && RtlEqualMemory(Node->ObjectId, Id, 16))) {
            Open->Path.Node = Node;
            return Node->Links != 0 || Node == Request->Volume->Root ? STATUS_SUCCESS
                   : Node->Handles != 0                              ? STATUS_DELETE_PENDING
                                                                     : STATUS_INVALID_PARAMETER;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

/* IO_OPEN_TARGET_DIRECTORY: the directory is opened, and whether the last name is there is told. */
static VOID
RamTurnToTarget(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PUNICODE_STRING Name = &Request->FileObject->FileName;
    UNICODE_STRING Last = Open->Path.Last;

    Open->Information = Open->Path.Link != NULL ? FILE_EXISTS : FILE_DOES_NOT_EXIST;
    Open->Path.Node = Open->Path.Directory;
    Open->Path.Link = NULL;
    Open->Path.HasStream = FALSE;
    Open->Path.MustBeDirectory = FALSE;
    Open->Disposition = FILE_OPEN;
    /* What is left of the name is the last component: the driver finds it there at the rename. */
    RtlMoveMemory(Name->Buffer, Last.Buffer, Last.Length);
    Name->Length = Last.Length;
}

static NTSTATUS
RamReparse(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PREPARSE_DATA_BUFFER Data = Open->Path.Node->Reparse, Copy;
    ULONG Length =
        FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer) + Data->ReparseDataLength;

    Copy = ExAllocatePoolWithTag(PagedPool, Length, RAM_TAG);
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Copy, Data, Length);
    Copy->Reserved = Open->Path.Rest;
    Request->Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)Copy;
    Request->Information = Data->ReparseTag;
    return STATUS_REPARSE;
}

/* A relative name becomes the whole one, as file objects of NTFS are named by those that ask. */
static NTSTATUS
RamNameRelative(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PFILE_OBJECT FileObject = Request->FileObject;
    UNICODE_STRING Name;
    NTSTATUS Status;
    PWSTR Buffer;

    if ((FileObject->RelatedFileObject == NULL && !(Open->Options & FILE_OPEN_BY_FILE_ID)) ||
        (Request->Stack->Flags & SL_OPEN_TARGET_DIRECTORY)) {
        return STATUS_SUCCESS;
    }
    Status = RamFullName(Open->Link, Open->Stream, &Name);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Buffer = ExAllocatePoolWithTag(PagedPool, Name.Length, RAM_TAG);
    if (Buffer == NULL) {
        RamFree(Name.Buffer);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Buffer, Name.Buffer, Name.Length);
    RamFree(Name.Buffer);
    if (FileObject->FileName.Buffer != NULL) {
        ExFreePool(FileObject->FileName.Buffer);
    }
    FileObject->FileName.Buffer = Buffer;
    FileObject->FileName.Length = FileObject->FileName.MaximumLength = Name.Length;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamFinishOpen(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PRAM_STREAM Stream = Open->Stream;
    NTSTATUS Status = RamNameRelative(Request, Open);
    PRAM_CCB Ccb;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Open->Options & (FILE_OPEN_REQUIRING_OPLOCK | FILE_RESERVE_OPFILTER)) {
        Status = RamReserveOplock(Request, Stream, Open->Options);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Stream->Share.OpenCount == 0) {
        IoSetShareAccess(Open->Granted, Open->Share, Request->FileObject, &Stream->Share);
    } else {
        IoCheckShareAccess(Open->Granted, Open->Share, Request->FileObject, &Stream->Share, TRUE);
    }
    Ccb = RamBind(Request, Stream, Open->Link);
    if (Ccb == NULL) {
        IoRemoveShareAccess(Request->FileObject, &Stream->Share);
        RamDropReservation(Request, Stream);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Ccb->Granted = Open->Granted;
    if (Open->Options & FILE_OPEN_BY_FILE_ID) {
        Ccb->Flags |= RAM_CCB_BY_ID;
    } else if (Open->Options & FILE_DELETE_ON_CLOSE) {
        Ccb->Flags |= RAM_CCB_DELETE_ON_CLOSE;
        Request->FileObject->Flags |= FO_DELETE_ON_CLOSE;
    }
    if ((Request->Irp->RequestorMode != KernelMode ||
         (Request->Stack->Flags & SL_FORCE_ACCESS_CHECK)) &&
        !(Open->State->Flags & TOKEN_HAS_TRAVERSE_PRIVILEGE)) {
        Ccb->Flags |= RAM_CCB_NO_TRAVERSE;
    }
    if (!Stream->Node->Directory && !(Open->Options & FILE_NO_INTERMEDIATE_BUFFERING)) {
        Request->FileObject->Flags |= FO_CACHE_SUPPORTED;
    }
    if (Stream->Node->Attributes & FILE_ATTRIBUTE_TEMPORARY) {
        Request->FileObject->Flags |= FO_TEMPORARY_FILE;
    }
    Open->State->PreviouslyGrantedAccess |= Open->Granted;
    Open->State->RemainingDesiredAccess = 0;
    Request->Information = Open->Information;
    RamAnswerCreate(Request, Stream);
    return Open->Breaking ? STATUS_OPLOCK_BREAK_IN_PROGRESS : STATUS_SUCCESS;
}

static NTSTATUS
RamOpenPath(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PFILE_OBJECT FileObject = Request->FileObject, Related = FileObject->RelatedFileObject;
    PRAM_STREAM RelatedStream = Related != NULL ? Related->FsContext : NULL;
    PRAM_NODE Start = Request->Volume->Root;
    PUNICODE_STRING Name = &FileObject->FileName;
    UNICODE_STRING Stripped = *Name;
    NTSTATUS Status = STATUS_SUCCESS;
    BOOLEAN Target = (Request->Stack->Flags & SL_OPEN_TARGET_DIRECTORY) != 0;

    if (Open->Options & FILE_OPEN_BY_FILE_ID) {
        Status = RamFindById(Request, Open);
    } else {
        if (RelatedStream != NULL) {
            if (RelatedStream->Node == NULL) {
                return STATUS_INVALID_PARAMETER; /* relative to the volume */
            }
            if (Name->Length != 0 && Name->Buffer[0] == L'\\') {
                return STATUS_INVALID_PARAMETER;
            }
            Start = RelatedStream->Node;
        } else if (Name->Buffer[0] != L'\\') {
            return STATUS_OBJECT_NAME_INVALID;
        } else if (Name->Length >= 2 * sizeof(WCHAR) && Name->Buffer[1] == L'\\') {
            /* Callers put one too many behind a volume's name. [SMP:fastfat/create.c] */
            Stripped.Buffer++;
            Stripped.Length -= sizeof(WCHAR);
            RtlMoveMemory(Name->Buffer, Stripped.Buffer, Stripped.Length);
            Name->Length = Stripped.Length;
        }
        Status = RamWalk(Request, Request->Volume, Start, Name, Open->Options,
                         (Request->Stack->Flags & SL_CASE_SENSITIVE) != 0, Target, &Open->Path);
        if (Status == STATUS_REPARSE) {
            return RamReparse(Request, Open);
        }
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Target) {
        RamTurnToTarget(Request, Open);
    }
    Open->Link = Open->Path.Link;
    if (Open->Link == NULL && RelatedStream != NULL && Open->Path.Node == Start &&
        (Open->Options & FILE_OPEN_BY_FILE_ID) == 0) {
        PRAM_CCB Ccb = Related->FsContext2;

        Open->Link = Ccb->Link;
    }
    if (Open->Path.Node == NULL) {
        if (Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OVERWRITE) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        Status = RamMakeFile(Request, Open);
    } else {
        Open->Stream = Open->Path.HasStream && Open->Path.Stream.Length != 0
                           ? RamFindStream(Open->Path.Node, &Open->Path.Stream)
                           : Open->Path.Node->Data;
        if (Open->Stream == Open->Path.Node->Data && Open->Path.HasStream &&
            Open->Path.Node->Directory) {
            return STATUS_FILE_IS_A_DIRECTORY; /* directory::$DATA */
        }
        Status =
            Open->Stream == NULL ? RamMakeStream(Request, Open) : RamOpenExisting(Request, Open);
    }
    if (!NT_SUCCESS(Status) || Status == STATUS_PENDING) {
        return Status;
    }
    return RamFinishOpen(Request, Open);
}

static NTSTATUS
RamTryCreate(PRAM_REQUEST Request, PRAM_OPEN Open)
{
    PRAM_VOLUME Volume = Request->Volume;
    PFILE_OBJECT FileObject = Request->FileObject;
    NTSTATUS Status;

    ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE); /* C2 */
    __try {
        if (RamIsRetired(Request->Stack->DeviceObject) ||
            RamIsDismounted(Volume, FileObject->RelatedFileObject != NULL
                                        ? FileObject->RelatedFileObject->FsContext2
                                        : NULL)) {
            Status = STATUS_VOLUME_DISMOUNTED;
        } else if (Volume->LockedBy != NULL) {
            Status = STATUS_ACCESS_DENIED;
        } else if (FileObject->FileName.Length == 0 &&
                   (FileObject->RelatedFileObject == NULL ||
                    FileObject->RelatedFileObject->FsContext == &Volume->Stream)) {
            Status = RamOpenVolume(Request, Open);
        } else {
            Status = RamOpenPath(Request, Open);
        }
    } __finally {
        ExReleaseResourceLite(&Volume->Resource);
    }
    return Status;
}

NTSTATUS
RamCreate(PRAM_REQUEST Request)
{
    PIO_STACK_LOCATION Stack = Request->Stack;
    NTSTATUS Status;
    RAM_OPEN Open;

    if (Stack->Flags & SL_OPEN_PAGING_FILE) {
        return STATUS_NOT_SUPPORTED;
    }
    do {
        RtlZeroMemory(&Open, sizeof(Open));
        Open.Options = Stack->Parameters.Create.Options & FILE_VALID_OPTION_FLAGS;
        Open.Disposition = Stack->Parameters.Create.Options >> 24;
        Open.Attributes = Stack->Parameters.Create.FileAttributes;
        Open.Share = Stack->Parameters.Create.ShareAccess;
        Open.State = Stack->Parameters.Create.SecurityContext->AccessState;
        KeInitializeEvent(&Request->Break, NotificationEvent, FALSE);
        if ((Open.Options & FILE_DIRECTORY_FILE) && (Open.Options & FILE_NON_DIRECTORY_FILE)) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = RamTryCreate(Request, &Open);
        if (Status == STATUS_PENDING) {
            KeWaitForSingleObject(&Request->Break, Executive, KernelMode, FALSE, NULL);
            if (Request->Irp->Cancel) {
                return STATUS_CANCELLED;
            }
        }
    } while (Status == STATUS_PENDING);
    return Status;
}
