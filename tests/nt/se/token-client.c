/*
 * token-client.c - tokens from user mode: what an administrator's process has, and hostile pointers.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtOpenProcessToken(HANDLE Process, ACCESS_MASK Access, PHANDLE Token);
NTSTATUS NTAPI NtOpenThreadToken(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf, PHANDLE Token);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE Token, int Class, PVOID Buffer, ULONG Length,
                                       PULONG ReturnLength);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE Token, BOOLEAN DisableAll, PTOKEN_PRIVILEGES New,
                                       ULONG Length, PTOKEN_PRIVILEGES Old, PULONG ReturnLength);
NTSTATUS NTAPI NtDuplicateToken(HANDLE Token, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                BOOLEAN EffectiveOnly, int Type, PHANDLE New);
NTSTATUS NTAPI NtAccessCheck(PVOID Descriptor, HANDLE Token, ACCESS_MASK Access,
                             PGENERIC_MAPPING Mapping, PPRIVILEGE_SET Privileges, PULONG Length,
                             PACCESS_MASK Granted, NTSTATUS *Status);
BOOLEAN NTAPI RtlEqualSid(PSID A, PSID B);
NTSTATUS NTAPI NtClose(HANDLE Handle);

#define KERNEL_ADDRESS ((void *)0x400080000000ull)
static ULONG64 Space[256];
#define GetSidSubAuthority_(Sid) ((DWORD *)((BYTE *)(Sid) + 8))

static void
Query(HANDLE Token)
{
    static const BYTE Admins[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    TOKEN_GROUPS *Groups = (void *)Space;
    ULONG Length;
    BOOL Admin = FALSE;

    EXPECT_EQ(NtQueryInformationToken(Token, TokenGroups, Space, sizeof(Space), &Length), 0);
    for (DWORD i = 0; i < Groups->GroupCount; i++) {
        if (RtlEqualSid(Groups->Groups[i].Sid, (PSID)Admins)) {
            Admin = (Groups->Groups[i].Attributes & SE_GROUP_ENABLED) != 0;
        }
    }
    EXPECT(Admin);
    if (*(volatile ULONG *)0x7FFE026C >= 6) { /* NtMajorVersion: Vista brought integrity levels */
        EXPECT_EQ(
            NtQueryInformationToken(Token, TokenIntegrityLevel, Space, sizeof(Space), &Length), 0);
        EXPECT_EQ(*GetSidSubAuthority_(*(PSID *)Space), SECURITY_MANDATORY_HIGH_RID);
    } else {
        EXPECT_EQ((ULONG)NtQueryInformationToken(Token, TokenIntegrityLevel, Space, sizeof(Space),
                                                 &Length),
                  0xC0000003); /* STATUS_INVALID_INFO_CLASS */
    }
    EXPECT_EQ((ULONG)NtQueryInformationToken(Token, TokenGroups, Space, 8, &Length),
              0xC0000023); /* buffer too small */
    EXPECT_EQ(
        (ULONG)NtQueryInformationToken(Token, TokenGroups, KERNEL_ADDRESS, sizeof(Space), &Length),
        0xC0000005);
    EXPECT_EQ(
        (ULONG)NtQueryInformationToken(Token, TokenGroups, Space, sizeof(Space), KERNEL_ADDRESS),
        0xC0000005);
}

static void
Privileges(HANDLE Token)
{
    TOKEN_PRIVILEGES New = {1, {{{20 /* SeDebugPrivilege */, 0}, SE_PRIVILEGE_ENABLED}}}, Old = {0};
    ULONG Length;

    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New, sizeof(Old), &Old, &Length), 0);
    EXPECT_EQ(Old.PrivilegeCount, 1);
    EXPECT_EQ(Old.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED, 0);
    New.Privileges[0].Luid.LowPart =
        2; /* SeCreateTokenPrivilege: an administrator has it not; none can be added */
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New, 0, NULL, NULL),
              0x106 /* STATUS_NOT_ALL_ASSIGNED */);
    EXPECT_EQ((ULONG)NtAdjustPrivilegesToken(Token, FALSE, KERNEL_ADDRESS, 0, NULL, NULL),
              0xC0000005);
}

/* self-relative: owner and group Everyone, a DACL that allows 1 to Everyone */
typedef struct {
    BYTE Revision, Sbz;
    USHORT Control;
    ULONG Owner, Group, Sacl, Dacl;
    BYTE Sid[12];
    struct {
        BYTE AclRevision, Sbz1;
        USHORT AclSize, AceCount, Sbz2;
        BYTE Type, Flags;
        USHORT Size;
        ULONG Mask;
        BYTE Sid[12];
    } List;
} DESCRIPTOR;

