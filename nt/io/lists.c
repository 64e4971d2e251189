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
        Status = ExpProbe(Buffer, Length, sizeof(ULONG), Fills, Request->Mode);
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
    Status = IopDataIrp(*Irp, Request->DeviceObject, Buffer, Length, Fills);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(*Irp, Request);
    }
    return Status;
}

static NTSTATUS
IopLookAtList(BOOLEAN Ea, PVOID List, ULONG Length, PULONG Wrong)
{
    __try {
        return Ea ? IoCheckEaBufferValidity(List, Length, Wrong)
                  : IoCheckQuotaBufferValidity(List, Length, Wrong);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
}

NTSTATUS
IopCheckList(PIRP Irp, PIOP_REQUEST Request, PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length)
{
    PVOID Copy = Irp->AssociatedIrp.SystemBuffer;
    BOOLEAN Ea = IoGetNextIrpStackLocation(Irp)->MajorFunction == IRP_MJ_SET_EA;
    ULONG Wrong = 0;
    NTSTATUS Status = IopLookAtList(Ea, Copy != NULL ? Copy : Buffer, Length, &Wrong);

    if (!NT_SUCCESS(Status)) {
        IopWriteIosb(Iosb, Status, Wrong);
        IopAbandonIrp(Irp, Request);
    }
    return Status;
}
