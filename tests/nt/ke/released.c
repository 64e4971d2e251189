/*
 * released.c - a lock is released before what it kept out may run: a DPC that was queued to this processor while a spin lock was held, or an APC to this thread while it
 * had a mutex or a resource, runs as soon as the release lets it, not before, and finds the lock free.
 * [DDI:wdm/kereleasespinlock], [DDI:wdm/kereleaseinstackqueuedspinlock], [DDI:wdm/exreleasespinlockexclusive], [DDI:wdm/exreleasefastmutex],
 * [DDI:wdm/kereleasemutex], [DDI:ntddk/exreleaseresourceandleavecriticalregion], [K:disabling-apcs]
 */
#include "../ntlab-test.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
typedef VOID(NTAPI *RUNDOWN)(PKAPC);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, RUNDOWN, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockExclusive(volatile LONG *);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockExclusive(volatile LONG *, KIRQL);
NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockShared(volatile LONG *);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockShared(volatile LONG *, KIRQL);
NTKERNELAPI VOID NTAPI ExAcquireSpinLockExclusiveAtDpcLevel(volatile LONG *);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(volatile LONG *);
NTKERNELAPI VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(volatile LONG *);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(volatile LONG *);
NTKERNELAPI KIRQL FASTCALL KeAcquireSpinLockRaiseToSynch(PKSPIN_LOCK);

static KSPIN_LOCK Lock;
static volatile LONG Shared;
static KLOCK_QUEUE_HANDLE Queued;
static FAST_MUTEX Fast;
static KGUARDED_MUTEX Guarded;
static KMUTEX Mutex;
static ERESOURCE Resource;
static KIRQL OldIrql;
static KDPC Dpc;
static KAPC Apc;
static volatile LONG Runs, Free, Irql;

/* ---- spin locks, and DPCs ---- */

static VOID NTAPI
Look(PKDPC Same, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Runs++;
    Free += KeTestSpinLock(&Lock) && Shared == 0;
}

/* An acquisition, its release, and the IRQL that it is made at. */
#define SPINS(Before, Acquire, Release)                                                            \
    {                                                                                              \
        KIRQL Was;                                                                                 \
                                                                                                   \
        Runs = Free = 0;                                                                           \
        KeRaiseIrql(Before, &Was);                                                                 \
        Acquire;                                                                                   \
        KeInsertQueueDpc(&Dpc, NULL, NULL);                                                        \
        EXPECT(KeGetCurrentIrql() >= DISPATCH_LEVEL && Runs == 0);                                 \
        Release;                                                                                   \
        EXPECT(KeGetCurrentIrql() == (Before));                                                    \
        EXPECT(Runs == ((Before) < DISPATCH_LEVEL));                                               \
        KeLowerIrql(Was);                                                                          \
        EXPECT(Runs == 1 && Free == 1);                                                            \
    }
#define ALL_SPINS(Acquire, Release)                                                                \
    SPINS(PASSIVE_LEVEL, Acquire, Release)                                                         \
    SPINS(APC_LEVEL, Acquire, Release)                                                             \
    SPINS(DISPATCH_LEVEL, Acquire, Release)

static VOID
SpinLocks(VOID)
{
    KeInitializeSpinLock(&Lock);
    Shared = 0;
    KeInitializeDpc(&Dpc, Look, NULL);
    ALL_SPINS(KeAcquireSpinLock(&Lock, &OldIrql), KeReleaseSpinLock(&Lock, OldIrql))
    ALL_SPINS(OldIrql = KeAcquireSpinLockRaiseToSynch(&Lock), KeReleaseSpinLock(&Lock, OldIrql))
    ALL_SPINS(OldIrql = KeAcquireSpinLockForDpc(&Lock), KeReleaseSpinLockForDpc(&Lock, OldIrql))
    ALL_SPINS(KeAcquireInStackQueuedSpinLock(&Lock, &Queued),
              KeReleaseInStackQueuedSpinLock(&Queued))
    ALL_SPINS(KeAcquireInStackQueuedSpinLockForDpc(&Lock, &Queued),
              KeReleaseInStackQueuedSpinLockForDpc(&Queued))
    ALL_SPINS(OldIrql = ExAcquireSpinLockExclusive(&Shared),
              ExReleaseSpinLockExclusive(&Shared, OldIrql))
    ALL_SPINS(OldIrql = ExAcquireSpinLockShared(&Shared), ExReleaseSpinLockShared(&Shared, OldIrql))
}

