/*
 * schedule.c - who runs: schedule points, processors on the carrier, ready lists, the idle loop.
 *
 * Two switches, one on top of the other:
 *     the carrier switches processors  (KiSwitchProcessor)  at schedule points, when one spins or idles
 *     a processor switches threads     (KiSwapThread)       below DISPATCH_LEVEL, as on Windows
 * A ready thread goes to an idle processor if there is one, else it waits in the list of its ideal
 * processor, or preempts a thread of lower priority there.
 *
 *   S1  Only the host decides which processor goes on (HcChoose), and only among those that can step.
 *   S2  A processor whose thread spins on a lock that is still held cannot step.
 *   S3  Time moves when nobody can step; else only by KeStallExecutionProcessor, or when the only one that can
 *       step has used up many slices without anybody else becoming able to (it polls for a timer).
 */
#include "nt/ke/ki.h"
#include "nt/ke/account.h"
#include "nt/inc/window.h"

#define KI_LONELY_SLICES 64
#define KI_CLOCK_SLICES                                                                            \
    8 /* looking at the host's clock costs as much as a hundred schedule points */

/* The processor after Cpu, round and round. */
ULONG
KiNextCpu(ULONG Cpu)
{
    return Cpu + 1 < KiProcessorCount ? Cpu + 1 : 0;
}

VOID
KiNoteBusy(ULONG Cpu)
{
    KiBusy |= 1ull << Cpu;
    if (Machine->explore) {
        Machine->budget = 0; /* whoever was alone is no longer */
    }
}

BOOLEAN
KiHasOtherWork(PKPRCB Prcb)
{
    return Prcb->NextThread != NULL || Prcb->ReadySummary != 0 || Prcb->DpcRequested ||
           Prcb->DpcRoutineActive || (Machine->explore && !IsListEmpty(&Prcb->DpcListHead));
}

/* KiCheckInterrupts would do something. */
__attribute__((always_inline)) static inline BOOLEAN
KiInterruptPending(KIRQL Irql)
{
    PKPRCB Prcb = KiPrcb();

    return Irql < DISPATCH_LEVEL && Prcb->CurrentThread != Prcb->IdleThread &&
           (Prcb->DpcRequested || Prcb->NextThread != NULL || Prcb->QuantumEnd ||
            (Irql == PASSIVE_LEVEL && KiKernelApcWaits(Prcb->CurrentThread)));
}

/* Is nobody left, now or when time has passed, who could come to a driver? */
BOOLEAN
KiOnlyKernelIsLeft(VOID)
{
    ULONG64 Due;

    for (ULONG64 Set = KiBusy; Set != 0; Set &= Set - 1) {
        PKPRCB Prcb = &KiProcessor[__builtin_ctzll(Set)]->Prcb;

        if (Prcb->ReadySummary != 0 || Prcb->DpcRequested || Prcb->DpcRoutineActive ||
            (Prcb->CurrentThread != Prcb->IdleThread &&
             !((PETHREAD)Prcb->CurrentThread)->OwnCode) ||
            (Prcb->NextThread != NULL && !((PETHREAD)Prcb->NextThread)->OwnCode)) {
            return FALSE;
        }
    }
    return !KiNextTimer(&Due);
}

VOID
KiNoteImageGoes(VOID)
{
    if (Machine->ending == 1 && KiOnlyKernelIsLeft()) {
        Machine->ending = 2;
    }
}

static BOOLEAN
KiSpinEnds(PKPRCB Prcb)
{
    return (*Prcb->SpinningOn & Prcb->SpinMask) == 0;
}

/* One agent of the list that KiAsk makes; FALSE if that processor cannot step. */
static BOOLEAN
KiListAgent(ULONG Cpu, ULONG Self, ULONG Operation, const volatile VOID *Object,
            struct abi_agent *Agent)
{
    PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

