/*
 * source.c - where the bytes of an image's file come from.
 *
 * Most images are files of the host that nobody has changed: the host maps them itself, quickly and with their symbols. That
 * is so if the file system says that the file is as it was found, and no device stands in between that could give
 * other bytes; the filter manager tells of its devices whether any instance is attached.
 */
#include "nt/io/iop.h"
#include "nt/inc/imagefile.h"

#define FSCTL_NTLAB_QUERY_SOURCE                                                                   \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0x8F1, METHOD_BUFFERED, FILE_ANY_ACCESS)

BOOLEAN
IopIsVolumeMounted(VOID)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(IopRamDisk); i++) {
        if (IopRamDisk[i] != NULL && (IopRamDisk[i]->Vpb->Flags & VPB_MOUNTED) != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* For fltmgr.sys: Passes: no operation is changed by this device. */
VOID NTAPI
IopSetPassing(PDEVICE_OBJECT DeviceObject, BOOLEAN Passes)
{
    if (Passes) {
        IopExtension(DeviceObject)->ExtensionFlags |= DOE_PASSES;
    } else {
        IopExtension(DeviceObject)->ExtensionFlags &= ~DOE_PASSES;
    }
}

BOOLEAN
IopQuerySource(PFILE_OBJECT FileObject, PUNICODE_STRING Path)
{
    UNICODE_STRING Ours = RTL_CONSTANT_STRING(L"\\FileSystem\\ramfs");
    PDEVICE_OBJECT Base = FileObject->Vpb != NULL ? FileObject->Vpb->DeviceObject : NULL, Device;
    PIO_STACK_LOCATION Stack;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    if (Base == NULL || !RtlEqualUnicodeString(&Base->DriverObject->DriverName, &Ours, TRUE)) {
        return FALSE;
    }
    for (Device = Base->AttachedDevice; Device != NULL; Device = Device->AttachedDevice) {
        if ((IopExtension(Device)->ExtensionFlags & DOE_PASSES) == 0) {
            return FALSE;
        }
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(FSCTL_NTLAB_QUERY_SOURCE, Base, NULL, 0, Path->Buffer,
                                        Path->MaximumLength, FALSE, &Event, &Iosb);
    if (Irp == NULL) {
        return FALSE;
    }
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Stack->MinorFunction = IRP_MN_KERNEL_CALL;
    Stack->FileObject = FileObject;
    Status = IofCallDriver(Base, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Iosb.Status;
    }
    if (!NT_SUCCESS(Status)) {
        return FALSE;
    }
    Path->Length = (USHORT)Iosb.Information;
    return TRUE;
}
