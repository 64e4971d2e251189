/*
 * rw.c - NtReadFile and NtWriteFile, and the two that take a list of pages.
 *
 * How the bytes travel is the device's choice: DO_BUFFERED_IO a system buffer and a copy, DO_DIRECT_IO an
 * MDL of locked pages, neither the caller's bare address. [wdm: ZwReadFile, ZwWriteFile; nt-semantics 7.1]
 *
 *   W1  ByteOffset may be missing on a synchronous handle only (pipes and mailslots aside): then, or with
 *       FILE_USE_FILE_POINTER_POSITION, it is CurrentByteOffset. A negative one is otherwise refused.
 *   W2  A handle with FILE_APPEND_DATA but not FILE_WRITE_DATA writes at the end, whatever it asks for.
 *   W3  FILE_NO_INTERMEDIATE_BUFFERING: length and offset are multiples of the sector size, the buffer is
 *       aligned as the device demands.
 *   W4  An APC routine on a handle with a completion port is refused.
 *   W5  A list of pages is for asynchronous handles that pass the cache [Win32: ReadFileScatter]. The bytes travel in one piece of system
 *       memory, which an MDL describes and behind which the list is kept: an MDL of the user's pages would have no one address here.
 */
#include "nt/io/iop.h"

typedef struct _IOP_TRANSFER {
    PVOID Buffer;
    ULONG Length;
    ULONG Key;
    LARGE_INTEGER Offset;
    BOOLEAN Write;
    PFILE_SEGMENT_ELEMENT Segments; /* W5; NULL: Buffer */
} IOP_TRANSFER, *PIOP_TRANSFER;

