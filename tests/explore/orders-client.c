/*
 * orders-client.c - orders-client.exe WHAT: two threads, and the exit code says who was first: 0 or 1. Both must be found: check_orders.py.
 * With a second word the threads are made in the other order.
 */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <winternl.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>

#define FIXED ((PVOID)0x50000000)

static HANDLE Object, Thread[2], Child, Second;
static OVERLAPPED Over;
static volatile LONG Seen;
static char Text[256];

NTSTATUS NTAPI NtTestAlert(VOID);
NTSTATUS NTAPI NtQueryTimer(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, ULONG, PVOID, ULONG, PULONG);

/* A timer that two set, for APCs of their own: who comes second takes it from the first. */
static void
WithTimer(void)
{
    Object = CreateWaitableTimerW(NULL, FALSE, NULL);
    Second = CreateEventW(NULL, TRUE, FALSE, NULL);
}

static VOID CALLBACK
Alarmed(LPVOID Context, DWORD Low, DWORD High)
{
}

static DWORD
SetAlarm(void)
{
    LARGE_INTEGER Due = {.QuadPart = -10000000000ll};

    SetWaitableTimer(Object, &Due, 0, Alarmed, NULL, FALSE);
    WaitForSingleObject(Second, INFINITE); /* the end of the thread would cancel it */
    return 0;
}

static DWORD
SetOtherAlarm(void)
{
    LARGE_INTEGER Due = {.QuadPart = -20000000000ll};
    LONGLONG Information[2] = {0};

    SetWaitableTimer(Object, &Due, 0, Alarmed, NULL, FALSE);
    NtQueryTimer(Object, 0, Information, sizeof(Information), NULL);
    Seen = Information[0] < 15000000000ll;
    SetEvent(Second);
    return 0;
}

/* A request clears the file's event, and who looks at it. */
static DWORD
AskChanges(void)
{
    ReadDirectoryChangesW(Object, Text, sizeof(Text), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                          &Over, NULL);
    WaitForSingleObject(Thread[1], INFINITE); /* its end would cancel it */
    return 0;
}

/* A request that stays, and whether there is one. */
static DWORD
AskIo(void)
{
    BOOL Pending = FALSE;

    GetThreadIOPendingFlag(Thread[0], &Pending);
    Seen = Pending;
    return 0;
}

static DWORD
IsSignaled(void)
{
    Seen = WaitForSingleObject(Object, 0) == WAIT_OBJECT_0;
    return 0;
}

/* A section goes, and who cuts its file off. */
static DWORD
CloseSecond(void)
{
    CloseHandle(Second);
    return 0;
}

static DWORD
CutOff(void)
{
    SetFilePointer(Object, 0, NULL, FILE_BEGIN);
    Seen = SetEndOfFile(Object);
    return 0;
}

/* What a view has changed, and a flush: how many times the file was written. */
static volatile char *View;
static ULONG Before;

static ULONG
Writes(void)
{
    static char Out[32768];
    FILESYSTEM_STATISTICS *At = (PVOID)Out;
    ULONG Sum = 0;
    DWORD Bytes = 0;

    DeviceIoControl(Object, FSCTL_FILESYSTEM_GET_STATISTICS, NULL, 0, Out, sizeof(Out), &Bytes,
                    NULL);
    for (; (char *)At < Out + Bytes && At->SizeOfCompleteStructure != 0;
         At = (PVOID)((char *)At + At->SizeOfCompleteStructure)) {
        Sum += At->UserFileWrites; /* of one processor */
    }
    return Sum;
}

static DWORD
Change(void)
{
    View[0] = 'x';
    return 0;
}

static DWORD
FlushIt(void)
{
    FlushViewOfFile((PVOID)View, 1);
    return 0;
}

/* Two writes, and the lazy writer: one of both pages, or one of each. */
static DWORD
WriteTwice(void)
{
    DWORD Count;

    WriteFile(Object, "x", 1, &Count, NULL);
    SetFilePointer(Object, 0x1000, NULL, FILE_BEGIN);
    WriteFile(Object, "x", 1, &Count, NULL);
    return 0;
}

/* A thread's end, and who asks for its exit code. */
static DWORD
EndOne(void)
{
    return 5;
}

