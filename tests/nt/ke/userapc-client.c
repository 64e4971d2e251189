/*
 * userapc-client.c - user APCs and special user APCs as user mode sees them, and those of a driver (userapc.c).
 * [LEARN:QueueUserAPC], [LEARN:QueueUserAPC2], [LEARN:SleepEx], [K:types-of-apcs], [K:waits-and-apcs], nt-semantics
 * 1.3, 1.4, 8.6.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include "ke/userapc.h"

typedef LONG NTSTATUS;
NTSTATUS NTAPI NtQueueApcThread(HANDLE, PVOID, PVOID, PVOID, PVOID);
NTSTATUS NTAPI NtQueueApcThreadEx(HANDLE, HANDLE, PVOID, PVOID, PVOID, PVOID);
NTSTATUS NTAPI NtQueueApcThreadEx2(HANDLE, HANDLE, ULONG, PVOID, PVOID, PVOID, PVOID);
NTSTATUS NTAPI NtTestAlert(void);
NTSTATUS NTAPI NtAlertThread(HANDLE);
NTSTATUS NTAPI NtAlertResumeThread(HANDLE, PULONG);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE, BOOLEAN, PLARGE_INTEGER);

#define SPECIAL ((HANDLE)1)
#define ALERTED 0x101

static volatile char Log[64];
static volatile LONG Length;
static HANDLE Device, Never;
static volatile LONG Go, Status;
static int Version, Build;

static void
Put(char Letter)
{
    Log[Length++] = Letter;
    Log[Length] = 0;
}

static void
Begin(void)
{
    Length = 0;
    Log[0] = 0;
    Go = 0;
}

static void NTAPI
Routine(PVOID Letter, PVOID Argument1, PVOID Argument2)
{
    Put((char)(ULONG_PTR)Letter);
}

static void CALLBACK
Win32Routine(ULONG_PTR Letter)
{
    Put((char)Letter);
}

static int
Is(const char *Expected)
{
    if (strcmp((char *)Log, Expected) != 0) {
        printf("got %s, expected %s\n", Log, Expected);
        return 0;
    }
    return 1;
}

static void
QueueSelf(char Letter)
{
    NtQueueApcThread(GetCurrentThread(), (PVOID)Routine, (PVOID)(ULONG_PTR)Letter, NULL, NULL);
}

static void
Regular(void)
{
    Begin();
    QueueSelf('a');
    QueueSelf('b');
    QueueSelf('c');
    Sleep(1); /* not alertable */
    EXPECT(Is(""));
    EXPECT_EQ(SleepEx(1000, TRUE), WAIT_IO_COMPLETION); /* all of them, in their order */
    EXPECT(Is("abc"));
    EXPECT_EQ(SleepEx(0, TRUE), 0);
    QueueSelf('d');
    EXPECT_EQ(WaitForSingleObjectEx(Never, 0, FALSE), WAIT_TIMEOUT);
    EXPECT(Is("abc"));
    EXPECT_EQ(WaitForSingleObjectEx(Never, INFINITE, TRUE), WAIT_IO_COMPLETION);
    EXPECT(Is("abcd"));
    QueueSelf('e');
    EXPECT_EQ(WaitForMultipleObjectsEx(1, &Never, FALSE, INFINITE, TRUE), WAIT_IO_COMPLETION);
    EXPECT(Is("abcde"));
    QueueSelf('f');
    EXPECT_EQ(NtTestAlert(), 0); /* a test for alerts delivers too */
    EXPECT(Is("abcdef"));
}

static void NTAPI
QueuesMore(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('<');
    QueueSelf('m');
    Sleep(1);
    Put('>');
}

static void NTAPI
WaitsAgain(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('<');
    SleepEx(1, TRUE); /* takes the next one inside this one */
    Put('>');
}

static void NTAPI
Sleeps(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('<');
    Sleep(1); /* not alertable */
    Put('>');
}

static void
Nested(void)
{
    Begin();
    NtQueueApcThread(GetCurrentThread(), (PVOID)Sleeps, NULL, NULL, NULL);
    QueueSelf('n');
    SleepEx(0, TRUE);
    EXPECT(Is("<>n")); /* one after the other */
    Begin();
    NtQueueApcThread(GetCurrentThread(), (PVOID)QueuesMore, NULL, NULL, NULL);
    SleepEx(0, TRUE);
    EXPECT(Is("<>m")); /* queued by a routine: delivered before the wait returns */
    Begin();
    NtQueueApcThread(GetCurrentThread(), (PVOID)WaitsAgain, NULL, NULL, NULL);
    QueueSelf('n');
    SleepEx(0, TRUE);
    EXPECT(Is("<n>"));
}

