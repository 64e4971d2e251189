/*
 * oplock.c - opportunistic locks: granting them, breaking them. [IFS: granting-oplocks, breaking-oplocks,
 * acknowledging-oplock-breaks; ntifs: FsRtlOplockFsctrl, FsRtlCheckOplock; nt-semantics-2 3.2, 3.3]
 *
 * A granted oplock is a request that waits; a break completes it. Levels are sets of what the owner may cache: read,
 * handle, write. The legacy kinds are such sets with rules of their own:
 *     Level 2  R      Level 1  RW      Batch  RWH      Filter  RWH, broken by fewer opens
 *
 *   K1  One owner holds an exclusive level (RW, RWH and the legacy kinds of them), or several hold shared ones.
 *   K2  The owner is a file object, or all that were opened with its oplock key (an extra create parameter): what it does itself breaks nothing, but that what changes or locks the data ends a Level 2.
 *   K3  A break that is acknowledged makes the operation wait (or not: the table); it is served when the owner
 *       acknowledges or closes.
 *   K4  Who waits in FsRtlCheckOplock without a completion routine waits here.
 *   K5  A create that requires an oplock (FILE_OPEN_REQUIRING_OPLOCK) breaks nobody's, and reserves: until its file object asks, is
 *       cleaned up or the create is backed out, what would break any oplock waits. [Win32: Types of Opportunistic Locks]
 *   K6  A directory's oplock is broken by what changes in the directory, but by those who were opened with its key as their
 *       parent key. Nobody waits for that. [MS-FSA 2.1.4.12, 2.1.4.12.2: PARENT_OBJECT]
 */
#include "nt/fsrtl/fsrtlp.h"
#include "nt/inc/ecp.h"
#include "nt/inc/life.h"

#ifndef STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE
#define STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE ((NTSTATUS)0x00000215)
#endif
#define OP_R 1u
#define OP_H 2u
#define OP_W 4u

typedef enum _FSRTLP_KIND {
    KindLevel2,
    KindLevel1,
    KindBatch,
    KindFilter,
    KindWin7,     /* FSCTL_REQUEST_OPLOCK */
    KindReserved, /* K5: none yet */
} FSRTLP_KIND;

typedef struct _FSRTLP_OWNER {
    LIST_ENTRY Links;
    PFILE_OBJECT FileObject;
    FSRTLP_KIND Kind;
    ULONG Level;
    PIRP Irp; /* NULL: broken, to be acknowledged */
    ULONG BreakTo;
    BOOLEAN ClosePending;
} FSRTLP_OWNER, *PFSRTLP_OWNER;

typedef struct _FSRTLP_WAITER {
    LIST_ENTRY Links;
    PIRP Irp;
    PVOID Context;
    POPLOCK_WAIT_COMPLETE_ROUTINE Routine;
    PFILE_OBJECT FileObject;
    PKEVENT Event; /* K4 */
    struct _FSRTLP_OPLOCK *Oplock;
    NTSTATUS Status;
} FSRTLP_WAITER, *PFSRTLP_WAITER;

typedef struct _FSRTLP_OPLOCK {
    LIST_ENTRY Owners, Waiters;
    POPLOCK Place; /* what steps on it touch */
} FSRTLP_OPLOCK, *PFSRTLP_OPLOCK;

/* What an operation does to an oplock of another. */
typedef enum _FSRTLP_EFFECT {
    EffectNone,
    EffectToRead,   /* to level 2; a handle right stays */
    EffectToNone,   /* everything goes, and the operation waits */
    EffectNoHandle, /* the handle right goes */
} FSRTLP_EFFECT;

static DRIVER_CANCEL FsRtlpCancelWaiter;
static VOID NTAPI FsRtlpNotified(PVOID Context, PIRP Irp);

VOID NTAPI
FsRtlInitializeOplock(POPLOCK Oplock)
{
    *Oplock = NULL;
}

static PFSRTLP_OPLOCK
FsRtlpOplock(POPLOCK Oplock)
{
    PFSRTLP_OPLOCK This = *Oplock;

    if (This == NULL) {
        This = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*This), TAG_FSRTL);
        InitializeListHead(&This->Owners);
        InitializeListHead(&This->Waiters);
        This->Place = Oplock;
        *Oplock = This;
    }
    return This;
}

static BOOLEAN
FsRtlpIsBreaking(PFSRTLP_OPLOCK This)
{
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links)->Irp == NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* K3 */
static VOID
FsRtlpServeWaiters(PFSRTLP_OPLOCK This)
{
    while (!IsListEmpty(&This->Waiters) && !FsRtlpIsBreaking(This)) {
        PFSRTLP_WAITER Waiter =
            CONTAINING_RECORD(RemoveHeadList(&This->Waiters), FSRTLP_WAITER, Links);

        InitializeListHead(&Waiter->Links);
        Waiter->Status = STATUS_SUCCESS;
        if (Waiter->Event != NULL) {
            KeSetEvent(Waiter->Event, IO_NO_INCREMENT, FALSE); /* its memory is the waiter's */
            continue;
        }
        if (IoSetCancelRoutine(Waiter->Irp, NULL) != NULL) {
            Waiter->Irp->IoStatus.Status = STATUS_SUCCESS;
            Waiter->Routine(Waiter->Context, Waiter->Irp);
        }
        ExFreePoolWithTag(Waiter, TAG_FSRTL);
    }
}

