/*
 * scmdepend.c - what a service needs before it starts, and who needs it.
 *
 * Kept where Windows keeps it: DependOnService and DependOnGroup, lists in the service's key. Callers give both in one list, the
 * groups with SC_GROUP_IDENTIFIER in front.
 *
 *   S1  Starting a service starts first what it depends on, in the order of the list, and what those depend on; one that does not start, or
 *       is disabled, fails it (ERROR_SERVICE_DEPENDENCY_FAIL), one that does not exist (ERROR_SERVICE_DEPENDENCY_DELETED), a
 *       circle (ERROR_CIRCULAR_DEPENDENCY). What has been started goes on running.
 *   S2  A group is there when one member of it runs after all have been tried.
 *   S3  What a running service depends on cannot be stopped (ERROR_DEPENDENT_SERVICES_RUNNING): services, not groups.
 *
 * Facts: CreateService (lpDependencies), StartService, ControlService, EnumDependentServices.
 */
#include "user/advapi32/adv.h"
#include "user/advapi32/scm.h"

#define ADV_DEPTH 16

static DWORD AdvStartOne(PCWSTR Name, PCWSTR *Path, ULONG Depth);

/* The list in Value, two zeros at its end. FALSE: there is none. Bytes: of Buffer. */
static BOOL
AdvReadList(PCWSTR Service, PCWSTR Value, PWSTR Buffer, DWORD Bytes)
{
    WCHAR Path[ADV_KEY_ROOM];
    DWORD Size = Bytes - 2 * sizeof(WCHAR);

    _snwprintf(Path, ADV_KEY_ROOM, L"System\\CurrentControlSet\\Services\\%ls", Service);
    Path[ADV_KEY_ROOM - 1] = 0;
    RtlZeroMemory(Buffer, Bytes);
    return RegGetValueW(HKEY_LOCAL_MACHINE, Path, Value, RRF_RT_REG_MULTI_SZ, NULL, Buffer,
                        &Size) == ERROR_SUCCESS;
}

/* Both lists as callers give them. */
VOID
AdvReadDependencies(PCWSTR Service, PWSTR Buffer, DWORD Chars)
{
    static const PCWSTR Values[2] = {L"DependOnService", L"DependOnGroup"};
    WCHAR List[600];
    DWORD At = 0;

    for (ULONG i = 0; i < 2; i++) {
        if (!AdvReadList(Service, Values[i], List, sizeof(List))) {
            continue;
        }
        for (PWSTR Each = List; *Each != 0; Each += wcslen(Each) + 1) {
            DWORD Length = (DWORD)wcslen(Each) + i;

            if (At + Length + 2 > Chars) {
                break;
            }
            if (i == 1) {
                Buffer[At] = SC_GROUP_IDENTIFIERW;
            }
            wcscpy(Buffer + At + i, Each);
            At += Length + 1;
        }
    }
    Buffer[At] = 0;
    if (At == 0) {
        Buffer[1] = 0;
    }
}

/* NULL: as it is; an empty list: none. */
NTSTATUS
AdvSetDependencies(HANDLE Key, PCWSTR List)
{
    static const PCWSTR Values[2] = {L"DependOnService", L"DependOnGroup"};
    NTSTATUS Status = STATUS_SUCCESS;
    UNICODE_STRING Name;
    WCHAR Buffer[600];

    if (List == NULL) {
        return STATUS_SUCCESS;
    }
    for (ULONG i = 0; i < 2 && NT_SUCCESS(Status); i++) {
        DWORD At = 0;

        for (PCWSTR Each = List; *Each != 0; Each += wcslen(Each) + 1) {
            BOOL Group = *Each == SC_GROUP_IDENTIFIERW;
            DWORD Length = (DWORD)wcslen(Each) - Group;

            if (Group != (i == 1)) {
                continue;
            }
            if (At + Length + 2 > RTL_NUMBER_OF(Buffer)) {
                return STATUS_INVALID_PARAMETER;
            }
            wcscpy(Buffer + At, Each + Group);
            At += Length + 1;
        }
        Buffer[At++] = 0;
        RtlInitUnicodeString(&Name, Values[i]);
        if (At > 1) {
            Status = NtSetValueKey(Key, &Name, 0, REG_MULTI_SZ, Buffer, At * sizeof(WCHAR));
        } else {
            NtDeleteValueKey(Key, &Name);
        }
    }
    return Status;
}

