/*
 * more.c - bugs of rules that the other files do not break.
 */
#include "bug.h"

#define TAG 'omMB'

static PDEVICE_OBJECT Second;
static KSPIN_LOCK Lock;
static FAST_MUTEX Mutex;
static WORK_QUEUE_ITEM WorkItem;
static HANDLE Handle;
static volatile LONG Size = 0;

static VOID NTAPI
Work(PVOID Parameter)
{
}

static VOID NTAPI
Cancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    BugFinish(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    NTSTATUS Status = STATUS_SUCCESS;

    KeInitializeSpinLock(&Lock);
    ExInitializeFastMutex(&Mutex);
    ExInitializeWorkItem(&WorkItem, Work, NULL);
#if EITHER(312)
    Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second); /* BUG(312) */
#elif EITHER(301) || EITHER(303) || EITHER(304) || EITHER(300)
    Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second);
    BugDevice->StackSize = 2;
#endif
    return Status;
}

static VOID
BugStop(VOID)
{
#if CASE == 314
    ExQueueWorkItem(&WorkItem, DelayedWorkQueue); /* BUG(314) */
#endif
    if (Second != NULL && !HAS(312)) {
        IoDeleteDevice(Second);
    }
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    KLOCK_QUEUE_HANDLE Queued;
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    KIRQL OldIrql;
    PVOID Block;
    PIRP Own;

    (VOID) Queued, (VOID)Iosb, (VOID)Event, (VOID)OldIrql, (VOID)Block, (VOID)Own, (VOID)Cancel;
    (VOID) Handle, (VOID)Size;
    if (Device == Second) {
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    }
#if EITHER(300)
    /* The wait for a request of its own at APC_LEVEL: its completion is an APC. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Own =
        IoBuildDeviceIoControlRequest(BUG_BUFFERED, Second, NULL, 0, NULL, 0, FALSE, &Event, &Iosb);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    if (HAS(300)) {
        KeEnterGuardedRegion();
    }
    IoCallDriver(Second, Own);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL); /* BUG(300) */
    if (HAS(300)) {
        KeLeaveGuardedRegion();
    }
#elif EITHER(301)
    /* Completed with a spin lock held. */
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (!HAS(301)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(301) */
    if (HAS(301)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    return STATUS_SUCCESS;
#elif EITHER(302)
    /* An in-stack queued spin lock is acquired under itself. */
    KeAcquireInStackQueuedSpinLock(&Lock, &Queued);
    if (HAS(302)) {
        KLOCK_QUEUE_HANDLE Again;

        KeAcquireInStackQueuedSpinLockAtDpcLevel(&Lock, &Again); /* BUG(302) */
        KeReleaseInStackQueuedSpinLockFromDpcLevel(&Again);
    }
    KeReleaseInStackQueuedSpinLock(&Queued);
#elif EITHER(303)
    /* Sent on with a spin lock held. */
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (!HAS(303)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    IoCallDriver(Second, Irp); /* BUG(303) */
    if (HAS(303)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    return STATUS_SUCCESS;
#elif EITHER(304)
    /* A request of its own is completed where it should be freed. */
    Own = IoAllocateIrp(2, FALSE);
    if (Own == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    if (HAS(304)) {
        Own->IoStatus.Status = STATUS_SUCCESS;
        IoCompleteRequest(Own, IO_NO_INCREMENT); /* BUG(304) */
    } else {
        IoFreeIrp(Own);
    }
#elif EITHER(305)
    /* The client's request is reused for the driver's own purpose. */
    if (HAS(305)) {
        IoReuseIrp(Irp, STATUS_SUCCESS); /* BUG(305) */
    }
#elif EITHER(306)
    /* A block of no bytes. */
    Block = ExAllocatePoolWithTag(PagedPool, HAS(306) ? (SIZE_T)Size : 16, TAG); /* BUG(306) */
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(307)
    /* Executable pool for data. */
    Block = ExAllocatePoolWithTag(HAS(307) ? NonPagedPool : NonPagedPoolNx, 16, TAG); /* BUG(307) */
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(308)
    /* Cancelled before the cancel routine was set. */
    IoMarkIrpPending(Irp);
    Irp->Cancel = TRUE; /* as if the client had been faster */
    IoSetCancelRoutine(Irp, Cancel);
    if (!HAS(308) && IoSetCancelRoutine(Irp, NULL) != NULL) {
        BugFinish(Irp, STATUS_CANCELLED, 0);
    }
    return STATUS_PENDING; /* NOLINE(308): the routine */
#elif EITHER(309)
    /* A fast mutex is held when the request is complete. */
    ExAcquireFastMutex(&Mutex); /* BUG(309) */
    if (!HAS(309)) {
        ExReleaseFastMutex(&Mutex);
    }
#elif EITHER(310)
    /* The completion routine is registered with the device of another driver. */
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    PDEVICE_OBJECT Null;
    PFILE_OBJECT File;

    if (NT_SUCCESS(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Null))) {
        if (HAS(310)) {
            IoSetCompletionRoutineEx(Null, Irp, NULL, NULL, FALSE, FALSE, FALSE); /* BUG(310) */
        }
        ObDereferenceObject(File);
    }
#elif CASE == 813
    /* No bug: a driver may ask whether it is verified, and is told the truth. [MmIsDriverVerifying] */
    if (!MmIsDriverVerifying(Device->DriverObject) ||
        !MmIsDriverVerifyingByAddress((PVOID)(ULONG_PTR)DriverEntry)) {
        KeBugCheckEx(0xE2, 813, 0, 0, 0);
    }
#elif EITHER(311)
    /* An event that the client has a handle to is waited for in a critical region: here one of its own. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Block != NULL) {
        RtlZeroMemory(Block, 32);
        if (HAS(311)) {
            strcpy(Block, "a name"); /* BUG(311) */
        }
        ExFreePoolWithTag(Block, TAG);
    }
#endif
    return BugFinish(Irp, STATUS_SUCCESS, 0);
}
