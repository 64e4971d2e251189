/*
 * adjust-client.c - what a token says of itself, in every class, and what may be changed in it: groups, owner, primary
 * group, default DACL, integrity level. `adjust-client admin` or `user` says whose process it is.
 * [LEARN:winnt/token_information_class], [LEARN:securitybaseapi/adjusttokengroups],
 * [LEARN:securitybaseapi/settokeninformation], [LEARN:securitybaseapi/privilegecheck], MS-DTYP 2.4.2.4.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, PHANDLE);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationToken(HANDLE, int, PVOID, ULONG);
NTSTATUS NTAPI NtAdjustGroupsToken(HANDLE, BOOLEAN, PTOKEN_GROUPS, ULONG, PTOKEN_GROUPS, PULONG);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE, BOOLEAN, PTOKEN_PRIVILEGES, ULONG, PTOKEN_PRIVILEGES,
                                       PULONG);
NTSTATUS NTAPI NtDuplicateToken(HANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN, int, PHANDLE);
NTSTATUS NTAPI NtPrivilegeCheck(HANDLE, PPRIVILEGE_SET, PBOOLEAN);
BOOLEAN NTAPI RtlEqualSid(PSID, PSID);
ULONG NTAPI RtlLengthSid(PSID);

#define ACCESS_VIOLATION 0xC0000005
#define BAD_CLASS        0xC0000003
#define LENGTH_MISMATCH  0xC0000004
#define INVALID_HANDLE   0xC0000008
#define INVALID_PARAM    0xC000000D
#define ACCESS_DENIED    0xC0000022
#define TOO_SMALL        0xC0000023
#define INVALID_OWNER    0xC000005A
#define INVALID_GROUP    0xC000005B
#define NOT_HELD         0xC0000061
#define INVALID_ACL      0xC0000077
#define INVALID_SID      0xC0000078
#define INVALID_LABEL    0xC0000446
#define BAD_LEVEL        0xC00000A5
#define NOT_ALL_ASSIGNED 0x00000106
#define KERNEL_ADDRESS   ((void *)0x400080000000ull)

static HANDLE Token;
static int Admin;
static ULONG64 Space[512], Other[512];
static const BYTE World[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
static const BYTE Nobody[] = {1, 1, 0, 0, 0, 0, 0, 5, 99, 0, 0, 0};
static const BYTE Admins[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
static const BYTE Users[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0};

static ULONG
Query(int Class)
{
    ULONG Length = 0, Again = 0;
    NTSTATUS Status = NtQueryInformationToken(Token, Class, NULL, 0, &Length);

    if ((ULONG)Status != TOO_SMALL) {
        return (ULONG)Status;
    }
    memset(Space, 0xCC, sizeof(Space));
    EXPECT_EQ((ULONG)NtQueryInformationToken(Token, Class, Space, Length - 1, &Again), TOO_SMALL);
    EXPECT_EQ(Again, Length);
    EXPECT_EQ(NtQueryInformationToken(Token, Class, Space, Length, &Again), 0);
    EXPECT_EQ(Again, Length);
    EXPECT_EQ(((BYTE *)Space)[Length], 0xCC); /* and no more */
    return 0;
}

static ULONG
Number(int Class)
{
    return Query(Class) == 0 ? *(ULONG *)Space : 0x99999999;
}

static BOOL
IsInside(void *Pointer)
{
    return (BYTE *)Pointer >= (BYTE *)Space && (BYTE *)Pointer < (BYTE *)(Space + 512);
}

