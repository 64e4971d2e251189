/*
 * owned.c - byte-range locks, oplocks and notifications of files that a filter owns: what FsRtl does for a file
 * system, with callback data in the place of the IRP.
 *
 * FsRtl keeps an IRP, completes it and sets its cancel routine; the operation's own IRP must not be completed before the
 * post-callbacks above have run. So FsRtl gets a shadow: an IRP of ours with the operation's parameters, whose completion
 * ends the operation, and which is cancelled with it. [DDI: FltProcessFileLock, FltOplockFsctrl, FltCheckOplock,
 * FltNotifyFilterChangeDirectory; ntifs: their FsRtl counterparts]
 *
 *   S1  References of a shadow: the routine that made it, its completion, and the cancel routine of the operation's IRP
 *       while it is set. Who takes the cancel routine away drops that one.
 *   S2  Ended decides between the routine that made it and the completion, as Pend does for a callback: what FsRtl
 *       completes before it has returned is FLT_PREOP_COMPLETE, what it completes later ends the pended operation.
 */
#include "fltp.h"

typedef struct _FLTP_SHADOW {
    PIRP Irp;
    PFLT_CALLBACK_DATA Data;
    LONG References;                         /* S1 */
    LONG Ended;                              /* S2: 0 open, 1 FsRtl has returned, 2 complete */
    BOOLEAN Always;                          /* the operation is pended whatever happens */
    PFLTOPLOCK_WAIT_COMPLETE_ROUTINE Waited; /* FltCheckOplock */
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE Posting;
    PVOID Context;
    PFILE_LOCK FileLock;
} FLTP_SHADOW, *PFLTP_SHADOW;

/* FltAllocateFileLock: the filter's completion routine behind the lock. */
typedef struct _FLTP_FILE_LOCK {
    FILE_LOCK Lock;
    PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE Complete;
} FLTP_FILE_LOCK, *PFLTP_FILE_LOCK;

static VOID
FltpDropShadow(PFLTP_SHADOW Shadow)
{
    if (InterlockedDecrement(&Shadow->References) == 0) {
        IoFreeIrp(Shadow->Irp);
        ExFreePoolWithTag(Shadow, FLTP_TAG_OPERATION);
    }
}

static VOID NTAPI
FltpCancelShadow(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFLTP_SHADOW Shadow = Irp->Tail.Overlay.DriverContext[0];

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    IoCancelIrp(Shadow->Irp);
    FltpDropShadow(Shadow);
}

/* The operation cannot be cancelled through the shadow any more. */
static VOID
FltpDetachShadow(PFLTP_SHADOW Shadow)
{
    if (IoSetCancelRoutine(FltpOperation(Shadow->Data)->Irp, NULL) != NULL) {
        FltpDropShadow(Shadow);
    }
}

/* FsRtl has completed the shadow. */
static NTSTATUS NTAPI
FltpShadowDone(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PFLTP_SHADOW Shadow = Context;
    PFLT_CALLBACK_DATA Data = Shadow->Data;

    Data->IoStatus = Irp->IoStatus;
    FltpDetachShadow(Shadow);
    if (InterlockedCompareExchange(&Shadow->Ended, 2, 0) != 0 || Shadow->Always) {
        FltCompletePendedPreOperation(Data, FLT_PREOP_COMPLETE, NULL);
    }
    FltpDropShadow(Shadow);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PFLTP_SHADOW
FltpMakeShadow(PFLT_CALLBACK_DATA Data)
{
    PFLTP_OPERATION Operation = FltpOperation(Data);
    PIRP Real = Operation->Irp;
    PFLTP_SHADOW Shadow = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Shadow), FLTP_TAG_OPERATION);
    PIO_STACK_LOCATION Stack;

    if (Shadow == NULL) {
        return NULL;
    }
    RtlZeroMemory(Shadow, sizeof(*Shadow));
    Shadow->Irp = IoAllocateIrp(2, FALSE);
    if (Shadow->Irp == NULL) {
        ExFreePoolWithTag(Shadow, FLTP_TAG_OPERATION);
        return NULL;
    }
    Shadow->Data = Data;
    Shadow->References = 3;
    /* One location for us, so that there is who completes to, and one with the parameters. */
    IoSetNextIrpStackLocation(Shadow->Irp);
    Stack = IoGetNextIrpStackLocation(Shadow->Irp);
    *Stack = *IoGetCurrentIrpStackLocation(Real);
    Stack->Control = 0;
    Shadow->Irp->Flags = Real->Flags & ~(IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER);
    Shadow->Irp->AssociatedIrp.SystemBuffer = Real->AssociatedIrp.SystemBuffer;
    Shadow->Irp->UserBuffer = Real->UserBuffer;
    Shadow->Irp->MdlAddress = Real->MdlAddress;
    FltpToIrp(Operation, Shadow->Irp, Stack);
    IoSetCompletionRoutine(Shadow->Irp, FltpShadowDone, Shadow, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(Shadow->Irp);
    Shadow->Irp->RequestorMode = Data->RequestorMode;
    Shadow->Irp->Tail.Overlay.Thread = Data->Thread;
    Shadow->Irp->Tail.Overlay.OriginalFileObject = Data->Iopb->TargetFileObject;
    Real->Tail.Overlay.DriverContext[0] = Shadow;
    IoSetCancelRoutine(Real, FltpCancelShadow);
    if (Real->Cancel && IoSetCancelRoutine(Real, NULL) != NULL) {
        Shadow->Irp->Cancel = TRUE; /* FsRtl looks at it */
        FltpDropShadow(Shadow);
    }
    return Shadow;
}

