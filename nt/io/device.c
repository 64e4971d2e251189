/*
 * device.c - device objects: made, named, referenced, deleted.
 *
 * Two counts keep a device object alive. The object manager's pointer count keeps its memory; the
 * ReferenceCount counts open file objects, and while it is not zero IoDeleteDevice only marks the device.
 * [wdm: IoCreateDevice, IoDeleteDevice; nt-semantics 6.2]
 *
 *   V1  A device is on its driver's list from IoCreateDevice until its deletion is carried out.
 *   V2  A deletion or an unload that had to wait is carried out when ReferenceCount drops to zero and
 *       nothing is attached.
 *   V3  Each device object holds a reference to its driver object, so the image stays while a device's
 *       memory does.
 *   V4  Whether a driver may go, or a device, depends on all opens, closes, attachments and detachments of its devices, and they on
 *       that. To the explorer that is one object of the driver: an unload and a deletion change it, and the others only where
 *       one of those is pending, or a device is exclusive.
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"
#include "nt/inc/visit.h"

static BOOLEAN
IopIsFileSystemType(DEVICE_TYPE Type)
{
    return Type == FILE_DEVICE_DISK_FILE_SYSTEM || Type == FILE_DEVICE_FILE_SYSTEM ||
           Type == FILE_DEVICE_CD_ROM_FILE_SYSTEM || Type == FILE_DEVICE_NETWORK_FILE_SYSTEM ||
           Type == FILE_DEVICE_TAPE_FILE_SYSTEM;
}

static BOOLEAN
IopIsMountable(DEVICE_TYPE Type)
{
    return Type == FILE_DEVICE_DISK || Type == FILE_DEVICE_CD_ROM || Type == FILE_DEVICE_TAPE ||
           Type == FILE_DEVICE_VIRTUAL_DISK;
}

/*
 * Who may open a device that says nothing about it: everyone to read, write and execute, the system and
 * administrators everything; the media types and file systems let the world only read.
 * [K: "Securing Device Objects"; wdm: IoCreateDevice]
 */
PSECURITY_DESCRIPTOR
IopDefaultDescriptor(DEVICE_TYPE DeviceType, ULONG Characteristics)
{
    BOOLEAN Media = IopIsMountable(DeviceType);
    ACCESS_MASK World = FILE_GENERIC_READ | FILE_GENERIC_EXECUTE | (Media ? 0 : FILE_GENERIC_WRITE);
    SECURITY_DESCRIPTOR Absolute;
    PSECURITY_DESCRIPTOR Copy;
    ULONG Length = 0;
    UCHAR Space[256];
    PACL Acl = (PACL)Space;

    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, World, SeExports->SeWorldSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_GENERIC_READ | FILE_GENERIC_EXECUTE,
                           SeExports->SeRestrictedSid);
    RtlSetDaclSecurityDescriptor(&Absolute, TRUE, Acl, FALSE);
    RtlSetOwnerSecurityDescriptor(&Absolute, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Absolute, SeExports->SeLocalSystemSid, FALSE);
    RtlAbsoluteToSelfRelativeSD(&Absolute, NULL, &Length);
    Copy = ExAllocatePoolWithTag(PagedPool, Length, TAG_IODEVICE);
    if (Copy != NULL && !NT_SUCCESS(RtlAbsoluteToSelfRelativeSD(&Absolute, Copy, &Length))) {
        ExFreePoolWithTag(Copy, TAG_IODEVICE);
        Copy = NULL;
    }
    return Copy;
}

/* The object manager's security method of device and file objects. */
NTSTATUS
IopDeviceSecurity(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
                  PSECURITY_DESCRIPTOR Descriptor, PULONG Length)
{
    PDEVICE_OBJECT DeviceObject = Object;
    PSECURITY_DESCRIPTOR Old;

    if (((PFILE_OBJECT)Object)->Type == IO_TYPE_FILE) {
        PFILE_OBJECT FileObject = Object;

        DeviceObject = FileObject->DeviceObject;
        if (DeviceObject == NULL) {
            return STATUS_SUCCESS;
        }
    }
    switch (Operation) {
    case SetSecurityDescriptor:
        Old = DeviceObject->SecurityDescriptor;
        {
            NTSTATUS Status = SeSetSecurityDescriptorInfo(Object, Information, Descriptor,
                                                          &DeviceObject->SecurityDescriptor,
                                                          PagedPool, &IopFileMapping);
            if (NT_SUCCESS(Status) && Old != NULL && Old != DeviceObject->SecurityDescriptor) {
                ExFreePoolWithTag(Old, 0);
            }
            return Status;
        }
    case QuerySecurityDescriptor:
        return SeQuerySecurityDescriptorInfo(Information, Descriptor, Length,
                                             &DeviceObject->SecurityDescriptor);
    }
    return STATUS_INVALID_PARAMETER;
}

