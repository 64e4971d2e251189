/*
 * explored.c - the locks as they are called from outside of ntdll.
 *
 * Two threads race for a lock in a few instructions that enter no kernel. While schedules are explored each of them is told to
 * the kernel first (abi/lockstep.h), which lets it go on when it would not have to wait, so that who comes first is a choice. ntdll's own
 * locks (loader, heap, pool) are not told of: what they guard is in no order that shows. A process with one thread tells nothing either.
 *
 *   N1  A section's owner enters it again, and leaves it but for the last time, without a step: nobody else sees that.
 *   N2  Who sleeps is queued in a step, and goes on behind its alert, which is one too (RtlpWaitQueued).
 *   N3  Nor does a DllMain: who begins or ends meanwhile waits for the loader lock, of which nothing is told.
 */
#include "user/ntdll/ntdllp.h"
#include "abi/lockstep.h"

BOOLEAN
RtlpIsExplored(VOID)
{
    return RTLP_TURN[4] != 0; /* abi_turn.lock_point */
}

#define PEB_THREADS 0xF00 /* ours: the process has had a second thread (nt/ps) */

static BOOLEAN
RtlpOwnsSection(PRTL_CRITICAL_SECTION Section)
{
    return Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread;
}

static VOID
RtlpTell(const volatile VOID *Word, ULONG Step)
{
    if (RtlpIsExplored() && *(ULONG *)((PUCHAR)NtCurrentPeb() + PEB_THREADS) != 0 &&
        !RtlpOwnsSection(&LdrpLoaderLock)) { /* N3 */
        RtlpLockStep(Word, ABI_POINT_LOCK | Step);
    }
}

/* Its step has come because nobody else could go on (or before there was a second thread): then to spin is of no use. */
static NTSTATUS
RtlpEnterWithoutSpinning(PRTL_CRITICAL_SECTION Section)
{
    ULONG_PTR Spins = Section->SpinCount;
    NTSTATUS Status;

    Section->SpinCount = 0;
    Status = RtlEnterCriticalSection(Section);
    Section->SpinCount = Spins;
    return Status;
}

/* From sections.S. */
NTSTATUS NTAPI
RtlpEnterExplored(PRTL_CRITICAL_SECTION Section)
{
    if (RtlpOwnsSection(Section)) { /* N1 */
        return RtlEnterCriticalSection(Section);
    }
    RtlpTell(&Section->LockCount,
             RtlpSectionKind == SectionOld ? ABI_LOCK_ENTER_OLD : ABI_LOCK_ENTER);
    return Section->OwningThread != NULL ? RtlpEnterWithoutSpinning(Section)
                                         : RtlEnterCriticalSection(Section);
}

NTSTATUS NTAPI
RtlpLeaveExplored(PRTL_CRITICAL_SECTION Section)
{
    if (Section->RecursionCount == 1) {
        RtlpTell(&Section->LockCount, ABI_LOCK_LEAVE);
    }
    return RtlLeaveCriticalSection(Section);
}

LOGICAL NTAPI
RtlpTryEnterFromOutside(PRTL_CRITICAL_SECTION Section)
{
    if (!RtlpOwnsSection(Section)) {
        RtlpTell(&Section->LockCount,
                 RtlpSectionKind == SectionOld ? ABI_LOCK_TRY_ENTER_OLD : ABI_LOCK_TRY_ENTER);
    }
    return RtlTryEnterCriticalSection(Section);
}

VOID NTAPI
RtlpAcquireExclusiveFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_EXCLUSIVE);
    RtlAcquireSRWLockExclusive(Lock);
}

VOID NTAPI
RtlpAcquireSharedFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_SHARED);
    RtlAcquireSRWLockShared(Lock);
}

BOOLEAN NTAPI
RtlpTryExclusiveFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_TRY_EXCLUSIVE);
    return RtlTryAcquireSRWLockExclusive(Lock);
}

BOOLEAN NTAPI
RtlpTrySharedFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_TRY_SHARED);
    return RtlTryAcquireSRWLockShared(Lock);
}

VOID NTAPI
RtlpReleaseExclusiveFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_LEAVE);
    RtlReleaseSRWLockExclusive(Lock);
}

VOID NTAPI
RtlpReleaseSharedFromOutside(PRTL_SRWLOCK Lock)
{
    RtlpTell(Lock, ABI_LOCK_LEAVE_SHARED);
    RtlReleaseSRWLockShared(Lock);
}

