/*
 * thread.c - threads as the dispatcher knows them: birth, start, end, priority, affinity.
 *
 * A kernel stack is a slot of the stack region: guard pages, KI_STACK_SIZE bytes, guard. The slot
 * follows from the agent's name. A new thread's stack holds a KiSwapStack frame that returns into
 * KiThreadStartup, and above it, for a user thread, the KI_FRAME through which it will enter user mode.
 */
#include "nt/ke/ki.h"
#include "nt/inc/life.h"
#include "nt/ke/account.h"

static VOID
KiMakeStack(PKTHREAD Thread)
{
    ULONG64 Low = ABI_STACK_BASE + Thread->Agent.Slot * ABI_STACK_SLOT + KI_GUARD_SIZE;

    HcCommit(Low, KI_STACK_SIZE, ABI_PROT_READ | ABI_PROT_WRITE);
    Thread->StackLimit = (PVOID)Low;
    Thread->StackBase = (PVOID)(Low + KI_STACK_SIZE);
    Thread->InitialStack = Thread->StackBase;
}

VOID
KiFreeThreadStack(PKTHREAD Thread)
{
    if (Thread->StackLimit != NULL) {
        if (Thread->State == Initialized) { /* it never ran: KiTerminateThread */
            RemoveEntryList(&Thread->ThreadListEntry);
        }
        HcDecommit(Thread->StackLimit, (ULONG64)Thread->StackBase - (ULONG64)Thread->StackLimit);
        Thread->StackLimit = NULL;
        KiDeleteAgent(&Thread->Agent);
    }
}

/* The frame that KiSwapStack pops: 0xB8 bytes of vector state, eight registers, the return address. */
static PVOID
KiStartFrame(PVOID Top)
{
    PULONG64 Frame =
        (PULONG64)((ULONG64)Top - 0x120); /* above it: zeros, where a stack walk ends */
    ULONG64 Stack = (ULONG64)Frame;

    RtlZeroMemory(Frame, 0x120);
    *(PULONG)(Stack + 0xA0) = 0x1F80; /* MXCSR */
    *(PUSHORT)(Stack + 0xA4) = 0x27F; /* x87 control word, as Windows sets it */
    *(PULONG64)(Stack + 0xB8 + 8 * 8) = (ULONG64)KiThreadStartup;
    return Frame;
}

VOID
KiInitializeThread(PKTHREAD Thread, PKPROCESS Process, PKAGENT Creator,
                   PKSTART_ROUTINE SystemRoutine, PVOID Context, PCONTEXT UserContext, PVOID Teb)
{
    PVOID Top;

    Thread->Header.Type = KiObjThread;
    Thread->Header.Size =
        sizeof(KTHREAD) / sizeof(ULONG) > 255 ? 255 : sizeof(KTHREAD) / sizeof(ULONG);
    InitializeListHead(&Thread->Header.WaitListHead);
    InitializeListHead(&Thread->MutantListHead);
    InitializeListHead(&Thread->ThreadListEntry);
    KiInitializeAgent(&Thread->Agent, Creator);
    KiMakeStack(Thread);
    KiInitializeApcState(Thread, Process);
    KeInitializeTimer(&Thread->Timer);
    Thread->Timer.Dpc = KI_THREAD_TIMER;
    Thread->Process = Process;
    Thread->Teb = Teb;
    Thread->BasePriority = Process->BasePriority;
    Thread->Priority = Process->BasePriority;
    Thread->Affinity = Process->Affinity;
    Thread->UserAffinity = Process->Affinity;
    Thread->IdealProcessor = Thread->Agent.Name % KiProcessorCount;
    Thread->UserIdealProcessor = Thread->IdealProcessor;
    Thread->StartRoutine = (PVOID)SystemRoutine;
    Thread->StartContext = Context;
    Thread->SystemThread = SystemRoutine != NULL && UserContext == NULL;
    Thread->PreviousMode = UserContext != NULL ? UserMode : KernelMode;
    Thread->State = Initialized;
    KiSuspendInit(Thread);
    Top = Thread->InitialStack;
    if (UserContext != NULL) {
        PKI_FRAME Frame = (PKI_FRAME)((ULONG64)Top - sizeof(KI_FRAME));

        RtlZeroMemory(Frame, sizeof(*Frame));
        KiContextToFrame(Frame, UserContext, UserMode);
        Thread->TrapFrame = &Frame->Trap;
        Top = Frame;
    }
    Thread->KernelStack = KiStartFrame(Top);
    Thread->Ordinal = Process->ThreadsMade++;
    InsertTailList(&Process->ThreadListHead, &Thread->ThreadListEntry);
}

