/*
 * program.h - small concurrent programs as drivers: DriverEntry runs N threads and waits for them.
 *
 * A program's trace count is known (by enumeration, see trace counts in programs.list); what it must
 * never see it reports by BAD, a bugcheck.
 */
#ifndef TESTS_EXPLORE_PROGRAM_H
#define TESTS_EXPLORE_PROGRAM_H

#include <ntifs.h>

/*
 * A bad trace is told at its end: a crash in the middle would hide what could still follow. The note is
 * no schedule point at any granularity (what push and pop touch is not looked at), so that two threads
 * that note something do not race.
 */
static ULONG64 BadLine;

__attribute__((no_sanitize("thread"), noinline)) static VOID
NoteBad(ULONG Line)
{
    __asm__ volatile("pushq %1\n\tpopq %0" : "=m"(BadLine) : "r"((ULONG64)Line));
}

#define BAD(Condition)                                                                             \
    do {                                                                                           \
        if (Condition) {                                                                           \
            NoteBad(__LINE__);                                                                     \
        }                                                                                          \
    } while (0)

#ifndef MAX_THREADS
#define MAX_THREADS 120
#endif

#if LOCK == 1
#define LOCK_TYPE             KMUTEX
#define LOCK_INITIALIZE(Lock) KeInitializeMutex(&(Lock), 0)
#define LOCK_ACQUIRE(Lock)    KeWaitForSingleObject(&(Lock), Executive, KernelMode, FALSE, NULL)
#define LOCK_RELEASE(Lock)    KeReleaseMutex(&(Lock), FALSE)
#else
#define LOCK_TYPE             FAST_MUTEX
#define LOCK_INITIALIZE(Lock) ExInitializeFastMutex(&(Lock))
#define LOCK_ACQUIRE(Lock)    ExAcquireFastMutex(&(Lock))
#define LOCK_RELEASE(Lock)    ExReleaseFastMutex(&(Lock))
#endif

static HANDLE ThreadHandle[MAX_THREADS];
static ULONG ThreadCount;

static inline VOID
Start(PKSTART_ROUTINE Routine, ULONG_PTR Argument)
{
    PsCreateSystemThread(&ThreadHandle[ThreadCount++], THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine,
                         (PVOID)Argument);
}

static inline VOID
Join(VOID)
{
    for (ULONG Index = 0; Index < ThreadCount; Index++) {
        ZwWaitForSingleObject(ThreadHandle[Index], FALSE, NULL);
        ZwClose(ThreadHandle[Index]);
    }
    ThreadCount = 0;
}

static PDRIVER_OBJECT Driver;

static VOID Program(VOID); /* what the file defines */

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

__attribute__((no_sanitize("thread"))) NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Driver = DriverObject;
    DriverObject->DriverUnload = Unload;
    Program();
    Join();
    if (BadLine != 0) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, BadLine, 0, 0, 0);
    }
    return STATUS_SUCCESS;
}

#endif
