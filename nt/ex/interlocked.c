/*
 * interlocked.c - lists and counters guarded by a spin lock that the caller names.
 *
 * Each takes the lock at any IRQL, does its one thing and releases it. The spin lock matters: a driver
 * may hold it itself around accesses of its own, and mixing the interlocked routines with plain
 * KeAcquireSpinLock on one lock is documented as a deadlock when the lock is held on the same processor.
 *
 * Facts: the DDI pages of ExInterlockedInsertHeadList and its kin ("The routine can be called at any IRQL").
 */
#include "exp.h"

#ifndef KERNEL_SECURITY_CHECK_FAILURE
#define KERNEL_SECURITY_CHECK_FAILURE 0x139
#endif

#undef ExInterlockedAddUlong
#undef ExInterlockedInsertHeadList
#undef ExInterlockedInsertTailList
#undef ExInterlockedRemoveHeadList
#undef ExInterlockedPopEntryList
#undef ExInterlockedPushEntryList

static KIRQL
ExpLock(PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = KiIrql();

    KfRaiseIrql(HIGH_LEVEL);
    KeAcquireSpinLockAtDpcLevel(Lock);
    return OldIrql;
}

static VOID
ExpUnlock(PKSPIN_LOCK Lock, KIRQL OldIrql)
{
    KeReleaseSpinLockFromDpcLevel(Lock);
    KeLowerIrql(OldIrql);
}

static VOID
ExpCheckLinks(PLIST_ENTRY Entry)
{
    if (Entry->Flink->Blink != Entry || Entry->Blink->Flink != Entry) {
        KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, 3, 0, 0, 0);
    }
}

PLIST_ENTRY NTAPI
ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    PLIST_ENTRY First;

    ExpCheckLinks(ListHead);
    First = ListHead->Flink;
    ListEntry->Flink = First;
    ListEntry->Blink = ListHead;
    First->Blink = ListEntry;
    ListHead->Flink = ListEntry;
    ExpUnlock(Lock, OldIrql);
    return First == ListHead ? NULL : First;
}

PLIST_ENTRY NTAPI
ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    PLIST_ENTRY Last;

    ExpCheckLinks(ListHead);
    Last = ListHead->Blink;
    ListEntry->Flink = ListHead;
    ListEntry->Blink = Last;
    Last->Flink = ListEntry;
    ListHead->Blink = ListEntry;
    ExpUnlock(Lock, OldIrql);
    return Last == ListHead ? NULL : Last;
}

PLIST_ENTRY NTAPI
ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    PLIST_ENTRY First = ListHead->Flink;

    if (First == ListHead) {
        First = NULL;
    } else {
        ExpCheckLinks(First);
        ListHead->Flink = First->Flink;
        First->Flink->Blink = ListHead;
    }
    ExpUnlock(Lock, OldIrql);
    return First;
}

PSINGLE_LIST_ENTRY NTAPI
ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    PSINGLE_LIST_ENTRY First = ListHead->Next;

    if (First != NULL) {
        ListHead->Next = First->Next;
    }
    ExpUnlock(Lock, OldIrql);
    return First;
}

PSINGLE_LIST_ENTRY NTAPI
ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry,
                           PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    PSINGLE_LIST_ENTRY First = ListHead->Next;

    ListEntry->Next = First;
    ListHead->Next = ListEntry;
    ExpUnlock(Lock, OldIrql);
    return First;
}

LARGE_INTEGER NTAPI
ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    LARGE_INTEGER Old = *Addend;

    Addend->QuadPart = (LONGLONG)((ULONG64)Old.QuadPart + (ULONG64)Increment.QuadPart);
    ExpUnlock(Lock, OldIrql);
    return Old;
}

ULONG NTAPI
ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    KIRQL OldIrql = ExpLock(Lock);
    ULONG Old = *Addend;

    *Addend = Old + Increment;
    ExpUnlock(Lock, OldIrql);
    return Old;
}
