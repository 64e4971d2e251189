/*
 * tail.c - what all services on a file handle share: from the handle to the end of the wait.
 *
 *     IopBeginRequest    references the file object for the access that the service needs
 *     IopTakeEvent       references and clears the caller's event
 *     IopLockRequest     synchronous handles: one request at a time
 *     IopRequestIrp      the IRP takes over the references to file and event
 *     IopSend            clears the file object's event (a question that is waited for on an asynchronous handle leaves it
 *                        as it is), calls the driver, completes what was deferred, waits on a synchronous handle
 *
 *   T1  Whatever fails before IopRequestIrp ends in IopAbandonRequest, between it and IopSend in
 *       IopAbandonIrp; after IopSend the completion has given everything back.
 *   T2  The lock of a synchronous file object is held from IopLockRequest until the wait is over, with
 *       a reference of its own: the completion may drop the last other one.
 */
#include "nt/io/iop.h"

NTSTATUS
IopProbeIosb(PIO_STATUS_BLOCK Iosb, KPROCESSOR_MODE Mode)
{
    return ExpProbe(Iosb, sizeof(*Iosb), 1, TRUE, Mode); /* x64 does not ask how it is aligned */
}

NTSTATUS
IopWriteIosb(PIO_STATUS_BLOCK Iosb, NTSTATUS Status, ULONG_PTR Information)
{
    __try {
        Iosb->Information = Information;
        *(volatile NTSTATUS *)&Iosb->Status = Status;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopCaptureLarge(PLARGE_INTEGER Source, KPROCESSOR_MODE Mode, PLARGE_INTEGER Value)
{
    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Source, sizeof(*Source), sizeof(ULONG));
        }
        *Value = *(volatile LARGE_INTEGER *)Source;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopCaptureUlong(PULONG Source, KPROCESSOR_MODE Mode, PULONG Value)
{
    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Source, sizeof(*Source), sizeof(ULONG));
        }
        *Value = *(volatile ULONG *)Source;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopBeginRequest(HANDLE Handle, ACCESS_MASK Access, PIOP_REQUEST Request)
{
    OBJECT_HANDLE_INFORMATION Information;
    NTSTATUS Status;

    Request->Mode = KiPreviousMode();
    Request->Event = NULL;
    Request->Locked = FALSE;
    Status = ObReferenceObjectByHandle(Handle, Access, IoFileObjectTypeP, Request->Mode,
                                       (PVOID *)&Request->FileObject, &Information);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Request->GrantedAccess = Information.GrantedAccess;
    Request->Synchronous = IopIsSynchronousFile(Request->FileObject);
    Request->DeviceObject = Request->FileObject->Flags & FO_DIRECT_DEVICE_OPEN
                                ? IoGetAttachedDevice(Request->FileObject->DeviceObject)
                                : IoGetRelatedDeviceObject(Request->FileObject);
    return STATUS_SUCCESS;
}

NTSTATUS
IopTakeEvent(HANDLE Event, PIOP_REQUEST Request)
{
    NTSTATUS Status;

    if (Event == NULL) {
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ExEventObjectTypeP, Request->Mode,
                                       (PVOID *)&Request->Event, NULL);
    if (!NT_SUCCESS(Status)) {
        Request->Event = NULL;
        return Status;
    }
    KeClearEvent(Request->Event);
    return STATUS_SUCCESS;
}

NTSTATUS
IopLockRequest(PIOP_REQUEST Request)
{
    NTSTATUS Status;

    if (Request->Synchronous) {
        Status = IopLockFile(Request->FileObject, Request->Mode);
        if (Status != STATUS_SUCCESS) {
            return Status;
        }
        Request->Locked = TRUE;
    }
    return STATUS_SUCCESS;
}

VOID
IopAbandonRequest(PIOP_REQUEST Request)
{
    if (Request->Event != NULL) {
        ObDereferenceObject(Request->Event);
    }
    if (Request->Locked) {
        IopUnlockFile(Request->FileObject);
    }
    ObDereferenceObject(Request->FileObject);
}

