/*
 * boot-client.c - the registry of a system that has booted: values that programs and drivers read there, the current control set as a link, what lives only until the
 * end, hives of users and who may write where. Arguments: user or admin, then major and minor version, build, service pack.
 * [LEARN:sysinfo/predefined-keys], [LEARN:sysinfo/registry-hives], [LEARN:sysinfo/registry-key-security-and-access-rights],
 * [DDI:install/hklm-system-currentcontrolset-services-registry-tree], [DDI:kernel/what-determines-when-a-driver-is-loaded],
 * [LEARN:sysinfo/operating-system-version].
 */
#include "../ntlab-client.h"
#include <winternl.h>
#include <aclapi.h>
#include <sddl.h>

NTSTATUS NTAPI NtOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

#define CONTROL "SYSTEM\\CurrentControlSet\\Control\\"
#define SESSION CONTROL "Session Manager"
#define NT      "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

static const struct {
    const char *Path, *Name, *Text; /* no text: a number */
    DWORD Type, Number;
} Values[] = {
    {"HARDWARE\\DESCRIPTION\\System", "Identifier", "AT/AT COMPATIBLE", REG_SZ},
    {"SYSTEM\\Select", "Current", NULL, REG_DWORD, 1},
    {"SYSTEM\\Select", "Default", NULL, REG_DWORD, 1},
    {"SYSTEM\\Select", "LastKnownGood", NULL, REG_DWORD, 1},
    {"SYSTEM\\Setup", "SystemSetupInProgress", NULL, REG_DWORD, 0},
    {CONTROL "ComputerName\\ComputerName", "ComputerName", "NTLAB", REG_SZ},
    {CONTROL "ComputerName\\ActiveComputerName", "ComputerName", "NTLAB", REG_SZ},
    {CONTROL "Nls\\CodePage", "ACP", "1252", REG_SZ},
    {CONTROL "Nls\\CodePage", "OEMCP", "437", REG_SZ},
    {CONTROL "Nls\\Language", "Default", "0409", REG_SZ},
    {CONTROL "ProductOptions", "ProductType", "WinNT", REG_SZ},
    {SESSION, "ProtectionMode", NULL, REG_DWORD, 1},
    {SESSION "\\Environment", "ComSpec", "%SystemRoot%\\system32\\cmd.exe", REG_EXPAND_SZ},
    {SESSION "\\Environment", "OS", "Windows_NT", REG_SZ},
    {SESSION "\\Environment", "PROCESSOR_ARCHITECTURE", "AMD64", REG_SZ},
    {SESSION "\\Environment", "windir", "%SystemRoot%", REG_EXPAND_SZ},
    {CONTROL "TimeZoneInformation", "Bias", NULL, REG_DWORD, 0},
    {"SYSTEM\\CurrentControlSet\\Services\\FltMgr", "Type", NULL, REG_DWORD, 2},
    {"SYSTEM\\CurrentControlSet\\Services\\FltMgr", "Start", NULL, REG_DWORD, 0},
    {"SYSTEM\\CurrentControlSet\\Services\\FltMgr", "Group", "FSFilter Infrastructure", REG_SZ},
    {"SOFTWARE\\Microsoft\\Windows\\CurrentVersion", "CommonFilesDir",
     "C:\\Program Files\\Common Files", REG_SZ},
    {NT, "PathName", "C:\\Windows", REG_SZ},
    {NT, "EditionID", "Professional", REG_SZ},
    {NT, "CurrentType", "Multiprocessor Free", REG_SZ},
};

static const char *const Keys[] = {"HARDWARE\\DEVICEMAP",
                                   "HARDWARE\\RESOURCEMAP",
                                   "SAM",
                                   "SECURITY",
                                   "SYSTEM\\MountedDevices",
                                   CONTROL "Class",
                                   CONTROL "DeviceClasses",
                                   CONTROL "GroupOrderList",
                                   CONTROL "Lsa",
                                   CONTROL "WMI",
                                   SESSION "\\Kernel",
                                   SESSION "\\Power",
                                   "SYSTEM\\CurrentControlSet\\Enum\\Root",
                                   "SYSTEM\\ControlSet001\\Services",
                                   "SOFTWARE\\Classes",
                                   NT "\\ProfileList",
                                   "SOFTWARE\\Policies\\Microsoft"};

static BOOL Admin;

