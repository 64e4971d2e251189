/*
 * more.c - client contexts, access states, descriptors and lists part by part, assigned and changed descriptors, labels.
 * [DDI:ntifs/secreateclientsecurity], [DDI:ntifs/seimpersonateclientex], [DDI:ntifs/seappendprivileges],
 * [DDI:ntifs/rtladdace], [DDI:ntifs/rtldeleteace], [DDI:ntifs/rtlgetace], [DDI:ntifs/rtladdaccessdeniedaceex],
 * [DDI:ntifs/rtlgetsaclsecuritydescriptor], [DDI:ntifs/rtlsetgroupsecuritydescriptor],
 * [DDI:ntifs/seassignsecurityex], [DDI:ntifs/sesetsecuritydescriptorinfo], [DDI:wdm/seaccesscheck],
 * [DDI:ntifs/sefiltertoken], [LEARN:secauthz/mandatory-integrity-control], MS-DTYP 2.5.3.
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI RtlAddAccessDeniedAceEx(PACL, ULONG, ULONG, ACCESS_MASK, PSID);
NTSYSAPI NTSTATUS NTAPI RtlQueryInformationAcl(PACL, PVOID, ULONG, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR, PUSHORT, PULONG);
NTSYSAPI NTSTATUS NTAPI RtlSetControlSecurityDescriptor(PSECURITY_DESCRIPTOR, USHORT, USHORT);
NTSYSAPI NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlCreateSecurityDescriptorRelative(PISECURITY_DESCRIPTOR_RELATIVE, ULONG);
NTSYSAPI BOOLEAN NTAPI RtlAreAllAccessesGranted(ACCESS_MASK, ACCESS_MASK);
NTSYSAPI BOOLEAN NTAPI RtlAreAnyAccessesGranted(ACCESS_MASK, ACCESS_MASK);
NTSYSAPI NTSTATUS NTAPI RtlAddAce(PACL, ULONG, ULONG, PVOID, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlDeleteAce(PACL, ULONG);
NTKERNELAPI VOID NTAPI SeSetAccessStateGenericMapping(PACCESS_STATE, PGENERIC_MAPPING);
NTKERNELAPI NTSTATUS NTAPI SeCreateAccessState(PACCESS_STATE, PVOID, ACCESS_MASK, PGENERIC_MAPPING);
NTKERNELAPI VOID NTAPI SeDeleteAccessState(PACCESS_STATE);

NTSYSAPI BOOLEAN NTAPI RtlValidAcl(PACL);
NTKERNELAPI SECURITY_IMPERSONATION_LEVEL NTAPI SeTokenImpersonationLevel(PACCESS_TOKEN);

#ifndef SEF_DACL_AUTO_INHERIT
#define SEF_DACL_AUTO_INHERIT         0x01
#define SEF_SACL_AUTO_INHERIT         0x02
#define SEF_DEFAULT_OWNER_FROM_PARENT 0x20
#define SEF_DEFAULT_GROUP_FROM_PARENT 0x40
#endif
#ifndef DISABLE_MAX_PRIVILEGE
#define DISABLE_MAX_PRIVILEGE 1
#endif

static ULONG64 Space[64], Second[64];
#define LIST ((PACL)Space)
static GENERIC_MAPPING Mapping = {1, 2, 4, 0x1F000F};

static PVOID
Entry(PACL Acl, ULONG Index)
{
    PVOID Ace = NULL;

    return NT_SUCCESS(RtlGetAce(Acl, Index, &Ace)) ? Ace : NULL;
}

static BOOLEAN
Is(ULONG Index, UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    PACCESS_ALLOWED_ACE Ace = Entry(LIST, Index);

    return Ace != NULL && Ace->Header.AceType == Type && Ace->Header.AceFlags == Flags &&
           Ace->Mask == Mask && RtlEqualSid(&Ace->SidStart, Sid) &&
           Ace->Header.AceSize == 8 + RtlLengthSid(Sid);
}

static VOID
Lists(VOID)
{
    PSID World = SeExports->SeWorldSid, Admins = SeExports->SeAliasAdminsSid;
    ULONG Info[3] = {9, 9, 9};
    ULONG64 Aces[8];
    PVOID Ace;

    EXPECT_STATUS(RtlCreateAcl(LIST, sizeof(Space), ACL_REVISION), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAddAccessDeniedAceEx(LIST, 2, CONTAINER_INHERIT_ACE, 3, World),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlAddAccessAllowedAceEx(LIST, 2, INHERIT_ONLY_ACE, 5, Admins), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAddAccessAllowedAceEx(LIST, 2, NO_PROPAGATE_INHERIT_ACE, 5, Admins),
                  STATUS_SUCCESS);
    EXPECT(Is(0, ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE, 3, World));
    EXPECT(Is(1, ACCESS_ALLOWED_ACE_TYPE, INHERIT_ONLY_ACE, 5, Admins));
    EXPECT(Is(2, ACCESS_ALLOWED_ACE_TYPE, NO_PROPAGATE_INHERIT_ACE, 5, Admins));
    EXPECT_EQ(Entry(LIST, 3), NULL);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 12, 2), STATUS_SUCCESS);
    EXPECT(Info[0] == 3 && Info[1] == 8 + 20 + 24 + 24 && Info[2] == sizeof(Space) - Info[1]);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 4, 1), STATUS_SUCCESS);
    EXPECT_EQ(Info[0], 2);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 3, 1), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 11, 2), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 12, 3), STATUS_INVALID_INFO_CLASS);
    /* moved: the first behind the last, by copy */
    RtlCopyMemory(Aces, Entry(LIST, 0), 20);
    EXPECT_STATUS(RtlAddAce(LIST, 2, MAXULONG, Aces, 20), STATUS_SUCCESS);
    EXPECT(LIST->AceCount == 4 && Is(3, ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE, 3, World));
    EXPECT_STATUS(RtlDeleteAce(LIST, 0), STATUS_SUCCESS);
    EXPECT(LIST->AceCount == 3 && Is(0, ACCESS_ALLOWED_ACE_TYPE, INHERIT_ONLY_ACE, 5, Admins));
    EXPECT_STATUS(RtlAddAce(LIST, 4, 1, Aces, 20), STATUS_SUCCESS); /* in the middle */
    EXPECT(Is(1, ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE, 3, World));
    EXPECT(Is(2, ACCESS_ALLOWED_ACE_TYPE, NO_PROPAGATE_INHERIT_ACE, 5, Admins));
    EXPECT_EQ(LIST->AclRevision, 4); /* the higher revision */
    EXPECT_STATUS(RtlAddAce(LIST, 2, 0, Aces, 19), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlDeleteAce(LIST, 4), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlDeleteAce(LIST, 3), STATUS_SUCCESS);
    EXPECT_EQ(LIST->AceCount, 3);
    EXPECT(RtlValidAcl(LIST));
    /* full to the last byte, and not one more */
    RtlCreateAcl(LIST, 8 + 20, ACL_REVISION);
    EXPECT_STATUS(RtlAddAccessAllowedAce(LIST, 2, 1, World), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAddAccessAllowedAce(LIST, 2, 1, World), STATUS_ALLOTTED_SPACE_EXCEEDED);
    EXPECT_STATUS(RtlAddAce(LIST, 2, 0, Aces, 20), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(RtlQueryInformationAcl(LIST, Info, 12, 2), STATUS_SUCCESS);
    EXPECT(Info[0] == 1 && Info[1] == 28 && Info[2] == 0);
    EXPECT_STATUS(RtlAddAccessAllowedAce(LIST, 5, 1, World), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(RtlAddAccessAllowedAceEx(LIST, 2, 0x20, 1, World), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlGetAce(LIST, 1, &Ace), STATUS_INVALID_PARAMETER);
    LIST->AceCount = 2; /* more than there are */
    EXPECT(!RtlValidAcl(LIST));
    EXPECT_STATUS(RtlAddAccessAllowedAce(LIST, 2, 1, World), STATUS_INVALID_ACL);
    LIST->AceCount = 1;
    LIST->AclRevision = 1;
    EXPECT(!RtlValidAcl(LIST));
    LIST->AclRevision = 5;
    EXPECT(!RtlValidAcl(LIST));
    LIST->AclRevision = 4;
    EXPECT(RtlValidAcl(LIST));
}

static VOID
Descriptors(VOID)
{
    SECURITY_DESCRIPTOR Descriptor;
    SECURITY_DESCRIPTOR_RELATIVE Relative;
    USHORT Control = 0;
    ULONG Revision = 0;
    BOOLEAN Present = 9, Defaulted = 9;
    PACL Acl = NULL;
    PSID Group = NULL;

    EXPECT_STATUS(RtlCreateSecurityDescriptor(&Descriptor, 2), STATUS_UNKNOWN_REVISION);
    EXPECT_STATUS(RtlCreateSecurityDescriptor(&Descriptor, 1), STATUS_SUCCESS);
    EXPECT_STATUS(RtlGetControlSecurityDescriptor(&Descriptor, &Control, &Revision),
                  STATUS_SUCCESS);
    EXPECT(Control == 0 && Revision == 1);
    EXPECT_STATUS(
        RtlSetControlSecurityDescriptor(&Descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED),
        STATUS_SUCCESS);
    RtlGetControlSecurityDescriptor(&Descriptor, &Control, &Revision);
    EXPECT_EQ(Control, SE_DACL_PROTECTED);
    EXPECT_STATUS(RtlSetControlSecurityDescriptor(&Descriptor, SE_DACL_PRESENT, SE_DACL_PRESENT),
                  STATUS_INVALID_PARAMETER); /* only what concerns inheritance */
    EXPECT_STATUS(RtlSetControlSecurityDescriptor(&Descriptor, 0, SE_DACL_PROTECTED),
                  STATUS_INVALID_PARAMETER); /* set, and not of interest */
    EXPECT_STATUS(RtlSetControlSecurityDescriptor(&Descriptor, SE_DACL_PROTECTED, 0),
                  STATUS_SUCCESS);
    RtlGetControlSecurityDescriptor(&Descriptor, &Control, &Revision);
    EXPECT_EQ(Control, 0);
    EXPECT_STATUS(RtlGetSaclSecurityDescriptor(&Descriptor, &Present, &Acl, &Defaulted),
                  STATUS_SUCCESS);
    EXPECT(!Present && Acl == NULL);
    RtlCreateAcl(LIST, sizeof(Space), ACL_REVISION);
    EXPECT_STATUS(RtlSetSaclSecurityDescriptor(&Descriptor, TRUE, LIST, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(RtlGetSaclSecurityDescriptor(&Descriptor, &Present, &Acl, &Defaulted),
                  STATUS_SUCCESS);
    EXPECT(Present && Acl == LIST && Defaulted);
    EXPECT_STATUS(RtlSetSaclSecurityDescriptor(&Descriptor, TRUE, LIST, FALSE), STATUS_SUCCESS);
    RtlGetSaclSecurityDescriptor(&Descriptor, &Present, &Acl, &Defaulted);
    EXPECT(Present && !Defaulted);
    EXPECT_STATUS(RtlSetSaclSecurityDescriptor(&Descriptor, FALSE, LIST, FALSE), STATUS_SUCCESS);
    RtlGetSaclSecurityDescriptor(&Descriptor, &Present, &Acl, &Defaulted);
    EXPECT(!Present);
    EXPECT_STATUS(RtlSetGroupSecurityDescriptor(&Descriptor, SeExports->SeWorldSid, TRUE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlGetGroupSecurityDescriptor(&Descriptor, &Group, &Defaulted), STATUS_SUCCESS);
    EXPECT(Group == SeExports->SeWorldSid && Defaulted);
    EXPECT_STATUS(RtlSetOwnerSecurityDescriptor(&Descriptor, SeExports->SeAliasAdminsSid, FALSE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlGetOwnerSecurityDescriptor(&Descriptor, &Group, &Defaulted), STATUS_SUCCESS);
    EXPECT(Group == SeExports->SeAliasAdminsSid && !Defaulted);
    EXPECT_EQ(RtlLengthSecurityDescriptor(&Descriptor), sizeof(Descriptor) + 12 + 16);
    Descriptor.Revision = 9;
    EXPECT_STATUS(RtlGetControlSecurityDescriptor(&Descriptor, &Control, &Revision),
                  STATUS_UNKNOWN_REVISION);
    EXPECT_STATUS(RtlGetSaclSecurityDescriptor(&Descriptor, &Present, &Acl, &Defaulted),
                  STATUS_UNKNOWN_REVISION);
    EXPECT_STATUS(RtlGetGroupSecurityDescriptor(&Descriptor, &Group, &Defaulted),
                  STATUS_UNKNOWN_REVISION);
    EXPECT_STATUS(RtlCreateSecurityDescriptorRelative(&Relative, 1), STATUS_SUCCESS);
    EXPECT(Relative.Revision == SECURITY_DESCRIPTOR_REVISION1 &&
           Relative.Control == SE_SELF_RELATIVE && Relative.Owner == 0 && Relative.Dacl == 0);
    EXPECT(RtlValidRelativeSecurityDescriptor(&Relative, sizeof(Relative), 0)); /* of no parts */
    EXPECT(!RtlValidRelativeSecurityDescriptor(&Relative, sizeof(Relative) - 1, 0));
    EXPECT_STATUS(RtlCreateSecurityDescriptorRelative(&Relative, 2), STATUS_UNKNOWN_REVISION);
    EXPECT(RtlAreAllAccessesGranted(7, 3) && !RtlAreAllAccessesGranted(5, 3));
    EXPECT(RtlAreAnyAccessesGranted(5, 3) && !RtlAreAnyAccessesGranted(4, 3));
}

/* An explicit list, the parent's, or the token's default: in this order. */
static VOID
Assigned(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    SECURITY_DESCRIPTOR Parent, Explicit, Change;
    PSECURITY_DESCRIPTOR Made = NULL, Old;
    SECURITY_INFORMATION What;
    BOOLEAN Present, Defaulted;
    PSID Sid;
    PACL Acl = NULL, ParentList = (PACL)Second;

    SeCaptureSubjectContext(&Subject);
    RtlCreateAcl(LIST, sizeof(Space), ACL_REVISION);
    RtlAddAccessAllowedAce(LIST, 2, GENERIC_READ, SeExports->SeWorldSid);
    RtlCreateAcl(ParentList, sizeof(Second), ACL_REVISION);
    RtlAddAccessAllowedAceEx(ParentList, 2, OBJECT_INHERIT_ACE, 8, SeExports->SeAliasAdminsSid);
    RtlCreateSecurityDescriptor(&Parent, 1);
    RtlSetDaclSecurityDescriptor(&Parent, TRUE, ParentList, FALSE);
    RtlSetOwnerSecurityDescriptor(&Parent, SeExports->SeWorldSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Parent, SeExports->SeWorldSid, FALSE);
    RtlCreateSecurityDescriptor(&Explicit, 1);
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, LIST, FALSE);
    EXPECT_STATUS(SeAssignSecurityEx(&Parent, &Explicit, &Made, NULL, FALSE, 0, &Subject, &Mapping,
                                     PagedPool),
                  STATUS_SUCCESS);
    EXPECT(SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(Made), Made));
    RtlGetDaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl->AceCount == 1);
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Entry(Acl, 0))->Mask, 1); /* generic rights are mapped */
    RtlGetOwnerSecurityDescriptor(Made, &Sid, &Defaulted);
    EXPECT(Sid != NULL && !RtlEqualSid(Sid, SeExports->SeWorldSid)); /* the subject's */
    SeDeassignSecurity(&Made);
    EXPECT_EQ(Made, NULL);
    EXPECT_STATUS(SeAssignSecurityEx(&Parent, NULL, &Made, NULL, FALSE,
                                     SEF_DACL_AUTO_INHERIT | SEF_DEFAULT_OWNER_FROM_PARENT |
                                         SEF_DEFAULT_GROUP_FROM_PARENT,
                                     &Subject, &Mapping, PagedPool),
                  STATUS_SUCCESS);
    RtlGetDaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl->AceCount == 1);
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Entry(Acl, 0))->Mask, 8);
    EXPECT_EQ(((PACE_HEADER)Entry(Acl, 0))->AceFlags, INHERITED_ACE);
    RtlGetOwnerSecurityDescriptor(Made, &Sid, &Defaulted);
    EXPECT(RtlEqualSid(Sid, SeExports->SeWorldSid));
    RtlGetGroupSecurityDescriptor(Made, &Sid, &Defaulted);
    EXPECT(RtlEqualSid(Sid, SeExports->SeWorldSid));
    /* changed part by part */
    RtlCreateSecurityDescriptor(&Change, 1);
    RtlSetOwnerSecurityDescriptor(&Change, SeExports->SeAliasAdminsSid, FALSE);
    What = OWNER_SECURITY_INFORMATION;
    Old = Made;
    EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &What, &Change, &Made, PagedPool, &Mapping),
                  STATUS_SUCCESS);
    EXPECT(Made != Old); /* a new one, the old one is the caller's to free */
    ExFreePool(Old);
    RtlGetOwnerSecurityDescriptor(Made, &Sid, &Defaulted);
    EXPECT(RtlEqualSid(Sid, SeExports->SeAliasAdminsSid));
    RtlGetDaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl->AceCount == 1); /* the rest stays */
    What = GROUP_SECURITY_INFORMATION;
    EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &What, &Change, &Made, PagedPool, &Mapping),
                  STATUS_INVALID_PRIMARY_GROUP); /* there is none to set */
    RtlCreateSecurityDescriptor(&Change, 1);
    What = OWNER_SECURITY_INFORMATION;
    EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &What, &Change, &Made, PagedPool, &Mapping),
                  STATUS_INVALID_OWNER);
    RtlSetSaclSecurityDescriptor(&Change, TRUE, LIST, FALSE);
    RtlSetDaclSecurityDescriptor(&Change, TRUE, NULL, FALSE);
    What = SACL_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    Old = Made;
    EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &What, &Change, &Made, PagedPool, &Mapping),
                  STATUS_SUCCESS);
    ExFreePool(Old);
    RtlGetSaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl != NULL && Acl->AceCount == 1);
    RtlGetDaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl == NULL); /* everybody may everything */
    Old = NULL;
    EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &What, &Change, &Old, PagedPool, &Mapping),
                  STATUS_NO_SECURITY_ON_OBJECT);
    /* a parent's SACL comes down to who inherits it */
    RtlSetSaclSecurityDescriptor(&Parent, TRUE, ParentList, FALSE);
    ExFreePool(Made);
    EXPECT_STATUS(SeAssignSecurityEx(&Parent, NULL, &Made, NULL, FALSE, SEF_SACL_AUTO_INHERIT,
                                     &Subject, &Mapping, PagedPool),
                  STATUS_SUCCESS);
    RtlGetSaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl->AceCount == 1 &&
           ((PACE_HEADER)Entry(Acl, 0))->AceFlags == INHERITED_ACE);
    SeDeassignSecurity(&Made);
    RtlSetSaclSecurityDescriptor(&Explicit, TRUE, LIST, FALSE);
    EXPECT_STATUS(
        SeAssignSecurityEx(NULL, &Explicit, &Made, NULL, TRUE, 0, &Subject, &Mapping, PagedPool),
        STATUS_SUCCESS);
    RtlGetSaclSecurityDescriptor(Made, &Present, &Acl, &Defaulted);
    EXPECT(Present && Acl->AceCount == 1);
    SeDeassignSecurity(&Made);
    SeReleaseSubjectContext(&Subject);
}

