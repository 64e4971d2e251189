/*
 * modelled.c - programs in which what a thread does, or whether it can, depends on what others have done. check_models.py has a
 * model of each, and counts the traces without any of the explorer's code. PROGRAM selects one.
 *
 *     INDIRECT  a reader is told by one writer which of two variables it reads, and each of those has a writer
 *     CYCLE     N threads in a ring: each writes its variable if its neighbour's is still 0
 *     GATED     two threads take two locks in opposite orders, the one only as long as a flag is not set
 *     SPAWNER   a thread starts another one if a flag is not set; who sets it looks at what that one wrote
 *     PERMITS   N threads pass a semaphore of M units
 *     RELAY     N threads wait on one synchronization event, which who has passed sets again once at most
 *     TWICE     N threads increment what they have last read, under a lock only if they read it as 0
 *     SWITCHED  one thread moves the place that another two exchange their values with
 */
#include "program.h"

#define INDIRECT 1
#define CYCLE    2
#define GATED    3
#define SPAWNER  4
#define PERMITS  5
#define RELAY    6
#define TWICE    7
#define SWITCHED 8

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

#if PROGRAM == INDIRECT
static volatile LONG Which, Place[2];

static VOID NTAPI
Reader(PVOID Context)
{
    (VOID) Place[Which];
    END();
}

static VOID NTAPI
Teller(PVOID Context)
{
    Which = 1;
    END();
}

static VOID NTAPI
Writer(PVOID Context)
{
    Place[(ULONG_PTR)Context] = 1;
    END();
}

static VOID
Program(VOID)
{
    Start(Reader, 0);
    Start(Writer, 0);
    Start(Writer, 1);
    Start(Teller, 0);
}
#elif PROGRAM == CYCLE
static volatile LONG Mark[N];

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG_PTR Self = (ULONG_PTR)Context;

    if (Mark[(Self + 1) % N] == 0) {
        Mark[Self] = 1;
    }
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == GATED
static FAST_MUTEX Outer, Inner;
static volatile LONG Flag;

static VOID NTAPI
First(PVOID Context)
{
    ExAcquireFastMutex(&Outer);
    if (Flag == 0) {
        ExAcquireFastMutex(&Inner);
        ExReleaseFastMutex(&Inner);
    }
    ExReleaseFastMutex(&Outer);
    END();
}

static VOID NTAPI
Second(PVOID Context)
{
    ExAcquireFastMutex(&Inner);
    ExAcquireFastMutex(&Outer);
    ExReleaseFastMutex(&Outer);
    ExReleaseFastMutex(&Inner);
    END();
}

static VOID NTAPI
Closer(PVOID Context)
{
    Flag = 1;
    END();
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Outer);
    ExInitializeFastMutex(&Inner);
    Start(First, 0);
    Start(Second, 0);
    Start(Closer, 0);
}
#elif PROGRAM == SPAWNER
static volatile LONG Flag, Written;

static VOID NTAPI
Child(PVOID Context)
{
    Written = 1;
    END();
}

static VOID NTAPI
Parent(PVOID Context)
{
    HANDLE Handle;

    if (Flag == 0 && NT_SUCCESS(PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL,
                                                     Child, NULL))) {
        ZwWaitForSingleObject(Handle, FALSE, NULL);
        ZwClose(Handle);
    }
    END();
}

static VOID NTAPI
Closer(PVOID Context)
{
    Flag = 1;
    (VOID) Written;
    END();
}

static VOID
Program(VOID)
{
    Start(Closer, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Parent, 0);
    }
}
#elif PROGRAM == PERMITS
static KSEMAPHORE Gate;

static VOID NTAPI
Thread(PVOID Context)
{
    KeWaitForSingleObject(&Gate, Executive, KernelMode, FALSE, NULL);
    KeReleaseSemaphore(&Gate, 0, 1, FALSE);
    END();
}

static VOID
Program(VOID)
{
    KeInitializeSemaphore(&Gate, M, N);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == RELAY
static KEVENT Event;
static volatile LONG Again;

static VOID NTAPI
Waiter(PVOID Context)
{
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    if (Again == 0) {
        Again = 1;
        KeSetEvent(&Event, 0, FALSE);
    }
    END();
}

static VOID NTAPI
Setter(PVOID Context)
{
    KeSetEvent(&Event, 0, FALSE);
    END();
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Waiter, Index);
    }
    Start(Setter, 0);
}
#elif PROGRAM == TWICE
static FAST_MUTEX Lock;
static volatile LONG Value;

static VOID NTAPI
Thread(PVOID Context)
{
    LONG Seen = Value;

    if (Seen == 0) {
        ExAcquireFastMutex(&Lock);
        Value = Seen + 1;
        ExReleaseFastMutex(&Lock);
    } else {
        Value = Seen + 1;
    }
    END();
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Lock);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == SWITCHED
static volatile LONG Where, Place[2];

static VOID NTAPI
Mover(PVOID Context)
{
    Where = 1;
    Where = 0;
    END();
}

static VOID NTAPI
User(PVOID Context)
{
    InterlockedExchange(&Place[Where], 1 + (LONG)(ULONG_PTR)Context);
    END();
}

static VOID
Program(VOID)
{
    Start(User, 0);
    Start(Mover, 0);
    Start(User, 1);
}
#endif
