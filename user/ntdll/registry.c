/*
 * registry.c - the registry by path: Rtl routines whose path begins at a well-known place (RTL_REGISTRY_xxx).
 *
 * A query table is read entry by entry. The current key is the one named by RelativeTo and Path, until an
 * entry with SUBKEY moves to a subkey and one with TOPKEY moves back.
 *
 *   Q1  An entry with a name asks for that value, one without for all values of the current key.
 *   Q2  Without DIRECT the routine gets the value; strings of a REG_MULTI_SZ come one by one and
 *       REG_EXPAND_SZ expanded, both as REG_SZ, unless NOEXPAND.
 *   Q3  With DIRECT the value is stored where EntryContext says. With TYPECHECK only if it has the type in
 *       the high byte of DefaultType.
 *
 * Facts: the DDI pages of RtlQueryRegistryValues, RtlWriteRegistryValue, RtlCheckRegistryKey, RtlCreateRegistryKey.
 */
#include "user/ntdll/ntdllp.h"

#define RTL_REGISTRY_USER     5
#define RTL_REGISTRY_MAXIMUM  6
#define RTL_REGISTRY_HANDLE   0x40000000
#define RTL_REGISTRY_OPTIONAL 0x80000000

#define QUERY_SUBKEY          0x01
#define QUERY_TOPKEY          0x02
#define QUERY_REQUIRED        0x04
#define QUERY_NOVALUE         0x08
#define QUERY_NOEXPAND        0x10
#define QUERY_DIRECT          0x20
#define QUERY_DELETE          0x40
#define QUERY_TYPECHECK       0x100
#define QUERY_TYPECHECK_SHIFT 24

typedef NTSTATUS(NTAPI *PRTLP_QUERY_ROUTINE)(PWSTR Name, ULONG Type, PVOID Data, ULONG Length,
                                             PVOID Context, PVOID EntryContext);
typedef struct _RTLP_QUERY_TABLE {
    PRTLP_QUERY_ROUTINE QueryRoutine;
    ULONG Flags;
    PWSTR Name;
    PVOID EntryContext;
    ULONG DefaultType;
    PVOID DefaultData;
    ULONG DefaultLength;
} RTLP_QUERY_TABLE, *PRTLP_QUERY_TABLE;

static const PCWSTR RtlpPrefix[RTL_REGISTRY_MAXIMUM] = {
    NULL,
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Services",
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Control",
    L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
    L"\\Registry\\Machine\\Hardware\\DeviceMap",
    NULL,
};

NTSTATUS NTAPI
RtlFormatCurrentUserKeyPath(PUNICODE_STRING KeyPath)
{
    static const WCHAR Prefix[] = L"\\REGISTRY\\USER\\";
    ULONG_PTR Space[(sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE) / sizeof(ULONG_PTR) + 1];
    PTOKEN_USER User = (PTOKEN_USER)Space;
    UNICODE_STRING Sid;
    HANDLE Token;
    ULONG Length;
    NTSTATUS Status = NtOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &Token);

    if (Status == STATUS_NO_TOKEN) {
        Status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Token);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtQueryInformationToken(Token, TokenUser, User, sizeof(Space), &Length);
    NtClose(Token);
    if (NT_SUCCESS(Status)) {
        Status = RtlConvertSidToUnicodeString(&Sid, User->User.Sid, TRUE);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeyPath->Length = 0;
    KeyPath->MaximumLength = sizeof(Prefix) + Sid.Length;
    KeyPath->Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, KeyPath->MaximumLength);
    if (KeyPath->Buffer == NULL) {
        Status = STATUS_NO_MEMORY;
    } else {
        RtlAppendUnicodeToString(KeyPath, Prefix);
        RtlAppendUnicodeStringToString(KeyPath, &Sid);
    }
    RtlFreeUnicodeString(&Sid);
    return Status;
}

/* A handle to the key that RelativeTo and Path name; Create: makes its last part. */
static NTSTATUS
RtlpOpenRelative(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = {0}, Prefix = {0}, Tail;
    ULONG Kind = RelativeTo & ~RTL_REGISTRY_OPTIONAL, Disposition;
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
    } else if (RtlpPrefix[Kind] != NULL) {
        RtlInitUnicodeString(&Prefix, RtlpPrefix[Kind]);
    } else if (Tail.Length == 0) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    Name.MaximumLength = (USHORT)(Prefix.Length + Tail.Length + 2 * sizeof(WCHAR));
    Name.Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, Name.MaximumLength);
    Status = STATUS_NO_MEMORY;
    if (Name.Buffer != NULL) {
        RtlAppendUnicodeStringToString(&Name, &Prefix);
        if (Prefix.Length != 0 && Tail.Length != 0 && Tail.Buffer[0] != L'\\') {
            RtlAppendUnicodeToString(&Name, L"\\");
        }
        RtlAppendUnicodeStringToString(&Name, &Tail);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        Status = Create ? NtCreateKey(Handle, Access, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE,
                                      &Disposition)
                        : NtOpenKey(Handle, Access, &Attributes);
        RtlFreeHeap(RtlProcessHeap(), 0, Name.Buffer);
    }
    if (Kind == RTL_REGISTRY_USER) {
        RtlFreeUnicodeString(&Prefix);
    }
    return Status;
}

