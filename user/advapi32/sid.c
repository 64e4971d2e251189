/*
 * sid.c - security identifiers and their text.
 */
#include "user/advapi32/adv.h"

BOOL WINAPI
AllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY Authority, BYTE Count, DWORD A, DWORD B, DWORD C,
                         DWORD D, DWORD E, DWORD F, DWORD G, DWORD H, PSID *Result)
{
    DWORD Values[8] = {A, B, C, D, E, F, G, H};
    PSID Sid;
    ULONG Index;

    if (Count > 8) {
        return AdvFail(ERROR_INVALID_SID);
    }
    Sid = AdvAllocate(RtlLengthRequiredSid(Count));
    if (Sid == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    RtlInitializeSid(Sid, Authority, Count);
    for (Index = 0; Index < Count; Index++) {
        *RtlSubAuthoritySid(Sid, Index) = Values[Index];
    }
    *Result = Sid;
    return TRUE;
}

PVOID WINAPI
FreeSid(PSID Sid)
{
    AdvFree(Sid);
    return NULL;
}

BOOL WINAPI
IsValidSid(PSID Sid)
{
    return RtlValidSid(Sid) ? TRUE : AdvFail(ERROR_INVALID_SID);
}

BOOL WINAPI
EqualSid(PSID A, PSID B)
{
    SetLastError(ERROR_SUCCESS);
    return RtlEqualSid(A, B);
}

BOOL WINAPI
EqualPrefixSid(PSID A, PSID B)
{
    return RtlEqualPrefixSid(A, B);
}

DWORD WINAPI
GetLengthSid(PSID Sid)
{
    return RtlLengthSid(Sid);
}

DWORD WINAPI
GetSidLengthRequired(UCHAR Count)
{
    return RtlLengthRequiredSid(Count);
}

BOOL WINAPI
InitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY Authority, BYTE Count)
{
    return AdvResult(RtlInitializeSid(Sid, Authority, Count));
}

BOOL WINAPI
CopySid(DWORD Length, PSID To, PSID From)
{
    return AdvResult(RtlCopySid(Length, To, From));
}

PDWORD WINAPI
GetSidSubAuthority(PSID Sid, DWORD Index)
{
    return &((SID *)Sid)->SubAuthority[Index];
}

PUCHAR WINAPI
GetSidSubAuthorityCount(PSID Sid)
{
    return &((SID *)Sid)->SubAuthorityCount;
}

PSID_IDENTIFIER_AUTHORITY WINAPI
GetSidIdentifierAuthority(PSID Sid)
{
    return &((SID *)Sid)->IdentifierAuthority;
}

BOOL WINAPI
ConvertSidToStringSidW(PSID Sid, LPWSTR *Result)
{
    UNICODE_STRING Text;
    NTSTATUS Status;

    if (!RtlValidSid(Sid)) {
        return AdvFail(ERROR_INVALID_SID);
    }
    Status = RtlConvertSidToUnicodeString(&Text, Sid, TRUE);
    if (!NT_SUCCESS(Status)) {
        return AdvResult(Status);
    }
    *Result = AdvAllocate(Text.Length + sizeof(WCHAR)); /* LocalFree: the process heap */
    if (*Result != NULL) {
        RtlCopyMemory(*Result, Text.Buffer, Text.Length);
    }
    RtlFreeUnicodeString(&Text);
    return *Result != NULL ? TRUE : AdvFail(ERROR_NOT_ENOUGH_MEMORY);
}

BOOL WINAPI
ConvertSidToStringSidA(PSID Sid, LPSTR *Result)
{
    LPWSTR Wide;
    ULONG Index;

    if (!ConvertSidToStringSidW(Sid, &Wide)) {
        return FALSE;
    }
    *Result = (LPSTR)Wide;
    for (Index = 0; Wide[Index] != 0; Index++) {
        (*Result)[Index] = (CHAR)Wide[Index];
    }
    (*Result)[Index] = 0;
    return TRUE;
}

BOOL WINAPI
CreateWellKnownSid(WELL_KNOWN_SID_TYPE Type, PSID Domain, PSID Sid, DWORD *Size)
{
    static const struct {
        UCHAR Type, Authority, Count;
        USHORT Values[2];
    } Known[] = {
        {WinNullSid, 0, 1, {0}},
        {WinWorldSid, 1, 1, {0}},
        {WinCreatorOwnerSid, 3, 1, {0}},
        {WinCreatorGroupSid, 3, 1, {1}},
        {WinNetworkSid, 5, 1, {2}},
        {WinInteractiveSid, 5, 1, {4}},
        {WinServiceSid, 5, 1, {6}},
        {WinAnonymousSid, 5, 1, {7}},
        {WinAuthenticatedUserSid, 5, 1, {11}},
        {WinLocalSystemSid, 5, 1, {18}},
        {WinLocalServiceSid, 5, 1, {19}},
        {WinNetworkServiceSid, 5, 1, {20}},
        {WinBuiltinAdministratorsSid, 5, 2, {32, 544}},
        {WinBuiltinUsersSid, 5, 2, {32, 545}},
        {WinBuiltinGuestsSid, 5, 2, {32, 546}},
        {WinBuiltinPowerUsersSid, 5, 2, {32, 547}},
        {WinLowLabelSid, 16, 1, {0x1000}},
        {WinMediumLabelSid, 16, 1, {0x2000}},
        {WinHighLabelSid, 16, 1, {0x3000}},
        {WinSystemLabelSid, 16, 1, {0x4000}},
    };
    SID_IDENTIFIER_AUTHORITY Authority = {{0}};
    ULONG Index, At;

    for (Index = 0; Index < RTL_NUMBER_OF(Known); Index++) {
        if (Known[Index].Type != Type) {
            continue;
        }
        if (*Size < RtlLengthRequiredSid(Known[Index].Count)) {
            *Size = RtlLengthRequiredSid(Known[Index].Count);
            return AdvFail(ERROR_INSUFFICIENT_BUFFER);
        }
        *Size = RtlLengthRequiredSid(Known[Index].Count);
        Authority.Value[5] = Known[Index].Authority;
        RtlInitializeSid(Sid, &Authority, Known[Index].Count);
        for (At = 0; At < Known[Index].Count; At++) {
            *RtlSubAuthoritySid(Sid, At) = Known[Index].Values[At];
        }
        return TRUE;
    }
    return AdvFail(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
IsWellKnownSid(PSID Sid, WELL_KNOWN_SID_TYPE Type)
{
    UCHAR Known[SECURITY_MAX_SID_SIZE];
    DWORD Size = sizeof(Known);

    return CreateWellKnownSid(Type, NULL, Known, &Size) && RtlEqualSid(Known, Sid);
}
