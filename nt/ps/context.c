/*
 * context.c - suspension and contexts as system services.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

static NTSTATUS
PspReferenceThread(HANDLE Handle, ACCESS_MASK Access, PETHREAD *Thread)
{
    return ObReferenceObjectByHandle(Handle, Access, PsThreadTypeP, KiPreviousMode(),
                                     (PVOID *)Thread, NULL);
}

/* A thread that is being terminated is suspended no more: nothing may come between it and its end. */
NTSTATUS
PspSuspendThread(PETHREAD Thread, PULONG Count)
{
    NTSTATUS Status;

    if (!Thread->Tcb.SystemThread) {
        KiLooksAt(&Thread->Terminating);
    }
    if (Thread->Terminating) {
        return STATUS_THREAD_IS_TERMINATING;
    }
    Status = KiSuspendThread(&Thread->Tcb, Count);
    if (NT_SUCCESS(Status) && Thread->Terminating) { /* that began meanwhile */
        KiForceResumeThread(&Thread->Tcb, FALSE);
        Status = STATUS_THREAD_IS_TERMINATING;
    }
    return Status;
}

NTSTATUS NTAPI
NtSuspendThread(HANDLE ThreadHandle, PULONG PreviousCount)
{
    PETHREAD Thread;
    ULONG Count = 0;
    NTSTATUS Status = ExpProbeResult(PreviousCount, sizeof(ULONG), KiPreviousMode());

    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThread(ThreadHandle, THREAD_SUSPEND_RESUME, &Thread);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = PspSuspendThread(Thread, &Count);
    ObDereferenceObject(Thread);
    return NT_SUCCESS(Status) ? ExpStoreLong(PreviousCount, (LONG)Count, KiPreviousMode()) : Status;
}

static NTSTATUS
PspResume(HANDLE ThreadHandle, PULONG PreviousCount, BOOLEAN Alert)
{
    PETHREAD Thread;
    ULONG Count;
    NTSTATUS Status = ExpProbeResult(PreviousCount, sizeof(ULONG), KiPreviousMode());

    if (NT_SUCCESS(Status)) {
        Status = PspReferenceThread(ThreadHandle, THREAD_SUSPEND_RESUME, &Thread);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Alert) {
        KiAlertThread(&Thread->Tcb, KernelMode);
    }
    Count = KiResumeThread(&Thread->Tcb);
    ObDereferenceObject(Thread);
    return ExpStoreLong(PreviousCount, (LONG)Count, KiPreviousMode());
}

NTSTATUS NTAPI
NtResumeThread(HANDLE ThreadHandle, PULONG PreviousCount)
{
    return PspResume(ThreadHandle, PreviousCount, FALSE);
}

NTSTATUS NTAPI
NtAlertResumeThread(HANDLE ThreadHandle, PULONG PreviousCount)
{
    return PspResume(ThreadHandle, PreviousCount, TRUE);
}

static VOID
PspChangeThreads(PEPROCESS Process, BOOLEAN Suspend)
{
    PETHREAD Thread = NULL;
    ULONG Count;

    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        if (Suspend) {
            PspSuspendThread(Thread, &Count);
        } else {
            KiResumeThread(&Thread->Tcb);
        }
    }
}

NTSTATUS NTAPI
PsSuspendProcess(PEPROCESS Process)
{
    PspChangeThreads(Process, TRUE);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
PsResumeProcess(PEPROCESS Process)
{
    PspChangeThreads(Process, FALSE);
    return STATUS_SUCCESS;
}

/* One reason more (or less) why nothing of the process runs: every thread, and those that are made meanwhile. */
VOID
PspFreezeProcess(PEPROCESS Process, BOOLEAN Freeze)
{
    PETHREAD Thread = NULL;

    Process->FreezeCount += Freeze ? 1 : -1;
    ASSERT(Process->FreezeCount >= 0);
    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        if (Thread->Terminating || Thread->Tcb.State == Initialized) {
            continue; /* one that has not started yet is frozen when it starts */
        }
        KiFreezeThread(&Thread->Tcb, &Process->FreezeCount);
        if (Thread->Terminating) { /* that began meanwhile */
            KiForceResumeThread(&Thread->Tcb, FALSE);
        }
    }
}

