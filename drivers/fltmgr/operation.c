/*
 * operation.c - one operation on its way down the pre-callbacks and up the post-callbacks.
 *
 * Down: each instance that has registered for the operation, highest altitude first, is called; what it wants to know
 * afterwards stands in a node. Up: the nodes in reverse. How an operation gets below and comes back is pass.c's
 * (IRPs) and fastio.c's business. [DDI: PFLT_PRE_OPERATION_CALLBACK, PFLT_POST_OPERATION_CALLBACK,
 * FltCompletePendedPreOperation, FltSetCallbackDataDirty; nt-semantics-2 1.3 to 1.5]
 *
 *   O1  An instance's IoRundown is held from before its pre-callback until its post-callback is over, or until it is
 *       known that there will be none.
 *   O2  Parameters count only with FltSetCallbackDataDirty; else what the pre-callback has changed is put back. The
 *       instance's own post-callback and all above see them as they came.
 *   O3  A node whose operation is below is on its instance's Passed list: teardown drains it (teardown.c). Whoever
 *       takes it off the list, drain or completion, calls the post-callback.
 *   O4  Pend decides between a callback that returns "pending" and whoever completes it, maybe before it has
 *       returned: 0 running, 1 returned, 2 completed while it ran, 3 completed after.
 */
#include "fltp.h"

/* Bugcheck 0xF5: 0x66 is documented; 0x70 and 0x71 are ntlab's, for what Windows documents as forbidden. */
#define FLTP_NO_POST        0x66
#define FLTP_BAD_STATUS     0x70
#define FLTP_COMPLETE_TWICE 0x71

PFLTP_OPERATION
FltpAllocateOperation(PFLT_VOLUME Volume)
{
    PFLTP_OPERATION Operation =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*Operation), FLTP_TAG_OPERATION);

    if (Operation != NULL) {
        RtlZeroMemory(Operation, FIELD_OFFSET(FLTP_OPERATION, First));
        Operation->Signature = FLTP_OPERATION_SIGNATURE;
        *(PFLT_IO_PARAMETER_BLOCK *)&Operation->Data.Iopb = &Operation->Iopb;
        Operation->References = 1;
        Operation->Volume = Volume;
        Operation->First[0].Operation = Operation->First[1].Operation = NULL; /* free */
    }
    return Operation;
}

VOID
FltpFreeOperation(PFLTP_OPERATION Operation)
{
    if (Operation->LockedMdl != NULL) {
        MmUnlockPages(Operation->LockedMdl);
        IoFreeMdl(Operation->LockedMdl);
    }
    Operation->Signature = 0;
    ExFreePoolWithTag(Operation, FLTP_TAG_OPERATION);
}

VOID
FltpDereferenceOperation(PFLTP_OPERATION Operation)
{
    if (InterlockedDecrement(&Operation->References) == 0) {
        FltpFreeOperation(Operation);
    }
}

/* Do the registration's flags leave this operation out? [DDI: FLT_OPERATION_REGISTRATION] */
static BOOLEAN
FltpSkips(const FLT_OPERATION_REGISTRATION *Registration, ULONG IrpFlags, PFILE_OBJECT FileObject,
          BOOLEAN Irp)
{
    UCHAR Major = Registration->MajorFunction;
    BOOLEAN Transfer = Major == IRP_MJ_READ || Major == IRP_MJ_WRITE;
    BOOLEAN Paging = Irp && (IrpFlags & IRP_PAGING_IO);
    BOOLEAN Cached = !Irp || (IrpFlags & (IRP_NOCACHE | IRP_PAGING_IO)) == 0;

    if (Registration->Flags == 0) {
        return FALSE;
    }
    if ((Registration->Flags & FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO) && Transfer && Paging) {
        return TRUE;
    }
    if ((Registration->Flags & FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO) && Transfer && Cached) {
        return TRUE;
    }
    if ((Registration->Flags & FLTFL_OPERATION_REGISTRATION_SKIP_NON_CACHED_NON_PAGING_IO) &&
        Transfer && !Cached && !Paging) {
        return TRUE;
    }
    return (Registration->Flags & FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO) &&
           (FileObject == NULL || (FileObject->Flags & FO_VOLUME_OPEN) == 0);
}

