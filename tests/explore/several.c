/*
 * several.c - a wait for two events, each set by a thread of its own: KIND is WaitAny or WaitAll.
 *
 * WaitAny: the wait comes after one set or the other, or after both: three traces. A second wait takes
 * what is left. WaitAll: one trace. With TIMED the wait may also give up before either set.
 */
#include "program.h"

static KEVENT Event[2];

static VOID NTAPI
Waiter(PVOID Context)
{
    PVOID Objects[2] = {&Event[0], &Event[1]};
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    KeWaitForMultipleObjects(2, Objects, KIND, Executive, KernelMode, FALSE, TIMED ? &Second : NULL,
                             NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Setter(PVOID Context)
{
    KeSetEvent(Context, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&Event[1], SynchronizationEvent, FALSE);
    Start(Waiter, 0);
    Start(Setter, (ULONG_PTR)&Event[0]);
    Start(Setter, (ULONG_PTR)&Event[1]);
}
