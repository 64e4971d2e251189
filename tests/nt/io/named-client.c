/*
 * named-client.c - from a service's key to a driver object: where the image is, if the key says it, in each of the ways to say it, or does not; what the object is called; what the
 * driver is told; and what there is when it has been unloaded. Keys that lead nowhere. [DDI:wdm/zwloaddriver], [DDI:wdm/zwunloaddriver],
 * [DDI:wdm/nc-wdm-driver_initialize], [K: "Specifying Driver Load Order"; HKLM\SYSTEM\CurrentControlSet\Services registry tree: ImagePath, ObjectName, Type].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);

#define SERVICES  "SYSTEM\\CurrentControlSet\\Services\\"
#define NOT_FOUND 0xC0000034
#define EXISTS    0xC000010E /* STATUS_IMAGE_ALREADY_LOADED */

/* Whether a directory of objects has one of that name. */
static BOOL
IsThere(PCWSTR Folder, PCWSTR Object)
{
    UNICODE_STRING Name = {(USHORT)(lstrlenW(Folder) * 2), (USHORT)(lstrlenW(Folder) * 2),
                           (PWSTR)Folder};
    static ULONG64 Space[0x800];
    UNICODE_STRING *Entry = (UNICODE_STRING *)Space;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Context = 0;
    BOOL Found = FALSE;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenDirectoryObject(&Handle, 1, &Attributes) != 0) {
        return FALSE;
    }
    while (NtQueryDirectoryObject(Handle, Space, sizeof(Space), TRUE, FALSE, &Context, NULL) == 0) {
        Found |=
            lstrcmpW(Entry[0].Buffer, Object) == 0 && lstrcmpW(Entry[1].Buffer, L"Driver") == 0;
    }
    NtClose(Handle);
    return Found;
}

static ULONG
Service(PCWSTR Name, BOOL Load)
{
    WCHAR Path[200] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    UNICODE_STRING String;

    lstrcatW(Path, Name);
    String.Buffer = Path;
    String.Length = String.MaximumLength = (USHORT)(lstrlenW(Path) * 2);
    return (ULONG)(Load ? NtLoadDriver(&String) : NtUnloadDriver(&String));
}

static const struct {
    const char *Name, *Copy; /* the service, and where its image lies */
    const char *Image;       /* NULL: the key does not say */
    DWORD Type;
    const char *Object; /* what the key says, or NULL */
    PCWSTR Folder, Called;
} Row[] = {
    {"NamedOne", "C:\\Windows\\System32\\drivers\\NamedOne.sys", NULL, 1, NULL, L"\\Driver",
     L"NamedOne"},
    {"NamedTwo", "C:\\Windows\\named2.sys", "\\SystemRoot\\named2.sys", 1, NULL, L"\\Driver",
     L"NamedTwo"},
    {"NamedThree", "C:\\Windows\\System32\\named3.sys", "System32\\named3.sys", 2, NULL,
     L"\\FileSystem", L"NamedThree"},
    {"NamedFour", "C:\\named4.sys", "\\??\\C:\\named4.sys", 8, NULL, L"\\FileSystem", L"NamedFour"},
    {"NamedFive", "C:\\named5.sys", "\\??\\C:\\named5.sys", 1, "\\Driver\\Elsewhere", L"\\Driver",
     L"Elsewhere"},
    {"NamedSix", "C:\\named6.sys", "\\??\\C:\\named6.sys", 2, "\\Driver\\Sixth", L"\\Driver",
     L"Sixth"},
    {"NamedSeven", "C:\\named7.sys", "\\??\\C:\\named7.sys", 1, "no path", L"\\Driver",
     L"NamedSeven"},
    {"NamedEight", "C:\\Windows\\System32\\drivers\\NamedEight.sys", "", 2, NULL, L"\\FileSystem",
     L"NamedEight"},
};

