/*
 * name.c - FsRtl's names: expressions, dissection, what is legal.
 */
#include "../ntlab-test.h"

static BOOLEAN
In(PCWSTR Expression, PCWSTR Name)
{
    UNICODE_STRING E, N;

    RtlInitUnicodeString(&E, Expression);
    RtlInitUnicodeString(&N, Name);
    return FsRtlIsNameInExpression(&E, &N, FALSE, NULL);
}

/* [DDI:ntifs/fsrtlisnameinexpression] unless said otherwise. */
static VOID
Wildcards(VOID)
{
    EXPECT(In(L"*", L"a.b")); /* "* matches zero or more characters" */
    EXPECT(In(L"a*", L"a"));
    EXPECT(In(L"*.txt", L"a.b.txt"));
    EXPECT(!In(L"*.txt", L"a.txt.b"));
    EXPECT(In(L"a?c", L"abc")); /* "? matches a single character" */
    EXPECT(!In(L"a?c", L"ac"));
    EXPECT(!In(L"abc?", L"abc"));
    EXPECT(In(L"abc", L"abc"));
    EXPECT(!In(L"abc", L"abcd"));
    EXPECT(In(L"*a*b*c*", L"xaxbxcx"));
    EXPECT(!In(L"*a*b*c*", L"xcxbxax"));
}

static VOID
DosStar(VOID)
{
    /* "DOS_STAR matches zero or more characters until encountering and matching the final . in the
       name" */
    EXPECT(In(L"<.txt", L"a.txt"));
    EXPECT(In(L"<.txt", L"a.b.txt"));
    EXPECT(In(L"<", L"noextension"));
    EXPECT(!In(L"<", L"with.extension"));
    EXPECT(In(L"<", L"with.")); /* the final period is matched too */
    EXPECT(In(L"<<", L"with.extension"));
    EXPECT(In(L"<extension", L"with.extension"));
    EXPECT(!In(L"<.extension", L"with.."));
    EXPECT(In(L"<.", L"a.b."));
}

static VOID
DosQuestionMark(VOID)
{
    /* "DOS_QM matches any single character or, upon encountering a period or end of name string,
       advances the expression to the end of the set of contiguous DOS_QMs" */
    EXPECT(In(L">>>.c", L"abc.c"));
    EXPECT(In(L">>>.c", L"a.c"));
    EXPECT(!In(L">>>.c", L"abcd.c"));
    EXPECT(In(L"ab>>", L"ab"));
    EXPECT(!In(L">", L".")); /* the period is left over */
}

static VOID
DosDot(VOID)
{
    /* "DOS_DOT matches either a . or zero characters beyond name string" */
    EXPECT(In(L"a\"b", L"a.b"));
    EXPECT(In(L"a\"", L"a"));
    EXPECT(In(L"a\"*", L"a"));
    EXPECT(!In(L"a\"b", L"ab"));
}

static VOID
EmptyOperands(VOID)
{
    EXPECT(In(L"", L""));
    EXPECT(!In(L"*", L""));
    EXPECT(!In(L"", L"a"));
}

static VOID
Case(VOID)
{
    UNICODE_STRING Upper = RTL_CONSTANT_STRING(L"FOO*"), Name = RTL_CONSTANT_STRING(L"foobar");
    UNICODE_STRING Lower = RTL_CONSTANT_STRING(L"foo*");

    EXPECT(FsRtlIsNameInExpression(&Upper, &Name, TRUE, NULL));
    EXPECT(!FsRtlIsNameInExpression(&Upper, &Name, FALSE, NULL));
    /* "If IgnoreCase is TRUE, Expression must be uppercase": a lowercase one matches nothing. */
    EXPECT(!FsRtlIsNameInExpression(&Lower, &Name, TRUE, NULL));
}

static VOID
LongExpression(VOID)
{
    static WCHAR Buffer[401], Text[401];
    UNICODE_STRING Expression = {800, 800, Buffer}, Name = {800, 800, Text};

    for (ULONG i = 0; i < 400; i++) {
        Buffer[i] = i % 2 ? L'*' : L'A';
        Text[i] = L'A';
    }
    EXPECT(FsRtlIsNameInExpression(&Expression, &Name, FALSE, NULL));
    Buffer[398] = L'B';
    EXPECT(!FsRtlIsNameInExpression(&Expression, &Name, FALSE, NULL));
}

