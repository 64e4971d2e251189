/*
 * state-client.c - what the Query services say of an event, a mutant, a semaphore, a timer, a completion port; opening them
 * by name; signal-and-wait. [LEARN:winternl/ntqueryevent] and its kin by the structures that debuggers show
 * (EVENT_BASIC_INFORMATION ...), [LEARN:synchapi/openmutexw], [LEARN:synchapi/signalobjectandwait],
 * [LEARN:synchapi/pulseevent], [LEARN:ioapiset/getqueuedcompletionstatusex], [LEARN:synchapi/waitforsingleobject].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryEvent(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryMutant(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryTimer(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtResetEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtClearEvent(HANDLE);
NTSTATUS NTAPI NtPulseEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtReleaseMutant(HANDLE, PLONG);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE, LONG, PLONG);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE, HANDLE, BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtQueryTimerResolution(PULONG, PULONG, PULONG);
NTSTATUS NTAPI NtSetTimerResolution(ULONG, BOOLEAN, PULONG);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE, PVOID, PVOID, NTSTATUS, ULONG_PTR);
NTSTATUS NTAPI NtOpenIoCompletion(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtAllocateLocallyUniqueId(PLUID);

#define KERNEL_ADDRESS  ((void *)0x400080000000ull)
#define BAD_CLASS       0xC0000003
#define LENGTH_MISMATCH 0xC0000004
#define VIOLATION       0xC0000005
#define INVALID_HANDLE  0xC0000008
#define ACCESS_DENIED   0xC0000022
#define TYPE_MISMATCH   0xC0000024
#define NOT_OWNED       0xC0000046
#define LIMIT_EXCEEDED  0xC0000047

typedef NTSTATUS(NTAPI *QUERY)(HANDLE, int, PVOID, ULONG, PULONG);

/* What every one of them checks. */
static void
Common(QUERY Query, HANDLE Good, HANDLE Other, ULONG Size)
{
    ULONG64 Space[4];
    ULONG Length = 0;
    HANDLE Weak;

    EXPECT_EQ(Query(Good, 0, Space, Size, &Length), 0);
    EXPECT_EQ(Length, Size);
    EXPECT_EQ(Query(Good, 0, Space, Size, NULL), 0);
    EXPECT_EQ((ULONG)Query(Good, 1, Space, Size, NULL), BAD_CLASS);
    EXPECT_EQ((ULONG)Query(Good, 0, Space, Size - 1, NULL), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)Query(Good, 0, Space, Size + 1, NULL), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)Query(Good, 0, KERNEL_ADDRESS, Size, NULL), VIOLATION);
    EXPECT_EQ((ULONG)Query(Other, 0, Space, Size, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)Query((HANDLE)0x5554, 0, Space, Size, NULL), INVALID_HANDLE);
    EXPECT(DuplicateHandle((HANDLE)-1, Good, (HANDLE)-1, &Weak, SYNCHRONIZE, FALSE, 0));
    EXPECT_EQ((ULONG)Query(Weak, 0, Space, Size, NULL), ACCESS_DENIED);
    CloseHandle(Weak);
}