static VOID
FsRtlpFreeOwner(PFSRTLP_OWNER Owner)
{
    RemoveEntryList(&Owner->Links);
    ExFreePoolWithTag(Owner, TAG_FSRTL);
}

static VOID
FsRtlpEndOplock(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_DISK_INCREMENT);
}

/* REQUEST_OPLOCK_OUTPUT_BUFFER: version, length, original level, new level, flags, access, sharing. */
static ULONG
FsRtlpFillBreak(PIRP Irp, ULONG Original, ULONG New, BOOLEAN Acknowledge)
{
    PULONG Out = Irp->AssociatedIrp.SystemBuffer;

    if (Out == NULL ||
        IoGetCurrentIrpStackLocation(Irp)->Parameters.FileSystemControl.OutputBufferLength < 24) {
        return 0;
    }
    RtlZeroMemory(Out, 24);
    Out[0] = 1 | 24u << 16;
    Out[1] = Original;
    Out[2] = New;
    Out[3] = Acknowledge ? 1 : 0;
    return 24;
}

/* Breaks Owner to Level. TRUE: it has to acknowledge. */
static BOOLEAN
FsRtlpBreak(PFSRTLP_OWNER Owner, ULONG Level, BOOLEAN Acknowledge)
{
    PIRP Irp = Owner->Irp;
    ULONG Original = Owner->Level;
    ULONG_PTR Information;

    if (Irp == NULL) {
        Owner->BreakTo &= Level; /* broken already: farther down now */
        return TRUE;
    }
    if (IoSetCancelRoutine(Irp, NULL) == NULL) {
        return FALSE; /* being cancelled: it is as good as gone */
    }
    Owner->Irp = NULL;
    if (Owner->Kind == KindLevel2) {
        Acknowledge = FALSE;
    }
    if (Owner->Kind == KindWin7) {
        Information = FsRtlpFillBreak(Irp, Original, Level, Acknowledge);
    } else {
        Information = Level & OP_R ? FILE_OPLOCK_BROKEN_TO_LEVEL_2 : FILE_OPLOCK_BROKEN_TO_NONE;
    }
    Owner->BreakTo = Level;
    if (!Acknowledge) {
        FsRtlpFreeOwner(Owner);
    }
    FsRtlpEndOplock(Irp, STATUS_SUCCESS, Information);
    return Acknowledge;
}

static VOID NTAPI
FsRtlpCancelOplock(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFSRTLP_OWNER Owner = Irp->Tail.Overlay.DriverContext[0];
    PFSRTLP_OPLOCK This = Irp->Tail.Overlay.DriverContext[1];

    FsRtlpFreeOwner(Owner); /* in the step that took the routine away */
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KiSchedulePoint(SP_OBJECT, This->Place);
    FsRtlpServeWaiters(This);
    FsRtlpEndOplock(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
FsRtlpGrant(PFSRTLP_OPLOCK This, PIRP Irp, FSRTLP_KIND Kind, ULONG Level)
{
    PFSRTLP_OWNER Owner = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Owner), TAG_FSRTL);

    RtlZeroMemory(Owner, sizeof(*Owner));
    Owner->FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    Owner->Kind = Kind;
    Owner->Level = Level;
    Owner->Irp = Irp;
    InsertTailList(&This->Owners, &Owner->Links);
    Irp->Tail.Overlay.DriverContext[0] = Owner;
    Irp->Tail.Overlay.DriverContext[1] = This;
    IoMarkIrpPending(Irp);
    IoSetCancelRoutine(Irp, FsRtlpCancelOplock);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        FsRtlpFreeOwner(Owner);
        FsRtlpEndOplock(Irp, STATUS_CANCELLED, 0);
    }
    return STATUS_PENDING;
}

static NTSTATUS
FsRtlpRefuse(PIRP Irp, NTSTATUS Status)
{
    FsRtlpEndOplock(Irp, Status, 0);
    return Status;
}

/* K2: one file object, or two that were opened with the same key. */
BOOLEAN NTAPI
FsRtlOplockKeysEqual(PFILE_OBJECT Fo1, PFILE_OBJECT Fo2)
{
    const GUID *Key;

    if (Fo1 == Fo2 || Fo1 == NULL || Fo2 == NULL) {
        return Fo1 != NULL && Fo1 == Fo2;
    }
    Key = IopOplockKeyOf(Fo1);
    return Key != NULL && IopOplockKeyOf(Fo2) != NULL &&
           RtlEqualMemory(Key, IopOplockKeyOf(Fo2), sizeof(GUID));
}

