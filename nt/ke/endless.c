/*
 * endless.c - a run that has lasted too long: does anybody for whom it goes on still move (timer.c, T7)?
 *
 * It goes on for its clients, for who loads or unloads a driver, and for the threads whose end these wait for.
 */
#include "nt/inc/ps.h"
#include "nt/ke/ki.h"

#define KI_JOINS 8 /* one waits for the end of one that waits for the end of one ... */

static BOOLEAN
KiJoins(PKTHREAD Waiter, PKTHREAD Thread)
{
    if (Waiter->State == Waiting) {
        for (ULONG Index = 0; Index < Waiter->WaitObjectCount; Index++) {
            if (Waiter->WaitBlockList[Index].Object == Thread) {
                return TRUE;
            }
        }
        return FALSE;
    }
    /* While schedules are explored it stands in front of the wait. */
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;
        PKI_PENDING_WAIT Wait = (PKI_PENDING_WAIT)Prcb->PendingContext;

        if (Prcb->CurrentThread != Waiter || Prcb->PendingWait != KiWouldBlock) {
            continue;
        }
        for (ULONG Index = 0; Index < Wait->Count; Index++) {
            if (Wait->Objects[Index] == Thread) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static BOOLEAN
KiIsAwaited(PKTHREAD Thread, ULONG Joins)
{
    if (Thread->Teb != NULL || Thread->Awaited) {
        return TRUE;
    }
    for (PETHREAD Other = PspNextThread(NULL); Joins != 0 && Other != NULL;
         Other = PspNextThread(Other)) {
        if (&Other->Tcb != Thread && KiJoins(&Other->Tcb, Thread) &&
            KiIsAwaited(&Other->Tcb, Joins - 1)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* When one of them moved last, 100 ns. */
ULONG64
KiLastMove(VOID)
{
    ULONG64 Last = 0;

    for (PETHREAD Thread = PspNextThread(NULL); Thread != NULL; Thread = PspNextThread(Thread)) {
        if (Thread->Tcb.MovedAt > Last && KiIsAwaited(&Thread->Tcb, KI_JOINS)) {
            Last = Thread->Tcb.MovedAt;
        }
    }
    return Last;
}