static DWORD
EndOther(void)
{
    DWORD Code = 0;

    GetExitCodeThread(Thread[0], &Code);
    Seen = Code == 5;
    return 0;
}

static DWORD
Kill1(void)
{
    TerminateProcess(Child, 1);
    return 0;
}

static DWORD
Kill2(void)
{
    TerminateProcess(Child, 2);
    return 0;
}

static DWORD
CodeOther(void)
{
    DWORD Code = 0;

    GetExitCodeProcess(Child, &Code);
    Seen = Code == 1;
    return 0;
}

static DWORD
KillThread(void)
{
    TerminateThread(Thread[0], 6);
    return 0;
}

static DWORD
Allocate(void)
{
    VirtualAlloc(FIXED, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    return 0;
}

static DWORD
Query(void)
{
    MEMORY_BASIC_INFORMATION Basic = {0};

    VirtualQuery(FIXED, &Basic, sizeof(Basic));
    Seen = Basic.State == MEM_FREE;
    return 0;
}

static DWORD
Deny(void)
{
    SECURITY_DESCRIPTOR Descriptor;
    ACL Acl;

    InitializeAcl(&Acl, sizeof(Acl), ACL_REVISION);
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, &Acl, FALSE);
    SetKernelObjectSecurity(Object, DACL_SECURITY_INFORMATION, &Descriptor);
    return 0;
}

static DWORD
OpenIt(void)
{
    Seen = OpenEventA(SYNCHRONIZE, FALSE, "orders-event") != NULL;
    return 0;
}

static DWORD
ReadSecurity(void)
{
    BOOL Present, Defaulted;
    DWORD Size;
    PACL Acl = NULL;

    GetKernelObjectSecurity(Object, DACL_SECURITY_INFORMATION, Text, sizeof(Text), &Size);
    GetSecurityDescriptorDacl(Text, &Present, &Acl, &Defaulted);
    Seen = Acl != NULL && Acl->AceCount != 0;
    return 0;
}

static DWORD
Privilege(void)
{
    TOKEN_PRIVILEGES Privileges = {.PrivilegeCount = 1};

    Privileges.Privileges[0].Luid.LowPart = 23; /* SeChangeNotifyPrivilege */
    AdjustTokenPrivileges(Object, FALSE, &Privileges, 0, NULL, NULL);
    return 0;
}

static DWORD
HasPrivilege(void)
{
    PRIVILEGE_SET Set = {1, PRIVILEGE_SET_ALL_NECESSARY};
    BOOL Result = FALSE;

    Set.Privilege[0].Luid.LowPart = 23;
    PrivilegeCheck(Object, &Set, &Result);
    Seen = Result;
    return 0;
}

static DWORD
AskPrivilege(void)
{
    TOKEN_PRIVILEGES *Privileges = (PVOID)Text;
    static char Out[2048];
    DWORD Size;

    Privileges = (PVOID)Out;
    GetTokenInformation(Object, TokenPrivileges, Out, sizeof(Out), &Size);
    for (DWORD Index = 0; Index < Privileges->PrivilegeCount; Index++) {
        if (Privileges->Privileges[Index].Luid.LowPart == 23) {
            Seen = (Privileges->Privileges[Index].Attributes & SE_PRIVILEGE_ENABLED) != 0;
        }
    }
    return 0;
}

static void CALLBACK
Called(ULONG_PTR Context)
{
    Seen = 1;
}

static void CALLBACK
Ignored(ULONG_PTR Context)
{
}

static DWORD
Nothing(void)
{
    return 0;
}

static DWORD
QueueToOne(void)
{
    Seen = QueueUserAPC(Ignored, Thread[0], 0) != 0;
    return 0;
}

static DWORD
Alert(void)
{
    NtTestAlert();
    return 0;
}

static DWORD
QueueCalled(void)
{
    QueueUserAPC(Called, Thread[0], 0);
    return 0;
}

static DWORD
Join(void)
{
    AssignProcessToJobObject(Object, Child);
    return 0;
}

static DWORD
IsMember(void)
{
    BOOL Result = FALSE;

    IsProcessInJob(Child, Object, &Result);
    Seen = Result;
    return 0;
}

