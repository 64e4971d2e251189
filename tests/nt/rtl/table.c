/*
 * table.c - generic tables, splay and AVL, against a plain array; sequenced lists.
 *
 * Sources: [DDI] the routine's page in ntddk.h.
 */
#include "../ntlab-test.h"

#define KEYS 256

typedef struct _RECORD {
    ULONG Key;
    ULONG Payload;
} RECORD;

static int Present[KEYS], Allocations;
static ULONG Random = 12345;
/* The caller's memory: one cell for each element, so that the test needs no pool. */
static DECLSPEC_ALIGN(16) UCHAR Cells[KEYS][64];
static int CellUsed[KEYS];

static ULONG
Next(VOID)
{
    Random = Random * 1664525 + 1013904223;
    return Random >> 8;
}

static PVOID
TakeCell(ULONG Size)
{
    int Index;

    for (Index = 0; Index < KEYS; Index++) {
        if (!CellUsed[Index] && Size <= sizeof(Cells[0])) {
            CellUsed[Index] = 1;
            Allocations++;
            return Cells[Index];
        }
    }
    return NULL;
}

static void
GiveCell(PVOID Cell)
{
    CellUsed[((UCHAR *)Cell - Cells[0]) / sizeof(Cells[0])] = 0;
    Allocations--;
}

