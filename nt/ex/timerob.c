/*
 * timerob.c - timer objects: a KTIMER and, if asked for, an APC to the thread that set it.
 *
 * The APC is queued by the timer's DPC, as on Windows: so it arrives in the thread that called
 * NtSetTimer, when that waits alertably. While an APC routine is set, the timer holds a reference to the
 * thread. A timer that fires while its APC is still queued does not queue it twice.
 *
 * Facts: the DDI pages of ZwCreateTimer, ZwSetTimer ("the TimerApcRoutine ... in the context of the thread
 * that created the timer request"), ZwCancelTimer, ExSetTimerResolution.
 */
#include "exp.h"
#include "nt/inc/life.h"

#ifndef TIMER_QUERY_STATE
#define TIMER_QUERY_STATE  1
#define TIMER_MODIFY_STATE 2
#define TIMER_ALL_ACCESS                                                                           \
    (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | TIMER_QUERY_STATE | TIMER_MODIFY_STATE)
#endif

static const GENERIC_MAPPING ExpTimerMapping = {
    STANDARD_RIGHTS_READ | TIMER_QUERY_STATE, STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, TIMER_ALL_ACCESS};

static VOID NTAPI
ExpTimerKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                      PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    /* The APC stays in the timer, which is ready for the next one. */
}

/* The APC is the timer's. */
static VOID NTAPI
ExpTimerRundownRoutine(PKAPC Apc)
{
}

/* Its APC comes no more. Holds the lock; the caller dereferences what is returned, once it is free. NULL: there is none. */
static PETHREAD
ExpForgetApc(PEXP_TIMER Timer)
{
    PETHREAD Thread = Timer->Thread;

    if (Thread != NULL) {
        KeRemoveQueueApc(&Timer->Apc);
        KiLooksAt(&Thread->Timers); /* before or behind each look of the thread that ends */
        RemoveEntryList(&Timer->Link);
        Timer->Thread = NULL;
    }
    return Thread;
}

/* Stops the timer and forgets its APC. */
static BOOLEAN
ExpStopTimer(PEXP_TIMER Timer)
{
    BOOLEAN WasSet = KeCancelTimer(&Timer->Timer);
    PETHREAD Thread;
    KIRQL OldIrql;

    if (Timer->Thread == NULL) {
        return WasSet;
    }
    KeAcquireSpinLock(&Timer->Lock, &OldIrql);
    Thread = ExpForgetApc(Timer);
    KeReleaseSpinLock(&Timer->Lock, OldIrql);
    if (Thread != NULL) {
        ObDereferenceObject(Thread);
    }
    return WasSet;
}

/* Sets it for the current thread, whoever else sets it at the same time. TRUE: it was signaled. */
static BOOLEAN
ExpSetTimerWithApc(PEXP_TIMER Timer, LARGE_INTEGER Due, LONG Period, PVOID Routine, PVOID Context,
                   KPROCESSOR_MODE Mode)
{
    PETHREAD Before;
    BOOLEAN Signaled;
    KIRQL OldIrql;

    ObReferenceObject(PspCurrentThread());
    KeAcquireSpinLock(&Timer->Lock, &OldIrql);
    KeCancelTimer(&Timer->Timer);
    Before = ExpForgetApc(Timer);
    Signaled = KeReadStateTimer(&Timer->Timer);
    Timer->Thread = PspCurrentThread();
    Timer->Thread->HadTimers = TRUE;
    InsertTailList(&Timer->Thread->Timers, &Timer->Link);
    KeInitializeApc(&Timer->Apc, KiThread(), CurrentApcEnvironment, ExpTimerKernelRoutine,
                    ExpTimerRundownRoutine, (PKI_NORMAL_ROUTINE)Routine, Mode, Context);
    KeSetTimerEx(&Timer->Timer, Due, Period, &Timer->Dpc);
    KeReleaseSpinLock(&Timer->Lock, OldIrql);
    if (Before != NULL) {
        ObDereferenceObject(Before);
    }
    return Signaled;
}