/* K1: what is held now allows another owner of Level. Ends the older request of the same file object. */
static BOOLEAN
FsRtlpMayGrant(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject, FSRTLP_KIND Kind, ULONG Level)
{
    BOOLEAN Exclusive = (Level & OP_W) != 0;

    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
        BOOLEAN Same = FsRtlOplockKeysEqual(Owner->FileObject, FileObject);

        Entry = Entry->Flink;
        if (Owner->Irp == NULL) {
            return FALSE; /* a break is under way */
        }
        if (Kind == KindWin7 && Same) {
            if (Owner->Kind != KindWin7 || (Owner->Level & ~Level)) {
                return FALSE;
            }
            continue;
        }
        if (Owner->Level & OP_W) {
            return FALSE;
        }
        if (Exclusive) {
            /* A Level 2 gives way to a legacy exclusive oplock. */
            if (Kind == KindWin7 || Owner->Kind != KindLevel2) {
                return FALSE;
            }
            FsRtlpBreak(Owner, 0, FALSE);
            continue;
        }
        /* Shared ones: Level 2 and RH never meet. */
        if ((Kind == KindLevel2 && (Owner->Level & OP_H)) ||
            (Kind == KindWin7 && (Level & OP_H) && Owner->Kind == KindLevel2)) {
            return FALSE;
        }
    }
    if (Kind == KindWin7) {
        for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
            PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
            PIRP Irp = Owner->Irp;

            Entry = Entry->Flink;
            if (FsRtlOplockKeysEqual(Owner->FileObject, FileObject) &&
                IoSetCancelRoutine(Irp, NULL) != NULL) {
                FsRtlpFreeOwner(Owner);
                FsRtlpEndOplock(Irp, STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE, 0);
            }
        }
    }
    return TRUE;
}

static NTSTATUS
FsRtlpRequest(PFSRTLP_OPLOCK This, PIRP Irp, FSRTLP_KIND Kind, ULONG Level, ULONG OpenCount)
{
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    ULONG Most = Level & OP_W ? 1 : 0;

    /* Exclusive: no other open of the stream; shared: no byte-range locks (what OpenCount says then). */
    if ((FileObject->Flags & FO_SYNCHRONOUS_IO) || OpenCount > Most ||
        !FsRtlpMayGrant(This, FileObject, Kind, Level)) {
        return FsRtlpRefuse(Irp, STATUS_OPLOCK_NOT_GRANTED);
    }
    return FsRtlpGrant(This, Irp, Kind, Level);
}

static PFSRTLP_OWNER
FsRtlpBroken(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject)
{
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        if (Owner->FileObject == FileObject && Owner->Irp == NULL && Owner->Kind != KindReserved) {
            return Owner;
        }
    }
    return NULL;
}

static NTSTATUS
FsRtlpAcknowledge(PFSRTLP_OPLOCK This, PIRP Irp, ULONG Code, ULONG Level)
{
    PFSRTLP_OWNER Owner = FsRtlpBroken(This, IoGetCurrentIrpStackLocation(Irp)->FileObject);
    FSRTLP_KIND Kind;

    if (Owner == NULL || (Owner->Kind == KindWin7) != (Code == FSCTL_REQUEST_OPLOCK)) {
        return FsRtlpRefuse(Irp, STATUS_INVALID_OPLOCK_PROTOCOL);
    }
    if (Code == FSCTL_OPBATCH_ACK_CLOSE_PENDING && Owner->Kind != KindLevel1) {
        Owner->ClosePending = TRUE; /* the waiters wait for the handle's cleanup */
        return FsRtlpRefuse(Irp, STATUS_SUCCESS);
    }
    Kind = Owner->Kind;
    Level = Code == FSCTL_REQUEST_OPLOCK             ? Level & Owner->BreakTo
            : Code == FSCTL_OPLOCK_BREAK_ACKNOWLEDGE ? Owner->BreakTo & OP_R
                                                     : 0;
    FsRtlpFreeOwner(Owner);
    if (Level != 0) {
        /* The acknowledgment is the request of what is left. */
        NTSTATUS Status = FsRtlpGrant(This, Irp, Kind == KindWin7 ? KindWin7 : KindLevel2, Level);

        FsRtlpServeWaiters(This);
        return Status;
    }
    FsRtlpServeWaiters(This);
    return FsRtlpRefuse(Irp, STATUS_SUCCESS);
}

/* FSCTL_REQUEST_OPLOCK: version, length, level, flags (1 a request, 2 an acknowledgment). */
static NTSTATUS
FsRtlpWin7Request(PFSRTLP_OPLOCK This, PIRP Irp, ULONG OpenCount)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PULONG In = Irp->AssociatedIrp.SystemBuffer;

    if (Stack->Parameters.FileSystemControl.InputBufferLength < 12 ||
        Stack->Parameters.FileSystemControl.OutputBufferLength < 24 || In == NULL) {
        return FsRtlpRefuse(Irp, STATUS_INVALID_PARAMETER);
    }
    if (In[2] & 2) {
        return FsRtlpAcknowledge(This, Irp, FSCTL_REQUEST_OPLOCK, In[1]);
    }
    switch (In[1]) {
    case OP_R:
    case OP_R | OP_H:
    case OP_R | OP_W:
    case OP_R | OP_W | OP_H:
        return FsRtlpRequest(This, Irp, KindWin7, In[1], OpenCount);
    }
    return FsRtlpRefuse(Irp, STATUS_INVALID_PARAMETER);
}

