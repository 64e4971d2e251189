/*
 * ports-client.c - how an asynchronous request ends: for each service that has one, an event, a routine, a port; a routine for a handle with a port is refused,
 * without a port it is called with what it was given, and a port is told the key, the context, the status and the count; requests without a context are not
 * told. [DDI:ntifs/ntreadfile], [DDI:ntifs/ntwritefile], [DDI:ntifs/ntlockfile], [DDI:ntifs/ntquerydirectoryfile],
 * [DDI:ntifs/ntnotifychangedirectoryfile], [DDI:ntifs/ntfscontrolfile], [LEARN:fileio/i-o-completion-ports],
 * [LEARN:ioapiset/getqueuedcompletionstatus].
 */
#include "../ntlab-client.h"
#include <winternl.h>

typedef void(NTAPI *ROUTINE)(PVOID, PIO_STATUS_BLOCK, ULONG);

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    int, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, ROUTINE, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                          PLARGE_INTEGER, ULONG, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID,
                                           ULONG, ULONG, BOOLEAN);

#define BAD_PARAMETER 0xC000000D
#define BAD_HANDLE    0xC0000008
#define BAD_TYPE      0xC0000024
#define PENDING       0x103
#define FOLDER        L"\\??\\C:\\Windows\\Temp\\ports"
#define GET_OBJECT_ID 0x900C0 /* FSCTL_CREATE_OR_GET_OBJECT_ID */

enum { Read, Write, Lock, Control, Directory, Notify, Kinds };

static HANDLE Folder, File, Port;
static IO_STATUS_BLOCK Iosb;
static ULONG64 Space[128];
static ULONG Called;
static PVOID CalledWith;
static PIO_STATUS_BLOCK CalledBlock;

static void NTAPI
Routine(PVOID Context, PIO_STATUS_BLOCK Block, ULONG Reserved)
{
    Called++;
    CalledWith = Context;
    CalledBlock = Block;
}

static HANDLE
Open(PCWSTR Path, ULONG Options, ULONG Disposition)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Own;
    HANDLE Handle = NULL;

    Name.Length = (USHORT)(lstrlenW(Path) * 2);
    Name.MaximumLength = Name.Length;
    Name.Buffer = (PWSTR)Path;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    EXPECT_EQ(NtCreateFile(&Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes, &Own,
                           NULL, 0, 7, Disposition, Options, NULL, 0),
              0);
    return Handle;
}

static ULONG
Ask(ULONG Kind, HANDLE Event, ROUTINE Apc, PVOID Context)
{
    LARGE_INTEGER Offset = {.QuadPart = 0}, Length = {.QuadPart = 1};
    static ULONG Locked;

    Iosb.Status = 0x12345678;
    Iosb.Information = 0x77;
    switch (Kind) {
    case Read:
        return (ULONG)NtReadFile(File, Event, (PVOID)Apc, Context, &Iosb, Space, 4, &Offset, NULL);
    case Write:
        return (ULONG)NtWriteFile(File, Event, (PVOID)Apc, Context, &Iosb, "data", 4, &Offset,
                                  NULL);
    case Lock:
        Offset.QuadPart = 1000 + Locked++;
        return (ULONG)NtLockFile(File, Event, Apc, Context, &Iosb, &Offset, &Length, 0, TRUE, TRUE);
    case Control:
        return (ULONG)NtFsControlFile(File, Event, (PVOID)Apc, Context, &Iosb, GET_OBJECT_ID, NULL,
                                      0, Space, 64);
    case Directory:
        return (ULONG)NtQueryDirectoryFile(Folder, Event, (PVOID)Apc, Context, &Iosb, Space,
                                           sizeof(Space), 12 /* names */, FALSE, NULL, TRUE);
    default:
        return (ULONG)NtNotifyChangeDirectoryFile(Folder, Event, Apc, Context, &Iosb, Space,
                                                  sizeof(Space), FILE_NOTIFY_CHANGE_FILE_NAME,
                                                  FALSE);
    }
}

/* What a notification waits for. */
static void
Stir(ULONG Kind)
{
    static WCHAR Name[] = L"\\??\\C:\\Windows\\Temp\\ports\\a";

    if (Kind == Notify) {
        NtClose(Open(Name, 0, FILE_CREATE));
        Name[lstrlenW(Name) - 1]++;
    }
}

static const ULONG Counts[Kinds] = {4, 4, 0, 64, 0, 0}; /* 0: whatever it is */

