/*
 * irql.c - the interrupt request level of the current processor.
 *
 * The IRQL is KPCR.Irql; what Windows keeps in CR8. Drivers inline it as CR8 moves, which the
 * loader turns into calls of KiPatchCr8Write (KiWriteCr8) and reads of the field.
 *
 *   I1  Lowering below DISPATCH_LEVEL runs pending DPCs and a pending thread switch first; lowering below
 *       APC_LEVEL delivers pending kernel APCs.
 *   I2  Raising is no schedule point, unless APCs could come only since the last one that touches something, or others queue them to the thread (KiClosePoint), or the
 *       processor is wanted: up to there it could be given away (few.c, N1), or a DPC that has it for its target could begin (explore.c, E5), which the step before
 *       does not say.
 * Source: nt-semantics 2.1.
 */
#include "nt/ke/ki.h"

KIRQL NTAPI
KeGetCurrentIrql(VOID)
{
    return KiIrql();
}

/* I2 */
static VOID
KiWillRaise(KIRQL NewIrql)
{
    if (NewIrql >= DISPATCH_LEVEL && KiIrql() < DISPATCH_LEVEL &&
        (KiFewProcessors || (KiTargets & 1ull << KiPrcb()->Number) != 0)) {
        KiSchedulePoint(SP_ENTER_REGION, KiThread());
    } else {
        KiClosePoint(KiThread());
    }
}

KIRQL NTAPI
KfRaiseIrql(KIRQL NewIrql)
{
    KiWillRaise(NewIrql);
    return KiRaiseIrql(NewIrql);
}

KIRQL
KiRaiseIrql(KIRQL NewIrql)
{
    PKIPCR Pcr = KiPcr();
    KIRQL OldIrql = Pcr->Irql;

    if (NewIrql < OldIrql) {
        KeBugCheckEx(IRQL_NOT_GREATER_OR_EQUAL, OldIrql, NewIrql, 0, 0);
    }
    Pcr->Irql = NewIrql;
    return OldIrql;
}

KIRQL NTAPI
KeRaiseIrqlToDpcLevel(VOID)
{
    return KfRaiseIrql(DISPATCH_LEVEL);
}

KIRQL NTAPI
KeRaiseIrqlToSynchLevel(VOID)
{
    return KfRaiseIrql(12);
}

VOID NTAPI
KeLowerIrql(KIRQL NewIrql)
{
    PKIPCR Pcr = KiPcr();
    KIRQL OldIrql = Pcr->Irql;

    if (NewIrql > OldIrql) {
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, NewIrql, OldIrql, 0, 0);
    }
    if (NewIrql < DISPATCH_LEVEL) {
        if (OldIrql >= DISPATCH_LEVEL) {
            Pcr->Irql = DISPATCH_LEVEL;
            KiExitDispatcher(NewIrql); /* I1 */
        } else {
            Pcr->Irql = NewIrql;
            if (NewIrql == PASSIVE_LEVEL && KiThread()->ApcState.KernelApcPending) {
                KiCheckKernelApcs();
            }
        }
        KiNoteOpen(KiThread());
    } else {
        Pcr->Irql = NewIrql;
    }
}

/* A driver wrote CR8: up or down, as the inline KeRaiseIrql and KeLowerIrql do. */
VOID
KiWriteCr8(ULONG64 Value, PVOID Caller)
{
    KIRQL OldIrql = KiIrql();

    if (Value > HIGH_LEVEL) {
        ExRaiseStatus(STATUS_PRIVILEGED_INSTRUCTION);
    }
    if (Value >= OldIrql) {
        KiWillRaise((KIRQL)Value);
        KiPcr()->Irql = (KIRQL)Value;
        if (VfHooks != NULL && Value >= DISPATCH_LEVEL) {
            VfHooks->Raised();
        }
    } else {
        KeLowerIrql((KIRQL)Value);
    }
}

/* `pause` in kernel mode: whoever spins lets others go on. */
VOID
KiPause(PVOID Caller)
{
    Machine->budget = 0;
    KiEmptyPoint(SP_YIELD, NULL);
}
