/*
 * complete.c - the end of an IRP: what follows when no driver above has anything left to do.
 *
 * Stage 1, in the completer's context: pages are unlocked and stage 2 is queued to the requesting thread
 * as a special kernel APC. Stage 2, there at APC_LEVEL: the system buffer is copied out, the status block
 * written, events set, the user's APC or completion packet queued, and the IRP freed.
 * [Microsoft Learn: "How completion processing is performed"; nt-semantics 7.5]
 *
 *   F1  When the requesting thread itself completes below APC_LEVEL, with special kernel APCs enabled and
 *       none queued, the APC would run inside IoCompleteRequest: then stage 2 is called directly.
 *   F2  IRP_DEFER_IO_COMPLETION: if no driver pended the IRP, stage 2 is left to the service that waits
 *       for the dispatch routine to return (tail.c).
 *   F3  Close, paging reads and synchronous paging writes set status and event with no APC.
 *   F4  An error that was never pended touches neither status block nor events, queues no APC and no
 *       packet: the caller has the status as the service's result.
 *   F5  An IRP whose thread has gone (Thread NULL) is only freed.
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

static VOID
IopUserCompletion(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                  PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    IoFreeIrp(CONTAINING_RECORD(Apc, IRP, Tail.Apc));
}

static VOID
IopUserRundown(PKAPC Apc)
{
    IoFreeIrp(CONTAINING_RECORD(Apc, IRP, Tail.Apc));
}

static VOID
IopFreeBuffer(PIRP Irp)
{
    if (Machine->explore == ABI_EXPLORE_MEMORY) {
        ExFreeStep(Irp->AssociatedIrp.SystemBuffer);
    }
    ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, 0);
}

/* F5. Its thread ended before it did. */
static VOID
IopDropIrp(PIRP Irp, PFILE_OBJECT FileObject)
{
    if ((Irp->Flags & (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER)) ==
        (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER)) {
        IopFreeBuffer(Irp);
    }
    RemoveEntryList(&Irp->ThreadListEntry); /* of the orphans */
    InitializeListHead(&Irp->ThreadListEntry);
    IopFreeMdls(Irp);
    if (Irp->UserEvent != NULL && FileObject != NULL && (Irp->Flags & IRP_SYNCHRONOUS_API) == 0) {
        ObDereferenceObject(Irp->UserEvent);
    }
    if (FileObject != NULL && (Irp->Flags & IRP_CREATE_OPERATION) == 0) {
        ObDereferenceObject(FileObject);
    }
    IoFreeIrp(Irp);
}

static VOID
IopAbortRequest(PKAPC Apc)
{
    PVOID Unused = NULL;
    PKI_NORMAL_ROUTINE Normal = NULL;

    IopCompleteRequest(Apc, &Normal, &Unused, &Apc->SystemArgument1, &Apc->SystemArgument2);
}

/* rw.c, W5 */
static VOID
IopCopyToPages(PIRP Irp)
{
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    PVOID *Pages = (PVOID *)(Buffer + ROUND_TO_PAGES(MmGetMdlByteCount(Irp->MdlAddress)));

    for (ULONG_PTR Done = 0; Done < Irp->IoStatus.Information; Done += PAGE_SIZE) {
        RtlCopyMemory(Pages[Done / PAGE_SIZE], Buffer + Done,
                      min(PAGE_SIZE, Irp->IoStatus.Information - Done));
    }
}

/* Copies out what a buffered request read; TRUE: the copy faulted and IoStatus says so. */
static VOID
IopCopyOut(PIRP Irp)
{
    if ((Irp->Flags & IRP_INPUT_OPERATION) && Irp->IoStatus.Status != STATUS_VERIFY_REQUIRED &&
        !NT_ERROR(Irp->IoStatus.Status) && Irp->IoStatus.Information != 0) {
        __try {
            if (Irp->Flags & IOP_IRP_SCATTERED) {
                IopCopyToPages(Irp);
            } else {
                RtlCopyMemory(Irp->UserBuffer, Irp->AssociatedIrp.SystemBuffer,
                              Irp->IoStatus.Information);
            }
            KiTrace(EV_COPY, Irp, Irp->IoStatus.Information, 1, 0, 0);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Irp->IoStatus.Status = GetExceptionCode();
            Irp->IoStatus.Information = 0;
            Irp->PendingReturned = TRUE; /* the caller must see it in the status block */
        }
    }
    if (Irp->Flags & IRP_DEALLOCATE_BUFFER) {
        IopFreeBuffer(Irp);
    }
    Irp->Flags &= ~(IRP_DEALLOCATE_BUFFER | IRP_BUFFERED_IO);
}