static DWORD
Members(void)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION Basic = {{{0}}};

    QueryInformationJobObject(Object, JobObjectBasicAccountingInformation, &Basic, sizeof(Basic),
                              NULL);
    Seen = Basic.ActiveProcesses != 0;
    return 0;
}

static DWORD
SetValue(void)
{
    RegSetValueExA((HKEY)Object, "New", 0, REG_SZ, (const BYTE *)"x", 2);
    return 0;
}

static DWORD
CountValues(void)
{
    DWORD Values = 0;

    RegQueryInfoKeyA((HKEY)Object, NULL, NULL, NULL, NULL, NULL, NULL, &Values, NULL, NULL, NULL,
                     NULL);
    Seen = Values != 0;
    return 0;
}

static DWORD
Watch(void)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);

    RegNotifyChangeKeyValue((HKEY)Object, TRUE, REG_NOTIFY_CHANGE_LAST_SET, Event, TRUE);
    WaitForSingleObject(Thread[1], INFINITE);
    Seen = WaitForSingleObject(Event, 0) == WAIT_OBJECT_0;
    return 0;
}

static DWORD
WatchFolder(void)
{
    HANDLE Folder = FindFirstChangeNotificationA("C:\\", FALSE, FILE_NOTIFY_CHANGE_FILE_NAME);

    WaitForSingleObject(Thread[1], INFINITE);
    Seen = WaitForSingleObject(Folder, 0) == WAIT_OBJECT_0;
    return 0;
}

