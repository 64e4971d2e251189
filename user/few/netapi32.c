/*
 * netapi32.c - whom this machine belongs to, and its own users: what is asked without a server. It is in no domain.
 * [LEARN: NetGetJoinInformation, NetUserGetInfo, NetApiBufferFree]
 */
#include <lm.h>
#include <wchar.h>

BOOL WINAPI
DllMain(HINSTANCE Module, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

NET_API_STATUS WINAPI
NetApiBufferFree(LPVOID Buffer)
{
    return Buffer == NULL || HeapFree(GetProcessHeap(), 0, Buffer) ? NERR_Success
                                                                   : ERROR_INVALID_PARAMETER;
}

NET_API_STATUS WINAPI
NetGetJoinInformation(LPCWSTR Server, LPWSTR *Name, PNETSETUP_JOIN_STATUS Status)
{
    static const WCHAR Group[] = L"WORKGROUP";

    if (Name == NULL || Status == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    *Name = HeapAlloc(GetProcessHeap(), 0, sizeof(Group));
    if (*Name == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    RtlCopyMemory(*Name, Group, sizeof(Group));
    *Status = NetSetupWorkgroupName;
    return NERR_Success;
}

/* Levels 0 and 10 of the user whom the process runs as; another machine cannot be asked. */
NET_API_STATUS WINAPI
NetUserGetInfo(LPCWSTR Server, LPCWSTR User, DWORD Level, LPBYTE *Buffer)
{
    WCHAR Own[UNLEN + 1], Machine[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD OwnRoom = UNLEN + 1, MachineRoom = MAX_COMPUTERNAME_LENGTH + 1;
    PUSER_INFO_10 Info;
    PWSTR Text;

    if (Buffer == NULL || User == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    *Buffer = NULL;
    if (Level != 0 && Level != 10) {
        return ERROR_INVALID_LEVEL;
    }
    if (!GetUserNameW(Own, &OwnRoom) || !GetComputerNameW(Machine, &MachineRoom)) {
        return GetLastError();
    }
    while (Server != NULL && *Server == L'\\') {
        Server++;
    }
    if (Server != NULL && *Server != 0 && _wcsicmp(Server, Machine) != 0) {
        return ERROR_BAD_NETPATH;
    }
    if (_wcsicmp(User, Own) != 0) {
        return NERR_UserNotFound;
    }
    Info = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY,
                     sizeof(*Info) + (OwnRoom + 1) * sizeof(WCHAR));
    if (Info == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Text = (PWSTR)(Info + 1);
    RtlCopyMemory(Text, Own, OwnRoom * sizeof(WCHAR));
    Info->usri10_name = Text;
    if (Level == 10) {
        Info->usri10_comment = Info->usri10_usr_comment = Info->usri10_full_name = Text + OwnRoom;
    }
    *Buffer = (LPBYTE)Info;
    return NERR_Success;
}
