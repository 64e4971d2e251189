/*
 * spy.c - a minifilter with two ports: one client reads a log of all operations through FilterSendMessage, another one is
 * asked about files that are opened and replies.
 */
#include <fltKernel.h>
#include <suppress.h>
#include <stdio.h>
#include "spy.h"

#define SPY_TAG     'ypSE'
#define SCANNER_TAG 'nacS'

typedef NTSTATUS (*PFLT_SET_TRANSACTION_CONTEXT)(_In_ PFLT_INSTANCE Instance,
                                                 _In_ PKTRANSACTION Transaction,
                                                 _In_ FLT_SET_CONTEXT_OPERATION Operation,
                                                 _In_ PFLT_CONTEXT NewContext,
                                                 _Outptr_opt_ PFLT_CONTEXT *OldContext);

static struct {
    PDRIVER_OBJECT DriverObject;
    PFLT_FILTER Filter;
    PFLT_PORT ServerPort, AskPort;
    PFLT_PORT ClientPort, AskClient;
    PEPROCESS AskProcess;
    KSPIN_LOCK OutputBufferLock;
    LIST_ENTRY OutputBufferList;
    NPAGED_LOOKASIDE_LIST FreeBufferList;
    __volatile LONG RecordsAllocated;
    __volatile LONG LogSequenceNumber;
    LONG MaxRecords;
    PFLT_SET_TRANSACTION_CONTEXT PFltSetTransactionContext;
} SpyData;

DRIVER_INITIALIZE DriverEntry;

