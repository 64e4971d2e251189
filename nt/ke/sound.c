/*
 * sound.c - are the dispatcher's structures whole?
 *
 * For the tests of the kernel (NTLAB_SELF_CHECK; 2: in searches, too): at each schedule point of a run all processors, threads, timers,
 * DPCs, APCs and waits are gone through, and what must hold between them is asked for. A run in which something does not ends there.
 * A mistake is told of in the step that it was made in, long before anybody else sees it.
 *
 *   N1  Nothing of ours is half changed at a point (K1). What is: a thread that is on its way out of a processor stays that processor's
 *       while DPCs run.
 *   N2  What lies in a driver's memory may be gone, or hold anything: it is looked at only if it is there and has a type, and what
 *       is wrong with its lists then is ours.
 *   N3  No schedule point is passed, nothing of the run changes, and the stack is another one (record.c, V1): a run that is looked at is
 *       the same run.
 */
#include "nt/ke/ki.h"
#include "nt/inc/sound.h"

#define KI_SOUND_MOST 100000 /* entries of a list that never comes back to its head */

VOID
KiUnsound(const char *What, const volatile VOID *Object)
{
    if (KiSound.What == NULL) {
        KiSound.What = What;
        KiSound.Object = Object;
    }
}

static BOOLEAN
KiIsLinked(const LIST_ENTRY *Entry)
{
    return MmIsAddressValid(Entry->Flink) && MmIsAddressValid(Entry->Blink) &&
           Entry->Flink->Blink == Entry && Entry->Blink->Flink == Entry;
}

/* N2 */
static BOOLEAN
KiIsObject(const DISPATCHER_HEADER *Object)
{
    ULONG Type;

    if (!MmIsAddressValid((PVOID)Object)) {
        return FALSE;
    }
    Type = Object->Type & 0x7F;
    return Type <= KiObjTimerSynchronization;
}

static BOOLEAN
KiIsDpc(const KDPC *Dpc)
{
    return MmIsAddressValid((PVOID)Dpc) && (Dpc->Type == KiObjDpc || Dpc->Type == KiObjThreadedDpc);
}

/* ---- threads ---- */

static BOOLEAN
KiIsOnProcessor(PKTHREAD Thread)
{
    return Thread->NextProcessor < KiProcessorCount &&
           KiProcessor[Thread->NextProcessor]->Prcb.CurrentThread == Thread;
}

static VOID
KiCheckState(PKTHREAD Thread)
{
    PKPRCB Prcb;

    KI_DEMAND(Thread->NextProcessor < KiProcessorCount, "a thread's processor", Thread);
    Prcb = &KiProcessor[Thread->NextProcessor]->Prcb;
    switch (Thread->State) {
    case Running:
        KI_DEMAND(KiIsOnProcessor(Thread) || Thread == Prcb->IdleThread,
                  "a running thread is on no processor", Thread);
        break;
    case Standby:
        KI_DEMAND(Prcb->NextThread == Thread, "a thread that is next is not", Thread);
        break;
    case Ready:
        KI_DEMAND(KiIsLinked(&Thread->WaitListEntry), "a ready thread is in no list", Thread);
        KI_DEMAND((Prcb->ReadySummary & 1u << Thread->Priority) != 0,
                  "a ready thread of a priority without", Thread);
        break;
    case Waiting:
    case Initialized:
        break;
    default:
        KiUnsound("a thread's state", Thread);
    }
    KI_DEMAND(Thread->State == Running || Thread->State == Initialized ||
                  !KiIsOnProcessor(Thread) || Prcb->DpcRoutineActive,
              "a thread that does not run is on a processor", Thread); /* N1 */
    KI_DEMAND(Thread->Priority >= 0 && Thread->Priority <= HIGH_PRIORITY &&
                  Thread->BasePriority >= 0 && Thread->BasePriority <= HIGH_PRIORITY,
              "a thread's priority", Thread);
    KI_DEMAND(Thread->PriorityDecrement == 0 ||
                  Thread->Priority == Thread->BasePriority + Thread->PriorityDecrement,
              "a thread's boost", Thread);
}

/* W1: nobody waits for what he could have. */
static BOOLEAN
KiCouldGo(PKTHREAD Thread, ULONG Signaled)
{
    return Thread->WaitObjectCount != 0 && Thread->WaitBlockList[0].WaitType == WaitAny
               ? Signaled != 0
               : Thread->WaitObjectCount != 0 && Signaled == Thread->WaitObjectCount;
}

