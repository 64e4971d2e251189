/*
 * trustee.c - access control lists from lists of who may do what.
 *
 * SetEntriesInAcl's new list: denied entries first, then allowed ones, then what the old list had and no new entry concerns.
 * GRANT_ACCESS adds to what the trustee has in an entry with the same inheritance, SET_ACCESS replaces it, REVOKE_ACCESS
 * removes its allowed entries. [LEARN: SetEntriesInAcl, EXPLICIT_ACCESS, TRUSTEE]
 */
#include "user/advapi32/adv.h"

#define MOST 64

typedef struct _ADV_ENTRY {
    UCHAR Type, Flags;
    BOOLEAN Gone;
    ACCESS_MASK Mask;
    PSID Sid;
} ADV_ENTRY, *PADV_ENTRY;

VOID WINAPI
BuildTrusteeWithSidW(PTRUSTEEW Trustee, PSID Sid)
{
    RtlZeroMemory(Trustee, sizeof(*Trustee));
    Trustee->TrusteeForm = TRUSTEE_IS_SID;
    Trustee->TrusteeType = TRUSTEE_IS_UNKNOWN;
    Trustee->ptstrName = (LPWSTR)Sid;
}

VOID WINAPI
BuildTrusteeWithSidA(PTRUSTEEA Trustee, PSID Sid)
{
    BuildTrusteeWithSidW((PTRUSTEEW)Trustee, Sid);
}

VOID WINAPI
BuildTrusteeWithNameW(PTRUSTEEW Trustee, LPWSTR Name)
{
    RtlZeroMemory(Trustee, sizeof(*Trustee));
    Trustee->TrusteeForm = TRUSTEE_IS_NAME;
    Trustee->TrusteeType = TRUSTEE_IS_UNKNOWN;
    Trustee->ptstrName = Name;
}

VOID WINAPI
BuildTrusteeWithNameA(PTRUSTEEA Trustee, LPSTR Name)
{
    BuildTrusteeWithNameW((PTRUSTEEW)Trustee, (LPWSTR)Name);
}

VOID WINAPI
BuildExplicitAccessWithNameW(PEXPLICIT_ACCESSW Access, LPWSTR Name, DWORD Mask, ACCESS_MODE Mode,
                             DWORD Inheritance)
{
    RtlZeroMemory(Access, sizeof(*Access));
    Access->grfAccessPermissions = Mask;
    Access->grfAccessMode = Mode;
    Access->grfInheritance = Inheritance;
    BuildTrusteeWithNameW(&Access->Trustee, Name);
}

VOID WINAPI
BuildExplicitAccessWithNameA(PEXPLICIT_ACCESSA Access, LPSTR Name, DWORD Mask, ACCESS_MODE Mode,
                             DWORD Inheritance)
{
    BuildExplicitAccessWithNameW((PEXPLICIT_ACCESSW)Access, (LPWSTR)Name, Mask, Mode, Inheritance);
}

TRUSTEE_FORM WINAPI
GetTrusteeFormW(PTRUSTEEW Trustee)
{
    return Trustee->TrusteeForm;
}

TRUSTEE_FORM WINAPI
GetTrusteeFormA(PTRUSTEEA Trustee)
{
    return Trustee->TrusteeForm;
}

TRUSTEE_TYPE WINAPI
GetTrusteeTypeW(PTRUSTEEW Trustee)
{
    return Trustee->TrusteeType;
}

TRUSTEE_TYPE WINAPI
GetTrusteeTypeA(PTRUSTEEA Trustee)
{
    return Trustee->TrusteeType;
}

LPWSTR WINAPI
GetTrusteeNameW(PTRUSTEEW Trustee)
{
    return Trustee->TrusteeForm == TRUSTEE_IS_NAME ? Trustee->ptstrName : NULL;
}

LPSTR WINAPI
GetTrusteeNameA(PTRUSTEEA Trustee)
{
    return Trustee->TrusteeForm == TRUSTEE_IS_NAME ? Trustee->ptstrName : NULL;
}

