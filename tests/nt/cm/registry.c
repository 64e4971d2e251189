/*
 * registry.c - keys, values, links, RtlQueryRegistryValues, registry callbacks.
 */
#include "../ntlab-test.h"

#define ROOT L"\\Registry\\Machine\\Software\\NtlabTest"
#ifndef RTL_QUERY_REGISTRY_TYPECHECK
#define RTL_QUERY_REGISTRY_TYPECHECK 0x100
#endif

static HANDLE Root;

static NTSTATUS
Open(HANDLE Parent, PCWSTR Text, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent,
                               NULL);
    return ZwOpenKey(Key, KEY_ALL_ACCESS, &Attributes);
}

static NTSTATUS
Create(HANDLE Parent, PCWSTR Text, ULONG Options, PHANDLE Key, PULONG Disposition)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent,
                               NULL);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, Options, Disposition);
}

static NTSTATUS
Set(HANDLE Key, PCWSTR Text, ULONG Type, PVOID Data, ULONG Length)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    return ZwSetValueKey(Key, &Name, 0, Type, Data, Length);
}

/* Type and data of a value; the status of the query. */
static NTSTATUS
Get(HANDLE Key, PCWSTR Text, PULONG Type, PVOID Data, PULONG Length)
{
    UCHAR Buffer[512];
    PKEY_VALUE_PARTIAL_INFORMATION Info = (PVOID)Buffer;
    UNICODE_STRING Name;
    ULONG Needed;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Text);
    Status = ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Info, sizeof(Buffer), &Needed);
    if (NT_SUCCESS(Status)) {
        *Type = Info->Type;
        *Length = Info->DataLength;
        RtlCopyMemory(Data, Info->Data, Info->DataLength);
    }
    return Status;
}

