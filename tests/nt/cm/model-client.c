/*
 * model-client.c - a registry key against a model: hundreds of values set, set again, deleted, of keys made and deleted, and after them every class of
 * query, of the key, its subkeys and its values, in every length from nothing to one byte more than it takes, compared whole; several values at once; rights,
 * bad pointers and bad names of each service.
 * [DDI:wdm/zwcreatekey], [DDI:wdm/zwquerykey], [DDI:wdm/zwenumeratekey], [DDI:wdm/zwqueryvaluekey], [DDI:wdm/zwenumeratevaluekey],
 * [DDI:wdm/zwsetvaluekey], [DDI:wdm/_key_full_information], [DDI:wdm/_key_value_full_information], [DDI:ntifs/zwquerymultiplevaluekey],
 * [DDI:wdm/zwsetinformationkey]
 */
#include "../ntlab-client.h"
#define NtSetInformationKey     Declared_NtSetInformationKey
#define NtQueryMultipleValueKey Declared_NtQueryMultipleValueKey
#include <winternl.h>

#define SEED 31
#include "../draw.h"
#undef NtSetInformationKey
#undef NtQueryMultipleValueKey

NTSTATUS NTAPI NtCreateKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, PUNICODE_STRING, ULONG,
                           PULONG);
NTSTATUS NTAPI NtOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtDeleteKey(HANDLE);
NTSTATUS NTAPI NtQueryKey(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, PUNICODE_STRING);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, PUNICODE_STRING, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationKey(HANDLE, int, PVOID, ULONG);
NTSTATUS NTAPI NtFlushKey(HANDLE);

typedef struct {
    PUNICODE_STRING Name;
    ULONG DataLength, DataOffset, Type;
} ENTRY;

NTSTATUS NTAPI NtQueryMultipleValueKey(HANDLE, ENTRY *, ULONG, PVOID, PULONG, PULONG);

#define TOO_SMALL     0xC0000023
#define OVERFLOW_     0x80000005
#define NO_MORE       0x8000001A
#define NOT_FOUND     0xC0000034
#define DENIED        0xC0000022
#define BAD_ADDRESS   0xC0000005
#define BAD_HANDLE    0xC0000008
#define BAD_PARAMETER 0xC000000D
#define DELETED       0xC000017C
#define FAR_AWAY      ((void *)0x400080000000ull)
#define ROOT          L"\\Registry\\Machine\\Software\\ntlab-model"

#define NAMES 9
#define MOST  70

static const PCWSTR Names[NAMES] = {L"",           L"a",       L"Bc", L"value three",
                                    L"0123456789", L"x\u00E4", L"zz", L"Another rather long name",
                                    L"m"};
static struct {
    BOOL Is;
    ULONG Type, Length;
    BYTE Data[MOST];
} Values[NAMES];
static BOOL Keys[NAMES]; /* the first is none: a key has a name */
static HANDLE Root;
static BYTE Space[512], Wanted[512];

static PUNICODE_STRING
Text(UNICODE_STRING *String, PCWSTR Name)
{
    String->Length = (USHORT)(lstrlenW(Name) * 2);
    String->MaximumLength = String->Length + 2;
    String->Buffer = (PWSTR)Name;
    return String;
}

static ULONG
Open(HANDLE *Key, HANDLE Below, PCWSTR Name, ULONG Access, BOOL Create, PCWSTR Class)
{
    UNICODE_STRING String, Of;
    OBJECT_ATTRIBUTES Attributes;
    ULONG How = 0x77;
    NTSTATUS Status;

    *Key = NULL;
    InitializeObjectAttributes(&Attributes, Text(&String, Name), OBJ_CASE_INSENSITIVE, Below, NULL);
    Status = Create ? NtCreateKey(Key, Access, &Attributes, 0,
                                  Class != NULL ? Text(&Of, Class) : NULL, 0, &How)
                    : NtOpenKey(Key, Access, &Attributes);
    return (ULONG)Status;
}

