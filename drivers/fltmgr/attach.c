/*
 * attach.c - what contexts hang on: volumes, instances, and a structure of ours on streams, files and file objects.
 *
 * That structure (a carrier) is made when the first context is set, and goes with the stream, the file, or the file
 * object's close. A file system that keeps one stream in a file gives no file contexts of its own: the stream's
 * carrier stands in. [DDI: FltSetStreamContext, FltSetFileContext, FltSupportsFileContextsEx; IFS:
 * file-system-support-for-contexts; nt-semantics-2 1.7]
 */
#include "fltp.h"

static VOID
FltpDropCarrier(PFLTP_CARRIER Carrier)
{
    if (Carrier->Volume != NULL) {
        ExAcquireFastMutex(&Carrier->Volume->CarrierMutex);
        RemoveEntryList(&Carrier->VolumeLinks);
        ExReleaseFastMutex(&Carrier->Volume->CarrierMutex);
    }
    FltpRemoveContexts(&Carrier->List, NULL);
    FltpForgetNames(Carrier);
    ExFreePoolWithTag(Carrier, FLTP_TAG_CONTEXT);
}

/* The file system tears the stream or file down. */
static VOID NTAPI
FltpCarrierGone(PVOID Context)
{
    FltpDropCarrier(Context);
}

static PFLTP_CARRIER
FltpLookUp(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type)
{
    switch (Type) {
    case FLT_STREAM_CONTEXT:
        return (PFLTP_CARRIER)FsRtlLookupPerStreamContext(
            FsRtlGetPerStreamContextPointer(FileObject), Volume, NULL);
    case FLT_FILE_CONTEXT:
        return (PFLTP_CARRIER)FltpKernel.FsRtlLookupPerFileContext(
            FsRtlGetPerStreamContextPointer(FileObject)->FileContextSupportPointer, Volume, NULL);
    default:
        return (PFLTP_CARRIER)FsRtlLookupPerFileObjectContext(FileObject, Volume, NULL);
    }
}

PFLTP_CARRIER
FltpCarrier(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, BOOLEAN Create)
{
    PFLTP_CARRIER Carrier;
    NTSTATUS Status = STATUS_SUCCESS;

    if (FileObject == NULL || FileObject->FsContext == NULL ||
        (Type != FLT_STREAMHANDLE_CONTEXT && !FsRtlSupportsPerStreamContexts(FileObject))) {
        return NULL;
    }
    if (Type == FLT_FILE_CONTEXT && !FltSupportsFileContexts(FileObject)) {
        Type = FLT_STREAM_CONTEXT;
    }
    Carrier = FltpLookUp(Volume, FileObject, Type);
    if (Carrier != NULL || !Create) {
        return Carrier;
    }
    ExAcquireFastMutex(&Volume->CarrierMutex);
    Carrier = FltpLookUp(Volume, FileObject, Type);
    if (Carrier == NULL) {
        Carrier = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Carrier), FLTP_TAG_CONTEXT);
        if (Carrier != NULL) {
            RtlZeroMemory(Carrier, sizeof(*Carrier));
            Carrier->Volume = Volume;
            Carrier->Type = Type;
            FltpInitializeContextList(&Carrier->List);
            switch (Type) {
            case FLT_STREAM_CONTEXT:
                FsRtlInitPerStreamContext(&Carrier->Stream, Volume, Carrier, FltpCarrierGone);
                Status = FsRtlInsertPerStreamContext(FsRtlGetPerStreamContextPointer(FileObject),
                                                     &Carrier->Stream);
                break;
            case FLT_FILE_CONTEXT:
                Carrier->File.OwnerId = Volume;
                Carrier->File.InstanceId = Carrier;
                Carrier->File.FreeCallback = FltpCarrierGone;
                Status = FltpKernel.FsRtlInsertPerFileContext(
                    FsRtlGetPerStreamContextPointer(FileObject)->FileContextSupportPointer,
                    &Carrier->File);
                break;
            default:
                FsRtlInitPerFileObjectContext(&Carrier->Handle, Volume, Carrier);
                Status = FsRtlInsertPerFileObjectContext(FileObject, &Carrier->Handle);
                break;
            }
            if (NT_SUCCESS(Status)) {
                InsertTailList(&Volume->Carriers, &Carrier->VolumeLinks);
            } else {
                ExFreePoolWithTag(Carrier, FLTP_TAG_CONTEXT);
                Carrier = NULL;
            }
        }
    }
    ExReleaseFastMutex(&Volume->CarrierMutex);
    return Carrier;
}

