/*
 * critical.c - RTL_CRITICAL_SECTION, with the LockCount that debuggers read. sections.S has the ways on which nobody waits.
 *
 *     nt51              -1 free; each thread inside or waiting is one more
 *     from ws2003 on    bit 0        0 locked, 1 not
 *                       bit 1        0 a waiter has been woken and not come yet, 1 none has
 *                       bits 2..31   ones' complement of the number of waiters; so -1 is free
 *
 * What a thread waits for, and what then stands in LockSemaphore:
 *     SectionAlerts     win8 on         its own alert, in a queue by the section's address (wait.c)   -1
 *     SectionKeyed      vista, win7     the system's keyed event, the key is the section              unchanged
 *     SectionEvents     ws2003          an event, made when it is first needed                        its handle
 *     SectionOld        nt51            the same; the one who leaves hands the section over           its handle
 * Where an event cannot be made the keyed event takes its place, and LockSemaphore is -1.
 *
 *   C1  With alerts the number of waiters in LockCount is the length of the queue; both change under the bucket's lock.
 *   C2  A woken waiter competes with whoever comes along; it sets bit 1 again when it tries. Not with SectionOld.
 *   C3  Who has waited for long does not give up after CriticalSectionTimeout (30 days): there is no time-out, so a
 *       wait that can never end is the run's verdict at once.
 *   C4  A thread that waits says for which section, and the kernel follows the owners (nt/ex/keyed.c): by alert in bit 0 of
 *       the address that it gives to the kernel; else in its TEB, and bit 0 of the handle, which means nothing, tells so.
 *
 * Sections with debug information are in RtlCriticalSectionList; from win8 on only those that asked for it.
 * Facts: "Displaying a Critical Section" (Debugging Tools for Windows); phnt ntrtl.h; nt-semantics 9. How a dynamic spin
 * count moves is ours: up after spinning that paid, down after spinning that did not.
 */
#include "user/ntdll/ntdllp.h"

#define CS_FREE        1
#define CS_NO_WAKE     2
#define CS_WAITER      4
#define CS_FLAGS       0xFF000000u
#define CS_NO_DEBUG    0x01000000u
#define CS_DYNAMIC     0x02000000u
#define CS_FORCE_DEBUG 0x10000000u

/* C4 */
#define WAITS_FOR    (NtCurrentTeb()->ReservedForDebuggerInstrumentation[15])
#define TOLD(Handle) ((HANDLE)((ULONG_PTR)(Handle) | 1))

#define DYNAMIC_MOST  2000
#define DYNAMIC_LEAST 16
#define NO_SEMAPHORE  ((HANDLE)(LONG_PTR) - 1)

/* Before the first section of a client is initialised. */
VOID
RtlpChooseSections(VOID)
{
    /* KUSER_SHARED_DATA.NtMajorVersion, NtMinorVersion */
    ULONG Version = *(volatile ULONG *)0x7FFE026C * 100 + *(volatile ULONG *)0x7FFE0270;

    RtlpSectionKind = Version >= 602   ? SectionAlerts
                      : Version >= 600 ? SectionKeyed
                      : Version >= 502 ? SectionEvents
                                       : SectionOld;
    InitializeListHead(&RtlCriticalSectionList);
}

static VOID
RtlpGiveDebugInfo(PRTL_CRITICAL_SECTION Section, ULONG Flags)
{
    PRTL_CRITICAL_SECTION_DEBUG Debug;

    if ((Flags & CS_NO_DEBUG) != 0 ||
        (RtlpSectionKind == SectionAlerts && (Flags & CS_FORCE_DEBUG) == 0)) {
        Section->DebugInfo = (PVOID)(LONG_PTR)-1;
        return;
    }
    Section->DebugInfo = NULL;
    Debug = RtlProcessHeap() != NULL
                ? RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Debug))
                : NULL;
    if (Debug == NULL) {
        return;
    }
    Debug->CriticalSection = (PVOID)Section;
    RtlAcquireSRWLockExclusive(&RtlpSectionListLock);
    InsertTailList(&RtlCriticalSectionList, &Debug->ProcessLocksList);
    RtlReleaseSRWLockExclusive(&RtlpSectionListLock);
    Section->DebugInfo = (PVOID)Debug;
}

