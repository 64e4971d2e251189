/*
 * ready.c - threads that are ready and have no processor, against a model: five threads that may run on one processor only, which this thread keeps, are let go
 * in any order, their priorities and affinities changed meanwhile; 200 rounds. None runs there as long as this one does; who may run elsewhere now does at once; the
 * others run in the order of their priorities when this one waits. Then affinities of the current thread, the system's before its own; and a processor that becomes idle takes the best
 * of those that are ready for another and may run on it.
 * [DDI:wdm/kesetprioritythread, kesetsystemaffinitythreadex, kereverttouseraffinitythreadex], [DDI:ntifs/kesetaffinitythread],
 * [LEARN:procthread/scheduling-priorities]. Runs with --cpus 4.
 */
#include "../ntlab-test.h"

#define SEED 13
#include "../draw.h"

NTKERNELAPI KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD, KAFFINITY);
NTKERNELAPI KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY);
NTKERNELAPI VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY);

#define THREADS 5
#define CPUS    4
#define HERE    1
#define ROUNDS  200
#define TURNS   100000 /* until who may run has run */

static struct {
    HANDLE Handle;
    PKTHREAD Thread;
    KEVENT Event;
    volatile LONG Order; /* 0: has not run */
    volatile ULONG Cpu;
    KPRIORITY Priority;
    ULONG MayRun;
    BOOLEAN Signaled;
} Thread[THREADS];

static volatile LONG Runs;
static volatile BOOLEAN Quit;
static struct {
    ULONG Early, Late, Cpu, Order, Previous;
} Wrong;

static VOID NTAPI
Work(PVOID Context)
{
    ULONG t = (ULONG)(ULONG_PTR)Context;

    for (;;) {
        KeWaitForSingleObject(&Thread[t].Event, Executive, KernelMode, FALSE, NULL);
        if (Quit) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        Thread[t].Cpu = KeGetCurrentProcessorNumber();
        Thread[t].Order = InterlockedIncrement(&Runs);
    }
}

/* One that no other has. */
static KPRIORITY
DrawPriority(VOID)
{
    for (;;) {
        KPRIORITY Priority = 2 + (KPRIORITY)Draw(13);
        ULONG t;

        for (t = 0; t < THREADS && Thread[t].Priority != Priority; t++) {
        }
        if (t == THREADS) {
            return Priority;
        }
    }
}

static VOID
SetPriority(ULONG t)
{
    KPRIORITY Before = Thread[t].Priority, New = DrawPriority();

    Thread[t].Priority = New;
    Wrong.Previous += KeSetPriorityThread(Thread[t].Thread, New) != Before;
    Wrong.Previous += KeQueryPriorityThread(Thread[t].Thread) != New;
}

static VOID
SetAffinity(ULONG t, ULONG Cpu)
{
    Wrong.Previous += KeSetAffinityThread(Thread[t].Thread, (KAFFINITY)1 << Cpu) !=
                      (KAFFINITY)1 << Thread[t].MayRun;
    Thread[t].MayRun = Cpu;
}

static VOID
Signal(VOID)
{
    ULONG First = Draw(THREADS), Count = 1 + Draw(THREADS);

    for (ULONG i = 0; i < Count; i++) {
        ULONG t = (First + i * 2) % THREADS;

        Thread[t].Signaled = TRUE;
        KeSetEvent(&Thread[t].Event, 0, FALSE);
    }
}

