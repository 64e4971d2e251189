/*
 * pool.c - the thread pool, timer queues, registered waits, completion ports; jobs and snapshots.
 */
#include "../../nt/ntlab-client.h"
#include <tlhelp32.h>

static volatile LONG Ran, Timers, Waits, TimedOuts;
static HANDLE Done;

static VOID CALLBACK
Work(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_WORK Item)
{
    InterlockedAdd(&Ran, (LONG)(INT_PTR)Context);
}

static DWORD WINAPI
OldWork(LPVOID Context)
{
    if (InterlockedIncrement(&Ran) == 10) {
        SetEvent(Context);
    }
    return 0;
}

static VOID CALLBACK
Simple(PTP_CALLBACK_INSTANCE Instance, PVOID Context)
{
    SetEventWhenCallbackReturns(Instance, Context);
}

static VOID CALLBACK
OldTimer(PVOID Context, BOOLEAN TimedOut)
{
    if (TimedOut && InterlockedIncrement(&Timers) == 3) {
        SetEvent(Context);
    }
}

static VOID CALLBACK
Timer(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_TIMER Item)
{
    InterlockedIncrement(&Timers);
}

static VOID CALLBACK
Registered(PVOID Context, BOOLEAN TimedOut)
{
    InterlockedIncrement(TimedOut ? &TimedOuts : &Waits);
    SetEvent(Done);
}

static void
Items(void)
{
    PTP_WORK Item = CreateThreadpoolWork(Work, (PVOID)2, NULL);

    EXPECT(Item != NULL);
    for (int Index = 0; Index < 5; Index++) {
        SubmitThreadpoolWork(Item);
    }
    WaitForThreadpoolWorkCallbacks(Item, FALSE);
    EXPECT_EQ(Ran, 10);
    CloseThreadpoolWork(Item);
    Ran = 0;
    for (int Index = 0; Index < 10; Index++) {
        EXPECT(QueueUserWorkItem(OldWork, Done, WT_EXECUTEDEFAULT));
    }
    EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
    ResetEvent(Done);
    EXPECT(TrySubmitThreadpoolCallback(Simple, Done, NULL));
    EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
    ResetEvent(Done);
}

static void
TimersAndWaits(void)
{
    HANDLE Queue = CreateTimerQueue(), Old = NULL, Event = CreateEventA(NULL, FALSE, FALSE, NULL),
           Wait = NULL;
    PTP_TIMER New = CreateThreadpoolTimer(Timer, NULL, NULL);
    LARGE_INTEGER Due = {.QuadPart = -100000};

    EXPECT(CreateTimerQueueTimer(&Old, Queue, OldTimer, Done, 10, 10, WT_EXECUTEDEFAULT));
    EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
    EXPECT(DeleteTimerQueueTimer(Queue, Old, INVALID_HANDLE_VALUE));
    EXPECT(DeleteTimerQueueEx(Queue, INVALID_HANDLE_VALUE));
    ResetEvent(Done);
    Timers = 0;
    SetThreadpoolTimer(New, (PFILETIME)&Due, 0, 0);
    EXPECT_EQ(IsThreadpoolTimerSet(New), TRUE);
    {
        BOOL(WINAPI * SetEx)(PTP_TIMER, PFILETIME, DWORD, DWORD) =
            (PVOID)GetProcAddress(GetModuleHandleA("kernel32"), "SetThreadpoolTimerEx");

        /* [Win32:SetThreadpoolTimerEx] was it set, and does that not come any more? */
        EXPECT_EQ(SetEx(New, (PFILETIME)&Due, 0, 0), TRUE);
        EXPECT_EQ(SetEx(New, NULL, 0, 0), TRUE);
        EXPECT_EQ(SetEx(New, (PFILETIME)&Due, 0, 0), FALSE);
    }
    Sleep(50);
    WaitForThreadpoolTimerCallbacks(New, FALSE);
    EXPECT_EQ(Timers, 1);
    CloseThreadpoolTimer(New);
    EXPECT(
        RegisterWaitForSingleObject(&Wait, Event, Registered, NULL, INFINITE, WT_EXECUTEDEFAULT));
    for (int Index = 1; Index <= 2; Index++) {
        SetEvent(Event);
        EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
        ResetEvent(Done);
        EXPECT_EQ(Waits, Index);
    }
    EXPECT(UnregisterWaitEx(Wait, INVALID_HANDLE_VALUE));
    EXPECT(RegisterWaitForSingleObject(&Wait, Event, Registered, NULL, 10, WT_EXECUTEONLYONCE));
    EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
    EXPECT_EQ(TimedOuts, 1);
    EXPECT(UnregisterWaitEx(Wait, INVALID_HANDLE_VALUE));
}

static volatile LONG Inside, Most, Told, Finalized;
static HANDLE Gate;