static NTSTATUS
IopCheckUnbuffered(PIOP_REQUEST Request, PIOP_TRANSFER Transfer, BOOLEAN HaveOffset) /* W3 */
{
    PDEVICE_OBJECT DeviceObject = Request->DeviceObject;
    USHORT Sector = DeviceObject->SectorSize;

    if ((Request->FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) == 0 || Sector == 0) {
        return STATUS_SUCCESS;
    }
    if (Transfer->Length % Sector != 0 ||
        ((ULONG_PTR)Transfer->Buffer & DeviceObject->AlignmentRequirement) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (HaveOffset && Transfer->Offset.QuadPart >= 0 && Transfer->Offset.QuadPart % Sector != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
IopResolveOffset(PIOP_REQUEST Request, PIOP_TRANSFER Transfer, BOOLEAN HaveOffset)
{
    PFILE_OBJECT FileObject = Request->FileObject;

    if (Transfer->Write &&
        (Request->GrantedAccess & (FILE_APPEND_DATA | FILE_WRITE_DATA)) == FILE_APPEND_DATA &&
        (FileObject->Flags & FO_NAMED_PIPE) == 0) { /* W2 */
        Transfer->Offset.LowPart = FILE_WRITE_TO_END_OF_FILE;
        Transfer->Offset.HighPart = -1;
        return STATUS_SUCCESS;
    }
    if (Request->Synchronous) {
        if (!HaveOffset || (Transfer->Offset.LowPart == FILE_USE_FILE_POINTER_POSITION &&
                            Transfer->Offset.HighPart == -1)) {
            Transfer->Offset = FileObject->CurrentByteOffset; /* W1 */
            return STATUS_SUCCESS;
        }
    } else if (!HaveOffset) {
        if ((FileObject->Flags & (FO_NAMED_PIPE | FO_MAILSLOT)) == 0) {
            return STATUS_INVALID_PARAMETER; /* W1 */
        }
        Transfer->Offset.QuadPart = 0;
        return STATUS_SUCCESS;
    }
    if (Transfer->Offset.HighPart < 0 && !(Transfer->Write && Transfer->Offset.HighPart == -1 &&
                                           Transfer->Offset.LowPart == FILE_WRITE_TO_END_OF_FILE)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* The driver's cache path, if it has one. TRUE: done, *Status is the result. */
static BOOLEAN
IopFastTransfer(PIOP_REQUEST Request, PIOP_TRANSFER Transfer, PIO_STATUS_BLOCK Iosb,
                PNTSTATUS Status)
{
    PFILE_OBJECT FileObject = Request->FileObject;
    PFAST_IO_DISPATCH FastIo = Request->DeviceObject->DriverObject->FastIoDispatch;
    IO_STATUS_BLOCK Local;
    BOOLEAN Done = FALSE;

    if (FileObject->PrivateCacheMap == NULL || !Request->Synchronous || FastIo == NULL ||
        (FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING)) {
        return FALSE;
    }
    if (Transfer->Write) {
        Done = FastIo->FastIoWrite != NULL &&
               FastIo->FastIoWrite(FileObject, &Transfer->Offset, Transfer->Length, TRUE,
                                   Transfer->Key, Transfer->Buffer, &Local, Request->DeviceObject);
    } else {
        Done = FastIo->FastIoRead != NULL &&
               FastIo->FastIoRead(FileObject, &Transfer->Offset, Transfer->Length, TRUE,
                                  Transfer->Key, Transfer->Buffer, &Local, Request->DeviceObject);
    }
    if (!Done || !(Local.Status == STATUS_SUCCESS || Local.Status == STATUS_BUFFER_OVERFLOW ||
                   Local.Status == STATUS_END_OF_FILE)) {
        return FALSE;
    }
    *Status = IopWriteIosb(Iosb, Local.Status, Local.Information);
    if (NT_SUCCESS(*Status)) {
        *Status = Local.Status;
    }
    if (Request->Event != NULL) {
        KeSetEvent(Request->Event, IO_NO_INCREMENT, FALSE);
    }
    IopAbandonRequest(Request);
    return TRUE;
}

/* W5: its pages are aligned, and the caller's. */
static NTSTATUS
IopProbeSegments(PIOP_REQUEST Request, PIOP_TRANSFER Transfer)
{
    ULONG Count = (ULONG)(ROUND_TO_PAGES(Transfer->Length) / PAGE_SIZE);
    NTSTATUS Status;

    if (Request->Synchronous || Transfer->Length == 0 ||
        !(Request->FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ExpProbe(Transfer->Segments, Count * sizeof(FILE_SEGMENT_ELEMENT), sizeof(PVOID),
                      FALSE, Request->Mode);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++) {
        PVOID Page;

        __try {
            Page = (PVOID)(ULONG_PTR)Transfer->Segments[i].Alignment;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return GetExceptionCode();
        }
        Status = (ULONG_PTR)Page % PAGE_SIZE != 0
                     ? STATUS_INVALID_PARAMETER
                     : ExpProbe(Page, PAGE_SIZE, 1, !Transfer->Write, Request->Mode);
    }
    return Status;
}

static NTSTATUS
IopScatterIrp(PIRP Irp, PIOP_TRANSFER Transfer)
{
    SIZE_T Bytes = ROUND_TO_PAGES(Transfer->Length), Count = Bytes / PAGE_SIZE;
    NTSTATUS Status = IopBufferIrp(Irp, Bytes + Count * sizeof(PVOID), NULL, 0);
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    PVOID *Pages = (PVOID *)(Buffer + Bytes);
    PMDL Mdl;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        for (SIZE_T i = 0; i < Count; i++) {
            Pages[i] = (PVOID)(ULONG_PTR)Transfer->Segments[i].Alignment;
            /* it may have changed since it was probed */
            Status = ExpProbe(Pages[i], PAGE_SIZE, 1, !Transfer->Write, Irp->RequestorMode);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
            if (Transfer->Write) {
                RtlCopyMemory(Buffer + i * PAGE_SIZE, Pages[i],
                              min(PAGE_SIZE, Transfer->Length - i * PAGE_SIZE));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Mdl = IoAllocateMdl(Buffer, Transfer->Length, FALSE, FALSE, Irp);
    if (Mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MmProbeAndLockPages(Mdl, KernelMode, Transfer->Write ? IoReadAccess : IoWriteAccess);
    if (!Transfer->Write) {
        Irp->Flags |= IRP_INPUT_OPERATION | IOP_IRP_SCATTERED;
    }
    Irp->UserBuffer = Buffer;
    return STATUS_SUCCESS;
}

static NTSTATUS
IopTransfer(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
            PIO_STATUS_BLOCK Iosb, PIOP_TRANSFER Transfer, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    IOP_REQUEST Request;
    PIO_STACK_LOCATION Stack;
    NTSTATUS Status;
    PIRP Irp;

    Status = IopBeginRequest(FileHandle, Transfer->Write ? 0 : FILE_READ_DATA, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Transfer->Write &&
        (Request.GrantedAccess &
         ((Request.FileObject->Flags & FO_NAMED_PIPE) ? FILE_WRITE_DATA
                                                      : FILE_WRITE_DATA | FILE_APPEND_DATA)) == 0 &&
        Request.Mode != KernelMode) {
        Status = STATUS_ACCESS_DENIED;
        goto Abandon;
    }
    Status = IopProbeIosb(Iosb, Request.Mode);
    if (NT_SUCCESS(Status)) {
        Status = Transfer->Segments != NULL ? IopProbeSegments(&Request, Transfer)
                                            : ExpProbe(Transfer->Buffer, Transfer->Length, 1,
                                                       !Transfer->Write, Request.Mode);
    }
    if (NT_SUCCESS(Status) && Request.FileObject->CompletionContext != NULL && ApcRoutine != NULL) {
        Status = STATUS_INVALID_PARAMETER; /* W4 */
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(ByteOffset, Request.Mode, &Transfer->Offset);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureUlong(Key, Request.Mode, &Transfer->Key);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCheckUnbuffered(&Request, Transfer, ByteOffset != NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopTakeEvent(Event, &Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
        if (Status != STATUS_SUCCESS) {
            goto Abandon; /* STATUS_ALERTED and STATUS_USER_APC are no errors, but no lock either */
        }
        Status = IopResolveOffset(&Request, Transfer, ByteOffset != NULL);
    }
    if (!NT_SUCCESS(Status)) {
        goto Abandon;
    }
    if (IopFastTransfer(&Request, Transfer, Iosb, &Status)) {
        return Status;
    }
    Irp = IopRequestIrp(&Request, Iosb, ApcRoutine, ApcContext,
                        Transfer->Write ? IRP_MJ_WRITE : IRP_MJ_READ, &Stack);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Abandon;
    }
    Stack->Parameters.Read.Length = Transfer->Length;
    Stack->Parameters.Read.Key = Transfer->Key;
    Stack->Parameters.Read.ByteOffset = Transfer->Offset;
    if (Transfer->Write && (Request.FileObject->Flags & FO_WRITE_THROUGH)) {
        Stack->Flags = SL_WRITE_THROUGH;
    }
    if (Transfer->Segments != NULL) {
        Status = IopScatterIrp(Irp, Transfer);
    } else if (Request.DeviceObject->Flags & DO_BUFFERED_IO) {
        Irp->Flags |= IRP_BUFFERED_IO;
        if (Transfer->Length != 0) {
            Status = IopBufferIrp(Irp, Transfer->Length, Transfer->Write ? Transfer->Buffer : NULL,
                                  Transfer->Length);
            if (!Transfer->Write) {
                Irp->UserBuffer = Transfer->Buffer;
                Irp->Flags |= IRP_INPUT_OPERATION;
            }
        }
    } else if (Request.DeviceObject->Flags & DO_DIRECT_IO) {
        if (Transfer->Length != 0) {
            Status = IopMdlIrp(Irp, Transfer->Buffer, Transfer->Length,
                               Transfer->Write ? IoReadAccess : IoWriteAccess);
        }
    } else {
        Irp->UserBuffer = Transfer->Buffer;
    }
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    Irp->Flags |= Transfer->Write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
    if (Request.FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) {
        Irp->Flags |= IRP_NOCACHE;
    }
    return IopSend(Irp, &Request, TRUE);

Abandon:
    IopAbandonRequest(&Request);
    return Status;
}

NTSTATUS NTAPI
NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
           PULONG Key)
{
    IOP_TRANSFER Transfer = {.Buffer = Buffer, .Length = Length, .Write = FALSE};

    return IopTransfer(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, &Transfer,
                       ByteOffset, Key);
}

NTSTATUS NTAPI
NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
            PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
            PULONG Key)
{
    IOP_TRANSFER Transfer = {.Buffer = Buffer, .Length = Length, .Write = TRUE};

    return IopTransfer(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, &Transfer,
                       ByteOffset, Key);
}

NTSTATUS NTAPI
NtReadFileScatter(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                  PIO_STATUS_BLOCK IoStatusBlock, PFILE_SEGMENT_ELEMENT SegmentArray, ULONG Length,
                  PLARGE_INTEGER ByteOffset, PULONG Key)
{
    IOP_TRANSFER Transfer = {.Length = Length, .Write = FALSE, .Segments = SegmentArray};

    return SegmentArray == NULL ? STATUS_ACCESS_VIOLATION
                                : IopTransfer(FileHandle, Event, ApcRoutine, ApcContext,
                                              IoStatusBlock, &Transfer, ByteOffset, Key);
}

NTSTATUS NTAPI
NtWriteFileGather(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                  PIO_STATUS_BLOCK IoStatusBlock, PFILE_SEGMENT_ELEMENT SegmentArray, ULONG Length,
                  PLARGE_INTEGER ByteOffset, PULONG Key)
{
    IOP_TRANSFER Transfer = {.Length = Length, .Write = TRUE, .Segments = SegmentArray};

    return SegmentArray == NULL ? STATUS_ACCESS_VIOLATION
                                : IopTransfer(FileHandle, Event, ApcRoutine, ApcContext,
                                              IoStatusBlock, &Transfer, ByteOffset, Key);
}
