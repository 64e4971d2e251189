/*
 * fastio.c - the standard fast I/O entries of a file system that caches. [ntifs: FsRtlCopyRead, FsRtlCopyWrite,
 * FsRtlMdlReadDev and its kin; nt-semantics-2 3.7]
 *
 *   D1  FALSE means: send an IRP. So it is for what must wait while Wait is not set, what IsFastIoPossible rules out, and
 *       whatever raises.
 */
#include "nt/fsrtl/fsrtlp.h"

/* Main is held. May the cache answer? */
static BOOLEAN
FsRtlpIsPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER Offset, ULONG Length, ULONG Key,
                 BOOLEAN Read, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PFSRTL_COMMON_FCB_HEADER Header = FileObject->FsContext;
    PFAST_IO_DISPATCH FastIo;

    if (FileObject->PrivateCacheMap == NULL || Header->IsFastIoPossible == FastIoIsNotPossible) {
        return FALSE;
    }
    if (Header->IsFastIoPossible == FastIoIsPossible) {
        return TRUE;
    }
    FastIo = DeviceObject->DriverObject->FastIoDispatch;
    return FastIo != NULL && FastIo->FastIoCheckIfPossible != NULL &&
           FastIo->FastIoCheckIfPossible(FileObject, Offset, Length, TRUE, Key, Read, IoStatus,
                                         DeviceObject);
}

/* What every entry opens with: FALSE if Main cannot be had without waiting where the caller may not. */
static BOOLEAN
FsRtlpEnter(PFSRTL_COMMON_FCB_HEADER Header, BOOLEAN Wait)
{
    KeEnterCriticalRegion();
    if (ExAcquireResourceSharedLite(Header->Resource, Wait)) {
        return TRUE;
    }
    KeLeaveCriticalRegion();
    return FALSE;
}

static VOID
FsRtlpLeave(PFSRTL_COMMON_FCB_HEADER Header)
{
    ExReleaseResourceLite(Header->Resource);
    KeLeaveCriticalRegion();
}

static BOOLEAN
FsRtlpIsRange(PLARGE_INTEGER Offset, ULONG Length)
{
    return Offset->QuadPart >= 0 && Offset->QuadPart <= MAXLONGLONG - Length;
}

