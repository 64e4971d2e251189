/*
 * irp.c - requests that a driver gets: completed once, by whom they belong to, and said of truly.
 *
 * A VF_IRP is kept for each IRP that comes to a verified driver. Its life ends when the I/O manager takes it back
 * (IrpEnds); the IRP itself is looked at before that only. What a dispatch routine has done with its IRP is in its
 * callout, and is judged when it returns:
 *
 *     it completed it             it returns the same outcome; or STATUS_PENDING if it had marked it
 *     it sent it on               it returns what IoCallDriver returned; or STATUS_PENDING if it had marked it
 *     neither                     it has marked it and returns STATUS_PENDING
 *
 * Somebody else may have completed a pended IRP meanwhile: then the VF_IRP knows whether it was marked.
 * [wdm: "Queuing and dequeuing IRPs", "Returning status from dispatch routines", IoMarkIrpPending, IoCompleteRequest;
 * [BC:c9]; SDV's rule sets IrpProcessing and IrpPending; nt-semantics 7.3]
 */
#include "vfp.h"

PVF_IRP
VfFindIrp(PIRP Irp)
{
    ULONG64 Index;

    if (VfLastIrp->Irp == Irp) {
        return VfLastIrp;
    }
    Index = VfSetFind(&VfIrpIndex, (ULONG64)Irp);
    return Index != 0 ? VfLastIrp = &VfIrps[Index - 1] : NULL;
}

PVF_IRP
VfNewIrp(PIRP Irp, UCHAR Made, const VOID *Caller)
{
    PVF_IRP Record = VfFindIrp(Irp);
    ULONG Generation;

    if (Record == NULL) {
        ULONG Index = VfIrpCount;

        if (VfIrpCount < VF_IRPS) {
            VfIrpCount++;
        } else {
            for (Index = 0; Index < VF_IRPS && !VfIrps[Index].Ended; Index++) {
            }
            if (Index == VF_IRPS) {
                return NULL; /* V2 */
            }
            VfSetRemove(&VfIrpIndex, (ULONG64)VfIrps[Index].Irp);
        }
        Record = &VfIrps[Index];
        VfSetPut(&VfIrpIndex, (ULONG64)Irp, Index + 1);
    }
    Generation = Record->Generation + 1;
    RtlZeroMemory(Record, sizeof(*Record));
    Record->Irp = Irp;
    Record->Generation = Generation;
    Record->Made = Made;
    Record->Caller = Caller;
    return Record;
}

VOID
VfIrpEnds(PIRP Irp)
{
    PVF_IRP Record = VfFindIrp(Irp);

    if (Record != NULL && !Record->Ended) {
        Record->Ended = TRUE;
        return; /* its event is signaled later, before the memory is freed: the second time */
    }
    for (ULONG i = 0; VfIoEvents.Count != 0 && i < VF_SET_SIZE; i++) {
        if (VfIoEvents.Key[i] != 0 && VfIoEvents.Value[i] == (ULONG64)Irp) {
            VfSetRemove(&VfIoEvents, VfIoEvents.Key[i]);
            break;
        }
    }
}

/* The innermost call of a verified driver's dispatch routine for the IRP in this thread. */
PVF_CALLOUT
VfDispatchOf(PIRP Irp)
{
    PVF_CALLOUT Callout = KiThread()->VfCallout;

    while (Callout != NULL && (Callout->Kind != VfDispatch || Callout->Arg[1] != (ULONG64)Irp)) {
        Callout = Callout->Outer;
    }
    return Callout;
}

VOID
VfIrpCalled(PVF_CALLOUT Callout)
{
    PIRP Irp = (PIRP)Callout->Arg[1];
    PVF_IRP Record;

    if (Callout->Kind == VfCompletion) {
        Callout->Marked = Irp->PendingReturned;
        Callout->Location = Irp->CurrentLocation;
    } else if (Callout->Kind == VfDispatch) {
        Record = VfFindIrp(Irp);
        if (Record == NULL || Record->Ended) {
            Record = VfNewIrp(Irp, VF_IRP_OTHER, NULL);
            VfFillBuffer(Irp, IoGetCurrentIrpStackLocation(Irp));
            VfNoteSent(Irp, IoGetCurrentIrpStackLocation(Irp));
        }
        if (Record != NULL) {
            Record->Completed = Record->Marked = FALSE;
            Callout->Generation = Record->Generation;
        }
        Callout->Location = Irp->CurrentLocation;
        Callout->Stack = IoGetCurrentIrpStackLocation(Irp);
        Callout->UpperRoutine = (PVOID)Callout->Stack->CompletionRoutine;
        Callout->FileObject = Callout->Stack->FileObject;
        Callout->Major = Callout->Stack->MajorFunction;
        Callout->Minor = Callout->Stack->MinorFunction;
        VfUserCalled(Callout);
    }
}

