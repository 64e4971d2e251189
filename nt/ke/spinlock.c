/*
 * spinlock.c - plain, in-stack queued and executive (reader/writer) spin locks.
 *
 *     KSPIN_LOCK      0 free, 1 held (plain), or the last waiter's queue entry (queued)
 *     EX_SPIN_LOCK    bit 31 exclusive, bit 30 an exclusive waiter, the rest the number of sharers
 *
 *   L1  A processor spins inside KiSpin, so the carrier goes on with others, and a lock that nobody can
 *       release is found (verdict deadlock), not hung on.
 *   L2  A schedule point stands before each acquire; a release is one too (the next owner is a choice).
 *   L3  A holder has the lock in Held[], for reports: of the thread that its processor runs, under a DPC too.
 * Source: nt-semantics 3.2 to 3.4.
 */
#include "nt/ke/ki.h"

typedef volatile LONG EX_SPIN_LOCK, *PEX_SPIN_LOCK; /* not in the DDK headers that we build with */

#define EX_EXCLUSIVE 0x80000000u
#define EX_WAITER    0x40000000u
#define EX_COUNT     0x3FFFFFFFu

VOID NTAPI
KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    *SpinLock = 0;
}

static inline VOID
KiAcquire(PKSPIN_LOCK SpinLock, PVOID Caller)
{
    KiAcquirePoint(SP_ACQUIRE_SPINLOCK, SpinLock, KiIsHeld, ~0u);
    while (*(volatile KSPIN_LOCK *)SpinLock != 0) {
        KiSpin(SpinLock, ~0u);
    }
    *(volatile KSPIN_LOCK *)SpinLock = 1;
    KiHoldLock(KiThread(), SpinLock, KiLockSpin, Caller); /* L3 */
}

static inline VOID
KiRelease(PKSPIN_LOCK SpinLock)
{
    DRIVER_REQUIRE(*(volatile KSPIN_LOCK *)SpinLock != 0, SPIN_LOCK_NOT_OWNED, SpinLock, 0, 0, 0);
    KiSchedulePoint(SP_RELEASE_SPINLOCK, SpinLock);
    *(volatile KSPIN_LOCK *)SpinLock = 0;
    KiDropLock(KiThread(), SpinLock);
}

KIRQL NTAPI
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);

    KiAcquire(SpinLock, __builtin_return_address(0));
    return OldIrql;
}

KIRQL NTAPI
KeAcquireSpinLockRaiseToSynch(PKSPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(12);

    KiAcquire(SpinLock, __builtin_return_address(0));
    return OldIrql;
}

VOID NTAPI
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    KiRelease(SpinLock);
    KeLowerIrql(NewIrql);
}

VOID NTAPI
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    KiAcquire(SpinLock, __builtin_return_address(0));
}

VOID NTAPI
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    KiRelease(SpinLock);
}

BOOLEAN NTAPI
KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    KiAcquirePoint(SP_TRY_LOCK, SpinLock, KiIsHeld, ~0u);
    if (*(volatile KSPIN_LOCK *)SpinLock != 0) {
        return FALSE;
    }
    *(volatile KSPIN_LOCK *)SpinLock = 1;
    KiHoldLock(KiThread(), SpinLock, KiLockSpin, __builtin_return_address(0));
    return TRUE;
}

BOOLEAN NTAPI
KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    KiSchedulePoint(SP_READ_STATE, SpinLock);
    return *(volatile KSPIN_LOCK *)SpinLock == 0;
}

KIRQL NTAPI
KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KiIrql();

    if (OldIrql < DISPATCH_LEVEL) {
        KfRaiseIrql(DISPATCH_LEVEL);
    }
    KiAcquire(SpinLock, __builtin_return_address(0));
    return OldIrql;
}

VOID NTAPI
KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql)
{
    KiRelease(SpinLock);
    if (OldIrql < DISPATCH_LEVEL) {
        KeLowerIrql(OldIrql);
    }
}

/* Queued: the lock holds the last handle of the queue; bit 0 of a handle's Lock says it waits. */

static inline VOID
KiAcquireQueued(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE Handle, PVOID Caller)
{
    PKSPIN_LOCK_QUEUE Queue = &Handle->LockQueue;
    PKSPIN_LOCK_QUEUE Tail;

    KiAcquirePoint(SP_ACQUIRE_SPINLOCK, SpinLock, KiIsHeld, ~0u);
    Queue->Next = NULL;
    Queue->Lock = SpinLock;
    Tail = (PKSPIN_LOCK_QUEUE)*SpinLock;
    *SpinLock = (KSPIN_LOCK)Queue;
    if (Tail != NULL) {
        Queue->Lock = (PKSPIN_LOCK)((ULONG_PTR)SpinLock | 1);
        Tail->Next = Queue;
        KiSpin(&Queue->Lock, 1);
    }
    KiHoldLock(KiThread(), SpinLock, KiLockSpin, Caller);
}

VOID NTAPI
KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE Handle)
{
    KiAcquireQueued(SpinLock, Handle, __builtin_return_address(0));
}

VOID NTAPI
KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE Handle)
{
    PKSPIN_LOCK_QUEUE Queue = &Handle->LockQueue;
    PKSPIN_LOCK SpinLock = (PKSPIN_LOCK)((ULONG_PTR)Queue->Lock & ~(ULONG_PTR)3);

    DRIVER_REQUIRE(*SpinLock != 0, SPIN_LOCK_NOT_OWNED, SpinLock, 0, 0, 0);
    KiSchedulePoint(SP_RELEASE_SPINLOCK, SpinLock);
    if (Queue->Next != NULL) {
        Queue->Next->Lock = (PKSPIN_LOCK)((ULONG_PTR)Queue->Next->Lock & ~(ULONG_PTR)1);
        Queue->Next = NULL;
    } else {
        *SpinLock = 0;
    }
    KiDropLock(KiThread(), SpinLock);
}

