/*
 * filelock.c - byte-range locks. [ntifs: FsRtlProcessFileLock, FsRtlPrivateLock, ZwLockFile, ZwUnlockFile;
 * nt-semantics-2 3.1]
 *
 *   O1  The owner of a lock is (file object, process, key).
 *   O2  A shared lock is granted if no exclusive lock of another owner overlaps; an exclusive one if none overlaps at
 *       all, the owner's included.
 *   O3  Reading needs no exclusive lock of another owner in the range; writing no shared lock of anybody either.
 *   O4  Ranges are never merged nor split: an unlock names exactly one lock.
 *   O5  Waiters are served in their order, each as soon as nothing is in its way.
 *   O6  An empty range lies between two bytes: it collides with a lock on both of them, whoever was first, and hinders no transfer.
 */
#include "nt/fsrtl/fsrtlp.h"
#include "nt/inc/life.h"

typedef struct _FSRTLP_LOCKS {
    LIST_ENTRY Granted, Waiting;
} FSRTLP_LOCKS, *PFSRTLP_LOCKS;

typedef struct _FSRTLP_LOCK {
    LIST_ENTRY Links;
    FILE_LOCK_INFO Info; /* ProcessId: the process */
    PIRP Irp;            /* waiting */
    PVOID Context;
    PFILE_LOCK FileLock;
} FSRTLP_LOCK, *PFSRTLP_LOCK;

VOID NTAPI
FsRtlInitializeFileLock(PFILE_LOCK FileLock, PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine,
                        PUNLOCK_ROUTINE UnlockRoutine)
{
    RtlZeroMemory(FileLock, sizeof(*FileLock));
    FileLock->CompleteLockIrpRoutine = CompleteLockIrpRoutine;
    FileLock->UnlockRoutine = UnlockRoutine;
}

PFILE_LOCK NTAPI
FsRtlAllocateFileLock(PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine,
                      PUNLOCK_ROUTINE UnlockRoutine)
{
    PFILE_LOCK FileLock = ExAllocatePoolWithTag(NonPagedPool, sizeof(*FileLock), TAG_FSRTL);

    if (FileLock != NULL) {
        FsRtlInitializeFileLock(FileLock, CompleteLockIrpRoutine, UnlockRoutine);
    }
    return FileLock;
}

static BOOLEAN
FsRtlpOverlaps(PFSRTLP_LOCK Lock, ULONG64 Start, ULONG64 Length)
{
    ULONG64 Mine = (ULONG64)Lock->Info.StartingByte.QuadPart;
    ULONG64 MineLength = (ULONG64)Lock->Info.Length.QuadPart;

    if (Length == 0 || MineLength == 0) {
        return FALSE;
    }
    return Start <= Mine + (MineLength - 1) && Mine <= Start + (Length - 1);
}

/* O6 */
static BOOLEAN
FsRtlpCollides(PFSRTLP_LOCK Lock, ULONG64 Start, ULONG64 Length)
{
    ULONG64 Mine = (ULONG64)Lock->Info.StartingByte.QuadPart;
    ULONG64 MineLength = (ULONG64)Lock->Info.Length.QuadPart;

    if (Length == 0 && MineLength != 0) {
        return Mine < Start && Start <= Mine + (MineLength - 1);
    }
    if (MineLength == 0 && Length != 0) {
        return Start < Mine && Mine <= Start + (Length - 1);
    }
    return FsRtlpOverlaps(Lock, Start, Length);
}

static BOOLEAN
FsRtlpIsOwner(PFSRTLP_LOCK Lock, PFILE_OBJECT FileObject, PVOID Process, ULONG Key)
{
    return Lock->Info.FileObject == FileObject && Lock->Info.ProcessId == Process &&
           Lock->Info.Key == Key;
}

