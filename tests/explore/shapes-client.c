/*
 * shapes-client.c - small programs of clients, of the shapes that others have counted too (README.md): THREADS threads, and OTHERS.
 *
 *     TWO          two threads enter one critical section, once each
 *     OPPOSED      two threads enter two critical sections, in opposite orders
 *     LEFT         three threads enter one, and the first one waits for the last two of them, then for the other one
 *     FILES        three threads enter a section of their own, and inside of it that of the first block that is free
 *     PRODUCERS    threads post to a completion port, the first one takes as many
 *     CONSUMERS    threads take from a completion port, the first one posts as many
 *     PORT         threads take, and others post, once each
 *     ROOM         the same with a semaphore
 *     MUTEX        a thread that does not own a mutex gives it back; its owner takes it once more
 *     APC          a user APC is queued to a thread that waits for it, unless it has come already as that one began
 *     APCLOST      the same, and it waits for one anyway
 *     BEFORE       the APC is queued before the thread runs at all
 *     QUEUERS      others queue an APC each to a thread that waits for so many
 *     SLIM         the first thread and a second one write twice each, a third one reads twice: one slim lock
 *     SHARE        threads read and others write, once each
 *     COUNT        three threads increment one counter; the first one waits for both others
 *     COUNTANY     the same, and it waits for either, then for the other one
 *     ABANDON      threads take one mutex and end with it
 *     HANDOVER     threads wait on a condition variable for a flag, the first one sets it and wakes all
 *     LOST         the same without a flag: a wake that comes first is lost
 *     TRY          two threads try a slim lock, once each
 *     ONCE         threads run one initialisation
 *     ADDRESS      threads wait on an address until it has changed, the first one changes it and wakes all
 *     ADDRESSLOST  the address does not change: a wake that comes first is lost
 *     EITHER       the first one waits for any of the events that the threads set
 *     ALL          the same for all of them
 *     SIGNALWAIT   two threads signal the one event and wait for the other, twice round
 *     TIMERS       the first one sets waitable timers, then cancels each
 *     SELF         a thread takes a slim lock that it has
 *     TWOFOLD      a thread shares a slim lock twice, and the first one takes it: before, behind, or in between, and then both wait for ever
 */
#include <windows.h>

enum {
    NOTHING,
    TWO,
    OPPOSED,
    LEFT,
    FILES,
    PRODUCERS,
    CONSUMERS,
    PORT,
    ROOM,
    MUTEX,
    APC,
    APCLOST,
    BEFORE,
    QUEUERS,
    SLIM,
    SHARE,
    COUNT,
    COUNTANY,
    ABANDON,
    HANDOVER,
    LOST,
    TRY,
    ONCE,
    ADDRESS,
    ADDRESSLOST,
    EITHER,
    ALL,
    SIGNALWAIT,
    TIMERS,
    SELF,
    TWOFOLD
};

#ifndef THREADS
#define THREADS 1
#endif
#ifndef OTHERS
#define OTHERS 0
#endif
#define SHAPE ((int)PROGRAM)
#define MOST  8

#define BLOCKS 4

static CRITICAL_SECTION First, Second, Inodes[MOST], Blocks[BLOCKS];
static SRWLOCK Slim = SRWLOCK_INIT;
static CONDITION_VARIABLE Changed = CONDITION_VARIABLE_INIT;
static INIT_ONCE Once = INIT_ONCE_STATIC_INIT;
static HANDLE Port, Mutex, Event, Events[MOST], Timers[MOST], Room;
static volatile LONG Counter, Flag, Ran;
static LONG Busy[BLOCKS];
static HANDLE Targets[MOST];
static BOOL(WINAPI *Wait)(volatile VOID *, PVOID, SIZE_T, DWORD);
static VOID(WINAPI *Wake)(PVOID);

static void
Enter(CRITICAL_SECTION *Outer, CRITICAL_SECTION *Inner)
{
    EnterCriticalSection(Outer);
    if (Inner != NULL) {
        EnterCriticalSection(Inner);
        LeaveCriticalSection(Inner);
    }
    LeaveCriticalSection(Outer);
}

static void
Write(int Times)
{
    while (Times-- > 0) {
        AcquireSRWLockExclusive(&Slim);
        ReleaseSRWLockExclusive(&Slim);
    }
}

static void
Read(int Times)
{
    while (Times-- > 0) {
        AcquireSRWLockShared(&Slim);
        ReleaseSRWLockShared(&Slim);
    }
}

static void
Take(int Times)
{
    DWORD Bytes;
    ULONG_PTR Key;
    LPOVERLAPPED Overlapped;

    while (Times-- > 0) {
        GetQueuedCompletionStatus(Port, &Bytes, &Key, &Overlapped, INFINITE);
    }
}

