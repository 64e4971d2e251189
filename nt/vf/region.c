/*
 * region.c - APCs and regions.
 *
 * A thread of a process can be suspended while normal kernel APCs are enabled: inside of a lock, everybody who waits for
 * the lock then waits for its resume. Threads of the system are suspended by nobody, so nothing is said of them.
 * [DDI pages of ExAcquireResourceExclusiveLite and of the others; [BC:c4] 0x37 to 0x3A, 0xC5, 0xC6, 0xFB, 0xE6, 0x123;
 * nt-semantics 1.2, 1.6, 3.7, 3.8]
 */
#include "vfp.h"

static VOID
VfLockAcquired(PVF_FRAME Frame, const char *Lock)
{
    PKTHREAD Thread = KiThread();

    if (VfNormalApcsOn(Thread) && !Thread->SystemThread) {
        VfViolate(VfRuleWithinCriticalRegion, NULL, Frame,
                  "%a acquires the %s 0x%p with normal kernel APCs enabled: whoever suspends "
                  "this thread while it holds the lock stops everybody who needs it; enter a "
                  "critical region first",
                  Frame->Caller, Lock, (PVOID)Frame->Arg[0]);
    }
}

static VOID
VfLockReleased(PVF_FRAME Frame, const char *Lock)
{
    PKTHREAD Thread = KiThread();

    if (VfNormalApcsOn(Thread) && !Thread->SystemThread) {
        VfViolate(VfRuleWithinCriticalRegion, NULL, Frame,
                  "%a releases the %s 0x%p with normal kernel APCs enabled: the critical region "
                  "was left while the lock was still held",
                  Frame->Caller, Lock, (PVOID)Frame->Arg[0]);
    }
}

static VOID
VfResourceAcquired(PVF_FRAME Frame)
{
    VfLockAcquired(Frame, "resource");
}

static VOID
VfResourceReleased(PVF_FRAME Frame)
{
    VfLockReleased(Frame, "resource");
}

static VOID
VfUnsafeMutexAcquired(PVF_FRAME Frame)
{
    VfLockAcquired(Frame, "fast mutex");
}

static VOID
VfUnsafeMutexReleased(PVF_FRAME Frame)
{
    VfLockReleased(Frame, "fast mutex");
}

static VOID
VfPushLockAcquired(PVF_FRAME Frame)
{
    VfLockAcquired(Frame, "push lock");
}

static VOID
VfPushLockReleased(PVF_FRAME Frame)
{
    VfLockReleased(Frame, "push lock");
}

static VOID
VfLeavesCritical(PVF_FRAME Frame)
{
    if (KiThread()->KernelApcDisable >= 0) {
        VfViolate(VfRuleCriticalRegions, NULL, Frame,
                  "%a leaves a critical region, and the thread is in none", Frame->Caller);
    }
}

static VOID
VfLeavesGuarded(PVF_FRAME Frame)
{
    PKTHREAD Thread = KiThread();

    if (Thread->SpecialApcDisable >= 0 && Thread->KernelApcDisable >= 0) {
        VfViolate(VfRuleGuardedRegions, NULL, Frame,
                  "%a leaves a guarded region, and the thread is in none", Frame->Caller);
    }
}

/* The last region that was entered since Depth and is still open. */
static const VOID *
VfOpenRegion(PKTHREAD Thread, ULONG Depth, UCHAR Kind, PVOID *Lock)
{
    *Lock = NULL;
    for (ULONG i = min(Thread->RegionDepth, KI_REGIONS); i > Depth; i--) {
        if (Thread->Region[i - 1].Kind == Kind) {
            *Lock = Thread->Region[i - 1].Lock;
            return Thread->Region[i - 1].Caller;
        }
    }
    return NULL;
}

static VOID
VfRegionDiffers(PVF_CALLOUT Callout, UCHAR Kind, SHORT Now, SHORT Then)
{
    const char *Name = Kind == KI_CRITICAL ? "critical" : "guarded";
    VF_RULE_ID Rule = Callout->Kind == VfCompletion ? VfRuleRegionAcrossCompletion
                      : Kind == KI_CRITICAL         ? VfRuleCriticalRegions
                                                    : VfRuleGuardedRegions;
    PVOID Lock;
    const VOID *Entered = VfOpenRegion(KiThread(), Callout->RegionDepth, Kind, &Lock);

    if (Now > Then) {
        VfViolate(Rule, VF_START(Callout->Routine), NULL,
                  "the %s %a has left %u %s region%s that it had not entered",
                  VfKindName(Callout->Kind), Callout->Routine, Now - Then, Name,
                  Now - Then == 1 ? "" : "s");
    } else if (Lock != NULL) {
        VfViolate(VfRuleLockHeldOnReturn,
                  VfIsVerified(Entered) ? Entered : VF_START(Callout->Routine), NULL,
                  "the %s %a returned while it still holds the lock 0x%p, acquired at %a",
                  VfKindName(Callout->Kind), Callout->Routine, Lock, Entered);
    } else if (VfIsVerified(Entered)) {
        VfViolate(Rule, Entered, NULL,
                  "the %s %a returned without leaving the %s region that %a entered",
                  VfKindName(Callout->Kind), Callout->Routine, Name, Entered);
    } else {
        VfViolate(Rule, VF_START(Callout->Routine), NULL,
                  "the %s %a returned in %u %s region%s that it had entered",
                  VfKindName(Callout->Kind), Callout->Routine, Then - Now, Name,
                  Then - Now == 1 ? "" : "s");
    }
}

