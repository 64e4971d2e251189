/*
 * gentable.c - generic tables on splay trees.
 *
 * An element is a header (splay links, insertion-order links) and the caller's data after it; the
 * caller's routines allocate, free and compare. Looking up, inserting and enumerating splay; so
 * even a search needs the caller's lock held exclusively, but for the WithoutSplaying form.
 *
 * Source: Microsoft Learn: RtlInitializeGenericTable and the pages that it links (ntddk.h).
 */
#include "nt/rtl/rtlp.h"

typedef struct _RTLP_ELEMENT {
    RTL_SPLAY_LINKS Links;
    LIST_ENTRY InsertOrder;
    UCHAR Data[];
} RTLP_ELEMENT, *PRTLP_ELEMENT;

C_ASSERT(FIELD_OFFSET(RTLP_ELEMENT, Data) == 40);

static PVOID
RtlpData(PRTL_SPLAY_LINKS Links)
{
    return ((PRTLP_ELEMENT)Links)->Data;
}

VOID NTAPI
RtlInitializeGenericTable(PRTL_GENERIC_TABLE Table, PRTL_GENERIC_COMPARE_ROUTINE CompareRoutine,
                          PRTL_GENERIC_ALLOCATE_ROUTINE AllocateRoutine,
                          PRTL_GENERIC_FREE_ROUTINE FreeRoutine, PVOID TableContext)
{
    Table->TableRoot = NULL;
    InitializeListHead(&Table->InsertOrderList);
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->WhichOrderedElement = 0;
    Table->NumberGenericTableElements = 0;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

static TABLE_SEARCH_RESULT
RtlpFindLinks(PRTL_GENERIC_TABLE Table, PVOID Buffer, PRTL_SPLAY_LINKS *NodeOrParent)
{
    PRTL_SPLAY_LINKS Links = Table->TableRoot;

    if (Links == NULL) {
        return TableEmptyTree;
    }
    for (;;) {
        RTL_GENERIC_COMPARE_RESULTS Order = Table->CompareRoutine(Table, Buffer, RtlpData(Links));

        *NodeOrParent = Links;
        if (Order == GenericEqual) {
            return TableFoundNode;
        }
        if (Order == GenericLessThan) {
            if (Links->LeftChild == NULL) {
                return TableInsertAsLeft;
            }
            Links = Links->LeftChild;
        } else {
            if (Links->RightChild == NULL) {
                return TableInsertAsRight;
            }
            Links = Links->RightChild;
        }
    }
}

PVOID NTAPI
RtlInsertElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                 PBOOLEAN NewElement, PVOID NodeOrParent,
                                 TABLE_SEARCH_RESULT SearchResult)
{
    PRTL_SPLAY_LINKS Links = NodeOrParent;

    if (SearchResult != TableFoundNode) {
        PRTL_SPLAY_LINKS Parent = NodeOrParent;
        PRTLP_ELEMENT Element =
            Table->AllocateRoutine(Table, BufferSize + FIELD_OFFSET(RTLP_ELEMENT, Data));

        if (Element == NULL) {
            if (NewElement != NULL) {
                *NewElement = FALSE;
            }
            return NULL;
        }
        Links = &Element->Links;
        Links->LeftChild = NULL;
        Links->RightChild = NULL;
        InsertTailList(&Table->InsertOrderList, &Element->InsertOrder);
        Table->NumberGenericTableElements++;
        if (SearchResult == TableEmptyTree) {
            Links->Parent = Links;
            Table->TableRoot = Links;
        } else {
            Links->Parent = Parent;
            if (SearchResult == TableInsertAsLeft) {
                Parent->LeftChild = Links;
            } else {
                Parent->RightChild = Links;
            }
        }
        memcpy(Element->Data, Buffer, BufferSize);
    }
    Table->TableRoot = RtlSplay(Links);
    if (NewElement != NULL) {
        *NewElement = SearchResult != TableFoundNode;
    }
    return RtlpData(Links);
}

PVOID NTAPI
RtlInsertElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize,
                             PBOOLEAN NewElement)
{
    PRTL_SPLAY_LINKS NodeOrParent = NULL;
    TABLE_SEARCH_RESULT Result = RtlpFindLinks(Table, Buffer, &NodeOrParent);

    return RtlInsertElementGenericTableFull(Table, Buffer, BufferSize, NewElement, NodeOrParent,
                                            Result);
}

