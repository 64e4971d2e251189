/*
 * conform.c - what conformance suites for NTFS ask for, by what the operations' pages say. [Win32: CreateFile, ReplaceFile,
 * FindFirstFile, ReadDirectoryChanges, DeviceIoControl; DDI: FILE_..._INFORMATION; IFS: oplocks]
 */
#include "fs.h"
#include <string.h>

static NTSTATUS
Control(HANDLE File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    return NtFsControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
}

/* [Win32: FSCTL_DISMOUNT_VOLUME] Handles to files of the volume become invalid; the volume is mounted again by the next open,
 * and holds what it held. */
static void
Dismount(void)
{
    HANDLE File, Cached, Volume, Again;
    char Text[8] = {0};
    ULONG Mounts[2];
    int i;

    for (i = 0; i < 2; i++) { // with files open, and without
        CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN_IF,
                 FILE_SYNCHRONOUS_IO_NONALERT, 0, &File);
        Write(File, 0, i == 0 ? "first" : "again", 5);
        CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ, SHARE_ALL, FILE_OPEN,
                 FILE_SYNCHRONOUS_IO_NONALERT, 0, &Cached);
        EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_SUCCESS);
        EXPECT_STATUS(CreateAt(NULL, L"\\??\\D:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                               FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume),
                      STATUS_SUCCESS);
        if (i == 1) {
            NtClose(File);
            NtClose(Cached);
        }
        EXPECT_STATUS(Control(Volume, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
        EXPECT_STATUS(Control(Volume, FSCTL_IS_VOLUME_MOUNTED, NULL, 0, NULL, 0),
                      STATUS_VOLUME_DISMOUNTED);
        if (i == 0) {
            EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_VOLUME_DISMOUNTED);
            EXPECT_STATUS(Write(File, 0, "x", 1), STATUS_VOLUME_DISMOUNTED);
        }
        EXPECT_STATUS(CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ, 0, FILE_OPEN,
                               FILE_SYNCHRONOUS_IO_NONALERT, 0, &Again),
                      STATUS_SUCCESS); // nor do the old ones share anything with it
        memset(Text, 0, sizeof(Text));
        EXPECT_STATUS(Read(Again, 0, Text, 5), STATUS_SUCCESS);
        EXPECT(strcmp(Text, i == 0 ? "first" : "again") == 0);
        if (i == 0) {
            EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_VOLUME_DISMOUNTED); // and stay so
            EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, Mounts, 8, (FILE_INFORMATION_CLASS)6),
                          STATUS_VOLUME_DISMOUNTED);
            NtClose(File);
            NtClose(Cached);
        }
        NtClose(Volume);
        NtClose(Again);
    }
}

static HANDLE
Win(const char *Name, DWORD Access, DWORD Share, DWORD Disposition, DWORD Flags)
{
    char Path[700];

    snprintf(Path, sizeof(Path), "C:\\fs-test\\%s", Name);
    return CreateFileA(Path, Access, Share, NULL, Disposition, Flags, NULL);
}

static BOOL
Fails(HANDLE File, DWORD Error)
{
    DWORD Got = GetLastError();

    if (File != INVALID_HANDLE_VALUE) {
        CloseHandle(File);
        return FALSE;
    }
    if (Got != Error) {
        printf("ntlab-test: note error %lu, not %lu\n", Got, Error);
    }
    return Got == Error;
}