static void
Ended(ULONG Kind, ULONG Status)
{
    if (Status == PENDING) {
        Stir(Kind);
    }
    EXPECT_EQ(Iosb.Status, 0);
    EXPECT(Counts[Kind] == 0 || Iosb.Information == Counts[Kind]);
}

static void
Events(void)
{
    HANDLE Event = CreateEventA(NULL, TRUE, TRUE, NULL);
    ULONG Status;

    for (ULONG Kind = 0; Kind < Kinds; Kind++) {
        SetEvent(Event);
        Status = Ask(Kind, Event, NULL, NULL);
        EXPECT(Status == 0 || Status == PENDING);
        EXPECT(Kind != Notify || (Status == PENDING && WaitForSingleObject(Event, 0) != 0));
        Stir(Status == PENDING ? Kind : Kinds);
        EXPECT_EQ(WaitForSingleObject(Event, 1000), WAIT_OBJECT_0);
        Ended(Kind, 0);
        EXPECT_EQ(Ask(Kind, (HANDLE)0x7770, NULL, NULL), BAD_HANDLE);
        EXPECT_EQ(Ask(Kind, File, NULL, NULL), BAD_TYPE);
    }
    CloseHandle(Event);
}

static void
Routines(void)
{
    for (ULONG Kind = 0; Kind < Kinds; Kind++) {
        ULONG Status;

        Called = 0;
        Status = Ask(Kind, NULL, Routine, (PVOID)(ULONG_PTR)(0x100 + Kind));
        EXPECT(Status == 0 || Status == PENDING);
        EXPECT_EQ(Called, 0); /* not before it waits alertably */
        Stir(Status == PENDING ? Kind : Kinds);
        SleepEx(1000, TRUE);
        EXPECT(Called == 1 && CalledWith == (PVOID)(ULONG_PTR)(0x100 + Kind) &&
               CalledBlock == &Iosb);
        Ended(Kind, 0);
        Called = 0;
        SleepEx(0, TRUE);
        EXPECT_EQ(Called, 0);
    }
}

static void
Ports(void)
{
    Port = CreateIoCompletionPort(File, NULL, 0xF1, 0);
    EXPECT(Port != NULL && CreateIoCompletionPort(Folder, Port, 0xF2, 0) == Port);
    EXPECT_EQ(CreateIoCompletionPort(File, Port, 0xF3, 0), NULL); /* it has one */
    for (ULONG Kind = 0; Kind < Kinds; Kind++) {
        OVERLAPPED *Context = NULL;
        ULONG_PTR Key = 0;
        DWORD Count = 0xAAAA;
        ULONG Status;

        EXPECT_EQ(Ask(Kind, NULL, Routine, (PVOID)0x55), BAD_PARAMETER);
        EXPECT_EQ((ULONG)Iosb.Status, 0x12345678);
        Status = Ask(Kind, NULL, NULL, (PVOID)0x1230);
        EXPECT(Status == 0 || Status == PENDING);
        Stir(Status == PENDING ? Kind : Kinds);
        EXPECT(GetQueuedCompletionStatus(Port, &Count, &Key, &Context, 1000));
        EXPECT_EQ(Key, Kind == Directory || Kind == Notify ? 0xF2 : 0xF1);
        EXPECT(Context == (PVOID)0x1230 && Count == Iosb.Information);
        Ended(Kind, 0);
        Status = Ask(Kind, NULL, NULL, NULL); /* without a context nobody is told */
        Stir(Status == PENDING ? Kind : Kinds);
        EXPECT(!GetQueuedCompletionStatus(Port, &Count, &Key, &Context, 0));
        EXPECT_EQ(GetLastError(), WAIT_TIMEOUT);
        Ended(Kind, 0);
    }
    CloseHandle(Port);
}

int
main(void)
{
    for (ULONG Round = 0; Round < 3; Round++) {
        Folder = Open(FOLDER, FILE_DIRECTORY_FILE, FILE_OPEN_IF);
        File = Open(FOLDER L"\\file", FILE_NON_DIRECTORY_FILE, FILE_OPEN_IF);
        if (Round == 0) {
            Ask(Write, NULL, NULL, NULL);
            Events();
        } else if (Round == 1) {
            Routines();
        } else {
            Ports();
        }
        NtClose(File);
        NtClose(Folder);
    }
    return TEST_DONE();
}