static VOID CALLBACK
Crowd(PTP_CALLBACK_INSTANCE Instance, PVOID Context)
{
    LONG Now = InterlockedIncrement(&Inside);

    Most = Now > Most ? Now : Most;
    if (Now == 1 && Context != NULL) {
        EXPECT(!CallbackMayRunLong(Instance)); /* the pool's only thread */
    }
    Sleep(20);
    InterlockedDecrement(&Inside);
    InterlockedIncrement(&Ran);
}

static VOID CALLBACK
Blocked(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_WORK Work)
{
    if (Context != NULL) {
        DisassociateCurrentThreadFromCallback(Instance);
    }
    WaitForSingleObject(Gate, INFINITE);
    InterlockedIncrement(&Ran);
}

static VOID CALLBACK
Tell(PVOID Context, PVOID Parameter)
{
    InterlockedIncrement(&Told);
}

static VOID CALLBACK
Finalize(PTP_CALLBACK_INSTANCE Instance, PVOID Context)
{
    InterlockedIncrement(&Finalized);
}

/* [K: "SetThreadpoolThreadMaximum", "CallbackMayRunLong", "DisassociateCurrentThreadFromCallback",
 *  "SetThreadpoolCallbackCleanupGroup", "CloseThreadpool"] */
static void
OwnPools(void)
{
    PTP_POOL Pool = CreateThreadpool(NULL);
    PTP_CLEANUP_GROUP Group = CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON Environment;
    PTP_WORK Work;

    InitializeThreadpoolEnvironment(&Environment);
    SetThreadpoolCallbackPool(&Environment, Pool);
    SetThreadpoolCallbackCleanupGroup(&Environment, Group, Tell);
    SetThreadpoolThreadMaximum(Pool, 1);
    Environment.FinalizationCallback = Finalize;
    Ran = 0;
    for (int Index = 0; Index < 5; Index++) {
        EXPECT(TrySubmitThreadpoolCallback(Crowd, &Pool, &Environment));
    }
    CloseThreadpoolCleanupGroupMembers(Group, FALSE, NULL);
    EXPECT(Ran == 5 && Most == 1 && Told == 0 && Finalized == 5);
    EXPECT(SetThreadpoolThreadMinimum(Pool, 4)); /* and no callback waits for another's thread */
    for (int Index = 0; Index < 4; Index++) {
        TrySubmitThreadpoolCallback(Crowd, NULL, &Environment);
    }
    CloseThreadpoolCleanupGroupMembers(Group, FALSE, NULL);
    EXPECT(Ran == 9 && Most == 4);
    /* Who waits for the object does not wait for a callback that is no longer associated with it. */
    Gate = CreateEventA(NULL, TRUE, FALSE, NULL);
    Work = CreateThreadpoolWork(Blocked, Gate, &Environment);
    SubmitThreadpoolWork(Work);
    WaitForThreadpoolWorkCallbacks(Work, FALSE);
    EXPECT_EQ(Ran, 9);
    SetEvent(Gate);
    /* A cancelled group tells of every object that was not released, called back or not. */
    EXPECT(CreateThreadpoolWork(Blocked, NULL, &Environment) != NULL);
    EXPECT(CreateThreadpoolTimer(Timer, NULL, &Environment) != NULL);
    CloseThreadpoolCleanupGroupMembers(Group, TRUE, NULL);
    EXPECT(Told == 3 && Ran == 10);
    CloseThreadpoolCleanupGroup(Group);
    SetThreadpoolCallbackCleanupGroup(&Environment, NULL, NULL);
    Work = CreateThreadpoolWork(Blocked, NULL, &Environment);
    CloseThreadpool(Pool); /* "closed asynchronously after the outstanding objects are freed" */
    SubmitThreadpoolWork(Work);
    WaitForThreadpoolWorkCallbacks(Work, FALSE);
    EXPECT_EQ(Ran, 11);
    CloseThreadpoolWork(Work);
}

static VOID CALLBACK
OneOfMany(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_WAIT Wait, TP_WAIT_RESULT Result)
{
    if (InterlockedIncrement(&Ran) == 100) {
        SetEvent(Done);
    }
}

/* More objects than one thread can wait for. */
static void
ManyWaits(void)
{
    HANDLE Event[100];
    PTP_WAIT Wait[100];

    Ran = 0;
    ResetEvent(Done);
    for (int Index = 0; Index < 100; Index++) {
        Event[Index] = CreateEventA(NULL, FALSE, FALSE, NULL);
        Wait[Index] = CreateThreadpoolWait(OneOfMany, NULL, NULL);
        SetThreadpoolWait(Wait[Index], Event[Index], NULL);
    }
    for (int Index = 99; Index >= 0; Index--) {
        SetEvent(Event[Index]);
    }
    EXPECT_EQ(WaitForSingleObject(Done, 60000), WAIT_OBJECT_0);
    for (int Index = 0; Index < 100; Index++) {
        CloseThreadpoolWait(Wait[Index]);
        CloseHandle(Event[Index]);
    }
}

static DWORD IoThread;

static DWORD WINAPI
InIoThread(PVOID Context)
{
    IoThread = GetCurrentThreadId();
    SetEvent(Context);
    return 0;
}

