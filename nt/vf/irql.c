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
        VfViolate(VfRuleIrqlReturn, Callout->Routine, NULL,
                  "the %s %a was called at %s and returned at %s", VfKindName(Callout->Kind),
                  Callout->Routine, VfIrqlName(Expected), VfIrqlName(Irql));
    }
}

VOID
VfInitIrql(VOID)
{
}
