/*
 * keyob.c - key objects: opening and creating by name, names, security.
 *
 * Each open makes a key object of its own; all that open one key point to one node. The parse method takes
 * over behind \REGISTRY or a key handle:
 *
 *   K1  Every part of a name but the last must be there. The last is made if the caller creates.
 *   K2  A link on the way is followed: its SymbolicLinkValue takes the place of the name so far, and the
 *       walk starts again (STATUS_REPARSE). As the last part it is followed unless OBJ_OPENLINK asks for
 *       the link itself.
 *   K3  Who creates a key needs KEY_CREATE_SUB_KEY on its parent and then has what it asked for.
 *
 * A key's descriptor is the node's. A new one inherits from the parent's.
 */
#include "cmp.h"

const GENERIC_MAPPING CmpKeyMapping = {CMP_KEY_READ, CMP_KEY_WRITE, CMP_KEY_READ & ~SYNCHRONIZE,
                                       CMP_KEY_ALL_ACCESS};

#define CMP_CREATE_SUB_KEY   4
#define CMP_OPTION_VOLATILE  1
#define CMP_OPTION_LINK      2
#define CMP_OPTION_OPEN_LINK 8

static VOID
CmpDeleteKeyObject(PVOID Object)
{
    PCM_KEY Key = Object;

    if (Key->Node == NULL) {
        return;
    }
    CmpCleanContexts(Key);
    if (Key->NameForCallback.Buffer != NULL) {
        ExpFree(Key->NameForCallback.Buffer);
    }
    CmpReleaseNode(Key->Node);
}

static VOID
CmpCloseKeyObject(PVOID Object, PEPROCESS Process, ULONG ProcessHandles, ULONG SystemHandles)
{
    PCM_KEY Key = Object;
    REG_KEY_HANDLE_CLOSE_INFORMATION Information = {.Object = Object};
    CM_CALL Call;

    CmpLookAtCallbacks();
    CmpCallPre(&Call, RegNtPreKeyHandleClose, RegNtPostKeyHandleClose, Object, &Information,
               &Information.CallContext, &Information.ObjectContext);
    if (SystemHandles <= 1) {
        CmpDropNotifies(Key->Node, Key);
    }
    CmpCallPost(&Call, Object, STATUS_SUCCESS);
}

/* The reference that the lookup hands out. */
static NTSTATUS
CmpMakeKeyObject(PCM_NODE Node, PVOID *Found)
{
    OBJECT_ATTRIBUTES Attributes;
    PCM_KEY Key;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Status = ObCreateObject(KernelMode, CmKeyObjectTypeP, &Attributes, KernelMode, NULL,
                            sizeof(*Key), 0, 0, (PVOID *)&Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Key, sizeof(*Key));
    InitializeListHead(&Key->Contexts);
    Key->Node = Node;
    Node->References++;
    Status = ObInsertObject(Key, NULL, 0, 0, NULL, NULL);
    if (NT_SUCCESS(Status)) {
        *Found = Key;
    }
    return Status;
}

/* K3 */
static NTSTATUS
CmpMayCreate(PCM_NODE Parent, PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    ACCESS_MASK Granted;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Mode == KernelMode) {
        return STATUS_SUCCESS;
    }
    SeAccessCheck(Parent->Security, &State->SubjectSecurityContext, FALSE, CMP_CREATE_SUB_KEY, 0,
                  NULL, (PGENERIC_MAPPING)&CmpKeyMapping, Mode, &Granted, &Status);
    return Status;
}

