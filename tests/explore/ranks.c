/*
 * ranks.c - a program that comes in the registry: a few threads with a priority and an affinity each, and DPCs, share fewer processors than they are (`explore --cpus`).
 * check_ranks.py counts by a model in which orders their marks can come, and says which those are.
 *
 * "Program" under the service's Parameters key: lists of three bytes each, a zero behind each list, and one more at the end. A list begins with THREAD, its priority and
 * affinity, or with DPC, its target + 1 (0: none) and its importance. "Orders": one after the other, each as many marks as the first byte says.
 */
#include "program.h"

enum {
    END,
    THREAD,
    DPC,
    MARK,  /* leaves `object` as a mark */
    RAISE, /* to DISPATCH_LEVEL */
    LOWER,
    SET, /* an event */
    WAIT,
    LOCK, /* a fast mutex */
    TRY,  /* the same at once: or passes over so many instructions */
    UNLOCK,
    SPIN, /* a spin lock */
    UNSPIN,
    QUEUE, /* a DPC */
    LEVEL, /* thread `object` gets priority `argument` */
};

#define LISTS   8
#define KNOWN   0xE2       /* MANUALLY_INITIATED_CRASH: the run's end */
#define UNKNOWN 0xDEADDEAD /* MANUALLY_INITIATED_CRASH1 */

static UCHAR Code[512], Orders[16384], Order[64];
static ULONG OrdersLength, Marks;
static KEVENT Gate, Over, There[LISTS], Done[LISTS], Event[4];
static FAST_MUTEX Mutex[2];
static KSPIN_LOCK Lock[2];
static KSEMAPHORE Marked;
static KDPC Dpc[LISTS];
static PKTHREAD Threads[LISTS];
static PUCHAR Lists[LISTS];
static KWAIT_BLOCK Blocks[LISTS];

