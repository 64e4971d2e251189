/*
 * namemodel-client.c - the namespace against a model: directories, events and links below one directory are made, opened by whole names and by names
 * that begin at a handle, with and without regard to case, duplicated, made permanent and temporary, listed in buffers of every size and closed, some thousand
 * times; after each step the status is what a tree of nodes gives, and so are the directory's list, the objects' names and their counts of handles.
 * [LEARN:ntdef/_object_attributes], [DDI:wdm/zwcreatedirectoryobject], [DDI:wdm/zwopensymboliclinkobject],
 * [DDI:wdm/zwquerysymboliclinkobject], [DDI:wdm/zwmaketemporaryobject], [LEARN:devnotes/ntquerydirectoryobject], [DDI:ntifs/ntqueryobject].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define SEED 77
#include "../draw.h"

NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PUNICODE_STRING);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ULONG, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);
NTSTATUS NTAPI NtMakePermanentObject(HANDLE);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ULONG, ULONG, ULONG);

#define NAME_EXISTS     0x40000000
#define NO_MORE_ENTRIES 0x8000001A
#define MORE_ENTRIES    0x00000105
#define TOO_SMALL       0xC0000023
#define TYPE_MISMATCH   0xC0000024
#define BAD_NAME        0xC0000033
#define NOT_FOUND       0xC0000034
#define COLLISION       0xC0000035
#define PATH_NOT_FOUND  0xC000003A
#define BAD_SYNTAX      0xC000003B
#define REPARSED        0xC000050B
#define ANY_FAILURE     0xFFFFFFFF

#define NODES        400
#define OPEN         48
#define DEPTH        12
#define DONT_REPARSE 0x1000
#define TOP          L"\\BaseNamedObjects\\ob-namemodel"

typedef enum _KIND { Directory, Event, Link, Kinds } KIND;

typedef struct _NODE {
    struct _NODE *Parent; /* NULL: it has no name, or is the top */
    WCHAR Name;
    KIND Kind;
    ULONG Handles;
    BOOL Permanent;
    WCHAR Target[DEPTH]; /* a link's: names below the top */
    BOOL Slash;          /* ... and a backslash behind them */
} NODE;

static NODE Node[NODES], *const Top = Node;
static struct {
    HANDLE Handle;
    NODE *Node;
} Open[OPEN];
static ULONG Bad[12], Done[Kinds][2];
static ULONG64 Space[1024];
static WCHAR Text[128], TargetText[64];
static UNICODE_STRING Name, TargetName;
static OBJECT_ATTRIBUTES Attributes;

static NODE *
Child(NODE *Of, WCHAR Called, BOOL IgnoreCase)
{
    for (ULONG i = 1; i < NODES; i++) {
        if (Node[i].Parent == Of &&
            (Node[i].Name == Called || (IgnoreCase && Node[i].Name == (Called | 0x20)))) {
            return &Node[i];
        }
    }
    return NULL;
}

static NODE *
NewNode(void)
{
    for (ULONG i = 1; i < NODES; i++) {
        BOOL Used = Node[i].Parent != NULL || Node[i].Handles != 0;

        for (ULONG k = 1; k < NODES; k++) {
            Used |= Node[k].Parent == &Node[i];
        }
        if (!Used) {
            memset(&Node[i], 0, sizeof(Node[i]));
            return &Node[i];
        }
    }
    return NULL;
}

/* What a name below a directory leads to. In: the last component may be missing, and where it would be is told. */
static ULONG
Resolve(NODE *From, const WCHAR *Path, KIND Wanted, ULONG Flags, BOOL In, NODE **Found,
        NODE **Where, WCHAR *Last)
{
    WCHAR Rest[64], New[64];
    ULONG Links = 0;

    *Found = NULL;
    lstrcpyW(Rest, Path);
    for (ULONG At = 0;;) {
        NODE *Next;

        if (Rest[At] == 0) {
            *Found = From;
            return 0;
        }
        if (From->Kind != Directory) {
            return TYPE_MISMATCH;
        }
        Next = Child(From, Rest[At], (Flags & OBJ_CASE_INSENSITIVE) != 0);
        if (Next == NULL) {
            *Where = From;
            *Last = Rest[At];
            return Rest[At + 1] != 0 ? PATH_NOT_FOUND : In ? 0 : NOT_FOUND;
        }
        At++;
        if (Next->Kind == Link && (Rest[At] != 0 || Wanted != Link)) {
            if (Flags & DONT_REPARSE) {
                return REPARSED;
            }
            if (++Links > 20 || (Next->Slash && Rest[At] == 0) ||
                lstrlenW(Next->Target) + lstrlenW(Rest + At) >= 60) {
                return ANY_FAILURE; /* a circle, or a name that ends in a backslash */
            }
            lstrcpyW(New, Next->Target);
            lstrcatW(New, Rest + At);
            lstrcpyW(Rest, New);
            At = 0;
            From = Top;
        } else {
            From = Next;
        }
    }
}

