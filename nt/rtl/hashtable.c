/*
 * hashtable.c - RTL_DYNAMIC_HASH_TABLE: chains of the caller's entries, in a number of buckets that
 * the caller makes grow and shrink one at a time (linear hashing: Litwin, 1980).
 *
 *   H1  Buckets below Pivot have been split: their entries hash with twice the mask. TableSize is
 *       DivisorMask + 1 + Pivot.
 *   H2  A chain keeps entries of equal signatures together, so that RtlGetNextEntryHashTable walks
 *       on.
 *   H3  An enumerator is an entry with the reserved signature 0, in the chain before what comes
 *       next. The table neither grows nor shrinks while there is one. A weak enumerator is the same
 *       here.
 *   H4  Buckets lie in segments that never move: the first holds 128, each further one as many as
 *       all before it.
 *
 * Source: Microsoft Learn: RtlCreateHashTable and the routines beside it (ntddk.h).
 */
#include "nt/rtl/rtlp.h"

#define FIRST_SEGMENT 128
#define SEGMENTS      20
#define HASH_TAG      'baTH'

typedef struct _RTLP_DIRECTORY {
    PLIST_ENTRY Segment[SEGMENTS];
} RTLP_DIRECTORY, *PRTLP_DIRECTORY;

static ULONG
RtlpSegment(ULONG Bucket, PULONG Offset)
{
    ULONG Segment = Bucket < FIRST_SEGMENT ? 0 : 25 - (ULONG)__builtin_clz(Bucket);

    *Offset = Segment == 0 ? Bucket : Bucket - (FIRST_SEGMENT << (Segment - 1));
    return Segment;
}

static PLIST_ENTRY
RtlpChain(PRTL_DYNAMIC_HASH_TABLE Table, ULONG Bucket)
{
    ULONG Offset, Segment = RtlpSegment(Bucket, &Offset);

    return &((PRTLP_DIRECTORY)Table->Directory)->Segment[Segment][Offset];
}

static ULONG
RtlpBucket(PRTL_DYNAMIC_HASH_TABLE Table, ULONG_PTR Signature)
{
    ULONG Hash = (ULONG)(Signature >> Table->Shift), Bucket;

    Hash = Hash * 0x9E3779B1 >> 8 ^ Hash;
    Bucket = Hash & Table->DivisorMask;
    return Bucket < Table->Pivot ? Hash & (Table->DivisorMask << 1 | 1) : Bucket; /* H1 */
}

static ULONG_PTR
RtlpSignature(PLIST_ENTRY Linkage)
{
    return CONTAINING_RECORD(Linkage, RTL_DYNAMIC_HASH_TABLE_ENTRY, Linkage)->Signature;
}

/* An enumerator alone makes no bucket nonempty. */
static BOOLEAN
RtlpHasEntries(PLIST_ENTRY Chain)
{
    PLIST_ENTRY Link;

    for (Link = Chain->Flink; Link != Chain; Link = Link->Flink) {
        if (RtlpSignature(Link) != RTL_HASH_RESERVED_SIGNATURE) {
            return TRUE;
        }
    }
    return FALSE;
}

static PLIST_ENTRY
RtlpNewSegment(ULONG Buckets)
{
    PLIST_ENTRY Segment =
        ExAllocatePoolWithTag(NonPagedPool, Buckets * sizeof(LIST_ENTRY), HASH_TAG);
    ULONG Index;

    for (Index = 0; Segment != NULL && Index < Buckets; Index++) {
        InitializeListHead(&Segment[Index]);
    }
    return Segment;
}

BOOLEAN NTAPI
RtlCreateHashTable(PRTL_DYNAMIC_HASH_TABLE *HashTable, ULONG Shift, ULONG Flags)
{
    PRTL_DYNAMIC_HASH_TABLE Table = *HashTable;
    PRTLP_DIRECTORY Directory;

    if (Flags != 0) {
        return FALSE;
    }
    if (Table == NULL) {
        Table = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Table), HASH_TAG);
        if (Table == NULL) {
            return FALSE;
        }
        Flags = RTL_HASH_ALLOCATED_HEADER;
    }
    memset(Table, 0, sizeof(*Table));
    Directory = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Directory), HASH_TAG);
    if (Directory == NULL) {
        goto FreeTable;
    }
    memset(Directory, 0, sizeof(*Directory));
    Directory->Segment[0] = RtlpNewSegment(FIRST_SEGMENT);
    if (Directory->Segment[0] == NULL) {
        goto FreeDirectory;
    }
    Table->Flags = Flags;
    Table->Shift = Shift;
    Table->TableSize = FIRST_SEGMENT;
    Table->DivisorMask = FIRST_SEGMENT - 1;
    Table->Directory = Directory;
    *HashTable = Table;
    return TRUE;

FreeDirectory:
    ExFreePoolWithTag(Directory, HASH_TAG);
FreeTable:
    if (Flags & RTL_HASH_ALLOCATED_HEADER) {
        ExFreePoolWithTag(Table, HASH_TAG);
    }
    return FALSE;
}

