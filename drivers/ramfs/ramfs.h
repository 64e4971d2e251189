/*
 * ramfs.h - ramfs.sys, the file system in the box: an ordinary NT file-system driver whose disk is memory.
 *
 * It imports what Windows documents and nothing else. What it mounts is a disk that answers
 * IOCTL_NTLAB_QUERY_SOURCE; the folder named there is what the volume holds at first. Nothing is copied
 * before somebody looks: a folder when a name in it is asked for, a file when it is opened for data.
 *
 *     init.c       DriverEntry, dispatch, the way in and out of every request
 *     mount.c      recognising a volume, mounting it
 *     node.c       files and directories, their names, short names, streams
 *     disk.c       where the bytes lie: pages, sizes, free space
 *     host.c       what comes from the source folder, when it is looked at
 *     path.c       from a file object's name to a node
 *     create.c     IRP_MJ_CREATE            cleanup.c  IRP_MJ_CLEANUP, IRP_MJ_CLOSE
 *     read.c       IRP_MJ_READ              write.c    IRP_MJ_WRITE, IRP_MJ_FLUSH_BUFFERS
 *     query.c      IRP_MJ_QUERY_INFORMATION set.c      IRP_MJ_SET_INFORMATION   rename.c  names changed
 *     dirctrl.c    IRP_MJ_DIRECTORY_CONTROL volinfo.c  IRP_MJ_*_VOLUME_INFORMATION
 *     fsctl.c      IRP_MJ_FILE_SYSTEM_CONTROL, IRP_MJ_DEVICE_CONTROL; reparse.c, sparse.c, usn.c, objectid.c, statistics.c: some
 *     security.c   per-file descriptors     ea.c       extended attributes
 *     resource.c   what Cc, Mm and fast I/O call     later.c    what only later versions have
 *
 * Locks, in this order:
 *   1  Volume->Resource      the tree of names: exclusive to change it, shared to look something up; also shared
 *                            by every read and write of data, which is how one stopped writer can stop a volume
 *                            when FsRtlEnterFileSystem is missing (RAMFS_NO_CRITICAL_REGION, samples/ramfs)
 *   2  Stream->Main          sizes and data of one stream, as Header.Resource
 *   3  Stream->Paging        the same against paging I/O, as Header.PagingIoResource
 *   4  Stream->Disk          which clusters there are, for who has 3 shared only
 *   5  Volume->JournalMutex  the change journal: usn.c
 * Paging I/O takes 3 and 4 only, and Cc 3 before it writes.
 *
 * Invariants
 *   R1  A node lives while it has a name or an open file object; a stream as long as its node, unless it is
 *       deleted or replaced by itself: then it is out of the node's list and goes with its last file object.
 *   R2  Handles are counted until cleanup, Opens until close.
 *   R3  ValidDataLength <= FileSize <= AllocationSize; a page that is absent reads as zero.
 */
#ifndef RAMFS_H
#define RAMFS_H

#include <ntifs.h>
#include <ntddvol.h>
#include <mountmgr.h>

#define RAM_TAG 'fmaR'

#define IOCTL_NTLAB_QUERY_SOURCE CTL_CODE(FILE_DEVICE_DISK, 0x8F1, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* From the kernel, about a file: the path in the source folder that has these very bytes. */
#define FSCTL_NTLAB_QUERY_SOURCE                                                                   \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0x8F1, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define RAM_CLUSTER 4096u

#define RAM_TAG_DIRECTORY 0x10000000u /* of a reparse tag */
#define RAM_NODE_STREAM   ((CSHORT)0x5253)
#define RAM_MAX_NAME      255u

/* The critical region that every entry of a file system needs; samples/ramfs shows what happens without. */
#ifdef RAMFS_NO_CRITICAL_REGION
#define RamEnter()
#define RamExit()
#else
#define RamEnter() FsRtlEnterFileSystem()
#define RamExit()  FsRtlExitFileSystem()
#endif

typedef struct _RAM_NODE RAM_NODE, *PRAM_NODE;
typedef struct _RAM_VOLUME RAM_VOLUME, *PRAM_VOLUME;

