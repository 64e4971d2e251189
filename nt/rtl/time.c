/*
 * time.c - system time (100 ns since 1601) to fields and to seconds since other years, and back.
 *
 * The calendar is the Gregorian one, by day numbers: a year that begins in March has its leap day
 * last.
 *
 * Source: Microsoft Learn: RtlTimeToTimeFields, RtlTimeFieldsToTime, RtlTimeToSecondsSince1970
 * (wdm.h, ntifs.h).
 */
#include "nt/rtl/rtlp.h"

#define TICKS_PER_MILLISECOND 10000ll
#define TICKS_PER_SECOND      10000000ll
#define SECONDS_PER_DAY       86400
#define DAYS_1601_TO_1970     134774
#define DAYS_1601_TO_1980     138426
#define DAYS_PER_400_YEARS    146097

/* Days from 1601-01-01; Month is 1..12. */
static LONG64
RtlpDays(LONG64 Year, LONG Month, LONG Day)
{
    LONG64 March = Month > 2 ? Year : Year - 1; /* the year that began in March */
    LONG Since = (Month + 9) % 12;              /* months since March */

    /* 306: from 1600-03-01 to 1601-01-01. */
    March -= 1600;
    return March * 365 + March / 4 - March / 100 + March / 400 + (153 * Since + 2) / 5 + Day - 1 -
           306;
}

VOID NTAPI
RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    LONG64 Milliseconds = Time->QuadPart / TICKS_PER_MILLISECOND, Days, Era, OfEra, Year, OfYear,
           Since;
    LONG OfDay;

    Days = Milliseconds / (SECONDS_PER_DAY * 1000);
    OfDay = (LONG)(Milliseconds % (SECONDS_PER_DAY * 1000));
    TimeFields->Milliseconds = (SHORT)(OfDay % 1000);
    OfDay /= 1000;
    TimeFields->Second = (SHORT)(OfDay % 60);
    TimeFields->Minute = (SHORT)(OfDay / 60 % 60);
    TimeFields->Hour = (SHORT)(OfDay / 3600);
    TimeFields->Weekday = (SHORT)((Days + 1) % 7); /* 1601-01-01 was a Monday */

    Days += 306;
    Era = Days / DAYS_PER_400_YEARS;
    OfEra = Days % DAYS_PER_400_YEARS;
    Year = (OfEra - OfEra / 1460 + OfEra / 36524 - OfEra / 146096) / 365;
    OfYear = OfEra - (365 * Year + Year / 4 - Year / 100);
    Since = (5 * OfYear + 2) / 153;
    TimeFields->Day = (SHORT)(OfYear - (153 * Since + 2) / 5 + 1);
    TimeFields->Month = (SHORT)(Since < 10 ? Since + 3 : Since - 9);
    TimeFields->Year = (SHORT)(1600 + Era * 400 + Year + (TimeFields->Month <= 2 ? 1 : 0));
}

static BOOLEAN
RtlpIsLeap(LONG Year)
{
    return (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;
}

BOOLEAN NTAPI
RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
    static const UCHAR DaysIn[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    LONG Year = TimeFields->Year, Month = TimeFields->Month, Day = TimeFields->Day;

    if (Year < 1601 || Month < 1 || Month > 12 || Day < 1 ||
        Day > DaysIn[Month - 1] + (Month == 2 && RtlpIsLeap(Year) ? 1 : 0) ||
        TimeFields->Hour < 0 || TimeFields->Hour > 23 || TimeFields->Minute < 0 ||
        TimeFields->Minute > 59 || TimeFields->Second < 0 || TimeFields->Second > 59 ||
        TimeFields->Milliseconds < 0 || TimeFields->Milliseconds > 999) {
        return FALSE;
    }
    Time->QuadPart = (RtlpDays(Year, Month, Day) * SECONDS_PER_DAY + TimeFields->Hour * 3600 +
                      TimeFields->Minute * 60 + TimeFields->Second) *
                         TICKS_PER_SECOND +
                     TimeFields->Milliseconds * TICKS_PER_MILLISECOND;
    return TRUE;
}

static BOOLEAN
RtlpToSeconds(PLARGE_INTEGER Time, LONG64 FirstDay, PULONG Seconds)
{
    LONG64 Elapsed = Time->QuadPart / TICKS_PER_SECOND - FirstDay * SECONDS_PER_DAY;

    if (Elapsed < 0 || Elapsed > 0xFFFFFFFFll) {
        return FALSE;
    }
    *Seconds = (ULONG)Elapsed;
    return TRUE;
}

BOOLEAN NTAPI
RtlTimeToSecondsSince1970(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpToSeconds(Time, DAYS_1601_TO_1970, ElapsedSeconds);
}

BOOLEAN NTAPI
RtlTimeToSecondsSince1980(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpToSeconds(Time, DAYS_1601_TO_1980, ElapsedSeconds);
}

VOID NTAPI
RtlSecondsSince1970ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart =
        ((LONG64)DAYS_1601_TO_1970 * SECONDS_PER_DAY + ElapsedSeconds) * TICKS_PER_SECOND;
}

VOID NTAPI
RtlSecondsSince1980ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart =
        ((LONG64)DAYS_1601_TO_1980 * SECONDS_PER_DAY + ElapsedSeconds) * TICKS_PER_SECOND;
}

VOID NTAPI
RtlTimeToElapsedTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    LONG64 Milliseconds = Time->QuadPart / TICKS_PER_MILLISECOND;

    TimeFields->Year = 0;
    TimeFields->Month = 0;
    TimeFields->Weekday = 0;
    TimeFields->Day = (SHORT)(Milliseconds / (SECONDS_PER_DAY * 1000));
    TimeFields->Hour = (SHORT)(Milliseconds / 3600000 % 24);
    TimeFields->Minute = (SHORT)(Milliseconds / 60000 % 60);
    TimeFields->Second = (SHORT)(Milliseconds / 1000 % 60);
    TimeFields->Milliseconds = (SHORT)(Milliseconds % 1000);
}
