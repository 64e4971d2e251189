/*
 * psapi.c - what psapi.dll asks: processes, the modules of this and other processes, drivers by address.
 *
 * Modules are read from the process's own loader list, through its PEB. Facts: EnumProcesses,
 * EnumProcessModules, GetModuleFileNameEx, GetProcessImageFileName, GetDeviceDriverFileName.
 */
#include "user/kernel32/base.h"
#include <psapi.h>
#include <tlhelp32.h>

BOOL WINAPI
K32EnumProcesses(LPDWORD Ids, DWORD Bytes, LPDWORD Needed)
{
    HANDLE Snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W Entry = {.dwSize = sizeof(Entry)};
    DWORD Count = 0;

    if (Snapshot == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    for (BOOL More = Process32FirstW(Snapshot, &Entry);
         More && (Count + 1) * sizeof(DWORD) <= Bytes; More = Process32NextW(Snapshot, &Entry)) {
        Ids[Count++] = Entry.th32ProcessID;
    }
    CloseHandle(Snapshot);
    *Needed = Count * sizeof(DWORD);
    return TRUE;
}

/* The loader's entry number Index of Process, or the one of Base; what its strings point to is Process's. */
static BOOL
BaseRemoteModule(HANDLE Process, ULONG Index, HMODULE Base, PLDR_DATA_TABLE_ENTRY Entry)
{
    PROCESS_BASIC_INFORMATION Basic;
    PPEB_LDR_DATA Loader;
    PLIST_ENTRY Head, Links;
    NTSTATUS Status;

    Status =
        NtQueryInformationProcess(Process, ProcessBasicInformation, &Basic, sizeof(Basic), NULL);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (!ReadProcessMemory(Process, &((PPEB)Basic.PebBaseAddress)->Ldr, &Loader, sizeof(Loader),
                           NULL)) {
        return FALSE;
    }
    if (Loader == NULL) {
        return BaseFailWith(ERROR_PARTIAL_COPY); /* it has not begun to load */
    }
    Head = &Loader->InLoadOrderModuleList;
    if (!ReadProcessMemory(Process, &Head->Flink, &Links, sizeof(Links), NULL)) {
        return FALSE;
    }
    for (ULONG At = 0; Links != Head && At < 4096; At++) {
        if (!ReadProcessMemory(Process,
                               CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks),
                               Entry, sizeof(*Entry), NULL)) {
            return FALSE;
        }
        if (Base != NULL ? Entry->DllBase == (PVOID)Base : At == Index) {
            return TRUE;
        }
        Links = Entry->InLoadOrderLinks.Flink;
    }
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
K32EnumProcessModules(HANDLE Process, HMODULE *Modules, DWORD Bytes, LPDWORD Needed)
{
    LDR_DATA_TABLE_ENTRY Entry;
    ULONG Count = 0;

    while (BaseRemoteModule(Process, Count, NULL, &Entry)) {
        if ((Count + 1) * sizeof(HMODULE) <= Bytes) {
            Modules[Count] = (HMODULE)Entry.DllBase;
        }
        Count++;
    }
    if (Count == 0) {
        return FALSE;
    }
    *Needed = Count * sizeof(HMODULE);
    SetLastError(ERROR_SUCCESS);
    return TRUE;
}

BOOL WINAPI
K32EnumProcessModulesEx(HANDLE Process, HMODULE *Modules, DWORD Bytes, LPDWORD Needed, DWORD Filter)
{
    return K32EnumProcessModules(Process, Modules, Bytes, Needed);
}

static DWORD
BaseModuleName(HANDLE Process, HMODULE Module, BOOL Full, LPWSTR Buffer, DWORD Room)
{
    LDR_DATA_TABLE_ENTRY Entry;
    UNICODE_STRING Name;
    DWORD Length;

    if (!BaseRemoteModule(Process, 0, Module, &Entry)) {
        return 0;
    }
    Name = Full ? Entry.FullDllName : Entry.BaseDllName;
    if (Room == 0) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    Length = min(Name.Length / sizeof(WCHAR), Room - 1);
    if (!ReadProcessMemory(Process, Name.Buffer, Buffer, Length * sizeof(WCHAR), NULL)) {
        return 0;
    }
    Buffer[Length] = 0;
    return Length;
}

DWORD WINAPI
K32GetModuleBaseNameW(HANDLE Process, HMODULE Module, LPWSTR Buffer, DWORD Room)
{
    return BaseModuleName(Process, Module, FALSE, Buffer, Room);
}

DWORD WINAPI
K32GetModuleFileNameExW(HANDLE Process, HMODULE Module, LPWSTR Buffer, DWORD Room)
{
    return BaseModuleName(Process, Module, TRUE, Buffer, Room);
}

static DWORD
BaseModuleNameA(HANDLE Process, HMODULE Module, BOOL Full, LPSTR Buffer, DWORD Room)
{
    WCHAR Wide[MAX_PATH];
    DWORD Length = BaseModuleName(Process, Module, Full, Wide, MAX_PATH);

    return Length == 0 ? 0 : BaseToAnsi(Wide, Length, Buffer, Room);
}

DWORD WINAPI
K32GetModuleBaseNameA(HANDLE Process, HMODULE Module, LPSTR Buffer, DWORD Room)
{
    return BaseModuleNameA(Process, Module, FALSE, Buffer, Room);
}

DWORD WINAPI
K32GetModuleFileNameExA(HANDLE Process, HMODULE Module, LPSTR Buffer, DWORD Room)
{
    return BaseModuleNameA(Process, Module, TRUE, Buffer, Room);
}

BOOL WINAPI
K32GetModuleInformation(HANDLE Process, HMODULE Module, LPMODULEINFO Information, DWORD Size)
{
    LDR_DATA_TABLE_ENTRY Entry;

    if (Size < sizeof(*Information)) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    if (!BaseRemoteModule(Process, 0, Module, &Entry)) {
        return FALSE;
    }
    Information->lpBaseOfDll = Entry.DllBase;
    Information->SizeOfImage = Entry.SizeOfImage;
    Information->EntryPoint = Entry.EntryPoint;
    return TRUE;
}

DWORD WINAPI
K32GetProcessImageFileNameW(HANDLE Process, LPWSTR Buffer, DWORD Room)
{
    DWORD Length = Room;

    return QueryFullProcessImageNameW(Process, PROCESS_NAME_NATIVE, Buffer, &Length) ? Length : 0;
}

DWORD WINAPI
K32GetProcessImageFileNameA(HANDLE Process, LPSTR Buffer, DWORD Room)
{
    DWORD Length = Room;

    return QueryFullProcessImageNameA(Process, PROCESS_NAME_NATIVE, Buffer, &Length) ? Length : 0;
}

/* Module32First of another process's snapshot is not here; the ANSI forms of one's own are. */
static BOOL
BaseModuleAnsi(BOOL Found, const MODULEENTRY32W *Wide, LPMODULEENTRY32 Entry)
{
    if (Found) {
        Entry->th32ModuleID = Wide->th32ModuleID;
        Entry->th32ProcessID = Wide->th32ProcessID;
        Entry->GlblcntUsage = Wide->GlblcntUsage;
        Entry->ProccntUsage = Wide->ProccntUsage;
        Entry->modBaseAddr = Wide->modBaseAddr;
        Entry->modBaseSize = Wide->modBaseSize;
        Entry->hModule = Wide->hModule;
        BaseToAnsi(Wide->szModule, wcslen(Wide->szModule), Entry->szModule,
                   sizeof(Entry->szModule));
        BaseToAnsi(Wide->szExePath, wcslen(Wide->szExePath), Entry->szExePath,
                   sizeof(Entry->szExePath));
    }
    return Found;
}

BOOL WINAPI
Module32First(HANDLE Snapshot, LPMODULEENTRY32 Entry)
{
    MODULEENTRY32W Wide = {.dwSize = sizeof(Wide)};

    return BaseModuleAnsi(Module32FirstW(Snapshot, &Wide), &Wide, Entry);
}

BOOL WINAPI
Module32Next(HANDLE Snapshot, LPMODULEENTRY32 Entry)
{
    MODULEENTRY32W Wide = {.dwSize = sizeof(Wide)};

    return BaseModuleAnsi(Module32NextW(Snapshot, &Wide), &Wide, Entry);
}