static VOID
Run(PUCHAR At)
{
    KIRQL Before = PASSIVE_LEVEL;

    for (; At[0] != END; At += 3) {
        switch (At[0]) {
        case MARK:
            KeReleaseSemaphore(&Marked, IO_NO_INCREMENT, 1, FALSE);
            Order[Marks++] = At[1];
            break;
        case RAISE:
            KeRaiseIrql(DISPATCH_LEVEL, &Before);
            break;
        case LOWER:
            KeLowerIrql(Before);
            break;
        case SET:
            KeSetEvent(&Event[At[1]], IO_NO_INCREMENT, FALSE);
            break;
        case WAIT:
            KeWaitForSingleObject(&Event[At[1]], Executive, KernelMode, FALSE, NULL);
            break;
        case LOCK:
            ExAcquireFastMutex(&Mutex[At[1]]);
            break;
        case TRY:
            At += ExTryToAcquireFastMutex(&Mutex[At[1]]) ? 0 : 3 * At[2];
            break;
        case UNLOCK:
            ExReleaseFastMutex(&Mutex[At[1]]);
            break;
        case SPIN:
            KeAcquireSpinLock(&Lock[At[1]], &Before);
            break;
        case UNSPIN:
            KeReleaseSpinLock(&Lock[At[1]], Before);
            break;
        case QUEUE:
            KeInsertQueueDpc(&Dpc[At[1]], NULL, NULL);
            break;
        case LEVEL:
            KeSetPriorityThread(Threads[At[1]], At[2]);
            break;
        }
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG_PTR Index = (ULONG_PTR)Context;

    if (Lists[Index][2] != 0) {
        KeSetSystemAffinityThread(Lists[Index][2]);
    }
    KeSetEvent(&There[Index], IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&Gate, Executive, KernelMode, FALSE, NULL);
    Run(Lists[Index] + 3);
    KeSetEvent(&Done[Index], IO_NO_INCREMENT, FALSE); /* how threads end is not what is counted */
    KeWaitForSingleObject(&Over, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Deferred(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Run(Context);
}

static ULONG
Read(PCWSTR Name, PUCHAR To, ULONG Size)
{
    static UCHAR Buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(Orders)];
    PKEY_VALUE_PARTIAL_INFORMATION Value = (PKEY_VALUE_PARTIAL_INFORMATION)Buffer;
    UNICODE_STRING Path = RTL_CONSTANT_STRING(
                       L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
                       L"explore-ranks\\Parameters"),
                   Text;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;
    ULONG Length;

    Value->DataLength = 0;
    RtlInitUnicodeString(&Text, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    if (NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes))) {
        ZwQueryValueKey(Key, &Text, KeyValuePartialInformation, Value, sizeof(Buffer), &Length);
        ZwClose(Key);
    }
    BAD(Value->DataLength == 0 || Value->DataLength > Size);
    if (BadLine == 0) {
        RtlCopyMemory(To, Value->Data, Value->DataLength);
    }
    return Value->DataLength;
}

static BOOLEAN
IsKnown(VOID)
{
    for (ULONG At = 1; At + Orders[0] <= OrdersLength; At += Orders[0]) {
        if (Marks == Orders[0] && RtlCompareMemory(&Orders[At], Order, Marks) == Marks) {
            return TRUE;
        }
    }
    return FALSE;
}

static ULONG_PTR
Part(ULONG Index)
{
    ULONG_PTR Value;

    RtlCopyMemory(&Value, Order + Index * sizeof(Value), sizeof(Value));
    return Value;
}

static VOID
StartThread(PUCHAR At, ULONG Index)
{
    Lists[Index] = At;
    KeInitializeEvent(&There[Index], NotificationEvent, FALSE);
    KeInitializeEvent(&Done[Index], NotificationEvent, FALSE);
    Start(Thread, Index);
    ObReferenceObjectByHandle(ThreadHandle[Index], THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                              (PVOID *)&Threads[Index], NULL);
}

static VOID
WaitForAll(PKEVENT First)
{
    PVOID Objects[LISTS];

    for (ULONG Index = 0; Index < ThreadCount; Index++) {
        Objects[Index] = First + Index;
    }
    KeWaitForMultipleObjects(ThreadCount, Objects, WaitAll, Executive, KernelMode, FALSE, NULL,
                             Blocks);
}

static VOID
Program(VOID)
{
    ULONG Deferreds = 0;

    KeSetSystemAffinityThread(1);
    KeSetPriorityThread(KeGetCurrentThread(),
                        HIGH_PRIORITY); /* nobody's turn comes before all are there */
    Read(L"Program", Code, sizeof(Code));
    OrdersLength = Read(L"Orders", Orders, sizeof(Orders));
    KeInitializeEvent(&Gate, NotificationEvent, FALSE);
    KeInitializeEvent(&Over, NotificationEvent, FALSE);
    KeInitializeSemaphore(&Marked, 0, 1000);
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Event); Index++) {
        KeInitializeEvent(&Event[Index], SynchronizationEvent, FALSE);
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Mutex); Index++) {
        ExInitializeFastMutex(&Mutex[Index]);
        KeInitializeSpinLock(&Lock[Index]);
    }
    for (PUCHAR At = Code; At[0] != END; At++) {
        if (At[0] == DPC) {
            KeInitializeDpc(&Dpc[Deferreds], Deferred, At + 3);
            if (At[1] != 0) {
                KeSetTargetProcessorDpc(&Dpc[Deferreds], (CCHAR)(At[1] - 1));
            }
            KeSetImportanceDpc(&Dpc[Deferreds++], At[2]);
        } else {
            StartThread(At, ThreadCount);
        }
        while (At[0] != END) {
            At += 3;
        }
    }
    WaitForAll(There);
    for (ULONG Index = 0; Index < ThreadCount; Index++) {
        KeSetPriorityThread(Threads[Index], Lists[Index][1]);
    }
    KeSetEvent(&Gate, IO_NO_INCREMENT, FALSE);
    WaitForAll(Done);
    KeFlushQueuedDpcs();
    KeBugCheckEx(IsKnown() ? KNOWN : UNKNOWN, Part(0), Part(1), 0, 0);
}