static VOID
Clients(VOID)
{
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityImpersonation,
                                           SECURITY_STATIC_TRACKING, FALSE};
    SECURITY_CLIENT_CONTEXT Context;
    SECURITY_SUBJECT_CONTEXT Subject;
    PACCESS_TOKEN Own = PsReferencePrimaryToken(PsGetCurrentProcess()), Token;
    BOOLEAN Copy, Effective;
    SECURITY_IMPERSONATION_LEVEL Level;
    NTSTATUS Status;

    EXPECT_STATUS(SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Context),
                  STATUS_SUCCESS);
    EXPECT(Context.ClientToken != Own && !Context.DirectlyAccessClientToken); /* static: a copy */
    EXPECT_EQ(SeTokenType(Context.ClientToken), TokenImpersonation);
    EXPECT_EQ(SeTokenImpersonationLevel(Context.ClientToken), SecurityImpersonation);
    EXPECT(!Context.ServerIsRemote);
    EXPECT_STATUS(SeImpersonateClientEx(&Context, NULL), STATUS_SUCCESS);
    Token = PsReferenceImpersonationToken(PsGetCurrentThread(), &Copy, &Effective, &Level);
    EXPECT(Token == Context.ClientToken && Level == SecurityImpersonation);
    PsDereferenceImpersonationToken(Token);
    PsRevertToSelf();
    SeDeleteClientSecurity(&Context);
    Quality.ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
    Quality.EffectiveOnly = TRUE;
    EXPECT_STATUS(SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Context),
                  STATUS_SUCCESS);
    EXPECT(Context.ClientToken == Own && Context.DirectlyAccessClientToken);
    EXPECT(Context.DirectAccessEffectiveOnly);
    SeDeleteClientSecurity(&Context);
    Quality.ImpersonationLevel = 7;
    EXPECT(!NT_SUCCESS(SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Context)));
    Quality.ImpersonationLevel = SecurityIdentification;
    SeCaptureSubjectContext(&Subject);
    Status = SeCreateClientSecurityFromSubjectContext(&Subject, &Quality, TRUE, &Context);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    if (NT_SUCCESS(Status)) { /* else there is none: fails-se-more */
        EXPECT(Context.ServerIsRemote && !Context.DirectlyAccessClientToken); /* far away: a copy */
        EXPECT_EQ(SeTokenImpersonationLevel(Context.ClientToken), SecurityIdentification);
        SeDeleteClientSecurity(&Context);
    }
    SeReleaseSubjectContext(&Subject);
    PsDereferencePrimaryToken(Own);
}

