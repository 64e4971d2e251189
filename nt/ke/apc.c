/*
 * apc.c - asynchronous procedure calls: initialise, queue, remove, deliver.
 *
 * Each thread has two queues for the process it is in, and two saved ones while it is attached:
 *     kernel queue    special ones first, then normal ones, each in order of insertion
 *     user queue      in order of insertion; the termination APC goes to the head
 *
 *   P1  A special kernel APC runs below APC_LEVEL outside guarded regions; a normal one also needs to be
 *       outside critical regions, and no kernel APC in progress.
 *   P2  KernelApcPending means: look at the kernel queue as soon as P1 may hold.
 *   P3  A waiting thread is woken for a kernel APC only if P1 holds for it now; wait.c waits again.
 *   P4  User APCs are delivered one at a time on the way out to user mode (UserApcPending).
 * Source: nt-semantics 1.1 to 1.4.
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

static PKI_NORMAL_ROUTINE
KiNormalRoutine(PKAPC Apc)
{
    return *(PKI_NORMAL_ROUTINE *)&Apc->NormalRoutine;
}

static BOOLEAN
KiKernelApcAllowed(PKTHREAD Thread, PKAPC Apc)
{
    if (Thread->SpecialApcDisable != 0) {
        return FALSE;
    }
    return KiNormalRoutine(Apc) == NULL ||
           (Thread->KernelApcDisable == 0 && !Thread->ApcState.KernelApcInProgress);
}

/* Links the APC and tells the target (P2 to P4). DISPATCH_LEVEL. */
BOOLEAN
KiInsertApcLocked(PKAPC Apc, KPRIORITY Increment)
{
    PKTHREAD Thread = Apc->Thread;
    PKAPC_STATE State;
    PLIST_ENTRY Head, Entry;

    if (Apc->ApcStateIndex == InsertApcEnvironment) {
        Apc->ApcStateIndex = Thread->ApcStateIndex;
    }
    State = Thread->ApcStatePointer[(int)Apc->ApcStateIndex];
    Head = &State->ApcListHead[(int)Apc->ApcMode];
    if (KiNormalRoutine(Apc) == NULL) {
        /* Special: behind the last special one. */
        for (Entry = Head->Blink; Entry != Head; Entry = Entry->Blink) {
            if (KiNormalRoutine(CONTAINING_RECORD(Entry, KAPC, ApcListEntry)) == NULL) {
                break;
            }
        }
        InsertHeadList(Entry, &Apc->ApcListEntry);
    } else if (Apc->ApcMode == UserMode &&
               *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine == PspExitApcKernelRoutine) {
        State->UserApcPending = TRUE;
        InsertHeadList(Head, &Apc->ApcListEntry);
    } else {
        InsertTailList(Head, &Apc->ApcListEntry);
    }
    Apc->Inserted = TRUE;
    if (Apc->ApcStateIndex != Thread->ApcStateIndex) {
        return TRUE; /* it is noticed when the thread comes back to that process */
    }
    if (Apc->ApcMode == KernelMode) {
        Thread->ApcState.KernelApcPending = TRUE;
        if (Thread->State == Running && Thread != KiThread()) {
            Machine->budget = 0; /* the APC interrupt arrives there at the next choice */
        } else if (Thread->State == Waiting && Thread->WaitIrql == PASSIVE_LEVEL &&
                   KiKernelApcAllowed(Thread, Apc)) {
            KiUnwaitThread(Thread, STATUS_KERNEL_APC, Increment); /* P3 */
        }
    } else if (Thread->State == Waiting && Thread->WaitMode == UserMode &&
               (Thread->Alertable || State->UserApcPending)) {
        State->UserApcPending = TRUE;
        KiUnwaitThread(Thread, STATUS_USER_APC, Increment);
    }
    return TRUE;
}

BOOLEAN NTAPI
KeInsertQueueApc(PKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2, KPRIORITY Increment)
{
    BOOLEAN Inserted = FALSE;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_QUEUE_APC, Apc->Thread);
    if (Apc->Thread->ApcQueueable && !Apc->Inserted) {
        Apc->SystemArgument1 = SystemArgument1;
        Apc->SystemArgument2 = SystemArgument2;
        Inserted = KiInsertApcLocked(Apc, Increment);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Inserted;
}

BOOLEAN NTAPI
KeRemoveQueueApc(PKAPC Apc)
{
    BOOLEAN Removed;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_QUEUE_APC, Apc->Thread);
    Removed = Apc->Inserted;
    if (Removed) {
        RemoveEntryList(&Apc->ApcListEntry);
        Apc->Inserted = FALSE;
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Removed;
}

static VOID
KiCheckRoutineIrql(KIRQL Expected, PKI_KERNEL_ROUTINE KernelRoutine, PKAPC Apc,
                   PKI_NORMAL_ROUTINE Normal)
{
    if (KiIrql() != Expected) {
        KeBugCheckEx(0xC8 /* IRQL_UNEXPECTED_VALUE */,
                     ((ULONG_PTR)KiIrql() << 16) | ((ULONG_PTR)Expected << 8),
                     (ULONG_PTR)KernelRoutine, (ULONG_PTR)Apc, (ULONG_PTR)Normal);
    }
}

