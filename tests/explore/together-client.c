/*
 * together-client.c - two threads do the same kind of thing at the same time: together-client.exe WHAT. What comes of it is not looked at;
 * a kernel that watches itself says which of its steps are not what they say they are (host/explore/watch.c).
 */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <winternl.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>

typedef void (*PART)(int Which);

static HANDLE Shared[4], Process[2];
static char Self[MAX_PATH];
static volatile LONG Word;

static HANDLE
Open(const char *Name, DWORD Access, DWORD How)
{
    return CreateFileA(Name, Access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       How, 0, NULL);
}

static void
Files(int Which)
{
    HANDLE File = Open("C:\\together.txt", GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS), Find;
    WIN32_FIND_DATAA Data;
    char Text[16] = "text";
    DWORD Count;

    WriteFile(File, Text, 4, &Count, NULL);
    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    ReadFile(File, Text, 8, &Count, NULL);
    if (Which == 0) {
        SetFilePointer(File, 2, NULL, FILE_BEGIN);
        SetEndOfFile(File);
    } else {
        GetFileSize(File, NULL);
    }
    CloseHandle(File);
    Find = FindFirstFileA("C:\\together*", &Data);
    FindNextFileA(Find, &Data);
    FindClose(Find);
    if (Which == 0) {
        MoveFileA("C:\\together.txt", "C:\\together.new");
    } else {
        DeleteFileA("C:\\together.txt");
    }
}

static void
Shares(int Which)
{
    HANDLE File = CreateFileA("C:\\share.txt", Which ? GENERIC_READ : GENERIC_WRITE,
                              Which ? FILE_SHARE_READ : FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                              Which ? FILE_FLAG_DELETE_ON_CLOSE : 0, NULL);
    FILETIME Time = {1, 2};

    SetFileTime(File, &Time, &Time, &Time);
    SetFileAttributesA("C:\\share.txt", FILE_ATTRIBUTE_HIDDEN);
    GetFileAttributesA("C:\\share.txt");
    FlushFileBuffers(File);
    CloseHandle(File);
}

static void
OneFile(int Which)
{
    char Text[8] = "abc";
    DWORD Count;

    if (Which == 0) {
        WriteFile(Shared[0], Text, 3, &Count, NULL);
        SetFilePointer(Shared[0], 1, NULL, FILE_BEGIN);
    } else {
        SetFilePointer(Shared[0], 2, NULL, FILE_BEGIN);
        ReadFile(Shared[0], Text, 2, &Count, NULL);
        SetEndOfFile(Shared[0]);
    }
}

static void
Locks(int Which)
{
    HANDLE File = Open("C:\\lock.txt", GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);
    char Text[8] = "abc";
    DWORD Count;

    if (LockFile(File, 0, 0, 10, 0)) {
        WriteFile(File, Text, 3, &Count, NULL);
        UnlockFile(File, 0, 0, 10, 0);
    }
    ReadFile(File, Text, 2, &Count, NULL);
    CloseHandle(File);
}

static void
Folders(int Which)
{
    CreateDirectoryA("C:\\folder", NULL);
    CloseHandle(Open(Which ? "C:\\folder\\a" : "C:\\folder\\b", GENERIC_WRITE, CREATE_ALWAYS));
    DeleteFileA(Which ? "C:\\folder\\a" : "C:\\folder\\b");
    RemoveDirectoryA("C:\\folder");
}

static void
Changes(int Which)
{
    HANDLE Folder;
    char Out[256];
    DWORD Count;

    if (Which == 0) {
        Folder = FindFirstChangeNotificationA("C:\\", FALSE, FILE_NOTIFY_CHANGE_FILE_NAME);
        WaitForSingleObject(Folder, 1);
        FindNextChangeNotification(Folder);
        FindCloseChangeNotification(Folder);
        Folder = CreateFileA("C:\\", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
        OVERLAPPED Over = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
        ReadDirectoryChangesW(Folder, Out, sizeof(Out), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                              &Over, NULL);
        CancelIo(Folder);
        GetOverlappedResult(Folder, &Over, &Count, TRUE);
        CloseHandle(Folder);
    } else {
        CloseHandle(Open("C:\\change.txt", GENERIC_WRITE, CREATE_ALWAYS));
        DeleteFileA("C:\\change.txt");
    }
}

static void
Pipes(int Which)
{
    char Text[8] = "abc";
    DWORD Count;
    HANDLE Pipe;

    if (Which == 0) {
        Pipe = CreateNamedPipeA("\\\\.\\pipe\\together", PIPE_ACCESS_DUPLEX,
                                PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 2, 64, 64, 0, NULL);
        ConnectNamedPipe(Pipe, NULL);
        WriteFile(Pipe, Text, 3, &Count, NULL);
        DisconnectNamedPipe(Pipe);
        CloseHandle(Pipe);
    } else if (WaitNamedPipeA("\\\\.\\pipe\\together", 5)) {
        Pipe = Open("\\\\.\\pipe\\together", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
        ReadFile(Pipe, Text, 3, &Count, NULL);
        PeekNamedPipe(Pipe, Text, 1, &Count, NULL, NULL);
        CloseHandle(Pipe);
    } else {
        ExitProcess(0); /* nobody connects */
    }
}

static void
Mailslots(int Which)
{
    char Text[8] = "abc";
    DWORD Count, Next;
    HANDLE Slot;

    if (Which == 0) {
        Slot = CreateMailslotA("\\\\.\\mailslot\\together", 0, 5, NULL);
        GetMailslotInfo(Slot, NULL, &Next, &Count, NULL);
        ReadFile(Slot, Text, 8, &Count, NULL);
        CloseHandle(Slot);
    } else {
        Slot = Open("\\\\.\\mailslot\\together", GENERIC_WRITE, OPEN_EXISTING);
        WriteFile(Slot, Text, 3, &Count, NULL);
        CloseHandle(Slot);
    }
}

static void
Registry(int Which)
{
    HKEY Key, Sub;
    char Name[64];
    DWORD Value = (DWORD)Which, Size = sizeof(Value);
    FILETIME Time;

    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Together", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                    &Key, NULL);
    RegSetValueExA(Key, "Value", 0, REG_DWORD, (BYTE *)&Value, sizeof(Value));
    RegQueryValueExA(Key, "Value", NULL, NULL, (BYTE *)&Value, &Size);
    if (RegCreateKeyExA(Key, Which ? "A" : "B", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Sub, NULL) ==
        0) {
        RegSetValueExA(Sub, "Other", 0, REG_SZ, (BYTE *)"x", 2);
        RegEnumValueA(Sub, 0, Name, &(DWORD){sizeof(Name)}, NULL, NULL, NULL, NULL);
        RegCloseKey(Sub);
    }
    RegEnumKeyExA(Key, 0, Name, &(DWORD){sizeof(Name)}, NULL, NULL, NULL, &Time);
    RegQueryInfoKeyA(Key, NULL, NULL, NULL, &Size, NULL, NULL, &Size, NULL, NULL, NULL, &Time);
    RegDeleteKeyA(Key, Which ? "A" : "B");
    RegDeleteValueA(Key, "Value");
    RegFlushKey(Key);
    RegCloseKey(Key);
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, "Software\\Together");
}

static void
RegistryNotify(int Which)
{
    HKEY Key;
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    DWORD Value = 1;

    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Notify", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key,
                    NULL);
    if (Which == 0) {
        RegNotifyChangeKeyValue(Key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, Event, TRUE);
        WaitForSingleObject(Event, 1);
    } else {
        RegSetValueExA(Key, "Value", 0, REG_DWORD, (BYTE *)&Value, sizeof(Value));
    }
    RegCloseKey(Key);
    CloseHandle(Event);
}