/* An answer in every length: too small for what is fixed, cut off, exact, with room. */
static ULONG
Lengths(HANDLE Key, int Kind, UNICODE_STRING *Name, ULONG Index, int Class, ULONG Fixed,
        ULONG Whole)
{
    ULONG Bad = 0;

    for (ULONG Length = 0; Length <= Whole + 1; Length++) {
        ULONG Result = 0xAAAA, Want = Length < Fixed ? TOO_SMALL : Length < Whole ? OVERFLOW_ : 0;
        NTSTATUS Status;

        if (Length > Fixed + 2 && Length + 2 < Whole && Length % 5 != 0) {
            continue;
        }
        memset(Space, 0xCC, sizeof(Space));
        Status = Kind == 0   ? NtQueryValueKey(Key, Name, Class, Space, Length, &Result)
                 : Kind == 1 ? NtEnumerateValueKey(Key, Index, Class, Space, Length, &Result)
                 : Kind == 2 ? NtQueryKey(Key, Class, Space, Length, &Result)
                             : NtEnumerateKey(Key, Index, Class, Space, Length, &Result);
        Bad += (ULONG)Status != Want || Result != Whole;
        Bad += Want == TOO_SMALL ? Space[0] != 0xCC
                                 : memcmp(Space, Wanted, Length < Whole ? Fixed : Whole) != 0;
        Bad += Space[Length] != 0xCC || Space[Whole] != 0xCC;
    }
    return Bad;
}

static void
PutLong(ULONG At, ULONG Value)
{
    memcpy(Wanted + At, &Value, 4);
}

/* All five classes of one value, by name and by its place. */
static ULONG
CheckValue(ULONG i, ULONG Index)
{
    static const struct {
        int Class;
        ULONG Fixed;
    } Table[] = {{0, 12}, {1, 20}, {2, 12}, {3, 20}, {4, 8}};
    ULONG Bad = 0, NameBytes = lstrlenW(Names[i]) * 2;
    UNICODE_STRING Name;

    Text(&Name, Names[i]);
    for (ULONG k = 0; k < 5; k++) {
        ULONG Fixed = Table[k].Fixed, Whole = Fixed, At;

        memset(Wanted, 0, sizeof(Wanted));
        switch (Table[k].Class) {
        case 0:
            PutLong(4, Values[i].Type);
            PutLong(8, NameBytes);
            memcpy(Wanted + 12, Names[i], NameBytes);
            Whole += NameBytes;
            break;
        case 1:
        case 3:
            At =
                Table[k].Class == 1 ? (Fixed + NameBytes + 3) & ~3u : (Fixed + NameBytes + 7) & ~7u;
            PutLong(4, Values[i].Type);
            PutLong(8, Values[i].Length != 0 ? At : 0xFFFFFFFF);
            PutLong(12, Values[i].Length);
            PutLong(16, NameBytes);
            memcpy(Wanted + 20, Names[i], NameBytes);
            memcpy(Wanted + At, Values[i].Data, Values[i].Length);
            Whole = Values[i].Length != 0 ? At + Values[i].Length : Fixed + NameBytes;
            break;
        case 2:
            PutLong(4, Values[i].Type);
            PutLong(8, Values[i].Length);
            memcpy(Wanted + 12, Values[i].Data, Values[i].Length);
            Whole += Values[i].Length;
            break;
        default:
            PutLong(0, Values[i].Type);
            PutLong(4, Values[i].Length);
            memcpy(Wanted + 8, Values[i].Data, Values[i].Length);
            Whole += Values[i].Length;
            break;
        }
        Bad += Lengths(Root, 0, &Name, 0, Table[k].Class, Fixed, Whole);
        Bad += Lengths(Root, 1, NULL, Index, Table[k].Class, Fixed, Whole);
    }
    return Bad;
}

