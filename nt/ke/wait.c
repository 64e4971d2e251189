/*
 * wait.c - waits on dispatcher objects.
 *
 * A waiting thread has one wait block in the list of each object that it waits for (WaitAny with a
 * time-out: one more in the list of its own timer). Whoever signals an object walks its list and lets
 * threads go (KiWaitTest).
 *
 *   W1  A signaled object has no waiter that it could satisfy.
 *   W2  Satisfying changes the object's state in the waker's context: a waiter that is let go owns what it
 *       waited for, whenever it runs.
 *   W3  A kernel APC never ends a wait: the thread runs it and waits again, at the queue's end, its
 *       time-out going on. The APC may itself wait, in the same blocks: they are filled again afterwards.
 *       KernelApcPending is still set when the thread wakes (apc.c), so the loop finds it.
 *   W4  A thread can be switched on entry, and where it waits; nowhere else in this file.
 *   W5  A poll may come from a DPC, whose thread is in the middle of a wait of its own: nothing of the thread is
 *       touched before it is clear that the wait begins.
 *   W6  While schedules are explored a time-out may fire as soon as the wait begins: it is up to the
 *       schedule, not to the clock, whether the object was signaled in time. The clock then moves to
 *       the due time. How often it may: timeout.c.
 * Source: nt-semantics 1.4, 2.2.
 */
#include "nt/ke/ki.h"

#define KI_WAIT_TIMEOUT_KEY 0x102

static ULONG
KiObjectType(DISPATCHER_HEADER *Object)
{
    return Object->Type & 0x7F;
}

/* Would this object let Thread through now? */
static BOOLEAN
KiIsSignaled(DISPATCHER_HEADER *Object, PKTHREAD Thread)
{
    if (KiObjectType(Object) == KiObjMutant) {
        PKMUTANT Mutant = CONTAINING_RECORD(Object, KMUTANT, Header);

        return Object->SignalState > 0 || Mutant->OwnerThread == Thread;
    }
    return Object->SignalState > 0;
}

/* W2. Returns STATUS_ABANDONED where the mutant's owner died, else STATUS_SUCCESS. */
static NTSTATUS
KiSatisfy(DISPATCHER_HEADER *Object, PKTHREAD Thread)
{
    PKMUTANT Mutant;

    switch (KiObjectType(Object)) {
    case KiObjEventSynchronization:
    case KiObjTimerSynchronization:
    case KiObjGate:
        Object->SignalState = 0;
        break;
    case KiObjSemaphore:
        Object->SignalState--;
        break;
    case KiObjMutant:
        Mutant = CONTAINING_RECORD(Object, KMUTANT, Header);
        Object->SignalState--;
        if (Object->SignalState == 0) {
            Mutant->OwnerThread = Thread;
            if (Mutant->ApcDisable) {
                KiEnterRegion(Thread, KI_CRITICAL, Thread->WaitCaller, Mutant);
            }
            InsertTailList(&Thread->MutantListHead, &Mutant->MutantListEntry);
            if (Mutant->Abandoned) {
                Mutant->Abandoned = FALSE;
                return STATUS_ABANDONED;
            }
        }
        break;
    }
    return STATUS_SUCCESS;
}

static VOID
KiUnlinkBlocks(PKTHREAD Thread)
{
    for (ULONG Index = 0; Index < Thread->WaitObjectCount; Index++) {
        PKI_WAIT_BLOCK Block = &Thread->WaitBlockList[Index];

        if (Block->WaitListEntry.Flink != NULL) {
            RemoveEntryList(&Block->WaitListEntry);
            Block->WaitListEntry.Flink = NULL;
        }
    }
    if (Thread->TimerActive) {
        KiRemoveTimer(&Thread->Timer);
        Thread->TimerActive = 0;
    }
}

VOID
KiUnwaitThread(PKTHREAD Thread, LONG_PTR Status, KPRIORITY Increment)
{
    SCHAR Priority;

    if (KiInjection.State == KiSuspensionProbed) {
        KiInjectWoken(Thread, Status);
    }
    KiUnlinkBlocks(Thread);
    Thread->WaitStatus = Status;
    if (Thread->Queue != NULL) {
        Thread->Queue->CurrentCount++;
    }
    if (Thread->BasePriority < LOW_REALTIME_PRIORITY && Increment > 0) {
        Priority = Thread->BasePriority + (SCHAR)Increment;
        if (Priority >= LOW_REALTIME_PRIORITY) {
            Priority = LOW_REALTIME_PRIORITY - 1;
        }
        if (Priority > Thread->Priority) {
            Thread->PriorityDecrement = Priority - Thread->BasePriority;
            Thread->Priority = Priority;
        }
    }
    KiReadyThread(Thread);
}

