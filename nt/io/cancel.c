/*
 * cancel.c - cancelling IRPs: one, a file's, a thread's.
 *
 * IoCancelIrp sets Irp->Cancel and calls the cancel routine, if there is one, with the cancel spin lock
 * held; the routine releases it. [wdm: IoCancelIrp, IoSetCancelRoutine, IoAcquireCancelSpinLock]
 *
 *   X1  An IRP is looked up and cancelled without a schedule point in between, so it cannot be freed
 *       under our hands: the cancel lock is taken first, then the thread's list is searched.
 *   X2  A thread that exits cancels its IRPs and waits for them, five minutes at most; what is still
 *       pending then loses its thread (it is an orphan) and is freed when the driver lets go of it.
 *   X3  What the environment cancels while schedules are explored is found in the same step in which it was offered. The
 *       routine is then taken in a step of its own, as a driver's exchange is one; and the flag set in another one
 *       where a driver's reading of it is a step.
 *   X4  While schedules are explored taking the cancel routine is a schedule point, as a driver's own exchange of it is. Of a
 *       request to npfs or msfs it is a step on what that request touches (msgfs.h), of one that waits for a byte-range lock or an
 *       oplock one on those.
 *   X5  So is looking through the lists of other threads: it comes before or after each change of one by its owner. Two
 *       changes commute, so there the owner reads and who looks writes. All lists of a process are one thing there, looked at in
 *       one step: which threads there are does not matter then, for one that begins or has ended has no request.
 */
#include "nt/inc/fsrtl.h"
#include "nt/inc/life.h"
#include "nt/io/msgfs.h"

VOID NTAPI
IoAcquireCancelSpinLock(PKIRQL Irql)
{
    KeAcquireSpinLock(&IopCancelLock, Irql);
}

VOID NTAPI
IoReleaseCancelSpinLock(KIRQL Irql)
{
    KeReleaseSpinLock(&IopCancelLock, Irql);
}

/* X4 */
VOID
IopExchangePoint(PIRP Irp)
{
    PVOID Place = MsgPlaceOfFile(Irp->Tail.Overlay.OriginalFileObject);

    Place = Place != NULL ? Place : FsRtlpPlaceOfLock(Irp);
    Place = Place != NULL ? Place : FsRtlpPlaceOfOplock(Irp);
    if (Place != NULL) {
        KiSchedulePoint(SP_OBJECT, Place);
    } else if (Machine->explore) {
        KiMemoryPoint(SP_ATOMIC, &Irp->CancelRoutine, sizeof(Irp->CancelRoutine));
    }
}

PDRIVER_CANCEL
IopSetCancelRoutine(PIRP Irp, PDRIVER_CANCEL Routine)
{
    IopExchangePoint(Irp);
    return IoSetCancelRoutine(Irp, Routine);
}

/* In a request that a cancellation has found, which may be completed and freed while it stands here. */
static VOID
IopPointInFound(ULONG Operation, PIRP Irp)
{
    KiThread()->LooksAgain = TRUE;
    if (Operation == SP_ATOMIC) {
        IopExchangePoint(Irp);
    } else {
        KiMemoryPoint(Operation, &Irp->Cancel, sizeof(Irp->Cancel));
    }
    KiThread()->LooksAgain = FALSE;
}

/* The cancel lock is held; it is released here or by the routine. */
static BOOLEAN
IopCancelLocked(PIRP Irp, KIRQL OldIrql)
{
    PDRIVER_CANCEL Routine;

    Irp->Cancel = TRUE;
    Routine = Irp->CancelRoutine;
    Irp->CancelRoutine = NULL;
    if (Routine == NULL) {
        IoReleaseCancelSpinLock(OldIrql);
        return FALSE;
    }
    DRIVER_REQUIRE(Irp->CurrentLocation <= Irp->StackCount + 1, CANCEL_STATE_IN_COMPLETED_IRP, Irp,
                   Routine, 0, 0);
    Irp->CancelIrql = OldIrql;
    if (VfCall == NULL) {
        Routine(Irp->Tail.Overlay.CurrentStackLocation->DeviceObject, Irp);
    } else {
        VF_CALL(VOID, VfCancel, Routine, Irp->Tail.Overlay.CurrentStackLocation->DeviceObject, Irp,
                OldIrql, 0);
    }
    return TRUE;
}

