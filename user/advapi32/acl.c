/*
 * acl.c - access control lists and security descriptors as data.
 */
#include "user/advapi32/adv.h"

BOOL WINAPI
InitializeAcl(PACL Acl, DWORD Length, DWORD Revision)
{
    return AdvResult(RtlCreateAcl(Acl, Length, Revision));
}

BOOL WINAPI
IsValidAcl(PACL Acl)
{
    return RtlValidAcl(Acl) ? TRUE : AdvFail(ERROR_INVALID_ACL);
}

BOOL WINAPI
AddAce(PACL Acl, DWORD Revision, DWORD Index, LPVOID List, DWORD Length)
{
    return AdvResult(RtlAddAce(Acl, Revision, Index, List, Length));
}

BOOL WINAPI
DeleteAce(PACL Acl, DWORD Index)
{
    return AdvResult(RtlDeleteAce(Acl, Index));
}

BOOL WINAPI
GetAce(PACL Acl, DWORD Index, LPVOID *Ace)
{
    return AdvResult(RtlGetAce(Acl, Index, Ace));
}

BOOL WINAPI
AddAccessAllowedAceEx(PACL Acl, DWORD Revision, DWORD Flags, DWORD Mask, PSID Sid)
{
    return AdvResult(RtlAddAccessAllowedAceEx(Acl, Revision, Flags, Mask, Sid));
}

BOOL WINAPI
AddAccessAllowedAce(PACL Acl, DWORD Revision, DWORD Mask, PSID Sid)
{
    return AddAccessAllowedAceEx(Acl, Revision, 0, Mask, Sid);
}

BOOL WINAPI
AddAccessDeniedAceEx(PACL Acl, DWORD Revision, DWORD Flags, DWORD Mask, PSID Sid)
{
    return AdvResult(RtlAddAccessDeniedAceEx(Acl, Revision, Flags, Mask, Sid));
}

BOOL WINAPI
AddAccessDeniedAce(PACL Acl, DWORD Revision, DWORD Mask, PSID Sid)
{
    return AddAccessDeniedAceEx(Acl, Revision, 0, Mask, Sid);
}

BOOL WINAPI
GetAclInformation(PACL Acl, LPVOID Information, DWORD Length, ACL_INFORMATION_CLASS Class)
{
    PACL_SIZE_INFORMATION Size = Information;
    PVOID Free;

    if (Class == AclRevisionInformation && Length >= sizeof(ACL_REVISION_INFORMATION)) {
        ((PACL_REVISION_INFORMATION)Information)->AclRevision = Acl->AclRevision;
        return TRUE;
    }
    if (Class != AclSizeInformation || Length < sizeof(*Size)) {
        return AdvFail(Class != AclSizeInformation ? ERROR_INVALID_PARAMETER
                                                   : ERROR_INSUFFICIENT_BUFFER);
    }
    if (!RtlFirstFreeAce(Acl, &Free)) {
        return AdvFail(ERROR_INVALID_ACL);
    }
    Size->AceCount = Acl->AceCount;
    Size->AclBytesInUse = Free != NULL ? (DWORD)((PUCHAR)Free - (PUCHAR)Acl) : Acl->AclSize;
    Size->AclBytesFree = Acl->AclSize - Size->AclBytesInUse;
    return TRUE;
}

BOOL WINAPI
InitializeSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, DWORD Revision)
{
    return AdvResult(RtlCreateSecurityDescriptor(Descriptor, Revision));
}

BOOL WINAPI
IsValidSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    return RtlValidSecurityDescriptor(Descriptor) ? TRUE : AdvFail(ERROR_INVALID_SECURITY_DESCR);
}

DWORD WINAPI
GetSecurityDescriptorLength(PSECURITY_DESCRIPTOR Descriptor)
{
    return RtlLengthSecurityDescriptor(Descriptor);
}

