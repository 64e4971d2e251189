/*
 * environment.c - injected events other than a suspension.
 *
 *     cancel     NtCancelIoFileEx or NtCancelSynchronousIoFile by somebody else: of a client's thread the request that
 *                has been pending for longest. One agent for each of the clients' threads
 *     terminate  NtTerminateProcess by somebody else, of an unprivileged client, when a thread of it enters a system service or is about
 *                to wait in user mode: what it does elsewhere follows there. One agent for each of those threads
 *     unload     the service of the driver that was named last is stopped, while clients are there
 *     nomem      a driver's allocation fails: of pool, of an IRP, MDL, work item or timer, of pages, of a mapping that may
 *                fail. One agent for each of the clients' threads, and for each other thread when it stands in front of one
 *
 *   N1  The first three each happen in a thread that waits before anything is explored. Its agent is an ordinary one as
 *       soon as the event has happened; until then the event is an agent of its own (inject.c), and the thread in none of
 *       the questions.
 *   N2  What is chosen happens up to the thread's next schedule point before anybody else steps, so it happens to what
 *       was seen when it was offered. A termination passes no schedule point at all.
 *   N3  A client that the event has befallen may well return something else than 0; after an unload or a failed
 *       allocation each of them may.
 *   N4  Cancelling changes two words of the IRP that drivers read and exchange without a call of ours. The exchange is a
 *       schedule point at each granularity (host/image/site.c), and so is ours. Where plain accesses are schedule
 *       points, the flag is set in a step of its own.
 *   N5  What comes before or after an unload is the order of its thread's steps and the others'. The event itself only has to
 *       come before the clients' end (KiEndClients), which waits for it. It waits for a cancellation as well: while that goes
 *       on, what it cancels is not left behind.
 *   N6  FltRegisterFilter lacks no memory: that it succeeds is what Microsoft's own samples assert in checked builds, and
 *       Driver Verifier's low-resources simulation fails the driver's allocations, not fltmgr's.
 */
#include "nt/ke/ki.h"
#include "nt/inc/environment.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/io.h"

/* No schedule point asks until KiAskAgain. */
static LONG64
KiAskNobody(VOID)
{
    LONG64 Budget = Machine->budget;

    Machine->budget = 1 << 20;
    return Budget;
}

static VOID
KiAskAgain(LONG64 Budget)
{
    Machine->budget = Budget;
}

static VOID NTAPI
KiCancellationThread(PVOID Context)
{
    PKI_EVENT Event = Context;

    for (;;) {
        KeWaitForSingleObject(&Event->Wake, Executive, KernelMode, FALSE, NULL);
        IopCancelOldest((PETHREAD)Event->Target, /* N2, N4 */
                        KiInjection.SeesPlain || Machine->explore == ABI_EXPLORE_MEMORY);
        KeSetEvent(&Event->Done, 0, FALSE);
    }
}

static VOID NTAPI
KiTerminationThread(PVOID Context)
{
    PKI_EVENT Event = Context;

    for (;;) {
        LONG64 Budget;

        KeWaitForSingleObject(&Event->Wake, Executive, KernelMode, FALSE, NULL);
        Budget = KiAskNobody(); /* N2 */
        PspTerminateProcess((PEPROCESS)Event->Target->Process, 1);
        KiAskAgain(Budget);
    }
}

static VOID NTAPI
KiUnloadingThread(PVOID Context)
{
    PKI_EVENT Event = Context;

    for (;;) {
        KeWaitForSingleObject(&Event->Wake, Executive, KernelMode, FALSE, NULL);
        PspUnloadLastDriver();
        Event->Busy = FALSE;
        KeSetEvent(&Event->Done, 0, FALSE);
    }
}

static VOID
KiStartOne(PKI_EVENT Event, PKSTART_ROUTINE Routine)
{
    PETHREAD Thread;
    NTSTATUS Status;

    KeInitializeEvent(&Event->Wake, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Event->Done, NotificationEvent, FALSE);
    Status = PspCreateSystemThread(Routine, Event, &Thread);
    ASSERT(NT_SUCCESS(Status));
    Event->Thread = &Thread->Tcb;
    while (Thread->Tcb.State != Waiting) { /* N1 */
        KiYield(SP_YIELD);
    }
}

