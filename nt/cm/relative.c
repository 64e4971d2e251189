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
CmpReadString(PUNICODE_STRING KeyPath, PCWSTR ValueName, PWSTR Buffer, ULONG Bytes)
{
    PKEY_VALUE_FULL_INFORMATION Information;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, KeyPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwOpenKey(&Key, CMP_KEY_READ, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = CmpFetch(Key, &Name, 0, &Information);
    ZwClose(Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Information->Type != REG_SZ && Information->Type != REG_EXPAND_SZ) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    } else if (Information->DataLength + sizeof(WCHAR) > Bytes) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        RtlZeroMemory(Buffer, Bytes);
        RtlCopyMemory(Buffer, CmpDataOf(Information), Information->DataLength);
    }
    ExFreePool(Information);
    return Status;
}

NTSTATUS
CmpReadDword(PUNICODE_STRING KeyPath, PCWSTR ValueName, PULONG Value)
{
    PKEY_VALUE_FULL_INFORMATION Information;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, KeyPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwOpenKey(&Key, CMP_KEY_READ, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = CmpFetch(Key, &Name, 0, &Information);
    ZwClose(Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Information->Type != REG_DWORD || Information->DataLength != sizeof(ULONG)) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    } else {
        *Value = *(PULONG)CmpDataOf(Information);
    }
    ExFreePool(Information);
    return Status;
}
