/*
 * lookaside.c - lookaside lists: what is refused, what the caller's routines are given, entries that are kept and used again.
 * [DDI:wdm/exinitializelookasidelistex], [DDI:wdm/nc-wdm-allocate_function_ex], [DDI:wdm/exinitializepagedlookasidelist],
 * [DDI:wdm/exflushlookasidelistex]
 */
#include "../ntlab-test.h"

#define TAG   'kooL'
#define SIZE  72
#define COUNT 300 /* more than a list keeps */

static LOOKASIDE_LIST_EX Extended;
static NPAGED_LOOKASIDE_LIST Nonpaged;
static PAGED_LOOKASIDE_LIST Paged;
static ULONG Allocated, Freed, LastType, LastTag;
static SIZE_T LastBytes;
static PVOID LastList, Blocks[COUNT];

static PVOID NTAPI
AllocateEx(POOL_TYPE Type, SIZE_T Bytes, ULONG Tag, PLOOKASIDE_LIST_EX List)
{
    Allocated++;
    LastType = (ULONG)Type;
    LastBytes = Bytes;
    LastTag = Tag;
    LastList = List;
    return ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, Tag);
}

static VOID NTAPI
FreeEx(PVOID Block, PLOOKASIDE_LIST_EX List)
{
    Freed += List == &Extended;
    ExFreePoolWithTag(Block, TAG);
}

static PVOID NTAPI
Allocate(POOL_TYPE Type, SIZE_T Bytes, ULONG Tag)
{
    return AllocateEx(Type, Bytes, Tag, NULL);
}

static VOID NTAPI
Free(PVOID Block)
{
    Freed++;
    ExFreePoolWithTag(Block, TAG);
}

static DECLSPEC_NOINLINE PVOID
Take(VOID)
{
    return ExAllocateFromLookasideListEx(&Extended);
}

static DECLSPEC_NOINLINE VOID
Give(PVOID Block)
{
    ExFreeToLookasideListEx(&Extended, Block);
}

static NTSTATUS
Initialize(POOL_TYPE Type, ULONG Flags, USHORT Depth)
{
    return ExInitializeLookasideListEx(&Extended, AllocateEx, FreeEx, Type, Flags, SIZE, TAG,
                                       Depth);
}

static VOID
Refused(VOID)
{
    const ULONG Raise = EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
                NoRaise = EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;

    EXPECT_STATUS(Initialize(NonPagedPoolNx, 0, 1), STATUS_INVALID_PARAMETER_8);
    EXPECT_STATUS(Initialize(NonPagedPoolNx, Raise | NoRaise, 0), STATUS_INVALID_PARAMETER_5);
    EXPECT_STATUS(Initialize(NonPagedPoolNx, 4, 0), STATUS_INVALID_PARAMETER_5);
    EXPECT_STATUS(Initialize((POOL_TYPE)0x10000, 0, 0), STATUS_INVALID_PARAMETER_4);
}

/* "the bitwise OR of POOL_... and the PoolType parameter value" */
static VOID
TypeIs(POOL_TYPE Type, ULONG Flags, ULONG Expected)
{
    PVOID Block;

    EXPECT_STATUS(Initialize(Type, Flags, 0), STATUS_SUCCESS);
    Allocated = Freed = 0;
    Block = Take();
    EXPECT(Block != NULL && Allocated == 1);
    EXPECT_EQ(LastType, Expected);
    EXPECT_EQ(LastBytes, SIZE);
    EXPECT_EQ(LastTag, TAG);
    EXPECT_EQ(LastList, &Extended);
    Give(Block);
    EXPECT_EQ(Freed, 0); /* kept */
    EXPECT_EQ(Take(), Block);
    EXPECT_EQ(Allocated, 1);
    Give(Block);
    ExDeleteLookasideListEx(&Extended);
    EXPECT_EQ(Freed, 1);
}

