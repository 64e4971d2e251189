/*
 * irp.c - IRPs and their way through a stack: [DDI:wdm/ioallocateirp], [DDI:wdm/ioreuseirp], [DDI:wdm/iocalldriver],
 * [DDI:wdm/iocompleterequest], [DDI:wdm/iosetcompletionroutine], [DDI:wdm/iomarkirppending],
 * [K:implementing-an-iocompletion-routine]
 */
#include "io-test.h"

static NTSTATUS (*Behave)(PDEVICE_OBJECT DeviceObject, PIRP Irp);

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Log[Logged++ % sizeof(Log)] = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    return Behave != NULL ? Behave(DeviceObject, Irp) : Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
Allocation(VOID)
{
    PIRP Irp = IoAllocateIrp(3, FALSE);

    EXPECT_EQ(Irp->Type, IO_TYPE_IRP);
    EXPECT_EQ(Irp->Size, IoSizeOfIrp(3));
    EXPECT_EQ(Irp->StackCount, 3);
    EXPECT_EQ(Irp->CurrentLocation, 4); /* one above the first driver's location */
    EXPECT_EQ(Irp->Tail.Overlay.CurrentStackLocation, (PIO_STACK_LOCATION)(Irp + 1) + 3);
    EXPECT(Irp->MdlAddress == NULL && Irp->UserIosb == NULL && Irp->CancelRoutine == NULL &&
           !Irp->Cancel);
    EXPECT(Irp->Tail.Overlay.Thread == NULL); /* "the caller must set" what it needs */
    EXPECT_EQ(Irp->IoStatus.Status, 0);
    Irp->IoStatus.Information = 77;
    Irp->Cancel = TRUE;
    IoReuseIrp(Irp, STATUS_NOT_SUPPORTED); /* "initializes IoStatus.Status to Iostatus" */
    EXPECT_STATUS(Irp->IoStatus.Status, STATUS_NOT_SUPPORTED);
    EXPECT_EQ(Irp->IoStatus.Information, 0);
    EXPECT(!Irp->Cancel);
    EXPECT_EQ(Irp->CurrentLocation, 4);
    IoFreeIrp(Irp);

    Irp = ExAllocatePoolWithTag(NonPagedPool, IoSizeOfIrp(2), 'tsei');
    RtlFillMemory(Irp, IoSizeOfIrp(2), 0xCC);
    IoInitializeIrp(Irp, IoSizeOfIrp(2), 2);
    EXPECT_EQ(Irp->Type, IO_TYPE_IRP);
    EXPECT_EQ(Irp->StackCount, 2);
    EXPECT_EQ(Irp->AllocationFlags, 0);
    ExFreePoolWithTag(Irp, 'tsei');
}

/* ---- The walk ----------------------------------------------------------------------------------- */

static PDEVICE_OBJECT Lower, Upper;
static ULONG Order[8], Steps;
static UCHAR Seen[8];
static NTSTATUS UpperResult;
static BOOLEAN Forward, MarkInCompletion;

static NTSTATUS NTAPI
UpperCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Order[Steps] = 1;
    Seen[Steps++] = Irp->PendingReturned;
    EXPECT_EQ(DeviceObject, Upper); /* its own device object */
    EXPECT_EQ(Context, &Order);
    if (MarkInCompletion && Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return UpperResult;
}

