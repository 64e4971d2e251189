/*
 * query.c - IRP_MJ_QUERY_INFORMATION. [wdm: FILE_INFORMATION_CLASS; nt-semantics-2 4.6]
 *
 * The buffer is long enough for the fixed part of the class, the I/O manager has seen to that for user mode; a
 * kernel caller's is checked here. What does not fit of a name gives STATUS_BUFFER_OVERFLOW.
 */
#include "ramfs.h"

#define RAM_DELETED_ID 0xB00000000000Bull /* of no directory that can be opened */

#define RAM_QUERY_STAT 1u /* QoCFileStatInformation, of fltKernel.h */

typedef struct _RAM_OUT {
    PUCHAR Buffer;
    ULONG Length, Used;
    NTSTATUS Status;
} RAM_OUT, *PRAM_OUT;

static ULONG
RamAttributesOf(PRAM_NODE Node, PRAM_STREAM Stream)
{
    ULONG Attributes = Node->Attributes;

    if (Node->Reparse != NULL) {
        Attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
    if (Stream != NULL && Stream != Node->Data) {
        Attributes &= ~FILE_ATTRIBUTE_DIRECTORY;
    }
    return Attributes == 0 ? FILE_ATTRIBUTE_NORMAL : Attributes;
}

static VOID
RamTimes(PRAM_NODE Node, PLARGE_INTEGER Times)
{
    Times[0] = Node->CreationTime;
    Times[1] = Node->LastAccessTime;
    Times[2] = Node->LastWriteTime;
    Times[3] = Node->ChangeTime;
}

static VOID
RamQueryBasic(PRAM_STREAM Stream, PFILE_BASIC_INFORMATION Info)
{
    RtlZeroMemory(Info, sizeof(*Info));
    RamTimes(Stream->Node, &Info->CreationTime);
    Info->FileAttributes = RamAttributesOf(Stream->Node, Stream);
}

static VOID
RamQueryStandard(PRAM_STREAM Stream, PRAM_CCB Ccb, PFILE_STANDARD_INFORMATION Info)
{
    PRAM_NODE Node = Stream->Node;

    RtlZeroMemory(Info, sizeof(*Info));
    Info->AllocationSize.QuadPart = (LONGLONG)RamAllocated(Stream);
    Info->EndOfFile = Stream->Header.FileSize;
    Info->DeletePending = RamIsGoing(Stream, Ccb);
    Info->NumberOfLinks = RamCountLinks(Node);
    Info->Directory = Node->Directory && Stream == Node->Data;
}

/* FILE_STANDARD_INFORMATION_EX, where there is room for it. */
static VOID
RamQueryStandardEx(PRAM_STREAM Stream, PRAM_OUT Out)
{
    Out->Buffer[22] = Stream != Stream->Node->Data; /* AlternateStream */
    Out->Buffer[23] = FALSE;                        /* MetadataAttribute */
}

/* A name behind its length; Fixed is where it begins. */
static VOID
RamPutName(PRAM_OUT Out, ULONG Offset, PCUNICODE_STRING Name)
{
    PFILE_NAME_INFORMATION Info = (PVOID)(Out->Buffer + Offset);
    ULONG Room = Out->Length - Offset - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    ULONG Copy = min(Room, Name->Length);

    Info->FileNameLength = Name->Length;
    RtlCopyMemory(Info->FileName, Name->Buffer, Copy);
    Out->Used = Offset + FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Copy;
    Out->Status = Copy < Name->Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* What was deleted and is still open has a name in a directory of its own, made of its ID. */
static VOID
RamNameDeleted(PRAM_NODE Node, PWSTR Name)
{
    for (int i = 0; i < 24; i++) {
        ULONG Digit = i < 8 ? 0 : (ULONG)(Node->Id >> (60 - 4 * (i - 8))) & 15;

        Name[i] = (WCHAR)(Digit < 10 ? L'0' + Digit : L'A' + Digit - 10);
    }
}

static BOOLEAN
RamIsNameless(PRAM_NODE Node)
{
    return Node->Links == 0 && Node != Node->Volume->Root;
}

static VOID
RamQueryName(PRAM_REQUEST Request, PRAM_OUT Out, ULONG Offset)
{
    static const WCHAR Deleted[] = L"\\$Extend\\$Deleted\\";
    WCHAR Buffer[RTL_NUMBER_OF(Deleted) + 24];
    UNICODE_STRING Name;

    if ((Request->Ccb->Flags & (RAM_CCB_BY_ID | RAM_CCB_NO_TRAVERSE)) ==
        (RAM_CCB_BY_ID | RAM_CCB_NO_TRAVERSE)) {
        Out->Status = STATUS_ACCESS_DENIED; /* it tells where it lies */
        return;
    }
    if (RamIsNameless(Request->Stream->Node)) {
        RtlCopyMemory(Buffer, Deleted, sizeof(Deleted));
        RamNameDeleted(Request->Stream->Node, Buffer + RTL_NUMBER_OF(Deleted) - 1);
        Name.Buffer = Buffer;
        Name.Length = sizeof(Buffer) - 2 * sizeof(WCHAR);
        RamPutName(Out, Offset, &Name);
        return;
    }
    Out->Status = RamFullName(RamLinkOf(Request), Request->Stream, &Name);
    if (NT_SUCCESS(Out->Status)) {
        RamPutName(Out, Offset, &Name);
        RamFree(Name.Buffer);
    }
}

static VOID
RamQueryAll(PRAM_REQUEST Request, PRAM_OUT Out)
{
    PFILE_ALL_INFORMATION Info = (PVOID)Out->Buffer;

    RamQueryBasic(Request->Stream, &Info->BasicInformation);
    RamQueryStandard(Request->Stream, Request->Ccb, &Info->StandardInformation);
    Info->InternalInformation.IndexNumber.QuadPart = (LONGLONG)Request->Stream->Node->Id;
    Info->EaInformation.EaSize = Request->Stream->Node->EaLength;
    RamQueryName(Request, Out, FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation));
}

/* Each stream of bytes; a directory has no unnamed one. */
static VOID
RamQueryStreams(PRAM_NODE Node, PRAM_OUT Out)
{
    PFILE_STREAM_INFORMATION Last = NULL;
    ULONG At = 0;

    for (PLIST_ENTRY Entry = Node->Streams.Flink; Entry != &Node->Streams; Entry = Entry->Flink) {
        PRAM_STREAM Stream = CONTAINING_RECORD(Entry, RAM_STREAM, Links);
        PFILE_STREAM_INFORMATION Info = (PVOID)(Out->Buffer + At);
        ULONG NameLength = Stream->Name.Length + 7 * sizeof(WCHAR);
        ULONG Size = FIELD_OFFSET(FILE_STREAM_INFORMATION, StreamName) + NameLength;

        if (Node->Directory && Stream == Node->Data) {
            continue;
        }
        if (At + Size > Out->Length) {
            Out->Status = STATUS_BUFFER_OVERFLOW;
            break;
        }
        if (Last != NULL) {
            Last->NextEntryOffset = (ULONG)((PUCHAR)Info - (PUCHAR)Last);
        }
        Info->NextEntryOffset = 0;
        Info->StreamNameLength = NameLength;
        Info->StreamSize = Stream->Header.FileSize;
        Info->StreamAllocationSize.QuadPart = (LONGLONG)RamAllocated(Stream);
        Info->StreamName[0] = L':';
        RtlCopyMemory(Info->StreamName + 1, Stream->Name.Buffer, Stream->Name.Length);
        RtlCopyMemory((PUCHAR)(Info->StreamName + 1) + Stream->Name.Length, L":$DATA",
                      6 * sizeof(WCHAR));
        Last = Info;
        Out->Used = At + Size;
        At = (Out->Used + 7) & ~7u;
    }
    if (Last == NULL && Out->Status == STATUS_SUCCESS) {
        Out->Used = 0;
    }
}

/* FILE_LINKS_INFORMATION: {BytesNeeded, EntriesReturned, entries {Next, ParentFileId, NameLength, Name}} */
static VOID
RamQueryLinks(PRAM_NODE Node, PRAM_OUT Out)
{
    PULONG Header = (PULONG)Out->Buffer, LastNext = NULL;
    ULONG At = 8, Needed = 8;

    Header[0] = Header[1] = 0;
    if (RamIsNameless(Node)) {
        Header[0] = At + 20 + 24 * sizeof(WCHAR);
        if (Header[0] > Out->Length) {
            Out->Status = STATUS_BUFFER_OVERFLOW;
            return;
        }
        Header[1] = 1;
        *(PULONG)(Out->Buffer + At) = 0;
        *(PULONG64)(Out->Buffer + At + 8) = RAM_DELETED_ID;
        *(PULONG)(Out->Buffer + At + 16) = 24;
        RamNameDeleted(Node, (PWSTR)(Out->Buffer + At + 20));
        Out->Used = Header[0];
        return;
    }
    for (PLIST_ENTRY Entry = Node->Names.Flink; Entry != &Node->Names; Entry = Entry->Flink) {
        PRAM_LINK Link = CONTAINING_RECORD(Entry, RAM_LINK, OfNode);
        ULONG Size = 20 + Link->Name.Length;
        PUCHAR Info = Out->Buffer + At;

        Needed = ((Needed + 7) & ~7u) + Size;
        if (At + Size > Out->Length) {
            Out->Status = STATUS_BUFFER_OVERFLOW;
            continue;
        }
        if (LastNext != NULL) {
            *LastNext = (ULONG)(Info - (PUCHAR)LastNext);
        }
        LastNext = (PULONG)Info;
        *LastNext = 0;
        *(PULONG64)(Info + 8) = Link->Parent->Id;
        *(PULONG)(Info + 16) = Link->Name.Length / sizeof(WCHAR);
        RtlCopyMemory(Info + 20, Link->Name.Buffer, Link->Name.Length);
        Header[1]++;
        Out->Used = At + Size;
        At = (Out->Used + 7) & ~7u;
    }
    Header[0] = Needed;
}

/* As the create ends: what its opener would ask next. */
VOID
RamAnswerCreate(PRAM_REQUEST Request, PRAM_STREAM Stream)
{
    PQUERY_ON_CREATE_ECP_CONTEXT Query = RamQueryOnCreate(Request->Irp);
    PQUERY_ON_CREATE_FILE_STAT_INFORMATION Info;

    if (Query == NULL || (Query->RequestedClasses & RAM_QUERY_STAT) == 0) {
        return;
    }
    Info = &Query->StatInformation;
    RtlZeroMemory(Info, sizeof(*Info));
    Info->FileId.QuadPart = (LONGLONG)Stream->Node->Id;
    RamTimes(Stream->Node, &Info->CreationTime);
    Info->AllocationSize.QuadPart = (LONGLONG)RamAllocated(Stream);
    Info->EndOfFile = Stream->Header.FileSize;
    Info->FileAttributes = RamAttributesOf(Stream->Node, Stream);
    Info->ReparseTag = Stream->Node->Reparse != NULL ? Stream->Node->Reparse->ReparseTag : 0;
    Info->NumberOfLinks = RamCountLinks(Stream->Node);
    Query->ClassesProcessed |= RAM_QUERY_STAT;
}

static ULONG
RamLeast(ULONG Class)
{
    switch (Class) {
    case FileBasicInformation:
        return sizeof(FILE_BASIC_INFORMATION);
    case FileStandardInformation:
        return sizeof(FILE_STANDARD_INFORMATION);
    case FileInternalInformation:
    case FilePositionInformation:
    case FileAttributeTagInformation:
        return 8;
    case FileEaInformation:
        return sizeof(ULONG);
    case FileNameInformation:
    case FileNormalizedNameInformation:
    case FileAlternateNameInformation:
        return FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    case FileAllInformation:
        return FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation.FileName);
    case FileNetworkOpenInformation:
        return sizeof(FILE_NETWORK_OPEN_INFORMATION);
    case FileStreamInformation:
        return 0;
    case FileCompressionInformation:
        return sizeof(FILE_COMPRESSION_INFORMATION);
    case FileHardLinkInformation:
        return 8;
    case 54:
        return 12;
    case 59:
        return 24;
    case 68:
        return 72;
    case 70:
        return 96;
    case 71:
        return sizeof(ULONG);
    }
    return ~0u;
}

