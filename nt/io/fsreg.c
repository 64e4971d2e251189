/*
 * fsreg.c - file systems, and the volumes that they mount.
 *
 * A disk device has a volume parameter block; the first open of a name behind it asks the registered file
 * systems of its kind, latest first, IRP_MN_MOUNT_VOLUME; the one that recognises the volume sets the VPB's
 * DeviceObject. [ntifs: IoRegisterFileSystem, IRP_MJ_FILE_SYSTEM_CONTROL, IoVerifyVolume]
 *
 *   M1  DeviceLock of the device is held while it is being mounted or verified, and who mounts is in a critical region: he
 *       could be suspended with the lock.
 *   M2  A VPB lives as long as its device, or the last file object on it.
 *   M3  A file system may dismount a volume that has open files: they keep their VPB, which leads to what they were opened
 *       on, and the disk gets another one when it is mounted again.
 *   M4  What a VPB says, and which one a device has, changes under IopVpbLock, as file systems do it [ntifs: IoAcquireVpbSpinLock].
 *       Who opens or closes a file counts in so short a while that nobody could see him hold it: he waits until it is free.
 */
#include "nt/io/iop.h"
#include "nt/inc/left.h"

static PLIST_ENTRY
IopFileSystemsOf(DEVICE_TYPE Type)
{
    switch (Type) {
    case FILE_DEVICE_DISK_FILE_SYSTEM:
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_VIRTUAL_DISK:
        return &IopDiskFileSystems;
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
    case FILE_DEVICE_CD_ROM:
        return &IopCdRomFileSystems;
    case FILE_DEVICE_TAPE_FILE_SYSTEM:
    case FILE_DEVICE_TAPE:
        return &IopTapeFileSystems;
    case FILE_DEVICE_NETWORK_FILE_SYSTEM:
        return &IopNetworkFileSystems;
    }
    return NULL;
}

PVPB
IopCreateVpb(PDEVICE_OBJECT DeviceObject)
{
    PVPB Vpb = ExAllocatePoolWithTag(NonPagedPool, sizeof(VPB), ' bpV');

    if (Vpb != NULL) {
        RtlZeroMemory(Vpb, sizeof(*Vpb));
        Vpb->Type = IO_TYPE_VPB;
        Vpb->Size = sizeof(VPB);
        Vpb->RealDevice = DeviceObject;
        Vpb->ReferenceCount = 1; /* M2: the device's */
    }
    return Vpb;
}

VOID
IopDeleteVpb(PVPB Vpb)
{
    if (Vpb->RealDevice != NULL && Vpb->RealDevice->Vpb == Vpb) {
        Vpb->RealDevice->Vpb = NULL;
    }
    ExFreePoolWithTag(Vpb, ' bpV');
}

VOID
IopVpbPoint(VOID)
{
    KIRQL Irql;

    KiAcquirePoint(SP_READ_STATE, &IopVpbLock, KiIsHeld, ~0u);
    while (KiIsHeld(&IopVpbLock, ~0u)) {
        IoAcquireVpbSpinLock(&Irql);
        IoReleaseVpbSpinLock(Irql);
    }
}

BOOLEAN
IopReleaseVpb(PVPB Vpb)
{
    IopVpbPoint();
    return --Vpb->ReferenceCount == 0;
}

VOID
IopDereferenceVpb(PVPB Vpb)
{
    if (IopReleaseVpb(Vpb)) {
        IopDeleteVpb(Vpb);
    }
}

static VOID
IopNotifyFs(PDEVICE_OBJECT DeviceObject, BOOLEAN Active)
{
    for (PLIST_ENTRY Entry = IopFsNotify.Flink; Entry != &IopFsNotify; Entry = Entry->Flink) {
        CONTAINING_RECORD(Entry, IOP_FS_NOTIFY, Links)->Routine(DeviceObject, Active);
    }
}

VOID NTAPI
IoRegisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    PLIST_ENTRY List = IopFileSystemsOf(DeviceObject->DeviceType);

    if (List != NULL) {
        if (DeviceObject->Flags & 0x00010000 /* DO_LOW_PRIORITY_FILESYSTEM */) {
            InsertTailList(List, &DeviceObject->Queue.ListEntry);
        } else {
            InsertHeadList(List, &DeviceObject->Queue.ListEntry);
        }
    }
    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    IopReferenceDevice(DeviceObject);
    IopNotifyFs(DeviceObject, TRUE);
}

VOID NTAPI
IoUnregisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    if (!IsListEmpty(&DeviceObject->Queue.ListEntry)) {
        RemoveEntryList(&DeviceObject->Queue.ListEntry);
        InitializeListHead(&DeviceObject->Queue.ListEntry);
    }
    IopNotifyFs(DeviceObject, FALSE);
    IopDereferenceDevice(DeviceObject);
}

