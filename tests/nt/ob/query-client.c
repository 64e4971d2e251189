/*
 * query-client.c - what objects, directories and links say of themselves: every class, its length and one byte less and more, whole answers and the
 * bytes behind them, attributes of handles, access, bad pointers, and the names of objects in directories within directories.
 * [LEARN:winternl/nf-winternl-ntqueryobject], [DDI:ntifs/ntqueryobject], [DDI:ntifs/ntsetinformationobject],
 * [LEARN:devnotes/ntquerydirectoryobject], [LEARN:devnotes/ntquerysymboliclinkobject], [DDI:wdm/zwcreatedirectoryobject],
 * [DDI:ntifs/zwcreatesymboliclinkobject].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG);
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES,
                                          PUNICODE_STRING);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);

#define MISMATCH      0xC0000004
#define BAD_ADDRESS   0xC0000005
#define BAD_CLASS     0xC0000003
#define BAD_HANDLE    0xC0000008
#define BAD_PARAMETER 0xC000000D
#define TOO_SMALL     0xC0000023
#define NO_MORE       0x8000001A
#define MORE          0x105
#define DENIED        0xC0000022
#define BAD_TYPE      0xC0000024
#define FAR_AWAY      ((void *)0x400080000000ull)
#define CC8           0xCCCCCCCCCCCCCCCCull

static ULONG64 Space[512];
#define LONGS ((ULONG *)Space)
#define BYTES ((BYTE *)Space)

static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;

static POBJECT_ATTRIBUTES
At(PCWSTR Text, HANDLE Root, ULONG Flags)
{
    Name.Length = (USHORT)(lstrlenW(Text) * 2);
    Name.MaximumLength = Name.Length + 2;
    Name.Buffer = (PWSTR)Text;
    InitializeObjectAttributes(&Attributes, &Name, Flags, Root, NULL);
    return &Attributes;
}

static ULONG
Ask(HANDLE Handle, ULONG Class, ULONG Length, ULONG *Returned)
{
    memset(Space, 0xCC, sizeof(Space));
    *Returned = 0xAAAA;
    return (ULONG)NtQueryObject(Handle, Class, Space, Length, Returned);
}

/* OBJECT_BASIC_INFORMATION: attributes, access, counts, the sizes that the other classes take. */
static void
Basic(void)
{
    HANDLE Event, Same, Plain;
    ULONG Length;

    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS,
                            At(L"\\BaseNamedObjects\\ob-query", NULL, OBJ_INHERIT), 0, FALSE),
              0);
    EXPECT_EQ(Ask(Event, 0, 56, &Length), 0);
    EXPECT_EQ(Length, 56);
    EXPECT_EQ(Space[7], CC8);
    EXPECT_EQ(LONGS[0], OBJ_INHERIT);
    EXPECT_EQ(LONGS[1], EVENT_ALL_ACCESS);
    EXPECT_EQ(LONGS[2], 1);           /* handles */
    EXPECT(LONGS[3] >= 2);            /* references: that handle's, ours while we look */
    EXPECT_EQ(LONGS[9], 16 + 2 * 27); /* the size of the name's answer */
    EXPECT(LONGS[10] >= 104 + 12);
    EXPECT(LONGS[11] >= 20); /* who may read the descriptor is told its size */
    EXPECT_EQ(Space[6], 0);  /* a creation time have links only */
    EXPECT_EQ(Ask(Event, 0, 55, &Length), MISMATCH);
    EXPECT_EQ(Length, 56);
    EXPECT_EQ(Ask(Event, 0, 57, &Length), MISMATCH);
    EXPECT_EQ(Space[0], CC8);
    EXPECT_EQ(NtOpenEvent(&Same, SYNCHRONIZE, At(L"\\BaseNamedObjects\\ob-query", NULL, 0)), 0);
    EXPECT_EQ(Ask(Same, 0, 56, &Length), 0);
    EXPECT_EQ(LONGS[0], 0);
    EXPECT_EQ(LONGS[1], SYNCHRONIZE);
    EXPECT_EQ(LONGS[2], 2);
    EXPECT_EQ(LONGS[11], 0); /* no READ_CONTROL: no size */
    NtClose(Same);
    EXPECT_EQ(Ask(Event, 0, 56, &Length), 0);
    EXPECT_EQ(LONGS[2], 1);
    NtClose(Event);
    EXPECT_EQ((ULONG)NtOpenEvent(&Same, 2, At(L"\\BaseNamedObjects\\ob-query", NULL, 0)),
              0xC0000034); /* gone with its handle */
    EXPECT_EQ(NtCreateEvent(&Plain, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0);
    EXPECT_EQ(Ask(Plain, 0, 56, &Length), 0);
    EXPECT_EQ(LONGS[9], 0);
    EXPECT_EQ(NtQueryObject(Plain, 0, Space, 56, NULL), 0); /* the length is optional */
    EXPECT_EQ((ULONG)NtQueryObject(Plain, 0, FAR_AWAY, 56, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryObject(Plain, 0, Space, 56, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryObject((HANDLE)0x7770, 0, Space, 56, NULL), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtQueryObject(Plain, 99, Space, 56, NULL), BAD_CLASS);
    NtClose(Plain);
    EXPECT_EQ(NtCreateEvent(&Plain, EVENT_ALL_ACCESS,
                            At(L"\\BaseNamedObjects\\ob-alone", NULL, OBJ_EXCLUSIVE), 0, FALSE),
              0);
    EXPECT_EQ(Ask(Plain, 0, 56, &Length), 0);
    EXPECT_EQ(LONGS[0], OBJ_EXCLUSIVE);
    NtClose(Plain);
}

/* OBJECT_NAME_INFORMATION: the string's header and the string behind it, whole or not at all. */
static void
Names(void)
{
    HANDLE Event, Root, Inner;
    ULONG Length, Whole;
    static const WCHAR Full[] = L"\\ob-root\\inner\\ob-event";

    EXPECT_EQ(NtCreateDirectoryObject(&Root, 0xF000F, At(L"\\ob-root", NULL, 0)), 0);
    EXPECT_EQ(NtCreateDirectoryObject(&Inner, 0xF000F, At(L"inner", Root, 0)), 0);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(L"ob-event", Inner, 0), 0, FALSE), 0);
    Whole = 16 + sizeof(Full);
    EXPECT_EQ(Ask(Event, 1, sizeof(Space), &Length), 0);
    EXPECT_EQ(Length, Whole);
    EXPECT_EQ(((PUNICODE_STRING)Space)->Length, sizeof(Full) - 2);
    EXPECT_EQ(((PUNICODE_STRING)Space)->MaximumLength, sizeof(Full));
    EXPECT_EQ(((PUNICODE_STRING)Space)->Buffer, (PWSTR)(Space + 2));
    EXPECT_EQ(memcmp(Space + 2, Full, sizeof(Full)), 0);
    EXPECT_EQ(BYTES[Whole], 0xCC);
    EXPECT_EQ(Ask(Event, 1, Whole, &Length), 0);
    EXPECT_EQ(Length, Whole);
    EXPECT_EQ(Ask(Event, 1, Whole - 1, &Length), MISMATCH);
    EXPECT_EQ(Length, Whole);
    EXPECT_EQ(Ask(Event, 1, 15, &Length), MISMATCH);
    EXPECT_EQ(Length, Whole);
    EXPECT_EQ(Space[0], CC8);
    EXPECT_EQ(Ask(Root, 1, sizeof(Space), &Length), 0);
    EXPECT_EQ(Length, 16 + 18);
    EXPECT_EQ(memcmp(Space + 2, L"\\ob-root", 18), 0);
    /* one without a name: an empty string */
    {
        HANDLE Plain;

        EXPECT_EQ(NtCreateEvent(&Plain, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0);
        EXPECT_EQ(Ask(Plain, 1, sizeof(Space), &Length), 0);
        EXPECT_EQ(Length, 16);
        EXPECT_EQ(LONGS[0], 0);
        EXPECT_EQ(Space[1], 0);
        EXPECT_EQ(Space[2], CC8);
        NtClose(Plain);
    }
    EXPECT_EQ(NtCreateDirectoryObject(&Inner, 1, At(L"INNER", Root, OBJ_CASE_INSENSITIVE)) ==
                  (NTSTATUS)0xC0000035,
              1); /* STATUS_OBJECT_NAME_COLLISION */
    EXPECT_EQ(NtOpenDirectoryObject(&Inner, 1, At(L"\\OB-ROOT\\Inner", NULL, OBJ_CASE_INSENSITIVE)),
              0);
    NtClose(Inner);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"\\ob-root\\inner\\ob-event", NULL, 0)),
              BAD_TYPE);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"\\ob-root\\none\\x", NULL, 0)),
              0xC000003A);
    EXPECT_EQ(
        (ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"\\ob-root\\inner\\ob-event\\x", NULL, 0)),
        0xC0000024);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"ob-root", NULL, 0)), 0xC000003B);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"\\ob-root", Root, 0)), 0xC000003B);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"\\ob-root\\\\inner", NULL, 0)),
              0xC0000033);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, At(L"x", Event, 0)), BAD_TYPE);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(FAR_AWAY, 1, At(L"\\ob-root", NULL, 0)), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, FAR_AWAY), BAD_ADDRESS);
    At(L"\\ob-root", NULL, 0)->Length++;
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, &Attributes), BAD_PARAMETER);
    At(L"\\ob-root", NULL, 0);
    Name.Length--;
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, &Attributes), 0xC0000033);
    At(L"\\ob-root", NULL, 0);
    Name.Buffer = FAR_AWAY;
    EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Inner, 1, &Attributes), BAD_ADDRESS);
    NtClose(Event);
    NtClose(Root);
}

