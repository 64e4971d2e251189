/*
 * query.c - RtlQueryRegistryValues and its kin: the registry as drivers use it most.
 *
 * A query table is read entry by entry. The current key is the one named by RelativeTo and Path, until an
 * entry with SUBKEY moves to a subkey and one with TOPKEY moves back.
 *
 *   Q1  An entry with a name asks for that value, one without for all values of the current key.
 *   Q2  Without DIRECT the routine gets the value; strings of a REG_MULTI_SZ come one by one and
 *       REG_EXPAND_SZ expanded, both as REG_SZ, unless NOEXPAND.
 *   Q3  With DIRECT the value is stored where EntryContext says. With TYPECHECK only if it has the type in
 *       the high byte of DefaultType. From Windows 8 on, DIRECT without TYPECHECK outside the system hives is
 *       bugcheck 0x139 with code 9.
 *
 * Facts: the DDI page of RtlQueryRegistryValues; bug check 0x139.
 */
#include "cmp.h"

#define RTL_QUERY_REGISTRY_TYPECHECK       0x00000100
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24
#define CMP_TAG_STRING                     'rtSR'

/* Is the key in a hive that only the system writes? */
static BOOLEAN
CmpIsTrusted(HANDLE Handle)
{
    static const PCWSTR Hives[] = {L"HARDWARE", L"SOFTWARE", L"SYSTEM", L"SECURITY", L"SAM"};
    BOOLEAN Trusted = FALSE;
    PCM_KEY Key;

    if (!NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, CmKeyObjectTypeP, KernelMode,
                                              (PVOID *)&Key, NULL))) {
        return FALSE;
    }
    for (PCM_NODE At = Key->Node; At != NULL; At = At->Parent) {
        UNICODE_STRING MachineName, Hive;

        RtlInitUnicodeString(&MachineName, L"MACHINE");
        if (At->Parent == NULL || At->Parent->Parent != CmpRoot ||
            !RtlEqualUnicodeString(&At->Parent->Name, &MachineName, TRUE)) {
            continue;
        }
        for (ULONG i = 0; i < RTL_NUMBER_OF(Hives); i++) {
            RtlInitUnicodeString(&Hive, Hives[i]);
            Trusted = Trusted || RtlEqualUnicodeString(&At->Name, &Hive, TRUE);
        }
    }
    ObDereferenceObject(Key);
    return Trusted;
}

/* %Name% for the names that the kernel knows; others stay as they are. The result is pool. */
static PWCHAR
CmpExpand(PCWSTR Text, ULONG Bytes, PULONG NewBytes)
{
    static const struct {
        PCWSTR Name, Value;
    } Known[] = {
        {L"SystemRoot", L"C:\\Windows"}, {L"windir", L"C:\\Windows"}, {L"SystemDrive", L"C:"}};
    ULONG Count = Bytes / sizeof(WCHAR), Room = Count + 64, At = 0;
    PWCHAR To;

    for (ULONG i = 0; i < Count; i++) {
        Room += Text[i] == L'%' ? 16 : 0;
    }
    To = ExpAllocate(Room * sizeof(WCHAR), CMP_TAG_TEMP);
    for (ULONG i = 0; i < Count;) {
        ULONG End = i + 1;
        BOOLEAN Found = FALSE;

        if (Text[i] == L'%') {
            while (End < Count && Text[End] != L'%') {
                End++;
            }
            for (ULONG k = 0; End < Count && k < RTL_NUMBER_OF(Known); k++) {
                UNICODE_STRING Name = {.Buffer = (PWSTR)Text + i + 1,
                                       .Length = (USHORT)((End - i - 1) * sizeof(WCHAR))};
                UNICODE_STRING Want;

                Name.MaximumLength = Name.Length;
                RtlInitUnicodeString(&Want, Known[k].Name);
                if (RtlEqualUnicodeString(&Name, &Want, TRUE)) {
                    for (PCWSTR Value = Known[k].Value; *Value != 0; Value++) {
                        To[At++] = *Value;
                    }
                    i = End + 1;
                    Found = TRUE;
                    break;
                }
            }
        }
        if (!Found) {
            To[At++] = Text[i++];
        }
    }
    *NewBytes = At * sizeof(WCHAR);
    return To;
}

