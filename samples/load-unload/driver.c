/*
 * load-unload: a minifilter that is unloaded while its DriverEntry still runs.
 *
 * It is written as the article's was: the filter is registered first, the work queues, each with a thread of its own, are
 * made after. Before Windows 8 nothing keeps the filter manager from calling the unload callback as soon as the filter
 * is registered; StopWorkerQueues then meets a queue that is not there yet.
 *
 *     VARIANT 1  as in the article: registration first
 *             2  registration last
 *             3  a device object, and unload polls DO_DEVICE_INITIALIZING
 *             4  an event that DriverEntry sets at its end, and a pause in unload
 */
#include <fltKernel.h>

#ifndef VARIANT
#define VARIANT 1
#endif
#define QUEUES 2

typedef struct _WORKER_QUEUE {
    KEVENT Stop;
    PVOID Thread;
} WORKER_QUEUE, *PWORKER_QUEUE;

static PFLT_FILTER Filter;
static PWORKER_QUEUE Queues[QUEUES];
static PDEVICE_OBJECT Device;
static KEVENT Ready;

static VOID NTAPI
QueueThread(PVOID Context)
{
    PWORKER_QUEUE Queue = Context;

    KeWaitForSingleObject(&Queue->Stop, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS
StartWorkerQueues(VOID)
{
    for (ULONG i = 0; i < QUEUES; i++) {
        PWORKER_QUEUE Queue = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Queue), 'uelL');
        NTSTATUS Status;
        HANDLE Handle;

        if (Queue == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        KeInitializeEvent(&Queue->Stop, NotificationEvent, FALSE);
        Status =
            PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, QueueThread, Queue);
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(Queue, 'uelL');
            return Status;
        }
        ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, NULL, KernelMode, &Queue->Thread,
                                  NULL);
        ZwClose(Handle);
        Queues[i] = Queue;
    }
    return STATUS_SUCCESS;
}

/* All queues are there: so it was meant. */
static VOID
StopWorkerQueues(VOID)
{
    for (ULONG i = 0; i < QUEUES; i++) {
        KeSetEvent(&Queues[i]->Stop, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(Queues[i]->Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Queues[i]->Thread);
        ExFreePoolWithTag(Queues[i], 'uelL');
    }
}

static NTSTATUS FLTAPI
UnloadCallback(FLT_FILTER_UNLOAD_FLAGS Flags)
{
#if VARIANT == 3
    LARGE_INTEGER Pause = {.QuadPart = -10 * 10000};

    while (Device->Flags & DO_DEVICE_INITIALIZING) {
        KeDelayExecutionThread(KernelMode, FALSE, &Pause);
    }
#elif VARIANT == 4
    LARGE_INTEGER Pause = {.QuadPart = -2 * 10000000ll};

    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Pause);
#endif
    StopWorkerQueues();
    FltUnregisterFilter(Filter);
    if (Device != NULL) {
        IoDeleteDevice(Device);
    }
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = UnloadCallback};

static NTSTATUS
Register(PDRIVER_OBJECT DriverObject)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    KeInitializeEvent(&Ready, NotificationEvent, FALSE);
#if VARIANT == 3
    Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
#endif
#if VARIANT == 2
    Status = StartWorkerQueues();
    if (NT_SUCCESS(Status)) {
        Status = Register(DriverObject);
    }
#else
    Status = Register(DriverObject);
    if (NT_SUCCESS(Status)) {
        Status = StartWorkerQueues();
    }
#endif
    KeSetEvent(&Ready, IO_NO_INCREMENT, FALSE);
    return Status;
}