/* OBJECT_TYPE_INFORMATION of one object, and of all types. */
static void
Types(void)
{
    HANDLE Event;
    ULONG Length, Whole, Count = 0;
    BYTE *Next;
    PUNICODE_STRING Type = (PUNICODE_STRING)Space;

    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0);
    EXPECT_EQ(Ask(Event, 2, sizeof(Space), &Whole), 0);
    EXPECT(Type->Length == 10 && memcmp(Type->Buffer, L"Event", 12) == 0);
    EXPECT_EQ(Type->MaximumLength, 12);
    EXPECT_EQ(Type->Buffer, (PWSTR)(BYTES + 104));
    EXPECT(LONGS[4] >= 1 && LONGS[5] >= 1); /* objects, handles */
    EXPECT(Whole >= 104 + 12 && BYTES[Whole] == 0xCC);
    EXPECT_EQ(LONGS[17], 0x20001); /* what generic read means */
    EXPECT_EQ(LONGS[18], 0x20002);
    EXPECT_EQ(LONGS[19], 0x120000);
    EXPECT_EQ(LONGS[20], 0x1F0003);
    EXPECT_EQ(LONGS[21], 0x1F0003); /* all that is valid */
    EXPECT_EQ(Ask(Event, 2, Whole, &Length), 0);
    EXPECT_EQ(Ask(Event, 2, Whole - 1, &Length), MISMATCH);
    EXPECT_EQ(Length, Whole);
    EXPECT_EQ(Space[0], CC8);
    NtClose(Event);
    {
        static ULONG64 All[2048];

        memset(All, 0xCC, sizeof(All));
        EXPECT_EQ(NtQueryObject(NULL, 3, All, sizeof(All), &Whole), 0);
        EXPECT(Whole < sizeof(All) && ((BYTE *)All)[Whole] == 0xCC);
        Next = (BYTE *)(All + 1);
        while (Next < (BYTE *)All + Whole) {
            Type = (PUNICODE_STRING)Next;
            EXPECT(Type->Buffer == (PWSTR)(Next + 104) && Type->Length != 0 &&
                   Type->MaximumLength == Type->Length + 2 && Type->Buffer[Type->Length / 2] == 0);
            Next += 104 + ((Type->MaximumLength + 7) & ~7u);
            Count++;
        }
        EXPECT(Next == (BYTE *)All + Whole && Count == (ULONG)All[0] && Count > 15);
        EXPECT_EQ((ULONG)NtQueryObject(NULL, 3, All, Whole - 1, &Length), MISMATCH);
        EXPECT_EQ(Length, Whole);
        EXPECT_EQ(NtQueryObject(NULL, 3, All, Whole, &Length), 0);
    }
}

