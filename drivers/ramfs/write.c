/*
 * write.c - IRP_MJ_WRITE and IRP_MJ_FLUSH_BUFFERS. [ntifs: IRP_MJ_WRITE; FAT sample, write; nt-semantics-2 2.5]
 *
 *   W1  Paging I/O never extends FileSize: what begins beyond it succeeds and writes nothing, what crosses it is
 *       cut.
 *   W2  ValidDataLength is extended by who is on top: a user's write, the mapped-page writer; never by the lazy
 *       writer nor by a write that a flush sends: Cc tells ours when the data is written.
 *   W3  A write that extends the file does so before the cache is told.
 *   W4  What lies between ValidDataLength and a write beyond it is zero: on the disk, and in the cache unless a view of a
 *       user has written there. So nothing is zeroed.
 *   W5  A non-cached write flushes and purges what is cached first.
 */
#include "ramfs.h"

static VOID
RamMoveValid(PRAM_STREAM Stream, ULONG64 End)
{
    if (End > (ULONG64)Stream->Header.ValidDataLength.QuadPart) {
        Stream->Header.ValidDataLength.QuadPart = (LONGLONG)End;
    }
}

/* To the disk; between ValidDataLength and Offset there are zeros from now on. */
static NTSTATUS
RamWriteDisk(PRAM_STREAM Stream, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    ULONG64 Valid = (ULONG64)Stream->Header.ValidDataLength.QuadPart;

    RamNoteChange(Stream);
    if (Offset > Valid) {
        RamZeroPages(Stream, Valid, Offset);
    }
    return RamCopyIn(Stream, Offset, Buffer, Length);
}