static NTSTATUS
FsRtlpBreakNotify(PFSRTLP_OPLOCK This, PIRP Irp)
{
    PFSRTLP_WAITER Waiter;

    if (!FsRtlpIsBreaking(This)) {
        return FsRtlpRefuse(Irp, STATUS_SUCCESS);
    }
    Waiter = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Waiter), TAG_FSRTL);
    RtlZeroMemory(Waiter, sizeof(*Waiter));
    Waiter->Irp = Irp;
    Waiter->Oplock = This;
    Waiter->Routine = FsRtlpNotified;
    Irp->Tail.Overlay.DriverContext[0] = Waiter;
    IoMarkIrpPending(Irp);
    InsertTailList(&This->Waiters, &Waiter->Links);
    IoSetCancelRoutine(Irp, FsRtlpCancelWaiter);
    return STATUS_PENDING;
}

/* K5. TRUE: FileObject had reserved one, and has not any more. */
static BOOLEAN
FsRtlpDropReservation(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject)
{
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        if (Owner->FileObject == FileObject && Owner->Kind == KindReserved) {
            FsRtlpFreeOwner(Owner);
            return TRUE;
        }
    }
    return FALSE;
}

static NTSTATUS
FsRtlpReserve(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject, ULONG OpenCount)
{
    PFSRTLP_OWNER Owner;

    if (OpenCount > 1 && !KiVersion->OplockRequiredAmongOpens) {
        return STATUS_OPLOCK_NOT_GRANTED;
    }
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
        if (((Owner->Level & OP_W) || Owner->Irp == NULL) &&
            !FsRtlOplockKeysEqual(Owner->FileObject, FileObject)) {
            return STATUS_CANNOT_BREAK_OPLOCK;
        }
    }
    Owner = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Owner), TAG_FSRTL);
    RtlZeroMemory(Owner, sizeof(*Owner));
    Owner->FileObject = FileObject;
    Owner->Kind = KindReserved;
    InsertTailList(&This->Owners, &Owner->Links);
    return STATUS_SUCCESS;
}

/* A create that requires an oplock, or announces a filter oplock, of which it is only said whether it could be granted now.
   The request stays the caller's. [ntifs: FsRtlOplockFsctrl] */
static NTSTATUS
FsRtlpCreateWithOplock(PFSRTLP_OPLOCK This, PIO_STACK_LOCATION Stack, ULONG OpenCount)
{
    ULONG Options = Stack->Parameters.Create.Options;

    if (Options & FILE_OPEN_REQUIRING_OPLOCK) {
        return FsRtlpReserve(This, Stack->FileObject, OpenCount);
    }
    if (!(Options & FILE_RESERVE_OPFILTER)) {
        return STATUS_INVALID_PARAMETER;
    }
    return OpenCount == 1 && IsListEmpty(&This->Owners) &&
                   !(Stack->Parameters.Create.SecurityContext->DesiredAccess &
                     ~(ACCESS_MASK)(FILE_READ_ATTRIBUTES | SYNCHRONIZE)) &&
                   (Stack->Parameters.Create.ShareAccess & 7) == 7
               ? STATUS_SUCCESS
               : STATUS_OPLOCK_NOT_GRANTED;
}

static NTSTATUS
FsRtlpControl(PFSRTLP_OPLOCK This, PIRP Irp, ULONG OpenCount, ULONG Code)
{
    switch (Code) {
    case FSCTL_REQUEST_OPLOCK_LEVEL_1:
        return FsRtlpRequest(This, Irp, KindLevel1, OP_R | OP_W, OpenCount);
    case FSCTL_REQUEST_BATCH_OPLOCK:
        return FsRtlpRequest(This, Irp, KindBatch, OP_R | OP_W | OP_H, OpenCount);
    case FSCTL_REQUEST_FILTER_OPLOCK:
        return FsRtlpRequest(This, Irp, KindFilter, OP_R | OP_W | OP_H, OpenCount);
    case FSCTL_REQUEST_OPLOCK_LEVEL_2:
        return FsRtlpRequest(This, Irp, KindLevel2, OP_R, OpenCount);
    case FSCTL_REQUEST_OPLOCK:
        return FsRtlpWin7Request(This, Irp, OpenCount);
    case FSCTL_OPLOCK_BREAK_ACKNOWLEDGE:
    case FSCTL_OPLOCK_BREAK_ACK_NO_2:
    case FSCTL_OPBATCH_ACK_CLOSE_PENDING:
        return FsRtlpAcknowledge(This, Irp, Code, 0);
    case FSCTL_OPLOCK_BREAK_NOTIFY:
        return FsRtlpBreakNotify(This, Irp);
    }
    return FsRtlpRefuse(Irp, STATUS_INVALID_PARAMETER);
}

