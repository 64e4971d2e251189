/*
 * work.c - work items on system worker threads.
 *
 * Three queues (critical, delayed, hyper-critical), each a KQUEUE with threads of its own:
 *
 *   W1  A queue has all threads that it may have from the beginning, so that an item that waits for a later one does not hang the
 *       system, and a later one's way does not depend on whether an earlier one has returned, which is no step: another thread
 *       that is made only when all are inside of items would tell.
 *   W2  An item belongs to its owner again before its routine runs: the routine may free or requeue it.
 *       So the list entry is cleared first, and routine and parameter are read before.
 *   W3  Between items a worker is at PASSIVE_LEVEL, with APCs enabled, owns no mutex and impersonates
 *       nobody. A routine that returns otherwise is bugcheck 0xE1, 0x1, 0x39, 0xDF.
 *   W4  An item that was handed to a worker is still the queue's: to look at it is a step, and whoever frees it or
 *       queues it once more may come before that.
 *
 * Facts: the DDI pages of ExQueueWorkItem and IoQueueWorkItem, bug checks 0x1, 0x39, 0xDF, 0xE1, 0xE4.
 */
#include "exp.h"
#include "nt/inc/left.h"
#include "nt/inc/life.h"
#include "nt/inc/visit.h"

#define EXP_WORKERS 16

static ULONG
ExpQueueIndex(WORK_QUEUE_TYPE Type)
{
    switch ((ULONG)Type) {
    case CriticalWorkQueue:
    case SuperCriticalWorkQueue:
    case RealTimeWorkQueue:
        return 0;
    case HyperCriticalWorkQueue:
        return 2;
    default: /* delayed, normal, background, CustomPriorityWorkQueue + n */
        return 1;
    }
}

static VOID
ExpCheckReturn(PWORKER_THREAD_ROUTINE Routine, PVOID Parameter, PWORK_QUEUE_ITEM Item)
{
    PKTHREAD Thread = KiThread();

    if (KiIrql() != PASSIVE_LEVEL) {
        KeBugCheckEx(WORKER_THREAD_RETURNED_AT_BAD_IRQL, (ULONG_PTR)Routine, KiIrql(),
                     (ULONG_PTR)Parameter, (ULONG_PTR)Item);
    }
    if (Thread->CombinedApcDisable != 0) {
        if (!IsListEmpty(&Thread->MutantListHead)) {
            KeBugCheckEx(SYSTEM_EXIT_OWNED_MUTEX, (ULONG_PTR)Routine, (ULONG_PTR)Parameter,
                         (ULONG_PTR)Item, 0);
        }
        KeBugCheckEx(APC_INDEX_MISMATCH, (ULONG_PTR)Routine, Thread->ApcStateIndex,
                     Thread->CombinedApcDisable, 1);
    }
    if (!IsListEmpty(&Thread->MutantListHead)) {
        KeBugCheckEx(SYSTEM_EXIT_OWNED_MUTEX, (ULONG_PTR)Routine, (ULONG_PTR)Parameter,
                     (ULONG_PTR)Item, 0);
    }
    if (Thread->ApcStateIndex != 0) {
        KeBugCheckEx(APC_INDEX_MISMATCH, (ULONG_PTR)Routine, Thread->ApcStateIndex,
                     Thread->CombinedApcDisable, 1);
    }
    if (((PETHREAD)Thread)->ImpersonationToken != NULL) {
        KeBugCheckEx(0xDF /* IMPERSONATING_WORKER_THREAD; bugcodes.h is wrong */,
                     (ULONG_PTR)Routine, (ULONG_PTR)Parameter, (ULONG_PTR)Item, 0);
    }
}

static BOOLEAN
ExpIsOwnCode(PWORKER_THREAD_ROUTINE Routine)
{
    return (ULONG64)Routine - ABI_IMAGE_BASE < ABI_IMAGE_WINDOW;
}

