/*
 * scmquery.c - what is known of a service: its state, its configuration.
 *
 * A driver runs while \Driver or \FileSystem has an object with its name; the kernel answers whether one is there.
 */
#include "user/advapi32/adv.h"
#include "user/advapi32/scm.h"

typedef struct _ADV_VALUE {
    KEY_VALUE_PARTIAL_INFORMATION Information;
    UCHAR Room[1200];
} ADV_VALUE;

static BOOL
AdvReadValue(PCWSTR Service, PCWSTR Value, ADV_VALUE *Result)
{
    UNICODE_STRING Name;
    ULONG Length;
    HANDLE Key;
    NTSTATUS Status = AdvOpenServiceKey(Service, KEY_QUERY_VALUE, &Key);

    if (!NT_SUCCESS(Status)) {
        return FALSE;
    }
    RtlZeroMemory(Result, sizeof(*Result));
    RtlInitUnicodeString(&Name, Value);
    Status = NtQueryValueKey(Key, &Name, KeyValuePartialInformation, Result,
                             sizeof(*Result) - sizeof(WCHAR), &Length);
    NtClose(Key);
    return NT_SUCCESS(Status);
}

BOOL
AdvReadDword(PCWSTR Service, PCWSTR Value, PULONG Result)
{
    ADV_VALUE Read;

    if (!AdvReadValue(Service, Value, &Read) || Read.Information.Type != REG_DWORD) {
        return FALSE;
    }
    *Result = *(UNALIGNED ULONG *)Read.Information.Data;
    return TRUE;
}

/* Opening a driver object by name: the type is no file, so an object that is there answers with a mismatch. */
static BOOL
AdvDriverExists(PCWSTR Folder, PCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Path;
    WCHAR Text[ADV_KEY_ROOM];
    HANDLE File;
    NTSTATUS Status;

    _snwprintf(Text, ADV_KEY_ROOM, L"%ls%ls", Folder, Name);
    Text[ADV_KEY_ROOM - 1] = 0;
    RtlInitUnicodeString(&Path, Text);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, FILE_READ_ATTRIBUTES, &Attributes, &Iosb, 0, 0);
    if (NT_SUCCESS(Status)) {
        NtClose(File);
    }
    return Status != STATUS_OBJECT_NAME_NOT_FOUND && Status != STATUS_OBJECT_PATH_NOT_FOUND;
}

VOID
AdvQueryState(PCWSTR Name, LPSERVICE_STATUS_PROCESS State)
{
    BOOL Running = AdvDriverExists(L"\\Driver\\", Name) || AdvDriverExists(L"\\FileSystem\\", Name);

    RtlZeroMemory(State, sizeof(*State));
    State->dwServiceType = SERVICE_KERNEL_DRIVER;
    AdvReadDword(Name, L"Type", &State->dwServiceType);
    State->dwCurrentState = Running ? SERVICE_RUNNING : SERVICE_STOPPED;
    State->dwControlsAccepted = Running ? SERVICE_ACCEPT_STOP : 0;
    State->dwWin32ExitCode = Running ? NO_ERROR : ERROR_SERVICE_NEVER_STARTED;
}

BOOL WINAPI
QueryServiceStatusEx(SC_HANDLE Handle, SC_STATUS_TYPE Level, LPBYTE Buffer, DWORD Size,
                     LPDWORD Needed)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, SERVICE_QUERY_STATUS);

    if (Service == NULL) {
        return FALSE;
    }
    if (Level != SC_STATUS_PROCESS_INFO) {
        return AdvFail(ERROR_INVALID_LEVEL);
    }
    *Needed = sizeof(SERVICE_STATUS_PROCESS);
    if (Size < sizeof(SERVICE_STATUS_PROCESS)) {
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    AdvQueryState(Service->Name, (LPSERVICE_STATUS_PROCESS)Buffer);
    return TRUE;
}

BOOL WINAPI
QueryServiceStatus(SC_HANDLE Handle, LPSERVICE_STATUS State)
{
    SERVICE_STATUS_PROCESS Now;
    DWORD Needed;

    if (!QueryServiceStatusEx(Handle, SC_STATUS_PROCESS_INFO, (LPBYTE)&Now, sizeof(Now), &Needed)) {
        return FALSE;
    }
    RtlCopyMemory(State, &Now, sizeof(*State));
    return TRUE;
}

/* The strings follow the structure. */
BOOL WINAPI
QueryServiceConfigW(SC_HANDLE Handle, LPQUERY_SERVICE_CONFIGW Config, DWORD Size, LPDWORD Needed)
{
    PADV_SERVICE Service = AdvServiceOf(Handle, ADV_DRIVER, SERVICE_QUERY_CONFIG);
    static const PCWSTR Names[3] = {L"ImagePath", L"Group", L"DisplayName"};
    ADV_VALUE Value;
    WCHAR Depends[600];
    PWSTR Places[3], At;
    ULONG Index, Bytes = sizeof(*Config) + sizeof(WCHAR), End;

    if (Service == NULL) {
        return FALSE;
    }
    for (Index = 0; Index < 3; Index++) {
        if (AdvReadValue(Service->Name, Names[Index], &Value)) {
            Bytes += Value.Information.DataLength;
        }
        Bytes += sizeof(WCHAR);
    }
    AdvReadDependencies(Service->Name, Depends, RTL_NUMBER_OF(Depends));
    for (End = 0; Depends[End] != 0; End += (ULONG)wcslen(Depends + End) + 1) {
    }
    Bytes += (End + 2) * sizeof(WCHAR);
    *Needed = Bytes;
    if (Size < Bytes) {
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    At = (PWSTR)(Config + 1);
    for (Index = 0; Index < 3; Index++) {
        Places[Index] = At;
        if (AdvReadValue(Service->Name, Names[Index], &Value)) {
            wcscpy(At, (PCWSTR)Value.Information.Data);
            At += wcslen(At);
        }
        *At++ = 0;
    }
    *At = 0;
    RtlZeroMemory(Config, sizeof(*Config));
    Config->dwServiceType = SERVICE_KERNEL_DRIVER;
    AdvReadDword(Service->Name, L"Type", &Config->dwServiceType);
    AdvReadDword(Service->Name, L"Start", &Config->dwStartType);
    AdvReadDword(Service->Name, L"ErrorControl", &Config->dwErrorControl);
    Config->lpBinaryPathName = Places[0];
    Config->lpLoadOrderGroup = Places[1];
    Config->lpDisplayName = Places[2];
    Config->lpServiceStartName = At++;
    RtlZeroMemory(At, (End + 2) * sizeof(WCHAR));
    RtlCopyMemory(At, Depends, End * sizeof(WCHAR));
    Config->lpDependencies = At;
    return TRUE;
}
