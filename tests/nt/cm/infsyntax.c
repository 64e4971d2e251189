/*
 * infsyntax.c - what setup makes of an INF line by line: infsyntax.inf. Every value with its type, its length and its bytes.
 * [DT: general-syntax-rules-for-inf-files (quotes, doubled quotes, %strkey%, %%, comments, continuation, case),
 * inf-addreg-directive (flags, value-entry forms), inf-addservice-directive (the keys of a service-install section), inf-strings-section]
 */
#include "../ntlab-test.h"

#define SERVICE L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\cm-infsyntax"

typedef struct _WANTED {
    PCWSTR Key, Name;
    ULONG Type;
    ULONG Bytes;
    const VOID *Data;
} WANTED;

#define SZ(Key, Name, Text)    {Key, Name, REG_SZ, sizeof(Text), Text}
#define MULTI(Key, Name, Text) {Key, Name, REG_MULTI_SZ, sizeof(Text), Text}
#define DWORD(Key, Name, ...)                                                                      \
    {                                                                                              \
        Key, Name, REG_DWORD, 4, (const ULONG[])                                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define BINARY(Key, Name, Bytes, ...)                                                              \
    {                                                                                              \
        Key, Name, REG_BINARY, Bytes, (const UCHAR[])                                              \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const WANTED Wanted[] = {
    SZ(L"", L"DisplayName", L"A name, with a comma"),
    SZ(L"", L"Description", L"a description"),
    DWORD(L"", L"Type", 1),
    DWORD(L"", L"Start", 4),
    DWORD(L"", L"ErrorControl", 3),
    SZ(L"", L"Group", L"Group name"),
    MULTI(L"", L"DependOnService", L"One\0Two words\0three\0"),
    SZ(L"\\Values", L"Plain", L"a plain value"),
    SZ(L"\\Values", L"Quoted", L"  kept blanks  "),
    SZ(L"\\Values", L"Doubled", L"a \"quoted\" word"),
    SZ(L"\\Values", L"Percent", L"100%"),
    SZ(L"\\Values", L"Comment", L"before"),
    SZ(L"\\Values", L"Semicolon", L"before ; behind"),
    {L"\\Values", L"Expanded", REG_EXPAND_SZ, sizeof(L"%SystemRoot%\\x"), L"%SystemRoot%\\x"},
    SZ(L"\\Values", L"Empty", L""),
    SZ(L"\\Values", L"Nothing", L""),
    SZ(L"\\Values", L"", L"the default value"),
    SZ(L"\\Values", L"Blanks", L"trailing"),
    SZ(L"\\Values", L"EndsInQuotes", L"C:\\"),
    SZ(L"\\Values", L"AfterQuotes", L"x"),
    SZ(L"\\Values", L"Letters", L"\u00E4\u00F6\u00FC \u00DF \u20AC"),
    SZ(L"\\Values", L"case", L"1"),
    SZ(L"\\Values", L"Again", L"a section may come twice"),
    SZ(L"", L"OfTheService", L"1"),
    DWORD(L"\\Numbers", L"Decimal", 42),
    DWORD(L"\\Numbers", L"Hex", 0xFFFFFFFF),
    DWORD(L"\\Numbers", L"Octal", 16),
    DWORD(L"\\Numbers", L"Missing", 0),
    DWORD(L"\\Numbers", L"FlagsDecimal", 7),
    DWORD(L"\\Numbers", L"String", 8),
    BINARY(L"\\Binary", L"None", 0, 0),
    BINARY(L"\\Binary", L"One", 1, 0xFF),
    BINARY(L"\\Binary", L"Bytes", 5, 1, 2, 10, 0xFE, 0),
    MULTI(L"\\Multi", L"None", L""),
    MULTI(L"\\Multi", L"One", L"first\0"),
    MULTI(L"\\Multi", L"Three", L"first\0sec, ond\0third\0"),
    MULTI(L"\\Multi", L"Eleven", L"a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0"),
    DWORD(L"\\Third", L"Here", 1),
};

static NTSTATUS
Open(PCWSTR Below, PHANDLE Key)
{
    WCHAR Path[128];
    UNICODE_STRING Name = {0, sizeof(Path), Path};
    OBJECT_ATTRIBUTES Attributes;

    RtlAppendUnicodeToString(&Name, SERVICE);
    RtlAppendUnicodeToString(&Name, Below);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwOpenKey(Key, KEY_READ, &Attributes);
}

static PKEY_VALUE_PARTIAL_INFORMATION
Value(PCWSTR Below, PCWSTR Name)
{
    static ULONG64 Space[128];
    UNICODE_STRING Text;
    NTSTATUS Status;
    ULONG Length;
    HANDLE Key;

    RtlInitUnicodeString(&Text, Name);
    if (!NT_SUCCESS(Open(Below, &Key))) {
        return NULL;
    }
    Status = ZwQueryValueKey(Key, &Text, KeyValuePartialInformation, Space, sizeof(Space), &Length);
    ZwClose(Key);
    return NT_SUCCESS(Status) ? (PVOID)Space : NULL;
}

static VOID
Lines(VOID)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wanted); i++) {
        const WANTED *W = &Wanted[i];
        PKEY_VALUE_PARTIAL_INFORMATION Is = Value(W->Key, W->Name);
        BOOLEAN Good = Is != NULL && Is->Type == W->Type && Is->DataLength == W->Bytes &&
                       RtlEqualMemory(Is->Data, W->Data, W->Bytes);

        if (!Good) {
            DbgPrint("ntlab-test: note %ws %ws: type %u, %u bytes %ws\n", W->Key, W->Name,
                     Is != NULL ? Is->Type : 0, Is != NULL ? Is->DataLength : 0,
                     Is != NULL ? (PCWSTR)Is->Data : L"-");
        }
        EXPECT(Good);
    }
}

/* How many values and keys there are: nothing else was made. */
static VOID
Counts(VOID)
{
    static const struct {
        PCWSTR Key;
        ULONG Keys, Values;
    } Table[] = {{L"\\Values", 0, 19},       {L"\\Numbers", 0, 6}, {L"\\Binary", 0, 3},
                 {L"\\Multi", 0, 4},         {L"\\Third", 0, 1},   {L"\\KeyOnly", 1, 0},
                 {L"\\KeyOnly\\Below", 0, 0}};
    HANDLE Key;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        ULONG64 Space[32];
        PKEY_FULL_INFORMATION Info = (PVOID)Space;
        ULONG Length;

        EXPECT_STATUS(Open(Table[i].Key, &Key), STATUS_SUCCESS);
        EXPECT_STATUS(ZwQueryKey(Key, KeyFullInformation, Info, sizeof(Space), &Length),
                      STATUS_SUCCESS);
        EXPECT_EQ(Info->SubKeys, Table[i].Keys);
        EXPECT_EQ(Info->Values, Table[i].Values);
        ZwClose(Key);
    }
    EXPECT_STATUS(Open(L"\\Wrong", &Key), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(Value(L"\\Values", L"User"), NULL);
    EXPECT_EQ(Value(L"", L"Never"), NULL);
    EXPECT_EQ(Value(L"\\..\\..\\..\\..\\SOFTWARE\\ntlab-inf-syntax", L"Machine"), NULL);
    EXPECT(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE,
                               L"\\Registry\\Machine\\SOFTWARE\\ntlab-inf-syntax") ==
           STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Lines), TEST(Counts))