/* Bytes that the I/O manager copies to the user, or MDL bytes that it says were filled. ~0: not known. */
static ULONG64
VfOutputRoom(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_DEVICE_CONTROL:
        return METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) ==
                       METHOD_BUFFERED
                   ? Stack->Parameters.DeviceIoControl.OutputBufferLength
                   : ~0ull;
    case IRP_MJ_READ:
        return Stack->Parameters.Read.Length;
    default:
        return ~0ull;
    }
}

/* Has the driver of the current stack location got the IRP from the caller, and not completed it? */
static VOID
VfJudgeOwner(PVF_FRAME Frame, PIRP Irp)
{
    PVF_CALLOUT Callout = VfDispatchOf(Irp);
    PDEVICE_OBJECT Device;

    if (Callout == NULL || !Callout->Forwarded || Irp->CurrentLocation >= Callout->Location ||
        !VfIsVerified(Frame->Caller)) {
        return;
    }
    Device = IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
    if (Device != NULL && Device->DriverObject->DriverSection != MiFindModule(Frame->Caller)) {
        VfViolate(VfRuleForeignCompletion, NULL, Frame,
                  "%a completes the IRP 0x%p, which it has sent on and which the driver of "
                  "device 0x%p owns",
                  Frame->Caller, Irp, Device);
    }
}

static VOID
VfCompletes(PVF_FRAME Frame)
{
    PIRP Irp = (PIRP)Frame->Arg[0];
    PVF_IRP Record = VfFindIrp(Irp);
    PVF_CALLOUT Callout;
    PIO_STACK_LOCATION Stack;
    BOOLEAN Marked = FALSE;

    if (Record != NULL && Record->Ended) {
        VfViolate(VfRuleDoubleCompletion, NULL, Frame,
                  "%a completes the IRP 0x%p, which has been completed already: its memory may be "
                  "another request's by now",
                  Frame->Caller, Irp);
        return;
    }
    if (Record != NULL && Record->Made != VF_IRP_OTHER && Irp->CurrentLocation > Irp->StackCount) {
        VfViolate(
            VfRuleIoAllocateComplete, NULL, Frame,
            "%a completes the IRP 0x%p, which the driver has made itself (at %a): it is to be "
            "sent, and freed in its completion routine",
            Frame->Caller, Irp, Record->Caller);
    }
    VfJudgeOwner(Frame, Irp);
    if (Irp->CancelRoutine != NULL) {
        VfViolate(VfRuleCancelRoutineSet, NULL, Frame,
                  "%a completes the IRP 0x%p while its cancel routine %a is set: IoCancelIrp can "
                  "call it for a request that is gone",
                  Frame->Caller, Irp, (PVOID)Irp->CancelRoutine);
    }
    if (Irp->IoStatus.Status == STATUS_PENDING || Irp->IoStatus.Status == -1) {
        VfViolate(VfRuleCompleteRequestStatusCheck, NULL, Frame,
                  "%a completes the IRP 0x%p with status 0x%x, which says that it is not complete",
                  Frame->Caller, Irp, (ULONG)Irp->IoStatus.Status);
    }
    if (Irp->CurrentLocation <= Irp->StackCount) {
        ULONG64 Room;

        Stack = IoGetCurrentIrpStackLocation(Irp);
        Marked = (Stack->Control & SL_PENDING_RETURNED) != 0;
        Room = VfOutputRoom(Irp, Stack);
        if (NT_SUCCESS(Irp->IoStatus.Status) && Irp->IoStatus.Information > Room) {
            VfViolate(VfRuleIrpInformation, NULL, Frame,
                      "%a completes the IRP 0x%p with %u bytes of output, and its buffer has %u: "
                      "the I/O manager copies what lies behind the buffer to user mode",
                      Frame->Caller, Irp, (ULONG)Irp->IoStatus.Information, (ULONG)Room);
        }
    }
    Callout = VfDispatchOf(Irp);
    if (Callout != NULL) {
        Callout->Completed = TRUE;
        Callout->Marked = Marked;
        Callout->CompletedStatus = Irp->IoStatus.Status;
    }
    if (Record != NULL) {
        Record->Completed = TRUE;
        Record->Marked = Marked;
    }
}

