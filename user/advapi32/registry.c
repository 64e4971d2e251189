/*
 * registry.c - keys and values, the W routines.
 *
 * Predefined keys are opened by name when they are used: HKEY_LOCAL_MACHINE is \Registry\Machine, HKEY_USERS is
 * \Registry\User, HKEY_CURRENT_USER \Registry\User\<SID of the caller's user>, HKEY_CLASSES_ROOT
 * \Registry\Machine\Software\Classes.
 * The routines return a Win32 error, not the last error. Facts: the "Registry Functions" pages.
 */
#include "user/advapi32/adv.h"

#define ADV_ERROR(Status) ((LSTATUS)RtlNtStatusToDosError(Status))

/* \Registry\User\S-1-..., of the thread's token if it impersonates, else of the process's. */
static NTSTATUS
AdvUserKey(PWSTR Path, ULONG Chars)
{
    static const WCHAR Prefix[] = L"\\Registry\\User\\";
    ULONG64 User[16];
    UNICODE_STRING Text;
    HANDLE Token;
    ULONG Length;
    NTSTATUS Status;

    Status = NtOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &Token);
    if (!NT_SUCCESS(Status)) {
        Status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Token);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtQueryInformationToken(Token, TokenUser, User, sizeof(User), &Length);
    NtClose(Token);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlCopyMemory(Path, Prefix, sizeof(Prefix));
    Text.Buffer = Path + RTL_NUMBER_OF(Prefix) - 1;
    Text.Length = 0;
    Text.MaximumLength = (USHORT)((Chars - RTL_NUMBER_OF(Prefix) + 1) * sizeof(WCHAR));
    return RtlConvertSidToUnicodeString(&Text, ((TOKEN_USER *)User)->User.Sid, FALSE);
}

LSTATUS
AdvKeyHandle(HKEY Key, ACCESS_MASK Access, PHANDLE Handle, PBOOLEAN Opened)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    WCHAR User[128];
    PCWSTR Name;
    NTSTATUS Status;

    *Opened = FALSE;
    *Handle = (HANDLE)Key;
    if (((ULONG)(ULONG_PTR)Key & 0xFFFFFFF0) != 0x80000000) {
        return Key != NULL ? ERROR_SUCCESS : ERROR_INVALID_HANDLE;
    }
    switch ((ULONG)(ULONG_PTR)Key) {
    case 0x80000000:
        Name = L"\\Registry\\Machine\\Software\\Classes";
        break;
    case 0x80000001:
        Status = AdvUserKey(User, RTL_NUMBER_OF(User));
        if (!NT_SUCCESS(Status)) {
            return ADV_ERROR(Status);
        }
        Name = User;
        break;
    case 0x80000002:
        Name = L"\\Registry\\Machine";
        break;
    case 0x80000003:
        Name = L"\\Registry\\User";
        break;
    case 0x80000005:
        Name = L"\\Registry\\Machine\\System\\CurrentControlSet\\Hardware Profiles\\Current";
        break;
    default:
        return ERROR_INVALID_HANDLE;
    }
    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenKey(Handle, Access, &Attributes);
    *Opened = NT_SUCCESS(Status);
    return NT_SUCCESS(Status) ? ERROR_SUCCESS : ADV_ERROR(Status);
}

static VOID
AdvRelease(HANDLE Handle, BOOLEAN Opened)
{
    if (Opened) {
        NtClose(Handle);
    }
}

LSTATUS WINAPI
RegCloseKey(HKEY Key)
{
    if (((ULONG)(ULONG_PTR)Key & 0xFFFFFFF0) == 0x80000000) {
        return ERROR_SUCCESS;
    }
    return ADV_ERROR(NtClose((HANDLE)Key));
}

