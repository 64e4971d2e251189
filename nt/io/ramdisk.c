/*
 * ramdisk.c - the disks of C: and D:. They have no sectors: each names the folder that its volume holds at first, and
 * answers what a mount manager or a tool asks of a disk.
 *
 *     \Device\HarddiskVolume1   C:   \??\Volume{...}   \ArcName\..., \SystemRoot
 *     \Device\HarddiskVolume2   D:
 *
 * [mountmgr: IOCTL_MOUNTDEV_..., ntdddisk: IOCTL_DISK_...]
 */
#include "nt/io/iop.h"
#include <ntdddisk.h>
#include <mountmgr.h>

#define IOCTL_NTLAB_QUERY_SOURCE CTL_CODE(FILE_DEVICE_DISK, 0x8F1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define RAMDISK_SIZE             (4ull << 30)

typedef struct _RAMDISK {
    PCWSTR Source, Device;
    UCHAR Drive;
} RAMDISK, *PRAMDISK;

static NTSTATUS
RamDiskText(PIRP Irp, PIO_STACK_LOCATION Stack, PCWSTR Text, ULONG Header, PULONG_PTR Information)
{
    ULONG Length = (ULONG)wcslen(Text) * sizeof(WCHAR);
    PUCHAR Out = Irp->AssociatedIrp.SystemBuffer;
    ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;

    if (Room < Header) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Header != 0) {
        *(PUSHORT)Out = (USHORT)Length;
    }
    if (Room < Header + Length) {
        *Information = Header;
        return Header != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Out + Header, Text, Length);
    *Information = Header + Length;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamDiskControl(PRAMDISK Disk, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    PUCHAR Out = Irp->AssociatedIrp.SystemBuffer;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_NTLAB_QUERY_SOURCE:
        return RamDiskText(Irp, Stack, Disk->Source, 0, Information);
    case IOCTL_MOUNTDEV_QUERY_DEVICE_NAME:
        return RamDiskText(Irp, Stack, Disk->Device, sizeof(USHORT), Information);
    case IOCTL_DISK_GET_LENGTH_INFO:
        if (Room < sizeof(GET_LENGTH_INFORMATION)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        ((PGET_LENGTH_INFORMATION)Out)->Length.QuadPart = RAMDISK_SIZE;
        *Information = sizeof(GET_LENGTH_INFORMATION);
        return STATUS_SUCCESS;
    case IOCTL_DISK_GET_DRIVE_GEOMETRY: {
        PDISK_GEOMETRY Geometry = (PVOID)Out;

        if (Room < sizeof(*Geometry)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Geometry->Cylinders.QuadPart = RAMDISK_SIZE / (255 * 63 * 512);
        Geometry->MediaType = FixedMedia;
        Geometry->TracksPerCylinder = 255;
        Geometry->SectorsPerTrack = 63;
        Geometry->BytesPerSector = 512;
        *Information = sizeof(*Geometry);
        return STATUS_SUCCESS;
    }
    case IOCTL_DISK_IS_WRITABLE:
    case IOCTL_DISK_CHECK_VERIFY:
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI
RamDiskDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG_PTR Information = 0;
    NTSTATUS Status;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
    case IRP_MJ_CLEANUP:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_SHUTDOWN:
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_DEVICE_CONTROL:
        Status = RamDiskControl(DeviceObject->DeviceExtension, Irp, Stack, &Information);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
RamDiskCreate(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName, PCWSTR Source, UCHAR Drive)
{
    WCHAR Buffer[64];
    UNICODE_STRING Device, Link = {0, sizeof(Buffer), Buffer};
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;
    PRAMDISK Disk;
    WCHAR Letter[] = L"\\??\\?:";

    RtlInitUnicodeString(&Device, DeviceName);
    Status = IoCreateDevice(DriverObject, sizeof(RAMDISK), &Device, FILE_DEVICE_DISK, 0, FALSE,
                            &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DeviceObject->AlignmentRequirement = FILE_WORD_ALIGNMENT; /* as disks have it */
    Disk = DeviceObject->DeviceExtension;
    Disk->Source = Source;
    Disk->Device = DeviceName;
    Disk->Drive = Drive;
    IopRamDisk[Drive - 'C'] = DeviceObject;
    Letter[4] = Drive;
    RtlAppendUnicodeToString(&Link, Letter);
    Status = IoCreateSymbolicLink(&Link, &Device);
    if (NT_SUCCESS(Status)) {
        Link.Length = 0;
        RtlAppendUnicodeToString(&Link, L"\\??\\Volume{6c74616e-0000-0000-0000-0000000000");
        RtlAppendUnicodeToString(&Link, Drive == 'C' ? L"c0}" : L"d0}");
        Status = IoCreateSymbolicLink(&Link, &Device);
    }
    return Status;
}

NTSTATUS NTAPI
IopRamDiskEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Root = RTL_CONSTANT_STRING(L"\\SystemRoot"),
                   Target = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume1\\Windows");
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = RamDiskDispatch;
    }
    Status =
        RamDiskCreate(DriverObject, L"\\Device\\HarddiskVolume1", L"\\Device\\HostFilesC", 'C');
    if (NT_SUCCESS(Status)) {
        Status =
            RamDiskCreate(DriverObject, L"\\Device\\HarddiskVolume2", L"\\Device\\HostFilesD", 'D');
    }
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Root, &Target) : Status;
}