static void
Spell(PWSTR To, const WCHAR *From, const WCHAR *Path)
{
    lstrcpyW(To, From);
    for (; *Path != 0; Path++) {
        ULONG Length = lstrlenW(To);

        if (Length != 0) {
            To[Length++] = L'\\';
        }
        To[Length] = *Path;
        To[Length + 1] = 0;
    }
}

static void
SetName(HANDLE Root, const WCHAR *Path, ULONG Flags)
{
    Spell(Text, Root == NULL ? TOP : L"", Path);
    Name.Buffer = Text;
    Name.Length = (USHORT)(lstrlenW(Text) * 2);
    Name.MaximumLength = Name.Length; /* no terminator is needed */
    Text[Name.Length / 2] = L'!';
    InitializeObjectAttributes(&Attributes, &Name, Flags, Root, NULL);
}

static void
AnyPath(PWSTR Path, BOOL Capitals)
{
    ULONG Length = 1 + Any(3);

    for (ULONG i = 0; i < Length; i++) {
        Path[i] = (WCHAR)((Capitals && Any(3) == 0 ? L'A' : L'a') + Any(4));
    }
    Path[Length] = 0;
}

static ULONG
AnyOpen(void)
{
    for (ULONG i = 0; i < 20; i++) {
        ULONG Slot = Any(OPEN);

        if (Open[Slot].Handle != NULL) {
            return Slot;
        }
    }
    return OPEN;
}

static ULONG
FreeSlot(void)
{
    for (ULONG i = 0; i < OPEN; i++) {
        if (Open[i].Handle == NULL) {
            return i;
        }
    }
    return OPEN;
}

static void
Keep(HANDLE Handle, NODE *Of)
{
    ULONG Slot = FreeSlot();

    Open[Slot].Handle = Handle;
    Open[Slot].Node = Of;
    Of->Handles++;
}

/* Nobody could get at what is permanent in a directory that has lost its name. */
static BOOL
Keeps(NODE *Of)
{
    BOOL Found = Of->Permanent;

    for (ULONG i = 1; i < NODES && !Found; i++) {
        Found = Node[i].Parent == Of && Keeps(&Node[i]);
    }
    return Found;
}

static void
Close(ULONG Slot)
{
    NODE *Of = Open[Slot].Node;

    if (Of->Handles == 1 && !Of->Permanent && Keeps(Of)) {
        return;
    }
    Bad[0] += NtClose(Open[Slot].Handle) != 0;
    Open[Slot].Handle = NULL;
    if (--Of->Handles == 0 && !Of->Permanent) {
        Of->Parent = NULL; /* with the last handle the name goes */
    }
}

/* From a directory that is open, or from the top. */
static HANDLE
AnyRoot(NODE **From)
{
    ULONG Slot = Any(2) == 0 ? AnyOpen() : OPEN;

    *From = Top;
    if (Slot == OPEN || Open[Slot].Node->Kind != Directory) {
        return NULL;
    }
    *From = Open[Slot].Node;
    return Open[Slot].Handle;
}

static BOOL
IsBelowTop(NODE *Of)
{
    while (Of != NULL && Of != Top) {
        Of = Of->Parent;
    }
    return Of == Top;
}

