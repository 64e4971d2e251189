/*
 * userlock.c - the steps of user mode's locks (abi/lockstep.h): schedule points that enter no kernel in a plain run.
 *
 * To take a lock, to try, to give it back are the operations that they are for the kernel's own locks, on the address of the
 * word: who would have to wait is not enabled, so what ntdll does about contention is not part of any schedule in which the
 * owner goes on. If nobody can go on, the asker does, and then ntdll's wait finds out who waits for whom (nt/ex/keyed.c).
 *
 *   U1  The word is read while others run, maybe of other processes: through its alias (the context of the routines below). Its page
 *       may be gone by then; whoever stands there goes on, and faults.
 */
#include "nt/ke/ki.h"
#include "abi/lockstep.h"
#include "nt/inc/backing.h"
#include "nt/inc/mm.h"

/* U1 */
static BOOLEAN
KiIsThere(ULONG_PTR Word)
{
    return (MiQueryPage((const VOID *)Word) & MI_PAGE_PRESENT) != 0;
}

/* PKI_WOULD_WAIT, all of them. */
static BOOLEAN
KiSectionIsOwned(const volatile VOID *Object, ULONG_PTR LockCount)
{
    return KiIsThere(LockCount) && (*(const volatile LONG *)LockCount & 1) == 0;
}

static BOOLEAN
KiOldSectionIsOwned(const volatile VOID *Object, ULONG_PTR LockCount)
{
    return KiIsThere(LockCount) && *(const volatile LONG *)LockCount != -1;
}

static BOOLEAN
KiSlimLockIsOwned(const volatile VOID *Object, ULONG_PTR Lock)
{
    if (!KiIsThere(Lock) || (*(const volatile ULONG64 *)Lock & 1) == 0) {
        return FALSE;
    }
    return *(const volatile ULONG64 *)Lock < 16 ? TRUE : KI_IS_SHARED;
}

BOOLEAN
KiSlimLockIsExclusive(const volatile VOID *Object, ULONG_PTR Lock)
{
    return KiSlimLockIsOwned(Object, Lock) == TRUE;
}

static BOOLEAN
KiSlimLockIsClosed(const volatile VOID *Object, ULONG_PTR Lock)
{
    return KiSlimLockIsExclusive(Object, Lock) || KiIsClaimed(Object);
}

static BOOLEAN
KiIsInitialising(const volatile VOID *Object, ULONG_PTR Once)
{
    return KiIsThere(Once) && (*(const volatile ULONG64 *)Once & 3) == 1;
}

static const struct {
    ULONG Operation;
    PKI_WOULD_WAIT WouldWait;
} KiLockSteps[ABI_LOCK_COMPARE] = {
    [ABI_LOCK_ENTER] = {SP_ACQUIRE_LOCK, KiSectionIsOwned},
    [ABI_LOCK_TRY_ENTER] = {SP_TRY_LOCK, KiSectionIsOwned},
    [ABI_LOCK_ENTER_OLD] = {SP_ACQUIRE_LOCK, KiOldSectionIsOwned},
    [ABI_LOCK_TRY_ENTER_OLD] = {SP_TRY_LOCK, KiOldSectionIsOwned},
    [ABI_LOCK_EXCLUSIVE] = {SP_ACQUIRE_LOCK, KiSlimLockIsOwned},
    [ABI_LOCK_TRY_EXCLUSIVE] = {SP_TRY_LOCK, KiSlimLockIsOwned},
    [ABI_LOCK_SHARED] = {SP_ACQUIRE_SHARED, KiSlimLockIsClosed},
    [ABI_LOCK_TRY_SHARED] = {SP_TRY_SHARED, KiSlimLockIsExclusive},
    [ABI_LOCK_LEAVE] = {SP_RELEASE_LOCK, NULL},
    [ABI_LOCK_LEAVE_SHARED] = {SP_RELEASE_SHARED, NULL},
    [ABI_LOCK_ONCE] = {SP_ACQUIRE_LOCK, KiIsInitialising},
    [ABI_LOCK_QUEUE] = {SP_INTERLOCKED, NULL},
};

/* A wait on an address looks at what is there and queues in one step. */
static VOID
KiComparingStep(const volatile VOID *Address, ULONG Size)
{
    KI_POINT Point = {.Size = Size, .Changes = Address};

    if (Machine->explore < ABI_EXPLORE_ATOMICS) { /* accesses to memory are no steps */
        KiSchedulePoint(SP_INTERLOCKED, Address);
        return;
    }
    HcTouch(Address, Size, ABI_TOUCH_READ, KiAgent()->Name);
    KiAcquirePoint(SP_MEMORY_READ, Address, NULL, (ULONG_PTR)&Point);
}

VOID
KiLockStep(const volatile VOID *Word, ULONG Step)
{
    if (Step < ABI_LOCK_COMPARE) {
        PKI_WOULD_WAIT WouldWait = KiLockSteps[Step].WouldWait;
        ULONG Operation = KiLockSteps[Step].Operation;
        ULONG_PTR Context = WouldWait != NULL ? ABI_ALIAS(MiBacking((ULONG64)Word)) : 0;

        if (Step == ABI_LOCK_EXCLUSIVE) {
            KiAcquireAllPoint(Operation, Word, WouldWait, Context);
        } else {
            KiAcquirePoint(Operation, Word, WouldWait, Context);
        }
    } else {
        KiComparingStep(Word, Step - ABI_LOCK_COMPARE);
    }
}
