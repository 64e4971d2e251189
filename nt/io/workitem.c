/*
 * workitem.c - I/O work items: a routine in a system worker thread that keeps its device alive.
 *
 *   K1  The device (or driver) object is referenced from the queueing until the routine has returned, so
 *       the driver cannot go away under it. [wdm: IoQueueWorkItem]
 *   K2  The routine may free or queue its item again: nothing is read from it after the call.
 *   K3  The routine works under the activity identifier of the thread that queued it. [ntddk: IoSetActivityIdThread]
 */
#include "nt/io/iop.h"

struct _IO_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PIO_WORKITEM_ROUTINE Routine;
    PIO_WORKITEM_ROUTINE_EX RoutineEx;
    PVOID IoObject;
    PVOID Context;
    BOOLEAN Queued;
    BOOLEAN HasActivity;
    GUID Activity; /* K3 */
};

static VOID NTAPI
IopProcessWorkItem(PVOID Parameter)
{
    PIO_WORKITEM Item = Parameter;
    PVOID IoObject = Item->IoObject;
    GUID Activity = Item->Activity;

    Item->Queued = FALSE;
    PspCurrentThread()->Activity = Item->HasActivity ? &Activity : NULL; /* K3 */
    PspCurrentThread()->OwnCode = FALSE;
    if (VfCall != NULL) {
        VF_CALL(VOID, VfWorkItem,
                Item->RoutineEx != NULL ? (PVOID)Item->RoutineEx : (PVOID)Item->Routine, IoObject,
                Item->Context, Item, 0);
    } else if (Item->RoutineEx != NULL) {
        Item->RoutineEx(IoObject, Item->Context, Item);
    } else {
        Item->Routine(IoObject, Item->Context);
    }
    PspCurrentThread()->OwnCode = TRUE;
    PspCurrentThread()->Activity = NULL;
    ObDereferenceObject(IoObject); /* K1, K2 */
}

ULONG NTAPI
IoSizeofWorkItem(VOID)
{
    return sizeof(struct _IO_WORKITEM);
}

VOID NTAPI
IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
    RtlZeroMemory(IoWorkItem, sizeof(*IoWorkItem));
    IoWorkItem->IoObject = IoObject;
    ExInitializeWorkItem(&IoWorkItem->Item, IopProcessWorkItem, IoWorkItem);
}

VOID NTAPI
IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem)
{
}

PIO_WORKITEM NTAPI
IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    PIO_WORKITEM Item;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Item = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Item), 'IWoI');
    if (Item != NULL) {
        IoInitializeWorkItem(DeviceObject, Item);
    }
    return Item;
}

VOID NTAPI
IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    ExFreePoolWithTag(IoWorkItem, 0);
}

BOOLEAN
IopIsItemQueued(PIO_WORKITEM Item)
{
    return Item->Queued;
}

static VOID
IopQueueWorkItem(PIO_WORKITEM Item, PIO_WORKITEM_ROUTINE Routine, PIO_WORKITEM_ROUTINE_EX RoutineEx,
                 WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    LPCGUID Activity = KiPrcb()->DpcRoutineActive ? NULL : PspCurrentThread()->Activity;

    Item->HasActivity = Activity != NULL;
    if (Activity != NULL) {
        Item->Activity = *Activity; /* K3 */
    }
    Item->Routine = Routine;
    Item->RoutineEx = RoutineEx;
    Item->Context = Context;
    Item->Queued = TRUE;
    ObReferenceObject(Item->IoObject); /* K1 */
    ExQueueWorkItem(&Item->Item, QueueType);
}

VOID NTAPI
IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    IopQueueWorkItem(IoWorkItem, WorkerRoutine, NULL, QueueType, Context);
}

VOID NTAPI
IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                  WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    IopQueueWorkItem(IoWorkItem, NULL, WorkerRoutine, QueueType, Context);
}

/* FALSE: the item is queued already. */
BOOLEAN NTAPI
IoTryQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                   WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    KiSchedulePoint(SP_INTERLOCKED, IoWorkItem);
    if (IoWorkItem->Queued) {
        return FALSE;
    }
    IopQueueWorkItem(IoWorkItem, NULL, WorkerRoutine, QueueType, Context);
    return TRUE;
}