/* All objects of a WaitAll are signaled for this thread? */
static BOOLEAN
KiAllSignaled(PKTHREAD Thread)
{
    for (ULONG Index = 0; Index < Thread->WaitObjectCount; Index++) {
        if (!KiIsSignaled((DISPATCHER_HEADER *)Thread->WaitBlockList[Index].Object, Thread)) {
            return FALSE;
        }
    }
    return TRUE;
}

static NTSTATUS
KiSatisfyAll(PKTHREAD Thread, PVOID *Objects, ULONG Count)
{
    NTSTATUS Status = STATUS_WAIT_0;

    for (ULONG Index = 0; Index < Count; Index++) {
        if (KiSatisfy((DISPATCHER_HEADER *)Objects[Index], Thread) == STATUS_ABANDONED) {
            Status = STATUS_ABANDONED_WAIT_0;
        }
    }
    return Status;
}

VOID
KiWaitTest(DISPATCHER_HEADER *Object, KPRIORITY Increment)
{
    PLIST_ENTRY Entry = Object->WaitListHead.Flink;

    if (KiObjectType(Object) == KiObjQueue) {
        return; /* queue.c hands entries to waiters itself */
    }
    while (Entry != &Object->WaitListHead && Object->SignalState > 0) {
        PKI_WAIT_BLOCK Block = CONTAINING_RECORD(Entry, KI_WAIT_BLOCK, WaitListEntry);
        PKTHREAD Thread = Block->Thread;
        NTSTATUS Status;

        if (Block->WaitType == WaitAny) {
            Status = KiSatisfy(Object, Thread);
            Status = Status == STATUS_ABANDONED ? STATUS_ABANDONED_WAIT_0 + Block->WaitKey
                                                : Block->WaitKey;
            KiUnwaitThread(Thread, Status, Increment);
            Entry = Object->WaitListHead.Flink;
        } else if (KiAllSignaled(Thread)) {
            PVOID Objects[MAXIMUM_WAIT_OBJECTS];

            for (ULONG Index = 0; Index < Thread->WaitObjectCount; Index++) {
                Objects[Index] = Thread->WaitBlockList[Index].Object;
            }
            Status = KiSatisfyAll(Thread, Objects, Thread->WaitObjectCount);
            KiUnwaitThread(Thread, Status, Increment);
            Entry = Object->WaitListHead.Flink;
        } else {
            Entry = Entry->Flink;
        }
    }
}

KIRQL
KiLockDispatcherToWait(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                       ULONG_PTR Context)
{
    PKIPCR Pcr;
    KIRQL OldIrql;
    PKTHREAD Thread = KiThread();

    if (Thread->WaitNext) {
        Thread->WaitNext = 0; /* KeSetEvent(…, TRUE) left the dispatcher locked for this call */
        return Thread->WaitIrql;
    }
    KiAcquirePoint(Operation, Object, WouldWait, Context);
    Pcr = KiPcr();
    OldIrql = Pcr->Irql;
    if (OldIrql < DISPATCH_LEVEL) {
        Pcr->Irql = DISPATCH_LEVEL;
    }
    return OldIrql;
}

KIRQL
KiLockDispatcher(ULONG Operation, const volatile VOID *Object)
{
    return KiLockDispatcherToWait(Operation, Object, NULL, 0);
}

VOID
KiUnlockDispatcher(KIRQL OldIrql, BOOLEAN WaitNext)
{
    if (WaitNext && !Machine->explore) { /* nobody could tell, and the wait is a step of its own */
        KiThread()->WaitNext = 1;
        KiThread()->WaitIrql = OldIrql;
        return;
    }
    KiExitDispatcher(OldIrql);
}

/* "the scheduler reduces that priority by one level each time the thread completes a time slice, until the thread drops back
   to its base priority" (Microsoft Learn, Priority Boosts) */
static VOID
KiDecayBoost(PKTHREAD Thread)
{
    if (Thread->PriorityDecrement > 0) {
        Thread->PriorityDecrement--;
        Thread->Priority--;
    }
}