static void
Classes(void)
{
    TOKEN_GROUPS *Groups = (void *)Space;
    TOKEN_PRIVILEGES *Privileges = (void *)Space;
    TOKEN_GROUPS_AND_PRIVILEGES *Both = (void *)Space;
    TOKEN_STATISTICS *Statistics = (void *)Space;
    ULONG Count, Held, Length;
    BOOL Found = FALSE, Notify = FALSE;

    EXPECT_EQ(Query(TokenGroups), 0);
    Count = Groups->GroupCount;
    for (ULONG i = 0; i < Count; i++) {
        EXPECT(IsInside(Groups->Groups[i].Sid));
        if (RtlEqualSid(Groups->Groups[i].Sid, (PSID)Users)) {
            Found = Groups->Groups[i].Attributes ==
                    (SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED);
        }
    }
    EXPECT(Found);
    EXPECT_EQ(Query(TokenPrivileges), 0);
    Held = Privileges->PrivilegeCount;
    for (ULONG i = 0; i < Held; i++) {
        if (Privileges->Privileges[i].Luid.LowPart ==
            23) { /* SeChangeNotifyPrivilege: all have it */
            Notify = Privileges->Privileges[i].Attributes ==
                     (SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT);
        }
    }
    EXPECT(Notify);
    EXPECT_EQ(Held > 10, Admin);
    EXPECT_EQ(Query(TokenGroupsAndPrivileges), 0);
    EXPECT_EQ(Both->SidCount, Count + 1); /* the user is the first */
    EXPECT_EQ(Both->RestrictedSidCount, 0);
    EXPECT_EQ(Both->RestrictedSids, NULL);
    EXPECT_EQ(Both->PrivilegeCount, Held);
    EXPECT_EQ(Both->PrivilegeLength, Held * sizeof(LUID_AND_ATTRIBUTES));
    EXPECT(IsInside(Both->Sids) && IsInside(Both->Privileges));
    Length = Count * sizeof(SID_AND_ATTRIBUTES);
    for (ULONG i = 0; i <= Count; i++) {
        Length += RtlLengthSid(Both->Sids[i].Sid);
    }
    EXPECT(Both->SidLength >= Length);
    EXPECT_EQ(Both->Privileges[0].Luid.HighPart, 0);
    EXPECT_EQ(Query(TokenStatistics), 0);
    EXPECT_EQ(Statistics->GroupCount, Count);
    EXPECT_EQ(Statistics->PrivilegeCount, Held);
    EXPECT_EQ(Statistics->TokenType, TokenPrimary);
    EXPECT(Statistics->TokenId.LowPart != 0 && Statistics->AuthenticationId.LowPart != 0);
    EXPECT_EQ(Query(TokenUser), 0);
    EXPECT(IsInside(*(PSID *)Space));
    EXPECT_EQ(Query(TokenRestrictedSids), 0);
    EXPECT_EQ(Groups->GroupCount, 0);
    EXPECT_EQ(Query(TokenSource), 0);
    EXPECT_EQ(memcmp(Space, "User32 ", 8), 0);
    EXPECT_EQ(Number(TokenType), TokenPrimary);
    EXPECT_EQ(Query(TokenImpersonationLevel), BAD_CLASS); /* a primary token has none */
    EXPECT_EQ(Number(TokenSessionId), 1);
    EXPECT_EQ(Number(TokenSandBoxInert), 0);
    EXPECT_EQ(Query(TokenOrigin), 0);
    EXPECT_EQ(Space[0], 0x3E7); /* LocalSystem logged it on */
    EXPECT_EQ(Number(TokenElevation) != 0, Admin);
    EXPECT_EQ(Number(TokenElevationType),
              Admin ? TokenElevationTypeFull : TokenElevationTypeDefault);
    EXPECT_EQ(Number(TokenHasRestrictions), 0);
    EXPECT_EQ(Number(TokenVirtualizationAllowed) > 1, 0);
    EXPECT_EQ(Number(TokenUIAccess), 0);
    EXPECT(Number(TokenMandatoryPolicy) & TOKEN_MANDATORY_POLICY_NO_WRITE_UP);
    EXPECT_EQ(Number(29 /* TokenIsAppContainer */), 0);
    EXPECT_EQ(Query(TokenIntegrityLevel), 0);
    EXPECT_EQ(*(DWORD *)(*(BYTE **)Space + 8),
              Admin ? SECURITY_MANDATORY_HIGH_RID : SECURITY_MANDATORY_MEDIUM_RID);
    EXPECT_EQ(((TOKEN_MANDATORY_LABEL *)Space)->Label.Attributes,
              SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED);
    EXPECT_EQ(Query(TokenLogonSid), 0);
    EXPECT_EQ(Groups->GroupCount, 1);
    EXPECT_EQ(Groups->Groups[0].Attributes & SE_GROUP_LOGON_ID, SE_GROUP_LOGON_ID);
    EXPECT_EQ(Query(999), BAD_CLASS);
    /* the pseudo handles of Windows 8: process -4, thread -5, effective -6 */
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-4, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ((ULONG)NtQueryInformationToken((HANDLE)-5, TokenType, Space, 4, &Length), 0xC000007C);
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-6, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ((ULONG)NtQueryInformationToken(NULL, TokenType, Space, 4, &Length), INVALID_HANDLE);
}

