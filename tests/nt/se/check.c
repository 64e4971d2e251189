/*
 * check.c - SeAccessCheck step by step: the kinds of entries and their order, generic rights, MAXIMUM_ALLOWED, owners, privileges,
 * restricted tokens, and what needs no check.
 * Of a descriptor the parts that are asked for. [DDI:ntifs/sequerysecuritydescriptorinfo], [DDI:wdm/seaccesscheck], [DDI:wdm/sefreeprivileges], [DDI:ntifs/sefiltertoken], [DDI:ntifs/setokeniswriterestricted],
 * [LEARN:secauthz/how-dacls-control-access-to-an-object], [LEARN:secauthz/order-of-aces-in-a-dacl], MS-DTYP 2.4.4 (entries),
 * 2.5.3 (the check in pseudocode).
 */
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI SeTokenIsWriteRestricted(PACCESS_TOKEN);
NTSYSAPI NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, PBOOLEAN, PACL *,
                                                     PBOOLEAN);
#ifndef WRITE_RESTRICTED
#define WRITE_RESTRICTED 8
#endif

#define READ    0x0001
#define WRITE   0x0002
#define EXECUTE 0x0004
#define OTHER   0x0008
#define SPECIAL 0x0F

static GENERIC_MAPPING Mapping = {READ_CONTROL | READ, READ_CONTROL | WRITE, READ_CONTROL | EXECUTE,
                                  STANDARD_RIGHTS_REQUIRED | SPECIAL};
static ULONG64 Space[64];
static SECURITY_DESCRIPTOR Descriptor;
static PACCESS_TOKEN Token;
static PPRIVILEGE_SET Privileges;

/* [MS-DTYP 2.4.4.3]: GUIDs, as the flags say, and the SID behind them. */
typedef struct _OBJECT_ENTRY {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG Flags;
    UCHAR Rest[32 + 16];
} OBJECT_ENTRY;

static VOID
Start(PSID Owner)
{
    RtlCreateAcl((PACL)Space, sizeof(Space), ACL_REVISION_DS);
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Space, FALSE);
    RtlSetOwnerSecurityDescriptor(&Descriptor, Owner, FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, Owner, FALSE);
}

static VOID
Add(UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    OBJECT_ENTRY Entry = {.Mask = Mask};
    ULONG Length = RtlLengthSid(Sid);

    Entry.Header.AceType = Type;
    Entry.Header.AceFlags = Flags;
    Entry.Header.AceSize = (USHORT)(8 + Length);
    RtlCopyMemory(&Entry.Flags, Sid, Length);
    EXPECT_STATUS(RtlAddAce((PACL)Space, ACL_REVISION_DS, MAXULONG, &Entry, Entry.Header.AceSize),
                  STATUS_SUCCESS);
}

static VOID
AddObject(UCHAR Type, ULONG Which, ACCESS_MASK Mask, PSID Sid)
{
    OBJECT_ENTRY Entry = {.Mask = Mask, .Flags = Which};
    ULONG Length = RtlLengthSid(Sid), Guids = (Which & 1 ? 16 : 0) + (Which & 2 ? 16 : 0);

    Entry.Header.AceType = Type;
    Entry.Header.AceSize = (USHORT)(12 + Guids + Length);
    RtlFillMemory(Entry.Rest, Guids, 0x5C);
    RtlCopyMemory(Entry.Rest + Guids, Sid, Length);
    EXPECT_STATUS(RtlAddAce((PACL)Space, ACL_REVISION_DS, MAXULONG, &Entry, Entry.Header.AceSize),
                  STATUS_SUCCESS);
}