static VOID
States(VOID)
{
    ACCESS_STATE State;
    ULONG64 Aux[64];
    PRIVILEGE_SET One = {1, 0, {{{17, 0}, 0}}};
    GENERIC_MAPPING Other = {8, 8, 8, 8};

    EXPECT_STATUS(SeCreateAccessState(&State, Aux, GENERIC_READ | 0x100, &Mapping), STATUS_SUCCESS);
    EXPECT(State.RemainingDesiredAccess == 0x101 && State.OriginalDesiredAccess == 0x101);
    EXPECT_EQ(State.PreviouslyGrantedAccess, 0);
    for (ULONG i = 1; i <= 3; i++) {
        One.Privilege[0].Luid.LowPart = 16 + i;
        EXPECT_STATUS(SeAppendPrivileges(&State, &One), STATUS_SUCCESS);
        EXPECT_EQ(State.Privileges.InitialPrivilegeSet.PrivilegeCount, i);
    }
    EXPECT_EQ(State.Privileges.InitialPrivilegeSet.Privilege[2].Luid.LowPart, 19);
    EXPECT(!State.PrivilegesAllocated);
    EXPECT_STATUS(SeAppendPrivileges(&State, &One), STATUS_SUCCESS); /* no room: in pool */
    EXPECT(State.PrivilegesAllocated);
    EXPECT_STATUS(SeAppendPrivileges(&State, &One), STATUS_SUCCESS);
    SeSetAccessStateGenericMapping(&State, &Other);
    SeDeleteAccessState(&State);
}

