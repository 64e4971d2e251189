/*
 * worker.h - threads that do what they are told, so that a test can hold a lock in one and want it in another.
 *
 * Ask waits for the answer; Send only lets the worker begin, and gives it time to wait; Busy says whether it still
 * does; Await takes the answer. Workers run in the critical region that a system thread starts in.
 */
#ifndef WORKER_H
#define WORKER_H
#include "../ntlab-test.h"

typedef LONG_PTR (*JOB)(PVOID Argument);
typedef struct _WORKER {
    KEVENT Go, Done;
    JOB Job;
    PVOID Argument;
    volatile LONG_PTR Answer;
    volatile LONG Busy;
    PVOID Thread;
} WORKER;

#define WORKERS 5
static WORKER Workers[WORKERS];

static VOID NTAPI
WorkerThread(PVOID Context)
{
    WORKER *Worker = Context;

    for (;;) {
        KeWaitForSingleObject(&Worker->Go, Executive, KernelMode, FALSE, NULL);
        if (Worker->Job == NULL) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        Worker->Answer = Worker->Job(Worker->Argument);
        Worker->Busy = FALSE;
        KeSetEvent(&Worker->Done, 0, FALSE);
    }
}

static VOID
Sleep(LONG Milliseconds)
{
    LARGE_INTEGER Delay = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
}

static VOID
StartWorkers(VOID)
{
    HANDLE Handle;

    for (ULONG Index = 0; Index < WORKERS; Index++) {
        WORKER *Worker = &Workers[Index];

        KeInitializeEvent(&Worker->Go, SynchronizationEvent, FALSE);
        KeInitializeEvent(&Worker->Done, SynchronizationEvent, FALSE);
        Worker->Busy = FALSE;
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, WorkerThread, Worker);
        ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Worker->Thread,
                                  NULL);
        ZwClose(Handle);
    }
}

static VOID
EndWorkers(VOID)
{
    for (ULONG Index = 0; Index < WORKERS; Index++) {
        Workers[Index].Job = NULL;
        KeSetEvent(&Workers[Index].Go, 0, FALSE);
        KeWaitForSingleObject(Workers[Index].Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Workers[Index].Thread);
    }
}

static inline VOID
Send(ULONG Index, JOB Job, PVOID Argument)
{
    Workers[Index].Job = Job;
    Workers[Index].Argument = Argument;
    Workers[Index].Busy = TRUE;
    KeSetEvent(&Workers[Index].Go, 0, FALSE);
    Sleep(2);
}

static inline BOOLEAN
Busy(ULONG Index)
{
    Sleep(2);
    return Workers[Index].Busy != FALSE;
}

static inline LONG_PTR
Await(ULONG Index)
{
    KeWaitForSingleObject(&Workers[Index].Done, Executive, KernelMode, FALSE, NULL);
    return Workers[Index].Answer;
}

static inline LONG_PTR
Ask(ULONG Index, JOB Job, PVOID Argument)
{
    Send(Index, Job, Argument);
    return Await(Index);
}
#endif