/* Each value is at one place of the enumeration, and behind the last there is none. */
static ULONG
CheckValues(void)
{
    ULONG Bad = 0, Seen = 0, Index, Length;

    for (Index = 0;; Index++) {
        ULONG i;

        if (NtEnumerateValueKey(Root, Index, 0, Space, sizeof(Space), &Length) != 0) {
            break;
        }
        for (i = 0; i < NAMES; i++) {
            if (*(ULONG *)(Space + 8) == (ULONG)lstrlenW(Names[i]) * 2 &&
                memcmp(Space + 12, Names[i], lstrlenW(Names[i]) * 2) == 0) {
                break;
            }
        }
        Bad += i == NAMES || !Values[i].Is || (Seen & 1u << i);
        Seen |= 1u << i;
        Bad += i < NAMES ? CheckValue(i, Index) : 0;
    }
    for (ULONG i = 0; i < NAMES; i++) {
        UNICODE_STRING Name;

        Bad += Values[i].Is != ((Seen >> i) & 1);
        if (!Values[i].Is) {
            Bad += (ULONG)NtQueryValueKey(Root, Text(&Name, Names[i]), 2, Space, 64, &Length) !=
                   NOT_FOUND;
            Bad += (ULONG)NtDeleteValueKey(Root, &Name) != NOT_FOUND;
        }
    }
    Bad += (ULONG)NtEnumerateValueKey(Root, Index, 0, Space, sizeof(Space), &Length) != NO_MORE;
    return Bad;
}

/* The key itself: what it has and how long the longest of each is. Times are taken as they are. */
static ULONG
CheckKey(void)
{
    ULONG Bad = 0, Length, Subkeys = 0, Count = 0, MaxName = 0, MaxValue = 0, MaxData = 0,
          Class = 0;
    static const PCWSTR Path = L"\\REGISTRY\\MACHINE\\Software\\ntlab-model";
    ULONG64 Time;

    for (ULONG i = 0; i < NAMES; i++) {
        ULONG Bytes = lstrlenW(Names[i]) * 2;

        if (Values[i].Is) {
            Count++;
            MaxValue = Bytes > MaxValue ? Bytes : MaxValue;
            MaxData = Values[i].Length > MaxData ? Values[i].Length : MaxData;
        }
        if (Keys[i]) {
            Subkeys++;
            MaxName = Bytes > MaxName ? Bytes : MaxName;
            Class = i % 2 != 0 && i * 2 > Class ? i * 2 : Class;
        }
    }
    NtQueryKey(Root, 0, Space, sizeof(Space), &Length);
    memcpy(&Time, Space, 8);
    memset(Wanted, 0, sizeof(Wanted));
    memcpy(Wanted, &Time, 8);
    PutLong(12, 22);
    memcpy(Wanted + 16, L"ntlab-model", 22);
    Bad += Lengths(Root, 2, NULL, 0, 0, 16, 38); /* KeyBasicInformation */
    PutLong(12, 48);
    PutLong(16, 14);
    PutLong(20, 22);
    memcpy(Wanted + 24, L"ntlab-model", 22);
    memset(Wanted + 46, 0, 2);
    memcpy(Wanted + 48, L"a class", 14);
    Bad += Lengths(Root, 2, NULL, 0, 1, 24, 62); /* KeyNodeInformation */
    memset(Wanted + 8, 0, 60);
    PutLong(12, 44);
    PutLong(16, 14);
    PutLong(20, Subkeys);
    PutLong(24, MaxName);
    PutLong(28, Class);
    PutLong(32, Count);
    PutLong(36, MaxValue);
    PutLong(40, MaxData);
    memcpy(Wanted + 44, L"a class", 14);
    Bad += Lengths(Root, 2, NULL, 0, 2, 44, 58); /* KeyFullInformation */
    memset(Wanted, 0, sizeof(Wanted));
    PutLong(0, lstrlenW(Path) * 2);
    NtQueryKey(Root, 3, Space, sizeof(Space), &Length);
    Bad += Length != 4 + (ULONG)lstrlenW(Path) * 2 ||
           lstrlenW(Path) * 2 != *(LONG *)Space; /* its letters as the hive has them */
    memset(Wanted, 0, sizeof(Wanted));
    memcpy(Wanted, &Time, 8);
    PutLong(12, Subkeys);
    PutLong(16, MaxName);
    PutLong(20, Count);
    PutLong(24, MaxValue);
    PutLong(28, MaxData);
    PutLong(32, 22);
    NtQueryKey(Root, 4, Space, sizeof(Space), &Length); /* KeyCachedInformation */
    Bad += memcmp(Space, Wanted, 36) != 0;
    return Bad;
}

