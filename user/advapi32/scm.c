/*
 * scm.c - services, as far as they are drivers.
 *
 * There is no service process: the database is \Registry\Machine\System\CurrentControlSet\Services, and the state of a
 * driver is what the kernel says about it. A handle is a heap record. Starting is NtLoadDriver, stopping NtUnloadDriver; both
 * need SeLoadDriverPrivilege, which the service control manager of Windows has and gives to whoever may start the service:
 * here an administrator's own token is asked for it, and the privilege is enabled for the call.
 *
 * Facts: OpenSCManager, CreateService, StartService, ControlService, QueryServiceStatusEx, DeleteService.
 */
#include "user/advapi32/adv.h"
#include "user/advapi32/scm.h"

static BOOL
AdvAdministrator(VOID)
{
    SID_IDENTIFIER_AUTHORITY Authority = SECURITY_NT_AUTHORITY;
    PSID Group = NULL;
    BOOL Member = FALSE;

    if (AllocateAndInitializeSid(&Authority, 2, SECURITY_BUILTIN_DOMAIN_RID,
                                 DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0, &Group)) {
        CheckTokenMembership(NULL, Group, &Member);
        FreeSid(Group);
    }
    return Member;
}

PADV_SERVICE
AdvServiceOf(SC_HANDLE Handle, ULONG Magic, ACCESS_MASK Access)
{
    PADV_SERVICE Service = (PADV_SERVICE)Handle;

    if (Service == NULL || Service->Magic != Magic) {
        AdvFail(ERROR_INVALID_HANDLE);
        return NULL;
    }
    if ((Service->Access & Access) != Access) {
        AdvFail(ERROR_ACCESS_DENIED);
        return NULL;
    }
    return Service;
}

