/*
 * oplocks.c - who caches a handle gets out of the way: of a directory that is renamed, of a name that is replaced, of a deletion; opens
 * that require an oplock; directories whose listing somebody caches. [MS-FSA 2.1.4.2, 2.1.4.12, 2.1.5.15.11; Win32: Types of
 * Opportunistic Locks, "Atomic Create-With-Oplock"; DDI:ntifs/fsrtlcheckoplockex; IFS: breaking-oplocks]
 */
#include "win.h"

#define OP_READ        1
#define OP_HANDLE      2
#define OP_WRITE       4
#define REQUIRING      0x00010000 /* FILE_OPEN_REQUIRING_OPLOCK */
#define CANNOT_BREAK   ((NTSTATUS)0xC0000909)
#define BATCH          0x100 /* FSCTL_REQUEST_BATCH_OPLOCK */
#define LEVEL_2        0x200
#define BROKEN_TO_NONE 8

typedef struct {
    HANDLE File, Event;
    IO_STATUS_BLOCK Iosb;
    ULONG Out
        [6]; /* REQUEST_OPLOCK_OUTPUT_BUFFER: [1] the level there was, [2] the one there is, [3] 1: to be acknowledged */
} HOLDER;

static NTSTATUS
Ask(HOLDER *It, ULONG Level, ULONG Flags)
{
    ULONG In[3] = {1 | 12 << 16, Level, Flags};

    ResetEvent(It->Event);
    memset(It->Out, 0, sizeof(It->Out));
    return Level >= BATCH
               ? NtFsControlFile(It->File, It->Event, NULL, NULL, &It->Iosb,
                                 Level == BATCH ? FSCTL_REQUEST_BATCH_OPLOCK
                                                : FSCTL_REQUEST_OPLOCK_LEVEL_2,
                                 NULL, 0, NULL, 0)
               : NtFsControlFile(It->File, It->Event, NULL, NULL, &It->Iosb, FSCTL_REQUEST_OPLOCK,
                                 In, sizeof(In), It->Out, sizeof(It->Out));
}

static BOOL
Broken(HOLDER *It)
{
    return WaitForSingleObject(It->Event, 0) == WAIT_OBJECT_0;
}

/* Opens and asks. */
static void
Hold(HOLDER *It, PCWSTR Name, ULONG Options, ULONG Level)
{
    It->Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT_STATUS(CreateAt(NULL, Under(Name),
                           Options & FILE_DIRECTORY_FILE ? FILE_LIST_DIRECTORY
                                                         : GENERIC_READ | GENERIC_WRITE | DELETE,
                           SHARE_ALL, FILE_OPEN_IF, Options, 0, &It->File),
                  STATUS_SUCCESS);
    if (Level != 0) {
        EXPECT_STATUS(Ask(It, Level, 1), STATUS_PENDING);
    }
}

static void
Release(HOLDER *It)
{
    if (It->File != NULL) {
        NtClose(It->File);
    }
    It->File = NULL;
    CloseHandle(It->Event);
}

/* Something that may have to wait, in a thread of its own. */
typedef struct {
    HANDLE Thread, File;
    PCWSTR Name;
    ULONG Flags;
    ACCESS_MASK Access;
    ULONG Share, Options;
    NTSTATUS Status;
} DOER;

static DWORD WINAPI
Rename(PVOID Context)
{
    DOER *It = Context;

    It->Status = RenameTo(It->File, NULL, It->Name, It->Flags, It->Flags & ~1u ? 65 : 10);
    return 0;
}

static DWORD WINAPI
OpenIt(PVOID Context)
{
    DOER *It = Context;

    It->Status = CreateAt(NULL, It->Name, It->Access, It->Share, FILE_OPEN,
                          It->Options | FILE_SYNCHRONOUS_IO_NONALERT, 0, &It->File);
    return 0;
}

static void
Start(DOER *It, LPTHREAD_START_ROUTINE What)
{
    It->Status = STATUS_PENDING;
    It->Thread = CreateThread(NULL, 0, What, It, 0, NULL);
}

