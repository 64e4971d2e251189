/*
 * wait.c - threads that wait on an address: the one place where user-mode locks sleep.
 *
 * 64 buckets of waiters, chosen by address. A waiter is a record on its thread's stack; whoever releases it
 * unlinks it under the bucket's lock, sets Woken and alerts the thread by its id. Alerts are sticky and may be
 * left over from an earlier wait, so a sleeper trusts only Woken.
 *
 *   W1  A record is linked exactly while Woken is 0, but for the moments under the bucket's lock.
 *   W2  The first in is the first out, for each address.
 *   W3  After Woken is set the record belongs to its thread again: its id is read before.
 *
 * Facts: WaitOnAddress, WakeByAddressSingle; phnt for the alert services (Windows 8 and later use them for
 * every user-mode lock).
 */
#include "user/ntdll/ntdllp.h"
#include "abi/lockstep.h"

PRTLP_BUCKET
RtlpLockBucket(const volatile VOID *Address)
{
    PRTLP_BUCKET Bucket =
        &RtlpBuckets[(((ULONG_PTR)Address >> 3) ^ ((ULONG_PTR)Address >> 11)) % RTLP_BUCKETS];
    ULONG Tries = 0;

    while (InterlockedExchange(&Bucket->Lock, 1) != 0) {
        /* The holder was preempted within a few instructions: let it go on, whatever its priority. */
        if (++Tries > 8) {
            LARGE_INTEGER Interval = {.QuadPart = -1};

            NtDelayExecution(FALSE, &Interval);
        } else {
            NtYieldExecution();
        }
    }
    if (Bucket->Waiters.Flink == NULL) {
        InitializeListHead(&Bucket->Waiters);
    }
    return Bucket;
}

VOID
RtlpUnlockBucket(PRTLP_BUCKET Bucket)
{
    InterlockedExchange(&Bucket->Lock, 0);
}

VOID
RtlpQueueWaiter(PRTLP_BUCKET Bucket, PRTLP_WAITER Waiter, PVOID Address, ULONG Kind)
{
    Waiter->Address = Address;
    Waiter->ThreadId = NtCurrentTeb()->ClientId.UniqueThread;
    Waiter->Woken = 0;
    Waiter->Kind = Kind;
    InsertTailList(&Bucket->Waiters, &Waiter->Links);
}

PRTLP_WAITER
RtlpFirstWaiter(PRTLP_BUCKET Bucket, PVOID Address)
{
    PLIST_ENTRY Links;

    for (Links = Bucket->Waiters.Flink; Links != &Bucket->Waiters; Links = Links->Flink) {
        PRTLP_WAITER Waiter = CONTAINING_RECORD(Links, RTLP_WAITER, Links);

        if (Waiter->Address == Address) {
            return Waiter;
        }
    }
    return NULL;
}

HANDLE
RtlpReleaseWaiter(PRTLP_WAITER Waiter)
{
    HANDLE ThreadId = Waiter->ThreadId; /* W3 */

    RemoveEntryList(&Waiter->Links);
    InterlockedExchange(&Waiter->Woken, 1);
    return ThreadId;
}

NTSTATUS
RtlpWaitQueued(PRTLP_WAITER Waiter, PLARGE_INTEGER Timeout)
{
    PRTLP_BUCKET Bucket;
    BOOLEAN Alerted = FALSE;
    NTSTATUS Status;

    /* While schedules are explored each release has its alert, which is a step: nobody goes on before it. */
    while (Waiter->Woken == 0 || (!Alerted && RtlpIsExplored())) {
        /* The kernel takes the address for reports; bit 0: it is a critical section (C4 in critical.c). */
        Status = NtWaitForAlertByThreadId(
            (PVOID)((ULONG_PTR)Waiter->Address | (Waiter->Kind == RTLP_FOR_SECTION)), Timeout);
        if (Status == STATUS_TIMEOUT) {
            if (RtlpIsExplored()) {
                RtlpLockStep(Waiter->Address, ABI_POINT_LOCK | ABI_LOCK_QUEUE);
            }
            Bucket = RtlpLockBucket(Waiter->Address);
            if (Waiter->Woken == 0) {
                RemoveEntryList(&Waiter->Links);
                RtlpUnlockBucket(Bucket);
                return STATUS_TIMEOUT;
            }
            RtlpUnlockBucket(Bucket);
            Timeout = NULL; /* the alert is on its way */
        } else if (!NT_SUCCESS(Status)) {
            RtlRaiseStatus(Status);
        } else {
            Alerted = TRUE;
        }
    }
    return STATUS_SUCCESS;
}