static PRTL_CRITICAL_SECTION_DEBUG
RtlpDebugInfo(PRTL_CRITICAL_SECTION Section)
{
    PVOID Debug = (PVOID)Section->DebugInfo;

    return Debug == (PVOID)(LONG_PTR)-1 ? NULL : Debug;
}

NTSTATUS NTAPI
RtlInitializeCriticalSectionEx(PRTL_CRITICAL_SECTION Section, ULONG SpinCount, ULONG Flags)
{
    if ((SpinCount & CS_FLAGS) != 0) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if ((Flags & ~0x1F000000u) != 0) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Section->LockCount = -1;
    Section->RecursionCount = 0;
    Section->OwningThread = NULL;
    Section->LockSemaphore = NULL;
    Section->SpinCount = (Flags & CS_DYNAMIC) ? DYNAMIC_MOST : SpinCount;
    if (NtCurrentPeb()->NumberOfProcessors <= 1) {
        Section->SpinCount = 0; /* the owner could not leave meanwhile */
    }
    Section->SpinCount |= Flags & CS_DYNAMIC;
    RtlpGiveDebugInfo(Section, Flags);
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
    return RtlInitializeCriticalSectionEx(Section, 0,
                                          RtlpSectionKind == SectionAlerts ? CS_DYNAMIC : 0);
}

ULONG NTAPI
RtlSetCriticalSectionSpinCount(PRTL_CRITICAL_SECTION Section, ULONG SpinCount)
{
    ULONG Previous = (ULONG)Section->SpinCount & ~CS_FLAGS;

    Section->SpinCount = NtCurrentPeb()->NumberOfProcessors > 1 ? SpinCount & ~CS_FLAGS : 0;
    return Previous;
}

static BOOLEAN
RtlpHasWaiters(PRTL_CRITICAL_SECTION Section)
{
    LONG Count = *(volatile LONG *)&Section->LockCount;

    return RtlpSectionKind == SectionOld ? Count >= Section->RecursionCount
                                         : (Count | CS_FREE | CS_NO_WAKE) != -1;
}

NTSTATUS NTAPI
RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    PRTL_CRITICAL_SECTION_DEBUG Debug = RtlpDebugInfo(Section);

    if (Section->OwningThread != NULL) {
        DbgPrint("ntdll: the critical section at %p is deleted while thread %p owns it\n", Section,
                 Section->OwningThread);
    }
    if (Section->LockSemaphore != NULL && Section->LockSemaphore != NO_SEMAPHORE) {
        NtClose(Section->LockSemaphore);
    }
    if (Debug != NULL) {
        RtlAcquireSRWLockExclusive(&RtlpSectionListLock);
        RemoveEntryList(&Debug->ProcessLocksList);
        RtlReleaseSRWLockExclusive(&RtlpSectionListLock);
        RtlFreeHeap(RtlProcessHeap(), 0, Debug);
    }
    if (RtlpHasWaiters(Section)) {
        static const LARGE_INTEGER Now = {.QuadPart = 0};

        WAITS_FOR = (PVOID)((ULONG_PTR)Section | 2); /* C4: a wait that nobody meets */
        NtWaitForKeyedEvent(TOLD(NULL), Section, FALSE, (PLARGE_INTEGER)&Now);
        WAITS_FOR = NULL;
    }
    RtlZeroMemory(Section, sizeof(*Section));
    return STATUS_SUCCESS;
}

static VOID
RtlpOwn(PRTL_CRITICAL_SECTION Section)
{
    Section->OwningThread = NtCurrentTeb()->ClientId.UniqueThread;
    Section->RecursionCount = 1;
}

static BOOLEAN
RtlpTake(PRTL_CRITICAL_SECTION Section)
{
    return RtlpSectionKind == SectionOld
               ? InterlockedCompareExchange(&Section->LockCount, 0, -1) == -1
               : _interlockedbittestandreset((volatile LONG *)&Section->LockCount, 0);
}

