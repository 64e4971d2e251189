/*
 * inherit.c - what a new object gets: every kind of entry with every set of inheritance flags, byte by byte; where owner, group and the
 * lists come from, what is marked, what is merged; and descriptors changed and read part by part.
 * [LEARN:secauthz/ace-inheritance-rules], [LEARN:secauthz/dacl-for-a-new-object], [LEARN:secauthz/automatic-propagation-of-inheritable-aces],
 * MS-DTYP 2.5.3.4 (the same in pseudocode), [DDI:ntifs/seassignsecurity], [DDI:ntifs/seassignsecurityex],
 * [DDI:ntifs/sesetsecuritydescriptorinfo], [DDI:ntifs/sequerysecuritydescriptorinfo], [DDI:ntifs/sevalidsecuritydescriptor].
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI RtlSetControlSecurityDescriptor(PSECURITY_DESCRIPTOR, USHORT, USHORT);
NTSYSAPI NTSTATUS NTAPI RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR, PUSHORT, PULONG);
NTSYSAPI NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, PBOOLEAN, PACL *,
                                                     PBOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);

#ifndef SEF_DACL_AUTO_INHERIT
#define SEF_DACL_AUTO_INHERIT         0x01
#define SEF_SACL_AUTO_INHERIT         0x02
#define SEF_DEFAULT_OWNER_FROM_PARENT 0x20
#define SEF_DEFAULT_GROUP_FROM_PARENT 0x40
#endif

#define OI OBJECT_INHERIT_ACE
#define CI CONTAINER_INHERIT_ACE
#define NP NO_PROPAGATE_INHERIT_ACE
#define IO INHERIT_ONLY_ACE
#define ID INHERITED_ACE

static GENERIC_MAPPING Mapping = {0x20001, 0x20002, 0x20004, 0x1F000F};
static ULONG64 From[512], Want[512], Other[512];
static SECURITY_SUBJECT_CONTEXT Subject;
static PSECURITY_DESCRIPTOR Made;

static VOID
Empty(PVOID List)
{
    RtlFillMemory(List, sizeof(From), 0xCC);
    RtlCreateAcl(List, sizeof(From), ACL_REVISION);
}

static VOID
Add(PVOID List, UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    ULONG64 Space[16];
    PACCESS_ALLOWED_ACE Ace = (PACCESS_ALLOWED_ACE)Space;

    Ace->Header.AceType = Type;
    Ace->Header.AceFlags = Flags;
    Ace->Header.AceSize = (USHORT)(8 + RtlLengthSid(Sid));
    Ace->Mask = Mask;
    RtlCopyMemory(&Ace->SidStart, Sid, RtlLengthSid(Sid));
    EXPECT_STATUS(RtlAddAce(List, ACL_REVISION, MAXULONG, Ace, Ace->Header.AceSize),
                  STATUS_SUCCESS);
}

/* The list is exactly what the other holds: no byte more. */
static BOOLEAN
Same(PACL Acl, PVOID Wanted)
{
    PACL W = Wanted;
    PUCHAR End = (PUCHAR)(W + 1);

    for (ULONG i = 0; i < W->AceCount; i++) {
        End += ((PACE_HEADER)End)->AceSize;
    }
    return Acl != NULL && Acl->AclRevision == W->AclRevision && Acl->Sbz1 == 0 && Acl->Sbz2 == 0 &&
           Acl->AceCount == W->AceCount && Acl->AclSize == End - (PUCHAR)W &&
           RtlEqualMemory(Acl + 1, W + 1, Acl->AclSize - sizeof(ACL));
}

static PACL
DaclOf(PSECURITY_DESCRIPTOR Descriptor)
{
    BOOLEAN Present = FALSE, Defaulted;
    PACL Acl = NULL;

    RtlGetDaclSecurityDescriptor(Descriptor, &Present, &Acl, &Defaulted);
    return Present ? Acl : NULL;
}

