/*
 * held.c - the locks that a thread holds, and what must be given back when it ends.
 *
 * Held[] is a stack in order of acquisition: acquire pushes, release pops what is on top, nearly always. A lock
 * may be in it several times (a push lock shared twice); an ERESOURCE is once, however deep.
 *
 *   H1  Held[0] to Held[HeldCount - 1] are entries, oldest first. A lock that found no place is counted in
 *       HeldUnknown, and a release that finds no entry is taken for one of those.
 *   H2  Nobody but the thread changes its entries. A lock that somebody else releases for it stays: on 8 and
 *       later that is a bugcheck sooner or later, before it is a stale hint.
 * Source: [BC:153], [BC:162], [BC:4000008a].
 */
#include "nt/ke/ki.h"

BOOLEAN
KiDropLockSlow(PKTHREAD Thread, volatile VOID *Lock)
{
    for (ULONG Index = Thread->HeldCount; Index-- != 0;) {
        if (Thread->Held[Index].Lock == Lock) {
            for (Thread->HeldCount--; Index < Thread->HeldCount; Index++) {
                Thread->Held[Index] = Thread->Held[Index + 1];
            }
            return TRUE;
        }
    }
    if (Thread->HeldUnknown != 0) {
        Thread->HeldUnknown--; /* H1 */
        return TRUE;
    }
    return FALSE;
}

/* The thread is about to end: what user mode calls a mutex is abandoned, a driver's must not be owned. */
VOID
KiRundownMutants(PKTHREAD Thread)
{
    while (!IsListEmpty(&Thread->MutantListHead)) {
        PKMUTANT Mutant = CONTAINING_RECORD(Thread->MutantListHead.Flink, KMUTANT, MutantListEntry);

        if (Mutant->ApcDisable) {
            KeBugCheckEx(0x4000008A /* THREAD_TERMINATE_HELD_MUTEX */, (ULONG_PTR)Thread,
                         (ULONG_PTR)Mutant, 0, 0);
        }
        KeReleaseMutant(Mutant, 1, TRUE, FALSE);
    }
}

/* Its last moment: from 8 on an entry that is left is bugcheck 0x153, "lock pointer set". */
VOID
KiCheckHeldLocks(PKTHREAD Thread)
{
    for (ULONG Index = 0; Index < Thread->HeldCount; Index++) {
        if (Thread->Held[Index].Kind != KiLockSpin && KiVersion->LocksKnowOwner) {
            KeBugCheckEx(0x153 /* KERNEL_LOCK_ENTRY_LEAKED_ON_THREAD_TERMINATION */,
                         (ULONG_PTR)Thread, (ULONG_PTR)&Thread->Held[Index], 1, 0);
        }
    }
}
