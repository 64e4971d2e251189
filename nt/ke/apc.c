/*
 * apc.c - asynchronous procedure calls: initialise, queue, remove, deliver.
 *
 * Each thread has two queues for the process it is in, and two saved ones while it is attached:
 *     kernel queue    special ones first, then normal ones, each in order of insertion
 *     user queue      the termination APC, special ones, then the others, each in order of insertion
 *
 *   P1  A special kernel APC runs below APC_LEVEL outside guarded regions; a normal one also needs to be
 *       outside critical regions, and no normal kernel APC in progress.
 *   P2  KernelApcPending is set while the kernel queue of the current process is not empty: whoever lowers the
 *       IRQL, leaves a region, waits or goes to user mode looks at the queue if it is.
 *   P3  A waiting thread is woken for a kernel APC only if P1 holds for it now; wait.c waits again.
 *   P4  User APCs are delivered one at a time on the way out to user mode, if UserApcPending says so: user mode
 *       comes back for the next through NtContinue. KI_USER_APC_PENDING is the answer to an alertable wait, a
 *       test for alerts, or termination; KI_SPECIAL_USER_APC_PENDING is set while a special one is queued.
 *   P5  A thread whose ApcQueueable is clear is exiting: nothing can be queued, what is queued is run down.
 * Source: nt-semantics 1.1 to 1.4, 5.1; docs/decisions for what it leaves open.
 */
#include "nt/ke/ki.h"

VOID
KiInitializeApcState(PKTHREAD Thread, PKPROCESS Process)
{
    InitializeListHead(&Thread->ApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->ApcState.ApcListHead[UserMode]);
    InitializeListHead(&Thread->SavedApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->SavedApcState.ApcListHead[UserMode]);
    Thread->ApcState.Process = Process;
    Thread->ApcStatePointer[0] = &Thread->ApcState;
    Thread->ApcStatePointer[1] = &Thread->SavedApcState;
    Thread->ApcStateIndex = OriginalApcEnvironment;
    Thread->ApcQueueable = 1;
}

VOID NTAPI
KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                PKI_KERNEL_ROUTINE KernelRoutine, PKI_RUNDOWN_ROUTINE RundownRoutine,
                PKI_NORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode, PVOID NormalContext)
{
    Apc->Type = KiObjApc;
    Apc->SpareByte0 = 0;
    Apc->Size = sizeof(KAPC);
    Apc->ApcStateIndex =
        Environment == CurrentApcEnvironment ? Thread->ApcStateIndex : (CCHAR)Environment;
    Apc->Thread = Thread;
    *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine = KernelRoutine;
    *(PKI_RUNDOWN_ROUTINE *)&Apc->RundownRoutine = RundownRoutine;
    *(PKI_NORMAL_ROUTINE *)&Apc->NormalRoutine = NormalRoutine;
    Apc->ApcMode = NormalRoutine != NULL ? Mode : KernelMode;
    Apc->NormalContext = NormalRoutine != NULL ? NormalContext : NULL;
    Apc->Inserted = FALSE;
}

VOID
KiInitializeSpecialUserApc(PKAPC Apc, PKTHREAD Thread, PKI_KERNEL_ROUTINE KernelRoutine,
                           PKI_RUNDOWN_ROUTINE RundownRoutine, PKI_NORMAL_ROUTINE NormalRoutine,
                           PVOID NormalContext)
{
    KeInitializeApc(Apc, Thread, OriginalApcEnvironment, KernelRoutine, RundownRoutine,
                    NormalRoutine, UserMode, NormalContext);
    Apc->SpareByte0 = Apc->ApcMode == UserMode ? KI_SPECIAL_USER_APC : 0;
}

static PKI_NORMAL_ROUTINE
KiNormalRoutine(PKAPC Apc)
{
    return *(PKI_NORMAL_ROUTINE *)&Apc->NormalRoutine;
}

/* A special APC of its mode, or the one that ends the thread: it goes before the others. */
static BOOLEAN
KiGoesFirst(PKAPC Apc)
{
    return Apc->ApcMode == KernelMode
               ? KiNormalRoutine(Apc) == NULL
               : (Apc->SpareByte0 & KI_SPECIAL_USER_APC) != 0 ||
                     *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine == PspExitApcKernelRoutine;
}

/* P1 but for the IRQL. */
static BOOLEAN
KiKernelApcAllowed(PKTHREAD Thread, PKAPC Apc)
{
    if (Thread->SpecialApcDisable != 0) {
        return FALSE;
    }
    return KiNormalRoutine(Apc) == NULL ||
           (Thread->KernelApcDisable == 0 && !Thread->ApcState.KernelApcInProgress);
}

BOOLEAN
KiPendingApcWaits(PKTHREAD Thread)
{
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];

    return !IsListEmpty(Head) &&
           KiKernelApcAllowed(Thread, CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry));
}

