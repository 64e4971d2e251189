/*
 * signals.c - more of what signals and is waited for, each in the smallest program that shows what commutes. PROGRAM selects one.
 *
 *     EITHER     one waits for an event or a timer, another one sets the event, the timer may expire: who comes first, and which of the two it
 *                takes where both are set: 4
 *     TWO        a semaphore is released by N at once, for N who wait: N!
 *     CHAIN      thread i waits for event i and sets event i + 1: 1
 *     HEAD       one entry is inserted at a queue's head and one at its tail; both are taken, the first one perhaps before the second is
 *                there: 4
 *     THREADED   a threaded DPC is queued and flushed: 1
 *     STARVE     a reader that waits for nobody who waits (ExAcquireSharedStarveExclusive), N writers: (N + 1)!
 *     LISTS      N threads push to an interlocked list: N!
 *     ALL        N threads wait for a mutex and an event together, and give both back: N!
 *     EXTIMER    an ex-timer that was set is deleted, with cancelling and waiting: it has not expired, or its callback has begun before the
 *                cancelling or not, and has ended before the deletion looks or not: 1 + 2 * 2
 *     PAIR       KeSetEvent with Wait and the wait behind it are no step that others cannot come into: two that signal and wait for
 *                one another: 1
 *     CLEAR      one clears a notification event, N read its state: 2^N
 */
#include "program.h"

#define EITHER   3
#define TWO      4
#define CHAIN    5
#define HEAD     6
#define THREADED 7
#define STARVE   8
#define LISTS    9
#define ALL      10
#define EXTIMER  12
#define PAIR     13
#define CLEAR    14

static KEVENT Event[8];
static KTIMER Timer;
static KDPC Dpc;
static KSEMAPHORE Semaphore;
static KQUEUE Queue;
static LIST_ENTRY Entry[2], List, Links[8];
static ERESOURCE Resource;
static KMUTEX Mutex;
static KSPIN_LOCK Lock;
static LONG Count;
static PEX_TIMER ExTimer;

static VOID NTAPI
Deferred(PKDPC Which, PVOID Context, PVOID First, PVOID Second)
{
    InterlockedIncrement(&Count);
}

static VOID NTAPI
Expired(PEX_TIMER Which, PVOID Context)
{
    InterlockedIncrement(&Count);
}

static VOID NTAPI
Many(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;
    PVOID Either[2] = {&Event[0], &Timer}, All[2] = {&Mutex, &Event[0]};

    switch (PROGRAM) {
    case EITHER:
        KeWaitForMultipleObjects(2, Either, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
        break;
    case TWO:
        KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
        break;
    case CHAIN:
        KeWaitForSingleObject(&Event[Self], Executive, KernelMode, FALSE, NULL);
        KeSetEvent(&Event[Self + 1], 0, FALSE);
        break;
    case HEAD:
        Self == 0 ? KeInsertHeadQueue(&Queue, &Entry[0]) : KeInsertQueue(&Queue, &Entry[1]);
        break;
    case THREADED:
        KeInsertQueueDpc(&Dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        BAD(Count != 1);
        break;
    case STARVE:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case LISTS:
        ExInterlockedInsertTailList(&List, &Links[Self], &Lock);
        break;
    case ALL:
        KeWaitForMultipleObjects(2, All, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
        KeReleaseMutex(&Mutex, FALSE);
        KeSetEvent(&Event[0], 0, FALSE);
        break;
    case EXTIMER:
        ExDeleteTimer(ExTimer, TRUE, TRUE, NULL);
        break;
    case PAIR:
        KeSetEvent(&Event[Self], 0, TRUE);
        KeWaitForSingleObject(&Event[1 - Self], Executive, KernelMode, FALSE, NULL);
        break;
    case CLEAR:
        KeReadStateEvent(&Event[0]);
        break;
    default:
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
One(PVOID Context)
{
    switch (PROGRAM) {
    case EITHER:
    case CHAIN:
        KeSetEvent(&Event[0], 0, FALSE);
        break;
    case TWO:
        KeReleaseSemaphore(&Semaphore, 0, N, FALSE);
        break;
    case HEAD:
        KeRemoveQueue(&Queue, KernelMode, NULL);
        KeRemoveQueue(&Queue, KernelMode, NULL);
        break;
    case STARVE:
        KeEnterCriticalRegion();
        ExAcquireSharedStarveExclusive(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case CLEAR:
        KeClearEvent(&Event[0]);
        break;
    default:
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    for (ULONG Index = 0; Index < 8; Index++) {
        KeInitializeEvent(&Event[Index],
                          PROGRAM == EITHER || PROGRAM == CLEAR ? NotificationEvent
                                                                : SynchronizationEvent,
                          PROGRAM == ALL || PROGRAM == CLEAR);
    }
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    PROGRAM == THREADED ? KeInitializeThreadedDpc(&Dpc, Deferred, NULL)
                        : KeInitializeDpc(&Dpc, Deferred, NULL);
    KeInitializeSemaphore(&Semaphore, 0, 16);
    KeInitializeQueue(&Queue, 16);
    InitializeListHead(&List);
    KeInitializeSpinLock(&Lock);
    ExInitializeResourceLite(&Resource);
    KeInitializeMutex(&Mutex, 0);
    if (PROGRAM == EITHER) {
        KeSetTimer(&Timer, Soon, NULL);
    }
    if (PROGRAM == EXTIMER) {
        ExTimer = ExAllocateTimer(Expired, NULL, 0);
        ExSetTimer(ExTimer, -10000, 0, NULL);
    }
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Many, Index);
    }
    if (PROGRAM == EITHER || PROGRAM == TWO || PROGRAM == CHAIN || PROGRAM == HEAD ||
        PROGRAM == STARVE || PROGRAM == CLEAR) {
        Start(One, 0);
    }
    Join();
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    ExDeleteResourceLite(&Resource);
}