static DWORD
MakeFile(void)
{
    CloseHandle(CreateFileA("C:\\orders.new", GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
    return 0;
}

static HANDLE
OpenFile_(DWORD Share)
{
    return CreateFileA("C:\\orders.txt", GENERIC_READ | GENERIC_WRITE, Share, NULL, OPEN_ALWAYS, 0,
                       NULL);
}

static DWORD
LockOne(void)
{
    LockFile(OpenFile_(7), 0, 0, 1, 0);
    return 0;
}

static DWORD
LockOther(void)
{
    Seen = LockFile(OpenFile_(7), 0, 0, 1, 0);
    return 0;
}

/* Of two who lock the same range, the first ones of the file, one gets it. */
static volatile LONG Got;

static DWORD
LockFirst(void)
{
    InterlockedExchangeAdd(&Got, LockFile(Object, 0, 0, 1, 0));
    return 0;
}

static DWORD
LockSecond(void)
{
    InterlockedExchangeAdd(&Got, LockFile(Second, 0, 0, 1, 0));
    return 0;
}

static DWORD
ShareOne(void)
{
    OpenFile_(0);
    return 0;
}

static DWORD
ShareOther(void)
{
    Seen = OpenFile_(0) != INVALID_HANDLE_VALUE;
    return 0;
}

static DWORD
SuspendOne(void)
{
    SuspendThread(Child);
    return 0;
}

static DWORD
SuspendOther(void)
{
    Seen = SuspendThread(Child) == 1;
    return 0;
}

static DWORD
MakeOne(void)
{
    CreateEventA(NULL, FALSE, FALSE, "orders-made");
    return 0;
}

static DWORD
MakeOther(void)
{
    Seen = CreateEventA(NULL, FALSE, FALSE, "orders-made") != NULL &&
           GetLastError() == ERROR_ALREADY_EXISTS;
    return 0;
}

static DWORD
Priority(void)
{
    SetThreadPriority(Child, THREAD_PRIORITY_HIGHEST);
    return 0;
}

static DWORD
AskPriority(void)
{
    Seen = GetThreadPriority(Child) == THREAD_PRIORITY_HIGHEST;
    return 0;
}

static DWORD
NameIt(void)
{
    SetThreadDescription(Child, L"named");
    return 0;
}

static DWORD
AskName(void)
{
    PWSTR Name = NULL;

    Seen = SUCCEEDED(GetThreadDescription(Child, &Name)) && Name[0] != 0;
    LocalFree(Name);
    return 0;
}

static DWORD
Own(void)
{
    WaitForSingleObject(Object, INFINITE);
    return 0; /* abandons it */
}

static DWORD
TryOwn(void)
{
    DWORD Got = WaitForSingleObject(Object, 0);

    Seen = Got == WAIT_OBJECT_0 || Got == WAIT_TIMEOUT;
    return 0;
}

static DWORD
Inherit(void)
{
    SetHandleInformation(Object, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE);
    return 0;
}

static DWORD
AskInherit(void)
{
    DWORD Flags = 0;

    GetHandleInformation(Object, &Flags);
    Seen = (Flags & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0;
    return 0;
}

static DWORD
Associate(void)
{
    CreateIoCompletionPort(Child, Object, 1, 0);
    return 0;
}

static DWORD
Complete(void)
{
    OVERLAPPED Over = {0}, *Got;
    DWORD Count;
    ULONG_PTR Key;

    WriteFile(Child, "x", 1, NULL, &Over);
    WaitForSingleObject(Thread[0], INFINITE);
    Seen = GetQueuedCompletionStatus(Object, &Count, &Key, &Got, 0);
    return 0;
}

/* Only one process may be in the job. */
static DWORD
JoinOther(void)
{
    Seen = AssignProcessToJobObject(Object, Second);
    return 0;
}

static DWORD
KillOne(void)
{
    TerminateThread(Child, 1);
    return 0;
}

static DWORD
KillOther(void)
{
    TerminateThread(Child, 2);
    return 0;
}

static DWORD
CancelWatch(void)
{
    CancelIoEx(Object, NULL);
    return 0;
}

/* What is locked, and who reads it. */
static DWORD
WriteLocked(void)
{
    DWORD Count;

    Seen = WriteFile(Second, "x", 1, &Count, NULL);
    return 0;
}

static DWORD
LockIt(void)
{
    LockFile(Object, 0, 0, 1, 0);
    return 0;
}

/* A lock, or an oplock, that is waited for is given, or its request is cancelled. */
static DWORD
Unlock(void)
{
    UnlockFile(Second, 0, 0, 1, 0);
    return 0;
}

static DWORD
BreakOplock(void)
{
    CloseHandle(OpenFile_(7));
    return 0;
}

/* Who cancels what all threads ask for, and a thread that begins to ask. */
static DWORD WINAPI
AskLater(LPVOID Context)
{
    ReadDirectoryChangesW(Object, Text, sizeof(Text), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                          &Over, NULL);
    Sleep(INFINITE);
    return 0;
}

static DWORD
MakeAsker(void)
{
    Child = CreateThread(NULL, 0, AskLater, NULL, 0, NULL);
    return 0;
}

static DWORD
CancelAsked(void)
{
    Seen = CancelIoEx(Object, NULL);
    return 0;
}

static DWORD
SuspendEnding(void)
{
    Seen = SuspendThread(Thread[0]) != (DWORD)-1;
    ResumeThread(Thread[0]);
    return 0;
}

/* A process ends, and joins a job; or its job ends. */
static DWORD
JoinEnding(void)
{
    Seen = AssignProcessToJobObject(Object, Child);
    return 0;
}

static DWORD
EndJob(void)
{
    TerminateJobObject(Object, 3);
    return 0;
}

static DWORD
Ended(void)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION Basic = {{{0}}};

    QueryInformationJobObject(Object, JobObjectBasicAccountingInformation, &Basic, sizeof(Basic),
                              NULL);
    Seen = Basic.TotalTerminatedProcesses != 0;
    return 0;
}

/* A subkey gets a value, and the key is asked what its first subkey holds. */
static DWORD
AskSubkey(void)
{
    ULONG Full[64] = {0}, Size;

    NtEnumerateKey(Second, 0, 2 /* KeyFullInformation */, Full, sizeof(Full), &Size);
    Seen = Full[8] != 0; /* Values */
    return 0;
}

/* What a key's subtree is watched for, and who may open a key. */
static DWORD
WatchTree(void)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);

    RegNotifyChangeKeyValue((HKEY)Second, TRUE, REG_NOTIFY_CHANGE_LAST_SET, Event, TRUE);
    WaitForSingleObject(Thread[1], INFINITE);
    Seen = WaitForSingleObject(Event, 0) == WAIT_OBJECT_0;
    return 0;
}