/* The SID of a trustee, in Room when it had to be looked up. */
static DWORD
AdvSidOf(PTRUSTEEW Trustee, BOOL Narrow, PVOID Room, PSID *Sid)
{
    DWORD Size = SECURITY_MAX_SID_SIZE, DomainSize = 64;
    WCHAR Domain[64];
    SID_NAME_USE Use;
    UNICODE_STRING Wide = {0};
    HANDLE Token;
    struct {
        TOKEN_USER User;
        ULONG64 Sid[16];
    } User;

    if (Trustee->TrusteeForm == TRUSTEE_IS_SID) {
        *Sid = (PSID)Trustee->ptstrName;
        return RtlValidSid(*Sid) ? ERROR_SUCCESS : ERROR_INVALID_SID;
    }
    if (Trustee->TrusteeForm != TRUSTEE_IS_NAME || Trustee->ptstrName == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    if (Narrow && !AdvToWide(&Wide, (LPCSTR)Trustee->ptstrName)) {
        return GetLastError();
    }
    *Sid = Room;
    if (_wcsicmp(Narrow ? Wide.Buffer : Trustee->ptstrName, L"CURRENT_USER") == 0) {
        NTSTATUS Status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Token);
        ULONG Length;

        if (NT_SUCCESS(Status)) {
            Status = NtQueryInformationToken(Token, TokenUser, &User, sizeof(User), &Length);
            NtClose(Token);
        }
        if (NT_SUCCESS(Status)) {
            Status = RtlCopySid(SECURITY_MAX_SID_SIZE, Room, User.User.User.Sid);
        }
        RtlFreeUnicodeString(&Wide);
        return RtlNtStatusToDosError(Status);
    }
    Use = LookupAccountNameW(NULL, Narrow ? Wide.Buffer : Trustee->ptstrName, Room, &Size, Domain,
                             &DomainSize, &Use)
              ? 1
              : 0;
    RtlFreeUnicodeString(&Wide);
    return Use != 0 ? ERROR_SUCCESS : ERROR_NONE_MAPPED;
}

/* Everything of a list that is allowed or denied; FALSE: it holds what this file does not know. */
static DWORD
AdvTakeAcl(PACL Acl, PADV_ENTRY Entries, PULONG Count)
{
    for (ULONG i = 0; Acl != NULL && i < Acl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace;

        if (!NT_SUCCESS(RtlGetAce(Acl, i, (PVOID *)&Ace))) {
            return ERROR_INVALID_ACL;
        }
        if (Ace->Header.AceType > SYSTEM_AUDIT_ACE_TYPE || *Count == MOST) {
            return ERROR_INVALID_ACL;
        }
        Entries[(*Count)++] = (ADV_ENTRY){.Type = Ace->Header.AceType,
                                          .Flags = Ace->Header.AceFlags,
                                          .Mask = Ace->Mask,
                                          .Sid = (PSID)&Ace->SidStart};
    }
    return ERROR_SUCCESS;
}

static DWORD
AdvApply(PADV_ENTRY Entries, PULONG Count, ULONG Old, const EXPLICIT_ACCESSW *Access, PSID Sid)
{
    UCHAR Flags = (UCHAR)(Access->grfInheritance & VALID_INHERIT_FLAGS);
    UCHAR Type =
        Access->grfAccessMode == DENY_ACCESS ? ACCESS_DENIED_ACE_TYPE : ACCESS_ALLOWED_ACE_TYPE;

    for (ULONG i = 0; i < *Count; i++) {
        PADV_ENTRY Entry = &Entries[i];

        if (Entry->Gone || (Entry->Flags & INHERITED_ACE) != 0 || !RtlEqualSid(Entry->Sid, Sid)) {
            continue;
        }
        switch (Access->grfAccessMode) {
        case SET_ACCESS:
            Entry->Gone = i < Old; /* whatever it said before */
            break;
        case REVOKE_ACCESS:
            Entry->Gone = Entry->Type == ACCESS_ALLOWED_ACE_TYPE;
            break;
        case GRANT_ACCESS:
            if (Entry->Type == ACCESS_DENIED_ACE_TYPE && Entry->Flags == Flags) {
                Entry->Mask &= ~Access->grfAccessPermissions;
                Entry->Gone = Entry->Mask == 0;
            }
            if (Entry->Type == Type && Entry->Flags == Flags) {
                Entry->Mask |= Access->grfAccessPermissions;
                return ERROR_SUCCESS;
            }
            break;
        case DENY_ACCESS:
            if (Entry->Type == ACCESS_ALLOWED_ACE_TYPE && Entry->Flags == Flags) {
                Entry->Mask &= ~Access->grfAccessPermissions;
                Entry->Gone = Entry->Mask == 0;
            }
            break;
        default:
            return ERROR_INVALID_PARAMETER;
        }
    }
    if (Access->grfAccessMode == REVOKE_ACCESS) {
        return ERROR_SUCCESS;
    }
    if (*Count == MOST) {
        return ERROR_INVALID_ACL;
    }
    Entries[(*Count)++] =
        (ADV_ENTRY){.Type = Type, .Flags = Flags, .Mask = Access->grfAccessPermissions, .Sid = Sid};
    return ERROR_SUCCESS;
}

