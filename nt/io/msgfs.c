/*
 * msgfs.c - what npfs and msfs have in common: drivers of ours whose files are messages between programs.
 */
#include "nt/io/iop.h"

VOID
IopGather(PLIST_ENTRY Gathered, PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    InsertTailList(Gathered, &Irp->Tail.Overlay.ListEntry);
}

VOID
IopCompleteGathered(PLIST_ENTRY Gathered, CCHAR PriorityBoost)
{
    while (!IsListEmpty(Gathered)) {
        IofCompleteRequest(CONTAINING_RECORD(RemoveHeadList(Gathered), IRP, Tail.Overlay.ListEntry),
                           PriorityBoost);
    }
}

VOID
IopAnswerBasic(PFILE_BASIC_INFORMATION Basic, PULONG_PTR Information)
{
    RtlZeroMemory(Basic, sizeof(*Basic));
    Basic->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    *Information = sizeof(*Basic);
}

NTSTATUS
IopAnswerName(PIO_STACK_LOCATION Stack, PFILE_NAME_INFORMATION Name, PULONG_PTR Information)
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
IopCreateMessageDevice(PDRIVER_OBJECT DriverObject, PDRIVER_DISPATCH Dispatch, DEVICE_TYPE Type,
                       PUNICODE_STRING Device, PUNICODE_STRING Link)
{
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    Status = IoCreateDevice(DriverObject, 0, Device, Type, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DeviceObject->Flags |= DO_BUFFERED_IO;
    return IoCreateSymbolicLink(Link, Device);
}
