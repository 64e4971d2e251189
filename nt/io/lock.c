/*
 * lock.c - NtLockFile and NtUnlockFile: byte-range locks, kept by the file system.
 * [ntifs: ZwLockFile, ZwUnlockFile]
 *
 * The length travels in pool that the driver frees by completing: AuxiliaryBuffer would be ours alone, so
 * Parameters.LockControl.Length points into it. LockOperation of the file object says that cleanup of a
 * process has something to unlock.
 */
#include "nt/io/iop.h"

static NTSTATUS
IopLockIrp(PIOP_REQUEST Request, PIRP Irp, PIO_STACK_LOCATION Stack, UCHAR Minor,
           LARGE_INTEGER Offset, LARGE_INTEGER Length, ULONG Key)
{
    PLARGE_INTEGER Copy = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Copy), TAG_IOBUFFER);

    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Copy = Length;
    Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)Copy;
    Stack->MinorFunction = Minor;
    Stack->Parameters.LockControl.Length = Copy;
    Stack->Parameters.LockControl.Key = Key;
    Stack->Parameters.LockControl.ByteOffset = Offset;
    return STATUS_SUCCESS;
}

static NTSTATUS
IopCheckLockHandle(PIOP_REQUEST Request)
{
    return Request->Mode != KernelMode &&
                   (Request->GrantedAccess & (FILE_READ_DATA | FILE_WRITE_DATA)) == 0
               ? STATUS_ACCESS_DENIED
               : STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtLockFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
           PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length,
           ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock)
{
    LARGE_INTEGER Offset = {}, Bytes = {};
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    PIRP Irp;

    Status = IopBeginRequest(FileHandle, 0, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCheckLockHandle(&Request);
    if (NT_SUCCESS(Status)) {
        Status = IopProbeIosb(IoStatusBlock, Request.Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(ByteOffset, Request.Mode, &Offset);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(Length, Request.Mode, &Bytes);
    }
    if (NT_SUCCESS(Status) && Request.FileObject->CompletionContext != NULL && ApcRoutine != NULL) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopTakeEvent(Event, &Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    Request.FileObject->LockOperation = TRUE;
    Irp =
        IopRequestIrp(&Request, IoStatusBlock, ApcRoutine, ApcContext, IRP_MJ_LOCK_CONTROL, &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IopLockIrp(&Request, Irp, Stack, IRP_MN_LOCK, Offset, Bytes, Key);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    Stack->Flags =
        (FailImmediately ? SL_FAIL_IMMEDIATELY : 0) | (ExclusiveLock ? SL_EXCLUSIVE_LOCK : 0);
    return IopSend(Irp, &Request, FALSE);
}

NTSTATUS NTAPI
NtUnlockFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset,
             PLARGE_INTEGER Length, ULONG Key)
{
    LARGE_INTEGER Offset = {}, Bytes = {};
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    Status = IopBeginRequest(FileHandle, 0, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCheckLockHandle(&Request);
    if (NT_SUCCESS(Status)) {
        Status = IopProbeIosb(IoStatusBlock, Request.Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(ByteOffset, Request.Mode, &Offset);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(Length, Request.Mode, &Bytes);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    Irp = IopWaitIrp(&Request, &Wait, IoStatusBlock, IRP_MJ_LOCK_CONTROL, &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IopLockIrp(&Request, Irp, Stack, IRP_MN_UNLOCK_SINGLE, Offset, Bytes, Key);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    return IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);
}
