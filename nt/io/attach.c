/*
 * attach.c - stacks of device objects.
 *
 * AttachedDevice points up from a device to the one attached to it, AttachedTo (ours) down again. A device
 * that is attached takes StackSize + 1, alignment and sector size from what it is attached to.
 * [wdm: IoAttachDeviceToDeviceStack, IoGetAttachedDeviceReference, IoDetachDevice]
 */
#include "nt/io/iop.h"

PDEVICE_OBJECT NTAPI
IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject)
{
    while (DeviceObject->AttachedDevice != NULL) {
        DeviceObject = DeviceObject->AttachedDevice;
    }
    return DeviceObject;
}

PDEVICE_OBJECT
IopLowerDevice(PDEVICE_OBJECT DeviceObject)
{
    return IopExtension(DeviceObject)->AttachedTo;
}

PDEVICE_OBJECT NTAPI
IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject)
{
    KiSchedulePoint(SP_OBJECT, DeviceObject);
    DeviceObject = IoGetAttachedDevice(DeviceObject);
    ObpAddReference(DeviceObject);
    return DeviceObject;
}

PDEVICE_OBJECT NTAPI
IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject)
{
    while (IopExtension(DeviceObject)->AttachedTo != NULL) {
        DeviceObject = IopExtension(DeviceObject)->AttachedTo;
    }
    ObpAddReference(DeviceObject);
    return DeviceObject;
}

PDEVICE_OBJECT NTAPI
IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);

    if ((Extension->ExtensionFlags &
         (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING | DOE_REMOVE_PROCESSED)) ||
        Extension->AttachedTo == NULL) {
        return NULL;
    }
    ObReferenceObject(Extension->AttachedTo);
    return Extension->AttachedTo;
}

/* The top of Target's stack, with Source on it now; NULL: that top is not open to attachments. */
static PDEVICE_OBJECT
IopAttach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target, PDEVICE_OBJECT *AttachedTo)
{
    PDEVICE_OBJECT Top;

    KiSchedulePoint(SP_OBJECT, Target);
    IopUsePoint(IoGetAttachedDevice(Target));
    Top = IoGetAttachedDevice(Target);
    if ((Top->Flags & DO_DEVICE_INITIALIZING) ||
        (IopExtension(Top)->ExtensionFlags &
         (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING | DOE_REMOVE_PROCESSED)) ||
        Top->StackSize == MAXCHAR) {
        return NULL;
    }
    Top->AttachedDevice = Source;
    IopExtension(Source)->AttachedTo = Top;
    Source->StackSize = Top->StackSize + 1;
    Source->AlignmentRequirement = Top->AlignmentRequirement;
    Source->SectorSize = Top->SectorSize;
    if (AttachedTo != NULL) {
        *AttachedTo = Top;
    }
    return Top;
}

PDEVICE_OBJECT NTAPI
IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    return IopAttach(SourceDevice, TargetDevice, NULL);
}

NTSTATUS NTAPI
IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice,
                                PDEVICE_OBJECT *AttachedToDeviceObject)
{
    return IopAttach(SourceDevice, TargetDevice, AttachedToDeviceObject) != NULL
               ? STATUS_SUCCESS
               : STATUS_NO_SUCH_DEVICE;
}

NTSTATUS NTAPI
IoAttachDeviceByPointer(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    return IopAttach(SourceDevice, TargetDevice, NULL) != NULL ? STATUS_SUCCESS
                                                               : STATUS_NO_SUCH_DEVICE;
}

NTSTATUS NTAPI
IoAttachDevice(PDEVICE_OBJECT SourceDevice, PUNICODE_STRING TargetDevice,
               PDEVICE_OBJECT *AttachedDevice)
{
    OBJECT_ATTRIBUTES Attributes;
    PDEVICE_OBJECT Target;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, TargetDevice, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               NULL, NULL);
    Status = ZwOpenFile(&Handle, FILE_READ_ATTRIBUTES, &Attributes, &Iosb, 0,
                        FILE_NON_DIRECTORY_FILE | IO_ATTACH_DEVICE_API);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status =
        ObReferenceObjectByHandle(Handle, 0, IoFileObjectTypeP, KernelMode, (PVOID *)&File, NULL);
    if (NT_SUCCESS(Status)) {
        Target = IoGetRelatedDeviceObject(File);
        Status = IoAttachDeviceToDeviceStackSafe(SourceDevice, Target, AttachedDevice);
        ObDereferenceObject(File);
    }
    ZwClose(Handle);
    return Status;
}

VOID NTAPI
IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    PDEVICE_OBJECT Upper;

    KiSchedulePoint(SP_OBJECT, TargetDevice);
    IopUsePoint(TargetDevice);
    Upper = TargetDevice->AttachedDevice;
    if (Upper != NULL) {
        IopExtension(Upper)->AttachedTo = NULL;
    }
    TargetDevice->AttachedDevice = NULL;
    if ((IopExtension(TargetDevice)->ExtensionFlags &
         (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING)) &&
        TargetDevice->ReferenceCount == 0) {
        IopCompleteUnloadOrDelete(TargetDevice);
    }
}

/* The device that a file object's requests go to: the top of the volume's stack, or of the device's. */
PDEVICE_OBJECT NTAPI
IoGetRelatedDeviceObject(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT DeviceObject;

    if (FileObject->FileObjectExtension != NULL && IopFile(FileObject)->DeviceHint != NULL) {
        return IopFile(FileObject)->DeviceHint;
    }
    if (FileObject->Vpb != NULL && FileObject->Vpb->DeviceObject != NULL) {
        DeviceObject = FileObject->Vpb->DeviceObject;
    } else if ((FileObject->Flags & FO_DIRECT_DEVICE_OPEN) == 0 &&
               FileObject->DeviceObject->Vpb != NULL &&
               FileObject->DeviceObject->Vpb->DeviceObject != NULL) {
        DeviceObject = FileObject->DeviceObject->Vpb->DeviceObject;
    } else {
        DeviceObject = FileObject->DeviceObject;
    }
    return DeviceObject->AttachedDevice != NULL ? IoGetAttachedDevice(DeviceObject) : DeviceObject;
}

PDEVICE_OBJECT NTAPI
IoGetBaseFileSystemDeviceObject(PFILE_OBJECT FileObject)
{
    if (FileObject->Vpb != NULL && FileObject->Vpb->DeviceObject != NULL) {
        return FileObject->Vpb->DeviceObject;
    }
    if ((FileObject->Flags & FO_DIRECT_DEVICE_OPEN) == 0 && FileObject->DeviceObject->Vpb != NULL &&
        FileObject->DeviceObject->Vpb->DeviceObject != NULL) {
        return FileObject->DeviceObject->Vpb->DeviceObject;
    }
    return FileObject->DeviceObject;
}
