/*
 * queues.c - where drivers keep requests: StartIo with keys, cancellation and both of its attributes, device queues against a model, cancel-safe queues of both
 * kinds, interrupts that are connected as a caller says, buffers of quota entries, shutdown and remove locks.
 * [DDI:ntifs/iostartpacket], [DDI:ntifs/iostartnextpacket], [DDI:ntifs/iostartnextpacketbykey], [DDI:ntifs/iosetstartioattributes],
 * [DDI:wdm/keinsertbykeydevicequeue], [DDI:wdm/keremovebykeydevicequeue], [DDI:wdm/keremovebykeydevicequeueifbusy],
 * [DDI:wdm/keremoveentrydevicequeue], [DDI:wdm/iocsqinsertirpex], [DDI:wdm/iocsqremoveirp], [DDI:wdm/iocsqremovenextirp],
 * [DDI:wdm/ioconnectinterruptex], [DDI:wdm/kesynchronizeexecution], [DDI:ntifs/iocheckquotabuffervalidity].
 */
#include "../ntlab-test.h"

NTKERNELAPI NTSTATUS NTAPI IoCheckQuotaBufferValidity(PFILE_QUOTA_INFORMATION, ULONG, PULONG);

static PDEVICE_OBJECT Plain, Deferred, Locked;
static PIRP Irps[6], Order[16];
static ULONG Started, Depth, Deepest, Cancelled;
static BOOLEAN Next, ByKey, Cancelable, HadRoutine;
static ULONG NextKey;

static PIRP
Request(VOID)
{
    PIRP Irp = IoAllocateIrp(2, FALSE);

    IoSetNextIrpStackLocation(Irp);
    IoGetCurrentIrpStackLocation(Irp)->DeviceObject = Plain;
    return Irp;
}

/* At DISPATCH_LEVEL, one at a time. */
static VOID NTAPI
StartIo(PDEVICE_OBJECT Device, PIRP Irp)
{
    Order[Started++] = Irp;
    HadRoutine = Irp->CancelRoutine != NULL;
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    EXPECT_EQ(Device->CurrentIrp, Irp);
    Depth++;
    Deepest = max(Deepest, Depth);
    if (Next) {
        if (ByKey) {
            IoStartNextPacketByKey(Device, Cancelable, NextKey);
        } else {
            IoStartNextPacket(Device, Cancelable);
        }
    }
    Depth--;
}

static VOID NTAPI
Cancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    Cancelled++;
    KeRemoveEntryDeviceQueue(&Device->DeviceQueue, &Irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

static VOID
StartNext(PDEVICE_OBJECT Device, BOOLEAN Keyed, ULONG Key)
{
    KIRQL Irql = KeRaiseIrqlToDpcLevel();

    if (Keyed) {
        IoStartNextPacketByKey(Device, Cancelable, Key);
    } else {
        IoStartNextPacket(Device, Cancelable);
    }
    KeLowerIrql(Irql);
}

static VOID
Reset(PDEVICE_OBJECT Device)
{
    while (Device->DeviceQueue.Busy) {
        StartNext(Device, FALSE, 0);
    }
    Started = Cancelled = Deepest = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Irps); i++) {
        if (Irps[i] != NULL) {
            IoFreeIrp(Irps[i]);
        }
        Irps[i] = Request();
    }
}

/* In the order of their arrival, or of their keys; each waits until the one before it says so. */
static VOID
Starts(VOID)
{
    static const ULONG Keys[] = {50, 30, 90, 30, 70, 10};
    static const ULONG Sorted[] = {0, 5, 1, 3, 4, 2}; /* the first began at once */

    for (ULONG Round = 0; Round < 2; Round++) {
        Cancelable = (BOOLEAN)Round;
        Reset(Plain);
        for (ULONG i = 0; i < 6; i++) {
            IoStartPacket(Plain, Irps[i], NULL, NULL);
            EXPECT_EQ(Started, 1);
        }
        for (ULONG i = 1; i < 6; i++) {
            StartNext(Plain, FALSE, 0);
            EXPECT(Started == i + 1 && Order[i] == Irps[i]);
        }
        StartNext(Plain, FALSE, 0);
        EXPECT(Started == 6 && Plain->CurrentIrp == NULL && !Plain->DeviceQueue.Busy);
        Reset(Plain);
        for (ULONG i = 0; i < 6; i++) {
            ULONG Key = Keys[i];

            IoStartPacket(Plain, Irps[i], &Key, NULL);
        }
        for (ULONG i = 1; i < 6; i++) {
            StartNext(Plain, FALSE, 0);
            EXPECT_EQ(Order[i], Irps[Sorted[i]]);
        }
        Reset(Plain);
        for (ULONG i = 0; i < 6; i++) {
            ULONG Key = Keys[i];

            IoStartPacket(Plain, Irps[i], &Key, NULL);
        }
        /* the first with that key or a greater one; beyond the last the first of all */
        StartNext(Plain, TRUE, 31);
        EXPECT_EQ(Order[1], Irps[4]);
        StartNext(Plain, TRUE, 90);
        EXPECT_EQ(Order[2], Irps[2]);
        StartNext(Plain, TRUE, 91);
        EXPECT_EQ(Order[3], Irps[5]);
        StartNext(Plain, TRUE, 30);
        EXPECT_EQ(Order[4], Irps[1]);
        StartNext(Plain, TRUE, 0);
        EXPECT_EQ(Order[5], Irps[3]);
    }
}

