/*
 * create.c - opens of a minifilter's own: seen by what is below its instance.
 *
 * The create goes through the object manager as any other, with our device as the hint; when it arrives there it is
 * known by its thread, and starts below the instance. The file object is remembered, so what is asked of it later
 * starts there as well. [DDI: FltCreateFileEx2; nt-semantics-2 1.12]
 *
 *   K1  FltpCreating: one entry for each FltCreateFile that runs, newest first; the create of an entry is the first
 *       that its thread sends while the entry is the newest of the thread; after STATUS_REPARSE the next.
 *   K2  A file object whose create fails is freed without a close: it is forgotten here, for another one may get its
 *       address.
 */
#include "fltp.h"

static BOOLEAN
FltpRemember(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    PFLTP_TARGETED Target = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Target), FLTP_TAG_CONTEXT);
    KIRQL OldIrql;

    if (Target == NULL) {
        return FALSE;
    }
    Target->FileObject = FileObject;
    Target->Instance = Instance;
    KeAcquireSpinLock(&Volume->TargetedLock, &OldIrql);
    InsertHeadList(&Volume->Targeted, &Target->Links);
    KeReleaseSpinLock(&Volume->TargetedLock, OldIrql);
    return TRUE;
}

/* The instance below which a create that arrives starts; NULL: at the top. */
PFLT_INSTANCE
FltpCreateTarget(PFLT_VOLUME Volume, PIRP Irp, PFLTP_CREATING *Found)
{
    PFLT_INSTANCE Instance = NULL;
    KIRQL OldIrql;

    if (IsListEmpty(&FltpCreating)) {
        return NULL;
    }
    KeAcquireSpinLock(&FltpCreatingLock, &OldIrql);
    for (PLIST_ENTRY Entry = FltpCreating.Flink; Entry != &FltpCreating; Entry = Entry->Flink) {
        PFLTP_CREATING Creating = CONTAINING_RECORD(Entry, FLTP_CREATING, Links);

        if (Creating->Thread == PsGetCurrentThread()) { /* K1: the newest decides */
            if (Creating->Irp == NULL && Creating->Instance != NULL &&
                Creating->Instance->Volume == Volume) {
                Creating->Irp = Irp;
                Creating->FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
                Instance = Creating->Instance;
                *Found = Creating;
            }
            break;
        }
    }
    KeReleaseSpinLock(&FltpCreatingLock, OldIrql);
    if (Instance != NULL) {
        FltpRemember(Volume, IoGetCurrentIrpStackLocation(Irp)->FileObject, Instance);
    }
    return Instance;
}

PFLT_INSTANCE
FltpFileTarget(PFLT_VOLUME Volume, PFILE_OBJECT FileObject)
{
    PFLT_INSTANCE Instance = NULL;
    KIRQL OldIrql;

    KeAcquireSpinLock(&Volume->TargetedLock, &OldIrql);
    for (PLIST_ENTRY Entry = Volume->Targeted.Flink; Entry != &Volume->Targeted && Instance == NULL;
         Entry = Entry->Flink) {
        PFLTP_TARGETED Target = CONTAINING_RECORD(Entry, FLTP_TARGETED, Links);

        Instance = Target->FileObject == FileObject ? Target->Instance : NULL;
    }
    KeReleaseSpinLock(&Volume->TargetedLock, OldIrql);
    return Instance;
}

static VOID
FltpForget(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    PLIST_ENTRY Entry, Next;
    KIRQL OldIrql;

    if (IsListEmpty(&Volume->Targeted)) {
        return;
    }
    KeAcquireSpinLock(&Volume->TargetedLock, &OldIrql);
    for (Entry = Volume->Targeted.Flink; Entry != &Volume->Targeted; Entry = Next) {
        PFLTP_TARGETED Target = CONTAINING_RECORD(Entry, FLTP_TARGETED, Links);

        Next = Entry->Flink;
        if ((FileObject != NULL && Target->FileObject == FileObject) ||
            (Instance != NULL && Target->Instance == Instance)) {
            RemoveEntryList(Entry);
            ExFreePoolWithTag(Target, FLTP_TAG_CONTEXT);
        }
    }
    KeReleaseSpinLock(&Volume->TargetedLock, OldIrql);
}

