/*
 * security.c - registry, tokens, SIDs and descriptors, services as far as there is no driver.
 */
#include "../../nt/ntlab-client.h"
#include <sddl.h>
#include <aclapi.h>

static void
Registry(void)
{
    HKEY Key, Child;
    DWORD Disposition = 0, Type = 0, Size, Value = 7, Index;
    char Text[64];

    EXPECT_EQ(RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\ntlab-test\\a", 0, NULL, 0,
                              KEY_ALL_ACCESS, NULL, &Key, &Disposition),
              0);
    EXPECT_EQ(Disposition, REG_CREATED_NEW_KEY);
    EXPECT_EQ(RegSetValueExA(Key, "number", 0, REG_DWORD, (BYTE *)&Value, sizeof(Value)), 0);
    EXPECT_EQ(RegSetValueExA(Key, "text", 0, REG_SZ, (BYTE *)"hello", 6), 0);
    Size = sizeof(Text);
    EXPECT_EQ(RegQueryValueExA(Key, "text", NULL, &Type, (BYTE *)Text, &Size), 0);
    EXPECT(Type == REG_SZ && Size == 6 && strcmp(Text, "hello") == 0);
    Size = 2;
    EXPECT_EQ(RegQueryValueExA(Key, "text", NULL, &Type, (BYTE *)Text, &Size), ERROR_MORE_DATA);
    EXPECT_EQ(Size, 6);
    EXPECT_EQ(RegQueryValueExA(Key, "none", NULL, &Type, NULL, NULL), ERROR_FILE_NOT_FOUND);
    Value = 0;
    Size = sizeof(Value);
    EXPECT_EQ(RegQueryValueExA(Key, "number", NULL, &Type, (BYTE *)&Value, &Size), 0);
    EXPECT_EQ(Value, 7);
    EXPECT_EQ(RegCreateKeyA(Key, "child", &Child), 0);
    RegCloseKey(Child);
    Size = sizeof(Text);
    EXPECT_EQ(RegEnumKeyExA(Key, 0, Text, &Size, NULL, NULL, NULL, NULL), 0);
    EXPECT(strcmp(Text, "child") == 0);
    Size = sizeof(Text);
    EXPECT_EQ(RegEnumKeyExA(Key, 1, Text, &Size, NULL, NULL, NULL, NULL), ERROR_NO_MORE_ITEMS);
    EXPECT_EQ(RegDeleteValueA(Key, "text"), 0);
    EXPECT_EQ(RegDeleteValueA(Key, "text"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(RegDeleteKeyA(HKEY_LOCAL_MACHINE, "Software\\ntlab-test"),
              ERROR_ACCESS_DENIED); /* it has subkeys */
    EXPECT_EQ(RegCloseKey(Key), 0);
    EXPECT_EQ(RegDeleteTreeA(HKEY_LOCAL_MACHINE, "Software\\ntlab-test"), 0);
    EXPECT_EQ(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "Software\\ntlab-test", 0, KEY_READ, &Key),
              ERROR_FILE_NOT_FOUND);
}

static void
Tokens(void)
{
    HANDLE Token, Copy;
    TOKEN_PRIVILEGES Privileges = {1};
    DWORD Length = 0;
    BOOL Member = FALSE;
    UCHAR Sid[SECURITY_MAX_SID_SIZE];
    DWORD Size = sizeof(Sid);
    TOKEN_TYPE Type;

    EXPECT(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token));
    EXPECT(GetTokenInformation(Token, TokenType, &Type, sizeof(Type), &Length));
    EXPECT_EQ(Type, TokenPrimary);
    EXPECT(LookupPrivilegeValueA(NULL, SE_LOAD_DRIVER_NAME, &Privileges.Privileges[0].Luid));
    EXPECT_EQ(Privileges.Privileges[0].Luid.LowPart, 10);
    EXPECT(!LookupPrivilegeValueA(NULL, "SeNoSuchPrivilege", &Privileges.Privileges[0].Luid));
    EXPECT_EQ(GetLastError(), ERROR_NO_SUCH_PRIVILEGE);
    EXPECT(LookupPrivilegeValueA(NULL, SE_DEBUG_NAME, &Privileges.Privileges[0].Luid));
    Privileges.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    EXPECT(AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL));
    EXPECT_EQ(GetLastError(), ERROR_SUCCESS);
    EXPECT(LookupPrivilegeValueA(NULL, SE_CREATE_TOKEN_NAME, &Privileges.Privileges[0].Luid));
    EXPECT(AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOT_ALL_ASSIGNED); /* success, but not what was asked */
    EXPECT(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, Sid, &Size));
    EXPECT(CheckTokenMembership(NULL, Sid, &Member));
    EXPECT(Member); /* clients run as an administrator unless told otherwise */
    EXPECT(DuplicateTokenEx(Token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation,
                            TokenImpersonation, &Copy));
    EXPECT(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Copy) &&
           GetLastError() == ERROR_NO_TOKEN);
    EXPECT(ImpersonateLoggedOnUser(Token));
    EXPECT(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Copy));
    CloseHandle(Copy);
    EXPECT(RevertToSelf());
    EXPECT(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Copy));
    CloseHandle(Token);
}

