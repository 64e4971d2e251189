/*
 * keys-client.c - what the services for keys answer in each class, renaming, several values at once, notification, write time.
 * [DDI:wdm/zwquerykey], [DDI:wdm/zwenumeratekey], [DDI:wdm/zwqueryvaluekey], [DDI:wdm/zwenumeratevaluekey],
 * [DDI:ntddk/zwrenamekey], [DDI:ntifs/zwnotifychangekey], [DDI:wdm/zwflushkey], [DDI:wdm/zwsetinformationkey],
 * [LEARN:winreg/regquerymultiplevaluesw], [DDI:wdm/zwopenkeyex].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtOpenKeyEx(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtCreateKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, PUNICODE_STRING, ULONG,
                           PULONG);
NTSTATUS NTAPI NtDeleteKey(HANDLE);
NTSTATUS NTAPI NtQueryKey(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, PUNICODE_STRING, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, PUNICODE_STRING);
NTSTATUS NTAPI NtRenameKey(HANDLE, PUNICODE_STRING);
NTSTATUS NTAPI NtFlushKey(HANDLE);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, ULONG, BOOLEAN,
                                 PVOID, ULONG, BOOLEAN);

#define KERNEL_ADDRESS  ((void *)0x400080000000ull)
#define NO_MORE         0x8000001A
#define OVERFLOWS       0x80000005
#define BAD_CLASS       0xC0000003
#define LENGTH_MISMATCH 0xC0000004
#define VIOLATION       0xC0000005
#define INVALID_HANDLE  0xC0000008
#define INVALID_PARAM   0xC000000D
#define ACCESS_DENIED   0xC0000022
#define TOO_SMALL       0xC0000023
#define NOT_FOUND       0xC0000034
#define CANNOT_DELETE   0xC0000121
#define KEY_DELETED     0xC000017C
#define PENDING         0x00000103

static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;
static ULONG64 Space[128];
static ULONG *Long = (ULONG *)Space;
static ULONG Length;
static HANDLE Top;

static PUNICODE_STRING
String(PCWSTR Text)
{
    RtlInitUnicodeString(&Name, Text);
    return &Name;
}

static POBJECT_ATTRIBUTES
Named(PCWSTR Text, HANDLE Root)
{
    InitializeObjectAttributes(&Attributes, String(Text), 0x40, Root, NULL);
    return &Attributes;
}

static HANDLE
Make(PCWSTR Text, PCWSTR Class)
{
    HANDLE Key = NULL;
    UNICODE_STRING Given;

    RtlInitUnicodeString(&Given, Class);
    EXPECT_EQ(
        NtCreateKey(&Key, KEY_ALL_ACCESS, Named(Text, Top), 0, Class ? &Given : NULL, 0, NULL), 0);
    return Key;
}

static void
Set(HANDLE Key, PCWSTR Text, ULONG Type, const void *Data, ULONG Bytes)
{
    EXPECT_EQ(NtSetValueKey(Key, String(Text), 0, Type, (PVOID)Data, Bytes), 0);
}

/* Too small for the fixed part, too small for all, just right. */
static ULONG
Query(HANDLE Key, int Class, ULONG Fixed)
{
    ULONG Needed = 0;

    EXPECT_EQ((ULONG)NtQueryKey(Key, Class, Space, Fixed - 1, &Needed), TOO_SMALL);
    EXPECT(Needed >= Fixed);
    if (Needed > Fixed) {
        EXPECT_EQ((ULONG)NtQueryKey(Key, Class, Space, Needed - 1, &Length), OVERFLOWS);
        EXPECT_EQ(Length, Needed);
    }
    memset(Space, 0xCC, sizeof(Space));
    EXPECT_EQ(NtQueryKey(Key, Class, Space, Needed, &Length), 0);
    EXPECT_EQ(((BYTE *)Space)[Needed], 0xCC);
    return Needed;
}

