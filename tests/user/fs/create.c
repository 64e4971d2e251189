/*
 * create.c - NtCreateFile: dispositions, options, names. [DDI:wdm/zwcreatefile]
 */
#include "fs.h"

/* FILE_xxx disposition, what is there before, what comes of it and what Information says. */
static void
Dispositions(void)
{
    static const struct {
        ULONG Disposition;
        BOOL There;
        NTSTATUS Status;
        ULONG Information;
        LONGLONG Size; /* afterwards; the file has 5 bytes before */
    } Rows[] = {
        {FILE_SUPERSEDE, TRUE, STATUS_SUCCESS, FILE_SUPERSEDED, 0},
        {FILE_SUPERSEDE, FALSE, STATUS_SUCCESS, FILE_CREATED, 0},
        {FILE_OPEN, TRUE, STATUS_SUCCESS, FILE_OPENED, 5},
        {FILE_OPEN, FALSE, STATUS_OBJECT_NAME_NOT_FOUND, 0, -1},
        {FILE_CREATE, TRUE, STATUS_OBJECT_NAME_COLLISION, 0, -1},
        {FILE_CREATE, FALSE, STATUS_SUCCESS, FILE_CREATED, 0},
        {FILE_OPEN_IF, TRUE, STATUS_SUCCESS, FILE_OPENED, 5},
        {FILE_OPEN_IF, FALSE, STATUS_SUCCESS, FILE_CREATED, 0},
        {FILE_OVERWRITE, TRUE, STATUS_SUCCESS, FILE_OVERWRITTEN, 0},
        {FILE_OVERWRITE, FALSE, STATUS_OBJECT_NAME_NOT_FOUND, 0, -1},
        {FILE_OVERWRITE_IF, TRUE, STATUS_SUCCESS, FILE_OVERWRITTEN, 0},
        {FILE_OVERWRITE_IF, FALSE, STATUS_SUCCESS, FILE_CREATED, 0},
    };

    for (unsigned i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
        HANDLE File;
        NTSTATUS Status;

        Delete(L"disposition");
        if (Rows[i].There) {
            File = Make(L"disposition");
            Write(File, 0, "hello", 5);
            NtClose(File);
        }
        Status = Open(L"disposition", GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL,
                      Rows[i].Disposition, 0, &File);
        EXPECT_STATUS(Status, Rows[i].Status); // [DDI:wdm/zwcreatefile] CreateDisposition
        if (NT_SUCCESS(Status)) {
            EXPECT_EQ(Iosb.Information,
                      Rows[i].Information); // [DDI:wdm/zwcreatefile] IoStatusBlock
            EXPECT_EQ(SizeOf(File), Rows[i].Size);
            NtClose(File);
        }
    }
}

static void
Kinds(void)
{
    HANDLE Handle;

    MakeFolder(L"folder");
    MakeFile(L"file");
    // [DDI:wdm/zwcreatefile] FILE_DIRECTORY_FILE: the file is a directory
    EXPECT_STATUS(Open(L"file", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Handle),
                  STATUS_NOT_A_DIRECTORY);
    EXPECT_STATUS(
        Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, FILE_NON_DIRECTORY_FILE, &Handle),
        STATUS_FILE_IS_A_DIRECTORY);
    EXPECT_STATUS(
        Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Handle),
        STATUS_SUCCESS);
    NtClose(Handle);
    // ... and without either option, either opens
    EXPECT_STATUS(Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Handle),
                  STATUS_SUCCESS);
    NtClose(Handle);
    // ... only FILE_CREATE, FILE_OPEN and FILE_OPEN_IF go with FILE_DIRECTORY_FILE
    EXPECT_STATUS(
        Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OVERWRITE, FILE_DIRECTORY_FILE, &Handle),
        STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(
        Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_SUPERSEDE, FILE_DIRECTORY_FILE, &Handle),
        STATUS_INVALID_PARAMETER);
    // [SMP:fastfat/create.c] a directory that is opened by name cannot be overwritten
    EXPECT_STATUS(Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OVERWRITE_IF, 0, &Handle),
                  STATUS_OBJECT_NAME_COLLISION);
    // ... a new directory
    EXPECT_STATUS(
        Open(L"folder\\new", FILE_READ_DATA, SHARE_ALL, FILE_CREATE, FILE_DIRECTORY_FILE, &Handle),
        STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    NtClose(Handle);
    EXPECT_STATUS(
        Open(L"folder\\new", FILE_READ_DATA, SHARE_ALL, FILE_CREATE, FILE_DIRECTORY_FILE, &Handle),
        STATUS_OBJECT_NAME_COLLISION);
    // both options at once
    EXPECT_STATUS(Open(L"folder", FILE_READ_DATA, SHARE_ALL, FILE_OPEN,
                       FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE, &Handle),
                  STATUS_INVALID_PARAMETER);
}

