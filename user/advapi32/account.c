/*
 * account.c - names of accounts: the well-known ones, and the two users of a run.
 *
 * The text of a SID is the key of one table. Names, domains and kinds as an English Windows has them.
 * Facts: LookupAccountSid, LookupAccountName, "Well-known SIDs".
 */
#include "user/advapi32/adv.h"

typedef struct _ADV_ACCOUNT {
    PCWSTR Sid, Domain, Name;
    SID_NAME_USE Use;
} ADV_ACCOUNT;

static const ADV_ACCOUNT AdvAccounts[] = {
    {L"S-1-0-0", L"", L"NULL SID", SidTypeWellKnownGroup},
    {L"S-1-1-0", L"", L"Everyone", SidTypeWellKnownGroup},
    {L"S-1-2-0", L"", L"LOCAL", SidTypeWellKnownGroup},
    {L"S-1-2-1", L"", L"CONSOLE LOGON", SidTypeWellKnownGroup},
    {L"S-1-3-0", L"", L"CREATOR OWNER", SidTypeWellKnownGroup},
    {L"S-1-3-1", L"", L"CREATOR GROUP", SidTypeWellKnownGroup},
    {L"S-1-3-4", L"", L"OWNER RIGHTS", SidTypeWellKnownGroup},
    {L"S-1-5-2", L"NT AUTHORITY", L"NETWORK", SidTypeWellKnownGroup},
    {L"S-1-5-4", L"NT AUTHORITY", L"INTERACTIVE", SidTypeWellKnownGroup},
    {L"S-1-5-6", L"NT AUTHORITY", L"SERVICE", SidTypeWellKnownGroup},
    {L"S-1-5-7", L"NT AUTHORITY", L"ANONYMOUS LOGON", SidTypeWellKnownGroup},
    {L"S-1-5-11", L"NT AUTHORITY", L"Authenticated Users", SidTypeWellKnownGroup},
    {L"S-1-5-15", L"NT AUTHORITY", L"This Organization", SidTypeWellKnownGroup},
    {L"S-1-5-18", L"NT AUTHORITY", L"SYSTEM", SidTypeWellKnownGroup},
    {L"S-1-5-19", L"NT AUTHORITY", L"LOCAL SERVICE", SidTypeWellKnownGroup},
    {L"S-1-5-20", L"NT AUTHORITY", L"NETWORK SERVICE", SidTypeWellKnownGroup},
    {L"S-1-5-113", L"NT AUTHORITY", L"Local account", SidTypeWellKnownGroup},
    {L"S-1-5-32-544", L"BUILTIN", L"Administrators", SidTypeAlias},
    {L"S-1-5-32-545", L"BUILTIN", L"Users", SidTypeAlias},
    {L"S-1-5-32-546", L"BUILTIN", L"Guests", SidTypeAlias},
    {L"S-1-16-0", L"Mandatory Label", L"Untrusted Mandatory Level", SidTypeLabel},
    {L"S-1-16-4096", L"Mandatory Label", L"Low Mandatory Level", SidTypeLabel},
    {L"S-1-16-8192", L"Mandatory Label", L"Medium Mandatory Level", SidTypeLabel},
    {L"S-1-16-12288", L"Mandatory Label", L"High Mandatory Level", SidTypeLabel},
    {L"S-1-16-16384", L"Mandatory Label", L"System Mandatory Level", SidTypeLabel},
};

/* A name and its domain as all four routines give them: sizes in characters, with the zero when there is too little room. */
static BOOL
AdvGiveName(PCWSTR Text, LPWSTR Buffer, LPDWORD Room)
{
    DWORD Length = (DWORD)wcslen(Text);

    if (*Room <= Length || Buffer == NULL) {
        *Room = Length + 1;
        return FALSE;
    }
    wcscpy(Buffer, Text);
    *Room = Length;
    return TRUE;
}

/* The user of this process is called what GetUserName says, in the domain of the computer. */
static BOOL
AdvOwnAccount(PSID Sid, LPWSTR Name, DWORD Room)
{
    union {
        TOKEN_USER User;
        UCHAR Room[sizeof(TOKEN_USER) + 68];
    } Own;
    HANDLE Token;
    DWORD Length;
    BOOL Same = FALSE;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token)) {
        Same = GetTokenInformation(Token, TokenUser, &Own, sizeof(Own), &Length) &&
               EqualSid(Sid, Own.User.User.Sid) && GetUserNameW(Name, &Room);
        CloseHandle(Token);
    }
    return Same;
}