/* The APC interrupt of a thread that runs on another processor arrives there at the next choice. */
static VOID
KiInterruptThread(PKTHREAD Thread)
{
    if (Thread->State == Running && Thread != KiThread()) {
        Machine->budget = 0;
    }
}

/* Links the APC and tells the target (P2 to P4). DISPATCH_LEVEL. */
BOOLEAN
KiInsertApcLocked(PKAPC Apc, KPRIORITY Increment)
{
    PKTHREAD Thread = Apc->Thread;
    PKAPC_STATE State;
    PLIST_ENTRY Head, Entry;
    BOOLEAN Exit = Apc->ApcMode == UserMode &&
                   *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine == PspExitApcKernelRoutine;

    if (Apc->ApcStateIndex == InsertApcEnvironment) {
        Apc->ApcStateIndex = Thread->ApcStateIndex;
    }
    State = Thread->ApcStatePointer[(int)Apc->ApcStateIndex];
    Head = &State->ApcListHead[(int)Apc->ApcMode];
    Entry = Head->Blink;
    if (Exit) {
        Entry = Head;
        State->UserApcPending |= KI_USER_APC_PENDING;
    } else if (KiGoesFirst(Apc)) {
        while (Entry != Head && !KiGoesFirst(CONTAINING_RECORD(Entry, KAPC, ApcListEntry))) {
            Entry = Entry->Blink;
        }
        if (Apc->ApcMode == UserMode) {
            State->UserApcPending |= KI_SPECIAL_USER_APC_PENDING;
        }
    }
    InsertHeadList(Entry, &Apc->ApcListEntry);
    Apc->Inserted = TRUE;
    if (Apc->ApcStateIndex != Thread->ApcStateIndex) {
        return TRUE; /* it is noticed when the thread comes back to that process */
    }
    if (Apc->ApcMode == KernelMode) {
        State->KernelApcPending = TRUE; /* P2 */
        KiInterruptThread(Thread);
        if (Thread->State == Waiting && Thread->WaitIrql == PASSIVE_LEVEL &&
            KiKernelApcAllowed(Thread, Apc)) {
            KiUnwaitThread(Thread, STATUS_KERNEL_APC, Increment); /* P3 */
        }
        return TRUE;
    }
    if (Thread->State == Waiting && Thread->WaitMode == UserMode &&
        (Thread->Alertable || (State->UserApcPending & KI_USER_APC_PENDING) != 0)) {
        State->UserApcPending |= KI_USER_APC_PENDING;
        KiUnwaitThread(Thread, STATUS_USER_APC, Increment);
    } else if ((State->UserApcPending & KI_SPECIAL_USER_APC_PENDING) != 0) {
        KiInterruptThread(Thread);
    }
    return TRUE;
}

/* What is left in a queue, after an APC has gone: P2, and the same for user mode. */
static VOID
KiApcGone(PKAPC_STATE State, KPROCESSOR_MODE Mode)
{
    PLIST_ENTRY Head = &State->ApcListHead[(int)Mode];

    if (Mode == KernelMode) {
        State->KernelApcPending = !IsListEmpty(Head);
    } else if (IsListEmpty(Head)) {
        State->UserApcPending = 0;
    } else if (!KiGoesFirst(CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry))) {
        State->UserApcPending &= ~KI_SPECIAL_USER_APC_PENDING;
    }
}

