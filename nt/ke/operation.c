/*
 * operation.c - what is said of an operation that somebody stands in front of: its objects, whether it changes them, whether it would have to wait, and what
 * else explore.c says that it is (E1 to E15 are there). And whether it need be said at all: what only its own thread knows of is no question.
 */
#include "nt/ke/ki.h"
#include "nt/inc/window.h"
#include "nt/inc/io.h"
#include "nt/inc/life.h"
#include "nt/inc/cm.h"

#define KI_UNASKED 2 /* neither TRUE nor FALSE: the PKI_WOULD_WAIT was not called */

/* What is no waiting, though a routine says how the state is: an attempt, a release, E8. */
static BOOLEAN
KiNeverWaits(ULONG Operation)
{
    return Operation == SP_TRY_LOCK || Operation == SP_TRY_SHARED || Operation == SP_RELEASE_LOCK ||
           Operation == SP_OBJECT;
}

/* E8 */
BOOLEAN
KiStaysReferenced(const volatile VOID *Object, ULONG_PTR Context)
{
    PKI_GIVES_BACK This = (PKI_GIVES_BACK)Context;

    return *This->References - This->Own(This->Object) > This->Count;
}

/* E7. NULL: it lies in none that is freed as one: objects of the object manager have a life of their own. */
static PVOID
KiBlockOf(ULONG Operation, const volatile VOID *Object)
{
    KI_BLOCK *Known;
    PVOID Base;
    SIZE_T Bytes;
    ULONG Tag;
    BOOLEAN Freed;

    switch (Operation) {
    case SP_NONE:
    case SP_SYSTEM_SERVICE:
    case SP_CREATE_THREAD:
    case SP_EXIT_THREAD:
    case SP_SET_PRIORITY:
    case SP_SUSPEND:
    case SP_RESUME:
    case SP_DELAY:
    case SP_OBJECT:
    case SP_HANDLE:
    case SP_REFERENCE:
    case SP_LOOKUP:
    case SP_ENTER_REGION:
    case SP_LEAVE_REGION:
        return NULL;
    }
    if ((ULONG64)Object < ABI_NONPAGED_BASE || (ULONG64)Object >= ABI_MAPPING_BASE ||
        KiThread()->LooksAgain) {
        return NULL;
    }
    Known = &KiBlocks[((ULONG64)Object * 0x9E3779B97F4A7C15ull) >> 58];
    if (Known->Object != Object) {
        if (!ExpFindPoolBlock((PVOID)Object, &Base, &Bytes, &Tag, &Freed)) {
            return NULL;
        }
        /* A page that blocks were cut from stays cut as it is; pages are given out in runs of any length. */
        if (((ULONG_PTR)Base & (PAGE_SIZE - 1)) == 0) {
            return Base;
        }
        Known->Object = Object;
        Known->Block = Base;
    }
    return Known->Block;
}

static inline VOID
KiSetPendingIn(PKPRCB Prcb, ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
               ULONG_PTR Context, PVOID Block)
{
    Prcb->PendingOperation = Operation;
    Prcb->PendingObject = Object;
    Prcb->PendingWait = WouldWait;
    Prcb->PendingContext = Context;
    Prcb->PendingBlock = Block;
    Prcb->Described.Stays = FALSE;
}

VOID
KiSetPendingNone(VOID)
{
    KiSetPendingIn(KiPrcb(), SP_NONE, NULL, NULL, 0, NULL);
}

VOID
KiSetPending(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
             ULONG_PTR Context)
{
    KiSetPendingIn(KiPrcb(), Operation, Object, WouldWait, Context, KiBlockOf(Operation, Object));
}

static BOOLEAN
KiOnlyReads(ULONG Operation, const volatile VOID *Object)
{
    switch (Operation) {
    case SP_READ_STATE:
    case SP_MEMORY_READ:
    case SP_REFERENCE:
    case SP_LOOKUP:
    case SP_ACQUIRE_SHARED:
    case SP_RELEASE_SHARED:
    case SP_TRY_SHARED:
    case SP_CLAIM_LOCK:
        return TRUE;
    case SP_WAIT:
        if (Object == NULL) {
            return FALSE;
        }
        switch (((DISPATCHER_HEADER *)Object)->Type & 0x7F) {
        case KiObjEventNotification:
        case KiObjTimerNotification:
        case KiObjThread:
        case KiObjProcess:
            return TRUE;
        }
    }
    return FALSE;
}

