/*
 * resource.c - what the cache manager and the memory manager call before they write, and fast I/O.
 *
 *   F1  The lazy writer takes the paging resource, shared, before it writes: a truncation waits for it.
 *   F2  Fast I/O answers from what is in memory, under the same locks as the IRPs would.
 */
#include "ramfs.h"

static BOOLEAN NTAPI
RamAcquireForLazyWrite(PVOID Context, BOOLEAN Wait)
{
    PRAM_STREAM Stream = Context;

    if (!ExAcquireResourceSharedLite(&Stream->Paging, Wait)) {
        return FALSE;
    }
    Stream->LazyThread = PsGetCurrentThread();
    IoSetTopLevelIrp((PIRP)FSRTL_CACHE_TOP_LEVEL_IRP);
    return TRUE;
}

static VOID NTAPI
RamReleaseFromLazyWrite(PVOID Context)
{
    PRAM_STREAM Stream = Context;

    Stream->LazyThread = NULL;
    IoSetTopLevelIrp(NULL);
    ExReleaseResourceLite(&Stream->Paging);
}

static BOOLEAN NTAPI
RamAcquireForReadAhead(PVOID Context, BOOLEAN Wait)
{
    PRAM_STREAM Stream = Context;

    if (!ExAcquireResourceSharedLite(&Stream->Main, Wait)) {
        return FALSE;
    }
    IoSetTopLevelIrp((PIRP)FSRTL_CACHE_TOP_LEVEL_IRP);
    return TRUE;
}

static VOID NTAPI
RamReleaseFromReadAhead(PVOID Context)
{
    PRAM_STREAM Stream = Context;

    IoSetTopLevelIrp(NULL);
    ExReleaseResourceLite(&Stream->Main);
}

static CACHE_MANAGER_CALLBACKS RamCacheCallbacks = {
    RamAcquireForLazyWrite,
    RamReleaseFromLazyWrite,
    RamAcquireForReadAhead,
    RamReleaseFromReadAhead,
};

/* From the file object's first cached access on. */
VOID
RamStartCaching(PFILE_OBJECT FileObject, PRAM_STREAM Stream, ULONG ReadAhead)
{
    if (FileObject->PrivateCacheMap == NULL) {
        CcInitializeCacheMap(FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize, FALSE,
                             &RamCacheCallbacks, Stream);
        CcSetReadAheadGranularity(FileObject, ReadAhead);
    }
}

/* What IsFastIoPossible says follows from oplocks, byte-range locks, the journal and file objects that outlived a dismount. */
VOID
RamUpdateFastIo(PRAM_STREAM Stream)
{
    if (Stream->Node == NULL || (Stream->Node->Directory && Stream == Stream->Node->Data)) {
        return;
    }
    Stream->Header.IsFastIoPossible = !FsRtlOplockIsFastIoPossible(&Stream->Oplock)
                                          ? FastIoIsNotPossible
                                      : RamIsLocked(Stream) || Stream->Opens != Stream->Handles ||
                                              Stream->Node->Volume->JournalActive
                                          ? FastIoIsQuestionable
                                          : FastIoIsPossible;
}

/* Does the journal know already what such a write does? If not, the IRP tells it. */
static BOOLEAN
RamIsNoted(PRAM_STREAM Stream, LONGLONG Offset, ULONG Length)
{
    PRAM_NODE Node = Stream->Node;
    LONGLONG Size = Stream->Header.FileSize.QuadPart;
    ULONG Reasons = 0;

    if (!Node->Volume->JournalActive) {
        return TRUE;
    }
    if (Offset < 0 || Offset + Length > Size) { /* below 0: to the end */
        Reasons |= USN_REASON_DATA_EXTEND;
    }
    if (Offset >= 0 && Offset < Size) {
        Reasons |= USN_REASON_DATA_OVERWRITE;
    }
    if (Stream != Node->Data) {
        Reasons <<= 4;
    }
    return (Reasons & ~Node->UsnReasons) == 0;
}

