/*
 * boot-client.c - the names that a system has when its first program runs: directories, links with their targets, devices, drivers and types, and
 * who may do what with each directory. Arguments: user or admin.
 * [DDI:kernel/object-directories], [DDI:kernel/introduction-to-ms-dos-device-names], [DDI:kernel/local-and-global-ms-dos-device-names],
 * [LEARN:termserv/kernel-object-namespaces], [LEARN:devnotes/ntquerysymboliclinkobject], [DDI:wdm/zwopendirectoryobject].
 */
#include "../ntlab-client.h"
#include <winternl.h>
#include <aclapi.h>

NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, ULONG,
                                     PULONG);

#define DENIED   0xC0000022
#define NO_NAME  0xC0000034
#define BAD_TYPE 0xC0000024
#define MORE     0x105

static BOOL Admin;

static POBJECT_ATTRIBUTES
At(PCWSTR Text, HANDLE Root)
{
    static UNICODE_STRING Name;
    static OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Root, NULL);
    return &Attributes;
}

static void
Links(void)
{
    static const PCWSTR Known[][2] = {
        {L"\\DosDevices", L"\\??"},
        {L"\\GLOBAL??\\GLOBALROOT", L""},
        {L"\\GLOBAL??\\Global", L"\\GLOBAL??"},
        {L"\\GLOBAL??\\NUL", L"\\Device\\Null"},
        {L"\\GLOBAL??\\PIPE", L"\\Device\\NamedPipe"},
        {L"\\GLOBAL??\\MAILSLOT", L"\\Device\\Mailslot"},
        {L"\\GLOBAL??\\C:", L"\\Device\\HarddiskVolume1"},
        {L"\\GLOBAL??\\CON", L"\\Device\\ConDrv\\Console"},
        {L"\\GLOBAL??\\CONIN$", L"\\Device\\ConDrv\\CurrentIn"},
        {L"\\GLOBAL??\\CONOUT$", L"\\Device\\ConDrv\\CurrentOut"},
        {L"\\SystemRoot", L"\\Device\\HarddiskVolume1\\Windows"},
        {L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects"},
        {L"\\BaseNamedObjects\\Local", L"\\BaseNamedObjects"},
        {L"\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS"},
        {L"\\Sessions\\BNOLINKS\\0", L"\\BaseNamedObjects"},
        {L"\\Sessions\\BNOLINKS\\1", L"\\Sessions\\1\\BaseNamedObjects"},
        {L"\\Sessions\\0\\BaseNamedObjects", L"\\BaseNamedObjects"},
        {L"\\Sessions\\1\\DosDevices", L"\\GLOBAL??"},
        {L"\\Sessions\\1\\BaseNamedObjects\\Global", L"\\BaseNamedObjects"},
        {L"\\Sessions\\1\\BaseNamedObjects\\Local", L"\\Sessions\\1\\BaseNamedObjects"},
        {L"\\Sessions\\1\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS"},
    };

    for (size_t i = 0; i < sizeof(Known) / sizeof(Known[0]); i++) {
        WCHAR Text[64];
        UNICODE_STRING Target = {0, sizeof(Text), Text};
        ULONG Length = 0, Wanted = (ULONG)lstrlenW(Known[i][1]) * 2;
        HANDLE Link = NULL;

        EXPECT_EQ(NtOpenSymbolicLinkObject(&Link, 1, At(Known[i][0], NULL)), 0);
        EXPECT_EQ(NtQuerySymbolicLinkObject(Link, &Target, &Length), 0);
        EXPECT_EQ(Target.Length, Wanted);
        EXPECT_EQ(memcmp(Text, Known[i][1], Wanted), 0);
        EXPECT_EQ(Length, Wanted + 2);
        NtClose(Link);
        EXPECT_EQ((ULONG)NtOpenSymbolicLinkObject(&Link, DELETE, At(Known[i][0], NULL)),
                  Admin ? 0 : DENIED); /* [blog:doronh/symbolic-links-need-protection] */
        if (Admin) {
            NtClose(Link);
        }
    }
}

/* Everyone may look and traverse; administrators and the system own and may do all; users make names where programs keep theirs. */
static void
Protection(HANDLE Directory, BOOL UsersCreate)
{
    static BYTE Space[512];
    static const BYTE World[12] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
                      System[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0},
                      Admins[16] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0};
    ULONG Length = 0;
    PSID Owner = NULL, Group = NULL;
    PACL Dacl = NULL;
    BOOL Present = FALSE, Default = TRUE;

    EXPECT_EQ(NtQuerySecurityObject(Directory, 7, Space, sizeof(Space), &Length), 0);
    EXPECT(GetSecurityDescriptorOwner(Space, &Owner, &Default) && Owner != NULL && !Default);
    EXPECT(Owner != NULL && EqualSid(Owner, (PSID)Admins));
    EXPECT(GetSecurityDescriptorGroup(Space, &Group, &Default) && Group != NULL && !Default);
    EXPECT(Group != NULL && EqualSid(Group, (PSID)System));
    EXPECT(GetSecurityDescriptorDacl(Space, &Present, &Dacl, &Default) && Present && !Default);
    if (!Present || Dacl == NULL) {
        return;
    }
    EXPECT_EQ(Dacl->AceCount, 3);
    for (DWORD i = 0; i < Dacl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace = NULL;

        EXPECT(GetAce(Dacl, i, (PVOID *)&Ace));
        EXPECT_EQ(Ace->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
        EXPECT_EQ(Ace->Header.AceFlags, 0);
        EXPECT(EqualSid(&Ace->SidStart, (PSID)(i == 0 ? World : i == 1 ? Admins : System)));
        EXPECT_EQ(Ace->Mask, i != 0 ? 0xF000F : UsersCreate ? 0x2000F : 0x20003);
    }
}

static void
Directories(void)
{
    static const struct {
        PCWSTR Path;
        BOOL UsersCreate;
    } Known[] = {
        {L"\\", FALSE},
        {L"\\ObjectTypes", FALSE},
        {L"\\GLOBAL??", FALSE},
        {L"\\Device", FALSE},
        {L"\\Driver", FALSE},
        {L"\\FileSystem", FALSE},
        {L"\\KernelObjects", FALSE},
        {L"\\Security", FALSE},
        {L"\\BaseNamedObjects", TRUE},
        {L"\\BaseNamedObjects\\Restricted", TRUE},
        {L"\\Sessions", FALSE},
        {L"\\Sessions\\BNOLINKS", FALSE},
        {L"\\Sessions\\0", FALSE},
        {L"\\Sessions\\0\\DosDevices", FALSE},
        {L"\\Sessions\\1", FALSE},
        {L"\\Sessions\\1\\BaseNamedObjects", TRUE},
        {L"\\RPC Control", TRUE},
        {L"\\Windows", FALSE},
        {L"\\KnownDlls", FALSE},
    };

    for (size_t i = 0; i < sizeof(Known) / sizeof(Known[0]); i++) {
        HANDLE Directory = NULL, Made = NULL;
        ULONG Status;

        EXPECT_EQ(NtOpenDirectoryObject(&Directory, READ_CONTROL | 3, At(Known[i].Path, NULL)), 0);
        Protection(Directory, Known[i].UsersCreate);
        NtClose(Directory);
        Status = (ULONG)NtOpenDirectoryObject(&Directory, 0x8, At(Known[i].Path, NULL));
        EXPECT_EQ(Status, Admin || Known[i].UsersCreate ? 0 : DENIED);
        if (Status == 0) {
            NtClose(Directory);
        }
        EXPECT_EQ(NtOpenDirectoryObject(&Directory, Admin ? 0xF : 3, At(Known[i].Path, NULL)), 0);
        Status = (ULONG)NtCreateDirectoryObject(&Made, 0xF000F, At(L"ob-boot", Directory));
        EXPECT_EQ(Status, Admin ? 0 : Known[i].UsersCreate ? 0 : DENIED);
        if (Status == 0) {
            NtClose(Made);
        }
        EXPECT_EQ((ULONG)NtOpenDirectoryObject(&Made, 1, At(L"ob-boot", Directory)), NO_NAME);
        NtClose(Directory);
    }
}

/* What a directory lists: each name once, with its type; what is wanted is among it. */
static void
Lists(PCWSTR Path, const PCWSTR *Wanted, size_t Count, PCWSTR Type)
{
    static BYTE Space[16384];
    struct {
        UNICODE_STRING Name, Type;
    } *Entry = (PVOID)Space;
    HANDLE Directory = NULL;
    ULONG Context = 0, Length = 0, Found = 0, Total = 0;

    memset(Space, 0, sizeof(Space));
    EXPECT_EQ(NtOpenDirectoryObject(&Directory, 3, At(Path, NULL)), 0);
    EXPECT_EQ(
        NtQueryDirectoryObject(Directory, Space, sizeof(Space), FALSE, TRUE, &Context, &Length), 0);
    for (; Entry[Total].Name.Buffer != NULL; Total++) {
        for (size_t i = 0; i < Count; i++) {
            Found += lstrcmpiW(Entry[Total].Name.Buffer, Wanted[i]) == 0;
        }
        EXPECT(Type == NULL || lstrcmpW(Entry[Total].Type.Buffer, Type) == 0);
        for (ULONG j = 0; j < Total; j++) {
            EXPECT(lstrcmpiW(Entry[j].Name.Buffer, Entry[Total].Name.Buffer) != 0);
        }
    }
    EXPECT_EQ(Context, Total);
    EXPECT_EQ(Found, Count);
    NtClose(Directory);
}

static void
Contents(void)
{
    static const PCWSTR Types[] = {L"Type",        L"Directory", L"SymbolicLink", L"Section",
                                   L"DebugObject", L"Job",       L"Process",      L"Thread",
                                   L"Token",       L"Key",       L"Callback",     L"KeyedEvent",
                                   L"Semaphore",   L"Timer",     L"Event",        L"Mutant",
                                   L"Device",      L"Driver",    L"File",         L"IoCompletion"};
    static const PCWSTR Drivers[] = {L"PnpManager", L"Null", L"ConDrv", L"RamDisk"};
    static const PCWSTR FileSystems[] = {L"HostFs", L"RAW", L"Fs_Rec", L"Npfs", L"Msfs"};
    static const PCWSTR Dlls[] = {L"ntdll.dll",  L"kernel32.dll", L"advapi32.dll",
                                  L"msvcrt.dll", L"user32.dll",   L"psapi.dll"};
    static const PCWSTR Devices[] = {L"Null",    L"NamedPipe",       L"Mailslot",
                                     L"ConDrv",  L"RawDisk",         L"RawCdRom",
                                     L"RawTape", L"HarddiskVolume1", L"PhysicalMemory"};

    Lists(L"\\ObjectTypes", Types, sizeof(Types) / sizeof(Types[0]), L"Type");
    Lists(L"\\Driver", Drivers, sizeof(Drivers) / sizeof(Drivers[0]), L"Driver");
    Lists(L"\\FileSystem", FileSystems, sizeof(FileSystems) / sizeof(FileSystems[0]), NULL);
    Lists(L"\\KnownDlls", Dlls, sizeof(Dlls) / sizeof(Dlls[0]), NULL);
    Lists(L"\\Device", Devices, sizeof(Devices) / sizeof(Devices[0]), NULL);
}

/* What names of sessions lead to: the same event by each of its names, and no other. */
static void
SessionNames(void)
{
    static const PCWSTR Mine[] = {L"Local\\ob-boot-event", L"ob-boot-event",
                                  L"Session\\1\\ob-boot-event"},
                        Others[] = {L"Global\\ob-boot-event", L"Session\\0\\ob-boot-event"};
    HANDLE Event = CreateEventW(NULL, TRUE, FALSE, L"ob-boot-event"), Same;

    EXPECT(Event != NULL && GetLastError() == 0);
    for (size_t i = 0; i < sizeof(Mine) / sizeof(Mine[0]); i++) {
        ResetEvent(Event);
        Same = OpenEventW(EVENT_MODIFY_STATE, FALSE, Mine[i]);
        EXPECT(Same != NULL && SetEvent(Same));
        EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
        CloseHandle(Same);
    }
    for (size_t i = 0; i < sizeof(Others) / sizeof(Others[0]); i++) {
        EXPECT(OpenEventW(EVENT_MODIFY_STATE, FALSE, Others[i]) == NULL);
        EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    }
    CloseHandle(Event);
}

int
main(int argc, char **argv)
{
    Admin = argc == 2 && strcmp(argv[1], "admin") == 0;
    Links();
    Directories();
    Contents();
    SessionNames();
    return TEST_DONE();
}
