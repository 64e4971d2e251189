/*
 * mount.c - a disk that names a source folder becomes a volume; a volume that was dismounted is mounted again.
 *
 *   W1  A volume's memory is the disk: it outlives every mount. Each mount has a volume device of its own, so filters are told
 *       of its end, and attach to the next one anew. The device goes when the last file object that came through it is closed.
 *       [DDI: PFLT_INSTANCE_TEARDOWN_CALLBACK; SMP:fastfat, FatCheckForDismount]
 *   W2  The device's VPB counts the opens that are on their way to it as well: a reference of ours keeps it until then, beside the
 *       one of the disk while the VPB is the disk's.
 */
#include "ramfs.h"

#define RAM_DISK_CLUSTERS 0x100000ull /* 4 GiB, taken as they are used */

/* Only a disk with such a name is asked: another one's driver would not know the question. */
static BOOLEAN
RamIsOurs(PDEVICE_OBJECT Disk)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume");
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Space[64];
    } Name;
    ULONG Length;

    return NT_SUCCESS(ObQueryNameString(Disk, &Name.Info, sizeof(Name), &Length)) &&
           RtlPrefixUnicodeString((PUNICODE_STRING)&Prefix, &Name.Info.Name, TRUE);
}

/* The folder that the disk stands for. Any other disk is not ours. */
static NTSTATUS
RamQuerySource(PDEVICE_OBJECT Target, PWSTR Buffer, ULONG Bytes, PUNICODE_STRING Source)
{
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(IOCTL_NTLAB_QUERY_SOURCE, Target, NULL, 0, Buffer, Bytes,
                                        FALSE, &Event, &Iosb);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IoCallDriver(Target, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Iosb.Status;
    }
    if (!NT_SUCCESS(Status) || Iosb.Information > Bytes) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    Source->Buffer = RamAllocate(Iosb.Information + sizeof(WCHAR));
    if (Source->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Source->Buffer, Buffer, Iosb.Information);
    Source->Length = Source->MaximumLength = (USHORT)Iosb.Information;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamCreateRoot(PRAM_VOLUME Volume)
{
    PRAM_NODE Root = RamCreateNode(Volume, TRUE);

    if (Root == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Root->Id = 0x0005000000000005ull;
    Root->Attributes |= FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM;
    Root->Links = 1; /* it never goes */
    Root->SourceChildren = Volume->Source.Length != 0;
    Root->Source = Volume->Source;
    Volume->Root = Root;
    return RamDefaultSecurity(&Root->Security);
}

/* Who has files open on a volume that is dismounted keeps nobody from anything any more. */
VOID
RamForgetHandles(PRAM_VOLUME Volume)
{
    PLIST_ENTRY Entry, Each;

    Volume->Mount++;
    Volume->Stream.Handles = 0;
    RtlZeroMemory(&Volume->Stream.Share, sizeof(Volume->Stream.Share));
    for (Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        Node->Handles = 0;
        for (Each = Node->Streams.Flink; Each != &Node->Streams; Each = Each->Flink) {
            PRAM_STREAM Stream = CONTAINING_RECORD(Each, RAM_STREAM, Links);

            Stream->Handles = 0;
            Stream->DeletePending = FALSE;
            RamUpdateFastIo(Stream);
            RtlZeroMemory(&Stream->Share, sizeof(Stream->Share));
        }
        for (Each = Node->Names.Flink; Each != &Node->Names; Each = Each->Flink) {
            PRAM_LINK Link = CONTAINING_RECORD(Each, RAM_LINK, OfNode);

            Link->Handles = 0;
            Link->DeletePending = FALSE;
        }
    }
}

/* The volume of this disk that was dismounted: W1 */
static PRAM_VOLUME
RamFindDismounted(PDEVICE_OBJECT Disk)
{
    for (PLIST_ENTRY Entry = RamVolumes.Flink; Entry != &RamVolumes; Entry = Entry->Flink) {
        PRAM_VOLUME Volume = CONTAINING_RECORD(Entry, RAM_VOLUME, Links);

        if (Volume->Disk == Disk && (Volume->Flags & RAM_VOLUME_DISMOUNTED)) {
            return Volume;
        }
    }
    return NULL;
}

/* W2 */
static ULONG
RamResidual(PVPB Vpb)
{
    return Vpb->RealDevice->Vpb == Vpb ? 2 : 1;
}

static VOID NTAPI
RamDeleteDevice(PVOID Context)
{
    LARGE_INTEGER Tick = {.QuadPart = -10000};
    PDEVICE_OBJECT DeviceObject = Context;
    PVPB Vpb = ((PRAM_DEVICE)DeviceObject->DeviceExtension)->Vpb;
    BOOLEAN Last;
    KIRQL OldIrql;

    while (*(volatile ULONG *)&Vpb->ReferenceCount > RamResidual(Vpb)) {
        KeDelayExecutionThread(KernelMode, FALSE, &Tick); /* a create that has not come here yet */
    }
    IoAcquireVpbSpinLock(&OldIrql);
    if (Vpb->DeviceObject == DeviceObject) {
        Vpb->DeviceObject = NULL;
    }
    IoReleaseVpbSpinLock(OldIrql);
    IoDeleteDevice(DeviceObject);
    IoAcquireVpbSpinLock(&OldIrql);
    Last = --Vpb->ReferenceCount == 0;
    IoReleaseVpbSpinLock(OldIrql);
    if (Last) {
        ExFreePool(Vpb);
    }
}

/* The volume's resource is held exclusively; its dismounter's file object is open. */
VOID
RamRetireDevice(PRAM_VOLUME Volume)
{
    PRAM_DEVICE Device = Volume->Device->DeviceExtension;
    KIRQL OldIrql;

    IoAcquireVpbSpinLock(&OldIrql);
    Device->Vpb->Flags &= ~VPB_MOUNTED;
    Device->Vpb->ReferenceCount++; /* W2 */
    IoReleaseVpbSpinLock(OldIrql);
    Device->Dismounted = TRUE;
}

BOOLEAN
RamIsRetired(PDEVICE_OBJECT DeviceObject)
{
    return ((PRAM_DEVICE)DeviceObject->DeviceExtension)->Dismounted;
}

/* W1. Filters wait for what is on its way through them: not in a close of theirs. */
VOID
RamLeaveDevice(PDEVICE_OBJECT DeviceObject)
{
    PRAM_DEVICE Device = DeviceObject->DeviceExtension;

    if (InterlockedDecrement(&Device->Opens) == 0 && Device->Dismounted &&
        InterlockedExchange(&Device->Going, TRUE) == FALSE) {
        ExInitializeWorkItem(&Device->Work, RamDeleteDevice, DeviceObject);
        ExQueueWorkItem(&Device->Work, DelayedWorkQueue);
    }
}

static PRAM_VOLUME
RamCreateVolume(PDEVICE_OBJECT Target, PDEVICE_OBJECT Disk, NTSTATUS *Status)
{
    PRAM_VOLUME Volume = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Volume), RAM_TAG);
    WCHAR Buffer[256];

    if (Volume == NULL) {
        *Status = STATUS_INSUFFICIENT_RESOURCES;
        return NULL;
    }
    RtlZeroMemory(Volume, sizeof(*Volume));
    *Status = RamQuerySource(Target, Buffer, sizeof(Buffer), &Volume->Source);
    if (!NT_SUCCESS(*Status)) {
        ExFreePoolWithTag(Volume, RAM_TAG);
        return NULL;
    }
    Volume->Target = Target;
    Volume->Disk = Disk;
    Volume->Clusters = Volume->FreeClusters = RAM_DISK_CLUSTERS;
    Volume->NextId = 0x0001000000000018ull;
    InitializeListHead(&Volume->Nodes);
    InitializeListHead(&Volume->NotifyList);
    FsRtlNotifyInitializeSync(&Volume->NotifySync);
    FsRtlInitializeTunnelCache(&Volume->Tunnel);
    RamInitializeJournal(Volume);
    ExInitializeResourceLite(&Volume->Resource);
    RamInitializeStream(&Volume->Stream, NULL);
    *Status = RamCreateRoot(Volume);
    if (!NT_SUCCESS(*Status)) {
        RamFree(Volume->Source.Buffer);
        FsRtlNotifyUninitializeSync(&Volume->NotifySync);
        ExDeleteResourceLite(&Volume->Resource);
        ExFreePoolWithTag(Volume, RAM_TAG);
        return NULL;
    }
    Volume->Flags |= RAM_VOLUME_DISMOUNTED; /* until it has a device */
    InsertTailList(&RamVolumes, &Volume->Links);
    return Volume;
}

