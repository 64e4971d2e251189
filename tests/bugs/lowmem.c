/*
 * lowmem.c - bugs of error paths: they show when an allocation fails.
 */
#include "bug.h"

#define TAG 'wlMB'

static PDEVICE_OBJECT LowerDevice; /* case 203: what the requests are sent on to */

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    NTSTATUS Status = STATUS_SUCCESS;

#if EITHER(203)
    Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &LowerDevice);
    if (NT_SUCCESS(Status)) {
        BugDevice->StackSize = LowerDevice->StackSize + 1; /* not attached: it can be unloaded */
    }
#endif
    return Status;
}

static VOID
BugStop(VOID)
{
    if (LowerDevice != NULL) {
        IoDeleteDevice(LowerDevice);
    }
}

#if EITHER(203)
static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_CONTINUE_COMPLETION;
}
#endif

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PULONG First = NULL, Second = NULL;

    if (Device == LowerDevice) {
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    }
#if EITHER(200)
    /* The result is not looked at. */
    First = ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG);
    if (First == NULL && !HAS(200)) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    *(volatile ULONG *)First = 1; /* BUG(200) */
    ExFreePoolWithTag(First, TAG);
#elif EITHER(201)
    /* The second allocation fails, and the first one leaks. */
    First = ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG); /* BUG(201) */
    if (First == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Second = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Second == NULL) {
        if (!HAS(201)) {
            ExFreePoolWithTag(First, TAG);
        }
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    ExFreePoolWithTag(Second, TAG);
    ExFreePoolWithTag(First, TAG);
#elif EITHER(202)
    /* The request is forgotten where memory is short. */
    First = ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG);
    if (First == NULL) {
        if (HAS(202)) {
            return STATUS_INSUFFICIENT_RESOURCES; /* NOLINE(202): the routine */
        }
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    ExFreePoolWithTag(First, TAG);
#elif EITHER(203)
    /* The completion routine could not be set, and the request is sent on all the same. */
    IoCopyCurrentIrpStackLocationToNext(Irp);
    Status = IoSetCompletionRoutineEx(Device, Irp, Completed, NULL, TRUE, TRUE, TRUE);
    if (!NT_SUCCESS(Status) && !HAS(203)) {
        return BugFinish(Irp, Status, 0);
    }
    return IoCallDriver(LowerDevice, Irp); /* BUG(203) */
#else
#error no such case
#endif
    (VOID) Second;
    return BugFinish(Irp, Status, 0);
}
