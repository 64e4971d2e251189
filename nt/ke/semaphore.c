/*
 * semaphore.c - counting semaphores. The signal state is the count; a wait takes one.
 * Source: nt-semantics 3.12.
 */
#include "nt/ke/ki.h"

VOID NTAPI
KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    Semaphore->Header.Lock = 0;
    Semaphore->Header.Type = KiObjSemaphore;
    Semaphore->Header.Size = sizeof(KSEMAPHORE) / sizeof(ULONG);
    Semaphore->Header.SignalState = Count;
    InitializeListHead(&Semaphore->Header.WaitListHead);
    Semaphore->Limit = Limit;
}

LONG NTAPI
KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
    KiLookPoint(Semaphore);
    return Semaphore->Header.SignalState;
}

LONG NTAPI
KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
    LONG Previous;
    LONG New;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_RELEASE_SEMAPHORE, Semaphore);
    Previous = Semaphore->Header.SignalState;
    New = (LONG)((ULONG)Previous + (ULONG)Adjustment);
    if (New > Semaphore->Limit || New < Previous) {
        KiUnlockDispatcher(OldIrql, FALSE);
        ExRaiseStatus(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    }
    Semaphore->Header.SignalState = New;
    if (Previous == 0) {
        KiWaitTest(&Semaphore->Header, Increment);
    }
    KiUnlockDispatcher(OldIrql, Wait);
    return Previous;
}
