/*
 * assign.c - a new object's descriptor, and changes of descriptors.
 *
 * A new object's parts come from the first of these that has them: the creator's explicit descriptor,
 * inheritance from the parent, the creator's token. Generic rights are mapped and CREATOR OWNER and
 * CREATOR GROUP become the creator, in what takes effect; an entry that children inherit keeps them.
 *
 * All results are self-relative, in pool, to be freed with ExFreePool (SeDeassignSecurity).
 * Facts: the DDI pages of SeAssignSecurity(Ex), SeSetSecurityDescriptorInfo, SeQuerySecurityDescriptorInfo;
 * "ACE inheritance rules".
 */
#include "sep.h"

#ifndef SEF_DACL_AUTO_INHERIT
#define SEF_DACL_AUTO_INHERIT         0x01
#define SEF_SACL_AUTO_INHERIT         0x02
#define SEF_AVOID_PRIVILEGE_CHECK     0x08
#define SEF_AVOID_OWNER_CHECK         0x10
#define SEF_DEFAULT_OWNER_FROM_PARENT 0x20
#define SEF_DEFAULT_GROUP_FROM_PARENT 0x40
#endif

typedef struct _SEP_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} SEP_ACE, *PSEP_ACE;

typedef struct _SEP_NEW {
    PSID Owner, Group;
    PGENERIC_MAPPING Mapping;
    BOOLEAN Container;
    BOOLEAN MarkInherited;
} SEP_NEW;

/* Appends an entry; To NULL: count only. The SID and mask become effective ones if asked. */
static ULONG
SepPutAce(PUCHAR To, PSEP_ACE From, UCHAR Flags, const SEP_NEW *New, BOOLEAN Effective)
{
    BOOLEAN Known = From->Header.AceType <= SYSTEM_ALARM_ACE_TYPE;
    PSID Sid = &From->SidStart;
    ULONG Size = From->Header.AceSize;
    PSEP_ACE Ace = (PSEP_ACE)To;

    if (Known && Effective) {
        if (RtlEqualSid(Sid, SEP_KNOWN(SepCreatorOwner)) && New->Owner != NULL) {
            Sid = New->Owner;
        } else if (RtlEqualSid(Sid, SEP_KNOWN(SepCreatorGroup)) && New->Group != NULL) {
            Sid = New->Group;
        }
        Size = 8 + RtlLengthSid(Sid);
    }
    if (To == NULL) {
        return Size;
    }
    RtlCopyMemory(Ace, From, 8);
    if (Known) {
        RtlCopyMemory(&Ace->SidStart, Sid, Size - 8);
    } else {
        RtlCopyMemory(&Ace->SidStart, &From->SidStart, Size - 8);
    }
    Ace->Header.AceSize = (USHORT)Size;
    Ace->Header.AceFlags = Flags;
    if (Effective) {
        RtlMapGenericMask(&Ace->Mask, New->Mapping);
    }
    return Size;
}

/* Does making the entry effective change it? Then a container keeps an inherit-only copy beside it. */
static BOOLEAN
SepIsTemplate(PSEP_ACE Ace)
{
    if (Ace->Header.AceType > SYSTEM_ALARM_ACE_TYPE) {
        return FALSE;
    }
    return (Ace->Mask & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL)) != 0 ||
           RtlEqualSid(&Ace->SidStart, SEP_KNOWN(SepCreatorOwner)) ||
           RtlEqualSid(&Ace->SidStart, SEP_KNOWN(SepCreatorGroup));
}

