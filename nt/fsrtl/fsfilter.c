/*
 * fsfilter.c - FsFilter callbacks: the operations on files that mm and cc ask for without an IRP.
 *
 * A file is acquired for making a section, for a flush or for the mapped page writer. Each driver of the file's
 * device stack that has registered callbacks hears of it before (from the top) and after (from the bottom). At the
 * file system itself, which may have registered none, its fast I/O entry does the work, and else the resources of
 * the common header. [ntifs: FsRtlRegisterFileSystemFilterCallbacks, FS_FILTER_CALLBACKS; nt-semantics-2 2.3]
 *
 *   F1  A Pre that fails ends the walk: those above hear of it in their completion callback, nothing is held.
 *   F2  STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY: whoever said it has done the work; those below are not asked.
 *   F3  Releases cannot fail: what a Pre returns is ignored, except F2.
 *   F4  A critical region is held from before an acquire until after the release.
 */
#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/io.h"
#include "nt/inc/fsrtl.h"
#include "nt/fsrtl/fsrtlp.h"

#ifndef STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY
#define STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY ((NTSTATUS)0x00000126)
#endif

typedef struct _FSRTL_CALL {
    PDEVICE_OBJECT DeviceObject;
    PFS_FILTER_COMPLETION_CALLBACK Post;
    PVOID Context;
} FSRTL_CALL, *PFSRTL_CALL;

NTSTATUS NTAPI
FsRtlRegisterFileSystemFilterCallbacks(PDRIVER_OBJECT FilterDriverObject,
                                       PFS_FILTER_CALLBACKS Callbacks)
{
    PFS_FILTER_CALLBACKS Copy;
    PVOID *Place;

    if (FilterDriverObject == NULL || Callbacks == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Copy = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Copy), TAG_FSRTL);
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Place = IopFsFilterCallbacks(FilterDriverObject);
    RtlZeroMemory(Copy, sizeof(*Copy));
    RtlCopyMemory(Copy, Callbacks, min(Callbacks->SizeOfFsFilterCallbacks, sizeof(*Copy)));
    if (*Place != NULL) {
        ExFreePoolWithTag(*Place, TAG_FSRTL);
    }
    *Place = Copy;
    return STATUS_SUCCESS;
}

static VOID
FsRtlpRoutines(PFS_FILTER_CALLBACKS Callbacks, UCHAR Operation, PFS_FILTER_CALLBACK *Pre,
               PFS_FILTER_COMPLETION_CALLBACK *Post)
{
    /* The pairs follow each other in the structure; the operations are numbered -1, -2, … in another order. */
    static const UCHAR Pair[] = {0, 1, 4, 5, 2, 3};
    PVOID *Pairs = (PVOID *)&Callbacks->PreAcquireForSectionSynchronization;
    ULONG Index = Pair[(UCHAR)(0 - Operation) - 1] * 2;

    *Pre = (PFS_FILTER_CALLBACK)Pairs[Index];
    *Post = (PFS_FILTER_COMPLETION_CALLBACK)Pairs[Index + 1];
}

typedef NTSTATUS FSRTL_BASE(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo);

