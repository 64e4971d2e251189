/*
 * process.c - a child process: command line, environment, handles, exit code; modules; files as far as they are read.
 */
#include "../../nt/ntlab-client.h"
#include <stdlib.h>

static int
Child(int Count, char **Values)
{
    char Text[64] = "";

    if (strcmp(Values[1], "code") == 0) {
        return atoi(Values[2]);
    }
    if (strcmp(Values[1], "env") == 0) {
        GetEnvironmentVariableA("NTLAB_TEST", Text, sizeof(Text));
        return strcmp(Text, "a value") == 0 ? 3 : 4;
    }
    if (strcmp(Values[1], "event") == 0) {
        return SetEvent((HANDLE)(ULONG_PTR)strtoull(Values[2], NULL, 16)) ? 0 : (int)GetLastError();
    }
    if (strcmp(Values[1], "crash") == 0) {
        SetErrorMode(SEM_NOGPFAULTERRORBOX);
        *(volatile int *)8 = 1;
    }
    if (strcmp(Values[1], "wait") == 0) {
        Sleep(INFINITE);
    }
    if (strcmp(Values[1], "words") == 0) {
        return Count == 5 && strcmp(Values[2], "a b") == 0 && strcmp(Values[3], "c\"d") == 0 &&
                       strcmp(Values[4], "e\\") == 0
                   ? 5
                   : 6;
    }
    return 99;
}

static DWORD
Run(const char *Arguments, DWORD Flags, BOOL Inherit, PROCESS_INFORMATION *Kept)
{
    char Path[MAX_PATH], Command[512];
    STARTUPINFOA Startup = {sizeof(Startup)};
    PROCESS_INFORMATION Information;
    DWORD Code = ~0u;

    GetModuleFileNameA(NULL, Path, sizeof(Path));
    snprintf(Command, sizeof(Command), "\"%s\" %s", Path, Arguments);
    if (!CreateProcessA(NULL, Command, NULL, NULL, Inherit, Flags, NULL, NULL, &Startup,
                        &Information)) {
        printf("ntlab-test: note CreateProcess failed: %lu\n", GetLastError());
        return ~1u;
    }
    if (Kept != NULL) {
        *Kept = Information;
        return 0;
    }
    WaitForSingleObject(Information.hProcess, 60000);
    GetExitCodeProcess(Information.hProcess, &Code);
    CloseHandle(Information.hThread);
    CloseHandle(Information.hProcess);
    return Code;
}

static void
Processes(void)
{
    SECURITY_ATTRIBUTES Inheritable = {sizeof(Inheritable), NULL, TRUE};
    HANDLE Event = CreateEventA(&Inheritable, TRUE, FALSE, NULL),
           Private = CreateEventA(NULL, TRUE, FALSE, NULL), Copy;
    PROCESS_INFORMATION Kept;
    char Arguments[64];
    DWORD Code = 0;

    EXPECT_EQ(Run("code 17", 0, FALSE, NULL), 17);
    EXPECT_EQ(Run("words \"a b\" c\\\"d e\\", 0, FALSE, NULL), 5);
    SetEnvironmentVariableA("NTLAB_TEST", "a value");
    EXPECT_EQ(Run("env", 0, FALSE, NULL), 3);
    SetEnvironmentVariableA("NTLAB_TEST", NULL);
    EXPECT_EQ(Run("env", 0, FALSE, NULL), 4);
    snprintf(Arguments, sizeof(Arguments), "event %llx", (unsigned long long)(ULONG_PTR)Event);
    EXPECT_EQ(Run(Arguments, 0, TRUE, NULL), 0);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    snprintf(Arguments, sizeof(Arguments), "event %llx", (unsigned long long)(ULONG_PTR)Private);
    EXPECT_EQ(Run(Arguments, 0, TRUE, NULL), ERROR_INVALID_HANDLE); /* not inheritable */
    EXPECT_EQ(Run("crash", 0, FALSE, NULL), EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(Run("wait", CREATE_SUSPENDED, FALSE, &Kept), 0);
    EXPECT(GetExitCodeProcess(Kept.hProcess, &Code));
    EXPECT_EQ(Code, STILL_ACTIVE);
    EXPECT_EQ(ResumeThread(Kept.hThread), 1);
    EXPECT_EQ(WaitForSingleObject(Kept.hProcess, 20), WAIT_TIMEOUT);
    EXPECT_EQ(GetProcessId(Kept.hProcess), Kept.dwProcessId);
    EXPECT(DuplicateHandle(GetCurrentProcess(), Event, Kept.hProcess, &Copy, 0, FALSE,
                           DUPLICATE_SAME_ACCESS));
    EXPECT(TerminateProcess(Kept.hProcess, 9));
    EXPECT_EQ(WaitForSingleObject(Kept.hProcess, 60000), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Kept.hProcess, &Code));
    EXPECT_EQ(Code, 9);
    EXPECT(OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0xFFFFFFF0) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    STARTUPINFOA Startup = {sizeof(Startup)};
    EXPECT(!CreateProcessA("C:\\no\\such.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &Startup,
                           &Kept));
    EXPECT(GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND);
}

