/*
 * mount.c - file systems and what they mount.
 *
 * Each file system's control device gets a device of ours on it, to see mounts. A volume that has just been mounted is
 * attached to at once; its instances are set up by the first operation on it.
 * [ntifs: IoRegisterFsRegistrationChange; DDI: PFLT_INSTANCE_SETUP_CALLBACK; nt-semantics-2 1.8]
 */
#include "fltp.h"

/* The volume device of a file system, if it is one that stands on a disk. */
static VOID
FltpAttachExisting(PDEVICE_OBJECT Control)
{
    PDEVICE_OBJECT *List, Disk;
    ULONG Count = 0;

    IoEnumerateDeviceObjectList(Control->DriverObject, NULL, 0, &Count);
    Count += 8;
    List = ExAllocatePoolWithTag(NonPagedPool, Count * sizeof(*List), FLTP_TAG_TEMP);
    if (List == NULL) {
        return;
    }
    if (NT_SUCCESS(IoEnumerateDeviceObjectList(Control->DriverObject, List, Count * sizeof(*List),
                                               &Count))) {
        for (ULONG i = 0; i < Count; i++) {
            if (List[i] != Control && List[i]->DeviceType == Control->DeviceType &&
                NT_SUCCESS(IoGetDiskDeviceObject(List[i], &Disk))) {
                FltpAttachToVolume(List[i], Disk, Control, FALSE, NULL);
                ObDereferenceObject(Disk);
            }
            ObDereferenceObject(List[i]);
        }
    }
    ExFreePoolWithTag(List, FLTP_TAG_TEMP);
}

static VOID
FltpAttachToControl(PDEVICE_OBJECT Control)
{
    PDEVICE_OBJECT DeviceObject;
    PFLTP_DEVICE Device;

    if (!NT_SUCCESS(IoCreateDevice(FltpDriver, sizeof(FLTP_DEVICE), NULL, Control->DeviceType, 0,
                                   FALSE, &DeviceObject))) {
        return;
    }
    Device = DeviceObject->DeviceExtension;
    Device->Kind = FltpControlDevice;
    DeviceObject->Flags |= Control->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    if (!NT_SUCCESS(IoAttachDeviceToDeviceStackSafe(DeviceObject, Control, &Device->Lower))) {
        IoDeleteDevice(DeviceObject);
        return;
    }
    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
}

/* Our device in the stack on Control; NULL: none. */
static PDEVICE_OBJECT
FltpControlAttachment(PDEVICE_OBJECT Control)
{
    for (PDEVICE_OBJECT Device = Control->AttachedDevice; Device != NULL;
         Device = Device->AttachedDevice) {
        if (Device->DriverObject == FltpDriver) {
            return Device;
        }
    }
    return NULL;
}

static VOID NTAPI
FltpFileSystemChange(PDEVICE_OBJECT Control, BOOLEAN Active)
{
    PDEVICE_OBJECT Ours = FltpControlAttachment(Control);

    if (!Active) {
        if (Ours != NULL && ((PFLTP_DEVICE)Ours->DeviceExtension)->Kind == FltpControlDevice) {
            IoDetachDevice(((PFLTP_DEVICE)Ours->DeviceExtension)->Lower);
            IoDeleteDevice(Ours);
        }
        return;
    }
    if (Control->DeviceType == FILE_DEVICE_NETWORK_FILE_SYSTEM) {
        FltpAttachToVolume(Control, NULL, Control, FALSE, NULL);
        return;
    }
    if (Ours == NULL) {
        FltpAttachToControl(Control);
    }
    FltpAttachExisting(Control);
}

/* With the first minifilter: the file systems that are there are told of as well. */
VOID
FltpWatchFileSystems(VOID)
{
    FltpAcquireExclusive(&FltpLock);
    if (FltpWatching) {
        FltpRelease(&FltpLock);
        return;
    }
    FltpWatching = TRUE;
    FltpRelease(&FltpLock);
    IoRegisterFsRegistrationChange(FltpDriver, FltpFileSystemChange);
}

static NTSTATUS
FltpMount(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;
    PDEVICE_OBJECT Real = IoGetCurrentIrpStackLocation(Irp)->Parameters.MountVolume.Vpb->RealDevice;
    NTSTATUS Status;

    if (!IoForwardIrpSynchronously(Device->Lower, Irp)) {
        return FltpComplete(Irp, STATUS_UNSUCCESSFUL, 0);
    }
    Status = Irp->IoStatus.Status;
    if (NT_SUCCESS(Status) && Real->Vpb != NULL && Real->Vpb->DeviceObject != NULL) {
        /* A file system may give a volume that is mounted again its old device back. */
        FltpAttachToVolume(Real->Vpb->DeviceObject, Real, Device->Lower, TRUE, NULL);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS
FltpControlDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;

    if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
        Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
        return FltpMount(DeviceObject, Irp);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Device->Lower, Irp);
}

/* The first operation after the mount: each filter's instances. */
VOID
FltpFirstOperation(PFLT_VOLUME Volume)
{
    PFLT_FILTER Filter = NULL, Next;

    FltpAcquireExclusive(&Volume->Lock);
    if (!Volume->NewlyMounted) {
        FltpRelease(&Volume->Lock);
        return;
    }
    Volume->NewlyMounted = FALSE;
    FltpRelease(&Volume->Lock);
    do {
        Next = NULL;
        FltpAcquireShared(&FltpLock);
        for (PLIST_ENTRY Entry = Filter != NULL ? Filter->Header.Links.Flink : FltpFilters.Flink;
             Entry != &FltpFilters && Next == NULL; Entry = Entry->Flink) {
            PFLT_FILTER One = CONTAINING_RECORD(Entry, FLT_FILTER, Header.Links);

            if (One->Started && ExAcquireRundownProtection(&One->Header.Rundown)) {
                Next = One;
            }
        }
        FltpRelease(&FltpLock);
        if (Filter != NULL) {
            ExReleaseRundownProtection(&Filter->Header.Rundown);
        }
        if (Next != NULL) {
            FltpAttachAutomatically(Next, Volume,
                                    FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT |
                                        FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME);
        }
        Filter = Next;
    } while (Filter != NULL);
}
