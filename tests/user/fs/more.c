/*
 * more.c - what conformance suites ask besides: paths through \\?\GLOBALROOT, rights that come from the directory, times that a
 * handle keeps, extended attributes asked for by name, oplocks that a file handle waits for, what a volume tells.
 * [Win32: CreateFile, GetFileAttributes, SetFileTime, GetVolumeInformation; DDI: FILE_BASIC_INFORMATION, ntqueryeafile; IFS: FSCTL_...]
 */
#include "win.h"
#include <sddl.h>

static const char *
Root(const char *Name)
{
    static char Paths[2][300];
    static int Next;
    char *Buffer = Paths[Next++ & 1], Device[100];

    QueryDosDeviceA("C:", Device, sizeof(Device));
    snprintf(Buffer, 300, "\\\\?\\GLOBALROOT%s%s", Device, Name);
    return Buffer;
}

/* Paths. */
static void
Paths(void)
{
    char Old[300], Name[300];
    HANDLE File;

    File = CreateFileA(Root("\\mfile"), GENERIC_READ | GENERIC_WRITE, 3, NULL, CREATE_NEW, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT(GetFinalPathNameByHandleA(File, Name, sizeof(Name), VOLUME_NAME_NONE) != 0);
    EXPECT(strcmp(Name, "\\mfile") == 0);
    EXPECT(GetFinalPathNameByHandleA(File, Name, sizeof(Name), VOLUME_NAME_DOS) != 0);
    EXPECT(strcmp(Name, "\\\\?\\C:\\mfile") == 0);
    CloseHandle(File);
    EXPECT(GetFileAttributesA("C:\\mfile") == FILE_ATTRIBUTE_ARCHIVE);
    EXPECT(DeleteFileA(Root("\\mfile")));
    // two backslashes at the root are one, three are none; one behind a file is none, behind a directory it may stand
    File = CreateFileA(Root("\\\\mfile"), GENERIC_WRITE, 3, NULL, CREATE_NEW,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    EXPECT(Fails(CreateFileA(Root("\\\\\\mfile"), GENERIC_WRITE, 3, NULL, CREATE_NEW, 0, NULL),
                 ERROR_INVALID_NAME));
    EXPECT(Fails(CreateFileA(Root("\\mfile\\"), GENERIC_WRITE, 3, NULL, CREATE_NEW, 0, NULL),
                 ERROR_INVALID_NAME));
    EXPECT(Refused(CreateDirectoryA(Root("\\mdir\\\\"), NULL), ERROR_INVALID_NAME));
    EXPECT(CreateDirectoryA(Root("\\mdir\\"), NULL) && RemoveDirectoryA(Root("\\mdir")));
    EXPECT(
        Fails(CreateFileA(Root("\\none:foo\\file0*"), GENERIC_WRITE, 3, NULL, CREATE_NEW, 0, NULL),
              ERROR_INVALID_NAME));
    // as the current directory
    GetCurrentDirectoryA(sizeof(Old), Old);
    CreateDirectoryA(Path("cwd"), NULL);
    EXPECT(SetCurrentDirectoryA(Path("cwd")));
    CloseHandle(CreateFileA("here", GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    EXPECT(Found("cwd\\here", NULL) && DeleteFileA("here"));
    EXPECT(Refused(RemoveDirectoryA(Path("cwd")), ERROR_SHARING_VIOLATION)); // it is open
    EXPECT(SetCurrentDirectoryA(Old));
    // information that does not fit: ERROR_MORE_DATA and the length
    {
        struct {
            FILE_NAME_INFO Info;
            WCHAR More[100];
        } Name;

        File = Win("a file with a name", GENERIC_READ, 0, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
        EXPECT(Refused(GetFileInformationByHandleEx(File, FileNameInfo, &Name, sizeof(Name.Info)),
                       ERROR_MORE_DATA));
        EXPECT_EQ(Name.Info.FileNameLength, 2 * strlen("\\fs-test\\a file with a name"));
        EXPECT(GetFileInformationByHandleEx(File, FileNameInfo, &Name, sizeof(Name)));
        CloseHandle(File);
    }
}

static BOOL
Secured(const char *Name, const char *Sddl, BOOL Directory)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE File;
    BOOL Good;

    ConvertStringSecurityDescriptorToSecurityDescriptorA(Sddl, 1, &Attributes.lpSecurityDescriptor,
                                                         NULL);
    if (Directory) {
        Good = CreateDirectoryA(Path(Name), &Attributes);
    } else {
        File = CreateFileA(Path(Name), GENERIC_READ, 3, &Attributes, CREATE_NEW, 0, NULL);
        Good = File != INVALID_HANDLE_VALUE;
        CloseHandle(File);
    }
    LocalFree(Attributes.lpSecurityDescriptor);
    return Good;
}

/* FILE_READ_ATTRIBUTES of who may list the directory; DELETE of who may delete its children. */
static void
Attributes(void)
{
    EXPECT(Secured("sd1", "D:P(A;;0x001100a2;;;WD)", TRUE));
    EXPECT(Secured("sd1\\f", "D:P(A;;SD;;;WD)", FALSE));
    EXPECT(GetFileAttributesA(Path("sd1\\f")) == INVALID_FILE_ATTRIBUTES &&
           GetLastError() == ERROR_ACCESS_DENIED);
    EXPECT(DeleteFileA(Path("sd1\\f")) && RemoveDirectoryA(Path("sd1")));
    EXPECT(Secured("sd2", "D:P(A;;0x001100a3;;;WD)", TRUE));
    EXPECT(Secured("sd2\\f", "D:P(A;;SD;;;WD)", FALSE));
    EXPECT(GetFileAttributesA(Path("sd2\\f")) != INVALID_FILE_ATTRIBUTES);
    EXPECT(DeleteFileA(Path("sd2\\f")) && RemoveDirectoryA(Path("sd2")));
    EXPECT(Secured("sd3", "D:P(D;;GA;;;WD)", FALSE) && DeleteFileA(Path("sd3")));
    // the Win32 function leaves out what is no attribute of a file
    CloseHandle(Win("sd4", GENERIC_WRITE, 0, CREATE_NEW, 0));
    EXPECT(SetFileAttributesA(Path("sd4"), FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_HIDDEN));
    EXPECT_EQ(GetFileAttributesA(Path("sd4")), FILE_ATTRIBUTE_HIDDEN);
    {
        FILE_BASIC_INFO Info = {.FileAttributes = FILE_ATTRIBUTE_DIRECTORY};
        HANDLE File = Win("sd4", FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES, 0, OPEN_EXISTING, 0);

        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Info, sizeof(Info), 4),
                      STATUS_INVALID_PARAMETER);
        Info.FileAttributes = FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_SPARSE_FILE;
        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Info, sizeof(Info), 4), STATUS_SUCCESS);
        EXPECT_EQ(GetFileAttributesA(Path("sd4")),
                  FILE_ATTRIBUTE_NORMAL); // what cannot be set is not
        Info.FileAttributes = FILE_ATTRIBUTE_NORMAL | FILE_ATTRIBUTE_READONLY;
        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Info, sizeof(Info), 4), STATUS_SUCCESS);
        EXPECT_EQ(GetFileAttributesA(Path("sd4")), FILE_ATTRIBUTE_READONLY);
        CloseHandle(File);
    }
}