PIRP
IopRequestIrp(PIOP_REQUEST Request, PIO_STATUS_BLOCK Iosb, PIO_APC_ROUTINE ApcRoutine,
              PVOID ApcContext, UCHAR MajorFunction, PIO_STACK_LOCATION *Stack)
{
    PIRP Irp = IopAllocateIrp(Request->DeviceObject->StackSize, TRUE);

    if (Irp == NULL) {
        return NULL;
    }
    Irp->Tail.Overlay.OriginalFileObject = Request->FileObject;
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Irp->RequestorMode = Request->Mode;
    Irp->UserEvent = Request->Event;
    Irp->UserIosb = Iosb;
    Irp->Overlay.AsynchronousParameters.UserApcRoutine = ApcRoutine;
    Irp->Overlay.AsynchronousParameters.UserApcContext = ApcContext;
    *Stack = Irp->Tail.Overlay.CurrentStackLocation - 1;
    (*Stack)->MajorFunction = MajorFunction;
    (*Stack)->FileObject = Request->FileObject;
    return Irp;
}

VOID
IopAbandonIrp(PIRP Irp, PIOP_REQUEST Request)
{
    if (Irp->Flags & IRP_DEALLOCATE_BUFFER) {
        ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, 0);
    }
    IopFreeMdls(Irp);
    IoFreeIrp(Irp);
    IopAbandonRequest(Request);
}