static NTSTATUS
PspForEachThread(HANDLE ProcessHandle, BOOLEAN Suspend)
{
    PEPROCESS Process;
    NTSTATUS Status =
        ObReferenceObjectByHandle(ProcessHandle, PROCESS_SUSPEND_RESUME, PsProcessTypeP,
                                  KiPreviousMode(), (PVOID *)&Process, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PspChangeThreads(Process, Suspend);
    ObDereferenceObject(Process);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtSuspendProcess(HANDLE ProcessHandle)
{
    return PspForEachThread(ProcessHandle, TRUE);
}

NTSTATUS NTAPI
NtResumeProcess(HANDLE ProcessHandle)
{
    return PspForEachThread(ProcessHandle, FALSE);
}

/* A context is read and written in the target's own context, by a special kernel APC that it runs. */
typedef struct _PSP_CONTEXT_APC {
    KAPC Apc;
    KEVENT Done;
    CONTEXT Context;
    BOOLEAN Set;
} PSP_CONTEXT_APC;

static VOID NTAPI
PspContextKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                        PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    PSP_CONTEXT_APC *Request = CONTAINING_RECORD(Apc, PSP_CONTEXT_APC, Apc);

    if (Request->Set) {
        KiSetUserContext(KiThread(), &Request->Context);
    } else {
        KiGetUserContext(KiThread(), &Request->Context);
    }
    KeSetEvent(&Request->Done, 0, FALSE);
}

/* The user-mode registers of Thread, which is referenced. Context is Mode's. */
static NTSTATUS
PspContextOf(PETHREAD Thread, PCONTEXT Context, BOOLEAN Set, KPROCESSOR_MODE Mode)
{
    PSP_CONTEXT_APC *Request;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Thread->Tcb.SystemThread) {
        return STATUS_INVALID_HANDLE;
    }
    Request = ExpAllocate(sizeof(*Request), 'xtsP');
    Request->Set = Set;
    __try {
        if (Mode != KernelMode) {
            if (Set) {
                ProbeForRead(Context, sizeof(*Context), 16);
            } else {
                ProbeForWrite(Context, sizeof(*Context), 16);
            }
        }
        RtlCopyMemory(&Request->Context, Context, sizeof(*Context));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        KeInitializeEvent(&Request->Done, NotificationEvent, FALSE);
        if (Thread == PspCurrentThread()) {
            PKI_NORMAL_ROUTINE None = NULL;
            PVOID Nothing = NULL;

            PspContextKernelRoutine(&Request->Apc, &None, &Nothing, &Nothing, &Nothing);
        } else {
            KeInitializeApc(&Request->Apc, &Thread->Tcb, OriginalApcEnvironment,
                            PspContextKernelRoutine, NULL, NULL, KernelMode, NULL);
            if (KeInsertQueueApc(&Request->Apc, NULL, NULL, 2)) {
                KeWaitForSingleObject(&Request->Done, Executive, KernelMode, FALSE, NULL);
            } else {
                Status = STATUS_UNSUCCESSFUL;
            }
        }
    }
    if (NT_SUCCESS(Status) && !Set) {
        __try {
            RtlCopyMemory(Context, &Request->Context, sizeof(*Context));
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    ExpFree(Request);
    return Status;
}

static NTSTATUS
PspThreadContext(HANDLE ThreadHandle, PCONTEXT Context, BOOLEAN Set)
{
    PETHREAD Thread;
    NTSTATUS Status =
        PspReferenceThread(ThreadHandle, Set ? THREAD_SET_CONTEXT : THREAD_GET_CONTEXT, &Thread);

    if (NT_SUCCESS(Status)) {
        Status = PspContextOf(Thread, Context, Set, KiPreviousMode());
        ObDereferenceObject(Thread);
    }
    return Status;
}

/* [PsGetContextThread, PsSetContextThread: exported, declared by nobody] As the services, of a thread by its object. */
NTSTATUS NTAPI
PsGetContextThread(PETHREAD Thread, PCONTEXT ThreadContext, KPROCESSOR_MODE Mode)
{
    return PspContextOf(Thread, ThreadContext, FALSE, Mode);
}

NTSTATUS NTAPI
PsSetContextThread(PETHREAD Thread, PCONTEXT ThreadContext, KPROCESSOR_MODE Mode)
{
    return PspContextOf(Thread, ThreadContext, TRUE, Mode);
}

NTSTATUS NTAPI
NtGetContextThread(HANDLE ThreadHandle, PCONTEXT Context)
{
    return PspThreadContext(ThreadHandle, Context, FALSE);
}

NTSTATUS NTAPI
NtSetContextThread(HANDLE ThreadHandle, PCONTEXT Context)
{
    return PspThreadContext(ThreadHandle, Context, TRUE);
}