/* The access that is granted; its complement's top bit stays clear. A refusal: the status. */
static ULONG
Check(ACCESS_MASK Desired, ACCESS_MASK Previous)
{
    SECURITY_SUBJECT_CONTEXT Subject = {.PrimaryToken = Token};
    NTSTATUS Status = 0x12345678;
    ACCESS_MASK Granted = 0x55555555;
    BOOLEAN Good = SeAccessCheck(&Descriptor, &Subject, FALSE, Desired, Previous, &Privileges,
                                 &Mapping, UserMode, &Granted, &Status);

    EXPECT_EQ(Good, NT_SUCCESS(Status));
    EXPECT(Good || Granted == 0);
    return Good ? Granted : (ULONG)Status;
}

#define DENIED ((ULONG)STATUS_ACCESS_DENIED)
#define NOBODY (SeExports->SeNullSid)
#define WORLD  (SeExports->SeWorldSid)
#define SYSTEM (SeExports->SeLocalSystemSid)
#define GUEST  (SeExports->SeAliasGuestsSid) /* no group of the system's */

/* Entries of every kind that grants or denies; the others mean nothing. */
static VOID
Kinds(VOID)
{
    static const UCHAR Allows[] = {ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE};
    static const UCHAR Denies[] = {ACCESS_DENIED_ACE_TYPE, ACCESS_DENIED_CALLBACK_ACE_TYPE};
    static const UCHAR Others[] = {SYSTEM_AUDIT_ACE_TYPE, SYSTEM_ALARM_ACE_TYPE,
                                   SYSTEM_MANDATORY_LABEL_ACE_TYPE};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Allows); i++) {
        Start(NOBODY);
        Add(Allows[i], 0, READ, WORLD);
        EXPECT_EQ(Check(READ, 0), READ);
        EXPECT_EQ(Check(WRITE, 0), DENIED);
        EXPECT_EQ(Check(READ | WRITE, 0), DENIED); /* all or nothing */
        Start(NOBODY);
        Add(Denies[i], 0, READ, WORLD);
        Add(Allows[i], 0, READ | WRITE, WORLD);
        EXPECT_EQ(Check(READ, 0), DENIED);
        EXPECT_EQ(Check(WRITE, 0), WRITE);
        EXPECT_EQ(Check(READ | WRITE, 0), DENIED);
        EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, WRITE);
    }
    for (ULONG Which = 0; Which < 4; Which++) {
        Start(NOBODY);
        AddObject(ACCESS_ALLOWED_OBJECT_ACE_TYPE, Which, READ, GUEST);
        AddObject(ACCESS_DENIED_OBJECT_ACE_TYPE, Which, WRITE, SYSTEM);
        AddObject(ACCESS_ALLOWED_OBJECT_ACE_TYPE, Which, WRITE | EXECUTE, SYSTEM);
        EXPECT_EQ(Check(READ, 0), DENIED);
        EXPECT_EQ(Check(WRITE, 0), DENIED);
        EXPECT_EQ(Check(EXECUTE, 0), EXECUTE);
        EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, EXECUTE);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Others); i++) {
        Start(NOBODY);
        Add(Others[i], 0, READ, WORLD);
        Add(ACCESS_ALLOWED_ACE_TYPE, 0, WRITE, WORLD);
        EXPECT_EQ(Check(READ, 0), DENIED);
        EXPECT_EQ(Check(WRITE, 0), WRITE);
        EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, WRITE);
    }
}

