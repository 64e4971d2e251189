/*
 * drawn_objects.h - what drawn.c's programs are about: objects, locks, routines, by number, and what is done to them.
 */
#ifndef TESTS_EXPLORE_DRAWN_OBJECTS_H
#define TESTS_EXPLORE_DRAWN_OBJECTS_H

VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK);
typedef volatile LONG EX_SPIN_LOCK;
KIRQL NTAPI ExAcquireSpinLockShared(EX_SPIN_LOCK *);
VOID NTAPI ExReleaseSpinLockShared(EX_SPIN_LOCK *, KIRQL);
KIRQL NTAPI ExAcquireSpinLockExclusive(EX_SPIN_LOCK *);
VOID NTAPI ExReleaseSpinLockExclusive(EX_SPIN_LOCK *, KIRQL);

/*
 * Objects by number: 0 and 1 synchronization events, 2 a notification event, 3 a semaphore, 4 a queue, 5 a synchronization timer, 6 a notification
 * timer, 7 and 8 the completions of requests. A wait whose argument has ALERTABLE is one in user mode that a user APC ends. A timer whose DPC has LATE in
 * the argument comes in a thousand seconds. What lasts a millisecond lasts a minute where threads go round, and two with LONGER. Locks: 0 and 1 fast mutexes, 2 a mutex, 3 a resource, 4 a spin lock, 5 rundown protection, 6 a remove lock (both only tried), 7 a push lock,
 * 8 a guarded mutex, 9 a spin lock that can be shared, 10 one with a queue.
 */
#define QUEUE       4
#define FIRST_TIMER 5
#define COMPLETIONS 7
#define ALERTABLE   0x80
#define LONGER      0x40
#define LATE        0x80
#define MUTEX       9 /* of LOOK: lock 2 */
#define SHARED_SPIN 9 /* of locks */
#define QUEUED_SPIN 10
/*
 * 1 and 2 are DPCs: `argument` is 1 + the target processor, and an importance in bit 4. 3 and 4 threads. 5 and 6 APCs: `argument` is the thread, and a kind.
 * 7 and 8 work items: `argument` times it queues itself. 9 the callback's, 10 the EX_TIMER's.
 */
#define ROUTINES      11
#define CALLBACK      9
#define EX_TIMER_LIST 10
#define THREADS       3
#define APCS          5
#define WORK_ITEMS    7
#define THREADS_MOST  16
#define APC_SPECIAL   0x10
#define APC_USER      0x20
static KEVENT Event[3];
static KSEMAPHORE Semaphore;
static KQUEUE Queue;
static LIST_ENTRY Entries[sizeof(UCHAR[512]) / 3]; /* one for each instruction */
static KTIMER Timer[2];
static KDPC Dpc[THREADS];
static HANDLE Started[APCS];
static KAPC Apc[WORK_ITEMS];
static PUCHAR ApcCode[WORK_ITEMS]; /* what the list says of each that is in the program */
static PVOID ApcThread[WORK_ITEMS];
static PVOID ThreadObject[THREADS_MOST]; /* where somebody has to do with them */
static BOOLEAN HasThreads;
static HANDLE EventHandle, OtherHandle[sizeof(UCHAR[512]) / 3];
static PCALLBACK_OBJECT Callback;
static PVOID Registration;
static PEX_TIMER ExTimer;
static BOOLEAN HasApcs;
static KEVENT AllThere; /* where there are APCs: all threads wait for it */
static PUCHAR Routine[ROUTINES];
static FAST_MUTEX FastMutex[2];
static KMUTEX Mutex;
static ERESOURCE Resource;
static KSPIN_LOCK SpinLock;
static EX_RUNDOWN_REF RunRef;
static IO_REMOVE_LOCK RemoveLock;
static EX_PUSH_LOCK PushLock;
static KGUARDED_MUTEX GuardedMutex;
static EX_SPIN_LOCK SharedSpin;
static KSPIN_LOCK QueuedSpin;
static KIRQL Irql; /* of who holds it, before */
struct held {
    KLOCK_QUEUE_HANDLE Queue;
    KIRQL Irql; /* before SharedSpin */
};
static volatile LONG Word[2];
static SLIST_HEADER Sequenced;
static LIST_ENTRY List;
static KSPIN_LOCK ListLock;
static DECLSPEC_ALIGN(16) SLIST_ENTRY Links[sizeof(UCHAR[512]) / 3];
static UCHAR Code[512], Times[sizeof(Code) / 3];
static LONGLONG Short = 10000;

