/*
 * few.c - what fewer processors than threads make possible, and what not (`explore --cpus`). PROGRAM:
 *
 *     1  a window at DISPATCH_LEVEL: who looks into it needs another processor
 *     2  the same window at PASSIVE_LEVEL: one processor is enough
 *     3  a DPC with the processor as its target that the window is on: it comes before or after it
 *     4  a DPC with another processor as its target: it comes in between
 *     5  a thread of a lower priority looks into the window of one of a higher priority at PASSIVE_LEVEL
 *     6  one of a higher priority that has waited until the window is open does
 *     7  two threads that take two locks in different orders
 */
#include "program.h"

static KEVENT Window, Begun;
static KDPC Dpc;
static FAST_MUTEX Locks[2];

static VOID
Look(VOID)
{
    BAD(KeReadStateEvent(&Window) != 0);
}

static VOID NTAPI
LookFromDpc(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Look();
}

static VOID NTAPI
Opener(PVOID Context)
{
    KIRQL OldIrql = PASSIVE_LEVEL;

#if PROGRAM == 3 || PROGRAM == 4
    KeSetSystemAffinityThread(1);
#endif
#if PROGRAM == 5
    KeSetPriorityThread(KeGetCurrentThread(), 14);
#endif
#if PROGRAM == 1 || PROGRAM == 3 || PROGRAM == 4
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
#endif
#if PROGRAM == 3 || PROGRAM == 4
    KeInsertQueueDpc(&Dpc, NULL, NULL);
#endif
    KeSetEvent(&Window, IO_NO_INCREMENT, FALSE);
#if PROGRAM == 6
    KeSetEvent(&Begun, IO_NO_INCREMENT, FALSE);
#endif
    KeResetEvent(&Window);
    if (KeGetCurrentIrql() == DISPATCH_LEVEL) {
        KeLowerIrql(OldIrql);
    }
#if PROGRAM == 3 || PROGRAM == 4
    KeFlushQueuedDpcs();
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Looker(PVOID Context)
{
#if PROGRAM == 6
    KeSetPriorityThread(KeGetCurrentThread(), 14);
    KeWaitForSingleObject(&Begun, Executive, KernelMode, FALSE, NULL);
#elif PROGRAM == 5
    KeSetPriorityThread(KeGetCurrentThread(), 5);
#endif
#if PROGRAM != 3 && PROGRAM != 4
    Look();
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Taker(PVOID Context)
{
    ULONG First = (ULONG)(ULONG_PTR)Context;

    ExAcquireFastMutex(&Locks[First]);
    ExAcquireFastMutex(&Locks[1 - First]);
    ExReleaseFastMutex(&Locks[1 - First]);
    ExReleaseFastMutex(&Locks[First]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Window, NotificationEvent, FALSE);
    KeInitializeEvent(&Begun, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, LookFromDpc, NULL);
    KeSetTargetProcessorDpc(&Dpc, PROGRAM == 4 ? 1 : 0);
    ExInitializeFastMutex(&Locks[0]);
    ExInitializeFastMutex(&Locks[1]);
#if PROGRAM == 7
    Start(Taker, 0);
    Start(Taker, 1);
#else
    Start(Opener, 0);
    Start(Looker, 0);
#endif
}
