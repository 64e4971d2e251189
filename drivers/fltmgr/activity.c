/*
 * activity.c - on whose behalf, and how urgently: priorities of operations, files and threads; activity identifiers.
 *
 * [DDI: FltRetrieveIoPriorityInfo, FltApplyPriorityInfoThread, FltSetIoPriorityHintIntoThread, FltGetActivityIdCallbackData,
 * FltSetActivityIdCallbackData, FltPropagateActivityIdToThread, FltPropagateIrpExtension]
 *
 * All of it is the kernel's, which has priorities from Vista and identifiers from Windows 8 on.
 */
#include "fltp.h"

/* ---- priorities of I/O: from Vista on ---- */

IO_PRIORITY_HINT FLTAPI
FltGetIoPriorityHintFromCallbackData(PFLT_CALLBACK_DATA Data)
{
    PIRP Irp = FltpOperation(Data)->Irp;

    return Irp == NULL || FltpKernel.IoGetIoPriorityHint == NULL
               ? IoPriorityNormal
               : FltpKernel.IoGetIoPriorityHint(Irp);
}

IO_PRIORITY_HINT FLTAPI
FltGetIoPriorityHint(PFLT_CALLBACK_DATA Data)
{
    return FltGetIoPriorityHintFromCallbackData(Data);
}

NTSTATUS FLTAPI
FltSetIoPriorityHintIntoCallbackData(PFLT_CALLBACK_DATA Data, IO_PRIORITY_HINT PriorityHint)
{
    PIRP Irp = FltpOperation(Data)->Irp;

    return Irp == NULL || FltpKernel.IoSetIoPriorityHint == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.IoSetIoPriorityHint(Irp, PriorityHint);
}

/* The kernel answers for a request; one that has only a file object says what that has been given. */
IO_PRIORITY_HINT FLTAPI
FltGetIoPriorityHintFromFileObject(PFILE_OBJECT FileObject)
{
    IRP Request;

    if (FltpKernel.IoGetIoPriorityHint == NULL) {
        return IoPriorityNormal;
    }
    RtlZeroMemory(&Request, sizeof(Request));
    Request.Tail.Overlay.OriginalFileObject = FileObject;
    return FltpKernel.IoGetIoPriorityHint(&Request);
}

NTSTATUS FLTAPI
FltSetIoPriorityHintIntoFileObject(PFILE_OBJECT FileObject, IO_PRIORITY_HINT PriorityHint)
{
    FILE_IO_PRIORITY_HINT_INFORMATION Info = {PriorityHint};
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Handle;

    if (FltpKernel.IoSetIoPriorityHint == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    Status = ObOpenObjectByPointer(FileObject, OBJ_KERNEL_HANDLE, NULL, 0, *IoFileObjectType,
                                   KernelMode, &Handle);
    if (NT_SUCCESS(Status)) {
        Status =
            ZwSetInformationFile(Handle, &Iosb, &Info, sizeof(Info), FileIoPriorityHintInformation);
        ZwClose(Handle);
    }
    return Status;
}

NTSTATUS FLTAPI
FltRetrieveIoPriorityInfo(PFLT_CALLBACK_DATA Data, PFILE_OBJECT FileObject, PETHREAD Thread,
                          PIO_PRIORITY_INFO PriorityInfo)
{
    return FltpKernel.IoRetrievePriorityInfo == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.IoRetrievePriorityInfo(Data != NULL ? FltpOperation(Data)->Irp : NULL,
                                                   FileObject, Thread, PriorityInfo);
}

NTSTATUS FLTAPI
FltApplyPriorityInfoThread(PIO_PRIORITY_INFO InputPriorityInfo,
                           PIO_PRIORITY_INFO OutputPriorityInfo, PETHREAD Thread)
{
    return FltpKernel.IoApplyPriorityInfoThread == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.IoApplyPriorityInfoThread(InputPriorityInfo, OutputPriorityInfo,
                                                      Thread);
}

IO_PRIORITY_HINT FLTAPI
FltGetIoPriorityHintFromThread(PETHREAD Thread)
{
    IO_PRIORITY_INFO Info;

    IoInitializePriorityInfo(&Info);
    FltRetrieveIoPriorityInfo(NULL, NULL, Thread, &Info);
    return Info.IoPriority;
}

/* The thread's other priorities stay: IoInitializePriorityInfo says so. */
NTSTATUS FLTAPI
FltSetIoPriorityHintIntoThread(PETHREAD Thread, IO_PRIORITY_HINT PriorityHint)
{
    IO_PRIORITY_INFO Info;

    if ((ULONG)PriorityHint >= MaxIoPriorityTypes) {
        return STATUS_INVALID_PARAMETER;
    }
    IoInitializePriorityInfo(&Info);
    Info.IoPriority = PriorityHint;
    return FltApplyPriorityInfoThread(&Info, NULL, Thread);
}

/* ---- activity identifiers ---- */

/* Callback data of a filter's own has its IRP only while it is sent. */
NTSTATUS FLTAPI
FltGetActivityIdCallbackData(PFLT_CALLBACK_DATA CallbackData, LPGUID Guid)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    if (!FLT_IS_IRP_OPERATION(CallbackData) || FltpKernel.IoGetActivityIdIrp == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Operation->Irp != NULL) {
        return FltpKernel.IoGetActivityIdIrp(Operation->Irp, Guid);
    }
    if (!Operation->HasActivity) {
        return STATUS_NOT_FOUND;
    }
    *Guid = Operation->Activity;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltSetActivityIdCallbackData(PFLT_CALLBACK_DATA CallbackData, LPCGUID Guid)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    if (!FLT_IS_IRP_OPERATION(CallbackData) || FltpKernel.IoSetActivityIdIrp == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Operation->Irp != NULL) {
        return FltpKernel.IoSetActivityIdIrp(Operation->Irp, Guid);
    }
    if (Guid == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    Operation->Activity = *Guid;
    Operation->HasActivity = TRUE;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltPropagateActivityIdToThread(PFLT_CALLBACK_DATA CallbackData, LPGUID PropagateId,
                               LPCGUID *OriginalId)
{
    PIRP Irp = FltpOperation(CallbackData)->Irp;

    if (!FLT_IS_IRP_OPERATION(CallbackData) || FltpKernel.IoPropagateActivityIdToThread == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    return Irp == NULL ? STATUS_NOT_FOUND
                       : FltpKernel.IoPropagateActivityIdToThread(Irp, PropagateId, OriginalId);
}

/* What an IRP's extension has here is its activity identifier. */
NTSTATUS FLTAPI
FltPropagateIrpExtension(PFLT_CALLBACK_DATA SourceData, PFLT_CALLBACK_DATA TargetData, ULONG Flags)
{
    NTSTATUS Status;
    GUID Id;

    if (!FLT_IS_IRP_OPERATION(SourceData) || !FLT_IS_IRP_OPERATION(TargetData) || Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = FltGetActivityIdCallbackData(SourceData, &Id);
    return NT_SUCCESS(Status) ? FltSetActivityIdCallbackData(TargetData, &Id) : STATUS_SUCCESS;
}
