/*
 * pages.c - pageable memory at each IRQL: every way to raise it, against a model of when a page may be out.
 *
 * A block of paged pool, or a variable of a pageable section, is used before, inside or behind what raises the IRQL; the section may be locked.
 * Wrong is what is used at DISPATCH_LEVEL or above, unless it is locked. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Which Windows Kernel-Mode Driver Routines Can Be Pageable", "Managing Hardware Priorities", MmLockPagableDataSection; docs/rules/PagedMemory]
 */
#include <ntifs.h>
#include "numbered.h"

typedef LONG EX_SPIN_LOCK;
NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockExclusive(EX_SPIN_LOCK *SpinLock);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockExclusive(EX_SPIN_LOCK *SpinLock, KIRQL OldIrql);
NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockShared(EX_SPIN_LOCK *SpinLock);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockShared(EX_SPIN_LOCK *SpinLock, KIRQL OldIrql);

enum {
    RAISES_TO_APC,
    RAISES,
    RAISES_TO_DPC,
    SPINS,
    SPINS_QUEUED,
    SPINS_EXCLUSIVE,
    SPINS_SHARED,
    CANCEL_LOCK,
    FAST_MUTEX_HELD,
    IN_DPC,
    RAISES_HIGH,
    WAYS
};
enum { POOL_READ, POOL_WRITE, SECTION_READ, SECTION_WRITE, LOCKED_READ, LOCKED_WRITE, WHATS };
enum { INSIDE, BEHIND, WHENS };

#define CASES (WAYS * WHATS * WHENS)

__attribute__((section("PAGEVARS"))) static volatile ULONG Variable = 1;
static volatile ULONG *Block;
static volatile ULONG Sink;
static KSPIN_LOCK Lock;
static EX_SPIN_LOCK ExLock;
static FAST_MUTEX Mutex;
static KDPC Dpc;

static inline __attribute__((always_inline)) VOID
Use(ULONG What)
{
    switch (What) {
    case POOL_READ:
        Sink = *Block;
        break;
    case POOL_WRITE:
        *Block = 2;
        break;
    case SECTION_READ:
    case LOCKED_READ:
        Sink = Variable;
        break;
    default:
        Variable = 2;
    }
}

static inline __attribute__((always_inline)) VOID
Go(ULONG Number)
{
    ULONG Way = Number % WAYS, What = Number / WAYS % WHATS;
    BOOLEAN Inside = Number / (WAYS * WHATS) == INSIDE;
    KLOCK_QUEUE_HANDLE Queue;
    KIRQL Irql;

#define HERE(Begin, End)                                                                           \
    do {                                                                                           \
        Begin;                                                                                     \
        if (Inside) {                                                                              \
            Use(What);                                                                             \
        }                                                                                          \
        End;                                                                                       \
    } while (0)
    switch (Way) {
    case RAISES_TO_APC:
        HERE(KeRaiseIrql(APC_LEVEL, &Irql), KeLowerIrql(Irql));
        break;
    case RAISES:
        HERE(KeRaiseIrql(DISPATCH_LEVEL, &Irql), KeLowerIrql(Irql));
        break;
    case RAISES_HIGH:
        HERE(KeRaiseIrql(HIGH_LEVEL, &Irql), KeLowerIrql(Irql));
        break;
    case RAISES_TO_DPC:
        HERE(Irql = KeRaiseIrqlToDpcLevel(), KeLowerIrql(Irql));
        break;
    case SPINS:
        HERE(KeAcquireSpinLock(&Lock, &Irql), KeReleaseSpinLock(&Lock, Irql));
        break;
    case SPINS_QUEUED:
        HERE(KeAcquireInStackQueuedSpinLock(&Lock, &Queue), KeReleaseInStackQueuedSpinLock(&Queue));
        break;
    case SPINS_EXCLUSIVE:
        HERE(Irql = ExAcquireSpinLockExclusive(&ExLock), ExReleaseSpinLockExclusive(&ExLock, Irql));
        break;
    case SPINS_SHARED:
        HERE(Irql = ExAcquireSpinLockShared(&ExLock), ExReleaseSpinLockShared(&ExLock, Irql));
        break;
    case CANCEL_LOCK:
        HERE(IoAcquireCancelSpinLock(&Irql), IoReleaseCancelSpinLock(Irql));
        break;
    case FAST_MUTEX_HELD:
        HERE(ExAcquireFastMutex(&Mutex), ExReleaseFastMutex(&Mutex));
        break;
    default: /* this is the DPC */
        if (Inside) {
            Use(What);
        }
    }
    if (!Inside && Way != IN_DPC) {
        Use(What);
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID P##n(VOID)                                               \
    {                                                                                              \
        Go(1##n - 1000);                                                                           \
    }
#define NAME(n) {"P" #n, P##n},
#define ALL(x)  x(00) x(01) x(02) x(03) x(04) x(05) x(06) x(07) x(08) x(09) x(10) x(11) x(12) x(13)
ALL(TEN)
static const struct {
    const char *Name;
    VOID (*Routine)(VOID);
} Routines[] = {ALL(NAMES)};
C_ASSERT(RTL_NUMBER_OF(Routines) >= CASES);

static VOID
Judge(ULONG Number)
{
    ULONG Way = Number % WAYS, What = Number / WAYS % WHATS;
    BOOLEAN Inside = Number / (WAYS * WHATS) == INSIDE;

    if (Inside && Way != RAISES_TO_APC && Way != FAST_MUTEX_HELD && What != LOCKED_READ &&
        What != LOCKED_WRITE) {
        DbgPrint("judged: %s PagedMemory\n", Routines[Number].Name);
    }
}

static VOID NTAPI
Called(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Routines[(ULONG_PTR)Argument1].Routine();
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PVOID Section;

    Driver->DriverUnload = Unload;
    ExInitializeFastMutex(&Mutex);
    KeInitializeDpc(&Dpc, Called, NULL);
    Block = ExAllocatePoolWithTag(PagedPool, 64, 'gaPJ');
    for (ULONG i = 0; i < CASES; i++) {
        ULONG What = i / WAYS % WHATS;

        Section = What >= LOCKED_READ ? MmLockPagableDataSection((PVOID)&Variable) : NULL;
        Judge(i);
        *Block = 1; /* it is there before */
        Variable = 1;
        if (i % WAYS == IN_DPC) {
            KeInsertQueueDpc(&Dpc, (PVOID)(ULONG_PTR)i, NULL);
            KeFlushQueuedDpcs();
        } else {
            Routines[i].Routine();
        }
        if (Section != NULL) {
            MmUnlockPagableImageSection(Section);
        }
    }
    ExFreePoolWithTag((PVOID)Block, 'gaPJ');
    DbgPrint("judged %u of %u\n", CASES, CASES);
    return STATUS_SUCCESS;
}
