/*
 * waits.c - more waits, each in the smallest program that shows what commutes. PROGRAM selects one; the counts are by hand.
 *
 *     PULSE      N threads wait for a notification event that is pulsed once: each waits by then, or has missed it and waits for
 *                ever. Those before the pulse commute, so do those behind it: 2^N, all but one bad
 *     PULSE_ONE  the same with a synchronization event: the pulse wakes the first of those that wait by then, so each order
 *                of N waiters and the pulse is a trace: (N + 1)!. All but N = 1's first are bad
 *     QUEUE      N threads take from a queue and give up where it is empty, one entry is inserted: nobody takes it (1), or one of
 *                N does, and each other one has given up before the insertion or behind the removal: N 2^(N-1) + 1
 *     LIMIT      a semaphore of at most one, two releases and one that takes: the orders of the three that do not begin with
 *                the taker, which has to wait: 4; a release beyond the limit raises an exception
 *     EVENT      one sets, one resets, one waits: SWR, SRW (waits for ever), RSW
 *     TIMED      one holds a mutex for a while, N wait for it with a time-out: each comes before, after, or while somebody holds it; then
 *                it gives up, which changes nothing. N = 1: 3. N = 2: both get it 6, one does and the other one gives up in one of two
 *                sections, in two orders of these 2 * 2 * 2, both give up 1: 15
 *     FORKS      N philosophers, who take both forks at once: only neighbours are ordered, and not in a circle: 2^N - 2
 *     HANDOFF    one acquires a resource and gives it to another thread, which releases it; a third one acquires it: before or after: 2
 *     REMOVE     N threads and a remove lock, which one acquires (r1) and releases for good (r2): each step changes its count, and who comes
 *                behind r2 fails. N = 1: five orders of its two steps with r1 r2 in which it begins before r2, and one: 6. N = 2: both fail
 *                2, one does 2 (3 + 2 * 2), none 6!/8 - (15 + 15 - 6): 82
 *     GUARDED    N threads and a guarded mutex: N!; UNSAFE, GATE: a fast one, a guarded one within regions of their own
 *     TRY        N threads try to get a resource at once, one waits for it: as TIMED
 *     RECURSIVE  N threads take a mutex twice: N!
 *     SETALL     N threads set an event each, one waits for all of them: 1
 *     BARRIER    N threads count down under a mutex; the last one sets the event that all wait for: N!
 *     CSQ        one takes a request off a cancel-safe queue, one cancels it: the remover gets it, or the canceller does and takes it off the
 *                queue before or after the remover looks there: 3
 *     ONCE       N threads and RtlRunOnceExecuteOnce. N = 2: the second one comes behind the first, or meanwhile, and then says that it waits
 *                before or after the first one has looked for such: 6
 *     NAMED      one closes the last handle to a named object. N = 1: another one opens or creates it by that name, and closes that: it comes
 *                behind the close; or it has found the object, and the close is the last one until it has a handle; or of the two closes
 *                the one or the other is: 4. N = 2: another one drops a reference to it: 2
 *     PERIODIC   a timer, at most two expiries of which come by themselves, is waited for N times and cancelled. N = 1: FWC, FFWC, FWFC: 3; N = 2:
 *                FWFWC, or the first two are one signal and a third expiry comes when nothing else can happen: 2
 */
#include "program.h"

#define PULSE     1
#define PULSE_ONE 2
#define QUEUE     3
#define LIMIT     4
#define EVENT     5
#define TIMED     6
#define FORKS     7
#define HANDOFF   8
#define REMOVE    9
#define GUARDED   10
#define UNSAFE    11
#define GATE      12
#define TRY       13
#define RECURSIVE 14
#define SETALL    15
#define BARRIER   16
#define CSQ       17
#define ONCE      18
#define NAMED     19
#define PERIODIC  20

static KEVENT Event[8];
static KMUTEX Mutex;
static KSEMAPHORE Semaphore;
static KQUEUE Queue;
static LIST_ENTRY Entry;
static ERESOURCE Resource;
static KGUARDED_MUTEX Guarded;
static FAST_MUTEX Fast;
static IO_REMOVE_LOCK RemoveLock;
static IO_CSQ Csq;
static KSPIN_LOCK CsqLock;
static LIST_ENTRY CsqList;
static PIRP Irp;
static LONG Left, Completed;
static RTL_RUN_ONCE Once;
static HANDLE Handle;
static PVOID Object;
static KTIMER Timer;

