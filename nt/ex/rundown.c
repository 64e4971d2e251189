/*
 * rundown.c - rundown protection: holders that come and go until the owner waits for the last of them.
 *
 * The word:
 *     n << 1        n holders, nobody waits
 *     block | 1     rundown has begun; the waiter's block counts the holders that are left
 *     1             rundown is complete
 *
 * From the moment that bit 0 is set nobody gets protection. The cache-aware form holds one such word:
 * what it spreads over processors cannot be seen from outside.
 * Threads can be switched on entry and in the wait. Source: nt-semantics 3.10.
 */
#include "exp.h"

#define RUNDOWN_ACTIVE ((ULONG_PTR)1)
#define RUNDOWN_UNIT   ((ULONG_PTR)2)

typedef struct _EXP_RUNDOWN_WAIT {
    ULONG_PTR Holders;
    KEVENT Event;
} EXP_RUNDOWN_WAIT;

struct _EX_RUNDOWN_REF_CACHE_AWARE {
    EX_RUNDOWN_REF Ref;
    PVOID PoolToFree;
    ULONG64 Reserved[2];
};

VOID FASTCALL
ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    RunRef->Count = 0;
}

VOID FASTCALL
ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, RunRef);
    RunRef->Count = 0;
}

BOOLEAN FASTCALL
ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    KiSchedulePoint(SP_ACQUIRE_LOCK, RunRef);
    if (RunRef->Count & RUNDOWN_ACTIVE) {
        return FALSE;
    }
    RunRef->Count += RUNDOWN_UNIT * Count;
    return TRUE;
}

BOOLEAN FASTCALL
ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    return ExAcquireRundownProtectionEx(RunRef, 1);
}

VOID FASTCALL
ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    EXP_RUNDOWN_WAIT *Wait;

    KiSchedulePoint(SP_RELEASE_LOCK, RunRef);
    if (!(RunRef->Count & RUNDOWN_ACTIVE)) {
        RunRef->Count -= RUNDOWN_UNIT * Count;
        return;
    }
    Wait = (EXP_RUNDOWN_WAIT *)(RunRef->Count & ~RUNDOWN_ACTIVE);
    Wait->Holders -= Count;
    if (Wait->Holders == 0) {
        KeSetEvent(&Wait->Event, 0, FALSE);
    }
}

VOID FASTCALL
ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    ExReleaseRundownProtectionEx(RunRef, 1);
}

VOID FASTCALL
ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    EXP_RUNDOWN_WAIT Wait;

    KiSchedulePoint(SP_ACQUIRE_LOCK, RunRef);
    if (RunRef->Count == 0 || RunRef->Count == RUNDOWN_ACTIVE) {
        RunRef->Count = RUNDOWN_ACTIVE;
        return;
    }
    KeInitializeEvent(&Wait.Event, SynchronizationEvent, FALSE);
    Wait.Holders = RunRef->Count / RUNDOWN_UNIT;
    RunRef->Count = (ULONG_PTR)&Wait | RUNDOWN_ACTIVE;
    KeWaitForSingleObject(&Wait.Event, Executive, KernelMode, FALSE, NULL);
    RunRef->Count = RUNDOWN_ACTIVE;
}

VOID FASTCALL
ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
    KiSchedulePoint(SP_RELEASE_LOCK, RunRef);
    RunRef->Count = RUNDOWN_ACTIVE;
}

SIZE_T NTAPI
ExSizeOfRundownProtectionCacheAware(VOID)
{
    return sizeof(struct _EX_RUNDOWN_REF_CACHE_AWARE);
}

VOID NTAPI
ExInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
                                        SIZE_T RunRefSize)
{
    RunRefCacheAware->Ref.Count = 0;
    RunRefCacheAware->PoolToFree = NULL;
}

PEX_RUNDOWN_REF_CACHE_AWARE NTAPI
ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType, ULONG PoolTag)
{
    PEX_RUNDOWN_REF_CACHE_AWARE Ref = ExAllocatePoolWithTag(PoolType, sizeof(*Ref), PoolTag);

    if (Ref != NULL) {
        ExInitializeRundownProtectionCacheAware(Ref, sizeof(*Ref));
        Ref->PoolToFree = Ref;
    }
    return Ref;
}

VOID NTAPI
ExFreeCacheAwareRundownProtection(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExFreePool(RunRefCacheAware->PoolToFree);
}

BOOLEAN FASTCALL
ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    return ExAcquireRundownProtectionEx(&RunRefCacheAware->Ref, 1);
}

BOOLEAN FASTCALL
ExAcquireRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware, ULONG Count)
{
    return ExAcquireRundownProtectionEx(&RunRefCacheAware->Ref, Count);
}

VOID FASTCALL
ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExReleaseRundownProtectionEx(&RunRefCacheAware->Ref, 1);
}

VOID FASTCALL
ExReleaseRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRef, ULONG Count)
{
    ExReleaseRundownProtectionEx(&RunRef->Ref, Count);
}

VOID FASTCALL
ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRef)
{
    ExWaitForRundownProtectionRelease(&RunRef->Ref);
}

VOID FASTCALL
ExReInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExReInitializeRundownProtection(&RunRefCacheAware->Ref);
}

VOID FASTCALL
ExRundownCompletedCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExRundownCompleted(&RunRefCacheAware->Ref);
}