static VOID
CreateAndOpen(VOID)
{
    HANDLE Key, Sub;
    ULONG Disposition = 0;

    EXPECT_STATUS(Create(NULL, ROOT, 0, &Root, &Disposition), STATUS_SUCCESS);
    EXPECT_EQ(Disposition, REG_CREATED_NEW_KEY); /* [DDI:wdm/zwcreatekey] */
    EXPECT_STATUS(Create(NULL, ROOT, 0, &Key, &Disposition), STATUS_SUCCESS);
    EXPECT_EQ(Disposition, REG_OPENED_EXISTING_KEY);
    ZwClose(Key);
    EXPECT_STATUS(Open(NULL, L"\\REGISTRY\\machine\\SOFTWARE\\ntlabtest", &Key),
                  STATUS_SUCCESS); /* without regard to case */
    ZwClose(Key);
    EXPECT_STATUS(Open(Root, L"Missing", &Key), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(Create(Root, L"One\\Two", 0, &Key, NULL),
                  STATUS_OBJECT_NAME_NOT_FOUND); /* only the last part is made */
    EXPECT_STATUS(Create(Root, L"Volatile", REG_OPTION_VOLATILE, &Key, NULL), STATUS_SUCCESS);
    /* a stable key under a volatile one [LEARN:winreg/regcreatekeyexw] */
    EXPECT_STATUS(Create(Key, L"Stable", REG_OPTION_NON_VOLATILE, &Sub, NULL),
                  STATUS_CHILD_MUST_BE_VOLATILE);
    EXPECT_STATUS(Create(Key, L"Stable", REG_OPTION_VOLATILE, &Sub, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(ZwDeleteKey(Key),
                  STATUS_CANNOT_DELETE); /* it has a subkey [DDI:wdm/zwdeletekey] */
    EXPECT_STATUS(ZwDeleteKey(Sub), STATUS_SUCCESS);
    EXPECT_STATUS(ZwDeleteKey(Sub), STATUS_KEY_DELETED);
    EXPECT_STATUS(ZwDeleteKey(Key), STATUS_SUCCESS);
    EXPECT_STATUS(Set(Key, L"X", REG_SZ, L"y", 4), STATUS_KEY_DELETED);
    ZwClose(Sub);
    ZwClose(Key);
    EXPECT_STATUS(Open(Root, L"Volatile", &Key), STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
Values(VOID)
{
    UCHAR Buffer[128];
    PKEY_VALUE_PARTIAL_INFORMATION Partial = (PVOID)Buffer;
    PKEY_VALUE_FULL_INFORMATION Full = (PVOID)Buffer;
    PKEY_VALUE_BASIC_INFORMATION Basic = (PVOID)Buffer;
    UNICODE_STRING Name;
    ULONG Type, Length, Needed, Data = 0x12345678;

    EXPECT_STATUS(Set(Root, L"Number", REG_DWORD, &Data, 4), STATUS_SUCCESS);
    Data = 0;
    EXPECT_STATUS(Get(Root, L"NUMBER", &Type, &Data, &Length), STATUS_SUCCESS);
    EXPECT(Type == REG_DWORD && Length == 4 && Data == 0x12345678);
    EXPECT_STATUS(Set(Root, L"", REG_SZ, L"default", 16),
                  STATUS_SUCCESS); /* the default value has no name */
    EXPECT_STATUS(Get(Root, L"", &Type, Buffer, &Length), STATUS_SUCCESS);
    EXPECT_EQ(Length, 16);
    EXPECT_STATUS(Set(Root, L"Empty", REG_BINARY, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Get(Root, L"None", &Type, Buffer, &Length), STATUS_OBJECT_NAME_NOT_FOUND);

    RtlInitUnicodeString(&Name, L"Number");
    EXPECT_STATUS(ZwQueryValueKey(Root, &Name, KeyValuePartialInformation, NULL, 0, &Needed),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Needed, FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 4);
    /* "the buffer is too small, and only partial data has been written" [DDI:wdm/zwqueryvaluekey] */
    EXPECT_STATUS(
        ZwQueryValueKey(Root, &Name, KeyValuePartialInformation, Partial, Needed - 1, &Needed),
        STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(Partial->DataLength, 4);
    EXPECT_STATUS(
        ZwQueryValueKey(Root, &Name, KeyValueFullInformation, Full, sizeof(Buffer), &Needed),
        STATUS_SUCCESS);
    EXPECT(Full->NameLength == 12 && *(PULONG)(Buffer + Full->DataOffset) == 0x12345678);
    EXPECT_STATUS(ZwQueryValueKey(Root, &Name, (KEY_VALUE_INFORMATION_CLASS)99, Full,
                                  sizeof(Buffer), &Needed),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(
        ZwEnumerateValueKey(Root, 0, KeyValueBasicInformation, Basic, sizeof(Buffer), &Needed),
        STATUS_SUCCESS);
    EXPECT(Basic->NameLength == 12 && Basic->Name[0] == L'N');
    /* "the Index parameter is out of range" [DDI:wdm/zwenumeratevaluekey] */
    EXPECT_STATUS(
        ZwEnumerateValueKey(Root, 3, KeyValueBasicInformation, Basic, sizeof(Buffer), &Needed),
        STATUS_NO_MORE_ENTRIES);
    EXPECT_STATUS(ZwDeleteValueKey(Root, &Name), STATUS_SUCCESS);
    EXPECT_STATUS(ZwDeleteValueKey(Root, &Name), STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
Subkeys(VOID)
{
    static const PCWSTR Names[] = {L"beta", L"Alpha", L"gamma"};
    UCHAR Buffer[128];
    PKEY_BASIC_INFORMATION Basic = (PVOID)Buffer;
    PKEY_FULL_INFORMATION Full = (PVOID)Buffer;
    HANDLE Key[3];
    ULONG Needed;

    for (ULONG i = 0; i < 3; i++) {
        EXPECT_STATUS(Create(Root, Names[i], 0, &Key[i], NULL), STATUS_SUCCESS);
    }
    EXPECT_STATUS(ZwEnumerateKey(Root, 0, KeyBasicInformation, Basic, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    EXPECT(Basic->NameLength == 10 && Basic->Name[0] == L'A');
    EXPECT_STATUS(ZwEnumerateKey(Root, 3, KeyBasicInformation, Basic, sizeof(Buffer), &Needed),
                  STATUS_NO_MORE_ENTRIES);
    EXPECT_STATUS(ZwQueryKey(Root, KeyFullInformation, Full, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    EXPECT_EQ(Full->SubKeys, 3);
    EXPECT_EQ(Full->Values, 2);
    EXPECT_EQ(Full->MaxNameLen, 10);
    for (ULONG i = 0; i < 3; i++) {
        EXPECT_STATUS(ZwDeleteKey(Key[i]), STATUS_SUCCESS);
        ZwClose(Key[i]);
    }
}

/* \Registry\Machine\System\CurrentControlSet is a link [LEARN:hklm-system-currentcontrolset] */
static VOID
Links(VOID)
{
    UCHAR Buffer[256];
    POBJECT_NAME_INFORMATION Name = (PVOID)Buffer;
    UNICODE_STRING Expected;
    HANDLE Key;
    PVOID Object;
    ULONG Needed;

    EXPECT_STATUS(Open(NULL, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services", &Key),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ObReferenceObjectByHandle(Key, 0, NULL, KernelMode, &Object, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ObQueryNameString(Object, Name, sizeof(Buffer), &Needed), STATUS_SUCCESS);
    RtlInitUnicodeString(&Expected, L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services");
    EXPECT(RtlEqualUnicodeString(&Name->Name, &Expected, TRUE));
    ObDereferenceObject(Object);
    ZwClose(Key);
}

static ULONG Calls;
static ULONG LastType, LastLength;
static WCHAR LastText[64];

static NTSTATUS NTAPI
Query(PWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength, PVOID Context,
      PVOID EntryContext)
{
    Calls++;
    LastType = ValueType;
    LastLength = ValueLength;
    if (ValueLength <= sizeof(LastText)) {
        RtlZeroMemory(LastText, sizeof(LastText));
        RtlCopyMemory(LastText, ValueData, ValueLength);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Ask(PRTL_QUERY_REGISTRY_TABLE Table)
{
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT, Table, NULL, NULL);
}

/* [DDI:wdm/rtlqueryregistryvalues] */
static VOID
QueryDirect(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    UNICODE_STRING String = {0}, Expected;
    ULONG Number = 5, Default = 77, Small[2] = {0};
    LONG Binary[6];
    UCHAR Bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    Set(Root, L"Number", REG_DWORD, &Number, 4);
    Set(Root, L"Text", REG_SZ, L"hello", 12);
    Set(Root, L"Bytes", REG_BINARY, Bytes, sizeof(Bytes));
    Number = 0;
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].Name = L"Number";
    Table[0].EntryContext = &Number;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Number, 5);
    Table[0].Name = L"Missing"; /* the default is used */
    Table[0].DefaultType = REG_DWORD;
    Table[0].DefaultData = &Default;
    Table[0].DefaultLength = 4;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Number, 77);
    Table[0].Flags |= RTL_QUERY_REGISTRY_REQUIRED;
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_NAME_NOT_FOUND);

    RtlZeroMemory(Table, sizeof(Table));
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK;
    Table[0].Name = L"Text";
    Table[0].EntryContext = &String;
    Table[0].DefaultType = (REG_SZ << 24) | REG_NONE;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    RtlInitUnicodeString(&Expected, L"hello");
    EXPECT(RtlEqualUnicodeString(&String, &Expected, FALSE)); /* a NULL Buffer is allocated */
    RtlFreeUnicodeString(&String);
    Table[0].DefaultType =
        (REG_DWORD << 24) | REG_NONE; /* the types do not match: the call fails */
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_TYPE_MISMATCH);

    RtlZeroMemory(Table, sizeof(Table));
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].Name = L"Bytes";
    Table[0].EntryContext = Binary;
    Binary[0] = -(LONG)sizeof(Binary); /* negative: the data alone */
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(RtlCompareMemory(Binary, Bytes, 8), 8);
    Binary[0] = sizeof(Binary); /* positive: length, type, data */
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Binary[0] == 8 && Binary[1] == REG_BINARY &&
           RtlCompareMemory(Binary + 2, Bytes, 8) == 8);
    Table[0].EntryContext = Small;
    Small[0] = sizeof(Small);
    EXPECT_STATUS(Ask(Table), STATUS_BUFFER_TOO_SMALL);
}

static VOID
QueryRoutine(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};

    Set(Root, L"Expand", REG_EXPAND_SZ, L"%SystemRoot%\\x", 30);
    Set(Root, L"Multi", REG_MULTI_SZ, L"a\0bc\0", 12);
    Table[0].QueryRoutine = Query;
    Table[0].Name = L"Multi";
    Calls = 0;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 2); /* once for each string, as REG_SZ */
    EXPECT(LastType == REG_SZ && LastLength == 6);
    Table[0].Flags = RTL_QUERY_REGISTRY_NOEXPAND;
    Calls = 0;
    Ask(Table);
    EXPECT(Calls == 1 && LastType == REG_MULTI_SZ);
    Table[0].Flags = 0;
    Table[0].Name = L"Expand";
    Ask(Table);
    EXPECT(LastType == REG_SZ && LastText[1] == L':'); /* expanded */
    Table[0].Name = NULL;                              /* all values of the key */
    Calls = 0;
    Ask(Table);
    EXPECT_EQ(Calls, 8); /* default, Empty, Number, Text, Bytes, Expand; Multi twice */
    Table[0].Name = L"Missing";
    Calls = 0;
    EXPECT_STATUS(Ask(Table),
                  STATUS_SUCCESS); /* not there, no default: the routine is not called */
    EXPECT_EQ(Calls, 0);
    Table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(
        RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Missing", Table, NULL, NULL),
        STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE | RTL_REGISTRY_OPTIONAL,
                                         ROOT L"\\Missing", Table, NULL, NULL),
                  STATUS_SUCCESS);
}

static VOID
WriteAndDelete(VOID)
{
    ULONG Number = 9, Type, Length, Data = 0;

    EXPECT_STATUS(
        RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Written", REG_DWORD, &Number, 4),
        STATUS_SUCCESS);
    EXPECT_STATUS(Get(Root, L"Written", &Type, &Data, &Length), STATUS_SUCCESS);
    EXPECT_EQ(Data, 9);
    EXPECT_STATUS(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Written"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Written"),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"NtlabNoSuch"),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, L"Session Manager"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)Root, L"ByHandle", REG_DWORD,
                                        &Number, 4),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlDeleteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)Root, L"ByHandle"),
                  STATUS_SUCCESS);
}

static LARGE_INTEGER Cookie;
static ULONG Pre, Post, Contexts;
static BOOLEAN Refuse;

static NTSTATUS NTAPI
Filter(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    REG_NOTIFY_CLASS Class = (REG_NOTIFY_CLASS)(ULONG_PTR)Argument1;

    if (Class == RegNtPreSetValueKey) {
        PREG_SET_VALUE_KEY_INFORMATION Info = Argument2;

        if (Info->ValueName->Length == 14 && Info->ValueName->Buffer[0] == L'W') { /* Watched */
            PCUNICODE_STRING Name;

            Pre++;
            if (NT_SUCCESS(CmCallbackGetKeyObjectID(&Cookie, Info->Object, NULL, &Name)) &&
                Name->Length != 0) {
                Contexts++;
            }
            Info->CallContext = (PVOID)0x77;
            if (Refuse) {
                return STATUS_ACCESS_DENIED;
            }
        }
    } else if (Class == RegNtPostSetValueKey) {
        PREG_POST_OPERATION_INFORMATION Info = Argument2;

        if (Info->CallContext == (PVOID)0x77 && Info->Status == STATUS_SUCCESS) {
            Post++;
        }
    }
    return STATUS_SUCCESS;
}

/* [K:filtering-registry-calls] */
static VOID
Callbacks(VOID)
{
    UNICODE_STRING Altitude;
    LARGE_INTEGER Second;
    ULONG Data = 1, Type, Length;

    RtlInitUnicodeString(&Altitude, L"320000.5");
    EXPECT_STATUS(CmRegisterCallbackEx(Filter, &Altitude, &Altitude, NULL, &Cookie, NULL),
                  STATUS_SUCCESS);
    /* the altitude is taken [DDI:wdm/cmregistercallbackex] */
    EXPECT_STATUS(CmRegisterCallbackEx(Filter, &Altitude, &Altitude, NULL, &Second, NULL),
                  STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    EXPECT_STATUS(Set(Root, L"Watched", REG_DWORD, &Data, 4), STATUS_SUCCESS);
    EXPECT(Pre == 1 && Post == 1 && Contexts == 1);
    Refuse = TRUE;
    Data = 2;
    EXPECT_STATUS(Set(Root, L"Watched", REG_DWORD, &Data, 4), STATUS_ACCESS_DENIED);
    EXPECT(Pre == 2 && Post == 1);
    Get(Root, L"Watched", &Type, &Data, &Length);
    EXPECT_EQ(Data, 1); /* the operation did not happen */
    EXPECT_STATUS(CmUnRegisterCallback(Cookie), STATUS_SUCCESS);
    EXPECT_STATUS(CmUnRegisterCallback(Cookie), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Set(Root, L"Watched", REG_DWORD, &Data, 4), STATUS_SUCCESS);
    EXPECT_EQ(Pre, 2);
}

static VOID
Notification(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io = {0};
    HANDLE Event;
    ULONG Data = 3;
    LARGE_INTEGER Poll = {0};

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwNotifyChangeKey(Root, Event, NULL, NULL, &Io, REG_NOTIFY_CHANGE_LAST_SET, FALSE,
                                    NULL, 0, TRUE),
                  STATUS_PENDING);
    EXPECT_STATUS(ZwWaitForSingleObject(Event, FALSE, &Poll), STATUS_TIMEOUT);
    Set(Root, L"Watched", REG_DWORD, &Data, 4);
    EXPECT_STATUS(ZwWaitForSingleObject(Event, FALSE, &Poll), STATUS_SUCCESS);
    EXPECT_STATUS(Io.Status, 0x10C /* STATUS_NOTIFY_ENUM_DIR */);
    ZwClose(Event);
}

static VOID
BootContent(VOID)
{
    ULONG Type, Length;
    WCHAR Text[64] = {0};
    HANDLE Key;

    EXPECT_STATUS(
        Open(NULL, L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion", &Key),
        STATUS_SUCCESS);
    EXPECT_STATUS(Get(Key, L"CurrentBuildNumber", &Type, Text, &Length), STATUS_SUCCESS);
    EXPECT(Type == REG_SZ && Text[0] >= L'1' && Text[0] <= L'9');
    EXPECT_STATUS(Get(Key, L"SystemRoot", &Type, Text, &Length), STATUS_SUCCESS);
    ZwClose(Key);
    EXPECT_STATUS(Open(NULL, L"\\Registry\\User\\S-1-5-18", &Key), STATUS_SUCCESS);
    ZwClose(Key);
    EXPECT_STATUS(ZwDeleteKey(Root), STATUS_SUCCESS);
    ZwClose(Root);
}

TEST_DRIVER(TEST(CreateAndOpen), TEST(Values), TEST(Subkeys), TEST(Links), TEST(QueryDirect),
            TEST(QueryRoutine), TEST(WriteAndDelete), TEST(Callbacks), TEST(Notification),
            TEST(BootContent))
