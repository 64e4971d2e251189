/*
 * kernelobjects.c - more objects of the kernel, each in the smallest program that shows what commutes.
 *
 *     1  N threads try a fast mutex, one acquires it: before it, while it is held, after it
 *     2  the same with a guarded mutex
 *     3  a resource that is acquired exclusively and then converted, and N readers: each comes before the writer or after the
 *        conversion, and among themselves readers commute
 *     4  N threads take a spin lock: N!
 *     5  N threads wait for two events together, take both and set them one by one: N!
 *     6  N threads write one variable and one reads it (Nidhugg's floating_read): (N + 1)!
 *     7  two threads take one of a semaphore of two and give it back: every order of the four steps, 6
 */
#include "program.h"

static FAST_MUTEX Fast;
static KGUARDED_MUTEX Guarded;
static ERESOURCE Resource;
static KSPIN_LOCK Spin;
static KEVENT Event[2];
static KSEMAPHORE Semaphore;
static volatile ULONG Cell;

static VOID NTAPI
Many(PVOID Context)
{
    PVOID Objects[2] = {&Event[0], &Event[1]};
    KIRQL OldIrql;

    switch (PROGRAM) {
    case 1:
        if (ExTryToAcquireFastMutex(&Fast)) {
            ExReleaseFastMutex(&Fast);
        }
        break;
    case 2:
        if (KeTryToAcquireGuardedMutex(&Guarded)) {
            KeReleaseGuardedMutex(&Guarded);
        }
        break;
    case 3:
        KeEnterCriticalRegion();
        ExAcquireResourceSharedLite(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case 4:
        KeAcquireSpinLock(&Spin, &OldIrql);
        KeReleaseSpinLock(&Spin, OldIrql);
        break;
    case 5:
        KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
        KeSetEvent(&Event[0], 0, FALSE);
        KeSetEvent(&Event[1], 0, FALSE);
        break;
    case 6:
        Cell = (ULONG)(ULONG_PTR)Context;
        break;
    case 7:
        KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
        KeReleaseSemaphore(&Semaphore, 0, 1, FALSE);
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
One(PVOID Context)
{
    switch (PROGRAM) {
    case 1:
        ExAcquireFastMutex(&Fast);
        ExReleaseFastMutex(&Fast);
        break;
    case 2:
        KeAcquireGuardedMutex(&Guarded);
        KeReleaseGuardedMutex(&Guarded);
        break;
    case 3:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExConvertExclusiveToSharedLite(&Resource);
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case 6:
        Context = (PVOID)(ULONG_PTR)Cell;
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Fast);
    KeInitializeGuardedMutex(&Guarded);
    ExInitializeResourceLite(&Resource);
    KeInitializeSpinLock(&Spin);
    KeInitializeEvent(&Event[0], SynchronizationEvent, TRUE);
    KeInitializeEvent(&Event[1], SynchronizationEvent, TRUE);
    KeInitializeSemaphore(&Semaphore, 2, 2);
    if (PROGRAM <= 3 || PROGRAM == 6) {
        Start(One, 0);
    }
    for (ULONG Index = 1; Index <= N; Index++) {
        Start(Many, Index);
    }
}
