/*
 * timetext.c - times as text: asctime, ctime, strftime and the date and time of now.
 */
#include "crt.h"
#include "crtdata.h"

const char *const CrtDayNames[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday"};
const char *const CrtMonthNames[12] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};

static int
IsValid(const struct tm *Tm)
{
    return Tm != NULL && (unsigned)Tm->tm_mon < 12 && (unsigned)Tm->tm_wday < 7 &&
           Tm->tm_mday >= 1 && Tm->tm_mday <= 31 && (unsigned)Tm->tm_hour < 24 &&
           (unsigned)Tm->tm_min < 60 && (unsigned)Tm->tm_sec <= 60 && Tm->tm_year >= 0;
}

typedef struct {
    char *Text;
    size_t Length, Size;
} TEXT;

static void
Char(TEXT *Text, char c)
{
    if (Text->Length < Text->Size) {
        Text->Text[Text->Length] = c;
    }
    Text->Length++;
}

static void
String(TEXT *Text, const char *s, int Limit)
{
    for (; *s != 0 && Limit-- != 0; s++) {
        Char(Text, *s);
    }
}

static void
Number(TEXT *Text, int Value, int Width, char Pad)
{
    char Digits[12];
    int Length;

    _itoa(Value, Digits, 10);
    for (Length = (int)strlen(Digits); Length < Width; Length++) {
        Char(Text, Pad);
    }
    String(Text, Digits, -1);
}

errno_t
asctime_s(char *Buffer, size_t Size, const struct tm *Tm)
{
    TEXT Text = {Buffer, 0, Size};

    if (Buffer == NULL || Size < 26 || !IsValid(Tm)) {
        if (Buffer != NULL && Size != 0) {
            *Buffer = 0;
        }
        return errno = EINVAL;
    }
    String(&Text, CrtDayNames[Tm->tm_wday], 3);
    Char(&Text, ' ');
    String(&Text, CrtMonthNames[Tm->tm_mon], 3);
    Char(&Text, ' ');
    Number(&Text, Tm->tm_mday, 2, CrtUniversal ? ' ' : '0'); /* both documented */
    Char(&Text, ' ');
    Number(&Text, Tm->tm_hour, 2, '0');
    Char(&Text, ':');
    Number(&Text, Tm->tm_min, 2, '0');
    Char(&Text, ':');
    Number(&Text, Tm->tm_sec, 2, '0');
    Char(&Text, ' ');
    Number(&Text, Tm->tm_year + 1900, 4, '0');
    String(&Text, "\n", 1);
    Char(&Text, 0);
    return 0;
}

char *
asctime(const struct tm *Tm)
{
    char *Buffer = CrtThread()->TimeText;

    return asctime_s(Buffer, 26, Tm) == 0 ? Buffer : NULL;
}

errno_t
_wasctime_s(wchar_t *Buffer, size_t Size, const struct tm *Tm)
{
    char Narrow[26];
    errno_t Status;
    int i;

    if (Buffer == NULL || Size < 26) {
        return errno = EINVAL;
    }
    Status = asctime_s(Narrow, sizeof(Narrow), Tm);
    for (i = 0; Status == 0 && i < 26; i++) {
        Buffer[i] = Narrow[i];
    }
    return Status;
}

wchar_t *
_wasctime(const struct tm *Tm)
{
    wchar_t *Buffer = CrtThread()->WideTimeText;

    return _wasctime_s(Buffer, 26, Tm) == 0 ? Buffer : NULL;
}

errno_t
_ctime64_s(char *Buffer, size_t Size, const __time64_t *Time)
{
    struct tm Tm;
    errno_t Status = _localtime64_s(&Tm, Time);

    return Status == 0 ? asctime_s(Buffer, Size, &Tm) : Status;
}

char *
_ctime64(const __time64_t *Time)
{
    char *Buffer = CrtThread()->TimeText;

    return _ctime64_s(Buffer, 26, Time) == 0 ? Buffer : NULL;
}

wchar_t *
_wctime64(const __time64_t *Time)
{
    struct tm Tm;

    return _localtime64_s(&Tm, Time) == 0 ? _wasctime(&Tm) : NULL;
}

char *
_ctime32(const __time32_t *Time)
{
    __time64_t Wide = *Time;

    return _ctime64(&Wide);
}

/* The week of the year, weeks beginning on day First. */
static int
Week(const struct tm *Tm, int First)
{
    return (Tm->tm_yday + 7 - (Tm->tm_wday - First + 7) % 7) / 7;
}

