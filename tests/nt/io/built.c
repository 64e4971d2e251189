/*
 * built.c - requests that a driver builds, for each way in which a device takes its buffers: every field that the documentation
 * names, and no request at all where the buffer cannot be had. Pool is as full afterwards as before.
 * [DDI:wdm/iobuildasynchronousfsdrequest], [DDI:wdm/iobuildsynchronousfsdrequest], [DDI:wdm/iobuilddeviceiocontrolrequest],
 * [DDI:wdm/ioallocateirpex], [DDI:wdm/iowmiwriteevent], [K:buffer-descriptions-for-i-o-control-codes].
 */
#include "../ntlab-test.h"

NTSTATUS NTAPI ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Needed);
NTKERNELAPI PIRP NTAPI IoAllocateIrpEx(PDEVICE_OBJECT, CCHAR, BOOLEAN);
NTKERNELAPI NTSTATUS NTAPI IoWMIOpenBlock(GUID *, ULONG, PVOID *);

typedef struct _TAG_USE {
    ULONG Tag, PagedAllocs, PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs, NonPagedFrees;
    SIZE_T NonPagedUsed;
} TAG_USE;

static struct {
    ULONG64 Count;
    TAG_USE Tag[1024];
} Use;

static PDEVICE_OBJECT Buffered, Direct, Neither;
static UCHAR Data[256];
static PVOID Nowhere = (PVOID)0x10; /* a user address: the system process has none */
static IO_STATUS_BLOCK Iosb;
static KEVENT Event;

static SIZE_T
PoolInUse(VOID)
{
    SIZE_T Bytes = 0;
    ULONG Needed;

    ZwQuerySystemInformation(22, &Use, sizeof(Use), &Needed);
    for (ULONG i = 0; i < (ULONG)Use.Count; i++) {
        Bytes += Use.Tag[i].NonPagedUsed + Use.Tag[i].PagedUsed;
    }
    return Bytes;
}

/* As a lower driver completes it, so that all that belongs to it goes. */
static VOID
Drop(PIRP Irp)
{
    if (Irp->MdlAddress != NULL) {
        MmUnlockPages(Irp->MdlAddress);
        IoFreeMdl(Irp->MdlAddress);
        Irp->MdlAddress = NULL;
    }
    if (Irp->Flags & IRP_DEALLOCATE_BUFFER) {
        ExFreePool(Irp->AssociatedIrp.SystemBuffer);
    }
    IoFreeIrp(Irp);
}

