/*
 * faulty.c - a driver with one mistake per build (-DCASE=…): what the report must explain.
 */
#include <ntifs.h>

#define CASE_NULL     1  /* reads a field of a NULL pointer at PASSIVE_LEVEL */
#define CASE_IRQL     2  /* writes through a bad pointer at DISPATCH_LEVEL */
#define CASE_DEADLOCK 3  /* two threads take two fast mutexes in two orders */
#define CASE_HANG     4  /* waits for an event that nobody sets */
#define CASE_CALL     5  /* calls a NULL function pointer */
#define CASE_COPY     6  /* lets RtlCopyMemory write to a bad address */
#define CASE_BREAK    7  /* DbgBreakPoint without a debugger */
#define CASE_RAISE    8  /* raises a status that nobody takes */
#define CASE_POOL     9  /* frees a pool block twice */
#define CASE_LIST     10 /* removes from a damaged list: fast fail */
#define CASE_SPIN     11 /* acquires a spin lock twice */
#define CASE_LOOP     12 /* runs for ever */
#define CASE_MISSING  13 /* calls an import that nobody has */
#define CASE_BUGCHECK 14 /* KeBugCheckEx by itself */
#define CASE_STACK    15 /* recurses until the stack is used up */
#define CASE_REGION   16 /* touches a bad address in a critical region */
#define CASE_RESOURCE 17 /* two threads, two resources, two orders */
#define CASE_FREED    18 /* writes through a pointer out of a block that has been freed */
#define CASE_KIT      19 /* removes an entry that is in no list, with the kit's inline routine */
#define CASE_TICKS    20 /* as CASE_HANG, while a timer expires every 10 ms */
#define CASE_POLLS    21 /* as CASE_HANG, while a thread looks for work every second */

struct fields {
    ULONG64 First, Second, Third;
};

static VOID NTAPI
FaultyUnload(PDRIVER_OBJECT DriverObject)
{
}

static DECLSPEC_NOINLINE ULONG64
FaultyRead(volatile struct fields *Fields)
{
    return Fields->Third;
}

static DECLSPEC_NOINLINE VOID
FaultyWrite(volatile struct fields *Fields)
{
    Fields->Second = 1;
}

/* Inlined: a report names it all the same, with its line. */
static __attribute__((always_inline)) VOID
FaultyInner(volatile PVOID *Block)
{
    *(volatile ULONG *)*Block = 1;
}

static FAST_MUTEX FirstMutex, SecondMutex;
static ERESOURCE FirstResource, SecondResource;
static KEVENT Reached, Never;

#if CASE == CASE_TICKS
static LONG Ticks;

static VOID NTAPI
FaultyTick(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    InterlockedIncrement(&Ticks);
}
#endif

#if CASE == CASE_POLLS
static VOID NTAPI
FaultyPoll(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    for (;;) {
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
        ExAcquireFastMutex(&FirstMutex);
        ExReleaseFastMutex(&FirstMutex);
    }
}
#endif

static VOID NTAPI
FaultyOther(PVOID Context)
{
#if CASE == CASE_DEADLOCK
    ExAcquireFastMutex(&SecondMutex);
    KeSetEvent(&Reached, 0, FALSE);
    ExAcquireFastMutex(&FirstMutex);
#elif CASE == CASE_RESOURCE
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&SecondResource, TRUE);
    KeSetEvent(&Reached, 0, FALSE);
    ExAcquireResourceSharedLite(&FirstResource, TRUE);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static DECLSPEC_NOINLINE ULONG
FaultyRecurse(ULONG Depth)
{
    volatile UCHAR Room[512];

    Room[Depth % 512] = (UCHAR)Depth;
    return Depth == ~0u ? 0 : FaultyRecurse(Depth + 1) + Room[0];
}

#if CASE == CASE_MISSING
NTKERNELAPI NTSTATUS NTAPI XyzSomething(VOID);
#endif