static BOOLEAN
VfMayForwardAtDispatch(UCHAR Major)
{
    return Major == IRP_MJ_READ || Major == IRP_MJ_WRITE || Major == IRP_MJ_DEVICE_CONTROL ||
           Major == IRP_MJ_INTERNAL_DEVICE_CONTROL || Major == IRP_MJ_POWER;
}

/* IoSetCompletionRoutine is inlined: what it has written is looked at when the request is sent. */
static VOID
VfJudgeCompletionRoutine(PVF_FRAME Frame, PIRP Irp, PIO_STACK_LOCATION Next, PVF_CALLOUT Callout)
{
    PDRIVER_OBJECT Driver =
        Callout != NULL ? ((PDEVICE_OBJECT)Callout->Arg[0])->DriverObject : NULL;

    if (Callout != NULL && Next == Callout->Stack &&
        (PVOID)Next->CompletionRoutine != Callout->UpperRoutine) {
        VfViolate(VfRuleCompletionRoutineReplaced, NULL, Frame,
                  "%a skips its stack location of the IRP 0x%p and has set the completion routine "
                  "%a: it stands where that of the driver above was",
                  Frame->Caller, Irp, (PVOID)Next->CompletionRoutine);
    }
    if ((Next->Control & (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL)) == 0 ||
        Next->CompletionRoutine == NULL) {
        return;
    }
    if (VfIsPageable((ULONG64)Next->CompletionRoutine)) {
        VfViolate(VfRulePagedCode, NULL, Frame,
                  "%a sends the IRP 0x%p with the completion routine %a, which is pageable code: "
                  "it may be called at DISPATCH_LEVEL",
                  Frame->Caller, Irp, (PVOID)Next->CompletionRoutine);
    }
    if (Driver != NULL && VfIsVerified((PVOID)Next->CompletionRoutine) &&
        Driver->DriverExtension->AddDevice == NULL && Driver->DriverUnload != NULL) {
        VfViolate(VfRuleIoSetCompletionRoutineNonPnpDriver, NULL, Frame,
                  "%a sends the IRP 0x%p with the completion routine %a, set by "
                  "IoSetCompletionRoutine: the driver can be unloaded while it runs; "
                  "IoSetCompletionRoutineEx keeps it loaded",
                  Frame->Caller, Irp, (PVOID)Next->CompletionRoutine);
    }
}

static VOID
VfJudgeRemoveLock(PVF_FRAME Frame, PIRP Irp, PVF_CALLOUT Callout)
{
    if (VfRemoveUsers.Count != 0 && Callout != NULL && Callout->RemoveLocks <= 0 &&
        Callout->Major != IRP_MJ_PNP &&
        VfSetFind(&VfRemoveUsers, (ULONG64)((PDEVICE_OBJECT)Callout->Arg[0])->DriverObject) != 0) {
        VfViolate(VfRuleRemoveLockForward, NULL, Frame,
                  "%a sends the IRP 0x%p on without holding a remove lock, which the driver uses "
                  "elsewhere: the device below can be removed meanwhile",
                  Frame->Caller, Irp);
    }
}