static VOID
EachTransfer(VOID)
{
    LARGE_INTEGER Offset = {.QuadPart = 0x123456789};
    static const ULONG Majors[] = {IRP_MJ_READ, IRP_MJ_WRITE};
    PIO_STACK_LOCATION Next;
    PIRP Irp;

    RtlFillMemory(Data, sizeof(Data), 0x77);
    for (ULONG i = 0; i < 2; i++) {
        Irp = IoBuildAsynchronousFsdRequest(Majors[i], Buffered, Data, 100, &Offset, &Iosb);
        EXPECT(Irp != NULL);
        Next = IoGetNextIrpStackLocation(Irp);
        EXPECT_EQ(Next->MajorFunction, Majors[i]);
        EXPECT_EQ(Next->Parameters.Read.Length, 100);
        EXPECT_EQ(Next->Parameters.Read.ByteOffset.QuadPart, 0x123456789);
        EXPECT(Irp->UserIosb == &Iosb && Irp->Tail.Overlay.Thread == PsGetCurrentThread());
        EXPECT(Irp->AssociatedIrp.SystemBuffer != NULL && Irp->MdlAddress == NULL);
        EXPECT((Irp->Flags & (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER)) ==
               (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER));
        EXPECT_EQ((Irp->Flags & IRP_INPUT_OPERATION) != 0, i == 0); /* to be copied back */
        EXPECT(i == 1 || Irp->UserBuffer == Data);
        EXPECT(i == 0 || RtlEqualMemory(Irp->AssociatedIrp.SystemBuffer, Data, 100));
        EXPECT_EQ(Irp->StackCount, Buffered->StackSize);
        Drop(Irp);
        Irp = IoBuildAsynchronousFsdRequest(Majors[i], Direct, Data, 100, NULL, &Iosb);
        EXPECT(Irp != NULL);
        Next = IoGetNextIrpStackLocation(Irp);
        EXPECT_EQ(Next->Parameters.Write.ByteOffset.QuadPart, 0);
        EXPECT_EQ(Next->Parameters.Write.Length, 100);
        EXPECT(Irp->MdlAddress != NULL && Irp->AssociatedIrp.SystemBuffer == NULL);
        EXPECT(MmGetMdlVirtualAddress(Irp->MdlAddress) == Data &&
               MmGetMdlByteCount(Irp->MdlAddress) == 100 &&
               (Irp->MdlAddress->MdlFlags & MDL_PAGES_LOCKED));
        EXPECT_EQ((Irp->MdlAddress->MdlFlags & MDL_WRITE_OPERATION) != 0, i == 0);
        Drop(Irp);
        Irp = IoBuildAsynchronousFsdRequest(Majors[i], Neither, Data, 100, NULL, &Iosb);
        EXPECT(Irp != NULL && Irp->UserBuffer == Data && Irp->MdlAddress == NULL &&
               Irp->AssociatedIrp.SystemBuffer == NULL);
        Drop(Irp);
        /* nothing to transfer: no buffer */
        Irp = IoBuildAsynchronousFsdRequest(Majors[i], Buffered, NULL, 0, NULL, &Iosb);
        EXPECT(Irp != NULL && Irp->AssociatedIrp.SystemBuffer == NULL && Irp->Flags == 0);
        Drop(Irp);
        Irp = IoBuildAsynchronousFsdRequest(Majors[i], Direct, NULL, 0, NULL, &Iosb);
        EXPECT(Irp != NULL && Irp->MdlAddress == NULL);
        Drop(Irp);
        EXPECT(IoBuildAsynchronousFsdRequest(Majors[i], Direct, Nowhere, 100, NULL, &Iosb) == NULL);
    }
    EXPECT(IoBuildAsynchronousFsdRequest(IRP_MJ_WRITE, Buffered, Nowhere, 100, NULL, &Iosb) ==
           NULL);
    Irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Buffered, NULL, 0, NULL, &Iosb);
    EXPECT(Irp != NULL && IoGetNextIrpStackLocation(Irp)->MajorFunction == IRP_MJ_FLUSH_BUFFERS &&
           Irp->AssociatedIrp.SystemBuffer == NULL);
    Drop(Irp);
}

static VOID
Transfers(VOID)
{
    SIZE_T Before;

    EachTransfer(); /* what is made once and stays */
    Before = PoolInUse();
    EachTransfer();
    EXPECT_EQ(PoolInUse(), Before);
}

static PIRP
Control(ULONG Method, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength,
        BOOLEAN Internal)
{
    return IoBuildDeviceIoControlRequest(
        CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, Method, FILE_ANY_ACCESS), Neither, Input, InputLength,
        Output, OutputLength, Internal, &Event, &Iosb);
}

static NTSTATUS NTAPI
Complete(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
        Stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
        ULONG Method = Stack->Parameters.DeviceIoControl.IoControlCode & 3;
        PUCHAR To = Method == METHOD_BUFFERED  ? Irp->AssociatedIrp.SystemBuffer
                    : Method == METHOD_NEITHER ? Irp->UserBuffer
                    : Irp->MdlAddress != NULL
                        ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                        : NULL;

        if (To != NULL && Method != METHOD_IN_DIRECT) {
            RtlFillMemory(To, 4, 0x90 + Method);
        }
        Irp->IoStatus.Information = 3;
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

/* Sent, and completed: the event is set, the status stored, what was asked for is copied back. */
static VOID
Send(PIRP Irp)
{
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    RtlFillMemory(&Iosb, sizeof(Iosb), 0xEE);
    EXPECT_STATUS(IoCallDriver(Neither, Irp), STATUS_SUCCESS);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 3);
}