static void
Descriptors(void)
{
    PSECURITY_DESCRIPTOR Descriptor = NULL;
    BOOL Present, Defaulted;
    PACL Dacl = NULL;
    PSID Sid = NULL, Owner = NULL;
    ACCESS_ALLOWED_ACE *Ace = NULL;
    char *Text = NULL;
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE Event, Again;

    EXPECT(ConvertStringSidToSidA("S-1-5-32-544", &Sid));
    EXPECT(ConvertSidToStringSidA(Sid, &Text));
    EXPECT(strcmp(Text, "S-1-5-32-544") == 0);
    LocalFree(Text);
    EXPECT(ConvertStringSecurityDescriptorToSecurityDescriptorA(
        "O:BAD:P(A;;GA;;;SY)(A;OICI;0x100001;;;WD)", SDDL_REVISION_1, &Descriptor, NULL));
    EXPECT(IsValidSecurityDescriptor(Descriptor));
    EXPECT(GetSecurityDescriptorDacl(Descriptor, &Present, &Dacl, &Defaulted) && Present &&
           Dacl != NULL);
    EXPECT_EQ(Dacl->AceCount, 2);
    EXPECT(GetAce(Dacl, 1, (LPVOID *)&Ace));
    EXPECT_EQ(Ace->Mask, 0x100001);
    EXPECT_EQ(Ace->Header.AceFlags, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
    EXPECT(GetSecurityDescriptorOwner(Descriptor, &Owner, &Defaulted) && EqualSid(Owner, Sid));
    LocalFree(Descriptor);
    EXPECT(!ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(X;;;;;WD)", SDDL_REVISION_1,
                                                                 &Descriptor, NULL));
    /* Each text comes back as it was: names for whole masks and bits, numbers for what has no name
       [winsec: SDDL "ACE Strings"]; NULL DACL, label, protected and inherited [SDDL "Format"]. */
    static const char *const Texts[] = {
        "O:BAG:SYD:P(A;;GA;;;SY)(D;OICI;0x100001;;;WD)",
        "D:(A;;FA;;;BA)(A;OICIIO;SDGXGWGR;;;AU)(A;ID;FR;;;S-1-5-21-1-2-3-1001)",
        "D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)",
        "D:NO_ACCESS_CONTROL",
        "D:PAI(A;;KR;;;BU)S:(AU;SAFA;GA;;;WD)",
        "O:SYS:(ML;;NWNR;;;HI)",
        "D:",
    };
    for (int Index = 0; Index < 7; Index++) {
        EXPECT(ConvertStringSecurityDescriptorToSecurityDescriptorA(Texts[Index], SDDL_REVISION_1,
                                                                    &Descriptor, NULL));
        ULONG Length = 0;
        EXPECT(ConvertSecurityDescriptorToStringSecurityDescriptorA(Descriptor, SDDL_REVISION_1,
                                                                    0x1F, &Text, &Length));
        EXPECT(strcmp(Text, Texts[Index]) == 0);
        EXPECT_EQ(Length, strlen(Text) + 1);
        LocalFree(Text);
        EXPECT(!ConvertSecurityDescriptorToStringSecurityDescriptorA(Descriptor, 2, 0x1F, &Text,
                                                                     NULL));
        EXPECT_EQ(GetLastError(), ERROR_UNKNOWN_REVISION);
        LocalFree(Descriptor);
    }
    /* Nobody may open it: not even its maker, by another handle. */
    EXPECT(ConvertStringSecurityDescriptorToSecurityDescriptorA(
        "D:(A;;0x100000;;;WD)", SDDL_REVISION_1, &Descriptor, NULL));
    Attributes.lpSecurityDescriptor = Descriptor;
    Event = CreateEventA(&Attributes, TRUE, FALSE, "ntlab-guarded");
    EXPECT(Event != NULL);
    Again = OpenEventA(SYNCHRONIZE, FALSE, "ntlab-guarded");
    EXPECT(Again != NULL);
    EXPECT(OpenEventA(EVENT_MODIFY_STATE, FALSE, "ntlab-guarded") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    LocalFree(Sid);
    EXPECT_EQ(GetSecurityInfo(Event, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &Dacl,
                              NULL, &Descriptor),
              0);
    EXPECT(Dacl != NULL && Dacl->AceCount == 1);
}

static void
Services(void)
{
    SC_HANDLE Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS), Service;
    SERVICE_STATUS Status;

    EXPECT(Manager != NULL);
    EXPECT(OpenServiceA(Manager, "ntlab-no-service", SERVICE_QUERY_STATUS) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_SERVICE_DOES_NOT_EXIST);
    Service = CreateServiceA(Manager, "ntlab-driver", NULL, SERVICE_ALL_ACCESS,
                             SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL,
                             "C:\\no-such-driver.sys", NULL, NULL, NULL, NULL, NULL);
    EXPECT(Service != NULL);
    EXPECT(CreateServiceA(Manager, "ntlab-driver", NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                          SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, "C:\\no-such-driver.sys",
                          NULL, NULL, NULL, NULL, NULL) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_SERVICE_EXISTS);
    EXPECT(QueryServiceStatus(Service, &Status));
    EXPECT_EQ(Status.dwCurrentState, SERVICE_STOPPED);
    EXPECT(!StartServiceA(Service, 0, NULL));
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    EXPECT(!ControlService(Service, SERVICE_CONTROL_STOP, &Status));
    EXPECT_EQ(GetLastError(), ERROR_SERVICE_NOT_ACTIVE);
    EXPECT(DeleteService(Service));
    EXPECT(CloseServiceHandle(Service));
    EXPECT(CloseServiceHandle(Manager));
}

int
main(void)
{
    Registry();
    Tokens();
    Descriptors();
    Services();
    return TEST_DONE();
}
