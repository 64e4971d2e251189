/*
 * fsfilter.c - FsFilter callbacks: files acquired and released by mm and cc.
 *
 * The kernel calls Pre on the way down a stack and the completion on the way up; the operation waits in between as the
 * completion context. [ntifs: FsRtlRegisterFileSystemFilterCallbacks; nt-semantics-2 1.5, 2.3]
 */
#include "fltp.h"

#ifndef STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY
#define STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY ((NTSTATUS)0x00000126)
#endif

static VOID
FltpFinishFsFilter(PFLTP_OPERATION Operation, NTSTATUS Status)
{
    Operation->Data.IoStatus.Status = Status;
    FltpAscend(Operation);
    FltpDereferenceOperation(Operation);
}

static NTSTATUS NTAPI
FltpPre(PFS_FILTER_CALLBACK_DATA Data, PVOID *CompletionContext)
{
    PFLTP_DEVICE Device = Data->DeviceObject->DeviceExtension;
    PFLTP_OPERATION Operation;
    PFLT_INSTANCE First;
    NTSTATUS Status;

    *CompletionContext = NULL;
    if (Device->Kind != FltpVolumeDevice) {
        return STATUS_SUCCESS;
    }
    First = FltpNextInstance(Device->Volume, NULL, Data->Operation, 0, Data->FileObject, FALSE);
    if (First == NULL) {
        return STATUS_SUCCESS;
    }
    Operation = FltpAllocateOperation(Device->Volume);
    if (Operation == NULL) {
        ExReleaseRundownProtection(&First->IoRundown);
        return (Data->Operation & 1) ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
    }
    *(PETHREAD *)&Operation->Data.Thread = PsGetCurrentThread();
    Operation->Data.RequestorMode = KernelMode;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_FS_FILTER_OPERATION;
    Operation->Iopb.MajorFunction = Data->Operation;
    Operation->Iopb.TargetFileObject = Data->FileObject;
    RtlCopyMemory(&Operation->Iopb.Parameters, &Data->Parameters,
                  Data->Operation == IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION
                      ? sizeof(Data->Parameters.AcquireForSectionSynchronization)
                      : sizeof(Data->Parameters.Others));
    if (FltpDescend(Operation, First) == FltpGoDown) {
        *CompletionContext = Operation;
        return STATUS_SUCCESS;
    }
    /* A filter has completed it. Only making a section may fail, and only for lack of resources. */
    Status = Operation->Data.IoStatus.Status;
    FltpAscend(Operation);
    FltpDereferenceOperation(Operation);
    return NT_SUCCESS(Status) ? STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY : Status;
}

static VOID NTAPI
FltpPost(PFS_FILTER_CALLBACK_DATA Data, NTSTATUS OperationStatus, PVOID CompletionContext)
{
    if (CompletionContext != NULL) {
        FltpFinishFsFilter(CompletionContext, OperationStatus);
    }
}

NTSTATUS
FltpRegisterFsFilter(VOID)
{
    FS_FILTER_CALLBACKS Callbacks = {.SizeOfFsFilterCallbacks = sizeof(Callbacks),
                                     .PreAcquireForSectionSynchronization = FltpPre,
                                     .PostAcquireForSectionSynchronization = FltpPost,
                                     .PreReleaseForSectionSynchronization = FltpPre,
                                     .PostReleaseForSectionSynchronization = FltpPost,
                                     .PreAcquireForCcFlush = FltpPre,
                                     .PostAcquireForCcFlush = FltpPost,
                                     .PreReleaseForCcFlush = FltpPre,
                                     .PostReleaseForCcFlush = FltpPost,
                                     .PreAcquireForModifiedPageWriter = FltpPre,
                                     .PostAcquireForModifiedPageWriter = FltpPost,
                                     .PreReleaseForModifiedPageWriter = FltpPre,
                                     .PostReleaseForModifiedPageWriter = FltpPost};

    return FsRtlRegisterFileSystemFilterCallbacks(FltpDriver, &Callbacks);
}
