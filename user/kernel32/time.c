/*
 * time.c - clocks and calendars. The time zone is UTC, without daylight saving.
 */
#include "user/kernel32/base.h"

#define TICKS_PER_MINUTE 600000000ll
#define TICKS_PER_DAY    (1440 * TICKS_PER_MINUTE)
#define DAYS_TO_1601     584694 /* days from 0000-03-01 of the proleptic Gregorian calendar */

VOID WINAPI
GetSystemTimeAsFileTime(LPFILETIME Time)
{
    LARGE_INTEGER Now = {.QuadPart = 0};

    NtQuerySystemTime(&Now);
    Time->dwLowDateTime = Now.LowPart;
    Time->dwHighDateTime = Now.HighPart;
}

static BOOL
BaseIsLeap(ULONG Year)
{
    return (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;
}

static ULONG
BaseMonthDays(ULONG Year, ULONG Month)
{
    static const UCHAR Days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return Days[Month - 1] + (Month == 2 && BaseIsLeap(Year));
}

/* Civil date from a day count that begins on 1 March: the leap day is the last of its year. */
BOOL WINAPI
FileTimeToSystemTime(const FILETIME *FileTime, LPSYSTEMTIME System)
{
    LONGLONG Ticks =
        (LONGLONG)(((ULONG64)FileTime->dwHighDateTime << 32) | FileTime->dwLowDateTime);
    ULONG Days, Era, DayOfEra, YearOfEra, DayOfYear, MonthIndex;
    ULONG Milliseconds;

    if (Ticks < 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Days = (ULONG)(Ticks / TICKS_PER_DAY);
    Milliseconds = (ULONG)(Ticks % TICKS_PER_DAY / 10000);
    System->wDayOfWeek = (WORD)((Days + 1) % 7); /* 1601-01-01 was a Monday */
    Days += DAYS_TO_1601;
    Era = Days / 146097;
    DayOfEra = Days % 146097;
    YearOfEra = (DayOfEra - DayOfEra / 1460 + DayOfEra / 36524 - DayOfEra / 146096) / 365;
    DayOfYear = DayOfEra - (365 * YearOfEra + YearOfEra / 4 - YearOfEra / 100);
    MonthIndex = (5 * DayOfYear + 2) / 153;
    System->wDay = (WORD)(DayOfYear - (153 * MonthIndex + 2) / 5 + 1);
    System->wMonth = (WORD)(MonthIndex < 10 ? MonthIndex + 3 : MonthIndex - 9);
    System->wYear = (WORD)(YearOfEra + Era * 400 + (System->wMonth <= 2));
    System->wHour = (WORD)(Milliseconds / 3600000);
    System->wMinute = (WORD)(Milliseconds / 60000 % 60);
    System->wSecond = (WORD)(Milliseconds / 1000 % 60);
    System->wMilliseconds = (WORD)(Milliseconds % 1000);
    return TRUE;
}

BOOL WINAPI
SystemTimeToFileTime(const SYSTEMTIME *System, LPFILETIME FileTime)
{
    ULONG Year = System->wYear, Month = System->wMonth, YearOfEra, DayOfYear;
    LONGLONG Days, Ticks;

    if (Year < 1601 || Year > 30827 || Month < 1 || Month > 12 || System->wDay < 1 ||
        System->wDay > BaseMonthDays(Year, Month) || System->wHour > 23 || System->wMinute > 59 ||
        System->wSecond > 59 || System->wMilliseconds > 999) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Year -= Month <= 2;
    YearOfEra = Year % 400;
    DayOfYear = (153 * (Month > 2 ? Month - 3 : Month + 9) + 2) / 5 + System->wDay - 1;
    Days = (LONGLONG)(Year / 400) * 146097 + YearOfEra * 365 + YearOfEra / 4 - YearOfEra / 100 +
           DayOfYear - DAYS_TO_1601;
    Ticks = Days * TICKS_PER_DAY +
            (((LONGLONG)System->wHour * 60 + System->wMinute) * 60 + System->wSecond) * 10000000ll +
            System->wMilliseconds * 10000ll;
    FileTime->dwLowDateTime = (DWORD)Ticks;
    FileTime->dwHighDateTime = (DWORD)(Ticks >> 32);
    return TRUE;
}

VOID WINAPI
GetSystemTime(LPSYSTEMTIME System)
{
    FILETIME Time;

    GetSystemTimeAsFileTime(&Time);
    FileTimeToSystemTime(&Time, System);
}

VOID WINAPI
GetLocalTime(LPSYSTEMTIME Local)
{
    GetSystemTime(Local);
}

BOOL WINAPI
SetSystemTime(const SYSTEMTIME *System)
{
    FILETIME Time;
    LARGE_INTEGER New;

    if (!SystemTimeToFileTime(System, &Time)) {
        return FALSE;
    }
    New.LowPart = Time.dwLowDateTime;
    New.HighPart = Time.dwHighDateTime;
    return BaseResult(NtSetSystemTime(&New, NULL));
}

BOOL WINAPI
FileTimeToLocalFileTime(const FILETIME *Time, LPFILETIME Local)
{
    *Local = *Time;
    return TRUE;
}

/* One zone, whatever the year. */
BOOL WINAPI
GetTimeZoneInformationForYear(USHORT Year, PDYNAMIC_TIME_ZONE_INFORMATION Dynamic,
                              LPTIME_ZONE_INFORMATION Zone)
{
    if (Dynamic != NULL) {
        RtlCopyMemory(Zone, Dynamic, sizeof(*Zone)); /* a dynamic one begins as a plain one does */
        return TRUE;
    }
    RtlQueryTimeZoneInformation(Zone);
    return TRUE;
}

static LONGLONG
BaseTicks(const FILETIME *Time)
{
    return (LONGLONG)(((ULONG64)Time->dwHighDateTime << 32) | Time->dwLowDateTime);
}

/* When a zone changes in Year: a date, or, without a year, the wDay-th (5: last) wDayOfWeek of a month. */
static LONGLONG
BaseTransition(const SYSTEMTIME *Rule, WORD Year)
{
    SYSTEMTIME Date = *Rule;
    FILETIME Time;
    LONG Day;

    if (Rule->wYear == 0) {
        Date.wYear = Year;
        Date.wDay = 1;
        if (!SystemTimeToFileTime(&Date, &Time)) {
            return 0;
        }
        Day = (LONG)(BaseTicks(&Time) / TICKS_PER_DAY + 1) % 7; /* 1601 began on a Monday */
        Day = 1 + (Rule->wDayOfWeek + 7 - Day) % 7 + 7 * (Rule->wDay - 1);
        for (; Day > 28; Day -= 7) {
            Date.wDay = (WORD)Day;
            if (SystemTimeToFileTime(&Date, &Time)) {
                break;
            }
        }
        Date.wDay = (WORD)Day;
    }
    return SystemTimeToFileTime(&Date, &Time) ? BaseTicks(&Time) : 0;
}

/*
 * Minutes from local time to UTC at Ticks. The beginning of daylight time is told in standard time and its end in
 * daylight time; each is compared with what a clock would show that goes so. Local: Ticks are what it shows.
 */
static LONG
BaseBiasAt(const TIME_ZONE_INFORMATION *Zone, LONGLONG Ticks, BOOL Local)
{
    LONGLONG Standard = Ticks, Daylight = Ticks, Begin, End;
    LONG StandardBias = Zone->Bias + Zone->StandardBias;
    LONG DaylightBias = Zone->Bias + Zone->DaylightBias;
    BOOL After, Before;
    FILETIME Time;
    SYSTEMTIME Year;

    if (Zone->StandardDate.wMonth == 0 || Zone->DaylightDate.wMonth == 0) {
        return Zone->Bias;
    }
    if (!Local) {
        Standard -= StandardBias * TICKS_PER_MINUTE;
        Daylight -= DaylightBias * TICKS_PER_MINUTE;
    }
    Time.dwLowDateTime = (DWORD)Standard;
    Time.dwHighDateTime = (DWORD)(Standard >> 32);
    if (!FileTimeToSystemTime(&Time, &Year)) {
        return Zone->Bias;
    }
    Begin = BaseTransition(&Zone->DaylightDate, Year.wYear);
    End = BaseTransition(&Zone->StandardDate, Year.wYear);
    After = Standard >= Begin;
    Before = Daylight < End;
    return (Begin < End ? After && Before : After || Before) ? DaylightBias : StandardBias;
}

static BOOL
BaseShift(const TIME_ZONE_INFORMATION *Zone, const SYSTEMTIME *From, LPSYSTEMTIME To, BOOL Local)
{
    TIME_ZONE_INFORMATION Current;
    FILETIME Time;
    LONGLONG Ticks, Bias;

    if (!SystemTimeToFileTime(From, &Time)) {
        return FALSE;
    }
    if (Zone == NULL) {
        GetTimeZoneInformation(&Current);
        Zone = &Current;
    }
    Ticks = BaseTicks(&Time);
    Bias = BaseBiasAt(Zone, Ticks, Local) * TICKS_PER_MINUTE;
    Ticks += Local ? Bias : -Bias;
    Time.dwLowDateTime = (DWORD)Ticks;
    Time.dwHighDateTime = (DWORD)(Ticks >> 32);
    return FileTimeToSystemTime(&Time, To);
}

BOOL WINAPI
SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION *Zone, const SYSTEMTIME *System,
                                LPSYSTEMTIME Local)
{
    return BaseShift(Zone, System, Local, FALSE);
}

BOOL WINAPI
TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION *Zone, const SYSTEMTIME *Local,
                                LPSYSTEMTIME System)
{
    return BaseShift(Zone, Local, System, TRUE);
}