/* ISO 8601: week and year, weeks beginning on Monday, the first has the 4th of January. */
static int
IsoWeek(const struct tm *Tm, int *Year)
{
    int Monday = (Tm->tm_wday + 6) % 7, Number = (Tm->tm_yday - Monday + 10) / 7, Days;

    *Year = Tm->tm_year + 1900;
    if (Number < 1) {
        --*Year;
        Days = (int)(CrtDays(*Year + 1, 0, 1) - CrtDays(*Year, 0, 1));
        return (Tm->tm_yday + Days - Monday + 10) / 7;
    }
    Days = (int)(CrtDays(*Year + 1, 0, 1) - CrtDays(*Year, 0, 1));
    if (Number == 53 && Tm->tm_yday - Monday + 3 >= Days) {
        ++*Year;
        return 1;
    }
    return Number;
}

static void
Expand(TEXT *Text, const char *Format, const struct tm *Tm)
{
    int Hour12 = Tm->tm_hour % 12 == 0 ? 12 : Tm->tm_hour % 12, Width, Year;
    const char *p;

    for (p = Format; *p != 0; p++) {
        int Plain = 0; /* '#': no leading zeros, or the long form */

        if (*p != '%') {
            Char(Text, *p);
            continue;
        }
        p++;
        if (*p == '#') {
            Plain = 1;
            p++;
        } else if (*p == 'E' || *p == 'O') {
            p++;
        }
        Width = Plain ? 1 : 2;
        switch (*p) {
        case 'a':
            String(Text, CrtDayNames[Tm->tm_wday], 3);
            break;
        case 'A':
            String(Text, CrtDayNames[Tm->tm_wday], -1);
            break;
        case 'b':
        case 'h':
            String(Text, CrtMonthNames[Tm->tm_mon], 3);
            break;
        case 'B':
            String(Text, CrtMonthNames[Tm->tm_mon], -1);
            break;
        case 'c':
            Expand(Text, Plain ? "%#x %X" : "%x %X", Tm);
            break;
        case 'C':
            Number(Text, (Tm->tm_year + 1900) / 100, Width, '0');
            break;
        case 'd':
            Number(Text, Tm->tm_mday, Width, '0');
            break;
        case 'D':
            Expand(Text, "%m/%d/%y", Tm);
            break;
        case 'e':
            Number(Text, Tm->tm_mday, Width, ' ');
            break;
        case 'F':
            Expand(Text, "%Y-%m-%d", Tm);
            break;
        case 'g':
            IsoWeek(Tm, &Year);
            Number(Text, Year % 100, Width, '0');
            break;
        case 'G':
            IsoWeek(Tm, &Year);
            Number(Text, Year, 4, '0');
            break;
        case 'H':
            Number(Text, Tm->tm_hour, Width, '0');
            break;
        case 'I':
            Number(Text, Hour12, Width, '0');
            break;
        case 'j':
            Number(Text, Tm->tm_yday + 1, Plain ? 1 : 3, '0');
            break;
        case 'm':
            Number(Text, Tm->tm_mon + 1, Width, '0');
            break;
        case 'M':
            Number(Text, Tm->tm_min, Width, '0');
            break;
        case 'n':
            Char(Text, '\n');
            break;
        case 'p':
            String(Text, Tm->tm_hour < 12 ? "AM" : "PM", -1);
            break;
        case 'r':
            Expand(Text, "%I:%M:%S %p", Tm);
            break;
        case 'R':
            Expand(Text, "%H:%M", Tm);
            break;
        case 'S':
            Number(Text, Tm->tm_sec, Width, '0');
            break;
        case 't':
            Char(Text, '\t');
            break;
        case 'T':
            Expand(Text, "%H:%M:%S", Tm);
            break;
        case 'u':
            Number(Text, Tm->tm_wday == 0 ? 7 : Tm->tm_wday, 1, '0');
            break;
        case 'U':
            Number(Text, Week(Tm, 0), Width, '0');
            break;
        case 'V':
            Number(Text, IsoWeek(Tm, &Year), Width, '0');
            break;
        case 'w':
            Number(Text, Tm->tm_wday, 1, '0');
            break;
        case 'W':
            Number(Text, Week(Tm, 1), Width, '0');
            break;
        case 'x':
            if (CrtEnglish[LC_TIME]) {
                Expand(Text, Plain ? "%A, %B %#d, %Y" : "%#m/%#d/%Y", Tm);
            } else {
                Expand(Text, Plain ? "%A, %B %d, %Y" : "%m/%d/%y", Tm);
            }
            break;
        case 'X':
            Expand(Text, CrtEnglish[LC_TIME] ? "%#I:%M:%S %p" : "%H:%M:%S", Tm);
            break;
        case 'y':
            Number(Text, Tm->tm_year % 100, Width, '0');
            break;
        case 'Y':
            Number(Text, Tm->tm_year + 1900, Plain ? 1 : 4, '0');
            break;
        case 'z':
        case 'Z':
            CrtTzset();
            if (*p == 'z') {
                long West = _timezone + (Tm->tm_isdst > 0 ? _dstbias : 0);

                Char(Text, West > 0 ? '-' : '+');
                West = West < 0 ? -West : West;
                Number(Text, (int)(West / 3600 * 100 + West / 60 % 60), 4, '0');
            } else {
                String(Text, _tzname[Tm->tm_isdst > 0], -1);
            }
            break;
        case '%':
            Char(Text, '%');
            break;
        case 0:
            return;
        default:
            break;
        }
    }
}