/* The next instance below Above (NULL: from the top) that wants to see it, with its IoRundown (O1). */
PFLT_INSTANCE
FltpNextInstance(PFLT_VOLUME Volume, PFLT_INSTANCE Above, UCHAR Major, ULONG IrpFlags,
                 PFILE_OBJECT FileObject, BOOLEAN Irp)
{
    ULONG Index = FltpIndex(Major);
    PFLT_INSTANCE Found = NULL;
    PLIST_ENTRY Entry;

    if (IsListEmpty(&Volume->Instances)) {
        return NULL;
    }
    FltpAcquireShared(&Volume->Lock);
    for (Entry = Above != NULL ? Above->Header.Links.Flink : Volume->Instances.Flink;
         Entry != &Volume->Instances && Found == NULL; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);
        const FLT_OPERATION_REGISTRATION *Registration = Instance->Filter->Operation[Index];

        if (Registration != NULL && Instance->Enabled &&
            !FltpSkips(Registration, IrpFlags, FileObject, Irp) &&
            ExAcquireRundownProtection(&Instance->IoRundown)) {
            Found = Instance;
        }
    }
    FltpRelease(&Volume->Lock);
    return Found;
}

static PFLTP_NODE
FltpPushNode(PFLTP_OPERATION Operation, PFLT_INSTANCE Instance)
{
    PFLTP_NODE Node = NULL;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Operation->First) && Node == NULL; i++) {
        if (Operation->First[i].Operation == NULL) {
            Node = &Operation->First[i];
        }
    }
    if (Node == NULL) {
        Node = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Node), FLTP_TAG_OPERATION);
        if (Node == NULL) {
            KeBugCheckEx(FLTMGR_FILE_SYSTEM, 0x67, (ULONG_PTR)&Operation->Data, 0,
                         (ULONG)STATUS_INSUFFICIENT_RESOURCES);
        }
    }
    RtlZeroMemory(Node, sizeof(*Node));
    Node->Inline = Node == &Operation->First[0] || Node == &Operation->First[1];
    Node->Operation = Operation;
    Node->Instance = Instance;
    Node->Before = Operation->Iopb;
    Node->Up = Operation->Nodes;
    Operation->Nodes = Node;
    return Node;
}

static VOID
FltpFreeNode(PFLTP_NODE Node)
{
    if (Node->Inline) {
        Node->Operation = NULL;
    } else {
        ExFreePoolWithTag(Node, FLTP_TAG_OPERATION);
    }
}

static VOID
FltpLinkNode(PFLTP_NODE Node) /* O3 */
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&Node->Instance->OperationLock, &OldIrql);
    InsertTailList(&Node->Instance->Passed, &Node->Links);
    KeReleaseSpinLock(&Node->Instance->OperationLock, OldIrql);
}

static BOOLEAN
FltpUnlinkNode(PFLTP_NODE Node) /* O3; FALSE: drained */
{
    KIRQL OldIrql;

    if (InterlockedCompareExchange(&Node->Taken, 1, 0) != 0) {
        return FALSE; /* the instance may be gone */
    }
    KeAcquireSpinLock(&Node->Instance->OperationLock, &OldIrql);
    RemoveEntryList(&Node->Links);
    KeReleaseSpinLock(&Node->Instance->OperationLock, OldIrql);
    return TRUE;
}

static DECLSPEC_NORETURN VOID
FltpBadStatus(PFLTP_OPERATION Operation, ULONG Status, PVOID Callback)
{
    DbgPrintEx(DPFLTR_FLTMGR_ID, DPFLTR_ERROR_LEVEL,
               "fltmgr: a callback of %wZ returned %u, which operation 0x%x does not allow\n",
               &Operation->Current->Filter->Name, Status, Operation->Iopb.MajorFunction);
    KeBugCheckEx(FLTMGR_FILE_SYSTEM, FLTP_BAD_STATUS, (ULONG_PTR)&Operation->Data, Status,
                 (ULONG_PTR)Callback);
}

