/*
 * sections.c - pageable sections of an image: locked and unlocked at random, by address and by handle, and used at each IRQL, against a count of their locks.
 *
 * Each step is a routine of its own, for a rule is told once for each place. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Making Drivers Pageable", MmLockPagableDataSection, MmLockPagableSectionByHandle, MmUnlockPagableImageSection; docs/rules: PagedMemory]
 */
#include <ntifs.h>
#include "numbered.h"

#define SEED 99
#include "../draw.h"

#define STEPS    200
#define SECTIONS 3

#undef KfRaiseIrql
NTSYSAPI KIRQL NTAPI KfRaiseIrql(KIRQL);

static volatile ULONG One __attribute__((section("PAGEone"))) = 1;
static volatile ULONG Two __attribute__((section("PAGEtwo"))) = 2;
static volatile ULONG Three __attribute__((section("PAGEthr"))) = 3;
static volatile ULONG *const Words[SECTIONS] = {&One, &Two, &Three};
static PVOID Handles[SECTIONS];
static LONG Locks[SECTIONS];
static KSPIN_LOCK Lock;
static volatile ULONG Sink;

enum {
    LOCKS,
    LOCKS_BY_HANDLE,
    UNLOCKS,
    UNLOCKS_TOO,
    READS,
    WRITES,
    READS_AT_APC,
    READS_RAISED,
    READS_BY_EXPORT,
    UNLOCKS_BETWEEN, /* one section is in, another one is unlocked, and the first is used */
    READS_PASSIVE,
    KINDS
};

static struct {
    UCHAR Kind, Section;
} Step[STEPS];

static inline __attribute__((always_inline)) VOID
Do(ULONG Number)
{
    ULONG Section = Step[Number].Section;
    KIRQL Irql;

    switch (Step[Number].Kind) {
    case LOCKS:
        Handles[Section] = MmLockPagableDataSection((PVOID)Words[Section]);
        Locks[Section]++;
        break;
    case LOCKS_BY_HANDLE:
        if (Handles[Section] != NULL) {
            MmLockPagableSectionByHandle(Handles[Section]);
            Locks[Section]++;
        }
        break;
    case UNLOCKS:
    case UNLOCKS_TOO:
        if (Locks[Section] > 0) {
            MmUnlockPagableImageSection(Handles[Section]);
            Locks[Section]--;
        }
        break;
    case READS:
        KeAcquireSpinLock(&Lock, &Irql);
        Sink = *Words[Section];
        KeReleaseSpinLock(&Lock, Irql);
        break;
    case WRITES:
        KeAcquireSpinLock(&Lock, &Irql);
        *Words[Section] = Number;
        KeReleaseSpinLock(&Lock, Irql);
        break;
    case READS_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        Sink = *Words[Section];
        KeLowerIrql(Irql);
        break;
    case READS_BY_EXPORT:
        Sink = *Words[Section];
        Irql = KfRaiseIrql(DISPATCH_LEVEL);
        Sink = *Words[Section];
        KeLowerIrql(Irql);
        break;
    case UNLOCKS_BETWEEN:
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        KeLowerIrql(Irql);
        Sink = *Words[Section];
        if (Locks[(Section + 1) % SECTIONS] > 0) {
            MmUnlockPagableImageSection(Handles[(Section + 1) % SECTIONS]);
            Locks[(Section + 1) % SECTIONS]--;
        }
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        Sink = *Words[Section];
        KeLowerIrql(Irql);
        break;
    case READS_AT_APC:
        KeRaiseIrql(APC_LEVEL, &Irql);
        Sink = *Words[Section];
        KeLowerIrql(Irql);
        break;
    default:
        Sink = *Words[Section];
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID S##n(VOID)                                               \
    {                                                                                              \
        Do(1##n - 1000);                                                                           \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }
#define NAME(n)    {"S" #n, S##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TENS(TEN, 1)
static const struct {
    const char *Name;
    VOID (*Routine)(VOID);
} Routines[STEPS] = {TENS(NAMES, 0) TENS(NAMES, 1)};

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    for (ULONG i = 0; i < SECTIONS; i++) {
        while (Locks[i]-- > 0) {
            MmUnlockPagableImageSection(Handles[i]);
        }
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->DriverUnload = Unload;
    KeInitializeSpinLock(&Lock);
    for (ULONG i = 0; i < STEPS; i++) {
        ULONG Kind = Any(KINDS), Section = Any(SECTIONS);

        Step[i].Kind = (UCHAR)Kind;
        Step[i].Section = (UCHAR)Section;
        if ((Kind == READS || Kind == WRITES || Kind == READS_RAISED || Kind == READS_BY_EXPORT ||
             Kind == UNLOCKS_BETWEEN) &&
            Locks[Section] == 0) {
            DbgPrint("judged: %s PagedMemory\n", Routines[i].Name);
        }
        Routines[i].Routine();
    }
    DbgPrint("judged %u of %u\n", STEPS, STEPS);
    return STATUS_SUCCESS;
}