BOOLEAN NTAPI
KeInsertQueueApc(PKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2, KPRIORITY Increment)
{
    PVOID Caller = __builtin_return_address(0);
    BOOLEAN Inserted = FALSE;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcherToWait(SP_QUEUE_APC, Apc->Thread, NULL, (ULONG_PTR)Apc);
    if (Apc->Thread->ApcQueueable && !Apc->Inserted) {
        Apc->SystemArgument1 = SystemArgument1;
        Apc->SystemArgument2 = SystemArgument2;
        Inserted = KiInsertApcLocked(Apc, Increment);
        KiNoteQueued(Apc, Caller);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Inserted;
}

BOOLEAN NTAPI
KeRemoveQueueApc(PKAPC Apc)
{
    BOOLEAN Removed;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcherToWait(SP_QUEUE_APC, Apc->Thread, NULL, (ULONG_PTR)Apc);
    Removed = Apc->Inserted;
    if (Removed) {
        RemoveEntryList(&Apc->ApcListEntry);
        Apc->Inserted = FALSE;
        KiApcGone(Apc->Thread->ApcStatePointer[(int)Apc->ApcStateIndex], Apc->ApcMode);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Removed;
}

/* What an APC is made of, copied: its kernel routine may free it. */
typedef struct _KI_APC_CALL {
    PKAPC Apc;
    PKI_KERNEL_ROUTINE KernelRoutine;
    PKI_NORMAL_ROUTINE NormalRoutine;
    PVOID Context, Argument1, Argument2;
} KI_APC_CALL;

/* Takes the first of a queue off it. */
static VOID
KiTakeApc(PKTHREAD Thread, KPROCESSOR_MODE Mode, KI_APC_CALL *Call)
{
    PLIST_ENTRY Entry = RemoveHeadList(&Thread->ApcState.ApcListHead[(int)Mode]);
    PKAPC Apc = CONTAINING_RECORD(Entry, KAPC, ApcListEntry);

    Call->Apc = Apc;
    Call->KernelRoutine = *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine;
    Call->NormalRoutine = KiNormalRoutine(Apc);
    Call->Context = Apc->NormalContext;
    Call->Argument1 = Apc->SystemArgument1;
    Call->Argument2 = Apc->SystemArgument2;
    Apc->Inserted = FALSE;
    KiApcGone(&Thread->ApcState, Mode);
}

/* At APC_LEVEL; the kernel routine must leave it so. */
static VOID
KiCallKernelRoutine(KI_APC_CALL *Call)
{
    ULONG_PTR Normal = (ULONG_PTR)Call->NormalRoutine;

    KiThread()->KernelApcs++;
    KiTrace(EV_APC_RUN, Call->Apc, (ULONG64)Call->KernelRoutine, Normal, 0, 0);
    Call->KernelRoutine(Call->Apc, &Call->NormalRoutine, &Call->Context, &Call->Argument1,
                        &Call->Argument2);
    if (KiIrql() != APC_LEVEL) {
        KeBugCheckEx(0xC8 /* IRQL_UNEXPECTED_VALUE */,
                     ((ULONG_PTR)KiIrql() << 16) | (APC_LEVEL << 8) | (Normal != 0 ? 1 : 0),
                     (ULONG_PTR)Call->KernelRoutine, (ULONG_PTR)Call->Apc, Normal);
    }
}

static VOID
KiCheckStillThere(PKTHREAD Thread, PKPROCESS Process)
{
    if (Thread->ApcState.Process != Process) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                     (ULONG_PTR)Thread->ApcState.Process, Thread->ApcStateIndex,
                     KiPrcb()->DpcRoutineActive);
    }
}

/*
 * Delivers the kernel queue as far as P1 allows, and then, with Mode UserMode, one user APC into Frame (P4): TRUE if
 * it did. At APC_LEVEL.
 */
BOOLEAN
KiDeliverApc(KPROCESSOR_MODE Mode, PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    PKPROCESS Process = Thread->ApcState.Process;
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];
    KI_APC_CALL Call;
    BOOLEAN Special;

    while (!IsListEmpty(Head) &&
           KiKernelApcAllowed(Thread, CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry))) {
        KiTakeApc(Thread, KernelMode, &Call);
        KiCallKernelRoutine(&Call);
        if (Call.NormalRoutine != NULL) {
            Thread->ApcState.KernelApcInProgress = TRUE;
            KiPcr()->Irql = PASSIVE_LEVEL;
            if (Thread->ApcState.KernelApcPending) {
                KiCheckKernelApcs(); /* special ones that came at APC_LEVEL */
            }
            Call.NormalRoutine(Call.Context, Call.Argument1, Call.Argument2);
            KiRaiseIrql(APC_LEVEL);
            Thread->ApcState.KernelApcInProgress = FALSE;
        }
        KiCheckStillThere(Thread, Process);
        if (Machine->explore && Mode == KernelMode) {
            return FALSE; /* the next one is a step of its own */
        }
    }
    if (Mode != UserMode || Thread->SpecialApcDisable != 0 ||
        Thread->ApcState.UserApcPending == 0 ||
        IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        return FALSE;
    }
    Thread->ApcState.UserApcPending &= ~KI_USER_APC_PENDING;
    KiTakeApc(Thread, UserMode, &Call);
    Special = (Call.Apc->SpareByte0 & KI_SPECIAL_USER_APC) != 0; /* the routine may free it */
    KiCallKernelRoutine(&Call);
    KiCheckStillThere(Thread, Process);
    if (Call.NormalRoutine == NULL) {
        KiTestAlertThread(UserMode);
        return FALSE;
    }
    KiInitializeUserApc(Frame, Call.NormalRoutine, Call.Context, Call.Argument1, Call.Argument2,
                        !Special);
    return TRUE;
}

/*
 * Kernel APCs that may run now, at PASSIVE_LEVEL: raise, deliver, lower. The end of one is where the next one was kept back until then, so while schedules
 * are explored that is a step as behind a region: whoever queues it meanwhile comes before or after what the first one did last.
 */