NTSTATUS
AdvOpenServiceKey(PCWSTR Name, ACCESS_MASK Access, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    WCHAR Text[ADV_KEY_ROOM];

    if (_snwprintf(Text, ADV_KEY_ROOM, ADV_SERVICES L"%ls", Name) < 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Text[ADV_KEY_ROOM - 1] = 0;
    RtlInitUnicodeString(&Path, Text);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenKey(Key, Access, &Attributes);
}

static ACCESS_MASK
AdvMapAccess(ACCESS_MASK Access, ACCESS_MASK All)
{
    if ((Access & (GENERIC_ALL | MAXIMUM_ALLOWED)) != 0) {
        Access |= All;
    }
    if ((Access & GENERIC_READ) != 0) {
        Access |= STANDARD_RIGHTS_READ | SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS |
                  SERVICE_ENUMERATE_DEPENDENTS | SERVICE_INTERROGATE;
    }
    if ((Access & GENERIC_WRITE) != 0) {
        Access |= STANDARD_RIGHTS_WRITE | SERVICE_CHANGE_CONFIG;
    }
    if ((Access & GENERIC_EXECUTE) != 0) {
        Access |= STANDARD_RIGHTS_EXECUTE | SERVICE_START | SERVICE_STOP | SERVICE_PAUSE_CONTINUE |
                  SERVICE_USER_DEFINED_CONTROL;
    }
    return Access;
}

static SC_HANDLE
AdvMakeHandle(ULONG Magic, ACCESS_MASK Access, PCWSTR Name)
{
    PADV_SERVICE Service = AdvAllocate(sizeof(*Service) + (wcslen(Name) + 1) * sizeof(WCHAR));

    if (Service == NULL) {
        AdvFail(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    Service->Magic = Magic;
    Service->Access = Access;
    wcscpy(Service->Name, Name);
    return (SC_HANDLE)Service;
}

SC_HANDLE WINAPI
OpenSCManagerW(LPCWSTR Machine, LPCWSTR Database, DWORD Access)
{
    if (Machine != NULL && *Machine != 0) {
        AdvFail(RPC_S_SERVER_UNAVAILABLE);
        return NULL;
    }
    if (Database != NULL && *Database != 0 && _wcsicmp(Database, SERVICES_ACTIVE_DATABASEW) != 0) {
        AdvFail(ERROR_DATABASE_DOES_NOT_EXIST);
        return NULL;
    }
    Access = AdvMapAccess(Access, SC_MANAGER_ALL_ACCESS);
    if ((Access & (SC_MANAGER_CREATE_SERVICE | SC_MANAGER_LOCK | SC_MANAGER_MODIFY_BOOT_CONFIG)) !=
            0 &&
        !AdvAdministrator()) {
        AdvFail(ERROR_ACCESS_DENIED);
        return NULL;
    }
    return AdvMakeHandle(ADV_MANAGER, Access, L"");
}

SC_HANDLE WINAPI
OpenSCManagerA(LPCSTR Machine, LPCSTR Database, DWORD Access)
{
    UNICODE_STRING WideMachine = {0}, WideDatabase = {0};
    SC_HANDLE Handle = NULL;

    if (AdvToWide(&WideMachine, Machine) && AdvToWide(&WideDatabase, Database)) {
        Handle = OpenSCManagerW(WideMachine.Buffer, WideDatabase.Buffer, Access);
    }
    RtlFreeUnicodeString(&WideMachine);
    RtlFreeUnicodeString(&WideDatabase);
    return Handle;
}

BOOL WINAPI
CloseServiceHandle(SC_HANDLE Handle)
{
    PADV_SERVICE Service = (PADV_SERVICE)Handle;

    if (Service == NULL || (Service->Magic != ADV_MANAGER && Service->Magic != ADV_DRIVER)) {
        return AdvFail(ERROR_INVALID_HANDLE);
    }
    Service->Magic = 0;
    AdvFree(Service);
    return TRUE;
}

SC_HANDLE WINAPI
OpenServiceW(SC_HANDLE Manager, LPCWSTR Name, DWORD Access)
{
    HANDLE Key;
    NTSTATUS Status;

    if (AdvServiceOf(Manager, ADV_MANAGER, 0) == NULL) {
        return NULL;
    }
    if (Name == NULL || *Name == 0 || wcschr(Name, L'\\') != NULL || wcschr(Name, L'/') != NULL ||
        wcslen(Name) > 256) {
        AdvFail(ERROR_INVALID_NAME);
        return NULL;
    }
    Status = AdvOpenServiceKey(Name, KEY_QUERY_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        AdvFail(Status == STATUS_OBJECT_NAME_NOT_FOUND ? ERROR_SERVICE_DOES_NOT_EXIST
                                                       : RtlNtStatusToDosError(Status));
        return NULL;
    }
    NtClose(Key);
    Access = AdvMapAccess(Access, SERVICE_ALL_ACCESS);
    if ((Access & (SERVICE_CHANGE_CONFIG | SERVICE_START | SERVICE_STOP | DELETE | WRITE_DAC |
                   WRITE_OWNER)) != 0 &&
        !AdvAdministrator()) {
        AdvFail(ERROR_ACCESS_DENIED);
        return NULL;
    }
    return AdvMakeHandle(ADV_DRIVER, Access, Name);
}

SC_HANDLE WINAPI
OpenServiceA(SC_HANDLE Manager, LPCSTR Name, DWORD Access)
{
    UNICODE_STRING Wide;
    SC_HANDLE Handle;

    if (!AdvToWide(&Wide, Name)) {
        return NULL;
    }
    Handle = OpenServiceW(Manager, Wide.Buffer, Access);
    RtlFreeUnicodeString(&Wide);
    return Handle;
}

static NTSTATUS
AdvSetValue(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Size)
{
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Value, Name);
    return NtSetValueKey(Key, &Value, 0, Type, (PVOID)Data, Size);
}

static NTSTATUS
AdvSetText(HANDLE Key, PCWSTR Name, ULONG Type, PCWSTR Text)
{
    return Text == NULL
               ? STATUS_SUCCESS
               : AdvSetValue(Key, Name, Type, Text, (ULONG)(wcslen(Text) + 1) * sizeof(WCHAR));
}

/* A driver's path is kept in the NT form: what has a drive gets the prefix. */
static NTSTATUS
AdvSetImagePath(HANDLE Key, PCWSTR Path)
{
    WCHAR Text[600];

    if (Path == NULL) {
        return STATUS_SUCCESS;
    }
    if (Path[0] == L'"') {
        Path++;
    }
    if (Path[0] != 0 && Path[1] == L':') {
        if (_snwprintf(Text, RTL_NUMBER_OF(Text), L"\\??\\%ls", Path) < 0) {
            return STATUS_NAME_TOO_LONG;
        }
        if (Text[wcslen(Text) - 1] == L'"') {
            Text[wcslen(Text) - 1] = 0;
        }
        Path = Text;
    }
    return AdvSetText(Key, L"ImagePath", REG_EXPAND_SZ, Path);
}

SC_HANDLE WINAPI
CreateServiceW(SC_HANDLE Manager, LPCWSTR Name, LPCWSTR DisplayName, DWORD Access, DWORD Type,
               DWORD Start, DWORD ErrorControl, LPCWSTR Path, LPCWSTR Group, LPDWORD Tag,
               LPCWSTR Dependencies, LPCWSTR Account, LPCWSTR Password)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING KeyPath;
    WCHAR Text[ADV_KEY_ROOM];
    ULONG Disposition = 0;
    HANDLE Key;
    NTSTATUS Status;

    if (AdvServiceOf(Manager, ADV_MANAGER, SC_MANAGER_CREATE_SERVICE) == NULL) {
        return NULL;
    }
    if (Name == NULL || *Name == 0 || wcschr(Name, L'\\') != NULL || wcschr(Name, L'/') != NULL ||
        wcslen(Name) > 256) {
        AdvFail(ERROR_INVALID_NAME);
        return NULL;
    }
    if (Path == NULL || *Path == 0 || Start > SERVICE_DISABLED ||
        ErrorControl > SERVICE_ERROR_CRITICAL) {
        AdvFail(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (Type != SERVICE_KERNEL_DRIVER && Type != SERVICE_FILE_SYSTEM_DRIVER) {
        AdvFail(ERROR_CALL_NOT_IMPLEMENTED); /* services that are processes */
        return NULL;
    }
    _snwprintf(Text, ADV_KEY_ROOM, ADV_SERVICES L"%ls", Name);
    RtlInitUnicodeString(&KeyPath, Text);
    InitializeObjectAttributes(&Attributes, &KeyPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE,
                         &Disposition);
    if (NT_SUCCESS(Status) && Disposition == REG_OPENED_EXISTING_KEY) {
        NtClose(Key);
        AdvFail(ERROR_SERVICE_EXISTS);
        return NULL;
    }
    if (NT_SUCCESS(Status)) {
        Status = AdvSetValue(Key, L"Type", REG_DWORD, &Type, sizeof(Type));
        if (NT_SUCCESS(Status)) {
            Status = AdvSetValue(Key, L"Start", REG_DWORD, &Start, sizeof(Start));
        }
        if (NT_SUCCESS(Status)) {
            Status =
                AdvSetValue(Key, L"ErrorControl", REG_DWORD, &ErrorControl, sizeof(ErrorControl));
        }
        if (NT_SUCCESS(Status)) {
            Status = AdvSetImagePath(Key, Path);
        }
        if (NT_SUCCESS(Status)) {
            Status =
                AdvSetText(Key, L"DisplayName", REG_SZ, DisplayName != NULL ? DisplayName : Name);
        }
        if (NT_SUCCESS(Status)) {
            Status = AdvSetText(Key, L"Group", REG_SZ, Group);
        }
        if (NT_SUCCESS(Status)) {
            Status = AdvSetDependencies(Key, Dependencies);
        }
        if (!NT_SUCCESS(Status)) {
            NtDeleteKey(Key);
        }
        NtClose(Key);
    }
    if (!NT_SUCCESS(Status)) {
        AdvResult(Status);
        return NULL;
    }
    return AdvMakeHandle(ADV_DRIVER, AdvMapAccess(Access, SERVICE_ALL_ACCESS), Name);
}

/* Strings up to an empty one; NULL for NULL. */
static PWSTR
AdvWideList(PCSTR List)
{
    ULONG Length = 0, Bytes;
    PWSTR Wide;

    if (List == NULL) {
        return NULL;
    }
    while (List[Length] != 0) {
        Length += (ULONG)strlen(List + Length) + 1;
    }
    Wide = AdvAllocate((Length + 2) * sizeof(WCHAR));
    if (Wide != NULL) {
        RtlZeroMemory(Wide, (Length + 2) * sizeof(WCHAR));
        RtlMultiByteToUnicodeN(Wide, Length * sizeof(WCHAR), &Bytes, List, Length);
    }
    return Wide;
}

SC_HANDLE WINAPI
CreateServiceA(SC_HANDLE Manager, LPCSTR Name, LPCSTR DisplayName, DWORD Access, DWORD Type,
               DWORD Start, DWORD ErrorControl, LPCSTR Path, LPCSTR Group, LPDWORD Tag,
               LPCSTR Dependencies, LPCSTR Account, LPCSTR Password)
{
    UNICODE_STRING WideName = {0}, WideDisplay = {0}, WidePath = {0}, WideGroup = {0};
    PWSTR List = AdvWideList(Dependencies);
    SC_HANDLE Handle = NULL;

    if (AdvToWide(&WideName, Name) && AdvToWide(&WideDisplay, DisplayName) &&
        AdvToWide(&WidePath, Path) && AdvToWide(&WideGroup, Group)) {
        Handle =
            CreateServiceW(Manager, WideName.Buffer, WideDisplay.Buffer, Access, Type, Start,
                           ErrorControl, WidePath.Buffer, WideGroup.Buffer, Tag, List, NULL, NULL);
    }
    AdvFree(List);
    RtlFreeUnicodeString(&WideName);
    RtlFreeUnicodeString(&WideDisplay);
    RtlFreeUnicodeString(&WidePath);
    RtlFreeUnicodeString(&WideGroup);
    return Handle;
}

/* NtLoadDriver or NtUnloadDriver with the privilege that it needs. */
NTSTATUS
AdvDriverCall(PCWSTR Name, BOOL Load)
{
    UNICODE_STRING Path;
    WCHAR Text[ADV_KEY_ROOM];
    BOOLEAN Held = FALSE;
    NTSTATUS Status, Adjusted;

    _snwprintf(Text, ADV_KEY_ROOM, ADV_SERVICES L"%ls", Name);
    RtlInitUnicodeString(&Path, Text);
    Adjusted = RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, TRUE, FALSE, &Held);
    Status = Load ? NtLoadDriver(&Path) : NtUnloadDriver(&Path);
    if (NT_SUCCESS(Adjusted) && !Held) {
        RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, FALSE, FALSE, &Held);
    }
    return Status;
}

BOOL WINAPI
StartServiceW(SC_HANDLE Handle, DWORD Count, LPCWSTR *Arguments)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, SERVICE_START);
    ULONG Start = SERVICE_DEMAND_START;
    SERVICE_STATUS_PROCESS Now;
    NTSTATUS Status;
    DWORD Error;

    if (Service == NULL) {
        return FALSE;
    }
    if (AdvReadDword(Service->Name, L"Start", &Start) && Start == SERVICE_DISABLED) {
        return AdvFail(ERROR_SERVICE_DISABLED);
    }
    AdvQueryState(Service->Name, &Now);
    if (Now.dwCurrentState == SERVICE_RUNNING) {
        return AdvFail(ERROR_SERVICE_ALREADY_RUNNING);
    }
    Error = AdvStartNeeded(Service->Name);
    if (Error != ERROR_SUCCESS) {
        return AdvFail(Error);
    }
    Status = AdvDriverCall(Service->Name, TRUE);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND) {
        return AdvFail(Status == STATUS_OBJECT_NAME_NOT_FOUND ? ERROR_FILE_NOT_FOUND
                                                              : ERROR_PATH_NOT_FOUND);
    }
    return AdvResult(Status);
}