LOGICAL NTAPI
RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION Section)
{
    if (RtlpTake(Section)) {
        RtlpOwn(Section);
        return TRUE;
    }
    if (Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread) {
        if (RtlpSectionKind == SectionOld) {
            InterlockedIncrement(&Section->LockCount);
        }
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
    ULONG Flags = (ULONG)Section->SpinCount & CS_FLAGS;
    ULONG Most = (ULONG)Section->SpinCount & ~CS_FLAGS;
    BOOLEAN Ours = FALSE;

    if (Most == 0) {
        return FALSE;
    }
    for (ULONG Turn = Most; Turn != 0 && !RtlpHasWaiters(Section) && !Ours; Turn--) {
        YieldProcessor();
        Ours = RtlpTake(Section);
    }
    if (Ours) {
        RtlpOwn(Section);
    }
    if (Flags & CS_DYNAMIC) {
        ULONG Next = Ours ? Most + Most / 2 : Most / 2;

        Next = Next > DYNAMIC_MOST ? DYNAMIC_MOST : Next < DYNAMIC_LEAST ? DYNAMIC_LEAST : Next;
        Section->SpinCount = Flags | Next; /* a race loses one adjustment */
    }
    return Ours;
}

static VOID
RtlpCountContention(PRTL_CRITICAL_SECTION Section)
{
    PRTL_CRITICAL_SECTION_DEBUG Debug = RtlpDebugInfo(Section);

    if (Debug != NULL) {
        InterlockedIncrement((volatile LONG *)&Debug->EntryCount);
        InterlockedIncrement((volatile LONG *)&Debug->ContentionCount);
    }
}

/* The event, made when it is first needed; NO_SEMAPHORE where that fails. */
static HANDLE
RtlpSectionEvent(PRTL_CRITICAL_SECTION Section)
{
    HANDLE Event = *(HANDLE volatile *)&Section->LockSemaphore, Old;

    if (Event != NULL) {
        return Event;
    }
    if (!NT_SUCCESS(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE))) {
        Event = NO_SEMAPHORE;
    }
    Old = InterlockedCompareExchangePointer(&Section->LockSemaphore, Event, NULL);
    if (Old != NULL && Event != NO_SEMAPHORE) {
        NtClose(Event);
    }
    return Old != NULL ? Old : Event;
}

static VOID
RtlpWaitForSection(PRTL_CRITICAL_SECTION Section)
{
    HANDLE Event = RtlpSectionKind >= SectionEvents ? RtlpSectionEvent(Section) : NO_SEMAPHORE;
    NTSTATUS Status;

    WAITS_FOR = Section; /* C4 */
    Status = Event != NO_SEMAPHORE ? NtWaitForSingleObject(TOLD(Event), FALSE, NULL)
                                   : NtWaitForKeyedEvent(TOLD(NULL), Section, FALSE, NULL);
    WAITS_FOR = NULL;
    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
}

static VOID
RtlpWakeForSection(PRTL_CRITICAL_SECTION Section)
{
    HANDLE Event = RtlpSectionKind >= SectionEvents ? RtlpSectionEvent(Section) : NO_SEMAPHORE;
    NTSTATUS Status = Event != NO_SEMAPHORE ? NtSetEvent(Event, NULL)
                                            : NtReleaseKeyedEvent(NULL, Section, FALSE, NULL);

    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
}

/* Takes a free section, or becomes one of its waiters: then FALSE. Woken: CS_NO_WAKE after a wait (C2). */
static BOOLEAN
RtlpTakeOrQueue(PRTL_CRITICAL_SECTION Section, LONG Woken)
{
    LONG Old, New;

    do {
        Old = *(volatile LONG *)&Section->LockCount;
        New = Old | Woken;
        if ((Old & CS_FREE) != 0) {
            New &= ~CS_FREE;
        } else {
            New -= CS_WAITER;
        }
    } while (InterlockedCompareExchange(&Section->LockCount, New, Old) != Old);
    return (Old & CS_FREE) != 0;
}

static VOID
RtlpEnterContended(PRTL_CRITICAL_SECTION Section)
{
    LONG Woken = 0;

    if (RtlpSectionKind != SectionAlerts) {
        while (!RtlpTakeOrQueue(Section, Woken)) {
            RtlpWaitForSection(Section);
            Woken = CS_NO_WAKE;
        }
        return;
    }
    for (;;) {
        PRTLP_BUCKET Bucket = RtlpLockBucket(Section);
        RTLP_WAITER Waiter;

        if (RtlpTakeOrQueue(Section, Woken)) { /* C1 */
            RtlpUnlockBucket(Bucket);
            return;
        }
        *(HANDLE volatile *)&Section->LockSemaphore = NO_SEMAPHORE;
        RtlpQueueWaiter(Bucket, &Waiter, Section, RTLP_FOR_SECTION);
        RtlpUnlockBucket(Bucket);
        RtlpWaitQueued(&Waiter, NULL);
        Woken = CS_NO_WAKE;
    }
}

