/*
 * leaks-client.c - what is opened and closed is gone: as many objects of every type after a round of calls as before it. A
 * service that forgets to give a reference back, on its way out or on one of its failures, leaves an object behind; one
 * that forgets to free its memory leaves pool under its tag (SystemPoolTagInformation, as poolmon reads it).
 * [LEARN:winternl/ntqueryobject] (ObjectTypesInformation, as debuggers and process viewers read it),
 * [DDI:wdm/obdereferenceobject].
 */
#include "leaks.h"
#include <winioctl.h>

NTSTATUS NTAPI NtCreateDebugObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtDebugActiveProcess(HANDLE, HANDLE);
NTSTATUS NTAPI NtRemoveProcessDebug(HANDLE, HANDLE);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE, HANDLE, BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtQuerySection(HANDLE, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtSuspendProcess(HANDLE);
NTSTATUS NTAPI NtResumeProcess(HANDLE);

NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE, PVOID *, SIZE_T *, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtLockVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG);
NTSTATUS NTAPI NtUnlockVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG);
NTSTATUS NTAPI NtGetWriteWatch(HANDLE, ULONG, PVOID, SIZE_T, PVOID *, ULONG_PTR *, ULONG *);
NTSTATUS NTAPI NtResetWriteWatch(HANDLE, PVOID, SIZE_T);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER,
                                  SIZE_T *, DWORD, ULONG, ULONG);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, PVOID);

#define BAD ((HANDLE)0x7ffc)

static DWORD WINAPI
Idle(void *Context)
{
    SleepEx(20, TRUE);
    return 0;
}

static void CALLBACK
Apc(ULONG_PTR Context)
{
}

static void
Dispatcher(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, TRUE, "LeakEvent"), Again, None;
    HANDLE Mutex = CreateMutexA(NULL, TRUE, NULL), Semaphore = CreateSemaphoreA(NULL, 0, 1, NULL);
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, NULL), Both[2] = {Event, Semaphore};
    LARGE_INTEGER Due = {.QuadPart = -1000}, Zero = {.QuadPart = 0};
    BYTE Buffer[128];
    ULONG Length;

    Again = OpenEventA(EVENT_ALL_ACCESS, FALSE, "LeakEvent");
    CloseHandle(CreateEventA(NULL, FALSE, TRUE, "LeakEvent"));
    CreateMutexA(NULL, FALSE, "LeakEvent"); /* another type */
    SetEvent(Again);
    ResetEvent(Again);
    PulseEvent(Again);
    SetEvent(Semaphore);
    ReleaseMutex(Event);
    ReleaseMutex(Mutex);
    ReleaseMutex(Mutex); /* not owned */
    ReleaseSemaphore(Semaphore, 1, NULL);
    ReleaseSemaphore(Semaphore, 1, NULL); /* too many */
    SetWaitableTimer(Timer, &Due, 0, NULL, NULL, FALSE);
    CancelWaitableTimer(Timer);
    WaitForMultipleObjects(2, Both, FALSE, 0);
    WaitForMultipleObjects(2, Both, TRUE, 0);
    Both[1] = BAD;
    WaitForMultipleObjects(2, Both, FALSE, 0);
    NtSignalAndWaitForSingleObject(Event, Semaphore, FALSE, &Zero);
    NtSignalAndWaitForSingleObject(Event, BAD, FALSE, &Zero);
    NtSignalAndWaitForSingleObject(Timer, Event, FALSE, &Zero);
    NtQueryObject(Event, 0, Buffer, sizeof(Buffer), &Length);
    NtQueryObject(Event, 1, Buffer, 8, &Length);
    NtQueryObject(Event, 2, Buffer, 8, &Length);
    SetHandleInformation(Event, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    DuplicateHandle(GetCurrentProcess(), Event, BAD, &None, 0, FALSE, DUPLICATE_SAME_ACCESS);
    DuplicateHandle(GetCurrentProcess(), BAD, GetCurrentProcess(), &None, 0, FALSE, 0);
    CloseHandle(OpenEventA(EVENT_ALL_ACCESS, FALSE, "LeakEvent"));
    CloseHandle(Again);
    CloseHandle(Event);
    CloseHandle(Mutex);
    CloseHandle(Semaphore);
    CloseHandle(Timer);
}

