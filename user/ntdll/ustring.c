/*
 * ustring.c - counted strings as user mode has them beyond the kernel: searches, several appended at once, guesses.
 *
 * Facts: IsTextUnicode, RtlFindCharInUnicodeString, RtlMultiAppendUnicodeStringBuffer (winternl.h).
 */
#include "user/ntdll/ntdllp.h"

BOOLEAN NTAPI
RtlCreateUnicodeStringFromAsciiz(PUNICODE_STRING To, PCSZ From)
{
    ANSI_STRING Text;

    RtlInitAnsiString(&Text, From);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(To, &Text, TRUE));
}

#define FIND_BACKWARDS   1 /* from the end */
#define FIND_OTHER       2 /* the first character that is none of them */
#define FIND_IGNORE_CASE 4

/* Where: bytes up to the character found; behind it when going forward. */
NTSTATUS NTAPI
RtlFindCharInUnicodeString(ULONG Flags, PCUNICODE_STRING String, PCUNICODE_STRING Wanted,
                           PUSHORT Where)
{
    ULONG Count = String->Length / sizeof(WCHAR), Chars = Wanted->Length / sizeof(WCHAR);

    if (Flags & ~(FIND_BACKWARDS | FIND_OTHER | FIND_IGNORE_CASE)) {
        *Where = 0;
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG Step = 0; Step < Count; Step++) {
        ULONG Index = Flags & FIND_BACKWARDS ? Count - 1 - Step : Step;
        WCHAR Char = String->Buffer[Index];
        BOOLEAN In = FALSE;

        for (ULONG Other = 0; Other < Chars && !In; Other++) {
            In = Wanted->Buffer[Other] == Char ||
                 ((Flags & FIND_IGNORE_CASE) != 0 &&
                  RtlUpcaseUnicodeChar(Wanted->Buffer[Other]) == RtlUpcaseUnicodeChar(Char));
        }
        if (In != ((Flags & FIND_OTHER) != 0)) {
            *Where = (USHORT)((Flags & FIND_BACKWARDS ? Index : Index + 1) * sizeof(WCHAR));
            return STATUS_SUCCESS;
        }
    }
    *Where = 0;
    return STATUS_NOT_FOUND;
}

/* The tests that Flags asks for come back as those that the text passes. Looks at the first 256 characters. */
BOOLEAN NTAPI
RtlIsTextUnicode(const VOID *Buffer, LONG Size, PINT Flags)
{
    static const WCHAR Controls[] = {L'\r', L'\n', L'\t', L' ', 0x3000};
    const WCHAR *Text = Buffer;
    ULONG Found = IS_TEXT_UNICODE_ASCII16 | IS_TEXT_UNICODE_REVERSE_ASCII16;
    ULONG Count = min((ULONG)Size / sizeof(WCHAR), 256), Highs = 0, Lows = 0;
    UCHAR HighBefore = 0, LowBefore = 0;

    if (Size < (LONG)sizeof(WCHAR)) {
        if (Flags != NULL) {
            *Flags = 0;
        }
        return FALSE;
    }
    if (Size % 2 != 0) {
        Found |= IS_TEXT_UNICODE_ODD_LENGTH;
    }
    if (Text[0] == 0xFEFF) {
        Found |= IS_TEXT_UNICODE_SIGNATURE;
    } else if (Text[0] == 0xFFFE) {
        Found |= IS_TEXT_UNICODE_REVERSE_SIGNATURE;
    }
    for (ULONG Index = 0; Index < Count; Index++) {
        UCHAR Low = (UCHAR)Text[Index], High = (UCHAR)(Text[Index] >> 8);

        Lows += Low > LowBefore ? Low - LowBefore : LowBefore - Low;
        Highs += High > HighBefore ? High - HighBefore : HighBefore - High;
        LowBefore = Low;
        HighBefore = High;
        if (Low == 0 || High == 0) {
            Found |= IS_TEXT_UNICODE_NULL_BYTES;
        }
        if (Low == 0 || High != 0) {
            Found &= ~(ULONG)IS_TEXT_UNICODE_ASCII16;
        }
        if (Low != 0) {
            Found &= ~(ULONG)IS_TEXT_UNICODE_REVERSE_ASCII16;
        }
        if (Text[Index] == 0xFFFF || Text[Index] == 0x0A0D ||
            (Index != 0 && Text[Index] == 0xFFFE)) {
            Found |= IS_TEXT_UNICODE_ILLEGAL_CHARS;
        }
        for (ULONG Other = 0; Other < RTL_NUMBER_OF(Controls); Other++) {
            if (Text[Index] == Controls[Other]) {
                Found |= IS_TEXT_UNICODE_CONTROLS;
            }
            if (Text[Index] == (USHORT)(Controls[Other] << 8 | Controls[Other] >> 8)) {
                Found |= IS_TEXT_UNICODE_REVERSE_CONTROLS;
            }
        }
    }
    if (Highs * 3 < Lows) { /* text varies in its low bytes far more than in its high ones */
        Found |= IS_TEXT_UNICODE_STATISTICS;
    } else if (Lows * 3 < Highs) {
        Found |= IS_TEXT_UNICODE_REVERSE_STATISTICS;
    }
    if (Flags != NULL) {
        Found &= (ULONG)*Flags;
        *Flags = (INT)Found;
    }
    return (Found & IS_TEXT_UNICODE_UNICODE_MASK) != 0 &&
           (Found & (IS_TEXT_UNICODE_REVERSE_MASK | IS_TEXT_UNICODE_NOT_UNICODE_MASK)) == 0;
}