LSTATUS WINAPI
RegOpenKeyExW(HKEY Key, LPCWSTR SubKey, DWORD Options, REGSAM Access, PHKEY Result)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Parent, Handle;
    BOOLEAN Opened;
    LSTATUS Error;
    NTSTATUS Status;

    if (Result == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    *Result = NULL;
    Error = AdvKeyHandle(Key, MAXIMUM_ALLOWED, &Parent, &Opened);
    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    RtlInitUnicodeString(&Name, SubKey != NULL ? SubKey : L"");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Parent, NULL);
    Status = NtOpenKey(&Handle, Access & ~(KEY_WOW64_32KEY | KEY_WOW64_64KEY), &Attributes);
    AdvRelease(Parent, Opened);
    if (NT_SUCCESS(Status)) {
        *Result = (HKEY)Handle;
    }
    return ADV_ERROR(Status);
}

/* Creates each missing key of the path. */
LSTATUS WINAPI
RegCreateKeyExW(HKEY Key, LPCWSTR SubKey, DWORD Reserved, LPWSTR Class, DWORD Options,
                REGSAM Access, const LPSECURITY_ATTRIBUTES Security, PHKEY Result,
                LPDWORD Disposition)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Parent, Current, Next = NULL;
    BOOLEAN Opened;
    ULONG Made = REG_OPENED_EXISTING_KEY;
    LSTATUS Error;
    NTSTATUS Status = STATUS_SUCCESS;

    if (SubKey == NULL || Result == NULL) {
        return SubKey == NULL ? ERROR_BADKEY : ERROR_INVALID_PARAMETER;
    }
    Error = AdvKeyHandle(Key, MAXIMUM_ALLOWED, &Parent, &Opened);
    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Current = Parent;
    do {
        ULONG Length = 0;
        BOOLEAN Last;

        while (*SubKey == L'\\') {
            SubKey++;
        }
        while (SubKey[Length] != 0 && SubKey[Length] != L'\\') {
            Length++;
        }
        Last = SubKey[Length] == 0;
        Name.Buffer = (PWSTR)SubKey;
        Name.Length = Name.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Current,
                                   Last && Security != NULL ? Security->lpSecurityDescriptor
                                                            : NULL);
        if (Last && Security != NULL && Security->bInheritHandle) {
            Attributes.Attributes |= OBJ_INHERIT;
        }
        Status = NtCreateKey(
            &Next, Last ? Access & ~(KEY_WOW64_32KEY | KEY_WOW64_64KEY) : MAXIMUM_ALLOWED,
            &Attributes, 0, NULL, Options & (REG_OPTION_VOLATILE | REG_OPTION_CREATE_LINK), &Made);
        if (Current != Parent) {
            NtClose(Current);
        }
        Current = Next;
        SubKey += Length;
    } while (NT_SUCCESS(Status) && *SubKey != 0);
    AdvRelease(Parent, Opened);
    if (!NT_SUCCESS(Status)) {
        return ADV_ERROR(Status);
    }
    *Result = (HKEY)Next;
    if (Disposition != NULL) {
        *Disposition = Made;
    }
    return ERROR_SUCCESS;
}

LSTATUS WINAPI
RegQueryValueExW(HKEY Key, LPCWSTR ValueName, LPDWORD Reserved, LPDWORD Type, LPBYTE Data,
                 LPDWORD Size)
{
    PKEY_VALUE_PARTIAL_INFORMATION Information;
    UNICODE_STRING Name;
    HANDLE Handle;
    BOOLEAN Opened;
    ULONG Room = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) +
                 (Data != NULL && Size != NULL ? *Size : 0) + 16,
          Length = 0;
    LSTATUS Error;
    NTSTATUS Status;

    if (Data != NULL && Size == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    Error = AdvKeyHandle(Key, KEY_QUERY_VALUE, &Handle, &Opened);
    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Information = AdvAllocate(Room);
    if (Information == NULL) {
        AdvRelease(Handle, Opened);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    RtlInitUnicodeString(&Name, ValueName != NULL ? ValueName : L"");
    Status = NtQueryValueKey(Handle, &Name, KeyValuePartialInformation, Information, Room, &Length);
    AdvRelease(Handle, Opened);
    Error = ERROR_SUCCESS;
    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_OVERFLOW) {
        Error = ADV_ERROR(Status);
    } else {
        if (Type != NULL) {
            *Type = Information->Type;
        }
        if (Size != NULL) {
            if (Data != NULL && Information->DataLength > *Size) {
                Error = ERROR_MORE_DATA;
            } else if (Data != NULL) {
                RtlCopyMemory(Data, Information->Data, Information->DataLength);
            }
            *Size = Information->DataLength;
        }
    }
    AdvFree(Information);
    return Error;
}