static void
Tokens(void)
{
    HANDLE Token, Copy;
    TOKEN_PRIVILEGES Privileges = {1, {{{23, 0}, SE_PRIVILEGE_ENABLED}}};
    BYTE Buffer[512];
    DWORD Length;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token);
    DuplicateTokenEx(Token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                     &Copy);
    SetThreadToken(NULL, Copy);
    SetThreadToken(NULL, Token); /* a primary one: refused */
    SetThreadToken(NULL, BAD);
    CloseHandle(Copy);
    OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Copy);
    CloseHandle(Copy);
    RevertToSelf();
    OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Copy);
    AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
    AdjustTokenPrivileges(BAD, FALSE, &Privileges, 0, NULL, NULL);
    GetTokenInformation(Token, TokenUser, Buffer, 4, &Length);
    GetTokenInformation(Token, TokenUser, Buffer, sizeof(Buffer), &Length);
    GetTokenInformation(Token, 9999, Buffer, sizeof(Buffer), &Length);
    CloseHandle(Token);
}

static void
Threads(void)
{
    DWORD Id, Code;
    HANDLE Thread = CreateThread(NULL, 0, Idle, NULL, CREATE_SUSPENDED, &Id), Opened;
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    BYTE Buffer[64];

    Opened = OpenThread(THREAD_ALL_ACCESS, FALSE, Id);
    GetThreadContext(Opened, &Context);
    SetThreadContext(Opened, &Context);
    GetExitCodeThread(Opened, &Code);
    SetThreadPriority(Opened, 1);
    SetThreadAffinityMask(Opened, 1);
    SuspendThread(Opened);
    ResumeThread(Opened);
    ResumeThread(Opened);
    QueueUserAPC(Apc, Opened, 0);
    NtQueryInformationThread(Opened, 9999, Buffer, 8, NULL);
    NtQueryInformationThread(Opened, 0, Buffer, 48, NULL);
    QueueUserAPC(Apc, BAD, 0);
    WaitForSingleObject(Thread, INFINITE);
    QueueUserAPC(Apc, Opened, 0); /* it has ended */
    GetThreadContext(Opened, &Context);
    TerminateThread(Opened, 1);
    CloseHandle(Opened);
    CloseHandle(Thread);
    Thread = CreateThread(NULL, 0, Idle, NULL, 0, &Id);
    TerminateThread(Thread, 7);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    OpenThread(THREAD_ALL_ACCESS, FALSE, 0x7ffc);
}

/* What may be done to another's memory, to what is there and to what is not. */
static void
Memory(HANDLE Process)
{
    BYTE *Own = VirtualAllocEx(Process, NULL, 0x2000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    HANDLE Section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x2000, NULL);
    MEMORY_BASIC_INFORMATION About;
    PVOID View = NULL, Place[2], Bases[3];
    SIZE_T Size = 0;
    IO_STATUS_BLOCK Iosb;
    ULONG Grain;

    EXPECT_EQ(NtMapViewOfSection(Section, Process, &View, 0, 0, NULL, &Size, 2, 0, PAGE_READWRITE),
              0);
    Bases[0] = View;
    Bases[1] = Own;
    Bases[2] = (PVOID)0x10000;
    for (int i = 0; i < 3; i++) {
        ULONG_PTR Count = 2;
        PVOID Base = Bases[i];

        Size = 0x1000;
        NtFlushVirtualMemory(Process, &Base, &Size, &Iosb);
        NtLockVirtualMemory(Process, &Base, &Size, 1);
        NtUnlockVirtualMemory(Process, &Base, &Size, 1);
        NtGetWriteWatch(Process, 0, Base, Size, Place, &Count, &Grain);
        NtResetWriteWatch(Process, Base, Size);
        FlushInstructionCache(Process, Base, Size);
        VirtualQueryEx(Process, Base, &About, sizeof(About));
        VirtualFreeEx(Process, Base, 0x1000, MEM_DECOMMIT);
    }
    EXPECT_EQ(NtUnmapViewOfSection(Process, View), 0);
    NtUnmapViewOfSection(Process, View);
    VirtualFreeEx(Process, Own, 0, MEM_RELEASE);
    CloseHandle(Section);
}