static void NTAPI
Arguments(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    EXPECT_EQ(Context, 77);
    EXPECT_EQ(Argument1, 78);
    EXPECT_EQ(Argument2, 79);
    Put('c');
}

static USER_SEEN
Look(void)
{
    USER_SEEN Seen = {0};
    DWORD Bytes;

    DeviceIoControl(Device, USER_LOOK, NULL, 0, &Seen, sizeof(Seen), &Bytes, NULL);
    return Seen;
}

static volatile LONG Flag, FlagInRoutine;

static void NTAPI
Interrupted(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    FlagInRoutine = Flag; /* before any system call */
    Put('g');
}

static void
FromDriver(ULONG What, char Letter, PVOID Function)
{
    USER_REQUEST Request = {Function, (PVOID)(ULONG_PTR)Letter, What};

    if (What == UserInterrupted) {
        Request.Context = (PVOID)&Flag;
    }
    DWORD Bytes;

    DeviceIoControl(Device, USER_QUEUE, &Request, sizeof(Request), NULL, 0, &Bytes, NULL);
}

static void
Reset(void)
{
    DWORD Bytes;

    DeviceIoControl(Device, USER_RESET, NULL, 0, NULL, 0, &Bytes, NULL);
    Begin();
}

static void
Driver(void)
{
    Reset();
    FromDriver(UserPlain, 'a', (PVOID)Routine);
    EXPECT_EQ(Look().Kernel, 0); /* neither routine before the alertable wait */
    EXPECT_EQ(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EXPECT(Is("a"));
    EXPECT_EQ(Look().Kernel, 1);
    EXPECT_EQ(Look().KernelIrql, 1); /* APC_LEVEL */
    Reset();
    FromDriver(UserChange, 'b', (PVOID)Arguments);
    SleepEx(0, TRUE);
    EXPECT(Is("c"));
    Reset();
    FromDriver(UserCancel, 'd', (PVOID)Routine);
    FromDriver(UserPlain, 'e', (PVOID)Routine);
    EXPECT_EQ(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EXPECT(Is("e")); /* the cancelled one leads on to the next */
    EXPECT_EQ(Look().Kernel, 2);
    Reset();
    FromDriver(UserCancel, 'd', (PVOID)Routine);
    EXPECT_EQ(SleepEx(0, TRUE), WAIT_IO_COMPLETION); /* the wait was interrupted all the same */
    EXPECT(Is(""));
    FromDriver(UserPlain, 'f', (PVOID)Routine);
    Sleep(1);
    EXPECT(Is("")); /* nothing is left pending */
    SleepEx(0, TRUE);
    EXPECT(Is("f"));
    Reset();
    FromDriver(UserInterrupted, 0, (PVOID)Interrupted);
    SleepEx(0, TRUE);
    EXPECT(Is("g"));
    EXPECT_EQ(Look().Pending, 1); /* a kernel routine is not interrupted */
    EXPECT_EQ(FlagInRoutine, 1);  /* but all kernel APCs come before user mode */
    Reset();
    FromDriver(UserRemove, 'h', (PVOID)Routine);
    EXPECT_EQ(SleepEx(0, TRUE), 0); /* removed: nothing is pending */
    EXPECT(Is(""));
    EXPECT_EQ(Look().Kernel + Look().Rundown, 0);
}

static void
Waits(void)
{
    USER_REQUEST Request = {(PVOID)Routine};
    USER_SEEN Seen;
    DWORD Bytes;

    Reset();
    DeviceIoControl(Device, USER_AGAIN, &Request, sizeof(Request), NULL, 0, &Bytes, NULL);
    Seen = Look();
    EXPECT_EQ(Seen.Kernelmode, 0x102); /* a user APC does not end a KernelMode wait */
    EXPECT_EQ(Seen.First, 0xC0);       /* STATUS_USER_APC */
    EXPECT_EQ(Seen.Second, 0x102);     /* STATUS_TIMEOUT: nothing is pending any more */
    EXPECT(Is(""));
    DeviceIoControl(Device, USER_ATTACH, &Request, sizeof(Request), NULL, 0, &Bytes, NULL);
    Seen = Look();
    EXPECT(strcmp(Seen.Order, "1s2") == 0);
}

static DWORD WINAPI
LeavesSome(void *Parameter)
{
    FromDriver(UserPlain, 'a', (PVOID)Routine);
    FromDriver(UserPlain, 'b', (PVOID)Routine);
    return 0;
}

static void
Rundown(void)
{
    HANDLE Thread;

    Reset();
    Thread = CreateThread(NULL, 0, LeavesSome, NULL, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(Is(""));
    EXPECT_EQ(Look().Kernel, 0);
    EXPECT_EQ(Look().Rundown, 2); /* the rundown routine of each, when the thread ends */
    EXPECT_EQ(Look().Refused, 2); /* which takes no APC any more */
    EXPECT(!QueueUserAPC(Win32Routine, Thread, 'x'));
    CloseHandle(Thread);
}

static DWORD WINAPI
Alertee(void *Alertable)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    Status = NtDelayExecution(Alertable != NULL, &Second);
    Go = 1;
    return 0;
}

static void
Alerts(void)
{
    LARGE_INTEGER Zero = {0};
    ULONG Count = 9;
    HANDLE Thread;

    EXPECT_EQ(NtTestAlert(), 0);
    EXPECT_EQ(NtAlertThread(GetCurrentThread()), 0);
    EXPECT_EQ(NtWaitForSingleObject(Never, FALSE, &Zero), WAIT_TIMEOUT); /* stays */
    EXPECT_EQ(NtWaitForSingleObject(Never, TRUE, NULL), ALERTED);        /* ends the wait at once */
    EXPECT_EQ(NtWaitForSingleObject(Never, TRUE, &Zero), WAIT_TIMEOUT);  /* and is used up */
    NtAlertThread(GetCurrentThread());
    NtAlertThread(GetCurrentThread());
    EXPECT_EQ(NtTestAlert(), ALERTED);
    EXPECT_EQ(NtTestAlert(), 0); /* alerts are not counted */
    Begin();
    NtAlertThread(GetCurrentThread());
    QueueSelf('a');
    EXPECT_EQ(NtTestAlert(), ALERTED); /* the alert comes first */
    EXPECT(Is(""));
    EXPECT_EQ(NtTestAlert(), 0);
    EXPECT(Is("a"));
    Thread = CreateThread(NULL, 0, Alertee, (void *)1, 0, NULL);
    Sleep(5);
    NtAlertThread(Thread);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(Status, ALERTED);
    CloseHandle(Thread);
    Thread = CreateThread(NULL, 0, Alertee, NULL, 0, NULL);
    Sleep(5);
    NtAlertThread(Thread); /* not alertable */
    Sleep(5);
    EXPECT_EQ(WaitForSingleObject(Thread, 0), WAIT_TIMEOUT);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(Status, 0);
    CloseHandle(Thread);
    Thread = CreateThread(NULL, 0, Alertee, (void *)1, CREATE_SUSPENDED, NULL);
    EXPECT_EQ(NtAlertResumeThread(Thread, &Count), 0); /* resumes it, alerted */
    EXPECT_EQ(Count, 1);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(Status, ALERTED);
    CloseHandle(Thread);
}

static DWORD WINAPI
Spins(void *Parameter)
{
    while (!Go) {
        YieldProcessor();
    }
    return 0;
}

static void
Special(void)
{
    HANDLE Thread;

    Begin();
    QueueSelf('r');
    EXPECT_EQ(
        NtQueueApcThreadEx(GetCurrentThread(), SPECIAL, (PVOID)Routine, (PVOID)'s', NULL, NULL), 0);
    EXPECT(Is("s")); /* at the end of that system call; the regular one goes on waiting */
    Sleep(1);
    EXPECT(Is("s"));
    EXPECT_EQ(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EXPECT(Is("sr"));
    Begin();
    Thread = CreateThread(NULL, 0, Spins, NULL, 0, NULL);
    Sleep(2);
    SuspendThread(Thread);
    Sleep(2);
    NtQueueApcThread(Thread, (PVOID)Routine, (PVOID)'r', NULL, NULL);
    NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'1', NULL, NULL);
    NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'2', NULL, NULL);
    NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'3', NULL, NULL);
    EXPECT(Is(""));
    ResumeThread(Thread);
    Sleep(5);
    EXPECT(Is("123")); /* in their order, and nothing else */
    Go = 1;
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(Is("123")); /* the thread ended without an alertable wait */
    CloseHandle(Thread);
    /* in an alertable wait they go first, and the others follow */
    Begin();
    Thread = CreateThread(NULL, 0, Spins, NULL, CREATE_SUSPENDED, NULL);
    NtQueueApcThread(Thread, (PVOID)Routine, (PVOID)'r', NULL, NULL);
    NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'s', NULL, NULL);
    Go = 1;
    ResumeThread(Thread);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(Is("sr"));
    CloseHandle(Thread);
    EXPECT_EQ(NtQueueApcThreadEx(GetCurrentThread(), Never, (PVOID)Routine, NULL, NULL, NULL),
              (NTSTATUS)0xC0000024); /* an event is no reserve object */
    Begin();
    EXPECT_EQ(NtQueueApcThreadEx(GetCurrentThread(), NULL, (PVOID)Routine, (PVOID)'n', NULL, NULL),
              0); /* none: a regular one */
    EXPECT(Is(""));
    SleepEx(0, TRUE);
    EXPECT(Is("n"));
}

