/*
 * ntfs.c - what NTFS does where the pages leave it to the file system: names and rights at renaming and linking, what is deleted
 * and still open, identifiers, streams, reparse points, positions. [DDI: the FILE_..._INFORMATION pages; IFS: FSCTL_...; MS-FSA
 * 2.1.5.1, 2.1.5.15]
 */
#include "win.h"

NTSTATUS NTAPI NtSetSecurityObject(HANDLE, ULONG, PSECURITY_DESCRIPTOR);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE, BOOLEAN, PTOKEN_PRIVILEGES, ULONG, PTOKEN_PRIVILEGES,
                                       PULONG);

static NTSTATUS
Try(PCWSTR Name, ACCESS_MASK Access, ULONG Share, ULONG Disposition, ULONG Options,
    ULONG Attributes, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Object;
    UNICODE_STRING Whole;

    RtlInitUnicodeString(&Whole, Under(Name));
    InitializeObjectAttributes(&Object, &Whole, OBJ_CASE_INSENSITIVE, NULL, NULL);
    *Handle = NULL;
    return NtCreateFile(Handle, Access, &Object, &Iosb, NULL, Attributes, Share, Disposition,
                        Options, NULL, 0);
}

/* Opens and closes. */
static NTSTATUS
Touch(PCWSTR Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options, ULONG Attributes)
{
    HANDLE File;
    NTSTATUS Status = Try(Name, Access, 0, Disposition, Options, Attributes, &File);

    if (NT_SUCCESS(Status)) {
        NtClose(File);
    }
    return Status;
}

/* The directory gives everybody Mask, and nothing else; 0: an empty list. */
static void
Allow(HANDLE File, ACCESS_MASK Mask)
{
    UCHAR Space[128];
    PACL Acl = (PACL)Space;
    SECURITY_DESCRIPTOR Descriptor;
    SID Everyone = {1, 1, {{0, 0, 0, 0, 0, 1}}, {0}};

    InitializeAcl(Acl, sizeof(Space), ACL_REVISION);
    if (Mask != 0) {
        AddAccessAllowedAce(Acl, ACL_REVISION, Mask, &Everyone);
    }
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, Acl, FALSE);
    EXPECT_STATUS(NtSetSecurityObject(File, DACL_SECURITY_INFORMATION, &Descriptor),
                  STATUS_SUCCESS);
}

static void
MakeAllowed(PCWSTR Name, ULONG Options, ACCESS_MASK Mask)
{
    HANDLE File;

    Try(Name, WRITE_DAC, 7, FILE_OPEN_IF, Options, 0, &File);
    Allow(File, Mask);
    NtClose(File);
}

static HANDLE
Privileges(BOOL Enable)
{
    TOKEN_PRIVILEGES New = {1, {{{23, 0}, SE_PRIVILEGE_ENABLED}}}; // SeChangeNotifyPrivilege
    HANDLE Token;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &Token);
    EXPECT_STATUS(NtAdjustPrivilegesToken(Token, !Enable, Enable ? &New : NULL, 0, NULL, NULL),
                  STATUS_SUCCESS);
    CloseHandle(Token);
    return NULL;
}

