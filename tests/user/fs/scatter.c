/*
 * scatter.c - pages that lie anywhere, read and written by one request. [Win32: ReadFileScatter, WriteFileGather]
 */
#include "win.h"

#define PAGE 4096

static UCHAR *Pages;
static OVERLAPPED Overlapped;
static FILE_SEGMENT_ELEMENT List[4];

static HANDLE
OpenFile2(DWORD Flags)
{
    return CreateFileA("C:\\fs-test\\scatter", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
                       OPEN_ALWAYS, Flags, NULL);
}

/* The list: pages by number, the last of all first. */
static void
Order(int First, int Second)
{
    memset(List, 0, sizeof(List));
    List[0].Buffer = PtrToPtr64(Pages + First * PAGE);
    List[1].Buffer = PtrToPtr64(Pages + Second * PAGE);
}

static void
At(DWORD Offset)
{
    HANDLE Event = Overlapped.hEvent;

    memset(&Overlapped, 0, sizeof(Overlapped));
    Overlapped.hEvent = Event;
    Overlapped.Offset = Offset;
    ResetEvent(Event);
}

static BOOL
Done(HANDLE File, BOOL Good, DWORD Expected)
{
    DWORD Bytes = 0x77;

    if (!Good && GetLastError() != ERROR_IO_PENDING) {
        printf("ntlab-test: note error %lu\n", GetLastError());
        return FALSE;
    }
    return WaitForSingleObject(Overlapped.hEvent, 1000) == WAIT_OBJECT_0 &&
           GetOverlappedResult(File, &Overlapped, &Bytes, FALSE) && Bytes == Expected;
}

static BOOL
Is(int Number, int From, int To, UCHAR Value)
{
    for (int i = From; i < To; i++) {
        if (Pages[Number * PAGE + i] != Value) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
Transfers(void)
{
    HANDLE File = OpenFile2(FILE_FLAG_NO_BUFFERING | FILE_FLAG_OVERLAPPED), Plain;
    DWORD Bytes;
    UCHAR Text[8];

    memset(Pages + 1 * PAGE, 0x11, PAGE);
    memset(Pages + 3 * PAGE, 0x33, PAGE);
    // gathered: "retrieves data from an array of buffers and writes the data to a file", in the array's order
    Order(3, 1);
    At(0);
    EXPECT(Done(File, WriteFileGather(File, List, 2 * PAGE, NULL, &Overlapped), 2 * PAGE));
    Plain = CreateFileA("C:\\fs-test\\scatter", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT_EQ(GetFileSize(Plain, NULL), 2 * PAGE);
    EXPECT(ReadFile(Plain, Text, 1, &Bytes, NULL) && Text[0] == 0x33);
    SetFilePointer(Plain, PAGE, NULL, FILE_BEGIN);
    EXPECT(ReadFile(Plain, Text, 1, &Bytes, NULL) && Text[0] == 0x11);
    CloseHandle(Plain);
    // scattered
    memset(Pages, 0, 4 * PAGE);
    Order(2, 0);
    At(0);
    EXPECT(Done(File, ReadFileScatter(File, List, 2 * PAGE, NULL, &Overlapped), 2 * PAGE));
    EXPECT(Is(2, 0, PAGE, 0x33) && Is(0, 0, PAGE, 0x11) && Is(1, 0, PAGE, 0) && Is(3, 0, PAGE, 0));
    // from the second page on: one is read, and then the file ends
    memset(Pages, 0, 4 * PAGE);
    At(PAGE);
    EXPECT(Done(File, ReadFileScatter(File, List, 2 * PAGE, NULL, &Overlapped), PAGE));
    EXPECT(Is(2, 0, PAGE, 0x11) && Is(0, 0, PAGE, 0));
    // less than a page: whole sectors
    memset(Pages, 0, 4 * PAGE);
    At(0);
    EXPECT(Done(File, ReadFileScatter(File, List, 512, NULL, &Overlapped), 512));
    EXPECT(Is(2, 0, 512, 0x33) && Is(2, 512, PAGE, 0));
    At(0);
    EXPECT(Refused(ReadFileScatter(File, List, 100, NULL, &Overlapped), ERROR_INVALID_PARAMETER));
    // behind the end
    At(4 * PAGE);
    EXPECT((!ReadFileScatter(File, List, PAGE, NULL, &Overlapped) &&
            GetLastError() == ERROR_HANDLE_EOF) ||
           (WaitForSingleObject(Overlapped.hEvent, 1000) == WAIT_OBJECT_0 &&
            !GetOverlappedResult(File, &Overlapped, &Bytes, FALSE) &&
            GetLastError() == ERROR_HANDLE_EOF));
    CloseHandle(File);
}

static void
Ports(void)
{
    HANDLE File = OpenFile2(FILE_FLAG_NO_BUFFERING | FILE_FLAG_OVERLAPPED),
           Port = CreateIoCompletionPort(File, NULL, 42, 0);
    LPOVERLAPPED Got;
    ULONG_PTR Key;
    DWORD Bytes;

    Order(2, 0);
    At(0);
    if (!ReadFileScatter(File, List, 2 * PAGE, NULL, &Overlapped)) {
        EXPECT_EQ(GetLastError(), ERROR_IO_PENDING);
    }
    EXPECT(GetQueuedCompletionStatus(Port, &Bytes, &Key, &Got, 1000));
    EXPECT(Got == &Overlapped && Key == 42 && Bytes == 2 * PAGE);
    CloseHandle(File);
    CloseHandle(Port);
}

static void
Wrong(void)
{
    HANDLE File;

    // "must be created with FILE_FLAG_OVERLAPPED and FILE_FLAG_NO_BUFFERING"
    Order(2, 0);
    At(0);
    File = OpenFile2(FILE_FLAG_NO_BUFFERING);
    EXPECT(Refused(ReadFileScatter(File, List, PAGE, NULL, &Overlapped), ERROR_INVALID_PARAMETER));
    CloseHandle(File);
    File = OpenFile2(FILE_FLAG_OVERLAPPED);
    EXPECT(Refused(WriteFileGather(File, List, PAGE, NULL, &Overlapped), ERROR_INVALID_PARAMETER));
    CloseHandle(File);
    // pages are aligned, and there
    File = OpenFile2(FILE_FLAG_NO_BUFFERING | FILE_FLAG_OVERLAPPED);
    List[1].Buffer = PtrToPtr64(Pages + 512);
    EXPECT(
        Refused(ReadFileScatter(File, List, 2 * PAGE, NULL, &Overlapped), ERROR_INVALID_PARAMETER));
    List[1].Buffer = PtrToPtr64((PVOID)0x7FFFFFFFF000);
    EXPECT(Refused(ReadFileScatter(File, List, 2 * PAGE, NULL, &Overlapped), ERROR_NOACCESS));
    EXPECT(Refused(WriteFileGather(File, List, 2 * PAGE, NULL, &Overlapped), ERROR_NOACCESS));
    EXPECT(Refused(ReadFileScatter(File, NULL, PAGE, NULL, &Overlapped), ERROR_NOACCESS));
    CloseHandle(File);
}

int
main(void)
{
    BeginFs();
    Pages = VirtualAlloc(NULL, 4 * PAGE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    Transfers();
    Ports();
    Wrong();
    return TEST_DONE();
}