    if (Prcb->SpinningOn != NULL && !KiSpinEnds(Prcb)) {
        return FALSE; /* S2 */
    }
    Agent->name = Prcb->DpcRoutineActive ? Prcb->DpcAgent.Name : Prcb->CurrentThread->Agent.Name;
    Agent->kind = Prcb->DpcRoutineActive ? ABI_AGENT_DPC : ABI_AGENT_THREAD;
    Agent->cpu = (USHORT)Cpu;
    Agent->op = Cpu == Self ? (USHORT)Operation : SP_NONE;
    Agent->flags =
        (Cpu == Self ? ABI_AGENT_ASKER : 0) | (Prcb->SpinningOn != NULL ? ABI_AGENT_SPINNING : 0);
    Agent->objects = 0;
    Agent->object = Cpu == Self ? (ULONG64)Object : 0;
    return TRUE;
}

VOID
KiLoadProcessor(ULONG Cpu)
{
    PKIPCR Pcr = KiProcessor[Cpu];
    PKTHREAD Thread = Pcr->Prcb.CurrentThread;
    ULONG64 Slice;

    Machine->current_cpu = Cpu;
    Machine->kpcr = (ULONG64)Pcr;
    Machine->kernel_rsp = (ULONG64)Thread->InitialStack;
    Machine->user_gs = (ULONG64)Thread->Teb;
    Machine->stack_low = (ULONG64)Thread->StackLimit;
    Machine->stack_high = (ULONG64)Thread->StackBase;
    if (Machine->stack_gate != 0) {
        ((VOID(__attribute__((sysv_abi)) *)(VOID))Machine->stack_gate)();
    }
    Machine->double_fault_rsp = (ULONG64)Pcr->Prcb.DpcStack;
    Machine->agent = (ULONG64)(Pcr->Prcb.DpcRoutineActive ? &Pcr->Prcb.DpcAgent : &Thread->Agent);
    Pcr->Prcb.RspBase = Thread->InitialStack;
    if (Machine->record & KI_EACH_STEP) {
        KiHideBudget();
    }
    if (Thread == Pcr->Prcb.IdleThread) {
        return; /* it touches no user memory: what is open stays so; KiRetireDpcs closes it for a DPC */
    }
    Slice = Thread->ApcState.Process != NULL ? Thread->ApcState.Process->Slice : 0;
    if (Slice != Machine->user_slice) {
        HcSetAddressSpace(Slice);
    }
}

/* Leaves this processor where it is and goes on with another; returns when the carrier is back. */
VOID
KiSwitchProcessor(ULONG Cpu)
{
    PKPRCB From = KiPrcb();
    PKIPCR To = KiProcessor[Cpu];
    ULONG Account = KiAccounts() ? KiAccountSwitch() : 0;

    KiLoadProcessor(Cpu);
    KiTurn->left = KiTurn->length; /* user code there begins a turn */
    __asm__ volatile("wrgsbase %0" ::"r"(To));
    KiSwapStack(&From->SavedRsp, To->Prcb.SavedRsp);
    /* Back: whoever switched here has loaded this processor. */
    if (KiAccounts()) {
        KiAccountSwitched(Account);
    }
}

/* Returns FALSE if only the asker can step. */
static BOOLEAN
KiAskHost(ULONG Operation, const volatile VOID *Object, BOOLEAN AskerCanStep)
{
    struct abi_agent *Agents = KiAgents;
    ULONG Count = 0, Self = KiPrcb()->Number, Choice, Cpu;
    KI_BUSY_WALK Walk;

    if (Machine->explore) {
        return KiAskExplorer(AskerCanStep);
    }
    for (Walk = KiWalkBusy(Self); KiNextBusy(&Walk, &Cpu);) { /* the asker first */
        if ((Cpu != Self || AskerCanStep) &&
            KiListAgent(Cpu, Self, Operation, Object, &Agents[Count])) {
            Count++;
        }
    }
    if (Count == 0) {
        return FALSE;
    }
    if (Count == 1) {
        Choice = 0; /* one that can step is no choice */
        if (Machine->budget <= 0) {
            Machine->budget = Machine->slice;
        }
    } else {
        Choice = HcChoose(Agents, Count, KiAgent()->Name);
        ASSERT(Choice < Count);
    }
    if (Agents[Choice].cpu != Self) {
        KiSwitchProcessor(Agents[Choice].cpu);
        return TRUE;
    }
    return Count > 1;
}

