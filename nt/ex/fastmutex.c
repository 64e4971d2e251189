/*
 * fastmutex.c - fast mutexes and guarded mutexes.
 *
 * Count, from Server 2003 on: bit 0 set means free (what ExInitializeFastMutex inlines); bit 1: a waiter has been
 * woken and has not yet run; each waiter adds 4. A release frees the mutex and wakes one waiter; whoever comes
 * first takes it, so a running thread may overtake the one that was woken (mutexes are not fair).
 * Count on XP (KiVersion->FastMutexHandsOver): 1 free, 0 held, -n held with n waiters. A release hands the
 * mutex to the oldest waiter.
 *
 *   M1  Owner is the thread that holds the mutex, NULL when free; the thread has it in Held[].
 *       From Windows 8 on who releases must be the owner (bugcheck 0x162); before, nobody looks.
 *   M2  While a waiter has been woken no other is.
 *   M3  1 to 0 and back is a mutex without waiters in both forms: the fast path asks for no version.
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

#define FM_FREE   1
#define FM_WOKEN  2
#define FM_WAITER 4

C_ASSERT(sizeof(FAST_MUTEX) == 0x38 && sizeof(KGUARDED_MUTEX) == 0x38);
C_ASSERT(FIELD_OFFSET(FAST_MUTEX, Event) == FIELD_OFFSET(KGUARDED_MUTEX, Gate));
C_ASSERT(FIELD_OFFSET(FAST_MUTEX, OldIrql) == FIELD_OFFSET(KGUARDED_MUTEX, CombinedApcDisable));

/* PKI_WOULD_WAIT */
static BOOLEAN
ExpIsMutexHeld(const volatile VOID *Mutex, ULONG_PTR Unused)
{
    LONG Count = ((const volatile FAST_MUTEX *)Mutex)->Count;

    return (Count & FM_FREE) == 0 || Count < 0;
}

static DECLSPEC_NOINLINE VOID
ExpWaitForMutex(PFAST_MUTEX Mutex)
{
    if (KiVersion->FastMutexHandsOver) {
        if (--Mutex->Count != 0) {
            Mutex->Contention++;
            KeWaitForSingleObject(&Mutex->Event, WrFastMutex, KernelMode, FALSE, NULL);
        }
        return;
    }
    if (Mutex->Count & FM_FREE) { /* free, with waiters: overtakes them */
        Mutex->Count &= ~FM_FREE;
        return;
    }
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

static inline BOOLEAN
ExpTryMutex(PFAST_MUTEX Mutex)
{
    if (Mutex->Count != 1) { /* M3 */
        if (KiVersion->FastMutexHandsOver || !(Mutex->Count & FM_FREE)) {
            return FALSE;
        }
    }
    Mutex->Count -= FM_FREE;
    return TRUE;
}

static inline VOID
ExpOwnMutex(PFAST_MUTEX Mutex, PVOID Caller)
{
    PKTHREAD Thread = KiThread();

    Mutex->Owner = Thread;
    KiHoldLock(Thread, Mutex, KiLockFastMutex, Caller);
}

static inline VOID
ExpAcquireMutex(PFAST_MUTEX Mutex, PVOID Caller)
{
    if (Mutex->Count == 1) { /* M3 */
        Mutex->Count = 0;
    } else {
        ExpWaitForMutex(Mutex);
    }
    ExpOwnMutex(Mutex, Caller);
}

static DECLSPEC_NOINLINE VOID
ExpWakeMutex(PFAST_MUTEX Mutex)
{
    if (KiVersion->FastMutexHandsOver) {
        if (++Mutex->Count > 0) {
            return;
        }
    } else {
        Mutex->Count |= FM_FREE;
        if (Mutex->Count < FM_WAITER || (Mutex->Count & FM_WOKEN)) {
            return;
        }
        Mutex->Count |= FM_WOKEN; /* M2 */
    }
    KeSetEvent(&Mutex->Event, EVENT_INCREMENT, FALSE);
}

static inline VOID
ExpReleaseMutex(PFAST_MUTEX Mutex)
{
    PKTHREAD Thread = KiThread();

    if (Mutex->Owner != Thread && KiVersion->LocksKnowOwner) {
        KeBugCheckEx(0x162 /* KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE */, (ULONG_PTR)Thread,
                     (ULONG_PTR)Mutex, 0, 0);
    }
    Mutex->Owner = NULL;
    KiDropLock(Thread, Mutex);
    if (Mutex->Count == 0) { /* M3 */
        Mutex->Count = 1;
    } else {
        ExpWakeMutex(Mutex);
    }
}

static inline VOID
ExpAcquireFast(PFAST_MUTEX FastMutex, PVOID Caller)
{
    KIRQL OldIrql;

    ExpCheckLockIrql(FastMutex);
    KiAcquirePoint(SP_ACQUIRE_LOCK, FastMutex, ExpIsMutexHeld, 0);
    OldIrql = KiRaiseIrql(APC_LEVEL);
    ExpAcquireMutex(FastMutex, Caller);
    FastMutex->OldIrql = OldIrql;
}

static inline BOOLEAN
ExpTryFast(PFAST_MUTEX FastMutex, PVOID Caller)
{
    KIRQL OldIrql;

    ExpCheckLockIrql(FastMutex);
    KiAcquirePoint(SP_TRY_LOCK, FastMutex, ExpIsMutexHeld, 0);
    OldIrql = KiRaiseIrql(APC_LEVEL);
    if (!ExpTryMutex(FastMutex)) {
        KeLowerIrql(OldIrql);
        return FALSE;
    }
    ExpOwnMutex(FastMutex, Caller);
    FastMutex->OldIrql = OldIrql;
    return TRUE;
}

VOID FASTCALL
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    ExpAcquireFast(FastMutex, __builtin_return_address(0));
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
    return ExpTryFast(FastMutex, __builtin_return_address(0));
}

