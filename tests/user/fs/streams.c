/*
 * streams.c - streams that are renamed, the unnamed one too: what is open stays with its bytes, a file always has an unnamed stream,
 * and what is replaced is empty and nobody's. [DDI:ntifs/_file_rename_information; MS-FSA 2.1.5.15.11.1]
 */
#include "win.h"

/* The bytes of a stream as a text; NULL: it cannot be opened. */
static const char *
Holds(PCWSTR Name)
{
    static char Text[64];
    HANDLE File;

    memset(Text, 0, sizeof(Text));
    if (!NT_SUCCESS(Open(Name, FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File))) {
        return NULL;
    }
    Read(File, 0, Text, sizeof(Text) - 1);
    NtClose(File);
    return Text;
}

static BOOL
Is(PCWSTR Name, const char *Expected)
{
    const char *Text = Holds(Name);

    if (Text == NULL || Expected == NULL) {
        return Text == Expected;
    }
    return strcmp(Text, Expected) == 0;
}

static void
Fill(PCWSTR Name, const char *Text)
{
    HANDLE File = Make(Name);

    Write(File, 0, Text, (ULONG)strlen(Text));
    NtClose(File);
}

static HANDLE
ToRename(PCWSTR Name)
{
    HANDLE File;

    EXPECT_STATUS(
        Open(Name, FILE_READ_DATA | FILE_WRITE_DATA | DELETE, SHARE_ALL, FILE_OPEN, 0, &File),
        STATUS_SUCCESS);
    return File;
}

/* FileStreamInformation, as "name size;". */
static BOOL
Lists(PCWSTR Name, const char *Expected)
{
    static ULONG Info[200];
    char Text[300] = "";
    HANDLE File;

    Open(Name, FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &File);
    if (NT_SUCCESS(
            NtQueryInformationFile(File, &Iosb, Info, sizeof(Info), (FILE_INFORMATION_CLASS)22)) &&
        Iosb.Information != 0) {
        for (PFILE_STREAM_INFO At = (PVOID)Info;; At = (PVOID)((PUCHAR)At + At->NextEntryOffset)) {
            snprintf(Text + strlen(Text), sizeof(Text) - strlen(Text), "%.*ls %lld;",
                     (int)(At->StreamNameLength / 2), At->StreamName, At->StreamSize.QuadPart);
            if (At->NextEntryOffset == 0) {
                break;
            }
        }
    }
    NtClose(File);
    if (strcmp(Text, Expected) != 0) {
        printf("ntlab-test: note %ls has %s\n", Name, Text);
    }
    return strcmp(Text, Expected) == 0;
}

static void
Unnamed(void)
{
    HANDLE File, Reader;
    char Text[8] = "";

    Fill(L"u", "main");
    Open(L"u", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Reader);
    File = ToRename(L"u");
    // the unnamed stream gets a name, and the file a new unnamed one
    EXPECT_STATUS(RenameTo(File, NULL, L":kept", 0, 10), STATUS_SUCCESS);
    EXPECT(Is(L"u", ""));
    EXPECT(Is(L"u:kept", "main"));
    EXPECT(Lists(L"u", "::$DATA 0;:kept:$DATA 4;"));
    // who had it open has it open: the handle is the stream's
    EXPECT_STATUS(Read(Reader, 0, Text, 4), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "main", 4) == 0);
    EXPECT_STATUS(Write(File, 4, "+", 1), STATUS_SUCCESS);
    EXPECT(Is(L"u:kept", "main+"));
    NtClose(Reader);
    // and back: the unnamed one is there, and only replaced if that is asked for
    EXPECT_STATUS(RenameTo(File, NULL, L"::$DATA", 0, 10), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(RenameTo(File, NULL, L"::$DATA", 1, 10), STATUS_SUCCESS);
    EXPECT(Is(L"u", "main+"));
    EXPECT(Lists(L"u", "::$DATA 5;"));
    NtClose(File);
    // the file is deleted as ever
    EXPECT_STATUS(Delete(L"u"), STATUS_SUCCESS);
    EXPECT(!Exists(L"u"));
}