static void
Sections(int Which)
{
    HANDLE Section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x2000,
                                        "together-section");
    volatile char *View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0x1000), *Other;
    MEMORY_BASIC_INFORMATION Basic;
    DWORD Old;

    if (View != NULL) {
        View[0] = 1;
        VirtualQuery((PVOID)View, &Basic, sizeof(Basic));
        VirtualProtect((PVOID)View, 0x1000, PAGE_READONLY, &Old);
    }
    Other = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    UnmapViewOfFile((PVOID)Other);
    UnmapViewOfFile((PVOID)View);
    CloseHandle(Section);
}

static void
FileSections(int Which)
{
    HANDLE File = Open("C:\\mapped.txt", GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS), Section;
    volatile char *View;
    char Text[8] = "abc";
    DWORD Count;

    WriteFile(File, Text, 3, &Count, NULL);
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    if (View != NULL) {
        View[Which] = 'x';
        FlushViewOfFile((PVOID)View, 0x1000);
        UnmapViewOfFile((PVOID)View);
    }
    ReadFile(File, Text, 3, &Count, NULL);
    CloseHandle(Section);
    SetEndOfFile(File);
    CloseHandle(File);
    DeleteFileA("C:\\mapped.txt");
}

static void
Memory(int Which)
{
    MEMORY_BASIC_INFORMATION Basic;
    volatile char *Block = VirtualAlloc(NULL, 0x3000, MEM_RESERVE, PAGE_READWRITE);
    SIZE_T Bytes;
    char Text[4];
    DWORD Old;

    VirtualAlloc((PVOID)Block, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    Block[0] = 1;
    VirtualQuery((PVOID)Block, &Basic, sizeof(Basic));
    VirtualProtect((PVOID)Block, 0x1000, PAGE_READONLY, &Old);
    ReadProcessMemory(GetCurrentProcess(), (PVOID)Block, Text, 4, &Bytes);
    VirtualLock((PVOID)Block, 0x1000);
    VirtualUnlock((PVOID)Block, 0x1000);
    VirtualFree((PVOID)Block, 0x1000, MEM_DECOMMIT);
    VirtualFree((PVOID)Block, 0, MEM_RELEASE);
}

/* One knows of the other's. */
static void
MemoryShared(int Which)
{
    static volatile PVOID Block;
    MEMORY_BASIC_INFORMATION Basic;
    char Text[4];
    SIZE_T Bytes;
    DWORD Old;

    if (Which == 0) {
        Block = VirtualAlloc((PVOID)0x50000000, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        VirtualProtect((PVOID)0x50000000, 0x1000, PAGE_READONLY, &Old);
        VirtualFree((PVOID)0x50000000, 0x1000, MEM_DECOMMIT);
        VirtualFree((PVOID)0x50000000, 0, MEM_RELEASE);
    } else {
        VirtualQuery((PVOID)0x50000000, &Basic, sizeof(Basic));
        ReadProcessMemory(GetCurrentProcess(), (PVOID)0x50000000, Text, 4, &Bytes);
        VirtualAlloc((PVOID)0x50000000, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    }
}

static void
Handles(int Which)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL), Other = NULL;
    DWORD Flags;

    DuplicateHandle(GetCurrentProcess(), Event, GetCurrentProcess(), &Other, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    SetHandleInformation(Other, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    GetHandleInformation(Other, &Flags);
    CloseHandle(Event);
    SetEvent(Other);
    CloseHandle(Other);
    if (Which == 0) {
        CloseHandle(Shared[1]);
    } else {
        SetEvent(Shared[1]);
        DuplicateHandle(GetCurrentProcess(), Shared[1], GetCurrentProcess(), &Other, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        GetHandleInformation(Shared[1], &Flags);
    }
}

static void
Names(int Which)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, "together-event"), Other, Mutex, Semaphore;

    Other = OpenEventA(EVENT_ALL_ACCESS, FALSE, "together-event");
    Mutex = CreateMutexA(NULL, TRUE, "together-mutex");
    Semaphore = CreateSemaphoreA(NULL, 0, 1, Which ? "together-event" : "together-semaphore");
    SetEvent(Other);
    ReleaseMutex(Mutex);
    ReleaseSemaphore(Semaphore, 1, NULL);
    CloseHandle(Event);
    CloseHandle(Other);
    CloseHandle(Mutex);
    CloseHandle(Semaphore);
}

static void
Jobs(int Which)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION Basic;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION Limits = {0};
    HANDLE Job = CreateJobObjectA(NULL, "together-job");

    Limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    Limits.BasicLimitInformation.ActiveProcessLimit = 2;
    SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &Limits, sizeof(Limits));
    AssignProcessToJobObject(Job, Process[Which]);
    QueryInformationJobObject(Job, JobObjectBasicAccountingInformation, &Basic, sizeof(Basic),
                              NULL);
    IsProcessInJob(Process[1 - Which], Job, &(BOOL){0});
    if (Which == 0) {
        TerminateJobObject(Job, 3);
    }
    CloseHandle(Job);
}