static BOOLEAN
RtlpSameValue(const volatile VOID *Address, PVOID Compare, SIZE_T Size)
{
    switch (Size) {
    case 1:
        return *(volatile UCHAR *)Address == *(PUCHAR)Compare;
    case 2:
        return *(volatile USHORT *)Address == *(UNALIGNED PUSHORT)Compare;
    case 4:
        return *(volatile ULONG *)Address == *(UNALIGNED PULONG)Compare;
    default:
        return *(volatile ULONG64 *)Address == *(UNALIGNED PULONG64)Compare;
    }
}

NTSTATUS NTAPI
RtlWaitOnAddress(const volatile VOID *Address, PVOID Compare, SIZE_T Size, PLARGE_INTEGER Timeout)
{
    RTLP_WAITER Waiter;
    PRTLP_BUCKET Bucket;

    if (Size != 1 && Size != 2 && Size != 4 && Size != 8) {
        return STATUS_INVALID_PARAMETER;
    }
    Bucket = RtlpLockBucket(Address);
    if (!RtlpSameValue(Address, Compare, Size)) {
        RtlpUnlockBucket(Bucket);
        return STATUS_SUCCESS;
    }
    RtlpQueueWaiter(Bucket, &Waiter, (PVOID)Address, 0);
    RtlpUnlockBucket(Bucket);
    return RtlpWaitQueued(&Waiter, Timeout);
}

VOID NTAPI
RtlWakeAddressSingle(PVOID Address)
{
    PRTLP_BUCKET Bucket = RtlpLockBucket(Address);
    PRTLP_WAITER Waiter = RtlpFirstWaiter(Bucket, Address);
    HANDLE ThreadId = Waiter != NULL ? RtlpReleaseWaiter(Waiter) : NULL;

    RtlpUnlockBucket(Bucket);
    if (ThreadId != NULL) {
        NtAlertThreadByThreadId(ThreadId);
    }
}

/* How many wait on Address now: whoever wakes all wakes no more than these, though some may queue again. */
ULONG
RtlpCountWaiters(PVOID Address)
{
    PRTLP_BUCKET Bucket = RtlpLockBucket(Address);
    PLIST_ENTRY Links;
    ULONG Count = 0;

    for (Links = Bucket->Waiters.Flink; Links != &Bucket->Waiters; Links = Links->Flink) {
        if (CONTAINING_RECORD(Links, RTLP_WAITER, Links)->Address == Address) {
            Count++;
        }
    }
    RtlpUnlockBucket(Bucket);
    return Count;
}

/* Takes up to Count of those who wait on Address off their queue; they are to be alerted. */
ULONG
RtlpTakeWaiters(PVOID Address, ULONG Count, HANDLE *Threads)
{
    PRTLP_BUCKET Bucket = RtlpLockBucket(Address);
    PRTLP_WAITER Waiter;
    ULONG Taken = 0;

    while (Taken < Count && Taken < RTLP_WOKEN_AT_ONCE &&
           (Waiter = RtlpFirstWaiter(Bucket, Address)) != NULL) {
        Threads[Taken++] = RtlpReleaseWaiter(Waiter);
    }
    RtlpUnlockBucket(Bucket);
    return Taken;
}

VOID
RtlpAlert(HANDLE *Threads, ULONG Count)
{
    for (ULONG Index = 0; Index < Count; Index++) {
        NtAlertThreadByThreadId(Threads[Index]);
    }
}

VOID NTAPI
RtlWakeAddressAll(PVOID Address)
{
    HANDLE Threads[RTLP_WOKEN_AT_ONCE];
    ULONG Count = RtlpCountWaiters(Address), Woken;

    for (; Count != 0; Count -= Woken) {
        Woken = RtlpTakeWaiters(Address, Count, Threads);
        RtlpAlert(Threads, Woken);
        if (Woken == 0) {
            return;
        }
    }
}
