/*
 * lock.c - locks: acquired twice, released by who does not hold them, held for too long, freed.
 *
 * Which locks a thread holds is on record in it (KTHREAD.Held, nt/ke/held.c). A spin lock that is acquired in a DPC is on
 * record in the thread that the DPC has interrupted, which can hold none of its own then.
 * [DDI pages of the routines; [BC:c4] 0x1000 to 0x100B, 0xD0 to 0xD2; SDV: SpinLock, SpinLockSafe, QueuedSpinLock,
 * ExclusiveResourceAccess; nt-semantics 3]
 */
#include "vfp.h"

static PKI_HELD_LOCK
VfHeld(PKTHREAD Thread, const volatile VOID *Lock)
{
    for (ULONG i = min(Thread->HeldCount, KI_HELD_LOCKS); i-- > 0;) {
        if (Thread->Held[i].Lock == Lock) {
            return &Thread->Held[i];
        }
    }
    return NULL;
}

static VOID
VfAcquires(PVF_FRAME Frame, VF_RULE_ID Rule, const char *Name)
{
    const volatile VOID *Lock = (const volatile VOID *)Frame->Arg[0];
    PKI_HELD_LOCK Held = VfHeld(KiThread(), Lock);

    if (Held != NULL) {
        VfViolate(Rule, NULL, Frame,
                  "%a acquires the %s 0x%p, which this thread has held since %a: it waits for "
                  "itself",
                  Frame->Caller, Name, (PVOID)Lock, Held->Caller);
    }
    VfLockOrdered(Frame, Lock);
}

static VOID
VfReleases(PVF_FRAME Frame, const volatile VOID *Lock, VF_RULE_ID Rule, const char *Name)
{
    PKTHREAD Thread = KiThread();

    if (VfHeld(Thread, Lock) == NULL && Thread->HeldUnknown == 0) {
        VfViolate(Rule, NULL, Frame, "%a releases the %s 0x%p, which this thread does not hold",
                  Frame->Caller, Name, (PVOID)Lock);
    }
}

static VOID
VfSpinAcquires(PVF_FRAME Frame)
{
    VfAcquires(Frame, VfRuleSpinLock, "spin lock");
}

static VOID
VfSpinReleases(PVF_FRAME Frame)
{
    VfReleases(Frame, (PVOID)Frame->Arg[0], VfRuleSpinlockRelease, "spin lock");
}

static VOID
VfQueuedAcquires(PVF_FRAME Frame)
{
    VfAcquires(Frame, VfRuleQueuedSpinLock, "in-stack queued spin lock");
}

/* The handle says which lock; it is the handle's second pointer. */
static VOID
VfQueuedReleases(PVF_FRAME Frame)
{
    PKLOCK_QUEUE_HANDLE Handle = (PKLOCK_QUEUE_HANDLE)Frame->Arg[0];

    VfReleases(Frame, (PVOID)((ULONG64)Handle->LockQueue.Lock & ~3ull), VfRuleSpinlockRelease,
               "in-stack queued spin lock");
}

static VOID
VfMutexAcquires(PVF_FRAME Frame)
{
    VfAcquires(Frame, VfRuleLockRecursion, "mutex");
}

static VOID
VfMutexReleases(PVF_FRAME Frame)
{
    VfReleases(Frame, (PVOID)Frame->Arg[0], VfRuleLockWrongThread, "mutex");
}

static VOID
VfPushExclusive(PVF_FRAME Frame)
{
    VfAcquires(Frame, VfRuleLockRecursion, "push lock");
}

static VOID
VfResourceShared(PVF_FRAME Frame)
{
    PVOID Resource = (PVOID)Frame->Arg[0];

    if (Frame->Arg[1] != FALSE && VfHeld(KiThread(), Resource) == NULL) {
        VfLockOrdered(Frame, Resource);
    }
}

static VOID
VfResourceExclusive(PVF_FRAME Frame)
{
    PERESOURCE Resource = (PERESOURCE)Frame->Arg[0];
    PKI_HELD_LOCK Held = VfHeld(KiThread(), Resource);

    if ((BOOLEAN)Frame->Arg[1] && Held != NULL && (Resource->Flag & ResourceOwnedExclusive) == 0) {
        VfViolate(
            VfRuleLockRecursion, NULL, Frame,
            "%a acquires the resource 0x%p exclusive, which this thread has held shared since "
            "%a: it waits for itself",
            Frame->Caller, Resource, Held->Caller);
    }
    VfResourceShared(Frame);
}

static VOID
VfResourceReleases(PVF_FRAME Frame)
{
    VfReleases(Frame, (PVOID)Frame->Arg[0], VfRuleLockWrongThread, "resource");
}