VOID
KiStartThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KiLockDispatcher(SP_CREATE_THREAD, Thread);

    KiReadyThread(Thread);
    KiUnlockDispatcher(OldIrql, FALSE);
}

/* The first C code of every thread, called by KiThreadStartup at DISPATCH_LEVEL. */
VOID
KiThreadMain(VOID)
{
    PKTHREAD Thread = KiThread();
    PKI_FRAME Frame;

    KiFinishSwap();
    KiAccount(Thread == KiPrcb()->IdleThread ? ABI_ACCOUNT_IDLE : ABI_ACCOUNT_SERVICE);
    if (Thread == KiPrcb()->IdleThread) {
        KiIdleLoop();
    }
    KiExitDispatcher(APC_LEVEL);
    KiPcr()->Irql = PASSIVE_LEVEL;
    KiTakeInterrupts(PASSIVE_LEVEL); /* it has made no step yet: explore.c, E1 */
    if (Thread->StartRoutine != NULL) {
        if (VfCall == NULL) {
            ((PKSTART_ROUTINE)Thread->StartRoutine)(Thread->StartContext);
        } else {
            VF_CALL(VOID, VfThread, Thread->StartRoutine, Thread->StartContext, 0, 0, 0);
        }
    }
    /* A system routine that returned has ended its thread in nt/ps; a user thread goes on here. */
    ASSERT(!Thread->SystemThread && Thread->TrapFrame != NULL);
    Frame = KI_FRAME_OF(Thread->TrapFrame);
    KiPrepareUserReturn(Frame);
    KiReturnToUser(Frame);
}

/* The current thread ends: whoever waits for it goes on, and it never runs again. */
VOID
KiTerminateThread(KPRIORITY Increment)
{
    PKTHREAD Thread = KiThread();

    KiRundownMutants(Thread);
    KiCheckHeldLocks(Thread);
    KiLockDispatcher(SP_EXIT_THREAD, Thread);
    if (Machine->explore) {
        KiForgetClaims(Thread);
        KiThreadHasLeft(Thread);
    }
    if (Thread->Queue != NULL) {
        PKQUEUE Queue = Thread->Queue;

        RemoveEntryList(&Thread->QueueListEntry);
        Thread->Queue = NULL;
        KiQueueThreadWaits(Queue);
    }
    RemoveEntryList(&Thread->ThreadListEntry);
    Thread->Header.SignalState = 1;
    KiWaitTest(&Thread->Header, Increment);
    Thread->State = Terminated;
    KiPrcb()->PreviousThread = Thread; /* the thread's reference on itself: KiFinishSwap */
    KiSwapThread();
    ASSERT(!"a terminated thread ran");
    __builtin_unreachable();
}

KPRIORITY NTAPI
KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    KIRQL OldIrql = KiLockDispatcher(SP_SET_PRIORITY, Thread);
    KPRIORITY Previous = Thread->Priority;

    Thread->PriorityDecrement = 0;
    KiSetPriority(Thread, (SCHAR)Priority);
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

KPRIORITY NTAPI
KeQueryPriorityThread(PKTHREAD Thread)
{
    return Thread->Priority;
}

#define KI_SATURATED ((HIGH_PRIORITY + 1) / 2)

/* How far its base priority is from its process's; at the end of the scale, wherever that is, +-KI_SATURATED. */
LONG
KiBaseIncrement(PKTHREAD Thread)
{
    return Thread->Saturation != 0 ? KI_SATURATED * (SCHAR)Thread->Saturation
                                   : Thread->BasePriority - Thread->Process->BasePriority;
}

