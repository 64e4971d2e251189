/*
 * datetime.c - dates and times as text, in the one locale that there is: English (United States).
 *
 * A picture is walked once; letters are fields, what stands between single quotes is itself.
 * Facts: GetDateFormat, GetTimeFormat, "Day, Month, Year, and Era Format Pictures", "Hour, Minute, and Second
 * Format Pictures".
 */
#include "user/kernel32/base.h"

#define BASE_TEXT_ROOM 256

static const PCWSTR BaseDays[] = {L"Sunday",   L"Monday", L"Tuesday", L"Wednesday",
                                  L"Thursday", L"Friday", L"Saturday"};
static const PCWSTR BaseMonths[] = {L"January",   L"February", L"March",    L"April",
                                    L"May",       L"June",     L"July",     L"August",
                                    L"September", L"October",  L"November", L"December"};

typedef struct _BASE_TEXT {
    WCHAR Text[BASE_TEXT_ROOM];
    int Length;
} BASE_TEXT, *PBASE_TEXT;

static VOID
BasePut(PBASE_TEXT Out, PCWSTR Text, int Limit)
{
    for (int i = 0; Text[i] != 0 && i < Limit && Out->Length < BASE_TEXT_ROOM - 1; i++) {
        Out->Text[Out->Length++] = Text[i];
    }
}

static VOID
BasePutNumber(PBASE_TEXT Out, ULONG Value, int Digits)
{
    WCHAR Text[16];

    _snwprintf(Text, RTL_NUMBER_OF(Text), L"%0*u", Digits, Value);
    BasePut(Out, Text, 16);
}

static VOID
BaseDateField(PBASE_TEXT Out, WCHAR Letter, int Count, const SYSTEMTIME *Date)
{
    switch (Letter) {
    case L'd':
        if (Count <= 2) {
            BasePutNumber(Out, Date->wDay, Count);
        } else {
            BasePut(Out, BaseDays[Date->wDayOfWeek], Count == 3 ? 3 : 99);
        }
        break;
    case L'M':
        if (Count <= 2) {
            BasePutNumber(Out, Date->wMonth, Count);
        } else {
            BasePut(Out, BaseMonths[Date->wMonth - 1], Count == 3 ? 3 : 99);
        }
        break;
    case L'y':
        BasePutNumber(Out, Count <= 2 ? Date->wYear % 100 : Date->wYear, Count <= 2 ? Count : 4);
        break;
    case L'g':
        BasePut(Out, L"A.D.", 99);
        break;
    }
}

static VOID
BaseTimeField(PBASE_TEXT Out, WCHAR Letter, int Count, const SYSTEMTIME *Time)
{
    Count = Count > 2 ? 2 : Count;
    switch (Letter) {
    case L'h':
        BasePutNumber(Out, Time->wHour % 12 != 0 ? Time->wHour % 12 : 12, Count);
        break;
    case L'H':
        BasePutNumber(Out, Time->wHour, Count);
        break;
    case L'm':
        BasePutNumber(Out, Time->wMinute, Count);
        break;
    case L's':
        BasePutNumber(Out, Time->wSecond, Count);
        break;
    case L't':
        BasePut(Out, Time->wHour < 12 ? L"AM" : L"PM", Count);
        break;
    }
}