static ULONG
SetSid(int Class, const void *Sid)
{
    return (ULONG)NtSetInformationToken(Token, Class, &Sid, sizeof(Sid));
}

static BOOL
IsSid(int Class, const void *Sid)
{
    return Query(Class) == 0 && RtlEqualSid(*(PSID *)Space, (PSID)Sid);
}

/* Its first bytes where a page ends, and nothing behind them. */
static const void *
AtEnd(const void *What, size_t Bytes)
{
    static BYTE *Pages;

    if (Pages == NULL) {
        Pages = VirtualAlloc(NULL, 0x2000, MEM_RESERVE, PAGE_READWRITE);
        VirtualAlloc(Pages, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    }
    return memcpy(Pages + 0x1000 - Bytes, What, Bytes);
}

static void
Defaults(void)
{
    BYTE Bad[12] = {9, 1}, Long[8 + 16 * 4] = {0};
    struct {
        ACL Acl;
        BYTE Ace[20];
    } List = {{2, 0, 28, 1, 0}, {0, 0, 20, 0, 1}};
    void *Pointer = &List;
    LUID Before, After;
    ULONG One = 1;

    Query(TokenStatistics);
    Before = ((TOKEN_STATISTICS *)Space)->ModifiedId;
    /* an owner may be the user, or a group with SE_GROUP_OWNER */
    EXPECT_EQ(IsSid(TokenOwner, Admins), Admin);
    EXPECT_EQ(SetSid(TokenOwner, World), INVALID_OWNER);
    EXPECT_EQ(IsSid(TokenOwner, Admins), Admin);
    Query(TokenUser);
    memcpy(Other, *(PSID *)Space, RtlLengthSid(*(PSID *)Space));
    EXPECT_EQ(SetSid(TokenOwner, Other), 0);
    EXPECT(IsSid(TokenOwner, Other));
    EXPECT_EQ(SetSid(TokenOwner, Admins), Admin ? 0 : INVALID_OWNER);
    Query(TokenStatistics);
    After = ((TOKEN_STATISTICS *)Space)->ModifiedId;
    EXPECT(memcmp(&Before, &After, sizeof(LUID)) != 0); /* a new one with each change */
    EXPECT_EQ(SetSid(TokenPrimaryGroup, World), 0);     /* any group of the token */
    EXPECT(IsSid(TokenPrimaryGroup, World));
    EXPECT_EQ(SetSid(TokenPrimaryGroup, Nobody), INVALID_GROUP);
    EXPECT(IsSid(TokenPrimaryGroup, World));
    EXPECT_EQ(SetSid(TokenOwner, Bad), INVALID_SID);
    EXPECT_EQ(SetSid(TokenOwner, KERNEL_ADDRESS), ACCESS_VIOLATION);
    Long[0] = 1; /* fifteen parts are the most */
    Long[1] = 15;
    EXPECT_EQ(SetSid(TokenOwner, Long), INVALID_OWNER);
    Long[1] = 16;
    EXPECT_EQ(SetSid(TokenOwner, Long), INVALID_SID);
    EXPECT_EQ(SetSid(TokenOwner, AtEnd(World, sizeof(World))), INVALID_OWNER);
    EXPECT_EQ(SetSid(TokenOwner, AtEnd(World, sizeof(World) - 1)), ACCESS_VIOLATION);
    EXPECT_EQ(SetSid(TokenOwner, AtEnd(World, 7)), ACCESS_VIOLATION);
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenOwner, &Pointer, 4), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenOwner, KERNEL_ADDRESS, 8), ACCESS_VIOLATION);
    memcpy(List.Ace + 8, World, sizeof(World));
    EXPECT_EQ(NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)), 0);
    EXPECT_EQ(Query(TokenDefaultDacl), 0);
    EXPECT_EQ(memcmp(*(void **)Space, &List, 28), 0);
    EXPECT_EQ(NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)), 0);
    List.Acl.AceCount = 2; /* there is one */
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)),
              INVALID_ACL);
    List.Acl.AceCount = 0;
    for (USHORT Size = 0; Size < 8; Size++) {
        List.Acl.AclSize = Size;
        EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)),
                  INVALID_ACL);
    }
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, 7), LENGTH_MISMATCH);
    EXPECT_EQ(Query(TokenDefaultDacl), 0);
    EXPECT_EQ(((ACL *)*(void **)Space)->AceCount, 1);
    Pointer = NULL; /* none at all */
    EXPECT_EQ(NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)), 0);
    EXPECT_EQ(Query(TokenDefaultDacl), 0);
    EXPECT_EQ(Space[0], 0);
    Pointer = KERNEL_ADDRESS;
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenDefaultDacl, &Pointer, sizeof(Pointer)),
              ACCESS_VIOLATION);
    /* what only the trusted computing base may say */
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenUIAccess, &One, sizeof(One)), NOT_HELD);
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenSessionId, &One, sizeof(One)), NOT_HELD);
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenUIAccess, &One, 2), LENGTH_MISMATCH);
    EXPECT_EQ(NtSetInformationToken(Token, TokenVirtualizationEnabled, &One, sizeof(One)), 0);
    EXPECT_EQ(Number(TokenVirtualizationEnabled), 1);
    EXPECT_EQ(Number(TokenVirtualizationAllowed), 0);
    One = 0;
    EXPECT_EQ(NtSetInformationToken(Token, TokenVirtualizationEnabled, &One, sizeof(One)), 0);
    EXPECT_EQ(Number(TokenVirtualizationEnabled), 0);
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenType, &One, sizeof(One)), BAD_CLASS);
}