static DWORD WINAPI
SleepsLong(void *Parameter)
{
    ULONGLONG Before = GetTickCount64();

    Sleep(200);
    Status = (LONG)(GetTickCount64() - Before);
    return 0;
}

static DWORD WINAPI
Calls(void *Parameter)
{
    while (!Go) {
        Status += WaitForSingleObject(Never, 0) != WAIT_TIMEOUT;
    }
    return 0;
}

/* Whatever the thread is about to do: between two system calls, at the beginning of one, inside one. */
static void
SpecialAnywhere(void)
{
    HANDLE Thread;
    int Count = 0;

    Begin();
    Status = 0;
    Thread = CreateThread(NULL, 0, Calls, NULL, 0, NULL);
    Sleep(2);
    for (int Index = 0; Index < 400; Index++) {
        Length = 0;
        NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'s', NULL, NULL);
        for (int Times = 0; Times < 500 && Length == 0; Times++) {
            NtTestAlert();
        }
        Count += Length;
        for (int Times = 0; Times < Index % 13; Times++) {
            NtTestAlert();
        }
    }
    Go = 1;
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(Count, 400);
    EXPECT_EQ(Status, 0); /* no system call came back with anything but its own result */
    CloseHandle(Thread);
}

/* A wait that is not alertable goes on to its end. */
static void
SpecialDoesNotInterrupt(void)
{
    HANDLE Thread;

    Begin();
    Thread = CreateThread(NULL, 0, SleepsLong, NULL, 0, NULL);
    Sleep(20);
    NtQueueApcThreadEx(Thread, SPECIAL, (PVOID)Routine, (PVOID)'s', NULL, NULL);
    Sleep(20);
    EXPECT(Is(""));
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(Is("s"));
    EXPECT(Status >= 190);
    CloseHandle(Thread);
}

