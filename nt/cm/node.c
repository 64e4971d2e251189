/*
 * node.c - the tree of keys and values. Invariants: cmp.h.
 */
#include "cmp.h"

static VOID
CmpCopyName(PUNICODE_STRING To, PCUNICODE_STRING From)
{
    To->Length = From->Length;
    To->MaximumLength = From->Length;
    To->Buffer = NULL;
    if (From->Length != 0) {
        To->Buffer = ExpAllocate(From->Length, CMP_TAG_NODE);
        RtlCopyMemory(To->Buffer, From->Buffer, From->Length);
    }
}

static VOID
CmpLink(PCM_NODE Parent, PCM_NODE Node)
{
    PLIST_ENTRY At = Parent->Children.Flink;

    while (At != &Parent->Children &&
           RtlCompareUnicodeString(&CONTAINING_RECORD(At, CM_NODE, Link)->Name, &Node->Name, TRUE) <
               0) {
        At = At->Flink;
    }
    InsertTailList(At, &Node->Link); /* C2 */
    Node->Parent = Parent;
    Parent->ChildCount++;
}

PCM_NODE
CmpNewNode(PCM_NODE Parent, PCUNICODE_STRING Name)
{
    PCM_NODE Node = ExpAllocate(sizeof(*Node), CMP_TAG_NODE);

    InitializeListHead(&Node->Children);
    InitializeListHead(&Node->Values);
    InitializeListHead(&Node->Notifies);
    CmpCopyName(&Node->Name, Name);
    Node->References = 1; /* of being linked */
    if (Parent != NULL) {
        CmpLink(Parent, Node);
    }
    return Node;
}

PCM_NODE
CmpFindChild(PCM_NODE Parent, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY At = Parent->Children.Flink; At != &Parent->Children; At = At->Flink) {
        PCM_NODE Node = CONTAINING_RECORD(At, CM_NODE, Link);

        if (RtlEqualUnicodeString(&Node->Name, Name, TRUE)) {
            return Node;
        }
    }
    return NULL;
}

PCM_NODE
CmpChildAt(PCM_NODE Node, ULONG Index)
{
    for (PLIST_ENTRY At = Node->Children.Flink; At != &Node->Children; At = At->Flink) {
        if (Index-- == 0) {
            return CONTAINING_RECORD(At, CM_NODE, Link);
        }
    }
    return NULL;
}

VOID
CmpReleaseNode(PCM_NODE Node)
{
    if (--Node->References != 0) {
        return;
    }
    ASSERT(IsListEmpty(&Node->Children) && IsListEmpty(&Node->Notifies));
    while (!IsListEmpty(&Node->Values)) {
        CmpRemoveValue(Node, CONTAINING_RECORD(Node->Values.Flink, CM_VALUE, Link));
    }
    if (Node->Name.Buffer != NULL) {
        ExpFree(Node->Name.Buffer);
    }
    if (Node->Class.Buffer != NULL) {
        ExpFree(Node->Class.Buffer);
    }
    if (Node->Security != NULL) {
        ExFreePool(Node->Security);
    }
    ExpFree(Node);
}

/* The key is gone; those who have it open find it deleted. */
VOID
CmpUnlinkNode(PCM_NODE Node)
{
    RemoveEntryList(&Node->Link);
    Node->Parent->ChildCount--;
    Node->Deleted = TRUE; /* C1 */
    CmpReleaseNode(Node);
}

VOID
CmpRelinkNode(PCM_NODE Node, PCUNICODE_STRING NewName)
{
    PCM_NODE Parent = Node->Parent;
    PWCHAR Old = Node->Name.Buffer;

    RemoveEntryList(&Node->Link);
    Parent->ChildCount--;
    CmpCopyName(&Node->Name, NewName);
    CmpLink(Parent, Node);
    if (Old != NULL) {
        ExpFree(Old);
    }
}

PCM_VALUE
CmpFindValue(PCM_NODE Node, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY At = Node->Values.Flink; At != &Node->Values; At = At->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(At, CM_VALUE, Link);

        if (RtlEqualUnicodeString(&Value->Name, Name, TRUE)) {
            return Value;
        }
    }
    return NULL;
}