/* Who asks for the next one within StartIo is called again inside of itself, unless it wants that put off. */
static VOID
Recursion(VOID)
{
    for (ULONG Round = 0; Round < 4; Round++) {
        Cancelable = Round & 1;
        Reset(Plain);
        Reset(Deferred);
        for (ULONG i = 0; i < 5; i++) {
            ULONG Key = 10 + i;

            IoStartPacket(Round & 2 ? Deferred : Plain, Irps[i], &Key, NULL);
        }
        Next = TRUE;
        ByKey = Round & 1;
        NextKey = 13;
        StartNext(Round & 2 ? Deferred : Plain, FALSE, 0);
        Next = FALSE;
        EXPECT_EQ(Started, 5);
        EXPECT_EQ(Deepest, Round & 2 ? 1 : 4);
        EXPECT_EQ(Order[1], Irps[1]);
        EXPECT_EQ(Order[2], ByKey ? Irps[3] : Irps[2]);
        EXPECT_EQ(Order[3], ByKey ? Irps[4] : Irps[3]);
        ByKey = FALSE;
    }
}

static VOID
Cancels(VOID)
{
    Cancelable = TRUE;
    Reset(Plain);
    IoStartPacket(Plain, Irps[0], NULL, Cancel);
    EXPECT(Started == 1 && HadRoutine); /* its own business from now on */
    IoSetCancelRoutine(Irps[0], NULL);
    IoStartPacket(Plain, Irps[1], NULL, Cancel);
    IoStartPacket(Plain, Irps[2], NULL, Cancel);
    IoStartPacket(Plain, Irps[3], NULL, Cancel);
    EXPECT(IoCancelIrp(Irps[2]) && Cancelled == 1);
    IoCancelIrp(Irps[4]); /* before it comes */
    IoStartPacket(Plain, Irps[4], NULL, Cancel);
    EXPECT(Cancelled == 2 && Started == 1 && Irps[4]->CancelRoutine == NULL);
    StartNext(Plain, FALSE, 0);
    EXPECT(Order[1] == Irps[1] && HadRoutine);
    StartNext(Plain, FALSE, 0);
    EXPECT_EQ(Order[2], Irps[3]);
    StartNext(Plain, FALSE, 0);
    EXPECT_EQ(Started, 3);
    for (ULONG i = 0; i < 5; i++) {
        IoSetCancelRoutine(Irps[i], NULL);
    }
    /* a device whose requests cannot be cancelled any more when they start */
    Reset(Locked);
    IoStartPacket(Locked, Irps[0], NULL, Cancel);
    EXPECT(Started == 1 && !HadRoutine);
    IoStartPacket(Locked, Irps[1], NULL, Cancel);
    EXPECT(Irps[1]->CancelRoutine == Cancel);
    StartNext(Locked, FALSE, 0);
    EXPECT(Started == 2 && !HadRoutine && Irps[1]->CancelRoutine == NULL);
    EXPECT(!IoCancelIrp(Irps[1]) && Cancelled == 0);
    Reset(Locked);
}