/* One disk is mounted at a time by the I/O manager: its DeviceLock is held. */
NTSTATUS
RamMount(PRAM_REQUEST Request)
{
    PDEVICE_OBJECT Target = Request->Stack->Parameters.MountVolume.DeviceObject, DeviceObject;
    PVPB Vpb = Request->Stack->Parameters.MountVolume.Vpb;
    PRAM_VOLUME Volume;
    PRAM_DEVICE Device;
    NTSTATUS Status;

    if (!RamIsOurs(Vpb->RealDevice)) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    Volume = RamFindDismounted(Vpb->RealDevice);
    if (Volume != NULL && Volume->LockedBy != NULL) {
        return STATUS_ACCESS_DENIED;
    }
    if (Volume == NULL && (Volume = RamCreateVolume(Target, Vpb->RealDevice, &Status)) == NULL) {
        return Status;
    }
    Status = IoCreateDevice(RamDriver, sizeof(RAM_DEVICE), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0,
                            FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status; /* the next mount finds the volume */
    }
    Device = DeviceObject->DeviceExtension;
    RtlZeroMemory(Device, sizeof(*Device));
    Device->Volume = Volume;
    Device->Vpb = Vpb;
    ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
    Volume->Device = DeviceObject;
    Volume->Vpb = Vpb;
    Volume->Flags &= ~(ULONG)RAM_VOLUME_DISMOUNTED;
    ExReleaseResourceLite(&Volume->Resource);
    Vpb->DeviceObject = DeviceObject;
    Vpb->SerialNumber =
        0x4E544C00 | Volume->Source.Buffer[Volume->Source.Length / sizeof(WCHAR) - 1];
    Vpb->VolumeLabelLength = Volume->LabelLength;
    RtlCopyMemory(Vpb->VolumeLabel, Volume->Label, Volume->LabelLength);
    DeviceObject->StackSize = (CCHAR)(Target->StackSize + 1);
    DeviceObject->SectorSize = 512;
    DeviceObject->AlignmentRequirement = Target->AlignmentRequirement;
    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
