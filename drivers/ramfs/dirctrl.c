/*
 * dirctrl.c - IRP_MJ_DIRECTORY_CONTROL: what a directory holds, and what changes in it. [ntifs:
 * ZwQueryDirectoryFile, FsRtlNotifyFullChangeDirectory; nt-semantics-2 4.5, 4.7]
 *
 *   L1  The pattern is that of the first query; a restart with another pattern takes that one.
 *   L2  Where to go on is a name: what is added or removed meanwhile neither repeats nor hides another entry.
 *   L3  An entry that does not fit whole ends the query; the first one is given as far as it fits.
 */
#include "ramfs.h"

typedef struct _RAM_LAYOUT {
    ULONG Class, Fixed; /* offset of the name */
    ULONG NameLength;   /* offset of its length */
    ULONG EaSize, ShortName, FileId, FileId128;
} RAM_LAYOUT;

static const RAM_LAYOUT RamLayouts[] = {
    {FileDirectoryInformation, 0x40, 0x3C},
    {FileFullDirectoryInformation, 0x44, 0x3C, 0x40},
    {FileBothDirectoryInformation, 0x5E, 0x3C, 0x40, 0x44},
    {FileNamesInformation, 0x0C, 0x08},
    {FileIdBothDirectoryInformation, 0x68, 0x3C, 0x40, 0x44, 0x60},
    {FileIdFullDirectoryInformation, 0x50, 0x3C, 0x40, 0, 0x48},
    {60 /* FileIdExtdDirectoryInformation */, 0x58, 0x3C, 0x40, 0, 0, 0x48},
    {63 /* FileIdExtdBothDirectoryInformation */, 0x72, 0x3C, 0x40, 0x58, 0, 0x48},
};

static const RAM_LAYOUT *
RamFindLayout(ULONG Class)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(RamLayouts); i++) {
        if (RamLayouts[i].Class == Class) {
            return &RamLayouts[i];
        }
    }
    return NULL;
}

