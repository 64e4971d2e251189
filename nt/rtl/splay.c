/*
 * splay.c - splay trees of links that live in the caller's structures.
 *
 * A tree is known by its root, whose parent is itself. Splaying a node rotates it to the root, two
 * levels at a time (Sleator and Tarjan, "Self-adjusting binary search trees", 1985).
 *
 * Source: Microsoft Learn: RtlSplay, RtlDelete, RtlDeleteNoSplay, RtlRealSuccessor,
 * RtlSubtreeSuccessor and their mirrors (ntddk.h).
 */
#include "nt/rtl/rtlp.h"

static BOOLEAN
RtlpIsRoot(PRTL_SPLAY_LINKS Links)
{
    return Links->Parent == Links;
}

/* Puts New, which may be NULL, where Old hangs. If Old is a root New becomes one. */
static VOID
RtlpReplaceChild(PRTL_SPLAY_LINKS Old, PRTL_SPLAY_LINKS New)
{
    PRTL_SPLAY_LINKS Parent = Old->Parent;

    if (Parent == Old) {
        if (New != NULL) {
            New->Parent = New;
        }
        return;
    }
    if (Parent->LeftChild == Old) {
        Parent->LeftChild = New;
    } else {
        Parent->RightChild = New;
    }
    if (New != NULL) {
        New->Parent = Parent;
    }
}

/* Moves Links, a child, above its parent. */
static VOID
RtlpRotateUp(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Parent = Links->Parent, Moved;

    RtlpReplaceChild(Parent, Links);
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

PRTL_SPLAY_LINKS NTAPI
RtlSplay(PRTL_SPLAY_LINKS Links)
{
    while (!RtlpIsRoot(Links)) {
        PRTL_SPLAY_LINKS Parent = Links->Parent;

        if (!RtlpIsRoot(Parent)) {
            BOOLEAN SameSide =
                (Parent->LeftChild == Links) == (Parent->Parent->LeftChild == Parent);

            RtlpRotateUp(SameSide ? Parent : Links);
        }
        RtlpRotateUp(Links);
    }
    return Links;
}

PRTL_SPLAY_LINKS NTAPI
RtlSubtreeSuccessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Next = Links->RightChild;

    while (Next != NULL && Next->LeftChild != NULL) {
        Next = Next->LeftChild;
    }
    return Next;
}

PRTL_SPLAY_LINKS NTAPI
RtlSubtreePredecessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Next = Links->LeftChild;

    while (Next != NULL && Next->RightChild != NULL) {
        Next = Next->RightChild;
    }
    return Next;
}

PRTL_SPLAY_LINKS NTAPI
RtlRealSuccessor(PRTL_SPLAY_LINKS Links)
{
    if (Links->RightChild != NULL) {
        return RtlSubtreeSuccessor(Links);
    }
    while (!RtlpIsRoot(Links) && Links->Parent->RightChild == Links) {
        Links = Links->Parent;
    }
    return RtlpIsRoot(Links) ? NULL : Links->Parent;
}

PRTL_SPLAY_LINKS NTAPI
RtlRealPredecessor(PRTL_SPLAY_LINKS Links)
{
    if (Links->LeftChild != NULL) {
        return RtlSubtreePredecessor(Links);
    }
    while (!RtlpIsRoot(Links) && Links->Parent->LeftChild == Links) {
        Links = Links->Parent;
    }
    return RtlpIsRoot(Links) ? NULL : Links->Parent;
}

/* Takes Links out, with its subtree predecessor in its place if it has two children. The result is
   where the tree changed deepest: the parent of what is gone, or NULL if the tree is empty. */
static PRTL_SPLAY_LINKS
RtlpUnlink(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Child, Changed;

    if (Links->LeftChild != NULL && Links->RightChild != NULL) {
        PRTL_SPLAY_LINKS Stand = RtlSubtreePredecessor(Links);

        Changed = Stand->Parent == Links ? Stand : Stand->Parent;
        RtlpReplaceChild(Stand, Stand->LeftChild);
        RtlpReplaceChild(Links, Stand);
        Stand->LeftChild = Links->LeftChild;
        Stand->RightChild = Links->RightChild;
        if (Stand->LeftChild != NULL) {
            Stand->LeftChild->Parent = Stand;
        }
        Stand->RightChild->Parent = Stand;
        return Changed;
    }
    Child = Links->LeftChild != NULL ? Links->LeftChild : Links->RightChild;
    Changed = RtlpIsRoot(Links) ? Child : Links->Parent;
    RtlpReplaceChild(Links, Child);
    return Changed;
}

PRTL_SPLAY_LINKS NTAPI
RtlDelete(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Changed = RtlpUnlink(Links);

    return Changed != NULL ? RtlSplay(Changed) : NULL;
}

VOID NTAPI
RtlDeleteNoSplay(PRTL_SPLAY_LINKS Links, PRTL_SPLAY_LINKS *Root)
{
    PRTL_SPLAY_LINKS Changed = RtlpUnlink(Links);

    while (Changed != NULL && !RtlpIsRoot(Changed)) {
        Changed = Changed->Parent;
    }
    *Root = Changed;
}