NTSTATUS NTAPI
FsRtlOplockFsctrlEx(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFSRTLP_OPLOCK This = FsRtlpOplock(Oplock);
    ULONG Code;
    BOOLEAN Reserved;
    NTSTATUS Status;

    KiSchedulePoint(SP_OBJECT, Oplock);
    if (Stack->MajorFunction == IRP_MJ_CREATE) {
        return FsRtlpCreateWithOplock(This, Stack, OpenCount);
    }
    Code = Stack->Parameters.FileSystemControl.FsControlCode;
    if ((Flags & 1 /* OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH */) && !FsRtlOplockIsSharedRequest(Irp)) {
        OpenCount = min(OpenCount, 1);
    }
    Reserved = FsRtlpDropReservation(This, Stack->FileObject);
    Status = FsRtlpControl(This, Irp, OpenCount, Code);
    if (Reserved) {
        FsRtlpServeWaiters(This); /* they look again */
    }
    return Status;
}

NTSTATUS NTAPI
FsRtlOplockFsctrl(POPLOCK Oplock, PIRP Irp, ULONG OpenCount)
{
    return FsRtlOplockFsctrlEx(Oplock, Irp, OpenCount, 0);
}

/* The table: what the operation of Irp does to Owner's oplock. */
static FSRTLP_EFFECT
FsRtlpCreateEffect(PFSRTLP_OWNER Owner, PIO_STACK_LOCATION Stack)
{
    ULONG Options = Stack->Parameters.Create.Options, Disposition = Options >> 24;
    ACCESS_MASK Access = Stack->Parameters.Create.SecurityContext->DesiredAccess;
    BOOLEAN Overwrites = Disposition == FILE_SUPERSEDE || Disposition == FILE_OVERWRITE ||
                         Disposition == FILE_OVERWRITE_IF || (Options & FILE_RESERVE_OPFILTER);

    if (!(Options & FILE_RESERVE_OPFILTER) &&
        !(Access & ~(ACCESS_MASK)(FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE))) {
        return EffectNone;
    }
    if (Owner->Kind == KindFilter) {
        return Overwrites || (Access & ~(ACCESS_MASK)(FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES |
                                                      FILE_READ_DATA | FILE_READ_EA | FILE_EXECUTE |
                                                      SYNCHRONIZE | READ_CONTROL))
                   ? EffectToNone
                   : EffectNone;
    }
    if (Overwrites) {
        return EffectToNone;
    }
    return Owner->Level & OP_W ? EffectToRead : EffectNone;
}

static FSRTLP_EFFECT
FsRtlpEffect(PFSRTLP_OWNER Owner, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSRTLP_OWNER Any = {.Kind = KindWin7, .Level = OP_R | OP_W | OP_H};

    if (Owner->Kind == KindReserved) {
        Owner = &Any; /* K5 */
    }
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        return FsRtlpCreateEffect(Owner, Stack);
    case IRP_MJ_READ:
        return (Owner->Level & OP_W) && Owner->Kind != KindFilter ? EffectToRead : EffectNone;
    case IRP_MJ_WRITE:
        return EffectToNone;
    case IRP_MJ_LOCK_CONTROL:
        return Owner->Kind == KindFilter ? EffectNone : EffectToNone;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_SET_ZERO_DATA
                   ? EffectToNone
                   : EffectNone;
    case IRP_MJ_SET_INFORMATION:
        switch ((ULONG)Stack->Parameters.SetFile.FileInformationClass) {
        case FileEndOfFileInformation:
        case FileAllocationInformation:
        case FileValidDataLengthInformation:
            return EffectToNone;
        case FileRenameInformation:
        case FileShortNameInformation:
        case FileLinkInformation:
        case 65:
        case 72:
            return Owner->Kind == KindBatch || Owner->Kind == KindFilter ? EffectToNone
                   : Owner->Level & OP_H                                 ? EffectNoHandle
                                                                         : EffectNone;
        case FileDispositionInformation:
        case 64:
            return Owner->Kind == KindWin7 && (Owner->Level & OP_H) &&
                           (*(PUCHAR)Irp->AssociatedIrp.SystemBuffer & 1)
                       ? EffectNoHandle
                       : EffectNone;
        }
        return EffectNone;
    }
    return EffectNone;
}

/* The owner's handle is being cleaned up: its oplocks end, whatever waits for them goes on. */
static NTSTATUS
FsRtlpOplockCleanup(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject)
{
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        Entry = Entry->Flink;
        if (Owner->FileObject != FileObject) {
            continue;
        }
        if (Owner->Irp == NULL) {
            FsRtlpFreeOwner(Owner);
        } else {
            FsRtlpBreak(Owner, 0, FALSE);
        }
    }
    FsRtlpServeWaiters(This);
    return STATUS_SUCCESS;
}

static VOID NTAPI
FsRtlpNotified(PVOID Context, PIRP Irp)
{
    FsRtlpEndOplock(Irp, Irp->IoStatus.Status, 0);
}