NTSTATUS NTAPI
RtlpSleepSectionFromOutside(PRTL_CONDITION_VARIABLE Variable, PRTL_CRITICAL_SECTION Section,
                            PLARGE_INTEGER Timeout)
{
    RTLP_WAITER Waiter;
    NTSTATUS Status;

    RtlpTell(Variable, ABI_LOCK_QUEUE); /* N2 */
    RtlpEnqueueSleeper(Variable, &Waiter);
    RtlpLeaveFromOutside(Section);
    Status = RtlpSleep(Variable, &Waiter, Timeout);
    RtlpEnterFromOutside(Section);
    return Status;
}

NTSTATUS NTAPI
RtlpSleepSlimFromOutside(PRTL_CONDITION_VARIABLE Variable, PRTL_SRWLOCK Lock,
                         PLARGE_INTEGER Timeout, ULONG Flags)
{
    RTLP_WAITER Waiter;
    NTSTATUS Status;
    BOOLEAN Shared = (Flags & CONDITION_VARIABLE_LOCKMODE_SHARED) != 0;

    RtlpTell(Variable, ABI_LOCK_QUEUE);
    RtlpEnqueueSleeper(Variable, &Waiter);
    if (Shared) {
        RtlpReleaseSharedFromOutside(Lock);
    } else {
        RtlpReleaseExclusiveFromOutside(Lock);
    }
    Status = RtlpSleep(Variable, &Waiter, Timeout);
    if (Shared) {
        RtlpAcquireSharedFromOutside(Lock);
    } else {
        RtlpAcquireExclusiveFromOutside(Lock);
    }
    return Status;
}

VOID NTAPI
RtlpWakeFromOutside(PRTL_CONDITION_VARIABLE Variable)
{
    RtlpTell(Variable, ABI_LOCK_QUEUE);
    RtlWakeConditionVariable(Variable);
}

VOID NTAPI
RtlpWakeAllFromOutside(PRTL_CONDITION_VARIABLE Variable)
{
    RtlpTell(Variable, ABI_LOCK_QUEUE);
    RtlWakeAllConditionVariable(Variable);
}

NTSTATUS NTAPI
RtlpWaitOnAddressFromOutside(const volatile VOID *Address, PVOID Compare, SIZE_T Size,
                             PLARGE_INTEGER Timeout)
{
    if (Size == 1 || Size == 2 || Size == 4 || Size == 8) {
        RtlpTell(Address, ABI_LOCK_COMPARE + (ULONG)Size);
    }
    return RtlWaitOnAddress(Address, Compare, Size, Timeout);
}

VOID NTAPI
RtlpWakeAddressFromOutside(PVOID Address)
{
    RtlpTell(Address, ABI_LOCK_QUEUE);
    RtlWakeAddressSingle(Address);
}

VOID NTAPI
RtlpWakeAddressAllFromOutside(PVOID Address)
{
    RtlpTell(Address, ABI_LOCK_QUEUE);
    RtlWakeAddressAll(Address);
}

NTSTATUS NTAPI
RtlpBeginOnceFromOutside(PRTL_RUN_ONCE Once, ULONG Flags, PVOID *Context)
{
    RtlpTell(Once, Flags == 0 ? ABI_LOCK_ONCE : ABI_LOCK_QUEUE);
    return RtlRunOnceBeginInitialize(Once, Flags, Context);
}

NTSTATUS NTAPI
RtlpCompleteOnceFromOutside(PRTL_RUN_ONCE Once, ULONG Flags, PVOID Context)
{
    RtlpTell(Once, ABI_LOCK_QUEUE);
    return RtlRunOnceComplete(Once, Flags, Context);
}

NTSTATUS NTAPI
RtlpExecuteOnceFromOutside(PRTL_RUN_ONCE Once, PVOID Function, PVOID Parameter, PVOID *Context)
{
    BOOL(WINAPI * Initialize)(PRTL_RUN_ONCE, PVOID, PVOID *) = Function;
    NTSTATUS Status = RtlpBeginOnceFromOutside(Once, 0, Context);

    if (Status != STATUS_PENDING) {
        return Status;
    }
    if (!Initialize(Once, Parameter, Context)) {
        RtlpCompleteOnceFromOutside(Once, RTL_RUN_ONCE_INIT_FAILED, NULL);
        return STATUS_UNSUCCESSFUL;
    }
    return RtlpCompleteOnceFromOutside(Once, 0, Context != NULL ? *Context : NULL);
}
