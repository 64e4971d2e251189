/*
 * filtered.c - SeFilterToken: groups that only deny, privileges that are gone, SIDs that restrict; what the new token says of itself, and that
 * the old one is as it was; filtered twice. [DDI:ntifs/sefiltertoken], [DDI:ntifs/sequeryinformationtoken],
 * [LEARN:securitybaseapi/createrestrictedtoken], [LEARN:secauthz/restricted-tokens].
 */
#include "../ntlab-test.h"

#ifndef DISABLE_MAX_PRIVILEGE
#define DISABLE_MAX_PRIVILEGE 1
#define SANDBOX_INERT         2
#define WRITE_RESTRICTED      8
#endif
#ifndef SE_GROUP_ENABLED
#define SE_GROUP_ENABLED_BY_DEFAULT 2
#define SE_GROUP_ENABLED            4
#define SE_GROUP_USE_FOR_DENY_ONLY  0x10
#endif
#define SHUTDOWN 19
#define NOTIFY   23

NTSYSAPI BOOLEAN NTAPI RtlValidAcl(PACL);

static PACCESS_TOKEN Own;

static PVOID
Ask(PACCESS_TOKEN Token, TOKEN_INFORMATION_CLASS Class)
{
    PVOID Answer = NULL;

    EXPECT_STATUS(SeQueryInformationToken(Token, Class, &Answer), STATUS_SUCCESS);
    return Answer;
}

static ULONG
Number(PACCESS_TOKEN Token, TOKEN_INFORMATION_CLASS Class)
{
    return (ULONG)(ULONG_PTR)Ask(Token, Class);
}

/* A privilege's attributes; MAXULONG: the token has it not. */
static ULONG
Privilege(PACCESS_TOKEN Token, ULONG Luid, PULONG Count)
{
    PTOKEN_PRIVILEGES List = Ask(Token, TokenPrivileges);
    ULONG Found = MAXULONG;

    for (ULONG i = 0; i < List->PrivilegeCount; i++) {
        if (List->Privileges[i].Luid.LowPart == Luid) {
            Found = List->Privileges[i].Attributes;
        }
    }
    *Count = List->PrivilegeCount;
    ExFreePool(List);
    return Found;
}

/* Both of a token's lists of SIDs. */
static ULONG
Group(PACCESS_TOKEN Token, TOKEN_INFORMATION_CLASS Class, PSID Sid, PULONG Count)
{
    PTOKEN_GROUPS List = Ask(Token, Class);
    ULONG Found = MAXULONG;

    for (ULONG i = 0; i < List->GroupCount; i++) {
        if (RtlEqualSid(List->Groups[i].Sid, Sid)) {
            Found = List->Groups[i].Attributes;
        }
    }
    *Count = List->GroupCount;
    ExFreePool(List);
    return Found;
}

static VOID
Deleted(VOID)
{
    static struct {
        ULONG Count;
        LUID_AND_ATTRIBUTES One[3];
    } Delete = {3, {{{SHUTDOWN, 0}, 0}, {{20, 5}, 0}, {{99, 0}, 0}}}; /* the others are none */
    PACCESS_TOKEN Token = NULL;
    ULONG Before, After;

    EXPECT(Privilege(Own, SHUTDOWN, &Before) != MAXULONG);
    EXPECT_STATUS(SeFilterToken(Own, 0, NULL, (PTOKEN_PRIVILEGES)&Delete, NULL, &Token),
                  STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Token, SHUTDOWN, &After), MAXULONG);
    EXPECT_EQ(After, Before - 1);
    EXPECT_EQ(Privilege(Token, 20, &After),
              Privilege(Own, 20, &Before)); /* its high part differs */
    EXPECT(Privilege(Own, SHUTDOWN, &After) != MAXULONG && After == Before);
    EXPECT(!SeTokenIsRestricted(Token));
    ObDereferenceObject(Token);
    EXPECT_STATUS(SeFilterToken(Own, DISABLE_MAX_PRIVILEGE, NULL, NULL, NULL, &Token),
                  STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Token, NOTIFY, &After), 3); /* that one stays */
    EXPECT_EQ(After, 1);
    EXPECT_EQ(Number(Token, TokenSandBoxInert), 0);
    EXPECT_EQ(Number(Token, TokenType), TokenPrimary);
    ObDereferenceObject(Token);
    EXPECT_STATUS(SeFilterToken(Own, SANDBOX_INERT, NULL, NULL, NULL, &Token), STATUS_SUCCESS);
    EXPECT_EQ(Number(Token, TokenSandBoxInert), 1);
    Privilege(Token, NOTIFY, &After);
    EXPECT_EQ(After, Before);
    EXPECT_EQ(Number(Own, TokenSandBoxInert), 0);
    ObDereferenceObject(Token);
}

