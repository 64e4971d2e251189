/*
 * rawfs.c - \FileSystem\RAW: the file system of volumes that no other recognizes.
 *
 * Whoever opens a disk itself, "\\.\R:", opens it through the volume that RAW mounts: the disk's driver sees reads,
 * writes and device controls, but neither the create nor the close. A volume that is opened with a name behind
 * it is not RAW's. The last close dismounts.
 * [K: CreateFile, "Physical Disks and Volumes"; ntifs: IRP_MN_MOUNT_VOLUME, VPB_RAW_MOUNT; FSCTL_LOCK_VOLUME]
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

#ifndef VPB_RAW_MOUNT
#define VPB_RAW_MOUNT 0x0004
#endif

/* The device's; that of the file object that is closed is gone (file.c, L5). With more somebody's create is on its way. */
#define RAW_LAST_CLOSE 1

typedef struct _RAW_VOLUME {
    PDEVICE_OBJECT
    Target; /* the top of the disk's stack at the mount; NULL: the file system's own device */
    PVPB Vpb;
    SHARE_ACCESS Share;
    LONG Opens;   /* file objects between create and close */
    LONG Handles; /* between create and cleanup */
    PFILE_OBJECT Locker;
} RAW_VOLUME, *PRAW_VOLUME;

static NTSTATUS
RawComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
RawMount(PDEVICE_OBJECT DeviceObject, PIO_STACK_LOCATION Stack)
{
    PDEVICE_OBJECT Target = Stack->Parameters.MountVolume.DeviceObject, Created;
    PVPB Vpb = Stack->Parameters.MountVolume.Vpb;
    PRAW_VOLUME Volume;
    NTSTATUS Status;

    if ((Stack->Flags & SL_ALLOW_RAW_MOUNT) == 0) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    Status = IoCreateDevice(DeviceObject->DriverObject, sizeof(*Volume), NULL,
                            FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Created);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Volume = Created->DeviceExtension;
    Volume->Target = Target;
    Volume->Vpb = Vpb;
    Created->Flags |= Target->Flags & (DO_DIRECT_IO | DO_BUFFERED_IO);
    Created->AlignmentRequirement = Target->AlignmentRequirement;
    Created->SectorSize = Target->SectorSize;
    Created->Flags &= ~DO_DEVICE_INITIALIZING;
    IopExtension(Created)->Vpb = Vpb;
    Vpb->DeviceObject = Created;
    Vpb->SerialNumber = 0xFFFFFFFF;
    Vpb->VolumeLabelLength = 0;
    Vpb->Flags |= VPB_RAW_MOUNT;
    return STATUS_SUCCESS;
}

