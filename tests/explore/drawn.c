/*
 * drawn.c - a program that comes in the registry: a few threads, each a list of instructions about events, timers, locks, DPCs and
 * words. check_drawn.py draws programs by chance and counts the traces of each without a kernel, or by the lattice.
 *
 * "Program" under the service's Parameters key: for each thread its instructions, three bytes each (what, which object, an argument), and a
 * zero behind them; a zero at the end. What the last instruction came to is what IF looks at. A list that begins with ROUTINE is no thread
 * of its own: a DPC, or a thread that somebody starts.
 */
#include "program.h"
#include "drawn_system.h"

enum instruction {
    END,
    SET,      /* an event, or the semaphore by one: what it was */
    CLEAR,    /* an event: what it was */
    WAIT,     /* for an event, a timer or the semaphore */
    TRY,      /* the same at once: did it? */
    TIMED,    /* the same for a millisecond */
    ADD,      /* one to a word: what it was */
    EXCHANGE, /* a word that is the argument for argument + 1: what it was */
    LOCK,
    TRY_LOCK, /* did it? */
    SHARE,    /* a resource or a push lock */
    UNLOCK,
    ANY,       /* of two objects, `object` and the argument: which */
    ALL,       /* both */
    LOOK,      /* at an event or a timer: its state */
    IF,        /* the last result is not `object`: passes over so many instructions */
    ROUTINE,   /* what the list is of: number `object` */
    ARM,       /* a timer, in a millisecond, with DPC `argument` if that is no 0: was it? */
    DISARM,    /* was it? */
    QUEUE_DPC, /* was it not yet? */
    UNQUEUE,   /* was it? */
    FLUSH,     /* waits for all DPCs */
    PULSE,     /* an event: what it was */
    ANY_TIMED, /* for a millisecond: which, or 2 */
    ALL_TIMED, /* did it? */
    ANY_TRY,   /* the same at once */
    ALL_TRY,
    TRY_SHARE,     /* the resource: did it? */
    CONVERT,       /* the resource, that one has exclusively */
    STARVE,        /* shares the resource whoever waits */
    RUNDOWN,       /* waits for all who have the rundown protection */
    REMOVE,        /* gives the remove lock back and waits for the others */
    START,         /* a thread */
    JOIN,          /* the one that this one has started */
    UNLOCK_SHARED, /* of the push lock */
    INSERT_HEAD,   /* into the queue */
    SEND,          /* a request, `argument` says how: is it pending? */
    COMPLETE,      /* one that is pending: did it? */
    CANCEL,        /* was there a cancel routine? */
    QUEUE_APC,     /* was it? */
    UNQUEUE_APC,   /* was it queued? */
    ENTER,         /* a region: 0 critical, 1 guarded, 2 APC_LEVEL */
    LEAVE,
    TEST_ALERT,
    DELAY,      /* for a millisecond: did it last? */
    QUEUE_ITEM, /* a work item */
    PUSH,       /* an entry: 0 on a sequenced list, 1 at the end of one with a spin lock */
    POP,        /* was there one? */
    SET_WAIT,   /* an event or the semaphore, and waits for `argument` in the same step */
    ARM_EVERY,  /* as ARM, and then every thousand seconds */
    STAY,       /* on processor `object` */
    AGAIN, /* from its beginning on, `argument` times at most, 0: for ever; counted in a register, `object` 1: in memory */
    BEHIND, /* first of all: nobody waits for the threads, timers and items, which are left behind when the run ends */
    TIME,   /* it is asked for */
    CRASH,  /* a bug check */
    PRIORITY, /* thread `object` of the program gets priority 8 + `argument`: what it had, less 8 */
    AWAIT,    /* the end of that thread */
    REVERT,   /* from STAY's processor to any */
    WAIT_EXCLUSIVE, /* shares the resource behind those who want all of it */
    TIMED_LOCK,     /* the mutex, for a millisecond: did it? */
    SET_HANDLE,     /* an event by its handle: could it? */
    CLOSE_HANDLE,   /* closes that: could it? */
    OPEN_HANDLE,    /* a handle that may get the same value */
    NOTIFY,         /* the callback object, whose routine is list 9 */
    UNREGISTER,     /* that routine; waits for who runs it */
    ARM_EX,         /* an EX_TIMER, in a millisecond, whose routine is list 10: was it? */
    DISARM_EX,      /* was it? */
    DISCARD,        /* takes all entries out of the queue that nobody has taken: were there any? */
};