static HANDLE
Child(DWORD Flags)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Information = {0};
    char Command[MAX_PATH + 16];

    snprintf(Command, sizeof(Command), "\"%s\" child", Self);
    CreateProcessA(NULL, Command, NULL, NULL, FALSE, Flags, NULL, NULL, &Startup, &Information);
    CloseHandle(Information.hThread);
    return Information.hProcess;
}

static void
Processes(int Which)
{
    HANDLE New = Child(0), Other;
    DWORD Code;

    Other = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetProcessId(New));
    GetExitCodeProcess(Other, &Code);
    if (Which == 0) {
        TerminateProcess(Other, 5);
    }
    WaitForSingleObject(New, INFINITE);
    CloseHandle(Other);
    CloseHandle(New);
}

static void
Kills(int Which)
{
    DWORD Code;

    TerminateProcess(Process[0], (UINT)Which + 1);
    GetExitCodeProcess(Process[0], &Code);
    WaitForSingleObject(Process[0], INFINITE);
    GetExitCodeProcess(Process[0], &Code);
}

static void
Tokens(int Which)
{
    HANDLE Token, Copy;
    TOKEN_PRIVILEGES Privileges = {.PrivilegeCount = 1};
    char Out[512];
    DWORD Size;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token);
    Privileges.Privileges[0].Luid.LowPart = 23;
    Privileges.Privileges[0].Attributes = Which ? SE_PRIVILEGE_ENABLED : 0;
    AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
    GetTokenInformation(Token, TokenPrivileges, Out, sizeof(Out), &Size);
    GetTokenInformation(Token, TokenStatistics, Out, sizeof(Out), &Size);
    DuplicateTokenEx(Token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                     &Copy);
    SetThreadToken(NULL, Copy);
    CloseHandle(Open("C:\\token.txt", GENERIC_WRITE, CREATE_ALWAYS));
    RevertToSelf();
    CloseHandle(Copy);
    CloseHandle(Token);
}

static void
Security(int Which)
{
    SECURITY_DESCRIPTOR Descriptor;
    char Out[256];
    DWORD Size;

    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, NULL, FALSE);
    SetKernelObjectSecurity(Shared[1], DACL_SECURITY_INFORMATION, &Descriptor);
    GetKernelObjectSecurity(Shared[1], DACL_SECURITY_INFORMATION, Out, sizeof(Out), &Size);
    CloseHandle(OpenEventA(EVENT_ALL_ACCESS, FALSE, "together-shared"));
}

static void
Atoms(int Which)
{
    ATOM Atom = GlobalAddAtomA("together-atom");
    char Name[32];

    GlobalFindAtomA("together-atom");
    GlobalGetAtomNameA(Atom, Name, sizeof(Name));
    GlobalDeleteAtom(Atom);
}

static void
Ports(int Which)
{
    OVERLAPPED *Over, Own = {0};
    ULONG_PTR Key;
    char Text[4] = "ab";
    DWORD Count;
    HANDLE File;

    if (Which == 0) {
        File = CreateFileA("C:\\port.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                           FILE_FLAG_OVERLAPPED, NULL);
        CreateIoCompletionPort(File, Shared[2], 7, 0);
        WriteFile(File, Text, 2, NULL, &Own);
        PostQueuedCompletionStatus(Shared[2], 1, 2, NULL);
        GetQueuedCompletionStatus(Shared[2], &Count, &Key, &Over, 1);
        CloseHandle(File);
    } else {
        GetQueuedCompletionStatus(Shared[2], &Count, &Key, &Over, 1);
        PostQueuedCompletionStatus(Shared[2], 2, 2, NULL);
        GetQueuedCompletionStatus(Shared[2], &Count, &Key, &Over, 0);
    }
}

static void CALLBACK
Called(ULONG_PTR Which)
{
    InterlockedIncrement(&Word);
}

static void CALLBACK
TimerCalled(LPVOID Argument, DWORD Low, DWORD High)
{
    InterlockedIncrement(&Word);
}

static void
Timers(int Which)
{
    LARGE_INTEGER Due = {.QuadPart = -10};
    HANDLE Timer = CreateWaitableTimerA(NULL, Which, NULL);

    SetWaitableTimer(Timer, &Due, Which, Which ? TimerCalled : NULL, NULL, FALSE);
    if (Which == 0) {
        WaitForSingleObject(Timer, INFINITE);
    } else {
        SleepEx(1, TRUE);
    }
    CancelWaitableTimer(Timer);
    SetWaitableTimer(Shared[3], &Due, 0, NULL, NULL, FALSE);
    CancelWaitableTimer(Shared[3]);
    WaitForSingleObject(Shared[3], 0);
    CloseHandle(Timer);
}

static HANDLE Threads[2];

static void
Apcs(int Which)
{
    QueueUserAPC(Called, Threads[1 - Which], 0);
    SleepEx(0, TRUE);
    QueueUserAPC(Called, Threads[1 - Which], 0);
    SleepEx(1, TRUE);
}

static DWORD WINAPI
Nothing(LPVOID Argument)
{
    InterlockedIncrement(&Word);
    return 7;
}

static void
Suspends(int Which)
{
    HANDLE Thread = CreateThread(NULL, 0, Nothing, NULL, CREATE_SUSPENDED, NULL);
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};

    GetThreadContext(Thread, &Context);
    SetThreadContext(Thread, &Context);
    ResumeThread(Thread);
    SuspendThread(Thread);
    ResumeThread(Thread);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    if (Which == 0) {
        SuspendThread(Threads[1]);
        ResumeThread(Threads[1]);
    } else {
        GetThreadTimes(Threads[0], &(FILETIME){0}, &(FILETIME){0}, &(FILETIME){0}, &(FILETIME){0});
    }
}

