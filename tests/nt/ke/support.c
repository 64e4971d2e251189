/*
 * support.c - what a driver asks of its processor: floating point, caches, the enabled features, how long its DPCs may take.
 * [DDI:wdm/kesavefloatingpointstate], [DDI:wdm/keinvalidateallcaches], [DDI:wdm/keflushwritebuffer],
 * [DDI:wdm/rtlgetenabledextendedfeatures], [DDI:wdm/kequerydpcwatchdoginformation], [DDI:wdm/keshouldyieldprocessor],
 * [DDI:wdm/exdisableresourceboostlite], [DDI:wdm/exsizeofrundownprotectioncacheaware]
 */
#include "../ntlab-test.h"

#undef KeSaveFloatingPointState
#undef KeRestoreFloatingPointState
NTKERNELAPI NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE);
NTKERNELAPI NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE);
#undef KeFlushWriteBuffer
NTKERNELAPI VOID NTAPI KeFlushWriteBuffer(VOID);
NTKERNELAPI BOOLEAN NTAPI KeInvalidateAllCaches(VOID);
NTKERNELAPI ULONG NTAPI KeShouldYieldProcessor(VOID);
NTKERNELAPI SIZE_T NTAPI ExSizeOfRundownProtectionCacheAware(VOID);
NTKERNELAPI VOID NTAPI ExInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE, SIZE_T);
NTKERNELAPI BOOLEAN NTAPI ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE);
NTKERNELAPI VOID NTAPI ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE);
NTKERNELAPI VOID NTAPI ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE);

static volatile double Value = 3.5;

static VOID
Processor(VOID)
{
    KFLOATING_SAVE Save;
    double Before = Value;

    EXPECT_STATUS(KeSaveFloatingPointState(&Save), STATUS_SUCCESS);
    Value = Value * 2 + 1;
    EXPECT_STATUS(KeRestoreFloatingPointState(&Save), STATUS_SUCCESS);
    EXPECT(Value == Before * 2 + 1);
    EXPECT(KeInvalidateAllCaches());
    KeFlushWriteBuffer();
    /* x87 and SSE are always there; what is not asked for is not told. */
    EXPECT_EQ(RtlGetEnabledExtendedFeatures(~0ull) & 3, 3);
    EXPECT_EQ(RtlGetEnabledExtendedFeatures(1), 1);
    EXPECT_EQ(RtlGetEnabledExtendedFeatures(0), 0);
}

/* "This routine can only be called at IRQL >= DISPATCH_LEVEL"; a limit of 0 is none, and what is left is not more than it. */
static VOID
Watchdog(VOID)
{
    KDPC_WATCHDOG_INFORMATION Information;
    KIRQL OldIrql;

    EXPECT_STATUS(KeQueryDpcWatchdogInformation(&Information), STATUS_UNSUCCESSFUL);
    RtlFillMemory(&Information, sizeof(Information), 0xEE);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    EXPECT_STATUS(KeQueryDpcWatchdogInformation(&Information), STATUS_SUCCESS);
    EXPECT_EQ(KeShouldYieldProcessor(), 0);
    KeLowerIrql(OldIrql);
    EXPECT(Information.DpcTimeLimit == 0 || Information.DpcTimeCount <= Information.DpcTimeLimit);
    EXPECT(Information.DpcWatchdogLimit == 0 ||
           Information.DpcWatchdogCount <= Information.DpcWatchdogLimit);
}

/* As many bytes as it says are enough for one of the caller's own. */
static VOID
OwnRundown(VOID)
{
    SIZE_T Size = ExSizeOfRundownProtectionCacheAware();
    PEX_RUNDOWN_REF_CACHE_AWARE Reference = ExAllocatePoolWithTag(NonPagedPoolNx, Size, 'nuR');

    EXPECT(Size >= sizeof(EX_RUNDOWN_REF));
    ExInitializeRundownProtectionCacheAware(Reference, Size);
    EXPECT(ExAcquireRundownProtectionCacheAware(Reference));
    ExReleaseRundownProtectionCacheAware(Reference);
    ExWaitForRundownProtectionReleaseCacheAware(Reference);
    EXPECT(!ExAcquireRundownProtectionCacheAware(Reference));
    ExFreePoolWithTag(Reference, 'nuR');
}

static VOID
NoBoost(VOID)
{
    static ERESOURCE Resource;

    ExInitializeResourceLite(&Resource);
    ExDisableResourceBoostLite(&Resource);
    KeEnterCriticalRegion();
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    EXPECT(ExIsResourceAcquiredExclusiveLite(&Resource));
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&Resource);
}

TEST_DRIVER(TEST(Processor), TEST(Watchdog), TEST(OwnRundown), TEST(NoBoost))