VOID
KiDeliverKernelApcs(VOID)
{
    while (KiPendingApcWaits(KiThread())) {
        KiPcr()->Irql = APC_LEVEL;
        KiDeliverApc(KernelMode, NULL);
        KiPcr()->Irql = PASSIVE_LEVEL;
        if (Machine->explore) {
            KiCheckKernelApcs();
        }
    }
}

/*
 * They may run from now on: the IRQL was lowered, a region left. While schedules are explored that is a step as it is where one interrupts its thread
 * (explore.c, E4): the same APC may have been queued before what kept it back came to its end, or behind that.
 */
VOID
KiCheckKernelApcs(VOID)
{
    PKTHREAD Thread = KiThread();

    if (KiIrql() >= APC_LEVEL || Thread == KiPrcb()->IdleThread) {
        return;
    }
    while (Machine->explore && KiPendingApcWaits(Thread)) {
        KiSchedulePoint(SP_DELIVER_APC, Thread);
    }
    KiDeliverKernelApcs();
}

/*
 * The way out to user mode, at PASSIVE_LEVEL: all kernel APCs, then user APCs until one has been put into Frame (then
 * TRUE) or none may be delivered.
 */
BOOLEAN
KiDeliverUserApcs(PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    BOOLEAN Delivered = FALSE;

    for (;;) {
        if (Thread->ApcState.KernelApcPending) {
            KiCheckKernelApcs();
        }
        if (Delivered || Thread->ApcState.UserApcPending == 0 || Thread->SpecialApcDisable != 0) {
            return Delivered;
        }
        if (IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
            Thread->ApcState.UserApcPending = 0;
            return FALSE;
        }
        KiPcr()->Irql = APC_LEVEL;
        Delivered = KiDeliverApc(UserMode, Frame);
        KiPcr()->Irql = PASSIVE_LEVEL;
    }
}

BOOLEAN
KiTestAlertThread(KPROCESSOR_MODE Mode)
{
    PKTHREAD Thread = KiThread();
    BOOLEAN Alerted = Thread->Alerted[(int)Mode];

    Thread->Alerted[(int)Mode] = FALSE;
    if (!Alerted && Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        Thread->ApcState.UserApcPending |= KI_USER_APC_PENDING;
    }
    return Alerted;
}

BOOLEAN NTAPI
KeTestAlertThread(KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockDispatcher(SP_DELIVER_APC, (PVOID)((ULONG_PTR)KiThread() | 1));
    BOOLEAN Alerted = KiTestAlertThread(Mode);

    KiUnlockDispatcher(OldIrql, FALSE);
    return Alerted;
}

ULONG
KiAlertThread(PKTHREAD Thread, KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockDispatcher(SP_QUEUE_APC, Thread);
    BOOLEAN Previous = Thread->Alerted[(int)Mode];

    if (!Previous) {
        if (Thread->State == Waiting && Thread->Alertable && Mode <= Thread->WaitMode) {
            KiUnwaitThread(Thread, STATUS_ALERTED, 2);
        } else {
            Thread->Alerted[(int)Mode] = TRUE;
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

static VOID
KiFlushQueue(PKTHREAD Thread, PLIST_ENTRY Head)
{
    while (!IsListEmpty(Head)) {
        PKAPC Apc = CONTAINING_RECORD(RemoveHeadList(Head), KAPC, ApcListEntry);
        PKI_RUNDOWN_ROUTINE Rundown = *(PKI_RUNDOWN_ROUTINE *)&Apc->RundownRoutine;

        Apc->Inserted = FALSE;
        if (Rundown != NULL) {
            Rundown(Apc);
        } else if (Apc->ApcMode == UserMode) {
            ExFreePool(Apc);
        }
    }
}

/* P5. What is left afterwards, a kernel APC or an open region, is the driver's mistake. */
VOID
KiRundownApcs(PKTHREAD Thread)
{
    PLIST_ENTRY Kernel = &Thread->ApcState.ApcListHead[KernelMode];

    KiCloseOpenedPoint(Thread);
    KiEnterRegion(Thread, KI_CRITICAL, __builtin_return_address(0), NULL);
    KiForceResumeThread(Thread, TRUE);
    KiLeaveRegion(Thread, KI_CRITICAL, NULL);
    KiFlushQueue(Thread, &Thread->ApcState.ApcListHead[UserMode]);
    Thread->ApcState.UserApcPending = 0;
    KiCheckKernelApcs();
    if (!IsListEmpty(Kernel) || Thread->CombinedApcDisable != 0) {
        PVOID Apc =
            IsListEmpty(Kernel) ? NULL : CONTAINING_RECORD(Kernel->Flink, KAPC, ApcListEntry);

        KeBugCheckEx(0x20 /* KERNEL_APC_PENDING_DURING_EXIT */, (ULONG_PTR)Apc,
                     KiApcDisableCount(Thread), KiIrql(), 0);
    }
}