#define CALLBACK_DATA_CONTEXT 0x10000
typedef struct _CALLBACK_DATA {
    ULONG_PTR Parameter;
    PCONTEXT ContextRecord;
    ULONG_PTR Reserved0, Reserved1;
} CALLBACK_DATA;

static CALLBACK_DATA Got;
static ULONG_PTR GotRip;

static void CALLBACK
WithContext(ULONG_PTR Parameter)
{
    Got = *(CALLBACK_DATA *)Parameter;
    GotRip = Got.ContextRecord->Rip;
    Put('w');
}

static void
Queue2(void)
{
    BOOL(WINAPI * Queue)(PAPCFUNC, HANDLE, ULONG_PTR, int) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32"), "QueueUserAPC2");

    if (Build < 22000) {
        EXPECT_EQ(
            NtQueueApcThreadEx2(GetCurrentThread(), NULL, 1, (PVOID)Routine, NULL, NULL, NULL),
            (NTSTATUS)0xC000001C); /* no such service yet */
        return;
    }
    Begin();
    EXPECT(Queue(Win32Routine, GetCurrentThread(), 'a', 0));
    EXPECT(Is("")); /* as QueueUserAPC */
    SleepEx(0, TRUE);
    EXPECT(Is("a"));
    EXPECT(Queue(Win32Routine, GetCurrentThread(), 'b', 1));
    EXPECT(Is("ab")); /* a special one */
    EXPECT(Queue(WithContext, GetCurrentThread(), 'c', CALLBACK_DATA_CONTEXT | 1));
    EXPECT(Is("abw"));
    EXPECT_EQ(Got.Parameter, 'c');
    EXPECT(GotRip != 0); /* where it was interrupted */
    EXPECT(!Queue(Win32Routine, GetCurrentThread(), 'd', 2) &&
           GetLastError() == ERROR_INVALID_PARAMETER);
}

int
main(int argc, char **argv)
{
    Device = CreateFileA("\\\\.\\KeUserApc", GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    Never = CreateEventA(NULL, TRUE, FALSE, NULL);
    Build = *(volatile DWORD *)0x7FFE0260;
    Version = *(volatile DWORD *)0x7FFE026C * 10 + *(volatile DWORD *)0x7FFE0270;
    Regular();
    Nested();
    Driver();
    Waits();
    Rundown();
    Alerts();
    if (Version >= 100 && Build >= 17763) {
        Special();
        SpecialDoesNotInterrupt();
        SpecialAnywhere();
        Queue2();
    }
    return TEST_DONE();
}