static VOID
KiCheckBlocks(PKTHREAD Thread)
{
    ULONG Signaled = 0;

    for (ULONG Index = 0; Index < Thread->WaitObjectCount; Index++) {
        PKI_WAIT_BLOCK Block = &Thread->WaitBlockList[Index];
        DISPATCHER_HEADER *Object;

        if (!MmIsAddressValid(Block)) {
            return;
        }
        Object = Block->Object;
        KI_DEMAND(Block->Thread == Thread && Block->WaitKey == Index, "a wait block", Block);
        if (!KiIsObject(Object)) {
            return;
        }
        KI_DEMAND(KiIsLinked(&Block->WaitListEntry), "a thread waits in no list", Thread);
        if ((Object->Type & 0x7F) == KiObjMutant) {
            Signaled += Object->SignalState > 0 ||
                        CONTAINING_RECORD(Object, KMUTANT, Header)->OwnerThread == Thread;
        } else {
            Signaled += (Object->Type & 0x7F) != KiObjQueue && Object->SignalState > 0;
        }
    }
    KI_DEMAND(!KiCouldGo(Thread, Signaled), "a thread waits for what it could have", Thread);
}

/* What has ended a wait, or would have, is not pending any more. */
static VOID
KiCheckInterruptions(PKTHREAD Thread)
{
    PLIST_ENTRY User = &Thread->ApcState.ApcListHead[UserMode];

    KI_DEMAND(Thread->WaitIrql != PASSIVE_LEVEL || !KiKernelApcWaits(Thread),
              "a kernel APC does not reach who waits", Thread);
    KI_DEMAND(Thread->WaitMode != UserMode ||
                  (Thread->ApcState.UserApcPending & KI_USER_APC_PENDING) == 0,
              "a user APC does not end a wait", Thread);
    KI_DEMAND(Thread->WaitMode != UserMode || !Thread->Alertable || IsListEmpty(User),
              "a user APC does not end an alertable wait", Thread);
    KI_DEMAND(!Thread->Alertable ||
                  !(Thread->Alerted[KernelMode] || Thread->Alerted[(int)Thread->WaitMode]),
              "an alert does not end an alertable wait", Thread);
}

static VOID
KiCheckWait(PKTHREAD Thread)
{
    BOOLEAN Waits = Thread->State == Waiting;

    KI_DEMAND(Thread->TimerActive == Thread->Timer.Header.Inserted, "a wait's timer", Thread);
    KI_DEMAND(Thread->Timer.Dpc == KI_THREAD_TIMER, "a thread's timer", Thread);
    KI_DEMAND(Waits || !Thread->TimerActive, "the timer of a wait that has ended", Thread);
    if (Waits) {
        KiCheckBlocks(Thread);
        KiCheckInterruptions(Thread);
    }
    if (!Waits || Thread->WaitBlockList != Thread->WaitBlock) {
        for (ULONG Index = 0; Index < THREAD_WAIT_OBJECTS; Index++) {
            KI_DEMAND(Thread->WaitBlock[Index].WaitListEntry.Flink == NULL,
                      "a wait has left its block behind", Thread);
        }
    }
}

static VOID
KiCheckApcQueue(PKTHREAD Thread, PKAPC_STATE State, ULONG Environment, ULONG Mode)
{
    PLIST_ENTRY Head = &State->ApcListHead[Mode];
    ULONG Count = 0;

    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKAPC Apc = CONTAINING_RECORD(At, KAPC, ApcListEntry);

        if (!MmIsAddressValid(Apc) || Apc->Type != KiObjApc || ++Count > KI_SOUND_MOST) {
            return;
        }
        KI_DEMAND(Apc->Inserted && Apc->Thread == Thread && (ULONG)Apc->ApcMode == Mode &&
                      (ULONG)Apc->ApcStateIndex == Environment,
                  "an APC is in another queue than it says", Apc);
        KI_DEMAND(KiIsLinked(At), "a queue of APCs", Thread);
    }
    KI_DEMAND(Head->Flink->Blink == Head, "a queue of APCs", Thread);
}