BOOL WINAPI
GetSecurityDescriptorControl(PSECURITY_DESCRIPTOR Descriptor, PSECURITY_DESCRIPTOR_CONTROL Control,
                             LPDWORD Revision)
{
    return AdvResult(RtlGetControlSecurityDescriptor(Descriptor, Control, Revision));
}

BOOL WINAPI
SetSecurityDescriptorDacl(PSECURITY_DESCRIPTOR Descriptor, BOOL Present, PACL Dacl, BOOL Defaulted)
{
    return AdvResult(
        RtlSetDaclSecurityDescriptor(Descriptor, (BOOLEAN)Present, Dacl, (BOOLEAN)Defaulted));
}

BOOL WINAPI
SetSecurityDescriptorSacl(PSECURITY_DESCRIPTOR Descriptor, BOOL Present, PACL Sacl, BOOL Defaulted)
{
    return AdvResult(
        RtlSetSaclSecurityDescriptor(Descriptor, (BOOLEAN)Present, Sacl, (BOOLEAN)Defaulted));
}

BOOL WINAPI
SetSecurityDescriptorOwner(PSECURITY_DESCRIPTOR Descriptor, PSID Owner, BOOL Defaulted)
{
    return AdvResult(RtlSetOwnerSecurityDescriptor(Descriptor, Owner, (BOOLEAN)Defaulted));
}

BOOL WINAPI
SetSecurityDescriptorGroup(PSECURITY_DESCRIPTOR Descriptor, PSID Group, BOOL Defaulted)
{
    return AdvResult(RtlSetGroupSecurityDescriptor(Descriptor, Group, (BOOLEAN)Defaulted));
}

BOOL WINAPI
GetSecurityDescriptorDacl(PSECURITY_DESCRIPTOR Descriptor, LPBOOL Present, PACL *Dacl,
                          LPBOOL Defaulted)
{
    BOOLEAN There = FALSE, Default = FALSE;
    NTSTATUS Status = RtlGetDaclSecurityDescriptor(Descriptor, &There, Dacl, &Default);

    *Present = There;
    *Defaulted = Default;
    return AdvResult(Status);
}

BOOL WINAPI
GetSecurityDescriptorSacl(PSECURITY_DESCRIPTOR Descriptor, LPBOOL Present, PACL *Sacl,
                          LPBOOL Defaulted)
{
    BOOLEAN There = FALSE, Default = FALSE;
    NTSTATUS Status = RtlGetSaclSecurityDescriptor(Descriptor, &There, Sacl, &Default);

    *Present = There;
    *Defaulted = Default;
    return AdvResult(Status);
}

BOOL WINAPI
GetSecurityDescriptorOwner(PSECURITY_DESCRIPTOR Descriptor, PSID *Owner, LPBOOL Defaulted)
{
    BOOLEAN Default = FALSE;
    NTSTATUS Status = RtlGetOwnerSecurityDescriptor(Descriptor, Owner, &Default);

    *Defaulted = Default;
    return AdvResult(Status);
}

BOOL WINAPI
GetSecurityDescriptorGroup(PSECURITY_DESCRIPTOR Descriptor, PSID *Group, LPBOOL Defaulted)
{
    BOOLEAN Default = FALSE;
    NTSTATUS Status = RtlGetGroupSecurityDescriptor(Descriptor, Group, &Default);

    *Defaulted = Default;
    return AdvResult(Status);
}

BOOL WINAPI
MakeSelfRelativeSD(PSECURITY_DESCRIPTOR Absolute, PSECURITY_DESCRIPTOR Relative, LPDWORD Length)
{
    return AdvResult(RtlAbsoluteToSelfRelativeSD(Absolute, Relative, Length));
}

VOID WINAPI
MapGenericMask(PDWORD Mask, PGENERIC_MAPPING Mapping)
{
    RtlMapGenericMask(Mask, Mapping);
}

