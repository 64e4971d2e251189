/*
 * objects-client.c - events, semaphores, mutexes, timers, keyed events and system information from user mode.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE ThreadId);
NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                  ULONG Flags);
NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE Handle, PVOID Key, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE Handle, PVOID Key, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtQueryEvent(HANDLE Handle, int Class, PVOID Information, ULONG Length,
                            PULONG ReturnLength);
NTSTATUS NTAPI NtCreateEvent(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                             int Type, BOOLEAN State);

#define KERNEL_ADDRESS ((void *)0x400080000000ull)

static void
Events(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, "NtlabEvent"), Again;
    ULONG State[2], Length;

    EXPECT(Event != NULL);
    Again = CreateEventA(NULL, FALSE, FALSE,
                         "NtlabEvent"); /* ERROR_ALREADY_EXISTS [LEARN:synchapi/createeventa] */
    EXPECT(Again != NULL);
    EXPECT_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
    SetEvent(Again);
    EXPECT_EQ(NtQueryEvent(Event, 0, State, sizeof(State), &Length), 0);
    EXPECT(State[0] == 1 && State[1] == 1); /* synchronization, signaled */
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    /* a bad place for the result fails the service, not the system */
    EXPECT_EQ((ULONG)NtCreateEvent(KERNEL_ADDRESS, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0xC0000005);
    EXPECT_EQ((ULONG)NtCreateEvent((PHANDLE)1, EVENT_ALL_ACCESS, NULL, 0, FALSE), 0xC0000005);
    EXPECT_EQ((ULONG)NtCreateEvent(&Again, EVENT_ALL_ACCESS, NULL, 7, FALSE), 0xC000000D);
}