VOID NTAPI
KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE Handle)
{
    Handle->OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    KiAcquireQueued(SpinLock, Handle, __builtin_return_address(0));
}

VOID NTAPI
KeAcquireInStackQueuedSpinLockRaiseToSynch(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE Handle)
{
    Handle->OldIrql = KfRaiseIrql(12);
    KiAcquireQueued(SpinLock, Handle, __builtin_return_address(0));
}

VOID NTAPI
KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE Handle)
{
    KIRQL OldIrql = Handle->OldIrql;

    KeReleaseInStackQueuedSpinLockFromDpcLevel(Handle);
    KeLowerIrql(OldIrql);
}

VOID NTAPI
KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE Handle)
{
    Handle->OldIrql = KiIrql();
    if (Handle->OldIrql < DISPATCH_LEVEL) {
        KfRaiseIrql(DISPATCH_LEVEL);
    }
    KiAcquireQueued(SpinLock, Handle, __builtin_return_address(0));
}

VOID NTAPI
KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE Handle)
{
    KIRQL OldIrql = Handle->OldIrql;

    KeReleaseInStackQueuedSpinLockFromDpcLevel(Handle);
    if (OldIrql < DISPATCH_LEVEL) {
        KeLowerIrql(OldIrql);
    }
}

/* Executive spin locks. */

static inline VOID
ExpSpinExclusive(PEX_SPIN_LOCK SpinLock, PVOID Caller)
{
    volatile ULONG *Lock = (volatile ULONG *)SpinLock;

    KiAcquireAllPoint(SP_ACQUIRE_SPINLOCK, SpinLock, KiIsHeld, EX_EXCLUSIVE | EX_COUNT);
    while ((*Lock & (EX_EXCLUSIVE | EX_COUNT)) != 0) {
        *Lock |= EX_WAITER; /* keeps new sharers out */
        KiSpin(Lock, EX_EXCLUSIVE | EX_COUNT);
    }
    *Lock = EX_EXCLUSIVE;
    KiHoldLock(KiThread(), SpinLock, KiLockSpin, Caller);
}

VOID NTAPI
ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinExclusive(SpinLock, __builtin_return_address(0));
}

VOID NTAPI
ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    volatile ULONG *Lock = (volatile ULONG *)SpinLock;

    DRIVER_REQUIRE((*Lock & EX_EXCLUSIVE) != 0, SPIN_LOCK_NOT_OWNED, SpinLock, 0, 0, 0);
    KiSchedulePoint(SP_RELEASE_SPINLOCK, SpinLock);
    *Lock &= ~(EX_EXCLUSIVE | EX_WAITER);
    KiDropLock(KiThread(), SpinLock);
}

/* PKI_WOULD_WAIT */
static BOOLEAN
ExpIsSpinLockClosed(const volatile VOID *SpinLock, ULONG_PTR Mask)
{
    return KiIsHeld(SpinLock, Mask) || KiIsClaimed(SpinLock);
}

static inline VOID
ExpSpinShared(PEX_SPIN_LOCK SpinLock, PVOID Caller)
{
    volatile ULONG *Lock = (volatile ULONG *)SpinLock;

    KiAcquirePoint(SP_ACQUIRE_SHARED, SpinLock, ExpIsSpinLockClosed, EX_EXCLUSIVE | EX_WAITER);
    while ((*Lock & (EX_EXCLUSIVE | EX_WAITER)) != 0) {
        KiSpin(Lock, EX_EXCLUSIVE | EX_WAITER);
    }
    (*Lock)++;
    KiHoldLock(KiThread(), SpinLock, KiLockSpin, Caller);
}

VOID NTAPI
ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinShared(SpinLock, __builtin_return_address(0));
}

VOID NTAPI
ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    volatile ULONG *Lock = (volatile ULONG *)SpinLock;

    DRIVER_REQUIRE((*Lock & EX_COUNT) != 0, SPIN_LOCK_NOT_OWNED, SpinLock, 0, 0, 0);
    KiSchedulePoint(SP_RELEASE_SHARED, SpinLock);
    (*Lock)--;
    KiDropLock(KiThread(), SpinLock);
}

KIRQL NTAPI
ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);

    ExpSpinExclusive(SpinLock, __builtin_return_address(0));
    return OldIrql;
}

VOID NTAPI
ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExReleaseSpinLockExclusiveFromDpcLevel(SpinLock);
    KeLowerIrql(OldIrql);
}

KIRQL NTAPI
ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);

    ExpSpinShared(SpinLock, __builtin_return_address(0));
    return OldIrql;
}

VOID NTAPI
ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExReleaseSpinLockSharedFromDpcLevel(SpinLock);
    KeLowerIrql(OldIrql);
}

LOGICAL NTAPI
ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    volatile ULONG *Lock = (volatile ULONG *)SpinLock;

    KiSchedulePoint(SP_INTERLOCKED, SpinLock);
    if ((*Lock & EX_COUNT) != 1) {
        return FALSE;
    }
    *Lock = EX_EXCLUSIVE | (*Lock & EX_WAITER);
    return TRUE;
}