PCM_VALUE
CmpValueAt(PCM_NODE Node, ULONG Index)
{
    for (PLIST_ENTRY At = Node->Values.Flink; At != &Node->Values; At = At->Flink) {
        if (Index-- == 0) {
            return CONTAINING_RECORD(At, CM_VALUE, Link);
        }
    }
    return NULL;
}

NTSTATUS
CmpSetValue(PCM_NODE Node, PCUNICODE_STRING Name, ULONG Type, const VOID *Data, ULONG Length)
{
    PCM_VALUE Value = CmpFindValue(Node, Name);
    PUCHAR Copy = NULL;

    if (Length != 0) {
        Copy = ExpAllocate(Length, CMP_TAG_VALUE);
        RtlCopyMemory(Copy, Data, Length);
    }
    if (Value == NULL) {
        Value = ExpAllocate(sizeof(*Value), CMP_TAG_VALUE);
        CmpCopyName(&Value->Name, Name);
        InsertTailList(&Node->Values, &Value->Link);
        Node->ValueCount++;
    } else if (Value->Data != NULL) {
        ExpFree(Value->Data);
    }
    Value->Type = Type;
    Value->Length = Length;
    Value->Data = Copy;
    return STATUS_SUCCESS;
}

VOID
CmpRemoveValue(PCM_NODE Node, PCM_VALUE Value)
{
    RemoveEntryList(&Value->Link);
    Node->ValueCount--;
    if (Value->Name.Buffer != NULL) {
        ExpFree(Value->Name.Buffer);
    }
    if (Value->Data != NULL) {
        ExpFree(Value->Data);
    }
    ExpFree(Value);
}

VOID
CmpTouch(PCM_NODE Node)
{
    Node->LastWriteTime.QuadPart = (LONGLONG)KiQuerySystemTime();
}

ULONG
CmpNodePath(PCM_NODE Node, PWCHAR Buffer)
{
    ULONG Bytes = 0;

    for (PCM_NODE At = Node; At != NULL; At = At->Parent) {
        Bytes += sizeof(WCHAR) + At->Name.Length;
    }
    if (Buffer != NULL) {
        PWCHAR Write = Buffer + Bytes / sizeof(WCHAR);

        for (PCM_NODE At = Node; At != NULL; At = At->Parent) {
            Write -= At->Name.Length / sizeof(WCHAR);
            RtlCopyMemory(Write, At->Name.Buffer, At->Name.Length);
            *--Write = L'\\';
        }
    }
    return Bytes;
}

PCM_NODE
CmpMakePath(PCM_NODE Start, PCWSTR Path)
{
    PCM_NODE Node = Start;

    while (*Path != 0) {
        UNICODE_STRING Name = {.Buffer = (PWSTR)Path};
        PCM_NODE Child;

        while (*Path != 0 && *Path != L'\\') {
            Path++;
        }
        Name.Length = Name.MaximumLength = (USHORT)((Path - Name.Buffer) * sizeof(WCHAR));
        if (*Path == L'\\') {
            Path++;
        }
        if (Name.Length == 0) {
            continue;
        }
        Child = CmpFindChild(Node, &Name);
        if (Child != NULL && Child->IsLink) {
            UNICODE_STRING Value;
            PCM_VALUE Target;

            RtlInitUnicodeString(&Value, L"SymbolicLinkValue");
            Target = CmpFindValue(Child, &Value);
            if (Target != NULL) {
                /* The links of the boot registry are absolute and end in no zero: \REGISTRY\... */
                WCHAR Text[128] = {0};

                ASSERT(Target->Length < sizeof(Text));
                RtlCopyMemory(Text, Target->Data, Target->Length);
                Child = CmpMakePath(CmpRoot, Text + RTL_NUMBER_OF(L"\\REGISTRY\\") - 1);
            }
        }
        if (Child == NULL) {
            Child = CmpNewNode(Node, &Name);
            Child->Volatile = Node->Volatile;
            CmpTouch(Child);
        }
        Node = Child;
    }
    return Node;
}
