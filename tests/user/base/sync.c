/*
 * sync.c - waits, events, mutexes, semaphores, timers, and the locks that live in user mode.
 */
#include "../../nt/ntlab-client.h"

static HANDLE Gate;
static CRITICAL_SECTION Section;
static SRWLOCK Lock = SRWLOCK_INIT;
static CONDITION_VARIABLE Changed = CONDITION_VARIABLE_INIT;
static volatile LONG Shared, Entered, ApcRan;

static DWORD WINAPI
Locker(LPVOID Rounds)
{
    for (int Round = 0; Round < (int)(INT_PTR)Rounds; Round++) {
        EnterCriticalSection(&Section);
        LONG Value = Shared;
        if (Round % 8 == 0) {
            Sleep(1);
        }
        Shared = Value + 1;
        LeaveCriticalSection(&Section);
    }
    return 7;
}

static void
CriticalSections(void)
{
    HANDLE Threads[3];

    InitializeCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, -1);
    EnterCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, -2); /* bit 0 clear: locked [DBG:displaying-a-critical-section] */
    EXPECT_EQ(Section.RecursionCount, 1);
    EXPECT_EQ(TryEnterCriticalSection(&Section), TRUE); /* its owner may take it again */
    EXPECT_EQ(Section.RecursionCount, 2);
    EXPECT_EQ((DWORD)(ULONG_PTR)Section.OwningThread, GetCurrentThreadId());
    LeaveCriticalSection(&Section);
    LeaveCriticalSection(&Section);
    for (int Index = 0; Index < 3; Index++) {
        Threads[Index] = CreateThread(NULL, 0, Locker, (LPVOID)24, 0, NULL);
    }
    EXPECT_EQ(WaitForMultipleObjects(3, Threads, TRUE, 60000), WAIT_OBJECT_0);
    EXPECT_EQ(Shared, 72);
    EXPECT_EQ(Section.LockCount, -1);
    DWORD Code = 0;
    EXPECT(GetExitCodeThread(Threads[0], &Code));
    EXPECT_EQ(Code, 7);
    for (int Index = 0; Index < 3; Index++) {
        CloseHandle(Threads[Index]);
    }
    DeleteCriticalSection(&Section);
}

static DWORD WINAPI
Reader(LPVOID Unused)
{
    AcquireSRWLockShared(&Lock);
    InterlockedIncrement(&Entered);
    while (Shared == 0) {
        SleepConditionVariableSRW(&Changed, &Lock, INFINITE, CONDITION_VARIABLE_LOCKMODE_SHARED);
    }
    ReleaseSRWLockShared(&Lock);
    return 0;
}

static void
SlimLocks(void)
{
    HANDLE Threads[3];

    Shared = Entered = 0;
    EXPECT(TryAcquireSRWLockExclusive(&Lock));
    EXPECT(!TryAcquireSRWLockShared(&Lock));
    for (int Index = 0; Index < 3; Index++) {
        Threads[Index] = CreateThread(NULL, 0, Reader, NULL, 0, NULL);
    }
    Sleep(50);
    EXPECT_EQ(Entered, 0);
    ReleaseSRWLockExclusive(&Lock);
    Sleep(50);
    EXPECT_EQ(Entered, 3); /* all readers at once: they sleep on the variable now */
    AcquireSRWLockExclusive(&Lock);
    Shared = 1;
    ReleaseSRWLockExclusive(&Lock);
    WakeAllConditionVariable(&Changed);
    EXPECT_EQ(WaitForMultipleObjects(3, Threads, TRUE, 60000), WAIT_OBJECT_0);
    AcquireSRWLockExclusive(&Lock);
    EXPECT(!SleepConditionVariableSRW(&Changed, &Lock, 20, 0));
    EXPECT_EQ(GetLastError(), ERROR_TIMEOUT);
    ReleaseSRWLockExclusive(&Lock);
    EXPECT(Lock.Ptr == NULL);
    for (int Index = 0; Index < 3; Index++) {
        CloseHandle(Threads[Index]);
    }
}

static DWORD WINAPI
Setter(LPVOID Event)
{
    Sleep(20);
    SetEvent(Event);
    return 0;
}

