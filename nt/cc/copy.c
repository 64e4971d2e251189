/*
 * copy.c - between the cache and buffers. [ntifs: CcCopyRead, CcCopyWrite, CcZeroData, CcScheduleReadAhead]
 *
 *   P1  A page that begins at or behind ValidDataLength, or that is written whole, is not read first.
 *   P2  A page is marked dirty before the copy, so that the lazy writer can see it, and after it: the buffer's own
 *       faults may have waited, and the page may have been written meanwhile.
 */
#include "ccp.h"

static VOID
CcpRaise(NTSTATUS Status)
{
    ExRaiseStatus(FsRtlNormalizeNtstatus(Status, STATUS_UNEXPECTED_IO_ERROR));
}

/* A buffer that is not there is STATUS_INVALID_USER_BUFFER for the file system's caller. If it is a view of a file, this may wait. */
static VOID
CcpCopy(PFILE_OBJECT FileObject, PVOID To, const VOID *From, ULONG Length)
{
    ULONG Faults = PspCurrentThread()->FileFaults;

    __try {
        RtlCopyMemory(To, From, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        ExRaiseStatus(FsRtlNormalizeNtstatus(GetExceptionCode(), STATUS_INVALID_USER_BUFFER));
    }
    if (PspCurrentThread()->FileFaults != Faults) {
        MiBackOnStream(FileObject->SectionObjectPointer);
    }
}

BOOLEAN NTAPI
CcCopyRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
           PVOID Buffer, PIO_STATUS_BLOCK IoStatus)
{
    PCCP_SHARED Shared;
    PCCP_PRIVATE Private = FileObject->PrivateCacheMap;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart;
    PUCHAR To = Buffer;
    ULONG Left = Length;
    NTSTATUS Status;

    Shared = CcpStep(FileObject);
    if (!Wait && !MiIsValid(Shared->Control, Offset, Length)) {
        return FALSE;
    }
    while (Left != 0) {
        ULONG Part = (ULONG)min((ULONG64)Left, PAGE_SIZE - Offset % PAGE_SIZE);

        if (!MiIsValid(Shared->Control, Offset, 1)) {
            Status = MiMakeValid(Shared->Control, Offset, Left);
            if (!NT_SUCCESS(Status)) {
                CcpRaise(Status);
            }
        }
        CcpCopy(FileObject, To, MiFilePointer(Shared->Control, Offset), Part);
        To += Part;
        Offset += Part;
        Left -= Part;
    }
    if (Private != NULL) {
        BOOLEAN Sequential = Private->LastEnd.QuadPart == FileOffset->QuadPart;

        Private->LastEnd.QuadPart = FileOffset->QuadPart + Length;
        if (Sequential && (FileObject->Flags & FO_SEQUENTIAL_ONLY)) {
            CcScheduleReadAhead(FileObject, FileOffset, Length);
        }
    }
    IoStatus->Status = STATUS_SUCCESS;
    IoStatus->Information = Length;
    return TRUE;
}

VOID NTAPI
CcFastCopyRead(PFILE_OBJECT FileObject, ULONG FileOffset, ULONG Length, ULONG PageCount,
               PVOID Buffer, PIO_STATUS_BLOCK IoStatus)
{
    LARGE_INTEGER Offset = {.QuadPart = FileOffset};

    CcCopyRead(FileObject, &Offset, Length, TRUE, Buffer, IoStatus);
}

/* The page of Offset, ready to take Part bytes: P1. */
static VOID
CcpPrepare(PCCP_SHARED Shared, ULONG64 Offset, ULONG Part)
{
    ULONG64 Page = Offset & ~(ULONG64)(PAGE_SIZE - 1);
    NTSTATUS Status;

    if (Part == PAGE_SIZE || Page >= (ULONG64)Shared->ValidDataLength.QuadPart) {
        Status = MiMakeZero(Shared->Control, Page);
    } else {
        Status = MiMakeValid(Shared->Control, Page, PAGE_SIZE);
    }
    if (!NT_SUCCESS(Status)) {
        CcpRaise(Status);
    }
}

BOOLEAN NTAPI
CcCopyWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
            PVOID Buffer)
{
    PCCP_SHARED Shared;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart;
    PUCHAR From = Buffer;
    ULONG Left = Length;

    Shared = CcpStep(FileObject);
    if (!Wait &&
        ((FileObject->Flags & FO_WRITE_THROUGH) || !MiIsValid(Shared->Control, Offset, Length))) {
        return FALSE;
    }
    while (Left != 0) {
        ULONG Part = (ULONG)min((ULONG64)Left, PAGE_SIZE - Offset % PAGE_SIZE);

        CcpPrepare(Shared, Offset, Part);
        MiMarkDirty(Shared->Control, Offset, Part); /* P2 */
        CcpCopy(FileObject, MiFilePointer(Shared->Control, Offset), From, Part);
        MiMarkDirty(Shared->Control, Offset, Part);
        From += Part;
        Offset += Part;
        Left -= Part;
    }
    if (FileObject->Flags & FO_WRITE_THROUGH) {
        ULONG64 Written;
        NTSTATUS Status =
            MiFlushControl(Shared->Control, (ULONG64)FileOffset->QuadPart, Length, &Written);

        if (!NT_SUCCESS(Status)) {
            CcpRaise(Status);
        }
    }
    return TRUE;
}