/* "If the thread that set the timer terminates and there is an associated completion routine, the timer is canceled. However, the
   state of the timer remains unchanged." [SetWaitableTimer] */
VOID
ExpRundownTimers(PETHREAD Thread)
{
    while (Thread->HadTimers) {
        PEXP_TIMER Timer;

        KiChanges(&Thread->Timers);
        if (IsListEmpty(&Thread->Timers)) {
            return;
        }
        Timer = CONTAINING_RECORD(Thread->Timers.Flink, EXP_TIMER, Link);
        RemoveEntryList(&Timer->Link);
        InitializeListHead(&Timer->Link);
        if (ObReferenceObjectSafe(Timer)) { /* else who deletes it stops it */
            KIRQL OldIrql;

            KeAcquireSpinLock(&Timer->Lock, &OldIrql);
            if (Timer->Thread == Thread) {
                KeCancelTimer(&Timer->Timer);
                ExpForgetApc(Timer);
                ObDereferenceObject(Thread); /* never the last one: it runs */
            }
            KeReleaseSpinLock(&Timer->Lock, OldIrql);
            ObDereferenceObject(Timer);
        }
    }
}

static VOID
ExpDeleteTimerObject(PVOID Object)
{
    ExpStopTimer(Object);
    KeFlushQueuedDpcs();
}

static const OB_METHODS ExpTimerMethods = {.Delete = ExpDeleteTimerObject};

VOID
ExpInitializeTimers(VOID)
{
    NTSTATUS Status = ObpCreateType(L"Timer", &ExpTimerMethods, &ExpTimerMapping, TIMER_ALL_ACCESS,
                                    sizeof(EXP_TIMER), 0, &ExTimerObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    ExTimerObjectType = (POBJECT_TYPE *)ExTimerObjectTypeP;
}

static VOID NTAPI
ExpTimerDpc(PKDPC Dpc, PVOID Context, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PEXP_TIMER Timer = Context;
    ULONG64 Time;

    KeAcquireSpinLockAtDpcLevel(&Timer->Lock);
    if (Timer->Thread != NULL) {
        Time = KiQuerySystemTime();
        KeInsertQueueApc(&Timer->Apc, (PVOID)(ULONG_PTR)(ULONG)Time, (PVOID)(ULONG_PTR)(Time >> 32),
                         1);
    }
    KeReleaseSpinLockFromDpcLevel(&Timer->Lock);
}

NTSTATUS NTAPI
NtCreateTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
              TIMER_TYPE TimerType)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEXP_TIMER Timer;
    NTSTATUS Status = ExpProbeHandle(TimerHandle, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (TimerType != NotificationTimer && TimerType != SynchronizationTimer) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = ObCreateObject(Mode, ExTimerObjectTypeP, ObjectAttributes, Mode, NULL, sizeof(*Timer),
                            0, 0, (PVOID *)&Timer);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeTimerEx(&Timer->Timer, TimerType);
    KeInitializeDpc(&Timer->Dpc, ExpTimerDpc, Timer);
    KeInitializeSpinLock(&Timer->Lock);
    Timer->Thread = NULL;
    return ObpInsertFor(Timer, DesiredAccess, TimerHandle, Mode);
}

NTSTATUS NTAPI
NtOpenTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(TimerHandle, DesiredAccess, ObjectAttributes, ExTimerObjectTypeP);
}

