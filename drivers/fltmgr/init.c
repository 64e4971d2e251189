/*
 * init.c - DriverEntry, dispatch by the kind of device, and small helpers.
 *
 * At boot the manager only makes its two control devices. It attaches to file systems when the first minifilter starts
 * filtering, so a system without one has no filter device in any stack. [IFS: filter-manager-concepts]
 */
#include "fltp.h"

VOID
FltpAcquireShared(PERESOURCE Lock)
{
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(Lock, TRUE);
}

VOID
FltpAcquireExclusive(PERESOURCE Lock)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(Lock, TRUE);
}

VOID
FltpRelease(PERESOURCE Lock)
{
    ExReleaseResourceLite(Lock);
    KeLeaveCriticalRegion();
}

NTSTATUS
FltpCopyString(PUNICODE_STRING To, PCUNICODE_STRING From, ULONG Tag)
{
    To->Length = From->Length;
    To->MaximumLength = From->Length + sizeof(WCHAR);
    To->Buffer = ExAllocatePoolWithTag(NonPagedPool, To->MaximumLength, Tag);
    if (To->Buffer == NULL) {
        To->Length = To->MaximumLength = 0;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(To->Buffer, From->Buffer, From->Length);
    To->Buffer[From->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

VOID
FltpFreeString(PUNICODE_STRING String)
{
    if (String->Buffer != NULL) {
        ExFreePool(String->Buffer);
        String->Buffer = NULL;
    }
    String->Length = String->MaximumLength = 0;
}

NTSTATUS
FltpComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
FltpDispatchAny(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;

    switch (Device->Kind) {
    case FltpVolumeDevice:
        return FltpDispatch(DeviceObject, Irp);
    case FltpControlDevice:
        return FltpControlDispatch(DeviceObject, Irp);
    default:
        return DeviceObject == FltpMessageDevice ? FltpMessageDispatch(DeviceObject, Irp)
                                                 : FltpMainDispatch(DeviceObject, Irp);
    }
}

static NTSTATUS
FltpMakeDevice(PCWSTR Name, PCWSTR LinkName, PDEVICE_OBJECT *DeviceObject)
{
    UNICODE_STRING DeviceName, Link;
    NTSTATUS Status;

    RtlInitUnicodeString(&DeviceName, Name);
    RtlInitUnicodeString(&Link, LinkName);
    Status =
        IoCreateDevice(FltpDriver, sizeof(FLTP_DEVICE), &DeviceName, FILE_DEVICE_DISK_FILE_SYSTEM,
                       FILE_DEVICE_SECURE_OPEN, FALSE, DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ((PFLTP_DEVICE)(*DeviceObject)->DeviceExtension)->Kind = FltpOwnDevice;
    return IoCreateSymbolicLink(&Link, &DeviceName);
}

static VOID
FltpFindRoutines(VOID)
{
    static const WCHAR *const Names[] = {L"ExfAcquirePushLockExclusive",
                                         L"ExfAcquirePushLockShared",
                                         L"ExfReleasePushLock",
                                         L"FsRtlInsertPerFileContext",
                                         L"FsRtlLookupPerFileContext",
                                         L"IoCreateFileEx",
                                         L"KeAreAllApcsDisabled",
                                         L"FsRtlCheckOplockEx",
                                         L"FsRtlCurrentOplock",
                                         L"FsRtlCurrentOplockH",
                                         L"FsRtlOplockBreakH",
                                         L"FsRtlOplockBreakToNoneEx",
                                         L"FsRtlOplockFsctrlEx",
                                         L"FsRtlOplockIsSharedRequest",
                                         L"FsRtlOplockKeysEqual",
                                         L"FsRtlAllocateExtraCreateParameterList",
                                         L"FsRtlAllocateExtraCreateParameter",
                                         L"FsRtlAllocateExtraCreateParameterFromLookasideList",
                                         L"FsRtlInitExtraCreateParameterLookasideList",
                                         L"FsRtlDeleteExtraCreateParameterLookasideList",
                                         L"FsRtlFreeExtraCreateParameter",
                                         L"FsRtlFreeExtraCreateParameterList",
                                         L"FsRtlInsertExtraCreateParameter",
                                         L"FsRtlFindExtraCreateParameter",
                                         L"FsRtlRemoveExtraCreateParameter",
                                         L"FsRtlGetNextExtraCreateParameter",
                                         L"FsRtlGetEcpListFromIrp",
                                         L"FsRtlSetEcpListIntoIrp",
                                         L"FsRtlIsEcpAcknowledged",
                                         L"FsRtlAcknowledgeEcp",
                                         L"FsRtlPrepareToReuseEcp",
                                         L"FsRtlIsEcpFromUserMode",
                                         L"IoGetIoPriorityHint",
                                         L"IoSetIoPriorityHint",
                                         L"IoRetrievePriorityInfo",
                                         L"IoApplyPriorityInfoThread",
                                         L"IoGetActivityIdIrp",
                                         L"IoSetActivityIdIrp",
                                         L"IoPropagateActivityIdToThread"};
    PVOID *Routine = (PVOID *)&FltpKernel;
    UNICODE_STRING Name;

    C_ASSERT(RTL_NUMBER_OF(Names) * sizeof(PVOID) == sizeof(FltpKernel));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        RtlInitUnicodeString(&Name, Names[i]);
        Routine[i] = MmGetSystemRoutineAddress(&Name);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Directory = RTL_CONSTANT_STRING(L"\\FileSystem\\Filters");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    NTSTATUS Status;

    FltpDriver = DriverObject;
    FltpSystem.dwOSVersionInfoSize = sizeof(FltpSystem);
    RtlGetVersion(&FltpSystem);
    FltpFindRoutines();
    InitializeListHead(&FltpFilters);
    InitializeListHead(&FltpVolumes);
    InitializeListHead(&FltpPorts);
    InitializeListHead(&FltpCreating);
    KeInitializeSpinLock(&FltpCreatingLock);
    KeInitializeSpinLock(&FltpNameLock);
    ExInitializeResourceLite(&FltpLock);
    ExInitializeResourceLite(&FltpPortLock);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = FltpDispatchAny;
    }
    FltpFillFastIo();
    DriverObject->FastIoDispatch = &FltpFastIo;
    Status = FltpRegisterFsFilter();
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeObjectAttributes(&Attributes, &Directory,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_PERMANENT, NULL,
                               NULL);
    Status = ZwCreateDirectoryObject(&Handle, DIRECTORY_ALL_ACCESS, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ZwClose(Handle);
    Status = FltpMakeDevice(L"\\FileSystem\\Filters\\FltMgr", L"\\??\\FltMgr", &FltpMainDevice);
    if (NT_SUCCESS(Status)) {
        Status = FltpMakeDevice(L"\\FileSystem\\Filters\\FltMgrMsg", L"\\??\\FltMgrMsg",
                                &FltpMessageDevice);
    }
    return Status;
}
