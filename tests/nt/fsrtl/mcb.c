/*
 * mcb.c - map control blocks. [DDI: the pages of FsRtlXxxLargeMcb and FsRtlXxxBaseMcb in ntifs.h]
 */
#include "../ntlab-test.h"

static LARGE_MCB Map;

static BOOLEAN
Run(ULONG Index, LONGLONG Vbn, LONGLONG Lbn, LONGLONG Count)
{
    LONGLONG V = -2, L = -2, C = -2;

    return FsRtlGetNextLargeMcbEntry(&Map, Index, &V, &L, &C) && V == Vbn && L == Lbn && C == Count;
}

static VOID
Add(VOID)
{
    LONGLONG Vbn, Lbn, Count, Start, Whole;
    ULONG Index;

    FsRtlInitializeLargeMcb(&Map, PagedPool);
    EXPECT_EQ(FsRtlNumberOfRunsInLargeMcb(&Map), 0);
    EXPECT(!FsRtlLookupLastLargeMcbEntry(&Map, &Vbn, &Lbn)); /* "FALSE if ... no mapping" */
    EXPECT(FsRtlAddLargeMcbEntry(&Map, 10, 100, 5));
    EXPECT(Run(0, 0, -1, 10)); /* a hole is a run of its own */
    EXPECT(Run(1, 10, 100, 5));
    EXPECT(FsRtlAddLargeMcbEntry(&Map, 15, 105, 5)); /* goes on: one run */
    EXPECT(Run(1, 10, 100, 10));
    EXPECT(FsRtlAddLargeMcbEntry(&Map, 0, 50, 10));
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 2 && Run(0, 0, 50, 10));
    EXPECT(FsRtlAddLargeMcbEntry(&Map, 12, 102, 3)); /* the same again */
    /* [DDI:FsRtlAddLargeMcbEntry] FALSE: "an existing mapping ... overlaps". */
    EXPECT(!FsRtlAddLargeMcbEntry(&Map, 19, 7, 3));
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 2 && Run(1, 10, 100, 10));
    EXPECT(FsRtlLookupLargeMcbEntry(&Map, 13, &Lbn, &Count, &Start, &Whole, &Index));
    EXPECT(Lbn == 103 && Count == 7 && Start == 100 && Whole == 10 && Index == 1);
    EXPECT(FsRtlLookupLargeMcbEntry(&Map, 0, &Lbn, NULL, NULL, NULL, NULL) && Lbn == 50);
    EXPECT(!FsRtlLookupLargeMcbEntry(&Map, 20, &Lbn, NULL, NULL, NULL, NULL)); /* behind the end */
    EXPECT(FsRtlLookupLastLargeMcbEntryAndIndex(&Map, &Vbn, &Lbn, &Index) && Vbn == 19 &&
           Lbn == 109 && Index == 1);
}

static VOID
Remove(VOID)
{
    LONGLONG Lbn, Count;

    FsRtlRemoveLargeMcbEntry(&Map, 4, 8); /* across two runs */
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 3 && Run(0, 0, 50, 4) && Run(1, 4, -1, 8) &&
           Run(2, 12, 102, 8));
    /* [DDI:FsRtlLookupLargeMcbEntry] a hole within the map: TRUE and -1. */
    EXPECT(FsRtlLookupLargeMcbEntry(&Map, 5, &Lbn, &Count, NULL, NULL, NULL) && Lbn == -1 &&
           Count == 7);
    FsRtlRemoveLargeMcbEntry(&Map, 12, 100); /* the end: the hole before it goes too */
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 1 && Run(0, 0, 50, 4));
    EXPECT(FsRtlSplitLargeMcb(&Map, 2, 6)); /* [DDI:FsRtlSplitLargeMcb] "insert a hole" */
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 3 && Run(0, 0, 50, 2) && Run(1, 2, -1, 6) &&
           Run(2, 8, 52, 2));
    FsRtlTruncateLargeMcb(&Map, 9);
    EXPECT(Run(2, 8, 52, 1));
    FsRtlTruncateLargeMcb(&Map, 5);
    EXPECT(FsRtlNumberOfRunsInLargeMcb(&Map) == 1 && Run(0, 0, 50, 2));
    FsRtlTruncateLargeMcb(&Map, 0);
    EXPECT_EQ(FsRtlNumberOfRunsInLargeMcb(&Map), 0);
}

