/*
 * hidden.c - a thread uses what another one prepares, and nothing makes it wait. PROGRAM says what hides that:
 *
 *     1  it sleeps for two seconds first
 *     2  it has a lower priority
 *     3  it waits for an event (no mistake)
 *     4  it waits until the other one has begun, and sleeps for two seconds more
 */
#include "program.h"

static KEVENT Begun, Prepared;

static VOID NTAPI
Maker(PVOID Context)
{
#if PROGRAM == 4
    KeSetEvent(&Begun, 0, FALSE);
#endif
    KeSetEvent(&Prepared, 0, FALSE); /* HELD UP */
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
User(PVOID Context)
{
#if PROGRAM == 1 || PROGRAM == 4
    LARGE_INTEGER Interval = {.QuadPart = -2 * 10000000};

#if PROGRAM == 4
    KeWaitForSingleObject(&Begun, Executive, KernelMode, FALSE, NULL);
#endif
    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
#elif PROGRAM == 2
    KeSetPriorityThread(KeGetCurrentThread(), 1);
#else
    KeWaitForSingleObject(&Prepared, Executive, KernelMode, FALSE, NULL);
#endif
    BAD(KeReadStateEvent(&Prepared) == 0); /* UNTIL */
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Begun, NotificationEvent, FALSE);
    KeInitializeEvent(&Prepared, NotificationEvent, FALSE);
    Start(Maker, 0);
#if PROGRAM == 2
    KeSetPriorityThread(KeGetCurrentThread(), 12);
#endif
    Start(User, 0);
}
