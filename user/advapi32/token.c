/*
 * token.c - tokens: open, ask, change, impersonate; privileges by name.
 */
#include "user/advapi32/adv.h"

BOOL WINAPI
OpenProcessToken(HANDLE Process, DWORD Access, PHANDLE Token)
{
    return AdvResult(NtOpenProcessToken(Process, Access, Token));
}

BOOL WINAPI
OpenThreadToken(HANDLE Thread, DWORD Access, BOOL AsSelf, PHANDLE Token)
{
    return AdvResult(NtOpenThreadToken(Thread, Access, (BOOLEAN)AsSelf, Token));
}

BOOL WINAPI
GetTokenInformation(HANDLE Token, TOKEN_INFORMATION_CLASS Class, LPVOID Information, DWORD Length,
                    PDWORD Needed)
{
    return AdvResult(NtQueryInformationToken(Token, Class, Information, Length, Needed));
}

BOOL WINAPI
SetTokenInformation(HANDLE Token, TOKEN_INFORMATION_CLASS Class, LPVOID Information, DWORD Length)
{
    return AdvResult(NtSetInformationToken(Token, Class, Information, Length));
}

BOOL WINAPI
AdjustTokenPrivileges(HANDLE Token, BOOL DisableAll, PTOKEN_PRIVILEGES New, DWORD Length,
                      PTOKEN_PRIVILEGES Previous, PDWORD Needed)
{
    NTSTATUS Status =
        NtAdjustPrivilegesToken(Token, (BOOLEAN)DisableAll, New, Length, Previous, Needed);

    if (Status == STATUS_NOT_ALL_ASSIGNED) {
        SetLastError(ERROR_NOT_ALL_ASSIGNED);
        return TRUE;
    }
    if (NT_SUCCESS(Status)) {
        SetLastError(ERROR_SUCCESS);
    }
    return AdvResult(Status);
}

static const PCWSTR AdvPrivileges[] = {
    NULL,
    NULL,
    L"SeCreateTokenPrivilege",
    L"SeAssignPrimaryTokenPrivilege",
    L"SeLockMemoryPrivilege",
    L"SeIncreaseQuotaPrivilege",
    L"SeMachineAccountPrivilege",
    L"SeTcbPrivilege",
    L"SeSecurityPrivilege",
    L"SeTakeOwnershipPrivilege",
    L"SeLoadDriverPrivilege",
    L"SeSystemProfilePrivilege",
    L"SeSystemtimePrivilege",
    L"SeProfileSingleProcessPrivilege",
    L"SeIncreaseBasePriorityPrivilege",
    L"SeCreatePagefilePrivilege",
    L"SeCreatePermanentPrivilege",
    L"SeBackupPrivilege",
    L"SeRestorePrivilege",
    L"SeShutdownPrivilege",
    L"SeDebugPrivilege",
    L"SeAuditPrivilege",
    L"SeSystemEnvironmentPrivilege",
    L"SeChangeNotifyPrivilege",
    L"SeRemoteShutdownPrivilege",
    L"SeUndockPrivilege",
    L"SeSyncAgentPrivilege",
    L"SeEnableDelegationPrivilege",
    L"SeManageVolumePrivilege",
    L"SeImpersonatePrivilege",
    L"SeCreateGlobalPrivilege",
    L"SeTrustedCredManAccessPrivilege",
    L"SeRelabelPrivilege",
    L"SeIncreaseWorkingSetPrivilege",
    L"SeTimeZonePrivilege",
    L"SeCreateSymbolicLinkPrivilege",
    L"SeDelegateSessionUserImpersonatePrivilege",
};

BOOL WINAPI
LookupPrivilegeValueW(LPCWSTR System, LPCWSTR Name, PLUID Luid)
{
    ULONG Index;

    for (Index = 2; Index < RTL_NUMBER_OF(AdvPrivileges); Index++) {
        if (_wcsicmp(AdvPrivileges[Index], Name) == 0) {
            Luid->LowPart = Index;
            Luid->HighPart = 0;
            return TRUE;
        }
    }
    return AdvFail(ERROR_NO_SUCH_PRIVILEGE);
}

