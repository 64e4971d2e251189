/*
 * memory.c - copying, filling and comparing memory, at every small length and distance.
 *
 * Sources: [DDI] the routine's page in wdm.h; [C] ISO C 7.24.
 */
#include "../ntlab-test.h"

#define SPACE 400

static UCHAR Left[SPACE], Right[SPACE], Model[SPACE];

static void
Reset(VOID)
{
    int Index;

    for (Index = 0; Index < SPACE; Index++) {
        Left[Index] = Right[Index] = Model[Index] = (UCHAR)(Index * 7 + 3);
    }
}

static int
Same(const UCHAR *A, const UCHAR *B)
{
    int Index;

    for (Index = 0; Index < SPACE; Index++) {
        if (A[Index] != B[Index]) {
            return 0;
        }
    }
    return 1;
}

/*
 * [DDI:RtlMoveMemory] "The (Source + Length) can overlap the Destination range"; nothing outside
 * changes.
 */
static VOID
Move(VOID)
{
    int Length, Distance, Index, Bad = 0;

    for (Length = 0; Length < 150; Length++) {
        for (Distance = -70; Distance <= 70; Distance++) {
            Reset();
            for (Index = 0; Index < Length; Index++) {
                Model[100 + Distance + Index] = Right[100 + Index];
            }
            RtlMoveMemory(Left + 100 + Distance, Left + 100, Length);
            Bad += !Same(Left, Model);
        }
    }
    EXPECT_EQ(Bad, 0);
}

/* [DDI:RtlFillMemory, RtlZeroMemory, RtlCopyMemory] exactly Length bytes. */
static VOID
FillAndCopy(VOID)
{
    int Length, Start, Index, Bad = 0;

    for (Length = 0; Length < 150; Length++) {
        for (Start = 0; Start < 17; Start++) {
            Reset();
            RtlFillMemory(Left + Start, Length, 0xA5);
            for (Index = 0; Index < Length; Index++) {
                Model[Start + Index] = 0xA5;
            }
            Bad += !Same(Left, Model);

            RtlZeroMemory(Left + Start, Length);
            for (Index = 0; Index < Length; Index++) {
                Model[Start + Index] = 0;
            }
            Bad += !Same(Left, Model);

            RtlCopyMemory(Left + Start, Right + 200, Length);
            for (Index = 0; Index < Length; Index++) {
                Model[Start + Index] = Right[200 + Index];
            }
            Bad += !Same(Left, Model);
        }
    }
    EXPECT_EQ(Bad, 0);
}

/*
 * [DDI:RtlCompareMemory] "returns the number of bytes that are equivalent"; [C] memcmp's sign is
 * that of the first difference.
 */
static VOID
Compare(VOID)
{
    int Length, At, Bad = 0;

    for (Length = 0; Length < 60; Length++) {
        Reset();
        Bad += RtlCompareMemory(Left + 1, Right + 1, Length) != (SIZE_T)Length;
        Bad += memcmp(Left + 1, Right + 1, Length) != 0;
        for (At = 0; At < Length; At++) {
            Reset();
            Left[1 + At] = 0x80;
            Right[1 + At] = 0x7F;
            Bad += RtlCompareMemory(Left + 1, Right + 1, Length) != (SIZE_T)At;
            Bad += memcmp(Left + 1, Right + 1, Length) <= 0;
            Bad += memcmp(Right + 1, Left + 1, Length) >= 0;
        }
    }
    EXPECT_EQ(Bad, 0);
}

TEST_DRIVER(TEST(Move), TEST(FillAndCopy), TEST(Compare))
