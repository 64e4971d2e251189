/*
 * reinit.c - routines that a driver asks to be called again after DriverEntry.
 *
 * Only of a driver whose DriverEntry succeeds. They run once per registration, in order, when the load that registered them is over; Count says how
 * often this driver's routine has been called. Those of IoRegisterBootDriverReinitialization run only for
 * a driver with Start = 0. [ntddk: IoRegisterDriverReinitialization]
 */
#include "nt/io/iop.h"

static VOID
IopQueueReinit(PLIST_ENTRY Queue, PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE Routine,
               PVOID Context)
{
    PIOP_REINIT Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Entry), TAG_IODRIVER);

    if (Entry == NULL) {
        return;
    }
    Entry->DriverObject = DriverObject;
    Entry->Routine = Routine;
    Entry->Context = Context;
    InsertTailList(Queue, &Entry->Links);
}

VOID NTAPI
IoRegisterDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                 PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context)
{
    DriverObject->Flags |= DRVO_REINIT_REGISTERED;
    IopQueueReinit(&IopReinitQueue, DriverObject, DriverReinitializationRoutine, Context);
}

VOID NTAPI
IoRegisterBootDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                     PDRIVER_REINITIALIZE DriverReinitializationRoutine,
                                     PVOID Context)
{
    DriverObject->Flags |= DRVO_BOOTREINIT_REGISTERED;
    IopQueueReinit(&IopBootReinitQueue, DriverObject, DriverReinitializationRoutine, Context);
}

VOID
IopRunReinit(BOOLEAN Boot)
{
    PLIST_ENTRY Queue = Boot ? &IopBootReinitQueue : &IopReinitQueue;

    while (!IsListEmpty(Queue)) {
        PIOP_REINIT Entry = CONTAINING_RECORD(RemoveHeadList(Queue), IOP_REINIT, Links);
        PDRIVER_OBJECT DriverObject = Entry->DriverObject;

        DriverObject->Flags &= ~(Boot ? DRVO_BOOTREINIT_REGISTERED : DRVO_REINIT_REGISTERED);
        DriverObject->DriverExtension->Count++;
        Entry->Routine(DriverObject, Entry->Context, DriverObject->DriverExtension->Count);
        ExFreePoolWithTag(Entry, TAG_IODRIVER);
    }
}

VOID
IopForgetReinit(PDRIVER_OBJECT DriverObject)
{
    PLIST_ENTRY Queues[2] = {&IopReinitQueue, &IopBootReinitQueue};

    for (ULONG i = 0; i < 2; i++) {
        for (PLIST_ENTRY At = Queues[i]->Flink, Next; At != Queues[i]; At = Next) {
            PIOP_REINIT Entry = CONTAINING_RECORD(At, IOP_REINIT, Links);

            Next = At->Flink;
            if (Entry->DriverObject == DriverObject) {
                RemoveEntryList(At);
                ExFreePoolWithTag(Entry, TAG_IODRIVER);
            }
        }
    }
}