static void
Creates(void)
{
    static const ULONG Flags[] = {0, OBJ_OPENIF, OBJ_PERMANENT, OBJ_OPENIF | OBJ_PERMANENT};
    NODE *From, *Found = NULL, *Where = NULL, *Made;
    ULONG With = Flags[Any(4)], Expected, Status;
    HANDLE Root = AnyRoot(&From), Handle = NULL;
    WCHAR Path[64], Target[DEPTH], Last = 0;
    KIND Kind = Any(Kinds);
    BOOL Slash = Any(4) == 0;

    if (FreeSlot() == OPEN || (Made = NewNode()) == NULL) {
        return;
    }
    AnyPath(Path, FALSE);
    AnyPath(Target, FALSE);
    Target[Any(3)] = 0;
    Expected = Resolve(From, Path, Kind, With, TRUE, &Found, &Where, &Last);
    if (Where != NULL && !IsBelowTop(Where)) {
        With &= ~OBJ_PERMANENT;
    }
    SetName(Root, Path, With);
    if (Expected == 0 && Found != NULL) {
        Expected = !(With & OBJ_OPENIF)  ? COLLISION
                   : Found->Kind != Kind ? TYPE_MISMATCH
                                         : NAME_EXISTS;
    }
    if (Kind == Directory) {
        Status = (ULONG)NtCreateDirectoryObject(&Handle, 0xF000F, &Attributes);
    } else if (Kind == Event) {
        Status = (ULONG)NtCreateEvent(&Handle, 0x1F0003, &Attributes, 0, FALSE);
    } else {
        Spell(TargetText, TOP, Target);
        if (Slash) {
            lstrcatW(TargetText, L"\\");
        }
        TargetName.Buffer = TargetText;
        TargetName.Length = TargetName.MaximumLength = (USHORT)(lstrlenW(TargetText) * 2);
        Status = (ULONG)NtCreateSymbolicLinkObject(&Handle, 0xF0001, &Attributes, &TargetName);
    }
    if (Expected == ANY_FAILURE) {
        Bad[1] += Status < 0xC0000000;
    } else if (Status != Expected) {
        Bad[1]++;
        printf("ntlab-test: note create %ls: %lx, not %lx\n", Text, Status, Expected);
    }
    if (Status >= 0xC0000000) {
        Done[Kind][0]++;
        return;
    }
    Done[Kind][1]++;
    if (Found == NULL) {
        Made->Parent = Where;
        Made->Name = Last;
        Made->Kind = Kind;
        Made->Permanent = (With & OBJ_PERMANENT) != 0;
        Made->Slash = Slash;
        lstrcpyW(Made->Target, Target);
        Found = Made;
    }
    Keep(Handle, Found);
}

static void
Opens(void)
{
    static const ULONG Flags[] = {0, 0, OBJ_CASE_INSENSITIVE, DONT_REPARSE};
    NODE *From, *Found = NULL, *Where;
    ULONG With = Flags[Any(4)], Expected, Status;
    HANDLE Root = AnyRoot(&From), Handle = NULL;
    KIND Kind = Any(Kinds);
    WCHAR Path[64], Last;

    if (FreeSlot() == OPEN) {
        return;
    }
    AnyPath(Path, Kind == Event || (With & OBJ_CASE_INSENSITIVE));
    SetName(Root, Path, With);
    Expected = Resolve(From, Path, Kind, With, FALSE, &Found, &Where, &Last);
    if (Expected == 0 && Found->Kind != Kind) {
        Expected = TYPE_MISMATCH;
    }
    Status = (ULONG)(Kind == Directory ? NtOpenDirectoryObject(&Handle, 0xF000F, &Attributes)
                     : Kind == Event   ? NtOpenEvent(&Handle, 0x1F0003, &Attributes)
                                       : NtOpenSymbolicLinkObject(&Handle, 0xF0001, &Attributes));
    if (Expected == ANY_FAILURE) {
        Bad[2] += Status < 0xC0000000;
    } else if (Status != Expected) {
        Bad[2]++;
        printf("ntlab-test: note open %ls: %lx, not %lx\n", Text, Status, Expected);
    }
    if (Status == 0) {
        Keep(Handle, Found);
    }
}

