/*
 * security.c - SIDs, ACLs, descriptors, access checks, tokens.
 */
#include "../ntlab-test.h"

#ifndef SECURITY_MAX_SID_SIZE
#define SECURITY_MAX_SID_SIZE 68
#endif
NTSYSAPI NTSTATUS NTAPI RtlAddAccessDeniedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask,
                                              PSID Sid);

#define SPECIFIC_READ  0x01
#define SPECIFIC_WRITE 0x02
#define SPECIFIC_RUN   0x04

static GENERIC_MAPPING Mapping = {READ_CONTROL | SPECIFIC_READ, SPECIFIC_WRITE, SPECIFIC_RUN,
                                  STANDARD_RIGHTS_REQUIRED | 7};
static SID_IDENTIFIER_AUTHORITY NtAuthority = {SECURITY_NT_AUTHORITY};

static UCHAR Acl[512];
static SECURITY_DESCRIPTOR Descriptor;

static VOID
NewDescriptor(PSID Owner)
{
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetOwnerSecurityDescriptor(&Descriptor, Owner, FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, Owner, FALSE);
    RtlCreateAcl((PACL)Acl, sizeof(Acl), ACL_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Acl, FALSE);
}

/* An access check as user mode would have it, with the caller's token. */
static NTSTATUS
Check(ACCESS_MASK Desired, PACCESS_MASK Granted)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    NTSTATUS Status = 0x12345678;
    ACCESS_MASK Local;
    BOOLEAN Ok;

    SeCaptureSubjectContext(&Subject);
    SeLockSubjectContext(&Subject);
    Ok = SeAccessCheck(&Descriptor, &Subject, TRUE, Desired, 0, NULL, &Mapping, UserMode,
                       Granted ? Granted : &Local, &Status);
    SeUnlockSubjectContext(&Subject);
    SeReleaseSubjectContext(&Subject);
    return Ok == (BOOLEAN)NT_SUCCESS(Status) ? Status : 0x11111111;
}

static VOID
Sids(VOID)
{
    UCHAR Buffer[SECURITY_MAX_SID_SIZE], Copied[SECURITY_MAX_SID_SIZE];
    PSID Sid = Buffer, Other;
    UNICODE_STRING Text, Expected;

    EXPECT_EQ(RtlLengthRequiredSid(2), 16);
    EXPECT_STATUS(RtlInitializeSid(Sid, &NtAuthority, 2), STATUS_SUCCESS);
    *RtlSubAuthoritySid(Sid, 0) = 32;
    *RtlSubAuthoritySid(Sid, 1) = 544;
    EXPECT(RtlValidSid(Sid));
    EXPECT_EQ(RtlLengthSid(Sid), 16);
    EXPECT(RtlEqualSid(Sid, SeExports->SeAliasAdminsSid));
    EXPECT(!RtlEqualSid(Sid, SeExports->SeAliasUsersSid));
    /* "S-1-5-32-544" [DDI:ntifs/rtlconvertsidtounicodestring] */
    RtlInitUnicodeString(&Expected, L"S-1-5-32-544");
    EXPECT_STATUS(RtlConvertSidToUnicodeString(&Text, Sid, TRUE), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Text, &Expected, FALSE));
    RtlFreeUnicodeString(&Text);
    /* "STATUS_BUFFER_TOO_SMALL" [DDI:ntifs/rtlcopysid] */
    EXPECT_STATUS(RtlCopySid(12, Buffer + 20, Sid), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlCopySid(RtlLengthSid(Sid), Copied, Sid), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Copied, Sid));
    EXPECT_STATUS(RtlAllocateAndInitializeSid(&NtAuthority, 1, 18, 0, 0, 0, 0, 0, 0, 0, &Other),
                  STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Other, SeExports->SeLocalSystemSid));
    RtlFreeSid(Other);
    *RtlSubAuthorityCountSid(Sid) = 16; /* at most 15 */
    EXPECT(!RtlValidSid(Sid));
}

