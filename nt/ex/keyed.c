/*
 * keyed.c - keyed events, and alerts by thread id.
 *
 * A keyed event has no state. A release meets one waiter with the same key (a number whose lowest bit is
 * clear) in the same process, and waits until there is one: it goes both ways. ntdll builds critical
 * sections and condition variables of old on it.
 *
 * NtAlertThreadByThreadId sets a flag in the thread that NtWaitForAlertByThreadId consumes; ntdll's locks
 * of Windows 8 and later are built on that. The flag is the thread's, so an alert is never lost.
 *
 * A waiter's record lies on its stack and is on ExpKeyedWaiters exactly while it has not been met; a
 * time-out or an alert takes it off itself.
 */
#include "exp.h"
#include "nt/inc/keyed.h"

#define KEYEDEVENT_WAIT       1
#define KEYEDEVENT_WAKE       2
#define KEYEDEVENT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | KEYEDEVENT_WAIT | KEYEDEVENT_WAKE)

typedef struct _EXP_KEYED_WAITER {
    LIST_ENTRY Link;
    PVOID Object;
    PVOID Key;
    PVOID Process;
    BOOLEAN Release; /* a release that waits for a wait */
    BOOLEAN Met;
    KEVENT Event;
} EXP_KEYED_WAITER;

static const GENERIC_MAPPING ExpKeyedMapping = {STANDARD_RIGHTS_READ | KEYEDEVENT_WAIT,
                                                STANDARD_RIGHTS_WRITE | KEYEDEVENT_WAKE,
                                                STANDARD_RIGHTS_EXECUTE, KEYEDEVENT_ALL_ACCESS};
static const OB_METHODS ExpKeyedMethods;

VOID
ExpInitializeKeyedEvents(VOID)
{
    NTSTATUS Status =
        ObpCreateType(L"KeyedEvent", &ExpKeyedMethods, &ExpKeyedMapping, KEYEDEVENT_ALL_ACCESS,
                      sizeof(ULONG64), OBP_NOT_WAITABLE, &ExKeyedEventObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    InitializeListHead(&ExpKeyedWaiters);
}

NTSTATUS NTAPI
NtCreateKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess,
                   POBJECT_ATTRIBUTES ObjectAttributes, ULONG Flags)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PULONG64 Object;
    NTSTATUS Status = ExpProbeHandle(KeyedEventHandle, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Flags != 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = ObCreateObject(Mode, ExKeyedEventObjectTypeP, ObjectAttributes, Mode, NULL,
                            sizeof(*Object), 0, 0, (PVOID *)&Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Object = 0;
    return ObpInsertFor(Object, DesiredAccess, KeyedEventHandle, Mode);
}

NTSTATUS NTAPI
NtOpenKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess,
                 POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(KeyedEventHandle, DesiredAccess, ObjectAttributes,
                          ExKeyedEventObjectTypeP);
}

