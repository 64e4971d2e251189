/*
 * createinfo.c - what a filter asks of a create on its way down, and reads when it is back: facts of the file, and why a
 * request for bypass I/O is refused.
 *
 * The file system answers in an extra create parameter, GUID_ECP_QUERY_ON_CREATE, that the filter manager adds; one that does
 * not know it leaves it unprocessed. [DDI: FltRequestFileInfoOnCreateCompletion, FltRetrieveFileInfoOnCreateCompletionEx;
 * FltVetoBypassIo; ntifs: QUERY_ON_CREATE_ECP_CONTEXT, FS_BPIO_OUTPUT]
 */
#include <initguid.h>
#include "fltp.h"

#define FLTP_CREATE_CLASSES                                                                        \
    (QoCFileStatInformation | QoCFileLxInformation | QoCFileEaInformation |                        \
     QoCFileUsnInformation | QoCFileSecurityInformation)

NTSTATUS FLTAPI
FltRequestFileInfoOnCreateCompletion(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data,
                                     ULONG InfoClassFlags)
{
    PQUERY_ON_CREATE_ECP_CONTEXT Query;
    PECP_LIST EcpList;
    NTSTATUS Status;

    if (!FLT_IS_IRP_OPERATION(Data) || Data->Iopb->MajorFunction != IRP_MJ_CREATE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (InfoClassFlags & ~FLTP_CREATE_CLASSES) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Status = FltGetEcpListFromCallbackData(Filter, Data, &EcpList);
    if (NT_SUCCESS(Status) && EcpList == NULL) {
        Status = FltAllocateExtraCreateParameterList(Filter, 0, &EcpList);
        if (NT_SUCCESS(Status)) {
            Status = FltSetEcpListIntoCallbackData(Filter, Data, EcpList);
            if (!NT_SUCCESS(Status)) {
                FltFreeExtraCreateParameterList(Filter, EcpList);
            }
        }
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!NT_SUCCESS(FltFindExtraCreateParameter(Filter, EcpList, &GUID_ECP_QUERY_ON_CREATE,
                                                (PVOID *)&Query, NULL))) {
        Status = FltAllocateExtraCreateParameter(Filter, &GUID_ECP_QUERY_ON_CREATE, sizeof(*Query),
                                                 0, NULL, FLTP_TAG_OPERATION, (PVOID *)&Query);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = FltInsertExtraCreateParameter(Filter, EcpList, Query);
        if (!NT_SUCCESS(Status)) {
            FltFreeExtraCreateParameter(Filter, Query);
            return Status;
        }
    }
    Query->RequestedClasses |= InfoClassFlags; /* several filters may ask */
    return STATUS_SUCCESS;
}

/* Where the answer to one class lies. */
static PVOID
FltpAnswer(PQUERY_ON_CREATE_ECP_CONTEXT Query, ULONG InfoClass, PULONG Size)
{
    switch (InfoClass) {
    case QoCFileStatInformation:
        *Size = sizeof(Query->StatInformation);
        return &Query->StatInformation;
    case QoCFileLxInformation:
        *Size = sizeof(Query->LxInformation);
        return &Query->LxInformation;
    case QoCFileEaInformation:
        *Size = sizeof(Query->EaInformation);
        return &Query->EaInformation;
    case QoCFileUsnInformation:
        *Size = sizeof(Query->UsnInformation);
        return &Query->UsnInformation;
    case QoCFileSecurityInformation:
        *Size = sizeof(Query->SecurityInformation);
        return &Query->SecurityInformation;
    }
    return NULL;
}

NTSTATUS FLTAPI
FltRetrieveFileInfoOnCreateCompletionEx(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data,
                                        ULONG InfoClass, PULONG RetInfoSize, PVOID *RetInfoBuffer)
{
    PQUERY_ON_CREATE_ECP_CONTEXT Query;
    PECP_LIST EcpList;
    ULONG Size;
    PVOID Answer;

    *RetInfoSize = 0;
    *RetInfoBuffer = NULL;
    if (!FLT_IS_IRP_OPERATION(Data) || Data->Iopb->MajorFunction != IRP_MJ_CREATE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (!NT_SUCCESS(FltGetEcpListFromCallbackData(Filter, Data, &EcpList)) || EcpList == NULL ||
        !NT_SUCCESS(FltFindExtraCreateParameter(Filter, EcpList, &GUID_ECP_QUERY_ON_CREATE,
                                                (PVOID *)&Query, NULL))) {
        return STATUS_NOT_SUPPORTED; /* nobody has asked */
    }
    Answer = FltpAnswer(Query, InfoClass, &Size);
    if (Answer == NULL || (Query->RequestedClasses & InfoClass) == 0 ||
        !FltIsEcpAcknowledged(Filter, Query)) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Query->ClassesWithErrors & InfoClass) {
        return STATUS_UNSUCCESSFUL;
    }
    if ((Query->ClassesProcessed & InfoClass) == 0 || (Query->ClassesWithNoData & InfoClass)) {
        return STATUS_NOT_FOUND;
    }
    *RetInfoSize = Size;
    *RetInfoBuffer = Answer;
    return STATUS_SUCCESS;
}

PVOID FLTAPI
FltRetrieveFileInfoOnCreateCompletion(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data, ULONG InfoClass,
                                      PULONG Size)
{
    PVOID Answer;

    FltRetrieveFileInfoOnCreateCompletionEx(Filter, Data, InfoClass, Size, &Answer);
    return Answer;
}

/* ---- bypass I/O ---- */

static USHORT
FltpPutText(PWSTR To, ULONG Room, PCUNICODE_STRING Text)
{
    ULONG Count = Text->Length / sizeof(WCHAR);

    Count = Count < Room ? Count : Room;
    RtlCopyMemory(To, Text->Buffer, Count * sizeof(WCHAR));
    return (USHORT)Count;
}

/* The first to refuse is the one that is named. The buffered FSCTL has one buffer for question and answer. */
NTSTATUS FLTAPI
FltVetoBypassIo(PFLT_CALLBACK_DATA CallbackData, PCFLT_RELATED_OBJECTS FltObjects,
                NTSTATUS OperationStatus, PCUNICODE_STRING FailureReason)
{
    PFLT_PARAMETERS P = &CallbackData->Iopb->Parameters;
    PFS_BPIO_OUTPUT Output = P->FileSystemControl.Buffered.SystemBuffer;
    FS_BPIO_OPERATIONS Operation;

    if (P->FileSystemControl.Buffered.InputBufferLength < sizeof(FS_BPIO_INPUT)) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    if (P->FileSystemControl.Buffered.OutputBufferLength < sizeof(*Output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (NT_SUCCESS(OperationStatus)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (FailureReason == NULL || FailureReason->Length == 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Operation = ((PFS_BPIO_INPUT)Output)->Operation;
    RtlZeroMemory(Output, sizeof(*Output));
    Output->Operation = Operation;
    Output->Query.OpStatus = OperationStatus;
    Output->Query.FailingDriverNameLen =
        FltpPutText(Output->Query.FailingDriverName, RTL_NUMBER_OF(Output->Query.FailingDriverName),
                    &FltObjects->Filter->Name);
    Output->Query.FailureReasonLen = FltpPutText(
        Output->Query.FailureReason, RTL_NUMBER_OF(Output->Query.FailureReason), FailureReason);
    CallbackData->IoStatus.Information = sizeof(*Output);
    return STATUS_SUCCESS;
}
