/*
 * inf.c - what setup makes of a driver's INF: the service key, with Instances, altitudes and parameters.
 *
 *     [DefaultInstall.NTamd64.10.0...25952.Services]  AddService = name, flags, section
 *     [section]                          ServiceType StartType ErrorControl LoadOrderGroup Dependencies … AddReg
 *     [AddReg's section]                 HKR,"Instances\One","Altitude",0x0,%Altitude%
 *     [Strings]                          Altitude = "370000"
 *
 * Of several DefaultInstall sections the one counts whose decoration is closest to this system: its architecture
 * (NT$ARCH$, which StampInf replaces, is any), and the latest version and build that are not later than the system's.
 * Values may be quoted, %name% stands for a string, a backslash at the end of a line continues it. Nothing is
 * copied: the driver lies where the command line has put it. [IFS: creating-an-inf-file-for-a-minifilter-driver; DT:
 * inf-defaultinstall-section, inf-manufacturer-section, inf-addservice-directive, inf-addreg-directive]
 */
#include "cmp.h"

#define CM_INF_FIELDS 16
#define CM_INF_TEXT   512

#define CM_INF_LATER 1 /* a rank: for a later system than this; 0: for another processor */

typedef struct _CM_INF {
    PWCHAR Text;
    ULONG Units;
    PCWSTR Section; /* the section that is read, and how close to this system it is */
    ULONGLONG Rank;
} CM_INF, *PCM_INF;

typedef struct _CM_INF_LINE {
    WCHAR Key[CM_INF_TEXT]; /* before "="; empty: there is none */
    ULONG Fields;
    WCHAR Field[CM_INF_FIELDS][CM_INF_TEXT];
} CM_INF_LINE, *PCM_INF_LINE;

static BOOLEAN
CmpSameText(PCWSTR One, PCWSTR Two)
{
    while (*One != 0 && RtlUpcaseUnicodeChar(*One) == RtlUpcaseUnicodeChar(*Two)) {
        One++;
        Two++;
    }
    return *One == *Two || RtlUpcaseUnicodeChar(*One) == RtlUpcaseUnicodeChar(*Two);
}

static BOOLEAN
CmpBlank(WCHAR Unit)
{
    return Unit == L' ' || Unit == L'\t' || Unit == L'\r';
}

/* One logical line from *At into Line, without comment and continuation marks; FALSE at the end. */
static BOOLEAN
CmpInfLine(PCM_INF Inf, PULONG At, PWCHAR Line, ULONG Room)
{
    BOOLEAN Quoted = FALSE, Comment = FALSE;
    ULONG Count = 0;

    if (*At >= Inf->Units) {
        return FALSE;
    }
    for (; *At < Inf->Units; (*At)++) {
        WCHAR Unit = Inf->Text[*At];

        if (Unit == L'\n') {
            (*At)++;
            while (Count > 0 && CmpBlank(Line[Count - 1])) {
                Count--;
            }
            if (!Comment && !Quoted && Count > 0 && Line[Count - 1] == L'\\') {
                Line[Count - 1] = L' ';
                (*At)--;
                continue;
            }
            break;
        }
        if (Unit == L'"' && !Comment) {
            Quoted = !Quoted;
        }
        Comment = Comment || (Unit == L';' && !Quoted);
        if (!Comment && Count + 1 < Room) {
            Line[Count++] = Unit;
        }
    }
    while (Count > 0 && CmpBlank(Line[Count - 1])) {
        Count--;
    }
    Line[Count] = 0;
    return TRUE;
}

static PWCHAR
CmpSkipBlanks(PWCHAR Line)
{
    while (CmpBlank(*Line)) {
        Line++;
    }
    return Line;
}

static BOOLEAN CmpInfString(PCM_INF Inf, PCWSTR Name, PWCHAR Value);

