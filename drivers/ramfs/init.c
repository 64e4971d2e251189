/*
 * init.c - DriverEntry, and what every request passes on its way in and out.
 *
 *   E1  A file system runs in a critical region: a thread that is suspended inside would keep what it holds.
 *   E2  The outermost file system request of a thread says so in TopLevelIrp; what Cc and Mm send from
 *       below finds it there. [ntifs: IoSetTopLevelIrp]
 *   E3  What Cc raises becomes the request's status, a user buffer that is not there STATUS_INVALID_USER_BUFFER;
 *       whatever else is raised is ours and is not caught. [ntifs: FsRtlIsNtstatusExpected]
 */
#include "ramfs.h"

PDEVICE_OBJECT RamControlDevice;
PDRIVER_OBJECT RamDriver;
LIST_ENTRY RamVolumes; /* each disk that was ever mounted */

PVOID
RamAllocate(SIZE_T Bytes)
{
    PVOID Memory = ExAllocatePoolWithTag(NonPagedPool, Bytes, RAM_TAG);

    if (Memory != NULL) {
        RtlZeroMemory(Memory, Bytes);
    }
    return Memory;
}

VOID
RamFree(PVOID Memory)
{
    if (Memory != NULL) {
        ExFreePoolWithTag(Memory, RAM_TAG);
    }
}

PVOID
RamBuffer(PIRP Irp)
{
    PVOID Buffer;

    if (Irp->MdlAddress == NULL) {
        return Irp->UserBuffer;
    }
    Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    if (Buffer == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Buffer;
}

VOID
RamProbe(PRAM_REQUEST Request, PVOID Input, ULONG In, PVOID Output, ULONG Out)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Request->Irp->RequestorMode == KernelMode) {
        return;
    }
    __try {
        ProbeForRead(Input, In, sizeof(USHORT));
        ProbeForWrite(Output, Out, sizeof(ULONG));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status =
            STATUS_INVALID_USER_BUFFER; /* what a probe raises is none that RamRun answers with */
    }
    if (!NT_SUCCESS(Status)) {
        ExRaiseStatus(Status);
    }
}

BOOLEAN
RamIsVolumeOpen(PRAM_REQUEST Request)
{
    return Request->Stream == &Request->Volume->Stream;
}

/* For this file object: one that was opened before a dismount does not see the volume that is mounted again. */
BOOLEAN
RamIsDismounted(PRAM_VOLUME Volume, PRAM_CCB Ccb)
{
    return (Volume->Flags & RAM_VOLUME_DISMOUNTED) || (Ccb != NULL && Ccb->Mount != Volume->Mount);
}

static RAM_HANDLER *
RamHandlerOf(UCHAR Major)
{
    static RAM_HANDLER *const Handlers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
        [IRP_MJ_CREATE] = RamCreate,
        [IRP_MJ_CLOSE] = RamClose,
        [IRP_MJ_READ] = RamRead,
        [IRP_MJ_WRITE] = RamWrite,
        [IRP_MJ_QUERY_INFORMATION] = RamQuery,
        [IRP_MJ_SET_INFORMATION] = RamSet,
        [IRP_MJ_QUERY_EA] = RamQueryEa,
        [IRP_MJ_SET_EA] = RamSetEa,
        [IRP_MJ_FLUSH_BUFFERS] = RamFlush,
        [IRP_MJ_QUERY_VOLUME_INFORMATION] = RamQueryVolume,
        [IRP_MJ_SET_VOLUME_INFORMATION] = RamSetVolume,
        [IRP_MJ_DIRECTORY_CONTROL] = RamDirectory,
        [IRP_MJ_FILE_SYSTEM_CONTROL] = RamControl,
        [IRP_MJ_DEVICE_CONTROL] = RamDeviceControl,
        [IRP_MJ_SHUTDOWN] = RamShutdown,
        [IRP_MJ_LOCK_CONTROL] = RamLock,
        [IRP_MJ_CLEANUP] = RamCleanup,
        [IRP_MJ_QUERY_SECURITY] = RamQuerySecurity,
        [IRP_MJ_SET_SECURITY] = RamSetSecurity,
        [IRP_MJ_PNP] = RamPnp,
    };

    return Handlers[Major];
}

/* E3 */
static LONG
RamExceptionFilter(PEXCEPTION_POINTERS Pointers, PNTSTATUS Status)
{
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    *Status = Record->ExceptionCode;
    if (Record->ExceptionCode == STATUS_ACCESS_VIOLATION && Record->NumberParameters >= 2 &&
        Record->ExceptionInformation[1] <= (ULONG_PTR)MmHighestUserAddress) {
        *Status = STATUS_INVALID_USER_BUFFER;
        return EXCEPTION_EXECUTE_HANDLER;
    }
    return FsRtlIsNtstatusExpected(Record->ExceptionCode) ? EXCEPTION_EXECUTE_HANDLER
                                                          : EXCEPTION_CONTINUE_SEARCH;
}