/* Asks the host who goes on. */
static BOOLEAN
KiAsk(ULONG Operation, const volatile VOID *Object, BOOLEAN AskerCanStep)
{
    BOOLEAN Others;

    KiShowBudget();
    Others = KiAskHost(Operation, Object, AskerCanStep);
    KiHideBudget();
    return Others;
}

/* Time for a thread that polls: S3. */
static VOID
KiLonely(VOID)
{
    ULONG64 Due;
    KIRQL OldIrql;

    KiNoteMove(KiThread());
    if (++KiLonelySlices < KI_LONELY_SLICES || KiHostClock || !KiNextTimer(&Due)) {
        return;
    }
    KiLonelySlices = 0;
    OldIrql = KiPcr()->Irql;
    if (OldIrql < DISPATCH_LEVEL) {
        KiPcr()->Irql = DISPATCH_LEVEL;
    }
    if (Machine->explore) {
        KiFireTimer(CONTAINING_RECORD(KiTimerListHead.Flink, KTIMER, TimerListEntry));
    } else {
        KiAdvanceClock(Due);
    }
    KiPcr()->Irql = OldIrql;
}

/* A run that is not searched has come to a point, and goes on there. */
static VOID
KiTellStep(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
           ULONG_PTR Context)
{
    if (Machine->record & ABI_RECORD_STEPS) {
        KiRecordStep(Operation, Object, WouldWait, Context);
    }
    if (Machine->record & ABI_RECORD_CHECK) {
        KiCheckSound();
    }
}

/* All but kernel APCs. FALSE: none of these either. */
static BOOLEAN
KiTakeOthers(KIRQL Irql)
{
    PKPRCB Prcb = KiPrcb();

    if (Irql >= DISPATCH_LEVEL || Prcb->CurrentThread == Prcb->IdleThread) {
        return FALSE;
    }
    if (Prcb->DpcRequested || Prcb->NextThread != NULL || Prcb->QuantumEnd) {
        KiPcr()->Irql = DISPATCH_LEVEL;
        KiExitDispatcher(APC_LEVEL);
        KiPcr()->Irql = Irql;
    }
    return Irql == PASSIVE_LEVEL && KiThread()->ApcState.KernelApcPending;
}

VOID
KiTakeInterrupts(KIRQL Irql)
{
    if (KiTakeOthers(Irql)) {
        KiDeliverKernelApcs();
    }
}

VOID
KiCheckInterrupts(KIRQL Irql)
{
    if (KiTakeOthers(Irql)) {
        KiCheckKernelApcs();
    }
}

/* KiCheckKernelApcs: a point of its own, to deliver what was kept back. */
static BOOLEAN
KiIsDelivery(ULONG Operation, const volatile VOID *Object)
{
    return Operation == SP_DELIVER_APC && Object == KiThread();
}