/* Rights at renaming and linking: of the new directory, and of what is replaced. */
static void
Rights(void)
{
    HANDLE File, Folder;
    WCHAR To[200];

    Privileges(FALSE); // those that go past descriptors
    // a file needs FILE_ADD_FILE where it goes to, a directory FILE_ADD_SUBDIRECTORY
    for (int i = 0; i < 4; i++) {
        PCWSTR Names[] = {L"ra", L"rb", L"rc", L"rd"};
        WCHAR Inner[40];

        MakeFolder(Names[i]);
        swprintf(Inner, 40, L"%ls\\in", Names[i]);
        EXPECT_STATUS(Try(Inner, DELETE, 0, FILE_CREATE, i < 2 ? 0 : FILE_DIRECTORY_FILE, 0, &File),
                      STATUS_SUCCESS);
        MakeAllowed(Names[i], FILE_DIRECTORY_FILE,
                    i == 1   ? 0
                    : i == 3 ? SYNCHRONIZE | FILE_ADD_FILE
                             : SYNCHRONIZE | (i == 0 ? FILE_ADD_FILE : FILE_ADD_SUBDIRECTORY));
        swprintf(To, 200, L"%ls\\%ls\\out", ROOT, Names[i]);
        EXPECT_STATUS(RenameTo(File, NULL, To, 0, 10),
                      i & 1 ? STATUS_ACCESS_DENIED : STATUS_SUCCESS);
        NtClose(File);
    }
    // to replace a file needs DELETE of it, or FILE_DELETE_CHILD of its directory
    for (int i = 0; i < 6; i++) {
        ULONG Class = i < 3 ? 10 : 11;
        PCWSTR Name = (PCWSTR[]){L"re", L"rf", L"rg", L"rh", L"ri", L"rj"}[i];
        WCHAR One[40], Two[40];

        MakeFolder(Name);
        swprintf(One, 40, L"%ls\\1", Name);
        swprintf(Two, 40, L"%ls\\2", Name);
        swprintf(To, 200, L"%ls\\%ls", ROOT, Two);
        EXPECT_STATUS(Try(One, DELETE, 0, FILE_CREATE, 0, 0, &File), STATUS_SUCCESS);
        EXPECT_STATUS(Try(Two, WRITE_DAC, 0, FILE_CREATE, 0, 0, &Folder), STATUS_SUCCESS);
        Allow(Folder, i % 3 == 1 ? DELETE : 0);
        NtClose(Folder);
        MakeAllowed(Name, FILE_DIRECTORY_FILE,
                    SYNCHRONIZE | FILE_TRAVERSE | FILE_ADD_FILE |
                        (i % 3 == 2 ? FILE_DELETE_CHILD : 0));
        EXPECT_STATUS(RenameTo(File, NULL, To, 1, Class),
                      i % 3 == 0 ? STATUS_ACCESS_DENIED : STATUS_SUCCESS);
        NtClose(File);
    }
    // who may not pass through directories is not told where a file lies
    {
        ULONG Info[200];

        Try(L"rk", FILE_READ_ATTRIBUTES, 0, FILE_CREATE, 0, 0, &File);
        EXPECT_STATUS(
            NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)48),
            STATUS_ACCESS_DENIED);
        EXPECT_STATUS(
            NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)46),
            STATUS_ACCESS_DENIED);
        EXPECT_STATUS(
            NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)9),
            STATUS_SUCCESS);
        NtClose(File);
    }
    Privileges(TRUE);
    // FILE_SHARE_WRITE of whoever has the directory open
    File = Make(L"rl");
    Try(L"rm", FILE_LIST_DIRECTORY, 0, FILE_CREATE, FILE_DIRECTORY_FILE, 0, &Folder);
    EXPECT_STATUS(RenameTo(File, Folder, L"file", 0, 11), STATUS_SHARING_VIOLATION);
    NtClose(Folder);
    Try(L"rm", FILE_LIST_DIRECTORY, FILE_SHARE_WRITE, FILE_OPEN, FILE_DIRECTORY_FILE, 0, &Folder);
    EXPECT_STATUS(RenameTo(File, Folder, L"file", 0, 11), STATUS_SUCCESS);
    NtClose(Folder);
    // into a file, into nothing; onto the same name
    MakeFile(L"rn");
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\rn\\file", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\none\\file", 0, 11), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\rl", 0, 11), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\rl", 1, 11), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\RL", 1, 11), STATUS_SUCCESS);
    {
        WIN32_FIND_DATAA Data;

        EXPECT(Found("rl", &Data) && strcmp(Data.cFileName, "RL") == 0);
    }
    for (PCWSTR Bad = L"/:<>\"|?*"; *Bad != 0; Bad++) {
        WCHAR Name[] = ROOT L"\\rq?";

        Name[wcslen(Name) - 1] = *Bad;
        EXPECT_STATUS(RenameTo(File, NULL, Name, 0, 10), STATUS_OBJECT_NAME_INVALID);
        EXPECT_STATUS(RenameTo(File, NULL, Name, 0, 11), STATUS_OBJECT_NAME_INVALID);
    }
    // halves of surrogate pairs are letters
    EXPECT_STATUS(RenameTo(File, NULL, (WCHAR[]){'r', 'r', 0xDD25, 0xD83D, 0}, 0, 10),
                  STATUS_SUCCESS);
    NtClose(File);
}

