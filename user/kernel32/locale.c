/*
 * locale.c - the one locale, English (United States), as far as C run times ask.
 */
#include "user/kernel32/base.h"

#define BASE_LCID 0x0409

LCID WINAPI
GetUserDefaultLCID(VOID)
{
    return BASE_LCID;
}

BOOL WINAPI
IsValidLocale(LCID Locale, DWORD Flags)
{
    return Locale == BASE_LCID || Locale == LOCALE_USER_DEFAULT ||
           Locale == LOCALE_SYSTEM_DEFAULT || Locale == LOCALE_INVARIANT;
}

static const struct {
    ULONG Type;
    PCWSTR Text;
} BaseLocale[] = {
    {LOCALE_ILANGUAGE, L"0409"},
    {LOCALE_SENGLANGUAGE, L"English"},
    {LOCALE_SENGCOUNTRY, L"United States"},
    {LOCALE_SABBREVLANGNAME, L"ENU"},
    {LOCALE_SABBREVCTRYNAME, L"USA"},
    {LOCALE_SLANGUAGE, L"English (United States)"},
    {LOCALE_SCOUNTRY, L"United States"},
    {LOCALE_SISO639LANGNAME, L"en"},
    {LOCALE_SISO3166CTRYNAME, L"US"},
    {LOCALE_SNAME, L"en-US"},
    {LOCALE_IDEFAULTANSICODEPAGE, L"1252"},
    {LOCALE_IDEFAULTCODEPAGE, L"437"},
    {LOCALE_SDECIMAL, L"."},
    {LOCALE_STHOUSAND, L","},
    {LOCALE_SGROUPING, L"3;0"},
    {LOCALE_SLIST, L","},
    {LOCALE_SDATE, L"/"},
    {LOCALE_STIME, L":"},
    {LOCALE_SSHORTDATE, L"M/d/yyyy"},
    {LOCALE_SLONGDATE, L"dddd, MMMM d, yyyy"},
    {LOCALE_STIMEFORMAT, L"h:mm:ss tt"},
    {LOCALE_S1159, L"AM"},
    {LOCALE_S2359, L"PM"},
    {LOCALE_SCURRENCY, L"$"},
    {LOCALE_SINTLSYMBOL, L"USD"},
    {LOCALE_SMONDECIMALSEP, L"."},
    {LOCALE_SMONTHOUSANDSEP, L","},
    {LOCALE_SNEGATIVESIGN, L"-"},
    {LOCALE_SPOSITIVESIGN, L""},
    {LOCALE_ICURRDIGITS, L"2"},
    {LOCALE_IDIGITS, L"2"},
    {LOCALE_IMEASURE, L"1"},
};

int WINAPI
GetLocaleInfoW(LCID Locale, LCTYPE Type, LPWSTR Buffer, int Room)
{
    ULONG Index, Value = 0, Count;
    PCWSTR Text = NULL;

    for (Index = 0; Index < RTL_NUMBER_OF(BaseLocale); Index++) {
        if (BaseLocale[Index].Type ==
            (Type & ~(LOCALE_NOUSEROVERRIDE | LOCALE_RETURN_NUMBER | LOCALE_USE_CP_ACP))) {
            Text = BaseLocale[Index].Text;
        }
    }
    if (Text == NULL || !IsValidLocale(Locale, 0)) {
        BaseFailWith(Text == NULL ? ERROR_INVALID_FLAGS : ERROR_INVALID_PARAMETER);
        return 0;
    }
    Count = (ULONG)wcslen(Text) + 1;
    if ((Type & LOCALE_RETURN_NUMBER) != 0) {
        for (; *Text >= L'0' && *Text <= L'9'; Text++) {
            Value = Value * 10 + (*Text - L'0');
        }
        Text = (PCWSTR)&Value;
        Count = sizeof(Value) / sizeof(WCHAR);
    }
    if (Room == 0) {
        return (int)Count;
    }
    if ((ULONG)Room < Count) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    RtlCopyMemory(Buffer, Text, Count * sizeof(WCHAR));
    return (int)Count;
}

int WINAPI
GetLocaleInfoEx(LPCWSTR Name, LCTYPE Type, LPWSTR Buffer, int Room)
{
    return GetLocaleInfoW(BASE_LCID, Type, Buffer, Room);
}

int WINAPI
GetLocaleInfoA(LCID Locale, LCTYPE Type, LPSTR Buffer, int Room)
{
    WCHAR Wide[64];
    int Length = GetLocaleInfoW(Locale, Type, Wide, RTL_NUMBER_OF(Wide)), Index;

    if (Length == 0 || Room == 0) {
        return (Type & LOCALE_RETURN_NUMBER) != 0 ? Length * (int)sizeof(WCHAR) : Length;
    }
    if ((Type & LOCALE_RETURN_NUMBER) != 0) {
        Length *= sizeof(WCHAR);
    }
    if (Room < Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    for (Index = 0; Index < Length; Index++) {
        Buffer[Index] =
            (Type & LOCALE_RETURN_NUMBER) != 0 ? ((PCHAR)Wide)[Index] : (CHAR)Wide[Index];
    }
    return Length;
}

LANGID WINAPI
GetUserDefaultLangID(VOID)
{
    return BASE_LCID;
}

int WINAPI
GetUserDefaultLocaleName(LPWSTR Buffer, int Room)
{
    return GetLocaleInfoW(BASE_LCID, LOCALE_SNAME, Buffer, Room);
}

int WINAPI
LCIDToLocaleName(LCID Locale, LPWSTR Buffer, int Room, DWORD Flags)
{
    return GetLocaleInfoW(Locale, LOCALE_SNAME, Buffer, Room);
}

LCID WINAPI
LocaleNameToLCID(LPCWSTR Name, DWORD Flags)
{
    if (Name == NULL || *Name == 0 || _wcsicmp(Name, L"en-US") == 0) {
        return BASE_LCID;
    }
    BaseFailWith(ERROR_INVALID_PARAMETER);
    return 0;
}

BOOL WINAPI
SetThreadLocale(LCID Locale)
{
    if (!IsValidLocale(Locale, 0)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    NtCurrentTeb()->CurrentLocale = BASE_LCID;
    return TRUE;
}