static const DESCRIPTOR Descriptor = {
    1,
    0,
    0x8004,
    20,
    20,
    0,
    32,
    {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
    {2, 0, 28, 1, 0, 0, 0, 20, 1, {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}}};

static void
Check(HANDLE Token)
{
    GENERIC_MAPPING Mapping = {1, 2, 4, 7};
    SECURITY_QUALITY_OF_SERVICE Qos = {sizeof(Qos), SecurityImpersonation, 0, FALSE};
    OBJECT_ATTRIBUTES Attributes = {sizeof(Attributes)};
    ULONG Length = sizeof(Space);
    ACCESS_MASK Granted = 99;
    NTSTATUS Status = 99;
    HANDLE Copy;

    Attributes.SecurityQualityOfService = &Qos;
    EXPECT_EQ(
        NtDuplicateToken(Token, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenImpersonation, &Copy),
        0);
    /* a primary token will not do [LEARN:securitybaseapi/accesscheck] */
    EXPECT_EQ((ULONG)NtAccessCheck((PVOID)&Descriptor, Token, 1, &Mapping, (PVOID)Space, &Length,
                                   &Granted, &Status),
              0xC000005C);
    EXPECT_EQ(NtAccessCheck((PVOID)&Descriptor, Copy, 1, &Mapping, (PVOID)Space, &Length, &Granted,
                            &Status),
              0);
    EXPECT(Granted == 1 && Status == 0);
    EXPECT_EQ(NtAccessCheck((PVOID)&Descriptor, Copy, 3, &Mapping, (PVOID)Space, &Length, &Granted,
                            &Status),
              0);
    EXPECT(Granted == 0 && (ULONG)Status == 0xC0000022);
    /* generic rights must be mapped before */
    EXPECT_EQ((ULONG)NtAccessCheck((PVOID)&Descriptor, Copy, GENERIC_READ, &Mapping, (PVOID)Space,
                                   &Length, &Granted, &Status),
              0xC00000E6);
    EXPECT_EQ((ULONG)NtAccessCheck(KERNEL_ADDRESS, Copy, 1, &Mapping, (PVOID)Space, &Length,
                                   &Granted, &Status),
              0xC0000005);
    NtClose(Copy);
}

/* The privileges that gave access are told, the set's length first; nothing is told without room. */
static void
Used(HANDLE Token)
{
    static const struct {
        ACCESS_MASK Access;
        ULONG Count, First;
    } Row[] = {{1, 0, 0},
               {WRITE_OWNER, 1, 9},
               {ACCESS_SYSTEM_SECURITY, 1, 8},
               {ACCESS_SYSTEM_SECURITY | WRITE_OWNER | 1, 2, 8}};
    struct {
        TOKEN_PRIVILEGES List;
        LUID_AND_ATTRIBUTES More;
    } New = {{2, {{{8, 0}, SE_PRIVILEGE_ENABLED}}}, {{9, 0}, SE_PRIVILEGE_ENABLED}};
    SECURITY_QUALITY_OF_SERVICE Qos = {sizeof(Qos), SecurityIdentification, 0, FALSE};
    OBJECT_ATTRIBUTES Attributes = {sizeof(Attributes)};
    GENERIC_MAPPING Mapping = {1, 2, 4, 7};
    PRIVILEGE_SET *Set = (PVOID)Space;
    DESCRIPTOR Lacks = Descriptor;
    ACCESS_MASK Granted;
    NTSTATUS Status;
    ULONG Length;
    HANDLE Copy;

    Attributes.SecurityQualityOfService = &Qos;
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New.List, 0, NULL, NULL), 0);
    EXPECT_EQ(
        NtDuplicateToken(Token, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenImpersonation, &Copy),
        0);
    for (ULONG i = 0; i < sizeof(Row) / sizeof(Row[0]); i++) {
        ULONG Need = 8 + max(Row[i].Count, 1) * sizeof(LUID_AND_ATTRIBUTES);

        Granted = 99;
        memset(Space, 0xAA, sizeof(Space));
        Length = Need - 1;
        EXPECT_EQ((ULONG)NtAccessCheck((PVOID)&Descriptor, Copy, Row[i].Access, &Mapping, Set,
                                       &Length, &Granted, &Status),
                  0xC0000023);
        EXPECT_EQ(Length, Need);
        EXPECT_EQ(Granted, 99);
        EXPECT_EQ(Set->PrivilegeCount, 0xAAAAAAAA);
        EXPECT_EQ(NtAccessCheck((PVOID)&Descriptor, Copy, Row[i].Access, &Mapping, Set, &Length,
                                &Granted, &Status),
                  0);
        EXPECT_EQ(Status, 0);
        EXPECT_EQ(Granted, Row[i].Access);
        EXPECT_EQ(Set->PrivilegeCount, Row[i].Count);
        for (ULONG n = 0; n < Row[i].Count; n++) {
            EXPECT_EQ(Set->Privilege[n].Luid.LowPart, Row[i].First + n);
            EXPECT_EQ(Set->Privilege[n].Luid.HighPart, 0);
            EXPECT_EQ(Set->Privilege[n].Attributes, SE_PRIVILEGE_USED_FOR_ACCESS);
        }
        EXPECT_EQ(((BYTE *)Space)[Need], 0xAA);
    }
    Lacks.Owner = 0;
    EXPECT_EQ((ULONG)NtAccessCheck(&Lacks, Copy, 1, &Mapping, Set, &Length, &Granted, &Status),
              0xC0000079);
    Lacks.Owner = Lacks.Group;
    Lacks.Group = 0;
    EXPECT_EQ((ULONG)NtAccessCheck(&Lacks, Copy, 1, &Mapping, Set, &Length, &Granted, &Status),
              0xC0000079);
    NtClose(Copy);
}

int
main(void)
{
    HANDLE Token = NULL, None;

    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, TOKEN_ALL_ACCESS, &Token), 0);
    EXPECT_EQ((ULONG)NtOpenProcessToken((HANDLE)-1, TOKEN_QUERY, KERNEL_ADDRESS), 0xC0000005);
    EXPECT_EQ((ULONG)NtOpenProcessToken((HANDLE)0x1234, TOKEN_QUERY, &None), 0xC0000008);
    EXPECT_EQ((ULONG)NtOpenThreadToken((HANDLE)-2, TOKEN_QUERY, TRUE, &None),
              0xC000007C); /* not impersonating */
    Query(Token);
    Privileges(Token);
    Check(Token);
    Used(Token);
    return TEST_DONE();
}