typedef struct {
    ULONG Accessible, Total;
    BOOLEAN DeletePending, Directory;
} LINKS;

static LINKS
LinksOf(HANDLE File)
{
    LINKS Links = {99, 99, 99, 99};

    NtQueryInformationFile(File, &Iosb, &Links, sizeof(Links), (FILE_INFORMATION_CLASS)54);
    return Links;
}

/* What is deleted and still open. */
static void
Deleted(void)
{
    HANDLE One, Two, Stream;
    ULONG Info[100] = {0};
    BOOLEAN No = FALSE;
    ULONG64 Parent;

    Try(L"d1", DELETE, FILE_SHARE_DELETE, FILE_CREATE, 0, 0, &One);
    Try(L"d1:ads", DELETE, FILE_SHARE_DELETE, FILE_CREATE, 0, 0, &Stream);
    EXPECT_STATUS(Dispose(One, 1), STATUS_SUCCESS);
    EXPECT_EQ(LinksOf(One).Accessible, 0);
    EXPECT_EQ(LinksOf(One).Total, 1);
    EXPECT(LinksOf(Stream).DeletePending); // it goes with its file, whatever is said of it
    EXPECT_STATUS(NtSetInformationFile(Stream, &Iosb, &No, 1, 13), STATUS_SUCCESS);
    EXPECT(LinksOf(Stream).DeletePending && LinksOf(One).DeletePending);
    NtClose(One);
    EXPECT(Found("d1", NULL));
    NtClose(Stream);
    EXPECT(!Found("d1", NULL));
    // POSIX: no name, no link, one in the directory of the deleted
    Try(L"d2", DELETE, FILE_SHARE_DELETE, FILE_CREATE, 0, 0, &One);
    Try(L"d2", DELETE, FILE_SHARE_DELETE, FILE_OPEN, 0, 0, &Two);
    NtQueryInformationFile(Two, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)46);
    Parent = *(PULONG64)(Info + 4);
    EXPECT(Info[1] == 1 && Info[6] == 2);
    EXPECT_STATUS(Dispose(One, 3), STATUS_SUCCESS);
    EXPECT(LinksOf(One).Accessible == 0 && LinksOf(One).Total == 1);
    NtClose(One);
    EXPECT(LinksOf(Two).Accessible == 0 && LinksOf(Two).Total == 1 && LinksOf(Two).DeletePending);
    EXPECT_STATUS(
        NtQueryInformationFile(Two, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)46),
        STATUS_SUCCESS);
    EXPECT(Info[1] == 1 && *(PULONG64)(Info + 4) != Parent && Info[6] != 2);
    EXPECT_STATUS(NtQueryInformationFile(Two, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)9),
                  STATUS_SUCCESS);
    EXPECT(wcsncmp((PWSTR)(Info + 1), L"\\$Extend\\$Deleted\\", 18) == 0);
    NtClose(Two);
    // so is what a POSIX rename has replaced
    Try(L"d3", MAXIMUM_ALLOWED, 0, FILE_CREATE, 0, 0, &One);
    Open(L"d4", FILE_READ_DATA | FILE_WRITE_DATA, FILE_SHARE_DELETE, FILE_CREATE, 0, &Two);
    EXPECT_STATUS(RenameTo(One, NULL, L"d4", 3, 65), STATUS_SUCCESS);
    EXPECT(LinksOf(Two).Accessible == 0 && LinksOf(Two).Total == 1 && LinksOf(Two).DeletePending);
    EXPECT(LinksOf(One).Accessible == 1 && LinksOf(One).Total == 1 && !LinksOf(One).DeletePending);
    EXPECT_STATUS(Write(Two, 0, "hello", 5), STATUS_SUCCESS);
    NtClose(One);
    NtClose(Two);
    // FILE_DELETE_ON_CLOSE shows when that handle is closed; another may take it back
    Try(L"d5", DELETE, FILE_SHARE_DELETE, FILE_CREATE, FILE_DELETE_ON_CLOSE, 0, &One);
    Try(L"d5", DELETE, FILE_SHARE_DELETE, FILE_OPEN, 0, 0, &Two);
    EXPECT(!LinksOf(Two).DeletePending);
    NtClose(One);
    EXPECT(LinksOf(Two).DeletePending);
    EXPECT_STATUS(NtSetInformationFile(Two, &Iosb, &No, 1, 13), STATUS_SUCCESS);
    NtClose(Two);
    EXPECT(Found("d5", NULL));
    // an identifier opens a file, and names none
    {
        UNICODE_STRING Name = {8, 8, (PWSTR)Info};
        OBJECT_ATTRIBUTES Object;
        HANDLE Folder;

        Open(L"", FILE_LIST_DIRECTORY, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
        Open(L"d5", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &One);
        NtQueryInformationFile(One, &Iosb, Info, 8, (FILE_INFORMATION_CLASS)6);
        NtClose(One);
        InitializeObjectAttributes(&Object, &Name, 0, Folder, NULL);
        EXPECT_STATUS(NtCreateFile(&One, DELETE | SYNCHRONIZE, &Object, &Iosb, NULL, 0, 7,
                                   FILE_OPEN, FILE_OPEN_BY_FILE_ID | FILE_SYNCHRONOUS_IO_NONALERT,
                                   NULL, 0),
                      STATUS_SUCCESS);
        EXPECT_STATUS(RenameTo(One, NULL, ROOT L"\\d6", 0, 11), STATUS_SUCCESS);
        EXPECT_STATUS(RenameTo(One, NULL, ROOT L"\\d7", 0, 10), STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(Dispose(One, 1), STATUS_INVALID_PARAMETER);
        NtClose(One);
        EXPECT_STATUS(NtCreateFile(&One, DELETE | SYNCHRONIZE, &Object, &Iosb, NULL, 0, 7,
                                   FILE_OPEN,
                                   FILE_OPEN_BY_FILE_ID | FILE_DELETE_ON_CLOSE |
                                       FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT,
                                   NULL, 0),
                      STATUS_SUCCESS);
        NtClose(One);
        EXPECT(Found("d5", NULL) && Found("d6", NULL));
        EXPECT_STATUS(NtCreateFile(&One, MAXIMUM_ALLOWED, &Object, &Iosb, NULL, 0, 7, FILE_CREATE,
                                   FILE_OPEN_BY_FILE_ID, NULL, 0),
                      STATUS_OBJECT_NAME_COLLISION);
        Object.RootDirectory = NULL;
        EXPECT_STATUS(NtCreateFile(&One, MAXIMUM_ALLOWED, &Object, &Iosb, NULL, 0, 7, FILE_OPEN,
                                   FILE_OPEN_BY_FILE_ID, NULL, 0),
                      STATUS_INVALID_PARAMETER);
        Object.RootDirectory = Folder;
        DeleteFileA(Path("d6"));
        Open(L"d5", DELETE, 7, FILE_OPEN, 0, &One);
        Open(L"d5", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &Two);
        Dispose(One, 3);
        NtClose(One);
        EXPECT_STATUS(NtCreateFile(&One, MAXIMUM_ALLOWED, &Object, &Iosb, NULL, 0, 7, FILE_OPEN,
                                   FILE_OPEN_BY_FILE_ID, NULL, 0),
                      STATUS_DELETE_PENDING);
        NtClose(Two);
        EXPECT_STATUS(NtCreateFile(&One, MAXIMUM_ALLOWED, &Object, &Iosb, NULL, 0, 7, FILE_OPEN_IF,
                                   FILE_OPEN_BY_FILE_ID, NULL, 0),
                      STATUS_INVALID_PARAMETER);
        NtClose(Folder);
    }
}

/* Overwriting and superseding. */
static void
Over(void)
{
    HANDLE File;

    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_SUPERSEDE, 0, FILE_ATTRIBUTE_READONLY),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_OVERWRITE, 0, 0), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_SUPERSEDE, 0, 0), STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_SUPERSEDED); // a read-only file is superseded, not overwritten
    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_SUPERSEDE, 0, FILE_ATTRIBUTE_HIDDEN),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_SUPERSEDE, 0, 0), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Touch(L"o1", MAXIMUM_ALLOWED, FILE_SUPERSEDE, FILE_DIRECTORY_FILE, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Touch(L"o2", MAXIMUM_ALLOWED, FILE_OVERWRITE, FILE_DIRECTORY_FILE, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Touch(L"o2", MAXIMUM_ALLOWED, FILE_OVERWRITE_IF, 0, 0), STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    Try(L"O2", MAXIMUM_ALLOWED, 0, FILE_OVERWRITE, 0, 0, &File); // the name stays as it was
    {
        ULONG Info[100] = {0};

        NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)9);
        EXPECT(wcsncmp((PWSTR)(Info + 1) + Info[0] / 2 - 3, L"\\o2", 3) == 0);
    }
    NtClose(File);
    MakeFolder(L"o3");
    EXPECT_STATUS(Touch(L"o3", MAXIMUM_ALLOWED, FILE_OVERWRITE, FILE_NON_DIRECTORY_FILE, 0),
                  STATUS_FILE_IS_A_DIRECTORY);
    // FILE_ATTRIBUTE_DIRECTORY makes no directory
    EXPECT_STATUS(Touch(L"o4", MAXIMUM_ALLOWED, FILE_CREATE, 0, FILE_ATTRIBUTE_DIRECTORY),
                  STATUS_SUCCESS);
    EXPECT_EQ(GetFileAttributesA(Path("o4")), FILE_ATTRIBUTE_ARCHIVE);
    EXPECT_STATUS(Touch(L"CON", MAXIMUM_ALLOWED, FILE_CREATE, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Touch(L"o2\\in", MAXIMUM_ALLOWED, FILE_OPEN, 0, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    // what MAXIMUM_ALLOWED gave
    Try(L"o5", MAXIMUM_ALLOWED, 0, FILE_CREATE, 0, 0, &File);
    {
        ULONG Access = 0;

        NtQueryInformationFile(File, &Iosb, &Access, 4, (FILE_INFORMATION_CLASS)8);
        EXPECT_EQ(Access, FILE_ALL_ACCESS);
        EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, &Access, 4, (FILE_INFORMATION_CLASS)17),
                      STATUS_SUCCESS);
        EXPECT_EQ(Access, 1); // FILE_WORD_ALIGNMENT
    }
    NtClose(File);
}