static VOID
IopInitializeDevice(PDEVICE_OBJECT DeviceObject, PDRIVER_OBJECT DriverObject, ULONG ExtensionSize,
                    DEVICE_TYPE Type, ULONG Characteristics)
{
    ULONG Aligned = (ExtensionSize + 15) & ~15u;
    PIOP_DEVICE_EXTENSION Extension =
        (PVOID)((PUCHAR)DeviceObject + IOP_DEVICE_OBJECT_SIZE + Aligned);

    RtlZeroMemory(DeviceObject, IOP_DEVICE_OBJECT_SIZE + Aligned + sizeof(*Extension));
    Extension->Type = IO_TYPE_DEVICE_OBJECT_EXTENSION;
    Extension->DeviceObject = DeviceObject;
    Extension->SystemState = PowerSystemWorking;
    DeviceObject->Type = IO_TYPE_DEVICE;
    DeviceObject->Size = (USHORT)(IOP_DEVICE_OBJECT_SIZE + ExtensionSize);
    DeviceObject->DeviceObjectExtension = (PDEVOBJ_EXTENSION)Extension;
    DeviceObject->DeviceExtension =
        ExtensionSize != 0 ? (PUCHAR)DeviceObject + IOP_DEVICE_OBJECT_SIZE : NULL;
    DeviceObject->DeviceType = Type;
    DeviceObject->Characteristics = Characteristics;
    DeviceObject->StackSize = 1;
    DeviceObject->AlignmentRequirement = FILE_BYTE_ALIGNMENT;
    DeviceObject->Flags = DO_DEVICE_INITIALIZING;
    KeInitializeEvent(&DeviceObject->DeviceLock, SynchronizationEvent, TRUE);
    if (IopIsFileSystemType(Type)) {
        InitializeListHead(&DeviceObject->Queue.ListEntry);
    } else {
        KeInitializeDeviceQueue(&DeviceObject->DeviceQueue);
    }
    if (Type == FILE_DEVICE_CD_ROM || Type == FILE_DEVICE_CD_ROM_FILE_SYSTEM) {
        DeviceObject->SectorSize = 2048;
    } else if (Type == FILE_DEVICE_DISK || Type == FILE_DEVICE_VIRTUAL_DISK ||
               Type == FILE_DEVICE_DISK_FILE_SYSTEM) {
        DeviceObject->SectorSize = 512;
    }
}

