/*
 * dosname.c - is a name of 8.3 form?
 *
 * It has 1 to 8 characters, or these, a dot and 1 to 3 more. "." and ".." are legal too.
 *
 * Source: Microsoft Learn: RtlIsNameLegalDOS8Dot3 (ntifs.h); "Naming Files, Paths, and Namespaces".
 */
#include "nt/rtl/rtlp.h"

#define RTLP_MAX_BASE 8
#define RTLP_MAX_EXT  3

BOOLEAN
RtlpLegalDosByte(UCHAR Byte)
{
    if (Byte >= 0x80) {
        return TRUE;
    }
    return Byte > ' ' && Byte != 0x7F && strchr("\"*+,/:;<=>?[\\]|.", Byte) == NULL;
}

BOOLEAN NTAPI
RtlIsNameLegalDOS8Dot3(RTLP_CONST UNICODE_STRING *Name, POEM_STRING OemName,
                       PBOOLEAN NameContainsSpaces)
{
    CHAR Buffer[12];
    STRING Own = {0, sizeof(Buffer), Buffer};
    PSTRING Oem = OemName != NULL ? OemName : &Own;
    BOOLEAN Spaces = FALSE, SeenDot = FALSE;
    USHORT Index;

    if (Name->Length > 12 * sizeof(WCHAR)) {
        return FALSE;
    }
    if (!NT_SUCCESS(RtlUpcaseUnicodeStringToCountedOemString(Oem, Name, FALSE))) {
        return FALSE;
    }
    if ((Oem->Length == 1 && Oem->Buffer[0] == '.') ||
        (Oem->Length == 2 && Oem->Buffer[0] == '.' && Oem->Buffer[1] == '.')) {
        if (NameContainsSpaces != NULL) {
            *NameContainsSpaces = FALSE;
        }
        return TRUE;
    }
    for (Index = 0; Index < Oem->Length; Index++) {
        UCHAR Byte = (UCHAR)Oem->Buffer[Index];

        if (Byte == ' ') {
            Spaces = TRUE; /* but not before the dot or at the end */
            if (Index == 0 || Index == Oem->Length - 1 || Oem->Buffer[Index + 1] == '.') {
                return FALSE;
            }
        } else if (Byte == '.') {
            /* One dot, with a base before it and an extension of at most three after it. */
            if (SeenDot || Index == 0 || Oem->Length - (Index + 1) > RTLP_MAX_EXT ||
                Index == Oem->Length - 1) {
                return FALSE;
            }
            SeenDot = TRUE;
        } else if (!RtlpLegalDosByte(Byte)) {
            return FALSE;
        }
        if (!SeenDot && Index >= RTLP_MAX_BASE) {
            return FALSE;
        }
    }
    if (NameContainsSpaces != NULL) {
        *NameContainsSpaces = Spaces;
    }
    return Oem->Length != 0;
}
