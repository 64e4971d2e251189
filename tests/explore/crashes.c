/*
 * crashes.c - programs that crash in their middle, while others still have steps to make.
 *
 *     1  N threads set and clear an event, and crash where they find it set; another one looks at what is its own
 *     2  N threads try a mutex, and crash where it is held; one of them holds another one meanwhile
 *     3  a thread ends another one's wait for an event and crashes then, or that one does, with another code
 *     4  a thread crashes because of memory that another one has changed, which no step tells: one trace of two
 *     5  a lock is taken by N threads; whoever comes last crashes, and those before it still have an event to set
 */
#include "program.h"

static KEVENT Shared, Own, Held;
static FAST_MUTEX Lock, Beside;
static ULONG volatile Changed, Taken;

__attribute__((no_sanitize("thread"))) static VOID
Crash(ULONG Code, BOOLEAN Now)
{
    if (Now) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, Code, 0, 0, 0);
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Index = (ULONG)(ULONG_PTR)Context;

#if PROGRAM == 1
    Crash(Index, KeSetEvent(&Shared, 0, FALSE) != 0);
    KeClearEvent(&Shared);
#elif PROGRAM == 2
    if (Index == 0) {
        ExAcquireFastMutex(&Beside);
    }
    Crash(Index, !ExTryToAcquireFastMutex(&Lock));
    ExReleaseFastMutex(&Lock);
    if (Index == 0) {
        ExReleaseFastMutex(&Beside);
    }
#elif PROGRAM == 3
    if (Index == 0) {
        KeWaitForSingleObject(&Shared, Executive, KernelMode, FALSE, NULL);
        KeSetEvent(&Held, 0, FALSE);
        Crash(1, KeReadStateEvent(&Own) == 0);
    } else {
        KeSetEvent(&Shared, 0, FALSE);
        Crash(2, KeReadStateEvent(&Held) != 0);
        KeSetEvent(&Own, 0, FALSE);
    }
#elif PROGRAM == 4
    if (Index == 0) {
        KeSetEvent(&Own, 0, FALSE);
        Changed = 1;
        KeClearEvent(&Own);
    } else {
        KeReadStateEvent(&Shared);
        Crash(1, Changed != 0);
        KeReadStateEvent(&Own);
    }
#elif PROGRAM == 5
    BOOLEAN Last;

    ExAcquireFastMutex(&Lock);
    Last = ++Taken == N;
    ExReleaseFastMutex(&Lock);
    Crash(Index, Last);
    KeSetEvent(&Held, 0, FALSE);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Bystander(PVOID Context)
{
    ExAcquireFastMutex(&Beside);
    KeReadStateEvent(&Held);
    ExReleaseFastMutex(&Beside);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Shared, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Own, NotificationEvent, FALSE);
    KeInitializeEvent(&Held, NotificationEvent, FALSE);
    ExInitializeFastMutex(&Lock);
    ExInitializeFastMutex(&Beside);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
    Start(Bystander, 0);
}