/* Its subkeys, in the order of their names. */
static ULONG
CheckKeys(void)
{
    static const ULONG Sorted[] = {4, 1, 7, 2, 8, 3, 5, 6};
    ULONG Bad = 0, Index = 0, Length;

    for (ULONG k = 0; k < NAMES - 1; k++) {
        ULONG i = Sorted[k], Bytes = lstrlenW(Names[i]) * 2, ClassBytes = i % 2 != 0 ? i * 2 : 0;
        ULONG ClassAt = (24 + Bytes + 3) & ~3u;
        HANDLE Key;

        if (!Keys[i]) {
            Bad += Open(&Key, Root, Names[i], KEY_READ, FALSE, NULL) != NOT_FOUND;
            continue;
        }
        Bad += NtEnumerateKey(Root, Index, 0, Space, sizeof(Space), &Length) != 0;
        memset(Wanted, 0, sizeof(Wanted));
        memcpy(Wanted, Space, 8);
        PutLong(12, Bytes);
        memcpy(Wanted + 16, Names[i], Bytes);
        Bad += Lengths(Root, 3, NULL, Index, 0, 16, 16 + Bytes);
        memset(Wanted + 8, 0, 300);
        PutLong(12, ClassBytes != 0 ? ClassAt : 0xFFFFFFFF);
        PutLong(16, ClassBytes);
        PutLong(20, Bytes);
        memcpy(Wanted + 24, Names[i], Bytes);
        memcpy(Wanted + ClassAt, L"0123456789", ClassBytes);
        Bad += Lengths(Root, 3, NULL, Index, 1, 24,
                       ClassBytes != 0 ? ClassAt + ClassBytes : 24 + Bytes);
        memset(Wanted + 8, 0, 300);
        PutLong(12, ClassBytes != 0 ? 44 : 0xFFFFFFFF);
        PutLong(16, ClassBytes);
        memcpy(Wanted + 44, L"0123456789", ClassBytes);
        Bad += Lengths(Root, 3, NULL, Index, 2, 44, 44 + ClassBytes);
        Index++;
    }
    Bad += (ULONG)NtEnumerateKey(Root, Index, 0, Space, sizeof(Space), &Length) != NO_MORE;
    Bad += (ULONG)NtEnumerateKey(Root, 0, 3, Space, sizeof(Space), &Length) != BAD_PARAMETER;
    return Bad;
}

static ULONG
Several(void)
{
    UNICODE_STRING Strings[NAMES];
    ENTRY Entries[NAMES];
    ULONG Count = 0, Whole = 0, Bad = 0, At[NAMES], Which[NAMES];

    for (ULONG i = 0; i < NAMES; i++) {
        if (Values[i].Is) {
            Whole = (Whole + 3) & ~3u;
            Which[Count] = i;
            At[Count] = Whole;
            Entries[Count++].Name = Text(&Strings[i], Names[i]);
            Whole += Values[i].Length;
        }
    }
    for (ULONG Short = 0; Short < 2 && Count != 0 && Whole > Short; Short++) {
        ULONG Length = Whole - Short, Needed = 0xAAAA;

        memset(Space, 0xCC, sizeof(Space));
        Bad += (ULONG)NtQueryMultipleValueKey(Root, Entries, Count, Space, &Length, &Needed) !=
               (Short ? OVERFLOW_ : 0);
        Bad += Needed != Whole || Length != Whole - Short || Space[Length] != 0xCC;
        for (ULONG i = 0; i < Count && At[i] + Values[Which[i]].Length <= Length; i++) {
            ULONG Is = Which[i];

            Bad += Entries[i].Type != Values[Is].Type ||
                   Entries[i].DataLength != Values[Is].Length || Entries[i].DataOffset != At[i] ||
                   memcmp(Space + At[i], Values[Is].Data, Values[Is].Length) != 0;
        }
    }
    return Bad;
}