VOID
VfRegionReturn(PVF_CALLOUT Callout)
{
    PKTHREAD Thread = KiThread();

    if (Thread->KernelApcDisable != Callout->KernelApcDisable) {
        VfRegionDiffers(Callout, KI_CRITICAL, Thread->KernelApcDisable, Callout->KernelApcDisable);
    }
    if (Thread->SpecialApcDisable != Callout->SpecialApcDisable) {
        VfRegionDiffers(Callout, KI_GUARDED, Thread->SpecialApcDisable, Callout->SpecialApcDisable);
    }
}

/* The completion of I/O comes as a special kernel APC. At APC_LEVEL the IRQL rules speak first. */
static VOID
VfZwIo(PVF_FRAME Frame)
{
    if (KiThread()->SpecialApcDisable != 0) {
        VfViolate(VfRuleZwSpecialApcs, NULL, Frame,
                  "%a does I/O in a guarded region: its completion is a special kernel APC, which "
                  "cannot be delivered there",
                  Frame->Caller);
    }
}

static ULONG64
VfRequestBuilt(PVF_FRAME Frame, ULONG64 Result)
{
    return Result;
}

static VOID
VfWaitsFor(PVF_FRAME Frame, ULONG64 Object, KPROCESSOR_MODE Mode, PLARGE_INTEGER Timeout)
{
    PKTHREAD Thread = KiThread();
    BOOLEAN Forever = Timeout == NULL;

    if (Mode == UserMode && Object - (ULONG64)Thread->StackLimit <
                                (ULONG64)Thread->StackBase - (ULONG64)Thread->StackLimit) {
        VfViolate(VfRuleKeWaitLocal, NULL, Frame,
                  "%a waits in user mode for the object 0x%p on the kernel stack: the stack of a "
                  "thread that waits in user mode may be paged out, and the object with it",
                  Frame->Caller, (PVOID)Object);
    }
    if (Forever && VfSetFind(&VfIoEvents, Object) != 0 &&
        (Thread->SpecialApcDisable != 0 || KiIrql() == APC_LEVEL)) {
        VfViolate(VfRuleIoWaitApcsOff, NULL, Frame,
                  "%a waits for the event 0x%p of a request with special kernel APCs off: the "
                  "request's completion is such an APC",
                  Frame->Caller, (PVOID)Object);
    }
    if (Forever && Thread->KernelApcDisable != 0 && !Thread->SystemThread &&
        VfSetFind(&VfUserObjects, Object) != 0) {
        VfViolate(VfRuleUserObjectInRegion, NULL, Frame,
                  "%a waits in a critical region for the object 0x%p, which user mode has a handle "
                  "to: whoever never signals it keeps this thread from being suspended or "
                  "terminated for ever",
                  Frame->Caller, (PVOID)Object);
    }
}

static VOID
VfWaitsForOne(PVF_FRAME Frame)
{
    VfWaitsFor(Frame, Frame->Arg[0], (KPROCESSOR_MODE)Frame->Arg[2], (PLARGE_INTEGER)Frame->Arg[4]);
}

static VOID
VfWaitsForSeveral(PVF_FRAME Frame)
{
    PULONG64 Objects = (PULONG64)Frame->Arg[1];

    for (ULONG i = 0; i < (ULONG)Frame->Arg[0] && i < MAXIMUM_WAIT_OBJECTS; i++) {
        VfWaitsFor(Frame, Objects[i], (KPROCESSOR_MODE)Frame->Arg[4],
                   (PLARGE_INTEGER)Frame->Arg[6]);
    }
}

/* ObReferenceObjectByHandle(Handle, Access, Type, Mode, &Object, Information) */
static ULONG64
VfHandleReferenced(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result) && (KPROCESSOR_MODE)Frame->Arg[3] == UserMode &&
        KiPreviousMode() == UserMode) {
        VfSetPut(&VfUserObjects, *(PULONG64)Frame->Arg[4], 1);
    }
    return Result;
}

/* IoBuildDeviceIoControlRequest(Code, Device, In, InLength, Out, OutLength, Internal, Event, Iosb) */
static ULONG64
VfDeviceControlBuilt(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && Frame->Arg[7] != 0) {
        VfSetPut(&VfIoEvents, Frame->Arg[7], Result);
    }
    return VfRequestBuilt(Frame, Result);
}

