/*
 * broadcast.c - code on every processor: KeGenericCallDpc with its barrier, KeIpiGenericCall.
 * KeGenericCallDpc returns when all routines have signaled; KeSignalCallDpcSynchronize lets none of them on
 * before all have come, and answers TRUE to exactly one.
 */
#include "../ntlab-test.h"

typedef VOID NTAPI GENERIC_DPC(PKDEFERRED_ROUTINE Routine, PVOID Context);
NTKERNELAPI GENERIC_DPC KeGenericCallDpc;
NTKERNELAPI VOID NTAPI KeSignalCallDpcDone(PVOID SystemArgument1);
NTKERNELAPI LOGICAL NTAPI KeSignalCallDpcSynchronize(PVOID SystemArgument2);

extern __declspec(dllimport) ULONG InitSafeBootMode;
NTKERNELAPI USHORT NTAPI KeQueryHighestNodeNumber(VOID);
NTKERNELAPI USHORT NTAPI KeGetCurrentNodeNumber(VOID);

/* What the second argument points to. [DDI:wdm DEFERRED_REVERSE_BARRIER] */
typedef struct {
    ULONG Barrier; /* those who have yet to come; the highest bit changes with each round */
    ULONG TotalProcessors;
} BARRIER;
static BARRIER AtStart, AfterOne, AfterTwo;

static volatile LONG Before, Between, Early, Leaders, Calls;
static LONG Processors;
static ULONG64 Seen, Called;

static VOID NTAPI
Routine(PKDPC Dpc, PVOID Context, PVOID SystemArgument1, PVOID SystemArgument2)
{
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    InterlockedOr64((LONG64 *)&Seen, 1ll << KeGetCurrentProcessorNumber());
    InterlockedCompareExchange64((LONG64 *)&AtStart, *(LONG64 *)SystemArgument2, 0);
    InterlockedIncrement(&Before);
    if (KeSignalCallDpcSynchronize(SystemArgument2)) {
        InterlockedIncrement(&Leaders);
    }
    Early += Before != Processors; /* nobody is here before everybody was there */
    InterlockedCompareExchange64((LONG64 *)&AfterOne, *(LONG64 *)SystemArgument2, 0);
    InterlockedIncrement(&Between);
    KeSignalCallDpcSynchronize(SystemArgument2);
    Early += Between != Processors;
    InterlockedCompareExchange64((LONG64 *)&AfterTwo, *(LONG64 *)SystemArgument2, 0);
    KeSignalCallDpcDone(SystemArgument1);
}

/* "at IRQL = IPI_LEVEL", on each processor itself [DDI:wdm/keipigenericcall] */
static ULONG_PTR NTAPI
Count(ULONG_PTR Argument)
{
    EXPECT_EQ(KeGetCurrentIrql(), IPI_LEVEL);
    InterlockedOr64((LONG64 *)&Called, 1ll << KeGetCurrentProcessorNumber());
    InterlockedIncrement(&Calls);
    return Argument;
}

static VOID
CallAt(KIRQL Irql)
{
    KIRQL OldIrql;
    ULONG Processor;

    KeRaiseIrql(Irql, &OldIrql);
    Processor = KeGetCurrentProcessorNumber();
    Calls = 0;
    Called = 0;
    EXPECT_EQ(KeIpiGenericCall(Count, 5), 5); /* what the caller's own processor returned */
    EXPECT_EQ(Calls, Processors);
    EXPECT_EQ(Called, (1ull << Processors) - 1);
    EXPECT_EQ(KeGetCurrentIrql(), Irql);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), Processor);
    KeLowerIrql(OldIrql);
}

static VOID
EveryProcessor(VOID)
{
    Processors = (LONG)KeQueryActiveProcessorCount(NULL);
    KeGenericCallDpc(Routine, NULL);
    EXPECT_EQ(Before, Processors);
    EXPECT_EQ(Between, Processors);
    EXPECT_EQ(Early, 0);
    EXPECT_EQ(Leaders, 1);
    EXPECT(AtStart.Barrier == (ULONG)Processors && AtStart.TotalProcessors == (ULONG)Processors);
    EXPECT(AfterOne.Barrier == (0x80000000 | Processors) && AfterTwo.Barrier == (ULONG)Processors);
    EXPECT(AfterTwo.TotalProcessors == (ULONG)Processors);
    EXPECT_EQ(Seen, (1ull << Processors) - 1);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CallAt(PASSIVE_LEVEL);
    CallAt(DISPATCH_LEVEL);
    EXPECT(KeGetCurrentNodeNumber() <= KeQueryHighestNodeNumber());
    EXPECT_EQ(InitSafeBootMode, 0);
}

TEST_DRIVER(TEST(EveryProcessor))