static void
OfKey(HANDLE Key)
{
    HANDLE Plain = Make(L"Plain", NULL);

    EXPECT_EQ(Query(Key, 0, 16), 16 + 10); /* KeyBasicInformation: time, title, name */
    EXPECT(Space[0] != 0 && Long[3] == 10 && memcmp(&Long[4], L"First", 10) == 0);
    /* KeyNodeInformation: time, title, class's place and length, name, class */
    EXPECT_EQ(Query(Key, 1, 24), 36 + 12);
    EXPECT(Long[3] == 36 && Long[4] == 12 && Long[5] == 10);
    EXPECT(memcmp(&Long[6], L"First", 10) == 0);
    EXPECT(memcmp((BYTE *)Space + 36, L"aClass", 12) == 0);
    EXPECT_EQ(Query(Plain, 1, 24), 24 + 10);
    EXPECT(Long[3] == ~0u && Long[4] == 0 && Long[5] == 10);
    /* KeyFullInformation: time, title, class, counts and greatest lengths */
    EXPECT_EQ(Query(Key, 2, 44), 44 + 12);
    EXPECT(Long[3] == 44 && Long[4] == 12);
    EXPECT_EQ(Long[5], 2);  /* subkeys */
    EXPECT_EQ(Long[6], 12); /* the longest name: Second */
    EXPECT_EQ(Long[7], 0);
    EXPECT_EQ(Long[8], 3);   /* values */
    EXPECT_EQ(Long[9], 10);  /* the longest name: Third */
    EXPECT_EQ(Long[10], 20); /* the longest data */
    EXPECT(memcmp((BYTE *)Space + 44, L"aClass", 12) == 0);
    EXPECT(Query(Key, 3, 4) > 40); /* KeyNameInformation: the whole path */
    EXPECT(Long[0] == (ULONG)wcslen(L"\\REGISTRY\\MACHINE\\SOFTWARE\\NtlabKeys\\First") * 2);
    EXPECT(_wcsnicmp((PWSTR)&Long[1], L"\\REGISTRY\\MACHINE\\SOFTWARE\\NtlabKeys\\First",
                     Long[0] / 2) == 0);
    EXPECT_EQ(Query(Key, 4, 40), 40); /* KeyCachedInformation: as full, without the strings */
    EXPECT(Long[3] == 2 && Long[4] == 12 && Long[5] == 3 && Long[6] == 10 && Long[7] == 20);
    EXPECT_EQ(Long[8], 10);
    /* KeyFlagsInformation: flags of three kinds, of which the second says volatile 1, a link 2 */
    EXPECT_EQ(Query(Key, 5, 12), 12);
    EXPECT(Long[0] == 0 && Long[1] == 0 && Long[2] == 0);
    EXPECT_EQ(Query(Key, 6, 4), 4); /* KeyVirtualizationInformation */
    EXPECT_EQ(Query(Key, 7, 4), 4); /* KeyHandleTagsInformation */
    for (ULONG Options = REG_OPTION_VOLATILE; Options <= 3; Options += REG_OPTION_CREATE_LINK) {
        HANDLE Made = NULL;

        EXPECT_EQ(NtCreateKey(&Made, KEY_ALL_ACCESS | KEY_CREATE_LINK, Named(L"Flagged", Top), 0,
                              NULL, Options, NULL),
                  0);
        EXPECT_EQ(Query(Made, 5, 12), 12);
        EXPECT(Long[0] == 0 && Long[1] == Options && Long[2] == 0);
        EXPECT_EQ(NtDeleteKey(Made), 0);
        NtClose(Made);
    }
    EXPECT_EQ((ULONG)NtQueryKey(Key, 99, Space, sizeof(Space), &Length), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtQueryKey((HANDLE)0x5554, 0, Space, sizeof(Space), &Length), INVALID_HANDLE);
    EXPECT_EQ((ULONG)NtQueryKey(Key, 0, KERNEL_ADDRESS, 64, &Length), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryKey(Key, 0, Space, 64, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ(NtEnumerateKey(Key, 0, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(Long[3] == 6 && memcmp(&Long[4], L"Abc", 6) == 0); /* in the order of the names */
    EXPECT_EQ(NtEnumerateKey(Key, 1, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(Long[3] == 12 && memcmp(&Long[4], L"Second", 12) == 0);
    EXPECT_EQ((ULONG)NtEnumerateKey(Key, 2, 0, Space, sizeof(Space), &Length), NO_MORE);
    EXPECT_EQ((ULONG)NtEnumerateKey(Key, 0, 0, Space, 8, &Length), TOO_SMALL);
    EXPECT_EQ((ULONG)NtEnumerateKey(Key, 0, 0, Space, 18, &Length), OVERFLOWS);
    EXPECT_EQ(Length, 22);
    EXPECT_EQ(NtDeleteKey(Plain), 0);
    EXPECT_EQ((ULONG)NtQueryKey(Plain, 0, Space, sizeof(Space), &Length), KEY_DELETED);
    NtClose(Plain);
}

static void
OfValues(HANDLE Key)
{
    UNICODE_STRING One, Three, None;
    KEY_VALUE_ENTRY Entries[2] = {{&One}, {&Three}};
    ULONG Room, Needed = 0;

    RtlInitUnicodeString(&One, L"one");
    RtlInitUnicodeString(&Three, L"Third");
    RtlInitUnicodeString(&None, L"None");
    EXPECT_EQ(NtQueryValueKey(Key, &Three, 0, Space, sizeof(Space), &Length), 0); /* basic */
    EXPECT(Length == 12 + 10 && Long[1] == REG_SZ && Long[2] == 10);
    EXPECT(memcmp(&Long[3], L"Third", 10) == 0);
    EXPECT_EQ(NtQueryValueKey(Key, &Three, 1, Space, sizeof(Space), &Length), 0); /* full */
    EXPECT(Long[1] == REG_SZ && Long[3] == 20 && Long[4] == 10);
    EXPECT(memcmp(&Long[5], L"Third", 10) == 0 && Long[2] >= 30 && Long[2] + 20 == Length);
    EXPECT(memcmp((BYTE *)Space + Long[2], L"long text", 20) == 0);
    EXPECT_EQ(NtQueryValueKey(Key, &One, 2, Space, sizeof(Space), &Length), 0); /* partial */
    EXPECT(Length == 12 + 4 && Long[1] == REG_DWORD && Long[2] == 4 && Long[3] == 7);
    EXPECT_EQ(NtQueryValueKey(Key, &One, 4, Space, sizeof(Space), &Length), 0); /* for alignment */
    EXPECT(Length == 8 + 4 && Long[0] == REG_DWORD && Long[1] == 4 && Long[2] == 7);
    EXPECT_EQ((ULONG)NtQueryValueKey(Key, &One, 2, Space, 11, &Length), TOO_SMALL);
    EXPECT_EQ((ULONG)NtQueryValueKey(Key, &One, 2, Space, 15, &Length), OVERFLOWS);
    EXPECT_EQ(Length, 16);
    EXPECT_EQ((ULONG)NtQueryValueKey(Key, &One, 99, Space, 64, &Length), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtQueryValueKey(Key, &None, 2, Space, 64, &Length), NOT_FOUND);
    EXPECT_EQ(NtEnumerateValueKey(Key, 0, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(Long[2] == 6 && memcmp(&Long[3], L"One", 6) == 0); /* as they were made */
    EXPECT_EQ(NtEnumerateValueKey(Key, 2, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(Long[2] == 10);
    EXPECT_EQ((ULONG)NtEnumerateValueKey(Key, 3, 0, Space, sizeof(Space), &Length), NO_MORE);
    /* several at once */
    Room = sizeof(Space);
    EXPECT_EQ(NtQueryMultipleValueKey(Key, Entries, 2, Space, &Room, &Needed), 0);
    EXPECT(Room == 24 && Needed == 24);
    EXPECT(Entries[0].Type == REG_DWORD && Entries[0].DataOffset == 0 &&
           Entries[0].DataLength == 4);
    EXPECT(Entries[1].Type == REG_SZ && Entries[1].DataOffset == 4 && Entries[1].DataLength == 20);
    EXPECT(Long[0] == 7 && memcmp(&Long[1], L"long text", 20) == 0);
    Room = 23; /* what there is no room for is not copied */
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 2, Space, &Room, &Needed), OVERFLOWS);
    EXPECT_EQ(Needed, 24);
    Room = 24;
    EXPECT_EQ(NtQueryMultipleValueKey(Key, Entries, 2, Space, &Room, NULL), 0);
    Entries[1].ValueName = &None;
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 2, Space, &Room, &Needed), NOT_FOUND);
    Entries[1].ValueName = KERNEL_ADDRESS;
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 2, Space, &Room, &Needed), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 1, KERNEL_ADDRESS, &Room, &Needed),
              VIOLATION);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, KERNEL_ADDRESS, 1, Space, &Room, &Needed),
              VIOLATION);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 1, Space, KERNEL_ADDRESS, &Needed),
              VIOLATION);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey(Key, Entries, 1, Space, &Room, KERNEL_ADDRESS),
              VIOLATION);
    EXPECT_EQ((ULONG)NtQueryMultipleValueKey((HANDLE)0x5554, Entries, 1, Space, &Room, &Needed),
              INVALID_HANDLE);
    EXPECT_EQ(NtDeleteValueKey(Key, &One), 0);
    EXPECT_EQ((ULONG)NtDeleteValueKey(Key, &One), NOT_FOUND);
}

