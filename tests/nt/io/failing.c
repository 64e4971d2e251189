/*
 * failing.c - a driver whose device is broken: each read raises a hard error, as a file system does. [DDI:ntddk/
 * ioraiseharderror], [DDI:ntddk/ioraiseinformationalharderror], [DDI:ntddk/iosetthreadharderrormode]
 */
#include <ntifs.h>
#include "failing.h"

NTSTATUS NTAPI ExRaiseHardError(NTSTATUS, ULONG, ULONG, PULONG_PTR, ULONG, PULONG);

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
Read(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoMarkIrpPending(Irp);
    RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, 4, 0x77);
    /* of a warning, which eight bytes ask for, data would be copied */
    Irp->IoStatus.Status = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length == 8
                               ? STATUS_BUFFER_OVERFLOW
                               : STATUS_DEVICE_NOT_READY;
    Irp->IoStatus.Information = 4;
    IoRaiseHardError(Irp, NULL, Device);
    return STATUS_PENDING;
}

static VOID
Inform(ULONG How, FAILING_ANSWER *Answer)
{
    UNICODE_STRING One = RTL_CONSTANT_STRING(L"one"), Two = RTL_CONSTANT_STRING(L"two");
    PKTHREAD Thread = How == InformNobody ? NULL : KeGetCurrentThread();
    BOOLEAN Before = How == InformQuiet ? IoSetThreadHardErrorMode(FALSE) : TRUE;

    RtlZeroMemory(Answer, sizeof(*Answer));
    if (How == InformInRegion) {
        KeEnterCriticalRegion();
    }
    Answer->First = IoRaiseInformationalHardError(STATUS_DISK_FULL, &One, Thread);
    if (How == InformInRegion) {
        Answer->Same = IoRaiseInformationalHardError(STATUS_DISK_FULL, &One, Thread);
        Answer->OtherString = IoRaiseInformationalHardError(STATUS_DISK_FULL, &Two, Thread);
        Answer->OtherStatus =
            IoRaiseInformationalHardError(STATUS_DISK_CORRUPT_ERROR, &One, Thread);
        while (Answer->More < 1000 &&
               IoRaiseInformationalHardError(0xC0010000 + Answer->More, NULL, Thread)) {
            Answer->More++;
        }
        KeLeaveCriticalRegion();
        Answer->Again = IoRaiseInformationalHardError(STATUS_DISK_FULL, &One, Thread);
    }
    if (How == InformQuiet) {
        IoSetThreadHardErrorMode(Before);
    }
}

static NTSTATUS NTAPI
Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PULONG Buffer = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS Status;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case FAILING_INFORM:
        Inform(*Buffer, (FAILING_ANSWER *)Buffer);
        return Complete(Irp, STATUS_SUCCESS, sizeof(FAILING_ANSWER));
    case FAILING_RAISE:
        Status = ExRaiseHardError(STATUS_DISK_CORRUPT_ERROR, 0, 0, NULL, 1, Buffer);
        return Complete(Irp, Status, sizeof(ULONG));
    case FAILING_SWITCH:
        *Buffer = IoSetThreadHardErrorMode(*Buffer != 0);
        return Complete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    }
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
Open(PDEVICE_OBJECT Device, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\IoFailing");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoFailing");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\IoFailing");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    Driver->DriverUnload = Unload;
    Driver->MajorFunction[IRP_MJ_CREATE] = Open;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = Open;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Open;
    Driver->MajorFunction[IRP_MJ_READ] = Read;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (NT_SUCCESS(Status)) {
        Device->Flags |= DO_BUFFERED_IO;
        Status = IoCreateSymbolicLink(&Link, &Name);
    }
    return Status;
}