/* Q3. Length of strings counts a terminator that is there. */
static NTSTATUS
CmpStoreDirect(PRTL_QUERY_REGISTRY_TABLE Entry, ULONG Type, PVOID Data, ULONG Length)
{
    if (Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ) {
        PUNICODE_STRING String = Entry->EntryContext;
        ULONG Chars = Length / sizeof(WCHAR);
        ULONG Bytes, Needed;

        if (Type != REG_MULTI_SZ) {
            ULONG End = 0;

            while (End < Chars && ((PWCHAR)Data)[End] != 0) {
                End++;
            }
            Chars = End;
        } else if (Chars != 0 && ((PWCHAR)Data)[Chars - 1] == 0) {
            Chars--;
        }
        Bytes = Chars * sizeof(WCHAR);
        Needed = Bytes + sizeof(WCHAR);
        if (Needed > MAXUSHORT) {
            return STATUS_BUFFER_OVERFLOW;
        }
        if (String->Buffer == NULL) {
            String->Buffer = ExAllocatePoolWithTag(PagedPool, Needed, CMP_TAG_STRING);
            if (String->Buffer == NULL) {
                return STATUS_NO_MEMORY;
            }
            String->MaximumLength = (USHORT)Needed;
        } else if (Needed > String->MaximumLength) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(String->Buffer, Data, Bytes);
        String->Buffer[Chars] = 0;
        String->Length = (USHORT)Bytes;
        return STATUS_SUCCESS;
    }
    if (Length <= sizeof(ULONG)) {
        RtlCopyMemory(Entry->EntryContext, Data, Length);
        return STATUS_SUCCESS;
    }
    {
        PULONG To = Entry->EntryContext;
        LONG Size = (LONG)To[0];

        if (Size < 0) {
            if ((ULONG)-Size < Length) {
                return STATUS_BUFFER_TOO_SMALL;
            }
            RtlCopyMemory(To, Data, Length);
        } else {
            if ((ULONG)Size < Length + 2 * sizeof(ULONG)) {
                return STATUS_BUFFER_TOO_SMALL;
            }
            To[0] = Length;
            To[1] = Type;
            RtlCopyMemory(To + 2, Data, Length);
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
CmpGiveOne(PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data, ULONG Length,
           PVOID Context)
{
    if (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT) {
        return CmpStoreDirect(Entry, Type, Data, Length);
    }
    return Entry->QueryRoutine(Name, Type, Data, Length, Context, Entry->EntryContext);
}

/* Q2 */
static NTSTATUS
CmpGive(PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data, ULONG Length,
        PVOID Context)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Entry->Flags & (RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK)) ==
            (RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK) &&
        Entry->DefaultType >> RTL_QUERY_REGISTRY_TYPECHECK_SHIFT != Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (Entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND) {
        return CmpGiveOne(Entry, Name, Type, Data, Length, Context);
    }
    if (Type == REG_MULTI_SZ && !(Entry->Flags & RTL_QUERY_REGISTRY_DIRECT)) {
        PWCHAR At = Data, End = (PWCHAR)((PUCHAR)Data + Length);

        while (At < End && *At != 0 && NT_SUCCESS(Status)) {
            PWCHAR Start = At;

            while (At < End && *At != 0) {
                At++;
            }
            if (At < End) {
                At++;
            }
            Status = CmpGiveOne(Entry, Name, REG_SZ, Start, (ULONG)((PUCHAR)At - (PUCHAR)Start),
                                Context);
        }
        return Status;
    }
    if (Type == REG_EXPAND_SZ && Length >= sizeof(WCHAR)) {
        ULONG Bytes;
        PWCHAR Text = CmpExpand(Data, Length, &Bytes);

        Status = CmpGiveOne(Entry, Name, REG_SZ, Text, Bytes, Context);
        ExpFree(Text);
        return Status;
    }
    return CmpGiveOne(Entry, Name, Type, Data, Length, Context);
}

/* What the entry says for a value that is not there. */
static NTSTATUS
CmpGiveDefault(PRTL_QUERY_REGISTRY_TABLE Entry, PVOID Context)
{
    ULONG Type = Entry->Flags & RTL_QUERY_REGISTRY_TYPECHECK
                     ? Entry->DefaultType & ((1u << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT) - 1)
                     : Entry->DefaultType;
    ULONG Length = Entry->DefaultLength;
    RTL_QUERY_REGISTRY_TABLE Local = *Entry;

    if (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Type == REG_NONE) {
        return STATUS_SUCCESS;
    }
    if (Length == 0 && Entry->DefaultData != NULL && (Type == REG_SZ || Type == REG_EXPAND_SZ)) {
        PCWSTR Text = Entry->DefaultData;

        while (*Text++ != 0) {
        }
        Length = (ULONG)((PUCHAR)Text - (PUCHAR)Entry->DefaultData);
    } else if (Length == 0 && Entry->DefaultData != NULL && Type == REG_MULTI_SZ) {
        PCWSTR Text = Entry->DefaultData;

        while (Text[0] != 0 || Text[1] != 0) {
            Text++;
        }
        Length = (ULONG)((PUCHAR)(Text + 2) - (PUCHAR)Entry->DefaultData);
    }
    Local.Flags &= ~(ULONG)RTL_QUERY_REGISTRY_TYPECHECK; /* the default is the caller's own */
    return CmpGive(&Local, (PWSTR)Entry->Name, Type, Entry->DefaultData, Length, Context);
}

/* One value, by name or by index. The information is pool. */
NTSTATUS
CmpFetch(HANDLE Key, PUNICODE_STRING Name, ULONG Index, PKEY_VALUE_FULL_INFORMATION *Information)
{
    ULONG Length = 0;
    NTSTATUS Status;

    *Information = NULL;
    for (;;) {
        ULONG Needed;

        Status = Name != NULL ? ZwQueryValueKey(Key, Name, KeyValueFullInformation, *Information,
                                                Length, &Needed)
                              : ZwEnumerateValueKey(Key, Index, KeyValueFullInformation,
                                                    *Information, Length, &Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL && Status != STATUS_BUFFER_OVERFLOW) {
            break;
        }
        if (*Information != NULL) {
            ExFreePool(*Information);
        }
        Length = Needed;
        *Information = ExAllocatePoolWithTag(PagedPool, Length, CMP_TAG_TEMP);
        if (*Information == NULL) {
            return STATUS_NO_MEMORY;
        }
    }
    if (!NT_SUCCESS(Status) && *Information != NULL) {
        ExFreePool(*Information);
        *Information = NULL;
    }
    return Status;
}

PVOID
CmpDataOf(PKEY_VALUE_FULL_INFORMATION Information)
{
    return Information->DataLength != 0 ? (PUCHAR)Information + Information->DataOffset : NULL;
}

static NTSTATUS
CmpGiveNamed(HANDLE Key, PRTL_QUERY_REGISTRY_TABLE Entry, PVOID Context)
{
    PKEY_VALUE_FULL_INFORMATION Information;
    UNICODE_STRING Name;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Entry->Name);
    Status = CmpFetch(Key, &Name, 0, &Information);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return CmpGiveDefault(Entry, Context);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CmpGive(Entry, (PWSTR)Entry->Name, Information->Type, CmpDataOf(Information),
                     Information->DataLength, Context);
    ExFreePool(Information);
    if (NT_SUCCESS(Status) && (Entry->Flags & RTL_QUERY_REGISTRY_DELETE)) {
        ZwDeleteValueKey(Key, &Name);
    }
    return Status;
}

