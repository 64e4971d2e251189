/*
 * dpc.c - deferred procedure calls.
 *
 * A DPC is queued to a processor and runs there at DISPATCH_LEVEL when its IRQL falls below, on the stack
 * of whatever thread is current: in an arbitrary context. While it runs the acting agent is the
 * processor's DPC agent, named after who queued it.
 *
 *   D1  A KDPC is in one queue or in none: DpcData is the queue's processor block, NULL if in none.
 *   D2  The processor's thread is not switched while a DPC runs.
 *   D3  While schedules are explored a DPC that is queued is an agent: when it begins is a choice. A driver must
 *       assume that it runs at once, and anywhere: one without a target goes to a processor that has nothing else
 *       to do. Queued at DISPATCH_LEVEL it is held here until the IRQL falls (DpcRequested); with a target it stays
 *       there and excludes the thread that runs there.
 *   D4  There threads stay away, as long as there is room, from a processor that some DPC has for its target: a thread that may run
 *       anywhere runs beside that DPC. One whose affinity leaves it no other processor excludes it, and is excluded by it.
 * Source: nt-semantics 3.12, 5.1.
 */
#include "nt/ke/ki.h"
#include "nt/inc/visit.h"

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

BOOLEAN
KiHasDpcs(PKPRCB Prcb)
{
    return Prcb->DpcRoutineActive || !IsListEmpty(&Prcb->DpcListHead);
}

/*
 * D3: who acts while it runs. The same DPC may be queued again while it runs, and run beside itself, so its name follows from how often
 * it has been queued, not from whether it runs: that is nobody's affair who queues it.
 */
ULONG
KiDpcName(PKDPC Dpc)
{
    ULONG64 Seed = (ULONG64)Dpc + (Dpc->Number & KI_DPC_TIMES) / KI_DPC_TIME;

    return (ULONG)((Seed * 0x9E3779B97F4A7C15ull) >> 32) | 1;
}