static RTL_GENERIC_COMPARE_RESULTS
Order(PVOID A, PVOID B)
{
    ULONG X = ((RECORD *)A)->Key, Y = ((RECORD *)B)->Key;

    return X < Y ? GenericLessThan : X > Y ? GenericGreaterThan : GenericEqual;
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
Compare(PRTL_GENERIC_TABLE Table, PVOID A, PVOID B)
{
    UNREFERENCED_PARAMETER(Table);
    return Order(A, B);
}

static PVOID NTAPI
Allocate(PRTL_GENERIC_TABLE Table, CLONG Size)
{
    UNREFERENCED_PARAMETER(Table);
    return TakeCell(Size);
}

static VOID NTAPI
Free(PRTL_GENERIC_TABLE Table, PVOID Cell)
{
    UNREFERENCED_PARAMETER(Table);
    GiveCell(Cell);
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
CompareAvl(PRTL_AVL_TABLE Table, PVOID A, PVOID B)
{
    UNREFERENCED_PARAMETER(Table);
    return Order(A, B);
}

static PVOID NTAPI
AllocateAvl(PRTL_AVL_TABLE Table, CLONG Size)
{
    UNREFERENCED_PARAMETER(Table);
    return TakeCell(Size);
}

static VOID NTAPI
FreeAvl(PRTL_AVL_TABLE Table, PVOID Cell)
{
    UNREFERENCED_PARAMETER(Table);
    GiveCell(Cell);
}

/*
 * [DDI:RtlInsertElementGenericTable and others] the table holds what was inserted and not deleted,
 * in the order of its keys.
 */
static VOID
Splay(VOID)
{
    static RTL_GENERIC_TABLE Table;
    int Round, Bad = 0, Count = 0, Key;
    RECORD *Found;
    PVOID Restart = NULL;

    RtlInitializeGenericTable(&Table, Compare, Allocate, Free, NULL);
    EXPECT(RtlIsGenericTableEmpty(&Table));
    for (Round = 0; Round < 6000; Round++) {
        RECORD Record = {Next() % KEYS, Round};
        BOOLEAN New = FALSE;

        if (Next() % 2) {
            Found = RtlInsertElementGenericTable(&Table, &Record, sizeof(Record), &New);
            Bad += Found == NULL || Found->Key != Record.Key || New == Present[Record.Key];
            Count += New;
            Present[Record.Key] = 1;
        } else if (Next() % 2) {
            Bad += RtlDeleteElementGenericTable(&Table, &Record) != Present[Record.Key];
            Count -= Present[Record.Key];
            Present[Record.Key] = 0;
        } else {
            Found = RtlLookupElementGenericTable(&Table, &Record);
            Bad += (Found != NULL) != Present[Record.Key];
        }
        Bad += RtlNumberGenericTableElements(&Table) != (ULONG)Count;
        if (Round % 500 == 0) {
            Found = RtlEnumerateGenericTable(&Table, TRUE);
            Restart = NULL;
            for (Key = 0; Key < KEYS; Key++) {
                if (Present[Key]) {
                    RECORD *Other = RtlEnumerateGenericTableWithoutSplaying(&Table, &Restart);

                    Bad += Found == NULL || Found->Key != (ULONG)Key || Found != Other;
                    Found = RtlEnumerateGenericTable(&Table, FALSE);
                }
            }
            Bad += Found != NULL;
        }
    }
    EXPECT_EQ(Bad, 0);
    /* [DDI:RtlGetElementGenericTable] "in order of insertion". */
    while ((Found = RtlGetElementGenericTable(&Table, 0)) != NULL) {
        RECORD Record = *Found;

        Bad += !RtlDeleteElementGenericTable(&Table, &Record);
    }
    EXPECT(Bad == 0 && RtlIsGenericTableEmpty(&Table) && Allocations == 0);
    for (Key = 0; Key < 5; Key++) {
        RECORD Record = {(ULONG)(Key * 3 % 5), 0};

        RtlInsertElementGenericTable(&Table, &Record, sizeof(Record), NULL);
        Bad += ((RECORD *)RtlGetElementGenericTable(&Table, Key))->Key != (ULONG)(Key * 3 % 5);
    }
    for (Key = 0; Key < 5; Key++) {
        RECORD Record = {(ULONG)Key, 0};

        RtlDeleteElementGenericTable(&Table, &Record);
        Present[Key] = 0;
    }
    EXPECT(Bad == 0 && Allocations == 0);
}

static int
Depth(PRTL_BALANCED_LINKS Links, int *Bad)
{
    int Left, Right;

    if (Links == NULL) {
        return 0;
    }
    Left = Depth(Links->LeftChild, Bad);
    Right = Depth(Links->RightChild, Bad);
    *Bad += Right - Left != Links->Balance;
    return 1 + (Left > Right ? Left : Right);
}

static VOID
Avl(VOID)
{
    static RTL_AVL_TABLE Table;
    int Round, Bad = 0, Count = 0, Key, Index;
    RECORD *Found;

    memset(Present, 0, sizeof(Present));
    RtlInitializeGenericTableAvl(&Table, CompareAvl, AllocateAvl, FreeAvl, NULL);
    for (Round = 0; Round < 6000; Round++) {
        RECORD Record = {Next() % KEYS, Round};
        TABLE_SEARCH_RESULT Result;
        BOOLEAN New = FALSE;
        PVOID Place;

        if (Next() % 2) {
            Found = RtlInsertElementGenericTableAvl(&Table, &Record, sizeof(Record), &New);
            Bad += Found == NULL || Found->Key != Record.Key || New == Present[Record.Key];
            Count += New;
            Present[Record.Key] = 1;
        } else if (Next() % 2) {
            Bad += RtlDeleteElementGenericTableAvl(&Table, &Record) != Present[Record.Key];
            Count -= Present[Record.Key];
            Present[Record.Key] = 0;
        } else {
            Found = RtlLookupElementGenericTableFullAvl(&Table, &Record, &Place, &Result);
            Bad += (Result == TableFoundNode) != (Found != NULL) ||
                   (Result == TableEmptyTree) != (Count == 0);
            Bad += RtlLookupElementGenericTableAvl(&Table, &Record) != Found;
            Bad += (Found != NULL) != Present[Record.Key];
        }
        Bad += RtlNumberGenericTableElementsAvl(&Table) != (ULONG)Count;
        if (Round % 50 == 0) {
            Bad += Depth(Table.BalancedRoot.RightChild, &Bad) != (int)Table.DepthOfTree;
            Found = RtlEnumerateGenericTableAvl(&Table, TRUE);
            for (Key = 0, Index = 0; Key < KEYS; Key++) {
                if (Present[Key]) {
                    Bad += Found == NULL || Found->Key != (ULONG)Key;
                    Bad += RtlGetElementGenericTableAvl(&Table, Index++) != Found;
                    Found = RtlEnumerateGenericTableAvl(&Table, FALSE);
                }
            }
            Bad += Found != NULL;
        }
    }
    EXPECT_EQ(Bad, 0);
    while ((Found = RtlGetElementGenericTableAvl(&Table, 0)) != NULL) {
        RECORD Record = *Found;

        Bad += !RtlDeleteElementGenericTableAvl(&Table, &Record);
    }
    EXPECT(Bad == 0 && RtlIsGenericTableEmptyAvl(&Table) && Allocations == 0 &&
           Table.DepthOfTree == 0);
}

/* [DDI:ExInterlockedPushEntrySList] last in, first out; the depth counts. */
static VOID
SList(VOID)
{
    static DECLSPEC_ALIGN(16) SLIST_HEADER Head;
    static DECLSPEC_ALIGN(16) SLIST_ENTRY Entry[3];

    InitializeSListHead(&Head);
    EXPECT_EQ(ExQueryDepthSList(&Head), 0);
    EXPECT(ExpInterlockedPopEntrySList(&Head) == NULL);
    EXPECT(ExpInterlockedPushEntrySList(&Head, &Entry[0]) == NULL);
    EXPECT(ExpInterlockedPushEntrySList(&Head, &Entry[1]) == &Entry[0]);
    EXPECT(ExpInterlockedPushEntrySList(&Head, &Entry[2]) == &Entry[1]);
    EXPECT_EQ(ExQueryDepthSList(&Head), 3);
    EXPECT(ExpInterlockedPopEntrySList(&Head) == &Entry[2]);
    EXPECT(ExpInterlockedFlushSList(&Head) == &Entry[1]);
    EXPECT(Entry[1].Next == &Entry[0] && Entry[0].Next == NULL);
    EXPECT_EQ(ExQueryDepthSList(&Head), 0);
}

typedef struct _HASHED {
    RTL_DYNAMIC_HASH_TABLE_ENTRY Entry;
    ULONG_PTR Value;
} HASHED;

#define HASHED_COUNT 1000

static HASHED Hashed[HASHED_COUNT];

static ULONG_PTR
SignatureOf(int Index)
{
    return (ULONG_PTR)(Index / 2) * 7 + 1; /* two entries each */
}

/* Both entries of each signature are found, and each is enumerated once. */
static int
CountWrong(PRTL_DYNAMIC_HASH_TABLE Table)
{
    RTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator;
    RTL_DYNAMIC_HASH_TABLE_CONTEXT Context;
    PRTL_DYNAMIC_HASH_TABLE_ENTRY Entry;
    int Index, Wrong = 0, Seen = 0;

    for (Index = 0; Index < HASHED_COUNT; Index += 2) {
        Entry = RtlLookupEntryHashTable(Table, SignatureOf(Index), &Context);
        Wrong += Entry == NULL || Entry->Signature != SignatureOf(Index);
        Entry = RtlGetNextEntryHashTable(Table, &Context);
        Wrong += Entry == NULL || Entry->Signature != SignatureOf(Index);
        Wrong += RtlGetNextEntryHashTable(Table, &Context) != NULL;
    }
    Wrong += RtlLookupEntryHashTable(Table, 3, NULL) != NULL;
    RtlInitEnumerationHashTable(Table, &Enumerator);
    while ((Entry = RtlEnumerateEntryHashTable(Table, &Enumerator)) != NULL) {
        Seen++;
    }
    Wrong +=
        RtlExpandHashTable(Table); /* [DDI:RtlExpandHashTable] not while an enumeration is active */
    RtlEndEnumerationHashTable(Table, &Enumerator);
    return Wrong + (Seen != HASHED_COUNT);
}

/* [DDI:RtlCreateHashTable and others] */
static VOID
Hash(VOID)
{
    PRTL_DYNAMIC_HASH_TABLE Table = NULL;
    int Index;

    EXPECT(RtlCreateHashTable(&Table, 0, 0));
    for (Index = 0; Index < HASHED_COUNT; Index++) {
        RtlInsertEntryHashTable(Table, &Hashed[Index].Entry, SignatureOf(Index), NULL);
    }
    EXPECT_EQ(RtlTotalEntriesHashTable(Table), HASHED_COUNT);
    EXPECT_EQ(CountWrong(Table), 0);
    for (Index = 0; Index < 500; Index++) {
        RtlExpandHashTable(Table);
    }
    EXPECT_EQ(RtlTotalBucketsHashTable(Table), 628);
    EXPECT_EQ(CountWrong(Table), 0);
    for (Index = 0; Index < 400; Index++) {
        RtlContractHashTable(Table);
    }
    EXPECT_EQ(RtlTotalBucketsHashTable(Table), 228);
    EXPECT_EQ(CountWrong(Table), 0);
    for (Index = 0; Index < HASHED_COUNT; Index++) {
        RTL_DYNAMIC_HASH_TABLE_CONTEXT Context = {0};

        /* With a context, where it was is found again without a search: for the next insertion of that signature. */
        EXPECT(RtlRemoveEntryHashTable(Table, &Hashed[Index].Entry,
                                       Index % 100 == 0 ? &Context : NULL));
        if (Index % 100 == 0) {
            EXPECT_EQ(Context.Signature, SignatureOf(Index));
            EXPECT(
                RtlInsertEntryHashTable(Table, &Hashed[Index].Entry, SignatureOf(Index), &Context));
            EXPECT(RtlLookupEntryHashTable(Table, SignatureOf(Index), NULL) != NULL);
            EXPECT(RtlRemoveEntryHashTable(Table, &Hashed[Index].Entry, NULL));
        }
    }
    EXPECT_EQ(RtlTotalEntriesHashTable(Table) + RtlNonEmptyBucketsHashTable(Table), 0);
    RtlDeleteHashTable(Table);
}

/* [DDI:ntddk/rtllookupelementgenerictablefull], [DDI:ntddk/rtlinsertelementgenerictablefull]: a lookup says where an element is or would be, and an
   insertion needs not look again; [DDI:ntddk/rtlgetelementgenerictable]: by number, forwards and backwards, in the order in which they came. */
static VOID
Places(VOID)
{
    static RTL_GENERIC_TABLE Table;
    TABLE_SEARCH_RESULT Result;
    PVOID Place;
    BOOLEAN New;
    RECORD *Found;
    int Bad = 0;

    RtlInitializeGenericTable(&Table, Compare, Allocate, Free, NULL);
    EXPECT(RtlGetElementGenericTable(&Table, 0) == NULL);
    for (ULONG i = 0; i < 40; i++) {
        RECORD Record = {(i * 7) % 40 * 2, i};

        Found = RtlLookupElementGenericTableFull(&Table, &Record, &Place, &Result);
        Bad += Found != NULL || Result == TableFoundNode || (i == 0) != (Result == TableEmptyTree);
        New = FALSE;
        Found =
            RtlInsertElementGenericTableFull(&Table, &Record, sizeof(Record), &New, Place, Result);
        Bad += Found == NULL || !New || Found->Key != Record.Key || Found->Payload != i;
        Found = RtlLookupElementGenericTableFull(&Table, &Record, &Place, &Result);
        Bad += Found == NULL || Result != TableFoundNode || Found->Payload != i;
        Record.Payload = 1000;
        New = TRUE; /* there already: what is there is answered, and nothing changes */
        Found =
            RtlInsertElementGenericTableFull(&Table, &Record, sizeof(Record), &New, Place, Result);
        Bad += Found == NULL || New || Found->Payload != i;
        New = TRUE;
        Found = RtlInsertElementGenericTable(&Table, &Record, sizeof(Record), &New);
        Bad += Found == NULL || New || Found->Payload != i;
    }
    EXPECT_EQ(Bad, 0);
    EXPECT_EQ(RtlNumberGenericTableElements(&Table), 40);
    for (ULONG Round = 0; Round < 200; Round++) {
        ULONG At = Next() % 44;

        Found = RtlGetElementGenericTable(&Table, At);
        Bad += At < 40 ? Found == NULL || Found->Key != At * 7 % 40 * 2 : Found != NULL;
    }
    for (ULONG At = 40; At-- > 0;) {
        Found = RtlGetElementGenericTable(&Table, At);
        Bad += Found == NULL || Found->Key != At * 7 % 40 * 2;
    }
    EXPECT_EQ(Bad, 0);
    for (ULONG i = 0; i < 40; i++) { /* and after one has gone */
        RECORD Record = {i * 7 % 40 * 2, 0};

        Bad += !RtlDeleteElementGenericTable(&Table, &Record);
        Found = RtlGetElementGenericTable(&Table, 0);
        Bad += i == 39 ? Found != NULL : Found == NULL || Found->Key != (i + 1) * 7 % 40 * 2;
    }
    EXPECT_EQ(Bad, 0);
    EXPECT_EQ(Allocations, 0);
}

/* [DDI:ntddk/rtlrealsuccessor], [DDI:ntddk/rtldeletenosplay]: links of a tree without a table, the next and the one before in its order. */
static VOID
Links(VOID)
{
    static RTL_SPLAY_LINKS Node[32];
    PRTL_SPLAY_LINKS Root = &Node[16];
    int Bad = 0, Left = 31;

    for (int i = 1; i < 32; i++) {
        RtlInitializeSplayLinks(&Node[i]);
    }
    for (int Step = 8; Step >= 1; Step /= 2) { /* a full tree of 1 to 31 */
        for (int i = Step; i < 32; i += 2 * Step) {
            int Parent = (i / Step) % 4 == 1 ? i + Step : i - Step;

            if (i < Parent) {
                RtlInsertAsLeftChild(&Node[Parent], &Node[i]);
            } else {
                RtlInsertAsRightChild(&Node[Parent], &Node[i]);
            }
        }
    }
    for (int i = 1; i < 32; i++) {
        Bad += RtlRealSuccessor(&Node[i]) != (i == 31 ? NULL : &Node[i + 1]);
        Bad += RtlRealPredecessor(&Node[i]) != (i == 1 ? NULL : &Node[i - 1]);
    }
    Bad += RtlSubtreeSuccessor(Root) != &Node[17] || RtlSubtreePredecessor(Root) != &Node[15];
    Bad += RtlSubtreeSuccessor(&Node[31]) != NULL || RtlSubtreePredecessor(&Node[1]) != NULL;
    EXPECT_EQ(Bad, 0);
    for (int i = 0; i < 31; i++) { /* leaves, inner ones and roots go; the rest stays in order */
        int Gone = (i * 12 + 16) % 31 + 1, Seen = 0;
        PRTL_SPLAY_LINKS At, Last = NULL;

        RtlDeleteNoSplay(&Node[Gone], &Root);
        Left--;
        Bad += (Root == NULL) != (Left == 0) || (Root != NULL && !RtlIsRoot(Root));
        for (At = Root; At != NULL && RtlLeftChild(At) != NULL; At = RtlLeftChild(At)) {
        }
        for (; At != NULL && Seen <= Left; At = RtlRealSuccessor(At)) {
            Bad += Last != NULL && At <= Last;
            Last = At;
            Seen++;
        }
        Bad += Seen != Left;
    }
    EXPECT_EQ(Bad, 0);
}

/* [DDI:ntddk/rtlsplay]: the link becomes the root; the order stays, and by rotations in pairs a path becomes half as long. */
static VOID
Halved(VOID)
{
    static RTL_SPLAY_LINKS Node[65];

    for (int Bent = 0; Bent < 3; Bent++) { /* all to the left, all to the right, to and fro */
        PRTL_SPLAY_LINKS Below = &Node[64], At, Order[65];
        int Count = 0, Deepest = 0, Bad = 0;

        for (int i = 0; i <= 64; i++) {
            RtlInitializeSplayLinks(&Node[i]);
        }
        for (int i = 1; i <= 64; i++) {
            if (Bent == 0 || (Bent == 2 && i % 2 == 0)) {
                RtlInsertAsLeftChild(&Node[i - 1], &Node[i]);
            } else {
                RtlInsertAsRightChild(&Node[i - 1], &Node[i]);
            }
        }
        for (At = &Node[0]; RtlLeftChild(At) != NULL; At = RtlLeftChild(At)) {
        }
        for (; At != NULL && Count < 65; At = RtlRealSuccessor(At)) {
            Order[Count++] = At;
        }
        EXPECT_EQ(Count, 65);
        EXPECT_EQ(RtlSplay(Below), Below);
        EXPECT(RtlIsRoot(Below));
        for (At = Below; RtlLeftChild(At) != NULL; At = RtlLeftChild(At)) {
        }
        for (Count = 0; At != NULL && Count < 65; At = RtlRealSuccessor(At)) {
            int Depth = 0;

            Bad += At != Order[Count++];
            for (PRTL_SPLAY_LINKS Up = At; !RtlIsRoot(Up) && Depth < 65; Up = RtlParent(Up)) {
                Bad += RtlLeftChild(RtlParent(Up)) != Up && RtlRightChild(RtlParent(Up)) != Up;
                Depth++;
            }
            Deepest = max(Deepest, Depth);
        }
        EXPECT_EQ(Bad, 0);
        EXPECT_EQ(Count, 65);
        EXPECT_EQ(Deepest, Bent == 2 ? 32 : 33);
    }
}

TEST_DRIVER(TEST(Halved), TEST(Splay), TEST(Avl), TEST(SList), TEST(Hash), TEST(Places),
            TEST(Links))
