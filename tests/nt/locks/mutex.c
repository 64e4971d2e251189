/*
 * mutex.c - KMUTEX and KMUTANT beyond the table: counts, hand-over, abandonment, limits, several at once.
 * [DDI:wdm/kereleasemutex], [DDI:wdm/kewaitforsingleobject], [K:introduction-to-mutex-objects]
 */
#include "worker.h"

NTKERNELAPI VOID NTAPI KeInitializeMutant(PRKMUTEX, BOOLEAN);
NTKERNELAPI LONG NTAPI KeReleaseMutant(PRKMUTEX, KPRIORITY, BOOLEAN, BOOLEAN);

static KMUTEX Mutex, Second;
static KEVENT Event;
static LARGE_INTEGER Zero;

static NTSTATUS
Take(PKMUTEX What)
{
    return KeWaitForSingleObject(What, Executive, KernelMode, FALSE, NULL);
}
static LONG_PTR
DoTake(PVOID What)
{
    NTSTATUS Status = Take(What);

    return Status == STATUS_SUCCESS ? KeAreApcsDisabled() : Status;
}
static LONG_PTR
DoRelease(PVOID What)
{
    return KeReleaseMutex(What, FALSE);
}

/* "the return value is zero when the mutex becomes signaled": the state before each release. */
static VOID
Counts(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    Take(&Mutex);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 0);
    Take(&Mutex);
    Take(&Mutex);
    EXPECT_EQ(KeReadStateMutex(&Mutex), -2);
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), -2);
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), -1);
    EXPECT(KeAreApcsDisabled()); /* the region lasts until the final release */
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), 0);
    EXPECT(!KeAreApcsDisabled());
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
}

/* A recursion opens the region once; two mutexes open two. */
static VOID
Regions(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    KeInitializeMutex(&Second, 0);
    Take(&Mutex);
    Take(&Second);
    Take(&Second);
    KeReleaseMutex(&Second, FALSE);
    KeReleaseMutex(&Second, FALSE);
    EXPECT(KeAreApcsDisabled());
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(!KeAreApcsDisabled());
    Take(&Mutex);
    Take(&Second);
    KeReleaseMutex(&Mutex, FALSE); /* in either order */
    EXPECT(KeAreApcsDisabled());
    KeReleaseMutex(&Second, FALSE);
    EXPECT(!KeAreApcsDisabled());
}

/* The mutex is the waiter's from the moment of the release, whenever the waiter runs. */
static VOID
HandOver(VOID)
{
    StartWorkers();
    KeInitializeMutex(&Mutex, 0);
    Take(&Mutex);
    Take(&Mutex);
    Send(0, DoTake, &Mutex);
    Send(1, DoTake, &Mutex);
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(Busy(0) && Busy(1)); /* equal releases first */
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT_STATUS(KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, &Zero),
                  STATUS_TIMEOUT);
    EXPECT_EQ(Await(0), TRUE); /* first come, first served; and in its critical region */
    EXPECT(Busy(1));
    EXPECT_EQ(Ask(0, DoRelease, &Mutex), 0);
    EXPECT_EQ(Await(1), TRUE);
    Ask(1, DoRelease, &Mutex);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EndWorkers();
}

static LONG_PTR
DoTimedTake(PVOID What)
{
    LARGE_INTEGER Timeout = {.QuadPart = -100000};
    NTSTATUS Status = KeWaitForSingleObject(What, Executive, KernelMode, FALSE, &Timeout);

    return Status;
}

/* A wait that timed out owns nothing. */
static VOID
TimeOut(VOID)
{
    StartWorkers();
    KeInitializeMutex(&Mutex, 0);
    Take(&Mutex);
    EXPECT_STATUS(Ask(0, DoTimedTake, &Mutex), STATUS_TIMEOUT);
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EXPECT_EQ(Ask(1, DoTake, &Mutex), TRUE);
    Ask(1, DoRelease, &Mutex);
    EndWorkers();
}