LSTATUS WINAPI
RegSetValueExW(HKEY Key, LPCWSTR ValueName, DWORD Reserved, DWORD Type, const BYTE *Data,
               DWORD Size)
{
    UNICODE_STRING Name;
    HANDLE Handle;
    BOOLEAN Opened;
    LSTATUS Error = AdvKeyHandle(Key, KEY_SET_VALUE, &Handle, &Opened);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    RtlInitUnicodeString(&Name, ValueName != NULL ? ValueName : L"");
    Status = NtSetValueKey(Handle, &Name, 0, Type, (PVOID)Data, Size);
    AdvRelease(Handle, Opened);
    return ADV_ERROR(Status);
}

LSTATUS WINAPI
RegDeleteValueW(HKEY Key, LPCWSTR ValueName)
{
    UNICODE_STRING Name;
    HANDLE Handle;
    BOOLEAN Opened;
    LSTATUS Error = AdvKeyHandle(Key, KEY_SET_VALUE, &Handle, &Opened);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    RtlInitUnicodeString(&Name, ValueName != NULL ? ValueName : L"");
    Status = NtDeleteValueKey(Handle, &Name);
    AdvRelease(Handle, Opened);
    return ADV_ERROR(Status);
}

LSTATUS WINAPI
RegDeleteKeyExW(HKEY Key, LPCWSTR SubKey, REGSAM View, DWORD Reserved)
{
    HKEY Found;
    LSTATUS Error;
    NTSTATUS Status;

    if (SubKey == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    Error = RegOpenKeyExW(Key, SubKey, 0, DELETE, &Found);
    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Status = NtDeleteKey((HANDLE)Found);
    NtClose((HANDLE)Found);
    return Status == STATUS_CANNOT_DELETE ? ERROR_ACCESS_DENIED
                                          : ADV_ERROR(Status); /* it has subkeys */
}

VOID
AdvDeleteSubKeys(HANDLE Key)
{
    struct {
        KEY_BASIC_INFORMATION Information;
        WCHAR Text[256];
    } Buffer;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    ULONG Length;
    HANDLE Child;

    while (
        NT_SUCCESS(NtEnumerateKey(Key, 0, KeyBasicInformation, &Buffer, sizeof(Buffer), &Length))) {
        Name.Buffer = Buffer.Information.Name;
        Name.Length = Name.MaximumLength = (USHORT)Buffer.Information.NameLength;
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Key, NULL);
        if (!NT_SUCCESS(NtOpenKey(&Child, DELETE | KEY_ENUMERATE_SUB_KEYS, &Attributes))) {
            return;
        }
        AdvDeleteSubKeys(Child);
        if (!NT_SUCCESS(NtDeleteKey(Child))) {
            NtClose(Child);
            return;
        }
        NtClose(Child);
    }
}

LSTATUS WINAPI
RegDeleteTreeW(HKEY Key, LPCWSTR SubKey)
{
    HKEY Found;
    LSTATUS Error = RegOpenKeyExW(
        Key, SubKey, 0, DELETE | KEY_ENUMERATE_SUB_KEYS | KEY_QUERY_VALUE | KEY_SET_VALUE, &Found);

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    AdvDeleteSubKeys((HANDLE)Found);
    if (SubKey != NULL) {
        Error = ADV_ERROR(NtDeleteKey((HANDLE)Found));
    }
    NtClose((HANDLE)Found);
    return Error;
}

