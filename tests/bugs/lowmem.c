/*
 * lowmem.c - bugs of error paths: they show when an allocation fails.
 */
#include "bug.h"

#define TAG 'wlMB'

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PULONG First = NULL, Second = NULL;

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
#else
#error no such case
#endif
    (VOID) Second;
    return BugFinish(Irp, Status, 0);
}