static void
Names(void)
{
    static const struct {
        PCWSTR Name;
        NTSTATUS Status;
    } Rows[] = {
        {L"missing", STATUS_OBJECT_NAME_NOT_FOUND},
        {L"missing\\file", STATUS_OBJECT_PATH_NOT_FOUND},
        {L"file\\below", STATUS_OBJECT_PATH_NOT_FOUND},
        {L"a*b", STATUS_OBJECT_NAME_INVALID},
        {L"a?b", STATUS_OBJECT_NAME_INVALID},
        {L"a<b", STATUS_OBJECT_NAME_INVALID},
        {L"a>b", STATUS_OBJECT_NAME_INVALID},
        {L"a|b", STATUS_OBJECT_NAME_INVALID},
        {L"a\"b", STATUS_OBJECT_NAME_INVALID},
        {L"a/b", STATUS_OBJECT_NAME_INVALID},
        {L"a\x1"
         L"b",
         STATUS_OBJECT_NAME_INVALID},
        {L"a\\\\b", STATUS_OBJECT_NAME_INVALID},
        {L"file\\", STATUS_OBJECT_NAME_INVALID},
        {L"file::$BAD", STATUS_OBJECT_NAME_INVALID},
        {L"file:", STATUS_OBJECT_NAME_INVALID},
        {L"FILE", STATUS_SUCCESS},
        {L"file::$DATA", STATUS_SUCCESS},
        {L"folder\\", STATUS_SUCCESS},
        {L"FOLDER\\NEW", STATUS_SUCCESS},
        {L"", STATUS_SUCCESS},
    };
    HANDLE Handle;

    for (unsigned i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
        NTSTATUS Status =
            Open(Rows[i].Name, FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &Handle);

        EXPECT_STATUS(Status,
                      Rows[i].Status); // [SMP:fastfat/create.c], [DDI:ntifs/fsrtldissectname]
        if (NT_SUCCESS(Status)) {
            NtClose(Handle);
        }
    }
}

static void
LongNames(void)
{
    WCHAR Name[300];
    HANDLE Handle;

    for (int i = 0; i < 256; i++) {
        Name[i] = L'n';
    }
    Name[255] = 0;
    EXPECT_STATUS(Open(Name, GENERIC_READ, SHARE_ALL, FILE_CREATE, 0, &Handle),
                  STATUS_SUCCESS); // [Win32: naming files]
    NtClose(Handle);
    Name[255] = L'n';
    Name[256] = 0;
    EXPECT_STATUS(Open(Name, GENERIC_READ, SHARE_ALL, FILE_CREATE, 0, &Handle),
                  STATUS_OBJECT_NAME_INVALID);
}

static void
Relative(void)
{
    HANDLE Folder, File;
    struct {
        ULONG Length;
        WCHAR Name[100];
    } Info;

    Open(L"folder", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
    // [DDI:wdm/zwcreatefile] ObjectAttributes->RootDirectory
    EXPECT_STATUS(CreateAt(Folder, L"inside", GENERIC_READ, SHARE_ALL, FILE_CREATE,
                           FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)9),
        STATUS_SUCCESS);
    EXPECT_EQ(
        Info.Length,
        2 * wcslen(L"\\fs-test\\folder\\inside")); // the name of the file, without the device's
    EXPECT(memcmp(Info.Name, L"\\fs-test\\folder\\inside", Info.Length) == 0);
    NtClose(File);
    EXPECT(Exists(L"folder\\inside"));
    // an empty name opens the directory again
    EXPECT_STATUS(CreateAt(Folder, L"", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, 0, &File),
                  STATUS_SUCCESS);
    NtClose(File);
    NtClose(Folder);
}