BOOL WINAPI
GetKernelObjectSecurity(HANDLE Handle, SECURITY_INFORMATION Information,
                        PSECURITY_DESCRIPTOR Descriptor, DWORD Length, LPDWORD Needed)
{
    return AdvResult(NtQuerySecurityObject(Handle, Information, Descriptor, Length, Needed));
}

BOOL WINAPI
SetKernelObjectSecurity(HANDLE Handle, SECURITY_INFORMATION Information,
                        PSECURITY_DESCRIPTOR Descriptor)
{
    return AdvResult(NtSetSecurityObject(Handle, Information, Descriptor));
}

/* The descriptor is one block; the parts that were asked for point into it. */
DWORD WINAPI
GetSecurityInfo(HANDLE Handle, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information, PSID *Owner,
                PSID *Group, PACL *Dacl, PACL *Sacl, PSECURITY_DESCRIPTOR *Descriptor)
{
    PSECURITY_DESCRIPTOR Block;
    BOOLEAN Present, Default;
    ULONG Length = 0;
    NTSTATUS Status = NtQuerySecurityObject(Handle, Information, NULL, 0, &Length);

    if (Status != STATUS_BUFFER_TOO_SMALL) {
        return NT_SUCCESS(Status) ? ERROR_GEN_FAILURE : RtlNtStatusToDosError(Status);
    }
    Block = AdvAllocate(Length);
    if (Block == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Status = NtQuerySecurityObject(Handle, Information, Block, Length, &Length);
    if (!NT_SUCCESS(Status)) {
        AdvFree(Block);
        return RtlNtStatusToDosError(Status);
    }
    if (Owner != NULL && (Information & OWNER_SECURITY_INFORMATION) != 0) {
        RtlGetOwnerSecurityDescriptor(Block, Owner, &Default);
    }
    if (Group != NULL && (Information & GROUP_SECURITY_INFORMATION) != 0) {
        RtlGetGroupSecurityDescriptor(Block, Group, &Default);
    }
    if (Dacl != NULL && (Information & DACL_SECURITY_INFORMATION) != 0) {
        *Dacl = NULL;
        RtlGetDaclSecurityDescriptor(Block, &Present, Dacl, &Default);
    }
    if (Sacl != NULL && (Information & SACL_SECURITY_INFORMATION) != 0) {
        *Sacl = NULL;
        RtlGetSaclSecurityDescriptor(Block, &Present, Sacl, &Default);
    }
    if (Descriptor != NULL) {
        *Descriptor = Block;
    } else {
        AdvFree(Block);
    }
    return ERROR_SUCCESS;
}

DWORD WINAPI
SetSecurityInfo(HANDLE Handle, SE_OBJECT_TYPE Type, SECURITY_INFORMATION Information, PSID Owner,
                PSID Group, PACL Dacl, PACL Sacl)
{
    SECURITY_DESCRIPTOR Descriptor;

    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    if ((Information & OWNER_SECURITY_INFORMATION) != 0) {
        RtlSetOwnerSecurityDescriptor(&Descriptor, Owner, FALSE);
    }
    if ((Information & GROUP_SECURITY_INFORMATION) != 0) {
        RtlSetGroupSecurityDescriptor(&Descriptor, Group, FALSE);
    }
    if ((Information & DACL_SECURITY_INFORMATION) != 0) {
        RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Dacl, FALSE);
    }
    if ((Information & SACL_SECURITY_INFORMATION) != 0) {
        RtlSetSaclSecurityDescriptor(&Descriptor, TRUE, Sacl, FALSE);
    }
    /* A protected list inherits nothing: a bit of the descriptor for the service. */
    if ((Information & PROTECTED_DACL_SECURITY_INFORMATION) != 0) {
        Descriptor.Control |= SE_DACL_PROTECTED;
    }
    if ((Information & PROTECTED_SACL_SECURITY_INFORMATION) != 0) {
        Descriptor.Control |= SE_SACL_PROTECTED;
    }
    return RtlNtStatusToDosError(NtSetSecurityObject(Handle, Information, &Descriptor));
}
