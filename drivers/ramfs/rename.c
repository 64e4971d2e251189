/*
 * rename.c - names that change: rename, hard links, short names. [ntifs: FILE_RENAME_INFORMATION,
 * FILE_LINK_INFORMATION; nt-semantics-2 4.4]
 *
 *   M1  Everything is checked before the first name goes.
 *   M2  A directory moves as a whole: nobody may have anything below it open; who has, and an oplock for the handle, may close it.
 *   M3  A target that is replaced must be a file that nobody has open (M2's oplocks go here too) and that is no image in use; views of its data do not
 *       matter. A POSIX rename also replaces what is open with FILE_SHARE_DELETE, and an empty directory by a directory.
 *       Whoever has the replaced one open goes on with it: it has no name any more.
 *   M4  A stream is renamed with all who have it open: what they hold is the stream and not its name. A file always has an unnamed
 *       one, and one that is replaced is empty and nobody's.
 */
#include "ramfs.h"

#define RAM_RENAME_REPLACE         1u
#define RAM_RENAME_POSIX           2u
#define RAM_RENAME_IGNORE_READONLY 0x40u

typedef struct _RAM_TARGET {
    PRAM_NODE Directory;
    UNICODE_STRING Name;
    ULONG Flags;
    PRAM_LINK Existing;
} RAM_TARGET, *PRAM_TARGET;

