/*
 * queue.c - KQUEUE: a list of entries and a pool of threads, at most MaximumCount of them running.
 *
 *   Q1  An entry is in the list only while no waiter may run.
 *   Q2  CurrentCount counts the queue's threads that do not wait (for the queue or anything else).
 *   Q3  A worker of the system's own that comes back goes behind the others while schedules are explored, so that the next item
 *       goes to one that has done nothing yet: that a worker has come back is no step (explore.c, E3), so who takes an item must not
 *       follow from it.
 *   Q4  An item that was handed to a worker of the system's own is queued until that looks at it (nt/ex/work.c, W4): its entry has a link.
 * A thread belongs to the queue it waited for last; the entry comes back as its wait status. From Windows 7 on a
 * queue that has been run down (Header.Abandoned) ends every wait for it with STATUS_ABANDONED.
 * Source: public documentation of KeInitializeQueue, KeInsertQueue, KeRemoveQueue, KeRundownQueue.
 */
#include "nt/ke/ki.h"

VOID NTAPI
KeInitializeQueue(PRKQUEUE Queue, ULONG Count)
{
    Queue->Header.Lock = 0; /* Abandoned too */
    Queue->Header.Type = KiObjQueue;
    Queue->Header.Size = sizeof(KQUEUE) / sizeof(ULONG);
    Queue->Header.SignalState = 0;
    InitializeListHead(&Queue->Header.WaitListHead);
    InitializeListHead(&Queue->EntryListHead);
    InitializeListHead(&Queue->ThreadListHead);
    Queue->CurrentCount = 0;
    Queue->MaximumCount = Count != 0 ? Count : KiProcessorCount;
}

LONG NTAPI
KeReadStateQueue(PRKQUEUE Queue)
{
    KiSchedulePoint(SP_READ_STATE, Queue);
    return Queue->Header.SignalState;
}

/* Gives the first entry to a waiter: newest waiter first, as its stack is warm. */
static BOOLEAN
KiHandOver(PKQUEUE Queue, PLIST_ENTRY Entry)
{
    PKI_WAIT_BLOCK Block;
    PKTHREAD Thread;

    if (IsListEmpty(&Queue->Header.WaitListHead) || Queue->CurrentCount >= Queue->MaximumCount) {
        return FALSE;
    }
    Block = CONTAINING_RECORD(Queue->Header.WaitListHead.Blink, KI_WAIT_BLOCK, WaitListEntry);
    Thread = Block->Thread;
    if (((PETHREAD)Thread)->ActiveExWorker) {
        Entry->Flink = Entry; /* Q4 */
        Thread->ByItself = KiIsByItself();
    }
    KiUnwaitThread(Thread, (LONG_PTR)Entry, 0);
    return TRUE;
}

VOID
KiQueueThreadWaits(PKQUEUE Queue)
{
    Queue->CurrentCount--; /* Q2 */
    if (!IsListEmpty(&Queue->EntryListHead) && !IsListEmpty(&Queue->Header.WaitListHead) &&
        Queue->CurrentCount < Queue->MaximumCount) {
        PLIST_ENTRY Entry = RemoveHeadList(&Queue->EntryListHead);

        Entry->Flink = NULL;
        Queue->Header.SignalState--;
        if (!KiHandOver(Queue, Entry)) {
            InsertHeadList(&Queue->EntryListHead, Entry);
            Queue->Header.SignalState++;
        }
    }
}