#include "drawn_objects.h"

static VOID NTAPI
Thread(PVOID Context)
{
    if (HasApcs || HasThreads) {
        KeWaitForSingleObject(&AllThere, Executive, KernelMode, FALSE, NULL);
    }
    Run(Context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Deferred(PKDPC TheDpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Run(Context);
}

/*
 * What lasts a millisecond. Nothing of what was done before is left in registers, and where arguments go (the fifth to the eighth): it would be another state of the
 * caller (nt/ke/timeout.c, O1).
 */
static inline LARGE_INTEGER
Soon(UCHAR How)
{
    __asm__ volatile("xorl %%ebx, %%ebx\n\txorl %%esi, %%esi\n\txorl %%edi, %%edi\n\t"
                     "xorl %%ebp, %%ebp\n\txorl %%r12d, %%r12d\n\txorl %%r13d, %%r13d\n\t"
                     "xorl %%r14d, %%r14d\n\txorl %%r15d, %%r15d\n\t"
                     "movq %%rbx, 0x20(%%rsp)\n\tmovq %%rbx, 0x28(%%rsp)\n\t"
                     "movq %%rbx, 0x30(%%rsp)\n\tmovq %%rbx, 0x38(%%rsp)" ::
                         : "memory", "rbx", "rsi", "rdi", "rbp", "r12", "r13", "r14", "r15", "cc");
    return (LARGE_INTEGER){.QuadPart = How & LONGER ? -2 * Short : -Short};
}

/* AGAIN: once more? */
static BOOLEAN
GoesRound(PUCHAR At, PUCHAR Rounds)
{
    return At[2] == 0 || (At[1] != 0 ? Times[(At - Code) / 3]++ : (*Rounds)++) < At[2];
}

static VOID
Run(PUCHAR At)
{
    LARGE_INTEGER Now = {.QuadPart = 0}, Time;
    PUCHAR Begin = At;
    KIRQL Before = PASSIVE_LEVEL;
    struct held Held = {0};
    UCHAR Rounds = 0;
    volatile LONG Last = 0; /* in each state */

    for (; At[0] != END; At += 3) {
        switch (At[0]) {
        case SET:
            Last = Signal(At[1], At, FALSE);
            break;
        case INSERT_HEAD:
            Last = KeInsertHeadQueue(&Queue, &Entries[(At - Code) / 3]);
            break;
        case CLEAR:
            Last = KeResetEvent(&Event[At[1]]);
            break;
        case PULSE:
            Last = KePulseEvent(&Event[At[1]], IO_NO_INCREMENT, FALSE);
            break;
        case WAIT:
            Last = Wait(At[1], At[2], NULL);
            break;
        case TRY:
        case TIMED:
            Time = Soon(At[2]);
            Last = Wait(At[1], At[2], At[0] == TRY ? &Now : &Time);
            break;
        case ADD:
            Last = InterlockedExchangeAdd(&Word[At[1]], 1);
            break;
        case EXCHANGE:
            Last = InterlockedCompareExchange(&Word[At[1]], At[2] + 1, At[2]);
            break;
        case LOCK:
            Acquire(At[1], FALSE, &Held);
            break;
        case TRY_LOCK:
            Last = Acquire(At[1], TRUE, &Held);
            break;
        case SHARE:
        case TRY_SHARE:
        case STARVE:
        case WAIT_EXCLUSIVE:
            Last = Share(At[1], At[0], &Held);
            break;
        case CONVERT:
            ExConvertExclusiveToSharedLite(&Resource);
            break;
        case UNLOCK:
            Release(At[1], &Held);
            break;
        case UNLOCK_SHARED:
            if (At[1] == SHARED_SPIN) {
                ExReleaseSpinLockShared(&SharedSpin, Held.Irql);
                break;
            }
            ExfReleasePushLockShared(&PushLock);
            KeLeaveCriticalRegion();
            break;
        case ANY:
        case ANY_TIMED:
        case ANY_TRY:
            Time = Soon(At[2]);
            Last = WaitForTwo(At[1], At[2], WaitAny,
                              At[0] == ANY       ? NULL
                              : At[0] == ANY_TRY ? &Now
                                                 : &Time);
            break;
        case ALL:
        case ALL_TIMED:
        case ALL_TRY:
            Time = Soon(At[2]);
            Last = WaitForTwo(At[1], At[2], WaitAll,
                              At[0] == ALL       ? NULL
                              : At[0] == ALL_TRY ? &Now
                                                 : &Time);
            break;
        case LOOK:
            Last = Look(At[1]);
            break;
        case IF:
            At += Last != At[1] ? 3 * At[2] : 0;
            break;
        case ARM:
        case ARM_EVERY:
            Last = Arm(At[1], At[2], At[0] == ARM_EVERY);
            break;
        case DISARM:
            Last = KeCancelTimer(&Timer[At[1] - FIRST_TIMER]);
            break;
        case QUEUE_DPC:
            Last = KeInsertQueueDpc(&Dpc[At[1]], NULL, NULL);
            break;
        case AGAIN:
            if (GoesRound(At, &Rounds)) {
                At = Begin - 3;
            }
            break;
        case STAY:
            KeSetSystemAffinityThread((KAFFINITY)1 << At[1]);
            break;
        case UNQUEUE:
            Last = KeRemoveQueueDpc(&Dpc[At[1]]);
            break;
        case FLUSH:
            KeFlushQueuedDpcs();
            break;
        case RUNDOWN:
            ExWaitForRundownProtectionRelease(&RunRef);
            break;
        case REMOVE:
            IoReleaseRemoveLockAndWait(&RemoveLock, NULL);
            break;
        case START:
            PsCreateSystemThread(&Started[At[1]], THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread,
                                 Routine[At[1]]);
            break;
        case JOIN:
            ZwWaitForSingleObject(Started[At[1]], FALSE, NULL);
            break;
        case SEND:
            Last = Send(At[1], At[2]);
            break;
        case COMPLETE:
            Last = Complete(At[1]);
            break;
        case CANCEL:
            Last = IoCancelIrp(Request[At[1]]);
            break;
        case QUEUE_APC:
            Last = KeInsertQueueApc(&Apc[At[1]], ApcCode[At[1]] + 3, NULL, 0);
            break;
        case UNQUEUE_APC:
            Last = KeRemoveQueueApc(&Apc[At[1]]);
            break;
        case ENTER:
            Enter(At[1], &Before);
            break;
        case LEAVE:
            Leave(At[1], Before);
            break;
        case TEST_ALERT:
            Last = KeTestAlertThread(UserMode);
            break;
        case DELAY:
            Time = Soon(At[2]);
            Last = KeDelayExecutionThread(At[2] & ALERTABLE ? UserMode : KernelMode,
                                          (At[2] & ALERTABLE) != 0, &Time) == STATUS_SUCCESS;
            break;
        case QUEUE_ITEM:
            QueueItem(At[1] - WORK_ITEMS);
            break;
        case PUSH:
            Push(At[1], At);
            break;
        case POP:
            Last = Pop(At[1]);
            break;
        case TIME:
            KeQueryPerformanceCounter(NULL);
            break;
        case CRASH:
            KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, 0, 0, 0, 0);
        case PRIORITY:
            Last = SetPriority(At[1], At[2]);
            break;
        case AWAIT:
            KeWaitForSingleObject(ThreadObject[At[1]], Executive, KernelMode, FALSE, NULL);
            break;
        case REVERT:
            KeRevertToUserAffinityThread();
            break;
        case TIMED_LOCK:
            Time = Soon(At[2]);
            Last = KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, &Time) ==
                   STATUS_SUCCESS;
            break;
        case SET_HANDLE:
            Last = NT_SUCCESS(ZwSetEvent(EventHandle, NULL));
            break;
        case CLOSE_HANDLE:
            Last = CloseHandle();
            break;
        case OPEN_HANDLE:
            OpenHandle(At);
            break;
        case NOTIFY:
            ExNotifyCallback(Callback, NULL, NULL);
            break;
        case UNREGISTER:
            ExUnregisterCallback(Registration);
            break;
        case ARM_EX:
            Last = ArmEx();
            break;
        case DISARM_EX:
            Last = ExCancelTimer(ExTimer, NULL);
            break;
        case DISCARD:
            Last = KeRundownQueue(&Queue) != NULL;
            break;
        case SET_WAIT:
            Signal(At[1], At, TRUE);
            Wait(At[2], 0, NULL);
            break;
        }
    }
}

