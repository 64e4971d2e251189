/*
 * ccflush.c - what is dirty is written now, what is cached is forgotten. [ntifs: CcFlushCache, CcPurgeCacheSection,
 * CcCoherencyFlushAndPurgeCache]
 *
 *   F1  A flush asks the file system for its locks first (AcquireForCcFlush), unless the caller is the lazy writer.
 */
#include "ccp.h"

VOID NTAPI
CcFlushCache(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset, ULONG Length,
             PIO_STATUS_BLOCK IoStatus)
{
    PMI_CONTROL Control;
    ULONG64 Written = 0;
    NTSTATUS Status = STATUS_SUCCESS;
    PFILE_OBJECT FileObject;

    MiStepOnStream(SectionObjectPointer);
    Control = SectionObjectPointer->DataSectionObject;
    if (Control != NULL && (FileOffset == NULL || Length != 0)) {
        FileObject = MiControlFile(Control); /* which the control area keeps */
        MiReferenceControl(FileObject);
        Status = FsRtlAcquireFileForCcFlushEx(FileObject); /* F1 */
        if (NT_SUCCESS(Status)) {
            BOOLEAN Top = IoGetTopLevelIrp() == NULL;

            if (Top) {
                IoSetTopLevelIrp((PIRP)FSRTL_CACHE_TOP_LEVEL_IRP);
            }
            if (SectionObjectPointer->SharedCacheMap != NULL) {
                CcpWriteLog(SectionObjectPointer->SharedCacheMap,
                            FileOffset != NULL ? (ULONG64)FileOffset->QuadPart : 0,
                            FileOffset != NULL ? Length : 0);
            }
            Status = MiFlushControl(Control, FileOffset != NULL ? (ULONG64)FileOffset->QuadPart : 0,
                                    FileOffset != NULL ? Length : 0, &Written);
            if (Top) {
                IoSetTopLevelIrp(NULL);
            }
            FsRtlReleaseFileForCcFlush(FileObject);
        }
        MiBackOnStream(SectionObjectPointer);
        MiDereferenceControl(Control);
    }
    if (IoStatus != NULL) {
        IoStatus->Status = Status;
        IoStatus->Information = Written;
    }
}

BOOLEAN NTAPI
CcPurgeCacheSection(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset,
                    ULONG Length, ULONG Flags)
{
    PCCP_SHARED Shared;
    PMI_CONTROL Control;
    BOOLEAN Purged;

    MiStepOnStream(SectionObjectPointer);
    Control = SectionObjectPointer->DataSectionObject;
    Shared = SectionObjectPointer->SharedCacheMap;
    if (Control == NULL) {
        return TRUE;
    }
    if (Shared != NULL && Shared->Busy != 0) {
        return FALSE;
    }
    MiReferenceControl(MiControlFile(Control)); /* a purge waits for writes that are under way */
    if (Shared != NULL && (Flags & 1 /* UNINITIALIZE_CACHE_MAPS */)) {
        while (!IsListEmpty(&Shared->Private)) {
            CcpDropPrivate(
                Shared, CONTAINING_RECORD(Shared->Private.Flink, CCP_PRIVATE, Links)->FileObject);
        }
    }
    Purged = MiPurgeControl(Control, FileOffset != NULL ? (ULONG64)FileOffset->QuadPart : 0,
                            FileOffset != NULL ? Length : 0);
    if (Shared != NULL && (Flags & 1)) {
        Shared = SectionObjectPointer->SharedCacheMap; /* the lazy writer may have come meanwhile */
        if (Shared != NULL && Shared->OpenCount == 0 && !CcpTryDelete(Shared)) {
            CcpWakeLazyWriter();
        }
    }
    MiDereferenceControl(Control);
    return Purged;
}

/* [ntifs] STATUS_CACHE_PAGE_LOCKED, which is no error: written, but not all of it could be forgotten. */
VOID NTAPI
CcCoherencyFlushAndPurgeCache(PSECTION_OBJECT_POINTERS SectionObjectPointer,
                              PLARGE_INTEGER FileOffset, ULONG Length, PIO_STATUS_BLOCK IoStatus,
                              ULONG Flags)
{
    CcFlushCache(SectionObjectPointer, FileOffset, Length, IoStatus);
    if (NT_SUCCESS(IoStatus->Status) && !(Flags & CC_FLUSH_AND_PURGE_NO_PURGE) &&
        !CcPurgeCacheSection(SectionObjectPointer, FileOffset, Length, 0)) {
        IoStatus->Status = STATUS_CACHE_PAGE_LOCKED;
    }
}
