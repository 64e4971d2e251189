/*
 * codepage.c - buffers of bytes to code units and back: ANSI is code page 1252, OEM is 437.
 *
 * Both are single-byte pages whose first half is ASCII; they are those of a US system. A code unit
 * that a page lacks becomes '?' (Windows has a best fit for some: Latin letters lose their
 * accents). Routines convert what fits and say how much; the caller's buffer is never terminated.
 *
 * Source: Microsoft Learn: RtlMultiByteToUnicodeN, RtlUnicodeToMultiByteN, RtlOemToUnicodeN and
 * relatives (ntifs.h); the pages themselves: unicode.org mappings, by tools/gen_unicode.py.
 */
#include "nt/rtl/rtlp.h"
#include "nt/rtl/unicodetable.h"

#define RTLP_DEFAULT_CHAR '?'

static BOOLEAN
RtlpUnitToByte(WCHAR Unit, const RTLP_CODE_PAIR *Table, PUCHAR Byte)
{
    ULONG Low = 0, High = 128;

    if (Unit < 0x80) {
        *Byte = (UCHAR)Unit;
        return TRUE;
    }
    while (Low < High) {
        ULONG Middle = (Low + High) / 2;

        if (Unit == Table[Middle].Unit) {
            *Byte = Table[Middle].Byte;
            return TRUE;
        }
        if (Unit < Table[Middle].Unit) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    *Byte = RTLP_DEFAULT_CHAR;
    return FALSE;
}

WCHAR
RtlpAnsiToUnit(UCHAR Byte)
{
    return Byte < 0x80 ? Byte : RtlpCp1252ToUnicode[Byte - 0x80];
}

WCHAR
RtlpOemToUnit(UCHAR Byte)
{
    return Byte < 0x80 ? Byte : RtlpCp437ToUnicode[Byte - 0x80];
}

BOOLEAN
RtlpUnitToAnsi(WCHAR Unit, PUCHAR Byte)
{
    return RtlpUnitToByte(Unit, RtlpUnicodeToCp1252, Byte);
}

BOOLEAN
RtlpUnitToOem(WCHAR Unit, PUCHAR Byte)
{
    return RtlpUnitToByte(Unit, RtlpUnicodeToCp437, Byte);
}

/* The four directions share two loops. Upper: change to upper case on the way. */
static NTSTATUS
RtlpToUnicode(PWCH Target, ULONG TargetBytes, PULONG Result, const CHAR *Source, ULONG SourceBytes,
              WCHAR (*Convert)(UCHAR))
{
    ULONG Count = min(SourceBytes, TargetBytes / (ULONG)sizeof(WCHAR)), Index;

    for (Index = 0; Index < Count; Index++) {
        Target[Index] = Convert((UCHAR)Source[Index]);
    }
    if (Result != NULL) {
        *Result = Count * sizeof(WCHAR);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpFromUnicode(PCHAR Target, ULONG TargetBytes, PULONG Result, PCWCH Source, ULONG SourceBytes,
                BOOLEAN Upper, WCHAR (*There)(UCHAR), BOOLEAN (*Convert)(WCHAR, PUCHAR))
{
    ULONG Count = min(SourceBytes / (ULONG)sizeof(WCHAR), TargetBytes), Index;

    for (Index = 0; Index < Count; Index++) {
        UCHAR Byte, UpperByte;

        Convert(Source[Index], &Byte);
        /* The capital of the character that the page has, if the page has that too. */
        if (Upper && Convert(RtlpUpper(There(Byte)), &UpperByte)) {
            Byte = UpperByte;
        }
        Target[Index] = (CHAR)Byte;
    }
    if (Result != NULL) {
        *Result = Count;
    }
    return Count * sizeof(WCHAR) < (SourceBytes & ~1u) ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString,
                       PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                       ULONG BytesInMultiByteString)
{
    return RtlpToUnicode(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString,
                         MultiByteString, BytesInMultiByteString, RtlpAnsiToUnit);
}

NTSTATUS NTAPI
RtlOemToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString, PULONG BytesInUnicodeString,
                 PCCH OemString, ULONG BytesInOemString)
{
    return RtlpToUnicode(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString, OemString,
                         BytesInOemString, RtlpOemToUnit);
}

NTSTATUS NTAPI
RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                       PULONG BytesInMultiByteString, PCWCH UnicodeString,
                       ULONG BytesInUnicodeString)
{
    return RtlpFromUnicode(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString,
                           UnicodeString, BytesInUnicodeString, FALSE, RtlpAnsiToUnit,
                           RtlpUnitToAnsi);
}

NTSTATUS NTAPI
RtlUpcaseUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                             PULONG BytesInMultiByteString, PCWCH UnicodeString,
                             ULONG BytesInUnicodeString)
{
    return RtlpFromUnicode(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString,
                           UnicodeString, BytesInUnicodeString, TRUE, RtlpAnsiToUnit,
                           RtlpUnitToAnsi);
}

NTSTATUS NTAPI
RtlUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString,
                 PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    return RtlpFromUnicode(OemString, MaxBytesInOemString, BytesInOemString, UnicodeString,
                           BytesInUnicodeString, FALSE, RtlpOemToUnit, RtlpUnitToOem);
}

NTSTATUS NTAPI
RtlUpcaseUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString,
                       PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    return RtlpFromUnicode(OemString, MaxBytesInOemString, BytesInOemString, UnicodeString,
                           BytesInUnicodeString, TRUE, RtlpOemToUnit, RtlpUnitToOem);
}

NTSTATUS NTAPI
RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR *MultiByteString,
                          ULONG BytesInMultiByteString)
{
    UNREFERENCED_PARAMETER(MultiByteString);
    *BytesInUnicodeString = BytesInMultiByteString * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, RTLP_CONST WCHAR *UnicodeString,
                          ULONG BytesInUnicodeString)
{
    UNREFERENCED_PARAMETER(UnicodeString);
    *BytesInMultiByteString = BytesInUnicodeString / sizeof(WCHAR);
    return STATUS_SUCCESS;
}

WCHAR NTAPI
RtlAnsiCharToUnicodeChar(PUCHAR *SourceCharacter)
{
    return RtlpAnsiToUnit(*(*SourceCharacter)++);
}

VOID NTAPI
RtlGetDefaultCodePage(PUSHORT AnsiCodePage, PUSHORT OemCodePage)
{
    *AnsiCodePage = 1252;
    *OemCodePage = 437;
}

/* May this be in an OEM name? It is changed to the capital that the page has. */
BOOLEAN NTAPI
RtlIsValidOemCharacter(PWCHAR Char)
{
    UCHAR Byte;
    WCHAR Upper = RtlpUpper(*Char);

    if (!RtlpUnitToOem(Upper, &Byte)) {
        return FALSE;
    }
    *Char = Upper;
    return TRUE;
}
