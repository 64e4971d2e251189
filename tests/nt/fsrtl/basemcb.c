/*
 * basemcb.c - map control blocks that the caller synchronizes. [DDI: the pages of FsRtlXxxBaseMcb in ntifs.h]
 */
#include "../ntlab-test.h"

static BASE_MCB Map;

static BOOLEAN
Run(ULONG Index, LONGLONG Vbn, LONGLONG Lbn, LONGLONG Count)
{
    LONGLONG V = -2, L = -2, C = -2;

    return FsRtlGetNextBaseMcbEntry(&Map, Index, &V, &L, &C) && V == Vbn && L == Lbn && C == Count;
}

static VOID
Add(VOID)
{
    LONGLONG Vbn, Lbn, Count, Start, Whole;
    ULONG Index;

    FsRtlInitializeBaseMcb(&Map, PagedPool);
    EXPECT_EQ(FsRtlNumberOfRunsInBaseMcb(&Map), 0);
    EXPECT(!FsRtlLookupLastBaseMcbEntry(&Map, &Vbn, &Lbn));
    EXPECT(FsRtlAddBaseMcbEntry(&Map, 10, 100, 5));
    EXPECT(FsRtlNumberOfRunsInBaseMcb(&Map) == 2 && Run(0, 0, -1, 10) && Run(1, 10, 100, 5));
    EXPECT(FsRtlAddBaseMcbEntry(&Map, 15, 105, 5)); /* goes on: one run */
    EXPECT(FsRtlNumberOfRunsInBaseMcb(&Map) == 2 && Run(1, 10, 100, 10));
    EXPECT(!FsRtlAddBaseMcbEntry(&Map, 19, 7, 3)); /* overlaps, and says something else */
    EXPECT(!Run(2, 0, 0, 0));
    EXPECT(FsRtlLookupBaseMcbEntry(&Map, 13, &Lbn, &Count, &Start, &Whole, &Index));
    EXPECT(Lbn == 103 && Count == 7 && Start == 100 && Whole == 10 && Index == 1);
    EXPECT(!FsRtlLookupBaseMcbEntry(&Map, 20, &Lbn, NULL, NULL, NULL, NULL));
    EXPECT(FsRtlLookupLastBaseMcbEntry(&Map, &Vbn, &Lbn) && Vbn == 19 && Lbn == 109);
    EXPECT(FsRtlLookupLastBaseMcbEntryAndIndex(&Map, &Vbn, &Lbn, &Index) && Vbn == 19 &&
           Lbn == 109 && Index == 1);
}

static VOID
Remove(VOID)
{
    LONGLONG Lbn, Count;

    EXPECT(FsRtlRemoveBaseMcbEntry(&Map, 12, 4)); /* TRUE: done */
    EXPECT(FsRtlNumberOfRunsInBaseMcb(&Map) == 4 && Run(1, 10, 100, 2) && Run(2, 12, -1, 4) &&
           Run(3, 16, 106, 4));
    EXPECT(FsRtlLookupBaseMcbEntry(&Map, 13, &Lbn, &Count, NULL, NULL, NULL) && Lbn == -1 &&
           Count == 3);
    EXPECT(FsRtlSplitBaseMcb(&Map, 18, 10)); /* a hole is inserted, what is behind it moves */
    EXPECT(FsRtlNumberOfRunsInBaseMcb(&Map) == 6 && Run(3, 16, 106, 2) && Run(4, 18, -1, 10) &&
           Run(5, 28, 108, 2));
    FsRtlTruncateBaseMcb(&Map, 29);
    EXPECT(Run(5, 28, 108, 1));
    FsRtlTruncateBaseMcb(&Map, 11);
    EXPECT(FsRtlNumberOfRunsInBaseMcb(&Map) == 2 && Run(1, 10, 100, 1));
    FsRtlTruncateBaseMcb(&Map, 0);
    EXPECT_EQ(FsRtlNumberOfRunsInBaseMcb(&Map), 0);
}

static VOID
Reset(VOID)
{
    for (LONG i = 0; i < 200; i++) {
        FsRtlAddBaseMcbEntry(&Map, 2 * i, 1000 + 3 * i, 1);
    }
    EXPECT_EQ(FsRtlNumberOfRunsInBaseMcb(&Map), 399);
    EXPECT(Run(200, 200, 1300, 1));
    FsRtlResetBaseMcb(&Map); /* empty, and it can be used again */
    EXPECT_EQ(FsRtlNumberOfRunsInBaseMcb(&Map), 0);
    EXPECT(FsRtlAddBaseMcbEntry(&Map, 0, 7, 1) && Run(0, 0, 7, 1));
    FsRtlUninitializeBaseMcb(&Map);
}

TEST_DRIVER(TEST(Add), TEST(Remove), TEST(Reset))