static void
Steps(void)
{
    ULONG Bad[6] = {0};
    HANDLE Key;

    EXPECT_EQ(Open(&Root, NULL, ROOT, KEY_ALL_ACCESS, TRUE, L"a class"), 0);
    for (ULONG Step = 0; Step < 60; Step++) {
        ULONG i = Any(NAMES);
        UNICODE_STRING Name;

        if (Any(3) != 0) { /* of a value that is there: other data, shorter or longer */
            Values[i].Is = TRUE;
            Values[i].Type = Any(12);
            Values[i].Length = Any(4) == 0 ? Any(5) : Any(MOST);
            for (ULONG k = 0; k < Values[i].Length; k++) {
                Values[i].Data[k] = (BYTE)Any(256);
            }
            Bad[0] += NtSetValueKey(Root, Text(&Name, Names[i]), 0, Values[i].Type, Values[i].Data,
                                    Values[i].Length) != 0;
        } else {
            Bad[0] += (ULONG)NtDeleteValueKey(Root, Text(&Name, Names[i])) !=
                      (Values[i].Is ? 0 : NOT_FOUND);
            Values[i].Is = FALSE;
        }
        i = 1 + Any(NAMES - 1);
        if (Any(2) != 0) {
            WCHAR Class[16] = L"0123456789";

            Class[i % 2 != 0 ? i : 0] = 0;
            Bad[1] += Open(&Key, Root, Names[i], KEY_ALL_ACCESS, TRUE, i % 2 != 0 ? Class : NULL);
            Keys[i] = TRUE;
            NtClose(Key);
        } else {
            Bad[1] += Open(&Key, Root, Names[i], KEY_ALL_ACCESS, FALSE, NULL) !=
                      (Keys[i] ? 0 : NOT_FOUND);
            if (Keys[i]) {
                Bad[1] += NtDeleteKey(Key) != 0;
                Bad[1] += (ULONG)NtSetValueKey(Key, Text(&Name, L"x"), 0, 1, Space, 2) != DELETED;
                Bad[1] += (ULONG)NtDeleteKey(Key) != DELETED;
                NtClose(Key);
            }
            Keys[i] = FALSE;
        }
        if (Step % 10 == 9) {
            Bad[2] += CheckValues();
            Bad[3] += CheckKey();
            Bad[4] += CheckKeys();
            Bad[5] += Several();
        }
    }
    for (ULONG i = 0; i < 6; i++) {
        EXPECT_EQ(Bad[i], 0);
    }
}

