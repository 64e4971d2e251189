/* rest.c - routines that few programs use: atoms, walking a heap, attributes of a process, streams, volumes, numbers. */
#include <windows.h>
#include <stdio.h>

static DWORD CALLBACK
Progress(LARGE_INTEGER Size, LARGE_INTEGER Done, LARGE_INTEGER StreamSize, LARGE_INTEGER StreamDone,
         DWORD Stream, DWORD Reason, HANDLE From, HANDLE To, LPVOID Data)
{
    *(int *)Data += Reason == CALLBACK_CHUNK_FINISHED;
    return *(int *)Data == 2 ? PROGRESS_CANCEL : PROGRESS_CONTINUE;
}

static void
Atoms(void)
{
    char Name[20];
    ATOM First = AddAtomA("Hello"), Second = AddAtomA("HELLO"), Number = AddAtomA("#123");

    printf("atoms: %d %d %u ", First >= 0xC000, First == Second, Number);
    printf("%u ", GetAtomNameA(First, Name, 20));
    printf("%s ", Name);
    printf("%u ", GetAtomNameA(Number, Name, 20));
    printf("%s ", Name);
    printf("%u ", DeleteAtom(First));
    printf("%d ", FindAtomA("hello") == First);
    printf("%u ", DeleteAtom(First));
    printf("%u ", FindAtomA("hello"));
    printf("%lu ", GetLastError());
    printf("%d ", DeleteAtom(First) == First);
    printf("%lu\n", GetLastError());
}