static VOID
Disabled(VOID)
{
    TOKEN_GROUPS Disable = {1, {{SeExports->SeAliasAdminsSid, 0}}};
    TOKEN_GROUPS Nobody = {1, {{SeExports->SeAliasGuestsSid, 0}}};
    PACCESS_TOKEN Token = NULL, Again = NULL;
    PTOKEN_GROUPS Old, New;
    ULONG Count, After, Attributes = Group(Own, TokenGroups, SeExports->SeAliasAdminsSid, &Count);

    EXPECT(Attributes & SE_GROUP_ENABLED);
    EXPECT_STATUS(SeFilterToken(Own, 0, &Disable, NULL, NULL, &Token), STATUS_SUCCESS);
    Attributes = Group(Token, TokenGroups, SeExports->SeAliasAdminsSid, &After);
    EXPECT_EQ(After, Count);
    EXPECT(Attributes & SE_GROUP_USE_FOR_DENY_ONLY);
    EXPECT_EQ(Attributes & (SE_GROUP_ENABLED | SE_GROUP_ENABLED_BY_DEFAULT), 0);
    Old = Ask(Own, TokenGroups);
    New = Ask(Token, TokenGroups);
    for (ULONG i = 0; i < Count; i++) { /* the others are as they were */
        EXPECT(RtlEqualSid(Old->Groups[i].Sid, New->Groups[i].Sid));
        EXPECT(Old->Groups[i].Attributes == New->Groups[i].Attributes ||
               RtlEqualSid(Old->Groups[i].Sid, SeExports->SeAliasAdminsSid));
        EXPECT_EQ(Old->Groups[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY, 0);
    }
    ExFreePool(Old);
    ExFreePool(New);
    EXPECT(!SeTokenIsAdmin(Token) && SeTokenIsAdmin(Own) && !SeTokenIsRestricted(Token));
    EXPECT_STATUS(SeFilterToken(Token, 0, &Nobody, NULL, NULL, &Again), STATUS_SUCCESS);
    EXPECT_EQ(Group(Again, TokenGroups, SeExports->SeAliasAdminsSid, &After), Attributes);
    EXPECT(Group(Again, TokenGroups, SeExports->SeAliasGuestsSid, &After) == MAXULONG &&
           After == Count);
    ObDereferenceObject(Again);
    ObDereferenceObject(Token);
}

static VOID
Restricted(VOID)
{
    ULONG64 Space[8];
    PTOKEN_GROUPS Restrict = (PTOKEN_GROUPS)Space;
    PSID_AND_ATTRIBUTES Sids = Restrict->Groups;
    TOKEN_GROUPS World = {1, {{SeExports->SeWorldSid, 0}}};
    PACCESS_TOKEN Token = NULL, Again = NULL;
    PTOKEN_GROUPS_AND_PRIVILEGES All;
    PTOKEN_STATISTICS Statistics, Before;
    ULONG Count;

    Restrict->GroupCount = 2;
    Sids[0] = (SID_AND_ATTRIBUTES){SeExports->SeWorldSid, 0};
    Sids[1] = (SID_AND_ATTRIBUTES){SeExports->SeAliasUsersSid, 0};
    EXPECT_STATUS(SeFilterToken(Own, 0, NULL, NULL, Restrict, &Token), STATUS_SUCCESS);
    EXPECT(SeTokenIsRestricted(Token) && !SeTokenIsRestricted(Own));
    EXPECT_EQ(Group(Token, TokenRestrictedSids, SeExports->SeWorldSid, &Count), 7);
    EXPECT_EQ(Group(Token, TokenRestrictedSids, SeExports->SeAliasUsersSid, &Count), 7);
    EXPECT_EQ(Count, 2);
    All = Ask(Token, TokenGroupsAndPrivileges);
    EXPECT(All->RestrictedSidCount == 2 &&
           RtlEqualSid(All->RestrictedSids[0].Sid, SeExports->SeWorldSid) &&
           RtlEqualSid(All->RestrictedSids[1].Sid, SeExports->SeAliasUsersSid));
    EXPECT_EQ(All->RestrictedSids[1].Attributes, 7);
    EXPECT((PUCHAR)All->RestrictedSids == (PUCHAR)(All->Sids + All->SidCount));
    EXPECT(All->RestrictedSidLength >= 2 * 16 + 12 + 16 && All->RestrictedSidLength <= 72);
    ExFreePool(All);
    Before = Ask(Own, TokenStatistics);
    Statistics = Ask(Token, TokenStatistics);
    EXPECT(!RtlEqualMemory(&Statistics->TokenId, &Before->TokenId, sizeof(LUID)));
    EXPECT(RtlEqualMemory(&Statistics->AuthenticationId, &Before->AuthenticationId, sizeof(LUID)));
    EXPECT_EQ(Statistics->GroupCount, Before->GroupCount);
    ExFreePool(Statistics);
    ExFreePool(Before);
    /* once more: what is in both lists */
    EXPECT_STATUS(SeFilterToken(Token, 0, NULL, NULL, &World, &Again), STATUS_SUCCESS);
    EXPECT_EQ(Group(Again, TokenRestrictedSids, SeExports->SeWorldSid, &Count), 7);
    EXPECT_EQ(Count, 1);
    EXPECT_EQ(Number(Again, TokenHasRestrictions), 1);
    ObDereferenceObject(Again);
    World.Groups[0].Sid = SeExports->SeAliasGuestsSid;
    EXPECT_STATUS(SeFilterToken(Token, 0, NULL, NULL, &World, &Again), STATUS_SUCCESS);
    EXPECT(SeTokenIsRestricted(Again)); /* by nobody at all */
    Group(Again, TokenRestrictedSids, SeExports->SeWorldSid, &Count);
    EXPECT_EQ(Count, 0);
    ObDereferenceObject(Again);
    ObDereferenceObject(Token);
}

/* Classes that give a block, and one that gives a value. */
static VOID
Answers(VOID)
{
    PTOKEN_USER User = Ask(Own, TokenUser);
    PTOKEN_OWNER Owner = Ask(Own, TokenOwner);
    PTOKEN_PRIMARY_GROUP Primary = Ask(Own, TokenPrimaryGroup);
    PTOKEN_SOURCE Source = Ask(Own, TokenSource);
    PTOKEN_DEFAULT_DACL Default = Ask(Own, TokenDefaultDacl);
    PVOID None = (PVOID)0x77;
    LUID Luid = {9, 9};

    EXPECT(RtlEqualSid(User->User.Sid, SeExports->SeLocalSystemSid) && User->User.Attributes == 0);
    EXPECT(RtlEqualSid(Owner->Owner, SeExports->SeAliasAdminsSid));
    EXPECT(RtlEqualSid(Primary->PrimaryGroup, SeExports->SeLocalSystemSid));
    EXPECT(Source->SourceName[0] != 0 && RtlValidAcl(Default->DefaultDacl));
    EXPECT_STATUS(SeQueryInformationToken(Own, TokenImpersonationLevel, &None),
                  STATUS_INVALID_INFO_CLASS);
    EXPECT_STATUS(SeQueryInformationToken(Own, 999, &None), STATUS_INVALID_INFO_CLASS);
    EXPECT_EQ(None, (PVOID)0x77);
    EXPECT_EQ(Number(Own, TokenIntegrityLevel), 0x4000);
    EXPECT_EQ(Number(Own, TokenUIAccess), 0);
    EXPECT_STATUS(SeQueryAuthenticationIdToken(Own, &Luid), STATUS_SUCCESS);
    EXPECT(Luid.LowPart == 0x3E7 && Luid.HighPart == 0); /* SYSTEM_LUID */
    ExFreePool(User);
    ExFreePool(Owner);
    ExFreePool(Primary);
    ExFreePool(Source);
    ExFreePool(Default);
}

static BOOLEAN
SameSid(PACCESS_TOKEN One, PACCESS_TOKEN Two, TOKEN_INFORMATION_CLASS Class)
{
    PTOKEN_OWNER First = Ask(One, Class),
                 Second = Ask(Two, Class); /* or TOKEN_USER, TOKEN_PRIMARY_GROUP */
    BOOLEAN Same = RtlEqualSid(First->Owner, Second->Owner);

    ExFreePool(First);
    ExFreePool(Second);
    return Same;
}

/* What filtering does not take is there: of whom the token is, who made it, whose logon it is of. */
static VOID
Kept(VOID)
{
    static const TOKEN_INFORMATION_CLASS Numbers[] = {TokenType,
                                                      TokenSessionId,
                                                      TokenElevationType,
                                                      TokenIntegrityLevel,
                                                      TokenVirtualizationEnabled,
                                                      TokenUIAccess};
    TOKEN_GROUPS World = {1, {{SeExports->SeWorldSid, 0}}};

    for (ULONG Flags = 0; Flags < 8; Flags++) {
        PACCESS_TOKEN Token = NULL;
        PTOKEN_SOURCE Old = Ask(Own, TokenSource), New;
        PTOKEN_STATISTICS Was = Ask(Own, TokenStatistics), Is;
        PTOKEN_DEFAULT_DACL Before = Ask(Own, TokenDefaultDacl), After;
        PTOKEN_MANDATORY_POLICY OldPolicy = Ask(Own, TokenMandatoryPolicy), Policy;

        EXPECT_STATUS(SeFilterToken(Own, Flags & 3, NULL, NULL, Flags & 4 ? &World : NULL, &Token),
                      STATUS_SUCCESS);
        New = Ask(Token, TokenSource);
        Is = Ask(Token, TokenStatistics);
        After = Ask(Token, TokenDefaultDacl);
        Policy = Ask(Token, TokenMandatoryPolicy);
        EXPECT(RtlEqualMemory(Old, New, sizeof(*Old)));
        EXPECT_EQ(Policy->Policy, OldPolicy->Policy);
        EXPECT(RtlEqualLuid(&Was->AuthenticationId, &Is->AuthenticationId));
        EXPECT(!RtlEqualLuid(&Was->TokenId, &Is->TokenId));
        EXPECT_EQ(Is->GroupCount, Was->GroupCount);
        EXPECT(
            After->DefaultDacl->AclSize == Before->DefaultDacl->AclSize &&
            RtlEqualMemory(After->DefaultDacl, Before->DefaultDacl, Before->DefaultDacl->AclSize));
        EXPECT(SameSid(Own, Token, TokenUser) && SameSid(Own, Token, TokenOwner) &&
               SameSid(Own, Token, TokenPrimaryGroup));
        for (ULONG i = 0; i < RTL_NUMBER_OF(Numbers); i++) {
            EXPECT_EQ(Number(Token, Numbers[i]), Number(Own, Numbers[i]));
        }
        ExFreePool(Old);
        ExFreePool(New);
        ExFreePool(Was);
        ExFreePool(Is);
        ExFreePool(OldPolicy);
        ExFreePool(Policy);
        ExFreePool(Before);
        ExFreePool(After);
        ObDereferenceObject(Token);
    }
}

/* What is enabled, and what is by default, is of the privilege: the copies have each as it was. */
static VOID
Privileges(VOID)
{
    TOKEN_PRIVILEGES Change = {1, {{{SHUTDOWN, 0}, SE_PRIVILEGE_ENABLED}}};
    OBJECT_ATTRIBUTES Attributes;
    PACCESS_TOKEN Changed = NULL, Token = NULL;
    HANDLE Mine, Copy = NULL;
    ULONG Count;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(
        ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ALL_ACCESS, OBJ_KERNEL_HANDLE, &Mine),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwDuplicateToken(Mine, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenPrimary, &Copy),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ObReferenceObjectByHandle(Copy, TOKEN_QUERY, *SeTokenObjectType, KernelMode,
                                            &Changed, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Changed, SHUTDOWN, &Count) & SE_PRIVILEGE_ENABLED,
              0); /* no service needs it at once */
    EXPECT_STATUS(ZwAdjustPrivilegesToken(Copy, FALSE, &Change, 0, NULL, NULL), STATUS_SUCCESS);
    Change.Privileges[0] = (LUID_AND_ATTRIBUTES){{NOTIFY, 0}, 0};
    EXPECT_STATUS(ZwAdjustPrivilegesToken(Copy, FALSE, &Change, 0, NULL, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Changed, SHUTDOWN, &Count), SE_PRIVILEGE_ENABLED);
    EXPECT_EQ(Privilege(Changed, NOTIFY, &Count), SE_PRIVILEGE_ENABLED_BY_DEFAULT);
    EXPECT_STATUS(SeFilterToken(Changed, 0, NULL, NULL, NULL, &Token), STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Token, SHUTDOWN, &Count), SE_PRIVILEGE_ENABLED);
    EXPECT_EQ(Privilege(Token, NOTIFY, &Count), SE_PRIVILEGE_ENABLED_BY_DEFAULT);
    ObDereferenceObject(Token);
    ObDereferenceObject(Changed);
    ZwClose(Copy);
    EXPECT_STATUS(ZwDuplicateToken(Mine, TOKEN_ALL_ACCESS, &Attributes, TRUE, TokenPrimary, &Copy),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ObReferenceObjectByHandle(Copy, TOKEN_QUERY, *SeTokenObjectType, KernelMode,
                                            &Changed, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Privilege(Changed, SHUTDOWN, &Count), MAXULONG); /* what is not enabled is left out */
    EXPECT_EQ(Privilege(Changed, NOTIFY, &Count),
              SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT);
    ObDereferenceObject(Changed);
    ZwClose(Copy);
    ZwClose(Mine);
}

static VOID
Begin(VOID)
{
    Own = PsReferencePrimaryToken(PsGetCurrentProcess());
}

static VOID
End(VOID)
{
    PsDereferencePrimaryToken(Own);
}

TEST_DRIVER(TEST(Begin), TEST(Deleted), TEST(Disabled), TEST(Restricted), TEST(Answers), TEST(Kept),
            TEST(Privileges), TEST(End))