static NTSTATUS
RamWritePaging(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 Offset = (ULONG64)Request->Stack->Parameters.Write.ByteOffset.QuadPart, Size;
    ULONG Length = Request->Stack->Parameters.Write.Length;
    PUCHAR Buffer = RamBuffer(Request->Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    Request->Information = Length;
    ExAcquireResourceSharedLite(&Stream->Paging, TRUE);
    __try {
        Size = (ULONG64)Stream->Header.FileSize.QuadPart;
        if (Offset < Size) { /* W1 */
            Length = (ULONG)min((ULONG64)Length, Size - Offset);
            ExAcquireFastMutex(&Stream->Disk);
            Status = RamWriteDisk(Stream, Offset, Buffer, Length);
            if (NT_SUCCESS(Status)) {
                /* Everything is in the cache or on the disk by now: W2 */
                RamMoveValid(Stream, Offset + Length);
                RamCount(Request->Volume, TRUE, Length);
            }
            ExReleaseFastMutex(&Stream->Disk);
        }
    } __finally {
        ExReleaseResourceLite(&Stream->Paging);
    }
    return Status;
}

static NTSTATUS
RamExtend(PRAM_REQUEST Request, ULONG64 End)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 Old = (ULONG64)Stream->Header.FileSize.QuadPart;
    NTSTATUS Status;

    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    if (End > (ULONG64)Stream->Header.AllocationSize.QuadPart) {
        Status = RamSetAllocation(Stream, End);
        if (!NT_SUCCESS(Status)) {
            ExReleaseResourceLite(&Stream->Paging);
            return Status;
        }
    }
    Stream->Header.FileSize.QuadPart = (LONGLONG)End;
    ExReleaseResourceLite(&Stream->Paging);
    Request->FileObject->Flags |= FO_FILE_SIZE_CHANGED;
    RamNoteData(Stream, USN_REASON_DATA_EXTEND);
    if (CcIsFileCached(Request->FileObject)) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    return Old <= End ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* The caller's buffer cannot be read: the file does not grow by a write that fails. */
static VOID
RamTakeBack(PRAM_REQUEST Request, ULONG64 Old)
{
    PRAM_STREAM Stream = Request->Stream;

    if (Old >= (ULONG64)Stream->Header.FileSize.QuadPart) {
        return;
    }
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    Stream->Header.FileSize.QuadPart = (LONGLONG)Old;
    ExReleaseResourceLite(&Stream->Paging);
    CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
}

static NTSTATUS
RamWriteUncached(PRAM_REQUEST Request, LARGE_INTEGER Offset, ULONG Length)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 At = (ULONG64)Offset.QuadPart;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;

    if ((At | Length) % 512 != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Stream->Sections.DataSectionObject != NULL) { /* W5 */
        CcFlushCache(&Stream->Sections, &Offset, Length, &Iosb);
        if (!NT_SUCCESS(Iosb.Status)) {
            return Iosb.Status;
        }
        ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
        ExReleaseResourceLite(&Stream->Paging);
        CcPurgeCacheSection(&Stream->Sections, &Offset, Length, 0);
    }
    if (At + Length > (ULONG64)Stream->Header.FileSize.QuadPart) {
        Status = RamExtend(Request, At + Length);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    __try {
        Status = RamWriteDisk(Stream, At, RamBuffer(Request->Irp), Length);
        if (NT_SUCCESS(Status)) {
            RamMoveValid(Stream, At + Length);
            RamCount(Request->Volume, TRUE, Length);
        }
    } __finally {
        ExReleaseResourceLite(&Stream->Paging);
    }
    if (NT_SUCCESS(Status) && CcIsFileCached(Request->FileObject)) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    Request->Information = Length;
    return Status;
}

static NTSTATUS
RamWriteCached(PRAM_REQUEST Request, LARGE_INTEGER Offset, ULONG Length)
{
    PRAM_STREAM Stream = Request->Stream;
    PFILE_OBJECT FileObject = Request->FileObject;
    ULONG64 At = (ULONG64)Offset.QuadPart, End = At + Length;
    ULONG64 Old = (ULONG64)Stream->Header.FileSize.QuadPart;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;

    RamStartCaching(FileObject, Stream, 0x10000);
    if (End > (ULONG64)Stream->Header.FileSize.QuadPart) { /* W3 */
        Status = RamExtend(Request, End);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Request->Stack->MinorFunction & IRP_MN_MDL) {
        CcPrepareMdlWrite(FileObject, &Offset, Length, &Request->Irp->MdlAddress, &Iosb);
        Request->Information = Iosb.Information;
        Status = Iosb.Status;
    } else {
        BOOLEAN Copied = FALSE;

        __try {
            CcCopyWrite(FileObject, &Offset, Length, TRUE, RamBuffer(Request->Irp));
            Copied = TRUE;
        } __finally {
            if (!Copied) {
                RamTakeBack(Request, Old);
            }
        }
        Request->Information = Length;
        Status = STATUS_SUCCESS;
    }
    if (NT_SUCCESS(Status)) {
        ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
        RamMoveValid(Stream, End);
        ExReleaseResourceLite(&Stream->Paging);
        CcSetFileSizes(FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
        if (FileObject->Flags & FO_WRITE_THROUGH) {
            CcFlushCache(&Stream->Sections, &Offset, Length, &Iosb);
            Status = Iosb.Status;
        }
    }
    return Status;
}

static NTSTATUS
RamWriteStream(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    LARGE_INTEGER Offset = Request->Stack->Parameters.Write.ByteOffset;
    ULONG Length = Request->Stack->Parameters.Write.Length;
    LONGLONG Old = Stream->Header.FileSize.QuadPart;
    NTSTATUS Status;

    if (Offset.LowPart == FILE_WRITE_TO_END_OF_FILE && Offset.HighPart == -1) {
        Offset = Stream->Header.FileSize;
        Request->Stack->Parameters.Write.ByteOffset = Offset;
    }
    if (Offset.QuadPart < 0 || Offset.QuadPart + Length < Offset.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FsRtlCheckLockForWriteAccess(&Stream->Locks, Request->Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    Status = Request->Irp->Flags & IRP_NOCACHE ? RamWriteUncached(Request, Offset, Length)
                                               : RamWriteCached(Request, Offset, Length);
    if (NT_SUCCESS(Status)) {
        Request->FileObject->Flags |= FO_FILE_MODIFIED;
        if (Offset.QuadPart < Old) {
            RamNoteData(Stream, USN_REASON_DATA_OVERWRITE);
        }
        if (Request->FileObject->Flags & FO_SYNCHRONOUS_IO) {
            Request->FileObject->CurrentByteOffset.QuadPart = Offset.QuadPart + Length;
        }
    }
    return Status;
}

NTSTATUS
RamWrite(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    PIO_STACK_LOCATION Stack = Request->Stack;
    NTSTATUS Status;

    if (Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Stack->MinorFunction & IRP_MN_COMPLETE) {
        CcMdlWriteComplete(Request->FileObject, &Stack->Parameters.Write.ByteOffset,
                           Request->Irp->MdlAddress);
        Request->Irp->MdlAddress = NULL;
        return STATUS_SUCCESS;
    }
    if (RamIsVolumeOpen(Request) || (Stream->Node->Directory && Stream == Stream->Node->Data)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Irp->Flags & IRP_PAGING_IO) {
        return Stack->Parameters.Write.Length == 0 ? STATUS_SUCCESS : RamWritePaging(Request);
    }
    if (Stack->Parameters.Write.Length == 0) {
        return STATUS_SUCCESS;
    }
    Status = FsRtlCheckOplock(&Stream->Oplock, Request->Irp, NULL, NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!(Request->Irp->Flags & IRP_NOCACHE) &&
        !CcCanIWrite(Request->FileObject, Stack->Parameters.Write.Length, TRUE, FALSE)) {
        return STATUS_CANT_WAIT;
    }
    ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
    __try {
        Status = RamIsDismounted(Request->Volume, Request->Ccb) ? STATUS_VOLUME_DISMOUNTED
                                                                : RamWriteStream(Request);
    } __finally {
        ExReleaseResourceLite(&Stream->Main);
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    return Status;
}

VOID
RamFlushVolume(PRAM_VOLUME Volume)
{
    IO_STATUS_BLOCK Iosb;

    ExAcquireResourceSharedLite(&Volume->Resource, TRUE);
    for (PLIST_ENTRY Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        for (PLIST_ENTRY Each = Node->Streams.Flink; Each != &Node->Streams; Each = Each->Flink) {
            PRAM_STREAM Stream = CONTAINING_RECORD(Each, RAM_STREAM, Links);

            if (Stream->Sections.DataSectionObject != NULL) {
                CcFlushCache(&Stream->Sections, NULL, 0, &Iosb);
            }
        }
    }
    ExReleaseResourceLite(&Volume->Resource);
}

/* Whoever has files open does not read them any more, and what the cache alone refers to is closed. Main: who reads or writes by the cache
   just now has looked whether the file is cached, and holds it shared. */
VOID
RamPurgeVolume(PRAM_VOLUME Volume)
{
    for (PLIST_ENTRY Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        for (PLIST_ENTRY Each = Node->Streams.Flink; Each != &Node->Streams; Each = Each->Flink) {
            PRAM_STREAM Stream = CONTAINING_RECORD(Each, RAM_STREAM, Links);

            ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
            for (PLIST_ENTRY Handle = Stream->Handled.Flink; Handle != &Stream->Handled;
                 Handle = Handle->Flink) {
                CcUninitializeCacheMap(CONTAINING_RECORD(Handle, RAM_CCB, Links)->FileObject, NULL,
                                       NULL);
            }
            ExReleaseResourceLite(&Stream->Main);
            if (Stream->Opens != 0) {
                MmForceSectionClosed(&Stream->Sections, TRUE);
            }
        }
    }
}

NTSTATUS
RamFlush(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    IO_STATUS_BLOCK Iosb = {};

    if (Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (RamIsVolumeOpen(Request) || Stream->Node == Request->Volume->Root) {
        RamFlushVolume(Request->Volume);
        return STATUS_SUCCESS;
    }
    if (Stream->Sections.DataSectionObject != NULL) {
        ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
        CcFlushCache(&Stream->Sections, NULL, 0, &Iosb);
        ExReleaseResourceLite(&Stream->Main);
    }
    return Iosb.Status;
}