static void
Duplicates(void)
{
    ULONG Slot = AnyOpen();
    HANDLE Handle = NULL;

    if (Slot < OPEN && FreeSlot() < OPEN) {
        Bad[3] +=
            NtDuplicateObject((HANDLE)-1, Open[Slot].Handle, (HANDLE)-1, &Handle, 0, 0, 2) != 0;
        Keep(Handle, Open[Slot].Node);
    }
}

static void
Lasts(void)
{
    ULONG Slot = AnyOpen();

    if (Slot < OPEN && Open[Slot].Node != Top) {
        NODE *Of = Open[Slot].Node;

        if (Any(3) != 0) {
            Bad[4] += NtMakeTemporaryObject(Open[Slot].Handle) != 0;
            Of->Permanent = FALSE;
        } else if (Of->Parent == NULL || IsBelowTop(Of)) {
            Bad[4] += NtMakePermanentObject(Open[Slot].Handle) != 0;
            Of->Permanent = Of->Parent != NULL;
        }
    }
}

typedef struct _ENTRY {
    UNICODE_STRING Name, Type;
} ENTRY;

/* All that a directory holds, and nothing else, each once, whatever the buffer holds. */
static void
Lists(void)
{
    static const PCWSTR Types[] = {L"Directory", L"Event", L"SymbolicLink"};
    ULONG Slot = AnyOpen(), Context = 0x1234, Length, Status, Expected = 0, Seen = 0, Children = 0;
    ULONG Size = Any(2) == 0 ? sizeof(Space) : 60 + Any(200);
    BOOL Single = Any(3) == 0, Restart = TRUE;
    ENTRY *Entry = (ENTRY *)Space;

    if (Slot == OPEN || Open[Slot].Node->Kind != Directory) {
        return;
    }
    for (ULONG i = 1; i < NODES; i++) {
        Children += Node[i].Parent == Open[Slot].Node;
    }
    for (ULONG Round = 0; Round < 100; Round++) {
        ULONG Before = Restart ? 0 : Context;

        memset(Space, 0xCC, sizeof(Space));
        Length = 0x77;
        Status = (ULONG)NtQueryDirectoryObject(Open[Slot].Handle, Space, Size, (BOOLEAN)Single,
                                               (BOOLEAN)Restart, &Context, &Length);
        if (Status == TOO_SMALL) { /* it says how large the next one is */
            Bad[5] += Length <= Size || ((BYTE *)Space)[0] != 0xCC;
            Size = Length;
            Restart = Restart && Seen == 0;
            continue;
        }
        Restart = FALSE;
        if (Status == NO_MORE_ENTRIES) {
            break;
        }
        Bad[5] += Status != 0 && (Status != MORE_ENTRIES || Single);
        Bad[5] += Length > Size || ((BYTE *)Space)[Length] != 0xCC;
        for (ULONG i = 0; Entry[i].Name.Length != 0; i++) {
            NODE *One = Entry[i].Name.Length == 2
                            ? Child(Open[Slot].Node, Entry[i].Name.Buffer[0], FALSE)
                            : NULL;

            Expected++;
            Seen += One != NULL;
            Bad[6] += One == NULL || lstrcmpW(Entry[i].Type.Buffer, Types[One->Kind]) != 0;
            Bad[6] += Entry[i].Name.Buffer[1] != 0 || Entry[i].Name.MaximumLength != 4;
            Bad[6] += Entry[i].Type.MaximumLength != Entry[i].Type.Length + 2;
        }
        Bad[6] += Single && Context != Before + 1;
    }
    Bad[7] += Expected != Children || Seen != Children;
}

