/*
 * value.c - system services on values.
 *
 * Facts: the DDI pages of ZwSetValueKey, ZwQueryValueKey, ZwEnumerateValueKey, ZwDeleteValueKey and
 * KEY_VALUE_INFORMATION_CLASS. A value's name may be empty: the key's default value.
 */
#include "cmp.h"

#define CMP_MAX_VALUE_NAME (16383 * sizeof(WCHAR))

NTSTATUS NTAPI
NtSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
              ULONG DataSize)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    REG_SET_VALUE_KEY_INFORMATION Information = {0};
    UNICODE_STRING Name;
    CM_CALL Call;
    PCM_KEY Key;
    PVOID Copy = NULL;
    NTSTATUS Status = CmpCaptureString(ValueName, Mode, &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Name.Length > CMP_MAX_VALUE_NAME) {
        Status = STATUS_INVALID_PARAMETER;
        goto FreeName;
    }
    Status = CmpCaptureBytes(Data, DataSize, Mode, &Copy);
    if (!NT_SUCCESS(Status)) {
        goto FreeName;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_SET_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        goto FreeData;
    }
    Information.Object = Key;
    Information.ValueName = &Name;
    Information.TitleIndex = TitleIndex;
    Information.Type = Type;
    Information.Data = Copy;
    Information.DataSize = DataSize;
    Status = CmpCallPre(&Call, RegNtPreSetValueKey, RegNtPostSetValueKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        if (Key->Node->Deleted) {
            Status = STATUS_KEY_DELETED;
        } else {
            Status = CmpSetValue(Key->Node, &Name, Type, Copy, DataSize);
            CmpTouch(Key->Node);
            CmpNotify(Key->Node, REG_NOTIFY_CHANGE_LAST_SET);
        }
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
FreeData:
    if (Copy != NULL) {
        ExFreePool(Copy);
    }
FreeName:
    CmpFreeString(&Name);
    return Status;
}

