/*
 * access.c - who may do what: the access check.
 *
 * The steps, in order; each may end it:
 *     1  kernel mode: everything asked for is granted
 *     2  no descriptor, or an impersonation token of less than SecurityImpersonation: refused
 *     3  privileges: ACCESS_SYSTEM_SECURITY needs SeSecurityPrivilege; WRITE_OWNER is granted to
 *        SeTakeOwnershipPrivilege
 *     4  integrity (Vista on): a token of a lower level than the object's label loses the rights that
 *        the label's policy names; without a label an object is medium, no-write-up
 *     5  the owner may read and change the DACL, unless an OWNER RIGHTS entry says otherwise (Vista on)
 *     6  no DACL: everything. Else its entries in their order: what is still asked for is taken off by
 *        the allowing ones; a denying one that names any of it refuses. With MAXIMUM_ALLOWED each right
 *        goes to the first entry that names it.
 *     7  a restricted token must pass 6 a second time with its restricting SIDs
 *
 * Facts: the DDI page of SeAccessCheck; "How AccessCheck works", "DACLs and ACEs", "Mandatory integrity
 * control"; [MS-DTYP] 2.5.3 (access check and mandatory integrity check in pseudocode).
 */
#include "sep.h"

typedef struct _SEP_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} SEP_ACE, *PSEP_ACE;

/* An object entry's SID lies behind its GUIDs; NULL: an entry of another kind. */
static PSID
SepAceSid(PSEP_ACE Ace, PBOOLEAN Allow)
{
    switch (Ace->Header.AceType) {
    case ACCESS_ALLOWED_ACE_TYPE:
    case ACCESS_ALLOWED_CALLBACK_ACE_TYPE:
        *Allow = TRUE;
        return &Ace->SidStart;
    case ACCESS_DENIED_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
        *Allow = FALSE;
        return &Ace->SidStart;
    case ACCESS_ALLOWED_OBJECT_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
        *Allow = Ace->Header.AceType == ACCESS_ALLOWED_OBJECT_ACE_TYPE;
        return (PUCHAR)&Ace->SidStart + 4 + (Ace->SidStart & 1 ? 16 : 0) +
               (Ace->SidStart & 2 ? 16 : 0);
    default:
        return NULL;
    }
}

#define SEP_NEXT_ACE(Ace) ((PSEP_ACE)((PUCHAR)(Ace) + (Ace)->Header.AceSize))

typedef struct _SEP_WALK {
    PACL Dacl;
    PTOKEN Token;
    BOOLEAN IsOwner;
    BOOLEAN Restricted;
    PGENERIC_MAPPING Mapping;
} SEP_WALK;

static BOOLEAN
SepApplies(const SEP_WALK *Walk, PSID Sid, BOOLEAN Allow)
{
    if (KiVersion->MandatoryIntegrity && RtlEqualSid(Sid, SEP_KNOWN(SepOwnerRights))) {
        return Walk->IsOwner;
    }
    return SepSidInToken(Walk->Token, Sid, !Allow, Walk->Restricted);
}

/* Step 6: what of Remaining the DACL does not grant; *Denied: an entry refused some of it. */
static ACCESS_MASK
SepWalkDacl(const SEP_WALK *Walk, ACCESS_MASK Remaining, PBOOLEAN Denied)
{
    PSEP_ACE Ace = (PSEP_ACE)(Walk->Dacl + 1);

    *Denied = FALSE;
    for (ULONG i = 0; i < Walk->Dacl->AceCount && Remaining != 0; i++, Ace = SEP_NEXT_ACE(Ace)) {
        ACCESS_MASK Mask = Ace->Mask;
        BOOLEAN Allow;
        PSID Sid = SepAceSid(Ace, &Allow);

        if (Sid == NULL || (Ace->Header.AceFlags & INHERIT_ONLY_ACE)) {
            continue;
        }
        RtlMapGenericMask(&Mask, Walk->Mapping);
        if (!(Mask & Remaining) || !SepApplies(Walk, Sid, Allow)) {
            continue;
        }
        if (!Allow) {
            *Denied = TRUE;
            break;
        }
        Remaining &= ~Mask;
    }
    return Remaining;
}

/* Everything that the DACL grants. */
static ACCESS_MASK
SepMaximum(const SEP_WALK *Walk)
{
    PSEP_ACE Ace = (PSEP_ACE)(Walk->Dacl + 1);
    ACCESS_MASK Granted = 0, Refused = 0;

    for (ULONG i = 0; i < Walk->Dacl->AceCount; i++, Ace = SEP_NEXT_ACE(Ace)) {
        ACCESS_MASK Mask = Ace->Mask;
        BOOLEAN Allow;
        PSID Sid = SepAceSid(Ace, &Allow);

        if (Sid == NULL || (Ace->Header.AceFlags & INHERIT_ONLY_ACE) ||
            !SepApplies(Walk, Sid, Allow)) {
            continue;
        }
        RtlMapGenericMask(&Mask, Walk->Mapping);
        if (Allow) {
            Granted |= Mask & ~Refused;
        } else {
            Refused |= Mask & ~Granted;
        }
    }
    return Granted;
}

