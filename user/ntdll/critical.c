/*
 * critical.c - RTL_CRITICAL_SECTION, with the LockCount that debuggers read.
 *
 *     bit 0        0 locked, 1 not
 *     bit 1        0 a waiter has been woken and not come yet, 1 none has
 *     bits 2..31   ones' complement of the number of waiters
 *
 * So an unlocked section without waiters is -1. Waiters queue on the section's address (wait.c).
 *
 *   C1  The number of waiters in LockCount is the length of the queue; both change under the bucket's lock.
 *   C2  A woken waiter competes with whoever comes along; it sets bit 1 again when it tries.
 *
 * Nothing here enters the kernel unless somebody has to wait or to be woken; with a spin count, on more than one
 * processor, who finds the section owned first tries that often again.
 * Facts: "Displaying a Critical Section" (Debugging Tools for Windows).
 */
#include "user/ntdll/ntdllp.h"

#define CS_FREE    1
#define CS_NO_WAKE 2
#define CS_WAITER  4
#define CS_FLAGS   0xFF000000u

NTSTATUS NTAPI
RtlInitializeCriticalSectionEx(PRTL_CRITICAL_SECTION Section, ULONG SpinCount, ULONG Flags)
{
    if ((SpinCount & CS_FLAGS) != 0) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if ((Flags & ~0x1F000000u) != 0) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Section->DebugInfo = (PVOID)(LONG_PTR)-1; /* as with RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO */
    Section->LockCount = -1;
    Section->RecursionCount = 0;
    Section->OwningThread = NULL;
    Section->LockSemaphore = NULL;
    Section->SpinCount = NtCurrentPeb()->NumberOfProcessors > 1 ? SpinCount : 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlInitializeCriticalSectionAndSpinCount(PRTL_CRITICAL_SECTION Section, ULONG SpinCount)
{
    return RtlInitializeCriticalSectionEx(Section, SpinCount & ~CS_FLAGS, 0);
}

NTSTATUS NTAPI
RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    return RtlInitializeCriticalSectionEx(Section, 0, 0);
}

ULONG NTAPI
RtlSetCriticalSectionSpinCount(PRTL_CRITICAL_SECTION Section, ULONG SpinCount)
{
    ULONG Previous = (ULONG)Section->SpinCount;

    Section->SpinCount = SpinCount & ~CS_FLAGS;
    return Previous;
}

NTSTATUS NTAPI
RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    RtlZeroMemory(Section, sizeof(*Section));
    return STATUS_SUCCESS;
}

static VOID
RtlpOwn(PRTL_CRITICAL_SECTION Section)
{
    Section->OwningThread = NtCurrentTeb()->ClientId.UniqueThread;
    Section->RecursionCount = 1;
}

BOOLEAN NTAPI
RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    if (_interlockedbittestandreset((volatile LONG *)&Section->LockCount, 0)) {
        RtlpOwn(Section);
        return TRUE;
    }
    if (Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread) {
        Section->RecursionCount++;
        return TRUE;
    }
    return FALSE;
}

/*
 * The owner may leave soon: entering the kernel costs more than a few turns. Whoever finds others waiting already waits with
 * them. TRUE: the section is ours.
 */
static BOOLEAN
RtlpSpinForSection(PRTL_CRITICAL_SECTION Section)
{
    for (ULONG Turn = (ULONG)Section->SpinCount & ~CS_FLAGS;
         Turn != 0 && (Section->LockCount | CS_FREE | CS_NO_WAKE) == -1; Turn--) {
        YieldProcessor();
        if (RtlTryEnterCriticalSection(Section)) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
RtlpEnterContended(PRTL_CRITICAL_SECTION Section)
{
    LONG Woken = 0;

    for (;;) {
        PRTLP_BUCKET Bucket = RtlpLockBucket(Section);
        LONG Old, New;
        RTLP_WAITER Waiter;

        do {
            Old = Section->LockCount;
            New = Old | Woken; /* C2 */
            if ((Old & CS_FREE) != 0) {
                New &= ~CS_FREE;
            } else {
                New -= CS_WAITER; /* C1 */
            }
        } while (InterlockedCompareExchange(&Section->LockCount, New, Old) != Old);
        if ((Old & CS_FREE) != 0) {
            RtlpUnlockBucket(Bucket);
            return;
        }
        RtlpQueueWaiter(Bucket, &Waiter, Section, 0);
        RtlpUnlockBucket(Bucket);
        RtlpWaitQueued(&Waiter, NULL);
        Woken = CS_NO_WAKE;
    }
}

NTSTATUS NTAPI
RtlEnterCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    if (!RtlTryEnterCriticalSection(Section)) {
        if (LdrpShutdown && LdrpShutdownThread == NtCurrentTeb()->ClientId.UniqueThread) {
            /* The owner is gone with all other threads: what it guarded may be half done, but nobody else runs. */
            RtlpOwn(Section);
            return STATUS_SUCCESS;
        }
        if (!RtlpSpinForSection(Section)) {
            RtlpEnterContended(Section);
            RtlpOwn(Section);
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    PRTLP_BUCKET Bucket;
    PRTLP_WAITER Waiter;
    HANDLE ThreadId = NULL;
    LONG Old;

    if (--Section->RecursionCount != 0) {
        return STATUS_SUCCESS;
    }
    Section->OwningThread = NULL;
    Old = _InterlockedOr((volatile LONG *)&Section->LockCount, CS_FREE);
    if ((Old | CS_FREE | CS_NO_WAKE) == -1 || (Old & CS_NO_WAKE) == 0) {
        return STATUS_SUCCESS;
    }
    Bucket = RtlpLockBucket(Section);
    do {
        Old = Section->LockCount;
        if ((Old & CS_NO_WAKE) == 0 || (Old | CS_FREE | CS_NO_WAKE) == -1) {
            RtlpUnlockBucket(Bucket);
            return STATUS_SUCCESS;
        }
    } while (InterlockedCompareExchange(&Section->LockCount, (Old + CS_WAITER) & ~CS_NO_WAKE,
                                        Old) != Old);
    Waiter = RtlpFirstWaiter(Bucket, Section);
    if (Waiter != NULL) {
        ThreadId = RtlpReleaseWaiter(Waiter);
    }
    RtlpUnlockBucket(Bucket);
    if (ThreadId != NULL) {
        NtAlertThreadByThreadId(ThreadId);
    }
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
RtlIsCriticalSectionLocked(PRTL_CRITICAL_SECTION Section)
{
    return Section->RecursionCount != 0;
}

BOOLEAN NTAPI
RtlIsCriticalSectionLockedByThread(PRTL_CRITICAL_SECTION Section)
{
    return Section->RecursionCount != 0 &&
           Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread;
}
