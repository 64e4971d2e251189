/*
 * objectid.c - object IDs: 16 bytes that find a file on its volume, and 48 that go with them. [winioctl: FILE_OBJECTID_BUFFER;
 * MS-FSA 2.1.5.10.1, 2, 13, 35, 36]
 */
#include "ramfs.h"

#define RAM_ID       16u
#define RAM_ID_WHOLE 64u

static BOOLEAN
RamIsIdTaken(PRAM_VOLUME Volume, const VOID *Id)
{
    for (PLIST_ENTRY Entry = Volume->Nodes.Flink; Entry != &Volume->Nodes; Entry = Entry->Flink) {
        PRAM_NODE Node = CONTAINING_RECORD(Entry, RAM_NODE, AllNodes);

        if (Node->HasObjectId && RtlEqualMemory(Node->ObjectId, Id, RAM_ID)) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
RamChangeId(PRAM_NODE Node, const VOID *Bytes, ULONG Offset, ULONG Length)
{
    RtlCopyMemory(Node->ObjectId + Offset, Bytes, Length);
    Node->HasObjectId = TRUE;
    RamNow(&Node->ChangeTime);
    RamNoteUsn(Node, USN_REASON_OBJECT_ID_CHANGE);
}

/* Object IDs are for who restores files: anybody else has them made. */
static NTSTATUS
RamSetId(PRAM_REQUEST Request, PRAM_NODE Node, const VOID *Bytes, ULONG Length)
{
    LUID Privilege = {18 /* SeRestorePrivilege */, 0};

    if (Length != RAM_ID_WHOLE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!SeSinglePrivilegeCheck(Privilege, Request->Irp->RequestorMode)) {
        return STATUS_ACCESS_DENIED;
    }
    if (Node->HasObjectId) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (RamIsIdTaken(Node->Volume, Bytes)) {
        return STATUS_DUPLICATE_NAME;
    }
    RamChangeId(Node, Bytes, 0, RAM_ID_WHOLE);
    return STATUS_SUCCESS;
}

static VOID
RamMakeId(PRAM_NODE Node)
{
    UCHAR Id[RAM_ID_WHOLE] = {0};

    *(PULONG64)Id = Node->Id;
    *(PULONG64)(Id + 8) = 0x626C744E00000000ull | Node->Volume->Vpb->SerialNumber;
    while (RamIsIdTaken(Node->Volume, Id)) {
        ++*(PUSHORT)(Id + 6); /* somebody has given it to another file */
    }
    RamChangeId(Node, Id, 0, RAM_ID_WHOLE);
}

static BOOLEAN
RamMayChangeId(PRAM_REQUEST Request)
{
    return Request->Irp->RequestorMode == KernelMode ||
           (Request->Ccb->Granted & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES)) != 0;
}

/* Volume->Resource is held exclusively. */
static NTSTATUS
RamDoObjectId(PRAM_REQUEST Request, ULONG Code)
{
    PVOID Buffer = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Request->Stack->Parameters.FileSystemControl.InputBufferLength;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength;
    PRAM_NODE Node = Request->Stream->Node;

    if (RamIsGone(Node->Data)) { /* a deleted stream of a file that is there is no matter */
        return STATUS_FILE_DELETED;
    }
    switch (Code) {
    case FSCTL_SET_OBJECT_ID:
        return RamSetId(Request, Node, Buffer, In);
    case FSCTL_SET_OBJECT_ID_EXTENDED:
        if (!RamMayChangeId(Request)) {
            return STATUS_ACCESS_DENIED;
        }
        if (In != RAM_ID_WHOLE - RAM_ID) {
            return STATUS_INVALID_PARAMETER;
        }
        if (!Node->HasObjectId) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        RamChangeId(Node, Buffer, RAM_ID, In);
        return STATUS_SUCCESS;
    case FSCTL_DELETE_OBJECT_ID:
        if (!RamMayChangeId(Request)) {
            return STATUS_ACCESS_DENIED;
        }
        if (Node->HasObjectId) {
            RamChangeId(Node, Node->ObjectId, 0, 0);
            Node->HasObjectId = FALSE;
        }
        return STATUS_SUCCESS;
    }
    if (Out < RAM_ID_WHOLE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!Node->HasObjectId) {
        if (Code == FSCTL_GET_OBJECT_ID) {
            return STATUS_OBJECTID_NOT_FOUND;
        }
        RamMakeId(Node);
    }
    RtlCopyMemory(Buffer, Node->ObjectId, RAM_ID_WHOLE);
    Request->Information = RAM_ID_WHOLE;
    return STATUS_SUCCESS;
}

NTSTATUS
RamObjectId(PRAM_REQUEST Request, ULONG Code)
{
    NTSTATUS Status;

    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    Status = RamDoObjectId(Request, Code);
    ExReleaseResourceLite(&Request->Volume->Resource);
    return Status;
}
