/*
 * avltable.c - generic tables on AVL trees: a search changes nothing, so readers can share.
 *
 * The root hangs as right child of Table->BalancedRoot, which is its own parent. An element is its
 * links and the caller's data after them. Balance is the depth of the right subtree less that of
 * the left: -1, 0, 1 (Adelson-Velsky and Landis; Knuth, "The Art of Computer Programming", 6.2.3).
 *
 * Source: Microsoft Learn: RtlInitializeGenericTableAvl and the pages that it links (ntddk.h).
 */
#include "nt/rtl/rtlp.h"

typedef PRTL_BALANCED_LINKS PLINKS;

C_ASSERT(sizeof(RTL_BALANCED_LINKS) == 32);

static PVOID
RtlpAvlData(PLINKS Links)
{
    return Links + 1;
}

VOID NTAPI
RtlInitializeGenericTableAvl(PRTL_AVL_TABLE Table, PRTL_AVL_COMPARE_ROUTINE CompareRoutine,
                             PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine,
                             PRTL_AVL_FREE_ROUTINE FreeRoutine, PVOID TableContext)
{
    memset(Table, 0, sizeof(*Table));
    Table->BalancedRoot.Parent = &Table->BalancedRoot;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

static TABLE_SEARCH_RESULT
RtlpAvlFind(PRTL_AVL_TABLE Table, PVOID Buffer, PLINKS *NodeOrParent)
{
    PLINKS Links = Table->BalancedRoot.RightChild;

    if (Links == NULL) {
        return TableEmptyTree;
    }
    for (;;) {
        RTL_GENERIC_COMPARE_RESULTS Order =
            Table->CompareRoutine(Table, Buffer, RtlpAvlData(Links));

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

static VOID
RtlpAvlReplace(PLINKS Old, PLINKS New)
{
    if (Old->Parent->LeftChild == Old) {
        Old->Parent->LeftChild = New;
    } else {
        Old->Parent->RightChild = New;
    }
    if (New != NULL) {
        New->Parent = Old->Parent;
    }
}

/* Moves Links above its parent; the balances are the caller's to set. */
static VOID
RtlpAvlRotateUp(PLINKS Links)
{
    PLINKS Parent = Links->Parent, Moved;

    RtlpAvlReplace(Parent, Links);
    if (Parent->LeftChild == Links) {
        Moved = Links->RightChild;
        Parent->LeftChild = Moved;
        Links->RightChild = Parent;
    } else {
        Moved = Links->LeftChild;
        Parent->RightChild = Moved;
        Links->LeftChild = Parent;
    }
    Parent->Parent = Links;
    if (Moved != NULL) {
        Moved->Parent = Parent;
    }
}

/*
 * Links leans by two to Side (-1 left, 1 right). Returns the subtree's new top; its depth fell
 * unless the top leans.
 */
static PLINKS
RtlpAvlRebalance(PLINKS Links, CHAR Side)
{
    PLINKS Child = Side < 0 ? Links->LeftChild : Links->RightChild, Grandchild;

    if (Child->Balance != -Side) {
        RtlpAvlRotateUp(Child);
        if (Child->Balance == 0) { /* only after a removal: the depth stays */
            Links->Balance = Side;
            Child->Balance = -Side;
        } else {
            Links->Balance = 0;
            Child->Balance = 0;
        }
        return Child;
    }
    Grandchild = Side < 0 ? Child->RightChild : Child->LeftChild;
    RtlpAvlRotateUp(Grandchild);
    RtlpAvlRotateUp(Grandchild);
    Links->Balance = Grandchild->Balance == Side ? -Side : 0;
    Child->Balance = Grandchild->Balance == -Side ? Side : 0;
    Grandchild->Balance = 0;
    return Grandchild;
}

PVOID NTAPI
RtlInsertElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                    PBOOLEAN NewElement, PVOID NodeOrParent,
                                    TABLE_SEARCH_RESULT SearchResult)
{
    PLINKS Links, Parent = NodeOrParent;

    if (NewElement != NULL) {
        *NewElement = FALSE;
    }
    if (SearchResult == TableFoundNode) {
        return RtlpAvlData(NodeOrParent);
    }
    Links = Table->AllocateRoutine(Table, BufferSize + sizeof(RTL_BALANCED_LINKS));
    if (Links == NULL) {
        return NULL;
    }
    memset(Links, 0, sizeof(*Links));
    memcpy(RtlpAvlData(Links), Buffer, BufferSize);
    Table->NumberGenericTableElements++;
    Table->OrderedPointer = NULL;
    Table->WhichOrderedElement = 0;
    if (NewElement != NULL) {
        *NewElement = TRUE;
    }
    if (SearchResult == TableEmptyTree) {
        Links->Parent = &Table->BalancedRoot;
        Table->BalancedRoot.RightChild = Links;
        Table->DepthOfTree = 1;
        return RtlpAvlData(Links);
    }
    Links->Parent = Parent;
    if (SearchResult == TableInsertAsLeft) {
        Parent->LeftChild = Links;
    } else {
        Parent->RightChild = Links;
    }
    for (PLINKS Child = Links;; Child = Parent) {
        CHAR Side;

        Parent = Child->Parent;
        if (Parent == &Table->BalancedRoot) {
            Table->DepthOfTree++;
            break;
        }
        Side = Parent->LeftChild == Child ? -1 : 1;
        if (Parent->Balance == 0) {
            Parent->Balance = Side; /* it is deeper now; its parent sees that */
            continue;
        }
        if (Parent->Balance == Side) {
            RtlpAvlRebalance(Parent, Side);
        } else {
            Parent->Balance = 0;
        }
        break;
    }
    return RtlpAvlData(Links);
}

PVOID NTAPI
RtlInsertElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize,
                                PBOOLEAN NewElement)
{
    PLINKS NodeOrParent = NULL;
    TABLE_SEARCH_RESULT Result = RtlpAvlFind(Table, Buffer, &NodeOrParent);

    return RtlInsertElementGenericTableFullAvl(Table, Buffer, BufferSize, NewElement, NodeOrParent,
                                               Result);
}

static PLINKS
RtlpAvlFirst(PRTL_AVL_TABLE Table)
{
    PLINKS Links = Table->BalancedRoot.RightChild;

    while (Links != NULL && Links->LeftChild != NULL) {
        Links = Links->LeftChild;
    }
    return Links;
}

/* The root is a right child of BalancedRoot, which ends the climb. */
static PLINKS
RtlpAvlNext(PRTL_AVL_TABLE Table, PLINKS Links)
{
    if (Links->RightChild != NULL) {
        Links = Links->RightChild;
        while (Links->LeftChild != NULL) {
            Links = Links->LeftChild;
        }
        return Links;
    }
    while (Links->Parent != &Table->BalancedRoot && Links->Parent->RightChild == Links) {
        Links = Links->Parent;
    }
    return Links->Parent == &Table->BalancedRoot ? NULL : Links->Parent;
}

static PLINKS
RtlpAvlPrevious(PRTL_AVL_TABLE Table, PLINKS Links)
{
    if (Links->LeftChild != NULL) {
        Links = Links->LeftChild;
        while (Links->RightChild != NULL) {
            Links = Links->RightChild;
        }
        return Links;
    }
    while (Links->Parent != &Table->BalancedRoot && Links->Parent->LeftChild == Links) {
        Links = Links->Parent;
    }
    return Links->Parent == &Table->BalancedRoot ? NULL : Links->Parent;
}

static VOID
RtlpAvlUnlink(PRTL_AVL_TABLE Table, PLINKS Links)
{
    PLINKS Out = Links, Parent;
    CHAR Side;

    /* With two children a neighbour from the deeper side leaves its place, to stand in below. */
    if (Links->LeftChild != NULL && Links->RightChild != NULL) {
        Out = Links->Balance >= 0 ? RtlpAvlNext(Table, Links) : RtlpAvlPrevious(Table, Links);
    }
    Parent = Out->Parent;
    Side = Parent->LeftChild == Out ? -1 : 1;
    RtlpAvlReplace(Out, Out->LeftChild != NULL ? Out->LeftChild : Out->RightChild);

    /* The Side of Parent is shallower now. */
    while (Parent != &Table->BalancedRoot) {
        if (Parent->Balance == 0) {
            Parent->Balance = -Side;
            break;
        }
        if (Parent->Balance == Side) {
            Parent->Balance = 0;
        } else {
            Parent = RtlpAvlRebalance(Parent, -Side);
            if (Parent->Balance != 0) {
                break;
            }
        }
        Side = Parent->Parent->LeftChild == Parent ? -1 : 1;
        Parent = Parent->Parent;
    }
    if (Parent == &Table->BalancedRoot) {
        Table->DepthOfTree--;
    }

    if (Out != Links) {
        RtlpAvlReplace(Links, Out);
        Out->Balance = Links->Balance;
        Out->LeftChild = Links->LeftChild;
        Out->RightChild = Links->RightChild;
        if (Out->LeftChild != NULL) {
            Out->LeftChild->Parent = Out;
        }
        if (Out->RightChild != NULL) {
            Out->RightChild->Parent = Out;
        }
    }
}

BOOLEAN NTAPI
RtlDeleteElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    PLINKS Links = NULL;

    if (RtlpAvlFind(Table, Buffer, &Links) != TableFoundNode) {
        return FALSE;
    }
    /* An enumeration that stands here goes on with the one after the one before. */
    if (Links == Table->RestartKey) {
        Table->RestartKey = RtlpAvlPrevious(Table, Links);
    }
    Table->DeleteCount++;
    RtlpAvlUnlink(Table, Links);
    Table->NumberGenericTableElements--;
    Table->WhichOrderedElement = 0;
    Table->OrderedPointer = NULL;
    Table->FreeRoutine(Table, Links);
    return TRUE;
}