NTSTATUS NTAPI
NtSetTimer(HANDLE TimerHandle, PLARGE_INTEGER DueTime, PVOID TimerApcRoutine, PVOID TimerContext,
           BOOLEAN ResumeTimer, LONG Period, PBOOLEAN PreviousState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER Due;
    PEXP_TIMER Timer;
    BOOLEAN Signaled;
    NTSTATUS Status = ExpCopyIn(&Due, DueTime, sizeof(Due), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ExpProbeResult(PreviousState, sizeof(BOOLEAN), Mode);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Period < 0) {
        return STATUS_INVALID_PARAMETER_6;
    }
    Status = ObReferenceObjectByHandle(TimerHandle, TIMER_MODIFY_STATE, ExTimerObjectTypeP, Mode,
                                       (PVOID *)&Timer, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (TimerApcRoutine != NULL) {
        Signaled = ExpSetTimerWithApc(Timer, Due, Period, TimerApcRoutine, TimerContext, Mode);
    } else {
        ExpStopTimer(Timer);
        Signaled = KeReadStateTimer(&Timer->Timer);
        KeSetTimerEx(&Timer->Timer, Due, Period, NULL);
    }
    ObDereferenceObject(Timer);
    if (PreviousState != NULL) {
        ExpCopyOut(PreviousState, &Signaled, sizeof(Signaled), Mode);
    }
    /* Nothing sleeps here that a timer could wake. */
    return ResumeTimer ? STATUS_TIMER_RESUME_IGNORED : STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtCancelTimer(HANDLE TimerHandle, PBOOLEAN CurrentState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEXP_TIMER Timer;
    BOOLEAN Signaled;
    NTSTATUS Status = ExpProbeResult(CurrentState, sizeof(BOOLEAN), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(TimerHandle, TIMER_MODIFY_STATE, ExTimerObjectTypeP,
                                           Mode, (PVOID *)&Timer, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ExpStopTimer(Timer);
    Signaled = KeReadStateTimer(&Timer->Timer);
    ObDereferenceObject(Timer);
    if (CurrentState != NULL) {
        ExpCopyOut(CurrentState, &Signaled, sizeof(Signaled), Mode);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryTimer(HANDLE TimerHandle, ULONG TimerInformationClass, PVOID TimerInformation, ULONG Length,
             PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    struct {
        LARGE_INTEGER RemainingTime;
        BOOLEAN TimerState;
    } Information = {0};
    ULONG Bytes = sizeof(Information);
    PEXP_TIMER Timer;
    NTSTATUS Status;

    if (TimerInformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Information)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ObReferenceObjectByHandle(TimerHandle, TIMER_QUERY_STATE, ExTimerObjectTypeP, Mode,
                                       (PVOID *)&Timer, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.TimerState = KeReadStateTimer(&Timer->Timer);
    Information.RemainingTime.QuadPart = /* in the same step */
        (LONGLONG)(Timer->Timer.DueTime.QuadPart - KiQueryInterruptTime());
    ObDereferenceObject(Timer);
    Status = ExpCopyOut(TimerInformation, &Information, sizeof(Information), Mode);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = ExpCopyOut(ReturnLength, &Bytes, sizeof(Bytes), Mode);
    }
    return Status;
}

/* [wdm: ExQueryTimerResolution] 100 ns units; one tick for all. */
VOID NTAPI
ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime)
{
    *MaximumTime = *MinimumTime = *CurrentTime = KeQueryTimeIncrement();
}

/* Virtual time has no tick to change; the answer is the usual one. */
ULONG NTAPI
ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution)
{
    return KeQueryTimeIncrement();
}

NTSTATUS NTAPI
NtSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution, PULONG ActualTime)
{
    ULONG Actual = KeQueryTimeIncrement();

    return ExpCopyOut(ActualTime, &Actual, sizeof(Actual), KiPreviousMode());
}

NTSTATUS NTAPI
NtQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG Tick = KeQueryTimeIncrement(), Fine = 5000;
    NTSTATUS Status = ExpCopyOut(MaximumTime, &Tick, sizeof(Tick), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ExpCopyOut(MinimumTime, &Fine, sizeof(Fine), Mode);
    }
    return NT_SUCCESS(Status) ? ExpCopyOut(CurrentTime, &Tick, sizeof(Tick), Mode) : Status;
}
