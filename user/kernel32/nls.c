/*
 * nls.c - the one locale, en-US, as lists; numbers and amounts as text; looking for one string in another.
 */
#include "user/kernel32/base.h"

#define EN_US 0x0409

BOOL WINAPI
EnumSystemLocalesW(LOCALE_ENUMPROCW Routine, DWORD Flags)
{
    WCHAR Name[] = L"00000409";

    Routine(Name);
    return TRUE;
}

BOOL WINAPI
EnumSystemLocalesA(LOCALE_ENUMPROCA Routine, DWORD Flags)
{
    CHAR Name[] = "00000409";

    Routine(Name);
    return TRUE;
}

BOOL WINAPI
EnumSystemLocalesEx(LOCALE_ENUMPROCEX Routine, DWORD Flags, LPARAM Parameter, LPVOID Reserved)
{
    WCHAR Name[] = L"en-US";

    Routine(Name, Flags, Parameter);
    return TRUE;
}

BOOL WINAPI
EnumSystemCodePagesW(CODEPAGE_ENUMPROCW Routine, DWORD Flags)
{
    static const PCWSTR Pages[] = {L"437", L"1252", L"65001"};
    WCHAR Name[8];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Pages) && Routine(wcscpy(Name, Pages[i])); i++) {
    }
    return TRUE;
}

BOOL WINAPI
EnumSystemCodePagesA(CODEPAGE_ENUMPROCA Routine, DWORD Flags)
{
    static const PCSTR Pages[] = {"437", "1252", "65001"};
    CHAR Name[8];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Pages) && Routine(strcpy(Name, Pages[i])); i++) {
    }
    return TRUE;
}

BOOL WINAPI
IsValidLocaleName(LPCWSTR Name)
{
    return Name != NULL &&
           (Name[0] == 0 || _wcsicmp(Name, L"en-US") == 0 || _wcsicmp(Name, L"en") == 0);
}

int WINAPI
ResolveLocaleName(LPCWSTR Name, LPWSTR Buffer, int Room)
{
    LPCWSTR Resolved = Name != NULL && Name[0] == 0 ? L"" : L"en-US";

    if (Room == 0) {
        return (int)wcslen(Resolved) + 1;
    }
    if (Room <= (int)wcslen(Resolved)) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    wcscpy(Buffer, Resolved);
    return (int)wcslen(Resolved) + 1;
}

LCID WINAPI
ConvertDefaultLocale(LCID Locale)
{
    return Locale == LOCALE_USER_DEFAULT || Locale == LOCALE_SYSTEM_DEFAULT || Locale == 0 ||
                   Locale == LANG_ENGLISH
               ? EN_US
               : Locale;
}

LANGID WINAPI
SetThreadUILanguage(LANGID Language)
{
    return EN_US;
}

GEOID WINAPI
GetUserGeoID(GEOCLASS Class)
{
    return Class == GEOCLASS_NATION ? 244 : GEOID_NOT_AVAILABLE;
}

BOOL WINAPI
GetSystemPreferredUILanguages(DWORD Flags, PULONG Count, PZZWSTR Buffer, PULONG Size)
{
    return GetUserPreferredUILanguages(Flags & ~(DWORD)MUI_MACHINE_LANGUAGE_SETTINGS, Count, Buffer,
                                       Size);
}

BOOL WINAPI
GetThreadPreferredUILanguages(DWORD Flags, PULONG Count, PZZWSTR Buffer, PULONG Size)
{
    return GetUserPreferredUILanguages(Flags & (MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME), Count, Buffer,
                                       Size);
}

DWORD WINAPI
VerLanguageNameW(DWORD Language, LPWSTR Buffer, DWORD Room)
{
    LPCWSTR Name = (WORD)Language == EN_US ? L"English (United States)"
                   : (WORD)Language == 0   ? L"Language Neutral"
                                           : L"Unknown Language";

    if (Room != 0) {
        lstrcpynW(Buffer, Name, (int)Room);
    }
    return (DWORD)wcslen(Name);
}

DWORD WINAPI
VerLanguageNameA(DWORD Language, LPSTR Buffer, DWORD Room)
{
    WCHAR Wide[64];
    DWORD Length = VerLanguageNameW(Language, Wide, 64);

    if (Room != 0) {
        BaseToAnsi(Wide, min(Length, Room - 1), Buffer, Room);
    }
    return Length;
}

