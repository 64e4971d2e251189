/*
 * given.c - memory that somebody else gives back, and code that goes on using it, without a call of the kernel. PROGRAM:
 *
 *     1  a block of pool: it is in a list before its maker is done with it, and another thread takes it from there
 *     2  a device's extension: nothing makes IoDeleteDevice wait for who writes to it (EVENT: sets an event in it)
 *     3  a request that was handed over: its thread reads its stack location, and the request's completion may have interrupted that
 *     4  the same with its buffer, of METHOD_BUFFERED
 *
 * GOOD: the same in the right order. [wdm: IoMarkIrpPending: a driver must not touch an IRP that it has queued]
 */
#include "program.h"

#define TAG 'nviG'

static FAST_MUTEX Lock;

#if PROGRAM == 1
static volatile LONG *volatile Listed;

static VOID NTAPI
Maker(PVOID Context)
{
    volatile LONG *Mine = ExAllocatePoolWithTag(NonPagedPoolNx, 2 * sizeof(*Mine), TAG);

    ExAcquireFastMutex(&Lock);
    Mine[0] = 1;
#ifdef GOOD
    Mine[1] = 2;
#endif
    Listed = Mine;
    ExReleaseFastMutex(&Lock);
#ifndef GOOD
    Mine[1] = 2;
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
FreeListed(VOID)
{
    volatile LONG *Mine;

    ExAcquireFastMutex(&Lock);
    Mine = Listed;
    Listed = NULL;
    ExReleaseFastMutex(&Lock);
    if (Mine != NULL) {
        ExFreePoolWithTag((PVOID)Mine, TAG);
    }
}

static VOID NTAPI
Taker(PVOID Context)
{
    FreeListed();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Lock);
    Start(Maker, 0);
    Start(Taker, 0);
    Join();
    FreeListed();
}
#elif PROGRAM == 2
static PDEVICE_OBJECT Device;

static VOID NTAPI
Writer(PVOID Context)
{
#ifdef EVENT
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
#else
    *(volatile LONG *)Context = 1;
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Deleter(PVOID Context)
{
    IoDeleteDevice(Device);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    if (NT_SUCCESS(IoCreateDevice(Driver, 64, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device))) {
#ifdef EVENT
        KeInitializeEvent((PKEVENT)((PUCHAR)Device->DeviceExtension + 32), NotificationEvent,
                          FALSE);
#endif
        Start(Writer, (ULONG_PTR)Device->DeviceExtension + 32);
#ifdef GOOD
        Join();
#endif
        Start(Deleter, 0);
    }
}
#else
static PDEVICE_OBJECT Device;
static KSEMAPHORE Handed;
static PIRP Pending;
static volatile LONG Seen;

static NTSTATUS NTAPI
Control(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    volatile LONG *Buffer = Irp->AssociatedIrp.SystemBuffer;

    Seen = Buffer[0];
    IoMarkIrpPending(Irp);
    Pending = Irp;
    KeReleaseSemaphore(&Handed, IO_NO_INCREMENT, 1, FALSE);
#ifdef GOOD
#elif PROGRAM == 4
    Seen = Buffer[0];
#else
    Seen = (LONG)((volatile IO_STACK_LOCATION *)Stack)->Parameters.DeviceIoControl.IoControlCode;
#endif
    return STATUS_PENDING;
}

static VOID NTAPI
Completer(PVOID Context)
{
    KeWaitForSingleObject(&Handed, Executive, KernelMode, FALSE, NULL);
    Pending->IoStatus.Status = STATUS_SUCCESS;
    Pending->IoStatus.Information = 0;
    IoCompleteRequest(Pending, IO_NO_INCREMENT);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Sender(PVOID Context)
{
    LONG In = 7;
    IO_STATUS_BLOCK Iosb;
    KEVENT Done;
    PIRP Irp;

    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(
        CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS), Device, &In,
        sizeof(In), NULL, 0, FALSE, &Done, &Iosb);
    if (IoCallDriver(Device, Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    KeInitializeSemaphore(&Handed, 0, 1);
    if (NT_SUCCESS(IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device))) {
        Device->Flags &= ~DO_DEVICE_INITIALIZING;
        Start(Sender, 0);
        Start(Completer, 0);
        Join();
        IoDeleteDevice(Device);
    }
}
#endif
