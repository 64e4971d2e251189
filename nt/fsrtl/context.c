/*
 * context.c - what filters hang on a file system's streams, files and file objects.
 *
 * A filter puts its structure on a list that the file system provides: FilterContexts of a stream's advanced header,
 * the pointer of a file (FileContextSupportPointer), or the file object's own. OwnerId and InstanceId are the key, and
 * NULL as InstanceId stands for any. The file system that tears the structure down calls each FreeCallback; the file
 * object's are the filter's to remove, before the close is over.
 * [ntifs: FsRtlInsertPerStreamContext, FsRtlTeardownPerStreamContexts, FsRtlInsertPerFileContext,
 * FsRtlInsertPerFileObjectContext; nt-semantics-2 1.7, 2.1]
 *
 *   X1  The newest is found first.
 *   X2  A FreeCallback runs without the list's lock, when its entry is off the list.
 */
#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/io.h"
#include "nt/fsrtl/fsrtlp.h"

VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK Lock);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK Lock);

/* The three kinds begin alike: links, owner, instance. */
typedef FSRTL_PER_STREAM_CONTEXT FSRTL_CONTEXT, *PFSRTL_CONTEXT;
C_ASSERT(FIELD_OFFSET(FSRTL_PER_FILEOBJECT_CONTEXT, InstanceId) ==
         FIELD_OFFSET(FSRTL_PER_STREAM_CONTEXT, InstanceId));
C_ASSERT(FIELD_OFFSET(FSRTL_PER_FILE_CONTEXT, FreeCallback) ==
         FIELD_OFFSET(FSRTL_PER_STREAM_CONTEXT, FreeCallback));

/* All contexts of a file, behind the PVOID that the file system has for it. */
typedef struct _FSRTL_FILE {
    EX_PUSH_LOCK Lock;
    LIST_ENTRY Contexts;
} FSRTL_FILE, *PFSRTL_FILE;

static PFSRTL_CONTEXT
FsRtlpFind(PLIST_ENTRY List, PVOID OwnerId, PVOID InstanceId)
{
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        PFSRTL_CONTEXT Context = CONTAINING_RECORD(Entry, FSRTL_CONTEXT, Links);

        if ((OwnerId == NULL || Context->OwnerId == OwnerId) &&
            (InstanceId == NULL || Context->InstanceId == InstanceId)) {
            return Context;
        }
    }
    return NULL;
}

static VOID
FsRtlpLock(PEX_PUSH_LOCK Lock, BOOLEAN Exclusive)
{
    KeEnterCriticalRegion();
    if (Exclusive) {
        ExfAcquirePushLockExclusive(Lock);
    } else {
        ExfAcquirePushLockShared(Lock);
    }
}

static VOID
FsRtlpUnlock(PEX_PUSH_LOCK Lock, BOOLEAN Exclusive)
{
    if (Exclusive) {
        ExfReleasePushLockExclusive(Lock);
    } else {
        ExfReleasePushLockShared(Lock);
    }
    KeLeaveCriticalRegion();
}

/* A header of version 0 has no push lock: its fast mutex guards the list. */
static VOID
FsRtlpLockStream(PFSRTL_ADVANCED_FCB_HEADER Header, BOOLEAN Exclusive)
{
    if (Header->Version >= FSRTL_FCB_HEADER_V1) {
        FsRtlpLock(&Header->PushLock, Exclusive);
    } else {
        ExAcquireFastMutex(Header->FastMutex);
    }
}

static VOID
FsRtlpUnlockStream(PFSRTL_ADVANCED_FCB_HEADER Header, BOOLEAN Exclusive)
{
    if (Header->Version >= FSRTL_FCB_HEADER_V1) {
        FsRtlpUnlock(&Header->PushLock, Exclusive);
    } else {
        ExReleaseFastMutex(Header->FastMutex);
    }
}

NTSTATUS NTAPI
FsRtlInsertPerStreamContext(PFSRTL_ADVANCED_FCB_HEADER PerStreamContext,
                            PFSRTL_PER_STREAM_CONTEXT Ptr)
{
    if (PerStreamContext == NULL ||
        (PerStreamContext->Flags2 & FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS) == 0) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    FsRtlpLockStream(PerStreamContext, TRUE);
    InsertHeadList(&PerStreamContext->FilterContexts, &Ptr->Links); /* X1 */
    FsRtlpUnlockStream(PerStreamContext, TRUE);
    return STATUS_SUCCESS;
}

PFSRTL_PER_STREAM_CONTEXT NTAPI
FsRtlLookupPerStreamContextInternal(PFSRTL_ADVANCED_FCB_HEADER StreamContext, PVOID OwnerId,
                                    PVOID InstanceId)
{
    PFSRTL_CONTEXT Context;

    FsRtlpLockStream(StreamContext, FALSE);
    Context = FsRtlpFind(&StreamContext->FilterContexts, OwnerId, InstanceId);
    FsRtlpUnlockStream(StreamContext, FALSE);
    return Context;
}

PFSRTL_PER_STREAM_CONTEXT NTAPI
FsRtlRemovePerStreamContext(PFSRTL_ADVANCED_FCB_HEADER StreamContext, PVOID OwnerId,
                            PVOID InstanceId)
{
    PFSRTL_CONTEXT Context;

    if (StreamContext == NULL ||
        (StreamContext->Flags2 & FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS) == 0) {
        return NULL;
    }
    FsRtlpLockStream(StreamContext, TRUE);
    Context = FsRtlpFind(&StreamContext->FilterContexts, OwnerId, InstanceId);
    if (Context != NULL) {
        RemoveEntryList(&Context->Links);
    }
    FsRtlpUnlockStream(StreamContext, TRUE);
    return Context;
}

