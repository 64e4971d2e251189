/*
 * livelock.c - two threads that make way for each other: TRIES says how often, 0: for ever. With POOL they count in a block
 * of pool, and neither their stacks nor the driver's image say how far they are.
 *
 * Each takes its own lock, tries the other's, and gives its own back if it cannot have that. If both
 * go at the same speed neither ever has both.
 */
#include "program.h"

static FAST_MUTEX Lock[2];
static KEVENT Go;

#ifndef POOL
#define POOL 0
#endif

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Own = (ULONG)(ULONG_PTR)Context, Here = 0;
    volatile ULONG *Try = &Here;

    if (POOL) {
        Try = ExAllocatePoolWithTag(NonPagedPool, sizeof(ULONG), 'yrTl');
        *Try = 0;
    }
    KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    while (TRIES == 0 || (*Try)++ < TRIES) {
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
    if (POOL) {
        ExFreePool((PVOID)Try);
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
