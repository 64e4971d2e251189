/*
 * few.c - exploring with fewer processors than threads (`explore --cpus N`): strict priorities.
 *
 * With a processor for each thread priorities decide nothing, and "exhausted" is a claim. Here the threads
 * share N processors as on Windows: those of the highest priorities run. A thread that is ready is an agent, too; to choose it is a
 * step of its own (SP_YIELD), by which it takes a processor. Then it is asked like any other.
 *
 *   N1  Below DISPATCH_LEVEL a thread gives way to one of the same priority (its quantum can end anywhere) or of
 *       a higher one, and to anyone when its next operation would have to wait. At DISPATCH_LEVEL and above, and
 *       while a DPC runs there, to nobody.
 *   N2  While a thread of a higher priority is ready and could take its place, a running one makes no step.
 *   N3  Who gives way: one that waits, else the lowest priority, else the processors in turns, so that each of
 *       several equal ones can be the one.
 *   N4  A thread that gives way at a schedule point keeps its operation (KiDisplaced), and whether it would have to
 *       wait is known while it is ready. One that was just made ready, or made way by itself, has none: it takes a processor
 *       and goes on to its next point (SP_YIELD).
 *   N6  A DPC that code of its own processor has queued, or one of high importance, interrupts the thread there: no thread makes a
 *       step there before it, nor takes the place (KiDpcDemands). One that another processor has sent may come later, and so may
 *       one of low importance.
 *   N5  Who was made ready waits in a list until it is chosen, unless a processor is idle (KiReadyThread).
 */
#include "nt/ke/ki.h"

PKI_DISPLACED
KiDisplacedOf(PKTHREAD Thread)
{
    for (ULONG Index = 0; Index < KI_MAX_DISPLACED; Index++) {
        if (KiDisplaced[Index].Thread == Thread) {
            return &KiDisplaced[Index];
        }
    }
    return NULL;
}

/* The thread's processor is wanted: gives way, and returns when it has one again. TRUE: for its operation was chosen. */
BOOLEAN
KiGiveWay(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait, ULONG_PTR Context)
{
    PKTHREAD Thread = KiThread();
    PKI_DISPLACED Place = KiDisplacedOf(NULL);
    BOOLEAN Chosen;

    ASSERT(Place != NULL);
    *Place = (KI_DISPLACED){.Thread = Thread,
                            .Operation = Operation,
                            .Object = Object,
                            .WouldWait = WouldWait,
                            .Context = Context,
                            .Block = KiPrcb()->PendingBlock,
                            .Irql = KiIrql()};
    KiSetPending(SP_NONE, NULL, NULL, 0);
    KiTakeInterrupts(KiIrql());
    Chosen = Place->Chosen;
    Place->Thread = NULL;
    KiSetPending(Operation, Object, WouldWait, Context);
    return Chosen;
}

ULONG
KiCountDisplaced(ULONG Operation, const volatile VOID *Object)
{
    ULONG Count = 0;

    for (ULONG Index = 0; Index < KI_MAX_DISPLACED; Index++) {
        Count += KiDisplaced[Index].Thread != NULL && KiDisplaced[Index].Operation == Operation &&
                 KiDisplaced[Index].Object == Object;
    }
    return Count;
}

static BOOLEAN
KiRunnerWaits(PKPRCB Prcb)
{
    ULONG Operation = Prcb->PendingOperation;

    return Prcb->PendingWait != NULL && Operation != SP_OBJECT && Operation != SP_TRY_LOCK &&
           Operation != SP_TRY_SHARED && Operation != SP_RELEASE_LOCK &&
           !KiKernelApcWaits(Prcb->CurrentThread) &&
           Prcb->PendingWait(Prcb->PendingObject, Prcb->PendingContext);
}

/* N6 */
static BOOLEAN
KiAwaitsDpc(ULONG Cpu)
{
    if (!KiHasDpcs(&KiProcessor[Cpu]->Prcb)) {
        KiDpcDemands &= ~(1ull << Cpu);
    }
    return (KiDpcDemands >> Cpu & 1) != 0;
}

/* N1: could somebody of this priority take its place? */
static BOOLEAN
KiGivesWay(ULONG Cpu, LONG Priority)
{
    PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

    return Prcb->CurrentThread != Prcb->IdleThread && !Prcb->DpcRoutineActive &&
           Prcb->NextThread == NULL && Prcb->PendingOperation != SP_NONE &&
           KiProcessor[Cpu]->Irql < DISPATCH_LEVEL && !KiAwaitsDpc(Cpu) &&
           (Prcb->CurrentThread->Priority <= Priority || KiRunnerWaits(Prcb));
}

/* N3. KiProcessorCount: nobody gives way. */
static ULONG
KiFindPlace(PKTHREAD Thread)
{
    ULONG Best = KiProcessorCount, Cpu = KiLastPlace;
    LONG Least = 0;

    for (ULONG Index = 0; Index < KiProcessorCount; Index++) {
        LONG Priority;

        Cpu = KiNextCpu(Cpu);
        if ((Thread->Affinity & (1ull << Cpu)) == 0 || !KiGivesWay(Cpu, Thread->Priority)) {
            continue;
        }
        Priority = KiRunnerWaits(&KiProcessor[Cpu]->Prcb)
                       ? -1
                       : KiProcessor[Cpu]->Prcb.CurrentThread->Priority;
        if (Best == KiProcessorCount || Priority < Least) {
            Best = Cpu;
            Least = Priority;
        }
    }
    return Best;
}