static NTSTATUS
FsRtlpWalk(PFILE_OBJECT FileObject, PFS_FILTER_CALLBACK_DATA Data, FSRTL_BASE *Base)
{
    PDEVICE_OBJECT DeviceObject = IoGetRelatedDeviceObject(FileObject);
    BOOLEAN Acquire = Data->Operation & 1;
    ULONG Count = 0;
    FSRTL_CALL Few[8], *Calls = Few;
    NTSTATUS Status = STATUS_SUCCESS;

    Data->SizeOfFsFilterCallbackData = sizeof(*Data);
    Data->FileObject = FileObject;
    if (DeviceObject->StackSize >= (CCHAR)RTL_NUMBER_OF(Few)) {
        Calls = ExAllocatePoolWithTag(NonPagedPool, (DeviceObject->StackSize + 1) * sizeof(*Calls),
                                      TAG_FSRTL);
        if (Calls == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    for (;; DeviceObject = IopLowerDevice(DeviceObject)) {
        PFS_FILTER_CALLBACKS Callbacks = *IopFsFilterCallbacks(DeviceObject->DriverObject);
        PFS_FILTER_COMPLETION_CALLBACK Post = NULL;
        PFS_FILTER_CALLBACK Pre = NULL;
        PVOID Context = NULL;

        Data->DeviceObject = DeviceObject;
        if (Callbacks != NULL) {
            FsRtlpRoutines(Callbacks, Data->Operation, &Pre, &Post);
        }
        Status = Pre != NULL ? Pre(Data, &Context) : STATUS_SUCCESS;
        if (Pre != NULL && (Status == STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY ||
                            (Acquire && !NT_SUCCESS(Status)))) {
            break; /* F1, F2 */
        }
        if (Post != NULL) {
            Calls[Count++] = (FSRTL_CALL){DeviceObject, Post, Context};
        }
        if (IopLowerDevice(DeviceObject) == NULL) {
            if (Pre == NULL) { /* else that was the work */
                Status = Base(Data, DeviceObject->DriverObject->FastIoDispatch);
            }
            break;
        }
    }
    while (Count-- > 0) {
        Data->DeviceObject = Calls[Count].DeviceObject;
        Calls[Count].Post(Data, Status, Calls[Count].Context);
    }
    if (Calls != Few) {
        ExFreePoolWithTag(Calls, TAG_FSRTL);
    }
    return Status;
}

static PFSRTL_COMMON_FCB_HEADER
FsRtlpHeader(PFS_FILTER_CALLBACK_DATA Data)
{
    return Data->FileObject->FsContext;
}

static NTSTATUS
FsRtlpBaseAcquireSection(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    if (FastIo != NULL && FastIo->AcquireFileForNtCreateSection != NULL) {
        FastIo->AcquireFileForNtCreateSection(Data->FileObject);
    } else if (FsRtlpHeader(Data) != NULL && FsRtlpHeader(Data)->Resource != NULL) {
        ExAcquireResourceExclusiveLite(FsRtlpHeader(Data)->Resource, TRUE);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsRtlpBaseReleaseSection(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    if (FastIo != NULL && FastIo->ReleaseFileForNtCreateSection != NULL) {
        FastIo->ReleaseFileForNtCreateSection(Data->FileObject);
    } else if (FsRtlpHeader(Data) != NULL && FsRtlpHeader(Data)->Resource != NULL) {
        ExReleaseResourceLite(FsRtlpHeader(Data)->Resource);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsRtlpBaseAcquireFlush(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;
    PFSRTL_COMMON_FCB_HEADER Header = FsRtlpHeader(Data);

    if (FastIo != NULL &&
        FastIo->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForCcFlush) &&
        FastIo->AcquireForCcFlush != NULL) {
        Status = FastIo->AcquireForCcFlush(Data->FileObject, Data->DeviceObject);
    }
    if (Status == STATUS_INVALID_DEVICE_REQUEST) { /* the file system leaves it to us */
        Status = STATUS_SUCCESS;
        if (Header != NULL && Header->Resource != NULL) {
            if (ExIsResourceAcquiredSharedLite(Header->Resource)) {
                ExAcquireResourceSharedLite(Header->Resource, TRUE);
            } else {
                ExAcquireResourceExclusiveLite(Header->Resource, TRUE);
            }
        }
        if (Header != NULL && Header->PagingIoResource != NULL) {
            ExAcquireResourceSharedLite(Header->PagingIoResource, TRUE);
        }
    }
    return Status;
}

static NTSTATUS
FsRtlpBaseReleaseFlush(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;
    PFSRTL_COMMON_FCB_HEADER Header = FsRtlpHeader(Data);

    if (FastIo != NULL &&
        FastIo->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForCcFlush) &&
        FastIo->ReleaseForCcFlush != NULL) {
        Status = FastIo->ReleaseForCcFlush(Data->FileObject, Data->DeviceObject);
    }
    if (Status == STATUS_INVALID_DEVICE_REQUEST && Header != NULL) {
        if (Header->PagingIoResource != NULL) {
            ExReleaseResourceLite(Header->PagingIoResource);
        }
        if (Header->Resource != NULL) {
            ExReleaseResourceLite(Header->Resource);
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsRtlpBaseAcquireModWrite(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    PLARGE_INTEGER End = Data->Parameters.AcquireForModifiedPageWriter.EndingOffset;
    PERESOURCE *Resource = Data->Parameters.AcquireForModifiedPageWriter.ResourceToRelease;
    PFSRTL_COMMON_FCB_HEADER Header = FsRtlpHeader(Data);
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;

    if (FastIo != NULL &&
        FastIo->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForModWrite) &&
        FastIo->AcquireForModWrite != NULL) {
        Status = FastIo->AcquireForModWrite(Data->FileObject, End, Resource, Data->DeviceObject);
    }
    if (Status == STATUS_INVALID_DEVICE_REQUEST) {
        BOOLEAN Taken = TRUE, Extends;

        *Resource = NULL;
        if (Header == NULL) {
            return STATUS_SUCCESS;
        }
        Extends = Header->Resource != NULL && (End->QuadPart > Header->ValidDataLength.QuadPart ||
                                               (Header->Flags & FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX));
        if (Extends) {
            *Resource = Header->Resource;
            Taken = ExAcquireResourceExclusiveLite(*Resource, FALSE);
        } else if (Header->Resource != NULL && ((Header->Flags & FSRTL_FLAG_ACQUIRE_MAIN_RSRC_SH) ||
                                                Header->PagingIoResource == NULL)) {
            *Resource = Header->Resource;
            Taken = ExAcquireResourceSharedLite(*Resource, FALSE);
        } else if (Header->PagingIoResource != NULL) {
            *Resource = Header->PagingIoResource;
            Taken = ExAcquireResourceSharedLite(*Resource, FALSE);
        }
        if (!Taken) {
            *Resource = NULL;
        }
        Status = Taken ? STATUS_SUCCESS : STATUS_CANT_WAIT;
    }
    return Status;
}

static NTSTATUS
FsRtlpBaseReleaseModWrite(PFS_FILTER_CALLBACK_DATA Data, PFAST_IO_DISPATCH FastIo)
{
    PERESOURCE Resource = Data->Parameters.ReleaseForModifiedPageWriter.ResourceToRelease;
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;

    if (FastIo != NULL &&
        FastIo->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForModWrite) &&
        FastIo->ReleaseForModWrite != NULL) {
        Status = FastIo->ReleaseForModWrite(Data->FileObject, Resource, Data->DeviceObject);
    }
    if (Status == STATUS_INVALID_DEVICE_REQUEST && Resource != NULL) {
        ExReleaseResourceLite(Resource);
    }
    return STATUS_SUCCESS;
}

/* F4 */
static NTSTATUS
FsRtlpAcquire(PFILE_OBJECT FileObject, PFS_FILTER_CALLBACK_DATA Data, FSRTL_BASE *Base)
{
    NTSTATUS Status;

    KeEnterCriticalRegion();
    Status = FsRtlpWalk(FileObject, Data, Base);
    if (!NT_SUCCESS(Status)) {
        KeLeaveCriticalRegion();
    }
    return Status;
}

static NTSTATUS
FsRtlpAcquireSection(PFILE_OBJECT FileObject, FS_FILTER_SECTION_SYNC_TYPE Type, ULONG Protection)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION};

    Data.Parameters.AcquireForSectionSynchronization.SyncType = Type;
    Data.Parameters.AcquireForSectionSynchronization.PageProtection = Protection;
    return FsRtlpAcquire(FileObject, &Data, FsRtlpBaseAcquireSection);
}

NTSTATUS NTAPI
FsRtlAcquireToCreateMappedSection(PFILE_OBJECT FileObject, ULONG SectionPageProtection)
{
    return FsRtlpAcquireSection(FileObject, SyncTypeCreateSection, SectionPageProtection);
}

VOID NTAPI
FsRtlAcquireFileExclusive(PFILE_OBJECT FileObject)
{
    FsRtlpAcquireSection(FileObject, SyncTypeOther, 0); /* a filter may not fail it */
}

VOID NTAPI
FsRtlReleaseFile(PFILE_OBJECT FileObject)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_RELEASE_FOR_SECTION_SYNCHRONIZATION};

    FsRtlpWalk(FileObject, &Data, FsRtlpBaseReleaseSection);
    KeLeaveCriticalRegion();
}

NTSTATUS NTAPI
FsRtlAcquireFileForCcFlushEx(PFILE_OBJECT FileObject)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_ACQUIRE_FOR_CC_FLUSH};

    return FsRtlpAcquire(FileObject, &Data, FsRtlpBaseAcquireFlush);
}