/* A name of a node in a directory. */
typedef struct _RAM_LINK {
    LIST_ENTRY OfNode;
    PRAM_NODE Parent; /* NULL: removed, kept by those who opened it */
    PRAM_NODE Node;
    UNICODE_STRING Name;
    UNICODE_STRING Short; /* empty: Name is one */
    WCHAR ShortBuffer[12];
    LONG References; /* the directory's, and one of each file object */
    ULONG Handles;
    BOOLEAN DeletePending; /* this name of several: it goes with its last handle, the others stay */
    WCHAR Buffer[];
} RAM_LINK, *PRAM_LINK;

typedef struct _RAM_STREAM {
    FSRTL_ADVANCED_FCB_HEADER Header;
    OPLOCK Oplock;
    SECTION_OBJECT_POINTERS Sections;
    ERESOURCE Main, Paging;
    FAST_MUTEX Disk;
    FAST_MUTEX Mutex;
    PRAM_NODE Node;
    LIST_ENTRY Links; /* of the node */
    UNICODE_STRING Name;
    SHARE_ACCESS Share;
    ULONG Handles, Opens; /* R2 */
    LIST_ENTRY Handled;   /* RAM_CCB */
    FILE_LOCK Locks;
    BOOLEAN DeletePending;
    BOOLEAN Removed;  /* R1 */
    PVOID LazyThread; /* the lazy writer, while it writes */
    PUCHAR *Page;
    ULONG PageRoom;
    ULONG64 Resident; /* pages that are there */
} RAM_STREAM, *PRAM_STREAM;

struct _RAM_NODE {
    PRAM_VOLUME Volume;
    ULONG64 Id;
    LIST_ENTRY AllNodes;
    LIST_ENTRY Names; /* RAM_LINK */
    ULONG Links;
    ULONG Handles, Opens; /* of all streams */
    ULONG Attributes;
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime, ChangeTime;
    LIST_ENTRY Streams; /* the unnamed one first */
    PRAM_STREAM Data;   /* the unnamed one; a directory's has no bytes */
    BOOLEAN Directory;
    PSECURITY_DESCRIPTOR Security;
    /* directories */
    RTL_AVL_TABLE Children;   /* PRAM_LINK by name */
    RTL_AVL_TABLE ShortNames; /* PRAM_LINK by short name */
    /* from the source folder, with a lifetime of its own: its path there */
    UNICODE_STRING Source;
    BOOLEAN SourceData;     /* bytes not read yet */
    BOOLEAN Changed;        /* the bytes are no longer those of Source */
    BOOLEAN SourceChildren; /* names not listed yet */
    /* extended attributes, as FILE_FULL_EA_INFORMATION, packed */
    PUCHAR Ea;
    ULONG EaLength;
    PREPARSE_DATA_BUFFER Reparse;
    UCHAR ObjectId[64];
    BOOLEAN HasObjectId;
    LONGLONG Usn;
    ULONG UsnReasons; /* since the file was opened */
};

#define RAM_PROCESSORS 64u

typedef struct _RAM_COUNTS {
    ULONG Reads, ReadBytes, Writes, WriteBytes;
} RAM_COUNTS, *PRAM_COUNTS;

typedef struct _RAM_BLOCK {
    struct _RAM_BLOCK *Next;
} RAM_BLOCK, *PRAM_BLOCK;

#define RAM_VOLUME_LOCKED     1
#define RAM_VOLUME_DISMOUNTED 2
#define RAM_VOLUME_DIRTY      4

