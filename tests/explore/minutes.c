/*
 * minutes.c - threads that let time pass until something has happened.
 *
 *     PROGRAM 1  one waits, a minute at a time, for another that has much to do: no livelock, however often a schedule lets
 *                the first one go on meanwhile
 *     PROGRAM 2  each waits for the other, a minute at a time: that is one
 */
#include "program.h"

#define WORK 4000 /* a choice each: far more than an hour has minutes */

static LOCK_TYPE Lock;
static volatile LONG Done[2];

static VOID
WaitFor(volatile LONG *Flag)
{
    LARGE_INTEGER Minute = {.QuadPart = -60ll * 10000000};

    while (!*Flag) {
        KeDelayExecutionThread(KernelMode, FALSE, &Minute);
    }
}

static VOID NTAPI
Works(PVOID Context)
{
    for (ULONG Count = 0; Count < WORK; Count++) {
        LOCK_ACQUIRE(Lock);
        LOCK_RELEASE(Lock);
    }
    Done[0] = TRUE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Waits(PVOID Context)
{
    ULONG_PTR Own = (ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock);
    LOCK_RELEASE(Lock);
    WaitFor(&Done[1 - Own]);
    Done[Own] = TRUE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    LOCK_INITIALIZE(Lock);
    Start(PROGRAM == 1 ? Works : Waits, 0);
    Start(Waits, 1);
}
