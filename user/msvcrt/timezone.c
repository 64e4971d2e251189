/*
 * timezone.c - the local time zone: the variable TZ, else the system's.
 *
 * TZ, as documented: three letters, hours with an optional sign (west is positive), optional
 * minutes and seconds, and three more letters if daylight time is used, which then follows the
 * rules of the United States (second Sunday of March to first Sunday of November since 2007, and
 * what held before).
 */
#include "crt.h"
#include "crtdata.h"

static void
CopyName(char *Target, const wchar_t *Source)
{
    int i;

    for (i = 0; i < 63 && Source[i] != 0; i++) {
        Target[i] = Source[i] < 256 ? (char)Source[i] : '?';
    }
    Target[i] = 0;
}

static const char *
ParseVariable(const char *p)
{
    int Sign = 1, i;
    long Parts[3] = {0, 0, 0};

    for (i = 0; i < 3 && *p != 0; i++) {
        _tzname[0][i] = *p++;
    }
    _tzname[0][i] = 0;
    if (*p == '-' || *p == '+') {
        Sign = *p++ == '-' ? -1 : 1;
    }
    for (i = 0; i < 3; i++) {
        while (*p >= '0' && *p <= '9') {
            Parts[i] = Parts[i] * 10 + (*p++ - '0');
        }
        if (*p != ':') {
            break;
        }
        p++;
    }
    _timezone = Sign * (Parts[0] * 3600 + Parts[1] * 60 + Parts[2]);
    for (i = 0; i < 3 && *p != 0; i++) {
        _tzname[1][i] = *p++;
    }
    _tzname[1][i] = 0;
    _daylight = i != 0;
    _dstbias = -3600;
    return p;
}

void
_tzset(void)
{
    const char *Variable = getenv("TZ");

    _lock(CRT_LOCK_TIME);
    CrtZoneFromVariable = Variable != NULL && *Variable != 0;
    if (CrtZoneFromVariable) {
        ParseVariable(Variable);
    } else if (GetTimeZoneInformation(&CrtZone) != TIME_ZONE_ID_INVALID) {
        _timezone = CrtZone.Bias * 60;
        if (CrtZone.StandardDate.wMonth != 0) {
            _timezone += CrtZone.StandardBias * 60;
        }
        _daylight = CrtZone.DaylightDate.wMonth != 0 && CrtZone.DaylightBias != 0;
        _dstbias = _daylight ? (CrtZone.DaylightBias - CrtZone.StandardBias) * 60 : 0;
        CopyName(_tzname[0], CrtZone.StandardName);
        CopyName(_tzname[1], CrtZone.DaylightName);
    }
    CrtTimeZoneSet = 1;
    _unlock(CRT_LOCK_TIME);
}

void
CrtTzset(void)
{
    if (!CrtTimeZoneSet) {
        _tzset();
    }
}

/* Seconds into the year of a rule: the n-th (5: last) weekday of a month, or with a year a date. */
static __int64
RuleTime(const SYSTEMTIME *Rule, int Year)
{
    __int64 First = CrtDays(Year, Rule->wMonth - 1, 1), Day;
    __int64 Next = Rule->wMonth == 12 ? CrtDays(Year + 1, 0, 1) : CrtDays(Year, Rule->wMonth, 1);

    if (Rule->wYear != 0) {
        Day = First + Rule->wDay - 1;
    } else {
        Day = First + ((int)Rule->wDayOfWeek - (int)((First + 4) % 7) + 7) % 7;
        Day += 7 * (Rule->wDay - 1);
        while (Day >= Next) {
            Day -= 7;
        }
    }
    return (Day - CrtDays(Year, 0, 1)) * 86400 + Rule->wHour * 3600 + Rule->wMinute * 60 +
           Rule->wSecond;
}

/* Whether local standard time Tm (year and time of the year count) lies in daylight time. */
int
CrtIsDaylight(const struct tm *Tm)
{
    SYSTEMTIME Begin = CrtZone.DaylightDate, Stop = CrtZone.StandardDate;
    __int64 Now = Tm->tm_yday * 86400ll + Tm->tm_hour * 3600 + Tm->tm_min * 60 + Tm->tm_sec;
    __int64 From, To;
    int Year = Tm->tm_year + 1900;

    if (CrtZoneFromVariable) {
        memset(&Begin, 0, sizeof(Begin));
        memset(&Stop, 0, sizeof(Stop));
        Begin.wHour = Stop.wHour = 2;
        Begin.wMonth = Year >= 2007 ? 3 : 4;
        Begin.wDay = Year >= 2007 ? 2 : Year >= 1987 ? 1 : 5;
        Stop.wMonth = Year >= 2007 ? 11 : 10;
        Stop.wDay = Year >= 2007 ? 1 : 5;
    }
    if (Begin.wMonth == 0 || Stop.wMonth == 0) {
        return 0;
    }
    From = RuleTime(&Begin, Year);
    To = RuleTime(&Stop, Year) + _dstbias; /* that one is given in daylight time */
    return From < To ? Now >= From && Now < To : Now >= From || Now < To;
}

errno_t
_get_timezone(long *Seconds)
{
    *Seconds = _timezone;
    return 0;
}

errno_t
_get_daylight(int *Hours)
{
    *Hours = _daylight;
    return 0;
}

errno_t
_get_dstbias(long *Seconds)
{
    *Seconds = _dstbias;
    return 0;
}
