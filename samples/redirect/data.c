/*
 * data.c - redirect's data: from the client through our cache, from the cache to the shadow, with the nibbles swapped.
 *
 *   T1  Only paging I/O and non-cached I/O meet the file system's bytes; they are swapped there and nowhere else.
 *   T2  What goes to a shadow is paging I/O below too: it passes locks, oplocks and the file system's own cache by, extends
 *       nothing, and needs no handle, so it also comes after the client's last handle is gone (D2).
 *   T3  A page fault can come with APCs disabled: FltReadFile waits for a completion routine, not for an APC.
 */
#include "redirect.h"

#define RD_PAGING                                                                                  \
    (FLTFL_IO_OPERATION_NON_CACHED | FLTFL_IO_OPERATION_PAGING |                                   \
     FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING | FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET)

static VOID
RdSwap(PUCHAR To, const UCHAR *From, ULONG Length)
{
    for (ULONG i = 0; i < Length; i++) {
        To[i] = (UCHAR)(From[i] << 4 | From[i] >> 4);
    }
}

static PVOID
RdBuffer(PFLT_CALLBACK_DATA Data, PNTSTATUS Status)
{
    PFLT_PARAMETERS P = &Data->Iopb->Parameters; /* Read and Write have the same layout */
    PVOID Buffer = P->Read.ReadBuffer;

    *Status = STATUS_SUCCESS;
    if (P->Read.MdlAddress == NULL && !FLT_IS_SYSTEM_BUFFER(Data)) {
        *Status = FltLockUserBuffer(Data);
        if (!NT_SUCCESS(*Status)) {
            *Status = FsRtlNormalizeNtstatus(*Status, STATUS_INVALID_USER_BUFFER);
            return NULL;
        }
    }
    if (P->Read.MdlAddress != NULL) {
        Buffer = MmGetSystemAddressForMdlSafe(P->Read.MdlAddress, NormalPagePriority);
        if (Buffer == NULL) {
            *Status = STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    return Buffer;
}

/* ---- sizes ---- */

/* Main exclusive. */
VOID
RdNewSize(PRD_FILE File, PFILE_OBJECT FileObject, LONGLONG Size)
{
    ExAcquireResourceExclusiveLite(&File->Paging, TRUE);
    File->Header.FileSize.QuadPart = File->Header.ValidDataLength.QuadPart = Size;
    File->Header.AllocationSize.QuadPart = (Size + 0xFFFF) & ~(LONGLONG)0xFFFF;
    ExReleaseResourceLite(&File->Paging);
    if (File->Sections.SharedCacheMap != NULL || File->Sections.DataSectionObject != NULL) {
        CcSetFileSizes(FileObject, (PCC_FILE_SIZES)&File->Header.AllocationSize);
    }
}

/* Main exclusive. D3: below first. */
NTSTATUS
RdSetSize(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, LONGLONG Size)
{
    PRD_FILE File = RdFileOf(FileObject);
    FILE_END_OF_FILE_INFORMATION End = {.EndOfFile.QuadPart = Size};
    NTSTATUS Status;

    if (Size < File->Header.FileSize.QuadPart &&
        !MmCanFileBeTruncated(&File->Sections, &End.EndOfFile)) {
        return STATUS_USER_MAPPED_FILE;
    }
    Status = FltSetInformationFile(Instance, RdShadowOf(FileObject), &End, sizeof(End),
                                   FileEndOfFileInformation);
    if (NT_SUCCESS(Status)) {
        RdNewSize(File, FileObject, Size);
        FileObject->Flags |= FO_FILE_SIZE_CHANGED;
        RdShadowOf(FileObject)->Flags |= FO_FILE_SIZE_CHANGED | FO_FILE_MODIFIED;
    }
    return Status;
}

NTSTATUS
RdFlush(PRD_FILE File)
{
    IO_STATUS_BLOCK Iosb = {};

    if (File->Sections.DataSectionObject != NULL) {
        CcFlushCache(&File->Sections, NULL, 0, &Iosb);
    }
    return Iosb.Status;
}

/* ---- to and from the shadow: T1, T2 ---- */

static NTSTATUS
RdReadBelow(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, LONGLONG Offset, PUCHAR Buffer,
            ULONG Length, PULONG Done)
{
    LARGE_INTEGER At = {.QuadPart = Offset};
    NTSTATUS Status;

    *Done = 0;
    Status = FltReadFile(Instance, RdShadowOf(FileObject), &At, Length, Buffer, RD_PAGING, Done,
                         NULL, NULL);
    RdSwap(Buffer, Buffer, *Done);
    return Status;
}

static NTSTATUS
RdWriteBelow(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, LONGLONG Offset, PUCHAR Buffer,
             ULONG Length)
{
    LARGE_INTEGER At = {.QuadPart = Offset};
    PUCHAR Copy = ExAllocatePoolWithTag(NonPagedPool, Length, RD_TAG);
    NTSTATUS Status;
    ULONG Done;

    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RdSwap(Copy, Buffer, Length);
    Status = FltWriteFile(Instance, RdShadowOf(FileObject), &At, Length, Copy, RD_PAGING, &Done,
                          NULL, NULL);
    ExFreePoolWithTag(Copy, RD_TAG);
    return Status;
}

/* Mm and Cc ask for pages, whole ones; the file ends where it ends. */
static FLT_PREOP_CALLBACK_STATUS
RdPage(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, BOOLEAN Write)
{
    PRD_FILE File = RdFileOf(FileObject);
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;
    LONGLONG Offset = P->Read.ByteOffset.QuadPart;
    ULONG Length = P->Read.Length, Part, Done = 0;
    NTSTATUS Status;
    PUCHAR Buffer = RdBuffer(Data, &Status);

    if (!NT_SUCCESS(Status)) {
        return RdComplete(Data, Status, 0);
    }
    ExAcquireResourceSharedLite(&File->Paging, TRUE);
    if (Offset >= File->Header.FileSize.QuadPart) {
        /* A truncation was faster than the write; a read has nothing. */
        ExReleaseResourceLite(&File->Paging);
        return RdComplete(Data, Write ? STATUS_SUCCESS : STATUS_END_OF_FILE, Write ? Length : 0);
    }
    Part = (ULONG)min((LONGLONG)Length, File->Header.FileSize.QuadPart - Offset);
    if (Write) {
        Status = RdWriteBelow(Instance, FileObject, Offset, Buffer, Part);
        Done = Length;
    } else {
        Status = RdReadBelow(Instance, FileObject, Offset, Buffer, Part, &Done);
        RtlZeroMemory(Buffer + Done, Length - Done);
    }
    ExReleaseResourceLite(&File->Paging);
    return RdComplete(Data, Status, NT_SUCCESS(Status) ? Done : 0);
}

/* ---- the cache ---- */

static BOOLEAN NTAPI
RdAcquireForLazyWrite(PVOID Context, BOOLEAN Wait)
{
    PRD_FILE File = Context;

    if (!ExAcquireResourceSharedLite(&File->Paging, Wait)) {
        return FALSE;
    }
    IoSetTopLevelIrp((PIRP)FSRTL_CACHE_TOP_LEVEL_IRP);
    return TRUE;
}

static VOID NTAPI
RdReleaseFromLazyWrite(PVOID Context)
{
    IoSetTopLevelIrp(NULL);
    ExReleaseResourceLite(&((PRD_FILE)Context)->Paging);
}

static BOOLEAN NTAPI
RdAcquireForReadAhead(PVOID Context, BOOLEAN Wait)
{
    PRD_FILE File = Context;

    if (!ExAcquireResourceSharedLite(&File->Main, Wait)) {
        return FALSE;
    }
    IoSetTopLevelIrp((PIRP)FSRTL_CACHE_TOP_LEVEL_IRP);
    return TRUE;
}

static VOID NTAPI
RdReleaseFromReadAhead(PVOID Context)
{
    IoSetTopLevelIrp(NULL);
    ExReleaseResourceLite(&((PRD_FILE)Context)->Main);
}

static CACHE_MANAGER_CALLBACKS RdCacheCallbacks = {RdAcquireForLazyWrite, RdReleaseFromLazyWrite,
                                                   RdAcquireForReadAhead, RdReleaseFromReadAhead};

static VOID
RdCache(PRD_FILE File, PFILE_OBJECT FileObject)
{
    if (FileObject->PrivateCacheMap == NULL) {
        CcInitializeCacheMap(FileObject, (PCC_FILE_SIZES)&File->Header.AllocationSize, FALSE,
                             &RdCacheCallbacks, File);
    }
}

/* ---- the client's reads and writes ---- */

/* What is cached goes to the file system first, so that non-cached I/O sees it; after a write it is stale. */
static NTSTATUS
RdFlushRange(PRD_FILE File, PLARGE_INTEGER Offset, ULONG Length, BOOLEAN Purge)
{
    IO_STATUS_BLOCK Iosb = {};

    if (File->Sections.DataSectionObject != NULL) {
        CcFlushCache(&File->Sections, Offset, Length, &Iosb);
        if (NT_SUCCESS(Iosb.Status) && Purge) {
            CcPurgeCacheSection(&File->Sections, Offset, Length, 0);
        }
    }
    return Iosb.Status;
}

static NTSTATUS
RdRead(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, PRD_FILE File, PFILE_OBJECT FileObject,
       PVOID Buffer, PULONG Done)
{
    LARGE_INTEGER Offset = Data->Iopb->Parameters.Read.ByteOffset;
    ULONG Length = Data->Iopb->Parameters.Read.Length;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status;

    if (!FltCheckLockForReadAccess(&File->Locks, Data)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    if (Offset.QuadPart >= File->Header.FileSize.QuadPart) {
        return STATUS_END_OF_FILE;
    }
    if (Data->Iopb->IrpFlags & IRP_NOCACHE) {
        if ((Offset.QuadPart | Length) % 512 != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = RdFlushRange(File, &Offset, Length, FALSE);
        Length = (ULONG)min((LONGLONG)Length, File->Header.FileSize.QuadPart - Offset.QuadPart);
        return NT_SUCCESS(Status)
                   ? RdReadBelow(Instance, FileObject, Offset.QuadPart, Buffer, Length, Done)
                   : Status;
    }
    Length = (ULONG)min((LONGLONG)Length, File->Header.FileSize.QuadPart - Offset.QuadPart);
    RdCache(File, FileObject);
    CcCopyRead(FileObject, &Offset, Length, TRUE, Buffer, &Iosb);
    *Done = (ULONG)Iosb.Information;
    return Iosb.Status;
}

static NTSTATUS
RdWrite(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, PRD_FILE File, PFILE_OBJECT FileObject,
        PVOID Buffer)
{
    LARGE_INTEGER Offset = Data->Iopb->Parameters.Write.ByteOffset;
    ULONG Length = Data->Iopb->Parameters.Write.Length;
    IO_STATUS_BLOCK Iosb = {};
    NTSTATUS Status = STATUS_SUCCESS;

    if (Offset.QuadPart < 0 || Offset.QuadPart + Length < Offset.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltCheckLockForWriteAccess(&File->Locks, Data)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    if ((Data->Iopb->IrpFlags & IRP_NOCACHE) && (Offset.QuadPart | Length) % 512 != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Offset.QuadPart + Length > File->Header.FileSize.QuadPart) {
        Status = RdSetSize(Instance, FileObject, Offset.QuadPart + Length);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Data->Iopb->IrpFlags & IRP_NOCACHE) {
        Status = RdFlushRange(File, &Offset, Length, TRUE);
        return NT_SUCCESS(Status)
                   ? RdWriteBelow(Instance, FileObject, Offset.QuadPart, Buffer, Length)
                   : Status;
    }
    RdCache(File, FileObject);
    CcCopyWrite(FileObject, &Offset, Length, TRUE, Buffer);
    if (FileObject->Flags & FO_WRITE_THROUGH) {
        CcFlushCache(&File->Sections, &Offset, Length, &Iosb);
        Status = Iosb.Status;
    }
    return Status;
}

/* Under Main; Cc raises what the paging I/O ends with. */
static NTSTATUS
RdTransfer(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, PRD_FILE File, PFILE_OBJECT FileObject,
           BOOLEAN Write, PULONG Done)
{
    NTSTATUS Status;
    PVOID Buffer = RdBuffer(Data, &Status);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Write) {
        PLARGE_INTEGER Offset = &Data->Iopb->Parameters.Write.ByteOffset;

        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        if (Offset->LowPart == FILE_WRITE_TO_END_OF_FILE && Offset->HighPart == -1) {
            *Offset = File->Header.FileSize;
        }
    } else {
        ExAcquireResourceSharedLite(&File->Main, TRUE);
    }
    __try {
        if (Write) {
            Status = RdWrite(Instance, Data, File, FileObject, Buffer);
            *Done = NT_SUCCESS(Status) ? Data->Iopb->Parameters.Write.Length : 0;
        } else {
            Status = RdRead(Instance, Data, File, FileObject, Buffer, Done);
        }
    } __except (FsRtlIsNtstatusExpected(GetExceptionCode()) ? EXCEPTION_EXECUTE_HANDLER
                                                            : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    ExReleaseResourceLite(&File->Main);
    return Status;
}

static FLT_PREOP_CALLBACK_STATUS
RdUserIo(PFLT_CALLBACK_DATA Data, PFLT_INSTANCE Instance, PRD_FILE File, BOOLEAN Write)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    FLT_PREOP_CALLBACK_STATUS Result;
    ULONG Done = 0;
    NTSTATUS Status;

    if (Data->Iopb->MinorFunction & (IRP_MN_MDL | IRP_MN_COMPLETE)) {
        return RdComplete(Data, STATUS_NOT_SUPPORTED, 0);
    }
    if (!Write && Data->Iopb->Parameters.Read.ByteOffset.QuadPart < 0) {
        return RdComplete(Data, STATUS_INVALID_PARAMETER, 0);
    }
    if (Data->Iopb->Parameters.Read.Length == 0) {
        return RdComplete(Data, STATUS_SUCCESS, 0);
    }
    Result = FltCheckOplock(&File->Oplock, Data, NULL, NULL, NULL);
    if (Result == FLT_PREOP_COMPLETE) {
        return Result;
    }
    Status = RdTransfer(Instance, Data, File, FileObject, Write, &Done);
    if (NT_SUCCESS(Status)) {
        if (Write) {
            /* What the file system looks at when the shadow is cleaned up: times, notifications. */
            FileObject->Flags |= FO_FILE_MODIFIED;
            RdShadowOf(FileObject)->Flags |= FO_FILE_MODIFIED;
        }
        if (FileObject->Flags & FO_SYNCHRONOUS_IO) {
            FileObject->CurrentByteOffset.QuadPart =
                Data->Iopb->Parameters.Read.ByteOffset.QuadPart + Done;
        }
    }
    return RdComplete(Data, Status, Done);
}

static FLT_PREOP_CALLBACK_STATUS
RdIo(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, BOOLEAN Write)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PRD_FILE File = RdFileOf(FileObject);
    FLT_PREOP_CALLBACK_STATUS Result;

    if (File == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (!FLT_IS_IRP_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    FsRtlEnterFileSystem();
    Result = Data->Iopb->IrpFlags & IRP_PAGING_IO
                 ? RdPage(Data, FltObjects->Instance, FileObject, Write)
                 : RdUserIo(Data, FltObjects->Instance, File, Write);
    FsRtlExitFileSystem();
    return Result;
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
RdPreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    return RdIo(Data, FltObjects, FALSE);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
RdPreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    return RdIo(Data, FltObjects, TRUE);
}