/* Denied before allowed, not inherited before inherited; new before old. */
static PACL
AdvMakeAcl(PADV_ENTRY Entries, ULONG Count, ULONG Old)
{
    ULONG Size = sizeof(ACL);
    PACL Acl;

    for (ULONG i = 0; i < Count; i++) {
        Size += Entries[i].Gone
                    ? 0
                    : FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Entries[i].Sid);
    }
    Acl = AdvAllocate(Size);
    if (Acl == NULL || !NT_SUCCESS(RtlCreateAcl(Acl, Size, ACL_REVISION))) {
        AdvFree(Acl);
        return NULL;
    }
    for (ULONG Pass = 0; Pass < 6; Pass++) {
        for (ULONG i = 0; i < Count; i++) {
            ULONG At = i < Count - Old ? Old + i : i - (Count - Old);
            PADV_ENTRY Entry = &Entries[At];
            ULONG Rank = Entry->Type == SYSTEM_AUDIT_ACE_TYPE    ? 2
                         : Entry->Type == ACCESS_DENIED_ACE_TYPE ? 0
                                                                 : 1;

            if (Entry->Gone || Rank + ((Entry->Flags & INHERITED_ACE) != 0 ? 3 : 0) != Pass) {
                continue;
            }
            if (Entry->Type == ACCESS_DENIED_ACE_TYPE) {
                RtlAddAccessDeniedAceEx(Acl, ACL_REVISION, Entry->Flags, Entry->Mask, Entry->Sid);
            } else {
                PACCESS_ALLOWED_ACE Ace;

                RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, Entry->Flags, Entry->Mask, Entry->Sid);
                RtlGetAce(Acl, Acl->AceCount - 1u, (PVOID *)&Ace);
                Ace->Header.AceType = Entry->Type;
            }
        }
    }
    return Acl;
}

static DWORD
AdvSetEntries(ULONG Count, PEXPLICIT_ACCESSW List, BOOL Narrow, PACL Old, PACL *New)
{
    PADV_ENTRY Entries = AdvAllocate(MOST * sizeof(*Entries));
    PUCHAR Sids = AdvAllocate((Count + 1) * SECURITY_MAX_SID_SIZE);
    ULONG Total = 0, Before;
    DWORD Error = Entries == NULL || Sids == NULL ? ERROR_NOT_ENOUGH_MEMORY
                                                  : AdvTakeAcl(Old, Entries, &Total);

    Before = Total;
    for (ULONG i = 0; i < Count && Error == ERROR_SUCCESS; i++) {
        PSID Sid;

        Error = AdvSidOf(&List[i].Trustee, Narrow, Sids + i * SECURITY_MAX_SID_SIZE, &Sid);
        if (Error == ERROR_SUCCESS) {
            Error = AdvApply(Entries, &Total, Before, &List[i], Sid);
        }
    }
    if (Error == ERROR_SUCCESS) {
        *New = AdvMakeAcl(Entries, Total, Before);
        Error = *New != NULL ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    AdvFree(Entries);
    AdvFree(Sids);
    return Error;
}

DWORD WINAPI
SetEntriesInAclW(ULONG Count, PEXPLICIT_ACCESSW List, PACL Old, PACL *New)
{
    return AdvSetEntries(Count, List, FALSE, Old, New);
}

DWORD WINAPI
SetEntriesInAclA(ULONG Count, PEXPLICIT_ACCESSA List, PACL Old, PACL *New)
{
    return AdvSetEntries(Count, (PEXPLICIT_ACCESSW)List, TRUE, Old, New);
}

/* One entry for each of the list that is not inherited; the SIDs lie in the same block. */
DWORD WINAPI
GetExplicitEntriesFromAclW(PACL Acl, PULONG Count, PEXPLICIT_ACCESSW *List)
{
    ADV_ENTRY Entries[MOST];
    ULONG Total = 0;
    PEXPLICIT_ACCESSW Made;
    PUCHAR Sids;
    DWORD Error = AdvTakeAcl(Acl, Entries, &Total);

    *Count = 0;
    *List = NULL;
    if (Error != ERROR_SUCCESS || Total == 0) {
        return Error;
    }
    Made = AdvAllocate(Total * (sizeof(*Made) + SECURITY_MAX_SID_SIZE));
    if (Made == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Sids = (PUCHAR)(Made + Total);
    for (ULONG i = 0; i < Total; i++) {
        PEXPLICIT_ACCESSW Entry = &Made[*Count];

        if ((Entries[i].Flags & INHERITED_ACE) != 0) {
            continue;
        }
        RtlCopySid(SECURITY_MAX_SID_SIZE, Sids, Entries[i].Sid);
        Entry->grfAccessPermissions = Entries[i].Mask;
        Entry->grfAccessMode =
            Entries[i].Type == ACCESS_DENIED_ACE_TYPE ? DENY_ACCESS
            : Entries[i].Type == SYSTEM_AUDIT_ACE_TYPE
                ? ((Entries[i].Flags & SUCCESSFUL_ACCESS_ACE_FLAG) != 0 ? SET_AUDIT_SUCCESS
                                                                        : SET_AUDIT_FAILURE)
                : GRANT_ACCESS;
        Entry->grfInheritance = Entries[i].Flags & VALID_INHERIT_FLAGS;
        BuildTrusteeWithSidW(&Entry->Trustee, Sids);
        Sids += SECURITY_MAX_SID_SIZE;
        (*Count)++;
    }
    *List = Made;
    return ERROR_SUCCESS;
}

DWORD WINAPI
GetExplicitEntriesFromAclA(PACL Acl, PULONG Count, PEXPLICIT_ACCESSA *List)
{
    return GetExplicitEntriesFromAclW(Acl, Count, (PEXPLICIT_ACCESSW *)List);
}
