/*
 * string.c - counted strings, their conversions, numbers and GUIDs as text.
 *
 * Sources: [DDI] the routine's page in wdm.h, ntddk.h or ntifs.h.
 */
#include "../ntlab-test.h"

static UNICODE_STRING
Unicode(PCWSTR Text)
{
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Text);
    return String;
}

static STRING
Ansi(const char *Text)
{
    STRING String;

    RtlInitAnsiString(&String, Text);
    return String;
}

static int
Is(PCUNICODE_STRING String, PCWSTR Text)
{
    UNICODE_STRING Wanted = Unicode(Text);

    return RtlEqualUnicodeString(String, &Wanted, FALSE);
}

static int
IsAnsi(const STRING *String, const char *Text)
{
    return String->Length == strlen(Text) && memcmp(String->Buffer, Text, String->Length) == 0;
}

static VOID
Init(VOID)
{
    static WCHAR Long[40000];
    UNICODE_STRING String;
    STRING Narrow;
    int Index;

    /*
     * [DDI:RtlInitUnicodeString] Length is the bytes, MaximumLength has the terminator; the buffer
     * is not copied.
     */
    RtlInitUnicodeString(&String, L"abc");
    EXPECT_EQ(String.Length, 6);
    EXPECT_EQ(String.MaximumLength, 8);
    /* [DDI] "If SourceString is NULL, the routine sets Length and MaximumLength to zero". */
    RtlInitUnicodeString(&String, NULL);
    EXPECT(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
    RtlInitAnsiString(&Narrow, "abcd");
    EXPECT(Narrow.Length == 4 && Narrow.MaximumLength == 5);
    /* [DDI:RtlInitUnicodeStringEx] STATUS_NAME_TOO_LONG beyond UNICODE_STRING_MAX_BYTES. */
    for (Index = 0; Index < 39999; Index++) {
        Long[Index] = 'x';
    }
    EXPECT_STATUS(RtlInitUnicodeStringEx(&String, Long), STATUS_NAME_TOO_LONG);
    Long[32766] = 0;
    EXPECT_STATUS(RtlInitUnicodeStringEx(&String, Long), STATUS_SUCCESS);
    EXPECT_EQ(String.Length, 0xFFFC);
}

static VOID
CopyAppend(VOID)
{
    WCHAR Buffer[8] = L"zzzzzzz";
    UNICODE_STRING Target = {0, 5 * sizeof(WCHAR), Buffer}, Source = Unicode(L"abcdefgh");

    /*
     * [DDI:RtlCopyUnicodeString] "copies up to MaximumLength", "the remaining characters are
     * truncated".
     */
    RtlCopyUnicodeString(&Target, &Source);
    EXPECT(Is(&Target, L"abcde"));
    EXPECT_EQ(Buffer[5], 'z');
    /* [DDI] "If SourceString is NULL, Length is set to zero". */
    RtlCopyUnicodeString(&Target, NULL);
    EXPECT_EQ(Target.Length, 0);
    /*
     * [DDI:RtlAppendUnicodeToString] STATUS_BUFFER_TOO_SMALL, and the destination stays as it was.
     */
    EXPECT_STATUS(RtlAppendUnicodeToString(&Target, L"123"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendUnicodeToString(&Target, L"456"), STATUS_BUFFER_TOO_SMALL);
    EXPECT(Is(&Target, L"123"));
    EXPECT_STATUS(RtlAppendUnicodeToString(&Target, NULL), STATUS_SUCCESS);
    Source = Unicode(L"45");
    EXPECT_STATUS(RtlAppendUnicodeStringToString(&Target, &Source), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"12345"));
}

static VOID
Compare(VOID)
{
    UNICODE_STRING A = Unicode(L"Alpha"), B = Unicode(L"alphabet"), C = Unicode(L"ALPHA"),
                   D = Unicode(L"Beta");
    UNICODE_STRING Umlaut = Unicode(L"\x00E4\x03C3\x0444"),
                   Capital = Unicode(L"\x00C4\x03A3\x0424");
    STRING E = Ansi("one"), F = Ansi("ONE");
    ULONG Hash1 = 0, Hash2 = 0;

    /* [DDI:RtlCompareUnicodeString] zero: equal; less than zero: String1 is less. */
    EXPECT(RtlCompareUnicodeString(&A, &D, FALSE) < 0);
    EXPECT(RtlCompareUnicodeString(&D, &A, TRUE) > 0);
    EXPECT(RtlCompareUnicodeString(&A, &C, TRUE) == 0);
    EXPECT(RtlCompareUnicodeString(&A, &B, TRUE) < 0);
    EXPECT(!RtlEqualUnicodeString(&A, &C, FALSE) && RtlEqualUnicodeString(&A, &C, TRUE));
    /* [DDI:RtlPrefixUnicodeString] "TRUE if String1 is a prefix of String2". */
    EXPECT(RtlPrefixUnicodeString(&A, &B, TRUE) && !RtlPrefixUnicodeString(&A, &B, FALSE));
    EXPECT(!RtlPrefixUnicodeString(&B, &A, TRUE));
    /* Case is that of Unicode, not of ASCII. */
    EXPECT(RtlEqualUnicodeString(&Umlaut, &Capital, TRUE));
    EXPECT(RtlEqualString(&E, &F, TRUE) && !RtlEqualString(&E, &F, FALSE));
    EXPECT(RtlCompareString(&F, &E, FALSE) < 0);
    /*
     * [DDI:RtlHashUnicodeString] "strings that differ in case have the same hash" when
     * case-insensitive.
     */
    EXPECT_STATUS(RtlHashUnicodeString(&A, TRUE, HASH_STRING_ALGORITHM_X65599, &Hash1),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlHashUnicodeString(&C, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &Hash2),
                  STATUS_SUCCESS);
    EXPECT_EQ(Hash1, Hash2);
    EXPECT_STATUS(RtlHashUnicodeString(&A, TRUE, 77, &Hash1), STATUS_INVALID_PARAMETER);
}

static VOID
Case(VOID)
{
    WCHAR Buffer[16];
    UNICODE_STRING Target = {0, sizeof(Buffer), Buffer}, Source = Unicode(L"mixed \x00FF Case");
    UNICODE_STRING Small = {0, 4, Buffer}, New;

    EXPECT_STATUS(RtlUpcaseUnicodeString(&Target, &Source, FALSE), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"MIXED \x0178 CASE"));
    EXPECT_STATUS(RtlDowncaseUnicodeString(&Target, &Target, FALSE), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"mixed \x00FF case"));
    /*
     * [DDI:RtlUpcaseUnicodeString] fails if the buffer is too small; allocates if asked;
     * RtlFreeUnicodeString frees.
     */
    EXPECT_STATUS(RtlUpcaseUnicodeString(&Small, &Source, FALSE), STATUS_BUFFER_OVERFLOW);
    EXPECT_STATUS(RtlUpcaseUnicodeString(&New, &Source, TRUE), STATUS_SUCCESS);
    EXPECT(New.Buffer != Source.Buffer && Is(&New, L"MIXED \x0178 CASE"));
    RtlFreeUnicodeString(&New);
    EXPECT(New.Buffer == NULL && New.Length == 0);
    EXPECT_EQ(RtlUpcaseUnicodeChar('q'), 'Q');
    EXPECT_EQ(RtlUpcaseUnicodeChar(0x131), 0x131); /* dotless i: no way back */
    EXPECT_EQ(RtlUpperChar((CHAR)0xE4), (CHAR)0xC4);
    EXPECT_EQ(RtlUpperChar((CHAR)0xDF), (CHAR)0xDF);
}