/* Would a waiter get through before this release? */
static BOOLEAN
KiIsOpen(PKTHREAD Thread, ULONG Operation, const volatile VOID *Object)
{
    switch (Operation) {
    case SP_RELEASE_MUTANT: /* it is another one's: that one may take it once more */
        return ((PKMUTANT)Object)->OwnerThread != Thread;
    case SP_SET_EVENT:
    case SP_RESET_EVENT:
    case SP_PULSE_EVENT:
    case SP_RELEASE_SEMAPHORE:
    case SP_INSERT_QUEUE:
        return ((DISPATCHER_HEADER *)Object)->SignalState > 0;
    }
    return FALSE;
}

/* One more object: the first ones in the answer, all of them in a list if they do not fit. */
VOID
KiAddObject(struct abi_agent *Agent, const volatile VOID *Object, ULONG64 Flags)
{
    struct abi_object *List = KiAgentObjects[Agent->cpu];
    struct abi_object This = {(ULONG64)Object, Flags};
    ULONG Others = Agent->objects != 0 ? Agent->objects - 1 : 0;

    if (Others < ABI_AGENT_OBJECTS - 1) {
        Agent->other[Others] = This;
    } else {
        if (Others == ABI_AGENT_OBJECTS - 1) {
            RtlCopyMemory(List, Agent->other, sizeof(Agent->other));
            Agent->list = (ULONG64)List;
        }
        List[Others] = This;
    }
    Agent->objects = (USHORT)(Others + 2);
}

/*
 * A wait for several objects touches them all; one that times out, or that an alert or a user APC ends, changes none. Which of them it takes is a choice where any will do; to
 * a wait for all, what signals one that was not is what lets it go on, as with a wait for one.
 */
static VOID
KiDescribeWait(PKI_PENDING_WAIT Wait, struct abi_agent *Agent)
{
    const BOOLEAN Ends = KiWaitEnds(Wait);
    BOOLEAN Gives = FALSE;

    Agent->registers = (ULONG64)Wait->Registers;
    if (Wait->Timed || Ends) {
        Agent->flags |= ABI_AGENT_OPEN;
        Gives = Agent->op == SP_REMOVE_QUEUE ? KiIsQueueEmpty((PKQUEUE)Agent->object)
                                             : !KiIsSatisfied(Wait);
        Agent->flags |= Gives ? ABI_AGENT_READS : 0;
        if (Gives && !Ends && Wait->Length != 0) {
            KiTimePassers++; /* E10 */
            KiAddObject(Agent, &KiEnding, ABI_AGENT_READS | ABI_OBJECT_END);
        }
    }
    if (Wait->Alertable) {
        Agent->takes |= ABI_APC_USER;
    }
    if (Wait->Count < 2) {
        return;
    }
    Agent->flags |= Wait->Type == WaitAny ? ABI_AGENT_SEVERAL : 0;
    for (ULONG Index = 1; Index < Wait->Count; Index++) {
        KiAddObject(Agent, Wait->Objects[Index],
                    Gives || KiOnlyReads(SP_WAIT, Wait->Objects[Index]) ? ABI_AGENT_READS : 0);
    }
}

/* E13, by KI_QUEUE_ORDER and KI_QUEUE_FIRST. What a freed timer or a wrong pointer leads to may be no DPC: who queues that will fault. */
VOID
KiAddQueueOf(PKDPC Dpc, ULONG Changes, struct abi_agent *Agent)
{
    ULONG Target = MmIsAddressValid(Dpc) ? KiTargetOfDpc(Dpc) : KI_NO_TARGET;

    if (Target >= KiProcessorCount) {
        return;
    }
    if ((Changes & KI_QUEUE_ORDER) != 0) {
        KiAddObject(Agent, &KiProcessor[Target]->Prcb.DpcListHead.Blink, ABI_OBJECT_LIFE);
    }
    if ((Changes & KI_QUEUE_FIRST) != 0 || Dpc->Importance == HighImportance) {
        KiAddObject(Agent, &KiProcessor[Target]->Prcb.DpcListHead.Flink, 0);
    }
}

