/*
 * extimer.c - EX_TIMER: timers of Windows 8.1 and later, in memory of the system's.
 *
 * The timer begins with a KTIMER, so that it can be waited for. Its callback runs in the timer's DPC.
 *
 *   T1  A timer is freed once: by ExDeleteTimer when nothing runs or is queued any more, else by the
 *       DPC that is the last one (Deleting).
 *   T2  The delete callback runs after the last timer callback, at IRQL <= DISPATCH_LEVEL.
 *   T3  Whether something is left is what the timer and its DPC say, and Running. A deletion comes before or behind the end of each callback: that is a step of
 *       both, on Running.
 *
 * High resolution, no-wake and tolerances say how exact a clock must be; virtual time is exact.
 * Facts: the DDI pages of ExAllocateTimer, ExSetTimer, ExCancelTimer, ExDeleteTimer, "Deleting a
 * system-allocated timer object".
 */
#include "exp.h"
#include "nt/inc/left.h"

struct _EX_TIMER {
    KTIMER Timer;
    KDPC Dpc;
    PEXT_CALLBACK Callback;
    PVOID Context;
    PEXT_DELETE_CALLBACK DeleteCallback;
    PVOID DeleteContext;
    BOOLEAN Periodic;
    ULONG Running; /* callbacks, each on a processor of its own */
    BOOLEAN Deleting;
    PKEVENT Done; /* of an ExDeleteTimer that waits */
};

static VOID
ExpFinishTimer(PEX_TIMER Timer)
{
    PEXT_DELETE_CALLBACK DeleteCallback = Timer->DeleteCallback;
    PVOID DeleteContext = Timer->DeleteContext;
    PKEVENT Done = Timer->Done;

    ExpFree(Timer);
    if (DeleteCallback != NULL) {
        DeleteCallback(DeleteContext);
    }
    if (Done != NULL) {
        KeSetEvent(Done, 0, FALSE);
    }
}

/* T3 */
static BOOLEAN
ExpIsTimerLeft(PEX_TIMER Timer)
{
    return Timer->Running != 0 || Timer->Timer.Header.Inserted || Timer->Dpc.DpcData != NULL;
}

static VOID NTAPI
ExpExTimerDpc(PKDPC Dpc, PVOID Context, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PEX_TIMER Timer = Context;

    Timer->Running++;
    if (Timer->Callback != NULL) {
        Timer->Callback(Timer, Timer->Context);
    }
    KiSchedulePoint(SP_READ_STATE, &Timer->Running); /* T3 */
    Timer->Running--;
    if (Timer->Deleting && !ExpIsTimerLeft(Timer)) {
        ExpFinishTimer(Timer); /* T1 */
    }
}

PVOID
ExpCallbackOfDpc(PKDPC Dpc)
{
    return Dpc->DeferredRoutine == ExpExTimerDpc
               ? (PVOID)((PEX_TIMER)Dpc->DeferredContext)->Callback
               : NULL;
}

PEX_TIMER NTAPI
ExAllocateTimer(PEXT_CALLBACK Callback, PVOID CallbackContext, ULONG Attributes)
{
    PEX_TIMER Timer;

    if (Attributes & ~(EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE | EX_TIMER_NOTIFICATION)) {
        return NULL;
    }
    if ((Attributes & EX_TIMER_HIGH_RESOLUTION) && (Attributes & EX_TIMER_NO_WAKE)) {
        return NULL;
    }
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Timer = ExpAllocate(sizeof(*Timer), 'mTxE');
    KeInitializeTimerEx(&Timer->Timer, Attributes & EX_TIMER_NOTIFICATION ? NotificationTimer
                                                                          : SynchronizationTimer);
    KeInitializeDpc(&Timer->Dpc, ExpExTimerDpc, Timer);
    Timer->Callback = Callback;
    Timer->Context = CallbackContext;
    return Timer;
}

/* TRUE: the timer was set and this call has replaced that. */
BOOLEAN NTAPI
ExSetTimer(PEX_TIMER Timer, LONGLONG DueTime, LONGLONG Period, PEXT_SET_PARAMETERS Parameters)
{
    LARGE_INTEGER Due = {.QuadPart = DueTime};
    LONG Milliseconds = Period == 0 ? 0 : (LONG)max(1, Period / 10000);
    BOOLEAN WasSet;

    if (Timer->Deleting) {
        return FALSE;
    }
    Timer->Periodic = Period != 0;
    WasSet = KeSetTimerEx(&Timer->Timer, Due, Milliseconds, &Timer->Dpc);
    KiNoteQueued(&Timer->Timer, __builtin_return_address(0));
    return WasSet;
}

BOOLEAN NTAPI
ExCancelTimer(PEX_TIMER Timer, PEXT_CANCEL_PARAMETERS Parameters)
{
    return KeCancelTimer(&Timer->Timer);
}

BOOLEAN NTAPI
ExDeleteTimer(PEX_TIMER Timer, BOOLEAN Cancel, BOOLEAN Wait, PEXT_DELETE_PARAMETERS Parameters)
{
    BOOLEAN Cancelled = FALSE;
    KEVENT Done;

    if (Timer->Deleting || (Wait && !Cancel)) {
        return FALSE; /* documented: Wait needs Cancel, and a timer is deleted once */
    }
    if (Parameters != NULL) {
        Timer->DeleteCallback = Parameters->DeleteCallback;
        Timer->DeleteContext = Parameters->DeleteContext;
    }
    if (Cancel || Timer->Periodic) {
        Cancelled = KeCancelTimer(&Timer->Timer);
    }
    KiSchedulePoint(SP_INTERLOCKED, &Timer->Running); /* T3 */
    if (!ExpIsTimerLeft(Timer)) {
        ExpFinishTimer(Timer);
        return Cancelled;
    }
    if (Wait) {
        KeInitializeEvent(&Done, NotificationEvent, FALSE);
        Timer->Done = &Done;
    }
    Timer->Deleting = TRUE;
    if (Wait) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    }
    return Cancelled;
}
