/*
 * circle.c - two threads and two locks, while others go on. PROGRAM:
 *
 *     1  the locks are taken in different orders; another thread polls for ever
 *     2  the same, but both are taken under a third lock; the other thread ends when they have
 *     4  as 1, but the second one sleeps for a second first, and nobody polls
 *     5  as 4, and the second one begins when the first has ended
 *     6  three threads, one lock, one after the other, often; but they come to it in one run of 729 only: it is not known
 *        to be shared
 *     7  three threads wait for DPCs, one after the other, often
 *     3  both in the same order; a thread of the driver waits for work for as long as the driver lives
 *
 * Nothing joins the two in 1: only the circle itself shows that they hang.
 */
#include "program.h"

static LOCK_TYPE Lock[2];
static FAST_MUTEX Gate;
static KEVENT Work;
static volatile LONG Stop;

static VOID NTAPI
Taker(PVOID Context)
{
    ULONG First = PROGRAM == 3 ? 0 : (ULONG)(ULONG_PTR)Context;

#if PROGRAM == 2
    ExAcquireFastMutex(&Gate);
#elif PROGRAM == 4
    LARGE_INTEGER Interval = {.QuadPart = -10000000};

    if (First == 1) {
        KeDelayExecutionThread(KernelMode, FALSE, &Interval);
    }
#endif
    LOCK_ACQUIRE(Lock[First]);
    LOCK_ACQUIRE(Lock[1 - First]);
    LOCK_RELEASE(Lock[1 - First]);
    LOCK_RELEASE(Lock[First]);
#if PROGRAM == 2
    ExReleaseFastMutex(&Gate);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

#if PROGRAM == 6 || PROGRAM == 7
#define THREADS 3
#define ROUNDS  30
static KDPC Dpc[THREADS];
static ULONG Way; /* PROGRAM 6: who went first, and so on; four bits each */

static VOID NTAPI
DpcRoutine(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetEvent(&Work, 0, FALSE);
}

/* Have the threads taken turns, at the first six of these steps? */
static BOOLEAN
TakesTurns(ULONG_PTR Own)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000};

    for (ULONG Step = 0; Step < 3; Step++) {
        KeDelayExecutionThread(KernelMode, FALSE, &Interval);
        if (Way >> 20 == 0) {
            Way = Way << 4 | (ULONG)(Own + 1);
        }
    }
    return Way == 0x123123;
}

static VOID NTAPI
Round(PVOID Context)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000};
    ULONG_PTR Own = (ULONG_PTR)Context;
    ULONG Rounds = PROGRAM == 7 || TakesTurns(Own) ? ROUNDS : 0;

    KeInitializeDpc(&Dpc[Own], DpcRoutine, NULL);
    for (ULONG Count = 0; Count < Rounds; Count++) {
#if PROGRAM == 6
        LOCK_ACQUIRE(Lock[0]);
        KeDelayExecutionThread(KernelMode, FALSE, &Interval); /* others come here meanwhile */
        LOCK_RELEASE(Lock[0]);
        KeDelayExecutionThread(KernelMode, FALSE, &Interval);
#else
        KeInsertQueueDpc(&Dpc[Own], NULL, NULL);
        KeFlushQueuedDpcs();
#endif
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}
#endif

/* Not in a circle: what it waits for can come. */
static VOID NTAPI
Other(PVOID Context)
{
#if PROGRAM == 1
    LARGE_INTEGER Interval = {.QuadPart = -10000};

    while (Stop == 0) {
        KeDelayExecutionThread(KernelMode, FALSE, &Interval);
    }
#else
    KeWaitForSingleObject(&Work, Executive, KernelMode, FALSE, NULL);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    HANDLE Background;

    LOCK_INITIALIZE(Lock[0]);
    LOCK_INITIALIZE(Lock[1]);
    ExInitializeFastMutex(&Gate);
    KeInitializeEvent(&Work, NotificationEvent, FALSE);
#if PROGRAM == 6 || PROGRAM == 7
    for (ULONG_PTR Own = 0; Own < THREADS; Own++) {
        Start(Round, Own);
    }
    Join();
    return;
#endif
    Start(Taker, 0);
#if PROGRAM == 5
    Join();
#endif
    Start(Taker, 1);
    PsCreateSystemThread(&Background, THREAD_ALL_ACCESS, NULL, NULL, NULL, Other, NULL);
#if PROGRAM != 1
    Join();
    Stop = 1;
    KeSetEvent(&Work, 0, FALSE);
    ZwWaitForSingleObject(Background, FALSE, NULL);
#endif
    ZwClose(Background);
}