VOID
KiStartEnvironment(ULONG Events)
{
    if (Events & ABI_INJECT_CANCEL) {
        KiStartOne(&KiInjection.Cancel, KiCancellationThread);
    }
    if (Events & ABI_INJECT_TERMINATE) {
        KiStartOne(&KiInjection.Terminate, KiTerminationThread);
    }
    if (Events & ABI_INJECT_UNLOAD) {
        KiStartOne(&KiInjection.Unload, KiUnloadingThread);
    }
}

VOID
KiBeginClients(VOID)
{
    KiInjection.Clients = TRUE;
}

/* N5 */
VOID
KiEndClients(VOID)
{
    if (KiInjection.Clients && (KiInjection.Allowed & ABI_INJECT_UNLOAD)) {
        KiSchedulePoint(SP_DRIVER_UNLOAD, (PVOID)KiEventObject(&KiInjection.Unload));
    }
    KiInjection.Clients = FALSE;
    if (KiInjection.Unload.Happened) {
        KeWaitForSingleObject(&KiInjection.Unload.Done, Executive, KernelMode, FALSE, NULL);
    }
    if (KiInjection.Cancel.Happened) {
        KeWaitForSingleObject(&KiInjection.Cancel.Done, Executive, KernelMode, FALSE, NULL);
    }
}

/* Does it wait for its event, which is nobody's fault? */
BOOLEAN
KiIsEnvironment(PKTHREAD Thread)
{
    PKI_EVENT Events[] = {&KiInjection.Cancel, &KiInjection.Terminate, &KiInjection.Unload};

    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Events); Index++) {
        if (Thread == Events[Index]->Thread) {
            return Thread->WaitBlockList[0].Object == &Events[Index]->Wake;
        }
    }
    return FALSE;
}

static BOOLEAN
KiHasBefallen(PKI_EVENT Event, PKPROCESS Process)
{
    return Event->Target != NULL && Event->Target->Process == Process;
}

/* N3 */
BOOLEAN
KiIsDisturbed(PKPROCESS Process)
{
    return KiInjection.Unload.Happened || KiInjection.Fail.Happened ||
           KiHasBefallen(&KiInjection.Cancel, Process) ||
           KiHasBefallen(&KiInjection.Terminate, Process);
}

VOID
KiSpareAllocations(BOOLEAN Spared)
{
    KiInjection.Spared = Spared ? KiThread() : NULL;
}

BOOLEAN
KiAreAllocationsSpared(VOID)
{
    return KiInjection.Spared == KiThread();
}

/* Before an allocation: shall it fail? Only a driver's may. */
BOOLEAN
KiAllocationFails(PVOID Caller)
{
    if (VfHooks != NULL) {
        Caller = VfHooks->Caller(Caller);
        if (KiInjection.Spared != KiThread() && VfHooks->AllocationFails(Caller)) {
            return TRUE;
        }
    }
    if ((KiInjection.Allowed & ABI_INJECT_NOMEM) == 0 || !KiInjection.Clients ||
        KiInjection.Fail.Happened || KiInjection.Left == 0 || KiInjection.Spared == KiThread() ||
        (ULONG64)Caller - (ABI_IMAGE_BASE + ABI_IMAGE_WINDOW) >=
            (ABI_IMAGE_WINDOWS - 1) * ABI_IMAGE_WINDOW) {
        return FALSE;
    }
    KiSchedulePoint(SP_POOL, NULL);
    if (!KiInjection.Fail.Busy || KiInjection.Fail.Target != KiThread()) {
        return FALSE;
    }
    KiInjection.Fail.Busy = FALSE;
    return TRUE;
}