static VOID
KiCheckApcs(PKTHREAD Thread)
{
    ULONG Now = Thread->ApcStateIndex;

    KI_DEMAND(Now <= AttachedApcEnvironment &&
                  Thread->ApcStatePointer[Now & 1] == &Thread->ApcState &&
                  Thread->ApcStatePointer[~Now & 1] == &Thread->SavedApcState,
              "a thread's APC states", Thread);
    KI_DEMAND(Now != OriginalApcEnvironment || Thread->ApcState.Process == Thread->Process,
              "a thread that is not attached is in another process", Thread);
    for (ULONG Mode = 0; Mode < 2; Mode++) {
        KiCheckApcQueue(Thread, &Thread->ApcState, Now, Mode);
        KiCheckApcQueue(Thread, &Thread->SavedApcState, !Now, Mode);
    }
    KI_DEMAND(Thread->ApcState.KernelApcPending ==
                  !IsListEmpty(&Thread->ApcState.ApcListHead[KernelMode]),
              "a thread's pending kernel APCs", Thread);
    KI_DEMAND(Thread->ApcQueueable || Thread->SuspendCount == 0, "a thread that ends is suspended",
              Thread);
}

/* What a driver has left too often stays out of step with what is remembered; so does the region in which a thread ends. */
static VOID
KiCheckRegions(PKTHREAD Thread)
{
    LONG Open = -(LONG)Thread->KernelApcDisable - Thread->SpecialApcDisable;

    KiSound.LeftTooOften |= Thread->KernelApcDisable > 0 || Thread->SpecialApcDisable > 0;
    KI_DEMAND(Open == (LONG)Thread->RegionDepth || KiSound.LeftTooOften ||
                  (!Thread->ApcQueueable && Open == 0 && Thread->RegionDepth == 1),
              "a thread's regions", Thread);
}

static VOID
KiCheckCounts(PKTHREAD Thread)
{
    KiCheckRegions(Thread);
    KI_DEMAND(Thread->HeldCount <= KI_HELD_LOCKS, "a thread's locks", Thread);
    for (ULONG Index = 0; Index < min(Thread->HeldCount, KI_HELD_LOCKS); Index++) {
        ExpCheckLock(Thread, &Thread->Held[Index]);
    }
    KI_DEMAND(Thread->SuspendCount >= 0 && Thread->FreezeCount >= 0, "a thread's suspensions",
              Thread);
    KI_DEMAND(!KiVersion->SuspendByEvent ||
                  Thread->SuspendEvent.Header.SignalState ==
                      (Thread->SuspendCount == 0 && Thread->FreezeCount == 0),
              "a thread's suspension", Thread);
}

static VOID
KiCheckMutants(PKTHREAD Thread)
{
    PLIST_ENTRY Head = &Thread->MutantListHead;

    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKMUTANT Mutant = CONTAINING_RECORD(At, KMUTANT, MutantListEntry);

        if (!KiIsObject(&Mutant->Header) || (Mutant->Header.Type & 0x7F) != KiObjMutant) {
            return;
        }
        KI_DEMAND(Mutant->OwnerThread == Thread && Mutant->Header.SignalState <= 0,
                  "a mutant is another's than its list says", Mutant);
        KI_DEMAND(KiIsLinked(At), "a thread's mutants", Thread);
    }
}

/* Q2. The first thread of each queue asks for it. */
static VOID
KiCheckQueue(PKTHREAD Thread, PKQUEUE Queue)
{
    ULONG Run = 0;

    if (!KiIsObject(&Queue->Header) || (Queue->Header.Type & 0x7F) != KiObjQueue) {
        return;
    }
    KI_DEMAND(KiIsLinked(&Thread->QueueListEntry), "a thread of a queue is not in its list",
              Thread);
    if (Queue->ThreadListHead.Flink != &Thread->QueueListEntry) {
        return;
    }
    for (PLIST_ENTRY At = Queue->ThreadListHead.Flink; At != &Queue->ThreadListHead;
         At = At->Flink) {
        PKTHREAD Other = CONTAINING_RECORD(At, KTHREAD, QueueListEntry);

        KI_DEMAND(Other->Queue == Queue, "a queue's thread is another's", Other);
        Run += Other->State != Waiting;
    }
    KI_DEMAND(Queue->CurrentCount == Run, "how many threads of a queue run", Queue);
    KI_DEMAND(IsListEmpty(&Queue->EntryListHead) || IsListEmpty(&Queue->Header.WaitListHead) ||
                  Queue->CurrentCount >= Queue->MaximumCount,
              "a queue keeps an entry from who waits for it", Queue); /* Q1 */
    KI_DEMAND((Queue->Header.SignalState == 0) == IsListEmpty(&Queue->EntryListHead),
              "how many entries a queue has", Queue);
}

