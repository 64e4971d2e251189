/*
 * agents.c - what happens by itself: DPCs, timers, APCs, a freed block, and locks of other kinds. PROGRAM selects one.
 *
 *     DPC           a DPC and a thread each take one spin lock: the DPC is an agent
 *     DPC_HELD      the DPC is queued while the lock is held: it begins when the lock is free, one trace
 *     DPC_REMOVE    the thread takes the DPC back: it had begun, or not
 *     DPC_FLUSH     KeFlushQueuedDpcs: the DPC is over when it returns
 *     TIMER_CANCEL  a timer with a DPC is cancelled: before it expires, before the DPC begins, after
 *     TIMER_WAIT    N timers expire in any order; each wakes a thread that takes one lock
 *     APC           a kernel APC is queued to a thread that leaves its first region, takes two steps and waits: before each
 *     APC_CRITICAL  as APC, with both steps in one critical region: it comes before or after
 *     FLAG_FREE     N users look at a flag, then use a block; one sets the flag, then frees the block
 *     COMPLETERS    two completers look whether there is a cancel routine, then clear it; EXCHANGE: at once
 *     READERS       W writers and R readers of a reader-writer lock, once each; LOCK: 1 ERESOURCE, 2 push lock, 3 spin lock
 *     QUEUED        N threads and one in-stack queued spin lock
 *     QUEUE         N threads take an entry each from a KQUEUE; one thread inserts N
 *     MANY          a wait for six events, any of them, two of which are set
 */
#include "program.h"

#define DPC          1
#define DPC_HELD     2
#define DPC_REMOVE   3
#define DPC_FLUSH    4
#define TIMER_CANCEL 5
#define TIMER_WAIT   6
#define APC          7
#define APC_CRITICAL 8
#define FLAG_FREE    9
#define COMPLETERS   10
#define READERS      11
#define QUEUED       12
#define QUEUE        13
#define MANY         14

static KSPIN_LOCK Spin __attribute__((unused));
static KDPC Dpc[4] __attribute__((unused));
static KTIMER Timer[4] __attribute__((unused));
static KEVENT Event[6] __attribute__((unused));
static LONG Ran __attribute__((unused));

__attribute__((unused)) static VOID
Section(VOID)
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&Spin, &OldIrql);
    Ran++;
    KeReleaseSpinLock(&Spin, OldIrql);
}

__attribute__((unused)) static VOID NTAPI
DpcRoutine(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeAcquireSpinLockAtDpcLevel(&Spin);
    Ran++;
    KeReleaseSpinLockFromDpcLevel(&Spin);
    if (Context != NULL) {
        KeSetEvent(Context, 0, FALSE);
    }
}

#if PROGRAM == DPC || PROGRAM == DPC_HELD
static VOID
Program(VOID)
{
    KIRQL OldIrql;

    KeInitializeEvent(&Event[0], NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc[0], DpcRoutine, &Event[0]);
#if PROGRAM == DPC
    KeInsertQueueDpc(&Dpc[0], NULL, NULL);
    Section();
#else
    KeAcquireSpinLock(&Spin, &OldIrql);
    KeInsertQueueDpc(&Dpc[0], NULL, NULL);
    BAD(Ran != 0);
    KeReleaseSpinLock(&Spin, OldIrql);
#endif
    KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
}
#elif PROGRAM == DPC_REMOVE
static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc[0], DpcRoutine, &Event[0]);
    KeInsertQueueDpc(&Dpc[0], NULL, NULL);
    if (!KeRemoveQueueDpc(&Dpc[0])) {
        KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
    }
}
#elif PROGRAM == DPC_FLUSH
static VOID
Program(VOID)
{
    KeInitializeDpc(&Dpc[0], DpcRoutine, NULL);
    KeInsertQueueDpc(&Dpc[0], NULL, NULL);
    KeFlushQueuedDpcs();
    BAD(Ran != 1);
}
#elif PROGRAM == TIMER_CANCEL
static VOID
Program(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -100000};

    KeInitializeDpc(&Dpc[0], DpcRoutine, NULL);
    KeInitializeTimer(&Timer[0]);
    KeSetTimer(&Timer[0], Due, &Dpc[0]);
    KeCancelTimer(&Timer[0]);
    KeFlushQueuedDpcs();
}
#elif PROGRAM == TIMER_WAIT
static VOID NTAPI
Thread(PVOID Context)
{
    KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
    Section();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        LARGE_INTEGER Due = {.QuadPart = -100000 * (LONGLONG)(Index + 1)};

        KeInitializeTimer(&Timer[Index]);
        KeSetTimer(&Timer[Index], Due, NULL);
        Start(Thread, (ULONG_PTR)&Timer[Index]);
    }
}
#elif PROGRAM == APC || PROGRAM == APC_CRITICAL
VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, ULONG Environment, PVOID KernelRoutine,
                           PVOID RundownRoutine, PVOID NormalRoutine, KPROCESSOR_MODE Mode,
                           PVOID Context);
BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID A1, PVOID A2, KPRIORITY Increment);

static KAPC Apc;
static PKTHREAD Target;

static VOID NTAPI
KernelRoutine(PKAPC Which, PVOID *Normal, PVOID *Context, PVOID *A1, PVOID *A2)
{
}

static VOID NTAPI
NormalRoutine(PVOID Context, PVOID A1, PVOID A2)
{
    Ran++;
}

