/*
 * boosts.c - what a wait's end lifts a thread by, and how that goes again: each increment for threads of several priorities, who then run beside another that is
 * ready. [LEARN:procthread/priority-boosts]: a boost ends below the real-time priorities; "the scheduler reduces that priority by one level each time the thread
 * completes a time slice, until the thread drops back to its base priority". [DDI:wdm/kesetevent]. Runs with --cpus 1.
 */
#include "../ntlab-test.h"

NTKERNELAPI LONG NTAPI KeSetBasePriorityThread(PKTHREAD, LONG);

#define MOST 200000 /* turns that it may take to come down */

static KEVENT Event, Ready;
static volatile BOOLEAN Stop;
static LONG Increment;
static volatile KPRIORITY First, Last, Steps, Odd;

/* Of the same base, and never waits. */
static VOID NTAPI
Spin(PVOID Base)
{
    KeSetBasePriorityThread(KeGetCurrentThread(), (LONG)(LONG_PTR)Base);
    while (!Stop) {
        YieldProcessor();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Work(PVOID Base)
{
    KPRIORITY Before, Now, Own;

    KeSetBasePriorityThread(KeGetCurrentThread(), (LONG)(LONG_PTR)Base);
    Own = KeQueryPriorityThread(KeGetCurrentThread());
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    First = Before = KeQueryPriorityThread(KeGetCurrentThread());
    for (ULONG i = 0; i < MOST && Before != Own; i++) {
        YieldProcessor();
        Now = KeQueryPriorityThread(KeGetCurrentThread());
        Steps += Now != Before;
        Odd += Now > Before || Now < Before - 1;
        Before = Now;
    }
    for (ULONG i = 0; i < 100; i++) {
        YieldProcessor();
        Odd += KeQueryPriorityThread(KeGetCurrentThread()) != Own;
    }
    Last = Before;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static HANDLE
Start(PKSTART_ROUTINE Routine, LONG Base)
{
    HANDLE Handle = NULL;

    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine,
                         (PVOID)(LONG_PTR)Base);
    return Handle;
}

static VOID
Join(HANDLE Handle)
{
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    ZwClose(Handle);
}

static VOID
Each(LONG Base)
{
    LARGE_INTEGER Delay = {.QuadPart = -100000};
    HANDLE Worker, Spinner;
    KPRIORITY Own = 8 + Base;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    Stop = FALSE;
    Steps = Odd = 0;
    Worker = Start(Work, Base);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay); /* it waits */
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    Spinner = Start(Spin, Base);
    KeSetEvent(&Event, Increment, FALSE); /* it runs when this thread waits */
    Join(Worker);
    Stop = TRUE;
    Join(Spinner);
    KeSetPriorityThread(KeGetCurrentThread(), 8);
    EXPECT_EQ(First, Own + Increment < LOW_REALTIME_PRIORITY ? Own + Increment
                                                             : LOW_REALTIME_PRIORITY - 1);
    EXPECT_EQ(Last, Own);
    EXPECT_EQ(Steps, First - Own);
    EXPECT_EQ(Odd, 0);
}

static VOID
Boosts(VOID)
{
    static const LONG Bases[] = {-4, 0, 3, 6};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Bases); i++) {
        for (Increment = 0; Increment < 10; Increment += 1 + (Increment > 2)) {
            Each(Bases[i]);
        }
    }
}

TEST_DRIVER(TEST(Boosts))
