/*
 * srw.c - slim reader/writer locks and condition variables.
 *
 * An SRW lock is one pointer-sized word:
 *     bit 0   owned          bit 1   somebody is queued       bits 4..63  number of shared owners
 *
 *   S1  Bit 1 is set while the queue for this address is not empty; it changes under the bucket's lock.
 *   S2  The last owner to leave wakes the first waiter, and if that one wants to share, every waiter
 *       that wants to share. Who is woken competes again.
 *   S3  While bit 1 is set, nobody new shares the lock: a writer is not starved.
 *
 * A condition variable's word counts its sleepers, changed under the bucket's lock, so that a wake without a
 * sleeper costs nothing. Sleepers queue before the lock is released: no wake is lost.
 *
 * Facts: "Slim Reader/Writer (SRW) Locks", "Condition Variables".
 */
#include "user/ntdll/ntdllp.h"

#define SRW_OWNED  1ull
#define SRW_QUEUED 2ull
#define SRW_SHARED 16ull

/* One instruction; no lock prefix, for the reason that sections.S gives. */
static inline BOOLEAN
RtlpSwap(volatile ULONG64 *Word, ULONG64 New, ULONG64 Old)
{
    BOOLEAN Done;

    __asm__ volatile("cmpxchgq %3, %1"
                     : "=@ccz"(Done), "+m"(*Word), "+a"(Old)
                     : "r"(New)
                     : "memory");
    return Done;
}

/* The word after an acquisition of this kind, or 0 if it must wait. */
static ULONG64
RtlpSrwTake(ULONG64 Old, BOOLEAN Shared, BOOLEAN Woken)
{
    if ((Old & SRW_OWNED) == 0) {
        return Old | SRW_OWNED | (Shared ? SRW_SHARED : 0);
    }
    if (Shared && Old >= SRW_SHARED && (Woken || (Old & SRW_QUEUED) == 0)) { /* S3 */
        return Old + SRW_SHARED;
    }
    return 0;
}

static __attribute__((noinline)) VOID RtlpSrwContended(PRTL_SRWLOCK Lock, BOOLEAN Shared);

/* The lock is ours, and the turn is over: others go on while we own it, or before we do. */
static __attribute__((noinline)) VOID
RtlpSrwTurn(PRTL_SRWLOCK Lock, BOOLEAN Shared)
{
    if ((++RtlpTurns & 1) != 0) {
        YieldProcessor();
        return;
    }
    if (Shared) {
        RtlReleaseSRWLockShared(Lock);
    } else {
        RtlReleaseSRWLockExclusive(Lock);
    }
    YieldProcessor();
    RtlpSrwContended(Lock, Shared);
}

static VOID
RtlpSrwAcquire(PRTL_SRWLOCK Lock, BOOLEAN Shared)
{
    volatile ULONG64 *Word = (volatile ULONG64 *)&Lock->Ptr;
    ULONG64 Old, New;

    Old = *Word;
    New = RtlpSrwTake(Old, Shared, FALSE);
    if (New != 0 && RtlpSwap(Word, New, Old)) {
        if (RtlpTurnIsOver()) {
            RtlpSrwTurn(Lock, Shared);
        }
        return;
    }
    RtlpSrwContended(Lock, Shared);
}

static VOID
RtlpSrwContended(PRTL_SRWLOCK Lock, BOOLEAN Shared)
{
    volatile ULONG64 *Word = (volatile ULONG64 *)&Lock->Ptr;
    BOOLEAN Woken = FALSE;
    ULONG64 Old, New;

    for (;;) {
        PRTLP_BUCKET Bucket = RtlpLockBucket(Lock);
        RTLP_WAITER Waiter;

        do {
            Old = *Word;
            New = RtlpSrwTake(Old, Shared, Woken);
        } while (!RtlpSwap(Word, New != 0 ? New : Old | SRW_QUEUED, Old));
        if (New != 0) {
            RtlpUnlockBucket(Bucket);
            return;
        }
        RtlpQueueWaiter(Bucket, &Waiter, Lock, Shared);
        RtlpUnlockBucket(Bucket);
        RtlpWaitQueued(&Waiter, NULL);
        Woken = TRUE;
    }
}

static VOID
RtlpSrwWake(PRTL_SRWLOCK Lock)
{
    ULONG Kind = 0;
    ULONG First = 1;

    for (;;) {
        PRTLP_BUCKET Bucket = RtlpLockBucket(Lock);
        PRTLP_WAITER Waiter = RtlpFirstWaiter(Bucket, Lock);
        HANDLE ThreadId = NULL;

        if (Waiter != NULL && (First || (Kind == 1 && Waiter->Kind == 1))) {
            Kind = Waiter->Kind;
            First = 0;
            ThreadId = RtlpReleaseWaiter(Waiter);
            Waiter = RtlpFirstWaiter(Bucket, Lock);
        }
        if (Waiter == NULL) {
            InterlockedAnd64((volatile LONG64 *)&Lock->Ptr, ~(LONG64)SRW_QUEUED); /* S1 */
        }
        RtlpUnlockBucket(Bucket);
        if (ThreadId == NULL) {
            return;
        }
        NtAlertThreadByThreadId(ThreadId);
        if (Kind == 0) {
            return;
        }
    }
}

VOID NTAPI
RtlInitializeSRWLock(PRTL_SRWLOCK Lock)
{
    Lock->Ptr = NULL;
}

VOID NTAPI
RtlAcquireSRWLockExclusive(PRTL_SRWLOCK Lock)
{
    RtlpSrwAcquire(Lock, FALSE);
}