/* [Win32:CreateFile] */
static void
Create(void)
{
    HANDLE File, Folder;
    DWORD Done;

    File = Win("one", GENERIC_READ | GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_NORMAL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    EXPECT(Fails(Win("one", GENERIC_READ, 0, CREATE_NEW, 0), ERROR_FILE_EXISTS));
    SetLastError(0);
    File = Win("one", GENERIC_READ, 0, OPEN_ALWAYS, 0);
    EXPECT(File != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS);
    CloseHandle(File);
    SetLastError(7);
    File = Win("two", GENERIC_READ, 0, OPEN_ALWAYS, 0);
    EXPECT(File != INVALID_HANDLE_VALUE && GetLastError() == 0);
    CloseHandle(File);
    File = Win("two", GENERIC_READ, 0, CREATE_ALWAYS, 0);
    EXPECT(File != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS);
    CloseHandle(File);
    EXPECT(Fails(Win("none", GENERIC_READ, 0, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    EXPECT(Fails(Win("none\\none", GENERIC_READ, 0, OPEN_EXISTING, 0), ERROR_PATH_NOT_FOUND));
    EXPECT(Fails(Win("none\\none", GENERIC_READ, 0, CREATE_NEW, 0), ERROR_PATH_NOT_FOUND));
    EXPECT(Fails(Win("one\\none", GENERIC_READ, 0, CREATE_NEW, 0), ERROR_PATH_NOT_FOUND));
    EXPECT(Fails(Win("none", GENERIC_WRITE, 0, TRUNCATE_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    EXPECT(Fails(Win("a*b", GENERIC_READ, 0, CREATE_NEW, 0), ERROR_INVALID_NAME));
    EXPECT(Fails(Win("one\\", GENERIC_READ, 0, OPEN_EXISTING, 0), ERROR_INVALID_NAME));
    // a directory: only with backup semantics, and never made
    EXPECT(CreateDirectoryA("C:\\fs-test\\folder", NULL));
    EXPECT(!CreateDirectoryA("C:\\fs-test\\folder", NULL) &&
           GetLastError() == ERROR_ALREADY_EXISTS);
    EXPECT(!CreateDirectoryA("C:\\fs-test\\one", NULL) && GetLastError() == ERROR_ALREADY_EXISTS);
    EXPECT(Fails(Win("folder", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED));
    // a file is asked for: that it is none is seen before its name is
    EXPECT(Fails(Win("folder", GENERIC_READ, 7, CREATE_NEW, 0), ERROR_ACCESS_DENIED));
    EXPECT(Fails(Win("folder", GENERIC_READ, 7, CREATE_ALWAYS, 0), ERROR_ACCESS_DENIED));
    Folder = Win("folder", GENERIC_READ, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT(Folder != INVALID_HANDLE_VALUE);
    EXPECT(!ReadFile(Folder, &Done, 4, &Done, NULL) && GetLastError() == ERROR_INVALID_FUNCTION);
    CloseHandle(Folder);
    // delete on close
    File = Win("gone", GENERIC_WRITE, 7, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
    EXPECT(Fails(Win("gone", GENERIC_READ, 3, OPEN_EXISTING, 0), ERROR_SHARING_VIOLATION));
    CloseHandle(File);
    EXPECT(Fails(Win("gone", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    EXPECT(Fails(Win("read", GENERIC_WRITE, 7, CREATE_NEW,
                     FILE_FLAG_DELETE_ON_CLOSE | FILE_ATTRIBUTE_READONLY),
                 ERROR_ACCESS_DENIED));
    // relative to a directory
    Open(L"folder", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
    EXPECT_STATUS(CreateAt(Folder, L"inside", GENERIC_READ, SHARE_ALL, FILE_CREATE,
                           FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_SUCCESS);
    NtClose(File);
    EXPECT(Exists(L"folder\\inside"));
    EXPECT_STATUS(CreateAt(Folder, L"", GENERIC_READ, SHARE_ALL, FILE_OPEN,
                           FILE_SYNCHRONOUS_IO_NONALERT | FILE_DIRECTORY_FILE, 0, &File),
                  STATUS_SUCCESS); // the directory itself
    NtClose(File);
    EXPECT_STATUS(CreateAt(Folder, L"\\inside", GENERIC_READ, SHARE_ALL, FILE_OPEN,
                           FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_INVALID_PARAMETER);
    NtClose(Folder);
    // a component of 255 characters, not of 256
    {
        WCHAR Long[300] = L"";

        for (int i = 0; i < 255; i++) {
            Long[i] = L'w';
        }
        EXPECT_STATUS(Open(Long, GENERIC_READ, 0, FILE_CREATE, 0, &File), STATUS_SUCCESS);
        NtClose(File);
        wcscat(Long, L"w");
        EXPECT_STATUS(Open(Long, GENERIC_READ, 0, FILE_CREATE, 0, &File),
                      STATUS_OBJECT_NAME_INVALID);
    }
}

static DWORD
AttributesOf(const char *Name)
{
    char Path[200];

    snprintf(Path, sizeof(Path), "C:\\fs-test\\%s", Name);
    return GetFileAttributesA(Path);
}

/* [Win32:CreateFile] CREATE_ALWAYS and attributes; [IFS: overwriting] */
static void
Attributes(void)
{
    HANDLE File, Stream;

    CloseHandle(Win("attr", GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_HIDDEN));
    EXPECT_EQ(AttributesOf("attr"), FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_ARCHIVE);
    EXPECT(Fails(Win("attr", GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL),
                 ERROR_ACCESS_DENIED));
    CloseHandle(Win("attr", GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_HIDDEN));
    EXPECT_EQ(AttributesOf("attr"), FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_ARCHIVE);
    CloseHandle(Win("system", GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_SYSTEM));
    EXPECT(Fails(Win("system", GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_HIDDEN),
                 ERROR_ACCESS_DENIED));
    File = Win("readonly", GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_READONLY);
    EXPECT(File != INVALID_HANDLE_VALUE); // who makes it may write
    CloseHandle(File);
    EXPECT(Fails(Win("readonly", GENERIC_WRITE, 0, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED));
    EXPECT(Fails(Win("readonly", GENERIC_WRITE, 0, CREATE_ALWAYS, 0), ERROR_ACCESS_DENIED));
    EXPECT(!DeleteFileA("C:\\fs-test\\readonly") && GetLastError() == ERROR_ACCESS_DENIED);
    EXPECT(SetFileAttributesA("C:\\fs-test\\readonly", FILE_ATTRIBUTE_NORMAL));
    EXPECT_EQ(AttributesOf("readonly"), FILE_ATTRIBUTE_NORMAL);
    EXPECT(DeleteFileA("C:\\fs-test\\readonly"));
    // a read-only directory: files are made in it, it is not removed
    EXPECT(CreateDirectoryA("C:\\fs-test\\closed", NULL) &&
           SetFileAttributesA("C:\\fs-test\\closed", FILE_ATTRIBUTE_READONLY));
    CloseHandle(Win("closed\\made", GENERIC_WRITE, 0, CREATE_NEW, 0));
    EXPECT(DeleteFileA("C:\\fs-test\\closed\\made"));
    EXPECT(!RemoveDirectoryA("C:\\fs-test\\closed") && GetLastError() == ERROR_ACCESS_DENIED);
    SetFileAttributesA("C:\\fs-test\\closed", FILE_ATTRIBUTE_NORMAL);
    EXPECT(RemoveDirectoryA("C:\\fs-test\\closed"));
    // a file that is overwritten has lost its streams; a stream that is, nothing else
    CloseHandle(Win("over", GENERIC_WRITE, 0, CREATE_NEW, 0));
    CloseHandle(Win("over:named", GENERIC_WRITE, 0, CREATE_NEW, 0));
    Stream = Win("over:held", GENERIC_WRITE, 7, CREATE_NEW, 0);
    CloseHandle(Win("over:named", GENERIC_WRITE, 0, CREATE_ALWAYS, 0));
    EXPECT(Exists(L"over:named") && Exists(L"over"));
    CloseHandle(Win("over", GENERIC_WRITE, 7, CREATE_ALWAYS, 0));
    EXPECT(!Exists(L"over:named"));
    CloseHandle(Stream);
    EXPECT(!Exists(L"over:held") && Exists(L"over"));
}

/* [DDI: FILE_ALLOCATION_INFORMATION, FILE_END_OF_FILE_INFORMATION, FILE_STANDARD_INFORMATION] */
static void
Sizes(void)
{
    HANDLE File = Make(L"sizes");
    FILE_STANDARD_INFO Info;
    LARGE_INTEGER Size;

    Size.QuadPart = 10000;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 19), STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT(Info.AllocationSize.QuadPart >= 10000 && Info.EndOfFile.QuadPart == 0);
    Size.QuadPart = 9000;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 20), STATUS_SUCCESS);
    Size.QuadPart = 5000; // below the end: that is cut
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 19), STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT(Info.EndOfFile.QuadPart <= 8192 && Info.EndOfFile.QuadPart >= 5000);
    Size.QuadPart = -1;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 20),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, 4, 20), STATUS_INFO_LENGTH_MISMATCH);
    NtClose(File);
    Open(L"sizes", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    Size.QuadPart = 0;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 20), STATUS_ACCESS_DENIED);
    NtClose(File);
    // a handle that only appends writes at the end, wherever it is told to
    Open(L"append", FILE_APPEND_DATA, SHARE_ALL, FILE_OPEN_IF, 0, &File);
    EXPECT_STATUS(Write(File, 100, "one", 3), STATUS_SUCCESS);
    EXPECT_STATUS(Write(File, 0, "two", 3), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(File), 6);
    NtClose(File);
}

/* [DDI: FILE_STAT_INFORMATION, FILE_STAT_LX_INFORMATION, FILE_CASE_SENSITIVE_INFORMATION] */
static void
Stat(void)
{
    HANDLE File = Make(L"stat");
    ULONG Info[24], Flags = 7;

    Write(File, 0, "12345", 5);
    EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, Info, 72, (FILE_INFORMATION_CLASS)68),
                  STATUS_SUCCESS);
    EXPECT_EQ(*(PULONGLONG)(Info + 12), 5); // EndOfFile
    EXPECT_EQ(Info[14], FILE_ATTRIBUTE_ARCHIVE);
    EXPECT_EQ(Info[16], 1);                                               // NumberOfLinks
    EXPECT_EQ(Info[17], FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE); // EffectiveAccess
    EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, Info, 96, (FILE_INFORMATION_CLASS)70),
                  STATUS_SUCCESS);
    EXPECT(Iosb.Information == 96 && Info[18] == 0); // LxFlags: nothing of it is stored
    EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, Info, 72, (FILE_INFORMATION_CLASS)70),
                  STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, &Flags, 4, (FILE_INFORMATION_CLASS)71),
                  STATUS_SUCCESS);
    EXPECT_EQ(Flags, 0);
    NtClose(File);
}

/* [Win32:DeleteFile, RemoveDirectory; DDI: FILE_DISPOSITION_INFORMATION(_EX)] */
static void
Remove(void)
{
    HANDLE File, Other;
    ULONG Flags;

    MakeFolder(L"dir");
    MakeFile(L"dir\\file");
    EXPECT(!RemoveDirectoryA("C:\\fs-test\\dir") && GetLastError() == ERROR_DIR_NOT_EMPTY);
    EXPECT(!RemoveDirectoryA("C:\\fs-test\\dir\\file") && GetLastError() == ERROR_DIRECTORY);
    EXPECT(!DeleteFileA("C:\\fs-test\\dir") && GetLastError() == ERROR_ACCESS_DENIED);
    EXPECT(DeleteFileA("C:\\fs-test\\dir\\file") && RemoveDirectoryA("C:\\fs-test\\dir"));
    EXPECT(!DeleteFileA("C:\\fs-test\\dir") && GetLastError() == ERROR_FILE_NOT_FOUND);
    EXPECT(!DeleteFileA("C:\\fs-test\\dir\\file") && GetLastError() == ERROR_PATH_NOT_FOUND);
    // without FILE_SHARE_DELETE nobody deletes it, nor opens it to
    File = Win("held", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, CREATE_NEW, 0);
    EXPECT(!DeleteFileA("C:\\fs-test\\held") && GetLastError() == ERROR_SHARING_VIOLATION);
    CloseHandle(File);
    // POSIX: the name is free while others have the file open; they can go on
    File = Make(L"held");
    Open(L"held", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, 0, &Other);
    Flags = 1 | 2;
    EXPECT_STATUS(NtSetInformationFile(Other, &Iosb, &Flags, sizeof(Flags), 64), STATUS_SUCCESS);
    EXPECT(Fails(Win("held", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED)); // not yet
    NtClose(Other);
    EXPECT_STATUS(Open(L"held", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Other),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(Write(File, 0, "on", 2), STATUS_SUCCESS);
    {
        FILE_STANDARD_INFO Info;

        NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
        EXPECT(Info.DeletePending && Info.NumberOfLinks == 0);
    }
    NtClose(File);
    // undone by another handle; a deletion that is asked for twice is one
    File = Make(L"undone");
    Open(L"undone", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, 0, &Other);
    Flags = 1;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Flags, sizeof(Flags), 64), STATUS_SUCCESS);
    EXPECT_STATUS(NtSetInformationFile(Other, &Iosb, &Flags, sizeof(Flags), 64), STATUS_SUCCESS);
    Flags = 0;
    EXPECT_STATUS(NtSetInformationFile(Other, &Iosb, &Flags, sizeof(Flags), 64), STATUS_SUCCESS);
    NtClose(File);
    NtClose(Other);
    EXPECT(Exists(L"undone"));
    Flags = 0x100; // no such flag
    File = Make(L"undone");
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Flags, sizeof(Flags), 64),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
}

static NTSTATUS
Rename(HANDLE File, PCWSTR Path, ULONG Class)
{
    struct {
        ULONG Flags;
        HANDLE Root;
        ULONG Length;
        WCHAR Name[200];
    } Info = {0, NULL, (ULONG)(wcslen(Path) * sizeof(WCHAR))};

    wcscpy(Info.Name, Path);
    return NtSetInformationFile(File, &Iosb, &Info, sizeof(Info), Class);
}

static ULONG
LinksOf(HANDLE File)
{
    FILE_STANDARD_INFO Info = {{{0}}};

    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    return Info.NumberOfLinks;
}

/* Names of one file that are deleted, renamed and made while others have it open by another name. [DDI: FILE_LINK_INFORMATION,
 * FILE_RENAME_INFORMATION, FILE_DISPOSITION_INFORMATION; MS-FSA 2.1.5.15] */
static void
Names(void)
{
    HANDLE One, Same, Two;
    BOOLEAN Yes = TRUE, No = FALSE;

    One = Make(L"n1");
    EXPECT_STATUS(Rename(One, ROOT L"\\n2", 11), STATUS_SUCCESS);
    EXPECT_EQ(LinksOf(One), 2);
    Open(L"n1", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, 0, &Same);
    Open(L"n2", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, 0, &Two);
    // a name that is going is neither renamed nor linked to; the other is
    EXPECT_STATUS(NtSetInformationFile(One, &Iosb, &Yes, 1, 13), STATUS_SUCCESS);
    EXPECT_EQ(LinksOf(Two), 1);
    EXPECT_STATUS(Rename(One, ROOT L"\\n3", 10), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Rename(Same, ROOT L"\\n3", 11), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Rename(Two, ROOT L"\\n4", 10), STATUS_SUCCESS);
    EXPECT_STATUS(Rename(Two, ROOT L"\\n5", 11), STATUS_SUCCESS);
    EXPECT_STATUS(NtSetInformationFile(Same, &Iosb, &No, 1, 13), STATUS_SUCCESS); // by its name too
    EXPECT_EQ(LinksOf(One), 3);
    // whoever opened it by the old name stands for the new one
    EXPECT_STATUS(Rename(One, ROOT L"\\n6", 10), STATUS_SUCCESS);
    EXPECT_STATUS(NtSetInformationFile(Same, &Iosb, &Yes, 1, 13), STATUS_SUCCESS);
    NtClose(One);
    EXPECT_STATUS(Open(L"n6", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &One), STATUS_DELETE_PENDING);
    NtClose(Same);
    EXPECT(!Exists(L"n6") && Exists(L"n4") && Exists(L"n5"));
    EXPECT_EQ(LinksOf(Two), 2);
    NtClose(Two);
    DeleteFileA("C:\\fs-test\\n4");
    DeleteFileA("C:\\fs-test\\n5");
    EXPECT(!Exists(L"n4") && !Exists(L"n5"));
}

/* [Win32:MoveFileEx] */
static void
Move(void)
{
    HANDLE File, View, Section;

    MakeFolder(L"from");
    MakeFolder(L"to");
    MakeFile(L"from\\a");
    MakeFile(L"from\\b");
    EXPECT(!MoveFileA("C:\\fs-test\\from\\a", "C:\\fs-test\\from\\b") &&
           GetLastError() == ERROR_ALREADY_EXISTS);
    EXPECT(MoveFileExA("C:\\fs-test\\from\\a", "C:\\fs-test\\from\\b", MOVEFILE_REPLACE_EXISTING));
    EXPECT(!MoveFileA("C:\\fs-test\\from\\a", "C:\\fs-test\\to\\a") &&
           GetLastError() == ERROR_FILE_NOT_FOUND);
    EXPECT(!MoveFileExA("C:\\fs-test\\from\\b", "C:\\fs-test\\to", MOVEFILE_REPLACE_EXISTING) &&
           GetLastError() == ERROR_ACCESS_DENIED);
    EXPECT(!MoveFileA("C:\\fs-test\\from\\b", "C:\\fs-test\\no\\b") &&
           GetLastError() == ERROR_PATH_NOT_FOUND);
    EXPECT(MoveFileA("C:\\fs-test\\from", "C:\\fs-test\\to\\moved"));
    EXPECT(Exists(L"to\\moved\\b") && !Exists(L"from"));
    EXPECT(MoveFileA("C:\\fs-test\\to\\moved\\b", "C:\\fs-test\\to\\moved\\B")); // the case
    {
        WIN32_FIND_DATAA Found;
        HANDLE Find = FindFirstFileA("C:\\fs-test\\to\\moved\\b", &Found);

        EXPECT(Find != INVALID_HANDLE_VALUE && strcmp(Found.cFileName, "B") == 0);
        FindClose(Find);
    }
    // a mapped file is renamed, and replaced: whoever maps it goes on with it
    MakeFile(L"mapped");
    File = Make(L"mapped");
    Write(File, 0, "x", 1);
    Section = CreateFileMappingA(File, NULL, PAGE_READONLY, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    NtClose(Section);
    NtClose(File);
    MakeFile(L"new");
    EXPECT(MoveFileExA("C:\\fs-test\\new", "C:\\fs-test\\mapped", MOVEFILE_REPLACE_EXISTING));
    EXPECT_EQ(*(volatile char *)View, 'x');
    EXPECT(MoveFileA("C:\\fs-test\\mapped", "C:\\fs-test\\elsewhere"));
    UnmapViewOfFile(View);
    // flip-flop: the names, not the files, are in the way
    MakeFile(L"flip");
    for (int i = 0; i < 10; i++) {
        if (!MoveFileA(i % 2 ? "C:\\fs-test\\flop" : "C:\\fs-test\\flip",
                       i % 2 ? "C:\\fs-test\\flip" : "C:\\fs-test\\flop")) {
            EXPECT(FALSE);
        }
    }
    EXPECT(Exists(L"flip") && !Exists(L"flop"));
}

static BOOL
Privilege(const char *Name, BOOL Enable)
{
    TOKEN_PRIVILEGES New = {1, {{{0, 0}, Enable ? SE_PRIVILEGE_ENABLED : 0}}};
    HANDLE Token;
    BOOL Good;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &Token);
    LookupPrivilegeValueA(NULL, Name, &New.Privileges[0].Luid);
    Good = AdjustTokenPrivileges(Token, FALSE, &New, 0, NULL, NULL) && GetLastError() == 0;
    CloseHandle(Token);
    return Good;
}

static HANDLE
Secured(const char *Path, const char *Sddl, BOOL Directory)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE File = NULL;

    ConvertStringSecurityDescriptorToSecurityDescriptorA(Sddl, 1, &Attributes.lpSecurityDescriptor,
                                                         NULL);
    if (Directory) {
        CreateDirectoryA(Path, &Attributes);
    } else {
        File = CreateFileA(Path, GENERIC_READ, 7, &Attributes, CREATE_NEW, 0, NULL);
    }
    LocalFree(Attributes.lpSecurityDescriptor);
    return File;
}