static void
Attributes(void)
{
    FILE_BASIC_INFO Basic;
    HANDLE File;

    EXPECT_STATUS(CreateAt(NULL, Under(L"hidden"), GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                           FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT, FILE_ATTRIBUTE_HIDDEN, &File),
                  STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Basic, sizeof(Basic), (FILE_INFORMATION_CLASS)4);
    // [DDI:wdm/zwcreatefile] FileAttributes, and the archive bit of a new file
    EXPECT_EQ(Basic.FileAttributes, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_ARCHIVE);
    NtClose(File);
    // [SMP:fastfat/create.c] who overwrites a hidden file has to know that it is hidden
    EXPECT_STATUS(Open(L"hidden", GENERIC_WRITE, SHARE_ALL, FILE_OVERWRITE, 0, &File),
                  STATUS_ACCESS_DENIED);
    EXPECT_STATUS(CreateAt(NULL, Under(L"hidden"), GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                           FILE_OVERWRITE, FILE_SYNCHRONOUS_IO_NONALERT,
                           FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM, &File),
                  STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Basic, sizeof(Basic), (FILE_INFORMATION_CLASS)4);
    EXPECT_EQ(Basic.FileAttributes,
              FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE);
    NtClose(File);
    // a read-only file is not opened for writing, but its maker may write
    EXPECT_STATUS(CreateAt(NULL, Under(L"readonly"), GENERIC_WRITE, SHARE_ALL, FILE_CREATE,
                           FILE_SYNCHRONOUS_IO_NONALERT, FILE_ATTRIBUTE_READONLY, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Write(File, 0, "x", 1), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Open(L"readonly", GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Open(L"readonly", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &File), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(
        Open(L"readonly", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, FILE_DELETE_ON_CLOSE, &File),
        STATUS_CANNOT_DELETE); // [SMP:fastfat/create.c]
    EXPECT_STATUS(Open(L"readonly", GENERIC_READ, SHARE_ALL, FILE_OVERWRITE_IF, 0, &File),
                  STATUS_ACCESS_DENIED);
}

static void
Parameters(void)
{
    HANDLE File;

    // [DDI:wdm/zwcreatefile] FILE_DELETE_ON_CLOSE needs DELETE
    EXPECT_STATUS(Open(L"file", GENERIC_READ, SHARE_ALL, FILE_OPEN, FILE_DELETE_ON_CLOSE, &File),
                  STATUS_INVALID_PARAMETER);
    // ... FILE_NO_INTERMEDIATE_BUFFERING excludes FILE_APPEND_DATA
    EXPECT_STATUS(Open(L"file", FILE_APPEND_DATA, SHARE_ALL, FILE_OPEN,
                       FILE_NO_INTERMEDIATE_BUFFERING, &File),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Open(L"file", GENERIC_READ, SHARE_ALL, 6, 0, &File), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Open(L"file", GENERIC_READ, 0x10, FILE_OPEN, 0, &File), STATUS_INVALID_PARAMETER);
}

static void
ById(void)
{
    HANDLE File, Folder, Again;
    OBJECT_ATTRIBUTES Object;
    UNICODE_STRING Name;
    ULONG64 Id, Same;
    LARGE_INTEGER Index;

    File = Make(L"by-id");
    NtQueryInformationFile(File, &Iosb, &Index, sizeof(Index), (FILE_INFORMATION_CLASS)6);
    Id = Index.QuadPart;
    EXPECT(Id != 0);
    Open(L"", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
    Name.Buffer = (PWSTR)&Id;
    Name.Length = Name.MaximumLength = sizeof(Id);
    InitializeObjectAttributes(&Object, &Name, 0, Folder, NULL);
    // [DDI:wdm/zwcreatefile] FILE_OPEN_BY_FILE_ID
    EXPECT_STATUS(NtCreateFile(&Again, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Object, &Iosb, NULL, 0,
                               SHARE_ALL, FILE_OPEN,
                               FILE_OPEN_BY_FILE_ID | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                  STATUS_SUCCESS);
    NtQueryInformationFile(Again, &Iosb, &Same, sizeof(Same), (FILE_INFORMATION_CLASS)6);
    EXPECT_EQ(Same, Id);
    NtClose(Again);
    Id ^= 0x123456;
    EXPECT_STATUS(NtCreateFile(&Again, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Object, &Iosb, NULL, 0,
                               SHARE_ALL, FILE_OPEN,
                               FILE_OPEN_BY_FILE_ID | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    NtClose(Folder);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Dispositions();
    Kinds();
    Names();
    LongNames();
    Relative();
    Attributes();
    Parameters();
    ById();
    return TEST_DONE();
}
