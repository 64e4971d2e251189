/*
 * trees.c - generic tables of both kinds against a sorted array: what is inserted, looked up, deleted and enumerated while others come and go, by key, by number, as
 * a directory, and when there is no memory.
 * [DDI:ntddk/rtlenumerategenerictableavl], [DDI:ntddk/rtlenumerategenerictablelikeadirectory], [DDI:ntddk/rtllookupfirstmatchingelementgenerictableavl],
 * [DDI:ntddk/rtlgetelementgenerictableavl], [DDI:ntddk/rtlinsertelementgenerictable]
 */
#include "../ntlab-test.h"

#define KEYS 64

NTSYSAPI PVOID NTAPI RtlLookupFirstMatchingElementGenericTableAvl(PRTL_AVL_TABLE, PVOID, PVOID *);

typedef struct _RECORD {
    ULONG Key, Payload;
} RECORD;

static RTL_AVL_TABLE Avl;
static RTL_GENERIC_TABLE Splay;
static BOOLEAN There[KEYS];
static ULONG Payload[KEYS], Order[KEYS]; /* when a key came */
static ULONG Count, Clock, Seed = 77, Divisor = 1, Wrong;
static LONG Allocated;
static BOOLEAN NoMemory;
static SIZE_T Asked;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static RTL_GENERIC_COMPARE_RESULTS
Compare(PVOID First, PVOID Second)
{
    ULONG One = ((RECORD *)First)->Key / Divisor, Two = ((RECORD *)Second)->Key / Divisor;

    return One < Two ? GenericLessThan : One > Two ? GenericGreaterThan : GenericEqual;
}

static PVOID
Allocate(SIZE_T Bytes)
{
    Asked = Bytes;
    if (NoMemory) {
        return NULL;
    }
    Allocated++;
    return ExAllocatePoolWithTag(PagedPool, Bytes, 'eerT');
}

