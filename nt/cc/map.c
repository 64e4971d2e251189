/*
 * map.c - cache maps: who caches a stream. [ntifs: CcInitializeCacheMap, CcUninitializeCacheMap, CcSetFileSizes]
 */
#include "ccp.h"

PCCP_SHARED
CcpShared(PFILE_OBJECT FileObject)
{
    PCCP_SHARED Shared = FileObject->SectionObjectPointer->SharedCacheMap;

    DRIVER_REQUIRE(Shared != NULL, CACHE_MANAGER, 0, (ULONG_PTR)FileObject, 0, 0);
    return Shared;
}

PCCP_SHARED
CcpStep(PFILE_OBJECT FileObject)
{
    MiStepOnStream(FileObject->SectionObjectPointer);
    return CcpShared(FileObject);
}

VOID NTAPI
CcInitializeCacheMap(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes, BOOLEAN PinAccess,
                     PCACHE_MANAGER_CALLBACKS Callbacks, PVOID LazyWriteContext)
{
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PCCP_SHARED Shared;
    PCCP_PRIVATE Private;

    MiStepOnStream(Pointers);
    Shared = Pointers->SharedCacheMap;
    if (Shared == NULL) {
        Shared = ExpAllocate(sizeof(*Shared), CCP_TAG);
        Shared->NodeTypeCode = 0x2FF;
        Shared->NodeByteSize = sizeof(*Shared);
        Shared->FileSize = FileSizes->FileSize;
        Shared->SectionSize = FileSizes->AllocationSize;
        Shared->ValidDataLength = FileSizes->ValidDataLength;
        Shared->Pointers = Pointers;
        Shared->Callbacks = Callbacks;
        Shared->LazyWriteContext = LazyWriteContext;
        Shared->PinAccess = PinAccess;
        InitializeListHead(&Shared->Bcbs);
        InitializeListHead(&Shared->Private);
        InitializeListHead(&Shared->Logged);
        Shared->Control = MiReferenceControl(FileObject);
        Shared->FileObject = MiControlFile(Shared->Control);
        MiSetCached(Shared->Control, TRUE);
        InsertTailList(&CcpMaps, &Shared->Links);
        Pointers->SharedCacheMap = Shared;
        if (MiDirtyCount(Shared->Control) != 0) {
            CcpWakeLazyWriter(); /* what a view has left behind is ours now */
        }
    }
    if (FileObject->PrivateCacheMap == NULL) {
        Private = ExpAllocate(sizeof(*Private), CCP_TAG);
        Private->NodeTypeCode = 0x2FE;
        Private->NodeByteSize = sizeof(*Private);
        Private->ReadAheadMask = PAGE_SIZE - 1;
        Private->FileObject = FileObject;
        InsertTailList(&Shared->Private, &Private->Links);
        FileObject->PrivateCacheMap = Private;
        Shared->OpenCount++;
    }
}

VOID
CcpDropPrivate(PCCP_SHARED Shared, PFILE_OBJECT FileObject)
{
    PCCP_PRIVATE Private = FileObject->PrivateCacheMap;

    FileObject->PrivateCacheMap = NULL;
    RemoveEntryList(&Private->Links);
    ExpFree(Private);
    Shared->OpenCount--;
}

/* C1. The caller has passed MiStepOnStream. */
BOOLEAN
CcpTryDelete(PCCP_SHARED Shared)
{
    PCACHE_UNINITIALIZE_EVENT Event, Next;

    if (Shared->OpenCount != 0 || Shared->Busy != 0 || MiDirtyCount(Shared->Control) != 0) {
        return FALSE;
    }
    RemoveEntryList(&Shared->Links);
    Shared->Pointers->SharedCacheMap = NULL;
    Event = Shared->Events;
    CcpForgetLog(Shared);
    MiSetCached(Shared->Control, FALSE);
    MiDereferenceControl(Shared->Control);
    ExpFree(Shared);
    for (; Event != NULL; Event = Next) {
        Next = Event->Next;
        KeSetEvent(&Event->Event, IO_NO_INCREMENT, FALSE);
    }
    return TRUE;
}