NTSTATUS NTAPI
IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
               DEVICE_TYPE DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive,
               PDEVICE_OBJECT *DeviceObject)
{
    ULONG Aligned = (DeviceExtensionSize + 15) & ~15u;
    OBJECT_ATTRIBUTES Attributes;
    WCHAR Generated[24];
    UNICODE_STRING Name;
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    *DeviceObject = NULL;
    if (DeviceExtensionSize > 0xFFFF - IOP_DEVICE_OBJECT_SIZE) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (DeviceCharacteristics & FILE_AUTOGENERATED_DEVICE_NAME) {
        static const WCHAR Digits[] = L"0123456789abcdef";
        ULONG Number = IopDeviceNumber++;

        RtlCopyMemory(Generated, L"\\Device\\00000000", 17 * sizeof(WCHAR));
        for (ULONG i = 0; i < 8; i++) {
            Generated[15 - i] = Digits[(Number >> (4 * i)) & 15];
        }
        RtlInitUnicodeString(&Name, Generated);
        DeviceName = &Name;
    }
    InitializeObjectAttributes(&Attributes, DeviceName,
                               OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE |
                                   (DeviceName != NULL ? OBJ_PERMANENT : 0),
                               NULL, NULL);
    Status = ObCreateObject(KernelMode, IoDeviceObjectTypeP, &Attributes, KernelMode, NULL,
                            IOP_DEVICE_OBJECT_SIZE + Aligned + sizeof(IOP_DEVICE_EXTENSION), 0, 0,
                            (PVOID *)&Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopInitializeDevice(Device, DriverObject, DeviceExtensionSize, DeviceType,
                        DeviceCharacteristics);
    Device->Flags |= (Exclusive ? DO_EXCLUSIVE : 0) | (DeviceName != NULL ? DO_DEVICE_HAS_NAME : 0);
    Device->SecurityDescriptor = IopDefaultDescriptor(DeviceType, DeviceCharacteristics);
    if (Device->SecurityDescriptor != NULL && IopIsMountable(DeviceType)) {
        Device->Vpb = IopCreateVpb(Device);
    }
    if (Device->SecurityDescriptor == NULL || (IopIsMountable(DeviceType) && Device->Vpb == NULL)) {
        ObDereferenceObject(Device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Device->DriverObject = DriverObject;
    ObReferenceObject(DriverObject); /* V3 */

    Status = ObInsertObject(Device, NULL, FILE_READ_DATA | FILE_WRITE_DATA, 0, NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status; /* the object is gone, by IopDeleteDevice */
    }
    Device->NextDevice = DriverObject->DeviceObject; /* V1 */
    DriverObject->DeviceObject = Device;
    *DeviceObject = Device;
    return STATUS_SUCCESS;
}

/* The last pointer to a device object has gone. */
VOID
IopDeleteDevice(PVOID Object)
{
    PDEVICE_OBJECT DeviceObject = Object;

    DRIVER_REQUIRE(DeviceObject->ReferenceCount == 0, DEVICE_REFERENCE_COUNT_NOT_ZERO, DeviceObject,
                   0, 0, 0);
    if (Machine->explore) {
        ExFreeStep(DeviceObject);
    }
    if (DeviceObject->SecurityDescriptor != NULL) {
        ExFreePoolWithTag(DeviceObject->SecurityDescriptor, 0);
        DeviceObject->SecurityDescriptor = NULL;
    }
    if (DeviceObject->Vpb != NULL && DeviceObject->Vpb->RealDevice == DeviceObject) {
        IopDereferenceVpb(DeviceObject->Vpb);
    }
    if (DeviceObject->DriverObject != NULL) {
        ObDereferenceObject(DeviceObject->DriverObject); /* V3 */
    }
}

static VOID
IopUnlinkDevice(PDEVICE_OBJECT DeviceObject)
{
    PDEVICE_OBJECT *Link = &DeviceObject->DriverObject->DeviceObject;

    while (*Link != NULL && *Link != DeviceObject) {
        Link = &(*Link)->NextDevice;
    }
    if (*Link == DeviceObject) {
        *Link = DeviceObject->NextDevice;
    }
}

/* V2. The caller has seen that ReferenceCount is zero. */
VOID
IopCompleteUnloadOrDelete(PDEVICE_OBJECT DeviceObject)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);
    PDRIVER_OBJECT DriverObject = DeviceObject->DriverObject;
    BOOLEAN Unload = (Extension->ExtensionFlags & DOE_UNLOAD_PENDING) != 0;

    if (DeviceObject->ReferenceCount != 0 || DeviceObject->AttachedDevice != NULL) {
        return;
    }
    if (Extension->ExtensionFlags & DOE_DELETE_PENDING) {
        Extension->ExtensionFlags &= ~DOE_DELETE_PENDING;
        IopUnlinkDevice(DeviceObject);
        ObReferenceObject(DriverObject);
        ObDereferenceObject(DeviceObject);
        if (Unload) {
            IopTryUnload(DriverObject);
        }
        ObDereferenceObject(DriverObject);
    } else if (Unload) {
        IopTryUnload(DriverObject);
    }
}

/* PKI_WOULD_WAIT, of which no one waits: V4. */
static BOOLEAN
IopOnlyCounts(const volatile VOID *Object, ULONG_PTR Context)
{
    PDEVICE_OBJECT DeviceObject = (PDEVICE_OBJECT)Context;

    return (DeviceObject->Flags & DO_EXCLUSIVE) == 0 &&
           (IopExtension(DeviceObject)->ExtensionFlags &
            (DOE_DELETE_PENDING | DOE_UNLOAD_PENDING)) == 0;
}

/* V4. What threads of clients do is an object of its own: nt/ke/visit.c, I2. */
VOID
IopUsePoint(PDEVICE_OBJECT DeviceObject)
{
    PDRIVER_OBJECT DriverObject = DeviceObject->DriverObject;

    if (DriverObject != NULL) {
        KiAcquirePoint(SP_OBJECT,
                       KiThread()->Teb != NULL ? (PVOID)&DriverObject->Flags
                                               : (PVOID)&DriverObject->DeviceObject,
                       IopOnlyCounts, (ULONG_PTR)DeviceObject);
    }
}

VOID
IopGoPoint(PDRIVER_OBJECT DriverObject)
{
    KiAcquirePoint(SP_OBJECT, &DriverObject->DeviceObject, NULL,
                   KiClientsNotice() ? KI_ALSO_CHANGES(&DriverObject->Flags) : 0);
}

VOID NTAPI
IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);

    KiSchedulePoint(SP_OBJECT, DeviceObject);
    if (DeviceObject->Flags & DO_SHUTDOWN_REGISTERED) {
        IoUnregisterShutdownNotification(DeviceObject);
    }
    if (DeviceObject->Timer != NULL) {
        IoStopTimer(DeviceObject);
        RemoveEntryList((PLIST_ENTRY)((PUCHAR)DeviceObject->Timer + 8));
        ExFreePoolWithTag(DeviceObject->Timer, 0);
        DeviceObject->Timer = NULL;
    }
    if (DeviceObject->Flags & DO_DEVICE_HAS_NAME) {
        ObpMakeTemporary(DeviceObject);
        DeviceObject->Flags &= ~DO_DEVICE_HAS_NAME;
    }
    if (DeviceObject->AttachedDevice != NULL) {
        /* [wdm: FAST_IO_DISPATCH, FastIoDetachDevice] Who is attached to it lets go now. */
        PDEVICE_OBJECT Upper = DeviceObject->AttachedDevice;
        PFAST_IO_DISPATCH FastIo = Upper->DriverObject->FastIoDispatch;

        if (FastIo != NULL &&
            FastIo->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, FastIoDetachDevice) &&
            FastIo->FastIoDetachDevice != NULL) {
            FastIo->FastIoDetachDevice(Upper, DeviceObject);
        }
    }
    IopGoPoint(DeviceObject->DriverObject);
    Extension->ExtensionFlags |= DOE_DELETE_PENDING;
    Extension->Deleted = TRUE;
    if (DeviceObject->ReferenceCount == 0) {
        /* An attached device is its driver's business: the deletion does not wait for it. */
        Extension->ExtensionFlags &= ~DOE_DELETE_PENDING;
        IopUnlinkDevice(DeviceObject);
        ObDereferenceObject(DeviceObject);
    }
}