struct _RAM_VOLUME {
    RAM_STREAM Stream; /* of file objects that are the volume itself */
    LIST_ENTRY Links;  /* RamVolumes */
    PDEVICE_OBJECT Device, Target, Disk;
    PVPB Vpb;
    WCHAR Label[MAXIMUM_VOLUME_LABEL_LENGTH / sizeof(WCHAR)];
    USHORT LabelLength;
    ULONG Mount; /* how often it was dismounted: fsctl.c, V2 */
    ERESOURCE Resource;
    ULONG Flags;
    PFILE_OBJECT LockedBy;
    ULONG Opens; /* file objects, those of the volume itself included */
    PRAM_NODE Root;
    LIST_ENTRY Nodes;
    ULONG64 NextId;
    ULONG64 Clusters, FreeClusters;
    PRAM_BLOCK FreePages;
    PUCHAR Piece; /* what of it is left has never been used */
    ULONG PieceLeft;
    PNOTIFY_SYNC NotifySync;
    LIST_ENTRY NotifyList;
    TUNNEL Tunnel;
    UNICODE_STRING Source;
    UCHAR ObjectId[16];
    /* change journal */
    BOOLEAN JournalActive;
    ULONGLONG JournalId;
    LONGLONG NextUsn, FirstUsn;
    PUCHAR Journal;
    ULONG JournalRoom, JournalUsed;
    FAST_MUTEX JournalMutex;
    IO_CSQ Waiters; /* usn.c, J5 */
    KSPIN_LOCK WaitingLock;
    LIST_ENTRY Waiting;
    RAM_COUNTS Counts[RAM_PROCESSORS]; /* statistics.c */
};

/* The extension of a volume device: one for each mount of a volume (mount.c, W1). */
typedef struct _RAM_DEVICE {
    PRAM_VOLUME Volume;
    PVPB Vpb;
    LONG Opens;         /* file objects that came through it */
    BOOLEAN Dismounted; /* it is on its way out, and its VPB referenced */
    LONG Going;
    WORK_QUEUE_ITEM Work;
} RAM_DEVICE, *PRAM_DEVICE;

FORCEINLINE PRAM_VOLUME
RamVolumeOf(PDEVICE_OBJECT DeviceObject)
{
    return ((PRAM_DEVICE)DeviceObject->DeviceExtension)->Volume;
}

#define RAM_CCB_DELETE_ON_CLOSE 0x01
#define RAM_CCB_SCANNED         0x02
#define RAM_CCB_MATCH_ALL       0x04
#define RAM_CCB_KEEP_WRITE_TIME 0x08 /* set by this handle: no longer ours to change */
#define RAM_CCB_KEEP_ACCESS     0x10
#define RAM_CCB_KEEP_CHANGE     0x20
#define RAM_CCB_MODIFIED        0x40
#define RAM_CCB_VOLUME          0x80
#define RAM_CCB_POSIX_DELETE    0x100
#define RAM_CCB_BY_ID           0x400  /* opened by an ID: its names are not to be changed by it */
#define RAM_CCB_STAMPED         0x1000 /* the times of what was modified have been asked for */
#define RAM_CCB_NO_TRAVERSE     0x800  /* by somebody without SeChangeNotifyPrivilege */

typedef struct _RAM_CCB {
    ULONG Flags;
    ULONG Mount; /* the volume's, at the open */
    ACCESS_MASK Granted;
    PRAM_LINK Link; /* the name it was opened by, referenced; NULL: the root, the volume, by ID */
    UNICODE_STRING Pattern;
    /* enumeration */
    ULONG Dots; /* 0, 1: `.` and `..` are next */
    PVOID RestartKey;
    ULONG DeleteCount;
    WCHAR LastBuffer[RAM_MAX_NAME];
    UNICODE_STRING Last; /* the name given last, upcased or not */
    ULONG EaIndex;
    UNICODE_STRING Watched; /* the directory's name, for notifications */
    LIST_ENTRY Links;       /* Stream->Handled, until cleanup */
    PFILE_OBJECT FileObject;
    /* of a close that is posted */
    WORK_QUEUE_ITEM Work;
    PRAM_VOLUME Volume;
    PRAM_STREAM Stream;
} RAM_CCB, *PRAM_CCB;

