/*
 * scmlist.c - services in lists, descriptions, and the A forms of what scmquery.c asks.
 *
 * Facts: EnumServicesStatus(Ex), QueryServiceConfig, QueryServiceConfig2, ChangeServiceConfig2,
 * GetServiceDisplayName. Structures come first in the buffer, their strings fill it from the end.
 */
#include "user/advapi32/adv.h"
#include "user/advapi32/scm.h"

/* Bytes that the strings of a configuration take as W and as A are one to two. */
BOOL WINAPI
QueryServiceConfigA(SC_HANDLE Handle, LPQUERY_SERVICE_CONFIGA Config, DWORD Size, LPDWORD Needed)
{
    LPQUERY_SERVICE_CONFIGW Wide;
    PWSTR Texts[5];
    ULONG Lengths[5];
    PSTR *Places[5];
    PCHAR At;
    DWORD Bytes;

    Wide = AdvAllocate(0x2000);
    if (Wide == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    if (!QueryServiceConfigW(Handle, Wide, 0x2000, Needed)) {
        AdvFree(Wide);
        return FALSE;
    }
    Texts[0] = Wide->lpBinaryPathName;
    Texts[1] = Wide->lpLoadOrderGroup;
    Texts[2] = Wide->lpDependencies;
    Texts[3] = Wide->lpServiceStartName;
    Texts[4] = Wide->lpDisplayName;
    Bytes = sizeof(*Config) + 1;
    for (ULONG Index = 0; Index < 5; Index++) {
        Lengths[Index] = (ULONG)wcslen(Texts[Index]);
        while (Index == 2 && Texts[2][Lengths[2]] == 0 && Texts[2][Lengths[2] + 1] != 0) {
            Lengths[2] += 1 + (ULONG)wcslen(Texts[2] + Lengths[2] + 1); /* a list of strings */
        }
        Bytes += Lengths[Index] + 2;
    }
    *Needed = Bytes;
    if (Size < Bytes) {
        AdvFree(Wide);
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    Config->dwServiceType = Wide->dwServiceType;
    Config->dwStartType = Wide->dwStartType;
    Config->dwErrorControl = Wide->dwErrorControl;
    Config->dwTagId = Wide->dwTagId;
    Places[0] = &Config->lpBinaryPathName;
    Places[1] = &Config->lpLoadOrderGroup;
    Places[2] = &Config->lpDependencies;
    Places[3] = &Config->lpServiceStartName;
    Places[4] = &Config->lpDisplayName;
    At = (PCHAR)(Config + 1);
    for (ULONG Index = 0; Index < 5; Index++) {
        ULONG Length = Lengths[Index];

        *Places[Index] = At;
        RtlUnicodeToMultiByteN(At, Length, NULL, Texts[Index], Length * sizeof(WCHAR));
        At += Length;
        *At++ = 0;
        *At++ = 0;
    }
    AdvFree(Wide);
    return TRUE;
}

static BOOL
AdvDescriptionKey(SC_HANDLE Handle, ACCESS_MASK Access, REGSAM KeyAccess, PHKEY Key)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, Access);
    WCHAR Path[ADV_KEY_ROOM];
    LSTATUS Error;

    if (Service == NULL) {
        return FALSE;
    }
    _snwprintf(Path, ADV_KEY_ROOM, L"System\\CurrentControlSet\\Services\\%ls", Service->Name);
    Path[ADV_KEY_ROOM - 1] = 0;
    Error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, KeyAccess, Key);
    return Error == ERROR_SUCCESS ? TRUE : AdvFail(Error);
}

BOOL WINAPI
ChangeServiceConfig2W(SC_HANDLE Handle, DWORD Level, LPVOID Information)
{
    LPSERVICE_DESCRIPTIONW Description = Information;
    LSTATUS Error = ERROR_SUCCESS;
    HKEY Key;

    if (Level != SERVICE_CONFIG_DESCRIPTION) {
        return AdvFail(ERROR_INVALID_LEVEL);
    }
    if (!AdvDescriptionKey(Handle, SERVICE_CHANGE_CONFIG, KEY_SET_VALUE, &Key)) {
        return FALSE;
    }
    if (Description->lpDescription != NULL && *Description->lpDescription != 0) {
        Error = RegSetValueExW(Key, L"Description", 0, REG_SZ, (LPBYTE)Description->lpDescription,
                               (DWORD)(wcslen(Description->lpDescription) + 1) * sizeof(WCHAR));
    } else if (Description->lpDescription != NULL) {
        RegDeleteValueW(Key, L"Description"); /* an empty one deletes it */
    }
    RegCloseKey(Key);
    return Error == ERROR_SUCCESS ? TRUE : AdvFail(Error);
}