static BOOL
Waits(DOER *It)
{
    return WaitForSingleObject(It->Thread, 200) == WAIT_TIMEOUT;
}

static NTSTATUS
Finish(DOER *It)
{
    EXPECT_EQ(WaitForSingleObject(It->Thread, 5000), WAIT_OBJECT_0);
    CloseHandle(It->Thread);
    return It->Status;
}

/* A directory that is renamed, and what is open in it. */
static void
Below(ULONG Level, BOOL Close, BOOL Breaks)
{
    WCHAR To[] = ROOT L"\\renamed";
    DOER Mover = {.Name = To};
    HOLDER Child;

    MakeFolder(L"mover");
    MakeFolder(L"mover\\deep");
    MakeFile(L"mover\\deep\\child");
    Hold(&Child, L"mover\\deep\\child", 0, Level);
    Open(L"mover", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Mover.File);
    Start(&Mover, Rename);
    if (!Breaks) {
        EXPECT_STATUS(Finish(&Mover), STATUS_ACCESS_DENIED);
        EXPECT(!Broken(&Child));
        Release(&Child);
        NtClose(Mover.File);
        return;
    }
    EXPECT(Waits(&Mover));
    EXPECT(Broken(&Child) && Child.Iosb.Status == STATUS_SUCCESS);
    if (Level == BATCH) {
        EXPECT_EQ(Child.Iosb.Information, BROKEN_TO_NONE);
    } else {
        EXPECT_EQ(Child.Out[1], Level);
        EXPECT_EQ(Child.Out[2], Level & ~OP_HANDLE);
        EXPECT(Child.Out[3] & 1);
    }
    if (Close) {
        NtClose(Child.File);
        Child.File = NULL;
        EXPECT_STATUS(Finish(&Mover), STATUS_SUCCESS);
        EXPECT(Exists(L"renamed\\deep\\child"));
        RenameTo(Mover.File, NULL, ROOT L"\\mover", 0, 10);
    } else {
        // it keeps its handle: the rename is refused
        if (Level == BATCH) {
            EXPECT_STATUS(NtFsControlFile(Child.File, NULL, NULL, NULL, &Iosb,
                                          FSCTL_OPLOCK_BREAK_ACK_NO_2, NULL, 0, NULL, 0),
                          STATUS_SUCCESS);
        } else {
            EXPECT_STATUS(Ask(&Child, Level & ~OP_HANDLE, 2), STATUS_PENDING);
        }
        EXPECT_STATUS(Finish(&Mover), STATUS_ACCESS_DENIED);
        EXPECT(Exists(L"mover\\deep\\child"));
    }
    NtClose(Mover.File);
    Release(&Child);
}

static void
Directories(void)
{
    Below(BATCH, TRUE, TRUE);
    Below(BATCH, FALSE, TRUE);
    Below(OP_READ | OP_HANDLE, TRUE, TRUE);
    Below(OP_READ | OP_HANDLE, FALSE, TRUE);
    Below(OP_READ | OP_WRITE | OP_HANDLE, TRUE, TRUE);
    // an oplock that caches no handle cannot get out of the way, and is not asked
    Below(OP_READ, FALSE, FALSE);
    Below(OP_READ | OP_WRITE, FALSE, FALSE);
    Below(LEVEL_2, FALSE, FALSE);
    Below(0, FALSE, FALSE);
}

