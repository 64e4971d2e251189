/*
 * irql.c - IRQL: the documented limits of each export (irql.table), and what depends on arguments.
 */
#include "vfp.h"

const char *
VfIrqlName(KIRQL Irql)
{
    switch (Irql) {
    case PASSIVE_LEVEL:
        return "PASSIVE_LEVEL";
    case APC_LEVEL:
        return "APC_LEVEL";
    case DISPATCH_LEVEL:
        return "DISPATCH_LEVEL";
    case HIGH_LEVEL:
        return "HIGH_LEVEL";
    default:
        return "a device's IRQL";
    }
}

VOID
VfCheckIrql(PVF_FRAME Frame, PVF_ENTRY Entry, KIRQL Irql)
{
    VfViolate((VF_RULE_ID)Entry->Rule, NULL, Frame, "%a calls %s at %s; it may be called at %s%s",
              Frame->Caller, Entry->Name, VfIrqlName(Irql),
              Irql < Entry->Low ? VfIrqlName(Entry->Low) : VfIrqlName(Entry->High),
              Entry->Low == Entry->High ? " only"
              : Irql < Entry->Low       ? " and above"
                                        : " and below");
}

/* A routine must return at the IRQL that it was called at; a cancel routine lowers it, which it must. */
VOID
VfIrqlReturn(PVF_CALLOUT Callout)
{
    KIRQL Irql = KiIrql(), Expected = Callout->Kind == VfCancel
                                          ? ((PIRP)Callout->Arg[1])->CancelIrql
                                          : Callout->Irql;

    if (Callout->Kind != VfCancel && Irql != Expected) {
        VfViolate(VfRuleIrqlReturn, VF_START(Callout->Routine), NULL,
                  "the %s %a was called at %s and returned at %s", VfKindName(Callout->Kind),
                  Callout->Routine, VfIrqlName(Expected), VfIrqlName(Irql));
    }
}

/* KeSetEvent(Event, Increment, Wait) */
static VOID
VfSetsEvent(PVF_FRAME Frame)
{
    KIRQL Irql = KiIrql();

    if (Irql > DISPATCH_LEVEL || ((BOOLEAN)Frame->Arg[2] && Irql > APC_LEVEL)) {
        VfViolate(VfRuleIrqlKeSetEvent, NULL, Frame, "%a calls KeSetEvent at %s%s", Frame->Caller,
                  VfIrqlName(Irql),
                  Irql > DISPATCH_LEVEL ? "" : " with Wait = TRUE: no wait may follow there");
    }
}

static VOID
VfCheckWait(PVF_FRAME Frame, PLARGE_INTEGER Timeout)
{
    KIRQL Irql = KiIrql();

    if (KiThread()->WaitNext) {
        return; /* KeSetEvent or a release with Wait = TRUE has raised it for this wait */
    }
    if (Irql > DISPATCH_LEVEL ||
        (Irql == DISPATCH_LEVEL && (Timeout == NULL || Timeout->QuadPart != 0))) {
        VfViolate(VfRuleIrqlKeWaitForMutexObject, NULL, Frame,
                  "%a calls %s at %s with %s: no other thread can run on this processor",
                  Frame->Caller, VfCurrent->Name, VfIrqlName(Irql),
                  Timeout == NULL ? "no time-out" : "a time-out");
    }
}

static VOID
VfWaitsOne(PVF_FRAME Frame)
{
    VfCheckWait(Frame, (PLARGE_INTEGER)Frame->Arg[4]);
}

static VOID
VfWaitsSeveral(PVF_FRAME Frame)
{
    VfCheckWait(Frame, (PLARGE_INTEGER)Frame->Arg[6]);
}

static VOID
VfCheckPool(PVF_FRAME Frame, BOOLEAN Paged)
{
    KIRQL Irql = KiIrql();

    if (Irql > (Paged ? APC_LEVEL : DISPATCH_LEVEL)) {
        VfViolate(VfRuleIrqlExAllocatePool, NULL, Frame, "%a allocates %s pool at %s",
                  Frame->Caller, Paged ? "paged" : "nonpaged", VfIrqlName(Irql));
    }
}

