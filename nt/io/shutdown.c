/*
 * shutdown.c - drivers that want IRP_MJ_SHUTDOWN.
 *
 * The last to register is the first to be told; then the file systems; then those of the last chance.
 * A registered device stays referenced. [wdm: IoRegisterShutdownNotification]
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

static NTSTATUS
IopRegisterShutdown(PLIST_ENTRY Queue, PDEVICE_OBJECT DeviceObject)
{
    PIOP_SHUTDOWN Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Entry), TAG_IODEVICE);

    if (Entry == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObReferenceObject(DeviceObject);
    Entry->DeviceObject = DeviceObject;
    KiChanges(&IopShutdownQueue); /* the order in which they are told */
    InsertHeadList(Queue, &Entry->Links);
    DeviceObject->Flags |= DO_SHUTDOWN_REGISTERED;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    return IopRegisterShutdown(&IopShutdownQueue, DeviceObject);
}

NTSTATUS NTAPI
IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    return IopRegisterShutdown(&IopLastChanceShutdownQueue, DeviceObject);
}

static VOID
IopForgetShutdown(PLIST_ENTRY Queue, PDEVICE_OBJECT DeviceObject)
{
    PLIST_ENTRY Entry, Next;

    for (Entry = Queue->Flink; Entry != Queue; Entry = Next) {
        PIOP_SHUTDOWN Shutdown = CONTAINING_RECORD(Entry, IOP_SHUTDOWN, Links);

        Next = Entry->Flink;
        if (Shutdown->DeviceObject == DeviceObject) {
            RemoveEntryList(Entry);
            ExFreePoolWithTag(Shutdown, TAG_IODEVICE);
            ObDereferenceObject(DeviceObject);
        }
    }
}

VOID NTAPI
IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    KiChanges(&IopShutdownQueue);
    DeviceObject->Flags &= ~DO_SHUTDOWN_REGISTERED;
    IopForgetShutdown(&IopShutdownQueue, DeviceObject);
    IopForgetShutdown(&IopLastChanceShutdownQueue, DeviceObject);
}

static VOID
IopShutdownQueueOf(PLIST_ENTRY Queue)
{
    while (!IsListEmpty(Queue)) {
        PIOP_SHUTDOWN Entry = CONTAINING_RECORD(RemoveHeadList(Queue), IOP_SHUTDOWN, Links);
        IO_STACK_LOCATION Template = {.MajorFunction = IRP_MJ_SHUTDOWN};
        PDEVICE_OBJECT DeviceObject = Entry->DeviceObject;

        ExFreePoolWithTag(Entry, TAG_IODEVICE);
        IopSendSynchronous(IoGetAttachedDevice(DeviceObject), &Template, STATUS_NOT_SUPPORTED,
                           NULL);
        DeviceObject->Flags &= ~DO_SHUTDOWN_REGISTERED;
        ObDereferenceObject(DeviceObject);
    }
}

VOID
IopShutdownDrivers(VOID)
{
    IopShutdownQueueOf(&IopShutdownQueue);
    IopShutdownFileSystems();
    IopShutdownQueueOf(&IopLastChanceShutdownQueue);
}