BOOLEAN NTAPI
FsRtlCopyRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
              ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PFSRTL_COMMON_FCB_HEADER Header = FileObject->FsContext;
    PIRP Top = IoGetTopLevelIrp();
    BOOLEAN Done = FALSE;

    if (Length == 0) {
        IoStatus->Status = STATUS_SUCCESS;
        IoStatus->Information = 0;
        return TRUE;
    }
    if (Top != NULL || !FsRtlpIsRange(FileOffset, Length)) {
        return FALSE;
    }
    if (!FsRtlpEnter(Header, Wait)) {
        return FALSE;
    }
    if (FsRtlpIsPossible(FileObject, FileOffset, Length, LockKey, TRUE, IoStatus, DeviceObject)) {
        if (FileOffset->QuadPart >= Header->FileSize.QuadPart) {
            IoStatus->Status = STATUS_END_OF_FILE;
            IoStatus->Information = 0;
            Done = TRUE;
        } else {
            Length = (ULONG)min((ULONG64)Length,
                                (ULONG64)(Header->FileSize.QuadPart - FileOffset->QuadPart));
            IoSetTopLevelIrp((PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
            __try {
                Done = CcCopyRead(FileObject, FileOffset, Length, Wait, Buffer, IoStatus);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                Done = FALSE;
            }
            IoSetTopLevelIrp(NULL);
            if (Done) {
                FileObject->CurrentByteOffset.QuadPart =
                    FileOffset->QuadPart + (LONGLONG)IoStatus->Information;
                FileObject->Flags |= FO_FILE_FAST_IO_READ;
            }
        }
    }
    FsRtlpLeave(Header);
    return Done;
}

/* Within the file and its valid data only: whatever extends is an IRP's. */
BOOLEAN NTAPI
FsRtlCopyWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
               ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PFSRTL_COMMON_FCB_HEADER Header = FileObject->FsContext;
    BOOLEAN Done = FALSE;

    if (Length == 0) {
        IoStatus->Status = STATUS_SUCCESS;
        IoStatus->Information = 0;
        return TRUE;
    }
    if (IoGetTopLevelIrp() != NULL || !FsRtlpIsRange(FileOffset, Length) ||
        (FileObject->Flags & FO_WRITE_THROUGH) || !CcCanIWrite(FileObject, Length, Wait, FALSE)) {
        return FALSE;
    }
    if (!FsRtlpEnter(Header, Wait)) {
        return FALSE;
    }
    if (FileOffset->QuadPart + Length <= Header->ValidDataLength.QuadPart &&
        FsRtlpIsPossible(FileObject, FileOffset, Length, LockKey, FALSE, IoStatus, DeviceObject)) {
        IoSetTopLevelIrp((PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
        __try {
            Done = CcCopyWrite(FileObject, FileOffset, Length, Wait, Buffer);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Done = FALSE;
        }
        IoSetTopLevelIrp(NULL);
        if (Done) {
            FileObject->CurrentByteOffset.QuadPart = FileOffset->QuadPart + Length;
            FileObject->Flags |= FO_FILE_MODIFIED;
            IoStatus->Status = STATUS_SUCCESS;
            IoStatus->Information = Length;
        }
    }
    FsRtlpLeave(Header);
    return Done;
}

BOOLEAN NTAPI
FsRtlMdlReadDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey,
                PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    PFSRTL_COMMON_FCB_HEADER Header = FileObject->FsContext;
    BOOLEAN Done = FALSE;

    if (Length == 0 || IoGetTopLevelIrp() != NULL) {
        IoStatus->Status = STATUS_SUCCESS;
        IoStatus->Information = 0;
        return Length == 0;
    }
    FsRtlpEnter(Header, TRUE);
    if (FsRtlpIsPossible(FileObject, FileOffset, Length, LockKey, TRUE, IoStatus, DeviceObject)) {
        Done = TRUE;
        if (FileOffset->QuadPart >= Header->FileSize.QuadPart) {
            IoStatus->Status = STATUS_END_OF_FILE;
            IoStatus->Information = 0;
        } else {
            Length = (ULONG)min((ULONG64)Length,
                                (ULONG64)(Header->FileSize.QuadPart - FileOffset->QuadPart));
            IoSetTopLevelIrp((PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
            __try {
                CcMdlRead(FileObject, FileOffset, Length, MdlChain, IoStatus);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                Done = FALSE;
            }
            IoSetTopLevelIrp(NULL);
        }
    }
    FsRtlpLeave(Header);
    return Done;
}

BOOLEAN NTAPI
FsRtlMdlReadCompleteDev(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CcMdlReadComplete(FileObject, MdlChain);
    return TRUE;
}

BOOLEAN NTAPI
FsRtlPrepareMdlWriteDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length,
                        ULONG LockKey, PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus,
                        PDEVICE_OBJECT DeviceObject)
{
    PFSRTL_COMMON_FCB_HEADER Header = FileObject->FsContext;
    BOOLEAN Done = FALSE;

    if (Length == 0 || IoGetTopLevelIrp() != NULL || (FileObject->Flags & FO_WRITE_THROUGH)) {
        IoStatus->Status = STATUS_SUCCESS;
        IoStatus->Information = 0;
        return Length == 0;
    }
    FsRtlpEnter(Header, TRUE);
    if (FileOffset->QuadPart + Length <= Header->ValidDataLength.QuadPart &&
        FsRtlpIsPossible(FileObject, FileOffset, Length, LockKey, FALSE, IoStatus, DeviceObject)) {
        Done = TRUE;
        IoSetTopLevelIrp((PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
        __try {
            CcPrepareMdlWrite(FileObject, FileOffset, Length, MdlChain, IoStatus);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Done = FALSE;
        }
        IoSetTopLevelIrp(NULL);
    }
    FsRtlpLeave(Header);
    return Done;
}

BOOLEAN NTAPI
FsRtlMdlWriteCompleteDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain,
                         PDEVICE_OBJECT DeviceObject)
{
    if (FileObject->Flags & FO_WRITE_THROUGH) {
        return FALSE;
    }
    FileObject->Flags |= FO_FILE_MODIFIED;
    CcMdlWriteComplete(FileObject, FileOffset, MdlChain);
    return TRUE;
}

/* The forms without a device: the file's own. */
BOOLEAN NTAPI
FsRtlMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey,
             PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus)
{
    return FsRtlMdlReadDev(FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus,
                           IoGetBaseFileSystemDeviceObject(FileObject));
}

BOOLEAN NTAPI
FsRtlMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain)
{
    return FsRtlMdlReadCompleteDev(FileObject, MdlChain, NULL);
}

BOOLEAN NTAPI
FsRtlPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length,
                     ULONG LockKey, PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus)
{
    return FsRtlPrepareMdlWriteDev(FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus,
                                   IoGetBaseFileSystemDeviceObject(FileObject));
}

BOOLEAN NTAPI
FsRtlMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain)
{
    return FsRtlMdlWriteCompleteDev(FileObject, FileOffset, MdlChain, NULL);
}

/* [ntifs] STATUS_FILE_IS_A_DIRECTORY for one. */
NTSTATUS NTAPI
FsRtlGetFileSize(PFILE_OBJECT FileObject, PLARGE_INTEGER FileSize)
{
    FILE_STANDARD_INFORMATION Info;
    PDEVICE_OBJECT Device = IoGetRelatedDeviceObject(FileObject);
    PFAST_IO_DISPATCH FastIo = Device->DriverObject->FastIoDispatch;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    ULONG Length;

    if (FastIo != NULL && FastIo->FastIoQueryStandardInfo != NULL &&
        FastIo->FastIoQueryStandardInfo(FileObject, TRUE, &Info, &Iosb, Device)) {
        Status = Iosb.Status;
    } else {
        Status = IoQueryFileInformation(FileObject, FileStandardInformation, sizeof(Info), &Info,
                                        &Length);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Info.Directory) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    *FileSize = Info.EndOfFile;
    return STATUS_SUCCESS;
}

/* They count for the performance monitor: there is none. */
VOID NTAPI
FsRtlIncrementCcFastReadNotPossible(VOID)
{
}

VOID NTAPI
FsRtlIncrementCcFastReadWait(VOID)
{
}

VOID NTAPI
FsRtlIncrementCcFastReadNoWait(VOID)
{
}

VOID NTAPI
FsRtlIncrementCcFastReadResourceMiss(VOID)
{
}

VOID NTAPI
FsRtlIncrementCcFastMdlReadWait(VOID)
{
}
