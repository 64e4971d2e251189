/*
 * pushlock.c - push locks: a reader/writer lock in one pointer.
 *
 * The word:
 *     0                    free
 *     1                    held exclusively
 *     n << 4 | 1           held by n sharers
 *     block | 2 [| 1]      there are waiters: the block is the newest; bit 0: held. The number of
 *                          sharers (0: exclusive) then stands in the oldest waiter's block.
 *
 *   L1  A waiter's block lives on its stack; it is on the list until the one who wakes it takes it off.
 *   L2  A release that frees the lock wakes the oldest waiter if that wants it exclusively, else all. A
 *       woken waiter starts again, and may be overtaken (the lock is not fair).
 *   L3  While there are waiters a new shared request waits; a new exclusive one may take a free lock.
 *
 *   L4  Who got the lock by a routine with flags has it in Held[], and from 8 on must be the one who gives it
 *       back (bugcheck 0x162). The older routines (Exf...) keep no account.
 *
 * The lock itself records no owner and disables no APC: the caller must be in a critical region.
 * Threads can be switched on entry and in the wait. Source: nt-semantics 3.9.
 */
#include "exp.h"

#define PL_LOCKED  ((ULONG_PTR)1)
#define PL_WAITING ((ULONG_PTR)2)
#define PL_SHARE   ((ULONG_PTR)16)

#define INVALID_PUSH_LOCK_FLAGS 0x152
#define EXP_PUSH_LOCK_FLAGS     3 /* hints about boosting */

typedef DECLSPEC_ALIGN(16) struct _EXP_PUSH_WAITER {
    KEVENT Event;
    struct _EXP_PUSH_WAITER *Older;  /* towards the oldest */
    struct _EXP_PUSH_WAITER *Oldest; /* valid in the newest */
    ULONG_PTR Sharers;               /* valid in the oldest */
    BOOLEAN Exclusive;
} EXP_PUSH_WAITER;

static EXP_PUSH_WAITER *
ExpNewest(ULONG_PTR Value)
{
    return (EXP_PUSH_WAITER *)(Value & ~(ULONG_PTR)15);
}

static DECLSPEC_NOINLINE VOID
ExpPushWait(PEX_PUSH_LOCK Lock, BOOLEAN Exclusive)
{
    EXP_PUSH_WAITER Waiter;
    ULONG_PTR Value = *Lock;

    KeInitializeEvent(&Waiter.Event, SynchronizationEvent, FALSE);
    Waiter.Exclusive = Exclusive;
    if (Value & PL_WAITING) {
        Waiter.Older = ExpNewest(Value);
        Waiter.Oldest = Waiter.Older->Oldest;
    } else {
        Waiter.Older = NULL;
        Waiter.Oldest = &Waiter;
        Waiter.Sharers = Value / PL_SHARE;
    }
    *Lock = (ULONG_PTR)&Waiter | PL_WAITING | (Value & PL_LOCKED);
    KiThread()->WaitLock = Lock;
    KeWaitForSingleObject(&Waiter.Event, WrPushLock, KernelMode, FALSE, NULL); /* L1 */
}

static inline BOOLEAN
ExpPushTryExclusive(PEX_PUSH_LOCK Lock)
{
    ULONG_PTR Value = *Lock;

    if (Value & PL_LOCKED) {
        return FALSE;
    }
    if (Value & PL_WAITING) {
        ExpNewest(Value)->Oldest->Sharers = 0;
    }
    *Lock = Value | PL_LOCKED;
    return TRUE;
}

/* PKI_WOULD_WAIT: L3 */
static BOOLEAN
ExpIsPushLockClosed(const volatile VOID *Lock, ULONG_PTR Unused)
{
    ULONG_PTR Value = *(const volatile ULONG_PTR *)Lock;

    return (Value & PL_WAITING) || Value == PL_LOCKED || KiIsClaimed(Lock);
}

static inline BOOLEAN
ExpPushTryShared(PEX_PUSH_LOCK Lock)
{
    ULONG_PTR Value = *Lock;

    if (ExpIsPushLockClosed(Lock, 0)) {
        return FALSE;
    }
    *Lock = (Value | PL_LOCKED) + PL_SHARE;
    return TRUE;
}

/* The lock has just become free and has waiters: L2. */
static VOID
ExpPushWake(PEX_PUSH_LOCK Lock)
{
    EXP_PUSH_WAITER *Newest = ExpNewest(*Lock), *Oldest = Newest->Oldest, *Waiter, *Older;

    if (Oldest->Exclusive) {
        if (Oldest == Newest) {
            *Lock = 0;
        } else {
            for (Waiter = Newest; Waiter->Older != Oldest; Waiter = Waiter->Older) {
            }
            Waiter->Older = NULL;
            Waiter->Sharers = 0;
            for (EXP_PUSH_WAITER *At = Newest; At != NULL; At = At->Older) {
                At->Oldest = Waiter;
            }
        }
        KeSetEvent(&Oldest->Event, EVENT_INCREMENT, FALSE);
        return;
    }
    *Lock = 0;
    for (Waiter = Newest; Waiter != NULL; Waiter = Older) {
        Older = Waiter->Older; /* its stack is gone once it runs */
        KeSetEvent(&Waiter->Event, EVENT_INCREMENT, FALSE);
    }
}

static inline BOOLEAN
ExpIsPushLockShared(ULONG_PTR Value)
{
    return (Value & PL_WAITING) ? ExpNewest(Value)->Oldest->Sharers != 0 : Value >= PL_SHARE;
}

