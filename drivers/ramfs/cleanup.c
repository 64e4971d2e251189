/*
 * cleanup.c - IRP_MJ_CLEANUP, the last handle, and IRP_MJ_CLOSE, the last reference: which can be much later.
 *
 *   U1  The order is documented by the FAT sample: notifications, locks, oplock, times, delete, cache, sharing.
 *   U2  A name goes with the last handle of what was marked for deletion, one of several with its own last handle; the node with its last file object.
 *       POSIX: the name goes with the handle that marked it.
 *   U3  What had the name of a removed file tunnels to the next one that gets it within seconds.
 *   U4  A close that comes from below a request (a flush or a purge has let go of the section) is posted: who sent the request
 *       may hold any of our locks. [SMP: fastfat/close.c]
 */
#include "ramfs.h"

typedef struct _RAM_TUNNEL {
    LARGE_INTEGER CreationTime;
} RAM_TUNNEL;

/* May it be marked for deletion? A file that is in use as an image or mapped may not, unless MappedToo. */
NTSTATUS
RamMayDelete(PRAM_NODE Node, PRAM_STREAM Stream, BOOLEAN IgnoreReadOnly, BOOLEAN MappedToo)
{
    if ((Node->Attributes & FILE_ATTRIBUTE_READONLY) && !IgnoreReadOnly) {
        return STATUS_CANNOT_DELETE;
    }
    if (Node == Node->Volume->Root) {
        return STATUS_CANNOT_DELETE;
    }
    if (!MappedToo && !MmFlushImageSection(&Stream->Sections, MmFlushForDelete)) {
        return STATUS_CANNOT_DELETE;
    }
    if (Node->Directory && Stream == Node->Data && !RamIsEmpty(Node)) {
        return STATUS_DIRECTORY_NOT_EMPTY;
    }
    return STATUS_SUCCESS;
}

/* The name Link of Node goes: U3, notifications, watchers of a directory that is no more. */
static VOID
RamUnlink(PRAM_REQUEST Request, PRAM_NODE Node, PRAM_LINK Link)
{
    PRAM_VOLUME Volume = Node->Volume;
    PRAM_NODE Directory = Link->Parent;
    RAM_TUNNEL Data = {Node->CreationTime};

    if (Directory == NULL) {
        return; /* somebody was faster */
    }
    RamNoteUsnOf(Node,
                 (Node->Links > 1 ? USN_REASON_HARD_LINK_CHANGE : USN_REASON_FILE_DELETE) |
                     (Node->Handles == 0 ? USN_REASON_CLOSE : 0),
                 Link);
    RamReport(Volume, Link, NULL,
              Node->Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME,
              FILE_ACTION_REMOVED);
    if (!Node->Directory) {
        FsRtlAddToTunnelCache(&Volume->Tunnel, Directory->Id, &Link->Short, &Link->Name, FALSE,
                              sizeof(Data), &Data);
    } else {
        FsRtlDeleteKeyFromTunnelCache(&Volume->Tunnel, Node->Id);
        FsRtlNotifyFullChangeDirectory(Volume->NotifySync, &Volume->NotifyList, Node->Data, NULL,
                                       FALSE, FALSE, 0, NULL, NULL, NULL);
    }
    RamRemoveLink(Link);
    RamBreakDirectory(Request, Directory);
    RamNow(&Directory->LastWriteTime);
    Directory->ChangeTime = Directory->LastWriteTime;
    RamNow(&Node->ChangeTime);
}

static PRAM_LINK
RamAnyLink(PRAM_NODE Node)
{
    return IsListEmpty(&Node->Names) ? NULL
                                     : CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode);
}

