/*
 * flush.c - NtFlushBuffersFile. [ntifs: ZwFlushBuffersFile] The handle must have been opened for writing
 * or appending (pipes aside); the service waits, on an asynchronous handle too.
 */
#include "nt/io/iop.h"

NTSTATUS NTAPI
NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    Status = IopProbeIosb(IoStatusBlock, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = IopBeginRequest(FileHandle, 0, &Request);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Request.Mode != KernelMode &&
        (Request.GrantedAccess & (FILE_APPEND_DATA | FILE_WRITE_DATA)) == 0) {
        Status = STATUS_ACCESS_DENIED;
    } else {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    Irp = IopWaitIrp(&Request, &Wait, IoStatusBlock, IRP_MJ_FLUSH_BUFFERS, &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);
}
