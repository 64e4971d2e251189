/*
 * rootbus.c - the driver below root-enumerated devices: what a bus driver does for a physical device
 * object. PnP requests that it does not know are completed with the status they came with.
 */
#include "nt/io/iop.h"

static NTSTATUS
IopRootId(PIOP_DEVICE_NODE Node, BUS_QUERY_ID_TYPE Type, ULONG_PTR *Information)
{
    UNICODE_STRING Id;
    USHORT Length = Node->InstancePath.Length;

    if (Type != BusQueryDeviceID && Type != BusQueryHardwareIDs && Type != BusQueryInstanceID) {
        return STATUS_NOT_SUPPORTED;
    }
    Id.MaximumLength = Length + 2 * sizeof(WCHAR);
    Id.Buffer = ExAllocatePoolWithTag(PagedPool, Id.MaximumLength, 'suBR');
    if (Id.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Id.Buffer, Id.MaximumLength);
    if (Type == BusQueryInstanceID) {
        RtlCopyMemory(Id.Buffer, L"0000", 4 * sizeof(WCHAR));
    } else {
        RtlCopyMemory(Id.Buffer, Node->InstancePath.Buffer, Length - 5 * sizeof(WCHAR));
    }
    *Information = (ULONG_PTR)Id.Buffer;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
IopRootPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PIOP_DEVICE_NODE Node = IopExtension(DeviceObject)->DeviceNode;
    NTSTATUS Status = Irp->IoStatus.Status;

    switch (Stack->MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        Status = STATUS_SUCCESS;
        break;
    case IRP_MN_QUERY_CAPABILITIES: {
        PDEVICE_CAPABILITIES Capabilities = Stack->Parameters.DeviceCapabilities.Capabilities;

        Capabilities->SilentInstall = Capabilities->RawDeviceOK = TRUE;
        Capabilities->DeviceState[PowerSystemWorking] = PowerDeviceD0;
        for (ULONG i = PowerSystemSleeping1; i < PowerSystemMaximum; i++) {
            Capabilities->DeviceState[i] = PowerDeviceD3;
        }
        Status = STATUS_SUCCESS;
        break;
    }
    case IRP_MN_QUERY_ID:
        if (Node != NULL) {
            NTSTATUS Made =
                IopRootId(Node, Stack->Parameters.QueryId.IdType, &Irp->IoStatus.Information);

            Status = Made == STATUS_NOT_SUPPORTED ? Status : Made;
        }
        break;
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        if (Stack->Parameters.QueryDeviceRelations.Type == TargetDeviceRelation) {
            PDEVICE_RELATIONS Relations =
                ExAllocatePoolWithTag(PagedPool, sizeof(*Relations), 'suBR');

            Status = STATUS_INSUFFICIENT_RESOURCES;
            if (Relations != NULL) {
                ObReferenceObject(DeviceObject);
                Relations->Count = 1;
                Relations->Objects[0] = DeviceObject;
                Irp->IoStatus.Information = (ULONG_PTR)Relations;
                Status = STATUS_SUCCESS;
            }
        }
        break;
    }
    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
IopRootPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = Irp->IoStatus.Status;

    if (Stack->MinorFunction == IRP_MN_SET_POWER || Stack->MinorFunction == IRP_MN_QUERY_POWER) {
        if (Stack->MinorFunction == IRP_MN_SET_POWER &&
            Stack->Parameters.Power.Type == DevicePowerState) {
            PoSetPowerState(DeviceObject, DevicePowerState, Stack->Parameters.Power.State);
        }
        Status = STATUS_SUCCESS;
    }
    PoStartNextPowerIrp(Irp);
    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* Create and close of the bare device; WMI as it came. */
static NTSTATUS NTAPI
IopRootOther(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    NTSTATUS Status = IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_SYSTEM_CONTROL
                          ? Irp->IoStatus.Status
                          : STATUS_SUCCESS;

    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
IopRootBusEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    IopRootBusDriver = DriverObject;
    DriverObject->MajorFunction[IRP_MJ_PNP] = IopRootPnp;
    DriverObject->MajorFunction[IRP_MJ_POWER] = IopRootPower;
    DriverObject->MajorFunction[IRP_MJ_CREATE] = IopRootOther;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = IopRootOther;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = IopRootOther;
    DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = IopRootOther;
    return STATUS_SUCCESS;
}
