/*
 * stack.c - bugs of stack locations, of what the headers inline, and of cleanup. The device stands on a second one of the
 * same driver, in case 338 on that of lower.c.
 */
#define BUG_OWN_CLEANUP
#include "bug.h"

static PDEVICE_OBJECT LowerDevice;
static PFILE_OBJECT LowerFile;
static IO_REMOVE_LOCK RemoveLock;
static LIST_ENTRY Pended;
static KSPIN_LOCK PendedLock;
static KTIMER Timer;
static KDPC Dpc;
static KEVENT Unused;

#if EITHER(336)
static VOID NTAPI
CancelCurrent(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    BugFinish(Irp, STATUS_CANCELLED, 0);
}

static VOID NTAPI
StartIo(PDEVICE_OBJECT Device, PIRP Irp) /* NOLINE(336): the routine */
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    if (HAS(336)) {
        IoSetCancelRoutine(Irp, CancelCurrent);
    }
    KeSetTimer(&Timer, Soon, &Dpc);
}
#endif

#if EITHER(337)
static VOID NTAPI
StartIo(PDEVICE_OBJECT Device, PIRP Irp)
{
    BugFinish(Irp, STATUS_SUCCESS, 0);
    IoStartNextPacket(Device, FALSE); /* BUG(337) */
}
#endif

static VOID NTAPI
TimerDpc(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
#if EITHER(336)
    PIRP Irp = BugDevice->CurrentIrp;

    if (Irp != NULL && (!HAS(336) || IoSetCancelRoutine(Irp, NULL) != NULL)) {
        BugFinish(Irp, STATUS_SUCCESS, 0);
    }
    IoStartNextPacket(BugDevice, FALSE);
#endif
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
#if EITHER(338)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabLower");
    NTSTATUS Status = IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &LowerFile, &LowerDevice);
#else
    NTSTATUS Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &LowerDevice);
#endif

    if (NT_SUCCESS(Status)) {
        BugDevice->StackSize = LowerDevice->StackSize + 1; /* not attached: it can be unloaded */
    }
    KeInitializeSpinLock(&PendedLock);
    InitializeListHead(&Pended);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, TimerDpc, NULL);
    KeInitializeEvent(&Unused, NotificationEvent, FALSE);
    IoInitializeRemoveLock(&RemoveLock, 'kcoL', 0, 0);
#if EITHER(336)
    Driver->DriverStartIo = StartIo;
    IoSetStartIoAttributes(BugDevice, TRUE, FALSE);
#elif EITHER(337)
    Driver->DriverStartIo = StartIo;
    IoSetStartIoAttributes(BugDevice, !HAS(337), TRUE);
#endif
    return Status;
}

static VOID
BugStop(VOID)
{
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    if (LowerFile != NULL) {
        ObDereferenceObject(LowerFile);
    } else {
        IoDeleteDevice(LowerDevice);
    }
}

#if EITHER(331)
static VOID NTAPI
CancelRequest(PDEVICE_OBJECT Device, PIRP Irp)
{
    KIRQL OldIrql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&PendedLock, OldIrql);
    BugFinish(Irp, STATUS_CANCELLED, 0);
}

/* Of a file object; NULL: there is none, or its cancel routine is on its way. */
static PIRP
TakePended(PFILE_OBJECT File)
{
    PIRP Found = NULL;
    KIRQL OldIrql;

    KeAcquireSpinLock(&PendedLock, &OldIrql);
    for (PLIST_ENTRY Entry = Pended.Flink; Entry != &Pended && Found == NULL;
         Entry = Entry->Flink) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);

        if (IoGetCurrentIrpStackLocation(Irp)->FileObject == File &&
            IoSetCancelRoutine(Irp, NULL) != NULL) {
            Found = Irp;
        }
    }
    if (Found != NULL) {
        RemoveEntryList(&Found->Tail.Overlay.ListEntry);
    }
    KeReleaseSpinLock(&PendedLock, OldIrql);
    return Found;
}
#endif

