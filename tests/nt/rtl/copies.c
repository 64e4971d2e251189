/*
 * copies.c - counted strings in every length and room: initialised, copied, appended, duplicated, and converted with a buffer of the caller's and one that is allocated,
 * each against what its page says, and nothing written beside it.
 * [DDI:wdm/rtlinitunicodestringex], [DDI:wdm/rtlcopyunicodestring], [DDI:wdm/rtlappendunicodestringtostring], [DDI:wdm/rtlunicodestringtoansistring],
 * [DDI:wdm/rtlansistringtounicodestring], [ntifs: RtlDuplicateUnicodeString, RtlUnicodeStringToOemString, RtlUnicodeStringToCountedOemString,
 * RtlValidateUnicodeString], [DDI:ntifs/rtlutf8stringtounicodestring]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG, PCUNICODE_STRING, PUNICODE_STRING);
NTSYSAPI NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING, PCWSTR);
NTSYSAPI NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeStringToAnsiString(PANSI_STRING, PCUNICODE_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlUTF8StringToUnicodeString(PUNICODE_STRING, PUTF8_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToUTF8String(PUTF8_STRING, PCUNICODE_STRING, BOOLEAN);

#define MOST 0x8004 /* characters */

static WCHAR Wide[MOST];
static CHAR Narrow[2 * MOST];
static UCHAR Room[64];
static int Wrong;

static VOID
Fill(VOID)
{
    for (ULONG i = 0; i < MOST; i++) {
        Wide[i] = (WCHAR)(L'a' + i % 26);
    }
    for (ULONG i = 0; i < 2 * MOST; i++) {
        Narrow[i] = (CHAR)('a' + i % 26);
    }
}

/* Only Count bytes of the room may have been written. */
static BOOLEAN
IsWithin(ULONG Count)
{
    for (ULONG i = Count; i < sizeof(Room); i++) {
        if (Room[i] != 0xCC) {
            return FALSE;
        }
    }
    return TRUE;
}

