/*
 * paths.c - names of files as Win32 makes them: short and long forms, roots of volumes, drives, names for temporary files, and how long a
 * name may be. [Win32: GetLongPathName, GetShortPathName, GetVolumePathName, GetVolumeInformation, GetDriveType, GetLogicalDrives,
 * GetTempPath, GetTempFileName, OpenFile, SearchPath; Maximum Path Length Limitation]
 */
#include "win.h"

#define LONG_FOLDER "C:\\fs-test\\A long folder name"
#define LONG_FILE   LONG_FOLDER "\\a long file name.text"

static char Text[2000], Short[MAX_PATH];

static void
Forms(void)
{
    DWORD Length;

    CreateDirectoryA(LONG_FOLDER, NULL);
    CloseHandle(CreateFileA(LONG_FILE, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    CloseHandle(
        CreateFileA("C:\\fs-test\\8dot3.ext", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    // each component in its short form
    Length = GetShortPathNameA(LONG_FILE, Short, sizeof(Short));
    EXPECT(Length == strlen(Short) &&
           strlen(Short) == strlen("C:\\fs-test\\ALONGF~1\\ALONGF~1.TEX"));
    EXPECT(strchr(Short, '~') != NULL && strchr(strchr(Short, '~') + 1, '~') != NULL);
    EXPECT(GetFileAttributesA(Short) != INVALID_FILE_ATTRIBUTES);
    // ... and back
    EXPECT_EQ(GetLongPathNameA(Short, Text, sizeof(Text)), strlen(LONG_FILE));
    EXPECT(strcmp(Text, LONG_FILE) == 0);
    // "you can use the same buffer"
    EXPECT_EQ(GetLongPathNameA(Short, Short, sizeof(Short)), strlen(LONG_FILE));
    EXPECT(strcmp(Short, LONG_FILE) == 0);
    // what is short already is its own short form
    EXPECT_EQ(GetShortPathNameA("C:\\fs-test\\8dot3.ext", Text, sizeof(Text)), 20);
    // a buffer that is too small: its size, with the zero; "can be NULL if cchBuffer is zero"
    EXPECT_EQ(GetLongPathNameA(LONG_FILE, NULL, 0), strlen(LONG_FILE) + 1);
    Text[0] = 'x';
    EXPECT_EQ(GetLongPathNameA(LONG_FILE, Text, strlen(LONG_FILE)), strlen(LONG_FILE) + 1);
    EXPECT(Text[0] == 'x');
    // the prefix and the separators stay
    EXPECT(GetLongPathNameA("\\\\?\\C:\\fs-test\\8dot3.ext", Text, sizeof(Text)) &&
           strcmp(Text, "\\\\?\\C:\\fs-test\\8dot3.ext") == 0);
    EXPECT(GetLongPathNameA("C:/fs-test/8dot3.ext", Text, sizeof(Text)) &&
           strcmp(Text, "C:/fs-test/8dot3.ext") == 0);
    EXPECT(GetLongPathNameA("C:\\", Text, sizeof(Text)) == 3 && strcmp(Text, "C:\\") == 0);
    // "if the file does not exist": an error
    EXPECT(GetLongPathNameA("C:\\fs-test\\none", Text, sizeof(Text)) == 0 &&
           GetLastError() == ERROR_FILE_NOT_FOUND);
    EXPECT(GetShortPathNameA("C:\\fs-test\\none\\none", Text, sizeof(Text)) == 0);
    EXPECT(GetLongPathNameA(NULL, Text, sizeof(Text)) == 0 &&
           GetLastError() == ERROR_INVALID_PARAMETER);
    EXPECT(GetLongPathNameA("", Text, sizeof(Text)) == 0 && GetLastError() == ERROR_PATH_NOT_FOUND);
    EXPECT(GetLongPathNameA("C:\\fs-test\\*", Text, sizeof(Text)) == 0);
}

static void
Roots(void)
{
    static const struct {
        const char *Path, *Root;
    } Known[] = {{"C:\\fs-test\\none\\none", "C:\\"}, // it need not exist
                 {"C:/fs-test", "C:\\"},
                 {"none", "C:\\"},
                 {"C:none", "C:\\"},
                 {"\\\\?\\C:\\fs-test", "\\\\?\\C:\\"},
                 {"\\\\?\\C:", "\\\\?\\C:\\"},
                 {"\\\\server\\share\\path", "\\\\server\\share\\"},
                 {"D:\\", "D:\\"}};
    char Guid[60], Name[40];
    DWORD Serial = 0, Other = 0, Component, Flags;

    for (int i = 0; i < (int)(sizeof(Known) / sizeof(Known[0])); i++) {
        EXPECT(GetVolumePathNameA(Known[i].Path, Text, sizeof(Text)));
        EXPECT(strcmp(Text, Known[i].Root) == 0);
    }
    EXPECT(GetVolumeNameForVolumeMountPointA("C:\\", Guid, sizeof(Guid)));
    strcpy(Text, Guid);
    strcat(Text, "fs-test");
    EXPECT(GetVolumePathNameA(Text, Text, sizeof(Text)) && strcmp(Text, Guid) == 0);
    EXPECT(Refused(GetVolumePathNameA("C:\\fs-test", Text, 2), ERROR_FILENAME_EXCED_RANGE));
    EXPECT(Refused(GetVolumePathNameA("", Text, sizeof(Text)), ERROR_INVALID_PARAMETER));
    EXPECT(Refused(GetVolumePathNameA("Q:\\x", Text, sizeof(Text)), ERROR_FILE_NOT_FOUND));
    // "a trailing backslash is required"
    EXPECT(
        GetVolumeInformationA("C:\\", Name, sizeof(Name), &Serial, &Component, &Flags, Text, 40));
    EXPECT(Component == 255 && (Flags & FILE_NAMED_STREAMS));
    EXPECT(Refused(GetVolumeInformationA("C:\\fs-test", NULL, 0, NULL, NULL, NULL, NULL, 0),
                   ERROR_INVALID_NAME));
    EXPECT(Refused(GetVolumeInformationA("C:\\fs-test\\", NULL, 0, NULL, NULL, NULL, NULL, 0),
                   ERROR_DIR_NOT_ROOT));
    EXPECT(GetVolumeInformationA(Guid, NULL, 0, &Other, NULL, NULL, NULL, 0) && Other == Serial);
    // "if this parameter is NULL, the root of the current directory is used"
    SetCurrentDirectoryA("D:\\");
    EXPECT(GetVolumeInformationA("D:\\", NULL, 0, &Serial, NULL, NULL, NULL, 0));
    EXPECT(GetVolumeInformationA(NULL, NULL, 0, &Other, NULL, NULL, NULL, 0) && Other == Serial);
    EXPECT_EQ(GetDriveTypeA(NULL), GetDriveTypeA("D:\\"));
    SetCurrentDirectoryA("C:\\fs-test");
    // drives: a bit for each letter
    EXPECT((GetLogicalDrives() & 0xC) == 0xC && !(GetLogicalDrives() & 1 << ('Q' - 'A')));
    EXPECT_EQ(GetDriveTypeA("C:\\"), DRIVE_FIXED);
    EXPECT(GetDriveTypeA("D:\\") > DRIVE_NO_ROOT_DIR);
    EXPECT_EQ(GetDriveTypeA("Q:\\"), DRIVE_NO_ROOT_DIR);
    EXPECT_EQ(GetDriveTypeA("C:\\fs-test"), DRIVE_NO_ROOT_DIR);
    EXPECT_EQ(GetLogicalDriveStringsA(sizeof(Text), Text) % 4, 0);
    EXPECT(memcmp(Text, "C:\\\0D:\\", 8) == 0);
    // a drive alone is its current directory, without a backslash
    EXPECT(GetFullPathNameA("C:", sizeof(Text), Text, NULL) == 10 &&
           strcmp(Text, "C:\\fs-test") == 0);
}

static void
Temporary(void)
{
    char Result[MAX_PATH];

    // TMP, TEMP, USERPROFILE, the Windows directory; it is not looked whether it exists
    SetEnvironmentVariableA("TMP", "C:\\one");
    SetEnvironmentVariableA("TEMP", "C:\\two\\");
    SetEnvironmentVariableA("USERPROFILE", "C:\\three");
    EXPECT(GetTempPathA(sizeof(Result), Result) == 7 && strcmp(Result, "C:\\one\\") == 0);
    SetEnvironmentVariableA("TMP", NULL);
    EXPECT(GetTempPathA(sizeof(Result), Result) && strcmp(Result, "C:\\two\\") == 0);
    SetEnvironmentVariableA("TEMP", NULL);
    EXPECT(GetTempPathA(sizeof(Result), Result) && strcmp(Result, "C:\\three\\") == 0);
    SetEnvironmentVariableA("USERPROFILE", NULL);
    EXPECT(GetTempPathA(sizeof(Result), Result) && strcmp(Result, "C:\\Windows\\") == 0);
    EXPECT_EQ(GetTempPathA(3, Result), 12); // the room that it takes
    // a name for a file that is not there yet, or that is made
    EXPECT_EQ(GetTempFileNameA("C:\\fs-test", "prefix", 0x12ab, Result), 0x12ab);
    EXPECT(lstrcmpiA(Result, "C:\\fs-test\\pre12ab.tmp") == 0);
    EXPECT(!Exists(L"pre12ab.tmp"));
    EXPECT(GetTempFileNameA("C:\\fs-test\\", "x", 0, Result) != 0);
    EXPECT(DeleteFileA(Result));
    // the path is a folder
    EXPECT(GetTempFileNameA("C:\\fs-test\\none", "x", 0, Result) == 0 &&
           GetLastError() == ERROR_DIRECTORY);
    EXPECT(GetTempFileNameA("C:\\fs-test\\8dot3.ext", "x", 7, Result) == 0 &&
           GetLastError() == ERROR_DIRECTORY);
}

/* A path of Length characters below C:\fs-test, of folders that are there but for the last component. */
static const char *
OfLength(SIZE_T Length, const char *Prefix)
{
    static char Path[700], Whole[700];

    strcpy(Path, "C:\\fs-test");
    while (strlen(Path) + 60 < Length) {
        memset(Path + strlen(Path) + 1, 0, 60);
        memset(Path + strlen(Path), '\\', 1);
        memset(Path + strlen(Path), 'd', 50);
        sprintf(Whole, "\\\\?\\%s", Path);
        CreateDirectoryA(Whole, NULL);
    }
    sprintf(Whole, "%s\\", Path);
    while (strlen(Whole) < Length) {
        strcat(Whole, "f");
    }
    strcpy(Path, Whole);
    sprintf(Whole, "%s%s", Prefix, Path);
    return Whole;
}

static void
Lengths(void)
{
    WIN32_FIND_DATAA Data;
    OFSTRUCT Found = {0};
    HANDLE File;

    // "MAX_PATH, which is defined as 260 characters", the zero among them
    File = CreateFileA(OfLength(259, ""), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    EXPECT(Fails(CreateFileA(OfLength(260, ""), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL),
                 ERROR_PATH_NOT_FOUND));
    EXPECT(Refused(DeleteFileA(OfLength(260, "")), ERROR_PATH_NOT_FOUND));
    EXPECT(FindFirstFileA(OfLength(300, ""), &Data) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_PATH_NOT_FOUND);
    // relative names count as the full path that they stand for
    SetCurrentDirectoryA("C:\\fs-test");
    memset(Text, 'f', 255);
    Text[249] = 0;
    EXPECT(Fails(CreateFileA(Text, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL),
                 ERROR_PATH_NOT_FOUND));
    // with the prefix: 32,767 [here 600]
    File = CreateFileA(OfLength(600, "\\\\?\\"), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    EXPECT(DeleteFileA(OfLength(600, "\\\\?\\")));
    // "the directory name cannot exceed MAX_PATH minus 12"
    EXPECT(Refused(CreateDirectoryA(OfLength(248, ""), NULL), ERROR_FILENAME_EXCED_RANGE));
    EXPECT(CreateDirectoryA(OfLength(247, ""), NULL));
    EXPECT(RemoveDirectoryA(OfLength(247, "")));
    EXPECT(CreateDirectoryA(OfLength(248, "\\\\?\\"), NULL));
    EXPECT(RemoveDirectoryA(OfLength(248, "\\\\?\\")));
    // OpenFile: "limited to 128 characters"
    SetLastError(0);
    EXPECT(OpenFile(OfLength(150, ""), &Found, OF_READ) == HFILE_ERROR);
    EXPECT(Found.nErrCode == GetLastError() && GetLastError() != 0);
    EXPECT(SearchPathA("C:\\fs-test", "", NULL, sizeof(Text), Text, NULL) == 0 &&
           GetLastError() == ERROR_INVALID_PARAMETER);
}

int
main(void)
{
    BeginFs();
    SetCurrentDirectoryA("C:\\fs-test");
    Forms();
    Roots();
    Temporary();
    Lengths();
    return TEST_DONE();
}