static DWORD
DenyKey(void)
{
    SECURITY_DESCRIPTOR Descriptor;
    ACL Acl;

    InitializeAcl(&Acl, sizeof(Acl), ACL_REVISION);
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, &Acl, FALSE);
    RegSetKeySecurity((HKEY)Object, DACL_SECURITY_INFORMATION, &Descriptor);
    return 0;
}

static DWORD
OpenKey(void)
{
    HKEY Key;

    Seen = RegOpenKeyExA(HKEY_LOCAL_MACHINE, "Software\\Orders\\Sub", 0, KEY_READ, &Key) == 0;
    return 0;
}

static DWORD
ReadKeySecurity(void)
{
    DWORD Size = sizeof(Text);
    BOOL Present, Defaulted;
    PACL Acl = NULL;

    RegGetKeySecurity((HKEY)Object, DACL_SECURITY_INFORMATION, Text, &Size);
    GetSecurityDescriptorDacl(Text, &Present, &Acl, &Defaulted);
    Seen = Acl != NULL && Acl->AceCount != 0;
    return 0;
}

/* Another thread's token. */
static DWORD
Impersonate(void)
{
    ImpersonateSelf(SecurityImpersonation);
    return 0;
}

static DWORD
OpenIts(void)
{
    HANDLE Token;

    Seen = OpenThreadToken(Thread[0], TOKEN_QUERY, TRUE, &Token);
    return 0;
}

/* A debugger lets a process go. */
static DWORD
StopDebugging(void)
{
    DebugActiveProcess(GetProcessId(Child));
    SetEvent(Object);
    DebugActiveProcessStop(GetProcessId(Child));
    return 0;
}

static DWORD
IsDebugged(void)
{
    BOOL Present = FALSE;

    WaitForSingleObject(Object, INFINITE);
    CheckRemoteDebuggerPresent(Child, &Present);
    Seen = Present;
    return 0;
}

static DWORD
DeleteSubkey(void)
{
    RegDeleteKeyA((HKEY)Second, "Sub");
    return 0;
}

static DWORD
AskSecurity(void)
{
    DWORD Size = sizeof(Text);

    Seen = RegGetKeySecurity((HKEY)Object, DACL_SECURITY_INFORMATION, Text, &Size) != 1018;
    return 0; /* ERROR_KEY_DELETED */
}

static DWORD
Last1(void)
{
    ExitThread(1);
}

static DWORD
Last2(void)
{
    ExitThread(0);
}

static DWORD
Count(void)
{
    static char Out[65536];
    SYSTEM_PROCESS_INFORMATION *At = (PVOID)Out;
    ULONG Size = 0;

    NtQuerySystemInformation(SystemProcessInformation, Out, sizeof(Out), &Size);
    for (;; At = (PVOID)((char *)At + At->NextEntryOffset)) {
        if ((DWORD)(ULONG_PTR)At->UniqueProcessId == GetCurrentProcessId()) {
            Seen = At->NumberOfThreads == 4;
        }
        if (At->NextEntryOffset == 0) {
            break;
        }
    }
    return 0;
}

static DWORD WINAPI
Quiet(LPVOID Context)
{
    return 0;
}

static DWORD
NewThread(void)
{
    CreateThread(NULL, 0, Quiet, NULL, CREATE_SUSPENDED, NULL);
    return 0;
}

static HANDLE
MakeChild(void)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Information = {0};
    char Command[MAX_PATH + 16] = "\"";

    GetModuleFileNameA(NULL, Command + 1, MAX_PATH);
    strcat(Command, "\" child");
    CreateProcessA(NULL, Command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                   &Information);
    return Information.hProcess;
}

static void
WithChild(void)
{
    Child = MakeChild();
}

static void
WithJob(void)
{
    Object = CreateJobObjectA(NULL, NULL);
    Child = MakeChild();
}

static void
WithLimit(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION Limits = {{{{0}}}};

    WithJob();
    Second = MakeChild();
    Limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    Limits.BasicLimitInformation.ActiveProcessLimit = 1;
    SetInformationJobObject(Object, JobObjectExtendedLimitInformation, &Limits, sizeof(Limits));
}

