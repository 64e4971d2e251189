/*
 * journal.c - the change journal while several threads write: each record is whole, and each file's reasons are all there, in their order;
 * and a program that waits for what is to come. [Win32: FSCTL_READ_USN_JOURNAL, READ_USN_JOURNAL_DATA BytesToWaitFor; USN_RECORD_V2]
 */
#include "win.h"

#define WRITERS 3
#define ROUNDS  3

static HANDLE Volume;
static USN_JOURNAL_DATA Journal;

static DWORD WINAPI
Writer(PVOID Number)
{
    WCHAR Name[16];

    swprintf(Name, 16, L"writer%d", (int)(ULONG_PTR)Number);
    for (int i = 0; i < ROUNDS; i++) {
        OBJECT_ATTRIBUTES Object;
        UNICODE_STRING Path;
        IO_STATUS_BLOCK Own;
        LARGE_INTEGER Start = {.QuadPart = 0};
        WCHAR Full[64] = ROOT L"\\";
        HANDLE File;

        wcscat(Full, Name);
        Path.Buffer = Full;
        Path.Length = Path.MaximumLength = (USHORT)(wcslen(Full) * sizeof(WCHAR));
        InitializeObjectAttributes(&Object, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
        NtCreateFile(&File, FILE_WRITE_DATA | SYNCHRONIZE, &Object, &Own, NULL, 0, SHARE_ALL,
                     FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
        NtWriteFile(File, NULL, NULL, NULL, &Own, "bytes", 5, &Start, NULL);
        NtClose(File);
    }
    return 0;
}

typedef struct {
    USN Start;
    ULONG Mask, OnlyOnClose;
    ULONGLONG Timeout, Bytes, Journal;
} WANTED;

static void
Whole(void)
{
    static ULONGLONG Out[4096];
    WANTED In = {Journal.NextUsn, 0xFFFFFFFF, 0, 0, 0, Journal.UsnJournalID};
    int Records[WRITERS] = {0}, Closed[WRITERS] = {0};
    HANDLE Threads[WRITERS];
    BOOL Good = TRUE;
    USN Next;

    for (int i = 0; i < WRITERS; i++) {
        Threads[i] = CreateThread(NULL, 0, Writer, (PVOID)(ULONG_PTR)i, 0, NULL);
    }
    WaitForMultipleObjects(WRITERS, Threads, TRUE, INFINITE);
    EXPECT_STATUS(Control(Volume, FSCTL_READ_USN_JOURNAL, &In, sizeof(In), Out, sizeof(Out)),
                  STATUS_SUCCESS);
    Next = In.Start;
    for (PUCHAR At = (PUCHAR)(Out + 1), End = (PUCHAR)Out + Iosb.Information; At < End;) {
        USN_RECORD *Record = (PVOID)At;
        PCWSTR Name = (PCWSTR)(At + Record->FileNameOffset);

        // each stands where the one before ends, and is as long as its name makes it
        if (Record->Usn != Next || Record->FileNameLength != 14 || Name[6] < L'0' ||
            Name[6] >= L'0' + WRITERS || wcsncmp(Name, L"writer", 6) != 0 ||
            Record->RecordLength != ((Record->FileNameOffset + 14 + 7) & ~7u)) {
            Good = FALSE;
            break;
        }
        Records[Name[6] - L'0']++;
        Closed[Name[6] - L'0'] += (Record->Reason & USN_REASON_CLOSE) != 0;
        Next += Record->RecordLength;
        At += Record->RecordLength;
    }
    EXPECT(Good);
    EXPECT_EQ(Next, Out[0]);
    for (int i = 0; i < WRITERS; i++) {
        EXPECT_EQ(Closed[i], ROUNDS);
        EXPECT_EQ(Records[i], 3 + 2 * (ROUNDS - 1)); // made, extended, closed; written, closed
        CloseHandle(Threads[i]);
    }
}

/* At the end, with BytesToWaitFor: nothing before that many bytes have come. */
static void
Waiting(void)
{
    static ULONGLONG Out[512];
    WANTED In = {0, 0xFFFFFFFF, 0, 0, 1, 0};
    IO_STATUS_BLOCK Pending = {0};
    HANDLE Waiter, Event = CreateEventA(NULL, TRUE, FALSE, NULL), File;
    USN_RECORD *Record = (PVOID)(Out + 1);

    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, 0, &Waiter);
    Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Journal, sizeof(Journal));
    In.Start = Journal.NextUsn;
    In.Journal = Journal.UsnJournalID;
    EXPECT_STATUS(NtFsControlFile(Waiter, Event, NULL, NULL, &Pending, FSCTL_READ_USN_JOURNAL, &In,
                                  sizeof(In), Out, sizeof(Out)),
                  STATUS_PENDING);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    File = Make(L"waited");
    EXPECT_EQ(WaitForSingleObject(Event, 1000), WAIT_OBJECT_0);
    EXPECT_STATUS(Pending.Status, STATUS_SUCCESS);
    EXPECT(Pending.Information > 8 && Record->Reason == USN_REASON_FILE_CREATE &&
           Record->Usn == In.Start && Out[0] == In.Start + Record->RecordLength);
    NtClose(File);
    // what is there already is told at once
    EXPECT_STATUS(NtFsControlFile(Waiter, Event, NULL, NULL, &Pending, FSCTL_READ_USN_JOURNAL, &In,
                                  sizeof(In), Out, sizeof(Out)),
                  STATUS_SUCCESS);
    // cancelled; and with its handle
    Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Journal, sizeof(Journal));
    In.Start = Journal.NextUsn;
    EXPECT_STATUS(NtFsControlFile(Waiter, Event, NULL, NULL, &Pending, FSCTL_READ_USN_JOURNAL, &In,
                                  sizeof(In), Out, sizeof(Out)),
                  STATUS_PENDING);
    EXPECT_STATUS(NtCancelIoFile(Waiter, &Iosb), STATUS_SUCCESS);
    EXPECT_EQ(WaitForSingleObject(Event, 1000), WAIT_OBJECT_0);
    EXPECT_STATUS(Pending.Status, STATUS_CANCELLED);
    EXPECT_STATUS(NtFsControlFile(Waiter, Event, NULL, NULL, &Pending, FSCTL_READ_USN_JOURNAL, &In,
                                  sizeof(In), Out, sizeof(Out)),
                  STATUS_PENDING);
    NtClose(Waiter);
    EXPECT_EQ(WaitForSingleObject(Event, 1000), WAIT_OBJECT_0);
    EXPECT_STATUS(Pending.Status, STATUS_CANCELLED);
    // the journal goes, and who waits for it is told
    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, 0, &Waiter);
    EXPECT_STATUS(NtFsControlFile(Waiter, Event, NULL, NULL, &Pending, FSCTL_READ_USN_JOURNAL, &In,
                                  sizeof(In), Out, sizeof(Out)),
                  STATUS_PENDING);
    {
        struct {
            ULONGLONG Journal;
            ULONG Flags, Unused;
        } Remove = {Journal.UsnJournalID + 1, 1};

        EXPECT_STATUS(Control(Volume, FSCTL_DELETE_USN_JOURNAL, &Remove, sizeof(Remove), NULL, 0),
                      STATUS_INVALID_PARAMETER); // another one's
        Remove.Journal--;
        EXPECT_STATUS(Control(Volume, FSCTL_DELETE_USN_JOURNAL, &Remove, sizeof(Remove), NULL, 0),
                      STATUS_SUCCESS);
    }
    EXPECT_EQ(WaitForSingleObject(Event, 1000), WAIT_OBJECT_0);
    EXPECT_STATUS(Pending.Status, STATUS_JOURNAL_DELETE_IN_PROGRESS);
    EXPECT_STATUS(Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Journal, sizeof(Journal)),
                  STATUS_JOURNAL_NOT_ACTIVE);
    NtClose(Waiter);
    CloseHandle(Event);
}

