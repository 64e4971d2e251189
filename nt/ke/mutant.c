/*
 * mutant.c - mutexes as drivers have them (KeInitializeMutex) and as user mode has (KeInitializeMutant).
 *
 * Signal state 1: free; 0 and below: owned, 1 - state times. ApcDisable 1 makes the owner be in a critical
 * region from acquire to final release.
 *
 *   M1  An owned mutant is in its owner's MutantListHead.
 * Source: nt-semantics 3.6.
 */
#include "nt/ke/ki.h"

VOID NTAPI
KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    Mutex->Header.Lock = 0;
    Mutex->Header.Type = KiObjMutant;
    Mutex->Header.Size = sizeof(KMUTANT) / sizeof(ULONG);
    Mutex->Header.SignalState = 1;
    InitializeListHead(&Mutex->Header.WaitListHead);
    Mutex->OwnerThread = NULL;
    Mutex->Abandoned = FALSE;
    Mutex->ApcDisable = 1;
}

VOID NTAPI
KeInitializeMutant(PRKMUTEX Mutant, BOOLEAN InitialOwner)
{
    KeInitializeMutex(Mutant, 0);
    Mutant->ApcDisable = 0;
    if (InitialOwner) {
        Mutant->Header.SignalState = 0;
        Mutant->OwnerThread = KiThread();
        InsertTailList(&KiThread()->MutantListHead, &Mutant->MutantListEntry);
    }
}

LONG NTAPI
KeReadStateMutex(PRKMUTEX Mutex)
{
    KiLookPoint(Mutex);
    return Mutex->Header.SignalState;
}

LONG NTAPI
KeReleaseMutant(PRKMUTEX Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait)
{
    PKTHREAD Thread = KiThread();
    LONG Previous;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_RELEASE_MUTANT, Mutant);
    Previous = Mutant->Header.SignalState;
    if (Abandoned) {
        Mutant->Header.SignalState = 1;
        Mutant->Abandoned = TRUE;
        Thread = Mutant->OwnerThread;
    } else {
        if (Mutant->OwnerThread != Thread) {
            KiUnlockDispatcher(OldIrql, FALSE);
            ExRaiseStatus(Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED);
        }
        Mutant->Header.SignalState = Previous + 1;
    }
    if (Mutant->Header.SignalState == 1) {
        if (Previous <= 0) {
            RemoveEntryList(&Mutant->MutantListEntry); /* M1 */
            if (Mutant->ApcDisable) {
                KiForgetRegion(Thread, KI_CRITICAL, Mutant);
                Thread->KernelApcDisable++; /* KiExitDispatcher delivers what is pending */
            }
        }
        Mutant->OwnerThread = NULL;
        KiWaitTest(&Mutant->Header, Increment);
    }
    KiUnlockDispatcher(OldIrql, Wait);
    return Previous;
}

LONG NTAPI
KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    return KeReleaseMutant(Mutex, 1, FALSE, Wait);
}

/* [nt-semantics: as KeReadStateMutex] 1: not owned. */
LONG NTAPI
KeReadStateMutant(PRKMUTANT Mutant)
{
    return Mutant->Header.SignalState;
}
