/*
 * startio.c - IRPs one at a time through a driver's StartIo routine.
 *
 *   S1  StartIo runs at DISPATCH_LEVEL; the device's KDEVICE_QUEUE is busy while CurrentIrp is set.
 *   S2  With a cancel function the queue is touched under the cancel spin lock; an IRP that was cancelled
 *       before it could be queued is handed to the cancel function at once.
 *   S3  Deferred start (IoSetStartIoAttributes): a StartIo that asks for the next packet gets it only when
 *       it has returned, so it does not nest. [ntifs: IoSetStartIoAttributes; wdm: IoStartPacket]
 */
#include "nt/io/iop.h"

static VOID IopStartDeferred(PDEVICE_OBJECT DeviceObject);

static VOID
IopDriverStartIo(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (VfCall == NULL) {
        DeviceObject->DriverObject->DriverStartIo(DeviceObject, Irp);
    } else {
        VF_CALL(VOID, VfStartIo, DeviceObject->DriverObject->DriverStartIo, DeviceObject, Irp, 0,
                0);
    }
}

static VOID
IopCallStartIo(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);

    if ((Extension->StartIoFlags & DOE_STARTIO_DEFERRED) == 0) {
        IopDriverStartIo(DeviceObject, Irp);
        return;
    }
    Extension->StartIoCount++;
    IopDriverStartIo(DeviceObject, Irp);
    Extension->StartIoCount--;
    IopStartDeferred(DeviceObject);
}

VOID NTAPI
IoStartPacket(PDEVICE_OBJECT DeviceObject, PIRP Irp, PULONG Key, PDRIVER_CANCEL CancelFunction)
{
    BOOLEAN Queued;
    KIRQL OldIrql;

    OldIrql = KeRaiseIrqlToDpcLevel();
    if (CancelFunction != NULL) {
        KeAcquireSpinLockAtDpcLevel(&IopCancelLock); /* S2 */
        Irp->CancelRoutine = CancelFunction;
    }
    Queued = Key != NULL ? KeInsertByKeyDeviceQueue(&DeviceObject->DeviceQueue,
                                                    &Irp->Tail.Overlay.DeviceQueueEntry, *Key)
                         : KeInsertDeviceQueue(&DeviceObject->DeviceQueue,
                                               &Irp->Tail.Overlay.DeviceQueueEntry);
    if (Queued) {
        if (CancelFunction != NULL) {
            if (Irp->Cancel) {
                Irp->CancelIrql = OldIrql;
                Irp->CancelRoutine = NULL;
                CancelFunction(DeviceObject, Irp); /* releases the lock and the IRQL */
                return;
            }
            KeReleaseSpinLockFromDpcLevel(&IopCancelLock);
        }
    } else {
        DeviceObject->CurrentIrp = Irp;
        if (CancelFunction != NULL) {
            if (IopExtension(DeviceObject)->StartIoFlags & DOE_STARTIO_NO_CANCEL) {
                Irp->CancelRoutine = NULL;
            }
            KeReleaseSpinLockFromDpcLevel(&IopCancelLock);
        }
        IopCallStartIo(DeviceObject, Irp);
    }
    KeLowerIrql(OldIrql);
}

static VOID
IopStartNext(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, BOOLEAN ByKey, ULONG Key)
{
    PKDEVICE_QUEUE_ENTRY Entry;
    PIRP Irp = NULL;
    KIRQL OldIrql = 0;

    if (Cancelable) {
        IoAcquireCancelSpinLock(&OldIrql);
    }
    DeviceObject->CurrentIrp = NULL;
    Entry = ByKey ? KeRemoveByKeyDeviceQueue(&DeviceObject->DeviceQueue, Key)
                  : KeRemoveDeviceQueue(&DeviceObject->DeviceQueue);
    if (Entry != NULL) {
        Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.DeviceQueueEntry);
        DeviceObject->CurrentIrp = Irp;
        if (Cancelable && (IopExtension(DeviceObject)->StartIoFlags & DOE_STARTIO_NO_CANCEL)) {
            Irp->CancelRoutine = NULL;
        }
    }
    if (Cancelable) {
        IoReleaseCancelSpinLock(OldIrql);
    }
    if (Irp != NULL) {
        IopCallStartIo(DeviceObject, Irp);
    }
}

/* S3: what was asked for while StartIo was running. */
static VOID
IopStartDeferred(PDEVICE_OBJECT DeviceObject)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);
    ULONG Flags;

    while (Extension->StartIoCount == 0 &&
           (Extension->StartIoFlags & (DOE_STARTIO_REQUESTED | DOE_STARTIO_REQUESTED_BYKEY))) {
        Flags = Extension->StartIoFlags;
        Extension->StartIoFlags &=
            ~(DOE_STARTIO_REQUESTED | DOE_STARTIO_REQUESTED_BYKEY | DOE_STARTIO_CANCELABLE);
        IopStartNext(DeviceObject, (Flags & DOE_STARTIO_CANCELABLE) != 0,
                     (Flags & DOE_STARTIO_REQUESTED_BYKEY) != 0, Extension->StartIoKey);
    }
}

static VOID
IopRequestNext(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, BOOLEAN ByKey, ULONG Key)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);

    if ((Extension->StartIoFlags & DOE_STARTIO_DEFERRED) && Extension->StartIoCount > 0) {
        Extension->StartIoFlags |= (ByKey ? DOE_STARTIO_REQUESTED_BYKEY : DOE_STARTIO_REQUESTED) |
                                   (Cancelable ? DOE_STARTIO_CANCELABLE : 0);
        Extension->StartIoKey = Key;
        return;
    }
    IopStartNext(DeviceObject, Cancelable, ByKey, Key);
}

VOID NTAPI
IoStartNextPacket(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable)
{
    IopRequestNext(DeviceObject, Cancelable, FALSE, 0);
}

VOID NTAPI
IoStartNextPacketByKey(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, ULONG Key)
{
    IopRequestNext(DeviceObject, Cancelable, TRUE, Key);
}

VOID NTAPI
IoSetStartIoAttributes(PDEVICE_OBJECT DeviceObject, BOOLEAN DeferredStartIo, BOOLEAN NonCancelable)
{
    IopExtension(DeviceObject)->StartIoFlags |=
        (DeferredStartIo ? DOE_STARTIO_DEFERRED : 0) | (NonCancelable ? DOE_STARTIO_NO_CANCEL : 0);
}
