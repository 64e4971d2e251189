/*
 * recognizer.c - the file-system recognizer: loads ramfs.sys when the first volume of its kind is to be mounted.
 * [ntifs: IRP_MN_LOAD_FILE_SYSTEM; IFS: "File System Recognizers"]
 *
 *   G1  It knows the disk, says STATUS_FS_DRIVER_REQUIRED, is told to load the file system, and takes itself off the list:
 *       ramfs.sys is asked from then on.
 */
#include "nt/io/iop.h"

/* The disks of ramdisk.c, and no others: nobody else's disk is asked anything. */
static NTSTATUS
IopRecognize(PVPB Vpb)
{
    return Vpb->RealDevice->DriverObject->DriverInit == IopRamDiskEntry
               ? STATUS_FS_DRIVER_REQUIRED
               : STATUS_UNRECOGNIZED_VOLUME;
}

/* G1 */
static NTSTATUS
IopLoadRamfs(PDEVICE_OBJECT Recognizer)
{
    UNICODE_STRING Service;
    ULONG Type = 2; /* SERVICE_FILE_SYSTEM_DRIVER: so \FileSystem\ramfs */
    NTSTATUS Status;

    CmpCreateServiceKey(L"ramfs", L"\\SystemRoot\\System32\\drivers\\ramfs.sys", &Service);
    Status = RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Service.Buffer, L"Type", REG_DWORD, &Type,
                                   sizeof(Type));
    if (NT_SUCCESS(Status)) {
        Status = IopLoadDriver(&Service);
    }
    ExpFree(Service.Buffer);
    if (NT_SUCCESS(Status) || Status == STATUS_IMAGE_ALREADY_LOADED) {
        IoUnregisterFileSystem(Recognizer);
        return STATUS_SUCCESS;
    }
    return Status;
}

static NTSTATUS NTAPI
IopRecognizerDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;

    if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL) {
        if (Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
            Status = IopRecognize(Stack->Parameters.MountVolume.Vpb);
        } else if (Stack->MinorFunction == IRP_MN_LOAD_FILE_SYSTEM) {
            Status = IopLoadRamfs(DeviceObject);
        }
    } else if (Stack->MajorFunction == IRP_MJ_CREATE || Stack->MajorFunction == IRP_MJ_CLEANUP ||
               Stack->MajorFunction == IRP_MJ_CLOSE || Stack->MajorFunction == IRP_MJ_SHUTDOWN) {
        Status = STATUS_SUCCESS;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
IopRecognizerEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\FileSystem\\RamfsRecognizer");
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = IopRecognizerDispatch;
    }
    Status = IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE,
                            &DeviceObject);
    if (NT_SUCCESS(Status)) {
        IoRegisterFileSystem(DeviceObject);
    }
    return Status;
}