/* What comes first decides, right by right; an entry that is only inherited does not count. */
static VOID
Order(VOID)
{
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, WORLD);
    Add(ACCESS_DENIED_ACE_TYPE, 0, READ | WRITE, SYSTEM);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, WRITE | EXECUTE, WORLD);
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT_EQ(Check(WRITE, 0), DENIED);
    EXPECT_EQ(Check(READ | EXECUTE, 0), READ | EXECUTE);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, READ | EXECUTE);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED | READ, 0) & SPECIAL, READ | EXECUTE);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED | WRITE, 0),
              DENIED); /* what is asked for by name must be granted */
    Start(NOBODY);
    Add(ACCESS_DENIED_ACE_TYPE, INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE, READ, WORLD);
    Add(ACCESS_ALLOWED_ACE_TYPE, OBJECT_INHERIT_ACE, READ, WORLD);
    Add(ACCESS_ALLOWED_ACE_TYPE, INHERIT_ONLY_ACE | CONTAINER_INHERIT_ACE, WRITE, WORLD);
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT_EQ(Check(WRITE, 0), DENIED);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, READ);
    Start(NOBODY); /* an entry for somebody else */
    Add(ACCESS_DENIED_ACE_TYPE, 0, READ, GUEST);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, SYSTEM);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, WRITE, GUEST);
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT_EQ(Check(WRITE, 0), DENIED);
    Start(NOBODY); /* an empty list grants nothing */
    EXPECT_EQ(Check(READ, 0), DENIED);
    EXPECT_EQ(Check(OTHER, 0), DENIED);
}

/* Generic rights stand for the specific ones of the mapping, in entries and in what is asked for. */
static VOID
Generic(VOID)
{
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, GENERIC_READ, WORLD);
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT_EQ(Check(GENERIC_READ, 0), READ | READ_CONTROL);
    EXPECT_EQ(Check(GENERIC_WRITE, 0), DENIED);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & ~WRITE_OWNER, READ | READ_CONTROL);
    Start(NOBODY);
    Add(ACCESS_DENIED_ACE_TYPE, 0, GENERIC_EXECUTE, GUEST);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, GENERIC_ALL, WORLD);
    EXPECT_EQ(Check(GENERIC_ALL, 0), STANDARD_RIGHTS_REQUIRED | SPECIAL);
    EXPECT_EQ(Check(GENERIC_EXECUTE | OTHER, 0), READ_CONTROL | EXECUTE | OTHER);
    EXPECT_EQ(Check(SYNCHRONIZE, 0), DENIED); /* not of the mapping */
}

/* The owner may read and change the list, unless an entry for OWNER RIGHTS (S-1-3-4) says what else. */
static VOID
Owners(VOID)
{
    static const SID OwnerRights = {1, 1, {SECURITY_CREATOR_SID_AUTHORITY}, {4}};

    Start(SYSTEM);
    EXPECT_EQ(Check(READ_CONTROL, 0), READ_CONTROL);
    EXPECT_EQ(Check(READ_CONTROL | WRITE_DAC, 0), READ_CONTROL | WRITE_DAC);
    EXPECT_EQ(Check(READ_CONTROL | READ, 0), DENIED);
    EXPECT_EQ(Check(DELETE, 0), DENIED);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & ~WRITE_OWNER, READ_CONTROL | WRITE_DAC);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, (PSID)&OwnerRights);
    EXPECT_EQ(Check(READ_CONTROL, 0), DENIED);
    EXPECT_EQ(Check(WRITE_DAC, 0), DENIED);
    EXPECT_EQ(Check(READ, 0), READ);
    Start(NOBODY); /* not the owner: neither the rights nor the entry are his */
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, (PSID)&OwnerRights);
    EXPECT_EQ(Check(READ_CONTROL, 0), DENIED);
    EXPECT_EQ(Check(READ, 0), DENIED);
    Start(SYSTEM);
    Add(ACCESS_ALLOWED_ACE_TYPE, INHERIT_ONLY_ACE, READ, (PSID)&OwnerRights);
    EXPECT_EQ(Check(READ_CONTROL, 0), READ_CONTROL);
}

static VOID
Enable(LONG Privilege, ULONG Attributes)
{
    TOKEN_PRIVILEGES New = {1, {{RtlConvertLongToLuid(Privilege), Attributes}}};
    HANDLE Handle;

    EXPECT_STATUS(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES,
                                       OBJ_KERNEL_HANDLE, &Handle),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwAdjustPrivilegesToken(Handle, FALSE, &New, 0, NULL, NULL), STATUS_SUCCESS);
    ZwClose(Handle);
}