static VOID NTAPI
FsRtlpCancelWaiter(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFSRTLP_WAITER Waiter = Irp->Tail.Overlay.DriverContext[0];

    RemoveEntryList(&Waiter->Links);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Irp->IoStatus.Status = STATUS_CANCELLED;
    if (Waiter->Event != NULL) {
        Waiter->Status = STATUS_CANCELLED;
        KeSetEvent(Waiter->Event, IO_NO_INCREMENT, FALSE);
        return;
    }
    Waiter->Routine(Waiter->Context, Irp);
    ExFreePoolWithTag(Waiter, TAG_FSRTL);
}

PVOID
FsRtlpPlaceOfOplock(PIRP Irp)
{
    if (Irp->CancelRoutine == FsRtlpCancelOplock) {
        return ((PFSRTLP_OPLOCK)Irp->Tail.Overlay.DriverContext[1])->Place;
    }
    return Irp->CancelRoutine == FsRtlpCancelWaiter
               ? ((PFSRTLP_WAITER)Irp->Tail.Overlay.DriverContext[0])->Oplock->Place
               : NULL;
}

/* K4 */
static NTSTATUS
FsRtlpWaitHere(PFSRTLP_OPLOCK This, PIRP Irp)
{
    FSRTLP_WAITER Waiter = {.Irp = Irp, .Oplock = This, .Status = STATUS_CANCELLED};
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Waiter.Event = &Event;
    Irp->Tail.Overlay.DriverContext[0] = &Waiter;
    InsertTailList(&This->Waiters, &Waiter.Links);
    IoSetCancelRoutine(Irp, FsRtlpCancelWaiter);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Waiter.Links);
        return STATUS_CANCELLED;
    }
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    IoSetCancelRoutine(Irp, NULL);
    return Waiter.Status;
}

static NTSTATUS
FsRtlpWait(PFSRTLP_OPLOCK This, PIRP Irp, PVOID Context, POPLOCK_WAIT_COMPLETE_ROUTINE Routine,
           POPLOCK_FS_PREPOST_IRP PostIrp)
{
    PFSRTLP_WAITER Waiter;

    if (Routine == NULL) {
        return FsRtlpWaitHere(This, Irp);
    }
    Waiter = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Waiter), TAG_FSRTL);
    RtlZeroMemory(Waiter, sizeof(*Waiter));
    Waiter->Irp = Irp;
    Waiter->Context = Context;
    Waiter->Routine = Routine;
    Waiter->Oplock = This;
    if (PostIrp != NULL) {
        PostIrp(Context, Irp); /* which marks it pending */
    }
    Irp->Tail.Overlay.DriverContext[0] = Waiter;
    InsertTailList(&This->Waiters, &Waiter->Links);
    IoSetCancelRoutine(Irp, FsRtlpCancelWaiter);
    return STATUS_PENDING;
}

/* A byte-range lock does not wait for RWH. [IFS: irp-mj-lock-control2] */
static BOOLEAN
FsRtlpGoesOn(PFSRTLP_OWNER Owner, PIO_STACK_LOCATION Stack)
{
    return Stack->MajorFunction == IRP_MJ_LOCK_CONTROL && Owner->Kind == KindWin7 &&
           (Owner->Level & OP_H);
}

/* Breaks what the effect breaks; TRUE: somebody has to acknowledge, and the operation waits for it. */
static BOOLEAN
FsRtlpBreakOthers(PFSRTLP_OPLOCK This, PIRP Irp, ULONG Flags)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN Wait = FALSE;

    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
        BOOLEAN Shared = !(Owner->Level & OP_W),
                Own = !(Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) &&
                      FsRtlOplockKeysEqual(Owner->FileObject, Stack->FileObject);
        FSRTLP_EFFECT Effect = FsRtlpEffect(Owner, Irp);
        ULONG Level;

        Entry = Entry->Flink;
        /* K2: who changes or locks the data ends a Level 2 always. */
        if (Own && !(Owner->Kind == KindLevel2 && Stack->MajorFunction != IRP_MJ_CREATE &&
                     Effect == EffectToNone)) {
            continue;
        }
        if (Effect == EffectNone) {
            continue;
        }
        if (Owner->Kind == KindReserved) {
            Wait = TRUE; /* K5 */
            continue;
        }
        Level = Effect == EffectToNone     ? 0
                : Effect == EffectNoHandle ? Owner->Level & ~OP_H
                                           : Owner->Level & ~OP_W;
        if (Effect == EffectToRead && Owner->Kind != KindWin7) {
            Level = OP_R;
        }
        if (Shared && !(Owner->Level & OP_H)) {
            FsRtlpBreak(Owner, Level, FALSE);
        } else if (Shared || FsRtlpGoesOn(Owner, Stack)) {
            /* to be acknowledged, but only what takes the handle right away waits */
            Wait |= FsRtlpBreak(Owner, Level, TRUE) && Effect == EffectNoHandle;
        } else {
            Wait |= FsRtlpBreak(Owner, Level, TRUE);
        }
    }
    return Wait;
}

static BOOLEAN
FsRtlpGivesHandles(PFSRTLP_OWNER Owner)
{
    return Owner->Kind == KindReserved || (Owner->Kind == KindWin7 && (Owner->Level & OP_H));
}

