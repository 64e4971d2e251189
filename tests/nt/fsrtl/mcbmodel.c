/*
 * mcbmodel.c - a map of sectors against an array: entries are added, removed, cut off and moved apart some thousand times, in ranges that begin and end everywhere, and after each step every
 * question is asked of every sector. With and without a lock. [DDI:ntifs/fsrtladdlargemcbentry], [DDI:ntifs/fsrtlremovelargemcbentry],
 * [DDI:ntifs/fsrtltruncatelargemcb], [DDI:ntifs/fsrtlsplitlargemcb], [DDI:ntifs/fsrtllookuplargemcbentry],
 * [DDI:ntifs/fsrtllookuplastlargemcbentryandindex], [DDI:ntifs/fsrtlgetnextlargemcbentry], [DDI:ntifs/fsrtlnumberofrunsinlargemcb].
 */
#include "../ntlab-test.h"

#define MOST 96
#define HOLE (-1)

static LONGLONG Model[MOST];
static LARGE_MCB Large;
static BASE_MCB Base;
static BOOLEAN WithLock;
static ULONG Seed = 21, Wrong[10];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

/* The runs of the model, holes among them, but none at the end. */
static ULONG
Runs(LONGLONG *Starts, LONGLONG *Lbns, LONGLONG *Lengths, ULONG Most)
{
    ULONG Count = 0, End = MOST;

    while (End > 0 && Model[End - 1] == HOLE) {
        End--;
    }
    for (ULONG i = 0; i < End; i++) {
        if (i > 0 && (Model[i] == HOLE ? Model[i - 1] == HOLE
                                       : Model[i - 1] != HOLE && Model[i - 1] + 1 == Model[i])) {
            Lengths[Count - 1]++;
        } else if (Count < Most) {
            Starts[Count] = i;
            Lbns[Count] = Model[i];
            Lengths[Count++] = 1;
        }
    }
    return Count;
}

static VOID
Check(VOID)
{
    static LONGLONG Starts[MOST], Lbns[MOST], Lengths[MOST];
    ULONG Count = Runs(Starts, Lbns, Lengths, MOST), Index, Run = 0;
    LONGLONG Vbn, Lbn, Left, First, Whole;
    BOOLEAN Found;

    Wrong[0] += (WithLock ? FsRtlNumberOfRunsInLargeMcb(&Large)
                          : FsRtlNumberOfRunsInBaseMcb(&Base)) != Count;
    for (ULONG i = 0; i <= Count; i++) {
        Found = WithLock ? FsRtlGetNextLargeMcbEntry(&Large, i, &Vbn, &Lbn, &Left)
                         : FsRtlGetNextBaseMcbEntry(&Base, i, &Vbn, &Lbn, &Left);
        Wrong[1] += Found != (i < Count);
        Wrong[1] +=
            Found && i < Count && (Vbn != Starts[i] || Lbn != Lbns[i] || Left != Lengths[i]);
    }
    for (ULONG i = 0; i < MOST; i++) {
        while (Run < Count && (LONGLONG)i >= Starts[Run] + Lengths[Run]) {
            Run++;
        }
        Lbn = Left = First = Whole = 0x7777;
        Index = 0x7777;
        Found = WithLock ? FsRtlLookupLargeMcbEntry(&Large, i, &Lbn, &Left, &First, &Whole, &Index)
                         : FsRtlLookupBaseMcbEntry(&Base, i, &Lbn, &Left, &First, &Whole, &Index);
        Wrong[2] += Found != (Run < Count);
        if (Found && Run < Count) {
            Wrong[3] += Lbn != Model[i] || Left != Starts[Run] + Lengths[Run] - i;
            Wrong[3] += First != Lbns[Run] || Whole != Lengths[Run] || Index != Run;
        } else {
            Wrong[4] += Lbn != 0x7777 || Left != 0x7777 || Index != 0x7777;
        }
        Found = WithLock ? FsRtlLookupLargeMcbEntry(&Large, i, NULL, NULL, NULL, NULL, NULL)
                         : FsRtlLookupBaseMcbEntry(&Base, i, NULL, NULL, NULL, NULL, NULL);
        Wrong[2] += Found != (Run < Count);
    }
    Found = WithLock ? FsRtlLookupLastLargeMcbEntryAndIndex(&Large, &Vbn, &Lbn, &Index)
                     : FsRtlLookupLastBaseMcbEntryAndIndex(&Base, &Vbn, &Lbn, &Index);
    Wrong[5] += Found != (Count != 0);
    Wrong[5] += Count != 0 && (Vbn != Starts[Count - 1] + Lengths[Count - 1] - 1 ||
                               Lbn != Model[Vbn] || Index != Count - 1);
    Found = WithLock ? FsRtlLookupLastLargeMcbEntry(&Large, &Vbn, &Lbn)
                     : FsRtlLookupLastBaseMcbEntry(&Base, &Vbn, &Lbn);
    Wrong[5] += Found != (Count != 0) || (Found && (Lbn != Model[Vbn] || Lbn == HOLE));
}