static LONG
SpyExceptionFilter(_In_ PEXCEPTION_POINTERS ExceptionPointer, _In_ BOOLEAN AccessingUserBuffer)
{
    NTSTATUS Status = ExceptionPointer->ExceptionRecord->ExceptionCode;

    if (!FsRtlIsNtstatusExpected(Status) && !AccessingUserBuffer) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
SpyFree(PRECORD_LIST Record)
{
    InterlockedDecrement(&SpyData.RecordsAllocated);
    ExFreeToNPagedLookasideList(&SpyData.FreeBufferList, Record);
}

FLT_PREOP_CALLBACK_STATUS
#pragma warning(suppress : 6262)
FLTAPI
SpyPreOperationCallback(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
                        _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PFLT_FILE_NAME_INFORMATION NameInfo = NULL;
    UNICODE_STRING DefaultName = RTL_CONSTANT_STRING(L"<NO NAME>");
    PUNICODE_STRING Name = &DefaultName;
    NTSTATUS Status = STATUS_UNSUCCESSFUL;
    PRECORD_LIST Record;
    SHORT Copied;

    if (FltGetRequestorProcessId(Data) <= 4 ||
        InterlockedIncrement(&SpyData.RecordsAllocated) > SpyData.MaxRecords) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Record = ExAllocateFromNPagedLookasideList(&SpyData.FreeBufferList);
    if (Record == NULL) {
        InterlockedDecrement(&SpyData.RecordsAllocated);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    RtlZeroMemory(Record, RECORD_SIZE);
    if (FltObjects->FileObject != NULL) {
        Status = FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP,
            &NameInfo);
    }
    if (NT_SUCCESS(Status)) {
        Name = &NameInfo->Name;
    }
    Record->LogRecord.SequenceNumber = InterlockedIncrement(&SpyData.LogSequenceNumber);
    Record->LogRecord.ProcessId = (FILE_ID)PsGetCurrentProcessId();
    Record->LogRecord.Major = Data->Iopb->MajorFunction;
    Record->LogRecord.Minor = Data->Iopb->MinorFunction;
#pragma prefast(suppress : __WARNING_BANNED_API_USAGE, "reviewed and safe usage")
    Copied =
        (SHORT)_snwprintf(Record->LogRecord.Name, MAX_NAME_SPACE / sizeof(WCHAR) - 1, L"%wZ", Name);
    if (Copied < 0) {
        Copied = MAX_NAME_SPACE / sizeof(WCHAR) - 1;
    }
    Record->LogRecord.Length =
        ROUND_TO_SIZE(FIELD_OFFSET(LOG_RECORD, Name) + (Copied + 1) * sizeof(WCHAR), sizeof(PVOID));
    if (NULL != NameInfo) {
        FltReleaseFileNameInformation(NameInfo);
    }
    *CompletionContext = Record;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

/* Sends the beginning of the file to the program that wants it and does as it says. */
static VOID
SpyAsk(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    LARGE_INTEGER Offset = {{0}}, Timeout = {.QuadPart = -30 * 10000000LL};
    ULONG Read = 0, ReplyLength = sizeof(ANSWER);
    PFLT_VOLUME_PROPERTIES Properties;
    UCHAR Space[sizeof(FLT_VOLUME_PROPERTIES) + 256];
    ULONG Returned;
    NTSTATUS Status;
    PVOID Buffer;
    PASK Ask;

    Properties = (PFLT_VOLUME_PROPERTIES)Space;
    Status = FltGetVolumeProperties(FltObjects->Volume, Properties, sizeof(Space), &Returned);
    if (NT_ERROR(Status) || SpyData.AskClient == NULL ||
        IoThreadToProcess(Data->Thread) == SpyData.AskProcess) {
        return;
    }
    Buffer = FltAllocatePoolAlignedWithTag(FltObjects->Instance, NonPagedPool,
                                           max(1024, Properties->SectorSize), SCANNER_TAG);
    Ask = ExAllocatePoolZero(NonPagedPool, sizeof(ASK), SCANNER_TAG);
    if (Buffer != NULL && Ask != NULL) {
        Status = FltReadFile(FltObjects->Instance, FltObjects->FileObject, &Offset, 1024, Buffer,
                             FLTFL_IO_OPERATION_NON_CACHED |
                                 FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET,
                             &Read, NULL, NULL);
        if (NT_SUCCESS(Status) && Read != 0) {
            Ask->Bytes = min(Read, sizeof(Ask->Contents));
            RtlCopyMemory(Ask->Contents, Buffer, Ask->Bytes);
            Status = FltSendMessage(SpyData.Filter, &SpyData.AskClient, Ask, sizeof(ASK), Ask,
                                    &ReplyLength, &Timeout);
            if (STATUS_SUCCESS != Status) {
                DbgPrint("spy: no answer, %X\n", Status);
            } else if (!((PANSWER)Ask)->SafeToOpen) {
                DbgPrint("spy: open undone\n");
                FltCancelFileOpen(FltObjects->Instance, FltObjects->FileObject);
                Data->IoStatus.Status = STATUS_ACCESS_DENIED;
                Data->IoStatus.Information = 0;
            }
        }
    }
    if (Ask != NULL) {
        ExFreePoolWithTag(Ask, SCANNER_TAG);
    }
    if (Buffer != NULL) {
        FltFreePoolAlignedWithTag(FltObjects->Instance, Buffer, SCANNER_TAG);
    }
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
SpyPostOperationCallback(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
                         _In_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PRECORD_LIST Record = (PRECORD_LIST)CompletionContext;
    UNICODE_STRING Extension = RTL_CONSTANT_STRING(L"doc");
    PFLT_FILE_NAME_INFORMATION NameInfo;
    BOOLEAN Ask = FALSE;
    KIRQL OldIrql;

    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        SpyFree(Record);
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_CREATE && Data->IoStatus.Status == STATUS_SUCCESS &&
        NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &NameInfo))) {
        FltParseFileNameInformation(NameInfo);
        Ask = RtlCompareUnicodeString(&NameInfo->Extension, &Extension, TRUE) == 0;
        FltReleaseFileNameInformation(NameInfo);
    }
    if (Ask) {
        SpyAsk(Data, FltObjects);
    }
    Record->LogRecord.Status = Data->IoStatus.Status;
    KeAcquireSpinLock(&SpyData.OutputBufferLock, &OldIrql);
    InsertTailList(&SpyData.OutputBufferList, &Record->List);
    KeReleaseSpinLock(&SpyData.OutputBufferLock, OldIrql);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
SpyGetLog(_Out_writes_bytes_to_(OutputBufferLength, *ReturnOutputBufferLength) PUCHAR OutputBuffer,
          _In_ ULONG OutputBufferLength, _Out_ PULONG ReturnOutputBufferLength)
{
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;
    ULONG Written = 0;
    PRECORD_LIST Record;
    PLIST_ENTRY Entry;
    KIRQL OldIrql;

    KeAcquireSpinLock(&SpyData.OutputBufferLock, &OldIrql);
    while (!IsListEmpty(&SpyData.OutputBufferList) && OutputBufferLength > 0) {
        Entry = RemoveHeadList(&SpyData.OutputBufferList);
        Record = CONTAINING_RECORD(Entry, RECORD_LIST, List);
        if (OutputBufferLength < Record->LogRecord.Length) {
            InsertHeadList(&SpyData.OutputBufferList, Entry);
            break;
        }
        KeReleaseSpinLock(&SpyData.OutputBufferLock, OldIrql);
        try {
            RtlCopyMemory(OutputBuffer, &Record->LogRecord, Record->LogRecord.Length);
        }
        except(SpyExceptionFilter(GetExceptionInformation(), TRUE))
        {
            KeAcquireSpinLock(&SpyData.OutputBufferLock, &OldIrql);
            InsertHeadList(&SpyData.OutputBufferList, Entry);
            KeReleaseSpinLock(&SpyData.OutputBufferLock, OldIrql);
            return GetExceptionCode();
        }
        OutputBufferLength -= Record->LogRecord.Length;
        OutputBuffer += Record->LogRecord.Length;
        Written += Record->LogRecord.Length;
        SpyFree(Record);
        Status = STATUS_SUCCESS;
        KeAcquireSpinLock(&SpyData.OutputBufferLock, &OldIrql);
    }
    KeReleaseSpinLock(&SpyData.OutputBufferLock, OldIrql);
    *ReturnOutputBufferLength = Written;
    return Status;
}

NTSTATUS FLTAPI
SpyMessage(_In_ PVOID ConnectionCookie, _In_reads_bytes_opt_(InputBufferSize) PVOID InputBuffer,
           _In_ ULONG InputBufferSize,
           _Out_writes_bytes_to_opt_(OutputBufferSize, *ReturnOutputBufferLength)
               PVOID OutputBuffer,
           _In_ ULONG OutputBufferSize, _Out_ PULONG ReturnOutputBufferLength)
{
    SPY_COMMAND Command;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(ConnectionCookie);
    if (InputBuffer == NULL ||
        InputBufferSize < FIELD_OFFSET(COMMAND_MESSAGE, Command) + sizeof(SPY_COMMAND)) {
        return STATUS_INVALID_PARAMETER;
    }
    try {
        Command = ((PCOMMAND_MESSAGE)InputBuffer)->Command;
    }
    except(SpyExceptionFilter(GetExceptionInformation(), TRUE))
    {
        return GetExceptionCode();
    }
    switch (Command) {
    case GetSpyLog:
        if (OutputBuffer == NULL || OutputBufferSize == 0) {
            return STATUS_INVALID_PARAMETER;
        }
        if (IoIs32bitProcess(NULL) ? !IS_ALIGNED(OutputBuffer, sizeof(ULONG))
                                   : !IS_ALIGNED(OutputBuffer, sizeof(PVOID))) {
            return STATUS_DATATYPE_MISALIGNMENT;
        }
        return SpyGetLog(OutputBuffer, OutputBufferSize, ReturnOutputBufferLength);
    case GetSpyVersion:
        if (OutputBufferSize < sizeof(ULONG) || OutputBuffer == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        try {
            *(PULONG)OutputBuffer = 0x20000;
        }
        except(SpyExceptionFilter(GetExceptionInformation(), TRUE))
        {
            return GetExceptionCode();
        }
        *ReturnOutputBufferLength = sizeof(ULONG);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS FLTAPI
SpyConnect(_In_ PFLT_PORT ClientPort, _In_ PVOID ServerPortCookie,
           _In_reads_bytes_(SizeOfContext) PVOID ConnectionContext, _In_ ULONG SizeOfContext,
           _Flt_ConnectionCookie_Outptr_ PVOID *ConnectionCookie)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(ConnectionContext);
    UNREFERENCED_PARAMETER(SizeOfContext);
    *ConnectionCookie = ServerPortCookie;
    if (ServerPortCookie != NULL) {
        SpyData.AskProcess = PsGetCurrentProcess();
        SpyData.AskClient = ClientPort;
    } else {
        FLT_ASSERT(SpyData.ClientPort == NULL);
        SpyData.ClientPort = ClientPort;
    }
    return STATUS_SUCCESS;
}

VOID FLTAPI
SpyDisconnect(_In_opt_ PVOID ConnectionCookie)
{
    PAGED_CODE();
    if (ConnectionCookie != NULL) {
        FltCloseClientPort(SpyData.Filter, &SpyData.AskClient);
        SpyData.AskProcess = NULL;
    } else {
        FltCloseClientPort(SpyData.Filter, &SpyData.ClientPort);
    }
}

NTSTATUS FLTAPI
SpyFilterUnload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags)
{
    PLIST_ENTRY Entry;

    UNREFERENCED_PARAMETER(Flags);
    PAGED_CODE();
    FltCloseCommunicationPort(SpyData.ServerPort);
    FltCloseCommunicationPort(SpyData.AskPort);
    FltUnregisterFilter(SpyData.Filter);
    while (!IsListEmpty(&SpyData.OutputBufferList)) {
        Entry = RemoveHeadList(&SpyData.OutputBufferList);
        SpyFree(CONTAINING_RECORD(Entry, RECORD_LIST, List));
    }
    ExDeleteNPagedLookasideList(&SpyData.FreeBufferList);
    DbgPrint("spy: unloaded\n");
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
SpyQueryTeardown(_In_ PCFLT_RELATED_OBJECTS FltObjects,
                 _In_ FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    PAGED_CODE();
    return STATUS_SUCCESS;
}

CONST FLT_OPERATION_REGISTRATION Callbacks[] = {
    {IRP_MJ_CREATE, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_CLOSE, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_READ, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_WRITE, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_QUERY_INFORMATION, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_SET_INFORMATION, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_DIRECTORY_CONTROL, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_CLEANUP, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE, 0, SpyPreOperationCallback, SpyPostOperationCallback},
    {IRP_MJ_OPERATION_END}};

const FLT_REGISTRATION FilterRegistration = {sizeof(FLT_REGISTRATION),
                                             FLT_REGISTRATION_VERSION,
                                             FLTFL_REGISTRATION_SUPPORT_NPFS_MSFS,
                                             NULL,
                                             Callbacks,
                                             SpyFilterUnload,
                                             NULL,
                                             SpyQueryTeardown,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL,
#if FLT_MGR_LONGHORN
                                             NULL,
                                             NULL,
#endif
#if FLT_MGR_WIN8
                                             NULL
#endif
};

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, SpyFilterUnload)
#pragma alloc_text(PAGE, SpyQueryTeardown)
#pragma alloc_text(PAGE, SpyConnect)
#pragma alloc_text(PAGE, SpyDisconnect)
#pragma alloc_text(PAGE, SpyMessage)
#endif

static LONG
SpyParameter(PUNICODE_STRING RegistryPath)
{
    UCHAR Space[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(LONG)];
    PKEY_VALUE_PARTIAL_INFORMATION Value = (PKEY_VALUE_PARTIAL_INFORMATION)Space;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    LONG Result = 500;
    ULONG Length;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    if (NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes))) {
        RtlInitUnicodeString(&Name, L"MaxRecords");
        if (NT_SUCCESS(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Value, sizeof(Space),
                                       &Length))) {
            Result = *(PLONG)&Value->Data;
        }
        ZwClose(Key);
    }
    return Result;
}

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    PSECURITY_DESCRIPTOR Descriptor;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status = STATUS_SUCCESS;
    UNICODE_STRING Name;

    try {
        SpyData.DriverObject = DriverObject;
        SpyData.MaxRecords = SpyParameter(RegistryPath);
        InitializeListHead(&SpyData.OutputBufferList);
        KeInitializeSpinLock(&SpyData.OutputBufferLock);
        ExInitializeNPagedLookasideList(&SpyData.FreeBufferList, NULL, NULL, POOL_NX_ALLOCATION,
                                        RECORD_SIZE, SPY_TAG, 0);
#pragma warning(push)
#pragma warning(disable : 4055)
        SpyData.PFltSetTransactionContext =
            (PFLT_SET_TRANSACTION_CONTEXT)FltGetRoutineAddress("FltSetTransactionContext");
#pragma warning(pop)
        DbgPrint("spy: transactions %d, records %d\n", SpyData.PFltSetTransactionContext != NULL,
                 SpyData.MaxRecords);
        Status = FltRegisterFilter(DriverObject, &FilterRegistration, &SpyData.Filter);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        Status = FltBuildDefaultSecurityDescriptor(&Descriptor, FLT_PORT_ALL_ACCESS);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        RtlInitUnicodeString(&Name, SPY_PORT_NAME);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                                   NULL, Descriptor);
        Status = FltCreateCommunicationPort(SpyData.Filter, &SpyData.ServerPort, &Attributes, NULL,
                                            SpyConnect, SpyDisconnect, SpyMessage, 1);
        if (NT_SUCCESS(Status)) {
            RtlInitUnicodeString(&Name, SPY_SCAN_PORT);
            Status = FltCreateCommunicationPort(SpyData.Filter, &SpyData.AskPort, &Attributes,
                                                &SpyData, SpyConnect, SpyDisconnect, NULL, 1);
        }
        FltFreeSecurityDescriptor(Descriptor);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        Status = FltStartFiltering(SpyData.Filter);
    } finally {
        if (!NT_SUCCESS(Status)) {
            if (NULL != SpyData.ServerPort) {
                FltCloseCommunicationPort(SpyData.ServerPort);
            }
            if (NULL != SpyData.AskPort) {
                FltCloseCommunicationPort(SpyData.AskPort);
            }
            if (NULL != SpyData.Filter) {
                FltUnregisterFilter(SpyData.Filter);
            }
            ExDeleteNPagedLookasideList(&SpyData.FreeBufferList);
        }
    }
    return Status;
}