/* The same locks without the IRQL: the DPC comes with the lowering, not with the release. */
static VOID
AtDispatchLevel(VOID)
{
    SPINS(DISPATCH_LEVEL, KeAcquireSpinLockAtDpcLevel(&Lock), KeReleaseSpinLockFromDpcLevel(&Lock))
    SPINS(DISPATCH_LEVEL, KeAcquireInStackQueuedSpinLockAtDpcLevel(&Lock, &Queued),
          KeReleaseInStackQueuedSpinLockFromDpcLevel(&Queued))
    SPINS(DISPATCH_LEVEL, ExAcquireSpinLockExclusiveAtDpcLevel(&Shared),
          ExReleaseSpinLockExclusiveFromDpcLevel(&Shared))
    SPINS(DISPATCH_LEVEL, ExAcquireSpinLockSharedAtDpcLevel(&Shared),
          ExReleaseSpinLockSharedFromDpcLevel(&Shared))
}

/* The cancel lock is tried by who else needs it: a DPC that takes it, which would spin for ever. */
static VOID NTAPI
TakeCancel(PKDPC Same, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KIRQL Before;

    IoAcquireCancelSpinLock(&Before);
    Runs++;
    Free += Before == DISPATCH_LEVEL;
    IoReleaseCancelSpinLock(Before);
}

static VOID
Cancel(VOID)
{
    KeInitializeDpc(&Dpc, TakeCancel, NULL);
    ALL_SPINS(IoAcquireCancelSpinLock(&OldIrql), IoReleaseCancelSpinLock(OldIrql))
}

/* ---- mutexes and resources, and APCs ---- */

static VOID NTAPI
Nothing(PKAPC Same, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
}

static BOOLEAN
AreFree(VOID)
{
    BOOLEAN Are = KeReadStateMutex(&Mutex) == 1 && !ExIsResourceAcquiredSharedLite(&Resource);

    if (Are && ExTryToAcquireFastMutex(&Fast)) {
        ExReleaseFastMutex(&Fast);
    } else {
        Are = FALSE;
    }
    if (Are && KeTryToAcquireGuardedMutex(&Guarded)) {
        KeReleaseGuardedMutex(&Guarded);
    } else {
        Are = FALSE;
    }
    return Are;
}

static VOID NTAPI
LookSpecial(PKAPC Same, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Runs++;
    Free += AreFree();
    Irql = KeGetCurrentIrql();
}

static VOID NTAPI
LookNormal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Runs++;
    Free += AreFree();
    Irql = KeGetCurrentIrql();
}

#define HELD(Special, Level, Acquire, Release)                                                     \
    Runs = Free = 0;                                                                               \
    KeInitializeApc(&Apc, KeGetCurrentThread(), 0, Special ? LookSpecial : Nothing, NULL,          \
                    Special ? NULL : LookNormal, KernelMode, NULL);                                \
    Acquire;                                                                                       \
    EXPECT(KeInsertQueueApc(&Apc, NULL, NULL, 0));                                                 \
    EXPECT(KeGetCurrentIrql() == (Level) && Runs == 0);                                            \
    Release;                                                                                       \
    EXPECT(KeGetCurrentIrql() == PASSIVE_LEVEL && !KeAreApcsDisabled());                           \
    EXPECT(Runs == 1 && Free == 1 && Irql == (Special ? APC_LEVEL : PASSIVE_LEVEL));

/* A guarded mutex is a region before Windows 8, and an IRQL since. */
static VOID
Mutexes(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    ExInitializeFastMutex(&Fast);
    KeInitializeGuardedMutex(&Guarded);
    ExInitializeResourceLite(&Resource);
    HELD(TRUE, APC_LEVEL, ExAcquireFastMutex(&Fast), ExReleaseFastMutex(&Fast))
    HELD(FALSE, APC_LEVEL, ExAcquireFastMutex(&Fast), ExReleaseFastMutex(&Fast))
    HELD(TRUE, APC_LEVEL, EXPECT(ExTryToAcquireFastMutex(&Fast)), ExReleaseFastMutex(&Fast))
    HELD(TRUE, KeGetCurrentIrql(), KeAcquireGuardedMutex(&Guarded), KeReleaseGuardedMutex(&Guarded))
    HELD(FALSE, KeGetCurrentIrql(), KeAcquireGuardedMutex(&Guarded),
         KeReleaseGuardedMutex(&Guarded))
    HELD(FALSE, KeGetCurrentIrql(), EXPECT(KeTryToAcquireGuardedMutex(&Guarded)),
         KeReleaseGuardedMutex(&Guarded))
    HELD(FALSE, PASSIVE_LEVEL, KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL),
         KeReleaseMutex(&Mutex, FALSE))
    HELD(FALSE, PASSIVE_LEVEL, ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource),
         ExReleaseResourceAndLeaveCriticalRegion(&Resource))
    HELD(FALSE, PASSIVE_LEVEL, ExEnterCriticalRegionAndAcquireResourceShared(&Resource),
         ExReleaseResourceAndLeaveCriticalRegion(&Resource))
    ExDeleteResourceLite(&Resource);
}

TEST_DRIVER(TEST(SpinLocks), TEST(AtDispatchLevel), TEST(Cancel), TEST(Mutexes))
