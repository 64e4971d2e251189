/*
 * usn.c - the change journal. [winioctl: USN_RECORD, FSCTL_..._USN_JOURNAL]
 *
 *   J1  A record's USN is its offset in a journal that never ends; what is kept are its last RAM_JOURNAL bytes.
 *   J2  A reason is recorded once between the opening of a file and its last cleanup, which writes them all with
 *       USN_REASON_CLOSE.
 *   J3  The nodes of a volume are listed in the order in which they were made, which is that of their numbers without the upper 16
 *       bits: those count how often a number has been used.
 *   J4  Who appends holds the volume's resource shared at least, and JournalMutex; who reads the journal has either that mutex or the
 *       resource exclusively.
 *   J5  A reader that has come to the end may wait for so many bytes more: its request is held in Waiting, with its buffer locked, until
 *       they are there, its handle is cleaned up, it is cancelled, or the journal goes.
 */
#include "ramfs.h"

#define RAM_JOURNAL 0x40000u

static VOID
RamAppend(PRAM_NODE Node, ULONG Reason, PRAM_LINK Link)
{
    PRAM_VOLUME Volume = Node->Volume;
    USHORT NameLength = Link != NULL ? Link->Name.Length : 0;
    ULONG Length = (FIELD_OFFSET(USN_RECORD, FileName) + NameLength + 7) & ~7u;
    PUSN_RECORD Record;

    if (Volume->JournalUsed + Length > Volume->JournalRoom) { /* J1: the older half goes */
        ULONG Drop = 0;

        while (Drop < Volume->JournalUsed / 2) {
            Drop += ((PUSN_RECORD)(Volume->Journal + Drop))->RecordLength;
        }
        RtlMoveMemory(Volume->Journal, Volume->Journal + Drop, Volume->JournalUsed - Drop);
        Volume->JournalUsed -= Drop;
        Volume->FirstUsn += Drop;
    }
    Record = (PUSN_RECORD)(Volume->Journal + Volume->JournalUsed);
    RtlZeroMemory(Record, Length);
    Record->RecordLength = Length;
    Record->MajorVersion = 2;
    Record->FileReferenceNumber = Node->Id;
    Record->ParentFileReferenceNumber =
        Link != NULL && Link->Parent != NULL ? Link->Parent->Id : Volume->Root->Id;
    Record->Usn = Volume->NextUsn;
    RamNow(&Record->TimeStamp);
    Record->Reason = Reason;
    Record->FileAttributes = Node->Attributes != 0 ? Node->Attributes : FILE_ATTRIBUTE_NORMAL;
    Record->FileNameLength = NameLength;
    Record->FileNameOffset = FIELD_OFFSET(USN_RECORD, FileName);
    if (NameLength != 0) {
        RtlCopyMemory(Record->FileName, Link->Name.Buffer, NameLength);
    }
    Node->Usn = Volume->NextUsn;
    Volume->JournalUsed += Length;
    Volume->NextUsn += Length;
}

/* USN_RECORD_V3: Windows 8; file numbers of 128 bits. */
typedef struct _RAM_RECORD_3 {
    ULONG RecordLength;
    USHORT MajorVersion, MinorVersion;
    ULONG64 File[2], Parent[2];
    USN Usn;
    LARGE_INTEGER TimeStamp;
    ULONG Reason, SourceInfo, SecurityId, FileAttributes;
    USHORT FileNameLength, FileNameOffset;
    WCHAR FileName[1];
} RAM_RECORD_3, *PRAM_RECORD_3;

/* What a reader has: READ_USN_JOURNAL_DATA_V0, or _V1 with the lowest and the highest version of records that it takes. */
typedef struct _RAM_READ {
    READ_USN_JOURNAL_DATA Data;
    USHORT Lowest, Highest, Unused[2];
} RAM_READ, *PRAM_READ;

typedef struct _RAM_ENUM {
    MFT_ENUM_DATA Data;
    USHORT Lowest, Highest, Unused[2];
} RAM_ENUM, *PRAM_ENUM;