/* "-1234567.891" as "-1,234,567.89": two digits behind the point, rounded, groups of three, as en-US has them; or as the
   given format says. A value that is no number is ERROR_INVALID_PARAMETER. */
static int
BaseNumber(LPCWSTR Value, const NUMBERFMTW *Format, LPCWSTR Before, LPWSTR Buffer, int Room)
{
    NUMBERFMTW Standard = {2, 1, 3, (LPWSTR)L".", (LPWSTR)L",", 1};
    WCHAR Digits[256], Out[600];
    int Whole = 0, Count = 0, At = 0, Places;
    BOOL Negative = *Value == L'-', Point = FALSE;

    if (Format == NULL) {
        Format = &Standard;
    }
    for (Value += Negative; *Value != 0; Value++) {
        if (*Value == L'.' && !Point) {
            Point = TRUE;
        } else if (*Value < L'0' || *Value > L'9' || Count == 200) {
            BaseFailWith(ERROR_INVALID_PARAMETER);
            return 0;
        } else {
            Digits[1 + Count++] = *Value;
            Whole += !Point;
        }
    }
    Digits[0] = L'0'; /* room for a carry */
    Places = (int)min(Format->NumDigits, 9);
    while (Count < Whole + Places) {
        Digits[1 + Count++] = L'0';
    }
    if (Count > Whole + Places && Digits[1 + Whole + Places] >= L'5') {
        for (int i = Whole + Places; i >= 0 && ++Digits[i] > L'9'; i--) {
            Digits[i] = L'0';
        }
    }
    Count = 0;
    while (Count < Whole && Digits[Count] == L'0') {
        Count++; /* leading zeros, the last digit stays */
    }
    if (Negative) {
        Out[At++] = L'-';
    }
    for (; Before != NULL && *Before != 0; Before++) {
        Out[At++] = *Before;
    }
    if (Whole == 0 || (Digits[Count] == L'0' && Count == Whole && !Format->LeadingZero)) {
        Count = Whole + 1;
        if (Format->LeadingZero) {
            Out[At++] = Digits[0];
        }
    }
    for (; Count <= Whole; Count++) {
        Out[At++] = Digits[Count];
        if (Format->Grouping != 0 && Count < Whole &&
            (Whole - Count) % (int)min(Format->Grouping, 9) == 0) {
            for (LPCWSTR Text = Format->lpThousandSep; *Text != 0; Text++) {
                Out[At++] = *Text;
            }
        }
    }
    if (Places != 0) {
        for (LPCWSTR Text = Format->lpDecimalSep; *Text != 0; Text++) {
            Out[At++] = *Text;
        }
        for (int i = 0; i < Places; i++) {
            Out[At++] = Digits[1 + Whole + i];
        }
    }
    Out[At++] = 0;
    if (Room == 0) {
        return At;
    }
    if (Room < At) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    wcscpy(Buffer, Out);
    return At;
}

int WINAPI
GetNumberFormatW(LCID Locale, DWORD Flags, LPCWSTR Value, const NUMBERFMTW *Format, LPWSTR Buffer,
                 int Room)
{
    return BaseNumber(Value, Format, NULL, Buffer, Room);
}

int WINAPI
GetNumberFormatEx(LPCWSTR Locale, DWORD Flags, LPCWSTR Value, const NUMBERFMTW *Format,
                  LPWSTR Buffer, int Room)
{
    return BaseNumber(Value, Format, NULL, Buffer, Room);
}

