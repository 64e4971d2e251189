/*
 * driver.c - Transfer: one shared buffer, reached by buffered, direct and neither I/O.
 *
 * The copy into the shared buffer is the same in all of them. What differs is who made the user's bytes reachable:
 *     buffered  the I/O manager copied them to a block of pool
 *     direct    the I/O manager probed and locked their pages; the driver maps them
 *     neither   nobody: the dispatch routine runs in the client's thread, and uses the client's address as it is
 *
 * SharedLock guards Shared and Facts. It is a fast mutex, so a copy runs at APC_LEVEL, where a user page may still be
 * faulted in; a spin lock would not do for that.
 */
#include <ntddk.h>
#include "transfer.h"

/* Not in every copy of ntddk.h. */
NTSYSAPI VOID NTAPI ProbeForRead(CONST VOID *Address, SIZE_T Length, ULONG Alignment);
NTSYSAPI VOID NTAPI ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment);

#define DEVICES 3

static const struct {
    UNICODE_STRING Name, Link;
    ULONG Flags;
} Devices[DEVICES] = {
    {RTL_CONSTANT_STRING(L"\\Device\\TransferBuffered"),
     RTL_CONSTANT_STRING(L"\\DosDevices\\TransferBuffered"), DO_BUFFERED_IO},
    {RTL_CONSTANT_STRING(L"\\Device\\TransferDirect"),
     RTL_CONSTANT_STRING(L"\\DosDevices\\TransferDirect"), DO_DIRECT_IO},
    {RTL_CONSTANT_STRING(L"\\Device\\TransferNeither"),
     RTL_CONSTANT_STRING(L"\\DosDevices\\TransferNeither"), 0},
};

static FAST_MUTEX SharedLock;
static UCHAR Shared[TRANSFER_SIZE];
static UCHAR Victim[TRANSFER_SIZE]; /* nothing of the driver writes here */
static TRANSFER_FACTS Facts;

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = NT_SUCCESS(Status) ? Information : 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* The buffer is one that the kernel vouches for: pool, or mapped from an MDL. */
static VOID
CopyTrusted(PVOID Buffer, ULONG Length, BOOLEAN Put)
{
    Put ? RtlCopyMemory(Shared, Buffer, Length) : RtlCopyMemory(Buffer, Shared, Length);
}

static NTSTATUS
CopyUser(PVOID Buffer, ULONG Length, BOOLEAN Put, BOOLEAN Probe)
{
    Facts.UserAddress = (ULONG64)Buffer;
    __try {
        if (Probe) {
            Put ? ProbeForRead(Buffer, Length, 1) : ProbeForWrite(Buffer, Length, 1);
        }
        CopyTrusted(Buffer, Length, Put);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
CopyMdl(PMDL Mdl, ULONG Length, BOOLEAN Put)
{
    PVOID Buffer = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);

    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Facts.MdlAddress = (ULONG64)Mdl;
    Facts.MappedAddress = (ULONG64)Buffer;
    Facts.PagesLocked =
        ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(Mdl), MmGetMdlByteCount(Mdl));
    Facts.PagesMapped = Facts.PagesLocked;
    CopyTrusted(Buffer, Length, Put);
    return STATUS_SUCCESS;
}

static VOID
CopySystem(PVOID Buffer, ULONG Length, BOOLEAN Put)
{
    Facts.SystemBuffer = (ULONG64)Buffer;
    Facts.PoolBytes = Length;
    Facts.CopiedByIo = Length; /* a write's before the call, a read's when it is completed */
    CopyTrusted(Buffer, Length, Put);
}

static VOID
ForgetFacts(VOID)
{
    RtlZeroMemory(&Facts, sizeof(Facts));
}

