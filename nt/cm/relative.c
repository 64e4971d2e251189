/*
 * relative.c - the registry by path: Rtl routines whose path begins at a well-known place (RTL_REGISTRY_xxx), and what
 * other components read.
 *
 * Facts: the DDI pages of RtlWriteRegistryValue, RtlDeleteRegistryValue, RtlCreateRegistryKey, RtlCheckRegistryKey.
 */
#include "cmp.h"

#define CMP_TAG_STRING 'rtSR'

static const PCWSTR CmpPrefix[RTL_REGISTRY_MAXIMUM] = {
    NULL,
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Services",
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Control",
    L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
    L"\\Registry\\Machine\\Hardware\\DeviceMap",
    NULL,
};

NTSTATUS NTAPI
RtlFormatCurrentUserKeyPath(PUNICODE_STRING CurrentUserKeyPath)
{
    static const WCHAR Prefix[] = L"\\REGISTRY\\USER\\";
    PACCESS_TOKEN Token = PspCurrentThread()->ImpersonationToken;
    PTOKEN_USER User;
    UNICODE_STRING Sid;
    NTSTATUS Status;

    if (Token == NULL) {
        Token = PspCurrentProcess()->Token;
    }
    Status = SeQueryInformationToken(Token, TokenUser, (PVOID *)&User);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlConvertSidToUnicodeString(&Sid, User->User.Sid, TRUE);
    ExFreePool(User);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    CurrentUserKeyPath->MaximumLength = sizeof(Prefix) + Sid.Length;
    CurrentUserKeyPath->Length = sizeof(Prefix) - sizeof(WCHAR) + Sid.Length;
    CurrentUserKeyPath->Buffer =
        ExAllocatePoolWithTag(PagedPool, CurrentUserKeyPath->MaximumLength, CMP_TAG_STRING);
    if (CurrentUserKeyPath->Buffer == NULL) {
        Status = STATUS_NO_MEMORY;
    } else {
        RtlCopyMemory(CurrentUserKeyPath->Buffer, Prefix, sizeof(Prefix));
        RtlCopyMemory(CurrentUserKeyPath->Buffer + RTL_NUMBER_OF(Prefix) - 1, Sid.Buffer,
                      Sid.Length);
        CurrentUserKeyPath->Buffer[CurrentUserKeyPath->Length / sizeof(WCHAR)] = 0;
    }
    RtlFreeUnicodeString(&Sid);
    return Status;
}

/* A handle to the key that RelativeTo and Path name; Create: makes its last part. */
NTSTATUS
CmpOpenRelative(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = {0}, Prefix = {0}, Tail;
    ULONG Kind = RelativeTo & ~(ULONG)RTL_REGISTRY_OPTIONAL;
    NTSTATUS Status;

    if (Kind & RTL_REGISTRY_HANDLE) {
        *Handle = (HANDLE)Path;
        return STATUS_SUCCESS;
    }
    if (Kind >= RTL_REGISTRY_MAXIMUM) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlInitUnicodeString(&Tail, Path);
    if (Kind == RTL_REGISTRY_USER) {
        Status = RtlFormatCurrentUserKeyPath(&Prefix);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    } else if (CmpPrefix[Kind] != NULL) {
        RtlInitUnicodeString(&Prefix, CmpPrefix[Kind]);
    }
    Name.MaximumLength = (USHORT)(Prefix.Length + Tail.Length + 2 * sizeof(WCHAR));
    Name.Buffer = ExpAllocate(Name.MaximumLength, CMP_TAG_TEMP);
    RtlAppendUnicodeStringToString(&Name, &Prefix);
    if (Prefix.Length != 0 && Tail.Length != 0 && Tail.Buffer[0] != L'\\') {
        RtlAppendUnicodeToString(&Name, L"\\");
    }
    RtlAppendUnicodeStringToString(&Name, &Tail);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = Create
                 ? ZwCreateKey(Handle, Access, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL)
                 : ZwOpenKey(Handle, Access, &Attributes);
    ExpFree(Name.Buffer);
    if (Kind == RTL_REGISTRY_USER) {
        ExFreePool(Prefix.Buffer);
    }
    return Status;
}

