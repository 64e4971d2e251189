/*
 * key.c - system services on keys.
 *
 * Facts: the DDI pages of ZwCreateKey, ZwOpenKey, ZwOpenKeyEx, ZwDeleteKey, ZwEnumerateKey, ZwQueryKey,
 * ZwFlushKey; KEY_INFORMATION_CLASS ("STATUS_BUFFER_OVERFLOW: the buffer is too small, and only partial
 * data has been written"; "STATUS_BUFFER_TOO_SMALL: ... no key information").
 */
#include "cmp.h"

/* Opens or, if Create says so, creates. */
static NTSTATUS
CmpOpenOrCreate(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                ULONG Options, PCM_CREATE Create, PULONG Disposition)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    REG_CREATE_KEY_INFORMATION Information = {0};
    OB_CAPTURE Capture;
    CM_CALL Call = {0};
    ULONG Made = 0;
    HANDLE Handle = NULL;
    PVOID Object = NULL, Root = NULL;
    BOOLEAN IsCalled;
    NTSTATUS Status;

    DesiredAccess &= ~(ACCESS_MASK)CMP_WOW64_FLAGS;
    if (Mode != KernelMode) {
        __try {
            ProbeForWrite(KeyHandle, sizeof(HANDLE), 1);
            if (Disposition != NULL) {
                ProbeForWrite(Disposition, sizeof(ULONG), 4);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return GetExceptionCode();
        }
    }
    if (ObjectAttributes == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObpCapture(ObjectAttributes, Mode, &Capture);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Create->Security = Capture.SecurityDescriptor;
    Create->Options = Options;
    CmpLookAtCallbacks();
    IsCalled = CmpCallbackCount != 0;
    if (IsCalled) {
        if (Capture.RootDirectory != NULL) {
            Status = ObReferenceObjectByHandle(Capture.RootDirectory, 0, CmKeyObjectTypeP, Mode,
                                               &Root, NULL);
            if (!NT_SUCCESS(Status)) {
                goto FreeCapture;
            }
        }
        Information.CompleteName = &Capture.Name;
        Information.RootObject = Root != NULL ? Root : CmpRootObject;
        Information.ObjectType = CmKeyObjectTypeP;
        Information.CreateOptions = Options;
        Information.Class = Create->Creating ? &Create->Class : NULL;
        Information.SecurityDescriptor = Capture.SecurityDescriptor;
        Information.DesiredAccess = DesiredAccess;
        Information.Disposition = &Made;
        Information.ResultObject = &Object;
        CmpLookAtCallbacks();
        Status = CmpCallPre(&Call, Create->Creating ? RegNtPreCreateKeyEx : RegNtPreOpenKeyEx,
                            Create->Creating ? RegNtPostCreateKeyEx : RegNtPostOpenKeyEx,
                            Information.RootObject, &Information, &Information.CallContext,
                            &Information.RootObjectContext);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByName(ObjectAttributes, CmKeyObjectTypeP, Mode, NULL, DesiredAccess,
                                    Create, &Handle);
        Made = Create->Disposition;
        if (NT_SUCCESS(Status) && IsCalled) {
            ObReferenceObjectByHandle(Handle, 0, CmKeyObjectTypeP, Mode, &Object, NULL);
        }
        Status = CmpCallPost(&Call, Object, Status);
        if (Object != NULL) {
            ObDereferenceObject(Object);
        }
        if (!NT_SUCCESS(Status) && Handle != NULL) {
            NtClose(Handle);
        }
    } else if (Status == CMP_BYPASS) {
        /* The callback has made the key object itself, and says so in ResultObject. */
        Status = STATUS_SUCCESS;
        if (Object == NULL) {
            Status = STATUS_UNSUCCESSFUL;
        } else {
            Status = ObOpenObjectByPointer(Object,
                                           Capture.Attributes & (OBJ_INHERIT | OBJ_KERNEL_HANDLE),
                                           NULL, DesiredAccess, CmKeyObjectTypeP, Mode, &Handle);
            ObDereferenceObject(Object);
        }
    }
    if (NT_SUCCESS(Status)) {
        __try {
            *KeyHandle = Handle;
            if (Disposition != NULL) {
                *Disposition = Made;
            }
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
    }
    if (Root != NULL) {
        ObDereferenceObject(Root);
    }
FreeCapture:
    ObpFreeCapture(&Capture);
    return Status;
}

NTSTATUS NTAPI
NtCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
            ULONG TitleIndex, PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    CM_CREATE Create = {.Creating = TRUE};
    NTSTATUS Status;

    if (CreateOptions & ~(ULONG)(REG_OPTION_VOLATILE | REG_OPTION_CREATE_LINK |
                                 REG_OPTION_BACKUP_RESTORE | REG_OPTION_OPEN_LINK)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = CmpCaptureString(Class, KiPreviousMode(), &Create.Class);
    if (NT_SUCCESS(Status)) {
        Status = CmpOpenOrCreate(KeyHandle, DesiredAccess, ObjectAttributes, CreateOptions, &Create,
                                 Disposition);
        CmpFreeString(&Create.Class);
    }
    return Status;
}

NTSTATUS NTAPI
NtOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
            ULONG OpenOptions)
{
    CM_CREATE Open = {0};

    if (OpenOptions & ~(ULONG)(REG_OPTION_BACKUP_RESTORE | REG_OPTION_OPEN_LINK)) {
        return STATUS_INVALID_PARAMETER;
    }
    return CmpOpenOrCreate(KeyHandle, DesiredAccess, ObjectAttributes, OpenOptions, &Open, NULL);
}

NTSTATUS NTAPI
NtOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    CM_CREATE Open = {0};

    return CmpOpenOrCreate(KeyHandle, DesiredAccess, ObjectAttributes, 0, &Open, NULL);
}

