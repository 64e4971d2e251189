/*
 * parting.c - a driver whose service says in `Mode` how it comes and goes; parting-client.c copies it and looks.
 *
 *     1 two devices, which Unload deletes; no routine for reads   2 no Unload   3 AddDevice   4 AddDevice fails
 *     5 the device does not start
 */
#include <ntifs.h>

static ULONG Mode, Minors;
static WCHAR Path[200];
static PDEVICE_OBJECT Device[2], Lower;

static VOID
Say(PCWSTR Name, ULONG Value)
{
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, Name, REG_DWORD, &Value, sizeof(Value));
}

static ULONG
Said(PCWSTR Name)
{
    ULONG Value = 0;
    RTL_QUERY_REGISTRY_TABLE Table[2] = {
        {NULL, RTL_QUERY_REGISTRY_DIRECT, (PWSTR)Name, &Value, REG_NONE, NULL, 0}};

    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Path, Table, NULL, NULL);
    return Value;
}

static NTSTATUS NTAPI
Succeed(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

/* Each minor function is a digit of what the key says in the end, in base 32, and the first is 1. */
static NTSTATUS NTAPI
Pnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UCHAR Minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
    NTSTATUS Status;

    Minors = Minors * 32 + Minor + 1;
    Say(L"Minors", Minors);
    if (Minor == IRP_MN_START_DEVICE && Mode == 5) {
        Irp->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    Status = IoCallDriver(Lower, Irp);
    if (Minor == IRP_MN_REMOVE_DEVICE) {
        IoDetachDevice(Lower);
        IoDeleteDevice(DeviceObject);
    }
    return Status;
}

static NTSTATUS NTAPI
AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
    NTSTATUS Status;

    if (Mode == 4) {
        return STATUS_NO_SUCH_DEVICE;
    }
    Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device[0]);
    if (NT_SUCCESS(Status)) {
        Lower = IoAttachDeviceToDeviceStack(Device[0], Pdo);
        Device[0]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    Say(L"Unloaded", Said(L"Unloaded") + 1);
    for (ULONG i = 0; Mode == 1 && i < 2; i++) {
        IoDeleteDevice(Device[i]);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Names[2] = {RTL_CONSTANT_STRING(L"\\Device\\PartingA"),
                               RTL_CONSTANT_STRING(L"\\Device\\PartingB")};

    RtlCopyMemory(Path, RegistryPath->Buffer, RegistryPath->Length);
    Mode = Said(L"Mode");
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Succeed;
    }
    DriverObject->MajorFunction[IRP_MJ_READ] = NULL;
    DriverObject->DriverUnload = Mode != 2 ? Unload : NULL;
    for (ULONG i = 0; Mode == 1 && i < 2; i++) {
        NTSTATUS Status =
            IoCreateDevice(DriverObject, 0, &Names[i], FILE_DEVICE_UNKNOWN, 0, FALSE, &Device[i]);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Mode >= 3) {
        DriverObject->DriverExtension->AddDevice = AddDevice;
        DriverObject->MajorFunction[IRP_MJ_PNP] = Pnp;
    }
    return STATUS_SUCCESS;
}
