/*
 * cancel.c - cancellation and the queues that live with it: [DDI:wdm/iocancelirp], [DDI:wdm/iosetcancelroutine],
 * [DDI:wdm/iocsqinitialize], [DDI:wdm/iostartpacket], [DDI:wdm/keinsertdevicequeue]
 */
#include "io-test.h"

static PIRP Held;
static ULONG Cancelled;
static KIRQL CancelIrql;

static VOID NTAPI
Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    CancelIrql = KeGetCurrentIrql();
    EXPECT(Irp->Cancel);
    EXPECT(Irp->CancelRoutine == NULL);
    EXPECT_EQ(Irp->CancelIrql, PASSIVE_LEVEL);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Cancelled++;
    Complete(Irp, STATUS_CANCELLED, 0);
}

static PIO_CSQ UseCsq;
static BOOLEAN UseStartIo;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction != IRP_MJ_READ) {
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
    if (UseStartIo) {
        IoMarkIrpPending(Irp);
        IoStartPacket(DeviceObject, Irp,
                      Stack->Parameters.Read.Key ? &Stack->Parameters.Read.Key : NULL, NULL);
        return STATUS_PENDING;
    }
    if (UseCsq != NULL) {
        IoCsqInsertIrp(UseCsq, Irp, NULL);
        return STATUS_PENDING;
    }
    IoMarkIrpPending(Irp);
    IoSetCancelRoutine(Irp, Cancel);
    Held = Irp;
    return STATUS_PENDING;
}

static PIRP
SendRead(PDEVICE_OBJECT Device, PKEVENT Event, PIO_STATUS_BLOCK Iosb, ULONG Key)
{
    LARGE_INTEGER Offset = {};
    PIRP Irp;

    KeInitializeEvent(Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, Device, NULL, 0, &Offset, Event, Iosb);
    IoGetNextIrpStackLocation(Irp)->Parameters.Read.Key = Key;
    EXPECT_STATUS(IoCallDriver(Device, Irp), STATUS_PENDING);
    return Irp;
}

static VOID
CancelIrp(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    PIRP Irp;

    Irp = SendRead(Device, &Event, &Iosb, 0);
    EXPECT(IoCancelIrp(Irp)); /* "TRUE if the IRP was in a cancelable state" */
    EXPECT_EQ(Cancelled, 1);
    EXPECT_EQ(CancelIrql, DISPATCH_LEVEL); /* the cancel spin lock is held */
    EXPECT(IsSignaled(&Event));
    EXPECT_STATUS(Iosb.Status, STATUS_CANCELLED);

    /* Without a routine only the Cancel bit is set. */
    Irp = SendRead(Device, &Event, &Iosb, 0);
    EXPECT_EQ(IoSetCancelRoutine(Irp, NULL), Cancel); /* "returns the previous value" */
    EXPECT(!IoCancelIrp(Irp));
    EXPECT(Irp->Cancel);
    EXPECT_EQ(Cancelled, 1);
    Complete(Irp, STATUS_SUCCESS, 0);
    EXPECT(IsSignaled(&Event));
    IoDeleteDevice(Device);
}