static VOID
VfResourceInitializes(PVF_FRAME Frame)
{
    const VOID *Before = (const VOID *)VfSetFind(&VfResources, Frame->Arg[0]);

    if (Before != NULL) {
        VfViolate(VfRuleResourceInitialized, NULL, Frame,
                  "%a initializes the resource 0x%p, which %a has initialized and nobody has "
                  "deleted: the list of all resources is damaged",
                  Frame->Caller, (PVOID)Frame->Arg[0], Before);
    }
    VfForgetLocks((PVOID)Frame->Arg[0], sizeof(ERESOURCE));
    VfSetPut(&VfResources, Frame->Arg[0], (ULONG64)Frame->Caller);
}

static VOID
VfResourceDeletes(PVF_FRAME Frame)
{
    PERESOURCE Resource = (PERESOURCE)Frame->Arg[0];

    VfSetRemove(&VfResources, Frame->Arg[0]);
    if (Resource->ActiveEntries != 0) {
        VfViolate(VfRuleLockFreed, NULL, Frame, "%a deletes the resource 0x%p while it is held",
                  Frame->Caller, Resource);
    }
    VfForgetLocks(Resource, sizeof(*Resource));
}

static VOID
VfSpinInitializes(PVF_FRAME Frame)
{
    VfForgetLocks((PVOID)Frame->Arg[0], sizeof(KSPIN_LOCK));
}

/* A KMUTEX is acquired by waiting for it. It may be acquired again, but has its place in the order. */
static VOID
VfWaitOrdered(PVF_FRAME Frame)
{
    DISPATCHER_HEADER *Header = (DISPATCHER_HEADER *)Frame->Arg[0];

    if (Frame->Arg[4] == 0 && (Header->Type & 0x7F) == KiObjMutant &&
        ((PKMUTANT)Header)->OwnerThread != KiThread()) {
        VfLockOrdered(Frame, Header);
    }
}

static PKI_HELD_LOCK
VfSpinLockHeld(VOID)
{
    PKTHREAD Thread = KiThread();

    for (ULONG i = min(Thread->HeldCount, KI_HELD_LOCKS); i-- > 0;) {
        if (Thread->Held[i].Kind == KiLockSpin && VfIsVerified(Thread->Held[i].Caller)) {
            return &Thread->Held[i];
        }
    }
    return NULL;
}

static VOID
VfCompletesLocked(PVF_FRAME Frame)
{
    PKI_HELD_LOCK Held = VfSpinLockHeld();

    if (Held != NULL) {
        VfViolate(VfRuleSpinLockSafe, NULL, Frame,
                  "%a calls %s with the spin lock 0x%p held (acquired at %a): a completion routine "
                  "above may need it, or call the driver again",
                  Frame->Caller, VfCurrent->Name, (PVOID)Held->Lock, Held->Caller);
    }
}

static VOID
VfSendsLocked(PVF_FRAME Frame)
{
    PKI_HELD_LOCK Held = VfSpinLockHeld();

    if (Held != NULL) {
        VfViolate(VfRuleLockHeldAcrossCall, NULL, Frame,
                  "%a sends a request to another driver with the spin lock 0x%p held (acquired at "
                  "%a)",
                  Frame->Caller, (PVOID)Held->Lock, Held->Caller);
    }
}

/* What was acquired inside of the routine must have been released. */
VOID
VfLockReturn(PVF_CALLOUT Callout)
{
    PKTHREAD Thread = KiThread();
    ULONG Count = min(Thread->HeldCount, KI_HELD_LOCKS), Expected = Callout->HeldCount;

    if (Callout->Kind == VfCancel && Expected != 0) {
        Expected--; /* the cancel spin lock, which the routine releases */
        if (Count > Expected && Thread->Held[Expected].Kind == KiLockSpin) {
            VfViolate(VfRuleSpinLock, VF_START(Callout->Routine), NULL,
                      "the cancel routine %a returned without releasing the cancel spin lock",
                      Callout->Routine);
        }
    }
    if (Count > Expected) {
        PKI_HELD_LOCK Held = &Thread->Held[Count - 1];
        VF_RULE_ID Rule = Held->Kind == KiLockSpin       ? VfRuleSpinLock
                          : Held->Kind == KiLockResource ? VfRuleExclusiveResourceAccess
                                                         : VfRuleLockHeldOnReturn;

        VfViolate(Rule, VfIsVerified(Held->Caller) ? Held->Caller : VF_START(Callout->Routine),
                  NULL, "the %s %a returned while it still holds the %s 0x%p, acquired at %a",
                  VfKindName(Callout->Kind), Callout->Routine,
                  Held->Kind == KiLockSpin       ? "spin lock"
                  : Held->Kind == KiLockResource ? "resource"
                                                 : "lock",
                  (PVOID)Held->Lock, Held->Caller);
    }
}

