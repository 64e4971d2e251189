/*
 * regold.c - the registry calls of 16-bit Windows, copies of trees, the registry of this machine by its name; services by
 * the name that people see.
 */
#include "user/advapi32/adv.h"

/* The unnamed value of a subkey, as text. */
static LSTATUS
AdvQueryOld(HKEY Key, LPCVOID Subkey, BOOL HasSubkey, LPVOID Data, PLONG Bytes, BOOL Wide)
{
    HKEY Opened = Key;
    DWORD Type, Length = Bytes != NULL ? (DWORD)*Bytes : 0, Unit = Wide ? sizeof(WCHAR) : 1;
    LSTATUS Error;

    if (HasSubkey) {
        Error = Wide ? RegOpenKeyExW(Key, Subkey, 0, KEY_QUERY_VALUE, &Opened)
                     : RegOpenKeyExA(Key, Subkey, 0, KEY_QUERY_VALUE, &Opened);
        if (Error != ERROR_SUCCESS) {
            return Error;
        }
    }
    Error = Wide ? RegQueryValueExW(Opened, NULL, NULL, &Type, Data, &Length)
                 : RegQueryValueExA(Opened, NULL, NULL, &Type, Data, &Length);
    if (Error == ERROR_FILE_NOT_FOUND) { /* no value is an empty one */
        Length = Unit;
        Error = ERROR_SUCCESS;
        if (Data != NULL) {
            RtlZeroMemory(Data, Unit);
        }
    }
    if (Bytes != NULL) {
        *Bytes = (LONG)Length;
    }
    if (Opened != Key) {
        RegCloseKey(Opened);
    }
    return Error;
}

LSTATUS WINAPI
RegQueryValueW(HKEY Key, LPCWSTR Subkey, LPWSTR Data, PLONG Bytes)
{
    return AdvQueryOld(Key, Subkey, Subkey != NULL && *Subkey != 0, Data, Bytes, TRUE);
}

LSTATUS WINAPI
RegQueryValueA(HKEY Key, LPCSTR Subkey, LPSTR Data, PLONG Bytes)
{
    return AdvQueryOld(Key, Subkey, Subkey != NULL && *Subkey != 0, Data, Bytes, FALSE);
}