static void
Events(HANDLE Other)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, "Local\\NtlabState"), Again, Auto;
    ULONG State[2];
    LONG Previous = 9;

    Common(NtQueryEvent, Event, Other, 8);
    NtQueryEvent(Event, 0, State, 8, NULL);
    EXPECT(State[0] == 0 && State[1] == 0); /* notification, not signaled */
    EXPECT_EQ(NtSetEvent(Event, &Previous), 0);
    EXPECT_EQ(Previous, 0);
    EXPECT_EQ(NtSetEvent(Event, &Previous), 0);
    EXPECT_EQ(Previous, 1);
    NtQueryEvent(Event, 0, State, 8, NULL);
    EXPECT_EQ(State[1], 1);
    EXPECT_EQ(NtResetEvent(Event, &Previous), 0);
    EXPECT_EQ(Previous, 1);
    EXPECT_EQ(NtResetEvent(Event, &Previous), 0);
    EXPECT_EQ(Previous, 0);
    NtSetEvent(Event, NULL);
    EXPECT_EQ(NtClearEvent(Event), 0);
    NtQueryEvent(Event, 0, State, 8, NULL);
    EXPECT_EQ(State[1], 0);
    NtSetEvent(Event, NULL);
    EXPECT_EQ(NtPulseEvent(Event, &Previous), 0); /* nobody waits: it only resets */
    EXPECT_EQ(Previous, 1);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    EXPECT_EQ((ULONG)NtSetEvent(Event, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ((ULONG)NtResetEvent(Event, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ((ULONG)NtPulseEvent(Event, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ((ULONG)NtSetEvent(Other, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtResetEvent(Other, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtPulseEvent(Other, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtClearEvent(Other), TYPE_MISMATCH);
    Again = OpenEventA(SYNCHRONIZE, FALSE, "Local\\NtlabState");
    EXPECT(Again != NULL && Again != Event);
    EXPECT_EQ((ULONG)NtSetEvent(Again, NULL), ACCESS_DENIED); /* EVENT_MODIFY_STATE was not asked */
    NtSetEvent(Event, NULL);
    EXPECT_EQ(WaitForSingleObject(Again, 0), WAIT_OBJECT_0); /* it is the same one */
    CloseHandle(Again);
    CloseHandle(Event);
    EXPECT_EQ(OpenEventA(SYNCHRONIZE, FALSE, "Local\\NtlabState"), NULL); /* gone with the last */
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    Auto = CreateEventA(NULL, FALSE, TRUE, NULL);
    NtQueryEvent(Auto, 0, State, 8, NULL);
    EXPECT(State[0] == 1 && State[1] == 1);
    CloseHandle(Auto);
}

static DWORD WINAPI
Abandon(void *Mutex)
{
    return WaitForSingleObject(Mutex, INFINITE);
}

static void
Mutants(HANDLE Other)
{
    HANDLE Mutex = CreateMutexA(NULL, TRUE, "NtlabMutex"), Again, Thread;
    struct {
        LONG Count;
        BOOLEAN Mine, Abandoned;
    } State;
    LONG Previous = 9;

    Common(NtQueryMutant, Mutex, Other, 8);
    NtQueryMutant(Mutex, 0, &State, 8, NULL);
    EXPECT(State.Count == 0 && State.Mine && !State.Abandoned);
    WaitForSingleObject(Mutex, 0);
    NtQueryMutant(Mutex, 0, &State, 8, NULL);
    EXPECT_EQ(State.Count, -1); /* owned twice */
    EXPECT_EQ(NtReleaseMutant(Mutex, &Previous), 0);
    EXPECT_EQ(Previous, -1);
    EXPECT_EQ(NtReleaseMutant(Mutex, &Previous), 0);
    EXPECT_EQ(Previous, 0);
    NtQueryMutant(Mutex, 0, &State, 8, NULL);
    EXPECT(State.Count == 1 && !State.Mine && !State.Abandoned);
    EXPECT_EQ((ULONG)NtReleaseMutant(Mutex, NULL), NOT_OWNED);
    EXPECT_EQ((ULONG)NtReleaseMutant(Other, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtReleaseMutant(Mutex, KERNEL_ADDRESS), VIOLATION);
    Thread = CreateThread(NULL, 0, Abandon, Mutex, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    NtQueryMutant(Mutex, 0, &State, 8, NULL);
    EXPECT(State.Count == 1 && State.Abandoned);
    EXPECT_EQ(WaitForSingleObject(Mutex, 0), WAIT_ABANDONED); /* said once */
    NtReleaseMutant(Mutex, NULL);
    EXPECT_EQ(WaitForSingleObject(Mutex, 0), WAIT_OBJECT_0);
    NtQueryMutant(Mutex, 0, &State, 8, NULL);
    EXPECT(State.Mine && !State.Abandoned);
    Again = OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "NtlabMutex");
    NtQueryMutant(Again, 0, &State, 8, NULL);
    EXPECT(State.Mine);
    CloseHandle(Again);
    EXPECT_EQ(OpenMutexA(SYNCHRONIZE, FALSE, "NtlabNoMutex"), NULL);
    CloseHandle(Thread);
    CloseHandle(Mutex);
}

static void
Semaphores(HANDLE Other)
{
    HANDLE Semaphore = CreateSemaphoreA(NULL, 1, 3, "NtlabSemaphore"), Again;
    LONG State[2], Previous = 9;

    Common(NtQuerySemaphore, Semaphore, Other, 8);
    NtQuerySemaphore(Semaphore, 0, State, 8, NULL);
    EXPECT(State[0] == 1 && State[1] == 3);
    EXPECT_EQ(NtReleaseSemaphore(Semaphore, 2, &Previous), 0);
    EXPECT_EQ(Previous, 1);
    EXPECT_EQ((ULONG)NtReleaseSemaphore(Semaphore, 1, NULL), LIMIT_EXCEEDED);
    EXPECT_EQ((ULONG)NtReleaseSemaphore(Semaphore, 0, NULL), 0xC000000D);
    EXPECT_EQ((ULONG)NtReleaseSemaphore(Semaphore, -1, NULL), 0xC000000D);
    EXPECT_EQ((ULONG)NtReleaseSemaphore(Other, 1, NULL), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtReleaseSemaphore(Semaphore, 1, KERNEL_ADDRESS), VIOLATION);
    NtQuerySemaphore(Semaphore, 0, State, 8, NULL);
    EXPECT_EQ(State[0], 3);
    Again = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, "NtlabSemaphore");
    EXPECT_EQ(WaitForSingleObject(Again, 0), WAIT_OBJECT_0);
    NtQuerySemaphore(Semaphore, 0, State, 8, NULL);
    EXPECT_EQ(State[0], 2);
    CloseHandle(Again);
    CloseHandle(Semaphore);
}

static void
Timers(HANDLE Other)
{
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, "NtlabTimer"), Again;
    LARGE_INTEGER Due = {.QuadPart = -1000000};
    struct {
        LARGE_INTEGER Remaining;
        BOOLEAN State;
    } State;
    ULONG Longest = 0, Shortest = 0, Current = 0;

    Common(NtQueryTimer, Timer, Other, 16);
    NtQueryTimer(Timer, 0, &State, 16, NULL);
    EXPECT_EQ(State.State, FALSE);
    SetWaitableTimer(Timer, &Due, 0, NULL, NULL, FALSE);
    NtQueryTimer(Timer, 0, &State, 16, NULL);
    EXPECT(State.Remaining.QuadPart > 0 && State.Remaining.QuadPart <= 1000000);
    EXPECT_EQ(State.State, FALSE);
    Sleep(50);
    NtQueryTimer(Timer, 0, &State, 16, NULL);
    EXPECT(State.Remaining.QuadPart > 0 && State.Remaining.QuadPart <= 500000);
    Again = OpenWaitableTimerA(TIMER_ALL_ACCESS, FALSE, "NtlabTimer");
    EXPECT_EQ(WaitForSingleObject(Again, INFINITE), WAIT_OBJECT_0);
    NtQueryTimer(Again, 0, &State, 16, NULL);
    EXPECT_EQ(State.State, TRUE);
    EXPECT(State.Remaining.QuadPart <= 0); /* it was due so long ago */
    CloseHandle(Again);
    CloseHandle(Timer);
    EXPECT_EQ(NtQueryTimerResolution(&Longest, &Shortest, &Current), 0);
    EXPECT(Longest == 156250 && Shortest == 5000 && Current <= Longest && Current >= Shortest);
    EXPECT_EQ((ULONG)NtQueryTimerResolution(KERNEL_ADDRESS, &Shortest, &Current), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryTimerResolution(&Longest, KERNEL_ADDRESS, &Current), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryTimerResolution(&Longest, &Shortest, KERNEL_ADDRESS), VIOLATION);
    Current = 0;
    EXPECT_EQ(NtSetTimerResolution(10000, TRUE, &Current), 0);
    EXPECT(Current >= 5000 && Current <= 156250);
}

static void
Ports(HANDLE Other)
{
    WCHAR Text[] = L"\\BaseNamedObjects\\NtlabPort";
    UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text), Text};
    OBJECT_ATTRIBUTES Attributes;
    OVERLAPPED_ENTRY Entries[4];
    HANDLE Port, Again;
    ULONG Depth = 9, Got = 9;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    EXPECT_EQ(NtCreateIoCompletion(&Port, IO_COMPLETION_ALL_ACCESS, &Attributes, 0), 0);
    Common(NtQueryIoCompletion, Port, Other, 4);
    EXPECT_EQ(NtOpenIoCompletion(&Again, IO_COMPLETION_ALL_ACCESS, &Attributes), 0);
    for (ULONG i = 0; i < 3; i++) {
        NtQueryIoCompletion(Port, 0, &Depth, 4, NULL);
        EXPECT_EQ(Depth, i);
        EXPECT_EQ(NtSetIoCompletion(Again, (PVOID)(ULONG_PTR)(10 + i), NULL, 0, 100 + i), 0);
    }
    EXPECT(GetQueuedCompletionStatusEx(Port, Entries, 2, &Got, 0, FALSE)); /* as many as fit */
    EXPECT(Got == 2 && Entries[0].lpCompletionKey == 10 && Entries[1].lpCompletionKey == 11);
    EXPECT_EQ(Entries[1].dwNumberOfBytesTransferred, 101);
    EXPECT(
        GetQueuedCompletionStatusEx(Port, Entries, 4, &Got, INFINITE, TRUE)); /* or as there are */
    EXPECT(Got == 1 && Entries[0].lpCompletionKey == 12);
    EXPECT(!GetQueuedCompletionStatusEx(Port, Entries, 4, &Got, 10, FALSE));
    EXPECT_EQ(GetLastError(), WAIT_TIMEOUT);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(KERNEL_ADDRESS, IO_COMPLETION_ALL_ACCESS, &Attributes),
              VIOLATION);
    CloseHandle(Again);
    CloseHandle(Port);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(&Again, IO_COMPLETION_ALL_ACCESS, &Attributes), 0xC0000034);
}

static HANDLE Ping, Pong;

static DWORD WINAPI
Answer(void *Context)
{
    WaitForSingleObject(Ping, INFINITE);
    SetEvent(Pong);
    return 0;
}

static void CALLBACK
Apc(ULONG_PTR Context)
{
    *(int *)Context += 1;
}

static void
SignalAndWait(void)
{
    HANDLE Mutex = CreateMutexA(NULL, TRUE, NULL), Semaphore = CreateSemaphoreA(NULL, 0, 1, NULL);
    HANDLE Timer = CreateWaitableTimerA(NULL, TRUE, NULL), Thread;
    LARGE_INTEGER Zero = {.QuadPart = 0}, Soon = {.QuadPart = -100000};
    int Ran = 0;

    Ping = CreateEventA(NULL, FALSE, FALSE, NULL);
    Pong = CreateEventA(NULL, FALSE, FALSE, NULL);
    Thread = CreateThread(NULL, 0, Answer, NULL, 0, NULL);
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Ping, Pong, FALSE, NULL), 0);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Ping, Pong, FALSE, &Zero), 0x102); /* STATUS_TIMEOUT */
    EXPECT_EQ(WaitForSingleObject(Ping, 0), WAIT_OBJECT_0); /* it was signaled nevertheless */
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Ping, Pong, FALSE, &Soon), 0x102);
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Semaphore, Semaphore, FALSE, &Zero), 0);
    EXPECT_EQ(WaitForSingleObject(Semaphore, 0), WAIT_TIMEOUT);
    ReleaseSemaphore(Semaphore, 1, NULL);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject(Semaphore, Semaphore, FALSE, &Zero),
              LIMIT_EXCEEDED);
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Mutex, Semaphore, FALSE, &Zero), 0);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject(Mutex, Semaphore, FALSE, &Zero), NOT_OWNED);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject(Timer, Semaphore, FALSE, &Zero), TYPE_MISMATCH);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject((HANDLE)0x5554, Ping, FALSE, &Zero),
              INVALID_HANDLE);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject(Ping, (HANDLE)0x5554, FALSE, &Zero),
              INVALID_HANDLE);
    EXPECT_EQ((ULONG)NtSignalAndWaitForSingleObject(Ping, Pong, FALSE, KERNEL_ADDRESS), VIOLATION);
    QueueUserAPC(Apc, GetCurrentThread(), (ULONG_PTR)&Ran);
    EXPECT_EQ(NtSignalAndWaitForSingleObject(Ping, Pong, TRUE, NULL), 0xC0); /* STATUS_USER_APC */
    EXPECT_EQ(Ran, 1);
}

static void
Ids(void)
{
    LUID First = {0, -1}, Second;

    EXPECT_EQ(NtAllocateLocallyUniqueId(&First), 0);
    EXPECT_EQ(NtAllocateLocallyUniqueId(&Second), 0);
    EXPECT(memcmp(&First, &Second, sizeof(First)) != 0); /* unique until the system restarts */
    EXPECT_EQ((ULONG)NtAllocateLocallyUniqueId(KERNEL_ADDRESS), VIOLATION);
}

int
main(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL),
           Semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);

    Events(Semaphore);
    Mutants(Event);
    Semaphores(Event);
    Timers(Event);
    Ports(Event);
    SignalAndWait();
    Ids();
    TEST_DONE();
    return NtlabFailed != 0;
}