/* O2 */
static BOOLEAN
FsRtlpIsFree(PFSRTLP_LOCKS Locks, PFSRTLP_LOCK New)
{
    for (PLIST_ENTRY Entry = Locks->Granted.Flink; Entry != &Locks->Granted; Entry = Entry->Flink) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);

        if (!FsRtlpCollides(Lock, (ULONG64)New->Info.StartingByte.QuadPart,
                            (ULONG64)New->Info.Length.QuadPart)) {
            continue;
        }
        if (New->Info.ExclusiveLock ||
            (Lock->Info.ExclusiveLock &&
             !FsRtlpIsOwner(Lock, New->Info.FileObject, New->Info.ProcessId, New->Info.Key))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The file system's routine decides how the IRP ends, and may refuse the lock. */
static NTSTATUS
FsRtlpCompleteLock(PFILE_LOCK FileLock, PIRP Irp, PVOID Context, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    if (FileLock->CompleteLockIrpRoutine != NULL) {
        return FileLock->CompleteLockIrpRoutine(Context, Irp);
    }
    IofCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

static VOID
FsRtlpUpdateQuestionable(PFILE_LOCK FileLock)
{
    PFSRTLP_LOCKS Locks = FileLock->LockInformation;

    FileLock->FastIoIsQuestionable =
        Locks != NULL && (!IsListEmpty(&Locks->Granted) || !IsListEmpty(&Locks->Waiting));
}

/* O5 */
static VOID
FsRtlpServe(PFILE_LOCK FileLock)
{
    PFSRTLP_LOCKS Locks = FileLock->LockInformation;
    PLIST_ENTRY Entry = Locks->Waiting.Flink;

    while (Entry != &Locks->Waiting) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);
        PIRP Irp = Lock->Irp;

        Entry = Entry->Flink;
        if (!FsRtlpIsFree(Locks, Lock) || IoSetCancelRoutine(Irp, NULL) == NULL) {
            continue;
        }
        RemoveEntryList(&Lock->Links);
        InsertTailList(&Locks->Granted, &Lock->Links);
        Lock->Irp = NULL; /* whoever hears of it may free it at once */
        FsRtlpCompleteLock(FileLock, Irp, Lock->Context, STATUS_SUCCESS);
        Entry = Locks->Waiting.Flink;
    }
    FsRtlpUpdateQuestionable(FileLock);
}

static VOID NTAPI
FsRtlpCancelLock(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFSRTLP_LOCK Lock = Irp->Tail.Overlay.DriverContext[0];
    PFILE_LOCK FileLock = Lock->FileLock;

    RemoveEntryList(&Lock->Links); /* in the step that took the routine away */
    FsRtlpUpdateQuestionable(FileLock);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    FsRtlpCompleteLock(FileLock, Irp, Lock->Context, STATUS_CANCELLED);
    ExFreePoolWithTag(Lock, TAG_FSRTL);
}

PVOID
FsRtlpPlaceOfLock(PIRP Irp)
{
    return Irp->CancelRoutine == FsRtlpCancelLock
               ? ((PFSRTLP_LOCK)Irp->Tail.Overlay.DriverContext[0])->FileLock
               : NULL;
}

static VOID
FsRtlpWaitForLock(PFILE_LOCK FileLock, PFSRTLP_LOCK Lock, PIRP Irp, PVOID Context)
{
    PFSRTLP_LOCKS Locks = FileLock->LockInformation;

    Lock->Irp = Irp;
    Lock->Context = Context;
    Lock->FileLock = FileLock;
    Irp->Tail.Overlay.DriverContext[0] = Lock;
    IoMarkIrpPending(Irp);
    InsertTailList(&Locks->Waiting, &Lock->Links);
    IoSetCancelRoutine(Irp, FsRtlpCancelLock);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Lock->Links);
        ExFreePoolWithTag(Lock, TAG_FSRTL);
        FsRtlpCompleteLock(FileLock, Irp, Context, STATUS_CANCELLED);
        return;
    }
    FsRtlpUpdateQuestionable(FileLock);
}