static VOID
Acls(VOID)
{
    UCHAR Small[32];
    PVOID Ace;
    PACL List = (PACL)Acl;

    EXPECT_STATUS(RtlCreateAcl(List, sizeof(Acl), ACL_REVISION), STATUS_SUCCESS);
    EXPECT_STATUS(RtlCreateAcl(List, sizeof(Acl), 9), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlAddAccessAllowedAce(List, ACL_REVISION, 5, SeExports->SeWorldSid),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlAddAccessAllowedAceEx(List, ACL_REVISION, CONTAINER_INHERIT_ACE, 6,
                                           SeExports->SeAliasAdminsSid),
                  STATUS_SUCCESS);
    EXPECT_EQ(List->AceCount, 2);
    EXPECT_STATUS(RtlGetAce(List, 1, &Ace), STATUS_SUCCESS);
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Ace)->Mask, 6);
    EXPECT_EQ(((PACE_HEADER)Ace)->AceFlags, CONTAINER_INHERIT_ACE);
    EXPECT(RtlEqualSid(&((PACCESS_ALLOWED_ACE)Ace)->SidStart, SeExports->SeAliasAdminsSid));
    EXPECT_STATUS(RtlGetAce(List, 2, &Ace), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlDeleteAce(List, 0), STATUS_SUCCESS);
    EXPECT_EQ(List->AceCount, 1);
    EXPECT_STATUS(RtlGetAce(List, 0, &Ace), STATUS_SUCCESS);
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Ace)->Mask, 6);
    RtlCreateAcl((PACL)Small, 12, ACL_REVISION);
    /* "a new ACE does not fit into the ACL" [DDI:ntifs/rtladdaccessallowedace] */
    EXPECT_STATUS(RtlAddAccessAllowedAce((PACL)Small, ACL_REVISION, 5, SeExports->SeWorldSid),
                  STATUS_ALLOTTED_SPACE_EXCEEDED);
}

static VOID
Descriptors(VOID)
{
    UCHAR Relative[256], Back[64], Dacl[128], Owner[64], Group[64];
    ULONG Length = 0, Sizes[5] = {0};
    BOOLEAN Present, Defaulted;
    PACL List;
    PSID Sid;

    NewDescriptor(SeExports->SeAliasAdminsSid);
    ((PACL)Acl)->AclSize = 64;
    RtlAddAccessAllowedAce((PACL)Acl, ACL_REVISION, 5, SeExports->SeWorldSid);
    EXPECT(RtlValidSecurityDescriptor(&Descriptor));
    EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Descriptor, NULL, &Length), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Length, 20 + 64 + 16 + 16);
    Length = sizeof(Relative);
    EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Descriptor, Relative, &Length), STATUS_SUCCESS);
    EXPECT(RtlValidRelativeSecurityDescriptor(
        Relative, Length, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION));
    EXPECT(!RtlValidRelativeSecurityDescriptor(Relative, Length, SACL_SECURITY_INFORMATION));
    EXPECT(
        !RtlValidRelativeSecurityDescriptor(Relative, Length - 4, 0)); /* its group does not fit */
    EXPECT_EQ(RtlLengthSecurityDescriptor(Relative), Length);
    EXPECT_STATUS(RtlGetDaclSecurityDescriptor(Relative, &Present, &List, &Defaulted),
                  STATUS_SUCCESS);
    EXPECT(Present && !Defaulted && List->AceCount == 1);
    EXPECT_STATUS(RtlGetOwnerSecurityDescriptor(Relative, &Sid, &Defaulted), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Sid, SeExports->SeAliasAdminsSid));
    EXPECT_STATUS(RtlSelfRelativeToAbsoluteSD(Relative, Back, &Sizes[0], (PACL)Dacl, &Sizes[1],
                                              NULL, &Sizes[2], Owner, &Sizes[3], Group, &Sizes[4]),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlSelfRelativeToAbsoluteSD(Relative, Back, &Sizes[0], (PACL)Dacl, &Sizes[1],
                                              NULL, &Sizes[2], Owner, &Sizes[3], Group, &Sizes[4]),
                  STATUS_SUCCESS);
    EXPECT(RtlValidSecurityDescriptor(Back));
    /* setters take absolute descriptors only [DDI:ntifs/rtlsetownersecuritydescriptor] */
    EXPECT_STATUS(RtlSetOwnerSecurityDescriptor(Relative, NULL, FALSE),
                  STATUS_INVALID_SECURITY_DESCR);
}