static BOOLEAN
KiIsReadyAgent(const struct abi_agent *Agent)
{
    return Agent->kind == ABI_AGENT_THREAD && Agent->thread != 0 &&
           ((PKTHREAD)Agent->thread)->State == Ready;
}

/* N2: of a running thread, and of one that is ready: somebody of a higher priority takes this processor. */
static BOOLEAN
KiIsOutranked(const struct abi_agent *Agents, ULONG Count, ULONG Cpu, LONG Priority)
{
    for (ULONG Index = 0; Index < Count; Index++) {
        if (KiIsReadyAgent(&Agents[Index]) && (Agents[Index].flags & ABI_AGENT_BLOCKED) == 0 &&
            ((PKTHREAD)Agents[Index].thread)->Priority > Priority &&
            (((PKTHREAD)Agents[Index].thread)->Affinity & (1ull << Cpu)) != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
KiDescribeReadyThread(PKTHREAD Thread, struct abi_agent *Agent)
{
    PKI_DISPLACED Place = KiDisplacedOf(Thread);

    *Agent = (struct abi_agent){.name = Thread->Agent.Name,
                                .kind = ABI_AGENT_THREAD,
                                .op = SP_YIELD,
                                .thread = (ULONG64)Thread,
                                .cpu = (USHORT)KiProcessorCount};
    if (Place != NULL) {
        KiDescribeDisplaced(Place, Agent);
        Agent->op = Agent->op != SP_NONE ? Agent->op : SP_YIELD; /* it has to go and wait */
    }
    if ((Agent->flags & ABI_AGENT_BLOCKED) == 0) {
        Agent->cpu = (USHORT)KiFindPlace(Thread);
        Agent->flags |= Agent->cpu == KiProcessorCount ? ABI_AGENT_BLOCKED : 0;
    }
}

/* Adds those who are ready to the list of all who run; the new number of them. */
ULONG
KiDescribeReady(struct abi_agent *Agents, ULONG Count)
{
    ULONG64 Outranked = 0;

    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        for (ULONG Set = Prcb->ReadySummary; Set != 0; Set &= Set - 1) {
            PLIST_ENTRY Head = &Prcb->ReadyListHead[__builtin_ctz(Set)];

            for (PLIST_ENTRY Entry = Head->Flink; Entry != Head && Count < KI_AGENTS - 2;
                 Entry = Entry->Flink) {
                KiDescribeReadyThread(CONTAINING_RECORD(Entry, KTHREAD, WaitListEntry),
                                      &Agents[Count++]);
            }
        }
    }
    for (ULONG Index = 0; Index < Count && Index < 64; Index++) {
        struct abi_agent *Agent = &Agents[Index];

        if (Agent->kind == ABI_AGENT_THREAD && Agent->op != SP_NONE &&
            Agent->cpu < KiProcessorCount && KiProcessor[Agent->cpu]->Irql < DISPATCH_LEVEL &&
            (KiAwaitsDpc(Agent->cpu) ||
             KiIsOutranked(Agents, Count, Agent->cpu, ((PKTHREAD)Agent->thread)->Priority))) {
            Outranked |= 1ull << Index;
        }
    }
    for (; Outranked != 0; Outranked &= Outranked - 1) {
        Agents[__builtin_ctzll(Outranked)].flags |= ABI_AGENT_BLOCKED;
        Agents[__builtin_ctzll(Outranked)].stamp = 0;
    }
    return Count;
}

/*
 * The agent that was chosen is about to go on. One that is ready takes its place: whoever runs there gives way as soon as
 * that processor is on the carrier. If none can go on, those who run block in earnest first.
 */
const struct abi_agent *
KiTakePlace(const struct abi_agent *Agents, ULONG Count, const struct abi_agent *Chosen)
{
    PKTHREAD Thread = (PKTHREAD)Chosen->thread;
    PKI_DISPLACED Place = KiDisplacedOf(Thread);
    volatile struct abi_record *Record;

    if (!KiIsReadyAgent(Chosen)) {
        return Chosen;
    }
    if ((Chosen->flags & ABI_AGENT_BLOCKED) != 0) {
        for (ULONG Index = 0; Index < Count; Index++) {
            if (!KiIsReadyAgent(&Agents[Index]) && Agents[Index].kind == ABI_AGENT_THREAD) {
                return &Agents[Index];
            }
        }
    }
    ASSERT(Chosen->cpu < KiProcessorCount);
    KiPlaceThread(Thread, Chosen->cpu);
    KiLastPlace = Chosen->cpu;
    if (Place != NULL) {
        Place->Chosen = TRUE;
    } else if (Machine->record & ABI_RECORD_STEPS) {
        Record = KiTrace(SP_YIELD, Thread, Machine->choice, 0, 0, 0);
        Record->agent = Thread->Agent.Name;
        Machine->choice = 0;
    }
    return Chosen;
}