/* What a child inherits from the list; To NULL: count bytes. */
static ULONG
SepInheritAcl(PACL To, PACL From, const SEP_NEW *New)
{
    PSEP_ACE Ace = (PSEP_ACE)(From + 1);
    ULONG Bytes = sizeof(ACL), Count = 0;

    for (ULONG i = 0; i < From->AceCount;
         i++, Ace = (PSEP_ACE)((PUCHAR)Ace + Ace->Header.AceSize)) {
        UCHAR Flags = Ace->Header.AceFlags;
        UCHAR Keep =
            (UCHAR)((Flags & ~(VALID_INHERIT_FLAGS)) | (New->MarkInherited ? INHERITED_ACE : 0));
        UCHAR Inheritable = Flags & (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
        BOOLEAN Effective =
            (Flags & (New->Container ? CONTAINER_INHERIT_ACE : OBJECT_INHERIT_ACE)) != 0;

        if (!Inheritable) {
            continue;
        }
        if (!New->Container || (Flags & NO_PROPAGATE_INHERIT_ACE)) {
            Inheritable = 0;
        }
        if (Effective) {
            BOOLEAN Split = Inheritable != 0 && SepIsTemplate(Ace);

            Bytes += SepPutAce(To != NULL ? (PUCHAR)To + Bytes : NULL, Ace,
                               Split ? Keep : Keep | Inheritable, New, TRUE);
            Count++;
            if (Split) {
                Bytes += SepPutAce(To != NULL ? (PUCHAR)To + Bytes : NULL, Ace,
                                   Keep | Inheritable | INHERIT_ONLY_ACE, New, FALSE);
                Count++;
            }
        } else if (Inheritable != 0) {
            Bytes += SepPutAce(To != NULL ? (PUCHAR)To + Bytes : NULL, Ace,
                               Keep | Inheritable | INHERIT_ONLY_ACE, New, FALSE);
            Count++;
        }
    }
    if (To != NULL) {
        To->AclRevision = From->AclRevision;
        To->Sbz1 = 0;
        To->AclSize = (USHORT)Bytes;
        To->AceCount = (USHORT)Count;
        To->Sbz2 = 0;
    }
    return Count != 0 ? Bytes : 0;
}

/* The list as it takes effect on this object; To NULL: count bytes. */
static ULONG
SepApplyAcl(PACL To, PACL From, const SEP_NEW *New)
{
    PSEP_ACE Ace = (PSEP_ACE)(From + 1);
    ULONG Bytes = sizeof(ACL);

    for (ULONG i = 0; i < From->AceCount;
         i++, Ace = (PSEP_ACE)((PUCHAR)Ace + Ace->Header.AceSize)) {
        BOOLEAN Effective = !(Ace->Header.AceFlags & INHERIT_ONLY_ACE);

        Bytes += SepPutAce(To != NULL ? (PUCHAR)To + Bytes : NULL, Ace, Ace->Header.AceFlags, New,
                           Effective);
    }
    if (To != NULL) {
        To->AclRevision = From->AclRevision;
        To->Sbz1 = 0;
        To->AclSize = (USHORT)Bytes;
        To->AceCount = From->AceCount;
        To->Sbz2 = 0;
    }
    return Bytes;
}

static NTSTATUS
SepCopyAcl(PACL From, const SEP_NEW *New, BOOLEAN Inherit, PACL *To)
{
    ULONG Bytes = Inherit ? SepInheritAcl(NULL, From, New) : SepApplyAcl(NULL, From, New);

    *To = NULL;
    if (Bytes == 0) {
        return STATUS_SUCCESS;
    }
    if (Bytes > MAXUSHORT) {
        return STATUS_INVALID_ACL;
    }
    *To = ExAllocatePoolWithTag(PagedPool, Bytes, 'cAeS');
    if (*To == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Inherit) {
        SepInheritAcl(*To, From, New);
    } else {
        SepApplyAcl(*To, From, New);
    }
    return STATUS_SUCCESS;
}

/* What the maker gave, and behind it what is inherited. [Win32: "DACL for a New Object"] */
static NTSTATUS
SepMergeInherited(PACL *Dacl, PACL Parent, const SEP_NEW *New)
{
    PACL Inherited, Both;
    ULONG Bytes;
    NTSTATUS Status = SepCopyAcl(Parent, New, TRUE, &Inherited);

    if (!NT_SUCCESS(Status) || Inherited == NULL) {
        return Status;
    }
    Bytes = (*Dacl)->AclSize + Inherited->AclSize - sizeof(ACL);
    Both = Bytes <= MAXUSHORT ? ExAllocatePoolWithTag(PagedPool, Bytes, 'cAeS') : NULL;
    if (Both != NULL) {
        RtlCopyMemory(Both, *Dacl, (*Dacl)->AclSize);
        RtlCopyMemory((PUCHAR)Both + (*Dacl)->AclSize, Inherited + 1,
                      Inherited->AclSize - sizeof(ACL));
        Both->AclRevision = max((*Dacl)->AclRevision, Inherited->AclRevision);
        Both->AclSize = (USHORT)Bytes;
        Both->AceCount = (*Dacl)->AceCount + Inherited->AceCount;
        ExFreePool(*Dacl);
        *Dacl = Both;
    }
    ExFreePool(Inherited);
    return Both != NULL        ? STATUS_SUCCESS
           : Bytes > MAXUSHORT ? STATUS_INVALID_ACL
                               : STATUS_INSUFFICIENT_RESOURCES;
}

/* A self-relative copy in pool. */
NTSTATUS
SepPack(PISECURITY_DESCRIPTOR Absolute, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Result)
{
    ULONG Bytes = 0;
    PVOID New;

    RtlMakeSelfRelativeSD(Absolute, NULL, &Bytes);
    New = ExAllocatePoolWithTag(PoolType, Bytes, 'dSeS');
    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlMakeSelfRelativeSD(Absolute, New, &Bytes);
    *Result = New;
    return STATUS_SUCCESS;
}

/* May this subject make the SID an owner? */
static BOOLEAN
SepMayOwn(PTOKEN Token, PSID Owner)
{
    for (ULONG i = 0; i < Token->UserAndGroupCount; i++) {
        PSID_AND_ATTRIBUTES Group = &Token->UserAndGroups[i];

        if (RtlEqualSid(Group->Sid, Owner)) {
            return i == 0 || ((Group->Attributes & SE_GROUP_OWNER) &&
                              !(Group->Attributes & SE_GROUP_USE_FOR_DENY_ONLY));
        }
    }
    return SepTokenHas(Token, SE_RESTORE_PRIVILEGE);
}

NTSTATUS NTAPI
SeAssignSecurityEx(PSECURITY_DESCRIPTOR ParentDescriptor, PSECURITY_DESCRIPTOR ExplicitDescriptor,
                   PSECURITY_DESCRIPTOR *NewDescriptor, GUID *ObjectType, BOOLEAN IsDirectoryObject,
                   ULONG AutoInheritFlags, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                   PGENERIC_MAPPING GenericMapping, POOL_TYPE PoolType)
{
    PTOKEN Token = SeQuerySubjectContextToken(SubjectContext);
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SECURITY_DESCRIPTOR Result = {.Revision = SECURITY_DESCRIPTOR_REVISION1};
    SEP_NEW New = {.Mapping = GenericMapping,
                   .Container = IsDirectoryObject,
                   .MarkInherited = (AutoInheritFlags & SEF_DACL_AUTO_INHERIT) != 0};
    USHORT Explicit =
        ExplicitDescriptor != NULL ? ((PISECURITY_DESCRIPTOR)ExplicitDescriptor)->Control : 0;
    PSECURITY_DESCRIPTOR E = ExplicitDescriptor;
    PACL Dacl = NULL, Sacl = NULL;
    NTSTATUS Status;

    *NewDescriptor = NULL;
    if (Token == NULL) {
        Token = SepSystemToken(); /* at boot */
        ObDereferenceObject(Token);
    }

    /* Owner and group. */
    if (E != NULL && RtlpOwnerOf(E) != NULL) {
        New.Owner = RtlpOwnerOf(E);
        if (Mode != KernelMode && !(AutoInheritFlags & SEF_AVOID_OWNER_CHECK) &&
            !SepMayOwn(Token, New.Owner)) {
            return STATUS_INVALID_OWNER;
        }
    } else if ((AutoInheritFlags & SEF_DEFAULT_OWNER_FROM_PARENT) && ParentDescriptor != NULL &&
               RtlpOwnerOf(ParentDescriptor) != NULL) {
        New.Owner = RtlpOwnerOf(ParentDescriptor);
    } else {
        New.Owner = SepOwnerOf(Token);
    }
    if (E != NULL && RtlpGroupOf(E) != NULL) {
        New.Group = RtlpGroupOf(E);
    } else if ((AutoInheritFlags & SEF_DEFAULT_GROUP_FROM_PARENT) && ParentDescriptor != NULL &&
               RtlpGroupOf(ParentDescriptor) != NULL) {
        New.Group = RtlpGroupOf(ParentDescriptor);
    } else {
        New.Group = Token->PrimaryGroup;
    }
    Result.Owner = New.Owner;
    Result.Group = New.Group;

    /* DACL. */
    if ((Explicit & SE_DACL_PRESENT) && !(Explicit & SE_DACL_DEFAULTED)) {
        Result.Control |= SE_DACL_PRESENT | (Explicit & SE_DACL_PROTECTED);
        if (RtlpDaclOf(E) != NULL) {
            Status = SepCopyAcl(RtlpDaclOf(E), &New, FALSE, &Dacl);
            if (NT_SUCCESS(Status) && New.MarkInherited && !(Explicit & SE_DACL_PROTECTED) &&
                Dacl != NULL && ParentDescriptor != NULL && RtlpDaclOf(ParentDescriptor) != NULL) {
                Status = SepMergeInherited(&Dacl, RtlpDaclOf(ParentDescriptor), &New);
                Result.Control |= SE_DACL_AUTO_INHERITED;
            }
            if (!NT_SUCCESS(Status)) {
                goto FreeDacl;
            }
        }
    } else {
        PACL From = ParentDescriptor != NULL ? RtlpDaclOf(ParentDescriptor) : NULL;

        if (From != NULL) {
            Status = SepCopyAcl(From, &New, TRUE, &Dacl);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
        }
        if (Dacl != NULL) {
            Result.Control |= SE_DACL_PRESENT | (New.MarkInherited ? SE_DACL_AUTO_INHERITED : 0);
        } else if (Explicit & SE_DACL_PRESENT) {
            Result.Control |= SE_DACL_PRESENT;
            if (RtlpDaclOf(E) != NULL) {
                Status = SepCopyAcl(RtlpDaclOf(E), &New, FALSE, &Dacl);
                if (!NT_SUCCESS(Status)) {
                    return Status;
                }
            }
        } else if (Token->DefaultDacl != NULL) {
            Status = SepCopyAcl(Token->DefaultDacl, &New, FALSE, &Dacl);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
            Result.Control |= SE_DACL_PRESENT;
        }
    }
    Result.Dacl = Dacl;

    /* SACL: an explicit one needs the privilege, unless it holds nothing but a label. */
    if ((Explicit & SE_SACL_PRESENT) && !(Explicit & SE_SACL_DEFAULTED)) {
        PACL From = RtlpSaclOf(E);
        BOOLEAN OnlyLabels = TRUE;

        if (From != NULL) {
            PACE_HEADER Ace = (PACE_HEADER)(From + 1);

            for (ULONG i = 0; i < From->AceCount;
                 i++, Ace = (PACE_HEADER)((PUCHAR)Ace + Ace->AceSize)) {
                OnlyLabels = OnlyLabels && Ace->AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE;
            }
        }
        if (Mode != KernelMode && !OnlyLabels && !(AutoInheritFlags & SEF_AVOID_PRIVILEGE_CHECK) &&
            !SepTokenHas(Token, SE_SECURITY_PRIVILEGE)) {
            Status = STATUS_PRIVILEGE_NOT_HELD;
            goto FreeDacl;
        }
        Result.Control |= SE_SACL_PRESENT | (Explicit & SE_SACL_PROTECTED);
        if (From != NULL) {
            Status = SepCopyAcl(From, &New, FALSE, &Sacl);
            if (!NT_SUCCESS(Status)) {
                goto FreeDacl;
            }
        }
    } else if (ParentDescriptor != NULL && RtlpSaclOf(ParentDescriptor) != NULL) {
        New.MarkInherited = (AutoInheritFlags & SEF_SACL_AUTO_INHERIT) != 0;
        Status = SepCopyAcl(RtlpSaclOf(ParentDescriptor), &New, TRUE, &Sacl);
        if (!NT_SUCCESS(Status)) {
            goto FreeDacl;
        }
        Result.Control |=
            Sacl != NULL ? SE_SACL_PRESENT | (New.MarkInherited ? SE_SACL_AUTO_INHERITED : 0) : 0;
    }
    Result.Sacl = Sacl;
    Status = SepPack(&Result, PoolType, NewDescriptor);
    if (Sacl != NULL) {
        ExFreePool(Sacl);
    }
FreeDacl:
    if (Dacl != NULL) {
        ExFreePool(Dacl);
    }
    return Status;
}

NTSTATUS NTAPI
SeAssignSecurity(PSECURITY_DESCRIPTOR ParentDescriptor, PSECURITY_DESCRIPTOR ExplicitDescriptor,
                 PSECURITY_DESCRIPTOR *NewDescriptor, BOOLEAN IsDirectoryObject,
                 PSECURITY_SUBJECT_CONTEXT SubjectContext, PGENERIC_MAPPING GenericMapping,
                 POOL_TYPE PoolType)
{
    return SeAssignSecurityEx(ParentDescriptor, ExplicitDescriptor, NewDescriptor, NULL,
                              IsDirectoryObject, 0, SubjectContext, GenericMapping, PoolType);
}

NTSTATUS NTAPI
SeDeassignSecurity(PSECURITY_DESCRIPTOR *SecurityDescriptor)
{
    if (*SecurityDescriptor != NULL) {
        ExFreePool(*SecurityDescriptor);
        *SecurityDescriptor = NULL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
SepDefaultDescriptor(PACCESS_TOKEN Token, const GENERIC_MAPPING *Mapping,
                     PSECURITY_DESCRIPTOR *Descriptor)
{
    SECURITY_SUBJECT_CONTEXT Subject = {.PrimaryToken = Token};

    return SeAssignSecurity(NULL, NULL, Descriptor, FALSE, &Subject, (PGENERIC_MAPPING)Mapping,
                            PagedPool);
}

/* The new one replaces *ObjectsSecurityDescriptor; the old one stays the caller's to free. */
NTSTATUS NTAPI
SeSetSecurityDescriptorInfoEx(PVOID Object, PSECURITY_INFORMATION SecurityInformation,
                              PSECURITY_DESCRIPTOR ModificationDescriptor,
                              PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor,
                              ULONG AutoInheritFlags, POOL_TYPE PoolType,
                              PGENERIC_MAPPING GenericMapping)
{
    PSECURITY_DESCRIPTOR Old = *ObjectsSecurityDescriptor, Change = ModificationDescriptor;
    SECURITY_INFORMATION Information = *SecurityInformation;
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SECURITY_DESCRIPTOR Result = {.Revision = SECURITY_DESCRIPTOR_REVISION1};
    USHORT Control, Changes;
    SEP_NEW New = {.Mapping = GenericMapping};
    PACL Dacl = NULL, Sacl = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Old == NULL) {
        return STATUS_NO_SECURITY_ON_OBJECT;
    }
    Control = ((PISECURITY_DESCRIPTOR)Old)->Control;
    Changes = ((PISECURITY_DESCRIPTOR)Change)->Control;
    Result.Owner = RtlpOwnerOf(Old);
    Result.Group = RtlpGroupOf(Old);
    if (Information & OWNER_SECURITY_INFORMATION) {
        Result.Owner = RtlpOwnerOf(Change);
        if (Result.Owner == NULL) {
            return STATUS_INVALID_OWNER;
        }
        if (Mode != KernelMode && !(AutoInheritFlags & SEF_AVOID_OWNER_CHECK)) {
            SECURITY_SUBJECT_CONTEXT Subject;
            BOOLEAN Allowed;

            SeCaptureSubjectContext(&Subject);
            Allowed = SepMayOwn(SeQuerySubjectContextToken(&Subject), Result.Owner);
            SeReleaseSubjectContext(&Subject);
            if (!Allowed) {
                return STATUS_INVALID_OWNER;
            }
        }
    }
    if (Information & GROUP_SECURITY_INFORMATION) {
        Result.Group = RtlpGroupOf(Change);
        if (Result.Group == NULL) {
            return STATUS_INVALID_PRIMARY_GROUP;
        }
    }
    New.Owner = Result.Owner;
    New.Group = Result.Group;
    Result.Dacl = RtlpDaclOf(Old);
    Result.Sacl = RtlpSaclOf(Old);
    Result.Control = Control & (SE_DACL_PRESENT | SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED |
                                SE_SACL_PRESENT | SE_SACL_PROTECTED | SE_SACL_AUTO_INHERITED);
    if (Information & DACL_SECURITY_INFORMATION) {
        if (RtlpDaclOf(Change) != NULL) {
            Status = SepCopyAcl(RtlpDaclOf(Change), &New, FALSE, &Dacl);
        }
        Result.Dacl = Dacl;
        Result.Control =
            (USHORT)((Result.Control &
                      ~(SE_DACL_PRESENT | SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED)) |
                     (Changes & (SE_DACL_PRESENT | SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED)));
    }
    if (NT_SUCCESS(Status) &&
        (Information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))) {
        if (RtlpSaclOf(Change) != NULL) {
            Status = SepCopyAcl(RtlpSaclOf(Change), &New, FALSE, &Sacl);
        }
        Result.Sacl = Sacl;
        Result.Control =
            (USHORT)((Result.Control &
                      ~(SE_SACL_PRESENT | SE_SACL_PROTECTED | SE_SACL_AUTO_INHERITED)) |
                     (Changes & (SE_SACL_PRESENT | SE_SACL_PROTECTED | SE_SACL_AUTO_INHERITED)));
    }
    if (NT_SUCCESS(Status)) {
        Status = SepPack(&Result, PoolType, ObjectsSecurityDescriptor);
    }
    if (Dacl != NULL) {
        ExFreePool(Dacl);
    }
    if (Sacl != NULL) {
        ExFreePool(Sacl);
    }
    return Status;
}

NTSTATUS NTAPI
SeSetSecurityDescriptorInfo(PVOID Object, PSECURITY_INFORMATION SecurityInformation,
                            PSECURITY_DESCRIPTOR SecurityDescriptor,
                            PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor, POOL_TYPE PoolType,
                            PGENERIC_MAPPING GenericMapping)
{
    return SeSetSecurityDescriptorInfoEx(Object, SecurityInformation, SecurityDescriptor,
                                         ObjectsSecurityDescriptor, 0, PoolType, GenericMapping);
}

NTSTATUS NTAPI
SeQuerySecurityDescriptorInfo(PSECURITY_INFORMATION SecurityInformation,
                              PSECURITY_DESCRIPTOR SecurityDescriptor, PULONG Length,
                              PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor)
{
    PSECURITY_DESCRIPTOR Old = *ObjectsSecurityDescriptor;
    SECURITY_INFORMATION Information = *SecurityInformation;
    SECURITY_DESCRIPTOR Part = {.Revision = SECURITY_DESCRIPTOR_REVISION1};
    ULONG Needed = 0;
    NTSTATUS Status;

    if (Old != NULL) {
        USHORT Control = ((PISECURITY_DESCRIPTOR)Old)->Control;

        if (Information & OWNER_SECURITY_INFORMATION) {
            Part.Owner = RtlpOwnerOf(Old);
        }
        if (Information & GROUP_SECURITY_INFORMATION) {
            Part.Group = RtlpGroupOf(Old);
        }
        if (Information & DACL_SECURITY_INFORMATION) {
            Part.Dacl = RtlpDaclOf(Old);
            Part.Control |= Control & (SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_PROTECTED |
                                       SE_DACL_AUTO_INHERITED);
        }
        if (Information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION)) {
            Part.Sacl = RtlpSaclOf(Old);
            Part.Control |= Control & (SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_PROTECTED |
                                       SE_SACL_AUTO_INHERITED);
        }
    }
    RtlMakeSelfRelativeSD(&Part, NULL, &Needed);
    if (*Length < Needed) {
        *Length = Needed;
        return STATUS_BUFFER_TOO_SMALL;
    }
    *Length = Needed;
    __try {
        Status = RtlMakeSelfRelativeSD(&Part, SecurityDescriptor, &Needed);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

BOOLEAN NTAPI
SeValidSecurityDescriptor(ULONG Length, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return RtlValidRelativeSecurityDescriptor(SecurityDescriptor, Length, 0) &&
           RtlpOwnerOf(SecurityDescriptor) != NULL;
}

ULONG NTAPI
SeObjectCreateSaclAccessBits(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return RtlpSaclOf(SecurityDescriptor) != NULL ? ACCESS_SYSTEM_SECURITY : 0;
}

ULONG NTAPI
SeComputeAutoInheritByObjectType(PVOID ObjectType, PSECURITY_DESCRIPTOR SecurityDescriptor,
                                 PSECURITY_DESCRIPTOR ParentSecurityDescriptor)
{
    return 0;
}