static VOID
VfAllocates(PVF_FRAME Frame)
{
    VfCheckPool(Frame, (Frame->Arg[0] & PagedPool) != 0);
}

/* ExAllocatePool2(Flags, ...) and 3: POOL_FLAG_PAGED */
static VOID
VfAllocatesByFlags(PVF_FRAME Frame)
{
    VfCheckPool(Frame, (Frame->Arg[0] & 0x100) != 0);
}

static VOID
VfFrees(PVF_FRAME Frame)
{
    BOOLEAN Paged = Frame->Arg[0] - ABI_PAGED_BASE < ABI_MAPPING_BASE - ABI_PAGED_BASE;
    KIRQL Irql = KiIrql();

    if (Irql > (Paged ? APC_LEVEL : DISPATCH_LEVEL)) {
        VfViolate(VfRuleIrqlExFree1, NULL, Frame, "%a frees %s pool at %s", Frame->Caller,
                  Paged ? "paged" : "nonpaged", VfIrqlName(Irql));
    }
}

static VOID
VfRaises(PVF_FRAME Frame)
{
    if ((KIRQL)Frame->Arg[0] < KiIrql()) {
        VfViolate(VfRuleIrqlKeRaiseLower, NULL, Frame, "%a raises the IRQL from %s to %s",
                  Frame->Caller, VfIrqlName(KiIrql()), VfIrqlName((KIRQL)Frame->Arg[0]));
    }
}

static VOID
VfLowers(PVF_FRAME Frame)
{
    if ((KIRQL)Frame->Arg[0] > KiIrql()) {
        VfViolate(VfRuleIrqlKeRaiseLower, NULL, Frame, "%a lowers the IRQL from %s to %s",
                  Frame->Caller, VfIrqlName(KiIrql()), VfIrqlName((KIRQL)Frame->Arg[0]));
    }
}

/* Objects that are used at DISPATCH_LEVEL, by whomever, must not lie in paged pool. */
static VOID
VfNeedsNonpaged(PVF_FRAME Frame)
{
    if (Frame->Arg[0] - ABI_PAGED_BASE < ABI_MAPPING_BASE - ABI_PAGED_BASE) {
        VfViolate(VfRulePagedMemory, NULL, Frame,
                  "%a calls %s for the object 0x%p in paged pool: the kernel uses it at "
                  "DISPATCH_LEVEL, where it may be paged out",
                  Frame->Caller, VfCurrent->Name, (PVOID)Frame->Arg[0]);
    }
}

VOID
VfInitIrql(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(KeSetEvent, VfSetsEvent, NULL),
        VF_HOOK(KeWaitForSingleObject, VfWaitsOne, NULL),
        VF_HOOK(KeWaitForMultipleObjects, VfWaitsSeveral, NULL),
        VF_HOOK(ExAllocatePool, VfAllocates, NULL),
        VF_HOOK(ExAllocatePoolWithTag, VfAllocates, NULL),
        VF_HOOK(ExAllocatePoolWithTagPriority, VfAllocates, NULL),
        VF_HOOK(ExAllocatePool2, VfAllocatesByFlags, NULL),
        VF_HOOK(ExAllocatePool3, VfAllocatesByFlags, NULL),
        VF_HOOK(ExFreePool, VfFrees, NULL),
        VF_HOOK(ExFreePoolWithTag, VfFrees, NULL),
        VF_HOOK(KfRaiseIrql, VfRaises, NULL),
        VF_HOOK(KeLowerIrql, VfLowers, NULL),
        VF_HOOK(KeInitializeSpinLock, VfNeedsNonpaged, NULL),
        VF_HOOK(KeAcquireSpinLockRaiseToDpc, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeEvent, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeTimer, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeTimerEx, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeDpc, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeMutex, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeSemaphore, VfNeedsNonpaged, NULL),
        VF_HOOK(ExInitializeResourceLite, VfNeedsNonpaged, NULL),
        VF_HOOK(ExInitializeNPagedLookasideList, VfNeedsNonpaged, NULL),
        VF_HOOK(KeInitializeDeviceQueue, VfNeedsNonpaged, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
