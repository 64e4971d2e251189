/*
 * folder.c - what a directory holds, and what changes in it. [DDI:ntifs/ntquerydirectoryfile],
 * [DDI:ntifs/fsrtlisnameinexpression], [DDI:ntifs/file_notify_information]
 */
#include "fs.h"

static UCHAR Buffer[8192];

static HANDLE
OpenFolder(PCWSTR Name, BOOL Wait)
{
    HANDLE Folder;

    CreateAt(NULL, Under(Name), FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN,
             FILE_DIRECTORY_FILE | (Wait ? FILE_SYNCHRONOUS_IO_NONALERT : 0), 0, &Folder);
    return Folder;
}

static NTSTATUS
Query(HANDLE Folder, ULONG Class, ULONG Length, BOOLEAN Single, PCWSTR Pattern, BOOLEAN Restart)
{
    UNICODE_STRING Name;

    if (Pattern != NULL) {
        Name.Buffer = (PWSTR)Pattern;
        Name.Length = Name.MaximumLength = (USHORT)(wcslen(Pattern) * sizeof(WCHAR));
    }
    Iosb.Information = 0;
    return NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer, Length, Class, Single,
                                Pattern != NULL ? &Name : NULL, Restart);
}

/* The names of a query for FileNamesInformation (12), joined by commas. */
static PCWSTR
List(PCWSTR FolderName, PCWSTR Pattern)
{
    static WCHAR Text[600];
    HANDLE Folder = OpenFolder(FolderName, TRUE);
    NTSTATUS Status;

    Text[0] = 0;
    while (NT_SUCCESS(Status = Query(Folder, 12, sizeof(Buffer), FALSE, Pattern, FALSE))) {
        PUCHAR At = Buffer;

        for (;;) {
            ULONG Length = ((PULONG)At)[2];
            size_t End = wcslen(Text);

            if (End != 0) {
                Text[End++] = L',';
            }
            memcpy(Text + End, At + 12, Length);
            Text[End + Length / 2] = 0;
            if (*(PULONG)At == 0) {
                break;
            }
            At += *(PULONG)At;
        }
    }
    NtClose(Folder);
    return Text;
}

static void
Patterns(void)
{
    static const struct {
        PCWSTR Pattern, Names;
    } Rows[] = {
        {NULL, L".,..,a.txt,Abc.txt,b.c.txt,long name here.document,noext"},
        {L"*", L".,..,a.txt,Abc.txt,b.c.txt,long name here.document,noext"},
        {L"*.txt", L"a.txt,Abc.txt,b.c.txt"},
        {L"A*", L"a.txt,Abc.txt"},
        {L"?.txt", L"a.txt"},
        {L">>>>.txt", L"a.txt,Abc.txt"},
        {L"noext\"", L"noext"},
        {L"<.txt", L"a.txt,Abc.txt,b.c.txt"},
        {L"NOEXT", L"noext"},
        {L"b.*", L"b.c.txt"},
        {L"*.*", L".,..,a.txt,Abc.txt,b.c.txt,long name here.document"},
        {L"LONGNA~1.DOC", L"long name here.document"}, // the short name matches too
        {L"none*", L""},
    };

    MakeFolder(L"list");
    MakeFile(L"list\\noext");
    MakeFile(L"list\\Abc.txt");
    MakeFile(L"list\\a.txt");
    MakeFile(L"list\\b.c.txt");
    MakeFile(L"list\\long name here.document");
    for (unsigned i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
        PCWSTR Names = List(L"list", Rows[i].Pattern);
        BOOL Same = wcscmp(Names, Rows[i].Names) == 0;

        EXPECT(Same); // [DDI:ntifs/fsrtlisnameinexpression]
        if (!Same) {
            printf("ntlab-test: note Patterns:%d `%ls` gives `%ls`\n", __LINE__,
                   Rows[i].Pattern ? Rows[i].Pattern : L"", Names);
        }
    }
}

