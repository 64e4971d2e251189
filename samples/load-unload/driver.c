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
 *             5  a second driver (guard.c) has this one registered when its load is over, and unload asks it whether that is
 *                done: both by device control
 *             6  the same, by a routine that is handed over and one that the second driver exports
 */
#include <fltKernel.h>
#include "guard.h"

#ifndef VARIANT
#define VARIANT 1
#endif
#define QUEUES 2

typedef struct _WORKER_QUEUE {
    BOOLEAN Stopping;
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
        Queue->Stopping = FALSE;
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
__attribute__((noinline)) static VOID
StopWorkerQueues(VOID)
{
    for (ULONG i = 0; i < QUEUES; i++) {
        Queues[i]->Stopping = TRUE;
        KeSetEvent(&Queues[i]->Stop, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(Queues[i]->Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Queues[i]->Thread);
        ExFreePoolWithTag(Queues[i], 'uelL');
    }
}

#if VARIANT == 5
static VOID
AskGuard(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(GUARD_DEVICE);

    SendControl(&Name, IOCTL_GUARD_WAIT);
}
#endif

/* What must be over before anything is torn down. */
static VOID
WaitForDriverEntry(VOID)
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
#elif VARIANT == 5
    AskGuard();
#elif VARIANT == 6
    GuardWait();
#endif
}

static NTSTATUS FLTAPI
UnloadCallback(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    WaitForDriverEntry();
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

#if VARIANT == 5
/* The device through which the guard asks for the registration. */
static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Status = Stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_FILTER_REGISTER
                     ? Register(DeviceObject->DriverObject)
                     : STATUS_INVALID_DEVICE_REQUEST;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}
#endif

static NTSTATUS
MakeDevice(PDRIVER_OBJECT DriverObject)
{
#if VARIANT == 3
    return IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
#elif VARIANT == 5
    UNICODE_STRING Name = RTL_CONSTANT_STRING(FILTER_DEVICE);

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    return IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
#else
    return STATUS_SUCCESS;
#endif
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    KeInitializeEvent(&Ready, NotificationEvent, FALSE);
    Status = MakeDevice(DriverObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
#if VARIANT == 2
    Status = StartWorkerQueues();
    if (NT_SUCCESS(Status)) {
        Status = Register(DriverObject);
    }
#elif VARIANT == 5
    Status = StartWorkerQueues();
#elif VARIANT == 6
    Status = StartWorkerQueues();
    GuardSetRoutine(Register, DriverObject);
#else
    Status = Register(DriverObject);
    if (NT_SUCCESS(Status)) {
        Status = StartWorkerQueues();
    }
#endif
    KeSetEvent(&Ready, IO_NO_INCREMENT, FALSE);
    return Status;
}
