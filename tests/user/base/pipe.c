/*
 * pipe.c - anonymous pipes to a child, named pipes in both modes, overlapped and not.
 * [K: "CreatePipe", "CreateNamedPipe", "ConnectNamedPipe", "ReadFile", "WriteFile", "PeekNamedPipe",
 *  "WaitNamedPipe", "CallNamedPipe", "Named Pipe Type, Read, and Wait Modes"]
 */
#include "../../nt/ntlab-client.h"

#define NAME "\\\\.\\pipe\\ntlab-test"

static DWORD
LastErrorOf(BOOL Result)
{
    return Result ? 0 : GetLastError();
}

static HANDLE
Server(DWORD Open, DWORD Mode, DWORD Instances, DWORD Size)
{
    return CreateNamedPipeA(NAME, Open, Mode, Instances, Size, Size, 0, NULL);
}

static HANDLE
Client(DWORD Access)
{
    return CreateFileA(NAME, Access, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static int
Child(void)
{
    char Line[64];

    fprintf(stderr, "to stderr\n");
    while (fgets(Line, sizeof(Line), stdin) != NULL) {
        printf("child:%s", Line);
    }
    return 7;
}

static void
RedirectedChild(const char *Self)
{
    SECURITY_ATTRIBUTES Inherit = {sizeof(Inherit), NULL, TRUE};
    STARTUPINFOA Startup = {sizeof(Startup)};
    PROCESS_INFORMATION Process;
    char Command[MAX_PATH + 16], Text[256] = "";
    HANDLE OutRead, OutWrite, InRead, InWrite;
    DWORD Count, Total = 0, Code = 0;

    EXPECT(CreatePipe(&OutRead, &OutWrite, &Inherit, 0));
    EXPECT(CreatePipe(&InRead, &InWrite, &Inherit, 0));
    EXPECT_EQ(GetFileType(OutRead), FILE_TYPE_PIPE);
    SetHandleInformation(OutRead, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(InWrite, HANDLE_FLAG_INHERIT, 0);
    Startup.dwFlags = STARTF_USESTDHANDLES;
    Startup.hStdInput = InRead;
    Startup.hStdOutput = Startup.hStdError = OutWrite;
    sprintf(Command, "\"%s\" child", Self);
    EXPECT(CreateProcessA(NULL, Command, NULL, NULL, TRUE, 0, NULL, NULL, &Startup, &Process));
    CloseHandle(OutWrite);
    CloseHandle(InRead);
    EXPECT(WriteFile(InWrite, "one\ntwo\n", 8, &Count, NULL) && Count == 8);
    CloseHandle(InWrite);
    while (ReadFile(OutRead, Text + Total, sizeof(Text) - 1 - Total, &Count, NULL)) {
        Total += Count;
    }
    /* The last writer is gone: the end of the file, as pipes say it. */
    EXPECT_EQ(GetLastError(), ERROR_BROKEN_PIPE);
    Text[Total] = 0;
    EXPECT(strcmp(Text, "to stderr\r\nchild:one\r\nchild:two\r\n") == 0);
    WaitForSingleObject(Process.hProcess, INFINITE);
    GetExitCodeProcess(Process.hProcess, &Code);
    EXPECT_EQ(Code, 7);
    CloseHandle(Process.hProcess);
    CloseHandle(Process.hThread);
    CloseHandle(OutRead);
}

static void
Anonymous(void)
{
    HANDLE Read, Write;
    DWORD Count, Available, Left;
    char Text[8];

    EXPECT(CreatePipe(&Read, &Write, NULL, 0));
    EXPECT(PeekNamedPipe(Read, NULL, 0, NULL, &Available, NULL) && Available == 0);
    EXPECT(WriteFile(Write, "abcdef", 6, &Count, NULL));
    EXPECT(PeekNamedPipe(Read, Text, 4, &Count, &Available, NULL));
    EXPECT(Count == 4 && Available == 6 && memcmp(Text, "abcd", 4) == 0);
    EXPECT(ReadFile(Read, Text, 4, &Count, NULL) && Count == 4);
    EXPECT(ReadFile(Read, Text, 4, &Count, NULL) &&
           Count == 2); /* what there is, not all asked for */
    /* A pipe of bytes has no messages: nothing that is written is nothing to read, and none is left of one. */
    EXPECT(WriteFile(Write, "", 0, &Count, NULL));
    EXPECT(WriteFile(Write, "xyz", 3, &Count, NULL));
    EXPECT(PeekNamedPipe(Read, Text, 1, &Count, &Available, &Left) && Available == 3);
    EXPECT(Count == 1 && Left == (DWORD)-1);
    EXPECT(ReadFile(Read, Text, 4, &Count, NULL) && Count == 3);
    EXPECT_EQ(LastErrorOf(WriteFile(Read, "x", 1, &Count, NULL)), ERROR_ACCESS_DENIED);
    EXPECT_EQ(LastErrorOf(ReadFile(Write, Text, 1, &Count, NULL)), ERROR_ACCESS_DENIED);
    CloseHandle(Read);
    EXPECT_EQ(LastErrorOf(WriteFile(Write, "x", 1, &Count, NULL)), ERROR_NO_DATA);
    CloseHandle(Write);
}

static void
States(void)
{
    OVERLAPPED Connect = {0};
    HANDLE First, Second, End;
    DWORD Count, Mode;
    char Text[8];

    EXPECT_EQ(LastErrorOf(Client(GENERIC_READ) != INVALID_HANDLE_VALUE), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(LastErrorOf(WaitNamedPipeA(NAME, 1)), ERROR_FILE_NOT_FOUND);
    First = Server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 2, 64);
    EXPECT_EQ(GetLastError(), 0);
    EXPECT_EQ(
        LastErrorOf(Server(PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE, 2, 64) != INVALID_HANDLE_VALUE),
        ERROR_ACCESS_DENIED); /* all instances have one direction */
    EXPECT_EQ(LastErrorOf(Server(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE,
                                 2, 64) != INVALID_HANDLE_VALUE),
              ERROR_ACCESS_DENIED);
    Second = Server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2, 64);
    EXPECT(Second != INVALID_HANDLE_VALUE);
    EXPECT_EQ(
        LastErrorOf(Server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2, 64) != INVALID_HANDLE_VALUE),
        ERROR_PIPE_BUSY); /* both instances exist */
    /* What only a client holds is no instance that a server could not make anew. */
    End = Client(GENERIC_READ);
    CloseHandle(First);
    First = Server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 2, 64);
    EXPECT(First != INVALID_HANDLE_VALUE);
    CloseHandle(End);
    CloseHandle(Second);
    End = Client(GENERIC_READ);
    CloseHandle(First); /* nor does it keep the name from another pipe */
    First = Server(PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 1, 64);
    EXPECT(First != INVALID_HANDLE_VALUE);
    CloseHandle(First);
    First = Server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 2, 64);
    EXPECT(First != INVALID_HANDLE_VALUE);
    CloseHandle(End);
    EXPECT_EQ(LastErrorOf(ReadFile(First, Text, 1, NULL, &Connect)), ERROR_PIPE_LISTENING);

    Connect.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT_EQ(LastErrorOf(ConnectNamedPipe(First, &Connect)), ERROR_IO_PENDING);
    EXPECT_EQ(WaitForSingleObject(Connect.hEvent, 10), WAIT_TIMEOUT);
    End = Client(GENERIC_READ | GENERIC_WRITE);
    EXPECT(End != INVALID_HANDLE_VALUE);
    EXPECT_EQ(WaitForSingleObject(Connect.hEvent, 0), WAIT_OBJECT_0);
    EXPECT_EQ(LastErrorOf(ConnectNamedPipe(First, &Connect)), ERROR_PIPE_CONNECTED);
    EXPECT_EQ(LastErrorOf(Client(GENERIC_READ) != INVALID_HANDLE_VALUE), ERROR_PIPE_BUSY);
    EXPECT_EQ(LastErrorOf(WaitNamedPipeA(NAME, 1)), ERROR_SEM_TIMEOUT);
    EXPECT(GetNamedPipeHandleStateA(End, &Mode, &Count, NULL, NULL, NULL, 0));
    EXPECT(Mode == (PIPE_WAIT | PIPE_READMODE_BYTE) && Count == 1);
    Mode = PIPE_READMODE_MESSAGE;
    EXPECT_EQ(LastErrorOf(SetNamedPipeHandleState(End, &Mode, NULL, NULL)),
              ERROR_INVALID_PARAMETER); /* it is a pipe of bytes */
    Mode = PIPE_NOWAIT;
    EXPECT(SetNamedPipeHandleState(End, &Mode, NULL, NULL));
    EXPECT_EQ(LastErrorOf(ReadFile(End, Text, 1, &Count, NULL)), ERROR_NO_DATA);
    /* Nonblocking, a quota of 64: TRUE with fewer bytes written than asked for; Windows queues none that do not all fit. */
    EXPECT(WriteFile(End, "0123456789012345678901234567890123456789", 40, &Count, NULL));
    EXPECT(WriteFile(End, "0123456789012345678901234567890123456789", 40, &Count, NULL) &&
           Count == 0);
    EXPECT(WriteFile(End, "012345678901234567890123", 24, &Count, NULL) && Count == 24);

    EXPECT(DisconnectNamedPipe(First));
    EXPECT_EQ(LastErrorOf(ReadFile(End, Text, 1, &Count, NULL)), ERROR_PIPE_NOT_CONNECTED);
    EXPECT_EQ(LastErrorOf(DisconnectNamedPipe(First)), ERROR_PIPE_NOT_CONNECTED);
    CloseHandle(End);
    EXPECT_EQ(LastErrorOf(ConnectNamedPipe(First, &Connect)), ERROR_IO_PENDING);
    End = Client(GENERIC_READ | GENERIC_WRITE);
    EXPECT(End != INVALID_HANDLE_VALUE);
    CloseHandle(End);
    EXPECT_EQ(LastErrorOf(ConnectNamedPipe(First, &Connect)),
              ERROR_NO_DATA); /* it has come and gone */
    CloseHandle(First);
    CloseHandle(Connect.hEvent);
}