static NTSTATUS
CmpGiveAll(HANDLE Key, PRTL_QUERY_REGISTRY_TABLE Entry, PVOID Context)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Index = 0;

    for (;;) {
        PKEY_VALUE_FULL_INFORMATION Information;
        PWSTR Name;

        Status = CmpFetch(Key, NULL, Index, &Information);
        if (Status == STATUS_NO_MORE_ENTRIES) {
            return Index == 0 && (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)
                       ? STATUS_OBJECT_NAME_NOT_FOUND
                       : STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Name = ExpAllocate(Information->NameLength + sizeof(WCHAR), CMP_TAG_TEMP);
        RtlCopyMemory(Name, Information->Name, Information->NameLength);
        Status = CmpGive(Entry, Name, Information->Type, CmpDataOf(Information),
                         Information->DataLength, Context);
        ExFreePool(Information);
        if (NT_SUCCESS(Status) && (Entry->Flags & RTL_QUERY_REGISTRY_DELETE)) {
            UNICODE_STRING Value;

            RtlInitUnicodeString(&Value, Name);
            ZwDeleteValueKey(Key, &Value);
        } else {
            Index++;
        }
        ExpFree(Name);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
}

NTSTATUS NTAPI
RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                       PVOID Context, PVOID Environment)
{
    HANDLE Top, Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, CMP_KEY_READ, FALSE, &Top);

    if (!NT_SUCCESS(Status)) {
        if ((RelativeTo & RTL_REGISTRY_OPTIONAL) && Status == STATUS_OBJECT_NAME_NOT_FOUND) {
            Status = STATUS_SUCCESS;
        }
        return Status;
    }
    Key = Top;
    for (PRTL_QUERY_REGISTRY_TABLE Entry = QueryTable;
         Entry->QueryRoutine != NULL ||
         (Entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT));
         Entry++) {
        if ((Entry->Flags & RTL_QUERY_REGISTRY_DIRECT) &&
            (Entry->Name == NULL || (Entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) ||
             Entry->QueryRoutine != NULL)) {
            Status = STATUS_INVALID_PARAMETER;
            break;
        }
        if (Entry->Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)) {
            if (Key != Top) {
                ZwClose(Key);
                Key = Top;
            }
        }
        if (Entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) {
            OBJECT_ATTRIBUTES Attributes;
            UNICODE_STRING Name;
            HANDLE Sub;

            if (Entry->Name == NULL) {
                Status = STATUS_INVALID_PARAMETER;
                break;
            }
            RtlInitUnicodeString(&Name, Entry->Name);
            InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                                       Top, NULL);
            Status = ZwOpenKey(&Sub, CMP_KEY_READ, &Attributes);
            if (!NT_SUCCESS(Status)) {
                break;
            }
            Key = Sub;
            if (Entry->QueryRoutine != NULL) {
                Status = CmpGiveAll(Key, Entry, Context);
            }
        } else if (Entry->Flags & RTL_QUERY_REGISTRY_NOVALUE) {
            Status = Entry->QueryRoutine(NULL, REG_NONE, NULL, 0, Context, Entry->EntryContext);
        } else if (Entry->Name != NULL) {
            if ((Entry->Flags & RTL_QUERY_REGISTRY_DIRECT) &&
                !(Entry->Flags & RTL_QUERY_REGISTRY_TYPECHECK) && KiVersion->DirectNeedsTypecheck &&
                !CmpIsTrusted(Key)) {
                KeBugCheckEx(0x139, 9, 0, 0, 0); /* Q3 */
            }
            Status = CmpGiveNamed(Key, Entry, Context);
        } else {
            Status = CmpGiveAll(Key, Entry, Context);
        }
        if (!NT_SUCCESS(Status)) {
            break;
        }
    }
    if (Key != Top) {
        ZwClose(Key);
    }
    CmpCloseRelative(RelativeTo, Top);
    return Status;
}

NTSTATUS NTAPI
RtlQueryRegistryValuesEx(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                         PVOID Context, PVOID Environment)
{
    return RtlQueryRegistryValues(RelativeTo, Path, QueryTable, Context, Environment);
}