static void
Post(int Times)
{
    while (Times-- > 0) {
        PostQueuedCompletionStatus(Port, 0, 1, NULL);
    }
}

static BOOL
Try(void)
{
    if (!TryAcquireSRWLockExclusive(&Slim)) {
        return FALSE;
    }
    ReleaseSRWLockExclusive(&Slim);
    return TRUE;
}

static BOOL CALLBACK
Initialise(PINIT_ONCE This, PVOID Parameter, PVOID *Context)
{
    Ran++;
    return TRUE;
}

static VOID WINAPI
Routine(ULONG_PTR Parameter)
{
    Ran++;
    SetEvent(Event);
}

/* An inode's block: every second one is looked at first. */
static void
Create(DWORD Inode)
{
    DWORD Block = 2 * Inode % BLOCKS;
    LONG Was;

    EnterCriticalSection(&Inodes[Inode]);
    do {
        EnterCriticalSection(&Blocks[Block]);
        Was = Busy[Block];
        Busy[Block] = 1;
        LeaveCriticalSection(&Blocks[Block]);
        Block = (Block + 1) % BLOCKS;
    } while (Was);
    LeaveCriticalSection(&Inodes[Inode]);
}

static DWORD WINAPI
Thread(void *Parameter)
{
    DWORD Index = (DWORD)(ULONG_PTR)Parameter;
    LONG Zero = 0;

    switch (SHAPE) {
    case TWO:
    case LEFT:
        Enter(&First, NULL);
        break;
    case OPPOSED:
        Enter(&Second, &First);
        break;
    case PRODUCERS:
        Post(1);
        break;
    case CONSUMERS:
        Take(1);
        break;
    case APC:
        if (Ran == 0) {
            SleepEx(INFINITE, TRUE);
        }
        break;
    case APCLOST:
        SleepEx(INFINITE, TRUE);
        break;
    case BEFORE:
        WaitForSingleObject(Event, INFINITE);
        break;
    case SLIM:
        Index == 0 ? Write(2) : Read(2);
        break;
    case SHARE:
        Index < THREADS ? Read(1) : Write(1);
        break;
    case TWOFOLD:
        AcquireSRWLockShared(&Slim);
        Read(1);
        ReleaseSRWLockShared(&Slim);
        break;
    case PORT:
        Index < THREADS ? Take(1) : Post(1);
        break;
    case ROOM:
        if (Index < THREADS) {
            WaitForSingleObject(Room, INFINITE);
        } else {
            ReleaseSemaphore(Room, 1, NULL);
        }
        break;
    case MUTEX:
        ReleaseMutex(Mutex);
        WaitForSingleObject(Event, INFINITE);
        break;
    case QUEUERS:
        if (Index != 0) {
            QueueUserAPC(Routine, Targets[0], 0);
        }
        while (Index == 0 && Ran < OTHERS) {
            SleepEx(INFINITE, TRUE);
        }
        break;
    case COUNT:
    case COUNTANY:
        InterlockedIncrement(&Counter);
        break;
    case ABANDON:
        return WaitForSingleObject(Mutex, INFINITE);
    case HANDOVER:
        EnterCriticalSection(&First);
        while (Flag == 0) {
            SleepConditionVariableCS(&Changed, &First, INFINITE);
        }
        LeaveCriticalSection(&First);
        break;
    case LOST:
        EnterCriticalSection(&First);
        SleepConditionVariableCS(&Changed, &First, INFINITE);
        LeaveCriticalSection(&First);
        break;
    case TRY:
        return Try();
    case ONCE:
        InitOnceExecuteOnce(&Once, Initialise, NULL, NULL);
        break;
    case ADDRESS:
        while (Flag == 0) {
            Wait(&Flag, &Zero, sizeof(Zero), INFINITE);
        }
        break;
    case ADDRESSLOST:
        Wait(&Flag, &Zero, sizeof(Zero), INFINITE);
        break;
    case FILES:
        Create(Index);
        break;
    case EITHER:
    case ALL:
        SetEvent(Events[Index]);
        break;
    case SIGNALWAIT:
        SignalObjectAndWait(Events[0], Events[1], INFINITE, FALSE);
        SignalObjectAndWait(Events[0], Events[1], INFINITE, FALSE);
        break;
    }
    return 0;
}

