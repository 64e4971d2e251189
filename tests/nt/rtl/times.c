/*
 * times.c - times and their fields: each day of four centuries against a calendar that counts, each field at its bounds, and seconds since 1970 and 1980.
 * [DDI:wdm/rtltimetotimefields], [DDI:wdm/rtltimefieldstotime], [ntifs: RtlTimeToSecondsSince1970, RtlTimeToSecondsSince1980],
 * [ntrtl: RtlTimeToElapsedTimeFields]
 */
#include "../ntlab-test.h"

NTSYSAPI VOID NTAPI RtlTimeToElapsedTimeFields(PLARGE_INTEGER, PTIME_FIELDS);

#define DAY 864000000000ll

static ULONG Seed = 19;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static SHORT
LastOf(SHORT Year, SHORT Month)
{
    static const UCHAR Days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return Days[Month - 1] + (Month == 2 && Year % 4 == 0 && (Year % 100 != 0 || Year % 400 == 0));
}

static VOID
Calendar(VOID)
{
    TIME_FIELDS Date = {.Year = 1601, .Month = 1, .Day = 1, .Weekday = 1}, Fields;
    LARGE_INTEGER Time, Back;
    int Wrong = 0;

    for (LONG64 Number = 0; Date.Year < 2006; Number++) {
        ULONG Milliseconds = Random(86400000);

        Date.Hour = (SHORT)(Milliseconds / 3600000);
        Date.Minute = (SHORT)(Milliseconds / 60000 % 60);
        Date.Second = (SHORT)(Milliseconds / 1000 % 60);
        Date.Milliseconds = (SHORT)(Milliseconds % 1000);
        Time.QuadPart = Number * DAY + Milliseconds * 10000ll + Random(10000);
        RtlTimeToTimeFields(&Time, &Fields);
        Wrong += memcmp(&Fields, &Date, sizeof(Date)) != 0;
        Fields.Weekday = 77; /* it is not looked at */
        Wrong += !RtlTimeFieldsToTime(&Fields, &Back) ||
                 Back.QuadPart != Number * DAY + Milliseconds * 10000ll;
        Date.Weekday = (Date.Weekday + 1) % 7;
        if (++Date.Day > LastOf(Date.Year, Date.Month)) {
            Date.Day = 1;
            if (++Date.Month > 12) {
                Date.Month = 1;
                Date.Year++;
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
}

/* Each field alone out of its bounds, and at them. */
static VOID
Bounds(VOID)
{
    static const struct {
        USHORT Offset;
        SHORT Least, Most;
    } Rows[] = {
        {FIELD_OFFSET(TIME_FIELDS, Year), 1601, 30827},
        {FIELD_OFFSET(TIME_FIELDS, Month), 1, 12},
        {FIELD_OFFSET(TIME_FIELDS, Hour), 0, 23},
        {FIELD_OFFSET(TIME_FIELDS, Minute), 0, 59},
        {FIELD_OFFSET(TIME_FIELDS, Second), 0, 59},
        {FIELD_OFFSET(TIME_FIELDS, Milliseconds), 0, 999},
    };
    LARGE_INTEGER Time;
    TIME_FIELDS Fields;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        for (int Past = -1; Past <= 1; Past++) {
            for (int Side = 0; Side < 2; Side++) {
                SHORT *Field = (SHORT *)((PUCHAR)&Fields + Rows[i].Offset);

                Fields = (TIME_FIELDS){2001, 3, 4, 5, 6, 7, 8, 0};
                *Field = (SHORT)(Side ? Rows[i].Most + Past : Rows[i].Least - Past);
                if (i != 0 || !Side || Past <= 0) { /* how late a year may be is not documented */
                    EXPECT_EQ(RtlTimeFieldsToTime(&Fields, &Time), Past <= 0);
                }
            }
        }
    }
    for (SHORT Year = 1896; Year <= 2004; Year += 4) {
        for (SHORT Month = 1; Month <= 12; Month++) {
            SHORT Last = LastOf(Year, Month);

            for (SHORT Day = 0; Day <= Last + 1; Day += Last / 2) {
                Fields = (TIME_FIELDS){Year, Month, Day, 0, 0, 0, 0, 0};
                EXPECT_EQ(RtlTimeFieldsToTime(&Fields, &Time), Day >= 1 && Day <= Last);
            }
            Fields = (TIME_FIELDS){Year, Month, Last, 0, 0, 0, 0, 0};
            EXPECT(RtlTimeFieldsToTime(&Fields, &Time));
            Fields.Day++;
            EXPECT(!RtlTimeFieldsToTime(&Fields, &Time));
        }
    }
}

static VOID
Seconds(VOID)
{
    TIME_FIELDS Fields = {1970, 1, 1, 0, 0, 0, 0, 0};
    LARGE_INTEGER Of1970, Of1980, Time;
    ULONG Seconds;

    EXPECT(RtlTimeFieldsToTime(&Fields, &Of1970));
    Fields.Year = 1980;
    EXPECT(RtlTimeFieldsToTime(&Fields, &Of1980));
    for (LONG64 Off = -2; Off <= 2; Off++) {
        Time.QuadPart = Of1970.QuadPart + Off * 10000000;
        EXPECT_EQ(RtlTimeToSecondsSince1970(&Time, &Seconds), Off >= 0);
        EXPECT(Off < 0 || Seconds == (ULONG)Off);
        Time.QuadPart += 0xFFFFFFFFll * 10000000;
        EXPECT_EQ(RtlTimeToSecondsSince1970(&Time, &Seconds), Off <= 0);
        EXPECT(Off > 0 || Seconds == 0xFFFFFFFF + (ULONG)Off);
        Time.QuadPart = Of1980.QuadPart + Off * 10000000;
        EXPECT_EQ(RtlTimeToSecondsSince1980(&Time, &Seconds), Off >= 0);
        EXPECT(Off < 0 || Seconds == (ULONG)Off);
        Time.QuadPart += 0xFFFFFFFFll * 10000000;
        EXPECT_EQ(RtlTimeToSecondsSince1980(&Time, &Seconds), Off <= 0);
        EXPECT(Off > 0 || Seconds == 0xFFFFFFFF + (ULONG)Off);
    }
    for (ULONG i = 0; i < 100; i++) {
        ULONG Given = Random(1 << 24) << 8 | Random(256);

        RtlSecondsSince1970ToTime(Given, &Time);
        EXPECT_EQ(Time.QuadPart, Of1970.QuadPart + Given * 10000000ll);
        Time.QuadPart += Random(10000000);
        EXPECT(RtlTimeToSecondsSince1970(&Time, &Seconds) && Seconds == Given);
        RtlSecondsSince1980ToTime(Given, &Time);
        EXPECT_EQ(Time.QuadPart, Of1980.QuadPart + Given * 10000000ll);
        Time.QuadPart += Random(10000000);
        EXPECT(RtlTimeToSecondsSince1980(&Time, &Seconds) && Seconds == Given);
    }
}

static VOID
Elapsed(VOID)
{
    for (ULONG i = 0; i < 100; i++) {
        TIME_FIELDS Expected = {0,
                                0,
                                (SHORT)Random(20000),
                                (SHORT)Random(24),
                                (SHORT)Random(60),
                                (SHORT)Random(60),
                                (SHORT)Random(1000),
                                0},
                    Fields;
        LARGE_INTEGER Time;

        Time.QuadPart = ((((Expected.Day * 24ll + Expected.Hour) * 60 + Expected.Minute) * 60 +
                          Expected.Second) *
                             1000 +
                         Expected.Milliseconds) *
                        10000;
        Time.QuadPart += Random(10000);
        memset(&Fields, 0xCC, sizeof(Fields));
        RtlTimeToElapsedTimeFields(&Time, &Fields);
        EXPECT(memcmp(&Fields, &Expected, sizeof(Fields)) == 0);
    }
}

TEST_DRIVER(TEST(Calendar), TEST(Bounds), TEST(Seconds), TEST(Elapsed))