static void
Events(void)
{
    HANDLE Manual = CreateEventA(NULL, TRUE, FALSE, NULL),
           Auto = CreateEventA(NULL, FALSE, TRUE, NULL), Named, Other;
    HANDLE Both[2] = {Manual, Auto};

    EXPECT(Manual != NULL);
    EXPECT_EQ(WaitForSingleObject(Manual, 0), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForMultipleObjects(2, Both, FALSE, INFINITE), WAIT_OBJECT_0 + 1);
    EXPECT_EQ(WaitForSingleObject(Auto, 0), WAIT_TIMEOUT); /* the wait reset it */
    HANDLE Thread = CreateThread(NULL, 0, Setter, Manual, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Manual, INFINITE), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Manual, 0),
              WAIT_OBJECT_0); /* a manual-reset event stays signaled */
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    Named = CreateEventA(NULL, TRUE, TRUE, "Local\\ntlab-event");
    EXPECT_EQ(GetLastError(), ERROR_SUCCESS);
    Other = CreateEventA(NULL, TRUE, FALSE, "ntlab-event");
    EXPECT(Other != NULL);
    EXPECT_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
    EXPECT_EQ(WaitForSingleObject(Other, 0),
              WAIT_OBJECT_0); /* the same object: the initial state given here is ignored */
    CloseHandle(Other);
    EXPECT(CreateMutexA(NULL, FALSE, "ntlab-event") == NULL);
    EXPECT_EQ(GetLastError(),
              ERROR_INVALID_HANDLE); /* the name belongs to an object of another type */
    Other = OpenEventA(SYNCHRONIZE, FALSE, "ntlab-event");
    EXPECT(Other != NULL);
    EXPECT(!SetEvent(Other)); /* opened without EVENT_MODIFY_STATE */
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Other);
    CloseHandle(Named);
    EXPECT(OpenEventA(SYNCHRONIZE, FALSE, "ntlab-event") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND); /* gone with its last handle */
    EXPECT(!CloseHandle(Named));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_HANDLE);
    EXPECT_EQ(WaitForSingleObject(Named, 0), WAIT_FAILED);
    CloseHandle(Manual);
    CloseHandle(Auto);
}

static DWORD WINAPI
Abandoner(LPVOID Mutex)
{
    WaitForSingleObject(Mutex, INFINITE);
    return 0; /* without ReleaseMutex */
}

static void
Mutexes(void)
{
    HANDLE Mutex = CreateMutexA(NULL, TRUE, NULL), Semaphore, Thread;
    LONG Previous = -1;

    EXPECT_EQ(WaitForSingleObject(Mutex, 0), WAIT_OBJECT_0); /* recursive */
    EXPECT(ReleaseMutex(Mutex));
    EXPECT(ReleaseMutex(Mutex));
    EXPECT(!ReleaseMutex(Mutex));
    EXPECT_EQ(GetLastError(), ERROR_NOT_OWNER);
    Thread = CreateThread(NULL, 0, Abandoner, Mutex, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    EXPECT_EQ(WaitForSingleObject(Mutex, INFINITE), WAIT_ABANDONED);
    EXPECT(ReleaseMutex(Mutex));
    CloseHandle(Mutex);
    Semaphore = CreateSemaphoreA(NULL, 1, 2, NULL);
    EXPECT_EQ(WaitForSingleObject(Semaphore, 0), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Semaphore, 0), WAIT_TIMEOUT);
    EXPECT(ReleaseSemaphore(Semaphore, 2, &Previous));
    EXPECT_EQ(Previous, 0);
    EXPECT(!ReleaseSemaphore(Semaphore, 1, NULL));
    EXPECT_EQ(GetLastError(), ERROR_TOO_MANY_POSTS);
    CloseHandle(Semaphore);
}

static void CALLBACK
Apc(ULONG_PTR Value)
{
    ApcRan += (LONG)Value;
}

static VOID CALLBACK
TimerApc(LPVOID Context, DWORD Low, DWORD High)
{
    *(volatile LONG *)Context += 1;
}

static void
Alertable(void)
{
    LARGE_INTEGER Due = {.QuadPart = -10000};
    volatile LONG TimerRan = 0;
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, NULL);

    EXPECT(QueueUserAPC(Apc, GetCurrentThread(), 3));
    EXPECT_EQ(SleepEx(0, FALSE), 0);
    EXPECT_EQ(ApcRan, 0); /* not alertable */
    EXPECT_EQ(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    EXPECT_EQ(ApcRan, 3);
    EXPECT(SetWaitableTimer(Timer, &Due, 0, TimerApc, (LPVOID)&TimerRan, FALSE));
    EXPECT_EQ(SleepEx(1000, TRUE), WAIT_IO_COMPLETION);
    EXPECT_EQ(TimerRan, 1);
    EXPECT_EQ(WaitForSingleObject(Timer, 1000), WAIT_OBJECT_0);
    CloseHandle(Timer);
}

/* Sets a timer, waits for it if it is due at once, and ends. */
typedef struct {
    HANDLE Timer;
    LONGLONG Due;
    PTIMERAPCROUTINE Routine;
} SETTER;

static DWORD WINAPI
SetAndEnd(LPVOID Parameter)
{
    SETTER *Setter = Parameter;
    LARGE_INTEGER Due = {.QuadPart = Setter->Due};

    SetWaitableTimer(Setter->Timer, &Due, 0, Setter->Routine, (LPVOID)&ApcRan, FALSE);
    return Setter->Due == -1 ? WaitForSingleObject(Setter->Timer, 1000) : 0;
}

