/*
 * image-client.c - images that did not come with the machine: what a client has copied, written, mapped or changed is run as a
 * process, loaded as a library and loaded as a driver. Its bytes are those of the file at that moment, as the file system and
 * its filters give them (with the argument `filter`: ../flt/image.c). While an image of it is in use the file cannot
 * be written or deleted. [Win32: CreateProcess, LoadLibrary; DDI:ntifs/mmflushimagesection; DDI:wdm/zwloaddriver]
 */
#include "ntlab-client.h"
#include <stdlib.h>
#include <winternl.h>

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

#define FOLDER "C:\\image-test\\"

/* What is searched for and changed in the copies. */
const volatile ULONG Mark[3] = {0x4B52414D, 0x4C41544E, 41};

__declspec(dllexport) ULONG Answer(void);
ULONG
Answer(void)
{
    return Mark[2];
}

static char Own[MAX_PATH];
static UCHAR *Bytes;
static DWORD Size;

static void
ReadWhole(const char *Path)
{
    HANDLE File = CreateFileA(Path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD Done;

    Size = GetFileSize(File, NULL);
    Size = Size != INVALID_FILE_SIZE ? Size : 0; /* fails-io-image */
    free(Bytes);
    Bytes = malloc(Size);
    EXPECT(ReadFile(File, Bytes, Size, &Done, NULL) && Done == Size);
    CloseHandle(File);
}

static ULONG *
FindMark(UCHAR *From)
{
    for (DWORD i = 0; i + 12 <= Size; i += 4) {
        if (((ULONG *)(From + i))[0] == Mark[0] && ((ULONG *)(From + i))[1] == Mark[1]) {
            return (ULONG *)(From + i) + 2;
        }
    }
    return NULL;
}

/* The bytes that were read last, with another mark. */
static void
WriteCopy(const char *Path, ULONG Value, UCHAR Key)
{
    HANDLE File = CreateFileA(Path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    ULONG *Place = FindMark(Bytes);
    DWORD Done;

    EXPECT(Place != NULL);
    if (Place == NULL) {
        CloseHandle(File);
        return;
    }
    *Place = Value;
    for (DWORD i = 0; i < Size; i++) {
        Bytes[i] ^= Key;
    }
    EXPECT(WriteFile(File, Bytes, Size, &Done, NULL) && Done == Size);
    for (DWORD i = 0; i < Size; i++) {
        Bytes[i] ^= Key;
    }
    CloseHandle(File);
}

/* The exit code of the program, or its error + 1000. */
static DWORD
RunProgram(const char *Path, DWORD Flags, PROCESS_INFORMATION *Keep)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Process;
    char Command[MAX_PATH + 10];
    DWORD Code;

    sprintf(Command, "\"%s\" child", Path);
    if (!CreateProcessA(Path, Command, NULL, NULL, FALSE, Flags, NULL, NULL, &Startup, &Process)) {
        return 1000 + GetLastError();
    }
    if (Keep != NULL) {
        *Keep = Process;
        return 0;
    }
    WaitForSingleObject(Process.hProcess, INFINITE);
    GetExitCodeProcess(Process.hProcess, &Code);
    CloseHandle(Process.hProcess);
    CloseHandle(Process.hThread);
    return Code;
}

static ULONG
LoadAndAsk(const char *Path, HMODULE *Keep)
{
    HMODULE Module = LoadLibraryA(Path);
    ULONG (*Routine)(void);
    ULONG Value;

    if (Module == NULL) {
        return 1000 + GetLastError();
    }
    Routine = (void *)GetProcAddress(Module, "Answer");
    Value = Routine != NULL ? Routine() : 0;
    if (Keep != NULL) {
        *Keep = Module;
    } else {
        FreeLibrary(Module);
    }
    return Value;
}

static void
Programs(void)
{
    PROCESS_INFORMATION Process;

    EXPECT(CopyFileA(Own, FOLDER "copy.exe", TRUE));
    EXPECT_EQ(RunProgram(FOLDER "copy.exe", 0, NULL), 41);
    ReadWhole(Own);
    WriteCopy(FOLDER "changed.exe", 42, 0);
    EXPECT_EQ(RunProgram(FOLDER "changed.exe", 0, NULL), 42);
    /* in use: neither written nor deleted */
    EXPECT_EQ(RunProgram(FOLDER "changed.exe", CREATE_SUSPENDED, &Process), 0);
    EXPECT(CreateFileA(FOLDER "changed.exe", GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_SHARING_VIOLATION);
    EXPECT(!DeleteFileA(FOLDER "changed.exe"));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(MoveFileA(FOLDER "changed.exe", FOLDER "renamed.exe")); /* renamed it may be */
    TerminateProcess(Process.hProcess, 7);
    WaitForSingleObject(Process.hProcess, INFINITE);
    CloseHandle(Process.hProcess);
    CloseHandle(Process.hThread);
    EXPECT_EQ(RunProgram(FOLDER "renamed.exe", 0, NULL), 42);
    EXPECT(DeleteFileA(FOLDER "renamed.exe"));
    EXPECT_EQ(RunProgram(FOLDER "renamed.exe", 0, NULL), 1000 + ERROR_FILE_NOT_FOUND);
    Bytes[0] = 'N';
    WriteCopy(FOLDER "bad.exe", 42, 0);
    EXPECT_EQ(RunProgram(FOLDER "bad.exe", 0, NULL), 1000 + ERROR_BAD_EXE_FORMAT);
    ReadWhole(Own);
}

static void
Libraries(void)
{
    HMODULE Module;
    HANDLE File, Section;
    UCHAR *View;

    WriteCopy(FOLDER "changed.dll", 43, 0);
    EXPECT_EQ(LoadAndAsk(FOLDER "changed.dll", &Module), 43);
    EXPECT(CreateFileA(FOLDER "changed.dll", GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_SHARING_VIOLATION);
    FreeLibrary(Module);
    WriteCopy(FOLDER "changed.dll", 44, 0);
    EXPECT_EQ(LoadAndAsk(FOLDER "changed.dll", NULL), 44);
    /* what only a view has changed is in the image too */
    File = CreateFileA(FOLDER "changed.dll", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
                       OPEN_EXISTING, 0, NULL);
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(View != NULL);
    *FindMark(View) = 45;
    UnmapViewOfFile(View);
    CloseHandle(Section);
    CloseHandle(File);
    EXPECT_EQ(LoadAndAsk(FOLDER "changed.dll", NULL), 45);
    EXPECT_EQ(LoadAndAsk(FOLDER "nothing.dll", NULL), 1000 + ERROR_MOD_NOT_FOUND);
}

static NTSTATUS
Driver(const wchar_t *Name, BOOLEAN Load)
{
    static wchar_t Path[200];
    UNICODE_STRING Service;

    swprintf(Path, 200, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%ls", Name);
    Service.Buffer = Path;
    Service.Length = Service.MaximumLength = (USHORT)(wcslen(Path) * sizeof(wchar_t));
    return Load ? NtLoadDriver(&Service) : NtUnloadDriver(&Service);
}

static DWORD
DriverMark(void)
{
    DWORD Value = 0, Length = sizeof(Value);

    RegGetValueA(HKEY_LOCAL_MACHINE, "System\\CurrentControlSet\\Services\\ImageCopy", "Mark",
                 RRF_RT_REG_DWORD, NULL, &Value, &Length);
    return Value;
}

static void
Drivers(const char *Original)
{
    static const char Image[] = "\\??\\" FOLDER "imagecopy.sys";
    DWORD Type = 1, Start = 3;
    BOOLEAN Was;
    HKEY Key;

    EXPECT_EQ(RtlAdjustPrivilege(10, TRUE, FALSE, &Was), 0);
    EXPECT_EQ(
        RegCreateKeyA(HKEY_LOCAL_MACHINE, "System\\CurrentControlSet\\Services\\ImageCopy", &Key),
        0);
    RegSetValueExA(Key, "Type", 0, REG_DWORD, (BYTE *)&Type, sizeof(Type));
    RegSetValueExA(Key, "Start", 0, REG_DWORD, (BYTE *)&Start, sizeof(Start));
    RegSetValueExA(Key, "ImagePath", 0, REG_EXPAND_SZ, (BYTE *)Image, sizeof(Image));
    EXPECT_EQ(Driver(L"ImageCopy", TRUE), (LONG)0xC0000034); /* there is no file yet */
    EXPECT(CopyFileA(Original, FOLDER "imagecopy.sys", TRUE));
    EXPECT_EQ(Driver(L"ImageCopy", TRUE), 0);
    EXPECT_EQ(DriverMark(), 41);
    EXPECT(!DeleteFileA(FOLDER "imagecopy.sys")); /* in use */
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT_EQ(Driver(L"ImageCopy", FALSE), 0);
    ReadWhole(FOLDER "imagecopy.sys");
    WriteCopy(FOLDER "imagecopy.sys", 46, 0);
    EXPECT_EQ(Driver(L"ImageCopy", TRUE), 0);
    EXPECT_EQ(DriverMark(), 46);
    EXPECT_EQ(Driver(L"ImageCopy", FALSE), 0);
    Bytes[0] = 'N';
    WriteCopy(FOLDER "imagecopy.sys", 47, 0);
    EXPECT_EQ(Driver(L"ImageCopy", TRUE), (LONG)0xC000012F); /* STATUS_INVALID_IMAGE_NOT_MZ */
    EXPECT_EQ(DriverMark(), 46);
    EXPECT(DeleteFileA(FOLDER "imagecopy.sys"));
    RegCloseKey(Key);
}

/* ../flt/image.c gives what ends in .enc.dll exclusive-or 0x5A, and has no resources to execute forbidden.exe. */
static void
Filtered(void)
{
    ReadWhole(Own);
    WriteCopy(FOLDER "secret.enc.dll", 48, 0x5A);
    EXPECT_EQ(LoadAndAsk(FOLDER "secret.enc.dll", NULL), 48);
    EXPECT(CopyFileA(Own, FOLDER "forbidden.exe", TRUE));
    EXPECT_EQ(RunProgram(FOLDER "forbidden.exe", 0, NULL), 1000 + ERROR_NO_SYSTEM_RESOURCES);
    EXPECT(CopyFileA(Own, FOLDER "watched.exe", TRUE));
    EXPECT_EQ(RunProgram(FOLDER "watched.exe", 0, NULL), 41);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        return (int)Mark[2];
    }
    GetModuleFileNameA(NULL, Own, sizeof(Own));
    EXPECT(CreateDirectoryA("C:\\image-test", NULL));
    Programs();
    Libraries();
    Drivers(argc > 1 && strcmp(argv[1], "filter") == 0
                ? "C:\\Windows\\System32\\drivers\\flt-image-imaged.sys"
                : "C:\\Windows\\System32\\drivers\\io-image-imaged.sys");
    if (argc > 1 && strcmp(argv[1], "filter") == 0) {
        Filtered();
    }
    return TEST_DONE();
}