static BOOLEAN
SepNamesOwnerRights(PACL Dacl)
{
    PSEP_ACE Ace = (PSEP_ACE)(Dacl + 1);

    for (ULONG i = 0; i < Dacl->AceCount; i++, Ace = SEP_NEXT_ACE(Ace)) {
        BOOLEAN Allow;
        PSID Sid = SepAceSid(Ace, &Allow);

        if (Sid != NULL && !(Ace->Header.AceFlags & INHERIT_ONLY_ACE) &&
            RtlEqualSid(Sid, SEP_KNOWN(SepOwnerRights))) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Step 4: the rights that the token's level leaves. */
static ACCESS_MASK
SepIntegrityMask(PSECURITY_DESCRIPTOR Descriptor, PTOKEN Token, PGENERIC_MAPPING Mapping)
{
    PACL Sacl = RtlpSaclOf(Descriptor);
    ULONG Level = SECURITY_MANDATORY_MEDIUM_RID, Policy = SYSTEM_MANDATORY_LABEL_NO_WRITE_UP;
    ACCESS_MASK Mask = 0;

    if (!KiVersion->MandatoryIntegrity ||
        !(Token->MandatoryPolicy & TOKEN_MANDATORY_POLICY_NO_WRITE_UP)) {
        return ~(ACCESS_MASK)0;
    }
    if (Sacl != NULL) {
        PSEP_ACE Ace = (PSEP_ACE)(Sacl + 1);

        for (ULONG i = 0; i < Sacl->AceCount; i++, Ace = SEP_NEXT_ACE(Ace)) {
            if (Ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE &&
                !(Ace->Header.AceFlags & INHERIT_ONLY_ACE)) {
                Level = ((SID *)&Ace->SidStart)->SubAuthority[0];
                Policy = Ace->Mask;
                break;
            }
        }
    }
    if (SepIntegrityLevel(Token) >= Level) {
        return ~(ACCESS_MASK)0;
    }
    Mask |= Policy & SYSTEM_MANDATORY_LABEL_NO_READ_UP ? 0 : Mapping->GenericRead;
    Mask |= Policy & SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP ? 0 : Mapping->GenericExecute;
    Mask |= Policy & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP ? 0 : Mapping->GenericWrite;
    if (SepTokenHas(Token, 32)) { /* SeRelabelPrivilege */
        Mask |= WRITE_OWNER;
    }
    return Mask | ACCESS_SYSTEM_SECURITY;
}

static VOID
SepReportPrivileges(PPRIVILEGE_SET *Privileges, ULONG64 Used)
{
    PPRIVILEGE_SET Set;
    ULONG Count = (ULONG)__builtin_popcountll(Used);

    if (Privileges == NULL || Count == 0) {
        return;
    }
    Set = ExAllocatePoolWithTag(PagedPool, sizeof(*Set) + Count * sizeof(LUID_AND_ATTRIBUTES),
                                'rPeS');
    if (Set == NULL) {
        return;
    }
    Set->PrivilegeCount = 0;
    Set->Control = 0;
    for (ULONG i = 0; i <= SEP_MAX_PRIVILEGE; i++) {
        if (Used & SEP_BIT(i)) {
            Set->Privilege[Set->PrivilegeCount].Luid = RtlConvertUlongToLuid(i);
            Set->Privilege[Set->PrivilegeCount].Attributes = SE_PRIVILEGE_USED_FOR_ACCESS;
            Set->PrivilegeCount++;
        }
    }
    *Privileges = Set;
}

BOOLEAN
SepCheckAccess(PSECURITY_DESCRIPTOR Descriptor, PTOKEN Token, ACCESS_MASK Desired,
               ACCESS_MASK Previous, PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING Mapping,
               PACCESS_MASK Granted, PNTSTATUS Status)
{
    BOOLEAN Maximum = (Desired & MAXIMUM_ALLOWED) != 0, Denied;
    ACCESS_MASK Remaining = Desired & ~(ACCESS_MASK)MAXIMUM_ALLOWED, Most = 0, Extra = Previous,
                Allowed;
    ULONG64 Used = 0;
    PSID Owner = RtlpOwnerOf(Descriptor);
    BOOLEAN DaclPresent = (((PISECURITY_DESCRIPTOR)Descriptor)->Control & SE_DACL_PRESENT) != 0;
    SEP_WALK Walk = {.Dacl = RtlpDaclOf(Descriptor), .Token = Token, .Mapping = Mapping};

    *Granted = 0;
    *Status = STATUS_ACCESS_DENIED;
    RtlMapGenericMask(&Remaining, Mapping);

    /* 3 */
    if (Remaining & ACCESS_SYSTEM_SECURITY) {
        if (!SepTokenHas(Token, SE_SECURITY_PRIVILEGE)) {
            *Status = STATUS_PRIVILEGE_NOT_HELD;
            return FALSE;
        }
        Used |= SEP_BIT(SE_SECURITY_PRIVILEGE);
        Extra |= ACCESS_SYSTEM_SECURITY;
        Remaining &= ~(ACCESS_MASK)ACCESS_SYSTEM_SECURITY;
    }

    /* 4 */
    Allowed = SepIntegrityMask(Descriptor, Token, Mapping);
    if (Remaining & ~Allowed) {
        return FALSE;
    }

    if ((Remaining & WRITE_OWNER) && SepTokenHas(Token, SE_TAKE_OWNERSHIP_PRIVILEGE)) {
        Used |= SEP_BIT(SE_TAKE_OWNERSHIP_PRIVILEGE);
        Extra |= WRITE_OWNER;
        Remaining &= ~(ACCESS_MASK)WRITE_OWNER;
    }

    /* 5, 6, 7 */
    if (!DaclPresent || Walk.Dacl == NULL) {
        Most = Mapping->GenericAll & Allowed;
        Extra |= Remaining;
    } else {
        Walk.IsOwner = Owner != NULL && SepSidInToken(Token, Owner, FALSE, FALSE);
        if (Walk.IsOwner && !(KiVersion->MandatoryIntegrity && SepNamesOwnerRights(Walk.Dacl))) {
            ACCESS_MASK Own = (READ_CONTROL | WRITE_DAC) & Allowed;

            Extra |= Remaining & Own;
            Remaining &= ~Own;
            Most |= Own;
        }
        if (Remaining != 0) {
            ACCESS_MASK Left = SepWalkDacl(&Walk, Remaining, &Denied);

            if (Denied || Left != 0) {
                return FALSE;
            }
        }
        if (Maximum) {
            Most |= SepMaximum(&Walk) & Allowed;
        }
        if (Token->RestrictedCount != 0) {
            ACCESS_MASK Left;

            Walk.Restricted = TRUE;
            Left = SepWalkDacl(&Walk, Remaining, &Denied);
            if (Token->Flags & TOKEN_WRITE_RESTRICTED) {
                Left &= Mapping->GenericWrite & ~(Mapping->GenericRead | Mapping->GenericExecute);
            }
            if (Left != 0) {
                return FALSE;
            }
            if (Maximum) {
                Most &= SepMaximum(&Walk);
            }
        }
        Extra |= Remaining;
    }
    if (Maximum) {
        if (SepTokenHas(Token, SE_TAKE_OWNERSHIP_PRIVILEGE)) {
            Most |= WRITE_OWNER & Allowed;
        }
        Extra |= Most;
        if (Extra == 0) {
            return FALSE;
        }
    }
    SepReportPrivileges(Privileges, Used);
    *Granted = Extra;
    *Status = STATUS_SUCCESS;
    return TRUE;
}

BOOLEAN NTAPI
SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor,
              PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext, BOOLEAN SubjectContextLocked,
              ACCESS_MASK DesiredAccess, ACCESS_MASK PreviouslyGrantedAccess,
              PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING GenericMapping,
              KPROCESSOR_MODE AccessMode, PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
    if (Privileges != NULL) {
        *Privileges = NULL;
    }
    if (AccessMode == KernelMode) { /* 1 */
        if (DesiredAccess & MAXIMUM_ALLOWED) {
            *GrantedAccess = GenericMapping->GenericAll |
                             (DesiredAccess & ~(ACCESS_MASK)MAXIMUM_ALLOWED) |
                             PreviouslyGrantedAccess;
        } else {
            *GrantedAccess = DesiredAccess | PreviouslyGrantedAccess;
        }
        *AccessStatus = STATUS_SUCCESS;
        return TRUE;
    }
    *GrantedAccess = 0;
    if (SecurityDescriptor == NULL) { /* 2 */
        *AccessStatus = STATUS_ACCESS_DENIED;
        return FALSE;
    }
    if (SubjectSecurityContext->ClientToken != NULL &&
        SubjectSecurityContext->ImpersonationLevel < SecurityImpersonation) {
        *AccessStatus = STATUS_BAD_IMPERSONATION_LEVEL;
        return FALSE;
    }
    if (DesiredAccess == 0) {
        *GrantedAccess = PreviouslyGrantedAccess;
        *AccessStatus = PreviouslyGrantedAccess != 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
        return PreviouslyGrantedAccess != 0;
    }
    return SepCheckAccess(SecurityDescriptor, SeQuerySubjectContextToken(SubjectSecurityContext),
                          DesiredAccess, PreviouslyGrantedAccess, Privileges, GenericMapping,
                          GrantedAccess, AccessStatus);
}

VOID NTAPI
SeFreePrivileges(PPRIVILEGE_SET Privileges)
{
    ExFreePool(Privileges);
}
