/*
 * irps.c - bugs of requests. The device stands on a second one of the same driver, to which some cases send requests.
 */
#define BUG_OWN_CLEANUP
#include "bug.h"

static PDEVICE_OBJECT LowerDevice;
static IO_REMOVE_LOCK RemoveLock;
static KTIMER Timer;
static KDPC Dpc;
static LIST_ENTRY Pended; /* of requests, by their Tail.Overlay.ListEntry */
static KSPIN_LOCK PendedLock;

/* The lower device pends a request for a moment. */
static VOID NTAPI
CompletePended(PKDPC Unused, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PLIST_ENTRY Entry;

    while ((Entry = ExInterlockedRemoveHeadList(&Pended, &PendedLock)) != NULL) {
        BugFinish(CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry), STATUS_SUCCESS, 0);
    }
}

static VOID
QueueForAMoment(PIRP Irp)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    ExInterlockedInsertTailList(&Pended, &Irp->Tail.Overlay.ListEntry, &PendedLock);
    KeSetTimer(&Timer, Soon, &Dpc);
}

static NTSTATUS
PendForAMoment(PIRP Irp)
{
    IoMarkIrpPending(Irp);
    QueueForAMoment(Irp);
    return STATUS_PENDING;
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    NTSTATUS Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &LowerDevice);

    if (NT_SUCCESS(Status)) {
        LowerDevice->Flags &= ~DO_DEVICE_INITIALIZING;
        BugDevice->StackSize = LowerDevice->StackSize + 1; /* not attached: it can be unloaded */
    }
    KeInitializeSpinLock(&PendedLock);
    InitializeListHead(&Pended);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, CompletePended, NULL);
    IoInitializeRemoveLock(&RemoveLock, 'kcoL', 0, 0);
    return Status;
}

static VOID
BugStop(VOID)
{
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    IoDeleteDevice(LowerDevice);
}

static VOID
BugCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
}

static VOID NTAPI
CancelRequest(PDEVICE_OBJECT Device, PIRP Irp)
{
    KIRQL OldIrql;

    if (CASE == 67) {
        Irp->IoStatus.Status = STATUS_CANCELLED; /* the lock is kept */
        return;
    }
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&PendedLock, OldIrql);
    BugFinish(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
#if CASE != 60
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
#endif
    return STATUS_CONTINUE_COMPLETION; /* NOLINE(60): the routine */
}

