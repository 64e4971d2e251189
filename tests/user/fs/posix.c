/*
 * posix.c - deletion and renaming with and without POSIX semantics, among handles and mapped views of others.
 * [DDI: FILE_DISPOSITION_INFORMATION_EX, FILE_RENAME_INFORMATION, FILE_LINK_INFORMATION; Win32: MoveFileEx, DeleteFile,
 * GetVolumeInformation]
 */
#include "win.h"

static void
Delete2(void)
{
    HANDLE One, Two;
    DWORD Flags;

    EXPECT(GetVolumeInformationA("C:\\", NULL, 0, NULL, NULL, &Flags, NULL, 0));
    EXPECT(Flags & 0x400); // FILE_SUPPORTS_POSIX_UNLINK_RENAME
    EXPECT(Flags & FILE_SUPPORTS_HARD_LINKS && Flags & FILE_SUPPORTS_EXTENDED_ATTRIBUTES &&
           Flags & FILE_SUPPORTS_OPEN_BY_FILE_ID && Flags & FILE_SUPPORTS_USN_JOURNAL);
    // a read-only file: only when that is to be ignored
    One = Win("px", GENERIC_READ | GENERIC_WRITE | DELETE, 7, CREATE_NEW, FILE_ATTRIBUTE_READONLY);
    Two = Win("px", DELETE, 7, OPEN_EXISTING, 0);
    EXPECT(Two != INVALID_HANDLE_VALUE);
    EXPECT_STATUS(Dispose(Two, 3), STATUS_CANNOT_DELETE);
    EXPECT_STATUS(Dispose(Two, 0x13), STATUS_SUCCESS);
    EXPECT(Found("px", NULL)); // until the handle is closed
    EXPECT(Fails(Win("px", 0, 0, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED));
    CloseHandle(Two);
    EXPECT(!Found("px", NULL) && GetLastError() == ERROR_FILE_NOT_FOUND);
    EXPECT(Fails(Win("px", 0, 0, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    EXPECT_STATUS(Dispose(One, 0), STATUS_FILE_DELETED); // nothing brings it back
    EXPECT_STATUS(Dispose(One, 1), STATUS_FILE_DELETED);
    EXPECT_STATUS(RenameTo(One, NULL, L"px2", 2, 65), STATUS_ACCESS_DENIED);
    CloseHandle(One);
    // asked for, and taken back
    One = Win("px", GENERIC_READ | GENERIC_WRITE, 7, CREATE_NEW, 0);
    Two = Win("px", DELETE, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(Dispose(Two, 3), STATUS_SUCCESS);
    EXPECT_STATUS(Dispose(Two, 0), STATUS_SUCCESS);
    CloseHandle(Two);
    EXPECT(Found("px", NULL));
    CloseHandle(One);
    // the name is free for another file while the first is still open
    One = Win("px", GENERIC_READ | GENERIC_WRITE | DELETE, 7, OPEN_EXISTING, 0);
    Two = Win("px", DELETE, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(Dispose(Two, 3), STATUS_SUCCESS);
    CloseHandle(Two);
    Two = Win("px", GENERIC_WRITE, 0, CREATE_NEW, 0);
    EXPECT(Two != INVALID_HANDLE_VALUE);
    EXPECT_STATUS(Write(One, 0, "one", 3), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(Two), 0);
    CloseHandle(One);
    CloseHandle(Two);
    EXPECT(DeleteFileA(Path("px")));
    // FILE_DISPOSITION_ON_CLOSE changes what FILE_DELETE_ON_CLOSE asked for
    One =
        Win("px", GENERIC_READ | GENERIC_WRITE | DELETE, 7, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
    EXPECT_STATUS(Dispose(One, 8), STATUS_SUCCESS);
    CloseHandle(One);
    EXPECT(Found("px", NULL));
    One = Win("px", DELETE, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(Dispose(One, 9), STATUS_NOT_SUPPORTED); // of a file that was not opened so
    EXPECT_STATUS(Dispose(One, 3), STATUS_SUCCESS);
    CloseHandle(One);
    EXPECT(!Found("px", NULL));
    // FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK asks nothing of a file that is no image
    One = Win("px", DELETE, 7, CREATE_NEW, 0);
    EXPECT_STATUS(Dispose(One, 1 | 4), STATUS_SUCCESS);
    CloseHandle(One);
    EXPECT(!Found("px", NULL));
    // DELETE access is needed; a directory that is not empty stays
    One = Win("px", GENERIC_READ | GENERIC_WRITE, 7, CREATE_NEW, 0);
    EXPECT_STATUS(Dispose(One, 1), STATUS_ACCESS_DENIED);
    CloseHandle(One);
    CreateDirectoryA(Path("pd"), NULL);
    CloseHandle(Win("pd\\f", GENERIC_WRITE, 7, CREATE_NEW, 0));
    One = Win("pd", DELETE, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT_STATUS(Dispose(One, 3), STATUS_DIRECTORY_NOT_EMPTY);
    CloseHandle(One);
    // delete on close of one: it stays, and nobody is told
    One =
        Win("pd", DELETE, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_DELETE_ON_CLOSE);
    EXPECT(One != INVALID_HANDLE_VALUE);
    CloseHandle(One);
    EXPECT(Found("pd\\f", NULL));
    DeleteFileA(Path("pd\\f"));
    EXPECT(RemoveDirectoryA(Path("pd")) &&
           Refused(RemoveDirectoryA(Path("pd")), ERROR_FILE_NOT_FOUND));
    // nothing is made in a directory that is going
    CreateDirectoryA(Path("pd"), NULL);
    One = Win("pd", DELETE | FILE_LIST_DIRECTORY | FILE_ADD_FILE, 7, OPEN_EXISTING,
              FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT_STATUS(Dispose(One, 1), STATUS_SUCCESS);
    EXPECT_STATUS(CreateAt(One, L"new", GENERIC_READ, 7, FILE_CREATE, 0, 0, &Two),
                  STATUS_DELETE_PENDING);
    CloseHandle(One);
    // the root stays
    One = CreateFileA("C:\\", DELETE, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    EXPECT_STATUS(Dispose(One, 1), STATUS_CANNOT_DELETE);
    // the directory that is to get it, itself, is opened without sharing deletion
    EXPECT_STATUS(RenameTo(One, NULL, L"\\??\\C:\\x", 0, 10), STATUS_SHARING_VIOLATION);
    CloseHandle(One);
    DeleteFileA(Path("px"));
}

static void
Rename2(void)
{
    HANDLE One, Two, Other;

    // a short name: in the same directory. Others who have the file open do not matter
    CloseHandle(Win("r0", GENERIC_READ, 7, CREATE_NEW, 0));
    One = Win("r0", DELETE, 0, OPEN_EXISTING, 0);
    Two = Win("r0", FILE_READ_ATTRIBUTES, 0, OPEN_EXISTING, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"r2", 0, 10), STATUS_SUCCESS);
    EXPECT(Found("r2", NULL) && !Found("r0", NULL));
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 2, 65), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(One, NULL, L"r2", 2, 65), STATUS_SUCCESS);
    CloseHandle(One);
    CloseHandle(Two);
    // onto a file that somebody has open: without POSIX never, with it when deletion is shared
    Other = Win("r0", GENERIC_READ | GENERIC_WRITE, 0, CREATE_NEW, 0);
    One = Win("r2", DELETE, 0, OPEN_EXISTING, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 0, 10), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 0, 65), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 1, 10), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 3, 65), STATUS_SHARING_VIOLATION);
    CloseHandle(Other);
    Other = Win("r0", FILE_READ_ATTRIBUTES, 0, OPEN_EXISTING, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 1, 10), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 3, 65), STATUS_SUCCESS);
    CloseHandle(Other);
    CloseHandle(One);
    EXPECT(Found("r0", NULL) && !Found("r2", NULL));
    // whoever had the replaced one open goes on with it
    One = Win("r1", GENERIC_WRITE | DELETE, 7, CREATE_NEW, 0);
    Write(One, 0, "new", 3);
    Other = Win("r0", GENERIC_READ | GENERIC_WRITE, 7, OPEN_EXISTING, 0);
    Write(Other, 0, "older", 5);
    EXPECT_STATUS(RenameTo(One, NULL, L"r0", 3, 65), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(Other), 5);
    CloseHandle(Other);
    EXPECT_EQ(SizeOf(One), 3);
    // a read-only target: only when that is to be ignored
    CloseHandle(Win("ro", GENERIC_WRITE, 7, CREATE_NEW, FILE_ATTRIBUTE_READONLY));
    EXPECT_STATUS(RenameTo(One, NULL, L"ro", 1, 10), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(One, NULL, L"ro", 3, 65), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(One, NULL, L"ro", 0x41, 65), STATUS_SUCCESS);
    // onto itself, and its other case
    EXPECT_STATUS(RenameTo(One, NULL, L"ro", 0, 10), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(One, NULL, L"RO", 0, 10), STATUS_SUCCESS);
    {
        WIN32_FIND_DATAA Data;

        EXPECT(Found("ro", &Data) && strcmp(Data.cFileName, "RO") == 0);
    }
    // names that are none, an empty one, one with a path and a root
    EXPECT_STATUS(RenameTo(One, NULL, L"a*b", 0, 10), STATUS_OBJECT_NAME_INVALID);
    EXPECT_STATUS(RenameTo(One, NULL, L"", 0, 10), STATUS_INFO_LENGTH_MISMATCH);
    CreateDirectoryA(Path("rd"), NULL);
    Other = Win("rd", FILE_ADD_FILE | FILE_TRAVERSE, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT_STATUS(RenameTo(One, Other, L"in", 0, 10), STATUS_SUCCESS);
    EXPECT(Found("rd\\in", NULL));
    // FILE_LINK: the same, with its own flags
    EXPECT_STATUS(RenameTo(One, Other, L"link", 0, 11), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(One, Other, L"link", 0, 11), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(RenameTo(One, Other, L"link", 1, 11), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(One, Other, L"link2", 2, 72), STATUS_SUCCESS);
    CloseHandle(Other);
    CloseHandle(One);
    One = Win("rd", DELETE | FILE_WRITE_ATTRIBUTES, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    EXPECT_STATUS(RenameTo(One, NULL, L"dirlink", 0, 11), STATUS_FILE_IS_A_DIRECTORY);
    // a directory below itself; one in which something is open; over a directory
    EXPECT_STATUS(RenameTo(One, NULL, ROOT L"\\rd\\below", 0, 10), STATUS_SHARING_VIOLATION);
    Other = Win("rd\\in", GENERIC_READ, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"rd2", 0, 10), STATUS_ACCESS_DENIED);
    CloseHandle(Other);
    EXPECT_STATUS(RenameTo(One, NULL, L"rd2", 0, 10), STATUS_SUCCESS);
    CreateDirectoryA(Path("rd3"), NULL);
    EXPECT_STATUS(RenameTo(One, NULL, L"rd3", 1, 10), STATUS_ACCESS_DENIED);
    // an empty directory gives way to POSIX semantics, as does no other
    EXPECT_STATUS(RenameTo(One, NULL, L"rd3", 3, 65), STATUS_SUCCESS);
    CloseHandle(One);
    EXPECT(Found("rd3\\in", NULL) && !Found("rd2", NULL));
    // without DELETE access
    One = Win("RO2", GENERIC_READ | GENERIC_WRITE, 7, CREATE_NEW, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"other", 0, 10), STATUS_ACCESS_DENIED);
    CloseHandle(One);
    // to another volume
    One = Win("RO2", DELETE, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(RenameTo(One, NULL, L"\\??\\D:\\other", 0, 10), STATUS_NOT_SAME_DEVICE);
    CloseHandle(One);
    // MoveFileEx: a backslash at the end of the new name
    EXPECT(MoveFileExA(Path("RO2"), Path("RO3\\"), 0) && Found("RO3", NULL));
    EXPECT(MoveFileExA(Path("rd3"), Path("rd4\\"), 0) && Found("rd4\\in", NULL));
    EXPECT(MoveFileExA(Path("rd4"), Path("rd4"), 0) && MoveFileExA(Path("rd4"), Path("RD4"), 0));
}

/* Sections keep a file's contents, not its name. */
static void
Views(void)
{
    HANDLE File, Section = NULL, Other = NULL;
    SYSTEM_INFO System;
    PUCHAR View;
    BOOL Good = TRUE;

    GetSystemInfo(&System);
    File = Win("m0", GENERIC_READ | GENERIC_WRITE, 3, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
    Section =
        CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, System.dwAllocationGranularity, NULL);
    EXPECT(Section != NULL);
    CloseHandle(File);
    EXPECT(Fails(Win("m0", GENERIC_READ, 3, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    CloseHandle(Section);
    // a section without a view: replaced, renamed, deleted
    for (int i = 0; i < 2; i++) {
        File = Win(i == 0 ? "m1" : "m2", GENERIC_READ | GENERIC_WRITE, 3, CREATE_NEW, 0);
        Section =
            CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, System.dwAllocationGranularity, NULL);
        CloseHandle(File);
        if (i == 0) {
            Other = Section;
        }
    }
    EXPECT(MoveFileExA(Path("m1"), Path("m3"), MOVEFILE_REPLACE_EXISTING));
    EXPECT(MoveFileExA(Path("m3"), Path("m2"), MOVEFILE_REPLACE_EXISTING));
    CloseHandle(Section);
    CloseHandle(Other);
    EXPECT(DeleteFileA(Path("m2")) && Refused(DeleteFileA(Path("m2")), ERROR_FILE_NOT_FOUND));
    // what a view wrote is there after its file was renamed and its directory was
    CreateDirectoryA(Path("md"), NULL);
    File = Win("md\\a", GENERIC_READ | GENERIC_WRITE, 3, CREATE_NEW, 0);
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 16 * 65536, NULL);
    CloseHandle(File);
    View = MapViewOfFile(Section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    for (int i = 0; i < 16 * 65536; i += 512) {
        View[i] = (UCHAR)(i >> 9);
    }
    UnmapViewOfFile(View);
    CloseHandle(Section);
    EXPECT(MoveFileExA(Path("md"), Path("me"), MOVEFILE_REPLACE_EXISTING));
    EXPECT(MoveFileExA(Path("me\\a"), Path("me\\b"), MOVEFILE_REPLACE_EXISTING));
    File = Win("me\\b", GENERIC_READ, 1, OPEN_EXISTING, 0);
    Section = CreateFileMappingA(File, NULL, PAGE_READONLY, 0, 16 * 65536, NULL);
    CloseHandle(File);
    View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    for (int i = 0; i < 16 * 65536 && Good; i += 512) {
        Good = View[i] == (UCHAR)(i >> 9);
    }
    EXPECT(Good);
    // while a view is mapped the file cannot be cut, nor overwritten; a section without one can
    File = Win("me\\b", GENERIC_READ | GENERIC_WRITE | DELETE, 7, OPEN_EXISTING, 0);
    EXPECT_STATUS(SetSize(File, 100), STATUS_USER_MAPPED_FILE);
    {
        LARGE_INTEGER Zero = {.QuadPart = 0};

        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Zero, sizeof(Zero), 19),
                      STATUS_USER_MAPPED_FILE);
    }
    EXPECT_STATUS(SetSize(File, 17 * 65536), STATUS_SUCCESS); // longer: yes
    EXPECT(Fails(Win("me\\b", GENERIC_WRITE, 7, CREATE_ALWAYS, 0), ERROR_USER_MAPPED_FILE));
    EXPECT(Fails(Win("me\\b", GENERIC_WRITE, 7, TRUNCATE_EXISTING, 0), ERROR_USER_MAPPED_FILE));
    EXPECT_STATUS(Dispose(File, 1), STATUS_CANNOT_DELETE);
    UnmapViewOfFile(View);
    EXPECT_STATUS(SetSize(File, 100), STATUS_USER_MAPPED_FILE);        // the section does as well
    EXPECT_STATUS(SetSize(File, 16 * 65536), STATUS_USER_MAPPED_FILE); // it has grown
    CloseHandle(Section);
    EXPECT_STATUS(SetSize(File, 100), STATUS_SUCCESS);
    CloseHandle(File);
    EXPECT(DeleteFileA(Path("me\\b")) && RemoveDirectoryA(Path("me")));
    // renaming back and forth a directory below which sections are open
    CreateDirectoryA(Path("sh"), NULL);
    File = Win("sh\\one", GENERIC_READ | GENERIC_WRITE, 0, CREATE_NEW, 0);
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 65536, NULL);
    CloseHandle(File);
    for (int i = 0; i < 4; i++) {
        Good = Good && MoveFileExA(Path(i & 1 ? "longer name than it" : "sh"),
                                   Path(i & 1 ? "sh" : "longer name than it"), 0);
    }
    EXPECT(Good);
    CloseHandle(Section);
    EXPECT(DeleteFileA(Path("sh\\one")) && RemoveDirectoryA(Path("sh")));
}

/* A program's image: not written, not deleted while it runs. [Win32:DeleteFile; IFS: MmFlushImageSection] */
static void
Images(void)
{
    char Self[MAX_PATH];
    HANDLE File;

    GetModuleFileNameA(NULL, Self, sizeof(Self));
    EXPECT(CopyFileA(Self, Path("copy.exe"), FALSE));
    File = Win("copy.exe", GENERIC_READ | GENERIC_EXECUTE, 7, OPEN_EXISTING, 0);
    {
        HANDLE Section = CreateFileMappingA(File, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
        PVOID View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);

        EXPECT(Section != NULL && View != NULL);
        CloseHandle(Section);
        EXPECT(Fails(Win("copy.exe", GENERIC_WRITE, 7, OPEN_EXISTING, 0), ERROR_SHARING_VIOLATION));
        EXPECT(Refused(DeleteFileA(Path("copy.exe")), ERROR_ACCESS_DENIED));
        EXPECT(MoveFileA(Path("copy.exe"), Path("moved.exe"))); // a name is only a name
        UnmapViewOfFile(View);
    }
    CloseHandle(File);
    EXPECT(DeleteFileA(Path("moved.exe")));
}

int
main(void)
{
    BeginFs();
    Delete2();
    Rename2();
    Views();
    Images();
    return TEST_DONE();
}