static int
BaseNumberA(LPCSTR Value, const NUMBERFMTA *Format, LPCWSTR Before, LPSTR Buffer, int Room)
{
    UNICODE_STRING Wide, Decimal = {0}, Thousand = {0};
    WCHAR Text[600];
    NUMBERFMTW WideFormat;
    int Length;

    if (!BaseToWide(&Wide, Value)) {
        return 0;
    }
    if (Format != NULL) {
        RtlCopyMemory(&WideFormat, Format, sizeof(WideFormat));
        BaseToWide(&Decimal, Format->lpDecimalSep);
        BaseToWide(&Thousand, Format->lpThousandSep);
        WideFormat.lpDecimalSep = Decimal.Buffer;
        WideFormat.lpThousandSep = Thousand.Buffer;
    }
    Length = BaseNumber(Wide.Buffer, Format != NULL ? &WideFormat : NULL, Before, Text, 600);
    RtlFreeUnicodeString(&Wide);
    RtlFreeUnicodeString(&Decimal);
    RtlFreeUnicodeString(&Thousand);
    if (Length == 0 || Room == 0) {
        return Length;
    }
    if (Room < Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    BaseToAnsi(Text, (DWORD)Length - 1, Buffer, (DWORD)Room);
    return Length;
}

int WINAPI
GetNumberFormatA(LCID Locale, DWORD Flags, LPCSTR Value, const NUMBERFMTA *Format, LPSTR Buffer,
                 int Room)
{
    return BaseNumberA(Value, Format, NULL, Buffer, Room);
}

/* The standard format only: "$1,234.50". */
int WINAPI
GetCurrencyFormatW(LCID Locale, DWORD Flags, LPCWSTR Value, const CURRENCYFMTW *Format,
                   LPWSTR Buffer, int Room)
{
    if (Format != NULL) {
        BaseFailWith(ERROR_INVALID_FLAGS);
        return 0;
    }
    return BaseNumber(Value, NULL, L"$", Buffer, Room);
}

int WINAPI
GetCurrencyFormatA(LCID Locale, DWORD Flags, LPCSTR Value, const CURRENCYFMTA *Format, LPSTR Buffer,
                   int Room)
{
    if (Format != NULL) {
        BaseFailWith(ERROR_INVALID_FLAGS);
        return 0;
    }
    return BaseNumberA(Value, NULL, L"$", Buffer, Room);
}

static BOOL
BaseSameAt(LPCWSTR Text, LPCWSTR Value, int Length, BOOL IgnoreCase)
{
    for (int i = 0; i < Length; i++) {
        if (IgnoreCase ? RtlUpcaseUnicodeChar(Text[i]) != RtlUpcaseUnicodeChar(Value[i])
                       : Text[i] != Value[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

int WINAPI
FindStringOrdinal(DWORD Where, LPCWSTR Text, int TextLength, LPCWSTR Value, int ValueLength,
                  BOOL IgnoreCase)
{
    int Last;

    SetLastError(ERROR_SUCCESS);
    if (Text == NULL || Value == NULL || TextLength < -1 || ValueLength < -1) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return -1;
    }
    TextLength = TextLength < 0 ? (int)wcslen(Text) : TextLength;
    ValueLength = ValueLength < 0 ? (int)wcslen(Value) : ValueLength;
    Last = TextLength - ValueLength;
    for (int i = 0; i <= Last; i++) {
        int At = Where == FIND_FROMEND || Where == FIND_ENDSWITH ? Last - i : i;

        if (BaseSameAt(Text + At, Value, ValueLength, IgnoreCase)) {
            return At;
        }
        if (Where == FIND_STARTSWITH || Where == FIND_ENDSWITH) {
            break;
        }
    }
    return -1;
}

int WINAPI
FindNLSStringEx(LPCWSTR Locale, DWORD Flags, LPCWSTR Text, int TextLength, LPCWSTR Value,
                int ValueLength, LPINT Found, LPNLSVERSIONINFO Version, LPVOID Reserved,
                LPARAM Handle)
{
    DWORD Where = Flags & (FIND_STARTSWITH | FIND_ENDSWITH | FIND_FROMSTART | FIND_FROMEND);
    BOOL IgnoreCase = (Flags & (NORM_IGNORECASE | LINGUISTIC_IGNORECASE)) != 0;
    int At = FindStringOrdinal(Where != 0 ? Where : FIND_FROMSTART, Text, TextLength, Value,
                               ValueLength, IgnoreCase);

    if (At >= 0 && Found != NULL) {
        *Found = ValueLength < 0 ? (int)wcslen(Value) : ValueLength;
    }
    return At;
}

int WINAPI
FindNLSString(LCID Locale, DWORD Flags, LPCWSTR Text, int TextLength, LPCWSTR Value,
              int ValueLength, LPINT Found)
{
    return FindNLSStringEx(NULL, Flags, Text, TextLength, Value, ValueLength, Found, NULL, NULL, 0);
}