static PACL
SaclOf(PSECURITY_DESCRIPTOR Descriptor)
{
    BOOLEAN Present = FALSE, Defaulted;
    PACL Acl = NULL;

    RtlGetSaclSecurityDescriptor(Descriptor, &Present, &Acl, &Defaulted);
    return Present ? Acl : NULL;
}

static USHORT
ControlOf(PSECURITY_DESCRIPTOR Descriptor)
{
    USHORT Control = 0;
    ULONG Revision;

    RtlGetControlSecurityDescriptor(Descriptor, &Control, &Revision);
    return Control & ~SE_SELF_RELATIVE;
}

static PSID
OwnerOf(PSECURITY_DESCRIPTOR Descriptor)
{
    BOOLEAN Defaulted;
    PSID Sid = NULL;

    RtlGetOwnerSecurityDescriptor(Descriptor, &Sid, &Defaulted);
    return Sid;
}

static PSID
GroupOf(PSECURITY_DESCRIPTOR Descriptor)
{
    BOOLEAN Defaulted;
    PSID Sid = NULL;

    RtlGetGroupSecurityDescriptor(Descriptor, &Sid, &Defaulted);
    return Sid;
}

static NTSTATUS
Assign(PVOID Parent, PVOID Explicit, BOOLEAN Container, ULONG Flags)
{
    if (Made != NULL) {
        SeDeassignSecurity(&Made);
    }
    return SeAssignSecurityEx(Parent, Explicit, &Made, NULL, Container, Flags, &Subject, &Mapping,
                              PagedPool);
}

static SECURITY_DESCRIPTOR Parent, Explicit;

static VOID
Begin(VOID)
{
    SeCaptureSubjectContext(&Subject);
    RtlCreateSecurityDescriptor(&Parent, SECURITY_DESCRIPTOR_REVISION);
    RtlSetOwnerSecurityDescriptor(&Parent, SeExports->SeWorldSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Parent, SeExports->SeAliasGuestsSid, FALSE);
    RtlCreateSecurityDescriptor(&Explicit, SECURITY_DESCRIPTOR_REVISION);
}

