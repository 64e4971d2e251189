/*
 * filters.c - bugs of minifilters: contexts, names, parameters, and what their callbacks leave behind.
 */
#include <fltKernel.h>

#define HAS(Case)    (CASE == (Case))                         /* with the bug */
#define EITHER(Case) (CASE == (Case) || CASE == (Case) + 500) /* with or without */

DRIVER_INITIALIZE DriverEntry;
static PFLT_FILTER Filter;
static ERESOURCE Resource;
static volatile LONG Seen;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    FLT_PREOP_CALLBACK_STATUS Result = FLT_PREOP_SUCCESS_NO_CALLBACK;
    PFLT_FILE_NAME_INFORMATION Name;
    PFLT_GENERIC_WORKITEM Item;
    PFLT_CONTEXT Context;
    KIRQL OldIrql;

    (VOID) Name, (VOID)Item, (VOID)Context, (VOID)OldIrql;
    InterlockedIncrement(&Seen);
#if EITHER(400)
    /* The reference that FltAllocateContext has given is not given back. */
    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 64, NonPagedPoolNx,
                                      &Context))) { /* BUG(400) */
        FltSetStreamHandleContext(Objects->Instance, Objects->FileObject,
                                  FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
        if (!HAS(400)) {
            FltReleaseContext(Context);
        }
    }
#elif EITHER(401)
    /* The name is released where it was parsed, and not where that failed. */
    if (NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) { /* BUG(401) */
        if (!HAS(401)) {
            FltReleaseFileNameInformation(Name);
        }
    }
#elif EITHER(402)
    /* A flag is added, and nobody is told. */
    if (FLT_IS_IRP_OPERATION(Data)) {
        Data->Iopb->OperationFlags ^= SL_WRITE_THROUGH; /* NOLINE(402): the routine */
        if (!HAS(402)) {
            FltSetCallbackDataDirty(Data);
        }
    }
#elif EITHER(403)
    /* Fast I/O is refused for what is none. */
    if (HAS(403) || FLT_IS_FASTIO_OPERATION(Data)) {
        Result = FLT_PREOP_DISALLOW_FASTIO; /* NOLINE(403): the routine */
    }
#elif EITHER(404)
    /* A work item is allocated, and queueing it is forgotten. */
    Item = FltAllocateGenericWorkItem(); /* BUG(404) */
    if (Item != NULL && !HAS(404)) {
        FltFreeGenericWorkItem(Item);
    }
#elif EITHER(405)
    /* A return between enter and leave. */
    FsRtlEnterFileSystem(); /* NOLINE(405): the routine */
    if (!HAS(405)) {
        FsRtlExitFileSystem();
    }
#elif EITHER(406)
    /* The resource is to be released in a post-operation callback that is never called. */
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE); /* BUG(406) */
    if (!HAS(406)) {
        ExReleaseResourceLite(&Resource);
    }
    KeLeaveCriticalRegion();
#elif EITHER(407)
    /* The IRQL stays raised. */
    KeRaiseIrql(APC_LEVEL, &OldIrql); /* NOLINE(407): the routine */
    if (!HAS(407)) {
        KeLowerIrql(OldIrql);
    }
#elif EITHER(409)
    /* There may be no memory for a context. */
    NTSTATUS Status =
        FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 64, NonPagedPoolNx, &Context);

    if (HAS(409) || NT_SUCCESS(Status)) {
        *(volatile LONG *)Context = Seen; /* BUG(409) */
        FltReleaseContext(Context);
    }
#elif EITHER(410)
    /* The last name stays in the instance's context, whose cleanup callback is to release it. */
    if (NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) { /* BUG(410) */
        if (NT_SUCCESS(
                FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, 64, NonPagedPoolNx, &Context))) {
            *(PFLT_FILE_NAME_INFORMATION *)Context = Name;
            FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Context,
                                  NULL);
            FltReleaseContext(Context);
        } else {
            FltReleaseFileNameInformation(Name);
        }
    }
#elif EITHER(408)
    /* see PreDirectory */
#else
#error no such case
#endif
    return Result;
}

#if EITHER(408)
/* A context is got before the operation and given back behind it, also when the filter is unloaded in between. */
static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 64, NonPagedPoolNx,
                                      CompletionContext))) { /* BUG(408) */
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext,
              FLT_POST_OPERATION_FLAGS Flags)
{
    if (!HAS(408) || (Flags & FLTFL_POST_OPERATION_DRAINING) == 0) {
        FltReleaseContext(CompletionContext);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}
#endif

#if EITHER(410)
static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    if (!HAS(410)) {
        FltReleaseFileNameInformation(*(PFLT_FILE_NAME_INFORMATION *)Context);
    }
}
#endif

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    ExDeleteResourceLite(&Resource);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_WRITE, 0, PreWrite, NULL},
#if EITHER(408)
    {IRP_MJ_DIRECTORY_CONTROL, 0, PreDirectory, PostDirectory},
#endif
    {IRP_MJ_OPERATION_END}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {{FLT_STREAMHANDLE_CONTEXT, 0, NULL, 64, 'xtCB'},
#if EITHER(410)
                                                    {FLT_INSTANCE_CONTEXT, 0, Cleanup, 64, 'xtCB'},
#endif
                                                    {FLT_CONTEXT_END}};
static const FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, Unload};

/* What a trace that is not shown is made of is not looked at: no finding, whatever the case. */
static VOID
Trace(VOID)
{
    PCHAR Page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, 'xtCB');

    if (Page != NULL) {
        RtlFillMemory(Page, PAGE_SIZE, 'x'); /* no end of a string */
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_TRACE_LEVEL, "%s\n", Page);
        ExFreePoolWithTag(Page, 'xtCB');
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = ExInitializeResourceLite(&Resource);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Trace();
    Status = FltRegisterFilter(Driver, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ExDeleteResourceLite(&Resource);
    }
    return Status;
}
