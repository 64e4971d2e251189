/*
 * notify.c - directory change notification. [ntifs: FsRtlNotifyFilterChangeDirectory, FsRtlNotifyFullReportChange,
 * FILE_NOTIFY_INFORMATION; nt-semantics-2 3.4, 4.7]
 *
 *   Y1  The first request of a handle fixes filter, tree and the size of the buffer that collects what happens while no
 *       request waits. What does not fit makes the next request end with STATUS_NOTIFY_ENUM_DIR and nothing.
 *   Y2  A request that waits is completed by the first change; the old name of a rename waits for the new one.
 *   Y3  A file that is deleted completes the requests of its own handles with STATUS_DELETE_PENDING.
 *   Y4  Names are UTF-16; they are compared without regard to case.
 */
#include "nt/fsrtl/fsrtlp.h"
#include "nt/inc/life.h"

typedef struct _FSRTLP_NOTIFY {
    LIST_ENTRY Links;
    PVOID FsContext;
    PFILE_OBJECT FileObject;
    PVOID FileContext; /* the file object's FsContext */
    PSTRING Directory;
    BOOLEAN WatchTree, IgnoreBuffer, Overflow, Ready;
    ULONG Filter;
    PCHECK_FOR_TRAVERSE_ACCESS Traverse;
    PSECURITY_SUBJECT_CONTEXT Subject;
    PFILTER_REPORT_CHANGE FilterCallback;
    LIST_ENTRY Irps;
    PUCHAR Buffer;
    ULONG Room, Used, Last; /* Last: offset of the record that the next one is linked to */
} FSRTLP_NOTIFY, *PFSRTLP_NOTIFY;

typedef struct _FSRTLP_SYNC {
    FAST_MUTEX Mutex;
    PKTHREAD Owner; /* a report from within a report, by a completion */
    ULONG Depth;
} FSRTLP_SYNC, *PFSRTLP_SYNC;

static VOID
FsRtlpLockNotify(PFSRTLP_SYNC Sync)
{
    if (Sync->Owner == KiThread()) {
        Sync->Depth++;
        return;
    }
    ExAcquireFastMutexUnsafe(&Sync->Mutex);
    Sync->Owner = KiThread();
    Sync->Depth = 1;
}

static VOID
FsRtlpUnlockNotify(PFSRTLP_SYNC Sync)
{
    if (--Sync->Depth == 0) {
        Sync->Owner = NULL;
        ExReleaseFastMutexUnsafe(&Sync->Mutex);
    }
}

VOID NTAPI
FsRtlNotifyInitializeSync(PNOTIFY_SYNC *NotifySync)
{
    PFSRTLP_SYNC Sync = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Sync), TAG_FSRTL);

    RtlZeroMemory(Sync, sizeof(*Sync));
    ExInitializeFastMutex(&Sync->Mutex);
    *NotifySync = (PNOTIFY_SYNC)Sync;
}

VOID NTAPI
FsRtlNotifyUninitializeSync(PNOTIFY_SYNC *NotifySync)
{
    if (*NotifySync != NULL) {
        ExFreePoolWithTag(*NotifySync, TAG_FSRTL);
        *NotifySync = NULL;
    }
}

static VOID
FsRtlpEndNotify(PIRP Irp, NTSTATUS Status, ULONG Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_DISK_INCREMENT);
}

/* Hands what was collected to a request. The buffer goes with the IRP, which copies it out and frees it. */
static VOID
FsRtlpDeliver(PFSRTLP_NOTIFY Notify, PIRP Irp)
{
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.NotifyDirectory.Length;
    ULONG Used = Notify->Used;

    Notify->Used = Notify->Last = 0;
    Notify->Ready = FALSE;
    if (Notify->Overflow || Notify->IgnoreBuffer || Used > Length || Used == 0) {
        Notify->Overflow = FALSE;
        FsRtlpEndNotify(Irp, STATUS_NOTIFY_ENUM_DIR, 0);
        return;
    }
    if (Irp->MdlAddress != NULL) {
        PVOID Mapped = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);

        RtlCopyMemory(Mapped, Notify->Buffer, Used);
    } else if (Irp->AssociatedIrp.SystemBuffer != NULL) {
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Notify->Buffer, Used);
    } else {
        Irp->AssociatedIrp.SystemBuffer = Notify->Buffer;
        Irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION;
        Notify->Buffer = NULL;
    }
    FsRtlpEndNotify(Irp, STATUS_SUCCESS, Used);
}