VOID
IopReferenceDevice(PDEVICE_OBJECT DeviceObject)
{
    DeviceObject->ReferenceCount++;
}

VOID
IopDereferenceDevice(PDEVICE_OBJECT DeviceObject)
{
    IopUsePoint(DeviceObject);
    if (--DeviceObject->ReferenceCount == 0 &&
        (IopExtension(DeviceObject)->ExtensionFlags & (DOE_DELETE_PENDING | DOE_UNLOAD_PENDING))) {
        IopCompleteUnloadOrDelete(DeviceObject);
    }
}

NTSTATUS NTAPI
IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess,
                         PFILE_OBJECT *FileObject, PDEVICE_OBJECT *DeviceObject)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, ObjectName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               NULL, NULL);
    Status = ZwOpenFile(&Handle, DesiredAccess, &Attributes, &Iosb, 0, FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status =
        ObReferenceObjectByHandle(Handle, 0, IoFileObjectTypeP, KernelMode, (PVOID *)&File, NULL);
    if (NT_SUCCESS(Status)) {
        *FileObject = File;
        *DeviceObject = IoGetRelatedDeviceObject(File);
    }
    ZwClose(Handle);
    return Status;
}

NTSTATUS NTAPI
IoEnumerateDeviceObjectList(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT *DeviceObjectList,
                            ULONG DeviceObjectListSize, PULONG ActualNumberDeviceObjects)
{
    ULONG Room = DeviceObjectListSize / sizeof(PDEVICE_OBJECT), Count = 0;
    PDEVICE_OBJECT Device;

    for (Device = DriverObject->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        if (DeviceObjectList != NULL && Count < Room) {
            ObpAddReference(Device);
            DeviceObjectList[Count] = Device;
        }
        Count++;
    }
    *ActualNumberDeviceObjects = Count;
    return Count > Room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}