typedef struct _RAM_REQUEST {
    PIRP Irp;
    PIO_STACK_LOCATION Stack;
    PRAM_VOLUME Volume;
    PFILE_OBJECT FileObject;
    PRAM_STREAM Stream; /* NULL in create and without a file object */
    PRAM_CCB Ccb;
    ULONG_PTR Information;
    BOOLEAN Taken; /* the IRP is somebody else's now, or complete */
    KEVENT
    Break; /* STATUS_PENDING of what waits for an oplock's break, to start again: is set when it is over */
} RAM_REQUEST, *PRAM_REQUEST;

typedef NTSTATUS RAM_HANDLER(PRAM_REQUEST Request);

/* init.c */
extern PDEVICE_OBJECT RamControlDevice;
extern PDRIVER_OBJECT RamDriver;
extern LIST_ENTRY RamVolumes;
PVOID RamBuffer(PIRP Irp); /* raises STATUS_INSUFFICIENT_RESOURCES */
/* The caller's own addresses, of a control whose buffers the I/O manager does not look at; raises STATUS_INVALID_USER_BUFFER. */
VOID RamProbe(PRAM_REQUEST Request, PVOID Input, ULONG In, PVOID Output, ULONG Out);
PVOID RamAllocate(SIZE_T Bytes); /* zeroed; NULL */
VOID RamFree(PVOID Memory);
BOOLEAN RamIsVolumeOpen(PRAM_REQUEST Request);
BOOLEAN RamIsDismounted(PRAM_VOLUME Volume, PRAM_CCB Ccb);

/* mount.c */
NTSTATUS RamMount(PRAM_REQUEST Request);
VOID RamForgetHandles(PRAM_VOLUME Volume);
VOID RamRetireDevice(PRAM_VOLUME Volume);         /* it is dismounted */
VOID RamLeaveDevice(PDEVICE_OBJECT DeviceObject); /* a file object is closed */
BOOLEAN RamIsRetired(PDEVICE_OBJECT DeviceObject);

/* node.c */
VOID RamInitializeStream(PRAM_STREAM Stream, PRAM_NODE Node);
VOID RamDeleteStream(PRAM_STREAM Stream);
PRAM_STREAM RamCreateStream(PRAM_NODE Node, PCUNICODE_STRING Name); /* NULL: the unnamed one */
VOID RamDetachStream(PRAM_STREAM Stream);
PRAM_STREAM RamFindStream(PRAM_NODE Node, PCUNICODE_STRING Name);
PRAM_NODE RamCreateNode(PRAM_VOLUME Volume, BOOLEAN Directory);
VOID RamTryFreeNode(PRAM_NODE Node); /* R1 */
PRAM_LINK RamFindChild(PRAM_NODE Directory, PCUNICODE_STRING Name, BOOLEAN CaseSensitive);
PRAM_LINK RamFindLoaded(PRAM_NODE Directory, PCUNICODE_STRING Name);
/* ShortName may be NULL: made up if Name is no short one. */
NTSTATUS RamAddLink(PRAM_NODE Directory, PRAM_NODE Node, PCUNICODE_STRING Name,
                    PCUNICODE_STRING ShortName, PRAM_LINK *Link);
VOID RamRemoveLink(PRAM_LINK Link);
VOID RamDereferenceLink(PRAM_LINK Link);
NTSTATUS RamSetShortName(PRAM_LINK Link, PCUNICODE_STRING Name);
BOOLEAN RamIsEmpty(PRAM_NODE Directory);
ULONG RamCountLinks(PRAM_NODE Node); /* those that are not about to go */
BOOLEAN RamIsOneOfSeveral(PRAM_REQUEST Request);
BOOLEAN RamIsGoing(PRAM_STREAM Stream, PRAM_CCB Ccb);
BOOLEAN RamIsBelow(PRAM_NODE Node, PRAM_NODE Ancestor);
NTSTATUS RamFullName(PRAM_LINK Link, PRAM_STREAM Stream,
                     PUNICODE_STRING Name); /* pool: RtlFree by RamFree(Buffer) */
PRAM_LINK RamLinkOf(PRAM_REQUEST Request);
VOID RamNow(PLARGE_INTEGER Time);