/* The oldest one, which can no longer be cancelled. NULL: there is none. */
static PIRP
FsRtlpTakeNotify(PFSRTLP_NOTIFY Notify)
{
    while (!IsListEmpty(&Notify->Irps)) {
        PIRP Irp = CONTAINING_RECORD(Notify->Irps.Flink, IRP, Tail.Overlay.ListEntry);

        IopExchangePoint(Irp);
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
        InitializeListHead(&Irp->Tail.Overlay.ListEntry);
        if (IoSetCancelRoutine(Irp, NULL) != NULL) {
            return Irp;
        }
    }
    return NULL;
}

static VOID
FsRtlpEndAll(PFSRTLP_NOTIFY Notify, NTSTATUS Status)
{
    PIRP Irp;

    while ((Irp = FsRtlpTakeNotify(Notify)) != NULL) {
        FsRtlpEndNotify(Irp, Status, 0);
    }
}

static VOID NTAPI
FsRtlpCancelNotify(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFSRTLP_SYNC Sync = Irp->Tail.Overlay.DriverContext[0];

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeEnterCriticalRegion();
    FsRtlpLockNotify(Sync);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    FsRtlpUnlockNotify(Sync);
    KeLeaveCriticalRegion();
    FsRtlpEndNotify(Irp, STATUS_CANCELLED, 0);
}

static VOID
FsRtlpDropNotify(PFSRTLP_NOTIFY Notify)
{
    RemoveEntryList(&Notify->Links);
    if (Notify->Buffer != NULL) {
        ExFreePoolWithTag(Notify->Buffer, TAG_FSRTL);
    }
    if (Notify->Subject != NULL) {
        SeReleaseSubjectContext(Notify->Subject);
        ExFreePool(Notify->Subject);
    }
    ExFreePoolWithTag(Notify, TAG_FSRTL);
}

VOID NTAPI
FsRtlNotifyFilterChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext,
                                 PSTRING FullDirectoryName, BOOLEAN WatchTree, BOOLEAN IgnoreBuffer,
                                 ULONG CompletionFilter, PIRP NotifyIrp,
                                 PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback,
                                 PSECURITY_SUBJECT_CONTEXT SubjectContext,
                                 PFILTER_REPORT_CHANGE FilterCallback)
{
    PFSRTLP_SYNC Sync = (PFSRTLP_SYNC)NotifySync;
    PFSRTLP_NOTIFY Notify = NULL;
    PIO_STACK_LOCATION Stack;

    KeEnterCriticalRegion();
    FsRtlpLockNotify(Sync);
    if (NotifyIrp == NULL) { /* Y3 */
        for (PLIST_ENTRY Entry = NotifyList->Flink; Entry != NotifyList; Entry = Entry->Flink) {
            Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
            if (Notify->FileContext == FsContext) {
                FsRtlpEndAll(Notify, STATUS_DELETE_PENDING);
            }
        }
        goto Leave;
    }
    Stack = IoGetCurrentIrpStackLocation(NotifyIrp);
    if (Stack->FileObject->Flags & FO_CLEANUP_COMPLETE) {
        IoMarkIrpPending(NotifyIrp);
        FsRtlpEndNotify(NotifyIrp, STATUS_NOTIFY_CLEANUP, 0);
        goto Leave;
    }
    for (PLIST_ENTRY Entry = NotifyList->Flink; Entry != NotifyList; Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links)->FsContext == FsContext) {
            Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        }
    }
    if (Notify == NULL) { /* Y1 */
        Notify = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Notify), TAG_FSRTL);
        RtlZeroMemory(Notify, sizeof(*Notify));
        Notify->FsContext = FsContext;
        Notify->FileObject = Stack->FileObject;
        Notify->FileContext = Stack->FileObject->FsContext;
        Notify->Directory = FullDirectoryName;
        Notify->WatchTree = WatchTree;
        Notify->IgnoreBuffer = IgnoreBuffer;
        Notify->Filter = CompletionFilter;
        Notify->Traverse = TraverseCallback;
        Notify->Subject = SubjectContext;
        Notify->FilterCallback = FilterCallback;
        Notify->Room = Stack->Parameters.NotifyDirectory.Length;
        InitializeListHead(&Notify->Irps);
        InsertTailList(NotifyList, &Notify->Links);
    } else if (SubjectContext != NULL) {
        SeReleaseSubjectContext(SubjectContext);
        ExFreePool(SubjectContext);
    }
    IoMarkIrpPending(NotifyIrp);
    if (Notify->Ready) {
        FsRtlpDeliver(Notify, NotifyIrp);
        goto Leave;
    }
    IopExchangePoint(NotifyIrp);
    NotifyIrp->Tail.Overlay.DriverContext[0] = Sync;
    InsertTailList(&Notify->Irps, &NotifyIrp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(NotifyIrp, FsRtlpCancelNotify);
    if (NotifyIrp->Cancel && IoSetCancelRoutine(NotifyIrp, NULL) != NULL) {
        RemoveEntryList(&NotifyIrp->Tail.Overlay.ListEntry);
        FsRtlpEndNotify(NotifyIrp, STATUS_CANCELLED, 0);
    }

Leave:
    FsRtlpUnlockNotify(Sync);
    KeLeaveCriticalRegion();
}

