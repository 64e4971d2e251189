/*
 * snapshot.c - lists of processes, threads and this process's modules; loaded drivers.
 *
 * A snapshot is a copy of SystemProcessInformation in heap memory; modules are read from the loader's list as they are
 * asked for. Its handle is that of an event made for it, so that CloseHandle works; the memory stays until the process
 * ends. Facts: CreateToolhelp32Snapshot, Process32First, EnumDeviceDrivers.
 */
#include "user/kernel32/base.h"
#include <tlhelp32.h>

typedef struct _BASE_SNAPSHOT {
    HANDLE Event; /* a kernel handle, so that CloseHandle works: the key of this record */
    struct _BASE_SNAPSHOT *Next;
    PVOID Processes;
    ULONG ProcessAt, ThreadAt, ThreadIndex, ModuleAt;
    DWORD ProcessId;
} BASE_SNAPSHOT, *PBASE_SNAPSHOT;

static PVOID
BaseSystemInformation(ULONG Class)
{
    ULONG Size = 0x4000, Needed = 0;

    for (;;) {
        PVOID Buffer = RtlAllocateHeap(BaseHeap(), 0, Size);
        NTSTATUS Status;

        if (Buffer == NULL) {
            return NULL;
        }
        Status = NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)Class, Buffer, Size, &Needed);
        if (NT_SUCCESS(Status)) {
            return Buffer;
        }
        RtlFreeHeap(BaseHeap(), 0, Buffer);
        if (Status != STATUS_INFO_LENGTH_MISMATCH || Size > 0x1000000) {
            BaseFail(Status);
            return NULL;
        }
        Size = max(Size * 2, Needed + 0x1000);
    }
}

HANDLE WINAPI
CreateToolhelp32Snapshot(DWORD Flags, DWORD ProcessId)
{
    PBASE_SNAPSHOT Snapshot = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Snapshot));

    if (Snapshot == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    if ((Flags & (TH32CS_SNAPMODULE | TH32CS_SNAPMODULE32)) != 0 && ProcessId != 0 &&
        ProcessId != GetCurrentProcessId()) {
        RtlFreeHeap(BaseHeap(), 0, Snapshot);
        BaseFailWith(ERROR_CALL_NOT_IMPLEMENTED); /* another process's modules */
        return INVALID_HANDLE_VALUE;
    }
    if ((Flags & (TH32CS_SNAPPROCESS | TH32CS_SNAPTHREAD)) != 0) {
        Snapshot->Processes = BaseSystemInformation(SystemProcessInformationClass);
    }
    Snapshot->Event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (Snapshot->Event == NULL ||
        ((Flags & (TH32CS_SNAPPROCESS | TH32CS_SNAPTHREAD)) != 0 && Snapshot->Processes == NULL)) {
        RtlFreeHeap(BaseHeap(), 0, Snapshot->Processes);
        RtlFreeHeap(BaseHeap(), 0, Snapshot);
        return INVALID_HANDLE_VALUE;
    }
    RtlAcquireSRWLockExclusive(&BaseLock);
    Snapshot->Next = BaseSnapshots;
    BaseSnapshots = Snapshot;
    RtlReleaseSRWLockExclusive(&BaseLock);
    return Snapshot->Event;
}

static PBASE_SNAPSHOT
BaseSnapshotOf(HANDLE Handle)
{
    PBASE_SNAPSHOT Snapshot;

    RtlAcquireSRWLockShared(&BaseLock);
    for (Snapshot = BaseSnapshots; Snapshot != NULL && Snapshot->Event != Handle;
         Snapshot = Snapshot->Next) {
    }
    RtlReleaseSRWLockShared(&BaseLock);
    if (Snapshot == NULL) {
        BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return Snapshot;
}

BOOL WINAPI
Process32NextW(HANDLE Handle, LPPROCESSENTRY32W Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);
    PSYSTEM_PROCESS_INFORMATION Process;
    ULONG Length;

    if (Snapshot == NULL) {
        return FALSE;
    }
    if (Snapshot->Processes == NULL || Snapshot->ProcessAt == ~0u) {
        return BaseFailWith(ERROR_NO_MORE_FILES);
    }
    Process = (PVOID)((PUCHAR)Snapshot->Processes + Snapshot->ProcessAt);
    Snapshot->ProcessAt =
        Process->NextEntryOffset != 0 ? Snapshot->ProcessAt + Process->NextEntryOffset : ~0u;
    Entry->cntUsage = 0;
    Entry->th32ProcessID = (DWORD)(ULONG_PTR)Process->UniqueProcessId;
    Entry->th32DefaultHeapID = 0;
    Entry->th32ModuleID = 0;
    Entry->cntThreads = Process->NumberOfThreads;
    Entry->th32ParentProcessID = (DWORD)(ULONG_PTR)Process->InheritedFromUniqueProcessId;
    Entry->pcPriClassBase = Process->BasePriority;
    Entry->dwFlags = 0;
    Length = min(Process->ImageName.Length / sizeof(WCHAR), MAX_PATH - 1);
    RtlCopyMemory(Entry->szExeFile, Process->ImageName.Buffer, Length * sizeof(WCHAR));
    Entry->szExeFile[Length] = 0;
    return TRUE;
}