BOOLEAN NTAPI
CcUninitializeCacheMap(PFILE_OBJECT FileObject, PLARGE_INTEGER TruncateSize,
                       PCACHE_UNINITIALIZE_EVENT UninitializeEvent)
{
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PCCP_SHARED Shared;

    if (Pointers == NULL) {
        return FALSE;
    }
    MiStepOnStream(Pointers);
    Shared = Pointers->SharedCacheMap;
    if (FileObject->PrivateCacheMap != NULL) {
        CcpDropPrivate(Shared, FileObject);
    }
    if (Shared == NULL) {
        if (UninitializeEvent != NULL) {
            KeSetEvent(&UninitializeEvent->Event, IO_NO_INCREMENT, FALSE);
        }
        return FALSE;
    }
    if (TruncateSize != NULL && Shared->OpenCount == 0) {
        Shared->Busy++; /* the lazy writer must not take it away while the purge waits */
        if (MiPurgeControl(
                Shared->Control,
                ((ULONG64)TruncateSize->QuadPart + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1), 0)) {
            Shared->FileSize = *TruncateSize;
        }
        Shared->Busy--;
    }
    if (UninitializeEvent != NULL) {
        UninitializeEvent->Next = Shared->Events;
        Shared->Events = UninitializeEvent;
    }
    if (CcpTryDelete(Shared)) {
        return TRUE;
    }
    if (Shared->OpenCount == 0) {
        CcpWakeLazyWriter();
    }
    return FALSE;
}

/* What memory has of a file beyond its end. May wait: the caller holds the control area. */
static VOID
CcpCut(PMI_CONTROL Control, ULONG64 Size)
{
    ULONG64 Tail = Size % PAGE_SIZE;

    MiPurgeControl(Control, (Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1), 0);
    if (Tail != 0 && MiIsValid(Control, Size, 1)) {
        RtlZeroMemory(MiFilePointer(Control, Size), PAGE_SIZE - Tail);
    }
}

/* The sizes of the file as the file system has them now. What lies beyond the end is thrown away, also if only views know
 * of the file. */
VOID NTAPI
CcSetFileSizes(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes)
{
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PCCP_SHARED Shared;
    ULONG64 New = (ULONG64)FileSizes->FileSize.QuadPart;

    MiStepOnStream(Pointers);
    Shared = Pointers->SharedCacheMap;
    if (Shared == NULL) {
        PMI_CONTROL Control = Pointers->DataSectionObject;

        if (Control != NULL) {
            MiReferenceControl(MiControlFile(Control));
            MiExtendSection(Control, New);
            CcpCut(Control, New);
            MiDereferenceControl(Control);
        }
        return;
    }
    Shared->Busy++; /* as above */
    if (New < (ULONG64)Shared->FileSize.QuadPart) {
        CcpCut(Shared->Control, New);
    }
    MiExtendSection(Shared->Control, New);
    Shared->FileSize = FileSizes->FileSize;
    Shared->SectionSize = FileSizes->AllocationSize;
    Shared->ValidDataLength = FileSizes->ValidDataLength;
    Shared->Busy--;
    CcpTryDelete(Shared);
}

NTSTATUS NTAPI
CcSetFileSizesEx(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes)
{
    CcSetFileSizes(FileObject, FileSizes);
    return STATUS_SUCCESS;
}

VOID NTAPI
CcSetReadAheadGranularity(PFILE_OBJECT FileObject, ULONG Granularity)
{
    PCCP_PRIVATE Private = FileObject->PrivateCacheMap;

    Private->ReadAheadMask = Granularity - 1;
}

VOID NTAPI
CcSetAdditionalCacheAttributes(PFILE_OBJECT FileObject, BOOLEAN DisableReadAhead,
                               BOOLEAN DisableWriteBehind)
{
    PCCP_SHARED Shared = CcpShared(FileObject);

    Shared->DisableReadAhead = DisableReadAhead;
    Shared->DisableWriteBehind = DisableWriteBehind;
}

VOID NTAPI
CcSetDirtyPageThreshold(PFILE_OBJECT FileObject, ULONG DirtyPageThreshold)
{
    CcpShared(FileObject)->DirtyThreshold = DirtyPageThreshold;
}

PFILE_OBJECT NTAPI
CcGetFileObjectFromSectionPtrs(PSECTION_OBJECT_POINTERS SectionObjectPointer)
{
    PCCP_SHARED Shared = SectionObjectPointer->SharedCacheMap;

    return Shared != NULL ? Shared->FileObject : NULL;
}

PFILE_OBJECT NTAPI
CcGetFileObjectFromSectionPtrsRef(PSECTION_OBJECT_POINTERS SectionObjectPointer)
{
    PFILE_OBJECT FileObject = CcGetFileObjectFromSectionPtrs(SectionObjectPointer);

    if (FileObject != NULL) {
        ObReferenceObject(FileObject);
    }
    return FileObject;
}

LARGE_INTEGER NTAPI
CcGetFlushedValidData(PSECTION_OBJECT_POINTERS SectionObjectPointer, BOOLEAN BcbListHeld)
{
    PCCP_SHARED Shared = SectionObjectPointer->SharedCacheMap;

    return Shared != NULL ? Shared->ValidDataLength : (LARGE_INTEGER){.QuadPart = MAXLONGLONG};
}

VOID NTAPI
CcSetParallelFlushFile(PFILE_OBJECT FileObject, BOOLEAN EnableParallelFlush)
{
}