static void
Processes(const char *Path)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION Accounting;
    HANDLE Job = CreateJobObjectA(NULL, NULL), Debug = NULL, Opened, Token;
    char Line[MAX_PATH + 16];
    BYTE Buffer[256];
    SIZE_T Done;
    DWORD Code;
    void *Pages;
    BOOL Inside;

    sprintf(Line, "\"%s\" child", Path);
    if (!CreateProcessA(NULL, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                        &Child)) {
        EXPECT(FALSE);
        return;
    }
    Opened = OpenProcess(PROCESS_ALL_ACCESS, FALSE, Child.dwProcessId);
    AssignProcessToJobObject(Job, Opened);
    AssignProcessToJobObject(BAD, Opened);
    AssignProcessToJobObject(Job, BAD);
    IsProcessInJob(Opened, Job, &Inside);
    QueryInformationJobObject(Job, JobObjectBasicAccountingInformation, &Accounting,
                              sizeof(Accounting), NULL);
    QueryInformationJobObject(Job, JobObjectBasicAccountingInformation, &Accounting, 4, NULL);
    Pages = VirtualAllocEx(Opened, NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    WriteProcessMemory(Opened, Pages, Buffer, 16, &Done);
    ReadProcessMemory(Opened, Pages, Buffer, 16, &Done);
    ReadProcessMemory(Opened, (void *)0x10, Buffer, 16, &Done);
    VirtualProtectEx(Opened, Pages, 0x1000, PAGE_READONLY, &Code);
    VirtualFreeEx(Opened, Pages, 0, MEM_RELEASE);
    Memory(Opened);
    NtSuspendProcess(Opened);
    NtResumeProcess(Opened);
    NtQueryInformationProcess(Opened, 0, Buffer, 48, NULL);
    NtQueryInformationProcess(Opened, 9999, Buffer, 48, NULL);
    OpenProcessToken(Opened, TOKEN_QUERY, &Token);
    CloseHandle(Token);
    NtCreateDebugObject(&Debug, 0x1F000F, NULL, 0);
    NtDebugActiveProcess(Opened, Debug);
    NtDebugActiveProcess(Opened, Debug); /* it has one */
    NtDebugActiveProcess(BAD, Debug);
    NtDebugActiveProcess(Opened, BAD);
    NtRemoveProcessDebug(Opened, Debug);
    NtRemoveProcessDebug(Opened, Debug);
    CloseHandle(Debug);
    ResumeThread(Child.hThread);
    WaitForSingleObject(Opened, INFINITE);
    GetExitCodeProcess(Opened, &Code);
    EXPECT_EQ(Code, 3);
    VirtualAllocEx(Opened, NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE); /* it has no memory now */
    AssignProcessToJobObject(Job, Opened);
    TerminateProcess(Opened, 1);
    TerminateJobObject(Job, 1);
    OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0x7ffc);
    CloseHandle(Opened);
    CloseHandle(Child.hProcess);
    CloseHandle(Child.hThread);
    CloseHandle(Job);
}

static void
Sections(const char *Path)
{
    HANDLE File = CreateFileA(Path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE Section = CreateFileMappingA(File, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
    HANDLE Plain =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x3000, "LeakMap");
    HANDLE Again = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "LeakMap");
    BYTE Buffer[64];
    SIZE_T Length;
    void *View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);

    UnmapViewOfFile(View);
    View = MapViewOfFile(Again, FILE_MAP_WRITE, 0, 0, 0x1000);
    MapViewOfFile(Again, FILE_MAP_WRITE, 0, 0, 0x100000); /* more than there is */
    UnmapViewOfFile(View);
    UnmapViewOfFile(View);
    NtQuerySection(Plain, 0, Buffer, sizeof(Buffer), &Length);
    NtQuerySection(Plain, 1, Buffer, sizeof(Buffer), &Length); /* no image */
    CreateFileMappingA(BAD, NULL, PAGE_READONLY, 0, 0, NULL);
    CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0, NULL);
    CloseHandle(Again);
    CloseHandle(Plain);
    CloseHandle(Section);
    CloseHandle(File);
}

