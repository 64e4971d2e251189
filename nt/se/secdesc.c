/*
 * secdesc.c - security descriptors: owner, group, DACL and SACL behind one header.
 *
 * An absolute descriptor holds pointers, a self-relative one (SE_SELF_RELATIVE) offsets from its own
 * start into memory that follows it. The setters work on absolute ones only.
 *
 * Facts: the DDI pages of RtlCreateSecurityDescriptor, RtlSetDaclSecurityDescriptor,
 * RtlAbsoluteToSelfRelativeSD, RtlSelfRelativeToAbsoluteSD, RtlValidRelativeSecurityDescriptor.
 */
#include "sertl.h"

#undef RELATIVE /* wingdi.h */
#define RELATIVE(Descriptor)      (((PISECURITY_DESCRIPTOR)(Descriptor))->Control & SE_SELF_RELATIVE)
#define ABSOLUTE_PART(Descriptor) ((PISECURITY_DESCRIPTOR)(Descriptor))
#define RELATIVE_PART(Descriptor) ((PISECURITY_DESCRIPTOR_RELATIVE)(Descriptor))

static PVOID
RtlpPart(PSECURITY_DESCRIPTOR Descriptor, ULONG Offset)
{
    return Offset != 0 ? (PUCHAR)Descriptor + Offset : NULL;
}

PSID
RtlpOwnerOf(PSECURITY_DESCRIPTOR Descriptor)
{
    return RELATIVE(Descriptor) ? RtlpPart(Descriptor, RELATIVE_PART(Descriptor)->Owner)
                                : ABSOLUTE_PART(Descriptor)->Owner;
}

PSID
RtlpGroupOf(PSECURITY_DESCRIPTOR Descriptor)
{
    return RELATIVE(Descriptor) ? RtlpPart(Descriptor, RELATIVE_PART(Descriptor)->Group)
                                : ABSOLUTE_PART(Descriptor)->Group;
}

PACL
RtlpDaclOf(PSECURITY_DESCRIPTOR Descriptor)
{
    if (!(ABSOLUTE_PART(Descriptor)->Control & SE_DACL_PRESENT)) {
        return NULL;
    }
    return RELATIVE(Descriptor) ? RtlpPart(Descriptor, RELATIVE_PART(Descriptor)->Dacl)
                                : ABSOLUTE_PART(Descriptor)->Dacl;
}

PACL
RtlpSaclOf(PSECURITY_DESCRIPTOR Descriptor)
{
    if (!(ABSOLUTE_PART(Descriptor)->Control & SE_SACL_PRESENT)) {
        return NULL;
    }
    return RELATIVE(Descriptor) ? RtlpPart(Descriptor, RELATIVE_PART(Descriptor)->Sacl)
                                : ABSOLUTE_PART(Descriptor)->Sacl;
}

NTSTATUS NTAPI
RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    RtlZeroMemory(SecurityDescriptor, sizeof(SECURITY_DESCRIPTOR));
    ABSOLUTE_PART(SecurityDescriptor)->Revision = SECURITY_DESCRIPTOR_REVISION1;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlCreateSecurityDescriptorRelative(PISECURITY_DESCRIPTOR_RELATIVE SecurityDescriptor,
                                    ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    RtlZeroMemory(SecurityDescriptor, sizeof(*SecurityDescriptor));
    SecurityDescriptor->Revision = SECURITY_DESCRIPTOR_REVISION1;
    SecurityDescriptor->Control = SE_SELF_RELATIVE;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    PSID Owner, Group;
    PACL Dacl, Sacl;

    if (SecurityDescriptor == NULL ||
        ABSOLUTE_PART(SecurityDescriptor)->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return FALSE;
    }
    Owner = RtlpOwnerOf(SecurityDescriptor);
    Group = RtlpGroupOf(SecurityDescriptor);
    Dacl = RtlpDaclOf(SecurityDescriptor);
    Sacl = RtlpSaclOf(SecurityDescriptor);
    return (Owner == NULL || RtlValidSid(Owner)) && (Group == NULL || RtlValidSid(Group)) &&
           (Dacl == NULL || RtlValidAcl(Dacl)) && (Sacl == NULL || RtlValidAcl(Sacl));
}

ULONG NTAPI
RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    ULONG Bytes = RELATIVE(SecurityDescriptor) ? sizeof(SECURITY_DESCRIPTOR_RELATIVE)
                                               : sizeof(SECURITY_DESCRIPTOR);
    PSID Owner = RtlpOwnerOf(SecurityDescriptor), Group = RtlpGroupOf(SecurityDescriptor);
    PACL Dacl = RtlpDaclOf(SecurityDescriptor), Sacl = RtlpSaclOf(SecurityDescriptor);

    Bytes += Owner != NULL ? RtlLengthSid(Owner) : 0;
    Bytes += Group != NULL ? RtlLengthSid(Group) : 0;
    Bytes += Dacl != NULL ? (Dacl->AclSize + 3u) & ~3u : 0;
    Bytes += Sacl != NULL ? (Sacl->AclSize + 3u) & ~3u : 0;
    return Bytes;
}

