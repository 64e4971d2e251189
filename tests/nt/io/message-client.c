/*
 * message-client.c - what a pipe's and a mailslot's ends say of themselves: every class that their file systems answer, what has been written and not
 * read, quotas, names, what is refused. [LEARN:ddi/ntifs/ni-ntifs-ntqueryinformationfile], [LEARN:FILE_PIPE_LOCAL_INFORMATION],
 * [LEARN:FILE_MAILSLOT_QUERY_INFORMATION], [LEARN:winbase/createmailslota, getmailslotinfo], [LEARN:namedpipeapi/getnamedpipeinfo].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
                                      FILE_INFORMATION_CLASS);
NTSTATUS NTAPI NtSetInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);

#define BAD_VALUE 0xC000000D
#define PEEK      0x000C4003 /* FSCTL_MAILSLOT_PEEK */

static ULONG64 Answer[32];
static ULONG_PTR Filled;

static ULONG
Ask(HANDLE File, int Class, ULONG Room)
{
    IO_STATUS_BLOCK Iosb = {{0}, 0};
    NTSTATUS Status;

    memset(Answer, 0xEE, sizeof(Answer));
    Status = NtQueryInformationFile(File, &Iosb, Answer, Room, (FILE_INFORMATION_CLASS)Class);
    Filled = Iosb.Information;
    return (ULONG)Status;
}

/* FILE_STANDARD_INFORMATION: what can be read is the end of the file; both quotas are allocated. */
static void
Standard(HANDLE File, ULONG64 Allocated, ULONG64 End)
{
    EXPECT_EQ(Ask(File, 5, 24), 0);
    EXPECT_EQ(Filled, 24);
    EXPECT(Answer[0] == Allocated && Answer[1] == End);
    EXPECT(((ULONG *)Answer)[4] == 1 && ((BYTE *)Answer)[20] == 1 && ((BYTE *)Answer)[21] == 0);
    EXPECT_EQ(Ask(File, 5, 23), 0xC0000004);
}

static void
Basic(HANDLE File)
{
    EXPECT_EQ(Ask(File, 4, 40), 0);
    EXPECT_EQ(Filled, 40);
    EXPECT(Answer[0] == 0 && Answer[1] == 0 && Answer[2] == 0 && Answer[3] == 0);
    EXPECT_EQ(((ULONG *)Answer)[8], FILE_ATTRIBUTE_NORMAL);
}

static void
Name(HANDLE File, PCWSTR Text)
{
    ULONG Bytes = (ULONG)wcslen(Text) * 2;

    EXPECT_EQ(Ask(File, 9, 4 + Bytes), 0);
    EXPECT(Filled == 4 + Bytes && *(ULONG *)Answer == Bytes &&
           memcmp((BYTE *)Answer + 4, Text, Bytes) == 0);
    EXPECT_EQ(Ask(File, 9, 4 + Bytes - 2),
              0x80000005); /* STATUS_BUFFER_OVERFLOW: what has room, and how long it is */
    EXPECT(Filled == 4 + Bytes - 2 && *(ULONG *)Answer == Bytes &&
           memcmp((BYTE *)Answer + 4, Text, Bytes - 2) == 0);
    EXPECT_EQ(((BYTE *)Answer)[4 + Bytes - 2], 0xEE);
}

/* Type, configuration, most and present instances, inbound, what can be read, outbound, what may be written, state, end. */
static void
Local(HANDLE File, ULONG Readable, ULONG Writable, ULONG End)
{
    const ULONG *Got = (ULONG *)Answer;

    EXPECT_EQ(Ask(File, 24, 40), 0);
    EXPECT_EQ(Filled, 40);
    EXPECT(Got[0] == 1 && Got[1] == 2 && Got[2] == 3 && Got[3] == 1);
    EXPECT(Got[4] == 4096 && Got[5] == Readable && Got[6] == 8192 && Got[7] == Writable);
    EXPECT(Got[8] == 3 && Got[9] == End); /* connected */
    EXPECT_EQ(Ask(File, 24, 39), 0xC0000004);
}