static BOOL
AdvIsRunning(PCWSTR Name)
{
    SERVICE_STATUS_PROCESS State;

    AdvQueryState(Name, &State);
    return State.dwCurrentState == SERVICE_RUNNING;
}

/* Name number Index of the services, by the registry's order. */
static BOOL
AdvServiceAt(DWORD Index, PWSTR Name, DWORD Chars)
{
    LSTATUS Error;
    HKEY Key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"System\\CurrentControlSet\\Services", 0, KEY_READ,
                      &Key) != ERROR_SUCCESS) {
        return FALSE;
    }
    Error = RegEnumKeyExW(Key, Index, Name, &Chars, NULL, NULL, NULL, NULL);
    RegCloseKey(Key);
    return Error == ERROR_SUCCESS;
}

static BOOL
AdvIsInGroup(PCWSTR Service, PCWSTR Group)
{
    WCHAR Path[ADV_KEY_ROOM], Own[130];
    DWORD Size = sizeof(Own);

    _snwprintf(Path, ADV_KEY_ROOM, L"System\\CurrentControlSet\\Services\\%ls", Service);
    Path[ADV_KEY_ROOM - 1] = 0;
    return RegGetValueW(HKEY_LOCAL_MACHINE, Path, L"Group", RRF_RT_REG_SZ, NULL, Own, &Size) ==
               ERROR_SUCCESS &&
           _wcsicmp(Own, Group) == 0;
}

/* S2 */
static DWORD
AdvStartGroup(PCWSTR Group, PCWSTR *Path, ULONG Depth)
{
    BOOL Running = FALSE;
    WCHAR Name[260];

    for (DWORD i = 0; AdvServiceAt(i, Name, RTL_NUMBER_OF(Name)); i++) {
        if (AdvIsInGroup(Name, Group)) {
            ULONG Start = SERVICE_DEMAND_START;

            AdvReadDword(Name, L"Start", &Start);
            if (!AdvIsRunning(Name) && Start != SERVICE_DISABLED) {
                AdvStartOne(Name, Path, Depth);
            }
            Running = Running || AdvIsRunning(Name);
        }
    }
    return Running ? ERROR_SUCCESS : ERROR_SERVICE_DEPENDENCY_FAIL;
}

/* S1. Path: the services that wait for this one. */
DWORD
AdvStartDependencies(PCWSTR Name, PCWSTR *Path, ULONG Depth)
{
    WCHAR List[600];
    DWORD Error = ERROR_SUCCESS;
    HANDLE Key;

    if (AdvReadList(Name, L"DependOnService", List, sizeof(List))) {
        for (PWSTR Each = List; *Each != 0 && Error == ERROR_SUCCESS; Each += wcslen(Each) + 1) {
            for (ULONG i = 0; i < Depth; i++) {
                if (_wcsicmp(Path[i], Each) == 0) {
                    return ERROR_CIRCULAR_DEPENDENCY;
                }
            }
            if (!NT_SUCCESS(AdvOpenServiceKey(Each, KEY_QUERY_VALUE, &Key))) {
                return ERROR_SERVICE_DEPENDENCY_DELETED;
            }
            NtClose(Key);
            if (!AdvIsRunning(Each)) {
                Error = AdvStartOne(Each, Path, Depth);
                if (Error != ERROR_SUCCESS && Error != ERROR_CIRCULAR_DEPENDENCY &&
                    Error != ERROR_SERVICE_DEPENDENCY_DELETED) {
                    Error = ERROR_SERVICE_DEPENDENCY_FAIL;
                }
            }
        }
    }
    if (Error == ERROR_SUCCESS && AdvReadList(Name, L"DependOnGroup", List, sizeof(List))) {
        for (PWSTR Each = List; *Each != 0 && Error == ERROR_SUCCESS; Each += wcslen(Each) + 1) {
            Error = AdvStartGroup(Each, Path, Depth);
        }
    }
    return Error;
}

static DWORD
AdvStartOne(PCWSTR Name, PCWSTR *Path, ULONG Depth)
{
    ULONG Start = SERVICE_DEMAND_START;
    DWORD Error;

    if (Depth == ADV_DEPTH) {
        return ERROR_SERVICE_DEPENDENCY_FAIL;
    }
    if (AdvReadDword(Name, L"Start", &Start) && Start == SERVICE_DISABLED) {
        return ERROR_SERVICE_DISABLED;
    }
    Path[Depth] = Name;
    Error = AdvStartDependencies(Name, Path, Depth + 1);
    return Error != ERROR_SUCCESS ? Error : RtlNtStatusToDosError(AdvDriverCall(Name, TRUE));
}