static void
Looks(void)
{
    ULONG Slot = AnyOpen(), Length = 0;
    UNICODE_STRING *Told = (UNICODE_STRING *)Space;
    WCHAR Path[DEPTH], Reversed[DEPTH];
    ULONG Count = 0;
    NODE *Of, *Up;

    if (Slot == OPEN) {
        return;
    }
    Of = Open[Slot].Node;
    Bad[8] += NtQueryObject(Open[Slot].Handle, 0, Space, 56, NULL) != 0 ||
              ((ULONG *)Space)[2] != Of->Handles || ((ULONG *)Space)[3] <= Of->Handles;
    if (Of->Kind == Link) {
        Spell(TargetText, TOP, Of->Target);
        if (Of->Slash) {
            lstrcatW(TargetText, L"\\");
        }
        TargetName.Buffer = (PWSTR)Space;
        TargetName.Length = 0;
        TargetName.MaximumLength = (USHORT)(lstrlenW(TargetText) * 2 - 2);
        Bad[9] +=
            (ULONG)NtQuerySymbolicLinkObject(Open[Slot].Handle, &TargetName, &Length) != TOO_SMALL;
        TargetName.MaximumLength = (USHORT)Length;
        Bad[9] += Length < TargetName.MaximumLength ||
                  NtQuerySymbolicLinkObject(Open[Slot].Handle, &TargetName, &Length) != 0;
        Bad[9] += TargetName.Length != lstrlenW(TargetText) * 2 ||
                  memcmp(Space, TargetText, TargetName.Length) != 0;
    }
    for (Up = Of; Up != Top && Up != NULL && Count < DEPTH - 1; Up = Up->Parent) {
        Reversed[Count++] = Up->Name;
    }
    memset(Space, 0xCC, sizeof(Space));
    Bad[10] += NtQueryObject(Open[Slot].Handle, 1, Space, 512, &Length) != 0;
    if (Of != Top && Of->Parent == NULL) {
        Bad[10] += Told->Length != 0;
    } else if (Up == Top) {
        for (ULONG i = 0; i < Count; i++) {
            Path[i] = Reversed[Count - 1 - i];
        }
        Path[Count] = 0;
        Spell(Text, L"", Path);
        /* where a session's or the global directory stands in the name is not ours to say */
        Bad[10] += Told->Length < lstrlenW(Text) * 2 ||
                   memcmp((PBYTE)Told->Buffer + Told->Length - lstrlenW(Text) * 2, Text,
                          lstrlenW(Text) * 2) != 0;
        Bad[10] += Told->Buffer[Told->Length / 2] != 0 ||
                   Length < sizeof(*Told) + Told->Length + 2 || ((BYTE *)Space)[Length] != 0xCC;
    }
}

