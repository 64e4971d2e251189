/*
 * shortnames.c - RtlGenerate8dot3Name: what is left out, what is replaced, what is cut, and what comes when names collide. [DDI:ntifs/rtlgenerate8dot3name],
 * [KB Q142982 "How Windows Generates 8.3 File Names from Long File Names"]: no spaces and no dots but the last, what DOS does not allow becomes an underscore, six
 * characters, a tilde and a number; three of the extension; from the fifth on two characters and four hexadecimal digits of the name itself.
 */
#include "../ntlab-test.h"

static WCHAR Text[13]; /* and one behind it */
static UNICODE_STRING Short;

static NTSTATUS
Next(PCWSTR Name, BOOLEAN Extended, PGENERATE_NAME_CONTEXT Context)
{
    UNICODE_STRING Long;

    RtlInitUnicodeString(&Long, Name);
    RtlFillMemory(Text, sizeof(Text), 0xCC);
    Short = (UNICODE_STRING){0, sizeof(Text) - sizeof(WCHAR), Text};
    return RtlGenerate8dot3Name(&Long, Extended, Context, &Short);
}

static BOOLEAN
Is(PCWSTR Name)
{
    UNICODE_STRING Wanted;

    RtlInitUnicodeString(&Wanted, Name);
    return RtlEqualUnicodeString(&Short, &Wanted, FALSE) &&
           Text[Short.Length / sizeof(WCHAR)] == 0xCCCC;
}

static VOID
First(VOID)
{
    static const struct {
        PCWSTR Long, Short;
    } Names[] = {
        {L"LongFileName.extension", L"LONGFI~1.EXT"},
        {L"a very long name.text", L"AVERYL~1.TEX"},
        {L"abc d.t x t", L"ABCD~1.TXT"},
        {L"abc. t. x", L"ABCT~1.X"},
        {L"a.b.c.txt", L"ABC~1.TXT"},
        {L"a+b,c;d=e[f].t+t", L"A_B_C_~1.T_T"},
        {L".profile", L"PROFIL~1"},
        {L"..profile.rc", L"PROFIL~1.RC"},
        {L"three.", L"THREE~1"},
        {L"three.   ", L"THREE~1"},
        {L"three", L"THREE~1"},
        {L"sixsix.x", L"SIXSIX~1.X"},
        {L"sevenss.xy", L"SEVENS~1.XY"},
        {L"123456789.1234", L"123456~1.123"},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        GENERATE_NAME_CONTEXT Context = {0};

        EXPECT_STATUS(Next(Names[i].Long, FALSE, &Context), STATUS_SUCCESS);
        EXPECT_EQ(Is(Names[i].Short) ? MAXULONG : i, MAXULONG);
    }
}

static BOOLEAN
IsDigit(WCHAR Unit)
{
    return (Unit >= '0' && Unit <= '9') || (Unit >= 'A' && Unit <= 'F');
}

/* Two characters, or fewer, and four digits of the name, then the number: cut where that has more digits. */
static BOOLEAN
IsHashed(PCWSTR Kept, PCWSTR Rest, WCHAR *Digits)
{
    ULONG Length = 0, Behind = 0;

    for (; Kept[Length] != 0; Length++) {
        if (Text[Length] != Kept[Length]) {
            return FALSE;
        }
    }
    for (; Text[Length] != '~' && Length < 8; Length++) {
        if (!IsDigit(Text[Length])) {
            return FALSE;
        }
        *Digits++ = Text[Length];
    }
    for (; Rest[Behind] != 0; Behind++) {
        if (Text[Length + Behind] != Rest[Behind]) {
            return FALSE;
        }
    }
    return Short.Length == (Length + Behind) * sizeof(WCHAR) && Text[Length + Behind] == 0xCCCC;
}

