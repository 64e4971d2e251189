/*
 * measure.c - what routines of the kernel cost their caller: regions, locks, APCs, thread switches.
 *
 * A measurement runs in the requesting thread at PASSIVE_LEVEL: a loop around the calls, made as drivers make
 * them, through the import table. A kernel that lacks one of the routines raises an exception when it is called
 * (Wine does); that measurement is not Supported then.
 */
#include <ntifs.h>
#include "bench.h"

/* Undocumented, but in every kernel, and used by many drivers. */
typedef enum _KAPC_ENVIRONMENT { OriginalApcEnvironment } KAPC_ENVIRONMENT;
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                                       PKKERNEL_ROUTINE KernelRoutine, PVOID RundownRoutine,
                                       PVOID NormalRoutine, KPROCESSOR_MODE Mode, PVOID Context);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2,
                                           KPRIORITY Increment);
NTKERNELAPI VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK Lock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK Lock);
NTKERNELAPI VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK Lock);
NTKERNELAPI VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK Lock);

static FAST_MUTEX FastMutex;
static KGUARDED_MUTEX GuardedMutex;
static KMUTEX Mutex;
static ERESOURCE Resource;
static KSPIN_LOCK SpinLock;
static EX_PUSH_LOCK PushLock;
static EX_RUNDOWN_REF Rundown;
static IO_REMOVE_LOCK RemoveLock;
static KEVENT Ping, Pong;
static KSEMAPHORE Semaphore;
static KAPC Apc;
static volatile LONG Stop;

/* static VOID Name(ULONG Times): Before, then Times times Pair, then After. */
#define LOOP(Name, Before, Pair, After)                                                            \
    static VOID Name(ULONG Times)                                                                  \
    {                                                                                              \
        Before;                                                                                    \
        while (Times-- != 0) {                                                                     \
            Pair;                                                                                  \
        }                                                                                          \
        After;                                                                                     \
    }

LOOP(CriticalRegion, (VOID)0, KeEnterCriticalRegion(); KeLeaveCriticalRegion(), (VOID)0)
LOOP(GuardedRegion, (VOID)0, KeEnterGuardedRegion(); KeLeaveGuardedRegion(), (VOID)0)
LOOP(FastMutexPair, ExInitializeFastMutex(&FastMutex), ExAcquireFastMutex(&FastMutex);
     ExReleaseFastMutex(&FastMutex), (VOID)0)
LOOP(GuardedMutexPair, KeInitializeGuardedMutex(&GuardedMutex),
     KeAcquireGuardedMutex(&GuardedMutex);
     KeReleaseGuardedMutex(&GuardedMutex), (VOID)0)
LOOP(MutexPair, KeInitializeMutex(&Mutex, 0),
     KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
     KeReleaseMutex(&Mutex, FALSE), (VOID)0)
LOOP(SemaphorePair, KeInitializeSemaphore(&Semaphore, 1, 1),
     KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
     KeReleaseSemaphore(&Semaphore, 0, 1, FALSE), (VOID)0)
LOOP(EventPair, KeInitializeEvent(&Ping, SynchronizationEvent, FALSE),
     KeSetEvent(&Ping, IO_NO_INCREMENT, FALSE);
     KeWaitForSingleObject(&Ping, Executive, KernelMode, FALSE, NULL), (VOID)0)
/* Who takes a resource must be in a critical region: entered once here, it has its own line. */
LOOP(ResourceExclusive, ExInitializeResourceLite(&Resource);
     KeEnterCriticalRegion(), ExAcquireResourceExclusiveLite(&Resource, TRUE);
     ExReleaseResourceLite(&Resource), KeLeaveCriticalRegion(); ExDeleteResourceLite(&Resource))
LOOP(ResourceShared, ExInitializeResourceLite(&Resource);
     KeEnterCriticalRegion(), ExAcquireResourceSharedLite(&Resource, TRUE);
     ExReleaseResourceLite(&Resource), KeLeaveCriticalRegion(); ExDeleteResourceLite(&Resource))
LOOP(PushLockExclusive, PushLock = 0;
     KeEnterCriticalRegion(), ExfAcquirePushLockExclusive(&PushLock);
     ExfReleasePushLockExclusive(&PushLock), KeLeaveCriticalRegion())
LOOP(PushLockShared, PushLock = 0; KeEnterCriticalRegion(), ExfAcquirePushLockShared(&PushLock);
     ExfReleasePushLockShared(&PushLock), KeLeaveCriticalRegion())
LOOP(RundownPair, ExInitializeRundownProtection(&Rundown), ExAcquireRundownProtection(&Rundown);
     ExReleaseRundownProtection(&Rundown), (VOID)0)
LOOP(RemoveLockPair, IoInitializeRemoveLock(&RemoveLock, 'hcnB', 0, 0),
     (VOID)IoAcquireRemoveLock(&RemoveLock, NULL);
     IoReleaseRemoveLock(&RemoveLock, NULL), (VOID)0)

