/*
 * poolmodel.c - the pool against a table of what was asked of it: blocks of all sizes, random steps. [DDI:wdm/exallocatepoolwithtag]: a block of a page or
 * more begins at a page, a smaller one lies in one page at a multiple of 16; what lies in it stays until it is freed. And what was freed serves again,
 * also after another thread has freed it, and when an agent's own arena is full.
 */
#include "../ntlab-test.h"

#define SEED 7
#include "../draw.h"

#define TAG    'doMP'
#define SLOTS  96
#define STEPS  4000
#define ROUNDS 80

static const POOL_TYPE Types[] = {NonPagedPool, NonPagedPoolNx, PagedPool};

static struct {
    PUCHAR Block;
    SIZE_T Bytes;
    UCHAR Fill;
} Slot[SLOTS];

static SIZE_T
DrawSize(VOID)
{
    switch (Draw(4)) {
    case 0:
        return 1 + Draw(64);
    case 1:
        return 1 + Draw(PAGE_SIZE);
    case 2:
        return PAGE_SIZE - 40 + Draw(80);
    default:
        return 1 + Draw(20 * PAGE_SIZE);
    }
}

static BOOLEAN
IsPlaced(PUCHAR Block, SIZE_T Bytes)
{
    ULONG In = (ULONG)((ULONG_PTR)Block & (PAGE_SIZE - 1));

    return Block != NULL &&
           (Bytes >= PAGE_SIZE ? In == 0 : In % 16 == 0 && In + Bytes <= PAGE_SIZE);
}

static BOOLEAN
IsWhole(const UCHAR *Block, SIZE_T Bytes, UCHAR Fill)
{
    SIZE_T i;

    for (i = 0; i < Bytes && Block[i] == Fill; i++) {
    }
    return i == Bytes;
}

static VOID
Model(VOID)
{
    ULONG Misplaced = 0, Spoilt = 0;

    for (ULONG Step = 0; Step < STEPS + SLOTS; Step++) {
        ULONG i = Step < STEPS ? Draw(SLOTS) : Step - STEPS;

        if (Slot[i].Block != NULL) {
            Spoilt += !IsWhole(Slot[i].Block, Slot[i].Bytes, Slot[i].Fill);
            ExFreePoolWithTag(Slot[i].Block, TAG);
            Slot[i].Block = NULL;
        } else if (Step < STEPS) {
            Slot[i].Bytes = DrawSize();
            Slot[i].Fill = (UCHAR)Step;
            Slot[i].Block = ExAllocatePoolWithTag(Types[Draw(3)], Slot[i].Bytes, TAG);
            Misplaced += !IsPlaced(Slot[i].Block, Slot[i].Bytes);
            memset(Slot[i].Block, Slot[i].Fill, Slot[i].Bytes);
        }
    }
    EXPECT_EQ(Misplaced, 0);
    EXPECT_EQ(Spoilt, 0);
}

static VOID
Again(VOID)
{
    static const ULONG Sizes[] = {
        1, 100, 1000, 4000, PAGE_SIZE, 2 * PAGE_SIZE, 5 * PAGE_SIZE + 1, 64 * PAGE_SIZE};
    static PVOID Seen[ROUNDS];

    for (ULONG t = 0; t < RTL_NUMBER_OF(Types); t++) {
        ULONG Without = 0;

        for (ULONG s = 0; s < RTL_NUMBER_OF(Sizes); s++) {
            ULONG Met = 0;

            for (ULONG i = 0; i < ROUNDS; i++) {
                Seen[i] = ExAllocatePoolWithTag(Types[t], Sizes[s], TAG);
                for (ULONG Before = 0; Before < i; Before++) {
                    Met += Seen[Before] == Seen[i];
                }
                ExFreePoolWithTag(Seen[i], TAG);
            }
            Without += Met == 0;
        }
        EXPECT_EQ(Without, 0);
    }
}

#define MANY 8192