/* Device queues against a list in order. */
static VOID
DeviceQueues(VOID)
{
    static KDEVICE_QUEUE Queue;
    static KDEVICE_QUEUE_ENTRY Entries[8];
    ULONG Keys[8], Line[8], Count = 0, Seed = 3, Bad = 0;
    BOOLEAN Busy = FALSE, Keyed = TRUE;
    KIRQL Irql;

    KeInitializeDeviceQueue(&Queue);
    RtlZeroMemory(Entries, sizeof(Entries));
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    for (ULONG Step = 0; Step < 600; Step++) {
        ULONG What = RtlRandomEx(&Seed) % 6, i, At;

        for (i = 0; i < 8 && Entries[i].Inserted; i++) {
        }
        if (What < 3 && i < 8) {
            BOOLEAN Queued;

            Keyed = Count == 0 ? RtlRandomEx(&Seed) % 3 != 0 : Keyed; /* one kind at a time */
            Keys[i] = RtlRandomEx(&Seed) % 20;
            Queued = Keyed ? KeInsertByKeyDeviceQueue(&Queue, &Entries[i], Keys[i])
                           : KeInsertDeviceQueue(&Queue, &Entries[i]);
            Bad += Queued != Busy || Entries[i].Inserted != Busy;
            if (Busy) {
                At = Count;
                if (Keyed) {
                    for (At = 0; At < Count && Keys[Line[At]] <= Keys[i]; At++) {
                    }
                }
                RtlMoveMemory(&Line[At + 1], &Line[At], (Count - At) * sizeof(ULONG));
                Line[At] = i;
                Count++;
            }
            Busy = TRUE;
        } else if (What < 5) {
            ULONG How = Keyed ? RtlRandomEx(&Seed) % 3 : 0, Key = RtlRandomEx(&Seed) % 22;
            PKDEVICE_QUEUE_ENTRY Got;

            if (!Busy && How != 2) {
                continue; /* only of a queue that is busy */
            }
            At = 0;
            if (How != 0) {
                for (At = 0; At < Count && Keys[Line[At]] < Key; At++) {
                }
                At = At == Count ? 0 : At;
            }
            Got = How == 0   ? KeRemoveDeviceQueue(&Queue)
                  : How == 1 ? KeRemoveByKeyDeviceQueue(&Queue, Key)
                             : KeRemoveByKeyDeviceQueueIfBusy(&Queue, Key);
            if (Count == 0) {
                Bad += Got != NULL;
                Busy = FALSE;
            } else {
                Bad += Got != &Entries[Line[At]] || Got->Inserted;
                Count--;
                RtlMoveMemory(&Line[At], &Line[At + 1], (Count - At) * sizeof(ULONG));
            }
        } else if (Count != 0) {
            At = RtlRandomEx(&Seed) % Count;
            Bad += !KeRemoveEntryDeviceQueue(&Queue, &Entries[Line[At]]);
            Bad += KeRemoveEntryDeviceQueue(&Queue, &Entries[Line[At]]);
            Count--;
            RtlMoveMemory(&Line[At], &Line[At + 1], (Count - At) * sizeof(ULONG));
        }
        Bad += Queue.Busy != Busy;
    }
    KeLowerIrql(Irql);
    EXPECT_EQ(Bad, 0);
}

/* ---- cancel-safe queues ---- */

static LIST_ENTRY Waiting;
static KSPIN_LOCK CsqLock;
static PIRP Completed;
static NTSTATUS InsertAnswer;
static PVOID Inserted;

static NTSTATUS NTAPI
CsqInsert(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    Inserted = Context;
    if (NT_SUCCESS(InsertAnswer)) {
        if (Context == (PVOID)1) {
            InsertHeadList(&Waiting, &Irp->Tail.Overlay.ListEntry);
        } else {
            InsertTailList(&Waiting, &Irp->Tail.Overlay.ListEntry);
        }
    }
    return InsertAnswer;
}

static VOID NTAPI
CsqInsertPlain(PIO_CSQ Csq, PIRP Irp)
{
    InsertTailList(&Waiting, &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI
CsqRemove(PIO_CSQ Csq, PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

/* Only those whose first stack value is the context's, if there is one. */
static PIRP NTAPI
CsqPeek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Entry = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : Waiting.Flink;

    for (; Entry != &Waiting; Entry = Entry->Flink) {
        PIRP This = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);

        if (Context == NULL || This->Tail.Overlay.DriverContext[0] == Context) {
            return This;
        }
    }
    return NULL;
}

static VOID NTAPI
CsqAcquire(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&CsqLock, Irql);
}

static VOID NTAPI
CsqRelease(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&CsqLock, Irql);
}