static VOID
SpinLockPair(ULONG Times)
{
    KIRQL OldIrql;

    KeInitializeSpinLock(&SpinLock);
    while (Times-- != 0) {
        KeAcquireSpinLock(&SpinLock, &OldIrql);
        KeReleaseSpinLock(&SpinLock, OldIrql);
    }
}

static VOID
QueuedSpinLockPair(ULONG Times)
{
    KLOCK_QUEUE_HANDLE Handle;

    KeInitializeSpinLock(&SpinLock);
    while (Times-- != 0) {
        KeAcquireInStackQueuedSpinLock(&SpinLock, &Handle);
        KeReleaseInStackQueuedSpinLock(&Handle);
    }
}

static VOID NTAPI
KernelRoutine(PKAPC TheApc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *Argument1,
              PVOID *Argument2)
{
    Stop = 1;
}

/* Queued to the thread itself and delivered before the call returns. */
static VOID
ApcToSelf(ULONG Times)
{
    while (Times-- != 0) {
        KeInitializeApc(&Apc, KeGetCurrentThread(), OriginalApcEnvironment, KernelRoutine, NULL,
                        NULL, KernelMode, NULL);
        Stop = 0;
        KeInsertQueueApc(&Apc, NULL, NULL, 0);
        if (!Stop) {
            ExRaiseStatus(STATUS_NOT_SUPPORTED);
        }
    }
}

static VOID NTAPI
Answerer(PVOID Context)
{
    KeSetSystemAffinityThread((KAFFINITY)(ULONG_PTR)Context);
    for (;;) {
        KeWaitForSingleObject(&Ping, Executive, KernelMode, FALSE, NULL);
        if (Stop) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        KeSetEvent(&Pong, IO_NO_INCREMENT, FALSE);
    }
}

static HANDLE
StartThread(PKSTART_ROUTINE Routine, PVOID Context)
{
    HANDLE Thread;

    Stop = 0;
    if (!NT_SUCCESS(
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context))) {
        ExRaiseStatus(STATUS_NOT_SUPPORTED);
    }
    return Thread;
}

static VOID
JoinThread(HANDLE Thread)
{
    Stop = 1;
    KeSetEvent(&Ping, IO_NO_INCREMENT, FALSE);
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
    KeRevertToUserAffinityThread();
}

/* Two threads that wake each other, each switch by a wait. */
static VOID
PingPong(ULONG Times, KAFFINITY Partner)
{
    HANDLE Thread;

    KeInitializeEvent(&Ping, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Pong, SynchronizationEvent, FALSE);
    KeSetSystemAffinityThread(1);
    Thread = StartThread(Answerer, (PVOID)Partner);
    while (Times-- != 0) {
        KeSetEvent(&Ping, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(&Pong, Executive, KernelMode, FALSE, NULL);
    }
    JoinThread(Thread);
}

static VOID
PingPongOne(ULONG Times)
{
    PingPong(Times, 1);
}

static VOID
PingPongTwo(ULONG Times)
{
    PingPong(Times, 2);
}

static const struct {
    const char *Name;
    VOID (*Routine)(ULONG Times);
} Measurements[] = {
    {"critical-region", CriticalRegion},
    {"guarded-region", GuardedRegion},
    {"fast-mutex", FastMutexPair},
    {"guarded-mutex", GuardedMutexPair},
    {"eresource-exclusive", ResourceExclusive},
    {"eresource-shared", ResourceShared},
    {"kmutex", MutexPair},
    {"ksemaphore", SemaphorePair},
    {"spin-lock", SpinLockPair},
    {"queued-spin-lock", QueuedSpinLockPair},
    {"push-lock-exclusive", PushLockExclusive},
    {"push-lock-shared", PushLockShared},
    {"rundown", RundownPair},
    {"remove-lock", RemoveLockPair},
    {"apc-to-self", ApcToSelf},
    {"event-pair", EventPair},
    {"kernel-ping-pong-1-cpu", PingPongOne},
    {"kernel-ping-pong-2-cpus", PingPongTwo},
};

NTSTATUS
BenchMeasure(const BENCH_ORDER *Order, PBENCH_RESULT Result)
{
    BENCH_ORDER What = *Order; /* one buffer for both */

    if (What.Index >= RTL_NUMBER_OF(Measurements)) {
        return STATUS_NO_MORE_ENTRIES;
    }
    RtlZeroMemory(Result, sizeof(*Result));
    RtlCopyMemory(Result->Name, Measurements[What.Index].Name,
                  strlen(Measurements[What.Index].Name));
    __try {
        Measurements[What.Index].Routine(What.Times);
        Result->Supported = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Result->Supported = 0;
    }
    return STATUS_SUCCESS;
}