VOID
FltpForgetTarget(PFLT_VOLUME Volume, PFILE_OBJECT FileObject)
{
    FltpForget(Volume, FileObject, NULL);
}

VOID
FltpForgetTargets(PFLT_INSTANCE Instance)
{
    FltpForget(Instance->Volume, NULL, Instance);
}

/* K2 */
VOID
FltpCreateEnded(PFLT_VOLUME Volume, PFLTP_CREATING Creating, NTSTATUS Status)
{
    if (NT_ERROR(Status) || Status == STATUS_REPARSE) {
        FltpForgetTarget(Volume, Creating->FileObject);
        if (Status == STATUS_REPARSE) {
            Creating->Irp = NULL; /* the same open goes on with another name */
        }
    }
}

NTSTATUS
FltpCreateFile(PFLT_INSTANCE Instance, PHANDLE FileHandle, PFILE_OBJECT *FileObject,
               ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
               PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
               ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
               ULONG EaLength, CREATE_FILE_TYPE Type, PVOID Parameters, ULONG Flags,
               PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    FLTP_CREATING Creating = {.Thread = PsGetCurrentThread(), .Instance = Instance};
    IO_DRIVER_CREATE_CONTEXT Context = {};
    NTSTATUS Status;
    KIRQL OldIrql;

    if (FileObject != NULL) {
        *FileObject = NULL;
    }
    if (Instance != NULL && !ExAcquireRundownProtection(&Instance->IoRundown)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (DriverContext != NULL) {
        RtlCopyMemory(&Context, DriverContext,
                      DriverContext->Size < sizeof(Context) ? DriverContext->Size
                                                            : sizeof(Context));
    }
    Context.Size = sizeof(Context);
    Context.DeviceObjectHint = Instance != NULL ? Instance->Volume->DeviceObject : NULL;
    KeAcquireSpinLock(&FltpCreatingLock, &OldIrql);
    InsertHeadList(&FltpCreating, &Creating.Links); /* K1 */
    KeReleaseSpinLock(&FltpCreatingLock, OldIrql);
    if (FltpKernel.IoCreateFileEx != NULL) {
        Status = FltpKernel.IoCreateFileEx(
            FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
            FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength, Type,
            Parameters, Flags | IO_NO_PARAMETER_CHECKING, &Context);
    } else {
        Status = IoCreateFileSpecifyDeviceObjectHint(
            FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
            FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength, Type,
            Parameters, Flags | IO_NO_PARAMETER_CHECKING, Context.DeviceObjectHint);
    }
    KeAcquireSpinLock(&FltpCreatingLock, &OldIrql);
    RemoveEntryList(&Creating.Links);
    KeReleaseSpinLock(&FltpCreatingLock, OldIrql);
    if (NT_ERROR(Status) && Creating.FileObject != NULL) {
        FltpForgetTarget(Instance->Volume, Creating.FileObject); /* K2: it was pended */
    }
    if (NT_SUCCESS(Status) && FileObject != NULL) {
        Status = ObReferenceObjectByHandle(*FileHandle, 0, *IoFileObjectType, KernelMode,
                                           (PVOID *)FileObject, NULL);
        if (!NT_SUCCESS(Status)) {
            ZwClose(*FileHandle);
        }
    }
    if (Instance != NULL) {
        ExReleaseRundownProtection(&Instance->IoRundown);
    }
    return Status;
}

NTSTATUS FLTAPI
FltCreateFileEx2(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle,
                 PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
                 POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                 PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
                 ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
                 ULONG Flags, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    return FltpCreateFile(Instance, FileHandle, FileObject, DesiredAccess, ObjectAttributes,
                          IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
                          CreateDisposition, CreateOptions, EaBuffer, EaLength, CreateFileTypeNone,
                          NULL, Flags, DriverContext);
}

/* [DDI: FltCreateNamedPipeFile] */
NTSTATUS FLTAPI
FltCreateNamedPipeFile(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle,
                       PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
                       POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                       ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions,
                       ULONG NamedPipeType, ULONG ReadMode, ULONG CompletionMode,
                       ULONG MaximumInstances, ULONG InboundQuota, ULONG OutboundQuota,
                       PLARGE_INTEGER DefaultTimeout, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    NAMED_PIPE_CREATE_PARAMETERS Parameters = {.NamedPipeType = NamedPipeType,
                                               .ReadMode = ReadMode,
                                               .CompletionMode = CompletionMode,
                                               .MaximumInstances = MaximumInstances,
                                               .InboundQuota = InboundQuota,
                                               .OutboundQuota = OutboundQuota,
                                               .TimeoutSpecified = DefaultTimeout != NULL};

    if (DefaultTimeout != NULL) {
        Parameters.DefaultTimeout = *DefaultTimeout;
    }
    return FltpCreateFile(Instance, FileHandle, FileObject, DesiredAccess, ObjectAttributes,
                          IoStatusBlock, NULL, 0, ShareAccess, CreateDisposition, CreateOptions,
                          NULL, 0, CreateFileTypeNamedPipe, &Parameters, 0, DriverContext);
}

/* [DDI: FltCreateMailslotFile] */
NTSTATUS FLTAPI
FltCreateMailslotFile(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle,
                      PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
                      POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                      ULONG CreateOptions, ULONG MailslotQuota, ULONG MaximumMessageSize,
                      PLARGE_INTEGER ReadTimeout, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    MAILSLOT_CREATE_PARAMETERS Parameters = {.MailslotQuota = MailslotQuota,
                                             .MaximumMessageSize = MaximumMessageSize,
                                             .TimeoutSpecified = ReadTimeout != NULL};

    if (ReadTimeout != NULL) {
        Parameters.ReadTimeout = *ReadTimeout;
    }
    return FltpCreateFile(Instance, FileHandle, FileObject, DesiredAccess, ObjectAttributes,
                          IoStatusBlock, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                          CreateOptions, NULL, 0, CreateFileTypeMailslot, &Parameters, 0,
                          DriverContext);
}

NTSTATUS FLTAPI
FltCreateFileEx(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle,
                PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
                POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
                ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
                ULONG Flags)
{
    return FltCreateFileEx2(Filter, Instance, FileHandle, FileObject, DesiredAccess,
                            ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes,
                            ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength,
                            Flags, NULL);
}

NTSTATUS FLTAPI
FltCreateFile(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle,
              ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
              PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
              ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
              ULONG EaLength, ULONG Flags)
{
    return FltCreateFileEx2(Filter, Instance, FileHandle, NULL, DesiredAccess, ObjectAttributes,
                            IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
                            CreateDisposition, CreateOptions, EaBuffer, EaLength, Flags, NULL);
}

NTSTATUS FLTAPI
FltOpenVolume(PFLT_INSTANCE Instance, PHANDLE VolumeHandle, PFILE_OBJECT *VolumeFileObject)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Instance->Volume->Name,
                               OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return FltCreateFileEx(Instance->Filter, Instance, VolumeHandle, VolumeFileObject,
                           FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                           FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                           FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0);
}