/* `Quick`: the host need only be asked who goes on, and nothing beside; KiPasses has said no. */
static __attribute__((noinline)) VOID
KiScheduleAsk(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
              ULONG_PTR Context, BOOLEAN Quick)
{
    if (Machine->explore) {
        for (;;) {
            Machine->watching = 0; /* watch.c */
            if (!Quick || KiPrcb()->PendingOperation == SP_NONE) {
                KiSetPending(Operation, Object, WouldWait, Context);
            }
            if (KiInjection.Allowed != 0) {
                KiInjectArrived(Operation, Object);
            }
            if (Machine->record & ABI_RECORD_CHECK) {
                KiCheckSound();
            }
            if (Machine->record & ABI_RECORD_STATE) {
                Machine->state = KiHashStacks();
            }
            if ((Quick || !KiPasses(Operation, Object, WouldWait, Context)) &&
                KiAskExplorer(TRUE)) {
                KiLonelySlices = 0;
            } else if (Machine->alone) {
                Machine->alone = 0;
                KiLonely();
            }
            if (KiFewProcessors && KiPrcb()->NextThread != NULL && KiIrql() < DISPATCH_LEVEL) {
                if (!KiGiveWay(Operation, Object, WouldWait, Context)) {
                    continue;
                }
            }
            if ((Machine->record & ABI_RECORD_STEPS) && KiPrcb()->PendingOperation != SP_NONE) {
                BOOLEAN Apc = KiInterruptPending(KiIrql());

                KiRecordStep(Apc ? SP_DELIVER_APC : Operation, Object, Apc ? NULL : WouldWait,
                             Context);
            }
            KiSetPendingNone();
            if (!KiInterruptPending(KiIrql())) {
                return;
            }
            KiTakeInterrupts(KiIrql()); /* what it did may have closed the way */
            if (KiIsDelivery(Operation, Object)) {
                return;
            }
            KiOpened.Thread = NULL; /* a step is yet to come behind what the APC has left */
            Quick = FALSE;
        }
    }
    if ((Machine->record & KI_EACH_STEP) && KiSpendBudget()) {
        KiTellStep(Operation, Object, WouldWait, Context);
        return;
    }
    if (KiThread() == KiPrcb()->IdleThread && !KiPrcb()->DpcRoutineActive) {
        KiTellStep(Operation, Object, WouldWait, Context);
        return; /* it is in the middle of a switch: nobody would come back to it */
    }
    if (KiHostClock && ++KiHostClockSlices >= KI_CLOCK_SLICES) {
        KiHostClockSlices = 0;
        KiPollHostClock();
    }
    if (KiAsk(Operation, Object, TRUE)) {
        KiLonelySlices = 0;
    } else {
        KiLonely();
    }
    KiTellStep(Operation, Object, WouldWait, Context);
    KiPrcb()->QuantumEnd = KiPrcb()->ReadySummary != 0;
    KiCheckInterrupts(KiIrql());
}

VOID
KiScheduleSlow(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
               ULONG_PTR Context)
{
    BOOLEAN Quick;

    if (KiBugCheckActive) {
        Machine->budget = 1ll << 60;
        return;
    }
    Quick = Machine->explore && KiInjection.Allowed == 0 && Machine->record == 0 &&
            Machine->alone == 0 && !KiInterruptPending(KiIrql());
    if (!Quick || (Machine->passes >> Operation & 1) == 0 ||
        !KiPasses(Operation, Object, WouldWait, Context)) { /* as a rule it does */
        KiScheduleAsk(Operation, Object, WouldWait, Context, Quick);
    }
}

VOID
KiYield(ULONG Operation)
{
    KiSchedulePoint(Operation, NULL);
    Machine->budget = 0;
}

VOID
KiSpin(volatile VOID *Lock, ULONG Mask)
{
    PKPRCB Prcb = KiPrcb();
    ULONG64 Due;

    Prcb->SpinningOn = (volatile ULONG *)Lock;
    Prcb->SpinMask = Mask;
    Prcb->CurrentThread->SpinningOn = (ULONG64)Lock;
    while (!KiSpinEnds(Prcb)) {
        if (!KiAsk(SP_ACQUIRE_SPINLOCK, Lock, FALSE)) {
            if (!KiNextTimer(&Due)) {
                KiStop(ABI_DEADLOCK, 0, NULL, NULL,
                       "a processor spins on a lock that nobody is left to release");
            }
            KiAdvanceClock(Due);
        }
    }
    Prcb->SpinningOn = NULL;
    Prcb->CurrentThread->SpinningOn = 0;
}

static BOOLEAN
KiIsIdle(PKPRCB Prcb)
{
    return Prcb->CurrentThread == Prcb->IdleThread && Prcb->NextThread == NULL &&
           !(Machine->explore && KiHasDpcs(Prcb));
}