static DECLSPEC_NOINLINE VOID
FaultyDo(VOID)
{
    HANDLE Thread;
    KIRQL OldIrql;
    static KSPIN_LOCK Lock;
    static LIST_ENTRY Head = {&Head, &Head}, Entry;
    PVOID Block;

    (VOID) Thread, (VOID)OldIrql, (VOID)Lock, (VOID)Entry, (VOID)Block, (VOID)Head;
#if CASE == CASE_NULL
    FaultyRead(NULL);
#elif CASE == CASE_IRQL
    KeAcquireSpinLock(&Lock, &OldIrql);
    FaultyWrite((struct fields *)0x0000451234560000);
#elif CASE == CASE_DEADLOCK
    ExInitializeFastMutex(&FirstMutex);
    ExInitializeFastMutex(&SecondMutex);
    KeInitializeEvent(&Reached, NotificationEvent, FALSE);
    ExAcquireFastMutex(&FirstMutex);
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FaultyOther, NULL);
    KeWaitForSingleObject(&Reached, Executive, KernelMode, FALSE, NULL);
    ExAcquireFastMutex(&SecondMutex);
#elif CASE == CASE_RESOURCE
    ExInitializeResourceLite(&FirstResource);
    ExInitializeResourceLite(&SecondResource);
    KeInitializeEvent(&Reached, NotificationEvent, FALSE);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&FirstResource, TRUE);
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FaultyOther, NULL);
    KeWaitForSingleObject(&Reached, Executive, KernelMode, FALSE, NULL);
    ExAcquireResourceExclusiveLite(&SecondResource, TRUE);
#elif CASE == CASE_HANG
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
#elif CASE == CASE_TICKS
    static KDPC Dpc;
    static KTIMER Timer;
    LARGE_INTEGER Due = {.QuadPart = -100000};

    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, FaultyTick, NULL);
    KeInitializeTimer(&Timer);
    KeSetTimerEx(&Timer, Due, 10, &Dpc);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
#elif CASE == CASE_POLLS
    ExInitializeFastMutex(&FirstMutex);
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FaultyPoll, NULL);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
#elif CASE == CASE_CALL
    ((VOID(*volatile)(VOID))NULL)();
#elif CASE == CASE_COPY
    RtlMoveMemory((PVOID)0x0000451234560000, &Head, sizeof(Head));
#elif CASE == CASE_BREAK
    DbgBreakPoint();
#elif CASE == CASE_RAISE
    ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
#elif CASE == CASE_POOL
    Block = ExAllocatePoolWithTag(NonPagedPool, 64, 'tluF');
    ExFreePoolWithTag(Block, 'tluF');
    ExFreePoolWithTag(Block, 'tluF');
#elif CASE == CASE_LIST
    InsertTailList(&Head, &Entry);
    Entry.Flink = &Entry;
    if (Entry.Flink->Blink != &Entry || Entry.Blink->Flink != &Entry || Entry.Flink == &Entry) {
        __asm__ volatile("int $0x29" ::"c"(3));
    }
#elif CASE == CASE_SPIN
    KeAcquireSpinLock(&Lock, &OldIrql);
    KeAcquireSpinLockAtDpcLevel(&Lock);
#elif CASE == CASE_LOOP
    ExInitializeResourceLite(&FirstResource);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&FirstResource, TRUE);
    for (volatile int i = 0;; i++) {
    }
#elif CASE == CASE_MISSING
    XyzSomething();
#elif CASE == CASE_BUGCHECK
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
#elif CASE == CASE_STACK
    FaultyRecurse(0);
#elif CASE == CASE_REGION
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    FaultyRead((struct fields *)0x0000451234560000);
#elif CASE == CASE_FREED
    Block = ExAllocatePoolWithTag(NonPagedPool, 64, 'tluF');
    ExFreePoolWithTag(Block, 'tluF');
    FaultyInner(Block);
#elif CASE == CASE_KIT
    RemoveEntryList(&Entry);
#endif
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = FaultyUnload;
    FaultyDo();
    return STATUS_SUCCESS;
}