static void
Scan(void)
{
    HANDLE Folder = OpenFolder(L"list", TRUE);

    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, L"*.txt", FALSE),
                  STATUS_SUCCESS); // one entry
    EXPECT_EQ(*(PULONG)Buffer, 0);
    EXPECT(memcmp(Buffer + 12, L"a.txt", 10) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, L"noext", FALSE),
                  STATUS_SUCCESS); // the pattern is the first one's
    EXPECT(memcmp(Buffer + 12, L"Abc.txt", 14) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), FALSE, NULL, TRUE),
                  STATUS_SUCCESS); // from the beginning
    EXPECT(memcmp(Buffer + 12, L"a.txt", 10) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), FALSE, NULL, FALSE), STATUS_NO_MORE_FILES);
    NtClose(Folder);
    Folder = OpenFolder(L"list", TRUE);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), FALSE, L"x*", FALSE),
                  STATUS_NO_SUCH_FILE); // first, and nothing
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), FALSE, L"x*", FALSE), STATUS_NO_MORE_FILES);
    NtClose(Folder);
    Folder = OpenFolder(L"list", TRUE);
    EXPECT_STATUS(Query(Folder, 999, sizeof(Buffer), FALSE, NULL, FALSE),
                  STATUS_INVALID_INFO_CLASS);
    EXPECT_STATUS(Query(Folder, 3, 32, FALSE, NULL, FALSE), STATUS_INFO_LENGTH_MISMATCH);
    // the first entry does not fit: as much as does
    EXPECT_STATUS(Query(Folder, 12, 16, FALSE, L"long*", FALSE), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(((PULONG)Buffer)[2], 2 * wcslen(L"long name here.document"));
    EXPECT(memcmp(Buffer + 12, L"lo", 4) == 0);
    NtClose(Folder);
    // what is removed and made during a scan neither repeats nor hides another name
    Folder = OpenFolder(L"list", TRUE);
    Query(Folder, 12, sizeof(Buffer), TRUE, L"*.txt", FALSE);
    Delete(L"list\\a.txt");
    MakeFile(L"list\\aa.txt");
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, NULL, FALSE), STATUS_SUCCESS);
    EXPECT(memcmp(Buffer + 12, L"aa.txt", 12) == 0);
    EXPECT_STATUS(Query(Folder, 12, sizeof(Buffer), TRUE, NULL, FALSE), STATUS_SUCCESS);
    EXPECT(memcmp(Buffer + 12, L"Abc.txt", 14) == 0);
    NtClose(Folder);
}

static void
Classes(void)
{
    static const struct {
        ULONG Class, Name, Length;
    } Rows[] = {{1, 0x40, 0x3C}, {2, 0x44, 0x3C},  {3, 0x5E, 0x3C},
                {12, 0x0C, 8},   {37, 0x68, 0x3C}, {38, 0x50, 0x3C}};
    HANDLE File = Make(L"list\\noext"), Folder;
    LARGE_INTEGER Id;

    Write(File, 0, "12345", 5);
    NtQueryInformationFile(File, &Iosb, &Id, sizeof(Id), (FILE_INFORMATION_CLASS)6);
    for (unsigned i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
        Folder = OpenFolder(L"list", TRUE);
        memset(Buffer, 0xCC, sizeof(Buffer));
        EXPECT_STATUS(Query(Folder, Rows[i].Class, sizeof(Buffer), FALSE, L"noext", FALSE),
                      STATUS_SUCCESS);
        EXPECT_EQ(*(PULONG)(Buffer + Rows[i].Length), 10); // FileNameLength, in bytes
        EXPECT(memcmp(Buffer + Rows[i].Name, L"noext", 10) == 0);
        EXPECT_EQ(Iosb.Information, Rows[i].Name + 10);
        if (Rows[i].Class != 12) {
            EXPECT_EQ(*(PLONGLONG)(Buffer + 0x28), 5);                   // EndOfFile
            EXPECT_EQ(*(PLONGLONG)(Buffer + 0x30), 4096);                // AllocationSize
            EXPECT_EQ(*(PULONG)(Buffer + 0x38), FILE_ATTRIBUTE_ARCHIVE); // FileAttributes
        }
        if (Rows[i].Class == 37) {
            EXPECT_EQ(*(PLONGLONG)(Buffer + 0x60), Id.QuadPart); // FileId
        }
        NtClose(Folder);
    }
    NtClose(File);
    Folder = OpenFolder(L"list", TRUE);
    Query(Folder, 3, sizeof(Buffer), FALSE, L"long*", FALSE);
    EXPECT_EQ(Buffer[0x44], 24); // ShortNameLength
    EXPECT(memcmp(Buffer + 0x46, L"LONGNA~1.DOC", 24) == 0);
    NtClose(Folder);
}

