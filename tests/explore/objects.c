/*
 * objects.c - W waiters and S setters on one dispatcher object, each once.
 *
 * A waiter that is never let go is stuck: the driver's own thread waits for it, so the run hangs.
 */
#include "program.h"

#define NOTIFICATION    1
#define SYNCHRONIZATION 2
#define SEMAPHORE       3

#if OBJECT == SEMAPHORE
static KSEMAPHORE Object;
#define INITIALIZE() KeInitializeSemaphore(&Object, 0, 10)
#define SET()        KeReleaseSemaphore(&Object, 0, 1, FALSE)
#else
static KEVENT Object;
#define INITIALIZE()                                                                               \
    KeInitializeEvent(&Object, OBJECT == NOTIFICATION ? NotificationEvent : SynchronizationEvent,  \
                      FALSE)
#define SET() KeSetEvent(&Object, 0, FALSE)
#endif

static VOID NTAPI
Waiter(PVOID Context)
{
    KeWaitForSingleObject(&Object, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Setter(PVOID Context)
{
    SET();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    INITIALIZE();
    for (ULONG Index = 0; Index < W; Index++) {
        Start(Waiter, Index);
    }
    for (ULONG Index = 0; Index < S; Index++) {
        Start(Setter, Index);
    }
}