/* msvcrt.dll knows the letters of C89 and no more; the fields are asked for only when a letter names them. */
static int
IsGoodFormat(const char *Format, const struct tm *Tm)
{
    for (; *Format != 0; Format++) {
        if (*Format != '%') {
            continue;
        }
        Format += Format[1] == '#' ? 2 : 1;
        if (*Format == '%') {
            continue;
        }
        if (!IsValid(Tm) || *Format == 0 ||
            (!CrtUniversal && strchr("aAbBcdHIjmMpSUwWxXyYzZ", *Format) == NULL)) {
            return 0;
        }
    }
    return 1;
}

size_t
strftime(char *Buffer, size_t Size, const char *Format, const struct tm *Tm)
{
    static const struct tm Nothing;
    TEXT Text = {Buffer, 0, Size};

    if (Buffer == NULL || Size == 0 || Format == NULL) {
        CrtFail(EINVAL);
        return 0;
    }
    *Buffer = 0;
    if (!IsGoodFormat(Format, Tm)) {
        CrtFail(EINVAL);
        return 0;
    }
    Expand(&Text, Format, Tm != NULL ? Tm : &Nothing);
    if (Text.Length >= Size) {
        *Buffer = 0;
        CrtFail(ERANGE);
        return 0;
    }
    Buffer[Text.Length] = 0;
    return Text.Length;
}

size_t
wcsftime(wchar_t *Buffer, size_t Size, const wchar_t *Format, const struct tm *Tm)
{
    char *NarrowFormat, *Narrow;
    size_t Length = 0, i;

    if (Buffer == NULL || Size == 0 || Format == NULL) {
        CrtFail(EINVAL);
        return 0;
    }
    NarrowFormat = CrtNarrow(Format);
    Narrow = malloc(Size);
    if (NarrowFormat != NULL && Narrow != NULL) {
        Length = strftime(Narrow, Size, NarrowFormat, Tm);
        for (i = 0; i < Length; i++) {
            Buffer[i] = CrtWideChar((unsigned char)Narrow[i]);
        }
    }
    Buffer[Length] = 0;
    free(NarrowFormat);
    free(Narrow);
    return Length;
}

static void
Now(struct tm *Tm)
{
    __time64_t Time = _time64(NULL);

    _localtime64_s(Tm, &Time);
}

errno_t
_strdate_s(char *Buffer, size_t Size)
{
    struct tm Tm;

    Now(&Tm);
    return Buffer != NULL && Size >= 9 && strftime(Buffer, Size, "%m/%d/%y", &Tm) != 0 ? 0 : EINVAL;
}

char *
_strdate(char *Buffer)
{
    _strdate_s(Buffer, 9);
    return Buffer;
}

errno_t
_strtime_s(char *Buffer, size_t Size)
{
    struct tm Tm;

    Now(&Tm);
    return Buffer != NULL && Size >= 9 && strftime(Buffer, Size, "%H:%M:%S", &Tm) != 0 ? 0 : EINVAL;
}

char *
_strtime(char *Buffer)
{
    _strtime_s(Buffer, 9);
    return Buffer;
}

wchar_t *
_wstrdate(wchar_t *Buffer)
{
    struct tm Tm;

    Now(&Tm);
    wcsftime(Buffer, 9, L"%m/%d/%y", &Tm);
    return Buffer;
}

wchar_t *
_wstrtime(wchar_t *Buffer)
{
    struct tm Tm;

    Now(&Tm);
    wcsftime(Buffer, 9, L"%H:%M:%S", &Tm);
    return Buffer;
}
