/*
 * hashmodel.c - dynamic hash tables against a list: entries come and go, the table grows and shrinks, and at each moment it finds, in
 * whatever way it is asked, what the list has. [ntddk: RtlCreateHashTable, RtlInsertEntryHashTable, RtlLookupEntryHashTable,
 * RtlGetNextEntryHashTable, RtlInitEnumerationHashTable, RtlEnumerateEntryHashTable, RtlExpandHashTable, RtlContractHashTable]
 */
#include "../ntlab-test.h"

#define ENTRIES    40
#define SIGNATURES 13
#define STEPS      600

typedef struct {
    RTL_DYNAMIC_HASH_TABLE_ENTRY Entry;
    BOOLEAN In;
    ULONG_PTR Signature;
    ULONG Seen;
} HASHED;

static HASHED Hashed[ENTRIES];
static PRTL_DYNAMIC_HASH_TABLE Table;
static ULONG Wrong, Seed;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static ULONG
CountIn(VOID)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < ENTRIES; i++) {
        Count += Hashed[i].In;
        Hashed[i].Seen = 0;
    }
    return Count;
}

/* Each that is in is seen once, the others never. */
static VOID
CheckSeen(ULONG_PTR Signature)
{
    for (ULONG i = 0; i < ENTRIES; i++) {
        BOOLEAN Meant = Hashed[i].In && (Signature == 0 || Hashed[i].Signature == Signature);

        Wrong += Hashed[i].Seen != Meant;
        Hashed[i].Seen = 0;
    }
}

static VOID
LookUp(ULONG_PTR Signature)
{
    RTL_DYNAMIC_HASH_TABLE_CONTEXT Context;
    PRTL_DYNAMIC_HASH_TABLE_ENTRY Found;
    BOOLEAN Plain = RtlLookupEntryHashTable(Table, Signature, NULL) != NULL;
    ULONG Count = 0;

    RtlInitHashTableContext(&Context);
    for (Found = RtlLookupEntryHashTable(Table, Signature, &Context); Found != NULL;
         Found = RtlGetNextEntryHashTable(Table, &Context)) {
        Wrong += Found->Signature != Signature;
        CONTAINING_RECORD(Found, HASHED, Entry)->Seen++;
        Count++;
    }
    Wrong += Plain != (Count != 0);
    CheckSeen(Signature);
    RtlReleaseHashTableContext(&Context);
}

/* Some steps of one enumeration, all of another, then the rest of the first: they are in each other's way nowhere. */
static VOID
Enumerate(VOID)
{
    RTL_DYNAMIC_HASH_TABLE_ENUMERATOR First, Second;
    PRTL_DYNAMIC_HASH_TABLE_ENTRY Found;
    ULONG Count = CountIn(), Steps = Random(Count + 2);
    ULONG FirstSeen[ENTRIES] = {0};

    Wrong += !RtlInitEnumerationHashTable(Table, &First);
    Wrong += Table->NumEnumerators != 1;
    for (ULONG i = 0; i < Steps; i++) {
        Found = RtlEnumerateEntryHashTable(Table, &First);
        if (Found != NULL) {
            FirstSeen[CONTAINING_RECORD(Found, HASHED, Entry) - Hashed]++;
        }
        Wrong += (Found == NULL) != (i >= Count);
    }
    Wrong += !RtlInitEnumerationHashTable(Table, &Second);
    Wrong += Table->NumEnumerators != 2;
    while ((Found = RtlEnumerateEntryHashTable(Table, &Second)) != NULL) {
        CONTAINING_RECORD(Found, HASHED, Entry)->Seen++;
    }
    CheckSeen(0);
    LookUp((Random(SIGNATURES) + 1) * 3); /* the places of enumerations are no entries */
    Wrong += RtlExpandHashTable(Table) || RtlContractHashTable(Table); /* not while one is open */
    RtlEndEnumerationHashTable(Table, &Second);
    while ((Found = RtlEnumerateEntryHashTable(Table, &First)) != NULL) {
        FirstSeen[CONTAINING_RECORD(Found, HASHED, Entry) - Hashed]++;
    }
    RtlEndEnumerationHashTable(Table, &First);
    Wrong += Table->NumEnumerators != 0;
    for (ULONG i = 0; i < ENTRIES; i++) {
        Wrong += FirstSeen[i] != Hashed[i].In;
    }
}