/* Where to, and what is there. */
static NTSTATUS
RamFindTarget(PRAM_REQUEST Request, BOOLEAN Ex, PRAM_LINK Source, PRAM_TARGET Target)
{
    PFILE_RENAME_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    PFILE_OBJECT Parent = Request->Stack->Parameters.SetFile.FileObject;

    Target->Flags = Ex ? *(PULONG)Info : Info->ReplaceIfExists ? RAM_RENAME_REPLACE : 0;
    if (Parent != NULL) {
        PRAM_STREAM Stream = Parent->FsContext;

        Target->Directory = Stream->Node;
        Target->Name = Parent->FileName; /* the last component is left of it: create.c */
        if (Target->Directory == NULL || Target->Directory->Volume != Request->Volume) {
            return STATUS_NOT_SAME_DEVICE;
        }
    } else {
        if (Source == NULL || Source->Parent == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        Target->Directory = Source->Parent;
        Target->Name.Buffer = Info->FileName;
        Target->Name.Length = Target->Name.MaximumLength = (USHORT)Info->FileNameLength;
    }
    if (!RamIsLegalName(&Target->Name)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Target->Directory->Data->DeletePending || Target->Directory->Links == 0) {
        return STATUS_DELETE_PENDING;
    }
    Target->Existing = RamFindChild(Target->Directory, &Target->Name, FALSE);
    return STATUS_SUCCESS;
}

/* Does everybody who has it open let others delete it? */
static BOOLEAN
RamIsDeleteShared(PRAM_NODE Node)
{
    for (PLIST_ENTRY Entry = Node->Streams.Flink; Entry != &Node->Streams; Entry = Entry->Flink) {
        PSHARE_ACCESS Share = &CONTAINING_RECORD(Entry, RAM_STREAM, Links)->Share;

        if (Share->SharedDelete != Share->OpenCount) {
            return FALSE;
        }
    }
    return TRUE;
}

/* M3 */
static NTSTATUS
RamMayReplace(PRAM_REQUEST Request, PRAM_TARGET Target)
{
    PRAM_NODE Node = Target->Existing->Node;
    BOOLEAN Posix = (Target->Flags & RAM_RENAME_POSIX) != 0;

    if (!(Target->Flags & RAM_RENAME_REPLACE)) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if ((Node->Directory && (!Posix || !Request->Stream->Node->Directory)) ||
        ((Node->Attributes & FILE_ATTRIBUTE_READONLY) &&
         !(Target->Flags & RAM_RENAME_IGNORE_READONLY)) ||
        !RamMayUnlink(Request, Target->Existing)) {
        return STATUS_ACCESS_DENIED;
    }
    if (Node->Directory && !RamIsEmpty(Node)) {
        return STATUS_DIRECTORY_NOT_EMPTY;
    }
    if (Node->Handles != 0) {
        NTSTATUS Status = RamBreakOpens(Request, Node);

        if (Status != STATUS_SUCCESS) {
            return Status;
        }
        if (Node->Handles != 0 && !Posix) {
            return STATUS_ACCESS_DENIED;
        }
    }
    if (Posix && !RamIsDeleteShared(Node)) {
        return STATUS_SHARING_VIOLATION;
    }
    return MmFlushImageSection(&Node->Data->Sections, MmFlushForWrite) ? STATUS_SUCCESS
                                                                       : STATUS_ACCESS_DENIED;
}

static VOID
RamDropTarget(PRAM_TARGET Target)
{
    PRAM_NODE Node = Target->Existing->Node;

    RamNoteUsnOf(Node,
                 (Node->Links > 1 ? USN_REASON_HARD_LINK_CHANGE : USN_REASON_FILE_DELETE) |
                     (Node->Handles == 0 ? USN_REASON_CLOSE : 0),
                 Target->Existing);
    RamReport(Node->Volume, Target->Existing, NULL,
              Node->Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
              FILE_ACTION_REMOVED);
    RamRemoveLink(Target->Existing);
    Node->Data->DeletePending |= Node->Links == 0 && Node->Handles != 0;
    RamTryFreeNode(Node);
}

/* M2; STATUS_PENDING: as RamBreakOpens. [MS-FSA 2.1.4.2] */
static NTSTATUS
RamClearBelow(PRAM_REQUEST Request, PRAM_NODE Directory)
{
    NTSTATUS Status;

    for (PLIST_ENTRY Entry = Directory->Volume->Nodes.Flink; Entry != &Directory->Volume->Nodes;
         Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        if (Node->Handles == 0 || Node == Directory || !RamIsBelow(Node, Directory)) {
            continue;
        }
        Status = RamBreakOpens(Request, Node);
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
        if (Node->Handles != 0) {
            return STATUS_ACCESS_DENIED;
        }
    }
    return STATUS_SUCCESS;
}

/* What has the stream's new name may go, if it is empty and nobody's. [MS-FSA 2.1.5.15.11.1] */
static NTSTATUS
RamMayReplaceStream(PRAM_STREAM Target, BOOLEAN Replace)
{
    if (!Replace) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    return Target->Handles != 0 || Target->Header.FileSize.QuadPart != 0 ? STATUS_INVALID_PARAMETER
                                                                         : STATUS_SUCCESS;
}

/* M4. The bytes of the file get a name, and the file new ones, none yet; or a named stream becomes the bytes of the file. */
static NTSTATUS
RamMoveUnnamed(PRAM_STREAM Stream)
{
    PRAM_NODE Node = Stream->Node;
    NTSTATUS Status;

    if (Stream == Node->Data) {
        Status = RamLoadData(Node);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Node->Data = RamCreateStream(Node, NULL);
        if (Node->Data == NULL) {
            Node->Data = Stream;
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    } else {
        Node->Data = Stream;
        Node->SourceData = FALSE;
    }
    Node->Changed = TRUE;
    RemoveEntryList(&Node->Data->Links);
    InsertHeadList(&Node->Streams, &Node->Data->Links);
    return STATUS_SUCCESS;
}

static VOID
RamNameStream(PRAM_STREAM Stream, PWSTR Buffer, USHORT Length)
{
    if (Stream->Name.Length != 0) {
        RamReportNode(Stream->Node, Stream, FILE_NOTIFY_CHANGE_STREAM_NAME,
                      FILE_ACTION_REMOVED_STREAM);
    }
    RamFree(Stream->Name.Buffer);
    Stream->Name.Buffer = Buffer;
    Stream->Name.Length = Stream->Name.MaximumLength = Length;
    if (Length != 0) {
        RamReportNode(Stream->Node, Stream, FILE_NOTIFY_CHANGE_STREAM_NAME,
                      FILE_ACTION_ADDED_STREAM);
    }
}

/* Where it is to go. What is no name is a bad parameter here. */
static NTSTATUS
RamSplitNewStream(PRAM_REQUEST Request, PUNICODE_STRING Name, PRAM_PATH Path)
{
    UNICODE_STRING Data = RTL_CONSTANT_STRING(L"$DATA"), Type = *Name;
    ULONG Colons = 0;
    NTSTATUS Status;

    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] == L':' && ++Colons == 2) {
            Type.Buffer = Name->Buffer + i + 1;
            Type.Length = (USHORT)(Name->Length - (i + 1) * sizeof(WCHAR));
        }
    }
    if (Colons == 2 && Type.Length != 0 && !RtlEqualUnicodeString(&Type, &Data, TRUE)) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    Status = RamWalk(NULL, Request->Volume, Request->Stream->Node, Name, FILE_OPEN_REPARSE_POINT,
                     FALSE, FALSE, Path);
    return Status == STATUS_OBJECT_NAME_INVALID ? STATUS_INVALID_PARAMETER : Status;
}