/* OBJECT_HANDLE_FLAG_INFORMATION: inherited, protected; of this handle alone. */
static void
Flags(void)
{
    HANDLE Event, Other;
    ULONG Length;

    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0);
    for (ULONG i = 0; i < 4; i++) {
        BYTE New[3] = {(BYTE)(i & 1), (BYTE)(i >> 1), 0xCC};

        EXPECT_EQ(NtSetInformationObject(Event, 4, New, 2), 0);
        EXPECT_EQ(Ask(Event, 4, 2, &Length), 0);
        EXPECT(Length == 2 && memcmp(Space, New, 3) == 0);
        EXPECT_EQ(Ask(Event, 0, 56, &Length), 0);
        EXPECT_EQ(LONGS[0], i & 1 ? OBJ_INHERIT : 0);
        EXPECT_EQ(NtDuplicateObject((HANDLE)-1, Event, (HANDLE)-1, &Other, 0, 0,
                                    DUPLICATE_SAME_ACCESS | 4 /* SAME_ATTRIBUTES */),
                  0);
        EXPECT_EQ(Ask(Other, 4, 2, &Length), 0);
        EXPECT_EQ(BYTES[0], i & 1);
        New[0] = New[1] = 0;
        EXPECT_EQ(NtSetInformationObject(Other, 4, New, 2), 0);
        EXPECT_EQ(NtClose(Other), 0);
    }
    EXPECT_EQ((ULONG)NtClose(Event), 0xC0000235); /* STATUS_HANDLE_NOT_CLOSABLE */
    EXPECT_EQ(Ask(Event, 4, 1, &Length), MISMATCH);
    EXPECT_EQ(Ask(Event, 4, 3, &Length), MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationObject(Event, 4, Space, 1), MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationObject(Event, 4, Space, 3), MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationObject(Event, 0, Space, 56), BAD_CLASS);
    EXPECT_EQ((ULONG)NtSetInformationObject(Event, 4, FAR_AWAY, 2), BAD_ADDRESS);
    BYTES[0] = BYTES[1] = 0;
    EXPECT_EQ((ULONG)NtSetInformationObject((HANDLE)0x7770, 4, Space, 2), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtSetInformationObject((HANDLE)-1, 4, Space, 2), BAD_HANDLE);
    EXPECT_EQ(NtSetInformationObject(Event, 4, Space, 2), 0);
    EXPECT_EQ(NtClose(Event), 0);
}