VOID NTAPI
FsRtlAcquireFileForCcFlush(PFILE_OBJECT FileObject)
{
    FsRtlAcquireFileForCcFlushEx(FileObject);
}

VOID NTAPI
FsRtlReleaseFileForCcFlush(PFILE_OBJECT FileObject)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_RELEASE_FOR_CC_FLUSH};

    FsRtlpWalk(FileObject, &Data, FsRtlpBaseReleaseFlush);
    KeLeaveCriticalRegion();
}

NTSTATUS NTAPI
FsRtlAcquireFileForModWriteEx(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset,
                              PERESOURCE *ResourceToRelease)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_ACQUIRE_FOR_MOD_WRITE};

    Data.Parameters.AcquireForModifiedPageWriter.EndingOffset = EndingOffset;
    Data.Parameters.AcquireForModifiedPageWriter.ResourceToRelease = ResourceToRelease;
    return FsRtlpAcquire(FileObject, &Data, FsRtlpBaseAcquireModWrite);
}

BOOLEAN NTAPI
FsRtlAcquireFileForModWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset,
                            PERESOURCE *ResourceToRelease)
{
    return NT_SUCCESS(FsRtlAcquireFileForModWriteEx(FileObject, EndingOffset, ResourceToRelease));
}

VOID NTAPI
FsRtlReleaseFileForModWrite(PFILE_OBJECT FileObject, PERESOURCE ResourceToRelease)
{
    FS_FILTER_CALLBACK_DATA Data = {.Operation = FS_FILTER_RELEASE_FOR_MOD_WRITE};

    Data.Parameters.ReleaseForModifiedPageWriter.ResourceToRelease = ResourceToRelease;
    FsRtlpWalk(FileObject, &Data, FsRtlpBaseReleaseModWrite);
    KeLeaveCriticalRegion();
}
