/*
 * faults-client.c - system services that are given pointers which they cannot read or write: each answers
 * STATUS_ACCESS_VIOLATION, whatever it had begun is undone, and nothing is left behind. A service must probe what user mode
 * gives it, and a page may go at any time. [K:probing-buffers], [DDI:wdm/probeforread], [DDI:wdm/probeforwrite].
 */
#include "leaks.h"
#include <winioctl.h>

#define VIOLATION    0xC0000005
#define FAULTS(Call) EXPECT_EQ((ULONG)(Call), VIOLATION)

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    int, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                          PLARGE_INTEGER, ULONG, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI NtUnlockFile(HANDLE, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER, ULONG);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES, PVOID);
NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES, PVOID);
NTSTATUS NTAPI NtDeleteFile(POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG,
                                    ULONG, ULONG, PLARGE_INTEGER);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID,
                                           ULONG, ULONG, BOOLEAN);
NTSTATUS NTAPI NtCancelIoFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ULONG, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtSetEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtResetEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtPulseEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtQueryEvent(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtCreateMutant(PHANDLE, ULONG, POBJECT_ATTRIBUTES, BOOLEAN);
NTSTATUS NTAPI NtReleaseMutant(HANDLE, PLONG);
NTSTATUS NTAPI NtQueryMutant(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtCreateSemaphore(PHANDLE, ULONG, POBJECT_ATTRIBUTES, LONG, LONG);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE, LONG, PLONG);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtCreateTimer(PHANDLE, ULONG, POBJECT_ATTRIBUTES, int);
NTSTATUS NTAPI NtSetTimer(HANDLE, PLARGE_INTEGER, PVOID, PVOID, BOOLEAN, LONG, PBOOLEAN);
NTSTATUS NTAPI NtCancelTimer(HANDLE, PBOOLEAN);
NTSTATUS NTAPI NtQueryTimer(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG, HANDLE *, int, BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE, ULONG, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE, PVOID, PVOID, NTSTATUS, ULONG_PTR);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE, PVOID *, PVOID *, PIO_STATUS_BLOCK, PLARGE_INTEGER);
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PUNICODE_STRING);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ULONG, ULONG, ULONG);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE, ULONG, PVOID);
NTSTATUS NTAPI NtCreateKey(PHANDLE, ULONG, POBJECT_ATTRIBUTES, ULONG, PUNICODE_STRING, ULONG,
                           PULONG);
NTSTATUS NTAPI NtOpenKey(PHANDLE, ULONG, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, PUNICODE_STRING, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, PUNICODE_STRING);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryKey(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtCreateSection(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG,
                               HANDLE);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER,
                                  PSIZE_T, int, ULONG, ULONG);
NTSTATUS NTAPI NtQuerySection(HANDLE, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE, PVOID, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtOpenProcess(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PVOID);
NTSTATUS NTAPI NtOpenThread(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PVOID);
NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ULONG, PHANDLE);
NTSTATUS NTAPI NtDuplicateToken(HANDLE, ULONG, POBJECT_ATTRIBUTES, BOOLEAN, int, PHANDLE);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSuspendThread(HANDLE, PULONG);
NTSTATUS NTAPI NtResumeThread(HANDLE, PULONG);
NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER, PLARGE_INTEGER);

static WCHAR Text[] = L"\\??\\C:\\Windows\\Temp\\faults.txt";
static UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text), Text};
static OBJECT_ATTRIBUTES Named = {.Length = sizeof(Named), .ObjectName = &Name, .Attributes = 0x40};
static OBJECT_ATTRIBUTES Plain = {.Length = sizeof(Plain)};
static ULONG64 Buffer[64];
static IO_STATUS_BLOCK Iosb;
static ULONG Length;