static NTSTATUS NTAPI
DispatchCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
DispatchReadWrite(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN Put = Stack->MajorFunction == IRP_MJ_WRITE;
    ULONG Length = Put ? Stack->Parameters.Write.Length : Stack->Parameters.Read.Length;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Length == 0 || Length > TRANSFER_SIZE) {
        return Complete(Irp, STATUS_INVALID_BUFFER_SIZE, 0);
    }
    ExAcquireFastMutex(&SharedLock);
    ForgetFacts();
    if (DeviceObject->Flags & DO_BUFFERED_IO) {
        CopySystem(Irp->AssociatedIrp.SystemBuffer, Length, Put);
    } else if (DeviceObject->Flags & DO_DIRECT_IO) {
        Status = CopyMdl(Irp->MdlAddress, Length, Put);
    } else {
        Status = CopyUser(Irp->UserBuffer, Length, Put, TRUE);
    }
    ExReleaseFastMutex(&SharedLock);
    return Complete(Irp, Status, Length);
}

static NTSTATUS NTAPI
DispatchIoctl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    ULONG InputLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG OutputLength = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG Length =
        Code == IOCTL_PUT_BUFFERED || Code == IOCTL_PUT_NEITHER ? InputLength : OutputLength;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Code == IOCTL_FACTS) {
        if (OutputLength < sizeof(Facts)) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        ExAcquireFastMutex(&SharedLock);
        Facts.VictimAddress = (ULONG64)Victim; /* no real driver hands out its addresses */
        RtlCopyMemory(Facts.Victim, Victim, sizeof(Facts.Victim));
        RtlCopyMemory(Facts.Shared, Shared, sizeof(Facts.Shared));
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, &Facts, sizeof(Facts));
        ExReleaseFastMutex(&SharedLock);
        return Complete(Irp, STATUS_SUCCESS, sizeof(Facts));
    }
    if (Length == 0 || Length > TRANSFER_SIZE) {
        return Complete(Irp, STATUS_INVALID_BUFFER_SIZE, 0);
    }
    ExAcquireFastMutex(&SharedLock);
    ForgetFacts();
    switch (Code) {
    case IOCTL_PUT_BUFFERED:
        CopySystem(Irp->AssociatedIrp.SystemBuffer, Length, TRUE);
        Length = 0; /* nothing goes back */
        break;
    case IOCTL_PUT_IN_DIRECT:
    case IOCTL_GET_OUT_DIRECT:
        Status = CopyMdl(Irp->MdlAddress, Length, Code == IOCTL_PUT_IN_DIRECT);
        break;
    case IOCTL_PUT_NEITHER:
        Status = CopyUser(Stack->Parameters.DeviceIoControl.Type3InputBuffer, Length, TRUE, TRUE);
        break;
    case IOCTL_GET_PROBED:
    case IOCTL_GET_UNPROBED:
        Status = CopyUser(Irp->UserBuffer, Length, FALSE, Code == IOCTL_GET_PROBED);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    ExReleaseFastMutex(&SharedLock);
    return Complete(Irp, Status, Length);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    for (ULONG i = 0; i < DEVICES; i++) {
        IoDeleteSymbolicLink((PUNICODE_STRING)&Devices[i].Link);
    }
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    ExInitializeFastMutex(&SharedLock);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchCreateClose;
    DriverObject->MajorFunction[IRP_MJ_READ] = DispatchReadWrite;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = DispatchReadWrite;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchIoctl;
    DriverObject->DriverUnload = Unload;

    for (ULONG i = 0; i < DEVICES; i++) {
        Status = IoCreateDevice(DriverObject, 0, (PUNICODE_STRING)&Devices[i].Name,
                                FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
        if (NT_SUCCESS(Status)) {
            DeviceObject->Flags |= Devices[i].Flags;
            Status = IoCreateSymbolicLink((PUNICODE_STRING)&Devices[i].Link,
                                          (PUNICODE_STRING)&Devices[i].Name);
        }
        if (!NT_SUCCESS(Status)) {
            Unload(DriverObject);
            return Status;
        }
    }
    return STATUS_SUCCESS;
}
