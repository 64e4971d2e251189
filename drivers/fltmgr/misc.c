/*
 * misc.c - who asks, locks, pool, and other small routines.
 *
 * [DDI: FltGetRequestorProcess, FltIsOperationSynchronous, FltAcquireResourceExclusive, FltAcquirePushLockExclusive,
 * FltAllocatePoolAlignedWithTag, FltGetIrpName, FltGetRoutineAddress]
 */
#include "fltp.h"
#include <ntimage.h>

PEPROCESS FLTAPI
FltGetRequestorProcess(PFLT_CALLBACK_DATA CallbackData)
{
    return CallbackData->Thread != NULL ? IoThreadToProcess(CallbackData->Thread) : NULL;
}

HANDLE FLTAPI
FltGetRequestorProcessIdEx(PFLT_CALLBACK_DATA CallbackData)
{
    PEPROCESS Process = FltGetRequestorProcess(CallbackData);

    return Process != NULL ? PsGetProcessId(Process) : NULL;
}

ULONG FLTAPI
FltGetRequestorProcessId(PFLT_CALLBACK_DATA CallbackData)
{
    return HandleToULong(FltGetRequestorProcessIdEx(CallbackData));
}

NTSTATUS FLTAPI
FltGetRequestorSessionId(PFLT_CALLBACK_DATA CallbackData, PULONG SessionId)
{
    PEPROCESS Process = FltGetRequestorProcess(CallbackData);

    if (Process == NULL) {
        *SessionId = (ULONG)-1;
        return STATUS_UNSUCCESSFUL;
    }
    *SessionId = 0; /* there is one session */
    return STATUS_SUCCESS;
}

BOOLEAN FLTAPI
FltIs32bitProcess(PFLT_CALLBACK_DATA CallbackData)
{
    return FALSE; /* there are none here */
}

/* [DDI: FltIsOperationSynchronous] Fast I/O and FsFilter operations are. */
BOOLEAN FLTAPI
FltIsOperationSynchronous(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    return Operation->Irp == NULL || IoIsOperationSynchronous(Operation->Irp);
}

static const struct {
    UCHAR Major;
    PCSTR Name;
} FltpMajors[] = {
    {IRP_MJ_CREATE, "IRP_MJ_CREATE"},
    {IRP_MJ_CREATE_NAMED_PIPE, "IRP_MJ_CREATE_NAMED_PIPE"},
    {IRP_MJ_CLOSE, "IRP_MJ_CLOSE"},
    {IRP_MJ_READ, "IRP_MJ_READ"},
    {IRP_MJ_WRITE, "IRP_MJ_WRITE"},
    {IRP_MJ_QUERY_INFORMATION, "IRP_MJ_QUERY_INFORMATION"},
    {IRP_MJ_SET_INFORMATION, "IRP_MJ_SET_INFORMATION"},
    {IRP_MJ_QUERY_EA, "IRP_MJ_QUERY_EA"},
    {IRP_MJ_SET_EA, "IRP_MJ_SET_EA"},
    {IRP_MJ_FLUSH_BUFFERS, "IRP_MJ_FLUSH_BUFFERS"},
    {IRP_MJ_QUERY_VOLUME_INFORMATION, "IRP_MJ_QUERY_VOLUME_INFORMATION"},
    {IRP_MJ_SET_VOLUME_INFORMATION, "IRP_MJ_SET_VOLUME_INFORMATION"},
    {IRP_MJ_DIRECTORY_CONTROL, "IRP_MJ_DIRECTORY_CONTROL"},
    {IRP_MJ_FILE_SYSTEM_CONTROL, "IRP_MJ_FILE_SYSTEM_CONTROL"},
    {IRP_MJ_DEVICE_CONTROL, "IRP_MJ_DEVICE_CONTROL"},
    {IRP_MJ_INTERNAL_DEVICE_CONTROL, "IRP_MJ_INTERNAL_DEVICE_CONTROL"},
    {IRP_MJ_SHUTDOWN, "IRP_MJ_SHUTDOWN"},
    {IRP_MJ_LOCK_CONTROL, "IRP_MJ_LOCK_CONTROL"},
    {IRP_MJ_CLEANUP, "IRP_MJ_CLEANUP"},
    {IRP_MJ_CREATE_MAILSLOT, "IRP_MJ_CREATE_MAILSLOT"},
    {IRP_MJ_QUERY_SECURITY, "IRP_MJ_QUERY_SECURITY"},
    {IRP_MJ_SET_SECURITY, "IRP_MJ_SET_SECURITY"},
    {IRP_MJ_POWER, "IRP_MJ_POWER"},
    {IRP_MJ_SYSTEM_CONTROL, "IRP_MJ_SYSTEM_CONTROL"},
    {IRP_MJ_DEVICE_CHANGE, "IRP_MJ_DEVICE_CHANGE"},
    {IRP_MJ_QUERY_QUOTA, "IRP_MJ_QUERY_QUOTA"},
    {IRP_MJ_SET_QUOTA, "IRP_MJ_SET_QUOTA"},
    {IRP_MJ_PNP, "IRP_MJ_PNP"},
    {IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION, "IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION"},
    {IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION, "IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION"},
    {IRP_MJ_ACQUIRE_FOR_MOD_WRITE, "IRP_MJ_ACQUIRE_FOR_MOD_WRITE"},
    {IRP_MJ_RELEASE_FOR_MOD_WRITE, "IRP_MJ_RELEASE_FOR_MOD_WRITE"},
    {IRP_MJ_ACQUIRE_FOR_CC_FLUSH, "IRP_MJ_ACQUIRE_FOR_CC_FLUSH"},
    {IRP_MJ_RELEASE_FOR_CC_FLUSH, "IRP_MJ_RELEASE_FOR_CC_FLUSH"},
    {IRP_MJ_QUERY_OPEN, "IRP_MJ_QUERY_OPEN"},
    {IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE, "IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE"},
    {IRP_MJ_NETWORK_QUERY_OPEN, "IRP_MJ_NETWORK_QUERY_OPEN"},
    {IRP_MJ_MDL_READ, "IRP_MJ_MDL_READ"},
    {IRP_MJ_MDL_READ_COMPLETE, "IRP_MJ_MDL_READ_COMPLETE"},
    {IRP_MJ_PREPARE_MDL_WRITE, "IRP_MJ_PREPARE_MDL_WRITE"},
    {IRP_MJ_MDL_WRITE_COMPLETE, "IRP_MJ_MDL_WRITE_COMPLETE"},
    {IRP_MJ_VOLUME_MOUNT, "IRP_MJ_VOLUME_MOUNT"},
    {IRP_MJ_VOLUME_DISMOUNT, "IRP_MJ_VOLUME_DISMOUNT"}};

