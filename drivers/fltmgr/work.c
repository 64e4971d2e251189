/*
 * work.c - work that is put off: generic and deferred I/O work items, completion where it is safe.
 *
 * [DDI: FltQueueGenericWorkItem, FltQueueDeferredIoWorkItem, FltDoCompletionProcessingWhenSafe; nt-semantics-2 1.13]
 *
 *   D1  A work item holds its object (filter, instance, volume) until its routine has returned.
 *   D2  Its routine finds the object's contexts as they were: they go when no work item of the object is left. Not so for
 *       who has merely referenced the object: a context's cleanup may be where that reference is given back.
 */
#include "fltp.h"

typedef struct _FLT_GENERIC_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PFLT_GENERIC_WORKITEM_ROUTINE Routine;
    PVOID Object;
    PVOID Context;
} FLT_GENERIC_WORKITEM;

typedef struct _FLT_DEFERRED_IO_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PFLT_DEFERRED_IO_WORKITEM_ROUTINE Routine;
    PFLT_CALLBACK_DATA Data;
    PFLT_INSTANCE Instance;
    PVOID Context;
} FLT_DEFERRED_IO_WORKITEM;

PFLT_GENERIC_WORKITEM FLTAPI
FltAllocateGenericWorkItem(VOID)
{
    return ExAllocatePoolWithTag(NonPagedPool, sizeof(FLT_GENERIC_WORKITEM), FLTP_TAG_WORK);
}

VOID FLTAPI
FltFreeGenericWorkItem(PFLT_GENERIC_WORKITEM FltWorkItem)
{
    ExFreePoolWithTag(FltWorkItem, FLTP_TAG_WORK);
}

/* D1, D2 */
static BOOLEAN
FltpHold(PFLTP_OBJECT Object)
{
    if (Object->Deleting || !ExAcquireRundownProtection(&Object->Rundown)) {
        return FALSE;
    }
    if (!ExAcquireRundownProtection(&Object->WorkItems)) {
        ExReleaseRundownProtection(&Object->Rundown);
        return FALSE;
    }
    return TRUE;
}

static VOID
FltpLetGo(PFLTP_OBJECT Object)
{
    ExReleaseRundownProtection(&Object->WorkItems);
    ExReleaseRundownProtection(&Object->Rundown);
}

static VOID NTAPI
FltpGenericWorker(PVOID Parameter)
{
    PFLT_GENERIC_WORKITEM Item = Parameter;
    PFLTP_OBJECT Object = Item->Object; /* the routine may free the item */

    Item->Routine(Item, Object, Item->Context);
    FltpLetGo(Object);
}

NTSTATUS FLTAPI
FltQueueGenericWorkItem(PFLT_GENERIC_WORKITEM FltWorkItem, PVOID FltObject,
                        PFLT_GENERIC_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType,
                        PVOID Context)
{
    PFLTP_OBJECT Object = FltObject;

    if (!FltpHold(Object)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FltWorkItem->Routine = WorkerRoutine;
    FltWorkItem->Object = FltObject;
    FltWorkItem->Context = Context;
    ExInitializeWorkItem(&FltWorkItem->Item, FltpGenericWorker, FltWorkItem);
    ExQueueWorkItem(&FltWorkItem->Item, QueueType);
    return STATUS_SUCCESS;
}

PFLT_DEFERRED_IO_WORKITEM FLTAPI
FltAllocateDeferredIoWorkItem(VOID)
{
    return ExAllocatePoolWithTag(NonPagedPool, sizeof(FLT_DEFERRED_IO_WORKITEM), FLTP_TAG_WORK);
}

VOID FLTAPI
FltFreeDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM FltWorkItem)
{
    ExFreePoolWithTag(FltWorkItem, FLTP_TAG_WORK);
}

