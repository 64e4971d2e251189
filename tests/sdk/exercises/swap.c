/*
 * swap.c - a minifilter that gives the file system its own buffers for reads, writes and directory listings, and encrypts
 * what is in files named *.xor on the way; reads of *.slow wait in a callback data queue for a work item; what is
 * deleted is told at cleanup. It has a control device as well.
 */
#include <fltKernel.h>
#include <dontuse.h>
#include <suppress.h>

#pragma prefast(disable : __WARNING_ENCODE_MEMBER_FUNCTION_POINTER,                                \
                "Not valid for kernel mode drivers")
#define BUFFER_SWAP_TAG    'bdBS'
#define CONTEXT_TAG        'xcBS'
#define NAME_TAG           'mnBS'
#define PRE_2_POST_TAG     'ppBS'
#define KEY                0x5A
#define LOG_PRINT(_string) (DbgPrint _string)

typedef struct _VOLUME_CONTEXT {
    UNICODE_STRING Name;
    ULONG SectorSize;
} VOLUME_CONTEXT, *PVOLUME_CONTEXT;
#define MIN_SECTOR_SIZE 0x200

typedef struct _PRE_2_POST_CONTEXT {
    PVOLUME_CONTEXT VolCtx;
    PVOID SwappedBuffer;
} PRE_2_POST_CONTEXT, *PPRE_2_POST_CONTEXT;

typedef struct _STREAM_CONTEXT {
    BOOLEAN Xor, Slow;
    volatile LONG DeletesPending;
} STREAM_CONTEXT, *PSTREAM_CONTEXT;

typedef struct _INSTANCE_CONTEXT {
    PFLT_INSTANCE Instance;
    FLT_CALLBACK_DATA_QUEUE Cbdq;
    LIST_ENTRY QueueHead;
    FAST_MUTEX Lock;
    volatile LONG WorkerThreadFlag;
} INSTANCE_CONTEXT, *PINSTANCE_CONTEXT;

NPAGED_LOOKASIDE_LIST Pre2PostContextList;
PFLT_FILTER gFilterHandle;
static volatile LONG SwappedReads, SwappedWrites, SwappedDirectories, Posted, Queued, Volumes;

DRIVER_INITIALIZE DriverEntry;
PDRIVER_DISPATCH OldDispatch;

static PSTREAM_CONTEXT
StreamOf(PCFLT_RELATED_OBJECTS FltObjects)
{
    PSTREAM_CONTEXT Stream;

    return NT_SUCCESS(FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Stream))
               ? Stream
               : NULL;
}

static VOID
Xor(PUCHAR Buffer, ULONG_PTR Length)
{
    while (Length-- != 0) {
        *Buffer++ ^= KEY;
    }
}

/* ---- opens ---- */

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
           _In_opt_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    UNICODE_STRING XorName = RTL_CONSTANT_STRING(L"xor"), SlowName = RTL_CONSTANT_STRING(L"slow");
    PFLT_FILE_NAME_INFORMATION Name;
    PSTREAM_CONTEXT Stream = NULL;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || Data->IoStatus.Status != STATUS_SUCCESS ||
        !NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    FltParseFileNameInformation(Name);
    if ((RtlEqualUnicodeString(&Name->Extension, &XorName, TRUE) ||
         RtlEqualUnicodeString(&Name->Extension, &SlowName, TRUE)) &&
        NT_SUCCESS(FltAllocateContext(gFilterHandle, FLT_STREAM_CONTEXT, sizeof(STREAM_CONTEXT),
                                      NonPagedPoolNx, &Stream))) {
        RtlZeroMemory(Stream, sizeof(*Stream));
        Stream->Xor = RtlEqualUnicodeString(&Name->Extension, &XorName, TRUE);
        Stream->Slow = !Stream->Xor;
        FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject,
                            FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL);
        FltReleaseContext(Stream);
    }
    FltReleaseFileNameInformation(Name);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- reads, writes, directories ---- */

FLT_POSTOP_CALLBACK_STATUS FLTAPI PostReadWhenSafe(_Inout_ PFLT_CALLBACK_DATA Data,
                                                   _In_ PCFLT_RELATED_OBJECTS FltObjects,
                                                   _In_ PVOID CompletionContext,
                                                   _In_ FLT_POST_OPERATION_FLAGS Flags);