/* An enabled privilege that was used is told; the set is the caller's to free. */
static VOID
WithPrivileges(VOID)
{
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, WORLD);
    EXPECT_EQ(Check(WRITE_OWNER, 0), DENIED); /* held, and not enabled */
    EXPECT_EQ(Check(ACCESS_SYSTEM_SECURITY, 0), (ULONG)STATUS_PRIVILEGE_NOT_HELD);
    Enable(SE_TAKE_OWNERSHIP_PRIVILEGE, SE_PRIVILEGE_ENABLED);
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, WORLD);
    Privileges = (PVOID)1;
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT(Privileges == NULL);
    EXPECT_EQ(Check(WRITE_OWNER | READ, 0), WRITE_OWNER | READ); /* SeTakeOwnershipPrivilege */
    EXPECT(Privileges != NULL && Privileges->PrivilegeCount == 1 && Privileges->Control == 0 &&
           Privileges->Privilege[0].Luid.LowPart == SE_TAKE_OWNERSHIP_PRIVILEGE &&
           Privileges->Privilege[0].Luid.HighPart == 0 &&
           Privileges->Privilege[0].Attributes == SE_PRIVILEGE_USED_FOR_ACCESS);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    EXPECT_EQ(Check(WRITE_OWNER | WRITE, 0), DENIED);
    EXPECT(Privileges == NULL);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0), READ | WRITE_OWNER);
    Enable(SE_SECURITY_PRIVILEGE, SE_PRIVILEGE_ENABLED);
    EXPECT_EQ(Check(ACCESS_SYSTEM_SECURITY | WRITE_OWNER | READ, 0),
              ACCESS_SYSTEM_SECURITY | WRITE_OWNER | READ);
    EXPECT(Privileges != NULL && Privileges->PrivilegeCount == 2);
    if (Privileges != NULL) {
        PLUID_AND_ATTRIBUTES Used = Privileges->Privilege;

        EXPECT_EQ(Used[0].Luid.LowPart + Used[1].Luid.LowPart,
                  SE_SECURITY_PRIVILEGE + SE_TAKE_OWNERSHIP_PRIVILEGE);
        EXPECT_EQ(Used[1].Attributes, SE_PRIVILEGE_USED_FOR_ACCESS);
        SeFreePrivileges(Privileges);
    }
    EXPECT_EQ(Check(ACCESS_SYSTEM_SECURITY, 0), ACCESS_SYSTEM_SECURITY);
    EXPECT(Privileges != NULL && Privileges->PrivilegeCount == 1 &&
           Privileges->Privilege[0].Luid.LowPart == SE_SECURITY_PRIVILEGE);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    Enable(SE_TAKE_OWNERSHIP_PRIVILEGE, 0);
    Enable(SE_SECURITY_PRIVILEGE, 0);
    EXPECT_EQ(Check(ACCESS_SYSTEM_SECURITY, 0), (ULONG)STATUS_PRIVILEGE_NOT_HELD);
    EXPECT_EQ(Check(WRITE_OWNER, 0), DENIED);
}