static BOOLEAN NTAPI
RamFastCheck(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
             ULONG LockKey, BOOLEAN CheckForReadOperation, PIO_STATUS_BLOCK IoStatus,
             PDEVICE_OBJECT DeviceObject)
{
    PRAM_STREAM Stream = FileObject->FsContext;
    LARGE_INTEGER Bytes = {.QuadPart = Length};

    if (RamIsDismounted(RamVolumeOf(DeviceObject), FileObject->FsContext2)) {
        return FALSE;
    }
    if (!CheckForReadOperation && !RamIsNoted(Stream, FileOffset->QuadPart, Length)) {
        return FALSE;
    }
    return CheckForReadOperation
               ? FsRtlFastCheckLockForRead(&Stream->Locks, FileOffset, &Bytes, LockKey, FileObject,
                                           PsGetCurrentProcess())
               : FsRtlFastCheckLockForWrite(&Stream->Locks, FileOffset, &Bytes, LockKey, FileObject,
                                            PsGetCurrentProcess());
}

static PRAM_STREAM
RamFastStream(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    PRAM_VOLUME Volume = RamVolumeOf(DeviceObject);
    PRAM_STREAM Stream = FileObject->FsContext;

    return Stream == NULL || Stream->Node == NULL || RamIsDismounted(Volume, FileObject->FsContext2)
               ? NULL
               : Stream;
}

/* F2 */
static BOOLEAN NTAPI
RamFastBasic(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer,
             PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PRAM_STREAM Stream = RamFastStream(FileObject, DeviceObject);
    PRAM_NODE Node;

    if (Stream == NULL || (FileObject->Flags & FO_FILE_MODIFIED)) {
        return FALSE; /* RamStamp */
    }
    RamEnter();
    if (!ExAcquireResourceSharedLite(&Stream->Main, Wait)) {
        RamExit();
        return FALSE;
    }
    Node = Stream->Node;
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    Buffer->CreationTime = Node->CreationTime;
    Buffer->LastAccessTime = Node->LastAccessTime;
    Buffer->LastWriteTime = Node->LastWriteTime;
    Buffer->ChangeTime = Node->ChangeTime;
    Buffer->FileAttributes =
        Node->Attributes | (Node->Reparse != NULL ? FILE_ATTRIBUTE_REPARSE_POINT : 0);
    if (Buffer->FileAttributes == 0) {
        Buffer->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    }
    ExReleaseResourceLite(&Stream->Main);
    RamExit();
    IoStatus->Status = STATUS_SUCCESS;
    IoStatus->Information = sizeof(*Buffer);
    return TRUE;
}

static BOOLEAN NTAPI
RamFastStandard(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer,
                PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PRAM_STREAM Stream = RamFastStream(FileObject, DeviceObject);

    if (Stream == NULL) {
        return FALSE;
    }
    RamEnter();
    if (!ExAcquireResourceSharedLite(&Stream->Main, Wait)) {
        RamExit();
        return FALSE;
    }
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    Buffer->AllocationSize.QuadPart = (LONGLONG)RamAllocated(Stream);
    Buffer->EndOfFile = Stream->Header.FileSize;
    Buffer->DeletePending = RamIsGoing(Stream, FileObject->FsContext2);
    Buffer->NumberOfLinks = RamCountLinks(Stream->Node);
    Buffer->Directory = Stream->Node->Directory && Stream == Stream->Node->Data;
    ExReleaseResourceLite(&Stream->Main);
    RamExit();
    IoStatus->Status = STATUS_SUCCESS;
    IoStatus->Information = sizeof(*Buffer);
    return TRUE;
}

FAST_IO_DISPATCH RamFastIo;

VOID
RamInitializeFastIo(VOID)
{
    RamFastIo.SizeOfFastIoDispatch = sizeof(RamFastIo);
    RamFastIo.FastIoCheckIfPossible = RamFastCheck;
    RamFastIo.FastIoRead = FsRtlCopyRead;
    RamFastIo.FastIoWrite = FsRtlCopyWrite;
    RamFastIo.FastIoQueryBasicInfo = RamFastBasic;
    RamFastIo.FastIoQueryStandardInfo = RamFastStandard;
    RamFastIo.MdlRead = FsRtlMdlReadDev;
    RamFastIo.MdlReadComplete = FsRtlMdlReadCompleteDev;
    RamFastIo.PrepareMdlWrite = FsRtlPrepareMdlWriteDev;
    RamFastIo.MdlWriteComplete = FsRtlMdlWriteCompleteDev;
}
