/*
 * sound.c - do devices, file objects and volumes agree?  For the tests of the kernel (nt/inc/sound.h).
 *
 * What a driver may write itself (a list's link, a count of its own) is followed only as far as it is there.
 */
#include "nt/io/iop.h"
#include "nt/inc/sound.h"

typedef struct _IOP_COUNTS {
    PVOID Object; /* whose references are counted */
    LONG Files;
    BOOLEAN Last;
} IOP_COUNTS;

static VOID
IopCountFiles(PVOID Context, PVOID Object)
{
    IOP_COUNTS *Counts = Context;
    PFILE_OBJECT File = Object;

    if (File->Type != IO_TYPE_FILE) {
        return; /* on its way */
    }
    Counts->Files += File->DeviceObject == Counts->Object;
    Counts->Files += (PVOID)File->Vpb == Counts->Object && (File->Flags & FO_STREAM_FILE) == 0;
}

static LONG
IopFilesOf(PVOID Object)
{
    IOP_COUNTS Counts = {.Object = Object};

    ObpVisitObjects(IoFileObjectTypeP, IopCountFiles, &Counts);
    return Counts.Files;
}

static BOOLEAN
IopIsFileSystem(PDEVICE_OBJECT Device)
{
    PLIST_ENTRY Lists[] = {&IopDiskFileSystems, &IopCdRomFileSystems, &IopTapeFileSystems,
                           &IopNetworkFileSystems};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Lists); i++) {
        for (PLIST_ENTRY At = Lists[i]->Flink; At != Lists[i]; At = At->Flink) {
            if (CONTAINING_RECORD(At, DEVICE_OBJECT, Queue.ListEntry) == Device) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* P2; who is in the middle of an open or a mount has counted himself before he has a file object. */
static VOID
IopCheckVolume(PDEVICE_OBJECT Device, BOOLEAN Last)
{
    PVPB Vpb = Device->Vpb;
    LONG Files;

    if (Vpb == NULL || Vpb->RealDevice != Device) {
        return;
    }
    Files = IopFilesOf(Vpb);
    KI_DEMAND((LONG)Vpb->ReferenceCount >= Files, "a volume is open, and not counted", Vpb);
    KI_DEMAND(!Last || (LONG)Vpb->ReferenceCount == Files + 1, "how many have a volume open", Vpb);
}

static VOID
IopCheckOpens(PVOID Context, PVOID Object)
{
    IOP_COUNTS *Counts = Context;
    PDEVICE_OBJECT Device = Object;
    PIOP_DEVICE_EXTENSION Extension = IopExtension(Device);
    LONG Least;

    if (Device->Type != IO_TYPE_DEVICE || Extension == NULL) {
        return; /* on its way */
    }
    Least = IopFilesOf(Device) + IopIsFileSystem(Device);
    KI_DEMAND(Device->ReferenceCount >= Least, "a device is open, and not counted", Device);
    KI_DEMAND(!Counts->Last || Device->ReferenceCount == Least, "how many have a device open",
              Device);
    KI_DEMAND(Extension->AttachedTo == NULL || Extension->AttachedTo->AttachedDevice == Device,
              "a device that is attached", Device);
    KI_DEMAND(Device->AttachedDevice == NULL ||
                  IopExtension(Device->AttachedDevice)->AttachedTo == Device,
              "what is attached to a device", Device);
    IopCheckVolume(Device, Counts->Last);
}

/* L1, L4 of file.c */
static VOID
IopCheckFile(PVOID Context, PVOID Object)
{
    IOP_COUNTS *Counts = Context;
    PFILE_OBJECT File = Object;

    if (File->Type != IO_TYPE_FILE || !Counts->Last) {
        return;
    }
    KI_DEMAND(!File->Busy && File->Waiters == 0, "somebody has a file object, and nobody is there",
              File);
    KI_DEMAND(IsListEmpty(&File->IrpList), "requests of a file object that have ended", File);
}

VOID
IopCheckSound(BOOLEAN Last)
{
    IOP_COUNTS Counts = {.Last = Last};

    ObpVisitObjects(IoDeviceObjectTypeP, IopCheckOpens, &Counts);
    ObpVisitObjects(IoFileObjectTypeP, IopCheckFile, &Counts);
}

typedef struct _IOP_HELD {
    POBP_VISITOR Held;
    PVOID Context;
} IOP_HELD;

/* V1, V3 of device.c */
static VOID
IopDeviceHolds(PVOID Context, PVOID Object)
{
    PDEVICE_OBJECT Device = Object;
    IOP_HELD *To = Context;

    if (Device->Type == IO_TYPE_DEVICE && Device->DriverObject != NULL) {
        To->Held(To->Context, Device->DriverObject);
    }
}

static VOID
IopDriverHolds(PVOID Context, PVOID Object)
{
    PDEVICE_OBJECT Device = ((PDRIVER_OBJECT)Object)->DeviceObject;
    IOP_HELD *To = Context;

    for (; Device != NULL && MmIsAddressValid(Device); Device = Device->NextDevice) {
        To->Held(To->Context, Device);
    }
}

static VOID
IopFileHolds(PVOID Context, PVOID Object)
{
    PFILE_OBJECT File = Object;
    IOP_HELD *To = Context;

    if (File->Type == IO_TYPE_FILE && File->CompletionContext != NULL) {
        To->Held(To->Context, File->CompletionContext->Port);
    }
}

static VOID
IopShutdownHolds(PLIST_ENTRY Queue, IOP_HELD *To)
{
    for (PLIST_ENTRY At = Queue->Flink; At != Queue; At = At->Flink) {
        To->Held(To->Context, CONTAINING_RECORD(At, IOP_SHUTDOWN, Links)->DeviceObject);
    }
}

static VOID
IopNotifyHolds(IOP_HELD *To)
{
    for (PLIST_ENTRY At = IopFsNotify.Flink; At != &IopFsNotify; At = At->Flink) {
        To->Held(To->Context, CONTAINING_RECORD(At, IOP_FS_NOTIFY, Links)->DriverObject);
    }
    for (PLIST_ENTRY At = IopPnpNotify.Flink; At != &IopPnpNotify; At = At->Flink) {
        PIOP_PNP_NOTIFY Notify = CONTAINING_RECORD(At, IOP_PNP_NOTIFY, Links);

        To->Held(To->Context, Notify->DriverObject);
        To->Held(To->Context, Notify->FileObject);
        To->Held(To->Context, Notify->Target);
    }
}

VOID
IopVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    IOP_HELD To = {Held, Context};

    ObpVisitObjects(IoDriverObjectTypeP, IopDriverHolds, &To);
    ObpVisitObjects(IoDeviceObjectTypeP, IopDeviceHolds, &To);
    ObpVisitObjects(IoFileObjectTypeP, IopFileHolds, &To);
    IopShutdownHolds(&IopShutdownQueue, &To);
    IopShutdownHolds(&IopLastChanceShutdownQueue, &To);
    IopNotifyHolds(&To);
}
