/*
 * names.c - names of objects in a session, and what user mode may say wrongly about objects, memory and processes.
 *
 * [Win32:x] a page of the Win32 API   [NT:x] a page of the kernel's routines   [policy] "System objects: Require case
 * insensitivity for non-Windows subsystems"
 */
#include <winternl.h>
#include "../../nt/ntlab-client.h"
#include <tlhelp32.h>
#include <wchar.h>

NTSTATUS NTAPI NtOpenMutant(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtCreateMutant(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG, PHANDLE, ULONG, BOOLEAN, PLARGE_INTEGER);

#define ACCESS_FAULT  ((NTSTATUS)0xC0000005)
#define BAD_PARAMETER ((NTSTATUS)0xC000000D)
#define DENIED        ((NTSTATUS)0xC0000022)
#define NAME_INVALID  ((NTSTATUS)0xC0000033)
#define NAME_NOTFOUND ((NTSTATUS)0xC0000034)
#define PATH_NOTFOUND ((NTSTATUS)0xC000003A)
#define PATH_SYNTAX   ((NTSTATUS)0xC000003B)
#define TYPE_MISMATCH ((NTSTATUS)0xC0000024)
#define MISALIGNED    ((NTSTATUS)0x80000002)

static UNICODE_STRING Text;

static POBJECT_ATTRIBUTES
Named(PCWSTR Name, ULONG Flags, HANDLE Root)
{
    static OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Text, Name);
    InitializeObjectAttributes(&Attributes, &Text, Flags, Root, NULL);
    return &Attributes;
}

static BOOL
Exists(PCWSTR Name)
{
    HANDLE Event = OpenEventW(SYNCHRONIZE, FALSE, Name);

    if (Event != NULL) {
        CloseHandle(Event);
    }
    return Event != NULL;
}

/* [Win32:termserv/kernel-object-namespaces] */
static void
Sessions(void)
{
    HANDLE Event = CreateEventW(NULL, TRUE, FALSE, L"ntlab-session");
    HANDLE Global = CreateEventW(NULL, TRUE, FALSE, L"Global\\ntlab-everywhere");
    DWORD Session = 99;
    WCHAR Path[80];
    HANDLE Handle;

    EXPECT(ProcessIdToSessionId(GetCurrentProcessId(), &Session));
    EXPECT(Session < 2);
    /* Each session has a namespace of its own; "Local\" names it, "Global\" the global one. */
    EXPECT(Exists(L"ntlab-session"));
    EXPECT(Exists(L"Local\\ntlab-session"));
    EXPECT(Exists(L"Global\\ntlab-everywhere"));
    EXPECT_EQ(Exists(L"Global\\ntlab-session"), Session == 0);
    EXPECT_EQ(Exists(L"ntlab-everywhere"), Session == 0);
    _snwprintf(Path, 80, L"Session\\%u\\ntlab-session", Session);
    EXPECT(Exists(Path));
    EXPECT_EQ(
        NtOpenMutant(&Handle, SYNCHRONIZE, Named(L"\\BaseNamedObjects\\ntlab-everywhere", 0, NULL)),
        TYPE_MISMATCH);
    /* [Win32:synchapi/nf-synchapi-createeventw] name comparison is case sensitive */
    EXPECT(!Exists(L"NTLAB-session"));
    CloseHandle(Event);
    CloseHandle(Global);
}

