/*
 * regtext.c - import of .reg text, as Regedit exports it; the host has made UTF-8 of it.
 *
 *     REGEDIT4, or Windows Registry Editor Version 5.00
 *     [HKEY_LOCAL_MACHINE\Software\Foo]      makes the key; [-…] deletes it with all below
 *     "Name"="text"      @="text"            REG_SZ; \\ and \" stand for \ and "
 *     "Name"=dword:00000001
 *     "Name"=hex:01,02   hex(2):…            bytes of a type; a line that ends in \ goes on in the next
 *     "Name"="two                            a text with a line break in it goes on in the next line too
 *     "Name"=-                               deletes the value
 *     ; a comment
 *
 * The two versions differ in the bytes of strings: REGEDIT4 has ANSI ones, which become UTF-16 here; so is its text,
 * unless it begins with the mark of UTF-8. What cannot be read is reported with its line and skipped.
 */
#include "cmp.h"

typedef struct _CM_TEXT {
    const CHAR *At, *End;
    ULONG File, Line;
    BOOLEAN Ansi, Utf8;
} CM_TEXT;

#define CMP_LINE                                                                                   \
    0x4000 /* bytes of a joined line; longer hex data goes on the heap of lines below */

static VOID
CmpComplain(CM_TEXT *Text, const CHAR *What)
{
    if (Text->File == 0) {
        DbgPrint("registry text, line %lu: %s\n", Text->Line, What);
    } else {
        DbgPrint("registry text %lu, line %lu: %s\n", Text->File + 1, Text->Line, What);
    }
}

/* Does the line end within a "quoted" text? Escapes count; a comment has none. */
static BOOLEAN
CmpIsOpen(const CHAR *Line, ULONG Length)
{
    BOOLEAN Open = FALSE;
    ULONG i = 0;

    while (i < Length && (Line[i] == ' ' || Line[i] == '\t')) {
        i++;
    }
    if (i == Length || (Line[i] != '"' && Line[i] != '@')) {
        return FALSE;
    }
    for (; i < Length; i++) {
        if (Open && Line[i] == '\\') {
            i++;
        } else if (Line[i] == '"') {
            Open = !Open;
        }
    }
    return Open;
}

/* A later line closes it before a new key or value begins. */
static BOOLEAN
CmpCloses(CM_TEXT *Text)
{
    for (const CHAR *At = Text->At; At < Text->End; At++) {
        if (*At == '\\') {
            At++;
        } else if (*At == '"') {
            do {
                At++;
            } while (At < Text->End && (*At == ' ' || *At == '\t' || *At == '\r'));
            return At >= Text->End || *At == '\n';
        }
    }
    return FALSE;
}

/* One line without its end, joined with those that continue it. Returns its length; -1 at the end. */
static LONG
CmpNextLine(CM_TEXT *Text, CHAR **Line)
{
    const CHAR *Start = Text->At;
    ULONG Length = 0;
    CHAR *To;

    if (Text->At >= Text->End) {
        return -1;
    }
    *Line = To =
        ExpAllocate(max((SIZE_T)(Text->End - Start) * 2 + 1, (SIZE_T)CMP_LINE), CMP_TAG_TEMP);
    for (;;) {
        Text->Line++;
        while (Text->At < Text->End && *Text->At != '\n') {
            if (*Text->At != '\r') {
                To[Length++] = *Text->At;
            }
            Text->At++;
        }
        if (Text->At < Text->End) {
            Text->At++;
        }
        if (CmpIsOpen(To, Length) && CmpCloses(Text)) {
            To[Length++] = '\r'; /* blanks in front of it are the text's */
            To[Length++] = '\n';
            continue;
        }
        while (Length != 0 && (To[Length - 1] == ' ' || To[Length - 1] == '\t')) {
            Length--;
        }
        /* Only data in hexadecimal continues: a comma before the backslash, or its colon. */
        if (Length >= 2 && To[Length - 1] == '\\' &&
            (To[Length - 2] == ',' || To[Length - 2] == ':') && Text->At < Text->End) {
            Length--;
            continue;
        }
        break;
    }
    To[Length] = 0;
    return (LONG)Length;
}

/* To UTF-16; returns the characters. */
static ULONG
CmpWiden(CM_TEXT *Text, const CHAR *From, ULONG Length, PWCHAR To)
{
    ULONG Bytes = 0;

    if (Text->Ansi && !Text->Utf8) {
        RtlMultiByteToUnicodeN(To, (Length + 1) * sizeof(WCHAR), &Bytes, (PCHAR)From, Length);
        return Bytes / sizeof(WCHAR);
    }
    if (Length == 0 ||
        !NT_SUCCESS(RtlUTF8ToUnicodeN(To, (Length + 1) * sizeof(WCHAR), &Bytes, From, Length))) {
        return 0;
    }
    return Bytes / sizeof(WCHAR);
}