/* PKI_WOULD_WAIT */
static BOOLEAN
ExpIsPushLockHeld(const volatile VOID *Lock, ULONG_PTR Unused)
{
    ULONG_PTR Value = *(const volatile ULONG_PTR *)Lock;

    if (!(Value & PL_LOCKED)) {
        return FALSE;
    }
    return ExpIsPushLockShared(Value) ? KI_IS_SHARED : TRUE;
}

static inline VOID
ExpPushReleaseExclusive(PEX_PUSH_LOCK Lock)
{
    ULONG_PTR Value = *Lock & ~PL_LOCKED;

    *Lock = Value;
    if (Value & PL_WAITING) {
        ExpPushWake(Lock);
    }
}

static inline VOID
ExpPushReleaseShared(PEX_PUSH_LOCK Lock)
{
    ULONG_PTR Value = *Lock;

    if (!(Value & PL_WAITING)) {
        Value -= PL_SHARE;
        *Lock = Value == PL_LOCKED ? 0 : Value;
        return;
    }
    if (ExpNewest(Value)->Oldest->Sharers > 1) {
        ExpNewest(Value)->Oldest->Sharers--;
        return;
    }
    ExpPushReleaseExclusive(Lock);
}

VOID NTAPI
ExInitializePushLock(PEX_PUSH_LOCK PushLock)
{
    *PushLock = 0;
}

static inline VOID
ExpPushAcquireExclusive(PEX_PUSH_LOCK PushLock)
{
    KiAcquireAllPoint(SP_ACQUIRE_LOCK, PushLock, ExpIsPushLockHeld, 0);
    while (!ExpPushTryExclusive(PushLock)) {
        ExpPushWait(PushLock, TRUE);
    }
}

static inline VOID
ExpPushAcquireShared(PEX_PUSH_LOCK PushLock)
{
    KiAcquirePoint(SP_ACQUIRE_SHARED, PushLock, ExpIsPushLockClosed, 0);
    while (!ExpPushTryShared(PushLock)) {
        ExpPushWait(PushLock, FALSE);
    }
}

VOID FASTCALL
ExfAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
    ExpPushAcquireExclusive(PushLock);
}

VOID FASTCALL
ExfAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    ExpPushAcquireShared(PushLock);
}

BOOLEAN FASTCALL
ExfTryAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    KiAcquirePoint(SP_TRY_SHARED, PushLock, ExpIsPushLockClosed, 0);
    return ExpPushTryShared(PushLock);
}

VOID FASTCALL
ExfReleasePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_RELEASE_LOCK, PushLock);
    ExpPushReleaseExclusive(PushLock);
}

VOID FASTCALL
ExfReleasePushLockShared(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_RELEASE_SHARED, PushLock);
    ExpPushReleaseShared(PushLock);
}

/* Releases whichever way it is held. */
VOID FASTCALL
ExfReleasePushLock(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(ExpIsPushLockShared(*PushLock) ? SP_RELEASE_SHARED : SP_RELEASE_LOCK, PushLock);
    if (ExpIsPushLockShared(*PushLock)) {
        ExpPushReleaseShared(PushLock);
    } else {
        ExpPushReleaseExclusive(PushLock);
    }
}

VOID FASTCALL
ExfTryToWakePushLock(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_RELEASE_LOCK, PushLock);
    if ((*PushLock & (PL_WAITING | PL_LOCKED)) == PL_WAITING) {
        ExpPushWake(PushLock);
    }
}

/* The routines with flags: L4. */
static inline VOID
ExpCheckPushFlags(ULONG Flags, PEX_PUSH_LOCK Lock)
{
    if (Flags & ~(ULONG)EXP_PUSH_LOCK_FLAGS) {
        KeBugCheckEx(INVALID_PUSH_LOCK_FLAGS, Flags, (ULONG_PTR)Lock, 0, 0);
    }
}

static inline VOID
ExpPushEnter(ULONG Flags, PEX_PUSH_LOCK Lock)
{
    ExpCheckPushFlags(Flags, Lock);
    ExpCheckLockIrql(Lock);
}

VOID NTAPI
ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpPushEnter(Flags, PushLock);
    ExpPushAcquireExclusive(PushLock);
    KiHoldLock(KiThread(), PushLock, KiLockPushExclusive, __builtin_return_address(0));
}

VOID NTAPI
ExAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpPushEnter(Flags, PushLock);
    ExpPushAcquireShared(PushLock);
    KiHoldLock(KiThread(), PushLock, KiLockPushShared, __builtin_return_address(0));
}

BOOLEAN NTAPI
ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpPushEnter(Flags, PushLock);
    KiAcquirePoint(SP_TRY_LOCK, PushLock, ExpIsPushLockHeld, 0);
    if (!ExpPushTryExclusive(PushLock)) {
        return FALSE;
    }
    KiHoldLock(KiThread(), PushLock, KiLockPushExclusive, __builtin_return_address(0));
    return TRUE;
}

BOOLEAN NTAPI
ExTryAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpPushEnter(Flags, PushLock);
    KiAcquirePoint(SP_TRY_SHARED, PushLock, ExpIsPushLockClosed, 0);
    if (!ExpPushTryShared(PushLock)) {
        return FALSE;
    }
    KiHoldLock(KiThread(), PushLock, KiLockPushShared, __builtin_return_address(0));
    return TRUE;
}

VOID NTAPI
ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExpDropLock(KiThread(), PushLock);
    ExfReleasePushLockExclusive(PushLock);
}

VOID NTAPI
ExReleasePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExpDropLock(KiThread(), PushLock);
    ExfReleasePushLockShared(PushLock);
}

VOID NTAPI
ExReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExpDropLock(KiThread(), PushLock);
    ExfReleasePushLock(PushLock);
}
