/*
 * serial.c - a serial port with its plug in its own socket: what is written can be read. A read waits for its bytes, for
 * its timer, or to be cancelled; a request may wait for an event. One of the mistakes that such drivers are mended for is
 * in it, the one with the number CASE.
 */
#include <ntifs.h>
#include <ntddser.h>

#define HAS(Case)  (CASE == (Case))
#define TAG        'lreS'
#define FIFO_BYTES 64u
#define EVENTS     (SERIAL_EV_RXCHAR | SERIAL_EV_TXEMPTY | SERIAL_EV_RX80FULL)

typedef struct _PORT {
    KSPIN_LOCK Lock; /* everything below */
    PUCHAR Fifo;
    ULONG Head, Count;
    PIRP Read, Wait; /* one of each at a time */
    KTIMER ReadTimer;
    KDPC ReadDpc;
    SERIAL_TIMEOUTS Timeouts;
    SERIAL_BAUD_RATE Baud;
    ULONG Mask, Happened;
} PORT, *PPORT;

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS
Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_SERIAL_INCREMENT); /* BUG(481) BUG(486) BUG(489) */
    return Status;
}

/* With the lock. */
static ULONG
TakeBytes(PPORT Port, PUCHAR Buffer, ULONG Room)
{
    ULONG Taken = 0;

    while (Taken < Room && Port->Count != 0) {
        Buffer[Taken++] = Port->Fifo[Port->Head];
        Port->Head = (Port->Head + 1) % FIFO_BYTES;
        Port->Count--;
    }
    return Taken;
}

/* With the lock: the request, if nobody cancels it. */
static PIRP
Claim(PIRP *Slot)
{
    PIRP Irp = *Slot;

    if (Irp == NULL || IoSetCancelRoutine(Irp, NULL) == NULL) {
        return NULL; /* there is none, or its cancel routine takes it */
    }
    *Slot = NULL;
    return Irp;
}

static VOID NTAPI
CancelRead(PDEVICE_OBJECT Device, PIRP Irp)
{
    PPORT Port = Device->DeviceExtension;
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&Port->Lock, &Irql);
#if !HAS(481)
    if (Port->Read == Irp) {
        Port->Read = NULL;
    }
#endif
#if !HAS(480)
    KeCancelTimer(&Port->ReadTimer);
#endif
    KeReleaseSpinLock(&Port->Lock, Irql);
    Finish(Irp, STATUS_CANCELLED, 0);
}

static VOID NTAPI
CancelWait(PDEVICE_OBJECT Device, PIRP Irp)
{
    PPORT Port = Device->DeviceExtension;
    KIRQL Irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&Port->Lock, &Irql);
    if (Port->Wait == Irp) {
        Port->Wait = NULL;
    }
    KeReleaseSpinLock(&Port->Lock, Irql);
    Finish(Irp, STATUS_CANCELLED, 0);
}

/* The total time-out of the read: what has come until then is its answer. */
static VOID NTAPI
ReadTimedOut(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PPORT Port = Context;
    ULONG Bytes = 0;
    PIRP Irp;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeAcquireSpinLockAtDpcLevel(&Port->Lock);
#if HAS(486)
    Irp = Port->Read;
    Port->Read = NULL;
#else
    Irp = Claim(&Port->Read);
#endif
    if (Irp != NULL) {
        Bytes = TakeBytes(Port, Irp->AssociatedIrp.SystemBuffer,
                          IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length);
    }
    KeReleaseSpinLockFromDpcLevel(&Port->Lock);
    if (Irp != NULL) {
        Finish(Irp, STATUS_TIMEOUT, Bytes);
    }
}

/* With the lock: the request that waits for such an event, with its answer in it. */
static PIRP
Signal(PPORT Port, ULONG Event)
{
    PIRP Irp;

    Port->Happened |= Event & Port->Mask;
    if (Port->Happened == 0 || (Irp = Claim(&Port->Wait)) == NULL) {
        return NULL;
    }
    *(PULONG)Irp->AssociatedIrp.SystemBuffer = Port->Happened;
    Port->Happened = 0;
    return Irp;
}