/* K5. A create that requires an oplock itself breaks none. Handles: as FsRtlpBreakHandles would. */
static BOOLEAN
FsRtlpMustNotBreak(PFSRTLP_OPLOCK This, PIRP Irp, ULONG Flags, BOOLEAN Handles)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction != IRP_MJ_CREATE ||
        !(Stack->Parameters.Create.Options & FILE_OPEN_REQUIRING_OPLOCK)) {
        return FALSE;
    }
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
        BOOLEAN Breaks =
            Handles ? FsRtlpGivesHandles(Owner) : FsRtlpEffect(Owner, Irp) != EffectNone;

        if (Breaks && ((Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) ||
                       !FsRtlOplockKeysEqual(Owner->FileObject, Stack->FileObject))) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Those who cache the handle (and, K5, those who may want to) are asked to close it. TRUE: one has to acknowledge. */
static BOOLEAN
FsRtlpBreakHandles(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject, ULONG Flags)
{
    BOOLEAN Wait = FALSE;

    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        Entry = Entry->Flink;
        if (!(Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) &&
            FsRtlOplockKeysEqual(Owner->FileObject, FileObject)) {
            continue;
        }
        if (Owner->Kind == KindReserved) {
            Wait = TRUE;
        } else if (FsRtlpGivesHandles(Owner)) {
            Wait |= FsRtlpBreak(Owner, Owner->Level & ~OP_H, TRUE);
        }
    }
    return Wait;
}

/* K6 */
static VOID
FsRtlpBreakParent(PFSRTLP_OPLOCK This, PFILE_OBJECT FileObject, ULONG Flags)
{
    const GUID *ParentKey = IopParentOplockKeyOf(FileObject);

    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);
        const GUID *Key = IopOplockKeyOf(Owner->FileObject);

        Entry = Entry->Flink;
        if (Owner->FileObject == FileObject || Owner->Kind == KindReserved ||
            (!(Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) && Key != NULL && ParentKey != NULL &&
             RtlEqualMemory(Key, ParentKey, sizeof(GUID)))) {
            continue;
        }
        FsRtlpBreak(Owner, 0, (Owner->Level & (OP_H | OP_W)) != 0);
    }
}

/* The operation waits for who has to acknowledge, unless it said that it does not. */
static NTSTATUS
FsRtlpAwait(PFSRTLP_OPLOCK This, PIRP Irp, ULONG Flags, PVOID Context,
            POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if ((Flags & OPLOCK_FLAG_COMPLETE_IF_OPLOCKED) ||
        (Stack->MajorFunction == IRP_MJ_CREATE &&
         (Stack->Parameters.Create.Options & FILE_COMPLETE_IF_OPLOCKED))) {
        return STATUS_OPLOCK_BREAK_IN_PROGRESS;
    }
    return FsRtlpWait(This, Irp, Context, CompletionRoutine, PostIrpRoutine);
}

static BOOLEAN
FsRtlpIsIdle(PFSRTLP_OPLOCK This)
{
    return This == NULL || (IsListEmpty(&This->Owners) && IsListEmpty(&This->Waiters));
}

/* In front of an operation that may break it. NULL: nobody has one, or waits for one; to see that only looks. */
static PFSRTLP_OPLOCK
FsRtlpLookAtOplock(POPLOCK Oplock)
{
    KiLooksAt(Oplock);
    if (FsRtlpIsIdle(*Oplock)) {
        return NULL;
    }
    KiSchedulePoint(SP_OBJECT, Oplock);
    return FsRtlpIsIdle(*Oplock) ? NULL : *Oplock;
}