static NTSTATUS
Check(PSECURITY_DESCRIPTOR Descriptor, PACCESS_TOKEN Token, ACCESS_MASK Access,
      PACCESS_MASK Granted)
{
    SECURITY_SUBJECT_CONTEXT Subject = {0};
    NTSTATUS Status = STATUS_SUCCESS;

    Subject.PrimaryToken = Token;
    *Granted = 0;
    SeAccessCheck(Descriptor, &Subject, FALSE, Access, 0, NULL, &Mapping, UserMode, Granted,
                  &Status);
    return Status;
}

/* A restricted token needs both lists of SIDs; a disabled group counts for denials only. */
static VOID
Filtered(VOID)
{
    PACCESS_TOKEN Own = PsReferencePrimaryToken(PsGetCurrentProcess()), Token = NULL;
    TOKEN_GROUPS Disable = {1, {{SeExports->SeAliasAdminsSid, 0}}};
    TOKEN_GROUPS Restrict = {1, {{SeExports->SeWorldSid, 0}}};
    SECURITY_DESCRIPTOR Descriptor;
    ACCESS_MASK Granted;

    RtlCreateAcl(LIST, sizeof(Space), ACL_REVISION);
    RtlAddAccessAllowedAce(LIST, 2, 1, SeExports->SeWorldSid);
    RtlAddAccessAllowedAce(LIST, 2, 2, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(LIST, 2, 4, SeExports->SeLocalSystemSid);
    RtlCreateSecurityDescriptor(&Descriptor, 1);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, LIST, FALSE);
    RtlSetOwnerSecurityDescriptor(&Descriptor, SeExports->SeNullSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, SeExports->SeNullSid, FALSE);
    EXPECT_STATUS(Check(&Descriptor, Own, 7, &Granted), STATUS_SUCCESS);
    EXPECT_EQ(Granted, 7);
    EXPECT_STATUS(Check(&Descriptor, Own, MAXIMUM_ALLOWED, &Granted), STATUS_SUCCESS);
    EXPECT_EQ(Granted & 0xF, 7);
    EXPECT_STATUS(Check(&Descriptor, Own, 8, &Granted), STATUS_ACCESS_DENIED);
    EXPECT(!SeTokenIsRestricted(Own) && SeTokenIsAdmin(Own));
    EXPECT_STATUS(SeFilterToken(Own, 0, &Disable, NULL, NULL, &Token), STATUS_SUCCESS);
    EXPECT(!SeTokenIsAdmin(Token) && !SeTokenIsRestricted(Token));
    EXPECT_STATUS(Check(&Descriptor, Token, 2, &Granted), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Check(&Descriptor, Token, 5, &Granted), STATUS_SUCCESS);
    ObDereferenceObject(Token);
    EXPECT_STATUS(SeFilterToken(Own, DISABLE_MAX_PRIVILEGE, NULL, NULL, &Restrict, &Token),
                  STATUS_SUCCESS);
    EXPECT(SeTokenIsRestricted(Token));
    EXPECT_STATUS(Check(&Descriptor, Token, 1, &Granted), STATUS_SUCCESS); /* World: in both */
    EXPECT_STATUS(Check(&Descriptor, Token, 4, &Granted), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Check(&Descriptor, Token, MAXIMUM_ALLOWED, &Granted), STATUS_SUCCESS);
    EXPECT_EQ(Granted & 0xF, 1);
    EXPECT_STATUS(Check(&Descriptor, Own, ACCESS_SYSTEM_SECURITY, &Granted),
                  STATUS_PRIVILEGE_NOT_HELD); /* SeSecurityPrivilege is there, and not enabled */
    EXPECT_STATUS(Check(&Descriptor, Token, ACCESS_SYSTEM_SECURITY, &Granted),
                  STATUS_PRIVILEGE_NOT_HELD);
    ObDereferenceObject(Token);
    PsDereferencePrimaryToken(Own);
}