static BOOL
Is(HKEY Root, const char *Path, const char *Name, DWORD Type, const char *Text)
{
    char Value[260] = "";
    DWORD Length = sizeof(Value), Found = 0;
    LONG Error = RegGetValueA(Root, Path, Name, RRF_RT_ANY | RRF_NOEXPAND, &Found, Value, &Length);

    return Error == 0 && Found == Type && strcmp(Value, Text) == 0 && Length == strlen(Text) + 1;
}

static BOOL
IsNumber(const char *Path, const char *Name, DWORD Number)
{
    DWORD Value = ~Number, Length = sizeof(Value), Found = 0;

    return RegGetValueA(HKEY_LOCAL_MACHINE, Path, Name, RRF_RT_ANY, &Found, &Value, &Length) == 0 &&
           Found == REG_DWORD && Length == 4 && Value == Number;
}

static void
Fixed(void)
{
    HKEY Key;

    for (size_t i = 0; i < sizeof(Values) / sizeof(Values[0]); i++) {
        EXPECT_LINE(Values[i].Text != NULL
                        ? Is(HKEY_LOCAL_MACHINE, Values[i].Path, Values[i].Name, Values[i].Type,
                             Values[i].Text)
                        : IsNumber(Values[i].Path, Values[i].Name, Values[i].Number),
                    Values[i].Name);
    }
    for (size_t i = 0; i < sizeof(Keys) / sizeof(Keys[0]); i++) {
        EXPECT_LINE(RegOpenKeyExA(HKEY_LOCAL_MACHINE, Keys[i], 0, KEY_READ, &Key) == 0, Keys[i]);
        RegCloseKey(Key);
    }
}

static void
Version(char **Numbers)
{
    DWORD Major = atoi(Numbers[0]), Minor = atoi(Numbers[1]), Pack = atoi(Numbers[3]);
    char Text[40];

    EXPECT(Is(HKEY_LOCAL_MACHINE, NT, "CurrentBuild", REG_SZ, Numbers[2]));
    EXPECT(Is(HKEY_LOCAL_MACHINE, NT, "CurrentBuildNumber", REG_SZ, Numbers[2]));
    sprintf(Text, Major >= 10 ? "6.3" : "%u.%u", (unsigned)Major, (unsigned)Minor);
    EXPECT(Is(HKEY_LOCAL_MACHINE, NT, "CurrentVersion", REG_SZ, Text));
    EXPECT_EQ(IsNumber(NT, "CurrentMajorVersionNumber", Major), Major >= 10);
    EXPECT_EQ(IsNumber(NT, "CurrentMinorVersionNumber", Minor), Major >= 10);
    EXPECT_EQ(Is(HKEY_LOCAL_MACHINE, NT, "DisplayVersion", REG_SZ, "22H2"), Major >= 10);
    sprintf(Text, "Service Pack %u", (unsigned)Pack);
    EXPECT_EQ(Is(HKEY_LOCAL_MACHINE, NT, "CSDVersion", REG_SZ, Text), Pack != 0);
    EXPECT(IsNumber(CONTROL "Windows", "CSDVersion", Pack << 8));
}

static void
Processors(void)
{
    SYSTEM_INFO Info;
    char Path[100], Text[10];

    GetSystemInfo(&Info);
    sprintf(Text, "%u", (unsigned)Info.dwNumberOfProcessors);
    EXPECT(Is(HKEY_LOCAL_MACHINE, SESSION "\\Environment", "NUMBER_OF_PROCESSORS", REG_SZ, Text));
    for (DWORD i = 0; i <= Info.dwNumberOfProcessors; i++) {
        sprintf(Path, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\%u", (unsigned)i);
        EXPECT_EQ(Is(HKEY_LOCAL_MACHINE, Path, "VendorIdentifier", REG_SZ, "GenuineIntel"),
                  i < Info.dwNumberOfProcessors);
        EXPECT_EQ(IsNumber(Path, "~MHz", 2000), i < Info.dwNumberOfProcessors);
    }
}

/* "CurrentControlSet is a link to the control set that Select\Current names": both names lead to one key, and the link itself can be opened. */
static void
ControlSet(void)
{
    static WCHAR Path[] = L"\\Registry\\Machine\\System\\CurrentControlSet";
    static const WCHAR Set[] = L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001";
    UNICODE_STRING Name = {sizeof(Path) - 2, sizeof(Path), Path};
    OBJECT_ATTRIBUTES Attributes;
    WCHAR Target[80];
    DWORD Length = sizeof(Target), Type = 0;
    HKEY Link = NULL;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | 0x100 /* OBJ_OPENLINK */,
                               NULL, NULL);
    EXPECT_EQ(NtOpenKey((PHANDLE)&Link, KEY_READ, &Attributes), 0);
    EXPECT_EQ(RegQueryValueExW(Link, L"SymbolicLinkValue", NULL, &Type, (BYTE *)Target, &Length),
              0);
    EXPECT_EQ(Type, REG_LINK);
    EXPECT_EQ(Length, sizeof(Set) - 2);
    EXPECT_EQ(memcmp(Target, Set, sizeof(Set) - 2), 0);
    RegCloseKey(Link);
    EXPECT(Is(HKEY_LOCAL_MACHINE, "SYSTEM\\ControlSet001\\Control\\Nls\\CodePage", "ACP", REG_SZ,
              "1252"));
}