static VOID
KiDescribeCancellation(PKTHREAD Thread, struct abi_agent *Agent)
{
    PIRP Irp = IopOldestIrp((PETHREAD)Thread);

    *Agent = (struct abi_agent){.name = Thread->Agent.Name ^ ABI_AGENT_CANCELLATION,
                                .kind = ABI_AGENT_INJECTED,
                                .op = SP_IRP_CANCEL,
                                .object = KiEventObject(&KiInjection.Cancel), /* J1 */
                                .target = Thread->Agent.Name};
    if (Irp != NULL) {
        Agent->objects = 2;
        Agent->other[0].object = (ULONG64)Irp;
    }
    if (Irp == NULL || KiInjection.Cancel.Happened || KiInjection.Left == 0 ||
        IopIsCancelLockHeld()) {
        Agent->flags |= ABI_AGENT_BLOCKED;
    }
}

/* Each thread of the clients has one. */
static ULONG
KiDescribeCancellations(struct abi_agent *Agents, ULONG Count)
{
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        PETHREAD Thread = NULL;

        while (Process->IsClient && (Thread = PspNextThreadOf(Process, Thread)) != NULL) {
            if (Count < KI_AGENTS) {
                KiDescribeCancellation(&Thread->Tcb, &Agents[Count++]);
            }
        }
    }
    return Count;
}

/* What a thread stands in front of, also while a kernel APC comes first (explore.c, E4): to queue one is in no order with what befalls the thread. */
typedef struct _KI_STANDS {
    ULONG Operation;
    const volatile VOID *Object;
    PKI_WOULD_WAIT Wait;
    ULONG_PTR Context;
    KIRQL Irql;
} KI_STANDS;

static KI_STANDS
KiStandsAt(const struct abi_agent *Agent, PKTHREAD Thread)
{
    if (KiFewProcessors && Thread->State == Ready) { /* few.c, N4 */
        PKI_DISPLACED Place = KiDisplacedOf(Thread);

        return Place == NULL ? (KI_STANDS){.Irql = HIGH_LEVEL}
                             : (KI_STANDS){Place->Operation, Place->Object, Place->WouldWait,
                                           Place->Context, Place->Irql};
    }
    return (KI_STANDS){KiProcessor[Agent->cpu]->Prcb.PendingOperation,
                       KiProcessor[Agent->cpu]->Prcb.PendingObject,
                       KiProcessor[Agent->cpu]->Prcb.PendingWait,
                       KiProcessor[Agent->cpu]->Prcb.PendingContext, KiProcessor[Agent->cpu]->Irql};
}

/* Would its termination change what it does next? */
static BOOLEAN
KiMayTerminate(const KI_STANDS *At, PKTHREAD Thread)
{
    if (Thread->CombinedApcDisable != 0 || At->Irql != PASSIVE_LEVEL ||
        ((PETHREAD)Thread)->Terminating) {
        return FALSE;
    }
    return At->Operation == SP_SYSTEM_SERVICE ||
           (At->Operation == SP_WAIT && At->Wait == KiWouldBlock &&
            ((PKI_PENDING_WAIT)At->Context)->Mode == UserMode);
}

