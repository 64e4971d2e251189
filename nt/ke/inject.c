/*
 * inject.c - what the environment may do to a run: events that no thread of it asks for.
 *
 * While schedules are explored (Machine->explore) each of these is an agent of its own in the host's question, next
 * to the threads: it is there (blocked) as long as its target lives, and enabled where it would change something. If
 * it is chosen, the kernel does here what the environment's call would do, and asks again.
 *     suspend   NtSuspendThread by somebody else, of a thread of an unprivileged process that is inside a driver
 *     cancel    of a client's request (environment.c)
 *
 *   J1  Each kind happens at most once in a run, and no more in all than abi/inject.h says: spaces stay finite, and one is enough
 *       for a finding. Kinds that exclude each other are one object to the search, else each is its own.
 *   J2  A suspension comes as a normal kernel APC. It is offered where that would be delivered at once: inside a
 *       region or above PASSIVE_LEVEL it would come when that ends, and that place is offered by itself.
 *   J3  A thread that is suspended goes on standing in front of the operation that it was about to do, and would have
 *       to wait for: the search then knows what the suspension came before.
 *
 * Suspend denial of service, by counterfactual. When nothing can happen any more while a thread is suspended
 * (KiProbeSuspension), every thread of another process that waits is marked, and the suspended one is let go on,
 * but not beyond the system service that it is in. If a marked thread then goes on, it could not while the other one
 * was suspended and could as soon as it was resumed: that is the finding, with the call that let it go. What it
 * would have waited for from a thread suspended in user mode as well is no mistake of the driver's: the host tells that
 * by a run in which the thread never begins the service.
 */
#include "abi/inject.h"
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"
#include "nt/inc/se.h"

VOID
KiInjectAllow(ULONG Events)
{
    ULONG Kinds = Events & (ABI_INJECT_EVENTS & ~ABI_INJECT_TIMEOUT);
    ULONG Limit = ABI_INJECT_LIMIT(Events);

    KiStartEnvironment(Events);
    KiInjection.Allowed = Events & ABI_INJECT_EVENTS;
    KiInjection.Joint = Limit != 0 && Limit < (ULONG)__builtin_popcount(Kinds);
    KiInjection.Left = KiInjection.Joint ? Limit : MAXULONG;
}

ULONG64
KiEventObject(PVOID Own)
{
    return KiInjection.Joint ? (ULONG64)&KiInjection : (ULONG64)Own;
}

BOOLEAN
KiIsPlainUser(PKTHREAD Thread)
{
    PEPROCESS Process = (PEPROCESS)Thread->Process;

    return Thread->Teb != NULL && !Thread->SystemThread && Process->Token != NULL &&
           !SeTokenIsAdmin(Process->Token);
}

/* Which routine of ours a driver has called. */
static KI_CALL
KiCurrentCall(VOID)
{
    KI_CALL Call = {0};
    CONTEXT Context;

    RtlCaptureContext(&Context);
    for (ULONG Depth = 0; Depth < 48 && Context.Rip >= ABI_SYSTEM_BASE; Depth++) {
        ULONG64 ImageBase = 0, Establisher;
        PRUNTIME_FUNCTION Function;
        PVOID HandlerData;

        Context.Rip = HcOriginalRip(Context.Rip);
        if (Context.Rip >= ABI_IMAGE_BASE + ABI_IMAGE_WINDOW &&
            Context.Rip < ABI_IMAGE_BASE + ABI_IMAGE_WINDOWS * ABI_IMAGE_WINDOW) {
            Call.Caller = Context.Rip;
            return Call;
        }
        Function = RtlLookupFunctionEntry(Context.Rip, &ImageBase, NULL);
        if (Function == NULL) {
            return Call;
        }
        Call.Routine = ImageBase + Function->BeginAddress;
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Context.Rip, Function, &Context,
                         &HandlerData, &Establisher, NULL);
    }
    return Call;
}

/* Has a driver called us? Most often there is no address of one on the stack at all; what there is may be left over. */
static BOOLEAN
KiIsInsideDriver(PKTHREAD Thread)
{
    PULONG64 At = __builtin_frame_address(0), End = Thread->StackBase;

    for (; At < End; At++) {
        if (*At - (ABI_IMAGE_BASE + ABI_IMAGE_WINDOW) <
            (ABI_IMAGE_WINDOWS - 1) * ABI_IMAGE_WINDOW) {
            return KiCurrentCall().Caller != 0;
        }
    }
    return FALSE;
}