static HKEY
MakeKey(ULONG i)
{
    char Path[200] = SERVICES;
    DWORD Zero = 0;
    HKEY Key = NULL;

    lstrcatA(Path, Row[i].Name);
    EXPECT_EQ(
        RegCreateKeyExA(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL), 0);
    RegSetValueExA(Key, "Type", 0, REG_DWORD, (const BYTE *)&Row[i].Type, sizeof(DWORD));
    RegSetValueExA(Key, "Start", 0, REG_DWORD, (const BYTE *)&(DWORD){3}, sizeof(DWORD));
    RegSetValueExA(Key, "Mark", 0, REG_DWORD, (const BYTE *)&Zero, sizeof(DWORD));
    if (Row[i].Image != NULL) {
        RegSetValueExA(Key, "ImagePath", 0, REG_EXPAND_SZ, (const BYTE *)Row[i].Image,
                       lstrlenA(Row[i].Image) + 1);
    }
    if (Row[i].Object != NULL) {
        RegSetValueExA(Key, "ObjectName", 0, REG_SZ, (const BYTE *)Row[i].Object,
                       lstrlenA(Row[i].Object) + 1);
    }
    return Key;
}

static void
Names(void)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        WCHAR Wide[64];
        char Path[200] = SERVICES;
        DWORD Mark = 0, Length = sizeof(Mark);
        HKEY Key = MakeKey(i);

        MultiByteToWideChar(CP_ACP, 0, Row[i].Name, -1, Wide, 64);
        EXPECT_EQ(Service(Wide, FALSE), NOT_FOUND); /* it is not loaded */
        EXPECT(Service(Wide, TRUE) >= 0xC0000000);  /* it has no image yet */
        EXPECT(!IsThere(Row[i].Folder, Row[i].Called));
        EXPECT(
            CopyFileA("C:\\Windows\\System32\\drivers\\io-named-imaged.sys", Row[i].Copy, FALSE));
        for (ULONG Round = 0; Round < 2; Round++) {
            EXPECT_EQ(Service(Wide, TRUE), 0);
            EXPECT(IsThere(Row[i].Folder, Row[i].Called));
            EXPECT_EQ(RegQueryValueExA(Key, "Mark", NULL, NULL, (BYTE *)&Mark, &Length), 0);
            EXPECT_EQ(Mark, 41); /* it was told its own key */
            EXPECT_EQ(Service(Wide, TRUE), EXISTS);
            EXPECT(!DeleteFileA(Row[i].Copy)); /* in use */
            EXPECT_EQ(Service(Wide, FALSE), 0);
            EXPECT(!IsThere(Row[i].Folder, Row[i].Called));
        }
        EXPECT(DeleteFileA(Row[i].Copy));
        RegCloseKey(Key);
        lstrcatA(Path, Row[i].Name);
        EXPECT_EQ(RegDeleteKeyA(HKEY_LOCAL_MACHINE, Path), 0);
        EXPECT_EQ(Service(Wide, TRUE), NOT_FOUND);
    }
}

static void
Wrong(void)
{
    static WCHAR Text[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\None";
    UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text) - 2, Text}, Empty = {0, 0, Text};
    UNICODE_STRING Odd = {3, 4, Text}, Far = {8, 8, (PWSTR)0x400080000000ull};
    BOOLEAN Was;

    EXPECT_EQ((ULONG)NtLoadDriver(&Name), NOT_FOUND);
    EXPECT_EQ((ULONG)NtUnloadDriver(&Name), NOT_FOUND);
    EXPECT_EQ((ULONG)NtLoadDriver(&Empty), 0xC000000D);
    EXPECT_EQ((ULONG)NtUnloadDriver(&Empty), 0xC000000D);
    EXPECT_EQ((ULONG)NtLoadDriver(&Odd), 0xC000000D);
    EXPECT_EQ((ULONG)NtLoadDriver(&Far), 0xC0000005);
    EXPECT_EQ((ULONG)NtUnloadDriver((PUNICODE_STRING)0x400080000000ull), 0xC0000005);
    EXPECT_EQ(RtlAdjustPrivilege(10, FALSE, FALSE, &Was), 0);
    EXPECT_EQ((ULONG)NtLoadDriver(&Name), 0xC0000061); /* SeLoadDriverPrivilege */
    EXPECT_EQ((ULONG)NtUnloadDriver(&Name), 0xC0000061);
}

int
main(void)
{
    BOOLEAN Was;

    EXPECT_EQ(RtlAdjustPrivilege(10, TRUE, FALSE, &Was), 0);
    Names();
    Wrong();
    return TEST_DONE();
}