/* The attributes may be bad, their name, and the name's text. */
static void
Attributes(void *Bad)
{
    OBJECT_ATTRIBUTES NoName = Named, NoText = Named, NoSecurity = Plain;
    UNICODE_STRING Far = {8, 8, Bad};
    HANDLE Handle = NULL;
    LARGE_INTEGER Size = {.QuadPart = 0x1000};

    NoName.ObjectName = Bad;
    NoText.ObjectName = &Far;
    NoSecurity.SecurityDescriptor = Bad;
    FAULTS(NtOpenEvent(&Handle, 1, Bad));
    FAULTS(NtOpenEvent(&Handle, 1, &NoName));
    FAULTS(NtOpenEvent(&Handle, 1, &NoText));
    FAULTS(NtCreateEvent(&Handle, 1, &NoSecurity, 0, FALSE));
    FAULTS(NtCreateFile(&Handle, 1, Bad, &Iosb, NULL, 0, 7, 1, 0, NULL, 0));
    FAULTS(NtCreateFile(&Handle, 1, &NoText, &Iosb, NULL, 0, 7, 1, 0, NULL, 0));
    FAULTS(NtOpenKey(&Handle, 1, Bad));
    FAULTS(NtOpenKey(&Handle, 1, &NoText));
    FAULTS(NtQueryAttributesFile(Bad, Buffer));
    FAULTS(NtQueryAttributesFile(&NoText, Buffer));
    FAULTS(NtDeleteFile(&NoText));
    FAULTS(NtOpenDirectoryObject(&Handle, 1, &NoName));
    FAULTS(NtCreateSection(&Handle, 0xF001F, Bad, &Size, 4, 0x8000000, NULL));
    EXPECT(Handle == NULL);
}

/* Where a new handle is to go: the object is made, and gone. */
static void
NewHandles(void *Bad)
{
    LARGE_INTEGER Size = {.QuadPart = 0x1000};
    CLIENT_ID Id = {(HANDLE)(ULONG_PTR)GetCurrentProcessId(),
                    (HANDLE)(ULONG_PTR)GetCurrentThreadId()};
    UNICODE_STRING Target = {8, 8, Text};
    HANDLE Token;

    FAULTS(NtCreateEvent(Bad, 1, &Plain, 0, FALSE));
    FAULTS(NtCreateMutant(Bad, 1, NULL, FALSE));
    FAULTS(NtCreateSemaphore(Bad, 1, NULL, 0, 1));
    FAULTS(NtCreateTimer(Bad, 1, NULL, 0));
    FAULTS(NtCreateIoCompletion(Bad, 1, NULL, 0));
    FAULTS(NtCreateSection(Bad, 0xF001F, NULL, &Size, 4, 0x8000000, NULL));
    FAULTS(NtCreateDirectoryObject(Bad, 1, &Plain));
    FAULTS(NtCreateSymbolicLinkObject(Bad, 1, &Plain, &Target));
    FAULTS(NtCreateFile(Bad, 0x80100000, &Named, &Iosb, NULL, 0, 7, 3, 0x20, NULL, 0));
    FAULTS(NtDuplicateObject((HANDLE)-1, (HANDLE)-1, (HANDLE)-1, Bad, 0, 0, 2));
    FAULTS(NtOpenProcess(Bad, 0x400, &Plain, &Id));
    FAULTS(NtOpenThread(Bad, 0x40, &Plain, &Id));
    FAULTS(NtOpenProcessToken((HANDLE)-1, 8, Bad));
    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, 0xA, &Token), 0);
    FAULTS(NtDuplicateToken(Token, 8, &Plain, FALSE, 1, Bad));
    FAULTS(NtQueryInformationToken(Token, TokenUser, Bad, 512, &Length));
    FAULTS(NtQueryInformationToken(Token, TokenUser, Buffer, sizeof(Buffer), Bad));
    CloseHandle(Token);
    FAULTS(NtOpenProcess((PHANDLE)Buffer, 0x400, &Plain, Bad));
}