static void
Lives(int Which)
{
    HANDLE Thread = CreateThread(NULL, 0, Nothing, NULL, 0, NULL), Other;
    DWORD Code;

    Other = OpenThread(THREAD_ALL_ACCESS, FALSE, GetThreadId(Thread));
    SetThreadPriority(Other, 1);
    GetThreadPriority(Other);
    SetThreadAffinityMask(Other, 1);
    GetExitCodeThread(Other, &Code);
    if (Which == 0) {
        TerminateThread(Other, 9);
    }
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    CloseHandle(Other);
    CloseHandle(Thread);
}

static SRWLOCK Slim = SRWLOCK_INIT;
static CONDITION_VARIABLE Condition = CONDITION_VARIABLE_INIT;
static CRITICAL_SECTION Critical;

static void
Monitors(int Which)
{
    AcquireSRWLockExclusive(&Slim);
    Word++;
    if (Which == 0) {
        SleepConditionVariableSRW(&Condition, &Slim, 1, 0);
    } else {
        WakeConditionVariable(&Condition);
    }
    ReleaseSRWLockExclusive(&Slim);
    EnterCriticalSection(&Critical);
    Word++;
    LeaveCriticalSection(&Critical);
}

static void
Waits(int Which)
{
    HANDLE Both[2] = {Shared[1], Shared[3]};

    if (Which == 0) {
        SetEvent(Shared[1]);
        SignalObjectAndWait(Shared[1], Shared[3], 1, TRUE);
    } else {
        WaitForMultipleObjects(2, Both, FALSE, 1);
        WaitForMultipleObjects(2, Both, TRUE, 1);
        ResetEvent(Shared[1]);
    }
}

static void
Cancels(int Which)
{
    static OVERLAPPED Over;
    static char Text[8];
    DWORD Count;

    if (Which == 0) {
        Over.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
        ReadFile(Shared[0], Text, 4, NULL, &Over);
        GetOverlappedResult(Shared[0], &Over, &Count, TRUE);
        CloseHandle(Over.hEvent);
    } else {
        CancelIoEx(Shared[0], NULL);
        WriteFile(Shared[2], Text, 4, &Count, NULL);
        CancelSynchronousIo(Threads[0]);
    }
}

static void
Directories(int Which)
{
    char Out[512];

    DefineDosDeviceA(DDD_RAW_TARGET_PATH, Which ? "Together:" : "Other:", "\\Device\\Null");
    QueryDosDeviceA(Which ? "Other:" : "Together:", Out, sizeof(Out));
    QueryDosDeviceA(NULL, Out, sizeof(Out));
    DefineDosDeviceA(DDD_REMOVE_DEFINITION | DDD_RAW_TARGET_PATH,
                     Which ? "Together:" : "Other:", "\\Device\\Null");
}

static void
Volumes(int Which)
{
    char Name[64];
    DWORD Serial, Count;
    ULARGE_INTEGER Free;
    HANDLE Volume;

    GetVolumeInformationA("C:\\", Name, sizeof(Name), &Serial, NULL, NULL, NULL, 0);
    SetVolumeLabelA("C:\\", Which ? "ONE" : "TWO");
    GetDiskFreeSpaceExA("C:\\", &Free, NULL, NULL);
    Volume = Open("\\\\.\\C:", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
    DeviceIoControl(Volume, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, &Count, NULL);
    DeviceIoControl(Volume, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, &Count, NULL);
    CloseHandle(Volume);
}

static void
Console(int Which)
{
    DWORD Count;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Which ? "a" : "b", 1, &Count, NULL);
}

NTSTATUS NTAPI NtAllocateLocallyUniqueId(PLUID);
NTSTATUS NTAPI NtAllocateUuids(PULARGE_INTEGER, PULONG, PULONG, PUCHAR);

static void
System(int Which)
{
    static char Out[2][65536];
    ULONG Size;
    LUID Luid;

    NtQuerySystemInformation(SystemProcessInformation, Out[Which], sizeof(Out[Which]), &Size);
    NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)16, Out[Which], sizeof(Out[Which]), &Size);
    NtQuerySystemInformation(SystemPerformanceInformation, Out[Which], sizeof(Out[Which]), &Size);
    NtAllocateLocallyUniqueId(&Luid);
    CloseHandle(CreateEventA(NULL, FALSE, FALSE, NULL));
}

static void
Exits(int Which)
{
    if (Which == 0) {
        ExitProcess(0);
    }
    CloseHandle(Open("C:\\exit.txt", GENERIC_WRITE, CREATE_ALWAYS));
}

static void
Queries(int Which)
{
    ULONG Size;
    char Out[512];
    FILETIME Time[4];

    GetProcessTimes(GetCurrentProcess(), &Time[0], &Time[1], &Time[2], &Time[3]);
    NtQueryInformationProcess(GetCurrentProcess(), (PROCESSINFOCLASS)20, Out, 4, &Size);
    NtQueryObject(Shared[1], (OBJECT_INFORMATION_CLASS)0, Out, 56, &Size);
    NtQueryObject(Shared[1], (OBJECT_INFORMATION_CLASS)1, Out, sizeof(Out), &Size);
    SetPriorityClass(GetCurrentProcess(), Which ? IDLE_PRIORITY_CLASS : NORMAL_PRIORITY_CLASS);
    GetPriorityClass(GetCurrentProcess());
    SetProcessAffinityMask(GetCurrentProcess(), 1);
    SetProcessWorkingSetSize(GetCurrentProcess(), 1 << 20, 2 << 20);
    SetErrorMode((UINT)Which);
    GetProcessHandleCount(GetCurrentProcess(), &(DWORD){0});
}