BOOLEAN NTAPI
IoCancelIrp(PIRP Irp)
{
    KIRQL OldIrql;

    KiSchedulePoint(SP_IRP_CANCEL, Irp);
    IoAcquireCancelSpinLock(&OldIrql);
    IopExchangePoint(Irp);
    return IopCancelLocked(Irp, OldIrql);
}

/* Whose requests are to be cancelled, and which of them. */
typedef struct _IOP_CANCELLATION {
    PETHREAD Thread;         /* NULL: all of the current process */
    PFILE_OBJECT FileObject; /* NULL: of any file */
    PIO_STATUS_BLOCK Iosb;   /* NULL: all */
    BOOLEAN SynchronousOnly;
} IOP_CANCELLATION, *PIOP_CANCELLATION;

static BOOLEAN
IopIsMeant(PIRP Irp, PIOP_CANCELLATION This)
{
    PFILE_OBJECT File = Irp->Tail.Overlay.OriginalFileObject;

    return !Irp->Cancel && (This->FileObject == NULL || File == This->FileObject) &&
           (This->Iosb == NULL || Irp->UserIosb == This->Iosb) &&
           (!This->SynchronousOnly || (Irp->Flags & IRP_SYNCHRONOUS_API) != 0 ||
            (File != NULL && IopIsSynchronousFile(File)));
}

static PIRP
IopFindMeantOf(PETHREAD Thread, PIOP_CANCELLATION This)
{
    for (PLIST_ENTRY Entry = Thread->IrpList.Flink; Entry != &Thread->IrpList;
         Entry = Entry->Flink) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, ThreadListEntry);

        if (IopIsMeant(Irp, This)) {
            return Irp;
        }
    }
    return NULL;
}

static PIRP
IopFindMeant(PIOP_CANCELLATION This)
{
    PETHREAD Thread = NULL;
    PIRP Irp = NULL;

    if (This->Thread != NULL) {
        return IopFindMeantOf(This->Thread, This);
    }
    while (Irp == NULL && (Thread = PspNextThreadOf(PspCurrentProcess(), Thread)) != NULL) {
        Irp = IopFindMeantOf(Thread, This);
    }
    return Irp;
}

/* Returns how many there were. */
static ULONG
IopCancelMeant(PIOP_CANCELLATION This)
{
    PEPROCESS Process =
        This->Thread != NULL ? PspThreadsProcess(This->Thread) : PspCurrentProcess();
    ULONG Count = 0;
    KIRQL OldIrql;
    PIRP Irp;

    for (;;) {
        KiSchedulePoint(SP_IRP_CANCEL, This->Thread != NULL ? (PVOID)This->Thread : Process);
        KiNoteClosed();
        IoAcquireCancelSpinLock(&OldIrql); /* X1 */
        if (This->Thread != PspCurrentThread()) {
            KiChanges(IOP_REQUESTS_OF(Process)); /* X5 */
        }
        Irp = IopFindMeant(This);
        if (Irp == NULL) {
            IoReleaseCancelSpinLock(OldIrql);
            return Count;
        }
        Count++;
        IopPointInFound(SP_ATOMIC, Irp);
        if (IopFindMeant(This) != Irp) {
            IoReleaseCancelSpinLock(OldIrql); /* it has been completed meanwhile */
            continue;
        }
        IopCancelLocked(Irp, OldIrql);
    }
}

PIRP
IopOldestIrp(PETHREAD Thread)
{
    for (PLIST_ENTRY Entry = Thread->IrpList.Blink; Entry != &Thread->IrpList;
         Entry = Entry->Blink) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, ThreadListEntry);

        if (!Irp->Cancel) {
            return Irp;
        }
    }
    return NULL;
}

BOOLEAN
IopIsCancelLockHeld(VOID)
{
    return IopCancelLock != 0;
}