/* What befalls the thread in front of whose step the question is. */
static ULONG
KiDescribeBefalling(struct abi_agent *Agents, ULONG Count, ULONG Index)
{
    PKTHREAD Thread = (PKTHREAD)Agents[Index].thread;
    struct abi_agent Event = {
        .kind = ABI_AGENT_INJECTED, .cpu = Agents[Index].cpu, .target = Agents[Index].name};
    KI_STANDS At;

    if (Thread == NULL || Agents[Index].kind != ABI_AGENT_THREAD || Count + 2 > KI_AGENTS) {
        return Count;
    }
    At = KiStandsAt(&Agents[Index], Thread);
    if ((KiInjection.Allowed & ABI_INJECT_TERMINATE) && ((PEPROCESS)Thread->Process)->IsClient &&
        KiIsPlainUser(Thread)) {
        Agents[Count] = Event;
        Agents[Count].name = Event.target ^ ABI_AGENT_TERMINATION;
        Agents[Count].op = SP_TERMINATE;
        Agents[Count].object = KiEventObject(&KiInjection.Terminate); /* J1 */
        if (KiInjection.Terminate.Happened || KiInjection.Left == 0 ||
            !KiMayTerminate(&At, Thread)) {
            Agents[Count].flags |= ABI_AGENT_BLOCKED;
        }
        Count++;
    }
    if ((KiInjection.Allowed & ABI_INJECT_NOMEM) &&
        (!Thread->SystemThread || (At.Operation == SP_POOL && At.Object == NULL))) {
        Agents[Count] = Event;
        Agents[Count].name = Event.target ^ ABI_AGENT_FAILURE;
        Agents[Count].op = SP_POOL;
        Agents[Count].object = KiEventObject(&KiInjection.Fail);
        if (KiInjection.Fail.Happened || KiInjection.Left == 0 || At.Operation != SP_POOL ||
            At.Object != NULL) {
            Agents[Count].flags |= ABI_AGENT_BLOCKED;
        }
        Count++;
    }
    return Count;
}

/* Adds their agents to a question, whose first ones are Threads. */
ULONG
KiDescribeEvents(struct abi_agent *Agents, ULONG Count, ULONG Threads)
{
    const ULONG Befalling = ABI_INJECT_CANCEL | ABI_INJECT_TERMINATE | ABI_INJECT_NOMEM;

    for (ULONG Index = 0; Index < Threads && (KiInjection.Allowed & Befalling); Index++) {
        if (KiInjection.Clients) {
            Count = KiDescribeBefalling(Agents, Count, Index);
        }
        Agents[Index].stamp = 0;
        Agents[Index].target =
            Agents[Index].name; /* N4; what it touches must not follow from how far clients are */
    }
    if (!KiInjection.Clients) {
        return Count;
    }
    if (KiInjection.Allowed & ABI_INJECT_CANCEL) {
        Count = KiDescribeCancellations(Agents, Count);
    }
    if ((KiInjection.Allowed & ABI_INJECT_UNLOAD) && Count < KI_AGENTS) {
        Agents[Count++] = (struct abi_agent){
            .kind = ABI_AGENT_INJECTED,
            .name = ABI_AGENT_UNLOADING,
            .op = SP_DRIVER_UNLOAD,
            .object = KiEventObject(&KiInjection.Unload),
            .flags = KiInjection.Unload.Happened || KiInjection.Left == 0 ? ABI_AGENT_BLOCKED : 0,
        };
    }
    return Count;
}

static PKTHREAD
KiThreadOfAgent(ULONG Name)
{
    for (PETHREAD Thread = NULL; (Thread = PspNextThread(Thread)) != NULL;) {
        if (Thread->Tcb.Agent.Name == Name) {
            return &Thread->Tcb;
        }
    }
    return NULL;
}

/* The host has chosen one. FALSE: it is none of these. */
BOOLEAN
KiStartEvent(const struct abi_agent *Agent)
{
    PKI_EVENT Event = Agent->op == SP_IRP_CANCEL      ? &KiInjection.Cancel
                      : Agent->op == SP_TERMINATE     ? &KiInjection.Terminate
                      : Agent->op == SP_DRIVER_UNLOAD ? &KiInjection.Unload
                      : Agent->op == SP_POOL          ? &KiInjection.Fail
                                                      : NULL;
    LONG64 Budget;

    if (Event == NULL) {
        return FALSE;
    }
    Event->Happened = Event->Busy = TRUE;
    Event->Target = Agent->target != 0 ? KiThreadOfAgent(Agent->target) : NULL;
    if (Event->Target != NULL) {
        Budget = KiAskNobody();
        ObReferenceObject(Event->Target);
        KiAskAgain(Budget);
    }
    if (Event->Thread != NULL) {
        Event->Wake.Header.SignalState = 1;
        KiWaitTest(&Event->Wake.Header, 0);
    }
    return TRUE;
}