/* disk.c */
NTSTATUS RamSetAllocation(PRAM_STREAM Stream, ULONG64 Size); /* Main exclusive */
VOID RamCopyOut(PRAM_STREAM Stream, ULONG64 Offset, PVOID Buffer, ULONG Length);
NTSTATUS RamCopyIn(PRAM_STREAM Stream, ULONG64 Offset, const VOID *Buffer, ULONG Length);
VOID RamZeroPages(PRAM_STREAM Stream, ULONG64 Start, ULONG64 End);
VOID RamDropPages(PRAM_STREAM Stream, ULONG64 From);
BOOLEAN RamIsResident(PRAM_STREAM Stream, ULONG64 Offset);
ULONG64 RamAllocated(PRAM_STREAM Stream);

/* host.c */
NTSTATUS RamLoadData(PRAM_NODE Node);
NTSTATUS RamLoadChildren(PRAM_NODE Directory);
VOID RamNoteChange(PRAM_STREAM Stream);
NTSTATUS RamTellSource(PRAM_REQUEST Request);

/* path.c */
typedef struct _RAM_PATH {
    PRAM_NODE Directory;   /* of the last component; NULL: Node is the root */
    UNICODE_STRING Last;   /* component, without the stream */
    UNICODE_STRING Stream; /* empty: the unnamed one */
    PRAM_LINK Link;        /* NULL: it does not exist, or it is the root */
    PRAM_NODE Node;        /* NULL: it does not exist */
    BOOLEAN MustBeDirectory;
    BOOLEAN HasStream;
    USHORT Rest; /* STATUS_REPARSE: bytes of the name behind Node */
} RAM_PATH, *PRAM_PATH;
BOOLEAN RamMayTraverse(PRAM_REQUEST Request, PRAM_NODE Directory); /* security.c */
/* Request: a create, whose right to traverse counts; NULL: none does. */
NTSTATUS RamWalk(PRAM_REQUEST Request, PRAM_VOLUME Volume, PRAM_NODE Start, PUNICODE_STRING Name,
                 ULONG Options, BOOLEAN CaseSensitive, BOOLEAN TargetDirectory, PRAM_PATH Path);
BOOLEAN RamIsLegalName(PCUNICODE_STRING Name);

VOID RamFlushVolume(PRAM_VOLUME Volume); /* write.c */
VOID RamPurgeVolume(PRAM_VOLUME Volume); /* its resource is held exclusively */
RAM_HANDLER RamCreate, RamCleanup, RamClose, RamRead, RamWrite, RamFlush, RamQuery, RamSet,
    RamDirectory, RamQueryVolume, RamSetVolume, RamControl, RamDeviceControl, RamLock, RamQueryEa,
    RamSetEa, RamQuerySecurity, RamSetSecurity, RamShutdown, RamPnp;

/* cleanup.c */
BOOLEAN RamIsGone(PRAM_STREAM Stream);
VOID RamUnlinkIfDeleted(PRAM_REQUEST Request, PRAM_NODE Node, PRAM_STREAM Stream, PRAM_LINK Link);
NTSTATUS RamMayDelete(PRAM_NODE Node, PRAM_STREAM Stream, BOOLEAN IgnoreReadOnly,
                      BOOLEAN MappedToo);

/* set.c, rename.c */
NTSTATUS RamSetEnd(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG64 Size);
NTSTATUS RamRename(PRAM_REQUEST Request, ULONG Class);
NTSTATUS RamHardLink(PRAM_REQUEST Request, ULONG Class);
NTSTATUS RamShortName(PRAM_REQUEST Request);

/* read.c, write.c */
VOID RamModified(PRAM_REQUEST Request, ULONG Filter);

/* cleanup.c */
VOID RamStamp(PRAM_REQUEST Request);

/* notify: reports a change of Link (or of Stream of it) */
VOID RamReport(PRAM_VOLUME Volume, PRAM_LINK Link, PRAM_STREAM Stream, ULONG Filter, ULONG Action);
VOID RamReportNode(PRAM_NODE Node, PRAM_STREAM Stream, ULONG Filter, ULONG Action);