PCHAR FLTAPI
FltGetIrpName(UCHAR IrpMajorCode)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(FltpMajors); i++) {
        if (FltpMajors[i].Major == IrpMajorCode) {
            return (PCHAR)FltpMajors[i].Name;
        }
    }
    return "IRP_MJ_UNKNOWN";
}

VOID FLTAPI
FltAcquireResourceExclusive(PERESOURCE Resource)
{
    FltpAcquireExclusive(Resource);
}

VOID FLTAPI
FltAcquireResourceShared(PERESOURCE Resource)
{
    FltpAcquireShared(Resource);
}

VOID FLTAPI
FltReleaseResource(PERESOURCE Resource)
{
    FltpRelease(Resource);
}

VOID FLTAPI
FltInitializePushLock(PEX_PUSH_LOCK PushLock)
{
    *(PULONG_PTR)PushLock = 0;
}

VOID FLTAPI
FltDeletePushLock(PEX_PUSH_LOCK PushLock)
{
}

/* XP's kernel exports no push locks: one owner at a time, asked for each tick. */
static VOID
FltpSpinPushLock(PEX_PUSH_LOCK PushLock)
{
    LARGE_INTEGER Tick = {.QuadPart = -156250};

    while (InterlockedCompareExchangePointer((PVOID *)PushLock, (PVOID)1, NULL) != NULL) {
        KeDelayExecutionThread(KernelMode, FALSE, &Tick);
    }
}

VOID FLTAPI
FltAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
    KeEnterCriticalRegion();
    if (FltpKernel.ExfAcquirePushLockExclusive != NULL) {
        FltpKernel.ExfAcquirePushLockExclusive(PushLock);
    } else {
        FltpSpinPushLock(PushLock);
    }
}

VOID FLTAPI
FltAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    KeEnterCriticalRegion();
    if (FltpKernel.ExfAcquirePushLockShared != NULL) {
        FltpKernel.ExfAcquirePushLockShared(PushLock);
    } else {
        FltpSpinPushLock(PushLock);
    }
}

VOID FLTAPI
FltReleasePushLock(PEX_PUSH_LOCK PushLock)
{
    if (FltpKernel.ExfReleasePushLock != NULL) {
        FltpKernel.ExfReleasePushLock(PushLock);
    } else {
        InterlockedExchangePointer((PVOID *)PushLock, NULL);
    }
    KeLeaveCriticalRegion();
}

VOID FLTAPI
FltAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    FltAcquirePushLockExclusive(PushLock);
}

VOID FLTAPI
FltAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    FltAcquirePushLockShared(PushLock);
}

VOID FLTAPI
FltReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    FltReleasePushLock(PushLock);
}