/*
 * A routine may end in a jump to another, which then stands on the stack in its place: the one that was seen at a
 * schedule point of the same call is the one that the driver meant.
 */
static VOID
KiNotePoint(VOID)
{
    KI_CALL Call = KiCurrentCall();

    if (KiThread() == KiInjection.Thread) {
        if (KiInjection.OwnPoint.Caller != Call.Caller) {
            KiInjection.OwnPoint = Call;
        }
    } else if (KiInjection.PointThread != KiThread() || KiInjection.Point.Caller != Call.Caller) {
        KiInjection.PointThread = KiThread();
        KiInjection.Point = Call;
    }
}

static KI_CALL
KiMeantCall(VOID)
{
    KI_CALL Call = KiCurrentCall();

    if (KiThread() == KiInjection.Thread && KiInjection.OwnPoint.Caller == Call.Caller) {
        return KiInjection.OwnPoint;
    }
    if (KiInjection.PointThread == KiThread() && KiInjection.Point.Caller == Call.Caller) {
        return KiInjection.Point;
    }
    return Call;
}

/* Called by each thread when it comes to a schedule point. */
VOID
KiInjectArrived(ULONG Operation, const volatile VOID *Object)
{
    PKPRCB Prcb = KiPrcb();
    PKTHREAD Thread = Prcb->CurrentThread;

    Prcb->MaySuspend = KI_NEVER;
    if (KiInjection.State == KiSuspensionProbed) {
        KiNotePoint();
    }
    if (Prcb->DpcRoutineActive || Thread == Prcb->IdleThread) {
        return;
    }
    if (Thread == KiInjection.Thread) {
        if (KiInjection.State == KiSuspensionHeld && Object == &Thread->SuspendEvent) { /* J3 */
            KiSetPending(KiInjection.Operation, KiInjection.Object, KiWouldStaySuspended,
                         (ULONG_PTR)Thread);
        } else if (KiInjection.State == KiSuspensionProbed && Operation == SP_SYSTEM_SERVICE) {
            KiHoldAgain(Thread); /* it has done what it was in the middle of */
        }
        return;
    }
    if ((KiInjection.Allowed & ABI_INJECT_SUSPEND) == 0 || !KiIsPlainUser(Thread)) {
        return;
    }
    Prcb->MaySuspend = KI_NOT_NOW;
    if (KiIrql() == PASSIVE_LEVEL && Thread->CombinedApcDisable == 0 &&
        !Thread->ApcState.KernelApcInProgress && Thread->ApcStateIndex == OriginalApcEnvironment &&
        Thread->ApcQueueable && Thread->SuspendCount == 0 && KiIsInsideDriver(Thread)) { /* J2 */
        Prcb->MaySuspend = KI_NOW;
    }
}

/* PKI_WOULD_WAIT */
BOOLEAN
KiWouldStaySuspended(const volatile VOID *Object, ULONG_PTR Context)
{
    return ((PKTHREAD)Context)->SuspendEvent.Header.SignalState <= 0;
}

/* Adds the environment's agents to a question. */
ULONG
KiDescribeInjections(struct abi_agent *Agents, ULONG Count)
{
    ULONG Threads = Count;

    if (KiInjection.State > KiSuspensionHeld) {
        return Count; /* what follows is not explored */
    }
    for (ULONG Index = 0; Index < Threads && (KiInjection.Allowed & ABI_INJECT_SUSPEND); Index++) {
        PKPRCB Prcb = &KiProcessor[Agents[Index].cpu]->Prcb;

        if (Agents[Index].kind != ABI_AGENT_THREAD ||
            Prcb->CurrentThread->Agent.Name != Agents[Index].name) {
            continue;
        }
        if (Prcb->CurrentThread == KiInjection.Thread) {
            Agents[Index].stamp = 0;
            Agents[Index].target = Agents[Index].name; /* J3: what it came before races with it */
        }
        if (Prcb->MaySuspend == KI_NEVER) {
            continue;
        }
        Agents[Index].stamp = 0;
        Agents[Index].target = Agents[Index].name;
        Agents[Count] = (struct abi_agent){.name = Agents[Index].name ^ ABI_AGENT_SUSPENSION,
                                           .kind = ABI_AGENT_INJECTED,
                                           .cpu = Agents[Index].cpu,
                                           .op = SP_SUSPEND,
                                           .object = (ULONG64)&KiInjection, /* J1 */
                                           .target = Agents[Index].name};
        if (Prcb->MaySuspend != KI_NOW || KiInjection.State != KiSuspensionNone ||
            KiInjection.Left == 0 || Agents[Index].op == SP_NONE) {
            Agents[Count].flags |= ABI_AGENT_BLOCKED;
        }
        Count++;
    }
    return KiDescribeEvents(Agents, Count, Threads);
}