PVOID NTAPI
RtlLookupElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID *NodeOrParent,
                                    TABLE_SEARCH_RESULT *SearchResult)
{
    PLINKS Links = NULL;

    *SearchResult = RtlpAvlFind(Table, Buffer, &Links);
    *NodeOrParent = Links;
    return *SearchResult == TableFoundNode ? RtlpAvlData(Links) : NULL;
}

PVOID NTAPI
RtlLookupElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    TABLE_SEARCH_RESULT Result;
    PVOID NodeOrParent;

    return RtlLookupElementGenericTableFullAvl(Table, Buffer, &NodeOrParent, &Result);
}

/* Of several that compare equal (a match on a part of the key) the first in order. */
PVOID NTAPI
RtlLookupFirstMatchingElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID *RestartKey)
{
    PLINKS Links = NULL, Before;

    *RestartKey = NULL;
    if (RtlpAvlFind(Table, Buffer, &Links) != TableFoundNode) {
        return NULL;
    }
    while ((Before = RtlpAvlPrevious(Table, Links)) != NULL &&
           Table->CompareRoutine(Table, Buffer, RtlpAvlData(Before)) == GenericEqual) {
        Links = Before;
    }
    *RestartKey = Links;
    return RtlpAvlData(Links);
}

PVOID NTAPI
RtlEnumerateGenericTableWithoutSplayingAvl(PRTL_AVL_TABLE Table, PVOID *RestartKey)
{
    PLINKS Links;

    if (Table->NumberGenericTableElements == 0) {
        return NULL;
    }
    Links = *RestartKey == NULL ? RtlpAvlFirst(Table) : RtlpAvlNext(Table, *RestartKey);
    if (Links == NULL) {
        return NULL;
    }
    *RestartKey = Links;
    return RtlpAvlData(Links);
}