BOOL WINAPI
LookupAccountSidW(LPCWSTR System, PSID Sid, LPWSTR Name, LPDWORD NameRoom, LPWSTR Domain,
                  LPDWORD DomainRoom, PSID_NAME_USE Use)
{
    WCHAR User[32], Computer[32];
    DWORD Length = RTL_NUMBER_OF(Computer);
    const ADV_ACCOUNT *Found = NULL;
    ADV_ACCOUNT Own;
    LPWSTR Text;
    BOOL Fits;

    if (!ConvertSidToStringSidW(Sid, &Text)) {
        return FALSE;
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(AdvAccounts) && Found == NULL; Index++) {
        if (wcscmp(Text, AdvAccounts[Index].Sid) == 0) {
            Found = &AdvAccounts[Index];
        }
    }
    LocalFree(Text);
    if (Found == NULL && AdvOwnAccount(Sid, User, RTL_NUMBER_OF(User)) &&
        GetComputerNameW(Computer, &Length)) {
        Own.Domain = Computer;
        Own.Name = User;
        Own.Use = SidTypeUser;
        Found = &Own;
    }
    if (Found == NULL) {
        return AdvFail(ERROR_NONE_MAPPED);
    }
    Fits = AdvGiveName(Found->Name, Name, NameRoom);
    Fits = AdvGiveName(Found->Domain, Domain, DomainRoom) && Fits;
    if (!Fits) {
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    *Use = Found->Use;
    return TRUE;
}

/* Every name here is plain ASCII: widths are equal. */
static VOID
AdvNarrow(LPSTR To, PCWSTR From, DWORD Room)
{
    for (DWORD Index = 0; Index < Room; Index++) {
        To[Index] = (CHAR)From[Index];
        if (From[Index] == 0) {
            break;
        }
    }
}

BOOL WINAPI
LookupAccountSidA(LPCSTR System, PSID Sid, LPSTR Name, LPDWORD NameRoom, LPSTR Domain,
                  LPDWORD DomainRoom, PSID_NAME_USE Use)
{
    WCHAR WideName[64] = L"", WideDomain[64] = L"";
    DWORD Names = min(*NameRoom, 64), Domains = min(*DomainRoom, 64);
    BOOL Result = LookupAccountSidW(NULL, Sid, Name != NULL ? WideName : NULL, &Names,
                                    Domain != NULL ? WideDomain : NULL, &Domains, Use);

    if (Result) {
        AdvNarrow(Name, WideName, *NameRoom);
        AdvNarrow(Domain, WideDomain, *DomainRoom);
    }
    *NameRoom = Names;
    *DomainRoom = Domains;
    return Result;
}

BOOL WINAPI
LookupAccountNameW(LPCWSTR System, LPCWSTR Account, PSID Sid, LPDWORD SidRoom, LPWSTR Domain,
                   LPDWORD DomainRoom, PSID_NAME_USE Use)
{
    PCWSTR Plain = wcsrchr(Account, L'\\') != NULL ? wcsrchr(Account, L'\\') + 1 : Account;

    for (ULONG Index = 0; Index < RTL_NUMBER_OF(AdvAccounts); Index++) {
        PSID Found;
        DWORD Length;
        BOOL Fits;

        if (_wcsicmp(Plain, AdvAccounts[Index].Name) != 0) {
            continue;
        }
        if (!ConvertStringSidToSidW(AdvAccounts[Index].Sid, &Found)) {
            return FALSE;
        }
        Length = GetLengthSid(Found);
        Fits = Sid != NULL && *SidRoom >= Length;
        if (Fits) {
            RtlCopyMemory(Sid, Found, Length);
        }
        *SidRoom = Length;
        LocalFree(Found);
        Fits = AdvGiveName(AdvAccounts[Index].Domain, Domain, DomainRoom) && Fits;
        if (!Fits) {
            return AdvFail(ERROR_INSUFFICIENT_BUFFER);
        }
        *Use = AdvAccounts[Index].Use;
        return TRUE;
    }
    return AdvFail(ERROR_NONE_MAPPED);
}

BOOL WINAPI
LookupAccountNameA(LPCSTR System, LPCSTR Account, PSID Sid, LPDWORD SidRoom, LPSTR Domain,
                   LPDWORD DomainRoom, PSID_NAME_USE Use)
{
    WCHAR Wide[64] = L"";
    DWORD Domains = min(*DomainRoom, 64);
    UNICODE_STRING Name;
    BOOL Result;

    if (!AdvToWide(&Name, Account)) {
        return FALSE;
    }
    Result = LookupAccountNameW(NULL, Name.Buffer, Sid, SidRoom, Domain != NULL ? Wide : NULL,
                                &Domains, Use);
    RtlFreeUnicodeString(&Name);
    if (Result) {
        AdvNarrow(Domain, Wide, *DomainRoom);
    }
    *DomainRoom = Domains;
    return Result;
}
