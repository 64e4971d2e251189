/*
 * process.c - processes from user mode. Microsoft's documentation of CreateProcess, GetExitCodeProcess,
 * TerminateProcess, OpenProcess, DuplicateHandle, ReadProcessMemory, VirtualAllocEx, CreateFileMapping.
 */
#include "ntlab-client.h"

static char Self[MAX_PATH];

static BOOL
Start(const char *Verb, BOOL Inherit, DWORD Flags, PROCESS_INFORMATION *Child)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    char Line[MAX_PATH + 64];

    sprintf(Line, "\"%s\" %s", Self, Verb);
    return CreateProcessA(NULL, Line, NULL, NULL, Inherit, Flags, NULL, NULL, &Startup, Child);
}

static DWORD
Finish(PROCESS_INFORMATION *Child)
{
    DWORD Code = 0;

    WaitForSingleObject(Child->hProcess, INFINITE);
    GetExitCodeProcess(Child->hProcess, &Code);
    CloseHandle(Child->hProcess);
    CloseHandle(Child->hThread);
    return Code;
}

static void
ExitCodes(void)
{
    PROCESS_INFORMATION Child;
    DWORD Code = 0;

    EXPECT(Start("exit 5", FALSE, CREATE_SUSPENDED, &Child));
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == STILL_ACTIVE);
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, 10), WAIT_TIMEOUT); /* it is suspended */
    EXPECT_EQ(GetProcessId(Child.hProcess), Child.dwProcessId);
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT_EQ(Finish(&Child), 5);
}

static void
Terminated(void)
{
    PROCESS_INFORMATION Child;

    EXPECT(Start("sleep", FALSE, 0, &Child));
    EXPECT(TerminateProcess(Child.hProcess, 77));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), WAIT_OBJECT_0);
    EXPECT(!TerminateProcess(Child.hProcess, 78) &&
           GetLastError() == ERROR_ACCESS_DENIED); /* it has ended */
    EXPECT_EQ(Finish(&Child), 77);
    EXPECT(Start("sleep", FALSE, CREATE_SUSPENDED, &Child)); /* one that never ran */
    EXPECT(TerminateProcess(Child.hProcess, 79));
    EXPECT_EQ(Finish(&Child), 79);
}

static void
Crashed(void)
{
    PROCESS_INFORMATION Child;

    EXPECT(Start("crash", FALSE, 0, &Child));
    EXPECT_EQ(Finish(&Child), EXCEPTION_ACCESS_VIOLATION);
}

static void
Inheritance(void)
{
    SECURITY_ATTRIBUTES Inheritable = {sizeof(Inheritable), NULL, TRUE};
    HANDLE Event = CreateEventA(&Inheritable, TRUE, FALSE, NULL),
           Private = CreateEventA(NULL, TRUE, FALSE, NULL);
    PROCESS_INFORMATION Child;
    char Verb[64];

    sprintf(Verb, "set %llu %llu", (unsigned long long)(ULONG_PTR)Event,
            (unsigned long long)(ULONG_PTR)Private);
    EXPECT(Start(Verb, TRUE, 0, &Child));
    EXPECT_EQ(Finish(&Child), 1); /* the first handle was there, the second not */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    ResetEvent(Event);
    EXPECT(Start(Verb, FALSE, 0, &Child));
    EXPECT_EQ(Finish(&Child), 0); /* nothing is inherited */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    CloseHandle(Event);
    CloseHandle(Private);
}

