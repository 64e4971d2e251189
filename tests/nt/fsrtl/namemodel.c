/*
 * namemodel.c - names against plain models: drawn expressions and names of few letters, matched letter by letter as the documentation says it; names taken apart;
 * legal names, of every single character and of every length. [DDI:ntifs/fsrtlisnameinexpression], [DDI:ntifs/fsrtlisdbcsinexpression],
 * [DDI:ntifs/fsrtldissectname], [DDI:ntifs/fsrtldissectdbcs], [DDI:ntifs/fsrtldoesnamecontainwildcards],
 * [DDI:ntifs/fsrtlisfatdbcslegal], [DDI:ntifs/fsrtlishpfsdbcslegal], [DDI:ntifs/fsrtlarenamesequal]
 */
#include "../ntlab-test.h"

#define MOST  9
#define STEPS 20000

static ULONG Seed = 8, Wrong[10];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static ULONG
Draw(PWCHAR To, const WCHAR *Letters, ULONG Count)
{
    ULONG Length = Any(MOST);

    for (ULONG i = 0; i < Length; i++) {
        To[i] = Letters[Any(Count)];
    }
    return Length;
}

/* * any number, ? one, DOS_QM one that is no period, or none before a period or the end; DOS_DOT a period, or the end. */
static BOOLEAN
Matches(PCWSTR E, ULONG ELength, PCWSTR N, ULONG NLength)
{
    if (ELength == 0) {
        return NLength == 0;
    }
    switch (*E) {
    case L'*':
        return Matches(E + 1, ELength - 1, N, NLength) ||
               (NLength != 0 && Matches(E, ELength, N + 1, NLength - 1));
    case L'?':
        return NLength != 0 && Matches(E + 1, ELength - 1, N + 1, NLength - 1);
    case DOS_QM:
        return NLength == 0 || *N == L'.' ? Matches(E + 1, ELength - 1, N, NLength)
                                          : Matches(E + 1, ELength - 1, N + 1, NLength - 1);
    case DOS_DOT:
        return NLength == 0 ? Matches(E + 1, ELength - 1, N, NLength)
                            : *N == L'.' && Matches(E + 1, ELength - 1, N + 1, NLength - 1);
    }
    return NLength != 0 && *E == *N && Matches(E + 1, ELength - 1, N + 1, NLength - 1);
}

static VOID
Expressions(VOID)
{
    WCHAR E[MOST + 1], N[MOST + 1], Low[MOST + 1];
    CHAR NarrowE[MOST + 1], NarrowN[MOST + 1];

    for (ULONG Step = 0; Step < STEPS; Step++) {
        ULONG ELength = Draw(E, L"AB.*?\">", 5 + 2 * Any(2)), NLength = Draw(N, L"AB.", 3),
              Wild = 0;
        UNICODE_STRING Expression = {ELength * 2, sizeof(E), E}, Name = {NLength * 2, sizeof(N), N};
        UNICODE_STRING Lower = {NLength * 2, sizeof(Low), Low};
        ANSI_STRING DbcsE = {ELength, sizeof(NarrowE), NarrowE},
                    DbcsN = {NLength, sizeof(NarrowN), NarrowN};
        BOOLEAN Good = Matches(E, ELength, N, NLength);

        for (ULONG i = 0; i < ELength; i++) {
            NarrowE[i] = (CHAR)E[i];
            Wild += E[i] != L'A' && E[i] != L'B' && E[i] != L'.';
        }
        for (ULONG i = 0; i < NLength; i++) {
            NarrowN[i] = (CHAR)N[i];
            Low[i] = N[i] == L'.' || Any(2) ? N[i] : N[i] + (L'a' - L'A');
        }
        Wrong[2] += FsRtlDoesNameContainWildCards(&Expression) != (Wild != 0);
        Wrong[2] += FsRtlDoesDbcsContainWildCards(&DbcsE) != (Wild != 0);
        Wrong[3] += FsRtlAreNamesEqual(&Lower, &Name, TRUE, NULL) != TRUE;
        Wrong[3] += FsRtlAreNamesEqual(&Lower, &Name, FALSE, NULL) !=
                    RtlEqualUnicodeString(&Lower, &Name, FALSE);
        if (ELength == 0 || NLength == 0) {
            continue; /* not said */
        }
        Wrong[0] += FsRtlIsNameInExpression(&Expression, &Name, FALSE, NULL) != Good;
        Wrong[0] += FsRtlIsNameInExpression(&Expression, &Lower, TRUE, NULL) != Good;
        Wrong[1] += FsRtlIsDbcsInExpression(&DbcsE, &DbcsN) != Good;
    }
}

