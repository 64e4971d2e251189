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

static PKTHREAD
KiNextThread(PKTHREAD Thread)
{
    PLIST_ENTRY Process = PsActiveProcessHead.Flink, Link = NULL;

    if (Thread != NULL) {
        Process = &CONTAINING_RECORD(Thread->Process, EPROCESS, Pcb)->ActiveProcessLinks;
        Link = Thread->ThreadListEntry.Flink;
    }
    for (; Process != &PsActiveProcessHead; Process = Process->Flink, Link = NULL) {
        PLIST_ENTRY Head =
            &CONTAINING_RECORD(Process, EPROCESS, ActiveProcessLinks)->Pcb.ThreadListHead;

        Link = Link != NULL ? Link : Head->Flink;
        if (Link != Head) {
            return CONTAINING_RECORD(Link, KTHREAD, ThreadListEntry);
        }
    }
    return NULL;
}

static BOOLEAN
KiIsAwaited(PKTHREAD Thread, ULONG Joins)
{
    if (Thread->Teb != NULL || Thread->Awaited) {
        return TRUE;
    }
    for (PKTHREAD Other = KiNextThread(NULL); Joins != 0 && Other != NULL;
         Other = KiNextThread(Other)) {
        if (Other != Thread && KiJoins(Other, Thread) && KiIsAwaited(Other, Joins - 1)) {
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

    for (PKTHREAD Thread = KiNextThread(NULL); Thread != NULL; Thread = KiNextThread(Thread)) {
        if (Thread->MovedAt > Last && KiIsAwaited(Thread, KI_JOINS)) {
            Last = Thread->MovedAt;
        }
    }
    return Last;
}