BOOL WINAPI
LookupPrivilegeValueA(LPCSTR System, LPCSTR Name, PLUID Luid)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if (!AdvToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = LookupPrivilegeValueW(NULL, Wide.Buffer, Luid);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

BOOL WINAPI
LookupPrivilegeNameW(LPCWSTR System, PLUID Luid, LPWSTR Name, LPDWORD Room)
{
    ULONG Length;

    if (Luid->HighPart != 0 || Luid->LowPart < 2 || Luid->LowPart >= RTL_NUMBER_OF(AdvPrivileges)) {
        return AdvFail(ERROR_NO_SUCH_PRIVILEGE);
    }
    Length = (ULONG)wcslen(AdvPrivileges[Luid->LowPart]);
    if (*Room < Length + 1) {
        *Room = Length + 1;
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    wcscpy(Name, AdvPrivileges[Luid->LowPart]);
    *Room = Length;
    return TRUE;
}

BOOL WINAPI
LookupPrivilegeNameA(LPCSTR System, PLUID Luid, LPSTR Name, LPDWORD Room)
{
    WCHAR Wide[64];
    DWORD Length = RTL_NUMBER_OF(Wide), Index;

    if (!LookupPrivilegeNameW(NULL, Luid, Wide, &Length)) {
        return FALSE;
    }
    if (*Room < Length + 1) {
        *Room = Length + 1;
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    for (Index = 0; Index <= Length; Index++) {
        Name[Index] = (CHAR)Wide[Index];
    }
    *Room = Length;
    return TRUE;
}

BOOL WINAPI
DuplicateTokenEx(HANDLE Token, DWORD Access, LPSECURITY_ATTRIBUTES Security,
                 SECURITY_IMPERSONATION_LEVEL Level, TOKEN_TYPE Type, PHANDLE New)
{
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), Level, SECURITY_STATIC_TRACKING, FALSE};
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL,
                               Security != NULL && Security->bInheritHandle ? OBJ_INHERIT : 0, NULL,
                               Security != NULL ? Security->lpSecurityDescriptor : NULL);
    Attributes.SecurityQualityOfService = &Quality;
    return AdvResult(NtDuplicateToken(Token, Access, &Attributes, FALSE, Type, New));
}

BOOL WINAPI
DuplicateToken(HANDLE Token, SECURITY_IMPERSONATION_LEVEL Level, PHANDLE New)
{
    return DuplicateTokenEx(Token, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, Level, TokenImpersonation,
                            New);
}

BOOL WINAPI
SetThreadToken(PHANDLE Thread, HANDLE Token)
{
    return AdvResult(NtSetInformationThread(Thread != NULL ? *Thread : NtCurrentThread(),
                                            ThreadImpersonationToken, &Token, sizeof(Token)));
}

BOOL WINAPI
RevertToSelf(VOID)
{
    return SetThreadToken(NULL, NULL);
}

BOOL WINAPI
ImpersonateNamedPipeClient(HANDLE Pipe)
{
    IO_STATUS_BLOCK Iosb = {0};

    return AdvResult(
        NtFsControlFile(Pipe, NULL, NULL, NULL, &Iosb, FSCTL_PIPE_IMPERSONATE, NULL, 0, NULL, 0));
}

/* A primary token is duplicated first: a thread wears only impersonation tokens. */
BOOL WINAPI
ImpersonateLoggedOnUser(HANDLE Token)
{
    TOKEN_TYPE Type;
    HANDLE Copy = NULL;
    DWORD Length;
    BOOL Result;

    if (!GetTokenInformation(Token, TokenType, &Type, sizeof(Type), &Length)) {
        return FALSE;
    }
    if (Type == TokenPrimary) {
        if (!DuplicateTokenEx(Token, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, SecurityImpersonation,
                              TokenImpersonation, &Copy)) {
            return FALSE;
        }
        Token = Copy;
    }
    Result = SetThreadToken(NULL, Token);
    if (Copy != NULL) {
        NtClose(Copy);
    }
    return Result;
}

BOOL WINAPI
ImpersonateSelf(SECURITY_IMPERSONATION_LEVEL Level)
{
    HANDLE Token, Copy;
    BOOL Result = FALSE;

    if (!OpenProcessToken(NtCurrentProcess(), TOKEN_DUPLICATE, &Token)) {
        return FALSE;
    }
    if (DuplicateTokenEx(Token, TOKEN_IMPERSONATE, NULL, Level, TokenImpersonation, &Copy)) {
        Result = SetThreadToken(NULL, Copy);
        NtClose(Copy);
    }
    NtClose(Token);
    return Result;
}

BOOL WINAPI
ImpersonateAnonymousToken(HANDLE Thread)
{
    return AdvFail(ERROR_CALL_NOT_IMPLEMENTED);
}