static void
Pipe(void)
{
    HANDLE Server =
        CreateNamedPipeA("\\\\.\\pipe\\NtlabMessage", PIPE_ACCESS_DUPLEX,
                         PIPE_TYPE_MESSAGE | PIPE_READMODE_BYTE, 3, 8192, 4096, 0, NULL);
    HANDLE Client = CreateFileA("\\\\.\\pipe\\NtlabMessage", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    ULONG Mode[2] = {1, 1}, Done, Left, Available;
    IO_STATUS_BLOCK Iosb;
    char Text[16];

    EXPECT(Server != INVALID_HANDLE_VALUE && Client != INVALID_HANDLE_VALUE);
    EXPECT(WriteFile(Client, "hello", 5, &Done, NULL) && Done == 5);
    Local(Server, 5, 8192, 1);
    Local(Client, 0, 4096 - 5, 0);
    Standard(Server, 8192 + 4096, 5);
    Standard(Client, 8192 + 4096, 0);
    Basic(Server);
    Name(Server, L"\\NtlabMessage");
    Name(Client, L"\\NtlabMessage");

    EXPECT_EQ(Ask(Server, 23, 8), 0);
    EXPECT(Filled == 8 && ((ULONG *)Answer)[0] == 0 && ((ULONG *)Answer)[1] == 0);
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, Mode, 8, (FILE_INFORMATION_CLASS)23), 0);
    EXPECT_EQ(Ask(Server, 23, 8), 0);
    EXPECT(((ULONG *)Answer)[0] == 1 && ((ULONG *)Answer)[1] == 1);
    EXPECT_EQ(Ask(Client, 23, 8), 0);
    EXPECT(((ULONG *)Answer)[0] == 0 && ((ULONG *)Answer)[1] == 0); /* each end has its own */
    Mode[0] = 2;
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, Mode, 8, (FILE_INFORMATION_CLASS)23),
              BAD_VALUE);
    Mode[0] = 0;
    Mode[1] = 2;
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, Mode, 8, (FILE_INFORMATION_CLASS)23),
              BAD_VALUE);
    Mode[1] = 0;
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, Mode, 8, (FILE_INFORMATION_CLASS)23), 0);
    EXPECT_EQ(Ask(Server, 26, 24), BAD_VALUE); /* a mailslot's */
    EXPECT(PeekNamedPipe(Server, Text, 3, &Done, &Available, &Left));
    EXPECT(Done == 3 && Available == 5 && memcmp(Text, "hel", 3) == 0);
    EXPECT(ReadFile(Server, Text, 2, &Done, NULL) && Done == 2);
    Local(Server, 3, 8192, 1);
    Local(Client, 0, 4096 - 3, 0);
    EXPECT(ReadFile(Server, Text, sizeof(Text), &Done, NULL) && Done == 3);
    CloseHandle(Client);
    EXPECT(DisconnectNamedPipe(Server));
    CloseHandle(Server);
}

static void
Slot(void)
{
    HANDLE Server = CreateMailslotA("\\\\.\\mailslot\\NtlabMessage", 64, 700, NULL);
    HANDLE Client = CreateFileA("\\\\.\\mailslot\\NtlabMessage", GENERIC_WRITE, FILE_SHARE_READ,
                                NULL, OPEN_EXISTING, 0, NULL);
    const ULONG *Got = (ULONG *)Answer;
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Timeout = {.QuadPart = -20000}, *Pointer = &Timeout;
    ULONG Done, Peek[4];

    EXPECT(Server != INVALID_HANDLE_VALUE && Client != INVALID_HANDLE_VALUE);
    EXPECT_EQ(Ask(Server, 26, 24), 0);
    EXPECT(Filled == 24 && Got[0] == 64 && Got[2] == MAILSLOT_NO_MESSAGE && Got[3] == 0);
    EXPECT_EQ((LONGLONG)Answer[2], -7000000);
    EXPECT(WriteFile(Client, "four", 4, &Done, NULL) &&
           WriteFile(Client, "twelve bytes", 12, &Done, NULL));
    EXPECT(!WriteFile(Client, Answer, 65, &Done, NULL));
    EXPECT_EQ(Ask(Server, 26, 24), 0);
    EXPECT(Got[2] == 4 && Got[3] == 2);
    memset(Peek, 0xEE, sizeof(Peek));
    EXPECT_EQ(
        (ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb, PEEK, NULL, 0, Peek, sizeof(Peek)),
        0);
    EXPECT_EQ(Iosb.Information, 12);
    EXPECT(Peek[0] == 16 && Peek[1] == 2 && Peek[2] == 4 && Peek[3] == 0xEEEEEEEE);
    EXPECT_EQ((ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb, PEEK, NULL, 0, Peek, 11),
              BAD_VALUE);
    EXPECT_EQ((ULONG)NtFsControlFile(Client, NULL, NULL, NULL, &Iosb, PEEK, NULL, 0, Peek, 12),
              0xC0000022);
    EXPECT_EQ((ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb, PEEK, NULL, 0, (PVOID)16, 12),
              0xC0000005);
    EXPECT_EQ((ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb, PEEK, NULL, 0,
                                     (PVOID)0x400080000000ull, 12),
              0xC0000005);
    EXPECT_EQ((ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb, PEEK + 4, NULL, 0, Peek, 12),
              0xC0000010);
    Basic(Server);
    EXPECT_EQ(Ask(Server, 5, 24), 0);
    EXPECT(Filled == 24 && Answer[0] == 0 && Answer[1] == 0 && ((ULONG *)Answer)[4] == 1);
    EXPECT(((BYTE *)Answer)[20] == 1 &&
           ((BYTE *)Answer)[21] == 0); /* it goes with its last handle */
    Name(Server, L"\\NtlabMessage");
    EXPECT_EQ(Ask(Client, 26, 24), BAD_VALUE); /* the writer's end */
    EXPECT_EQ(Ask(Server, 24, 40), BAD_VALUE); /* a pipe's */
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, &Pointer, 8, (FILE_INFORMATION_CLASS)27),
              0);
    EXPECT_EQ(Ask(Server, 26, 24), 0);
    EXPECT_EQ((LONGLONG)Answer[2], -20000);
    Pointer = (LARGE_INTEGER *)16;
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, &Pointer, 8, (FILE_INFORMATION_CLASS)27),
              0xC0000005);
    EXPECT_EQ((ULONG)NtSetInformationFile(Client, &Iosb, &Pointer, 8, (FILE_INFORMATION_CLASS)27),
              BAD_VALUE);
    EXPECT_EQ(Ask(Server, 26, 24), 0);
    EXPECT_EQ((LONGLONG)Answer[2], -20000);
    CloseHandle(Client);
    CloseHandle(Server);
}