/* USN_RECORD_V3, for who takes nothing older. [Win32: READ_USN_JOURNAL_DATA_V1, READ_FILE_USN_DATA, USN_RECORD_V3] */
static void
Versions(void)
{
    struct {
        WANTED Wanted;
        USHORT Lowest, Highest, Unused[2];
    } In = {{Journal.NextUsn, USN_REASON_FILE_CREATE, 0, 0, 0, Journal.UsnJournalID}, 3, 3};
    USHORT Range[2] = {2, 3};
    ULONGLONG Out[64], Id[3];
    ULONG *Record = (PVOID)(Out + 1);
    HANDLE File = Make(L"version");

    NtQueryInformationFile(File, &Iosb, Id, sizeof(Id), (FILE_INFORMATION_CLASS)59);
    EXPECT_STATUS(Control(File, FSCTL_READ_FILE_USN_DATA, Range, sizeof(Range), Out, sizeof(Out)),
                  STATUS_SUCCESS);
    EXPECT_EQ(((PUSHORT)Out)[2], 2); // MajorVersion
    Range[0] = Range[1] = 4;
    EXPECT_STATUS(Control(File, FSCTL_READ_FILE_USN_DATA, Range, sizeof(Range), Out, sizeof(Out)),
                  STATUS_INVALID_PARAMETER); // none of ours
    NtClose(File);
    if (LOBYTE(LOWORD(GetVersion())) * 100 + HIBYTE(LOWORD(GetVersion())) < 602) {
        EXPECT_STATUS(Control(Volume, FSCTL_READ_USN_JOURNAL, &In, sizeof(In), Out, sizeof(Out)),
                      STATUS_INVALID_PARAMETER); // Windows 8 brought it
        return;
    }
    EXPECT_STATUS(Control(Volume, FSCTL_READ_USN_JOURNAL, &In, sizeof(In), Out, sizeof(Out)),
                  STATUS_SUCCESS);
    EXPECT_EQ(Record[0], (76 + 14 + 7) & ~7u);      // RecordLength
    EXPECT_EQ(Iosb.Information, 8 + 2 * Record[0]); // made, and closed
    EXPECT_EQ(((PUSHORT)Record)[2], 3);
    EXPECT(memcmp(Record + 2, Id + 1, 16) == 0); // FILE_ID_128
    EXPECT_EQ(*(USN *)(Record + 10), In.Wanted.Start);
    EXPECT_EQ(Record[14], USN_REASON_FILE_CREATE);
    EXPECT(((PUSHORT)Record)[36] == 14 && ((PUSHORT)Record)[37] == 76 &&
           memcmp((PUCHAR)Record + 76, L"version", 14) == 0);
}

int
main(void)
{
    CREATE_USN_JOURNAL_DATA Create = {0x100000, 0x10000};

    BeginFs();
    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
             FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume);
    EXPECT_STATUS(Control(Volume, FSCTL_CREATE_USN_JOURNAL, &Create, sizeof(Create), NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Journal, sizeof(Journal)),
                  STATUS_SUCCESS);
    Whole();
    Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Journal, sizeof(Journal));
    Versions();
    Waiting();
    return TEST_DONE();
}