static void
Duplicated(void)
{
    PROCESS_INFORMATION Child;
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL), There = NULL, Back = NULL;

    EXPECT(Start("sleep", FALSE, CREATE_SUSPENDED, &Child));
    EXPECT(DuplicateHandle(GetCurrentProcess(), Event, Child.hProcess, &There, 0, FALSE,
                           DUPLICATE_SAME_ACCESS));
    EXPECT(DuplicateHandle(Child.hProcess, There, GetCurrentProcess(), &Back, 0, FALSE,
                           DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    EXPECT(SetEvent(Back) && WaitForSingleObject(Event, 0) == WAIT_OBJECT_0);
    EXPECT(!DuplicateHandle(Child.hProcess, There, GetCurrentProcess(), &Back, 0, FALSE,
                            DUPLICATE_SAME_ACCESS) &&
           GetLastError() == ERROR_INVALID_HANDLE);
    CloseHandle(Back);
    CloseHandle(Event);
    TerminateProcess(Child.hProcess, 0);
    Finish(&Child);
}

static void
OtherMemory(void)
{
    PROCESS_INFORMATION Child;
    MEMORY_BASIC_INFORMATION Info;
    SIZE_T Done = 0;
    char Buffer[16] = {0};
    char *There;

    EXPECT(Start("sleep", FALSE, CREATE_SUSPENDED, &Child));
    There = VirtualAllocEx(Child.hProcess, NULL, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    EXPECT(There != NULL);
    EXPECT(WriteProcessMemory(Child.hProcess, There + 0xFF8, "0123456789ABCDE", 16, &Done) &&
           Done == 16);
    EXPECT(ReadProcessMemory(Child.hProcess, There + 0xFF8, Buffer, 16, &Done) && Done == 16);
    EXPECT(memcmp(Buffer, "0123456789ABCDE", 16) == 0);
    EXPECT(!ReadProcessMemory(Child.hProcess, There + 0x2FF8, Buffer, 16, &Done) &&
           GetLastError() == ERROR_PARTIAL_COPY);
    EXPECT(VirtualQueryEx(Child.hProcess, There, &Info, sizeof(Info)) == sizeof(Info) &&
           Info.RegionSize == 0x3000);
    EXPECT(VirtualFreeEx(Child.hProcess, There, 0, MEM_RELEASE));
    EXPECT(!ReadProcessMemory(Child.hProcess, There, Buffer, 16, &Done));
    TerminateProcess(Child.hProcess, 0);
    Finish(&Child);
}

static void
OpenedById(void)
{
    HANDLE Self = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());

    EXPECT(Self != NULL);
    EXPECT_EQ(GetProcessId(Self), GetCurrentProcessId());
    EXPECT(!TerminateProcess(Self, 1) && GetLastError() == ERROR_ACCESS_DENIED); /* not asked for */
    CloseHandle(Self);
    EXPECT(OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0x7FFFFFF0) == NULL &&
           GetLastError() == ERROR_INVALID_PARAMETER);
}

static void
SharedMemory(void)
{
    HANDLE Mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x10000, "ntlab-shared");
    PROCESS_INFORMATION Child;
    volatile LONG *View;

    EXPECT(Mapping != NULL);
    View = MapViewOfFile(Mapping, FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(View != NULL);
    View[3] = 0x1111;
    EXPECT(Start("share", FALSE, 0, &Child));
    EXPECT_EQ(Finish(&Child), 0x1111);
    EXPECT_EQ(View[4], 0x2222);
    EXPECT(UnmapViewOfFile((void *)View));
    CloseHandle(Mapping);
    EXPECT(OpenFileMappingA(FILE_MAP_READ, FALSE, "ntlab-shared") == NULL &&
           GetLastError() == ERROR_FILE_NOT_FOUND);
}

static int
Child(int argc, char **argv)
{
    if (strcmp(argv[1], "exit") == 0) {
        return atoi(argv[2]);
    }
    if (strcmp(argv[1], "sleep") == 0) {
        Sleep(INFINITE);
    }
    if (strcmp(argv[1], "crash") == 0) {
        *(volatile int *)8 = 1;
    }
    if (strcmp(argv[1], "set") == 0) {
        return (SetEvent((HANDLE)(ULONG_PTR)atoll(argv[2])) ? 1 : 0) |
               (SetEvent((HANDLE)(ULONG_PTR)atoll(argv[3])) ? 2 : 0);
    }
    if (strcmp(argv[1], "share") == 0) {
        HANDLE Mapping = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "ntlab-shared");
        volatile LONG *View = MapViewOfFile(Mapping, FILE_MAP_WRITE, 0, 0, 0);

        View[4] = 0x2222;
        return View[3];
    }
    return 99;
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        return Child(argc, argv);
    }
    GetModuleFileNameA(NULL, Self, sizeof(Self));
    ExitCodes();
    Terminated();
    Crashed();
    Inheritance();
    Duplicated();
    OtherMemory();
    OpenedById();
    SharedMemory();
    return TEST_DONE();
}