/* A name that is replaced. */
static void
Replaced(void)
{
    DOER Mover = {.Name = ROOT L"\\target", .Flags = 1};
    HOLDER Target;

    MakeFile(L"target");
    Mover.File = Make(L"source");
    Hold(&Target, L"target", 0, OP_READ | OP_HANDLE);
    Start(&Mover, Rename);
    EXPECT(Waits(&Mover));
    EXPECT(Broken(&Target) && Target.Out[2] == OP_READ);
    NtClose(Target.File);
    Target.File = NULL;
    EXPECT_STATUS(Finish(&Mover), STATUS_SUCCESS);
    EXPECT(!Exists(L"source"));
    Release(&Target);
    NtClose(Mover.File);
    // who keeps it open keeps its name
    Mover.File = Make(L"source");
    Hold(&Target, L"target", 0, BATCH);
    Start(&Mover, Rename);
    EXPECT(Waits(&Mover) && Broken(&Target));
    EXPECT_STATUS(NtFsControlFile(Target.File, NULL, NULL, NULL, &Iosb, FSCTL_OPLOCK_BREAK_ACK_NO_2,
                                  NULL, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Finish(&Mover), STATUS_ACCESS_DENIED);
    EXPECT(Exists(L"source"));
    Release(&Target);
    NtClose(Mover.File);
}

/* A handle that deletes on close; a disposition that is taken back breaks nothing. */
static void
Deleted(void)
{
    HOLDER Reader;
    BOOLEAN No = FALSE;
    HANDLE File;

    Hold(&Reader, L"going", 0, OP_READ | OP_HANDLE);
    Open(L"going", DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT(!Broken(&Reader));
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &No, 1, 13), STATUS_SUCCESS);
    EXPECT(!Broken(&Reader)); // [MS-FSA 2.1.4.12: if DeleteFile is TRUE]
    NtClose(File);
    Open(L"going", DELETE, SHARE_ALL, FILE_OPEN, FILE_DELETE_ON_CLOSE, &File);
    EXPECT(!Broken(&Reader));
    NtClose(File);
    EXPECT(Broken(&Reader) && Reader.Out[2] == OP_READ);
    Release(&Reader);
    EXPECT(!Exists(L"going"));
}