static void
Files(void *Bad)
{
    LARGE_INTEGER Zero = {.QuadPart = 0}, One = {.QuadPart = 1};
    HANDLE Folder = CreateFileA("C:\\Windows", FILE_LIST_DIRECTORY | SYNCHRONIZE, 7, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    HANDLE File = CreateFileA("C:\\Windows\\Temp\\faults.txt", GENERIC_READ | GENERIC_WRITE, 7,
                              NULL, CREATE_ALWAYS, 0, NULL);
    UNICODE_STRING Far = {8, 8, Bad};
    HANDLE Slot = NULL;
    NTSTATUS Status;

    EXPECT_EQ(NtWriteFile(File, NULL, NULL, NULL, &Iosb, "12345678", 8, &Zero, NULL), 0);
    FAULTS(NtReadFile(File, NULL, NULL, NULL, Bad, Buffer, 8, &Zero, NULL));
    FAULTS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Bad, 8, &Zero, NULL));
    FAULTS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Buffer, 8, Bad, NULL));
    FAULTS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Buffer, 8, &Zero, Bad));
    FAULTS(NtWriteFile(File, NULL, NULL, NULL, Bad, Buffer, 8, &Zero, NULL));
    Status = NtWriteFile(File, NULL, NULL, NULL, &Iosb, Bad, 8, &Zero, NULL);
    EXPECT((ULONG)Status == VIOLATION ||
           (ULONG)Status == 0xC00000E8); /* STATUS_INVALID_USER_BUFFER */
    FAULTS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, Buffer, 8, Bad, NULL));
    FAULTS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, Buffer, 8, &Zero, Bad));
    FAULTS(NtQueryInformationFile(File, Bad, Buffer, 40, 4));
    FAULTS(NtQueryInformationFile(File, &Iosb, Bad, 40, 4));
    FAULTS(NtSetInformationFile(File, Bad, Buffer, 8, 14));
    FAULTS(NtSetInformationFile(File, &Iosb, Bad, 8, 14));
    FAULTS(NtSetInformationFile(File, &Iosb, Bad, 8, 20));
    FAULTS(NtQueryVolumeInformationFile(File, Bad, Buffer, 24, 3));
    FAULTS(NtQueryVolumeInformationFile(File, &Iosb, Bad, 24, 3));
    FAULTS(NtQueryDirectoryFile(Folder, NULL, NULL, NULL, Bad, Buffer, 512, 1, FALSE, NULL, TRUE));
    FAULTS(NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Bad, 512, 1, FALSE, NULL, TRUE));
    FAULTS(NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer, 512, 1, FALSE, Bad, TRUE));
    FAULTS(
        NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer, 512, 1, FALSE, &Far, TRUE));
    FAULTS(NtNotifyChangeDirectoryFile(Folder, NULL, NULL, NULL, Bad, Buffer, 512, 1, FALSE));
    FAULTS(NtNotifyChangeDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Bad, 512, 1, FALSE));
    FAULTS(NtLockFile(File, NULL, NULL, NULL, Bad, &Zero, &One, 0, TRUE, TRUE));
    FAULTS(NtLockFile(File, NULL, NULL, NULL, &Iosb, Bad, &One, 0, TRUE, TRUE));
    FAULTS(NtLockFile(File, NULL, NULL, NULL, &Iosb, &Zero, Bad, 0, TRUE, TRUE));
    FAULTS(NtUnlockFile(File, Bad, &Zero, &One, 0));
    FAULTS(NtUnlockFile(File, &Iosb, Bad, &One, 0));
    FAULTS(NtUnlockFile(File, &Iosb, &Zero, Bad, 0));
    FAULTS(NtFlushBuffersFile(File, Bad));
    FAULTS(NtCancelIoFile(File, Bad));
    FAULTS(NtDeviceIoControlFile(File, NULL, NULL, NULL, Bad, 0x222000, NULL, 0, NULL, 0));
    FAULTS(NtDeviceIoControlFile(File, NULL, NULL, NULL, &Iosb, 0x222000, Bad, 8, NULL, 0));
    FAULTS(NtDeviceIoControlFile(File, NULL, NULL, NULL, &Iosb, 0x222000, NULL, 0, Bad, 8));
    FAULTS(NtQueryAttributesFile(&Named, Bad));
    FAULTS(NtQueryFullAttributesFile(&Named, Bad));
    FAULTS(NtCreateMailslotFile(&Slot, 0xC0100000, &Named, &Iosb, 0, 0, 0, Bad));
    CloseHandle(File);
    CloseHandle(Folder);
    DeleteFileA("C:\\Windows\\Temp\\faults.txt");
}

static void
Synchronization(void *Bad)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL), Mutex = CreateMutexA(NULL, TRUE, NULL);
    HANDLE Semaphore = CreateSemaphoreA(NULL, 0, 9, NULL);
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    HANDLE Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    LARGE_INTEGER Zero = {.QuadPart = 0}, Due = {.QuadPart = -10000000};
    PVOID Key, Context;

    FAULTS(NtSetEvent(Event, Bad));
    FAULTS(NtResetEvent(Event, Bad));
    FAULTS(NtPulseEvent(Event, Bad));
    FAULTS(NtQueryEvent(Event, 0, Bad, 8, NULL));
    FAULTS(NtQueryEvent(Event, 0, Buffer, 8, Bad));
    FAULTS(NtReleaseMutant(Mutex, Bad));
    FAULTS(NtQueryMutant(Mutex, 0, Bad, 8, NULL));
    FAULTS(NtReleaseSemaphore(Semaphore, 1, Bad));
    FAULTS(NtQuerySemaphore(Semaphore, 0, Bad, 8, NULL));
    FAULTS(NtSetTimer(Timer, Bad, NULL, NULL, FALSE, 0, NULL));
    FAULTS(NtSetTimer(Timer, &Due, NULL, NULL, FALSE, 0, Bad));
    FAULTS(NtCancelTimer(Timer, Bad));
    FAULTS(NtQueryTimer(Timer, 0, Bad, 16, NULL));
    FAULTS(NtWaitForSingleObject(Event, FALSE, Bad));
    FAULTS(NtWaitForMultipleObjects(2, Bad, 1, FALSE, &Zero));
    FAULTS(NtDelayExecution(FALSE, Bad));
    EXPECT_EQ(NtSetIoCompletion(Port, (PVOID)1, (PVOID)2, 0, 0), 0);
    FAULTS(NtRemoveIoCompletion(Port, Bad, &Context, &Iosb, &Zero));
    NtRemoveIoCompletion(Port, &Key, &Context, &Iosb, &Zero);
    FAULTS(NtRemoveIoCompletion(Port, &Key, &Context, &Iosb, Bad));
    FAULTS(NtQueryPerformanceCounter(Bad, NULL));
    FAULTS(NtQuerySystemTime(Bad));
    CloseHandle(Event);
    CloseHandle(Mutex);
    CloseHandle(Semaphore);
    CloseHandle(Timer);
    CloseHandle(Port);
}