static BOOLEAN
IopIsThreadsIrp(PETHREAD Thread, PIRP Irp)
{
    for (PLIST_ENTRY Entry = Thread->IrpList.Flink; Entry != &Thread->IrpList;
         Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, IRP, ThreadListEntry) == Irp) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE: the lock has been given back. */
static BOOLEAN
IopCancelFound(PETHREAD Thread, PIRP Irp, BOOLEAN InSteps, KIRQL OldIrql)
{
    if (InSteps) {
        IopPointInFound(SP_MEMORY_WRITE, Irp);
        if (!IopIsThreadsIrp(Thread, Irp)) {
            return FALSE;
        }
        Irp->Cancel = TRUE;
    }
    IopPointInFound(SP_ATOMIC, Irp);
    if (!IopIsThreadsIrp(Thread, Irp)) {
        return FALSE;
    }
    IopCancelLocked(Irp, OldIrql);
    return TRUE;
}

/* X3. Who cancels has a reference to the file object, as NtCancelIoFileEx has: the driver cannot go meanwhile. */
VOID
IopCancelOldest(PETHREAD Thread, BOOLEAN InSteps)
{
    LONG64 Budget = Machine->budget;
    PFILE_OBJECT File;
    KIRQL OldIrql;
    PIRP Irp;

    Machine->budget = 1 << 20;
    IoAcquireCancelSpinLock(&OldIrql);
    Irp = IopOldestIrp(Thread);
    File = Irp != NULL ? Irp->Tail.Overlay.OriginalFileObject : NULL;
    if (File != NULL) {
        ObfReferenceObject(File);
    }
    Machine->budget = Budget;
    if (Irp == NULL || !IopCancelFound(Thread, Irp, InSteps, OldIrql)) {
        IoReleaseCancelSpinLock(OldIrql);
    }
    if (File != NULL) {
        ObfDereferenceObject(File);
    }
}

static BOOLEAN
IopHasIrps(PETHREAD Thread, PFILE_OBJECT FileObject)
{
    for (PLIST_ENTRY Entry = Thread->IrpList.Flink; Entry != &Thread->IrpList;
         Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, IRP, ThreadListEntry)->Tail.Overlay.OriginalFileObject ==
            FileObject) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * Five minutes, X2. In an exploration they pass when nobody can do anything else: a driver that has not been let go on for so long has
 * not forgotten the request.
 */
static VOID
IopWaitForRundown(PETHREAD Thread)
{
    LARGE_INTEGER Due = {.QuadPart = -5ll * 60 * 1000 * 1000 * 10};
    LONG64 Budget = Machine->budget;
    PVOID Objects[2];
    KEVENT Empty;
    KTIMER Limit;

    KeInitializeEvent(&Empty, NotificationEvent, FALSE);
    Thread->IrpRundown = &Empty;
    KeInitializeTimer(&Limit);
    Machine->budget = 1 << 20;
    KeSetTimer(&Limit, Due, NULL);
    Limit.Processor = 0; /* explore.c, E6: not the explored program's */
    Machine->budget = Budget;
    Objects[0] = &Empty;
    Objects[1] = &Limit;
    KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
    Budget = Machine->budget;
    Machine->budget = 1 << 20;
    KeCancelTimer(&Limit);
    Machine->budget = Budget;
    Thread->IrpRundown = NULL;
}

VOID
IopCancelThreadIo(PETHREAD Thread)
{
    IOP_CANCELLATION All = {.Thread = Thread};
    PLIST_ENTRY Entry;

    IopCancelMeant(&All);
    KiCloseOpenedPoint(&Thread->Tcb); /* as below */
    if (!IsListEmpty(&Thread->IrpList)) {
        IopWaitForRundown(Thread);
    }
    while (!IsListEmpty(&Thread->IrpList)) { /* X2 */
        Entry = RemoveHeadList(&Thread->IrpList);
        CONTAINING_RECORD(Entry, IRP, ThreadListEntry)->Tail.Overlay.Thread = NULL;
        InsertTailList(&IopOrphans, Entry);
    }
}

