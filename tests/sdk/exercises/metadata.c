/*
 * metadata.c - a filter that keeps a file of its own on each volume, as filters with persistent data do: opened while
 * its instance is set up, given up before the volume is locked or dismounted, opened again when the lock has failed or
 * is over.
 */
#include <fltKernel.h>

#define TAG 'atem'

typedef struct _INSTANCE_DATA {
    HANDLE Handle;
    PFILE_OBJECT FileObject;
    ERESOURCE Lock;
    ULONG GivenUp;
} INSTANCE_DATA, *PINSTANCE_DATA;

static PFLT_FILTER Filter;

static NTSTATUS
OpenData(PCFLT_RELATED_OBJECTS FltObjects, PINSTANCE_DATA Data)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;
    NTSTATUS Status;
    ULONG Length = 0;

    Status = FltGetVolumeName(FltObjects->Volume, NULL, &Length);
    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_TOO_SMALL) {
        return Status;
    }
    Name.MaximumLength = (USHORT)(Length + 64);
    Name.Buffer = ExAllocatePoolZero(PagedPool, Name.MaximumLength, TAG);
    if (Name.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FltGetVolumeName(FltObjects->Volume, &Name, NULL);
    RtlAppendUnicodeToString(&Name, L"\\metadata.dat");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    Status = FltCreateFile(Filter, FltObjects->Instance, &Data->Handle,
                           FILE_READ_DATA | FILE_WRITE_DATA, &Attributes, &Iosb, NULL,
                           FILE_ATTRIBUTE_HIDDEN, FILE_SHARE_READ, FILE_OPEN_IF, 0, NULL, 0, 0);
    if (NT_SUCCESS(Status)) {
        LARGE_INTEGER Offset = {0};

        ObReferenceObjectByHandle(Data->Handle, FILE_READ_DATA, *IoFileObjectType, KernelMode,
                                  (PVOID *)&Data->FileObject, NULL);
        FltWriteFile(FltObjects->Instance, Data->FileObject, &Offset, 4, "data", 0, NULL, NULL,
                     NULL);
    }
    DbgPrint("metadata: open %x, %wZ\n", Status, &Name);
    ExFreePoolWithTag(Name.Buffer, TAG);
    return Status;
}

static VOID
GiveUp(PINSTANCE_DATA Data)
{
    if (Data->Handle != NULL) {
        ObDereferenceObject(Data->FileObject);
        FltClose(Data->Handle);
        Data->Handle = NULL;
        Data->GivenUp++;
    }
}

/* Open or give up, with the instance's lock held. */
static VOID
Change(PCFLT_RELATED_OBJECTS FltObjects, BOOLEAN Open)
{
    PINSTANCE_DATA Data;

    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, (PFLT_CONTEXT *)&Data))) {
        FltAcquireResourceExclusive(&Data->Lock);
        if (!Open) {
            GiveUp(Data);
        } else if (Data->Handle == NULL) {
            OpenData(FltObjects, Data);
        }
        FltReleaseResource(&Data->Lock);
        FltReleaseContext(Data);
    }
}

static VOID
CleanContext(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    PINSTANCE_DATA Data = Context;

    DbgPrint("metadata: given up %u, open %d\n", Data->GivenUp, Data->Handle != NULL);
    ExDeleteResourceLite(&Data->Lock);
}

static NTSTATUS
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType,
      FLT_FILESYSTEM_TYPE FileSystem)
{
    PINSTANCE_DATA Data;
    NTSTATUS Status = FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, sizeof(*Data), NonPagedPool,
                                         (PFLT_CONTEXT *)&Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Data, sizeof(*Data));
    ExInitializeResourceLite(&Data->Lock);
    Status = OpenData(FltObjects, Data);
    if (NT_SUCCESS(Status)) {
        Status =
            FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Data, NULL);
    }
    FltReleaseContext(Data);
    return NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_FLT_DO_NOT_ATTACH;
}

static VOID
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Change(FltObjects, FALSE);
}

/* A volume is opened without a name, and not relative to a file. */
static FLT_PREOP_CALLBACK_STATUS
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    BOOLEAN Volume = FileObject->FileName.Length == 0 && FileObject->RelatedFileObject == NULL;

    if (Volume != BooleanFlagOn(FileObject->Flags, FO_VOLUME_OPEN)) {
        DbgPrint("metadata: an open of a volume without its flag, or another with it\n");
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS
PreControl(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    ULONG Code = Data->Iopb->Parameters.FileSystemControl.Common.FsControlCode;

    if (Data->Iopb->MinorFunction != IRP_MN_USER_FS_REQUEST ||
        !FlagOn(FltObjects->FileObject->Flags, FO_VOLUME_OPEN)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (Code == FSCTL_LOCK_VOLUME || Code == FSCTL_DISMOUNT_VOLUME) {
        Change(FltObjects, FALSE);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
PostControl(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID Context,
            FLT_POST_OPERATION_FLAGS Flags)
{
    ULONG Code = Data->Iopb->Parameters.FileSystemControl.Common.FsControlCode;

    if (!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        DbgPrint("metadata: control %x, status %x\n", Code, Data->IoStatus.Status);
        if ((Code == FSCTL_UNLOCK_VOLUME) == NT_SUCCESS(Data->IoStatus.Status)) {
            Change(FltObjects, TRUE);
        }
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* The lock goes with the handle that has it. */
static FLT_PREOP_CALLBACK_STATUS
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    return FlagOn(FltObjects->FileObject->Flags, FO_VOLUME_OPEN) ? FLT_PREOP_SYNCHRONIZE
                                                                 : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
PostCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID Context,
            FLT_POST_OPERATION_FLAGS Flags)
{
    if (!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        Change(FltObjects, TRUE);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, NULL},
    {IRP_MJ_FILE_SYSTEM_CONTROL, 0, PreControl, PostControl},
    {IRP_MJ_CLEANUP, 0, PreCleanup, PostCleanup},
    {IRP_MJ_OPERATION_END}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_INSTANCE_CONTEXT, 0, CleanContext, sizeof(INSTANCE_DATA), TAG}, {FLT_CONTEXT_END}};
static const FLT_REGISTRATION Registration = {sizeof(FLT_REGISTRATION),
                                              FLT_REGISTRATION_VERSION,
                                              0,
                                              Contexts,
                                              Operations,
                                              Unload,
                                              Setup,
                                              NULL,
                                              TeardownStart,
                                              NULL,
                                              NULL,
                                              NULL,
                                              NULL};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