/* At DISPATCH_LEVEL or above: runs what became due, switches if another thread should run, lowers. */
VOID
KiExitDispatcher(KIRQL OldIrql)
{
    PKPRCB Prcb;

    if (OldIrql >= DISPATCH_LEVEL) {
        return;
    }
    Prcb = KiPrcb();
    while (Prcb->DpcRequested || Prcb->NextThread != NULL || Prcb->QuantumEnd) {
        PKTHREAD Thread = Prcb->CurrentThread;

        if (Prcb->DpcRequested) {
            KiRetireDpcs(Prcb);
        } else if (Thread == Prcb->IdleThread) {
            break;
        } else if (Prcb->NextThread != NULL) {
            Thread->Preempted = 1;
            KiReadyThread(
                Thread); /* elsewhere, or into this processor's list: NextThread is taken */
            KiSwapThread();
        } else {
            Prcb->QuantumEnd = FALSE;
            KiDecayBoost(Thread);
            if (Prcb->ReadySummary >> Thread->Priority == 0 || !KiRequeue()) {
                break;
            }
        }
        Prcb = KiPrcb();
    }
    KiPcr()->Irql = OldIrql;
    if (OldIrql == PASSIVE_LEVEL && KiThread()->ApcState.KernelApcPending) {
        KiCheckKernelApcs();
    }
}

/*
 * An alert or a user APC that is pending already ends the wait before it begins.
 */
NTSTATUS
KiTestPending(PKTHREAD Thread, KPROCESSOR_MODE Mode, BOOLEAN Alertable)
{
    if (Alertable) {
        if (Thread->Alerted[(int)Mode]) {
            Thread->Alerted[(int)Mode] = FALSE;
            return STATUS_ALERTED;
        }
        if (Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
            Thread->ApcState.UserApcPending |= KI_USER_APC_PENDING;
            return STATUS_USER_APC;
        }
        if (Thread->Alerted[KernelMode]) {
            Thread->Alerted[KernelMode] = FALSE;
            return STATUS_ALERTED;
        }
    }
    if (Mode == UserMode && (Thread->ApcState.UserApcPending & KI_USER_APC_PENDING) != 0) {
        return STATUS_USER_APC;
    }
    return STATUS_WAIT_0;
}

static VOID
KiCheckWaitIrql(KIRQL Irql, PVOID Object, PLARGE_INTEGER Timeout)
{
    if (Irql >= DISPATCH_LEVEL && (Timeout == NULL || Timeout->QuadPart != 0)) {
        PKPRCB Prcb = KiPrcb();

        if (Prcb->DpcRoutineActive) {
            KeBugCheckEx(0xB8 /* ATTEMPTED_SWITCH_FROM_DPC */, (ULONG_PTR)Prcb->CurrentThread, 0,
                         (ULONG_PTR)Prcb->DpcStack, 0);
        }
        /* The dispatcher would switch threads at DISPATCH_LEVEL: the clock of the next thread is lost. */
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)Object, Irql, 0,
                     (ULONG_PTR)__builtin_return_address(0));
    }
}

/* PKI_WOULD_WAIT */
BOOLEAN
KiWouldBlock(const volatile VOID *Object, ULONG_PTR Context)
{
    PKI_PENDING_WAIT Wait = (PKI_PENDING_WAIT)Context;

    return !Wait->Timed /* W6 */ && !KiIsSatisfied(Wait) && !KiWaitEnds(Wait);
}

BOOLEAN
KiIsSatisfied(PKI_PENDING_WAIT Wait)
{
    ULONG Signaled = 0;

    if (Wait->Count == 1) { /* as a rule, and a search asks often */
        return KiIsSignaled((DISPATCHER_HEADER *)Wait->Objects[0], Wait->Thread);
    }
    for (ULONG Index = 0; Index < Wait->Count; Index++) {
        Signaled += KiIsSignaled((DISPATCHER_HEADER *)Wait->Objects[Index], Wait->Thread);
    }
    return Wait->Type == WaitAny ? Signaled != 0 : Signaled == Wait->Count;
}

BOOLEAN
KiWaitEnds(PKI_PENDING_WAIT Wait)
{
    PKTHREAD Thread = Wait->Thread;

    if (Wait->Alertable && (Thread->Alerted[(int)Wait->Mode] || Thread->Alerted[KernelMode])) {
        return TRUE;
    }
    return !(Wait->Mode == KernelMode ||
             (!Thread->ApcState.UserApcPending &&
              (!Wait->Alertable || IsListEmpty(&Thread->ApcState.ApcListHead[UserMode]))));
}

/* A mutant that its owner has acquired 2^31 times: the wait raises, and nothing has been taken. */
static inline VOID
KiCheckMutantLimit(DISPATCHER_HEADER *Object, KIRQL OldIrql)
{
    if (KiObjectType(Object) == KiObjMutant && Object->SignalState == (LONG)MINLONG) {
        KiExitDispatcher(OldIrql);
        ExRaiseStatus(STATUS_MUTANT_LIMIT_EXCEEDED);
    }
}