/* The DPC that the timer has, as things are when one is asked, goes off its queue; New: the one that it gets, NULL: none. */
static VOID
KiDescribeTimersDpc(PKTIMER Timer, PKDPC New, struct abi_agent *Agent)
{
    if (Timer->Dpc != NULL) {
        KiAddObject(Agent, Timer->Dpc, 0);
        KiAddQueueOf(Timer->Dpc, KI_QUEUE_ORDER | KI_QUEUE_FIRST, Agent);
    }
    if (New != NULL && New != Timer->Dpc) {
        KiAddObject(Agent, New, 0);
        KiAddQueueOf(New, KI_QUEUE_ORDER, Agent);
    }
}

/* E8: of SP_REFERENCE. */
static BOOLEAN
KiAdds(ULONG_PTR Context)
{
    return Context == KI_ADDS ||
           (Context != 0 && ((PKI_ADDS_IF)Context)->Adds(((PKI_ADDS_IF)Context)->Object));
}

/* What belongs to an operation beside its object, by its kind. */
static VOID
KiDescribeContext(ULONG_PTR Context, struct abi_agent *Agent)
{
    switch (Agent->op) {
    case SP_QUEUE_APC: {
        PKAPC Apc = (PKAPC)Context;

        if (Apc == NULL || Apc->ApcMode == UserMode) {
            Agent->queues = ABI_APC_USER; /* or an alert; a queue of its own */
            Agent->object |= 1;
        } else {
            Agent->queues =
                *(PVOID *)&Apc->NormalRoutine != NULL ? ABI_APC_NORMAL : ABI_APC_SPECIAL;
        }
        break;
    }
    case SP_SUSPEND:
        Agent->queues = ABI_APC_NORMAL;
        __attribute__((fallthrough));
    case SP_RESUME:
        Agent->queues |= (UCHAR)Context; /* at its end: who queues one comes before or after */
        KiAddObject(Agent, &((PKTHREAD)Agent->object)->SuspendEvent, 0);
        break;
    case SP_SET_TIMER:
        if ((Context & 1) != 0 && Context != 1) { /* it may be due, and queues its DPC at once */
            KiAddObject(Agent, &KiDpcs, ABI_AGENT_READS);
        }
        __attribute__((fallthrough));
    case SP_CANCEL_TIMER:
        KiDescribeTimersDpc((PKTIMER)Agent->object, (PKDPC)(Context & ~1ull), Agent);
        break;
    case SP_QUEUE_DPC:
        KiAddObject(Agent, &KiDpcs, ABI_AGENT_READS);
        KiAddQueueOf((PKDPC)Agent->object, KI_QUEUE_ORDER, Agent);
        break;
    case SP_REMOVE_DPC:
        KiAddQueueOf((PKDPC)Agent->object, KI_QUEUE_ORDER | KI_QUEUE_FIRST, Agent);
        break;
    case SP_IRP_CALL:
        KiAddObject(Agent, (PVOID)Context, ABI_AGENT_READS | ABI_OBJECT_LIFE);
        break;
    case SP_DRIVER_UNLOAD:
        if (Context != 0) {
            KiAddObject(Agent, (PVOID)Context, 0); /* visit.c, I2 */
        }
        break;
    case SP_REFERENCE:
        Agent->flags |= KiAdds(Context) ? ABI_AGENT_ADDS : 0;
        break;
    case SP_OBJECT:
        if (Context != 0) { /* KI_ALSO_READS, KI_ALSO_CHANGES */
            KiAddObject(Agent, (PVOID)(Context & ~1ull),
                        ((Context & 1) != 0 ? 0 : ABI_AGENT_READS) | ABI_OBJECT_LIFE);
        }
        break;
    case SP_EXIT_THREAD: { /* of a process there is none */
        PVOID Image = ((DISPATCHER_HEADER *)Agent->object)->Type == KiObjThread
                          ? KiImageOfThread((PKTHREAD)Agent->object)
                          : NULL;

        if (Image != NULL) {
            KiAddObject(Agent, Image, ABI_AGENT_READS);
        }
        if (((DISPATCHER_HEADER *)Agent->object)->Type == KiObjThread &&
            !((PKTHREAD)Agent->object)->SystemThread) {
            KiAddObject(Agent, PSP_ID(((PETHREAD)Agent->object)->Cid.UniqueThread),
                        ABI_OBJECT_LIFE);
            KiAddObject(Agent, PSP_ALL_IDS, ABI_AGENT_READS | ABI_OBJECT_LIFE);
        }
        break;
    }
    case SP_REGISTRY: /* nt/cm/cmp.h, C4 */
        Agent->flags |= (Context & KI_REGISTRY_READS) != 0 ? ABI_AGENT_READS : 0;
        if ((Context & ~(ULONG_PTR)3) != 0) {
            KiAddObject(Agent, (PVOID)(Context & ~(ULONG_PTR)3),
                        (Context & KI_REGISTRY_CHANGES) != 0 ? 0 : ABI_AGENT_READS);
        }
        if (Agent->object != (ULONG64)&CmpCallbacks) {
            KiAddObject(Agent, &CmpCallbacks, ABI_AGENT_READS); /* nt/cm/filter.c, F5 */
            if ((Context & KI_REGISTRY_READS) == 0 &&
                (Context & ~(ULONG_PTR)3) != (ULONG_PTR)CMP_WATCHERS) {
                KiAddObject(Agent, CMP_WATCHERS, ABI_AGENT_READS);
            }
        }
        break;
    default:
        if (Context != 0) {
            PKI_POINT Point = (PKI_POINT)Context;

            Agent->size = Point->Size;
            Agent->point = Point->What;
            Agent->registers = (ULONG64)Point->Registers;
            Agent->site = Point->Site;
            Agent->flags |= Point->Plain ? ABI_AGENT_PLAIN : 0;
            if (Point->Changes != NULL) {
                KiAddObject(Agent, Point->Changes, 0);
            }
        }
    }
}