/* [DDI:kernel/specifying-driver-load-order]: groups in the order in which their drivers are loaded. */
static void
Groups(void)
{
    static const char *const InOrder[] = {"System Reserved",
                                          "Boot Bus Extender",
                                          "System Bus Extender",
                                          "SCSI miniport",
                                          "Port",
                                          "Primary Disk",
                                          "SCSI Class",
                                          "FSFilter Infrastructure",
                                          "FSFilter System",
                                          "FSFilter Bottom",
                                          "FSFilter Encryption",
                                          "FSFilter Compression",
                                          "FSFilter Anti-Virus",
                                          "FSFilter Activity Monitor",
                                          "FSFilter Top",
                                          "Filter",
                                          "Boot File System",
                                          "Base",
                                          "Keyboard Class",
                                          "Video",
                                          "File System",
                                          "NDIS",
                                          "TDI",
                                          "Extended Base"};
    static char List[4096];
    DWORD Length = sizeof(List), Type = 0, Next = 0;
    const char *At = List;

    EXPECT_EQ(RegGetValueA(HKEY_LOCAL_MACHINE, CONTROL "ServiceGroupOrder", "List", RRF_RT_ANY,
                           &Type, List, &Length),
              0);
    EXPECT_EQ(Type, REG_MULTI_SZ);
    for (; *At != 0; At += strlen(At) + 1) {
        Next += Next < sizeof(InOrder) / sizeof(InOrder[0]) && strcmp(At, InOrder[Next]) == 0;
    }
    EXPECT_EQ(Next, sizeof(InOrder) / sizeof(InOrder[0]));
    EXPECT_EQ(Length, At - List + 1);
}

/* 0, or what creating a key there fails with; what is made is deleted. */
static LONG
Creates(HKEY Root, const char *Path, DWORD Options)
{
    char Whole[200];
    HKEY Key;
    LONG Error;

    sprintf(Whole, "%s\\cm-boot", Path);
    Error = RegCreateKeyExA(Root, Whole, 0, NULL, Options, KEY_READ, NULL, &Key, NULL);
    if (Error == 0) {
        RegCloseKey(Key);
        RegDeleteKeyA(Root, Whole);
    }
    return Error;
}

static void
Writable(void)
{
    static const char *const Machine[] = {"SOFTWARE", "SYSTEM\\CurrentControlSet\\Services",
                                          "SYSTEM\\CurrentControlSet\\Control", "SAM"};
    LONG Wanted = Admin ? 0 : ERROR_ACCESS_DENIED;

    for (size_t i = 0; i < sizeof(Machine) / sizeof(Machine[0]); i++) {
        EXPECT_EQ(Creates(HKEY_LOCAL_MACHINE, Machine[i], 0), Wanted);
    }
    EXPECT_EQ(Creates(HKEY_USERS, ".DEFAULT\\Software", 0), Wanted);
    EXPECT_EQ(Creates(HKEY_USERS, "S-1-5-19", 0), Wanted);
    EXPECT_EQ(Creates(HKEY_USERS, "S-1-5-20", 0), Wanted);
    EXPECT_EQ(Creates(HKEY_CURRENT_USER, "Software", 0), 0);
    EXPECT_EQ(Creates(HKEY_CURRENT_USER, "Control Panel\\International", 0), 0);
    /* below what lives until the end nothing may live longer */
    EXPECT_EQ(Creates(HKEY_CURRENT_USER, "Volatile Environment", REG_OPTION_VOLATILE), 0);
    EXPECT_EQ(Creates(HKEY_CURRENT_USER, "Volatile Environment", 0), ERROR_CHILD_MUST_BE_VOLATILE);
    if (Admin) {
        EXPECT_EQ(Creates(HKEY_LOCAL_MACHINE, "HARDWARE", 0), ERROR_CHILD_MUST_BE_VOLATILE);
        EXPECT_EQ(Creates(HKEY_LOCAL_MACHINE, "HARDWARE", REG_OPTION_VOLATILE), 0);
        EXPECT_EQ(Creates(HKEY_LOCAL_MACHINE, "HARDWARE\\DEVICEMAP", 0),
                  ERROR_CHILD_MUST_BE_VOLATILE); /* all of it */
    }
}