/* MINLONG is the limit: beyond it the wait raises. The count is set here, as 2^31 waits would take an hour. */
static VOID
Limit(VOID)
{
    PVOID Objects[2] = {&Mutex, &Second};

    KeInitializeMutex(&Mutex, 0);
    KeInitializeMutex(&Second, 0);
    Take(&Mutex);
    Mutex.Header.SignalState = MINLONG;
    EXPECT_RAISES(Take(&Mutex), STATUS_MUTANT_LIMIT_EXCEEDED);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT_EQ(Mutex.Header.SignalState, (LONG)MINLONG);
    EXPECT_RAISES(
        KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL),
        STATUS_MUTANT_LIMIT_EXCEEDED);
    EXPECT_EQ(KeReadStateMutex(&Second), 1); /* none was taken */
    Mutex.Header.SignalState = MINLONG + 1;
    EXPECT_STATUS(Take(&Mutex), STATUS_SUCCESS);
    EXPECT_EQ(Mutex.Header.SignalState, (LONG)MINLONG);
    Mutex.Header.SignalState = 0;
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(!KeAreApcsDisabled());
}

/* WaitAll takes all or none; WaitAny the first that is free. */
static VOID
Several(VOID)
{
    PVOID Objects[2] = {&Mutex, &Second};

    StartWorkers();
    KeInitializeMutex(&Mutex, 0);
    KeInitializeMutex(&Second, 0);
    Ask(0, DoTake, &Second);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, &Zero, NULL),
        STATUS_TIMEOUT);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EXPECT(!KeAreApcsDisabled());
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, &Zero, NULL),
        STATUS_WAIT_0);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 0);
    KeReleaseMutex(&Mutex, FALSE);
    Ask(1, DoTake, &Mutex);
    Ask(0, DoRelease, &Second);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, &Zero, NULL),
        STATUS_WAIT_1);
    KeReleaseMutex(&Second, FALSE);
    Ask(1, DoRelease, &Mutex);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 0);
    EXPECT_EQ(KeReadStateMutex(&Second), 0);
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(KeAreApcsDisabled());
    KeReleaseMutex(&Second, FALSE);
    EXPECT(!KeAreApcsDisabled());
    EndWorkers();
}

static VOID NTAPI
TakeAndEnd(PVOID What)
{
    Take(What);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Abandon(VOID)
{
    HANDLE Handle;
    PVOID Thread;

    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, TakeAndEnd, &Mutex);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

/* A mutant whose owner ends: the next one owns it and is told, by STATUS_ABANDONED or STATUS_ABANDONED_WAIT_0 + n. */
static VOID
Abandonment(VOID)
{
    PVOID Objects[2] = {&Event, &Mutex};

    StartWorkers();
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeMutant(&Mutex, FALSE);
    Abandon();
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EXPECT_RAISES(KeReleaseMutex(&Mutex, FALSE), STATUS_ABANDONED); /* not owned, and abandoned */
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, &Zero, NULL),
        STATUS_ABANDONED_WAIT_0 + 1);
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT_RAISES(KeReleaseMutex(&Mutex, FALSE), STATUS_MUTANT_NOT_OWNED);
    Abandon();
    KeSetEvent(&Event, 0, FALSE);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, &Zero, NULL),
        STATUS_ABANDONED_WAIT_0);
    KeReleaseMutex(&Mutex, FALSE);
    /* A thread that waits already is told too. */
    KeInitializeMutant(&Mutex, TRUE);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 0);
    Send(0, DoTake, &Mutex);
    EXPECT_EQ(KeReleaseMutant(&Mutex, 1, TRUE, FALSE), 0);
    EXPECT_STATUS(Await(0), STATUS_ABANDONED);
    EXPECT_EQ(Ask(0, DoRelease, &Mutex), 0);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EndWorkers();
}

/* Wait TRUE: the next call must wait, and restores the IRQL. */
static VOID
ReleaseAndWait(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    Take(&Mutex);
    EXPECT_EQ(KeReleaseMutex(&Mutex, TRUE), 0);
    EXPECT_STATUS(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(!KeAreApcsDisabled());
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
}

TEST_DRIVER(TEST(Counts), TEST(Regions), TEST(HandOver), TEST(TimeOut), TEST(Limit), TEST(Several),
            TEST(Abandonment), TEST(ReleaseAndWait))
