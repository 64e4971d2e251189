/*
 * timeouts-client.c - how long a wait lasts that is interrupted: each kind of wait with a timeout, relative or absolute, in a thread that is suspended
 * and goes on some times meanwhile. The model: it ends when its time is over, or when the thread goes on that was suspended then.
 * A port is the others' meanwhile. [LEARN:fileio/i-o-completion-ports]: the concurrency value limits the threads that run.
 * [LEARN:synchapi/sleep, waitforsingleobject, waitformultipleobjects, signalobjectandwait], [LEARN:ioapiset/getqueuedcompletionstatus, …ex];
 * [LEARN:processthreadsapi/suspendthread]; NtDelayExecution and others of winternl.h: a negative time is relative.
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define MS      10000ll /* in 100 ns */
#define SLACK   (40 * MS)
#define BEFORE  (2 * MS) /* who asks for the time sees it move */
#define TIMEOUT 0x102

NTSYSAPI NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER Interval);
NTSYSAPI NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, HANDLE *Handles, ULONG Type,
                                                 BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSYSAPI NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE Signal, HANDLE Wait,
                                                       BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSYSAPI NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE Port, PVOID *Key, PVOID *Context,
                                             PIO_STATUS_BLOCK Status, PLARGE_INTEGER Timeout);
NTSYSAPI NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE Port, PVOID Entries, ULONG Count,
                                               PULONG Removed, PLARGE_INTEGER Timeout,
                                               BOOLEAN Alertable);
NTSYSAPI NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE Event, PVOID Key, BOOLEAN Alertable,
                                            PLARGE_INTEGER Timeout);
NTSYSAPI NTSTATUS NTAPI NtCreateKeyedEvent(HANDLE *Event, ACCESS_MASK Access,
                                           POBJECT_ATTRIBUTES Attributes, ULONG Flags);

static HANDLE Event, Other, Port, Keyed, Start, Done;
static LARGE_INTEGER Due;
static ULONG Kind;
static NTSTATUS Status;
static LONGLONG Ended;

static LONGLONG
Now(void)
{
    FILETIME Time;

    GetSystemTimeAsFileTime(&Time);
    return ((LONGLONG)Time.dwHighDateTime << 32) | Time.dwLowDateTime;
}

enum {
    DELAY,
    DELAY_ALERTABLE,
    SINGLE,
    SINGLE_ALERTABLE,
    ANY,
    ALL,
    SIGNAL,
    REMOVE,
    REMOVE_EX,
    KEYED,
    KINDS
};

static NTSTATUS
Wait(void)
{
    HANDLE Both[2] = {Event, Other};
    OVERLAPPED_ENTRY Entries[2];
    IO_STATUS_BLOCK Block;
    PVOID Key, Context;
    ULONG Count;

    switch (Kind) {
    case DELAY:
    case DELAY_ALERTABLE:
        return NtDelayExecution(Kind == DELAY_ALERTABLE, &Due);
    case SINGLE:
    case SINGLE_ALERTABLE:
        return NtWaitForSingleObject(Event, Kind == SINGLE_ALERTABLE, &Due);
    case ANY:
    case ALL:
        return NtWaitForMultipleObjects(2, Both, Kind == ANY, FALSE, &Due);
    case SIGNAL:
        return NtSignalAndWaitForSingleObject(Other, Event, FALSE, &Due);
    case REMOVE:
        return NtRemoveIoCompletion(Port, &Key, &Context, &Block, &Due);
    case REMOVE_EX:
        return NtRemoveIoCompletionEx(Port, Entries, 2, &Count, &Due, FALSE);
    default:
        return NtWaitForKeyedEvent(Keyed, &Due, FALSE, &Due);
    }
}

static DWORD WINAPI
Waiter(PVOID Unused)
{
    for (;;) {
        WaitForSingleObject(Start, INFINITE);
        Status = Wait();
        Ended = Now();
        SetEvent(Done);
    }
}