static VOID
KiInsertReady(PKPRCB Prcb, PKTHREAD Thread, BOOLEAN Head)
{
    Thread->State = Ready;
    Thread->NextProcessor = Prcb->Number;
    if (Head) {
        InsertHeadList(&Prcb->ReadyListHead[(int)Thread->Priority], &Thread->WaitListEntry);
    } else {
        InsertTailList(&Prcb->ReadyListHead[(int)Thread->Priority], &Thread->WaitListEntry);
    }
    Prcb->ReadySummary |= 1u << Thread->Priority;
    KiNoteBusy(Prcb->Number);
}

static VOID
KiRemoveReady(PKTHREAD Thread)
{
    PKPRCB Prcb = &KiProcessor[Thread->NextProcessor]->Prcb;

    RemoveEntryList(&Thread->WaitListEntry);
    if (IsListEmpty(&Prcb->ReadyListHead[(int)Thread->Priority])) {
        Prcb->ReadySummary &= ~(1u << Thread->Priority);
    }
}

VOID
KiPlaceThread(PKTHREAD Thread, ULONG Cpu)
{
    KiRemoveReady(Thread);
    Thread->State = Standby;
    Thread->NextProcessor = Cpu;
    KiProcessor[Cpu]->Prcb.NextThread = Thread;
    KiNoteBusy(Cpu);
}

static PKTHREAD
KiTakeReady(PKPRCB Prcb, LONG LowestPriority)
{
    ULONG Priority;
    PKTHREAD Thread;

    if (Prcb->ReadySummary == 0) {
        return NULL;
    }
    Priority = 31 - __builtin_clz(Prcb->ReadySummary);
    if ((LONG)Priority < LowestPriority) {
        return NULL;
    }
    Thread = CONTAINING_RECORD(Prcb->ReadyListHead[Priority].Flink, KTHREAD, WaitListEntry);
    KiRemoveReady(Thread);
    return Thread;
}

/* An idle processor out of Affinity, the ideal one first. NULL: there is none. */
static PKPRCB
KiFindIdle(ULONG Ideal, KAFFINITY Affinity)
{
    ULONG Cpu = Ideal;

    for (ULONG Index = 0; Index < KiProcessorCount; Index++, Cpu = KiNextCpu(Cpu)) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        if ((Affinity & (1ull << Cpu)) != 0 && KiIsIdle(Prcb)) {
            return Prcb;
        }
    }
    return NULL;
}

VOID
KiReadyThread(PKTHREAD Thread)
{
    PKPRCB Prcb;
    ULONG Ideal = Thread->IdealProcessor, Self = KiPrcb()->Number, Cpu;

    if (Ideal >= KiProcessorCount) {
        Ideal %= KiProcessorCount;
    }
    Prcb = KiFindIdle(Ideal, Thread->Affinity & ~KiTargets); /* dpc.c, D4 */
    if (Prcb == NULL && KiTargets != 0) {
        Prcb = KiFindIdle(Ideal, Thread->Affinity);
    }
    if (Prcb != NULL) {
        Thread->State = Standby;
        Thread->NextProcessor = Prcb->Number;
        Prcb->NextThread = Thread;
        KiNoteBusy(Prcb->Number);
        return;
    }
    Cpu = Ideal;
    while ((Thread->Affinity & (1ull << Cpu)) == 0) {
        Cpu = KiNextCpu(Cpu);
    }
    Prcb = &KiProcessor[Cpu]->Prcb;
    if (Machine->explore && !KiFewProcessors &&
        (Prcb->CurrentThread != Prcb->IdleThread || Prcb->NextThread != NULL)) {
        HcNoteWithheld(PROCESSOR);
    }
    if (KiFewProcessors && Machine->explore) {
        /* few.c, N5 */
    } else if (Prcb->NextThread != NULL) {
        if (Thread->Priority > Prcb->NextThread->Priority) {
            KiInsertReady(Prcb, Prcb->NextThread, TRUE);
            Prcb->NextThread = Thread;
            Thread->State = Standby;
            Thread->NextProcessor = Cpu;
            KiNoteBusy(Cpu);
            return;
        }
    } else if (Thread->Priority > Prcb->CurrentThread->Priority &&
               Prcb->CurrentThread->State == Running) {
        Prcb->NextThread = Thread;
        Thread->State = Standby;
        Thread->NextProcessor = Cpu;
        KiNoteBusy(Cpu);
        if (Cpu != Self) {
            Machine->budget = 0; /* it is interrupted there at the next choice */
        }
        return;
    }
    KiInsertReady(Prcb, Thread, FALSE);
}