LONG WINAPI
CompareFileTime(const FILETIME *First, const FILETIME *Second)
{
    ULONG64 A = ((ULONG64)First->dwHighDateTime << 32) | First->dwLowDateTime;
    ULONG64 B = ((ULONG64)Second->dwHighDateTime << 32) | Second->dwLowDateTime;

    return A < B ? -1 : A > B;
}

DWORD WINAPI
GetTimeZoneInformation(LPTIME_ZONE_INFORMATION Zone)
{
    RtlZeroMemory(Zone, sizeof(*Zone));
    wcscpy(Zone->StandardName, L"Coordinated Universal Time");
    wcscpy(Zone->DaylightName, L"Coordinated Universal Time");
    return TIME_ZONE_ID_UNKNOWN;
}

DWORD WINAPI
GetDynamicTimeZoneInformation(PDYNAMIC_TIME_ZONE_INFORMATION Zone)
{
    RtlZeroMemory(Zone, sizeof(*Zone));
    wcscpy(Zone->StandardName, L"Coordinated Universal Time");
    wcscpy(Zone->DaylightName, L"Coordinated Universal Time");
    wcscpy(Zone->TimeZoneKeyName, L"UTC");
    return TIME_ZONE_ID_UNKNOWN;
}

ULONGLONG WINAPI
GetTickCount64(VOID)
{
    LARGE_INTEGER Counter, Frequency;

    NtQueryPerformanceCounter(&Counter, &Frequency);
    return (ULONGLONG)(Counter.QuadPart / (Frequency.QuadPart / 1000));
}

