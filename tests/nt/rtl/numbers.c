/*
 * numbers.c - numbers out of text and into text: every character as a digit of every base, with signs, prefixes and spaces, against a model; and back.
 * [DDI:wdm/rtlunicodestringtointeger], [LEARN:devnotes/rtlchartointeger], [DDI:ntifs/rtlunicodestringtoint64], [DDI:wdm/rtlintegertounicodestring],
 * [DDI:wdm/rtlint64tounicodestring]: base 0 is said by the text, 0b, 0o and 0x, or is 10; a base is 2, 8, 10 or 16; conversion ends at what is no digit.
 */
#include "../ntlab-test.h"

NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToInt64(PCUNICODE_STRING String, ULONG Base, PLONG64 Number,
                                                PWSTR *EndPointer);

static const ULONG Bases[] = {0, 2, 8, 10, 16};

static ULONG
DigitOf(ULONG Unit)
{
    return Unit >= '0' && Unit <= '9'   ? Unit - '0'
           : Unit >= 'A' && Unit <= 'F' ? Unit - 'A' + 10
           : Unit >= 'a' && Unit <= 'f' ? Unit - 'a' + 10
                                        : 99;
}

static ULONG
Model(const char *Text, ULONG Base)
{
    ULONG Value = 0;
    BOOLEAN Negative = FALSE;

    while (*Text != 0 && (UCHAR)*Text <= ' ') {
        Text++;
    }
    if (*Text == '+' || *Text == '-') {
        Negative = *Text++ == '-';
    }
    if (Base == 0) {
        Base = Text[0] != '0'   ? 10
               : Text[1] == 'x' ? 16
               : Text[1] == 'o' ? 8
               : Text[1] == 'b' ? 2
                                : 10;
        Text += Base != 10 ? 2 : 0;
    }
    for (; DigitOf((UCHAR)*Text) < Base; Text++) {
        Value = Value * Base + DigitOf((UCHAR)*Text);
    }
    return Negative ? 0 - Value : Value;
}

static ULONG
Convert(const char *Text, ULONG Base, BOOLEAN Wide)
{
    WCHAR Units[32];
    UNICODE_STRING String = {0, sizeof(Units), Units};
    ULONG Value = 0xDEADBEEF;
    NTSTATUS Status;

    for (; Text[String.Length / 2] != 0; String.Length += 2) {
        Units[String.Length / 2] = (UCHAR)Text[String.Length / 2];
    }
    Units[String.Length / 2] = L'7'; /* behind the string */
    Status = Wide ? RtlUnicodeStringToInteger(&String, Base, &Value)
                  : RtlCharToInteger(Text, Base, &Value);
    return NT_SUCCESS(Status) ? Value : 0xDEADDEAD;
}