LSTATUS WINAPI
RegSetValueW(HKEY Key, LPCWSTR Subkey, DWORD Type, LPCWSTR Data, DWORD Bytes)
{
    HKEY Opened = Key;
    LSTATUS Error;

    if (Type != REG_SZ || Data == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    if (Subkey != NULL && *Subkey != 0) {
        Error = RegCreateKeyExW(Key, Subkey, 0, NULL, 0, KEY_SET_VALUE, NULL, &Opened, NULL);
        if (Error != ERROR_SUCCESS) {
            return Error;
        }
    }
    Error = RegSetValueExW(Opened, NULL, 0, REG_SZ, (const BYTE *)Data,
                           (DWORD)((wcslen(Data) + 1) * sizeof(WCHAR)));
    if (Opened != Key) {
        RegCloseKey(Opened);
    }
    return Error;
}

LSTATUS WINAPI
RegSetValueA(HKEY Key, LPCSTR Subkey, DWORD Type, LPCSTR Data, DWORD Bytes)
{
    UNICODE_STRING WideKey = {0}, WideData = {0};
    LSTATUS Error = ERROR_NOT_ENOUGH_MEMORY;

    if (AdvToWide(&WideKey, Subkey) && AdvToWide(&WideData, Data)) {
        Error = RegSetValueW(Key, WideKey.Buffer, Type, WideData.Buffer, Bytes);
    }
    RtlFreeUnicodeString(&WideKey);
    RtlFreeUnicodeString(&WideData);
    return Error;
}

static LSTATUS
AdvCopyValues(HKEY From, HKEY To)
{
    DWORD Longest = 0, Count = 0, NameRoom = 0;
    LSTATUS Error = RegQueryInfoKeyW(From, NULL, NULL, NULL, NULL, NULL, NULL, &Count, &NameRoom,
                                     &Longest, NULL, NULL);
    PWSTR Name = AdvAllocate((NameRoom + 1) * sizeof(WCHAR));
    LPBYTE Data = AdvAllocate(Longest + 1);

    for (DWORD i = 0; i < Count && Error == ERROR_SUCCESS; i++) {
        DWORD NameLength = NameRoom + 1, Length = Longest, Type;

        Error = Name == NULL || Data == NULL
                    ? ERROR_NOT_ENOUGH_MEMORY
                    : RegEnumValueW(From, i, Name, &NameLength, NULL, &Type, Data, &Length);
        if (Error == ERROR_SUCCESS) {
            Error = RegSetValueExW(To, Name, 0, Type, Data, Length);
        }
    }
    AdvFree(Name);
    AdvFree(Data);
    return Error;
}

/* Values first, then each subkey with what is under it. */
LSTATUS WINAPI
RegCopyTreeW(HKEY From, LPCWSTR Subkey, HKEY To)
{
    HKEY Opened = From, InnerFrom, InnerTo;
    WCHAR Name[256];
    DWORD Length;
    LSTATUS Error = ERROR_SUCCESS;

    if (Subkey != NULL && *Subkey != 0) {
        Error = RegOpenKeyExW(From, Subkey, 0, KEY_READ, &Opened);
        if (Error != ERROR_SUCCESS) {
            return Error;
        }
    }
    Error = AdvCopyValues(Opened, To);
    for (DWORD i = 0; Error == ERROR_SUCCESS; i++) {
        Length = RTL_NUMBER_OF(Name);
        Error = RegEnumKeyExW(Opened, i, Name, &Length, NULL, NULL, NULL, NULL);
        if (Error != ERROR_SUCCESS) {
            Error = Error == ERROR_NO_MORE_ITEMS ? ERROR_SUCCESS : Error;
            break;
        }
        Error = RegOpenKeyExW(Opened, Name, 0, KEY_READ, &InnerFrom);
        if (Error != ERROR_SUCCESS) {
            break;
        }
        Error = RegCreateKeyExW(To, Name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &InnerTo, NULL);
        if (Error == ERROR_SUCCESS) {
            Error = RegCopyTreeW(InnerFrom, NULL, InnerTo);
            RegCloseKey(InnerTo);
        }
        RegCloseKey(InnerFrom);
    }
    if (Opened != From) {
        RegCloseKey(Opened);
    }
    return Error;
}

LSTATUS WINAPI
RegCopyTreeA(HKEY From, LPCSTR Subkey, HKEY To)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, Subkey)) {
        return (LSTATUS)GetLastError();
    }
    Error = RegCopyTreeW(From, Wide.Buffer, To);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

/* This machine's registry; others cannot be reached. */
LSTATUS WINAPI
RegConnectRegistryW(LPCWSTR Machine, HKEY Key, PHKEY Result)
{
    WCHAR Own[64];
    DWORD Room = RTL_NUMBER_OF(Own);

    if (Machine != NULL && *Machine != 0) {
        Machine += wcsncmp(Machine, L"\\\\", 2) == 0 ? 2 : 0;
        if (!GetComputerNameW(Own, &Room) || _wcsicmp(Machine, Own) != 0) {
            return ERROR_BAD_NETPATH;
        }
    }
    if (Key != HKEY_LOCAL_MACHINE && Key != HKEY_USERS) {
        return ERROR_INVALID_HANDLE;
    }
    return RegOpenKeyExW(Key, NULL, 0, MAXIMUM_ALLOWED, Result);
}

LSTATUS WINAPI
RegConnectRegistryA(LPCSTR Machine, HKEY Key, PHKEY Result)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, Machine)) {
        return (LSTATUS)GetLastError();
    }
    Error = RegConnectRegistryW(Wide.Buffer, Key, Result);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegOpenCurrentUser(REGSAM Access, PHKEY Result)
{
    return RegOpenKeyExW(HKEY_CURRENT_USER, NULL, 0, Access, Result);
}

/* A service's display name is a value of its key; without one it is the service's own name. */
static BOOL
AdvGiveText(LPCWSTR Text, LPWSTR Buffer, LPDWORD Room)
{
    DWORD Length = (DWORD)wcslen(Text);
    BOOL Fits = Buffer != NULL && *Room > Length;

    if (Fits) {
        wcscpy(Buffer, Text);
    }
    *Room = Length;
    return Fits ? TRUE : AdvFail(ERROR_INSUFFICIENT_BUFFER);
}