/* [policy] [NT:OBJECT_ATTRIBUTES] */
static void
Case(void)
{
    HANDLE Lower, Upper, Found, Directory;
    LONG Count;

    EXPECT_EQ(NtCreateMutant(&Lower, MUTEX_ALL_ACCESS,
                             Named(L"\\BaseNamedObjects\\ntlab-case", 0, NULL), FALSE),
              0);
    EXPECT_EQ(NtOpenMutant(&Found, SYNCHRONIZE, Named(L"\\BaseNamedObjects\\NTLAB-CASE", 0, NULL)),
              NAME_NOTFOUND);
    EXPECT_EQ(NtOpenMutant(&Found, SYNCHRONIZE, Named(L"\\BASENAMEDOBJECTS\\ntlab-case", 0, NULL)),
              PATH_NOTFOUND);
    EXPECT_EQ(NtOpenMutant(&Found, SYNCHRONIZE,
                           Named(L"\\BASENAMEDOBJECTS\\NTLAB-CASE", OBJ_CASE_INSENSITIVE, NULL)),
              0);
    CloseHandle(Found);
    EXPECT_EQ(NtCreateMutant(&Upper, MUTEX_ALL_ACCESS,
                             Named(L"\\BaseNamedObjects\\NTLAB-CASE", 0, NULL), TRUE),
              0);
    EXPECT_EQ(NtOpenMutant(&Found, SYNCHRONIZE, Named(L"\\BaseNamedObjects\\ntlab-case", 0, NULL)),
              0);
    EXPECT_EQ(WaitForSingleObject(Found, 0), WAIT_OBJECT_0); /* the first one, which nobody owned */
    ReleaseMutex(Found);
    CloseHandle(Found);
    CloseHandle(Upper);
    CloseHandle(Lower);
    /* directories are found without case */
    EXPECT_EQ(NtOpenDirectoryObject(&Directory, 1, Named(L"\\BASENAMEDOBJECTS", 0, NULL)), 0);
    CloseHandle(Directory);
}

static NTSTATUS
Create(POBJECT_ATTRIBUTES Attributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = NtCreateMutant(&Handle, MUTEX_ALL_ACCESS, Attributes, FALSE);

    if (Handle != NULL && Status >= 0) {
        CloseHandle(Handle);
    }
    return Status;
}

static NTSTATUS
Open(POBJECT_ATTRIBUTES Attributes)
{
    HANDLE Handle = (HANDLE)(ULONG_PTR)0xdead;
    NTSTATUS Status = NtOpenMutant(&Handle, MUTEX_ALL_ACCESS, Attributes);

    EXPECT(Status >= 0 || Handle == NULL); /* nothing stays in it that looks like a handle */
    if (Status >= 0) {
        CloseHandle(Handle);
    }
    return Status;
}

/* [NT:UNICODE_STRING, OBJECT_ATTRIBUTES] */
static void
BadNames(void)
{
    OBJECT_ATTRIBUTES Attributes, Rooted;
    UNICODE_STRING Name;
    PWSTR Long = malloc(65536);
    HANDLE Directory, Mutant;

    EXPECT_EQ(NtOpenDirectoryObject(&Directory, 0xF, Named(L"\\BaseNamedObjects", 0, NULL)), 0);
    for (int i = 0; i < 32768; i++) {
        Long[i] = L'a';
    }
    Name.Buffer = Long;
    Name.MaximumLength = 65534;
    InitializeObjectAttributes(&Rooted, &Name, 0, Directory, NULL);
    Name.Length = 65532; /* the longest */
    EXPECT_EQ(Create(&Rooted), 0);
    EXPECT_EQ(Open(&Rooted), NAME_NOTFOUND);
    Name.Length = 65534;
    EXPECT_EQ(Create(&Rooted), NAME_INVALID);
    EXPECT_EQ(Open(&Rooted), NAME_INVALID);
    Name.Length = 67; /* half a character */
    EXPECT_EQ(Create(&Rooted), NAME_INVALID);
    EXPECT_EQ(Open(&Rooted), NAME_INVALID);
    Name.Length = 0;
    EXPECT_EQ(Create(&Rooted), 0);           /* one without a name */
    EXPECT_EQ(Open(&Rooted), TYPE_MISMATCH); /* the directory */
    Rooted.ObjectName = NULL;
    EXPECT_EQ(Create(&Rooted), NAME_INVALID);
    EXPECT_EQ(Open(&Rooted), NAME_INVALID);
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    EXPECT_EQ(Create(&Attributes), 0);
    EXPECT_EQ(Open(&Attributes), PATH_SYNTAX);
    EXPECT_EQ(Open(NULL), BAD_PARAMETER);
    Attributes.ObjectName =
        (PUNICODE_STRING)(ULONG_PTR)0xdeadbeef; /* nobody's memory, and at no border: read byte by byte */
    EXPECT_EQ(Create(&Attributes), ACCESS_FAULT);
    EXPECT_EQ(Open(&Attributes), ACCESS_FAULT);
    Attributes.ObjectName = &Name;
    Name.Buffer = (PWSTR)(ULONG_PTR)0xdeadbeef;
    Name.Length = 4;
    EXPECT_EQ(Create(&Attributes), MISALIGNED);
    Name.Buffer = (PWSTR)(ULONG_PTR)0xdeadbee0;
    EXPECT_EQ(Create(&Attributes), ACCESS_FAULT);
    Name.Length = 0;
    Attributes.Length--;
    EXPECT_EQ(Create(&Attributes), BAD_PARAMETER);
    /* what is no directory has nothing below it */
    EXPECT_EQ(NtCreateMutant(&Mutant, MUTEX_ALL_ACCESS, NULL, FALSE), 0);
    EXPECT_EQ(Open(Named(L"x", 0, Mutant)), TYPE_MISMATCH);
    CloseHandle(Mutant);
    /* a file of the longest name that the object manager takes: an error, no crash */
    memcpy(Long, L"\\Device\\NamedPipe\\", 18 * sizeof(WCHAR));
    Name.Buffer = Long;
    Name.Length = 65532;
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    {
        IO_STATUS_BLOCK Iosb;
        HANDLE File;

        EXPECT(NtOpenFile(&File, GENERIC_READ | SYNCHRONIZE, &Attributes, &Iosb, 0, 0) < 0);
    }
    CloseHandle(Directory);
    free(Long);
}

