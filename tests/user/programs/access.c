/* access.c - who may do what: lists of access, security of files and keys by name; UUIDs, version resources, addresses as text. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <aclapi.h>
#include <rpc.h>
#include <sddl.h>
#define INITGUID
#include <shlobj.h>
#include <knownfolders.h>
#include <stdio.h>

static void
Show(const char *What, PACL Acl)
{
    SECURITY_DESCRIPTOR Descriptor;
    char *Text = NULL;

    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, Acl, FALSE);
    ConvertSecurityDescriptorToStringSecurityDescriptorA(&Descriptor, SDDL_REVISION_1,
                                                         DACL_SECURITY_INFORMATION, &Text, NULL);
    printf("%s %s\n", What, Text);
    LocalFree(Text);
}

static void
Lists(void)
{
    EXPLICIT_ACCESSA Access[3];
    PEXPLICIT_ACCESSA Back;
    ULONG Count = 0;
    PACL First = NULL, Second = NULL, Third = NULL;

    BuildExplicitAccessWithNameA(&Access[0], "Everyone", GENERIC_READ, GRANT_ACCESS,
                                 NO_INHERITANCE);
    BuildExplicitAccessWithNameA(&Access[1], "BUILTIN\\Administrators", GENERIC_ALL, SET_ACCESS,
                                 SUB_CONTAINERS_AND_OBJECTS_INHERIT);
    BuildExplicitAccessWithNameA(&Access[2], "SYSTEM", GENERIC_WRITE, DENY_ACCESS, NO_INHERITANCE);
    printf("%lu ", SetEntriesInAclA(3, Access, NULL, &First));
    Show("new", First);
    BuildExplicitAccessWithNameA(&Access[0], "Everyone", GENERIC_EXECUTE, GRANT_ACCESS,
                                 NO_INHERITANCE);
    printf("%lu ", SetEntriesInAclA(1, Access, First, &Second));
    Show("granted", Second);
    BuildExplicitAccessWithNameA(&Access[0], "Everyone", 0, REVOKE_ACCESS, NO_INHERITANCE);
    printf("%lu ", SetEntriesInAclA(1, Access, Second, &Third));
    Show("revoked", Third);
    printf("%lu ", GetExplicitEntriesFromAclA(Third, &Count, &Back));
    for (ULONG i = 0; i < Count; i++) {
        printf("%d:%lx:%lx ", Back[i].grfAccessMode, Back[i].grfAccessPermissions,
               Back[i].grfInheritance);
    }
    BuildExplicitAccessWithNameA(&Access[0], "nobody at all", 0, GRANT_ACCESS, NO_INHERITANCE);
    printf("%lu\n", SetEntriesInAclA(1, Access, NULL, &Third));
}

static void
Names(void)
{
    PSECURITY_DESCRIPTOR Descriptor, Key;
    PACL Acl = NULL, Back = NULL;
    EXPLICIT_ACCESSA Access;
    DWORD Length = 0;
    PSID Owner = NULL;
    char *Text;
    HKEY Handle;
    HANDLE File = CreateFileA("C:\\guarded", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    CloseHandle(File);
    BuildExplicitAccessWithNameA(&Access, "Everyone", GENERIC_READ, SET_ACCESS, NO_INHERITANCE);
    SetEntriesInAclA(1, &Access, NULL, &Acl);
    printf("set %lu ",
           SetNamedSecurityInfoA("C:\\guarded", SE_FILE_OBJECT,
                                 DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                 NULL, NULL, Acl, NULL));
    printf("get %lu ", GetNamedSecurityInfoA("C:\\guarded", SE_FILE_OBJECT,
                                             OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                             &Owner, NULL, &Back, NULL, &Descriptor));
    printf("%d %d\n", Owner != NULL && IsValidSid(Owner), Back != NULL ? Back->AceCount : -1);
    LocalFree(Descriptor);
    GetFileSecurityA("C:\\guarded", DACL_SECURITY_INFORMATION, NULL, 0, &Length);
    printf("file %lu %d ", GetLastError(), Length > 20);
    Descriptor = malloc(Length);
    printf("%d ",
           GetFileSecurityA("C:\\guarded", DACL_SECURITY_INFORMATION, Descriptor, Length, &Length));
    ConvertSecurityDescriptorToStringSecurityDescriptorA(Descriptor, 1, DACL_SECURITY_INFORMATION,
                                                         &Text, NULL);
    printf("%d %s\n", strncmp(Text, "D:P", 3) == 0, strchr(Text, '('));
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Guarded", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                    &Handle, NULL);
    printf("key %lu ",
           GetNamedSecurityInfoA("MACHINE\\SOFTWARE\\Guarded", SE_REGISTRY_KEY,
                                 OWNER_SECURITY_INFORMATION, &Owner, NULL, NULL, NULL, &Key));
    Length = 0;
    printf("%ld\n", RegGetKeySecurity(Handle, OWNER_SECURITY_INFORMATION, NULL, &Length));
}

static void
Absolute(void)
{
    PSECURITY_DESCRIPTOR Relative;
    char Absolute[100], Dacl[500], Owner[100], Group[100];
    DWORD Sizes[5] = {0}, Error;
    SECURITY_DESCRIPTOR_CONTROL Control;
    DWORD Revision;

    ConvertStringSecurityDescriptorToSecurityDescriptorA("O:BAG:SYD:(A;;GA;;;WD)", 1, &Relative,
                                                         NULL);
    MakeAbsoluteSD(Relative, NULL, &Sizes[0], NULL, &Sizes[1], NULL, &Sizes[2], NULL, &Sizes[3],
                   NULL, &Sizes[4]);
    Error = GetLastError();
    printf("absolute %lu %lu %lu %lu %lu %lu ", Error, Sizes[0], Sizes[1], Sizes[2], Sizes[3],
           Sizes[4]);
    printf("%d ", MakeAbsoluteSD(Relative, Absolute, &Sizes[0], (PACL)Dacl, &Sizes[1], NULL,
                                 &Sizes[2], Owner, &Sizes[3], Group, &Sizes[4]));
    GetSecurityDescriptorControl(Absolute, &Control, &Revision);
    printf("%d %d\n", (Control & SE_SELF_RELATIVE) == 0, IsValidSecurityDescriptor(Absolute));
}

static void
Uuids(void)
{
    UUID One, Two;
    RPC_CSTR Text;
    RPC_STATUS Status;

    printf("uuid %ld ", UuidFromStringA((RPC_CSTR) "00112233-4455-6677-8899-aAbBcCdDeEfF", &One));
    UuidToStringA(&One, &Text);
    printf("%s ", Text);
    printf("%ld ", RpcStringFreeA(&Text));
    printf("%d ", Text == NULL);
    UuidCreate(&Two);
    printf("%x %x ", Two.Data3 >> 12, Two.Data4[0] >> 6);
    printf("%d %d ", UuidCompare(&One, &One, &Status), UuidEqual(&One, &Two, &Status));
    printf("%ld\n", UuidFromStringA((RPC_CSTR) "0011223-4455-6677-8899-aabbccddeeff", &One));
}

static void
Sockets(void)
{
    static const char *const Addresses[] = {"1.2.3.4", "127.1",     "0x7f.0.0.1", "256.1.1.1",
                                            "1.2.3",   "010.0.0.1", "x"};
    WSADATA Data;
    struct in_addr Address;
    char Text[20];

    printf("sockets %d ", WSAStartup(MAKEWORD(2, 2), &Data));
    printf("%x %x %lx\n", Data.wVersion, htons(0x1234), htonl(0x12345678));
    for (int i = 0; i < 7; i++) {
        printf("%08lx ", ntohl(inet_addr(Addresses[i])));
    }
    Address.s_addr = htonl(0x7F000001);
    printf("%s ", inet_ntoa(Address));
    printf("%d ", inet_pton(AF_INET, "10.20.30.40", &Address));
    printf("%s ", inet_ntop(AF_INET, &Address, Text, sizeof(Text)));
    printf("%d ", inet_pton(AF_INET, "10.20.30", &Address));
    printf("%d\n", WSACleanup());
}

static void
Versions(const char *Self)
{
    DWORD Zero;
    DWORD Size = GetFileVersionInfoSizeA(Self, &Zero);
    VS_FIXEDFILEINFO *Fixed;
    WORD *Language;
    char *Data = malloc(Size), *Text;
    UINT Length;

    printf("version %d %d ", Size > 100, GetFileVersionInfoA(Self, 0, Size, Data));
    printf("%d ", VerQueryValueA(Data, "\\", (void **)&Fixed, &Length));
    printf("%lx %lx %lx ", Fixed->dwSignature, Fixed->dwFileVersionMS, Fixed->dwFileVersionLS);
    printf("%d ", VerQueryValueA(Data, "\\VarFileInfo\\Translation", (void **)&Language, &Length));
    printf("%x %x ", Language[0], Language[1]);
    printf("%d ", VerQueryValueA(Data, "\\StringFileInfo\\040904B0\\ProductName", (void **)&Text,
                                 &Length));
    printf("%s %u ", Text, Length);
    printf("%d ",
           VerQueryValueA(Data, "\\StringFileInfo\\040904B0\\Nothing", (void **)&Text, &Length));
    printf("%lu\n", GetFileVersionInfoSizeA("C:\\guarded", &Zero));
}

static void
Folders(void)
{
    char Path[MAX_PATH], Variable[MAX_PATH] = "";
    PWSTR Known = NULL;

    printf("folders %lx ", SHGetFolderPathA(NULL, CSIDL_APPDATA, NULL, 0, Path));
    GetEnvironmentVariableA("APPDATA", Variable, sizeof(Variable));
    printf("%d ", strcmp(Path, Variable) == 0);
    printf("%d ", SHGetSpecialFolderPathA(NULL, Path, CSIDL_PERSONAL, TRUE));
    printf("%d ", GetFileAttributesA(Path) != INVALID_FILE_ATTRIBUTES);
    printf("%lx ", SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &Known));
    printf("%ls ", Known);
    CoTaskMemFree(Known);
    printf("%d\n", IsUserAnAdmin());
}

static void
Registry(void)
{
    HKEY From, To;
    char Text[40];
    LONG Length = sizeof(Text);
    DWORD Room = sizeof(Text);
    SC_HANDLE Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE Service =
        CreateServiceA(Manager, "short", "A long name", SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                       SERVICE_DEMAND_START, 0, "C:\\nothing.sys", NULL, NULL, NULL, NULL, NULL);

    printf("service %d ", GetServiceDisplayNameA(Manager, "short", Text, &Room));
    printf("%s %lu ", Text, Room);
    Room = 3;
    printf("%d ", GetServiceKeyNameA(Manager, "a LONG name", Text, &Room));
    printf("%lu %lu ", GetLastError(), Room);
    Room = sizeof(Text);
    printf("%d ", GetServiceKeyNameA(Manager, "a LONG name", Text, &Room));
    printf("%s ", Text);
    printf("%d ", GetServiceKeyNameA(Manager, "none", Text, &Room));
    printf("%lu\n", GetLastError());
    DeleteService(Service);
    CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
    printf("registry %ld ",
           RegSetValueA(HKEY_CURRENT_USER, "Tree\\Inner\\Leaf", REG_SZ, "leaf", 0));
    RegOpenKeyExA(HKEY_CURRENT_USER, "Tree", 0, KEY_ALL_ACCESS, &From);
    RegCreateKeyExA(HKEY_CURRENT_USER, "Copy", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &To, NULL);
    printf("%ld ", RegQueryValueA(From, NULL, Text, &Length));
    printf("%ld ", Length);
    printf("%ld ", RegCopyTreeA(From, NULL, To));
    Length = sizeof(Text);
    printf("%ld ", RegQueryValueA(To, "Inner\\Leaf", Text, &Length));
    printf("%s %ld ", Text, Length);
    printf("%ld ", RegConnectRegistryA("\\\\elsewhere", HKEY_LOCAL_MACHINE, &To));
    printf("%ld\n", RegConnectRegistryA(NULL, HKEY_LOCAL_MACHINE, &To));
}

static BOOL CALLBACK
Name(HMODULE Module, LPCSTR Type, LPSTR Resource, LONG_PTR Sum)
{
    *(int *)Sum += IS_INTRESOURCE(Resource) ? (int)(ULONG_PTR)Resource : 1000;
    return TRUE;
}

int
main(int argc, char **argv)
{
    int Sum = 0;
    char Text[40] = "";

    Lists();
    Names();
    Absolute();
    Uuids();
    Sockets();
    Versions(argv[0]);
    printf("resources %d ", EnumResourceNamesA(NULL, RT_VERSION, Name, (LONG_PTR)&Sum));
    printf("%d ", Sum);
    printf("%d ", EnumResourceNamesA(NULL, RT_BITMAP, Name, 0));
    printf("%lu ", GetLastError());
    printf("%d %s ", LoadStringA(NULL, 101, Text, sizeof(Text)), Text);
    printf("%d\n", LoadStringA(NULL, 102, Text, sizeof(Text)));
    Folders();
    Registry();
    return 0;
}
