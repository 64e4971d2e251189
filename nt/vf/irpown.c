/*
 * irpown.c - requests that a driver makes itself, completion routines by IoSetCompletionRoutineEx, remove locks, StartIo.
 *
 *     IoAllocateIrp, IoBuildAsynchronousFsdRequest      the driver frees it, in a completion routine that returns
 *                                                       STATUS_MORE_PROCESSING_REQUIRED
 *     IoBuildDeviceIoControlRequest,                    the I/O manager frees it; the driver waits for its event before
 *     IoBuildSynchronousFsdRequest                      it leaves the frame that the event and the status block are in
 *
 * [DDI pages; SDV's rule sets LocalIrpProcessing and IrpTracking; [BC:c9]]
 */
#include "vfp.h"

static ULONG64
VfMade(PVF_FRAME Frame, ULONG64 Result, UCHAR Made)
{
    if (Result != 0) {
        VfNewIrp((PIRP)Result, Made, Frame->Caller);
    }
    return Result;
}

static ULONG64
VfAllocated(PVF_FRAME Frame, ULONG64 Result)
{
    return VfMade(Frame, Result, VF_IRP_ALLOCATED);
}

static ULONG64
VfBuiltAsynchronous(PVF_FRAME Frame, ULONG64 Result)
{
    return VfMade(Frame, Result, VF_IRP_ASYNCHRONOUS);
}

static ULONG64
VfBuiltSynchronous(PVF_FRAME Frame, ULONG64 Result)
{
    return VfMade(Frame, Result, VF_IRP_SYNCHRONOUS);
}

VOID
VfOwnIrpSent(PVF_FRAME Frame, PIRP Irp)
{
    PVF_IRP Record = VfFindIrp(Irp);

    if (Record == NULL || Record->Made == VF_IRP_OTHER || Irp->CurrentLocation <= Irp->StackCount) {
        return;
    }
    Record->Sent = TRUE;
    if (Record->Made != VF_IRP_SYNCHRONOUS &&
        (IoGetNextIrpStackLocation(Irp)->Control &
         (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL)) == 0) {
        VfViolate(VfRuleIoAllocateForward, NULL, Frame,
                  "%a sends the IRP 0x%p, which it has made (at %a), without a completion routine: "
                  "nobody frees it, and the I/O manager completes it into a thread that does not "
                  "expect it",
                  Frame->Caller, Irp, Record->Caller);
    }
}

static VOID
VfFreesIrp(PVF_FRAME Frame)
{
    PIRP Irp = (PIRP)Frame->Arg[0];
    PVF_IRP Record = VfFindIrp(Irp);

    if (Record == NULL) {
        return; /* made before it was verified, or by IoMakeAssociatedIrp */
    }
    if (Record->Made == VF_IRP_SYNCHRONOUS && (Record->Sent || Record->Ended)) {
        VfViolate(
            VfRuleIoBuildDeviceControlNoFree, NULL, Frame,
            "%a frees the IRP 0x%p, which was built (at %a) as one that the I/O manager frees "
            "at its completion",
            Frame->Caller, Irp, Record->Caller);
    } else if (Record->Ended) {
        VfViolate(VfRuleIoAllocateFree, NULL, Frame,
                  "%a frees the IRP 0x%p, which has been freed or completed already", Frame->Caller,
                  Irp);
    } else if (Record->Made == VF_IRP_OTHER) {
        VfViolate(VfRuleIoAllocateFree, NULL, Frame,
                  "%a frees the IRP 0x%p, which somebody else has sent to this driver",
                  Frame->Caller, Irp);
    }
}

static VOID
VfReusesIrp(PVF_FRAME Frame)
{
    PVF_IRP Record = VfFindIrp((PIRP)Frame->Arg[0]);

    if (Record != NULL && Record->Made != VF_IRP_ALLOCATED) {
        VfViolate(VfRuleIoReuseIrp, NULL, Frame,
                  "%a calls IoReuseIrp for the IRP 0x%p, which does not come from IoAllocateIrp",
                  Frame->Caller, (PVOID)Frame->Arg[0]);
    }
}