static NTSTATUS NTAPI
FreeOwn(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    if (Context != NULL) {
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    }
    IoFreeIrp(Irp);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS NTAPI
RegionInCompletion(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
#if CASE == 74
    KeLeaveCriticalRegion();
#endif
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KEVENT Event;
    IO_STATUS_BLOCK Iosb;
    PIRP Own;
    KIRQL OldIrql;

    (VOID) Event, (VOID)Iosb, (VOID)Own, (VOID)OldIrql;
    if (Device == LowerDevice) {
        if (CASE == 60 || CASE == 560 || CASE == 65 || CASE == 565 || CASE == 73 || CASE == 573) {
            return PendForAMoment(Irp);
        }
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    }
#if EITHER(50)
    /* Both the helper and its caller complete the request on an error. */
    if (HAS(50)) {
        BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
        Status = STATUS_INVALID_PARAMETER;
        IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(50) */
        return Status;
    }
#elif EITHER(51)
    /* An unknown code is refused, and nobody completes the request. */
    if (HAS(51)) {
        return STATUS_INVALID_DEVICE_REQUEST; /* NOLINE(51): the routine */
    }
#elif EITHER(52)
    /* STATUS_PENDING without IoMarkIrpPending. */
    if (HAS(52)) {
        QueueForAMoment(Irp);
        return STATUS_PENDING; /* NOLINE(52) */
    }
    return PendForAMoment(Irp);
#elif EITHER(53)
    /* Marked pending, then an error is found and returned. */
    IoMarkIrpPending(Irp);
    BugFinish(Irp, STATUS_UNSUCCESSFUL, 0);
    return HAS(53) ? STATUS_UNSUCCESSFUL : STATUS_PENDING; /* NOLINE(53) */
#elif EITHER(54)
    /* Completed at once, and STATUS_PENDING returned out of habit. */
    BugFinish(Irp, STATUS_SUCCESS, 0);
    return HAS(54) ? STATUS_PENDING : STATUS_SUCCESS; /* NOLINE(54) */
#elif EITHER(55)
    /* The status is read from the request after its completion. */
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return HAS(55) ? Irp->IoStatus.Status : STATUS_SUCCESS; /* NOLINE(55) */
#elif EITHER(56)
    /* More bytes than the buffer has: the needed length, not the returned one. */
    return BugFinish(Irp, STATUS_SUCCESS, HAS(56) ? 4096 : 0); /* NOLINE(56) */
#elif EITHER(57)
    /* Completed with its cancel routine still set. */
    IoMarkIrpPending(Irp);
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    InsertTailList(&Pended,
                   &Irp->Tail.Overlay.ListEntry); /* where the cancel routine looks for it */
    IoSetCancelRoutine(Irp, CancelRequest);
    if (!HAS(57) && IoSetCancelRoutine(Irp, NULL) == NULL) {
        KeReleaseSpinLock(&PendedLock, OldIrql); /* the cancel routine completes it */
        return STATUS_PENDING;
    }
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&PendedLock, OldIrql);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(57) */
    return STATUS_PENDING;
#elif EITHER(58)
    /* Completed with STATUS_PENDING. */
    Irp->IoStatus.Status = HAS(58) ? STATUS_PENDING : STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(58) */
    return STATUS_SUCCESS;
#elif EITHER(59)
    /* The lower driver's status is thrown away. */
    IoSkipCurrentIrpStackLocation(Irp);
    Status = IoCallDriver(LowerDevice, Irp);
    return HAS(59) ? STATUS_UNSUCCESSFUL : Status; /* NOLINE(59) */
#elif EITHER(60)
    /* A completion routine that does not hand the pending mark on. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Completed, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(LowerDevice, Irp);
#elif EITHER(61)
    /* Sent on, and completed as well. */
    IoSkipCurrentIrpStackLocation(Irp);
    Status = IoCallDriver(LowerDevice, Irp);
    if (HAS(61)) {
        IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(61) */
    }
    return Status;
#elif EITHER(62)
    /* A request of its own without a completion routine. */
    Own = IoAllocateIrp(LowerDevice->StackSize, FALSE);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    IoGetNextIrpStackLocation(Own)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    if (!HAS(62)) {
        IoSetCompletionRoutine(Own, FreeOwn, NULL, TRUE, TRUE, TRUE);
    }
    IoCallDriver(LowerDevice, Own); /* BUG(62) */
#elif EITHER(63)
    /* A request that the I/O manager frees is freed by the driver. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Own = IoBuildDeviceIoControlRequest(BUG_BUFFERED, LowerDevice, NULL, 0, NULL, 0, FALSE, &Event,
                                        &Iosb);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    IoCallDriver(LowerDevice, Own);
    if (HAS(63)) {
        IoFreeIrp(Own); /* BUG(63) */
    }
#elif EITHER(75)
    /* The completion routine has freed it, and whoever sent it frees it too. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Own = IoAllocateIrp(LowerDevice->StackSize, FALSE);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    IoGetNextIrpStackLocation(Own)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoSetCompletionRoutine(Own, FreeOwn, &Event, TRUE, TRUE, TRUE);
    IoCallDriver(LowerDevice, Own);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    if (HAS(75)) {
        IoFreeIrp(Own); /* BUG(75) */
    }
#elif EITHER(64)
    /* A request of its own is never freed. */
    Own = IoAllocateIrp(LowerDevice->StackSize, FALSE); /* BUG(64) */
    if (!HAS(64) && Own != NULL) {
        IoFreeIrp(Own);
    }