static PVOID
ObjectOf(UCHAR Number)
{
    return Number < RTL_NUMBER_OF(Event) ? (PVOID)&Event[Number]
           : Number >= COMPLETIONS       ? (PVOID)&Completed[Number - COMPLETIONS]
           : Number >= FIRST_TIMER       ? (PVOID)&Timer[Number - FIRST_TIMER]
                                         : (PVOID)&Semaphore;
}

static BOOLEAN
Acquire(UCHAR Number, BOOLEAN Try, struct held *Held)
{
    LARGE_INTEGER Now = {.QuadPart = 0};

    switch (Number) {
    case 0:
    case 1:
        if (Try) {
            return ExTryToAcquireFastMutex(&FastMutex[Number]);
        }
        ExAcquireFastMutex(&FastMutex[Number]);
        return TRUE;
    case 2:
        return KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, Try ? &Now : NULL) ==
               STATUS_SUCCESS;
    case 3:
        KeEnterCriticalRegion();
        if (!ExAcquireResourceExclusiveLite(&Resource, !Try)) {
            KeLeaveCriticalRegion();
            return FALSE;
        }
        return TRUE;
    case 8:
        if (Try) {
            return KeTryToAcquireGuardedMutex(&GuardedMutex);
        }
        KeAcquireGuardedMutex(&GuardedMutex);
        return TRUE;
    case SHARED_SPIN:
        Held->Irql = ExAcquireSpinLockExclusive(&SharedSpin);
        return TRUE;
    case QUEUED_SPIN:
        KeAcquireInStackQueuedSpinLock(&QueuedSpin, &Held->Queue);
        return TRUE;
    case 5:
        return ExAcquireRundownProtection(&RunRef);
    case 6:
        return IoAcquireRemoveLock(&RemoveLock, NULL) == STATUS_SUCCESS;
    case 7:
        KeEnterCriticalRegion();
        ExfAcquirePushLockExclusive(&PushLock);
        return TRUE;
    }
    KIRQL Before;

    KeAcquireSpinLock(&SpinLock, &Before);
    Irql = Before;
    return TRUE;
}

static VOID
Release(UCHAR Number, struct held *Held)
{
    switch (Number) {
    case 0:
    case 1:
        ExReleaseFastMutex(&FastMutex[Number]);
        break;
    case 2:
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case 3:
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case 8:
        KeReleaseGuardedMutex(&GuardedMutex);
        break;
    case SHARED_SPIN:
        ExReleaseSpinLockExclusive(&SharedSpin, Held->Irql);
        break;
    case QUEUED_SPIN:
        KeReleaseInStackQueuedSpinLock(&Held->Queue);
        break;
    case 5:
        ExReleaseRundownProtection(&RunRef);
        break;
    case 6:
        IoReleaseRemoveLock(&RemoveLock, NULL);
        break;
    case 7:
        ExfReleasePushLockExclusive(&PushLock);
        KeLeaveCriticalRegion();
        break;
    default:
        KeReleaseSpinLock(&SpinLock, Irql);
    }
}

/* NULL: until it comes. */
static BOOLEAN
Wait(UCHAR Number, UCHAR How, PLARGE_INTEGER Timeout)
{
    BOOLEAN Alertable = (How & ALERTABLE) != 0;

    if (Number == QUEUE) {
        ULONG_PTR Entry =
            (ULONG_PTR)KeRemoveQueue(&Queue, Alertable ? UserMode : KernelMode, Timeout);

        return Entry != STATUS_TIMEOUT && Entry != STATUS_USER_APC;
    }
    return KeWaitForSingleObject(ObjectOf(Number), Executive, Alertable ? UserMode : KernelMode,
                                 Alertable, Timeout) == STATUS_SUCCESS;
}

static LONG
Signal(UCHAR Number, PUCHAR At, BOOLEAN WaitsThen)
{
    if (Number == QUEUE) {
        return KeInsertQueue(&Queue, &Entries[(At - Code) / 3]);
    }
    return Number < RTL_NUMBER_OF(Event)
               ? KeSetEvent(&Event[Number], IO_NO_INCREMENT, WaitsThen)
               : KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 1, WaitsThen);
}