static VOID
Convert(VOID)
{
    WCHAR Wide[10];
    char Narrow[10];
    UNICODE_STRING Target = {0, sizeof(Wide), Wide}, Source = Unicode(L"caf\x00E9"), New;
    STRING Bytes = {0, sizeof(Narrow), Narrow}, In = Ansi("caf\xE9"), Oem;
    ULONG Count = 0;

    /* [DDI:RtlAnsiStringToUnicodeString] the result is terminated, and Length excludes that. */
    EXPECT_STATUS(RtlAnsiStringToUnicodeString(&Target, &In, FALSE), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"caf\x00E9") && Wide[4] == 0);
    Target.MaximumLength = 8;
    EXPECT_STATUS(RtlAnsiStringToUnicodeString(&Target, &In, FALSE), STATUS_BUFFER_OVERFLOW);
    EXPECT_STATUS(RtlAnsiStringToUnicodeString(&New, &In, TRUE), STATUS_SUCCESS);
    EXPECT(Is(&New, L"caf\x00E9") && New.MaximumLength == 10);
    RtlFreeUnicodeString(&New);
    EXPECT_STATUS(RtlUnicodeStringToAnsiString(&Bytes, &Source, FALSE), STATUS_SUCCESS);
    EXPECT(IsAnsi(&Bytes, "caf\xE9"));
    Bytes.MaximumLength = 4;
    EXPECT_STATUS(RtlUnicodeStringToAnsiString(&Bytes, &Source, FALSE), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(RtlAnsiStringToUnicodeSize(&In), 10);
    EXPECT_EQ(RtlUnicodeStringToAnsiSize(&Source), 5);
    /* [DDI:RtlUpcaseUnicodeStringToCountedOemString] capitals of the OEM page, not terminated. */
    EXPECT_STATUS(RtlUpcaseUnicodeStringToCountedOemString(&Oem, &Source, TRUE), STATUS_SUCCESS);
    EXPECT(IsAnsi(&Oem, "CAF\x90"));
    RtlFreeOemString(&Oem);
    Source = Unicode(L"x\x4E00");
    EXPECT_STATUS(RtlUpcaseUnicodeStringToCountedOemString(&Oem, &Source, TRUE),
                  STATUS_UNMAPPABLE_CHARACTER);
    /* [DDI:RtlUnicodeToUTF8N] */
    EXPECT_STATUS(RtlUnicodeToUTF8N(Narrow, sizeof(Narrow), &Count, L"\x20AC\xD83D\xDE00", 6),
                  STATUS_SUCCESS);
    EXPECT(Count == 7 && memcmp(Narrow, "\xE2\x82\xAC\xF0\x9F\x98\x80", 7) == 0);
    EXPECT_STATUS(RtlUnicodeToUTF8N(NULL, 0, &Count, L"\xD83D", 2), STATUS_SOME_NOT_MAPPED);
    EXPECT_EQ(Count, 3);
    EXPECT_STATUS(RtlUnicodeToUTF8N(Narrow, 2, &Count, L"\x20AC", 2), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlUTF8ToUnicodeN(Wide, sizeof(Wide), &Count, "\xE2\x82\xAC\xF0\x9F\x98\x80", 7),
                  STATUS_SUCCESS);
    EXPECT(Count == 6 && Wide[0] == 0x20AC && Wide[1] == 0xD83D && Wide[2] == 0xDE00);
    EXPECT_STATUS(RtlUTF8ToUnicodeN(Wide, sizeof(Wide), &Count, "a\xC0\x80z", 4),
                  STATUS_SOME_NOT_MAPPED);
    EXPECT(Count == 8 && Wide[1] == 0xFFFD && Wide[2] == 0xFFFD && Wide[3] == 'z');
}

