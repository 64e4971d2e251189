/*
 * driver.c - the driver that the benchmarks talk to: every request is completed at once, but IOCTL_BENCH_MEASURE,
 * which measures first (measure.c).
 */
#include <ntifs.h>
#include "bench.h"

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\NtlabBench");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabBench");

static NTSTATUS
Measure(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status;

    Irp->IoStatus.Information = 0;
    if (Stack->Parameters.DeviceIoControl.InputBufferLength != sizeof(BENCH_ORDER) ||
        Stack->Parameters.DeviceIoControl.OutputBufferLength != sizeof(BENCH_RESULT)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = BenchMeasure(Irp->AssociatedIrp.SystemBuffer, Irp->AssociatedIrp.SystemBuffer);
    if (NT_SUCCESS(Status)) {
        Irp->IoStatus.Information = sizeof(BENCH_RESULT);
    }
    return Status;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    NTSTATUS Status = STATUS_SUCCESS;

    Irp->IoStatus.Information = 0;
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Irp->IoStatus.Information = Stack->Parameters.DeviceIoControl.OutputBufferLength;
        if (Stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_BENCH_MEASURE) {
            Status = Measure(Irp, Stack);
        }
    }
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

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
    NTSTATUS Status;

    Status =
        IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(DeviceObject);
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