LSTATUS WINAPI
RegEnumKeyExW(HKEY Key, DWORD Index, LPWSTR Name, LPDWORD Room, LPDWORD Reserved, LPWSTR Class,
              LPDWORD ClassRoom, PFILETIME LastWrite)
{
    struct {
        KEY_BASIC_INFORMATION Information;
        WCHAR Text[256];
    } Buffer;
    HANDLE Handle;
    BOOLEAN Opened;
    ULONG Length;
    LSTATUS Error = AdvKeyHandle(Key, KEY_ENUMERATE_SUB_KEYS, &Handle, &Opened);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Status = NtEnumerateKey(Handle, Index, KeyBasicInformation, &Buffer, sizeof(Buffer), &Length);
    AdvRelease(Handle, Opened);
    if (!NT_SUCCESS(Status)) {
        return ADV_ERROR(Status);
    }
    Length = Buffer.Information.NameLength / sizeof(WCHAR);
    if (Length + 1 > *Room) {
        return ERROR_MORE_DATA;
    }
    RtlCopyMemory(Name, Buffer.Information.Name, Length * sizeof(WCHAR));
    Name[Length] = 0;
    *Room = Length;
    if (Class != NULL && ClassRoom != NULL && *ClassRoom != 0) {
        *Class = 0;
        *ClassRoom = 0;
    }
    if (LastWrite != NULL) {
        *LastWrite = *(PFILETIME)&Buffer.Information.LastWriteTime;
    }
    return ERROR_SUCCESS;
}

