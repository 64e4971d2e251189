/*
 * bluetooth.c - the Bluetooth driver of Qadeer and Wu (KISS, 2004): N requests against one stop.
 *
 * A request looks whether the driver is stopping, then counts itself in; between the two the stop can
 * be done. FORM 1: the stop waits on an event; 2: counted in first, then looked (right); 3: the stop
 * looks at a flag once instead of waiting.
 */
#include "program.h"

static volatile LONG Pending = 1;
static volatile LONG StoppingFlag, Stopped;
#if FORM == 3
static volatile LONG StoppingEvent;
#define SIGNAL() (StoppingEvent = 1)
#else
static KEVENT StoppingEvent;
#define SIGNAL() KeSetEvent(&StoppingEvent, 0, FALSE)
#endif

static VOID
Decrement(VOID)
{
    if (InterlockedDecrement(&Pending) == 0) {
        SIGNAL();
    }
}

static VOID NTAPI
Adder(PVOID Context)
{
#if FORM == 2
    InterlockedIncrement(&Pending);
    if (StoppingFlag == 0) {
        BAD(Stopped != 0);
    }
    Decrement();
#else
    if (StoppingFlag == 0) {
        InterlockedIncrement(&Pending);
        BAD(Stopped != 0);
        Decrement();
    }
#if FORM == 3
    else {
        Decrement();
    }
#endif
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Stopper(PVOID Context)
{
    StoppingFlag = 1;
    Decrement();
#if FORM == 3
    if (StoppingEvent != 0) {
        Stopped = 1;
    }
#else
    KeWaitForSingleObject(&StoppingEvent, Executive, KernelMode, FALSE, NULL);
    Stopped = 1;
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
#if FORM != 3
    KeInitializeEvent(&StoppingEvent, NotificationEvent, FALSE);
#endif
    Start(Stopper, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Adder, Index);
    }
}
