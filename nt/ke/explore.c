/*
 * explore.c - what the host is told about each agent while schedules are explored.
 *
 * In a run each schedule point is passed in a row until a budget is used up; only the asker's
 * operation is known. While exploring (Machine->explore) every point asks, and every processor that
 * could step is described by the operation that its thread has stopped in front of:
 *     its object, and whether it changes it        the host knows which orders matter
 *     whether it would have to wait                then the agent is not enabled
 *     for a release: was the object open before    could the waiter have come first?
 *
 *   E1  A thread that was just made ready has no operation yet (SP_NONE): it runs to its next point
 *       before anybody is asked.
 *   E3  To begin to wait for an empty queue is no step either: who inserts an entry hands it over, and
 *       which thread of the pool gets it follows from the queue alone.
 *   E2  Nothing is changed here: an operation that would wait does wait if it is let go on.
 */
#include "nt/ke/ki.h"

VOID
KiSetPending(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
             ULONG_PTR Context)
{
    PKPRCB Prcb = KiPrcb();

    Prcb->PendingOperation = Operation;
    Prcb->PendingObject = Object;
    Prcb->PendingWait = WouldWait;
    Prcb->PendingContext = Context;
}

static BOOLEAN
KiOnlyReads(ULONG Operation, const volatile VOID *Object)
{
    switch (Operation) {
    case SP_READ_STATE:
    case SP_MEMORY_READ:
    case SP_REFERENCE:
    case SP_LOOKUP:
        return TRUE;
    case SP_WAIT:
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
KiIsOpen(ULONG Operation, const volatile VOID *Object)
{
    switch (Operation) {
    case SP_SET_EVENT:
    case SP_RESET_EVENT:
    case SP_PULSE_EVENT:
    case SP_RELEASE_SEMAPHORE:
    case SP_INSERT_QUEUE:
        return ((DISPATCHER_HEADER *)Object)->SignalState > 0;
    }
    return FALSE;
}

/* A wait for several objects touches them all. */
static VOID
KiDescribeWait(PKI_PENDING_WAIT Wait, struct abi_agent *Agent)
{
    if (Wait->Timed) {
        Agent->flags |= ABI_AGENT_OPEN;
    }
    if (Wait->Count < 2) {
        return;
    }
    Agent->objects = Wait->Count < ABI_AGENT_OBJECTS ? Wait->Count : ABI_AGENT_OBJECTS;
    for (ULONG Index = 1; Index < Agent->objects; Index++) {
        Agent->other[Index - 1].object = (ULONG64)Wait->Objects[Index];
        Agent->other[Index - 1].flags =
            KiOnlyReads(SP_WAIT, Wait->Objects[Index]) ? ABI_AGENT_READS : 0;
    }
}

/* FALSE if nobody would step on that processor. */
BOOLEAN
KiDescribeAgent(ULONG Cpu, struct abi_agent *Agent)
{
    PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;
    PKTHREAD Thread = Prcb->CurrentThread;
    BOOLEAN Dpc = Prcb->DpcRoutineActive;

    *Agent = (struct abi_agent){.cpu = (USHORT)Cpu, .kind = ABI_AGENT_THREAD};
    if (Thread == Prcb->IdleThread && !Dpc) { /* E1 */
        if (Prcb->NextThread == NULL && !Prcb->DpcRequested && Prcb->ReadySummary == 0) {
            return FALSE;
        }
        Agent->name = Prcb->NextThread != NULL ? Prcb->NextThread->Agent.Name : Thread->Agent.Name;
        return TRUE;
    }
    Agent->name = Dpc ? Prcb->DpcAgent.Name : Thread->Agent.Name;
    Agent->kind = Dpc ? ABI_AGENT_DPC : ABI_AGENT_THREAD;
    Agent->op = (USHORT)Prcb->PendingOperation;
    Agent->object = (ULONG64)Prcb->PendingObject;
    if (Prcb->SpinningOn != NULL) {
        Agent->flags |= ABI_AGENT_SPINNING;
        if ((*Prcb->SpinningOn & Prcb->SpinMask) != 0) {
            return FALSE;
        }
    }
    if (Prcb->PendingWait != NULL && Prcb->PendingWait(Prcb->PendingObject, Prcb->PendingContext)) {
        Agent->flags |= ABI_AGENT_BLOCKED;
    }
    if (Agent->op == SP_REMOVE_QUEUE && KiIsQueueEmpty((PKQUEUE)Prcb->PendingObject)) {
        Agent->op = SP_NONE; /* E3 */
    }
    if (Prcb->PendingWait != NULL) {
        Agent->flags |= ABI_AGENT_WAITS;
    }
    if (Prcb->PendingWait == KiWouldBlock) {
        KiDescribeWait((PKI_PENDING_WAIT)Prcb->PendingContext, Agent);
    }
    if (Prcb->PendingWait == NULL && Prcb->PendingContext != 0) {
        PKI_POINT Point = (PKI_POINT)Prcb->PendingContext;

        Agent->size = Point->Size;
        Agent->point = Point->What;
        Agent->registers = (ULONG64)Point->Registers;
    }
    if (KiOnlyReads(Agent->op, Prcb->PendingObject)) {
        Agent->flags |= ABI_AGENT_READS;
    }
    if (KiIsOpen(Agent->op, Prcb->PendingObject)) {
        Agent->flags |= ABI_AGENT_OPEN;
    }
    return TRUE;
}

/* PKI_WOULD_WAIT: a spin lock, or the low bits of any lock word that must be clear. */
BOOLEAN
KiIsHeld(const volatile VOID *Lock, ULONG_PTR Mask)
{
    return (*(const volatile ULONG *)Lock & Mask) != 0;
}