static VOID
BugCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
#if CASE == 831
    PIRP Left;

    while ((Left = TakePended(IoGetCurrentIrpStackLocation(Irp)->FileObject)) != NULL) {
        BugFinish(Left, STATUS_CANCELLED, 0);
    }
#elif CASE == 331
    (VOID) TakePended; /* NOLINE(331): the routine */
#endif
}

#if EITHER(333)
#if CASE == 333
__attribute__((section("PAGE")))
#endif
static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
#else
static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
#endif
{
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
#if CASE == 334
    IoMarkIrpPending(Irp);
    KeSetEvent(&Unused, IO_NO_INCREMENT, FALSE); /* NOLINE(334): the routine */
#endif
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KIRQL OldIrql;

    (VOID) OldIrql, (VOID)Completed;
    if (Device == LowerDevice) {
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    }
#if EITHER(330)
    /* The stack location is skipped, and a completion routine set in it all the same. */
    if (HAS(330)) {
        IoSkipCurrentIrpStackLocation(Irp);
    } else {
        IoCopyCurrentIrpStackLocationToNext(Irp);
    }
    IoSetCompletionRoutine(Irp, Completed, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(LowerDevice, Irp); /* BUG(330) */
#elif EITHER(331)
    /* Requests wait for something; when the handle is closed nobody looks after them. */
    IoMarkIrpPending(Irp);
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    InsertTailList(&Pended, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, CancelRequest);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
        KeReleaseSpinLock(&PendedLock, OldIrql);
        BugFinish(Irp, STATUS_CANCELLED, 0);
        return STATUS_PENDING;
    }
    KeReleaseSpinLock(&PendedLock, OldIrql);
    return STATUS_PENDING;
#elif EITHER(332)
    /* Controls hold the remove lock while they are sent on, writes do not. */
    if (Stack->MajorFunction != IRP_MJ_WRITE || !HAS(332)) {
        Status = IoAcquireRemoveLock(&RemoveLock, Irp);
        if (!NT_SUCCESS(Status)) {
            return BugFinish(Irp, Status, 0);
        }
        IoCopyCurrentIrpStackLocationToNext(Irp);
        Status = IoCallDriver(LowerDevice, Irp);
        IoReleaseRemoveLock(&RemoveLock, Irp);
        return Status;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(LowerDevice, Irp); /* BUG(332) */
#elif EITHER(333) || EITHER(334)
    /* The completion routine is pageable; it marks the request and signals an event as well. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Completed, NULL, TRUE, TRUE, TRUE);
    if (CASE == 334) {
        IoMarkIrpPending(Irp);
        IoCallDriver(LowerDevice, Irp);
        return STATUS_PENDING;
    }
    return IoCallDriver(LowerDevice, Irp); /* BUG(333) */
#elif EITHER(335)
    /* IoSetCompletionRoutine in a driver that nothing keeps loaded. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    if (HAS(335)) {
        IoSetCompletionRoutine(Irp, Completed, NULL, TRUE, TRUE, TRUE);
    } else {
        Status = IoSetCompletionRoutineEx(Device, Irp, Completed, NULL, TRUE, TRUE, TRUE);
        if (!NT_SUCCESS(Status)) {
            return BugFinish(Irp, Status, 0);
        }
    }
    return IoCallDriver(LowerDevice, Irp); /* BUG(335) */
#elif EITHER(337)
    /* StartIo starts the next packet itself, and so on for each that waits, on one stack. */
    IoMarkIrpPending(Irp);
    IoStartPacket(Device, Irp, NULL, NULL);
    return STATUS_PENDING;
#elif EITHER(338)
    /* The lower driver takes its time; the request is not waited for, but completed. */
    IoMarkIrpPending(Irp);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    Status = IoCallDriver(LowerDevice, Irp);
    if (HAS(338) && Status == STATUS_PENDING) {
        Irp->IoStatus.Status = STATUS_IO_TIMEOUT;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(338) */
    }
    return STATUS_PENDING;
#elif EITHER(336)
    /* StartIo sets a cancel routine, and the I/O manager may call it while StartIo runs. */
    IoMarkIrpPending(Irp);
    IoStartPacket(Device, Irp, NULL, NULL);
    return STATUS_PENDING;
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
