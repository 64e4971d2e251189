/*
 * badothers.c - misuse of the other locks that is no cell of the table (-DCASE=n), each a documented bugcheck or verdict.
 */
#include "worker.h"

NTKERNELAPI VOID NTAPI ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI BOOLEAN NTAPI ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI BOOLEAN NTAPI ExTryAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExReleasePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID NTAPI ExReleasePushLockEx(PEX_PUSH_LOCK, ULONG);

static EX_PUSH_LOCK Push;
static EX_RUNDOWN_REF Rundown;
static KMUTEX Mutex;
static KTIMER Timer;
static KDPC Dpc;

static VOID
Let(const char *Name, ULONG64 Value)
{
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: let %s 0x%I64x\n", Name,
               Value);
}

static VOID NTAPI
LeaveOpen(PKDPC Object, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeEnterCriticalRegion();
}

static VOID NTAPI
TakeAndEnd(PVOID Context)
{
    Let("thread", (ULONG64)KeGetCurrentThread());
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    KeReleaseMutex(&Mutex, FALSE);
}

static VOID
Misuse(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -10000};
    HANDLE Handle;

    Let("lock", (ULONG64)&Push);
    Let("mutex", (ULONG64)&Mutex);
    Let("dpc", (ULONG64)LeaveOpen);
    KeInitializeMutex(&Mutex, 0);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, LeaveOpen, NULL);
    UNREFERENCED_PARAMETER(Handle);
#if CASE == 1
    /* 0x152: flags that do not exist: flags, lock [BC:152] */
    KeEnterCriticalRegion();
    ExAcquirePushLockExclusiveEx(&Push, 0x40);
#elif CASE == 2
    KeEnterCriticalRegion();
    ExAcquirePushLockExclusiveEx(&Push, 0);
    ExReleasePushLockExclusiveEx(&Push, 0x80);
#elif CASE >= 20 && CASE <= 24
    /* The same of each other routine with flags; the lock is free, or held as its release wants it */
    KeEnterCriticalRegion();
#if CASE == 20
    ExAcquirePushLockSharedEx(&Push, 0x40);
#elif CASE == 21
    ExTryAcquirePushLockExclusiveEx(&Push, 0x40);
#elif CASE == 22
    ExTryAcquirePushLockSharedEx(&Push, 0x40);
#elif CASE == 23
    ExAcquirePushLockSharedEx(&Push, 0);
    ExReleasePushLockSharedEx(&Push, 0x40);
#elif CASE == 24
    ExAcquirePushLockSharedEx(&Push, 0);
    ExReleasePushLockEx(&Push, 0x40);
#endif
#elif CASE == 3
    /* Waits for its own protection: for ever [K:run-down-protection] */
    ExInitializeRundownProtection(&Rundown);
    ExAcquireRundownProtection(&Rundown);
    ExWaitForRundownProtectionRelease(&Rundown);
#elif CASE == 4
    /* 0xC7/5: a timer's DPC that changes the count of disabled APCs [BC:c7] */
    KeSetTimer(&Timer, Due, &Dpc);
    KeDelayExecutionThread(KernelMode, FALSE, &Due);
    KeDelayExecutionThread(KernelMode, FALSE, &Due);
#elif CASE == 5
    /* 0xC7/4: any other DPC */
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Due);
#elif CASE == 6
    /* 0x4000008A: the thread's routine returns with the mutex, released too few times: thread, mutex [BC:4000008a] */
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, TakeAndEnd, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Due);
#endif
}

TEST_DRIVER(TEST(Misuse))