VOID NTAPI
FsRtlNotifyFullChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext,
                               PSTRING FullDirectoryName, BOOLEAN WatchTree, BOOLEAN IgnoreBuffer,
                               ULONG CompletionFilter, PIRP NotifyIrp,
                               PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback,
                               PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    FsRtlNotifyFilterChangeDirectory(NotifySync, NotifyList, FsContext, FullDirectoryName,
                                     WatchTree, IgnoreBuffer, CompletionFilter, NotifyIrp,
                                     TraverseCallback, SubjectContext, NULL);
}

/* Undocumented but exported, the first form of it: no buffer, no tree of names. */
VOID NTAPI
FsRtlNotifyChangeDirectory(PNOTIFY_SYNC NotifySync, PVOID FsContext, PSTRING FullDirectoryName,
                           PLIST_ENTRY NotifyList, BOOLEAN WatchTree, ULONG CompletionFilter,
                           PIRP NotifyIrp)
{
    FsRtlNotifyFilterChangeDirectory(NotifySync, NotifyList, FsContext, FullDirectoryName,
                                     WatchTree, TRUE, CompletionFilter, NotifyIrp, NULL, NULL,
                                     NULL);
}

VOID NTAPI
FsRtlNotifyCleanup(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext)
{
    PFSRTLP_SYNC Sync = (PFSRTLP_SYNC)NotifySync;

    KeEnterCriticalRegion();
    FsRtlpLockNotify(Sync);
    for (PLIST_ENTRY Entry = NotifyList->Flink; Entry != NotifyList;) {
        PFSRTLP_NOTIFY Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);

        Entry = Entry->Flink;
        if (Notify->FsContext == FsContext) {
            FsRtlpEndAll(Notify, STATUS_NOTIFY_CLEANUP);
            FsRtlpDropNotify(Notify);
        }
    }
    FsRtlpUnlockNotify(Sync);
    KeLeaveCriticalRegion();
}

VOID NTAPI
FsRtlNotifyCleanupAll(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList)
{
    while (!IsListEmpty(NotifyList)) {
        FsRtlNotifyCleanup(NotifySync, NotifyList,
                           CONTAINING_RECORD(NotifyList->Flink, FSRTLP_NOTIFY, Links)->FsContext);
    }
}