static VOID
Numbers(VOID)
{
    WCHAR Buffer[12];
    UNICODE_STRING Target = {0, sizeof(Buffer), Buffer}, Source;
    ULONG Value = 0;

    /*
     * [DDI:RtlIntegerToUnicodeString] bases 2, 8, 10, 16; 0 is 10; any other is
     * STATUS_INVALID_PARAMETER.
     */
    EXPECT_STATUS(RtlIntegerToUnicodeString(4294967295, 0, &Target), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"4294967295"));
    EXPECT_STATUS(RtlIntegerToUnicodeString(0xBEEF, 16, &Target), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"BEEF"));
    EXPECT_STATUS(RtlIntegerToUnicodeString(0, 2, &Target), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"0"));
    EXPECT_STATUS(RtlIntegerToUnicodeString(1, 7, &Target), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlIntegerToUnicodeString(0xFFFF, 2, &Target), STATUS_BUFFER_OVERFLOW);
    EXPECT_STATUS(RtlInt64ToUnicodeString(0x123456789AB, 16, &Target), STATUS_SUCCESS);
    EXPECT(Is(&Target, L"123456789AB"));
    /*
     * [DDI:RtlUnicodeStringToInteger] base 0: "0x", "0o", "0b" say it; a sign; white space in
     * front.
     */
    Source = Unicode(L"  -0x1F");
    EXPECT_STATUS(RtlUnicodeStringToInteger(&Source, 0, &Value), STATUS_SUCCESS);
    EXPECT_EQ(Value, (ULONG)-31);
    Source = Unicode(L"0b101z");
    EXPECT_STATUS(RtlUnicodeStringToInteger(&Source, 0, &Value), STATUS_SUCCESS);
    EXPECT_EQ(Value, 5);
    Source = Unicode(L"77");
    EXPECT_STATUS(RtlUnicodeStringToInteger(&Source, 8, &Value), STATUS_SUCCESS);
    EXPECT_EQ(Value, 63);
    EXPECT_STATUS(RtlUnicodeStringToInteger(&Source, 9, &Value), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlCharToInteger("0o17", 0, &Value), STATUS_SUCCESS);
    EXPECT_EQ(Value, 15);
}

