/*
 * bad.c - a driver that makes one mistake (-DCASE=…) in the dispatch routine of a client's request.
 *
 * Each is a mistake that real drivers make; tests.list says what Windows makes of it [BC: bug check reference].
 */
#include <ntifs.h>
#include "bad.h"

#define CASE_NULL     1  /* a field of a NULL pointer */
#define CASE_FREED    2  /* a pointer out of a pool block that has been freed */
#define CASE_NO_TRY   3  /* the client's pointer, not probed, without __try */
#define CASE_PROCESS  4  /* the client's pointer in another process's context */
#define CASE_STACK    5  /* recursion until the kernel stack is used up */
#define CASE_LOOP     6  /* an endless loop at DISPATCH_LEVEL */
#define CASE_TWICE    7  /* the request is completed twice */
#define CASE_NEVER    8  /* the request is never completed */
#define CASE_REGION   9  /* a critical region that is not left */
#define CASE_IRQL     10 /* the IRQL is not lowered */
#define CASE_WAIT     11 /* a wait with time-out at DISPATCH_LEVEL */
#define CASE_LOCK     12 /* a fast mutex that the same thread holds */
#define CASE_CODE     13 /* a jump into data */
#define CASE_READONLY 14 /* a write to the driver's own constants */
#define CASE_CANCEL   15 /* a request that pends and can be cancelled: no mistake */

DRIVER_INITIALIZE DriverEntry;

static PDEVICE_OBJECT BadDevice;
static const volatile ULONG Constant = 1;
static FAST_MUTEX Mutex;
static UCHAR Data[16] = {0xC3};
static volatile ULONG Count;

static VOID NTAPI
Worker(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    *(volatile ULONG *)Context = 1;
}

static DECLSPEC_NOINLINE ULONG
Recurse(ULONG Depth)
{
    volatile UCHAR Room[400];

    Room[Depth % 400] = (UCHAR)Depth;
    return Depth == ~0u ? 0 : Recurse(Depth + 1) + Room[0];
}

static VOID NTAPI
Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Irp->IoStatus.Status = STATUS_CANCELLED;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static NTSTATUS
Mistake(PIRP Irp, PVOID Input, PVOID Output)
{
    PIO_WORKITEM Item;
    PULONG *Block;
    KIRQL OldIrql;

    (VOID) Item, (VOID)Block, (VOID)OldIrql, (VOID)Constant, (VOID)Mutex, (VOID)Data, (VOID)Count;
#if CASE == CASE_NULL
    return ((volatile IRP *)NULL)->IoStatus.Status;
#elif CASE == CASE_FREED
    Block = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Block) * 4, 'daBn');
    Block[2] = (PULONG)&Count;
    ExFreePoolWithTag(Block, 'daBn');
    return *((volatile PULONG *)Block)[2];
#elif CASE == CASE_NO_TRY
    *(volatile ULONG *)Output = 1;
#elif CASE == CASE_PROCESS
    Item = IoAllocateWorkItem(BadDevice);
    IoQueueWorkItem(Item, Worker, DelayedWorkQueue, Input);
    for (;;) {
        LARGE_INTEGER Short = {.QuadPart = -10000};

        KeDelayExecutionThread(KernelMode, FALSE, &Short);
    }
#elif CASE == CASE_STACK
    return Recurse(0);
#elif CASE == CASE_LOOP
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    while (Constant) {
    }
#elif CASE == CASE_TWICE
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
#elif CASE == CASE_NEVER
    IoMarkIrpPending(Irp);
    return STATUS_PENDING;
#elif CASE == CASE_REGION
    KeEnterCriticalRegion();
#elif CASE == CASE_IRQL
    KeRaiseIrql(APC_LEVEL, &OldIrql);
#elif CASE == CASE_WAIT
    LARGE_INTEGER Short = {.QuadPart = -10000};
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Short);
#elif CASE == CASE_LOCK
    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
#elif CASE == CASE_CODE
    ((VOID(*)(VOID))(PVOID)Data)();
#elif CASE == CASE_READONLY
    *(volatile ULONG *)&Constant = 0;
#elif CASE == CASE_CANCEL
    IoMarkIrpPending(Irp);
    IoSetCancelRoutine(Irp, Cancel);
    return STATUS_PENDING;
#endif
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Status = Mistake(Irp, Stack->Parameters.DeviceIoControl.Type3InputBuffer, Irp->UserBuffer);
        if (Status == STATUS_PENDING) {
            return Status;
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabBad");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(BadDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabBad"),
                   Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabBad");
    NTSTATUS Status =
        IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &BadDevice);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DriverObject->DriverUnload = Unload;
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    return IoCreateSymbolicLink(&Link, &Name);
}
