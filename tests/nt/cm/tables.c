/*
 * tables.c - the tables of RtlQueryRegistryValues: what each flag of an entry means, what the routine is told, defaults of each type, what is
 * stored where DIRECT says; the user's part of the registry. [DDI:wdm/rtlqueryregistryvalues], [DDI:wdm/rtlwriteregistryvalue].
 */
#include "../ntlab-test.h"

NTSTATUS NTAPI RtlFormatCurrentUserKeyPath(PUNICODE_STRING CurrentUserKeyPath);

#define ROOT  L"\\Registry\\Machine\\Software\\NtlabTables"
#define CALLS 12

static struct {
    WCHAR Name[16];
    BOOLEAN Named;
    ULONG Type, Length;
    UCHAR Data[64];
    PVOID Context, EntryContext;
} Call[CALLS];
static ULONG Calls, FailAt;

static NTSTATUS NTAPI
Routine(PWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength, PVOID Context,
        PVOID EntryContext)
{
    ULONG At = Calls++;

    if (At >= CALLS || ValueLength > sizeof(Call[0].Data)) {
        return STATUS_UNSUCCESSFUL;
    }
    RtlZeroMemory(&Call[At], sizeof(Call[At]));
    Call[At].Named = ValueName != NULL;
    for (ULONG i = 0; ValueName != NULL && i < 15 && ValueName[i] != 0; i++) {
        Call[At].Name[i] = ValueName[i];
    }
    Call[At].Type = ValueType;
    Call[At].Length = ValueLength;
    RtlCopyMemory(Call[At].Data, ValueData, ValueData != NULL ? ValueLength : 0);
    Call[At].Context = Context;
    Call[At].EntryContext = EntryContext;
    return FailAt != 0 && Calls == FailAt ? STATUS_DEVICE_BUSY : STATUS_SUCCESS;
}

/* What call number At was given. */
static BOOLEAN
Was(ULONG At, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Length)
{
    UNICODE_STRING Got, Wanted;

    RtlInitUnicodeString(&Got, Call[At].Name);
    RtlInitUnicodeString(&Wanted, Name);
    return At < Calls && Call[At].Named == (Name != NULL) &&
           RtlEqualUnicodeString(&Got, &Wanted, TRUE) && Call[At].Type == Type &&
           Call[At].Length == Length && RtlEqualMemory(Call[At].Data, Data, Length);
}

static NTSTATUS
Ask(PRTL_QUERY_REGISTRY_TABLE Table)
{
    Calls = 0;
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT, Table, &Calls, NULL);
}

static NTSTATUS
Put(PCWSTR Path, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Length)
{
    return RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, Name, Type, (PVOID)Data, Length);
}

static VOID
Prepare(VOID)
{
    static const UCHAR Bytes[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    ULONG One = 1, Two = 2, Three = 3;

    EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT), STATUS_SUCCESS);
    EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Sub"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Empty"), STATUS_SUCCESS);
    Put(ROOT, L"One", REG_DWORD, &One, 4);
    Put(ROOT, L"Strings", REG_MULTI_SZ, L"ab\0c\0", 12);
    Put(ROOT, L"Bytes", REG_BINARY, Bytes, sizeof(Bytes));
    Put(ROOT L"\\Sub", L"Two", REG_DWORD, &Two, 4);
    Put(ROOT L"\\Sub", L"Three", REG_DWORD, &Three, 4);
}

/* To a subkey and back; without a name all values; the routine's status ends it. */
static VOID
Keys(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[5] = {0};
    ULONG One = 1, Two = 2, Three = 3;

    Table[0].QueryRoutine = Routine;
    Table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
    Table[0].Name = L"Sub";
    Table[0].EntryContext = Table;
    Table[1].QueryRoutine = Routine; /* still in the subkey */
    Table[1].Name = L"Three";
    Table[2].QueryRoutine = Routine;
    Table[2].Flags = RTL_QUERY_REGISTRY_TOPKEY;
    Table[2].Name = L"One";
    Table[3].QueryRoutine = Routine;
    Table[3].Name = L"Two"; /* not in this key, and there is no default */
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 4);
    EXPECT(Was(0, L"Two", REG_DWORD, &Two, 4) && Was(1, L"Three", REG_DWORD, &Three, 4));
    EXPECT(Was(2, L"Three", REG_DWORD, &Three, 4) && Was(3, L"One", REG_DWORD, &One, 4));
    EXPECT(Call[0].Context == &Calls && Call[0].EntryContext == Table);
    EXPECT(Call[3].Context == &Calls && Call[3].EntryContext == NULL);
    FailAt = 2;
    EXPECT_STATUS(Ask(Table), STATUS_DEVICE_BUSY);
    EXPECT_EQ(Calls, 2);
    FailAt = 0;

    Table[0].Name = L"Empty";
    Table[1].QueryRoutine = NULL;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 0);
    Table[0].Flags |= RTL_QUERY_REGISTRY_REQUIRED;
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_NAME_NOT_FOUND);
    Table[0].Name = NULL;
    EXPECT_STATUS(Ask(Table), STATUS_INVALID_PARAMETER);

    /* No values at all: the routine is called once, and told of none. */
    RtlZeroMemory(Table, sizeof(Table));
    Table[0].QueryRoutine = Routine;
    Table[0].Flags = RTL_QUERY_REGISTRY_NOVALUE;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 1 && Was(0, NULL, REG_NONE, NULL, 0) && Call[0].Context == &Calls);
}

