/*
 * driver.c - ProducerConsumer: callers queue requests, one thread of the driver does them in order of arrival.
 *
 * The semaphore counts the requests in the queue. A caller first queues its request, then releases the semaphore; between
 * the two it holds no lock, and still others depend on it: there is one request more than the count says. If the caller
 * stops there, the next caller's release wakes the thread for the first one's request, and the second one's stays.
 *
 *   P1  The count never says more than there are requests: the thread never finds the queue empty, but to stop.
 *   P2  A request lies on its caller's stack: the caller does not return before its event is set.
 */
#include <ntifs.h>
#include "producer-consumer.h"

typedef struct REQUEST {
    LIST_ENTRY Link;
    KEVENT Done;
} REQUEST;

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\ProducerConsumer");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\ProducerConsumer");

static LIST_ENTRY Queue;
static KSPIN_LOCK QueueLock;
static KSEMAPHORE Requests;
static PKTHREAD Thread;

static VOID NTAPI
Consume(PVOID Context)
{
    for (;;) {
        PLIST_ENTRY Entry;

        KeWaitForSingleObject(&Requests, Executive, KernelMode, FALSE, NULL);
        Entry = ExInterlockedRemoveHeadList(&Queue, &QueueLock);
        if (Entry == NULL) {
            PsTerminateSystemThread(STATUS_SUCCESS); /* Unload's release */
        }
        KeSetEvent(&CONTAINING_RECORD(Entry, REQUEST, Link)->Done, IO_NO_INCREMENT, FALSE);
    }
}

static NTSTATUS
Submit(ULONG Choice)
{
    REQUEST Request;

    KeInitializeEvent(&Request.Done, NotificationEvent, FALSE);
    if (Choice == InRegion) {
        KeEnterCriticalRegion();
    }
    ExInterlockedInsertTailList(&Queue, &Request.Link, &QueueLock);
    /* No lock is held here. */
    KeReleaseSemaphore(&Requests, IO_NO_INCREMENT, 1, FALSE);
    if (Choice == InRegion) {
        KeLeaveCriticalRegion();
    }
    return KeWaitForSingleObject(&Request.Done, Executive, KernelMode, FALSE, NULL);
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
DispatchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Choice;

    /* The code first: only METHOD_BUFFERED has a system buffer. */
    if (Stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_SUBMIT ||
        Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(ULONG)) {
        return Complete(Irp, STATUS_INVALID_PARAMETER);
    }
    Choice = *(PULONG)Irp->AssociatedIrp.SystemBuffer;
    return Complete(Irp, Choice < Choices ? Submit(Choice) : STATUS_INVALID_PARAMETER);
}

static NTSTATUS NTAPI
DispatchCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    KeReleaseSemaphore(&Requests, IO_NO_INCREMENT, 1, FALSE);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeListHead(&Queue);
    KeInitializeSpinLock(&QueueLock);
    KeInitializeSemaphore(&Requests, 0, MAXLONG);
    Status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
    if (NT_SUCCESS(Status)) {
        Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Consume, NULL);
        if (NT_SUCCESS(Status)) {
            ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                      (PVOID *)&Thread, NULL);
            ZwClose(Handle);
        } else {
            IoDeleteSymbolicLink(&LinkName);
        }
    }
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchControl;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