static VOID NTAPI
CsqCancelled(PIO_CSQ Csq, PIRP Irp)
{
    Completed = Irp;
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID
Safe(VOID)
{
    IO_CSQ Csq;
    IO_CSQ_IRP_CONTEXT Contexts[3];

    InitializeListHead(&Waiting);
    KeInitializeSpinLock(&CsqLock);
    for (ULONG Kind = 0; Kind < 2; Kind++) {
        Reset(Plain);
        if (Kind == 0) {
            EXPECT_STATUS(IoCsqInitialize(&Csq, CsqInsertPlain, CsqRemove, CsqPeek, CsqAcquire,
                                          CsqRelease, CsqCancelled),
                          STATUS_SUCCESS);
        } else {
            EXPECT_STATUS(IoCsqInitializeEx(&Csq, CsqInsert, CsqRemove, CsqPeek, CsqAcquire,
                                            CsqRelease, CsqCancelled),
                          STATUS_SUCCESS);
        }
        EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, NULL), NULL);
        for (ULONG i = 0; i < 3; i++) {
            Irps[i]->Tail.Overlay.DriverContext[0] = (PVOID)(ULONG_PTR)(i + 10);
            IoCsqInsertIrp(&Csq, Irps[i], &Contexts[i]);
            EXPECT_EQ(Contexts[i].Irp, Irps[i]);
            EXPECT(IoGetCurrentIrpStackLocation(Irps[i])->Control & SL_PENDING_RETURNED);
            EXPECT(Irps[i]->CancelRoutine != NULL);
        }
        IoCsqInsertIrp(&Csq, Irps[3], NULL);
        /* by its context: once */
        EXPECT_EQ(IoCsqRemoveIrp(&Csq, &Contexts[1]), Irps[1]);
        EXPECT(Contexts[1].Irp == NULL && Irps[1]->CancelRoutine == NULL);
        EXPECT_EQ(IoCsqRemoveIrp(&Csq, &Contexts[1]), NULL);
        /* the next one that fits, and the next one of all */
        EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, (PVOID)12), Irps[2]);
        EXPECT_EQ(Contexts[2].Irp, NULL);
        EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, (PVOID)12), NULL);
        /* cancelled: completed by the queue, and no longer to be had by its context */
        Completed = NULL;
        EXPECT(IoCancelIrp(Irps[0]) && Completed == Irps[0] && Contexts[0].Irp == NULL);
        EXPECT_EQ(IoCsqRemoveIrp(&Csq, &Contexts[0]), NULL);
        EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, NULL), Irps[3]);
        EXPECT(IsListEmpty(&Waiting));
        IoCsqInsertIrp(&Csq, Irps[4], NULL);
        Completed = NULL;
        EXPECT(IoCancelIrp(Irps[4]) && Completed == Irps[4] && IsListEmpty(&Waiting));
        /* cancelled before it is queued */
        Completed = NULL;
        IoCancelIrp(Irps[5]);
        IoCsqInsertIrp(&Csq, Irps[5], &Contexts[0]);
        EXPECT(Completed == Irps[5] && IsListEmpty(&Waiting) && Contexts[0].Irp == NULL);
        EXPECT_EQ(Irps[5]->CancelRoutine, NULL);
    }
    /* What the insertion says is the answer, and its context reaches it. */
    Reset(Plain);
    InsertAnswer = STATUS_DEVICE_BUSY;
    EXPECT_STATUS(IoCsqInsertIrpEx(&Csq, Irps[0], &Contexts[0], (PVOID)5), STATUS_DEVICE_BUSY);
    EXPECT(Inserted == (PVOID)5 && IsListEmpty(&Waiting));
    EXPECT(!(IoGetCurrentIrpStackLocation(Irps[0])->Control & SL_PENDING_RETURNED));
    EXPECT_EQ(Irps[0]->CancelRoutine, NULL);
    InsertAnswer = STATUS_SUCCESS;
    EXPECT_STATUS(IoCsqInsertIrpEx(&Csq, Irps[0], NULL, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(IoCsqInsertIrpEx(&Csq, Irps[1], NULL, (PVOID)1), STATUS_SUCCESS);
    EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, NULL), Irps[1]); /* put in front */
    EXPECT_EQ(IoCsqRemoveNextIrp(&Csq, NULL), Irps[0]);
    Reset(Plain);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Irps); i++) {
        IoFreeIrp(Irps[i]);
        Irps[i] = NULL;
    }
}

/* ---- interrupts ---- */

static KIRQL SeenIrql;

static BOOLEAN NTAPI
OnInterrupt(PKINTERRUPT Interrupt, PVOID Context)
{
    return TRUE;
}

static BOOLEAN NTAPI
Synchronized(PVOID Context)
{
    SeenIrql = KeGetCurrentIrql();
    return Context != NULL;
}