/* The same name again and again. */
static VOID
Collisions(VOID)
{
    static const PCWSTR Plain[] = {L"LONGFI~1.EXT", L"LONGFI~2.EXT", L"LONGFI~3.EXT",
                                   L"LONGFI~4.EXT"};
    GENERATE_NAME_CONTEXT Context = {0}, Other = {0};
    WCHAR Rest[] = L"~1.EXT", Digits[8] = {0}, Again[8] = {0};

    for (ULONG i = 0; i < 4; i++) {
        EXPECT_STATUS(Next(L"LongFileName.extension", FALSE, &Context), STATUS_SUCCESS);
        EXPECT(Is(Plain[i]));
    }
    for (ULONG i = 1; i <= 9; i++) {
        EXPECT_STATUS(Next(L"LongFileName.extension", FALSE, &Context), STATUS_SUCCESS);
        Rest[1] = (WCHAR)('0' + i);
        EXPECT(IsHashed(L"LO", Rest, i == 1 ? Digits : Again));
        EXPECT(i == 1 || RtlEqualMemory(Digits, Again, sizeof(Digits)));
    }
    EXPECT(Digits[3] != 0 && Digits[4] == 0);
    EXPECT_STATUS(Next(L"LongFileName.extension", FALSE, &Context), STATUS_SUCCESS);
    RtlZeroMemory(Again, sizeof(Again));
    EXPECT(IsHashed(L"LO", L"~10.EXT", Again)); /* eight in all */
    EXPECT(RtlEqualMemory(Digits, Again, 3 * sizeof(WCHAR)) && Again[3] == 0);
    Context.LastIndexValue = 999998;
    EXPECT_STATUS(Next(L"LongFileName.extension", FALSE, &Context), STATUS_SUCCESS);
    EXPECT(Is(L"L~999999.EXT"));
    EXPECT_STATUS(Next(L"LongFileName.extension", FALSE, &Context), STATUS_FILE_SYSTEM_LIMITATION);
    /* of another name they are others */
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_STATUS(Next(L"LongFileOther.extension", FALSE, &Other), STATUS_SUCCESS);
    }
    EXPECT(IsHashed(L"LO", L"~1.EXT", Again));
    EXPECT(!RtlEqualMemory(Digits, Again, sizeof(Digits)));
}

/* Of one or two characters they are there from the first on. */
static VOID
Brief(VOID)
{
    static const struct {
        PCWSTR Long, Kept, Rest;
    } Names[] = {{L"x", L"X", L"~1"},
                 {L"xy.z", L"XY", L"~1.Z"},
                 {L"x . y.z", L"XY", L"~1.Z"},
                 {L" . .z", L"", L"~1.Z"}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        GENERATE_NAME_CONTEXT Context = {0};
        WCHAR Digits[8] = {0}, Again[8] = {0};

        EXPECT_STATUS(Next(Names[i].Long, FALSE, &Context), STATUS_SUCCESS);
        EXPECT(IsHashed(Names[i].Kept, Names[i].Rest, Digits));
        EXPECT(Digits[3] != 0 && Digits[4] == 0);
        for (ULONG Number = 2; Number <= 6; Number++) {
            WCHAR Rest[8] = L"~1.Z";

            Rest[1] = (WCHAR)('0' + Number);
            Rest[2] = Names[i].Rest[2];
            EXPECT_STATUS(Next(Names[i].Long, FALSE, &Context), STATUS_SUCCESS);
            EXPECT(IsHashed(Names[i].Kept, Rest, Again));
            EXPECT(RtlEqualMemory(Digits, Again, sizeof(Digits)));
        }
    }
}

/* What is not in ASCII, but in the OEM code page: as the caller wants it. */
static VOID
Extended(VOID)
{
    GENERATE_NAME_CONTEXT Context = {0}, Other = {0}, Third = {0};

    EXPECT_STATUS(Next(L"caf\u00e9s.\u00e9xt", FALSE, &Context), STATUS_SUCCESS);
    EXPECT(Is(L"CAF_S~1._XT"));
    EXPECT_STATUS(Next(L"caf\u00e9s.\u00e9xt", TRUE, &Other), STATUS_SUCCESS);
    EXPECT(Is(L"CAF\u00c9S~1.\u00c9XT"));
    EXPECT_STATUS(Next(L"caf\u4e2ds.txt", TRUE, &Third), STATUS_SUCCESS); /* not in it */
    EXPECT(Is(L"CAF_S~1.TXT"));
}

TEST_DRIVER(TEST(First), TEST(Collisions), TEST(Brief), TEST(Extended))
