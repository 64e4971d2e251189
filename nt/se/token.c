/*
 * token.c - the token object: making, copying, filtering. Invariants: sep.h.
 */
#include "sep.h"
#include "nt/inc/life.h"

const GENERIC_MAPPING SepTokenMapping = {TOKEN_READ | TOKEN_QUERY_SOURCE, TOKEN_WRITE,
                                         TOKEN_EXECUTE, TOKEN_ALL_ACCESS};

static VOID
SepDeleteToken(PVOID Object)
{
    PTOKEN Token = Object;

    if (Token->OwnDacl && Token->DefaultDacl != NULL) {
        ExFreePool(Token->DefaultDacl);
    }
    if (Token->Variable != NULL) {
        ExFreePool(Token->Variable);
    }
}

static const OB_METHODS SepTokenMethods = {.Delete = SepDeleteToken};

static PVOID
SepTake(PUCHAR *At, const VOID *From, ULONG Bytes)
{
    PVOID To = *At;

    RtlCopyMemory(To, From, Bytes);
    *At += (Bytes + 7) & ~7u;
    return To;
}

static ULONG
SepSidsBytes(const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    ULONG Bytes = Count * sizeof(*Sids);

    for (ULONG i = 0; i < Count; i++) {
        Bytes += (RtlLengthSid(Sids[i].Sid) + 7) & ~7u;
    }
    return Bytes;
}

static PSID_AND_ATTRIBUTES
SepTakeSids(PUCHAR *At, const SID_AND_ATTRIBUTES *From, ULONG Count)
{
    PSID_AND_ATTRIBUTES To = SepTake(At, From, Count * sizeof(*From));

    for (ULONG i = 0; i < Count; i++) {
        To[i].Sid = SepTake(At, From[i].Sid, RtlLengthSid(From[i].Sid));
    }
    return To;
}

static ULONG
SepFlagsOf(PTOKEN Token)
{
    ULONG Flags =
        Token->Flags & ~(ULONG)(TOKEN_HAS_TRAVERSE_PRIVILEGE | TOKEN_HAS_BACKUP_PRIVILEGE |
                                TOKEN_HAS_RESTORE_PRIVILEGE | TOKEN_HAS_IMPERSONATE_PRIVILEGE);

    Flags |=
        Token->Enabled & SEP_BIT(SE_CHANGE_NOTIFY_PRIVILEGE) ? TOKEN_HAS_TRAVERSE_PRIVILEGE : 0;
    Flags |= Token->Enabled & SEP_BIT(SE_BACKUP_PRIVILEGE) ? TOKEN_HAS_BACKUP_PRIVILEGE : 0;
    Flags |= Token->Enabled & SEP_BIT(SE_RESTORE_PRIVILEGE) ? TOKEN_HAS_RESTORE_PRIVILEGE : 0;
    Flags |=
        Token->Enabled & SEP_BIT(SE_IMPERSONATE_PRIVILEGE) ? TOKEN_HAS_IMPERSONATE_PRIVILEGE : 0;
    return Flags;
}

VOID
SepTokenChanged(PTOKEN Token)
{
    ExpAllocateLuid(&Token->ModifiedId);
    Token->Flags = SepFlagsOf(Token);
}