/* O2. What the pre-callback did to the parameters. */
static VOID
FltpTakeParameters(PFLTP_OPERATION Operation, PFLTP_NODE Node)
{
    PVOID *Buffer, *OldBuffer;
    PMDL *Mdl, *OldMdl;
    PULONG Length;
    LOCK_OPERATION Access;

    if ((Operation->Data.Flags & FLTFL_CALLBACK_DATA_DIRTY) == 0) {
        Operation->Iopb = Node->Before;
        return;
    }
    Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
    Operation->Modified = TRUE;
    if (FltpBufferFields(&Operation->Iopb, Operation->Data.Flags, &Mdl, &Buffer, &Length,
                         &Access)) {
        FltpBufferFields(&Node->Before, Operation->Data.Flags, &OldMdl, &OldBuffer, &Length,
                         &Access);
        if (*Buffer != *OldBuffer) {
            Node->Swapped = TRUE;
            if (Mdl != NULL && *Mdl != *OldMdl) {
                Node->NewMdl = *Mdl;
            }
        } else if (Mdl != NULL && *Mdl != *OldMdl && *Mdl == Operation->LockedMdl) {
            *OldMdl = *Mdl; /* FltLockUserBuffer: the same buffer, locked; everyone may know */
            for (PFLTP_NODE Above = Node->Up; Above != NULL; Above = Above->Up) {
                if (FltpBufferFields(&Above->Before, Operation->Data.Flags, &OldMdl, &OldBuffer,
                                     &Length, &Access) &&
                    *OldBuffer == *Buffer) {
                    *OldMdl = *Mdl;
                }
            }
        }
    }
}

/* The pre-callback's answer. TRUE: on to the next; FALSE: up again. */
static BOOLEAN
FltpAfterPre(PFLTP_OPERATION Operation, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context)
{
    PFLTP_NODE Node = Operation->Nodes;
    PFLT_INSTANCE Instance = Node->Instance;
    const FLT_OPERATION_REGISTRATION *Registration =
        Instance->Filter->Operation[FltpIndex(Operation->Iopb.MajorFunction)];
    BOOLEAN Irp = (Operation->Data.Flags & FLTFL_CALLBACK_DATA_IRP_OPERATION) != 0;
    BOOLEAN Keep = FALSE, Down = TRUE;

    switch (Status) {
    case FLT_PREOP_SYNCHRONIZE:
    case FLT_PREOP_SUCCESS_WITH_CALLBACK:
        FltpTakeParameters(Operation, Node);
        if (Registration->PostOperation == NULL) {
            KeBugCheckEx(FLTMGR_FILE_SYSTEM, FLTP_NO_POST, (ULONG_PTR)&Operation->Data, 0, 0);
        }
        Node->Post = Registration->PostOperation;
        Node->Context = Context;
        Keep = TRUE;
        if (Status == FLT_PREOP_SYNCHRONIZE && Irp) {
            Operation->Synchronous = TRUE;
        }
        break;
    case FLT_PREOP_SUCCESS_NO_CALLBACK:
        FltpTakeParameters(Operation, Node);
        Keep = Node->Swapped; /* its memory must stay until the operation is over */
        break;
    case FLT_PREOP_COMPLETE:
        Operation->Iopb = Node->Before;
        Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
        if (Operation->Data.IoStatus.Status == STATUS_PENDING) {
            FltpBadStatus(Operation, Status, Registration->PreOperation);
        }
        Down = FALSE;
        break;
    case FLT_PREOP_DISALLOW_FASTIO:
        if ((Operation->Data.Flags & FLTFL_CALLBACK_DATA_FAST_IO_OPERATION) == 0) {
            FltpBadStatus(Operation, Status, Registration->PreOperation);
        }
        Operation->Data.IoStatus.Status = STATUS_FLT_DISALLOW_FAST_IO;
        Operation->Disallowed = TRUE;
        Down = FALSE;
        break;
    case FLT_PREOP_DISALLOW_FSFILTER_IO:
        if (Operation->Iopb.MajorFunction != IRP_MJ_QUERY_OPEN) {
            FltpBadStatus(Operation, Status, Registration->PreOperation);
        }
        Operation->Data.IoStatus.Status = STATUS_FLT_DISALLOW_FAST_IO;
        Operation->Disallowed = TRUE;
        Down = FALSE;
        break;
    default:
        FltpBadStatus(Operation, Status, Registration->PreOperation);
    }
    if (!Keep) {
        Operation->Nodes = Node->Up;
        FltpFreeNode(Node);
    }
    return Down;
}