static BOOLEAN
KiIsDpcRunning(ULONG Name)
{
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        if (Prcb->DpcRoutineActive && Prcb->DpcAgent.Name == Name) {
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN
KiRunsDpc(const volatile VOID *Thread, ULONG_PTR Context)
{
    return ((PKPRCB)Context)->DpcRoutineActive;
}

/* D3: a processor that has nothing to do; the last one first, for threads begin with the first one. */
static PKPRCB
KiFreeProcessor(PKPRCB Self)
{
    for (ULONG Cpu = KiProcessorCount; Cpu-- > 0;) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        if (Prcb->CurrentThread == Prcb->IdleThread && Prcb->NextThread == NULL &&
            Prcb->ReadySummary == 0 && !KiHasDpcs(Prcb) && (KiTargets & 1ull << Cpu) == 0) {
            return Prcb;
        }
    }
    return Self;
}

static VOID
KiLinkDpc(PKPRCB Prcb, PKDPC Dpc)
{
    Dpc->DpcData = Prcb;
    if (Dpc->Importance == HighImportance) {
        InsertHeadList(&Prcb->DpcListHead, &Dpc->DpcListEntry);
    } else {
        InsertTailList(&Prcb->DpcListHead, &Dpc->DpcListEntry);
    }
    Prcb->DpcQueueDepth++;
    if (Machine->explore) {
        KiNoteBusy(Prcb->Number);
    }
}

ULONG
KiTargetOfDpc(PKDPC Dpc)
{
    ULONG Number = Dpc->Number & ~(KI_DPC_WHY | KI_DPC_TIMES);

    return Number >= KI_DPC_TARGET ? Number - KI_DPC_TARGET : KI_NO_TARGET;
}

static VOID
KiCountDpc(PKDPC Dpc)
{
    ULONG Tries = 0;

    do {
        Dpc->Number =
            (USHORT)((Dpc->Number & ~KI_DPC_TIMES) | ((Dpc->Number + KI_DPC_TIME) & KI_DPC_TIMES));
    } while (KiIsDpcRunning(KiDpcName(Dpc)) && ++Tries < 4);
}

static VOID
KiInsertExploredDpc(PKPRCB Prcb, PKDPC Dpc, BOOLEAN Raised)
{
    KiCountDpc(Dpc);
    if (KiTargetOfDpc(Dpc) == KI_NO_TARGET && !Raised) {
        Prcb = KiFreeProcessor(Prcb);
    }
    KiLinkDpc(Prcb, Dpc);
    if (Dpc->Importance == HighImportance ||
        (Prcb == KiPrcb() && Dpc->Importance != LowImportance)) {
        KiDpcDemands |= 1ull << Prcb->Number; /* few.c, N6 */
    }
    Prcb->DpcRequested |= Raised && Prcb == KiPrcb();
}

/* D3: the IRQL falls; what was held goes where it is free to run. */
static VOID
KiReleaseHeldDpcs(PKPRCB Prcb)
{
    PLIST_ENTRY Entry = Prcb->DpcListHead.Flink;

    Prcb->DpcRequested = FALSE;
    while (Entry != &Prcb->DpcListHead) {
        PKDPC Dpc = CONTAINING_RECORD(Entry, KDPC, DpcListEntry);
        PKPRCB Free = KiFreeProcessor(Prcb);

        Entry = Entry->Flink;
        if (KiTargetOfDpc(Dpc) == KI_NO_TARGET && Free != Prcb) {
            RemoveEntryList(&Dpc->DpcListEntry);
            Prcb->DpcQueueDepth--;
            KiLinkDpc(Free, Dpc);
        }
    }
}

/* Raised: by code above DISPATCH_LEVEL, which it must wait for. */
BOOLEAN
KiInsertDpc(PKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2, BOOLEAN Raised)
{
    PKPRCB Self = KiPrcb(), Prcb = Self;
    ULONG Target;

    if (Dpc->DpcData != NULL) {
        return FALSE; /* D1 */
    }
    Target = KiTargetOfDpc(Dpc);
    if (Target != KI_NO_TARGET) {
        DRIVER_REQUIRE(Target < KiProcessorCount, 0xC7 /* TIMER_OR_DPC_INVALID */, 3, Dpc, Target,
                       KiProcessorCount);
        Prcb = &KiProcessor[Target]->Prcb;
    }
    Dpc->SystemArgument1 = SystemArgument1;
    Dpc->SystemArgument2 = SystemArgument2;
    if (Machine->explore) {
        Dpc->Number |= KiIsByItself() ? KI_DPC_BY_ITSELF : 0;
        KiInsertExploredDpc(Prcb, Dpc, Raised);
        return TRUE;
    }
    KiLinkDpc(Prcb, Dpc);
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
    return TRUE;
}

BOOLEAN NTAPI
KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    BOOLEAN Inserted;
    KIRQL OldIrql;

    KiSchedulePoint(SP_QUEUE_DPC, Dpc);
    KiNoteQueued(Dpc, __builtin_return_address(0));
    OldIrql = KiIrql();
    if (OldIrql < DISPATCH_LEVEL) {
        KiPcr()->Irql = DISPATCH_LEVEL;
    }
    Inserted = KiInsertDpc(Dpc, SystemArgument1, SystemArgument2, OldIrql >= DISPATCH_LEVEL);
    KiExitDispatcher(OldIrql);
    return Inserted;
}

BOOLEAN NTAPI
KeRemoveQueueDpc(PRKDPC Dpc)
{
    KiSchedulePoint(SP_REMOVE_DPC, Dpc);
    return KiRemoveDpc(Dpc);
}

BOOLEAN
KiRemoveDpc(PKDPC Dpc)
{
    PKPRCB Prcb = (PKPRCB)Dpc->DpcData;

    if (Prcb == NULL) {
        return FALSE;
    }
    RemoveEntryList(&Dpc->DpcListEntry);
    Dpc->DpcData = NULL;
    Dpc->Number &= ~KI_DPC_WHY;
    Prcb->DpcQueueDepth--;
    return TRUE;
}

VOID NTAPI
KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    Dpc->Importance = (UCHAR)Importance;
}

static VOID
KiSetDpcTarget(PKDPC Dpc, ULONG Number)
{
    Dpc->Number = (USHORT)((Dpc->Number & (KI_DPC_WHY | KI_DPC_TIMES)) | (KI_DPC_TARGET + Number));
    if (Machine->explore && !KiFewProcessors && Number < KiProcessorCount) {
        KiTargets |= 1ull << Number; /* D4 */
    }
}

VOID NTAPI
KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    KiSetDpcTarget(Dpc, (UCHAR)Number);
}