static VOID CALLBACK
Worker(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_WORK Work)
{
    InterlockedIncrement(&Word);
}

static void
Pools(int Which)
{
    PTP_WORK Work = CreateThreadpoolWork(Worker, NULL, NULL);

    SubmitThreadpoolWork(Work);
    WaitForThreadpoolWorkCallbacks(Work, FALSE);
    CloseThreadpoolWork(Work);
}

static void
Loads(int Which)
{
    HMODULE Module = LoadLibraryA("advapi32.dll");

    FreeLibrary(Module);
    Module = LoadLibraryExA(Self, NULL, LOAD_LIBRARY_AS_DATAFILE);
    FreeLibrary(Module);
}

static void
OtherMemory(int Which)
{
    char Text[8] = "abc";
    SIZE_T Bytes;
    PVOID Block = VirtualAllocEx(Process[0], NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);

    WriteProcessMemory(Process[0], Block, Text, 4, &Bytes);
    ReadProcessMemory(Process[0], Block, Text, 4, &Bytes);
    VirtualFreeEx(Process[0], Block, 0, MEM_RELEASE);
    if (Which == 0) {
        TerminateProcess(Process[0], 1);
    }
}

/* Names that come, go and change on one volume, and who looks at them. */
static void
Renames(int Which)
{
    HANDLE File, Find;
    WIN32_FIND_DATAA Data;
    FILE_DISPOSITION_INFO Dispose = {TRUE};
    DWORD Count;

    CreateDirectoryA("C:\\renames", NULL);
    File = CreateFileA(Which ? "C:\\renames\\one" : "C:\\renames\\two", GENERIC_WRITE | DELETE, 7,
                       NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(File, "abc", 3, &Count, NULL);
    if (Which == 0) {
        MoveFileExA("C:\\renames\\two", "C:\\renames\\one", MOVEFILE_REPLACE_EXISTING);
        CreateHardLinkA("C:\\renames\\three", "C:\\renames\\one", NULL);
    } else {
        SetFileInformationByHandle(File, FileDispositionInfo, &Dispose, sizeof(Dispose));
        CloseHandle(Open("C:\\renames\\one", GENERIC_READ, OPEN_EXISTING));
        Dispose.DeleteFile = FALSE;
        SetFileInformationByHandle(File, FileDispositionInfo, &Dispose, sizeof(Dispose));
    }
    CloseHandle(File);
    Find = FindFirstFileA("C:\\renames\\*", &Data);
    while (FindNextFileA(Find, &Data)) {
    }
    FindClose(Find);
    MoveFileA("C:\\renames", "C:\\renamed");
    CloseHandle(Open("C:\\renames\\one", GENERIC_WRITE, TRUNCATE_EXISTING));
    CloseHandle(CreateFileA("C:\\renamed\\four", DELETE, 7, NULL, OPEN_ALWAYS,
                            FILE_FLAG_DELETE_ON_CLOSE, NULL));
    DeleteFileA(Which ? "C:\\renamed\\one" : "C:\\renamed\\three");
}

static void
Oplocks(int Which)
{
    static const DWORD Codes[] = {FSCTL_REQUEST_OPLOCK_LEVEL_1, FSCTL_REQUEST_OPLOCK_LEVEL_2,
                                  FSCTL_REQUEST_BATCH_OPLOCK, FSCTL_REQUEST_FILTER_OPLOCK};
    DWORD Count;

    if (Which == 0) {
        for (int Index = 0; Index < 4; Index++) {
            HANDLE File = CreateFileA("C:\\oplock.txt", GENERIC_READ | GENERIC_WRITE, 7, NULL,
                                      OPEN_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
            OVERLAPPED Over = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)}, Other = Over;

            DeviceIoControl(File, Codes[Index], NULL, 0, NULL, 0, NULL, &Over);
            if (WaitForSingleObject(Over.hEvent, 1) == WAIT_OBJECT_0) {
                Other.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
                DeviceIoControl(File, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, NULL, 0, NULL, 0, NULL,
                                &Other);
                CancelIoEx(File, &Other);
                GetOverlappedResult(File, &Other, &Count, TRUE);
            }
            CancelIoEx(File, &Over);
            GetOverlappedResult(File, &Over, &Count, TRUE);
            CloseHandle(File);
        }
    } else {
        HANDLE File = Open("C:\\oplock.txt", GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);

        LockFile(File, 0, 0, 1, 0);
        WriteFile(File, "abc", 3, &Count, NULL);
        CloseHandle(File);
        CloseHandle(Open("C:\\oplock.txt", GENERIC_WRITE, CREATE_ALWAYS));
    }
}

static void
Ranges(int Which)
{
    BOOL Locked, Pending;
    HANDLE File = CreateFileA("C:\\ranges.txt", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_ALWAYS,
                              FILE_FLAG_OVERLAPPED, NULL);
    OVERLAPPED Over = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)}, Other = Over;
    DWORD Count;

    Locked = LockFileEx(File, Which ? LOCKFILE_EXCLUSIVE_LOCK : 0, 0, 4, 0, &Over);
    Pending = GetLastError() == ERROR_IO_PENDING;
    WaitForSingleObject(Over.hEvent, 1);
    Other.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (ReadFile(File, (char[4]){0}, 4, NULL, &Other) || GetLastError() == ERROR_IO_PENDING) {
        GetOverlappedResult(File, &Other, &Count, TRUE);
    }
    if (!Locked && Pending) {
        CancelIoEx(File, &Over);
        GetOverlappedResult(File, &Over, &Count, TRUE);
    }
    UnlockFileEx(File, 0, 4, 0, &Over);
    CloseHandle(File);
}