static VOID
Change(VOID)
{
    HASHED *It = &Hashed[Random(ENTRIES)];
    RTL_DYNAMIC_HASH_TABLE_CONTEXT Context;

    RtlInitHashTableContext(&Context);
    if (It->In) {
        Wrong += !RtlRemoveEntryHashTable(Table, &It->Entry, Random(2) ? &Context : NULL);
    } else {
        It->Signature = (Random(SIGNATURES) + 1) * 3;
        Wrong +=
            !RtlInsertEntryHashTable(Table, &It->Entry, It->Signature, Random(2) ? &Context : NULL);
        Wrong += It->Entry.Signature != It->Signature;
    }
    It->In = !It->In;
}

static VOID
Walk(VOID)
{
    for (ULONG Round = 1; Round < 5; Round++) {
        ULONG Size;

        Seed = Round;
        Wrong = 0;
        EXPECT(RtlCreateHashTable(&Table, 0, 0));
        Size = Table->TableSize;
        for (ULONG Step = 0; Step < STEPS; Step++) {
            ULONG Choice = Random(10), Before = Table->TableSize;

            if (Choice < 6) {
                Change();
            } else if (Choice == 6) {
                Wrong += RtlExpandHashTable(Table) != (Table->TableSize == Before + 1);
            } else if (Choice == 7) {
                Wrong += RtlContractHashTable(Table) != (Table->TableSize == Before - 1);
            } else if (Choice == 8) {
                LookUp((Random(SIGNATURES) + 1) * 3);
            } else {
                Enumerate();
            }
            Wrong += Table->NumEntries != CountIn();
            Wrong += Table->NonEmptyBuckets > min(Table->NumEntries, Table->TableSize);
            Wrong += (Table->NonEmptyBuckets == 0) != (Table->NumEntries == 0);
        }
        Wrong += RtlLookupEntryHashTable(Table, 2, NULL) != NULL;
        for (ULONG i = 0; i < ENTRIES; i++) {
            if (Hashed[i].In) {
                RtlRemoveEntryHashTable(Table, &Hashed[i].Entry, NULL);
                Hashed[i].In = FALSE;
            }
        }
        while (RtlContractHashTable(Table)) {
        }
        EXPECT_EQ(Table->TableSize, Size); /* as it was created */
        EXPECT_EQ(Wrong, 0);
        RtlDeleteHashTable(Table);
    }
}

/* It grows from a bucket to many: each entry stays to be found, and each bucket has its part. */
static VOID
Grown(VOID)
{
    static HASHED Many[ENTRIES * 8];

    EXPECT(RtlCreateHashTable(&Table, 0, 0));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Many); i++) {
        RtlInsertEntryHashTable(Table, &Many[i].Entry, i * 7 + 1, NULL);
    }
    Wrong = 0;
    for (ULONG i = 0; i < 500; i++) {
        Wrong += !RtlExpandHashTable(Table);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Many); i++) {
        Wrong += RtlLookupEntryHashTable(Table, i * 7 + 1, NULL) != &Many[i].Entry;
    }
    EXPECT(Table->NonEmptyBuckets > RTL_NUMBER_OF(Many) / 4);
    for (ULONG i = 0; i < 500; i++) {
        Wrong += !RtlContractHashTable(Table);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Many); i++) {
        Wrong += RtlLookupEntryHashTable(Table, i * 7 + 1, NULL) != &Many[i].Entry;
        RtlRemoveEntryHashTable(Table, &Many[i].Entry, NULL);
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT(Table->NumEntries == 0 && Table->NonEmptyBuckets == 0);
    RtlDeleteHashTable(Table);
}

TEST_DRIVER(TEST(Walk), TEST(Grown))
