/*
 * context.c - contexts: allocated, counted, freed; hung on a list and taken off it.
 *
 * FltAllocateContext gives one reference to the caller; being hung on something is another. The last one gone, the
 * cleanup callback runs at <= APC_LEVEL and the memory is freed. A context holds its filter: FltUnregisterFilter
 * waits for what was not released. [DDI: FltAllocateContext, FltReleaseContext, FltSetStreamContext; IFS:
 * referencing-contexts, registering-context-types; nt-semantics-2 1.7]
 *
 *   X1  Links, List and Owner are under the Mutex of the list; a context hangs on one thing at most.
 *   X2  Cleanup callbacks run without locks.
 */
#include "fltp.h"

#define FLTP_CONTEXT_SIGNATURE 0x4358
#define FLTP_CONTEXT_FREED     0xDEAD

static PFLTP_CONTEXT
FltpContext(PFLT_CONTEXT Context)
{
    PFLTP_CONTEXT Header = CONTAINING_RECORD(Context, FLTP_CONTEXT, Body);

    if (Header->Signature != FLTP_CONTEXT_SIGNATURE) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, 0x6E, (ULONG_PTR)Context, 0, 0);
    }
    return Header;
}

VOID
FltpInitializeContextList(PFLTP_CONTEXT_LIST List)
{
    ExInitializeFastMutex(&List->Mutex);
    InitializeListHead(&List->Contexts);
}

static const FLT_CONTEXT_REGISTRATION *
FltpFindRegistration(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type, SIZE_T Size)
{
    const FLT_CONTEXT_REGISTRATION *Registration = Filter->Registration.ContextRegistration;
    const FLT_CONTEXT_REGISTRATION *Best = NULL, *Variable = NULL;

    for (; Registration != NULL && Registration->ContextType != FLT_CONTEXT_END; Registration++) {
        if (Registration->ContextType != Type) {
            continue;
        }
        if (Registration->ContextAllocateCallback != NULL ||
            Registration->Size == FLT_VARIABLE_SIZED_CONTEXTS) {
            Variable = Registration;
        } else if (Registration->Size == Size) {
            return Registration;
        } else if ((Registration->Flags & FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH) &&
                   Registration->Size > Size && (Best == NULL || Registration->Size < Best->Size)) {
            Best = Registration;
        }
    }
    return Best != NULL ? Best : Variable;
}

