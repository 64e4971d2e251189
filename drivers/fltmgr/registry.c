/*
 * registry.c - what a minifilter's service key says: Instances, DefaultInstance, Altitude, Flags.
 *
 * From 11 24H2 on the Instances key lies below Parameters; it is looked for there first, whatever the version.
 * [IFS: creating-an-inf-file-for-a-minifilter-driver; nt-semantics-2 1.9 and 7.12]
 */
#include "fltp.h"

static NTSTATUS
FltpOpen(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    NTSTATUS Status;

    Path.Length = 0;
    Path.MaximumLength = ServicePath->Length + 600 * sizeof(WCHAR);
    Path.Buffer = ExAllocatePoolWithTag(PagedPool, Path.MaximumLength, FLTP_TAG_TEMP);
    if (Path.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlAppendUnicodeStringToString(&Path, ServicePath);
    if (SubKey != NULL) {
        RtlAppendUnicodeToString(&Path, L"\\");
        RtlAppendUnicodeToString(&Path, SubKey);
    }
    if (SubSubKey != NULL) {
        RtlAppendUnicodeToString(&Path, L"\\");
        RtlAppendUnicodeStringToString(&Path, SubSubKey);
    }
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwOpenKey(Key, KEY_READ, &Attributes);
    ExFreePoolWithTag(Path.Buffer, FLTP_TAG_TEMP);
    return Status;
}

/* The value with its data; pool. */
static NTSTATUS
FltpQuery(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey, PCWSTR Value,
          ULONG Type, PKEY_VALUE_PARTIAL_INFORMATION *Information)
{
    UNICODE_STRING Name;
    NTSTATUS Status;
    ULONG Length;
    HANDLE Key;

    Status = FltpOpen(ServicePath, SubKey, SubSubKey, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, Value);
    *Information = ExAllocatePoolWithTag(PagedPool, 1024, FLTP_TAG_TEMP);
    if (*Information == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        Status =
            ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, *Information, 1024, &Length);
        if (NT_SUCCESS(Status) && (*Information)->Type != Type) {
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        }
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(*Information, FLTP_TAG_TEMP);
        }
    }
    ZwClose(Key);
    return Status;
}

NTSTATUS
FltpReadString(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey,
               PCWSTR Value, PUNICODE_STRING Result)
{
    PKEY_VALUE_PARTIAL_INFORMATION Information;
    UNICODE_STRING Text;
    NTSTATUS Status;

    Status = FltpQuery(ServicePath, SubKey, SubSubKey, Value, REG_SZ, &Information);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Text.Buffer = (PWSTR)Information->Data;
    Text.Length = Text.MaximumLength = (USHORT)Information->DataLength;
    while (Text.Length != 0 && Text.Buffer[Text.Length / sizeof(WCHAR) - 1] == 0) {
        Text.Length -= sizeof(WCHAR);
    }
    Status = FltpCopyString(Result, &Text, FLTP_TAG_NAME);
    ExFreePoolWithTag(Information, FLTP_TAG_TEMP);
    return Status;
}

NTSTATUS
FltpReadDword(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey, PCWSTR Value,
              PULONG Result)
{
    PKEY_VALUE_PARTIAL_INFORMATION Information;
    NTSTATUS Status;

    Status = FltpQuery(ServicePath, SubKey, SubSubKey, Value, REG_DWORD, &Information);
    if (NT_SUCCESS(Status)) {
        *Result = *(PULONG)Information->Data;
        ExFreePoolWithTag(Information, FLTP_TAG_TEMP);
    }
    return Status;
}

PCWSTR
FltpInstancesKey(PCUNICODE_STRING ServicePath)
{
    static const WCHAR *const Places[] = {L"Parameters\\Instances", L"Instances"};
    HANDLE Key;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Places); i++) {
        if (NT_SUCCESS(FltpOpen(ServicePath, Places[i], NULL, &Key))) {
            ZwClose(Key);
            return Places[i];
        }
    }
    return NULL;
}

NTSTATUS
FltpEnumerateInstanceKeys(PCUNICODE_STRING ServicePath, ULONG Index, PUNICODE_STRING Name)
{
    PCWSTR Place = FltpInstancesKey(ServicePath);
    PKEY_BASIC_INFORMATION Information;
    UNICODE_STRING Text;
    NTSTATUS Status;
    ULONG Length;
    HANDLE Key;

    if (Place == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Status = FltpOpen(ServicePath, Place, NULL, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information = ExAllocatePoolWithTag(PagedPool, 1024, FLTP_TAG_TEMP);
    if (Information == NULL) {
        ZwClose(Key);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ZwEnumerateKey(Key, Index, KeyBasicInformation, Information, 1024, &Length);
    if (NT_SUCCESS(Status)) {
        Text.Buffer = Information->Name;
        Text.Length = Text.MaximumLength = (USHORT)Information->NameLength;
        Status = FltpCopyString(Name, &Text, FLTP_TAG_NAME);
    }
    ExFreePoolWithTag(Information, FLTP_TAG_TEMP);
    ZwClose(Key);
    return Status;
}
