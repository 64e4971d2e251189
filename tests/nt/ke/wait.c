/*
 * wait.c - KeWaitForSingleObject, KeWaitForMultipleObjects, KeDelayExecutionThread, semaphores, mutexes.
 * [DDI:wdm/kewaitforsingleobject], [DDI:wdm/kewaitformultipleobjects], [DDI:wdm/kereleasesemaphore], [DDI:wdm/kereleasemutex]
 */
#include "../ntlab-test.h"

static KEVENT Events[4];
static KSEMAPHORE Semaphore;
static KMUTEX Mutex;
static LARGE_INTEGER Poll;
static LARGE_INTEGER Short = {.QuadPart = -10000}; /* 1 ms */

static NTSTATUS
Wait(PVOID Object, PLARGE_INTEGER Timeout)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, Timeout);
}

static VOID
TimeOuts(VOID)
{
    LARGE_INTEGER Before, After, Absolute, Long = {.QuadPart = -300000000}; /* 30 s */

    KeInitializeEvent(&Events[0], NotificationEvent, FALSE);
    EXPECT_STATUS(Wait(&Events[0], &Poll), STATUS_TIMEOUT); /* zero: returns at once */
    EXPECT_STATUS(Wait(&Events[0], &Short), STATUS_TIMEOUT);
    KeQuerySystemTime(&Before);
    EXPECT_STATUS(Wait(&Events[0], &Long), STATUS_TIMEOUT); /* negative: relative, in 100 ns */
    KeQuerySystemTime(&After);
    EXPECT(After.QuadPart - Before.QuadPart >= 300000000);
    EXPECT(After.QuadPart - Before.QuadPart < 320000000);
    Absolute.QuadPart = After.QuadPart + 10000000; /* positive: absolute system time */
    EXPECT_STATUS(Wait(&Events[0], &Absolute), STATUS_TIMEOUT);
    KeQuerySystemTime(&Before);
    EXPECT(Before.QuadPart >= Absolute.QuadPart);
    Absolute.QuadPart = 1; /* long past */
    EXPECT_STATUS(Wait(&Events[0], &Absolute), STATUS_TIMEOUT);
}

static VOID
Delay(VOID)
{
    LARGE_INTEGER Before, After, Second = {.QuadPart = -10000000};

    KeQuerySystemTime(&Before);
    EXPECT_STATUS(KeDelayExecutionThread(KernelMode, FALSE, &Second),
                  STATUS_SUCCESS); /* the interval has passed */
    KeQuerySystemTime(&After);
    EXPECT(After.QuadPart - Before.QuadPart >= 10000000);
}

static VOID
WaitAnyReturnsIndex(VOID)
{
    PVOID Objects[3] = {&Events[0], &Events[1], &Events[2]};

    for (int i = 0; i < 3; i++) {
        KeInitializeEvent(&Events[i], SynchronizationEvent, FALSE);
    }
    EXPECT_STATUS(
        KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Poll, NULL),
        STATUS_TIMEOUT);
    KeSetEvent(&Events[2], 0, FALSE);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Poll, NULL),
        STATUS_WAIT_2);
    EXPECT_EQ(KeReadStateEvent(&Events[2]), 0); /* the wait that it satisfied has reset it */
    KeSetEvent(&Events[0], 0, FALSE);
    KeSetEvent(&Events[1], 0, FALSE);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Poll, NULL),
        STATUS_WAIT_0);
    EXPECT(KeReadStateEvent(&Events[1]) != 0); /* only the one that satisfied the wait changes */
}