/* A thread that has ended is off its stack now: whoever came after it drops its own reference. */
VOID
KiFinishSwap(VOID)
{
    PKTHREAD Dead = KiPrcb()->PreviousThread;

    if (Dead != NULL) {
        KiPrcb()->PreviousThread = NULL;
        ObDereferenceObjectDeferDelete(Dead);
    }
}

/* Makes New current on this processor and runs it; returns when Old runs again, maybe elsewhere. */
static VOID
KiSwapTo(PKTHREAD New)
{
    PKPRCB Prcb = KiPrcb();
    PKTHREAD Old = Prcb->CurrentThread;
    ULONG Account = KiAccounts() ? KiAccountSwitch() : 0;

    KiNoteMove(New);
    New->State = Running;
    New->Running = TRUE;
    New->NextProcessor = Prcb->Number;
    Old->Running = FALSE;
    New->ContextSwitches++;
    Prcb->ContextSwitches++;
    Prcb->CurrentThread = New;
    Prcb->QuantumEnd = FALSE;
    KiTrace(EV_SWITCH, New, New->Agent.Name, Old->Agent.Name, 0, 0);
    KiLoadProcessor(Prcb->Number);
    KiSwapStack(&Old->KernelStack, New->KernelStack);
    KiFinishSwap();
    if (KiAccounts()) {
        KiAccountSwitched(Account);
    }
}

/* The best one that is ready there and may run on Processor. */
static PKTHREAD
KiFindReady(PKPRCB Prcb, KAFFINITY Processor)
{
    for (ULONG Set = Prcb->ReadySummary; Set != 0;) {
        ULONG Priority = 31 - __builtin_clz(Set);
        PLIST_ENTRY Head = &Prcb->ReadyListHead[Priority];

        for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
            PKTHREAD Thread = CONTAINING_RECORD(Entry, KTHREAD, WaitListEntry);

            if ((Thread->Affinity & Processor) != 0) {
                return Thread;
            }
        }
        Set &= ~(1u << Priority);
    }
    return NULL;
}

/* The next thread for this processor: its own NextThread, its best ready one, another's. */
static PKTHREAD
KiSelectThread(PKPRCB Prcb)
{
    PKTHREAD Thread = Prcb->NextThread;
    ULONG64 Below = (1ull << Prcb->Number) - 1, Busy; /* who has ready threads is busy */

    if (Thread != NULL) {
        Prcb->NextThread = NULL;
        return Thread;
    }
    Thread = KiTakeReady(Prcb, 0);
    Busy = KiBusy & ~Below;
    Below &= KiBusy;
    while (Thread == NULL && (Busy | Below) != 0) {
        PULONG64 Set = Busy != 0 ? &Busy : &Below;
        PKPRCB Other = &KiProcessor[__builtin_ctzll(*Set)]->Prcb;

        *Set &= *Set - 1;
        Thread = KiFindReady(Other, 1ull << Prcb->Number);
        if (Thread != NULL) {
            KiRemoveReady(Thread);
        }
    }
    return Thread != NULL ? Thread : Prcb->IdleThread;
}

LONG_PTR
KiSwapThread(VOID)
{
    PKTHREAD Old = KiThread();
    PKTHREAD New;

    ASSERT(KiIrql() == DISPATCH_LEVEL);
    if (KiPrcb()->DpcRoutineActive) {
        KeBugCheckEx(0xB8 /* ATTEMPTED_SWITCH_FROM_DPC */, (ULONG_PTR)Old, 0, 0, 0);
    }
    if (KiPrcb()->DpcRequested) {
        KiRetireDpcs(KiPrcb());
    }
    if (Old->State == Standby && KiPrcb()->NextThread == Old) {
        KiPrcb()->NextThread = NULL;
        Old->State = Running;
        return Old->WaitStatus;
    }
    New = KiSelectThread(KiPrcb());
    if (New == Old) {
        Old->State = Running;
        return Old->WaitStatus;
    }
    KiSwapTo(New);
    return Old->WaitStatus;
}