static VOID
ReadProgram(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(
                       L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
                       L"explore-drawn\\Parameters"),
                   Name = RTL_CONSTANT_STRING(L"Program");
    UCHAR Buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(Code)];
    PKEY_VALUE_PARTIAL_INFORMATION Value = (PKEY_VALUE_PARTIAL_INFORMATION)Buffer;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;
    ULONG Length;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes))) {
        return;
    }
    if (NT_SUCCESS(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Value, sizeof(Buffer),
                                   &Length)) &&
        Value->DataLength <= sizeof(Code)) {
        RtlCopyMemory(Code, Value->Data, Value->DataLength);
    }
    ZwClose(Key);
}

static PUCHAR
NextList(PUCHAR At)
{
    while (At[0] != END) {
        At += 3;
    }
    return At + 1;
}

static VOID
InitializeObjects(VOID)
{
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Event); Index++) {
        KeInitializeEvent(&Event[Index], Index < 2 ? SynchronizationEvent : NotificationEvent,
                          Index == 1);
    }
    KeInitializeSemaphore(&Semaphore, 1, 1000);
    ExInitializeFastMutex(&FastMutex[0]);
    ExInitializeFastMutex(&FastMutex[1]);
    KeInitializeMutex(&Mutex, 0);
    ExInitializeResourceLite(&Resource);
    KeInitializeSpinLock(&SpinLock);
    KeInitializeQueue(&Queue, 100);
    KeInitializeTimerEx(&Timer[0], SynchronizationTimer);
    KeInitializeTimerEx(&Timer[1], NotificationTimer);
    ExInitializeRundownProtection(&RunRef);
    IoInitializeRemoveLock(&RemoveLock, 'wrdN', 0, 0);
    ExInitializePushLock(&PushLock);
    KeInitializeGuardedMutex(&GuardedMutex);
    KeInitializeSpinLock(&QueuedSpin);
    InitializeSListHead(&Sequenced);
    InitializeListHead(&List);
    KeInitializeSpinLock(&ListLock);
    KeInitializeEvent(&AllThere, NotificationEvent, FALSE);
}