/* With Start's own checks done. */
DWORD
AdvStartNeeded(PCWSTR Name)
{
    PCWSTR Path[ADV_DEPTH] = {Name};

    return AdvStartDependencies(Name, Path, 1);
}

static BOOL
AdvDependsOn(PCWSTR Service, PCWSTR Other)
{
    WCHAR List[600];

    if (AdvReadList(Service, L"DependOnService", List, sizeof(List))) {
        for (PWSTR Each = List; *Each != 0; Each += wcslen(Each) + 1) {
            if (_wcsicmp(Each, Other) == 0) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* S3 */
BOOL
AdvHasRunningDependents(PCWSTR Name)
{
    WCHAR Other[260];

    for (DWORD i = 0; AdvServiceAt(i, Other, RTL_NUMBER_OF(Other)); i++) {
        if (AdvDependsOn(Other, Name) && AdvIsRunning(Other)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The structures come first, the strings fill the buffer from its end. */
static BOOL
AdvListDependents(SC_HANDLE Handle, DWORD Wanted, PUCHAR Buffer, DWORD Size, LPDWORD Needed,
                  LPDWORD Returned, BOOL Wide)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, SERVICE_ENUMERATE_DEPENDENTS);
    DWORD Unit = Wide ? sizeof(WCHAR) : 1, Front = 0, Back = Buffer != NULL ? Size : 0, Count = 0;
    BOOL All = TRUE;
    WCHAR Name[260];

    if (Service == NULL) {
        return FALSE;
    }
    *Needed = 0;
    for (DWORD i = 0; AdvServiceAt(i, Name, RTL_NUMBER_OF(Name)); i++) {
        WCHAR Display[260], Path[ADV_KEY_ROOM];
        DWORD Bytes = sizeof(Display), Room;
        SERVICE_STATUS_PROCESS State;

        if (!AdvDependsOn(Name, Service->Name)) {
            continue;
        }
        AdvQueryState(Name, &State);
        if ((Wanted &
             (State.dwCurrentState == SERVICE_STOPPED ? SERVICE_INACTIVE : SERVICE_ACTIVE)) == 0) {
            continue;
        }
        _snwprintf(Path, ADV_KEY_ROOM, L"System\\CurrentControlSet\\Services\\%ls", Name);
        if (RegGetValueW(HKEY_LOCAL_MACHINE, Path, L"DisplayName", RRF_RT_REG_SZ, NULL, Display,
                         &Bytes) != ERROR_SUCCESS) {
            wcscpy(Display, Name);
        }
        Room = (DWORD)(wcslen(Name) + wcslen(Display) + 2) * Unit;
        *Needed += sizeof(ENUM_SERVICE_STATUSW) + Room;
        All = All && Front + sizeof(ENUM_SERVICE_STATUSW) + Room <= Back;
        if (!All) {
            continue;
        }
        Back = AdvPackNames(Buffer, Front, Back, Name, Display, Wide);
        RtlCopyMemory(Buffer + Front + 2 * sizeof(PVOID), &State, sizeof(SERVICE_STATUS));
        Front += sizeof(ENUM_SERVICE_STATUSW);
        Count++;
    }
    *Returned = Count;
    if (!All) {
        return AdvFail(ERROR_MORE_DATA);
    }
    *Needed = 0;
    return TRUE;
}

BOOL WINAPI
EnumDependentServicesW(SC_HANDLE Service, DWORD State, LPENUM_SERVICE_STATUSW Services, DWORD Size,
                       LPDWORD Needed, LPDWORD Returned)
{
    return AdvListDependents(Service, State, (PUCHAR)Services, Size, Needed, Returned, TRUE);
}

BOOL WINAPI
EnumDependentServicesA(SC_HANDLE Service, DWORD State, LPENUM_SERVICE_STATUSA Services, DWORD Size,
                       LPDWORD Needed, LPDWORD Returned)
{
    return AdvListDependents(Service, State, (PUCHAR)Services, Size, Needed, Returned, FALSE);
}