/* The section is ours, and the turn is over: others go on while we own it, or before we do. */
NTSTATUS NTAPI
RtlpTurnInSection(PRTL_CRITICAL_SECTION Section)
{
    if ((++RtlpTurns & 1) != 0) {
        YieldProcessor();
        return STATUS_SUCCESS;
    }
    RtlLeaveCriticalSection(Section);
    YieldProcessor();
    return RtlEnterCriticalSection(Section);
}

/* It is not free, or it is nt51. */
NTSTATUS NTAPI
RtlpEnterSection(PRTL_CRITICAL_SECTION Section)
{
    BOOLEAN Old = RtlpSectionKind == SectionOld;

    if (Old && RtlpTake(Section)) {
        RtlpOwn(Section);
        return RtlpTurnIsOver() ? RtlpTurnInSection(Section) : STATUS_SUCCESS;
    }
    if (Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread) {
        if (Old) {
            InterlockedIncrement(&Section->LockCount);
        }
        Section->RecursionCount++;
        return STATUS_SUCCESS;
    }
    if (LdrpShutdown && LdrpShutdownThread == NtCurrentTeb()->ClientId.UniqueThread) {
        /* The owner is gone with all other threads: what it guarded may be half done, but nobody else runs. */
        RtlpOwn(Section);
        return STATUS_SUCCESS;
    }
    if (RtlpSpinForSection(Section)) {
        return STATUS_SUCCESS;
    }
    RtlpCountContention(Section);
    if (!Old) {
        RtlpEnterContended(Section);
    } else if (InterlockedIncrement(&Section->LockCount) != 0) {
        RtlpWaitForSection(Section); /* whoever leaves hands it over */
    }
    RtlpOwn(Section);
    return STATUS_SUCCESS;
}

/* It is free, and Before that there were waiters, or one had been woken. */
NTSTATUS NTAPI
RtlpLeaveSection(PRTL_CRITICAL_SECTION Section, LONG Before)
{
    PRTLP_BUCKET Bucket = NULL;
    PRTLP_WAITER Waiter;
    HANDLE ThreadId = NULL;
    LONG Old;

    if ((Before | CS_FREE | CS_NO_WAKE) == -1 || (Before & CS_NO_WAKE) == 0) {
        return STATUS_SUCCESS;
    }
    if (RtlpSectionKind == SectionAlerts) {
        Bucket = RtlpLockBucket(Section);
    }
    do {
        Old = *(volatile LONG *)&Section->LockCount;
        if ((Old & CS_NO_WAKE) == 0 || (Old | CS_FREE | CS_NO_WAKE) == -1) {
            if (Bucket != NULL) {
                RtlpUnlockBucket(Bucket);
            }
            return STATUS_SUCCESS;
        }
    } while (InterlockedCompareExchange(&Section->LockCount, (Old + CS_WAITER) & ~CS_NO_WAKE,
                                        Old) != Old);
    if (Bucket == NULL) {
        RtlpWakeForSection(Section);
        return STATUS_SUCCESS;
    }
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

/* SectionOld. */
NTSTATUS NTAPI
RtlpLeaveOldSection(PRTL_CRITICAL_SECTION Section)
{
    if (--Section->RecursionCount != 0) {
        InterlockedDecrement(&Section->LockCount);
        return STATUS_SUCCESS;
    }
    Section->OwningThread = NULL;
    if (InterlockedDecrement(&Section->LockCount) >= 0) {
        RtlpWakeForSection(Section);
    }
    return STATUS_SUCCESS;
}

LOGICAL NTAPI
RtlIsCriticalSectionLocked(PRTL_CRITICAL_SECTION Section)
{
    return Section->RecursionCount != 0;
}

LOGICAL NTAPI
RtlIsCriticalSectionLockedByThread(PRTL_CRITICAL_SECTION Section)
{
    return Section->RecursionCount != 0 &&
           Section->OwningThread == NtCurrentTeb()->ClientId.UniqueThread;
}
