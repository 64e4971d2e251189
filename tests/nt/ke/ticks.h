/*
 * ticks.h - for a model whose steps are ticks of the system's time: THREADS threads that each do what they are told, and when something is due. Who includes
 * this defines THREADS, TICK (ms) and SEED, and says in Do what a thread does. All that is due within a tick is due in a slot of its own.
 */
#ifndef TESTS_KE_TICKS_H
#define TESTS_KE_TICKS_H

#include "../draw.h"
#include "../ntlab-test.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

#define SLOT  20 /* ms */
#define MS    10000ll
#define NEVER (-1)
#define QUIT  MAXULONG

static struct {
    HANDLE Handle;
    PKTHREAD Thread;
    KEVENT Go;
    KAPC Apc;
    ULONG Command;
    volatile BOOLEAN Busy;
    volatile LONG Apcs;
    LONG WantedApcs; /* the model's */
} Worker[THREADS];

static ULONG Step;
static LONGLONG Base; /* system time of step 0 */

static VOID Do(ULONG t, ULONG What);

static VOID
Note(const char *What, ULONG Which, ULONG_PTR Got, ULONG_PTR Expected)
{
    if (Got != Expected) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "ntlab-test: note Model:0 step %u %s %u: got 0x%p, expected 0x%p\n", Step, What,
                   Which, (PVOID)Got, (PVOID)Expected);
    }
}

/* ---- time ---- */

static VOID
BeginTicks(VOID)
{
    LARGE_INTEGER Now;

    KeQuerySystemTime(&Now);
    Base = Now.QuadPart + TICK * MS;
    Now.QuadPart = Base;
    KeDelayExecutionThread(KernelMode, FALSE, &Now);
}

static VOID
NextTick(VOID)
{
    LARGE_INTEGER Next;

    Step++;
    Next.QuadPart = Base + Step * TICK * MS;
    KeDelayExecutionThread(KernelMode, FALSE, &Next);
}

/* In ms since step 0. */
static LONG
DueAfter(ULONG Ticks, ULONG Slot)
{
    return (LONG)((Step + Ticks) * TICK + (Slot + 1) * SLOT);
}

/* Absolute or relative. */
static LONGLONG
DrawTime(LONG Due)
{
    return Draw(2) ? Base + Due * MS : -(Due - (LONG)(Step * TICK)) * MS;
}

/* ---- threads ---- */

static VOID NTAPI
Work(PVOID Context)
{
    ULONG t = (ULONG)(ULONG_PTR)Context;

    for (;;) {
        KeWaitForSingleObject(&Worker[t].Go, Executive, KernelMode, FALSE, NULL);
        if (Worker[t].Command == QUIT) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        Do(t, Worker[t].Command);
        Worker[t].Busy = FALSE;
    }
}

static VOID
BeginWorkers(VOID)
{
    for (ULONG t = 0; t < THREADS; t++) {
        KeInitializeEvent(&Worker[t].Go, SynchronizationEvent, FALSE);
        PsCreateSystemThread(&Worker[t].Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Work,
                             (PVOID)(ULONG_PTR)t);
        ObReferenceObjectByHandle(Worker[t].Handle, SYNCHRONIZE, *PsThreadType, KernelMode,
                                  (PVOID *)&Worker[t].Thread, NULL);
    }
}

static VOID
Command(ULONG t, ULONG What)
{
    Worker[t].Command = What;
    Worker[t].Busy = TRUE;
    KeSetEvent(&Worker[t].Go, 0, FALSE);
}

static VOID
EndWorkers(VOID)
{
    for (ULONG t = 0; t < THREADS; t++) {
        Command(t, QUIT);
        ZwWaitForSingleObject(Worker[t].Handle, FALSE, NULL);
        ZwClose(Worker[t].Handle);
        ObDereferenceObject(Worker[t].Thread);
    }
}

static VOID NTAPI
CountApc(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    InterlockedIncrement((volatile LONG *)*Argument1);
}

static VOID
QueueApc(ULONG t)
{
    Worker[t].WantedApcs++;
    KeInitializeApc(&Worker[t].Apc, Worker[t].Thread, 0, CountApc, NULL, NULL, KernelMode, NULL);
    KeInsertQueueApc(&Worker[t].Apc, (PVOID)&Worker[t].Apcs, NULL, 0);
}

#endif