/* One field from *Line, unquoted, with %strings% put in (unless Inf is NULL). */
static VOID
CmpInfField(PCM_INF Inf, PWCHAR *Line, WCHAR End, PWCHAR Field)
{
    PWCHAR At = CmpSkipBlanks(*Line);
    BOOLEAN Quoted = FALSE;
    ULONG Count = 0, Kept = 0;

    for (; *At != 0 && (Quoted || (*At != L',' && *At != End)); At++) {
        if (*At == L'"') {
            if (Quoted && At[1] == L'"') {
                At++;
            } else {
                Quoted = !Quoted;
                Kept = Count;
                continue;
            }
        } else if (*At == L'%' && Inf != NULL) {
            WCHAR Name[CM_INF_TEXT];
            ULONG Length = 0;

            while (At[1 + Length] != 0 && At[1 + Length] != L'%' && Length + 1 < CM_INF_TEXT) {
                Name[Length] = At[1 + Length];
                Length++;
            }
            Name[Length] = 0;
            if (At[1 + Length] == L'%') {
                if (Length == 0) {
                    Field[Count++] = L'%';
                } else if (Count + 1 < CM_INF_TEXT / 2 && CmpInfString(Inf, Name, Field + Count)) {
                    while (Field[Count] != 0) {
                        Count++;
                    }
                }
                Kept = Count;
                At += 1 + Length;
                continue;
            }
        }
        if (Count + 1 < CM_INF_TEXT) {
            Field[Count++] = *At;
        }
    }
    while (Count > Kept && CmpBlank(Field[Count - 1])) {
        Count--;
    }
    Field[Count] = 0;
    *Line = At;
}

static VOID
CmpInfSplit(PCM_INF Inf, PWCHAR Line, PCM_INF_LINE Result)
{
    PWCHAR At = Line;

    Result->Fields = 0;
    CmpInfField(NULL, &At, L'=', Result->Key);
    if (*At == L'=') {
        At++;
    } else {
        Result->Key[0] = 0;
        At = Line;
    }
    while (Result->Fields < CM_INF_FIELDS) {
        CmpInfField(Inf, &At, 0, Result->Field[Result->Fields++]);
        if (*At != L',') {
            break;
        }
        At++;
    }
}

/* The number of a decoration's next field, after its dot; the fields may be empty, the last ones absent. */
static ULONG
CmpInfDecimal(PCWSTR *At)
{
    ULONG Value = 0;

    if (**At == L'.') {
        (*At)++;
    }
    for (; **At >= L'0' && **At <= L'9'; (*At)++) {
        Value = Value * 10 + (ULONG)(**At - L'0');
    }
    return Value;
}

/*
 * How close NAME[.nt[ARCHITECTURE][.[MAJOR][.[MINOR][.[PRODUCT][.[SUITE][.BUILD]]]]]] is to this system. Of two sections
 * that fit, the one for the later version; of the same version the one that names the architecture.
 */
static ULONGLONG
CmpInfRank(PWCHAR Section)
{
    static const struct {
        PCWSTR Name;
        ULONG Rank;
    } Kinds[] = {{L"nt", 3}, {L"ntamd64", 4}, {L"nt$arch$", 4}};
    ULONG Major, Minor, Build, Kind = 0;
    WCHAR Word[16];
    PCWSTR At = Section;

    while (*At != 0 &&
           !(*At == L'.' && (At[1] == L'n' || At[1] == L'N') && (At[2] == L't' || At[2] == L'T'))) {
        At++;
    }
    if (*At == 0) {
        return 2;
    }
    At++;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Word); i++) {
        Word[i] = 0;
        if (*At != 0 && *At != L'.' && i + 1 < RTL_NUMBER_OF(Word)) {
            Word[i] = *At++;
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Kinds); i++) {
        Kind = CmpSameText(Word, Kinds[i].Name) ? Kinds[i].Rank : Kind;
    }
    if (Kind == 0) {
        return 0;
    }
    Major = CmpInfDecimal(&At);
    Minor = CmpInfDecimal(&At);
    CmpInfDecimal(&At);
    CmpInfDecimal(&At);
    Build = CmpInfDecimal(&At);
    if (Major > KiVersion->MajorVersion ||
        (Major == KiVersion->MajorVersion &&
         (Minor > KiVersion->MinorVersion ||
          (Minor == KiVersion->MinorVersion && Build > KiVersion->BuildNumber)))) {
        return CM_INF_LATER;
    }
    return ((ULONGLONG)(Major * 256 + Minor) << 40) + ((ULONGLONG)Build << 8) + Kind;
}