static BOOLEAN
RtlpWithin(ULONG Offset, ULONG Bytes, ULONG Length)
{
    return Offset >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) && (Offset & 3) == 0 &&
           Offset <= Length && Bytes <= Length - Offset;
}

static BOOLEAN
RtlpValidRelativeSid(PUCHAR Base, ULONG Offset, ULONG Length)
{
    return Offset == 0 || (RtlpWithin(Offset, 8, Length) && RtlValidSid(Base + Offset) &&
                           RtlpWithin(Offset, RtlLengthSid(Base + Offset), Length));
}

static BOOLEAN
RtlpValidRelativeAcl(PUCHAR Base, ULONG Offset, ULONG Length)
{
    return Offset == 0 || (RtlpWithin(Offset, sizeof(ACL), Length) &&
                           RtlpWithin(Offset, ((PACL)(Base + Offset))->AclSize, Length) &&
                           RtlValidAcl((PACL)(Base + Offset)));
}

BOOLEAN NTAPI
RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptorInput,
                                   ULONG SecurityDescriptorLength,
                                   SECURITY_INFORMATION RequiredInformation)
{
    PISECURITY_DESCRIPTOR_RELATIVE Relative = SecurityDescriptorInput;
    PUCHAR Base = SecurityDescriptorInput;

    if (SecurityDescriptorLength < sizeof(*Relative) ||
        Relative->Revision != SECURITY_DESCRIPTOR_REVISION1 ||
        !(Relative->Control & SE_SELF_RELATIVE)) {
        return FALSE;
    }
    if (!RtlpValidRelativeSid(Base, Relative->Owner, SecurityDescriptorLength) ||
        !RtlpValidRelativeSid(Base, Relative->Group, SecurityDescriptorLength)) {
        return FALSE;
    }
    if ((Relative->Control & SE_DACL_PRESENT) &&
        !RtlpValidRelativeAcl(Base, Relative->Dacl, SecurityDescriptorLength)) {
        return FALSE;
    }
    if ((Relative->Control & SE_SACL_PRESENT) &&
        !RtlpValidRelativeAcl(Base, Relative->Sacl, SecurityDescriptorLength)) {
        return FALSE;
    }
    return !((RequiredInformation & OWNER_SECURITY_INFORMATION) && Relative->Owner == 0) &&
           !((RequiredInformation & GROUP_SECURITY_INFORMATION) && Relative->Group == 0) &&
           !((RequiredInformation & DACL_SECURITY_INFORMATION) &&
             !(Relative->Control & SE_DACL_PRESENT)) &&
           !((RequiredInformation & SACL_SECURITY_INFORMATION) &&
             !(Relative->Control & SE_SACL_PRESENT));
}

