/*
 * sid.c - security identifiers: a revision, an authority of six bytes, up to 15 numbers.
 *
 * Facts: the DDI pages of RtlLengthSid, RtlCopySid, RtlConvertSidToUnicodeString ("S-1-5-32-544"; an
 * authority that needs more than 32 bits is written in hexadecimal).
 */
#include "sertl.h"

BOOLEAN NTAPI
RtlValidSid(PSID Sid)
{
    SID *S = Sid;

    return S != NULL && (S->Revision & 0xF) == SID_REVISION &&
           S->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

ULONG NTAPI
RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    return 8 + 4 * SubAuthorityCount;
}

ULONG NTAPI
RtlLengthSid(PSID Sid)
{
    return 8 + 4 * ((SID *)Sid)->SubAuthorityCount;
}

BOOLEAN NTAPI
RtlEqualSid(PSID Sid1, PSID Sid2)
{
    SID *A = Sid1, *B = Sid2;

    return A->Revision == B->Revision && A->SubAuthorityCount == B->SubAuthorityCount &&
           RtlCompareMemory(A, B, RtlLengthSid(A)) == RtlLengthSid(A);
}

BOOLEAN NTAPI
RtlEqualPrefixSid(PSID Sid1, PSID Sid2)
{
    SID *A = Sid1, *B = Sid2;
    ULONG Bytes;

    if (A->Revision != B->Revision || A->SubAuthorityCount != B->SubAuthorityCount) {
        return FALSE;
    }
    Bytes = RtlLengthSid(A) - (A->SubAuthorityCount != 0 ? 4 : 0);
    return RtlCompareMemory(A, B, Bytes) == Bytes;
}

NTSTATUS NTAPI
RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    SID *S = Sid;

    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return STATUS_INVALID_PARAMETER;
    }
    S->Revision = SID_REVISION;
    S->SubAuthorityCount = SubAuthorityCount;
    S->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

PULONG NTAPI
RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    return &((SID *)Sid)->SubAuthority[SubAuthority];
}

PUCHAR NTAPI
RtlSubAuthorityCountSid(PSID Sid)
{
    return &((SID *)Sid)->SubAuthorityCount;
}

PSID_IDENTIFIER_AUTHORITY NTAPI
RtlIdentifierAuthoritySid(PSID Sid)
{
    return &((SID *)Sid)->IdentifierAuthority;
}

NTSTATUS NTAPI
RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount,
                            ULONG SubAuthority0, ULONG SubAuthority1, ULONG SubAuthority2,
                            ULONG SubAuthority3, ULONG SubAuthority4, ULONG SubAuthority5,
                            ULONG SubAuthority6, ULONG SubAuthority7, PSID *Sid)
{
    const ULONG Values[8] = {SubAuthority0, SubAuthority1, SubAuthority2, SubAuthority3,
                             SubAuthority4, SubAuthority5, SubAuthority6, SubAuthority7};
    PSID New;

    if (SubAuthorityCount > 8) {
        return STATUS_INVALID_SID;
    }
    New = RtlpAllocate(RtlLengthRequiredSid(SubAuthorityCount));
    if (New == NULL) {
        return STATUS_NO_MEMORY;
    }
    RtlInitializeSid(New, IdentifierAuthority, SubAuthorityCount);
    for (ULONG i = 0; i < SubAuthorityCount; i++) {
        ((SID *)New)->SubAuthority[i] = Values[i];
    }
    *Sid = New;
    return STATUS_SUCCESS;
}

PVOID NTAPI
RtlFreeSid(PSID Sid)
{
    RtlpFree(Sid);
    return NULL;
}

NTSTATUS NTAPI
RtlCopySid(ULONG DestinationSidLength, PSID DestinationSid, PSID SourceSid)
{
    ULONG Bytes = RtlLengthSid(SourceSid);

    if (DestinationSidLength < Bytes) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlMoveMemory(DestinationSid, SourceSid, Bytes);
    return STATUS_SUCCESS;
}

/* Appends a number; returns the place behind it. */
static PWCHAR
RtlpPutNumber(PWCHAR At, ULONG64 Value, ULONG Base)
{
    WCHAR Digits[24];
    ULONG Count = 0;

    do {
        ULONG Digit = (ULONG)(Value % Base);

        Digits[Count++] = (WCHAR)(Digit < 10 ? L'0' + Digit : L'a' + Digit - 10);
        Value /= Base;
    } while (Value != 0);
    while (Count != 0) {
        *At++ = Digits[--Count];
    }
    return At;
}

NTSTATUS NTAPI
RtlConvertSidToUnicodeString(PUNICODE_STRING UnicodeString, PSID Sid,
                             BOOLEAN AllocateDestinationString)
{
    WCHAR Text[256];
    PWCHAR At = Text;
    SID *S = Sid;
    ULONG64 Authority = 0;
    USHORT Bytes;

    if (!RtlValidSid(Sid)) {
        return STATUS_INVALID_SID;
    }
    for (ULONG i = 0; i < 6; i++) {
        Authority = Authority << 8 | S->IdentifierAuthority.Value[i];
    }
    *At++ = L'S';
    *At++ = L'-';
    At = RtlpPutNumber(At, S->Revision & 0xF, 10);
    *At++ = L'-';
    if (Authority >> 32 != 0) {
        *At++ = L'0';
        *At++ = L'x';
        for (ULONG i = 0; i < 12; i++) {
            ULONG Digit = (ULONG)(Authority >> (44 - 4 * i)) & 0xF;

            *At++ = (WCHAR)(Digit < 10 ? L'0' + Digit : L'a' + Digit - 10);
        }
    } else {
        At = RtlpPutNumber(At, Authority, 10);
    }
    for (ULONG i = 0; i < S->SubAuthorityCount; i++) {
        *At++ = L'-';
        At = RtlpPutNumber(At, S->SubAuthority[i], 10);
    }
    Bytes = (USHORT)((At - Text) * sizeof(WCHAR));
    if (AllocateDestinationString) {
        UnicodeString->Buffer = RtlpAllocate(Bytes + sizeof(WCHAR));
        if (UnicodeString->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        UnicodeString->MaximumLength = Bytes + sizeof(WCHAR);
    } else if (Bytes > UnicodeString->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlMoveMemory(UnicodeString->Buffer, Text, Bytes);
    UnicodeString->Length = Bytes;
    if (Bytes + sizeof(WCHAR) <= UnicodeString->MaximumLength) {
        UnicodeString->Buffer[Bytes / sizeof(WCHAR)] = 0;
    }
    return STATUS_SUCCESS;
}