static VOID
Dbcs(VOID)
{
    ANSI_STRING Expression = RTL_CONSTANT_STRING("*.TXT"), Name = RTL_CONSTANT_STRING("A.TXT");
    ANSI_STRING Other = RTL_CONSTANT_STRING("A.DOC");

    EXPECT(FsRtlIsDbcsInExpression(&Expression, &Name)); /* [DDI:ntifs/fsrtlisdbcsinexpression] */
    EXPECT(!FsRtlIsDbcsInExpression(&Expression, &Other));
    EXPECT(FsRtlDoesDbcsContainWildCards(&Expression));
    EXPECT(!FsRtlDoesDbcsContainWildCards(&Name));
}

static VOID
WildCardCharacters(VOID)
{
    static const PCWSTR Wild[] = {L"a*", L"?a", L"a<b", L"a>", L"\""};
    UNICODE_STRING Name;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Wild); i++) {
        RtlInitUnicodeString(&Name, Wild[i]);
        EXPECT(
            FsRtlDoesNameContainWildCards(&Name)); /* [DDI:ntifs/fsrtldoesnamecontainwildcards] */
    }
    RtlInitUnicodeString(&Name, L"a.b[c]\x263A");
    EXPECT(!FsRtlDoesNameContainWildCards(&Name));
    EXPECT(FsRtlIsUnicodeCharacterWild(L'*'));
    EXPECT(!FsRtlIsUnicodeCharacterWild(L'a'));
}

static VOID
Dissect(VOID)
{
    UNICODE_STRING Name, First, Rest, A = RTL_CONSTANT_STRING(L"a"),
                                      Bc = RTL_CONSTANT_STRING(L"b\\c");
    ANSI_STRING Narrow = RTL_CONSTANT_STRING("x\\y"), NarrowFirst, NarrowRest;

    RtlInitUnicodeString(&Name, L"\\a\\b\\c"); /* [DDI:ntifs/fsrtldissectname] */
    FsRtlDissectName(Name, &First, &Rest);
    EXPECT(RtlEqualUnicodeString(&First, &A, FALSE));
    EXPECT(RtlEqualUnicodeString(&Rest, &Bc, FALSE));
    EXPECT(First.Buffer == Name.Buffer + 1); /* no copy is made */
    RtlInitUnicodeString(&Name, L"a");
    FsRtlDissectName(Name, &First, &Rest);
    EXPECT(RtlEqualUnicodeString(&First, &A, FALSE));
    EXPECT_EQ(Rest.Length, 0);
    RtlInitUnicodeString(&Name, L"\\");
    FsRtlDissectName(Name, &First, &Rest);
    EXPECT_EQ(First.Length, 0);
    EXPECT_EQ(Rest.Length, 0);
    FsRtlDissectDbcs(Narrow, &NarrowFirst, &NarrowRest); /* [DDI:ntifs/fsrtldissectdbcs] */
    EXPECT(NarrowFirst.Length == 1 && NarrowFirst.Buffer[0] == 'x');
    EXPECT(NarrowRest.Length == 1 && NarrowRest.Buffer[0] == 'y');
}

static VOID
Equal(VOID)
{
    UNICODE_STRING Foo = RTL_CONSTANT_STRING(L"Foo"), FOO = RTL_CONSTANT_STRING(L"FOO");
    UNICODE_STRING Fo = RTL_CONSTANT_STRING(L"Fo");

    EXPECT(FsRtlAreNamesEqual(&Foo, &FOO, TRUE, NULL)); /* [DDI:ntifs/fsrtlarenamesequal] */
    EXPECT(!FsRtlAreNamesEqual(&Foo, &FOO, FALSE, NULL));
    EXPECT(!FsRtlAreNamesEqual(&Foo, &Fo, TRUE, NULL));
}

static BOOLEAN
Fat(PCSZ Text, BOOLEAN Wild, BOOLEAN Path, BOOLEAN Leading)
{
    ANSI_STRING Name;

    RtlInitAnsiString(&Name, Text);
    return FsRtlIsFatDbcsLegal(Name, Wild, Path, Leading);
}