static FILE_BASIC_INFO
Times(HANDLE File)
{
    FILE_BASIC_INFO Info = {{{0}}};

    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)4);
    return Info;
}

/* -1 stops, and -2 lets go on, what this handle's writes do to a time; a write shows at once. */
static void
Stamps(void)
{
    static const struct {
        int Write, Change; // what is set before
        BOOL WriteMoves, ChangeMoves;
    } Steps[] = {{0, 0, TRUE, TRUE},
                 {-1, 0, FALSE, TRUE},
                 {0, -1, FALSE, FALSE},
                 {-2, 0, TRUE, FALSE},
                 {0, -2, TRUE, TRUE}};
    HANDLE File = Make(L"times");
    FILE_BASIC_INFO Before = Times(File), After, Set = {{{0}}};

    NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4); // nothing
    After = Times(File);
    EXPECT(memcmp(&Before, &After, sizeof(Before)) == 0);
    for (int i = 0; i < 5; i++) {
        Set.LastWriteTime.QuadPart = Steps[i].Write;
        Set.ChangeTime.QuadPart = Steps[i].Change;
        NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4);
        Before = Times(File);
        Sleep(100);
        Write(File, 0, "abc", 3);
        After = Times(File);
        EXPECT_EQ(After.LastWriteTime.QuadPart != Before.LastWriteTime.QuadPart,
                  Steps[i].WriteMoves);
        EXPECT_EQ(After.ChangeTime.QuadPart != Before.ChangeTime.QuadPart, Steps[i].ChangeMoves);
        EXPECT(After.CreationTime.QuadPart == Before.CreationTime.QuadPart);
    }
    // a time that is set changes the file
    Before = Times(File);
    Sleep(100);
    memset(&Set, 0, sizeof(Set));
    Set.CreationTime.QuadPart = 128790414900000000;
    NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4);
    After = Times(File);
    EXPECT(After.CreationTime.QuadPart == 128790414900000000 &&
           After.LastWriteTime.QuadPart == Before.LastWriteTime.QuadPart &&
           After.ChangeTime.QuadPart != Before.ChangeTime.QuadPart);
    Set.CreationTime.QuadPart = 0;
    Set.ChangeTime.QuadPart = 128790414900000000;
    NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4);
    EXPECT(Times(File).ChangeTime.QuadPart == 128790414900000000);
    NtClose(File);
}