/* [Win32:synchapi/nf-synchapi-openmutexw, nf-synchapi-signalobjectandwait, nf-synchapi-waitformultipleobjects] */
static void
Handles(void)
{
    HANDLE Mutex = CreateMutexW(NULL, FALSE, L"ntlab-mutex"), Own[1] = {GetCurrentProcess()};
    HANDLE Event = CreateEventW(NULL, FALSE, FALSE, NULL), Poor;
    HANDLE File = CreateFileW(L"C:\\ntlab-names.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);

    /* no right asked for is none granted */
    EXPECT(OpenMutexW(0, FALSE, L"ntlab-mutex") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    /* the object to signal is an event, a mutex or a semaphore */
    EXPECT_EQ(SignalObjectAndWait(File, Event, 0, FALSE), WAIT_FAILED);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_HANDLE);
    /* an event needs EVENT_MODIFY_STATE for it */
    EXPECT(DuplicateHandle(GetCurrentProcess(), Event, GetCurrentProcess(), &Poor, SYNCHRONIZE,
                           FALSE, 0));
    EXPECT_EQ(SignalObjectAndWait(Poor, Event, 0, FALSE), WAIT_FAILED);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT_EQ(SignalObjectAndWait(Event, Event, 0, FALSE), WAIT_OBJECT_0);
    /* pseudo handles are no handles to several objects */
    EXPECT_EQ(WaitForSingleObject(Own[0], 0), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForMultipleObjects(1, Own, FALSE, 0), WAIT_FAILED);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_HANDLE);
    CloseHandle(Poor);
    CloseHandle(File);
    CloseHandle(Event);
    CloseHandle(Mutex);
}

static PVOID OnceSeen;

static BOOL CALLBACK
Initialize(PINIT_ONCE Once, PVOID Parameter, PVOID *Context)
{
    OnceSeen = *Context;
    *Context = Parameter;
    return TRUE;
}

static int Ticks;

static VOID CALLBACK
Tick(PVOID Queue, BOOLEAN Fired)
{
    Ticks++;
}

/* [Win32:synchapi/nf-synchapi-initonceexecuteonce, nf-synchapi-initoncecomplete; threadpoollegacyapiset/nf-...-changetimerqueuetimer] */
static void
OnceAndTimers(void)
{
    INIT_ONCE Once = INIT_ONCE_STATIC_INIT;
    PVOID Context = (PVOID)(ULONG_PTR)0x1230;
    BOOL Pending;
    HANDLE Timer;

    EXPECT(InitOnceExecuteOnce(&Once, Initialize, (PVOID)(ULONG_PTR)0x4560, &Context));
    EXPECT_EQ(OnceSeen, 0x1230); /* the caller's variable is what the callback gets */
    EXPECT_EQ(Context, 0x4560);
    InitOnceInitialize(&Once);
    EXPECT(InitOnceBeginInitialize(&Once, INIT_ONCE_ASYNC, &Pending, &Context) && Pending);
    EXPECT(
        !InitOnceComplete(&Once, INIT_ONCE_INIT_FAILED, NULL)); /* not with the asynchronous kind */
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(InitOnceComplete(&Once, INIT_ONCE_ASYNC, NULL));
    /* a timer for once that has expired is not updated */
    EXPECT(CreateTimerQueueTimer(&Timer, NULL, Tick, NULL, 10, 0, 0));
    Sleep(50);
    EXPECT(ChangeTimerQueueTimer(NULL, Timer, 10, 10));
    Sleep(100);
    EXPECT_EQ(Ticks, 1);
    EXPECT(DeleteTimerQueueTimer(NULL, Timer, INVALID_HANDLE_VALUE));
}