NTSTATUS NTAPI
KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER Number)
{
    if (Number->Group != 0 || Number->Number >= KiProcessorCount || Number->Reserved != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    KiSetDpcTarget(Dpc, Number->Number);
    return STATUS_SUCCESS;
}

/* Takes the first DPC off the queue and runs it. */
static VOID
KiRunDpc(PKPRCB Prcb)
{
    PKDPC Dpc = CONTAINING_RECORD(RemoveHeadList(&Prcb->DpcListHead), KDPC, DpcListEntry);
    PKDEFERRED_ROUTINE Routine = Dpc->DeferredRoutine;
    BOOLEAN Threaded = Dpc->Type == KiObjThreadedDpc;
    BOOLEAN OfTimer = (Dpc->Number & KI_DPC_OF_TIMER) != 0;
    PKTHREAD Thread = Prcb->CurrentThread;
    ULONG Disable;

    Prcb->DpcByItself = (Dpc->Number & KI_DPC_BY_ITSELF) != 0;
    Dpc->Number &= ~KI_DPC_WHY;
    Dpc->DpcData = NULL;
    Prcb->DpcQueueDepth--;
    Prcb->RunningDpc = Dpc;
    Disable = Thread->CombinedApcDisable;
    KiTrace(EV_DPC_RUN, Dpc, (ULONG64)Routine, Threaded, 0, 0);
    if (VfCall == NULL) {
        Routine(Dpc, Dpc->DeferredContext, Dpc->SystemArgument1, Dpc->SystemArgument2);
    } else {
        VF_CALL(VOID, VfDpc, Routine, Dpc, Dpc->DeferredContext, Dpc->SystemArgument1,
                Dpc->SystemArgument2);
    }
    KiLeaveDriver((PVOID)Routine);
    if (Thread->CombinedApcDisable != Disable) {
        KeBugCheckEx(0xC7 /* TIMER_OR_DPC_INVALID */, OfTimer ? 5 : 4, (ULONG_PTR)Routine, Disable,
                     Thread->CombinedApcDisable);
    }
    if (KiIrql() != DISPATCH_LEVEL) {
        KeBugCheckEx(0xC8 /* IRQL_UNEXPECTED_VALUE */,
                     ((ULONG_PTR)KiIrql() << 16) | (DISPATCH_LEVEL << 8) | 2, (ULONG_PTR)Routine,
                     (ULONG_PTR)Dpc, 0);
    }
}

/* D3: in the middle of what the processor had stopped in front of. */
VOID
KiRunChosenDpc(PKPRCB Prcb)
{
    PKIPCR Pcr = KiPcr();
    PKTHREAD Thread = Prcb->CurrentThread;
    ULONG Operation = Prcb->PendingOperation;
    const volatile VOID *Object = Prcb->PendingObject;
    PKI_WOULD_WAIT Wait = Prcb->PendingWait;
    ULONG_PTR Context = Prcb->PendingContext;
    KIRQL OldIrql = Pcr->Irql;
    UCHAR MaySuspend = Prcb->MaySuspend;

    KiSetPending(SP_NONE, NULL, NULL, 0);
    Pcr->Irql = DISPATCH_LEVEL;
    if (Thread == Prcb->IdleThread && Machine->user_slice != 0) {
        HcSetAddressSpace(0);
    }
    Prcb->DpcAgent.Name = KiDpcName(CONTAINING_RECORD(Prcb->DpcListHead.Flink, KDPC, DpcListEntry));
    Prcb->DpcAgent.Creations = 0;
    Prcb->DpcRoutineActive = TRUE;
    Machine->agent = (ULONG64)&Prcb->DpcAgent;
    KiRunDpc(Prcb);
    Prcb->RunningDpc = NULL;
    Prcb->DpcRoutineActive = FALSE;
    Machine->agent = (ULONG64)&Thread->Agent;
    if (Prcb->DpcRequested) {
        KiReleaseHeldDpcs(Prcb);
    }
    Pcr->Irql = OldIrql;
    Prcb->MaySuspend = MaySuspend;
    KiSetPending(Operation, Object, Wait, Context);
}

VOID
KiRetireDpcs(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Machine->explore) {
        KiReleaseHeldDpcs(Prcb);
        return;
    }
    if (Thread == Prcb->IdleThread && Machine->user_slice != 0 &&
        !IsListEmpty(&Prcb->DpcListHead)) {
        HcSetAddressSpace(0);
    }
    Prcb->DpcRoutineActive = TRUE;
    Machine->agent = (ULONG64)&Prcb->DpcAgent;
    while (!IsListEmpty(&Prcb->DpcListHead)) {
        KiRunDpc(Prcb);
    }
    Prcb->RunningDpc = NULL;
    Prcb->DpcRequested = FALSE;
    Prcb->DpcRoutineActive = FALSE;
    Machine->agent = (ULONG64)&Thread->Agent;
}

