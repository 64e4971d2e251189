/*
 * directory.c - NtQueryDirectoryFile and NtNotifyChangeDirectoryFile.
 *
 * The pattern is copied behind the IRP (AuxiliaryBuffer); the buffer travels as the device's flags say.
 * [ntifs: ZwQueryDirectoryFile; nt-semantics-2 4.5]
 */
#include "nt/io/iop.h"

typedef struct _IOP_PATTERN {
    UNICODE_STRING Name;
    WCHAR Buffer[];
} IOP_PATTERN, *PIOP_PATTERN;

/* The file name pattern, in pool; NULL if there is none. */
static NTSTATUS
IopCapturePattern(PUNICODE_STRING FileName, KPROCESSOR_MODE Mode, PIOP_PATTERN *Pattern)
{
    UNICODE_STRING Name;

    *Pattern = NULL;
    if (FileName == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(FileName, sizeof(*FileName), sizeof(ULONG));
        }
        Name = *(volatile UNICODE_STRING *)FileName;
        if (Name.Length == 0) {
            return STATUS_SUCCESS;
        }
        if (Mode != KernelMode) {
            ProbeForRead(Name.Buffer, Name.Length, sizeof(WCHAR));
        }
        *Pattern =
            ExAllocatePoolWithTag(NonPagedPool, sizeof(IOP_PATTERN) + Name.Length, TAG_IOBUFFER);
        if (*Pattern == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        (*Pattern)->Name.Length = (*Pattern)->Name.MaximumLength = Name.Length;
        (*Pattern)->Name.Buffer = (*Pattern)->Buffer;
        RtlCopyMemory((*Pattern)->Buffer, Name.Buffer, Name.Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        if (*Pattern != NULL) {
            ExFreePoolWithTag(*Pattern, TAG_IOBUFFER);
            *Pattern = NULL;
        }
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static ULONG
IopDirectoryEntrySize(ULONG Class)
{
    switch (Class) {
    case FileDirectoryInformation:
        return sizeof(FILE_DIRECTORY_INFORMATION);
    case FileFullDirectoryInformation:
        return sizeof(FILE_FULL_DIR_INFORMATION);
    case FileBothDirectoryInformation:
        return sizeof(FILE_BOTH_DIR_INFORMATION);
    case FileNamesInformation:
        return sizeof(FILE_NAMES_INFORMATION);
    case FileIdBothDirectoryInformation:
        return sizeof(FILE_ID_BOTH_DIR_INFORMATION);
    case FileIdFullDirectoryInformation:
        return sizeof(FILE_ID_FULL_DIR_INFORMATION);
    case FileObjectIdInformation:
        return 72;
    case FileReparsePointInformation:
        return 16;
    case FileQuotaInformation:
        return 56;
    case 60 /* FileIdExtdDirectoryInformation */:
        return 88;
    case 63 /* FileIdExtdBothDirectoryInformation */:
        return 112;
    }
    return 0;
}

NTSTATUS NTAPI
NtQueryDirectoryFileEx(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                       PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                       ULONG Length, FILE_INFORMATION_CLASS FileInformationClass, ULONG QueryFlags,
                       PUNICODE_STRING FileName)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PIOP_PATTERN Pattern = NULL;
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    PIRP Irp;

    if (Mode != KernelMode) {
        ULONG Least = IopDirectoryEntrySize(FileInformationClass);

        if (Least == 0) {
            return STATUS_INVALID_INFO_CLASS;
        }
        if (Length < Least) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Status = IopProbeIosb(IoStatusBlock, Mode);
        if (NT_SUCCESS(Status)) {
            Status = ExpProbe(FileInformation, Length, sizeof(ULONG), TRUE, Mode);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = IopCapturePattern(FileName, Mode, &Pattern);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopBeginRequest(FileHandle, FILE_LIST_DIRECTORY, &Request);
    if (!NT_SUCCESS(Status)) {
        goto FreePattern;
    }
    if (Request.FileObject->CompletionContext != NULL && ApcRoutine != NULL) {
        Status = STATUS_INVALID_PARAMETER;
    } else {
        Status = IopTakeEvent(Event, &Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        goto FreePattern;
    }
    Irp = IopRequestIrp(&Request, IoStatusBlock, ApcRoutine, ApcContext, IRP_MJ_DIRECTORY_CONTROL,
                        &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto FreePattern;
    }
    Stack->MinorFunction = IRP_MN_QUERY_DIRECTORY;
    Stack->Flags =
        (UCHAR)(QueryFlags & (SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY | SL_INDEX_SPECIFIED));
    Stack->Parameters.QueryDirectory.Length = Length;
    Stack->Parameters.QueryDirectory.FileInformationClass = FileInformationClass;
    Stack->Parameters.QueryDirectory.FileName = Pattern != NULL ? &Pattern->Name : NULL;
    Stack->Parameters.QueryDirectory.FileIndex = 0;
    Status = IopDataIrp(Irp, Request.DeviceObject, FileInformation, Length, TRUE);
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        goto FreePattern;
    }
    Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)Pattern; /* complete.c frees it */
    Irp->Flags |= IRP_DEFER_IO_COMPLETION;
    return IopSend(Irp, &Request, TRUE);

FreePattern:
    if (Pattern != NULL) {
        ExFreePoolWithTag(Pattern, TAG_IOBUFFER);
    }
    return Status;
}

NTSTATUS NTAPI
NtQueryDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                     PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                     FILE_INFORMATION_CLASS FileInformationClass, BOOLEAN ReturnSingleEntry,
                     PUNICODE_STRING FileName, BOOLEAN RestartScan)
{
    return NtQueryDirectoryFileEx(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock,
                                  FileInformation, Length, FileInformationClass,
                                  (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) |
                                      (RestartScan ? SL_RESTART_SCAN : 0),
                                  FileName);
}

NTSTATUS NTAPI
NtNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                            PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer,
                            ULONG Length, ULONG CompletionFilter, BOOLEAN WatchTree)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    PIRP Irp;

    /* What the caller gives is looked at before the handle is. */
    Status = IopProbeIosb(IoStatusBlock, Mode);
    if (NT_SUCCESS(Status) && Length != 0) {
        Status = ExpProbe(Buffer, Length, sizeof(ULONG), TRUE, Mode);
    }
    if (NT_SUCCESS(Status) && (CompletionFilter == 0 || (CompletionFilter & ~0xFFFu))) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopBeginRequest(FileHandle, FILE_LIST_DIRECTORY, &Request);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Request.FileObject->CompletionContext != NULL && ApcRoutine != NULL) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopTakeEvent(Event, &Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopLockRequest(&Request);
    }
    if (Status != STATUS_SUCCESS) {
        IopAbandonRequest(&Request);
        return Status;
    }
    Irp = IopRequestIrp(&Request, IoStatusBlock, ApcRoutine, ApcContext, IRP_MJ_DIRECTORY_CONTROL,
                        &Stack);
    if (Irp == NULL) {
        IopAbandonRequest(&Request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Stack->MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    Stack->Flags = WatchTree ? SL_WATCH_TREE : 0;
    Stack->Parameters.NotifyDirectory.Length = Length;
    Stack->Parameters.NotifyDirectory.CompletionFilter = CompletionFilter;
    /* The system buffer, if any, is the driver's to make: the completion can be a long time off. */
    if (Length != 0) {
        Irp->UserBuffer = Buffer;
        if (Request.DeviceObject->Flags & DO_DIRECT_IO) {
            Status = IopMdlIrp(Irp, Buffer, Length, IoWriteAccess);
        }
    }
    if (!NT_SUCCESS(Status)) {
        IopAbandonIrp(Irp, &Request);
        return Status;
    }
    return IopSend(Irp, &Request, FALSE);
}