NTSTATUS
SepCreateToken(const SEP_TOKEN_PARTS *Parts, PTOKEN *Result)
{
    OBJECT_ATTRIBUTES Attributes;
    PTOKEN Token;
    PUCHAR At;
    ULONG Bytes = SepSidsBytes(Parts->UserAndGroups, Parts->UserAndGroupCount) +
                  SepSidsBytes(Parts->RestrictedSids, Parts->RestrictedCount) + 16;
    NTSTATUS Status;

    Bytes += (RtlLengthSid(Parts->PrimaryGroup) + 7) & ~7u;
    Bytes += Parts->DefaultDacl != NULL ? (Parts->DefaultDacl->AclSize + 7) & ~7u : 0;
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Status = ObCreateObject(KernelMode, SeTokenObjectTypeP, &Attributes, KernelMode, NULL,
                            sizeof(*Token), 0, 0, (PVOID *)&Token);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Token, sizeof(*Token));
    Token->Variable = ExAllocatePoolWithTag(PagedPool, Bytes, 'ekoT');
    if (Token->Variable == NULL) {
        ObDereferenceObject(Token);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Token->VariableBytes = Bytes;
    At = Token->Variable;
    Token->UserAndGroupCount = Parts->UserAndGroupCount;
    Token->UserAndGroups = SepTakeSids(&At, Parts->UserAndGroups, Parts->UserAndGroupCount);
    Token->RestrictedCount = Parts->RestrictedCount;
    if (Parts->RestrictedCount != 0) {
        Token->RestrictedSids = SepTakeSids(&At, Parts->RestrictedSids, Parts->RestrictedCount);
        Token->Flags |= TOKEN_IS_RESTRICTED;
    }
    Token->PrimaryGroup = SepTake(&At, Parts->PrimaryGroup, RtlLengthSid(Parts->PrimaryGroup));
    if (Parts->DefaultDacl != NULL) {
        Token->DefaultDacl = SepTake(&At, Parts->DefaultDacl, Parts->DefaultDacl->AclSize);
    }
    ASSERT(At <= (PUCHAR)Token->Variable + Bytes);
    RtlCopyMemory(Token->Source.SourceName, Parts->Source, TOKEN_SOURCE_LENGTH);
    ExpAllocateLuid(&Token->Source.SourceIdentifier);
    ExpAllocateLuid(&Token->TokenId);
    Token->AuthenticationId = Parts->AuthenticationId;
    Token->OriginatingLogonSession = Parts->AuthenticationId;
    Token->ExpirationTime.QuadPart = MAXLONGLONG;
    Token->Type = Parts->Type;
    Token->ImpersonationLevel = Parts->Level;
    Token->Present = Parts->Present;
    Token->Enabled = Token->EnabledByDefault = Parts->Enabled & Parts->Present;
    Token->OwnerIndex = Parts->OwnerIndex;
    Token->MandatoryPolicy =
        TOKEN_MANDATORY_POLICY_NO_WRITE_UP | TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN;
    Token->ElevationType = 1;
    SepTokenChanged(Token);
    if (SepReady) {
        Status = ObInsertObject(Token, NULL, 0, 0, NULL, NULL);
    }
    *Result = Token;
    return Status;
}

/* As it is, but for its restricting SIDs. */
static NTSTATUS
SepCopyToken(PTOKEN From, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level,
             PSID_AND_ATTRIBUTES RestrictedSids, ULONG RestrictedCount, PTOKEN *New)
{
    PTOKEN Token;
    SEP_TOKEN_PARTS Parts = {
        .Type = Type,
        .Level = Type == TokenPrimary ? SecurityAnonymous : Level,
        .AuthenticationId = From->AuthenticationId,
        .UserAndGroups = From->UserAndGroups,
        .UserAndGroupCount = From->UserAndGroupCount,
        .RestrictedSids = RestrictedSids,
        .RestrictedCount = RestrictedCount,
        .Present = From->Present,
        .Enabled = From->Enabled,
        .OwnerIndex = From->OwnerIndex,
        .PrimaryGroup = From->PrimaryGroup,
        .DefaultDacl = From->DefaultDacl,
        .Source = From->Source.SourceName,
    };
    NTSTATUS Status = SepCreateToken(&Parts, &Token);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Token->Source = From->Source;
    Token->OriginatingLogonSession = From->OriginatingLogonSession;
    Token->ParentTokenId = From->ParentTokenId;
    Token->ExpirationTime = From->ExpirationTime;
    Token->SessionId = From->SessionId;
    Token->Flags = From->Flags;
    Token->MandatoryPolicy = From->MandatoryPolicy;
    Token->ElevationType = From->ElevationType;
    Token->Elevated = From->Elevated;
    Token->EnabledByDefault = From->EnabledByDefault;
    Token->ModifiedId = From->ModifiedId;
    *New = Token;
    return STATUS_SUCCESS;
}

NTSTATUS
SepDuplicateToken(PACCESS_TOKEN Source, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level,
                  PACCESS_TOKEN *New)
{
    PTOKEN Token = Source;

    KiLooksAt(Token);
    return SepCopyToken(Token, Type, Level, Token->RestrictedSids, Token->RestrictedCount,
                        (PTOKEN *)New);
}

VOID
SepReferenceToken(PACCESS_TOKEN Token)
{
    ObReferenceObject(Token);
}

/* [DDI:ntifs/ntduplicatetoken] "Only the currently enabled parts". The user stays, what only denies, and the level. */
VOID
SepMakeEffective(PTOKEN Token)
{
    ULONG Kept = 1, Owner = 0;

    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        SID_AND_ATTRIBUTES Group = Token->UserAndGroups[i];

        if (Group.Attributes &
            (SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY | SE_GROUP_INTEGRITY)) {
            Owner = Token->OwnerIndex == i ? Kept : Owner;
            Token->UserAndGroups[Kept++] = Group;
        }
    }
    Token->UserAndGroupCount = Kept;
    Token->OwnerIndex = Owner;
    Token->Present = Token->Enabled;
}