static const struct {
    const CHAR *Name;
    PCWSTR Path;
} CmpRoots[] = {
    {"HKEY_LOCAL_MACHINE", L"MACHINE"},
    {"HKLM", L"MACHINE"},
    {"HKEY_USERS", L"USER"},
    {"HKU", L"USER"},
    {"HKEY_CLASSES_ROOT", L"MACHINE\\SOFTWARE\\Classes"},
    {"HKCR", L"MACHINE\\SOFTWARE\\Classes"},
    {"HKEY_CURRENT_USER", L"USER\\S-1-5-21-1004336348-1177238915-682003330-1000"},
    {"HKCU", L"USER\\S-1-5-21-1004336348-1177238915-682003330-1000"},
    {"HKEY_CURRENT_CONFIG", L"MACHINE\\SYSTEM\\ControlSet001\\Hardware Profiles\\Current"},
};

/* The key if it is there: a deletion makes none on its way. */
static PCM_NODE
CmpFindPath(PCM_NODE Node, PCWSTR Path)
{
    while (Node != NULL && *Path != 0) {
        UNICODE_STRING Name = {.Buffer = (PWSTR)Path};

        while (*Path != 0 && *Path != L'\\') {
            Path++;
        }
        Name.Length = Name.MaximumLength = (USHORT)((Path - Name.Buffer) * sizeof(WCHAR));
        Path += *Path != 0;
        if (Name.Length != 0) {
            Node = CmpFindChild(Node, &Name);
        }
        if (Node != NULL && Node->IsLink) {
            Node = CmpMakePath(CmpRoot, L"MACHINE\\SYSTEM\\CurrentControlSet"); /* the only one */
        }
    }
    return Node;
}

static VOID
CmpDeleteTree(PCM_NODE Node)
{
    while (!IsListEmpty(&Node->Children)) {
        CmpDeleteTree(CONTAINING_RECORD(Node->Children.Flink, CM_NODE, Link));
    }
    CmpUnlinkNode(Node);
}

/* The key of a [line]; NULL: not a root that we know, or deleted. */
static PCM_NODE
CmpKeyLine(CM_TEXT *Text, CHAR *Line, LONG Length)
{
    BOOLEAN Delete = Line[1] == '-';
    CHAR *Name = Line + 1 + Delete, *End = Line + Length - 1;
    PWCHAR Wide;
    PCM_NODE Node = NULL;

    if (Length < 2 || *End != ']') {
        CmpComplain(Text, "a key without its closing bracket");
        return NULL;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(CmpRoots); i++) {
        const CHAR *Root = CmpRoots[i].Name;
        CHAR *At = Name;

        while (*Root != 0 && At < End && (*At & ~0x20) == (*Root & ~0x20)) {
            Root++;
            At++;
        }
        if (*Root == 0 && (At == End || *At == '\\')) {
            Wide = ExpAllocate((SIZE_T)(End - At + 1) * sizeof(WCHAR), CMP_TAG_TEMP);
            Wide[CmpWiden(Text, At, (ULONG)(End - At), Wide)] = 0;
            Node = CmpMakePath(CmpRoot, CmpRoots[i].Path);
            Node = Delete ? CmpFindPath(Node, Wide) : CmpMakePath(Node, Wide);
            ExpFree(Wide);
            if (Node == NULL) {
                return NULL; /* nothing to delete */
            }
            break;
        }
    }
    if (Node == NULL) {
        CmpComplain(Text, "no such root key");
    } else if (Delete) {
        if (Node->Parent != NULL && Node->Parent != CmpRoot && Node->Parent->Parent != CmpRoot) {
            CmpDeleteTree(Node);
        }
        Node = NULL;
    }
    return Node;
}

/* A "quoted" string, unescaped in place; returns what follows it, NULL if it has no end. */
static CHAR *
CmpUnquote(CHAR *At, ULONG *Length)
{
    CHAR *To = At, *Start = At;

    At++;
    while (*At != 0 && *At != '"') {
        if (*At == '\\' && At[1] != 0) {
            At++;
        }
        *To++ = *At++;
    }
    *Length = (ULONG)(To - Start);
    return *At == '"' ? At + 1 : NULL;
}