/* A request that waits: J5. */
typedef struct _RAM_WAITER {
    RAM_READ Read;
    LONGLONG Until; /* the journal's end then */
} RAM_WAITER, *PRAM_WAITER;

/* Which requests are meant: those of a file object, or those whose bytes are there; neither: all. */
typedef struct _RAM_PEEK {
    PFILE_OBJECT FileObject;
    BOOLEAN Ready;
} RAM_PEEK, *PRAM_PEEK;

static PRAM_VOLUME
RamVolumeOfQueue(PIO_CSQ Queue)
{
    return CONTAINING_RECORD(Queue, RAM_VOLUME, Waiters);
}

static VOID NTAPI
RamInsertWaiter(PIO_CSQ Queue, PIRP Irp)
{
    InsertTailList(&RamVolumeOfQueue(Queue)->Waiting, &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI
RamRemoveWaiter(PIO_CSQ Queue, PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI
RamPeekWaiter(PIO_CSQ Queue, PIRP Irp, PVOID Context)
{
    PRAM_VOLUME Volume = RamVolumeOfQueue(Queue);
    PLIST_ENTRY Entry = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : Volume->Waiting.Flink;
    PRAM_PEEK Peek = Context;

    for (; Entry != &Volume->Waiting; Entry = Entry->Flink) {
        PIRP Each = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        PRAM_WAITER Waiter = Each->Tail.Overlay.DriverContext[0];

        if ((Peek->FileObject == NULL ||
             IoGetCurrentIrpStackLocation(Each)->FileObject == Peek->FileObject) &&
            (!Peek->Ready || Waiter->Until <= Volume->NextUsn)) {
            return Each;
        }
    }
    return NULL;
}

static VOID NTAPI
RamLockWaiters(PIO_CSQ Queue, PKIRQL Irql)
{
    KeAcquireSpinLock(&RamVolumeOfQueue(Queue)->WaitingLock, Irql);
}

static VOID NTAPI
RamUnlockWaiters(PIO_CSQ Queue, KIRQL Irql)
{
    KeReleaseSpinLock(&RamVolumeOfQueue(Queue)->WaitingLock, Irql);
}

static VOID
RamEndWaiter(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    RamFree(Irp->Tail.Overlay.DriverContext[0]);
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID NTAPI
RamCancelWaiter(PIO_CSQ Queue, PIRP Irp)
{
    RamEndWaiter(Irp, STATUS_CANCELLED, 0);
}

VOID
RamInitializeJournal(PRAM_VOLUME Volume)
{
    ExInitializeFastMutex(&Volume->JournalMutex);
    KeInitializeSpinLock(&Volume->WaitingLock);
    InitializeListHead(&Volume->Waiting);
    IoCsqInitialize(&Volume->Waiters, RamInsertWaiter, RamRemoveWaiter, RamPeekWaiter,
                    RamLockWaiters, RamUnlockWaiters, RamCancelWaiter);
}

/* FileObject: NULL: all. */
VOID
RamDismissWaiters(PRAM_VOLUME Volume, PFILE_OBJECT FileObject, NTSTATUS Status)
{
    RAM_PEEK Peek = {FileObject, FALSE};
    PIRP Irp;

    while ((Irp = IoCsqRemoveNextIrp(&Volume->Waiters, &Peek)) != NULL) {
        RamEndWaiter(Irp, Status, 0);
    }
}

/* The version of records for who takes those from Lowest to Highest; 0: there is none. */
static ULONG
RamChooseVersion(USHORT Lowest, USHORT Highest)
{
    ULONG Newest = RamIsWindows8 ? 3 : 2;

    return Lowest > Highest || Lowest > Newest || Highest < 2 ? 0 : Lowest <= 2 ? 2 : 3;
}

/* The record as one of that version; what it takes, 0: more than there is room for. */
static ULONG
RamGiveRecord(PUSN_RECORD From, PUCHAR Out, ULONG Room, ULONG Version)
{
    PRAM_RECORD_3 To = (PVOID)Out;
    ULONG Length = Version == 2
                       ? From->RecordLength
                       : (FIELD_OFFSET(RAM_RECORD_3, FileName) + From->FileNameLength + 7) & ~7u;

    if (Length > Room) {
        return 0;
    }
    if (Version == 2) {
        RtlCopyMemory(Out, From, Length);
        return Length;
    }
    RtlZeroMemory(To, Length);
    To->RecordLength = Length;
    To->MajorVersion = 3;
    To->File[0] = From->FileReferenceNumber;
    To->Parent[0] = From->ParentFileReferenceNumber;
    To->Usn = From->Usn;
    To->TimeStamp = From->TimeStamp;
    To->Reason = From->Reason;
    To->FileAttributes = From->FileAttributes;
    To->FileNameLength = From->FileNameLength;
    To->FileNameOffset = FIELD_OFFSET(RAM_RECORD_3, FileName);
    RtlCopyMemory(To->FileName, From->FileName, From->FileNameLength);
    return Length;
}

/* The records from Read->StartUsn on, as many as fit, behind the number to go on with. */
static NTSTATUS
RamCopyRecords(PRAM_VOLUME Volume, PRAM_READ Reader, PUCHAR Out, ULONG Length,
               PULONG_PTR Information)
{
    ULONG At = 0, Used = sizeof(USN), Version = RamChooseVersion(Reader->Lowest, Reader->Highest);
    PREAD_USN_JOURNAL_DATA Read = &Reader->Data;
    LONGLONG Usn = Read->StartUsn;

    if (Read->UsnJournalID != Volume->JournalId || Version == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Usn == 0) {
        Usn = Volume->FirstUsn;
    }
    if (Usn < Volume->FirstUsn) {
        return STATUS_JOURNAL_ENTRY_DELETED;
    }
    if (Usn > Volume->NextUsn) {
        return STATUS_INVALID_PARAMETER;
    }
    while (At < Volume->JournalUsed) {
        PUSN_RECORD Record = (PUSN_RECORD)(Volume->Journal + At);

        At += Record->RecordLength;
        if (Record->Usn < Usn) {
            continue;
        }
        if ((Record->Reason & Read->ReasonMask) != 0 &&
            (!Read->ReturnOnlyOnClose || (Record->Reason & USN_REASON_CLOSE) != 0)) {
            ULONG Given = RamGiveRecord(Record, Out + Used, Length - Used, Version);

            if (Given == 0) {
                break;
            }
            Used += Given;
        }
        Usn = Record->Usn + Record->RecordLength;
    }
    *(USN *)Out = Usn;
    *Information = Used;
    return STATUS_SUCCESS;
}

/* J5: whoever has what it waits for. */
static VOID
RamServeWaiters(PRAM_VOLUME Volume)
{
    RAM_PEEK Peek = {NULL, TRUE};
    PIRP Irp;

    while ((Irp = IoCsqRemoveNextIrp(&Volume->Waiters, &Peek)) != NULL) {
        PRAM_WAITER Waiter = Irp->Tail.Overlay.DriverContext[0];
        PVOID Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
        ULONG_PTR Used = 0;

        if (Buffer != NULL) {
            ExAcquireFastMutex(&Volume->JournalMutex);
            Status = RamCopyRecords(Volume, &Waiter->Read, Buffer,
                                    MmGetMdlByteCount(Irp->MdlAddress), &Used);
            ExReleaseFastMutex(&Volume->JournalMutex);
        }
        RamEndWaiter(Irp, Status, Used);
    }
}

/* J2. Link: the name that it is about; NULL: any of the file's. */
VOID
RamNoteUsnOf(PRAM_NODE Node, ULONG Reason, PRAM_LINK Link)
{
    ULONG New;

    if (Node == NULL || !Node->Volume->JournalActive) {
        return;
    }
    ExAcquireFastMutex(&Node->Volume->JournalMutex); /* J4 */
    New = (Node->UsnReasons | Reason) & ~Node->UsnReasons;
    if (New == 0) {
        ExReleaseFastMutex(&Node->Volume->JournalMutex);
        return;
    }
    /* The names of a rename stand for themselves: the old one does not go with the new. */
    if (Reason & USN_REASON_RENAME_NEW_NAME) {
        Node->UsnReasons &= ~USN_REASON_RENAME_OLD_NAME;
    }
    Node->UsnReasons |= Reason;
    if ((Link == NULL || Link->Parent == NULL) && !IsListEmpty(&Node->Names)) {
        Link = CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode);
    }
    RamAppend(Node, Node->UsnReasons, Link);
    if (Reason & USN_REASON_CLOSE) {
        Node->UsnReasons = 0;
    }
    ExReleaseFastMutex(&Node->Volume->JournalMutex);
    RamServeWaiters(Node->Volume);
}

VOID
RamNoteUsn(PRAM_NODE Node, ULONG Reason)
{
    RamNoteUsnOf(Node, Reason, NULL);
}

/* USN_REASON_DATA_...; those of named streams have names of their own. */
VOID
RamNoteData(PRAM_STREAM Stream, ULONG Reason)
{
    RamNoteUsn(Stream->Node, Stream == Stream->Node->Data ? Reason : Reason << 4);
}

static NTSTATUS
RamCreateJournal(PRAM_VOLUME Volume)
{
    LARGE_INTEGER Now;

    if (Volume->JournalActive) {
        return STATUS_SUCCESS;
    }
    Volume->Journal = RamAllocate(RAM_JOURNAL);
    if (Volume->Journal == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RamNow(&Now);
    Volume->JournalRoom = RAM_JOURNAL;
    Volume->JournalUsed = 0;
    Volume->JournalId = (ULONGLONG)Now.QuadPart;
    Volume->FirstUsn = Volume->NextUsn;
    Volume->JournalActive = TRUE;
    for (PLIST_ENTRY Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        for (PLIST_ENTRY Each = Node->Streams.Flink; Each != &Node->Streams; Each = Each->Flink) {
            RamUpdateFastIo(CONTAINING_RECORD(Each, RAM_STREAM, Links)); /* J2: not past us */
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RamHoldReader(PRAM_REQUEST Request, PRAM_READ Read, PVOID Out, ULONG Length)
{
    PRAM_WAITER Waiter = RamAllocate(sizeof(*Waiter));
    PMDL Mdl;

    if (Waiter == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Mdl = IoAllocateMdl(Out, Length, FALSE, FALSE, Request->Irp);
    if (Mdl == NULL) {
        RamFree(Waiter);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        MmProbeAndLockPages(Mdl, Request->Irp->RequestorMode, IoWriteAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Request->Irp->MdlAddress = NULL;
        IoFreeMdl(Mdl);
        RamFree(Waiter);
        return GetExceptionCode();
    }
    Waiter->Read = *Read;
    Waiter->Until = Request->Volume->NextUsn + (LONGLONG)Read->Data.BytesToWaitFor;
    Request->Irp->Tail.Overlay.DriverContext[0] = Waiter;
    Request->Taken = TRUE;
    IoCsqInsertIrp(&Request->Volume->Waiters, Request->Irp, NULL);
    return STATUS_PENDING;
}

static NTSTATUS
RamReadJournal(PRAM_REQUEST Request, PRAM_READ Read, PUCHAR Out, ULONG Length)
{
    NTSTATUS Status = RamCopyRecords(Request->Volume, Read, Out, Length, &Request->Information);

    if (NT_SUCCESS(Status) && Request->Information == sizeof(USN) &&
        Read->Data.BytesToWaitFor != 0 && *(USN *)Out == Request->Volume->NextUsn) {
        Read->Data.StartUsn = Request->Volume->NextUsn;
        return RamHoldReader(Request, Read, Out, Length);
    }
    return Status;
}

/* The record of a file as it is, as if one were written now. 0: there is no room for it. */
static ULONG
RamDescribe(PRAM_NODE Node, PRAM_LINK Link, PUCHAR Out, ULONG Length, ULONG Version)
{
    UCHAR Buffer[FIELD_OFFSET(USN_RECORD, FileName) + RAM_MAX_NAME * sizeof(WCHAR) + 8];
    PUSN_RECORD Record = (PUSN_RECORD)Buffer;
    ULONG NameLength = Link != NULL ? Link->Name.Length : 0;

    RtlZeroMemory(Buffer, sizeof(Buffer));
    Record->RecordLength = (FIELD_OFFSET(USN_RECORD, FileName) + NameLength + 7) & ~7u;
    Record->MajorVersion = 2;
    Record->FileReferenceNumber = Node->Id;
    Record->ParentFileReferenceNumber =
        Link != NULL && Link->Parent != NULL ? Link->Parent->Id : Node->Volume->Root->Id;
    Record->Usn = Node->Usn;
    Record->FileAttributes = Node->Attributes != 0 ? Node->Attributes : FILE_ATTRIBUTE_NORMAL;
    Record->FileNameLength = (USHORT)NameLength;
    Record->FileNameOffset = FIELD_OFFSET(USN_RECORD, FileName);
    if (NameLength != 0) {
        RtlCopyMemory(Record->FileName, Link->Name.Buffer, NameLength);
    }
    return RamGiveRecord(Record, Out, Length, Version);
}

/* METHOD_NEITHER */
static NTSTATUS
RamReadFileUsn(PRAM_REQUEST Request, PUCHAR Out, ULONG Length, ULONG Version)
{
    if (Version == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Request->Information =
        RamDescribe(Request->Stream->Node, RamLinkOf(Request), Out, Length, Version);
    return Request->Information == 0 ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

static ULONG64
RamOrdinal(ULONG64 Number)
{
    return Number & 0xFFFFFFFFFFFFull;
}

/*
 * The files in the order of their numbers, from one on: where to go on, then a record of each. [winioctl: FSCTL_ENUM_USN_DATA,
 * MFT_ENUM_DATA; J3]
 */
static NTSTATUS
RamEnumerate(PRAM_REQUEST Request, PRAM_ENUM Reader, PUCHAR Out, ULONG Length)
{
    PRAM_VOLUME Volume = Request->Volume;
    PMFT_ENUM_DATA Enum = &Reader->Data;
    ULONG Used = sizeof(ULONGLONG), Size;
    ULONG Version = RamChooseVersion(Reader->Lowest, Reader->Highest);
    ULONG64 Next = 0;
    PLIST_ENTRY Entry;

    if (Version == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    for (Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        Next = Node->Id + 1;
        if (RamOrdinal(Node->Id) < RamOrdinal(Enum->StartFileReferenceNumber) ||
            Node->Usn < Enum->LowUsn || Node->Usn > Enum->HighUsn ||
            (Node->Links == 0 && Node != Volume->Root)) {
            continue;
        }
        Size = RamDescribe(Node,
                           IsListEmpty(&Node->Names)
                               ? NULL
                               : CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode),
                           Out + Used, Length - Used, Version);
        if (Size == 0) {
            Next = Node->Id;
            break;
        }
        Used += Size;
    }
    if (Used == sizeof(ULONGLONG)) {
        return Entry == &Volume->Nodes ? STATUS_END_OF_FILE : STATUS_BUFFER_TOO_SMALL;
    }
    *(PULONG64)Out = Next;
    Request->Information = Used;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamJournal(PRAM_REQUEST Request, ULONG Code, ULONG In, ULONG Out)
{
    PRAM_VOLUME Volume = Request->Volume;
    PVOID System = Request->Irp->AssociatedIrp.SystemBuffer, User = Request->Irp->UserBuffer;
    PVOID Input = Request->Stack->Parameters.FileSystemControl.Type3InputBuffer;
    USHORT Range[2] = {2, 2};
    RAM_READ Read;
    RAM_ENUM Enum;

    switch (Code) {
    case FSCTL_CREATE_USN_JOURNAL:
        return RamCreateJournal(Volume);
    case FSCTL_READ_FILE_USN_DATA:
        if (RamIsVolumeOpen(Request)) {
            return STATUS_INVALID_PARAMETER;
        }
        RamProbe(Request, Input, In, User, Out);
        if (In >= sizeof(Range)) {
            RtlCopyMemory(Range, Input, sizeof(Range));
        }
        return RamReadFileUsn(Request, User, Out, RamChooseVersion(Range[0], Range[1]));
    case FSCTL_ENUM_USN_DATA:
        if (In < sizeof(Enum.Data) || Out < sizeof(ULONGLONG)) {
            return STATUS_INVALID_PARAMETER;
        }
        RamProbe(Request, Input, In, User, Out);
        Enum.Lowest = Enum.Highest = 2;
        RtlCopyMemory(&Enum, Input, In < sizeof(Enum) ? sizeof(Enum.Data) : sizeof(Enum));
        return RamEnumerate(Request, &Enum, User, Out);
    }
    if (!Volume->JournalActive) {
        return STATUS_JOURNAL_NOT_ACTIVE;
    }
    switch (Code) {
    case FSCTL_DELETE_USN_JOURNAL:
        if (In >= sizeof(DELETE_USN_JOURNAL_DATA) &&
            ((PDELETE_USN_JOURNAL_DATA)System)->UsnJournalID != Volume->JournalId) {
            return STATUS_INVALID_PARAMETER;
        }
        Volume->JournalActive = FALSE;
        RamDismissWaiters(Volume, NULL, STATUS_JOURNAL_DELETE_IN_PROGRESS);
        RamFree(Volume->Journal);
        Volume->Journal = NULL;
        return STATUS_SUCCESS;
    case FSCTL_QUERY_USN_JOURNAL: {
        PUSN_JOURNAL_DATA Data = System;

        if (Out < sizeof(*Data)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlZeroMemory(Data, sizeof(*Data));
        Data->UsnJournalID = Volume->JournalId;
        Data->FirstUsn = Data->LowestValidUsn = Volume->FirstUsn;
        Data->NextUsn = Volume->NextUsn;
        Data->MaxUsn = 0x7FFFFFFFFFFF0000ll;
        Data->MaximumSize = RAM_JOURNAL;
        Data->AllocationDelta = RAM_JOURNAL / 2;
        Request->Information = sizeof(*Data);
        return STATUS_SUCCESS;
    }
    case FSCTL_READ_USN_JOURNAL:
        if (In < sizeof(Read.Data) || Out < sizeof(USN)) {
            return STATUS_INVALID_PARAMETER;
        }
        RamProbe(Request, Input, In, User, Out);
        Read.Lowest = Read.Highest = 2;
        RtlCopyMemory(&Read, Input, In < sizeof(Read) ? sizeof(Read.Data) : sizeof(Read));
        return RamReadJournal(Request, &Read, User, Out);
    case FSCTL_WRITE_USN_CLOSE_RECORD:
        if (RamIsVolumeOpen(Request)) {
            return STATUS_INVALID_PARAMETER;
        }
        RamProbe(Request, NULL, 0, User, Out >= sizeof(USN) ? sizeof(USN) : 0);
        RamNoteUsn(Request->Stream->Node, USN_REASON_CLOSE);
        if (Out >= sizeof(USN)) {
            *(USN *)User = Request->Stream->Node->Usn;
            Request->Information = sizeof(USN);
        }
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS
RamJournalControl(PRAM_REQUEST Request, ULONG Code)
{
    NTSTATUS Status;

    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    __try {
        Status = RamJournal(Request, Code,
                            Request->Stack->Parameters.FileSystemControl.InputBufferLength,
                            Request->Stack->Parameters.FileSystemControl.OutputBufferLength);
    } __finally {
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    return Status;
}