static VOID
WaitAllTakesAllOrNone(VOID)
{
    PVOID Objects[4] = {&Events[0], &Events[1], &Events[2], &Events[3]};
    KWAIT_BLOCK Blocks[4];

    for (int i = 0; i < 4; i++) {
        KeInitializeEvent(&Events[i], SynchronizationEvent, i != 3);
    }
    EXPECT_STATUS(
        KeWaitForMultipleObjects(4, Objects, WaitAll, Executive, KernelMode, FALSE, &Short, Blocks),
        STATUS_TIMEOUT);
    EXPECT(KeReadStateEvent(&Events[0]) != 0); /* nothing was taken */
    KeSetEvent(&Events[3], 0, FALSE);
    EXPECT_STATUS(
        KeWaitForMultipleObjects(4, Objects, WaitAll, Executive, KernelMode, FALSE, &Short, Blocks),
        STATUS_SUCCESS);
    EXPECT_EQ(KeReadStateEvent(&Events[0]), 0);
    EXPECT_EQ(KeReadStateEvent(&Events[3]), 0);
}

static VOID
Semaphores(VOID)
{
    KeInitializeSemaphore(&Semaphore, 1, 3);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 1);
    EXPECT_STATUS(Wait(&Semaphore, &Poll), STATUS_SUCCESS); /* a wait takes one */
    EXPECT_STATUS(Wait(&Semaphore, &Poll), STATUS_TIMEOUT);
    EXPECT_EQ(KeReleaseSemaphore(&Semaphore, 0, 2, FALSE), 0); /* the previous state */
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 2);
    EXPECT_RAISES(KeReleaseSemaphore(&Semaphore, 0, 2, FALSE), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT_EQ(KeReadStateSemaphore(&Semaphore), 2); /* unchanged */
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID
MutexIsRecursive(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
    EXPECT_STATUS(Wait(&Mutex, &Poll), STATUS_SUCCESS);
    EXPECT_STATUS(Wait(&Mutex, &Poll), STATUS_SUCCESS); /* the owner acquires it again */
    EXPECT(KeReleaseMutex(&Mutex, FALSE) != 0);
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE),
              0); /* zero: it is signaled now [DDI:wdm/kereleasemutex] */
    EXPECT_EQ(KeReadStateMutex(&Mutex), 1);
}

static VOID
MutexEntersCriticalRegion(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    EXPECT(!KeAreApcsDisabled());
    Wait(&Mutex, NULL);
    EXPECT(KeAreApcsDisabled()); /* [K:disabling-apcs] */
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(!KeAreApcsDisabled());
}

static VOID
MutexNotOwned(VOID)
{
    KeInitializeMutex(&Mutex, 0);
    EXPECT_RAISES(KeReleaseMutex(&Mutex, FALSE), STATUS_MUTANT_NOT_OWNED);
}

static VOID NTAPI
HoldMutex(PVOID Context)
{
    Wait(&Mutex, NULL);
    KeSetEvent(&Events[0], 0, FALSE);
    Wait(&Events[1], NULL);
    KeReleaseMutex(&Mutex, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
MutexExcludes(VOID)
{
    HANDLE Handle;
    PVOID Thread;

    KeInitializeMutex(&Mutex, 0);
    KeInitializeEvent(&Events[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&Events[1], SynchronizationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, HoldMutex, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    Wait(&Events[0], NULL);
    EXPECT_STATUS(Wait(&Mutex, &Short), STATUS_TIMEOUT);
    KeSetEvent(&Events[1], 0, FALSE);
    EXPECT_STATUS(Wait(&Mutex, NULL), STATUS_SUCCESS);
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT_STATUS(Wait(Thread, NULL), STATUS_SUCCESS); /* a thread is signaled when it has ended */
    EXPECT_STATUS(Wait(Thread, &Poll), STATUS_SUCCESS);
    ObDereferenceObject(Thread);
}

TEST_DRIVER(TEST(TimeOuts), TEST(Delay), TEST(WaitAnyReturnsIndex), TEST(WaitAllTakesAllOrNone),
            TEST(Semaphores), TEST(MutexIsRecursive), TEST(MutexEntersCriticalRegion),
            TEST(MutexNotOwned), TEST(MutexExcludes))