static void
Each(HANDLE Thread, ULONG Of, BOOL Absolute, LONG Length, ULONG Times, LONG Pause, LONG Running)
{
    LONGLONG Expected = Now() + Length * MS;

    Kind = Of;
    Due.QuadPart = Absolute ? Expected : -Length * MS;
    ResetEvent(Other);
    SetEvent(Start);
    for (ULONG i = 0; i < Times; i++) {
        BOOL Waits;

        Sleep((DWORD)Running);
        Waits = Now() < Expected;
        EXPECT_EQ(SuspendThread(Thread), 0);
        Sleep((DWORD)Pause);
        EXPECT_EQ(ResumeThread(Thread), 1);
        if (Waits && Now() > Expected) {
            Expected = Now();
        }
    }
    EXPECT_EQ(WaitForSingleObject(Done, 10000), 0);
    EXPECT_EQ(Status, Of == DELAY || Of == DELAY_ALERTABLE ? 0 : TIMEOUT);
    EXPECT(Ended > Expected - BEFORE && Ended < Expected + SLACK);
    if (Ended <= Expected - BEFORE || Ended >= Expected + SLACK) {
        printf("ntlab-test: note %s:%d kind %lu absolute %d %ld ms, %lu times %ld + %ld: %lld ms "
               "late\n",
               __func__, __LINE__, Of, Absolute, Length, Times, Running, Pause,
               (Ended - Expected) / MS);
    }
}

/* ---- a thread that is suspended in its wait for a port does not keep packets from the others ---- */

static volatile LONG Got[2];

static DWORD WINAPI
Getter(PVOID Number)
{
    for (;;) {
        ULONG_PTR Key;
        OVERLAPPED *Overlapped;
        DWORD Bytes;

        if (!GetQueuedCompletionStatus(Port, &Bytes, &Key, &Overlapped, INFINITE)) {
            return 1;
        }
        InterlockedIncrement(&Got[(ULONG_PTR)Number]);
    }
}

static void
OthersGoOn(DWORD Concurrency)
{
    HANDLE Threads[2];

    Got[0] = Got[1] = 0;
    Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, Concurrency);
    for (ULONG_PTR i = 0; i < 2; i++) {
        Threads[i] = CreateThread(NULL, 0, Getter, (PVOID)i, 0, NULL);
        Sleep(10);
    }
    for (ULONG i = 0; i < 6; i++) {
        ULONG Suspended = i % 2;
        LONG Before = Got[!Suspended];

        EXPECT_EQ(SuspendThread(Threads[Suspended]), 0);
        Sleep(10);
        EXPECT(PostQueuedCompletionStatus(Port, 0, 0, NULL));
        Sleep(10);
        EXPECT_EQ(Got[!Suspended], Before + 1);
        EXPECT_EQ(SuspendThread(Threads[!Suspended]), 0);
        Sleep(10);
        EXPECT(PostQueuedCompletionStatus(Port, 0, 0, NULL));
        EXPECT(PostQueuedCompletionStatus(Port, 0, 0, NULL));
        Sleep(10);
        EXPECT_EQ(Got[0] + Got[1], 3 * (LONG)i + 1);
        EXPECT_EQ(ResumeThread(Threads[i / 3]), 1);
        Sleep(10);
        EXPECT_EQ(Got[0] + Got[1], 3 * (LONG)i + 3);
        EXPECT_EQ(ResumeThread(Threads[!(i / 3)]), 1);
        Sleep(10);
    }
}

int
main(void)
{
    static const LONG Pauses[] = {10, 70, 400}; /* of 300 ms: ends in the wait, and behind it */
    HANDLE Thread;

    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    Other = CreateEventA(NULL, TRUE, FALSE, NULL);
    Start = CreateEventA(NULL, FALSE, FALSE, NULL);
    Done = CreateEventA(NULL, FALSE, FALSE, NULL);
    Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    EXPECT_EQ(NtCreateKeyedEvent(&Keyed, GENERIC_ALL, NULL, 0), 0);
    Thread = CreateThread(NULL, 0, Waiter, NULL, 0, NULL);
    for (ULONG Of = 0; Of < KINDS; Of++) {
        for (ULONG Absolute = 0; Absolute < 2; Absolute++) {
            Each(Thread, Of, Absolute, 300, 0, 0, 0);
            for (ULONG i = 0; i < 3; i++) {
                Each(Thread, Of, Absolute, 300, 1, Pauses[i], 30);
                Each(Thread, Of, Absolute, 300, 3, Pauses[i], 30);
            }
        }
    }
    OthersGoOn(0);
    OthersGoOn(1);
    return TEST_DONE();
}
