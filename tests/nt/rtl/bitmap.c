/*
 * bitmap.c - bit maps against an array of flags; time and version.
 *
 * Sources: [DDI] the routine's page in wdm.h, ntddk.h or ntifs.h.
 */
#include "../ntlab-test.h"

#define BITS 133

static ULONG Buffer[(BITS + 31) / 32];
static int Flags[BITS];
static RTL_BITMAP Map;
static ULONG Random = 99;

static ULONG
Next(VOID)
{
    Random = Random * 1664525 + 1013904223;
    return Random >> 8;
}

/* The first run of Count flags equal to Value that begins at From or later, before To. */
static ULONG
Model(ULONG From, ULONG To, ULONG Count, int Value)
{
    ULONG Start, Length;

    for (Start = From; Start < To; Start++) {
        for (Length = 0; Length < Count && Start + Length < BITS && Flags[Start + Length] == Value;
             Length++) {
        }
        if (Length == Count) {
            return Start;
        }
    }
    return 0xFFFFFFFF;
}

static ULONG
ModelFind(ULONG Count, ULONG Hint, int Value)
{
    ULONG Found = Model(Hint, BITS, Count, Value);

    return Found != 0xFFFFFFFF ? Found : Model(0, Hint, Count, Value);
}

static VOID
AgainstModel(VOID)
{
    int Round, Bad = 0;
    ULONG Index;

    RtlInitializeBitMap(&Map, Buffer, BITS);
    RtlSetAllBits(&Map);
    EXPECT_EQ(RtlNumberOfSetBits(&Map), BITS);
    RtlClearAllBits(&Map);
    EXPECT_EQ(RtlNumberOfClearBits(&Map), BITS);
    for (Round = 0; Round < 20000; Round++) {
        ULONG Start = Next() % BITS, Count = Next() % 12 + 1, Hint = Next() % BITS, Found, Wanted,
              Set = 0;

        Count = Count > BITS - Start ? BITS - Start : Count;
        switch (Next() % 8) {
        case 0:
            RtlSetBits(&Map, Start, Count);
            for (Index = 0; Index < Count; Index++) {
                Flags[Start + Index] = 1;
            }
            break;
        case 1:
            RtlClearBits(&Map, Start, Count);
            for (Index = 0; Index < Count; Index++) {
                Flags[Start + Index] = 0;
            }
            break;
        case 2: /* [DDI:RtlFindClearBits] from the hint, then from the start; 0xFFFFFFFF if there is
                   none */
            Bad += RtlFindClearBits(&Map, Count, Hint) != ModelFind(Count, Hint, 0);
            break;
        case 3:
            Bad += RtlFindSetBits(&Map, Count, Hint) != ModelFind(Count, Hint, 1);
            break;
        case 4:
            Wanted = ModelFind(Count, Hint, 0);
            Found = RtlFindClearBitsAndSet(&Map, Count, Hint);
            Bad += Found != Wanted;
            for (Index = 0; Found != 0xFFFFFFFF && Index < Count; Index++) {
                Flags[Found + Index] = 1;
            }
            break;
        case 5:
            for (Index = 0; Index < Count; Index++) {
                Set += (ULONG)Flags[Start + Index];
            }
            Bad += RtlAreBitsSet(&Map, Start, Count) != (Set == Count);
            Bad += RtlAreBitsClear(&Map, Start, Count) != (Set == 0);
            break;
        case 6: {
            ULONG Best = 0, At = 0, Length, From;

            for (From = 0; From < BITS; From += Length + 1) {
                for (Length = 0; From + Length < BITS && !Flags[From + Length]; Length++) {
                }
                if (Length > Best) {
                    Best = Length;
                    At = From;
                }
            }
            Bad += RtlFindLongestRunClear(&Map, &Found) != Best || (Best != 0 && Found != At);
            break;
        }
        default:
            for (Index = 0; Index < BITS; Index++) {
                Set += (ULONG)Flags[Index];
                Bad += RtlTestBit(&Map, Index) != Flags[Index];
            }
            Bad += RtlNumberOfSetBits(&Map) != Set || RtlNumberOfClearBits(&Map) != BITS - Set;
            break;
        }
    }
    EXPECT_EQ(Bad, 0);
}