static VOID
RamFill(PRAM_REQUEST Request, ULONG Class, PRAM_OUT Out)
{
    PRAM_STREAM Stream = Request->Stream;
    PRAM_NODE Node = Stream->Node;
    PRAM_LINK Link;

    switch (Class) {
    case FileBasicInformation:
        RamQueryBasic(Stream, (PVOID)Out->Buffer);
        break;
    case FileStandardInformation:
        RamQueryStandard(Stream, Request->Ccb, (PVOID)Out->Buffer);
        RamQueryStandardEx(Stream, Out);
        break;
    case FileInternalInformation:
        *(PULONG64)Out->Buffer = Node->Id;
        break;
    case FilePositionInformation:
        *(PLARGE_INTEGER)Out->Buffer = Request->FileObject->CurrentByteOffset;
        break;
    case FileEaInformation:
        *(PULONG)Out->Buffer = Node->EaLength;
        break;
    case FileNormalizedNameInformation:
        if (Request->Ccb->Flags & RAM_CCB_NO_TRAVERSE) {
            Out->Status = STATUS_ACCESS_DENIED;
            break;
        }
        /* fall through */
    case FileNameInformation:
        RamQueryName(Request, Out, 0);
        break;
    case FileAlternateNameInformation:
        Link = RamLinkOf(Request);
        if (Link == NULL || Stream != Node->Data) {
            Out->Status = STATUS_OBJECT_NAME_NOT_FOUND;
        } else {
            RamPutName(Out, 0, Link->Short.Length != 0 ? &Link->Short : &Link->Name);
        }
        break;
    case FileAllInformation:
        RamQueryAll(Request, Out);
        break;
    case FileNetworkOpenInformation: {
        PFILE_NETWORK_OPEN_INFORMATION Info = (PVOID)Out->Buffer;

        RtlZeroMemory(Info, sizeof(*Info));
        RamTimes(Node, &Info->CreationTime);
        Info->AllocationSize.QuadPart = (LONGLONG)RamAllocated(Stream);
        Info->EndOfFile = Stream->Header.FileSize;
        Info->FileAttributes = RamAttributesOf(Node, Stream);
        break;
    }
    case FileAttributeTagInformation:
        ((PULONG)Out->Buffer)[0] = RamAttributesOf(Node, Stream);
        ((PULONG)Out->Buffer)[1] = Node->Reparse != NULL ? Node->Reparse->ReparseTag : 0;
        break;
    case FileStreamInformation:
        RamQueryStreams(Node, Out);
        break;
    case FileCompressionInformation:
        RtlZeroMemory(Out->Buffer, sizeof(FILE_COMPRESSION_INFORMATION));
        ((PFILE_COMPRESSION_INFORMATION)Out->Buffer)->CompressedFileSize.QuadPart =
            (LONGLONG)RamAllocated(Stream);
        break;
    case FileHardLinkInformation:
        if (Request->Ccb->Flags & RAM_CCB_NO_TRAVERSE) {
            Out->Status = STATUS_ACCESS_DENIED; /* it tells where the names lie */
        } else {
            RamQueryLinks(Node, Out);
        }
        break;
    case 54: /* FileStandardLinkInformation */
        RtlZeroMemory(Out->Buffer, 12);
        ((PULONG)Out->Buffer)[0] = RamCountLinks(Node);
        ((PULONG)Out->Buffer)[1] = RamIsNameless(Node) ? 1 : Node->Links;
        Out->Buffer[8] = RamIsGoing(Stream, Request->Ccb);
        Out->Buffer[9] = Node->Directory;
        Out->Used = 12;
        break;
    case 59: /* FileIdInformation */
        RtlZeroMemory(Out->Buffer, 24);
        *(PULONG64)Out->Buffer = Request->Volume->Vpb->SerialNumber;
        *(PULONG64)(Out->Buffer + 8) = Node->Id;
        break;
    case 71: /* FileCaseSensitiveInformation: no directory here is */
        *(PULONG)Out->Buffer = 0;
        break;
    case 68: /* FileStatInformation */
    case 70: /* FileStatLxInformation: the same, and no Linux metadata is stored */
        RtlZeroMemory(Out->Buffer, Out->Used);
        *(PULONG64)Out->Buffer = Node->Id;
        RamTimes(Node, (PLARGE_INTEGER)(Out->Buffer + 8));
        *(PULONG64)(Out->Buffer + 40) = RamAllocated(Stream);
        *(PULONG64)(Out->Buffer + 48) = (ULONG64)Stream->Header.FileSize.QuadPart;
        *(PULONG)(Out->Buffer + 56) = RamAttributesOf(Node, Stream);
        *(PULONG)(Out->Buffer + 60) = Node->Reparse != NULL ? Node->Reparse->ReparseTag : 0;
        *(PULONG)(Out->Buffer + 64) = Node->Links;
        *(PULONG)(Out->Buffer + 68) = Request->Ccb->Granted;
        break;
    }
}

