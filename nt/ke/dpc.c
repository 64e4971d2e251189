/*
 * dpc.c - deferred procedure calls.
 *
 * A DPC is queued to a processor and runs there at DISPATCH_LEVEL when its IRQL falls below, on the stack
 * of whatever thread is current: in an arbitrary context. While it runs the acting agent is the
 * processor's DPC agent, named after who queued it.
 *
 *   D1  A KDPC is in one queue or in none: DpcData is the queue's processor block, NULL if in none.
 *   D2  The processor's thread is not switched while a DPC runs.
 * Source: nt-semantics 3.12, 5.1.
 */
#include "nt/ke/ki.h"

VOID NTAPI
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    Dpc->Type = KiObjDpc;
    Dpc->Importance = MediumImportance;
    Dpc->Number = 0;
    Dpc->DeferredRoutine = Routine;
    Dpc->DeferredContext = Context;
    Dpc->DpcData = NULL;
}

VOID NTAPI
KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    KeInitializeDpc(Dpc, Routine, Context);
    Dpc->Type = KiObjThreadedDpc;
}

BOOLEAN NTAPI
KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PKPRCB Self, Prcb;
    KIRQL OldIrql;

    KiSchedulePoint(SP_QUEUE_DPC, Dpc);
    OldIrql = KiIrql();
    if (OldIrql < DISPATCH_LEVEL) {
        KiPcr()->Irql = DISPATCH_LEVEL;
    }
    if (Dpc->DpcData != NULL) {
        KiExitDispatcher(OldIrql);
        return FALSE; /* D1 */
    }
    Self = KiPrcb();
    Prcb = Self;
    if (Dpc->Number >= KI_DPC_TARGET) {
        ULONG Target = Dpc->Number - KI_DPC_TARGET;

        DRIVER_REQUIRE(Target < KiProcessorCount, 0xC7 /* TIMER_OR_DPC_INVALID */, 3, Dpc, Target,
                       KiProcessorCount);
        Prcb = &KiProcessor[Target]->Prcb;
    }
    Dpc->DpcData = Prcb;
    Dpc->SystemArgument1 = SystemArgument1;
    Dpc->SystemArgument2 = SystemArgument2;
    if (Dpc->Importance == HighImportance) {
        InsertHeadList(&Prcb->DpcListHead, &Dpc->DpcListEntry);
    } else {
        InsertTailList(&Prcb->DpcListHead, &Dpc->DpcListEntry);
    }
    Prcb->DpcQueueDepth++;
    Prcb->DpcAgent.Name ^= KiNextName(KiAgent());
    /* Low importance does not start the queue; on an idle processor it runs all the same. */
    if (Dpc->Importance != LowImportance || Prcb->CurrentThread == Prcb->IdleThread ||
        Prcb->DpcQueueDepth > 4) {
        if (Prcb == Self || Dpc->Importance != MediumImportance ||
            Prcb->CurrentThread == Prcb->IdleThread || Prcb->DpcQueueDepth > 4) {
            Prcb->DpcRequested = TRUE;
        }
    }
    if (Prcb != Self && Prcb->DpcRequested) {
        Machine->budget = 0;
    }
    KiExitDispatcher(OldIrql);
    return TRUE;
}

BOOLEAN NTAPI
KeRemoveQueueDpc(PRKDPC Dpc)
{
    PKPRCB Prcb;

    KiSchedulePoint(SP_REMOVE_DPC, Dpc);
    Prcb = (PKPRCB)Dpc->DpcData;
    if (Prcb == NULL) {
        return FALSE;
    }
    RemoveEntryList(&Dpc->DpcListEntry);
    Dpc->DpcData = NULL;
    Dpc->Number &= ~KI_DPC_OF_TIMER;
    Prcb->DpcQueueDepth--;
    return TRUE;
}

VOID NTAPI
KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    Dpc->Importance = (UCHAR)Importance;
}

VOID NTAPI
KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    Dpc->Number = (USHORT)(KI_DPC_TARGET + Number);
}