static BOOLEAN
Share(UCHAR Number, UCHAR How, struct held *Held)
{
    if (Number == SHARED_SPIN) {
        Held->Irql = ExAcquireSpinLockShared(&SharedSpin);
        return TRUE;
    }
    KeEnterCriticalRegion();
    if (Number == 7) {
        ExfAcquirePushLockShared(&PushLock);
        return TRUE;
    }
    if (How == STARVE           ? ExAcquireSharedStarveExclusive(&Resource, TRUE)
        : How == WAIT_EXCLUSIVE ? ExAcquireSharedWaitForExclusive(&Resource, TRUE)
                                : ExAcquireResourceSharedLite(&Resource, How != TRY_SHARE)) {
        return TRUE;
    }
    KeLeaveCriticalRegion();
    return FALSE;
}

/* Which of two, or 2: none in time. All: 1, if they came. What it has on the stack is no state of Run's (Soon). */
__attribute__((noinline)) static LONG
WaitForTwo(UCHAR First, UCHAR Second, WAIT_TYPE Type, PLARGE_INTEGER Timeout)
{
    PVOID Both[2] = {ObjectOf(First), ObjectOf(Second & (UCHAR) ~(ALERTABLE | LONGER))};
    BOOLEAN Alertable = (Second & ALERTABLE) != 0;
    NTSTATUS Status = KeWaitForMultipleObjects(
        2, Both, Type, Executive, Alertable ? UserMode : KernelMode, Alertable, Timeout, NULL);

    return Type == WaitAll ? Status == STATUS_SUCCESS : Status < 2 ? Status : 2;
}

__attribute__((noinline)) static BOOLEAN
Arm(UCHAR Number, UCHAR How, BOOLEAN Again)
{
    LARGE_INTEGER Due = {.QuadPart = (How & LATE) != 0 ? -10000000000ll : -10000};
    UCHAR Routine = How & (UCHAR)~LATE;

    return KeSetTimerEx(&Timer[Number - FIRST_TIMER], Due, Again ? 1000000 : 0,
                        Routine != 0 ? &Dpc[Routine] : NULL);
}

static VOID
Enter(UCHAR Kind, PKIRQL Before)
{
    switch (Kind) {
    case 0:
        KeEnterCriticalRegion();
        break;
    case 1:
        KeEnterGuardedRegion();
        break;
    default:
        KeRaiseIrql(APC_LEVEL, Before);
    }
}

static VOID
Leave(UCHAR Kind, KIRQL Before)
{
    switch (Kind) {
    case 0:
        KeLeaveCriticalRegion();
        break;
    case 1:
        KeLeaveGuardedRegion();
        break;
    default:
        KeLowerIrql(Before);
    }
}

static VOID
Push(UCHAR Which, PUCHAR At)
{
    ULONG_PTR Index = (ULONG_PTR)(At - Code) / 3;

    if (Which == 0) {
        InterlockedPushEntrySList(&Sequenced, &Links[Index]);
    } else {
        ExInterlockedInsertTailList(&List, &Entries[Index], &ListLock);
    }
}

static BOOLEAN
Pop(UCHAR Which)
{
    return Which == 0 ? InterlockedPopEntrySList(&Sequenced) != NULL
                      : ExInterlockedRemoveHeadList(&List, &ListLock) != NULL;
}

/* The handle may be gone, and its value be another one's. */
static BOOLEAN
CloseHandle(VOID)
{
    return NT_SUCCESS(ZwClose(EventHandle));
}

__attribute__((noinline)) static VOID
OpenHandle(PUCHAR At)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&OtherHandle[(At - Code) / 3], EVENT_ALL_ACCESS, &Attributes, NotificationEvent,
                  FALSE);
}

__attribute__((noinline)) static BOOLEAN
ArmEx(VOID)
{
    EXT_SET_PARAMETERS Parameters;

    ExInitializeSetTimerParameters(&Parameters);
    return ExSetTimer(ExTimer, -10000, 0, &Parameters);
}

static LONG
SetPriority(UCHAR Number, UCHAR Priority)
{
    return KeSetPriorityThread(ThreadObject[Number], 8 + Priority) - 8;
}

static LONG
Look(UCHAR Number)
{
    return Number == MUTEX         ? KeReadStateMutex(&Mutex)
           : Number >= FIRST_TIMER ? KeReadStateTimer(&Timer[Number - FIRST_TIMER])
           : Number == QUEUE       ? KeReadStateQueue(&Queue)
           : Number == QUEUE - 1   ? KeReadStateSemaphore(&Semaphore)
                                   : KeReadStateEvent(&Event[Number]);
}

static VOID NTAPI
Notified(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Run(Routine[CALLBACK]);
}

static VOID NTAPI
ExExpired(PEX_TIMER Which, PVOID Context)
{
    Run(Routine[EX_TIMER_LIST]);
}

#endif