VOID NTAPI
RtlDeleteHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable)
{
    PRTLP_DIRECTORY Directory = HashTable->Directory;
    ULONG Index;

    for (Index = 0; Index < SEGMENTS && Directory->Segment[Index] != NULL; Index++) {
        ExFreePoolWithTag(Directory->Segment[Index], HASH_TAG);
    }
    ExFreePoolWithTag(Directory, HASH_TAG);
    if (HashTable->Flags & RTL_HASH_ALLOCATED_HEADER) {
        ExFreePoolWithTag(HashTable, HASH_TAG);
    }
}

/*
 * Where entries with this signature begin, or would: the context is the chain and the link before.
 */
static PLIST_ENTRY
RtlpLocate(PRTL_DYNAMIC_HASH_TABLE Table, ULONG_PTR Signature,
           PRTL_DYNAMIC_HASH_TABLE_CONTEXT Context)
{
    PLIST_ENTRY Chain = RtlpChain(Table, RtlpBucket(Table, Signature)), Link;

    for (Link = Chain->Flink; Link != Chain && RtlpSignature(Link) < Signature;
         Link = Link->Flink) {
    }
    while (Link != Chain && RtlpSignature(Link) == RTL_HASH_RESERVED_SIGNATURE) {
        Link = Link->Flink;
    }
    Context->ChainHead = Chain;
    Context->PrevLinkage = Link->Blink;
    Context->Signature = Signature;
    return Link != Chain && RtlpSignature(Link) == Signature ? Link : NULL;
}

/* Signature 0 is an enumerator's: such an entry gets 1. */
BOOLEAN NTAPI
RtlInsertEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable, PRTL_DYNAMIC_HASH_TABLE_ENTRY Entry,
                        ULONG_PTR Signature, PRTL_DYNAMIC_HASH_TABLE_CONTEXT Context)
{
    RTL_DYNAMIC_HASH_TABLE_CONTEXT Own;

    if (Signature == RTL_HASH_RESERVED_SIGNATURE) {
        Signature++;
    }
    Entry->Signature = Signature;
    if (Context == NULL || Context->ChainHead == NULL) {
        Context = Context != NULL ? Context : &Own;
        RtlpLocate(HashTable, Signature, Context);
    }
    HashTable->NumEntries++;
    if (!RtlpHasEntries(Context->ChainHead)) {
        HashTable->NonEmptyBuckets++;
    }
    InsertHeadList(Context->PrevLinkage, &Entry->Linkage);
    return TRUE;
}

BOOLEAN NTAPI
RtlRemoveEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable, PRTL_DYNAMIC_HASH_TABLE_ENTRY Entry,
                        PRTL_DYNAMIC_HASH_TABLE_CONTEXT Context)
{
    PLIST_ENTRY Chain = RtlpChain(HashTable, RtlpBucket(HashTable, Entry->Signature));

    if (Context != NULL) {
        Context->ChainHead = Chain;
        Context->PrevLinkage = Entry->Linkage.Blink;
        Context->Signature = Entry->Signature;
    }
    RemoveEntryList(&Entry->Linkage);
    HashTable->NumEntries--;
    if (!RtlpHasEntries(Chain)) {
        HashTable->NonEmptyBuckets--;
    }
    return TRUE;
}

PRTL_DYNAMIC_HASH_TABLE_ENTRY NTAPI
RtlLookupEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable, ULONG_PTR Signature,
                        PRTL_DYNAMIC_HASH_TABLE_CONTEXT Context)
{
    RTL_DYNAMIC_HASH_TABLE_CONTEXT Own;
    PLIST_ENTRY Link;

    if (Signature == RTL_HASH_RESERVED_SIGNATURE) {
        Signature++;
    }
    Link = RtlpLocate(HashTable, Signature, Context != NULL ? Context : &Own);
    return Link != NULL ? CONTAINING_RECORD(Link, RTL_DYNAMIC_HASH_TABLE_ENTRY, Linkage) : NULL;
}

PRTL_DYNAMIC_HASH_TABLE_ENTRY NTAPI
RtlGetNextEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable, PRTL_DYNAMIC_HASH_TABLE_CONTEXT Context)
{
    PLIST_ENTRY Link =
        Context->PrevLinkage->Flink->Flink; /* after the one that was returned last */

    UNREFERENCED_PARAMETER(HashTable);
    while (Link != Context->ChainHead && RtlpSignature(Link) == RTL_HASH_RESERVED_SIGNATURE) {
        Link = Link->Flink;
    }
    if (Link == Context->ChainHead || RtlpSignature(Link) != Context->Signature) {
        return NULL;
    }
    Context->PrevLinkage = Link->Blink;
    return CONTAINING_RECORD(Link, RTL_DYNAMIC_HASH_TABLE_ENTRY, Linkage);
}

BOOLEAN NTAPI
RtlInitEnumerationHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                            PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    Enumerator->BucketIndex = 0;
    Enumerator->ChainHead = RtlpChain(HashTable, 0);
    Enumerator->HashEntry.Signature = RTL_HASH_RESERVED_SIGNATURE;
    InsertHeadList(Enumerator->ChainHead, &Enumerator->HashEntry.Linkage);
    HashTable->NumEnumerators++;
    return TRUE;
}

