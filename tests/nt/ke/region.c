/*
 * region.c - critical and guarded regions, queues, attaching, processors, time.
 * [DDI:wdm/keentercriticalregion], [DDI:wdm/keenterguardedregion], [DDI:wdm/keareapcsdisabled], [DDI:ntifs/keinsertqueue]
 */
#include "../ntlab-test.h"

static KQUEUE Queue;
static LIST_ENTRY Entries[3];
static LARGE_INTEGER Poll;

static VOID
CriticalRegionNests(VOID)
{
    EXPECT(!KeAreApcsDisabled());
    KeEnterCriticalRegion();
    EXPECT(KeAreApcsDisabled()); /* TRUE in a critical or guarded region */
    EXPECT(!KeAreAllApcsDisabled());
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    EXPECT(KeAreApcsDisabled());
    KeLeaveCriticalRegion();
    EXPECT(!KeAreApcsDisabled());
}

static VOID
GuardedRegion(VOID)
{
    KeEnterGuardedRegion();
    EXPECT(KeAreApcsDisabled());
    EXPECT(KeAreAllApcsDisabled()); /* TRUE in a guarded region or at IRQL >= APC_LEVEL */
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeLeaveGuardedRegion();
    EXPECT(!KeAreAllApcsDisabled());
}

static VOID
ApcLevelDisablesAll(VOID)
{
    KIRQL Old;

    KeRaiseIrql(APC_LEVEL, &Old);
    EXPECT(KeAreAllApcsDisabled());
    KeLowerIrql(Old);
}

static VOID
QueueIsFifo(VOID)
{
    KeInitializeQueue(&Queue, 0);
    EXPECT_EQ(KeInsertQueue(&Queue, &Entries[0]), 0); /* the previous signal state */
    EXPECT_EQ(KeInsertQueue(&Queue, &Entries[1]), 1);
    EXPECT_EQ(KeInsertHeadQueue(&Queue, &Entries[2]), 2);
    EXPECT_EQ(KeReadStateQueue(&Queue), 3);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, NULL), &Entries[2]);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, NULL), &Entries[0]);
    EXPECT_EQ(KeRemoveQueue(&Queue, KernelMode, NULL), &Entries[1]);
    EXPECT_EQ((LONG_PTR)KeRemoveQueue(&Queue, KernelMode, &Poll), STATUS_TIMEOUT);
    EXPECT_EQ(KeRundownQueue(&Queue), NULL);
}

static VOID
SystemContext(VOID)
{
    KAPC_STATE State;
    PEPROCESS Before = PsGetCurrentProcess();

    EXPECT_EQ(Before, PsInitialSystemProcess); /* DriverEntry runs in the system process */
    EXPECT_EQ(PsGetCurrentProcessId(), 4);
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
    EXPECT_EQ(PsGetCurrentProcess(), PsInitialSystemProcess);
    KeUnstackDetachProcess(&State);
    EXPECT_EQ(PsGetCurrentProcess(), Before);
}

static VOID
Processors(VOID)
{
    KAFFINITY Active;
    ULONG Count = KeQueryActiveProcessorCount(&Active);

    EXPECT(Count >= 1);
    EXPECT(KeGetCurrentProcessorNumberEx(NULL) < Count);
    KeSetSystemAffinityThreadEx(1);
    EXPECT_EQ(KeGetCurrentProcessorNumberEx(NULL),
              0); /* the thread runs on a processor of its affinity now */
    if (Count > 1) {
        KeSetSystemAffinityThreadEx(2);
        EXPECT_EQ(KeGetCurrentProcessorNumberEx(NULL), 1);
    }
    KeRevertToUserAffinityThread();
    EXPECT((Active & 1) != 0);
}

static VOID
TimeMoves(VOID)
{
    LARGE_INTEGER First, Second, Frequency;

    First = KeQueryPerformanceCounter(&Frequency);
    EXPECT(Frequency.QuadPart > 0);
    KeStallExecutionProcessor(50);
    Second = KeQueryPerformanceCounter(NULL);
    EXPECT((Second.QuadPart - First.QuadPart) * 1000000 / Frequency.QuadPart >= 50);
    EXPECT(KeQueryTimeIncrement() > 0);
}

TEST_DRIVER(TEST(CriticalRegionNests), TEST(GuardedRegion), TEST(ApcLevelDisablesAll),
            TEST(QueueIsFifo), TEST(SystemContext), TEST(Processors), TEST(TimeMoves))