/* [Win32:CancelIo] by handle: the calling thread's requests on the file */
static VOID
CancelFile(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestCancel", DO_BUFFERED_IO, 0);
    IO_STATUS_BLOCK Iosb = {}, ReadIosb = {.Status = 0x77};
    LARGE_INTEGER Offset = {};
    UCHAR Buffer[4];
    HANDLE Handle;

    EXPECT_STATUS(Open(L"\\Device\\IoTestCancel", GENERIC_READ, 0, 0, &Handle, &Iosb),
                  STATUS_SUCCESS);
    Cancelled = 0;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &ReadIosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    EXPECT_STATUS(ZwCancelIoFile(Handle, &Iosb), STATUS_SUCCESS);
    EXPECT_EQ(Cancelled, 1);
    EXPECT_STATUS(ReadIosb.Status, STATUS_CANCELLED);
    EXPECT_STATUS(ZwCancelIoFile(Handle, &Iosb), STATUS_SUCCESS);
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

static VOID NTAPI
ReadAndExit(PVOID Context)
{
    static IO_STATUS_BLOCK Iosb;
    static UCHAR Buffer[4];
    LARGE_INTEGER Offset = {};

    EXPECT_STATUS(ZwReadFile(Context, NULL, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* "If the thread exits, its threaded IRPs are cancelled" [DDI:wdm/iobuildsynchronousfsdrequest] */
static VOID
CancelAtExit(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestExit", DO_BUFFERED_IO, 0);
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle, Thread;

    Open(L"\\Device\\IoTestExit", GENERIC_READ, 0, 0, &Handle, &Iosb);
    Cancelled = 0;
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, ReadAndExit, Handle);
    EXPECT_STATUS(ZwWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Cancelled, 1);
    ZwClose(Thread);
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

/* ---- IoCsq -------------------------------------------------------------------------------------- */

static LIST_ENTRY Queue;
static KSPIN_LOCK QueueLock;
static ULONG CsqCancelled;
static IO_CSQ Csq;

static VOID NTAPI
CsqInsert(PIO_CSQ Csq, PIRP Irp)
{
    InsertTailList(&Queue, &Irp->Tail.Overlay.ListEntry);
}
static VOID NTAPI
CsqRemove(PIO_CSQ Csq, PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}
static PIRP NTAPI
CsqPeek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Next = Irp == NULL ? Queue.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    for (; Next != &Queue; Next = Next->Flink) {
        PIRP Candidate = CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);

        if (Context == NULL || IoGetCurrentIrpStackLocation(Candidate)->Parameters.Read.Key ==
                                   (ULONG)(ULONG_PTR)Context) {
            return Candidate;
        }
    }
    return NULL;
}
static VOID NTAPI
CsqAcquire(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&QueueLock, Irql);
}
static VOID NTAPI
CsqRelease(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&QueueLock, Irql);
}
static VOID NTAPI
CsqComplete(PIO_CSQ Csq, PIRP Irp)
{
    CsqCancelled++;
    Complete(Irp, STATUS_CANCELLED, 0);
}
static NTSTATUS NTAPI
CsqRefuse(PIO_CSQ Csq, PIRP Irp, PVOID InsertContext)
{
    return (NTSTATUS)(LONG_PTR)InsertContext;
}

static VOID
CancelSafeQueue(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    IO_STATUS_BLOCK Iosb[3];
    KEVENT Event[3];
    PIRP Irp[3];

    InitializeListHead(&Queue);
    KeInitializeSpinLock(&QueueLock);
    EXPECT_STATUS(
        IoCsqInitialize(&Csq, CsqInsert, CsqRemove, CsqPeek, CsqAcquire, CsqRelease, CsqComplete),
        STATUS_SUCCESS);
    EXPECT(IoCsqRemoveNextIrp(&Csq, NULL) == NULL);
    UseCsq = &Csq;
    for (ULONG i = 0; i < 3; i++) {
        Irp[i] = SendRead(Device, &Event[i], &Iosb[i], i + 1);
    }
    EXPECT(IoGetCurrentIrpStackLocation(Irp[0])->Control &
           SL_PENDING_RETURNED); /* "marks the IRP pending" */
    EXPECT(IoCancelIrp(Irp[1]));
    EXPECT_EQ(CsqCancelled, 1);
    EXPECT_STATUS(Iosb[1].Status, STATUS_CANCELLED);
    EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, (PVOID)3), Irp[2]); /* by the peek context */
    EXPECT(Irp[2]->CancelRoutine == NULL);
    EXPECT(!IoCancelIrp(Irp[2])); /* no longer the queue's */
    Complete(Irp[2], STATUS_SUCCESS, 0);
    EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, NULL), Irp[0]);
    Complete(Irp[0], STATUS_SUCCESS, 0);
    EXPECT(IoCsqRemoveNextIrp(&Csq, NULL) == NULL);
    UseCsq = NULL;

    {
        IO_CSQ_IRP_CONTEXT Context = {};
        PIRP Own = IoAllocateIrp(1, FALSE);

        IoSetNextIrpStackLocation(Own);
        IoCsqInsertIrp(&Csq, Own, &Context);
        EXPECT_EQ(Context.Irp, Own);
        EXPECT_EQ(IoCsqRemoveIrp(&Csq, &Context), Own);
        EXPECT(Context.Irp == NULL);
        EXPECT(IoCsqRemoveIrp(&Csq, &Context) == NULL);
        IoFreeIrp(Own);

        EXPECT_STATUS(IoCsqInitializeEx(&Csq, CsqRefuse, CsqRemove, CsqPeek, CsqAcquire, CsqRelease,
                                        CsqComplete),
                      STATUS_SUCCESS);
        Own = IoAllocateIrp(1, FALSE);
        IoSetNextIrpStackLocation(Own);
        /* "IoCsqInsertIrpEx returns the status value that CsqInsertIrpEx returns" */
        EXPECT_STATUS(IoCsqInsertIrpEx(&Csq, Own, NULL, (PVOID)(LONG_PTR)STATUS_DEVICE_BUSY),
                      STATUS_DEVICE_BUSY);
        EXPECT(Own->CancelRoutine == NULL);
        IoFreeIrp(Own);
    }
    IoDeleteDevice(Device);
}