/* [Win32:memoryapi/nf-memoryapi-virtualprotect, nf-memoryapi-virtualalloc, nf-memoryapi-writeprocessmemory] */
static void
Views(void)
{
    HANDLE File = CreateFileW(L"C:\\ntlab-view.bin", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    HANDLE Section, Reserved;
    PUCHAR View, Memory = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE), Copy;
    LARGE_INTEGER Size = {.QuadPart = 0x3452};
    SIZE_T Done = 99;
    DWORD Old;

    SetFilePointerEx(File, Size, NULL, FILE_BEGIN);
    SetEndOfFile(File);
    Section = CreateFileMappingW(File, NULL, PAGE_READWRITE, 0, 0, NULL);
    /* more than the section */
    EXPECT(MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0x3453) == NULL);
    View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0x3452);
    EXPECT(View != NULL);
    /* the access of a view of a file cannot become more than it was mapped with */
    EXPECT(!VirtualProtect(View, 0x1000, PAGE_READWRITE, &Old));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!VirtualProtect(View, 0x1000, PAGE_EXECUTE_READ, &Old));
    EXPECT(VirtualProtect(View, 0x1000, PAGE_NOACCESS, &Old));
    EXPECT(VirtualProtect(View, 0x1000, PAGE_READONLY, &Old));
    /* all of it is committed */
    EXPECT(VirtualAlloc(View, 0x1000, MEM_COMMIT, PAGE_READONLY) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    UnmapViewOfFile(View);
    CloseHandle(Section);
    CloseHandle(File);
    /* SEC_RESERVE and SEC_COMMIT exclude each other */
    EXPECT(CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE | SEC_COMMIT,
                              0, 0x1000, NULL) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    Reserved = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                  0x20000, NULL);
    View = MapViewOfFile(Reserved, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(VirtualAlloc(View, 0x1000, MEM_COMMIT, PAGE_EXECUTE_READ) ==
           NULL); /* more than the view's */
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(VirtualAlloc(View, 0x1000, MEM_COMMIT, PAGE_READWRITE) == View);
    View[0] = 1;
    UnmapViewOfFile(View);
    CloseHandle(Reserved);
    /* of memory that cannot be read nothing is written */
    Copy = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE);
    memset(Memory, 7, 0x4000);
    EXPECT(VirtualProtect(Memory + 0x2000, 0x1000, PAGE_NOACCESS, &Old));
    EXPECT(!WriteProcessMemory(GetCurrentProcess(), Copy, Memory, 0x4000, &Done));
    EXPECT_EQ(Done, 0);
    EXPECT_EQ(Copy[0], 0);
    /* MEM_RESET of what is reserved only does nothing */
    EXPECT(VirtualFree(Copy + 0x1000, 0x1000, MEM_DECOMMIT));
    EXPECT(VirtualAlloc(Copy + 0x1000, 0x1000, MEM_RESET, PAGE_NOACCESS) == Copy + 0x1000);
}

