/*
 * printfmodel.c - every combination of flags, width, precision, size and conversion of printf against a model that puts digits one by one; narrow and wide, whole and
 * cut off. [LEARN:c-runtime-library/format-specification-syntax-printf-and-wprintf-functions], [C] 7.21.6.1.
 */
#include "../ntlab-test.h"

int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);
int __cdecl _snwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, ...);

#define NONE (-1)

typedef struct _SPEC {
    BOOLEAN Minus, Plus, Space, Sharp, Zero;
    int Width, Precision;
    const char *Size;
    ULONG Bits;
    char Conversion;
} SPEC;

static const struct {
    const char *Text;
    ULONG Bits;
} Sizes[] = {{"", 32},    {"h", 16},   {"hh", 8}, {"l", 32}, {"ll", 64}, {"I", 64},
             {"I32", 32}, {"I64", 64}, {"z", 64}, {"t", 64}, {"j", 64}};

static const ULONGLONG Values[] = {
    0, 1, 9, 0x7F, 0x80, 0xFFFF8000, 0x123456789ABCDEF0, ~0ull, 0x8000000000000000};

static ULONG Wrong;

static ULONG
Repeat(char *At, char Unit, int Count)
{
    for (int i = 0; i < Count; i++) {
        At[i] = Unit;
    }
    return Count > 0 ? (ULONG)Count : 0;
}

static ULONG
Model(char *To, const SPEC *Spec, ULONGLONG Value)
{
    char Digits[70], Prefix[3] = "";
    ULONG Base = Spec->Conversion == 'o'                              ? 8
                 : Spec->Conversion == 'd' || Spec->Conversion == 'u' ? 10
                                                                      : 16;
    int Count = 0, Zeros, Spaces, Length = 0;
    ULONG Used = 0;

    Value = Spec->Bits == 64 ? Value : Value & ((1ull << Spec->Bits) - 1);
    if (Spec->Conversion == 'd') {
        BOOLEAN Negative = (Value >> (Spec->Bits - 1)) & 1;

        if (Negative) {
            Value = Spec->Bits == 64 ? 0 - Value : (1ull << Spec->Bits) - Value;
        }
        Prefix[0] = Negative ? '-' : Spec->Plus ? '+' : Spec->Space ? ' ' : 0;
        Length = Prefix[0] != 0;
    } else if (Spec->Sharp && Base == 16 && Value != 0) {
        Prefix[0] = '0';
        Prefix[1] = Spec->Conversion;
        Length = 2;
    }
    for (ULONGLONG Left = Value; Left != 0; Left /= Base) {
        Digits[Count++] =
            (Spec->Conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[Left % Base];
    }
    Zeros = (Spec->Precision == NONE ? 1 : Spec->Precision) - Count;
    if (Spec->Sharp && Base == 8 && Zeros <= 0 && (Count == 0 || Digits[Count - 1] != '0')) {
        Zeros = 1;
    }
    Zeros = max(Zeros, 0);
    Spaces = max(Spec->Width - Length - Zeros - Count, 0);
    if (Spec->Zero && !Spec->Minus && Spec->Precision == NONE) {
        Zeros += Spaces;
        Spaces = 0;
    }
    Used += Repeat(To + Used, ' ', Spec->Minus ? 0 : Spaces);
    for (int i = 0; i < Length; i++) {
        To[Used++] = Prefix[i];
    }
    Used += Repeat(To + Used, '0', Zeros);
    while (Count > 0) {
        To[Used++] = Digits[--Count];
    }
    Used += Repeat(To + Used, ' ', Spec->Minus ? Spaces : 0);
    To[Used] = 0;
    return Used;
}

static VOID
Format(char *At, const SPEC *Spec, BOOLEAN Stars)
{
    *At++ = '%';
    for (ULONG i = 0; i < 5; i++) {
        if ((&Spec->Minus)[i]) {
            *At++ = "-+ #0"[i];
        }
    }
    if (Spec->Width != 0) {
        if (Stars) {
            *At++ = '*';
        } else {
            At += Spec->Width >= 10 ? 2 : 1;
            At[-1] = (char)('0' + Spec->Width % 10);
            if (Spec->Width >= 10) {
                At[-2] = (char)('0' + Spec->Width / 10);
            }
        }
    }
    if (Spec->Precision != NONE) {
        *At++ = '.';
        if (Stars) {
            *At++ = '*';
        } else if (Spec->Precision != 0) {
            *At++ = (char)('0' + Spec->Precision);
        }
    }
    for (const char *Size = Spec->Size; *Size != 0; Size++) {
        *At++ = *Size;
    }
    *At++ = Spec->Conversion;
    *At++ = '|';
    *At = 0;
}

static VOID
Compare(const SPEC *Spec, BOOLEAN Stars, ULONGLONG Value)
{
    char Text[160], Wanted[160], Form[32];
    WCHAR Wide[160], WideForm[32];
    ULONG Length = Model(Wanted, Spec, Value);
    int Made, WideMade;
    BOOLEAN Same = TRUE;

    Wanted[Length++] = '|';
    Wanted[Length] = 0;
    Format(Form, Spec, Stars);
    for (ULONG i = 0; i == 0 || Form[i - 1] != 0; i++) {
        WideForm[i] = Form[i];
    }
    if (Stars && Spec->Width != 0 && Spec->Precision != NONE) {
        Made = _snprintf(Text, sizeof(Text), Form, Spec->Width, Spec->Precision, Value);
        WideMade = _snwprintf(Wide, 160, WideForm, Spec->Width, Spec->Precision, Value);
    } else if (Stars && (Spec->Width != 0 || Spec->Precision != NONE)) {
        int Star = Spec->Width != 0 ? Spec->Width : Spec->Precision;

        Made = _snprintf(Text, sizeof(Text), Form, Star, Value);
        WideMade = _snwprintf(Wide, 160, WideForm, Star, Value);
    } else {
        Made = _snprintf(Text, sizeof(Text), Form, Value);
        WideMade = _snwprintf(Wide, 160, WideForm, Value);
    }
    for (ULONG i = 0; i <= Length; i++) {
        Same = Same && Text[i] == Wanted[i] && Wide[i] == (UCHAR)Wanted[i];
    }
    if (!Same || Made != (int)Length || WideMade != (int)Length) {
        if (Wrong++ < 5) {
            DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                       "ntlab-test: note %s of %I64x is %s, not %s\n", Form, Value, Text, Wanted);
        }
    }
}

