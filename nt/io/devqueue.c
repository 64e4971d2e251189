/*
 * devqueue.c - KDEVICE_QUEUE: the entries that wait for a device that is busy.
 *
 * Inserting into a queue that is not busy makes it busy and returns FALSE: the caller starts the entry at
 * once. Removing from an empty queue makes it not busy. [wdm: KeInsertDeviceQueue, KeRemoveDeviceQueue]
 * All but KeInitializeDeviceQueue run at DISPATCH_LEVEL; the queue's own spin lock guards it.
 */
#include "nt/io/iop.h"

VOID NTAPI
KeInitializeDeviceQueue(PKDEVICE_QUEUE DeviceQueue)
{
    DeviceQueue->Type = IO_TYPE_DEVICE_QUEUE;
    DeviceQueue->Size = sizeof(KDEVICE_QUEUE);
    InitializeListHead(&DeviceQueue->DeviceListHead);
    KeInitializeSpinLock(&DeviceQueue->Lock);
    DeviceQueue->Hint = 0;
    DeviceQueue->Busy = FALSE;
}

BOOLEAN NTAPI
KeInsertDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry)
{
    BOOLEAN Busy;
    KIRQL OldIrql;

    KeAcquireSpinLock(&DeviceQueue->Lock, &OldIrql);
    Busy = DeviceQueue->Busy;
    if (Busy) {
        InsertTailList(&DeviceQueue->DeviceListHead, &DeviceQueueEntry->DeviceListEntry);
    }
    DeviceQueue->Busy = TRUE;
    DeviceQueueEntry->Inserted = Busy;
    KeReleaseSpinLock(&DeviceQueue->Lock, OldIrql);
    return Busy;
}

BOOLEAN NTAPI
KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry,
                         ULONG SortKey)
{
    PLIST_ENTRY Next;
    BOOLEAN Busy;
    KIRQL OldIrql;

    KeAcquireSpinLock(&DeviceQueue->Lock, &OldIrql);
    DeviceQueueEntry->SortKey = SortKey;
    Busy = DeviceQueue->Busy;
    if (Busy) {
        /* Behind the last entry whose key is not larger. */
        for (Next = DeviceQueue->DeviceListHead.Flink; Next != &DeviceQueue->DeviceListHead;
             Next = Next->Flink) {
            if (CONTAINING_RECORD(Next, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey > SortKey) {
                break;
            }
        }
        InsertTailList(Next, &DeviceQueueEntry->DeviceListEntry);
    }
    DeviceQueue->Busy = TRUE;
    DeviceQueueEntry->Inserted = Busy;
    KeReleaseSpinLock(&DeviceQueue->Lock, OldIrql);
    return Busy;
}

static PKDEVICE_QUEUE_ENTRY
IopTakeEntry(PLIST_ENTRY Entry)
{
    PKDEVICE_QUEUE_ENTRY Taken = CONTAINING_RECORD(Entry, KDEVICE_QUEUE_ENTRY, DeviceListEntry);

    RemoveEntryList(Entry);
    Taken->Inserted = FALSE;
    return Taken;
}

PKDEVICE_QUEUE_ENTRY NTAPI
KeRemoveDeviceQueue(PKDEVICE_QUEUE DeviceQueue)
{
    PKDEVICE_QUEUE_ENTRY Entry = NULL;
    KIRQL OldIrql;

    KeAcquireSpinLock(&DeviceQueue->Lock, &OldIrql);
    if (IsListEmpty(&DeviceQueue->DeviceListHead)) {
        DeviceQueue->Busy = FALSE;
    } else {
        Entry = IopTakeEntry(DeviceQueue->DeviceListHead.Flink);
    }
    KeReleaseSpinLock(&DeviceQueue->Lock, OldIrql);
    return Entry;
}

/* The first entry whose key is at least SortKey, else the first of all. */
PKDEVICE_QUEUE_ENTRY NTAPI
KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey)
{
    PKDEVICE_QUEUE_ENTRY Entry = NULL;
    PLIST_ENTRY Next;
    KIRQL OldIrql;

    KeAcquireSpinLock(&DeviceQueue->Lock, &OldIrql);
    if (IsListEmpty(&DeviceQueue->DeviceListHead)) {
        DeviceQueue->Busy = FALSE;
    } else {
        for (Next = DeviceQueue->DeviceListHead.Flink; Next != &DeviceQueue->DeviceListHead;
             Next = Next->Flink) {
            if (CONTAINING_RECORD(Next, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey >= SortKey) {
                break;
            }
        }
        Entry = IopTakeEntry(Next == &DeviceQueue->DeviceListHead ? Next->Flink : Next);
    }
    KeReleaseSpinLock(&DeviceQueue->Lock, OldIrql);
    return Entry;
}

PKDEVICE_QUEUE_ENTRY NTAPI
KeRemoveByKeyDeviceQueueIfBusy(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey)
{
    return DeviceQueue->Busy ? KeRemoveByKeyDeviceQueue(DeviceQueue, SortKey) : NULL;
}

BOOLEAN NTAPI
KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry)
{
    BOOLEAN Inserted;
    KIRQL OldIrql;

    KeAcquireSpinLock(&DeviceQueue->Lock, &OldIrql);
    Inserted = DeviceQueueEntry->Inserted;
    if (Inserted) {
        IopTakeEntry(&DeviceQueueEntry->DeviceListEntry);
    }
    KeReleaseSpinLock(&DeviceQueue->Lock, OldIrql);
    return Inserted;
}
