/*
 * pool.c - pool allocation as documented.
 */
#include "../ntlab-test.h"

#define TAG 'tseT'
#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_USE_QUOTA        0x1ull
#define POOL_FLAG_UNINITIALIZED    0x2ull
#define POOL_FLAG_CACHE_ALIGNED    0x8ull
#define POOL_FLAG_RAISE_ON_FAILURE 0x20ull
#define POOL_FLAG_NON_PAGED        0x40ull
#define POOL_FLAG_PAGED            0x100ull
NTKERNELAPI PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
#endif

static BOOLEAN
IsZero(PVOID Memory, SIZE_T Bytes)
{
    for (SIZE_T i = 0; i < Bytes; i++) {
        if (((PUCHAR)Memory)[i] != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* "Memory allocations of less than PAGE_SIZE ... are aligned on 16-byte boundaries in 64-bit systems, and do not
   cross page boundaries." [DDI:wdm/exallocatepoolwithtag] */
static VOID
SmallBlocksAligned(VOID)
{
    static const USHORT Sizes[] = {0, 1, 8, 15, 16, 17, 100, 512, 1000, 1024, 2048, 4000, 4080};
    BOOLEAN Aligned = TRUE, Within = TRUE, Usable = TRUE;
    PVOID Block[RTL_NUMBER_OF(Sizes)];

    for (ULONG Round = 0; Round < 40; Round++) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
            POOL_TYPE Type = i & 1 ? PagedPool : NonPagedPoolNx;

            Block[i] = ExAllocatePoolWithTag(Type, Sizes[i], TAG);
            if (Block[i] == NULL) {
                Usable = FALSE;
                continue;
            }
            Aligned = Aligned && ((ULONG_PTR)Block[i] & 15) == 0;
            Within = Within && ((ULONG_PTR)Block[i] & 0xFFF) + Sizes[i] <= 0x1000;
            RtlFillMemory(Block[i], Sizes[i], (UCHAR)(i + 1));
        }
        for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
            for (ULONG n = 0; n < Sizes[i]; n++) {
                Usable = Usable && ((PUCHAR)Block[i])[n] == i + 1;
            }
            ExFreePoolWithTag(Block[i], TAG);
        }
    }
    EXPECT(Aligned);
    EXPECT(Within);
    EXPECT(Usable); /* blocks do not overlap */
}

/* "If NumberOfBytes is PAGE_SIZE or greater, a page-aligned buffer is allocated." [DDI:wdm/exallocatepoolwithtag] */
static VOID
LargeBlocksPageAligned(VOID)
{
    static const ULONG Sizes[] = {0x1000, 0x1001, 0x5000, 0x41000, 0x200000, 0x3000000};
    BOOLEAN Aligned = TRUE;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
        PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, Sizes[i], TAG);

        EXPECT(Block != NULL);
        if (Block != NULL) {
            Aligned = Aligned && ((ULONG_PTR)Block & 0xFFF) == 0;
            Block[0] = Block[Sizes[i] - 1] = 1;
            ExFreePoolWithTag(Block, TAG);
        }
    }
    EXPECT(Aligned);
}

/* POOL_TYPE: NonPagedPoolCacheAligned "aligned on processor data cache boundaries" [DDI:wdm/_pool_type] */
static VOID
CacheAligned(VOID)
{
    static const USHORT Sizes[] = {1, 40, 64, 100, 1000, 4000, 4096};
    BOOLEAN Aligned = TRUE;
    PVOID Block[RTL_NUMBER_OF(Sizes)];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
        Block[i] = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, Sizes[i], TAG);
        Aligned = Aligned && Block[i] != NULL && ((ULONG_PTR)Block[i] & 63) == 0;
        RtlFillMemory(Block[i], Sizes[i], 7);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
        ExFreePoolWithTag(Block[i], TAG);
    }
    EXPECT(Aligned);
}

/* "the memory is zero initialized unless POOL_FLAG_UNINITIALIZED is specified" [DDI:wdm/exallocatepool2] */
static VOID
Pool2Zeroes(VOID)
{
    PVOID Block;
    BOOLEAN Zero = TRUE;

    for (ULONG i = 0; i < 100; i++) {
        SIZE_T Bytes = 1 + i * 97;

        Block = ExAllocatePool2(i & 1 ? POOL_FLAG_NON_PAGED : POOL_FLAG_PAGED, Bytes, TAG);
        Zero = Zero && Block != NULL && IsZero(Block, Bytes);
        RtlFillMemory(Block, Bytes, 0xFF);
        ExFreePoolWithTag(Block, TAG);
    }
    EXPECT(Zero);
    Block = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, 64, TAG);
    EXPECT(Block != NULL);
    ExFreePool(Block);
}