static NTSTATUS NTAPI
CreatorCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Order[Steps] = 2;
    Seen[Steps++] = Irp->PendingReturned;
    EXPECT(DeviceObject ==
           NULL); /* "for the highest-level driver's own IRPs, DeviceObject is NULL" */
    KeSetEvent(Context, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static BOOLEAN LowerPends;
static PIRP Pended;

static NTSTATUS
WalkBehave(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    EXPECT_EQ(Stack->DeviceObject, DeviceObject);
    if (DeviceObject == Upper) {
        if (Forward) {
            IoSkipCurrentIrpStackLocation(Irp);
            return IoCallDriver(Lower, Irp);
        }
        IoCopyCurrentIrpStackLocationToNext(Irp);
        EXPECT(IoGetNextIrpStackLocation(Irp)->CompletionRoutine == NULL); /* not copied */
        EXPECT_EQ(IoGetNextIrpStackLocation(Irp)->Control, 0);
        IoSetCompletionRoutine(Irp, UpperCompletion, &Order, TRUE, TRUE, TRUE);
        return IoCallDriver(Lower, Irp);
    }
    if (LowerPends) {
        IoMarkIrpPending(Irp);
        Pended = Irp;
        return STATUS_PENDING;
    }
    return Complete(Irp, Stack->MinorFunction == 1 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS, 5);
}

static PIRP
SendWalk(PKEVENT Event, UCHAR Minor, NTSTATUS *Status)
{
    PIRP Irp = IoAllocateIrp(Upper->StackSize, FALSE);
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);

    Steps = 0;
    KeInitializeEvent(Event, NotificationEvent, FALSE);
    Stack->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    Stack->MinorFunction = Minor;
    IoSetCompletionRoutine(Irp, CreatorCompletion, Event, TRUE, TRUE, TRUE);
    *Status = IoCallDriver(Upper, Irp);
    return Irp;
}

