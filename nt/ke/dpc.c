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
            KiNoteBusy(Prcb->Number);
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
                KiNoteBusy(Cpu);
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

/*
 * KeGenericCallDpc: Routine on every processor at DISPATCH_LEVEL, as a DPC there. Its first system argument
 * counts those that have said KeSignalCallDpcDone, its second is a barrier that they can wait at together.
 */
typedef struct _KI_GENERIC_CALL {
    volatile LONG Left;
    ULONG Arrived;
    ULONG Phase;
    volatile ULONG Closed[2]; /* those of the current phase spin on theirs */
    KDPC Dpc[];
} KI_GENERIC_CALL;

VOID NTAPI
KeGenericCallDpc(PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    KI_GENERIC_CALL *Call = ExpAllocate(sizeof(*Call) + sizeof(KDPC) * KiProcessorCount, 'cpDK');
    KIRQL OldIrql;

    Call->Left = (LONG)KiProcessorCount;
    Call->Arrived = Call->Phase = 0;
    Call->Closed[0] = Call->Closed[1] = 1;
    OldIrql = KfRaiseIrql(DISPATCH_LEVEL); /* ours must not begin before all are queued */
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        KeInitializeDpc(&Call->Dpc[Cpu], Routine, Context);
        KeSetTargetProcessorDpc(&Call->Dpc[Cpu], (CCHAR)Cpu);
        KeSetImportanceDpc(&Call->Dpc[Cpu], HighImportance);
        KeInsertQueueDpc(&Call->Dpc[Cpu], (PVOID)&Call->Left, Call);
    }
    KeLowerIrql(OldIrql);
    while (Call->Left != 0) {
        Machine->budget = 0;
        KiSchedulePoint(SP_WAIT, (PVOID)&Call->Left);
        KiCheckInterrupts(KiIrql());
    }
    KeFlushQueuedDpcs(); /* each has returned before its DPC goes */
    ExpFree(Call);
}

VOID NTAPI
KeSignalCallDpcDone(PVOID SystemArgument1)
{
    InterlockedDecrement(SystemArgument1);
}

/* Every processor's routine waits here for all others; one of them, the last, gets TRUE. */
LOGICAL NTAPI
KeSignalCallDpcSynchronize(PVOID SystemArgument2)
{
    KI_GENERIC_CALL *Call = SystemArgument2;
    ULONG Phase;

    KiSchedulePoint(SP_WAIT, Call);
    Phase = Call->Phase;
    if (++Call->Arrived == KiProcessorCount) {
        Call->Arrived = 0;
        Call->Phase = !Phase;
        Call->Closed[!Phase] = 1;
        Call->Closed[Phase] = 0;
        return TRUE;
    }
    while (Call->Closed[Phase] != 0) {
        KiSpin(&Call->Closed[Phase], ~0u);
    }
    return FALSE;
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
