/*
 * drvkey.c - IoOpenDriverRegistryKey. [DDI:wdm/ioopendriverregistrykey]
 */
#include "ntlab-test.h"

NTSTATUS NTAPI IoOpenDriverRegistryKey(PDRIVER_OBJECT, ULONG, ACCESS_MASK, ULONG, PHANDLE);

static PDRIVER_OBJECT TestDriverObject;
static UNICODE_STRING TestRegistryPath;

static ULONG
ReadMark(HANDLE Key)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Mark");
    struct {
        KEY_VALUE_PARTIAL_INFORMATION Value;
        ULONG More;
    } Buffer;
    ULONG Length;

    return NT_SUCCESS(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, &Buffer,
                                      sizeof(Buffer), &Length))
               ? *(PULONG)Buffer.Value.Data
               : 0;
}

static VOID
Parameters(VOID)
{
    UNICODE_STRING Below = RTL_CONSTANT_STRING(L"Parameters"), Mark = RTL_CONSTANT_STRING(L"Mark");
    PDRIVER_OBJECT Driver = TestDriverObject;
    HANDLE Service, Key, Made;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Value = 7;

    EXPECT_STATUS(IoOpenDriverRegistryKey(Driver, 0, KEY_READ, 0, &Key),
                  STATUS_OBJECT_NAME_NOT_FOUND); /* no INF has made it */
    InitializeObjectAttributes(&Attributes, &TestRegistryPath,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwOpenKey(&Service, KEY_ALL_ACCESS, &Attributes), STATUS_SUCCESS);
    InitializeObjectAttributes(&Attributes, &Below, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               Service, NULL);
    EXPECT_STATUS(ZwCreateKey(&Made, KEY_ALL_ACCESS, &Attributes, 0, NULL, 0, NULL),
                  STATUS_SUCCESS);
    ZwSetValueKey(Made, &Mark, 0, REG_DWORD, &Value, sizeof(Value));
    EXPECT_STATUS(IoOpenDriverRegistryKey(Driver, 0, KEY_READ, 0, &Key), STATUS_SUCCESS);
    EXPECT_EQ(ReadMark(Key), 7);
    ZwClose(Key);
    ZwDeleteKey(Made);
    ZwClose(Made);
    ZwClose(Service);
}

static VOID
State(VOID)
{
    UNICODE_STRING Mark = RTL_CONSTANT_STRING(L"Mark");
    HANDLE Key;
    ULONG Value = 9;

    EXPECT_STATUS(IoOpenDriverRegistryKey(TestDriverObject, 1, KEY_ALL_ACCESS, 0, &Key),
                  STATUS_SUCCESS);
    ZwSetValueKey(Key, &Mark, 0, REG_DWORD, &Value, sizeof(Value));
    ZwClose(Key);
    EXPECT_STATUS(IoOpenDriverRegistryKey(TestDriverObject, 1, KEY_READ, 0, &Key), STATUS_SUCCESS);
    EXPECT_EQ(ReadMark(Key), 9); /* what was written is there */
    ZwClose(Key);
    EXPECT_STATUS(IoOpenDriverRegistryKey(TestDriverObject, 2, KEY_READ, 0, &Key), STATUS_SUCCESS);
    EXPECT_EQ(ReadMark(Key), 0); /* another key */
    ZwClose(Key);
    EXPECT_STATUS(IoOpenDriverRegistryKey(TestDriverObject, 3, KEY_READ, 0, &Key),
                  STATUS_INVALID_PARAMETER);
}

/* The key's own name: CurrentControlSet is a link to one of the control sets. [DDI:wdm/driver_initialize; LEARN: HKLM\SYSTEM\
   CurrentControlSet Registry Tree] */
static VOID
OwnName(VOID)
{
    UNICODE_STRING Prefix =
        RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\");
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet");
    UNICODE_STRING Value = RTL_CONSTANT_STRING(L"SymbolicLinkValue"), Text;
    struct {
        KEY_VALUE_PARTIAL_INFORMATION Info;
        WCHAR Space[100];
    } Buffer;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length;
    HANDLE Key;

    EXPECT(RtlPrefixUnicodeString(&Prefix, &TestRegistryPath, TRUE));
    EXPECT_EQ(TestRegistryPath.Buffer[TestRegistryPath.Length / sizeof(WCHAR)], 0);
    InitializeObjectAttributes(&Attributes, &Link,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_OPENLINK, NULL, NULL);
    EXPECT_STATUS(ZwOpenKey(&Key, KEY_READ, &Attributes), STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwQueryValueKey(Key, &Value, KeyValuePartialInformation, &Buffer, sizeof(Buffer), &Length),
        STATUS_SUCCESS);
    EXPECT_EQ(Buffer.Info.Type, REG_LINK);
    Text.Buffer = (PWSTR)Buffer.Info.Data;
    Text.Length = Text.MaximumLength = (USHORT)Buffer.Info.DataLength;
    EXPECT(RtlEqualUnicodeString(&Text, &Target, TRUE));
    ZwClose(Key);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Parameters), TEST(State), TEST(OwnName)};

    DriverObject->DriverUnload = Unload;
    TestDriverObject = DriverObject;
    TestRegistryPath = *RegistryPath;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