/* E8: what the last one changes, and what it reads; NULL: nothing but the object's life. */
static PVOID
KiWhatEnds(PKI_GIVES_BACK This, PVOID *Reads)
{
    return This->Ends != NULL ? This->Ends(This->Object, Reads) : NULL;
}

static VOID
KiDescribeGivingBack(PKI_GIVES_BACK This, BOOLEAN Stays, struct abi_agent *Agent)
{
    PVOID Changes, Reads = NULL;

    if (Stays) {
        Agent->flags |= ABI_AGENT_READS;
        return;
    }
    Changes = KiWhatEnds(This, &Reads);
    if (Changes != NULL) {
        KiAddObject(Agent, Changes, ABI_OBJECT_LIFE);
        KiAddObject(Agent, Reads, ABI_AGENT_READS | ABI_OBJECT_LIFE);
    }
}

static UCHAR
KiDeliverable(PKTHREAD Thread)
{
    if (Thread->SpecialApcDisable != 0) {
        return 0;
    }
    return ABI_APC_SPECIAL |
           (Thread->KernelApcDisable == 0 && !Thread->ApcState.KernelApcInProgress ? ABI_APC_NORMAL
                                                                                   : 0);
}

/* E11: does what is said follow from what does not change while it stands there, and from the answer? */
static BOOLEAN
KiStaysDescribed(ULONG Operation, PKI_WOULD_WAIT Wait, ULONG_PTR Context, BOOLEAN WouldWait)
{
    switch (Operation) {
    case SP_SET_EVENT:
    case SP_RESET_EVENT:
    case SP_PULSE_EVENT:
    case SP_RELEASE_SEMAPHORE:
    case SP_INSERT_QUEUE: /* KiIsOpen */
    case SP_QUEUE_APC:    /* the APC */
    case SP_SET_TIMER:
    case SP_CANCEL_TIMER: /* KiDescribeTimersDpc */
        return FALSE;
    case SP_REFERENCE:
        return Context <= KI_ADDS;
    case SP_WAIT: {
        PKI_PENDING_WAIT Pending = (PKI_PENDING_WAIT)Context;

        return Wait == KiWouldBlock && Pending->Count == 1 && !Pending->Timed &&
               (WouldWait || (Pending->Mode == KernelMode && !Pending->Alertable));
    }
    }
    return Wait != KiWouldBlock && Wait != KiQueueWouldBlock && Wait != KiOthersGoOn &&
           (Wait != KiStaysReferenced || WouldWait);
}