static VOID
InitializeRoutine(PUCHAR At)
{
    UCHAR Number = At[1];

    Routine[Number] = At + 3;
    if (Number < THREADS) {
        KeInitializeDpc(&Dpc[Number], Deferred, Routine[Number]);
        if ((At[2] & 0x0F) != 0) {
            KeSetTargetProcessorDpc(&Dpc[Number], (CCHAR)((At[2] & 0x0F) - 1));
        }
        if ((At[2] & 0x10) != 0) {
            KeSetImportanceDpc(&Dpc[Number], HighImportance);
        }
    } else if (Number >= WORK_ITEMS && Number < CALLBACK) {
        ItemRoutine[Number - WORK_ITEMS] = At + 3;
        ItemTimes[Number - WORK_ITEMS] = At[2];
    } else if (Number >= APCS && Number < WORK_ITEMS) {
        ApcCode[Number] = At;
        HasApcs = TRUE;
    }
}

static BOOLEAN
Has(UCHAR First, UCHAR Last)
{
    for (PUCHAR At = Code; At[0] != END; At = NextList(At)) {
        for (PUCHAR One = At; One[0] != END; One += 3) {
            if (One[0] >= First && One[0] <= Last) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* What only some programs have. */
static VOID
InitializeMore(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    if (Has(SET_HANDLE, OPEN_HANDLE)) {
        ZwCreateEvent(&EventHandle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    }
    if (Has(NOTIFY, UNREGISTER)) {
        ExCreateCallback(&Callback, &Attributes, TRUE, TRUE);
        Registration = ExRegisterCallback(Callback, Notified, NULL);
    }
    if (Has(ARM_EX, DISARM_EX)) {
        ExTimer = ExAllocateTimer(ExExpired, NULL, 0);
    }
    HasThreads = Has(PRIORITY, AWAIT);
}

static VOID
EndMore(VOID)
{
    if (ExTimer != NULL) {
        ExDeleteTimer(ExTimer, TRUE, TRUE, NULL);
    }
    if (Callback != NULL) {
        if (!Has(UNREGISTER, UNREGISTER)) {
            ExUnregisterCallback(Registration);
        }
        ObDereferenceObject(Callback);
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(OtherHandle); Index++) {
        if (OtherHandle[Index] != NULL && OtherHandle[Index] != EventHandle) {
            ZwClose(OtherHandle[Index]);
        }
    }
    if (EventHandle != NULL && !Has(CLOSE_HANDLE, CLOSE_HANDLE)) {
        CloseHandle();
    }
}

/* Now that they are there. */
static VOID
InitializeThreads(VOID)
{
    for (ULONG Index = 0; Index < ThreadCount && Index < THREADS_MOST; Index++) {
        ObReferenceObjectByHandle(ThreadHandle[Index], THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                  &ThreadObject[Index], NULL);
    }
}

/* Now that their threads are there. */
static VOID
InitializeApcs(VOID)
{
    for (ULONG Index = APCS; Index < WORK_ITEMS; Index++) {
        PUCHAR At = ApcCode[Index];
        if (At == NULL) {
            continue;
        }
        ObReferenceObjectByHandle(ThreadHandle[At[2] & 0x0F], THREAD_ALL_ACCESS, *PsThreadType,
                                  KernelMode, &ApcThread[Index], NULL);
        KeInitializeApc(&Apc[Index], ApcThread[Index], 0,
                        At[2] & APC_SPECIAL ? ApcSpecial : ApcKernel, ApcRundown,
                        At[2] & APC_SPECIAL ? NULL : ApcNormal,
                        At[2] & APC_USER ? UserMode : KernelMode, NULL);
    }
}

static VOID
JoinStarted(VOID)
{
    for (ULONG Index = APCS - 1; Index > 0; Index--) { /* 4 may begin 3 */
        if (Started[Index] != NULL) {
            ZwWaitForSingleObject(Started[Index], FALSE, NULL);
            ZwClose(Started[Index]);
        }
    }
}

/* Is there a routine that sets a timer? */
static BOOLEAN
GoesOn(VOID)
{
    for (PUCHAR At = Code; At[0] != END; At = NextList(At)) {
        for (PUCHAR One = At; At[0] == ROUTINE && One[0] != END; One += 3) {
            if (One[0] == ARM || One[0] == ARM_EVERY) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* DPCs, timers and work items may have brought about each other. */
static VOID
WaitForAll(BOOLEAN HasItems)
{
    for (ULONG Times = GoesOn() ? 0 : 2; Times < 4; Times++) {
        KeCancelTimer(&Timer[0]);
        KeCancelTimer(&Timer[1]);
        KeFlushQueuedDpcs();
        if (HasItems) {
            WaitForItems();
        }
    }
}

static VOID
Program(VOID)
{
    BOOLEAN HasDevice;

    ReadProgram();
    BAD(Code[0] == END);
    InitializeObjects();
    InitializeMore();
    HasDevice = Has(SEND, CANCEL) || Has(QUEUE_ITEM, QUEUE_ITEM);
    if (HasDevice) {
        InitializeSystem(Driver);
    }
    for (PUCHAR At = Code; At[0] != END; At = NextList(At)) {
        if (At[0] == ROUTINE) {
            InitializeRoutine(At);
        }
        for (PUCHAR One = At; One[0] != END; One += 3) {
            Short = One[0] == AGAIN ? 600000000 : Short;
        }
    }
    for (PUCHAR At = Code; At[0] != END; At = NextList(At)) {
        if (At[0] != ROUTINE) {
            Start(Thread, (ULONG_PTR)At);
        }
    }
    if (HasApcs) {
        InitializeApcs();
    }
    if (HasThreads) {
        InitializeThreads();
    }
    if (HasApcs || HasThreads) {
        KeSetEvent(&AllThere, IO_NO_INCREMENT, FALSE);
    }
    if (Code[0] == BEHIND) {
        Driver->DriverUnload = NULL;
        ThreadCount = 0;
        return;
    }
    Join();
    JoinStarted();
    WaitForAll(HasDevice);
    for (ULONG Index = APCS; Index < WORK_ITEMS; Index++) {
        if (ApcThread[Index] != NULL) {
            ObDereferenceObject(ApcThread[Index]);
        }
    }
    for (ULONG Index = 0; Index < THREADS_MOST; Index++) {
        if (ThreadObject[Index] != NULL) {
            ObDereferenceObject(ThreadObject[Index]);
        }
    }
    if (HasDevice) {
        EndSystem();
    }
    EndMore();
    ExDeleteResourceLite(&Resource);
}