VOID NTAPI
CcFastCopyWrite(PFILE_OBJECT FileObject, ULONG FileOffset, ULONG Length, PVOID Buffer)
{
    LARGE_INTEGER Offset = {.QuadPart = FileOffset};

    CcCopyWrite(FileObject, &Offset, Length, TRUE, Buffer);
}

/* A file that is not cached by this file object: zeros go to the disk, in sectors. */
static VOID
CcpZeroDisk(PFILE_OBJECT FileObject, ULONG64 Offset, ULONG64 End)
{
    DRIVER_REQUIRE(((Offset | End) & 511) == 0, CACHE_MANAGER, 1, Offset, End, 0);
    while (Offset < End) {
        ULONG Part = (ULONG)min(End - Offset, 0x10000ull);
        LARGE_INTEGER At = {.QuadPart = (LONGLONG)Offset};
        IO_STATUS_BLOCK Iosb;
        NTSTATUS Status;
        PVOID Zeros = ExpAllocate(Part, CCP_TAG);
        PMDL Mdl = IoAllocateMdl(Zeros, Part, FALSE, FALSE, NULL);

        MmBuildMdlForNonPagedPool(Mdl);
        Status = IoSynchronousPageWrite(FileObject, Mdl, &At, NULL, &Iosb);
        IoFreeMdl(Mdl);
        ExpFree(Zeros);
        if (!NT_SUCCESS(Status)) {
            CcpRaise(Status);
        }
        Offset += Part;
    }
}

BOOLEAN NTAPI
CcZeroData(PFILE_OBJECT FileObject, PLARGE_INTEGER StartOffset, PLARGE_INTEGER EndOffset,
           BOOLEAN Wait)
{
    ULONG64 Offset = (ULONG64)StartOffset->QuadPart, End = (ULONG64)EndOffset->QuadPart;
    PCCP_SHARED Shared;

    if (FileObject->PrivateCacheMap == NULL) {
        KiSchedulePoint(SP_OBJECT, FileObject);
        CcpZeroDisk(FileObject, Offset, End);
        return TRUE;
    }
    Shared = CcpStep(FileObject);
    while (Offset < End) {
        ULONG Part = (ULONG)min(End - Offset, PAGE_SIZE - Offset % PAGE_SIZE);

        if (!Wait && !MiIsValid(Shared->Control, Offset, 1)) {
            return FALSE;
        }
        CcpPrepare(Shared, Offset, Part);
        RtlZeroMemory(MiFilePointer(Shared->Control, Offset), Part);
        MiMarkDirty(Shared->Control, Offset, Part);
        Offset += Part;
    }
    if (FileObject->Flags & FO_WRITE_THROUGH) {
        ULONG64 Written;

        MiFlushControl(Shared->Control, (ULONG64)StartOffset->QuadPart,
                       End - (ULONG64)StartOffset->QuadPart, &Written);
    }
    return TRUE;
}

static VOID NTAPI
CcpReadAhead(PVOID Context)
{
    PCCP_READ_AHEAD Read = Context;
    PSECTION_OBJECT_POINTERS Pointers = Read->FileObject->SectionObjectPointer;
    PCCP_PRIVATE Private;
    PCCP_SHARED Shared;

    MiBackOnStream(Pointers);
    Shared = Pointers->SharedCacheMap;
    Private = Read->FileObject->PrivateCacheMap;
    if (Shared != NULL && Private != NULL) {
        PCACHE_MANAGER_CALLBACKS Callbacks = Shared->Callbacks;
        PVOID LazyContext = Shared->LazyWriteContext;

        Shared->Busy++;
        KeEnterCriticalRegion();
        if (Callbacks->AcquireForReadAhead(LazyContext, TRUE)) {
            MiBackOnStream(Pointers);
            MiMakeValid(Shared->Control, Read->Offset, Read->Length);
            Callbacks->ReleaseFromReadAhead(LazyContext);
        }
        KeLeaveCriticalRegion();
        MiBackOnStream(Pointers);
        Shared->Busy--;
        Private = Read->FileObject->PrivateCacheMap;
        if (Private != NULL) {
            Private->ReadAheadActive = FALSE;
        }
        CcpTryDelete(Shared);
    }
    ObDereferenceObject(Read->FileObject);
    ExpFree(Read);
}

/* What comes after the read at FileOffset is read too, by a worker. */
VOID NTAPI
CcScheduleReadAhead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length)
{
    PCCP_PRIVATE Private = FileObject->PrivateCacheMap;
    PCCP_SHARED Shared = CcpShared(FileObject);
    ULONG64 Start = (ULONG64)FileOffset->QuadPart + Length, End;
    PCCP_READ_AHEAD Read;

    if (Private == NULL || Private->ReadAheadActive || Shared->DisableReadAhead) {
        return;
    }
    End = (Start + Private->ReadAheadMask + 1) & ~(ULONG64)Private->ReadAheadMask;
    End = min(End, (ULONG64)Shared->FileSize.QuadPart);
    if (Start >= End || MiIsValid(Shared->Control, Start, End - Start)) {
        return;
    }
    Private->ReadAheadActive = TRUE;
    Read = ExpAllocate(sizeof(*Read), CCP_TAG);
    Read->FileObject = FileObject;
    Read->Offset = Start;
    Read->Length = (ULONG)(End - Start);
    ObReferenceObject(FileObject);
    ExInitializeWorkItem(&Read->Item, CcpReadAhead, Read);
    ExQueueWorkItem(&Read->Item, DelayedWorkQueue);
}