static VOID
RtlpCloseRelative(ULONG RelativeTo, HANDLE Handle)
{
    if (!(RelativeTo & RTL_REGISTRY_HANDLE)) {
        NtClose(Handle);
    }
}

NTSTATUS NTAPI
RtlOpenCurrentUser(ACCESS_MASK Access, PHANDLE Key)
{
    return RtlpOpenRelative(RTL_REGISTRY_USER, NULL, Access, FALSE, Key);
}

NTSTATUS NTAPI
RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = RtlpOpenRelative(RelativeTo, Path, KEY_READ, TRUE, &Key);

    if (NT_SUCCESS(Status)) {
        RtlpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

NTSTATUS NTAPI
RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = RtlpOpenRelative(RelativeTo, Path, KEY_READ, FALSE, &Key);

    if (NT_SUCCESS(Status)) {
        RtlpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

NTSTATUS NTAPI
RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG Type, PVOID Data,
                      ULONG Length)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = RtlpOpenRelative(RelativeTo, Path, KEY_SET_VALUE, TRUE, &Key);

    if (NT_SUCCESS(Status)) {
        RtlInitUnicodeString(&Name, ValueName);
        Status = NtSetValueKey(Key, &Name, 0, Type, Data, Length);
        RtlpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

NTSTATUS NTAPI
RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = RtlpOpenRelative(RelativeTo, Path, KEY_SET_VALUE, FALSE, &Key);

    if (NT_SUCCESS(Status)) {
        RtlInitUnicodeString(&Name, ValueName);
        Status = NtDeleteValueKey(Key, &Name);
        RtlpCloseRelative(RelativeTo, Key);
    }
    return Status;
}

/* A string into the UNICODE_STRING of the entry; what it allocates the caller frees with RtlFreeUnicodeString. */
static NTSTATUS
RtlpStoreString(PUNICODE_STRING String, ULONG Type, PCWSTR Data, ULONG Length)
{
    ULONG Chars = Length / sizeof(WCHAR), Needed;

    if (Type != REG_MULTI_SZ) {
        Chars = (ULONG)wcsnlen(Data, Chars);
    } else if (Chars != 0 && Data[Chars - 1] == 0) {
        Chars--;
    }
    Needed = (Chars + 1) * sizeof(WCHAR);
    if (Needed > MAXUSHORT) {
        return STATUS_BUFFER_OVERFLOW;
    }
    if (String->Buffer == NULL) {
        String->Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, Needed);
        if (String->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        String->MaximumLength = (USHORT)Needed;
    } else if (Needed > String->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(String->Buffer, Data, Chars * sizeof(WCHAR));
    String->Buffer[Chars] = 0;
    String->Length = (USHORT)(Chars * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* Q3 */
static NTSTATUS
RtlpStoreDirect(PRTLP_QUERY_TABLE Entry, ULONG Type, PVOID Data, ULONG Length)
{
    PULONG To = Entry->EntryContext;
    LONG Size;

    if (Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ) {
        return RtlpStoreString(Entry->EntryContext, Type, Data, Length);
    }
    if (Length <= sizeof(ULONG)) {
        RtlCopyMemory(To, Data, Length);
        return STATUS_SUCCESS;
    }
    Size =
        (LONG)To[0]; /* negative: room for the data alone; else for length and type before them */
    if (Size < 0) {
        if ((ULONG)-Size < Length) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(To, Data, Length);
        return STATUS_SUCCESS;
    }
    if ((ULONG)Size < Length + 2 * sizeof(ULONG)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    To[0] = Length;
    To[1] = Type;
    RtlCopyMemory(To + 2, Data, Length);
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpGiveOne(PRTLP_QUERY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data, ULONG Length,
            PVOID Context)
{
    if (Entry->Flags & QUERY_DIRECT) {
        return RtlpStoreDirect(Entry, Type, Data, Length);
    }
    return Entry->QueryRoutine(Name, Type, Data, Length, Context, Entry->EntryContext);
}

/* Q2 */
static NTSTATUS
RtlpGive(PRTLP_QUERY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
         PVOID Environment)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Entry->Flags & (QUERY_DIRECT | QUERY_TYPECHECK)) == (QUERY_DIRECT | QUERY_TYPECHECK) &&
        Entry->DefaultType >> QUERY_TYPECHECK_SHIFT != Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (Entry->Flags & QUERY_NOEXPAND) {
        return RtlpGiveOne(Entry, Name, Type, Data, Length, Context);
    }
    if (Type == REG_MULTI_SZ && !(Entry->Flags & QUERY_DIRECT)) {
        PWSTR At = Data, End = (PWSTR)((PUCHAR)Data + Length);

        while (At < End && *At != 0 && NT_SUCCESS(Status)) {
            PWSTR Start = At;

            At += wcsnlen(At, (SIZE_T)(End - At));
            At += At < End ? 1 : 0;
            Status = RtlpGiveOne(Entry, Name, REG_SZ, Start, (ULONG)((PUCHAR)At - (PUCHAR)Start),
                                 Context);
        }
        return Status;
    }
    if (Type == REG_EXPAND_SZ && Length >= sizeof(WCHAR) && Length <= MAXUSHORT - 1) {
        UNICODE_STRING From = {.Buffer = Data}, To = {0};
        ULONG Needed = 0;

        From.Length = From.MaximumLength =
            (USHORT)(wcsnlen(Data, Length / sizeof(WCHAR)) * sizeof(WCHAR));
        RtlExpandEnvironmentStrings_U(Environment, &From, &To, &Needed);
        if (Needed > MAXUSHORT - 1) {
            return STATUS_BUFFER_OVERFLOW;
        }
        To.Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, Needed);
        if (To.Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        To.MaximumLength = (USHORT)Needed;
        RtlExpandEnvironmentStrings_U(Environment, &From, &To, NULL);
        Status = RtlpGiveOne(Entry, Name, REG_SZ, To.Buffer, Needed, Context);
        RtlFreeHeap(RtlProcessHeap(), 0, To.Buffer);
        return Status;
    }
    return RtlpGiveOne(Entry, Name, Type, Data, Length, Context);
}

/* What the entry says for a value that is not there. */
static NTSTATUS
RtlpGiveDefault(PRTLP_QUERY_TABLE Entry, PVOID Context, PVOID Environment)
{
    RTLP_QUERY_TABLE Local = *Entry;
    ULONG Type = Entry->DefaultType, Length = Entry->DefaultLength;
    PCWSTR Text = Entry->DefaultData;

    if (Entry->Flags & QUERY_REQUIRED) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Entry->Flags & QUERY_TYPECHECK) {
        Type &= (1u << QUERY_TYPECHECK_SHIFT) - 1;
    }
    if (Type == REG_NONE) {
        return STATUS_SUCCESS;
    }
    if (Length == 0 && Text != NULL && (Type == REG_SZ || Type == REG_EXPAND_SZ)) {
        Length = (ULONG)((wcslen(Text) + 1) * sizeof(WCHAR));
    } else if (Length == 0 && Text != NULL && Type == REG_MULTI_SZ) {
        while (Text[0] != 0 || Text[1] != 0) {
            Text++;
        }
        Length = (ULONG)((PUCHAR)(Text + 2) - (PUCHAR)Entry->DefaultData);
    }
    Local.Flags &= ~(ULONG)QUERY_TYPECHECK; /* the default is the caller's own */
    return RtlpGive(&Local, Entry->Name, Type, Entry->DefaultData, Length, Context, Environment);
}

/* One value, by name or by index. The information is heap memory. */
static NTSTATUS
RtlpFetch(HANDLE Key, PUNICODE_STRING Name, ULONG Index, PKEY_VALUE_FULL_INFORMATION *Information)
{
    ULONG Length = 0, Needed;
    NTSTATUS Status;

    *Information = NULL;
    for (;;) {
        Status = Name != NULL ? NtQueryValueKey(Key, Name, KeyValueFullInformation, *Information,
                                                Length, &Needed)
                              : NtEnumerateValueKey(Key, Index, KeyValueFullInformation,
                                                    *Information, Length, &Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL && Status != STATUS_BUFFER_OVERFLOW) {
            break;
        }
        RtlFreeHeap(RtlProcessHeap(), 0, *Information);
        Length = Needed + sizeof(WCHAR); /* room to end the name of a value without data */
        *Information = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Length);
        if (*Information == NULL) {
            return STATUS_NO_MEMORY;
        }
    }
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(RtlProcessHeap(), 0, *Information);
        *Information = NULL;
    }
    return Status;
}

static PVOID
RtlpDataOf(PKEY_VALUE_FULL_INFORMATION Information)
{
    return Information->DataLength != 0 ? (PUCHAR)Information + Information->DataOffset : NULL;
}

static NTSTATUS
RtlpGiveNamed(HANDLE Key, PRTLP_QUERY_TABLE Entry, PVOID Context, PVOID Environment)
{
    PKEY_VALUE_FULL_INFORMATION Information;
    UNICODE_STRING Name;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Entry->Name);
    Status = RtlpFetch(Key, &Name, 0, &Information);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return RtlpGiveDefault(Entry, Context, Environment);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlpGive(Entry, Entry->Name, Information->Type, RtlpDataOf(Information),
                      Information->DataLength, Context, Environment);
    RtlFreeHeap(RtlProcessHeap(), 0, Information);
    if (NT_SUCCESS(Status) && (Entry->Flags & QUERY_DELETE)) {
        NtDeleteValueKey(Key, &Name);
    }
    return Status;
}