/* IoSetCompletionRoutineEx(Device, Irp, Routine, Context, ...) */
static VOID
VfSetsCompletionEx(PVF_FRAME Frame)
{
    PDEVICE_OBJECT Device = (PDEVICE_OBJECT)Frame->Arg[0];
    PKI_MODULE Module = MiFindModule(Frame->Caller);

    if (Module != NULL && VfIsVerified(Frame->Caller) &&
        Device->DriverObject->DriverStart != Module->DllBase) {
        VfViolate(VfRuleIoSetCompletionRoutineExCheckDeviceObject, NULL, Frame,
                  "%a calls IoSetCompletionRoutineEx with the device 0x%p of another driver: it "
                  "keeps that one loaded, not the one whose routine will run",
                  Frame->Caller, Device);
    }
}

static ULONG64
VfCompletionExSet(PVF_FRAME Frame, ULONG64 Result)
{
    PVF_CALLOUT Callout = VfDispatchOf((PIRP)Frame->Arg[1]);

    if (Callout != NULL) {
        Callout->CompletionEx = NT_SUCCESS((NTSTATUS)Result) ? Frame->Caller : NULL;
        Callout->ExFailed = !NT_SUCCESS((NTSTATUS)Result);
    }
    return Result;
}

static VOID
VfSignalsEvent(PVF_FRAME Frame)
{
    PVF_CALLOUT Callout = KiThread()->VfCallout;

    if (Callout != NULL && Callout->Kind == VfCompletion) {
        Callout->Signaled = TRUE;
    }
    if (VfIoEvents.Count != 0 && VfSetFind(&VfIoEvents, Frame->Arg[0]) != 0) {
        VfViolate(VfRuleIoBuildDeviceIoControlSetEvent, NULL, Frame,
                  "%a signals the event 0x%p of the IRP 0x%p, which is under way: the I/O manager "
                  "signals it when the request is complete",
                  Frame->Caller, (PVOID)Frame->Arg[0],
                  (PVOID)VfSetFind(&VfIoEvents, Frame->Arg[0]));
    }
}

/* ---- remove locks: IoAcquireRemoveLockEx(Lock, Tag, File, Line, Size) ---- */

static ULONG64
VfRemoveAcquired(PVF_FRAME Frame, ULONG64 Result)
{
    PVF_CALLOUT Callout = VfInnermost(VfDispatch);

    if (Callout != NULL && NT_SUCCESS((NTSTATUS)Result)) {
        Callout->RemoveLocks++;
        VfSetPut(&VfRemoveUsers, (ULONG64)((PDEVICE_OBJECT)Callout->Arg[0])->DriverObject, 1);
        Callout->RemoveCaller = Frame->Caller;
    }
    return Result;
}

static VOID
VfRemoveReleases(PVF_FRAME Frame)
{
    PIO_REMOVE_LOCK Lock = (PIO_REMOVE_LOCK)Frame->Arg[0];
    PVF_CALLOUT Callout = VfInnermost(VfDispatch);

    if (Callout != NULL) {
        Callout->RemoveLocks--;
    }
    /* It counts from 1: the last reference is the removal's. */
    if (Lock->Common.IoCount <= 1 && !Lock->Common.Removed) {
        VfViolate(VfRuleRemoveLock, NULL, Frame,
                  "%a releases the remove lock 0x%p, which nobody holds", Frame->Caller, Lock);
    }
}

/*
 * A lock in a file's own context is waited for when the file is cleaned up or closed: no request of that file follows (Microsoft's
 * samples cancel and event). Anywhere else requests of the device are still to come.
 */
static VOID
VfRemoveWaits(PVF_FRAME Frame)
{
    PVF_CALLOUT Callout = VfInnermost(VfDispatch);

    if (Callout != NULL) {
        Callout->RemoveLocks--;
        if (Callout->Major != IRP_MJ_CLEANUP && Callout->Major != IRP_MJ_CLOSE &&
            (Callout->Major != IRP_MJ_PNP || Callout->Minor != IRP_MN_REMOVE_DEVICE)) {
            VfViolate(
                VfRuleRemoveLockWait, NULL, Frame,
                "%a calls IoReleaseRemoveLockAndWait outside of IRP_MN_REMOVE_DEVICE: from now "
                "on nobody gets the lock 0x%p",
                Frame->Caller, (PVOID)Frame->Arg[0]);
        }
    }
}

/* ---- StartIo ---- */

static VOID
VfSetsStartIo(PVF_FRAME Frame)
{
    if ((BOOLEAN)Frame->Arg[1]) {
        VfSetPut(&VfDeferred, Frame->Arg[0], 1);
    } else {
        VfSetRemove(&VfDeferred, Frame->Arg[0]);
    }
    if ((BOOLEAN)Frame->Arg[2]) {
        VfSetRemove(&VfCancelable, Frame->Arg[0]);
    } else {
        VfSetPut(&VfCancelable, Frame->Arg[0], 1);
    }
}