static LSTATUS
AdvDisplayName(LPCWSTR Service, PWSTR Name, DWORD Room)
{
    WCHAR Path[300] = L"SYSTEM\\CurrentControlSet\\Services\\";
    HKEY Key;
    DWORD Type, Bytes = (Room - 1) * sizeof(WCHAR);
    LSTATUS Error;

    if (wcslen(Service) > 200) {
        return ERROR_INVALID_NAME;
    }
    Error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wcscat(Path, Service), 0, KEY_QUERY_VALUE, &Key);
    if (Error != ERROR_SUCCESS) {
        return ERROR_SERVICE_DOES_NOT_EXIST;
    }
    RtlZeroMemory(Name, Room * sizeof(WCHAR));
    if (RegQueryValueExW(Key, L"DisplayName", NULL, &Type, (LPBYTE)Name, &Bytes) != ERROR_SUCCESS) {
        lstrcpynW(Name, Service, (int)Room);
    }
    RegCloseKey(Key);
    return ERROR_SUCCESS;
}

BOOL WINAPI
GetServiceDisplayNameW(SC_HANDLE Manager, LPCWSTR Service, LPWSTR Buffer, LPDWORD Room)
{
    WCHAR Name[257];
    LSTATUS Error = AdvDisplayName(Service, Name, RTL_NUMBER_OF(Name));

    return Error == ERROR_SUCCESS ? AdvGiveText(Name, Buffer, Room) : AdvFail((DWORD)Error);
}

BOOL WINAPI
GetServiceKeyNameW(SC_HANDLE Manager, LPCWSTR Display, LPWSTR Buffer, LPDWORD Room)
{
    WCHAR Service[257], Name[257];
    HKEY Key;
    BOOL Found = FALSE;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Services", 0, KEY_READ,
                      &Key) != ERROR_SUCCESS) {
        return AdvFail(ERROR_SERVICE_DOES_NOT_EXIST);
    }
    for (DWORD i = 0; !Found; i++) {
        DWORD Length = RTL_NUMBER_OF(Service);

        if (RegEnumKeyExW(Key, i, Service, &Length, NULL, NULL, NULL, NULL) != ERROR_SUCCESS) {
            break;
        }
        Found = AdvDisplayName(Service, Name, RTL_NUMBER_OF(Name)) == ERROR_SUCCESS &&
                _wcsicmp(Name, Display) == 0;
    }
    RegCloseKey(Key);
    return Found ? AdvGiveText(Service, Buffer, Room) : AdvFail(ERROR_SERVICE_DOES_NOT_EXIST);
}

static BOOL
AdvNarrowName(BOOL(WINAPI *Routine)(SC_HANDLE, LPCWSTR, LPWSTR, LPDWORD), SC_HANDLE Manager,
              LPCSTR Name, LPSTR Buffer, LPDWORD Room)
{
    WCHAR Text[257];
    UNICODE_STRING Wide;
    DWORD Length = RTL_NUMBER_OF(Text), Given = *Room;
    BOOL Result;

    if (!AdvToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = Routine(Manager, Wide.Buffer, Text, &Length);
    RtlFreeUnicodeString(&Wide);
    if (!Result) {
        return FALSE;
    }
    *Room = Length;
    if (Buffer == NULL || Given <= Length) {
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    for (DWORD i = 0; i <= Length; i++) {
        Buffer[i] = (CHAR)Text[i];
    }
    return TRUE;
}

BOOL WINAPI
GetServiceDisplayNameA(SC_HANDLE Manager, LPCSTR Service, LPSTR Buffer, LPDWORD Room)
{
    return AdvNarrowName(GetServiceDisplayNameW, Manager, Service, Buffer, Room);
}

BOOL WINAPI
GetServiceKeyNameA(SC_HANDLE Manager, LPCSTR Display, LPSTR Buffer, LPDWORD Room)
{
    return AdvNarrowName(GetServiceKeyNameW, Manager, Display, Buffer, Room);
}
