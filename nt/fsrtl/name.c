/*
 * name.c - file names as file systems take them apart and compare them.
 *
 * A match keeps the set of places in the expression that a prefix of the name can have reached, so
 * its cost is the product of the two lengths whatever the expression. Place i means that the first i
 * characters of the expression are used up. Before each character of the name, and at its end, the
 * wild cards that may stand for nothing are stepped over:
 *     *  DOS_STAR   anywhere
 *     DOS_QM        before a period and at the end
 *     DOS_DOT       at the end
 * DOS_STAR takes any character up to the last period of the name, which it may take too as its last.
 *
 * OEM names are taken byte by byte: the box's OEM code page has no lead bytes.
 *
 * Source: FsRtlIsNameInExpression, FsRtlIsDbcsInExpression, FsRtlDissectName, FsRtlIsFatDbcsLegal,
 * FsRtlIsHpfsDbcsLegal (ntifs.h).
 */
#include "nt/fsrtl/fsrtlp.h"

/* A name of either width. */
typedef struct _FSRTLP_TEXT {
    const WCHAR *Wide; /* or NULL */
    const UCHAR *Narrow;
    ULONG Count;
    const WCHAR *Upcase; /* a table, or NULL */
    BOOLEAN IgnoreCase;
} FSRTLP_TEXT;

static WCHAR
FsRtlpAt(const FSRTLP_TEXT *Text, ULONG Index)
{
    WCHAR Unit;

    if (Text->Wide == NULL) {
        return Text->Narrow[Index];
    }
    Unit = Text->Wide[Index];
    if (Text->IgnoreCase) {
        Unit = Text->Upcase != NULL ? Text->Upcase[Unit] : RtlUpcaseUnicodeChar(Unit);
    }
    return Unit;
}

/* Unit is the next character of the name, 0 at its end. */
static VOID
FsRtlpStepOver(const FSRTLP_TEXT *Expression, PUCHAR Reached, BOOLEAN AtEnd, WCHAR Unit)
{
    for (ULONG Index = 0; Index < Expression->Count; Index++) {
        WCHAR Wanted;

        if (!Reached[Index]) {
            continue;
        }
        Wanted = FsRtlpAt(Expression, Index);
        if (Wanted == L'*' || Wanted == DOS_STAR || (Wanted == DOS_QM && (AtEnd || Unit == L'.')) ||
            (Wanted == DOS_DOT && AtEnd)) {
            Reached[Index + 1] = TRUE;
        }
    }
}

/* One character of the name; from the last place to the first, so one array is enough. */
static VOID
FsRtlpStep(const FSRTLP_TEXT *Expression, PUCHAR Reached, WCHAR Unit, BOOLEAN LastPeriod)
{
    Reached[Expression->Count] = FALSE;
    for (ULONG Index = Expression->Count; Index-- != 0;) {
        WCHAR Wanted;
        BOOLEAN Stays, Goes;

        if (!Reached[Index]) {
            continue;
        }
        Wanted = FsRtlpAt(Expression, Index);
        Stays = Wanted == L'*' || (Wanted == DOS_STAR && !LastPeriod);
        Goes = Wanted == L'?' || (Wanted == DOS_STAR && LastPeriod) ||
               (Wanted == DOS_QM && Unit != L'.') || (Wanted == DOS_DOT && Unit == L'.') ||
               Wanted == Unit;
        Reached[Index] = Stays;
        if (Goes) {
            Reached[Index + 1] = TRUE;
        }
    }
}

static BOOLEAN
FsRtlpMatch(const FSRTLP_TEXT *Expression, const FSRTLP_TEXT *Name)
{
    UCHAR Short[128];
    PUCHAR Reached = Short;
    ULONG Last = Name->Count;
    BOOLEAN Result;

    if (Expression->Count == 0 || Name->Count == 0) {
        return Expression->Count == Name->Count;
    }
    if (Expression->Count >= sizeof(Short)) {
        Reached = ExAllocatePoolWithTag(PagedPool, Expression->Count + 1, TAG_FSRTL);
        if (Reached == NULL) {
            ExRaiseStatus(STATUS_NO_MEMORY);
        }
    }
    RtlZeroMemory(Reached, Expression->Count + 1);
    Reached[0] = TRUE;
    while (Last != 0 && FsRtlpAt(Name, Last - 1) != L'.') {
        Last--; /* the last period is at Last - 1 */
    }
    for (ULONG Index = 0; Index < Name->Count; Index++) {
        WCHAR Unit = FsRtlpAt(Name, Index);

        FsRtlpStepOver(Expression, Reached, FALSE, Unit);
        FsRtlpStep(Expression, Reached, Unit, Index + 1 == Last);
    }
    FsRtlpStepOver(Expression, Reached, TRUE, 0);
    Result = Reached[Expression->Count];
    if (Reached != Short) {
        ExFreePoolWithTag(Reached, TAG_FSRTL);
    }
    return Result;
}