static VOID
Round(VOID)
{
    LARGE_INTEGER Delay = {.QuadPart = -100000};

    Runs = 0;
    for (ULONG t = 0; t < THREADS; t++) {
        Thread[t].Order = 0;
        Thread[t].Signaled = FALSE;
        SetPriority(t);
    }
    Signal();
    for (ULONG t = 0; t < THREADS; t++) {
        if (Draw(3) == 0) {
            SetPriority(t);
        }
        if (Draw(4) == 0) {
            SetAffinity(t, Draw(CPUS));
        }
        if (Draw(4) == 0) {
            SetPriority(t);
        }
    }
    for (ULONG t = 0; t < THREADS; t++) {
        if (Thread[t].Signaled && Thread[t].MayRun != HERE) {
            for (ULONG i = 0; i < TURNS && Thread[t].Order == 0; i++) {
                YieldProcessor();
            }
            Wrong.Late += Thread[t].Order == 0;
        } else {
            Wrong.Early += Thread[t].Order != 0;
        }
    }
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    for (ULONG t = 0; t < THREADS; t++) {
        Wrong.Late += (Thread[t].Order != 0) != Thread[t].Signaled;
        Wrong.Cpu += Thread[t].Signaled && Thread[t].Cpu != Thread[t].MayRun;
        for (ULONG u = 0; u < THREADS && Thread[t].MayRun == HERE && Thread[t].Signaled; u++) {
            Wrong.Order += Thread[u].MayRun == HERE && Thread[u].Signaled &&
                           Thread[u].Priority > Thread[t].Priority &&
                           Thread[u].Order > Thread[t].Order;
        }
    }
    for (ULONG t = 0; t < THREADS; t++) {
        SetAffinity(t, HERE);
    }
}

static VOID
Ready(VOID)
{
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    KeSetSystemAffinityThreadEx((KAFFINITY)1 << HERE);
    for (ULONG t = 0; t < THREADS; t++) {
        KeInitializeEvent(&Thread[t].Event, SynchronizationEvent, FALSE);
        PsCreateSystemThread(&Thread[t].Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Work,
                             (PVOID)(ULONG_PTR)t);
        ObReferenceObjectByHandle(Thread[t].Handle, SYNCHRONIZE, *PsThreadType, KernelMode,
                                  (PVOID *)&Thread[t].Thread, NULL);
        ZwClose(Thread[t].Handle);
        Thread[t].Priority = KeQueryPriorityThread(Thread[t].Thread);
        Thread[t].MayRun = HERE;
        EXPECT_EQ(KeSetAffinityThread(Thread[t].Thread, (KAFFINITY)1 << HERE),
                  KeQueryActiveProcessors());
    }
    for (ULONG i = 0; i < ROUNDS; i++) {
        Round();
    }
    Quit = TRUE;
    for (ULONG t = 0; t < THREADS; t++) {
        KeSetEvent(&Thread[t].Event, 0, FALSE);
        KeWaitForSingleObject(Thread[t].Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Thread[t].Thread);
    }
    KeRevertToUserAffinityThreadEx(0);
    KeSetPriorityThread(KeGetCurrentThread(), 8);
    EXPECT_EQ(Wrong.Early, 0);
    EXPECT_EQ(Wrong.Late, 0);
    EXPECT_EQ(Wrong.Cpu, 0);
    EXPECT_EQ(Wrong.Order, 0);
    EXPECT_EQ(Wrong.Previous, 0);
}

/* The current thread's own affinity, and the system's, which is 0 if there is none. */
static VOID
Affinities(VOID)
{
    KAFFINITY All = KeQueryActiveProcessors(), Own = All, System = 0;
    ULONG Bad = 0;

    for (ULONG Step = 0; Step < 500; Step++) {
        KAFFINITY New = Draw(32); /* of processors that there are not, too */
        PROCESSOR_NUMBER Number = {0};

        switch (Draw(4)) {
        case 0:
            if ((New & All) != 0) {
                Bad += KeSetAffinityThread(KeGetCurrentThread(), New) != Own;
                Own = New & All;
            }
            break;
        case 1:
            Bad += KeSetSystemAffinityThreadEx(New) != ((New & All) != 0 ? System : 0);
            System = (New & All) != 0 ? New & All : System;
            break;
        case 2:
            KeRevertToUserAffinityThread();
            System = 0;
            break;
        default:
            KeRevertToUserAffinityThreadEx(New);
            System = New == 0 ? 0 : (New & All) != 0 ? New & All : System;
        }
        Bad += ((System != 0 ? System : Own) >> KeGetCurrentProcessorNumber() & 1) == 0;
        Bad += KeGetCurrentProcessorNumberEx(&Number) != KeGetCurrentProcessorNumber() ||
               Number.Number != KeGetCurrentProcessorNumber();
    }
    KeRevertToUserAffinityThreadEx(0);
    KeSetAffinityThread(KeGetCurrentThread(), All);
    EXPECT_EQ(Bad, 0);
}

