/*
 * sids.c - security identifiers and access control lists as user mode has them beyond the kernel: entries of system lists, the length of an identifier's text.
 *
 * Facts: AddAuditAccessAce, AddMandatoryAce (securitybaseapi.h); SYSTEM_MANDATORY_LABEL_ACE.
 */
#include "user/ntdll/ntdllp.h"

/* As an entry of another kind is made. */
static NTSTATUS
LdrpAddAce(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid, UCHAR Type)
{
    NTSTATUS Status = RtlAddAccessAllowedAceEx(Acl, Revision, Flags, Mask, Sid);
    PACE_HEADER Ace;

    if (NT_SUCCESS(Status)) {
        RtlGetAce(Acl, Acl->AceCount - 1, (PVOID *)&Ace);
        Ace->AceType = Type;
    }
    return Status;
}

NTSTATUS NTAPI
RtlAddAuditAccessAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid, BOOLEAN Success,
                     BOOLEAN Failure)
{
    return LdrpAddAce(Acl, AceRevision,
                      (Success ? SUCCESSFUL_ACCESS_ACE_FLAG : 0) |
                          (Failure ? FAILED_ACCESS_ACE_FLAG : 0),
                      AccessMask, Sid, SYSTEM_AUDIT_ACE_TYPE);
}

NTSTATUS NTAPI
RtlAddMandatoryAce(PACL Acl, ULONG AceRevision, ULONG AceFlags, PSID Sid, UCHAR AceType,
                   ACCESS_MASK AccessMask)
{
    if (AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE ||
        (AccessMask & ~SYSTEM_MANDATORY_LABEL_VALID_MASK) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return LdrpAddAce(Acl, AceRevision, AceFlags, AccessMask, Sid, AceType);
}

NTSTATUS NTAPI
RtlLengthSidAsUnicodeString(PSID Sid, PULONG StringLength)
{
    UNICODE_STRING Text;
    NTSTATUS Status = RtlConvertSidToUnicodeString(&Text, Sid, TRUE);

    if (NT_SUCCESS(Status)) {
        *StringLength = Text.Length;
        RtlFreeUnicodeString(&Text);
    }
    return Status;
}