static VOID NTAPI
FltpDeferredWorker(PVOID Parameter)
{
    PFLT_DEFERRED_IO_WORKITEM Item = Parameter;
    PFLT_INSTANCE Instance = Item->Instance;

    Item->Routine(Item, Item->Data, Item->Context);
    FltpLetGo(&Instance->Header);
}

/* May an operation be posted? */
static NTSTATUS
FltpMayPost(PFLT_CALLBACK_DATA Data)
{
    PFLTP_OPERATION Operation = FltpOperation(Data);

    if (Operation->Irp == NULL ||
        ((Data->Iopb->MajorFunction == IRP_MJ_READ || Data->Iopb->MajorFunction == IRP_MJ_WRITE) &&
         (Operation->Irp->Flags & IRP_PAGING_IO)) ||
        IoGetTopLevelIrp() != NULL) {
        return STATUS_FLT_NOT_SAFE_TO_POST_OPERATION;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltQueueDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM FltWorkItem, PFLT_CALLBACK_DATA Data,
                           PFLT_DEFERRED_IO_WORKITEM_ROUTINE WorkerRoutine,
                           WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    PFLT_INSTANCE Instance = FltpOperation(Data)->Current;
    NTSTATUS Status = FltpMayPost(Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!FltpHold(&Instance->Header)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FltWorkItem->Routine = WorkerRoutine;
    FltWorkItem->Data = Data;
    FltWorkItem->Instance = Instance;
    FltWorkItem->Context = Context;
    ExInitializeWorkItem(&FltWorkItem->Item, FltpDeferredWorker, FltWorkItem);
    ExQueueWorkItem(&FltWorkItem->Item, QueueType);
    return STATUS_SUCCESS;
}

typedef struct _FLTP_SAFE {
    WORK_QUEUE_ITEM Item;
    PFLT_CALLBACK_DATA Data;
    FLT_RELATED_OBJECTS Objects;
    PVOID Context;
    PFLT_POST_OPERATION_CALLBACK Routine;
} FLTP_SAFE, *PFLTP_SAFE;

static VOID NTAPI
FltpSafeWorker(PVOID Parameter)
{
    PFLTP_SAFE Safe = Parameter;
    PFLT_CALLBACK_DATA Data = Safe->Data;
    FLT_POSTOP_CALLBACK_STATUS Status;

    Status = Safe->Routine(Data, &Safe->Objects, Safe->Context, 0);
    ExFreePoolWithTag(Safe, FLTP_TAG_WORK);
    if (Status == FLT_POSTOP_FINISHED_PROCESSING) {
        FltCompletePendedPostOperation(Data);
    }
}

BOOLEAN FLTAPI
FltDoCompletionProcessingWhenSafe(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects,
                                  PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags,
                                  PFLT_POST_OPERATION_CALLBACK SafePostCallback,
                                  PFLT_POSTOP_CALLBACK_STATUS RetPostOperationStatus)
{
    PFLTP_SAFE Safe;

    if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
        *RetPostOperationStatus = SafePostCallback(Data, FltObjects, CompletionContext, Flags);
        return TRUE;
    }
    *RetPostOperationStatus = FLT_POSTOP_FINISHED_PROCESSING;
    if (!NT_SUCCESS(FltpMayPost(Data)) || (Flags & FLTFL_POST_OPERATION_DRAINING)) {
        return FALSE;
    }
    Safe = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Safe), FLTP_TAG_WORK);
    if (Safe == NULL) {
        return FALSE;
    }
    Safe->Data = Data;
    RtlCopyMemory(&Safe->Objects, FltObjects, sizeof(Safe->Objects));
    Safe->Context = CompletionContext;
    Safe->Routine = SafePostCallback;
    ExInitializeWorkItem(&Safe->Item, FltpSafeWorker, Safe);
    ExQueueWorkItem(&Safe->Item, CriticalWorkQueue);
    *RetPostOperationStatus = FLT_POSTOP_MORE_PROCESSING_REQUIRED;
    return TRUE;
}