/* Calls Routine for each line of the sections with this name. */
typedef VOID CM_INF_ROUTINE(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context);

static VOID
CmpInfSection(PCM_INF Inf, PCWSTR Section, BOOLEAN Services, CM_INF_ROUTINE *Routine, PVOID Context)
{
    PWCHAR Text = ExpAllocate(4096 * sizeof(WCHAR), CMP_TAG_TEMP), Line;
    PCM_INF_LINE Split = ExpAllocate(sizeof(*Split), CMP_TAG_TEMP);
    PWCHAR Title = ExpAllocate(CM_INF_TEXT * sizeof(WCHAR), CMP_TAG_TEMP);
    BOOLEAN Inside = FALSE;
    ULONG At = 0;

    Title[0] = 0;
    if (Services) {
        Inf->Section = Title;
    }
    while (CmpInfLine(Inf, &At, Text, 4096)) {
        Line = CmpSkipBlanks(Text);
        if (*Line == L'[') {
            PWCHAR End = ++Line;
            ULONG Length;

            while (*End != 0 && *End != L']') {
                End++;
            }
            *End = 0;
            Length = (ULONG)(End - Line);
            Inside = Services ? Length > 9 && CmpSameText(Line + Length - 9, L".Services")
                              : CmpSameText(Line, Section);
            if (Services && Inside) {
                Line[Length - 9] = 0;
                Inf->Rank = CmpInfRank(Line);
                Inside = Inf->Rank != 0;
                for (ULONG i = 0; i <= Length - 9 && i < CM_INF_TEXT; i++) {
                    Title[i] = Line[i];
                }
            }
        } else if (Inside && *Line != 0) {
            CmpInfSplit(!Services && CmpSameText(Section, L"Strings") ? NULL : Inf, Line, Split);
            Routine(Inf, Split, Context);
        }
    }
    ExpFree(Title);
    ExpFree(Text);
    ExpFree(Split);
}

typedef struct _CM_INF_LOOKUP {
    PCWSTR Name;
    PWCHAR Value;
    BOOLEAN Found;
} CM_INF_LOOKUP;

static VOID
CmpInfLookUp(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context)
{
    CM_INF_LOOKUP *LookUp = Context;
    ULONG i;

    if (!LookUp->Found && CmpSameText(Line->Key, LookUp->Name)) {
        for (i = 0; Line->Field[0][i] != 0 && i < CM_INF_TEXT / 2 - 1; i++) {
            LookUp->Value[i] = Line->Field[0][i];
        }
        LookUp->Value[i] = 0;
        LookUp->Found = TRUE;
    }
}

static BOOLEAN
CmpInfString(PCM_INF Inf, PCWSTR Name, PWCHAR Value)
{
    CM_INF_LOOKUP LookUp = {Name, Value, FALSE};

    CmpInfSection(Inf, L"Strings", FALSE, CmpInfLookUp, &LookUp);
    return LookUp.Found;
}

static ULONG
CmpInfNumber(PCWSTR Text)
{
    UNICODE_STRING String;
    ULONG Value = 0;

    RtlInitUnicodeString(&String, Text);
    RtlUnicodeStringToInteger(&String, 0, &Value);
    return Value;
}

static VOID
CmpInfText(PCM_NODE Node, PCWSTR Name, ULONG Type, PCWSTR Text)
{
    UNICODE_STRING Value;
    ULONG Units = 0;

    while (Text[Units] != 0) {
        Units++;
    }
    RtlInitUnicodeString(&Value, Name);
    CmpSetValue(Node, &Value, Type, Text, (Units + 1) * sizeof(WCHAR));
}

static VOID
CmpInfDword(PCM_NODE Node, PCWSTR Name, ULONG Data)
{
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Value, Name);
    CmpSetValue(Node, &Value, REG_DWORD, &Data, sizeof(Data));
}