static void
Groups(void)
{
    TOKEN_GROUPS List = {1, {{(PSID)World, 0}}};
    ULONG Length;

    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, FALSE, NULL, 0, NULL, NULL), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, FALSE, KERNEL_ADDRESS, 0, NULL, NULL),
              ACCESS_VIOLATION);
    /* a mandatory group cannot be disabled */
    EXPECT((ULONG)NtAdjustGroupsToken(Token, FALSE, &List, 0, NULL, NULL) >= 0xC0000000);
    List.Groups[0].Attributes = SE_GROUP_ENABLED;
    EXPECT_EQ(NtAdjustGroupsToken(Token, FALSE, &List, 0, NULL, NULL), 0);
    List.Groups[0].Sid = (PSID)Nobody; /* no new group comes in */
    EXPECT_EQ(NtAdjustGroupsToken(Token, FALSE, &List, 0, NULL, NULL), NOT_ALL_ASSIGNED);
    List.Groups[0].Sid = KERNEL_ADDRESS;
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, FALSE, &List, 0, NULL, NULL), ACCESS_VIOLATION);
    List.Groups[0].Sid = (PSID)AtEnd(World, sizeof(World) - 1);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, FALSE, &List, 0, NULL, NULL), ACCESS_VIOLATION);
    EXPECT_EQ(
        (ULONG)NtAdjustGroupsToken(Token, FALSE, (TOKEN_GROUPS *)AtEnd(&List, 16), 0, NULL, NULL),
        ACCESS_VIOLATION);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, TRUE, NULL, 64, KERNEL_ADDRESS, &Length),
              ACCESS_VIOLATION);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Token, TRUE, NULL, 0, &List, KERNEL_ADDRESS),
              ACCESS_VIOLATION);
    EXPECT_EQ(NtAdjustGroupsToken(Token, TRUE, NULL, 0, NULL, NULL), 0);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken((HANDLE)0x4444, TRUE, NULL, 0, NULL, NULL),
              INVALID_HANDLE);
}