VOID
IopRundownThread(PETHREAD Thread)
{
    KiCloseOpenedPoint(
        &Thread
             ->Tcb); /* the APC that completes the last one comes before this look, or behind it */
    if (!IsListEmpty(&Thread->IrpList)) {
        IopCancelThreadIo(Thread);
    }
    IopFreeIrpCache(Thread);
}

/* [ntifs: NtCancelIoFile] The calling thread's requests only; returns when they are complete. */
NTSTATUS NTAPI
NtCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_CANCELLATION Own = {.Thread = PspCurrentThread()};
    IOP_REQUEST Request;
    NTSTATUS Status;
    KEVENT Gone;

    Status = IopProbeIosb(IoStatusBlock, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = IopBeginRequest(FileHandle, 0, &Request);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Own.FileObject = Request.FileObject;
    if (IopCancelMeant(&Own) != 0) {
        KeInitializeEvent(&Gone, SynchronizationEvent, FALSE);
        Own.Thread->IrpGone = &Gone;
        while (IopHasIrps(Own.Thread, Request.FileObject)) {
            KeWaitForSingleObject(&Gone, Executive, KernelMode, FALSE, NULL);
        }
        Own.Thread->IrpGone = NULL;
    }
    IopWriteIosb(IoStatusBlock, STATUS_SUCCESS, 0);
    IopAbandonRequest(&Request);
    return STATUS_SUCCESS;
}

/* [Win32: CancelIoEx] Any thread of the process; does not wait. */
NTSTATUS NTAPI
NtCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                 PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_CANCELLATION Any = {.Iosb = IoRequestToCancel};
    IOP_REQUEST Request;
    NTSTATUS Status;

    Status = IopProbeIosb(IoStatusBlock, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = IopBeginRequest(FileHandle, 0, &Request);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Any.FileObject = Request.FileObject;
    Status = IopCancelMeant(&Any) != 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
    IopAbandonRequest(&Request);
    IopWriteIosb(IoStatusBlock, Status, 0);
    return Status;
}

/* [Win32: CancelSynchronousIo] */
NTSTATUS NTAPI
NtCancelSynchronousIoFile(HANDLE ThreadHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                          PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_CANCELLATION Synchronous = {.Iosb = IoRequestToCancel, .SynchronousOnly = TRUE};
    NTSTATUS Status;

    Status = IopProbeIosb(IoStatusBlock, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_TERMINATE, PsThreadTypeP,
                                           KiPreviousMode(), (PVOID *)&Synchronous.Thread, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCancelMeant(&Synchronous) != 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
    ObDereferenceObject(Synchronous.Thread);
    IopWriteIosb(IoStatusBlock, Status, 0);
    return Status;
}

/* [ntifs: IoCancelFileOpen] A filter takes back an open that has succeeded below it. */
VOID NTAPI
IoCancelFileOpen(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject)
{
    static const UCHAR Major[2] = {IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    PIO_STACK_LOCATION Stack;
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    PIRP Irp;

    DRIVER_REQUIRE((FileObject->Flags & FO_HANDLE_CREATED) == 0, INVALID_CANCEL_OF_FILE_OPEN,
                   FileObject, DeviceObject, 0, 0);
    FileObject->Flags |= FO_FILE_OPEN_CANCELLED;
    for (ULONG i = 0; i < 2; i++) {
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        Irp = IopAllocateIrp(DeviceObject->StackSize, FALSE);
        if (Irp == NULL) {
            return;
        }
        Irp->Tail.Overlay.OriginalFileObject = FileObject;
        Irp->Tail.Overlay.Thread = PspCurrentThread();
        Irp->RequestorMode = KernelMode;
        Irp->UserEvent = &Event;
        Irp->UserIosb = &Iosb;
        Irp->Flags = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API;
        Stack = IoGetNextIrpStackLocation(Irp);
        Stack->MajorFunction = Major[i];
        Stack->FileObject = FileObject;
        if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
            KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        }
        IoFreeIrp(Irp);
    }
    FileObject->Flags |= FO_CLEANUP_COMPLETE;
}
