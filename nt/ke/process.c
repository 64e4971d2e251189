/*
 * process.c - processes as the dispatcher knows them, and attaching to their address space.
 *
 *   A1  While attached, ApcState belongs to the process attached to and SavedApcState to the thread's own,
 *       or to where the attach began (nested attaches save into the caller's KAPC_STATE).
 *   A2  APCs that are queued for the process attached to are delivered or removed before the thread leaves it.
 *   A3  An APC that was queued for the attached environment of a thread that is not attached waits in SavedApcState;
 *       the next attach takes it along.
 * Source: nt-semantics 1.2, 2.3, 5.1.
 */
#include "nt/ke/ki.h"

VOID
KiInitializeProcess(PKPROCESS Process, KPRIORITY BasePriority, KAFFINITY Affinity, ULONG64 Slice)
{
    Process->Header.Type = KiObjProcess;
    Process->Header.Size = sizeof(KPROCESS) / sizeof(ULONG);
    InitializeListHead(&Process->Header.WaitListHead);
    InitializeListHead(&Process->ProfileListHead);
    InitializeListHead(&Process->ThreadListHead);
    Process->BasePriority = (SCHAR)BasePriority;
    Process->Affinity = Affinity;
    Process->Slice = Slice;
    Process->DirectoryTableBase = (Slice << 12) | 1;
}

VOID
KiSignalProcess(PKPROCESS Process)
{
    KIRQL OldIrql = KiLockDispatcher(SP_EXIT_THREAD, Process);

    Process->Header.SignalState = 1;
    KiWaitTest(&Process->Header, 0);
    KiUnlockDispatcher(OldIrql, FALSE);
}

static VOID
KiMoveApcState(PKAPC_STATE From, PKAPC_STATE To)
{
    /* Not the whole structure: in a KTHREAD other fields lie in its tail. */
    RtlCopyMemory(To, From, KAPC_STATE_ACTUAL_LENGTH);
    for (ULONG Mode = 0; Mode < 2; Mode++) {
        if (IsListEmpty(&From->ApcListHead[Mode])) {
            InitializeListHead(&To->ApcListHead[Mode]);
        } else {
            To->ApcListHead[Mode].Flink->Blink = &To->ApcListHead[Mode];
            To->ApcListHead[Mode].Blink->Flink = &To->ApcListHead[Mode];
        }
    }
}

static VOID
KiEnterProcess(PKTHREAD Thread, PKPROCESS Process)
{
    Thread->ApcState.Process = Process;
    KiLoadProcessor(KiPrcb()->Number);
}

static VOID
KiAttach(PKTHREAD Thread, PKPROCESS Process, PKAPC_STATE Save)
{
    KAPC_STATE Early; /* A3 */

    InitializeListHead(&Early.ApcListHead[KernelMode]);
    InitializeListHead(&Early.ApcListHead[UserMode]);
    Early.UserApcPending = 0;
    if (Save == &Thread->SavedApcState) {
        KiMoveApcState(&Thread->SavedApcState, &Early);
    }
    KiMoveApcState(&Thread->ApcState, Save);
    KiMoveApcState(&Early, &Thread->ApcState);
    Thread->ApcState.KernelApcInProgress = FALSE;
    Thread->ApcState.KernelApcPending = !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode]);
    if (Save == &Thread->SavedApcState) {
        Thread->ApcStatePointer[0] = &Thread->SavedApcState;
        Thread->ApcStatePointer[1] = &Thread->ApcState;
        Thread->ApcStateIndex = AttachedApcEnvironment;
    }
    KiEnterProcess(Thread, Process);
}

static VOID
KiDetach(PKTHREAD Thread, PKAPC_STATE Saved)
{
    KiMoveApcState(Saved, &Thread->ApcState);
    if (Saved == &Thread->SavedApcState) {
        InitializeListHead(&Thread->SavedApcState.ApcListHead[KernelMode]);
        InitializeListHead(&Thread->SavedApcState.ApcListHead[UserMode]);
        Thread->SavedApcState.UserApcPending = 0;
        Thread->ApcStatePointer[0] = &Thread->ApcState;
        Thread->ApcStatePointer[1] = &Thread->SavedApcState;
        Thread->ApcStateIndex = OriginalApcEnvironment;
    }
    KiEnterProcess(Thread, Thread->ApcState.Process);
    Thread->ApcState.KernelApcPending = !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode]);
}

/* [BC:5]: the target, or where the thread comes from if it is attached already; where it is now. */
static DECLSPEC_NORETURN VOID
KiBadAttach(PKTHREAD Thread, PKPROCESS Process)
{
    if (Thread->ApcStateIndex != OriginalApcEnvironment) {
        Process = Thread->Process;
    }
    KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                 (ULONG_PTR)Thread->ApcState.Process, Thread->ApcStateIndex,
                 KiPrcb()->DpcRoutineActive);
}

VOID NTAPI
KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE ApcState)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    if (KiPrcb()->DpcRoutineActive) {
        KiBadAttach(Thread, Process);
    }
    if (Thread->ApcState.Process == Process) {
        ApcState->Process = (PKPROCESS)1; /* nothing to undo */
        return;
    }
    OldIrql = KiLockDispatcher(SP_REFERENCE, Process);
    if (Thread->ApcStateIndex != OriginalApcEnvironment) {
        KiAttach(Thread, Process, ApcState);
    } else {
        KiAttach(Thread, Process, &Thread->SavedApcState);
        ApcState->Process = NULL;
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}

/* Back to what Saved says (NULL: the thread's own process). A2: bugcheck 6 if APCs are left behind. */
static VOID
KiLeaveProcess(PKTHREAD Thread, PKAPC_STATE Saved)
{
    KIRQL OldIrql = KiLockDispatcher(SP_REFERENCE, Thread->ApcState.Process);

    if (Thread->ApcState.KernelApcPending && OldIrql == PASSIVE_LEVEL) {
        KiPcr()->Irql = OldIrql;
        KiCheckKernelApcs();
        KiPcr()->Irql = DISPATCH_LEVEL;
    }
    if (Thread->ApcStateIndex == OriginalApcEnvironment || Thread->ApcState.KernelApcInProgress ||
        !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode]) ||
        !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode])) {
        KeBugCheckEx(INVALID_PROCESS_DETACH_ATTEMPT, 0, 0, 0, 0);
    }
    KiDetach(Thread, Saved != NULL ? Saved : &Thread->SavedApcState);
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID NTAPI
KeUnstackDetachProcess(PKAPC_STATE ApcState)
{
    if (ApcState->Process != (PKPROCESS)1) {
        KiLeaveProcess(KiThread(), ApcState->Process != NULL ? ApcState : NULL);
    }
}

VOID NTAPI
KeAttachProcess(PKPROCESS Process)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    if (KiPrcb()->DpcRoutineActive) {
        KiBadAttach(Thread, Process);
    }
    if (Thread->ApcState.Process == Process) {
        return;
    }
    if (Thread->ApcStateIndex != OriginalApcEnvironment) {
        KiBadAttach(Thread, Process);
    }
    OldIrql = KiLockDispatcher(SP_REFERENCE, Process);
    KiAttach(Thread, Process, &Thread->SavedApcState);
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID NTAPI
KeDetachProcess(VOID)
{
    if (KiThread()->ApcStateIndex != OriginalApcEnvironment) {
        KiLeaveProcess(KiThread(), NULL);
    }
}
