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
 * The lock records no owner and disables no APC: the caller must be in a critical region.
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

static inline BOOLEAN
ExpPushTryShared(PEX_PUSH_LOCK Lock)
{
    ULONG_PTR Value = *Lock;

    if ((Value & PL_WAITING) || Value == PL_LOCKED) { /* L3 */
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

VOID FASTCALL
ExfAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, PushLock);
    while (!ExpPushTryExclusive(PushLock)) {
        ExpPushWait(PushLock, TRUE);
    }
}

VOID FASTCALL
ExfAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, PushLock);
    while (!ExpPushTryShared(PushLock)) {
        ExpPushWait(PushLock, FALSE);
    }
}

BOOLEAN FASTCALL
ExfTryAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, PushLock);
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
    KiSchedulePoint(SP_RELEASE_LOCK, PushLock);
    ExpPushReleaseShared(PushLock);
}

/* Releases whichever way it is held. */
VOID FASTCALL
ExfReleasePushLock(PEX_PUSH_LOCK PushLock)
{
    ULONG_PTR Value;

    KiSchedulePoint(SP_RELEASE_LOCK, PushLock);
    Value = *PushLock;
    if ((Value & PL_WAITING) ? ExpNewest(Value)->Oldest->Sharers != 0 : Value >= PL_SHARE) {
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

static VOID
ExpCheckPushFlags(ULONG Flags, PEX_PUSH_LOCK Lock)
{
    if (Flags & ~(ULONG)EXP_PUSH_LOCK_FLAGS) {
        KeBugCheckEx(INVALID_PUSH_LOCK_FLAGS, Flags, (ULONG_PTR)Lock, 0, 0);
    }
}

VOID NTAPI
ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExfAcquirePushLockExclusive(PushLock);
}

VOID NTAPI
ExAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExfAcquirePushLockShared(PushLock);
}

BOOLEAN NTAPI
ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    KiSchedulePoint(SP_ACQUIRE_LOCK, PushLock);
    return ExpPushTryExclusive(PushLock);
}

BOOLEAN NTAPI
ExTryAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    return ExfTryAcquirePushLockShared(PushLock);
}

VOID NTAPI
ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExfReleasePushLockExclusive(PushLock);
}

VOID NTAPI
ExReleasePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExfReleasePushLockShared(PushLock);
}

VOID NTAPI
ExReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExpCheckPushFlags(Flags, PushLock);
    ExfReleasePushLock(PushLock);
}