/* Streams. */
static void
Streams(void)
{
    HANDLE File;
    ULONG Info[200];

    EXPECT_STATUS(Touch(L"s1:one", FILE_READ_ATTRIBUTES, FILE_CREATE, FILE_DIRECTORY_FILE, 0),
                  STATUS_NOT_A_DIRECTORY);
    Try(L"s1:one", FILE_WRITE_DATA | DELETE | SYNCHRONIZE, 0, FILE_CREATE,
        FILE_SYNCHRONOUS_IO_NONALERT, 0, &File);
    Write(File, 0, "hello", 5);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\s1:two", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 0, 10), STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, Info, 24, (FILE_INFORMATION_CLASS)5);
    EXPECT(((PUCHAR)Info)[22]); // FILE_STANDARD_INFORMATION_EX.AlternateStream
    NtClose(File);
    EXPECT(Exists(L"s1:two") && !Exists(L"s1:one"));
    MakeFolder(L"s2");
    EXPECT_STATUS(Touch(L"s2::$DATA", FILE_READ_ATTRIBUTES, FILE_CREATE, 0, 0),
                  STATUS_FILE_IS_A_DIRECTORY);
    EXPECT_STATUS(Touch(L"s2:one", FILE_READ_ATTRIBUTES, FILE_CREATE, 0, 0), STATUS_SUCCESS);
    Open(L"s2", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(
        NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)22),
        STATUS_SUCCESS);
    EXPECT(Info[0] == 0 && Info[1] == 10 * sizeof(WCHAR)); // `:one:$DATA` and nothing else
    NtClose(File);
    // names that files do not have
    for (PCWSTR Odd = L"<>\"|?*"; *Odd != 0; Odd++) {
        WCHAR Name[] = L"s1:?";

        Name[3] = *Odd;
        EXPECT_STATUS(Touch(Name, MAXIMUM_ALLOWED, FILE_CREATE, 0, 0), STATUS_SUCCESS);
    }
    EXPECT_STATUS(Touch(L"s1:/", MAXIMUM_ALLOWED, FILE_CREATE, 0, 0), STATUS_OBJECT_NAME_INVALID);
    EXPECT_STATUS(Touch(L"s1::", MAXIMUM_ALLOWED, FILE_CREATE, 0, 0), STATUS_OBJECT_NAME_INVALID);
}