VOID
IopFinishIrp(PIRP Irp, PFILE_OBJECT FileObject)
{
    BOOLEAN Create = (Irp->Flags & IRP_CREATE_OPERATION) != 0;
    BOOLEAN SynchronousApi = (Irp->Flags & IRP_SYNCHRONOUS_API) != 0;
    BOOLEAN SynchronousFile = FileObject != NULL && IopIsSynchronousFile(FileObject);
    PIO_COMPLETION_CONTEXT Context;
    PIO_APC_ROUTINE ApcRoutine;
    BOOLEAN Pended, Error;
    PKEVENT UserEvent;

    if (Irp->Flags & IRP_BUFFERED_IO) {
        IopCopyOut(Irp);
    }
    if (Irp->MdlAddress != NULL) {
        IopFreeMdls(Irp);
    }
    Pended = Irp->PendingReturned;
    Error = NT_ERROR(Irp->IoStatus.Status);
    UserEvent = Irp->UserEvent;

    if (Error && (!Pended || SynchronousApi || SynchronousFile)) {
        if (Pended && FileObject != NULL) {
            /* Somebody waits: for the status block and one of the events. */
            if (SynchronousApi && Irp->UserIosb != NULL) {
                IopWriteIosb(Irp->UserIosb, Irp->IoStatus.Status, Irp->IoStatus.Information);
            }
            FileObject->FinalStatus = Irp->IoStatus.Status;
            if (SynchronousApi && UserEvent != NULL) {
                KeSetEvent(UserEvent, IO_NO_INCREMENT, FALSE);
            } else {
                KeSetEvent(&FileObject->Event, IO_NO_INCREMENT, FALSE);
            }
        }
        IopDequeueIrp(Irp);
        if (UserEvent != NULL && FileObject != NULL && !SynchronousApi) {
            ObDereferenceObject(UserEvent);
        }
        if (FileObject != NULL && !Create) {
            ObDereferenceObject(FileObject);
        }
        IoFreeIrp(Irp);
        return;
    }
    if (Irp->UserIosb != NULL) {
        IopWriteIosb(Irp->UserIosb, Irp->IoStatus.Status, Irp->IoStatus.Information);
    }
    if (FileObject != NULL && (!SynchronousApi || UserEvent == NULL || SynchronousFile)) {
        FileObject->FinalStatus = Irp->IoStatus.Status;
    }
    if (UserEvent != NULL) {
        KeSetEvent(UserEvent, IO_NO_INCREMENT, FALSE);
        if (FileObject != NULL) {
            if (!SynchronousApi) {
                ObDereferenceObject(UserEvent);
            }
            if (SynchronousFile && (Irp->Flags & IRP_OB_QUERY_NAME) == 0) {
                KeSetEvent(&FileObject->Event, IO_NO_INCREMENT, FALSE);
            }
        }
    } else if (FileObject != NULL &&
               (SynchronousFile || SynchronousApi ||
                (IopFile(FileObject)->NotificationModes & IOP_SKIP_SET_EVENT) == 0)) {
        KeSetEvent(&FileObject->Event, IO_NO_INCREMENT, FALSE);
    }
    IopDequeueIrp(Irp);

    ApcRoutine = Create ? NULL : Irp->Overlay.AsynchronousParameters.UserApcRoutine;
    if (FileObject != NULL && !Create && !SynchronousFile) {
        KiLooksAt(&FileObject->CompletionContext);
    }
    Context = FileObject != NULL && !Create ? FileObject->CompletionContext : NULL;
    if (ApcRoutine != NULL) {
        PVOID Iosb = Irp->UserIosb, ApcContext = Irp->Overlay.AsynchronousParameters.UserApcContext;
        KPROCESSOR_MODE Mode = Irp->RequestorMode;

        KeInitializeApc(&Irp->Tail.Apc, KiThread(), CurrentApcEnvironment, IopUserCompletion,
                        IopUserRundown, (PKI_NORMAL_ROUTINE)ApcRoutine, Mode, ApcContext);
        if (!KeInsertQueueApc(&Irp->Tail.Apc, Iosb, NULL, 2)) {
            IoFreeIrp(Irp); /* the thread is ending */
        }
    } else if (Context != NULL && !SynchronousApi &&
               Irp->Overlay.AsynchronousParameters.UserApcContext != NULL &&
               (Pended || NT_ERROR(Irp->IoStatus.Status) ||
                (IopFile(FileObject)->NotificationModes & IOP_SKIP_PORT_ON_SUCCESS) == 0)) {
        IopPostIrp(Context->Port, Context->Key, Irp);
    } else {
        IoFreeIrp(Irp);
    }
    if (FileObject != NULL && !Create) {
        ObDereferenceObject(FileObject);
    }
}

