/*
 * threads.c - threads from user mode. Microsoft's documentation of CreateThread, SuspendThread, GetThreadContext,
 * TerminateThread, QueueUserAPC, SetThreadPriority, GetExitCodeThread.
 */
#include "ntlab-client.h"

static volatile LONG Counter, Stop;
static HANDLE Event;

static DWORD WINAPI
Returns(void *Context)
{
    return (DWORD)(ULONG_PTR)Context;
}

static DWORD WINAPI
Waits(void *Context)
{
    InterlockedIncrement(&Counter);
    WaitForSingleObject(Event, INFINITE);
    return 1;
}

static DWORD WINAPI
Alertable(void *Context)
{
    return SleepEx(INFINITE, TRUE);
}

static void CALLBACK
Apc(ULONG_PTR Value)
{
    InterlockedExchangeAdd(&Counter, (LONG)Value);
}

static void
ExitCodes(void)
{
    DWORD Code = 0, Id = 0;
    HANDLE Thread = CreateThread(NULL, 0, Returns, (void *)33, 0, &Id);

    EXPECT(Thread != NULL && Id != 0);
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeThread(Thread, &Code) && Code == 33);
    EXPECT_EQ(GetThreadId(Thread), Id);
    CloseHandle(Thread);
}

static void
Suspension(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Waits, NULL, CREATE_SUSPENDED, NULL);
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL};

    Counter = 0;
    Sleep(5);
    EXPECT_EQ(Counter, 0);
    EXPECT_EQ(SuspendThread(Thread), 1);
    EXPECT_EQ(ResumeThread(Thread), 2);
    EXPECT_EQ(ResumeThread(Thread), 1);
    Sleep(5);
    EXPECT_EQ(Counter, 1);
    EXPECT_EQ(SuspendThread(Thread), 0);
    EXPECT(GetThreadContext(Thread, &Context) && Context.Rip != 0 && Context.Rsp != 0);
    SetEvent(Event); /* its wait is over, but it stays suspended */
    EXPECT_EQ(WaitForSingleObject(Thread, 5), WAIT_TIMEOUT);
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT_EQ(ResumeThread(Thread), 0);
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    ResetEvent(Event);
    CloseHandle(Thread);
}

static void
Termination(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Waits, NULL, 0, NULL);
    DWORD Code = 0;

    Sleep(1);
    EXPECT(TerminateThread(Thread, 44)); /* it waits in user mode */
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeThread(Thread, &Code) && Code == 44);
    CloseHandle(Thread);
}

static void
Apcs(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Alertable, NULL, 0, NULL);
    DWORD Code = 0;

    Counter = 0;
    Sleep(1);
    EXPECT(QueueUserAPC(Apc, Thread, 5));
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    EXPECT_EQ(Counter, 5);
    EXPECT(GetExitCodeThread(Thread, &Code) && Code == WAIT_IO_COMPLETION);
    CloseHandle(Thread);
    /* for the thread itself: delivered in the next alertable wait, all that are queued */
    QueueUserAPC(Apc, GetCurrentThread(), 10);
    QueueUserAPC(Apc, GetCurrentThread(), 100);
    EXPECT_EQ(Counter, 5);
    EXPECT_EQ(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EXPECT_EQ(Counter, 115);
    EXPECT_EQ(SleepEx(0, TRUE), 0);
}

static void
Priorities(void)
{
    EXPECT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_NORMAL);
    EXPECT(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL));
    EXPECT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_ABOVE_NORMAL);
    EXPECT(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL));
    EXPECT(!SetThreadPriority(GetCurrentThread(), 9) && GetLastError() == ERROR_INVALID_PARAMETER);
    EXPECT_EQ(GetPriorityClass(GetCurrentProcess()), NORMAL_PRIORITY_CLASS);
}

static DWORD WINAPI
Many(void *Context)
{
    InterlockedIncrement(&Counter);
    return 0;
}

static void
ManyThreads(void)
{
    HANDLE Threads[20];
    int i;

    Counter = 0;
    for (i = 0; i < 20; i++) {
        Threads[i] = CreateThread(NULL, 0, Many, NULL, 0, NULL);
    }
    EXPECT_EQ(WaitForMultipleObjects(20, Threads, TRUE, INFINITE), WAIT_OBJECT_0);
    EXPECT_EQ(Counter, 20);
    for (i = 0; i < 20; i++) {
        CloseHandle(Threads[i]);
    }
}

int
main(void)
{
    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    ExitCodes();
    Suspension();
    Termination();
    Apcs();
    Priorities();
    ManyThreads();
    return TEST_DONE();
}