static void
Files(void)
{
    HANDLE File = CreateFileA("C:\\Windows\\Temp\\leak.txt", GENERIC_READ | GENERIC_WRITE | DELETE,
                              0, NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED, NULL),
           Port, Folder, Server, Client;
    static OVERLAPPED Overlapped, Other; /* requests may end when we are gone */
    WIN32_FIND_DATAA Found;
    BY_HANDLE_FILE_INFORMATION Information;
    ULONG_PTR Key;
    OVERLAPPED *Packet;
    static char Buffer[512];
    DWORD Bytes;

    Port = CreateIoCompletionPort(File, NULL, 5, 1);
    CreateIoCompletionPort(File, BAD, 5, 1);
    memset(&Overlapped, 0, sizeof(Overlapped));
    Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    WriteFile(File, "leak", 4, NULL, &Overlapped);
    GetQueuedCompletionStatus(Port, &Bytes, &Key, &Packet, INFINITE);
    ReadFile(File, Buffer, 4, NULL, &Overlapped);
    GetQueuedCompletionStatus(Port, &Bytes, &Key, &Packet, INFINITE);
    ReadFile(BAD, Buffer, 4, NULL, &Overlapped);
    LockFileEx(File, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &Other);
    GetQueuedCompletionStatus(Port, &Bytes, &Key, &Packet, 100);
    UnlockFileEx(File, 0, 1, 0, &Other);
    GetFileInformationByHandle(File, &Information);
    FlushFileBuffers(File);
    DeviceIoControl(File, FSCTL_GET_COMPRESSION, NULL, 0, Buffer, 2, &Bytes, &Overlapped);
    CreateFileA("C:\\Windows\\Temp\\leak.txt", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CreateFileA("C:\\Windows\\Temp\\none.txt", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CloseHandle(File);
    CloseHandle(Port);
    DeleteFileA("C:\\Windows\\Temp\\leak.txt");
    FindClose(FindFirstFileA("C:\\Windows\\*", &Found));
    Folder = CreateFileA("C:\\Windows\\Temp", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    ReadDirectoryChangesW(Folder, Buffer, sizeof(Buffer), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                          &Overlapped, NULL);
    CancelIo(Folder);
    WaitForSingleObject(Overlapped.hEvent, INFINITE);
    CloseHandle(Folder);
    Server = CreateNamedPipeA("\\\\.\\pipe\\leak", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                              PIPE_TYPE_BYTE, 1, 64, 64, 0, NULL);
    ConnectNamedPipe(Server, &Overlapped);
    Client = CreateFileA("\\\\.\\pipe\\leak", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         0, NULL);
    WriteFile(Client, "x", 1, &Bytes, NULL);
    ReadFile(Server, Buffer, 1, NULL, &Overlapped);
    GetOverlappedResult(Server, &Overlapped, &Bytes, TRUE);
    ReadFile(Server, Buffer, 1, NULL, &Overlapped); /* waits, and is cancelled */
    CancelIoEx(Server, &Overlapped);
    GetOverlappedResult(Server, &Overlapped, &Bytes, TRUE);
    CloseHandle(Client);
    CloseHandle(Server);
    CloseHandle(Overlapped.hEvent);
}

static void
Keys(void)
{
    HKEY Key, Sub, None;
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    char Name[32];
    DWORD Length = sizeof(Name);

    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Leak", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key,
                    NULL);
    RegCreateKeyExA(Key, "Sub", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Sub, NULL);
    RegNotifyChangeKeyValue(Key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, Event, TRUE);
    RegSetValueExA(Sub, "x", 0, REG_SZ, (BYTE *)"y", 2);
    RegQueryValueExA(Sub, "x", NULL, NULL, NULL, &Length);
    RegQueryValueExA(Sub, "none", NULL, NULL, NULL, &Length);
    RegEnumKeyA(Key, 0, Name, sizeof(Name));
    RegEnumKeyA(Key, 1, Name, sizeof(Name));
    RegDeleteValueA(Sub, "x");
    RegOpenKeyExA(Key, "none", 0, KEY_READ, &None);
    RegDeleteKeyA(Key, ""); /* it has a subkey */
    RegDeleteKeyA(Key, "Sub");
    RegCloseKey(Sub);
    RegNotifyChangeKeyValue(Key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, Event, TRUE);
    RegCloseKey(Key);
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, "Software\\Leak");
    CloseHandle(Event);
}

static void
Round(const char *Path)
{
    Dispatcher();
    Tokens();
    Threads();
    Processes(Path);
    Sections(Path);
    Files();
    Keys();
}

int
main(int argc, char **argv)
{
    char Path[MAX_PATH];

    if (argc > 1) {
        return 3;
    }
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    Round(Path); /* what is made once and stays */
    Round(Path);
    Look(0);
    Round(Path);
    Look(1);
    CompareObjects();
    ComparePool();
    TEST_DONE();
    return NtlabFailed != 0;
}