/* IoBuildSynchronousFsdRequest(Major, Device, Buffer, Length, Offset, Event, Iosb) */
static ULONG64
VfFsdRequestBuilt(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && Frame->Arg[5] != 0) {
        VfSetPut(&VfIoEvents, Frame->Arg[5], Result);
    }
    return VfRequestBuilt(Frame, Result);
}

/* An event that is initialized begins a new life. */
static VOID
VfEventInitialized(PVF_FRAME Frame)
{
    VfSetRemove(&VfIoEvents, Frame->Arg[0]);
    VfSetRemove(&VfUserObjects, Frame->Arg[0]);
}

VOID
VfInitRegion(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ExAcquireResourceExclusiveLite, VfResourceAcquired, NULL),
        VF_HOOK(ExAcquireResourceSharedLite, VfResourceAcquired, NULL),
        VF_HOOK(ExAcquireSharedStarveExclusive, VfResourceAcquired, NULL),
        VF_HOOK(ExAcquireSharedWaitForExclusive, VfResourceAcquired, NULL),
        VF_HOOK(ExReleaseResourceLite, VfResourceReleased, NULL),
        VF_HOOK(ExReleaseResourceForThreadLite, VfResourceReleased, NULL),
        VF_HOOK(ExAcquireFastMutexUnsafe, VfUnsafeMutexAcquired, NULL),
        VF_HOOK(ExReleaseFastMutexUnsafe, VfUnsafeMutexReleased, NULL),
        VF_HOOK(KeAcquireGuardedMutexUnsafe, VfUnsafeMutexAcquired, NULL),
        VF_HOOK(KeReleaseGuardedMutexUnsafe, VfUnsafeMutexReleased, NULL),
        VF_HOOK(ExAcquirePushLockExclusiveEx, VfPushLockAcquired, NULL),
        VF_HOOK(ExAcquirePushLockSharedEx, VfPushLockAcquired, NULL),
        VF_HOOK(ExReleasePushLockExclusiveEx, VfPushLockReleased, NULL),
        VF_HOOK(ExReleasePushLockSharedEx, VfPushLockReleased, NULL),
        VF_HOOK(ExfAcquirePushLockExclusive, VfPushLockAcquired, NULL),
        VF_HOOK(ExfAcquirePushLockShared, VfPushLockAcquired, NULL),
        VF_HOOK(KeLeaveCriticalRegion, VfLeavesCritical, NULL),
        VF_HOOK(KeLeaveGuardedRegion, VfLeavesGuarded, NULL),
        VF_HOOK(ZwCreateFile, VfZwIo, NULL),
        VF_HOOK(ZwOpenFile, VfZwIo, NULL),
        VF_HOOK(ZwReadFile, VfZwIo, NULL),
        VF_HOOK(ZwWriteFile, VfZwIo, NULL),
        VF_HOOK(ZwQueryInformationFile, VfZwIo, NULL),
        VF_HOOK(ZwSetInformationFile, VfZwIo, NULL),
        VF_HOOK(ZwQueryDirectoryFile, VfZwIo, NULL),
        VF_HOOK(ZwQueryVolumeInformationFile, VfZwIo, NULL),
        VF_HOOK(ZwSetVolumeInformationFile, VfZwIo, NULL),
        VF_HOOK(ZwDeviceIoControlFile, VfZwIo, NULL),
        VF_HOOK(ZwFsControlFile, VfZwIo, NULL),
        VF_HOOK(ZwFlushBuffersFile, VfZwIo, NULL),
        VF_HOOK(ZwDeleteFile, VfZwIo, NULL),
        VF_HOOK(ZwQueryEaFile, VfZwIo, NULL),
        VF_HOOK(ZwSetEaFile, VfZwIo, NULL),
        VF_HOOK(ZwQueryQuotaInformationFile, VfZwIo, NULL),
        VF_HOOK(ZwSetQuotaInformationFile, VfZwIo, NULL),
        VF_HOOK(IoCreateFile, VfZwIo, NULL),
        VF_HOOK(IoCreateFileEx, VfZwIo, NULL),
        VF_HOOK(IoCreateFileSpecifyDeviceObjectHint, VfZwIo, NULL),
        VF_HOOK(KeWaitForSingleObject, VfWaitsForOne, NULL),
        VF_HOOK(KeWaitForMultipleObjects, VfWaitsForSeveral, NULL),
        VF_HOOK(ObReferenceObjectByHandle, NULL, VfHandleReferenced),
        VF_HOOK(IoBuildDeviceIoControlRequest, NULL, VfDeviceControlBuilt),
        VF_HOOK(IoBuildSynchronousFsdRequest, NULL, VfFsdRequestBuilt),
        VF_HOOK(KeInitializeEvent, VfEventInitialized, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