static NTSTATUS
CmpCreateChild(PCM_NODE Parent, PUNICODE_STRING Name, PCM_CREATE Create, PACCESS_STATE State,
               KPROCESSOR_MODE Mode, PCM_NODE *Child)
{
    PSECURITY_DESCRIPTOR Security;
    PCM_NODE Node;
    NTSTATUS Status;

    if (Parent->Deleted) {
        return STATUS_KEY_DELETED;
    }
    if (Parent == CmpRoot || Parent->Parent == CmpRoot) {
        /* Hives are mounted below \REGISTRY, \REGISTRY\MACHINE and \REGISTRY\USER, keys are not made there. */
        if (!(Create->Options & CMP_OPTION_VOLATILE) || Parent == CmpRoot) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    if (Name->Length > 255 * sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Parent->Volatile && !(Create->Options & CMP_OPTION_VOLATILE)) {
        return STATUS_CHILD_MUST_BE_VOLATILE;
    }
    Status = CmpMayCreate(Parent, State, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = SeAssignSecurity(Parent->Security, Create->Security, &Security, TRUE,
                              &State->SubjectSecurityContext, (PGENERIC_MAPPING)&CmpKeyMapping,
                              PagedPool);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Node = CmpNewNode(Parent, Name);
    Node->Security = Security;
    Node->Volatile = (Create->Options & CMP_OPTION_VOLATILE) != 0;
    Node->IsLink = (Create->Options & CMP_OPTION_LINK) != 0;
    if (Create->Class.Length != 0) {
        Node->Class.Buffer = ExpAllocate(Create->Class.Length, CMP_TAG_NODE);
        Node->Class.Length = Node->Class.MaximumLength = Create->Class.Length;
        RtlCopyMemory(Node->Class.Buffer, Create->Class.Buffer, Create->Class.Length);
    }
    CmpTouch(Node);
    CmpTouch(Parent);
    *Child = Node;
    return STATUS_SUCCESS;
}

/* K2: the name becomes where the link points, with what was left behind it. */
static NTSTATUS
CmpFollow(PCM_NODE Link, PUNICODE_STRING Complete, PUNICODE_STRING Rest)
{
    UNICODE_STRING ValueName, New;
    PCM_VALUE Value;
    ULONG Bytes;
    NTSTATUS Status;

    RtlInitUnicodeString(&ValueName, L"SymbolicLinkValue");
    Value = CmpFindValue(Link, &ValueName);
    if (Value == NULL || Value->Type != REG_LINK || Value->Length == 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Bytes = Value->Length + (Rest->Length != 0 ? Rest->Length + sizeof(WCHAR) : 0);
    if (Bytes > MAXUSHORT - sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    New.Buffer = ExpAllocate(Bytes, CMP_TAG_TEMP);
    New.Length = New.MaximumLength = (USHORT)Bytes;
    RtlCopyMemory(New.Buffer, Value->Data, Value->Length);
    if (Rest->Length != 0) {
        New.Buffer[Value->Length / sizeof(WCHAR)] = L'\\';
        RtlCopyMemory(New.Buffer + Value->Length / sizeof(WCHAR) + 1, Rest->Buffer, Rest->Length);
    }
    Status = ObpReplaceName(Complete, &New);
    ExpFree(New.Buffer);
    return NT_SUCCESS(Status) ? STATUS_REPARSE : Status;
}

static NTSTATUS
CmpParseKey(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
            PUNICODE_STRING Remaining, PVOID *Found)
{
    PCM_CREATE Create = Packet->ParseContext;
    PCM_NODE Node = ((PCM_KEY)Object)->Node;
    UNICODE_STRING Rest = *Remaining;
    BOOLEAN OpenLink =
        (Packet->Attributes & OBJ_OPENLINK) != 0 ||
        (Create != NULL && (Create->Options & (CMP_OPTION_OPEN_LINK | CMP_OPTION_LINK)));
    NTSTATUS Status;

    if (Packet->DesiredType != NULL && Packet->DesiredType != CmKeyObjectTypeP) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    KiAcquirePoint(SP_REGISTRY, CmpRoot, NULL,
                   Create != NULL && Create->Creating ? 0 : KI_REGISTRY_READS); /* C4 */
    if (Node->Deleted) {
        return STATUS_KEY_DELETED;
    }
    for (;;) {
        UNICODE_STRING Name;
        PCM_NODE Child;

        while (Rest.Length != 0 && Rest.Buffer[0] == L'\\') {
            Rest.Buffer++;
            Rest.Length -= sizeof(WCHAR);
        }
        if (Rest.Length == 0) {
            if (Create != NULL) {
                Create->Disposition = REG_OPENED_EXISTING_KEY;
            }
            break;
        }
        Name = Rest;
        Name.Length = 0;
        while (Rest.Length != 0 && Rest.Buffer[0] != L'\\') {
            Name.Length += sizeof(WCHAR);
            Rest.Buffer++;
            Rest.Length -= sizeof(WCHAR);
        }
        Name.MaximumLength = Name.Length;
        Child = CmpFindChild(Node, &Name);
        if (Child == NULL) {
            UNICODE_STRING Tail = Rest;

            while (Tail.Length != 0 && Tail.Buffer[0] == L'\\') {
                Tail.Buffer++;
                Tail.Length -= sizeof(WCHAR);
            }
            if (Create == NULL || !Create->Creating || Tail.Length != 0) { /* K1 */
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            Status = CmpCreateChild(Node, &Name, Create, Packet->AccessState, Packet->AccessMode,
                                    &Child);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
            Create->Disposition = REG_CREATED_NEW_KEY;
            if (Packet->AccessState != NULL) { /* K3 */
                PACCESS_STATE State = Packet->AccessState;

                RtlMapGenericMask(&State->RemainingDesiredAccess, (PGENERIC_MAPPING)&CmpKeyMapping);
                if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
                    State->RemainingDesiredAccess |= CMP_KEY_ALL_ACCESS;
                    State->RemainingDesiredAccess &= ~(ACCESS_MASK)MAXIMUM_ALLOWED;
                }
                State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess;
                State->RemainingDesiredAccess = 0;
            }
            Status = CmpMakeKeyObject(Child, Found);
            CmpNotify(Node, REG_NOTIFY_CHANGE_NAME);
            return Status;
        }
        if (Child->IsLink && !(OpenLink && Rest.Length == 0)) {
            while (Rest.Length != 0 && Rest.Buffer[0] == L'\\') {
                Rest.Buffer++;
                Rest.Length -= sizeof(WCHAR);
            }
            return CmpFollow(Child, CompleteName, &Rest);
        }
        Node = Child;
    }
    return CmpMakeKeyObject(Node, Found);
}

static NTSTATUS
CmpKeySecurity(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
               PSECURITY_DESCRIPTOR Descriptor, PULONG Length)
{
    PCM_NODE Node = ((PCM_KEY)Object)->Node;
    PSECURITY_DESCRIPTOR Old, New;
    NTSTATUS Status;

    /* To open a key reads the tree, and what the key's descriptor allows. */
    KiAcquirePoint(SP_REGISTRY, Node, NULL,
                   (ULONG_PTR)CmpRoot | (Operation != 0 ? KI_REGISTRY_READS : KI_REGISTRY_CHANGES));
    Old = New = Node->Security;
    if (Node->Deleted) {
        return STATUS_KEY_DELETED;
    }
    if (Operation != 0) { /* query */
        return SeQuerySecurityDescriptorInfo(Information, Descriptor, Length, &Node->Security);
    }
    Status = SeSetSecurityDescriptorInfo(Object, Information, Descriptor, &New, PagedPool,
                                         (PGENERIC_MAPPING)&CmpKeyMapping);
    if (NT_SUCCESS(Status) && New != Old) {
        Node->Security = New;
        ExFreePool(Old);
        CmpNotify(Node, REG_NOTIFY_CHANGE_SECURITY);
    }
    return Status;
}

static NTSTATUS
CmpQueryKeyName(PVOID Object, POBJECT_NAME_INFORMATION Info, ULONG Length, PULONG ReturnLength)
{
    PCM_NODE Node = ((PCM_KEY)Object)->Node;
    ULONG Bytes = CmpNodePath(Node, NULL), Needed = sizeof(*Info) + Bytes + sizeof(WCHAR);
    PWCHAR Text = (PWCHAR)(Info + 1);

    *ReturnLength = Needed;
    if (Node->Deleted) {
        return STATUS_KEY_DELETED;
    }
    if (Length < Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    CmpNodePath(Node, Text);
    Text[Bytes / sizeof(WCHAR)] = 0;
    Info->Name.Buffer = Text;
    Info->Name.Length = (USHORT)Bytes;
    Info->Name.MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static const OB_METHODS CmpKeyMethods = {
    .Delete = CmpDeleteKeyObject,
    .Close = CmpCloseKeyObject,
    .Parse = CmpParseKey,
    .Security = CmpKeySecurity,
    .QueryName = CmpQueryKeyName,
};

VOID
CmpInitializeKeyType(VOID)
{
    NTSTATUS Status = ObpCreateType(L"Key", &CmpKeyMethods, &CmpKeyMapping, CMP_KEY_ALL_ACCESS,
                                    sizeof(CM_KEY), OBP_NOT_WAITABLE, &CmKeyObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    CmKeyObjectType = (POBJECT_TYPE *)CmKeyObjectTypeP;
}

/* \REGISTRY itself: the one key object with a name of the object manager's. */
VOID
CmpPublishRoot(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    PCM_KEY Key;
    HANDLE Handle;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, L"\\REGISTRY");
    InitializeObjectAttributes(
        &Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ObCreateObject(KernelMode, CmKeyObjectTypeP, &Attributes, KernelMode, NULL,
                            sizeof(*Key), 0, 0, (PVOID *)&Key);
    ASSERT(NT_SUCCESS(Status));
    RtlZeroMemory(Key, sizeof(*Key));
    InitializeListHead(&Key->Contexts);
    Key->Node = CmpRoot;
    CmpRoot->References++;
    ObReferenceObject(Key);
    CmpRootObject = Key;
    Status = ObInsertObject(Key, NULL, CMP_KEY_READ, 0, NULL, &Handle);
    ASSERT(NT_SUCCESS(Status));
    ZwClose(Handle);
}

/* C4. What a service is about to do follows from the access that it asks for. */
static ULONG_PTR
CmpWhatIsTouched(ACCESS_MASK Access)
{
    if (Access == KEY_SET_VALUE) {
        return 0;
    }
    if (Access == KEY_NOTIFY) {
        return (ULONG_PTR)CMP_WATCHERS | KI_REGISTRY_CHANGES;
    }
    return (ULONG_PTR)CmpRoot |
           ((Access & (DELETE | CMP_KEY_WRITE)) != 0 ? KI_REGISTRY_CHANGES : KI_REGISTRY_READS);
}

NTSTATUS
CmpReferenceKey(HANDLE Handle, ACCESS_MASK Access, PCM_KEY *Key)
{
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, Access, CmKeyObjectTypeP, KiPreviousMode(),
                                                (PVOID *)Key, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiAcquirePoint(SP_REGISTRY, (*Key)->Node, NULL, CmpWhatIsTouched(Access));
    if ((*Key)->Node->Deleted) {
        ObDereferenceObject(*Key);
        return STATUS_KEY_DELETED;
    }
    return STATUS_SUCCESS;
}