static void
PipeStates(int Which)
{
    DWORD Mode = PIPE_READMODE_MESSAGE | PIPE_NOWAIT, Count, Instances;
    char Text[8] = "abc";

    if (Which == 0) {
        SetNamedPipeHandleState(Shared[0], &Mode, NULL, NULL);
        ReadFile(Shared[0], Text, 4, &Count, NULL);
        GetNamedPipeHandleStateA(Shared[0], &Mode, &Instances, NULL, NULL, NULL, 0);
        WriteFile(Shared[0], Text, 3, &Count, NULL);
        DisconnectNamedPipe(Shared[0]);
        ConnectNamedPipe(Shared[0], NULL);
    } else {
        HANDLE Second = CreateNamedPipeA("\\\\.\\pipe\\together-states", PIPE_ACCESS_DUPLEX,
                                         PIPE_TYPE_MESSAGE, 2, 64, 64, 0, NULL);

        Mode = PIPE_READMODE_MESSAGE | PIPE_NOWAIT;
        SetNamedPipeHandleState(Shared[2], &Mode, NULL, NULL);
        WriteFile(Shared[2], Text, 3, &Count, NULL);
        PeekNamedPipe(Shared[2], Text, 4, &Count, NULL, NULL);
        ReadFile(Shared[2], Text, 2, &Count, NULL);
        GetNamedPipeInfo(Shared[2], &Mode, NULL, NULL, &Instances);
        GetNamedPipeHandleStateA(Shared[2], &Mode, &Instances, NULL, NULL, NULL, 0);
        CloseHandle(Second);
        CloseHandle(Shared[2]);
    }
}

NTSTATUS NTAPI NtRenameKey(HANDLE, PUNICODE_STRING);

static void
RegistryTree(int Which)
{
    static UNICODE_STRING Names[2];
    SECURITY_DESCRIPTOR Descriptor;
    HKEY Key = NULL, Sub = NULL;
    char Name[64];

    RtlInitUnicodeString(&Names[Which], Which ? L"One" : L"Two");
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Tree", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key,
                    NULL);
    RegCreateKeyExA(Key, Which ? "Sub" : "Sub\\Sub", 0, "class", Which ? REG_OPTION_VOLATILE : 0,
                    KEY_ALL_ACCESS, NULL, &Sub, NULL);
    NtRenameKey(Sub, &Names[Which]);
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, NULL, FALSE);
    RegSetKeySecurity(Sub, DACL_SECURITY_INFORMATION, &Descriptor);
    RegSetValueExA(Sub, "Value", 0, REG_SZ, (BYTE *)"x", 2);
    RegEnumKeyExA(Key, 0, Name, &(DWORD){sizeof(Name)}, NULL, NULL, NULL, NULL);
    RegDeleteTreeA(Key, Which ? "Sub" : "Two");
    RegQueryInfoKeyA(Sub, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    RegCloseKey(Sub);
    RegCloseKey(Key);
}

NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES,
                                          PUNICODE_STRING);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);

/* A directory of the object manager, a permanent link in it, and who follows it. */
static void
Links(int Which)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name, Target;
    WCHAR Room[64];
    HANDLE Folder = NULL, Link = NULL, Found = NULL;
    char Out[512];
    ULONG Context = 0, Length;

    RtlInitUnicodeString(&Name, L"\\TogetherFolder");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
    NtCreateDirectoryObject(&Folder, 0xF000F, &Attributes);
    RtlInitUnicodeString(&Name, L"Link");
    RtlInitUnicodeString(&Target, L"\\Device\\Null");
    InitializeObjectAttributes(&Attributes, &Name,
                               OBJ_CASE_INSENSITIVE | OBJ_OPENIF | (Which ? OBJ_PERMANENT : 0),
                               Folder, NULL);
    NtCreateSymbolicLinkObject(&Link, 0xF0001, &Attributes, &Target);
    NtQueryDirectoryObject(Folder, Out, sizeof(Out), FALSE, TRUE, &Context, &Length);
    Attributes.Attributes = OBJ_CASE_INSENSITIVE;
    NtOpenSymbolicLinkObject(&Found, 1, &Attributes);
    Target = (UNICODE_STRING){0, sizeof(Room), Room};
    NtQuerySymbolicLinkObject(Found, &Target, NULL);
    NtMakeTemporaryObject(Link);
    CloseHandle(Link);
    CloseHandle(Found);
    CloseHandle(Folder);
}

/* A section's file is cut off, grows, is deleted, or is asked for. */
static void
FileImages(int Which)
{
    HANDLE File = Open("C:\\section.txt", GENERIC_READ | GENERIC_WRITE | DELETE, OPEN_ALWAYS);
    HANDLE Section;
    volatile char *View;
    DWORD Count;

    SetFilePointer(File, Which ? 0x1800 : 0x800, NULL, FILE_BEGIN);
    SetEndOfFile(File);
    Section = CreateFileMappingA(File, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_COPY, 0, 0, 0);
    if (View != NULL) {
        View[0] = 'x';
    }
    WriteFile(File, "abc", 3, &Count, NULL);
    DeleteFileA("C:\\section.txt");
    UnmapViewOfFile((PVOID)View);
    CloseHandle(Section);
    CloseHandle(File);
}

static void
TokenSettings(int Which)
{
    HANDLE Token, Copy, Other;
    char Out[512];
    DWORD Size;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token);
    GetTokenInformation(Token, TokenOwner, Out, sizeof(Out), &Size);
    SetTokenInformation(Token, TokenOwner, Out, Size);
    GetTokenInformation(Token, TokenDefaultDacl, Out, sizeof(Out), &Size);
    if (Which == 0) {
        SetTokenInformation(Token, TokenDefaultDacl, Out, Size);
    }
    GetTokenInformation(Token, TokenGroups, Out, sizeof(Out), &Size);
    AdjustTokenGroups(Token, TRUE, NULL, 0, NULL, NULL);
    DuplicateTokenEx(Token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                     &Copy);
    ImpersonateLoggedOnUser(Copy);
    OpenThreadToken(Threads[1 - Which], TOKEN_QUERY, TRUE, &Other);
    RevertToSelf();
    CloseHandle(Copy);
    CloseHandle(Token);
}