static HANDLE Event;

static void
Watch(HANDLE Folder, ULONG Filter, BOOLEAN Tree, NTSTATUS Expected)
{
    static IO_STATUS_BLOCK Pending;

    memset(Buffer, 0, sizeof(Buffer));
    EXPECT_STATUS(NtNotifyChangeDirectoryFile(Folder, Event, NULL, NULL, &Pending, Buffer, 1024,
                                              Filter, Tree),
                  Expected);
}

/* The event is signaled and the buffer says Action of Name. */
static BOOL
Says(ULONG Action, PCWSTR Name)
{
    PFILE_NOTIFY_INFORMATION Info = (PVOID)Buffer;

    return WaitForSingleObject(Event, 0) == WAIT_OBJECT_0 && Info->Action == Action &&
           Info->FileNameLength == 2 * wcslen(Name) &&
           memcmp(Info->FileName, Name, Info->FileNameLength) == 0;
}

static void
Notify(void)
{
    HANDLE Folder, File;
    PFILE_NOTIFY_INFORMATION Info = (PVOID)Buffer;

    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    MakeFolder(L"watched");
    MakeFolder(L"watched\\sub");
    Folder = OpenFolder(L"watched", FALSE);
    Watch(Folder,
          FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_ATTRIBUTES,
          FALSE, STATUS_PENDING);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    MakeFile(L"watched\\sub\\deeper"); // not in the directory itself
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    MakeFile(L"watched\\file");
    EXPECT(Says(FILE_ACTION_ADDED, L"file"));
    // what happens while nobody waits is kept
    Delete(L"watched\\file");
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    EXPECT(Says(FILE_ACTION_REMOVED, L"file"));
    MakeFile(L"watched\\old");
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    EXPECT(Says(FILE_ACTION_ADDED, L"old"));
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    MoveFileA("C:\\fs-test\\watched\\old", "C:\\fs-test\\watched\\new");
    EXPECT(Says(FILE_ACTION_RENAMED_OLD_NAME, L"old")); // both names in one buffer
    EXPECT(Info->NextEntryOffset != 0);
    Info = (PVOID)(Buffer + Info->NextEntryOffset);
    EXPECT_EQ(Info->Action, FILE_ACTION_RENAMED_NEW_NAME);
    EXPECT(memcmp(Info->FileName, L"new", 6) == 0);
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    SetFileAttributesA("C:\\fs-test\\watched\\new", FILE_ATTRIBUTE_HIDDEN);
    EXPECT(Says(FILE_ACTION_MODIFIED, L"new"));
    // out of the directory: removed
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    MoveFileA("C:\\fs-test\\watched\\new", "C:\\fs-test\\elsewhere.txt");
    EXPECT(Says(FILE_ACTION_REMOVED, L"new"));
    NtClose(Folder);
    // a tree
    Folder = OpenFolder(L"watched", FALSE);
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, TRUE, STATUS_PENDING);
    MakeFile(L"watched\\sub\\inside");
    EXPECT(Says(FILE_ACTION_ADDED, L"sub\\inside"));
    // the handle is closed
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, TRUE, STATUS_PENDING);
    NtClose(Folder);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0); // [DDI:ntifs/fsrtlnotifycleanup]
    // the directory is deleted
    MakeFolder(L"doomed");
    Folder = OpenFolder(L"doomed", FALSE);
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    EXPECT_STATUS(Delete(L"doomed"), STATUS_SUCCESS);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0); // STATUS_DELETE_PENDING
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_DELETE_PENDING);
    NtClose(Folder);
    // cancelled
    Folder = OpenFolder(L"watched", FALSE);
    Watch(Folder, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, STATUS_PENDING);
    EXPECT_STATUS(NtCancelIoFile(Folder, &Iosb), STATUS_SUCCESS);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    Watch(Folder, 0, FALSE, STATUS_INVALID_PARAMETER);
    NtClose(Folder);
}

int
main(void)
{
    BeginFs();
    Patterns();
    Scan();
    Classes();
    Notify();
    return TEST_DONE();
}
