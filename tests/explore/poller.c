/*
 * poller.c - threads that wait with a time-out and change something in each round: how often that comes before what others do.
 *
 *     1  nobody waits for it; another thread finds that it has been there once
 *     2  it is told to stop when the driver is unloaded, and has been there ROUNDS times before
 *     3  two of them, and nobody waits for them
 *     4  it is told to stop by a DPC, at the fifth expiry of a timer with a period
 *     5  its fifth round lets the unload routine go on
 *     6  it gives up after five rounds: the counter that it has in a register makes each of them another state
 *     7  it takes entries off a queue, and looks after something else when none comes
 *     8  two of them, of a second and of two, have to come round four times and three
 *     9  the unload routine waits for an event that is set before it is reset: the thread goes on coming round beside that
 *    10  it looks without a pause, with a lock: the default order has it look for ever
 */
#include <ntifs.h>

#ifndef ROUNDS
#define ROUNDS 0
#endif

static FAST_MUTEX Mutex;
static KEVENT Stop, Enough;
static KQUEUE Queue;
static LIST_ENTRY Entry;
static KTIMER Timer;
static KDPC Dpc;
static LONG Seen, Expired, Wanted = 5, Missing;
static PVOID Thread[2];

static VOID
Look(VOID)
{
    ExAcquireFastMutex(&Mutex);
    if (++Seen == Wanted && --Missing == 0) {
        KeSetEvent(&Enough, IO_NO_INCREMENT, FALSE);
    }
    ExReleaseFastMutex(&Mutex);
}

static LARGE_INTEGER
Seconds(ULONG Count)
{
    return (LARGE_INTEGER){.QuadPart = -10000000ll * Count};
}

static VOID NTAPI
Sleep(PVOID Context)
{
    LARGE_INTEGER Second = Seconds(1);

    for (;;) {
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
        Look();
    }
}

static VOID NTAPI
Poll(PVOID Context)
{
    LARGE_INTEGER Second = Seconds(1);

    while (KeWaitForSingleObject(&Stop, Executive, KernelMode, FALSE, &Second) == STATUS_TIMEOUT) {
        Look();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Seen is counted for both; each has to come round as often as it is told. */
static VOID NTAPI
PollUntil(PVOID Context)
{
    LARGE_INTEGER Time = Seconds(Context != NULL ? 2 : 1);
    static LONG Rounds[2];

    while (KeWaitForSingleObject(&Stop, Executive, KernelMode, FALSE, &Time) == STATUS_TIMEOUT) {
        ExAcquireFastMutex(&Mutex);
        if (++Rounds[Context != NULL] == (Context != NULL ? 3 : 4) && --Missing == 0) {
            KeSetEvent(&Enough, IO_NO_INCREMENT, FALSE);
        }
        ExReleaseFastMutex(&Mutex);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
GiveUp(PVOID Context)
{
    LARGE_INTEGER Second = Seconds(1);
    LONG Done = 0;

    for (ULONG Round = 0; Round < 5 && !Done; Round++) {
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
        ExAcquireFastMutex(&Mutex);
        Done = Seen;
        ExReleaseFastMutex(&Mutex);
    }
    if (!Done) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, PROGRAM, 0, 0, 0);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Serve(PVOID Context)
{
    LARGE_INTEGER Second = Seconds(1);
    PLIST_ENTRY Next;

    do {
        Next = KeRemoveQueue(&Queue, KernelMode, &Second);
        Look();
    } while (Next != &Entry);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Find(PVOID Context)
{
    ExAcquireFastMutex(&Mutex);
    if (Seen == 1 && PROGRAM == 1) {
        KeBugCheckEx(0xE2, PROGRAM, 0, 0, 0);
    }
    Seen += PROGRAM == 6 || PROGRAM == 10;
    ExReleaseFastMutex(&Mutex);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Spin(PVOID Context)
{
    LONG Done;

    do {
        ExAcquireFastMutex(&Mutex);
        Done = Seen;
        ExReleaseFastMutex(&Mutex);
    } while (!Done);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Signal(PVOID Context)
{
    KeSetEvent(&Enough, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Due(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (++Expired == 5) {
        KeSetEvent(&Stop, IO_NO_INCREMENT, FALSE);
    }
}

static VOID
Start(PKSTART_ROUTINE Routine, PVOID Context, PVOID *Object)
{
    HANDLE Handle;

    if (NT_SUCCESS(
            PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context))) {
        if (Object != NULL) {
            ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, Object,
                                      NULL);
        }
        ZwClose(Handle);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    if (PROGRAM == 2 && ROUNDS != 0) {
        ExAcquireFastMutex(&Mutex);
        if (Seen == ROUNDS) {
            KeBugCheckEx(0xE2, PROGRAM, 0, 0, 0);
        }
        ExReleaseFastMutex(&Mutex);
    }
    if (PROGRAM == 9) {
        KeResetEvent(&Enough);
    }
    if (PROGRAM == 5 || PROGRAM == 8 || PROGRAM == 9) {
        KeWaitForSingleObject(&Enough, Executive, KernelMode, FALSE, NULL);
    }
    if (PROGRAM == 7) {
        KeInsertQueue(&Queue, &Entry);
    } else if (PROGRAM != 4) {
        KeSetEvent(&Stop, IO_NO_INCREMENT, FALSE);
    }
    for (ULONG Index = 0; Index < 2 && Thread[Index] != NULL; Index++) {
        KeWaitForSingleObject(Thread[Index], Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Thread[Index]);
    }
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LARGE_INTEGER Second = Seconds(1);

    ExInitializeFastMutex(&Mutex);
    KeInitializeEvent(&Stop, NotificationEvent, FALSE);
    KeInitializeEvent(&Enough, NotificationEvent, FALSE);
    KeInitializeQueue(&Queue, 1);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, Due, NULL);
    Missing = PROGRAM == 8 ? 2 : PROGRAM == 9 ? 0 : 1;
    switch (PROGRAM) {
    case 1:
        Start(Sleep, NULL, NULL);
        Start(Find, NULL, NULL);
        return STATUS_SUCCESS;
    case 3:
        Start(Sleep, NULL, NULL);
        Start(Sleep, NULL, NULL);
        return STATUS_SUCCESS;
    case 6:
        Start(GiveUp, NULL, &Thread[0]);
        Start(Find, NULL, &Thread[1]);
        break;
    case 7:
        Start(Serve, NULL, &Thread[0]);
        break;
    case 8:
        Start(PollUntil, NULL, &Thread[0]);
        Start(PollUntil, &Mutex, &Thread[1]);
        break;
    case 10:
        Start(Spin, NULL, &Thread[0]);
        Start(Find, NULL, &Thread[1]);
        break;
    case 9:
        Start(Signal, NULL, &Thread[1]);
        __attribute__((fallthrough));
    default:
        Start(Poll, NULL, &Thread[0]);
    }
    if (PROGRAM == 4) {
        KeSetTimerEx(&Timer, Second, 1000, &Dpc);
    }
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