/* The instance goes: what it has on streams, files and file objects. */
VOID
FltpForgetInstance(PFLT_INSTANCE Instance)
{
    PFLT_VOLUME Volume = Instance->Volume;
    PFLT_CONTEXT Context;
    PLIST_ENTRY Entry;

    do {
        Context = NULL;
        ExAcquireFastMutex(&Volume->CarrierMutex);
        for (Entry = Volume->Carriers.Flink; Entry != &Volume->Carriers && Context == NULL;
             Entry = Entry->Flink) {
            Context = FltpTakeContext(&CONTAINING_RECORD(Entry, FLTP_CARRIER, VolumeLinks)->List,
                                      Instance);
        }
        ExReleaseFastMutex(&Volume->CarrierMutex);
        if (Context != NULL) {
            FltReleaseContext(Context);
        }
    } while (Context != NULL);
}

/* The volume goes; streams may live on for a while. */
VOID
FltpForgetCarriers(PFLT_VOLUME Volume)
{
    ExAcquireFastMutex(&Volume->CarrierMutex);
    while (!IsListEmpty(&Volume->Carriers)) {
        CONTAINING_RECORD(RemoveHeadList(&Volume->Carriers), FLTP_CARRIER, VolumeLinks)->Volume =
            NULL;
    }
    ExReleaseFastMutex(&Volume->CarrierMutex);
}

/* A close is about to go below: the file object has no contexts from here on. */
VOID
FltpCloseFileObject(PFLT_VOLUME Volume, PFILE_OBJECT FileObject)
{
    PFLTP_CARRIER Carrier;

    if (FileObject == NULL) {
        return;
    }
    FltpForgetTarget(Volume, FileObject);
    Carrier = (PFLTP_CARRIER)FsRtlRemovePerFileObjectContext(FileObject, Volume, NULL);
    if (Carrier != NULL) {
        FltpDropCarrier(Carrier);
    }
}

/* The list for a context of this type; NULL and why not. */
static NTSTATUS
FltpListOf(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, BOOLEAN Create,
           PFLTP_CONTEXT_LIST *List)
{
    PFLTP_CARRIER Carrier;

    if (Create && Instance->TearingDown) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (FileObject == NULL || FileObject->FsContext == NULL ||
        (FileObject->Flags & FO_STREAM_FILE && Type == FLT_STREAMHANDLE_CONTEXT) ||
        (Type != FLT_STREAMHANDLE_CONTEXT && !FsRtlSupportsPerStreamContexts(FileObject))) {
        return STATUS_NOT_SUPPORTED; /* not opened yet, or the file system does not */
    }
    Carrier = FltpCarrier(Instance->Volume, FileObject, Type, Create);
    if (Carrier == NULL) {
        return Create ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOT_FOUND;
    }
    *List = &Carrier->List;
    return STATUS_SUCCESS;
}

#define FLTP_FILE_ROUTINES(What, Type)                                                             \
    NTSTATUS FLTAPI FltSet##What##Context(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,         \
                                          FLT_SET_CONTEXT_OPERATION Operation,                     \
                                          PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)       \
    {                                                                                              \
        PFLTP_CONTEXT_LIST List;                                                                   \
        NTSTATUS Status;                                                                           \
                                                                                                   \
        if (OldContext != NULL) {                                                                  \
            *OldContext = NULL;                                                                    \
        }                                                                                          \
        Status = FltpListOf(Instance, FileObject, Type, TRUE, &List);                              \
        return NT_SUCCESS(Status)                                                                  \
                   ? FltpSetContext(List, Instance, Type, Operation, NewContext, OldContext)       \
                   : Status;                                                                       \
    }                                                                                              \
                                                                                                   \
    NTSTATUS FLTAPI FltGet##What##Context(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,         \
                                          PFLT_CONTEXT *Context)                                   \
    {                                                                                              \
        PFLTP_CONTEXT_LIST List;                                                                   \
        NTSTATUS Status = FltpListOf(Instance, FileObject, Type, FALSE, &List);                    \
                                                                                                   \
        *Context = NULL;                                                                           \
        return NT_SUCCESS(Status) ? FltpGetContext(List, Instance, Type, Context) : Status;        \
    }                                                                                              \
                                                                                                   \
    NTSTATUS FLTAPI FltDelete##What##Context(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,      \
                                             PFLT_CONTEXT *OldContext)                             \
    {                                                                                              \
        PFLTP_CONTEXT_LIST List;                                                                   \
        NTSTATUS Status = FltpListOf(Instance, FileObject, Type, FALSE, &List);                    \
                                                                                                   \
        return NT_SUCCESS(Status) ? FltpDeleteContext(List, Instance, Type, OldContext) : Status;  \
    }