/* In the groups of the token, enabled and not for denial only; or its user. */
BOOL WINAPI
CheckTokenMembership(HANDLE Token, PSID Sid, PBOOL Member)
{
    PTOKEN_GROUPS Groups;
    struct {
        TOKEN_USER User;
        UCHAR Room[SECURITY_MAX_SID_SIZE];
    } User;
    HANDLE Own = NULL;
    DWORD Length = 0, Index;
    BOOL Result = FALSE;

    *Member = FALSE;
    if (Token == NULL) {
        if (!OpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &Own) &&
            !OpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Own)) {
            return FALSE;
        }
        Token = Own;
    }
    if (GetTokenInformation(Token, TokenUser, &User, sizeof(User), &Length) &&
        RtlEqualSid(User.User.User.Sid, Sid)) {
        *Member = TRUE;
    }
    GetTokenInformation(Token, TokenGroups, NULL, 0, &Length);
    Groups = AdvAllocate(Length + 16);
    if (Groups != NULL && GetTokenInformation(Token, TokenGroups, Groups, Length, &Length)) {
        for (Index = 0; Index < Groups->GroupCount; Index++) {
            if ((Groups->Groups[Index].Attributes &
                 (SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY)) == SE_GROUP_ENABLED &&
                RtlEqualSid(Groups->Groups[Index].Sid, Sid)) {
                *Member = TRUE;
            }
        }
        Result = TRUE;
    }
    AdvFree(Groups);
    if (Own != NULL) {
        NtClose(Own);
    }
    return Result;
}

BOOL WINAPI
PrivilegeCheck(HANDLE Token, PPRIVILEGE_SET Privileges, LPBOOL Result)
{
    BOOLEAN Held = FALSE;
    NTSTATUS Status = NtPrivilegeCheck(Token, Privileges, &Held);

    *Result = Held;
    return AdvResult(Status);
}

BOOL WINAPI
AccessCheck(PSECURITY_DESCRIPTOR Descriptor, HANDLE Token, DWORD Access, PGENERIC_MAPPING Mapping,
            PPRIVILEGE_SET Privileges, LPDWORD Length, LPDWORD Granted, LPBOOL Allowed)
{
    NTSTATUS Answer = STATUS_ACCESS_DENIED;
    NTSTATUS Status =
        NtAccessCheck(Descriptor, Token, Access, Mapping, Privileges, Length, Granted, &Answer);

    if (!NT_SUCCESS(Status)) {
        return AdvResult(Status);
    }
    *Allowed = NT_SUCCESS(Answer);
    if (!NT_SUCCESS(Answer)) {
        SetLastError(RtlNtStatusToDosError(Answer));
    }
    return TRUE;
}

BOOL WINAPI
CreateProcessAsUserW(HANDLE Token, LPCWSTR Application, LPWSTR CommandLine,
                     LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
                     BOOL Inherit, DWORD Flags, LPVOID Environment, LPCWSTR Folder,
                     LPSTARTUPINFOW Startup, LPPROCESS_INFORMATION Information)
{
    extern BOOL WINAPI CreateProcessInternalW(HANDLE, LPCWSTR, LPWSTR, LPSECURITY_ATTRIBUTES,
                                              LPSECURITY_ATTRIBUTES, BOOL, DWORD, LPVOID, LPCWSTR,
                                              LPSTARTUPINFOW, LPPROCESS_INFORMATION, PHANDLE);

    return CreateProcessInternalW(Token, Application, CommandLine, ProcessSecurity, ThreadSecurity,
                                  Inherit, Flags, Environment, Folder, Startup, Information, NULL);
}

BOOL WINAPI
CreateProcessAsUserA(HANDLE Token, LPCSTR Application, LPSTR CommandLine,
                     LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
                     BOOL Inherit, DWORD Flags, LPVOID Environment, LPCSTR Folder,
                     LPSTARTUPINFOA Startup, LPPROCESS_INFORMATION Information)
{
    extern BOOL WINAPI CreateProcessInternalA(HANDLE, LPCSTR, LPSTR, LPSECURITY_ATTRIBUTES,
                                              LPSECURITY_ATTRIBUTES, BOOL, DWORD, LPVOID, LPCSTR,
                                              LPSTARTUPINFOA, LPPROCESS_INFORMATION, PHANDLE);

    return CreateProcessInternalA(Token, Application, CommandLine, ProcessSecurity, ThreadSecurity,
                                  Inherit, Flags, Environment, Folder, Startup, Information, NULL);
}