typedef struct {
    UNICODE_STRING Name, Type;
} ENTRY;

/* A directory of three: all at once, in parts, one at a time. Entries, one of zeros, then the strings. */
static void
Directories(void)
{
    static const PCWSTR Kids[] = {L"a", L"bcd", L"ef"};
    ENTRY *Entries = (ENTRY *)Space;
    HANDLE Directory, Kid[3], Weak;
    ULONG Context = 77, Length, Whole, Seen = 0, One[3], Sum = 32;

    EXPECT_EQ(NtCreateDirectoryObject(&Directory, 0xF000F, At(L"\\ob-kids", NULL, 0)), 0);
    memset(Space, 0xCC, sizeof(Space));
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Directory, Space, 512, FALSE, TRUE, &Context, &Length),
              NO_MORE);
    EXPECT_EQ(Space[0], CC8);
    for (ULONG i = 0; i < 3; i++) {
        EXPECT_EQ(NtCreateEvent(&Kid[i], EVENT_ALL_ACCESS, At(Kids[i], Directory, 0), 0, FALSE), 0);
    }
    EXPECT_EQ(
        NtQueryDirectoryObject(Directory, Space, sizeof(Space), FALSE, TRUE, &Context, &Whole), 0);
    EXPECT_EQ(Context, 3);
    EXPECT_EQ(BYTES[Whole], 0xCC);
    EXPECT(Space[12] == 0 && Space[13] == 0 && Space[14] == 0 && Space[15] == 0);
    for (ULONG i = 0; i < 3; i++) {
        for (ULONG k = 0; k < 3; k++) {
            if (Entries[i].Name.Length == lstrlenW(Kids[k]) * 2 &&
                memcmp(Entries[i].Name.Buffer, Kids[k], Entries[i].Name.Length + 2) == 0) {
                Seen |= 1u << k;
            }
        }
        EXPECT_EQ(Entries[i].Name.MaximumLength, Entries[i].Name.Length + 2);
        EXPECT_EQ(Entries[i].Type.Length, 10);
        EXPECT_EQ(Entries[i].Type.MaximumLength, 12);
        EXPECT_EQ(memcmp(Entries[i].Type.Buffer, L"Event", 12), 0);
        EXPECT((BYTE *)Entries[i].Name.Buffer >= BYTES + 4 * 32 &&
               (BYTE *)Entries[i].Type.Buffer + 12 <= BYTES + Whole);
        One[i] = 32 + Entries[i].Name.MaximumLength + 12;
        Sum += One[i];
    }
    EXPECT_EQ(Seen, 7);
    EXPECT_EQ(Whole, Sum);
    /* one byte short: two now, the third the next time */
    EXPECT_EQ(NtQueryDirectoryObject(Directory, Space, Whole - 1, FALSE, TRUE, &Context, &Length),
              MORE);
    EXPECT_EQ(Context, 2);
    EXPECT_EQ(Length, Whole - One[2]);
    EXPECT_EQ(NtQueryDirectoryObject(Directory, Space, Whole, FALSE, FALSE, &Context, &Length), 0);
    EXPECT_EQ(Context, 3);
    EXPECT_EQ(Length, 32 + One[2]);
    EXPECT(Space[4] == 0 && Space[7] == 0);
    EXPECT_EQ(
        (ULONG)NtQueryDirectoryObject(Directory, Space, Whole, FALSE, FALSE, &Context, &Length),
        NO_MORE);
    EXPECT_EQ(Context, 3);
    for (ULONG i = 0; i < 3; i++) { /* one at a time */
        EXPECT_EQ(NtQueryDirectoryObject(Directory, Space, Whole, TRUE, i == 0, &Context, &Length),
                  0);
        EXPECT_EQ(Context, i + 1);
        EXPECT_EQ(Length, 32 + One[i]);
        Context = i;
        EXPECT_EQ((ULONG)NtQueryDirectoryObject(Directory, Space, 32 + One[i] - 1, TRUE, FALSE,
                                                &Context, &Length),
                  TOO_SMALL);
        EXPECT_EQ(Length, 32 + One[i]);
        EXPECT_EQ(Context, i);
        EXPECT_EQ(
            NtQueryDirectoryObject(Directory, Space, 32 + One[i], TRUE, FALSE, &Context, NULL), 0);
        EXPECT_EQ(Context, i + 1);
    }
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Directory, FAR_AWAY, 512, TRUE, TRUE, &Context, NULL),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Directory, Space, 512, TRUE, TRUE, FAR_AWAY, NULL),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Directory, Space, 512, TRUE, TRUE, &Context, FAR_AWAY),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Kid[0], Space, 512, TRUE, TRUE, &Context, NULL),
              BAD_TYPE);
    EXPECT_EQ(NtOpenDirectoryObject(&Weak, 2 /* traverse */, At(L"\\ob-kids", NULL, 0)), 0);
    EXPECT_EQ((ULONG)NtQueryDirectoryObject(Weak, Space, 512, TRUE, TRUE, &Context, NULL), DENIED);
    NtClose(Weak);
    NtClose(Kid[1]);
    EXPECT_EQ(NtQueryDirectoryObject(Directory, Space, 4096, FALSE, TRUE, &Context, &Length), 0);
    EXPECT_EQ(Context, 2);
    NtClose(Kid[0]);
    NtClose(Kid[2]);
    NtClose(Directory);
}

