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
    EXPECT(IsThreadpoolTimerSet(New));
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
    Ports();
    Lists();
    return TEST_DONE();
}