BOOLEAN NTAPI
FsRtlPrivateLock(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                 PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, BOOLEAN FailImmediately,
                 BOOLEAN ExclusiveLock, PIO_STATUS_BLOCK IoStatus, PIRP Irp, PVOID Context,
                 BOOLEAN AlreadySynchronized)
{
    ULONG64 Start = (ULONG64)FileOffset->QuadPart, Bytes = (ULONG64)Length->QuadPart;
    PFSRTLP_LOCKS Locks;
    PFSRTLP_LOCK Lock;

    KiSchedulePoint(SP_OBJECT, FileLock);
    Locks = FileLock->LockInformation;
    IoStatus->Information = 0;
    if (Bytes != 0 && Start + (Bytes - 1) < Start) {
        IoStatus->Status = STATUS_INVALID_LOCK_RANGE;
        if (Irp != NULL) {
            FsRtlpCompleteLock(FileLock, Irp, Context, IoStatus->Status);
        }
        return TRUE;
    }
    if (Locks == NULL) {
        Locks = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Locks), TAG_FSRTL);
        InitializeListHead(&Locks->Granted);
        InitializeListHead(&Locks->Waiting);
        FileLock->LockInformation = Locks;
    }
    Lock = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Lock), TAG_FSRTL);
    RtlZeroMemory(Lock, sizeof(*Lock));
    Lock->Info.StartingByte = *FileOffset;
    Lock->Info.Length = *Length;
    Lock->Info.EndingByte.QuadPart = (LONGLONG)(Start + Bytes - 1);
    Lock->Info.ExclusiveLock = ExclusiveLock;
    Lock->Info.Key = Key;
    Lock->Info.FileObject = FileObject;
    Lock->Info.ProcessId = Process;
    if (FsRtlpIsFree(Locks, Lock)) {
        InsertTailList(&Locks->Granted, &Lock->Links);
        FsRtlpUpdateQuestionable(FileLock);
        FileObject->LockOperation = TRUE;
        IoStatus->Status = STATUS_SUCCESS;
        if (Irp != NULL) {
            IoStatus->Status = FsRtlpCompleteLock(FileLock, Irp, Context, STATUS_SUCCESS);
            if (!NT_SUCCESS(IoStatus->Status)) {
                RemoveEntryList(&Lock->Links);
                ExFreePoolWithTag(Lock, TAG_FSRTL);
                FsRtlpUpdateQuestionable(FileLock);
            }
        }
        return TRUE;
    }
    if (FailImmediately) {
        ExFreePoolWithTag(Lock, TAG_FSRTL);
        IoStatus->Status = STATUS_LOCK_NOT_GRANTED;
        if (Irp != NULL) {
            FsRtlpCompleteLock(FileLock, Irp, Context, STATUS_LOCK_NOT_GRANTED);
        }
        return TRUE;
    }
    if (Irp == NULL) {
        ExFreePoolWithTag(Lock, TAG_FSRTL);
        return FALSE;
    }
    IoStatus->Status = STATUS_PENDING;
    FsRtlpWaitForLock(FileLock, Lock, Irp, Context);
    return TRUE;
}

static VOID
FsRtlpFreeLock(PFILE_LOCK FileLock, PFSRTLP_LOCK Lock, PVOID Context)
{
    RemoveEntryList(&Lock->Links);
    if (FileLock->UnlockRoutine != NULL) {
        FileLock->UnlockRoutine(Context, &Lock->Info);
    }
    ExFreePoolWithTag(Lock, TAG_FSRTL);
}

/* O4 */
NTSTATUS NTAPI
FsRtlFastUnlockSingle(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                      PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, PVOID Context,
                      BOOLEAN AlreadySynchronized)
{
    PFSRTLP_LOCKS Locks;

    KiSchedulePoint(SP_OBJECT, FileLock);
    Locks = FileLock->LockInformation;
    if (Locks == NULL) {
        return STATUS_RANGE_NOT_LOCKED;
    }
    for (PLIST_ENTRY Entry = Locks->Granted.Flink; Entry != &Locks->Granted; Entry = Entry->Flink) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);

        if (FsRtlpIsOwner(Lock, FileObject, Process, Key) &&
            Lock->Info.StartingByte.QuadPart == FileOffset->QuadPart &&
            Lock->Info.Length.QuadPart == Length->QuadPart) {
            FsRtlpFreeLock(FileLock, Lock, Context);
            FsRtlpServe(FileLock);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_RANGE_NOT_LOCKED;
}

