/*
 * timeout.c - how often time-outs come before what others could do, while schedules are explored.
 *
 * A time-out may come at any time (wait.c, W6). A thread that looks for work every second would have come round any number of
 * times before another one's next step, and each number is a trace.
 *
 *   O1  At one place and in one state two time-outs of a thread are free; then the wait is as one without a time-out, until nobody else can go on.
 *       In another state each time (it counts) KI_FREE_CHANGED are.
 *   O2  A round in which nothing was changed is none of them: the host takes such loops for a wait (host/explore/spin.c).
 *   O3  When nobody else can go on the wait ends that is over first. Each thread's time is what it has waited itself: another one's may have
 *       passed before or behind it.
 */
#include "nt/inc/hc.h"
#include "nt/inc/mm.h"
#include "nt/inc/window.h"
#include "nt/ke/ki.h"

#define KI_FREE_SAME    2
#define KI_FREE_CHANGED 8
#define KI_STATE_BYTES  512 /* of the caller's stack */

/* The place where the thread stands; if it has been at more than there is room for, the last one. */
static PKI_TIMED_PLACE
KiFindPlace(PKTHREAD Thread, ULONG Site)
{
    ULONG Index = 0;

    while (Index < KI_TIMED_PLACES - 1 && Thread->TimedPlace[Index].Site != 0 &&
           Thread->TimedPlace[Index].Site != Site) {
        Index++;
    }
    Thread->TimedPlace[Index].Site = Site;
    return &Thread->TimedPlace[Index];
}

static ULONG
KiStateOf(const struct abi_trap *Registers)
{
    ULONG64 Words[] = {Registers->rbx, Registers->rbp, Registers->rsi, Registers->rdi,
                       Registers->r12, Registers->r13, Registers->r14, Registers->r15};
    ULONG64 Hash = KiHashWords(1, Words, Words + RTL_NUMBER_OF(Words));
    ULONG64 Low = (Registers->rsp + 0x20) & ~7ull, End = Registers->r11;
    ULONG64 High = min(Low + KI_STATE_BYTES, (Low | (PAGE_SIZE - 1)) + 1);

    if (End != 0) {
        High = min(High, End);
    }
    if (MmIsAddressValid((PVOID)Low)) {
        Hash = KiHashWords(Hash, (const ULONG64 *)Low, (const ULONG64 *)High);
    }
    return (ULONG)(Hash >> 32);
}

/* A wait with a time-out, NULL: without, is about to begin; Registers: room for those of who waits. */
VOID
KiPrepareTimeOut(PKI_PENDING_WAIT Wait, PLARGE_INTEGER Timeout, struct abi_trap *Registers)
{
    PKI_TIMED_PLACE Place;
    LONGLONG Length;

    Wait->Timed = Timeout != NULL;
    if (!Machine->explore || Timeout == NULL) {
        return;
    }
    Wait->Registers = KiPoller(Registers, Timeout->QuadPart != 0);
    Length = Timeout->QuadPart > 0
                 ? Timeout->QuadPart - (LONGLONG)(KiBootTime + Machine->time_100ns)
                 : -Timeout->QuadPart;
    if (Length <= 0) {
        return;
    }
    Wait->Length = (ULONG64)Length;
    if (Wait->Registers == NULL || KiWindowClosed || KiFewProcessors) {
        return;
    }
    Place = KiFindPlace(
        Wait->Thread,
        (ULONG)(((Registers->rip ^ Registers->rsp << 32) * 0x9E3779B97F4A7C15ull) >> 32) | 1);
    Wait->Place = Place;
    Wait->State = KiStateOf(Registers);
    if (KiTimersOver || Place->Times >= KI_FREE_CHANGED ||
        (Place->Same >= KI_FREE_SAME && Place->State == Wait->State)) {
        Wait->Timed = FALSE;
        Wait->Withheld = TRUE;
        HcNoteWithheld(TIME);
    }
}

/* It has timed out. */
VOID
KiNoteTimeOut(PKI_PENDING_WAIT Wait)
{
    PKI_TIMED_PLACE Place = Wait->Place;

    Wait->Thread->TimeWaited += Wait->Length;
    if (Place == NULL || Machine->polls) { /* O2 */
        return;
    }
    if (Place->State != Wait->State) {
        Place->State = Wait->State;
        Place->Same = 0;
    }
    Place->Same = (UCHAR)min(Place->Same + 1, KI_FREE_SAME);
    Place->Times = (UCHAR)min(Place->Times + 1, KI_FREE_CHANGED);
}

/* NULL: the thread there stands at no wait whose time-out is withheld. */
PKI_PENDING_WAIT
KiWithheldWait(PKPRCB Prcb)
{
    PKI_PENDING_WAIT Wait = (PKI_PENDING_WAIT)Prcb->PendingContext;

    return !Prcb->DpcRoutineActive &&
                   (Prcb->PendingWait == KiWouldBlock || Prcb->PendingWait == KiQueueWouldBlock) &&
                   Wait->Withheld
               ? Wait
               : NULL;
}

/* O3: which of them ends first. */
ULONG64
KiDueOf(PKI_PENDING_WAIT Wait)
{
    return Wait->Thread->TimeWaited + Wait->Length;
}