/* Without a list everything is granted; without a descriptor nothing; kernel mode asks nobody. */
static VOID
Whole(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject = {.PrimaryToken = Token};
    ACCESS_MASK Granted = 0;
    NTSTATUS Status = 0x12345678;

    Start(NOBODY);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, NULL, FALSE);
    EXPECT_EQ(Check(READ | WRITE, 0), READ | WRITE);
    EXPECT_EQ(Check(GENERIC_ALL, 0), STANDARD_RIGHTS_REQUIRED | SPECIAL);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0), STANDARD_RIGHTS_REQUIRED | SPECIAL);
    RtlSetDaclSecurityDescriptor(&Descriptor, FALSE, NULL, FALSE);
    EXPECT_EQ(Check(WRITE, EXECUTE), WRITE | EXECUTE); /* and what was granted before */
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, WORLD);
    EXPECT_EQ(Check(READ, DELETE), READ | DELETE);
    EXPECT_EQ(Check(WRITE, DELETE), DENIED);
    EXPECT_EQ(Check(0, DELETE), DELETE); /* nothing more */
    EXPECT_EQ(Check(0, 0), DENIED);
    EXPECT(!SeAccessCheck(NULL, &Subject, FALSE, READ, 0, NULL, &Mapping, UserMode, &Granted,
                          &Status));
    EXPECT_STATUS(Status, STATUS_ACCESS_DENIED);
    EXPECT(SeAccessCheck(NULL, &Subject, FALSE, WRITE, DELETE, NULL, &Mapping, KernelMode, &Granted,
                         &Status));
    EXPECT_EQ(Granted, WRITE | DELETE);
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, MAXIMUM_ALLOWED | SYNCHRONIZE, DELETE,
                         &Privileges, &Mapping, KernelMode, &Granted, &Status));
    EXPECT_EQ(Granted, STANDARD_RIGHTS_REQUIRED | SPECIAL | SYNCHRONIZE);
    EXPECT(Privileges == NULL);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    Subject.ClientToken = Token;
    Subject.ImpersonationLevel = SecurityIdentification; /* may be looked at, not acted with */
    EXPECT(!SeAccessCheck(&Descriptor, &Subject, FALSE, READ, 0, NULL, &Mapping, UserMode, &Granted,
                          &Status));
    EXPECT_STATUS(Status, STATUS_BAD_IMPERSONATION_LEVEL);
    EXPECT_EQ(Granted, 0);
    Subject.ImpersonationLevel = SecurityImpersonation;
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, READ, 0, NULL, &Mapping, UserMode, &Granted,
                         &Status));
    EXPECT_EQ(Granted, READ);
}

/* A restricted token must be granted by both of its lists; a write-restricted one by the second for writing only. */
static VOID
Restricted(VOID)
{
    TOKEN_GROUPS Restrict = {1, {{WORLD, 0}}};
    PACCESS_TOKEN Own = Token, Both = NULL, Writing = NULL;

    EXPECT_STATUS(SeFilterToken(Own, 0, NULL, NULL, &Restrict, &Both), STATUS_SUCCESS);
    EXPECT_STATUS(SeFilterToken(Own, WRITE_RESTRICTED, NULL, NULL, &Restrict, &Writing),
                  STATUS_SUCCESS);
    EXPECT(!SeTokenIsWriteRestricted(Own) && !SeTokenIsWriteRestricted(Both) &&
           SeTokenIsWriteRestricted(Writing));
    EXPECT(SeTokenIsRestricted(Both) && SeTokenIsRestricted(Writing));
    Start(NOBODY);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ | WRITE, SYSTEM);
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, EXECUTE, WORLD);
    EXPECT_EQ(Check(READ | WRITE | EXECUTE, 0), READ | WRITE | EXECUTE);
    Token = Both;
    EXPECT_EQ(Check(READ, 0), DENIED);
    EXPECT_EQ(Check(EXECUTE, 0), EXECUTE);
    EXPECT_EQ(Check(EXECUTE | READ, 0), DENIED);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED, 0) & SPECIAL, EXECUTE);
    Token = Writing;
    EXPECT_EQ(Check(READ, 0), READ);
    EXPECT_EQ(Check(WRITE, 0), DENIED);
    EXPECT_EQ(Check(READ | EXECUTE, 0), READ | EXECUTE);
    Token = Own;
    ObDereferenceObject(Both);
    ObDereferenceObject(Writing);
}