/* Delivers the kernel queue, and with Mode UserMode one user APC into Frame. At APC_LEVEL. */
VOID
KiDeliverApc(KPROCESSOR_MODE Mode, PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    PKPROCESS Process = Thread->ApcState.Process;
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];
    PKAPC Apc;
    PKI_KERNEL_ROUTINE KernelRoutine;
    PKI_NORMAL_ROUTINE NormalRoutine;
    PVOID Context, Argument1, Argument2;

    Thread->ApcState.KernelApcPending = FALSE;
    if (Thread->SpecialApcDisable != 0) {
        Thread->ApcState.KernelApcPending = !IsListEmpty(Head);
        return;
    }
    while (!IsListEmpty(Head)) {
        Apc = CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry);
        if (!KiKernelApcAllowed(Thread, Apc)) {
            Thread->ApcState.KernelApcPending =
                Thread->KernelApcDisable != 0; /* P2: again when the region is left */
            break;
        }
        KernelRoutine = *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine;
        NormalRoutine = KiNormalRoutine(Apc);
        Context = Apc->NormalContext;
        Argument1 = Apc->SystemArgument1;
        Argument2 = Apc->SystemArgument2;
        RemoveEntryList(&Apc->ApcListEntry);
        Apc->Inserted = FALSE;
        KiTrace(EV_APC_RUN, Apc, (ULONG64)KernelRoutine, (ULONG64)NormalRoutine, 0, 0);
        KernelRoutine(Apc, &NormalRoutine, &Context, &Argument1, &Argument2);
        KiCheckRoutineIrql(APC_LEVEL, KernelRoutine, Apc, NormalRoutine);
        if (NormalRoutine != NULL) {
            Thread->ApcState.KernelApcInProgress = TRUE;
            KiPcr()->Irql = PASSIVE_LEVEL;
            NormalRoutine(Context, Argument1, Argument2);
            KiPcr()->Irql = APC_LEVEL;
            Thread->ApcState.KernelApcInProgress = FALSE;
        }
        if (Thread->ApcState.Process != Process) {
            KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                         (ULONG_PTR)Thread->ApcState.Process, Thread->ApcStateIndex,
                         KiPrcb()->DpcRoutineActive);
        }
    }
    if (Mode != UserMode || !Thread->ApcState.UserApcPending) {
        return;
    }
    Thread->ApcState.UserApcPending = FALSE;
    Head = &Thread->ApcState.ApcListHead[UserMode];
    if (IsListEmpty(Head)) {
        return;
    }
    Apc = CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry);
    KernelRoutine = *(PKI_KERNEL_ROUTINE *)&Apc->KernelRoutine;
    NormalRoutine = KiNormalRoutine(Apc);
    Context = Apc->NormalContext;
    Argument1 = Apc->SystemArgument1;
    Argument2 = Apc->SystemArgument2;
    RemoveEntryList(&Apc->ApcListEntry);
    Apc->Inserted = FALSE;
    KernelRoutine(Apc, &NormalRoutine, &Context, &Argument1, &Argument2);
    KiCheckRoutineIrql(APC_LEVEL, KernelRoutine, Apc, NormalRoutine);
    if (NormalRoutine == NULL) {
        KiTestAlertThread(UserMode);
    } else {
        KiInitializeUserApc(Frame, NormalRoutine, Context, Argument1, Argument2);
    }
}

/* Kernel APCs that may run now, at PASSIVE_LEVEL: raise, deliver, lower. */
VOID
KiCheckKernelApcs(VOID)
{
    PKTHREAD Thread = KiThread();
    PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[KernelMode];
    PKAPC Apc;

    if (KiIrql() >= APC_LEVEL || Thread == KiPrcb()->IdleThread) {
        return;
    }
    while (!IsListEmpty(Head)) {
        Apc = CONTAINING_RECORD(Head->Flink, KAPC, ApcListEntry);
        if (!KiKernelApcAllowed(Thread, Apc)) {
            Thread->ApcState.KernelApcPending = TRUE;
            return;
        }
        KiPcr()->Irql = APC_LEVEL;
        KiDeliverApc(KernelMode, NULL);
        KiPcr()->Irql = PASSIVE_LEVEL;
    }
    Thread->ApcState.KernelApcPending = FALSE;
}

BOOLEAN
KiTestAlertThread(KPROCESSOR_MODE Mode)
{
    PKTHREAD Thread = KiThread();
    BOOLEAN Alerted = Thread->Alerted[(int)Mode];

    Thread->Alerted[(int)Mode] = FALSE;
    if (!Alerted && Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        Thread->ApcState.UserApcPending = TRUE;
    }
    return Alerted;
}

BOOLEAN NTAPI
KeTestAlertThread(KPROCESSOR_MODE Mode)
{
    KIRQL OldIrql = KiLockDispatcher(SP_READ_STATE, KiThread());
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

VOID
KiRundownApcs(PKTHREAD Thread)
{
    PLIST_ENTRY Kernel = &Thread->ApcState.ApcListHead[KernelMode];

    KeEnterCriticalRegion();
    Thread->ApcQueueable = 0;
    KiForceResumeThread(Thread);
    KeLeaveCriticalRegion();
    KiFlushQueue(Thread, &Thread->ApcState.ApcListHead[UserMode]);
    KiCheckKernelApcs();
    if (!IsListEmpty(Kernel) || Thread->CombinedApcDisable != 0) {
        PVOID Apc =
            IsListEmpty(Kernel) ? NULL : CONTAINING_RECORD(Kernel->Flink, KAPC, ApcListEntry);

        KeBugCheckEx(0x20 /* KERNEL_APC_PENDING_DURING_EXIT */, (ULONG_PTR)Apc,
                     Thread->CombinedApcDisable, KiIrql(), 0);
    }
}