static NTSTATUS
RtlpGiveAll(HANDLE Key, PRTLP_QUERY_TABLE Entry, PVOID Context, PVOID Environment)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Index = 0;

    while (NT_SUCCESS(Status)) {
        PKEY_VALUE_FULL_INFORMATION Information;
        UNICODE_STRING Name = {0};

        Status = RtlpFetch(Key, NULL, Index, &Information);
        if (Status == STATUS_NO_MORE_ENTRIES) {
            return Index == 0 && (Entry->Flags & QUERY_REQUIRED) ? STATUS_OBJECT_NAME_NOT_FOUND
                                                                 : STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Name.MaximumLength = (USHORT)(Information->NameLength + sizeof(WCHAR));
        Name.Buffer = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Name.MaximumLength);
        Status = STATUS_NO_MEMORY;
        if (Name.Buffer != NULL) {
            Name.Length = (USHORT)Information->NameLength;
            RtlCopyMemory(Name.Buffer, Information->Name, Name.Length);
            Status = RtlpGive(Entry, Name.Buffer, Information->Type, RtlpDataOf(Information),
                              Information->DataLength, Context, Environment);
            if (NT_SUCCESS(Status) && (Entry->Flags & QUERY_DELETE)) {
                NtDeleteValueKey(Key, &Name);
            } else {
                Index++;
            }
            RtlFreeHeap(RtlProcessHeap(), 0, Name.Buffer);
        }
        RtlFreeHeap(RtlProcessHeap(), 0, Information);
    }
    return Status;
}