/* IofCallDriver(Device, Irp) */
static VOID
VfSends(PVF_FRAME Frame)
{
    PIRP Irp = (PIRP)Frame->Arg[1];
    PVF_IRP Record = VfFindIrp(Irp);
    PVF_CALLOUT Callout = VfDispatchOf(Irp);
    PIO_STACK_LOCATION Next, Current;

    if (Record != NULL && Record->Ended) {
        VfViolate(VfRuleIrpTouched, NULL, Frame,
                  "%a sends the IRP 0x%p on, which has been completed already", Frame->Caller, Irp);
        return;
    }
    if (Irp->CurrentLocation <= 1) {
        return; /* the kernel says so */
    }
    Next = IoGetNextIrpStackLocation(Irp);
    if (Irp->CancelRoutine != NULL) {
        VfViolate(VfRuleCancelRoutineSet, NULL, Frame,
                  "%a sends the IRP 0x%p on while the cancel routine %a is set: the driver below "
                  "sets its own",
                  Frame->Caller, Irp, (PVOID)Irp->CancelRoutine);
    }
    if (KiIrql() >= DISPATCH_LEVEL && !VfMayForwardAtDispatch(Next->MajorFunction)) {
        VfViolate(
            VfRuleForwardedAtBadIrql, NULL, Frame,
            "%a sends the IRP 0x%p with major function 0x%x at %s: only reads, writes, device "
            "controls and power requests may be sent there",
            Frame->Caller, Irp, (ULONG)Next->MajorFunction, VfIrqlName(KiIrql()));
    }
    if (Irp->CurrentLocation <= Irp->StackCount) {
        Current = IoGetCurrentIrpStackLocation(Irp);
        if (Next->CompletionRoutine != NULL && (Next->Control & 0xE0) != 0 &&
            Next->CompletionRoutine == Current->CompletionRoutine &&
            Next->Context == Current->Context && (Current->Control & 0xE0) != 0) {
            VfViolate(VfRuleIrpStackCopied, NULL, Frame,
                      "%a sends the IRP 0x%p with a stack location that holds the completion "
                      "routine %a of the driver above: it would run twice",
                      Frame->Caller, Irp, (PVOID)Next->CompletionRoutine);
        }
    }
    VfOwnIrpSent(Frame, Irp);
    VfJudgeCompletionRoutine(Frame, Irp, Next, Callout);
    VfJudgeRemoveLock(Frame, Irp, Callout);
    if (Callout != NULL) {
        Callout->Forwarded = TRUE;
        Callout->Marked = (Callout->Stack->Control & SL_PENDING_RETURNED) != 0 &&
                          Irp->CurrentLocation == Callout->Location;
        if (Callout->ExFailed) {
            VfViolate(VfRuleIoSetCompletionRoutineExCheck, NULL, Frame,
                      "%a sends the IRP 0x%p although IoSetCompletionRoutineEx has failed: its "
                      "completion routine will not run",
                      Frame->Caller, Irp);
        }
        Callout->CompletionEx = NULL;
    }
}

static ULONG64
VfSent(PVF_FRAME Frame, ULONG64 Result)
{
    PVF_CALLOUT Callout = VfDispatchOf((PIRP)Frame->Arg[1]);

    if (Callout != NULL) {
        Callout->LowerStatus = (NTSTATUS)Result;
    }
    return Result;
}

static VOID
VfCompletionReturned(PVF_CALLOUT Callout)
{
    PIRP Irp = (PIRP)Callout->Arg[1];
    PVF_IRP Record = VfFindIrp(Irp);

    if ((NTSTATUS)Callout->Result == STATUS_MORE_PROCESSING_REQUIRED ||
        (Record != NULL && Record->Ended)) {
        return;
    }
    if (Callout->Signaled && Callout->Location <= Irp->StackCount &&
        (IoGetCurrentIrpStackLocation(Irp)->Control & SL_PENDING_RETURNED) != 0) {
        VfViolate(VfRuleCompletionEventChecking, VF_START(Callout->Routine), NULL,
                  "the completion routine %a has both marked the IRP 0x%p pending and signaled an "
                  "event: either its dispatch routine waits and returns the outcome, or it returns "
                  "STATUS_PENDING",
                  Callout->Routine, Irp);
    }
    if (Callout->Marked && Callout->Location <= Irp->StackCount &&
        (IoGetCurrentIrpStackLocation(Irp)->Control & SL_PENDING_RETURNED) == 0) {
        VfViolate(
            VfRuleCompletionPending, VF_START(Callout->Routine), NULL,
            "the completion routine %a has not called IoMarkIrpPending for the IRP 0x%p, whose "
            "PendingReturned was set: the caller above never learns that it was pended, and "
            "never gets its completion",
            Callout->Routine, Irp);
    }
}

