/*
 * node.c - files, directories and their names. All of it under Volume->Resource, exclusive to change.
 *
 *   N1  A name stands in its directory's table once, whatever its case; so does its short name.
 *   N2  A link is referenced by its directory and by each file object that was opened through it.
 */
#include "ramfs.h"

static RTL_GENERIC_COMPARE_RESULTS NTAPI
RamCompareNames(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    LONG Result =
        RtlCompareUnicodeString(&(*(PRAM_LINK *)First)->Name, &(*(PRAM_LINK *)Second)->Name, TRUE);

    return Result < 0 ? GenericLessThan : Result > 0 ? GenericGreaterThan : GenericEqual;
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
RamCompareShortNames(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    LONG Result = RtlCompareUnicodeString(&(*(PRAM_LINK *)First)->Short,
                                          &(*(PRAM_LINK *)Second)->Short, TRUE);

    return Result < 0 ? GenericLessThan : Result > 0 ? GenericGreaterThan : GenericEqual;
}

static PVOID NTAPI
RamAllocateElement(PRTL_AVL_TABLE Table, CLONG Bytes)
{
    return RamAllocate(Bytes);
}

static VOID NTAPI
RamFreeElement(PRTL_AVL_TABLE Table, PVOID Element)
{
    RamFree(Element);
}

VOID
RamNow(PLARGE_INTEGER Time)
{
    KeQuerySystemTime(Time);
}

VOID
RamInitializeStream(PRAM_STREAM Stream, PRAM_NODE Node)
{
    Stream->Header.NodeTypeCode = RAM_NODE_STREAM;
    Stream->Header.NodeByteSize = sizeof(*Stream);
    Stream->Header.IsFastIoPossible =
        Node != NULL && Node->Volume->JournalActive ? FastIoIsQuestionable : FastIoIsPossible;
    Stream->Header.Resource = &Stream->Main;
    Stream->Header.PagingIoResource = &Stream->Paging;
    ExInitializeResourceLite(&Stream->Main);
    ExInitializeResourceLite(&Stream->Paging);
    ExInitializeFastMutex(&Stream->Disk);
    ExInitializeFastMutex(&Stream->Mutex);
    FsRtlSetupAdvancedHeader(&Stream->Header, &Stream->Mutex);
    FsRtlInitializeFileLock(&Stream->Locks, NULL, NULL);
    FsRtlInitializeOplock(&Stream->Oplock);
    Stream->Node = Node;
    InitializeListHead(&Stream->Links);
    InitializeListHead(&Stream->Handled);
}

/* The stream's own things; its memory is the caller's. */
VOID
RamDeleteStream(PRAM_STREAM Stream)
{
    RamSetAllocation(Stream, 0);
    FsRtlTeardownPerStreamContexts(&Stream->Header);
    FsRtlUninitializeFileLock(&Stream->Locks);
    FsRtlUninitializeOplock(&Stream->Oplock);
    ExDeleteResourceLite(&Stream->Main);
    ExDeleteResourceLite(&Stream->Paging);
    RamFree(Stream->Name.Buffer);
}

PRAM_STREAM
RamCreateStream(PRAM_NODE Node, PCUNICODE_STRING Name)
{
    PRAM_STREAM Stream = RamAllocate(sizeof(*Stream));

    if (Stream == NULL) {
        return NULL;
    }
    if (Name != NULL) {
        Stream->Name.Buffer = RamAllocate(Name->Length);
        if (Stream->Name.Buffer == NULL) {
            RamFree(Stream);
            return NULL;
        }
        RtlCopyMemory(Stream->Name.Buffer, Name->Buffer, Name->Length);
        Stream->Name.Length = Stream->Name.MaximumLength = Name->Length;
    }
    RamInitializeStream(Stream, Node);
    InsertTailList(&Node->Streams, &Stream->Links);
    return Stream;
}

/* R1: it is none of the node's any more, and goes with its last file object. */
VOID
RamDetachStream(PRAM_STREAM Stream)
{
    RemoveEntryList(&Stream->Links);
    InitializeListHead(&Stream->Links);
    Stream->Removed = TRUE;
    if (Stream->Opens == 0) {
        RamDeleteStream(Stream);
        RamFree(Stream);
    }
}

PRAM_STREAM
RamFindStream(PRAM_NODE Node, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Node->Streams.Flink; Entry != &Node->Streams; Entry = Entry->Flink) {
        PRAM_STREAM Stream = CONTAINING_RECORD(Entry, RAM_STREAM, Links);

        if (RtlEqualUnicodeString(&Stream->Name, Name, TRUE)) {
            return Stream;
        }
    }
    return NULL;
}

