/*
 * unload.c - drivers that are unloaded while code of theirs is about to return, or has yet to run; -DFIXED: that wait for it. The
 * unload routine waits for what the driver itself says last, and the image goes behind that.
 *
 *     1  a work item sets an event at its end; fixed: an I/O work item, which keeps the driver
 *     2  a thread sets an event before it ends itself; fixed: the thread is waited for
 *     3  a timer's DPC; fixed: the timer is cancelled (a DPC that is queued runs before the image goes)
 *     4  a thread that nobody waits for; fixed: the thread is waited for
 */
#include <ntifs.h>

#ifndef FIXED
#define FIXED 0
#endif

static KEVENT Done;
static PKTHREAD Thread;
static struct { /* outlives the image */
    KTIMER Timer;
    KDPC Dpc;
} *Timed;
static WORK_QUEUE_ITEM Item;
static PIO_WORKITEM IoItem;

static VOID NTAPI
Work(PVOID Context)
{
    KeSetEvent(&Done, 0, FALSE);
}

static VOID NTAPI
IoWork(PDEVICE_OBJECT Device, PVOID Context)
{
    Work(Context);
}

static VOID NTAPI
Run(PVOID Context)
{
    KeSetEvent(&Done, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Due(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetEvent(&Done, 0, FALSE);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    switch (PROGRAM) {
    case 1:
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        if (IoItem != NULL) {
            IoFreeWorkItem(IoItem);
        }
        break;
    case 2:
    case 4:
        if (FIXED) {
            KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        } else if (PROGRAM == 2) {
            KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        }
        ObDereferenceObject(Thread);
        break;
    case 3:
        if (FIXED) {
            KeCancelTimer(&Timed->Timer);
        }
        break;
    }
    if (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

static NTSTATUS
StartThread(VOID)
{
    HANDLE Handle;
    NTSTATUS Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Run, NULL);

    if (NT_SUCCESS(Status)) {
        Status =
            ObReferenceObjectByHandle(Handle, 0, *PsThreadType, KernelMode, (PVOID *)&Thread, NULL);
        ZwClose(Handle);
    }
    return Status;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LARGE_INTEGER Due100ns = {.QuadPart = -10000};
    PDEVICE_OBJECT Device = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    DriverObject->DriverUnload = Unload;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    switch (PROGRAM) {
    case 1:
        if (FIXED) {
            Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
            if (NT_SUCCESS(Status)) {
                IoItem = IoAllocateWorkItem(Device);
                IoQueueWorkItem(IoItem, IoWork, DelayedWorkQueue, NULL);
            }
        } else {
            ExInitializeWorkItem(&Item, Work, NULL);
            ExQueueWorkItem(&Item, DelayedWorkQueue);
        }
        break;
    case 2:
    case 4:
        Status = StartThread();
        break;
    case 3:
        Timed = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Timed), 'lnuE');
        KeInitializeTimer(&Timed->Timer);
        KeInitializeDpc(&Timed->Dpc, Due, NULL);
        KeSetTimer(&Timed->Timer, Due100ns, &Timed->Dpc);
        break;
    }
    return Status;
}
