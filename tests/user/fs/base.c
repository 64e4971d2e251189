/*
 * base.c - what suites for file servers ask of every file system: deletion with several handles, names over names, ranges that touch, links
 * to links, patterns of DOS, short names, each filter of a directory's notifications, and what the change journal says of it all.
 * [DDI: NtCreateFile, FILE_DISPOSITION_INFORMATION, FILE_RENAME_INFORMATION, NtLockFile, FsRtlIsNameInExpression; Win32: USN_RECORD,
 * ReadDirectoryChangesW; MS-FSA 2.1.4, 2.1.5]
 */
#include "win.h"

static HANDLE
Opened(PCWSTR Name, ACCESS_MASK Access, ULONG Share, ULONG Options, NTSTATUS Expected)
{
    HANDLE File = NULL;

    EXPECT_STATUS(Open(Name, Access, Share, FILE_OPEN, Options, &File), Expected);
    return File;
}

static BOOL
IsPending(HANDLE File)
{
    FILE_STANDARD_INFO Info = {{{0}}};

    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    return Info.DeletePending;
}

/* FILE_DELETE_ON_CLOSE and dispositions, with several handles. */
static void
Deletion(void)
{
    HANDLE One, Two, Three;

    // the option takes the right
    EXPECT_STATUS(Open(L"x", FILE_READ_DATA, SHARE_ALL, FILE_OPEN_IF, FILE_DELETE_ON_CLOSE, &One),
                  STATUS_INVALID_PARAMETER);
    // nothing is marked before the handle with the option is closed: others come in, and see none of it
    MakeFile(L"x");
    One = Opened(L"x", DELETE, SHARE_ALL, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    Two = Opened(L"x", FILE_READ_DATA, SHARE_ALL, 0, STATUS_SUCCESS);
    EXPECT(!IsPending(One) && !IsPending(Two));
    NtClose(One);
    EXPECT(IsPending(Two));
    Opened(L"x", FILE_READ_ATTRIBUTES, SHARE_ALL, 0, STATUS_DELETE_PENDING);
    EXPECT_STATUS(Open(L"x", FILE_READ_DATA, SHARE_ALL, FILE_CREATE, 0, &Three),
                  STATUS_DELETE_PENDING);
    NtClose(Two);
    EXPECT(!Exists(L"x"));
    // whoever has the right takes it back, on its own handle, until the last is closed
    MakeFile(L"x");
    One = Opened(L"x", DELETE, SHARE_ALL, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    Two = Opened(L"x", DELETE, SHARE_ALL, 0, STATUS_SUCCESS);
    NtClose(One);
    EXPECT(IsPending(Two));
    EXPECT_STATUS(Dispose(Two, 0), STATUS_SUCCESS);
    EXPECT(!IsPending(Two));
    NtClose(Two);
    EXPECT(Exists(L"x"));
    // two handles with the option; the sharing of the first counts
    One = Opened(L"x", DELETE, FILE_SHARE_DELETE, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    Opened(L"x", FILE_READ_DATA, SHARE_ALL, 0, STATUS_SHARING_VIOLATION);
    Two = Opened(L"x", DELETE, SHARE_ALL, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    NtClose(One);
    EXPECT(IsPending(Two));
    NtClose(Two);
    EXPECT(!Exists(L"x"));
    // whoever does not share deleting keeps a handle for it out, and a handle for it whoever does not share
    MakeFile(L"x");
    One = Opened(L"x", FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, 0, STATUS_SUCCESS);
    Opened(L"x", DELETE, SHARE_ALL, 0, STATUS_SHARING_VIOLATION);
    NtClose(One);
    One = Opened(L"x", DELETE, SHARE_ALL, 0, STATUS_SUCCESS);
    Opened(L"x", FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, 0, STATUS_SHARING_VIOLATION);
    NtClose(One);
    // a directory that is filled meanwhile stays
    MakeFolder(L"xd");
    One = Opened(L"xd", DELETE, SHARE_ALL, FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE,
                 STATUS_SUCCESS);
    MakeFile(L"xd\\in");
    NtClose(One);
    EXPECT(Exists(L"xd") && Exists(L"xd\\in"));
    EXPECT_STATUS(Delete(L"xd"), STATUS_DIRECTORY_NOT_EMPTY);
    EXPECT_STATUS(Delete(L"xd\\in"), STATUS_SUCCESS);
    EXPECT_STATUS(Delete(L"xd"), STATUS_SUCCESS);
    // marked for deletion it can still be read and written, and not be renamed
    One = Opened(L"x", GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, 0, STATUS_SUCCESS);
    EXPECT_STATUS(Dispose(One, 1), STATUS_SUCCESS);
    EXPECT_STATUS(Write(One, 0, "bytes", 5), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(One), 5);
    EXPECT_STATUS(RenameTo(One, NULL, L"later", 0, 10), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(One, NULL, ROOT L"\\later", 0, 11), STATUS_ACCESS_DENIED); // nor linked
    NtClose(One);
    EXPECT(!Exists(L"x") && !Exists(L"later"));
    // a stream of it goes by itself, and with it
    MakeFile(L"x");
    MakeFile(L"x:s");
    One = Opened(L"x:s", DELETE, SHARE_ALL, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    NtClose(One);
    EXPECT(Exists(L"x") && !Exists(L"x:s"));
    Two = Make(L"x:t");
    One = Opened(L"x", DELETE, SHARE_ALL, FILE_DELETE_ON_CLOSE, STATUS_SUCCESS);
    NtClose(One);
    Opened(L"x", FILE_READ_DATA, SHARE_ALL, 0, STATUS_DELETE_PENDING);
    NtClose(Two);
    EXPECT(!Exists(L"x"));
}

/* Every disposition, on what is there and on what is not: the status and what was done. */
static void
Dispositions(void)
{
    static const struct {
        ULONG Disposition;
        NTSTATUS There, Missing;
        ULONG DidThere, DidMissing;
    } Rows[] = {
        {FILE_SUPERSEDE, STATUS_SUCCESS, STATUS_SUCCESS, FILE_SUPERSEDED, FILE_CREATED},
        {FILE_OPEN, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND, FILE_OPENED, 0},
        {FILE_CREATE, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS, 0, FILE_CREATED},
        {FILE_OPEN_IF, STATUS_SUCCESS, STATUS_SUCCESS, FILE_OPENED, FILE_CREATED},
        {FILE_OVERWRITE, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND, FILE_OVERWRITTEN, 0},
        {FILE_OVERWRITE_IF, STATUS_SUCCESS, STATUS_SUCCESS, FILE_OVERWRITTEN, FILE_CREATED},
    };
    HANDLE File;

    for (unsigned i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
        BOOL Emptied = Rows[i].Disposition != FILE_OPEN && Rows[i].Disposition != FILE_OPEN_IF;

        File = Make(L"disp");
        Write(File, 0, "12345", 5);
        NtClose(File);
        EXPECT_STATUS(Open(L"disp", GENERIC_WRITE, SHARE_ALL, Rows[i].Disposition, 0, &File),
                      Rows[i].There);
        if (NT_SUCCESS(Rows[i].There)) {
            EXPECT_EQ(Iosb.Information, Rows[i].DidThere);
            EXPECT_EQ(SizeOf(File), Emptied ? 0 : 5);
            NtClose(File);
        }
        EXPECT_STATUS(Delete(L"disp"), STATUS_SUCCESS);
        EXPECT_STATUS(Open(L"disp", GENERIC_WRITE, SHARE_ALL, Rows[i].Disposition, 0, &File),
                      Rows[i].Missing);
        if (NT_SUCCESS(Rows[i].Missing)) {
            EXPECT_EQ(Iosb.Information, Rows[i].DidMissing);
            NtClose(File);
            EXPECT_STATUS(Delete(L"disp"), STATUS_SUCCESS);
        }
        // a directory is opened or made, and nothing else
        EXPECT_STATUS(Open(L"dispdir", FILE_LIST_DIRECTORY, SHARE_ALL, Rows[i].Disposition,
                           FILE_DIRECTORY_FILE, &File),
                      Rows[i].Disposition == FILE_OPEN ? STATUS_OBJECT_NAME_NOT_FOUND
                      : Rows[i].Disposition == FILE_CREATE || Rows[i].Disposition == FILE_OPEN_IF
                          ? STATUS_SUCCESS
                          : STATUS_INVALID_PARAMETER);
        if (File != NULL) {
            NtClose(File);
            EXPECT_STATUS(Delete(L"dispdir"), STATUS_SUCCESS);
        }
    }
    EXPECT_STATUS(Open(L"disp", GENERIC_WRITE, SHARE_ALL, 6, 0, &File), STATUS_INVALID_PARAMETER);
}

static NTSTATUS
Lock(HANDLE File, ULONGLONG Start, ULONGLONG Length, ULONG Key, BOOLEAN Exclusive)
{
    LARGE_INTEGER At = {.QuadPart = Start}, Bytes = {.QuadPart = Length};

    return NtLockFile(File, NULL, NULL, NULL, &Iosb, &At, &Bytes, Key, TRUE, Exclusive);
}

static NTSTATUS
Unlock(HANDLE File, ULONGLONG Start, ULONGLONG Length, ULONG Key)
{
    LARGE_INTEGER At = {.QuadPart = Start}, Bytes = {.QuadPart = Length};

    return NtUnlockFile(File, &Iosb, &At, &Bytes, Key);
}

static NTSTATUS
ReadByKey(HANDLE File, LONGLONG Offset, ULONG Length, ULONG Key)
{
    LARGE_INTEGER At = {.QuadPart = Offset};
    char Text[64];

    return NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, Length, &At, &Key);
}

/* Ranges that touch, that are empty, that have keys. [DDI: NtLockFile; MS-FSA 2.1.4.10, 2.1.5.7, 2.1.5.8] */
static void
Ranges(void)
{
    HANDLE One = Make(L"locks"), Two = Make(L"locks"), Reader;

    SetSize(One, 100);
    // next to each other
    EXPECT_STATUS(Lock(One, 10, 10, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 0, 10, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 20, 10, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 19, 1, 0, FALSE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(Two, 0, 10, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 20, 10, 0), STATUS_SUCCESS);
    // the key is part of the owner: the same handle with another is somebody else
    EXPECT_STATUS(Lock(One, 30, 10, 5, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(ReadByKey(One, 30, 10, 5), STATUS_SUCCESS);
    EXPECT_STATUS(ReadByKey(One, 30, 10, 6), STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(Unlock(One, 30, 10, 6), STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(Unlock(One, 30, 10, 5), STATUS_SUCCESS);
    // shared locks lie on one another, and are given back one by one
    EXPECT_STATUS(Lock(One, 40, 10, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 40, 10, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 45, 10, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 40, 10, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 40, 1, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(One, 40, 10, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 40, 10, 0), STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(Lock(Two, 40, 1, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 40, 1, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 45, 10, 0), STATUS_SUCCESS);
    // shared upon exclusive, by one owner: the first unlock takes the exclusive one [Win32: LockFileEx]
    EXPECT_STATUS(Lock(One, 80, 10, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 80, 10, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 80, 10, 0, FALSE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(One, 80, 10, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 80, 10, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 80, 10, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 80, 10, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(Two, 80, 10, 0), STATUS_SUCCESS);
    // an empty range: inside another it is in the way, at its edge not
    EXPECT_STATUS(Lock(Two, 15, 0, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Lock(Two, 10, 0, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 20, 0, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 10, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 20, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 90, 0, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 90, 0, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 89, 1, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 90, 2, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 89, 1, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 90, 2, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 89, 2, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(Two, 90, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 90, 0, 0), STATUS_SUCCESS);
    // the last byte there can be, and none behind it
    EXPECT_STATUS(Lock(One, 0xFFFFFFFFFFFFFFFFull, 1, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 0xFFFFFFFFFFFFFFFEull, 2, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(One, 0xFFFFFFFFFFFFFFFFull, 1, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 0xFFFFFFFFFFFFFFFFull, 2, 0, TRUE), STATUS_INVALID_LOCK_RANGE);
    // reading or writing is what it takes
    Reader = Opened(L"locks", FILE_READ_DATA, SHARE_ALL, 0, STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Reader, 60, 1, 0, TRUE), STATUS_SUCCESS);
    NtClose(Reader); // gives all its locks back
    EXPECT_STATUS(Lock(Two, 60, 1, 0, TRUE), STATUS_SUCCESS);
    Reader = Opened(L"locks", FILE_READ_ATTRIBUTES, SHARE_ALL, 0, STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Reader, 70, 1, 0, FALSE), STATUS_ACCESS_DENIED);
    NtClose(Reader);
    // a lock is of the stream
    Reader = Make(L"locks:s");
    EXPECT_STATUS(Lock(Reader, 10, 10, 0, TRUE), STATUS_SUCCESS);
    NtClose(Reader);
    NtClose(One);
    NtClose(Two);
    MakeFolder(L"lockdir");
    One = Opened(L"lockdir", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_DIRECTORY_FILE, STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 0, 1, 0, TRUE), STATUS_INVALID_PARAMETER);
    NtClose(One);
}

/* Links to links. [Win32: CreateSymbolicLink, "Symbolic Link Effects on File Systems Functions"] */
static void
Chains(void)
{
    char Text[8] = "";
    DWORD Done;
    HANDLE File;

    CloseHandle(Win("target", GENERIC_WRITE, 0, CREATE_NEW, 0));
    File = Win("target", GENERIC_WRITE, 0, OPEN_EXISTING, 0);
    WriteFile(File, "bytes", 5, &Done, NULL);
    CloseHandle(File);
    EXPECT(CreateSymbolicLinkA(Path("l1"), "target", 0));
    for (int i = 2; i <= 20; i++) {
        char Name[8], Target[8];

        snprintf(Name, sizeof(Name), "l%d", i);
        snprintf(Target, sizeof(Target), "l%d", i - 1);
        EXPECT(CreateSymbolicLinkA(Path(Name), Target, 0));
    }
    // twenty links behind one another lead to the file
    File = Win("l20", GENERIC_READ, 7, OPEN_EXISTING, 0);
    EXPECT(ReadFile(File, Text, 5, &Done, NULL) && strcmp(Text, "bytes") == 0);
    {
        char Name[300];

        EXPECT(GetFinalPathNameByHandleA(File, Name, sizeof(Name), 0) != 0 &&
               strcmp(Name, "\\\\?\\C:\\fs-test\\target") == 0);
    }
    CloseHandle(File);
    // a ring leads nowhere
    EXPECT(CreateSymbolicLinkA(Path("ring1"), "ring2", 0));
    EXPECT(CreateSymbolicLinkA(Path("ring2"), "ring1", 0));
    EXPECT(Fails(Win("ring1", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_CANT_RESOLVE_FILENAME));
    // deleting and renaming is done to the link, attributes are those of the link
    EXPECT(DeleteFileA(Path("l20")) && !Found("l20", NULL) && Found("l19", NULL));
    EXPECT(MoveFileA(Path("l19"), Path("l19b")));
    EXPECT(GetFileAttributesA(Path("l19b")) & FILE_ATTRIBUTE_REPARSE_POINT);
    File = Win("l19b", GENERIC_READ, 7, OPEN_EXISTING, 0);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    // up and over: relative to where the link lies
    MakeFolder(L"ld");
    MakeFolder(L"ld\\deep");
    EXPECT(CreateSymbolicLinkA(Path("ld\\deep\\up"), "..\\..\\target", 0));
    File = Win("ld\\deep\\up", GENERIC_READ, 7, OPEN_EXISTING, 0);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    // through a directory, and to a name below it
    EXPECT(CreateSymbolicLinkA(Path("dirlink"), "ld", SYMBOLIC_LINK_FLAG_DIRECTORY));
    File = Win("dirlink\\deep\\up", GENERIC_READ, 7, OPEN_EXISTING, 0);
    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    CloseHandle(Win("dirlink\\made", GENERIC_WRITE, 7, CREATE_NEW, 0));
    EXPECT(Exists(L"ld\\made"));
    EXPECT(RemoveDirectoryA(Path("dirlink")) && Exists(L"ld"));
    // what is not there is made where the link leads
    EXPECT(CreateSymbolicLinkA(Path("dangling"), "notyet", 0));
    EXPECT(Fails(Win("dangling", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND));
    CloseHandle(Win("dangling", GENERIC_WRITE, 7, CREATE_ALWAYS, 0));
    EXPECT(Exists(L"notyet"));
}

static UCHAR Buffer[4096];

static NTSTATUS
Query(HANDLE Folder, ULONG Class, ULONG Length, BOOLEAN Single, PCWSTR Pattern, BOOLEAN Restart)
{
    UNICODE_STRING Name = {0};

    if (Pattern != NULL) {
        Name.Buffer = (PWSTR)Pattern;
        Name.Length = Name.MaximumLength = (USHORT)(wcslen(Pattern) * sizeof(WCHAR));
    }
    Iosb.Information = 0;
    return NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer, Length, Class, Single,
                                Pattern != NULL ? &Name : NULL, Restart);
}

/* Names that match, joined by commas. */
static BOOL
Matches(PCWSTR FolderName, PCWSTR Pattern, PCWSTR Expected)
{
    HANDLE Folder =
        Opened(FolderName, FILE_LIST_DIRECTORY, SHARE_ALL, FILE_DIRECTORY_FILE, STATUS_SUCCESS);
    WCHAR Text[400] = L"";

    while (NT_SUCCESS(Query(Folder, 12, sizeof(Buffer), TRUE, Pattern, FALSE))) {
        size_t End = wcslen(Text);

        if (End != 0) {
            Text[End++] = L',';
        }
        memcpy(Text + End, Buffer + 12, ((PULONG)Buffer)[2]);
        Text[End + ((PULONG)Buffer)[2] / 2] = 0;
    }
    NtClose(Folder);
    if (wcscmp(Text, Expected) != 0) {
        printf("ntlab-test: note `%ls` gives `%ls`\n", Pattern, Text);
    }
    return wcscmp(Text, Expected) == 0;
}

/* [DDI:ntifs/fsrtlisnameinexpression] */
static void
Patterns(void)
{
    static const PCWSTR Names[] = {L"a",     L"ab", L"abc",      L"a.b",     L"ab.cd",
                                   L"a.b.c", L"b.", L"fred.txt", L"fredtxt", L"x y.z"};

    MakeFolder(L"pat");
    for (unsigned i = 0; i < sizeof(Names) / sizeof(Names[0]); i++) {
        WCHAR Name[40] = L"pat\\";
        HANDLE File;

        wcscat(Name, Names[i]);
        EXPECT_STATUS(Open(Name, FILE_READ_DATA, SHARE_ALL, FILE_CREATE, 0, &File), STATUS_SUCCESS);
        NtClose(File);
    }
    // ? is one character, > is one or, at the end or before a point, none
    EXPECT(Matches(L"pat", L"a?", L"ab"));
    EXPECT(Matches(L"pat", L"a>", L"a,ab"));
    EXPECT(Matches(L"pat", L">>", L".,..,a,ab")); // and stops at a point

    EXPECT(Matches(L"pat", L"?b", L"ab"));
    EXPECT(Matches(L"pat", L"a>.>>", L"a.b,ab.cd"));
    // * is anything, < is anything up to the last point
    EXPECT(Matches(L"pat", L"a*", L"a,a.b,a.b.c,ab,ab.cd,abc"));
    EXPECT(Matches(L"pat", L"<.b", L"a.b"));
    EXPECT(Matches(L"pat", L"<.c", L"a.b.c"));
    EXPECT(Matches(L"pat", L"*.c", L"a.b.c"));
    EXPECT(Matches(L"pat", L"*.b*", L"a.b,a.b.c"));
    EXPECT(Matches(L"pat", L"*d*t", L"fred.txt,fredtxt"));
    // " is a point, or the end
    EXPECT(Matches(L"pat", L"a\"b", L"a.b"));
    EXPECT(Matches(L"pat", L"fred\"txt", L"fred.txt"));
    EXPECT(Matches(L"pat", L"ab\"", L"ab"));
    EXPECT(Matches(L"pat", L"ab\"*", L"ab,ab.cd"));
    EXPECT(Matches(L"pat", L"b\"", L"b."));
    EXPECT(Matches(L"pat", L"A.B", L"a.b")); // whatever the case
    EXPECT(Matches(L"pat", L"x y.z", L"x y.z"));
    EXPECT(Matches(L"pat", L"none", L""));
    // [Win32: FindFirstFile] *.* is everything there, and a name without a point is found by a pattern that ends in one
    {
        WIN32_FIND_DATAA Data;

        EXPECT(Found("pat\\fredtxt.*", &Data) && strcmp(Data.cFileName, "fredtxt") == 0);
        EXPECT(Found("pat\\abc.", &Data) && strcmp(Data.cFileName, "abc") == 0);
        EXPECT(Found("pat\\f??????.", &Data) && strcmp(Data.cFileName, "fredtxt") == 0);
        EXPECT(Found("pat\\????????.txt", &Data) && strcmp(Data.cFileName, "fred.txt") == 0);
    }
}

/* A scan: one entry, several, again, with a buffer that ends between two. [DDI:ntifs/ntquerydirectoryfile] */
static void
Scans(void)
{
    HANDLE Folder =
        Opened(L"pat", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_DIRECTORY_FILE, STATUS_SUCCESS);
    ULONG Count = 0;
    NTSTATUS Status;

    // entries begin at multiples of eight, the last says 0
    EXPECT_STATUS(Query(Folder, 1, sizeof(Buffer), FALSE, NULL, FALSE), STATUS_SUCCESS);
    for (PUCHAR At = Buffer;; At += *(PULONG)At) {
        Count++;
        EXPECT(((At - Buffer) & 7) == 0);
        if (*(PULONG)At == 0) {
            EXPECT_EQ(Iosb.Information, (At - Buffer) + 0x40 + ((PULONG)At)[15]);
            break;
        }
    }
    EXPECT_EQ(Count, 12);
    EXPECT_STATUS(Query(Folder, 1, sizeof(Buffer), FALSE, NULL, FALSE), STATUS_NO_MORE_FILES);
    EXPECT_STATUS(Query(Folder, 1, sizeof(Buffer), TRUE, NULL, FALSE), STATUS_NO_MORE_FILES);
    // a restart takes another pattern, and keeps the old one if none is given
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, L"f*", TRUE), STATUS_SUCCESS);
    EXPECT(memcmp(Buffer + 12, L"fred.txt", 16) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, NULL, TRUE), STATUS_SUCCESS);
    EXPECT(memcmp(Buffer + 12, L"fred.txt", 16) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, NULL, FALSE), STATUS_SUCCESS);
    EXPECT(memcmp(Buffer + 12, L"fredtxt", 14) == 0);
    // a restart that finds nothing: there is no first time again
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, L"none", TRUE), STATUS_NO_MORE_FILES);
    // what does not fit comes next time, and nothing is lost
    EXPECT_STATUS(Query(Folder, 12, 40, FALSE, L"*", TRUE), STATUS_SUCCESS);
    Count = 0;
    do {
        PUCHAR At = Buffer;

        for (;; At += *(PULONG)At) {
            Count++;
            if (*(PULONG)At == 0) {
                break;
            }
        }
        Status = Query(Folder, 12, 40, FALSE, NULL, FALSE);
    } while (NT_SUCCESS(Status));
    EXPECT_STATUS(Status, STATUS_NO_MORE_FILES);
    EXPECT_EQ(Count, 12);
    NtClose(Folder);
    // a handle that cannot list is none for it; a file is no directory
    Folder = Opened(L"pat", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_DIRECTORY_FILE, STATUS_SUCCESS);
    EXPECT_STATUS(Query(Folder, 1, sizeof(Buffer), FALSE, NULL, FALSE), STATUS_ACCESS_DENIED);
    NtClose(Folder);
    Folder = Opened(L"pat\\a", FILE_READ_DATA, SHARE_ALL, 0, STATUS_SUCCESS);
    EXPECT_STATUS(Query(Folder, 1, sizeof(Buffer), FALSE, NULL, FALSE), STATUS_INVALID_PARAMETER);
    NtClose(Folder);
}

static BOOL
IsShort(PCWSTR Name, PCWSTR Short)
{
    struct {
        ULONG Length;
        WCHAR Name[20];
    } Info = {0};
    WCHAR Full[60] = L"short\\";
    HANDLE File;
    BOOL Same;

    wcscat(Full, Name);
    MakeFile(Full);
    Open(Full, FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &File);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)21);
    NtClose(File);
    Same = Info.Length == 2 * wcslen(Short) && memcmp(Info.Name, Short, Info.Length) == 0;
    if (!Same) {
        printf("ntlab-test: note %ls is %.*ls\n", Name, (int)Info.Length / 2, Info.Name);
    }
    return Same;
}

/* [DDI:ntifs/rtlgenerate8dot3name; Win32: "Naming Files, Paths, and Namespaces"] */
static void
ShortNames(void)
{
    HANDLE File;

    MakeFolder(L"short");
    EXPECT(IsShort(L"plain.txt", L"plain.txt")); // is one itself
    EXPECT(IsShort(L"a long name.txt", L"ALONGN~1.TXT"));
    EXPECT(IsShort(L"a long name 2.txt", L"ALONGN~2.TXT"));
    EXPECT(IsShort(L"a long name 3.txt", L"ALONGN~3.TXT"));
    EXPECT(IsShort(L"a long name 4.txt", L"ALONGN~4.TXT"));
    EXPECT(IsShort(L"four.html", L"FOUR~1.HTM"));
    EXPECT(IsShort(L"two.points.c", L"TWOPOI~1.C")); // the last point is the extension's
    EXPECT(IsShort(L".profile", L"PROFIL~1"));
    EXPECT(IsShort(L"a+b,c;d=e[f]", L"A_B_C_~1"));
    EXPECT(IsShort(L"sp ace", L"SPACE~1"));
    // it is a name as the other: opened by it, in the way of another, gone with it
    EXPECT_STATUS(Open(L"short\\ALONGN~1.TXT", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Open(L"short\\alongn~2.txt", FILE_READ_DATA, SHARE_ALL, FILE_CREATE, 0, &File),
                  STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(Delete(L"short\\FOUR~1.HTM"), STATUS_SUCCESS);
    EXPECT(!Exists(L"short\\four.html"));
    // a name that looks like one is taken first
    MakeFile(L"short\\WASHER~1.E");
    EXPECT(IsShort(L"washere first.e", L"WASHER~2.E"));
}

typedef struct {
    HANDLE Folder, Event;
    IO_STATUS_BLOCK Iosb;
    ULONG Buffer[64];
} WATCH;

/* Does Change, which gives nothing else to tell, wake who watches for Filter alone, as a modification of `f`? */
static BOOL
Wakes(ULONG Filter, void (*Change)(HANDLE), HANDLE File)
{
    WATCH It = {.Event = CreateEventA(NULL, TRUE, FALSE, NULL)};
    PFILE_NOTIFY_INFORMATION Info = (PVOID)It.Buffer;
    BOOL Good;

    CreateAt(NULL, Under(L"filters"), FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN,
             FILE_DIRECTORY_FILE, 0, &It.Folder);
    NtNotifyChangeDirectoryFile(It.Folder, It.Event, NULL, NULL, &It.Iosb, It.Buffer,
                                sizeof(It.Buffer), Filter, FALSE);
    Change(File);
    Good = WaitForSingleObject(It.Event, 1000) == WAIT_OBJECT_0 &&
           Info->Action == FILE_ACTION_MODIFIED && Info->FileNameLength == 2 &&
           Info->FileName[0] == L'f' && Info->NextEntryOffset == 0;
    NtClose(It.Folder);
    CloseHandle(It.Event);
    return Good;
}

static void
SetTimes(HANDLE File, int Which)
{
    struct {
        LARGE_INTEGER Times[4];
        ULONG Attributes, Unused;
    } Basic = {{{{0}}}};

    if (Which < 4) {
        Basic.Times[Which].QuadPart = 0x01D0000000000000ll;
    } else {
        Basic.Attributes = Which == 4 ? FILE_ATTRIBUTE_HIDDEN : FILE_ATTRIBUTE_NORMAL;
    }
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Basic, sizeof(Basic), 4), STATUS_SUCCESS);
}

static void
Creation(HANDLE File)
{
    SetTimes(File, 0);
}

static void
Access(HANDLE File)
{
    SetTimes(File, 1);
}

static void
LastWrite(HANDLE File)
{
    SetTimes(File, 2);
}

static void
Hidden(HANDLE File)
{
    SetTimes(File, 4);
}

static void
Size(HANDLE File)
{
    EXPECT_STATUS(SetSize(File, SizeOf(File) + 100), STATUS_SUCCESS);
}

static void
Ea(HANDLE File)
{
    struct {
        ULONG Next;
        UCHAR Flags, NameLength;
        USHORT ValueLength;
        char Text[8];
    } One = {0, 0, 1, 2, "A\0xy"};

    EXPECT_STATUS(NtSetEaFile(File, &Iosb, &One, sizeof(One)), STATUS_SUCCESS);
}

static void
Nothing(HANDLE File)
{
    Hidden(File);
}

/* Each filter by itself. [DDI:ntifs/ntnotifychangedirectoryfile, CompletionFilter] */
static void
Filters(void)
{
    HANDLE File;

    MakeFolder(L"filters");
    File = Make(L"filters\\f");
    EXPECT(Wakes(FILE_NOTIFY_CHANGE_CREATION, Creation, File));
    EXPECT(Wakes(FILE_NOTIFY_CHANGE_LAST_ACCESS, Access, File));
    EXPECT(Wakes(FILE_NOTIFY_CHANGE_LAST_WRITE, LastWrite, File));
    EXPECT(Wakes(FILE_NOTIFY_CHANGE_ATTRIBUTES, Hidden, File));
    EXPECT(Wakes(FILE_NOTIFY_CHANGE_SIZE, Size, File));
    EXPECT(Wakes(0x80 /* FILE_NOTIFY_CHANGE_EA */, Ea, File));
    EXPECT(!Wakes(FILE_NOTIFY_CHANGE_SIZE, Nothing, File)); // a change that was not asked for
    NtClose(File);
}

static NTSTATUS Said;

/* The records of the journal from Usn on: "name reason;" */
static const char *
Records(HANDLE Volume, USN *From, ULONGLONG Journal, ULONG Mask, ULONG OnlyOnClose)
{
    static ULONGLONG Out[2048];
    static char Text[1500];
    struct {
        USN Start;
        ULONG Mask, OnlyOnClose;
        ULONGLONG Timeout, Bytes, Journal;
    } In = {*From, Mask, OnlyOnClose, 0, 0, Journal};

    Text[0] = 0;
    Said = Control(Volume, FSCTL_READ_USN_JOURNAL, &In, sizeof(In), Out, sizeof(Out));
    if (!NT_SUCCESS(Said)) {
        return "failed";
    }
    for (PUCHAR At = (PUCHAR)(Out + 1), End = (PUCHAR)Out + Iosb.Information; At < End;
         At += ((USN_RECORD *)At)->RecordLength) {
        USN_RECORD *Record = (PVOID)At;
        PCWSTR Name = (PCWSTR)(At + Record->FileNameOffset);

        snprintf(Text + strlen(Text), sizeof(Text) - strlen(Text), "%.*ls %lx;",
                 (int)(Record->FileNameLength / 2), Name, (unsigned long)Record->Reason);
    }
    *From = *(USN *)Out;
    return Text;
}

#define EXPECT_RECORDS(Expected, Mask, OnlyOnClose)                                                \
    do {                                                                                           \
        const char *Got = Records(Volume, &Usn, Data.UsnJournalID, Mask, OnlyOnClose);             \
        EXPECT_LINE(strcmp(Got, Expected) == 0, "the journal says " Expected);                     \
        if (strcmp(Got, Expected) != 0) {                                                          \
            printf("ntlab-test: note it says %s\n", Got);                                          \
        }                                                                                          \
    } while (0)

/* [Win32: USN_RECORD_V2, Reason] */
static void
Journal(void)
{
    CREATE_USN_JOURNAL_DATA Create = {0x100000, 0x10000};
    USN_JOURNAL_DATA Data;
    HANDLE Volume, File;
    USN Usn;

    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
             FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume);
    EXPECT_STATUS(Control(Volume, FSCTL_CREATE_USN_JOURNAL, &Create, sizeof(Create), NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Data, sizeof(Data)),
                  STATUS_SUCCESS);
    Usn = Data.NextUsn;
    // made, extended, closed: reasons add up until the last handle goes
    File = Make(L"j");
    Write(File, 0, "12345", 5);
    NtClose(File);
    EXPECT_RECORDS("j 100;j 102;j 80000102;", 0xFFFFFFFF, 0);
    // overwritten, then cut
    File = Make(L"j");
    Write(File, 0, "x", 1);
    SetSize(File, 2);
    NtClose(File);
    EXPECT_RECORDS("j 1;j 5;j 80000005;", 0xFFFFFFFF, 0);
    // a named stream has reasons of its own
    File = Make(L"j:s");
    Write(File, 0, "12345", 5);
    Write(File, 0, "x", 1);
    SetSize(File, 2);
    NtClose(File);
    EXPECT_RECORDS("j 200000;j 200020;j 200030;j 200070;j 80200070;", 0xFFFFFFFF, 0);
    // renamed: the old name, the new one, then the new one alone
    Open(L"j", DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(RenameTo(File, NULL, L"j2", 0, 10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_RECORDS("j 1000;j2 2000;j2 80002000;", 0xFFFFFFFF, 0);
    // a link more, and one less: the file is not deleted
    CreateHardLinkA(Path("j3"), Path("j2"), NULL);
    EXPECT_RECORDS("j3 10000;j2 80010000;", 0xFFFFFFFF, 0);
    EXPECT(DeleteFileA(Path("j3")));
    EXPECT_RECORDS("j3 80010000;", 0xFFFFFFFF, 1);
    // times and attributes
    SetFileAttributesA(Path("j2"), FILE_ATTRIBUTE_HIDDEN);
    EXPECT_RECORDS("j2 8000;j2 80008000;", 0xFFFFFFFF, 0);
    // only what is asked for, and only as files are closed
    File = Make(L"j2");
    Write(File, 0, "x", 1);
    NtClose(File);
    EXPECT_RECORDS("j2 80000001;", 1, 1);
    // deleted: by its name
    EXPECT(DeleteFileA(Path("j2")));
    EXPECT_RECORDS("j2 80000200;", 0xFFFFFFFF, 1);
    // a USN that is not there yet, and another journal's
    {
        USN Beyond = Usn + 1000;

        EXPECT(strcmp(Records(Volume, &Beyond, Data.UsnJournalID, 1, 0), "failed") == 0);
        EXPECT_STATUS(Said, STATUS_INVALID_PARAMETER);
        EXPECT(strcmp(Records(Volume, &Usn, Data.UsnJournalID + 1, 1, 0), "failed") == 0);
    }
    NtClose(Volume);
}

int
main(void)
{
    BeginFs();
    Deletion();
    Dispositions();
    Ranges();
    Chains();
    Patterns();
    Scans();
    ShortNames();
    Filters();
    Journal();
    return TEST_DONE();
}