/* PKI_WOULD_WAIT */
BOOLEAN
KiAreDpcsLeft(const volatile VOID *Object, ULONG_PTR Unused)
{
    for (ULONG64 Set = KiBusy; Set != 0; Set &= Set - 1) { /* exploring, who has a DPC is busy */
        if (KiHasDpcs(&KiProcessor[__builtin_ctzll(Set)]->Prcb)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Waits until every processor has run what is queued now. */
VOID NTAPI
KeFlushQueuedDpcs(VOID)
{
    if (Machine->explore) {
        KiAcquirePoint(SP_ACQUIRE_LOCK, &KiDpcs, KiAreDpcsLeft, 0);
        if (KiAreDpcsLeft(&KiDpcs, 0)) {
            KiStop(ABI_DEADLOCK, 0, NULL, NULL,
                   "KeFlushQueuedDpcs waits for a DPC that can never end");
        }
        return;
    }
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
        KiSchedulePoint(SP_YIELD, NULL);
        KiCheckInterrupts(KiIrql());
    }
}

/*
 * KeGenericCallDpc: Routine on every processor at DISPATCH_LEVEL, as a DPC there. Its first system argument
 * counts those that have said KeSignalCallDpcDone, its second is a barrier that they can wait at together.
 */
typedef struct _KI_GENERIC_CALL {
    /* DEFERRED_REVERSE_BARRIER: who has yet to come, the highest bit tells phases apart; and all. */
    ULONG Barrier;
    ULONG TotalProcessors;
    volatile LONG Left;
    volatile ULONG Closed[2]; /* those of the current phase spin on theirs */
    KDPC Dpc[];
} KI_GENERIC_CALL;

VOID NTAPI
KeGenericCallDpc(PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    KI_GENERIC_CALL *Call = ExpAllocate(sizeof(*Call) + sizeof(KDPC) * KiProcessorCount, 'cpDK');
    KIRQL OldIrql;

    Call->Left = (LONG)KiProcessorCount;
    Call->Barrier = Call->TotalProcessors = KiProcessorCount;
    Call->Closed[0] = Call->Closed[1] = 1;
    OldIrql = KiRaiseIrql(DISPATCH_LEVEL); /* ours must not begin before all are queued */
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        KeInitializeDpc(&Call->Dpc[Cpu], Routine, Context);
        KeSetTargetProcessorDpc(&Call->Dpc[Cpu], (CCHAR)Cpu);
        KeSetImportanceDpc(&Call->Dpc[Cpu], HighImportance);
        KeInsertQueueDpc(&Call->Dpc[Cpu], (PVOID)&Call->Left, Call);
    }
    KeLowerIrql(OldIrql);
    if (Machine->explore) {
        KiAcquirePoint(SP_ACQUIRE_LOCK, &Call->Left, KiIsHeld, ~0u);
    }
    while (Call->Left != 0) {
        Machine->budget = 0;
        KiSchedulePoint(SP_INTERLOCKED, (PVOID)&Call->Left);
        KiCheckInterrupts(KiIrql());
    }
    KeFlushQueuedDpcs(); /* each has returned before its DPC goes */
    ExpFree(Call);
}

VOID NTAPI
KeSignalCallDpcDone(PVOID SystemArgument1)
{
    if (Machine->explore) {
        KiSchedulePoint(SP_RELEASE_SHARED, SystemArgument1);
    }
    InterlockedDecrement(SystemArgument1);
}

/* Every processor's routine waits here for all others; one of them, the last, gets TRUE. */
LOGICAL NTAPI
KeSignalCallDpcSynchronize(PVOID SystemArgument2)
{
    KI_GENERIC_CALL *Call = SystemArgument2;
    ULONG Phase;

    KiSchedulePoint(SP_INTERLOCKED, Call);
    Phase = Call->Barrier >> 31;
    if ((--Call->Barrier & 0x7FFFFFFF) == 0) {
        Call->Barrier = KiProcessorCount | (Phase ? 0 : 0x80000000);
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
    KIRQL OldIrql = KiRaiseIrql(14);
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
    KeLowerIrql(OldIrql);
    return Result;
}