/* Down is free, up is not. */
static void
Level(void)
{
    BYTE Sid[] = {1, 1, 0, 0, 0, 0, 0, 16, 0, 0x10, 0, 0}; /* low */
    TOKEN_MANDATORY_LABEL Label = {{Sid, SE_GROUP_INTEGRITY}};

    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenIntegrityLevel, &Label, 4), LENGTH_MISMATCH);
    Label.Label.Sid = (PSID)World;
    EXPECT((ULONG)NtSetInformationToken(Token, TokenIntegrityLevel, &Label, sizeof(Label)) >=
           0xC0000000);
    Label.Label.Sid = Sid;
    Sid[2] = 1; /* of another authority */
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenIntegrityLevel, &Label, sizeof(Label)),
              INVALID_LABEL);
    Sid[2] = 0;
    EXPECT_EQ(NtSetInformationToken(Token, TokenIntegrityLevel, &Label, sizeof(Label)), 0);
    EXPECT_EQ(Query(TokenIntegrityLevel), 0);
    EXPECT_EQ(*(DWORD *)(*(BYTE **)Space + 8), SECURITY_MANDATORY_LOW_RID);
    Sid[9] = 0x20; /* medium again: SeTcbPrivilege */
    EXPECT_EQ((ULONG)NtSetInformationToken(Token, TokenIntegrityLevel, &Label, sizeof(Label)),
              NOT_HELD);
    EXPECT_EQ(Query(TokenIntegrityLevel), 0);
    EXPECT_EQ(*(DWORD *)(*(BYTE **)Space + 8), SECURITY_MANDATORY_LOW_RID);
}

static void
Checks(void)
{
    struct {
        PRIVILEGE_SET Set;
        LUID_AND_ATTRIBUTES More;
    } Wanted = {{2, PRIVILEGE_SET_ALL_NECESSARY, {{{23, 0}, 0}}}, {{2, 0}, 0}};
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityAnonymous, 0, FALSE};
    OBJECT_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE Anonymous;
    BOOLEAN Held = 9;

    EXPECT_EQ(NtPrivilegeCheck(Token, &Wanted.Set, &Held), 0);
    EXPECT_EQ(Held, FALSE); /* SeCreateToken is not there */
    EXPECT_EQ(Wanted.Set.Privilege[0].Attributes, SE_PRIVILEGE_USED_FOR_ACCESS);
    Wanted.Set.Control = 0; /* one of them will do */
    EXPECT_EQ(NtPrivilegeCheck(Token, &Wanted.Set, &Held), 0);
    EXPECT_EQ(Held, TRUE);
    Wanted.Set.Control = PRIVILEGE_SET_ALL_NECESSARY;
    Wanted.Set.PrivilegeCount = 1;
    EXPECT_EQ(NtPrivilegeCheck(Token, &Wanted.Set, &Held), 0);
    EXPECT_EQ(Held, TRUE);
    EXPECT_EQ((ULONG)NtPrivilegeCheck(Token, KERNEL_ADDRESS, &Held), ACCESS_VIOLATION);
    EXPECT_EQ((ULONG)NtPrivilegeCheck(Token, &Wanted.Set, KERNEL_ADDRESS), ACCESS_VIOLATION);
    EXPECT_EQ((ULONG)NtPrivilegeCheck((HANDLE)0x4444, &Wanted.Set, &Held), INVALID_HANDLE);
    Wanted.Set.PrivilegeCount = 5000;
    EXPECT_EQ((ULONG)NtPrivilegeCheck(Token, &Wanted.Set, &Held), INVALID_PARAM);
    Wanted.Set.PrivilegeCount = 1;
    Attributes.SecurityQualityOfService = &Quality;
    EXPECT_EQ(NtDuplicateToken(Token, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenImpersonation,
                               &Anonymous),
              0);
    EXPECT_EQ((ULONG)NtPrivilegeCheck(Anonymous, &Wanted.Set, &Held), BAD_LEVEL);
    CloseHandle(Anonymous);
}

