/*
 * echo-client.c - requests from user mode: [Win32: CreateFile, DeviceIoControl, ReadFile, WriteFile, GetOverlappedResult,
 * CreateIoCompletionPort, ReadFileEx, CancelIoEx], [DDI:ntifs/ntdeviceiocontrolfile], [K:buffer-descriptions...]
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>
#include "io/echo.h"

static HANDLE
Open(const char *Name, DWORD Access, DWORD Flags)
{
    HANDLE Handle = CreateFileA(Name, Access, 0, NULL, OPEN_EXISTING, Flags, NULL);

    EXPECT(Handle != INVALID_HANDLE_VALUE);
    return Handle;
}

static void
Methods(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0);
    unsigned char Input[16], Output[16];
    DWORD Bytes = 99;

    memset(Input, 1, sizeof(Input));
    memset(Output, 9, sizeof(Output));
    EXPECT(DeviceIoControl(Handle, ECHO_BUFFERED, Input, 8, Output, 16, &Bytes, NULL));
    EXPECT_EQ(Bytes, 8);
    EXPECT(Output[0] == 2 && Output[7] == 2 &&
           Output[8] == 9); /* only Information bytes are copied */
    EXPECT(Input[0] == 1);
    EXPECT(DeviceIoControl(Handle, ECHO_IN_DIRECT, Input, 1, Input, 16, &Bytes, NULL));
    EXPECT_EQ(Bytes, 16);
    EXPECT(DeviceIoControl(Handle, ECHO_OUT_DIRECT, Input, 1, Output, 16, &Bytes, NULL));
    EXPECT(Output[15] == 1);
    EXPECT(DeviceIoControl(Handle, ECHO_NEITHER, Input, 16, Output, 4, &Bytes, NULL));
    EXPECT(Bytes == 4 && Output[0] == 3 && Output[3] == 3 && Output[4] == 1);
    EXPECT(DeviceIoControl(Handle, ECHO_NOTHING, NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT_EQ(Bytes, 0);
    EXPECT(!DeviceIoControl(Handle, ECHO_CODE(99, 0, 0), NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_FUNCTION);
    CloseHandle(Handle);
}

static void
Transfers(void)
{
    static const char *Names[] = {"\\\\.\\IoEchoB", "\\\\.\\IoEchoD", "\\\\.\\IoEchoN"};
    char Buffer[64];
    DWORD Bytes;

    for (int i = 0; i < 3; i++) {
        HANDLE Handle = Open(Names[i], GENERIC_READ | GENERIC_WRITE, 0);

        EXPECT(WriteFile(Handle, "some bytes", 10, &Bytes, NULL));
        EXPECT_EQ(Bytes, 10);
        memset(Buffer, 0, sizeof(Buffer));
        EXPECT(ReadFile(Handle, Buffer, sizeof(Buffer), &Bytes, NULL));
        EXPECT(Bytes == 10 && memcmp(Buffer, "some bytes", 10) == 0);
        CloseHandle(Handle);
    }
}

/* Bits 14 and 15 of a code: the access that the handle must have [K:defining-i-o-control-codes] */
static void
Access(void)
{
    HANDLE Read = Open("\\\\.\\IoEchoB", GENERIC_READ, 0), None = Open("\\\\.\\IoEchoB", 0, 0);
    char Byte;
    DWORD Bytes;

    EXPECT(DeviceIoControl(Read, ECHO_READ_ONLY, NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT(!DeviceIoControl(Read, ECHO_WRITE_ONLY, NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(!DeviceIoControl(None, ECHO_READ_ONLY, NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT(DeviceIoControl(None, ECHO_NOTHING, NULL, 0, NULL, 0, &Bytes, NULL));
    EXPECT(!WriteFile(Read, "x", 1, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(!ReadFile(None, &Byte, 1, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(None);
    CloseHandle(Read);
}

static void
Hostile(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0);
    HANDLE Direct = Open("\\\\.\\IoEchoD", GENERIC_READ | GENERIC_WRITE, 0);
    char *ReadOnly = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READONLY), Byte = 1;
    char *Kernel = (char *)0x0000400000001000;
    DWORD Bytes;

    /* Buffers that the I/O manager copies or locks are probed before the driver sees the request. */
    EXPECT(!DeviceIoControl(Handle, ECHO_BUFFERED, Kernel, 4, &Byte, 1, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!DeviceIoControl(Handle, ECHO_BUFFERED, &Byte, 1, Kernel, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!DeviceIoControl(Handle, ECHO_BUFFERED, &Byte, 1, (void *)8, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!DeviceIoControl(Handle, ECHO_BUFFERED, &Byte, 1, ReadOnly, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!DeviceIoControl(Handle, ECHO_OUT_DIRECT, &Byte, 1, ReadOnly, 4, &Bytes,
                            NULL)); /* locked for writing */
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(DeviceIoControl(Handle, ECHO_IN_DIRECT, &Byte, 1, ReadOnly, 4, &Bytes,
                           NULL)); /* locked for reading */
    EXPECT(!ReadFile(Handle, Kernel, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!ReadFile(Direct, ReadOnly, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!WriteFile(Direct, Kernel, 4, &Bytes, NULL));
    /* Neither: the driver's own probe. */
    EXPECT(!DeviceIoControl(Handle, ECHO_NEITHER, &Byte, 1, Kernel, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    EXPECT(!DeviceIoControl(Handle, ECHO_BAD_POINTER, NULL, 0, (void *)16, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
    CloseHandle(Direct);
    CloseHandle(Handle);
}

static void
Overlapped(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    OVERLAPPED First = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)},
               Second = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    LONG Status = 0;
    DWORD Bytes = 0;
    char Data[4] = {1, 2, 3, 4};

    EXPECT(!DeviceIoControl(Handle, ECHO_LATER, Data, 4, Data, 4, NULL, &First));
    EXPECT_EQ(GetLastError(), ERROR_IO_PENDING);
    EXPECT(!GetOverlappedResult(Handle, &First, &Bytes, FALSE));
    EXPECT_EQ(GetLastError(), ERROR_IO_INCOMPLETE);
    EXPECT_EQ(First.Internal, 0x103); /* STATUS_PENDING */
    EXPECT(GetOverlappedResult(Handle, &First, &Bytes, TRUE));
    EXPECT(Bytes == 4 && Data[0] == 2 && Data[3] == 5);
    EXPECT_EQ(WaitForSingleObject(First.hEvent, 0), WAIT_OBJECT_0);

    /* Two at a time; released in order. */
    EXPECT(!DeviceIoControl(Handle, ECHO_PEND, NULL, 0, NULL, 0, NULL, &First));
    EXPECT(!DeviceIoControl(Handle, ECHO_PEND, NULL, 0, NULL, 0, NULL, &Second));
    EXPECT_EQ(WaitForSingleObject(First.hEvent, 0),
              WAIT_TIMEOUT); /* the service resets the event */
    {
        HANDLE Other = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0);

        EXPECT(DeviceIoControl(Other, ECHO_RELEASE, &Status, 4, NULL, 0, &Bytes, NULL));
        EXPECT(GetOverlappedResult(Handle, &First, &Bytes, FALSE));
        EXPECT(!GetOverlappedResult(Handle, &Second, &Bytes, FALSE));
        Status = (LONG)0xC00000A3; /* STATUS_DEVICE_NOT_READY */
        EXPECT(DeviceIoControl(Other, ECHO_RELEASE, &Status, 4, NULL, 0, &Bytes, NULL));
        EXPECT(!GetOverlappedResult(Handle, &Second, &Bytes, TRUE));
        EXPECT_EQ(GetLastError(), ERROR_NOT_READY);
        CloseHandle(Other);
    }
    /* CancelIoEx by OVERLAPPED */
    EXPECT(!DeviceIoControl(Handle, ECHO_PEND, NULL, 0, NULL, 0, NULL, &First));
    EXPECT(!DeviceIoControl(Handle, ECHO_PEND, NULL, 0, NULL, 0, NULL, &Second));
    EXPECT(CancelIoEx(Handle, &Second));
    EXPECT(!GetOverlappedResult(Handle, &Second, &Bytes, TRUE));
    EXPECT_EQ(GetLastError(), ERROR_OPERATION_ABORTED);
    EXPECT(!GetOverlappedResult(Handle, &First, &Bytes, FALSE));
    EXPECT_EQ(GetLastError(), ERROR_IO_INCOMPLETE);
    EXPECT(CancelIoEx(Handle, NULL));
    EXPECT(!GetOverlappedResult(Handle, &First, &Bytes, TRUE));
    EXPECT_EQ(GetLastError(), ERROR_OPERATION_ABORTED);
    EXPECT(!CancelIoEx(Handle, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOT_FOUND);
    CloseHandle(First.hEvent);
    CloseHandle(Second.hEvent);
    CloseHandle(Handle);
}

static int ApcRuns;
static DWORD ApcError, ApcBytes;

static VOID CALLBACK
Apc(DWORD Error, DWORD Bytes, OVERLAPPED *Request)
{
    ApcRuns++;
    ApcError = Error;
    ApcBytes = Bytes;
}

static void
Apcs(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    OVERLAPPED Request = {0};
    DWORD Bytes;
    char Buffer[8];

    EXPECT(WriteFileEx(Handle, "abc", 3, &Request, Apc));
    EXPECT_EQ(ApcRuns, 0); /* "not until the thread is in an alertable wait state" */
    Sleep(1);
    EXPECT_EQ(ApcRuns, 0);
    EXPECT_EQ(SleepEx(1000, TRUE), WAIT_IO_COMPLETION);
    EXPECT(ApcRuns == 1 && ApcError == 0 && ApcBytes == 3);
    EXPECT(ReadFileEx(Handle, Buffer, 8, &Request, Apc));
    EXPECT_EQ(SleepEx(1000, TRUE), WAIT_IO_COMPLETION);
    EXPECT(ApcRuns == 2 && ApcBytes == 3 && Buffer[0] == 'a');
    (void)Bytes;
    CloseHandle(Handle);
}

static void
Ports(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    HANDLE Port = CreateIoCompletionPort(Handle, NULL, 0x77, 1);
    OVERLAPPED Request = {0}, *Done = NULL;
    ULONG_PTR Key = 0;
    DWORD Bytes = 0;
    char Data[4] = {1};

    EXPECT(Port != NULL);
    EXPECT(!GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done, 0));
    EXPECT_EQ(GetLastError(), WAIT_TIMEOUT);
    EXPECT(DeviceIoControl(Handle, ECHO_BUFFERED, Data, 4, Data, 4, NULL, &Request));
    EXPECT(GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done,
                                     1000)); /* a packet although it completed at once */
    EXPECT(Bytes == 4 && Key == 0x77 && Done == &Request);
    EXPECT(!DeviceIoControl(Handle, ECHO_LATER, Data, 4, Data, 4, NULL, &Request));
    EXPECT(GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done, INFINITE));
    EXPECT(Bytes == 4 && Done == &Request && Data[0] == 3);
    EXPECT(PostQueuedCompletionStatus(Port, 5, 6, (OVERLAPPED *)8));
    EXPECT(GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done, 0));
    EXPECT(Bytes == 5 && Key == 6 && Done == (OVERLAPPED *)8);
    /* An error completed at once makes no packet. */
    {
        LONG Status = (LONG)0xC0000010;

        EXPECT(!DeviceIoControl(Handle, ECHO_STATUS, &Status, 4, &Status, 4, NULL, &Request));
        EXPECT_EQ(GetLastError(), ERROR_INVALID_FUNCTION);
        EXPECT(!GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done, 0));
    }
    EXPECT(SetFileCompletionNotificationModes(Handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    EXPECT(DeviceIoControl(Handle, ECHO_BUFFERED, Data, 4, Data, 4, NULL, &Request));
    EXPECT(!GetQueuedCompletionStatus(Port, &Bytes, &Key, &Done, 0));
    /* A port and an APC exclude each other. */
    EXPECT(!ReadFileEx(Handle, Data, 4, &Request, Apc));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    CloseHandle(Port);
    CloseHandle(Handle);
}

static DWORD WINAPI
PendForever(void *Context)
{
    DWORD Bytes;

    EXPECT(!DeviceIoControl(Context, ECHO_PEND, NULL, 0, NULL, 0, &Bytes, NULL));
    return GetLastError();
}

/* A synchronous request that is pended: cancelled from another thread */
static void
Synchronous(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0);
    HANDLE Thread = CreateThread(NULL, 0, PendForever, Handle, 0, NULL);
    DWORD Code = 0, Bytes;
    char Data[4] = {5};

    Sleep(10);
    EXPECT_EQ(WaitForSingleObject(Thread, 0), WAIT_TIMEOUT);
    EXPECT(CancelSynchronousIo(Thread));
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeThread(Thread, &Code));
    EXPECT_EQ(Code, ERROR_OPERATION_ABORTED);
    CloseHandle(Thread);
    EXPECT(DeviceIoControl(Handle, ECHO_LATER, Data, 4, Data, 4, &Bytes, NULL)); /* waits */
    EXPECT(Bytes == 4 && Data[0] == 6);
    CloseHandle(Handle);
}

static void
Handles(void)
{
    HANDLE Handle = Open("\\\\.\\IoEchoB", GENERIC_READ, 0), Copy = NULL,
           Counter = Open("\\\\.\\IoEchoB", 0, 0);
    ULONG Before[4], After[4];
    DWORD Bytes;

    EXPECT(DeviceIoControl(Counter, ECHO_COUNTS, NULL, 0, Before, sizeof(Before), &Bytes, NULL));
    EXPECT(DuplicateHandle(GetCurrentProcess(), Handle, GetCurrentProcess(), &Copy, 0, FALSE,
                           DUPLICATE_SAME_ACCESS));
    CloseHandle(Handle);
    DeviceIoControl(Counter, ECHO_COUNTS, NULL, 0, After, sizeof(After), &Bytes, NULL);
    EXPECT_EQ(After[1], Before[1]); /* cleanup is for the last handle */
    CloseHandle(Copy);
    DeviceIoControl(Counter, ECHO_COUNTS, NULL, 0, After, sizeof(After), &Bytes, NULL);
    EXPECT_EQ(After[1], Before[1] + 1);
    EXPECT_EQ(After[2], Before[2] + 1);
    EXPECT(CreateFileA("\\\\.\\NoSuchDevice", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    CloseHandle(Counter);
}

static void
Files(void)
{
    WIN32_FIND_DATAA Found;
    HANDLE Handle, Find;
    char Magic[2] = {0};
    DWORD Bytes, Attributes;

    Handle = CreateFileA("C:\\Windows\\System32\\ntdll.dll", GENERIC_READ, FILE_SHARE_READ, NULL,
                         OPEN_EXISTING, 0, NULL);
    EXPECT(Handle != INVALID_HANDLE_VALUE);
    EXPECT(ReadFile(Handle, Magic, 2, &Bytes, NULL) && Bytes == 2 && Magic[0] == 'M' &&
           Magic[1] == 'Z');
    EXPECT(GetFileSize(Handle, NULL) > 1000);
    EXPECT_EQ(SetFilePointer(Handle, 0, NULL, FILE_END), GetFileSize(Handle, NULL));
    EXPECT(ReadFile(Handle, Magic, 2, &Bytes, NULL) && Bytes == 0); /* at the end */
    CloseHandle(Handle);
    Attributes = GetFileAttributesA("C:\\Windows\\System32\\ntdll.dll");
    EXPECT(Attributes != INVALID_FILE_ATTRIBUTES && !(Attributes & FILE_ATTRIBUTE_DIRECTORY));
    Attributes = GetFileAttributesA("C:\\Windows");
    EXPECT(Attributes != INVALID_FILE_ATTRIBUTES && (Attributes & FILE_ATTRIBUTE_DIRECTORY));
    EXPECT_EQ(GetFileAttributesA("C:\\nothing.txt"), INVALID_FILE_ATTRIBUTES);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(GetFileAttributesA("C:\\nothing\\at.all"), INVALID_FILE_ATTRIBUTES);
    EXPECT_EQ(GetLastError(), ERROR_PATH_NOT_FOUND);
    Handle = CreateFileA("C:\\new.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    EXPECT(Handle != INVALID_HANDLE_VALUE);
    CloseHandle(Handle);
    EXPECT(DeleteFileA("C:\\new.txt"));
    Find = FindFirstFileA("C:\\Windows\\System32\\ntdll.dll", &Found);
    EXPECT(Find != INVALID_HANDLE_VALUE);
    EXPECT(Find == INVALID_HANDLE_VALUE || Found.nFileSizeLow > 1000);
    FindClose(Find);
    Handle = CreateFileA("NUL", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(Handle != INVALID_HANDLE_VALUE);
    EXPECT(WriteFile(Handle, "x", 1, &Bytes, NULL) && Bytes == 1);
    EXPECT_EQ(GetFileType(Handle), FILE_TYPE_CHAR);
    CloseHandle(Handle);
}

int
main(int argc, char **argv)
{
    if (argc > 1) { /* a loop for benchmarks: how many, which method */
        HANDLE Handle = CreateFileA("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                    OPEN_EXISTING, 0, NULL);
        static const DWORD Codes[] = {ECHO_BUFFERED, ECHO_IN_DIRECT, ECHO_OUT_DIRECT, ECHO_NEITHER,
                                      ECHO_NOTHING};
        char In[64] = {0}, Out[64];
        DWORD Bytes, Code = Codes[argc > 2 ? argv[2][0] - '0' : 0];

        for (int i = 0, n = atoi(argv[1]); i < n; i++) {
            DeviceIoControl(Handle, Code, In, sizeof(In), Out, sizeof(Out), &Bytes, NULL);
        }
        return 0;
    }
    Methods();
    Transfers();
    Access();
    Hostile();
    Overlapped();
    Apcs();
    Ports();
    Synchronous();
    Handles();
    Files();
    return TEST_DONE();
}