/* SeFilterToken's flags. */
#define SEP_DISABLE_MAX_PRIVILEGE 1
#define SEP_SANDBOX_INERT         2
#define SEP_WRITE_RESTRICTED      8

/* The new token's restricting SIDs, in To: always enabled, and of a token that has some already only those in both lists.
   [Win32: CreateRestrictedToken] */
static ULONG
SepRestrictBy(PTOKEN Token, PTOKEN_GROUPS Restrict, PSID_AND_ATTRIBUTES To)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < Restrict->GroupCount; i++) {
        PSID Sid = Restrict->Groups[i].Sid;

        if ((Token->Flags & TOKEN_IS_RESTRICTED) && !SepSidInToken(Token, Sid, FALSE, TRUE)) {
            continue;
        }
        To[Count].Sid = Sid;
        To[Count++].Attributes =
            SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;
    }
    return Count;
}

NTSTATUS
SepFilter(PTOKEN Token, ULONG Flags, PTOKEN_GROUPS Disable, PTOKEN_PRIVILEGES Delete,
          PTOKEN_GROUPS Restrict, PTOKEN *New)
{
    PSID_AND_ATTRIBUTES Restricted = Token->RestrictedSids;
    ULONG RestrictedCount = Token->RestrictedCount;
    PSID_AND_ATTRIBUTES Sids = NULL;
    PTOKEN Filtered;
    NTSTATUS Status;

    if (Flags & ~(ULONG)(SEP_DISABLE_MAX_PRIVILEGE | SEP_SANDBOX_INERT | SEP_WRITE_RESTRICTED)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Restrict != NULL && Restrict->GroupCount != 0) {
        Sids = ExAllocatePoolWithTag(PagedPool, Restrict->GroupCount * sizeof(*Sids), 'ekoT');
        if (Sids == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Restricted = Sids;
        RestrictedCount = SepRestrictBy(Token, Restrict, Sids);
    }
    Status = SepCopyToken(Token, Token->Type, Token->ImpersonationLevel, Restricted,
                          RestrictedCount, &Filtered);
    if (Sids != NULL) {
        ExFreePool(Sids);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Filtered->ParentTokenId = Token->TokenId;
    Filtered->Flags |= TOKEN_IS_FILTERED | (RestrictedCount != 0 ? TOKEN_IS_RESTRICTED : 0);
    Filtered->Flags |= Flags & SEP_SANDBOX_INERT ? TOKEN_SANDBOX_INERT : 0;
    Filtered->Flags |= Flags & SEP_WRITE_RESTRICTED ? TOKEN_WRITE_RESTRICTED : 0;
    if (Flags & SEP_DISABLE_MAX_PRIVILEGE) {
        Filtered->Present &= SEP_BIT(SE_CHANGE_NOTIFY_PRIVILEGE);
    }
    for (ULONG i = 0; Delete != NULL && i < Delete->PrivilegeCount; i++) {
        LUID Luid = Delete->Privileges[i].Luid;

        if (Luid.HighPart == 0 && Luid.LowPart <= SEP_MAX_PRIVILEGE) {
            Filtered->Present &= ~SEP_BIT(Luid.LowPart);
        }
    }
    Filtered->Enabled &= Filtered->Present;
    for (ULONG i = 0; Disable != NULL && i < Disable->GroupCount; i++) {
        for (ULONG n = 0; n < Filtered->UserAndGroupCount; n++) {
            PSID_AND_ATTRIBUTES Group = &Filtered->UserAndGroups[n];

            if (!(Group->Attributes & SE_GROUP_INTEGRITY) &&
                RtlEqualSid(Group->Sid, Disable->Groups[i].Sid)) {
                Group->Attributes |= SE_GROUP_USE_FOR_DENY_ONLY;
                if (n != 0) {
                    Group->Attributes &=
                        ~(ULONG)(SE_GROUP_ENABLED | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_OWNER);
                }
                if (Filtered->OwnerIndex == n) {
                    Filtered->OwnerIndex = 0;
                }
            }
        }
    }
    SepTokenChanged(Filtered);
    *New = Filtered;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
SeFilterToken(PACCESS_TOKEN ExistingToken, ULONG Flags, PTOKEN_GROUPS SidsToDisable,
              PTOKEN_PRIVILEGES PrivilegesToDelete, PTOKEN_GROUPS RestrictedSids,
              PACCESS_TOKEN *FilteredToken)
{
    return SepFilter(ExistingToken, Flags, SidsToDisable, PrivilegesToDelete, RestrictedSids,
                     (PTOKEN *)FilteredToken);
}

PSID_AND_ATTRIBUTES
SepIntegrityOf(PTOKEN Token)
{
    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        if (Token->UserAndGroups[i].Attributes & SE_GROUP_INTEGRITY) {
            return &Token->UserAndGroups[i];
        }
    }
    return NULL;
}

ULONG
SepIntegrityLevel(PTOKEN Token)
{
    PSID_AND_ATTRIBUTES Level = SepIntegrityOf(Token);

    return Level != NULL ? ((SID *)Level->Sid)->SubAuthority[0] : SECURITY_MANDATORY_MEDIUM_RID;
}

BOOLEAN
SepSidInToken(PTOKEN Token, PSID Sid, BOOLEAN Deny, BOOLEAN Restricted)
{
    PSID_AND_ATTRIBUTES Sids = Restricted ? Token->RestrictedSids : Token->UserAndGroups;
    ULONG Count = Restricted ? Token->RestrictedCount : Token->UserAndGroupCount;

    for (ULONG i = 0; i < Count; i++) {
        if (!RtlEqualSid(Sids[i].Sid, Sid) || (Sids[i].Attributes & SE_GROUP_INTEGRITY)) {
            continue;
        }
        if (Restricted) {
            return TRUE;
        }
        if (Sids[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY) {
            return Deny;
        }
        return i == 0 || (Sids[i].Attributes & SE_GROUP_ENABLED) != 0;
    }
    return FALSE;
}

TOKEN_TYPE NTAPI
SeTokenType(PACCESS_TOKEN Token)
{
    return ((PTOKEN)Token)->Type;
}

SECURITY_IMPERSONATION_LEVEL NTAPI
SeTokenImpersonationLevel(PACCESS_TOKEN Token)
{
    return ((PTOKEN)Token)->ImpersonationLevel;
}

BOOLEAN NTAPI
SeTokenIsAdmin(PACCESS_TOKEN Token)
{
    return SepSidInToken(Token, SEP_KNOWN(SepAdmins), FALSE, FALSE);
}

BOOLEAN NTAPI
SeTokenIsRestricted(PACCESS_TOKEN Token)
{
    return (((PTOKEN)Token)->Flags & TOKEN_IS_RESTRICTED) != 0;
}

BOOLEAN NTAPI
SeTokenIsWriteRestricted(PACCESS_TOKEN Token)
{
    return (((PTOKEN)Token)->Flags & TOKEN_WRITE_RESTRICTED) != 0;
}

NTSTATUS NTAPI
SeQueryAuthenticationIdToken(PACCESS_TOKEN Token, PLUID AuthenticationId)
{
    *AuthenticationId = ((PTOKEN)Token)->AuthenticationId;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
SeQuerySessionIdToken(PACCESS_TOKEN Token, PULONG SessionId)
{
    *SessionId = ((PTOKEN)Token)->SessionId;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
SeSetSessionIdToken(PACCESS_TOKEN Token, ULONG SessionId)
{
    ((PTOKEN)Token)->SessionId = SessionId;
    return STATUS_SUCCESS;
}

VOID NTAPI
SeQueryTokenIntegrity(PACCESS_TOKEN Token, PSID_AND_ATTRIBUTES IntegritySA)
{
    PSID_AND_ATTRIBUTES Level = SepIntegrityOf(Token);

    if (Level != NULL) {
        *IntegritySA = *Level;
    } else {
        IntegritySA->Sid = SEP_KNOWN(SepUntrusted);
        IntegritySA->Attributes = SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED;
    }
}

BOOLEAN
SeInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        NTSTATUS Status =
            ObpCreateType(L"Token", &SepTokenMethods, &SepTokenMapping, TOKEN_ALL_ACCESS,
                          sizeof(TOKEN), OBP_NOT_WAITABLE, &SeTokenObjectTypeP);

        ASSERT(NT_SUCCESS(Status));
        SeTokenObjectType = (POBJECT_TYPE *)SeTokenObjectTypeP;
    } else {
        SepReady = TRUE;
        if (SepSystem != NULL) { /* made before objects could be inserted */
            ObInsertObject(SepSystem, NULL, 0, 0, NULL, NULL);
        }
    }
    return TRUE;
}
