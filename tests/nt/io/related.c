/*
 * related.c - to which device the requests of a file object go: of each combination of a volume that is mounted or not, a file object that has the volume's VPB or not, or opened the device as such, and filters on
 * the disk and on the volume, what the routines about stacks say; and what a device takes over from the one that it is attached to. [DDI:wdm/iogetrelateddeviceobject],
 * [DDI:ntifs/iogetbasefilesystemdeviceobject], [DDI:ntifs/iogetdeviceattachmentbaseref], [DDI:ntifs/iogetlowerdeviceobject], [DDI:wdm/iogetattacheddevicereference],
 * [DDI:wdm/ioattachdevicetodevicestack], [DDI:wdm/iodetachdevice], [DDI:ntifs/iocreatestreamfileobjectlite], [LEARN:ifs/how-the-volume-is-mounted].
 */
#include "../ntlab-test.h"

NTKERNELAPI PDEVICE_OBJECT NTAPI IoGetBaseFileSystemDeviceObject(PFILE_OBJECT);
NTKERNELAPI PDEVICE_OBJECT NTAPI IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT);
NTKERNELAPI PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT);
NTKERNELAPI PFILE_OBJECT NTAPI IoCreateStreamFileObjectLite(PFILE_OBJECT, PDEVICE_OBJECT);

enum { Disk, Volume, OnDisk, OnDisk2, OnVolume, Devices };

static PDEVICE_OBJECT Device[Devices];
static ULONG Closed[Devices], Bad[8];

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    for (ULONG i = 0; i < Devices; i++) {
        Closed[i] += Device[i] == DeviceObject &&
                     IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CLOSE;
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

/* The routine's answer, whose reference is given back. */
static PDEVICE_OBJECT
Given(PDEVICE_OBJECT Answer)
{
    if (Answer != NULL) {
        ObDereferenceObject(Answer);
    }
    return Answer;
}

/* Below lie Lower, then Upper; nothing above. */
static VOID
Stack(PDEVICE_OBJECT Base, PDEVICE_OBJECT Lower, PDEVICE_OBJECT Upper)
{
    Bad[0] += Upper->AttachedDevice != NULL || Lower->AttachedDevice != Upper;
    Bad[0] += Upper->StackSize != Lower->StackSize + 1;
    Bad[0] += Upper->AlignmentRequirement != Lower->AlignmentRequirement ||
              Upper->SectorSize != Lower->SectorSize;
    Bad[1] += Given(IoGetAttachedDeviceReference(Base)) != Upper ||
              Given(IoGetAttachedDeviceReference(Lower)) != Upper ||
              Given(IoGetAttachedDeviceReference(Upper)) != Upper;
    Bad[2] += Given(IoGetDeviceAttachmentBaseRef(Upper)) != Base ||
              Given(IoGetDeviceAttachmentBaseRef(Base)) != Base;
    Bad[3] += Given(IoGetLowerDeviceObject(Upper)) != Lower ||
              Given(IoGetLowerDeviceObject(Base)) != NULL;
}

static VOID
Combination(ULONG Bits)
{
    BOOLEAN Mounted = Bits & 1, HasVpb = Bits >> 1 & 1, Direct = Bits >> 2 & 1,
            DiskFiltered = Bits >> 3 & 1, Twice = Bits >> 4 & 1, VolumeFiltered = Bits >> 5 & 1;
    PVPB Vpb = Device[Disk]->Vpb;
    PDEVICE_OBJECT Target = Device[Disk], Top = Target;
    PFILE_OBJECT File;
    ULONG Which, Before;

    Vpb->DeviceObject = Mounted ? Device[Volume] : NULL;
    Vpb->Flags = Mounted ? Vpb->Flags | VPB_MOUNTED : Vpb->Flags & ~VPB_MOUNTED;
    Device[Disk]->AlignmentRequirement = Bits & 1 ? FILE_WORD_ALIGNMENT : FILE_OCTA_ALIGNMENT;
    Device[Disk]->SectorSize = Bits & 2 ? 512 : 4096;
    if (DiskFiltered) {
        Bad[4] += IoAttachDeviceToDeviceStack(Device[OnDisk], Device[Disk]) != Device[Disk];
        Stack(Device[Disk], Device[Disk], Device[OnDisk]);
        if (Twice) {
            PDEVICE_OBJECT Below = NULL;

            Bad[4] += IoAttachDeviceToDeviceStackSafe(Device[OnDisk2], Device[Disk], &Below) !=
                          STATUS_SUCCESS ||
                      Below != Device[OnDisk];
            Stack(Device[Disk], Device[OnDisk], Device[OnDisk2]);
        }
    }
    if (VolumeFiltered) {
        Bad[4] += IoAttachDeviceToDeviceStack(Device[OnVolume], Device[Volume]) != Device[Volume];
        Stack(Device[Volume], Device[Volume], Device[OnVolume]);
    }
    File = IoCreateStreamFileObjectLite(NULL, Device[Disk]);
    Bad[5] +=
        File == NULL || File->DeviceObject != Device[Disk] || (File->Flags & FO_STREAM_FILE) == 0;
    File->Vpb = HasVpb ? Vpb : NULL;
    File->Flags |= Direct ? FO_DIRECT_DEVICE_OPEN : 0;
    if (Mounted && (HasVpb || !Direct)) {
        Target = Device[Volume];
        Top = VolumeFiltered ? Device[OnVolume] : Target;
        Which = VolumeFiltered ? OnVolume : Volume;
    } else {
        Which = !DiskFiltered ? Disk : Twice ? OnDisk2 : OnDisk;
        Top = Device[Which];
    }
    Bad[6] += IoGetRelatedDeviceObject(File) != Top;
    Bad[6] += IoGetBaseFileSystemDeviceObject(File) != Target;
    Before = Closed[Which];
    ObDereferenceObject(File); /* closed where its requests go */
    Bad[7] += Closed[Which] != Before + 1;
    if (VolumeFiltered) {
        IoDetachDevice(Device[Volume]);
        Bad[4] += Device[Volume]->AttachedDevice != NULL;
    }
    if (DiskFiltered && Twice) {
        IoDetachDevice(Device[OnDisk]);
        Stack(Device[Disk], Device[Disk], Device[OnDisk]);
    }
    if (DiskFiltered) {
        IoDetachDevice(Device[Disk]);
        Bad[4] += Given(IoGetLowerDeviceObject(Device[OnDisk])) != NULL;
    }
}

static VOID
Combinations(VOID)
{
    for (ULONG Bits = 0; Bits < 64; Bits++) {
        if ((Bits & 6) != 6) { /* who opens the device as such has nothing to do with the volume */
            Combination(Bits);
        }
    }
    Device[Disk]->Vpb->DeviceObject = NULL;
    Device[Disk]->Vpb->Flags &= ~VPB_MOUNTED;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_EQ(Bad[i], 0);
    }
}