/* ---- StartIo ------------------------------------------------------------------------------------ */

static ULONG Started[8], StartCount, Nesting, MaxNesting;
static KIRQL StartIrql;
static BOOLEAN NextAtOnce;

static VOID NTAPI
StartIo(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    StartIrql = KeGetCurrentIrql();
    EXPECT_EQ(DeviceObject->CurrentIrp, Irp);
    Started[StartCount++] = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Key;
    if (++Nesting > MaxNesting) {
        MaxNesting = Nesting;
    }
    if (NextAtOnce) {
        Complete(Irp, STATUS_SUCCESS, 0);
        IoStartNextPacket(DeviceObject, FALSE);
    }
    Nesting--;
}

static VOID
FinishCurrent(PDEVICE_OBJECT Device, BOOLEAN ByKey, ULONG Key)
{
    PIRP Irp = Device->CurrentIrp;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql); /* IoStartNextPacket: "IRQL = DISPATCH_LEVEL" */
    if (ByKey) {
        IoStartNextPacketByKey(Device, FALSE, Key);
    } else {
        IoStartNextPacket(Device, FALSE);
    }
    KeLowerIrql(Irql);
    Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
StartPackets(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    IO_STATUS_BLOCK Iosb[4];
    KEVENT Event[4];

    Driver->DriverStartIo = StartIo;
    UseStartIo = TRUE;
    for (ULONG i = 0; i < 4; i++) {
        SendRead(Device, &Event[i], &Iosb[i], i == 1 ? 40 : i == 2 ? 20 : i == 3 ? 30 : 10);
    }
    EXPECT_EQ(StartCount, 1); /* the device is busy: the others wait */
    EXPECT_EQ(StartIrql, DISPATCH_LEVEL);
    FinishCurrent(Device, TRUE, 25); /* the first key that is at least 25 */
    EXPECT_EQ(Started[1], 30);
    FinishCurrent(Device, FALSE, 0); /* else the first of the queue */
    EXPECT_EQ(Started[2], 20);
    FinishCurrent(Device, TRUE, 90); /* no such key: the first */
    EXPECT_EQ(Started[3], 40);
    FinishCurrent(Device, FALSE, 0);
    EXPECT(Device->CurrentIrp == NULL);
    for (ULONG i = 0; i < 4; i++) {
        EXPECT(IsSignaled(&Event[i]));
    }

    /* Deferred: StartIo is not entered again before it has returned. [DDI:ntifs/iosetstartioattributes] */
    IoSetStartIoAttributes(Device, TRUE, FALSE);
    StartCount = MaxNesting = 0;
    for (ULONG i = 0; i < 4; i++) {
        SendRead(Device, &Event[i], &Iosb[i], i + 1);
    }
    NextAtOnce = TRUE;
    FinishCurrent(Device, FALSE, 0);
    EXPECT_EQ(StartCount, 4);
    EXPECT_EQ(MaxNesting, 1);
    NextAtOnce = FALSE;
    UseStartIo = FALSE;
    Driver->DriverStartIo = NULL;
    IoDeleteDevice(Device);
}

static VOID
DeviceQueues(VOID)
{
    KDEVICE_QUEUE DeviceQueue;
    KDEVICE_QUEUE_ENTRY Entry[3];
    KIRQL Irql;

    KeInitializeDeviceQueue(&DeviceQueue);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    /* "FALSE: the device queue was not busy": it is now, and the entry was not inserted */
    EXPECT(!KeInsertDeviceQueue(&DeviceQueue, &Entry[0]));
    EXPECT(DeviceQueue.Busy);
    EXPECT(KeInsertDeviceQueue(&DeviceQueue, &Entry[1]));
    EXPECT(KeInsertByKeyDeviceQueue(&DeviceQueue, &Entry[2], 5));
    EXPECT(KeRemoveEntryDeviceQueue(&DeviceQueue, &Entry[1]));
    EXPECT(!KeRemoveEntryDeviceQueue(&DeviceQueue, &Entry[1]));
    EXPECT_EQ(KeRemoveDeviceQueue(&DeviceQueue), &Entry[2]);
    EXPECT(KeRemoveDeviceQueue(&DeviceQueue) == NULL);
    EXPECT(!DeviceQueue.Busy); /* "if the queue is empty, set to a not-busy state" */
    EXPECT(KeRemoveByKeyDeviceQueueIfBusy(&DeviceQueue, 0) == NULL);
    KeLowerIrql(Irql);
}

IO_TEST_DRIVER(TEST(CancelIrp), TEST(CancelFile), TEST(CancelAtExit), TEST(CancelSafeQueue),
               TEST(StartPackets), TEST(DeviceQueues))
