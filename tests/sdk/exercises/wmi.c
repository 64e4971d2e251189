/*
 * wmi.c - a driver that answers WMI's requests with wmilib, and asks itself what WMI would.
 */
#include <ntddk.h>
#include <initguid.h>
#include <wmistr.h>
#include <wmilib.h>

DEFINE_GUID(COUNTERS, 0x3d1a2b71, 0x5c0e, 0x4f8a, 0x9d, 0x11, 0x6a, 0x77, 0x20, 0x31, 0x54, 0x01);
DEFINE_GUID(LEVEL, 0x3d1a2b71, 0x5c0e, 0x4f8a, 0x9d, 0x11, 0x6a, 0x77, 0x20, 0x31, 0x54, 0x02);
DEFINE_GUID(NOBODYS, 0x3d1a2b71, 0x5c0e, 0x4f8a, 0x9d, 0x11, 0x6a, 0x77, 0x20, 0x31, 0x54, 0x03);

static WMIGUIDREGINFO Guids[] = {{&COUNTERS, 3, 0}, {&LEVEL, 1, WMIREG_FLAG_EXPENSIVE}};
static UNICODE_STRING Path;
static ULONG Counters[3] = {11, 22, 33};
static ULONG Level = 5;

WMI_QUERY_REGINFO_CALLBACK QueryRegInfo;
WMI_QUERY_DATABLOCK_CALLBACK QueryDataBlock;
WMI_SET_DATABLOCK_CALLBACK SetDataBlock;
WMI_EXECUTE_METHOD_CALLBACK ExecuteMethod;
WMI_FUNCTION_CONTROL_CALLBACK FunctionControl;

NTSTATUS NTAPI
QueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG RegFlags, PUNICODE_STRING InstanceName,
             PUNICODE_STRING *RegistryPath, PUNICODE_STRING MofResourceName, PDEVICE_OBJECT *Pdo)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Pdo);
    *RegFlags = WMIREG_FLAG_INSTANCE_BASENAME;
    InstanceName->Buffer = ExAllocatePoolWithTag(PagedPool, 10, 'imwT'); /* wmilib's from here on */
    if (InstanceName->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InstanceName->Length = InstanceName->MaximumLength = 10;
    RtlCopyMemory(InstanceName->Buffer, L"Meter", 10);
    *RegistryPath = &Path;
    RtlInitUnicodeString(MofResourceName, L"MofResource");
    return STATUS_SUCCESS;
}

/* A counter is 4 bytes, each at 8; the level is 4. */
NTSTATUS NTAPI
QueryDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
               ULONG InstanceCount, PULONG InstanceLengthArray, ULONG BufferAvail, PUCHAR Buffer)
{
    ULONG Size = (InstanceCount - 1) * 8 + sizeof(ULONG);
    if (BufferAvail < Size || InstanceLengthArray == NULL) {
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_BUFFER_TOO_SMALL, Size,
                                  IO_NO_INCREMENT);
    }
    for (ULONG I = 0; I < InstanceCount; I++) {
        *(PULONG)(Buffer + I * 8) = GuidIndex == 0 ? Counters[InstanceIndex + I] : Level;
        InstanceLengthArray[I] = sizeof(ULONG);
    }
    return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, Size, IO_NO_INCREMENT);
}

NTSTATUS NTAPI
SetDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
             ULONG BufferSize, PUCHAR Buffer)
{
    NTSTATUS Status = GuidIndex != 1 ? STATUS_WMI_READ_ONLY
                      : BufferSize == sizeof(ULONG) && InstanceIndex == 0
                          ? STATUS_SUCCESS
                          : STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(Status)) {
        Level = *(PULONG)Buffer;
    }
    return WmiCompleteRequest(DeviceObject, Irp, Status, 0, IO_NO_INCREMENT);
}

NTSTATUS NTAPI
ExecuteMethod(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
              ULONG MethodId, ULONG InBufferSize, ULONG OutBufferSize, PUCHAR Buffer)
{
    UNREFERENCED_PARAMETER(GuidIndex);
    UNREFERENCED_PARAMETER(InstanceIndex);
    if (InBufferSize < sizeof(ULONG) || OutBufferSize < 2 * sizeof(ULONG)) {
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_BUFFER_TOO_SMALL, 2 * sizeof(ULONG),
                                  IO_NO_INCREMENT);
    }
    ((PULONG)Buffer)[1] = ((PULONG)Buffer)[0] * MethodId;
    return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 2 * sizeof(ULONG),
                              IO_NO_INCREMENT);
}