static FLT_PREOP_CALLBACK_STATUS
FltpFail(PFLT_CALLBACK_DATA Data, NTSTATUS Status)
{
    Data->IoStatus.Status = Status;
    Data->IoStatus.Information = 0;
    return FLT_PREOP_COMPLETE;
}

/* FsRtl has returned: S2. */
static FLT_PREOP_CALLBACK_STATUS
FltpLeaveShadow(PFLTP_SHADOW Shadow)
{
    BOOLEAN Over = InterlockedCompareExchange(&Shadow->Ended, 1, 0) == 2;

    FltpDropShadow(Shadow);
    return Over ? FLT_PREOP_COMPLETE : FLT_PREOP_PENDING;
}

/* A shadow that FsRtl has not kept, and never completes. */
static VOID
FltpDiscardShadow(PFLTP_SHADOW Shadow)
{
    FltpDetachShadow(Shadow);
    FltpDropShadow(Shadow); /* its completion's */
    FltpDropShadow(Shadow);
}

/* ---- byte-range locks ---- */

/* What FsRtl calls in the place of completing: the filter has its say first. */
static NTSTATUS NTAPI
FltpCompleteLock(PVOID Context, PIRP Irp)
{
    PIO_STACK_LOCATION Ours = IoGetCurrentIrpStackLocation(Irp);
    PFLTP_SHADOW Shadow = Ours->Context;
    PFLTP_FILE_LOCK FileLock = CONTAINING_RECORD(Shadow->FileLock, FLTP_FILE_LOCK, Lock);
    NTSTATUS Status;

    Shadow->Data->IoStatus = Irp->IoStatus;
    Status = FileLock->Complete(Context, Shadow->Data);
    Irp->IoStatus = Shadow->Data->IoStatus;
    if (!NT_SUCCESS(Status)) {
        Irp->IoStatus.Status = Status;
    }
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

VOID FLTAPI
FltInitializeFileLock(PFILE_LOCK FileLock)
{
    FsRtlInitializeFileLock(FileLock, NULL, NULL);
}

VOID FLTAPI
FltUninitializeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
}

PFILE_LOCK FLTAPI
FltAllocateFileLock(PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE CompleteLockCallbackDataRoutine,
                    PUNLOCK_ROUTINE UnlockRoutine)
{
    PFLTP_FILE_LOCK FileLock =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*FileLock), FLTP_TAG_OPERATION);

    if (FileLock == NULL) {
        return NULL;
    }
    FileLock->Complete = CompleteLockCallbackDataRoutine;
    FsRtlInitializeFileLock(&FileLock->Lock,
                            CompleteLockCallbackDataRoutine != NULL ? FltpCompleteLock : NULL,
                            UnlockRoutine);
    return &FileLock->Lock;
}

VOID FLTAPI
FltFreeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
    ExFreePoolWithTag(CONTAINING_RECORD(FileLock, FLTP_FILE_LOCK, Lock), FLTP_TAG_OPERATION);
}