static NTSTATUS
FsRtlpUnlockMany(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PVOID Process, PULONG Key,
                 PVOID Context)
{
    NTSTATUS Status = STATUS_RANGE_NOT_LOCKED;
    PFSRTLP_LOCKS Locks;
    PLIST_ENTRY Entry;

    KiSchedulePoint(SP_OBJECT, FileLock);
    Locks = FileLock->LockInformation;
    if (Locks == NULL) {
        return Status;
    }
    for (Entry = Locks->Granted.Flink; Entry != &Locks->Granted;) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);

        Entry = Entry->Flink;
        if (FsRtlpIsOwner(Lock, FileObject, Process, Key != NULL ? *Key : Lock->Info.Key)) {
            FsRtlpFreeLock(FileLock, Lock, Context);
            Status = STATUS_SUCCESS;
        }
    }
    for (Entry = Locks->Waiting.Flink; Entry != &Locks->Waiting;) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);

        Entry = Entry->Flink;
        if (FsRtlpIsOwner(Lock, FileObject, Process, Key != NULL ? *Key : Lock->Info.Key) &&
            IoSetCancelRoutine(Lock->Irp, NULL) != NULL) {
            RemoveEntryList(&Lock->Links);
            FsRtlpCompleteLock(FileLock, Lock->Irp, Lock->Context, STATUS_RANGE_NOT_LOCKED);
            ExFreePoolWithTag(Lock, TAG_FSRTL);
            Entry = Locks->Waiting.Flink;
        }
    }
    FsRtlpServe(FileLock);
    return Status;
}

NTSTATUS NTAPI
FsRtlFastUnlockAll(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS Process, PVOID Context)
{
    return FsRtlpUnlockMany(FileLock, FileObject, Process, NULL, Context);
}

NTSTATUS NTAPI
FsRtlFastUnlockAllByKey(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS Process, ULONG Key,
                        PVOID Context)
{
    return FsRtlpUnlockMany(FileLock, FileObject, Process, &Key, Context);
}

/* Nobody has the file open any more: what is still locked goes, who waits is turned away. */
VOID NTAPI
FsRtlUninitializeFileLock(PFILE_LOCK FileLock)
{
    PFSRTLP_LOCKS Locks = FileLock->LockInformation;

    if (Locks == NULL) {
        return;
    }
    while (!IsListEmpty(&Locks->Granted)) {
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&Locks->Granted), FSRTLP_LOCK, Links),
                          TAG_FSRTL);
    }
    while (!IsListEmpty(&Locks->Waiting)) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(RemoveHeadList(&Locks->Waiting), FSRTLP_LOCK, Links);

        IoSetCancelRoutine(Lock->Irp, NULL);
        FsRtlpCompleteLock(FileLock, Lock->Irp, Lock->Context, STATUS_RANGE_NOT_LOCKED);
        ExFreePoolWithTag(Lock, TAG_FSRTL);
    }
    FileLock->LockInformation = NULL;
    ExFreePoolWithTag(Locks, TAG_FSRTL);
}

VOID NTAPI
FsRtlFreeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
    ExFreePoolWithTag(FileLock, TAG_FSRTL);
}