static void
Replaced(void)
{
    HANDLE File, Other;

    Fill(L"r", "bytes");
    Fill(L"r:one", "1");
    Fill(L"r:two", "");
    Fill(L"r:three", "3");
    File = ToRename(L"r:one");
    // only what is empty is replaced
    EXPECT_STATUS(RenameTo(File, NULL, L"::$DATA", 1, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":three", 1, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 0, 10), STATUS_OBJECT_NAME_COLLISION);
    // and what nobody has open
    Open(L"r:two", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Other);
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 1, 10), STATUS_INVALID_PARAMETER);
    NtClose(Other);
    EXPECT_STATUS(RenameTo(File, NULL, L":two:$DATA", 1, 10), STATUS_SUCCESS);
    EXPECT(Lists(L"r", "::$DATA 5;:two:$DATA 1;:three:$DATA 1;"));
    // its own name, and the case of it
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 0, 10), STATUS_SUCCESS);
    EXPECT_STATUS(RenameTo(File, NULL, L":TWO", 0, 10), STATUS_SUCCESS);
    EXPECT(Lists(L"r", "::$DATA 5;:TWO:$DATA 1;:three:$DATA 1;"));
    // names that are none, and types that are another's
    EXPECT_STATUS(RenameTo(File, NULL, L"::", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":a:", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":a:b:c:d", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":a/b", 0, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":a:$INDEX_ALLOCATION", 0, 10),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(RenameTo(File, NULL, L":a:$EA", 0, 10), STATUS_OBJECT_TYPE_MISMATCH);
    // a stream that is marked for deletion keeps its name
    {
        BOOLEAN Yes = TRUE;

        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Yes, 1, 13), STATUS_SUCCESS);
    }
    EXPECT_STATUS(RenameTo(File, NULL, L":four", 0, 10), STATUS_ACCESS_DENIED);
    NtClose(File);
    EXPECT(Lists(L"r", "::$DATA 5;:three:$DATA 1;"));
}

/* A directory has no unnamed stream of bytes. */
static void
OfDirectory(void)
{
    HANDLE File;

    MakeFolder(L"d");
    Fill(L"d:one", "1");
    File = ToRename(L"d:one");
    EXPECT_STATUS(RenameTo(File, NULL, L"::$DATA", 1, 10), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 0, 10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT(Lists(L"d", ":two:$DATA 1;"));
    Open(L"d", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(RenameTo(File, NULL, L":three", 0, 10), STATUS_INVALID_PARAMETER);
    NtClose(File);
}

/* Views follow the stream: an image that runs is no longer the file's unnamed stream, and the file can go. */
static void
Images(void)
{
    char Self[MAX_PATH];
    HANDLE File, Section;
    PUCHAR View;

    GetModuleFileNameA(NULL, Self, sizeof(Self));
    EXPECT(CopyFileA(Self, Path("self.exe"), FALSE));
    File = Win("self.exe", GENERIC_READ | GENERIC_EXECUTE, 7, OPEN_EXISTING, 0);
    Section = CreateFileMappingA(File, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    EXPECT(View != NULL);
    CloseHandle(Section);
    CloseHandle(File);
    EXPECT(Refused(DeleteFileA(Path("self.exe")), ERROR_ACCESS_DENIED)); // it is in use
    Open(L"self.exe", DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(RenameTo(File, NULL, L":gone", 0, 10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT(DeleteFileA(Path("self.exe")));
    EXPECT(!Exists(L"self.exe"));
    EXPECT(View[0] == 'M' && View[1] == 'Z'); // the view is there all the same
    UnmapViewOfFile(View);
    EXPECT(CopyFileA(Self, Path("self.exe"), FALSE)); // the name is free
}

/* What is told of it. [DDI:ntifs/_file_notify_information] */
static void
Told(void)
{
    ULONG Buffer[100] = {0};
    PFILE_NOTIFY_INFORMATION Info = (PVOID)Buffer;
    IO_STATUS_BLOCK Pending;
    HANDLE Folder, File, Event = CreateEventA(NULL, TRUE, FALSE, NULL);

    MakeFolder(L"n");
    Fill(L"n\\f:one", "1");
    CreateAt(NULL, Under(L"n"), FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, 0,
             &Folder);
    EXPECT_STATUS(NtNotifyChangeDirectoryFile(Folder, Event, NULL, NULL, &Pending, Buffer,
                                              sizeof(Buffer), 0x200 /* STREAM_NAME */, FALSE),
                  STATUS_PENDING);
    File = ToRename(L"n\\f:one");
    EXPECT_STATUS(RenameTo(File, NULL, L":two", 0, 10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT_EQ(WaitForSingleObject(Event, 2000), WAIT_OBJECT_0);
    EXPECT_EQ(Info->Action, 7 /* FILE_ACTION_REMOVED_STREAM */);
    EXPECT(Info->FileNameLength == 10 && memcmp(Info->FileName, L"f:one", 10) == 0);
    EXPECT_STATUS(NtNotifyChangeDirectoryFile(Folder, Event, NULL, NULL, &Pending, Buffer,
                                              sizeof(Buffer), 0x200, FALSE),
                  STATUS_PENDING);
    EXPECT_EQ(WaitForSingleObject(Event, 2000), WAIT_OBJECT_0);
    EXPECT_EQ(Info->Action, 6 /* FILE_ACTION_ADDED_STREAM */);
    EXPECT(Info->FileNameLength == 10 && memcmp(Info->FileName, L"f:two", 10) == 0);
    NtClose(Folder);
    CloseHandle(Event);
}

int
main(void)
{
    BeginFs();
    Unnamed();
    Replaced();
    OfDirectory();
    Images();
    Told();
    return TEST_DONE();
}