static VOID
Add(LONGLONG At, LONGLONG Count)
{
    LONGLONG Lbn = Any(3) == 0 && At > 0 && Model[At - 1] != HOLE ? Model[At - 1] + 1
                   : Any(3) == 0 && Model[At] != HOLE             ? Model[At]
                                                                  : 1000 * (1 + Any(5)) + At;
    BOOLEAN May = Count > 0, Added;

    for (LONGLONG i = 0; i < Count; i++) {
        May = May && (Model[At + i] == HOLE || Model[At + i] == Lbn + i);
    }
    Added = WithLock ? FsRtlAddLargeMcbEntry(&Large, At, Lbn, Count)
                     : FsRtlAddBaseMcbEntry(&Base, At, Lbn, Count);
    Wrong[6] += Added != May;
    for (LONGLONG i = 0; i < Count && May; i++) {
        Model[At + i] = Lbn + i;
    }
}

static VOID
Remove(LONGLONG At, LONGLONG Count)
{
    if (WithLock) {
        FsRtlRemoveLargeMcbEntry(&Large, At, Count);
    } else {
        Wrong[7] += !FsRtlRemoveBaseMcbEntry(&Base, At, Count);
    }
    for (LONGLONG i = At; i < MOST && i - At < Count; i++) {
        Model[i] = HOLE;
    }
}

static VOID
Truncate(LONGLONG At)
{
    if (WithLock) {
        FsRtlTruncateLargeMcb(&Large, At);
    } else {
        FsRtlTruncateBaseMcb(&Base, At);
    }
    for (LONGLONG i = At; i < MOST; i++) {
        Model[i] = HOLE;
    }
}

static VOID
Split(LONGLONG At, LONGLONG Amount)
{
    for (LONGLONG i = MOST - Amount; i < MOST; i++) {
        if (Model[i] != HOLE) {
            return; /* it would go beyond the array */
        }
    }
    Wrong[8] +=
        !(WithLock ? FsRtlSplitLargeMcb(&Large, At, Amount) : FsRtlSplitBaseMcb(&Base, At, Amount));
    for (LONGLONG i = MOST - 1; i >= At + Amount; i--) {
        Model[i] = Model[i - Amount];
    }
    for (LONGLONG i = At; i < At + Amount; i++) {
        Model[i] = HOLE;
    }
}

static VOID
Steps(VOID)
{
    for (ULONG i = 0; i < MOST; i++) {
        Model[i] = HOLE;
    }
    if (WithLock) {
        FsRtlInitializeLargeMcb(&Large, PagedPool);
    } else {
        FsRtlInitializeBaseMcb(&Base, PagedPool);
    }
    Check();
    for (ULONG Step = 0; Step < 1500; Step++) {
        LONGLONG At = Any(MOST - 12), Count = (LONGLONG)Any(12) - (Any(8) == 0);
        ULONG What = Any(16);

        if (What < 9) {
            Add(At, Count);
        } else if (What < 12) {
            Remove(At, Any(6) == 0 ? 0x100000 : Count);
        } else if (What == 12) {
            Truncate(Any(MOST));
        } else if (What < 15) {
            Split(At, 1 + Any(5));
        } else if (Any(6) == 0) {
            if (WithLock) {
                FsRtlResetLargeMcb(&Large, FALSE);
            } else {
                FsRtlResetBaseMcb(&Base);
            }
            for (ULONG i = 0; i < MOST; i++) {
                Model[i] = HOLE;
            }
        }
        Check();
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
        Wrong[i] = 0;
    }
    if (WithLock) {
        FsRtlUninitializeLargeMcb(&Large);
        FsRtlUninitializeLargeMcb(&Large); /* once is enough */
    } else {
        FsRtlUninitializeBaseMcb(&Base);
    }
}

static VOID
Locked(VOID)
{
    WithLock = TRUE;
    Steps();
}

static VOID
Unlocked(VOID)
{
    WithLock = FALSE;
    Steps();
}

TEST_DRIVER(TEST(Locked), TEST(Unlocked))