/* The entries of a DACL count in their order [LEARN:secauthz/how-dacls-control-access-to-an-object] */
static VOID
DaclOrder(VOID)
{
    ACCESS_MASK Granted = 0;

    NewDescriptor(SeExports->SeNullSid);
    EXPECT_STATUS(Check(SPECIFIC_READ, NULL),
                  STATUS_ACCESS_DENIED); /* an empty DACL grants nothing */
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, NULL, FALSE);
    EXPECT_STATUS(Check(SPECIFIC_READ | SPECIFIC_WRITE, &Granted),
                  STATUS_SUCCESS); /* a NULL DACL grants everything */
    EXPECT_EQ(Granted, SPECIFIC_READ | SPECIFIC_WRITE);
    RtlSetDaclSecurityDescriptor(&Descriptor, FALSE, NULL, FALSE);
    EXPECT_STATUS(Check(SPECIFIC_READ, NULL), STATUS_SUCCESS); /* and so does none */

    NewDescriptor(SeExports->SeNullSid);
    RtlAddAccessAllowedAce((PACL)Acl, ACL_REVISION, GENERIC_READ, SeExports->SeWorldSid);
    EXPECT_STATUS(Check(SPECIFIC_READ, &Granted), STATUS_SUCCESS); /* generic rights are mapped */
    EXPECT_EQ(Granted, SPECIFIC_READ);
    EXPECT_STATUS(Check(SPECIFIC_READ | SPECIFIC_WRITE, &Granted), STATUS_ACCESS_DENIED);
    EXPECT_EQ(Granted, 0);
    RtlAddAccessDeniedAce((PACL)Acl, ACL_REVISION, SPECIFIC_READ | SPECIFIC_WRITE,
                          SeExports->SeWorldSid);
    EXPECT_STATUS(Check(SPECIFIC_READ, NULL), STATUS_SUCCESS); /* allowed before it is denied */
    RtlAddAccessAllowedAce((PACL)Acl, ACL_REVISION, SPECIFIC_WRITE | SPECIFIC_RUN,
                           SeExports->SeWorldSid);
    EXPECT_STATUS(Check(SPECIFIC_WRITE, NULL),
                  STATUS_ACCESS_DENIED); /* denied before it is allowed */
    EXPECT_STATUS(Check(SPECIFIC_RUN, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Check(MAXIMUM_ALLOWED, &Granted), STATUS_SUCCESS);
    EXPECT_EQ(Granted & ~WRITE_OWNER, READ_CONTROL | SPECIFIC_READ | SPECIFIC_RUN);

    NewDescriptor(SeExports->SeNullSid);
    RtlAddAccessAllowedAceEx((PACL)Acl, ACL_REVISION, INHERIT_ONLY_ACE | CONTAINER_INHERIT_ACE,
                             SPECIFIC_READ, SeExports->SeWorldSid);
    EXPECT_STATUS(Check(SPECIFIC_READ, NULL),
                  STATUS_ACCESS_DENIED); /* inherit-only entries do not count here */
}

/* The owner may read and write the DACL [LEARN:secauthz/owner-of-a-new-object] */
static VOID
OwnerRights(VOID)
{
    NewDescriptor(SeExports->SeLocalSystemSid);
    EXPECT_STATUS(Check(READ_CONTROL | WRITE_DAC, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Check(READ_CONTROL | SPECIFIC_READ, NULL), STATUS_ACCESS_DENIED);
    NewDescriptor(SeExports->SeAliasGuestsSid);
    EXPECT_STATUS(Check(READ_CONTROL, NULL), STATUS_ACCESS_DENIED);
}

static VOID
FromKernelMode(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    ACCESS_MASK Granted;
    NTSTATUS Status;

    NewDescriptor(SeExports->SeNullSid);
    SeCaptureSubjectContext(&Subject);
    /* kernel mode has what it asks for [DDI:wdm/seaccesscheck] */
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, SPECIFIC_WRITE, 0, NULL, &Mapping,
                         KernelMode, &Granted, &Status));
    EXPECT_EQ(Granted, SPECIFIC_WRITE);
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, MAXIMUM_ALLOWED, 0, NULL, &Mapping,
                         KernelMode, &Granted, &Status));
    EXPECT_EQ(Granted, Mapping.GenericAll);
    EXPECT(!SeAccessCheck(NULL, &Subject, FALSE, SPECIFIC_WRITE, 0, NULL, &Mapping, UserMode,
                          &Granted, &Status));
    EXPECT_STATUS(Status, STATUS_ACCESS_DENIED); /* no descriptor, user mode: refused */
    SeReleaseSubjectContext(&Subject);
}