BOOLEAN NTAPI
FsRtlIsNameInExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase,
                        PWCHAR UpcaseTable)
{
    FSRTLP_TEXT Pattern = {.Wide = Expression->Buffer, .Count = Expression->Length / sizeof(WCHAR)};
    FSRTLP_TEXT Text = {.Wide = Name->Buffer,
                        .Count = Name->Length / sizeof(WCHAR),
                        .Upcase = UpcaseTable,
                        .IgnoreCase = IgnoreCase};

    return FsRtlpMatch(&Pattern, &Text);
}

BOOLEAN NTAPI
FsRtlIsDbcsInExpression(PANSI_STRING Expression, PANSI_STRING Name)
{
    FSRTLP_TEXT Pattern = {.Narrow = (PUCHAR)Expression->Buffer, .Count = Expression->Length};
    FSRTLP_TEXT Text = {.Narrow = (PUCHAR)Name->Buffer, .Count = Name->Length};

    return FsRtlpMatch(&Pattern, &Text);
}

BOOLEAN NTAPI
FsRtlAreNamesEqual(PCUNICODE_STRING Name1, PCUNICODE_STRING Name2, BOOLEAN IgnoreCase,
                   PCWCH UpcaseTable)
{
    FSRTLP_TEXT First = {.Wide = Name1->Buffer, .Upcase = UpcaseTable, .IgnoreCase = IgnoreCase};
    FSRTLP_TEXT Second = {.Wide = Name2->Buffer, .Upcase = UpcaseTable, .IgnoreCase = IgnoreCase};

    if (Name1->Length != Name2->Length) {
        return FALSE;
    }
    for (ULONG Index = 0; Index < Name1->Length / sizeof(WCHAR); Index++) {
        if (FsRtlpAt(&First, Index) != FsRtlpAt(&Second, Index)) {
            return FALSE;
        }
    }
    return TRUE;
}