static void
Namespace(void *Bad)
{
    static WCHAR Root[] = L"\\", Links[] = L"\\??\\C:";
    UNICODE_STRING RootName = {2, 4, Root}, LinkName = {12, 14, Links}, Far = {0, 64, Bad};
    OBJECT_ATTRIBUTES At = {.Length = sizeof(At), .ObjectName = &RootName, .Attributes = 0x40};
    HANDLE Directory = NULL, Link = NULL, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    ULONG Context = 0;

    EXPECT_EQ(NtOpenDirectoryObject(&Directory, 1, &At), 0);
    FAULTS(NtQueryDirectoryObject(Directory, Bad, 512, TRUE, TRUE, &Context, &Length));
    FAULTS(NtQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), TRUE, TRUE, Bad, &Length));
    At.ObjectName = &LinkName;
    EXPECT_EQ(NtOpenSymbolicLinkObject(&Link, 1, &At), 0);
    FAULTS(NtQuerySymbolicLinkObject(Link, Bad, NULL));
    FAULTS(NtQuerySymbolicLinkObject(Link, &Far, NULL));
    FAULTS(NtQueryObject(Event, 0, Bad, 56, NULL));
    FAULTS(NtQueryObject(Event, 0, Buffer, 56, Bad));
    FAULTS(NtQueryObject(Event, 2, Bad, 512, NULL));
    FAULTS(NtQuerySecurityObject(Event, 4, Bad, 512, &Length));
    FAULTS(NtQuerySecurityObject(Event, 4, Buffer, sizeof(Buffer), Bad));
    FAULTS(NtSetSecurityObject(Event, 4, Bad));
    CloseHandle(Event);
    CloseHandle(Link);
    CloseHandle(Directory);
}

static void
Registry(void *Bad)
{
    HKEY Key;
    UNICODE_STRING Value = {2, 4, (PWSTR)L"v"}, Far = {8, 8, Bad};
    HANDLE Handle = NULL, Other = NULL;
    UNICODE_STRING Empty = {0, 0, NULL};
    OBJECT_ATTRIBUTES Itself = {.Length = sizeof(Itself), .ObjectName = &Empty, .Attributes = 0x40};
    OBJECT_ATTRIBUTES Below = {.Length = sizeof(Below), .ObjectName = &Value, .Attributes = 0x40};

    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "Software\\Faults", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key,
                    NULL);
    Handle = Itself.RootDirectory = Below.RootDirectory = (HANDLE)Key;
    EXPECT_EQ(NtSetValueKey(Handle, &Value, 0, REG_DWORD, Buffer, 4), 0);
    FAULTS(NtSetValueKey(Handle, Bad, 0, REG_DWORD, Buffer, 4));
    FAULTS(NtSetValueKey(Handle, &Far, 0, REG_DWORD, Buffer, 4));
    FAULTS(NtSetValueKey(Handle, &Value, 0, REG_DWORD, Bad, 4));
    FAULTS(NtQueryValueKey(Handle, &Far, 2, Buffer, sizeof(Buffer), &Length));
    FAULTS(NtQueryValueKey(Handle, &Value, 2, Bad, sizeof(Buffer), &Length));
    FAULTS(NtQueryValueKey(Handle, &Value, 2, Buffer, sizeof(Buffer), Bad));
    FAULTS(NtDeleteValueKey(Handle, &Far));
    FAULTS(NtEnumerateValueKey(Handle, 0, 0, Bad, sizeof(Buffer), &Length));
    FAULTS(NtEnumerateValueKey(Handle, 0, 0, Buffer, sizeof(Buffer), Bad));
    FAULTS(NtQueryKey(Handle, 2, Bad, sizeof(Buffer), &Length));
    FAULTS(NtQueryKey(Handle, 2, Buffer, sizeof(Buffer), Bad));
    FAULTS(NtOpenKey(Bad, KEY_READ, &Itself));
    FAULTS(NtCreateKey(&Other, KEY_READ, &Below, 0, &Far, 0, NULL));
    RegDeleteValueA(Key, "v");
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, "Software\\Faults");
    RegCloseKey(Key);
}