static VOID
Privileges(VOID)
{
    struct {
        ULONG PrivilegeCount;
        LUID_AND_ATTRIBUTES Privileges[1];
    } New = {1, {{{SE_SECURITY_PRIVILEGE, 0}, SE_PRIVILEGE_ENABLED}}}, Old;
    ULONG Length;
    HANDLE Token;

    /* The System process has SeTcbPrivilege enabled; kernel mode always passes [DDI:ntddk/sesingleprivilegecheck] */
    EXPECT(SeSinglePrivilegeCheck(SeExports->SeTcbPrivilege, UserMode));
    EXPECT(SeSinglePrivilegeCheck(SeExports->SeSecurityPrivilege, KernelMode));
    EXPECT_STATUS(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY,
                                       OBJ_KERNEL_HANDLE, &Token),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwAdjustPrivilegesToken(Token, FALSE, (PTOKEN_PRIVILEGES)&New, sizeof(Old),
                                          (PTOKEN_PRIVILEGES)&Old, &Length),
                  STATUS_SUCCESS);
    EXPECT(SeSinglePrivilegeCheck(SeExports->SeSecurityPrivilege, UserMode));
    EXPECT_EQ(Old.PrivilegeCount, 1);
    EXPECT_EQ(Old.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED, 0);
    ZwAdjustPrivilegesToken(Token, FALSE, (PTOKEN_PRIVILEGES)&Old, 0, NULL, NULL);
    EXPECT(!SeSinglePrivilegeCheck(SeExports->SeSecurityPrivilege, UserMode));
    New.Privileges[0].Luid.LowPart =
        99; /* no such privilege [LEARN:securitybaseapi/adjusttokenprivileges] */
    EXPECT_STATUS(ZwAdjustPrivilegesToken(Token, FALSE, (PTOKEN_PRIVILEGES)&New, 0, NULL, NULL),
                  STATUS_NOT_ALL_ASSIGNED);
    NewDescriptor(SeExports->SeNullSid);
    EXPECT_STATUS(Check(ACCESS_SYSTEM_SECURITY, NULL), STATUS_PRIVILEGE_NOT_HELD);
    ZwClose(Token);
}

static VOID
Tokens(VOID)
{
    PACCESS_TOKEN Token = PsReferencePrimaryToken(PsGetCurrentProcess());
    HANDLE Handle, Copy;
    OBJECT_ATTRIBUTES Attributes;
    SECURITY_QUALITY_OF_SERVICE Qos = {sizeof(Qos), SecurityImpersonation, SECURITY_STATIC_TRACKING,
                                       FALSE};
    TOKEN_STATISTICS Statistics;
    TOKEN_TYPE Type;
    PTOKEN_USER User;
    LUID Luid;
    ULONG Length;

    EXPECT_EQ(SeTokenType(Token), TokenPrimary);
    EXPECT(SeTokenIsAdmin(Token)); /* SYSTEM is a member of Administrators */
    EXPECT(!SeTokenIsRestricted(Token));
    EXPECT_STATUS(SeQueryAuthenticationIdToken(Token, &Luid), STATUS_SUCCESS);
    EXPECT_EQ(Luid.LowPart, 0x3E7);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenUser, (PVOID *)&User), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(User->User.Sid, SeExports->SeLocalSystemSid));
    ExFreePool(User);
    PsDereferencePrimaryToken(Token);

    EXPECT_STATUS(
        ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ALL_ACCESS, OBJ_KERNEL_HANDLE, &Handle),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwQueryInformationToken(Handle, TokenType, &Type, sizeof(Type), &Length),
                  STATUS_SUCCESS);
    EXPECT_EQ(Type, TokenPrimary);
    EXPECT_STATUS(ZwQueryInformationToken(Handle, TokenStatistics, &Statistics, 4, &Length),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Length, sizeof(Statistics));
    EXPECT_STATUS(ZwQueryInformationToken(Handle, (TOKEN_INFORMATION_CLASS)999, &Statistics,
                                          sizeof(Statistics), &Length),
                  STATUS_INVALID_INFO_CLASS);
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Attributes.SecurityQualityOfService = &Qos;
    EXPECT_STATUS(
        ZwDuplicateToken(Handle, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenImpersonation, &Copy),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwQueryInformationToken(Copy, TokenStatistics, &Statistics, sizeof(Statistics), &Length),
        STATUS_SUCCESS);
    EXPECT_EQ(Statistics.TokenType, TokenImpersonation);
    EXPECT_EQ(Statistics.ImpersonationLevel, SecurityImpersonation);
    ZwClose(Copy);
    ZwClose(Handle);
    EXPECT_STATUS(
        ZwOpenThreadTokenEx(NtCurrentThread(), TOKEN_QUERY, TRUE, OBJ_KERNEL_HANDLE, &Handle),
        STATUS_NO_TOKEN);
}