/* What somebody who is in no DPC's way stands in front of. FALSE: nothing yet, he runs on. */
__attribute__((always_inline)) static inline BOOLEAN
KiDescribeOperation(PKTHREAD Thread, BOOLEAN Dpc, KIRQL Irql, const volatile VOID *Object,
                    PKI_WOULD_WAIT Wait, ULONG_PTR Context, struct abi_agent *Agent, UCHAR *Answer)
{
    const ULONG Operation = Agent->op;
    BOOLEAN WouldWait;

    *Answer = KI_UNASKED;

    if (!Dpc && Irql == PASSIVE_LEVEL) {
        if (KiKernelApcWaits(Thread)) { /* E4 */
            Agent->op = SP_DELIVER_APC;
            Agent->object = (ULONG64)Thread;
            return FALSE;
        }
        if (Operation == SP_DELIVER_APC && Object == Thread) { /* it was taken back */
            Agent->op = SP_NONE;
            return FALSE;
        }
        Agent->takes = KiDeliverable(Thread);
    }
    if (KiImageOf(Object) != 0 && MiIsUnloadedImage(Object)) {
        return TRUE; /* E9 */
    }
    *Answer = WouldWait = Wait != NULL ? Wait(Object, Context) : FALSE;
    switch (Operation) {
    case SP_REMOVE_QUEUE:
        if (WouldWait && Thread->Teb == NULL && ((PETHREAD)Thread)->ActiveExWorker &&
            ((PETHREAD)Thread)->OwnCode) {
            Agent->op = SP_NONE; /* E3 */
            return FALSE;
        }
        break;
    case SP_OBJECT:
        if (Wait == KiStaysReferenced) {
            KiDescribeGivingBack((PKI_GIVES_BACK)Context, WouldWait, Agent);
            break;
        }
        __attribute__((fallthrough));
    case SP_TRY_LOCK:
        Agent->flags |= WouldWait == KI_IS_SHARED ? ABI_AGENT_READS | ABI_AGENT_SHUT_OUT
                        : WouldWait               ? ABI_AGENT_READS
                                                  : 0;
        break;
    case SP_ACQUIRE_LOCK:
    case SP_ACQUIRE_SPINLOCK:
        Agent->flags |= WouldWait && KiIsClaimed(Object) ? ABI_AGENT_CLAIMS : 0;
        break;
    case SP_TRY_SHARED:
    case SP_ACQUIRE_SHARED:
        if (Wait != ExpIsResourceAnothers && Wait != KiSlimLockIsExclusive) { /* claim.c, C3 */
            KiAddObject(Agent, Object, ABI_AGENT_READS | ABI_OBJECT_CLAIMS);
        }
        break;
    case SP_RELEASE_LOCK:
        Agent->flags |= Wait != NULL && !WouldWait ? ABI_AGENT_OPEN : 0;
        break;
    }
    if (Wait != NULL && !KiNeverWaits(Operation)) {
        Agent->flags |= ABI_AGENT_WAITS | (WouldWait ? ABI_AGENT_BLOCKED : 0);
    }
    if (Wait == KiAreDpcsLeft) {
        KiAddObject(Agent, Object, ABI_AGENT_READS | ABI_OBJECT_LIFE); /* nobody holds it */
    } else if (Wait == KiRunsDpc) {                                    /* E5 */
        PKPRCB There = (PKPRCB)Context;

        KiAddObject(Agent, There, 0);
        KiAddObject(Agent, &There->DpcListHead.Blink, ABI_OBJECT_LIFE);
    } else if (Wait == KiWouldBlock || Wait == KiQueueWouldBlock) {
        KiDescribeWait((PKI_PENDING_WAIT)Context, Agent);
    } else if (Wait == NULL) {
        KiDescribeContext(Context, Agent);
    }
    if (KiOnlyReads(Operation, Object)) {
        Agent->flags |= ABI_AGENT_READS;
    }
    if (KiIsOpen(Thread, Operation, Object)) {
        Agent->flags |= ABI_AGENT_OPEN;
    }
    return TRUE;
}

/* few.c: one who has no processor. */
VOID
KiDescribeDisplaced(PKI_DISPLACED Place, struct abi_agent *Agent)
{
    UCHAR WouldWait;

    Agent->op = (USHORT)Place->Operation;
    Agent->object = (ULONG64)Place->Object;
    if (KiDescribeOperation(Place->Thread, FALSE, Place->Irql, Place->Object, Place->WouldWait,
                            Place->Context, Agent, &WouldWait) &&
        Place->Block != NULL && Agent->op != SP_POOL_FREE) {
        KiAddObject(Agent, Place->Block, ABI_AGENT_READS | ABI_OBJECT_LIFE); /* E7 */
    }
}