static BOOLEAN
Hpfs(PCSZ Text)
{
    ANSI_STRING Name;

    RtlInitAnsiString(&Name, Text);
    return FsRtlIsHpfsDbcsLegal(Name, FALSE, FALSE, FALSE);
}

/* The pages' own examples. */
static VOID
Legal(VOID)
{
    static const CHAR Illegal[] = "\"/:|+,;=[]\x01\x1F";
    CHAR One[2] = {0};

    /* [DDI:ntifs/fsrtlisfatdbcslegal] ".foo", "foo." and "foo .b" are illegal, "foo. b" and " bar" legal */
    EXPECT(!Fat(".foo", FALSE, FALSE, FALSE));
    EXPECT(!Fat("foo.", FALSE, FALSE, FALSE));
    EXPECT(!Fat("foo .b", FALSE, FALSE, FALSE));
    EXPECT(Fat("foo. b", FALSE, FALSE, FALSE));
    EXPECT(Fat(" bar", FALSE, FALSE, FALSE));
    EXPECT(Fat("12345678.123", FALSE, FALSE, FALSE)); /* eight bytes and three */
    EXPECT(!Fat("123456789.1", FALSE, FALSE, FALSE));
    EXPECT(!Fat("1.1234", FALSE, FALSE, FALSE));
    EXPECT(!Fat("1.2.3", FALSE, FALSE, FALSE));
    for (ULONG i = 0; i < sizeof(Illegal) - 1; i++) {
        One[0] = Illegal[i];
        EXPECT(!Fat(One, FALSE, FALSE, FALSE));
    }
    EXPECT(Fat("*.c", TRUE, FALSE,
               FALSE)); /* "TRUE if wildcard characters are to be considered legal" */
    EXPECT(!Fat("*.c", FALSE, FALSE, FALSE));
    EXPECT(Fat("a\\b", FALSE, TRUE, FALSE)); /* "TRUE if DbcsName can be a full pathname" */
    EXPECT(!Fat("a\\b", FALSE, FALSE, FALSE));
    EXPECT(
        Fat("\\a", FALSE, FALSE, TRUE)); /* "TRUE if a single leading backslash is permissible" */
    EXPECT(!Fat("\\a", FALSE, FALSE, FALSE));
    EXPECT(!Fat("\\\\a", FALSE, TRUE, TRUE));
    /* [DDI:ntifs/fsrtlishpfsdbcslegal] */
    EXPECT(!Hpfs("foo "));
    EXPECT(!Hpfs("foo."));
    EXPECT(Hpfs(".foo"));
    EXPECT(Hpfs(" foo"));
    EXPECT(Hpfs("foo.bar.foo"));
    EXPECT(Hpfs("a+b,c;d=[e]"));
    EXPECT(!Hpfs("a<b"));
    EXPECT(!Hpfs(""));
    {
        CHAR Long[257];

        RtlFillMemory(Long, sizeof(Long), 'n');
        Long[255] = 0;
        EXPECT(Hpfs(Long));
        Long[255] = 'n';
        Long[256] = 0;
        EXPECT(!Hpfs(Long)); /* a part has no more than 255 bytes */
        Long[100] = '\\';
        EXPECT(!Hpfs(Long));
    }
    EXPECT(Fat("12345678", FALSE, FALSE, FALSE));
    EXPECT(!Fat("123456789", FALSE, FALSE, FALSE));
    EXPECT(Fat("1.1", FALSE, FALSE, FALSE));
    EXPECT(!Fat("", FALSE, FALSE, FALSE));
    EXPECT(Fat("\\", FALSE, FALSE, TRUE));
    EXPECT(!Fat("a\\", FALSE, TRUE, FALSE));
    EXPECT(!Fat("1.12 ", FALSE, FALSE, FALSE));
    EXPECT(!Fat("1 .1", FALSE, FALSE, FALSE));
}

TEST_DRIVER(TEST(Wildcards), TEST(DosStar), TEST(DosQuestionMark), TEST(DosDot),
            TEST(EmptyOperands), TEST(Case), TEST(LongExpression), TEST(Dbcs),
            TEST(WildCardCharacters), TEST(Dissect), TEST(Equal), TEST(Legal))
