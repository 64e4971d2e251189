/*
 * poolflags.c - ExAllocatePool2 and ExAllocatePoolZero with every combination of flags and some sizes, against a table of what each promises.
 * [DDI:wdm/exallocatepool2] (flags, zeroed unless POOL_FLAG_UNINITIALIZED, NULL unless POOL_FLAG_RAISE_ON_FAILURE), [DDI:wdm/ne-wdm-_pool_type]
 */
#include "../ntlab-test.h"

#define TAG 'gflP'
#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_USE_QUOTA         0x1ull
#define POOL_FLAG_UNINITIALIZED     0x2ull
#define POOL_FLAG_CACHE_ALIGNED     0x8ull
#define POOL_FLAG_RAISE_ON_FAILURE  0x20ull
#define POOL_FLAG_NON_PAGED         0x40ull
#define POOL_FLAG_NON_PAGED_EXECUTE 0x80ull
#define POOL_FLAG_PAGED             0x100ull
NTKERNELAPI PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
#endif
#define CACHE_LINE 64

/* NULL, or a raise. */
static PVOID
Allocate(ULONG64 Flags, SIZE_T Bytes, ULONG Tag, NTSTATUS *Raised)
{
    PVOID Block = NULL;

    *Raised = STATUS_SUCCESS;
    __try {
        Block = ExAllocatePool2(Flags, Bytes, Tag);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        *Raised = GetExceptionCode();
    }
    return Block;
}

/* What was there before would show. */
static VOID
Dirty(ULONG64 Flags, SIZE_T Bytes)
{
    PVOID Blocks[8];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Blocks); i++) {
        Blocks[i] = ExAllocatePool2(Flags, Bytes, TAG);
        if (Blocks[i] != NULL) {
            RtlFillMemory(Blocks[i], Bytes, 0xEE);
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Blocks); i++) {
        if (Blocks[i] != NULL) {
            ExFreePoolWithTag(Blocks[i], TAG);
        }
    }
}

static VOID
EachFlag(VOID)
{
    static const ULONG64 Flag[] = {POOL_FLAG_USE_QUOTA,     POOL_FLAG_UNINITIALIZED,
                                   POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_RAISE_ON_FAILURE,
                                   POOL_FLAG_NON_PAGED,     POOL_FLAG_NON_PAGED_EXECUTE,
                                   POOL_FLAG_PAGED,         0x4000000 /* there is none */};
    static const USHORT Sizes[] = {0, 1, 16, 40, 64, 65, 200, 1000, 4000, 4096, 5000};

    for (ULONG Set = 0; Set < 1u << RTL_NUMBER_OF(Flag); Set++) {
        ULONG64 Flags = 0, Kind;
        BOOLEAN Valid;

        for (ULONG i = 0; i < RTL_NUMBER_OF(Flag); i++) {
            Flags |= (Set >> i & 1) != 0 ? Flag[i] : 0;
        }
        Kind = Flags & (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED);
        Valid = Kind != 0 && (Kind & (Kind - 1)) == 0 && (Flags & 0x4000000) == 0;
        for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
            BOOLEAN Given = Valid && Sizes[i] != 0, Clean = TRUE;
            NTSTATUS Raised;
            PUCHAR Block;

            if (Given && (Set & 1) == 0) {
                Dirty(Kind, Sizes[i]);
            }
            Block = Allocate(Flags, Sizes[i], TAG, &Raised);
            EXPECT_EQ(Block != NULL, Given);
            EXPECT_STATUS(Raised, !Given && (Flags & POOL_FLAG_RAISE_ON_FAILURE) != 0
                                      ? STATUS_INVALID_PARAMETER
                                      : STATUS_SUCCESS);
            if (Block == NULL) {
                continue;
            }
            EXPECT_EQ((ULONG_PTR)Block % (Sizes[i] >= 4096                         ? 4096
                                          : (Flags & POOL_FLAG_CACHE_ALIGNED) != 0 ? CACHE_LINE
                                                                                   : 16),
                      0);
            for (ULONG k = 0; k < Sizes[i]; k++) {
                Clean = Clean && Block[k] == 0;
            }
            EXPECT(Clean || (Flags & POOL_FLAG_UNINITIALIZED) != 0);
            ExFreePoolWithTag(Block, TAG);
        }
    }
}

static VOID
NoTag(VOID)
{
    NTSTATUS Raised;

    EXPECT_EQ(Allocate(POOL_FLAG_PAGED, 16, 0, &Raised), NULL);
    EXPECT_STATUS(Raised, STATUS_SUCCESS);
    EXPECT_EQ(Allocate(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 16, 0, &Raised), NULL);
    EXPECT_STATUS(Raised, STATUS_INVALID_PARAMETER);
}

TEST_DRIVER(TEST(EachFlag), TEST(NoTag))