static VOID
Walk(VOID)
{
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    Lower = MakeDevice(NULL, 0, 0);
    Upper = MakeDevice(NULL, 0, 0);
    IoAttachDeviceToDeviceStack(Upper, Lower);
    Behave = WalkBehave;
    UpperResult = STATUS_CONTINUE_COMPLETION;

    Irp = SendWalk(&Event, 0, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    EXPECT_EQ(Steps, 2); /* bottom up */
    EXPECT_EQ(Order[0], 1);
    EXPECT_EQ(Order[1], 2);
    EXPECT(!Seen[0] && !Seen[1]);
    EXPECT_EQ(Irp->IoStatus.Information, 5);
    IoFreeIrp(Irp);

    Irp = SendWalk(&Event, 1, &Status);
    EXPECT_STATUS(Status, STATUS_UNSUCCESSFUL);
    EXPECT_STATUS(Irp->IoStatus.Status, STATUS_UNSUCCESSFUL);
    EXPECT_EQ(Steps, 2);
    IoFreeIrp(Irp);

    /* Pended below, and the routine above passes it on. */
    LowerPends = TRUE;
    MarkInCompletion = TRUE;
    Irp = SendWalk(&Event, 0, &Status);
    EXPECT_STATUS(Status, STATUS_PENDING);
    EXPECT_EQ(Steps, 0);
    Complete(Pended, STATUS_SUCCESS, 1);
    EXPECT_EQ(Steps, 2);
    EXPECT(Seen[0] && Seen[1]); /* PendingReturned of the location being left */
    EXPECT(IsSignaled(&Event));
    IoFreeIrp(Irp);

    /* The same, skipped by the upper driver: there is one location fewer to leave. */
    Forward = TRUE;
    Irp = SendWalk(&Event, 0, &Status);
    Complete(Pended, STATUS_SUCCESS, 1);
    EXPECT_EQ(Steps, 1);
    EXPECT_EQ(Order[0], 2);
    EXPECT(Seen[0]);
    IoFreeIrp(Irp);
    Forward = FALSE;
    LowerPends = FALSE;

    /* STATUS_MORE_PROCESSING_REQUIRED stops the walk until the IRP is completed again. */
    UpperResult = STATUS_MORE_PROCESSING_REQUIRED;
    Irp = SendWalk(&Event, 0, &Status);
    EXPECT_EQ(Steps, 1);
    EXPECT(!IsSignaled(&Event));
    EXPECT_EQ(IoGetCurrentIrpStackLocation(Irp)->DeviceObject, Upper);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    EXPECT_EQ(Steps, 2);
    EXPECT(IsSignaled(&Event));
    IoFreeIrp(Irp);
    UpperResult = STATUS_CONTINUE_COMPLETION;

    Behave = NULL;
    IoDetachDevice(Lower);
    IoDeleteDevice(Upper);
    IoDeleteDevice(Lower);
}

static NTSTATUS NTAPI
NeverCalled(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    ++*(PULONG)Context;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* InvokeOnSuccess, InvokeOnError, InvokeOnCancel [DDI:wdm/iosetcompletionroutine] */
static VOID
InvokeFlags(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    ULONG Calls = 0;
    PIRP Irp = IoAllocateIrp(2, FALSE);

    Behave = NULL;
    IoSetNextIrpStackLocation(Irp); /* a location of our own, so that the walk ends in one */
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    IoSetCompletionRoutine(Irp, NeverCalled, &Calls, FALSE, TRUE, FALSE);
    IoSetCompletionRoutine(Irp, NeverCalled, &Calls, TRUE, FALSE, FALSE);
    EXPECT_STATUS(IoCallDriver(Device, Irp), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 1);
    IoFreeIrp(Irp);
    IoDeleteDevice(Device);
}

/* ---- Built IRPs --------------------------------------------------------------------------------- */

static ULONG Control;
static PVOID SystemBuffer, UserBuffer, Type3;
static PMDL Mdl;

static NTSTATUS
ControlBehave(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    Control = Stack->Parameters.DeviceIoControl.IoControlCode;
    SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
    UserBuffer = Irp->UserBuffer;
    Type3 = METHOD_FROM_CTL_CODE(Control) == METHOD_NEITHER
                ? Stack->Parameters.DeviceIoControl.Type3InputBuffer
                : NULL;
    Mdl = Irp->MdlAddress;
    EXPECT_EQ(Irp->RequestorMode, KernelMode);
    if (METHOD_FROM_CTL_CODE(Control) == METHOD_BUFFERED && SystemBuffer != NULL) {
        ((PUCHAR)SystemBuffer)[0]++;
        return Complete(Irp, STATUS_SUCCESS, 2);
    }
    if (Mdl != NULL) {
        PUCHAR Map = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);

        Map[0] = 0x5A;
        EXPECT_EQ(MmGetMdlByteCount(Mdl), 8);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
BuildControl(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    IO_STATUS_BLOCK Iosb;
    UCHAR Input[4], *Output = ExAllocatePoolWithTag(NonPagedPool, 8, 'tsei');
    KEVENT Event;
    PIRP Irp;

    Behave = ControlBehave;
    for (ULONG Method = 0; Method < 4; Method++) {
        ULONG Code = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, Method, FILE_ANY_ACCESS);

        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        RtlFillMemory(Input, 4, 0x10);
        RtlFillMemory(Output, 8, 0x20);
        Iosb.Status = 0x55;
        Irp = IoBuildDeviceIoControlRequest(Code, Device, Input, 4, Output, 8, Method == 3, &Event,
                                            &Iosb);
        EXPECT(Irp != NULL);
        EXPECT_EQ(IoGetNextIrpStackLocation(Irp)->MajorFunction,
                  Method == 3 ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL);
        EXPECT_STATUS(IoCallDriver(Device, Irp), STATUS_SUCCESS);
        EXPECT(IsSignaled(&Event));
        EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
        EXPECT_EQ(Control, Code);
        switch (Method) {
        case METHOD_BUFFERED:
            EXPECT(SystemBuffer != NULL && Mdl == NULL);
            EXPECT_EQ(Iosb.Information, 2);
            EXPECT_EQ(Output[0], 0x11); /* Information bytes are copied out */
            EXPECT_EQ(Output[1], 0x10);
            EXPECT_EQ(Output[2], 0x20);
            break;
        case METHOD_IN_DIRECT:
        case METHOD_OUT_DIRECT:
            EXPECT(SystemBuffer != NULL && Mdl != NULL);
            EXPECT_EQ(Output[0], 0x5A);
            break;
        case METHOD_NEITHER:
            EXPECT(SystemBuffer == NULL && Mdl == NULL);
            EXPECT_EQ(Type3, Input);
            EXPECT_EQ(UserBuffer, Output);
            break;
        }
    }
    Behave = NULL;
    ExFreePoolWithTag(Output, 'tsei');
    IoDeleteDevice(Device);
}

static NTSTATUS
ReadBehave(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    EXPECT_EQ(Stack->Parameters.Read.Length, 16);
    EXPECT_EQ(Stack->Parameters.Read.ByteOffset.QuadPart, 0x1000);
    if (DeviceObject->Flags & DO_BUFFERED_IO) {
        RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, 16, 7);
    } else if (DeviceObject->Flags & DO_DIRECT_IO) {
        RtlFillMemory(MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority), 16, 7);
    } else {
        RtlFillMemory(Irp->UserBuffer, 16, 7);
    }
    return Complete(Irp, STATUS_SUCCESS, 16);
}

