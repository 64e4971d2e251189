/*
 * passthrough: a minifilter that sees every operation and changes none.
 *
 * What a file system does must be the same with and without it: the tests of the file system run on both.
 */
#include <fltKernel.h>

static PFLT_FILTER Filter;
static LONG64 Seen, Done;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreAny(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    InterlockedIncrement64(&Seen);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

/* There is no post-callback for IRP_MJ_SHUTDOWN. */
static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreShutdown(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    InterlockedIncrement64(&Seen);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostAny(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
        FLT_POST_OPERATION_FLAGS Flags)
{
    InterlockedIncrement64(&Done);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    DbgPrint("passthrough: %I64d operations seen, %I64d of them to their end\n", Seen, Done);
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    return STATUS_SUCCESS;
}

#define BOTH(Major) {Major, 0, PreAny, PostAny}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    BOTH(IRP_MJ_CREATE),
    BOTH(IRP_MJ_CREATE_NAMED_PIPE),
    BOTH(IRP_MJ_CLOSE),
    BOTH(IRP_MJ_READ),
    BOTH(IRP_MJ_WRITE),
    BOTH(IRP_MJ_QUERY_INFORMATION),
    BOTH(IRP_MJ_SET_INFORMATION),
    BOTH(IRP_MJ_QUERY_EA),
    BOTH(IRP_MJ_SET_EA),
    BOTH(IRP_MJ_FLUSH_BUFFERS),
    BOTH(IRP_MJ_QUERY_VOLUME_INFORMATION),
    BOTH(IRP_MJ_SET_VOLUME_INFORMATION),
    BOTH(IRP_MJ_DIRECTORY_CONTROL),
    BOTH(IRP_MJ_FILE_SYSTEM_CONTROL),
    BOTH(IRP_MJ_DEVICE_CONTROL),
    BOTH(IRP_MJ_INTERNAL_DEVICE_CONTROL),
    {IRP_MJ_SHUTDOWN, 0, PreShutdown, NULL},
    BOTH(IRP_MJ_LOCK_CONTROL),
    BOTH(IRP_MJ_CLEANUP),
    BOTH(IRP_MJ_CREATE_MAILSLOT),
    BOTH(IRP_MJ_QUERY_SECURITY),
    BOTH(IRP_MJ_SET_SECURITY),
    BOTH(IRP_MJ_QUERY_QUOTA),
    BOTH(IRP_MJ_SET_QUOTA),
    BOTH(IRP_MJ_PNP),
    BOTH(IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION),
    BOTH(IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION),
    BOTH(IRP_MJ_ACQUIRE_FOR_MOD_WRITE),
    BOTH(IRP_MJ_RELEASE_FOR_MOD_WRITE),
    BOTH(IRP_MJ_ACQUIRE_FOR_CC_FLUSH),
    BOTH(IRP_MJ_RELEASE_FOR_CC_FLUSH),
    BOTH(IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE),
    BOTH(IRP_MJ_NETWORK_QUERY_OPEN),
    BOTH(IRP_MJ_MDL_READ),
    BOTH(IRP_MJ_MDL_READ_COMPLETE),
    BOTH(IRP_MJ_PREPARE_MDL_WRITE),
    BOTH(IRP_MJ_MDL_WRITE_COMPLETE),
    BOTH(IRP_MJ_VOLUME_MOUNT),
    BOTH(IRP_MJ_VOLUME_DISMOUNT),
    {IRP_MJ_OPERATION_END}};

static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload,
                                              .InstanceQueryTeardownCallback = QueryTeardown};

NTSTATUS NTAPI
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