static volatile LONG Reads, Writes;

static DWORD WINAPI
Reader(PVOID File)
{
    DWORD Done;
    char Byte = 0;

    EXPECT(ReadFile(File, &Byte, 1, &Done, NULL) && Byte == 'c');
    InterlockedIncrement(&Reads);
    return 0;
}

static DWORD WINAPI
Writer(PVOID File)
{
    DWORD Done;

    EXPECT(WriteFile(File, "s", 1, &Done, NULL));
    InterlockedIncrement(&Writes);
    return 0;
}

/* A file that is opened synchronously does one request after the other; who waits for his turn may be ended.
   [LEARN: "Synchronous and Asynchronous I/O"], [LEARN:processthreadsapi/terminatethread] */
static void
InTurn(void)
{
    HANDLE Server =
        CreateNamedPipeA("\\\\.\\pipe\\NtlabTurn", PIPE_ACCESS_DUPLEX, 0, 1, 64, 64, 0, NULL);
    HANDLE Client = CreateFileA("\\\\.\\pipe\\NtlabTurn", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    HANDLE First, Second, Third;
    DWORD Done, Available = 7;
    char Bytes[4];

    First = CreateThread(NULL, 0, Reader, Server, 0, NULL);
    Sleep(50);
    Second = CreateThread(NULL, 0, Writer, Server, 0, NULL);
    Third = CreateThread(NULL, 0, Writer, Server, 0, NULL);
    Sleep(50);
    EXPECT(PeekNamedPipe(Client, NULL, 0, NULL, &Available, NULL) && Available == 0);
    EXPECT(Reads == 0 && Writes == 0);
    EXPECT(TerminateThread(Third, 3));
    EXPECT_EQ(WaitForSingleObject(Third, 1000), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Second, 50), WAIT_TIMEOUT);
    EXPECT(WriteFile(Client, "c", 1, &Done, NULL));
    EXPECT_EQ(WaitForSingleObject(First, 1000), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Second, 1000), WAIT_OBJECT_0);
    EXPECT(Reads == 1 && Writes == 1);
    EXPECT(ReadFile(Client, Bytes, sizeof(Bytes), &Done, NULL) && Done == 1);
    Second = CreateThread(NULL, 0, Writer, Server, 0, NULL); /* and it is free again */
    EXPECT_EQ(WaitForSingleObject(Second, 1000), WAIT_OBJECT_0);
    CloseHandle(Client);
    CloseHandle(Server);
}