BOOL WINAPI
StartServiceA(SC_HANDLE Handle, DWORD Count, LPCSTR *Arguments)
{
    return StartServiceW(Handle, 0, NULL); /* a driver gets no arguments */
}

BOOL WINAPI
ControlService(SC_HANDLE Handle, DWORD Control, LPSERVICE_STATUS State)
{
    ACCESS_MASK Access = Control == SERVICE_CONTROL_STOP          ? SERVICE_STOP
                         : Control == SERVICE_CONTROL_INTERROGATE ? SERVICE_INTERROGATE
                                                                  : SERVICE_PAUSE_CONTINUE;
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, Access);
    SERVICE_STATUS_PROCESS Now;
    NTSTATUS Status;

    if (Service == NULL) {
        return FALSE;
    }
    AdvQueryState(Service->Name, &Now);
    if (Now.dwCurrentState == SERVICE_STOPPED) {
        RtlCopyMemory(State, &Now, sizeof(*State));
        return AdvFail(ERROR_SERVICE_NOT_ACTIVE);
    }
    if (Control == SERVICE_CONTROL_STOP) {
        if (AdvHasRunningDependents(Service->Name)) {
            RtlCopyMemory(State, &Now, sizeof(*State));
            return AdvFail(ERROR_DEPENDENT_SERVICES_RUNNING);
        }
        Status = AdvDriverCall(Service->Name, FALSE);
        AdvQueryState(Service->Name, &Now);
        RtlCopyMemory(State, &Now, sizeof(*State));
        if (Status == STATUS_INVALID_DEVICE_REQUEST) {
            return AdvFail(ERROR_INVALID_SERVICE_CONTROL); /* no unload routine */
        }
        return AdvResult(Status);
    }
    RtlCopyMemory(State, &Now, sizeof(*State));
    return Control == SERVICE_CONTROL_INTERROGATE ? TRUE : AdvFail(ERROR_INVALID_SERVICE_CONTROL);
}

