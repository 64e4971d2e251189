/*
 * apcs.c - kernel APCs that come where a thread makes no step. PROGRAM selects one; the counts are by hand, and by brute.c.
 *
 * A system thread begins in a critical region (S is the step that enters it) and ends with steps of its own: what it has left is run down in a region,
 * which it leaves again, and of three steps after that an APC comes too late. So to one that does nothing a normal APC comes before S, before that region,
 * in it, or too late in one of three places: 6.
 *
 *     EXITS   that
 *     DELAYS  a thread leaves its first region, sleeps and enters one: before S, before it enters it (if it has slept by then or not is the same), 5 as
 *             above: 7
 *     RAISES  one leaves its first region, holds two spin locks in a row and enters a region: before each of these, S, and 5: 9
 *     BEHIND  two are queued to one that leaves its first region, waits until both are, and ends in a region: one comes before S or before it waits. If the
 *             first one does before S, the second one is queued before that, or behind it, and comes before S or before the wait: 3; else 2
 *     ENTERS  one leaves its first region, sets an event, enters a region as it acquires what comes with one (N = 1 a resource, 2 a fast mutex), or takes a
 *             spin lock (3), looks at the event there, gives it back and enters a region: before S, it sets, each of the two, and 5: 9
 */
#include "program.h"

#define EXITS  1
#define DELAYS 2
#define RAISES 3
#define BEHIND 4
#define ENTERS 5

VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, ULONG Environment, PVOID KernelRoutine,
                           PVOID RundownRoutine, PVOID NormalRoutine, KPROCESSOR_MODE Mode,
                           PVOID Context);
BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID A1, PVOID A2, KPRIORITY Increment);

VOID FASTCALL ExEnterCriticalRegionAndAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex);
VOID FASTCALL ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(PFAST_MUTEX FastMutex);

static KAPC Apc[2];
static ERESOURCE Resource __attribute__((unused));
static FAST_MUTEX Mutex __attribute__((unused));
static KEVENT Event[2];
static KSPIN_LOCK Lock[2] __attribute__((unused));

static VOID NTAPI
KernelRoutine(PKAPC Which, PVOID *Normal, PVOID *Context, PVOID *A1, PVOID *A2)
{
}

static VOID NTAPI
NormalRoutine(PVOID Context, PVOID A1, PVOID A2)
{
#if PROGRAM == BEHIND
    KeReadStateEvent(&Event[1]);
#endif
}

#if PROGRAM == ENTERS
static VOID
LookWithin(VOID)
{
#if N == 1
    ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource);
    KeReadStateEvent(&Event[1]);
    ExReleaseResourceAndLeaveCriticalRegion(&Resource);
#elif N == 2
    ExEnterCriticalRegionAndAcquireFastMutexUnsafe(&Mutex);
    KeReadStateEvent(&Event[1]);
    ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(&Mutex);
#else
    KIRQL Irql;

    KeAcquireSpinLock(&Lock[0], &Irql);
    KeReadStateEvent(&Event[1]);
    KeReleaseSpinLock(&Lock[0], Irql);
#endif
}
#endif

static VOID NTAPI
Thread(PVOID Context)
{
#if PROGRAM == DELAYS
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    KeLeaveCriticalRegion();
    KeDelayExecutionThread(KernelMode, FALSE, &Soon);
    KeEnterCriticalRegion();
#elif PROGRAM == RAISES
    KIRQL Irql;

    KeLeaveCriticalRegion();
    for (ULONG Index = 0; Index < 2; Index++) {
        KeAcquireSpinLock(&Lock[Index], &Irql);
        KeReleaseSpinLock(&Lock[Index], Irql);
    }
    KeEnterCriticalRegion();
#elif PROGRAM == ENTERS
    KeLeaveCriticalRegion();
    KeSetEvent(&Event[1], 0, FALSE);
    LookWithin();
    KeEnterCriticalRegion();
#elif PROGRAM == BEHIND
    KeLeaveCriticalRegion();
    KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
    KeEnterCriticalRegion();
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    PKTHREAD Target;

    KeInitializeEvent(&Event[0], NotificationEvent, FALSE);
    KeInitializeEvent(&Event[1], NotificationEvent, FALSE);
#if PROGRAM == ENTERS
    ExInitializeResourceLite(&Resource);
    ExInitializeFastMutex(&Mutex);
#endif
    Start(Thread, 0);
    ObReferenceObjectByHandle(ThreadHandle[0], THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                              (PVOID *)&Target, NULL);
    for (ULONG Index = 0; Index < (PROGRAM == BEHIND ? 2 : 1); Index++) {
        KeInitializeApc(&Apc[Index], Target, 0, KernelRoutine, NULL, NormalRoutine, KernelMode,
                        NULL);
        KeInsertQueueApc(&Apc[Index], NULL, NULL, 0);
    }
    KeSetEvent(&Event[0], 0, FALSE);
    ObDereferenceObject(Target);
#if PROGRAM == ENTERS
    Join();
    ExDeleteResourceLite(&Resource);
#endif
}
