/*
 * acl.c - access control lists: a header and entries one behind the other.
 *
 *   A1  AclSize is the memory's size; the entries end before it, at the first free place.
 *   A2  Each entry's size is a multiple of 4 that holds at least a header, and lies within AclSize.
 *
 * Facts: the DDI pages of RtlCreateAcl, RtlAddAce, RtlAddAccessAllowedAce(Ex), RtlGetAce, RtlDeleteAce.
 */
#include "sertl.h"

typedef struct _RTLP_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} RTLP_ACE;

NTSTATUS NTAPI
RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    if (AclLength < sizeof(ACL)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (AclRevision < 2 || AclRevision > 4 || AclLength > MAXUSHORT) {
        return STATUS_INVALID_PARAMETER;
    }
    Acl->AclRevision = (UCHAR)AclRevision;
    Acl->Sbz1 = 0;
    Acl->AclSize = (USHORT)(AclLength & ~3u);
    Acl->AceCount = 0;
    Acl->Sbz2 = 0;
    return STATUS_SUCCESS;
}

/* FALSE: not a sound list. NULL in Ace: it is full. */
BOOLEAN NTAPI
RtlFirstFreeAce(PACL Acl, PVOID *Ace)
{
    PUCHAR At = (PUCHAR)(Acl + 1);
    PUCHAR End = (PUCHAR)Acl + Acl->AclSize;

    *Ace = NULL;
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        if (At + sizeof(ACE_HEADER) > End) {
            return FALSE;
        }
        At += ((PACE_HEADER)At)->AceSize;
    }
    if (At > End) {
        return FALSE;
    }
    *Ace = At < End ? At : NULL;
    return TRUE;
}

BOOLEAN NTAPI
RtlValidAcl(PACL Acl)
{
    PUCHAR At = (PUCHAR)(Acl + 1);
    PUCHAR End = (PUCHAR)Acl + Acl->AclSize;

    if (Acl->AclRevision < 2 || Acl->AclRevision > 4 || Acl->AclSize < sizeof(ACL)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        PACE_HEADER Ace = (PACE_HEADER)At;

        if (At + sizeof(ACE_HEADER) > End || Ace->AceSize < sizeof(ACE_HEADER) ||
            (Ace->AceSize & 3) != 0 || At + Ace->AceSize > End) {
            return FALSE; /* A2 */
        }
        if (Ace->AceType <= SYSTEM_ALARM_ACE_TYPE ||
            Ace->AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            PSID Sid = &((RTLP_ACE *)At)->SidStart;

            if (Ace->AceSize < 16 || !RtlValidSid(Sid) || 8 + RtlLengthSid(Sid) > Ace->AceSize) {
                return FALSE;
            }
        }
        At += Ace->AceSize;
    }
    return TRUE;
}

NTSTATUS NTAPI
RtlGetAce(PACL Acl, ULONG Index, PVOID *Ace)
{
    PUCHAR At = (PUCHAR)(Acl + 1);

    if (Acl->AclRevision < 2 || Acl->AclRevision > 4 || Index >= Acl->AceCount) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < Index; i++) {
        if (At >= (PUCHAR)Acl + Acl->AclSize) {
            return STATUS_INVALID_PARAMETER;
        }
        At += ((PACE_HEADER)At)->AceSize;
    }
    if (At >= (PUCHAR)Acl + Acl->AclSize) {
        return STATUS_INVALID_PARAMETER;
    }
    *Ace = At;
    return STATUS_SUCCESS;
}