NTSTATUS NTAPI
FsRtlCheckOplockEx(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
                   POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                   POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFSRTLP_OPLOCK This;

    if (Irp->Flags & IRP_PAGING_IO) {
        return STATUS_SUCCESS;
    }
    This = FsRtlpLookAtOplock(Oplock);
    if (This == NULL) {
        return STATUS_SUCCESS;
    }
    if (Flags & OPLOCK_FLAG_OPLOCK_KEY_CHECK_ONLY) {
        return STATUS_SUCCESS; /* the I/O manager has kept it, with the create */
    }
    if (Flags & OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK) {
        if (FsRtlpDropReservation(This, Stack->FileObject)) {
            FsRtlpServeWaiters(This);
        }
        return STATUS_SUCCESS;
    }
    if (Flags & OPLOCK_FLAG_PARENT_OBJECT) {
        FsRtlpBreakParent(This, Stack->FileObject, Flags);
        return STATUS_SUCCESS;
    }
    if (Stack->MajorFunction == IRP_MJ_CLEANUP) {
        BOOLEAN Wait = (Flags & OPLOCK_FLAG_CLOSING_DELETE_ON_CLOSE) &&
                       FsRtlpBreakHandles(This, Stack->FileObject, Flags);

        FsRtlpOplockCleanup(This, Stack->FileObject);
        return Wait ? FsRtlpAwait(This, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine)
                    : STATUS_SUCCESS;
    }
    if (FsRtlpMustNotBreak(This, Irp, Flags, FALSE)) {
        return STATUS_CANNOT_BREAK_OPLOCK;
    }
    while (FsRtlpBreakOthers(This, Irp, Flags)) {
        NTSTATUS Status = FsRtlpAwait(This, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine);

        if (Status != STATUS_SUCCESS || FsRtlpLookAtOplock(Oplock) != This) {
            return Status;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlCheckOplock(POPLOCK Oplock, PIRP Irp, PVOID Context,
                 POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                 POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlCheckOplockEx(Oplock, Irp, 0, Context, CompletionRoutine, PostIrpRoutine);
}

/* A sharing violation: who caches the handle may close it. */
NTSTATUS NTAPI
FsRtlOplockBreakH(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
                  POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                  POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFSRTLP_OPLOCK This = FsRtlpLookAtOplock(Oplock);

    if (This == NULL) {
        return STATUS_SUCCESS;
    }
    if (FsRtlpMustNotBreak(This, Irp, Flags, TRUE)) {
        return STATUS_CANNOT_BREAK_OPLOCK;
    }
    return FsRtlpBreakHandles(This, Stack->FileObject, Flags)
               ? FsRtlpAwait(This, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine)
               : STATUS_SUCCESS;
}

/* "Immediately without regard for any oplock key." */
NTSTATUS NTAPI
FsRtlOplockBreakToNoneEx(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
                         POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                         POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    PFSRTLP_OPLOCK This = FsRtlpLookAtOplock(Oplock);
    BOOLEAN Wait = FALSE;

    if (This == NULL) {
        return STATUS_SUCCESS;
    }
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners;) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        Entry = Entry->Flink;
        Wait |= FsRtlpBreak(Owner, 0, (Owner->Level & OP_W) != 0);
    }
    return Wait ? FsRtlpAwait(This, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine)
                : STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlOplockBreakToNone(POPLOCK Oplock, PIO_STACK_LOCATION IrpSp, PIRP Irp, PVOID Context,
                       POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                       POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlOplockBreakToNoneEx(Oplock, Irp, 0, Context, CompletionRoutine, PostIrpRoutine);
}

VOID NTAPI
FsRtlUninitializeOplock(POPLOCK Oplock)
{
    PFSRTLP_OPLOCK This = *Oplock;

    if (This == NULL) {
        return;
    }
    while (!IsListEmpty(&This->Owners)) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(This->Owners.Flink, FSRTLP_OWNER, Links);

        if (Owner->Irp == NULL || IoSetCancelRoutine(Owner->Irp, NULL) == NULL) {
            FsRtlpFreeOwner(Owner);
        } else {
            PIRP Irp = Owner->Irp;

            FsRtlpFreeOwner(Owner);
            FsRtlpEndOplock(Irp, STATUS_SUCCESS, FILE_OPLOCK_BROKEN_TO_NONE);
        }
    }
    FsRtlpServeWaiters(This);
    *Oplock = NULL;
    ExFreePoolWithTag(This, TAG_FSRTL);
}

/* Fast I/O passes oplocks by: it may go on while none is held that it would break. */
BOOLEAN NTAPI
FsRtlOplockIsFastIoPossible(POPLOCK Oplock)
{
    PFSRTLP_OPLOCK This;

    KiLooksAt(Oplock);
    This = *Oplock;
    return This == NULL || IsListEmpty(&This->Owners);
}

static BOOLEAN
FsRtlpHolds(POPLOCK Oplock, ULONG Level, BOOLEAN Legacy)
{
    PFSRTLP_OPLOCK This;

    KiLooksAt(Oplock);
    This = *Oplock;
    if (This == NULL) {
        return FALSE;
    }
    for (PLIST_ENTRY Entry = This->Owners.Flink; Entry != &This->Owners; Entry = Entry->Flink) {
        PFSRTLP_OWNER Owner = CONTAINING_RECORD(Entry, FSRTLP_OWNER, Links);

        if (Owner->Kind == KindReserved) {
            if (Level & OP_H) {
                return TRUE; /* K5: it may become one */
            }
            continue;
        }
        if (Legacy ? Owner->Kind == KindBatch || Owner->Kind == KindFilter
                   : (Owner->Level & Level) == Level) {
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN NTAPI
FsRtlCurrentBatchOplock(POPLOCK Oplock)
{
    return FsRtlpHolds(Oplock, 0, TRUE);
}

BOOLEAN NTAPI
FsRtlCurrentOplock(POPLOCK Oplock)
{
    return FsRtlpHolds(Oplock, 0, FALSE);
}

BOOLEAN NTAPI
FsRtlCurrentOplockH(POPLOCK Oplock)
{
    return FsRtlpHolds(Oplock, OP_H, FALSE);
}

BOOLEAN NTAPI
FsRtlOplockIsSharedRequest(PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PULONG In = Irp->AssociatedIrp.SystemBuffer;

    if (Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_REQUEST_OPLOCK_LEVEL_2) {
        return TRUE;
    }
    return Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_REQUEST_OPLOCK &&
           In != NULL && !(In[2] & 2) && !(In[1] & OP_W);
}
