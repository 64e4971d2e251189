/*
 * set.c - IRP_MJ_SET_INFORMATION: times and attributes, sizes, disposition. [wdm, ntifs: the classes; FAT sample,
 * fileinfo; nt-semantics-2 4.3, 4.6]
 */
#include "ramfs.h"

#define RAM_SETTABLE                                                                               \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |                     \
     FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE |                  \
     FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

/* 0 leaves a time, -1 leaves it to this handle's user from now on, -2 gives it back. */
static BOOLEAN
RamSetTime(PLARGE_INTEGER Time, LARGE_INTEGER New, PULONG Flags, ULONG Flag)
{
    if (New.QuadPart == -1) {
        *Flags |= Flag;
        return FALSE;
    }
    if (New.QuadPart == -2) {
        *Flags &= ~Flag;
        return FALSE;
    }
    if (New.QuadPart == 0) {
        return FALSE;
    }
    *Time = New;
    *Flags |= Flag;
    return TRUE;
}

static NTSTATUS
RamSetBasic(PRAM_REQUEST Request)
{
    PFILE_BASIC_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    PRAM_NODE Node = Request->Stream->Node;
    PULONG Flags = &Request->Ccb->Flags;
    ULONG Filter = 0, Attributes = Info->FileAttributes, Unused = 0;

    if (Info->CreationTime.QuadPart < -2 || Info->LastAccessTime.QuadPart < -2 ||
        Info->LastWriteTime.QuadPart < -2 || Info->ChangeTime.QuadPart < -2) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Attributes != 0) {
        if (!Node->Directory && (Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Node->Directory && (Attributes & FILE_ATTRIBUTE_TEMPORARY)) {
            return STATUS_INVALID_PARAMETER;
        }
        Node->Attributes = (Node->Attributes & ~(ULONG)RAM_SETTABLE) | (Attributes & RAM_SETTABLE);
        if (Attributes & FILE_ATTRIBUTE_TEMPORARY) {
            Request->FileObject->Flags |= FO_TEMPORARY_FILE;
        } else {
            Request->FileObject->Flags &= ~FO_TEMPORARY_FILE;
        }
        Filter |= FILE_NOTIFY_CHANGE_ATTRIBUTES;
    }
    if (RamSetTime(&Node->CreationTime, Info->CreationTime, &Unused, 0)) {
        Filter |= FILE_NOTIFY_CHANGE_CREATION;
    }
    if (RamSetTime(&Node->LastAccessTime, Info->LastAccessTime, Flags, RAM_CCB_KEEP_ACCESS)) {
        Filter |= FILE_NOTIFY_CHANGE_LAST_ACCESS;
    }
    if (RamSetTime(&Node->LastWriteTime, Info->LastWriteTime, Flags, RAM_CCB_KEEP_WRITE_TIME)) {
        Filter |= FILE_NOTIFY_CHANGE_LAST_WRITE;
    }
    if (!RamSetTime(&Node->ChangeTime, Info->ChangeTime, Flags, RAM_CCB_KEEP_CHANGE) &&
        Filter != 0 && !(*Flags & RAM_CCB_KEEP_CHANGE)) {
        RamNow(&Node->ChangeTime);
    }
    if (Filter != 0) {
        RamNoteUsn(Node, USN_REASON_BASIC_INFO_CHANGE);
        RamReportNode(Node, Request->Stream, Filter, FILE_ACTION_MODIFIED);
        RamBreakParents(Request, Node);
    }
    return STATUS_SUCCESS;
}

/* Main is held exclusive. The file ends at Size from now on. */
NTSTATUS
RamSetEnd(PRAM_REQUEST Request, PRAM_STREAM Stream, ULONG64 Size)
{
    ULONG64 Old = (ULONG64)Stream->Header.FileSize.QuadPart;
    LARGE_INTEGER New = {.QuadPart = (LONGLONG)Size};
    NTSTATUS Status = STATUS_SUCCESS;

    if ((LONGLONG)Size < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Size == Old) {
        return STATUS_SUCCESS;
    }
    if (Size < Old && !MmCanFileBeTruncated(&Stream->Sections, &New)) {
        return STATUS_USER_MAPPED_FILE;
    }
    RamNoteChange(Stream);
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    if (Size > (ULONG64)Stream->Header.AllocationSize.QuadPart || Size < Old) {
        Status = RamSetAllocation(Stream, Size);
    }
    if (NT_SUCCESS(Status)) {
        Stream->Header.FileSize = New;
        if ((ULONG64)Stream->Header.ValidDataLength.QuadPart > Size) {
            Stream->Header.ValidDataLength = New;
        }
        if (Size < Old) {
            RamZeroPages(Stream, Size, (Size + RAM_CLUSTER - 1) & ~(ULONG64)(RAM_CLUSTER - 1));
        }
    }
    ExReleaseResourceLite(&Stream->Paging);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Stream->Sections.SharedCacheMap != NULL || Stream->Sections.DataSectionObject != NULL) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    Request->FileObject->Flags |= FO_FILE_MODIFIED | FO_FILE_SIZE_CHANGED;
    RamNoteData(Stream, Size < Old ? USN_REASON_DATA_TRUNCATION : USN_REASON_DATA_EXTEND);
    RamReportNode(Stream->Node, Stream, FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED);
    return STATUS_SUCCESS;
}