NTSTATUS NTAPI
RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
                                PSECURITY_DESCRIPTOR_CONTROL Control, PULONG Revision)
{
    *Revision = ABSOLUTE_PART(SecurityDescriptor)->Revision;
    if (*Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Control = ABSOLUTE_PART(SecurityDescriptor)->Control;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlSetControlSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
                                SECURITY_DESCRIPTOR_CONTROL ControlBitsOfInterest,
                                SECURITY_DESCRIPTOR_CONTROL ControlBitsToSet)
{
    const ULONG Settable = SE_DACL_UNTRUSTED | SE_SERVER_SECURITY | SE_DACL_AUTO_INHERIT_REQ |
                           SE_SACL_AUTO_INHERIT_REQ | SE_DACL_AUTO_INHERITED |
                           SE_SACL_AUTO_INHERITED | SE_DACL_PROTECTED | SE_SACL_PROTECTED;

    if ((ControlBitsOfInterest & ~Settable) != 0 ||
        (ControlBitsToSet & ~ControlBitsOfInterest) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    ABSOLUTE_PART(SecurityDescriptor)->Control =
        (USHORT)((ABSOLUTE_PART(SecurityDescriptor)->Control & ~ControlBitsOfInterest) |
                 ControlBitsToSet);
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpCheckAbsolute(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    if (ABSOLUTE_PART(SecurityDescriptor)->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    return RELATIVE(SecurityDescriptor) ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

static VOID
RtlpSetFlag(PSECURITY_DESCRIPTOR SecurityDescriptor, USHORT Flag, BOOLEAN Set)
{
    PISECURITY_DESCRIPTOR Absolute = SecurityDescriptor;

    Absolute->Control = (USHORT)(Set ? Absolute->Control | Flag : Absolute->Control & ~Flag);
}

NTSTATUS NTAPI
RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent,
                             PACL Dacl, BOOLEAN DaclDefaulted)
{
    NTSTATUS Status = RtlpCheckAbsolute(SecurityDescriptor);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlpSetFlag(SecurityDescriptor, SE_DACL_PRESENT, DaclPresent);
    if (DaclPresent) {
        ABSOLUTE_PART(SecurityDescriptor)->Dacl = Dacl;
        RtlpSetFlag(SecurityDescriptor, SE_DACL_DEFAULTED, DaclDefaulted);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN SaclPresent,
                             PACL Sacl, BOOLEAN SaclDefaulted)
{
    NTSTATUS Status = RtlpCheckAbsolute(SecurityDescriptor);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlpSetFlag(SecurityDescriptor, SE_SACL_PRESENT, SaclPresent);
    if (SaclPresent) {
        ABSOLUTE_PART(SecurityDescriptor)->Sacl = Sacl;
        RtlpSetFlag(SecurityDescriptor, SE_SACL_DEFAULTED, SaclDefaulted);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Owner,
                              BOOLEAN OwnerDefaulted)
{
    NTSTATUS Status = RtlpCheckAbsolute(SecurityDescriptor);

    if (NT_SUCCESS(Status)) {
        ABSOLUTE_PART(SecurityDescriptor)->Owner = Owner;
        RtlpSetFlag(SecurityDescriptor, SE_OWNER_DEFAULTED, OwnerDefaulted);
    }
    return Status;
}

NTSTATUS NTAPI
RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Group,
                              BOOLEAN GroupDefaulted)
{
    NTSTATUS Status = RtlpCheckAbsolute(SecurityDescriptor);

    if (NT_SUCCESS(Status)) {
        ABSOLUTE_PART(SecurityDescriptor)->Group = Group;
        RtlpSetFlag(SecurityDescriptor, SE_GROUP_DEFAULTED, GroupDefaulted);
    }
    return Status;
}

NTSTATUS NTAPI
RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN DaclPresent,
                             PACL *Dacl, PBOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR Header = SecurityDescriptor;

    if (Header->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    *DaclPresent = (Header->Control & SE_DACL_PRESENT) != 0;
    if (*DaclPresent) {
        *Dacl = RtlpDaclOf(SecurityDescriptor);
        *DaclDefaulted = (Header->Control & SE_DACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN SaclPresent,
                             PACL *Sacl, PBOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR Header = SecurityDescriptor;

    if (Header->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    *SaclPresent = (Header->Control & SE_SACL_PRESENT) != 0;
    if (*SaclPresent) {
        *Sacl = RtlpSaclOf(SecurityDescriptor);
        *SaclDefaulted = (Header->Control & SE_SACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Owner,
                              PBOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR Header = SecurityDescriptor;

    if (Header->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Owner = RtlpOwnerOf(SecurityDescriptor);
    *OwnerDefaulted = (Header->Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Group,
                              PBOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR Header = SecurityDescriptor;

    if (Header->Revision != SECURITY_DESCRIPTOR_REVISION1) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Group = RtlpGroupOf(SecurityDescriptor);
    *GroupDefaulted = (Header->Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Appends a part and remembers where. */
static PUCHAR
RtlpAppend(PUCHAR Base, PUCHAR At, const VOID *Part, ULONG Bytes, PULONG Offset)
{
    *Offset = 0;
    if (Part == NULL) {
        return At;
    }
    *Offset = (ULONG)(At - Base);
    RtlMoveMemory(At, Part, Bytes);
    return At + ((Bytes + 3u) & ~3u);
}

/* Any descriptor as a self-relative one. */
NTSTATUS NTAPI
RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
                      PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor, PULONG BufferLength)
{
    PSECURITY_DESCRIPTOR From = AbsoluteSecurityDescriptor;
    PSID Owner = RtlpOwnerOf(From), Group = RtlpGroupOf(From);
    PACL Dacl = RtlpDaclOf(From), Sacl = RtlpSaclOf(From);
    PISECURITY_DESCRIPTOR_RELATIVE To = SelfRelativeSecurityDescriptor;
    PUCHAR Base = SelfRelativeSecurityDescriptor, At = Base + sizeof(*To);
    ULONG Needed = sizeof(*To);

    Needed += Owner != NULL ? RtlLengthSid(Owner) : 0;
    Needed += Group != NULL ? RtlLengthSid(Group) : 0;
    Needed += Dacl != NULL ? (Dacl->AclSize + 3u) & ~3u : 0;
    Needed += Sacl != NULL ? (Sacl->AclSize + 3u) & ~3u : 0;
    if (*BufferLength < Needed) {
        *BufferLength = Needed;
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(Base, Needed);
    To->Revision = ABSOLUTE_PART(From)->Revision;
    To->Sbz1 = ABSOLUTE_PART(From)->Sbz1;
    To->Control = ABSOLUTE_PART(From)->Control | SE_SELF_RELATIVE;
    At = RtlpAppend(Base, At, Sacl, Sacl != NULL ? Sacl->AclSize : 0, &To->Sacl);
    At = RtlpAppend(Base, At, Dacl, Dacl != NULL ? Dacl->AclSize : 0, &To->Dacl);
    At = RtlpAppend(Base, At, Owner, Owner != NULL ? RtlLengthSid(Owner) : 0, &To->Owner);
    RtlpAppend(Base, At, Group, Group != NULL ? RtlLengthSid(Group) : 0, &To->Group);
    *BufferLength = Needed;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
                            PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
                            PULONG BufferLength)
{
    if (RELATIVE(AbsoluteSecurityDescriptor)) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    return RtlMakeSelfRelativeSD(AbsoluteSecurityDescriptor, SelfRelativeSecurityDescriptor,
                                 BufferLength);
}

NTSTATUS NTAPI
RtlSelfRelativeToAbsoluteSD(PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
                            PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
                            PULONG AbsoluteSecurityDescriptorSize, PACL Dacl, PULONG DaclSize,
                            PACL Sacl, PULONG SaclSize, PSID Owner, PULONG OwnerSize,
                            PSID PrimaryGroup, PULONG PrimaryGroupSize)
{
    PSECURITY_DESCRIPTOR From = SelfRelativeSecurityDescriptor;
    PISECURITY_DESCRIPTOR To = AbsoluteSecurityDescriptor;
    PSID FromOwner, FromGroup;
    PACL FromDacl, FromSacl;
    ULONG Need[5];

    if (!RELATIVE(From)) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    FromOwner = RtlpOwnerOf(From);
    FromGroup = RtlpGroupOf(From);
    FromDacl = RtlpDaclOf(From);
    FromSacl = RtlpSaclOf(From);
    Need[0] = sizeof(SECURITY_DESCRIPTOR);
    Need[1] = FromDacl != NULL ? FromDacl->AclSize : 0;
    Need[2] = FromSacl != NULL ? FromSacl->AclSize : 0;
    Need[3] = FromOwner != NULL ? RtlLengthSid(FromOwner) : 0;
    Need[4] = FromGroup != NULL ? RtlLengthSid(FromGroup) : 0;
    if (*AbsoluteSecurityDescriptorSize < Need[0] || *DaclSize < Need[1] || *SaclSize < Need[2] ||
        *OwnerSize < Need[3] || *PrimaryGroupSize < Need[4]) {
        *AbsoluteSecurityDescriptorSize = Need[0];
        *DaclSize = Need[1];
        *SaclSize = Need[2];
        *OwnerSize = Need[3];
        *PrimaryGroupSize = Need[4];
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(To, sizeof(*To));
    To->Revision = ABSOLUTE_PART(From)->Revision;
    To->Sbz1 = ABSOLUTE_PART(From)->Sbz1;
    To->Control = (USHORT)(ABSOLUTE_PART(From)->Control & ~SE_SELF_RELATIVE);
    if (FromDacl != NULL) {
        RtlMoveMemory(Dacl, FromDacl, Need[1]);
        To->Dacl = Dacl;
    }
    if (FromSacl != NULL) {
        RtlMoveMemory(Sacl, FromSacl, Need[2]);
        To->Sacl = Sacl;
    }
    if (FromOwner != NULL) {
        RtlMoveMemory(Owner, FromOwner, Need[3]);
        To->Owner = Owner;
    }
    if (FromGroup != NULL) {
        RtlMoveMemory(PrimaryGroup, FromGroup, Need[4]);
        To->Group = PrimaryGroup;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlMapGenericMask(PACCESS_MASK AccessMask, PGENERIC_MAPPING GenericMapping)
{
    ACCESS_MASK Mask = *AccessMask;

    if (Mask & GENERIC_READ) {
        Mask |= GenericMapping->GenericRead;
    }
    if (Mask & GENERIC_WRITE) {
        Mask |= GenericMapping->GenericWrite;
    }
    if (Mask & GENERIC_EXECUTE) {
        Mask |= GenericMapping->GenericExecute;
    }
    if (Mask & GENERIC_ALL) {
        Mask |= GenericMapping->GenericAll;
    }
    *AccessMask = Mask & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

#undef RtlAreAllAccessesGranted
BOOLEAN NTAPI
RtlAreAllAccessesGranted(ACCESS_MASK GrantedAccess, ACCESS_MASK DesiredAccess)
{
    return (DesiredAccess & ~GrantedAccess) == 0;
}

#undef RtlAreAnyAccessesGranted
BOOLEAN NTAPI
RtlAreAnyAccessesGranted(ACCESS_MASK GrantedAccess, ACCESS_MASK DesiredAccess)
{
    return (DesiredAccess & GrantedAccess) != 0;
}