/* Where it may run, and where it goes on. */
static VOID
KiCheckPlace(PKTHREAD Thread)
{
    KAFFINITY Here = 1ull << Thread->NextProcessor;

    KI_DEMAND(Thread->Affinity != 0 && (Thread->Affinity & ~KeActiveProcessors) == 0,
              "where a thread may run", Thread);
    KI_DEMAND((Thread->State != Ready && Thread->State != Standby) ||
                  (Thread->Affinity & Here) != 0,
              "a thread is ready where it may not run", Thread);
    KI_DEMAND(Thread->IdealProcessor < KiProcessorCount, "a thread's ideal processor", Thread);
    KI_DEMAND(KiIsOnProcessor(Thread) ||
                  ((ULONG64)Thread->KernelStack > (ULONG64)Thread->StackLimit &&
                   (ULONG64)Thread->KernelStack <= (ULONG64)Thread->StackBase),
              "where a thread goes on", Thread);
    KI_DEMAND(Thread->SpinningOn == 0 || KiIsOnProcessor(Thread), "a thread spins on no processor",
              Thread);
}

static VOID
KiCheckThread(PKTHREAD Thread)
{
    ULONG64 Slot = Thread->Agent.Slot;

    KI_DEMAND((Thread->Header.Type & 0x7F) == KiObjThread, "a thread's type", Thread);
    KI_DEMAND((KiSlotBitmap[Slot / 64] & 1ull << (Slot % 64)) != 0, "a thread's slot is free",
              Thread);
    KI_DEMAND(Thread->Running == KiIsOnProcessor(Thread) || Thread->State == Initialized ||
                  Thread->Process == &KiIdleProcess,
              "a thread's processor", Thread);
    KiCheckState(Thread);
    KiCheckPlace(Thread);
    KiCheckWait(Thread);
    KiCheckApcs(Thread);
    KiCheckCounts(Thread);
    KiCheckMutants(Thread);
    if (Thread->Queue != NULL) {
        KiCheckQueue(Thread, Thread->Queue);
    }
}

static VOID
KiCheckProcess(PKPROCESS Process)
{
    PLIST_ENTRY Head = &Process->ThreadListHead;
    PKTHREAD Last = NULL;

    KI_DEMAND((Process->Header.Type & 0x7F) == KiObjProcess, "a process's type", Process);
    KI_DEMAND(Process->DirectoryTableBase == (Process->Slice << 12 | 1),
              "a process's address space", Process);
    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKTHREAD Thread = CONTAINING_RECORD(At, KTHREAD, ThreadListEntry);

        KI_DEMAND(At->Flink->Blink == At && Thread->Process == Process,
                  "a process's list of threads", Process);
        KI_DEMAND((Last == NULL || Last->Ordinal < Thread->Ordinal) &&
                      Thread->Ordinal < Process->ThreadsMade,
                  "the order of a process's threads", Thread);
        KiCheckThread(Thread);
        Last = Thread;
    }
}

/* ---- processors ---- */

static ULONG
KiCheckReady(PKPRCB Prcb)
{
    ULONG Summary = 0;

    for (ULONG Priority = 0; Priority < 32; Priority++) {
        PLIST_ENTRY Head = &Prcb->ReadyListHead[Priority];

        for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
            PKTHREAD Thread = CONTAINING_RECORD(At, KTHREAD, WaitListEntry);

            KI_DEMAND(At->Flink->Blink == At && Thread->State == Ready &&
                          Thread->NextProcessor == Prcb->Number &&
                          (ULONG)Thread->Priority == Priority,
                      "a list of ready threads", Thread);
            Summary |= 1u << Priority;
        }
    }
    return Summary;
}

static VOID
KiCheckDpcs(PKPRCB Prcb)
{
    PLIST_ENTRY Head = &Prcb->DpcListHead;
    ULONG Count = 0;

    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKDPC Dpc = CONTAINING_RECORD(At, KDPC, DpcListEntry);

        if (!KiIsDpc(Dpc)) {
            return;
        }
        KI_DEMAND(Dpc->DpcData == Prcb && KiIsLinked(At), "a queue of DPCs", Dpc);
        Count++;
    }
    KI_DEMAND(Count == Prcb->DpcQueueDepth, "how many DPCs a queue has", Prcb);
    KI_DEMAND((Prcb->RunningDpc != NULL) <= Prcb->DpcRoutineActive, "a DPC that does not run",
              Prcb);
}