static VOID
RamFillEntry(const RAM_LAYOUT *Layout, PUCHAR Entry, PRAM_NODE Node, PCUNICODE_STRING Name,
             PCUNICODE_STRING Short)
{
    PFILE_DIRECTORY_INFORMATION Info = (PVOID)Entry;

    RtlZeroMemory(Entry, Layout->Fixed);
    *(PULONG)(Entry + Layout->NameLength) = Name->Length;
    if (Layout->Class == FileNamesInformation) {
        return;
    }
    Info->CreationTime = Node->CreationTime;
    Info->LastAccessTime = Node->LastAccessTime;
    Info->LastWriteTime = Node->LastWriteTime;
    Info->ChangeTime = Node->ChangeTime;
    Info->FileAttributes = Node->Attributes;
    if (Node->Reparse != NULL) {
        Info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
    if (Info->FileAttributes == 0) {
        Info->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    }
    if (!Node->Directory) {
        Info->EndOfFile = Node->Data->Header.FileSize;
        Info->AllocationSize.QuadPart = (LONGLONG)RamAllocated(Node->Data);
    }
    if (Layout->EaSize != 0) {
        /* A reparse point's tag stands where the size of the attributes would. */
        *(PULONG)(Entry + Layout->EaSize) = Node->Reparse != NULL && Layout->FileId128 == 0
                                                ? Node->Reparse->ReparseTag
                                                : Node->EaLength;
    }
    if (Layout->FileId128 != 0) {
        *(PULONG)(Entry + 0x44) = Node->Reparse != NULL ? Node->Reparse->ReparseTag : 0;
        *(PULONG64)(Entry + Layout->FileId128) = Node->Id;
    }
    if (Layout->ShortName != 0 && Short != NULL) {
        Entry[Layout->ShortName] = (UCHAR)Short->Length;
        RtlCopyMemory(Entry + Layout->ShortName + 2, Short->Buffer, Short->Length);
    }
    if (Layout->FileId != 0) {
        *(PULONG64)(Entry + Layout->FileId) = Node->Id;
    }
}

static NTSTATUS NTAPI
RamMatchAny(PRTL_AVL_TABLE Table, PVOID UserData, PVOID MatchData)
{
    return STATUS_SUCCESS;
}

static BOOLEAN
RamMatches(PRAM_CCB Ccb, PCUNICODE_STRING Name)
{
    if (Ccb->Flags & RAM_CCB_MATCH_ALL) {
        return TRUE;
    }
    return FsRtlIsNameInExpression(&Ccb->Pattern, (PUNICODE_STRING)Name, TRUE, NULL);
}

/* "." and "..": both are found as a point, and as a name that has nothing but one. */
static BOOLEAN
RamMatchesDot(PRAM_CCB Ccb)
{
    static const UNICODE_STRING Point = {sizeof(WCHAR), sizeof(WCHAR), L"."};

    if (RamMatches(Ccb, &Point)) {
        return TRUE;
    }
    for (ULONG i = 0; i < Ccb->Pattern.Length / sizeof(WCHAR); i++) {
        WCHAR Unit = Ccb->Pattern.Buffer[i];

        if (Unit != L'*' && Unit != DOS_STAR && Unit != DOS_QM && Unit != DOS_DOT) {
            return FALSE;
        }
    }
    return TRUE;
}

/* L1 */
static NTSTATUS
RamBeginScan(PRAM_REQUEST Request)
{
    PUNICODE_STRING Pattern = Request->Stack->Parameters.QueryDirectory.FileName;
    PRAM_CCB Ccb = Request->Ccb;
    BOOLEAN Given = Pattern != NULL && Pattern->Length != 0;

    if ((Ccb->Flags & RAM_CCB_SCANNED) && !(Request->Stack->Flags & SL_RESTART_SCAN)) {
        return STATUS_SUCCESS;
    }
    if (Given || !(Ccb->Flags & RAM_CCB_SCANNED)) {
        RamFree(Ccb->Pattern.Buffer);
        Ccb->Pattern.Buffer = NULL;
        Ccb->Flags &= ~RAM_CCB_MATCH_ALL;
        if (!Given || (Pattern->Length == sizeof(WCHAR) && Pattern->Buffer[0] == L'*')) {
            Ccb->Flags |= RAM_CCB_MATCH_ALL;
        } else {
            Ccb->Pattern.Buffer = RamAllocate(Pattern->Length);
            if (Ccb->Pattern.Buffer == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            Ccb->Pattern.Length = Ccb->Pattern.MaximumLength = Pattern->Length;
            RtlUpcaseUnicodeString(&Ccb->Pattern, Pattern, FALSE);
        }
    }
    Ccb->Flags |= RAM_CCB_SCANNED;
    Ccb->Dots = 0;
    Ccb->RestartKey = NULL;
    Ccb->DeleteCount = 0;
    Ccb->Last.Length = 0;
    Ccb->Last.Buffer = Ccb->LastBuffer;
    Ccb->Last.MaximumLength = sizeof(Ccb->LastBuffer);
    return STATUS_SUCCESS;
}

typedef struct _RAM_NEXT {
    PRAM_NODE Node;
    PCUNICODE_STRING Name, Short;
    BOOLEAN Dot;
} RAM_NEXT;

/* The entry behind the last one, and does not go there yet. FALSE: there is none. */
static BOOLEAN
RamPeek(PRAM_NODE Directory, PRAM_CCB Ccb, RAM_NEXT *Next)
{
    static const UNICODE_STRING Dots[] = {RTL_CONSTANT_STRING(L"."), RTL_CONSTANT_STRING(L"..")};
    RAM_LINK Key = {.Name = Ccb->Last};
    PRAM_LINK KeyPointer = &Key, *Found;
    PVOID Restart = Ccb->RestartKey;
    ULONG DeleteCount = Ccb->DeleteCount;

    if (Ccb->Dots < 2 && Directory != Directory->Volume->Root) {
        PRAM_LINK Up = IsListEmpty(&Directory->Names)
                           ? NULL
                           : CONTAINING_RECORD(Directory->Names.Flink, RAM_LINK, OfNode);

        Next->Node = Ccb->Dots == 0 || Up == NULL ? Directory : Up->Parent;
        Next->Name = &Dots[Ccb->Dots];
        Next->Short = NULL;
        Next->Dot = TRUE;
        return TRUE;
    }
    /* L2: the table goes on behind the key when something was deleted meanwhile. */
    Found = RtlEnumerateGenericTableLikeADirectory(&Directory->Children, RamMatchAny, NULL,
                                                   Ccb->Last.Length != 0, &Restart, &DeleteCount,
                                                   &KeyPointer);
    if (Found == NULL) {
        return FALSE;
    }
    Ccb->RestartKey = Restart;
    Ccb->DeleteCount = DeleteCount;
    Next->Node = (*Found)->Node;
    Next->Name = &(*Found)->Name;
    Next->Short = (*Found)->Short.Length != 0 ? &(*Found)->Short : NULL;
    Next->Dot = FALSE;
    return TRUE;
}

static VOID
RamStep(PRAM_CCB Ccb, RAM_NEXT *Next)
{
    if (Next->Dot) {
        Ccb->Dots++;
    } else {
        RtlCopyUnicodeString(&Ccb->Last, (PUNICODE_STRING)Next->Name);
    }
}

static NTSTATUS
RamList(PRAM_REQUEST Request, const RAM_LAYOUT *Layout, PUCHAR Buffer, ULONG Length)
{
    PRAM_NODE Directory = Request->Stream->Node;
    BOOLEAN First = !(Request->Ccb->Flags & RAM_CCB_SCANNED);
    PRAM_CCB Ccb = Request->Ccb;
    PULONG Last = NULL;
    ULONG At = 0, Used = 0;
    RAM_NEXT Next;
    NTSTATUS Status = RamBeginScan(Request);

    if (NT_SUCCESS(Status)) {
        Status = RamLoadChildren(Directory);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (;;) {
        ULONG Room, Copy;

        if (!RamPeek(Directory, Ccb, &Next)) {
            break;
        }
        if (Next.Dot ? !RamMatchesDot(Ccb)
                     : !RamMatches(Ccb, Next.Name) &&
                           (Next.Short == NULL || !RamMatches(Ccb, Next.Short))) {
            RamStep(Ccb, &Next);
            continue;
        }
        Room = At < Length ? Length - At : 0;
        if (Room < Layout->Fixed + Next.Name->Length && Last != NULL) {
            Ccb->RestartKey = NULL; /* L3: the next query begins with it */
            break;
        }
        if (Room < Layout->Fixed) {
            Ccb->RestartKey = NULL;
            return STATUS_BUFFER_OVERFLOW;
        }
        Copy = min(Room - Layout->Fixed, (ULONG)Next.Name->Length);
        RamFillEntry(Layout, Buffer + At, Next.Node, Next.Name, Next.Short);
        RtlCopyMemory(Buffer + At + Layout->Fixed, Next.Name->Buffer, Copy);
        RamStep(Ccb, &Next);
        if (Last != NULL) {
            *Last = (ULONG)(Buffer + At - (PUCHAR)Last);
        }
        Last = (PULONG)(Buffer + At);
        Used = At + Layout->Fixed + Copy;
        At = (Used + 7) & ~7u;
        if (Copy < Next.Name->Length) {
            Request->Information = Used;
            return STATUS_BUFFER_OVERFLOW;
        }
        if (Request->Stack->Flags & SL_RETURN_SINGLE_ENTRY) {
            break;
        }
    }
    Request->Information = Used;
    return Last != NULL ? STATUS_SUCCESS : First ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
}

static NTSTATUS
RamQueryDirectory(PRAM_REQUEST Request)
{
    const RAM_LAYOUT *Layout =
        RamFindLayout(Request->Stack->Parameters.QueryDirectory.FileInformationClass);
    ULONG Length = Request->Stack->Parameters.QueryDirectory.Length;
    PRAM_NODE Node = Request->Stream->Node;
    NTSTATUS Status;

    if (Layout == NULL) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < Layout->Fixed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    __try {
        if (RamIsDismounted(Request->Volume, Request->Ccb)) {
            Status = STATUS_VOLUME_DISMOUNTED;
        } else if (Node->Links == 0) {
            Status = STATUS_DELETE_PENDING;
        } else {
            Status = RamList(Request, Layout, RamBuffer(Request->Irp), Length);
        }
    } __finally {
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    return Status;
}

static NTSTATUS
RamNotify(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;
    PRAM_NODE Node = Request->Stream->Node;
    UNICODE_STRING Name;
    NTSTATUS Status;

    ExAcquireResourceSharedLite(&Volume->Resource, TRUE);
    if (Node->Data->DeletePending || Node->Links == 0) {
        Status = STATUS_DELETE_PENDING;
    } else {
        Status = RamFullName(RamLinkOf(Request), NULL, &Name);
    }
    if (NT_SUCCESS(Status)) {
        /* The list keeps a pointer to the name of the handle's first request. */
        if (Request->Ccb->Watched.Buffer == NULL) {
            Request->Ccb->Watched = Name;
        } else {
            RamFree(Name.Buffer);
        }
        FsRtlNotifyFullChangeDirectory(
            Volume->NotifySync, &Volume->NotifyList, Request->Ccb, (PSTRING)&Request->Ccb->Watched,
            (Request->Stack->Flags & SL_WATCH_TREE) != 0, FALSE,
            Request->Stack->Parameters.NotifyDirectory.CompletionFilter, Request->Irp, NULL, NULL);
        Request->Taken = TRUE;
        Status = STATUS_PENDING;
    }
    ExReleaseResourceLite(&Volume->Resource);
    return Status;
}

NTSTATUS
RamDirectory(PRAM_REQUEST Request)
{
    if (Request->Stream == NULL || RamIsVolumeOpen(Request) || !Request->Stream->Node->Directory ||
        Request->Stream != Request->Stream->Node->Data) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (Request->Stack->MinorFunction) {
    case IRP_MN_QUERY_DIRECTORY:
        return RamQueryDirectory(Request);
    case IRP_MN_NOTIFY_CHANGE_DIRECTORY:
        return RamNotify(Request);
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

VOID
RamReport(PRAM_VOLUME Volume, PRAM_LINK Link, PRAM_STREAM Stream, ULONG Filter, ULONG Action)
{
    UNICODE_STRING Name, StreamName = {};

    if (IsListEmpty(&Volume->NotifyList) || Link == NULL || Link->Parent == NULL ||
        !NT_SUCCESS(RamFullName(Link, NULL, &Name))) {
        return;
    }
    if (Stream != NULL && Stream->Name.Length != 0) {
        StreamName = Stream->Name;
        if (Action == FILE_ACTION_MODIFIED) {
            Action = FILE_ACTION_MODIFIED_STREAM;
            Filter = FILE_NOTIFY_CHANGE_STREAM_WRITE |
                     (Filter & FILE_NOTIFY_CHANGE_SIZE ? FILE_NOTIFY_CHANGE_STREAM_SIZE : 0);
        }
    }
    FsRtlNotifyFullReportChange(
        Volume->NotifySync, &Volume->NotifyList, (PSTRING)&Name, Name.Length - Link->Name.Length,
        StreamName.Length != 0 ? (PSTRING)&StreamName : NULL, NULL, Filter, Action, NULL);
    RamFree(Name.Buffer);
}

VOID
RamReportNode(PRAM_NODE Node, PRAM_STREAM Stream, ULONG Filter, ULONG Action)
{
    if (!IsListEmpty(&Node->Names)) {
        RamReport(Node->Volume, CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode), Stream,
                  Filter, Action);
    }
}