static LONG
CmpHexDigit(CHAR c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* A hexadecimal number; FALSE: there is none. */
static BOOLEAN
CmpHex(CHAR **At, PULONG Value)
{
    ULONG Digits = 0;

    *Value = 0;
    while (CmpHexDigit(**At) >= 0 && Digits < 8) {
        *Value = *Value * 16 + (ULONG)CmpHexDigit(**At);
        (*At)++;
        Digits++;
    }
    return Digits != 0;
}

static BOOLEAN
CmpIsWord(const CHAR *At, const CHAR *Word)
{
    while (*Word != 0 && RtlUpperChar(*At) == RtlUpperChar(*Word)) {
        At++;
        Word++;
    }
    return *Word == 0;
}

static VOID
CmpValueLine(CM_TEXT *Text, PCM_NODE Node, CHAR *Line, LONG Length)
{
    UNICODE_STRING Name = {0};
    ULONG NameLength = 0, Type, Value, Count = 0;
    CHAR *At = Line;
    PWCHAR Wide = ExpAllocate((SIZE_T)(Length + 2) * 2 * sizeof(WCHAR), CMP_TAG_TEMP);
    PUCHAR Bytes = (PUCHAR)(Wide + Length + 2);

    if (*At == '@') {
        At++;
    } else {
        At = CmpUnquote(Line, &NameLength);
        if (At == NULL) {
            CmpComplain(Text, "a name without its closing quote");
            goto Free;
        }
        Name.Buffer = Wide;
        Name.Length = Name.MaximumLength =
            (USHORT)(CmpWiden(Text, Line, NameLength, Wide) * sizeof(WCHAR));
    }
    while (*At == ' ' || *At == '\t') {
        At++;
    }
    if (*At++ != '=') {
        CmpComplain(Text, "a value without `=`");
        goto Free;
    }
    while (*At == ' ' || *At == '\t') {
        At++;
    }
    if (*At == '-') {
        PCM_VALUE Old = CmpFindValue(Node, &Name);

        if (Old != NULL) {
            CmpRemoveValue(Node, Old);
        }
    } else if (*At == '"') {
        ULONG TextLength;
        PWCHAR Data;

        if (CmpUnquote(At, &TextLength) == NULL) {
            CmpComplain(Text, "a string without its closing quote");
            goto Free;
        }
        Data = ExpAllocate((TextLength + 2) * sizeof(WCHAR), CMP_TAG_TEMP);
        Count = CmpWiden(Text, At, TextLength, Data);
        CmpSetValue(Node, &Name, REG_SZ, Data, (Count + 1) * sizeof(WCHAR));
        ExpFree(Data);
    } else if (CmpIsWord(At, "dword:")) {
        At += 6;
        if (!CmpHex(&At, &Value)) {
            CmpComplain(Text, "dword: without a number");
            goto Free;
        }
        CmpSetValue(Node, &Name, REG_DWORD, &Value, sizeof(Value));
    } else if (CmpIsWord(At, "hex")) {
        At += 3;
        Type = REG_BINARY;
        if (*At == '(') {
            At++;
            if (!CmpHex(&At, &Type) || *At++ != ')') {
                CmpComplain(Text, "hex( without a type");
                goto Free;
            }
        }
        if (*At++ != ':') {
            CmpComplain(Text, "hex without `:`");
            goto Free;
        }
        while (*At != 0) {
            if (*At == ',' || *At == ' ' || *At == '\t') {
                At++;
                continue;
            }
            if (!CmpHex(&At, &Value) || Value > 255) {
                CmpComplain(Text, "not a byte in hexadecimal");
                goto Free;
            }
            Bytes[Count++] = (UCHAR)Value;
        }
        if (Text->Ansi && (Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ)) {
            PWCHAR Data = ExpAllocate((Count + 1) * sizeof(WCHAR), CMP_TAG_TEMP);

            for (ULONG i = 0; i < Count; i++) {
                Data[i] = Bytes[i];
            }
            CmpSetValue(Node, &Name, Type, Data, Count * sizeof(WCHAR));
            ExpFree(Data);
        } else {
            CmpSetValue(Node, &Name, Type, Bytes, Count);
        }
    } else {
        CmpComplain(Text, "a value of an unknown form");
    }
Free:
    ExpFree(Wide);
}

VOID
CmpImportText(const CHAR *Bytes, ULONG Length, ULONG File)
{
    CM_TEXT Text = {.At = Bytes, .End = Bytes + Length, .File = File};
    PCM_NODE Node = NULL;
    CHAR *Line;
    LONG Chars;

    if (Length >= 3 && (UCHAR)Bytes[0] == 0xEF && (UCHAR)Bytes[1] == 0xBB &&
        (UCHAR)Bytes[2] == 0xBF) {
        Text.At += 3;
        Text.Utf8 = TRUE;
    }
    while ((Chars = CmpNextLine(&Text, &Line)) >= 0) {
        CHAR *At = Line;

        while (*At == ' ' || *At == '\t') {
            At++;
            Chars--;
        }
        if (*At == 'R') {
            Text.Ansi = TRUE; /* REGEDIT4 */
        } else if (*At == 'W') {
            Text.Ansi = FALSE; /* Windows Registry Editor Version 5.00 */
        } else if (*At == '[') {
            Node = CmpKeyLine(&Text, At, Chars);
        } else if (*At == '"' || *At == '@') {
            if (Node != NULL) {
                CmpValueLine(&Text, Node, At, Chars);
            }
        } else if (*At != 0 && *At != ';') {
            CmpComplain(&Text, "neither a key nor a value");
        }
        ExpFree(Line);
    }
}
