/*
 * volinfo.c - IRP_MJ_QUERY_VOLUME_INFORMATION, IRP_MJ_SET_VOLUME_INFORMATION. [ntifs: FS_INFORMATION_CLASS]
 */
#include "ramfs.h"

#define RAM_POSIX_UNLINK_RENAME 0x400 /* FILE_SUPPORTS_POSIX_UNLINK_RENAME */

static NTSTATUS
RamQueryLabel(PRAM_REQUEST Request, PUCHAR Buffer, ULONG Length)
{
    PFILE_FS_VOLUME_INFORMATION Info = (PVOID)Buffer;
    PVPB Vpb = Request->Volume->Vpb;
    ULONG Room, Copy;

    if (Length < FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Room = Length - FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel);
    Copy = min(Room, Vpb->VolumeLabelLength);
    RtlZeroMemory(Info, FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel));
    Info->VolumeCreationTime = Request->Volume->Root->CreationTime;
    Info->VolumeSerialNumber = Vpb->SerialNumber;
    Info->VolumeLabelLength = Vpb->VolumeLabelLength;
    Info->SupportsObjects = TRUE;
    RtlCopyMemory(Info->VolumeLabel, Vpb->VolumeLabel, Copy);
    Request->Information = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel) + Copy;
    return Copy < Vpb->VolumeLabelLength ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
RamQueryAttribute(PRAM_REQUEST Request, PUCHAR Buffer, ULONG Length)
{
    static const WCHAR Name[] = L"RAMFS";
    PFILE_FS_ATTRIBUTE_INFORMATION Info = (PVOID)Buffer;
    ULONG NameLength = sizeof(Name) - sizeof(WCHAR), Room, Copy;

    if (Length < FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Room = Length - FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName);
    Copy = min(Room, NameLength);
    Info->FileSystemAttributes =
        FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK |
        FILE_PERSISTENT_ACLS | FILE_SUPPORTS_SPARSE_FILES | FILE_SUPPORTS_REPARSE_POINTS |
        FILE_SUPPORTS_OBJECT_IDS | FILE_NAMED_STREAMS | FILE_SUPPORTS_HARD_LINKS |
        FILE_SUPPORTS_EXTENDED_ATTRIBUTES | FILE_SUPPORTS_OPEN_BY_FILE_ID |
        FILE_SUPPORTS_USN_JOURNAL | (RamIsWindows10 ? RAM_POSIX_UNLINK_RENAME : 0);
    Info->MaximumComponentNameLength = RAM_MAX_NAME;
    Info->FileSystemNameLength = NameLength;
    RtlCopyMemory(Info->FileSystemName, Name, Copy);
    Request->Information = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName) + Copy;
    return Copy < NameLength ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
RamQuerySizes(PRAM_REQUEST Request, ULONG Class, PUCHAR Buffer, ULONG Length)
{
    ULONG Size = Class == FileFsSizeInformation ? sizeof(FILE_FS_SIZE_INFORMATION)
                                                : sizeof(FILE_FS_FULL_SIZE_INFORMATION);
    PULONG64 Units = (PULONG64)Buffer;
    PULONG Sectors;

    if (Length < Size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    *Units++ = Request->Volume->Clusters;
    *Units++ = Request->Volume->FreeClusters;
    if (Class != FileFsSizeInformation) {
        *Units++ = Request->Volume->FreeClusters;
    }
    Sectors = (PULONG)Units;
    Sectors[0] = RAM_CLUSTER / 512;
    Sectors[1] = 512;
    Request->Information = Size;
    return STATUS_SUCCESS;
}

NTSTATUS
RamQueryVolume(PRAM_REQUEST Request)
{
    PUCHAR Buffer = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG Class = Request->Stack->Parameters.QueryVolume.FsInformationClass;
    ULONG Length = Request->Stack->Parameters.QueryVolume.Length;

    if (RamIsDismounted(Request->Volume, Request->Ccb)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    switch (Class) {
    case FileFsVolumeInformation:
        return RamQueryLabel(Request, Buffer, Length);
    case FileFsAttributeInformation:
        return RamQueryAttribute(Request, Buffer, Length);
    case FileFsSizeInformation:
    case FileFsFullSizeInformation:
        return RamQuerySizes(Request, Class, Buffer, Length);
    case FileFsDeviceInformation: {
        PFILE_FS_DEVICE_INFORMATION Info = (PVOID)Buffer;

        if (Length < sizeof(*Info)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Info->DeviceType = FILE_DEVICE_DISK;
        Info->Characteristics = Request->Volume->Target->Characteristics | FILE_DEVICE_IS_MOUNTED;
        Request->Information = sizeof(*Info);
        return STATUS_SUCCESS;
    }
    case FileFsObjectIdInformation:
        if (Length < sizeof(FILE_FS_OBJECTID_INFORMATION)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        RtlZeroMemory(Buffer, sizeof(FILE_FS_OBJECTID_INFORMATION));
        RtlCopyMemory(Buffer, Request->Volume->ObjectId, 16);
        Request->Information = sizeof(FILE_FS_OBJECTID_INFORMATION);
        return STATUS_SUCCESS;
    case 11 /* FileFsSectorSizeInformation */:
        if (Length < 28) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        RtlZeroMemory(Buffer, 28);
        ((PULONG)Buffer)[0] = ((PULONG)Buffer)[1] = 512;
        ((PULONG)Buffer)[2] = ((PULONG)Buffer)[3] = RAM_CLUSTER;
        Request->Information = 28;
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

NTSTATUS
RamSetVolume(PRAM_REQUEST Request)
{
    PFILE_FS_LABEL_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG Length = Request->Stack->Parameters.SetVolume.Length;
    PVPB Vpb = Request->Volume->Vpb;

    if (Request->Stack->Parameters.SetVolume.FsInformationClass != FileFsLabelInformation) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Length < FIELD_OFFSET(FILE_FS_LABEL_INFORMATION, VolumeLabel) ||
        Info->VolumeLabelLength > Length - FIELD_OFFSET(FILE_FS_LABEL_INFORMATION, VolumeLabel)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Info->VolumeLabelLength > sizeof(Vpb->VolumeLabel)) {
        return STATUS_INVALID_VOLUME_LABEL;
    }
    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    RtlCopyMemory(Vpb->VolumeLabel, Info->VolumeLabel, Info->VolumeLabelLength);
    Vpb->VolumeLabelLength = (USHORT)Info->VolumeLabelLength;
    RtlCopyMemory(Request->Volume->Label, Vpb->VolumeLabel, Vpb->VolumeLabelLength);
    Request->Volume->LabelLength = Vpb->VolumeLabelLength;
    ExReleaseResourceLite(&Request->Volume->Resource);
    return STATUS_SUCCESS;
}