static VOID
KiCheckProcessor(PKPRCB Prcb)
{
    PKTHREAD Next = Prcb->NextThread;

    KI_DEMAND(Prcb->ReadySummary == KiCheckReady(Prcb), "a processor's summary of ready threads",
              Prcb);
    KI_DEMAND(Next == NULL || (Next->State == Standby && Next->NextProcessor == Prcb->Number),
              "a processor's next thread", Prcb);
    KI_DEMAND(Prcb->CurrentThread->NextProcessor == Prcb->Number || Prcb->DpcRoutineActive,
              "a processor's thread", Prcb);
    KI_DEMAND((ULONG64)Prcb->SpinningOn == Prcb->CurrentThread->SpinningOn &&
                  (Prcb->SpinningOn == NULL || Prcb != KiPrcb()),
              "a processor that spins and goes on", Prcb);
    KI_DEMAND((KiBusy & 1ull << Prcb->Number) != 0 || !KiHasWork(Prcb),
              "a processor that has work is not asked", Prcb);
    KiCheckDpcs(Prcb);
}

/* K3 */
static VOID
KiCheckCarrier(VOID)
{
    PKPRCB Prcb = KiPrcb();
    PKTHREAD Thread = Prcb->CurrentThread;
    PKPROCESS Process = Thread->ApcState.Process;

    KI_DEMAND(Machine->current_cpu == Prcb->Number && KiProcessor[Prcb->Number] == KiPcr() &&
                  Machine->kpcr == (ULONG64)KiPcr(),
              "the carrier is on another processor", Prcb);
    KI_DEMAND(Machine->agent == (ULONG64)KiAgent(), "the carrier runs another agent", Prcb);
    KI_DEMAND(Machine->kernel_rsp == (ULONG64)Thread->InitialStack &&
                  Prcb->RspBase == Thread->InitialStack,
              "the carrier has another stack", Thread);
    KI_DEMAND(Machine->stack_low == (ULONG64)Thread->StackLimit &&
                  Machine->stack_high == (ULONG64)Thread->StackBase,
              "the carrier knows other limits of the stack", Thread);
    KI_DEMAND(Thread == Prcb->IdleThread || Process == NULL ||
                  Machine->user_slice == Process->Slice,
              "another address space is open", Process);
}

static ULONG64
KiSharedTime(const volatile KSYSTEM_TIME *Time)
{
    KI_DEMAND(Time->High1Time == Time->High2Time, "a time that everybody sees", Time);
    return (ULONG64)(ULONG)Time->High1Time << 32 | Time->LowPart;
}

/* C2 of time.c */
static VOID
KiCheckClock(VOID)
{
    PKUSER_SHARED_DATA Shared = (PKUSER_SHARED_DATA)ABI_ALIAS(ABI_USER_SHARED_DATA);
    ULONG64 Now = Machine->time_100ns;

    KI_DEMAND(KiSharedTime(&Shared->InterruptTime) == Now, "the interrupt time that everybody sees",
              &Shared->InterruptTime);
    KI_DEMAND(KiSharedTime(&Shared->SystemTime) == KiBootTime + Now,
              "the system time that everybody sees", &Shared->SystemTime);
    KI_DEMAND(KiSharedTime((volatile KSYSTEM_TIME *)&Shared->TickCount) == Now / KI_TICK_100NS &&
                  KiSharedTime(&KeTickCount) == Now / KI_TICK_100NS,
              "the ticks that everybody sees", &KeTickCount);
}

/* T1 */
static VOID
KiCheckTimers(VOID)
{
    ULONG64 Before = 0;
    ULONG Count = 0;

    for (PLIST_ENTRY At = KiTimerListHead.Flink; At != &KiTimerListHead; At = At->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(At, KTIMER, TimerListEntry);

        if (!KiIsObject(&Timer->Header) || ++Count > KI_SOUND_MOST) {
            return;
        }
        KI_DEMAND(KiIsLinked(At), "the list of timers", Timer);
        KI_DEMAND((ULONG64)Timer->DueTime.QuadPart >= Before, "the order of timers", Timer);
        KI_DEMAND((ULONG64)Timer->DueTime.QuadPart > Machine->time_100ns || KiHostClock ||
                      Machine->explore,
                  "a timer is late", Timer);
        KI_DEMAND(Timer->Dpc != KI_THREAD_TIMER ||
                      CONTAINING_RECORD(Timer, KTHREAD, Timer)->TimerActive,
                  "a timer of no wait", Timer);
        Before = Timer->DueTime.QuadPart;
    }
}