static VOID
Runs(VOID)
{
    RTL_BITMAP_RUN Run[2];
    ULONG Start = 0;

    RtlSetAllBits(&Map);
    RtlClearBits(&Map, 10, 3);
    RtlClearBits(&Map, 20, 7);
    RtlClearBits(&Map, 40, 5);
    /* [DDI:RtlFindClearRuns] LocateLongestRuns: "the longest runs", else the first ones. */
    EXPECT_EQ(RtlFindClearRuns(&Map, Run, 2, TRUE), 2);
    EXPECT(Run[0].StartingIndex == 20 && Run[0].NumberOfBits == 7 && Run[1].StartingIndex == 40);
    EXPECT_EQ(RtlFindClearRuns(&Map, Run, 2, FALSE), 2);
    EXPECT(Run[0].StartingIndex == 10 && Run[1].StartingIndex == 20);
    EXPECT(RtlFindNextForwardRunClear(&Map, 12, &Start) == 1 && Start == 12);
    EXPECT(RtlFindNextForwardRunClear(&Map, 27, &Start) == 5 && Start == 40);
    EXPECT(RtlFindLastBackwardRunClear(&Map, 39, &Start) == 7 && Start == 20);
    EXPECT(RtlFindMostSignificantBit(0x8100) == 15 && RtlFindLeastSignificantBit(0x8100) == 8);
    EXPECT(RtlFindMostSignificantBit(0) == -1);
    EXPECT_EQ(RtlFindClearBits(&Map, BITS + 1, 0), 0xFFFFFFFF);
}

static VOID
Time(VOID)
{
    TIME_FIELDS Fields;
    LARGE_INTEGER Time, Back;
    ULONG Seconds = 0;
    int Day, Bad = 0;

    /*
     * [DDI:RtlTimeToTimeFields] 100-nanosecond intervals since January 1, 1601; Weekday 0 is
     * Sunday.
     */
    Time.QuadPart = 0;
    RtlTimeToTimeFields(&Time, &Fields);
    EXPECT(Fields.Year == 1601 && Fields.Month == 1 && Fields.Day == 1 && Fields.Weekday == 1);
    RtlSecondsSince1970ToTime(951827696, &Time); /* 2000-02-29 12:34:56, a Tuesday */
    RtlTimeToTimeFields(&Time, &Fields);
    EXPECT(Fields.Year == 2000 && Fields.Month == 2 && Fields.Day == 29 && Fields.Hour == 12);
    EXPECT(Fields.Minute == 34 && Fields.Second == 56 && Fields.Weekday == 2);
    EXPECT(RtlTimeToSecondsSince1970(&Time, &Seconds) && Seconds == 951827696);
    for (Day = 0; Day < 600000; Day += 13) {
        Time.QuadPart = Day * 864000000000ll + 12340000;
        RtlTimeToTimeFields(&Time, &Fields);
        Bad += !RtlTimeFieldsToTime(&Fields, &Back) || Back.QuadPart != Time.QuadPart;
    }
    EXPECT_EQ(Bad, 0);
    /* [DDI:RtlTimeFieldsToTime] FALSE for a day that does not exist. */
    Fields.Year = 2001;
    Fields.Month = 2;
    Fields.Day = 29;
    EXPECT(!RtlTimeFieldsToTime(&Fields, &Back));
    Time.QuadPart = 0;
    EXPECT(!RtlTimeToSecondsSince1970(&Time, &Seconds));
}

/* [DDI:wdm/rtlfindlastbackwardrunclear], [DDI:wdm/rtlfindnextforwardrunclear]: from every place of maps of every small size. */
static VOID
Neighbours(VOID)
{
    int Bad = 0;

    for (ULONG Size = 1; Size <= 70; Size++) {
        RtlInitializeBitMap(&Map, Buffer, Size);
        RtlClearAllBits(&Map);
        for (ULONG i = 0; i < Size; i++) {
            Flags[i] = Next() % 3 == 0;
            if (Flags[i]) {
                RtlSetBit(&Map, i);
            }
        }
        for (ULONG From = 0; From < Size + 3; From++) {
            LONG Last = (LONG)min(From, Size - 1), First;
            ULONG Start = 99, Length, Begin = From, End;

            while (Last >= 0 && Flags[Last]) {
                Last--;
            }
            for (First = Last; First > 0 && !Flags[First - 1]; First--) {
            }
            Length = RtlFindLastBackwardRunClear(&Map, From, &Start);
            Bad += Last < 0 ? Length != 0
                            : Length != (ULONG)(Last - First + 1) || Start != (ULONG)First;
            if (From >= Size) {
                continue;
            }
            while (Begin < Size && Flags[Begin]) {
                Begin++;
            }
            for (End = Begin; End < Size && !Flags[End]; End++) {
            }
            Length = RtlFindNextForwardRunClear(&Map, From, &Start);
            Bad += Length != End - Begin || (Length != 0 && Start != Begin);
        }
    }
    EXPECT_EQ(Bad, 0);
}

TEST_DRIVER(TEST(AgainstModel), TEST(Runs), TEST(Time), TEST(Neighbours))