static VOID
Removed(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    ULONG Four = 4, Got = 0;

    Put(ROOT, L"Four", REG_DWORD, &Four, 4);
    Table[0].QueryRoutine = Routine;
    Table[0].Flags = RTL_QUERY_REGISTRY_DELETE | RTL_QUERY_REGISTRY_REQUIRED;
    Table[0].Name = L"Four";
    FailAt = 1;
    EXPECT_STATUS(Ask(Table), STATUS_DEVICE_BUSY);
    FailAt = 0;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Was(0, L"Four", REG_DWORD, &Four, 4));
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_NAME_NOT_FOUND);
    Put(ROOT, L"Four", REG_DWORD, &Four, 4);
    Table[0].QueryRoutine = NULL;
    Table[0].EntryContext = &Got;
    Table[0].Flags |= RTL_QUERY_REGISTRY_DIRECT;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Got, 4);
    EXPECT_STATUS(Ask(Table), STATUS_OBJECT_NAME_NOT_FOUND);
    /* DIRECT needs a name and nobody to call. */
    Table[0].QueryRoutine = Routine;
    EXPECT_STATUS(Ask(Table), STATUS_INVALID_PARAMETER);
    Table[0].QueryRoutine = NULL;
    Table[0].Name = NULL;
    EXPECT_STATUS(Ask(Table), STATUS_INVALID_PARAMETER);
}

/* Of each type; the length of strings may be left to the routine. */
static VOID
Defaults(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    UNICODE_STRING String = {0};
    ULONG64 Long = 0x1122334455667788;
    WCHAR Room[8];

    Table[0].QueryRoutine = Routine;
    Table[0].Name = L"Missing";
    Table[0].DefaultType = REG_SZ;
    Table[0].DefaultData = L"text";
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 1 && Was(0, L"Missing", REG_SZ, L"text", 10));
    Table[0].DefaultType = REG_MULTI_SZ;
    Table[0].DefaultData = L"one\0three\0";
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 2 && Was(0, L"Missing", REG_SZ, L"one", 8) &&
           Was(1, L"Missing", REG_SZ, L"three", 12));
    Table[0].Flags = RTL_QUERY_REGISTRY_NOEXPAND;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 1 && Was(0, L"Missing", REG_MULTI_SZ, L"one\0three\0", 22));
    Table[0].Flags = 0;
    Table[0].DefaultType = REG_QWORD;
    Table[0].DefaultData = &Long;
    Table[0].DefaultLength = sizeof(Long);
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 1 && Was(0, L"Missing", REG_QWORD, &Long, sizeof(Long)));
    Table[0].DefaultType = REG_NONE;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 0);

    Table[0].QueryRoutine = NULL;
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].EntryContext = &String;
    Table[0].DefaultType = REG_SZ;
    Table[0].DefaultData = L"1234567";
    Table[0].DefaultLength = 0;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(String.Length == 14 && String.MaximumLength >= 16 && String.Buffer[7] == 0);
    RtlFreeUnicodeString(&String);
    String.Buffer = Room;
    String.MaximumLength = sizeof(Room) - 1;
    EXPECT_STATUS(Ask(Table), STATUS_BUFFER_TOO_SMALL);
    String.MaximumLength = sizeof(Room);
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(String.Length == 14 && RtlEqualMemory(Room, L"1234567", 16));
}