static volatile BOOLEAN Keep[CPUS];
static volatile ULONG Kept;

static VOID NTAPI
Keeper(PVOID Context)
{
    ULONG Cpu = (ULONG)(ULONG_PTR)Context;

    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    KeSetSystemAffinityThreadEx((KAFFINITY)1 << Cpu);
    InterlockedIncrement((volatile LONG *)&Kept);
    while (Keep[Cpu]) {
        YieldProcessor();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static HANDLE
Begin(PKSTART_ROUTINE Routine, ULONG Argument)
{
    HANDLE Handle = NULL;

    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine,
                         (PVOID)(ULONG_PTR)Argument);
    return Handle;
}

static VOID
End(HANDLE Handle)
{
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    ZwClose(Handle);
}

/* All processors are kept, and for HERE two threads are ready: the first one, of the higher priority, may run nowhere else. */
static VOID
Idle(VOID)
{
    static const ULONG Goes = 2;
    LARGE_INTEGER Delay = {.QuadPart = -100000};
    ULONG Ideal = HERE;
    HANDLE Keepers[CPUS], Bound, Free;

    Quit = FALSE;
    for (ULONG t = 0; t < 2; t++) {
        KeClearEvent(&Thread[t].Event);
        Thread[t].Order = 0;
    }
    Bound = Begin(Work, 0);
    Free = Begin(Work, 1);
    ObReferenceObjectByHandle(Bound, SYNCHRONIZE, *PsThreadType, KernelMode,
                              (PVOID *)&Thread[0].Thread, NULL);
    KeSetPriorityThread(Thread[0].Thread, 12);
    KeSetAffinityThread(Thread[0].Thread, (KAFFINITY)1 << HERE);
    ZwSetInformationThread(Free, ThreadIdealProcessor, &Ideal, sizeof(Ideal));
    KeDelayExecutionThread(KernelMode, FALSE, &Delay); /* until both wait */
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    KeSetSystemAffinityThreadEx((KAFFINITY)1 << HERE);
    for (ULONG Cpu = 0; Cpu < CPUS; Cpu++) {
        Keep[Cpu] = TRUE;
        Keepers[Cpu] = Cpu != HERE ? Begin(Keeper, Cpu) : NULL;
    }
    while (Kept < CPUS - 1) {
        YieldProcessor();
    }
    for (ULONG t = 0; t < 2; t++) {
        KeSetEvent(&Thread[t].Event, 0, FALSE);
    }
    for (ULONG i = 0; i < TURNS / 100; i++) {
        YieldProcessor();
    }
    EXPECT_EQ(Thread[0].Order | Thread[1].Order, 0);
    Keep[Goes] = FALSE;
    for (ULONG i = 0; i < TURNS && Thread[1].Order == 0; i++) {
        YieldProcessor();
    }
    EXPECT(Thread[1].Order != 0);
    EXPECT_EQ(Thread[1].Cpu, Goes);
    EXPECT_EQ(Thread[0].Order, 0);
    for (ULONG Cpu = 0; Cpu < CPUS; Cpu++) {
        Keep[Cpu] = FALSE;
        if (Keepers[Cpu] != NULL) {
            End(Keepers[Cpu]);
        }
    }
    for (ULONG i = 0; Thread[0].Order == 0 && i < 100; i++) {
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    }
    EXPECT_EQ(Thread[0].Cpu, HERE);
    Quit = TRUE;
    for (ULONG t = 0; t < 2; t++) {
        KeSetEvent(&Thread[t].Event, 0, FALSE);
    }
    End(Bound);
    End(Free);
    ObDereferenceObject(Thread[0].Thread);
    KeRevertToUserAffinityThreadEx(0);
    KeSetPriorityThread(KeGetCurrentThread(), 8);
}

TEST_DRIVER(TEST(Ready), TEST(Affinities), TEST(Idle))