static void
Steps(void)
{
    Top->Handles = 1;
    Open[0].Node = Top;
    SetName(NULL, L"", 0);
    EXPECT_EQ(NtCreateDirectoryObject(&Open[0].Handle, 0xF000F, &Attributes), 0);
    for (ULONG Step = 0; Step < 6000; Step++) {
        ULONG What = Any(20), Slot;

        if (What < 7) {
            Creates();
        } else if (What < 11) {
            Opens();
        } else if (What == 11) {
            Duplicates();
        } else if (What == 12) {
            Lasts();
        } else if (What < 15) {
            Lists();
        } else if (What < 17) {
            Looks();
        } else if ((Slot = AnyOpen()) < OPEN && Slot != 0) {
            Close(Slot);
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    for (ULONG i = 0; i < Kinds; i++) {
        EXPECT(Done[i][0] > 50 && Done[i][1] > 50);
    }
}

/* What is permanent is there with nobody's handle, until it is made temporary. */
static void
Ends(void)
{
    static HANDLE Held[NODES];
    ULONG Count = 0;

    for (ULONG i = 1; i < NODES; i++) {
        WCHAR Path[DEPTH + 1];
        ULONG At = DEPTH;
        HANDLE Handle = NULL;

        if (!Node[i].Permanent) {
            continue;
        }
        Path[At] = 0;
        for (NODE *Up = &Node[i]; Up != Top; Up = Up->Parent) {
            Path[--At] = Up->Name;
        }
        SetName(NULL, Path + At, 0);
        EXPECT_EQ(Node[i].Kind == Directory ? NtOpenDirectoryObject(&Handle, 0xF000F, &Attributes)
                  : Node[i].Kind == Event   ? NtOpenEvent(&Handle, 0x1F0003, &Attributes)
                                          : NtOpenSymbolicLinkObject(&Handle, 0xF0001, &Attributes),
                  0);
        EXPECT_EQ(NtMakeTemporaryObject(Handle), 0);
        Node[i].Permanent = FALSE;
        Held[Count++] = Handle; /* until what lies in it is done */
    }
    for (ULONG i = 1; i < OPEN; i++) {
        if (Open[i].Handle != NULL) {
            Close(i);
        }
    }
    while (Count > 0) {
        NtClose(Held[--Count]);
    }
    EXPECT_EQ(
        NtQueryDirectoryObject(Open[0].Handle, Space, sizeof(Space), FALSE, TRUE, &Count, NULL),
        (NTSTATUS)NO_MORE_ENTRIES);
}

/* What no name may be, with and without a directory to begin at. */
static void
Names(void)
{
    static WCHAR Long[0x8000];
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL), Handle = NULL;
    const struct {
        HANDLE Root;
        PCWSTR Text;
        ULONG Length, Flags, Expected;
    } Row[] = {
        {NULL, L"", 0, 0, BAD_SYNTAX},
        {NULL, L"x", 2, 0, BAD_SYNTAX},
        {NULL, L"x\\y", 6, 0, BAD_SYNTAX},
        {NULL, TOP L"\\", sizeof(TOP), 0, BAD_NAME},
        {NULL, TOP L"\\\\x", sizeof(TOP) + 4, 0, BAD_NAME},
        {NULL, TOP L"\\x\\", sizeof(TOP) + 4, 0, PATH_NOT_FOUND},
        {NULL, TOP L"\\x\\y", sizeof(TOP) + 6, 0, PATH_NOT_FOUND},
        {NULL, TOP L"\\x", sizeof(TOP) + 2, 0, NOT_FOUND},
        {NULL, TOP L"\\x", sizeof(TOP) + 1, 0, BAD_NAME},
        {NULL, L"\\", 2, 0, TYPE_MISMATCH},
        {NULL, TOP, sizeof(TOP) - 2, 0, TYPE_MISMATCH},
        {Open[0].Handle, L"\\x", 4, 0, BAD_SYNTAX},
        {Open[0].Handle, L"x", 2, 0, NOT_FOUND},
        {Open[0].Handle, L"x\\y", 6, 0, PATH_NOT_FOUND},
        {Open[0].Handle, L"x", 1, 0, BAD_NAME},
        {Open[0].Handle, L"", 0, 0, TYPE_MISMATCH}, /* the directory itself */
        {Event, L"x", 2, 0, TYPE_MISMATCH},
        {(HANDLE)0x7FFC, L"x", 2, 0, 0xC0000008},
        {NULL, TOP L"\\x", sizeof(TOP) + 2, 0x80000000, 0xC000000D},
        {NULL, TOP L"\\x", sizeof(TOP) + 2, 1, 0xC000000D},
        {NULL, Long, 0xFFFE, 0, ANY_FAILURE},
    };

    Long[0] = L'\\';
    for (ULONG i = 1; i < 0x7FFF; i++) {
        Long[i] = L'n';
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        ULONG Status;

        Name.Buffer = (PWSTR)Row[i].Text;
        Name.Length = Name.MaximumLength = (USHORT)Row[i].Length;
        InitializeObjectAttributes(&Attributes, &Name, Row[i].Flags, Row[i].Root, NULL);
        Status = (ULONG)NtOpenEvent(&Handle, 1, &Attributes);
        if (Row[i].Expected == ANY_FAILURE) {
            EXPECT(Status >= 0xC0000000);
        } else {
            EXPECT_EQ(Status, Row[i].Expected);
        }
        EXPECT_EQ(Handle, NULL);
    }
    Name.Length = Name.MaximumLength = 0;
    InitializeObjectAttributes(&Attributes, &Name, 0, Open[0].Handle, NULL);
    EXPECT_EQ(NtOpenDirectoryObject(&Handle, 1, &Attributes), 0);
    NtClose(Handle);
    Handle = NULL;
    Attributes.ObjectName = NULL;
    EXPECT_EQ((ULONG)NtOpenEvent(&Handle, 1, &Attributes), BAD_NAME);
    Attributes.Length--;
    EXPECT_EQ((ULONG)NtOpenEvent(&Handle, 1, &Attributes), 0xC000000D);
    EXPECT_EQ((ULONG)NtOpenEvent(&Handle, 1, NULL), 0xC000000D);
    CloseHandle(Event);
}

int
main(void)
{
    Steps();
    Ends();
    Names();
    CloseHandle(Open[0].Handle);
    return TEST_DONE();
}
