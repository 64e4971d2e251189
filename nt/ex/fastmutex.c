/*
 * fastmutex.c - fast mutexes and guarded mutexes.
 *
 * Count: bit 0 set means free (what ExInitializeFastMutex inlines); bit 1: a waiter has been woken and has
 * not yet run; each waiter adds 4. A release frees the mutex and wakes one waiter; whoever comes first
 * takes it, so a running thread may overtake the one that was woken (mutexes are not fair).
 *
 *   M1  Owner is the thread that holds the mutex, NULL when free.
 *       From Windows 8 on who releases must be the owner (bugcheck 0x162); before, nobody looks.
 *   M2  While a waiter has been woken no other is.
 *
 * How a holder keeps out APCs differs:
 *     fast mutex                      IRQL APC_LEVEL, the old one in OldIrql
 *     guarded mutex, until Windows 7  a guarded region, IRQL unchanged
 *     guarded mutex, from Windows 8   as a fast mutex (KiVersion->GuardedMutexRaisesIrql)
 *     the Unsafe routines             nothing: the caller already does
 * KGUARDED_MUTEX and FAST_MUTEX have one layout; the gate or event is waited for in the same way.
 *
 * Threads can be switched on entry, and in the wait. Source: nt-semantics 3.7.
 */
#include "exp.h"

#ifndef KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE
#define KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE 0x162
#endif

#define FM_FREE   1
#define FM_WOKEN  2
#define FM_WAITER 4

C_ASSERT(sizeof(FAST_MUTEX) == 0x38 && sizeof(KGUARDED_MUTEX) == 0x38);
C_ASSERT(FIELD_OFFSET(FAST_MUTEX, Event) == FIELD_OFFSET(KGUARDED_MUTEX, Gate));
C_ASSERT(FIELD_OFFSET(FAST_MUTEX, OldIrql) == FIELD_OFFSET(KGUARDED_MUTEX, CombinedApcDisable));

static DECLSPEC_NOINLINE VOID
ExpWaitForMutex(PFAST_MUTEX Mutex)
{
    Mutex->Contention++;
    Mutex->Count += FM_WAITER;
    for (;;) {
        KeWaitForSingleObject(&Mutex->Event, WrFastMutex, KernelMode, FALSE, NULL);
        Mutex->Count &= ~FM_WOKEN;
        if (Mutex->Count & FM_FREE) {
            Mutex->Count = (Mutex->Count & ~FM_FREE) - FM_WAITER;
            return;
        }
    }
}

static inline VOID
ExpAcquireMutex(PFAST_MUTEX Mutex)
{
    if (Mutex->Count & FM_FREE) {
        Mutex->Count &= ~FM_FREE;
    } else {
        ExpWaitForMutex(Mutex);
    }
    Mutex->Owner = KiThread();
}

static inline VOID
ExpReleaseMutex(PFAST_MUTEX Mutex)
{
    LONG Count = Mutex->Count | FM_FREE;

    if (Mutex->Owner != KiThread() && KiVersion->LocksKnowOwner) {
        KeBugCheckEx(KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE, (ULONG_PTR)KiThread(),
                     (ULONG_PTR)Mutex, 0, 0);
    }
    Mutex->Owner = NULL;
    if (Count < FM_WAITER || (Count & FM_WOKEN)) {
        Mutex->Count = Count;
        return;
    }
    Mutex->Count = Count | FM_WOKEN; /* M2 */
    KeSetEvent(&Mutex->Event, EVENT_INCREMENT, FALSE);
}

VOID FASTCALL
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL OldIrql;

    KiSchedulePoint(SP_ACQUIRE_LOCK, FastMutex);
    OldIrql = KfRaiseIrql(APC_LEVEL);
    ExpAcquireMutex(FastMutex);
    FastMutex->OldIrql = OldIrql;
}

VOID FASTCALL
ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL OldIrql;

    KiSchedulePoint(SP_RELEASE_LOCK, FastMutex);
    OldIrql = (KIRQL)FastMutex->OldIrql;
    ExpReleaseMutex(FastMutex);
    KeLowerIrql(OldIrql);
}

BOOLEAN FASTCALL
ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL OldIrql;

    KiSchedulePoint(SP_ACQUIRE_LOCK, FastMutex);
    if (!(FastMutex->Count & FM_FREE)) {
        return FALSE;
    }
    OldIrql = KfRaiseIrql(APC_LEVEL);
    FastMutex->Count &= ~FM_FREE;
    FastMutex->Owner = KiThread();
    FastMutex->OldIrql = OldIrql;
    return TRUE;
}

VOID FASTCALL
ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, FastMutex);
    ExpAcquireMutex(FastMutex);
}

VOID FASTCALL
ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    KiSchedulePoint(SP_RELEASE_LOCK, FastMutex);
    ExpReleaseMutex(FastMutex);
}

VOID FASTCALL
KeInitializeGuardedMutex(PKGUARDED_MUTEX GuardedMutex)
{
    PFAST_MUTEX Mutex = (PFAST_MUTEX)GuardedMutex;

    Mutex->Count = FM_FREE;
    Mutex->Owner = NULL;
    Mutex->Contention = 0;
    KeInitializeEvent(&Mutex->Event, SynchronizationEvent, FALSE);
}

VOID FASTCALL
KeAcquireGuardedMutex(PKGUARDED_MUTEX GuardedMutex)
{
    if (KiVersion->GuardedMutexRaisesIrql) {
        ExAcquireFastMutex((PFAST_MUTEX)GuardedMutex);
        return;
    }
    KeEnterGuardedRegion();
    KiSchedulePoint(SP_ACQUIRE_LOCK, GuardedMutex);
    ExpAcquireMutex((PFAST_MUTEX)GuardedMutex);
}

VOID FASTCALL
KeReleaseGuardedMutex(PKGUARDED_MUTEX GuardedMutex)
{
    if (KiVersion->GuardedMutexRaisesIrql) {
        ExReleaseFastMutex((PFAST_MUTEX)GuardedMutex);
        return;
    }
    KiSchedulePoint(SP_RELEASE_LOCK, GuardedMutex);
    ExpReleaseMutex((PFAST_MUTEX)GuardedMutex);
    KeLeaveGuardedRegion();
}

BOOLEAN FASTCALL
KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX GuardedMutex)
{
    if (KiVersion->GuardedMutexRaisesIrql) {
        return ExTryToAcquireFastMutex((PFAST_MUTEX)GuardedMutex);
    }
    KeEnterGuardedRegion();
    KiSchedulePoint(SP_ACQUIRE_LOCK, GuardedMutex);
    if (!(GuardedMutex->Count & FM_FREE)) {
        KeLeaveGuardedRegion();
        return FALSE;
    }
    GuardedMutex->Count &= ~FM_FREE;
    GuardedMutex->Owner = KiThread();
    return TRUE;
}

VOID FASTCALL
KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX GuardedMutex)
{
    ExAcquireFastMutexUnsafe((PFAST_MUTEX)GuardedMutex);
}

VOID FASTCALL
KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX GuardedMutex)
{
    ExReleaseFastMutexUnsafe((PFAST_MUTEX)GuardedMutex);
}

/* The routines that hold a critical region and a fast mutex together. */
VOID FASTCALL
ExEnterCriticalRegionAndAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(FastMutex);
}

VOID FASTCALL
ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(PFAST_MUTEX FastMutex)
{
    ExReleaseFastMutexUnsafe(FastMutex);
    KeLeaveCriticalRegion();
}