NTSTATUS NTAPI
NtDeleteKey(HANDLE KeyHandle)
{
    REG_DELETE_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    PCM_NODE Parent;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, DELETE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Status = CmpCallPre(&Call, RegNtPreDeleteKey, RegNtPostDeleteKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        Parent = Key->Node->Parent;
        if (Key->Node->Deleted) {
            Status = STATUS_KEY_DELETED;
        } else if (Key->Node->ChildCount != 0 || Parent == NULL || Parent == CmpRoot ||
                   Parent->Parent == CmpRoot) {
            Status = STATUS_CANNOT_DELETE;
        } else {
            CmpUnlinkNode(Key->Node);
            CmpTouch(Parent);
            CmpNotify(Key->Node, REG_NOTIFY_CHANGE_NAME);
            CmpNotify(Parent, REG_NOTIFY_CHANGE_NAME);
        }
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
    return Status;
}

NTSTATUS NTAPI
NtRenameKey(HANDLE KeyHandle, PUNICODE_STRING NewName)
{
    REG_RENAME_KEY_INFORMATION Information = {0};
    UNICODE_STRING Name;
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpCaptureString(NewName, KiPreviousMode(), &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Name.Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = CmpReferenceKey(KeyHandle, CMP_KEY_WRITE, &Key);
    if (!NT_SUCCESS(Status)) {
        goto FreeName;
    }
    Information.Object = Key;
    Information.NewName = &Name;
    Status = CmpCallPre(&Call, RegNtPreRenameKey, RegNtPostRenameKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        PCM_NODE Parent = Key->Node->Parent;
        BOOLEAN HasPath = FALSE;

        for (ULONG i = 0; i < Name.Length / sizeof(WCHAR); i++) {
            HasPath = HasPath || Name.Buffer[i] == L'\\';
        }
        if (HasPath || Parent == NULL || Parent == CmpRoot) {
            Status = STATUS_INVALID_PARAMETER;
        } else if (CmpFindChild(Parent, &Name) != NULL &&
                   CmpFindChild(Parent, &Name) != Key->Node) {
            Status = STATUS_CANNOT_DELETE;
        } else {
            CmpRelinkNode(Key->Node, &Name);
            CmpTouch(Key->Node);
            CmpNotify(Parent, REG_NOTIFY_CHANGE_NAME);
        }
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
FreeName:
    CmpFreeString(&Name);
    return Status;
}

/* Nothing is ever behind: the registry lies in memory. */
NTSTATUS NTAPI
NtFlushKey(HANDLE KeyHandle)
{
    REG_FLUSH_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, 0, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Status = CmpCallPre(&Call, RegNtPreFlushKey, RegNtPostFlushKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    Status = NT_SUCCESS(Status)     ? CmpCallPost(&Call, Key, STATUS_SUCCESS)
             : Status == CMP_BYPASS ? STATUS_SUCCESS
                                    : Status;
    ObDereferenceObject(Key);
    return Status;
}

typedef struct _CM_COUNTS {
    ULONG MaxName, MaxClass, MaxValueName, MaxValueData;
} CM_COUNTS;

static CM_COUNTS
CmpCount(PCM_NODE Node)
{
    CM_COUNTS Counts = {0};

    for (PLIST_ENTRY At = Node->Children.Flink; At != &Node->Children; At = At->Flink) {
        PCM_NODE Child = CONTAINING_RECORD(At, CM_NODE, Link);

        Counts.MaxName = max(Counts.MaxName, Child->Name.Length);
        Counts.MaxClass = max(Counts.MaxClass, Child->Class.Length);
    }
    for (PLIST_ENTRY At = Node->Values.Flink; At != &Node->Values; At = At->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(At, CM_VALUE, Link);

        Counts.MaxValueName = max(Counts.MaxValueName, Value->Name.Length);
        Counts.MaxValueData = max(Counts.MaxValueData, Value->Length);
    }
    return Counts;
}

/* The structure of a class for a node, in pool. */
static NTSTATUS
CmpDescribeKey(PCM_NODE Node, KEY_INFORMATION_CLASS Class, PVOID *Answer, PULONG Needed,
               PULONG Fixed)
{
    CM_COUNTS Counts = CmpCount(Node);
    PUCHAR Block;

    switch ((ULONG)Class) {
    case KeyBasicInformation: {
        PKEY_BASIC_INFORMATION Info;

        *Fixed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
        *Needed = *Fixed + Node->Name.Length;
        Info = (PKEY_BASIC_INFORMATION)(Block = ExpAllocate(*Needed, CMP_TAG_TEMP));
        Info->LastWriteTime = Node->LastWriteTime;
        Info->NameLength = Node->Name.Length;
        RtlCopyMemory(Info->Name, Node->Name.Buffer, Node->Name.Length);
        break;
    }
    case KeyNodeInformation: {
        PKEY_NODE_INFORMATION Info;
        ULONG ClassAt = (FIELD_OFFSET(KEY_NODE_INFORMATION, Name) + Node->Name.Length + 3u) & ~3u;

        *Fixed = FIELD_OFFSET(KEY_NODE_INFORMATION, Name);
        *Needed =
            Node->Class.Length != 0 ? ClassAt + Node->Class.Length : *Fixed + Node->Name.Length;
        Info = (PKEY_NODE_INFORMATION)(Block = ExpAllocate(*Needed, CMP_TAG_TEMP));
        Info->LastWriteTime = Node->LastWriteTime;
        Info->ClassOffset = Node->Class.Length != 0 ? ClassAt : MAXULONG;
        Info->ClassLength = Node->Class.Length;
        Info->NameLength = Node->Name.Length;
        RtlCopyMemory(Info->Name, Node->Name.Buffer, Node->Name.Length);
        RtlCopyMemory(Block + ClassAt, Node->Class.Buffer, Node->Class.Length);
        break;
    }
    case KeyFullInformation: {
        PKEY_FULL_INFORMATION Info;

        *Fixed = FIELD_OFFSET(KEY_FULL_INFORMATION, Class);
        *Needed = *Fixed + Node->Class.Length;
        Info = (PKEY_FULL_INFORMATION)(Block = ExpAllocate(*Needed, CMP_TAG_TEMP));
        Info->LastWriteTime = Node->LastWriteTime;
        Info->ClassOffset = Node->Class.Length != 0 ? *Fixed : MAXULONG;
        Info->ClassLength = Node->Class.Length;
        Info->SubKeys = Node->ChildCount;
        Info->MaxNameLen = Counts.MaxName;
        Info->MaxClassLen = Counts.MaxClass;
        Info->Values = Node->ValueCount;
        Info->MaxValueNameLen = Counts.MaxValueName;
        Info->MaxValueDataLen = Counts.MaxValueData;
        RtlCopyMemory(Info->Class, Node->Class.Buffer, Node->Class.Length);
        break;
    }
    case KeyNameInformation: {
        ULONG Bytes = CmpNodePath(Node, NULL);

        *Fixed = sizeof(ULONG);
        *Needed = *Fixed + Bytes;
        Block = ExpAllocate(*Needed, CMP_TAG_TEMP);
        *(PULONG)Block = Bytes;
        CmpNodePath(Node, (PWCHAR)(Block + sizeof(ULONG)));
        break;
    }
    case KeyCachedInformation: {
        struct {
            LARGE_INTEGER LastWriteTime;
            ULONG TitleIndex, SubKeys, MaxNameLen, Values, MaxValueNameLen, MaxValueDataLen,
                NameLength;
        } *Info;

        *Needed = *Fixed = sizeof(*Info);
        Info = (PVOID)(Block = ExpAllocate(*Needed, CMP_TAG_TEMP));
        Info->LastWriteTime = Node->LastWriteTime;
        Info->SubKeys = Node->ChildCount;
        Info->MaxNameLen = Counts.MaxName;
        Info->Values = Node->ValueCount;
        Info->MaxValueNameLen = Counts.MaxValueName;
        Info->MaxValueDataLen = Counts.MaxValueData;
        Info->NameLength = Node->Name.Length;
        break;
    }
    case KeyFlagsInformation: {
        PULONG Info; /* Wow64 flags, key flags (1 volatile, 2 link), control flags */

        *Needed = *Fixed = 3 * sizeof(ULONG);
        Info = (PULONG)(Block = ExpAllocate(*Needed, CMP_TAG_TEMP));
        Info[1] = (Node->Volatile ? 1 : 0) | (Node->IsLink ? 2 : 0);
        break;
    }
    case KeyVirtualizationInformation:
    case KeyHandleTagsInformation:
        *Needed = *Fixed = sizeof(ULONG);
        Block = ExpAllocate(*Needed, CMP_TAG_TEMP);
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    *Answer = Block;
    return STATUS_SUCCESS;
}

static NTSTATUS
CmpAnswerKey(PCM_NODE Node, KEY_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
             PULONG ResultLength)
{
    ULONG Needed, Fixed;
    PVOID Answer;
    NTSTATUS Status = CmpDescribeKey(Node, Class, &Answer, &Needed, &Fixed);

    if (NT_SUCCESS(Status)) {
        Status = CmpDeliver(Answer, Needed, Fixed, Buffer, Length, ResultLength, KiPreviousMode());
        ExpFree(Answer);
    }
    return Status;
}

NTSTATUS NTAPI
NtQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
           ULONG Length, PULONG ResultLength)
{
    REG_QUERY_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpReferenceKey(
        KeyHandle, KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Information.KeyInformationClass = KeyInformationClass;
    Information.KeyInformation = KeyInformation;
    Information.Length = Length;
    Information.ResultLength = ResultLength;
    Status = CmpCallPre(&Call, RegNtPreQueryKey, RegNtPostQueryKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        Status = CmpAnswerKey(Key->Node, KeyInformationClass, KeyInformation, Length, ResultLength);
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
    return Status;
}

NTSTATUS NTAPI
NtEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass,
               PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    REG_ENUMERATE_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status;

    if (KeyInformationClass > KeyFullInformation) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_ENUMERATE_SUB_KEYS, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Information.Index = Index;
    Information.KeyInformationClass = KeyInformationClass;
    Information.KeyInformation = KeyInformation;
    Information.Length = Length;
    Information.ResultLength = ResultLength;
    Status = CmpCallPre(&Call, RegNtPreEnumerateKey, RegNtPostEnumerateKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        PCM_NODE Child = CmpChildAt(Key->Node, Index);

        if (Child != NULL && KeyInformationClass == KeyFullInformation) {
            KiAcquirePoint(SP_REGISTRY, Child, NULL,
                           KI_REGISTRY_READS); /* C4: it counts its values */
            Child = CmpChildAt(Key->Node, Index);
        }
        Status = Child != NULL ? CmpAnswerKey(Child, KeyInformationClass, KeyInformation, Length,
                                              ResultLength)
                               : STATUS_NO_MORE_ENTRIES;
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
    return Status;
}

NTSTATUS NTAPI
NtSetInformationKey(HANDLE KeyHandle, KEY_SET_INFORMATION_CLASS KeySetInformationClass,
                    PVOID KeySetInformation, ULONG KeySetInformationLength)
{
    REG_SET_INFORMATION_KEY_INFORMATION Information = {0};
    LARGE_INTEGER Time;
    CM_CALL Call;
    PVOID Data;
    PCM_KEY Key;
    NTSTATUS Status;

    if (KeySetInformationClass != KeyWriteTimeInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (KeySetInformationLength != sizeof(Time)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = CmpCaptureBytes(KeySetInformation, sizeof(Time), KiPreviousMode(), &Data);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_SET_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        goto FreeData;
    }
    Information.Object = Key;
    Information.KeySetInformationClass = KeySetInformationClass;
    Information.KeySetInformation = Data;
    Information.KeySetInformationLength = KeySetInformationLength;
    Status = CmpCallPre(&Call, RegNtPreSetInformationKey, RegNtPostSetInformationKey, Key,
                        &Information, &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        RtlCopyMemory(&Time, Data, sizeof(Time));
        Key->Node->LastWriteTime = Time;
        Status = CmpCallPost(&Call, Key, STATUS_SUCCESS);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);

FreeData:
    ExFreePool(Data);
    return Status;
}
