/*
 * unload.c - minifilters loaded and unloaded.
 *
 * A voluntary unload (FltUnloadFilter, FilterUnload) runs in a system worker: ExpWorkerThread - FltpSyncOpWorker -
 * FltpDoUnloadFilter - the filter's callback, which may refuse. The driver is unloaded after it. A mandatory one
 * (the service is stopped) comes as DriverUnload, which is ours since the registration; what the callback
 * returns is ignored then. [OSR: "One Driver: Loading and Unloading"; IFS: when-the-filterunloadcallback-routine-is-called;
 * DDI: FltUnloadFilter; nt-semantics 6.3, 6.4]
 *
 *   U1  From Windows 8 on the callback is not called before DriverEntry has returned.
 */
#include "fltp.h"

typedef struct _FLTP_SYNC_OP {
    WORK_QUEUE_ITEM Item;
    KEVENT Done;
    PFLT_FILTER Filter; /* Header.Rundown held */
    NTSTATUS Status;
} FLTP_SYNC_OP, *PFLTP_SYNC_OP;

/* Calls the callback. The caller's reference on Filter is given up before: FltUnregisterFilter waits for it. */
__attribute__((noinline)) NTSTATUS
FltpDoUnloadFilter(PFLT_FILTER Filter, BOOLEAN Mandatory)
{
    PFLT_FILTER_UNLOAD_CALLBACK Callback = Filter->Registration.FilterUnloadCallback;
    PDRIVER_OBJECT DriverObject = Filter->DriverObject;
    UNICODE_STRING ServicePath;
    NTSTATUS Status;

    FltpAcquireExclusive(&FltpLock);
    if (Filter->Unloading || Filter->Header.Deleting) {
        FltpRelease(&FltpLock);
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return STATUS_FLT_DELETING_OBJECT;
    }
    Filter->Unloading = TRUE;
    Filter->Mandatory = Mandatory;
    FltpRelease(&FltpLock);
    Status = Callback == NULL ? STATUS_FLT_DO_NOT_DETACH
                              : FltpCopyString(&ServicePath, &Filter->ServicePath, FLTP_TAG_NAME);
    if (!NT_SUCCESS(Status)) {
        Filter->Unloading = FALSE;
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return Status;
    }
    ObReferenceObject(DriverObject);
    ExReleaseRundownProtection(&Filter->Header.Rundown);
    if (!Mandatory) {
        IopWaitForDriverEntry(
            DriverObject); /* U1; the I/O manager has waited for a mandatory one */
    }
    Status = Callback(Mandatory ? FLTFL_FILTER_UNLOAD_MANDATORY : 0);
    /* The filter is gone unless it refuses. */
    Filter = FltpFindFilterByDriver(DriverObject);
    if (Filter != NULL) {
        Filter->Unloading = FALSE;
        ExReleaseRundownProtection(&Filter->Header.Rundown);
    }
    if (!Mandatory && NT_SUCCESS(Status)) {
        if (Filter != NULL) {
            FltUnregisterFilter(Filter); /* it said yes, and forgot */
        }
        DriverObject->DriverUnload = FltpMiniFilterDriverUnload;
        Status = ZwUnloadDriver(&ServicePath);
    }
    FltpFreeString(&ServicePath);
    ObDereferenceObject(DriverObject);
    return Status;
}

VOID NTAPI
FltpMiniFilterDriverUnload(PDRIVER_OBJECT DriverObject)
{
    PFLT_FILTER Filter = FltpFindFilterByDriver(DriverObject);

    if (Filter != NULL) {
        PDRIVER_UNLOAD Old = Filter->OldUnload;

        FltpDoUnloadFilter(Filter, TRUE);
        if (Old != NULL) {
            Old(DriverObject);
        }
    }
}

static VOID NTAPI
FltpSyncOpWorker(PVOID Parameter)
{
    PFLTP_SYNC_OP Operation = Parameter;

    Operation->Status = FltpDoUnloadFilter(Operation->Filter, FALSE);
    KeSetEvent(&Operation->Done, IO_NO_INCREMENT, FALSE);
}

NTSTATUS FLTAPI
FltUnloadFilter(PCUNICODE_STRING FilterName)
{
    PFLT_FILTER Filter = FltpFindFilter(FilterName);
    FLTP_SYNC_OP Operation;

    if (Filter == NULL) {
        return STATUS_FLT_FILTER_NOT_FOUND;
    }
    Operation.Filter = Filter;
    KeInitializeEvent(&Operation.Done, NotificationEvent, FALSE);
    ExInitializeWorkItem(&Operation.Item, FltpSyncOpWorker, &Operation);
    ExQueueWorkItem(&Operation.Item, DelayedWorkQueue);
    KeWaitForSingleObject(&Operation.Done, Executive, KernelMode, FALSE, NULL);
    return Operation.Status;
}

NTSTATUS FLTAPI
FltLoadFilter(PCUNICODE_STRING FilterName)
{
    UNICODE_STRING Path;
    NTSTATUS Status = FltpServicePath(FilterName, &Path);

    if (NT_SUCCESS(Status)) {
        Status = ZwLoadDriver(&Path);
        FltpFreeString(&Path);
    }
    return Status;
}