FLTP_NEXT
FltpDescend(PFLTP_OPERATION Operation, PFLT_INSTANCE Instance)
{
    while (Instance != NULL) {
        const FLT_OPERATION_REGISTRATION *Registration =
            Instance->Filter->Operation[FltpIndex(Operation->Iopb.MajorFunction)];
        FLT_PREOP_CALLBACK_STATUS Status = FLT_PREOP_SUCCESS_WITH_CALLBACK;
        PVOID Context = NULL;

        Operation->Current = Instance;
        Operation->Iopb.TargetInstance = Instance;
        FltpPushNode(Operation, Instance);
        FltpFillObjects(&Operation->Objects, Instance->Filter, Instance->Volume, Instance,
                        Operation->Iopb.TargetFileObject);
        if (Registration->PreOperation != NULL) {
            Operation->Pend = 0;
            Status = Registration->PreOperation(&Operation->Data, &Operation->Objects, &Context);
            if (Status == FLT_PREOP_PENDING) {
                if (Operation->Irp == NULL) {
                    FltpBadStatus(Operation, Status, Registration->PreOperation);
                }
                if (!Operation->Waits && !Operation->Generated) {
                    IoMarkIrpPending(Operation->Irp);
                    Operation->Pended = TRUE;
                }
                if (InterlockedCompareExchange(&Operation->Pend, 1, 0) == 0) {
                    return FltpStop; /* O4: not ours any more */
                }
                Status = Operation->PendStatus;
                Context = Operation->PendContext;
            }
        }
        if (!FltpContinue(Operation, Status, Context, &Instance)) {
            return FltpGoUp;
        }
    }
    return FltpGoDown;
}

/* With a pre-callback's answer on to the next instance. FALSE: up. */
BOOLEAN
FltpContinue(PFLTP_OPERATION Operation, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context,
             PFLT_INSTANCE *Next)
{
    PFLTP_NODE Node = Operation->Nodes, Up = Node->Up;
    PFLT_INSTANCE Instance = Node->Instance, Target;
    BOOLEAN Down = FltpAfterPre(Operation, Status, Context);
    BOOLEAN Kept = Operation->Nodes != Up;

    if (Down) {
        Target = Operation->Iopb.TargetInstance; /* another volume's, maybe */
        Operation->Volume = Target->Volume;
        *Next = FltpNextInstance(Target->Volume, Target, Operation->Iopb.MajorFunction,
                                 Operation->Iopb.IrpFlags, Operation->Iopb.TargetFileObject,
                                 Operation->Irp != NULL);
    }
    if (Kept) {
        FltpLinkNode(Node); /* from now on it may be drained, and the instance go */
    } else {
        ExReleaseRundownProtection(&Instance->IoRundown);
    }
    return Down;
}

static VOID
FltpAfterPost(PFLTP_OPERATION Operation, PFLTP_NODE Node)
{
    PFLT_INSTANCE Instance = Node->Instance;

    if (Node->NewMdl != NULL && !Node->Retain) {
        IoFreeMdl(Node->NewMdl); /* the filter put it in, the manager frees it */
    }
    FltpFreeNode(Node);
    ExReleaseRundownProtection(&Instance->IoRundown);
}

