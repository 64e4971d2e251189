/*
 * msgfs.c - the waits of npfs and msfs, and what else they have in common. msgfs.h is the chapter.
 */
#include "nt/io/msgfs.h"

PVOID
MsgPlace(PCUNICODE_STRING Name)
{
    UNICODE_STRING Bare = *Name;
    ULONG Hash;

    if (Bare.Length != 0 && Bare.Buffer[0] == L'\\') {
        Bare.Buffer++;
        Bare.Length -= sizeof(WCHAR);
    }
    RtlHashUnicodeString(&Bare, TRUE, HASH_STRING_ALGORITHM_X65599, &Hash);
    return &MsgPlaces[Hash % MSG_PLACES];
}

PVOID
MsgNewWait(SIZE_T Bytes, ULONG Tag)
{
    PMSG_WAIT Wait = ExpAllocate(Bytes, Tag);

    RtlZeroMemory(Wait, Bytes);
    InitializeListHead(&Wait->Links);
    Wait->Holders = 1;
    return Wait;
}

static VOID
MsgReleaseWait(PMSG_WAIT Wait)
{
    if (--Wait->Holders == 0) { /* W3 */
        if (Wait->Timer != NULL) {
            ExpFree(Wait->Timer);
        }
        ExpFree(Wait);
    }
}

VOID
MsgLeaveList(PMSG_WAIT Wait)
{
    RemoveEntryList(&Wait->Links);
    InitializeListHead(&Wait->Links);
    MsgReleaseWait(Wait);
}

VOID
MsgGather(PLIST_ENTRY Gathered, PMSG_WAIT Wait, NTSTATUS Status, ULONG_PTR Information)
{
    PIRP Irp = Wait->Irp;

    IoSetCancelRoutine(Irp, NULL);
    Wait->Irp = NULL;
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    InsertTailList(Gathered, &Irp->Tail.Overlay.ListEntry);
}

VOID
MsgEnd(PLIST_ENTRY Gathered, PMSG_WAIT Wait, NTSTATUS Status, ULONG_PTR Information)
{
    if (Wait->Irp != NULL) {
        MsgGather(Gathered, Wait, Status, Information);
    }
    MsgLeaveList(Wait);
}

VOID
MsgCompleteGathered(PLIST_ENTRY Gathered, CCHAR PriorityBoost)
{
    while (!IsListEmpty(Gathered)) {
        PIRP Irp = CONTAINING_RECORD(RemoveHeadList(Gathered), IRP, Tail.Overlay.ListEntry);
        PMSG_WAIT Wait = Irp->Tail.Overlay.DriverContext[0];

        if (Wait->Timer != NULL && KeCancelTimer(&Wait->Timer->Timer)) {
            MsgReleaseWait(Wait);
        }
        MsgReleaseWait(Wait);
        IofCompleteRequest(Irp, PriorityBoost);
    }
}

static VOID NTAPI
MsgCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PMSG_WAIT Wait = Irp->Tail.Overlay.DriverContext[0];
    LIST_ENTRY Gathered;

    InitializeListHead(&Gathered);
    MsgEnd(&Gathered, Wait, STATUS_CANCELLED, 0);
    if (Wait->Withdrawn != NULL) {
        Wait->Withdrawn(Wait, &Gathered);
    }
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    MsgCompleteGathered(&Gathered, IO_NO_INCREMENT);
}

PVOID
MsgPlaceOfFile(PFILE_OBJECT FileObject)
{
    if (FileObject == NULL || FileObject->FsContext == NULL ||
        (FileObject->DeviceObject != MsgDevice[MsgPipes] &&
         FileObject->DeviceObject != MsgDevice[MsgMailslots])) {
        return NULL;
    }
    return ((PMSG_FILE)FileObject->FsContext)->Place;
}

static VOID NTAPI
MsgExpired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PMSG_WAIT Wait = Context;
    LIST_ENTRY Gathered;

    InitializeListHead(&Gathered);
    KiSchedulePoint(SP_OBJECT, Wait->Place); /* W2 */
    if (Wait->Irp != NULL) {
        MsgEnd(&Gathered, Wait, STATUS_IO_TIMEOUT, 0);
    }
    MsgCompleteGathered(&Gathered, IO_NO_INCREMENT);
    MsgReleaseWait(Wait);
}

NTSTATUS
MsgWait(PLIST_ENTRY List, PMSG_WAIT Wait, PIRP Irp, PVOID Place, PLARGE_INTEGER Timeout)
{
    Wait->Irp = Irp;
    Wait->Place = Place;
    Wait->Holders++;
    Irp->Tail.Overlay.DriverContext[0] = Wait;
    InsertTailList(List, &Wait->Links);
    IoSetCancelRoutine(Irp, MsgCancel);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        MsgLeaveList(Wait);
        MsgReleaseWait(Wait);
        return STATUS_CANCELLED;
    }
    IoMarkIrpPending(Irp);
    if (Timeout != NULL) {
        Wait->Timer = ExpAllocate(sizeof(*Wait->Timer), TAG_MSG);
        KeInitializeTimer(&Wait->Timer->Timer);
        KeInitializeDpc(&Wait->Timer->Dpc, MsgExpired, Wait);
        Wait->Holders++;
        KeSetTimer(&Wait->Timer->Timer, *Timeout, &Wait->Timer->Dpc);
    }
    return STATUS_PENDING;
}

VOID
MsgAnswerBasic(PFILE_BASIC_INFORMATION Basic, PULONG_PTR Information)
{
    RtlZeroMemory(Basic, sizeof(*Basic));
    Basic->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    *Information = sizeof(*Basic);
}

NTSTATUS
MsgAnswerName(PIO_STACK_LOCATION Stack, PFILE_NAME_INFORMATION Name, PULONG_PTR Information)
{
    ULONG Fixed = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    ULONG Room = Stack->Parameters.QueryFile.Length - Fixed;
    UNICODE_STRING Text = Stack->FileObject->FileName;
    ULONG Copy = Text.Length <= Room ? Text.Length : Room;

    Name->FileNameLength = Text.Length;
    if (Copy != 0) {
        RtlCopyMemory(Name->FileName, Text.Buffer, Copy);
    }
    *Information = Fixed + Copy;
    return Copy < Text.Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS
MsgCreateDevice(PDRIVER_OBJECT DriverObject, PDRIVER_DISPATCH Dispatch, ULONG Which,
                PUNICODE_STRING Device, PUNICODE_STRING Link)
{
    DEVICE_TYPE Type = Which == MsgPipes ? FILE_DEVICE_NAMED_PIPE : FILE_DEVICE_MAILSLOT;
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    Status = IoCreateDevice(DriverObject, 0, Device, Type, 0, FALSE, &MsgDevice[Which]);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    MsgDevice[Which]->Flags |= DO_BUFFERED_IO;
    return IoCreateSymbolicLink(Link, Device);
}