typedef struct {
    UCHAR Bytes[400];
    ULONG Length, Last;
} LIST;

static void
Full(LIST *List, const char *Name, const char *Value, UCHAR Flags)
{
    FILE_FULL_EA_INFORMATION *Ea;

    if (List->Length != 0) {
        List->Length = (List->Length + 3) & ~3u;
        *(PULONG)(List->Bytes + List->Last) = List->Length - List->Last;
    }
    Ea = (PVOID)(List->Bytes + List->Length);
    List->Last = List->Length;
    Ea->NextEntryOffset = 0;
    Ea->Flags = Flags;
    Ea->EaNameLength = (UCHAR)strlen(Name);
    Ea->EaValueLength = (USHORT)strlen(Value);
    strcpy(Ea->EaName, Name);
    memcpy(Ea->EaName + strlen(Name) + 1, Value, strlen(Value));
    List->Length += 8 + (ULONG)strlen(Name) + 1 + (ULONG)strlen(Value);
}

static void
Get(LIST *List, const char *Name)
{
    if (List->Length != 0) {
        List->Length = (List->Length + 3) & ~3u;
        *(PULONG)(List->Bytes + List->Last) = List->Length - List->Last;
    }
    List->Last = List->Length;
    *(PULONG)(List->Bytes + List->Length) = 0;
    List->Bytes[List->Length + 4] = (UCHAR)strlen(Name);
    strcpy((char *)List->Bytes + List->Length + 5, Name);
    List->Length += 5 + (ULONG)strlen(Name) + 1;
}

static const char *
Names(const UCHAR *Bytes, ULONG Length)
{
    static char Text[200];

    Text[0] = 0;
    for (ULONG At = 0; At < Length;) {
        const FILE_FULL_EA_INFORMATION *Ea = (const void *)(Bytes + At);

        snprintf(Text + strlen(Text), 50, "%.*s=%.*s;", Ea->EaNameLength, Ea->EaName,
                 Ea->EaValueLength, Ea->EaName + Ea->EaNameLength + 1);
        if (Ea->NextEntryOffset == 0) {
            break;
        }
        At += Ea->NextEntryOffset;
    }
    return Text;
}

/* Extended attributes by name. [DDI:ntifs/zwqueryeafile] */
static void
Eas(void)
{
    HANDLE File = Make(L"eas");
    LIST List = {{0}}, Ask = {{0}};
    UCHAR Out[400];

    Full(&List, "Aname1", "first", 0);
    Full(&List, "bnameTwo", "second", 0x80);
    Full(&List, "Cn3", "third", 0);
    EXPECT_STATUS(NtSetEaFile(File, &Iosb, List.Bytes, List.Length), STATUS_SUCCESS);
    Get(&Ask, "bnameTwo");
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, Ask.Bytes, Ask.Length, NULL, FALSE),
        STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, (ULONG)Iosb.Information), "BNAMETWO=second;") == 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, 17, FALSE, Ask.Bytes, Ask.Length, NULL, FALSE),
                  STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(Iosb.Information, 0);
    Get(&Ask, "nonexistent"); // it has no value
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, Ask.Bytes, Ask.Length, NULL, FALSE),
        STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, (ULONG)Iosb.Information), "BNAMETWO=second;NONEXISTENT=;") == 0);
    Get(&Ask, "BNAMEtwo"); // once is enough
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, Ask.Bytes, Ask.Length, NULL, FALSE),
        STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, (ULONG)Iosb.Information), "BNAMETWO=second;NONEXISTENT=;") == 0);
    Get(&Ask, "bnameTwo*");
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, Ask.Bytes, Ask.Length, NULL, FALSE),
        STATUS_INVALID_EA_NAME);
    // all, one after the other
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, NULL, 0, NULL, FALSE),
                  STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, 400), "ANAME1=first;BNAMETWO=second;CN3=third;") == 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, sizeof(Out), FALSE, NULL, 0, NULL, FALSE),
                  STATUS_NO_MORE_EAS);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, sizeof(Out), TRUE, NULL, 0, NULL, TRUE),
                  STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, 400), "ANAME1=first;") == 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, sizeof(Out), TRUE, NULL, 0, NULL, FALSE),
                  STATUS_SUCCESS);
    EXPECT(strcmp(Names(Out, 400), "BNAMETWO=second;") == 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, 15, FALSE, NULL, 0, NULL, TRUE),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Out, 20, FALSE, NULL, 0, NULL, TRUE),
                  STATUS_BUFFER_OVERFLOW);
    EXPECT(strcmp(Names(Out, 20), "ANAME1=first;") == 0);
    NtClose(File);
}