/* [K: GetNamedPipeServerProcessId] an attribute by its name, which is told in a request; of a client there is none before it comes. */
static void
Attributes(void)
{
    static const struct {
        const char *Name;
        ULONG Length, Before,
            Behind; /* what is answered before a client has come, and when it is there */
    } Rows[] = {
        {"ServerProcessId", 16, 0, 0},
        {"ClientProcessId", 16, 0xC0000225, 0},
        {"ServerProcessId", 15, 0xC0000225, 0xC0000225},
        {"ServerProcessIe", 16, 0xC0000225, 0xC0000225},
        {"ClientProcessIdX", 17, 0xC0000225, 0xC0000225},
        {"Server", 7, 0xC0000225, 0xC0000225},
    };
    HANDLE Server = CreateNamedPipeA("\\\\.\\pipe\\attributes", PIPE_ACCESS_DUPLEX, 0, 1, 64, 64, 0,
                                     NULL),
           Client = NULL;
    IO_STATUS_BLOCK Iosb;

    for (ULONG Round = 0; Round < 2; Round++) {
        for (ULONG i = 0; i < sizeof(Rows) / sizeof(Rows[0]); i++) {
            ULONG Expected = Round == 0 ? Rows[i].Before : Rows[i].Behind;

            for (ULONG Room = 3; Room <= 5; Room++) {
                ULONG Answer[2] = {77, 77},
                      Wanted = Expected == 0 && Room < 4 ? 0xC0000023 : Expected;

                EXPECT_EQ((ULONG)NtFsControlFile(Server, NULL, NULL, NULL, &Iosb,
                                                 0x110028 /* FSCTL_PIPE_GET_PIPE_ATTRIBUTE */,
                                                 (PVOID)Rows[i].Name, Rows[i].Length, Answer, Room),
                          Wanted);
                EXPECT_EQ(Answer[0], Wanted == 0 ? GetCurrentProcessId() : 77);
                EXPECT_EQ(Answer[1], 77);
            }
        }
        if (Round == 0) {
            Client = CreateFileA("\\\\.\\pipe\\attributes", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                 OPEN_EXISTING, 0, NULL);
        }
    }
    CloseHandle(Client);
    CloseHandle(Server);
}

/* [K: DisconnectNamedPipe] what was not read is lost, on both ways: the next client sees none of it. */
static void
Reconnected(void)
{
    HANDLE Server = CreateNamedPipeA("\\\\.\\pipe\\reconnected", PIPE_ACCESS_DUPLEX, PIPE_NOWAIT, 1,
                                     64, 64, 0, NULL),
           Client;
    DWORD Done, Available;

    for (ULONG Round = 0; Round < 4; Round++) {
        Client = CreateFileA("\\\\.\\pipe\\reconnected", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                             OPEN_EXISTING, 0, NULL);
        EXPECT(Client != INVALID_HANDLE_VALUE);
        Available = 77;
        EXPECT(PeekNamedPipe(Client, NULL, 0, NULL, &Available, NULL) && Available == 0);
        Available = 77;
        EXPECT(PeekNamedPipe(Server, NULL, 0, NULL, &Available, NULL) && Available == 0);
        EXPECT(Round % 2 == 0 || WriteFile(Server, "abc", 3, &Done, NULL));
        EXPECT(Round / 2 == 0 || WriteFile(Client, "four", 4, &Done, NULL));
        if (Round % 2 == 0) {
            CloseHandle(Client);
            EXPECT(DisconnectNamedPipe(Server));
        } else {
            EXPECT(DisconnectNamedPipe(Server));
            EXPECT(!ReadFile(Client, &Available, 1, &Done, NULL) &&
                   GetLastError() == ERROR_PIPE_NOT_CONNECTED);
            CloseHandle(Client);
        }
        EXPECT(!DisconnectNamedPipe(Server));
        EXPECT(!PeekNamedPipe(Server, NULL, 0, NULL, &Available, NULL));
        ConnectNamedPipe(Server, NULL); /* it listens again */
    }
    CloseHandle(Server);
}

/* The folders that pipes and mailslots are in. */
static void
Roots(void)
{
    static const char *const Names[] = {"\\\\.\\pipe\\", "\\\\.\\mailslot\\"};

    for (ULONG i = 0; i < 2; i++) {
        HANDLE Root = CreateFileA(Names[i], FILE_LIST_DIRECTORY | SYNCHRONIZE, 7, NULL,
                                  OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

        EXPECT(Root != INVALID_HANDLE_VALUE);
        EXPECT_EQ(Ask(Root, 5, 24), 0);
        EXPECT(Answer[0] == 0 && Answer[1] == 0 && ((ULONG *)Answer)[4] == 1);
        EXPECT(((BYTE *)Answer)[21] == 1);
        CloseHandle(Root);
    }
}

int
main(void)
{
    Reconnected();
    Roots();
    Attributes();
    Pipe();
    InTurn();
    Slot();
    return TEST_DONE();
}