/* What the first thread does meanwhile. */
static void
Do(void)
{
    LARGE_INTEGER Due;
    DWORD Which;

    switch (SHAPE) {
    case TWO:
        Enter(&First, NULL);
        break;
    case OPPOSED:
        Enter(&First, &Second);
        break;
    case PRODUCERS:
        Take(THREADS);
        break;
    case CONSUMERS:
        Post(THREADS);
        break;
    case APC:
    case APCLOST:
        QueueUserAPC(Routine, Targets[0], 0);
        break;
    case LEFT:
        WaitForMultipleObjects(2, Targets + 1, TRUE, INFINITE);
        break;
    case BEFORE:
        QueueUserAPC(Routine, Targets[0], 0);
        ResumeThread(Targets[0]);
        break;
    case SLIM:
        Write(2);
        break;
    case MUTEX:
        WaitForSingleObject(Mutex, INFINITE);
        SetEvent(Event);
        break;
    case SELF:
        AcquireSRWLockExclusive(&Slim);
        AcquireSRWLockExclusive(&Slim);
        break;
    case TWOFOLD:
        Write(1);
        break;
    case TIMERS:
        Due.QuadPart = -10000;
        for (DWORD Index = 0; Index < THREADS; Index++) {
            SetWaitableTimer(Timers[Index], &Due, 0, NULL, NULL, FALSE);
        }
        for (DWORD Index = 0; Index < THREADS; Index++) {
            CancelWaitableTimer(Timers[Index]);
        }
        break;
    case COUNT:
        InterlockedIncrement(&Counter);
        break;
    case COUNTANY:
        InterlockedIncrement(&Counter);
        Which = WaitForMultipleObjects(2, Targets, FALSE, INFINITE);
        WaitForSingleObject(Targets[1 - Which], INFINITE);
        break;
    case HANDOVER:
        EnterCriticalSection(&First);
        Flag = 1;
        LeaveCriticalSection(&First);
        WakeAllConditionVariable(&Changed);
        break;
    case LOST:
        WakeAllConditionVariable(&Changed);
        break;
    case TRY:
        Try();
        break;
    case ADDRESS:
        Flag = 1;
        Wake((PVOID)&Flag);
        break;
    case ADDRESSLOST:
        Wake((PVOID)&Flag);
        break;
    case EITHER:
        WaitForMultipleObjects(THREADS, Events, FALSE, INFINITE);
        break;
    case ALL:
        WaitForMultipleObjects(THREADS, Events, TRUE, INFINITE);
        break;
    case SIGNALWAIT:
        SignalObjectAndWait(Events[1], Events[0], INFINITE, FALSE);
        SignalObjectAndWait(Events[1], Events[0], INFINITE, FALSE);
        break;
    }
}

static DWORD
ThreadsOf(void)
{
    switch (SHAPE) {
    case SELF:
    case TIMERS:
        return 0;
    case TWO:
    case OPPOSED:
    case TWOFOLD:
        return 1;
    case LEFT:
    case FILES:
        return 3;
    case SLIM:
    case COUNT:
    case COUNTANY:
        return 2;
    }
    return THREADS + OTHERS;
}

static int
IsWrong(void)
{
    return PROGRAM == ONCE && Ran != 1;
}

void
Entry(void)
{
    HMODULE Base = GetModuleHandleA("kernelbase.dll");

    InitializeCriticalSection(&First);
    InitializeCriticalSection(&Second);
    Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, MOST);
    Mutex = CreateMutexA(NULL, PROGRAM == MUTEX, NULL);
    Event = CreateEventA(NULL, PROGRAM != APC && PROGRAM != BEFORE, FALSE, NULL);
    Room = CreateSemaphoreA(NULL, 0, MOST, NULL);
    for (DWORD Index = 0; Index < MOST; Index++) {
        Timers[Index] = CreateWaitableTimerA(NULL, TRUE, NULL);
        Events[Index] = CreateEventA(NULL, PROGRAM != SIGNALWAIT, FALSE, NULL);
        InitializeCriticalSection(&Inodes[Index]);
        InitializeCriticalSection(&Blocks[Index % BLOCKS]);
    }
    Wait = (void *)GetProcAddress(Base, "WaitOnAddress");
    Wake = (void *)GetProcAddress(Base, "WakeByAddressAll");
    for (DWORD Index = 0; Index < ThreadsOf(); Index++) {
        Targets[Index] = CreateThread(NULL, 0, Thread, (void *)(ULONG_PTR)Index,
                                      PROGRAM == BEFORE ? CREATE_SUSPENDED : 0, NULL);
    }
    Do();
    for (DWORD Index = 0; Index < ThreadsOf(); Index++) {
        WaitForSingleObject(Targets[Index], INFINITE);
    }
    ExitProcess((UINT)IsWrong());
}