static VOID
Controls(VOID)
{
    UCHAR Input[32], Output[32];
    PIO_STACK_LOCATION Next;
    SIZE_T Before = PoolInUse();
    PIRP Irp;

    for (ULONG Method = 0; Method < 4; Method++) {
        RtlFillMemory(Input, sizeof(Input), 0x11);
        RtlFillMemory(Output, sizeof(Output), 0x22);
        Irp = Control(Method, Input, 8, Output, 16, Method == 1);
        EXPECT(Irp != NULL);
        Next = IoGetNextIrpStackLocation(Irp);
        EXPECT_EQ(Next->MajorFunction,
                  Method == 1 ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL);
        EXPECT(Next->Parameters.DeviceIoControl.InputBufferLength == 8 &&
               Next->Parameters.DeviceIoControl.OutputBufferLength == 16 &&
               Next->Parameters.DeviceIoControl.IoControlCode ==
                   CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, Method, FILE_ANY_ACCESS));
        EXPECT(Irp->UserIosb == &Iosb && Irp->UserEvent == &Event);
        switch (Method) {
        case METHOD_BUFFERED:
            EXPECT(RtlEqualMemory(Irp->AssociatedIrp.SystemBuffer, Input, 8));
            EXPECT(Irp->MdlAddress == NULL && Irp->UserBuffer == Output);
            break;
        case METHOD_IN_DIRECT:
        case METHOD_OUT_DIRECT:
            EXPECT(RtlEqualMemory(Irp->AssociatedIrp.SystemBuffer, Input, 8));
            EXPECT(MmGetMdlVirtualAddress(Irp->MdlAddress) == Output &&
                   MmGetMdlByteCount(Irp->MdlAddress) == 16);
            EXPECT_EQ((Irp->MdlAddress->MdlFlags & MDL_WRITE_OPERATION) != 0,
                      Method == METHOD_OUT_DIRECT);
            break;
        case METHOD_NEITHER:
            EXPECT(Irp->UserBuffer == Output &&
                   Next->Parameters.DeviceIoControl.Type3InputBuffer == Input);
            EXPECT(Irp->AssociatedIrp.SystemBuffer == NULL && Irp->MdlAddress == NULL);
            break;
        }
        Send(Irp);
        EXPECT(Output[0] == (Method == METHOD_IN_DIRECT ? 0x22 : 0x90 + Method));
        EXPECT(Output[2] == Output[0]);
        EXPECT_EQ(Output[3], Method == METHOD_BUFFERED || Method == METHOD_IN_DIRECT
                                 ? 0x22
                                 : 0x90 + Method); /* buffered: Information bytes are copied */
        EXPECT(Output[4] == 0x22 && Input[0] == 0x11);
        Send(Control(Method, NULL, 0, NULL, 0, FALSE)); /* neither */
    }
    EXPECT(Control(METHOD_OUT_DIRECT, Input, 8, Nowhere, 16, FALSE) == NULL);
    EXPECT(Control(METHOD_IN_DIRECT, NULL, 0, Nowhere, 16, FALSE) == NULL);
    EXPECT_EQ(PoolInUse(), Before);
}

static VOID
Others(VOID)
{
    GUID Guid = {1};
    PVOID Block = (PVOID)1;
    PDEVICE_OBJECT Disk = NULL;
    PIRP Irp = IoAllocateIrpEx(Neither, 3, FALSE);
    SIZE_T Before;

    EXPECT(Irp != NULL && Irp->StackCount == 3 && Irp->CurrentLocation == 4);
    IoFreeIrp(Irp);
    Before = PoolInUse();
    EXPECT_STATUS(IoWMIWriteEvent(ExAllocatePoolWithTag(NonPagedPool, 256, 'imWT')),
                  STATUS_SUCCESS); /* WMI frees the event */
    EXPECT_EQ(PoolInUse(), Before);
    EXPECT_STATUS(IoWMIOpenBlock(&Guid, 1, &Block), STATUS_WMI_GUID_NOT_FOUND);
    /* [DDI:ntifs/iogetdiskdeviceobject] of a file system's volume, which must be mounted */
    EXPECT_STATUS(IoGetDiskDeviceObject(Neither, &Disk), STATUS_VOLUME_DISMOUNTED);
    EXPECT(Direct->Vpb != NULL && !(Direct->Vpb->Flags & VPB_MOUNTED)); /* every disk has one */
    EXPECT_STATUS(IoGetDiskDeviceObject(Direct, &Disk), STATUS_INVALID_PARAMETER);
    EXPECT(Disk == NULL);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Transfers), TEST(Controls), TEST(Others)};

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Complete;
    }
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Buffered);
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK, 0, FALSE, &Direct);
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Neither);
    Buffered->Flags |= DO_BUFFERED_IO;
    Buffered->StackSize = 3;
    Direct->Flags |= DO_DIRECT_IO;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