/* Stands with the thread that it is done to. */
static VOID
KiTraceEnvironment(ULONG Event, PKTHREAD Thread)
{
    volatile struct abi_record *Record = KiTrace(Event, Thread, 0, 0, 0, 0);

    Record->agent = Thread->Agent.Name;
    Record->cpu = (UCHAR)Thread->NextProcessor;
    Record->irql = PASSIVE_LEVEL; /* J2 */
}

/* The host has chosen one. */
VOID
KiInject(const struct abi_agent *Agent)
{
    PKPRCB Prcb;
    PKTHREAD Thread;

    KiInjection.Left--;
    if (KiStartEvent(Agent)) {
        return;
    }
    Prcb = &KiProcessor[Agent->cpu]->Prcb;
    Thread = Prcb->CurrentThread;
    KiInjection.State = KiSuspensionHeld;
    KiInjection.Thread = Thread;
    KiInjection.Operation = Prcb->PendingOperation;
    KiInjection.Object = Prcb->PendingObject;
    Prcb->PendingOperation = SP_NONE; /* it runs up to where it waits, before anybody is asked */
    Prcb->PendingWait = NULL;
    KiTraceEnvironment(EV_SUSPENDED, Thread);
    KiHoldAgain(Thread);
}

/* A wait for the suspended thread's own end, or its process's, is meant. */
static BOOLEAN
KiWaitsForEnd(PKTHREAD Thread, PKTHREAD Suspended)
{
    for (ULONG Index = 0; Index < Thread->WaitObjectCount; Index++) {
        DISPATCHER_HEADER *Header = Thread->WaitBlockList[Index].Object;
        ULONG Type = Header->Type & 0x7F;

        if (Header == &Suspended->Process->Header ||
            (Type == KiObjThread &&
             CONTAINING_RECORD(Header, KTHREAD, Header)->Process == Suspended->Process)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A worker of the system that waits for work: what it is given is not its own, and who depends on that waits elsewhere. */
static BOOLEAN
KiIsIdleWorker(PKTHREAD Thread)
{
    return Thread->SystemThread && Thread->WaitObjectCount == 1 &&
           (((DISPATCHER_HEADER *)Thread->WaitBlockList[0].Object)->Type & 0x7F) == KiObjQueue;
}

/* Marks who waits in other processes. */
static ULONG
KiMarkHeldUp(PKTHREAD Suspended)
{
    ULONG Count = 0;

    for (PETHREAD Each = NULL; (Each = PspNextThread(Each)) != NULL;) {
        PKTHREAD Thread = &Each->Tcb;

        if (Thread->Process != Suspended->Process && Thread->State == Waiting &&
            !KiIsEnvironment(Thread) && !KiIsIdleWorker(Thread) &&
            !KiWaitsForEnd(Thread, Suspended)) {
            Thread->HeldUp = KI_HELD_UP;
            Count++;
        }
    }
    return Count;
}

static ULONG
KiFormatCall(char *Text, ULONG Size, KI_CALL Call)
{
    return (ULONG)(Call.Caller != 0
                       ? KiFormatText(Text, Size, "%a called %a", Call.Caller, Call.Routine)
                       : KiFormatText(Text, Size, "%a", Call.Routine));
}

/* Somebody's wait ends, or is interrupted for an APC, while it is tried whether the resumption helps anybody. In the
   context of whoever lets it go on. */
VOID
KiInjectWoken(PKTHREAD Thread, LONG_PTR Status)
{
    struct abi_held_up *Held;
    KI_CALL Call;
    ULONG Used;

    if (KiInjection.State != KiSuspensionProbed || Thread == KiInjection.Thread) {
        return;
    }
    if (Status == STATUS_TIMEOUT) {
        Thread->HeldUp = KI_GOES_ON; /* by itself */
        return;
    }
    Call = KiMeantCall();
    if (KiThread() == KiInjection.Thread) {
        KiInjection.First = Call;
    }
    if (Thread->HeldUp != KI_HELD_UP || KiInjection.HeldUpCount == ABI_HELD_UP) {
        return;
    }
    Held = &KiInjection.HeldUp[KiInjection.HeldUpCount];
    Held->name = Thread->Agent.Name;
    Held->system = (ULONG)Thread->SystemThread;
    Held->thread = (ULONG64)Thread;
    Held->object = Thread->WaitObjectCount != 0 ? (ULONG64)Thread->WaitBlockList[0].Object : 0;
    Used = KiFormatCall(Held->message, sizeof(Held->message), Call);
    if (KiThread() != KiInjection.Thread && KiInjection.First.Routine != 0) {
        Used += (ULONG)KiFormatText(Held->message + Used, sizeof(Held->message) - Used, ", after ");
        KiFormatCall(Held->message + Used, sizeof(Held->message) - Used, KiInjection.First);
    }
    if (Status != STATUS_KERNEL_APC) {
        KiInjectWentOn(Thread);
    }
}

/* Its wait is over; if it was woken for an APC, that has given it what it waits for. */
VOID
KiInjectWentOn(PKTHREAD Thread)
{
    if (KiInjection.State == KiSuspensionProbed && Thread->HeldUp == KI_HELD_UP &&
        KiInjection.HeldUpCount < ABI_HELD_UP &&
        KiInjection.HeldUp[KiInjection.HeldUpCount].name == Thread->Agent.Name) {
        KiInjection.HeldUpCount++;
    }
    Thread->HeldUp = KI_GOES_ON;
}

/* Who could not go on and then did: the one that the host asks for, else the first. */
static DECLSPEC_NORETURN VOID
KiStopSuspended(VOID)
{
    struct abi_stop Why;
    ULONG Index = 0;

    for (ULONG Other = 0; Other < KiInjection.HeldUpCount; Other++) {
        if (KiInjection.HeldUp[Other].name == KiBoot.victim) {
            Index = Other;
        }
    }
    RtlZeroMemory(&Why, sizeof(Why));
    Why.verdict = ABI_SUSPEND_DOS;
    Why.code = KiInjection.HeldUp[Index].name;
    Why.parameter[0] = (ULONG64)KiInjection.Thread;
    Why.parameter[1] = KiInjection.HeldUp[Index].thread;
    Why.parameter[2] = (ULONG64)&KiInjection.HeldUp;
    Why.parameter[3] = KiInjection.HeldUpCount;
    RtlCopyMemory(Why.message, KiInjection.HeldUp[Index].message,
                  sizeof(KiInjection.HeldUp[Index].message));
    KiStopReported(&Why);
}

/* Nothing can happen any more. TRUE: now something can. DISPATCH_LEVEL. */
BOOLEAN
KiProbeSuspension(VOID)
{
    PKTHREAD Thread = KiInjection.Thread;

    switch (KiInjection.State) {
    case KiSuspensionHeld:
        KiInjection.State = KiSuspensionProbed;
        if (KiMarkHeldUp(Thread) != 0) {
            KiReportSuspended(Thread);
            KiInjection.Reported = TRUE;
        } else {
            KiInjection.State = KiSuspensionOver;
        }
        KiTraceEnvironment(EV_RESUMED, Thread);
        KiLetGoAgain(Thread);
        return TRUE;
    case KiSuspensionProbed:
        if (KiInjection.HeldUpCount != 0) {
            KiStopSuspended();
        }
        KiInjection.State = KiSuspensionOver;
        if (Thread->SuspendCount == 0) {
            return FALSE;
        }
        KiLetGoAgain(Thread);
        return TRUE;
    default:
        return FALSE;
    }
}