/* Memory is freed: no lock in it may be held, no resource in it initialized. */
VOID
VfLockMemoryGoes(const VOID *Start, SIZE_T Bytes, const VOID *At, PVF_FRAME Frame)
{
    PKTHREAD Thread = KiThread();

    for (ULONG i = min(Thread->HeldCount, KI_HELD_LOCKS); i-- > 0;) {
        if ((ULONG64)Thread->Held[i].Lock - (ULONG64)Start < Bytes) {
            VfViolate(VfRuleLockFreed, At, Frame,
                      "%a frees memory with the lock 0x%p in it, which this thread has held since "
                      "%a",
                      At, (PVOID)Thread->Held[i].Lock, Thread->Held[i].Caller);
        }
    }
    for (ULONG i = 0; VfResources.Count != 0 && i < VF_SET_SIZE; i++) {
        if (VfResources.Key[i] != 0 && VfResources.Key[i] - (ULONG64)Start < Bytes) {
            VfViolate(VfRuleLockFreed, At, Frame,
                      "%a frees memory with the resource 0x%p in it, which %a has initialized and "
                      "nobody has deleted: the list of all resources leads into freed memory",
                      At, (PVOID)VfResources.Key[i], (PVOID)VfResources.Value[i]);
        }
    }
    VfTimersGo(Start, Bytes, At, Frame);
    VfForgetLocks(Start, Bytes);
}

VOID
VfInitLock(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(KeAcquireSpinLockRaiseToDpc, VfSpinAcquires, NULL),
        VF_HOOK(KeAcquireSpinLockAtDpcLevel, VfSpinAcquires, NULL),
        VF_HOOK(KeReleaseSpinLock, VfSpinReleases, NULL),
        VF_HOOK(KeReleaseSpinLockFromDpcLevel, VfSpinReleases, NULL),
        VF_HOOK(ExAcquireSpinLockExclusive, VfSpinAcquires, NULL),
        VF_HOOK(ExAcquireSpinLockExclusiveAtDpcLevel, VfSpinAcquires, NULL),
        VF_HOOK(ExReleaseSpinLockExclusive, VfSpinReleases, NULL),
        VF_HOOK(ExReleaseSpinLockExclusiveFromDpcLevel, VfSpinReleases, NULL),
        VF_HOOK(KeAcquireInStackQueuedSpinLock, VfQueuedAcquires, NULL),
        VF_HOOK(KeAcquireInStackQueuedSpinLockAtDpcLevel, VfQueuedAcquires, NULL),
        VF_HOOK(KeReleaseInStackQueuedSpinLock, VfQueuedReleases, NULL),
        VF_HOOK(KeReleaseInStackQueuedSpinLockFromDpcLevel, VfQueuedReleases, NULL),
        VF_HOOK(KeInitializeSpinLock, VfSpinInitializes, NULL),
        VF_HOOK(ExAcquireFastMutex, VfMutexAcquires, NULL),
        VF_HOOK(ExAcquireFastMutexUnsafe, VfMutexAcquires, NULL),
        VF_HOOK(KeAcquireGuardedMutex, VfMutexAcquires, NULL),
        VF_HOOK(KeAcquireGuardedMutexUnsafe, VfMutexAcquires, NULL),
        VF_HOOK(ExReleaseFastMutex, VfMutexReleases, NULL),
        VF_HOOK(ExReleaseFastMutexUnsafe, VfMutexReleases, NULL),
        VF_HOOK(KeReleaseGuardedMutex, VfMutexReleases, NULL),
        VF_HOOK(KeReleaseGuardedMutexUnsafe, VfMutexReleases, NULL),
        VF_HOOK(ExAcquirePushLockExclusiveEx, VfPushExclusive, NULL),
        VF_HOOK(ExAcquireResourceExclusiveLite, VfResourceExclusive, NULL),
        VF_HOOK(ExAcquireResourceSharedLite, VfResourceShared, NULL),
        VF_HOOK(ExReleaseResourceLite, VfResourceReleases, NULL),
        VF_HOOK(ExInitializeResourceLite, VfResourceInitializes, NULL),
        VF_HOOK(ExDeleteResourceLite, VfResourceDeletes, NULL),
        VF_HOOK(KeWaitForSingleObject, VfWaitOrdered, NULL),
        VF_HOOK(IofCompleteRequest, VfCompletesLocked, NULL),
        VF_HOOK(IoStartNextPacket, VfCompletesLocked, NULL),
        VF_HOOK(IofCallDriver, VfSendsLocked, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