static DWORD WINAPI
MessageClient(LPVOID Unused)
{
    DWORD Count, Mode = PIPE_READMODE_MESSAGE;
    char Text[16];
    HANDLE End = Client(GENERIC_READ | GENERIC_WRITE);

    EXPECT(SetNamedPipeHandleState(End, &Mode, NULL, NULL));
    EXPECT(TransactNamedPipe(End, "question", 8, Text, sizeof(Text), &Count, NULL));
    EXPECT(Count == 6 && memcmp(Text, "answer", 6) == 0);
    /* A message longer than the buffer comes in parts. */
    EXPECT_EQ(LastErrorOf(ReadFile(End, Text, 3, &Count, NULL)), ERROR_MORE_DATA);
    EXPECT_EQ(Count, 3);
    EXPECT(ReadFile(End, Text, sizeof(Text), &Count, NULL) && Count == 2);
    EXPECT(ReadFile(End, Text, sizeof(Text), &Count, NULL) && Count == 0); /* an empty one */
    CloseHandle(End);
    return 0;
}

static DWORD WINAPI
Flusher(LPVOID End)
{
    return FlushFileBuffers(End);
}

static void
Messages(void)
{
    DWORD Count, Available, Left, Flags, Flushed = FALSE;
    HANDLE Pipe, Thread, Waiter;
    ULONG Process;
    char Text[16];

    Pipe = Server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, 1024);
    Thread = CreateThread(NULL, 0, MessageClient, NULL, 0, NULL);
    Count = LastErrorOf(ConnectNamedPipe(Pipe, NULL));
    EXPECT(Count == 0 || Count == ERROR_PIPE_CONNECTED);
    EXPECT(GetNamedPipeClientProcessId(Pipe, &Process) && Process == GetCurrentProcessId());
    EXPECT(GetNamedPipeInfo(Pipe, &Flags, NULL, NULL, &Count));
    EXPECT(Flags == (PIPE_SERVER_END | PIPE_TYPE_MESSAGE) && Count == 1);
    EXPECT(ReadFile(Pipe, Text, sizeof(Text), &Count, NULL) && Count == 8);
    EXPECT(WriteFile(Pipe, "answer", 6, &Count, NULL));
    EXPECT(WriteFile(Pipe, "parts", 5, &Count, NULL));
    EXPECT(WriteFile(Pipe, NULL, 0, &Count, NULL));
    EXPECT(FlushFileBuffers(Pipe)); /* until the other end has read everything */
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    EXPECT_EQ(LastErrorOf(ReadFile(Pipe, Text, 1, &Count, NULL)), ERROR_BROKEN_PIPE);
    CloseHandle(Pipe);

    Pipe = Server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, 1, 1024);
    Thread = Client(GENERIC_WRITE);
    EXPECT(WriteFile(Thread, "abc", 3, &Count, NULL) && WriteFile(Thread, "de", 2, &Count, NULL));
    EXPECT(PeekNamedPipe(Pipe, Text, 2, &Count, &Available, &Left));
    EXPECT(Count == 2 && Available == 5 && Left == 1);
    Waiter = CreateThread(NULL, 0, Flusher, Thread, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Waiter, 50), WAIT_TIMEOUT);               /* nobody has read it */
    EXPECT(ReadFile(Pipe, Text, sizeof(Text), &Count, NULL) && Count == 5); /* byte mode: across */
    WaitForSingleObject(Waiter, INFINITE);
    EXPECT(GetExitCodeThread(Waiter, &Flushed) && Flushed);
    CloseHandle(Waiter);
    CloseHandle(Thread);
    CloseHandle(Pipe);
}