BOOLEAN NTAPI
RtlDeleteElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    PRTL_SPLAY_LINKS Links = NULL;
    PRTLP_ELEMENT Element;

    if (RtlpFindLinks(Table, Buffer, &Links) != TableFoundNode) {
        return FALSE;
    }
    Element = (PRTLP_ELEMENT)Links;
    Table->TableRoot = RtlDelete(Links);
    RemoveEntryList(&Element->InsertOrder);
    Table->NumberGenericTableElements--;
    Table->WhichOrderedElement = 0;
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->FreeRoutine(Table, Element);
    return TRUE;
}

PVOID NTAPI
RtlLookupElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, PVOID *NodeOrParent,
                                 TABLE_SEARCH_RESULT *SearchResult)
{
    PRTL_SPLAY_LINKS Links = NULL;

    *SearchResult = RtlpFindLinks(Table, Buffer, &Links);
    *NodeOrParent = Links;
    if (*SearchResult != TableFoundNode) {
        return NULL;
    }
    Table->TableRoot = RtlSplay(Links);
    return RtlpData(Links);
}

PVOID NTAPI
RtlLookupElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    TABLE_SEARCH_RESULT Result;
    PVOID NodeOrParent;

    return RtlLookupElementGenericTableFull(Table, Buffer, &NodeOrParent, &Result);
}

static PRTL_SPLAY_LINKS
RtlpLeftmost(PRTL_SPLAY_LINKS Links)
{
    while (Links != NULL && Links->LeftChild != NULL) {
        Links = Links->LeftChild;
    }
    return Links;
}

/* The root is the element of the call before: a lookup in between moves the enumeration. */
PVOID NTAPI
RtlEnumerateGenericTable(PRTL_GENERIC_TABLE Table, BOOLEAN Restart)
{
    PRTL_SPLAY_LINKS Links;

    if (Table->TableRoot == NULL) {
        return NULL;
    }
    Links = Restart ? RtlpLeftmost(Table->TableRoot) : RtlRealSuccessor(Table->TableRoot);
    if (Links == NULL) {
        return NULL;
    }
    Table->TableRoot = RtlSplay(Links);
    return RtlpData(Links);
}

PVOID NTAPI
RtlEnumerateGenericTableWithoutSplaying(PRTL_GENERIC_TABLE Table, PVOID *RestartKey)
{
    PRTL_SPLAY_LINKS Links;

    if (Table->TableRoot == NULL) {
        return NULL;
    }
    Links = *RestartKey == NULL ? RtlpLeftmost(Table->TableRoot) : RtlRealSuccessor(*RestartKey);
    if (Links == NULL) {
        return NULL;
    }
    *RestartKey = Links;
    return RtlpData(Links);
}

/* In the order of insertion, counted from zero; from the last one asked for, or the nearer end. */
PVOID NTAPI
RtlGetElementGenericTable(PRTL_GENERIC_TABLE Table, ULONG I)
{
    ULONG Wanted = I + 1, At = Table->WhichOrderedElement;
    PLIST_ENTRY Entry = Table->OrderedPointer;

    if (I == MAXULONG || Wanted > Table->NumberGenericTableElements) {
        return NULL;
    }
    if (At > Table->NumberGenericTableElements || Wanted < At / 2) {
        At = 0;
        Entry = &Table->InsertOrderList;
    }
    for (; At < Wanted; At++) {
        Entry = Entry->Flink;
    }
    for (; At > Wanted; At--) {
        Entry = Entry->Blink;
    }
    Table->WhichOrderedElement = Wanted;
    Table->OrderedPointer = Entry;
    return CONTAINING_RECORD(Entry, RTLP_ELEMENT, InsertOrder)->Data;
}

ULONG NTAPI
RtlNumberGenericTableElements(PRTL_GENERIC_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

BOOLEAN NTAPI
RtlIsGenericTableEmpty(PRTL_GENERIC_TABLE Table)
{
    return Table->TableRoot == NULL;
}
