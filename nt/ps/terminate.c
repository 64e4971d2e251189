/*
 * terminate.c - ending others' threads, in two hops (P3), and whole processes.
 *
 *     hop 1  normal kernel APC: held off by a critical region; its normal routine queues
 *     hop 2  user APC at the head of the queue: taken on the way to user mode, or in a UserMode wait
 * Source: nt-semantics 1.7.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

/* Kernel routine of both hops; the second one's SystemArgument2 is odd, and does not return. */
VOID NTAPI
PspExitApcKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                        PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    NTSTATUS Status = (NTSTATUS)(LONG_PTR)Apc->NormalContext;

    if (((ULONG_PTR)*SystemArgument2 & 1) != 0) {
        ExpFree(Apc);
        PspExitThread(Status);
    }
}

static VOID NTAPI
PspExitRundown(PKAPC Apc)
{
    ExpFree(Apc);
}

static VOID NTAPI
PspExitNormalApc(PVOID NormalContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PKAPC Apc = SystemArgument1;

    KeInitializeApc(Apc, KiThread(), OriginalApcEnvironment, PspExitApcKernelRoutine,
                    PspExitRundown, PspExitNormalApc, UserMode, NormalContext);
    KeInsertQueueApc(Apc, Apc, (PVOID)((ULONG_PTR)SystemArgument2 | 1), 2);
    KiThread()->ApcState.UserApcPending |= KI_USER_APC_PENDING;
}

NTSTATUS
PspTerminateThread(PETHREAD Thread, NTSTATUS Status)
{
    PKAPC Apc;

    if (Thread->Tcb.SystemThread) {
        return STATUS_ACCESS_DENIED;
    }
    if (Thread == PspCurrentThread()) {
        PspExitThread(Status);
    }
    KiChanges(&Thread->Terminating);
    if (Thread->Terminating) {
        return STATUS_SUCCESS;
    }
    Thread->Terminating = TRUE;
    Apc = ExpAllocate(sizeof(*Apc), 'xEsP');
    KeInitializeApc(Apc, &Thread->Tcb, OriginalApcEnvironment, PspExitApcKernelRoutine,
                    PspExitRundown, PspExitNormalApc, KernelMode, (PVOID)(LONG_PTR)Status);
    if (!KeInsertQueueApc(Apc, Apc, NULL, 2)) {
        ExpFree(Apc);
        return STATUS_THREAD_IS_TERMINATING;
    }
    KiForceResumeThread(&Thread->Tcb, FALSE);
    return STATUS_SUCCESS;
}

PETHREAD
PspReferenceNextThread(PEPROCESS Process, PETHREAD Thread)
{
    BOOLEAN Left = Thread != NULL && Thread->Tcb.State == Terminated;
    PETHREAD Next = PspNextThreadOf(Process, Left ? NULL : Thread);

    /* It has left the list since, and its links lead nowhere; or the next one was made, and dropped before it was started. */
    while (Next != NULL &&
           ((Left && Next->Tcb.Ordinal <= Thread->Tcb.Ordinal) || !ObReferenceObjectSafe(Next))) {
        Next = PspNextThreadOf(Process, Next);
    }
    if (Thread != NULL) {
        ObDereferenceObject(Thread);
    }
    return Next;
}

/* In front of what ends a process, which who asks for its exit code, or ends its job, comes before or behind. */
VOID
PspEndPoint(PEPROCESS Process)
{
    KiAcquirePoint(SP_OBJECT, &Process->ExitStatus, NULL,
                   Process->Job != NULL ? KI_ALSO_READS(Process->Job) : 0);
}

/* Every thread but the current one; the caller ends that itself if it belongs to Process. */
NTSTATUS
PspTerminateProcess(PEPROCESS Process, NTSTATUS Status)
{
    PETHREAD Thread = NULL;

    if (Process == PsInitialSystemProcess) {
        return STATUS_ACCESS_DENIED;
    }
    PspEndPoint(Process);
    if (Process->ExitStatus == STATUS_PENDING) {
        Process->ExitStatus = Status;
    }
    Process->Exiting = TRUE;
    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        if (Thread != PspCurrentThread()) {
            PspTerminateThread(Thread, Status);
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    PEPROCESS Process;
    NTSTATUS Status;
    BOOLEAN Own;

    if (ProcessHandle == NULL) {
        /* RtlExitUserProcess, first step: everybody else of this process. */
        PETHREAD Thread = NULL;

        while ((Thread = PspReferenceNextThread(PspCurrentProcess(), Thread)) != NULL) {
            if (Thread != PspCurrentThread()) {
                PspTerminateThread(Thread, ExitStatus);
            }
        }
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_TERMINATE, PsProcessTypeP,
                                       KiPreviousMode(), (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Own = Process == PspThreadsProcess(PspCurrentThread());
    if (!Own && Process->ActiveThreads == 0) {
        ObDereferenceObject(Process);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    Status = PspTerminateProcess(Process, ExitStatus);
    ObDereferenceObject(Process);
    if (NT_SUCCESS(Status) && Own && !PspCurrentThread()->Tcb.SystemThread) {
        PspExitThread(ExitStatus);
    }
    return Status;
}

NTSTATUS NTAPI
NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus)
{
    PETHREAD Thread;
    NTSTATUS Status;

    if (ThreadHandle == NULL) {
        if (PspThreadsProcess(PspCurrentThread())->ActiveThreads == 1) {
            return STATUS_CANT_TERMINATE_SELF;
        }
        ThreadHandle = NtCurrentThread();
    }
    Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_TERMINATE, PsThreadTypeP,
                                       KiPreviousMode(), (PVOID *)&Thread, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Thread == PspCurrentThread()) {
        ObDereferenceObject(Thread);
        PspExitThread(ExitStatus);
    }
    Status = PspTerminateThread(Thread, ExitStatus);
    ObDereferenceObject(Thread);
    return Status;
}