VOID
CmpCloseRelative(ULONG RelativeTo, HANDLE Handle)
{
    if (!(RelativeTo & RTL_REGISTRY_HANDLE)) {
        ZwClose(Handle);
    }
}

NTSTATUS NTAPI
RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType,
                      PVOID ValueData, ULONG ValueLength)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, KEY_SET_VALUE, TRUE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = ZwSetValueKey(Key, &Name, 0, ValueType, ValueData, ValueLength);
    CmpCloseRelative(RelativeTo, Key);
    return Status;
}

NTSTATUS NTAPI
RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, KEY_SET_VALUE, FALSE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = ZwDeleteValueKey(Key, &Name);
    CmpCloseRelative(RelativeTo, Key);
    return Status;
}

NTSTATUS NTAPI
RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, CMP_KEY_READ, TRUE, &Key);

    if (NT_SUCCESS(Status)) {
        CmpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

NTSTATUS NTAPI
RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, CMP_KEY_READ, FALSE, &Key);

    if (NT_SUCCESS(Status)) {
        CmpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

NTSTATUS
CmpOpenToRead(PUNICODE_STRING KeyPath, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, KeyPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwOpenKey(Key, CMP_KEY_READ, &Attributes);
}

/* A value that is no longer than a path. */
typedef struct _CMP_SHORT_VALUE {
    KEY_VALUE_PARTIAL_INFORMATION Information;
    WCHAR Rest[260];
} CMP_SHORT_VALUE, *PCMP_SHORT_VALUE;

static NTSTATUS
CmpFetchShort(HANDLE Key, PCWSTR ValueName, PCMP_SHORT_VALUE Value)
{
    UNICODE_STRING Name;
    ULONG Length;

    RtlInitUnicodeString(&Name, ValueName);
    return ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Value, sizeof(*Value), &Length);
}

NTSTATUS
CmpStringOf(HANDLE Key, PCWSTR ValueName, PWSTR Buffer, ULONG Bytes)
{
    CMP_SHORT_VALUE Value;
    ULONG Length;
    NTSTATUS Status = CmpFetchShort(Key, ValueName, &Value);

    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_OVERFLOW) {
        return Status;
    }
    if (Value.Information.Type != REG_SZ && Value.Information.Type != REG_EXPAND_SZ) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    Length = Value.Information.DataLength;
    if (!NT_SUCCESS(Status) || Length + sizeof(WCHAR) > Bytes) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Buffer, Value.Information.Data, Length);
    RtlZeroMemory((PUCHAR)Buffer + Length, Bytes - Length);
    return STATUS_SUCCESS;
}

NTSTATUS
CmpDwordOf(HANDLE Key, PCWSTR ValueName, PULONG Number)
{
    CMP_SHORT_VALUE Value;
    NTSTATUS Status = CmpFetchShort(Key, ValueName, &Value);

    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_OVERFLOW) {
        return Status;
    }
    if (Value.Information.Type != REG_DWORD || Value.Information.DataLength != sizeof(ULONG)) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    RtlCopyMemory(Number, Value.Information.Data, sizeof(ULONG));
    return STATUS_SUCCESS;
}

NTSTATUS
CmpReadString(PUNICODE_STRING KeyPath, PCWSTR ValueName, PWSTR Buffer, ULONG Bytes)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenToRead(KeyPath, &Key);

    if (NT_SUCCESS(Status)) {
        Status = CmpStringOf(Key, ValueName, Buffer, Bytes);
        ZwClose(Key);
    }
    return Status;
}

NTSTATUS
CmpReadDword(PUNICODE_STRING KeyPath, PCWSTR ValueName, PULONG Value)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenToRead(KeyPath, &Key);

    if (NT_SUCCESS(Status)) {
        Status = CmpDwordOf(Key, ValueName, Value);
        ZwClose(Key);
    }
    return Status;
}