PRAM_NODE
RamCreateNode(PRAM_VOLUME Volume, BOOLEAN Directory)
{
    PRAM_NODE Node = RamAllocate(sizeof(*Node));

    if (Node == NULL) {
        return NULL;
    }
    Node->Volume = Volume;
    Node->Id = ++Volume->NextId;
    Node->Directory = Directory;
    Node->Attributes = Directory ? FILE_ATTRIBUTE_DIRECTORY : 0;
    InitializeListHead(&Node->Names);
    InitializeListHead(&Node->Streams);
    Node->Data = RamCreateStream(Node, NULL);
    if (Node->Data == NULL) {
        RamFree(Node);
        return NULL;
    }
    InsertTailList(&Volume->Nodes, &Node->AllNodes);
    RamNow(&Node->CreationTime);
    Node->LastAccessTime = Node->LastWriteTime = Node->ChangeTime = Node->CreationTime;
    if (Directory) {
        RtlInitializeGenericTableAvl(&Node->Children, RamCompareNames, RamAllocateElement,
                                     RamFreeElement, NULL);
        RtlInitializeGenericTableAvl(&Node->ShortNames, RamCompareShortNames, RamAllocateElement,
                                     RamFreeElement, NULL);
        Node->Data->Header.IsFastIoPossible = FastIoIsNotPossible;
    }
    return Node;
}

/* R1 */
VOID
RamTryFreeNode(PRAM_NODE Node)
{
    if (Node->Links != 0 || Node->Opens != 0) {
        return;
    }
    while (!IsListEmpty(&Node->Streams)) {
        PRAM_STREAM Stream = CONTAINING_RECORD(RemoveHeadList(&Node->Streams), RAM_STREAM, Links);

        RamDeleteStream(Stream);
        RamFree(Stream);
    }
    RemoveEntryList(&Node->AllNodes);
    if (Node->Security != NULL) {
        SeDeassignSecurity(&Node->Security);
    }
    RamFree(Node->Source.Buffer);
    RamFree(Node->Ea);
    RamFree(Node->Reparse);
    RamFree(Node);
}

/* Of what is in the tables. */
PRAM_LINK
RamFindLoaded(PRAM_NODE Directory, PCUNICODE_STRING Name)
{
    RAM_LINK Key = {.Name = *Name, .Short = *Name};
    PRAM_LINK Pointer = &Key, *Found;

    Found = RtlLookupElementGenericTableAvl(&Directory->Children, &Pointer);
    if (Found == NULL) {
        Found = RtlLookupElementGenericTableAvl(&Directory->ShortNames, &Pointer);
    }
    return Found != NULL ? *Found : NULL;
}

PRAM_LINK
RamFindChild(PRAM_NODE Directory, PCUNICODE_STRING Name, BOOLEAN CaseSensitive)
{
    PRAM_LINK Link;

    RamLoadChildren(Directory);
    Link = RamFindLoaded(Directory, Name);
    if (Link != NULL && CaseSensitive && !RtlEqualUnicodeString(&Link->Name, Name, FALSE)) {
        return NULL;
    }
    return Link;
}

static BOOLEAN
RamIsShortTaken(PRAM_NODE Directory, PCUNICODE_STRING Short)
{
    return RamFindLoaded(Directory, Short) != NULL;
}