static VOID
VfStartsNext(PVF_FRAME Frame)
{
    PVF_CALLOUT Callout = VfInnermost(VfStartIo);

    if (Callout != NULL && Callout->Arg[0] == Frame->Arg[0] &&
        VfSetFind(&VfDeferred, Frame->Arg[0]) == 0) {
        VfViolate(VfRuleStartIoRecursion, NULL, Frame,
                  "%a starts the next packet inside of the StartIo routine: each packet takes more "
                  "of the kernel stack; see IoSetStartIoAttributes",
                  Frame->Caller);
    }
}

/* ---- at the end of a routine ---- */

VOID
VfOwnIrpReturn(PVF_CALLOUT Callout)
{
    PKTHREAD Thread = KiThread();

    if (Callout->Kind == VfDispatch && Callout->CompletionEx != NULL && !Callout->Forwarded) {
        VfViolate(VfRuleCompletionRoutineRegistered, Callout->CompletionEx, NULL,
                  "the dispatch routine %a has set a completion routine at %a and not sent the IRP "
                  "on: a reference to its device and memory leak",
                  Callout->Routine, Callout->CompletionEx);
    }
    if (Callout->Kind == VfDispatch && Callout->RemoveLocks > 0 && Callout->Completed) {
        VfViolate(VfRuleRemoveLock, Callout->RemoveCaller, NULL,
                  "the dispatch routine %a has completed its IRP without releasing the remove lock "
                  "that it acquired at %a: the device can never be removed",
                  Callout->Routine, Callout->RemoveCaller);
    }
    /* The frames below this one are gone, and with them what the I/O manager will write to. */
    for (ULONG i = 0; VfIoEvents.Count != 0 && i < VF_SET_SIZE; i++) {
        ULONG64 Event = VfIoEvents.Key[i];
        PVF_IRP Record;

        if (Event == 0 || Event < (ULONG64)Thread->StackLimit || Event >= (ULONG64)Callout) {
            continue;
        }
        Record = VfFindIrp((PIRP)VfIoEvents.Value[i]);
        if (Record != NULL && !Record->Ended && Record->Sent) {
            VfViolate(VfRuleIoBuildDeviceControlWait, Record->Caller, NULL,
                      "the %s %a returned while the IRP 0x%p, built at %a, is under way: its event "
                      "0x%p and its status block were on the stack that has been unwound",
                      VfKindName(Callout->Kind), Callout->Routine, Record->Irp, Record->Caller,
                      (PVOID)Event);
        }
    }
}

VOID
VfOwnIrpUnload(PKI_MODULE Module)
{
    for (ULONG i = 0; i < VfIrpCount; i++) {
        PVF_IRP Record = &VfIrps[i];

        if (Record->Made != VF_IRP_OTHER && !Record->Ended &&
            MiFindModule(Record->Caller) == Module) {
            VfViolate(
                VfRuleIrpLeak, Record->Caller, NULL,
                "the driver was unloaded, and the IRP 0x%p that it made at %a was never freed",
                Record->Irp, Record->Caller);
        }
    }
}

VOID
VfInitOwnIrp(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(IoAllocateIrp, NULL, VfAllocated),
        VF_HOOK(IoAllocateIrpEx, NULL, VfAllocated),
        VF_HOOK(IoBuildAsynchronousFsdRequest, NULL, VfBuiltAsynchronous),
        VF_HOOK(IoBuildDeviceIoControlRequest, NULL, VfBuiltSynchronous),
        VF_HOOK(IoBuildSynchronousFsdRequest, NULL, VfBuiltSynchronous),
        VF_HOOK(IoFreeIrp, VfFreesIrp, NULL),
        VF_HOOK(IoReuseIrp, VfReusesIrp, NULL),
        VF_HOOK(IoSetCompletionRoutineEx, VfSetsCompletionEx, VfCompletionExSet),
        VF_HOOK(KeSetEvent, VfSignalsEvent, NULL),
        VF_HOOK(IoAcquireRemoveLockEx, NULL, VfRemoveAcquired),
        VF_HOOK(IoReleaseRemoveLockEx, VfRemoveReleases, NULL),
        VF_HOOK(IoReleaseRemoveLockAndWaitEx, VfRemoveWaits, NULL),
        VF_HOOK(IoSetStartIoAttributes, VfSetsStartIo, NULL),
        VF_HOOK(IoStartNextPacket, VfStartsNext, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
