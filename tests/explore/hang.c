/*
 * hang.c - three threads take a lock; if the last one comes first it never leaves it, and calls nothing.
 *
 * The loop stands for whatever a driver may do to the process that runs it: the test ends workers that
 * are in it, by signals.
 */
#include "program.h"

static FAST_MUTEX Lock;
static ULONG Count;

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Mine;

    ExAcquireFastMutex(&Lock);
    Mine = Count++;
    while ((ULONG_PTR)Context == 2 && Mine == 0) {
        __asm__ volatile("" : : : "memory");
    }
    ExReleaseFastMutex(&Lock);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Lock);
    for (ULONG Index = 0; Index < 3; Index++) {
        Start(Thread, Index);
    }
}
