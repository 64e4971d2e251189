/*
 * suspend.c - a driver in which a suspended thread keeps others waiting, by its fault or by design.
 *
 *     IOCTL 0  waits for a reply, which another client gives by IOCTL 1
 *     IOCTL 2  takes a lock and goes back to user mode with it; IOCTL 3 gives it back
 *     IOCTL 4  takes an ERESOURCE and gives it back; 5: the same in a guarded region
 *     IOCTL 6  waits until the driver's own thread has had the ERESOURCE
 *     IOCTL 7  queues a DPC that frees its own memory, and waits until it has run
 *     IOCTL 8  takes a lock and gives it back: to who waits for it by an APC, which lets him go on
 *     IOCTL 9  takes something away and gives it back with a spin lock held: between the two it makes no call but for that; 10 waits for it
 */
#include <ntifs.h>

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Suspend");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Suspend");
static KEVENT Reply, Start, Done, Free;
static KSPIN_LOCK Spin;
static KSEMAPHORE Lock;
static ERESOURCE Resource;
static PKTHREAD Thread;
static volatile LONG Stop;
static volatile LONG Taken;
static PKTHREAD volatile Waiter;
static KEVENT Given;
static KAPC Giving;

static VOID
UseResource(VOID)
{
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExReleaseResourceLite(&Resource);
}

static VOID NTAPI
Worker(PVOID Context)
{
    KeWaitForSingleObject(&Start, Executive, KernelMode, FALSE, NULL);
    if (!Stop) {
        UseResource();
        KeSetEvent(&Done, 0, FALSE);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
OwnDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ExFreePoolWithTag(Dpc, 'pDuS');
}

static NTSTATUS
RunDpc(VOID)
{
    PKDPC Dpc = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Dpc), 'pDuS');

    if (Dpc == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeInitializeDpc(Dpc, OwnDpc, NULL);
    KeInsertQueueDpc(Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    return STATUS_SUCCESS;
}

static VOID NTAPI
Give(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    KeSetEvent(&Given, 0, FALSE);
}

static NTSTATUS
UseGiven(VOID)
{
    if (InterlockedExchange(&Taken, 1) != 0) {
        Waiter = KeGetCurrentThread();
        KeWaitForSingleObject(&Given, Executive, KernelMode, FALSE, NULL);
        Waiter = NULL;
    }
    KeSetEvent(&Done, 0, FALSE); /* something to be suspended in front of */
    if (Waiter != NULL) {
        KeInitializeApc(&Giving, Waiter, 0, Give, NULL, NULL, KernelMode, NULL);
        KeInsertQueueApc(&Giving, NULL, NULL, 0);
    } else {
        Taken = 0;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Borrow(VOID)
{
    KIRQL Irql;

    KeClearEvent(&Free);
    KeAcquireSpinLock(&Spin, &Irql);
    KeSetEvent(&Free, 0, FALSE);
    KeReleaseSpinLock(&Spin, Irql);
    return STATUS_SUCCESS;
}

static NTSTATUS
Control(ULONG Number)
{
    switch (Number) {
    case 0:
        return KeWaitForSingleObject(&Reply, UserRequest, KernelMode, FALSE, NULL);
    case 1:
        KeSetEvent(&Reply, 0, FALSE);
        return STATUS_SUCCESS;
    case 2:
        return KeWaitForSingleObject(&Lock, UserRequest, KernelMode, FALSE, NULL);
    case 3:
        KeReleaseSemaphore(&Lock, 0, 1, FALSE);
        return STATUS_SUCCESS;
    case 4:
        UseResource();
        return STATUS_SUCCESS;
    case 5:
        KeEnterGuardedRegion();
        UseResource();
        KeLeaveGuardedRegion();
        return STATUS_SUCCESS;
    case 6:
        KeSetEvent(&Start, 0, FALSE);
        return KeWaitForSingleObject(&Done, UserRequest, KernelMode, FALSE, NULL);
    case 7:
        return RunDpc();
    case 8:
        return UseGiven();
    case 9:
        return Borrow();
    case 10:
        return KeWaitForSingleObject(&Free, Executive, KernelMode, FALSE, NULL);
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Status = Control((Stack->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xFFF) - 0x800);
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    Stop = TRUE;
    KeSetEvent(&Start, 0, FALSE);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
    ExDeleteResourceLite(&Resource);
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;
    HANDLE Handle;

    KeInitializeEvent(&Reply, NotificationEvent, FALSE);
    KeInitializeEvent(&Start, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeEvent(&Given, NotificationEvent, FALSE);
    KeInitializeEvent(&Free, NotificationEvent, TRUE);
    KeInitializeSpinLock(&Spin);
    KeInitializeSemaphore(&Lock, 1, 1);
    ExInitializeResourceLite(&Resource);
    IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, NULL);
    ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                              (PVOID *)&Thread, NULL);
    ZwClose(Handle);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