/* Several strings, each with its end, and one more end. */
static VOID
CmpInfMulti(PCM_NODE Node, PCWSTR Name, PCM_INF_LINE Line, ULONG First)
{
    PWCHAR Data = ExpAllocate((CM_INF_FIELDS * CM_INF_TEXT + 1) * sizeof(WCHAR), CMP_TAG_TEMP);
    UNICODE_STRING Value;
    ULONG Units = 0;

    for (ULONG i = First; i < Line->Fields; i++) {
        for (ULONG j = 0; Line->Field[i][j] != 0; j++) {
            Data[Units++] = Line->Field[i][j];
        }
        Data[Units++] = 0;
    }
    Data[Units++] = 0;
    RtlInitUnicodeString(&Value, Name);
    CmpSetValue(Node, &Value, REG_MULTI_SZ, Data, Units * sizeof(WCHAR));
    ExpFree(Data);
}

/* root, subkey, name, flags, value… */
static VOID
CmpInfAddReg(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context)
{
    PCM_NODE Node = Context;
    PCWSTR Name = Line->Fields > 2 ? Line->Field[2] : L"";
    ULONG Flags = Line->Fields > 3 ? CmpInfNumber(Line->Field[3]) : 0;

    if (CmpSameText(Line->Field[0], L"HKLM")) {
        Node = CmpMakePath(CmpRoot, L"MACHINE");
    } else if (!CmpSameText(Line->Field[0], L"HKR") || Node == NULL) {
        return;
    }
    if (Line->Fields > 1 && Line->Field[1][0] != 0) {
        Node = CmpMakePath(Node, Line->Field[1]);
    }
    if (Flags & 0x10) { /* FLG_ADDREG_KEYONLY */
        return;
    }
    switch (Flags & 0xFFFF0001) {
    case 0x00010001:
        CmpInfDword(Node, Name, Line->Fields > 4 ? CmpInfNumber(Line->Field[4]) : 0);
        break;
    case 0x00010000:
        CmpInfMulti(Node, Name, Line, 4);
        break;
    case 0x00000001: {
        UCHAR Bytes[CM_INF_FIELDS];
        UNICODE_STRING Value;
        ULONG Count = 0;

        for (ULONG i = 4; i < Line->Fields; i++) {
            UNICODE_STRING Byte;
            ULONG Number = 0;

            RtlInitUnicodeString(&Byte, Line->Field[i]);
            RtlUnicodeStringToInteger(&Byte, 16, &Number);
            Bytes[Count++] = (UCHAR)Number;
        }
        RtlInitUnicodeString(&Value, Name);
        CmpSetValue(Node, &Value, REG_BINARY, Bytes, Count);
        break;
    }
    default:
        CmpInfText(Node, Name, (Flags & 0x20000) ? REG_EXPAND_SZ : REG_SZ,
                   Line->Fields > 4 ? Line->Field[4] : L"");
        break;
    }
}

static VOID
CmpInfService(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context)
{
    static const struct {
        PCWSTR Key, Name;
    } Dwords[] = {
        {L"ServiceType", L"Type"}, {L"StartType", L"Start"}, {L"ErrorControl", L"ErrorControl"}};
    PCM_NODE Node = Context;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Dwords); i++) {
        if (CmpSameText(Line->Key, Dwords[i].Key)) {
            CmpInfDword(Node, Dwords[i].Name, CmpInfNumber(Line->Field[0]));
        }
    }
    if (CmpSameText(Line->Key, L"LoadOrderGroup")) {
        CmpInfText(Node, L"Group", REG_SZ, Line->Field[0]);
    } else if (CmpSameText(Line->Key, L"DisplayName") || CmpSameText(Line->Key, L"Description")) {
        CmpInfText(Node, Line->Key, REG_SZ, Line->Field[0]);
    } else if (CmpSameText(Line->Key, L"Dependencies")) {
        CmpInfMulti(Node, L"DependOnService", Line, 0);
    } else if (CmpSameText(Line->Key, L"AddReg")) {
        for (ULONG i = 0; i < Line->Fields; i++) {
            CmpInfSection(Inf, Line->Field[i], FALSE, CmpInfAddReg, Node);
        }
    }
}

typedef struct _CM_INF_SERVICE {
    PCWSTR Name;
    WCHAR Section[CM_INF_TEXT]; /* the service's */
    WCHAR Install[CM_INF_TEXT]; /* and the one that installs it */
    BOOLEAN Exact;
    ULONGLONG Rank;
} CM_INF_SERVICE;