static DWORD WINAPI
SlowReader(LPVOID Pipe)
{
    char Text[100];
    DWORD Count;

    Sleep(50);
    ReadFile(Pipe, Text, sizeof(Text), &Count, NULL);
    return Count;
}

static void
Quota(void)
{
    HANDLE Pipe, End, Thread;
    DWORD Count, Code;
    ULONGLONG Start;
    char Text[100] = "";

    Pipe = Server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 60);
    End = Client(GENERIC_READ | GENERIC_WRITE);
    Start = GetTickCount64();
    EXPECT(WriteFile(End, Text, 60, &Count, NULL)); /* fits */
    EXPECT(GetTickCount64() - Start < 40);
    Thread = CreateThread(NULL, 0, SlowReader, Pipe, 0, NULL);
    EXPECT(WriteFile(End, Text, 40, &Count, NULL) && Count == 40); /* waits for the reader */
    EXPECT(GetTickCount64() - Start >= 40);
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    EXPECT_EQ(Code, 100);
    CloseHandle(Thread);
    CloseHandle(End);
    CloseHandle(Pipe);
}

static void
Cancelling(void)
{
    OVERLAPPED Read = {0};
    HANDLE Pipe, End;
    char Text[4];
    DWORD Count;

    Pipe = Server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1, 60);
    End = Client(GENERIC_READ | GENERIC_WRITE);
    Read.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT_EQ(LastErrorOf(ReadFile(Pipe, Text, 4, NULL, &Read)), ERROR_IO_PENDING);
    EXPECT(CancelIo(Pipe));
    EXPECT_EQ(LastErrorOf(GetOverlappedResult(Pipe, &Read, &Count, TRUE)), ERROR_OPERATION_ABORTED);
    EXPECT_EQ(LastErrorOf(ReadFile(Pipe, Text, 4, NULL, &Read)), ERROR_IO_PENDING);
    CloseHandle(End);
    EXPECT_EQ(LastErrorOf(GetOverlappedResult(Pipe, &Read, &Count, TRUE)), ERROR_BROKEN_PIPE);
    CloseHandle(Pipe);
    CloseHandle(Read.hEvent);
}

static void
Directory(void)
{
    HANDLE Pipe = Server(PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE, 1, 0), Find;
    WIN32_FIND_DATAA Data;
    int Seen = 0;

    EXPECT_EQ(LastErrorOf(Client(GENERIC_READ) != INVALID_HANDLE_VALUE), ERROR_ACCESS_DENIED);
    Find = FindFirstFileA("\\\\.\\pipe\\*", &Data);
    EXPECT(Find != INVALID_HANDLE_VALUE);
    do {
        Seen += strcmp(Data.cFileName, "ntlab-test") == 0;
    } while (FindNextFileA(Find, &Data));
    EXPECT_EQ(Seen, 1);
    FindClose(Find);
    CloseHandle(Pipe);
}

int
main(int Count, char **Arguments)
{
    char Self[MAX_PATH];

    if (Count > 1) {
        return Child();
    }
    GetModuleFileNameA(NULL, Self, sizeof(Self));
    RedirectedChild(Self);
    Anonymous();
    States();
    Messages();
    Quota();
    Cancelling();
    Directory();
    return TEST_DONE();
}