static PUCHAR *Blocks;

/* More than the addresses that an agent has to itself: 16 MiB and 32 MiB. */
static VOID
Spill(VOID)
{
    Blocks = ExAllocatePoolWithTag(NonPagedPoolNx, (MANY + 8) * sizeof(PVOID), TAG);
    for (ULONG t = 0; t < RTL_NUMBER_OF(Types); t++) {
        ULONG Count = Types[t] == PagedPool ? MANY + 8 : MANY / 2 + 8, Misplaced = 0, Spoilt = 0;

        for (ULONG i = 0; i < Count; i++) {
            Blocks[i] = ExAllocatePoolWithTag(Types[t], 3000, TAG);
            Misplaced += !IsPlaced(Blocks[i], 3000);
            memset(Blocks[i], (UCHAR)(i * 7), 3000);
        }
        Slot[0].Block = ExAllocatePoolWithTag(Types[t], 3 * PAGE_SIZE, TAG);
        Misplaced += !IsPlaced(Slot[0].Block, 3 * PAGE_SIZE);
        memset(Slot[0].Block, 0xEE, 3 * PAGE_SIZE);
        for (ULONG i = 0; i < Count; i++) {
            Spoilt += !IsWhole(Blocks[i], 3000, (UCHAR)(i * 7));
            ExFreePoolWithTag(Blocks[i], TAG);
        }
        Spoilt += !IsWhole(Slot[0].Block, 3 * PAGE_SIZE, 0xEE);
        ExFreePoolWithTag(Slot[0].Block, TAG);
        Slot[0].Block = NULL;
        EXPECT_EQ(Misplaced, 0);
        EXPECT_EQ(Spoilt, 0);
    }
    ExFreePoolWithTag(Blocks, TAG);
}

#define HANDED 1024

static VOID NTAPI
Free(PVOID Context)
{
    for (ULONG i = 0; i < HANDED; i++) {
        ExFreePoolWithTag(Blocks[i], TAG);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
FreeElsewhere(VOID)
{
    HANDLE Handle;

    if (NT_SUCCESS(
            PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Free, NULL))) {
        ZwWaitForSingleObject(Handle, FALSE, NULL);
        ZwClose(Handle);
    }
}

static ULONG
CountDistinct(PVOID *List, ULONG Count)
{
    ULONG Distinct = 0;

    for (ULONG i = 0; i < Count; i++) {
        ULONG Before;

        for (Before = 0; Before < i && List[Before] != List[i]; Before++) {
        }
        Distinct += Before == i;
    }
    return Distinct;
}

/* What others free comes back to whose addresses they are: the blocks of six rounds lie in the places of less than four. */
static VOID NTAPI
Hand(PVOID Context)
{
    static PVOID All[6 * HANDED];
    ULONG Bytes = (ULONG)(ULONG_PTR)Context, Count = 0;

    for (ULONG Round = 0; Round < 6; Round++) {
        for (ULONG i = 0; i < HANDED; i++) {
            Blocks[i] = ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, TAG);
            All[Count++] = Blocks[i];
        }
        FreeElsewhere();
    }
    EXPECT(CountDistinct(All, Count) < 4 * HANDED);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Handed(VOID)
{
    static const ULONG Sizes[] = {2900, PAGE_SIZE, 2 * PAGE_SIZE};

    Blocks = ExAllocatePoolWithTag(NonPagedPoolNx, HANDED * sizeof(PVOID), TAG);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
        HANDLE Handle;

        EXPECT_STATUS(PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Hand,
                                           (PVOID)(ULONG_PTR)Sizes[i]),
                      STATUS_SUCCESS);
        ZwWaitForSingleObject(Handle, FALSE, NULL);
        ZwClose(Handle);
    }
    ExFreePoolWithTag(Blocks, TAG);
}

TEST_DRIVER(TEST(Model), TEST(Again), TEST(Spill), TEST(Handed))
