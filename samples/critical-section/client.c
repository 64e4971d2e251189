/*
 * client.c - what a critical section saves: system services, counted.
 *
 * Each row does the same thing ROUNDS times and looks how many system services the whole system has made meanwhile
 * (SYSTEM_PERFORMANCE_INFORMATION.SystemCalls, the kernel's own count); no other process runs. So the figures are exact,
 * and equal in every run. The exit code is the number of rows that are not as expected. With `time` as argument it also
 * says how long each round took; in virtual time that means nothing.
 */
#include <windows.h>
#include <winternl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 1000

static CRITICAL_SECTION Section;
static SRWLOCK Slim = SRWLOCK_INIT;
static HANDLE Mutex, Event, Semaphore;
static HANDLE Start, Finished; /* of the second thread */
static volatile LONG Inside;
static int Wrong, Timed;

typedef struct COUNTERS {
    BYTE Rest[296];
    ULONG ContextSwitches, TlbFills[2], SystemCalls;
} COUNTERS;

static COUNTERS
Count(void)
{
    COUNTERS Now = {0};

    NtQuerySystemInformation(SystemPerformanceInformation, &Now, sizeof(Now), NULL);
    return Now;
}

/* A row: so many services a round are right, beside those that are none of the lock's. */
static void
Row(const char *What, void (*Routine)(void), ULONG Others, ULONG Expected)
{
    LARGE_INTEGER Begin, End, Frequency;
    COUNTERS Before, After;
    double Services;
    ULONG Own;

    Before = Count();
    Own = Count().SystemCalls - Before.SystemCalls; /* asking is a service too */
    QueryPerformanceCounter(&Begin);
    Before = Count();
    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        Routine();
    }
    After = Count();
    QueryPerformanceCounter(&End);
    QueryPerformanceFrequency(&Frequency);
    Services = (double)(After.SystemCalls - Before.SystemCalls - Own) / ROUNDS - Others;
    printf("  %-52s %8.3f", What, Services);
    if (Timed && Others == 0) {
        printf("  %9.0f ns",
               (double)(End.QuadPart - Begin.QuadPart) * 1e9 / (double)Frequency.QuadPart / ROUNDS);
    }
    /* A turn that ends at the wrong moment costs one more. */
    printf("%s\n", fabs(Services - Expected) < 0.005 ? "" : "  NOT AS EXPECTED");
    Wrong += fabs(Services - Expected) >= 0.005;
}

static void
Expect(BOOL Condition, const char *What)
{
    printf("  %s%s\n", What, Condition ? "" : ": NO");
    Wrong += !Condition;
}

static void
EnterAndLeave(void)
{
    EnterCriticalSection(&Section);
    LeaveCriticalSection(&Section);
}

static void
EnterTwice(void)
{
    EnterCriticalSection(&Section);
    EnterAndLeave();
    LeaveCriticalSection(&Section);
}

static void
UseSlim(void)
{
    AcquireSRWLockExclusive(&Slim);
    ReleaseSRWLockExclusive(&Slim);
}

static void
UseMutex(void)
{
    WaitForSingleObject(Mutex, INFINITE);
    ReleaseMutex(Mutex);
}

static void
UseEvent(void)
{
    WaitForSingleObject(Event, INFINITE);
    SetEvent(Event);
}

static void
UseSemaphore(void)
{
    WaitForSingleObject(Semaphore, INFINITE);
    ReleaseSemaphore(Semaphore, 1, NULL);
}

/* The second thread: enters when it is told, and leaves after Turns, or (UNTIL_WAITED) when somebody waits. */
#define UNTIL_WAITED 0
#define HAND_OVER                                                                                  \
    4 /* services a round for telling and waiting: SetEvent and WaitForSingleObject, twice */

static volatile LONG Turns;
static LONG Alone = -2; /* LockCount of a section that is owned and that nobody waits for */