/* IRP_MJ_CLEANUP is complete: the last handle is gone, and nobody can ask for what is pending to be cancelled. */
static VOID
VfJudgeCleanup(PVF_CALLOUT Callout)
{
    for (ULONG i = 0; i < VfIrpCount && VfIsOn(VfRuleIrpsLeftAtCleanup); i++) {
        PVF_IRP Record = &VfIrps[i];
        PIO_STACK_LOCATION Stack;

        if (Record->Ended || Record->Completed || Record->Made != VF_IRP_OTHER ||
            (ULONG64)Record->Irp == Callout->Arg[1] ||
            Record->Irp->CurrentLocation > Record->Irp->StackCount) {
            continue;
        }
        Stack = IoGetCurrentIrpStackLocation(Record->Irp);
        if (Stack->FileObject == Callout->FileObject && Stack->FileObject != NULL &&
            (ULONG64)Stack->DeviceObject == Callout->Arg[0] &&
            (Stack->Control & SL_PENDING_RETURNED) != 0) {
            VfViolate(VfRuleIrpsLeftAtCleanup, VF_START(Callout->Routine), NULL,
                      "the dispatch routine %a has completed IRP_MJ_CLEANUP and left the IRP 0x%p "
                      "of the same file object pending: it keeps the file object, the device and "
                      "the thread that sent it",
                      Callout->Routine, Record->Irp);
        }
    }
}

static VOID
VfJudgePended(PVF_CALLOUT Callout, PIRP Irp, BOOLEAN Alive, BOOLEAN Marked)
{
    NTSTATUS Status = (NTSTATUS)Callout->Result;
    const VOID *At = VF_START(Callout->Routine);

    if (Status == STATUS_PENDING && !Marked) {
        VfViolate(VfRuleMarkIrpPending2, At, NULL,
                  "the dispatch routine %a returned STATUS_PENDING for the IRP 0x%p without having "
                  "called IoMarkIrpPending: when it is completed, its caller is not told",
                  Callout->Routine, Irp);
    } else if (Status != STATUS_PENDING && Marked) {
        VfViolate(VfRuleMarkIrpPending, At, NULL,
                  "the dispatch routine %a has marked the IRP 0x%p pending and returned 0x%x "
                  "instead of STATUS_PENDING: its caller takes it for complete",
                  Callout->Routine, Irp, (ULONG)Status);
    } else if (Status != STATUS_PENDING && Alive) {
        VfViolate(VfRuleIrpProcessingComplete, At, NULL,
                  "the dispatch routine %a returned 0x%x for the IRP 0x%p, and has neither "
                  "completed it nor sent it on: it will never be completed",
                  Callout->Routine, (ULONG)Status, Irp);
    } else if (Alive && Irp->Cancel && Irp->CancelRoutine != NULL) {
        VfViolate(VfRuleIrpCancelField, At, NULL,
                  "the dispatch routine %a has pended the IRP 0x%p with the cancel routine %a, and "
                  "it had been cancelled before: nobody will call the routine; test Irp->Cancel "
                  "after IoSetCancelRoutine",
                  Callout->Routine, Irp, (PVOID)Irp->CancelRoutine);
    }
}

static VOID
VfJudgeCompleted(PVF_CALLOUT Callout, PIRP Irp)
{
    NTSTATUS Status = (NTSTATUS)Callout->Result;
    const VOID *At = VF_START(Callout->Routine);

    if ((ULONG)Status == VF_IRP_GONE) {
        VfViolate(VfRuleIrpTouched, At, NULL,
                  "the dispatch routine %a returned what it read from the IRP 0x%p after its "
                  "completion: the IRP was freed by then; keep the status in a variable",
                  Callout->Routine, Irp);
    } else if (Status == STATUS_PENDING && !Callout->Marked) {
        VfViolate(VfRulePendedCompletedRequest, At, NULL,
                  "the dispatch routine %a has completed the IRP 0x%p without marking it pending, "
                  "and returned STATUS_PENDING: its caller waits for a completion that has been",
                  Callout->Routine, Irp);
    } else if (Status != STATUS_PENDING && Callout->Marked) {
        VfJudgePended(Callout, Irp, FALSE, TRUE);
    } else if (Status != STATUS_PENDING &&
               NT_SUCCESS(Status) != NT_SUCCESS(Callout->CompletedStatus)) {
        VfViolate(
            VfRuleCompleteRequestStatusCheck, At, NULL,
            "the dispatch routine %a has completed the IRP 0x%p with status 0x%x and returned "
            "0x%x",
            Callout->Routine, Irp, (ULONG)Callout->CompletedStatus, (ULONG)Status);
    }
}

