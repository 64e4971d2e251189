/*
 * sound.c - is the registry's tree whole?  For the tests of the kernel (nt/inc/sound.h): C1 and C2 of cmp.h, and each count counted again.
 */
#include "cmp.h"
#include "nt/inc/sound.h"

#define CMP_SOUND_DEPTH 512

typedef struct _CM_COUNTS {
    ULONG Linked;     /* nodes of the tree */
    ULONG References; /* that all of them have */
    ULONG Keys;       /* objects of keys that are not deleted */
} CM_COUNTS;

static BOOLEAN
CmpIsLinked(const LIST_ENTRY *Entry)
{
    return Entry->Flink->Blink == Entry && Entry->Blink->Flink == Entry;
}

static VOID
CmpCheckValues(PCM_NODE Node)
{
    ULONG Count = 0;

    for (PLIST_ENTRY At = Node->Values.Flink; At != &Node->Values; At = At->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(At, CM_VALUE, Link);

        KI_DEMAND(CmpIsLinked(At) && (Value->Length == 0) == (Value->Data == NULL),
                  "a value of a key", Value);
        KI_DEMAND(CmpFindValue(Node, &Value->Name) == Value, "two values have one name", Value);
        Count++;
    }
    KI_DEMAND(Node->ValueCount == Count, "how many values a key has", Node);
}

static VOID CmpCheckNode(CM_COUNTS *Counts, PCM_NODE Node, ULONG Depth);

/* C2 */
static VOID
CmpCheckChildren(CM_COUNTS *Counts, PCM_NODE Node, ULONG Depth)
{
    PCM_NODE Before = NULL;
    ULONG Count = 0;

    for (PLIST_ENTRY At = Node->Children.Flink; At != &Node->Children; At = At->Flink) {
        PCM_NODE Child = CONTAINING_RECORD(At, CM_NODE, Link);

        KI_DEMAND(CmpIsLinked(At) && Child->Parent == Node && !Child->Deleted, "a key's parent",
                  Child); /* C1 */
        KI_DEMAND(Before == NULL || RtlCompareUnicodeString(&Before->Name, &Child->Name, TRUE) < 0,
                  "the order of keys", Child);
        KI_DEMAND(Child->Volatile || !Node->Volatile, "a key will outlive its parent", Child);
        Before = Child;
        Count++;
        CmpCheckNode(Counts, Child, Depth + 1);
    }
    KI_DEMAND(Node->ChildCount == Count, "how many subkeys a key has", Node);
}

static VOID
CmpCheckNode(CM_COUNTS *Counts, PCM_NODE Node, ULONG Depth)
{
    if (Depth > CMP_SOUND_DEPTH) {
        KiUnsound("a key is below itself", Node);
        return;
    }
    Counts->Linked++;
    Counts->References += Node->References;
    CmpCheckValues(Node);
    CmpCheckChildren(Counts, Node, Depth);
}

static VOID
CmpCountKey(PVOID Context, PVOID Object)
{
    PCM_KEY Key = Object;

    if (Key->Node != NULL) {
        KI_DEMAND(Key->Node->References != 0, "a key without references", Key->Node);
        ((CM_COUNTS *)Context)->Keys += !Key->Node->Deleted;
    }
}

/* Each node of the tree is kept by its place in it and by the objects of its key. */
VOID
CmpCheckSound(BOOLEAN Last)
{
    CM_COUNTS Counts = {0};

    if (CmpRoot == NULL) {
        return;
    }
    CmpCheckNode(&Counts, CmpRoot, 0);
    ObpVisitObjects(CmKeyObjectTypeP, CmpCountKey, &Counts);
    KI_DEMAND(!Last || Counts.References == Counts.Linked + Counts.Keys, "who needs the keys",
              CmpRoot);
}

VOID
CmpVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    Held(Context, CmpRootObject);
}