static NTSTATUS
ExpKeyed(HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
         BOOLEAN Release)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    EXP_KEYED_WAITER Me;
    LARGE_INTEGER Time;
    PVOID Object = NULL;
    PVOID Process = PspCurrentProcess();
    NTSTATUS Status;

    if ((ULONG_PTR)Key & 1) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (((ULONG_PTR)KeyedEventHandle & 1) != 0 && Mode == UserMode) {
        ExpCheckSectionWait();
    }
    KeyedEventHandle = (HANDLE)((ULONG_PTR)KeyedEventHandle & ~3ull);
    if (Timeout != NULL) {
        Status = ExpCopyIn(&Time, Timeout, sizeof(Time), Mode);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (KeyedEventHandle !=
        NULL) { /* from Vista on no handle means the one keyed event of the system */
        Status =
            ObReferenceObjectByHandle(KeyedEventHandle, Release ? KEYEDEVENT_WAKE : KEYEDEVENT_WAIT,
                                      ExKeyedEventObjectTypeP, Mode, &Object, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    KiSchedulePoint(SP_ACQUIRE_LOCK, Key);
    for (PLIST_ENTRY Link = ExpKeyedWaiters.Flink; Link != &ExpKeyedWaiters; Link = Link->Flink) {
        EXP_KEYED_WAITER *Other = CONTAINING_RECORD(Link, EXP_KEYED_WAITER, Link);

        if (Other->Key == Key && Other->Object == Object && Other->Process == Process &&
            Other->Release != Release) {
            RemoveEntryList(&Other->Link);
            Other->Met = TRUE;
            KeSetEvent(&Other->Event, EVENT_INCREMENT, FALSE);
            Status = STATUS_SUCCESS;
            goto Done;
        }
    }
    Me.Object = Object;
    Me.Key = Key;
    Me.Process = Process;
    Me.Release = Release;
    Me.Met = FALSE;
    KeInitializeEvent(&Me.Event, SynchronizationEvent, FALSE);
    InsertTailList(&ExpKeyedWaiters, &Me.Link);
    Status = KeWaitForSingleObject(&Me.Event, WrKeyedEvent, Mode, Alertable,
                                   Timeout != NULL ? &Time : NULL);
    if (Status != STATUS_SUCCESS) {
        if (Me.Met) {
            /* Met after the wait had ended: the partner counts on it. */
            Status = STATUS_SUCCESS;
        } else {
            RemoveEntryList(&Me.Link);
        }
    }
Done:
    if (Object != NULL) {
        ObDereferenceObject(Object);
    }
    return Status;
}

NTSTATUS NTAPI
NtWaitForKeyedEvent(HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    return ExpKeyed(KeyedEventHandle, Key, Alertable, Timeout, FALSE);
}

NTSTATUS NTAPI
NtReleaseKeyedEvent(HANDLE KeyedEventHandle, PVOID Key, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    return ExpKeyed(KeyedEventHandle, Key, Alertable, Timeout, TRUE);
}

/*
 * ETHREAD.AlertByThreadId: NULL, EXP_ALERTED, or the event that the thread waits for. Who alerts a thread that waits marks it, and
 * sets its event in a step of its own. The event is that thread's, on its stack: a thread whose time-out comes between the two stays for it.
 */
#define EXP_ALERTED ((PVOID)1)

/* PKI_WOULD_WAIT */
static BOOLEAN
ExpIsNotAlerted(const volatile VOID *Alert, ULONG_PTR Timed)
{
    return !Timed && *(PVOID const volatile *)Alert != EXP_ALERTED;
}

NTSTATUS NTAPI
NtAlertThreadByThreadId(HANDLE ThreadId)
{
    PETHREAD Thread;
    PVOID Wait;
    NTSTATUS Status = PsLookupThreadByThreadId(ThreadId, &Thread);

    if (!NT_SUCCESS(Status)) {
        return STATUS_INVALID_CID;
    }
    if (PspThreadsProcess(Thread) != PspThreadsProcess(KiThread())) {
        ObDereferenceObject(Thread);
        return STATUS_ACCESS_DENIED;
    }
    KiAcquirePoint(SP_RELEASE_LOCK, &Thread->AlertByThreadId, ExpIsNotAlerted, FALSE);
    Wait = Thread->AlertByThreadId;
    if (Wait == NULL) {
        Thread->AlertByThreadId = EXP_ALERTED;
    } else if (Wait != EXP_ALERTED) {
        KIRQL OldIrql = KiRaiseIrql(APC_LEVEL); /* no suspension between the two */

        Thread->AlertByThreadId = EXP_ALERTED;
        KeSetEvent(Wait, EVENT_INCREMENT, FALSE);
        KeLowerIrql(OldIrql);
    }
    ObDereferenceObject(Thread);
    return STATUS_SUCCESS;
}

/* RTL_CRITICAL_SECTION.OwningThread, as user mode wrote it; 0: nobody, or it cannot be read. */
static ULONG64
ExpSectionOwner(PVOID Section)
{
    ULONG64 Owner = 0;

    return NT_SUCCESS(ExpCopyIn(&Owner, (PUCHAR)Section + 0x10, sizeof(Owner), UserMode)) ? Owner
                                                                                          : 0;
}

/* A thread of the current process, by its id; NULL. */
static PETHREAD
ExpThreadOfProcess(ULONG64 Id)
{
    for (PETHREAD Thread = NULL; (Thread = PspNextThreadOf(PspCurrentProcess(), Thread)) != NULL;) {
        if ((ULONG64)Thread->Cid.UniqueThread == Id) {
            return Thread;
        }
    }
    return NULL;
}

#define TEB_SECTION                                                                                \
    0x188 /* TEB.ReservedForDebuggerInstrumentation[15]: user/ntdll/critical.c, C4 */

/* The critical section that a thread has said it waits for; NULL. Bit 1: it is about to be deleted. */
static PVOID
ExpSectionOf(PETHREAD Thread)
{
    ULONG_PTR Section = 0;

    if (Thread->AlertByThreadId != NULL && Thread->AlertByThreadId != EXP_ALERTED) {
        Section = (ULONG_PTR)Thread->AlertAddress;
        return (Section & 1) != 0 ? (PVOID)(Section & ~1ull) : NULL;
    }
    if (Thread->Tcb.Teb == NULL ||
        !NT_SUCCESS(ExpCopyIn(&Section, (PUCHAR)Thread->Tcb.Teb + TEB_SECTION, sizeof(Section),
                              UserMode))) {
        return NULL;
    }
    return (PVOID)Section;
}

/* The current thread waits for a section whose owner waits for the next one, and the last one is the current thread's. */
static VOID
ExpStopInCircle(PVOID Section)
{
    ULONG64 Self = (ULONG64)PspCurrentThread()->Cid.UniqueThread, Owner;
    char Text[512];
    ULONG Used = KiFormatText(Text, sizeof(Text),
                              "threads wait for each other's critical sections, in a circle: "
                              "thread %x",
                              (ULONG)Self);

    do {
        Owner = ExpSectionOwner(Section);
        Used += KiFormatText(Text + Used, sizeof(Text) - Used, " waits for %p (%a) of ", Section,
                             Section);
        if (Owner != Self) {
            Used +=
                KiFormatText(Text + Used, sizeof(Text) - Used, "thread %x, which", (ULONG)Owner);
            Section = ExpSectionOf(ExpThreadOfProcess(Owner));
        }
    } while (Owner != Self);
    KiFormatText(Text + Used, sizeof(Text) - Used, "the first");
    KiStopRun(ABI_DEADLOCK, Text);
}

/*
 * The current thread is about to wait for a critical section. Who owns it? If that thread has ended, or waits (maybe
 * over others) for one that the current thread owns, then none of them can ever go on: Windows raises
 * STATUS_POSSIBLE_DEADLOCK after 30 days, here it is the verdict. No schedule point is passed: all is seen at one moment.
 */
static VOID
ExpCheckSection(PVOID Section)
{
    PETHREAD Self = PspCurrentThread();
    const PVOID First = Section;
    char Text[256];

    if (PspCurrentProcess()->Exiting || Self->Tcb.ApcState.UserApcPending) {
        return; /* it is about to end, and so is its wait */
    }
    for (ULONG Depth = 0; Depth < 64; Depth++) {
        ULONG64 Owner = ExpSectionOwner(Section);
        PETHREAD Thread = ExpThreadOfProcess(Owner);

        if (Owner == 0) {
            return;
        }
        if (Owner == (ULONG64)Self->Cid.UniqueThread) {
            if (Depth != 0) {
                ExpStopInCircle(First);
            }
            return;
        }
        if (Thread == NULL || PsIsThreadTerminating(Thread)) {
            KiFormatText(Text, sizeof(Text),
                         "a thread waits for the critical section at %p, and its owner, thread %x, "
                         "has ended: nobody is left to leave it",
                         Section, (ULONG)Owner);
            KiStopRun(ABI_HANG, Text);
        }
        Section = ExpSectionOf(Thread);
        if (Section == NULL) {
            return;
        }
    }
}

/*
 * ntdll waits for what a critical section's waiters wait for before Windows 8: the lowest bit of the handle, which says nothing
 * to anybody else, means that the TEB names the section. Whoever deletes a section that threads wait for comes here, too.
 */
VOID
ExpCheckSectionWait(VOID)
{
    PVOID Section = ExpSectionOf(PspCurrentThread());
    ULONG Waiters = 0;
    char Text[256];

    if (((ULONG_PTR)Section & 2) == 0) {
        if (Section != NULL) {
            ExpCheckSection(Section);
        }
        return;
    }
    Section = (PVOID)((ULONG_PTR)Section & ~2ull);
    for (PETHREAD Thread = NULL; (Thread = PspNextThreadOf(PspCurrentProcess(), Thread)) != NULL;) {
        Waiters += ExpSectionOf(Thread) == Section;
    }
    if (Waiters != 0 && !PspCurrentProcess()->Exiting) {
        KiFormatText(Text, sizeof(Text),
                     "the critical section at %p is deleted while %u thread%s for it: nobody will "
                     "let them go on",
                     Section, Waiters, Waiters == 1 ? " waits" : "s wait");
        KiStopRun(ABI_HANG, Text);
    }
}

NTSTATUS NTAPI
NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PETHREAD Thread = PspCurrentThread();
    LARGE_INTEGER Time;
    BOOLEAN Alerted;
    KEVENT Event;
    NTSTATUS Status;

    if (Timeout != NULL) {
        Status = ExpCopyIn(&Time, Timeout, sizeof(Time), Mode);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    KiAcquirePoint(SP_ACQUIRE_LOCK, &Thread->AlertByThreadId, ExpIsNotAlerted, Timeout != NULL);
    if (Thread->AlertByThreadId == EXP_ALERTED) {
        Thread->AlertByThreadId = NULL;
        return STATUS_ALERTED;
    }
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Thread->AlertAddress = Address;
    Thread->AlertByThreadId = &Event;
    if (((ULONG_PTR)Address & 1) != 0 && Timeout == NULL) {
        ExpCheckSection((PVOID)((ULONG_PTR)Address & ~1ull));
    }
    Status = KeWaitForSingleObject(&Event, WrAlertByThreadId, Mode, FALSE,
                                   Timeout != NULL ? &Time : NULL);
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiSchedulePoint(SP_INTERLOCKED,
                        &Thread->AlertByThreadId); /* another alert comes before or behind */
    }
    Alerted = Thread->AlertByThreadId == EXP_ALERTED;
    Thread->AlertByThreadId = NULL;
    if (Alerted && Status != STATUS_SUCCESS) {
        KeWaitForSingleObject(&Event, WrAlertByThreadId, KernelMode, FALSE, NULL);
    }
    return Alerted ? STATUS_ALERTED : Status;
}