VOID NTAPI
FsRtlTeardownPerStreamContexts(PFSRTL_ADVANCED_FCB_HEADER AdvancedHeader)
{
    for (;;) {
        PFSRTL_CONTEXT Context = NULL;

        FsRtlpLockStream(AdvancedHeader, TRUE);
        if (!IsListEmpty(&AdvancedHeader->FilterContexts)) {
            Context = CONTAINING_RECORD(RemoveHeadList(&AdvancedHeader->FilterContexts),
                                        FSRTL_CONTEXT, Links);
        }
        FsRtlpUnlockStream(AdvancedHeader, TRUE);
        if (Context == NULL) {
            return;
        }
        Context->FreeCallback(Context); /* X2 */
    }
}

NTSTATUS NTAPI
FsRtlInsertPerFileContext(PVOID *PerFileContextPointer, PFSRTL_PER_FILE_CONTEXT Ptr)
{
    PFSRTL_FILE File;

    if (PerFileContextPointer == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (*PerFileContextPointer == NULL) {
        File = ExAllocatePoolWithTag(NonPagedPool, sizeof(*File), TAG_FSRTL);
        if (File == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        ExInitializePushLock(&File->Lock);
        InitializeListHead(&File->Contexts);
        if (InterlockedCompareExchangePointer(PerFileContextPointer, File, NULL) != NULL) {
            ExFreePoolWithTag(File, TAG_FSRTL);
        }
    }
    File = *PerFileContextPointer;
    FsRtlpLock(&File->Lock, TRUE);
    InsertHeadList(&File->Contexts, &Ptr->Links); /* X1 */
    FsRtlpUnlock(&File->Lock, TRUE);
    return STATUS_SUCCESS;
}

PFSRTL_PER_FILE_CONTEXT NTAPI
FsRtlLookupPerFileContext(PVOID *PerFileContextPointer, PVOID OwnerId, PVOID InstanceId)
{
    PFSRTL_FILE File = PerFileContextPointer != NULL ? *PerFileContextPointer : NULL;
    PFSRTL_CONTEXT Context;

    if (File == NULL) {
        return NULL;
    }
    FsRtlpLock(&File->Lock, FALSE);
    Context = FsRtlpFind(&File->Contexts, OwnerId, InstanceId);
    FsRtlpUnlock(&File->Lock, FALSE);
    return (PFSRTL_PER_FILE_CONTEXT)Context;
}

PFSRTL_PER_FILE_CONTEXT NTAPI
FsRtlRemovePerFileContext(PVOID *PerFileContextPointer, PVOID OwnerId, PVOID InstanceId)
{
    PFSRTL_FILE File = PerFileContextPointer != NULL ? *PerFileContextPointer : NULL;
    PFSRTL_CONTEXT Context;

    if (File == NULL) {
        return NULL;
    }
    FsRtlpLock(&File->Lock, TRUE);
    Context = FsRtlpFind(&File->Contexts, OwnerId, InstanceId);
    if (Context != NULL) {
        RemoveEntryList(&Context->Links);
    }
    FsRtlpUnlock(&File->Lock, TRUE);
    return (PFSRTL_PER_FILE_CONTEXT)Context;
}

VOID NTAPI
FsRtlTeardownPerFileContexts(PVOID *PerFileContextPointer)
{
    PFSRTL_FILE File = *PerFileContextPointer;

    if (File == NULL) {
        return;
    }
    while (!IsListEmpty(&File->Contexts)) {
        PFSRTL_CONTEXT Context =
            CONTAINING_RECORD(RemoveHeadList(&File->Contexts), FSRTL_CONTEXT, Links);

        Context->FreeCallback(Context); /* X2 */
    }
    *PerFileContextPointer = NULL;
    ExFreePoolWithTag(File, TAG_FSRTL);
}

NTSTATUS NTAPI
FsRtlInsertPerFileObjectContext(PFILE_OBJECT FileObject, PFSRTL_PER_FILEOBJECT_CONTEXT Ptr)
{
    KIRQL OldIrql;

    if (FileObject == NULL || Ptr == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    KeAcquireSpinLock(&FileObject->IrpListLock, &OldIrql);
    InsertHeadList(IopFileContexts(FileObject), &Ptr->Links); /* X1 */
    KeReleaseSpinLock(&FileObject->IrpListLock, OldIrql);
    return STATUS_SUCCESS;
}

static PFSRTL_PER_FILEOBJECT_CONTEXT
FsRtlpFileObjectContext(PFILE_OBJECT FileObject, PVOID OwnerId, PVOID InstanceId, BOOLEAN Remove)
{
    PFSRTL_CONTEXT Context;
    KIRQL OldIrql;

    if (FileObject == NULL) {
        return NULL;
    }
    KeAcquireSpinLock(&FileObject->IrpListLock, &OldIrql);
    Context = FsRtlpFind(IopFileContexts(FileObject), OwnerId, InstanceId);
    if (Context != NULL && Remove) {
        RemoveEntryList(&Context->Links);
    }
    KeReleaseSpinLock(&FileObject->IrpListLock, OldIrql);
    return (PFSRTL_PER_FILEOBJECT_CONTEXT)Context;
}

PFSRTL_PER_FILEOBJECT_CONTEXT NTAPI
FsRtlLookupPerFileObjectContext(PFILE_OBJECT FileObject, PVOID OwnerId, PVOID InstanceId)
{
    return FsRtlpFileObjectContext(FileObject, OwnerId, InstanceId, FALSE);
}

PFSRTL_PER_FILEOBJECT_CONTEXT NTAPI
FsRtlRemovePerFileObjectContext(PFILE_OBJECT FileObject, PVOID OwnerId, PVOID InstanceId)
{
    return FsRtlpFileObjectContext(FileObject, OwnerId, InstanceId, TRUE);
}