BOOL WINAPI
ChangeServiceConfig2A(SC_HANDLE Handle, DWORD Level, LPVOID Information)
{
    SERVICE_DESCRIPTIONW Description;
    UNICODE_STRING Text;
    BOOL Result;

    if (Level != SERVICE_CONFIG_DESCRIPTION) {
        return AdvFail(ERROR_INVALID_LEVEL);
    }
    if (!AdvToWide(&Text, ((LPSERVICE_DESCRIPTIONA)Information)->lpDescription)) {
        return FALSE;
    }
    Description.lpDescription = Text.Buffer;
    Result = ChangeServiceConfig2W(Handle, Level, &Description);
    RtlFreeUnicodeString(&Text);
    return Result;
}

BOOL WINAPI
QueryServiceConfig2W(SC_HANDLE Handle, DWORD Level, LPBYTE Buffer, DWORD Size, LPDWORD Needed)
{
    LPSERVICE_DESCRIPTIONW Description = (LPVOID)Buffer;
    DWORD Bytes = 0;
    HKEY Key;

    if (Level != SERVICE_CONFIG_DESCRIPTION) {
        return AdvFail(ERROR_INVALID_LEVEL);
    }
    if (!AdvDescriptionKey(Handle, SERVICE_QUERY_CONFIG, KEY_QUERY_VALUE, &Key)) {
        return FALSE;
    }
    RegQueryValueExW(Key, L"Description", NULL, NULL, NULL, &Bytes);
    *Needed = sizeof(*Description) + Bytes;
    if (Size < *Needed) {
        RegCloseKey(Key);
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    Description->lpDescription = Bytes != 0 ? (LPWSTR)(Description + 1) : NULL;
    if (Bytes != 0) {
        RegQueryValueExW(Key, L"Description", NULL, NULL, (LPBYTE)(Description + 1), &Bytes);
    }
    RegCloseKey(Key);
    return TRUE;
}

BOOL WINAPI
QueryServiceConfig2A(SC_HANDLE Handle, DWORD Level, LPBYTE Buffer, DWORD Size, LPDWORD Needed)
{
    LPSERVICE_DESCRIPTIONW Wide = AdvAllocate(0x2000);
    LPSERVICE_DESCRIPTIONA Description = (LPVOID)Buffer;
    ULONG Length;
    BOOL Result;

    if (Wide == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    Result = QueryServiceConfig2W(Handle, Level, (LPBYTE)Wide, 0x2000, Needed);
    if (Result) {
        Length = Wide->lpDescription != NULL ? (ULONG)wcslen(Wide->lpDescription) + 1 : 0;
        *Needed = sizeof(*Description) + Length;
        if (Size < *Needed) {
            Result = AdvFail(ERROR_INSUFFICIENT_BUFFER);
        } else {
            Description->lpDescription = Length != 0 ? (LPSTR)(Description + 1) : NULL;
            if (Length != 0) {
                RtlUnicodeToMultiByteN(Description->lpDescription, Length, NULL,
                                       Wide->lpDescription, Length * sizeof(WCHAR));
            }
        }
    }
    AdvFree(Wide);
    return Result;
}

ULONG
AdvPackNames(PUCHAR Buffer, ULONG Front, ULONG Back, PCWSTR Name, PCWSTR Display, BOOL Wide)
{
    const PCWSTR Texts[2] = {Name, Display};
    ULONG Unit = Wide ? sizeof(WCHAR) : 1;

    for (ULONG Text = 0; Text < 2; Text++) {
        ULONG Chars = (ULONG)wcslen(Texts[Text]) + 1;

        Back = (Back - Chars * Unit) & ~(Unit - 1);
        if (Wide) {
            RtlCopyMemory(Buffer + Back, Texts[Text], Chars * sizeof(WCHAR));
        } else {
            RtlUnicodeToMultiByteN((PCHAR)Buffer + Back, Chars, NULL, Texts[Text],
                                   Chars * sizeof(WCHAR));
        }
        *(PVOID *)(Buffer + Front + Text * sizeof(PVOID)) = Buffer + Back;
    }
    return Back;
}

/* Walks the services that Type and State ask for. Strings is where the next string ends; both may be NULL. */
static DWORD
AdvListServices(DWORD Type, DWORD State, BOOL Wide, BOOL Ex, PUCHAR Buffer, DWORD Size,
                LPDWORD Needed, LPDWORD Returned, LPDWORD Resume)
{
    ULONG Unit = Wide ? sizeof(WCHAR) : 1;
    ULONG Entry = Ex ? sizeof(ENUM_SERVICE_STATUS_PROCESSW) : sizeof(ENUM_SERVICE_STATUSW);
    ULONG Front = 0, Back = Size, Missing = 0, Count = 0;
    DWORD Start = Resume != NULL ? *Resume : 0, Index;
    HKEY Services;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"System\\CurrentControlSet\\Services", 0, KEY_READ,
                      &Services) != ERROR_SUCCESS) {
        return ERROR_ACCESS_DENIED;
    }
    for (Index = Start;; Index++) {
        SERVICE_STATUS_PROCESS Status;
        WCHAR Name[260], Display[260];
        DWORD Length = 260, Bytes = sizeof(Display), Kind = 0;
        ULONG Room;

        if (RegEnumKeyExW(Services, Index, Name, &Length, NULL, NULL, NULL, NULL) !=
            ERROR_SUCCESS) {
            break;
        }
        if (!AdvReadDword(Name, L"Type", &Kind) || (Kind & Type) == 0) {
            continue;
        }
        AdvQueryState(Name, &Status);
        if ((State &
             (Status.dwCurrentState == SERVICE_STOPPED ? SERVICE_INACTIVE : SERVICE_ACTIVE)) == 0) {
            continue;
        }
        if (RegGetValueW(Services, Name, L"DisplayName", RRF_RT_REG_SZ, NULL, Display, &Bytes) !=
            ERROR_SUCCESS) {
            wcscpy(Display, Name);
        }
        Room = (ULONG)(wcslen(Name) + wcslen(Display) + 2) * Unit;
        if (Missing != 0 || Front + Entry + Room > Back) {
            if (Missing == 0 && Resume != NULL) {
                *Resume = Index;
            }
            Missing += Entry + Room;
            continue;
        }
        Back = AdvPackNames(Buffer, Front, Back, Name, Display, Wide);
        RtlCopyMemory(Buffer + Front + 2 * sizeof(PVOID), &Status,
                      Ex ? sizeof(SERVICE_STATUS_PROCESS) : sizeof(SERVICE_STATUS));
        Front += Entry;
        Count++;
    }
    RegCloseKey(Services);
    *Returned = Count;
    *Needed = Missing;
    if (Missing == 0 && Resume != NULL) {
        *Resume = 0;
    }
    return Missing == 0 ? ERROR_SUCCESS : ERROR_MORE_DATA;
}