BOOL WINAPI
Process32FirstW(HANDLE Handle, LPPROCESSENTRY32W Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);

    if (Snapshot == NULL) {
        return FALSE;
    }
    Snapshot->ProcessAt = 0;
    return Process32NextW(Handle, Entry);
}

static BOOL
BaseProcessAnsi(BOOL Found, const PROCESSENTRY32W *Wide, PPROCESSENTRY32 Entry)
{
    if (Found) {
        RtlCopyMemory((PUCHAR)Entry + sizeof(DWORD), (PUCHAR)Wide + sizeof(DWORD),
                      FIELD_OFFSET(PROCESSENTRY32, szExeFile) - sizeof(DWORD));
        BaseToAnsi(Wide->szExeFile, (DWORD)wcslen(Wide->szExeFile), Entry->szExeFile, MAX_PATH);
    }
    return Found;
}

BOOL WINAPI
Process32First(HANDLE Handle, LPPROCESSENTRY32 Entry)
{
    PROCESSENTRY32W Wide;

    return BaseProcessAnsi(Process32FirstW(Handle, &Wide), &Wide, Entry);
}

BOOL WINAPI
Process32Next(HANDLE Handle, LPPROCESSENTRY32 Entry)
{
    PROCESSENTRY32W Wide;

    return BaseProcessAnsi(Process32NextW(Handle, &Wide), &Wide, Entry);
}

BOOL WINAPI
Thread32Next(HANDLE Handle, LPTHREADENTRY32 Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);
    PSYSTEM_PROCESS_INFORMATION Process;
    PNT_SYSTEM_THREAD_INFORMATION Thread;

    if (Snapshot == NULL) {
        return FALSE;
    }
    for (;;) {
        if (Snapshot->Processes == NULL || Snapshot->ThreadAt == ~0u) {
            return BaseFailWith(ERROR_NO_MORE_FILES);
        }
        Process = (PVOID)((PUCHAR)Snapshot->Processes + Snapshot->ThreadAt);
        if (Snapshot->ThreadIndex < Process->NumberOfThreads) {
            break;
        }
        Snapshot->ThreadIndex = 0;
        Snapshot->ThreadAt =
            Process->NextEntryOffset != 0 ? Snapshot->ThreadAt + Process->NextEntryOffset : ~0u;
    }
    Thread = (PNT_SYSTEM_THREAD_INFORMATION)(Process + 1) + Snapshot->ThreadIndex++;
    Entry->cntUsage = 0;
    Entry->th32ThreadID = (DWORD)(ULONG_PTR)Thread->ClientId.UniqueThread;
    Entry->th32OwnerProcessID = (DWORD)(ULONG_PTR)Process->UniqueProcessId;
    Entry->tpBasePri = Thread->BasePriority;
    Entry->tpDeltaPri = 0;
    Entry->dwFlags = 0;
    return TRUE;
}

BOOL WINAPI
Thread32First(HANDLE Handle, LPTHREADENTRY32 Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);

    if (Snapshot == NULL) {
        return FALSE;
    }
    Snapshot->ThreadAt = Snapshot->ThreadIndex = 0;
    return Thread32Next(Handle, Entry);
}

