/*
 * volume.c - NtQueryVolumeInformationFile and NtSetVolumeInformationFile.
 *
 * FileFsDeviceInformation of a device that is not mounted, and FileFsDriverPathInformation, are answered
 * here; the rest is buffered and the driver's. [ntifs: ZwQueryVolumeInformationFile]
 */
#include "nt/io/iop.h"

static ULONG
IopVolumeLength(ULONG Class, BOOLEAN Set)
{
    switch (Class) {
    case FileFsVolumeInformation:
        return Set ? 0 : sizeof(FILE_FS_VOLUME_INFORMATION);
    case FileFsLabelInformation:
        return Set ? sizeof(FILE_FS_LABEL_INFORMATION) : 0;
    case FileFsSizeInformation:
        return Set ? 0 : sizeof(FILE_FS_SIZE_INFORMATION);
    case FileFsDeviceInformation:
        return Set ? 0 : sizeof(FILE_FS_DEVICE_INFORMATION);
    case FileFsAttributeInformation:
        return Set ? 0 : sizeof(FILE_FS_ATTRIBUTE_INFORMATION);
    case FileFsControlInformation:
        return sizeof(FILE_FS_CONTROL_INFORMATION);
    case FileFsFullSizeInformation:
        return Set ? 0 : sizeof(FILE_FS_FULL_SIZE_INFORMATION);
    case FileFsObjectIdInformation:
        return sizeof(FILE_FS_OBJECTID_INFORMATION);
    case 11 /* FileFsSectorSizeInformation */:
        return Set ? 0 : 28;
    }
    return 0;
}

static NTSTATUS
IopVolumeRequest(HANDLE FileHandle, PIO_STATUS_BLOCK Iosb, PVOID Information, ULONG Length,
                 ULONG Class, BOOLEAN Set)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    ACCESS_MASK Access = 0;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    if (Mode != KernelMode) {
        ULONG Least = IopVolumeLength(Class, Set);

        if (Least == 0) {
            return STATUS_INVALID_INFO_CLASS;
        }
        if (Length < Least) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Status = ExpProbe(Information, Length, sizeof(ULONG), !Set, Mode);
        if (NT_SUCCESS(Status)) {
            Status = IopProbeIosb(Iosb, Mode);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Access = Set ? FILE_WRITE_DATA
                 : Class == FileFsControlInformation || Class == FileFsObjectIdInformation
                     ? FILE_READ_DATA
                     : 0;
    }
    Status = IopBeginRequest(FileHandle, Access, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopLockRequest(&Request);
    if (Status != STATUS_SUCCESS) {
        goto Abandon;
    }
    if (!Set && Class == FileFsDeviceInformation) {
        FILE_FS_DEVICE_INFORMATION Device;
        PDEVICE_OBJECT Real = Request.FileObject->DeviceObject;

        if (Real->Vpb == NULL || (Request.FileObject->Flags & FO_DIRECT_DEVICE_OPEN) ||
            (Real->DeviceType != FILE_DEVICE_DISK_FILE_SYSTEM &&
             Real->DeviceType != FILE_DEVICE_NETWORK_FILE_SYSTEM)) {
            Device.DeviceType = Real->DeviceType;
            Device.Characteristics = Real->Characteristics;
            if (Real->Vpb != NULL && (Real->Vpb->Flags & VPB_MOUNTED)) {
                Device.Characteristics |= FILE_DEVICE_IS_MOUNTED;
            }
            __try {
                *(PFILE_FS_DEVICE_INFORMATION)Information = Device;
                Iosb->Information = sizeof(Device);
                Iosb->Status = STATUS_SUCCESS;
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                Status = GetExceptionCode();
            }
            goto Abandon;
        }
    }
    if (!Set && (Request.FileObject->Flags & FO_DIRECT_DEVICE_OPEN)) {
        Status =
            STATUS_INVALID_DEVICE_REQUEST; /* opened for its attributes: no file system is asked */
        goto Abandon;
    }
    Irp = IopWaitIrp(&Request, &Wait, Iosb,
                     Set ? IRP_MJ_SET_VOLUME_INFORMATION : IRP_MJ_QUERY_VOLUME_INFORMATION, &Stack);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Abandon;
    }
    Status = IopBufferIrp(Irp, Length, Set ? Information : NULL, Length);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    if (!Set) {
        Irp->Flags |= IRP_INPUT_OPERATION;
        Irp->UserBuffer = Information;
    }
    Stack->Parameters.QueryVolume.Length = Length;
    Stack->Parameters.QueryVolume.FsInformationClass = (FS_INFORMATION_CLASS)Class;
    return IopSendAndWait(Irp, &Request, &Wait, Iosb);

Abandon:
    IopAbandonRequest(&Request);
    return Status;
}

NTSTATUS NTAPI
NtQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation,
                             ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopVolumeRequest(FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass,
                            FALSE);
}

NTSTATUS NTAPI
NtSetVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation,
                           ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopVolumeRequest(FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass,
                            TRUE);
}

NTSTATUS NTAPI
IoCheckQuerySetVolumeInformation(FS_INFORMATION_CLASS FsInformationClass, ULONG Length,
                                 BOOLEAN SetOperation)
{
    ULONG Least = IopVolumeLength(FsInformationClass, SetOperation);

    return Least == 0       ? STATUS_INVALID_INFO_CLASS
           : Length < Least ? STATUS_INFO_LENGTH_MISMATCH
                            : STATUS_SUCCESS;
}
