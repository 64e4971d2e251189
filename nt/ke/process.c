/*
 * process.c - processes as the dispatcher knows them, and attaching to their address space.
 *
 *   A1  While attached, ApcState belongs to the process attached to and SavedApcState to the thread's own,
 *       or to where the attach began (nested attaches save into the caller's KAPC_STATE).
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
    KiMoveApcState(&Thread->ApcState, Save);
    InitializeListHead(&Thread->ApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->ApcState.ApcListHead[UserMode]);
    Thread->ApcState.KernelApcInProgress = FALSE;
    Thread->ApcState.KernelApcPending = FALSE;
    Thread->ApcState.UserApcPending = FALSE;
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
        Thread->ApcStatePointer[0] = &Thread->ApcState;
        Thread->ApcStatePointer[1] = &Thread->SavedApcState;
        Thread->ApcStateIndex = OriginalApcEnvironment;
    }
    KiEnterProcess(Thread, Thread->ApcState.Process);
    if (!IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode])) {
        Thread->ApcState.KernelApcPending = TRUE;
    }
}

static VOID
KiCheckAttach(PKTHREAD Thread, PKPROCESS Process)
{
    if (KiPrcb()->DpcRoutineActive) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                     (ULONG_PTR)Thread->ApcState.Process, Thread->ApcStateIndex, TRUE);
    }
}

VOID NTAPI
KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE ApcState)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    KiCheckAttach(Thread, Process);
    if (Thread->ApcState.Process == Process) {
        ApcState->Process = (PKPROCESS)1; /* nothing to undo */
        return;
    }
    OldIrql = KiLockDispatcher(SP_OBJECT, Process);
    if (Thread->ApcStateIndex != OriginalApcEnvironment) {
        KiAttach(Thread, Process, ApcState);
    } else {
        KiAttach(Thread, Process, &Thread->SavedApcState);
        ApcState->Process = NULL;
    }
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID NTAPI
KeUnstackDetachProcess(PKAPC_STATE ApcState)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    if (ApcState->Process == (PKPROCESS)1) {
        return;
    }
    DRIVER_REQUIRE(Thread->ApcStateIndex != OriginalApcEnvironment &&
                       !Thread->ApcState.KernelApcInProgress &&
                       IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode]) &&
                       IsListEmpty(&Thread->ApcState.ApcListHead[UserMode]),
                   INVALID_PROCESS_DETACH_ATTEMPT, 0, 0, 0, 0);
    OldIrql = KiLockDispatcher(SP_OBJECT, Thread->ApcState.Process);
    KiDetach(Thread, ApcState->Process != NULL ? ApcState : &Thread->SavedApcState);
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID NTAPI
KeAttachProcess(PKPROCESS Process)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    KiCheckAttach(Thread, Process);
    if (Thread->ApcState.Process == Process) {
        return;
    }
    if (Thread->ApcStateIndex != OriginalApcEnvironment) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                     (ULONG_PTR)Thread->ApcState.Process, Thread->ApcStateIndex,
                     KiPrcb()->DpcRoutineActive);
    }
    OldIrql = KiLockDispatcher(SP_OBJECT, Process);
    KiAttach(Thread, Process, &Thread->SavedApcState);
    KiUnlockDispatcher(OldIrql, FALSE);
}

VOID NTAPI
KeDetachProcess(VOID)
{
    PKTHREAD Thread = KiThread();
    KIRQL OldIrql;

    if (Thread->ApcStateIndex == OriginalApcEnvironment) {
        return;
    }
    OldIrql = KiLockDispatcher(SP_OBJECT, Thread->ApcState.Process);
    KiDetach(Thread, &Thread->SavedApcState);
    KiUnlockDispatcher(OldIrql, FALSE);
}
