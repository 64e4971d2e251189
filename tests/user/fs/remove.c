/*
 * remove.c - deleting and renaming. [DDI:ntddk/_file_disposition_information], [DDI:ntifs/_file_rename_information]
 */
#include "fs.h"

static NTSTATUS
Dispose(HANDLE File, BOOLEAN Yes)
{
    return NtSetInformationFile(File, &Iosb, &Yes, 1, 13);
}

static NTSTATUS
DisposeEx(HANDLE File, ULONG Flags)
{
    return NtSetInformationFile(File, &Iosb, &Flags, sizeof(Flags), 64);
}

static NTSTATUS
Name(HANDLE File, PCWSTR New, BOOLEAN Replace, ULONG Class)
{
    struct {
        ULONG Replace;
        HANDLE Root;
        ULONG Length;
        WCHAR Name[300];
    } Info = {Replace, NULL, (ULONG)(wcslen(New) * sizeof(WCHAR))};

    wcscpy(Info.Name, New);
    return NtSetInformationFile(File, &Iosb, &Info, 20 + Info.Length + 4, Class);
}

static void
Disposition(void)
{
    HANDLE File, Other;
    FILE_STANDARD_INFO Info;

    File = Make(L"gone");
    EXPECT_STATUS(Dispose(File, TRUE), STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT_EQ(Info.DeletePending, TRUE);
    EXPECT_EQ(Info.NumberOfLinks, 0);
    // while it is marked nobody opens it
    EXPECT_STATUS(Open(L"gone", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other),
                  STATUS_DELETE_PENDING);
    EXPECT_STATUS(Open(L"gone", FILE_READ_DATA, SHARE_ALL, FILE_OPEN_IF, 0, &Other),
                  STATUS_DELETE_PENDING);
    EXPECT_STATUS(Dispose(File, FALSE), STATUS_SUCCESS); // undone
    EXPECT_STATUS(Open(L"gone", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other), STATUS_SUCCESS);
    EXPECT_STATUS(Dispose(File, TRUE), STATUS_SUCCESS);
    NtClose(File);
    // the name goes with the last handle, whoever marked it
    EXPECT_STATUS(Open(L"gone", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_DELETE_PENDING);
    NtClose(Other);
    EXPECT_STATUS(Open(L"gone", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    // DELETE access is what it takes
    MakeFile(L"gone");
    Open(L"gone", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Dispose(File, TRUE), STATUS_ACCESS_DENIED);
    NtClose(File);
}

static void
OnClose(void)
{
    HANDLE File, Other;

    EXPECT_STATUS(Open(L"onclose", GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN_IF,
                       FILE_DELETE_ON_CLOSE, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Open(L"onclose", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Dispose(File, FALSE), STATUS_SUCCESS); // does not undo FILE_DELETE_ON_CLOSE
    NtClose(File);
    EXPECT_STATUS(Open(L"onclose", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_DELETE_PENDING);
    NtClose(Other);
    EXPECT(!Exists(L"onclose"));
}

static void
Folders(void)
{
    HANDLE Folder;

    MakeFolder(L"full");
    MakeFile(L"full\\file");
    EXPECT_STATUS(Delete(L"full"), STATUS_DIRECTORY_NOT_EMPTY); // [SMP:fastfat/fileinfo.c]
    EXPECT_STATUS(Delete(L"full\\file"), STATUS_SUCCESS);
    Open(L"full", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
    EXPECT_STATUS(Dispose(Folder, TRUE), STATUS_SUCCESS);
    {
        HANDLE File;

        // nothing is made in a directory that is going
        EXPECT_STATUS(Open(L"full\\new", GENERIC_WRITE, SHARE_ALL, FILE_CREATE, 0, &File),
                      STATUS_DELETE_PENDING);
    }
    NtClose(Folder);
    EXPECT(!Exists(L"full"));
}

static void
Refused(void)
{
    HANDLE File;
    struct {
        LARGE_INTEGER Times[4];
        ULONG Attributes, Unused;
    } Basic = {.Attributes = FILE_ATTRIBUTE_READONLY};

    File = Make(L"refused");
    NtSetInformationFile(File, &Iosb, &Basic, sizeof(Basic), 4);
    EXPECT_STATUS(Dispose(File, TRUE), STATUS_CANNOT_DELETE); // read-only
    EXPECT_STATUS(DisposeEx(File, 1), STATUS_CANNOT_DELETE);
    EXPECT_STATUS(DisposeEx(File, 1 | 0x10),
                  STATUS_SUCCESS); // FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE
    NtClose(File);
    EXPECT(!Exists(L"refused"));
    EXPECT_STATUS(CreateAt(NULL, L"\\??\\C:\\", DELETE, SHARE_ALL, FILE_OPEN,
                           FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Dispose(File, TRUE), STATUS_CANNOT_DELETE); // the root
    NtClose(File);
}

static void
Posix(void)
{
    HANDLE File = Make(L"posix"), Other;
    char Text[4];

    Write(File, 0, "abc", 3);
    Open(L"posix", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Other);
    EXPECT_STATUS(DisposeEx(File, 1 | 2), STATUS_SUCCESS); // FILE_DISPOSITION_POSIX_SEMANTICS
    NtClose(File);
    // the name goes with the handle that marked it, the bytes stay for the others
    EXPECT(!Exists(L"posix"));
    MakeFile(L"posix");
    EXPECT_STATUS(Read(Other, 0, Text, 3), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "abc", 3) == 0);
    NtClose(Other);
    EXPECT(Exists(L"posix"));
}

static void
Rename(void)
{
    HANDLE File, Other;

    MakeFolder(L"to");
    File = Make(L"old");
    EXPECT_STATUS(Name(File, L"new", FALSE, 10), STATUS_SUCCESS); // within the directory
    EXPECT(!Exists(L"old") && Exists(L"new"));
    EXPECT_STATUS(Name(File, ROOT L"\\to\\moved", FALSE, 10), STATUS_SUCCESS);
    EXPECT(!Exists(L"new") && Exists(L"to\\moved"));
    EXPECT_STATUS(Name(File, ROOT L"\\to\\MOVED", FALSE, 10), STATUS_SUCCESS); // its case only
    MakeFile(L"there");
    EXPECT_STATUS(Name(File, ROOT L"\\there", FALSE, 10), STATUS_OBJECT_NAME_COLLISION);
    Open(L"there", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other);
    EXPECT_STATUS(Name(File, ROOT L"\\there", TRUE, 10),
                  STATUS_ACCESS_DENIED); // somebody has the target open
    NtClose(Other);
    EXPECT_STATUS(Name(File, ROOT L"\\there", TRUE, 10), STATUS_SUCCESS);
    EXPECT_STATUS(Name(File, ROOT L"\\to", TRUE, 10),
                  STATUS_ACCESS_DENIED); // a directory is not replaced
    EXPECT_STATUS(Name(File, ROOT L"\\no\\where", FALSE, 10), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(Name(File, L"a*b", FALSE, 10), STATUS_OBJECT_NAME_INVALID);
    NtClose(File);
    // DELETE access is what it takes
    Open(L"there", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Name(File, L"x", FALSE, 10), STATUS_ACCESS_DENIED);
    NtClose(File);
    // a directory with something open below
    MakeFile(L"to\\below");
    Open(L"to\\below", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other);
    Open(L"to", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(Name(File, L"elsewhere", FALSE, 10), STATUS_ACCESS_DENIED);
    NtClose(Other);
    EXPECT_STATUS(Name(File, L"elsewhere", FALSE, 10), STATUS_SUCCESS);
    EXPECT(Exists(L"elsewhere\\below"));
    // into itself: the directory is opened for the target, which does not share with this handle's DELETE
    EXPECT_STATUS(Name(File, ROOT L"\\elsewhere\\inside", FALSE, 10), STATUS_SHARING_VIOLATION);
    NtClose(File);
}

static void
Links(void)
{
    HANDLE File = Make(L"linked"), Other;
    FILE_STANDARD_INFO Info;
    char Text[4];

    Write(File, 0, "abc", 3);
    EXPECT_STATUS(Name(File, ROOT L"\\second", FALSE, 11),
                  STATUS_SUCCESS); // [DDI:ntifs/_file_link_information]
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT_EQ(Info.NumberOfLinks, 2);
    EXPECT_STATUS(Name(File, ROOT L"\\second", FALSE, 11), STATUS_OBJECT_NAME_COLLISION);
    NtClose(File);
    EXPECT_STATUS(Open(L"second", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Other), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Other, 0, Text, 3), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "abc", 3) == 0);
    NtClose(Other);
    EXPECT_STATUS(Delete(L"linked"), STATUS_SUCCESS);
    EXPECT(!Exists(L"linked") && Exists(L"second")); // the other name stays
    Open(L"to", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(Name(File, ROOT L"\\third", FALSE, 11), STATUS_FILE_IS_A_DIRECTORY);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Disposition();
    OnClose();
    Folders();
    Refused();
    Posix();
    Rename();
    Links();
    return TEST_DONE();
}