/* Fast I/O has no IRP that could wait: a lock that is not free at once is asked for once more, with one. */
static FLT_PREOP_CALLBACK_STATUS
FltpFastFileLock(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PEPROCESS Process = P->LockControl.ProcessId;

    Data->IoStatus.Information = 0;
    switch (Data->Iopb->MinorFunction) {
    case IRP_MN_LOCK:
        if (!FsRtlPrivateLock(FileLock, FileObject, &P->LockControl.ByteOffset,
                              P->LockControl.Length, Process, P->LockControl.Key,
                              P->LockControl.FailImmediately, P->LockControl.ExclusiveLock,
                              &Data->IoStatus, NULL, Context, FALSE)) {
            return FLT_PREOP_DISALLOW_FASTIO;
        }
        return FLT_PREOP_COMPLETE;
    case IRP_MN_UNLOCK_SINGLE:
        Data->IoStatus.Status = FsRtlFastUnlockSingle(
            FileLock, FileObject, &P->LockControl.ByteOffset, P->LockControl.Length, Process,
            P->LockControl.Key, Context, FALSE);
        return FLT_PREOP_COMPLETE;
    case IRP_MN_UNLOCK_ALL:
        Data->IoStatus.Status = FsRtlFastUnlockAll(FileLock, FileObject, Process, Context);
        return FLT_PREOP_COMPLETE;
    case IRP_MN_UNLOCK_ALL_BY_KEY:
        Data->IoStatus.Status =
            FsRtlFastUnlockAllByKey(FileLock, FileObject, Process, P->LockControl.Key, Context);
        return FLT_PREOP_COMPLETE;
    }
    return FltpFail(Data, STATUS_INVALID_DEVICE_REQUEST);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltProcessFileLock(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData, PVOID Context)
{
    PFLTP_SHADOW Shadow;

    if (!FLT_IS_IRP_OPERATION(CallbackData)) {
        return FltpFastFileLock(FileLock, CallbackData, Context);
    }
    Shadow = FltpMakeShadow(CallbackData);
    if (Shadow == NULL) {
        return FltpFail(CallbackData, STATUS_INSUFFICIENT_RESOURCES);
    }
    Shadow->FileLock = FileLock;
    FsRtlProcessFileLock(FileLock, Shadow->Irp, Context);
    return FltpLeaveShadow(Shadow);
}

static BOOLEAN
FltpMayTransfer(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA Data, BOOLEAN Write)
{
    PFLT_PARAMETERS P = &Data->Iopb->Parameters; /* Read and Write have the same layout */
    LARGE_INTEGER Length = {.QuadPart = P->Read.Length};
    PEPROCESS Process = FltGetRequestorProcess(Data);

    return Write ? FsRtlFastCheckLockForWrite(FileLock, &P->Write.ByteOffset, &Length, P->Write.Key,
                                              Data->Iopb->TargetFileObject, Process)
                 : FsRtlFastCheckLockForRead(FileLock, &P->Read.ByteOffset, &Length, P->Read.Key,
                                             Data->Iopb->TargetFileObject, Process);
}

BOOLEAN FLTAPI
FltCheckLockForReadAccess(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData)
{
    return FltpMayTransfer(FileLock, CallbackData, FALSE);
}

BOOLEAN FLTAPI
FltCheckLockForWriteAccess(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData)
{
    return FltpMayTransfer(FileLock, CallbackData, TRUE);
}

/* ---- oplocks ---- */

VOID FLTAPI
FltInitializeOplock(POPLOCK Oplock)
{
    FsRtlInitializeOplock(Oplock);
}

VOID FLTAPI
FltUninitializeOplock(POPLOCK Oplock)
{
    FsRtlUninitializeOplock(Oplock);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockFsctrlEx(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, ULONG OpenCount, ULONG Flags)
{
    PFLTP_SHADOW Shadow;
    NTSTATUS Status;

    if (!FLT_IS_IRP_OPERATION(CallbackData)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    Shadow = FltpMakeShadow(CallbackData);
    if (Shadow == NULL) {
        return FltpFail(CallbackData, STATUS_INSUFFICIENT_RESOURCES);
    }
    if (FltpKernel.FsRtlOplockFsctrlEx != NULL) {
        Status = FltpKernel.FsRtlOplockFsctrlEx(Oplock, Shadow->Irp, OpenCount, Flags);
    } else {
        Status = FsRtlOplockFsctrl(Oplock, Shadow->Irp, OpenCount);
    }
    if (CallbackData->Iopb->MajorFunction == IRP_MJ_CREATE) {
        FltpDiscardShadow(Shadow); /* which FsRtl leaves to the file system */
        return FltpFail(CallbackData, Status);
    }
    return FltpLeaveShadow(Shadow);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockFsctrl(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, ULONG OpenCount)
{
    return FltOplockFsctrlEx(Oplock, CallbackData, OpenCount, 0);
}

static VOID NTAPI
FltpOplockPosting(PVOID Context, PIRP Irp)
{
    PFLTP_SHADOW Shadow = Context;

    if (Shadow->Posting != NULL) {
        Shadow->Posting(Shadow->Data, Shadow->Context);
    }
}

/* The break is over, or the wait was cancelled: the operation is the filter's again. */
static VOID NTAPI
FltpOplockWaited(PVOID Context, PIRP Irp)
{
    PFLTP_SHADOW Shadow = Context;
    PFLT_CALLBACK_DATA Data = Shadow->Data;

    Data->IoStatus.Status = Irp->IoStatus.Status;
    Data->IoStatus.Information = 0;
    FltpDetachShadow(Shadow);
    Shadow->Waited(Data, Shadow->Context);
    FltpDropShadow(Shadow);
}

typedef enum _FLTP_OPLOCK_CHECK { FltpCheck, FltpBreakHandle, FltpBreakToNone } FLTP_OPLOCK_CHECK;

static NTSTATUS
FltpAskOplock(POPLOCK Oplock, PFLTP_SHADOW Shadow, FLTP_OPLOCK_CHECK What, ULONG Flags)
{
    POPLOCK_WAIT_COMPLETE_ROUTINE Waited = Shadow->Waited != NULL ? FltpOplockWaited : NULL;
    PIRP Irp = Shadow->Irp;

    switch (What) {
    case FltpBreakHandle:
        return FltpKernel.FsRtlOplockBreakH == NULL
                   ? STATUS_SUCCESS /* nobody can cache a handle by itself there */
                   : FltpKernel.FsRtlOplockBreakH(Oplock, Irp, Flags, Shadow, Waited,
                                                  FltpOplockPosting);
    case FltpBreakToNone:
        if (FltpKernel.FsRtlOplockBreakToNoneEx != NULL) {
            return FltpKernel.FsRtlOplockBreakToNoneEx(Oplock, Irp, Flags, Shadow, Waited,
                                                       FltpOplockPosting);
        }
        break;
    case FltpCheck:
        if (FltpKernel.FsRtlCheckOplockEx != NULL) {
            return FltpKernel.FsRtlCheckOplockEx(Oplock, Irp, Flags, Shadow, Waited,
                                                 FltpOplockPosting);
        }
        break;
    }
    return FsRtlCheckOplock(Oplock, Irp, Shadow, Waited, FltpOplockPosting);
}

static FLT_PREOP_CALLBACK_STATUS
FltpCheckOplock(POPLOCK Oplock, PFLT_CALLBACK_DATA Data, FLTP_OPLOCK_CHECK What, ULONG Flags,
                PVOID Context, PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
                PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    PFLTP_SHADOW Shadow;
    NTSTATUS Status;

    if (!FLT_IS_IRP_OPERATION(Data)) {
        return FsRtlOplockIsFastIoPossible(Oplock) ? FLT_PREOP_SUCCESS_WITH_CALLBACK
                                                   : FLT_PREOP_DISALLOW_FASTIO;
    }
    if (*Oplock == NULL) {
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    }
    Shadow = FltpMakeShadow(Data);
    if (Shadow == NULL) {
        return FltpFail(Data, STATUS_INSUFFICIENT_RESOURCES);
    }
    Shadow->Context = Context;
    Shadow->Waited = WaitCompletionRoutine;
    Shadow->Posting = PrePostCallbackDataRoutine;
    Status = FltpAskOplock(Oplock, Shadow, What, Flags);
    if (Status == STATUS_PENDING) {
        FltpDropShadow(Shadow);
        return FLT_PREOP_PENDING;
    }
    FltpDiscardShadow(Shadow);
    return Status == STATUS_SUCCESS ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FltpFail(Data, Status);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltCheckOplockEx(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, ULONG Flags, PVOID Context,
                 PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
                 PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    return FltpCheckOplock(Oplock, CallbackData, FltpCheck, Flags, Context, WaitCompletionRoutine,
                           PrePostCallbackDataRoutine);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltCheckOplock(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, PVOID Context,
               PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
               PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    return FltCheckOplockEx(Oplock, CallbackData, 0, Context, WaitCompletionRoutine,
                            PrePostCallbackDataRoutine);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakH(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, ULONG Flags, PVOID Context,
                PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
                PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    return FltpCheckOplock(Oplock, CallbackData, FltpBreakHandle, Flags, Context,
                           WaitCompletionRoutine, PrePostCallbackDataRoutine);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakToNoneEx(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, ULONG Flags, PVOID Context,
                       PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
                       PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    return FltpCheckOplock(Oplock, CallbackData, FltpBreakToNone, Flags, Context,
                           WaitCompletionRoutine, PrePostCallbackDataRoutine);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakToNone(POPLOCK Oplock, PFLT_CALLBACK_DATA CallbackData, PVOID Context,
                     PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
                     PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine)
{
    return FltOplockBreakToNoneEx(Oplock, CallbackData, 0, Context, WaitCompletionRoutine,
                                  PrePostCallbackDataRoutine);
}

BOOLEAN FLTAPI
FltOplockIsFastIoPossible(POPLOCK Oplock)
{
    return FsRtlOplockIsFastIoPossible(Oplock);
}

BOOLEAN FLTAPI
FltCurrentBatchOplock(POPLOCK Oplock)
{
    return FsRtlCurrentBatchOplock(Oplock);
}

BOOLEAN FLTAPI
FltCurrentOplock(POPLOCK Oplock)
{
    return FltpKernel.FsRtlCurrentOplock != NULL ? FltpKernel.FsRtlCurrentOplock(Oplock)
                                                 : !FsRtlOplockIsFastIoPossible(Oplock);
}

BOOLEAN FLTAPI
FltCurrentOplockH(POPLOCK Oplock)
{
    return FltpKernel.FsRtlCurrentOplockH != NULL && FltpKernel.FsRtlCurrentOplockH(Oplock);
}

BOOLEAN FLTAPI
FltOplockIsSharedRequest(PFLT_CALLBACK_DATA CallbackData)
{
    PIRP Irp = FltpOperation(CallbackData)->Irp;

    return Irp != NULL && FltpKernel.FsRtlOplockIsSharedRequest != NULL &&
           FltpKernel.FsRtlOplockIsSharedRequest(Irp);
}

BOOLEAN FLTAPI
FltOplockKeysEqual(PFILE_OBJECT Fo1, PFILE_OBJECT Fo2)
{
    return FltpKernel.FsRtlOplockKeysEqual != NULL ? FltpKernel.FsRtlOplockKeysEqual(Fo1, Fo2)
                                                   : Fo1 != NULL && Fo1 == Fo2;
}

/* ---- notifications ---- */

NTSTATUS FLTAPI
FltNotifyFilterChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext,
                               PSTRING FullDirectoryName, BOOLEAN WatchTree, BOOLEAN IgnoreBuffer,
                               ULONG CompletionFilter, PFLT_CALLBACK_DATA NotifyCallbackData,
                               PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback,
                               PSECURITY_SUBJECT_CONTEXT SubjectContext,
                               PFILTER_REPORT_CHANGE FilterCallback)
{
    PFLTP_SHADOW Shadow = NULL;
    NTSTATUS Status;

    if (NotifyCallbackData != NULL) {
        PFLT_PARAMETERS P = &NotifyCallbackData->Iopb->Parameters;

        if (!FLT_IS_IRP_OPERATION(NotifyCallbackData)) {
            return STATUS_INVALID_PARAMETER;
        }
        /* It is delivered in whatever thread. */
        if (P->DirectoryControl.NotifyDirectory.Length != 0 &&
            !FLT_IS_SYSTEM_BUFFER(NotifyCallbackData)) {
            Status = FltLockUserBuffer(NotifyCallbackData);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
        }
        Shadow = FltpMakeShadow(NotifyCallbackData);
        if (Shadow == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Shadow->Always = TRUE;
        Shadow->Irp->MdlAddress = P->DirectoryControl.NotifyDirectory.MdlAddress;
    }
    FsRtlNotifyFilterChangeDirectory(NotifySync, NotifyList, FsContext, FullDirectoryName,
                                     WatchTree, IgnoreBuffer, CompletionFilter,
                                     Shadow != NULL ? Shadow->Irp : NULL, TraverseCallback,
                                     SubjectContext, FilterCallback);
    if (Shadow != NULL) {
        FltpDropShadow(Shadow);
    }
    return STATUS_SUCCESS;
}