static NTSTATUS
RamRun(PRAM_REQUEST Request)
{
    RAM_HANDLER *Handler = RamHandlerOf(Request->Stack->MajorFunction);
    NTSTATUS Status, Raised = STATUS_SUCCESS;

    if (Handler == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Volume == NULL) { /* the control device: opened, closed, and told to mount */
        switch (Request->Stack->MajorFunction) {
        case IRP_MJ_CREATE:
            Request->Information = FILE_OPENED;
            return STATUS_SUCCESS;
        case IRP_MJ_CLEANUP:
        case IRP_MJ_CLOSE:
            return STATUS_SUCCESS;
        case IRP_MJ_SHUTDOWN:
        case IRP_MJ_FILE_SYSTEM_CONTROL:
            break;
        default:
            return STATUS_INVALID_DEVICE_REQUEST;
        }
    } else if (Request->FileObject != NULL && Request->Stack->MajorFunction != IRP_MJ_CREATE) {
        Request->Stream = Request->FileObject->FsContext;
        Request->Ccb = Request->FileObject->FsContext2;
    }
    __try {
        Status = Handler(Request);
    } __except (RamExceptionFilter(GetExceptionInformation(), &Raised)) {
        Status = Raised;
    }
    return Status;
}

/*
 * What goes to the disk past the cache is pending for who does not wait for it, done as it is: a disk is never as
 * fast as its caller. [LEARN: "Asynchronous disk I/O appears as synchronous": FILE_FLAG_NO_BUFFERING]
 */
static BOOLEAN
RamAnswersLater(PRAM_REQUEST Request)
{
    UCHAR Major = Request->Stack->MajorFunction;

    return Request->Volume != NULL && (Major == IRP_MJ_READ || Major == IRP_MJ_WRITE) &&
           (Request->Irp->Flags & (IRP_NOCACHE | IRP_PAGING_IO)) == IRP_NOCACHE &&
           Request->Information != 0 && !IoIsOperationSynchronous(Request->Irp);
}

static NTSTATUS NTAPI
RamDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    RAM_REQUEST Request = {.Irp = Irp, .Stack = IoGetCurrentIrpStackLocation(Irp)};
    NTSTATUS Status;
    BOOLEAN Top;

    RamEnter(); /* E1 */
    Request.Volume = DeviceObject == RamControlDevice ? NULL : RamVolumeOf(DeviceObject);
    Request.FileObject = Request.Stack->FileObject;
    Top = IoGetTopLevelIrp() == NULL; /* E2 */
    if (Top) {
        IoSetTopLevelIrp(Irp);
    }
    Status = RamRun(&Request);
    if (!Request.Taken) {
        BOOLEAN Later = NT_SUCCESS(Status) && RamAnswersLater(&Request);

        if (Later) {
            IoMarkIrpPending(Irp);
        }
        Irp->IoStatus.Status = Status;
        Irp->IoStatus.Information = Request.Information;
        IoCompleteRequest(Irp, NT_SUCCESS(Status) ? IO_DISK_INCREMENT : IO_NO_INCREMENT);
        Status = Later ? STATUS_PENDING : Status;
    }
    if (Top) {
        IoSetTopLevelIrp(NULL);
    }
    RamExit();
    return Status;
}

/* [IFS: IRP_MJ_SHUTDOWN] What is cached is written before it is completed. */
NTSTATUS
RamShutdown(PRAM_REQUEST Request)
{
    for (PDEVICE_OBJECT Device = RamDriver->DeviceObject; Device != NULL;
         Device = Device->NextDevice) {
        if (Device != RamControlDevice) {
            RamFlushVolume(RamVolumeOf(Device));
        }
    }
    return STATUS_SUCCESS;
}

/* Passed on to the disk, but for what a mounted volume does not let happen. */
NTSTATUS
RamPnp(PRAM_REQUEST Request)
{
    if (Request->Volume == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Stack->MinorFunction == IRP_MN_QUERY_REMOVE_DEVICE) {
        return STATUS_UNSUCCESSFUL;
    }
    Request->Taken = TRUE;
    IoSkipCurrentIrpStackLocation(Request->Irp);
    return IoCallDriver(Request->Volume->Target, Request->Irp);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Ramfs");
    NTSTATUS Status;

    RamDriver = DriverObject;
    InitializeListHead(&RamVolumes);
    Status = IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE,
                            &RamControlDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (ULONG Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++) {
        DriverObject->MajorFunction[Major] = RamDispatch;
    }
    RamFindLater();
    RamInitializeFastIo();
    DriverObject->FastIoDispatch = &RamFastIo;
    IoRegisterFileSystem(RamControlDevice);
    return STATUS_SUCCESS;
}
