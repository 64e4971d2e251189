/*
 * compare.c - counted strings compared, hashed, and their case changed.
 *
 * Case is one code unit to one, without a locale (unicodetable.c). Narrow strings are of the ANSI
 * code page.
 *
 * Source: Microsoft Learn, the page of each routine (wdm.h, ntddk.h, ntifs.h).
 */
#include "nt/rtl/rtlp.h"
#include "nt/rtl/unicodetable.h"

WCHAR NTAPI
RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpUpper(SourceCharacter);
}

WCHAR NTAPI
RtlDowncaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpLower(SourceCharacter);
}

/* A character whose capital is not in the code page keeps its case. */
CHAR NTAPI
RtlUpperChar(CHAR Character)
{
    CHAR Upper;

    if ((UCHAR)Character < 0x80) {
        return Character >= 'a' && Character <= 'z' ? (CHAR)(Character - ('a' - 'A')) : Character;
    }
    if (!RtlpUnitToAnsi(RtlpUpper(RtlpAnsiToUnit((UCHAR)Character)), (PUCHAR)&Upper)) {
        return Character;
    }
    return Upper;
}

LONG NTAPI
RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length,
                         BOOLEAN CaseInSensitive)
{
    SIZE_T Common = min(String1Length, String2Length), Index;

    for (Index = 0; Index < Common; Index++) {
        WCHAR A = String1[Index], B = String2[Index];

        if (A != B && CaseInSensitive) {
            A = RtlpUpper(A);
            B = RtlpUpper(B);
        }
        if (A != B) {
            return (LONG)A - (LONG)B;
        }
    }
    return (LONG)String1Length - (LONG)String2Length;
}

LONG NTAPI
RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    LONG Result =
        RtlCompareUnicodeStrings(String1->Buffer, String1->Length / sizeof(WCHAR), String2->Buffer,
                                 String2->Length / sizeof(WCHAR), CaseInSensitive);

    return Result;
}

BOOLEAN NTAPI
RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length &&
           RtlCompareUnicodeString(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN NTAPI
RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    SIZE_T Count = String1->Length / sizeof(WCHAR);

    return String1->Length <= String2->Length &&
           RtlCompareUnicodeStrings(String1->Buffer, Count, String2->Buffer, Count,
                                    CaseInSensitive) == 0;
}

LONG NTAPI
RtlCompareString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    USHORT Common = min(String1->Length, String2->Length), Index;

    for (Index = 0; Index < Common; Index++) {
        UCHAR A = (UCHAR)String1->Buffer[Index], B = (UCHAR)String2->Buffer[Index];

        if (A != B && CaseInSensitive) {
            A = (UCHAR)RtlUpperChar((CHAR)A);
            B = (UCHAR)RtlUpperChar((CHAR)B);
        }
        if (A != B) {
            return (LONG)A - (LONG)B;
        }
    }
    return (LONG)String1->Length - (LONG)String2->Length;
}

BOOLEAN NTAPI
RtlEqualString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length &&
           RtlCompareString(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN NTAPI
RtlPrefixString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    STRING Head = *String2;

    if (String1->Length > String2->Length) {
        return FALSE;
    }
    Head.Length = String1->Length;
    return RtlEqualString(String1, &Head, CaseInSensitive);
}

#define RTLP_HASH_DEFAULT 0
#define RTLP_HASH_X65599  1

NTSTATUS NTAPI
RtlHashUnicodeString(const UNICODE_STRING *String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm,
                     PULONG HashValue)
{
    ULONG Hash = 0, Index;

    if (String == NULL || HashValue == NULL ||
        (HashAlgorithm != RTLP_HASH_DEFAULT && HashAlgorithm != RTLP_HASH_X65599)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (Index = 0; Index < String->Length / sizeof(WCHAR); Index++) {
        WCHAR Unit = String->Buffer[Index];

        Hash = Hash * 65599 + (CaseInSensitive ? RtlpUpper(Unit) : Unit);
    }
    *HashValue = Hash;
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpChangeCase(PUNICODE_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate,
               WCHAR(NTAPI *Change)(WCHAR))
{
    ULONG Index;

    if (Allocate) {
        PWSTR Buffer = RtlpAllocate(Source->Length);

        if (Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        Destination->Buffer = Buffer;
        Destination->MaximumLength = Source->Length;
    } else if (Source->Length > Destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (Index = 0; Index < Source->Length / sizeof(WCHAR); Index++) {
        Destination->Buffer[Index] = Change(Source->Buffer[Index]);
    }
    Destination->Length = Source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                       BOOLEAN AllocateDestinationString)
{
    return RtlpChangeCase(DestinationString, SourceString, AllocateDestinationString,
                          RtlUpcaseUnicodeChar);
}

NTSTATUS NTAPI
RtlDowncaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                         BOOLEAN AllocateDestinationString)
{
    return RtlpChangeCase(DestinationString, SourceString, AllocateDestinationString,
                          RtlDowncaseUnicodeChar);
}

VOID NTAPI
RtlUpperString(PSTRING DestinationString, const PSTRING SourceString)
{
    USHORT Length = min(SourceString->Length, DestinationString->MaximumLength), Index;

    for (Index = 0; Index < Length; Index++) {
        DestinationString->Buffer[Index] = RtlUpperChar(SourceString->Buffer[Index]);
    }
    DestinationString->Length = Length;
}