/* `:new` or `:new:$DATA`: the stream gets another name; `::$DATA`: it becomes the unnamed one. */
static NTSTATUS
RamRenameStream(PRAM_REQUEST Request, PUNICODE_STRING Name, BOOLEAN Replace)
{
    PRAM_STREAM Stream = Request->Stream, Other;
    PRAM_NODE Node = Stream->Node;
    RAM_PATH Path;
    PWSTR Buffer;
    NTSTATUS Status = RamSplitNewStream(Request, Name, &Path);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (RamIsGoing(Stream, Request->Ccb)) {
        return STATUS_ACCESS_DENIED;
    }
    if (!Path.HasStream || (Node->Directory && (Stream == Node->Data || Path.Stream.Length == 0))) {
        return STATUS_INVALID_PARAMETER;
    }
    Other = RamFindStream(Node, &Path.Stream);
    if (Other == Stream && RtlEqualUnicodeString(&Stream->Name, &Path.Stream, FALSE)) {
        return STATUS_SUCCESS;
    }
    if (Other != NULL && Other != Stream) {
        Status = RamMayReplaceStream(Other, Replace);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Buffer = RamAllocate(Path.Stream.Length + sizeof(WCHAR));
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Stream == Node->Data || Other == Node->Data) {
        Status = RamMoveUnnamed(Stream);
        if (!NT_SUCCESS(Status)) {
            RamFree(Buffer);
            return Status;
        }
    }
    if (Other != NULL && Other != Stream) {
        RamDetachStream(Other);
    }
    RtlCopyMemory(Buffer, Path.Stream.Buffer, Path.Stream.Length);
    RamNameStream(Stream, Buffer, Path.Stream.Length);
    RamNow(&Node->ChangeTime);
    RamNoteUsn(Node, USN_REASON_STREAM_CHANGE);
    return STATUS_SUCCESS;
}

/* Every handle that was opened by the old name stands for the new one. */
static VOID
RamFollow(PRAM_NODE Node, PRAM_LINK Old, PRAM_LINK New)
{
    for (PLIST_ENTRY Each = Node->Streams.Flink; Each != &Node->Streams; Each = Each->Flink) {
        PRAM_STREAM Stream = CONTAINING_RECORD(Each, RAM_STREAM, Links);

        for (PLIST_ENTRY Entry = Stream->Handled.Flink; Entry != &Stream->Handled;
             Entry = Entry->Flink) {
            PRAM_CCB Ccb = CONTAINING_RECORD(Entry, RAM_CCB, Links);

            if (Ccb->Link == Old) {
                if (Old->Handles != 0) { /* after a dismount they count no more */
                    Old->Handles--;
                    New->Handles++;
                }
                New->References++;
                Ccb->Link = New;
                RamDereferenceLink(Old);
            }
        }
    }
}

static NTSTATUS
RamMove(PRAM_REQUEST Request, PRAM_LINK Source, PRAM_TARGET Target)
{
    PRAM_NODE Node = Request->Stream->Node, From = Source->Parent;
    ULONG Filter = Node->Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME;
    BOOLEAN SameDirectory = From == Target->Directory;
    LARGE_INTEGER Creation = Node->CreationTime;
    PRAM_LINK New;
    NTSTATUS Status;

    if (Target->Existing != NULL && Target->Existing != Source) {
        RamDropTarget(Target);
    }
    RamNoteUsnOf(Node, USN_REASON_RENAME_OLD_NAME, Source);
    RamReport(Request->Volume, Source, NULL, Filter,
              SameDirectory ? FILE_ACTION_RENAMED_OLD_NAME : FILE_ACTION_REMOVED);
    if (!Node->Directory) {
        FsRtlAddToTunnelCache(&Request->Volume->Tunnel, From->Id, &Source->Short, &Source->Name,
                              FALSE, sizeof(Creation), &Creation);
    }
    Source->References++; /* RamFollow asks for it */
    Node->Links++;        /* the node stays while it has no name */
    RamRemoveLink(Source);
    Status = RamAddLink(Target->Directory, Node, &Target->Name, NULL, &New);
    Node->Links--;
    if (!NT_SUCCESS(Status)) {
        RamDereferenceLink(Source);
        return Status;
    }
    RamFollow(Node, Source, New);
    RamDereferenceLink(Source);
    RamNow(&Node->ChangeTime);
    From->LastWriteTime = From->ChangeTime = Node->ChangeTime;
    Target->Directory->LastWriteTime = Target->Directory->ChangeTime = Node->ChangeTime;
    RamBreakDirectory(Request, From);
    RamBreakDirectory(Request, Target->Directory);
    RamNoteUsnOf(Node, USN_REASON_RENAME_NEW_NAME, New);
    RamReport(Request->Volume, New, NULL, Filter,
              SameDirectory ? FILE_ACTION_RENAMED_NEW_NAME : FILE_ACTION_ADDED);
    return STATUS_SUCCESS;
}