static BOOLEAN
FsRtlpSameName(PWSTR First, PWSTR Second, ULONG Count) /* Y4 */
{
    for (ULONG i = 0; i < Count; i++) {
        if (RtlUpcaseUnicodeChar(First[i]) != RtlUpcaseUnicodeChar(Second[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Where the name relative to the watched directory begins, in characters; 0: the target is not below it. */
static ULONG
FsRtlpRelative(PFSRTLP_NOTIFY Notify, PSTRING Target, USHORT TargetNameOffset, PBOOLEAN Direct)
{
    PWSTR Directory = (PWSTR)Notify->Directory->Buffer, Name = (PWSTR)Target->Buffer;
    ULONG Count = Notify->Directory->Length / sizeof(WCHAR);

    if (Count == 1) {
        Count = 0; /* the root */
    }
    if (Target->Length / sizeof(WCHAR) <= Count + 1 || Name[Count] != L'\\' ||
        !FsRtlpSameName(Directory, Name, Count)) {
        return 0;
    }
    *Direct = TargetNameOffset / sizeof(WCHAR) == Count + 1;
    return Count + 1;
}

static VOID
FsRtlpCollect(PFSRTLP_NOTIFY Notify, PWSTR Name, ULONG NameLength, PSTRING Stream, ULONG Action)
{
    ULONG Length = NameLength + (Stream != NULL ? Stream->Length + sizeof(WCHAR) : 0);
    ULONG At = (Notify->Used + 3) & ~3u;
    ULONG Size = FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Length;
    PFILE_NOTIFY_INFORMATION Info;

    Notify->Ready = Action != FILE_ACTION_RENAMED_OLD_NAME; /* Y2 */
    if (Notify->Overflow) {
        return;
    }
    if (At + Size > Notify->Room) {
        Notify->Overflow = TRUE; /* Y1 */
        Notify->Used = Notify->Last = 0;
        return;
    }
    if (Notify->Buffer == NULL) {
        Notify->Buffer = ExAllocatePoolWithTag(NonPagedPool, Notify->Room, TAG_FSRTL);
        if (Notify->Buffer == NULL) {
            Notify->Overflow = TRUE;
            return;
        }
    }
    Info = (PVOID)(Notify->Buffer + At);
    Info->NextEntryOffset = 0;
    Info->Action = Action;
    Info->FileNameLength = Length;
    RtlCopyMemory(Info->FileName, Name, NameLength);
    if (Stream != NULL) {
        PWSTR Tail = (PWSTR)((PUCHAR)Info->FileName + NameLength);

        Tail[0] = L':';
        RtlCopyMemory(Tail + 1, Stream->Buffer, Stream->Length);
    }
    if (At != 0) {
        ((PFILE_NOTIFY_INFORMATION)(Notify->Buffer + Notify->Last))->NextEntryOffset =
            At - Notify->Last;
    }
    Notify->Last = At;
    Notify->Used = At + Size;
}

VOID NTAPI
FsRtlNotifyFilterReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList,
                              PSTRING FullTargetName, USHORT TargetNameOffset, PSTRING StreamName,
                              PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action,
                              PVOID TargetContext, PVOID FilterContext)
{
    PFSRTLP_SYNC Sync = (PFSRTLP_SYNC)NotifySync;

    KeEnterCriticalRegion();
    FsRtlpLockNotify(Sync);
    for (PLIST_ENTRY Entry = NotifyList->Flink; Entry != NotifyList; Entry = Entry->Flink) {
        PFSRTLP_NOTIFY Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        BOOLEAN Direct = FALSE;
        ULONG Start;
        PIRP Irp;

        if (!(Notify->Filter & FilterMatch) || FullTargetName == NULL ||
            Notify->Directory == NULL) {
            continue;
        }
        Start = FsRtlpRelative(Notify, FullTargetName, TargetNameOffset, &Direct);
        if (Start == 0 || (!Direct && !Notify->WatchTree)) {
            continue;
        }
        if (!Direct && Notify->Traverse != NULL &&
            !Notify->Traverse(Notify->FsContext, TargetContext, Notify->Subject)) {
            continue;
        }
        if (Notify->FilterCallback != NULL &&
            !Notify->FilterCallback(Notify->FsContext, FilterContext)) {
            continue;
        }
        FsRtlpCollect(Notify, (PWSTR)FullTargetName->Buffer + Start,
                      FullTargetName->Length - Start * sizeof(WCHAR), StreamName, Action);
        while (Notify->Ready && (Irp = FsRtlpTakeNotify(Notify)) != NULL) {
            FsRtlpDeliver(Notify, Irp); /* Y2 */
        }
    }
    FsRtlpUnlockNotify(Sync);
    KeLeaveCriticalRegion();
}

VOID NTAPI
FsRtlNotifyFullReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PSTRING FullTargetName,
                            USHORT TargetNameOffset, PSTRING StreamName,
                            PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action,
                            PVOID TargetContext)
{
    FsRtlNotifyFilterReportChange(NotifySync, NotifyList, FullTargetName, TargetNameOffset,
                                  StreamName, NormalizedParentName, FilterMatch, Action,
                                  TargetContext, NULL);
}