/* An entry's flags for what is inherited, as the page's table has them. Both lists of a descriptor follow it. */
static VOID
Every(VOID)
{
    static const UCHAR Types[] = {ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE,
                                  SYSTEM_AUDIT_ACE_TYPE};
    PSID Creator = SeExports->SeAliasGuestsSid; /* of the parent, which is asked for */
    ULONG Bad = 0, Tried = 0;

    RtlSetOwnerSecurityDescriptor(&Parent, Creator, FALSE);
    RtlSetGroupSecurityDescriptor(&Parent, SeExports->SeWorldSid, FALSE);
    for (ULONG Kind = 0; Kind < 4 * 3 * 16 * 4; Kind++) {
        ULONG Flags = Kind & 15, Auto = Kind >> 4 & 1, Container = Kind >> 5 & 1;
        ULONG Form = Kind >> 6 & 3, Type = Types[Kind >> 8];
        PSID Sid = Form == 0   ? SeExports->SeAliasAdminsSid
                   : Form == 1 ? SeExports->SeCreatorOwnerSid
                   : Form == 2 ? SeExports->SeCreatorGroupSid
                               : SeExports->SeAliasUsersSid;
        PSID After = Form == 1 ? Creator : Form == 2 ? SeExports->SeWorldSid : Sid;
        ACCESS_MASK Mask = Form == 3 ? GENERIC_WRITE | 8 : 5, Mapped = Form == 3 ? 0x2000A : 5;
        UCHAR Mark = Auto ? ID : 0;
        BOOLEAN Audit = Type == SYSTEM_AUDIT_ACE_TYPE;
        UCHAR Extra = Audit ? SUCCESSFUL_ACCESS_ACE_FLAG : 0;
        PACL Result;

        Empty(From);
        Empty(Want);
        Add(From, (UCHAR)Type, (UCHAR)Flags | Extra, Mask, Sid);
        Add(From, (UCHAR)Type, Extra, 1, SeExports->SeLocalSystemSid); /* nobody inherits this */
        if (!Container) {
            if (Flags & OI) {
                Add(Want, (UCHAR)Type, Mark | Extra, Mapped, After);
            }
        } else if (Flags & CI) {
            if (Flags & NP) {
                Add(Want, (UCHAR)Type, Mark | Extra, Mapped, After);
            } else if (Form != 0) { /* one that takes effect and one to be inherited */
                Add(Want, (UCHAR)Type, Mark | Extra, Mapped, After);
                Add(Want, (UCHAR)Type, Mark | Extra | IO | (UCHAR)(Flags & (OI | CI)), Mask, Sid);
            } else {
                Add(Want, (UCHAR)Type, Mark | Extra | (UCHAR)(Flags & (OI | CI)), Mapped, After);
            }
        } else if ((Flags & OI) && !(Flags & NP)) {
            Add(Want, (UCHAR)Type, Mark | Extra | IO | OI, Mask, Sid);
        }
        RtlSetDaclSecurityDescriptor(&Parent, !Audit, (PACL)From, FALSE);
        RtlSetSaclSecurityDescriptor(&Parent, Audit, (PACL)From, FALSE);
        EXPECT_STATUS(Assign(&Parent, NULL, (BOOLEAN)Container,
                             (Auto ? SEF_DACL_AUTO_INHERIT | SEF_SACL_AUTO_INHERIT : 0) |
                                 SEF_DEFAULT_OWNER_FROM_PARENT | SEF_DEFAULT_GROUP_FROM_PARENT),
                      STATUS_SUCCESS);
        Result = Audit ? SaclOf(Made) : DaclOf(Made);
        Tried++;
        if (((PACL)Want)->AceCount != 0) {
            USHORT Control = Audit ? SE_SACL_PRESENT | (Auto ? SE_SACL_AUTO_INHERITED : 0)
                                   : SE_DACL_PRESENT | (Auto ? SE_DACL_AUTO_INHERITED : 0);
            USHORT Of = Audit ? SE_SACL_PRESENT | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED
                              : SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED;

            Bad += !Same(Result, Want) || (ControlOf(Made) & Of) != Control;
        } else {
            Bad += Audit ? Result != NULL : (ControlOf(Made) & SE_DACL_AUTO_INHERITED) != 0;
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT_EQ(Tried, 768);
    RtlSetSaclSecurityDescriptor(&Parent, FALSE, NULL, FALSE);
}

/* Several entries of one list, in their order, and kinds that name nobody. */
static VOID
Lists(VOID)
{
    Empty(From);
    Empty(Want);
    Add(From, ACCESS_DENIED_ACE_TYPE, OI | CI, 1, SeExports->SeWorldSid);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, CI, GENERIC_ALL, SeExports->SeCreatorOwnerSid);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, 0, 2, SeExports->SeWorldSid);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, OI, 4, SeExports->SeAliasUsersSid);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, OI | CI | NP, GENERIC_READ, SeExports->SeAliasAdminsSid);
    Add(Want, ACCESS_DENIED_ACE_TYPE, OI | CI | ID, 1, SeExports->SeWorldSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, ID, 0x1F000F, SeExports->SeWorldSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, CI | IO | ID, GENERIC_ALL, SeExports->SeCreatorOwnerSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, OI | IO | ID, 4, SeExports->SeAliasUsersSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, ID, 0x20001, SeExports->SeAliasAdminsSid);
    RtlSetOwnerSecurityDescriptor(&Parent, SeExports->SeWorldSid, FALSE);
    RtlSetDaclSecurityDescriptor(&Parent, TRUE, (PACL)From, FALSE);
    EXPECT_STATUS(
        Assign(&Parent, NULL, TRUE, SEF_DACL_AUTO_INHERIT | SEF_DEFAULT_OWNER_FROM_PARENT),
        STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED);
    EXPECT(RtlEqualSid(OwnerOf(Made), SeExports->SeWorldSid));
    EXPECT(SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(Made), Made));
    /* a child of that child: the template is used again, what is there for this object alone ends */
    RtlCopyMemory(Other, Want, sizeof(Other));
    Empty(Want);
    Add(Want, ACCESS_DENIED_ACE_TYPE, ID, 1, SeExports->SeWorldSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, ID, 4, SeExports->SeAliasUsersSid);
    RtlSetDaclSecurityDescriptor(&Parent, TRUE, (PACL)Other, FALSE);
    EXPECT_STATUS(Assign(&Parent, NULL, FALSE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
}

/* Owner and group: the explicit ones, the parent's where that is asked for, the creator's. */
static VOID
Owners(VOID)
{
    PACCESS_TOKEN Token = SeQuerySubjectContextToken(&Subject);
    PTOKEN_OWNER Owner = NULL;
    PTOKEN_PRIMARY_GROUP Group = NULL;
    static const ULONG Flags[] = {0, SEF_DEFAULT_OWNER_FROM_PARENT, SEF_DEFAULT_GROUP_FROM_PARENT,
                                  SEF_DEFAULT_OWNER_FROM_PARENT | SEF_DEFAULT_GROUP_FROM_PARENT};

    EXPECT_STATUS(SeQueryInformationToken(Token, TokenOwner, (PVOID *)&Owner), STATUS_SUCCESS);
    EXPECT_STATUS(SeQueryInformationToken(Token, TokenPrimaryGroup, (PVOID *)&Group),
                  STATUS_SUCCESS);
    RtlCreateSecurityDescriptor(&Parent, SECURITY_DESCRIPTOR_REVISION);
    for (ULONG Has = 0; Has < 16; Has++) {
        RtlSetOwnerSecurityDescriptor(&Parent, Has & 1 ? SeExports->SeWorldSid : NULL, FALSE);
        RtlSetGroupSecurityDescriptor(&Parent, Has & 2 ? SeExports->SeWorldSid : NULL, FALSE);
        RtlSetOwnerSecurityDescriptor(&Explicit, Has & 4 ? SeExports->SeAliasGuestsSid : NULL,
                                      FALSE);
        RtlSetGroupSecurityDescriptor(&Explicit, Has & 8 ? SeExports->SeAliasUsersSid : NULL,
                                      FALSE);
        for (ULONG i = 0; i < RTL_NUMBER_OF(Flags); i++) {
            PSID WantOwner = Has & 4                          ? SeExports->SeAliasGuestsSid
                             : (Has & 1) && (Flags[i] & 0x20) ? SeExports->SeWorldSid
                                                              : Owner->Owner;
            PSID WantGroup = Has & 8                          ? SeExports->SeAliasUsersSid
                             : (Has & 2) && (Flags[i] & 0x40) ? SeExports->SeWorldSid
                                                              : Group->PrimaryGroup;

            EXPECT_STATUS(Assign(&Parent, &Explicit, FALSE, Flags[i]), STATUS_SUCCESS);
            EXPECT(RtlEqualSid(OwnerOf(Made), WantOwner));
            EXPECT(RtlEqualSid(GroupOf(Made), WantGroup));
        }
    }
    EXPECT_STATUS(Assign(NULL, NULL, FALSE, 0x60), STATUS_SUCCESS); /* of no parent */
    EXPECT(RtlEqualSid(OwnerOf(Made), Owner->Owner));
    EXPECT(RtlEqualSid(GroupOf(Made), Group->PrimaryGroup));
    ExFreePool(Owner);
    ExFreePool(Group);
    RtlCreateSecurityDescriptor(&Explicit, SECURITY_DESCRIPTOR_REVISION);
}

/* Where the DACL comes from: explicit, inherited, explicit but only by default, the creator's default. */
static VOID
Sources(VOID)
{
    PACCESS_TOKEN Token = SeQuerySubjectContextToken(&Subject);
    PTOKEN_DEFAULT_DACL Default = NULL;

    EXPECT_STATUS(SeQueryInformationToken(Token, TokenDefaultDacl, (PVOID *)&Default),
                  STATUS_SUCCESS);
    Empty(From); /* the parent's */
    Add(From, ACCESS_ALLOWED_ACE_TYPE, OI | CI, 8, SeExports->SeWorldSid);
    Empty(Other); /* the explicit one */
    Add(Other, ACCESS_ALLOWED_ACE_TYPE, 0, GENERIC_READ, SeExports->SeCreatorGroupSid);
    Add(Other, ACCESS_ALLOWED_ACE_TYPE, IO | CI, GENERIC_READ, SeExports->SeCreatorGroupSid);
    RtlSetGroupSecurityDescriptor(&Explicit, SeExports->SeAliasUsersSid, FALSE);
    RtlSetDaclSecurityDescriptor(&Parent, TRUE, (PACL)From, FALSE);
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, (PACL)Other, FALSE);
    Empty(Want); /* the one that takes effect names the group, the other stays as it is */
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, 0, 0x20001, SeExports->SeAliasUsersSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, IO | CI, GENERIC_READ, SeExports->SeCreatorGroupSid);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, 0), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT);
    EXPECT_STATUS(Assign(NULL, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT);
    /* one that is there by default only gives way to what is inherited */
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, (PACL)Other, TRUE);
    EXPECT_STATUS(Assign(NULL, &Explicit, TRUE, 0), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT);
    Empty(Want);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, OI | CI, 8, SeExports->SeWorldSid);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, 0), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, NULL, TRUE); /* by default, and empty */
    EXPECT_STATUS(Assign(NULL, &Explicit, TRUE, 0), STATUS_SUCCESS);
    EXPECT(DaclOf(Made) == NULL && ControlOf(Made) == SE_DACL_PRESENT);
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, NULL, FALSE); /* everybody may everything */
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(DaclOf(Made) == NULL && ControlOf(Made) == SE_DACL_PRESENT);
    /* merged: behind what was given; a list that is protected is left alone */
    RtlSetDaclSecurityDescriptor(&Explicit, TRUE, (PACL)Other, FALSE);
    Empty(Want);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, 0, 0x20001, SeExports->SeAliasUsersSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, IO | CI, GENERIC_READ, SeExports->SeCreatorGroupSid);
    RtlSetControlSecurityDescriptor(&Explicit, SE_DACL_PROTECTED, SE_DACL_PROTECTED);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT | SE_DACL_PROTECTED);
    RtlSetControlSecurityDescriptor(&Explicit, SE_DACL_PROTECTED, 0);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, OI | CI | ID, 8, SeExports->SeWorldSid);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED);
    ((PACL)From)->AclRevision = ACL_REVISION_DS; /* the higher one of two */
    ((PACL)Want)->AclRevision = ACL_REVISION_DS;
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    ((PACL)From)->AclRevision = ACL_REVISION;
    ((PACL)Other)->AclRevision = ACL_REVISION_DS;
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    ((PACL)Other)->AclRevision = ACL_REVISION;
    /* nothing to inherit: what was given, and the creator's default where there is nothing */
    Empty(From);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, 0, 8, SeExports->SeWorldSid);
    Empty(Want);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, 0, 0x20001, SeExports->SeAliasUsersSid);
    Add(Want, ACCESS_ALLOWED_ACE_TYPE, IO | CI, GENERIC_READ, SeExports->SeCreatorGroupSid);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(DaclOf(Made), Want));
    RtlSetDaclSecurityDescriptor(&Explicit, FALSE, NULL, FALSE);
    EXPECT_STATUS(Assign(&Parent, &Explicit, TRUE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT_EQ(DaclOf(Made)->AceCount, Default->DefaultDacl->AceCount);
    EXPECT_EQ(ControlOf(Made), SE_DACL_PRESENT);
    EXPECT_STATUS(Assign(NULL, NULL, FALSE, 0), STATUS_SUCCESS);
    EXPECT_EQ(DaclOf(Made)->AceCount, Default->DefaultDacl->AceCount);
    for (ULONG i = 0; i < Default->DefaultDacl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace = NULL, Old = NULL;
        ACCESS_MASK Mask;

        RtlGetAce(Default->DefaultDacl, i, (PVOID *)&Old);
        RtlGetAce(DaclOf(Made), i, (PVOID *)&Ace);
        Mask = Old->Mask;
        RtlMapGenericMask(&Mask, &Mapping);
        EXPECT(Ace->Mask == Mask && RtlEqualSid(&Ace->SidStart, &Old->SidStart));
    }
    ExFreePool(Default);
}

static VOID
Audits(VOID)
{
    Empty(From);
    Add(From, SYSTEM_AUDIT_ACE_TYPE, OI | SUCCESSFUL_ACCESS_ACE_FLAG, GENERIC_WRITE,
        SeExports->SeWorldSid);
    Empty(Other);
    Add(Other, SYSTEM_AUDIT_ACE_TYPE, FAILED_ACCESS_ACE_FLAG, GENERIC_READ, SeExports->SeWorldSid);
    RtlSetDaclSecurityDescriptor(&Parent, FALSE, NULL, FALSE);
    RtlSetSaclSecurityDescriptor(&Parent, TRUE, (PACL)From, FALSE);
    RtlSetSaclSecurityDescriptor(&Explicit, TRUE, (PACL)Other, FALSE);
    Empty(Want);
    Add(Want, SYSTEM_AUDIT_ACE_TYPE, FAILED_ACCESS_ACE_FLAG, 0x20001, SeExports->SeWorldSid);
    EXPECT_STATUS(Assign(&Parent, &Explicit, FALSE, 0), STATUS_SUCCESS);
    EXPECT(Same(SaclOf(Made), Want));
    EXPECT_EQ(ControlOf(Made), SE_SACL_PRESENT | SE_DACL_PRESENT);
    RtlSetControlSecurityDescriptor(&Explicit, SE_SACL_PROTECTED, SE_SACL_PROTECTED);
    EXPECT_STATUS(Assign(&Parent, &Explicit, FALSE, 0), STATUS_SUCCESS);
    EXPECT_EQ(ControlOf(Made), SE_SACL_PRESENT | SE_SACL_PROTECTED | SE_DACL_PRESENT);
    RtlSetControlSecurityDescriptor(&Explicit, SE_SACL_PROTECTED, 0);
    RtlSetSaclSecurityDescriptor(&Explicit, TRUE, NULL, FALSE); /* explicitly none */
    EXPECT_STATUS(Assign(&Parent, &Explicit, FALSE, 0), STATUS_SUCCESS);
    EXPECT_EQ(SaclOf(Made), NULL);
    Empty(Want);
    Add(Want, SYSTEM_AUDIT_ACE_TYPE, SUCCESSFUL_ACCESS_ACE_FLAG, 0x20002, SeExports->SeWorldSid);
    EXPECT_STATUS(Assign(&Parent, NULL, FALSE, SEF_DACL_AUTO_INHERIT), STATUS_SUCCESS);
    EXPECT(Same(SaclOf(Made), Want)); /* not marked: the other list's flag */
    EXPECT_EQ(ControlOf(Made), SE_SACL_PRESENT | SE_DACL_PRESENT);
    RtlSetSaclSecurityDescriptor(&Explicit, TRUE, (PACL)Other, TRUE); /* by default: not taken */
    EXPECT_STATUS(Assign(&Parent, &Explicit, FALSE, 0), STATUS_SUCCESS);
    EXPECT(Same(SaclOf(Made), Want));
    EXPECT_STATUS(Assign(&Parent, NULL, TRUE, 0), STATUS_SUCCESS);
    Empty(Want);
    Add(Want, SYSTEM_AUDIT_ACE_TYPE, OI | IO | SUCCESSFUL_ACCESS_ACE_FLAG, GENERIC_WRITE,
        SeExports->SeWorldSid);
    EXPECT(Same(SaclOf(Made), Want));
    SeDeassignSecurity(&Made);
    SeReleaseSubjectContext(&Subject);
}

/* Each part of a descriptor is changed and read for itself; the others stay. */
static VOID
Parts(VOID)
{
    SECURITY_DESCRIPTOR Base, Change;
    PSECURITY_DESCRIPTOR Object, Old;
    static ULONG64 Answer[2048];
    SECURITY_INFORMATION Get;

    Empty(From);
    Add(From, ACCESS_ALLOWED_ACE_TYPE, 0, 1, SeExports->SeWorldSid);
    Empty(Other);
    Add(Other, ACCESS_DENIED_ACE_TYPE, 0, 2, SeExports->SeAliasUsersSid);
    for (SECURITY_INFORMATION What = 0; What < 16; What++) {
        SECURITY_INFORMATION Information = What;
        USHORT Control = (What & 4 ? SE_DACL_PRESENT | SE_DACL_PROTECTED
                                   : SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED) |
                         (What & 8 ? SE_SACL_PRESENT | SE_SACL_AUTO_INHERITED
                                   : SE_SACL_PRESENT | SE_SACL_PROTECTED);

        RtlCreateSecurityDescriptor(&Base, SECURITY_DESCRIPTOR_REVISION);
        RtlSetOwnerSecurityDescriptor(&Base, SeExports->SeWorldSid, FALSE);
        RtlSetGroupSecurityDescriptor(&Base, SeExports->SeAliasAdminsSid, FALSE);
        RtlSetDaclSecurityDescriptor(&Base, TRUE, (PACL)From, FALSE);
        RtlSetSaclSecurityDescriptor(&Base, TRUE, (PACL)From, FALSE);
        RtlSetControlSecurityDescriptor(&Base, SE_DACL_AUTO_INHERITED | SE_SACL_PROTECTED,
                                        SE_DACL_AUTO_INHERITED | SE_SACL_PROTECTED);
        RtlCreateSecurityDescriptor(&Change, SECURITY_DESCRIPTOR_REVISION);
        RtlSetOwnerSecurityDescriptor(&Change, SeExports->SeAliasUsersSid, FALSE);
        RtlSetGroupSecurityDescriptor(&Change, SeExports->SeAliasGuestsSid, FALSE);
        RtlSetDaclSecurityDescriptor(&Change, TRUE, (PACL)Other, FALSE);
        RtlSetSaclSecurityDescriptor(&Change, TRUE, (PACL)Other, FALSE);
        RtlSetControlSecurityDescriptor(&Change, SE_DACL_PROTECTED | SE_SACL_AUTO_INHERITED,
                                        SE_DACL_PROTECTED | SE_SACL_AUTO_INHERITED);
        Old = Object = &Base;
        EXPECT_STATUS(SeSetSecurityDescriptorInfo(NULL, &Information, &Change, &Object,
                                                  NonPagedPool, &Mapping),
                      STATUS_SUCCESS);
        EXPECT(Object != Old && Information == What);
        EXPECT(RtlEqualSid(OwnerOf(Object),
                           What & 1 ? SeExports->SeAliasUsersSid : SeExports->SeWorldSid));
        EXPECT(RtlEqualSid(GroupOf(Object),
                           What & 2 ? SeExports->SeAliasGuestsSid : SeExports->SeAliasAdminsSid));
        if (What & 4) {
            EXPECT(Same(DaclOf(Object), Other));
        } else {
            EXPECT_EQ(DaclOf(Object)->AceCount, 1);
            EXPECT(RtlEqualMemory(DaclOf(Object) + 1, (PACL)From + 1, 20));
        }
        if (What & 8) {
            EXPECT(Same(SaclOf(Object), Other));
        } else {
            EXPECT(RtlEqualMemory(SaclOf(Object) + 1, (PACL)From + 1, 20));
        }
        EXPECT_EQ(ControlOf(Object), Control);
        /* read back: the parts that are asked for, as one block of exactly that length */
        for (Get = 0; Get < 16; Get++) {
            ULONG Length = 0, Need;
            NTSTATUS Status;

            RtlFillMemory(Answer, sizeof(Answer), 0xCC);
            Status = SeQuerySecurityDescriptorInfo(&Get, Answer, &Length, &Object);
            EXPECT_STATUS(Status, STATUS_BUFFER_TOO_SMALL);
            EXPECT(Answer[0] == 0xCCCCCCCCCCCCCCCC && Length >= 20);
            Need = Length--;
            EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&Get, Answer, &Length, &Object),
                          STATUS_BUFFER_TOO_SMALL);
            EXPECT_EQ(Length, Need);
            Length = sizeof(Answer);
            EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&Get, Answer, &Length, &Object),
                          STATUS_SUCCESS);
            EXPECT(Length == Need && ((PUCHAR)Answer)[Need] == 0xCC);
            EXPECT_EQ(RtlLengthSecurityDescriptor(Answer), Need);
            EXPECT_EQ(OwnerOf(Answer) != NULL, (Get & 1) != 0);
            EXPECT_EQ(GroupOf(Answer) != NULL, (Get & 2) != 0);
            EXPECT_EQ(DaclOf(Answer) != NULL, (Get & 4) != 0);
            EXPECT_EQ(SaclOf(Answer) != NULL, (Get & 8) != 0);
            EXPECT_EQ(
                ControlOf(Answer),
                Control &
                    ((Get & 4 ? SE_DACL_PRESENT | SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED : 0) |
                     (Get & 8 ? SE_SACL_PRESENT | SE_SACL_PROTECTED | SE_SACL_AUTO_INHERITED : 0)));
            EXPECT_EQ(SeValidSecurityDescriptor(Need, Answer), (Get & 1) != 0);
            EXPECT(!SeValidSecurityDescriptor(Need - 1, Answer));
        }
        ExFreePool(Object);
    }
    Object = NULL; /* nothing to read */
    Get = 15;
    {
        ULONG Length = sizeof(Answer);

        EXPECT_STATUS(SeQuerySecurityDescriptorInfo(&Get, Answer, &Length, &Object),
                      STATUS_SUCCESS);
        EXPECT_EQ(Length, 20);
        EXPECT(OwnerOf(Answer) == NULL && DaclOf(Answer) == NULL && ControlOf(Answer) == 0);
    }
}