NTSTATUS
RamRename(PRAM_REQUEST Request, ULONG Class)
{
    PFILE_RENAME_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    PRAM_NODE Node = Request->Stream->Node;
    PRAM_LINK Source = RamLinkOf(Request);
    RAM_TARGET Target = {};
    NTSTATUS Status;

    if (Info->FileNameLength >= sizeof(WCHAR) && Info->FileName[0] == L':') {
        UNICODE_STRING Name = {(USHORT)Info->FileNameLength, (USHORT)Info->FileNameLength,
                               Info->FileName};

        return RamRenameStream(Request, &Name,
                               Class == FileRenameInformation
                                   ? Info->ReplaceIfExists
                                   : (*(PULONG)Info & RAM_RENAME_REPLACE) != 0);
    }
    if (Node == Request->Volume->Root || Request->Stream != Node->Data ||
        (Request->Ccb->Flags & RAM_CCB_BY_ID)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (RamIsGoing(Request->Stream, Request->Ccb) || Source == NULL || Source->Parent == NULL) {
        return STATUS_ACCESS_DENIED; /* [MS-FSA: FileRenameInformation, Open.Link.IsDeleted] */
    }
    Status = RamFindTarget(Request, Class != FileRenameInformation, Source, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Target.Existing == Source && RtlEqualUnicodeString(&Source->Name, &Target.Name, FALSE)) {
        return STATUS_SUCCESS;
    }
    if (Target.Existing != NULL && Target.Existing != Source) {
        Status = RamMayReplace(Request, &Target); /* M1 */
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
    }
    if (Node->Directory) {
        if (RamIsBelow(Target.Directory, Node)) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = RamClearBelow(Request, Node);
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
    }
    return RamMove(Request, Source, &Target);
}

NTSTATUS
RamHardLink(PRAM_REQUEST Request, ULONG Class)
{
    PRAM_NODE Node = Request->Stream->Node;
    RAM_TARGET Target = {};
    NTSTATUS Status;
    PRAM_LINK New;

    if (Node->Directory || Request->Stream != Node->Data) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    if (RamIsGoing(Request->Stream, Request->Ccb) || Node->Links == 0) {
        return STATUS_ACCESS_DENIED;
    }
    if (Node->Links >= 1024) {
        return STATUS_TOO_MANY_LINKS;
    }
    Status = RamFindTarget(Request, Class != FileLinkInformation, RamLinkOf(Request), &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Target.Existing != NULL) {
        if (Target.Existing->Node == Node) {
            if (!(Target.Flags & RAM_RENAME_REPLACE)) {
                return STATUS_OBJECT_NAME_COLLISION;
            }
            return RtlEqualUnicodeString(&Target.Existing->Name, &Target.Name, FALSE)
                       ? STATUS_SUCCESS
                       : RamMove(Request, Target.Existing, &Target); /* in the case asked for */
        }
        Status = RamMayReplace(Request, &Target); /* M1 */
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
        RamDropTarget(&Target);
    }
    Status = RamAddLink(Target.Directory, Node, &Target.Name, NULL, &New);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RamNow(&Node->ChangeTime);
    Target.Directory->LastWriteTime = Target.Directory->ChangeTime = Node->ChangeTime;
    RamBreakDirectory(Request, Target.Directory);
    RamNoteUsnOf(Node, USN_REASON_HARD_LINK_CHANGE, New);
    RamReport(Request->Volume, New, NULL, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    return STATUS_SUCCESS;
}

NTSTATUS
RamShortName(PRAM_REQUEST Request)
{
    PFILE_NAME_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    UNICODE_STRING Name = {(USHORT)Info->FileNameLength, (USHORT)Info->FileNameLength,
                           Info->FileName};
    LUID Privilege = {18 /* SeRestorePrivilege */, 0};
    PRAM_LINK Link = RamLinkOf(Request);

    if (!SeSinglePrivilegeCheck(Privilege, Request->Irp->RequestorMode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (Link == NULL || Link->Parent == NULL ||
        Request->Stack->Parameters.SetFile.Length <
            FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Info->FileNameLength) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Name.Length != 0 && !RtlIsNameLegalDOS8Dot3(&Name, NULL, NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    return RamSetShortName(Link, &Name);
}