/* Every operation of a sequence gives what an array of sectors gives. */
static VOID
Model(VOID)
{
    static LONGLONG Sectors[64];
    ULONG Seed = 7, Bad = 0, i, Step;

    for (i = 0; i < 64; i++) {
        Sectors[i] = -1;
    }
    for (Step = 0; Step < 2000; Step++) {
        ULONG Vbn = RtlRandomEx(&Seed) % 60, Count = RtlRandomEx(&Seed) % 4 + 1, End = 64;
        LONGLONG Lbn = (LONGLONG)(RtlRandomEx(&Seed) % 3) * 100 + Vbn;
        BOOLEAN Fits = TRUE;

        if (RtlRandomEx(&Seed) % 3 != 0) {
            for (i = 0; i < Count; i++) {
                Fits &= Sectors[Vbn + i] == -1 || Sectors[Vbn + i] == Lbn + i;
            }
            Bad += FsRtlAddLargeMcbEntry(&Map, Vbn, Lbn, Count) != Fits;
            for (i = 0; Fits && i < Count; i++) {
                Sectors[Vbn + i] = Lbn + i;
            }
        } else {
            FsRtlRemoveLargeMcbEntry(&Map, Vbn, Count);
            for (i = 0; i < Count; i++) {
                Sectors[Vbn + i] = -1;
            }
        }
        while (End != 0 && Sectors[End - 1] == -1) {
            End--;
        }
        for (i = 0; i < 64; i++) {
            LONGLONG Found = -2;
            BOOLEAN There = FsRtlLookupLargeMcbEntry(&Map, i, &Found, NULL, NULL, NULL, NULL);

            Bad += There != (i < End) || (There && Found != Sectors[i]);
        }
    }
    EXPECT_EQ(Bad, 0);
    FsRtlResetLargeMcb(&Map, FALSE);
    EXPECT_EQ(FsRtlNumberOfRunsInLargeMcb(&Map), 0);
    FsRtlUninitializeLargeMcb(&Map);
}

/* The routines of 32 bits: the same map, -1 is a hole. [DDI: FsRtlAddMcbEntry, FsRtlLookupMcbEntry, FsRtlGetNextMcbEntry] */
static VOID
Narrow(VOID)
{
    ULONG Vbn, Lbn, Count, Index;
    MCB Old;

    FsRtlInitializeMcb(&Old, PagedPool);
    EXPECT(!FsRtlLookupLastMcbEntry(&Old, &Vbn, &Lbn));
    EXPECT(FsRtlAddMcbEntry(&Old, 10, 100, 5));
    EXPECT_EQ(FsRtlNumberOfRunsInMcb(&Old), 2);
    EXPECT(FsRtlGetNextMcbEntry(&Old, 0, &Vbn, &Lbn, &Count));
    EXPECT(Vbn == 0 && Lbn == (ULONG)-1 && Count == 10);
    EXPECT(FsRtlLookupMcbEntry(&Old, 12, &Lbn, &Count, &Index));
    EXPECT(Lbn == 102 && Count == 3 && Index == 1);
    EXPECT(!FsRtlAddMcbEntry(&Old, 14, 7, 1));
    EXPECT(FsRtlLookupLastMcbEntry(&Old, &Vbn, &Lbn) && Vbn == 14 && Lbn == 104);
    FsRtlTruncateMcb(&Old, 12);
    EXPECT(FsRtlLookupLastMcbEntry(&Old, &Vbn, &Lbn) && Vbn == 11 && Lbn == 101);
    FsRtlRemoveMcbEntry(&Old, 10, 1);
    EXPECT(FsRtlLookupMcbEntry(&Old, 10, &Lbn, NULL, NULL) && Lbn == (ULONG)-1);
    EXPECT(!FsRtlGetNextMcbEntry(&Old, 9, &Vbn, &Lbn, &Count));
    FsRtlUninitializeMcb(&Old);
}

TEST_DRIVER(TEST(Add), TEST(Remove), TEST(Model), TEST(Narrow))