static DWORD WINAPI
Owner(void *Unused)
{
    for (;;) {
        LONG Left;

        WaitForSingleObject(Start, INFINITE);
        EnterCriticalSection(&Section);
        Inside = 1;
        for (Left = Turns; Turns == UNTIL_WAITED ? Section.LockCount == Alone : Left > 0; Left--) {
            YieldProcessor();
        }
        Inside = 0;
        LeaveCriticalSection(&Section);
        SetEvent(Finished);
    }
    return 0;
}

static void
Contend(void)
{
    SetEvent(Start);
    while (!Inside) {
        YieldProcessor();
    }
    EnterAndLeave();
    WaitForSingleObject(Finished, INFINITE);
}

/* What a debugger sees. */
static void
Fields(void)
{
    BOOL Old = *(ULONG *)0x7FFE026C == 5 && *(ULONG *)0x7FFE0270 == 1; /* XP counted otherwise */
    LONG Owned = Old ? 0 : -2;

    Alone = Owned;

    printf("the fields of a critical section\n");
    Expect(Section.LockCount == -1 && Section.OwningThread == NULL, "free: LockCount -1, no owner");
    EnterCriticalSection(&Section);
    Expect(Section.LockCount == Owned,
           Old ? "owned: LockCount 0" : "owned: LockCount -2, bit 0 is clear");
    Expect((DWORD)(ULONG_PTR)Section.OwningThread == GetCurrentThreadId(),
           "OwningThread is the owner's thread id");
    EnterCriticalSection(&Section);
    Expect(Section.RecursionCount == 2 && Section.LockCount == (Old ? 1 : -2),
           Old ? "entered twice: RecursionCount 2, LockCount one more"
               : "entered twice: RecursionCount 2, LockCount as before");
    LeaveCriticalSection(&Section);
    LeaveCriticalSection(&Section);
    Expect(Section.LockCount == -1, "left twice: free");
}

int
main(int Arguments, char **Argument)
{
    SYSTEM_INFO System;

    Timed = Arguments > 1 && strcmp(Argument[1], "time") == 0;
    GetSystemInfo(&System);
    Mutex = CreateMutexA(NULL, FALSE, NULL);
    Event = CreateEventA(NULL, FALSE, TRUE, NULL);
    Semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);
    Start = CreateEventA(NULL, FALSE, FALSE, NULL);
    Finished = CreateEventA(NULL, FALSE, FALSE, NULL);
    InitializeCriticalSectionAndSpinCount(&Section, 0);
    Fields();
    printf("system services a round, and nobody else wants the lock\n");
    Row("EnterCriticalSection, LeaveCriticalSection", EnterAndLeave, 0, 0);
    Row("the same, entered twice", EnterTwice, 0, 0);
    Row("AcquireSRWLockExclusive, ReleaseSRWLockExclusive", UseSlim, 0, 0);
    Row("mutex: WaitForSingleObject, ReleaseMutex", UseMutex, 0, 2);
    Row("event: WaitForSingleObject, SetEvent", UseEvent, 0, 2);
    Row("semaphore: WaitForSingleObject, ReleaseSemaphore", UseSemaphore, 0, 2);
    printf("system services a round, and another thread owns the critical section\n");
    CloseHandle(CreateThread(NULL, 0, Owner, NULL, 0, NULL));
    Turns = UNTIL_WAITED;
    Contend(); /* its thread's own beginning costs services too */
    Row("no spinning: one thread waits, the other wakes it", Contend, HAND_OVER, 2);
    SetCriticalSectionSpinCount(&Section, 10);
    Row("10 spins, and it does not leave in time", Contend, HAND_OVER, 2);
    if (System.dwNumberOfProcessors > 1) {
        Turns = 20;
        SetCriticalSectionSpinCount(&Section, 4000);
        Row("4000 spins, and it leaves after 20", Contend, HAND_OVER, 0);
    }
    return Wrong;
}