/* DISPATCH_LEVEL in, OldIrql out. */
static NTSTATUS
KiWait(PKI_PENDING_WAIT Wait, PKI_WAIT_BLOCK Blocks, KWAIT_REASON Reason, PLARGE_INTEGER Timeout,
       KIRQL OldIrql, PVOID Caller)
{
    PKTHREAD Thread = Wait->Thread;
    PVOID *Objects = Wait->Objects;
    const ULONG Count = Wait->Count;
    const KPROCESSOR_MODE Mode = Wait->Mode;
    const BOOLEAN Alertable = Wait->Alertable;
    ULONG64 Deadline = 0;
    LARGE_INTEGER Due;
    NTSTATUS Status;
    BOOLEAN Absolute = Timeout != NULL && Timeout->QuadPart > 0;

    if (Timeout != NULL && !Absolute) {
        Deadline = KiQueryInterruptTime() - (ULONG64)Timeout->QuadPart;
    }
    for (;;) {
        if (Thread->ApcState.KernelApcPending && OldIrql == PASSIVE_LEVEL) {
            KiPcr()->Irql = OldIrql; /* W3: what is pending is delivered first */
            KiDeliverKernelApcs();   /* by no step of its own: it has just woken the thread */
            KiPcr()->Irql = DISPATCH_LEVEL;
        }
        if (OldIrql < DISPATCH_LEVEL) {
            Thread->WaitCaller = Caller; /* here, for an APC may have waited */
        }
        if (Wait->Type == WaitAny) {
            for (ULONG Index = 0; Index < Count; Index++) {
                DISPATCHER_HEADER *Object = (DISPATCHER_HEADER *)Objects[Index];

                if (KiIsSignaled(Object, Thread)) {
                    KiCheckMutantLimit(Object, OldIrql);
                    Status = KiSatisfy(Object, Thread);
                    Status = Status == STATUS_ABANDONED ? STATUS_ABANDONED_WAIT_0 + (NTSTATUS)Index
                                                        : (NTSTATUS)Index;
                    goto Done;
                }
            }
        } else {
            BOOLEAN All = TRUE;

            for (ULONG Index = 0; Index < Count && All; Index++) {
                All = KiIsSignaled((DISPATCHER_HEADER *)Objects[Index], Thread);
            }
            if (All) {
                for (ULONG Index = 0; Index < Count; Index++) {
                    KiCheckMutantLimit((DISPATCHER_HEADER *)Objects[Index], OldIrql);
                }
                Status = KiSatisfyAll(Thread, Objects, Count);
                goto Done;
            }
        }
        Status = KiTestPending(Thread, Mode, Alertable);
        if (Status != STATUS_WAIT_0) {
            goto Done;
        }
        if (Timeout != NULL &&
            (Timeout->QuadPart == 0 || (!Absolute && Deadline <= KiQueryInterruptTime()) ||
             (Absolute && (ULONG64)Timeout->QuadPart <= KiQuerySystemTime()))) {
            Status = STATUS_TIMEOUT;
            goto Done;
        }
        if (Timeout != NULL && Machine->explore && !KiTimersOver) { /* W6 */
            KiNoteMove(Thread);
            KiNoteTimeOut(Wait);
            KiAdvanceClock(Absolute ? (ULONG64)Timeout->QuadPart - KiBootTime : Deadline);
            continue;
        }

        Thread->WaitBlockList = Blocks;
        Thread->WaitObjectCount = Count;
        for (ULONG Index = 0; Index < Count; Index++) { /* W3 */
            Blocks[Index].Thread = Thread;
            Blocks[Index].Object = Objects[Index];
            Blocks[Index].WaitKey = (USHORT)Index;
            Blocks[Index].WaitType = (UCHAR)Wait->Type;
            InsertTailList(&((DISPATCHER_HEADER *)Blocks[Index].Object)->WaitListHead,
                           &Blocks[Index].WaitListEntry);
        }
        if (Timeout != NULL) {
            Due.QuadPart =
                Absolute ? Timeout->QuadPart : -(LONGLONG)(Deadline - Machine->time_100ns);
            if (Due.QuadPart == 0) {
                Due.QuadPart = -1;
            }
            Thread->TimerActive = 1;
            KiInsertTimer(&Thread->Timer, Due, 0);
        }
        Thread->WaitIrql = OldIrql;
        Thread->WaitMode = Mode;
        Thread->WaitReason = (UCHAR)Reason;
        Thread->Alertable = Alertable;
        Thread->State = Waiting;
        if (Thread->Queue != NULL) {
            KiQueueThreadWaits(Thread->Queue);
        }
        Status = (NTSTATUS)KiSwapThread();
        if (Status != STATUS_KERNEL_APC) {
            goto Done;
        }
    }
Done:
    if (Thread->HeldUp == KI_HELD_UP) {
        KiInjectWentOn(Thread);
    }
    KiExitDispatcher(OldIrql);
    return Status;
}