FLTP_FILE_ROUTINES(Stream, FLT_STREAM_CONTEXT)
FLTP_FILE_ROUTINES(StreamHandle, FLT_STREAMHANDLE_CONTEXT)
FLTP_FILE_ROUTINES(File, FLT_FILE_CONTEXT)

NTSTATUS FLTAPI
FltSetVolumeContext(PFLT_VOLUME Volume, FLT_SET_CONTEXT_OPERATION Operation,
                    PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    PFLT_FILTER Filter = CONTAINING_RECORD(NewContext, FLTP_CONTEXT, Body)->Filter;

    if (Volume->Detached) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    return FltpSetContext(&Volume->Contexts, Filter, FLT_VOLUME_CONTEXT, Operation, NewContext,
                          OldContext);
}

NTSTATUS FLTAPI
FltGetVolumeContext(PFLT_FILTER Filter, PFLT_VOLUME Volume, PFLT_CONTEXT *Context)
{
    return FltpGetContext(&Volume->Contexts, Filter, FLT_VOLUME_CONTEXT, Context);
}

NTSTATUS FLTAPI
FltDeleteVolumeContext(PFLT_FILTER Filter, PFLT_VOLUME Volume, PFLT_CONTEXT *OldContext)
{
    return FltpDeleteContext(&Volume->Contexts, Filter, FLT_VOLUME_CONTEXT, OldContext);
}

NTSTATUS FLTAPI
FltSetInstanceContext(PFLT_INSTANCE Instance, FLT_SET_CONTEXT_OPERATION Operation,
                      PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    if (Instance->TearingDown) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    return FltpSetContext(&Instance->Contexts, Instance, FLT_INSTANCE_CONTEXT, Operation,
                          NewContext, OldContext);
}

NTSTATUS FLTAPI
FltGetInstanceContext(PFLT_INSTANCE Instance, PFLT_CONTEXT *Context)
{
    return FltpGetContext(&Instance->Contexts, Instance, FLT_INSTANCE_CONTEXT, Context);
}

NTSTATUS FLTAPI
FltDeleteInstanceContext(PFLT_INSTANCE Instance, PFLT_CONTEXT *OldContext)
{
    return FltpDeleteContext(&Instance->Contexts, Instance, FLT_INSTANCE_CONTEXT, OldContext);
}

BOOLEAN FLTAPI
FltSupportsFileContexts(PFILE_OBJECT FileObject)
{
    return FltpKernel.FsRtlInsertPerFileContext != NULL &&
           FsRtlGetPerStreamContextPointer(FileObject) != NULL &&
           FsRtlGetPerStreamContextPointer(FileObject)->Version >= FSRTL_FCB_HEADER_V1 &&
           FsRtlGetPerStreamContextPointer(FileObject)->FileContextSupportPointer != NULL;
}

BOOLEAN FLTAPI
FltSupportsFileContextsEx(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    return FltSupportsFileContexts(FileObject) || FltSupportsStreamContexts(FileObject);
}

BOOLEAN FLTAPI
FltSupportsStreamContexts(PFILE_OBJECT FileObject)
{
    return FsRtlSupportsPerStreamContexts(FileObject) != 0;
}

BOOLEAN FLTAPI
FltSupportsStreamHandleContexts(PFILE_OBJECT FileObject)
{
    return FileObject->FsContext != NULL && (FileObject->Flags & FO_STREAM_FILE) == 0;
}

