/*
 * fsctl.c - IRP_MJ_FILE_SYSTEM_CONTROL and IRP_MJ_DEVICE_CONTROL. [ntifs: FSCTL_...; IFS: the pages of each]
 *
 *   V1  A volume is locked by the file object of a volume open, while nobody else has a handle or a view of anything
 *       on it; that the cache still refers to a file does not count. Then every other open is refused, until it is
 *       unlocked or that handle is cleaned up.
 *   V2  A dismounted volume is flushed, and answers STATUS_VOLUME_DISMOUNTED to whoever still has files on it, for ever:
 *       Volume->Mount tells their file objects from later ones. They share nothing with later ones either, and what
 *       they have marked for deletion stays. The next open of the disk mounts the volume again, with what the files hold, as
 *       a device of its own (mount.c).
 */
#include "ramfs.h"

/* FSCTL_QUERY_PERSISTENT_VOLUME_STATE: FILE_FS_PERSISTENT_VOLUME_INFORMATION {Flags, Mask, Version, Reserved} */
#define RAM_QUERY_PERSISTENT_STATE                                                                 \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 143, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* V1; the volume's resource is held exclusively */
static BOOLEAN
RamIsUsed(PRAM_VOLUME Volume)
{
    LARGE_INTEGER Zero = {0};
    PLIST_ENTRY Entry, Link;

    if (Volume->Stream.Handles != 1) {
        return TRUE;
    }
    for (Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        if (Node->Handles != 0) {
            return TRUE;
        }
        for (Link = Node->Streams.Flink; Node->Opens != 0 && Link != &Node->Streams;
             Link = Link->Flink) {
            PRAM_STREAM Stream = CONTAINING_RECORD(Link, RAM_STREAM, Links);

            if (Stream->Opens != 0 && !MmCanFileBeTruncated(&Stream->Sections, &Zero)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static NTSTATUS
RamLockVolume(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;

    if (!RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Volume->LockedBy != NULL) {
        return STATUS_ACCESS_DENIED;
    }
    FsRtlNotifyVolumeEvent(Request->FileObject, FSRTL_VOLUME_LOCK);
    if (RamIsUsed(Volume)) {
        FsRtlNotifyVolumeEvent(Request->FileObject, FSRTL_VOLUME_LOCK_FAILED);
        return STATUS_ACCESS_DENIED;
    }
    Volume->LockedBy = Request->FileObject;
    Volume->Vpb->Flags |= VPB_LOCKED;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamUnlockVolume(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;

    if (!RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Volume->LockedBy != Request->FileObject) {
        return STATUS_NOT_LOCKED;
    }
    Volume->LockedBy = NULL;
    Volume->Vpb->Flags &= ~VPB_LOCKED;
    FsRtlNotifyVolumeEvent(Request->FileObject, FSRTL_VOLUME_UNLOCK);
    return STATUS_SUCCESS;
}

/* V2 */
static NTSTATUS
RamDismount(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;

    if (!RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (RamIsDismounted(Volume, Request->Ccb)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    if (Volume->LockedBy != NULL && Volume->LockedBy != Request->FileObject) {
        return STATUS_ACCESS_DENIED;
    }
    FsRtlNotifyVolumeEvent(Request->FileObject, FSRTL_VOLUME_DISMOUNT);
    RamFlushVolume(Volume);
    RamDismissWaiters(Volume, NULL, STATUS_VOLUME_DISMOUNTED);
    Volume->Flags |= RAM_VOLUME_DISMOUNTED;
    RamRetireDevice(Volume);
    RamForgetHandles(Volume);
    RamPurgeVolume(Volume);
    return STATUS_SUCCESS;
}

/* Paths of the volume, as a filter wants them for statistics: none is kept. */
static NTSTATUS
RamVolumeControl(PRAM_REQUEST Request, ULONG Code)
{
    PVOID Buffer = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Request->Stack->Parameters.FileSystemControl.InputBufferLength;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength;
    NTSTATUS Status;

    switch (Code) {
    case FSCTL_LOCK_VOLUME:
    case FSCTL_UNLOCK_VOLUME:
    case FSCTL_DISMOUNT_VOLUME:
        ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
        Status = Code == FSCTL_LOCK_VOLUME     ? RamLockVolume(Request)
                 : Code == FSCTL_UNLOCK_VOLUME ? RamUnlockVolume(Request)
                                               : RamDismount(Request);
        ExReleaseResourceLite(&Request->Volume->Resource);
        return Status;
    case FSCTL_IS_VOLUME_MOUNTED:
        return RamIsDismounted(Request->Volume, Request->Ccb) ? STATUS_VOLUME_DISMOUNTED
                                                              : STATUS_SUCCESS;
    case FSCTL_IS_PATHNAME_VALID:
        return STATUS_SUCCESS;
    case FSCTL_IS_VOLUME_DIRTY:
        if (Out < sizeof(ULONG)) {
            return STATUS_INVALID_PARAMETER;
        }
        *(PULONG)Buffer = Request->Volume->Flags & RAM_VOLUME_DIRTY ? VOLUME_IS_DIRTY : 0;
        Request->Information = sizeof(ULONG);
        return STATUS_SUCCESS;
    case RAM_QUERY_PERSISTENT_STATE:
        if (In < 4 * sizeof(ULONG) || Out < 4 * sizeof(ULONG) || ((PULONG)Buffer)[2] != 1) {
            return STATUS_INVALID_PARAMETER;
        }
        ((PULONG)Buffer)[0] = 0; /* nothing of it is on: short names are made */
        Request->Information = 4 * sizeof(ULONG);
        return STATUS_SUCCESS;
    case FSCTL_MARK_VOLUME_DIRTY:
        Request->Volume->Flags |= RAM_VOLUME_DIRTY;
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS
RamOplock(PRAM_REQUEST Request, ULONG Code)
{
    PRAM_STREAM Stream = Request->Stream;
    BOOLEAN Asks = Code == FSCTL_REQUEST_OPLOCK_LEVEL_1 || Code == FSCTL_REQUEST_OPLOCK_LEVEL_2 ||
                   Code == FSCTL_REQUEST_BATCH_OPLOCK || Code == FSCTL_REQUEST_FILTER_OPLOCK ||
                   Code == FSCTL_REQUEST_OPLOCK;
    ULONG Count;
    NTSTATUS Status;

    if (RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    /* A directory is cached for reading, with its handle or without, from 8 on. [IFS: granting-oplocks] */
    if (Stream->Node->Directory && Stream == Stream->Node->Data &&
        (!RamIsWindows8 || Code != FSCTL_REQUEST_OPLOCK ||
         Request->Stack->Parameters.FileSystemControl.InputBufferLength < 3 * sizeof(ULONG) ||
         (((PULONG)Request->Irp->AssociatedIrp.SystemBuffer)[1] &
          4 /* OPLOCK_LEVEL_CACHE_WRITE */))) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Asks) {
        ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
        ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
    } else {
        ExAcquireResourceSharedLite(&Stream->Main, TRUE);
    }
    Count = RamOplockCount(Request, Stream, Code);
    __try { /* it raises where there is no memory for an oplock */
        Status = RamOplockControl(Request, Count);
        RamUpdateFastIo(Stream);
        Request->Taken = TRUE;
    } __finally {
        ExReleaseResourceLite(&Stream->Main);
        if (Asks) {
            ExReleaseResourceLite(&Request->Volume->Resource);
        }
    }
    return Status;
}

static NTSTATUS
RamUserControl(PRAM_REQUEST Request)
{
    ULONG Code = Request->Stack->Parameters.FileSystemControl.FsControlCode;

    if (Request->Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (RamIsDismounted(Request->Volume, Request->Ccb) && Code != FSCTL_UNLOCK_VOLUME) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    switch (Code) {
    case FSCTL_REQUEST_OPLOCK_LEVEL_1:
    case FSCTL_REQUEST_OPLOCK_LEVEL_2:
    case FSCTL_REQUEST_BATCH_OPLOCK:
    case FSCTL_REQUEST_FILTER_OPLOCK:
    case FSCTL_OPLOCK_BREAK_ACKNOWLEDGE:
    case FSCTL_OPLOCK_BREAK_ACK_NO_2:
    case FSCTL_OPBATCH_ACK_CLOSE_PENDING:
    case FSCTL_OPLOCK_BREAK_NOTIFY:
    case FSCTL_REQUEST_OPLOCK:
        return RamOplock(Request, Code);
    case FSCTL_SET_REPARSE_POINT:
    case FSCTL_SET_REPARSE_POINT_EX:
    case FSCTL_GET_REPARSE_POINT:
    case FSCTL_DELETE_REPARSE_POINT:
        return RamIsVolumeOpen(Request) ? STATUS_INVALID_PARAMETER
                                        : RamReparseControl(Request, Code);
    case FSCTL_SET_SPARSE:
    case FSCTL_SET_ZERO_DATA:
    case FSCTL_FILE_LEVEL_TRIM:
    case FSCTL_QUERY_ALLOCATED_RANGES:
    case FSCTL_QUERY_FILE_REGIONS:
    case FSCTL_GET_COMPRESSION:
    case FSCTL_SET_COMPRESSION:
        return RamIsVolumeOpen(Request) ? STATUS_INVALID_PARAMETER
                                        : RamSparseControl(Request, Code);
    case FSCTL_GET_RETRIEVAL_POINTERS:
        return RamIsVolumeOpen(Request) ? STATUS_INVALID_PARAMETER : RamExtents(Request);
    case FSCTL_CREATE_USN_JOURNAL:
    case FSCTL_DELETE_USN_JOURNAL:
    case FSCTL_QUERY_USN_JOURNAL:
    case FSCTL_READ_USN_JOURNAL:
    case FSCTL_READ_FILE_USN_DATA:
    case FSCTL_WRITE_USN_CLOSE_RECORD:
    case FSCTL_ENUM_USN_DATA:
        return RamJournalControl(Request, Code);
    case FSCTL_CREATE_OR_GET_OBJECT_ID:
    case FSCTL_GET_OBJECT_ID:
    case FSCTL_SET_OBJECT_ID:
    case FSCTL_DELETE_OBJECT_ID:
    case FSCTL_SET_OBJECT_ID_EXTENDED:
        return RamIsVolumeOpen(Request) ? STATUS_INVALID_PARAMETER : RamObjectId(Request, Code);
    case FSCTL_FILESYSTEM_GET_STATISTICS:
        return RamTellStatistics(Request);
    }
    return RamVolumeControl(Request, Code);
}

NTSTATUS
RamControl(PRAM_REQUEST Request)
{
    switch (Request->Stack->MinorFunction) {
    case IRP_MN_MOUNT_VOLUME:
        return Request->Volume == NULL ? RamMount(Request) : STATUS_INVALID_DEVICE_REQUEST;
    case IRP_MN_VERIFY_VOLUME:
        return Request->Volume != NULL ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    case IRP_MN_KERNEL_CALL:
        if (Request->Volume != NULL && Request->Stream != NULL &&
            Request->Stack->Parameters.FileSystemControl.FsControlCode ==
                FSCTL_NTLAB_QUERY_SOURCE) {
            return RamTellSource(Request);
        }
        /* fall through */
    case IRP_MN_USER_FS_REQUEST:
        return Request->Volume != NULL ? RamUserControl(Request) : STATUS_INVALID_DEVICE_REQUEST;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* The disk's. */
NTSTATUS
RamDeviceControl(PRAM_REQUEST Request)
{
    if (Request->Stream != NULL && !RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    Request->Taken = TRUE;
    IoSkipCurrentIrpStackLocation(Request->Irp);
    return IoCallDriver(Request->Volume->Target, Request->Irp);
}

NTSTATUS
RamLock(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    NTSTATUS Status;

    if (Stream == NULL || RamIsVolumeOpen(Request) ||
        (Stream->Node->Directory && Stream == Stream->Node->Data)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = FsRtlCheckOplock(&Stream->Oplock, Request->Irp, NULL, NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ExAcquireResourceSharedLite(&Stream->Main, TRUE);
    __try { /* it raises where there is no memory for a lock */
        Status = FsRtlProcessFileLock(&Stream->Locks, Request->Irp, NULL);
        RamUpdateFastIo(Stream);
        Request->Taken = TRUE;
    } __finally {
        ExReleaseResourceLite(&Stream->Main);
    }
    return Status;
}