#elif EITHER(65)
    /* No wait for a pended request whose event is on the stack. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Own = IoBuildDeviceIoControlRequest(BUG_BUFFERED, LowerDevice, NULL, 0, NULL, 0, FALSE,
                                        &Event, /* BUG(65) */
                                        &Iosb);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Status = IoCallDriver(LowerDevice, Own);
    if (Status == STATUS_PENDING && !HAS(65)) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
    Status = STATUS_SUCCESS;
#elif EITHER(66)
    /* A create is sent on at DISPATCH_LEVEL. */
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    if (!HAS(66)) {
        KeReleaseSpinLock(&PendedLock, OldIrql);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    Status = IoCallDriver(LowerDevice, Irp); /* BUG(66) */
    if (HAS(66)) {
        KeReleaseSpinLock(&PendedLock, OldIrql);
    }
    return Status;
#elif EITHER(67)
    /* A cancel routine that does not release the cancel spin lock. */
    IoMarkIrpPending(Irp);
    KeAcquireSpinLock(&PendedLock, &OldIrql);
    InsertTailList(&Pended, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, CancelRequest);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
        KeReleaseSpinLock(&PendedLock, OldIrql);
        BugFinish(Irp, STATUS_CANCELLED, 0);
        return STATUS_PENDING; /* NOLINE(67) */
    }
    KeReleaseSpinLock(&PendedLock, OldIrql);
    return STATUS_PENDING;
#elif EITHER(68)
    /* The remove lock is not released on an error path. */
    Status = IoAcquireRemoveLock(&RemoveLock, Irp); /* BUG(68) */
    if (NT_SUCCESS(Status) && HAS(68)) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    IoReleaseRemoveLock(&RemoveLock, Irp);
#elif EITHER(69)
    /* Waits for the remove lock in an ordinary request. */
    Status = IoAcquireRemoveLock(&RemoveLock, Irp);
    if (HAS(69)) {
        IoReleaseRemoveLockAndWait(&RemoveLock, Irp); /* BUG(69) */
    } else {
        IoReleaseRemoveLock(&RemoveLock, Irp);
    }
#elif EITHER(70)
    /* The stack location is copied by hand, with the completion routine of the caller. */
    if (Stack->MinorFunction != 77) {
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, Completed, NULL, TRUE, TRUE, TRUE);
        *Stack = *IoGetNextIrpStackLocation(Irp);
        if (HAS(70)) {
            *IoGetNextIrpStackLocation(Irp) = *Stack;
        } else {
            Stack->Control = 0;
        }
    }
    return IoCallDriver(LowerDevice, Irp); /* BUG(70) */
#elif EITHER(71)
    /* The completion routine is set, then the request is completed here after all. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    Status =
        IoSetCompletionRoutineEx(BugDevice, Irp, Completed, NULL, TRUE, TRUE, TRUE); /* BUG(71) */
    if (NT_SUCCESS(Status) && !HAS(71)) {
        return IoCallDriver(LowerDevice, Irp);
    }
#elif EITHER(72)
    /* Success is returned for a request that was completed with an error. */
    BugFinish(Irp, STATUS_UNSUCCESSFUL, 0);
    return HAS(72) ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL; /* NOLINE(72) */
#elif EITHER(73)
    /* The driver signals the event that the I/O manager will signal. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Own = IoBuildDeviceIoControlRequest(BUG_BUFFERED, LowerDevice, NULL, 0, NULL, 0, FALSE, &Event,
                                        &Iosb);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    if (IoCallDriver(LowerDevice, Own) == STATUS_PENDING) {
        if (HAS(73)) {
            KeSetEvent(&Event, IO_NO_INCREMENT, FALSE); /* BUG(73) */
        }
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
#elif EITHER(74)
    /* A region is entered here and left in the completion routine, which may run in any thread. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, RegionInCompletion, NULL, TRUE, TRUE, TRUE); /* NOLINE(74) */
    if (CASE == 74) {
        KeEnterCriticalRegion();
    }
    return IoCallDriver(LowerDevice, Irp);
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