static void
Semaphores(void)
{
    HANDLE Semaphore = CreateSemaphoreA(NULL, 0, 2, NULL);
    LONG Previous = 9;

    EXPECT(ReleaseSemaphore(Semaphore, 2, &Previous));
    EXPECT_EQ(Previous, 0);
    EXPECT(!ReleaseSemaphore(Semaphore, 1,
                             NULL)); /* beyond the maximum [LEARN:synchapi/releasesemaphore] */
    EXPECT_EQ(GetLastError(), ERROR_TOO_MANY_POSTS);
    EXPECT(CreateSemaphoreA(NULL, 3, 2, NULL) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

static DWORD WINAPI
Release(void *Mutex)
{
    return ReleaseMutex(Mutex) ? 0 : GetLastError();
}

static DWORD WINAPI
Abandon(void *Mutex)
{
    return WaitForSingleObject(Mutex, INFINITE);
}

static void
Mutexes(void)
{
    HANDLE Mutex = CreateMutexA(NULL, TRUE, NULL), Thread;
    DWORD Code;

    EXPECT_EQ(WaitForSingleObject(Mutex, 0), WAIT_OBJECT_0); /* recursive */
    Thread = CreateThread(NULL, 0, Release, Mutex, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    EXPECT_EQ(Code,
              ERROR_NOT_OWNER); /* another thread cannot release it [LEARN:synchapi/releasemutex] */
    EXPECT(ReleaseMutex(Mutex) && ReleaseMutex(Mutex));
    EXPECT(!ReleaseMutex(Mutex));
    Thread = CreateThread(NULL, 0, Abandon, Mutex, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(WaitForSingleObject(Mutex, INFINITE), WAIT_ABANDONED); /* its owner has ended */
    ReleaseMutex(Mutex);
}

static volatile LONG Fired;

static VOID CALLBACK
TimerRoutine(void *Context, DWORD Low, DWORD High)
{
    Fired += Context == (void *)5;
}

static void
Timers(void)
{
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    LARGE_INTEGER Due;

    Due.QuadPart = -100000;
    EXPECT(SetWaitableTimer(Timer, &Due, 0, NULL, NULL, FALSE));
    EXPECT_EQ(WaitForSingleObject(Timer, 10000), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Timer, 0), WAIT_OBJECT_0); /* manual reset: it stays signaled */
    EXPECT(SetWaitableTimer(Timer, &Due, 0, TimerRoutine, (void *)5, FALSE));
    EXPECT_EQ(
        SleepEx(10000, TRUE),
        WAIT_IO_COMPLETION); /* its APC in an alertable wait [LEARN:synchapi/setwaitabletimer] */
    EXPECT_EQ(Fired, 1);
    EXPECT(SetWaitableTimer(Timer, &Due, 0, NULL, NULL, FALSE));
    EXPECT(CancelWaitableTimer(Timer));
    EXPECT_EQ(WaitForSingleObject(Timer, 100), WAIT_TIMEOUT);
}

static HANDLE Keyed;

static DWORD WINAPI
KeyedThread(void *Context)
{
    return NtWaitForKeyedEvent(Keyed, Context, FALSE, NULL);
}

static void
Alerts(void)
{
    LARGE_INTEGER Zero = {0};
    HANDLE Thread;
    DWORD Code;

    EXPECT_EQ(NtAlertThreadByThreadId((HANDLE)(ULONG_PTR)GetCurrentThreadId()), 0);
    EXPECT_EQ(NtWaitForAlertByThreadId(NULL, &Zero), 0x101); /* STATUS_ALERTED: the alert is kept */
    EXPECT_EQ(NtWaitForAlertByThreadId(NULL, &Zero), 0x102); /* and consumed */
    EXPECT_EQ(NtCreateKeyedEvent(&Keyed, GENERIC_ALL, NULL, 0), 0);
    EXPECT_EQ(NtReleaseKeyedEvent(Keyed, (void *)8, FALSE, &Zero),
              0x102); /* nobody waits for that key */
    Thread = CreateThread(NULL, 0, KeyedThread, (void *)16, 0, NULL);
    EXPECT_EQ(NtReleaseKeyedEvent(Keyed, (void *)16, FALSE, NULL), 0); /* waits for its partner */
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    EXPECT_EQ(Code, 0);
    EXPECT_EQ((ULONG)NtWaitForKeyedEvent(Keyed, (void *)3, FALSE, &Zero),
              0xC00000EF); /* a key is even */
}

static void
Information(void)
{
    ULONG Length = 0, Basic[16];
    char *Buffer;
    BOOL Found = FALSE;

    EXPECT_EQ(NtQuerySystemInformation(0, Basic, sizeof(Basic), &Length), 0);
    EXPECT_EQ(Basic[2], 4096); /* the page size */
    EXPECT_EQ((ULONG)NtQuerySystemInformation(0, Basic, 8, &Length),
              0xC0000004); /* STATUS_INFO_LENGTH_MISMATCH */
    EXPECT_EQ((ULONG)NtQuerySystemInformation(5, NULL, 0, &Length), 0xC0000004);
    EXPECT_EQ((ULONG)NtQuerySystemInformation(0x7FFF, Basic, sizeof(Basic), &Length), 0xC0000003);
    Buffer = HeapAlloc(GetProcessHeap(), 0, Length);
    EXPECT_EQ(NtQuerySystemInformation(5, Buffer, Length, &Length), 0);
    for (char *At = Buffer;; At += *(ULONG *)At) {
        Found = Found || *(ULONG_PTR *)(At + 0x50) == GetCurrentProcessId();
        if (*(ULONG *)At == 0) {
            break;
        }
    }
    EXPECT(Found);
}

NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, const HANDLE *Handles, int Type,
                                        BOOLEAN Alertable, PLARGE_INTEGER Timeout);

/* What cannot be waited for leaves all as it was. [LEARN:synchapi/waitformultipleobjects]; all is 0, any is 1 */
static void
Waits(void)
{
    HANDLE Event[65];
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    for (int i = 0; i < 65; i++) {
        Event[i] = CreateEventA(NULL, FALSE, i == 63, NULL);
    }
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(0, Event, 1, FALSE, NULL), 0xC00000EF);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(65, Event, 1, FALSE, NULL), 0xC00000EF);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, Event, 2, FALSE, NULL), 0xC00000F1);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, KERNEL_ADDRESS, 1, FALSE, NULL), 0xC0000005);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, Event, 1, FALSE, KERNEL_ADDRESS), 0xC0000005);
    EXPECT_EQ(NtWaitForMultipleObjects(63, Event, 1, FALSE, &Soon), 0x102);
    EXPECT_EQ(NtWaitForMultipleObjects(64, Event, 0, FALSE, &Soon),
              0x102); /* not all: none is consumed */
    EXPECT_EQ(NtWaitForMultipleObjects(64, Event, 1, FALSE, NULL), 63);
    EXPECT_EQ(NtWaitForMultipleObjects(64, Event, 1, FALSE, &Soon), 0x102);

    SetEvent(Event[0]);
    CloseHandle(Event[64]);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, (HANDLE[]){Event[0], Event[0]}, 0, FALSE, NULL),
              0xC0000030); /* STATUS_INVALID_PARAMETER_MIX: twice, for all */
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(3, (HANDLE[]){Event[0], Event[1], Event[0]}, 0, FALSE,
                                              NULL),
              0xC0000030);
    EXPECT_EQ(NtWaitForMultipleObjects(3, (HANDLE[]){Event[1], Event[0], Event[0]}, 1, FALSE, NULL),
              1);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, (HANDLE[]){Event[1], (HANDLE)-1}, 1, FALSE, &Soon),
              0xC0000008);
    EXPECT_EQ((ULONG)NtWaitForMultipleObjects(2, (HANDLE[]){(HANDLE)-2, Event[1]}, 1, FALSE, &Soon),
              0xC0000008);
    EXPECT_EQ(
        (ULONG)NtWaitForMultipleObjects(2, (HANDLE[]){Event[1], (HANDLE)0x7FFC}, 1, FALSE, &Soon),
        0xC0000008);
    for (int i = 0; i < 64; i++) {
        SetEvent(Event[i]);
    }
    EXPECT_EQ(NtWaitForMultipleObjects(64, Event, 0, FALSE, NULL), 0);
    EXPECT_EQ(NtWaitForMultipleObjects(64, Event, 1, FALSE, &Soon), 0x102); /* all consumed */
    for (int i = 0; i < 64; i++) {
        EXPECT(CloseHandle(Event[i]));
    }
}

int
main(void)
{
    Waits();
    Events();
    Semaphores();
    Mutexes();
    Timers();
    Alerts();
    Information();
    return TEST_DONE();
}