static NTSTATUS NTAPI
OnSession(PLUID LogonId)
{
    return STATUS_SUCCESS;
}

/* [DDI:ntifs/seregisterlogonsessionterminatedroutine], [DDI:ntifs/semarklogonsessionforterminationnotification] */
static VOID
Sessions(VOID)
{
    PACCESS_TOKEN Own = PsReferencePrimaryToken(PsGetCurrentProcess());
    LUID Id = {0x12345, 7};

    EXPECT_STATUS(SeMarkLogonSessionForTerminationNotification(&Id), STATUS_NOT_FOUND);
    Id.HighPart = 0;
    EXPECT_STATUS(SeMarkLogonSessionForTerminationNotification(&Id), STATUS_NOT_FOUND);
    EXPECT_STATUS(SeQueryAuthenticationIdToken(Own, &Id), STATUS_SUCCESS);
    EXPECT_STATUS(SeMarkLogonSessionForTerminationNotification(&Id), STATUS_SUCCESS);
    PsDereferencePrimaryToken(Own);
    EXPECT_STATUS(SeRegisterLogonSessionTerminatedRoutine(NULL), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(SeRegisterLogonSessionTerminatedRoutine(OnSession), STATUS_SUCCESS);
    EXPECT_STATUS(SeRegisterLogonSessionTerminatedRoutine(OnSession), STATUS_SUCCESS);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutine(OnSession), STATUS_SUCCESS);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutine(OnSession), STATUS_SUCCESS);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutine(OnSession), STATUS_NOT_FOUND);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutine(NULL), STATUS_INVALID_PARAMETER);
}

TEST_DRIVER(TEST(Lists), TEST(Descriptors), TEST(Assigned), TEST(Clients), TEST(States),
            TEST(Filtered), TEST(Sessions))