/* "If the thread that set the timer terminates and there is an associated completion routine, the timer is canceled. However, the state of the timer remains unchanged. If
   there is no completion routine, then terminating the thread has no effect on the timer." [SetWaitableTimer] */
static void
TimersOfThreads(void)
{
    static const struct {
        LONGLONG Due;
        PTIMERAPCROUTINE Routine;
        DWORD Then;
    } Cases[] = {
        {-10000000, TimerApc, WAIT_TIMEOUT},
        {-10000000, NULL, WAIT_OBJECT_0},
        {-1, TimerApc, WAIT_OBJECT_0}}; /* the APC has not come: the thread does not wait for it */
    LONG Before = ApcRan;

    for (int Index = 0; Index < 3; Index++) {
        SETTER Setter = {CreateWaitableTimerA(NULL, TRUE, NULL), Cases[Index].Due,
                         Cases[Index].Routine};
        HANDLE Thread = CreateThread(NULL, 0, SetAndEnd, &Setter, 0, NULL);
        DWORD Code = 1;

        EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
        EXPECT(GetExitCodeThread(Thread, &Code));
        EXPECT_EQ(Code, WAIT_OBJECT_0);
        EXPECT_EQ(WaitForSingleObject(Setter.Timer, 5000), Cases[Index].Then);
        CloseHandle(Thread);
        CloseHandle(Setter.Timer);
    }
    EXPECT_EQ(ApcRan, Before);
}

static BOOL CALLBACK
Once(PINIT_ONCE InitOnce, PVOID Parameter, PVOID *Context)
{
    ++*(int *)Parameter;
    *Context = (PVOID)16;
    return TRUE;
}

static DWORD WINAPI
Waker(LPVOID Address)
{
    Sleep(10);
    *(volatile LONG *)Address = 1;
    WakeByAddressAll(Address);
    return 0;
}

static void
Small(void)
{
    static INIT_ONCE InitOnce = INIT_ONCE_STATIC_INIT;
    SLIST_HEADER *List = _aligned_malloc(sizeof(SLIST_HEADER), 16);
    SLIST_ENTRY *Entries = _aligned_malloc(3 * sizeof(SLIST_ENTRY), 16);
    PVOID Context = NULL;
    int Calls = 0;
    DWORD Slot = TlsAlloc(), Fls;

    EXPECT(InitOnceExecuteOnce(&InitOnce, Once, &Calls, &Context));
    EXPECT(InitOnceExecuteOnce(&InitOnce, Once, &Calls, &Context));
    EXPECT_EQ(Calls, 1);
    EXPECT(Context == (PVOID)16);
    InitializeSListHead(List);
    EXPECT(InterlockedPopEntrySList(List) == NULL);
    for (int Index = 0; Index < 3; Index++) {
        InterlockedPushEntrySList(List, &Entries[Index]);
    }
    EXPECT_EQ(QueryDepthSList(List), 3);
    EXPECT(InterlockedPopEntrySList(List) == &Entries[2]); /* last in, first out */
    EXPECT(InterlockedFlushSList(List) == &Entries[1]);
    EXPECT_EQ(QueryDepthSList(List), 0);
    EXPECT(Slot != TLS_OUT_OF_INDEXES);
    EXPECT(TlsGetValue(Slot) == NULL);
    EXPECT(TlsSetValue(Slot, &Calls));
    EXPECT(TlsGetValue(Slot) == &Calls);
    EXPECT(TlsFree(Slot));
    EXPECT(!TlsFree(Slot));
    Fls = FlsAlloc(NULL);
    EXPECT(Fls != FLS_OUT_OF_INDEXES);
    EXPECT(FlsSetValue(Fls, &Slot));
    EXPECT(FlsGetValue(Fls) == &Slot);
    EXPECT(FlsFree(Fls));
}

static void
Addresses(void)
{
    HMODULE Base = GetModuleHandleA("kernelbase.dll");
    BOOL(WINAPI * Wait)(volatile VOID *, PVOID, SIZE_T, DWORD) =
        (PVOID)GetProcAddress(Base, "WaitOnAddress");
    static volatile LONG Value;
    LONG Zero = 0;
    HANDLE Thread;

    if (Wait == NULL) {
        SKIP("WaitOnAddress is newer than this system");
        return;
    }
    EXPECT(!Wait(&Value, &Zero, 4, 10));
    EXPECT_EQ(GetLastError(), ERROR_TIMEOUT);
    Thread = CreateThread(NULL, 0, Waker, (PVOID)&Value, 0, NULL);
    while (Value == 0) {
        Wait(&Value, &Zero, 4, INFINITE);
    }
    EXPECT_EQ(Value, 1);
    WaitForSingleObject(Thread, INFINITE);
}

int
main(void)
{
    Gate = NULL;
    CriticalSections();
    SlimLocks();
    Events();
    Mutexes();
    Alertable();
    TimersOfThreads();
    Small();
    Addresses();
    return TEST_DONE();
}