/* Between those that have begun and not ended, and all that are in the list: who creates or ends one counts it on the way. */
static VOID
KiCheckActive(PEPROCESS Process)
{
    LONG Least = 0, Most = 0;

    for (PETHREAD Thread = NULL; (Thread = PspNextThreadOf(Process, Thread)) != NULL;) {
        Least += Thread->Tcb.State != Initialized && !Thread->Terminating;
        Most++;
    }
    KI_DEMAND(Process->ActiveThreads >= Least && Process->ActiveThreads <= Most,
              "how many threads of a process live", Process);
    KI_DEMAND(Process->Pcb.Header.SignalState == 0 || Process->ActiveThreads == 0,
              "a process that has ended has threads", Process);
}

/* What only other components know takes longer to look at: often at the beginning, and ever more seldom. */
#define KI_SOUND_OFTEN  64 /* points */
#define KI_SOUND_SELDOM 16 /* part of the points so far */

VOID
KiCheckOthers(BOOLEAN Last)
{
    ObpCheckNames(Last);
    if (Machine->explore != ABI_EXPLORE_OFF) {
        return; /* the host may have pages open that a run before had (host/machine/space.h, S9) */
    }
    MiCheckSound(Last);
    CcpCheckSound(Last);
    CmpCheckSound(Last);
    IopCheckSound(Last);
    if (VfHooks != NULL) {
        VfCheckSound();
    }
}

static VOID
KiCheckAll(PVOID Unused)
{
    KiCheckCarrier();
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        KiCheckProcessor(&KiProcessor[Cpu]->Prcb);
    }
    KiCheckClock();
    KiCheckTimers();
    KiCheckProcess(&KiIdleProcess);
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        PLIST_ENTRY Links = &Process->ActiveProcessLinks;

        KI_DEMAND(Links->Flink->Blink == Links, "the list of processes", Links);
        KiCheckProcess(&Process->Pcb);
        KiCheckActive(Process);
    }
    if (VfHooks != NULL) {
        VfCheckTables();
    }
    if (Machine->points >= KiSound.NextOthers) {
        KiSound.NextOthers =
            Machine->points + max(KI_SOUND_OFTEN, Machine->points / KI_SOUND_SELDOM);
        KiCheckOthers(FALSE);
    }
}

VOID
KiTellUnsound(VOID)
{
    char Text[160];

    if (KiSound.What != NULL) {
        KiFormatText(Text, sizeof(Text), "the kernel's own structures are not whole: %s (0x%p)",
                     KiSound.What, KiSound.Object);
        KiStop(ABI_INTERNAL, 0, NULL, NULL, Text);
    }
}

VOID
KiCheckSound(VOID)
{
    if (!KiBugCheckActive && KiSound.What == NULL) {
        KiCallOnStack(KiSound.Stack + sizeof(KiSound.Stack), KiCheckAll, NULL); /* N3 */
        KiTellUnsound();
    }
}

static VOID
KiCheckOthersNow(PVOID Unused)
{
    KiCheckOthers(FALSE);
}

VOID
KiLookAround(VOID)
{
    if ((Machine->record & ABI_RECORD_CHECK) && !KiBugCheckActive && KiSound.What == NULL) {
        KiCallOnStack(KiSound.Stack + sizeof(KiSound.Stack), KiCheckOthersNow, NULL); /* N3 */
        KiTellUnsound();
    }
}

/* Each slot that is taken belongs to somebody: to a thread or process, to a processor's idle thread or its DPCs, to the kernel and to
   the stack that it booted on. */
VOID
KiCheckNames(ULONG Living)
{
    ULONG Taken = 0;

    for (ULONG Word = 0; Word < RTL_NUMBER_OF(KiSlotBitmap); Word++) {
        Taken += (ULONG)__builtin_popcountll(KiSlotBitmap[Word]);
    }
    KI_DEMAND(Taken == 2 + 2 * KiProcessorCount + Living, "how many slots are taken", KiSlotBitmap);
}

VOID
KiBeginChecks(VOID)
{
    Machine->record |= ABI_RECORD_CHECK;
    KiHideBudget();
}