static NTSTATUS NTAPI
OnWrite(PDEVICE_OBJECT Device, PIRP Irp)
{
    PPORT Port = Device->DeviceExtension;
    ULONG Bytes = IoGetCurrentIrpStackLocation(Irp)->Parameters.Write.Length, Written = 0, Read = 0;
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    PIRP Reader = NULL, Waiter = NULL;
    KIRQL Irql;

    if (Bytes == 0) {
        return Finish(Irp, STATUS_SUCCESS, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql); /* BUG(484) */
    if (Port->Count == FIFO_BYTES) {
#if !HAS(484)
        KeReleaseSpinLock(&Port->Lock, Irql);
#endif
        return Finish(Irp, STATUS_DEVICE_BUSY, 0);
    }
    while (Written < Bytes && Port->Count < FIFO_BYTES) {
        ULONG Place = HAS(485) ? Port->Head + Port->Count : (Port->Head + Port->Count) % FIFO_BYTES;

        Port->Fifo[Place] = Buffer[Written++]; /* BUG(485) */
        Port->Count++;
    }
    Reader = Claim(&Port->Read);
    if (Reader != NULL) {
        KeCancelTimer(&Port->ReadTimer);
        Read = TakeBytes(Port, Reader->AssociatedIrp.SystemBuffer,
                         IoGetCurrentIrpStackLocation(Reader)->Parameters.Read.Length);
    }
    Waiter = Signal(Port, SERIAL_EV_RXCHAR | SERIAL_EV_TXEMPTY);
    KeReleaseSpinLock(&Port->Lock, Irql);
    if (Reader != NULL) {
        Finish(Reader, STATUS_SUCCESS, Read);
    }
    if (Waiter != NULL) {
        Finish(Waiter, STATUS_SUCCESS, sizeof(ULONG));
    }
    return Finish(Irp, STATUS_SUCCESS, Written);
}

/* With the lock; FALSE: it was cancelled meanwhile, and the routine will not run. */
static BOOLEAN
Park(PIRP Irp, PIRP *Slot, PDRIVER_CANCEL Routine)
{
    IoMarkIrpPending(Irp);
    *Slot = Irp;
    IoSetCancelRoutine(Irp, Routine);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        *Slot = NULL;
        return FALSE;
    }
    return TRUE;
}

