/*
 * lowmem.c - --fail-alloc: allocations that fail, in a systematic order.
 *
 * Each distinct stack of the driver's frames that allocates has a number, in order of its first allocation. A run fails
 * one of them, the first time only or always; the host runs one after the other (host/cli/lowmem.c). A line
 * `allocation number= at=` tells of each stack when it is met first. What may fail is what the environment may fail as well
 * (KiAllocationFails): every routine that allocates says so before it does anything. A routine of the filter manager's that
 * allocates for the driver that has called it fails as well.
 */
#include "vfp.h"
#include "nt/inc/ke.h"

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

/* The driver's frames, by their places in its image. 0: what it has called is not what allocates, nor has that been called by
   one driver of ours in between. *Site: where it has called. */
static ULONG64
VfStackHash(PULONG64 Site)
{
    PKI_MODULE Kernel = MiFindModule((PVOID)VfStackHash);
    CONTEXT Context;
    ULONG64 Hash = 0xCBF29CE484222325ull;
    BOOLEAN Between = FALSE;

    *Site = 0;
    RtlCaptureContext(&Context);
    for (ULONG i = 0; i < 24 && Context.Rip != 0 && !ABI_IS_USER(Context.Rip); i++) {
        ULONG64 Base, Establisher, Before = Context.Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID Data;

        Context.Rip = HcOriginalRip(Context.Rip);
        if (VfIsVerified((PVOID)Context.Rip)) {
            Hash = (Hash ^ Context.Rip) * 0x100000001B3ull;
            *Site = *Site != 0 ? *Site : Context.Rip;
        } else if (*Site == 0 && MiFindModule((PVOID)Context.Rip) != Kernel) {
            Between = TRUE;
        } else if (*Site == 0 && Between && (PVOID)Context.Rip != (PVOID)VfEnterReturn) {
            return 0;
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
    return *Site != 0 ? Hash | 1 : 0;
}

/* Code of a driver that is not verified: the filter manager's. */
static BOOLEAN
VfIsOtherDriver(PVOID Caller)
{
    PKI_MODULE Module = MiFindModule(Caller);

    return Module != NULL && !Module->UnderTest && Module != MiFindModule((PVOID)VfStackHash);
}

/* Shall this allocation fail? */
BOOLEAN
VfAllocationFails(PVOID Caller)
{
    ULONG64 Hash, Number, Site;

    if (!VfFailures.On || (!VfIsVerified(Caller) && !VfIsOtherDriver(Caller)) ||
        (VfFailures.AfterEntry && VfInnermost(VfDriverEntry) != NULL)) {
        return FALSE;
    }
    Hash = VfStackHash(&Site);
    if (Hash == 0) {
        return FALSE;
    }
    Number = VfSetFind(&VfStacks, Hash);
    if (Number != 0) {
        return Number == VfFailures.Target && VfFailures.Always;
    }
    Number = VfStacks.Count + 1;
    VfSetPut(&VfStacks, Hash, Number);
    if (VfStacks.Count == Number) {
        char Line[96];
        int Length =
            KiFormatText(Line, sizeof(Line), "allocation\tnumber=%x\tat=%p\n", (ULONG)Number, Site);

        HcReportText(Line, Length);
    }
    return Number == VfFailures.Target;
}
