/*
 * crowd.c - N threads, most of which have nothing to do with each other: each takes a lock of its own, S of them one that they share: S!
 *
 * With LATER they come one after the other, as far as that is known: each waits for the one before to have ended. With WRONG = 1 every run is bad. With PROCESSORS
 * thread i stays on processor 1 + i % PROCESSORS.
 */
#include "program.h"

static FAST_MUTEX Own[N], Shared;
static LONG Ended;

static VOID NTAPI
Thread(PVOID Context)
{
    PFAST_MUTEX Mutex = (ULONG_PTR)Context < S ? &Shared : &Own[(ULONG_PTR)Context];

#ifdef PROCESSORS
    KeSetSystemAffinityThread((KAFFINITY)2 << (ULONG_PTR)Context % PROCESSORS);
#endif
    ExAcquireFastMutex(Mutex);
    Ended++;
    ExReleaseFastMutex(Mutex);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Shared);
    for (ULONG Index = 0; Index < N; Index++) {
        ExInitializeFastMutex(&Own[Index]);
    }
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, N - 1 - Index);
#ifdef LATER
        if (N - 1 - Index >= S) {
            Join();
        }
#endif
    }
    Join();
    BAD(Ended != N + WRONG);
}