static VOID NTAPI
CsqInsert(PIO_CSQ Which, PIRP Request)
{
    InsertTailList(&CsqList, &Request->Tail.Overlay.ListEntry);
}

static VOID NTAPI
CsqRemove(PIO_CSQ Which, PIRP Request)
{
    RemoveEntryList(&Request->Tail.Overlay.ListEntry);
}

static PIRP NTAPI
CsqPeek(PIO_CSQ Which, PIRP Request, PVOID Context)
{
    PLIST_ENTRY Next = Request != NULL ? Request->Tail.Overlay.ListEntry.Flink : CsqList.Flink;

    return Next != &CsqList ? CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry) : NULL;
}

static VOID NTAPI
CsqAcquire(PIO_CSQ Which, PKIRQL Irql)
{
    KeAcquireSpinLock(&CsqLock, Irql);
}

static VOID NTAPI
CsqRelease(PIO_CSQ Which, KIRQL Irql)
{
    KeReleaseSpinLock(&CsqLock, Irql);
}

static VOID NTAPI
CsqCanceled(PIO_CSQ Which, PIRP Request)
{
    Completed++;
}

static ULONG NTAPI
Initialize(PRTL_RUN_ONCE Which, PVOID Parameter, PVOID *Context)
{
    Left++;
    return TRUE;
}

static NTSTATUS
Create(PHANDLE Which)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\NtlabWaits");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_OPENIF, NULL, NULL);
    return ZwCreateEvent(Which, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
}