static VOID CALLBACK
Apc(ULONG_PTR Context)
{
    SetEvent((HANDLE)Context);
}

/* WT_EXECUTEINIOTHREAD: "a thread that waits in an alertable state" gets APCs between callbacks. */
static void
AlertableThread(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL), Thread;

    EXPECT(QueueUserWorkItem(InIoThread, Event, WT_EXECUTEINIOTHREAD));
    EXPECT_EQ(WaitForSingleObject(Event, 60000), WAIT_OBJECT_0);
    Thread = OpenThread(THREAD_SET_CONTEXT, FALSE, IoThread);
    EXPECT(Thread != NULL && QueueUserAPC(Apc, Thread, (ULONG_PTR)Event));
    EXPECT_EQ(WaitForSingleObject(Event, 60000), WAIT_OBJECT_0);
    CloseHandle(Thread);
    CloseHandle(Event);
}

static VOID CALLBACK
Transferred(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PVOID Overlapped, ULONG Error,
            ULONG_PTR Bytes, PTP_IO Io)
{
    EXPECT(Context == &Ran && Error == NO_ERROR && Bytes == 1);
    InterlockedIncrement(&Ran);
}

/* [K: "StartThreadpoolIo", "WaitForThreadpoolIoCallbacks"] */
static void
PoolIo(void)
{
    HANDLE Server =
        CreateNamedPipeA("\\\\.\\pipe\\ntlab-pool", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0, 1,
                         64, 64, 0, NULL);
    HANDLE Client = CreateFileA("\\\\.\\pipe\\ntlab-pool", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    PTP_IO Io = CreateThreadpoolIo(Server, Transferred, (PVOID)&Ran, NULL);
    OVERLAPPED First = {0}, Second = {0};
    DWORD Count;
    char Byte;

    Ran = 0;
    StartThreadpoolIo(Io);
    EXPECT(!ReadFile(Server, &Byte, 1, NULL, &First) && GetLastError() == ERROR_IO_PENDING);
    EXPECT(WriteFile(Client, "a", 1, &Count, NULL));
    WaitForThreadpoolIoCallbacks(Io, FALSE);
    EXPECT_EQ(Ran, 1);
    /* Cancelled before it has completed, the callback does not come, and nobody waits for it. */
    StartThreadpoolIo(Io);
    WaitForThreadpoolIoCallbacks(Io, TRUE);
    EXPECT(!ReadFile(Server, &Byte, 1, NULL, &Second) && GetLastError() == ERROR_IO_PENDING);
    EXPECT(WriteFile(Client, "b", 1, &Count, NULL));
    EXPECT(GetOverlappedResult(Server, &Second, &Count, TRUE) && Byte == 'b');
    Sleep(50);
    EXPECT_EQ(Ran, 1);
    CloseThreadpoolIo(Io);
    CloseHandle(Client);
    CloseHandle(Server);
}

static void
Ports(void)
{
    HANDLE Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    OVERLAPPED Overlapped, *Got = NULL;
    ULONG_PTR Key = 0;
    DWORD Bytes = 0;

    EXPECT(Port != NULL);
    EXPECT(!GetQueuedCompletionStatus(Port, &Bytes, &Key, &Got, 0));
    EXPECT_EQ(GetLastError(), WAIT_TIMEOUT);
    EXPECT(Got == NULL);
    EXPECT(PostQueuedCompletionStatus(Port, 12, 34, &Overlapped));
    EXPECT(GetQueuedCompletionStatus(Port, &Bytes, &Key, &Got, INFINITE));
    EXPECT(Bytes == 12 && Key == 34 && Got == &Overlapped);
    CloseHandle(Port);
}

static void
Lists(void)
{
    HANDLE Snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0),
           Job = CreateJobObjectA(NULL, NULL);
    PROCESSENTRY32 Entry = {sizeof(Entry)};
    BOOL Found = FALSE, Self = FALSE, InJob = TRUE;

    EXPECT(Snapshot != INVALID_HANDLE_VALUE);
    for (Found = Process32First(Snapshot, &Entry); Found; Found = Process32Next(Snapshot, &Entry)) {
        Self = Self || Entry.th32ProcessID == GetCurrentProcessId();
    }
    EXPECT(Self);
    EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
    CloseHandle(Snapshot);
    EXPECT(Job != NULL);
    EXPECT(IsProcessInJob(GetCurrentProcess(), Job, &InJob) && !InJob);
    EXPECT(AssignProcessToJobObject(Job, GetCurrentProcess()));
    EXPECT(IsProcessInJob(GetCurrentProcess(), Job, &InJob) && InJob);
}

int
main(void)
{
    Done = CreateEventA(NULL, TRUE, FALSE, NULL);
    Items();
    TimersAndWaits();
    OwnPools();
    ManyWaits();
    AlertableThread();
    PoolIo();
    Ports();
    Lists();
    return TEST_DONE();
}