BOOLEAN
KiRequeue(VOID)
{
    PKPRCB Prcb = KiPrcb();
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Prcb->NextThread == NULL) {
        Prcb->NextThread = KiTakeReady(Prcb, Thread->Priority);
        if (Prcb->NextThread == NULL) {
            return FALSE;
        }
        Prcb->NextThread->State = Standby;
    }
    KiInsertReady(Prcb, Thread, FALSE);
    KiSwapThread();
    return TRUE;
}

VOID
KiMoveReady(PKTHREAD Thread)
{
    PKPRCB Prcb = &KiProcessor[Thread->NextProcessor]->Prcb;

    if (Thread->State == Ready) {
        KiRemoveReady(Thread);
    } else {
        ASSERT(Thread->State == Standby && Prcb->NextThread == Thread);
        Prcb->NextThread = KiTakeReady(
            Prcb, Prcb->CurrentThread == Prcb->IdleThread ? 0 : Prcb->CurrentThread->Priority + 1);
        if (Prcb->NextThread != NULL) {
            Prcb->NextThread->State = Standby;
        }
    }
    KiReadyThread(Thread);
}

VOID
KiSetPriority(PKTHREAD Thread, SCHAR Priority)
{
    if (Thread->Priority == Priority) {
        return;
    }
    if (Thread->State == Ready) {
        KiRemoveReady(Thread);
        Thread->Priority = Priority;
        KiReadyThread(Thread);
        return;
    }
    Thread->Priority = Priority;
    if (KiFewProcessors && Machine->explore) {
        Machine->budget = 0; /* few.c, N2 */
    } else if (Thread->State == Running) {
        PKPRCB Prcb = &KiProcessor[Thread->NextProcessor]->Prcb;

        if (Prcb->NextThread == NULL && Prcb->ReadySummary >> (Priority + 1) != 0) {
            Prcb->NextThread = KiTakeReady(Prcb, Priority + 1);
            Prcb->NextThread->State = Standby;
        }
    }
}

/* Nothing can ever happen again. The report names the threads; here only the verdict. */
static DECLSPEC_NORETURN VOID
KiNothingLeft(VOID)
{
    KiStop(ABI_HANG, 0, NULL, NULL,
           KiTimersOver ? "nobody goes on but for timers and time-outs that go on coming"
                        : "every thread waits, and nothing is left that could wake one");
}

/* The idle thread of each processor, at DISPATCH_LEVEL. */
VOID
KiIdleLoop(VOID)
{
    PKPRCB Prcb;
    ULONG64 Due;

    for (;;) {
        Prcb = KiPrcb();
        if (Prcb->DpcRequested) {
            KiRetireDpcs(Prcb);
        }
        if (Prcb->NextThread != NULL || Prcb->ReadySummary != 0) {
            PKTHREAD New = KiSelectThread(Prcb);

            if (New != Prcb->IdleThread) {
                Prcb->IdleThread->State = Running;
                KiSwapTo(New);
                continue;
            }
        }
        if (KiAsk(SP_NONE, NULL, FALSE)) {
            KiLonelySlices = 0;
            continue;
        }
        if (KiHostClock) {
            KiPollHostClock();
            if (KiBusy != 0) { /* what has expired may have made a thread ready elsewhere */
                continue;
            }
        }
        if (Prcb->DpcRequested || Prcb->NextThread != NULL || Prcb->ReadySummary != 0) {
            continue;
        }
        if (!KiNextTimer(&Due)) {
            if (KiWindowClosed) {
                KiOpenWindow(); /* W3 */
                continue;
            }
            if (KiProbeSuspension()) {
                continue;
            }
            KiNothingLeft();
        }
        if (!KiHostClock) {
            KiAdvanceClock(Due);
        }
    }
}