static VOID NTAPI
ExpWorkerThread(PVOID Context)
{
    EXP_AT_WORK *AtWork = Context;
    PKQUEUE Queue = AtWork->Queue;

    PspCurrentThread()->ActiveExWorker = PspCurrentThread()->OwnCode = TRUE;
    KeSetPriorityThread(KiThread(), Queue == &ExpWorkQueue[1]   ? 12
                                    : Queue == &ExpWorkQueue[0] ? 13
                                                                : 15);
    for (;;) {
        PLIST_ENTRY Entry = KeRemoveQueue(Queue, KernelMode, NULL);
        PWORK_QUEUE_ITEM Item = CONTAINING_RECORD(Entry, WORK_QUEUE_ITEM, List);
        PWORKER_THREAD_ROUTINE Routine;
        PVOID Parameter;

        KiLooksAt(Item); /* W4 */
        Routine = Item->WorkerRoutine;
        Parameter = (PVOID)Item->Parameter;
        Item->List.Flink = NULL; /* W2 */
        PspCurrentThread()->OwnCode = ExpIsOwnCode(Routine);
        AtWork->Item = Item;
        AtWork->Routine = (PVOID)Routine;
        if (VfCall == NULL) {
            Routine(Parameter);
        } else {
            VF_CALL(VOID, VfWorkItem, Routine, Parameter, 0, 0, 0);
        }
        KiLeaveDriver((PVOID)Routine);
        AtWork->Routine = NULL;
        PspCurrentThread()->OwnCode = TRUE;
        ExpCheckReturn(Routine, Parameter, Item);
    }
}

static VOID
ExpAddWorker(PKQUEUE Queue)
{
    EXP_AT_WORK *AtWork = ExpAllocate(sizeof(*AtWork), 'kroW');
    PETHREAD Thread;
    NTSTATUS Status;

    AtWork->Queue = Queue;
    AtWork->Routine = NULL;
    InsertTailList(&ExpAtWork, &AtWork->Links);
    Status = PspCreateSystemThread(ExpWorkerThread, AtWork, &Thread);
    ASSERT(NT_SUCCESS(Status));
    ObDereferenceObject(Thread);
}

VOID NTAPI
ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
    PKQUEUE Queue = &ExpWorkQueue[ExpQueueIndex(QueueType)];

    ASSERT(ExpWorkersReady);
    if (WorkItem->List.Flink != NULL) {
        PVOID Base = NULL;
        SIZE_T Bytes = 0;
        ULONG Tag;
        BOOLEAN Freed;

        ExpFindPoolBlock(WorkItem, &Base, &Bytes, &Tag, &Freed);
        KeBugCheckEx(WORKER_INVALID, 1, (ULONG_PTR)WorkItem, (ULONG_PTR)Base,
                     (ULONG_PTR)Base + Bytes);
    }
    KiNoteQueued(WorkItem, __builtin_return_address(0));
    KeInsertQueue(Queue, &WorkItem->List);
}

VOID
ExpListAtWork(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY At = ExpAtWork.Flink; At != &ExpAtWork; At = At->Flink) {
        EXP_AT_WORK *AtWork = CONTAINING_RECORD(At, EXP_AT_WORK, Links);

        Say(Context, "a work item that has begun", AtWork->Item, AtWork->Routine);
    }
}

/* The one that is queued behind Item; NULL: from the first on, and past the last. */
PWORK_QUEUE_ITEM
ExpNextWorkItem(PWORK_QUEUE_ITEM Item)
{
    BOOLEAN Found = Item == NULL;

    for (ULONG i = 0; i < RTL_NUMBER_OF(ExpWorkQueue); i++) {
        PLIST_ENTRY Head = &ExpWorkQueue[i].EntryListHead;

        for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
            if (Found) {
                return CONTAINING_RECORD(At, WORK_QUEUE_ITEM, List);
            }
            Found = At == &Item->List;
        }
    }
    return NULL;
}

VOID
ExpInitializeWorkers(VOID)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(ExpWorkQueue); i++) {
        KeInitializeQueue(&ExpWorkQueue[i], 0);
        for (ULONG n = 0; n < EXP_WORKERS; n++) {
            ExpAddWorker(&ExpWorkQueue[i]);
        }
    }
    ExpWorkersReady = TRUE;
}