DWORD WINAPI
GetTickCount(VOID)
{
    return (DWORD)GetTickCount64();
}

BOOL WINAPI
QueryPerformanceCounter(LARGE_INTEGER *Counter)
{
    return BaseResult(NtQueryPerformanceCounter(Counter, NULL));
}

BOOL WINAPI
QueryPerformanceFrequency(LARGE_INTEGER *Frequency)
{
    LARGE_INTEGER Counter;

    return BaseResult(NtQueryPerformanceCounter(&Counter, Frequency));
}

BOOL WINAPI
QueryUnbiasedInterruptTime(PULONGLONG Time)
{
    LARGE_INTEGER Counter, Frequency;

    if (Time == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    NtQueryPerformanceCounter(&Counter, &Frequency);
    *Time = (ULONGLONG)Counter.QuadPart * 10000000ull / (ULONGLONG)Frequency.QuadPart;
    return TRUE;
}

BOOL WINAPI
GetSystemTimeAdjustment(PDWORD Adjustment, PDWORD Increment, PBOOL Disabled)
{
    *Adjustment = *Increment = 156250;
    *Disabled = TRUE;
    return TRUE;
}

BOOL WINAPI
FileTimeToDosDateTime(const FILETIME *Time, LPWORD Date, LPWORD TimeOfDay)
{
    SYSTEMTIME System;

    if (!FileTimeToSystemTime(Time, &System) || System.wYear < 1980 || System.wYear > 2107) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    *Date = (WORD)((System.wYear - 1980) << 9 | System.wMonth << 5 | System.wDay);
    *TimeOfDay = (WORD)(System.wHour << 11 | System.wMinute << 5 | System.wSecond / 2);
    return TRUE;
}

BOOL WINAPI
DosDateTimeToFileTime(WORD Date, WORD TimeOfDay, LPFILETIME Time)
{
    SYSTEMTIME System = {0};

    System.wYear = (Date >> 9) + 1980;
    System.wMonth = (Date >> 5) & 15;
    System.wDay = Date & 31;
    System.wHour = TimeOfDay >> 11;
    System.wMinute = (TimeOfDay >> 5) & 63;
    System.wSecond = (TimeOfDay & 31) * 2;
    return SystemTimeToFileTime(&System, Time);
}
