/*
 * shortname.c - a name of 8.3 form for a long one, for file systems.
 *
 * BASE~n.EXT: the first six legal characters, from n = 5 on two and a checksum of the name. Our
 * checksum is not the one of Windows (undocumented).
 *
 * Source: Microsoft Learn: RtlGenerate8dot3Name (ntifs.h).
 */
#include "nt/rtl/rtlp.h"

static USHORT
RtlpNameChecksum(PCUNICODE_STRING Name)
{
    USHORT Sum = 0;
    ULONG Index;

    for (Index = 0; Index < Name->Length / sizeof(WCHAR); Index++) {
        Sum = (USHORT)(Sum * 0x25 + Name->Buffer[Index]);
    }
    return Sum;
}

/* The character as a short name has it; 0: left out. */
static WCHAR
RtlpShortUnit(WCHAR Unit, BOOLEAN AllowExtended)
{
    WCHAR Upper = RtlUpcaseUnicodeChar(Unit);
    UCHAR Byte;

    if (Unit == ' ' || Unit == '.') {
        return 0;
    }
    if (!RtlpUnitToOem(Upper, &Byte) || (Byte >= 0x80 && !AllowExtended) ||
        !RtlpLegalDosByte(Byte)) {
        return '_';
    }
    return Upper;
}

/*
 * Each call with the same context makes the next candidate; the context is zero before the first.
 */
NTSTATUS NTAPI
RtlGenerate8dot3Name(PCUNICODE_STRING Name, BOOLEAN AllowExtendedCharacters,
                     PGENERATE_NAME_CONTEXT Context, PUNICODE_STRING Name8dot3)
{
    ULONG Count = Name->Length / sizeof(WCHAR), Dot = Count, Index, Length = 0, Digits, Leading = 0;
    WCHAR Tail[8];

    if (Context->NameLength == 0 && Context->LastIndexValue == 0) {
        /* The last dot behind something else than dots starts the extension. */
        while (Leading < Count && Name->Buffer[Leading] == '.') {
            Leading++;
        }
        for (Index = Count; Index > Leading + 1; Index--) {
            if (Name->Buffer[Index - 1] == '.') {
                Dot = Index - 1;
                break;
            }
        }
        for (Index = 0; Index < Dot && Context->NameLength < 6; Index++) {
            WCHAR Unit = RtlpShortUnit(Name->Buffer[Index], AllowExtendedCharacters);

            if (Unit != 0) {
                Context->NameBuffer[Context->NameLength++] = Unit;
            }
        }
        if (Dot < Count) {
            for (Index = Dot + 1; Index < Count && Context->ExtensionLength < 4; Index++) {
                WCHAR Unit = RtlpShortUnit(Name->Buffer[Index], AllowExtendedCharacters);

                if (Unit != 0) {
                    if (Context->ExtensionLength == 0) {
                        Context->ExtensionBuffer[Context->ExtensionLength++] = '.';
                    }
                    Context->ExtensionBuffer[Context->ExtensionLength++] = Unit;
                }
            }
        }
        if (Context->NameLength <= 2) {
            Context->Checksum = RtlpNameChecksum(Name);
            Context->CheckSumInserted = TRUE;
        }
        if (Context->CheckSumInserted) {
            for (Index = 0; Index < 4; Index++) {
                Context->NameBuffer[Context->NameLength++] =
                    (WCHAR) "0123456789ABCDEF"[Context->Checksum >> (12 - 4 * Index) & 15];
            }
        }
    }
    Context->LastIndexValue++;
    if (Context->LastIndexValue > 4 && !Context->CheckSumInserted) {
        Context->Checksum = RtlpNameChecksum(Name);
        Context->CheckSumInserted = TRUE;
        for (Index = 0; Index < 4; Index++) {
            Context->NameBuffer[2 + Index] =
                (WCHAR) "0123456789ABCDEF"[Context->Checksum >> (12 - 4 * Index) & 15];
        }
        Context->NameLength = 6;
        Context->LastIndexValue = 1;
    }
    if (Context->LastIndexValue > 999999) {
        return STATUS_FILE_SYSTEM_LIMITATION;
    }

    Digits = 0;
    for (Index = Context->LastIndexValue; Index != 0; Index /= 10) {
        Tail[Digits++] = (WCHAR)('0' + Index % 10);
    }
    for (Index = 0; Index < Context->NameLength && Index + 1 + Digits < 8; Index++) {
        Name8dot3->Buffer[Length++] = Context->NameBuffer[Index];
    }
    Name8dot3->Buffer[Length++] = '~';
    while (Digits != 0) {
        Name8dot3->Buffer[Length++] = Tail[--Digits];
    }
    for (Index = 0; Index < Context->ExtensionLength; Index++) {
        Name8dot3->Buffer[Length++] = Context->ExtensionBuffer[Index];
    }
    Name8dot3->Length = (USHORT)(Length * sizeof(WCHAR));
    return STATUS_SUCCESS;
}
