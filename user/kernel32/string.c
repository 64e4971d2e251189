/*
 * string.c - lstr..., comparing, character types, mapping. One locale: English (United States), its comparisons
 * ordinal but for case.
 */
#include "user/kernel32/base.h"

/* What cannot be read or written makes these fail; they were there before programs had handlers of their own. */
static LONG
BaseBadPointer(ULONG Code)
{
    return Code == STATUS_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
}

int WINAPI
lstrlenA(LPCSTR String)
{
    __try {
        return String == NULL ? 0 : (int)strlen(String);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return 0;
    }
}

int WINAPI
lstrlenW(LPCWSTR String)
{
    __try {
        return String == NULL ? 0 : (int)wcslen(String);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return 0;
    }
}

LPSTR WINAPI
lstrcpyA(LPSTR To, LPCSTR From)
{
    __try {
        return strcpy(To, From);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

LPWSTR WINAPI
lstrcpyW(LPWSTR To, LPCWSTR From)
{
    __try {
        return wcscpy(To, From);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

LPSTR WINAPI
lstrcatA(LPSTR To, LPCSTR From)
{
    __try {
        return strcat(To, From);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

LPWSTR WINAPI
lstrcatW(LPWSTR To, LPCWSTR From)
{
    __try {
        return wcscat(To, From);
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

LPSTR WINAPI
lstrcpynA(LPSTR To, LPCSTR From, int Room)
{
    int Index;

    __try {
        for (Index = 0; Index + 1 < Room && From[Index] != 0; Index++) {
            To[Index] = From[Index];
        }
        if (Room > 0) {
            To[Index] = 0;
        }
        return To;
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

LPWSTR WINAPI
lstrcpynW(LPWSTR To, LPCWSTR From, int Room)
{
    int Index;

    __try {
        for (Index = 0; Index + 1 < Room && From[Index] != 0; Index++) {
            To[Index] = From[Index];
        }
        if (Room > 0) {
            To[Index] = 0;
        }
        return To;
    } __except (BaseBadPointer(GetExceptionCode())) {
        return NULL;
    }
}

int WINAPI
CompareStringOrdinal(LPCWCH A, int ALength, LPCWCH B, int BLength, BOOL IgnoreCase)
{
    int Index;

    if (A == NULL || B == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    ALength = ALength < 0 ? (int)wcslen(A) : ALength;
    BLength = BLength < 0 ? (int)wcslen(B) : BLength;
    for (Index = 0; Index < ALength && Index < BLength; Index++) {
        WCHAR X = IgnoreCase ? RtlUpcaseUnicodeChar(A[Index]) : A[Index];
        WCHAR Y = IgnoreCase ? RtlUpcaseUnicodeChar(B[Index]) : B[Index];

        if (X != Y) {
            return X < Y ? CSTR_LESS_THAN : CSTR_GREATER_THAN;
        }
    }
    return ALength < BLength ? CSTR_LESS_THAN : ALength > BLength ? CSTR_GREATER_THAN : CSTR_EQUAL;
}

/* Alphabetical as in a dictionary: first without regard to case, then lower case before upper case. */
int WINAPI
CompareStringW(LCID Locale, DWORD Flags, LPCWCH A, int ALength, LPCWCH B, int BLength)
{
    int Order = CompareStringOrdinal(A, ALength, B, BLength, TRUE);

    if (Order != CSTR_EQUAL || (Flags & (NORM_IGNORECASE | LINGUISTIC_IGNORECASE)) != 0) {
        return Order;
    }
    Order = CompareStringOrdinal(A, ALength, B, BLength, FALSE);
    return Order == CSTR_LESS_THAN      ? CSTR_GREATER_THAN
           : Order == CSTR_GREATER_THAN ? CSTR_LESS_THAN
                                        : Order;
}

int WINAPI
CompareStringEx(LPCWSTR Locale, DWORD Flags, LPCWCH A, int ALength, LPCWCH B, int BLength,
                LPNLSVERSIONINFO Version, LPVOID Reserved, LPARAM Parameter)
{
    return CompareStringW(0, Flags, A, ALength, B, BLength);
}

int WINAPI
CompareStringA(LCID Locale, DWORD Flags, PCNZCH A, int ALength, PCNZCH B, int BLength)
{
    UNICODE_STRING WideA, WideB;
    ANSI_STRING AnsiA, AnsiB;
    int Order = 0;

    AnsiA.Buffer = (PCHAR)A;
    AnsiA.Length = AnsiA.MaximumLength = (USHORT)(ALength < 0 ? strlen(A) : (size_t)ALength);
    AnsiB.Buffer = (PCHAR)B;
    AnsiB.Length = AnsiB.MaximumLength = (USHORT)(BLength < 0 ? strlen(B) : (size_t)BLength);
    if (!NT_SUCCESS(RtlAnsiStringToUnicodeString(&WideA, &AnsiA, TRUE))) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return 0;
    }
    if (NT_SUCCESS(RtlAnsiStringToUnicodeString(&WideB, &AnsiB, TRUE))) {
        Order = CompareStringW(Locale, Flags, WideA.Buffer, WideA.Length / sizeof(WCHAR),
                               WideB.Buffer, WideB.Length / sizeof(WCHAR));
        RtlFreeUnicodeString(&WideB);
    }
    RtlFreeUnicodeString(&WideA);
    return Order;
}

int WINAPI
lstrcmpW(LPCWSTR A, LPCWSTR B)
{
    if (A == NULL || B == NULL) {
        return A == B ? 0 : A == NULL ? -1 : 1;
    }
    return CompareStringW(0, 0, A, -1, B, -1) - CSTR_EQUAL;
}

int WINAPI
lstrcmpiW(LPCWSTR A, LPCWSTR B)
{
    if (A == NULL || B == NULL) {
        return A == B ? 0 : A == NULL ? -1 : 1;
    }
    return CompareStringW(0, NORM_IGNORECASE, A, -1, B, -1) - CSTR_EQUAL;
}

int WINAPI
lstrcmpA(LPCSTR A, LPCSTR B)
{
    if (A == NULL || B == NULL) {
        return A == B ? 0 : A == NULL ? -1 : 1;
    }
    return CompareStringA(0, 0, A, -1, B, -1) - CSTR_EQUAL;
}

int WINAPI
lstrcmpiA(LPCSTR A, LPCSTR B)
{
    if (A == NULL || B == NULL) {
        return A == B ? 0 : A == NULL ? -1 : 1;
    }
    return CompareStringA(0, NORM_IGNORECASE, A, -1, B, -1) - CSTR_EQUAL;
}

static WORD
BaseCharType(WCHAR Character)
{
    WORD Type = C1_DEFINED;

    if (Character >= L'0' && Character <= L'9') {
        Type |= C1_DIGIT;
    }
    if ((Character >= L'0' && Character <= L'9') || (Character >= L'a' && Character <= L'f') ||
        (Character >= L'A' && Character <= L'F')) {
        Type |= C1_XDIGIT;
    }
    if (RtlDowncaseUnicodeChar(Character) != Character) {
        Type |= C1_UPPER | C1_ALPHA;
    } else if (RtlUpcaseUnicodeChar(Character) != Character) {
        Type |= C1_LOWER | C1_ALPHA;
    }
    if (Character == L' ' || (Character >= 9 && Character <= 13) || Character == 0xA0) {
        Type |= C1_SPACE;
    }
    if (Character == L' ' || Character == 9 || Character == 0xA0) {
        Type |= C1_BLANK;
    }
    if (Character < 0x20 || (Character >= 0x7F && Character < 0xA0)) {
        Type |= C1_CNTRL;
    }
    if ((Character > 0x20 && Character < 0x7F) && (Type & (C1_ALPHA | C1_DIGIT)) == 0) {
        Type |= C1_PUNCT;
    }
    return Type;
}

BOOL WINAPI
GetStringTypeW(DWORD Info, LPCWCH Source, int Length, LPWORD Types)
{
    int Index;

    if (Info != CT_CTYPE1) {
        return BaseFailWith(ERROR_INVALID_FLAGS); /* bidirectional and other types are not kept */
    }
    Length = Length < 0 ? (int)wcslen(Source) + 1 : Length;
    for (Index = 0; Index < Length; Index++) {
        Types[Index] = BaseCharType(Source[Index]);
    }
    return TRUE;
}

BOOL WINAPI
GetStringTypeExW(LCID Locale, DWORD Info, LPCWCH Source, int Length, LPWORD Types)
{
    return GetStringTypeW(Info, Source, Length, Types);
}

BOOL WINAPI
GetStringTypeA(LCID Locale, DWORD Info, LPCSTR Source, int Length, LPWORD Types)
{
    WCHAR Unit;
    ULONG Written;
    int Index;

    if (Info != CT_CTYPE1) {
        return BaseFailWith(ERROR_INVALID_FLAGS);
    }
    Length = Length < 0 ? (int)strlen(Source) + 1 : Length;
    for (Index = 0; Index < Length; Index++) {
        RtlMultiByteToUnicodeN(&Unit, sizeof(Unit), &Written, Source + Index, 1);
        Types[Index] = BaseCharType(Unit);
    }
    return TRUE;
}

int WINAPI
LCMapStringW(LCID Locale, DWORD Flags, LPCWSTR Source, int Length, LPWSTR Target, int Room)
{
    int Index;

    Length = Length < 0 ? (int)wcslen(Source) + 1 : Length;
    if ((Flags & LCMAP_SORTKEY) != 0) {
        BaseFailWith(ERROR_INVALID_FLAGS);
        return 0;
    }
    if (Room == 0) {
        return Length;
    }
    if (Room < Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    for (Index = 0; Index < Length; Index++) {
        Target[Index] = (Flags & LCMAP_UPPERCASE) != 0   ? RtlUpcaseUnicodeChar(Source[Index])
                        : (Flags & LCMAP_LOWERCASE) != 0 ? RtlDowncaseUnicodeChar(Source[Index])
                                                         : Source[Index];
    }
    return Length;
}

int WINAPI
LCMapStringEx(LPCWSTR Locale, DWORD Flags, LPCWSTR Source, int Length, LPWSTR Target, int Room,
              LPNLSVERSIONINFO Version, LPVOID Reserved, LPARAM Handle)
{
    return LCMapStringW(0, Flags, Source, Length, Target, Room);
}

int WINAPI
LCMapStringA(LCID Locale, DWORD Flags, LPCSTR Source, int Length, LPSTR Target, int Room)
{
    int Index;
    ULONG Written;

    Length = Length < 0 ? (int)strlen(Source) + 1 : Length;
    if ((Flags & LCMAP_SORTKEY) != 0) {
        BaseFailWith(ERROR_INVALID_FLAGS);
        return 0;
    }
    if (Room == 0) {
        return Length;
    }
    if (Room < Length) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    for (Index = 0; Index < Length; Index++) {
        WCHAR Unit;

        RtlMultiByteToUnicodeN(&Unit, sizeof(Unit), &Written, Source + Index, 1);
        Unit = (Flags & LCMAP_UPPERCASE) != 0   ? RtlUpcaseUnicodeChar(Unit)
               : (Flags & LCMAP_LOWERCASE) != 0 ? RtlDowncaseUnicodeChar(Unit)
                                                : Unit;
        RtlUnicodeToMultiByteN(Target + Index, 1, &Written, &Unit, sizeof(Unit));
    }
    return Length;
}

int WINAPI
FoldStringW(DWORD Flags, LPCWCH Source, int Length, LPWSTR Target, int Room)
{
    return LCMapStringW(0, 0, Source, Length, Target, Room);
}
