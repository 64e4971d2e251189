/*
 * userenv.c - where a user's profile lies. The services' accounts have theirs in the system's folder, all others the one
 * that each process finds in USERPROFILE. [LEARN: GetUserProfileDirectory, GetProfilesDirectory, GetAllUsersProfileDirectory]
 */
#include <userenv.h>
#include <wchar.h>

BOOL WINAPI
DllMain(HINSTANCE Module, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

/* *Room in characters with the zero, what is needed on return. */
static BOOL
UseGive(LPCWSTR Text, LPWSTR Buffer, LPDWORD Room)
{
    DWORD Need = (DWORD)wcslen(Text) + 1, Had;

    if (Room == NULL) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    Had = *Room;
    *Room = Need;
    if (Buffer == NULL || Had < Need) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    RtlCopyMemory(Buffer, Text, Need * sizeof(WCHAR));
    return TRUE;
}

BOOL WINAPI
GetUserProfileDirectoryW(HANDLE Token, LPWSTR Buffer, LPDWORD Room)
{
    struct {
        TOKEN_USER User;
        UCHAR Sid[SECURITY_MAX_SID_SIZE];
    } Own;
    WCHAR Profile[MAX_PATH];
    LPCWSTR Path = Profile;
    DWORD Size;

    if (!GetTokenInformation(Token, TokenUser, &Own, sizeof(Own), &Size)) {
        return FALSE;
    }
    if (IsWellKnownSid(Own.User.User.Sid, WinLocalSystemSid)) {
        Path = L"C:\\Windows\\system32\\config\\systemprofile";
    } else if (IsWellKnownSid(Own.User.User.Sid, WinLocalServiceSid)) {
        Path = L"C:\\Windows\\ServiceProfiles\\LocalService";
    } else if (IsWellKnownSid(Own.User.User.Sid, WinNetworkServiceSid)) {
        Path = L"C:\\Windows\\ServiceProfiles\\NetworkService";
    } else if (GetEnvironmentVariableW(L"USERPROFILE", Profile, MAX_PATH) == 0) {
        return FALSE;
    }
    return UseGive(Path, Buffer, Room);
}

BOOL WINAPI
GetProfilesDirectoryW(LPWSTR Buffer, LPDWORD Room)
{
    return UseGive(L"C:\\Users", Buffer, Room);
}

BOOL WINAPI
GetAllUsersProfileDirectoryW(LPWSTR Buffer, LPDWORD Room)
{
    return UseGive(L"C:\\ProgramData", Buffer, Room);
}

BOOL WINAPI
GetDefaultUserProfileDirectoryW(LPWSTR Buffer, LPDWORD Room)
{
    return UseGive(L"C:\\Users\\Default", Buffer, Room);
}

/* The paths are ASCII. */
static BOOL
UseNarrow(BOOL Found, LPCWSTR Wide, LPSTR Buffer, LPDWORD Room)
{
    DWORD Need, Had;

    if (!Found || Room == NULL) {
        SetLastError(Room == NULL ? ERROR_INVALID_PARAMETER : GetLastError());
        return FALSE;
    }
    Had = *Room;
    *Room = Need = (DWORD)wcslen(Wide) + 1;
    if (Buffer == NULL || Had < Need) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    return WideCharToMultiByte(CP_ACP, 0, Wide, -1, Buffer, (int)Had, NULL, NULL) != 0;
}

#define NARROW_FORM(Name)                                                                          \
    BOOL WINAPI Name##A(LPSTR Buffer, LPDWORD Room)                                                \
    {                                                                                              \
        WCHAR Wide[MAX_PATH];                                                                      \
        DWORD Size = MAX_PATH;                                                                     \
                                                                                                   \
        return UseNarrow(Name##W(Wide, &Size), Wide, Buffer, Room);                                \
    }

NARROW_FORM(GetProfilesDirectory)
NARROW_FORM(GetAllUsersProfileDirectory)
NARROW_FORM(GetDefaultUserProfileDirectory)

BOOL WINAPI
GetUserProfileDirectoryA(HANDLE Token, LPSTR Buffer, LPDWORD Room)
{
    WCHAR Wide[MAX_PATH];
    DWORD Size = MAX_PATH;

    return UseNarrow(GetUserProfileDirectoryW(Token, Wide, &Size), Wide, Buffer, Room);
}