static VOID
CmpInfAddService(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context)
{
    CM_INF_SERVICE *Service = Context;
    BOOLEAN Exact;

    if (!CmpSameText(Line->Key, L"AddService") || Line->Fields < 3) {
        return;
    }
    Exact = CmpSameText(Line->Field[0], Service->Name);
    if (Exact > Service->Exact || (Exact == Service->Exact && Inf->Rank > Service->Rank)) {
        Service->Exact = Exact;
        Service->Rank = Inf->Rank;
        RtlCopyMemory(Service->Section, Line->Field[2], sizeof(Service->Section));
        for (ULONG i = 0; i < CM_INF_TEXT; i++) {
            Service->Install[i] = Inf->Section[i];
            if (Inf->Section[i] == 0) {
                break;
            }
        }
    }
}

/* An AddReg of the section that installs: with HKR it would be the device's key, which a service has not. */
static VOID
CmpInfInstallReg(PCM_INF Inf, PCM_INF_LINE Line, PVOID Context)
{
    if (CmpSameText(Line->Key, L"AddReg")) {
        for (ULONG i = 0; i < Line->Fields; i++) {
            CmpInfSection(Inf, Line->Field[i], FALSE, CmpInfAddReg, Context);
        }
    }
}

/* Node is the service's key, Bytes the INF: UTF-16 with its mark, else UTF-8. */
VOID
CmpApplyInf(PCM_NODE Node, PCWSTR Name, const CHAR *Bytes, ULONG Length)
{
    CM_INF_SERVICE *Service = ExpAllocate(sizeof(*Service), CMP_TAG_TEMP);
    CM_INF Inf;

    RtlZeroMemory(Service, sizeof(*Service));
    Service->Name = Name;
    Inf.Text = ExpAllocate((Length + 1) * sizeof(WCHAR), CMP_TAG_TEMP);
    if (Length >= 2 && (UCHAR)Bytes[0] == 0xFF && (UCHAR)Bytes[1] == 0xFE) {
        Inf.Units = Length / sizeof(WCHAR) - 1;
        RtlCopyMemory(Inf.Text, Bytes + 2, Inf.Units * sizeof(WCHAR));
    } else {
        ULONG Made = 0, Skip = Length >= 3 && (UCHAR)Bytes[0] == 0xEF ? 3 : 0;

        RtlUTF8ToUnicodeN(Inf.Text, Length * sizeof(WCHAR), &Made, Bytes + Skip, Length - Skip);
        Inf.Units = Made / sizeof(WCHAR);
    }
    CmpInfSection(&Inf, NULL, TRUE, CmpInfAddService, Service);
    if (Service->Section[0] != 0) {
        if (Service->Rank == CM_INF_LATER) {
            DbgPrint("%ws.inf: [%ws] is for a later version; it is taken all the same\n", Name,
                     Service->Install);
        }
        CmpInfSection(&Inf, Service->Install, FALSE, CmpInfInstallReg, NULL);
        CmpInfSection(&Inf, Service->Section, FALSE, CmpInfService, Node);
    } else {
        DbgPrint("%ws.inf: no AddService\n", Name);
    }
    ExpFree(Inf.Text);
    ExpFree(Service);
}

/* Without an INF: one instance, at an altitude of the activity monitors' that follows from the order of loading. */
VOID
CmpMakeUpInstances(PCM_NODE Node, PCWSTR Name, PCWSTR Altitude)
{
    PCM_NODE Instances = CmpMakePath(Node, L"Instances");
    WCHAR Instance[CM_INF_TEXT / 4];
    UNICODE_STRING Text = {0, sizeof(Instance) - sizeof(WCHAR), Instance};

    RtlAppendUnicodeToString(&Text, Name);
    RtlAppendUnicodeToString(&Text, L" Instance");
    Instance[Text.Length / sizeof(WCHAR)] = 0;
    CmpInfDword(Node, L"Type", 2 /* SERVICE_FILE_SYSTEM_DRIVER */);
    CmpInfText(Node, L"Group", REG_SZ, L"FSFilter Activity Monitor");
    CmpInfText(Instances, L"DefaultInstance", REG_SZ, Instance);
    Instances = CmpMakePath(Instances, Instance);
    CmpInfText(Instances, L"Altitude", REG_SZ, Altitude);
    CmpInfDword(Instances, L"Flags", 0);
}
