/*
 * counted.c - what a minifilter gets by reference it gives back, in every way there is; operations that it keeps and lets go on later;
 * its instance's setup and teardown. Correct: also under the verifier, which counts with it.
 * [DDI: FltReferenceContext, FltGetContexts, FltReleaseContexts, FltReferenceFileNameInformation, FltCompletePendedPreOperation,
 * FltCompletePendedPostOperation, FltAllocateCallbackData, FltAllocateDeferredIoWorkItem; "Managing Contexts in a Minifilter Driver"]
 */
#include "tinyfs.h"

typedef struct {
    ULONG Mark;
} MINE;

static PFLT_FILTER Filter;
static LONG Setups, Queries, Starts, Completes, Cleaned, Held, Finished, Posts, Contexts, Names;
static BOOLEAN Plain; /* the operation goes on without a post-operation callback */

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    EXPECT_EQ(((MINE *)Context)->Mark, ContextType);
    Cleaned++;
}

static MINE *
Make(FLT_CONTEXT_TYPE Type)
{
    MINE *Mine = NULL;

    EXPECT_STATUS(
        FltAllocateContext(Filter, Type, sizeof(MINE), NonPagedPool, (PFLT_CONTEXT *)&Mine),
        STATUS_SUCCESS);
    Mine->Mark = Type;
    return Mine;
}

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags,
      DEVICE_TYPE VolumeDeviceType, FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    MINE *Instance = Make(FLT_INSTANCE_CONTEXT), *Other = Make(FLT_INSTANCE_CONTEXT),
         *Volume = Make(FLT_VOLUME_CONTEXT), *Old = NULL;

    Setups++;
    EXPECT_STATUS(
        FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Instance, NULL),
        STATUS_SUCCESS);
    EXPECT_STATUS(FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Other,
                                        (PFLT_CONTEXT *)&Old),
                  STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    EXPECT(Old == Instance);
    FltReleaseContext(Old);
    FltReleaseContext(Other);
    FltReleaseContext(Instance);
    EXPECT_STATUS(
        FltSetVolumeContext(FltObjects->Volume, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Volume, NULL),
        STATUS_SUCCESS);
    FltReferenceContext(Volume);
    FltReleaseContext(Volume);
    FltReleaseContext(Volume);
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    Queries++;
    return STATUS_SUCCESS;
}

static VOID FLTAPI
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    EXPECT_EQ(Starts, Completes);
    Starts++;
}