static NTSTATUS
RawCreate(PRAW_VOLUME Volume, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PFILE_OBJECT FileObject = Stack->FileObject;
    ULONG Options = Stack->Parameters.Create.Options;
    NTSTATUS Status;

    if (Volume->Target != NULL) {
        if (FileObject->FileName.Length != 0 || FileObject->RelatedFileObject != NULL ||
            (Options & FILE_DIRECTORY_FILE) ||
            ((Options >> 24) != FILE_OPEN && (Options >> 24) != FILE_OPEN_IF)) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Volume->Locker != NULL) {
            return STATUS_ACCESS_DENIED;
        }
        Status = STATUS_SUCCESS;
        if (Volume->Handles == 0) {
            IoSetShareAccess(Stack->Parameters.Create.SecurityContext->DesiredAccess,
                             Stack->Parameters.Create.ShareAccess, FileObject, &Volume->Share);
        } else {
            Status = IoCheckShareAccess(Stack->Parameters.Create.SecurityContext->DesiredAccess,
                                        Stack->Parameters.Create.ShareAccess, FileObject,
                                        &Volume->Share, TRUE);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        FileObject->Flags |= FO_NO_INTERMEDIATE_BUFFERING;
        Volume->Opens++;
        Volume->Handles++;
    }
    *Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

/* A synchronous file object's position moves with what was transferred. */
static NTSTATUS NTAPI
RawTransferred(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_OBJECT FileObject = Stack->FileObject;

    if (NT_SUCCESS(Irp->IoStatus.Status) && (FileObject->Flags & FO_SYNCHRONOUS_IO)) {
        FileObject->CurrentByteOffset.QuadPart =
            Stack->Parameters.Read.ByteOffset.QuadPart + (LONG64)Irp->IoStatus.Information;
    }
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS
RawControl(PRAW_VOLUME Volume, PIO_STACK_LOCATION Stack)
{
    KiChanges(&Volume->Handles);
    switch (Stack->Parameters.FileSystemControl.FsControlCode) {
    case FSCTL_LOCK_VOLUME:
        if (Volume->Handles != 1 || Volume->Locker != NULL) {
            return STATUS_ACCESS_DENIED;
        }
        Volume->Locker = Stack->FileObject;
        return STATUS_SUCCESS;
    case FSCTL_UNLOCK_VOLUME:
        if (Volume->Locker != Stack->FileObject) {
            return STATUS_NOT_LOCKED;
        }
        Volume->Locker = NULL;
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* TRUE: it was the last one, and the volume is dismounted; nobody comes to it any more. Else another close may delete it at once. */
static BOOLEAN
RawCloses(PRAW_VOLUME Volume)
{
    BOOLEAN Last;
    KIRQL Irql;

    IoAcquireVpbSpinLock(&Irql);
    Last = --Volume->Opens == 0 && Volume->Vpb->ReferenceCount <= RAW_LAST_CLOSE;
    if (Last) {
        Volume->Vpb->Flags &= ~(VPB_MOUNTED | VPB_RAW_MOUNT);
        Volume->Vpb->DeviceObject = NULL;
    }
    IoReleaseVpbSpinLock(Irql);
    return Last;
}

static NTSTATUS NTAPI
RawDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PRAW_VOLUME Volume = DeviceObject->DeviceExtension;
    ULONG_PTR Information = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        KiChanges(&Volume->Handles); /* the sharing, too, and who has it locked */
        Status = RawCreate(Volume, Stack, &Information);
        break;
    case IRP_MJ_CLEANUP:
        KiChanges(&Volume->Handles);
        if (Volume->Target != NULL) {
            IoRemoveShareAccess(Stack->FileObject, &Volume->Share);
            if (Volume->Locker == Stack->FileObject) {
                Volume->Locker = NULL;
            }
            Volume->Handles--;
        }
        break;
    case IRP_MJ_CLOSE:
        if (Volume->Target != NULL && RawCloses(Volume)) {
            RawComplete(Irp, STATUS_SUCCESS, 0);
            IoDeleteDevice(DeviceObject);
            return STATUS_SUCCESS;
        }
        break;
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_PNP:
        if (Volume->Target == NULL) {
            Status = STATUS_INVALID_DEVICE_REQUEST;
            break;
        }
        if (Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE) {
            IoCopyCurrentIrpStackLocationToNext(Irp);
            IoSetCompletionRoutine(Irp, RawTransferred, NULL, TRUE, TRUE, TRUE);
        } else {
            IoSkipCurrentIrpStackLocation(Irp);
        }
        return IofCallDriver(Volume->Target, Irp);
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        Status = Volume->Target == NULL
                     ? (Stack->MinorFunction == IRP_MN_MOUNT_VOLUME ? RawMount(DeviceObject, Stack)
                                                                    : STATUS_INVALID_DEVICE_REQUEST)
                 : Stack->MinorFunction == IRP_MN_USER_FS_REQUEST ? RawControl(Volume, Stack)
                                                                  : STATUS_INVALID_DEVICE_REQUEST;
        break;
    case IRP_MJ_SHUTDOWN:
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return RawComplete(Irp, Status, Information);
}

NTSTATUS NTAPI
IopRawEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const struct {
        PCWSTR Name;
        DEVICE_TYPE Type;
    } Devices[] = {{L"\\Device\\RawDisk", FILE_DEVICE_DISK_FILE_SYSTEM},
                   {L"\\Device\\RawCdRom", FILE_DEVICE_CD_ROM_FILE_SYSTEM},
                   {L"\\Device\\RawTape", FILE_DEVICE_TAPE_FILE_SYSTEM}};
    PDEVICE_OBJECT DeviceObject;
    UNICODE_STRING Name;
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = RawDispatch;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Devices) && NT_SUCCESS(Status); i++) {
        RtlInitUnicodeString(&Name, Devices[i].Name);
        Status = IoCreateDevice(DriverObject, sizeof(RAW_VOLUME), &Name, Devices[i].Type, 0, FALSE,
                                &DeviceObject);
        if (NT_SUCCESS(Status)) {
            DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
            IoRegisterFileSystem(DeviceObject); /* the first: the last that is asked */
        }
    }
    return Status;
}