BOOL WINAPI
DeleteService(SC_HANDLE Handle)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, DELETE);
    HANDLE Key;
    NTSTATUS Status;

    if (Service == NULL) {
        return FALSE;
    }
    Status = AdvOpenServiceKey(Service->Name, KEY_ALL_ACCESS, &Key);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return AdvFail(ERROR_SERVICE_MARKED_FOR_DELETE);
    }
    if (NT_SUCCESS(Status)) {
        AdvDeleteSubKeys(Key);
        Status = NtDeleteKey(Key);
        NtClose(Key);
    }
    return AdvResult(Status);
}

BOOL WINAPI
ChangeServiceConfigW(SC_HANDLE Handle, DWORD Type, DWORD Start, DWORD ErrorControl, LPCWSTR Path,
                     LPCWSTR Group, LPDWORD Tag, LPCWSTR Dependencies, LPCWSTR Account,
                     LPCWSTR Password, LPCWSTR DisplayName)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, SERVICE_CHANGE_CONFIG);
    HANDLE Key;
    NTSTATUS Status;

    if (Service == NULL) {
        return FALSE;
    }
    Status = AdvOpenServiceKey(Service->Name, KEY_SET_VALUE, &Key);
    if (!NT_SUCCESS(Status)) {
        return AdvResult(Status);
    }
    if (Type != SERVICE_NO_CHANGE) {
        Status = AdvSetValue(Key, L"Type", REG_DWORD, &Type, sizeof(Type));
    }
    if (NT_SUCCESS(Status) && Start != SERVICE_NO_CHANGE) {
        Status = AdvSetValue(Key, L"Start", REG_DWORD, &Start, sizeof(Start));
    }
    if (NT_SUCCESS(Status) && ErrorControl != SERVICE_NO_CHANGE) {
        Status = AdvSetValue(Key, L"ErrorControl", REG_DWORD, &ErrorControl, sizeof(ErrorControl));
    }
    if (NT_SUCCESS(Status)) {
        Status = AdvSetImagePath(Key, Path);
    }
    if (NT_SUCCESS(Status)) {
        Status = AdvSetText(Key, L"Group", REG_SZ, Group);
    }
    if (NT_SUCCESS(Status)) {
        Status = AdvSetText(Key, L"DisplayName", REG_SZ, DisplayName);
    }
    if (NT_SUCCESS(Status)) {
        Status = AdvSetDependencies(Key, Dependencies);
    }
    NtClose(Key);
    return AdvResult(Status);
}

BOOL WINAPI
ChangeServiceConfigA(SC_HANDLE Handle, DWORD Type, DWORD Start, DWORD ErrorControl, LPCSTR Path,
                     LPCSTR Group, LPDWORD Tag, LPCSTR Dependencies, LPCSTR Account,
                     LPCSTR Password, LPCSTR DisplayName)
{
    UNICODE_STRING WidePath = {0}, WideGroup = {0}, WideDisplay = {0};
    PWSTR List = AdvWideList(Dependencies);
    BOOL Result = FALSE;

    if (AdvToWide(&WidePath, Path) && AdvToWide(&WideGroup, Group) &&
        AdvToWide(&WideDisplay, DisplayName)) {
        Result = ChangeServiceConfigW(Handle, Type, Start, ErrorControl, WidePath.Buffer,
                                      WideGroup.Buffer, Tag, List, NULL, NULL, WideDisplay.Buffer);
    }
    AdvFree(List);
    RtlFreeUnicodeString(&WidePath);
    RtlFreeUnicodeString(&WideGroup);
    RtlFreeUnicodeString(&WideDisplay);
    return Result;
}
