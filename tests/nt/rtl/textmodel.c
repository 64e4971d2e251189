/*
 * textmodel.c - text from one character set to another, against what the Unicode Standard and the code pages' tables say: every first byte of
 * UTF-8 with drawn ones behind it, every UTF-16 unit beside drawn ones, and each routine with room for a part of what it makes.
 * [wdm: RtlUTF8ToUnicodeN, RtlUnicodeToUTF8N, RtlUnicodeStringToAnsiString, RtlAnsiStringToUnicodeString, RtlUTF8StringToUnicodeString],
 * [ntifs: RtlOemStringToUnicodeString, RtlUnicodeStringToOemString, RtlUnicodeStringToCountedOemString], [Unicode, 3.9: table 3-7]
 */
#include "../ntlab-test.h"

#define ROUNDS 6000
#define MOST   12

NTSYSAPI NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR, ULONG, PULONG, PCCH, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToUTF8String(PSTRING, PCUNICODE_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlUTF8StringToUnicodeString(PUNICODE_STRING, PSTRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeStringToAnsiString(PANSI_STRING, PCUNICODE_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlMultiByteToUnicodeSize(PULONG, const CHAR *, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeToMultiByteSize(PULONG, PCWCH, ULONG);

static ULONG Wrong, Seed;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

/* ---- the model ---- */

/* Whether there is a character of so many bytes that begins with these. */
static BOOLEAN
CanBegin(const UCHAR *Bytes, ULONG Count, ULONG Of)
{
    static const struct {
        UCHAR Lead, Mask;
        ULONG From, To;
    } Form[] = {{0},
                {0, 0x80, 0, 0x7F},
                {0xC0, 0xE0, 0x80, 0x7FF},
                {0xE0, 0xF0, 0x800, 0xFFFF},
                {0xF0, 0xF8, 0x10000, 0x10FFFF}};
    ULONG Value = Bytes[0] & (UCHAR)~Form[Of].Mask, From, To;

    if ((Bytes[0] & Form[Of].Mask) != Form[Of].Lead) {
        return FALSE;
    }
    for (ULONG i = 1; i < Count; i++) {
        if ((Bytes[i] & 0xC0) != 0x80) {
            return FALSE;
        }
        Value = Value << 6 | (Bytes[i] & 0x3F);
    }
    From = Value << 6 * (Of - Count);
    To = From + (1u << 6 * (Of - Count)) - 1;
    From = max(From, Form[Of].From);
    To = min(To, Form[Of].To);
    return From <= To && !(From >= 0xD800 && To <= 0xDFFF);
}

/* UTF-16 of UTF-8: how many units. What begins no character becomes U+FFFD as far as it could have been one. */
static ULONG
Wide(const UCHAR *In, ULONG Count, PWCHAR Out, PBOOLEAN Malformed)
{
    ULONG Made = 0;

    *Malformed = FALSE;
    for (ULONG At = 0, Taken; At < Count; At += Taken) {
        ULONG Of = 0, Code = 0;

        Taken = 1;
        for (ULONG Length = 1; Length <= 4; Length++) {
            for (ULONG Have = 1;
                 Have <= Length && At + Have <= Count && CanBegin(In + At, Have, Length); Have++) {
                Taken = max(Taken, Have);
                Of = Have == Length ? Length : Of;
            }
        }
        if (Of == 0) {
            Out[Made++] = 0xFFFD;
            *Malformed = TRUE;
            continue;
        }
        Code = Of == 1 ? In[At] : In[At] & (0x3Fu >> (Of - 1));
        for (ULONG i = 1; i < Of; i++) {
            Code = Code * 64 + In[At + i] % 64;
        }
        if (Code >= 0x10000) {
            Out[Made++] = (WCHAR)(0xD7C0 + Code / 1024);
            Code = 0xDC00 + Code % 1024;
        }
        Out[Made++] = (WCHAR)Code;
    }
    return Made;
}

/* UTF-8 of UTF-16: how many bytes, and of each how many its character has. */
static ULONG
Narrow(const WCHAR *In, ULONG Count, PUCHAR Out, PUCHAR Parts, PBOOLEAN Malformed)
{
    ULONG Made = 0;

    *Malformed = FALSE;
    for (ULONG At = 0; At < Count; At++) {
        ULONG Code = In[At], Length;

        if (Code / 1024 == 54 && At + 1 < Count && In[At + 1] / 1024 == 55) {
            Code = 0x10000 + (Code - 0xD800) * 1024 + In[++At] - 0xDC00;
        } else if (Code / 2048 == 27) {
            Code = 0xFFFD;
            *Malformed = TRUE;
        }
        Length = Code < 0x80 ? 1 : Code < 0x800 ? 2 : Code < 0x10000 ? 3 : 4;
        Parts[Made] = (UCHAR)Length;
        Out[Made] =
            (UCHAR)(Length == 1 ? Code : (0xF00 >> Length & 0xFF) | Code >> 6 * (Length - 1));
        for (ULONG i = 1; i < Length; i++) {
            Out[Made + i] = 0x80 | (Code >> 6 * (Length - 1 - i) & 0x3F);
        }
        Made += Length;
    }
    return Made;
}

/* ---- against it ---- */

static VOID
FromUtf8(const UCHAR *In, ULONG Count)
{
    WCHAR Meant[MOST], Out[MOST + 1];
    BOOLEAN Malformed;
    ULONG Units = Wide(In, Count, Meant, &Malformed), Actual = 99, Room = Random(Units + 2),
          Fit = 0;
    NTSTATUS Told = Malformed ? STATUS_SOME_NOT_MAPPED : STATUS_SUCCESS;

    Wrong += RtlUTF8ToUnicodeN(NULL, 0, &Actual, (PCCH)In, Count) != Told || Actual != Units * 2;
    RtlFillMemory(Out, sizeof(Out), 0x11);
    Wrong +=
        RtlUTF8ToUnicodeN(Out, Units * 2, &Actual, (PCCH)In, Count) != Told || Actual != Units * 2;
    Wrong += RtlCompareMemory(Out, Meant, Units * 2) != Units * 2 || Out[Units] != 0x1111;
    /* A character that has no room is left out whole, and all behind it. */
    while (Fit < Units) {
        ULONG Part = Meant[Fit] / 1024 == 54 ? 2 : 1;

        if (Fit + Part > Room) {
            break;
        }
        Fit += Part;
    }
    RtlFillMemory(Out, sizeof(Out), 0x11);
    Told = Fit < Units ? STATUS_BUFFER_TOO_SMALL : Told;
    Wrong += RtlUTF8ToUnicodeN(Out, Room * 2 + Random(2), &Actual, (PCCH)In, Count) != Told ||
             Actual != Fit * 2;
    Wrong += RtlCompareMemory(Out, Meant, Fit * 2) != Fit * 2 || Out[Fit] != 0x1111;
}

static VOID
FromUtf16(const WCHAR *In, ULONG Count)
{
    UCHAR Meant[MOST * 3], Parts[MOST * 3], Out[MOST * 3 + 1];
    BOOLEAN Malformed;
    ULONG Bytes = Narrow(In, Count, Meant, Parts, &Malformed), Actual = 99,
          Room = Random(Bytes + 2), Fit = 0;
    NTSTATUS Told = Malformed ? STATUS_SOME_NOT_MAPPED : STATUS_SUCCESS;

    Wrong += RtlUnicodeToUTF8N(NULL, 0, &Actual, In, Count * 2) != Told || Actual != Bytes;
    RtlFillMemory(Out, sizeof(Out), 0x11);
    Wrong +=
        RtlUnicodeToUTF8N((PCHAR)Out, Bytes, &Actual, In, Count * 2) != Told || Actual != Bytes;
    Wrong += RtlCompareMemory(Out, Meant, Bytes) != Bytes || Out[Bytes] != 0x11;
    while (Fit < Bytes && Fit + Parts[Fit] <= Room) {
        Fit += Parts[Fit];
    }
    RtlFillMemory(Out, sizeof(Out), 0x11);
    Told = Fit < Bytes ? STATUS_BUFFER_TOO_SMALL : Told;
    /* What comes behind the one that did not fit is not looked at. */
    Wrong += (RtlUnicodeToUTF8N((PCHAR)Out, Room, &Actual, In, Count * 2) != Told) || Actual != Fit;
    Wrong += RtlCompareMemory(Out, Meant, Fit) != Fit || Out[Fit] != 0x11;
}

static VOID
Utf(VOID)
{
    static const UCHAR Edge[] = {0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
                                 0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5};
    static const WCHAR Unit[] = {0x7F,   0x80,   0x7FF,  0x800,  0xD7FF, 0xD800,
                                 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF};

    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        UCHAR Bytes[MOST / 2];
        WCHAR Units[MOST / 2];
        ULONG Count = 1 + Random(MOST / 2);

        for (ULONG i = 0; i < Count; i++) {
            Bytes[i] = Random(3) != 0 ? Edge[Random(sizeof(Edge))] : (UCHAR)Random(256);
            Units[i] = Random(3) != 0 ? Unit[Random(RTL_NUMBER_OF(Unit))] : (WCHAR)Random(0x10000);
        }
        Bytes[0] = (UCHAR)Round;
        FromUtf8(Bytes, Count);
        FromUtf16(Units, Count);
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_STATUS(RtlUTF8ToUnicodeN(NULL, 0, NULL, "a", 1), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlUnicodeToUTF8N(NULL, 0, NULL, L"a", 2), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlUnicodeToUTF8N((PCHAR)&Wrong, 0, NULL, L"a", 1), STATUS_INVALID_PARAMETER_5);
    EXPECT_STATUS(RtlUTF8ToUnicodeN((PWSTR)&Wrong, 0, NULL, NULL, 1), STATUS_INVALID_PARAMETER_4);
}

/* ---- counted strings ---- */

typedef NTSTATUS NTAPI NARROW(PSTRING, PCUNICODE_STRING, BOOLEAN);
typedef NTSTATUS NTAPI WIDEN(PUNICODE_STRING, PSTRING, BOOLEAN);

/* A text of so many letters into each size of buffer, and into one that the routine allocates. */
static VOID
ToNarrow(NARROW *Routine, BOOLEAN Terminates, BOOLEAN Cuts, PCSTR Meant)
{
    UNICODE_STRING From = RTL_CONSTANT_STRING(L"ab\x00E9"
                                              L"cd");
    ULONG Length = (ULONG)strlen(Meant), Need = Length + Terminates;
    STRING To;

    for (ULONG Room = 0; Room <= Need + 2; Room++) {
        char Text[16];
        ULONG Fit = Room >= Need ? Length : Terminates && Cuts && Room != 0 ? Room - 1 : 0;
        NTSTATUS Status;

        RtlFillMemory(Text, sizeof(Text), 0x11);
        To = (STRING){77, (USHORT)Room, Text};
        Status = Routine(&To, &From, FALSE);
        EXPECT_STATUS(Status, Room >= Need ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW);
        Wrong += To.Length !=
                     (Room >= Need || Fit != 0 || (Cuts && Terminates && Room == 1) ? Fit : 77) ||
                 To.MaximumLength != Room || To.Buffer != Text;
        Wrong += RtlCompareMemory(Text, Meant, Fit) != Fit ||
                 Text[Fit] != (Terminates && (Room >= Need || (Cuts && Room != 0)) ? 0 : 0x11);
    }
    To = (STRING){77, 0, NULL};
    EXPECT_STATUS(Routine(&To, &From, TRUE), STATUS_SUCCESS);
    Wrong += To.Length != Length || To.MaximumLength != Need ||
             RtlCompareMemory(To.Buffer, Meant, Need) != Need;
    ExFreePool(To.Buffer);
    EXPECT_EQ(Wrong, 0);
}

static VOID
ToWide(WIDEN *Routine, BOOLEAN Terminates, PCSTR In, PCWSTR Meant)
{
    ULONG Length = (ULONG)wcslen(Meant) * 2, Need = Length + 2 * Terminates;
    STRING From;
    UNICODE_STRING To;

    RtlInitString(&From, In);
    for (ULONG Room = 0; Room <= Need + 3; Room++) {
        WCHAR Text[16];
        BOOLEAN Fits = Room >= Need;

        RtlFillMemory(Text, sizeof(Text), 0x11);
        To = (UNICODE_STRING){77, (USHORT)Room, Text};
        EXPECT_STATUS(Routine(&To, &From, FALSE), Fits ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW);
        Wrong += To.Length != (Fits ? Length : 77) || To.MaximumLength != Room || To.Buffer != Text;
        Wrong += Fits && (RtlCompareMemory(Text, Meant, Length) != Length ||
                          Text[Length / 2] != (Terminates ? 0 : 0x1111));
        Wrong += !Fits && Text[0] != 0x1111;
    }
    To = (UNICODE_STRING){77, 0, NULL};
    EXPECT_STATUS(Routine(&To, &From, TRUE), STATUS_SUCCESS);
    Wrong += To.Length != Length || To.MaximumLength != Need ||
             RtlCompareMemory(To.Buffer, Meant, Need) != Need;
    RtlFreeUnicodeString(&To);
    EXPECT_EQ(Wrong, 0);
}

static VOID
Counted(VOID)
{
    ToNarrow((NARROW *)RtlUnicodeStringToAnsiString, TRUE, TRUE,
             "ab\xE9"
             "cd");
    ToNarrow((NARROW *)RtlUpcaseUnicodeStringToAnsiString, TRUE, TRUE,
             "AB\xC9"
             "CD");
    ToNarrow((NARROW *)RtlUnicodeStringToOemString, TRUE, TRUE,
             "ab\x82"
             "cd");
    ToNarrow((NARROW *)RtlUpcaseUnicodeStringToOemString, TRUE, TRUE,
             "AB\x90"
             "CD");
    ToNarrow((NARROW *)RtlUnicodeStringToCountedOemString, FALSE, FALSE,
             "ab\x82"
             "cd");
    ToNarrow((NARROW *)RtlUpcaseUnicodeStringToCountedOemString, FALSE, FALSE,
             "AB\x90"
             "CD");
    ToNarrow((NARROW *)RtlUnicodeStringToUTF8String, TRUE, FALSE,
             "ab\xC3\xA9"
             "cd");
    ToWide((WIDEN *)RtlAnsiStringToUnicodeString, TRUE,
           "ab\xE9"
           "cd",
           L"ab\x00E9"
           L"cd");
    ToWide((WIDEN *)RtlOemStringToUnicodeString, TRUE,
           "ab\x82"
           "cd",
           L"ab\x00E9"
           L"cd");
    ToWide((WIDEN *)RtlOemStringToCountedUnicodeString, FALSE,
           "ab\x82"
           "cd",
           L"ab\x00E9"
           L"cd");
    ToWide((WIDEN *)RtlUTF8StringToUnicodeString, TRUE,
           "ab\xC3\xA9"
           "cd",
           L"ab\x00E9"
           L"cd");
}

/* A text that no counted string can hold when it is converted, and the longest that one can. */
static VOID
Longest(VOID)
{
    PCHAR Bytes = ExAllocatePoolWithTag(PagedPool, 0x10000, 'mtuT');
    STRING Narrow = {0, 0xFFFF, Bytes};
    UNICODE_STRING Made;
    ULONG Size = 0;

    RtlFillMemory(Bytes, 0x10000, 'x');
    Narrow.Length = 0x7FFF;
    EXPECT_STATUS(RtlAnsiStringToUnicodeString(&Made, &Narrow, TRUE), STATUS_INVALID_PARAMETER_2);
    Narrow.Length = 0x7FFE;
    EXPECT_STATUS(RtlAnsiStringToUnicodeString(&Made, &Narrow, TRUE), STATUS_SUCCESS);
    EXPECT(Made.Length == 0xFFFC && Made.MaximumLength == 0xFFFE && Made.Buffer[0x7FFD] == 'x' &&
           Made.Buffer[0x7FFE] == 0);
    EXPECT_STATUS(RtlUnicodeToMultiByteSize(&Size, Made.Buffer, Made.Length), STATUS_SUCCESS);
    EXPECT_EQ(Size, 0x7FFE);
    EXPECT_STATUS(RtlMultiByteToUnicodeSize(&Size, Bytes, 0x7FFE), STATUS_SUCCESS);
    EXPECT_EQ(Size, 0xFFFC);
    RtlFreeUnicodeString(&Made);
    ExFreePoolWithTag(Bytes, 'mtuT');
}

/* ---- what is compressed has as much room as it needs, and not a byte more ---- */

static VOID
Packed(VOID)
{
    static UCHAR In[0x1400], Out[0x1800], Again[0x1800], Back[0x1400];
    ULONG Space, Fragment, Size, Final;
    PVOID Work;

    RtlGetCompressionWorkSpaceSize(COMPRESSION_FORMAT_LZNT1, &Space, &Fragment);
    Work = ExAllocatePoolWithTag(PagedPool, Space, 'mtuT');
    for (ULONG Round = 0; Round < 60; Round++) {
        ULONG Count = Round < 20    ? 1 + Round
                      : Round == 59 ? 0x1001
                                    : 1 + Random(sizeof(In)),
              Kinds = 1 + Random(6) * Random(40);

        for (ULONG i = 0; i < Count; i++) {
            In[i] = (UCHAR)(Random(Kinds) + 1);
        }
        EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1, In, Count, Out, sizeof(Out), 4096,
                                        &Size, Work),
                      STATUS_SUCCESS);
        EXPECT_STATUS(
            RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1, In, Count, Again, Size, 4096, &Final, Work),
            STATUS_SUCCESS);
        Wrong += Final != Size || RtlCompareMemory(Out, Again, Size) != Size;
        EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1, In, Count, Again, Size - 1, 4096,
                                        &Final, Work),
                      STATUS_BUFFER_TOO_SMALL);
        EXPECT_STATUS(RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Back, Count, Out, Size, &Final),
                      STATUS_SUCCESS);
        Wrong += Final != Count || RtlCompareMemory(Back, In, Count) != Count;
    }
    ExFreePoolWithTag(Work, 'mtuT');
    EXPECT_EQ(Wrong, 0);
}

TEST_DRIVER(TEST(Utf), TEST(Counted), TEST(Longest), TEST(Packed))
