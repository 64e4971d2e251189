/*
 * userapc.c - user APCs that a driver queues to the calling thread: the kernel routine decides what becomes of them,
 * the rundown routine is called for those that the thread never took. The client (userapc-client.c) checks.
 */
#include <ntifs.h>
#include "userapc.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
typedef VOID(NTAPI *RUNDOWN)(PKAPC);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, RUNDOWN, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
NTKERNELAPI BOOLEAN NTAPI KeRemoveQueueApc(PKAPC);

static USER_SEEN Seen;
static KAPC Extra, Last;
static KEVENT Event, Ready;
static ULONG Length;

static VOID NTAPI
Nothing(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
}

/* Its context is lost with the normal routine: the client's flag is in SystemArgument1. */
static VOID NTAPI
Flags(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    *(volatile LONG *)*Argument1 = 1;
}

static VOID NTAPI
Kernel(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    ULONG What = (ULONG)(ULONG_PTR)*Argument2;

    Seen.Kernel++;
    Seen.KernelIrql = KeGetCurrentIrql();
    if (What == UserCancel) {
        *Normal = NULL;
    } else if (What == UserChange) {
        *Context = (PVOID)77;
        *Argument1 = (PVOID)78;
        *Argument2 = (PVOID)79;
    } else if (What == UserInterrupted) {
        /* a special kernel APC that comes while this routine keeps APCs out */
        KeInitializeApc(&Extra, KeGetCurrentThread(), 0, Flags, NULL, NULL, KernelMode, NULL);
        KeInsertQueueApc(&Extra, *Context, NULL, 0);
        Seen.Pending = Extra.Inserted;
    }
    ExFreePool(Apc);
}

static VOID NTAPI
Rundown(PKAPC Apc)
{
    Seen.Rundown++;
    KeInitializeApc(&Last, KeGetCurrentThread(), 0, Nothing, NULL, NULL, KernelMode, NULL);
    Seen.Refused += !KeInsertQueueApc(&Last, NULL, NULL, 0); /* the thread is exiting */
    ExFreePool(Apc);
}

/* An alertable wait that an APC ended, and the APC is gone: the next wait that is not alertable waits. */
static VOID
Again(USER_REQUEST *Request)
{
    LARGE_INTEGER Short = {.QuadPart = -10000};

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeApc(&Last, KeGetCurrentThread(), 0, Nothing, NULL, (NORMAL)Request->Routine,
                    UserMode, NULL);
    KeInsertQueueApc(&Last, NULL, NULL, 0);
    Seen.Kernelmode = KeWaitForSingleObject(&Event, Executive, KernelMode, TRUE, &Short);
    Seen.First = KeWaitForSingleObject(&Event, Executive, UserMode, TRUE, NULL);
    KeRemoveQueueApc(&Last);
    Seen.Second = KeWaitForSingleObject(&Event, Executive, UserMode, FALSE, &Short);
}

static VOID NTAPI
Marks(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Seen.Order[Length++] = 's';
}

static VOID NTAPI
Waiter(PVOID Process)
{
    KAPC_STATE State;

    if (Process != NULL) {
        KeStackAttachProcess((PKPROCESS)Process, &State);
    }
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    Seen.Order[Length++] = Process != NULL ? '1' : '2';
    if (Process != NULL) {
        KeUnstackDetachProcess(&State);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static PVOID
Start(PVOID Process)
{
    LARGE_INTEGER Short = {.QuadPart = -20000};
    HANDLE Handle;
    PVOID Thread;

    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Waiter, Process);
    ObReferenceObjectByHandle(Handle, 0, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Short);
    return Thread;
}

/* An APC for the process that a waiting thread is not in now does not interrupt its wait. */
static VOID
Attached(VOID)
{
    PVOID First, Second;

    Length = 0;
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    First = Start(PsGetCurrentProcess());
    Second = Start(NULL);
    KeInitializeApc(&Last, First, 0, Marks, NULL, NULL, KernelMode, NULL);
    KeInsertQueueApc(&Last, NULL, NULL, 0);
    KeSetEvent(&Event, 0, FALSE);
    KeWaitForSingleObject(First, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&Event, 0, FALSE);
    KeWaitForSingleObject(Second, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(First);
    ObDereferenceObject(Second);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    USER_REQUEST *Request = Irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR Bytes = 0;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
        case USER_QUEUE: {
            PKAPC Apc = ExAllocatePoolWithTag(NonPagedPool, sizeof(KAPC), 'cpaT');
            PVOID What = (PVOID)(ULONG_PTR)Request->What;

            KeInitializeApc(Apc, KeGetCurrentThread(), 0, Kernel, Rundown, (NORMAL)Request->Routine,
                            UserMode, Request->Context);
            KeInsertQueueApc(Apc, (PVOID)1, What, 0);
            if (Request->What == UserRemove) {
                KeRemoveQueueApc(Apc);
                ExFreePool(Apc);
            }
            break;
        }
        case USER_LOOK:
            *(USER_SEEN *)Request = Seen;
            Bytes = sizeof(Seen);
            break;
        case USER_AGAIN:
            Again(Request);
            break;
        case USER_ATTACH:
            Attached();
            break;
        case USER_RESET:
            RtlZeroMemory(&Seen, sizeof(Seen));
            break;
        }
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = Bytes;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\KeUserApc");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\KeUserApc");

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;

    IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