NTSTATUS NTAPI
NtDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    REG_DELETE_VALUE_KEY_INFORMATION Information = {0};
    UNICODE_STRING Name;
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpCaptureString(ValueName, KiPreviousMode(), &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_SET_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        goto FreeName;
    }
    Information.Object = Key;
    Information.ValueName = &Name;
    Status = CmpCallPre(&Call, RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        PCM_VALUE Value = CmpFindValue(Key->Node, &Name);

        Status = STATUS_OBJECT_NAME_NOT_FOUND;
        if (Value != NULL) {
            CmpRemoveValue(Key->Node, Value);
            CmpTouch(Key->Node);
            CmpNotify(Key->Node, REG_NOTIFY_CHANGE_LAST_SET);
            Status = STATUS_SUCCESS;
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

static NTSTATUS
CmpAnswerValue(PCM_VALUE Value, KEY_VALUE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
               PULONG ResultLength)
{
    ULONG Needed, Fixed, DataAt;
    PUCHAR Block;
    NTSTATUS Status;

    switch (Class) {
    case KeyValueBasicInformation: {
        PKEY_VALUE_BASIC_INFORMATION Info;

        Fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
        Needed = Fixed + Value->Name.Length;
        Info = (PKEY_VALUE_BASIC_INFORMATION)(Block = ExpAllocate(Needed, CMP_TAG_TEMP));
        Info->Type = Value->Type;
        Info->NameLength = Value->Name.Length;
        RtlCopyMemory(Info->Name, Value->Name.Buffer, Value->Name.Length);
        break;
    }
    case KeyValueFullInformation:
    case KeyValueFullInformationAlign64: {
        PKEY_VALUE_FULL_INFORMATION Info;
        ULONG Alignment = Class == KeyValueFullInformation ? 3 : 7;

        Fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
        DataAt = (Fixed + Value->Name.Length + Alignment) & ~Alignment;
        Needed = Value->Length != 0 ? DataAt + Value->Length : Fixed + Value->Name.Length;
        Info = (PKEY_VALUE_FULL_INFORMATION)(Block = ExpAllocate(Needed, CMP_TAG_TEMP));
        Info->Type = Value->Type;
        Info->DataOffset = Value->Length != 0 ? DataAt : MAXULONG;
        Info->DataLength = Value->Length;
        Info->NameLength = Value->Name.Length;
        RtlCopyMemory(Info->Name, Value->Name.Buffer, Value->Name.Length);
        RtlCopyMemory(Block + DataAt, Value->Data, Value->Length);
        break;
    }
    case KeyValuePartialInformation: {
        PKEY_VALUE_PARTIAL_INFORMATION Info;

        Fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
        Needed = Fixed + Value->Length;
        Info = (PKEY_VALUE_PARTIAL_INFORMATION)(Block = ExpAllocate(Needed, CMP_TAG_TEMP));
        Info->Type = Value->Type;
        Info->DataLength = Value->Length;
        RtlCopyMemory(Info->Data, Value->Data, Value->Length);
        break;
    }
    case KeyValuePartialInformationAlign64: {
        PKEY_VALUE_PARTIAL_INFORMATION_ALIGN64 Info;

        Fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data);
        Needed = Fixed + Value->Length;
        Info = (PKEY_VALUE_PARTIAL_INFORMATION_ALIGN64)(Block = ExpAllocate(Needed, CMP_TAG_TEMP));
        Info->Type = Value->Type;
        Info->DataLength = Value->Length;
        RtlCopyMemory(Info->Data, Value->Data, Value->Length);
        break;
    }
    default:
        return STATUS_INVALID_PARAMETER;
    }
    Status = CmpDeliver(Block, Needed, Fixed, Buffer, Length, ResultLength, KiPreviousMode());
    ExpFree(Block);
    return Status;
}

NTSTATUS NTAPI
NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                ULONG Length, PULONG ResultLength)
{
    REG_QUERY_VALUE_KEY_INFORMATION Information = {0};
    UNICODE_STRING Name;
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpCaptureString(ValueName, KiPreviousMode(), &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_QUERY_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        goto FreeName;
    }
    Information.Object = Key;
    Information.ValueName = &Name;
    Information.KeyValueInformationClass = KeyValueInformationClass;
    Information.KeyValueInformation = KeyValueInformation;
    Information.Length = Length;
    Information.ResultLength = ResultLength;
    Status = CmpCallPre(&Call, RegNtPreQueryValueKey, RegNtPostQueryValueKey, Key, &Information,
                        &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        PCM_VALUE Value = CmpFindValue(Key->Node, &Name);

        Status = Value != NULL ? CmpAnswerValue(Value, KeyValueInformationClass,
                                                KeyValueInformation, Length, ResultLength)
                               : STATUS_OBJECT_NAME_NOT_FOUND;
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
FreeName:
    CmpFreeString(&Name);
    return Status;
}

NTSTATUS NTAPI
NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                    KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                    ULONG Length, PULONG ResultLength)
{
    REG_ENUMERATE_VALUE_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, KEY_QUERY_VALUE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Information.Index = Index;
    Information.KeyValueInformationClass = KeyValueInformationClass;
    Information.KeyValueInformation = KeyValueInformation;
    Information.Length = Length;
    Information.ResultLength = ResultLength;
    Status = CmpCallPre(&Call, RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, Key,
                        &Information, &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        PCM_VALUE Value = CmpValueAt(Key->Node, Index);

        Status = Value != NULL ? CmpAnswerValue(Value, KeyValueInformationClass,
                                                KeyValueInformation, Length, ResultLength)
                               : STATUS_NO_MORE_ENTRIES;
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
    return Status;
}

/* What fits is copied, and how much room all of them need is told. */
static NTSTATUS
CmpQueryMultiple(PCM_KEY Key, PKEY_VALUE_ENTRY ValueEntries, ULONG EntryCount, PVOID ValueBuffer,
                 PULONG BufferLength, PULONG RequiredBufferLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG Needed = 0, Room = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(ValueEntries, EntryCount * sizeof(*ValueEntries), 8);
            ProbeForWrite(BufferLength, sizeof(ULONG), 4);
        }
        Room = *BufferLength;
        if (Mode != KernelMode) {
            ProbeForWrite(ValueBuffer, Room, 4);
        }
        for (ULONG i = 0; i < EntryCount && NT_SUCCESS(Status); i++) {
            UNICODE_STRING Name;
            PCM_VALUE Value;

            Status = CmpCaptureString(ValueEntries[i].ValueName, Mode, &Name);
            if (!NT_SUCCESS(Status)) {
                break;
            }
            Value = CmpFindValue(Key->Node, &Name);
            CmpFreeString(&Name);
            if (Value == NULL) {
                Status = STATUS_OBJECT_NAME_NOT_FOUND;
                break;
            }
            Needed = (Needed + 3u) & ~3u;
            if (Needed + Value->Length <= Room) {
                RtlCopyMemory((PUCHAR)ValueBuffer + Needed, Value->Data, Value->Length);
                ValueEntries[i].DataOffset = Needed;
                ValueEntries[i].DataLength = Value->Length;
                ValueEntries[i].Type = Value->Type;
            }
            Needed += Value->Length;
        }
        if (NT_SUCCESS(Status)) {
            *BufferLength = min(Needed, Room);
            if (RequiredBufferLength != NULL) {
                if (Mode != KernelMode) {
                    ProbeForWrite(RequiredBufferLength, sizeof(ULONG), 4);
                }
                *RequiredBufferLength = Needed;
            }
            if (Needed > Room) {
                Status = STATUS_BUFFER_OVERFLOW;
            }
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI
NtQueryMultipleValueKey(HANDLE KeyHandle, PKEY_VALUE_ENTRY ValueEntries, ULONG EntryCount,
                        PVOID ValueBuffer, PULONG BufferLength, PULONG RequiredBufferLength)
{
    REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION Information = {0};
    CM_CALL Call;
    PCM_KEY Key;
    NTSTATUS Status;

    if (EntryCount > 0x10000) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = CmpReferenceKey(KeyHandle, KEY_QUERY_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Object = Key;
    Information.ValueEntries = ValueEntries;
    Information.EntryCount = EntryCount;
    Information.ValueBuffer = ValueBuffer;
    Information.BufferLength = BufferLength;
    Information.RequiredBufferLength = RequiredBufferLength;
    Status = CmpCallPre(&Call, RegNtPreQueryMultipleValueKey, RegNtPostQueryMultipleValueKey, Key,
                        &Information, &Information.CallContext, &Information.ObjectContext);
    if (NT_SUCCESS(Status)) {
        Status = CmpQueryMultiple(Key, ValueEntries, EntryCount, ValueBuffer, BufferLength,
                                  RequiredBufferLength);
        Status = CmpCallPost(&Call, Key, Status);
    } else if (Status == CMP_BYPASS) {
        Status = STATUS_SUCCESS;
    }
    ObDereferenceObject(Key);
    return Status;
}
