/*
 * badlock.c - misuse of locks and work items, one per driver (-DCASE=n): each ends in the documented bugcheck.
 */
#include "../ntlab-test.h"

static ERESOURCE Resource;
static WORK_QUEUE_ITEM Item;
static KMUTEX Mutex;
static FAST_MUTEX Fast;

static VOID NTAPI
Work(PVOID Context)
{
#if CASE == 4
    KIRQL OldIrql;

    KeRaiseIrql(APC_LEVEL, &OldIrql);
#elif CASE == 5
    KeEnterCriticalRegion();
#elif CASE == 6
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
#endif
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LARGE_INTEGER Delay = {.QuadPart = -1000000};

    UNREFERENCED_PARAMETER(Delay);
    UNREFERENCED_PARAMETER(Item);
    UNREFERENCED_PARAMETER(Fast);

    KeInitializeMutex(&Mutex, 0);
    ExInitializeResourceLite(&Resource);
    KeEnterCriticalRegion();
#if CASE == 1 /* 0xE3: released by who does not own it: resource, thread, owner table [BC:e3] */
    ExReleaseResourceLite(&Resource);
#elif CASE ==                                                                                      \
    2 /* 0x132: an owner pointer without its low bits: resource, owner table, thread, pointer [BC:132] */
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExSetResourceOwnerPointer(&Resource, &Resource);
#elif CASE == 3 /* 0xE4/1: queued twice [BC:e4] */
    ExInitializeWorkItem(&Item, Work, NULL);
    Item.List.Flink = &Item.List;
    ExQueueWorkItem(&Item, DelayedWorkQueue);
#elif CASE ==                                                                                      \
    7 /* 0x162: a fast mutex released by who does not hold it: thread, lock, session [BC:162] */
    ExInitializeFastMutex(&Fast);
    ExReleaseFastMutexUnsafe(&Fast);
#else /* 0xE1: returned at a raised IRQL [BC:e1]; 0x1: APCs still disabled [BC:1]; 0x39: owns a mutex [BC:39] */
    ExInitializeWorkItem(&Item, Work, (PVOID)0x1234);
    ExQueueWorkItem(&Item, DelayedWorkQueue);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
#endif
    KeLeaveCriticalRegion();
    return STATUS_SUCCESS;
}