/* FALSE: a post-callback has kept the operation; it may be over already. */
BOOLEAN
FltpAscend(PFLTP_OPERATION Operation)
{
    FLT_POSTOP_CALLBACK_STATUS Status;
    PFLTP_NODE Node;

    Operation->Data.Flags |= FLTFL_CALLBACK_DATA_POST_OPERATION;
    while ((Node = Operation->Nodes) != NULL) {
        PFLT_INSTANCE Instance = Node->Instance;

        Operation->Nodes = Node->Up;
        Operation->Iopb = Node->Before; /* O2 */
        Operation->Iopb.TargetInstance = Instance;
        Operation->Current = Instance;
        if (!FltpUnlinkNode(Node)) {
            if (Node->NewMdl != NULL) {
                IoFreeMdl(Node->NewMdl);
            }
            FltpFreeNode(Node);
            continue;
        }
        Operation->Volume = Instance->Volume;
        Operation->PostNode = Node;
        Operation->Pend = 0;
        if (Node->Post != NULL) {
            FltpFillObjects(&Operation->Objects, Instance->Filter, Instance->Volume, Instance,
                            Operation->Iopb.TargetFileObject);
            Status = Node->Post(&Operation->Data, &Operation->Objects, Node->Context, 0);
            if (Status == FLT_POSTOP_MORE_PROCESSING_REQUIRED) {
                if (Operation->Irp == NULL) {
                    FltpBadStatus(Operation, Status, Node->Post);
                }
                if (!Operation->Generated) {
                    IoMarkIrpPending(Operation->Irp);
                    Operation->Pended = TRUE;
                }
                if (InterlockedCompareExchange(&Operation->Pend, 1, 0) == 0) {
                    return FALSE; /* O4 */
                }
            } else if (Status == FLT_POSTOP_DISALLOW_FSFILTER_IO &&
                       Operation->Iopb.MajorFunction == IRP_MJ_QUERY_OPEN) {
                Operation->Disallowed = TRUE;
            } else if (Status != FLT_POSTOP_FINISHED_PROCESSING) {
                FltpBadStatus(Operation, Status, Node->Post);
            }
        }
        FltpAfterPost(Operation, Node);
    }
    return TRUE;
}

static PFLTP_OPERATION
FltpPendedOperation(PFLT_CALLBACK_DATA Data)
{
    PFLTP_OPERATION Operation = FltpOperation(Data);

    if (Operation->Signature != FLTP_OPERATION_SIGNATURE) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, FLTP_COMPLETE_TWICE, (ULONG_PTR)Data, 0, 0);
    }
    return Operation;
}

/* TRUE: the callback has returned, the completer goes on; FALSE: the callback's thread will. */
static BOOLEAN
FltpTakePended(PFLTP_OPERATION Operation) /* O4 */
{
    LONG Old = InterlockedCompareExchange(&Operation->Pend, 2, 0);

    if (Old == 0) {
        return FALSE;
    }
    if (Old != 1 || InterlockedCompareExchange(&Operation->Pend, 3, 1) != 1) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, FLTP_COMPLETE_TWICE, (ULONG_PTR)&Operation->Data, 1, 0);
    }
    return TRUE;
}

VOID FLTAPI
FltCompletePendedPreOperation(PFLT_CALLBACK_DATA CallbackData,
                              FLT_PREOP_CALLBACK_STATUS CallbackStatus, PVOID Context)
{
    PFLTP_OPERATION Operation = FltpPendedOperation(CallbackData);
    PFLT_INSTANCE Next = NULL;
    FLTP_NEXT Where;

    Operation->PendStatus = CallbackStatus;
    Operation->PendContext = Context;
    if (!FltpTakePended(Operation)) {
        return;
    }
    Where = FltpContinue(Operation, CallbackStatus, Context, &Next) ? FltpDescend(Operation, Next)
                                                                    : FltpGoUp;
    FltpResume(Operation, Where);
}

VOID FLTAPI
FltCompletePendedPostOperation(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpPendedOperation(CallbackData);

    if (!FltpTakePended(Operation)) {
        return;
    }
    FltpAfterPost(Operation, Operation->PostNode);
    if (FltpAscend(Operation)) {
        FltpFinish(Operation);
    }
}

VOID FLTAPI
FltSetCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    Data->Flags |= FLTFL_CALLBACK_DATA_DIRTY;
}

VOID FLTAPI
FltClearCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    Data->Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
}

BOOLEAN FLTAPI
FltIsCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    return (Data->Flags & FLTFL_CALLBACK_DATA_DIRTY) != 0;
}