/* [IFS: IRP_MJ_CREATE, FILE_OPEN_FOR_BACKUP_INTENT; Win32: "Privilege Constants"] */
static void
Privileges(void)
{
    HANDLE File;

    CloseHandle(Secured("C:\\fs-test\\denied", "D:P(A;;RC;;;WD)", FALSE));
    EXPECT(Fails(Win("denied", GENERIC_READ, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS),
                 ERROR_ACCESS_DENIED));
    EXPECT(Privilege("SeBackupPrivilege", TRUE));
    File = Win("denied", GENERIC_READ, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    EXPECT(Fails(Win("denied", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED));
    EXPECT(Fails(Win("denied", GENERIC_WRITE, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS),
                 ERROR_ACCESS_DENIED));
    EXPECT(Privilege("SeRestorePrivilege", TRUE));
    File = Win("denied", GENERIC_WRITE, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    Privilege("SeBackupPrivilege", FALSE);
    Privilege("SeRestorePrivilege", FALSE);
    // who bypasses traverse checking does not need FILE_TRAVERSE on the way
    Secured("C:\\fs-test\\way", "D:P(A;OICI;0x1301df;;;WD)", TRUE); // all but FILE_TRAVERSE
    CloseHandle(Win("way\\end", GENERIC_READ, 7, CREATE_NEW, 0));
    EXPECT(Exists(L"way\\end"));
    EXPECT(Privilege("SeChangeNotifyPrivilege", FALSE));
    EXPECT(Fails(Win("way\\end", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED));
    Privilege("SeChangeNotifyPrivilege", TRUE);
    EXPECT(Exists(L"way\\end"));
}

static BOOL
Has(const char *Path, const char *Part)
{
    PSECURITY_DESCRIPTOR Descriptor;
    static UCHAR Space[1024];
    DWORD Length;
    char *Text = NULL;
    BOOL Found;

    Descriptor = Space;
    if (!GetFileSecurityA(Path, DACL_SECURITY_INFORMATION, Descriptor, sizeof(Space), &Length) ||
        !ConvertSecurityDescriptorToStringSecurityDescriptorA(
            Descriptor, 1, DACL_SECURITY_INFORMATION, &Text, NULL)) {
        printf("ntlab-test: note error %lu\n", GetLastError());
        return FALSE;
    }
    Found = strstr(Text, Part) != NULL;
    if (!Found) {
        printf("ntlab-test: note %s: %s\n", Path, Text);
    }
    LocalFree(Text);
    return Found;
}

/* [Win32: "ACE Inheritance Rules"] */
static void
Inherit(void)
{
    Secured("C:\\fs-test\\parent",
            "D:P(A;OICI;FA;;;BA)(A;OIIO;FR;;;WD)(A;CI;FX;;;BU)(A;OICIIO;FA;;;CO)(A;OICINP;FW;;;SY)"
            "(A;;FA;;;AU)",
            TRUE);
    CreateDirectoryA("C:\\fs-test\\parent\\folder", NULL);
    CloseHandle(Win("parent\\file", GENERIC_READ, 7, CREATE_NEW, 0));
    EXPECT(Has("C:\\fs-test\\parent\\file", "(A;ID;FA;;;BA)")); // and says that it is inherited
    EXPECT(Has("C:\\fs-test\\parent\\file", "FR;;;WD)")); // objects inherit it, and it counts there
    EXPECT(!Has("C:\\fs-test\\parent\\file", ";BU)"));    // containers only
    EXPECT(!Has("C:\\fs-test\\parent\\file", ";CO)"));    // CREATOR OWNER has become the owner
    EXPECT(Has("C:\\fs-test\\parent\\folder", ";CO)"));   // and stays, to be inherited on
    EXPECT(Has("C:\\fs-test\\parent\\folder", "FX;;;BU)"));
    EXPECT(Has("C:\\fs-test\\parent\\folder", "OIIO"));  // passes through a directory
    EXPECT(!Has("C:\\fs-test\\parent\\folder", ";AU)")); // not inherited
    CreateDirectoryA("C:\\fs-test\\parent\\folder\\below", NULL);
    EXPECT(Has("C:\\fs-test\\parent\\folder", ";SY)"));
    EXPECT(!Has("C:\\fs-test\\parent\\folder\\below", ";SY)")); // NO_PROPAGATE
    // an explicit protected one takes nothing over
    CloseHandle(Secured("C:\\fs-test\\parent\\own", "D:P(A;;FA;;;SY)(A;;FA;;;BA)", FALSE));
    EXPECT(!Has("C:\\fs-test\\parent\\own", ";WD)"));
    // one that is not protected comes first, what is inherited behind it [Win32: "DACL for a New Object"]
    CloseHandle(Secured("C:\\fs-test\\parent\\both", "D:(A;;FA;;;AU)", FALSE));
    EXPECT(Has("C:\\fs-test\\parent\\both", "(A;;FA;;;AU)(A;ID;FA;;;BA)"));
}

typedef struct {
    OVERLAPPED Overlapped;
    HANDLE Folder;
    DWORD Buffer[256];
    char Last[300]; // modification told
} WATCH;

static BOOL
Watch(WATCH *It, DWORD Filter, BOOL Tree)
{
    ResetEvent(It->Overlapped.hEvent);
    return ReadDirectoryChangesW(It->Folder, It->Buffer, sizeof(It->Buffer), Tree, Filter, NULL,
                                 &It->Overlapped, NULL);
}

/* The changes that have come, as "action name;": what is expected. The watch goes on. */
static BOOL
Told(WATCH *It, const char *Expected, DWORD Filter, BOOL Tree)
{
    char Text[600] = "";
    DWORD Bytes = 0;

    while (strlen(Text) < strlen(Expected) &&
           WaitForSingleObject(It->Overlapped.hEvent, 2000) == WAIT_OBJECT_0 &&
           GetOverlappedResult(It->Folder, &It->Overlapped, &Bytes, FALSE)) {
        for (PFILE_NOTIFY_INFORMATION At = (PVOID)It->Buffer; Bytes != 0;
             At = (PVOID)((PUCHAR)At + At->NextEntryOffset)) {
            char One[300];

            snprintf(One, sizeof(One), "%lu %.*ls;", At->Action, (int)(At->FileNameLength / 2),
                     At->FileName);
            /* A stream's modification may be told again: when it is made, when the stream is closed. */
            if (At->Action != 8) {
                It->Last[0] = 0;
            }
            if (strcmp(One, It->Last) != 0) {
                strcat(Text, One);
            }
            if (At->Action == 8) {
                strcpy(It->Last, One);
            }
            if (At->NextEntryOffset == 0) {
                break;
            }
        }
        Watch(It, Filter, Tree);
    }
    if (strcmp(Text, Expected) != 0) {
        printf("ntlab-test: note told %s not %s\n", Text, Expected);
    }
    return strcmp(Text, Expected) == 0;
}

#define NAMES (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)
#define STREAMS                                                                                    \
    (0x200 /* FILE_NOTIFY_CHANGE_STREAM_NAME */ | 0x400 /* STREAM_SIZE */ |                        \
     0x800 /* STREAM_WRITE */)

/* [Win32:ReadDirectoryChangesW; DDI:ntifs/zwnotifychangedirectoryfile] */
static void
Notify(void)
{
    WATCH It = {{0}};
    HANDLE File;
    FILE_BASIC_INFO Basic = {{{0}}};

    MakeFolder(L"watched");
    MakeFolder(L"watched\\sub");
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    It.Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT(Watch(&It, NAMES, TRUE));
    CloseHandle(Win("watched\\new", GENERIC_WRITE, 7, CREATE_NEW, 0));
    EXPECT(Told(&It, "1 new;", NAMES, TRUE));
    MoveFileA("C:\\fs-test\\watched\\new", "C:\\fs-test\\watched\\renamed");
    EXPECT(Told(&It, "4 new;5 renamed;", NAMES, TRUE));
    MoveFileA("C:\\fs-test\\watched\\renamed", "C:\\fs-test\\watched\\sub\\moved");
    EXPECT(Told(&It, "2 renamed;1 sub\\moved;", NAMES, TRUE)); // into another directory
    CreateDirectoryA("C:\\fs-test\\watched\\dir", NULL);
    EXPECT(Told(&It, "1 dir;", NAMES, TRUE));
    RemoveDirectoryA("C:\\fs-test\\watched\\dir");
    EXPECT(Told(&It, "2 dir;", NAMES, TRUE));
    CreateHardLinkA("C:\\fs-test\\watched\\link", "C:\\fs-test\\watched\\sub\\moved", NULL);
    EXPECT(Told(&It, "1 link;", NAMES, TRUE));
    DeleteFileA("C:\\fs-test\\watched\\link");
    EXPECT(Told(&It, "2 link;", NAMES, TRUE));
    MoveFileA("C:\\fs-test\\watched\\sub\\moved", "C:\\fs-test\\out"); // out of the tree
    EXPECT(Told(&It, "2 sub\\moved;", NAMES, TRUE));
    MoveFileA("C:\\fs-test\\out", "C:\\fs-test\\watched\\in");
    EXPECT(Told(&It, "1 in;", NAMES, TRUE));
    CloseHandle(It.Folder);
    // one thing at a time, not below
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, FILE_NOTIFY_CHANGE_ATTRIBUTES, FALSE));
    CloseHandle(Win("watched\\other", GENERIC_WRITE, 7, CREATE_NEW, 0)); // a name: not asked for
    SetFileAttributesA("C:\\fs-test\\watched\\in", FILE_ATTRIBUTE_HIDDEN);
    EXPECT(Told(&It, "3 in;", FILE_NOTIFY_CHANGE_SIZE, FALSE));
    CloseHandle(It.Folder);
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, FILE_NOTIFY_CHANGE_SIZE, FALSE));
    File = Win("watched\\other", GENERIC_WRITE, 7, OPEN_EXISTING, 0);
    SetFilePointer(File, 100, NULL, FILE_BEGIN);
    SetEndOfFile(File);
    CloseHandle(File);
    EXPECT(Told(&It, "3 other;", FILE_NOTIFY_CHANGE_SIZE, FALSE));
    CloseHandle(It.Folder);
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, FILE_NOTIFY_CHANGE_CREATION, FALSE));
    File = Win("watched\\other", GENERIC_WRITE, 7, OPEN_EXISTING, 0);
    Basic.CreationTime.QuadPart = 0x01D000000000000ll;
    EXPECT(SetFileInformationByHandle(File, FileBasicInfo, &Basic, sizeof(Basic)));
    EXPECT(Told(&It, "3 other;", FILE_NOTIFY_CHANGE_SECURITY, FALSE));
    CloseHandle(File);
    CloseHandle(It.Folder);
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, FILE_NOTIFY_CHANGE_SECURITY, FALSE));
    {
        PSECURITY_DESCRIPTOR Descriptor;

        ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;;FA;;;WD)", 1, &Descriptor,
                                                             NULL);
        EXPECT(
            SetFileSecurityA("C:\\fs-test\\watched\\other", DACL_SECURITY_INFORMATION, Descriptor));
        LocalFree(Descriptor);
    }
    EXPECT(Told(&It, "3 other;", FILE_NOTIFY_CHANGE_SECURITY, FALSE));
    CloseHandle(It.Folder);
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, STREAMS, FALSE));
    File = Win("watched\\other:named", GENERIC_WRITE, 7, CREATE_NEW, 0);
    EXPECT(Told(&It, "6 other:named;", STREAMS, FALSE)); // FILE_ACTION_ADDED_STREAM
    {
        DWORD Done;

        WriteFile(File, "x", 1, &Done, NULL);
    }
    CloseHandle(File);
    EXPECT(Told(&It, "8 other:named;", STREAMS, FALSE)); // FILE_ACTION_MODIFIED_STREAM
    DeleteFileA("C:\\fs-test\\watched\\other:named");
    EXPECT(Told(&It, "7 other:named;", STREAMS, FALSE)); // FILE_ACTION_REMOVED_STREAM
    CloseHandle(It.Folder);
    // the watched directory itself is deleted: the watch ends
    It.Folder = CreateFileA("C:\\fs-test\\watched\\sub", FILE_LIST_DIRECTORY, 7, NULL,
                            OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(Watch(&It, NAMES, FALSE));
    EXPECT(RemoveDirectoryA("C:\\fs-test\\watched\\sub"));
    EXPECT_EQ(WaitForSingleObject(It.Overlapped.hEvent, 2000), WAIT_OBJECT_0);
    EXPECT_STATUS((NTSTATUS)It.Overlapped.Internal, STATUS_DELETE_PENDING);
    CloseHandle(It.Folder);
    // a buffer that is too small: all is to be listed again
    It.Folder = CreateFileA("C:\\fs-test\\watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    ResetEvent(It.Overlapped.hEvent);
    EXPECT(
        ReadDirectoryChangesW(It.Folder, It.Buffer, 16, FALSE, NAMES, NULL, &It.Overlapped, NULL));
    CloseHandle(Win("watched\\a name that is long", GENERIC_WRITE, 7, CREATE_NEW, 0));
    EXPECT_EQ(WaitForSingleObject(It.Overlapped.hEvent, 2000), WAIT_OBJECT_0);
    EXPECT_STATUS((NTSTATUS)It.Overlapped.Internal, STATUS_NOTIFY_ENUM_DIR);
    EXPECT_EQ(It.Overlapped.InternalHigh, 0);
    CloseHandle(It.Folder);
    CloseHandle(It.Overlapped.hEvent);
}

/* REQUEST_OPLOCK_INPUT_BUFFER and its answer. [IFS: oplock semantics; Win32: FSCTL_REQUEST_OPLOCK] */
typedef struct {
    USHORT Version, Size;
    ULONG Level, Flags;
} OPLOCK_IN;
typedef struct {
    USHORT Version, Size;
    ULONG Old, New, Flags, Access;
    USHORT Share;
} OPLOCK_OUT;

typedef struct {
    HANDLE File, Event;
    IO_STATUS_BLOCK Iosb;
    OPLOCK_OUT Out;
} HOLDER;

#define OP_READ   1
#define OP_HANDLE 2
#define OP_WRITE  4

static NTSTATUS
Ask(HOLDER *It, ULONG Level, ULONG Flags)
{
    OPLOCK_IN In = {1, sizeof(In), Level, Flags};

    ResetEvent(It->Event);
    memset(&It->Out, 0, sizeof(It->Out));
    return NtFsControlFile(It->File, It->Event, NULL, NULL, &It->Iosb, FSCTL_REQUEST_OPLOCK, &In,
                           sizeof(In), &It->Out, sizeof(It->Out));
}

static BOOL
Broken(HOLDER *It)
{
    return WaitForSingleObject(It->Event, 0) == WAIT_OBJECT_0;
}

static HOLDER
Hold(PCWSTR Name)
{
    HOLDER It = {0};

    It.Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    CreateAt(NULL, Under(Name), GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN_IF, 0,
             0, &It.File);
    return It;
}

static void
Release(HOLDER *It)
{
    if (It->File != NULL) {
        NtClose(It->File);
    }
    CloseHandle(It->Event);
}

static void
Oplocks(void)
{
    HOLDER One = Hold(L"op"), Two;
    HANDLE File;

    // what is no level, or no request
    EXPECT_STATUS(Ask(&One, 0, 1), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Ask(&One, OP_WRITE, 1), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Ask(&One, OP_HANDLE, 1), STATUS_INVALID_PARAMETER);
    // upgrades: R, RH, RW, RWH by the same handle; the older request ends
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    {
        HOLDER Again = {One.File, CreateEventA(NULL, TRUE, FALSE, NULL)};

        EXPECT_STATUS(Ask(&Again, OP_READ | OP_HANDLE, 1), STATUS_PENDING);
        EXPECT(Broken(&One) &&
               One.Iosb.Status == (NTSTATUS)0x215 /* STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE */);
        EXPECT_STATUS(Ask(&One, OP_READ | OP_WRITE | OP_HANDLE, 1), STATUS_PENDING);
        EXPECT(Broken(&Again));
        EXPECT_STATUS(Ask(&Again, OP_READ, 1), STATUS_OPLOCK_NOT_GRANTED); // no way down
        CloseHandle(Again.Event);
    }
    // RWH: another open breaks it to RH, and waits for the acknowledgment
    EXPECT_STATUS(CreateAt(NULL, Under(L"op"), GENERIC_READ, SHARE_ALL, FILE_OPEN,
                           FILE_COMPLETE_IF_OPLOCKED | FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_OPLOCK_BREAK_IN_PROGRESS);
    EXPECT(Broken(&One) && One.Iosb.Status == STATUS_SUCCESS);
    EXPECT_EQ(One.Out.Old, OP_READ | OP_WRITE | OP_HANDLE);
    EXPECT_EQ(One.Out.New, OP_READ | OP_HANDLE);
    EXPECT(One.Out.Flags & 1); // REQUEST_OPLOCK_OUTPUT_FLAG_ACK_REQUIRED
    EXPECT_STATUS(Ask(&One, OP_READ | OP_HANDLE, 2),
                  STATUS_PENDING); // the acknowledgment is a request
    // RH: who has it writes as it likes, a write of another breaks it to nothing
    {
        HANDLE Writer;

        Open(L"op", GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, &Writer);
        EXPECT(!Broken(&One));
        EXPECT_STATUS(Write(Writer, 0, "x", 1), STATUS_SUCCESS);
        EXPECT(Broken(&One));
        EXPECT_EQ(One.Out.New, 0);
        NtClose(Writer);
    }
    NtClose(File);
    Release(&One);
    // shared ones: any number of R and RH
    One = Hold(L"op");
    Two = Hold(L"op");
    EXPECT_STATUS(Ask(&One, OP_READ | OP_HANDLE, 1), STATUS_PENDING);
    EXPECT_STATUS(Ask(&Two, OP_READ | OP_HANDLE, 1), STATUS_PENDING);
    EXPECT(!Broken(&One));
    EXPECT_STATUS(Ask(&Two, OP_READ | OP_WRITE, 1), STATUS_OPLOCK_NOT_GRANTED); // two handles
    // a sharing violation breaks the handle caching, not the reading
    EXPECT_STATUS(CreateAt(NULL, Under(L"op"), GENERIC_READ, 0, FILE_OPEN,
                           FILE_COMPLETE_IF_OPLOCKED | FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_SHARING_VIOLATION);
    EXPECT(Broken(&One) && Broken(&Two));
    EXPECT_EQ(One.Out.New, OP_READ);
    Release(&One);
    Release(&Two);
    // who writes through a handle of its own breaks its own reading by nobody, others' to nothing
    One = Hold(L"op");
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    Open(L"op", GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT(!Broken(&One)); // an open breaks no R
    EXPECT_STATUS(Write(File, 0, "x", 1), STATUS_SUCCESS);
    EXPECT(Broken(&One));
    EXPECT_EQ(One.Out.New, 0);
    EXPECT(!(One.Out.Flags & 1));
    NtClose(File);
    // a byte-range lock, a new size and a rename of others break reading too
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    Open(L"op", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, &File);
    {
        LARGE_INTEGER At = {.QuadPart = 0}, Length = {.QuadPart = 1};

        EXPECT_STATUS(NtLockFile(File, NULL, NULL, NULL, &Iosb, &At, &Length, 0, TRUE, TRUE),
                      STATUS_SUCCESS);
        EXPECT(Broken(&One));
        EXPECT_STATUS(NtUnlockFile(File, &Iosb, &At, &Length, 0), STATUS_SUCCESS);
    }
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    EXPECT_STATUS(SetSize(File, 50), STATUS_SUCCESS);
    EXPECT(Broken(&One));
    NtClose(File);
    Release(&One);
    // an overwrite breaks to nothing
    One = Hold(L"op");
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    Open(L"op", GENERIC_WRITE, SHARE_ALL, FILE_OVERWRITE, 0, &File);
    EXPECT(Broken(&One));
    EXPECT_EQ(One.Out.New, 0);
    NtClose(File);
    Release(&One);
    // directories have R and RH alone
    MakeFolder(L"opdir");
    One = (HOLDER){.Event = CreateEventA(NULL, TRUE, FALSE, NULL)};
    CreateAt(NULL, Under(L"opdir"), FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE,
             0, &One.File);
    EXPECT_STATUS(Ask(&One, OP_READ | OP_WRITE, 1), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_PENDING);
    MakeFile(L"opdir\\new");
    EXPECT(Broken(&One)); // what it lists has changed
    EXPECT_STATUS(Ask(&One, OP_READ | OP_HANDLE, 1), STATUS_PENDING);
    DeleteFileA("C:\\fs-test\\opdir\\new");
    EXPECT(Broken(&One));
    Release(&One);
}

int
main(void)
{
    BeginFs();
    Create();
    Attributes();
    Sizes();
    Stat();
    Remove();
    Names();
    Move();
    Privileges();
    Inherit();
    Notify();
    Oplocks();
    Dismount();
    return TEST_DONE();
}