/* Each service with each right missing, and with pointers that are none. */
static void
Faults(void)
{
    static const struct {
        ULONG Access;
        BOOL Reads, Lists, Sets, Deletes;
    } Table[] = {{KEY_QUERY_VALUE, TRUE},     {KEY_ENUMERATE_SUB_KEYS, 0, TRUE},
                 {KEY_SET_VALUE, 0, 0, TRUE}, {KEY_CREATE_SUB_KEY},
                 {DELETE, 0, 0, 0, TRUE},     {READ_CONTROL}};
    UNICODE_STRING Name, Odd = {3, 4, L"ab"}, Far = {4, 4, FAR_AWAY};
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length, Count;
    HANDLE Key, Below, Deep;
    LARGE_INTEGER Time = {.QuadPart = 0x1234567890};
    ENTRY Entry;

    Text(&Name, L"fault");
    EXPECT_EQ(NtSetValueKey(Root, &Name, 0, 3, Space, 4), 0);
    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        WCHAR Own[] = L"rights0";

        Own[6] = (WCHAR)(L'0' + i);
        EXPECT_EQ(Open(&Key, Root, Own, KEY_ALL_ACCESS, TRUE, NULL), 0);
        EXPECT_EQ(NtSetValueKey(Key, &Name, 0, 3, Space, 4), 0);
        EXPECT_EQ(Open(&Below, Key, L"below", KEY_ALL_ACCESS, TRUE, NULL), 0);
        NtDeleteKey(Below);
        NtClose(Below);
        NtClose(Key);
        EXPECT_EQ(Open(&Key, Root, Own, Table[i].Access, FALSE, NULL), 0);
        EXPECT_EQ((ULONG)NtQueryValueKey(Key, &Name, 2, Space, 64, &Length),
                  Table[i].Reads ? 0 : DENIED);
        EXPECT_EQ((ULONG)NtEnumerateValueKey(Key, 0, 2, Space, 64, &Length),
                  Table[i].Reads ? 0 : DENIED);
        EXPECT_EQ((ULONG)NtQueryKey(Key, 0, Space, 128, &Length), Table[i].Reads ? 0 : DENIED);
        Entry.Name = &Name;
        Count = 64;
        EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, &Entry, 1, Space, &Count, NULL),
                  Table[i].Reads ? 0 : DENIED);
        EXPECT_EQ((ULONG)NtEnumerateKey(Key, 0, 0, Space, 64, &Length),
                  Table[i].Lists ? NO_MORE : DENIED);
        EXPECT_EQ((ULONG)NtSetInformationKey(Key, 0, &Time, 8), Table[i].Sets ? 0 : DENIED);
        EXPECT_EQ((ULONG)NtSetValueKey(Key, &Name, 0, 3, Space, 4), Table[i].Sets ? 0 : DENIED);
        EXPECT_EQ((ULONG)NtDeleteValueKey(Key, &Name), Table[i].Sets ? 0 : DENIED);
        /* To make a key is a matter of the key's descriptor, not of the handle's access. [LEARN:winreg/regcreatekeyexw] */
        EXPECT_EQ(Open(&Below, Key, L"below", KEY_ALL_ACCESS, TRUE, NULL), 0);
        NtDeleteKey(Below);
        NtClose(Below);
        EXPECT_EQ((ULONG)NtDeleteKey(Key), Table[i].Deletes ? 0 : DENIED);
        NtClose(Key);
    }
    EXPECT_EQ((ULONG)NtQueryValueKey(Root, FAR_AWAY, 2, Space, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryValueKey(Root, &Far, 2, Space, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryValueKey(Root, &Name, 2, FAR_AWAY, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryValueKey(Root, &Name, 2, Space, 64, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryValueKey(Root, &Name, 9, Space, 64, &Length), BAD_PARAMETER);
    EXPECT_EQ((ULONG)NtQueryValueKey((HANDLE)0x7770, &Name, 2, Space, 64, &Length), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtEnumerateValueKey(Root, 0, 2, FAR_AWAY, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtEnumerateValueKey(Root, 0, 2, Space, 64, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtEnumerateValueKey(Root, 0, 9, Space, 64, &Length), BAD_PARAMETER);
    EXPECT_EQ((ULONG)NtQueryKey(Root, 0, FAR_AWAY, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryKey(Root, 0, Space, 64, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtEnumerateKey(Root, 0, 0, FAR_AWAY, 64, &Length), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtSetValueKey(Root, FAR_AWAY, 0, 3, Space, 4), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtSetValueKey(Root, &Name, 0, 3, FAR_AWAY, 4), BAD_ADDRESS);
    EXPECT_EQ(NtSetValueKey(Root, &Name, 0, 3, FAR_AWAY, 0), 0); /* of nothing */
    EXPECT_EQ((ULONG)NtSetValueKey(Root, &Odd, 0, 3, Space, 4), BAD_PARAMETER);
    EXPECT_EQ((ULONG)NtDeleteValueKey(Root, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtDeleteValueKey((HANDLE)0x7770, &Name), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtSetInformationKey(Root, 0, &Time, 7), 0xC0000004);
    EXPECT_EQ((ULONG)NtSetInformationKey(Root, 0, &Time, 9), 0xC0000004);
    EXPECT_EQ((ULONG)NtSetInformationKey(Root, 0, FAR_AWAY, 8), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtSetInformationKey(Root, 99, &Time, 8), 0xC0000003);
    EXPECT_EQ(NtSetInformationKey(Root, 0, &Time, 8), 0);
    EXPECT_EQ(NtQueryKey(Root, 0, Space, 128, &Length), 0);
    EXPECT_EQ(*(LONGLONG *)Space, Time.QuadPart);
    Count = 64;
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Root, FAR_AWAY, 1, Space, &Count, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Root, &Entry, 1, FAR_AWAY, &Count, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Root, &Entry, 1, Space, FAR_AWAY, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Root, &Entry, 1, Space, &Count, FAR_AWAY),
              BAD_ADDRESS);
    Entry.Name = Text(&Odd, L"no such value");
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Root, &Entry, 1, Space, &Count, NULL), NOT_FOUND);
    EXPECT_EQ(Open(&Key, Root, L"a\\b\\c", KEY_ALL_ACCESS, TRUE, NULL),
              NOT_FOUND); /* the keys above must be there */
    InitializeObjectAttributes(&Attributes, &Far, 0, Root, NULL);
    EXPECT_EQ((ULONG)NtCreateKey(&Key, KEY_READ, &Attributes, 0, NULL, 0, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtOpenKey(&Key, KEY_READ, &Attributes), BAD_ADDRESS);
    InitializeObjectAttributes(&Attributes, &Name, 0, Root, NULL);
    EXPECT_EQ((ULONG)NtCreateKey(FAR_AWAY, KEY_READ, &Attributes, 0, NULL, 0, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtCreateKey(&Key, KEY_READ, FAR_AWAY, 0, NULL, 0, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtCreateKey(&Key, KEY_READ, &Attributes, 0, FAR_AWAY, 0, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtCreateKey(&Key, KEY_READ, &Attributes, 0, NULL, 0, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtOpenKey(FAR_AWAY, KEY_READ, &Attributes), BAD_ADDRESS);
    /* a key with keys below it stays; one that is volatile has only such below it */
    EXPECT_EQ(NtCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_VOLATILE, &Length),
              0);
    EXPECT_EQ(Length, REG_CREATED_NEW_KEY);
    EXPECT_EQ(Open(&Below, Key, L"stable", KEY_ALL_ACCESS, TRUE, NULL), 0xC0000181);
    InitializeObjectAttributes(&Attributes, Text(&Name, L"v"), 0, Key, NULL);
    EXPECT_EQ(
        NtCreateKey(&Deep, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_VOLATILE, &Length), 0);
    EXPECT_EQ((ULONG)NtDeleteKey(Key), 0xC0000121); /* STATUS_CANNOT_DELETE */
    EXPECT_EQ(NtCreateKey(&Below, KEY_READ, &Attributes, 0, NULL, REG_OPTION_VOLATILE, &Length), 0);
    EXPECT_EQ(Length, REG_OPENED_EXISTING_KEY);
    NtClose(Below);
    EXPECT_EQ(NtDeleteKey(Deep), 0);
    EXPECT_EQ(NtDeleteKey(Key), 0);
    NtClose(Deep);
    NtClose(Key);
    EXPECT_EQ(NtFlushKey(Root), 0);
    EXPECT_EQ((ULONG)NtFlushKey((HANDLE)0x7770), BAD_HANDLE);
}

int
main(void)
{
    Steps();
    Faults();
    NtClose(Root);
    return TEST_DONE();
}