/*
 * Has the cleanup of its last handle removed it? Filters ask after that cleanup to learn what was deleted. [ifs: "Tracking file
 * deletions", sample delete: STATUS_FILE_DELETED from FileStandardInformation and FSCTL_GET_OBJECT_ID]
 */
BOOLEAN
RamIsGone(PRAM_STREAM Stream)
{
    PRAM_NODE Node = Stream->Node;

    return Stream->Removed ||
           (Node->Links == 0 && Node->Handles == 0 && Node != Node->Volume->Root);
}

static BOOLEAN
RamTellsTimes(ULONG Class)
{
    return Class == FileBasicInformation || Class == FileAllInformation ||
           Class == FileNetworkOpenInformation || Class == 68 || Class == 70;
}

NTSTATUS
RamQuery(PRAM_REQUEST Request)
{
    ULONG Class = Request->Stack->Parameters.QueryFile.FileInformationClass;
    RAM_OUT Out = {.Buffer = Request->Irp->AssociatedIrp.SystemBuffer,
                   .Length = Request->Stack->Parameters.QueryFile.Length};
    ULONG Least = RamLeast(Class);

    if (Request->Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (RamIsVolumeOpen(Request) || Least == ~0u) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Out.Length < Least) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Out.Used = Least;
    ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
    if (RamIsDismounted(Request->Volume, Request->Ccb)) {
        Out.Status = STATUS_VOLUME_DISMOUNTED;
    } else if (RamIsGone(Request->Stream)) {
        Out.Status = STATUS_FILE_DELETED;
    } else {
        if (RamTellsTimes(Class)) {
            RamStamp(Request);
        }
        ExAcquireResourceSharedLite(&Request->Stream->Main, TRUE);
        RamFill(Request, Class, &Out);
        ExReleaseResourceLite(&Request->Stream->Main);
    }
    ExReleaseResourceLite(&Request->Volume->Resource);
    if (!NT_ERROR(Out.Status)) {
        Request->Information = Out.Used;
    }
    return Out.Status;
}