static void
JobLimits(int Which)
{
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT Port = {NULL, Shared[2]};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION Limits = {{{{0}}}};
    JOBOBJECT_BASIC_UI_RESTRICTIONS Restrictions = {0};
    ULONG_PTR Key;
    OVERLAPPED *Over;
    DWORD Count, Size;
    char Out[256];
    HANDLE Job = CreateJobObjectA(NULL, "together-limits");

    if (Which == 0) {
        SetInformationJobObject(Job, JobObjectAssociateCompletionPortInformation, &Port,
                                sizeof(Port));
        Limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &Limits, sizeof(Limits));
        GetQueuedCompletionStatus(Shared[2], &Count, &Key, &Over, 1);
    } else {
        AssignProcessToJobObject(Job, Process[0]);
        SetInformationJobObject(Job, JobObjectBasicUIRestrictions, &Restrictions,
                                sizeof(Restrictions));
        TerminateProcess(Process[0], 4);
        QueryInformationJobObject(Job, JobObjectExtendedLimitInformation, &Limits, sizeof(Limits),
                                  &Size);
        QueryInformationJobObject(Job, JobObjectBasicProcessIdList, Out, sizeof(Out), &Size);
    }
    CloseHandle(Job);
}

static VOID CALLBACK
TimerRoutine(PVOID Context, BOOLEAN Fired)
{
    InterlockedIncrement(&Word);
}

static void
TimerQueues(int Which)
{
    HANDLE Timer = NULL, Wait = NULL;

    CreateTimerQueueTimer(&Timer, NULL, TimerRoutine, NULL, Which, 0, WT_EXECUTEDEFAULT);
    RegisterWaitForSingleObject(&Wait, Shared[1], TimerRoutine, NULL, 1, WT_EXECUTEONLYONCE);
    if (Which == 0) {
        SetEvent(Shared[1]);
    }
    QueueUserWorkItem(Nothing, NULL, 0);
    DeleteTimerQueueTimer(NULL, Timer, INVALID_HANDLE_VALUE);
    UnregisterWaitEx(Wait, INVALID_HANDLE_VALUE);
}

