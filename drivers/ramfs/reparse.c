/*
 * reparse.c - reparse points. [IFS: fsctl-set-reparse-point, -set-reparse-point-ex, -get-, -delete-; ntifs: REPARSE_DATA_BUFFER_EX,
 * OPEN_REPARSE_LIST_ENTRY; nt-semantics-2 4.8]
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

/* [LEARN: Privilege constants, SE_CREATE_SYMBOLIC_LINK_NAME] From Vista on; before, a link is a tag like any other. */
static BOOLEAN
RamMayLink(PRAM_REQUEST Request)
{
    LUID Privilege = {.LowPart = SE_CREATE_SYMBOLIC_LINK_PRIVILEGE};

    return !RamIsVista || SeSinglePrivilegeCheck(Privilege, Request->Irp->RequestorMode);
}

/* Existing: what must be there instead of what is given. */
static NTSTATUS
RamSetReparse(PRAM_REQUEST Request, PREPARSE_DATA_BUFFER Given, ULONG Length,
              PREPARSE_GUID_DATA_BUFFER Existing)
{
    PRAM_NODE Node = Request->Stream->Node;
    PREPARSE_DATA_BUFFER Copy;
    NTSTATUS Status;

    if (Length < FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer) ||
        Length > RAM_REPARSE_LIMIT ||
        Length != RamHeader(Given->ReparseTag) + Given->ReparseDataLength) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (Given->ReparseTag == IO_REPARSE_TAG_SYMLINK && !RamMayLink(Request)) {
        return STATUS_PRIVILEGE_NOT_HELD;
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
        Node->Data->Header.FileSize.QuadPart != 0) {
        return STATUS_IO_REPARSE_DATA_INVALID; /* a file with bytes becomes no link */
    }
    if (Given->ReparseTag == IO_REPARSE_TAG_MOUNT_POINT && !Node->Directory) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if (Existing != NULL && Node->Reparse == NULL) {
        return STATUS_IO_REPARSE_TAG_MISMATCH;
    }
    if (Node->Reparse != NULL) {
        Status = RamCheckTag(Node->Reparse, Existing != NULL ? (PVOID)Existing : (PVOID)Given);
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

/* An existing tag of 0: there is none yet, or the same. */
static NTSTATUS
RamSetReparseEx(PRAM_REQUEST Request, PREPARSE_DATA_BUFFER_EX Given, ULONG Length)
{
    ULONG Header = FIELD_OFFSET(REPARSE_DATA_BUFFER_EX, ReparseDataBuffer);
    REPARSE_GUID_DATA_BUFFER Existing = {};

    if (Length < Header) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    Existing.ReparseTag = Given->ExistingReparseTag;
    Existing.ReparseGuid = Given->ExistingReparseGuid;
    return RamSetReparse(Request, &Given->ReparseDataBuffer, Length - Header,
                         Given->ExistingReparseTag != 0 ? &Existing : NULL);
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
        Status = Code == FSCTL_SET_REPARSE_POINT      ? RamSetReparse(Request, Buffer, In, NULL)
                 : Code == FSCTL_SET_REPARSE_POINT_EX ? RamSetReparseEx(Request, Buffer, In)
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

/* ---- what a create opens all the same ---- */

/* The entry of the create's list for what stands on Node; NULL: none. */
static POPEN_REPARSE_LIST_ENTRY
RamFindOpenReparse(POPEN_REPARSE_LIST List, PRAM_NODE Node)
{
    PREPARSE_GUID_DATA_BUFFER There = (PVOID)Node->Reparse;

    for (PLIST_ENTRY Entry = List->OpenReparseList.Flink; Entry != &List->OpenReparseList;
         Entry = Entry->Flink) {
        POPEN_REPARSE_LIST_ENTRY One =
            CONTAINING_RECORD(Entry, OPEN_REPARSE_LIST_ENTRY, OpenReparseListEntry);

        if (One->ReparseTag == There->ReparseTag &&
            ((One->ReparseTag & 0x80000000u) ||
             RtlEqualMemory(&One->ReparseGuid, &There->ReparseGuid, sizeof(GUID)))) {
            return One;
        }
    }
    return NULL;
}

/*
 * Whether the create goes elsewhere at Node, of whose name Rest is left. A tag with the directory bit stands on directories that
 * can be looked into: nobody is sent elsewhere by it who has not asked for that. [IFS: Reparse Tags; ntifs: OPEN_REPARSE_LIST_ENTRY]
 */
BOOLEAN
RamReparses(PRAM_REQUEST Request, PRAM_NODE Node, PCUNICODE_STRING Rest, ULONG Options,
            BOOLEAN CaseSensitive)
{
    BOOLEAN Directory = (Node->Reparse->ReparseTag & RAM_TAG_DIRECTORY) != 0;
    BOOLEAN Final = Rest->Length == 0, Goes = !Directory;
    POPEN_REPARSE_LIST List = Request != NULL ? RamOpenReparseList(Request->Irp) : NULL;
    POPEN_REPARSE_LIST_ENTRY Entry = List != NULL ? RamFindOpenReparse(List, Node) : NULL;
    UNICODE_STRING Child, Behind;

    if (Final && (Options & FILE_OPEN_REPARSE_POINT)) {
        Goes = FALSE;
    } else if (Entry != NULL && Directory) {
        if (Final) {
            Goes = (Entry->Flags & OPEN_REPARSE_POINT_REPARSE_IF_DIRECTORY_FINAL_COMPONENT) != 0;
        } else {
            FsRtlDissectName(*Rest, &Child, &Behind);
            Goes = (Entry->Flags & (RamFindChild(Node, &Child, CaseSensitive) != NULL
                                        ? OPEN_REPARSE_POINT_REPARSE_IF_CHILD_EXISTS
                                        : OPEN_REPARSE_POINT_REPARSE_IF_CHILD_NOT_EXISTS)) != 0;
        }
    } else if (Entry != NULL && Final) {
        Goes = FALSE;
    }
    if (Entry != NULL && (Final || Goes)) {
        Entry->Flags |= OPEN_REPARSE_POINT_TAG_ENCOUNTERED;
        Entry->RemainingLength = Final ? 0 : Rest->Length + sizeof(WCHAR);
    }
    return Goes;
}
