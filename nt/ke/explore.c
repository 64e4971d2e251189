/*
 * explore.c - what the host is told about each agent while schedules are explored.
 *
 * In a run each schedule point is passed in a row until a budget is used up; only the asker's
 * operation is known. While exploring (Machine->explore) every point asks, and everybody who could
 * step is described by the operation that he has stopped in front of:
 *     its objects, and whether it changes them     the host knows which orders matter
 *     whether it would have to wait                then the agent is not enabled
 *     for a release: was the object open before    could the waiter have come first?
 *
 * Agents are the thread or the DPC that a processor runs, the first DPC of each processor's queue, and each
 * timer that is set.
 *
 *   E1  A thread that was just made ready has no operation yet (SP_NONE): it runs to its next point
 *       before anybody is asked.
 *   E2  Nothing is changed here: an operation that would wait does wait if it is let go on.
 *   E3  To begin to wait for the next work item is no step: who queues an item hands it over, and which
 *       worker gets it follows from the queue alone, for they are all alike.
 *   E4  A kernel APC that could be delivered to a thread is delivered before it does anything else. What
 *       could be interrupted so is said with each operation, and which APCs it queues: to queue it comes
 *       before or after what it would have interrupted. Where it was kept back until then, by the IRQL or a region, to be delivered is
 *       a step, too, and comes before all else that its thread does.
 *   E5  A DPC on a processor that runs a thread keeps that thread from going on: while one is queued there,
 *       each step of the thread touches the processor, and so does the DPC's beginning. Where a DPC has the processor for its target
 *       each step of the thread touches it at any time, for the DPC could come behind it. Who moves there does so in one step, which touches it,
 *       and waits for the DPC that runs there.
 *   E6  A timer with a period, and one that is not the explored program's, expires by itself only when
 *       nobody else can do anything; the first two expiries of a periodic one are free. One that its own expiry sets anew, by its DPC, other DPCs and
 *       work items, goes on like that, too: its expiries are counted since a thread has set it.
 *   E8  To give back a reference changes an object's life if it is the last one; else it only reads it, though it makes the next one
 *       the last. Which it is is the state's, like an attempt's, and changes while one stands there: operation_counts. To add one
 *       reads it too, but comes before or behind each that is given back: that may be why it is not the last.
 *   E9  An object in an image that has gone is not looked at: whoever stands in front of it will, and fault.
 *   E10 Time that passes by choice, while somebody could do something else than let it pass, is not what makes a run too long
 *       (KiVirtualLimit): on Windows that one would have gone on meanwhile, and no hour would be over.
 *   E11 Most agents stand where they stood at the last question. What is said of such a one is not made anew as long as the answer
 *       of its PKI_WOULD_WAIT is the same and nothing else that it was made of can have changed (KiStaysDescribed).
 *   E12 A writer of changed data (nt/cc/lazy.c, nt/mm/writer.c) comes at any time once, if the environment may let it; else as in E6.
 *       What it does comes before or behind all that others do to files, so each time would multiply the schedules.
 *   E13 DPCs with one target wait in one queue, and begin in its order. To queue one changes the order, to begin it who is the first;
 *       to take one off, and to queue one of high importance, both. The others are put where nobody stands.
 *   E14 The run ends when nobody can go on but by time that passes (visit.c, I5). So time that passes keeps the end off, for what it lets go on comes
 *       first; where it comes behind the end it does not come: that is another trace. To begin to wait is no step here; where the host makes it
 *       one (host/explore/pulse.c) it keeps the end off, too.
 *   E15 Nor does a time-out come for ever while others can go on (timeout.c): it is due when nobody can, or a timer is, whichever is first.
 *   E7  Whoever does something with an object in a pool block reads the block's life; to free it writes that. Not a
 *       cancellation, which finds a request in a list, and looks for it there again when it has come to it.
 */
#include "nt/ke/ki.h"
#include "nt/inc/window.h"

#define KI_FREE_EXPIRIES 2 /* E6 */

/* The first DPC of a processor's queue. */
static BOOLEAN
KiDescribeDpc(ULONG Cpu, struct abi_agent *Agent)
{
    PKIPCR Pcr = KiProcessor[Cpu];
    PKPRCB Prcb = &Pcr->Prcb;
    BOOLEAN Idle = Prcb->CurrentThread == Prcb->IdleThread;
    PKDPC Dpc;

    if (IsListEmpty(&Prcb->DpcListHead) || Prcb->DpcRoutineActive || Prcb->DpcRequested) {
        return FALSE;
    }
    Dpc = CONTAINING_RECORD(Prcb->DpcListHead.Flink, KDPC, DpcListEntry);
    *Agent = (struct abi_agent){.cpu = (USHORT)Cpu,
                                .kind = ABI_AGENT_DPC,
                                .name = KiDpcName(Dpc),
                                .op = SP_RUN_DPC,
                                .object = (ULONG64)Dpc};
    if (!Idle || KiTargetOfDpc(Dpc) != KI_NO_TARGET) {
        KiAddObject(Agent, Prcb, 0); /* E5 */
    }
    Agent->flags |= !Idle && Pcr->Irql >= DISPATCH_LEVEL ? ABI_AGENT_BLOCKED : 0;
    KiAddObject(Agent, &KiDpcs, ABI_AGENT_READS);
    KiAddQueueOf(Dpc, KI_QUEUE_FIRST, Agent);
    return TRUE;
}