static void
Heap(void)
{
    HANDLE Heap = HeapCreate(0, 0, 0);
    PROCESS_HEAP_ENTRY Entry = {0};
    void *Block[4];
    int Busy = 0, Regions = 0, Found = 0, Free = 0, Bare = 0;

    for (int i = 0; i < 4; i++) {
        Block[i] = HeapAlloc(Heap, 0, 100 + i);
    }
    Block[3] = HeapReAlloc(Heap, 0, Block[3], 2000000);
    HeapFree(Heap, 0, Block[1]);
    while (HeapWalk(Heap, &Entry)) {
        Regions += (Entry.wFlags & PROCESS_HEAP_REGION) != 0;
        Busy += (Entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0;
        Free += Entry.wFlags == 0;
        Bare += (Entry.wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE) != 0;
        Found += (Entry.lpData == Block[0] && Entry.cbData == 100) ||
                 (Entry.lpData == Block[3] && Entry.cbData == 2000000);
    }
    printf("heap: %lu, region %d, busy %d, free %d, reserved %d, found %d\n", GetLastError(),
           Regions > 0, Busy >= 3, Free > 0, Bare > 0, Found);
    HeapDestroy(Heap);
}

static void
Attributes(const char *Self)
{
    STARTUPINFOEXA Startup = {.StartupInfo = {.cb = sizeof(Startup)}};
    SECURITY_ATTRIBUTES Inherit = {sizeof(Inherit), NULL, TRUE};
    PROCESS_INFORMATION Process;
    HANDLE Both[2], Handle = CreateEventA(&Inherit, TRUE, FALSE, NULL);
    HANDLE Other = CreateEventA(&Inherit, TRUE, FALSE, NULL);
    char Command[600];
    SIZE_T Size = 0;
    DWORD Exit = 99;
    BOOL First = InitializeProcThreadAttributeList(NULL, 1, 0, &Size);

    printf("attributes: %d %lu ", First, GetLastError());
    Startup.lpAttributeList = malloc(Size);
    printf("%d ", InitializeProcThreadAttributeList(Startup.lpAttributeList, 1, 0, &Size));
    Both[0] = Handle;
    printf("%d ",
           UpdateProcThreadAttribute(Startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                     Both, sizeof(HANDLE), NULL, NULL));
    sprintf(Command, "\"%s\" child %llu %llu", Self, (ULONG64)Handle, (ULONG64)Other);
    if (CreateProcessA(NULL, Command, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                       &Startup.StartupInfo, &Process)) {
        WaitForSingleObject(Process.hProcess, INFINITE);
        GetExitCodeProcess(Process.hProcess, &Exit);
    }
    printf("exit %lu", Exit);
    printf(" %lu\n", WaitForSingleObject(Handle, 0));
    DeleteProcThreadAttributeList(Startup.lpAttributeList);
}

static void
Files(void)
{
    WIN32_FIND_STREAM_DATA Stream;
    FILE_ID_DESCRIPTOR Id = {.dwSize = sizeof(Id), .Type = FileIdType};
    BY_HANDLE_FILE_INFORMATION Information;
    WCHAR Name[MAX_PATH];
    DWORD Written, Length = MAX_PATH;
    char Data[100000] = "data", Text[40];
    int Pieces = 0, Links = 0;
    HANDLE File, Find, Again;

    File = CreateFileA("C:\\one", GENERIC_READ | GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(File, Data, sizeof(Data), &Written, NULL);
    GetFileInformationByHandle(File, &Information);
    Id.FileId.u.LowPart = Information.nFileIndexLow;
    Id.FileId.u.HighPart = (LONG)Information.nFileIndexHigh;
    Again = OpenFileById(File, &Id, GENERIC_READ, 7, NULL, 0);
    printf("files: %lu ", GetFileSize(Again, NULL));
    CloseHandle(Again);
    Again = ReOpenFile(File, GENERIC_READ, 7, 0);
    printf("%lu\n", GetFileSize(Again, NULL));
    CloseHandle(Again);
    CloseHandle(File);
    CloseHandle(CreateFileA("C:\\one:more", GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
    Find = FindFirstStreamW(L"C:\\one", FindStreamInfoStandard, &Stream, 0);
    do {
        printf("%ls %lld\n", Stream.cStreamName, Stream.StreamSize.QuadPart);
    } while (FindNextStreamW(Find, &Stream));
    printf("%lu\n", GetLastError());
    FindClose(Find);
    CreateHardLinkA("C:\\two", "C:\\one", NULL);
    Find = FindFirstFileNameW(L"C:\\one", 0, &Length, Name);
    for (Length = MAX_PATH; Find != INVALID_HANDLE_VALUE; Length = MAX_PATH) {
        Links += wcscmp(Name, L"\\one") == 0 || wcscmp(Name, L"\\two") == 0;
        if (!FindNextFileNameW(Find, &Length, Name)) {
            break;
        }
    }
    FindClose(Find);
    printf("links: %d %lu\n", Links, GetLastError());
    printf("copy: %d", CopyFileExA("C:\\one", "C:\\three", Progress, &Pieces, NULL, 0));
    printf(" %lu", GetLastError());
    printf(" %lx\n", GetFileAttributesA("C:\\three"));
    CopyFileA("C:\\one", "C:\\four", FALSE);
    printf("replace: %d ", ReplaceFileA("C:\\one", "C:\\four", "C:\\old", 0, NULL, NULL));
    printf("%lx %d\n", GetFileAttributesA("C:\\four"), GetFileAttributesA("C:\\old") != ~0u);
    printf("link: %d ", CreateSymbolicLinkA("C:\\soft", "C:\\one", 0));
    File = CreateFileA("C:\\soft", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    ReadFile(File, Text, 4, &Written, NULL);
    printf("%.4s\n", Text);
    CloseHandle(File);
    printf("old: %d ", OpenFile("C:\\nothing", (OFSTRUCT *)Data, OF_EXIST));
    printf("%u ", ((OFSTRUCT *)Data)->nErrCode);
    Written = (DWORD)_lopen("C:\\one", OF_READ);
    printf("%u ", _lread((HFILE)Written, Text, 4));
    printf("%d\n", _lclose((HFILE)Written));
}

static void
Volumes(void)
{
    char Name[60], Drives[20], Names[4000];
    HANDLE Find = FindFirstVolumeA(Name, sizeof(Name));
    DWORD Length, Devices;

    printf("volume: %d %.11s %u ", Find != INVALID_HANDLE_VALUE, Name, (UINT)strlen(Name));
    printf("%d\n", FindVolumeClose(Find));
    printf("%d ", GetVolumeNameForVolumeMountPointA("C:\\", Name, sizeof(Name)));
    printf("%d ", GetVolumePathNamesForVolumeNameA(Name, Drives, 20, &Length));
    printf("%s %lu\n", Drives, Length);
    Devices = QueryDosDeviceA(NULL, Names, sizeof(Names));
    Length = 0;
    for (char *At = Names; Devices != 0 && *At != 0; At += strlen(At) + 1) {
        Length += strcmp(At, "C:") == 0;
    }
    printf("devices: %d %lu\n", Devices > 10, Length);
}

static void
Numbers(void)
{
    static const char *const Values[] = {"1234567.891", "-0.5", "999.995", "12", "0012", "1e5"};
    char Text[40];

    for (int i = 0; i < 6; i++) {
        int Length = GetNumberFormatA(LOCALE_USER_DEFAULT, 0, Values[i], NULL, Text, 40);

        printf("%s ", Length != 0 ? Text : "error");
    }
    GetCurrencyFormatA(LOCALE_USER_DEFAULT, 0, "1234.5", NULL, Text, 40);
    printf("%s\n", Text);
}

static void
Console(void)
{
    CONSOLE_CURSOR_INFO Cursor;
    DWORD Count;
    BOOL Result =
        FillConsoleOutputCharacterA(GetStdHandle(STD_OUTPUT_HANDLE), ' ', 1, (COORD){0, 0}, &Count);

    printf("console: %d %lu ", Result, GetLastError());
    printf("%d\n", GetConsoleCursorInfo(GetStdHandle(STD_OUTPUT_HANDLE), &Cursor));
}

static void
System(void)
{
    FILETIME Idle, Kernel, User;
    SYSTEM_POWER_STATUS Power;
    ULONG Node = 9;
    DWORD Length = 0;
    SIZE_T Minimum, Maximum;
    BOOL Room;

    printf("system: %d %d ", GetSystemTimes(&Idle, &Kernel, &User), GetSystemPowerStatus(&Power));
    printf("%d ", GetNumaHighestNodeNumber(&Node));
    printf("%lu ", Node);
    Room = GetLogicalProcessorInformationEx(RelationAll, NULL, &Length);
    printf("%d %lu %d ", Room, GetLastError(), Length > 100);
    printf("%d ", GetProcessWorkingSetSize(GetCurrentProcess(), &Minimum, &Maximum));
    printf("%d\n", Minimum < Maximum);
}

int
main(int argc, char **argv)
{
    if (argc == 4) { /* the child: the first handle came along, the second did not */
        BOOL First = SetEvent((HANDLE)_strtoui64(argv[2], NULL, 10));
        BOOL Second = SetEvent((HANDLE)_strtoui64(argv[3], NULL, 10));

        return First * 2 + Second;
    }
    Atoms();
    Heap();
    Attributes(argv[0]);
    Files();
    Volumes();
    Numbers();
    Console();
    System();
    /* Redirected: a pipe, and no terminal. */
    printf("standard output: %lu %d\n", GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)),
           _isatty(1) != 0);
    return 0;
}