static NTSTATUS NTAPI
OnRead(PDEVICE_OBJECT Device, PIRP Irp)
{
    PPORT Port = Device->DeviceExtension;
    ULONG Room = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length, Bytes;
    LARGE_INTEGER Due;
    NTSTATUS Status;
    KIRQL Irql;

    if (Room == 0) {
        return Finish(Irp, STATUS_SUCCESS, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql);
    if (Port->Read != NULL) {
        KeReleaseSpinLock(&Port->Lock, Irql);
        return Finish(Irp, STATUS_DEVICE_BUSY, 0);
    }
    Bytes = TakeBytes(Port, Irp->AssociatedIrp.SystemBuffer, Room);
    if (Bytes != 0 || Port->Timeouts.ReadIntervalTimeout == MAXULONG) {
        KeReleaseSpinLock(&Port->Lock, Irql);
        return Finish(Irp, STATUS_SUCCESS, Bytes);
    }
    if (!Park(Irp, &Port->Read, CancelRead)) {
        KeReleaseSpinLock(&Port->Lock, Irql);
        Finish(Irp, STATUS_CANCELLED, 0);
        return STATUS_PENDING;
    }
    Status = STATUS_PENDING;
    if (Port->Timeouts.ReadTotalTimeoutConstant != 0) {
        Due.QuadPart = -10000ll * Port->Timeouts.ReadTotalTimeoutConstant;
        KeSetTimer(&Port->ReadTimer, Due, &Port->ReadDpc);
    }
    KeReleaseSpinLock(&Port->Lock, Irql);
    return Status;
}

static NTSTATUS
WaitForEvent(PPORT Port, PIRP Irp, ULONG Room)
{
    KIRQL Irql;

    if (Room < sizeof(ULONG)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql);
    if (Port->Mask == 0 || Port->Wait != NULL) {
        KeReleaseSpinLock(&Port->Lock, Irql);
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    if (Port->Happened != 0) {
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = Port->Happened;
        Port->Happened = 0;
        KeReleaseSpinLock(&Port->Lock, Irql);
        return Finish(Irp, STATUS_SUCCESS, sizeof(ULONG));
    }
    if (!Park(Irp, &Port->Wait, CancelWait)) {
        KeReleaseSpinLock(&Port->Lock, Irql);
        Finish(Irp, STATUS_CANCELLED, 0);
        return STATUS_PENDING;
    }
    KeReleaseSpinLock(&Port->Lock, Irql);
    return STATUS_PENDING;
}

/* A new mask ends a wait for the old one. */
static NTSTATUS
SetMask(PPORT Port, PIRP Irp, ULONG Mask)
{
    PIRP Waiter;
    KIRQL Irql;

    if ((Mask & ~EVENTS) != 0) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql);
    Port->Mask = Mask;
    Port->Happened = 0;
    Waiter = Claim(&Port->Wait);
    if (Waiter != NULL) {
        *(PULONG)Waiter->AssociatedIrp.SystemBuffer = 0;
    }
    KeReleaseSpinLock(&Port->Lock, Irql);
    if (Waiter != NULL && !HAS(482)) { /* NOLINE(482): nobody has it any more */
        Finish(Waiter, STATUS_SUCCESS, sizeof(ULONG));
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
Purge(PPORT Port, PIRP Irp, ULONG What)
{
    PIRP Reader = NULL;
    KIRQL Irql;

    if (What == 0 || (What & ~(SERIAL_PURGE_RXABORT | SERIAL_PURGE_RXCLEAR | SERIAL_PURGE_TXABORT |
                               SERIAL_PURGE_TXCLEAR)) != 0) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql);
    if (What & SERIAL_PURGE_RXCLEAR) {
        Port->Count = 0;
    }
    if (What & SERIAL_PURGE_RXABORT) {
        Reader = Claim(&Port->Read);
        KeCancelTimer(&Port->ReadTimer);
    }
#if HAS(487)
    KeReleaseSpinLockFromDpcLevel(&Port->Lock);
#else
    KeReleaseSpinLock(&Port->Lock, Irql);
#endif
    if (Reader != NULL) {
        Finish(Reader, STATUS_CANCELLED, 0);
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
SetTimeouts(PPORT Port, PIRP Irp, ULONG Bytes)
{
    PSERIAL_TIMEOUTS New = Irp->AssociatedIrp.SystemBuffer;
    KIRQL Irql;

    if (HAS(483) ? New == NULL : Bytes < sizeof(*New)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    if (New->ReadIntervalTimeout == MAXULONG && New->ReadTotalTimeoutMultiplier == MAXULONG &&
        New->ReadTotalTimeoutConstant == MAXULONG) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    KeAcquireSpinLock(&Port->Lock, &Irql);
    RtlCopyMemory(&Port->Timeouts, New, sizeof(*New)); /* BUG(483) */
    KeReleaseSpinLock(&Port->Lock, Irql);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
GetStatus(PPORT Port, PIRP Irp, ULONG Room)
{
    PSERIAL_STATUS Status = Irp->AssociatedIrp.SystemBuffer;
    KIRQL Irql;

    if (Room < sizeof(*Status)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
#if !HAS(489)
    RtlZeroMemory(Status, sizeof(*Status));
#endif
    Status->Errors = 0;
    Status->HoldReasons = 0;
    KeAcquireSpinLock(&Port->Lock, &Irql);
    Status->AmountInInQueue = Port->Count;
    KeReleaseSpinLock(&Port->Lock, Irql);
    return Finish(Irp, STATUS_SUCCESS, sizeof(*Status));
}

static NTSTATUS NTAPI
OnControl(PDEVICE_OBJECT Device, PIRP Irp) /* BUG(487) */
{
    PPORT Port = Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Bytes = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_SERIAL_SET_BAUD_RATE:
        if (Bytes < sizeof(SERIAL_BAUD_RATE)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Port->Baud = *(PSERIAL_BAUD_RATE)Buffer;
        return Finish(Irp, STATUS_SUCCESS, 0);
    case IOCTL_SERIAL_GET_BAUD_RATE:
        if (Room < sizeof(SERIAL_BAUD_RATE)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        *(PSERIAL_BAUD_RATE)Buffer = Port->Baud;
        return Finish(Irp, STATUS_SUCCESS, sizeof(SERIAL_BAUD_RATE));
    case IOCTL_SERIAL_SET_TIMEOUTS:
        return SetTimeouts(Port, Irp, Bytes);
    case IOCTL_SERIAL_GET_COMMSTATUS:
        return GetStatus(Port, Irp, Room);
    case IOCTL_SERIAL_SET_WAIT_MASK:
        if (Bytes < sizeof(ULONG)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        return SetMask(Port, Irp, *(PULONG)Buffer);
    case IOCTL_SERIAL_WAIT_ON_MASK:
        return WaitForEvent(Port, Irp, Room);
    case IOCTL_SERIAL_PURGE:
        if (Bytes < sizeof(ULONG)) {
            return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        return Purge(Port, Irp, *(PULONG)Buffer);
    }
    return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
OnOpenClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
OnCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    PPORT Port = Device->DeviceExtension;
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    PIRP Left[2] = {NULL, NULL};
    KIRQL Irql;

    KeAcquireSpinLock(&Port->Lock, &Irql);
    if (Port->Read != NULL &&
        IoGetCurrentIrpStackLocation(Port->Read)->FileObject == File) { /* BUG(481) */
        Left[0] = Claim(&Port->Read);
        KeCancelTimer(&Port->ReadTimer);
    }
    if (Port->Wait != NULL && IoGetCurrentIrpStackLocation(Port->Wait)->FileObject == File) {
        Left[1] = Claim(&Port->Wait);
    }
    KeReleaseSpinLock(&Port->Lock, Irql);
    for (int i = 0; i < 2; i++) {
        if (Left[i] != NULL) {
            Finish(Left[i], STATUS_CANCELLED, 0);
        }
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabSerial");
    PPORT Port = Driver->DeviceObject->DeviceExtension;

#if !HAS(480)
    KeCancelTimer(&Port->ReadTimer);
    KeFlushQueuedDpcs();
#endif
    ExFreePoolWithTag(Port->Fifo, TAG);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject); /* BUG(480) */
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabSerial");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabSerial");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;
    PPORT Port;

    UNREFERENCED_PARAMETER(RegistryPath);
    Driver->MajorFunction[IRP_MJ_CREATE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OnOpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OnCleanup;
    Driver->MajorFunction[IRP_MJ_READ] = OnRead;
    Driver->MajorFunction[IRP_MJ_WRITE] = OnWrite;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OnControl;
    Driver->DriverUnload = Unload;
    Status = IoCreateDevice(Driver, sizeof(PORT), &Name, FILE_DEVICE_SERIAL_PORT,
                            FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Device->Flags |= DO_BUFFERED_IO;
    Port = Device->DeviceExtension;
    KeInitializeSpinLock(&Port->Lock);
    KeInitializeTimer(&Port->ReadTimer);
    KeInitializeDpc(&Port->ReadDpc, ReadTimedOut, Port);
    Port->Timeouts.ReadTotalTimeoutConstant = HAS(480) ? 60000 : 100;
    Port->Baud.BaudRate = 9600;
    Port->Fifo = ExAllocatePoolWithTag(NonPagedPoolNx, FIFO_BYTES, TAG);
    if (Port->Fifo == NULL) {
        IoDeleteDevice(Device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Port->Fifo, TAG);
        IoDeleteDevice(Device);
        return Status;
    }
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