static void
WithWatch(void)
{
    Object = CreateFileA("C:\\", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    ReadDirectoryChangesW(Object, Text, sizeof(Text), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                          &Over, NULL);
}

static HANDLE
OpenAsync(void)
{
    return CreateFileA("C:\\orders.txt", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_ALWAYS,
                       FILE_FLAG_OVERLAPPED, NULL);
}

static void
WithTwoFiles(void)
{
    Object = OpenFile_(7);
    Second = OpenFile_(7);
}

static void
WithWaitingLock(void)
{
    Second = OpenFile_(7);
    LockFile(Second, 0, 0, 1, 0);
    Object = OpenAsync();
    LockFileEx(Object, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &Over);
}

static void
WithOplock(void)
{
    Object = OpenAsync();
    DeviceIoControl(Object, FSCTL_REQUEST_OPLOCK_LEVEL_1, NULL, 0, NULL, 0, NULL, &Over);
}

static void
WithFolder(void)
{
    Object = CreateFileA("C:\\", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
}

static void
WithSection(void)
{
    DWORD Count;

    Object = OpenFile_(7);
    WriteFile(Object, "text", 4, &Count, NULL);
    FlushFileBuffers(Object);
    Second = CreateFileMappingA(Object, NULL, PAGE_READWRITE, 0, 0, NULL);
}

static void
WithView(void)
{
    WithSection();
    View = MapViewOfFile(Second, FILE_MAP_WRITE, 0, 0, 0);
    (void)View[0];
    Before = Writes();
}

static void
WithFile(void)
{
    Object = OpenFile_(7);
    Before = Writes();
}

static void
WithEvent(void)
{
    Object = CreateEventA(NULL, FALSE, FALSE, "orders-event");
}

static void
WithDebugged(void)
{
    WithEvent();
    Child = MakeChild();
}

static void
WithToken(void)
{
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Object);
}

static void
WithKey(void)
{
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Orders", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                    (PHKEY)&Object, NULL);
}

static void
WithSubkey(void)
{
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Orders", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                    (PHKEY)&Second, NULL);
    RegCreateKeyExA((HKEY)Second, "Sub", 0, NULL, 0, KEY_ALL_ACCESS, NULL, (PHKEY)&Object, NULL);
}

static void
WithMember(void)
{
    WithJob();
    AssignProcessToJobObject(Object, Child);
}

static void
WithThread(void)
{
    Child = CreateThread(NULL, 0, Quiet, NULL, CREATE_SUSPENDED, NULL);
}

static void
WithMutex(void)
{
    Object = CreateMutexA(NULL, FALSE, NULL);
}

static void
WithPort(void)
{
    Object = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Child = CreateFileA("C:\\port.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED,
                        NULL);
}

static const struct {
    const char *Name;
    void (*Prepare)(void);
    DWORD (*One)(void);
    DWORD (*Other)(void);
} Programs[] = {
    {"end", NULL, EndOne, EndOther},
    {"kill", WithChild, Kill1, Kill2},
    {"code", WithChild, Kill1, CodeOther},
    {"killthread", NULL, EndOne, KillThread},
    {"query", NULL, Allocate, Query},
    {"deny", WithEvent, Deny, OpenIt},
    {"security", WithEvent, Deny, ReadSecurity},
    {"privilege", WithToken, Privilege, HasPrivilege},
    {"askprivilege", WithToken, Privilege, AskPrivilege},
    {"apc", NULL, Nothing, QueueToOne},
    {"alert", NULL, Alert, QueueCalled},
    {"job", WithJob, Join, IsMember},
    {"members", WithJob, Join, Members},
    {"limit", WithLimit, Join, JoinOther},
    {"kills", WithThread, KillOne, KillOther},
    {"cancel", WithWatch, MakeFile, CancelWatch},
    {"values", WithKey, SetValue, CountValues},
    {"notify", WithKey, Watch, SetValue},
    {"change", NULL, WatchFolder, MakeFile},
    {"lock", NULL, LockOne, LockOther},
    {"locks", WithTwoFiles, LockFirst, LockSecond},
    {"share", NULL, ShareOne, ShareOther},
    {"suspend", WithThread, SuspendOne, SuspendOther},
    {"make", NULL, MakeOne, MakeOther},
    {"priority", WithThread, Priority, AskPriority},
    {"named", WithThread, NameIt, AskName},
    {"abandon", WithMutex, Own, TryOwn},
    {"handle", WithEvent, Inherit, AskInherit},
    {"port", WithPort, Associate, Complete},
    {"threads", NULL, NewThread, Count},
    {"last", NULL, Last1, Last2},
    {"locked", WithTwoFiles, LockIt, WriteLocked},
    {"unlock", WithWaitingLock, Unlock, CancelWatch},
    {"oplock", WithOplock, BreakOplock, CancelWatch},
    {"ending", NULL, EndOne, SuspendEnding},
    {"joins", WithJob, Kill1, JoinEnding},
    {"ended", WithMember, EndJob, Ended},
    {"subkey", WithSubkey, SetValue, AskSubkey},
    {"gone", WithSubkey, DeleteSubkey, AskSecurity},
    {"asker", WithFolder, MakeAsker, CancelAsked},
    {"pending", WithFolder, AskChanges, AskIo},
    {"fileevent", WithFolder, AskChanges, IsSignaled},
    {"section", WithSection, CloseSecond, CutOff},
    {"view", WithView, Change, FlushIt},
    {"lazy", WithFile, WriteTwice, Nothing},
    {"subtree", WithSubkey, WatchTree, SetValue},
    {"denykey", WithSubkey, DenyKey, OpenKey},
    {"keysecurity", WithSubkey, DenyKey, ReadKeySecurity},
    {"impersonates", NULL, Impersonate, OpenIts},
    {"debugged", WithDebugged, StopDebugging, IsDebugged},
    {"alarm", WithTimer, SetAlarm, SetOtherAlarm},
};

static size_t Program;

static void
End(HANDLE Process)
{
    TerminateProcess(Process, 0);
    WaitForSingleObject(Process, INFINITE);
}

static DWORD WINAPI
Run(LPVOID Which)
{
    return Which == NULL ? Programs[Program].One() : Programs[Program].Other();
}

int
main(int Words, char **Word)
{
    BOOL Turned = Words > 2;
    DWORD Code = 0;

    if (Words < 2 || strcmp(Word[1], "child") == 0) {
        return 0;
    }
    while (strcmp(Programs[Program].Name, Word[1]) != 0) {
        if (++Program == sizeof(Programs) / sizeof(Programs[0])) {
            return 2;
        }
    }
    if (Programs[Program].Prepare != NULL) {
        Programs[Program].Prepare();
    }
    for (int Index = 0; Index < 2; Index++) {
        int Which = Turned ? 1 - Index : Index;

        Thread[Which] = CreateThread(NULL, 0, Run, (PVOID)(ULONG_PTR)Which, CREATE_SUSPENDED, NULL);
    }
    ResumeThread(Thread[Turned]);
    ResumeThread(Thread[!Turned]);
    if (strcmp(Word[1], "last") == 0) {
        ExitThread(1);
    }
    WaitForMultipleObjects(2, Thread, TRUE, INFINITE);
    if (Programs[Program].Other == CancelWatch) {
        Seen = GetOverlappedResult(Object, &Over, &Code, TRUE);
    } else if (strcmp(Word[1], "kills") == 0) {
        WaitForSingleObject(Child, INFINITE);
        GetExitCodeThread(Child, &Code);
        Seen = Code == 2;
    }
    if (strcmp(Word[1], "locks") == 0) {
        Seen = Got != 1;
    }
    if (strcmp(Word[1], "view") == 0) {
        Seen = Writes() != Before;
    } else if (strcmp(Word[1], "lazy") == 0) {
        FlushFileBuffers(Object);
        Seen = Writes() == Before + 1;
    }
    if (strcmp(Word[1], "killthread") == 0) {
        GetExitCodeThread(Thread[0], &Code);
        Seen = Code == 6;
    }
    if (strcmp(Word[1], "kill") == 0) {
        GetExitCodeProcess(Child, &Code);
        Seen = Code == 1;
    } else if (Programs[Program].Prepare == WithChild || Programs[Program].Prepare == WithJob ||
               Programs[Program].Prepare == WithMember || Programs[Program].Prepare == WithLimit) {
        End(Child); /* what it does behind the end of this process would be orders, too */
        End(Second);
    }
    return Seen;
}