PVOID NTAPI
RtlEnumerateGenericTableAvl(PRTL_AVL_TABLE Table, BOOLEAN Restart)
{
    if (Restart) {
        Table->RestartKey = NULL;
    }
    return RtlEnumerateGenericTableWithoutSplayingAvl(Table, (PVOID *)&Table->RestartKey);
}

/*
 * From the element that Buffer names, or where it would be: NextFlag skips it. MatchFunction says
 * whether an element is wanted (STATUS_SUCCESS), not (STATUS_NO_MATCH), or that none will be
 * (STATUS_NO_MORE_MATCHES). RestartKey spares the search while nothing was deleted since.
 */
PVOID NTAPI
RtlEnumerateGenericTableLikeADirectory(PRTL_AVL_TABLE Table, PRTL_AVL_MATCH_FUNCTION MatchFunction,
                                       PVOID MatchData, ULONG NextFlag, PVOID *RestartKey,
                                       PULONG DeleteCount, PVOID Buffer)
{
    PLINKS Links = *RestartKey;

    if (Table->NumberGenericTableElements == 0) {
        *RestartKey = NULL;
        return NULL;
    }
    if (*DeleteCount != Table->DeleteCount) {
        Links = NULL;
    }
    if (Links == NULL) {
        TABLE_SEARCH_RESULT Result = RtlpAvlFind(Table, Buffer, &Links);

        if (Result == TableInsertAsRight || (Result == TableFoundNode && NextFlag)) {
            Links = RtlpAvlNext(Table, Links);
        }
    } else if (NextFlag) {
        Links = RtlpAvlNext(Table, Links);
    }
    for (; Links != NULL; Links = RtlpAvlNext(Table, Links)) {
        NTSTATUS Status = MatchFunction != NULL
                              ? MatchFunction(Table, RtlpAvlData(Links), MatchData)
                              : STATUS_SUCCESS;

        if (Status == STATUS_NO_MORE_MATCHES) {
            return NULL;
        }
        if (Status == STATUS_SUCCESS) {
            *RestartKey = Links;
            *DeleteCount = Table->DeleteCount;
            return RtlpAvlData(Links);
        }
    }
    return NULL;
}

/* In the order of the keys, counted from zero. */
PVOID NTAPI
RtlGetElementGenericTableAvl(PRTL_AVL_TABLE Table, ULONG I)
{
    PLINKS Links = Table->OrderedPointer;
    ULONG At = Table->WhichOrderedElement;

    if (I == MAXULONG || I >= Table->NumberGenericTableElements) {
        return NULL;
    }
    if (Links == NULL || I + 1 < At / 2) {
        Links = RtlpAvlFirst(Table);
        At = 1;
    }
    for (; At < I + 1; At++) {
        Links = RtlpAvlNext(Table, Links);
    }
    for (; At > I + 1; At--) {
        Links = RtlpAvlPrevious(Table, Links);
    }
    Table->OrderedPointer = Links;
    Table->WhichOrderedElement = At;
    return RtlpAvlData(Links);
}

ULONG NTAPI
RtlNumberGenericTableElementsAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

BOOLEAN NTAPI
RtlIsGenericTableEmptyAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements == 0;
}