static VOID
Done(PCFLT_RELATED_OBJECTS FltObjects, PPRE_2_POST_CONTEXT Context)
{
    FltFreePoolAlignedWithTag(FltObjects->Instance, Context->SwappedBuffer, BUFFER_SWAP_TAG);
    FltReleaseContext(Context->VolCtx);
    ExFreeToNPagedLookasideList(&Pre2PostContextList, Context);
}

/* A buffer and an MDL in place of the caller's; NULL: it stays. */
static PPRE_2_POST_CONTEXT
Swap(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, ULONG Length, PVOID *Buffer,
     PMDL *Mdl)
{
    PPRE_2_POST_CONTEXT Context = NULL;
    PVOLUME_CONTEXT Volume = NULL;
    PVOID NewBuffer = NULL;
    PMDL NewMdl = NULL;

    try {
        if (Length == 0 ||
            !NT_SUCCESS(FltGetVolumeContext(FltObjects->Filter, FltObjects->Volume, &Volume))) {
            leave;
        }
        if (FlagOn(IRP_NOCACHE, Data->Iopb->IrpFlags)) {
            Length = (ULONG)ROUND_TO_SIZE(Length, Volume->SectorSize);
        }
        NewBuffer = FltAllocatePoolAlignedWithTag(FltObjects->Instance, NonPagedPool,
                                                  (SIZE_T)Length, BUFFER_SWAP_TAG);
        if (NewBuffer == NULL) {
            leave;
        }
        if (FlagOn(Data->Flags, FLTFL_CALLBACK_DATA_IRP_OPERATION)) {
            NewMdl = IoAllocateMdl(NewBuffer, Length, FALSE, FALSE, NULL);
            if (NewMdl == NULL) {
                leave;
            }
            MmBuildMdlForNonPagedPool(NewMdl);
        }
        Context = ExAllocateFromNPagedLookasideList(&Pre2PostContextList);
        if (Context == NULL) {
            leave;
        }
        Context->SwappedBuffer = NewBuffer;
        Context->VolCtx = Volume;
        *Buffer = NewBuffer;
        *Mdl = NewMdl;
        FltSetCallbackDataDirty(Data);
    } finally {
        if (Context == NULL) {
            if (NewBuffer != NULL) {
                FltFreePoolAlignedWithTag(FltObjects->Instance, NewBuffer, BUFFER_SWAP_TAG);
            }
            if (NewMdl != NULL) {
                IoFreeMdl(NewMdl);
            }
            if (Volume != NULL) {
                FltReleaseContext(Volume);
            }
        }
    }
    return Context;
}

VOID FLTAPI
SlowWork(_In_ PFLT_GENERIC_WORKITEM WorkItem, _In_ PVOID FltObject, _In_opt_ PVOID Context)
{
    PINSTANCE_CONTEXT Instance = Context;
    PFLT_CALLBACK_DATA Data;
    LARGE_INTEGER Delay;

    UNREFERENCED_PARAMETER(FltObject);
    Delay.QuadPart = -(LONGLONG)10 * 1000 * 20;
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    while ((Data = FltCbdqRemoveNextIo(&Instance->Cbdq, NULL)) != NULL) {
        FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    }
    FltFreeGenericWorkItem(WorkItem);
    FltReleaseContext(Instance);
}