NTSTATUS NTAPI
KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER Number)
{
    if (Number->Group != 0 || Number->Number >= KiProcessorCount || Number->Reserved != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Dpc->Number = (USHORT)(KI_DPC_TARGET + Number->Number);
    return STATUS_SUCCESS;
}

VOID
KiRetireDpcs(PKPRCB Prcb)
{
    ULONG Disable;
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Thread == Prcb->IdleThread && Machine->user_slice != 0 &&
        !IsListEmpty(&Prcb->DpcListHead)) {
        HcSetAddressSpace(0);
    }
    Prcb->DpcRoutineActive = TRUE;
    Machine->agent = (ULONG64)&Prcb->DpcAgent;
    while (!IsListEmpty(&Prcb->DpcListHead)) {
        PKDPC Dpc = CONTAINING_RECORD(RemoveHeadList(&Prcb->DpcListHead), KDPC, DpcListEntry);
        PKDEFERRED_ROUTINE Routine = Dpc->DeferredRoutine;
        BOOLEAN Threaded = Dpc->Type == KiObjThreadedDpc;
        BOOLEAN OfTimer = (Dpc->Number & KI_DPC_OF_TIMER) != 0;

        Dpc->Number &= ~KI_DPC_OF_TIMER;
        Dpc->DpcData = NULL;
        Prcb->DpcQueueDepth--;
        Prcb->RunningDpc = Dpc;
        Disable = Thread->CombinedApcDisable;
        KiTrace(EV_DPC_RUN, Dpc, (ULONG64)Routine, Threaded, 0, 0);
        Routine(Dpc, Dpc->DeferredContext, Dpc->SystemArgument1, Dpc->SystemArgument2);
        if (Thread->CombinedApcDisable != Disable) {
            KeBugCheckEx(0xC7 /* TIMER_OR_DPC_INVALID */, OfTimer ? 5 : 4, (ULONG_PTR)Routine,
                         Disable, Thread->CombinedApcDisable);
        }
        if (KiIrql() != DISPATCH_LEVEL) {
            KeBugCheckEx(0xC8 /* IRQL_UNEXPECTED_VALUE */,
                         ((ULONG_PTR)KiIrql() << 16) | (DISPATCH_LEVEL << 8) | 2,
                         (ULONG_PTR)Routine, (ULONG_PTR)Dpc, 0);
        }
    }
    Prcb->RunningDpc = NULL;
    Prcb->DpcRequested = FALSE;
    Prcb->DpcRoutineActive = FALSE;
    Machine->agent = (ULONG64)&Thread->Agent;
}

/* Waits until every processor has run what is queued now. */
VOID NTAPI
KeFlushQueuedDpcs(VOID)
{
    for (;;) {
        BOOLEAN Busy = FALSE;

        for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
            PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

            if (Prcb->DpcQueueDepth != 0 || Prcb->DpcRoutineActive) {
                Prcb->DpcRequested = TRUE;
                Busy = TRUE;
            }
        }
        if (!Busy) {
            return;
        }
        Machine->budget = 0;
        KiSchedulePoint(SP_WAIT, NULL);
        KiCheckInterrupts(KiIrql());
    }
}

/* Runs Routine on every processor at DISPATCH_LEVEL as DPCs do, one after the other. */
typedef struct _KI_GENERIC_DPC {
    KDPC Dpc;
    PKDEFERRED_ROUTINE Routine;
    PVOID Context;
    volatile LONG *Left;
} KI_GENERIC_DPC;

static VOID NTAPI
KiGenericDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KI_GENERIC_DPC *Generic = Context;

    Generic->Routine(Dpc, Generic->Context, Argument1, Argument2);
    InterlockedDecrement(Generic->Left);
}

VOID NTAPI
KeGenericCallDpc(PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    KI_GENERIC_DPC *Generic = ExpAllocate(sizeof(*Generic) * KiProcessorCount, 'cpDK');
    volatile LONG Left = (LONG)KiProcessorCount;

    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        Generic[Cpu].Routine = Routine;
        Generic[Cpu].Context = Context;
        Generic[Cpu].Left = &Left;
        KeInitializeDpc(&Generic[Cpu].Dpc, KiGenericDpc, &Generic[Cpu]);
        KeSetTargetProcessorDpc(&Generic[Cpu].Dpc, (CCHAR)Cpu);
        KeSetImportanceDpc(&Generic[Cpu].Dpc, HighImportance);
        KeInsertQueueDpc(&Generic[Cpu].Dpc, (PVOID)&Left, NULL);
    }
    while (Left != 0) {
        Machine->budget = 0;
        KiSchedulePoint(SP_WAIT, (PVOID)&Left);
        KiCheckInterrupts(KiIrql());
    }
    ExpFree(Generic);
}

/* Calls Routine on every processor at IPI_LEVEL; the carrier visits them in turn. */
ULONG_PTR NTAPI
KeIpiGenericCall(PKIPI_BROADCAST_WORKER Routine, ULONG_PTR Context)
{
    KIRQL OldIrql = KfRaiseIrql(14);
    ULONG Self = KiPrcb()->Number;
    ULONG_PTR Result = 0;

    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKIPCR Pcr = KiProcessor[Cpu];
        KIRQL There = Pcr->Irql;

        /* Every other processor is stopped between two of its instructions: borrow its identity. */
        __asm__ volatile("wrgsbase %0" ::"r"(Pcr));
        Pcr->Irql = 14;
        if (Cpu == Self) {
            Result = Routine(Context);
        } else {
            Routine(Context);
        }
        Pcr->Irql = There;
    }
    __asm__ volatile("wrgsbase %0" ::"r"(KiProcessor[Self]));
    KiPcr()->Irql = 14;
    KeLowerIrql(OldIrql);
    return Result;
}