static VOID
Integers(VOID)
{
    static const int Widths[] = {0, 1, 7, 30}, Precisions[] = {NONE, 0, 1, 9};

    for (ULONG Flags = 0; Flags < 32; Flags++) {
        for (ULONG Shape = 0; Shape < 16; Shape++) {
            for (ULONG Size = 0; Size < RTL_NUMBER_OF(Sizes); Size++) {
                for (const char *Conversion = "duoxX"; *Conversion != 0; Conversion++) {
                    SPEC Spec = {Flags & 1,
                                 Flags >> 1 & 1,
                                 Flags >> 2 & 1,
                                 Flags >> 3 & 1,
                                 Flags >> 4 & 1,
                                 Widths[Shape / 4],
                                 Precisions[Shape % 4],
                                 Sizes[Size].Text,
                                 Sizes[Size].Bits,
                                 *Conversion};

                    Compare(&Spec, (Flags + Size) & 1, Values[(Flags + Shape + Size) % 9]);
                }
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
}

/* Strings, each width by each letter, cut by the precision and put by the width. */
static VOID
Strings(VOID)
{
    static const struct {
        const char *Form;
        BOOLEAN Wide; /* what _snprintf takes */
    } Forms[] = {{"s", FALSE}, {"hs", FALSE}, {"ls", TRUE}, {"ws", TRUE},
                 {"S", TRUE},  {"hS", FALSE}, {"lS", TRUE}};
    static const char Narrow[] = "abcdef";
    static const WCHAR Wide[] = L"abcdef";

    for (ULONG i = 0; i < RTL_NUMBER_OF(Forms); i++) {
        for (int Width = -9; Width <= 9; Width += 3) {
            for (int Precision = NONE; Precision <= 8; Precision++) {
                char Form[16] = "%*.*", Text[40], Wanted[40];
                int Letters = Precision == NONE ? 6 : min(Precision, 6), Made;
                int Pad = max((Width < 0 ? -Width : Width) - Letters, 0), Used = 0;

                for (ULONG k = 0; Forms[i].Form[k] != 0; k++) {
                    Form[4 + k] = Forms[i].Form[k];
                }
                Made = _snprintf(Text, sizeof(Text), Form, Width, Precision,
                                 Forms[i].Wide ? (const VOID *)Wide : (const VOID *)Narrow);
                Used += (int)Repeat(Wanted, ' ', Width > 0 ? Pad : 0);
                RtlCopyMemory(Wanted + Used, Narrow, Letters);
                Used += Letters;
                Used += (int)Repeat(Wanted + Used, ' ', Width < 0 ? Pad : 0);
                EXPECT(Made == Used && RtlEqualMemory(Text, Wanted, Used) && Text[Used] == 0);
            }
        }
    }
}

/* A size that is none after all, what is no conversion, and an end in the middle. */
static VOID
Odd(VOID)
{
    char Text[80];

    EXPECT_EQ(_snprintf(Text, sizeof(Text), "%I6|%d|%I3|%d", 2, 3), 7);
    EXPECT(RtlEqualMemory(
        Text, "6|2|3|3",
        8)); /* "followed by a character that has no meaning as a format field": it is copied */
    EXPECT_EQ(_snprintf(Text, sizeof(Text), "100%%|%d", 5), 6);
    EXPECT(RtlEqualMemory(Text, "100%|5", 7));
    EXPECT_EQ(_snprintf(Text, sizeof(Text), "%I64x|%I32x|%Ix", 0x123456789Aull, 0xFFFFFFFF, 7ull),
              21);
    EXPECT(RtlEqualMemory(Text, "123456789a|ffffffff|7", 22));
    EXPECT_EQ(_snprintf(Text, sizeof(Text), "%c%hc%C%lc", 'a', 'b', L'c', L'd'), 4);
    EXPECT(RtlEqualMemory(Text, "abcd", 5));
    EXPECT_EQ(_snprintf(Text, sizeof(Text), "%p", (PVOID)0xABCDEF), 16);
    EXPECT(RtlEqualMemory(Text, "0000000000ABCDEF", 17));
    EXPECT_EQ(_snprintf(Text, sizeof(Text), "%s|%ls", (char *)NULL, (WCHAR *)NULL), 13);
    EXPECT(RtlEqualMemory(Text, "(null)|(null)", 14));
}

/* A buffer of each size: what fits is written, nothing behind it, and the end only if there is room. */
static VOID
CutOff(VOID)
{
    static const char Whole[] = "12 abc-7";

    for (ULONG Room = 0; Room <= 12; Room++) {
        char Text[16];
        WCHAR Wide[16];
        int Made, WideMade;

        RtlFillMemory(Text, sizeof(Text), 0xCC);
        RtlFillMemory(Wide, sizeof(Wide), 0xCC);
        Made = _snprintf(Text, Room, "%d %s%d", 12, "abc", -7);
        WideMade = _snwprintf(Wide, Room, L"%d %s%d", 12, L"abc", -7);
        EXPECT_EQ(Made, Room < 8 ? -1 : 8);
        EXPECT_EQ(WideMade, Room < 8 ? -1 : 8);
        for (ULONG i = 0; i < 16; i++) {
            UCHAR Wanted = i < Room && i < 8 ? (UCHAR)Whole[i] : i == 8 && Room > 8 ? 0 : 0xCC;

            EXPECT_EQ((UCHAR)Text[i], Wanted);
            EXPECT_EQ(Wide[i], Wanted == 0xCC ? 0xCCCC : Wanted);
        }
    }
}

TEST_DRIVER(TEST(Integers), TEST(Strings), TEST(Odd), TEST(CutOff))