/* For unbuffered transfers: pool of a page and more is aligned to one, which is enough for every device here. */
PVOID FLTAPI
FltAllocatePoolAlignedWithTag(PFLT_INSTANCE Instance, POOL_TYPE PoolType, SIZE_T NumberOfBytes,
                              ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes < PAGE_SIZE ? PAGE_SIZE : NumberOfBytes,
                                 Tag);
}

VOID FLTAPI
FltFreePoolAlignedWithTag(PFLT_INSTANCE Instance, PVOID Buffer, ULONG Tag)
{
    ExFreePoolWithTag(Buffer, Tag);
}

BOOLEAN FLTAPI
FltIsIoCanceled(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    return Operation->Irp != NULL && Operation->Irp->Cancel;
}

/* [DDI: FltGetRoutineAddress] An export of this image by its name. */
PVOID FLTAPI
FltGetRoutineAddress(PCSTR FltMgrRoutineName)
{
    PUCHAR Base = FltpDriver->DriverStart;
    PIMAGE_NT_HEADERS64 Nt = (PIMAGE_NT_HEADERS64)(Base + ((PIMAGE_DOS_HEADER)Base)->e_lfanew);
    PIMAGE_EXPORT_DIRECTORY Exports =
        (PVOID)(Base + Nt->OptionalHeader.DataDirectory[0].VirtualAddress);
    PULONG Names = (PULONG)(Base + Exports->AddressOfNames);
    PULONG Functions = (PULONG)(Base + Exports->AddressOfFunctions);
    PUSHORT Ordinals = (PUSHORT)(Base + Exports->AddressOfNameOrdinals);

    for (ULONG i = 0; i < Exports->NumberOfNames; i++) {
        if (strcmp((PCSTR)(Base + Names[i]), FltMgrRoutineName) == 0) {
            return Base + Functions[Ordinals[i]];
        }
    }
    return NULL;
}

/* [DDI: FltRequestOperationStatusCallback] Told of what the driver below has returned. */
NTSTATUS FLTAPI
FltRequestOperationStatusCallback(PFLT_CALLBACK_DATA Data,
                                  PFLT_GET_OPERATION_STATUS_CALLBACK CallbackRoutine,
                                  PVOID RequesterContext)
{
    PFLTP_OPERATION Operation = FltpOperation(Data);

    if (Operation->Irp == NULL || (Data->Flags & FLTFL_CALLBACK_DATA_POST_OPERATION)) {
        return STATUS_INVALID_PARAMETER;
    }
    Operation->StatusRoutine = CallbackRoutine;
    Operation->StatusContext = RequesterContext;
    Operation->StatusInstance = Operation->Current;
    return STATUS_SUCCESS;
}

/*
 * I/O redirection: a filter sends what comes to the source's volume to the target's, with the same IRP. That has to have a stack
 * location for each device of the target's stack. [DDI: FltAdjustDeviceStackSizeForIoRedirection, FltIsIoRedirectionAllowed,
 * FltIsIoRedirectionAllowedForOperation]
 */
NTSTATUS FLTAPI
FltAdjustDeviceStackSizeForIoRedirection(PFLT_INSTANCE SourceInstance, PFLT_INSTANCE TargetInstance,
                                         PBOOLEAN SourceDeviceStackSizeModified)
{
    PDEVICE_OBJECT Source = SourceInstance->Volume->DeviceObject;
    CCHAR Needed = TargetInstance->Volume->DeviceObject->StackSize;
    BOOLEAN Modified = Source->StackSize < Needed;

    if (Modified) {
        Source->StackSize = Needed;
    }
    if (SourceDeviceStackSizeModified != NULL) {
        *SourceDeviceStackSizeModified = Modified;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltIsIoRedirectionAllowed(PFLT_INSTANCE SourceInstance, PFLT_INSTANCE TargetInstance,
                          PBOOLEAN RedirectionAllowed)
{
    *RedirectionAllowed = SourceInstance->Volume->DeviceObject->StackSize >=
                          TargetInstance->Volume->DeviceObject->StackSize;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltIsIoRedirectionAllowedForOperation(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE TargetInstance,
                                      PBOOLEAN RedirectionAllowedThisIo,
                                      PBOOLEAN RedirectionAllowedAllIo)
{
    PFLTP_OPERATION Operation = FltpOperation(Data);

    if (Operation->Irp == NULL) {
        return STATUS_INVALID_PARAMETER; /* an IRP operation */
    }
    *RedirectionAllowedThisIo =
        Operation->Irp->CurrentLocation - 1 >= TargetInstance->Volume->DeviceObject->StackSize;
    if (RedirectionAllowedAllIo != NULL) {
        return FltIsIoRedirectionAllowed(Operation->Current, TargetInstance,
                                         RedirectionAllowedAllIo);
    }
    return STATUS_SUCCESS;
}