static VOID
Guid(VOID)
{
    static const GUID Guid = {
        0x12345678, 0x9ABC, 0xDEF0, {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}};
    UNICODE_STRING String, Bad = Unicode(L"{12345678-9ABC-DEF0-0123-456789ABCDEX}");
    GUID Back;

    /*
     * [DDI:RtlStringFromGUID] {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}, freed with
     * RtlFreeUnicodeString.
     */
    EXPECT_STATUS(RtlStringFromGUID(&Guid, &String), STATUS_SUCCESS);
    EXPECT(Is(&String, L"{12345678-9ABC-DEF0-0123-456789ABCDEF}"));
    EXPECT_STATUS(RtlGUIDFromString(&String, &Back), STATUS_SUCCESS);
    EXPECT(memcmp(&Back, &Guid, sizeof(Guid)) == 0);
    RtlFreeUnicodeString(&String);
    EXPECT_STATUS(RtlGUIDFromString(&Bad, &Back), STATUS_INVALID_PARAMETER);
}

static int
Legal(PCWSTR Text, PBOOLEAN Spaces)
{
    UNICODE_STRING String = Unicode(Text);

    return RtlIsNameLegalDOS8Dot3(&String, NULL, Spaces);
}

static VOID
DosNames(VOID)
{
    BOOLEAN Spaces = FALSE;

    /* [DDI:RtlIsNameLegalDOS8Dot3] 8 characters, a dot, 3 characters. */
    EXPECT(Legal(L"README.TXT", &Spaces) && !Spaces);
    EXPECT(Legal(L"a b.c", &Spaces) && Spaces);
    EXPECT(!Legal(L"toolongname", &Spaces));
    EXPECT(!Legal(L"name.text", &Spaces));
    EXPECT(!Legal(L"a.b.c", &Spaces));
    EXPECT(!Legal(L".abc", &Spaces));
    EXPECT(!Legal(L"a+b", &Spaces));
    EXPECT(Legal(L".", &Spaces) && Legal(L"..", &Spaces));
}

static VOID
Duplicate(VOID)
{
    UNICODE_STRING Source = Unicode(L"dup"), New, Odd = {3, 4, L"ab"};

    /* [ntifs.h: RtlDuplicateUnicodeString] flag 1 terminates the copy. */
    EXPECT_STATUS(RtlDuplicateUnicodeString(1, &Source, &New), STATUS_SUCCESS);
    EXPECT(New.Length == 6 && New.MaximumLength == 8 && New.Buffer[3] == 0);
    RtlFreeUnicodeString(&New);
    EXPECT_STATUS(RtlValidateUnicodeString(0, &Odd), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlValidateUnicodeString(0, &Source), STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Init), TEST(CopyAppend), TEST(Compare), TEST(Case), TEST(Convert), TEST(Numbers),
            TEST(Guid), TEST(DosNames), TEST(Duplicate))
