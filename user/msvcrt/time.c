/*
 * time.c - the clock and the calendar.
 *
 * Times are seconds since 1970 in UTC; days are counted in the proleptic Gregorian calendar.
 * Documented range of the 64-bit functions: 1970 to the end of 3000. The clock is the system's, so
 * a run's times are as reproducible as that is.
 */
#include "crt.h"
#include "crtdata.h"

#define EPOCH    116444736000000000ll /* 1970 in units of 100 ns since 1601 */
#define MAX_TIME 32536850399ll        /* 3001-01-01 23:59:59 less what documentation reserves */

const unsigned short CrtDaysBefore[2][13] = {
    {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
    {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366},
};

static int
IsLeap(__int64 Year)
{
    return Year % 4 == 0 && (Year % 100 != 0 || Year % 400 == 0);
}

/* Days from 1970-01-01; Month 0 to 11, Day from 1. */
__int64
CrtDays(__int64 Year, int Month, int Day)
{
    __int64 y = Year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + CrtDaysBefore[IsLeap(Year)][Month] + Day -
           1;
}

__int64
CrtFileTimeToTime(const FILETIME *FileTime)
{
    __int64 Ticks = ((__int64)FileTime->dwHighDateTime << 32) | FileTime->dwLowDateTime;

    return Ticks == 0 ? 0 : (Ticks - EPOCH) / 10000000;
}

void
CrtTimeToFileTime(__int64 Time, FILETIME *FileTime)
{
    __int64 Ticks = Time * 10000000 + EPOCH;

    FileTime->dwLowDateTime = (DWORD)Ticks;
    FileTime->dwHighDateTime = (DWORD)(Ticks >> 32);
}

/* Seconds, in whatever zone, to the fields; tm_isdst is left 0. */
int
CrtBreakDown(__int64 Time, struct tm *Tm)
{
    __int64 Days = Time / 86400, Year;
    int Seconds = (int)(Time % 86400), Month;

    if (Seconds < 0) {
        Seconds += 86400;
        Days--;
    }
    Year = 1970 + Days / 366;
    while (CrtDays(Year + 1, 0, 1) <= Days) {
        Year++;
    }
    while (CrtDays(Year, 0, 1) > Days) {
        Year--;
    }
    Tm->tm_year = (int)(Year - 1900);
    Tm->tm_yday = (int)(Days - CrtDays(Year, 0, 1));
    Tm->tm_wday = (int)(((Days + 4) % 7 + 7) % 7);
    for (Month = 0; CrtDaysBefore[IsLeap(Year)][Month + 1] <= Tm->tm_yday; Month++) {
    }
    Tm->tm_mon = Month;
    Tm->tm_mday = Tm->tm_yday - CrtDaysBefore[IsLeap(Year)][Month] + 1;
    Tm->tm_hour = Seconds / 3600;
    Tm->tm_min = Seconds / 60 % 60;
    Tm->tm_sec = Seconds % 60;
    Tm->tm_isdst = 0;
    return 0;
}

__time64_t
_time64(__time64_t *Time)
{
    FILETIME Now;
    __time64_t Seconds;

    GetSystemTimeAsFileTime(&Now);
    Seconds = CrtFileTimeToTime(&Now);
    if (Time != NULL) {
        *Time = Seconds;
    }
    return Seconds;
}

__time32_t
_time32(__time32_t *Time)
{
    __time32_t Seconds = (__time32_t)_time64(NULL);

    if (Time != NULL) {
        *Time = Seconds;
    }
    return Seconds;
}

/* Milliseconds since the process began. */
clock_t
clock(void)
{
    FILETIME Now;
    __int64 Start = ((__int64)CrtStartTime.dwHighDateTime << 32) | CrtStartTime.dwLowDateTime;

    GetSystemTimeAsFileTime(&Now);
    return (clock_t)(((((__int64)Now.dwHighDateTime << 32) | Now.dwLowDateTime) - Start) / 10000);
}

errno_t
_gmtime64_s(struct tm *Tm, const __time64_t *Time)
{
    if (Tm == NULL || Time == NULL || *Time < -43200 || *Time > MAX_TIME) {
        if (Tm != NULL) {
            memset(Tm, 0xFF, sizeof(*Tm));
        }
        return errno = EINVAL;
    }
    CrtBreakDown(*Time, Tm);
    return 0;
}

struct tm *
_gmtime64(const __time64_t *Time)
{
    struct tm *Tm = &CrtThread()->Tm;

    return _gmtime64_s(Tm, Time) == 0 ? Tm : NULL;
}

errno_t
_localtime64_s(struct tm *Tm, const __time64_t *Time)
{
    if (Tm == NULL || Time == NULL || *Time < 0 || *Time > MAX_TIME) {
        if (Tm != NULL) {
            memset(Tm, 0xFF, sizeof(*Tm));
        }
        return errno = EINVAL;
    }
    CrtTzset();
    CrtBreakDown(*Time - _timezone, Tm);
    if (_daylight != 0 && CrtIsDaylight(Tm)) {
        CrtBreakDown(*Time - _timezone - _dstbias, Tm);
        Tm->tm_isdst = 1;
    }
    return 0;
}

struct tm *
_localtime64(const __time64_t *Time)
{
    struct tm *Tm = &CrtThread()->Tm;

    return _localtime64_s(Tm, Time) == 0 ? Tm : NULL;
}

/* The fields, taken as they are, to seconds; they may be out of range. */
static __int64
Gather(const struct tm *Tm)
{
    __int64 Year = 1900ll + Tm->tm_year + Tm->tm_mon / 12;
    int Month = Tm->tm_mon % 12;

    if (Month < 0) {
        Month += 12;
        Year--;
    }
    return (CrtDays(Year, Month, 1) + Tm->tm_mday - 1) * 86400 + Tm->tm_hour * 3600ll +
           Tm->tm_min * 60ll + Tm->tm_sec;
}

__time64_t
_mkgmtime64(struct tm *Tm)
{
    __int64 Time = Gather(Tm);

    if (Time < 0 || Time > MAX_TIME) {
        return CrtFail(EINVAL);
    }
    CrtBreakDown(Time, Tm);
    return Time;
}

__time64_t
_mktime64(struct tm *Tm)
{
    __int64 Time = Gather(Tm), Local = Time;
    struct tm Fields;

    CrtTzset();
    Time += _timezone;
    CrtBreakDown(Local, &Fields);
    if (Tm->tm_isdst > 0 || (Tm->tm_isdst < 0 && _daylight != 0 && CrtIsDaylight(&Fields))) {
        Time += _dstbias;
    }
    if (Time < 0 || Time > MAX_TIME) {
        return CrtFail(EINVAL);
    }
    _localtime64_s(Tm, &Time);
    return Time;
}

double
_difftime64(__time64_t End, __time64_t Start)
{
    return (double)(End - Start);
}

/* 32-bit times: the same through a wider one. */
errno_t
_gmtime32_s(struct tm *Tm, const __time32_t *Time)
{
    __time64_t Wide = Time != NULL ? *Time : -1000000;

    return _gmtime64_s(Tm, &Wide);
}

struct tm *
_gmtime32(const __time32_t *Time)
{
    __time64_t Wide = Time != NULL ? *Time : 0;

    return _gmtime64(Time != NULL ? &Wide : NULL);
}

errno_t
_localtime32_s(struct tm *Tm, const __time32_t *Time)
{
    __time64_t Wide = Time != NULL ? *Time : -1;

    return _localtime64_s(Tm, &Wide);
}

struct tm *
_localtime32(const __time32_t *Time)
{
    __time64_t Wide = Time != NULL ? *Time : 0;

    return _localtime64(Time != NULL ? &Wide : NULL);
}

__time32_t
_mktime32(struct tm *Tm)
{
    __time64_t Time = _mktime64(Tm);

    return Time > LONG_MAX ? CrtFail(EINVAL) : (__time32_t)Time;
}

__time32_t
_mkgmtime32(struct tm *Tm)
{
    __time64_t Time = _mkgmtime64(Tm);

    return Time > LONG_MAX ? CrtFail(EINVAL) : (__time32_t)Time;
}

double
_difftime32(__time32_t End, __time32_t Start)
{
    return (double)End - (double)Start;
}

errno_t
_ftime64_s(struct __timeb64 *Time)
{
    FILETIME Now;
    __int64 Ticks;
    struct tm *Local, Tm;

    if (Time == NULL) {
        return errno = EINVAL;
    }
    CrtTzset();
    GetSystemTimeAsFileTime(&Now);
    Ticks = ((__int64)Now.dwHighDateTime << 32) | Now.dwLowDateTime;
    Time->time = (Ticks - EPOCH) / 10000000;
    Time->millitm = (unsigned short)(Ticks / 10000 % 1000);
    Time->timezone = (short)(_timezone / 60);
    Local = _localtime64_s(&Tm, &Time->time) == 0 ? &Tm : NULL;
    Time->dstflag = Local != NULL && Local->tm_isdst > 0;
    return 0;
}

void
_ftime64(struct __timeb64 *Time)
{
    _ftime64_s(Time);
}

errno_t
_ftime32_s(struct __timeb32 *Time)
{
    struct __timeb64 Wide;

    if (Time == NULL) {
        return errno = EINVAL;
    }
    _ftime64_s(&Wide);
    Time->time = (__time32_t)Wide.time;
    Time->millitm = Wide.millitm;
    Time->timezone = Wide.timezone;
    Time->dstflag = Wide.dstflag;
    return 0;
}

void
_ftime32(struct __timeb32 *Time)
{
    _ftime32_s(Time);
}
