/*
 * rawdisk.c - a disk that no file system recognizes, opened as a volume: RAW mounts it.
 * [K: CreateFile, "Physical Disks and Volumes"; ntifs: IRP_MN_MOUNT_VOLUME, SL_ALLOW_RAW_MOUNT; FSCTL_LOCK_VOLUME]
 */
#include "../ntlab-test.h"

#define DISK_SIZE 4096

static PDEVICE_OBJECT Disk;
static UCHAR Contents[DISK_SIZE];
static LONG Creates, Reads, Controls;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;
    PUCHAR Buffer;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Creates++;
        break;
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        Reads++;
        if (Stack->Parameters.Read.ByteOffset.QuadPart + Stack->Parameters.Read.Length >
            DISK_SIZE) {
            Status = STATUS_END_OF_FILE;
            break;
        }
        Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        Information = Stack->Parameters.Read.Length;
        if (Stack->MajorFunction == IRP_MJ_READ) {
            RtlCopyMemory(Buffer, Contents + Stack->Parameters.Read.ByteOffset.QuadPart,
                          Information);
        } else {
            RtlCopyMemory(Contents + Stack->Parameters.Read.ByteOffset.QuadPart, Buffer,
                          Information);
        }
        break;
    case IRP_MJ_DEVICE_CONTROL:
        Controls++;
        break;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
Open(PCWSTR Text, ULONG Share, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(Handle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Iosb,
                        NULL, 0, Share, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static VOID
Volume(VOID)
{
    FILE_POSITION_INFORMATION Position;
    UCHAR Buffer[512];
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Offset;
    HANDLE Handle, Other;

    EXPECT((Disk->Vpb->Flags & VPB_MOUNTED) == 0);
    /* A file on it is asked for: RAW has none. */
    EXPECT_STATUS(Open(L"\\Device\\IoTestDisk\\file", 0, &Handle), STATUS_UNRECOGNIZED_VOLUME);
    EXPECT_STATUS(Open(L"\\Device\\IoTestDisk", FILE_SHARE_READ | FILE_SHARE_WRITE, &Handle),
                  STATUS_SUCCESS);
    EXPECT((Disk->Vpb->Flags & VPB_MOUNTED) != 0);
    EXPECT_EQ(Creates, 0); /* the file system's, not the disk's */
    Offset.QuadPart = 512;
    RtlFillMemory(Buffer, sizeof(Buffer), 0x5A);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 512, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(Contents[511] == 0 && Contents[512] == 0x5A && Contents[1023] == 0x5A);
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Position, sizeof(Position), FilePositionInformation),
        STATUS_SUCCESS);
    EXPECT_EQ(Position.CurrentByteOffset.QuadPart, 1024);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 512, NULL, NULL),
                  STATUS_SUCCESS); /* from there on */
    EXPECT_EQ(Buffer[0], 0);
    EXPECT_EQ(Reads, 2);
    EXPECT_STATUS(ZwDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb, 0x70000, NULL, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_EQ(Controls, 1);

    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, 0x90018 /* FSCTL_LOCK_VOLUME */,
                                  NULL, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Open(L"\\Device\\IoTestDisk", FILE_SHARE_READ | FILE_SHARE_WRITE, &Other),
                  STATUS_ACCESS_DENIED);
    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb,
                                  0x9001C /* FSCTL_UNLOCK_VOLUME */, NULL, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Open(L"\\Device\\IoTestDisk", 0, &Other), STATUS_SHARING_VIOLATION);
    ZwClose(Handle);
    EXPECT((Disk->Vpb->Flags & VPB_MOUNTED) == 0); /* the last close dismounts */
}

/* [ntddk: HalExamineMBR, IoReadDiskSignature] */
static VOID
Tables(VOID)
{
    static const GUID Id = {0x12345678, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    PUCHAR Header = Contents + 512;
    DISK_SIGNATURE Signature;
    ULONG Sum = 0;
    PVOID Buffer;

    RtlZeroMemory(Contents, sizeof(Contents));
    EXPECT_STATUS(IoReadDiskSignature(Disk, 512, &Signature), STATUS_DISK_CORRUPT_ERROR);
    HalExamineMBR(Disk, 512, 7, &Buffer);
    EXPECT(Buffer == NULL); /* no master boot record */

    *(PULONG)(Contents + 0x1B8) = 0xCAFE1234;
    Contents[0x1BE + 4] = 7;
    Contents[0x1FE] = 0x55;
    Contents[0x1FF] = 0xAA;
    RtlFillMemory(&Signature, sizeof(Signature), 0xCC);
    EXPECT_STATUS(IoReadDiskSignature(Disk, 100, &Signature), STATUS_SUCCESS); /* 512 at least */
    EXPECT_EQ(Signature.PartitionStyle, 0); /* PARTITION_STYLE_MBR */
    EXPECT_EQ(Signature.Mbr.Signature, 0xCAFE1234);
    for (ULONG i = 0; i < 512; i += 4) {
        Sum += *(PULONG)(Contents + i);
    }
    EXPECT_EQ((ULONG)(Sum + Signature.Mbr.CheckSum), 0);
    HalExamineMBR(Disk, 512, 7, &Buffer);
    EXPECT(Buffer != NULL && RtlEqualMemory(Buffer, Contents, 512));
    if (Buffer != NULL) {
        ExFreePool(Buffer); /* the caller's */
    }
    HalExamineMBR(Disk, 512, 0x42, &Buffer);
    EXPECT(Buffer == NULL); /* another type */
    HalExamineMBR(Disk, 2 * DISK_SIZE, 7, &Buffer);
    EXPECT(Buffer == NULL); /* an error */

    Contents[0x1BE + 4] = 0xEE; /* a GUID partition table: its header is the next sector */
    EXPECT_STATUS(IoReadDiskSignature(Disk, 512, &Signature), STATUS_DISK_CORRUPT_ERROR);
    RtlCopyMemory(Header, "EFI PART", 8);
    *(PULONG)(Header + 0x0C) = 0x5C;
    *(GUID *)(Header + 0x38) = Id;
    *(PULONG)(Header + 0x10) = 0x79B48BD5;
    EXPECT_STATUS(IoReadDiskSignature(Disk, 512, &Signature), STATUS_SUCCESS);
    EXPECT_EQ(Signature.PartitionStyle, 1); /* PARTITION_STYLE_GPT */
    EXPECT(RtlEqualMemory(&Signature.Gpt.DiskId, &Id, sizeof(Id)));
    Header[0x10]++;
    EXPECT_STATUS(IoReadDiskSignature(Disk, 512, &Signature), STATUS_DISK_CORRUPT_ERROR);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(Disk);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Volume), TEST(Tables)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestDisk");

    for (ULONG Index = 0; Index <= IRP_MJ_MAXIMUM_FUNCTION; Index++) {
        DriverObject->MajorFunction[Index] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK, 0, FALSE, &Disk);
    Disk->Flags |= DO_DIRECT_IO;
    Disk->Flags &= ~DO_DEVICE_INITIALIZING;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