NTSTATUS
IopBufferIrp(PIRP Irp, SIZE_T Length, PVOID Source, SIZE_T SourceLength)
{
    PVOID Buffer = VfHooks != NULL ? VfHooks->RequestBuffer(Irp, Length) : NULL;

    if (Buffer != NULL) {
        /* the verifier's */
    } else if (Irp->RequestorMode == KernelMode) {
        Buffer = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, Length, TAG_IOBUFFER);
    } else {
        Buffer = ExAllocatePoolWithQuotaTag(
            NonPagedPoolCacheAligned | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, Length, TAG_IOBUFFER);
    }
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Irp->AssociatedIrp.SystemBuffer = Buffer;
    Irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    if (Source != NULL && SourceLength != 0) {
        __try {
            RtlCopyMemory(Buffer, Source, SourceLength);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return GetExceptionCode();
        }
        KiTrace(EV_COPY, Irp, SourceLength, 0, 0, 0);
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopMdlIrp(PIRP Irp, PVOID Buffer, ULONG Length, LOCK_OPERATION Operation)
{
    PMDL Mdl = IoAllocateMdl(Buffer, Length, FALSE, TRUE, Irp);

    if (Mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        MmProbeAndLockPages(Mdl, Irp->RequestorMode, Operation);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopDataIrp(PIRP Irp, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length, BOOLEAN Fills)
{
    if (Length == 0) {
        return STATUS_SUCCESS;
    }
    if (DeviceObject->Flags & DO_BUFFERED_IO) {
        if (Fills) {
            Irp->Flags |= IRP_INPUT_OPERATION;
            Irp->UserBuffer = Buffer;
        }
        return IopBufferIrp(Irp, Length, Fills ? NULL : Buffer, Length);
    }
    if (DeviceObject->Flags & DO_DIRECT_IO) {
        return IopMdlIrp(Irp, Buffer, Length, Fills ? IoWriteAccess : IoReadAccess);
    }
    Irp->UserBuffer = Buffer;
    return STATUS_SUCCESS;
}

/* Stage 2 of an IRP that completed inside the dispatch routine with IRP_DEFER_IO_COMPLETION. */
static VOID
IopFinishDeferred(PIRP Irp, PFILE_OBJECT FileObject)
{
    KIRQL OldIrql = KiRaiseIrql(APC_LEVEL);

    IopFinishIrp(Irp, FileObject);
    KeLowerIrql(OldIrql);
}

/*
 * An alert or a user APC ended the wait: the request is cancelled, and waited for all the same. The second stage of its
 * completion, which frees it, is a kernel APC of this thread, and kept away while we look at it.
 */
static VOID
IopCancelAlerted(PKEVENT Event, PIRP Irp)
{
    KIRQL OldIrql = KiRaiseIrql(APC_LEVEL);
    LARGE_INTEGER Delay;
    BOOLEAN Completed = KeReadStateEvent(Event) != 0, Called = !Completed && IoCancelIrp(Irp);

    KeLowerIrql(OldIrql);
    if (!Completed) {
        if (Called) {
            Delay.QuadPart = -10 * 1000 * 10;
            while (KeReadStateEvent(Event) == 0) {
                KeDelayExecutionThread(KernelMode, FALSE, &Delay);
            }
        } else {
            KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL);
        }
    }
}

static VOID
IopWait(PKEVENT Event, PIRP Irp, KPROCESSOR_MODE Mode, BOOLEAN Alertable)
{
    NTSTATUS Status = KeWaitForSingleObject(Event, Executive, Mode, Alertable, NULL);

    if (Status == STATUS_ALERTED || Status == STATUS_USER_APC) {
        IopCancelAlerted(Event, Irp);
    }
}

NTSTATUS
IopSend(PIRP Irp, PIOP_REQUEST Request, BOOLEAN Deferred)
{
    PFILE_OBJECT FileObject = Request->FileObject;
    NTSTATUS Status;

    KiChangesEvent(&FileObject->Event);
    FileObject->Event.Header.SignalState = 0; /* nobody can wait for it to be cleared */
    if (Deferred) {
        Irp->Flags |= IRP_DEFER_IO_COMPLETION;
    }
    IopQueueIrpToThread(Irp);
    Status = IofCallDriver(Request->DeviceObject, Irp);
    if (Deferred && Status != STATUS_PENDING) {
        IopFinishDeferred(Irp, FileObject);
    }
    if (Request->Locked) {
        if (Status == STATUS_PENDING) {
            IopWait(&FileObject->Event, Irp, Request->Mode,
                    (FileObject->Flags & FO_ALERTABLE_IO) != 0);
            Status = FileObject->FinalStatus;
        }
        IopUnlockFile(FileObject); /* T2 */
    }
    return Status;
}

PIRP
IopWaitIrp(PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb, UCHAR MajorFunction,
           PIO_STACK_LOCATION *Stack)
{
    PIRP Irp;

    if (Request->Locked) {
        /* The file object's event and final status do; a status block is not written for an error, pended or not. */
        return IopRequestIrp(Request, Iosb, NULL, NULL, MajorFunction, Stack);
    }
    KeInitializeEvent(&Wait->Event, SynchronizationEvent, FALSE);
    Irp = IopRequestIrp(Request, &Wait->Iosb, NULL, NULL, MajorFunction, Stack);
    if (Irp != NULL) {
        Irp->UserEvent = &Wait->Event;
        Irp->Flags |= IRP_SYNCHRONOUS_API;
    }
    return Irp;
}

NTSTATUS
IopSendAndWait(PIRP Irp, PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb)
{
    PFILE_OBJECT FileObject = Request->FileObject;
    NTSTATUS Status;

    if (Request->Locked) {
        return IopSend(Irp, Request, TRUE);
    }
    Irp->Flags |= IRP_DEFER_IO_COMPLETION;
    IopQueueIrpToThread(Irp);
    Status = IofCallDriver(Request->DeviceObject, Irp);
    if (Status != STATUS_PENDING) {
        Wait->Iosb = Irp->IoStatus;
        IopFinishDeferred(Irp, FileObject);
        if (NT_ERROR(Status)) {
            return Status; /* F4: the caller's status block stays as it is */
        }
    } else {
        IopWait(&Wait->Event, Irp, Request->Mode, (FileObject->Flags & FO_ALERTABLE_IO) != 0);
        Status = Wait->Iosb.Status;
    }
    IopWriteIosb(Iosb, Wait->Iosb.Status, Wait->Iosb.Information);
    return Status;
}