BOOLEAN NTAPI
FsRtlDoesNameContainWildCards(PUNICODE_STRING Name)
{
    for (ULONG Index = 0; Index < Name->Length / sizeof(WCHAR); Index++) {
        if (FsRtlIsUnicodeCharacterWild(Name->Buffer[Index])) {
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN NTAPI
FsRtlDoesDbcsContainWildCards(PANSI_STRING Name)
{
    for (ULONG Index = 0; Index < Name->Length; Index++) {
        if (FsRtlIsAnsiCharacterWild(Name->Buffer[Index])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Where the first part begins and ends, and where what remains begins; all in characters. */
static VOID
FsRtlpDissect(const FSRTLP_TEXT *Name, PULONG Begin, PULONG End, PULONG Rest)
{
    *Begin = Name->Count != 0 && FsRtlpAt(Name, 0) == L'\\';
    for (*End = *Begin; *End < Name->Count && FsRtlpAt(Name, *End) != L'\\'; (*End)++) {
    }
    *Rest = *End < Name->Count ? *End + 1 : Name->Count;
}

VOID NTAPI
FsRtlDissectName(UNICODE_STRING Name, PUNICODE_STRING FirstPart, PUNICODE_STRING RemainingPart)
{
    FSRTLP_TEXT Text = {.Wide = Name.Buffer, .Count = Name.Length / sizeof(WCHAR)};
    ULONG Begin, End, Rest;

    FsRtlpDissect(&Text, &Begin, &End, &Rest);
    FirstPart->Length = FirstPart->MaximumLength = (USHORT)((End - Begin) * sizeof(WCHAR));
    FirstPart->Buffer = End == Begin ? NULL : Name.Buffer + Begin;
    RemainingPart->Length = RemainingPart->MaximumLength =
        (USHORT)((Text.Count - Rest) * sizeof(WCHAR));
    RemainingPart->Buffer = Rest == Text.Count ? NULL : Name.Buffer + Rest;
}

VOID NTAPI
FsRtlDissectDbcs(ANSI_STRING Name, PANSI_STRING FirstPart, PANSI_STRING RemainingPart)
{
    FSRTLP_TEXT Text = {.Narrow = (PUCHAR)Name.Buffer, .Count = Name.Length};
    ULONG Begin, End, Rest;

    FsRtlpDissect(&Text, &Begin, &End, &Rest);
    FirstPart->Length = FirstPart->MaximumLength = (USHORT)(End - Begin);
    FirstPart->Buffer = End == Begin ? NULL : Name.Buffer + Begin;
    RemainingPart->Length = RemainingPart->MaximumLength = (USHORT)(Text.Count - Rest);
    RemainingPart->Buffer = Rest == Text.Count ? NULL : Name.Buffer + Rest;
}

/* N or N.E: eight bytes and three, neither with a period in it nor a space at its end. */
static BOOLEAN
FsRtlpFatLegal(PANSI_STRING Part, BOOLEAN WildCards)
{
    ULONG Period = Part->Length;

    for (ULONG Index = 0; Index < Part->Length; Index++) {
        CHAR Byte = Part->Buffer[Index];

        if (Byte == '.') {
            if (Period != Part->Length) {
                return FALSE;
            }
            Period = Index;
        } else if ((UCHAR)Byte < 0x80 && !FsRtlIsAnsiCharacterLegalFat(Byte, WildCards)) {
            return FALSE;
        }
    }
    if (Period == 0 || Period > 8 || Part->Buffer[Period - 1] == ' ') {
        return FALSE;
    }
    return Period == Part->Length || (Part->Length - Period >= 2 && Part->Length - Period <= 4 &&
                                      Part->Buffer[Part->Length - 1] != ' ');
}

static BOOLEAN
FsRtlpHpfsLegal(PANSI_STRING Part, BOOLEAN WildCards)
{
    CHAR Last;

    if (Part->Length == 0 || Part->Length > 255) {
        return FALSE;
    }
    for (ULONG Index = 0; Index < Part->Length; Index++) {
        CHAR Byte = Part->Buffer[Index];

        if ((UCHAR)Byte < 0x80 && !FsRtlIsAnsiCharacterLegalHpfs(Byte, WildCards)) {
            return FALSE;
        }
    }
    Last = Part->Buffer[Part->Length - 1];
    return Last != '.' && Last != ' ';
}

static BOOLEAN
FsRtlpPathLegal(ANSI_STRING Name, BOOLEAN WildCards, BOOLEAN Path, BOOLEAN Leading,
                BOOLEAN (*IsLegal)(PANSI_STRING Part, BOOLEAN WildCards))
{
    ANSI_STRING First, Rest;

    if (Name.Length == 0) {
        return FALSE;
    }
    if (Name.Buffer[0] == '\\') {
        if (!Leading) {
            return FALSE;
        }
        if (Name.Length == 1) {
            return TRUE;
        }
    }
    if (Name.Buffer[Name.Length - 1] == '\\') {
        return FALSE;
    }
    for (Rest = Name; Rest.Length != 0;) {
        FsRtlDissectDbcs(Rest, &First, &Rest);
        if (!IsLegal(&First, WildCards) || (Rest.Length != 0 && !Path) ||
            (Rest.Length != 0 && Rest.Buffer[0] == '\\')) {
            return FALSE;
        }
    }
    return TRUE;
}

BOOLEAN NTAPI
FsRtlIsFatDbcsLegal(ANSI_STRING DbcsName, BOOLEAN WildCardsPermissible, BOOLEAN PathNamePermissible,
                    BOOLEAN LeadingBackslashPermissible)
{
    return FsRtlpPathLegal(DbcsName, WildCardsPermissible, PathNamePermissible,
                           LeadingBackslashPermissible, FsRtlpFatLegal);
}

BOOLEAN NTAPI
FsRtlIsHpfsDbcsLegal(ANSI_STRING DbcsName, BOOLEAN WildCardsPermissible,
                     BOOLEAN PathNamePermissible, BOOLEAN LeadingBackslashPermissible)
{
    return FsRtlpPathLegal(DbcsName, WildCardsPermissible, PathNamePermissible,
                           LeadingBackslashPermissible, FsRtlpHpfsLegal);
}