NTSTATUS FLTAPI
FltAllocateContext(PFLT_FILTER Filter, FLT_CONTEXT_TYPE ContextType, SIZE_T ContextSize,
                   POOL_TYPE PoolType, PFLT_CONTEXT *ReturnedContext)
{
    const FLT_CONTEXT_REGISTRATION *Registration;
    SIZE_T Size, Whole;
    PFLTP_CONTEXT Header;
    KIRQL OldIrql;

    *ReturnedContext = NULL;
    if (ContextSize > MAXUSHORT) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    if (ContextSize == 0 || (ContextType == FLT_VOLUME_CONTEXT && (PoolType & 1) == PagedPool)) {
        return STATUS_INVALID_PARAMETER;
    }
    Registration = FltpFindRegistration(Filter, ContextType, ContextSize);
    if (Registration == NULL) {
        return STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND;
    }
    if (!ExAcquireRundownProtection(&Filter->Header.Rundown)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    Size = Registration->Size == FLT_VARIABLE_SIZED_CONTEXTS || Registration->Size < ContextSize
               ? ContextSize
               : Registration->Size;
    Whole = FIELD_OFFSET(FLTP_CONTEXT, Body) + Size;
    Header = Registration->ContextAllocateCallback != NULL
                 ? Registration->ContextAllocateCallback(PoolType, Whole, ContextType)
                 : ExAllocatePoolWithTag(PoolType, Whole,
                                         Registration->PoolTag != 0 ? Registration->PoolTag
                                                                    : FLTP_TAG_CONTEXT);
    if (Header == NULL) {
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Header, FIELD_OFFSET(FLTP_CONTEXT, Body));
    if (FltpSystem.dwBuildNumber >= 22000 && Registration->Size == FLT_VARIABLE_SIZED_CONTEXTS) {
        RtlZeroMemory(Header->Body, Size); /* guaranteed from 11 on */
    }
    Header->Filter = Filter;
    Header->Registration = Registration;
    Header->References = 1;
    Header->Type = ContextType;
    Header->Signature = FLTP_CONTEXT_SIGNATURE;
    Header->PoolType = PoolType;
    KeAcquireSpinLock(&Filter->ContextLock, &OldIrql);
    InsertTailList(&Filter->Contexts, &Header->FilterLinks);
    KeReleaseSpinLock(&Filter->ContextLock, OldIrql);
    *ReturnedContext = Header->Body;
    return STATUS_SUCCESS;
}

static VOID
FltpFreeContext(PFLTP_CONTEXT Header)
{
    const FLT_CONTEXT_REGISTRATION *Registration = Header->Registration;
    PFLT_FILTER Filter = Header->Filter;
    FLT_CONTEXT_TYPE Type = Header->Type;
    KIRQL OldIrql;

    if (Registration->ContextCleanupCallback != NULL) {
        Registration->ContextCleanupCallback(Header->Body, Type); /* X2 */
    }
    KeAcquireSpinLock(&Filter->ContextLock, &OldIrql);
    RemoveEntryList(&Header->FilterLinks);
    KeReleaseSpinLock(&Filter->ContextLock, OldIrql);
    Header->Signature = FLTP_CONTEXT_FREED;
    if (Registration->ContextAllocateCallback != NULL &&
        Registration->ContextFreeCallback != NULL) {
        Registration->ContextFreeCallback(Header, Type);
    } else {
        ExFreePool(Header);
    }
    ExReleaseRundownProtection(&Filter->Header.Rundown);
}

static VOID NTAPI
FltpFreeWorker(PVOID Parameter)
{
    FltpFreeContext(Parameter);
}

VOID FLTAPI
FltReferenceContext(PFLT_CONTEXT Context)
{
    InterlockedIncrement(&FltpContext(Context)->References);
}

VOID FLTAPI
FltReleaseContext(PFLT_CONTEXT Context)
{
    PFLTP_CONTEXT Header = FltpContext(Context);
    LONG Left = InterlockedDecrement(&Header->References);

    if (Left < 0) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, 0x6D, (ULONG_PTR)Context, (ULONG_PTR)Header, 0);
    }
    if (Left == 0) {
        if (KeGetCurrentIrql() > APC_LEVEL) {
            ExInitializeWorkItem(&Header->Item, FltpFreeWorker, Header);
            ExQueueWorkItem(&Header->Item, DelayedWorkQueue);
        } else {
            FltpFreeContext(Header);
        }
    }
}

static PFLTP_CONTEXT
FltpFindContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type)
{
    for (PLIST_ENTRY Entry = List->Contexts.Flink; Entry != &List->Contexts; Entry = Entry->Flink) {
        PFLTP_CONTEXT Header = CONTAINING_RECORD(Entry, FLTP_CONTEXT, Links);

        if (Header->Owner == Owner && Header->Type == Type) {
            return Header;
        }
    }
    return NULL;
}

static VOID
FltpUnhang(PFLTP_CONTEXT Header)
{
    RemoveEntryList(&Header->Links);
    Header->List = NULL;
    Header->Owner = NULL;
}