static BOOL
AdvEnumerate(SC_HANDLE Manager, DWORD Type, DWORD State, BOOL Wide, BOOL Ex, LPBYTE Buffer,
             DWORD Size, LPDWORD Needed, LPDWORD Returned, LPDWORD Resume)
{
    DWORD Error;

    if (AdvServiceOf(Manager, ADV_MANAGER, SC_MANAGER_ENUMERATE_SERVICE) == NULL) {
        return FALSE;
    }
    Error = AdvListServices(Type, State, Wide, Ex, Buffer, Buffer != NULL ? Size : 0, Needed,
                            Returned, Resume);
    return Error == ERROR_SUCCESS ? TRUE : AdvFail(Error);
}

BOOL WINAPI
EnumServicesStatusW(SC_HANDLE Manager, DWORD Type, DWORD State, LPENUM_SERVICE_STATUSW Services,
                    DWORD Size, LPDWORD Needed, LPDWORD Returned, LPDWORD Resume)
{
    return AdvEnumerate(Manager, Type, State, TRUE, FALSE, (LPBYTE)Services, Size, Needed, Returned,
                        Resume);
}

BOOL WINAPI
EnumServicesStatusA(SC_HANDLE Manager, DWORD Type, DWORD State, LPENUM_SERVICE_STATUSA Services,
                    DWORD Size, LPDWORD Needed, LPDWORD Returned, LPDWORD Resume)
{
    return AdvEnumerate(Manager, Type, State, FALSE, FALSE, (LPBYTE)Services, Size, Needed,
                        Returned, Resume);
}

BOOL WINAPI
EnumServicesStatusExW(SC_HANDLE Manager, SC_ENUM_TYPE Level, DWORD Type, DWORD State,
                      LPBYTE Services, DWORD Size, LPDWORD Needed, LPDWORD Returned, LPDWORD Resume,
                      LPCWSTR Group)
{
    return AdvEnumerate(Manager, Type, State, TRUE, TRUE, Services, Size, Needed, Returned, Resume);
}

BOOL WINAPI
EnumServicesStatusExA(SC_HANDLE Manager, SC_ENUM_TYPE Level, DWORD Type, DWORD State,
                      LPBYTE Services, DWORD Size, LPDWORD Needed, LPDWORD Returned, LPDWORD Resume,
                      LPCSTR Group)
{
    return AdvEnumerate(Manager, Type, State, FALSE, TRUE, Services, Size, Needed, Returned,
                        Resume);
}