/* IoSetCancelRoutine is inlined as well. */
static VOID
VfStartIoReturned(PVF_CALLOUT Callout)
{
    PIRP Irp = (PIRP)Callout->Arg[1];
    PVF_IRP Record = VfFindIrp(Irp);

    if (VfSetFind(&VfCancelable, Callout->Arg[0]) != 0 && Record != NULL && !Record->Ended &&
        !Record->Completed && Irp->CancelRoutine != NULL) {
        VfViolate(VfRuleStartIoCancel, VF_START(Callout->Routine), NULL,
                  "the StartIo routine %a has set the cancel routine %a of the IRP 0x%p, and the "
                  "device was set up by IoSetStartIoAttributes with NonCancelable FALSE: the I/O "
                  "manager may call it while StartIo runs",
                  Callout->Routine, (PVOID)Irp->CancelRoutine, Irp);
    }
}

VOID
VfIrpReturn(PVF_CALLOUT Callout)
{
    PIRP Irp = (PIRP)Callout->Arg[1];
    PVF_IRP Record;
    BOOLEAN Alive, Same;

    if (Callout->Kind == VfCompletion) {
        VfCompletionReturned(Callout);
        return;
    }
    if (Callout->Kind == VfStartIo) {
        VfStartIoReturned(Callout);
        return;
    }
    if (Callout->Kind != VfDispatch) {
        return;
    }
    Record = VfFindIrp(Irp);
    Same = Record != NULL && Record->Generation == Callout->Generation;
    Alive = Same && !Record->Ended && !Record->Completed;
    if (Alive && !Callout->Forwarded && Irp->CurrentLocation < Callout->Location) {
        return; /* a routine of somebody else has sent it on */
    }
    if (Alive && Irp->CurrentLocation > Callout->Location) {
        return; /* somebody else's completion of it is in progress */
    }
    if (Callout->Major == IRP_MJ_CREATE && Callout->Completed) {
        VfJudgeCreate(Callout);
    }
    if (Callout->Major == IRP_MJ_CLEANUP && Callout->Completed) {
        VfJudgeCleanup(Callout);
    }
    if (Callout->Completed) {
        VfJudgeCompleted(Callout, Irp);
    } else if (Callout->Forwarded) {
        NTSTATUS Status = (NTSTATUS)Callout->Result;

        if (Callout->Marked) {
            VfJudgePended(Callout, Irp, FALSE, TRUE);
        } else if ((ULONG)Status == VF_IRP_GONE) {
            VfJudgeCompleted(Callout, Irp);
        } else if (Status != Callout->LowerStatus && (Alive || !Same || Record->Ended)) {
            VfViolate(VfRuleLowerDriverReturn, VF_START(Callout->Routine), NULL,
                      "the dispatch routine %a has sent the IRP 0x%p on, got 0x%x from the lower "
                      "driver and returned 0x%x",
                      Callout->Routine, Irp, (ULONG)Callout->LowerStatus, (ULONG)Status);
        }
    } else if (Alive) {
        VfJudgePended(Callout, Irp, TRUE, (Callout->Stack->Control & SL_PENDING_RETURNED) != 0);
    } else if (Same && Record->Completed) {
        VfJudgePended(Callout, Irp, FALSE, Record->Marked);
    }
}

VOID
VfInitIrp(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(IofCompleteRequest, VfCompletes, NULL),
        VF_HOOK(IoCompleteRequest, VfCompletes, NULL),
        VF_HOOK(IofCallDriver, VfSends, VfSent),
        VF_HOOK(IoCallDriver, VfSends, VfSent),
        VF_HOOK(PoCallDriver, VfSends, VfSent),
    };

    VF_ADD_HOOKS(Rows);
}