static int
BaseFormat(PCWSTR Picture, PCWSTR Letters, const SYSTEMTIME *Time, LPWSTR Buffer, int Room,
           VOID (*Field)(PBASE_TEXT, WCHAR, int, const SYSTEMTIME *))
{
    BASE_TEXT Out = {.Length = 0};

    while (*Picture != 0) {
        WCHAR Letter = *Picture;
        int Count = 1;

        if (Letter == L'\'') {
            for (Picture++; *Picture != 0; Picture++) {
                if (*Picture == L'\'' && *++Picture != L'\'') {
                    break; /* two of them are one, inside */
                }
                BasePut(&Out, Picture, 1);
            }
            continue;
        }
        if (wcschr(Letters, Letter) == NULL) {
            BasePut(&Out, Picture++, 1);
            continue;
        }
        while (Picture[Count] == Letter) {
            Count++;
        }
        Field(&Out, Letter, Count, Time);
        Picture += Count;
    }
    Out.Text[Out.Length++] = 0;
    if (Room == 0) {
        return Out.Length;
    }
    if (Buffer == NULL || Room < Out.Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    RtlCopyMemory(Buffer, Out.Text, Out.Length * sizeof(WCHAR));
    return Out.Length;
}

/* The date with its day of the week, whatever that field says; FALSE if there is no such date. */
static BOOL
BaseFullDate(const SYSTEMTIME *Given, PSYSTEMTIME Date)
{
    FILETIME File;

    if (Given == NULL) {
        GetLocalTime(Date);
        return TRUE;
    }
    *Date = *Given;
    Date->wHour = Date->wMinute = Date->wSecond = Date->wMilliseconds = 0;
    return SystemTimeToFileTime(Date, &File) && FileTimeToSystemTime(&File, Date);
}

int WINAPI
GetDateFormatW(LCID Locale, DWORD Flags, const SYSTEMTIME *Given, LPCWSTR Format, LPWSTR Buffer,
               int Room)
{
    SYSTEMTIME Date;

    if (Room < 0 || !BaseFullDate(Given, &Date)) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (Format != NULL && (Flags & (DATE_SHORTDATE | DATE_LONGDATE | DATE_YEARMONTH)) != 0) {
        BaseFailWith(ERROR_INVALID_FLAGS);
        return 0;
    }
    if (Format == NULL) {
        Format = Flags & DATE_LONGDATE    ? L"dddd, MMMM d, yyyy"
                 : Flags & DATE_YEARMONTH ? L"MMMM yyyy"
                                          : L"M/d/yyyy";
    }
    return BaseFormat(Format, L"dMyg", &Date, Buffer, Room, BaseDateField);
}

int WINAPI
GetTimeFormatW(LCID Locale, DWORD Flags, const SYSTEMTIME *Given, LPCWSTR Format, LPWSTR Buffer,
               int Room)
{
    SYSTEMTIME Now;
    WCHAR Picture[24];

    if (Given == NULL) {
        GetLocalTime(&Now);
        Given = &Now;
    }
    if (Room < 0 || Given->wHour > 23 || Given->wMinute > 59 || Given->wSecond > 59) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (Format == NULL) {
        wcscpy(Picture, Flags & TIME_FORCE24HOURFORMAT ? L"HH" : L"h");
        if ((Flags & TIME_NOMINUTESORSECONDS) == 0) {
            wcscat(Picture, Flags & TIME_NOSECONDS ? L":mm" : L":mm:ss");
        }
        if ((Flags & (TIME_NOTIMEMARKER | TIME_FORCE24HOURFORMAT)) == 0) {
            wcscat(Picture, L" tt");
        }
        Format = Picture;
    }
    return BaseFormat(Format, L"hHmst", Given, Buffer, Room, BaseTimeField);
}

int WINAPI
GetDateFormatEx(LPCWSTR Locale, DWORD Flags, const SYSTEMTIME *Date, LPCWSTR Format, LPWSTR Buffer,
                int Room, LPCWSTR Calendar)
{
    return GetDateFormatW(0, Flags, Date, Format, Buffer, Room);
}

int WINAPI
GetTimeFormatEx(LPCWSTR Locale, DWORD Flags, const SYSTEMTIME *Time, LPCWSTR Format, LPWSTR Buffer,
                int Room)
{
    return GetTimeFormatW(0, Flags, Time, Format, Buffer, Room);
}

static int
BaseFormatA(int(WINAPI *Wide)(LCID, DWORD, const SYSTEMTIME *, LPCWSTR, LPWSTR, int), LCID Locale,
            DWORD Flags, const SYSTEMTIME *Time, LPCSTR Format, LPSTR Buffer, int Room)
{
    WCHAR Text[BASE_TEXT_ROOM];
    UNICODE_STRING Picture;
    int Length;

    if (!BaseToWide(&Picture, Format)) {
        return 0;
    }
    Length = Wide(Locale, Flags, Time, Picture.Buffer, Text, BASE_TEXT_ROOM);
    RtlFreeUnicodeString(&Picture);
    if (Length == 0 || Room == 0) {
        return Length;
    }
    if (Room < Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    BaseToAnsi(Text, Length - 1, Buffer, Room);
    return Length;
}

int WINAPI
GetDateFormatA(LCID Locale, DWORD Flags, const SYSTEMTIME *Date, LPCSTR Format, LPSTR Buffer,
               int Room)
{
    return BaseFormatA(GetDateFormatW, Locale, Flags, Date, Format, Buffer, Room);
}

int WINAPI
GetTimeFormatA(LCID Locale, DWORD Flags, const SYSTEMTIME *Time, LPCSTR Format, LPSTR Buffer,
               int Room)
{
    return BaseFormatA(GetTimeFormatW, Locale, Flags, Time, Format, Buffer, Room);
}