NTSTATUS NTAPI
FsRtlProcessFileLock(PFILE_LOCK FileLock, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PEPROCESS Process = IoGetRequestorProcess(Irp);
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    switch (Stack->MinorFunction) {
    case IRP_MN_LOCK:
        FsRtlPrivateLock(FileLock, Stack->FileObject, &Stack->Parameters.LockControl.ByteOffset,
                         Stack->Parameters.LockControl.Length, Process,
                         Stack->Parameters.LockControl.Key,
                         (Stack->Flags & SL_FAIL_IMMEDIATELY) != 0,
                         (Stack->Flags & SL_EXCLUSIVE_LOCK) != 0, &Iosb, Irp, Context, FALSE);
        return Iosb.Status;
    case IRP_MN_UNLOCK_SINGLE:
        Status = FsRtlFastUnlockSingle(FileLock, Stack->FileObject,
                                       &Stack->Parameters.LockControl.ByteOffset,
                                       Stack->Parameters.LockControl.Length, Process,
                                       Stack->Parameters.LockControl.Key, Context, FALSE);
        break;
    case IRP_MN_UNLOCK_ALL:
        Status = FsRtlFastUnlockAll(FileLock, Stack->FileObject, Process, Context);
        break;
    case IRP_MN_UNLOCK_ALL_BY_KEY:
        Status = FsRtlFastUnlockAllByKey(FileLock, Stack->FileObject, Process,
                                         Stack->Parameters.LockControl.Key, Context);
        break;
    default:
        Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
        IofCompleteRequest(Irp, IO_DISK_INCREMENT);
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    return FsRtlpCompleteLock(FileLock, Irp, Context, Status);
}

/* O3 */
static BOOLEAN
FsRtlpMayAccess(PFILE_LOCK FileLock, PLARGE_INTEGER FileOffset, ULONG64 Length, ULONG Key,
                PFILE_OBJECT FileObject, PVOID Process, BOOLEAN Write)
{
    PFSRTLP_LOCKS Locks;

    KiLooksAt(FileLock);
    Locks = FileLock->LockInformation;
    if (Locks == NULL) {
        return TRUE;
    }
    for (PLIST_ENTRY Entry = Locks->Granted.Flink; Entry != &Locks->Granted; Entry = Entry->Flink) {
        PFSRTLP_LOCK Lock = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links);

        if (FsRtlpOverlaps(Lock, (ULONG64)FileOffset->QuadPart, Length) &&
            (Lock->Info.ExclusiveLock ? !FsRtlpIsOwner(Lock, FileObject, Process, Key) : Write)) {
            return FALSE;
        }
    }
    return TRUE;
}

BOOLEAN NTAPI
FsRtlFastCheckLockForRead(PFILE_LOCK FileLock, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
                          ULONG Key, PFILE_OBJECT FileObject, PVOID Process)
{
    return FsRtlpMayAccess(FileLock, FileOffset, (ULONG64)Length->QuadPart, Key, FileObject,
                           Process, FALSE);
}

BOOLEAN NTAPI
FsRtlFastCheckLockForWrite(PFILE_LOCK FileLock, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
                           ULONG Key, PFILE_OBJECT FileObject, PVOID Process)
{
    return FsRtlpMayAccess(FileLock, FileOffset, (ULONG64)Length->QuadPart, Key, FileObject,
                           Process, TRUE);
}

BOOLEAN NTAPI
FsRtlCheckLockForReadAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    return FsRtlpMayAccess(FileLock, &Stack->Parameters.Read.ByteOffset,
                           Stack->Parameters.Read.Length, Stack->Parameters.Read.Key,
                           Stack->FileObject, IoGetRequestorProcess(Irp), FALSE);
}

BOOLEAN NTAPI
FsRtlCheckLockForWriteAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    return FsRtlpMayAccess(FileLock, &Stack->Parameters.Write.ByteOffset,
                           Stack->Parameters.Write.Length, Stack->Parameters.Write.Key,
                           Stack->FileObject, IoGetRequestorProcess(Irp), TRUE);
}

PFILE_LOCK_INFO NTAPI
FsRtlGetNextFileLock(PFILE_LOCK FileLock, BOOLEAN Restart)
{
    PFSRTLP_LOCKS Locks;
    PLIST_ENTRY Entry;

    KiChanges(FileLock);
    Locks = FileLock->LockInformation;
    if (Locks == NULL) {
        return NULL;
    }
    Entry = Restart ? Locks->Granted.Flink : NULL;
    if (!Restart) {
        for (Entry = Locks->Granted.Flink;
             Entry != &Locks->Granted && Entry != FileLock->LastReturnedLock;
             Entry = Entry->Flink) {
        }
        Entry = Entry != &Locks->Granted ? Entry->Flink : Entry;
    }
    if (Entry == &Locks->Granted) {
        return NULL;
    }
    FileLock->LastReturnedLock = Entry;
    FileLock->LastReturnedLockInfo = CONTAINING_RECORD(Entry, FSRTLP_LOCK, Links)->Info;
    return &FileLock->LastReturnedLockInfo;
}

BOOLEAN NTAPI
FsRtlAreThereCurrentOrInProgressFileLocks(PFILE_LOCK FileLock)
{
    PFSRTLP_LOCKS Locks;

    KiLooksAt(FileLock);
    Locks = FileLock->LockInformation;
    return Locks != NULL && (!IsListEmpty(&Locks->Granted) || !IsListEmpty(&Locks->Waiting));
}