NTSTATUS NTAPI
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                      BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PKTHREAD Thread = KiThread();
    LARGE_INTEGER Copy;
    struct abi_trap Registers;
    KI_PENDING_WAIT Wait;
    KIRQL OldIrql;

    if (Timeout != NULL) {
        Copy = *Timeout;
        Timeout = &Copy;
    }
    KiCheckWaitIrql(Thread->WaitNext ? Thread->WaitIrql : KiIrql(), Object, Timeout);
    Wait = (KI_PENDING_WAIT){.Objects = &Object,
                             .Count = 1,
                             .Type = WaitAny,
                             .Mode = WaitMode,
                             .Alertable = Alertable,
                             .Thread = Thread};
    KiPrepareTimeOut(&Wait, Timeout, &Registers);
    OldIrql = KiLockDispatcherToWait(SP_WAIT, Object, KiWouldBlock, (ULONG_PTR)&Wait);
    return KiWait(&Wait, Thread->WaitBlock, WaitReason, Timeout, OldIrql,
                  __builtin_return_address(0));
}

NTSTATUS NTAPI
KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                         KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                         PKWAIT_BLOCK WaitBlockArray)
{
    PKTHREAD Thread = KiThread();
    PKI_WAIT_BLOCK Blocks =
        WaitBlockArray != NULL ? (PKI_WAIT_BLOCK)WaitBlockArray : Thread->WaitBlock;
    LARGE_INTEGER Copy;
    struct abi_trap Registers;
    KI_PENDING_WAIT Wait;
    KIRQL OldIrql;

    DRIVER_REQUIRE(Count <= (WaitBlockArray != NULL ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS),
                   MAXIMUM_WAIT_OBJECTS_EXCEEDED, 0, 0, 0, 0);
    if (Timeout != NULL) {
        Copy = *Timeout;
        Timeout = &Copy;
    }
    KiCheckWaitIrql(Thread->WaitNext ? Thread->WaitIrql : KiIrql(), Count != 0 ? Object[0] : NULL,
                    Timeout);
    Wait = (KI_PENDING_WAIT){.Objects = Object,
                             .Count = Count,
                             .Type = WaitType,
                             .Mode = WaitMode,
                             .Alertable = Alertable,
                             .Thread = Thread};
    KiPrepareTimeOut(&Wait, Timeout, &Registers);
    OldIrql = KiLockDispatcherToWait(SP_WAIT, Count != 0 ? Object[0] : NULL, KiWouldBlock,
                                     (ULONG_PTR)&Wait);
    return KiWait(&Wait, Blocks, WaitReason, Timeout, OldIrql, __builtin_return_address(0));
}

NTSTATUS NTAPI
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    PKTHREAD Thread = KiThread();
    LARGE_INTEGER Copy = *Interval;
    BOOLEAN Forever = Copy.QuadPart == MINLONGLONG; /* what Sleep makes of INFINITE */
    struct abi_trap Registers;
    KI_PENDING_WAIT Wait = {
        .Type = WaitAny, .Mode = WaitMode, .Alertable = Alertable, .Thread = Thread};
    NTSTATUS Status;
    KIRQL OldIrql;

    KiCheckWaitIrql(KiIrql(), NULL, &Copy);
    KiPrepareTimeOut(&Wait, Forever ? NULL : &Copy, &Registers);
    OldIrql = KiLockDispatcherToWait(SP_DELAY, Thread, KiWouldBlock, (ULONG_PTR)&Wait);
    if (Copy.QuadPart == 0) {
        Status = KiTestPending(Thread, WaitMode, Alertable);
        if (Status == STATUS_WAIT_0) {
            KiRequeue();
            Machine->budget = 0;
        }
        KiExitDispatcher(OldIrql);
        return Status;
    }
    Status = KiWait(&Wait, NULL, DelayExecution, Forever ? NULL : &Copy, OldIrql,
                    __builtin_return_address(0));
    KiNoteOpen(Thread);
    return Status == STATUS_TIMEOUT ? STATUS_SUCCESS : Status;
}