NTSTATUS NTAPI
FunctionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                WMIENABLEDISABLECONTROL Function, BOOLEAN Enable)
{
    DbgPrint("wmi: %s %lu %s\n", Function == WmiEventControl ? "events of" : "data of", GuidIndex,
             Enable ? "on" : "off");
    return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static WMILIB_CONTEXT Library = {RTL_NUMBER_OF(Guids), Guids, QueryRegInfo,  QueryDataBlock,
                                 SetDataBlock,         NULL,  ExecuteMethod, FunctionControl};

static NTSTATUS NTAPI
SystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    SYSCTL_IRP_DISPOSITION Disposition;
    NTSTATUS Status = WmiSystemControl(&Library, DeviceObject, Irp, &Disposition);
    switch (Disposition) {
    case IrpProcessed:
        break;
    case IrpNotCompleted:
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        break;
    default:
        Status = Irp->IoStatus.Status; /* nobody below */
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        break;
    }
    return Status;
}

static NTSTATUS NTAPI
Done(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (Irp->PendingReturned) {
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* What WMI sends: its status, and how much was answered. */
static NTSTATUS
Ask(PDEVICE_OBJECT DeviceObject, UCHAR Minor, ULONG_PTR Provider, const GUID *Guid, PVOID Buffer,
    ULONG Length, ULONG_PTR *Used)
{
    KEVENT Event;
    PIRP Irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_SYSTEM_CONTROL;
    Stack->MinorFunction = Minor;
    Stack->Parameters.WMI.ProviderId = Provider;
    Stack->Parameters.WMI.DataPath = (PVOID)Guid;
    Stack->Parameters.WMI.Buffer = Buffer;
    Stack->Parameters.WMI.BufferSize = Length;
    IoSetCompletionRoutine(Irp, Done, &Event, TRUE, TRUE, TRUE);
    if (IoCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
    NTSTATUS Status = Irp->IoStatus.Status;
    *Used = Irp->IoStatus.Information;
    IoFreeIrp(Irp);
    return Status;
}

static void
Converse(PDEVICE_OBJECT Device)
{
    DECLSPEC_ALIGN(8) UCHAR Buffer[512];
    PWMIREGINFOW Registered = (PWMIREGINFOW)Buffer;
    PWNODE_ALL_DATA All = (PWNODE_ALL_DATA)Buffer;
    PWNODE_SINGLE_INSTANCE One = (PWNODE_SINGLE_INSTANCE)Buffer;
    PWNODE_METHOD_ITEM Method = (PWNODE_METHOD_ITEM)Buffer;
    ULONG_PTR Used;
    ULONG_PTR Me = (ULONG_PTR)Device;

    NTSTATUS Status = Ask(Device, IRP_MN_REGINFO, Me, NULL, Buffer, 16, &Used);
    DbgPrint("wmi: too small %08lx, %lu, needs as many: %d\n", Status, (ULONG)Used,
             *(PULONG)Buffer > 16);
    Status = Ask(Device, IRP_MN_REGINFO_EX, Me, NULL, Buffer, sizeof(Buffer), &Used);
    DbgPrint("wmi: registered %08lx, guids %lu, size as told %d\n", Status, Registered->GuidCount,
             Used == Registered->BufferSize);
    for (ULONG I = 0; NT_SUCCESS(Status) && I < Registered->GuidCount; I++) {
        PWMIREGGUIDW Guid = &Registered->WmiRegGuid[I];
        DbgPrint("wmi: flags %lx instances %lu name %.*S\n", Guid->Flags, Guid->InstanceCount,
                 *(PUSHORT)(Buffer + Guid->BaseNameOffset) / 2,
                 (PWCHAR)(Buffer + Guid->BaseNameOffset + 2));
    }
    DbgPrint("wmi: mof %.*S, a path %d\n", *(PUSHORT)(Buffer + Registered->MofResourceName) / 2,
             (PWCHAR)(Buffer + Registered->MofResourceName + 2),
             *(PUSHORT)(Buffer + Registered->RegistryPath) == Path.Length);

    RtlZeroMemory(Buffer, sizeof(Buffer));
    All->WnodeHeader.Guid = COUNTERS;
    Status =
        Ask(Device, IRP_MN_QUERY_ALL_DATA, Me, &COUNTERS, Buffer, sizeof(WNODE_ALL_DATA), &Used);
    DbgPrint("wmi: all %08lx, flags %lx, needs %lu\n", Status, All->WnodeHeader.Flags,
             ((PWNODE_TOO_SMALL)Buffer)->SizeNeeded);
    RtlZeroMemory(Buffer, sizeof(Buffer));
    All->WnodeHeader.Guid = COUNTERS;
    Status = Ask(Device, IRP_MN_QUERY_ALL_DATA, Me, &COUNTERS, Buffer, sizeof(Buffer), &Used);
    DbgPrint("wmi: all %08lx, %lu of", Status, (ULONG)Used);
    for (ULONG I = 0; I < All->InstanceCount; I++) {
        DbgPrint(" %lu:%lu", All->OffsetInstanceDataAndLength[I].LengthInstanceData,
                 *(PULONG)(Buffer + All->OffsetInstanceDataAndLength[I].OffsetInstanceData));
    }
    DbgPrint("\n");

    RtlZeroMemory(Buffer, sizeof(Buffer));
    One->WnodeHeader.Guid = LEVEL;
    One->WnodeHeader.Flags = WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_STATIC_INSTANCE_NAMES;
    One->DataBlockOffset = 64;
    One->SizeDataBlock = sizeof(ULONG);
    *(PULONG)(Buffer + 64) = 8;
    Status = Ask(Device, IRP_MN_CHANGE_SINGLE_INSTANCE, Me, &LEVEL, Buffer, 68, &Used);
    *(PULONG)(Buffer + 64) = 0;
    DbgPrint("wmi: set %08lx, ", Status);
    Status = Ask(Device, IRP_MN_QUERY_SINGLE_INSTANCE, Me, &LEVEL, Buffer, sizeof(Buffer), &Used);
    DbgPrint("one %08lx, %lu bytes, %lu\n", Status, (ULONG)Used, *(PULONG)(Buffer + 64));
    One->InstanceIndex = 1;
    Status = Ask(Device, IRP_MN_QUERY_SINGLE_INSTANCE, Me, &LEVEL, Buffer, sizeof(Buffer), &Used);
    One->InstanceIndex = 0;
    DbgPrint("wmi: no instance %08lx, item %08lx, ", Status,
             Ask(Device, IRP_MN_CHANGE_SINGLE_ITEM, Me, &LEVEL, Buffer, 68, &Used));
    One->WnodeHeader.Guid = NOBODYS;
    DbgPrint("guid %08lx\n", Ask(Device, IRP_MN_QUERY_SINGLE_INSTANCE, Me, &NOBODYS, Buffer,
                                 sizeof(Buffer), &Used));

    RtlZeroMemory(Buffer, sizeof(Buffer));
    Method->WnodeHeader.Guid = LEVEL;
    Method->WnodeHeader.Flags = WNODE_FLAG_METHOD_ITEM | WNODE_FLAG_STATIC_INSTANCE_NAMES;
    Method->MethodId = 6;
    Method->DataBlockOffset = 72;
    Method->SizeDataBlock = sizeof(ULONG);
    *(PULONG)(Buffer + 72) = 7;
    Status = Ask(Device, IRP_MN_EXECUTE_METHOD, Me, &LEVEL, Buffer, sizeof(Buffer), &Used);
    DbgPrint("wmi: method %08lx, %lu bytes, %lu\n", Status, Method->SizeDataBlock,
             *(PULONG)(Buffer + 76));

    Ask(Device, IRP_MN_ENABLE_EVENTS, Me, &LEVEL, Buffer, sizeof(WNODE_HEADER), &Used);
    Ask(Device, IRP_MN_DISABLE_COLLECTION, Me, &COUNTERS, Buffer, sizeof(WNODE_HEADER), &Used);
    DbgPrint("wmi: another's %08lx, none of WMI's %08lx\n",
             Ask(Device, IRP_MN_REGINFO, Me + 8, NULL, Buffer, 16, &Used),
             Ask(Device, 0x20, Me, NULL, Buffer, 16, &Used));

    PULONG Event = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(ULONG), 'imwT'); /* wmilib's too */
    if (Event != NULL) {
        *Event = Level;
        DbgPrint("wmi: event %08lx\n", WmiFireEvent(Device, &LEVEL, 0, sizeof(ULONG), Event));
    }
}

static void NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoWMIRegistrationControl(DriverObject->DeviceObject, WMIREG_ACTION_DEREGISTER);
    IoDeleteDevice(DriverObject->DeviceObject);
    ExFreePoolWithTag(Path.Buffer, 'imwT');
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;
    Path.Buffer = ExAllocatePoolWithTag(PagedPool, RegistryPath->Length, 'imwT');
    if (Path.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Path.MaximumLength = RegistryPath->Length;
    RtlCopyUnicodeString(&Path, RegistryPath);
    NTSTATUS Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Path.Buffer, 'imwT');
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = SystemControl;
    DriverObject->DriverUnload = Unload;
    IoWMIRegistrationControl(Device, WMIREG_ACTION_REGISTER);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    Converse(Device);
    return STATUS_SUCCESS;
}