/* Privileges and groups taken away [DDI:ntifs/sefiltertoken] */
static VOID
Filtered(VOID)
{
    PACCESS_TOKEN Token = PsReferencePrimaryToken(PsGetCurrentProcess()), New;
    TOKEN_GROUPS Disable = {1, {{SeExports->SeAliasAdminsSid, 0}}};

    EXPECT_STATUS(SeFilterToken(Token, 1 /* DISABLE_MAX_PRIVILEGE */, &Disable, NULL, NULL, &New),
                  STATUS_SUCCESS);
    EXPECT(!SeTokenIsAdmin(New));
    EXPECT_EQ(SeTokenType(New), TokenPrimary);
    ObDereferenceObject(New);
    PsDereferencePrimaryToken(Token);
}

/* CREATOR OWNER becomes the owner, inheritable entries go down [LEARN:secauthz/ace-inheritance-rules] */
static VOID
Inheritance(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    PSECURITY_DESCRIPTOR New;
    BOOLEAN Present, Defaulted;
    PACL List;
    PVOID Ace;

    NewDescriptor(SeExports->SeLocalSystemSid);
    RtlAddAccessAllowedAceEx((PACL)Acl, ACL_REVISION, CONTAINER_INHERIT_ACE, GENERIC_ALL,
                             SeExports->SeCreatorOwnerSid);
    RtlAddAccessAllowedAceEx((PACL)Acl, ACL_REVISION, OBJECT_INHERIT_ACE, SPECIFIC_READ,
                             SeExports->SeWorldSid);
    SeCaptureSubjectContext(&Subject);
    EXPECT_STATUS(SeAssignSecurity(&Descriptor, NULL, &New, TRUE, &Subject, &Mapping, PagedPool),
                  STATUS_SUCCESS);
    RtlGetDaclSecurityDescriptor(New, &Present, &List, &Defaulted);
    EXPECT(Present);
    EXPECT_EQ(List->AceCount,
              3); /* the effective one, its inherit-only template, the one for objects below */
    EXPECT_STATUS(RtlGetAce(List, 0, &Ace), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(&((PACCESS_ALLOWED_ACE)Ace)->SidStart,
                       SeExports->SeAliasAdminsSid)); /* SYSTEM's default owner */
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Ace)->Mask, Mapping.GenericAll);
    RtlGetAce(List, 1, &Ace);
    EXPECT(((PACE_HEADER)Ace)->AceFlags & INHERIT_ONLY_ACE);
    EXPECT_STATUS(SeDeassignSecurity(&New), STATUS_SUCCESS);
    EXPECT(New == NULL);
    EXPECT_STATUS(SeAssignSecurity(&Descriptor, NULL, &New, FALSE, &Subject, &Mapping, PagedPool),
                  STATUS_SUCCESS);
    RtlGetDaclSecurityDescriptor(New, &Present, &List, &Defaulted);
    EXPECT_EQ(List->AceCount, 1); /* an object takes OBJECT_INHERIT entries only */
    SeDeassignSecurity(&New);
    SeReleaseSubjectContext(&Subject);
}

static VOID
SetAndQuery(VOID)
{
    UCHAR Buffer[1024];
    SECURITY_INFORMATION Information = DACL_SECURITY_INFORMATION;
    PSECURITY_DESCRIPTOR Object, Old;
    ULONG Length = 0;
    BOOLEAN Present, Defaulted;
    SECURITY_SUBJECT_CONTEXT Subject;
    PACL List;

    NewDescriptor(SeExports->SeAliasAdminsSid);
    SeCaptureSubjectContext(&Subject);
    SeAssignSecurity(NULL, &Descriptor, &Object, FALSE, &Subject, &Mapping, PagedPool);
    SeReleaseSubjectContext(&Subject);
    Old = Object;
    RtlAddAccessAllowedAce((PACL)Acl, ACL_REVISION, GENERIC_READ, SeExports->SeWorldSid);
    EXPECT_STATUS(
        SeSetSecurityDescriptorInfo(NULL, &Information, &Descriptor, &Object, PagedPool, &Mapping),
        STATUS_SUCCESS);
    EXPECT(Object != Old);
    ExFreePool(Old);
    EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&Information, Buffer, &Length, &Object),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT(Length != 0 && Length <= sizeof(Buffer));
    EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&Information, Buffer, &Length, &Object),
                  STATUS_SUCCESS);
    RtlGetDaclSecurityDescriptor(Buffer, &Present, &List, &Defaulted);
    EXPECT(Present && List->AceCount == 1);
    ExFreePool(Object);
}

TEST_DRIVER(TEST(Sids), TEST(Acls), TEST(Descriptors), TEST(DaclOrder), TEST(OwnerRights),
            TEST(FromKernelMode), TEST(Privileges), TEST(Tokens), TEST(Filtered), TEST(Inheritance),
            TEST(SetAndQuery))