static LONG
KiInsertQueue(PKQUEUE Queue, PLIST_ENTRY Entry, BOOLEAN Head)
{
    LONG Previous;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_INSERT_QUEUE, Queue);
    Previous = Queue->Header.SignalState;
    Entry->Flink = NULL;
    if (!KiHandOver(Queue, Entry)) {
        Queue->Header.SignalState++;
        if (Head) {
            InsertHeadList(&Queue->EntryListHead, Entry);
        } else {
            InsertTailList(&Queue->EntryListHead, Entry);
        }
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

LONG NTAPI
KeInsertQueue(PRKQUEUE Queue, PLIST_ENTRY Entry)
{
    return KiInsertQueue(Queue, Entry, FALSE);
}

LONG NTAPI
KeInsertHeadQueue(PRKQUEUE Queue, PLIST_ENTRY Entry)
{
    return KiInsertQueue(Queue, Entry, TRUE);
}

/* A thread that wants an entry now would wait. */
BOOLEAN
KiIsQueueEmpty(PKQUEUE Queue)
{
    return !Queue->Header.Abandoned &&
           (IsListEmpty(&Queue->EntryListHead) || Queue->CurrentCount >= Queue->MaximumCount);
}

/*
 * PKI_WOULD_WAIT: KeRemoveQueue, while schedules are explored. Threads of the pool that stand in front of it count as
 * waiting already.
 */
BOOLEAN
KiQueueWouldBlock(const volatile VOID *Object, ULONG_PTR Context)
{
    PKQUEUE Queue = (PKQUEUE)Object;
    PKI_PENDING_WAIT Wait = (PKI_PENDING_WAIT)Context;
    ULONG Running = Queue->CurrentCount;

    if (Wait->Timed || Queue->Header.Abandoned || KiWaitEnds(Wait)) {
        return FALSE;
    }
    for (ULONG64 Set = KiBusy; Set != 0; Set &= Set - 1) { /* on others nobody stands */
        PKPRCB Prcb = &KiProcessor[__builtin_ctzll(Set)]->Prcb;

        Running -= Prcb->PendingOperation == SP_REMOVE_QUEUE && Prcb->PendingObject == Queue &&
                   Prcb->CurrentThread->Queue == Queue;
    }
    if (KiFewProcessors) {
        Running -= KiCountDisplaced(SP_REMOVE_QUEUE, Queue);
    }
    return IsListEmpty(&Queue->EntryListHead) || Running >= Queue->MaximumCount;
}

/* Waits for one entry. Returns it, or a status (TIMEOUT, USER_APC, ALERTED, ABANDONED) as a pointer. */
static PLIST_ENTRY
KiRemoveOne(PKQUEUE Queue, PKI_PENDING_WAIT Wait, PLARGE_INTEGER Timeout, KIRQL OldIrql)
{
    PKTHREAD Thread = Wait->Thread;
    PKI_WAIT_BLOCK Block = &Thread->WaitBlock[0];
    PLIST_ENTRY Entry;
    LONG_PTR Status;
    ULONG64 Deadline = 0;

    if (Timeout != NULL && Timeout->QuadPart < 0) {
        Deadline = KiQueryInterruptTime() - Timeout->QuadPart;
    }
    for (;;) {
        if (Thread->ApcState.KernelApcPending && OldIrql == PASSIVE_LEVEL) {
            Queue->CurrentCount++;   /* it runs, and may wait: Q2 */
            KiPcr()->Irql = OldIrql; /* as every wait: what is pending is delivered first */
            KiDeliverKernelApcs();
            KiPcr()->Irql = DISPATCH_LEVEL;
            Queue->CurrentCount--;
        }
        if (Queue->Header.Abandoned) {
            Queue->CurrentCount++;
            return (PLIST_ENTRY)STATUS_ABANDONED;
        }
        if (!KiIsQueueEmpty(Queue) || (Machine->explore && !IsListEmpty(&Queue->EntryListHead))) {
            Queue->Header.SignalState--;
            Queue->CurrentCount++;
            Entry = RemoveHeadList(&Queue->EntryListHead);
            Entry->Flink = NULL;
            Thread->ByItself = FALSE;
            return Entry;
        }
        Status = KiTestPending(Thread, Wait->Mode, Wait->Alertable);
        if (Status == STATUS_WAIT_0 && Timeout != NULL &&
            (Timeout->QuadPart == 0 ||
             (Timeout->QuadPart < 0 && Deadline <= KiQueryInterruptTime()) ||
             (Timeout->QuadPart > 0 && (ULONG64)Timeout->QuadPart <= KiQuerySystemTime()))) {
            Status = STATUS_TIMEOUT;
        }
        if (Status == STATUS_WAIT_0 && Timeout != NULL && Machine->explore && !KiTimersOver) {
            KiNoteMove(Thread);
            KiNoteTimeOut(Wait);
            KiAdvanceClock(Timeout->QuadPart < 0 ? Deadline : Timeout->QuadPart - KiBootTime);
            Status = STATUS_TIMEOUT; /* as every wait (wait.c, W6) */
        }
        if (Status != STATUS_WAIT_0) {
            Queue->CurrentCount++;
            return (PLIST_ENTRY)Status;
        }
        Block->Thread = Thread;
        Block->Object = Queue;
        Block->WaitKey = 0;
        Block->WaitType = WaitAny;
        Thread->WaitBlockList = Block;
        Thread->WaitObjectCount = 1;
        if (Machine->explore && ((PETHREAD)Thread)->ActiveExWorker) { /* Q3 */
            InsertHeadList(&Queue->Header.WaitListHead, &Block->WaitListEntry);
        } else {
            InsertTailList(&Queue->Header.WaitListHead, &Block->WaitListEntry);
        }
        if (Timeout != NULL) {
            LARGE_INTEGER Due = *Timeout;

            if (Due.QuadPart < 0) {
                Due.QuadPart = -(LONGLONG)(Deadline - Machine->time_100ns);
            }
            Thread->TimerActive = 1;
            KiInsertTimer(&Thread->Timer, Due, 0);
        }
        Thread->WaitIrql = OldIrql;
        Thread->WaitMode = Wait->Mode;
        Thread->WaitReason = WrQueue;
        Thread->Alertable = Wait->Alertable;
        Thread->State = Waiting;
        Status = KiSwapThread();
        if (Status != STATUS_KERNEL_APC) {
            return (PLIST_ENTRY)Status; /* KiUnwaitThread has counted this thread in */
        }
        Queue->CurrentCount--;
    }
}

/*
 * The current thread joins the queue's pool, as one that waits. One that has been run down has none any more: its owner may initialize it
 * again, which knows of no thread. DISPATCH_LEVEL.
 */
static VOID
KiJoinQueue(PKQUEUE Queue)
{
    PKTHREAD Thread = KiThread();
    PKQUEUE Old = Thread->Queue;

    if (Old == Queue || Queue->Header.Abandoned) {
        Queue->CurrentCount--;
        return;
    }
    if (Old != NULL) {
        RemoveEntryList(&Thread->QueueListEntry);
        Thread->Queue = NULL;
        KiQueueThreadWaits(Old);
    }
    Thread->Queue = Queue;
    InsertTailList(&Queue->ThreadListHead, &Thread->QueueListEntry);
}

PLIST_ENTRY NTAPI
KeRemoveQueue(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout)
{
    KI_PENDING_WAIT Wait = {.Mode = WaitMode, .Thread = KiThread(), .Count = 1};
    struct abi_trap Registers;
    PLIST_ENTRY Entry;
    KIRQL OldIrql;

    KiPrepareTimeOut(&Wait, Timeout, &Registers);
    OldIrql = KiLockDispatcherToWait(SP_REMOVE_QUEUE, Queue, KiQueueWouldBlock, (ULONG_PTR)&Wait);
    KiJoinQueue(Queue);
    Entry = KiRemoveOne(Queue, &Wait, Timeout, OldIrql);
    KiExitDispatcher(OldIrql);
    return Entry;
}

/* Several entries at once: how many were stored, or a wait status in place of the first. */
ULONG NTAPI
KeRemoveQueueEx(PKQUEUE Queue, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                PLIST_ENTRY *EntryArray, ULONG Count)
{
    KI_PENDING_WAIT Wait = {
        .Mode = WaitMode, .Alertable = Alertable, .Thread = KiThread(), .Count = 1};
    struct abi_trap Registers;
    ULONG Taken = 1;
    KIRQL OldIrql;

    KiPrepareTimeOut(&Wait, Timeout, &Registers);
    OldIrql = KiLockDispatcherToWait(SP_REMOVE_QUEUE, Queue, KiQueueWouldBlock, (ULONG_PTR)&Wait);
    KiJoinQueue(Queue);
    EntryArray[0] = KiRemoveOne(Queue, &Wait, Timeout, OldIrql);
    if ((ULONG64)EntryArray[0] > 0xFFFF) {
        while (Taken < Count && !IsListEmpty(&Queue->EntryListHead)) {
            Queue->Header.SignalState--;
            EntryArray[Taken] = RemoveHeadList(&Queue->EntryListHead);
            EntryArray[Taken++]->Flink = NULL;
        }
    }
    KiExitDispatcher(OldIrql);
    return Taken;
}

PLIST_ENTRY NTAPI
KeRundownQueue(PRKQUEUE Queue)
{
    PLIST_ENTRY First = NULL;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_REMOVE_QUEUE, Queue);
    if (!IsListEmpty(&Queue->EntryListHead)) {
        First = Queue->EntryListHead.Flink;
        RemoveEntryList(&Queue->EntryListHead);
        InitializeListHead(&Queue->EntryListHead);
    }
    Queue->Header.SignalState = 0;
    if (KiVersion->QueueRundownWakes) {
        Queue->Header.Abandoned = TRUE;
        while (!IsListEmpty(&Queue->Header.WaitListHead)) {
            KiUnwaitThread(
                CONTAINING_RECORD(Queue->Header.WaitListHead.Flink, KI_WAIT_BLOCK, WaitListEntry)
                    ->Thread,
                STATUS_ABANDONED, 0);
        }
    }
    while (!IsListEmpty(&Queue->ThreadListHead)) {
        PKTHREAD Thread =
            CONTAINING_RECORD(RemoveHeadList(&Queue->ThreadListHead), KTHREAD, QueueListEntry);

        Thread->Queue = NULL;
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return First;
}
