/*
 * drawn_system.h - what drawn.c's programs have of the I/O system and of APCs: requests to a device of this driver, work items, APCs.
 *
 *     requests  0 and 1, each sent once. The dispatch routine completes one at once, or keeps it in Kept until somebody completes it or it is cancelled, by
 *               IoCancelIrp or at the end of its thread (one that IoBuildDeviceIoControlRequest made). Its event is set when it is complete.
 *     items     0 and 1, each queued once; the first time its routine may queue it again
 *     APCs      5 and 6, to a thread of the program
 */
#ifndef TESTS_EXPLORE_DRAWN_SYSTEM_H
#define TESTS_EXPLORE_DRAWN_SYSTEM_H

VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, ULONG Environment, PVOID KernelRoutine,
                           PVOID RundownRoutine, PVOID NormalRoutine, KPROCESSOR_MODE Mode,
                           PVOID NormalContext);
BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2, KPRIORITY Increment);
BOOLEAN NTAPI KeRemoveQueueApc(PKAPC Apc);
BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE Mode);

/* How a request is sent: the argument of SEND. */
#define SEND_CANCELLABLE 1
#define SEND_AT_ONCE     2 /* it is completed in the dispatch routine */
#define SEND_OF_THREAD   4 /* by IoBuildDeviceIoControlRequest */

#define REQUESTS 2
#define ITEMS    2

static VOID Run(PUCHAR At);

static PDEVICE_OBJECT Device;
static PIRP Request[REQUESTS]; /* not those of threads */
static PIRP Kept[REQUESTS];
static BOOLEAN HasRoutine[REQUESTS]; /* to cancel what is kept */
static KSPIN_LOCK KeptLock;
static KEVENT Completed[REQUESTS];
static IO_STATUS_BLOCK Iosb[REQUESTS];
static PIO_WORKITEM Item[ITEMS];
static PUCHAR ItemRoutine[ITEMS];
static UCHAR ItemTimes[ITEMS]; /* that it queues itself */
static BOOLEAN ItemQueued[ITEMS];
static KEVENT ItemDone[ITEMS];

static BOOLEAN
Finish(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return TRUE;
}

static VOID NTAPI
Cancelled(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG_PTR Number = (ULONG_PTR)Irp->Tail.Overlay.DriverContext[0];
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&KeptLock, &Irql);
    Kept[Number] = NULL;
    KeReleaseSpinLock(&KeptLock, Irql);
    Finish(Irp, STATUS_CANCELLED);
}

/* A request is kept. FALSE: it has been cancelled meanwhile. */
static BOOLEAN
Keep(PIRP Irp, ULONG_PTR Number, BOOLEAN Cancellable)
{
    BOOLEAN Keeps = TRUE;
    KIRQL Irql;

    KeAcquireSpinLock(&KeptLock, &Irql);
    if (Cancellable) {
        IoSetCancelRoutine(Irp, Cancelled);
        Keeps = !Irp->Cancel || IoSetCancelRoutine(Irp, NULL) == NULL;
    }
    Kept[Number] = Keeps ? Irp : NULL;
    HasRoutine[Number] = Cancellable;
    KeReleaseSpinLock(&KeptLock, Irql);
    return Keeps;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG_PTR Number = (ULONG_PTR)Stack->Parameters.Others.Argument1;
    ULONG_PTR How = (ULONG_PTR)Stack->Parameters.Others.Argument2;

    if ((How & SEND_AT_ONCE) != 0) {
        Finish(Irp, STATUS_SUCCESS);
        return STATUS_SUCCESS;
    }
    IoMarkIrpPending(Irp);
    Irp->Tail.Overlay.DriverContext[0] = (PVOID)Number;
    if (!Keep(Irp, Number, (How & SEND_CANCELLABLE) != 0)) {
        Finish(Irp, STATUS_CANCELLED);
    }
    return STATUS_PENDING;
}