static VOID
Types(VOID)
{
    TypeIs(NonPagedPool, 0, NonPagedPool);
    TypeIs(NonPagedPoolNx, 0, NonPagedPoolNx);
    TypeIs(PagedPool, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
           PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    TypeIs(NonPagedPoolNx, EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
           NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
}

/* What is beyond the list's depth goes to the caller's routine at once, the rest when the list is flushed. */
static VOID
Many(VOID)
{
    ULONG Kept;

    EXPECT_STATUS(Initialize(NonPagedPoolNx, 0, 0), STATUS_SUCCESS);
    Allocated = Freed = 0;
    for (ULONG i = 0; i < COUNT; i++) {
        Blocks[i] = Take();
    }
    EXPECT_EQ(Allocated, COUNT);
    for (ULONG i = 0; i < COUNT; i++) {
        Give(Blocks[i]);
    }
    Kept = COUNT - Freed;
    EXPECT(Kept > 0 && Kept <= 256);
    EXPECT_EQ(ExQueryDepthSList(&Extended.L.ListHead), Kept);
    ExFlushLookasideListEx(&Extended);
    EXPECT_EQ(Freed, COUNT);
    EXPECT_EQ(ExQueryDepthSList(&Extended.L.ListHead), 0);
    Blocks[0] = Take(); /* it goes on */
    EXPECT_EQ(Allocated, COUNT + 1);
    Give(Blocks[0]);
    ExDeleteLookasideListEx(&Extended);
    EXPECT_EQ(Freed, COUNT + 1);
}

/* Without routines of its own a list raises, or not, as it was told to: nobody has so much memory. */
static VOID
TooMuch(VOID)
{
    const SIZE_T Huge = 0x7FFFFFFF;

    ExInitializeLookasideListEx(&Extended, NULL, NULL, NonPagedPoolNx, 0, Huge, TAG, 0);
    EXPECT_EQ(Take(), NULL);
    ExDeleteLookasideListEx(&Extended);
    ExInitializeLookasideListEx(&Extended, NULL, NULL, NonPagedPoolNx,
                                EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, Huge, TAG, 0);
    EXPECT_EQ(Take(), NULL);
    ExDeleteLookasideListEx(&Extended);
    ExInitializeLookasideListEx(&Extended, NULL, NULL, NonPagedPoolNx,
                                EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, Huge, TAG, 0);
    EXPECT_RAISES(Take(), STATUS_INSUFFICIENT_RESOURCES);
    ExDeleteLookasideListEx(&Extended);
}

/* The older lists: the type is theirs, and the flag that it may raise. */
static VOID
Older(VOID)
{
    PVOID Block;

    ExInitializeNPagedLookasideList(&Nonpaged, Allocate, Free, POOL_RAISE_IF_ALLOCATION_FAILURE,
                                    SIZE, TAG, 0);
    Allocated = Freed = 0;
    Block = ExAllocateFromNPagedLookasideList(&Nonpaged);
    EXPECT_EQ(LastType, NonPagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    EXPECT(LastBytes == SIZE && LastTag == TAG && Allocated == 1);
    ExFreeToNPagedLookasideList(&Nonpaged, Block);
    EXPECT_EQ(Freed, 0);
    ExDeleteNPagedLookasideList(&Nonpaged);
    EXPECT_EQ(Freed, 1);
    ExInitializePagedLookasideList(&Paged, Allocate, Free, 0, SIZE, TAG, 0);
    Block = ExAllocateFromPagedLookasideList(&Paged);
    EXPECT_EQ(LastType, PagedPool);
    EXPECT_EQ(Allocated, 2);
    ExFreeToPagedLookasideList(&Paged, Block);
    EXPECT_EQ(ExAllocateFromPagedLookasideList(&Paged), Block);
    ExFreeToPagedLookasideList(&Paged, Block);
    ExDeletePagedLookasideList(&Paged);
    EXPECT_EQ(Freed, 2);
}

TEST_DRIVER(TEST(Refused), TEST(Types), TEST(Many), TEST(TooMuch), TEST(Older))