/* An oplock is waited for with the handle of the file. [Win32: DeviceIoControl] */
static void
Waits(void)
{
    static const struct {
        DWORD Code;
        BOOL AtOpen; // broken by an open, not by a write only
    } Kinds[] = {{FSCTL_REQUEST_OPLOCK_LEVEL_1, TRUE},
                 {FSCTL_REQUEST_OPLOCK_LEVEL_2, FALSE},
                 {FSCTL_REQUEST_BATCH_OPLOCK, TRUE},
                 {FSCTL_REQUEST_FILTER_OPLOCK, TRUE}};
    OVERLAPPED Overlapped;
    HANDLE Holder, Other;
    DWORD Done;

    CloseHandle(Win("op", GENERIC_WRITE, 0, CREATE_NEW, 0));
    for (int i = 0; i < 4; i++) {
        memset(&Overlapped, 0, sizeof(Overlapped));
        Holder = Win("op", FILE_READ_ATTRIBUTES, 0, OPEN_EXISTING, FILE_FLAG_OVERLAPPED);
        EXPECT(Refused(DeviceIoControl(Holder, Kinds[i].Code, NULL, 0, NULL, 0, &Done, &Overlapped),
                       ERROR_IO_PENDING));
        EXPECT_STATUS(CreateAt(NULL, Under(L"op"), GENERIC_READ | GENERIC_WRITE, 3, FILE_OPEN,
                               FILE_COMPLETE_IF_OPLOCKED | FILE_SYNCHRONOUS_IO_NONALERT, 0, &Other),
                      Kinds[i].AtOpen ? STATUS_OPLOCK_BREAK_IN_PROGRESS : STATUS_SUCCESS);
        EXPECT_EQ(WaitForSingleObject(Holder, 0), Kinds[i].AtOpen ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
        if (Kinds[i].AtOpen) {
            CloseHandle(Holder);
        }
        EXPECT_STATUS(Write(Other, 0, "x", 1), STATUS_SUCCESS);
        if (!Kinds[i].AtOpen) {
            EXPECT_EQ(WaitForSingleObject(Holder, 0), WAIT_OBJECT_0);
            CloseHandle(Holder);
        }
        CloseHandle(Other);
    }
    // a filter oplock needs to be alone with the file
    Other = Win("op", GENERIC_READ | GENERIC_WRITE, 3, OPEN_EXISTING, 0);
    Holder = Win("op", GENERIC_READ | GENERIC_WRITE, 3, OPEN_EXISTING, FILE_FLAG_OVERLAPPED);
    memset(&Overlapped, 0, sizeof(Overlapped));
    EXPECT(Refused(
        DeviceIoControl(Holder, FSCTL_REQUEST_FILTER_OPLOCK, NULL, 0, NULL, 0, &Done, &Overlapped),
        ERROR_OPLOCK_NOT_GRANTED));
    CloseHandle(Other);
    CloseHandle(Holder);
}

#ifndef FSCTL_FILE_LEVEL_TRIM
#define FSCTL_FILE_LEVEL_TRIM                                                                      \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 130, METHOD_BUFFERED, FILE_WRITE_DATA)
#endif
#define PERSISTENT_STATE CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 143, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* What a volume and a file's extents tell. */
static void
Extents(void)
{
    struct {
        ULONG Flags, Mask, Version, Reserved;
    } State = {0, 1, 1, 0};
    struct {
        ULONG Count, Reserved;
        LONGLONG Start, Next[10][2];
    } Runs;
    LONGLONG From = 0, Data[16] = {0};
    HANDLE File, Volume;
    FILE_BASIC_INFO Info;
    ULONG Flags = 1;

    File = CreateFileA("\\\\.\\C:", FILE_READ_DATA, 3, NULL, OPEN_EXISTING, 0, NULL);
    Volume = File;
    EXPECT_STATUS(Control(Volume, PERSISTENT_STATE, &State, sizeof(State), &State, sizeof(State)),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, sizeof(State));
    EXPECT(State.Flags == 0 && State.Version == 1); // short names are made
    EXPECT_STATUS(Control(Volume, FSCTL_GET_NTFS_VOLUME_DATA, NULL, 0, Data, sizeof(Data)),
                  STATUS_INVALID_DEVICE_REQUEST); // it is not NTFS, and does not say so
    CloseHandle(Volume);
    // where a file lies: in one run of clusters; a hole is -1
    File = Make(L"extents");
    for (int i = 0; i < 3; i++) {
        Write(File, i * 4096, "x", 1);
    }
    EXPECT_STATUS(Control(File, FSCTL_GET_RETRIEVAL_POINTERS, &From, 8, &Runs, sizeof(Runs)),
                  STATUS_SUCCESS);
    EXPECT(Runs.Count >= 1 && Runs.Start == 0 && Runs.Next[Runs.Count - 1][0] == 3);
    From = 3;
    EXPECT_STATUS(Control(File, FSCTL_GET_RETRIEVAL_POINTERS, &From, 8, &Runs, sizeof(Runs)),
                  STATUS_END_OF_FILE);
    EXPECT_STATUS(Control(File, FSCTL_GET_RETRIEVAL_POINTERS, &From, 4, &Runs, sizeof(Runs)),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
    // directories here have the case that files have
    MakeFolder(L"case");
    Open(L"case", FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES, 7, FILE_OPEN, FILE_DIRECTORY_FILE,
         &File);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Flags, 4, 71), STATUS_NOT_SUPPORTED);
    NtClose(File);
    File = Make(L"extents");
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Flags, 4, 71), STATUS_INVALID_PARAMETER);
    Info = Times(File);
    EXPECT_EQ(Info.FileAttributes, FILE_ATTRIBUTE_ARCHIVE);
    NtClose(File);
}