/* There are no transactions here, so nothing can be set on one. [nt-semantics-2 1.14] */
NTSTATUS FLTAPI
FltSetTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                         FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext,
                         PFLT_CONTEXT *OldContext)
{
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS FLTAPI
FltGetTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT *Context)
{
    *Context = NULL;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS FLTAPI
FltDeleteTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                            PFLT_CONTEXT *OldContext)
{
    return STATUS_NOT_SUPPORTED;
}

/* Whoever acknowledges a phase has been told of it; nobody has. */
static NTSTATUS
FltpNotEnlisted(PFLT_INSTANCE Instance)
{
    return Instance->Filter->Registration.TransactionNotificationCallback == NULL
               ? STATUS_INVALID_PARAMETER
               : STATUS_NOT_SUPPORTED;
}

NTSTATUS FLTAPI
FltEnlistInTransaction(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                       PFLT_CONTEXT TransactionContext, NOTIFICATION_MASK NotificationMask)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltCommitComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                  PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltCommitFinalizeComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                          PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltPrePrepareComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                      PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltPrepareComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                   PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltRollbackComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                    PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

NTSTATUS FLTAPI
FltRollbackEnlistment(PFLT_INSTANCE Instance, PKTRANSACTION Transaction,
                      PFLT_CONTEXT TransactionContext)
{
    return FltpNotEnlisted(Instance);
}

VOID FLTAPI
FltGetContexts(PCFLT_RELATED_OBJECTS FltObjects, FLT_CONTEXT_TYPE DesiredContexts,
               PFLT_RELATED_CONTEXTS Contexts)
{
    RtlZeroMemory(Contexts, sizeof(*Contexts));
    if (DesiredContexts & FLT_VOLUME_CONTEXT) {
        FltGetVolumeContext(FltObjects->Filter, FltObjects->Volume, &Contexts->VolumeContext);
    }
    if (DesiredContexts & FLT_INSTANCE_CONTEXT) {
        FltGetInstanceContext(FltObjects->Instance, &Contexts->InstanceContext);
    }
    if (DesiredContexts & FLT_FILE_CONTEXT) {
        FltGetFileContext(FltObjects->Instance, FltObjects->FileObject, &Contexts->FileContext);
    }
    if (DesiredContexts & FLT_STREAM_CONTEXT) {
        FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Contexts->StreamContext);
    }
    if (DesiredContexts & FLT_STREAMHANDLE_CONTEXT) {
        FltGetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject,
                                  &Contexts->StreamHandleContext);
    }
}

VOID FLTAPI
FltReleaseContexts(PFLT_RELATED_CONTEXTS Contexts)
{
    PFLT_CONTEXT *All[] = {&Contexts->VolumeContext,       &Contexts->InstanceContext,
                           &Contexts->FileContext,         &Contexts->StreamContext,
                           &Contexts->StreamHandleContext, &Contexts->TransactionContext};

    for (ULONG i = 0; i < RTL_NUMBER_OF(All); i++) {
        if (*All[i] != NULL) {
            FltReleaseContext(*All[i]);
            *All[i] = NULL;
        }
    }
}

NTSTATUS FLTAPI
FltGetContextsEx(PCFLT_RELATED_OBJECTS FltObjects, FLT_CONTEXT_TYPE DesiredContexts,
                 SIZE_T ContextsSize, PFLT_RELATED_CONTEXTS_EX Contexts)
{
    if (ContextsSize < sizeof(FLT_RELATED_CONTEXTS)) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlZeroMemory(Contexts, ContextsSize);
    FltGetContexts(FltObjects, DesiredContexts, (PFLT_RELATED_CONTEXTS)Contexts);
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltReleaseContextsEx(SIZE_T ContextsSize, PFLT_RELATED_CONTEXTS_EX Contexts)
{
    FltReleaseContexts((PFLT_RELATED_CONTEXTS)Contexts);
    if (ContextsSize >= sizeof(*Contexts) && Contexts->SectionContext != NULL) {
        FltReleaseContext(Contexts->SectionContext);
        Contexts->SectionContext = NULL;
    }
}
