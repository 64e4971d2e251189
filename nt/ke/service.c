/*
 * service.c - the system services that are the dispatcher's own: waits, delays, continue, raise.
 */
#include "nt/ke/ki.h"
#include "nt/inc/keyed.h"
#include "nt/inc/window.h"

static NTSTATUS
KiCaptureTimeout(PLARGE_INTEGER Timeout, KPROCESSOR_MODE Mode, PLARGE_INTEGER Copy)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Mode == KernelMode) {
        *Copy = *Timeout;
        return STATUS_SUCCESS;
    }
    __try {
        ProbeForRead(Timeout, sizeof(*Timeout), 4);
        *Copy = *Timeout;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

/* Where the dispatcher header of an object lies: the type says (nt/ob). */
static PVOID
KiWaitableOf(PVOID Object)
{
    return ObpWaitObject(Object);
}

NTSTATUS NTAPI
NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER Copy;
    PVOID Object;
    NTSTATUS Status;

    if (Timeout != NULL) {
        Status = KiCaptureTimeout(Timeout, Mode, &Copy);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Timeout = &Copy;
    } else if (((ULONG_PTR)Handle & 1) != 0 && Mode == UserMode) {
        ExpCheckSectionWait();
    }
    Status = ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, Mode, &Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (KiWaitableOf(Object) == NULL) {
        ObDereferenceObject(Object);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    __try {
        Status = KeWaitForSingleObject(KiWaitableOf(Object), UserRequest, Mode, Alertable, Timeout);
    } __except (GetExceptionCode() == STATUS_MUTANT_LIMIT_EXCEEDED ? EXCEPTION_EXECUTE_HANDLER
                                                                   : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI
NtWaitForMultipleObjects(ULONG Count, PHANDLE Handles, WAIT_TYPE Type, BOOLEAN Alertable,
                         PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    HANDLE Captured[MAXIMUM_WAIT_OBJECTS];
    PVOID Objects[MAXIMUM_WAIT_OBJECTS];
    PVOID Waitable[MAXIMUM_WAIT_OBJECTS];
    KWAIT_BLOCK *Blocks;
    LARGE_INTEGER Copy;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Done = 0;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (Type != WaitAll && Type != WaitAny) {
        return STATUS_INVALID_PARAMETER_3;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Handles, Count * sizeof(HANDLE), sizeof(HANDLE));
        }
        RtlCopyMemory(Captured, Handles, Count * sizeof(HANDLE));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status) && Timeout != NULL) {
        Status = KiCaptureTimeout(Timeout, Mode, &Copy);
        Timeout = &Copy;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Blocks = ExpAllocate(Count * sizeof(KWAIT_BLOCK), 'tiaW');
    for (; Done < Count; Done++) {
        if (Captured[Done] == NtCurrentProcess() || Captured[Done] == NtCurrentThread()) {
            Status = STATUS_INVALID_HANDLE; /* only a wait for one object knows them */
            goto Dereference;
        }
        Status = ObReferenceObjectByHandle(Captured[Done], SYNCHRONIZE, NULL, Mode, &Objects[Done],
                                           NULL);
        if (!NT_SUCCESS(Status)) {
            goto Dereference;
        }
        Waitable[Done] = KiWaitableOf(Objects[Done]);
        if (Waitable[Done] == NULL) {
            Done++;
            Status = STATUS_OBJECT_TYPE_MISMATCH;
            goto Dereference;
        }
        for (ULONG Other = 0; Type == WaitAll && Other < Done; Other++) {
            if (Objects[Other] == Objects[Done]) {
                Done++;
                Status = STATUS_INVALID_PARAMETER_MIX;
                goto Dereference;
            }
        }
    }
    __try {
        Status = KeWaitForMultipleObjects(Count, Waitable, Type, UserRequest, Mode, Alertable,
                                          Timeout, Blocks);
    } __except (GetExceptionCode() == STATUS_MUTANT_LIMIT_EXCEEDED ? EXCEPTION_EXECUTE_HANDLER
                                                                   : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
Dereference:
    while (Done-- > 0) {
        ObDereferenceObject(Objects[Done]);
    }
    ExpFree(Blocks);
    return Status;
}

/* Signals one object and waits for another. */
NTSTATUS NTAPI
NtSignalAndWaitForSingleObject(HANDLE Signal, HANDLE Wait, BOOLEAN Alertable,
                               PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PVOID ToSignal, ToWait;
    POBJECT_TYPE Type;
    OBJECT_HANDLE_INFORMATION Information;
    LARGE_INTEGER Copy;
    NTSTATUS Status;

    if (Timeout != NULL) {
        Status = KiCaptureTimeout(Timeout, Mode, &Copy);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Timeout = &Copy;
    }
    Status = ObReferenceObjectByHandle(Signal, 0, NULL, Mode, &ToSignal, &Information);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(Wait, SYNCHRONIZE, NULL, Mode, &ToWait, NULL);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(ToSignal);
        return Status;
    }
    Type = ObpTypeOf(ToSignal);
    if (KiWaitableOf(ToWait) == NULL) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
        goto Dereference;
    }
    if (Mode != KernelMode &&
        ((Type == ExEventObjectTypeP && !(Information.GrantedAccess & EVENT_MODIFY_STATE)) ||
         (Type == ExSemaphoreObjectTypeP &&
          !(Information.GrantedAccess & SEMAPHORE_MODIFY_STATE)))) {
        Status = STATUS_ACCESS_DENIED;
        goto Dereference;
    }
    __try {
        if (Type == ExEventObjectTypeP) {
            KeSetEvent(ToSignal, EVENT_INCREMENT, TRUE);
        } else if (Type == ExMutantObjectTypeP) {
            KeReleaseMutant(ToSignal, 1, FALSE, TRUE);
        } else if (Type == ExSemaphoreObjectTypeP) {
            KeReleaseSemaphore(ToSignal, SEMAPHORE_INCREMENT, 1, TRUE);
        } else {
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        }
        if (NT_SUCCESS(Status)) {
            Status =
                KeWaitForSingleObject(KiWaitableOf(ToWait), UserRequest, Mode, Alertable, Timeout);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
Dereference:
    ObDereferenceObject(ToWait);
    ObDereferenceObject(ToSignal);
    return Status;
}

NTSTATUS NTAPI
NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    LARGE_INTEGER Copy;
    NTSTATUS Status = KiCaptureTimeout(Interval, KiPreviousMode(), &Copy);

    return NT_SUCCESS(Status) ? KeDelayExecutionThread(KiPreviousMode(), Alertable, &Copy) : Status;
}

NTSTATUS NTAPI
NtYieldExecution(VOID)
{
    PKPRCB Prcb = KiPrcb();
    KIRQL OldIrql;
    BOOLEAN Switched;

    if (Prcb->ReadySummary == 0 && Prcb->NextThread == NULL &&
        (KiBusy & ~(1ull << Prcb->Number)) == 0 && !Machine->explore) {
        KiSchedulePoint(SP_YIELD, NULL); /* there is nobody to let go on */
        return STATUS_NO_YIELD_PERFORMED;
    }
    OldIrql = KiLockDispatcher(SP_YIELD, NULL);
    Switched = KiRequeue();

    Machine->budget = 0;
    KiUnlockDispatcher(OldIrql, FALSE);
    return Switched ? STATUS_SUCCESS : STATUS_NO_YIELD_PERFORMED;
}

NTSTATUS NTAPI ZwYieldExecution(VOID);

NTSTATUS NTAPI
NtTestAlert(VOID)
{
    return KeTestAlertThread(KiPreviousMode()) ? STATUS_ALERTED : STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtContinue(PCONTEXT Context, BOOLEAN TestAlert)
{
    PEPROCESS Process = PspCurrentProcess();

    if (KiWindowClosed && Process->IsClient) {
        KiArrive(Process->ClientIndex, FALSE);
    }
    return KiContinue(Context, TestAlert);
}

NTSTATUS NTAPI
NtRaiseException(PEXCEPTION_RECORD Record, PCONTEXT Context, BOOLEAN FirstChance)
{
    return KiRaiseException(Record, Context, FirstChance);
}