/* U2, in cleanup: Stream has lost a handle. */
VOID
RamUnlinkIfDeleted(PRAM_REQUEST Request, PRAM_NODE Node, PRAM_STREAM Stream, PRAM_LINK Link)
{
    if (Stream != Node->Data) {
        if (Stream->DeletePending && Stream->Handles == 0 && !Stream->Removed) {
            Stream->Removed = TRUE;
            RemoveEntryList(&Stream->Links);
            InitializeListHead(&Stream->Links);
            RamNoteUsn(Node, USN_REASON_STREAM_CHANGE);
            RamReportNode(Node, Stream, FILE_NOTIFY_CHANGE_STREAM_NAME, FILE_ACTION_REMOVED_STREAM);
        }
        Stream = Node->Data; /* the last handle of a file can be that of a stream */
    } else if (Stream->DeletePending && (Request->Ccb->Flags & RAM_CCB_POSIX_DELETE)) {
        if (Link != NULL && Link->Parent != NULL) {
            RamUnlink(Request, Node, Link);
        }
        if (Node->Links != 0) {
            Stream->DeletePending = FALSE;
        }
        return;
    }
    if (!Stream->DeletePending || Node->Links == 0) {
        return;
    }
    if (Node->Handles != 0 || (Node->Directory && !RamIsEmpty(Node))) {
        if (Node->Handles == 0) {
            Stream->DeletePending = FALSE;
        }
        return;
    }
    if (Link == NULL || Link->Parent == NULL) {
        Link = RamAnyLink(Node);
    }
    if (Link != NULL) {
        RamUnlink(Request, Node, Link);
    }
    if (Node->Links != 0) {
        Stream->DeletePending = FALSE; /* the other names stay */
    }
}

/* What this file object has modified has its times now: who asks for them is told, and its cleanup tells everybody. */
VOID
RamStamp(PRAM_REQUEST Request)
{
    PRAM_NODE Node = Request->Stream->Node;
    PFILE_OBJECT FileObject = Request->FileObject;
    ULONG Flags = Request->Ccb->Flags;
    LARGE_INTEGER Now;

    if (!(FileObject->Flags & FO_FILE_MODIFIED) && !(Flags & RAM_CCB_MODIFIED)) {
        return;
    }
    FileObject->Flags &= ~FO_FILE_MODIFIED;
    Request->Ccb->Flags = (Flags & ~RAM_CCB_MODIFIED) | RAM_CCB_STAMPED;
    RamNow(&Now);
    if (!(Flags & RAM_CCB_KEEP_WRITE_TIME)) {
        Node->LastWriteTime = Now;
    }
    if (!(Flags & RAM_CCB_KEEP_CHANGE)) {
        Node->ChangeTime = Now;
    }
}

static VOID
RamCleanupTimes(PRAM_REQUEST Request)
{
    PRAM_NODE Node = Request->Stream->Node;
    PFILE_OBJECT FileObject = Request->FileObject;

    if (!(FileObject->Flags & (FO_FILE_MODIFIED | FO_FILE_SIZE_CHANGED)) &&
        !(Request->Ccb->Flags & (RAM_CCB_MODIFIED | RAM_CCB_STAMPED))) {
        return;
    }
    RamStamp(Request);
    if (!Node->Directory && Request->Stream == Node->Data) {
        Node->Attributes |= FILE_ATTRIBUTE_ARCHIVE;
    }
    RamReportNode(Node, Request->Stream,
                  FILE_NOTIFY_CHANGE_LAST_WRITE |
                      (FileObject->Flags & FO_FILE_SIZE_CHANGED ? FILE_NOTIFY_CHANGE_SIZE : 0),
                  FILE_ACTION_MODIFIED);
    RamBreakParents(Request, Node);
}

static NTSTATUS
RamCleanupVolume(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;

    if (Volume->LockedBy == Request->FileObject) {
        Volume->LockedBy = NULL;
        Volume->Vpb->Flags &= ~VPB_LOCKED;
        FsRtlNotifyVolumeEvent(Request->FileObject, FSRTL_VOLUME_UNLOCK);
    }
    if (Request->Ccb->Mount != Volume->Mount) {
        return STATUS_SUCCESS;
    }
    Volume->Stream.Handles--;
    IoRemoveShareAccess(Request->FileObject, &Volume->Stream.Share);
    return STATUS_SUCCESS;
}

