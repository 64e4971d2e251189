/*
 * disktable.c - what a disk's first sectors say of it: the master boot record, the header of a GUID partition table.
 * [ntddk: HalExamineMBR, IoReadDiskSignature, DISK_SIGNATURE; UEFI specification 5.3.2: GPT header]
 */
#include "nt/io/iop.h"

NTSYSAPI ULONG NTAPI RtlComputeCrc32(ULONG PartialCrc, const UCHAR *Buffer, ULONG Length);

#define MBR_SIZE      512u
#define MBR_SIGNATURE 0x1B8u /* of the disk */
#define MBR_ENTRIES   0x1BEu
#define MBR_TYPE      4u /* within an entry */
#define MBR_MARK      0x1FEu
#define MBR_PROTECTS  0xEEu /* a GUID partition table */

/* PARTITION_STYLE, of ntdddisk.h */
#define IOP_STYLE_MBR 0u
#define IOP_STYLE_GPT 1u

#define GPT_MARK        0x5452415020494645ull /* "EFI PART" */
#define GPT_HEADER_SIZE 0x0Cu
#define GPT_CHECKSUM    0x10u
#define GPT_DISK        0x38u
#define GPT_LEAST       0x5Cu

/* One sector, in pool that the caller frees; NULL: it cannot be read. */
static PUCHAR
IopReadSector(PDEVICE_OBJECT DeviceObject, ULONG Size, ULONG Number, NTSTATUS *Status)
{
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, Size, TAG_IODRIVER);
    LARGE_INTEGER Offset = {.QuadPart = (LONGLONG)Size * Number};
    IO_STATUS_BLOCK Iosb = {};
    KEVENT Event;
    PIRP Irp;

    if (Buffer == NULL) {
        *Status = STATUS_INSUFFICIENT_RESOURCES;
        return NULL;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, DeviceObject, Buffer, Size, &Offset, &Event,
                                       &Iosb);
    *Status = Irp == NULL ? STATUS_INSUFFICIENT_RESOURCES : IoCallDriver(DeviceObject, Irp);
    if (*Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        *Status = Iosb.Status;
    }
    if (!NT_SUCCESS(*Status)) {
        ExFreePoolWithTag(Buffer, TAG_IODRIVER);
        return NULL;
    }
    return Buffer;
}

static BOOLEAN
IopIsMbr(PUCHAR Sector)
{
    return Sector[MBR_MARK] == 0x55 && Sector[MBR_MARK + 1] == 0xAA;
}

/* The sector is the caller's, if the first partition is of that type. */
VOID FASTCALL
HalExamineMBR(PDEVICE_OBJECT DeviceObject, ULONG SectorSize, ULONG MBRTypeIdentifier, PVOID *Buffer)
{
    NTSTATUS Status;
    PUCHAR Sector = IopReadSector(DeviceObject, max(SectorSize, MBR_SIZE), 0, &Status);

    *Buffer = NULL;
    if (Sector == NULL) {
        return;
    }
    if (IopIsMbr(Sector) && Sector[MBR_ENTRIES + MBR_TYPE] == MBRTypeIdentifier) {
        *Buffer = Sector;
    } else {
        ExFreePoolWithTag(Sector, TAG_IODRIVER);
    }
}

/* The second sector of a disk whose first one only protects it. */
static NTSTATUS
IopReadGptSignature(PDEVICE_OBJECT DeviceObject, ULONG Size, PDISK_SIGNATURE Signature)
{
    ULONG Length, Sum;
    NTSTATUS Status;
    PUCHAR Header = IopReadSector(DeviceObject, Size, 1, &Status);

    if (Header == NULL) {
        return Status;
    }
    Length = *(PULONG)(Header + GPT_HEADER_SIZE);
    Status = STATUS_DISK_CORRUPT_ERROR;
    if (*(PULONG64)Header == GPT_MARK && Length >= GPT_LEAST && Length <= Size) {
        Sum = *(PULONG)(Header + GPT_CHECKSUM);
        *(PULONG)(Header + GPT_CHECKSUM) = 0; /* it is reckoned without itself */
        if (RtlComputeCrc32(0, Header, Length) == Sum) {
            Signature->PartitionStyle = IOP_STYLE_GPT;
            Signature->Gpt.DiskId = *(GUID *)(Header + GPT_DISK);
            Status = STATUS_SUCCESS;
        }
    }
    ExFreePoolWithTag(Header, TAG_IODRIVER);
    return Status;
}

/* The checksum makes the sum of the record's 32-bit words 0. */
NTSTATUS NTAPI
IoReadDiskSignature(PDEVICE_OBJECT DeviceObject, ULONG BytesPerSector, PDISK_SIGNATURE Signature)
{
    ULONG Size = max(BytesPerSector, MBR_SIZE), Sum = 0;
    NTSTATUS Status;
    PUCHAR Sector = IopReadSector(DeviceObject, Size, 0, &Status);

    if (Sector == NULL) {
        return Status;
    }
    if (!IopIsMbr(Sector)) {
        Status = STATUS_DISK_CORRUPT_ERROR;
    } else if (Sector[MBR_ENTRIES + MBR_TYPE] == MBR_PROTECTS) {
        Status = IopReadGptSignature(DeviceObject, Size, Signature);
    } else {
        for (ULONG i = 0; i < MBR_SIZE; i += sizeof(ULONG)) {
            Sum += *(PULONG)(Sector + i);
        }
        Signature->PartitionStyle = IOP_STYLE_MBR;
        Signature->Mbr.Signature = *(PULONG)(Sector + MBR_SIGNATURE);
        Signature->Mbr.CheckSum = 0 - Sum;
        Status = STATUS_SUCCESS;
    }
    ExFreePoolWithTag(Sector, TAG_IODRIVER);
    return Status;
}