/* E12: may it expire now, as an event of the environment? */
static BOOLEAN
KiIsWriteBack(PKTIMER Timer)
{
    return Timer->Dpc != KI_THREAD_TIMER && Timer->Processor == KI_TIMER_WRITER &&
           (KiInjection.Allowed & ABI_INJECT_WRITEBACK) != 0 && KiInjection.Left != 0 &&
           !KiInjection.WriteBack.Happened;
}

static BOOLEAN
KiDescribeTimer(PKTIMER Timer, BOOLEAN Last, struct abi_agent *Agent)
{
    BOOLEAN Own = Timer->Dpc != KI_THREAD_TIMER && Timer->Processor >= KI_TIMER_SEEN;
    BOOLEAN WriteBack = KiIsWriteBack(Timer);

    if (!Last && !WriteBack &&
        (!Own || KiIsTooLate(Timer->DueTime.QuadPart))) { /* the run is over before it is due */
        return FALSE;
    }
    if (!Last && Own && Timer->Processor >= KI_TIMER_SEEN + KI_FREE_EXPIRIES) { /* E6 */
        HcNoteWithheld(TIME);
        return FALSE;
    }
    *Agent = (struct abi_agent){.kind = ABI_AGENT_TIMER,
                                .name = (ULONG)(((ULONG64)Timer * 0x9E3779B97F4A7C15ull) >> 32) | 1,
                                .op = SP_FIRE_TIMER,
                                .object = (ULONG64)Timer};
    if ((Own || WriteBack) && Timer->Dpc != NULL) {
        KiAddObject(Agent, Timer->Dpc, 0);
        KiAddObject(Agent, &KiDpcs, ABI_AGENT_READS);
        KiAddQueueOf(Timer->Dpc, KI_QUEUE_ORDER, Agent);
    }
    KiAddObject(Agent, &KiEnding, ABI_AGENT_READS | ABI_OBJECT_END); /* E14 */
    if (WriteBack) {
        KiAddObject(Agent, (PVOID)KiEventObject(&KiInjection.WriteBack), 0);
    }
    return TRUE;
}

/* E14. `Enabled`: of all agents, him among them. FALSE: he waits. */
static BOOLEAN
KiDescribeEnd(ULONG Count, ULONG Enabled)
{
    for (ULONG Index = 0; Index < Count; Index++) {
        struct abi_agent *Agent = &KiAgents[Index];

        if (Agent->kind == ABI_AGENT_THREAD && Agent->op == SP_YIELD &&
            &KiProcessor[Agent->cpu]->Prcb == KiEnding) {
            KiAddObject(Agent, &KiEnding, ABI_OBJECT_END);
            Agent->flags |= Enabled - 1 > KiTimePassers ? ABI_AGENT_BLOCKED : 0;
            return Enabled - 1 <= KiTimePassers;
        }
    }
    return TRUE;
}

/* E6, E15: what is due first, where nobody else can go on; who could then step. */
static ULONG
KiLetTimePass(ULONG Count)
{
    ULONG64 Due = MAXULONG64;
    PKI_PENDING_WAIT First = NULL;
    struct abi_agent *Agent = NULL;
    USHORT Asker;

    for (ULONG Index = 0; Index < Count && !KiTimersOver && !KiFewProcessors; Index++) {
        PKI_PENDING_WAIT Wait = KiAgents[Index].kind == ABI_AGENT_THREAD
                                    ? KiWithheldWait(&KiProcessor[KiAgents[Index].cpu]->Prcb)
                                    : NULL;

        if (Wait != NULL && (First == NULL || KiDueOf(Wait) < Due ||
                             (KiDueOf(Wait) == Due && KiAgents[Index].name < Agent->name))) {
            First = Wait;
            Due = KiDueOf(Wait);
            Agent = &KiAgents[Index];
        }
    }
    if (!IsListEmpty(&KiTimerListHead) && !KiTimersOver) {
        PKTIMER Timer = CONTAINING_RECORD(KiTimerListHead.Flink, KTIMER, TimerListEntry);

        if (First == NULL || (ULONG64)Timer->DueTime.QuadPart <= Due) {
            KiDescribeTimer(Timer, TRUE, &KiAgents[Count]);
            return Count + 1;
        }
    }
    if (First != NULL) {
        First->Withheld = FALSE;
        First->Timed = TRUE;
        Asker = Agent->flags & ABI_AGENT_ASKER;
        KiDescribeAgent(Agent->cpu, Agent);
        Agent->flags |= Asker;
    }
    return Count;
}