/* E11 */
static BOOLEAN
KiIsDescribed(PKPRCB Prcb)
{
    const KI_DESCRIBED *Known = &Prcb->Described;
    const volatile VOID *Object = Prcb->PendingObject;

    return Known->Stays && Known->Agent.op == Prcb->PendingOperation && !Prcb->DpcRoutineActive &&
           Prcb->SpinningOn == NULL && IsListEmpty(&Prcb->DpcListHead) &&
           !KiKernelApcWaits(Prcb->CurrentThread) &&
           !(KiImageOf(Object) != 0 && MiIsUnloadedImage(Object)) &&
           (Known->Agent.op != SP_WAIT || ((DISPATCHER_HEADER *)Object)->Type == Known->Type) &&
           (Prcb->PendingWait == NULL ||
            Prcb->PendingWait(Object, Prcb->PendingContext) == Known->WouldWait);
}

/* Of a thread that stands there, with nothing in its way. */
static VOID
KiKeepDescribed(PKPRCB Prcb, struct abi_agent *Agent, UCHAR WouldWait)
{
    KI_DESCRIBED *Known = &Prcb->Described;

    Known->Stays = WouldWait != KI_UNASKED && Agent->list == 0 &&
                   KiStaysDescribed(Agent->op, Prcb->PendingWait, Prcb->PendingContext, WouldWait);
    if (Known->Stays) {
        Known->WouldWait = WouldWait;
        Known->Type = Agent->op == SP_WAIT ? ((DISPATCHER_HEADER *)Agent->object)->Type : 0;
        if ((Agent->point & ABI_POINT_COMPARES) == 0) { /* the host looks at the memory */
            Agent->stamp = ++KiStamp;
        }
        Known->Agent = *Agent;
    }
}

BOOLEAN
KiDescribeAgent(ULONG Cpu, struct abi_agent *Agent)
{
    PKIPCR Pcr = KiProcessor[Cpu];
    PKPRCB Prcb = &Pcr->Prcb;
    PKTHREAD Thread = Prcb->CurrentThread;
    BOOLEAN Dpc = Prcb->DpcRoutineActive;
    UCHAR WouldWait;

    if (KiIsDescribed(Prcb)) {
        const struct abi_agent *Known = &Prcb->Described.Agent;

        if (Agent->stamp == Known->stamp && Known->stamp != 0) {
            Agent->flags = Known->flags; /* it stood in this place at the last question, too */
        } else {
            *Agent = *Known;
        }
        return TRUE;
    }
    *Agent = (struct abi_agent){.cpu = (USHORT)Cpu, .kind = ABI_AGENT_THREAD};
    if (Thread == Prcb->IdleThread && !Dpc) { /* E1 */
        if (Prcb->NextThread == NULL && !Prcb->DpcRequested && Prcb->ReadySummary == 0) {
            return FALSE;
        }
        if (Prcb->NextThread != NULL) {
            Thread = Prcb->NextThread;
            Agent->thread = (ULONG64)Thread;
        }
        Agent->name = Thread->Agent.Name;
        return TRUE;
    }
    Agent->name = Dpc ? Prcb->DpcAgent.Name : Thread->Agent.Name;
    Agent->kind = Dpc ? ABI_AGENT_DPC : ABI_AGENT_THREAD;
    Agent->thread = Dpc ? 0 : (ULONG64)Thread;
    Agent->op = (USHORT)Prcb->PendingOperation;
    Agent->object = (ULONG64)Prcb->PendingObject;
    if (Prcb->SpinningOn != NULL) {
        Agent->flags |= ABI_AGENT_SPINNING;
        if ((*Prcb->SpinningOn & Prcb->SpinMask) != 0) {
            return FALSE;
        }
    }
    Agent->flags |= !Dpc && Prcb->Returns ? ABI_AGENT_RETURNS : 0; /* to an APC as well */
    if (Agent->op == SP_NONE ||
        !KiDescribeOperation(Thread, Dpc, Pcr->Irql, Prcb->PendingObject, Prcb->PendingWait,
                             Prcb->PendingContext, Agent, &WouldWait)) {
        return TRUE;
    }
    if (Prcb->PendingBlock != NULL && Agent->op != SP_POOL_FREE) {
        KiAddObject(Agent, Prcb->PendingBlock, ABI_AGENT_READS | ABI_OBJECT_LIFE); /* E7 */
    }
    if (Dpc) {
        KiAddObject(Agent, &KiDpcs, ABI_AGENT_READS);
        return TRUE;
    }
    if (!IsListEmpty(&Prcb->DpcListHead) || (KiTargets & 1ull << Cpu) != 0) {
        KiAddObject(Agent, Prcb, 0); /* E5 */
    } else if (Prcb->SpinningOn == NULL) {
        KiKeepDescribed(Prcb, Agent, WouldWait);
    }
    return TRUE;
}

