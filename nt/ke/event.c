/*
 * event.c - notification and synchronization events, and gates.
 *
 * An event is a dispatcher header and nothing more. The kinds differ in who consumes the signal:
 *     NotificationEvent      nobody; it stays signaled until reset and frees every waiter
 *     SynchronizationEvent   the one waiter that is let go
 *
 * At DISPATCH_LEVEL, between schedule points:
 *   E1  A signaled event has no waiter that it could satisfy: whoever signals runs KiWaitTest.
 *   E2  A KEVENT lives in the driver's memory. Any field may hold anything, so nothing read
 *       from it is ASSERTed; a value that we cannot act on is the driver's mistake.
 * Source: nt-semantics 3.12.
 */
#include "nt/ke/ki.h"

VOID NTAPI
KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    Event->Header.Lock = 0;
    Event->Header.Type = (UCHAR)Type;
    Event->Header.Size = sizeof(KEVENT) / sizeof(ULONG);
    Event->Header.SignalState = State ? 1 : 0;
    InitializeListHead(&Event->Header.WaitListHead);
}

LONG NTAPI
KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    LONG Previous;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_SET_EVENT, Event);
    Previous = Event->Header.SignalState;
    Event->Header.SignalState = 1;
    if (Previous == 0) {
        KiWaitTest(&Event->Header, Increment); /* E1 */
    }
    KiUnlockDispatcher(OldIrql, Wait);
    return Previous;
}

LONG NTAPI
KeResetEvent(PRKEVENT Event)
{
    LONG Previous;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_RESET_EVENT, Event);
    Previous = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    KiUnlockDispatcher(OldIrql, FALSE);
    return Previous;
}

VOID NTAPI
KeClearEvent(PRKEVENT Event)
{
    KiSchedulePoint(SP_RESET_EVENT, Event);
    Event->Header.SignalState = 0;
}

LONG NTAPI
KeReadStateEvent(PRKEVENT Event)
{
    KiLookPoint(Event);
    return Event->Header.SignalState;
}

/* Sets, lets go who waits now, resets: a waiter that runs a kernel APC at this moment misses it. */
LONG NTAPI
KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    LONG Previous;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_PULSE_EVENT, Event);
    Previous = Event->Header.SignalState;
    if (Previous == 0 && !IsListEmpty(&Event->Header.WaitListHead)) {
        Event->Header.SignalState = 1;
        KiWaitTest(&Event->Header, Increment);
    }
    Event->Header.SignalState = 0;
    KiUnlockDispatcher(OldIrql, Wait);
    return Previous;
}

/* Sets a synchronization event and hands the quantum over; the boost only, as for a direct set. */
VOID NTAPI
KeSetEventBoostPriority(PRKEVENT Event, PKTHREAD *Thread)
{
    KeSetEvent(Event, 1, FALSE);
}