/* Puts Bytes of entries before the one with that index. */
NTSTATUS NTAPI
RtlAddAce(PACL Acl, ULONG AceRevision, ULONG StartingAceIndex, PVOID AceList, ULONG AceListLength)
{
    PVOID Free, At;
    PUCHAR From = AceList;
    ULONG Count = 0;

    if (!RtlValidAcl(Acl) || !RtlFirstFreeAce(Acl, &Free)) {
        return STATUS_INVALID_PARAMETER;
    }
    while (From < (PUCHAR)AceList + AceListLength) {
        PACE_HEADER Ace = (PACE_HEADER)From;

        if (Ace->AceSize < sizeof(ACE_HEADER) ||
            From + Ace->AceSize > (PUCHAR)AceList + AceListLength) {
            return STATUS_INVALID_PARAMETER;
        }
        Count++;
        From += Ace->AceSize;
    }
    if (Free == NULL || (PUCHAR)Free + AceListLength > (PUCHAR)Acl + Acl->AclSize) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (StartingAceIndex >= Acl->AceCount || !NT_SUCCESS(RtlGetAce(Acl, StartingAceIndex, &At))) {
        At = Free;
    }
    RtlMoveMemory((PUCHAR)At + AceListLength, At, (PUCHAR)Free - (PUCHAR)At);
    RtlMoveMemory(At, AceList, AceListLength);
    Acl->AceCount = (USHORT)(Acl->AceCount + Count);
    Acl->AclRevision = (UCHAR)max(Acl->AclRevision, AceRevision);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlDeleteAce(PACL Acl, ULONG AceIndex)
{
    PVOID At, Free;
    USHORT Size;

    if (!RtlValidAcl(Acl) || !NT_SUCCESS(RtlGetAce(Acl, AceIndex, &At))) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlFirstFreeAce(Acl, &Free);
    if (Free == NULL) {
        Free = (PUCHAR)Acl + Acl->AclSize;
    }
    Size = ((PACE_HEADER)At)->AceSize;
    RtlMoveMemory(At, (PUCHAR)At + Size, (PUCHAR)Free - (PUCHAR)At - Size);
    RtlZeroMemory((PUCHAR)Free - Size, Size);
    Acl->AceCount--;
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpAddKnownAce(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid, UCHAR Type)
{
    RTLP_ACE *Ace;
    PVOID Free;
    ULONG Size;

    if (!RtlValidSid(Sid)) {
        return STATUS_INVALID_SID;
    }
    if (Revision > ACL_REVISION_DS || Acl->AclRevision > ACL_REVISION_DS) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((Flags & ~(ULONG)(VALID_INHERIT_FLAGS | SUCCESSFUL_ACCESS_ACE_FLAG |
                          FAILED_ACCESS_ACE_FLAG)) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!RtlValidAcl(Acl) || !RtlFirstFreeAce(Acl, &Free)) {
        return STATUS_INVALID_ACL;
    }
    Size = 8 + RtlLengthSid(Sid);
    if (Free == NULL || (PUCHAR)Free + Size > (PUCHAR)Acl + Acl->AclSize) {
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    }
    Ace = Free;
    Ace->Header.AceType = Type;
    Ace->Header.AceFlags = (UCHAR)Flags;
    Ace->Header.AceSize = (USHORT)Size;
    Ace->Mask = Mask;
    RtlMoveMemory(&Ace->SidStart, Sid, Size - 8);
    Acl->AceCount++;
    Acl->AclRevision = (UCHAR)max(Acl->AclRevision, Revision);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlpAddKnownAce(Acl, AceRevision, 0, AccessMask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

NTSTATUS NTAPI
RtlAddAccessAllowedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask,
                         PSID Sid)
{
    return RtlpAddKnownAce(Acl, AceRevision, AceFlags, AccessMask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

NTSTATUS NTAPI
RtlAddAccessDeniedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlpAddKnownAce(Acl, AceRevision, 0, AccessMask, Sid, ACCESS_DENIED_ACE_TYPE);
}

NTSTATUS NTAPI
RtlAddAccessDeniedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask,
                        PSID Sid)
{
    return RtlpAddKnownAce(Acl, AceRevision, AceFlags, AccessMask, Sid, ACCESS_DENIED_ACE_TYPE);
}

NTSTATUS NTAPI
RtlQueryInformationAcl(PACL Acl, PVOID AclInformation, ULONG AclInformationLength,
                       ULONG AclInformationClass)
{
    PULONG Out = AclInformation;
    PVOID Free;

    if (AclInformationClass == 1) { /* AclRevisionInformation */
        if (AclInformationLength < sizeof(ULONG)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Out[0] = Acl->AclRevision;
        return STATUS_SUCCESS;
    }
    if (AclInformationClass != 2) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (AclInformationLength < 3 * sizeof(ULONG)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (!RtlFirstFreeAce(Acl, &Free)) {
        return STATUS_INVALID_PARAMETER;
    }
    Out[0] = Acl->AceCount;
    Out[1] = Free != NULL ? (ULONG)((PUCHAR)Free - (PUCHAR)Acl) : Acl->AclSize;
    Out[2] = Acl->AclSize - Out[1];
    return STATUS_SUCCESS;
}