static VOID NTAPI
Thread(PVOID Context)
{
    LONG Before;

#if PROGRAM != APC_CRITICAL
    KeLeaveCriticalRegion(); /* a system thread begins in one */
#endif
    Before = Ran;
    KeReadStateEvent(&Event[1]);
    KeReadStateEvent(&Event[2]);
#if PROGRAM == APC_CRITICAL
    BAD(Ran != Before);
    KeLeaveCriticalRegion();
#endif
    (VOID) Before;
    KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
    BAD(Ran != 1);
    KeEnterCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < 6; Index++) {
        KeInitializeEvent(&Event[Index], NotificationEvent, FALSE);
    }
    Start(Thread, 0);
    ObReferenceObjectByHandle(ThreadHandle[0], THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                              (PVOID *)&Target, NULL);
    KeInitializeApc(&Apc, Target, 0, KernelRoutine, NULL, NormalRoutine, KernelMode, NULL);
    KeInsertQueueApc(&Apc, NULL, NULL, 0);
    KeSetEvent(&Event[0], 0, FALSE);
    ObDereferenceObject(Target);
}
#elif PROGRAM == FLAG_FREE
static PKEVENT Block;
static BOOLEAN Freed;

static VOID NTAPI
User(PVOID Context)
{
    if (KeReadStateEvent(&Event[0]) == 0) {
        BOOLEAN Gone;

        KeReadStateEvent(Block);
        Gone = Freed;
        BAD(Gone);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Owner(PVOID Context)
{
    KeSetEvent(&Event[0], 0, FALSE);
    ExFreePool(Block);
    Freed = TRUE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], NotificationEvent, FALSE);
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Block), 'kcoB');
    KeInitializeEvent(Block, NotificationEvent, FALSE);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(User, Index);
    }
    Start(Owner, 0);
}
#elif PROGRAM == COMPLETERS
static LONG Completed;

static VOID NTAPI
Completer(PVOID Context)
{
#ifdef EXCHANGE
    if (KeResetEvent(&Event[0])) {
        Completed++;
    }
#else
    if (KeReadStateEvent(&Event[0])) {
        KeClearEvent(&Event[0]);
        Completed++;
    }
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], NotificationEvent, TRUE);
    Start(Completer, 0);
    Start(Completer, 1);
    Join();
    BAD(Completed != 1);
}
#elif PROGRAM == READERS
VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK);
typedef LONG volatile RW_SPIN_LOCK;
KIRQL NTAPI ExAcquireSpinLockShared(RW_SPIN_LOCK *);
KIRQL NTAPI ExAcquireSpinLockExclusive(RW_SPIN_LOCK *);
VOID NTAPI ExReleaseSpinLockShared(RW_SPIN_LOCK *, KIRQL);
VOID NTAPI ExReleaseSpinLockExclusive(RW_SPIN_LOCK *, KIRQL);
static LONG Writers, Readers;
#if LOCK == 1
static ERESOURCE Resource;
#elif LOCK == 2
static EX_PUSH_LOCK Push;
#else
static RW_SPIN_LOCK Rw;
#endif

static VOID NTAPI
Thread(PVOID Context)
{
    BOOLEAN Write = (ULONG_PTR)Context < W;
#if LOCK == 1
    KeEnterCriticalRegion();
    Write ? ExAcquireResourceExclusiveLite(&Resource, TRUE)
          : ExAcquireResourceSharedLite(&Resource, TRUE);
#elif LOCK == 2
    KeEnterCriticalRegion();
    Write ? ExfAcquirePushLockExclusive(&Push) : ExfAcquirePushLockShared(&Push);
#else
    KIRQL Irql = Write ? ExAcquireSpinLockExclusive(&Rw) : ExAcquireSpinLockShared(&Rw);
#endif

    *(Write ? &Writers : &Readers) += 1;
    BAD(Writers > 1 || (Writers == 1 && Readers != 0));
    *(Write ? &Writers : &Readers) -= 1;
#if LOCK == 1
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
#elif LOCK == 2
    Write ? ExfReleasePushLockExclusive(&Push) : ExfReleasePushLockShared(&Push);
    KeLeaveCriticalRegion();
#else
    Write ? ExReleaseSpinLockExclusive(&Rw, Irql) : ExReleaseSpinLockShared(&Rw, Irql);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
#if LOCK == 1
    ExInitializeResourceLite(&Resource);
#endif
    for (ULONG Index = 0; Index < W + R; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == QUEUED
static VOID NTAPI
Thread(PVOID Context)
{
    KLOCK_QUEUE_HANDLE Handle;

    KeAcquireInStackQueuedSpinLock(&Spin, &Handle);
    Ran++;
    KeReleaseInStackQueuedSpinLock(&Handle);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
    Join();
    BAD(Ran != N);
}
#elif PROGRAM == QUEUE
static KQUEUE Queue;
static LIST_ENTRY Entry[N];

static VOID NTAPI
Thread(PVOID Context)
{
    KeRemoveQueue(&Queue, KernelMode, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Inserter(PVOID Context)
{
    for (ULONG Index = 0; Index < N; Index++) {
        KeInsertQueue(&Queue, &Entry[Index]);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeQueue(&Queue, 16);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
    Start(Inserter, 0);
}
#elif PROGRAM == MANY
static VOID NTAPI
Waiter(PVOID Context)
{
    static KWAIT_BLOCK Blocks[6];
    PVOID Objects[6] = {&Event[0], &Event[1], &Event[2], &Event[3], &Event[4], &Event[5]};

    KeWaitForMultipleObjects(6, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, Blocks);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Setter(PVOID Context)
{
    KeSetEvent(Context, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < 6; Index++) {
        KeInitializeEvent(&Event[Index], SynchronizationEvent, FALSE);
    }
    Start(Waiter, 0);
    Start(Setter, (ULONG_PTR)&Event[4]);
    Start(Setter, (ULONG_PTR)&Event[5]);
}
#endif