VOID NTAPI
RtlAcquireSRWLockShared(PRTL_SRWLOCK Lock)
{
    RtlpSrwAcquire(Lock, TRUE);
}

static BOOLEAN
RtlpSrwTry(PRTL_SRWLOCK Lock, BOOLEAN Shared)
{
    volatile ULONG64 *Word = (volatile ULONG64 *)&Lock->Ptr;
    ULONG64 Old, New;

    do {
        Old = *Word;
        New = RtlpSrwTake(Old, Shared, FALSE);
        if (New == 0) {
            return FALSE;
        }
    } while (!RtlpSwap(Word, New, Old));
    return TRUE;
}

BOOLEAN NTAPI
RtlTryAcquireSRWLockExclusive(PRTL_SRWLOCK Lock)
{
    return RtlpSrwTry(Lock, FALSE);
}

BOOLEAN NTAPI
RtlTryAcquireSRWLockShared(PRTL_SRWLOCK Lock)
{
    return RtlpSrwTry(Lock, TRUE);
}

VOID NTAPI
RtlReleaseSRWLockExclusive(PRTL_SRWLOCK Lock)
{
    BOOLEAN Owned;

    __asm__ volatile("btrq $0, %1" : "=@ccc"(Owned), "+m"(Lock->Ptr) : : "memory");
    if (!Owned) {
        RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
    }
    /* Who queues from now on finds it free; and one wake too many is none (S2). */
    if ((*(volatile ULONG64 *)&Lock->Ptr & SRW_QUEUED) != 0) {
        RtlpSrwWake(Lock);
    }
}

VOID NTAPI
RtlReleaseSRWLockShared(PRTL_SRWLOCK Lock)
{
    volatile ULONG64 *Word = (volatile ULONG64 *)&Lock->Ptr;
    ULONG64 Old, New;

    do {
        Old = *Word;
        if (Old < SRW_SHARED) {
            RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
        }
        New = Old - SRW_SHARED;
        if (New < SRW_SHARED) {
            New &= ~SRW_OWNED;
        }
    } while (!RtlpSwap(Word, New, Old));
    if (New < SRW_SHARED && (New & SRW_QUEUED) != 0) {
        RtlpSrwWake(Lock); /* S2 */
    }
}

VOID NTAPI
RtlInitializeConditionVariable(PRTL_CONDITION_VARIABLE Variable)
{
    Variable->Ptr = NULL;
}

VOID
RtlpEnqueueSleeper(PRTL_CONDITION_VARIABLE Variable, PRTLP_WAITER Waiter)
{
    PRTLP_BUCKET Bucket = RtlpLockBucket(Variable);

    InterlockedIncrement64((volatile LONG64 *)&Variable->Ptr);
    RtlpQueueWaiter(Bucket, Waiter, Variable, 0);
    RtlpUnlockBucket(Bucket);
}

NTSTATUS
RtlpSleep(PRTL_CONDITION_VARIABLE Variable, PRTLP_WAITER Waiter, PLARGE_INTEGER Timeout)
{
    NTSTATUS Status = RtlpWaitQueued(Waiter, Timeout);

    if (Status == STATUS_TIMEOUT) {
        InterlockedDecrement64((volatile LONG64 *)&Variable->Ptr);
    }
    return Status;
}

NTSTATUS NTAPI
RtlSleepConditionVariableCS(PRTL_CONDITION_VARIABLE Variable, PRTL_CRITICAL_SECTION Section,
                            PLARGE_INTEGER Timeout)
{
    RTLP_WAITER Waiter;
    NTSTATUS Status;

    RtlpEnqueueSleeper(Variable, &Waiter);
    RtlLeaveCriticalSection(Section);
    Status = RtlpSleep(Variable, &Waiter, Timeout);
    RtlEnterCriticalSection(Section);
    return Status;
}

static BOOLEAN
RtlpWakeSleeper(PRTL_CONDITION_VARIABLE Variable)
{
    PRTLP_BUCKET Bucket;
    PRTLP_WAITER Waiter;
    HANDLE ThreadId = NULL;

    if (*(PVOID volatile *)&Variable->Ptr == NULL) {
        return FALSE;
    }
    Bucket = RtlpLockBucket(Variable);
    Waiter = RtlpFirstWaiter(Bucket, Variable);
    if (Waiter != NULL) {
        InterlockedDecrement64((volatile LONG64 *)&Variable->Ptr);
        ThreadId = RtlpReleaseWaiter(Waiter);
    }
    RtlpUnlockBucket(Bucket);
    if (ThreadId == NULL) {
        return FALSE;
    }
    NtAlertThreadByThreadId(ThreadId);
    return TRUE;
}

VOID NTAPI
RtlWakeConditionVariable(PRTL_CONDITION_VARIABLE Variable)
{
    RtlpWakeSleeper(Variable);
}

/* All are taken off the queue at one moment; who queues again meanwhile is not among them. */
VOID NTAPI
RtlWakeAllConditionVariable(PRTL_CONDITION_VARIABLE Variable)
{
    HANDLE Threads[RTLP_WOKEN_AT_ONCE];
    ULONG Count = *(PVOID volatile *)&Variable->Ptr == NULL ? 0 : RtlpCountWaiters(Variable), Woken;

    for (; Count != 0; Count -= Woken) {
        Woken = RtlpTakeWaiters(Variable, Count, Threads);
        InterlockedAdd64((volatile LONG64 *)&Variable->Ptr, -(LONG64)Woken);
        RtlpAlert(Threads, Woken);
        if (Woken == 0) {
            return;
        }
    }
}
