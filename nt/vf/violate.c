/*
 * violate.c - a violation becomes a finding.
 *
 * The host reads a line `rule` with fields `key=value` between tabs (host/report/rules.c):
 *     name, severity   the rule
 *     at               the place in the driver, where the stack does not show it: an address
 *     message          what happened, in words; addresses of code as "foo.sys+0x1234", which the host gives names
 * and behind a warning or note lines `rule-frame` with the return addresses of its stack. Of an error the run's end says
 * the rest.
 */
#include "vfp.h"

#define VF_FRAMES 16

/* The driver's context at the call: unwinds out of the verifier. */
VOID
VfContextOf(PVF_FRAME Frame, PCONTEXT Context)
{
    RtlCaptureContext(Context);
    for (ULONG i = 0; Frame != NULL && i < 16 && Context->Rsp <= (ULONG64)Frame; i++) {
        ULONG64 Base, Establisher;
        PVOID Data;
        PRUNTIME_FUNCTION Function = RtlLookupFunctionEntry(Context->Rip, &Base, NULL);

        if (Function == NULL) {
            break;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context->Rip, Function, Context, &Data,
                         &Establisher, NULL);
    }
}

static VOID
VfTellFrames(PCONTEXT Context)
{
    for (ULONG i = 0; i < VF_FRAMES && Context->Rip != 0 && !ABI_IS_USER(Context->Rip); i++) {
        ULONG64 Base, Establisher, Before = Context->Rsp;
        PVOID Data;
        PRUNTIME_FUNCTION Function;
        char Line[64];
        int Length;

        Context->Rip = HcOriginalRip(Context->Rip);
        Length = KiFormatText(Line, sizeof(Line), "rule-frame\trip=%p\n", Context->Rip);
        HcReportText(Line, Length);
        Function = RtlLookupFunctionEntry(Context->Rip, &Base, NULL);
        if (Function == NULL) {
            break;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context->Rip, Function, Context, &Data,
                         &Establisher, NULL);
        if (Context->Rsp <= Before) {
            break;
        }
    }
}

static BOOLEAN
VfIsTold(VF_RULE_ID Rule, const VOID *Place)
{
    ULONG64 Key = (ULONG64)Place << 8 ^ Rule;

    for (ULONG i = 0; i < VfToldCount; i++) {
        if (VfTold[i] == Key) {
            return TRUE;
        }
    }
    if (VfToldCount == RTL_NUMBER_OF(VfTold)) {
        return TRUE; /* enough */
    }
    VfTold[VfToldCount++] = Key;
    return FALSE;
}

/* Survives when rules are added: a run's stop code. */
static ULONG
VfRuleCode(VF_RULE_ID Rule)
{
    ULONG Hash = 0x811C9DC5u;

    for (const char *c = VfRuleNames[Rule]; *c != 0; c++) {
        Hash = (Hash ^ (UCHAR)*c) * 0x01000193u;
    }
    return Hash;
}

/* Trap: NULL, or the fault by which it was seen. */
static VOID
VfTell(VF_RULE_ID Rule, const VOID *Place, PVF_FRAME Frame, struct abi_trap *Trap,
       const char *Format, va_list Arguments)
{
    static const char *const Severities[] = {"", "note", "warning", "error"};
    UCHAR Severity = VfSeverity[Rule];
    CONTEXT Context;
    char Message[480], Line[800];
    int Length;

    if (Severity == VF_OFF || (Severity != VF_ERROR && VfIsTold(Rule, Place))) {
        return;
    }
    KiFormatTextV(Message, sizeof(Message), Format, Arguments);
    if (Place != NULL) {
        Place = (const VOID *)HcOriginalRip((ULONG64)Place);
    }
    if (!VfIsVerified(Place) && Trap == NULL && KiThread()->VfCallout != NULL) {
        /* A tail call: the routine of the driver is all that is known. */
        Place = VF_START(((PVF_CALLOUT)KiThread()->VfCallout)->Routine);
    }
    Length = KiFormatText(Line, sizeof(Line), "rule\tname=%s\tseverity=%s\tat=%p\tmessage=%s\n",
                          VfRuleNames[Rule], Severities[Severity], Place, Message);
    HcReportText(Line, Length);
    if (Severity == VF_ERROR && Trap != NULL) {
        KiStop(ABI_RULE, VfRuleCode(Rule), Trap, NULL, Message);
    }
    VfContextOf(Frame, &Context);
    if (Severity == VF_ERROR) {
        KiStop(ABI_RULE, VfRuleCode(Rule), NULL, &Context, Message);
    }
    VfTellFrames(&Context);
}

VOID
VfViolate(VF_RULE_ID Rule, const VOID *At, PVF_FRAME Frame, const char *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    VfTell(Rule,
           At != NULL      ? At
           : Frame != NULL ? Frame->Caller
                           : NULL,
           Frame, NULL, Format, Arguments);
    va_end(Arguments);
}

VOID
VfViolateAtTrap(VF_RULE_ID Rule, struct abi_trap *Raw, const char *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    /* Places are return addresses: behind the first byte of the instruction is as good. */
    VfTell(Rule, VfIsVerified((PVOID)Raw->original_rip) ? (PUCHAR)Raw->original_rip + 1 : NULL,
           NULL, Raw, Format, Arguments);
    va_end(Arguments);
}