static FLT_PREOP_CALLBACK_STATUS
Postpone(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_GENERIC_WORKITEM WorkItem;
    PINSTANCE_CONTEXT Instance;

    if (!FLT_IS_IRP_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    if (FlagOn(Data->Iopb->IrpFlags, IRP_PAGING_IO) || IoGetTopLevelIrp() != NULL ||
        !NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, &Instance))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    WorkItem = FltAllocateGenericWorkItem();
    /* What is below runs in a worker then: the caller's buffer must be reached from there. */
    if (WorkItem == NULL || !NT_SUCCESS(FltLockUserBuffer(Data)) ||
        FltCbdqInsertIo(&Instance->Cbdq, Data, NULL, 0) != STATUS_SUCCESS) {
        if (WorkItem != NULL) {
            FltFreeGenericWorkItem(WorkItem);
        }
        FltReleaseContext(Instance);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    InterlockedIncrement(&Queued);
    if (!NT_SUCCESS(FltQueueGenericWorkItem(WorkItem, FltObjects->Instance, SlowWork,
                                            DelayedWorkQueue, Instance))) {
        FltFreeGenericWorkItem(WorkItem);
        FltReleaseContext(Instance);
    }
    return FLT_PREOP_PENDING;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
        _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    PSTREAM_CONTEXT Stream = StreamOf(FltObjects);
    BOOLEAN IsXor, Slow;

    if (Stream == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    IsXor = Stream->Xor && FlagOn(Iopb->IrpFlags, IRP_PAGING_IO | IRP_NOCACHE);
    Slow = Stream->Slow;
    FltReleaseContext(Stream);
    if (Slow) {
        return Postpone(Data, FltObjects);
    }
    *CompletionContext =
        IsXor ? Swap(Data, FltObjects, Iopb->Parameters.Read.Length,
                     &Iopb->Parameters.Read.ReadBuffer, &Iopb->Parameters.Read.MdlAddress)
              : NULL;
    return *CompletionContext != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK
                                      : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostRead(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
         _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Result = FLT_POSTOP_FINISHED_PROCESSING;
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    PPRE_2_POST_CONTEXT Context = CompletionContext;
    BOOLEAN Cleanup = TRUE;
    PVOID Original;

    FLT_ASSERT(!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING));
    try {
        if (!NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Information == 0) {
            leave;
        }
        if (Iopb->Parameters.Read.MdlAddress != NULL) {
            Original = MmGetSystemAddressForMdlSafe(Iopb->Parameters.Read.MdlAddress,
                                                    NormalPagePriority | MdlMappingNoExecute);
            if (Original == NULL) {
                Data->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
                Data->IoStatus.Information = 0;
                leave;
            }
        } else if (FlagOn(Data->Flags, FLTFL_CALLBACK_DATA_SYSTEM_BUFFER) ||
                   FlagOn(Data->Flags, FLTFL_CALLBACK_DATA_FAST_IO_OPERATION)) {
            Original = Iopb->Parameters.Read.ReadBuffer;
        } else {
            if (FltDoCompletionProcessingWhenSafe(Data, FltObjects, CompletionContext, Flags,
                                                  PostReadWhenSafe, &Result)) {
                Cleanup = FALSE;
            } else {
                Data->IoStatus.Status = STATUS_UNSUCCESSFUL;
                Data->IoStatus.Information = 0;
            }
            leave;
        }
        try {
            Xor(Context->SwappedBuffer, Data->IoStatus.Information);
            RtlCopyMemory(Original, Context->SwappedBuffer, Data->IoStatus.Information);
            InterlockedIncrement(&SwappedReads);
        }
        except(EXCEPTION_EXECUTE_HANDLER)
        {
            Data->IoStatus.Status = GetExceptionCode();
            Data->IoStatus.Information = 0;
        }
    } finally {
        if (Cleanup) {
            Done(FltObjects, Context);
        }
    }
    return Result;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostReadWhenSafe(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
                 _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PPRE_2_POST_CONTEXT Context = CompletionContext;
    NTSTATUS Status = FltLockUserBuffer(Data);
    PVOID Original;

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Status)) {
        Original = MmGetSystemAddressForMdlSafe(Data->Iopb->Parameters.Read.MdlAddress,
                                                NormalPagePriority | MdlMappingNoExecute);
        Xor(Context->SwappedBuffer, Data->IoStatus.Information);
        RtlCopyMemory(Original, Context->SwappedBuffer, Data->IoStatus.Information);
        InterlockedIncrement(&SwappedReads);
        InterlockedIncrement(&Posted);
    } else {
        Data->IoStatus.Status = Status;
        Data->IoStatus.Information = 0;
    }
    Done(FltObjects, Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
         _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    PSTREAM_CONTEXT Stream = StreamOf(FltObjects);
    PVOID Original = Iopb->Parameters.Write.WriteBuffer;
    PPRE_2_POST_CONTEXT Context;
    BOOLEAN IsXor;

    if (Stream == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    IsXor = Stream->Xor && FlagOn(Iopb->IrpFlags, IRP_PAGING_IO | IRP_NOCACHE);
    FltReleaseContext(Stream);
    if (!IsXor) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (Iopb->Parameters.Write.MdlAddress != NULL) {
        Original = MmGetSystemAddressForMdlSafe(Iopb->Parameters.Write.MdlAddress,
                                                NormalPagePriority | MdlMappingNoExecute);
        if (Original == NULL) {
            Data->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
            Data->IoStatus.Information = 0;
            return FLT_PREOP_COMPLETE;
        }
    }
    Context = Swap(Data, FltObjects, Iopb->Parameters.Write.Length,
                   &Iopb->Parameters.Write.WriteBuffer, &Iopb->Parameters.Write.MdlAddress);
    if (Context == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    try {
        RtlCopyMemory(Context->SwappedBuffer, Original, Iopb->Parameters.Write.Length);
    }
    except(EXCEPTION_EXECUTE_HANDLER)
    {
        Data->IoStatus.Status = GetExceptionCode();
        Data->IoStatus.Information = 0;
        Done(FltObjects, Context);
        return FLT_PREOP_COMPLETE;
    }
    Xor(Context->SwappedBuffer, Iopb->Parameters.Write.Length);
    InterlockedIncrement(&SwappedWrites);
    *CompletionContext = Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostWrite(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
          _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(Flags);
    Done(FltObjects, CompletionContext);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
PreDirCtrl(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
           _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;

    *CompletionContext =
        Swap(Data, FltObjects, Iopb->Parameters.DirectoryControl.QueryDirectory.Length,
             &Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer,
             &Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress);
    return *CompletionContext != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK
                                      : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostDirCtrl(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
            _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    PPRE_2_POST_CONTEXT Context = CompletionContext;
    PVOID Original = Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer;

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Data->IoStatus.Status) && Data->IoStatus.Information != 0) {
        if (Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress != NULL) {
            Original = MmGetSystemAddressForMdlSafe(
                Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress,
                NormalPagePriority | MdlMappingNoExecute);
        }
        try {
            RtlCopyMemory(Original, Context->SwappedBuffer, Data->IoStatus.Information);
            InterlockedIncrement(&SwappedDirectories);
        }
        except(EXCEPTION_EXECUTE_HANDLER)
        {
            Data->IoStatus.Status = GetExceptionCode();
            Data->IoStatus.Information = 0;
        }
    }
    Done(FltObjects, Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- deletes ---- */

FLT_PREOP_CALLBACK_STATUS FLTAPI
PreSetInfo(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
           _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PSTREAM_CONTEXT Stream;

    switch (Data->Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileDispositionInformation:
    case FileDispositionInformationEx:
        Stream = StreamOf(FltObjects);
        if (Stream != NULL) {
            InterlockedIncrement(&Stream->DeletesPending);
            *CompletionContext = Stream;
            return FLT_PREOP_SYNCHRONIZE;
        }
    default:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostSetInfo(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
            _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    FltReleaseContext(CompletionContext);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
           _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PSTREAM_CONTEXT Stream = StreamOf(FltObjects);
    PFLT_FILE_NAME_INFORMATION Name = NULL;

    if (Stream == NULL || Stream->DeletesPending == 0 ||
        !NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        if (Stream != NULL) {
            FltReleaseContext(Stream);
        }
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FltReleaseContext(Stream);
    *CompletionContext = Name;
    return FLT_PREOP_SYNCHRONIZE;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCleanup(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
            _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_FILE_NAME_INFORMATION Name = CompletionContext;
    FILE_STANDARD_INFORMATION Information;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Data->IoStatus.Status)) {
        Status = FltQueryInformationFile(FltObjects->Instance, FltObjects->FileObject, &Information,
                                         sizeof(Information), FileStandardInformation, NULL);
        if (Status == STATUS_FILE_DELETED || (NT_SUCCESS(Status) && Information.DeletePending)) {
            LOG_PRINT(
                ("swap: deleted %wZ, transaction %p\n", &Name->Name, FltObjects->Transaction));
        }
    }
    FltReleaseFileNameInformation(Name);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- the queue ---- */

NTSTATUS FLTAPI
CbdqInsert(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _In_ PFLT_CALLBACK_DATA Cbd,
           _In_opt_ PVOID InsertContext)
{
    PINSTANCE_CONTEXT Instance = CONTAINING_RECORD(Cbdq, INSTANCE_CONTEXT, Cbdq);

    UNREFERENCED_PARAMETER(InsertContext);
    InsertTailList(&Instance->QueueHead, &Cbd->QueueLinks);
    return STATUS_SUCCESS;
}

VOID FLTAPI
CbdqRemove(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _In_ PFLT_CALLBACK_DATA Cbd)
{
    UNREFERENCED_PARAMETER(Cbdq);
    RemoveEntryList(&Cbd->QueueLinks);
}

PFLT_CALLBACK_DATA FLTAPI
CbdqPeek(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _In_opt_ PFLT_CALLBACK_DATA Cbd,
         _In_opt_ PVOID PeekContext)
{
    PINSTANCE_CONTEXT Instance = CONTAINING_RECORD(Cbdq, INSTANCE_CONTEXT, Cbdq);
    PLIST_ENTRY Next = Cbd == NULL ? Instance->QueueHead.Flink : Cbd->QueueLinks.Flink;

    UNREFERENCED_PARAMETER(PeekContext);
    return Next == &Instance->QueueHead ? NULL
                                        : CONTAINING_RECORD(Next, FLT_CALLBACK_DATA, QueueLinks);
}

_IRQL_raises_(APC_LEVEL) _IRQL_requires_max_(APC_LEVEL) VOID FLTAPI
    CbdqAcquire(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _Out_opt_ PKIRQL Irql)
{
    UNREFERENCED_PARAMETER(Irql);
    ExAcquireFastMutex(&CONTAINING_RECORD(Cbdq, INSTANCE_CONTEXT, Cbdq)->Lock);
}

VOID FLTAPI
CbdqRelease(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _In_opt_ KIRQL Irql)
{
    UNREFERENCED_PARAMETER(Irql);
    ExReleaseFastMutex(&CONTAINING_RECORD(Cbdq, INSTANCE_CONTEXT, Cbdq)->Lock);
}

VOID FLTAPI
CbdqCanceled(_Inout_ PFLT_CALLBACK_DATA_QUEUE Cbdq, _Inout_ PFLT_CALLBACK_DATA Cbd)
{
    UNREFERENCED_PARAMETER(Cbdq);
    Cbd->IoStatus.Status = STATUS_CANCELLED;
    Cbd->IoStatus.Information = 0;
    LOG_PRINT(("swap: canceled\n"));
    FltCompletePendedPreOperation(Cbd, FLT_PREOP_COMPLETE, 0);
}

/* ---- volumes ---- */

NTSTATUS FLTAPI
InstanceSetup(_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_SETUP_FLAGS Flags,
              _In_ DEVICE_TYPE VolumeDeviceType, _In_ FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    UCHAR Space[sizeof(FLT_VOLUME_PROPERTIES) + 512];
    PFLT_VOLUME_PROPERTIES Properties = (PFLT_VOLUME_PROPERTIES)Space;
    PVOLUME_CONTEXT Volume = NULL;
    PINSTANCE_CONTEXT Instance;
    PDEVICE_OBJECT Device = NULL;
    ULONG Returned;
    NTSTATUS Status;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(VolumeFilesystemType);
    if (VolumeDeviceType != FILE_DEVICE_DISK_FILE_SYSTEM) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    try {
        Status = FltAllocateContext(FltObjects->Filter, FLT_VOLUME_CONTEXT, sizeof(VOLUME_CONTEXT),
                                    NonPagedPool, &Volume);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        RtlZeroMemory(Volume, sizeof(*Volume));
        Status = FltGetVolumeProperties(FltObjects->Volume, Properties, sizeof(Space), &Returned);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        FLT_ASSERT((Properties->SectorSize == 0) || (Properties->SectorSize >= MIN_SECTOR_SIZE));
        Volume->SectorSize = max(Properties->SectorSize, MIN_SECTOR_SIZE);
        Status = FltGetDiskDeviceObject(FltObjects->Volume, &Device);
        if (NT_SUCCESS(Status)) {
            Status = IoVolumeDeviceToDosName(Device, &Volume->Name);
        }
        LOG_PRINT(("swap: sector %d name %wZ\n", Volume->SectorSize, &Volume->Name));
        Status =
            FltSetVolumeContext(FltObjects->Volume, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Volume, NULL);
        if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
            Status = STATUS_SUCCESS;
        }
    } finally {
        if (Volume != NULL) {
            FltReleaseContext(Volume);
        }
        if (Device != NULL) {
            ObDereferenceObject(Device);
        }
    }
    if (NT_SUCCESS(Status)) {
        Status = FltAllocateContext(FltObjects->Filter, FLT_INSTANCE_CONTEXT,
                                    sizeof(INSTANCE_CONTEXT), NonPagedPool, &Instance);
    }
    if (NT_SUCCESS(Status)) {
        Instance->Instance = FltObjects->Instance;
        InitializeListHead(&Instance->QueueHead);
        ExInitializeFastMutex(&Instance->Lock);
        Status = FltCbdqInitialize(FltObjects->Instance, &Instance->Cbdq, CbdqInsert, CbdqRemove,
                                   CbdqPeek, CbdqAcquire, CbdqRelease, CbdqCanceled);
        if (NT_SUCCESS(Status)) {
            Status = FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS,
                                           Instance, NULL);
        }
        FltReleaseContext(Instance);
        InterlockedIncrement(&Volumes);
    }
    return Status;
}

VOID FLTAPI
CleanupVolumeContext(_In_ PFLT_CONTEXT Context, _In_ FLT_CONTEXT_TYPE ContextType)
{
    PVOLUME_CONTEXT Volume = Context;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(ContextType);
    FLT_ASSERT(ContextType == FLT_VOLUME_CONTEXT);
    if (Volume->Name.Buffer != NULL) {
        ExFreePool(Volume->Name.Buffer);
    }
}

VOID FLTAPI
InstanceTeardownStart(_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_TEARDOWN_FLAGS Flags)
{
    PINSTANCE_CONTEXT Instance;
    PFLT_CALLBACK_DATA Data;

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, &Instance))) {
        FltCbdqDisable(&Instance->Cbdq);
        while ((Data = FltCbdqRemoveNextIo(&Instance->Cbdq, NULL)) != NULL) {
            FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, 0);
        }
        FltReleaseContext(Instance);
    }
}

/* ---- the control device ---- */

static PDEVICE_OBJECT ControlDevice;

NTSTATUS
CdoMajorFunction(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    FLT_ASSERT(DeviceObject == ControlDevice);
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Information = 0;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = (ULONG)SwappedReads;
        Irp->IoStatus.Information = sizeof(ULONG);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FilterUnload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\SwapControl");

    PAGED_CODE();
    UNREFERENCED_PARAMETER(Flags);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(ControlDevice);
    FltUnregisterFilter(gFilterHandle);
    ExDeleteNPagedLookasideList(&Pre2PostContextList);
    LOG_PRINT(("swap: reads %d writes %d directories %d queued %d posted %d\n", SwappedReads > 0,
               SwappedWrites > 0, SwappedDirectories > 0, Queued, Posted));
    return STATUS_SUCCESS;
}

CONST FLT_OPERATION_REGISTRATION Callbacks[] = {
    {IRP_MJ_CREATE, 0, NULL, PostCreate},
    {IRP_MJ_READ, 0, PreRead, PostRead},
    {IRP_MJ_WRITE, FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO, PreWrite, PostWrite},
    {IRP_MJ_DIRECTORY_CONTROL, 0, PreDirCtrl, PostDirCtrl},
    {IRP_MJ_SET_INFORMATION, FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, PreSetInfo, PostSetInfo},
    {IRP_MJ_CLEANUP, 0, PreCleanup, PostCleanup},
    {IRP_MJ_OPERATION_END}};

CONST FLT_CONTEXT_REGISTRATION ContextNotifications[] = {
    {FLT_VOLUME_CONTEXT, 0, CleanupVolumeContext, sizeof(VOLUME_CONTEXT), CONTEXT_TAG},
    {FLT_INSTANCE_CONTEXT, 0, NULL, sizeof(INSTANCE_CONTEXT), CONTEXT_TAG},
    {FLT_STREAM_CONTEXT, 0, NULL, sizeof(STREAM_CONTEXT), CONTEXT_TAG},
    {FLT_CONTEXT_END}};

CONST FLT_REGISTRATION FilterRegistration = {.Size = sizeof(FLT_REGISTRATION),
                                             .Version = FLT_REGISTRATION_VERSION,
                                             .ContextRegistration = ContextNotifications,
                                             .OperationRegistration = Callbacks,
                                             .FilterUnloadCallback = FilterUnload,
                                             .InstanceSetupCallback = InstanceSetup,
                                             .InstanceTeardownStartCallback =
                                                 InstanceTeardownStart};

#ifdef ALLOC_PRAGMA
#pragma alloc_text(PAGE, InstanceSetup)
#pragma alloc_text(PAGE, CleanupVolumeContext)
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, FilterUnload)
#endif

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\FileSystem\\Filters\\SwapControl");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\SwapControl");
    NTSTATUS Status;
    ULONG i;

    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    ExInitializeNPagedLookasideList(&Pre2PostContextList, NULL, NULL, 0, sizeof(PRE_2_POST_CONTEXT),
                                    PRE_2_POST_TAG, 0);
    Status = IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK_FILE_SYSTEM,
                            FILE_DEVICE_SECURE_OPEN, FALSE, &ControlDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IoCreateSymbolicLink(&Link, &Name);
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = CdoMajorFunction;
    }
    Status = FltRegisterFilter(DriverObject, &FilterRegistration, &gFilterHandle);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(gFilterHandle);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(gFilterHandle);
        }
    }
    return Status;
}