static VOID FLTAPI
TeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Completes++;
    EXPECT_EQ(Starts, Completes);
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
           FLT_POST_OPERATION_FLAGS Flags)
{
    FLT_RELATED_CONTEXTS All;
    PFLT_FILE_NAME_INFORMATION Name;
    PFLT_CALLBACK_DATA Own;
    MINE *Stream;

    if (!NT_SUCCESS(Data->IoStatus.Status) || (Flags & FLTFL_POST_OPERATION_DRAINING) != 0) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Stream = Make(FLT_STREAM_CONTEXT);
    if (NT_SUCCESS(FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject,
                                       FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Stream, NULL))) {
        FltGetContexts(FltObjects, FLT_ALL_CONTEXTS, &All);
        EXPECT(All.StreamContext == Stream && All.InstanceContext != NULL &&
               All.VolumeContext != NULL && All.FileContext == NULL &&
               All.StreamHandleContext == NULL);
        FltReleaseContexts(&All);
        Contexts++;
        EXPECT_STATUS(FltDeleteStreamContext(FltObjects->Instance, FltObjects->FileObject, NULL),
                      STATUS_SUCCESS);
    }
    FltReleaseContext(Stream);
    if (NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        FltReferenceFileNameInformation(Name);
        FltReleaseFileNameInformation(Name);
        EXPECT(Name->Name.Length != 0);
        FltReleaseFileNameInformation(Name);
        Names++;
    }
    if (NT_SUCCESS(FltGetFileNameInformationUnsafe(
            FltObjects->FileObject, FltObjects->Instance,
            FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        FltReleaseFileNameInformation(Name);
    }
    EXPECT_STATUS(FltAllocateCallbackData(FltObjects->Instance, FltObjects->FileObject, &Own),
                  STATUS_SUCCESS);
    FltFreeCallbackData(Own);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID FLTAPI
GoOn(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    Held++;
    FltFreeDeferredIoWorkItem(Item);
    FltCompletePendedPreOperation(
        Data, Plain ? FLT_PREOP_SUCCESS_NO_CALLBACK : FLT_PREOP_SUCCESS_WITH_CALLBACK, NULL);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    PFLT_DEFERRED_IO_WORKITEM Item;

    if (!FLT_IS_IRP_OPERATION(Data) || (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0) {
        return FLT_IS_FASTIO_OPERATION(Data) ? FLT_PREOP_DISALLOW_FASTIO
                                             : FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Item = FltAllocateDeferredIoWorkItem();
    if (NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, GoOn, DelayedWorkQueue, NULL))) {
        return FLT_PREOP_PENDING;
    }
    FltFreeDeferredIoWorkItem(Item);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static VOID FLTAPI
Finish(PFLT_GENERIC_WORKITEM Item, PVOID FltObject, PVOID Context)
{
    FltFreeGenericWorkItem(Item);
    Finished++;
    FltCompletePendedPostOperation(Context);
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
          FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_GENERIC_WORKITEM Item;

    Posts++;
    EXPECT(!Plain);
    if ((Flags & FLTFL_POST_OPERATION_DRAINING) != 0) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Item = FltAllocateGenericWorkItem();
    EXPECT_STATUS(
        FltQueueGenericWorkItem(Item, FltObjects->Instance, Finish, DelayedWorkQueue, Data),
        STATUS_SUCCESS);
    return FLT_POSTOP_MORE_PROCESSING_REQUIRED;
}

static VOID
Counted(VOID)
{
    static const FLT_CONTEXT_REGISTRATION Registered[] = {
        {FLT_INSTANCE_CONTEXT, 0, Cleanup, sizeof(MINE), 'tnCN'},
        {FLT_VOLUME_CONTEXT, 0, Cleanup, sizeof(MINE), 'tnCN'},
        {FLT_STREAM_CONTEXT, 0, Cleanup, sizeof(MINE), 'tnCN'},
        {FLT_CONTEXT_END}};
    static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, NULL, PostCreate},
                                                            {IRP_MJ_WRITE, 0, PreWrite, PostWrite},
                                                            {IRP_MJ_OPERATION_END}};
    static const FLT_REGISTRATION Registration = {sizeof(FLT_REGISTRATION),
                                                  FLT_REGISTRATION_VERSION,
                                                  0,
                                                  Registered,
                                                  Operations,
                                                  NULL,
                                                  Setup,
                                                  QueryTeardown,
                                                  TeardownStart,
                                                  TeardownComplete};
    HANDLE File;

    EXPECT_STATUS(FltRegisterFilter(TinyDriver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    File = TinyOpenFile(L"\\??\\C:\\counted.txt");
    for (ULONG i = 0; i < 4; i++) {
        Plain = i & 1;
        EXPECT_STATUS(TinyWriteAt(File, 0, "counted", 7), STATUS_SUCCESS);
    }
    ZwClose(File);
    EXPECT_EQ(Held, 4);
    EXPECT(Posts == 2 && Finished == 2);
    EXPECT(Contexts != 0 && Names != 0 && Setups != 0);
    FltUnregisterFilter(Filter);
    EXPECT_EQ(Cleaned, 3 * Setups + Contexts); /* each context once */
    EXPECT(Starts == Setups && Completes == Setups &&
           Queries == 0); /* who is unregistered is not asked */
}

static VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Counted)};

    TinyDriver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Counted", L"370046", 0);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}