/* "return NULL by default ... Tag is set to 0 or invalid POOL_FLAGS are specified. If POOL_FLAG_RAISE_ON_FAILURE is
   specified, the function raises an exception." [DDI:wdm/exallocatepool2] */
static VOID
Pool2Refuses(VOID)
{
    EXPECT(ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, 0) == NULL);
    EXPECT(ExAllocatePool2(0, 64, TAG) == NULL);
    EXPECT(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 64, TAG) == NULL);
    EXPECT_RAISES(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 64, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_RAISES(
        ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 1ull << 46, TAG),
        STATUS_INSUFFICIENT_RESOURCES);
}

/* "returns NULL if there is insufficient memory"; POOL_RAISE_IF_ALLOCATION_FAILURE "causes an exception to be
   raised" [DDI:wdm/exallocatepoolwithtag] */
static VOID
TooMuch(VOID)
{
    EXPECT(ExAllocatePoolWithTag(NonPagedPoolNx, 1ull << 46, TAG) == NULL);
    EXPECT_RAISES(
        ExAllocatePoolWithTag(NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE, 1ull << 46, TAG),
        STATUS_INSUFFICIENT_RESOURCES);
    /* "raises ... unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE" [DDI:wdm/exallocatepoolwithquotatag] */
    EXPECT_RAISES(ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 1ull << 46, TAG),
                  STATUS_INSUFFICIENT_RESOURCES);
    EXPECT(ExAllocatePoolWithQuotaTag(NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, 1ull << 46,
                                      TAG) == NULL);
}

static VOID
QuotaBlocks(VOID)
{
    PVOID Block = ExAllocatePoolWithQuotaTag(PagedPool, 100, TAG);

    EXPECT(Block != NULL);
    RtlFillMemory(Block, 100, 0xCC);
    ExFreePoolWithTag(Block, TAG);
    Block = ExAllocatePoolWithQuotaTag(PagedPool, 10000, TAG);
    EXPECT(Block != NULL);
    ExFreePoolWithTag(Block, TAG);
    Block = ExAllocatePoolWithTagPriority(NonPagedPoolNx, 10, TAG, NormalPoolPriority);
    EXPECT(Block != NULL);
    ExFreePool(Block);
}

/* Nonpaged pool may be used at DISPATCH_LEVEL [DDI:wdm/exallocatepoolwithtag] */
static VOID
AtDispatchLevel(VOID)
{
    KIRQL OldIrql;
    PVOID Block;

    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
    KeLowerIrql(OldIrql);
    EXPECT(Block != NULL);
}

static KEVENT Given;
static PVOID Shared[64];

static VOID NTAPI
Freer(PVOID Context)
{
    KeWaitForSingleObject(&Given, Executive, KernelMode, FALSE, NULL);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Shared); i++) {
        ExFreePoolWithTag(Shared[i], TAG);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* A block may be freed by another thread than allocated it. Twenty thousand rounds must not use up memory. */
static VOID
FreedElsewhere(VOID)
{
    BOOLEAN Good = TRUE;

    for (ULONG Round = 0; Round < 20; Round++) {
        HANDLE Handle;
        PVOID Thread;

        KeInitializeEvent(&Given, NotificationEvent, FALSE);
        if (!NT_SUCCESS(
                PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Freer, NULL))) {
            Good = FALSE;
            break;
        }
        ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
        ZwClose(Handle);
        for (ULONG i = 0; i < RTL_NUMBER_OF(Shared); i++) {
            Shared[i] = ExAllocatePoolWithTag(NonPagedPoolNx, 16 + i * 40, TAG);
            Good = Good && Shared[i] != NULL;
        }
        KeSetEvent(&Given, 0, FALSE);
        KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Thread);
    }
    EXPECT(Good);
}

TEST_DRIVER(TEST(SmallBlocksAligned), TEST(LargeBlocksPageAligned), TEST(CacheAligned),
            TEST(Pool2Zeroes), TEST(Pool2Refuses), TEST(TooMuch), TEST(QuotaBlocks),
            TEST(AtDispatchLevel), TEST(FreedElsewhere))