typedef struct {
    ULONG Tag;
    USHORT Length, Reserved;
    UCHAR Data[64];
} REPARSE;

static REPARSE
Link(PCWSTR Target)
{
    REPARSE It = {IO_REPARSE_TAG_SYMLINK};
    USHORT Bytes = (USHORT)(wcslen(Target) * 2);

    It.Length = 12 + Bytes;
    *(PUSHORT)(It.Data + 2) = Bytes;
    *(PULONG)(It.Data + 8) = 1; // relative
    memcpy(It.Data + 12, Target, Bytes);
    return It;
}

#define SET(File, It) Control(File, FSCTL_SET_REPARSE_POINT, &(It), 8 + (It).Length, NULL, 0)

/* Reparse points. */
static void
Reparse(void)
{
    REPARSE Symbolic = Link(L"p1"), Own = {0x8000DEAD, 5}, Foreign = {0xBEEF, 5},
            Folder = {0x9000CAFE, 5};
    HANDLE File;

    MakeFile(L"p1");
    // FILE_WRITE_DATA or FILE_WRITE_ATTRIBUTES is needed
    Open(L"p2", FILE_READ_ATTRIBUTES, 0, FILE_CREATE, 0, &File);
    EXPECT_STATUS(SET(File, Symbolic), STATUS_ACCESS_DENIED);
    NtClose(File);
    Open(L"p2", FILE_WRITE_DATA, 0, FILE_OPEN, 0, &File);
    // ... and for a symbolic link, from Vista on, SeCreateSymbolicLinkPrivilege: an administrator has it, not enabled
    if (*(volatile ULONG *)0x7FFE026C >= 6) {
        BOOLEAN Had;

        EXPECT_STATUS(SET(File, Symbolic), STATUS_PRIVILEGE_NOT_HELD);
        EXPECT(CreateSymbolicLinkA(Path("p6"), "p1", 0)); // that enables it for as long
        EXPECT_STATUS(RtlAdjustPrivilege(35, TRUE, FALSE, &Had), STATUS_SUCCESS);
        EXPECT(!Had);
    }
    EXPECT_STATUS(SET(File, Symbolic), STATUS_SUCCESS);
    EXPECT_STATUS(Write(File, 0, "1", 1), STATUS_SUCCESS); // bytes come later
    NtClose(File);
    Open(L"p3", FILE_WRITE_DATA, 0, FILE_CREATE, 0, &File);
    Write(File, 0, "1", 1);
    EXPECT_STATUS(SET(File, Symbolic), STATUS_IO_REPARSE_DATA_INVALID); // not before
    NtClose(File);
    // an overwrite goes through the link, or makes an end of it
    EXPECT_STATUS(Touch(L"p2", FILE_WRITE_ATTRIBUTES, FILE_OVERWRITE, 0, 0), STATUS_SUCCESS);
    EXPECT(GetFileAttributesA(Path("p2")) & FILE_ATTRIBUTE_REPARSE_POINT);
    EXPECT_STATUS(Touch(L"p2", FILE_WRITE_ATTRIBUTES, FILE_OVERWRITE, FILE_OPEN_REPARSE_POINT, 0),
                  STATUS_SUCCESS);
    EXPECT(!(GetFileAttributesA(Path("p2")) & FILE_ATTRIBUTE_REPARSE_POINT));
    // attributes and a link, both
    Open(L"p2", FILE_WRITE_DATA | FILE_WRITE_EA, 0, FILE_OPEN, 0, &File);
    {
        UCHAR Ea[] = {0, 0, 0, 0, 0, 1, 1, 0, 'a', 0, 'b', 0};

        EXPECT_STATUS(NtSetEaFile(File, &Iosb, Ea, sizeof(Ea)), STATUS_SUCCESS);
        EXPECT_STATUS(SET(File, Symbolic), *(volatile ULONG *)0x7FFE026C >= 10
                                               ? STATUS_SUCCESS
                                               : STATUS_EAS_NOT_SUPPORTED);
        EXPECT_STATUS(NtSetEaFile(File, &Iosb, Ea, sizeof(Ea)), STATUS_SUCCESS);
    }
    NtClose(File);
    // a tag that nobody knows
    Open(L"p4:stream", FILE_WRITE_ATTRIBUTES, 0, FILE_CREATE, 0, &File);
    EXPECT_STATUS(SET(File, Foreign), STATUS_IO_REPARSE_DATA_INVALID); // without a GUID
    EXPECT_STATUS(SET(File, Own), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Touch(L"p4", MAXIMUM_ALLOWED, FILE_OPEN, 0, 0),
                  STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    EXPECT_STATUS(Touch(L"p4:stream", MAXIMUM_ALLOWED, FILE_OPEN, 0, 0),
                  STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    // one for directories: not empty ones too, and what is below is reached
    MakeFolder(L"p5");
    MakeFile(L"p5\\in");
    Open(L"p5", FILE_WRITE_ATTRIBUTES, 0, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(SET(File, Own), STATUS_DIRECTORY_NOT_EMPTY);
    EXPECT_STATUS(SET(File, Folder), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Touch(L"p5", FILE_READ_ATTRIBUTES, FILE_OPEN, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Touch(L"p5\\in", FILE_READ_ATTRIBUTES, FILE_OPEN, 0, 0), STATUS_SUCCESS);
    EXPECT(GetFileAttributesA(Path("p5")) ==
           (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT));
}

static NTSTATUS
SetPosition(HANDLE File, LONGLONG Position)
{
    return NtSetInformationFile(File, &Iosb, &Position, sizeof(Position), 14);
}

static LONGLONG
PositionOf(HANDLE File)
{
    LONGLONG Position = -1;

    NtQueryInformationFile(File, &Iosb, &Position, 8, (FILE_INFORMATION_CLASS)14);
    return Position;
}

#define HERE ((LONGLONG)0xFFFFFFFFFFFFFFFEll) /* FILE_USE_FILE_POINTER_POSITION */
#define LAST ((LONGLONG)0xFFFFFFFFFFFFFFFFll) /* FILE_WRITE_TO_END_OF_FILE */

/* Positions, sizes, sectors. */
static void
Positions(void)
{
    static __declspec(align(4096)) UCHAR Page[8192];
    LARGE_INTEGER Size = {.QuadPart = 0};
    HANDLE File;
    char Text[10];

    File = Make(L"i1");
    EXPECT_STATUS(SetPosition(File, -100), STATUS_INVALID_PARAMETER);
    Write(File, 0, "abcdef", 6);
    EXPECT_STATUS(Read(File, 0, Text, 2), STATUS_SUCCESS);
    EXPECT_STATUS(Read(File, HERE, Text, 2), STATUS_SUCCESS);
    EXPECT(Text[0] == 'c' && PositionOf(File) == 4);
    EXPECT_STATUS(Write(File, LAST, "ij", 2), STATUS_SUCCESS);
    EXPECT_EQ(PositionOf(File), 8);
    EXPECT_STATUS(Read(File, LAST, Text, 2), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(SetPosition(File, 100), STATUS_SUCCESS);
    EXPECT_STATUS(Read(File, HERE, Text, 2), STATUS_END_OF_FILE);
    EXPECT_EQ(PositionOf(File), 100);
    NtClose(File);
    // without a position of its own
    Try(L"i1", FILE_READ_DATA | FILE_WRITE_DATA, 0, FILE_OPEN, 0, 0, &File);
    EXPECT_STATUS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, 2, NULL, NULL),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Read(File, HERE, Text, 2), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Write(File, HERE, Text, 2), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(SetPosition(File, 6), STATUS_SUCCESS);
    EXPECT_EQ(PositionOf(File), 6); // it is kept, and not used
    NtClose(File);
    // whole sectors
    Open(L"i2", FILE_READ_DATA | FILE_WRITE_DATA, 0, FILE_CREATE, FILE_NO_INTERMEDIATE_BUFFERING,
         &File);
    EXPECT_STATUS(Write(File, 0, Page, 8192), STATUS_SUCCESS);
    EXPECT_STATUS(SetPosition(File, 100), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Read(File, 0, Page, 100), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Write(File, 0, Page, 100), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Read(File, 4096, Page, 8192), STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 4096);
    EXPECT_STATUS(SetSize(File, 100), STATUS_SUCCESS);
    EXPECT_STATUS(SetSize(File, 4096), STATUS_SUCCESS);
    NtClose(File);
    // a directory has no size to set
    Open(L"i3", FILE_WRITE_DATA, 0, FILE_CREATE, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(SetSize(File, 0), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, 8, 19), STATUS_INVALID_PARAMETER);
    NtClose(File);
    // an image hinders no link that is one of several from going
    {
        char Self[MAX_PATH];
        HANDLE Section;

        GetModuleFileNameA(NULL, Self, sizeof(Self));
        CopyFileA(Self, Path("i4.exe"), FALSE);
        Open(L"i4.exe", FILE_READ_DATA | DELETE, 7, FILE_OPEN, 0, &File);
        NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY, SEC_IMAGE, File);
        EXPECT_STATUS(Dispose(File, 1), STATUS_CANNOT_DELETE);
        EXPECT_STATUS(RenameTo(File, NULL, L"i5.exe", 0, 11), STATUS_SUCCESS);
        EXPECT_STATUS(Dispose(File, 1 | 4), STATUS_CANNOT_DELETE); // _FORCE_IMAGE_SECTION_CHECK
        EXPECT_STATUS(Dispose(File, 1), STATUS_SUCCESS);
        NtClose(File);
        EXPECT(!Found("i4.exe", NULL) && Found("i5.exe", NULL));
        // nor is it replaced, POSIX or not
        File = Make(L"i6");
        EXPECT_STATUS(RenameTo(File, NULL, L"i5.exe", 1, 10), STATUS_ACCESS_DENIED);
        EXPECT_STATUS(RenameTo(File, NULL, L"i5.exe", 3, 65), STATUS_ACCESS_DENIED);
        EXPECT_STATUS(RenameTo(File, NULL, L"i5.exe", 3, 72), STATUS_ACCESS_DENIED);
        NtClose(File);
        NtClose(Section);
    }
}

int
main(void)
{
    BeginFs();
    Rights();
    Deleted();
    Over();
    Streams();
    Reparse();
    Positions();
    return TEST_DONE();
}
