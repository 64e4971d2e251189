/*
 * priorities.c - what strict priorities decide when threads share processors (`explore --cpus`). PROGRAM:
 *
 *     1  a thread that wakes one of a higher priority sees what that has done
 *     2  at DISPATCH_LEVEL it goes on first
 *     3  of two processors the lowest of three threads has none while the others go on
 *     4  who lowers its own priority sees what one above it has done, and not before
 *     5  who has a lower priority has done nothing yet
 *     6  who raises another's above its own sees what that has done
 *     7  two windows at DISPATCH_LEVEL on the processors APART says
 *     8  three of one priority end in any order
 *     9  a DPC of the same processor, of importance IMPORTANCE, comes before the next step
 *
 * Priorities are real-time ones: they are not boosted and do not decay. [Scheduling Priorities; DDI:wdm/kesetprioritythread]
 */
#include "program.h"

#ifndef APART
#define APART 1
#endif
#ifndef IMPORTANCE
#define IMPORTANCE MediumImportance
#endif

static KEVENT Ready[2], Go[2], Done;
static KSEMAPHORE Inside;
static KDPC Dpc;
static PKTHREAD Other;
static ULONG Order;
static LARGE_INTEGER Now; /* zero: a poll */

static VOID
Level(KPRIORITY Priority)
{
    KeSetPriorityThread(KeGetCurrentThread(), Priority);
}

static VOID
Set(PKEVENT Event)
{
    KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
}

static VOID
Wait(PKEVENT Event)
{
    KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL);
}

/* A window: while it is open Inside counts one more. */
static VOID
Pass(VOID)
{
    KeReleaseSemaphore(&Inside, 0, 1, FALSE);
    KeWaitForSingleObject(&Inside, Executive, KernelMode, FALSE, NULL);
}

/* Wakes up, and does something. */
static VOID NTAPI
Woken(PVOID Context)
{
    ULONG Index = (ULONG)(ULONG_PTR)Context;

#if PROGRAM == 4 || PROGRAM == 5
    Level(18);
#elif PROGRAM == 6
    Level(17);
    Other = KeGetCurrentThread();
#else
    Level(20 - (KPRIORITY)Index);
#endif
    Set(&Ready[Index]);
#if PROGRAM != 6
    Wait(&Go[Index]);
#endif
#if PROGRAM == 2
    BAD(KeReadStateEvent(&Done) == 0);
#elif PROGRAM == 3
    Pass();
#else
    Set(&Done);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Waker(PVOID Context)
{
    KIRQL OldIrql;

    Level(PROGRAM == 4 || PROGRAM == 5 ? 20 : PROGRAM == 6 ? 18 : 17);
    Wait(&Ready[0]);
#if PROGRAM == 3
    Wait(&Ready[1]);
#endif
#if PROGRAM == 2 || PROGRAM == 3
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
#endif
    (VOID) OldIrql;
#if PROGRAM == 6
    KeSetPriorityThread(Other, 20);
#else
    Set(&Go[0]);
#endif
#if PROGRAM == 2
    Set(&Done);
#elif PROGRAM == 3
    Set(&Go[1]);
#elif PROGRAM == 4
    Level(17);
#endif
#if PROGRAM == 2 || PROGRAM == 3
    KeLowerIrql(OldIrql);
#endif
#if PROGRAM == 1 || PROGRAM == 4 || PROGRAM == 6
    BAD(KeReadStateEvent(&Done) == 0);
#elif PROGRAM == 3
    BAD(KeReadStateSemaphore(&Inside) == 2);
#elif PROGRAM == 5
    BAD(KeReadStateEvent(&Done) != 0);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Window(PVOID Context)
{
    KIRQL OldIrql;

    KeSetSystemAffinityThread((KAFFINITY)(ULONG_PTR)Context);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    KeReleaseSemaphore(&Inside, 0, 1, FALSE);
    BAD(KeReadStateSemaphore(&Inside) == 2);
    KeWaitForSingleObject(&Inside, Executive, KernelMode, FALSE, &Now); /* it is there: no wait */
    KeLowerIrql(OldIrql);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Equal(PVOID Context)
{
    ULONG Index = (ULONG)(ULONG_PTR)Context;

    Wait(&Go[0]);
    Order = Order * 4 + Index;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Run(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Set(&Done);
}

static VOID NTAPI
Queuer(PVOID Context)
{
    KeSetSystemAffinityThread(1);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    BAD(KeReadStateEvent(&Done) == 0);
    KeFlushQueuedDpcs();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeSemaphore(&Inside, 0, 4);
    for (ULONG Index = 0; Index < 2; Index++) {
        KeInitializeEvent(&Ready[Index], NotificationEvent, FALSE);
        KeInitializeEvent(&Go[Index], NotificationEvent, FALSE);
    }
    KeInitializeDpc(&Dpc, Run, NULL);
    KeSetTargetProcessorDpc(&Dpc, 0);
    KeSetImportanceDpc(&Dpc, IMPORTANCE);
#if PROGRAM == 7
    Start(Window, 1);
    Start(Window, APART);
#elif PROGRAM == 8
    Start(Equal, 1);
    Start(Equal, 2);
    Start(Equal, 3);
    Set(&Go[0]);
    Join();
    BAD(Order == ORDER);
#elif PROGRAM == 9
    Start(Queuer, 0);
#else
    Start(Woken, 0);
#if PROGRAM == 3
    Start(Woken, 1);
#endif
    Start(Waker, 0);
#endif
}