LONG NTAPI
KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    KIRQL OldIrql = KiLockDispatcher(SP_SET_PRIORITY, Thread);
    LONG Process = Thread->Process->BasePriority;
    LONG Previous = KiBaseIncrement(Thread);
    LONG New = Process + Increment;
    BOOLEAN RealTime = Process >= LOW_REALTIME_PRIORITY;

    if (RealTime) {
        New = New < LOW_REALTIME_PRIORITY ? LOW_REALTIME_PRIORITY
              : New > HIGH_PRIORITY       ? HIGH_PRIORITY
                                          : New;
    } else {
        New = New < 1 ? 1 : New >= LOW_REALTIME_PRIORITY ? LOW_REALTIME_PRIORITY - 1 : New;
    }
    Thread->Saturation = (UCHAR)(Increment >= KI_SATURATED    ? 1
                                 : Increment <= -KI_SATURATED ? -1
                                                              : 0);
    Thread->BasePriority = (SCHAR)New;
    Thread->PriorityDecrement = 0;
    KiSetPriority(Thread, (SCHAR)New);
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

/*
 * Under the dispatcher lock. Another's running thread moves when somebody next looks; the caller does so now, and one that is ready goes to
 * where it may run.
 */
static VOID
KiApplyAffinity(PKTHREAD Thread, KAFFINITY Affinity)
{
    Thread->Affinity = Affinity;
    if ((Thread->State == Ready || Thread->State == Standby) &&
        (Affinity & 1ull << Thread->NextProcessor) == 0) {
        KiMoveReady(Thread);
    } else if (Thread == KiThread() && (Affinity & (1ull << KiPrcb()->Number)) == 0) {
        KiReadyThread(Thread);
        KiSwapThread();
    }
}

/*
 * It may move to where DPCs run beside which it would have run before (explore.c, E5): that comes before one of them or behind it. One that runs there
 * is waited for here: it would go on only then.
 */
static KIRQL
KiLockToMove(PKTHREAD Thread, KAFFINITY Affinity)
{
    PKPRCB There = NULL;

    Affinity &= KeActiveProcessors;
    if (Thread == KiThread() && Affinity != 0 && (Affinity & ~KiTargets) == 0) {
        There = &KiProcessor[__builtin_ctzll(Affinity)]->Prcb;
    }
    return KiLockDispatcherToWait(SP_SET_PRIORITY, Thread, There != NULL ? KiRunsDpc : NULL,
                                  (ULONG_PTR)There);
}

/* The thread's own ("user") affinity: it rules while no system affinity is set. */
KAFFINITY NTAPI
KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity)
{
    KIRQL OldIrql;
    KAFFINITY Previous;

    Affinity &= KeActiveProcessors;
    if (Affinity == 0) {
        KeBugCheckEx(INVALID_AFFINITY_SET, 0, 0, 0, 0);
    }
    OldIrql = KiLockToMove(Thread, Affinity);
    Previous = Thread->UserAffinity;
    Thread->UserAffinity = Affinity;
    if (!Thread->SystemAffinityActive) {
        KiApplyAffinity(Thread, Affinity);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

/* "A return value of zero indicates that there was no previous system affinity"; a mask without an active
   processor changes nothing. [DDI:wdm/kesetsystemaffinitythreadex] */
KAFFINITY NTAPI
KeSetSystemAffinityThreadEx(KAFFINITY Affinity)
{
    PKTHREAD Thread = KiThread();
    KAFFINITY Previous = 0;
    KIRQL OldIrql;

    OldIrql = KiLockToMove(Thread, Affinity);
    Affinity &= KeActiveProcessors;
    if (Affinity != 0) {
        Previous = Thread->SystemAffinityActive ? Thread->Affinity : 0;
        Thread->SystemAffinityActive = 1;
        KiApplyAffinity(Thread, Affinity);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

VOID NTAPI
KeSetSystemAffinityThread(KAFFINITY Affinity)
{
    KeSetSystemAffinityThreadEx(Affinity);
}

VOID NTAPI
KeRevertToUserAffinityThread(VOID)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql = KiLockDispatcher(SP_SET_PRIORITY, Thread);

    if (Thread->SystemAffinityActive) {
        Thread->SystemAffinityActive = 0;
        KiApplyAffinity(Thread, Thread->UserAffinity);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}

/* 0 ends the system affinity, anything else is the one to have again. */
VOID NTAPI
KeRevertToUserAffinityThreadEx(KAFFINITY Affinity)
{
    if (Affinity == 0) {
        KeRevertToUserAffinityThread();
    } else {
        KeSetSystemAffinityThreadEx(Affinity);
    }
}

PKTHREAD NTAPI
KiGetCurrentThread(VOID)
{
    return KiThread();
}