LSTATUS WINAPI
RegEnumValueW(HKEY Key, DWORD Index, LPWSTR Name, LPDWORD Room, LPDWORD Reserved, LPDWORD Type,
              LPBYTE Data, LPDWORD Size)
{
    PKEY_VALUE_FULL_INFORMATION Information;
    ULONG Bytes = sizeof(*Information) + 0x10000, Length;
    HANDLE Handle;
    BOOLEAN Opened;
    NTSTATUS Status;
    LSTATUS Error;

    if (Name == NULL || Room == NULL || Reserved != NULL || (Data != NULL && Size == NULL)) {
        return ERROR_INVALID_PARAMETER; /* only what comes after may be missing */
    }
    Error = AdvKeyHandle(Key, KEY_QUERY_VALUE, &Handle, &Opened);
    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Information = AdvAllocate(Bytes);
    if (Information == NULL) {
        AdvRelease(Handle, Opened);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Status =
        NtEnumerateValueKey(Handle, Index, KeyValueFullInformation, Information, Bytes, &Length);
    AdvRelease(Handle, Opened);
    if (!NT_SUCCESS(Status)) {
        Error = ADV_ERROR(Status);
    } else if (Information->NameLength / sizeof(WCHAR) + 1 > *Room) {
        Error = ERROR_MORE_DATA;
    } else {
        RtlCopyMemory(Name, Information->Name, Information->NameLength);
        *Room = Information->NameLength / sizeof(WCHAR);
        Name[*Room] = 0;
        if (Type != NULL) {
            *Type = Information->Type;
        }
        if (Size != NULL) {
            if (Data != NULL && Information->DataLength > *Size) {
                Error = ERROR_MORE_DATA;
            } else if (Data != NULL) {
                RtlCopyMemory(Data, (PUCHAR)Information + Information->DataOffset,
                              Information->DataLength);
            }
            *Size = Information->DataLength;
        }
    }
    AdvFree(Information);
    return Error;
}

LSTATUS WINAPI
RegQueryInfoKeyW(HKEY Key, LPWSTR Class, LPDWORD ClassRoom, LPDWORD Reserved, LPDWORD SubKeys,
                 LPDWORD MaxSubKey, LPDWORD MaxClass, LPDWORD Values, LPDWORD MaxName,
                 LPDWORD MaxData, LPDWORD Descriptor, PFILETIME LastWrite)
{
    struct {
        KEY_FULL_INFORMATION Information;
        WCHAR Text[256];
    } Buffer;
    PKEY_FULL_INFORMATION Full = &Buffer.Information;
    HANDLE Handle;
    BOOLEAN Opened;
    ULONG Length;
    LSTATUS Error = AdvKeyHandle(Key, KEY_QUERY_VALUE, &Handle, &Opened);
    NTSTATUS Status;

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    Status = NtQueryKey(Handle, KeyFullInformation, &Buffer, sizeof(Buffer), &Length);
    AdvRelease(Handle, Opened);
    if (!NT_SUCCESS(Status)) {
        return ADV_ERROR(Status);
    }
    if (Class != NULL && ClassRoom != NULL && *ClassRoom != 0) {
        *Class = 0;
        *ClassRoom = 0;
    }
    if (SubKeys != NULL) {
        *SubKeys = Full->SubKeys;
    }
    if (MaxSubKey != NULL) {
        *MaxSubKey = Full->MaxNameLen / sizeof(WCHAR);
    }
    if (MaxClass != NULL) {
        *MaxClass = Full->MaxClassLen / sizeof(WCHAR);
    }
    if (Values != NULL) {
        *Values = Full->Values;
    }
    if (MaxName != NULL) {
        *MaxName = Full->MaxValueNameLen / sizeof(WCHAR);
    }
    if (MaxData != NULL) {
        *MaxData = Full->MaxValueDataLen;
    }
    if (Descriptor != NULL) {
        *Descriptor = 0;
    }
    if (LastWrite != NULL) {
        *LastWrite = *(PFILETIME)&Full->LastWriteTime;
    }
    return ERROR_SUCCESS;
}

LSTATUS WINAPI
RegFlushKey(HKEY Key)
{
    HANDLE Handle;
    BOOLEAN Opened;
    LSTATUS Error = AdvKeyHandle(Key, KEY_QUERY_VALUE, &Handle, &Opened);

    if (Error == ERROR_SUCCESS) {
        Error = ADV_ERROR(NtFlushKey(Handle));
        AdvRelease(Handle, Opened);
    }
    return Error;
}

LSTATUS WINAPI
RegNotifyChangeKeyValue(HKEY Key, BOOL Tree, DWORD Filter, HANDLE Event, BOOL Asynchronous)
{
    static IO_STATUS_BLOCK
        Iosb; /* written when the key changes: our caller's stack is another's by then */
    NTSTATUS Status;

    if (Asynchronous && Event == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    Status = NtNotifyChangeKey((HANDLE)Key, Event, NULL, NULL, &Iosb, Filter, (BOOLEAN)Tree, NULL,
                               0, (BOOLEAN)Asynchronous);
    return Status == STATUS_PENDING ? ERROR_SUCCESS : ADV_ERROR(Status);
}

#define ADV_TYPE_FLAG(Type)                                                                        \
    ((Type) == REG_NONE        ? RRF_RT_REG_NONE                                                   \
     : (Type) == REG_SZ        ? RRF_RT_REG_SZ                                                     \
     : (Type) == REG_EXPAND_SZ ? RRF_RT_REG_EXPAND_SZ                                              \
     : (Type) == REG_BINARY    ? RRF_RT_REG_BINARY                                                 \
     : (Type) == REG_DWORD     ? RRF_RT_REG_DWORD                                                  \
     : (Type) == REG_MULTI_SZ  ? RRF_RT_REG_MULTI_SZ                                               \
     : (Type) == REG_QWORD     ? RRF_RT_REG_QWORD                                                  \
                               : 0)

/* Without expansion of %names%: a REG_EXPAND_SZ comes as it is kept. */
LSTATUS WINAPI
RegGetValueW(HKEY Key, LPCWSTR SubKey, LPCWSTR Value, DWORD Flags, LPDWORD Type, PVOID Data,
             LPDWORD Size)
{
    HKEY Opened = Key;
    DWORD Kind = REG_NONE;
    LSTATUS Error = ERROR_SUCCESS;

    if (SubKey != NULL && *SubKey != 0) {
        Error = RegOpenKeyExW(Key, SubKey, 0, KEY_QUERY_VALUE, &Opened);
    }
    if (Error == ERROR_SUCCESS) {
        Error = RegQueryValueExW(Opened, Value, NULL, &Kind, Data, Size);
        if (Opened != Key) {
            RegCloseKey(Opened);
        }
    }
    if (Type != NULL) {
        *Type = Kind;
    }
    if ((Error == ERROR_SUCCESS || Error == ERROR_MORE_DATA) &&
        (ADV_TYPE_FLAG(Kind) & Flags) == 0) {
        return ERROR_UNSUPPORTED_TYPE;
    }
    return Error;
}