NTSTATUS NTAPI NtQueryEvent(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryMutant(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryTimer(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE, ULONG, PVOID, ULONG, PULONG);

/* What is asked of objects, and what changes it. */
static void
States(int Which)
{
    HANDLE Mutex = CreateMutexA(NULL, FALSE, "together-state1");
    HANDLE Semaphore = CreateSemaphoreA(NULL, 1, 2, "together-state2");
    LARGE_INTEGER Due = {.QuadPart = -10};
    ULONG Out[8];

    if (Which == 0) {
        PulseEvent(Shared[1]);
        WaitForSingleObject(Mutex, 0);
        WaitForSingleObject(Semaphore, 0);
        SetWaitableTimer(Shared[3], &Due, 0, NULL, NULL, FALSE);
        PostQueuedCompletionStatus(Shared[2], 1, 2, NULL);
        ReleaseMutex(Mutex);
    } else {
        NtQueryEvent(Shared[1], 0, Out, 8, NULL);
        NtQueryMutant(Mutex, 0, Out, 8, NULL);
        NtQuerySemaphore(Semaphore, 0, Out, 8, NULL);
        NtQueryTimer(Shared[3], 0, Out, 16, NULL);
        NtQueryIoCompletion(Shared[2], 0, Out, 4, NULL);
        ResetEvent(Shared[1]);
        ReleaseSemaphore(Semaphore, 1, NULL);
        CancelWaitableTimer(Shared[3]);
    }
    CloseHandle(Mutex);
    CloseHandle(Semaphore);
}

static void
Debugs(int Which)
{
    DEBUG_EVENT Event;
    BOOL Present;

    if (Which == 0) {
        if (DebugActiveProcess(GetProcessId(Process[0]))) {
            while (WaitForDebugEvent(&Event, 1)) {
                ContinueDebugEvent(Event.dwProcessId, Event.dwThreadId, DBG_CONTINUE);
            }
            DebugActiveProcessStop(GetProcessId(Process[0]));
        }
    } else {
        CheckRemoteDebuggerPresent(Process[0], &Present);
        TerminateProcess(Process[0], 3);
    }
}

NTSTATUS NTAPI NtSuspendProcess(HANDLE);
NTSTATUS NTAPI NtResumeProcess(HANDLE);

static void
Settings(int Which)
{
    PWSTR Name;
    DWORD Code;

    SetThreadDescription(Threads[1 - Which], L"name");
    GetThreadDescription(Threads[Which], &Name);
    SetThreadPriorityBoost(Threads[1 - Which], TRUE);
    GetThreadPriorityBoost(Threads[Which], &(BOOL){0});
    SetThreadIdealProcessor(Threads[1 - Which], 0);
    SetPriorityClass(Process[0], Which ? HIGH_PRIORITY_CLASS : IDLE_PRIORITY_CLASS);
    GetPriorityClass(Process[0]);
    GetProcessPriorityBoost(Process[0], &(BOOL){0});
    NtSuspendProcess(Process[0]);
    NtResumeProcess(Process[0]);
    GetExitCodeProcess(Process[0], &Code);
    GetThreadIOPendingFlag(Threads[1 - Which], &(BOOL){0});
}

/* A volume is locked, dismounted and asked for, while files on it come and go. */
static void
Dismounts(int Which)
{
    DWORD Count;
    HANDLE Volume;

    if (Which == 0) {
        Volume = Open("\\\\.\\C:", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
        DeviceIoControl(Volume, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, &Count, NULL);
        DeviceIoControl(Volume, FSCTL_IS_VOLUME_MOUNTED, NULL, 0, NULL, 0, &Count, NULL);
        DeviceIoControl(Volume, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, &Count, NULL);
        DeviceIoControl(Volume, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, &Count, NULL);
        CloseHandle(Volume);
    } else {
        HANDLE File = Open("C:\\dismount.txt", GENERIC_WRITE, OPEN_ALWAYS);

        WriteFile(File, "abc", 3, &Count, NULL);
        CloseHandle(File);
        GetVolumeInformationA("C:\\", NULL, 0, NULL, NULL, NULL, NULL, 0);
    }
}

/* Requests and packets of a port that two threads take, in one piece or several. */
static void
Packets(int Which)
{
    OVERLAPPED_ENTRY Entries[4];
    OVERLAPPED Over = {0};
    ULONG Count;
    HANDLE File = CreateFileA(Which ? "C:\\packet1" : "C:\\packet2", GENERIC_WRITE, 7, NULL,
                              CREATE_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);

    CreateIoCompletionPort(File, Shared[2], (ULONG_PTR)Which, 0);
    SetFileCompletionNotificationModes(File, Which ? FILE_SKIP_COMPLETION_PORT_ON_SUCCESS : 0);
    WriteFile(File, "ab", 2, NULL, &Over);
    PostQueuedCompletionStatus(Shared[2], 5, 6, NULL);
    GetQueuedCompletionStatusEx(Shared[2], Entries, 4, &Count, 1, Which);
    CloseHandle(File);
}

static const struct {
    const char *Name;
    PART Part;
    int Children; /* suspended ones */
} Parts[] = {
    {"files", Files},
    {"shares", Shares},
    {"onefile", OneFile},
    {"locks", Locks},
    {"folders", Folders},
    {"changes", Changes},
    {"pipes", Pipes},
    {"mailslots", Mailslots},
    {"registry", Registry},
    {"notify", RegistryNotify},
    {"sections", Sections},
    {"filesections", FileSections},
    {"memory", Memory},
    {"sharedmemory", MemoryShared},
    {"handles", Handles},
    {"names", Names},
    {"jobs", Jobs, 2},
    {"processes", Processes},
    {"kills", Kills, 1},
    {"tokens", Tokens},
    {"security", Security},
    {"ports", Ports},
    {"timers", Timers},
    {"apcs", Apcs},
    {"suspends", Suspends},
    {"lives", Lives},
    {"monitors", Monitors},
    {"waits", Waits},
    {"cancels", Cancels},
    {"directories", Directories},
    {"volumes", Volumes},
    {"console", Console},
    {"system", System},
    {"exits", Exits},
    {"queries", Queries},
    {"pools", Pools},
    {"loads", Loads},
    {"othermemory", OtherMemory, 1},
    {"renames", Renames},
    {"oplocks", Oplocks},
    {"ranges", Ranges},
    {"pipestates", PipeStates},
    {"tree", RegistryTree},
    {"links", Links},
    {"fileimages", FileImages},
    {"tokensettings", TokenSettings},
    {"joblimits", JobLimits, 1},
    {"timerqueues", TimerQueues},
    {"states", States},
    {"debugs", Debugs, 1},
    {"settings", Settings, 1},
    {"dismounts", Dismounts},
    {"packets", Packets},
};

static PART Chosen;

static DWORD WINAPI
Thread(LPVOID Which)
{
    WaitForSingleObject(Shared[1], 0);
    Chosen((int)(ULONG_PTR)Which);
    return 0;
}

static void
Prepare(const char *Name)
{
    static const char Pipe[] = "\\\\.\\pipe\\together-cancel";

    InitializeCriticalSection(&Critical);
    Shared[1] = CreateEventA(NULL, TRUE, FALSE, "together-shared");
    Shared[3] = CreateWaitableTimerA(NULL, FALSE, NULL);
    if (strcmp(Name, "onefile") == 0) {
        Shared[0] = Open("C:\\one.txt", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    } else if (strcmp(Name, "cancels") == 0) {
        Shared[0] = CreateNamedPipeA(Pipe, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                     PIPE_TYPE_BYTE, 1, 64, 64, 0, NULL);
        Shared[2] =
            CreateFileA(Pipe, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    } else if (strcmp(Name, "pipestates") == 0) {
        Shared[0] = CreateNamedPipeA("\\\\.\\pipe\\together-states", PIPE_ACCESS_DUPLEX,
                                     PIPE_TYPE_MESSAGE, 2, 64, 64, 0, NULL);
        Shared[2] =
            Open("\\\\.\\pipe\\together-states", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
    } else if (strcmp(Name, "ports") == 0 || strcmp(Name, "packets") == 0 ||
               strcmp(Name, "joblimits") == 0 || strcmp(Name, "states") == 0) {
        Shared[2] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    }
}

int
main(int Count, char **Arguments)
{
    size_t Index = 0;

    if (Count < 2 || strcmp(Arguments[1], "child") == 0) {
        return 0;
    }
    GetModuleFileNameA(NULL, Self, sizeof(Self));
    while (strcmp(Parts[Index].Name, Arguments[1]) != 0) {
        if (++Index == sizeof(Parts) / sizeof(Parts[0])) {
            return 1;
        }
    }
    Prepare(Arguments[1]);
    for (int Child_ = 0; Child_ < Parts[Index].Children; Child_++) {
        Process[Child_] = Child(CREATE_SUSPENDED);
    }
    Chosen = Parts[Index].Part;
    Threads[0] = CreateThread(NULL, 0, Thread, (PVOID)0, CREATE_SUSPENDED, NULL);
    Threads[1] = CreateThread(NULL, 0, Thread, (PVOID)1, CREATE_SUSPENDED, NULL);
    ResumeThread(Threads[0]);
    ResumeThread(Threads[1]);
    WaitForMultipleObjects(2, Threads, TRUE, INFINITE);
    for (int Child_ = 0; Child_ < Parts[Index].Children; Child_++) {
        TerminateProcess(Process[Child_], 0);
        WaitForSingleObject(Process[Child_], INFINITE);
    }
    return 0;
}