/* Whatever is asked for, and nothing else, as it was; each size that is too small is refused with the one that is needed. */
static VOID
Parts(VOID)
{
    static ULONG64 Whole[64], Part[64], Audit[16];
    PSECURITY_DESCRIPTOR Object = Whole;
    SECURITY_DESCRIPTOR Made;
    ULONG Length = sizeof(Whole), Least;
    BOOLEAN Present, Defaulted;
    PACL List;
    PSID Sid;

    Start(SYSTEM);
    ((PACL)Space)->AclSize = 64;
    Add(ACCESS_ALLOWED_ACE_TYPE, 0, READ, WORLD);
    RtlCreateAcl((PACL)Audit, 48, ACL_REVISION);
    RtlAddAccessAllowedAce((PACL)Audit, ACL_REVISION, WRITE, WORLD);
    Made = Descriptor;
    Made.Sacl = (PACL)Audit;
    Made.Control |= SE_SACL_PRESENT | SE_DACL_PROTECTED;
    RtlSetGroupSecurityDescriptor(&Made, WORLD, FALSE);
    EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Made, Object, &Length), STATUS_SUCCESS);
    for (SECURITY_INFORMATION What = 0; What < 16; What++) {
        USHORT Control;

        Least = sizeof(SECURITY_DESCRIPTOR_RELATIVE) + (What & 1 ? RtlLengthSid(SYSTEM) : 0) +
                (What & 2 ? RtlLengthSid(WORLD) : 0) + (What & 4 ? 64 : 0) + (What & 8 ? 48 : 0);
        Length = Least - 1;
        EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&What, Part, &Length, &Object),
                      STATUS_BUFFER_TOO_SMALL);
        EXPECT_EQ(Length, Least);
        RtlFillMemory(Part, sizeof(Part), 0xCC);
        EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&What, Part, &Length, &Object), STATUS_SUCCESS);
        EXPECT_EQ(Length, Least);
        EXPECT(RtlValidSecurityDescriptor(Part) && ((PUCHAR)Part)[Least] == 0xCC);
        Control = ((PISECURITY_DESCRIPTOR_RELATIVE)Part)->Control;
        RtlGetOwnerSecurityDescriptor(Part, &Sid, &Defaulted);
        EXPECT(What & OWNER_SECURITY_INFORMATION ? Sid != NULL && RtlEqualSid(Sid, SYSTEM)
                                                 : Sid == NULL);
        RtlGetGroupSecurityDescriptor(Part, &Sid, &Defaulted);
        EXPECT(What & GROUP_SECURITY_INFORMATION ? Sid != NULL && RtlEqualSid(Sid, WORLD)
                                                 : Sid == NULL);
        RtlGetDaclSecurityDescriptor(Part, &Present, &List, &Defaulted);
        EXPECT_EQ(Present, (What & DACL_SECURITY_INFORMATION) != 0);
        EXPECT(!Present || (List != NULL && List->AclSize == 64 && List->AceCount == 1));
        EXPECT_EQ((Control & SE_DACL_PROTECTED) != 0, Present);
        RtlGetSaclSecurityDescriptor(Part, &Present, &List, &Defaulted);
        EXPECT_EQ(Present, (What & SACL_SECURITY_INFORMATION) != 0);
        EXPECT(!Present || (List != NULL && List->AclSize == 48 && List->AceCount == 1));
        EXPECT((Control & SE_SELF_RELATIVE) != 0);
    }
    EXPECT(SeValidSecurityDescriptor(sizeof(Whole), Object));
    Object = NULL; /* an object without one: nothing of anything */
    Length = sizeof(Part);
    EXPECT_STATUS(
        SeQuerySecurityDescriptorInfo(&(SECURITY_INFORMATION){15}, Part, &Length, &Object),
        STATUS_SUCCESS);
    EXPECT_EQ(Length, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    EXPECT(!SeValidSecurityDescriptor(Length, Part)); /* it has no owner */
}