static VOID
Free(PVOID Block)
{
    Allocated--;
    ExFreePoolWithTag(Block, 'eerT');
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
CompareAvl(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    return Compare(First, Second);
}

static PVOID NTAPI
AllocateAvl(PRTL_AVL_TABLE Table, CLONG Bytes)
{
    return Allocate(Bytes);
}

static VOID NTAPI
FreeAvl(PRTL_AVL_TABLE Table, PVOID Block)
{
    Free(Block);
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
CompareSplay(PRTL_GENERIC_TABLE Table, PVOID First, PVOID Second)
{
    return Compare(First, Second);
}

static PVOID NTAPI
AllocateSplay(PRTL_GENERIC_TABLE Table, CLONG Bytes)
{
    return Allocate(Bytes);
}

static VOID NTAPI
FreeSplay(PRTL_GENERIC_TABLE Table, PVOID Block)
{
    Free(Block);
}

/* The first key at or behind From that is there; KEYS: none. */
static ULONG
NextKey(ULONG From)
{
    while (From < KEYS && !There[From]) {
        From++;
    }
    return From;
}

static BOOLEAN
Is(const RECORD *Found, ULONG Key)
{
    return Key >= KEYS ? Found == NULL
                       : Found != NULL && Found->Key == Key && Found->Payload == Payload[Key];
}

static VOID
Inserted(const RECORD *Record, BOOLEAN New, const RECORD *Found)
{
    if (There[Record->Key]) {
        Wrong += New || !Is(Found, Record->Key);
    } else if (NoMemory) {
        Wrong += Found != NULL || New;
    } else {
        There[Record->Key] = TRUE;
        Payload[Record->Key] = Record->Payload;
        Order[Record->Key] = ++Clock;
        Count++;
        Wrong += !New || !Is(Found, Record->Key);
    }
}

static VOID
Deleted(ULONG Key, BOOLEAN Gone)
{
    Wrong += Gone != There[Key];
    Count -= There[Key];
    There[Key] = FALSE;
}

static VOID
Reset(VOID)
{
    memset(There, 0, sizeof(There));
    Count = Wrong = 0;
    Divisor = 1;
    NoMemory = FALSE;
}

static NTSTATUS NTAPI
Match(PRTL_AVL_TABLE Table, PVOID Element, PVOID Data)
{
    const RECORD *Record = Element;
    ULONG Wanted = *(PULONG)Data; /* keys that it divides, up to 50 */

    return Record->Key > 50            ? STATUS_NO_MORE_MATCHES
           : Record->Key % Wanted == 0 ? STATUS_SUCCESS
                                       : STATUS_NO_MATCH;
}

/* From a key on, or behind it, as a directory is listed; some go or come in between. */
static VOID
Directory(VOID)
{
    ULONG Wanted = 1 + Random(3), From = Random(KEYS), DeleteCount = 0;
    BOOLEAN Matching = Random(2), Next = Random(2);
    PVOID Restart = NULL;
    RECORD Name = {From, 0};

    for (ULONG i = 0; i < 6; i++) {
        RECORD *Found = RtlEnumerateGenericTableLikeADirectory(
            &Avl, Matching ? Match : NULL, &Wanted, Next, &Restart, &DeleteCount, &Name);
        ULONG Key = NextKey(Name.Key + (Next && Name.Key < KEYS && There[Name.Key] ? 1 : 0));

        while (Matching && Key <= 50 && Key % Wanted != 0) {
            Key = NextKey(Key + 1);
        }
        Key = Matching && Key > 50 ? KEYS : Key;
        Wrong += !Is(Found, Key);
        if (Found == NULL) {
            break;
        }
        Name.Key = Found->Key;
        Next = Random(3) != 0;
        if (Random(2) == 0) {
            RECORD Other = {Random(KEYS), 0};

            if (Other.Key != Name.Key) {
                Deleted(Other.Key, RtlDeleteElementGenericTableAvl(&Avl, &Other));
            }
        }
    }
}

/* In order, while elements go: behind the one where it stands goes the next of those that are left. */
static VOID
Enumerate(VOID)
{
    RECORD *Found = RtlEnumerateGenericTableAvl(&Avl, TRUE);
    ULONG At = NextKey(0);

    Wrong += !Is(Found, At);
    while (At < KEYS) {
        if (Random(4) == 0) {
            RECORD Gone = {Random(2) == 0 ? At : Random(KEYS), 0};

            Deleted(Gone.Key, RtlDeleteElementGenericTableAvl(&Avl, &Gone));
        }
        if (Count == 0 || (!There[At] && At == 0) || (At < KEYS && !There[At] && NextKey(0) > At)) {
            break; /* the first of them has gone: it begins again */
        }
        Found = RtlEnumerateGenericTableAvl(&Avl, FALSE);
        At = NextKey(At + 1);
        Wrong += !Is(Found, At);
    }
}

static VOID
ByNumber(VOID)
{
    for (ULONG i = 0; i < 12; i++) {
        ULONG Number = Random(Count + 2), Key = NextKey(0);

        for (ULONG k = 0; k < Number && Key < KEYS; k++) {
            Key = NextKey(Key + 1);
        }
        Wrong += !Is(RtlGetElementGenericTableAvl(&Avl, Number), Key);
    }
    Wrong += RtlGetElementGenericTableAvl(&Avl, MAXULONG) != NULL;
}

/* A search by a part of the key: the first of those that it fits, and on from there. */
static VOID
ByPart(VOID)
{
    RECORD Name = {Random(KEYS), 0};
    ULONG First = Name.Key / 4 * 4, Key = NextKey(First);
    PVOID Restart = &Name;
    RECORD *Found;

    Divisor = 4;
    Found = RtlLookupFirstMatchingElementGenericTableAvl(&Avl, &Name, &Restart);
    Divisor = 1;
    if (Key >= First + 4) {
        Wrong += Found != NULL || Restart != NULL;
        return;
    }
    Wrong += !Is(Found, Key);
    for (ULONG i = 0; i < 3; i++) {
        Key = NextKey(Key + 1);
        Wrong += !Is(RtlEnumerateGenericTableWithoutSplayingAvl(&Avl, &Restart), Key);
    }
}

static VOID
AvlSteps(VOID)
{
    Reset();
    RtlInitializeGenericTableAvl(&Avl, CompareAvl, AllocateAvl, FreeAvl, &Seed);
    EXPECT(Avl.TableContext == &Seed);
    for (ULONG Step = 0; Step < 4000; Step++) {
        RECORD Record = {Random(KEYS), Step}, *Found;
        BOOLEAN New = Random(2);

        NoMemory = Random(8) == 0;
        switch (Random(Step / 500 % 2 == 0 ? 7 : 9)) {
        case 0:
        case 1:
        case 2:
            Asked = 0;
            Found = RtlInsertElementGenericTableAvl(&Avl, &Record, sizeof(Record), &New);
            Wrong += Asked != (There[Record.Key] ? 0 : sizeof(RTL_BALANCED_LINKS) + sizeof(Record));
            Inserted(&Record, New, Found);
            break;
        case 3:
            Directory();
            break;
        case 4:
            Enumerate();
            break;
        case 5:
            ByNumber();
            break;
        case 6:
            ByPart();
            break;
        default:
            Deleted(Record.Key, RtlDeleteElementGenericTableAvl(&Avl, &Record));
        }
        Wrong += RtlNumberGenericTableElementsAvl(&Avl) != Count ||
                 RtlIsGenericTableEmptyAvl(&Avl) != (Count == 0) || Allocated != (LONG)Count;
        Record.Key = Random(KEYS);
        Wrong += !Is(RtlLookupElementGenericTableAvl(&Avl, &Record),
                     There[Record.Key] ? Record.Key : KEYS);
    }
    EXPECT_EQ(Wrong, 0);
    for (RECORD Record = {0, 0}; Record.Key < KEYS; Record.Key++) {
        Deleted(Record.Key, RtlDeleteElementGenericTableAvl(&Avl, &Record));
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(Allocated, 0);
}

/* The key that came as the nth of those that are there. */
static ULONG
KeyByOrder(ULONG Number)
{
    for (ULONG Key = 0; Key < KEYS; Key++) {
        ULONG Before = 0;

        for (ULONG Other = 0; There[Key] && Other < KEYS; Other++) {
            Before += There[Other] && Order[Other] < Order[Key];
        }
        if (There[Key] && Before == Number) {
            return Key;
        }
    }
    return KEYS;
}

static VOID
SplaySteps(VOID)
{
    Reset();
    RtlInitializeGenericTable(&Splay, CompareSplay, AllocateSplay, FreeSplay, &Seed);
    EXPECT(Splay.TableContext == &Seed);
    for (ULONG Step = 0; Step < 3000; Step++) {
        RECORD Record = {Random(KEYS), Step}, *Found;
        TABLE_SEARCH_RESULT Result;
        BOOLEAN New = Random(2);
        ULONG Key, Number;
        PVOID Place;

        NoMemory = Random(8) == 0;
        switch (Random(Step / 500 % 2 == 0 ? 7 : 9)) {
        case 0:
        case 1:
            Asked = 0;
            Found = RtlInsertElementGenericTable(&Splay, &Record, sizeof(Record), &New);
            Wrong += Asked != (There[Record.Key]
                                   ? 0
                                   : sizeof(RTL_SPLAY_LINKS) + sizeof(LIST_ENTRY) + sizeof(Record));
            Inserted(&Record, New, Found);
            break;
        case 2:
            Found = RtlLookupElementGenericTableFull(&Splay, &Record, &Place, &Result);
            Wrong += !Is(Found, There[Record.Key] ? Record.Key : KEYS) ||
                     (Result == TableFoundNode) != There[Record.Key] ||
                     (Result == TableEmptyTree) != (Count == 0);
            Found = RtlInsertElementGenericTableFull(&Splay, &Record, sizeof(Record), &New, Place,
                                                     Result);
            Inserted(&Record, New, Found);
            break;
        case 3:
            Found = RtlEnumerateGenericTable(&Splay, TRUE);
            for (Key = NextKey(0); Key < KEYS; Key = NextKey(Key + 1)) {
                Wrong += !Is(Found, Key);
                Found = RtlEnumerateGenericTable(&Splay, FALSE);
            }
            Wrong += Found != NULL;
            break;
        case 4:
            Place = NULL;
            for (Key = NextKey(0); Key < KEYS; Key = NextKey(Key + 1)) {
                Wrong += !Is(RtlEnumerateGenericTableWithoutSplaying(&Splay, &Place), Key);
            }
            Wrong += RtlEnumerateGenericTableWithoutSplaying(&Splay, &Place) != NULL;
            break;
        case 5:
        case 6:
            for (ULONG i = 0; i < 6; i++) {
                Number = Random(Count + 2);
                Wrong += !Is(RtlGetElementGenericTable(&Splay, Number), KeyByOrder(Number));
            }
            Wrong += RtlGetElementGenericTable(&Splay, MAXULONG) != NULL;
            break;
        default:
            Deleted(Record.Key, RtlDeleteElementGenericTable(&Splay, &Record));
        }
        Wrong += RtlNumberGenericTableElements(&Splay) != Count ||
                 RtlIsGenericTableEmpty(&Splay) != (Count == 0) || Allocated != (LONG)Count;
        Record.Key = Random(KEYS);
        Wrong += !Is(RtlLookupElementGenericTable(&Splay, &Record),
                     There[Record.Key] ? Record.Key : KEYS);
        if (Count != 0 && There[Record.Key]) { /* who has been looked up is the root */
            Wrong += Splay.TableRoot !=
                     (PRTL_SPLAY_LINKS)((PUCHAR)RtlLookupElementGenericTable(&Splay, &Record) - 40);
        }
    }
    EXPECT_EQ(Wrong, 0);
    for (RECORD Record = {0, 0}; Record.Key < KEYS; Record.Key++) {
        Deleted(Record.Key, RtlDeleteElementGenericTable(&Splay, &Record));
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(Allocated, 0);
}

TEST_DRIVER(TEST(AvlSteps), TEST(SplaySteps))
