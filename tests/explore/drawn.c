/*
 * drawn.c - a program that comes in the registry: a few threads, each a list of instructions about events, a semaphore, locks and
 * words. check_drawn.py draws programs by chance and counts the traces of each without a kernel.
 *
 * "Program" under the service's Parameters key: for each thread its instructions, three bytes each (what, which object, an argument), and a
 * zero behind them; a zero at the end. What the last instruction came to is what IF looks at.
 */
#include "program.h"

enum instruction {
    END,
    SET,      /* an event, or the semaphore by one: what it was */
    CLEAR,    /* an event: what it was */
    WAIT,     /* for an event or the semaphore */
    TRY,      /* the same at once: did it? */
    TIMED,    /* the same for a millisecond */
    ADD,      /* one to a word: what it was */
    EXCHANGE, /* a word that is the argument for argument + 1: what it was */
    LOCK,
    TRY_LOCK, /* did it? Not a resource's */
    SHARE,    /* a resource */
    UNLOCK,
    ANY,  /* of two objects, `object` and the argument: which */
    ALL,  /* both */
    LOOK, /* at an event: its state */
    IF,   /* the last result is not `object`: passes over so many instructions */
};

/*
 * Objects by number: 0 and 1 synchronization events, 2 a notification event, 3 a semaphore, 4 a queue. Locks: 0 and 1 fast mutexes, 2 a mutex, 3 a resource,
 * 4 a spin lock.
 */
#define QUEUE 4
static KEVENT Event[3];
static KSEMAPHORE Semaphore;
static KQUEUE Queue;
static LIST_ENTRY Entries[sizeof(UCHAR[512]) / 3]; /* one for each instruction */
static FAST_MUTEX FastMutex[2];
static KMUTEX Mutex;
static ERESOURCE Resource;
static KSPIN_LOCK SpinLock;
static KIRQL Irql; /* of who holds it, before */
static volatile LONG Word[2];
static UCHAR Code[512];

static PVOID
ObjectOf(UCHAR Number)
{
    return Number < RTL_NUMBER_OF(Event) ? (PVOID)&Event[Number] : (PVOID)&Semaphore;
}

static BOOLEAN
Acquire(UCHAR Number, BOOLEAN Try)
{
    LARGE_INTEGER Now = {.QuadPart = 0};

    switch (Number) {
    case 0:
    case 1:
        if (Try) {
            return ExTryToAcquireFastMutex(&FastMutex[Number]);
        }
        ExAcquireFastMutex(&FastMutex[Number]);
        return TRUE;
    case 2:
        return KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, Try ? &Now : NULL) ==
               STATUS_SUCCESS;
    case 3:
        KeEnterCriticalRegion();
        return ExAcquireResourceExclusiveLite(&Resource, TRUE);
    }
    KIRQL Before;

    KeAcquireSpinLock(&SpinLock, &Before);
    Irql = Before;
    return TRUE;
}

static VOID
Release(UCHAR Number)
{
    switch (Number) {
    case 0:
    case 1:
        ExReleaseFastMutex(&FastMutex[Number]);
        break;
    case 2:
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case 3:
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    default:
        KeReleaseSpinLock(&SpinLock, Irql);
    }
}

/* NULL: until it comes. */
static BOOLEAN
Wait(UCHAR Number, PLARGE_INTEGER Timeout)
{
    if (Number == QUEUE) {
        ULONG_PTR Entry = (ULONG_PTR)KeRemoveQueue(&Queue, KernelMode, Timeout);

        return Entry != STATUS_TIMEOUT;
    }
    return KeWaitForSingleObject(ObjectOf(Number), Executive, KernelMode, FALSE, Timeout) ==
           STATUS_SUCCESS;
}

static LONG
Signal(UCHAR Number, PUCHAR At)
{
    if (Number == QUEUE) {
        return KeInsertQueue(&Queue, &Entries[(At - Code) / 3]);
    }
    return Number < RTL_NUMBER_OF(Event)
               ? KeSetEvent(&Event[Number], IO_NO_INCREMENT, FALSE)
               : KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 1, FALSE);
}

static VOID NTAPI
Thread(PVOID Context)
{
    LARGE_INTEGER Now = {.QuadPart = 0}, Soon = {.QuadPart = -10000};
    PVOID Both[2];
    LONG Last = 0;

    for (PUCHAR At = Context; At[0] != END; At += 3) {
        switch (At[0]) {
        case SET:
            Last = Signal(At[1], At);
            break;
        case CLEAR:
            Last = KeResetEvent(&Event[At[1]]);
            break;
        case WAIT:
            Wait(At[1], NULL);
            break;
        case TRY:
        case TIMED:
            Last = Wait(At[1], At[0] == TRY ? &Now : &Soon);
            break;
        case ADD:
            Last = InterlockedExchangeAdd(&Word[At[1]], 1);
            break;
        case EXCHANGE:
            Last = InterlockedCompareExchange(&Word[At[1]], At[2] + 1, At[2]);
            break;
        case LOCK:
            Acquire(At[1], FALSE);
            break;
        case TRY_LOCK:
            Last = Acquire(At[1], TRUE);
            break;
        case SHARE:
            KeEnterCriticalRegion();
            ExAcquireResourceSharedLite(&Resource, TRUE);
            break;
        case UNLOCK:
            Release(At[1]);
            break;
        case ANY:
        case ALL:
            Both[0] = ObjectOf(At[1]);
            Both[1] = ObjectOf(At[2]);
            Last = KeWaitForMultipleObjects(2, Both, At[0] == ANY ? WaitAny : WaitAll, Executive,
                                            KernelMode, FALSE, NULL, NULL);
            break;
        case LOOK:
            Last = KeReadStateEvent(&Event[At[1]]);
            break;
        case IF:
            At += Last != At[1] ? 3 * At[2] : 0;
            break;
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
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

static VOID
Program(VOID)
{
    ReadProgram();
    BAD(Code[0] == END);
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
    for (PUCHAR At = Code; At[0] != END; At++) {
        Start(Thread, (ULONG_PTR)At);
        while (At[0] != END) {
            At += 3;
        }
    }
    Join();
    ExDeleteResourceLite(&Resource);
}
