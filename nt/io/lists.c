/*
 * lists.c - what the services of extended attributes and of quotas have in common: see lists.h.
 */
#include "nt/io/lists.h"

NTSTATUS
IopCaptureList(const VOID *List, ULONG Length, KPROCESSOR_MODE Mode, PVOID *Copy)
{
    *Copy = NULL;
    if (List == NULL || Length == 0) {
        return STATUS_SUCCESS;
    }
    *Copy = ExAllocatePoolWithTag(NonPagedPool, Length, TAG_IOBUFFER);
    if (*Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead((PVOID)List, Length, sizeof(ULONG));
        }
        RtlCopyMemory(*Copy, List, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

VOID
IopFreeList(PVOID List)
{
    if (List != NULL) {
        ExFreePoolWithTag(List, TAG_IOBUFFER);
    }
}

NTSTATUS
IopBeginList(HANDLE Handle, ACCESS_MASK Access, PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length,
             BOOLEAN Fills, PIOP_REQUEST Request)
{
    NTSTATUS Status = IopBeginRequest(Handle, Access, Request);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopProbeIosb(Iosb, Request->Mode);
    if (NT_SUCCESS(Status)) {
        Status = IopProbe(Buffer, Length, sizeof(ULONG), Fills, Request->Mode);
    }
    if (!NT_SUCCESS(Status)) {
        IopAbandonRequest(Request);
    }
    return Status;
}

NTSTATUS
IopListIrp(NTSTATUS Status, PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb,
           UCHAR MajorFunction, PVOID Buffer, ULONG Length, BOOLEAN Fills, PIRP *Irp)
{
    PIO_STACK_LOCATION Stack;

    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(Request);
        return Status;
    }
    *Irp = IopWaitIrp(Request, Wait, Iosb, MajorFunction, &Stack);
    if (*Irp == NULL) {
        IopAbandonRequest(Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IopBufferIrp(*Irp, Length, Fills ? NULL : Buffer, Length);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(*Irp, Request);
        return Status;
    }
    if (Fills) {
        (*Irp)->Flags |= IRP_INPUT_OPERATION;
        (*Irp)->UserBuffer = Buffer;
    }
    return STATUS_SUCCESS;
}