static NTSTATUS
RamSetAllocationClass(PRAM_REQUEST Request)
{
    PFILE_ALLOCATION_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 Size = (ULONG64)Info->AllocationSize.QuadPart;
    NTSTATUS Status;

    if (Info->AllocationSize.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Size < (ULONG64)Stream->Header.FileSize.QuadPart) {
        return RamSetEnd(Request, Stream, Size);
    }
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    Status = RamSetAllocation(Stream, Size);
    ExReleaseResourceLite(&Stream->Paging);
    if (NT_SUCCESS(Status) && CcIsFileCached(Request->FileObject)) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    return Status;
}

static NTSTATUS
RamSetValid(PRAM_REQUEST Request)
{
    PFILE_VALID_DATA_LENGTH_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;
    LUID Privilege = {28 /* SeManageVolumePrivilege */, 0};
    PRAM_STREAM Stream = Request->Stream;

    if (!SeSinglePrivilegeCheck(Privilege, Request->Irp->RequestorMode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (Info->ValidDataLength.QuadPart < Stream->Header.ValidDataLength.QuadPart ||
        Info->ValidDataLength.QuadPart > Stream->Header.FileSize.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    Stream->Header.ValidDataLength = Info->ValidDataLength;
    ExReleaseResourceLite(&Stream->Paging);
    if (CcIsFileCached(Request->FileObject)) {
        CcSetFileSizes(Request->FileObject, (PCC_FILE_SIZES)&Stream->Header.AllocationSize);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RamSetSize(PRAM_REQUEST Request, ULONG Class)
{
    PRAM_STREAM Stream = Request->Stream;
    NTSTATUS Status;

    if (Stream->Node->Directory && Stream == Stream->Node->Data) {
        return STATUS_INVALID_PARAMETER;
    }
    ExAcquireResourceExclusiveLite(&Stream->Main, TRUE);
    __try {
        if (Class == FileAllocationInformation) {
            Status = RamSetAllocationClass(Request);
        } else if (Class == FileValidDataLengthInformation) {
            Status = RamSetValid(Request);
        } else {
            PFILE_END_OF_FILE_INFORMATION Info = Request->Irp->AssociatedIrp.SystemBuffer;

            if (Request->Stack->Parameters.SetFile.AdvanceOnly) {
                Status =
                    STATUS_SUCCESS; /* the lazy writer's: there is no other length on the disk */
            } else {
                Status = RamSetEnd(Request, Stream, (ULONG64)Info->EndOfFile.QuadPart);
            }
        }
    } __finally {
        ExReleaseResourceLite(&Stream->Main);
    }
    if (NT_SUCCESS(Status) && !Request->Stack->Parameters.SetFile.AdvanceOnly) {
        RamBreakParents(Request, Stream->Node);
    }
    return Status;
}

#define RAM_DISPOSITION_DELETE          1u
#define RAM_DISPOSITION_POSIX           2u
#define RAM_DISPOSITION_CHECK_IMAGE     4u
#define RAM_DISPOSITION_ON_CLOSE        8u
#define RAM_DISPOSITION_IGNORE_READONLY 0x10u

static NTSTATUS
RamSetDisposition(PRAM_REQUEST Request, ULONG Flags)
{
    PRAM_STREAM Stream = Request->Stream;
    NTSTATUS Status;

    if ((Flags & ~0x1Fu) || (Request->Ccb->Flags & RAM_CCB_BY_ID)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Stream->Node->Links == 0 && Stream->Node != Request->Volume->Root) {
        return STATUS_FILE_DELETED; /* nothing brings it back */
    }
    if (Flags & RAM_DISPOSITION_ON_CLOSE) {
        if (!(Request->FileObject->Flags & FO_DELETE_ON_CLOSE)) {
            return STATUS_NOT_SUPPORTED; /* it changes what FILE_DELETE_ON_CLOSE asked for */
        }
        if (Flags & RAM_DISPOSITION_DELETE) {
            Request->Ccb->Flags |= RAM_CCB_DELETE_ON_CLOSE;
        } else {
            Request->Ccb->Flags &= ~RAM_CCB_DELETE_ON_CLOSE;
        }
        return STATUS_SUCCESS;
    }
    if (!(Flags & RAM_DISPOSITION_DELETE)) {
        Stream->DeletePending = FALSE;
        if (Request->Ccb->Link != NULL && Stream == Stream->Node->Data) {
            Request->Ccb->Link->DeletePending = FALSE;
        }
        Request->FileObject->DeletePending = FALSE;
        Request->Ccb->Flags &= ~RAM_CCB_POSIX_DELETE;
        return STATUS_SUCCESS;
    }
    if (RamIsGoing(Stream, Request->Ccb)) {
        return STATUS_SUCCESS;
    }
    /* One of several names may go from a file that is in use. [MS-FSA: FileDispositionInformationEx] */
    Status = RamMayDelete(Stream->Node, Stream, (Flags & RAM_DISPOSITION_IGNORE_READONLY) != 0,
                          !(Flags & RAM_DISPOSITION_CHECK_IMAGE) && RamIsOneOfSeveral(Request));
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!(Flags & RAM_DISPOSITION_POSIX) && RamIsOneOfSeveral(Request)) {
        Request->Ccb->Link->DeletePending = TRUE;
    } else {
        Stream->DeletePending = TRUE;
    }
    Request->FileObject->DeletePending = TRUE;
    if (Flags & RAM_DISPOSITION_POSIX) {
        Request->Ccb->Flags |= RAM_CCB_POSIX_DELETE;
    }
    if (Stream->Node->Directory && Stream == Stream->Node->Data) {
        FsRtlNotifyFullChangeDirectory(Request->Volume->NotifySync, &Request->Volume->NotifyList,
                                       Stream->Node->Data, NULL, FALSE, FALSE, 0, NULL, NULL, NULL);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RamSetTree(PRAM_REQUEST Request, ULONG Class)
{
    PVOID Buffer = Request->Irp->AssociatedIrp.SystemBuffer;

    switch (Class) {
    case FileBasicInformation:
        return RamSetBasic(Request);
    case FileDispositionInformation:
        return RamSetDisposition(Request, *(PBOOLEAN)Buffer ? RAM_DISPOSITION_DELETE : 0);
    case 64 /* FileDispositionInformationEx */:
        return RamSetDisposition(Request, *(PULONG)Buffer);
    case FileRenameInformation:
    case 65 /* FileRenameInformationEx */:
        return RamRename(Request, Class);
    case FileLinkInformation:
    case 72 /* FileLinkInformationEx */:
        return RamHardLink(Request, Class);
    case 71 /* FileCaseSensitiveInformation: as where NtfsEnableDirCaseSensitivity is not set */:
        return Request->Stream->Node->Directory ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER;
    case FileShortNameInformation:
        return RamShortName(Request);
    }
    return STATUS_INVALID_PARAMETER;
}

NTSTATUS
RamSet(PRAM_REQUEST Request)
{
    ULONG Class = Request->Stack->Parameters.SetFile.FileInformationClass;
    PRAM_STREAM Stream = Request->Stream;
    PRAM_VOLUME Volume = Request->Volume;
    BOOLEAN Size = Class == FileEndOfFileInformation || Class == FileAllocationInformation ||
                   Class == FileValidDataLengthInformation;
    NTSTATUS Status;

    if (Stream == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Class == FilePositionInformation) {
        Request->FileObject->CurrentByteOffset =
            *(PLARGE_INTEGER)Request->Irp->AssociatedIrp.SystemBuffer;
        return STATUS_SUCCESS;
    }
    if (Class != FileBasicInformation && !Request->Stack->Parameters.SetFile.AdvanceOnly) {
        Status = FsRtlCheckOplock(&Stream->Oplock, Request->Irp, NULL, NULL, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    KeInitializeEvent(&Request->Break, NotificationEvent, FALSE);
    do {
        if (Size) {
            ExAcquireResourceSharedLite(&Volume->Resource, TRUE);
        } else {
            ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
        }
        __try {
            Status = RamIsDismounted(Volume, Request->Ccb) ? STATUS_VOLUME_DISMOUNTED
                     : Size                                ? RamSetSize(Request, Class)
                                                           : RamSetTree(Request, Class);
        } __finally {
            ExReleaseResourceLite(&Volume->Resource);
        }
        if (Status == STATUS_PENDING) { /* with the volume's resource nobody could close */
            KeWaitForSingleObject(&Request->Break, Executive, KernelMode, FALSE, NULL);
            if (Request->Irp->Cancel) {
                return STATUS_CANCELLED;
            }
        }
    } while (Status == STATUS_PENDING);
    return Status;
}