/* A number or bytes longer than a ULONG: the buffer's first word says how long it is. */
static VOID
Stored(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    ULONG Buffer[8];
    UNICODE_STRING String = {0};

    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].Name = L"Bytes";
    Table[0].EntryContext = Buffer;
    for (LONG Size = 16; Size <= 17; Size++) {
        RtlFillMemory(Buffer, sizeof(Buffer), 0xEE);
        Buffer[0] = (ULONG)Size; /* with length and type in front */
        EXPECT_STATUS(Ask(Table), Size == 17 ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        EXPECT(Size == 16 ||
               (Buffer[0] == 9 && Buffer[1] == REG_BINARY && Buffer[2] == 0x04030201 &&
                Buffer[3] == 0x08070605 && Buffer[4] == 0xEEEEEE09));
        EXPECT(Size == 17 || Buffer[2] == 0xEEEEEEEE);
    }
    for (LONG Size = -8; Size >= -9; Size--) {
        RtlFillMemory(Buffer, sizeof(Buffer), 0xEE);
        Buffer[0] = (ULONG)Size; /* the bytes alone */
        EXPECT_STATUS(Ask(Table), Size == -9 ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        EXPECT(Size == -8 || (Buffer[0] == 0x04030201 && Buffer[2] == 0xEEEEEE09));
    }
    Table[0].Name = L"Strings";
    Table[0].EntryContext = &String;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(String.Buffer != NULL && RtlEqualMemory(String.Buffer, L"ab\0c\0", 12));
    RtlFreeUnicodeString(&String);
    Table[0].QueryRoutine = Routine;
    Table[0].Flags = 0;
    EXPECT_STATUS(Ask(Table), STATUS_SUCCESS);
    EXPECT(Calls == 2 && Was(0, L"Strings", REG_SZ, L"ab", 6) &&
           Was(1, L"Strings", REG_SZ, L"c", 4));
}

/* System threads are LocalSystem: S-1-5-18. */
static VOID
OfTheUser(VOID)
{
    UNICODE_STRING Path = {0}, Wanted = RTL_CONSTANT_STRING(L"\\REGISTRY\\USER\\S-1-5-18");
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    ULONG Seven = 7;

    EXPECT_STATUS(RtlFormatCurrentUserKeyPath(&Path), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Path, &Wanted, TRUE));
    EXPECT(Path.MaximumLength >= Path.Length);
    RtlFreeUnicodeString(&Path);
    EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_USER, L"NtlabTables"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlCheckRegistryKey(RTL_REGISTRY_USER, L"NtlabTables"), STATUS_SUCCESS);
    EXPECT_STATUS(
        RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, L"\\Registry\\User\\S-1-5-18\\NtlabTables"),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        RtlWriteRegistryValue(RTL_REGISTRY_USER, L"NtlabTables", L"Seven", REG_DWORD, &Seven, 4),
        STATUS_SUCCESS);
    Table[0].QueryRoutine = Routine;
    Table[0].Name = L"Seven";
    Calls = 0;
    EXPECT_STATUS(RtlQueryRegistryValues(RTL_REGISTRY_USER, L"NtlabTables", Table, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT(Was(0, L"Seven", REG_DWORD, &Seven, 4));
    EXPECT_STATUS(RtlDeleteRegistryValue(RTL_REGISTRY_USER, L"NtlabTables", L"Seven"),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlCheckRegistryKey(RTL_REGISTRY_USER, L"NtlabMissing"),
                  STATUS_OBJECT_NAME_NOT_FOUND);
}

/* [LEARN:procthread/zwqueryinformationprocess], ProcessHandleCount. */
static ULONG
Handles(VOID)
{
    ULONG Count = 0;

    EXPECT_STATUS(ZwQueryInformationProcess(ZwCurrentProcess(), 20, &Count, sizeof(Count), NULL),
                  STATUS_SUCCESS);
    return Count;
}

/* Whatever a query comes to, each key that it has opened is closed. */
static VOID
Closed(VOID)
{
    static const struct {
        PCWSTR Path, Sub, Name;
        ULONG Flags;
    } Table[] = {
        {ROOT, NULL, L"Missing", 0},
        {ROOT, NULL, L"Missing", RTL_QUERY_REGISTRY_REQUIRED},
        {ROOT, L"Sub", L"Missing", RTL_QUERY_REGISTRY_REQUIRED},
        {ROOT, L"Sub", L"Missing", 0},
        {ROOT, L"Nowhere", L"Missing", 0},
        {ROOT, L"Sub", L"Missing", RTL_QUERY_REGISTRY_TOPKEY},
        {ROOT, L"Sub", NULL, RTL_QUERY_REGISTRY_SUBKEY},
        {ROOT L"\\Nowhere", NULL, L"Missing", 0},
    };
    ULONG Before;

    EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Sub"), STATUS_SUCCESS);
    Before = Handles();
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        RTL_QUERY_REGISTRY_TABLE Query[3] = {0};
        ULONG At = Table[i].Sub != NULL ? 1 : 0;

        Query[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
        Query[0].Name = (PWSTR)Table[i].Sub;
        Query[At].QueryRoutine = Routine;
        Query[At].Name = (PWSTR)(Table[i].Name != NULL ? Table[i].Name : Table[i].Sub);
        Query[At].Flags = Table[i].Flags;
        Calls = 0;
        RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Table[i].Path, Query, NULL, NULL);
        EXPECT_EQ(Handles(), Before);
        RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)Table[i].Path);
        EXPECT_EQ(Handles(), Before);
        RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, Table[i].Path, L"Missing");
        EXPECT_EQ(Handles(), Before);
        RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)Table[i].Path);
        EXPECT_EQ(Handles(), Before);
    }
}

TEST_DRIVER(TEST(Prepare), TEST(Closed), TEST(Keys), TEST(Removed), TEST(Defaults), TEST(Stored),
            TEST(OfTheUser))