/*
 * All that the description of such an operation is made of, and so whether it is a question (struct abi_pass). FALSE: there is more. What a
 * wait routine says of the object counts, not what it looks at.
 */
__attribute__((always_inline)) static inline BOOLEAN
KiMakePass(PKTHREAD Thread, KIRQL Irql, ULONG Operation, const volatile VOID *Object,
           PKI_WOULD_WAIT Wait, ULONG_PTR Context, struct abi_pass *Pass)
{
    ULONG State = 0;
    PVOID Block = NULL, Reads = NULL;

    if (Wait == KiWouldBlock || Wait == KiQueueWouldBlock ||
        (KiImageOf(Object) != 0 && MiIsUnloadedImage(Object))) { /* E9 */
        return FALSE;
    }
    if ((Operation == SP_SET_TIMER || Operation == SP_CANCEL_TIMER) &&
        ((PKTIMER)Object)->Dpc != NULL) {
        return FALSE;
    }
    if (Irql == PASSIVE_LEVEL) {
        if (KiKernelApcWaits(Thread)) {
            return FALSE;
        }
        State = KiDeliverable(Thread);
    }
    if (Wait != NULL) {
        BOOLEAN WouldWait = Wait(Object, Context);

        if (Wait == KiStaysReferenced) {
            Block = WouldWait ? NULL : KiWhatEnds((PKI_GIVES_BACK)Context, &Reads);
        } else if (WouldWait && !KiNeverWaits(Operation)) {
            return FALSE;
        }
        State |= WouldWait == KI_IS_SHARED ? 0x500 : WouldWait ? 0x100 : 0;
        Context = (ULONG_PTR)Reads;
    } else if (Context != 0) {
        switch (Operation) {
        case SP_SET_TIMER:
        case SP_IRP_CALL:
        case SP_OBJECT:
        case SP_REGISTRY:
            break; /* KiDescribeContext: an address or a flag, of which no memory is looked at */
        case SP_REFERENCE:
            Context = KiAdds(Context) ? KI_ADDS : 0;
            break;
        default:
            return FALSE;
        }
    }
    State |= KiIsOpen(Thread, Operation, Object) ? 0x200 : 0;
    if (Wait != KiStaysReferenced) {
        Block = KiBlockOf(Operation, Object);
    }
    Pass->what = (ULONG64)Thread->Agent.Name << 32 | Operation << 16 | State;
    Pass->object = (ULONG64)Object;
    Pass->thread = (ULONG64)Thread;
    Pass->context = Context;
    Pass->wait = (ULONG64)Wait;
    Pass->block = (ULONG64)Block;
    return TRUE;
}

__attribute__((always_inline)) static inline BOOLEAN
KiIsSamePass(const struct abi_pass *Known, const struct abi_pass *Pass)
{
    return (Known->what & ~(ULONG64)ABI_PASS_ASKS) == Pass->what && Known->object == Pass->object &&
           Known->thread == Pass->thread && Known->context == Pass->context &&
           Known->wait == Pass->wait && Known->block == Pass->block;
}

enum ki_known_pass { KI_UNKNOWN, KI_PASSES, KI_ASKS };

/* What the host has said of the same: is it a question? */
__attribute__((always_inline)) static inline enum ki_known_pass
KiPassesAgain(const struct abi_pass *Pass)
{
    const struct abi_pass *Known = (const struct abi_pass *)ABI_PASSES + abi_pass_slot(Pass);
    const struct abi_pass *End = Known + ABI_PASS_WAYS;
    ULONG Passed = Machine->passed;

    for (; !KiIsSamePass(Known, Pass); Known++) {
        if (Known + 1 == End) {
            return KI_UNKNOWN;
        }
    }
    if ((Known->what & ABI_PASS_ASKS) != 0) {
        return KI_ASKS;
    }
    if (Machine->passing != (ULONG)(Pass->what >> 32) || Passed >= Machine->pass_room) {
        return KI_UNKNOWN;
    }
    Machine->passed_at[Passed] = (USHORT)(Known - (const struct abi_pass *)ABI_PASSES);
    Machine->passed = Passed + 1;
    Machine->watching = 1;
    return KI_PASSES;
}

