/*
 * mount.c - a disk that names a source folder becomes a volume.
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

/* The volume of this disk that was dismounted: its memory is the disk. */
static PRAM_VOLUME
RamFindDismounted(PVPB Vpb)
{
    for (PDEVICE_OBJECT Device = RamDriver->DeviceObject; Device != NULL;
         Device = Device->NextDevice) {
        PRAM_VOLUME Volume = Device->DeviceExtension;

        if (Device != RamControlDevice && Volume->Vpb == Vpb &&
            (Volume->Flags & RAM_VOLUME_DISMOUNTED)) {
            return Volume;
        }
    }
    return NULL;
}

NTSTATUS
RamMount(PRAM_REQUEST Request)
{
    PDEVICE_OBJECT Target = Request->Stack->Parameters.MountVolume.DeviceObject, Device;
    PVPB Vpb = Request->Stack->Parameters.MountVolume.Vpb;
    UNICODE_STRING Source = {};
    PRAM_VOLUME Volume;
    WCHAR Buffer[256];
    NTSTATUS Status;

    if (!RamIsOurs(Vpb->RealDevice)) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    Volume = RamFindDismounted(Vpb);
    if (Volume != NULL) {
        ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
        Status = Volume->LockedBy != NULL ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
        if (NT_SUCCESS(Status)) {
            Volume->Flags &= ~(ULONG)RAM_VOLUME_DISMOUNTED;
            Vpb->DeviceObject = Volume->Device;
        }
        ExReleaseResourceLite(&Volume->Resource);
        return Status;
    }
    Status = RamQuerySource(Target, Buffer, sizeof(Buffer), &Source);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateDevice(RamDriver, sizeof(RAM_VOLUME), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0,
                            FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        RamFree(Source.Buffer);
        return Status;
    }
    Volume = Device->DeviceExtension;
    RtlZeroMemory(Volume, sizeof(*Volume));
    Volume->Device = Device;
    Volume->Target = Target;
    Volume->Vpb = Vpb;
    Volume->Source = Source;
    Volume->Clusters = Volume->FreeClusters = RAM_DISK_CLUSTERS;
    Volume->NextId = 0x0001000000000018ull;
    InitializeListHead(&Volume->Nodes);
    InitializeListHead(&Volume->NotifyList);
    FsRtlNotifyInitializeSync(&Volume->NotifySync);
    FsRtlInitializeTunnelCache(&Volume->Tunnel);
    ExInitializeResourceLite(&Volume->Resource);
    RamInitializeStream(&Volume->Stream, NULL);
    Status = RamCreateRoot(Volume);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
        return Status;
    }
    Vpb->DeviceObject = Device;
    Vpb->SerialNumber = 0x4E544C00 | Source.Buffer[Source.Length / sizeof(WCHAR) - 1];
    Vpb->VolumeLabelLength = 0;
    Device->StackSize = (CCHAR)(Target->StackSize + 1);
    Device->SectorSize = 512;
    Device->AlignmentRequirement = Target->AlignmentRequirement;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