/* fsctl.c and its parts */
NTSTATUS RamReparseControl(PRAM_REQUEST Request, ULONG Code);
NTSTATUS RamExtents(PRAM_REQUEST Request);
NTSTATUS RamSparseControl(PRAM_REQUEST Request, ULONG Code);
NTSTATUS RamJournalControl(PRAM_REQUEST Request, ULONG Code);
NTSTATUS RamObjectId(PRAM_REQUEST Request, ULONG Code);
NTSTATUS RamTellStatistics(PRAM_REQUEST Request);
VOID RamCount(PRAM_VOLUME Volume, BOOLEAN Write, ULONG Bytes);
VOID RamInitializeJournal(PRAM_VOLUME Volume);
VOID RamDismissWaiters(PRAM_VOLUME Volume, PFILE_OBJECT FileObject, NTSTATUS Status);
VOID RamNoteUsn(PRAM_NODE Node, ULONG Reason);
VOID RamNoteUsnOf(PRAM_NODE Node, ULONG Reason, PRAM_LINK Link);
VOID RamNoteData(PRAM_STREAM Stream, ULONG Reason);

/* ea.c, security.c */
NTSTATUS RamStoreEa(PRAM_NODE Node, PFILE_FULL_EA_INFORMATION Ea, ULONG Length,
                    PULONG_PTR Information);
BOOLEAN RamNeedsEa(PRAM_NODE Node);
NTSTATUS RamAssignSecurity(PRAM_NODE Parent, PRAM_NODE Node, PACCESS_STATE State);
NTSTATUS RamCheckAccess(PRAM_REQUEST Request, PRAM_NODE Node, PRAM_NODE Parent,
                        PACCESS_MASK Granted);
NTSTATUS RamDefaultSecurity(PSECURITY_DESCRIPTOR *Descriptor);
BOOLEAN RamMayUnlink(PRAM_REQUEST Request, PRAM_LINK Link);

/* query.c */
VOID RamAnswerCreate(PRAM_REQUEST Request, PRAM_STREAM Stream);

/* reparse.c */
BOOLEAN RamReparses(PRAM_REQUEST Request, PRAM_NODE Node, PCUNICODE_STRING Rest, ULONG Options,
                    BOOLEAN CaseSensitive);

/* later.c: routines that a first version of Windows does not have */
extern BOOLEAN RamIsVista, RamIsWindows8;
extern BOOLEAN RamIsWindows10; /* and what its NTFS has learned */
VOID RamFindLater(VOID);
POPEN_REPARSE_LIST RamOpenReparseList(PIRP Irp);
PQUERY_ON_CREATE_ECP_CONTEXT RamQueryOnCreate(PIRP Irp);
BOOLEAN RamIsLocked(PRAM_STREAM Stream);
ULONG RamHasWritableReferences(PSECTION_OBJECT_POINTERS Pointers);
BOOLEAN RamCachesHandle(POPLOCK Oplock);
ULONG RamOplockCount(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG Code);
NTSTATUS RamOplockControl(PRAM_REQUEST Request, ULONG Count);
NTSTATUS RamReserveOplock(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG Options);
VOID RamDropReservation(PRAM_REQUEST Request, PRAM_STREAM Stream);
VOID RamBreakDirectory(PRAM_REQUEST Request, PRAM_NODE Directory);
VOID RamBreakParents(PRAM_REQUEST Request, PRAM_NODE Node);
VOID RamCleanupOplock(PRAM_REQUEST Request);
NTSTATUS RamBreakOpens(PRAM_REQUEST Request, PRAM_NODE Node);
VOID NTAPI RamBreakOver(PVOID Context, PIRP Irp);
NTSTATUS RamBreakHandle(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
                        POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                        POPLOCK_FS_PREPOST_IRP PostIrpRoutine);

/* resource.c */
extern FAST_IO_DISPATCH RamFastIo;
VOID RamInitializeFastIo(VOID);
VOID RamUpdateFastIo(PRAM_STREAM Stream);
VOID RamStartCaching(PFILE_OBJECT FileObject, PRAM_STREAM Stream, ULONG ReadAhead);

#endif