static VOID
BuildRead(VOID)
{
    static const ULONG Flags[] = {DO_BUFFERED_IO, DO_DIRECT_IO, 0};
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPool, 16, 'tsei');
    LARGE_INTEGER Offset = {.QuadPart = 0x1000};
    IO_STATUS_BLOCK Iosb;
    PDEVICE_OBJECT Device;
    KEVENT Event;
    PIRP Irp;

    Behave = ReadBehave;
    for (ULONG i = 0; i < 3; i++) {
        Device = MakeDevice(NULL, Flags[i], 0);
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        RtlZeroMemory(Buffer, 16);
        Irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, Device, Buffer, 16, &Offset, &Event, &Iosb);
        EXPECT_STATUS(IoCallDriver(Device, Irp), STATUS_SUCCESS);
        EXPECT(IsSignaled(&Event));
        EXPECT_EQ(Iosb.Information, 16);
        EXPECT(Buffer[0] == 7 && Buffer[15] == 7);
        IoDeleteDevice(Device);
    }
    Behave = NULL;
    ExFreePoolWithTag(Buffer, 'tsei');
}

static PIRP Master;

static NTSTATUS NTAPI
MasterDone(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* [DDI:ntddk/iomakeassociatedirp] the master is completed when the last associated IRP is */
static VOID
Associated(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    KEVENT Event;

    Behave = NULL;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Master = IoAllocateIrp(1, FALSE);
    IoSetCompletionRoutine(Master, MasterDone, &Event, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(Master);
    Master->AssociatedIrp.IrpCount = 2;
    for (ULONG i = 0; i < 2; i++) {
        PIRP Irp = IoMakeAssociatedIrp(Master, Device->StackSize);

        EXPECT(Irp->Flags & IRP_ASSOCIATED_IRP);
        EXPECT_EQ(Irp->AssociatedIrp.MasterIrp, Master);
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
        EXPECT(!IsSignaled(&Event));
        IoCallDriver(Device, Irp);
    }
    EXPECT(IsSignaled(&Event));
    IoFreeIrp(Master);
    IoDeleteDevice(Device);
}

/* A non-error completed inside IoCallDriver at raised IRQL: the APC comes when the IRQL falls. */
static VOID
CompletionNeedsApcs(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    IO_STATUS_BLOCK Iosb = {.Status = 0x33};
    KEVENT Event;
    KIRQL Irql;
    PIRP Irp;

    Behave = NULL;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Device, NULL, 0, NULL, &Event, &Iosb);
    KeRaiseIrql(APC_LEVEL, &Irql);
    IoCallDriver(Device, Irp);
    EXPECT(!KeReadStateEvent(
        &Event)); /* stage 2 is a special kernel APC [LEARN: completion processing] */
    EXPECT_EQ(Iosb.Status, 0x33);
    KeLowerIrql(Irql);
    EXPECT(KeReadStateEvent(&Event));
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Iosb.Status = 0x33;
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Device, NULL, 0, NULL, &Event, &Iosb);
    KeEnterGuardedRegion();
    IoCallDriver(Device, Irp);
    EXPECT(!KeReadStateEvent(&Event));
    KeLeaveGuardedRegion();
    EXPECT(KeReadStateEvent(&Event));

    /* A critical region does not hold special kernel APCs off. */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Device, NULL, 0, NULL, &Event, &Iosb);
    KeEnterCriticalRegion();
    IoCallDriver(Device, Irp);
    EXPECT(KeReadStateEvent(&Event));
    KeLeaveCriticalRegion();
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(Allocation), TEST(Walk), TEST(InvokeFlags), TEST(BuildControl), TEST(BuildRead),
               TEST(Associated), TEST(CompletionNeedsApcs))
