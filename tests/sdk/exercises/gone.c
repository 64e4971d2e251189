/*
 * gone.c - a filter that says which files and streams were deleted: what FileStandardInformation, and for a stream
 * FSCTL_GET_OBJECT_ID, answer after the cleanup.
 */
#include <fltKernel.h>
#include <dontuse.h>

#define GONE_TAG 'enoG'

typedef struct _GONE_CONTEXT {
    PFLT_FILE_NAME_INFORMATION Name;
    volatile LONG Said;
} GONE_CONTEXT, *PGONE_CONTEXT;

static PFLT_FILTER Filter;

static VOID FLTAPI
FreeContext(_In_ PFLT_CONTEXT Context, _In_ FLT_CONTEXT_TYPE Type)
{
    PGONE_CONTEXT Gone = Context;

    UNREFERENCED_PARAMETER(Type);
    if (Gone->Name != NULL) {
        FltReleaseFileNameInformation(Gone->Name);
    }
}

static NTSTATUS
AddContext(PCFLT_RELATED_OBJECTS Objects)
{
    PGONE_CONTEXT Gone;
    NTSTATUS Status = FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(*Gone), PagedPool,
                                         (PFLT_CONTEXT *)&Gone);

    if (NT_SUCCESS(Status)) {
        RtlZeroMemory(Gone, sizeof(*Gone));
        Status = FltSetStreamContext(Objects->Instance, Objects->FileObject,
                                     FLT_SET_CONTEXT_KEEP_IF_EXISTS, Gone, NULL);
        FltReleaseContext(Gone);
    }
    return Status;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
AfterCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context,
            FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Context);
    if (!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) && NT_SUCCESS(Data->IoStatus.Status) &&
        FlagOn(Data->Iopb->Parameters.Create.Options, FILE_DELETE_ON_CLOSE)) {
        AddContext(Objects);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
BeforeSet(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    UNREFERENCED_PARAMETER(Context);
    switch (Data->Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileDispositionInformation:
    case FileDispositionInformationEx:
        AddContext(Objects);
    default:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
BeforeCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_FILE_NAME_INFORMATION Name = NULL;
    PGONE_CONTEXT Gone;

    if (!NT_SUCCESS(
            FltGetStreamContext(Objects->Instance, Objects->FileObject, (PFLT_CONTEXT *)&Gone))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name);
    Name = InterlockedExchangePointer((PVOID *)&Gone->Name, Name);
    if (Name != NULL) {
        FltReleaseFileNameInformation(Name);
    }
    *Context = Gone;
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
AfterCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context,
             FLT_POST_OPERATION_FLAGS Flags)
{
    FILE_STANDARD_INFORMATION Standard;
    FILE_OBJECTID_BUFFER Id;
    PGONE_CONTEXT Gone = Context;
    NTSTATUS Status, File;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(Flags);
    Status = FltQueryInformationFile(Objects->Instance, Objects->FileObject, &Standard,
                                     sizeof(Standard), FileStandardInformation, NULL);
    if (Status == STATUS_FILE_DELETED && Gone->Name != NULL &&
        InterlockedIncrement(&Gone->Said) == 1) {
        File = FltFsControlFile(Objects->Instance, Objects->FileObject, FSCTL_GET_OBJECT_ID, NULL,
                                0, &Id, sizeof(Id), NULL);
        DbgPrintEx(DPFLTR_FLTMGR_ID, DPFLTR_ERROR_LEVEL, "gone: %s %wZ, %x\n",
                   File == STATUS_FILE_DELETED ? "file" : "stream", &Gone->Name->Name, File);
    } else if (NT_SUCCESS(Status) && Gone->Name != NULL) {
        DbgPrintEx(DPFLTR_FLTMGR_ID, DPFLTR_ERROR_LEVEL, "gone: not yet: %wZ, pending %u\n",
                   &Gone->Name->Name, Standard.DeletePending);
    }
    FltReleaseContext(Gone);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static CONST FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, FreeContext, sizeof(GONE_CONTEXT), GONE_TAG, NULL, NULL, NULL},
    {FLT_CONTEXT_END}};
static CONST FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, NULL, AfterCreate},
    {IRP_MJ_SET_INFORMATION, FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, BeforeSet, NULL},
    {IRP_MJ_CLEANUP, 0, BeforeCleanup, AfterCleanup},
    {IRP_MJ_OPERATION_END}};
static CONST FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, Unload};

DRIVER_INITIALIZE DriverEntry;
NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
