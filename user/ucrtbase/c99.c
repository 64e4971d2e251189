/*
 * c99.c - what C99 and C11 added and msvcrt.dll does not export.
 */
#include "ucrt.h"

float
UcrtStrtof(const char *Text, char **End)
{
    return (float)CrtStrtod(Text, End, 1);
}

float
UcrtWcstof(const wchar_t *Text, wchar_t **End)
{
    double Value = wcstod(Text, End);

    return (float)Value; /* partial: rounded twice */
}

__int64
UcrtLlabs(__int64 Value)
{
    return Value < 0 ? -Value : Value;
}

typedef struct {
    __int64 Quotient, Remainder;
} QUOTIENT;

QUOTIENT
UcrtLldiv(__int64 Numerator, __int64 Denominator)
{
    QUOTIENT Result = {Numerator / Denominator, Numerator % Denominator};

    return Result;
}

int
UcrtIsblank(int Char)
{
    return Char == ' ' || Char == '\t';
}

int
UcrtIswblank(wint_t Char)
{
    return Char == ' ' || Char == '\t' || Char == 0xA0;
}

int
UcrtWctob(wint_t Char)
{
    return Char == WEOF ? EOF : CrtNarrowChar(Char);
}

static const struct {
    const char *Name;
    unsigned short Class;
} Classes[] = {
    {"alpha", 0x103}, {"upper", _UPPER},         {"lower", _LOWER},   {"digit", _DIGIT},
    {"xdigit", _HEX}, {"space", _SPACE},         {"punct", _PUNCT},   {"alnum", 0x107},
    {"graph", 0x117}, {"print", 0x117 | _BLANK}, {"cntrl", _CONTROL}, {"blank", _BLANK},
};

wctype_t
UcrtWctype(const char *Name)
{
    size_t i;

    for (i = 0; i < ARRAYSIZE(Classes); i++) {
        if (strcmp(Classes[i].Name, Name) == 0) {
            return Classes[i].Class;
        }
    }
    return 0;
}

unsigned short
UcrtByteswap16(unsigned short Value)
{
    return __builtin_bswap16(Value);
}

unsigned int
UcrtByteswap32(unsigned int Value)
{
    return __builtin_bswap32(Value);
}

unsigned __int64
UcrtByteswap64(unsigned __int64 Value)
{
    return __builtin_bswap64(Value);
}

/* TIME_UTC, the only base, is 1. */
int
_timespec64_get(struct _timespec64 *Time, int Base)
{
    FILETIME Now;
    __int64 Ticks;

    if (Time == NULL || Base != 1) {
        return 0;
    }
    GetSystemTimeAsFileTime(&Now);
    Ticks = ((__int64)Now.dwHighDateTime << 32 | Now.dwLowDateTime) - 116444736000000000ll;
    Time->tv_sec = Ticks / 10000000;
    Time->tv_nsec = (long)(Ticks % 10000000 * 100);
    return Base;
}

/* 0 zero, -1 normal, -2 denormal, 1 infinite, 2 NaN: what fpclassify is made of. */
short
_dclass(double Value)
{
    switch (_fpclass(Value)) {
    case _FPCLASS_SNAN:
    case _FPCLASS_QNAN:
        return 2;
    case _FPCLASS_NINF:
    case _FPCLASS_PINF:
        return 1;
    case _FPCLASS_NZ:
    case _FPCLASS_PZ:
        return 0;
    case _FPCLASS_ND:
    case _FPCLASS_PD:
        return -2;
    }
    return -1;
}

short
_fdclass(float Value)
{
    unsigned int Size = *(unsigned int *)&Value & 0x7FFFFFFF;

    return Size == 0            ? 0
           : Size < 0x00800000  ? -2
           : Size < 0x7F800000  ? -1
           : Size == 0x7F800000 ? 1
                                : 2;
}

int
_dsign(double Value)
{
    return (int)(*(unsigned __int64 *)&Value >> 63) * 0x8000;
}

int
_fdsign(float Value)
{
    return (int)(*(unsigned int *)&Value >> 31) * 0x8000;
}

wchar_t **
___lc_locale_name_func(void)
{
    static wchar_t *const Names[LC_MAX + 1]; /* all NULL: the C locale */

    return (wchar_t **)Names;
}
