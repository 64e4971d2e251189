/*
 * paging.c - paging I/O: what mm sends to a file system. [ntifs: IRP_MJ_READ, IRP_MJ_WRITE, IRP_PAGING_IO]
 *
 *   G1  It completes without an APC (complete.c, F3): who asks may have them disabled.
 *   G2  The pages are the memory manager's: the MDL is not freed with the IRP.
 */
#include "nt/io/iop.h"

static NTSTATUS
IopSendPaging(PFILE_OBJECT FileObject, PMDL Mdl, ULONG64 Offset, BOOLEAN Write,
              PIO_STATUS_BLOCK Iosb)
{
    PDEVICE_OBJECT DeviceObject = IoGetRelatedDeviceObject(FileObject);
    PIRP Irp = IopAllocateIrp(DeviceObject->StackSize, FALSE);
    PIO_STACK_LOCATION Stack;
    NTSTATUS Status;
    KEVENT Event;

    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Irp->MdlAddress = Mdl;
    Irp->UserBuffer = MmGetMdlVirtualAddress(Mdl);
    Irp->Flags = IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO |
                 (Write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION | IRP_INPUT_OPERATION);
    Irp->RequestorMode = KernelMode;
    Irp->UserIosb = Iosb;
    Irp->UserEvent = &Event;
    Irp->Tail.Overlay.OriginalFileObject = FileObject;
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = Write ? IRP_MJ_WRITE : IRP_MJ_READ;
    Stack->FileObject = FileObject;
    Stack->Parameters.Read.Length = Mdl->ByteCount;
    Stack->Parameters.Read.ByteOffset.QuadPart = (LONGLONG)Offset;
    Status = IofCallDriver(DeviceObject, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
    return Iosb->Status;
}

NTSTATUS
IopPageIo(PFILE_OBJECT FileObject, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PIO_STATUS_BLOCK Iosb)
{
    Mdl->MdlFlags |= Write ? 0 : MDL_IO_PAGE_READ;
    return IopSendPaging(FileObject, Mdl, Offset, Write, Iosb);
}

/* Undocumented but exported. Event: the waiter's own is used all the same. */
static NTSTATUS
IopPageAndSet(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, BOOLEAN Write,
              PKEVENT Event, PIO_STATUS_BLOCK Iosb)
{
    NTSTATUS Status = IopSendPaging(FileObject, Mdl, (ULONG64)Offset->QuadPart, Write, Iosb);

    if (Event != NULL) {
        KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    }
    return Status;
}

NTSTATUS NTAPI
IoPageRead(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, PKEVENT Event,
           PIO_STATUS_BLOCK IoStatusBlock)
{
    return IopPageAndSet(FileObject, Mdl, Offset, FALSE, Event, IoStatusBlock);
}

NTSTATUS NTAPI
IoSynchronousPageWrite(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, PKEVENT Event,
                       PIO_STATUS_BLOCK IoStatusBlock)
{
    return IopPageAndSet(FileObject, Mdl, Offset, TRUE, Event, IoStatusBlock);
}