static void
Modules(void)
{
    char Path[MAX_PATH];
    HMODULE Kernel = GetModuleHandleA("KERNEL32"), Again;

    EXPECT(Kernel != NULL);
    EXPECT(GetModuleHandleA("kernel32.dll") == Kernel);
    EXPECT((PVOID)GetProcAddress(Kernel, "Sleep") == (PVOID)Sleep);
    EXPECT(GetProcAddress(Kernel, "NoSuchExport") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_PROC_NOT_FOUND);
    /* A forwarder leads to where the routine is. */
    EXPECT((PVOID)GetProcAddress(Kernel, "EnterCriticalSection") ==
           (PVOID)GetProcAddress(GetModuleHandleA("ntdll"), "RtlEnterCriticalSection"));
    Again = LoadLibraryA("kernel32");
    EXPECT(Again == Kernel);
    EXPECT(FreeLibrary(Again));
    EXPECT(LoadLibraryA("no-such-library") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_MOD_NOT_FOUND);
    EXPECT(GetModuleHandleA("no-such-library") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_MOD_NOT_FOUND);
    EXPECT(GetModuleFileNameA(Kernel, Path, sizeof(Path)) != 0);
    EXPECT(_stricmp(strrchr(Path, '\\'), "\\kernel32.dll") == 0);
    EXPECT_EQ(GetModuleFileNameA(NULL, Path, 3), 3);
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    Again = LoadLibraryA("advapi32");
    EXPECT(Again != NULL);
    EXPECT(FreeLibrary(Again));
}

static void
Files(void)
{
    char Path[MAX_PATH], Text[16], Full[MAX_PATH], *Part;
    HANDLE File, Mapping;
    LARGE_INTEGER Size;
    DWORD Read = 99;
    WIN32_FIND_DATAA Data;
    unsigned char *View;

    EXPECT(CreateFileA("C:\\no-such-file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    EXPECT(CreateFileA("C:\\no\\such\\file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_PATH_NOT_FOUND);
    EXPECT(CreateFileA("\\\\.\\NoSuchDevice", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    File = CreateFileA(Path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetFileType(File), FILE_TYPE_DISK);
    EXPECT(ReadFile(File, Text, 2, &Read, NULL));
    EXPECT_EQ(Read, 2);
    EXPECT(Text[0] == 'M' && Text[1] == 'Z');
    EXPECT(GetFileSizeEx(File, &Size));
    EXPECT(Size.QuadPart > 1000);
    EXPECT_EQ(SetFilePointer(File, 0, NULL, FILE_END), Size.LowPart);
    EXPECT(ReadFile(File, Text, 2, &Read, NULL)); /* at the end: success, nothing read */
    EXPECT_EQ(Read, 0);
    Mapping = CreateFileMappingA(File, NULL, PAGE_READONLY, 0, 0, NULL);
    EXPECT(Mapping != NULL);
    View = MapViewOfFile(Mapping, FILE_MAP_READ, 0, 0, 0);
    EXPECT(View != NULL && View[0] == 'M');
    EXPECT(View == NULL || UnmapViewOfFile(View));
    CloseHandle(Mapping);
    CloseHandle(File);
    EXPECT((GetFileAttributesA(Path) & FILE_ATTRIBUTE_DIRECTORY) == 0);
    EXPECT_EQ(GetFileAttributesA("C:\\no-such-file"), INVALID_FILE_ATTRIBUTES);
    *strrchr(Path, '\\') = 0;
    EXPECT((GetFileAttributesA(Path) & FILE_ATTRIBUTE_DIRECTORY) != 0);
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    File = FindFirstFileA(Path, &Data); /* a name without wildcards finds itself */
    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT(_stricmp(Data.cFileName, strrchr(Path, '\\') + 1) == 0);
    EXPECT(!FindNextFileA(File, &Data));
    EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
    EXPECT(FindClose(File));
    {
        char Name[MAX_PATH];
        BOOL Found = FALSE, More;

        strcpy(Name, strrchr(Path, '\\') + 1);
        strcpy(strrchr(Path, '\\') + 1, "*.exe");
        File = FindFirstFileA(Path, &Data);
        for (More = File != INVALID_HANDLE_VALUE; More; More = FindNextFileA(File, &Data)) {
            Found = Found || _stricmp(Data.cFileName, Name) == 0;
        }
        EXPECT(Found);
        EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
        FindClose(File);
        EXPECT(FindFirstFileA("C:\\no-such-file.*", &Data) == INVALID_HANDLE_VALUE);
        EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    }
    EXPECT(GetFullPathNameA("C:\\a\\.\\b\\..\\c.txt", sizeof(Full), Full, &Part) != 0);
    EXPECT(strcmp(Full, "C:\\a\\c.txt") == 0);
    EXPECT(strcmp(Part, "c.txt") == 0);
    EXPECT(GetFullPathNameA("x/y", sizeof(Full), Full, NULL) != 0 &&
           strstr(Full, "\\x\\y") != NULL);
    Mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x3000, "ntlab-mapping");
    EXPECT(Mapping != NULL);
    View = MapViewOfFile(Mapping, FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(View != NULL && View[0x2FFF] == 0);
    if (View != NULL) {
        View[5] = 9;
        unsigned char *Second = MapViewOfFile(Mapping, FILE_MAP_READ, 0, 0, 0);
        EXPECT(Second != NULL && Second[5] == 9); /* the same memory twice */
    }
}

/* [Win32:CheckRemoteDebuggerPresent] */
static void
Debugger(void)
{
    BOOL Present = 7;

    EXPECT(CheckRemoteDebuggerPresent(GetCurrentProcess(), &Present) && Present == FALSE);
    Present = 7;
    EXPECT(!CheckRemoteDebuggerPresent(NULL, &Present) && Present == 7);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!CheckRemoteDebuggerPresent(GetCurrentProcess(), NULL));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

int
main(int Count, char **Values)
{
    if (Count > 1) {
        return Child(Count, Values);
    }
    Debugger();
    Processes();
    Modules();
    Files();
    return TEST_DONE();
}