static inline VOID
ExpAcquireUnsafe(PFAST_MUTEX FastMutex, PVOID Caller)
{
    ExpCheckLockIrql(FastMutex);
    KiAcquirePoint(SP_ACQUIRE_LOCK, FastMutex, ExpIsMutexHeld, 0);
    ExpAcquireMutex(FastMutex, Caller);
}

VOID FASTCALL
ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    ExpAcquireUnsafe(FastMutex, __builtin_return_address(0));
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
        ExpAcquireFast((PFAST_MUTEX)GuardedMutex, __builtin_return_address(0));
        return;
    }
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_GUARDED, __builtin_return_address(0), GuardedMutex);
    KiAcquirePoint(SP_ACQUIRE_LOCK, GuardedMutex, ExpIsMutexHeld, 0);
    ExpAcquireMutex((PFAST_MUTEX)GuardedMutex, __builtin_return_address(0));
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
    KiLeaveRegion(KiThread(), KI_GUARDED, GuardedMutex);
}

BOOLEAN FASTCALL
KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX GuardedMutex)
{
    if (KiVersion->GuardedMutexRaisesIrql) {
        return ExpTryFast((PFAST_MUTEX)GuardedMutex, __builtin_return_address(0));
    }
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_GUARDED, __builtin_return_address(0), GuardedMutex);
    KiAcquirePoint(SP_TRY_LOCK, GuardedMutex, ExpIsMutexHeld, 0);
    if (!ExpTryMutex((PFAST_MUTEX)GuardedMutex)) {
        KiLeaveRegion(KiThread(), KI_GUARDED, GuardedMutex);
        return FALSE;
    }
    ExpOwnMutex((PFAST_MUTEX)GuardedMutex, __builtin_return_address(0));
    return TRUE;
}

VOID FASTCALL
KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX GuardedMutex)
{
    ExpAcquireUnsafe((PFAST_MUTEX)GuardedMutex, __builtin_return_address(0));
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
    KiClosePoint(KiThread());
    KiEnterRegion(KiThread(), KI_CRITICAL, __builtin_return_address(0), FastMutex);
    ExpAcquireUnsafe(FastMutex, __builtin_return_address(0));
}

VOID FASTCALL
ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(PFAST_MUTEX FastMutex)
{
    ExReleaseFastMutexUnsafe(FastMutex);
    KiLeaveRegion(KiThread(), KI_CRITICAL, FastMutex);
}
