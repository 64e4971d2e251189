/*
 * lowmem.c - --fail-alloc: allocations that fail, in a systematic order.
 *
 * Each distinct stack of the driver's frames that allocates has a number, in order of its first allocation. A run fails
 * one of them, the first time only or always; the host runs one after the other (host/cli/lowmem.c). A line
 * `allocation number= at=` tells of each stack when it is met first. The allocation is made and given back, so that
 * what follows from it alone stays the same.
 */
#include "vfp.h"

BOOLEAN
VfConfigureFailures(VOID)
{
    char Text[32];
    ULONG64 Length = HcConfig("fail-alloc", Text, sizeof(Text) - 1);

    if (Length == 0 || Length >= sizeof(Text)) {
        return FALSE;
    }
    Text[Length] = 0;
    VfFailures.On = TRUE;
    for (const char *At = Text; *At != 0; At++) {
        if (*At >= '0' && *At <= '9') {
            VfFailures.Target = VfFailures.Target * 10 + (ULONG)(*At - '0');
        }
        VfFailures.Always |= *At == 'a';
        VfFailures.AfterEntry |= *At == 'e';
    }
    return TRUE;
}

/* The driver's frames, by their places in its image. */
static ULONG64
VfStackHash(PVF_FRAME Frame)
{
    CONTEXT Context;
    ULONG64 Hash = 0xCBF29CE484222325ull;

    RtlCaptureContext(&Context);
    for (ULONG i = 0; i < 24 && Context.Rip != 0 && !ABI_IS_USER(Context.Rip); i++) {
        ULONG64 Base, Establisher, Before = Context.Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID Data;

        Context.Rip = HcOriginalRip(Context.Rip);
        if (VfIsVerified((PVOID)Context.Rip)) {
            Hash = (Hash ^ Context.Rip) * 0x100000001B3ull;
        }
        Function = RtlLookupFunctionEntry(Context.Rip, &Base, NULL);
        if (Function == NULL) {
            break;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context.Rip, Function, &Context, &Data,
                         &Establisher, NULL);
        if (Context.Rsp <= Before) {
            break;
        }
    }
    return Hash | 1;
}

/* Shall this allocation fail? */
static BOOLEAN
VfFails(PVF_FRAME Frame)
{
    ULONG64 Hash, Number;

    if (!VfFailures.On || (VfFailures.AfterEntry && VfInnermost(VfDriverEntry) != NULL)) {
        return FALSE;
    }
    Hash = VfStackHash(Frame);
    Number = VfSetFind(&VfStacks, Hash);
    if (Number != 0) {
        return Number == VfFailures.Target && VfFailures.Always;
    }
    Number = VfStacks.Count + 1;
    VfSetPut(&VfStacks, Hash, Number);
    if (VfStacks.Count == Number) {
        char Line[96];
        int Length = KiFormatText(Line, sizeof(Line), "allocation\tnumber=%x\tat=%p\n",
                                  (ULONG)Number, (PVOID)HcOriginalRip((ULONG64)Frame->Caller));

        HcReportText(Line, Length);
    }
    return Number == VfFailures.Target;
}

static ULONG64
VfFailPool(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && VfFails(Frame)) {
        ExFreePool((PVOID)Result);
        return 0;
    }
    return Result;
}

/* These raise an exception instead, unless they are asked not to. */
static ULONG64
VfFailQuota(PVF_FRAME Frame, ULONG64 Result)
{
    return (Frame->Arg[0] & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) != 0 ? VfFailPool(Frame, Result)
                                                                   : Result;
}

static ULONG64
VfFailIrp(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && VfFails(Frame)) {
        IoFreeIrp((PIRP)Result);
        return 0;
    }
    return Result;
}

static ULONG64
VfFailMdl(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && Frame->Arg[4] == 0 && VfFails(Frame)) {
        VfMdlForget(Result);
        IoFreeMdl((PMDL)Result);
        return 0;
    }
    return Result;
}

static ULONG64
VfFailWorkItem(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && VfFails(Frame)) {
        IoFreeWorkItem((PIO_WORKITEM)Result);
        return 0;
    }
    return Result;
}

/* IoSetCompletionRoutineEx(Device, Irp, ...) allocates what keeps the driver loaded. */
static ULONG64
VfFailCompletion(PVF_FRAME Frame, ULONG64 Result)
{
    PVF_CALLOUT Callout = VfDispatchOf((PIRP)Frame->Arg[1]);

    if (!NT_SUCCESS((NTSTATUS)Result) || !VfFails(Frame)) {
        return Result;
    }
    IopForgetCompletionEx((PIRP)Frame->Arg[1]);
    if (Callout != NULL) {
        Callout->CompletionEx = NULL;
        Callout->ExFailed = TRUE;
    }
    return (ULONG)STATUS_INSUFFICIENT_RESOURCES;
}

/* MmMapLockedPagesSpecifyCache(Mdl, Mode, CacheType, Address, BugCheckOnFailure, Priority) */
static ULONG64
VfFailMapping(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && (KPROCESSOR_MODE)Frame->Arg[1] == KernelMode && (UCHAR)Frame->Arg[4] == 0 &&
        VfFails(Frame)) {
        MmUnmapLockedPages((PVOID)Result, (PMDL)Frame->Arg[0]);
        return 0;
    }
    return Result;
}

VOID
VfInitLowMemory(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ExAllocatePool, NULL, VfFailPool),
        VF_HOOK(ExAllocatePoolWithTag, NULL, VfFailPool),
        VF_HOOK(ExAllocatePoolWithTagPriority, NULL, VfFailPool),
        VF_HOOK(ExAllocatePoolWithQuota, NULL, VfFailQuota),
        VF_HOOK(ExAllocatePoolWithQuotaTag, NULL, VfFailQuota),
        VF_HOOK(ExAllocatePool2, NULL, VfFailPool),
        VF_HOOK(ExAllocatePool3, NULL, VfFailPool),
        VF_HOOK(IoAllocateIrp, NULL, VfFailIrp),
        VF_HOOK(IoAllocateMdl, NULL, VfFailMdl),
        VF_HOOK(IoAllocateWorkItem, NULL, VfFailWorkItem),
        VF_HOOK(IoSetCompletionRoutineEx, NULL, VfFailCompletion),
        VF_HOOK(MmMapLockedPagesSpecifyCache, NULL, VfFailMapping),
    };

    if (VfFailures.On) {
        VF_ADD_HOOKS(Rows);
    }
}