/* An open that requires an oplock. */
static void
Required(void)
{
    HOLDER One, Two;
    DOER Other = {.Name = ROOT L"\\required", .Access = GENERIC_WRITE, .Share = SHARE_ALL};
    HANDLE File;

    Hold(&One, L"required", 0, OP_READ | OP_WRITE);
    // it breaks nobody's
    EXPECT_STATUS(
        CreateAt(NULL, Under(L"required"), GENERIC_READ, SHARE_ALL, FILE_OPEN, REQUIRING, 0, &File),
        CANNOT_BREAK);
    EXPECT(!Broken(&One));
    // ... not even for a sharing violation
    Release(&One);
    Hold(&One, L"required", 0, OP_READ | OP_HANDLE);
    EXPECT_STATUS(
        CreateAt(NULL, Under(L"required"), GENERIC_READ, 0, FILE_OPEN, REQUIRING, 0, &File),
        CANNOT_BREAK);
    EXPECT(!Broken(&One));
    // what breaks nothing is opened, and its request is granted
    Hold(&Two, L"required", REQUIRING, OP_READ | OP_HANDLE);
    EXPECT(!Broken(&One));
    Release(&Two);
    Release(&One);
    // between the open and the request nobody comes: no sharing violation, but a break
    One = (HOLDER){.Event = CreateEventA(NULL, TRUE, FALSE, NULL)};
    EXPECT_STATUS(CreateAt(NULL, Under(L"required"), GENERIC_READ, FILE_SHARE_READ, FILE_OPEN,
                           REQUIRING, 0, &One.File),
                  STATUS_SUCCESS);
    Start(&Other, OpenIt);
    EXPECT(Waits(&Other));
    // an open for attributes breaks no oplock: it goes on
    EXPECT_STATUS(Open(L"required", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Ask(&One, OP_READ | OP_HANDLE, 1), STATUS_PENDING);
    EXPECT_EQ(WaitForSingleObject(One.Event, 1000), WAIT_OBJECT_0);
    EXPECT_EQ(One.Out[2], OP_READ);
    EXPECT(Waits(&Other));
    NtClose(One.File);
    EXPECT_STATUS(Finish(&Other), STATUS_SUCCESS);
    NtClose(Other.File);
    // who does not ask, and closes, holds nobody up any more
    EXPECT_STATUS(CreateAt(NULL, Under(L"required"), GENERIC_READ, FILE_SHARE_READ, FILE_OPEN,
                           REQUIRING, 0, &One.File),
                  STATUS_SUCCESS);
    Start(&Other, OpenIt);
    EXPECT(Waits(&Other));
    NtClose(One.File);
    EXPECT_STATUS(Finish(&Other), STATUS_SUCCESS);
    NtClose(Other.File);
    // ... nor who asks in vain (a synchronous handle gets none)
    EXPECT_STATUS(CreateAt(NULL, Under(L"required"), GENERIC_READ, FILE_SHARE_READ, FILE_OPEN,
                           REQUIRING | FILE_SYNCHRONOUS_IO_NONALERT, 0, &One.File),
                  STATUS_SUCCESS);
    Start(&Other, OpenIt);
    EXPECT(Waits(&Other));
    EXPECT_STATUS(Ask(&One, OP_READ, 1), STATUS_OPLOCK_NOT_GRANTED);
    EXPECT_STATUS(Finish(&Other), STATUS_SHARING_VIOLATION);
    Release(&One);
    // FILE_RESERVE_OPFILTER: fails if a filter oplock could not be granted [IFS: granting-oplocks]
    EXPECT_STATUS(CreateAt(NULL, Under(L"required"), FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN,
                           FILE_RESERVE_OPFILTER, 0, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(CreateAt(NULL, Under(L"required"), FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN,
                           FILE_RESERVE_OPFILTER, 0, &One.File),
                  STATUS_OPLOCK_NOT_GRANTED);
    NtClose(File);
}

/* What the directory lists: names, sizes, times, attributes. */
static void
Listing(void)
{
    HOLDER Folder;
    HANDLE File;
    FILE_BASIC_INFO Basic = {.FileAttributes = FILE_ATTRIBUTE_NOT_CONTENT_INDEXED};

    MakeFolder(L"listing");
    MakeFile(L"listing\\file");
    Hold(&Folder, L"listing", FILE_DIRECTORY_FILE, OP_READ | OP_HANDLE);
    // who reads, and who opens, changes nothing of it
    Open(L"listing\\file", GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT(!Broken(&Folder));
    EXPECT_STATUS(Write(File, 0, "bytes", 5), STATUS_SUCCESS);
    NtClose(File); // its new size and times
    EXPECT(Broken(&Folder) && Folder.Out[2] == 0);
    EXPECT_STATUS(Ask(&Folder, 0, 2), STATUS_SUCCESS);
    EXPECT_STATUS(Ask(&Folder, OP_READ, 1), STATUS_PENDING);
    Open(L"listing\\file", GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Basic, sizeof(Basic), 4), STATUS_SUCCESS);
    EXPECT(Broken(&Folder));
    EXPECT_STATUS(Ask(&Folder, OP_READ, 1), STATUS_PENDING);
    EXPECT_STATUS(SetSize(File, 100), STATUS_SUCCESS);
    EXPECT(Broken(&Folder));
    EXPECT_STATUS(Ask(&Folder, OP_READ, 1), STATUS_PENDING);
    EXPECT_STATUS(RenameTo(File, NULL, ROOT L"\\listing\\other", 0, 10), STATUS_SUCCESS);
    EXPECT(Broken(&Folder));
    NtClose(File);
    EXPECT_STATUS(Ask(&Folder, OP_READ, 1), STATUS_PENDING);
    Open(L"listing\\other", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &File);
    NtClose(File);
    EXPECT(!Broken(&Folder));
    Open(L"listing\\other", GENERIC_WRITE, SHARE_ALL, FILE_SUPERSEDE, 0, &File);
    EXPECT(Broken(&Folder));
    NtClose(File);
    EXPECT_STATUS(Ask(&Folder, OP_READ, 1), STATUS_PENDING);
    EXPECT_STATUS(Delete(L"listing\\other"), STATUS_SUCCESS);
    EXPECT(Broken(&Folder));
    Release(&Folder);
}

int
main(void)
{
    BeginFs();
    Directories();
    Replaced();
    Deleted();
    Required();
    Listing();
    return TEST_DONE();
}
