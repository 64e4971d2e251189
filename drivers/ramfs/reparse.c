/*
 * reparse.c - reparse points. [IFS: fsctl-set-reparse-point, -get-, -delete-; nt-semantics-2 4.8]
 */
#include "ramfs.h"

#define RAM_GUID_HEADER   24u
#define RAM_REPARSE_LIMIT 0x4000u

/* Microsoft's tags have bit 31; all others carry a GUID. */
static ULONG
RamHeader(ULONG Tag)
{
    return Tag & 0x80000000u ? FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer)
                             : RAM_GUID_HEADER;
}

/* Tag and GUID of what is there must be those that the caller gives. */
static NTSTATUS
RamCheckTag(PREPARSE_DATA_BUFFER There, PREPARSE_DATA_BUFFER Given)
{
    if (There->ReparseTag != Given->ReparseTag) {
        return STATUS_IO_REPARSE_TAG_MISMATCH;
    }
    if (!(Given->ReparseTag & 0x80000000u) &&
        !RtlEqualMemory((PUCHAR)There + 8, (PUCHAR)Given + 8, sizeof(GUID))) {
        return STATUS_REPARSE_ATTRIBUTE_CONFLICT;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RamSetReparse(PRAM_REQUEST Request, PREPARSE_DATA_BUFFER Given, ULONG Length)
{
    PRAM_NODE Node = Request->Stream->Node;
    PREPARSE_DATA_BUFFER Copy;
    NTSTATUS Status;

    if (Length < FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer) ||
        Length > RAM_REPARSE_LIMIT ||
        Length != RamHeader(Given->ReparseTag) + Given->ReparseDataLength) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (Given->ReparseTag <= 1) {
        return STATUS_IO_REPARSE_TAG_INVALID;
    }
    if (Node->EaLength != 0 && !RamIsWindows10) {
        return STATUS_EAS_NOT_SUPPORTED;
    }
    if (Node->Directory && !(Given->ReparseTag & RAM_TAG_DIRECTORY) && !RamIsEmpty(Node)) {
        return STATUS_DIRECTORY_NOT_EMPTY;
    }
    if (Given->ReparseTag == IO_REPARSE_TAG_SYMLINK && Node->Reparse == NULL &&
        Node->Data.Header.FileSize.QuadPart != 0) {
        return STATUS_IO_REPARSE_DATA_INVALID; /* a file with bytes becomes no link */
    }
    if (Given->ReparseTag == IO_REPARSE_TAG_MOUNT_POINT && !Node->Directory) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if (Node->Reparse != NULL) {
        Status = RamCheckTag(Node->Reparse, Given);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Copy = RamAllocate(Length);
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Copy, Given, Length);
    Copy->Reserved = 0;
    RamFree(Node->Reparse);
    Node->Reparse = Copy;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamGetReparse(PRAM_REQUEST Request, PVOID Buffer, ULONG Length)
{
    PREPARSE_DATA_BUFFER There = Request->Stream->Node->Reparse;
    ULONG Size;

    if (Length == 0) {
        return STATUS_INVALID_USER_BUFFER; /* whatever the file is */
    }
    if (There == NULL) {
        return STATUS_NOT_A_REPARSE_POINT;
    }
    Size = RamHeader(There->ReparseTag) + There->ReparseDataLength;
    if (Length < RamHeader(There->ReparseTag)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Buffer, There, min(Length, Size));
    Request->Information = min(Length, Size);
    return Length < Size ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
RamDeleteReparse(PRAM_REQUEST Request, PREPARSE_DATA_BUFFER Given, ULONG Length)
{
    PRAM_NODE Node = Request->Stream->Node;
    NTSTATUS Status;

    if (Length < FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer) ||
        Length != RamHeader(Given->ReparseTag) || Given->ReparseDataLength != 0) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (Node->Reparse == NULL) {
        return STATUS_NOT_A_REPARSE_POINT;
    }
    Status = RamCheckTag(Node->Reparse, Given);
    if (NT_SUCCESS(Status)) {
        RamFree(Node->Reparse);
        Node->Reparse = NULL;
    }
    return Status;
}

NTSTATUS
RamReparseControl(PRAM_REQUEST Request, ULONG Code)
{
    PVOID Buffer = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Request->Stack->Parameters.FileSystemControl.InputBufferLength;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength;
    NTSTATUS Status;

    if (Code != FSCTL_GET_REPARSE_POINT && Request->Irp->RequestorMode != KernelMode &&
        !(Request->Ccb->Granted & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES))) {
        return STATUS_ACCESS_DENIED;
    }
    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    if (Code == FSCTL_GET_REPARSE_POINT) {
        Status = RamGetReparse(Request, Buffer, Out);
    } else {
        Status = Code == FSCTL_SET_REPARSE_POINT ? RamSetReparse(Request, Buffer, In)
                                                 : RamDeleteReparse(Request, Buffer, In);
        if (NT_SUCCESS(Status)) {
            RamNow(&Request->Stream->Node->ChangeTime);
            RamNoteUsn(Request->Stream->Node, USN_REASON_REPARSE_POINT_CHANGE);
            RamReportNode(Request->Stream->Node, Request->Stream, FILE_NOTIFY_CHANGE_ATTRIBUTES,
                          FILE_ACTION_MODIFIED);
        }
    }
    ExReleaseResourceLite(&Request->Volume->Resource);
    return Status;
}