/* [ntifs: IoRegisterFsRegistrationChange] Told of those that are registered already as well. */
static NTSTATUS
IopAddFsNotify(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION Routine)
{
    PLIST_ENTRY Lists[] = {&IopDiskFileSystems, &IopCdRomFileSystems, &IopTapeFileSystems,
                           &IopNetworkFileSystems};
    PIOP_FS_NOTIFY Notify = ExAllocatePoolWithTag(PagedPool, sizeof(*Notify), TAG_IODRIVER);

    if (Notify == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Notify->DriverObject = DriverObject;
    Notify->Routine = Routine;
    ObReferenceObject(DriverObject);
    InsertTailList(&IopFsNotify, &Notify->Links);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Lists); i++) {
        for (PLIST_ENTRY Entry = Lists[i]->Flink; Entry != Lists[i]; Entry = Entry->Flink) {
            Routine(CONTAINING_RECORD(Entry, DEVICE_OBJECT, Queue.ListEntry), TRUE);
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoRegisterFsRegistrationChange(PDRIVER_OBJECT DriverObject,
                               PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    return IopAddFsNotify(DriverObject, DriverNotificationRoutine);
}

NTSTATUS NTAPI
IoRegisterFsRegistrationChangeEx(PDRIVER_OBJECT DriverObject,
                                 PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    return IopAddFsNotify(DriverObject, DriverNotificationRoutine);
}

VOID NTAPI
IoUnregisterFsRegistrationChange(PDRIVER_OBJECT DriverObject,
                                 PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    for (PLIST_ENTRY Entry = IopFsNotify.Flink; Entry != &IopFsNotify; Entry = Entry->Flink) {
        PIOP_FS_NOTIFY Notify = CONTAINING_RECORD(Entry, IOP_FS_NOTIFY, Links);

        if (Notify->DriverObject == DriverObject && Notify->Routine == DriverNotificationRoutine) {
            RemoveEntryList(Entry);
            ExFreePoolWithTag(Notify, TAG_IODRIVER);
            ObDereferenceObject(DriverObject);
            return;
        }
    }
}

/* FALSE: there was no memory, and nothing has changed. */
static BOOLEAN
IopReplaceVpb(PDEVICE_OBJECT DeviceObject)
{
    PVPB Old = DeviceObject->Vpb, New = IopCreateVpb(DeviceObject);
    BOOLEAN Last;
    KIRQL Irql;

    if (New == NULL) {
        return FALSE;
    }
    IoAcquireVpbSpinLock(&Irql); /* M4 */
    DeviceObject->Vpb = New;
    Last = --Old->ReferenceCount == 0;
    IoReleaseVpbSpinLock(Irql);
    if (Last) {
        IopDeleteVpb(Old);
    }
    return TRUE;
}

NTSTATUS
IopMountVolume(PDEVICE_OBJECT DeviceObject, BOOLEAN AllowRaw)
{
    PLIST_ENTRY List = IopFileSystemsOf(DeviceObject->DeviceType), Entry;
    NTSTATUS Status = STATUS_UNRECOGNIZED_VOLUME;
    KIRQL Irql;

    KeEnterCriticalRegion(); /* M1 */
    KeWaitForSingleObject(&DeviceObject->DeviceLock, Executive, KernelMode, FALSE, NULL);
    IopVpbPoint();
    if (DeviceObject->Vpb->Flags & VPB_MOUNTED) {
        KeSetEvent(&DeviceObject->DeviceLock, IO_NO_INCREMENT, FALSE);
        KeLeaveCriticalRegion();
        return STATUS_SUCCESS;
    }
    if (DeviceObject->Vpb->ReferenceCount > 1 && !IopReplaceVpb(DeviceObject)) { /* M3 */
        KeSetEvent(&DeviceObject->DeviceLock, IO_NO_INCREMENT, FALSE);
        KeLeaveCriticalRegion();
        return STATUS_INSUFFICIENT_RESOURCES;
    }
Again:
    for (Entry = List != NULL ? List->Flink : NULL; Entry != NULL && Entry != List;
         Entry = Entry->Flink) {
        PDEVICE_OBJECT FileSystem = CONTAINING_RECORD(Entry, DEVICE_OBJECT, Queue.ListEntry);
        IO_STACK_LOCATION Template = {.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL,
                                      .MinorFunction = IRP_MN_MOUNT_VOLUME};

        Template.Parameters.MountVolume.Vpb = DeviceObject->Vpb;
        Template.Parameters.MountVolume.DeviceObject = IoGetAttachedDevice(DeviceObject);
        Template.Flags = AllowRaw ? SL_ALLOW_RAW_MOUNT : 0;
        Status = IopSendSynchronous(IoGetAttachedDevice(FileSystem), &Template,
                                    STATUS_NOT_SUPPORTED, NULL);
        if (NT_SUCCESS(Status)) {
            IoAcquireVpbSpinLock(&Irql); /* M4 */
            DeviceObject->Vpb->Flags |= VPB_MOUNTED;
            if (DeviceObject->Vpb->DeviceObject != NULL) {
                IopExtension(DeviceObject->Vpb->DeviceObject)->Vpb = DeviceObject->Vpb;
                DeviceObject->Vpb->DeviceObject->StackSize =
                    max(DeviceObject->Vpb->DeviceObject->StackSize,
                        (CCHAR)(IoGetAttachedDevice(DeviceObject)->StackSize + 1));
            }
            IoReleaseVpbSpinLock(Irql);
            break;
        }
        if (Status == STATUS_FS_DRIVER_REQUIRED) { /* a recognizer: its file system is loaded now */
            IO_STACK_LOCATION Load = {.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL,
                                      .MinorFunction = IRP_MN_LOAD_FILE_SYSTEM};

            Status = IopSendSynchronous(IoGetAttachedDevice(FileSystem), &Load,
                                        STATUS_NOT_SUPPORTED, NULL);
            if (!NT_SUCCESS(Status)) {
                break;
            }
            goto Again;
        }
        if (Status != STATUS_UNRECOGNIZED_VOLUME) {
            break;
        }
    }
    KeSetEvent(&DeviceObject->DeviceLock, IO_NO_INCREMENT, FALSE);
    KeLeaveCriticalRegion();
    return Status;
}

NTSTATUS NTAPI
IoVerifyVolume(PDEVICE_OBJECT DeviceObject, BOOLEAN AllowRawMount)
{
    IO_STACK_LOCATION Template = {.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL,
                                  .MinorFunction = IRP_MN_VERIFY_VOLUME};
    NTSTATUS Status = STATUS_SUCCESS;

    IopVpbPoint();
    if (DeviceObject->Vpb->Flags & VPB_MOUNTED) {
        KeWaitForSingleObject(&DeviceObject->DeviceLock, Executive, KernelMode, FALSE,
                              NULL); /* M1 */
        Template.Parameters.VerifyVolume.Vpb = DeviceObject->Vpb;
        Template.Parameters.VerifyVolume.DeviceObject = DeviceObject->Vpb->DeviceObject;
        Template.Flags = AllowRawMount ? SL_ALLOW_RAW_MOUNT : 0;
        Status = IopSendSynchronous(IoGetAttachedDevice(DeviceObject->Vpb->DeviceObject), &Template,
                                    STATUS_NOT_SUPPORTED, NULL);
        DeviceObject->Flags &= ~DO_VERIFY_VOLUME;
        KeSetEvent(&DeviceObject->DeviceLock, IO_NO_INCREMENT, FALSE);
    }
    if (Status == STATUS_WRONG_VOLUME || (DeviceObject->Vpb->Flags & VPB_MOUNTED) == 0) {
        if (Status == STATUS_WRONG_VOLUME && !IopReplaceVpb(DeviceObject)) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        IopMountVolume(DeviceObject, AllowRawMount);
    }
    return Status;
}

/* Every registered file system hears of the shutdown. */
VOID
IopShutdownFileSystems(VOID)
{
    PLIST_ENTRY Lists[] = {&IopNetworkFileSystems, &IopDiskFileSystems, &IopCdRomFileSystems,
                           &IopTapeFileSystems};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Lists); i++) {
        for (PLIST_ENTRY Entry = Lists[i]->Flink; Entry != Lists[i]; Entry = Entry->Flink) {
            PDEVICE_OBJECT FileSystem = CONTAINING_RECORD(Entry, DEVICE_OBJECT, Queue.ListEntry);
            IO_STACK_LOCATION Template = {.MajorFunction = IRP_MJ_SHUTDOWN};

            IopSendSynchronous(IoGetAttachedDevice(FileSystem), &Template, STATUS_NOT_SUPPORTED,
                               NULL);
        }
    }
}

/* The disk under a file system's volume, referenced. */
NTSTATUS NTAPI
IoGetDiskDeviceObject(PDEVICE_OBJECT FileSystemDeviceObject, PDEVICE_OBJECT *DiskDeviceObject)
{
    PVPB Vpb;

    if (FileSystemDeviceObject->Vpb != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Vpb = IopExtension(FileSystemDeviceObject)->Vpb;
    if (Vpb == NULL || (Vpb->Flags & VPB_MOUNTED) == 0) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    ObReferenceObject(Vpb->RealDevice);
    *DiskDeviceObject = Vpb->RealDevice;
    return STATUS_SUCCESS;
}

VOID
IopListFsNotify(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY Entry = IopFsNotify.Flink; Entry != &IopFsNotify; Entry = Entry->Flink) {
        PIOP_FS_NOTIFY Each = CONTAINING_RECORD(Entry, IOP_FS_NOTIFY, Links);

        Say(Context, "a routine that is told of file systems", Each, (PVOID)Each->Routine);
    }
}