static NTSTATUS NTAPI
WhenComplete(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Event)
{
    KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static BOOLEAN
Send(UCHAR Number, UCHAR How)
{
    PIO_STACK_LOCATION Stack;
    PIRP Irp = Request[Number];

    if ((How & SEND_OF_THREAD) != 0) {
        Irp = IoBuildDeviceIoControlRequest(
            CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_NEITHER, FILE_ANY_ACCESS), Device, NULL, 0,
            NULL, 0, TRUE, &Completed[Number], &Iosb[Number]);
    } else {
        IoSetCompletionRoutine(Irp, WhenComplete, &Completed[Number], TRUE, TRUE, TRUE);
    }
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
    Stack->Parameters.Others.Argument1 = (PVOID)(ULONG_PTR)Number;
    Stack->Parameters.Others.Argument2 = (PVOID)(ULONG_PTR)How;
    return IoCallDriver(Device, Irp) == STATUS_PENDING;
}

/* FALSE: there is none, or who cancels it completes it. */
static BOOLEAN
Complete(UCHAR Number)
{
    BOOLEAN Takes;
    KIRQL Irql;
    PIRP Irp;

    KeAcquireSpinLock(&KeptLock, &Irql);
    Irp = Kept[Number];
    Takes = Irp != NULL && (!HasRoutine[Number] || IoSetCancelRoutine(Irp, NULL) != NULL);
    Kept[Number] = Takes ? NULL : Irp;
    KeReleaseSpinLock(&KeptLock, Irql);
    return Takes && Finish(Irp, STATUS_SUCCESS);
}

static VOID NTAPI
Work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    ULONG_PTR Number = (ULONG_PTR)Context;

    Run(ItemRoutine[Number]);
    if (ItemTimes[Number]-- != 0) {
        IoQueueWorkItem(Item[Number], Work, DelayedWorkQueue, Context);
    } else {
        KeSetEvent(&ItemDone[Number], IO_NO_INCREMENT, FALSE);
    }
}

static VOID
QueueItem(UCHAR Number)
{
    ItemQueued[Number] = TRUE;
    IoQueueWorkItem(Item[Number], Work, DelayedWorkQueue, (PVOID)(ULONG_PTR)Number);
}

static VOID NTAPI
ApcKernel(PKAPC Apc, PVOID *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
}

static VOID NTAPI
ApcSpecial(PKAPC Apc, PVOID *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Run(*Argument1);
}

static VOID NTAPI
ApcNormal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Run(Argument1);
}

static VOID NTAPI
ApcRundown(PKAPC Apc)
{
}

static VOID
InitializeSystem(PDRIVER_OBJECT DriverObject)
{
    DriverObject->MajorFunction[IRP_MJ_INTERNAL_DEVICE_CONTROL] = Dispatch;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    KeInitializeSpinLock(&KeptLock);
    for (ULONG Index = 0; Index < REQUESTS; Index++) {
        KeInitializeEvent(&Completed[Index], NotificationEvent, FALSE);
        Request[Index] = IoAllocateIrp(Device->StackSize, FALSE);
    }
    for (ULONG Index = 0; Index < ITEMS; Index++) {
        KeInitializeEvent(&ItemDone[Index], NotificationEvent, FALSE);
        Item[Index] = IoAllocateWorkItem(Device);
    }
}

static VOID
WaitForItems(VOID)
{
    for (ULONG Index = 0; Index < ITEMS; Index++) {
        if (ItemQueued[Index]) {
            KeWaitForSingleObject(&ItemDone[Index], Executive, KernelMode, FALSE, NULL);
        }
    }
}

static VOID
EndSystem(VOID)
{
    for (UCHAR Index = 0; Index < REQUESTS; Index++) {
        Complete(Index);
        IoFreeIrp(Request[Index]);
    }
    for (ULONG Index = 0; Index < ITEMS; Index++) {
        IoFreeWorkItem(Item[Index]);
    }
    IoDeleteDevice(Device);
}

#endif