/* [Win32:processthreadsapi/nf-processthreadsapi-setthreadpriority, nf-processthreadsapi-setthreadstackguarantee] */
static void
Threads(void)
{
    static const int Priorities[] = {THREAD_PRIORITY_IDLE,         THREAD_PRIORITY_LOWEST,
                                     THREAD_PRIORITY_BELOW_NORMAL, THREAD_PRIORITY_ABOVE_NORMAL,
                                     THREAD_PRIORITY_HIGHEST,      THREAD_PRIORITY_TIME_CRITICAL,
                                     THREAD_PRIORITY_NORMAL};
    ULONG Bytes = 200;

    for (int i = 0; i < ARRAYSIZE(Priorities); i++) {
        EXPECT(SetThreadPriority(GetCurrentThread(), Priorities[i]));
        EXPECT_EQ(GetThreadPriority(GetCurrentThread()), Priorities[i]);
    }
    EXPECT(!SetThreadPriority(GetCurrentThread(), 5));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    /* what is asked for is rounded up; what was asked for before comes back; it is never made smaller */
    EXPECT(SetThreadStackGuarantee(&Bytes));
    EXPECT_EQ(Bytes, 0);
    Bytes = 10000;
    EXPECT(SetThreadStackGuarantee(&Bytes));
    EXPECT_EQ(Bytes, 0x2000);
    Bytes = 100;
    EXPECT(SetThreadStackGuarantee(&Bytes));
    EXPECT_EQ(Bytes, 0x3000);
    Bytes = 0x7FFFFFFF;
    EXPECT(!SetThreadStackGuarantee(&Bytes));
    Bytes = 0;
    EXPECT(SetThreadStackGuarantee(&Bytes));
    EXPECT_EQ(Bytes, 0x3000);
}

/* [Win32:processthreadsapi/nf-processthreadsapi-createprocessw, winbase/nf-winbase-lstrlena; procthread/process-security-and-access-rights] */
static void
Processes(PCWSTR Program)
{
    STARTUPINFOA Startup;
    STARTUPINFOW Next = {.cb = sizeof(Next)};
    PROCESS_INFORMATION Child;
    PROCESSENTRY32W Entry = {.dwSize = sizeof(Entry)};
    HANDLE Snapshot, Limited;
    WCHAR Line[MAX_PATH];
    DWORD_PTR Port = 0;
    BOOL Found = FALSE;

    GetStartupInfoA(&Startup);
    EXPECT(Startup.lpTitle != NULL && Startup.lpDesktop != NULL);
    EXPECT_EQ(lstrlenA((LPCSTR)(ULONG_PTR)0xdeadbeef), 0);
    EXPECT(lstrcpyA((LPSTR)(ULONG_PTR)0xdeadbeef, "x") == NULL);
    memset(&Child, 10, sizeof(Child));
    EXPECT(!CreateProcessW(L"C:\\no such program.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL,
                           &Next, &Child));
    EXPECT(Child.hProcess == NULL && Child.hThread == NULL && Child.dwProcessId == 0 &&
           Child.dwThreadId == 0);
    /* the list of processes has names of any length */
    wcscpy(Line, L"C:\\a-program-with-a-rather-long-name.exe");
    EXPECT(CopyFileW(Program, Line, FALSE));
    EXPECT(
        CreateProcessW(NULL, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Next, &Child));
    Snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    for (BOOL More = Process32FirstW(Snapshot, &Entry); More;
         More = Process32NextW(Snapshot, &Entry)) {
        Found |= Entry.th32ProcessID == Child.dwProcessId &&
                 wcscmp(Entry.szExeFile, L"a-program-with-a-rather-long-name.exe") == 0;
    }
    EXPECT(Found);
    CloseHandle(Snapshot);
    /* limited information does not say who debugs */
    Limited = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, Child.dwProcessId);
    EXPECT_EQ(
        NtQueryInformationProcess(Limited, 7 /* ProcessDebugPort */, &Port, sizeof(Port), NULL),
        DENIED);
    EXPECT_EQ(NtQueryInformationProcess(Child.hProcess, 7, &Port, sizeof(Port), NULL), 0);
    EXPECT(OpenProcess(0, FALSE, Child.dwProcessId) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    TerminateProcess(Child.hProcess, 0);
    CloseHandle(Limited);
    CloseHandle(Child.hProcess);
    CloseHandle(Child.hThread);
}

int
main(void)
{
    WCHAR Program[MAX_PATH];

    GetModuleFileNameW(NULL, Program, MAX_PATH);
    Sessions();
    Case();
    BadNames();
    Handles();
    OnceAndTimers();
    Views();
    Threads();
    Processes(Program);
    return TEST_DONE();
}