/* Everybody who could step, the asker first; returns how many they are. */
static ULONG
KiDescribeAll(BOOLEAN AskerCanStep)
{
    struct abi_agent *Agents = KiAgents;
    ULONG Count = 0, Self = KiPrcb()->Number, Cpu;
    KI_BUSY_WALK Walk = KiWalkBusy(Self);
    ULONG Enabled = 0;

    Machine->watching = 0; /* watch.c */
    KiTimePassers = 0;
    while (KiNextBusy(&Walk, &Cpu)) {
        if ((Cpu != Self || AskerCanStep) && KiDescribeAgent(Cpu, &Agents[Count])) {
            Agents[Count].flags |= Cpu == Self ? ABI_AGENT_ASKER : 0;
            Enabled += (Agents[Count].flags & ABI_AGENT_BLOCKED) == 0;
            Count++;
        }
        if (KiDescribeDpc(Cpu, &Agents[Count])) {
            Enabled += (Agents[Count].flags & ABI_AGENT_BLOCKED) == 0;
            Count++;
        }
    }
    if (KiFewProcessors) {
        Count = KiDescribeReady(Agents, Count);
        Enabled = 0;
        for (ULONG Index = 0; Index < Count; Index++) {
            Enabled += (Agents[Index].flags & ABI_AGENT_BLOCKED) == 0;
        }
    }
    for (PLIST_ENTRY Entry = KiTimerListHead.Flink; Entry != &KiTimerListHead && !KiTimersOver;
         Entry = Entry->Flink) {
        if (Count < KI_AGENTS - 1 &&
            KiDescribeTimer(CONTAINING_RECORD(Entry, KTIMER, TimerListEntry), FALSE,
                            &Agents[Count])) {
            Enabled++;
            KiTimePassers++;
            Count++;
        }
    }
    if (KiEnding != NULL && !KiDescribeEnd(Count, Enabled)) {
        Enabled--;
    }
    KiTimeIsChosen = Count > 1 && Enabled > KiTimePassers; /* E10 */
    return Enabled == 0 ? KiLetTimePass(Count) : Count;
}

static VOID
KiExpireChosen(PKTIMER Timer)
{
    PKIPCR Pcr = KiPcr();
    KIRQL OldIrql = Pcr->Irql;

    if (KiIsWriteBack(Timer)) { /* E12 */
        KiInjection.WriteBack.Happened = TRUE;
        KiInjection.Left--;
    }
    if (OldIrql < DISPATCH_LEVEL) {
        Pcr->Irql = DISPATCH_LEVEL;
    }
    KiFireTimer(Timer);
    Pcr->Irql = OldIrql;
}

/* Asks until this processor's thread may go on. FALSE: nobody else could step, as far as is known. */
BOOLEAN
KiAskExplorer(BOOLEAN AskerCanStep)
{
    PKPRCB Prcb = KiPrcb();

    if (Prcb->RunDpc) { /* chosen while this processor was idle, and not yet asking */
        Prcb->RunDpc = FALSE;
        KiRunChosenDpc(Prcb);
        if (!AskerCanStep) {
            return TRUE;
        }
    }
    for (;;) {
        ULONG Count = KiDescribeAll(AskerCanStep), Choice;
        const struct abi_agent *Chosen;
        BOOLEAN Alone = Count == 1 && AskerCanStep; /* then the asker is the one */

        if (Count == 0) {
            return FALSE;
        }
        if (KiWindowClosed) {
            Choice = KiChooseUnheard(KiAgents, Count);
        } else {
            if (KiInjection.Allowed != 0) {
                Count = KiDescribeInjections(KiAgents, Count);
            }
            Choice = HcChoose(KiAgents, Count, KiAgent()->Name);
        }
        ASSERT(Choice < Count);
        Chosen = &KiAgents[Choice];
        if (KiFewProcessors) {
            Chosen = KiTakePlace(KiAgents, Count, Chosen);
        }
        if ((Machine->record & ABI_RECORD_STEPS) &&
            (Chosen->op == SP_RUN_DPC || Chosen->op == SP_FIRE_TIMER)) {
            KiTrace(Chosen->op, (PVOID)Chosen->object, Machine->choice, 0, 0, 0);
            Machine->choice = 0;
        }
        if (Chosen->kind == ABI_AGENT_INJECTED) {
            KiInject(Chosen);
            continue;
        }
        if (Chosen->kind == ABI_AGENT_TIMER) {
            KiExpireChosen((PKTIMER)Chosen->object);
        } else {
            KiProcessor[Chosen->cpu]->Prcb.RunDpc = Chosen->op == SP_RUN_DPC;
            if (Chosen->cpu != Prcb->Number) {
                KiSwitchProcessor(Chosen->cpu);
            }
            if (!Prcb->RunDpc) {
                Prcb->Returns = FALSE;
                KiNoteMove(KiThread());
                return Alone == FALSE;
            }
            Prcb->RunDpc = FALSE;
            KiRunChosenDpc(Prcb);
            Prcb->Returns = AskerCanStep;
        }
        if (!AskerCanStep) {
            return TRUE; /* it may now */
        }
    }
}