static VOID NTAPI
Many(PVOID Context)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};
    ULONG Self = (ULONG)(ULONG_PTR)Context;
    PVOID Forks[2] = {&Event[Self % N], &Event[(Self + 1) % N]};

    switch (PROGRAM) {
    case PULSE:
    case PULSE_ONE:
        KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
        break;
    case QUEUE:
        KeRemoveQueue(&Queue, KernelMode, &Soon);
        break;
    case LIMIT:
        __try {
            KeReleaseSemaphore(&Semaphore, 0, 1, FALSE);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Left++;
        }
        break;
    case EVENT:
        KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
        break;
    case TIMED:
        if (KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, &Soon) == STATUS_SUCCESS) {
            KeReleaseMutex(&Mutex, FALSE);
        }
        break;
    case FORKS:
        KeWaitForMultipleObjects(2, Forks, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
        KeSetEvent(Forks[0], 0, FALSE);
        KeSetEvent(Forks[1], 0, FALSE);
        break;
    case HANDOFF:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case REMOVE:
        if (NT_SUCCESS(IoAcquireRemoveLock(&RemoveLock, Context))) {
            IoReleaseRemoveLock(&RemoveLock, Context);
        }
        break;
    case GUARDED:
        KeAcquireGuardedMutex(&Guarded);
        KeReleaseGuardedMutex(&Guarded);
        break;
    case UNSAFE:
        KeEnterCriticalRegion();
        ExAcquireFastMutexUnsafe(&Fast);
        ExReleaseFastMutexUnsafe(&Fast);
        KeLeaveCriticalRegion();
        break;
    case GATE:
        KeEnterGuardedRegion();
        KeAcquireGuardedMutexUnsafe(&Guarded);
        KeReleaseGuardedMutexUnsafe(&Guarded);
        KeLeaveGuardedRegion();
        break;
    case TRY:
        KeEnterCriticalRegion();
        if (ExAcquireResourceExclusiveLite(&Resource, FALSE)) {
            ExReleaseResourceLite(&Resource);
        }
        KeLeaveCriticalRegion();
        break;
    case RECURSIVE:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        KeReleaseMutex(&Mutex, FALSE);
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case SETALL:
        KeSetEvent(&Event[Self], 0, FALSE);
        break;
    case BARRIER:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        if (--Left == 0) {
            KeSetEvent(&Event[0], 0, FALSE);
        }
        KeReleaseMutex(&Mutex, FALSE);
        KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
        break;
    case CSQ:
        IoCancelIrp(Irp);
        break;
    case NAMED:
        Self == 0 ? (VOID)ZwClose(Handle) : (VOID)ObDereferenceObject(Object);
        break;
    case ONCE:
        RtlRunOnceExecuteOnce(&Once, Initialize, NULL, NULL);
        BAD(Left != 1);
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Heir(PVOID Context)
{
    KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)((ULONG_PTR)&Left | 3));
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
One(PVOID Context)
{
    PVOID All[8] = {&Event[0], &Event[1], &Event[2], &Event[3]};
    static KWAIT_BLOCK Blocks[8];
    HANDLE Own;

    switch (PROGRAM) {
    case PULSE:
    case PULSE_ONE:
        KePulseEvent(&Event[0], 0, FALSE);
        break;
    case QUEUE:
        KeInsertQueue(&Queue, &Entry);
        break;
    case LIMIT:
        KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
        break;
    case EVENT:
        Context == NULL ? KeSetEvent(&Event[0], 0, FALSE) : KeResetEvent(&Event[0]);
        break;
    case TIMED:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case HANDOFF:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExSetResourceOwnerPointer(&Resource, (PVOID)((ULONG_PTR)&Left | 3));
        KeSetEvent(&Event[0], 0, FALSE);
        KeLeaveCriticalRegion();
        break;
    case REMOVE:
        if (NT_SUCCESS(IoAcquireRemoveLock(&RemoveLock, &Left))) {
            IoReleaseRemoveLockAndWait(&RemoveLock, &Left);
        }
        break;
    case TRY:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case SETALL:
        KeWaitForMultipleObjects(N, All, WaitAll, Executive, KernelMode, FALSE, NULL, Blocks);
        break;
    case PERIODIC:
        for (ULONG Index = 0; Index < N; Index++) {
            KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL);
        }
        KeCancelTimer(&Timer);
        break;
    case NAMED:
        Create(&Own);
        ZwClose(Own);
        break;
    case CSQ:
        if (IoCsqRemoveNextIrp(&Csq, NULL) != NULL) {
            Completed++;
        }
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    BOOLEAN Free = PROGRAM == FORKS;

    for (ULONG Index = 0; Index < 8; Index++) {
        KeInitializeEvent(&Event[Index],
                          PROGRAM == PULSE || PROGRAM == EVENT || PROGRAM == BARRIER
                              ? NotificationEvent
                              : SynchronizationEvent,
                          Free);
    }
    KeInitializeMutex(&Mutex, 0);
    KeInitializeSemaphore(&Semaphore, 0, 1);
    KeInitializeQueue(&Queue, 16);
    ExInitializeResourceLite(&Resource);
    KeInitializeGuardedMutex(&Guarded);
    ExInitializeFastMutex(&Fast);
    IoInitializeRemoveLock(&RemoveLock, 'tiaw', 0, 0);
    RtlRunOnceInitialize(&Once);
    if (PROGRAM == BARRIER) {
        Left = N;
    }
    if (PROGRAM == CSQ) {
        KeInitializeSpinLock(&CsqLock);
        InitializeListHead(&CsqList);
        IoCsqInitialize(&Csq, CsqInsert, CsqRemove, CsqPeek, CsqAcquire, CsqRelease, CsqCanceled);
        Irp = IoAllocateIrp(1, FALSE);
        IoCsqInsertIrp(&Csq, Irp, NULL);
    }
    if (PROGRAM == NAMED) {
        Create(&Handle);
        ObReferenceObjectByHandle(Handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, &Object,
                                  NULL);
    }
    if (PROGRAM == PERIODIC) {
        LARGE_INTEGER Due = {.QuadPart = -10000};

        KeInitializeTimerEx(&Timer, SynchronizationTimer);
        KeSetTimerEx(&Timer, Due, 1, NULL);
    }
    for (ULONG Index = 0; Index < N && PROGRAM != PERIODIC; Index++) {
        Start(Many, Index);
    }
    if ((PROGRAM == NAMED && N == 1) || PROGRAM == PERIODIC) {
        Start(One, 0);
    }
    if (PROGRAM <= TIMED || PROGRAM == HANDOFF || PROGRAM == REMOVE || PROGRAM == TRY ||
        PROGRAM == SETALL || PROGRAM == CSQ) {
        Start(One, 0);
    }
    if (PROGRAM == EVENT) {
        Start(One, 1);
    }
    if (PROGRAM == HANDOFF) {
        Start(Heir, 0);
    }
    if (PROGRAM == CSQ) {
        Join();
        BAD(Completed != 1);
        IoFreeIrp(Irp);
    }
}
