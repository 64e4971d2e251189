/*
 * livelock.c - two threads that make way for each other: TRIES says how often, 0: for ever.
 *
 * Each takes its own lock, tries the other's, and gives its own back if it cannot have that. If both
 * go at the same speed neither ever has both.
 */
#include "program.h"

static FAST_MUTEX Lock[2];
static KEVENT Go;

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Own = (ULONG)(ULONG_PTR)Context;

    KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    for (ULONG Try = 0; TRIES == 0 || Try < TRIES; Try++) {
        if (!ExTryToAcquireFastMutex(&Lock[Own])) {
            continue;
        }
        if (ExTryToAcquireFastMutex(&Lock[1 - Own])) {
            ExReleaseFastMutex(&Lock[1 - Own]);
            ExReleaseFastMutex(&Lock[Own]);
            break;
        }
        ExReleaseFastMutex(&Lock[Own]);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Lock[0]);
    ExInitializeFastMutex(&Lock[1]);
    KeInitializeEvent(&Go, NotificationEvent, FALSE);
    Start(Thread, 0);
    Start(Thread, 1);
    KeSetEvent(&Go, 0, FALSE);
}