static VOID
Interrupts(VOID)
{
    IO_CONNECT_INTERRUPT_PARAMETERS Parameters = {0};
    IO_DISCONNECT_INTERRUPT_PARAMETERS Disconnect = {0};
    PKINTERRUPT Interrupt = NULL;
    KIRQL Irql;

    Parameters.Version = CONNECT_FULLY_SPECIFIED;
    Parameters.FullySpecified.PhysicalDeviceObject = Plain;
    Parameters.FullySpecified.InterruptObject = &Interrupt;
    Parameters.FullySpecified.ServiceRoutine = OnInterrupt;
    Parameters.FullySpecified.SynchronizeIrql = 6;
    Parameters.FullySpecified.Irql = 5;
    Parameters.FullySpecified.Vector = 0x71;
    Parameters.FullySpecified.ProcessorEnableMask = 1;
    EXPECT_STATUS(IoConnectInterruptEx(&Parameters), STATUS_SUCCESS);
    EXPECT(Interrupt != NULL);
    EXPECT(KeSynchronizeExecution(Interrupt, Synchronized, &Parameters));
    EXPECT(SeenIrql == 6 && KeGetCurrentIrql() == PASSIVE_LEVEL);
    EXPECT(!KeSynchronizeExecution(Interrupt, Synchronized, NULL));
    Irql = KeAcquireInterruptSpinLock(Interrupt);
    EXPECT(Irql == PASSIVE_LEVEL && KeGetCurrentIrql() == 6);
    KeReleaseInterruptSpinLock(Interrupt, Irql);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    Disconnect.Version = CONNECT_FULLY_SPECIFIED;
    Disconnect.ConnectionContext.InterruptObject = Interrupt;
    IoDisconnectInterruptEx(&Disconnect);
    /* a version that is not known: the latest one that is, is told */
    Parameters.Version = 77;
    EXPECT_STATUS(IoConnectInterruptEx(&Parameters), STATUS_NOT_SUPPORTED);
    EXPECT_EQ(Parameters.Version, CONNECT_FULLY_SPECIFIED_GROUP);
    Parameters.Version = CONNECT_LINE_BASED; /* a device without interrupts */
    EXPECT(!NT_SUCCESS(IoConnectInterruptEx(&Parameters)));
}

/* A list of quota entries, as it must be, and changed in one byte. */
static VOID
Quotas(VOID)
{
    ULONG64 Space[16];
    PUCHAR Bytes = (PUCHAR)Space;
    PFILE_QUOTA_INFORMATION First = (PVOID)Space, Second = (PVOID)(Bytes + 56);
    static const struct {
        UCHAR At, Value;
        ULONG Wrong;
    } Table[] = {{41, 2, 0},        {4, 11, 0},       {4, 255, 0}, {0, 20, 0},   {0, 57, 0},
                 {56, 0, MAXULONG}, {56 + 41, 9, 56}, {60, 8, 56}, {60, 200, 56}};
    ULONG Length = 56 + 40 + 12, Wrong;

    for (ULONG i = 0; i <= RTL_NUMBER_OF(Table); i++) {
        RtlZeroMemory(Space, sizeof(Space));
        First->NextEntryOffset = 56;
        First->SidLength = Second->SidLength = 12;
        RtlCopyMemory(&First->Sid, SeExports->SeWorldSid, 12);
        RtlCopyMemory(&Second->Sid, SeExports->SeNullSid, 12);
        Wrong = 0x77;
        if (i < RTL_NUMBER_OF(Table)) {
            Bytes[Table[i].At] = Table[i].Value;
        }
        EXPECT_STATUS(IoCheckQuotaBufferValidity(First, Length, &Wrong),
                      i == RTL_NUMBER_OF(Table) || Table[i].Wrong == MAXULONG
                          ? STATUS_SUCCESS
                          : STATUS_QUOTA_LIST_INCONSISTENT);
        if (i < RTL_NUMBER_OF(Table) && Table[i].Wrong != MAXULONG) {
            EXPECT_EQ(Wrong, Table[i].Wrong);
        }
    }
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
    static const NTLAB_TEST Tests[] = {TEST(Starts),       TEST(Recursion), TEST(Cancels),
                                       TEST(DeviceQueues), TEST(Safe),      TEST(Interrupts),
                                       TEST(Quotas)};
    PDEVICE_OBJECT *Devices[] = {&Plain, &Deferred, &Locked};

    DriverObject->DriverUnload = Unload;
    DriverObject->DriverStartIo = StartIo;
    for (ULONG i = 0; i < 3; i++) {
        EXPECT_STATUS(
            IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, Devices[i]),
            STATUS_SUCCESS);
    }
    IoSetStartIoAttributes(Deferred, TRUE, FALSE);
    IoSetStartIoAttributes(Locked, FALSE, TRUE);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
