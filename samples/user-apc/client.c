/*
 * client.c - user APCs: when they are delivered, in which order, and which need no permission.
 *
 *     QueueUserAPC        waits until its thread waits alertably; one such wait runs all that are queued
 *     ReadFileEx          completes by a user APC to the thread that has asked
 *     special user APC    (QueueUserAPC2, Windows 11; NtQueueApcThreadEx before) interrupts user code where it is
 *
 * Each line is a claim; the exit code is the number of those that do not hold.
 */
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <string.h>

typedef NTSTATUS(NTAPI *QUEUE_APC_EX)(HANDLE, HANDLE, PVOID, PVOID, PVOID, PVOID);

static char Order[64];
static volatile LONG Special, Spinning, Done;
static DWORD MainThread;
static int Wrong;

static void
Claim(BOOL Holds, const char *What)
{
    printf("  %s%s\n", What, Holds ? "" : ": NO");
    Wrong += !Holds;
}

static VOID CALLBACK
Append(ULONG_PTR Letter)
{
    size_t Length = strlen(Order);

    if (Length + 1 < sizeof(Order) && GetCurrentThreadId() == MainThread) {
        Order[Length] = (char)Letter;
        Order[Length + 1] = 0;
    }
}

static VOID CALLBACK
QueueAnother(ULONG_PTR Letter)
{
    Append(Letter);
    QueueUserAPC(Append, GetCurrentThread(), 'z');
}

static VOID CALLBACK
ReadDone(DWORD Error, DWORD Bytes, OVERLAPPED *Overlapped)
{
    Append(Error == 0 && Bytes == 5 ? 'R' : '?');
}

static void
Queued(void)
{
    printf("QueueUserAPC\n");
    QueueUserAPC(Append, GetCurrentThread(), 'a');
    QueueUserAPC(QueueAnother, GetCurrentThread(), 'b');
    Sleep(1);
    Claim(Order[0] == 0, "a wait that is not alertable delivers none");
    Claim(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION,
          "an alertable wait ends with WAIT_IO_COMPLETION");
    Claim(strcmp(Order, "abz") == 0,
          "and has run all that were queued, in their order, and one that was queued meanwhile");
    Claim(SleepEx(0, TRUE) == 0, "then there is none left");
    Order[0] = 0;
    QueueUserAPC(Append, GetCurrentThread(), 'c');
    Claim(WaitForSingleObjectEx(GetCurrentProcess(), 0, TRUE) == WAIT_IO_COMPLETION &&
              strcmp(Order, "c") == 0,
          "a wait whose time-out is 0 delivers too, if it is alertable");
}

static void
Completion(void)
{
    char Path[] = "C:\\user-apc.txt", Text[8] = {0};
    OVERLAPPED Overlapped = {0};
    DWORD Written;
    HANDLE File = CreateFileA(Path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    OVERLAPPED Write = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};

    printf("ReadFileEx\n");
    Order[0] = 0;
    WriteFile(File, "hello", 5, &Written, &Write);
    GetOverlappedResult(File, &Write, &Written, TRUE);
    Claim(ReadFileEx(File, Text, 5, &Overlapped, ReadDone), "the request is accepted");
    Sleep(1);
    Claim(Order[0] == 0, "its routine does not run in a wait that is not alertable");
    Claim(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION && strcmp(Order, "R") == 0 &&
              memcmp(Text, "hello", 5) == 0,
          "it does in one that is, with the data there");
    CloseHandle(File);
}

static VOID CALLBACK
Interrupt(ULONG_PTR Argument)
{
    Special = (LONG)Argument;
}

static DWORD WINAPI
Spin(PVOID Argument)
{
    Spinning = 1;
    while (Special == 0 && !Done) {
        YieldProcessor(); /* user code that waits for nothing */
    }
    return Special;
}

static void
Specials(void)
{
    QUEUE_APC_EX Queue =
        (QUEUE_APC_EX)(void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtQueueApcThreadEx");
    HANDLE Thread;
    DWORD Code = 0;

    printf("special user APC\n");
    if (*(ULONG *)0x7FFE026C < 10 || Queue == NULL) {
        printf("  (from Windows 10 1809 on)\n");
        return;
    }
    Thread = CreateThread(NULL, 0, Spin, NULL, 0, NULL);
    while (!Spinning) {
        Sleep(1);
    }
    QueueUserAPC(Interrupt, Thread, 1);
    Claim(WaitForSingleObject(Thread, 100) == WAIT_TIMEOUT,
          "a normal one does not reach a thread that never waits");
    /* The second argument is 1 (QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC) where a reserve object could be. */
    Claim(Queue(Thread, (HANDLE)1, Interrupt, (PVOID)7, NULL, NULL) == 0,
          "a special one is accepted");
    Claim(WaitForSingleObject(Thread, 1000) == WAIT_OBJECT_0,
          "and interrupts the loop, which waits for nothing");
    Done = 1;
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    Claim(Code == 7, "it was the special one, ahead of the normal one");
    CloseHandle(Thread);
}

int
main(void)
{
    MainThread = GetCurrentThreadId();
    Queued();
    Completion();
    Specials();
    return Wrong;
}