static void
Memory(void *Bad)
{
    PVOID Base = NULL, Block = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    SIZE_T Size = 0x1000, Done;
    LARGE_INTEGER Whole = {.QuadPart = 0x1000};
    HANDLE Section = NULL;
    ULONG Old;

    FAULTS(NtAllocateVirtualMemory((HANDLE)-1, Bad, 0, &Size, 0x1000, 4));
    FAULTS(NtAllocateVirtualMemory((HANDLE)-1, &Base, 0, Bad, 0x1000, 4));
    FAULTS(NtFreeVirtualMemory((HANDLE)-1, Bad, &Size, 0x8000));
    FAULTS(NtFreeVirtualMemory((HANDLE)-1, &Block, Bad, 0x8000));
    FAULTS(NtProtectVirtualMemory((HANDLE)-1, Bad, &Size, 2, &Old));
    FAULTS(NtProtectVirtualMemory((HANDLE)-1, &Block, &Size, 2, Bad));
    FAULTS(NtQueryVirtualMemory((HANDLE)-1, Block, 0, Bad, 48, NULL));
    FAULTS(NtReadVirtualMemory((HANDLE)-1, Block, Bad, 8, NULL));
    FAULTS(NtReadVirtualMemory((HANDLE)-1, Block, Buffer, 8, Bad));
    FAULTS(NtWriteVirtualMemory((HANDLE)-1, Block, Buffer, 8, Bad));
    EXPECT_EQ(NtCreateSection(&Section, 0xF001F, NULL, &Whole, 4, 0x8000000, NULL), 0);
    FAULTS(NtMapViewOfSection(Section, (HANDLE)-1, Bad, 0, 0, NULL, &Done, 1, 0, 4));
    Done = 0;
    FAULTS(NtMapViewOfSection(Section, (HANDLE)-1, &Base, 0, 0, Bad, &Done, 1, 0, 4));
    FAULTS(NtMapViewOfSection(Section, (HANDLE)-1, &Base, 0, 0, NULL, Bad, 1, 0, 4));
    FAULTS(NtQuerySection(Section, 0, Bad, 24, NULL));
    FAULTS(NtCreateSection(&Section, 0xF001F, NULL, Bad, 4, 0x8000000, NULL));
    EXPECT(Base == NULL);
    CloseHandle(Section);
    VirtualFree(Block, 0, MEM_RELEASE);
}

static void
Processes(void *Bad)
{
    FAULTS(NtQueryInformationProcess((HANDLE)-1, 0, Bad, 48, NULL));
    FAULTS(NtQueryInformationProcess((HANDLE)-1, 0, Buffer, 48, Bad));
    FAULTS(NtQueryInformationThread((HANDLE)-2, 0, Bad, 48, NULL));
    FAULTS(NtQueryInformationThread((HANDLE)-2, 0, Buffer, 48, Bad));
    FAULTS(NtQuerySystemInformation(0, Bad, 64, NULL));
    FAULTS(NtQuerySystemInformation(0, Buffer, 64, Bad));
    FAULTS(NtQuerySystemInformation(5, Bad, 0x40000, NULL));
}

static void
Round(void)
{
    void *Bad[] = {(void *)0x400080000000ull, (void *)0x10ull}; /* the kernel's; nobody's */

    for (int i = 0; i < 2; i++) {
        Attributes(Bad[i]);
        NewHandles(Bad[i]);
        Files(Bad[i]);
        Synchronization(Bad[i]);
        Namespace(Bad[i]);
        Registry(Bad[i]);
        Memory(Bad[i]);
        Processes(Bad[i]);
    }
}

int
main(void)
{
    Round();
    Look(0);
    Round();
    Look(1);
    CompareObjects();
    ComparePool();
    TEST_DONE();
    return NtlabFailed != 0;
}