/* [DDI:ntifs/sequeryinformationtoken] a block of pool that the caller frees, or, for what is one number, the number itself. */
static VOID
Told(VOID)
{
    union {
        PVOID Block;
        PTOKEN_USER User;
        PTOKEN_GROUPS Groups;
        PTOKEN_PRIVILEGES Privileges;
        PTOKEN_OWNER Owner;
        PTOKEN_PRIMARY_GROUP Group;
        PTOKEN_SOURCE Source;
        PTOKEN_STATISTICS Statistics;
        PTOKEN_DEFAULT_DACL Dacl;
        ULONG Number;
    } Told = {NULL};
    BOOLEAN Admins = FALSE;
    ULONG Groups, Held;
    LUID Id;

    EXPECT_STATUS(SeQueryInformationToken(Token, TokenUser, &Told.Block), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Told.User->User.Sid, SYSTEM) && Told.User->User.Attributes == 0);
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenGroups, &Told.Block), STATUS_SUCCESS);
    Groups = Told.Groups->GroupCount;
    EXPECT(Groups >= 2 && Groups < 20);
    for (ULONG i = 0; i < Groups; i++) {
        PSID_AND_ATTRIBUTES At = Told.Groups->Groups;

        EXPECT(RtlValidSid(At[i].Sid));
        Admins = Admins || RtlEqualSid(At[i].Sid, SeExports->SeAliasAdminsSid);
    }
    EXPECT(Admins);
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenPrivileges, &Told.Block), STATUS_SUCCESS);
    Held = Told.Privileges->PrivilegeCount;
    EXPECT(Held > 10 && Held <= 36);
    for (ULONG i = 0; i < Held; i++) {
        PLUID_AND_ATTRIBUTES At = Told.Privileges->Privileges;

        EXPECT(At[i].Luid.LowPart >= 2 && At[i].Luid.LowPart <= 36 && At[i].Luid.HighPart == 0);
    }
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenOwner, &Told.Block), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Told.Owner->Owner, SeExports->SeAliasAdminsSid));
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenPrimaryGroup, &Told.Block), STATUS_SUCCESS);
    EXPECT(RtlEqualSid(Told.Group->PrimaryGroup, SYSTEM));
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenDefaultDacl, &Told.Block), STATUS_SUCCESS);
    EXPECT(Told.Dacl->DefaultDacl != NULL && Told.Dacl->DefaultDacl->AceCount >= 1);
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenSource, &Told.Block), STATUS_SUCCESS);
    EXPECT(Told.Source->SourceName[0] != 0);
    ExFreePool(Told.Block);
    SeQueryAuthenticationIdToken(Token, &Id);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenStatistics, &Told.Block), STATUS_SUCCESS);
    EXPECT(Told.Statistics->GroupCount == Groups && Told.Statistics->PrivilegeCount == Held &&
           Told.Statistics->TokenType == TokenPrimary &&
           RtlEqualLuid(&Told.Statistics->AuthenticationId, &Id));
    ExFreePool(Told.Block);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenSessionId, &Told.Block), STATUS_SUCCESS);
    EXPECT_EQ(Told.Number, 0);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenType, &Told.Block), STATUS_SUCCESS);
    EXPECT_EQ(Told.Number, TokenPrimary);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenIntegrityLevel, &Told.Block), STATUS_SUCCESS);
    EXPECT_EQ(Told.Number, 0x4000); /* system */
    EXPECT_STATUS(SeQueryInformationToken(Token, (TOKEN_INFORMATION_CLASS)999, &Told.Block),
                  STATUS_INVALID_INFO_CLASS);
}

static VOID
Take(VOID)
{
    Token = PsReferencePrimaryToken(PsGetCurrentProcess());
}

static VOID
GiveBack(VOID)
{
    PsDereferencePrimaryToken(Token);
}

TEST_DRIVER(TEST(Take), TEST(Kinds), TEST(Order), TEST(Generic), TEST(Owners), TEST(WithPrivileges),
            TEST(Whole), TEST(Restricted), TEST(Parts), TEST(Told), TEST(GiveBack))