/* The first part, and what follows its separator; one in front is no part. */
static VOID
Parts(VOID)
{
    for (ULONG Step = 0; Step < STEPS / 8; Step++) {
        WCHAR Path[MOST + 1];
        CHAR Narrow[MOST + 1];
        ULONG Length = Draw(Path, L"ab\\", 3), Start, End;
        UNICODE_STRING Whole = {Length * 2, sizeof(Path), Path}, First, Rest;
        ANSI_STRING DbcsWhole = {Length, sizeof(Narrow), Narrow}, DbcsFirst, DbcsRest;

        for (ULONG i = 0; i < Length; i++) {
            Narrow[i] = (CHAR)Path[i];
        }
        Start = Length != 0 && Path[0] == L'\\';
        for (End = Start; End < Length && Path[End] != L'\\'; End++) {
        }
        FsRtlDissectName(Whole, &First, &Rest);
        FsRtlDissectDbcs(DbcsWhole, &DbcsFirst, &DbcsRest);
        Wrong[4] += First.Length != (End - Start) * sizeof(WCHAR);
        Wrong[5] += DbcsFirst.Length != End - Start;
        Wrong[4] += First.Length != 0 && First.Buffer != Path + Start;
        Wrong[5] += DbcsFirst.Length != 0 && DbcsFirst.Buffer != Narrow + Start;
        Wrong[4] += Rest.Length != (End < Length ? (Length - End - 1) * sizeof(WCHAR) : 0);
        Wrong[5] += DbcsRest.Length != (End < Length ? Length - End - 1 : 0);
        Wrong[4] += Rest.Length != 0 && Rest.Buffer != Path + End + 1;
        Wrong[5] += DbcsRest.Length != 0 && DbcsRest.Buffer != Narrow + End + 1;
    }
}

static BOOLEAN
Fat(PCHAR Text, ULONG Length, BOOLEAN Wild)
{
    ANSI_STRING Name = {(USHORT)Length, (USHORT)Length, Text};

    return FsRtlIsFatDbcsLegal(Name, Wild, FALSE, FALSE);
}

static BOOLEAN
Hpfs(PCHAR Text, ULONG Length, BOOLEAN Wild)
{
    ANSI_STRING Name = {(USHORT)Length, (USHORT)Length, Text};

    return FsRtlIsHpfsDbcsLegal(Name, Wild, FALSE, FALSE);
}

/* Each character by itself, and within a name. */
static VOID
Legal(VOID)
{
    static CHAR Long[300];

    for (ULONG c = 1; c < 0x80; c++) {
        CHAR One[1] = {(CHAR)c}, Three[3] = {'a', (CHAR)c, 'b'};

        for (ULONG Wild = 0; Wild < 2; Wild++) {
            BOOLEAN IsFat = FsRtlIsAnsiCharacterLegalFat((CHAR)c, Wild != 0) != 0;
            BOOLEAN IsHpfs = FsRtlIsAnsiCharacterLegalHpfs((CHAR)c, Wild != 0) != 0;

            if (c != '\\') {
                Wrong[6] += c != '.' && c != ' ' && Fat(One, 1, Wild != 0) != IsFat;
                Wrong[6] += c != '.' && Fat(Three, 3, Wild != 0) != IsFat;
                Wrong[7] += c != '.' && c != ' ' && Hpfs(One, 1, Wild != 0) != IsHpfs;
                Wrong[7] += Hpfs(Three, 3, Wild != 0) != IsHpfs;
            }
        }
    }
    RtlFillMemory(Long, sizeof(Long), 'a');
    for (ULONG Length = 0; Length < 300; Length++) {
        Wrong[8] += Fat(Long, Length, FALSE) != (Length >= 1 && Length <= 8);
        Wrong[8] += Hpfs(Long, Length, FALSE) != (Length >= 1 && Length <= 255);
    }
    for (ULONG Base = 0; Base < 10; Base++) {
        for (ULONG Extension = 0; Extension < 6; Extension++) {
            CHAR Text[16];

            RtlFillMemory(Text, sizeof(Text), 'x');
            Text[Base] = '.';
            Wrong[9] += Fat(Text, Base + 1 + Extension, FALSE) !=
                        (Base >= 1 && Base <= 8 && Extension >= 1 && Extension <= 3);
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

TEST_DRIVER(TEST(Expressions), TEST(Parts), TEST(Legal))