/* Each character behind digits, before them and alone. */
static VOID
EveryCharacter(VOID)
{
    ULONG Wrong = 0;

    for (ULONG Base = 0; Base < RTL_NUMBER_OF(Bases); Base++) {
        for (ULONG Unit = 1; Unit < 128; Unit++) {
            const char Texts[][8] = {{(char)Unit},
                                     {'1', (char)Unit, '1'},
                                     {(char)Unit, '1', '0'},
                                     {'0', (char)Unit, '1', '1'},
                                     {' ', '-', (char)Unit, '1'},
                                     {'+', '1', '0', (char)Unit},
                                     {'\t', '0', 'x', (char)Unit, '7'},
                                     {'-', '0', 'b', '1', (char)Unit},
                                     {'0', 'o', (char)Unit, '7'}};

            for (ULONG i = 0; i < RTL_NUMBER_OF(Texts); i++) {
                ULONG Wanted = Model(Texts[i], Bases[Base]);

                Wrong += Convert(Texts[i], Bases[Base], TRUE) != Wanted;
                Wrong += Convert(Texts[i], Bases[Base], FALSE) != Wanted;
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
}

/* No other base, and nothing is written then. */
static VOID
OtherBases(VOID)
{
    UNICODE_STRING Text = RTL_CONSTANT_STRING(L"11");
    WCHAR Units[80];
    UNICODE_STRING To = {6, sizeof(Units), Units};
    ULONG Value = 77;
    LONG64 Long = 77;
    PWSTR End = NULL;

    for (ULONG Base = 1; Base < 40; Base++) {
        BOOLEAN Good = Base == 2 || Base == 8 || Base == 10 || Base == 16;
        NTSTATUS Wanted = Good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;

        Value = 77;
        EXPECT_STATUS(RtlUnicodeStringToInteger(&Text, Base, &Value), Wanted);
        EXPECT_EQ(Value, Good ? Base + 1 : 77);
        Value = 77;
        EXPECT_STATUS(RtlCharToInteger("11", Base, &Value), Wanted);
        EXPECT_EQ(Value, Good ? Base + 1 : 77);
        Long = 77;
        End = NULL;
        EXPECT_STATUS(RtlUnicodeStringToInt64(&Text, Base, &Long, &End), Wanted);
        EXPECT_EQ(Long, Good ? Base + 1 : 77);
        EXPECT_EQ(End, Good ? Text.Buffer + 2 : NULL);
        EXPECT_STATUS(RtlIntegerToUnicodeString(11, Base, &To), Wanted);
        EXPECT_STATUS(RtlInt64ToUnicodeString(11, Base, &To), Wanted);
    }
}

/* There and back, of numbers about each power of two; in room that is just enough and one unit less. */
static VOID
ThereAndBack(VOID)
{
    WCHAR Units[80];

    for (ULONG Base = 1; Base < RTL_NUMBER_OF(Bases); Base++) {
        for (ULONG Bit = 0; Bit < 64; Bit++) {
            for (LONG Beside = -1; Beside <= 1; Beside++) {
                ULONGLONG Number = (1ull << Bit) + Beside, Left = Number;
                UNICODE_STRING To = {0, sizeof(Units), Units};
                ULONG Digits = 1, Short = 0;
                LONG64 Long = 0;
                PWSTR End = NULL;

                for (; Left >= Bases[Base]; Left /= Bases[Base]) {
                    Digits++;
                }
                RtlFillMemory(Units, sizeof(Units), 0xCC);
                EXPECT_STATUS(RtlInt64ToUnicodeString(Number, Bases[Base], &To), STATUS_SUCCESS);
                EXPECT_EQ(To.Length, Digits * 2);
                EXPECT_STATUS(RtlUnicodeStringToInt64(&To, Bases[Base], &Long, &End),
                              STATUS_SUCCESS);
                EXPECT_EQ(Long, (LONG64)Number);
                EXPECT_EQ(End, Units + Digits);
                EXPECT_EQ(Units[Digits], 0); /* terminated where there is room for that */
                Units[Digits] = 0xCCCC;
                To.MaximumLength = (USHORT)(Digits * 2 + 1);
                EXPECT_STATUS(RtlInt64ToUnicodeString(Number, Bases[Base], &To), STATUS_SUCCESS);
                EXPECT_EQ(Units[Digits], 0xCCCC);
                To.MaximumLength = (USHORT)(Digits * 2 + 2);
                EXPECT_STATUS(RtlInt64ToUnicodeString(Number, Bases[Base], &To), STATUS_SUCCESS);
                EXPECT_EQ(Units[Digits], 0);
                To.MaximumLength = (USHORT)(Digits * 2 - 2);
                EXPECT_STATUS(RtlInt64ToUnicodeString(Number, Bases[Base], &To),
                              STATUS_BUFFER_OVERFLOW);
                if (Number <= 0xFFFFFFFF) {
                    To.MaximumLength = sizeof(Units);
                    EXPECT_STATUS(RtlIntegerToUnicodeString((ULONG)Number, Bases[Base], &To),
                                  STATUS_SUCCESS);
                    EXPECT_EQ(To.Length, Digits * 2);
                    EXPECT_STATUS(RtlUnicodeStringToInteger(&To, Bases[Base], &Short),
                                  STATUS_SUCCESS);
                    EXPECT_EQ(Short, (ULONG)Number);
                    To.MaximumLength = (USHORT)(Digits * 2 - 2);
                    EXPECT_STATUS(RtlIntegerToUnicodeString((ULONG)Number, Bases[Base], &To),
                                  STATUS_BUFFER_OVERFLOW);
                }
            }
        }
    }
}

/* A bad pointer is a status of the two that say so. */
static VOID
BadPointers(VOID)
{
    UNICODE_STRING Text = RTL_CONSTANT_STRING(L"11");

    EXPECT_STATUS(RtlUnicodeStringToInteger(&Text, 10, (PULONG)8), STATUS_ACCESS_VIOLATION);
    EXPECT_STATUS(RtlCharToInteger("11", 10, (PULONG)8), STATUS_ACCESS_VIOLATION);
}

TEST_DRIVER(TEST(EveryCharacter), TEST(OtherBases), TEST(ThereAndBack), TEST(BadPointers))