/* A list has at most 64 KiB: more cannot be inherited. */
static VOID
Big(VOID)
{
    PACL List = ExAllocatePoolWithTag(PagedPool, 0x10000, 'tseT');
    SECURITY_DESCRIPTOR Above;
    PSID Sid = SeExports->SeCreatorOwnerSid;
    ULONG Count = 0;

    SeCaptureSubjectContext(&Subject);
    RtlCreateAcl(List, 0xFFFC, ACL_REVISION);
    while (NT_SUCCESS(RtlAddAccessAllowedAceEx(List, ACL_REVISION, CI, GENERIC_READ, Sid))) {
        Count++;
    }
    EXPECT_EQ(Count, (0xFFFC - 8) / 20);
    RtlCreateSecurityDescriptor(&Above, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Above, TRUE, List, FALSE);
    EXPECT_STATUS(Assign(&Above, NULL, TRUE, 0), STATUS_INVALID_ACL); /* each gives two */
    EXPECT_EQ(Made, NULL);
    EXPECT_STATUS(Assign(&Above, NULL, FALSE, 0), STATUS_SUCCESS); /* nothing */
    SeDeassignSecurity(&Made);
    EXPECT_EQ(Made, NULL);
    SeReleaseSubjectContext(&Subject);
    ExFreePool(List);
}

TEST_DRIVER(TEST(Begin), TEST(Every), TEST(Lists), TEST(Owners), TEST(Sources), TEST(Audits),
            TEST(Parts), TEST(Big))