/* A link's target: whole, with its terminator if the length is asked for. */
static void
Links(void)
{
    UNICODE_STRING Target = {8, 10, L"\\KnX"}, Out = {0};
    HANDLE Link, Weak, Event, Found;
    ULONG Length, Size;

    EXPECT_EQ(NtCreateSymbolicLinkObject(&Link, 0xF0001, At(L"\\ob-link", NULL, 0), &Target), 0);
    for (ULONG Room = 7; Room < 12; Room++) {
        for (ULONG Asked = 0; Asked < 2; Asked++) {
            BOOL Fits = Room >= (Asked ? 10 : 8);

            memset(Space, 0xCC, sizeof(Space));
            Out.Length = 0x77;
            Out.MaximumLength = (USHORT)Room;
            Out.Buffer = (PWSTR)Space;
            Length = 0xAAAA;
            EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Link, &Out, Asked ? &Length : NULL),
                      Fits ? 0 : TOO_SMALL);
            EXPECT_EQ(Length, Asked ? 10 : 0xAAAA);
            EXPECT_EQ(Out.Length, Fits ? 8 : 0x77);
            EXPECT_EQ(Out.MaximumLength, Room);
            EXPECT_EQ(memcmp(Space, Fits ? (void *)L"\\KnX" : (void *)(Space + 8), 8), 0);
            EXPECT_EQ(BYTES[Asked && Fits ? 10 : 8], 0xCC);
        }
    }
    EXPECT_EQ(Ask(Link, 0, 56, &Size), 0);
    EXPECT(Space[6] != 0); /* a creation time */
    EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Link, FAR_AWAY, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Link, &Out, FAR_AWAY), BAD_ADDRESS);
    Out.Buffer = FAR_AWAY;
    EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Link, &Out, NULL), BAD_ADDRESS);
    Out.Buffer = (PWSTR)Space;
    EXPECT_EQ(NtOpenSymbolicLinkObject(&Weak, READ_CONTROL, At(L"\\ob-link", NULL, 0)), 0);
    EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Weak, &Out, NULL), DENIED);
    NtClose(Weak);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0);
    EXPECT_EQ((ULONG)NtQuerySymbolicLinkObject(Event, &Out, NULL), BAD_TYPE);
    EXPECT_EQ((ULONG)NtOpenEvent(&Found, 2, At(L"\\ob-link", NULL, 0)), 0xC0000034); /* no \KnX */
    NtClose(Event);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(L"\\KnX", NULL, 0), 0, FALSE), 0);
    EXPECT_EQ(NtOpenEvent(&Found, 2, At(L"\\ob-link", NULL, 0)), 0);
    NtClose(Found);
    NtClose(Event);
    NtClose(Link);
    /* what is no target */
    Target.Length = 7;
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(&Link, 1, At(L"\\ob-link", NULL, 0), &Target),
              BAD_PARAMETER);
    Target.Length = 0;
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(&Link, 1, At(L"\\ob-link", NULL, 0), &Target),
              BAD_PARAMETER);
    Target.Length = 8;
    Target.MaximumLength = 6;
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(&Link, 1, At(L"\\ob-link", NULL, 0), &Target),
              BAD_PARAMETER);
    Target.MaximumLength = 10;
    Target.Buffer = FAR_AWAY;
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(&Link, 1, At(L"\\ob-link", NULL, 0), &Target),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(&Link, 1, At(L"\\ob-link", NULL, 0), FAR_AWAY),
              BAD_ADDRESS);
    Target.Buffer = L"\\KnX";
    EXPECT_EQ((ULONG)NtCreateSymbolicLinkObject(FAR_AWAY, 1, At(L"\\ob-link", NULL, 0), &Target),
              BAD_ADDRESS);
}

int
main(void)
{
    Basic();
    Names();
    Types();
    Flags();
    Directories();
    Links();
    return TEST_DONE();
}