/* The special kernel APC's routine. */
VOID
IopCompleteRequest(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                   PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    IopFinishIrp(CONTAINING_RECORD(Apc, IRP, Tail.Apc), *SystemArgument1);
}

/* F1. Normal APCs that wait would come behind this one: whether there are any may make no difference to anybody. */
FORCEINLINE BOOLEAN
IopCanFinishHere(PIRP Irp)
{
    PKTHREAD Thread = KiThread();
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];

    if (&Irp->Tail.Overlay.Thread->Tcb != Thread || KiIrql() >= APC_LEVEL ||
        Thread->SpecialApcDisable != 0 || Thread->ApcStateIndex != Irp->ApcEnvironment ||
        KiPrcb()->DpcRoutineActive) {
        return FALSE;
    }
    return IsListEmpty(Head) ||
           CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry)->NormalRoutine != NULL;
}

/* Stage 1: all completion routines have run. */
VOID
IopQueueCompletion(PIRP Irp, CCHAR PriorityBoost)
{
    PFILE_OBJECT FileObject;
    PETHREAD Thread;
    KIRQL OldIrql;
    ULONG Flags = Irp->Flags;

    IopDropActivity(Irp);
    if (Flags & (IRP_PAGING_IO | IRP_CLOSE_OPERATION)) { /* F3 */
        if (Flags & (IRP_SYNCHRONOUS_PAGING_IO | IRP_CLOSE_OPERATION)) {
            PKEVENT Event = Irp->UserEvent;

            *Irp->UserIosb = Irp->IoStatus;
            if (Flags & IRP_PAGING_IO) {
                IoFreeIrp(Irp); /* its pages are the memory manager's */
            }
            if (Event != NULL) {
                KeSetEvent(Event, PriorityBoost, FALSE);
            }
            return;
        }
        NOT_YET("completion of asynchronous paging writes");
    }
    if (Irp->Tail.Overlay.AuxiliaryBuffer != NULL && (Flags & IRP_CREATE_OPERATION) == 0) {
        ExFreePoolWithTag(Irp->Tail.Overlay.AuxiliaryBuffer, 0);
        Irp->Tail.Overlay.AuxiliaryBuffer = NULL;
    }
    for (PMDL Mdl = Irp->MdlAddress; Mdl != NULL; Mdl = Mdl->Next) {
        MmUnlockPages(Mdl);
    }
    if ((Flags & IRP_DEFER_IO_COMPLETION) && !Irp->PendingReturned) { /* F2 */
        return;
    }
    Thread = Irp->Tail.Overlay.Thread;
    FileObject = Irp->Tail.Overlay.OriginalFileObject;
    if (Thread == NULL) { /* F5 */
        IopDropIrp(Irp, FileObject);
        return;
    }
    if (IopCanFinishHere(Irp)) {
        OldIrql = KiRaiseIrql(APC_LEVEL);
        IopFinishIrp(Irp, FileObject);
        KeLowerIrql(OldIrql);
        return;
    }
    IopListPoint(
        Thread); /* the APC lies where those who look through the list find whose the IRP is */
    KeInitializeApc(&Irp->Tail.Apc, &Thread->Tcb, Irp->ApcEnvironment, IopCompleteRequest,
                    IopAbortRequest, NULL, KernelMode, NULL);
    Irp->Tail.Apc.SystemArgument1 = FileObject;
    Irp->Tail.Apc.SystemArgument2 = NULL;
    if (!KeInsertQueueApc(&Irp->Tail.Apc, FileObject, NULL, PriorityBoost)) {
        IopDropIrp(
            Irp,
            FileObject); /* the thread has waited long enough meanwhile: an orphan (cancel.c, X2) */
    }
}