static NTSTATUS
RtlpQueryEntry(HANDLE Top, PHANDLE Key, PRTLP_QUERY_TABLE Entry, PVOID Context, PVOID Environment)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Sub;
    NTSTATUS Status;

    if ((Entry->Flags & QUERY_DIRECT) &&
        (Entry->Name == NULL || (Entry->Flags & QUERY_SUBKEY) || Entry->QueryRoutine != NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Entry->Flags & (QUERY_TOPKEY | QUERY_SUBKEY)) && *Key != Top) {
        NtClose(*Key);
        *Key = Top;
    }
    if (Entry->Flags & QUERY_SUBKEY) {
        if (Entry->Name == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        RtlInitUnicodeString(&Name, Entry->Name);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Top, NULL);
        Status = NtOpenKey(&Sub, KEY_READ, &Attributes);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        *Key = Sub;
        return Entry->QueryRoutine != NULL ? RtlpGiveAll(Sub, Entry, Context, Environment)
                                           : STATUS_SUCCESS;
    }
    if (Entry->Flags & QUERY_NOVALUE) {
        return Entry->QueryRoutine(NULL, REG_NONE, NULL, 0, Context, Entry->EntryContext);
    }
    return Entry->Name != NULL ? RtlpGiveNamed(*Key, Entry, Context, Environment)
                               : RtlpGiveAll(*Key, Entry, Context, Environment);
}

NTSTATUS NTAPI
RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTLP_QUERY_TABLE QueryTable, PVOID Context,
                       PVOID Environment)
{
    HANDLE Top, Key;
    NTSTATUS Status = RtlpOpenRelative(RelativeTo, Path, KEY_READ, FALSE, &Top);

    if (!NT_SUCCESS(Status)) {
        return (RelativeTo & RTL_REGISTRY_OPTIONAL) && Status == STATUS_OBJECT_NAME_NOT_FOUND
                   ? STATUS_SUCCESS
                   : Status;
    }
    Key = Top;
    for (PRTLP_QUERY_TABLE Entry = QueryTable;
         NT_SUCCESS(Status) &&
         (Entry->QueryRoutine != NULL || (Entry->Flags & (QUERY_SUBKEY | QUERY_DIRECT)));
         Entry++) {
        Status = RtlpQueryEntry(Top, &Key, Entry, Context, Environment);
    }
    if (Key != Top) {
        NtClose(Key);
    }
    RtlpCloseRelative(RelativeTo, Top);
    return Status;
}