BOOL WINAPI
Module32NextW(HANDLE Handle, LPMODULEENTRY32W Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);
    PLIST_ENTRY Head = &NtCurrentPeb()->Ldr->InLoadOrderModuleList, Links;
    ULONG Index = 0, Length;
    PLDR_DATA_TABLE_ENTRY Module;
    ULONG_PTR Cookie;

    if (Snapshot == NULL) {
        return FALSE;
    }
    LdrLockLoaderLock(0, NULL, &Cookie);
    for (Links = Head->Flink; Links != Head && Index < Snapshot->ModuleAt;
         Links = Links->Flink, Index++) {
    }
    if (Links == Head) {
        LdrUnlockLoaderLock(0, Cookie);
        return BaseFailWith(ERROR_NO_MORE_FILES);
    }
    Snapshot->ModuleAt++;
    Module = CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
    Entry->th32ModuleID = 1;
    Entry->th32ProcessID = GetCurrentProcessId();
    Entry->GlblcntUsage = Entry->ProccntUsage = 0xFFFF;
    Entry->modBaseAddr = Module->DllBase;
    Entry->modBaseSize = Module->SizeOfImage;
    Entry->hModule = Module->DllBase;
    Length = min(Module->BaseDllName.Length / sizeof(WCHAR), MAX_MODULE_NAME32);
    RtlCopyMemory(Entry->szModule, Module->BaseDllName.Buffer, Length * sizeof(WCHAR));
    Entry->szModule[Length] = 0;
    Length = min(Module->FullDllName.Length / sizeof(WCHAR), MAX_PATH - 1);
    RtlCopyMemory(Entry->szExePath, Module->FullDllName.Buffer, Length * sizeof(WCHAR));
    Entry->szExePath[Length] = 0;
    LdrUnlockLoaderLock(0, Cookie);
    return TRUE;
}

BOOL WINAPI
Module32FirstW(HANDLE Handle, LPMODULEENTRY32W Entry)
{
    PBASE_SNAPSHOT Snapshot = BaseSnapshotOf(Handle);

    if (Snapshot == NULL) {
        return FALSE;
    }
    Snapshot->ModuleAt = 0;
    return Module32NextW(Handle, Entry);
}

/* SystemModuleInformation: what drivers' clients call psapi for. */
typedef struct _BASE_MODULES {
    ULONG Count;
    struct {
        HANDLE Section;
        PVOID MappedBase;
        PVOID ImageBase;
        ULONG ImageSize;
        ULONG Flags;
        USHORT LoadOrder, InitOrder, LoadCount, NameOffset;
        CHAR FullPath[256];
    } Modules[1];
} BASE_MODULES, *PBASE_MODULES;

BOOL WINAPI
K32EnumDeviceDrivers(LPVOID *Bases, DWORD Bytes, LPDWORD Needed)
{
    PBASE_MODULES Modules = BaseSystemInformation(SystemModuleInformation);
    ULONG Index;

    if (Modules == NULL) {
        return FALSE;
    }
    for (Index = 0; Index < Modules->Count && (Index + 1) * sizeof(PVOID) <= Bytes; Index++) {
        Bases[Index] = Modules->Modules[Index].ImageBase;
    }
    *Needed = Modules->Count * sizeof(PVOID);
    RtlFreeHeap(BaseHeap(), 0, Modules);
    return TRUE;
}

static DWORD
BaseDriverName(LPVOID Base, BOOL Full, LPSTR Name, DWORD Room)
{
    PBASE_MODULES Modules = BaseSystemInformation(SystemModuleInformation);
    ULONG Index, Length = 0;

    for (Index = 0; Modules != NULL && Index < Modules->Count; Index++) {
        if (Modules->Modules[Index].ImageBase == Base) {
            lstrcpynA(Name,
                      Modules->Modules[Index].FullPath +
                          (Full ? 0 : Modules->Modules[Index].NameOffset),
                      (int)Room);
            Length = (ULONG)strlen(Name);
            break;
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Modules);
    if (Length == 0) {
        BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return Length;
}

/* Drivers' names have no character that a widening by hand would change. */
static DWORD
BaseDriverNameW(LPVOID Base, BOOL Full, LPWSTR Name, DWORD Room)
{
    CHAR Narrow[256];
    DWORD Length = BaseDriverName(Base, Full, Narrow, sizeof(Narrow));

    if (Room == 0) {
        return 0;
    }
    Length = min(Length, Room - 1);
    for (DWORD Index = 0; Index < Length; Index++) {
        Name[Index] = (UCHAR)Narrow[Index];
    }
    Name[Length] = 0;
    return Length;
}

DWORD WINAPI
K32GetDeviceDriverBaseNameA(LPVOID Base, LPSTR Name, DWORD Room)
{
    return BaseDriverName(Base, FALSE, Name, Room);
}

DWORD WINAPI
K32GetDeviceDriverBaseNameW(LPVOID Base, LPWSTR Name, DWORD Room)
{
    return BaseDriverNameW(Base, FALSE, Name, Room);
}

DWORD WINAPI
K32GetDeviceDriverFileNameA(LPVOID Base, LPSTR Name, DWORD Room)
{
    return BaseDriverName(Base, TRUE, Name, Room);
}

DWORD WINAPI
K32GetDeviceDriverFileNameW(LPVOID Base, LPWSTR Name, DWORD Room)
{
    return BaseDriverNameW(Base, TRUE, Name, Room);
}