static NTSTATUS
RamCleanupStream(PRAM_REQUEST Request)
{
    PRAM_STREAM Stream = Request->Stream;
    PRAM_NODE Node = Stream->Node;
    PFILE_OBJECT FileObject = Request->FileObject;
    PLARGE_INTEGER Truncate = NULL;
    LARGE_INTEGER Zero = {};

    if (Node->Directory && Stream == Node->Data) {
        FsRtlNotifyCleanup(Request->Volume->NotifySync, &Request->Volume->NotifyList, Request->Ccb);
    } else {
        ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
        FsRtlFastUnlockAll(&Stream->Locks, FileObject, IoGetRequestorProcess(Request->Irp), NULL);
        ExReleaseResourceLite(&Stream->Main);
    }
    RamCleanupOplock(Request);
    if (Request->Ccb->Mount != Request->Volume->Mount) { /* counted no more: fsctl.c, V2 */
        CcUninitializeCacheMap(FileObject, NULL, NULL);
        return STATUS_SUCCESS;
    }
    RamCleanupTimes(Request);
    if (Request->Ccb->Flags & RAM_CCB_DELETE_ON_CLOSE) {
        if (NT_SUCCESS(RamMayDelete(Node, Stream, FALSE, TRUE))) {
            if (RamIsOneOfSeveral(Request)) {
                Request->Ccb->Link->DeletePending = TRUE;
            } else {
                Stream->DeletePending = TRUE;
            }
        }
    }
    Stream->Handles--;
    Node->Handles--;
    if (Request->Ccb->Link != NULL) {
        PRAM_LINK Link = Request->Ccb->Link;

        if (--Link->Handles == 0 && Link->DeletePending) {
            Link->DeletePending = FALSE;
            RamUnlink(Request, Node, Link);
        }
    }
    RamUnlinkIfDeleted(Request, Node, Stream, RamLinkOf(Request));
    if (Stream->Handles == 0 && (Node->Links == 0 || Stream->Removed)) {
        Truncate = &Zero; /* its bytes need not be written */
    }
    if (Node->Handles == 0 && Node->UsnReasons != 0) {
        RamNoteUsnOf(Node, USN_REASON_CLOSE, RamLinkOf(Request));
    }
    if (Truncate != NULL) {
        ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
        ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
        Stream->Header.FileSize.QuadPart = Stream->Header.ValidDataLength.QuadPart = 0;
        ExReleaseResourceLite(&Stream->Paging);
        ExReleaseResourceLite(&Stream->Main);
    }
    CcUninitializeCacheMap(FileObject, Truncate, NULL);
    IoRemoveShareAccess(FileObject, &Stream->Share);
    RamUpdateFastIo(Stream);
    return STATUS_SUCCESS;
}

NTSTATUS
RamCleanup(PRAM_REQUEST Request)
{
    PRAM_VOLUME Volume = Request->Volume;
    NTSTATUS Status;

    if (Request->Stream == NULL) {
        return STATUS_SUCCESS;
    }
    RamDismissWaiters(Volume, Request->FileObject, STATUS_CANCELLED);
    ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
    RemoveEntryList(&Request->Ccb->Links);
    __try {
        Status = RamIsVolumeOpen(Request) ? RamCleanupVolume(Request) : RamCleanupStream(Request);
    } __finally {
        ExReleaseResourceLite(&Volume->Resource);
    }
    Request->FileObject->Flags |= FO_CLEANUP_COMPLETE;
    return Status;
}

/* R1 */
static VOID
RamCloseStream(PRAM_VOLUME Volume, PRAM_STREAM Stream, PRAM_CCB Ccb)
{
    PRAM_NODE Node;

    ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
    Node = Stream->Node;
    Volume->Opens--;
    RamDereferenceLink(Ccb->Link);
    RamFree(Ccb->Pattern.Buffer);
    RamFree(Ccb->Watched.Buffer);
    RamFree(Ccb);
    Stream->Opens--;
    if (Node != NULL) {
        Node->Opens--;
        if (Stream->Opens == 0) {
            FsRtlTeardownPerStreamContexts(&Stream->Header);
            if (Stream->Removed) {
                RamDeleteStream(Stream);
                RamFree(Stream);
            }
        }
        RamTryFreeNode(Node);
    }
    ExReleaseResourceLite(&Volume->Resource);
}

static VOID NTAPI
RamCloseLater(PVOID Context)
{
    PRAM_CCB Ccb = Context;

    RamEnter();
    RamCloseStream(Ccb->Volume, Ccb->Stream, Ccb);
    RamExit();
}

/* U4 */
NTSTATUS
RamClose(PRAM_REQUEST Request)
{
    PRAM_CCB Ccb = Request->Ccb;

    if (Request->Stream == NULL || Ccb == NULL) {
        return STATUS_SUCCESS; /* a stream file object */
    }
    Request->FileObject->FsContext2 = NULL;
    RamLeaveDevice(Request->Stack->DeviceObject);
    if (IoGetTopLevelIrp() == Request->Irp) {
        RamCloseStream(Request->Volume, Request->Stream, Ccb);
    } else {
        Ccb->Volume = Request->Volume;
        Ccb->Stream = Request->Stream;
        ExInitializeWorkItem(&Ccb->Work, RamCloseLater, Ccb);
        ExQueueWorkItem(&Ccb->Work, CriticalWorkQueue);
    }
    return STATUS_SUCCESS;
}