static VOID
Initialised(VOID)
{
    static const ULONG Lengths[] = {0, 1, 5, 0x7FFD, 0x7FFE, 0x7FFF, 0x8000, 0x8001};
    UNICODE_STRING String;
    ANSI_STRING Ansi;

    Fill();
    RtlInitUnicodeString(&String, NULL);
    EXPECT(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
    EXPECT_STATUS(RtlInitUnicodeStringEx(&String, NULL), STATUS_SUCCESS);
    EXPECT(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
    RtlInitAnsiString(&Ansi, NULL);
    EXPECT(Ansi.Length == 0 && Ansi.MaximumLength == 0 && Ansi.Buffer == NULL);
    EXPECT_STATUS(RtlInitAnsiStringEx(&Ansi, NULL), STATUS_SUCCESS);
    EXPECT(Ansi.Length == 0 && Ansi.MaximumLength == 0 && Ansi.Buffer == NULL);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Lengths); i++) {
        ULONG Length = Lengths[i], Bytes = min(Length, 0x7FFE) * 2;
        NTSTATUS Status = Length > 0x7FFE ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;

        Wide[Length] = 0;
        RtlInitUnicodeString(&String, Wide);
        EXPECT(String.Length == Bytes && String.MaximumLength == Bytes + 2 &&
               String.Buffer == Wide);
        EXPECT_STATUS(RtlInitUnicodeStringEx(&String, Wide), Status);
        EXPECT(String.Length == Bytes && String.MaximumLength == Bytes + 2 &&
               String.Buffer == Wide);
        EXPECT_EQ(RtlCreateUnicodeString(&String, Wide), Length <= 0x7FFE);
        if (Length <= 0x7FFE) {
            EXPECT(String.Length == Bytes && String.MaximumLength == Bytes + 2 &&
                   RtlEqualMemory(String.Buffer, Wide, Bytes + 2));
            RtlFreeUnicodeString(&String);
            EXPECT(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
        }
        Wide[Length] = L'x';
        Length = Lengths[i] < 10 ? Lengths[i] : Lengths[i] + 0x8000;
        Bytes = min(Length, 0xFFFE);
        Status = Length > 0xFFFE ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;
        Narrow[Length] = 0;
        RtlInitAnsiString(&Ansi, Narrow);
        EXPECT(Ansi.Length == Bytes && Ansi.MaximumLength == Bytes + 1 && Ansi.Buffer == Narrow);
        EXPECT_STATUS(RtlInitAnsiStringEx(&Ansi, Narrow), Status);
        Narrow[Length] = 'x';
    }
}

static VOID
Copied(VOID)
{
    Fill();
    Wrong = 0;
    for (USHORT Length = 0; Length <= 8; Length++) {
        for (USHORT Maximum = 0; Maximum <= 12; Maximum++) {
            USHORT Even = Length & ~1, Copied = min(Even, Maximum);
            UNICODE_STRING Source = {Even, Even, Wide}, Target = {33, Maximum, (PWSTR)Room};
            STRING From = {Length, Length, Narrow}, To = {33, Maximum, (PCHAR)Room};

            RtlFillMemory(Room, sizeof(Room), 0xCC);
            RtlCopyUnicodeString(&Target, &Source);
            Wrong += Target.Length != Copied || Target.MaximumLength != Maximum ||
                     !RtlEqualMemory(Room, Wide, Copied);
            if (Copied + 2 <= Maximum) {
                Wrong += Room[Copied] != 0 || Room[Copied + 1] != 0 || !IsWithin(Copied + 2);
            } else {
                Wrong += !IsWithin(Copied);
            }
            RtlFillMemory(Room, sizeof(Room), 0xCC);
            RtlCopyString(&To, &From);
            Copied = min(Length, Maximum);
            Wrong += To.Length != Copied || To.MaximumLength != Maximum ||
                     !RtlEqualMemory(Room, Narrow, Copied) || !IsWithin(Copied);
        }
        UNICODE_STRING Target = {4, 8, (PWSTR)Room};
        STRING To = {4, 8, (PCHAR)Room};

        RtlFillMemory(Room, sizeof(Room), 0xCC);
        RtlCopyUnicodeString(&Target, NULL);
        RtlCopyString(&To, NULL);
        Wrong += Target.Length != 0 || To.Length != 0 || !IsWithin(0);
    }
    EXPECT_EQ(Wrong, 0);
}

static VOID
Appended(VOID)
{
    Fill();
    Wrong = 0;
    for (USHORT Begun = 0; Begun <= 6; Begun++) {
        for (USHORT Length = 0; Length <= 6; Length++) {
            for (USHORT Maximum = Begun; Maximum <= 14; Maximum++) {
                for (ULONG Form = 0; Form < 4; Form++) {
                    USHORT Unit = Form < 2 ? 2 : 1, First = Begun / Unit * Unit,
                           Bytes = Length / Unit * Unit;
                    UNICODE_STRING Target = {First, Maximum, (PWSTR)Room},
                                   Source = {Bytes, Bytes, Wide};
                    STRING To = {First, Maximum, (PCHAR)Room}, From = {Bytes, Bytes, Narrow};
                    NTSTATUS Expected =
                                 First + Bytes > Maximum ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS,
                             Status;
                    USHORT End = Expected == STATUS_SUCCESS ? First + Bytes : First, Written = End;
                    WCHAR KeptWide = Wide[Bytes / 2];
                    CHAR KeptNarrow = Narrow[Bytes];

                    RtlFillMemory(Room, sizeof(Room), 0xCC);
                    Wide[Bytes / 2] = Form == 0 ? 0 : KeptWide;
                    Narrow[Bytes] = Form == 2 ? 0 : KeptNarrow;
                    Status = Form == 0   ? RtlAppendUnicodeToString(&Target, Wide)
                             : Form == 1 ? RtlAppendUnicodeStringToString(&Target, &Source)
                             : Form == 2 ? RtlAppendAsciizToString(&To, Narrow)
                                         : RtlAppendStringToString(&To, &From);
                    Wide[Bytes / 2] = KeptWide;
                    Narrow[Bytes] = KeptNarrow;
                    Wrong += Status != Expected || (Form < 2 ? Target.Length : To.Length) != End;
                    Wrong += End > First &&
                             !RtlEqualMemory(Room + First, Form < 2 ? (PVOID)Wide : Narrow, Bytes);
                    if (Form < 2 && Expected == STATUS_SUCCESS && End + 2 <= Maximum &&
                        (Form == 0 || Bytes != 0)) {
                        Wrong += Room[End] != 0 || Room[End + 1] != 0;
                        Written += 2;
                    }
                    Wrong += !IsWithin(Written);
                }
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
    UNICODE_STRING Target = {4, 8, (PWSTR)Room};
    STRING To = {4, 8, (PCHAR)Room};

    EXPECT_STATUS(RtlAppendUnicodeToString(&Target, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendAsciizToString(&To, NULL), STATUS_SUCCESS);
    EXPECT(Target.Length == 4 && To.Length == 4);
    Narrow[0xFFFF] = 0;
    To = (STRING){0, 0xFFFF, Narrow}; /* too long for a counted string at all */
    EXPECT_STATUS(RtlAppendAsciizToString(&To, Narrow), STATUS_BUFFER_TOO_SMALL);
}

/* [ntifs: RtlDuplicateUnicodeString] flag 1: with a terminator; 2, beside it: of an empty string a terminator too. */
static VOID
Duplicated(VOID)
{
    static const USHORT Lengths[] = {0, 2, 10, 0xFFFC, 0xFFFE};

    Fill();
    for (ULONG Flags = 0; Flags <= 5; Flags++) {
        for (ULONG i = 0; i <= RTL_NUMBER_OF(Lengths); i++) {
            BOOLEAN Null = i == RTL_NUMBER_OF(Lengths);
            USHORT Length = Null ? 0 : Lengths[i];
            UNICODE_STRING Source = {Length, Length, Wide}, New = {77, 78, (PWSTR)79};
            ULONG Bytes = Length + ((Flags & 1) && (Length != 0 || (Flags & 2)) ? 2 : 0);
            NTSTATUS Expected = Flags == 2 || Flags > 3 ? STATUS_INVALID_PARAMETER
                                : Bytes > 0xFFFE        ? STATUS_NAME_TOO_LONG
                                                        : STATUS_SUCCESS;

            EXPECT_STATUS(RtlDuplicateUnicodeString(Flags, Null ? NULL : &Source, &New), Expected);
            if (Expected != STATUS_SUCCESS) {
                EXPECT(New.Length == 77 && New.MaximumLength == 78 && New.Buffer == (PWSTR)79);
                continue;
            }
            EXPECT(New.Length == Length && New.MaximumLength == Bytes &&
                   (New.Buffer == NULL) == (Bytes == 0));
            EXPECT(Bytes == 0 || RtlEqualMemory(New.Buffer, Wide, Length));
            EXPECT(Bytes == Length || New.Buffer[Length / 2] == 0);
            RtlFreeUnicodeString(&New);
        }
        EXPECT_STATUS(RtlDuplicateUnicodeString(Flags, NULL, NULL), STATUS_INVALID_PARAMETER);
    }
    for (ULONG Case = 0; Case < 5; Case++) { /* a source that is none */
        UNICODE_STRING Source = {4, 6, Wide}, New;

        Source.Length = Case == 1 ? 3 : Case == 2 ? 8 : Source.Length;
        Source.MaximumLength = Case == 3 ? 7 : Source.MaximumLength;
        Source.Buffer = Case == 4 ? NULL : Wide;
        EXPECT_STATUS(RtlDuplicateUnicodeString(0, &Source, &New),
                      Case == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(RtlValidateUnicodeString(0, &Source),
                      Case == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(RtlValidateUnicodeString(1, &Source), STATUS_INVALID_PARAMETER);
        if (Case == 0) {
            RtlFreeUnicodeString(&New);
        }
    }
    UNICODE_STRING None = {0, 0, NULL}, Spare = {0, 2, NULL};

    EXPECT_STATUS(RtlValidateUnicodeString(0, &None), STATUS_SUCCESS);
    EXPECT_STATUS(RtlValidateUnicodeString(0, &Spare), STATUS_INVALID_PARAMETER);
}

typedef NTSTATUS NTAPI TO_NARROW(PSTRING Target, PCUNICODE_STRING Source, BOOLEAN Allocate);
typedef NTSTATUS NTAPI TO_WIDE(PUNICODE_STRING Target, PSTRING Source, BOOLEAN Allocate);

/* Of letters each character is a byte. Counted: nothing stands behind it; an empty one is no string at all. Cut: what fits of a string that does not. */
static VOID
ToNarrow(TO_NARROW *Convert, BOOLEAN Counted, BOOLEAN Cut, BOOLEAN Upper)
{
    Wrong = 0;
    for (USHORT Length = 0; Length <= 6; Length++) {
        for (USHORT Maximum = 0; Maximum <= 9; Maximum++) {
            UNICODE_STRING Source = {(USHORT)(Length * 2), (USHORT)(Length * 2), Wide};
            USHORT Size = Length + !Counted, Given = Length;
            STRING Target = {33, Maximum, (PCHAR)Room};
            NTSTATUS Expected = Size > Maximum && (!Counted || Length != 0) ? STATUS_BUFFER_OVERFLOW
                                                                            : STATUS_SUCCESS;

            RtlFillMemory(Room, sizeof(Room), 0xCC);
            Wrong += Convert(&Target, &Source, FALSE) != Expected;
            if (Counted && Length == 0) {
                Wrong += Target.Length != 0 || Target.MaximumLength != 0 || Target.Buffer != NULL ||
                         !IsWithin(0);
                continue;
            }
            if (Expected != STATUS_SUCCESS && (!Cut || Maximum == 0)) {
                Wrong += Target.Length != 33 || !IsWithin(0);
                continue;
            }
            Given = Expected == STATUS_SUCCESS ? Length : Maximum - 1;
            Wrong += Target.Length != Given || Target.MaximumLength != Maximum ||
                     !IsWithin(Given + !Counted);
            Wrong += !Counted && Room[Given] != 0;
            for (USHORT i = 0; i < Given; i++) {
                Wrong += Room[i] != (UCHAR)(Upper ? 'A' + i : 'a' + i);
            }
        }
        UNICODE_STRING Source = {(USHORT)(Length * 2), (USHORT)(Length * 2), Wide};
        STRING Target = {33, 2, (PCHAR)Room};

        RtlFillMemory(Room, sizeof(Room), 0xCC);
        Wrong += Convert(&Target, &Source, TRUE) != STATUS_SUCCESS || !IsWithin(0) ||
                 Target.Length != Length;
        if (Target.Buffer != NULL) {
            Wrong += Target.MaximumLength != Length + !Counted ||
                     (!Counted && Target.Buffer[Length] != 0);
            Wrong += Length != 0 &&
                     Target.Buffer[Length - 1] != (CHAR)((Upper ? 'A' : 'a') + Length - 1);
            RtlFreeAnsiString(&Target);
            Wrong += Target.Buffer != NULL || Target.Length != 0 || Target.MaximumLength != 0;
        } else {
            Wrong += !Counted || Length != 0;
        }
    }
    EXPECT_EQ(Wrong, 0);
}

static VOID
ToWide(TO_WIDE *Convert, BOOLEAN Counted)
{
    Wrong = 0;
    for (USHORT Length = 0; Length <= 6; Length++) {
        for (USHORT Maximum = 0; Maximum <= 16; Maximum++) {
            STRING Source = {Length, Length, Narrow};
            USHORT Size = (USHORT)((Length + !Counted) * 2);
            UNICODE_STRING Target = {33, Maximum, (PWSTR)Room};
            NTSTATUS Expected = Size > Maximum && (!Counted || Length != 0) ? STATUS_BUFFER_OVERFLOW
                                                                            : STATUS_SUCCESS;

            RtlFillMemory(Room, sizeof(Room), 0xCC);
            Wrong += Convert(&Target, &Source, FALSE) != Expected;
            if (Counted && Length == 0) {
                Wrong += Target.Length != 0 || Target.MaximumLength != 0 || Target.Buffer != NULL ||
                         !IsWithin(0);
            } else if (Expected != STATUS_SUCCESS) {
                Wrong += Target.Length != 33 || !IsWithin(0);
            } else {
                Wrong += Target.Length != Length * 2 || Target.MaximumLength != Maximum ||
                         !IsWithin(Size) || !RtlEqualMemory(Room, Wide, Length * 2u);
                Wrong += !Counted && (Room[Length * 2] != 0 || Room[Length * 2 + 1] != 0);
            }
        }
        STRING Source = {Length, Length, Narrow};
        UNICODE_STRING Target = {33, 2, (PWSTR)Room};

        RtlFillMemory(Room, sizeof(Room), 0xCC);
        Wrong += Convert(&Target, &Source, TRUE) != STATUS_SUCCESS || !IsWithin(0) ||
                 Target.Length != Length * 2;
        if (Target.Buffer != NULL) {
            Wrong += Target.MaximumLength != (Length + !Counted) * 2 ||
                     (!Counted && Target.Buffer[Length] != 0) ||
                     !RtlEqualMemory(Target.Buffer, Wide, Length * 2u);
            RtlFreeUnicodeString(&Target);
        } else {
            Wrong += !Counted || Length != 0;
        }
    }
    EXPECT_EQ(Wrong, 0);
}

static VOID
Converted(VOID)
{
    static const USHORT Lengths[] = {0x7FFD, 0x7FFE, 0x7FFF, 0x8000};

    Fill();
    ToNarrow((TO_NARROW *)RtlUnicodeStringToAnsiString, FALSE, TRUE, FALSE);
    ToNarrow((TO_NARROW *)RtlUpcaseUnicodeStringToAnsiString, FALSE, TRUE, TRUE);
    ToNarrow((TO_NARROW *)RtlUnicodeStringToOemString, FALSE, TRUE, FALSE);
    ToNarrow((TO_NARROW *)RtlUpcaseUnicodeStringToOemString, FALSE, TRUE, TRUE);
    ToNarrow((TO_NARROW *)RtlUnicodeStringToCountedOemString, TRUE, FALSE, FALSE);
    ToNarrow((TO_NARROW *)RtlUpcaseUnicodeStringToCountedOemString, TRUE, FALSE, TRUE);
    ToNarrow((TO_NARROW *)RtlUnicodeStringToUTF8String, FALSE, FALSE, FALSE);
    ToWide((TO_WIDE *)RtlAnsiStringToUnicodeString, FALSE);
    ToWide((TO_WIDE *)RtlOemStringToUnicodeString, FALSE);
    ToWide((TO_WIDE *)RtlOemStringToCountedUnicodeString, TRUE);
    ToWide((TO_WIDE *)RtlUTF8StringToUnicodeString, FALSE);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Lengths); i++) {
        STRING Source = {Lengths[i], Lengths[i], Narrow};
        UNICODE_STRING Target = {0, 0, NULL};
        NTSTATUS Expected = Lengths[i] > 0x7FFE ? STATUS_INVALID_PARAMETER_2 : STATUS_SUCCESS;

        EXPECT_STATUS(RtlAnsiStringToUnicodeString(&Target, &Source, TRUE), Expected);
        if (Expected == STATUS_SUCCESS) {
            EXPECT(Target.Length == Lengths[i] * 2 && Target.Buffer[Lengths[i]] == 0);
            RtlFreeUnicodeString(&Target);
        }
        Expected = Lengths[i] > 0x7FFF ? STATUS_INVALID_PARAMETER_2 : STATUS_SUCCESS;
        EXPECT_STATUS(RtlOemStringToCountedUnicodeString(&Target, &Source, TRUE), Expected);
        if (Expected == STATUS_SUCCESS) {
            EXPECT(Target.Length == Lengths[i] * 2);
            RtlFreeUnicodeString(&Target);
        }
    }
    WCHAR Far[] = {L'a', 0x4E00};
    UNICODE_STRING Source = {4, 4, Far};
    STRING Target = {33, 8, (PCHAR)Room};

    EXPECT_STATUS(RtlUpcaseUnicodeStringToCountedOemString(&Target, &Source, FALSE),
                  STATUS_UNMAPPABLE_CHARACTER);
    EXPECT_STATUS(RtlUnicodeStringToCountedOemString(&Target, &Source, FALSE), STATUS_SUCCESS);
}

static VOID
Cased(VOID)
{
    Fill();
    Wrong = 0;
    for (ULONG Upper = 0; Upper < 2; Upper++) {
        NTSTATUS(NTAPI * Change)(PUNICODE_STRING, PCUNICODE_STRING, BOOLEAN) =
            Upper ? RtlUpcaseUnicodeString : RtlDowncaseUnicodeString;

        for (USHORT Length = 0; Length <= 10; Length += 2) {
            for (USHORT Maximum = 0; Maximum <= 13; Maximum++) {
                WCHAR Mixed[] = L"aBcDe", Expected[] = L"abcde";
                UNICODE_STRING Source = {Length, 10, Mixed}, Target = {33, Maximum, (PWSTR)Room};
                BOOLEAN Fits = Length <= Maximum;

                for (ULONG i = 0; i < 5 && Upper; i++) {
                    Expected[i] ^= 0x20;
                }
                RtlFillMemory(Room, sizeof(Room), 0xCC);
                Wrong += Change(&Target, &Source, FALSE) !=
                             (Fits ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW) ||
                         !IsWithin(Fits ? Length : 0);
                Wrong += Fits && (Target.Length != Length || Target.MaximumLength != Maximum ||
                                  !RtlEqualMemory(Room, Expected, Length));
                if (Length != 0) {
                    Wrong += Change(&Target, &Source, TRUE) != STATUS_SUCCESS ||
                             Target.Length != Length || Target.MaximumLength != Length ||
                             Target.Buffer == (PWSTR)Room ||
                             !RtlEqualMemory(Target.Buffer, Expected, Length);
                    RtlFreeUnicodeString(&Target);
                }
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
}

TEST_DRIVER(TEST(Cased), TEST(Initialised), TEST(Copied), TEST(Appended), TEST(Duplicated),
            TEST(Converted))