/* [Win32: FSCTL_FILE_LEVEL_TRIM; MS-FSA 2.1.5.10.6] */
#define TRIM_FILE 0x98208

static void
Trim(void)
{
    struct {
        ULONG Key, Count;
        ULONG64 Ranges[2][2];
    } In = {0, 2, {{100, 3 * 4096}, {4 * 4096, 4096}}};
    HANDLE File;
    ULONG Done = 7;
    UCHAR Byte = 0;

    Open(L"trim", FILE_GENERIC_READ | FILE_GENERIC_WRITE, 7, FILE_CREATE, 0, &File);
    for (ULONG i = 0; i < 6 * 4096; i += 4096) {
        UCHAR Page[4096];

        memset(Page, 'a', sizeof(Page));
        Write(File, i, Page, sizeof(Page));
    }
    if (*(volatile ULONG *)0x7FFE026C * 100 + *(volatile ULONG *)0x7FFE0270 < 602) {
        EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), &Done, 4),
                      STATUS_INVALID_DEVICE_REQUEST); // it came with Windows 8
        NtClose(File);
        return;
    }
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, 8, &Done, 4), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, 24, &Done, 4),
                  STATUS_INVALID_PARAMETER); // one of two
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), &Done, 3), STATUS_INVALID_PARAMETER);
    In.Count = 0;
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), &Done, 4), STATUS_INVALID_PARAMETER);
    In.Count = 2;
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), &Done, 4), STATUS_SUCCESS);
    EXPECT_EQ(Done, 2);
    EXPECT_EQ(Iosb.Information, 4);
    // what lies in pages that are not trimmed as a whole is untouched, the size is what it was
    EXPECT_STATUS(Read(File, 4095, &Byte, 1), STATUS_SUCCESS);
    EXPECT_EQ(Byte, 'a');
    EXPECT_STATUS(Read(File, 3 * 4096 + 99, &Byte, 1), STATUS_SUCCESS);
    EXPECT_EQ(Byte, 'a');
    EXPECT_STATUS(Read(File, 5 * 4096, &Byte, 1), STATUS_SUCCESS);
    EXPECT_EQ(Byte, 'a');
    // trimmed bytes are the old ones, all zeros or all ones
    EXPECT_STATUS(Read(File, 4096, &Byte, 1), STATUS_SUCCESS);
    EXPECT(Byte == 0 || Byte == 'a' || Byte == 0xFF);
    EXPECT_EQ(GetFileSize(File, NULL), 6 * 4096);
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), NULL, 0), STATUS_SUCCESS);
    // 64 bits are the limit
    In.Ranges[1][0] = ~0ull - 10;
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), NULL, 0), STATUS_INTEGER_OVERFLOW);
    NtClose(File);
    Open(L"trim", FILE_GENERIC_READ, 7, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Control(File, TRIM_FILE, &In, sizeof(In), NULL, 0), STATUS_ACCESS_DENIED);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Paths();
    Attributes();
    Stamps();
    Eas();
    Waits();
    Extents();
    Trim();
    return TEST_DONE();
}