PRTL_DYNAMIC_HASH_TABLE_ENTRY NTAPI
RtlEnumerateEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                           PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    for (;;) {
        PLIST_ENTRY Link = Enumerator->HashEntry.Linkage.Flink;

        while (Link != Enumerator->ChainHead &&
               RtlpSignature(Link) == RTL_HASH_RESERVED_SIGNATURE) {
            Link = Link->Flink;
        }
        RemoveEntryList(&Enumerator->HashEntry.Linkage);
        if (Link != Enumerator->ChainHead) {
            InsertHeadList(Link, &Enumerator->HashEntry.Linkage);
            return CONTAINING_RECORD(Link, RTL_DYNAMIC_HASH_TABLE_ENTRY, Linkage);
        }
        if (Enumerator->BucketIndex + 1 == HashTable->TableSize) {
            InsertTailList(Enumerator->ChainHead, &Enumerator->HashEntry.Linkage);
            return NULL;
        }
        Enumerator->ChainHead = RtlpChain(HashTable, ++Enumerator->BucketIndex);
        InsertHeadList(Enumerator->ChainHead, &Enumerator->HashEntry.Linkage);
    }
}

VOID NTAPI
RtlEndEnumerationHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                           PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    RemoveEntryList(&Enumerator->HashEntry.Linkage);
    Enumerator->ChainHead = NULL;
    HashTable->NumEnumerators--;
}

BOOLEAN NTAPI
RtlInitWeakEnumerationHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                                PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    return RtlInitEnumerationHashTable(HashTable, Enumerator);
}

PRTL_DYNAMIC_HASH_TABLE_ENTRY NTAPI
RtlWeaklyEnumerateEntryHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                                 PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    return RtlEnumerateEntryHashTable(HashTable, Enumerator);
}

VOID NTAPI
RtlEndWeakEnumerationHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable,
                               PRTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator)
{
    RtlEndEnumerationHashTable(HashTable, Enumerator);
}

/* Moves those entries of From that now hash to To. From's order (H2) is kept in both. */
static VOID
RtlpMove(PRTL_DYNAMIC_HASH_TABLE Table, PLIST_ENTRY From, PLIST_ENTRY To, ULONG Bucket)
{
    PLIST_ENTRY Link, Next;

    for (Link = From->Flink; Link != From; Link = Next) {
        PLIST_ENTRY Place = To->Flink;

        Next = Link->Flink;
        if (RtlpBucket(Table, RtlpSignature(Link)) != Bucket) {
            continue;
        }
        while (Place != To && RtlpSignature(Place) <= RtlpSignature(Link)) {
            Place = Place->Flink;
        }
        RemoveEntryList(Link);
        InsertTailList(Place, Link);
    }
}

BOOLEAN NTAPI
RtlExpandHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable)
{
    PRTLP_DIRECTORY Directory = HashTable->Directory;
    ULONG Bucket = HashTable->TableSize, Offset, Segment = RtlpSegment(Bucket, &Offset);
    PLIST_ENTRY From, To;

    if (HashTable->NumEnumerators != 0 || Segment == SEGMENTS) { /* H3 */
        return FALSE;
    }
    if (Directory->Segment[Segment] == NULL) {
        Directory->Segment[Segment] = RtlpNewSegment(FIRST_SEGMENT << (Segment - 1)); /* H4 */
        if (Directory->Segment[Segment] == NULL) {
            return FALSE;
        }
    }
    From = RtlpChain(HashTable, HashTable->Pivot);
    To = RtlpChain(HashTable, Bucket);
    HashTable->NonEmptyBuckets -= !IsListEmpty(From);
    HashTable->TableSize++;
    HashTable->Pivot++;
    RtlpMove(HashTable, From, To, Bucket);
    HashTable->NonEmptyBuckets += !IsListEmpty(From) + !IsListEmpty(To);
    if (HashTable->Pivot > HashTable->DivisorMask) {
        HashTable->DivisorMask = HashTable->DivisorMask << 1 | 1;
        HashTable->Pivot = 0;
    }
    return TRUE;
}

BOOLEAN NTAPI
RtlContractHashTable(PRTL_DYNAMIC_HASH_TABLE HashTable)
{
    PLIST_ENTRY From, To;

    if (HashTable->NumEnumerators != 0 || HashTable->TableSize == FIRST_SEGMENT) {
        return FALSE;
    }
    if (HashTable->Pivot == 0) {
        HashTable->DivisorMask >>= 1;
        HashTable->Pivot = HashTable->DivisorMask + 1;
    }
    HashTable->TableSize--;
    HashTable->Pivot--;
    From = RtlpChain(HashTable, HashTable->TableSize);
    To = RtlpChain(HashTable, HashTable->Pivot);
    HashTable->NonEmptyBuckets -= !IsListEmpty(From) + !IsListEmpty(To);
    RtlpMove(HashTable, From, To, HashTable->Pivot);
    HashTable->NonEmptyBuckets += !IsListEmpty(To);
    return TRUE;
}