static void
Users(void)
{
    BYTE Space[200];
    DWORD Length = sizeof(Space);
    HANDLE Token;
    LPSTR Sid = NULL;
    HKEY Key;
    char Path[300];

    EXPECT(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token));
    EXPECT(GetTokenInformation(Token, TokenUser, Space, sizeof(Space), &Length));
    EXPECT(ConvertSidToStringSidA(((TOKEN_USER *)Space)->User.Sid, &Sid));
    sprintf(Path, "%s\\Environment", Sid);
    EXPECT(Is(HKEY_USERS, Path, "TEMP", REG_EXPAND_SZ, "%SystemRoot%\\TEMP"));
    EXPECT(Is(HKEY_CURRENT_USER, "Environment", "TEMP", REG_EXPAND_SZ, "%SystemRoot%\\TEMP"));
    EXPECT_EQ(RegOpenKeyExA(HKEY_USERS, ".DEFAULT\\Environment", 0, KEY_READ, &Key), 0);
    RegCloseKey(Key);
    LocalFree(Sid);
    CloseHandle(Token);
}

/* Owner, group and entries: everyone reads the machine's keys, a user has all rights to his own; administrators and the system to all. */
static void
Descriptor(HKEY Root, const char *Path, BOOL Own)
{
    static BYTE Space[1024], Buffer[200];
    DWORD Length = sizeof(Space);
    PSID Owner = NULL;
    PACL Dacl = NULL;
    BOOL Present = FALSE, Default;
    HANDLE Token;
    HKEY Key;
    static const BYTE World[12] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
                      Restricted[12] = {1, 1, 0, 0, 0, 0, 0, 5, 12, 0, 0, 0},
                      System[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0},
                      Admins[16] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0};

    EXPECT_EQ(RegOpenKeyExA(Root, Path, 0, KEY_READ, &Key), 0);
    EXPECT_EQ(RegGetKeySecurity(Key, 7, Space, &Length), 0);
    RegCloseKey(Key);
    EXPECT(GetSecurityDescriptorOwner(Space, &Owner, &Default) && EqualSid(Owner, (PSID)Admins));
    EXPECT(GetSecurityDescriptorGroup(Space, &Owner, &Default) && EqualSid(Owner, (PSID)System));
    EXPECT(GetSecurityDescriptorDacl(Space, &Present, &Dacl, &Default) && Present && Dacl != NULL);
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token);
    GetTokenInformation(Token, TokenUser, Buffer, sizeof(Buffer), &Length);
    CloseHandle(Token);
    EXPECT_EQ(Dacl->AceCount, 4);
    for (DWORD i = 0; i < Dacl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace = NULL;

        GetAce(Dacl, i, (PVOID *)&Ace);
        EXPECT_EQ(Ace->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
        EXPECT_EQ(Ace->Header.AceFlags, CONTAINER_INHERIT_ACE);
        EXPECT(EqualSid(&Ace->SidStart, i == 0 && Own ? ((TOKEN_USER *)Buffer)->User.Sid
                                        : i == 0      ? (PSID)World
                                        : i == 1      ? (PSID)System
                                        : i == 2      ? (PSID)Admins
                                                      : (PSID)Restricted));
        EXPECT_EQ(Ace->Mask, i == 3 || (i == 0 && !Own) ? KEY_READ : KEY_ALL_ACCESS);
    }
}

int
main(int argc, char **argv)
{
    EXPECT_EQ(argc, 6);
    Admin = strcmp(argv[1], "admin") == 0;
    Fixed();
    Version(argv + 2);
    Processors();
    ControlSet();
    Groups();
    Writable();
    Users();
    Descriptor(HKEY_LOCAL_MACHINE, "SOFTWARE", FALSE);
    Descriptor(HKEY_LOCAL_MACHINE, "SYSTEM\\CurrentControlSet\\Services", FALSE);
    Descriptor(HKEY_USERS, ".DEFAULT", FALSE);
    Descriptor(HKEY_CURRENT_USER, NULL, TRUE);
    Descriptor(HKEY_CURRENT_USER, "Software\\Microsoft", TRUE);
    return TEST_DONE();
}