/* Whom nobody may be attached to: one that is not ready, and one whose stack is as high as can be. */
static VOID
Refused(VOID)
{
    PDEVICE_OBJECT Below = (PVOID)0x77;
    CCHAR Was = Device[Disk]->StackSize;

    Device[Disk]->Flags |= DO_DEVICE_INITIALIZING;
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Device[OnDisk], Device[Disk]), NULL);
    EXPECT_STATUS(IoAttachDeviceToDeviceStackSafe(Device[OnDisk], Device[Disk], &Below),
                  STATUS_NO_SUCH_DEVICE);
    EXPECT_STATUS(IoAttachDeviceByPointer(Device[OnDisk], Device[Disk]), STATUS_NO_SUCH_DEVICE);
    Device[Disk]->Flags &= ~DO_DEVICE_INITIALIZING;
    Device[Disk]->StackSize = 127;
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Device[OnDisk], Device[Disk]), NULL);
    Device[Disk]->StackSize = 126;
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Device[OnDisk], Device[Disk]), Device[Disk]);
    EXPECT_EQ(Device[OnDisk]->StackSize, 127);
    IoDetachDevice(Device[Disk]);
    Device[Disk]->StackSize = Was;
    EXPECT_EQ(Device[Disk]->AttachedDevice, NULL);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Combinations), TEST(Refused)};

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i < Devices; i++) {
        EXPECT_STATUS(IoCreateDevice(DriverObject, 0, NULL,
                                     i == Disk ? FILE_DEVICE_DISK : FILE_DEVICE_DISK_FILE_SYSTEM, 0,
                                     FALSE, &Device[i]),
                      STATUS_SUCCESS);
        Device[i]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