NTSTATUS
FltpSetContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type,
               FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext,
               PFLT_CONTEXT *OldContext)
{
    PFLTP_CONTEXT Header = FltpContext(NewContext), Existing;
    NTSTATUS Status = STATUS_SUCCESS;

    if (OldContext != NULL) {
        *OldContext = NULL;
    }
    if (Header->Type != Type || (Operation != FLT_SET_CONTEXT_KEEP_IF_EXISTS &&
                                 Operation != FLT_SET_CONTEXT_REPLACE_IF_EXISTS)) {
        return STATUS_INVALID_PARAMETER;
    }
    ExAcquireFastMutex(&List->Mutex);
    Existing = FltpFindContext(List, Owner, Type);
    if (Header->List != NULL) {
        Status = STATUS_FLT_CONTEXT_ALREADY_LINKED;
        Existing = NULL;
    } else if (Existing != NULL && Operation == FLT_SET_CONTEXT_KEEP_IF_EXISTS) {
        Status = STATUS_FLT_CONTEXT_ALREADY_DEFINED;
        if (OldContext != NULL) {
            InterlockedIncrement(&Existing->References);
            *OldContext = Existing->Body;
        }
        Existing = NULL;
    } else {
        if (Existing != NULL) {
            FltpUnhang(Existing);
        }
        InsertTailList(&List->Contexts, &Header->Links);
        Header->List = List;
        Header->Owner = Owner;
        InterlockedIncrement(&Header->References);
    }
    ExReleaseFastMutex(&List->Mutex);
    if (Existing != NULL) {
        if (OldContext != NULL) {
            *OldContext = Existing->Body; /* with the reference that the object had */
        } else {
            FltReleaseContext(Existing->Body);
        }
    }
    return Status;
}

NTSTATUS
FltpGetContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context)
{
    PFLTP_CONTEXT Header;

    *Context = NULL;
    ExAcquireFastMutex(&List->Mutex);
    Header = FltpFindContext(List, Owner, Type);
    if (Header != NULL) {
        InterlockedIncrement(&Header->References);
        *Context = Header->Body;
    }
    ExReleaseFastMutex(&List->Mutex);
    return Header != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

NTSTATUS
FltpDeleteContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type,
                  PFLT_CONTEXT *OldContext)
{
    PFLTP_CONTEXT Header;

    if (OldContext != NULL) {
        *OldContext = NULL;
    }
    ExAcquireFastMutex(&List->Mutex);
    Header = FltpFindContext(List, Owner, Type);
    if (Header != NULL) {
        FltpUnhang(Header);
    }
    ExReleaseFastMutex(&List->Mutex);
    if (Header == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (OldContext != NULL) {
        *OldContext = Header->Body;
    } else {
        FltReleaseContext(Header->Body);
    }
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltDeleteContext(PFLT_CONTEXT Context)
{
    PFLTP_CONTEXT Header = FltpContext(Context);
    PFLTP_CONTEXT_LIST List = Header->List;
    BOOLEAN Hung = FALSE;

    if (List == NULL || Header->Type == FLT_SECTION_CONTEXT) {
        return;
    }
    ExAcquireFastMutex(&List->Mutex);
    if (Header->List == List) {
        FltpUnhang(Header);
        Hung = TRUE;
    }
    ExReleaseFastMutex(&List->Mutex);
    if (Hung) {
        FltReleaseContext(Context);
    }
}

/* One context of Owner (NULL: of anybody) off the list, with the list's reference; NULL: there is none. */
PFLT_CONTEXT
FltpTakeContext(PFLTP_CONTEXT_LIST List, PVOID Owner)
{
    PFLTP_CONTEXT Found = NULL;

    ExAcquireFastMutex(&List->Mutex);
    for (PLIST_ENTRY Entry = List->Contexts.Flink; Entry != &List->Contexts && Found == NULL;
         Entry = Entry->Flink) {
        PFLTP_CONTEXT Header = CONTAINING_RECORD(Entry, FLTP_CONTEXT, Links);

        if (Owner == NULL || Header->Owner == Owner) {
            Found = Header;
        }
    }
    if (Found != NULL) {
        FltpUnhang(Found);
    }
    ExReleaseFastMutex(&List->Mutex);
    return Found != NULL ? Found->Body : NULL;
}

VOID
FltpRemoveContexts(PFLTP_CONTEXT_LIST List, PVOID Owner)
{
    PFLT_CONTEXT Context;

    while ((Context = FltpTakeContext(List, Owner)) != NULL) {
        FltReleaseContext(Context);
    }
}