/* What it stands in front of lies in it, as far as is known. */
__attribute__((always_inline)) static inline PVOID
KiBlockOfPass(const struct abi_pass *Pass, PKI_WOULD_WAIT Wait)
{
    return Wait == KiStaysReferenced ? NULL : (PVOID)Pass->block;
}

/* `Pass` is NULL where there is more to it. FALSE: it stands in front of it then, if it says so. */
static __attribute__((noinline)) BOOLEAN
KiAskWhetherPasses(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT Wait,
                   ULONG_PTR Context, const struct abi_pass *Pass)
{
    PKIPCR Pcr = KiPcr();
    PKPRCB Prcb = &Pcr->Prcb;
    PKTHREAD Thread = Prcb->CurrentThread;
    struct abi_agent *Agent = &KiAgents[0];
    UCHAR WouldWait;
    PVOID Block;

    *Agent = (struct abi_agent){.name = Thread->Agent.Name,
                                .cpu = (USHORT)Prcb->Number,
                                .op = (USHORT)Operation,
                                .object = (ULONG64)Object,
                                .thread = (ULONG64)Thread};
    if (!KiDescribeOperation(Thread, FALSE, Pcr->Irql, Object, Wait, Context, Agent, &WouldWait)) {
        return FALSE;
    }
    Block = Pass == NULL ? KiBlockOf(Operation, Object) : KiBlockOfPass(Pass, Wait);
    if (Block != NULL && Operation != SP_POOL_FREE) {
        KiAddObject(Agent, Block, ABI_AGENT_READS | ABI_OBJECT_LIFE); /* E7 */
    }
    if ((Agent->flags & ABI_AGENT_BLOCKED) == 0 && HcPasses(Agent, Pass) != 0) {
        return TRUE;
    }
    KiSetPendingIn(Prcb, Operation, Object, Wait, Context, Block);
    KiKeepDescribed(Prcb, Agent, WouldWait);
    return FALSE;
}

/*
 * May the current thread go on without a question, because what it is about to do is its own affair? If not, it may stand in front of it
 * already (PendingOperation). Where the environment could step in right there, or its own request be cancelled (or have been: its points do
 * not follow from that), that is asked. (What else the environment adds comes in front of steps that
 * are asked for anyway, or at any step at all.)
 */
BOOLEAN
KiPasses(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT Wait, ULONG_PTR Context)
{
    PKIPCR Pcr = KiPcr();
    PKPRCB Prcb = &Pcr->Prcb;
    PKTHREAD Thread = Prcb->CurrentThread;
    struct abi_pass Pass;

    if ((Machine->passes >> Operation & 1) == 0 || KiWindowClosed || Prcb->DpcRoutineActive ||
        Prcb->RunDpc || Thread == Prcb->IdleThread || Prcb->SpinningOn != NULL ||
        !IsListEmpty(&Prcb->DpcListHead) || (KiTargets & 1ull << Prcb->Number) != 0) { /* E5 */
        return FALSE;
    }
    if (KiInjection.Allowed != 0 &&
        (Prcb->MaySuspend == KI_NOW ||
         ((KiInjection.Allowed & ABI_INJECT_CANCEL) != 0 && KiInjection.Clients &&
          !Thread->SystemThread && !IsListEmpty(&((PETHREAD)Thread)->IrpList)))) {
        return FALSE;
    }
    Machine->watching = 0; /* watch.c */
    if (!KiMakePass(Thread, Pcr->Irql, Operation, Object, Wait, Context, &Pass)) {
        return KiAskWhetherPasses(Operation, Object, Wait, Context, NULL);
    }
    switch (KiPassesAgain(&Pass)) {
    case KI_PASSES:
        return TRUE;
    case KI_ASKS:
        KiSetPendingIn(Prcb, Operation, Object, Wait, Context, KiBlockOfPass(&Pass, Wait));
        return FALSE;
    case KI_UNKNOWN:
        break;
    }
    return KiAskWhetherPasses(Operation, Object, Wait, Context, &Pass);
}

/* PKI_WOULD_WAIT: a spin lock, or the low bits of any lock word that must be clear. */
BOOLEAN
KiIsHeld(const volatile VOID *Lock, ULONG_PTR Mask)
{
    return (*(const volatile ULONG *)Lock & Mask) != 0;
}