/* Several at once: enabled, disabled, removed; the previous state is what was changed. */
static void
Privileges(void)
{
    struct {
        TOKEN_PRIVILEGES List;
        LUID_AND_ATTRIBUTES More[2];
    } New = {{2, {{{23, 0}, 0}}}, {{{19, 0}, SE_PRIVILEGE_ENABLED}}}, Old; /* 19: SeShutdown */
    PRIVILEGE_SET Wanted = {1, PRIVILEGE_SET_ALL_NECESSARY, {{{23, 0}, 0}}};
    ULONG Length = 0;
    BOOLEAN Held;

    EXPECT_EQ((ULONG)NtAdjustPrivilegesToken(Token, FALSE, NULL, 0, NULL, NULL), INVALID_PARAM);
    /* too small for the previous state: nothing changes */
    EXPECT_EQ((ULONG)NtAdjustPrivilegesToken(Token, FALSE, &New.List, 4, &Old.List, &Length),
              TOO_SMALL);
    EXPECT_EQ(Length, 4 + 2 * sizeof(LUID_AND_ATTRIBUTES));
    NtPrivilegeCheck(Token, &Wanted, &Held);
    EXPECT_EQ(Held, TRUE);
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New.List, sizeof(Old), &Old.List, &Length), 0);
    EXPECT_EQ(Old.List.PrivilegeCount, 2);
    EXPECT_EQ(Old.List.Privileges[0].Luid.LowPart, 19);
    EXPECT_EQ(Old.List.Privileges[0].Attributes, 0);
    EXPECT_EQ(Old.More[0].Luid.LowPart, 23);
    EXPECT_EQ(Old.More[0].Attributes, SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT);
    NtPrivilegeCheck(Token, &Wanted, &Held);
    EXPECT_EQ(Held, FALSE);
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &Old.List, 0, NULL, NULL), 0); /* as it was */
    NtPrivilegeCheck(Token, &Wanted, &Held);
    EXPECT_EQ(Held, TRUE);
    New.List.PrivilegeCount = 1;
    New.List.Privileges[0].Luid.LowPart = 19;
    New.List.Privileges[0].Attributes = SE_PRIVILEGE_REMOVED;
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New.List, 0, NULL, NULL), 0);
    New.List.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED; /* gone for good */
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New.List, 0, NULL, NULL), NOT_ALL_ASSIGNED);
    New.List.Privileges[0].Luid.HighPart = 1; /* no such privilege */
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, FALSE, &New.List, 0, NULL, NULL), NOT_ALL_ASSIGNED);
    New.List.PrivilegeCount = 1000;
    EXPECT_EQ((ULONG)NtAdjustPrivilegesToken(Token, FALSE, &New.List, 0, NULL, NULL),
              INVALID_PARAM);
    EXPECT_EQ(NtAdjustPrivilegesToken(Token, TRUE, NULL, 0, NULL, NULL), 0); /* all */
    NtPrivilegeCheck(Token, &Wanted, &Held);
    EXPECT_EQ(Held, FALSE);
}

int
main(int argc, char **argv)
{
    HANDLE Weak;
    ULONG Length;

    Admin = argc > 1 && strcmp(argv[1], "admin") == 0;
    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, TOKEN_ALL_ACCESS, &Token), 0);
    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, TOKEN_QUERY, &Weak), 0);
    EXPECT_EQ((ULONG)NtAdjustGroupsToken(Weak, TRUE, NULL, 0, NULL, NULL), ACCESS_DENIED);
    EXPECT_EQ((ULONG)NtAdjustPrivilegesToken(Weak, TRUE, NULL, 0, NULL, NULL), ACCESS_DENIED);
    /* the previous state needs TOKEN_QUERY, too: one of two rights is not enough */
    EXPECT_EQ(
        (ULONG)NtAdjustPrivilegesToken(Weak, TRUE, NULL, sizeof(Space), (PVOID)Space, &Length),
        ACCESS_DENIED);
    EXPECT_EQ((ULONG)NtSetInformationToken(Weak, TokenVirtualizationEnabled, &Space, 4),
              ACCESS_DENIED);
    Classes();
    Defaults();
    Groups();
    Checks();
    Privileges();
    Level();
    TEST_DONE();
    return NtlabFailed != 0;
}