NTSTATUS FLTAPI
FltClose(HANDLE FileHandle)
{
    return ZwClose(FileHandle);
}

/* [DDI: FltCancelFileOpen] Only before the first handle exists. */
VOID FLTAPI
FltCancelFileOpen(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    PFLT_CALLBACK_DATA Data;

    if (FileObject->Flags & FO_HANDLE_CREATED) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, 0x6A, (ULONG_PTR)FileObject, 0, 0);
    }
    if (FileObject->Flags & FO_FILE_OPEN_CANCELLED) {
        return;
    }
    FileObject->Flags |= FO_FILE_OPEN_CANCELLED;
    /* Those below see a cleanup and a close. */
    if (NT_SUCCESS(FltpNewRequest(Instance, FileObject, IRP_MJ_CLEANUP, 0, &Data))) {
        Data->Iopb->IrpFlags = IRP_CLOSE_OPERATION;
        FltPerformSynchronousIo(Data);
        FltFreeCallbackData(Data);
    }
    FileObject->Flags |= FO_CLEANUP_COMPLETE;
    if (NT_SUCCESS(FltpNewRequest(Instance, FileObject, IRP_MJ_CLOSE, 0, &Data))) {
        Data->Iopb->IrpFlags = IRP_CLOSE_OPERATION;
        FltPerformSynchronousIo(Data);
        FltFreeCallbackData(Data);
    }
}
