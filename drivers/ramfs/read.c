/*
 * read.c - IRP_MJ_READ. [ntifs: IRP_MJ_READ; FAT sample, read; nt-semantics-2 2.5]
 *
 *   A1  Paging I/O is not checked against oplocks and locks, and takes the paging resource alone.
 *   A2  A non-cached read of a file that has a data section sees what is cached: flushed first.
 *   A3  Beyond ValidDataLength there are zeros, whatever lies on the disk.
 */
#include "ramfs.h"

static NTSTATUS
RamReadVolume(PRAM_REQUEST Request)
{
    ULONG64 Offset = (ULONG64)Request->Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Length = Request->Stack->Parameters.Read.Length;
    ULONG64 Size = Request->Volume->Clusters * RAM_CLUSTER;

    if (Offset >= Size) {
        return STATUS_END_OF_FILE;
    }
    Length = (ULONG)min((ULONG64)Length, Size - Offset);
    RtlZeroMemory(RamBuffer(Request->Irp), Length); /* the disk has no layout to show */
    Request->Information = Length;
    return STATUS_SUCCESS;
}

/* From the disk into the buffer; Length reaches no farther than the end of the file. */
static VOID
RamReadDisk(PRAM_STREAM Stream, ULONG64 Offset, PUCHAR Buffer, ULONG Length, ULONG64 Valid)
{
    ULONG Part = Offset >= Valid ? 0 : (ULONG)min((ULONG64)Length, Valid - Offset);

    RamCopyOut(Stream, Offset, Buffer, Part);
    RtlZeroMemory(Buffer + Part, Length - Part); /* A3 */
}

static NTSTATUS
RamReadPaging(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 Offset = (ULONG64)Request->Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Length = Request->Stack->Parameters.Read.Length, Part;
    PUCHAR Buffer = RamBuffer(Request->Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    ExAcquireResourceSharedLite(&Stream->Paging, TRUE); /* A1 */
    __try {
        ULONG64 Size = (ULONG64)Stream->Header.FileSize.QuadPart;

        if (Offset >= Size) {
            Status = STATUS_END_OF_FILE;
        } else {
            Part = (ULONG)min((ULONG64)Length, Size - Offset);
            RamReadDisk(Stream, Offset, Buffer, Part,
                        (ULONG64)Stream->Header.ValidDataLength.QuadPart);
            RtlZeroMemory(Buffer + Part, Length - Part);
            RamCount(Request->Volume, FALSE, Part);
            Request->Information = Part;
        }
    } __finally {
        ExReleaseResourceLite(&Stream->Paging);
    }
    return Status;
}

static NTSTATUS
RamReadStream(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    PFILE_OBJECT FileObject = Request->FileObject;
    LARGE_INTEGER Offset = Request->Stack->Parameters.Read.ByteOffset;
    ULONG Length = Request->Stack->Parameters.Read.Length;
    BOOLEAN Uncached = (Request->Irp->Flags & IRP_NOCACHE) != 0;
    IO_STATUS_BLOCK Iosb = {};
    ULONG64 Size;

    if (!FsRtlCheckLockForReadAccess(&Stream->Locks, Request->Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    Size = (ULONG64)Stream->Header.FileSize.QuadPart;
    if ((ULONG64)Offset.QuadPart >= Size) {
        return STATUS_END_OF_FILE;
    }
    if (Uncached) {
        if (((ULONG64)Offset.QuadPart | Length) % 512 != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Stream->Sections.DataSectionObject != NULL) { /* A2 */
            CcFlushCache(&Stream->Sections, &Offset, Length, &Iosb);
            if (!NT_SUCCESS(Iosb.Status)) {
                return Iosb.Status;
            }
        }
        Length = (ULONG)min((ULONG64)Length, Size - (ULONG64)Offset.QuadPart);
        ExAcquireResourceSharedLite(&Stream->Paging, TRUE);
        __try {
            RamReadDisk(Stream, (ULONG64)Offset.QuadPart, RamBuffer(Request->Irp), Length,
                        (ULONG64)Stream->Header.ValidDataLength.QuadPart);
        } __finally {
            ExReleaseResourceLite(&Stream->Paging);
        }
        RamCount(Request->Volume, FALSE, Length);
        Request->Information = Length;
        return STATUS_SUCCESS;
    }
    Length = (ULONG)min((ULONG64)Length, Size - (ULONG64)Offset.QuadPart);
    RamStartCaching(FileObject, Stream, 0x10000);
    if (Request->Stack->MinorFunction & IRP_MN_MDL) {
        CcMdlRead(FileObject, &Offset, Length, &Request->Irp->MdlAddress, &Iosb);
    } else {
        CcCopyRead(FileObject, &Offset, Length, TRUE, RamBuffer(Request->Irp), &Iosb);
    }
    Request->Information = Iosb.Information;
    return Iosb.Status;
}

NTSTATUS
RamRead(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    PIO_STACK_LOCATION Stack = Request->Stack;
    NTSTATUS Status;

    if (Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Stack->MinorFunction & IRP_MN_COMPLETE) {
        CcMdlReadComplete(Request->FileObject, Request->Irp->MdlAddress);
        Request->Irp->MdlAddress = NULL;
        return STATUS_SUCCESS;
    }
    if (Stream->Node != NULL && Stream->Node->Directory && Stream == Stream->Node->Data) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Stack->Parameters.Read.ByteOffset.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Stack->Parameters.Read.Length == 0) {
        return STATUS_SUCCESS;
    }
    if (Stream->Node != NULL && Stream == Stream->Node->Data) {
        Status = RamLoadData(Stream->Node); /* host.c, H2 */
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Request->Irp->Flags & IRP_PAGING_IO) {
        return RamReadPaging(Request);
    }
    if (RamIsVolumeOpen(Request)) {
        Status = RamReadVolume(Request);
    } else {
        Status = FsRtlCheckOplock(&Stream->Oplock, Request->Irp, NULL, NULL, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
        ExAcquireResourceSharedLite(&Stream->Main, TRUE);
        __try {
            Status = RamIsDismounted(Request->Volume, Request->Ccb) ? STATUS_VOLUME_DISMOUNTED
                                                                    : RamReadStream(Request);
        } __finally {
            ExReleaseResourceLite(&Stream->Main);
            ExReleaseResourceLite(&Request->Volume->Resource);
        }
    }
    if (NT_SUCCESS(Status) && (Request->FileObject->Flags & FO_SYNCHRONOUS_IO)) {
        Request->FileObject->CurrentByteOffset.QuadPart =
            Stack->Parameters.Read.ByteOffset.QuadPart + (LONGLONG)Request->Information;
    }
    if (NT_SUCCESS(Status)) {
        Request->FileObject->Flags |= FO_FILE_FAST_IO_READ;
    }
    return Status;
}