/* 8.3 names are those that FAT could have; whatever else gets one made up. */
static VOID
RamMakeShortName(PRAM_NODE Directory, PRAM_LINK Link)
{
    GENERATE_NAME_CONTEXT Context = {};
    BOOLEAN Spaces = FALSE;

    Link->Short.Buffer = Link->ShortBuffer;
    Link->Short.MaximumLength = sizeof(Link->ShortBuffer);
    if (RtlIsNameLegalDOS8Dot3(&Link->Name, NULL, &Spaces) && !Spaces) {
        return;
    }
    do {
        if (!NT_SUCCESS(RtlGenerate8dot3Name(&Link->Name, FALSE, &Context, &Link->Short))) {
            Link->Short.Length = 0;
            return;
        }
    } while (RamIsShortTaken(Directory, &Link->Short));
}

NTSTATUS
RamAddLink(PRAM_NODE Directory, PRAM_NODE Node, PCUNICODE_STRING Name, PCUNICODE_STRING ShortName,
           PRAM_LINK *Result)
{
    PRAM_LINK Link = RamAllocate(sizeof(*Link) + Name->Length);

    if (Link == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Link->Parent = Directory;
    Link->Node = Node;
    Link->References = 1; /* N2 */
    Link->Name.Buffer = Link->Buffer;
    Link->Name.Length = Link->Name.MaximumLength = Name->Length;
    RtlCopyMemory(Link->Buffer, Name->Buffer, Name->Length);
    if (ShortName != NULL) {
        Link->Short.Buffer = Link->ShortBuffer;
        Link->Short.MaximumLength = sizeof(Link->ShortBuffer);
        RtlCopyUnicodeString(&Link->Short, (PUNICODE_STRING)ShortName);
    } else {
        RamMakeShortName(Directory, Link);
    }
    if (RtlInsertElementGenericTableAvl(&Directory->Children, &Link, sizeof(Link), NULL) == NULL ||
        (Link->Short.Length != 0 && RtlInsertElementGenericTableAvl(&Directory->ShortNames, &Link,
                                                                    sizeof(Link), NULL) == NULL)) {
        RtlDeleteElementGenericTableAvl(&Directory->Children, &Link);
        RamFree(Link);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InsertTailList(&Node->Names, &Link->OfNode);
    Node->Links++;
    *Result = Link;
    return STATUS_SUCCESS;
}

VOID
RamDereferenceLink(PRAM_LINK Link)
{
    if (Link != NULL && --Link->References == 0) {
        RamFree(Link);
    }
}

VOID
RamRemoveLink(PRAM_LINK Link)
{
    PRAM_NODE Directory = Link->Parent;

    RtlDeleteElementGenericTableAvl(&Directory->Children, &Link);
    if (Link->Short.Length != 0) {
        RtlDeleteElementGenericTableAvl(&Directory->ShortNames, &Link);
    }
    RemoveEntryList(&Link->OfNode);
    Link->Parent = NULL;
    Link->Node->Links--;
    RamDereferenceLink(Link);
}

NTSTATUS
RamSetShortName(PRAM_LINK Link, PCUNICODE_STRING Name)
{
    PRAM_LINK Other;

    if (Name->Length > sizeof(Link->ShortBuffer)) {
        return STATUS_INVALID_PARAMETER;
    }
    Other = Name->Length != 0 ? RamFindChild(Link->Parent, Name, FALSE) : NULL;
    if (Other != NULL && Other != Link) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (Link->Short.Length != 0) {
        RtlDeleteElementGenericTableAvl(&Link->Parent->ShortNames, &Link);
    }
    Link->Short.Buffer = Link->ShortBuffer;
    Link->Short.MaximumLength = sizeof(Link->ShortBuffer);
    RtlCopyUnicodeString(&Link->Short, (PUNICODE_STRING)Name);
    if (Link->Short.Length != 0) {
        RtlInsertElementGenericTableAvl(&Link->Parent->ShortNames, &Link, sizeof(Link), NULL);
    }
    return STATUS_SUCCESS;
}

BOOLEAN
RamIsEmpty(PRAM_NODE Directory)
{
    return RamLoadChildren(Directory) != STATUS_INSUFFICIENT_RESOURCES &&
           RtlIsGenericTableEmptyAvl(&Directory->Children);
}

static PRAM_LINK
RamFirstLink(PRAM_NODE Node)
{
    return IsListEmpty(&Node->Names) ? NULL
                                     : CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode);
}

/* Directories have one name: so there is one way up. */
BOOLEAN
RamIsBelow(PRAM_NODE Node, PRAM_NODE Ancestor)
{
    while (Node != NULL && Node != Ancestor) {
        PRAM_LINK Link = RamFirstLink(Node);

        Node = Link != NULL ? Link->Parent : NULL;
    }
    return Node != NULL;
}

/* The name that a file object stands for: the one it was opened by, while there is one. */
PRAM_LINK
RamLinkOf(PRAM_REQUEST Request)
{
    if (Request->Ccb != NULL && Request->Ccb->Link != NULL) {
        return Request->Ccb->Link;
    }
    return Request->Stream->Node != NULL ? RamFirstLink(Request->Stream->Node) : NULL;
}

/* \directory\name[:stream]. A removed name has none of its directories any more. */
NTSTATUS
RamFullName(PRAM_LINK Link, PRAM_STREAM Stream, PUNICODE_STRING Name)
{
    ULONG Length = 0,
          StreamLength = Stream != NULL && Stream->Name.Length != 0 ? Stream->Name.Length + 2u : 0;
    PRAM_LINK Up;
    PUCHAR At;

    for (Up = Link; Up != NULL; Up = Up->Parent != NULL ? RamFirstLink(Up->Parent) : NULL) {
        Length += sizeof(WCHAR) + Up->Name.Length;
    }
    if (Length == 0) {
        Length = sizeof(WCHAR);
    }
    if (Length + StreamLength > 0xFFFE) {
        return STATUS_NAME_TOO_LONG;
    }
    Name->Buffer = RamAllocate(Length + StreamLength);
    if (Name->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Name->Length = Name->MaximumLength = (USHORT)(Length + StreamLength);
    Name->Buffer[0] = L'\\';
    At = (PUCHAR)Name->Buffer + Length;
    if (StreamLength != 0) {
        *(PWSTR)At = L':';
        RtlCopyMemory(At + sizeof(WCHAR), Stream->Name.Buffer, Stream->Name.Length);
    }
    for (Up = Link; Up != NULL; Up = Up->Parent != NULL ? RamFirstLink(Up->Parent) : NULL) {
        At -= Up->Name.Length;
        RtlCopyMemory(At, Up->Name.Buffer, Up->Name.Length);
        At -= sizeof(WCHAR);
        *(PWSTR)At = L'\\';
    }
    return STATUS_SUCCESS;
}

ULONG
RamCountLinks(PRAM_NODE Node)
{
    ULONG Count = 0;

    for (PLIST_ENTRY Entry = Node->Names.Flink; Entry != &Node->Names; Entry = Entry->Flink) {
        Count += CONTAINING_RECORD(Entry, RAM_LINK, OfNode)->DeletePending ? 0 : 1;
    }
    return Node->Data->DeletePending && Count != 0 ? Count - 1 : Count;
}

/* Would a deletion by this file object take its name only? */
BOOLEAN
RamIsOneOfSeveral(PRAM_REQUEST Request)
{
    PRAM_NODE Node = Request->Stream->Node;
    PRAM_LINK Link = Request->Ccb->Link;

    return !Node->Directory && Request->Stream == Node->Data && Link != NULL &&
           Link->Parent != NULL && RamCountLinks(Node) > (Link->DeletePending ? 0u : 1u);
}

BOOLEAN
RamIsGoing(PRAM_STREAM Stream, PRAM_CCB Ccb)
{
    return Stream->DeletePending || Stream->Node->Data->DeletePending ||
           (Ccb != NULL && Ccb->Link != NULL && Stream == Stream->Node->Data &&
            Ccb->Link->DeletePending);
}