static void
Rename(HANDLE Key)
{
    HANDLE Again = NULL, ReadOnly;
    LARGE_INTEGER Time = {.QuadPart = 0x123456789};

    EXPECT_EQ(NtRenameKey(Key, String(L"Renamed")), 0);
    EXPECT_EQ((ULONG)NtOpenKey(&Again, KEY_READ, Named(L"First", Top)), NOT_FOUND);
    EXPECT_EQ(NtOpenKeyEx(&Again, KEY_ALL_ACCESS, Named(L"Renamed", Top), 0), 0);
    EXPECT_EQ(NtQueryKey(Again, 2, Space, sizeof(Space), &Length), 0);
    EXPECT_EQ(Long[5], 2); /* with its subkeys */
    NtClose(Again);
    EXPECT_EQ(NtRenameKey(Key, String(L"RENAMED")), 0); /* its own name, in capitals */
    EXPECT_EQ(NtQueryKey(Key, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(memcmp(&Long[4], L"RENAMED", 14) == 0);
    NtClose(Make(L"Taken", NULL));
    EXPECT_EQ((ULONG)NtRenameKey(Key, String(L"taken")), CANNOT_DELETE);
    EXPECT_EQ((ULONG)NtRenameKey(Key, String(L"a\\b")), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtRenameKey(Key, String(L"")), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtRenameKey(Key, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ((ULONG)NtRenameKey((HANDLE)0x5554, String(L"x")), INVALID_HANDLE);
    EXPECT_EQ((ULONG)NtOpenKeyEx(&Again, KEY_READ, Named(L"Renamed", Top), 0x100), INVALID_PARAM);
    EXPECT_EQ(NtOpenKeyEx(&ReadOnly, KEY_READ, Named(L"Renamed", Top), 4), 0);
    EXPECT_EQ((ULONG)NtRenameKey(ReadOnly, String(L"x")), ACCESS_DENIED);
    EXPECT_EQ(NtFlushKey(ReadOnly), 0);
    EXPECT_EQ((ULONG)NtFlushKey((HANDLE)0x5554), INVALID_HANDLE);
    EXPECT_EQ(NtSetInformationKey(Key, 0, &Time, sizeof(Time)), 0);
    EXPECT_EQ(NtQueryKey(Key, 0, Space, sizeof(Space), &Length), 0);
    EXPECT_EQ(Space[0], 0x123456789);
    EXPECT_EQ((ULONG)NtSetInformationKey(ReadOnly, 0, &Time, sizeof(Time)), ACCESS_DENIED);
    EXPECT_EQ((ULONG)NtSetInformationKey(Key, 0, &Time, 4), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationKey(Key, 99, &Time, sizeof(Time)), BAD_CLASS);
    EXPECT_EQ((ULONG)NtSetInformationKey(Key, 0, KERNEL_ADDRESS, sizeof(Time)), VIOLATION);
    Set(Key, L"New", REG_DWORD, &Time, 4); /* a change sets the time */
    EXPECT_EQ(NtQueryKey(Key, 0, Space, sizeof(Space), &Length), 0);
    EXPECT(Space[0] > 0x123456789);
    NtClose(ReadOnly);
}

static DWORD WINAPI
Change(void *Key)
{
    Sleep(10);
    Set(Key, L"Changed", REG_SZ, L"x", 4);
    return 0;
}

static void
Notify(HANDLE Key)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL), Sub, Thread;
    IO_STATUS_BLOCK Iosb = {{99}, 99};

    /* 4: values. Not of subkeys, unless asked for the tree. */
    EXPECT_EQ(NtNotifyChangeKey(Key, Event, NULL, NULL, &Iosb, 4, FALSE, NULL, 0, TRUE), PENDING);
    EXPECT_EQ(NtCreateKey(&Sub, KEY_ALL_ACCESS, Named(L"Below", Key), 0, NULL, 0, NULL), 0);
    Set(Sub, L"x", REG_SZ, L"", 2);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    Set(Key, L"x", REG_SZ, L"", 2);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT_EQ((ULONG)Iosb.Status, 0x10C); /* STATUS_NOTIFY_ENUM_DIR */
    Set(Key, L"x", REG_SZ, L"", 2);       /* once */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    EXPECT_EQ(NtNotifyChangeKey(Key, Event, NULL, NULL, &Iosb, 4, TRUE, NULL, 0, TRUE), PENDING);
    Set(Sub, L"x", REG_SZ, L"", 2);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT_EQ(NtNotifyChangeKey(Key, Event, NULL, NULL, &Iosb, 1, FALSE, NULL, 0, TRUE), PENDING);
    Set(Key, L"x", REG_SZ, L"", 2); /* 1: names of subkeys */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    EXPECT_EQ(NtDeleteKey(Sub), 0);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    NtClose(Sub);
    /* synchronous: the call waits */
    Thread = CreateThread(NULL, 0, Change, Key, 0, NULL);
    EXPECT_EQ(NtNotifyChangeKey(Key, NULL, NULL, NULL, &Iosb, 4, FALSE, NULL, 0, FALSE), 0x10C);
    EXPECT_EQ((ULONG)Iosb.Status, 0x10C);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey(Key, Event, NULL, NULL, KERNEL_ADDRESS, 4, FALSE, NULL, 0, TRUE),
        VIOLATION);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey(Key, (HANDLE)0x5554, NULL, NULL, &Iosb, 4, FALSE, NULL, 0, TRUE),
        INVALID_HANDLE);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey((HANDLE)0x5554, Event, NULL, NULL, &Iosb, 4, FALSE, NULL, 0, TRUE),
        INVALID_HANDLE);
    EXPECT_EQ(NtNotifyChangeKey(Key, Event, NULL, NULL, &Iosb, 4, FALSE, NULL, 0, TRUE), PENDING);
    NtClose(Key); /* the handle goes: it is over */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT_EQ((ULONG)Iosb.Status, 0x10B); /* STATUS_NOTIFY_CLEANUP */
}

int
main(void)
{
    static const ULONG Seven = 7;
    HANDLE Key, Sub;

    EXPECT_EQ(NtCreateKey(&Top, KEY_ALL_ACCESS,
                          Named(L"\\Registry\\Machine\\Software\\NtlabKeys", NULL), 0, NULL, 0,
                          NULL),
              0);
    Key = Make(L"First", L"aClass");
    NtClose(Make(L"First\\Second", NULL));
    Sub = Make(L"First\\Abc", NULL);
    NtClose(Sub);
    Set(Key, L"One", REG_DWORD, &Seven, 4);
    Set(Key, L"Two", REG_BINARY, "abc", 3);
    Set(Key, L"Third", REG_SZ, L"long text", 20);
    OfKey(Key);
    OfValues(Key);
    Rename(Key);
    Notify(Key);
    TEST_DONE();
    return NtlabFailed != 0;
}
