/*
 * work.c - work items, timers, remove locks, completion ports from kernel mode, MDLs, registrations:
 * [DDI:wdm/ioqueueworkitem], [DDI:wdm/ioinitializetimer], [DDI:wdm/ioacquireremovelock], [DDI:wdm/ioallocatemdl],
 * [DDI:wdm/iobuildpartialmdl], [DDI:wdm/etwregister], [DDI:wdm/ioallocateerrorlogentry]
 */
#include "io-test.h"

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static KEVENT Done;
static PVOID WorkContext;
static PDEVICE_OBJECT WorkDevice;
static PEPROCESS WorkProcess;
static KIRQL WorkIrql;
static PIO_WORKITEM WorkItemSeen;

static VOID NTAPI
Work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    WorkDevice = DeviceObject;
    WorkContext = Context;
    WorkProcess = PsGetCurrentProcess();
    WorkIrql = KeGetCurrentIrql();
    KeSetEvent(&Done, 0, FALSE);
}

static VOID NTAPI
WorkEx(PVOID IoObject, PVOID Context, PIO_WORKITEM Item)
{
    WorkItemSeen = Item;
    WorkDevice = IoObject;
    KeSetEvent(&Done, 0, FALSE);
}

static VOID
WorkItems(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    PIO_WORKITEM Item = IoAllocateWorkItem(Device), Own;

    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    IoQueueWorkItem(Item, Work, DelayedWorkQueue, &Done);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(WorkDevice, Device);
    EXPECT_EQ(WorkContext, &Done);
    EXPECT_EQ(WorkIrql, PASSIVE_LEVEL);
    EXPECT_EQ(WorkProcess, PsInitialSystemProcess); /* "in the context of a system thread" */
    IoFreeWorkItem(Item);

    Own = ExAllocatePoolWithTag(NonPagedPool, IoSizeofWorkItem(), 'tsei');
    IoInitializeWorkItem(Device, Own);
    IoQueueWorkItemEx(Own, WorkEx, CriticalWorkQueue, NULL);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(WorkItemSeen, Own);
    EXPECT_EQ(WorkDevice, Device);
    Sleep(1);
    IoUninitializeWorkItem(Own);
    ExFreePoolWithTag(Own, 'tsei');
    IoDeleteDevice(Device);
}

static LONG Ticks;
static KIRQL TickIrql;

static VOID NTAPI
Tick(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    TickIrql = KeGetCurrentIrql();
    InterlockedIncrement(&Ticks);
}

static VOID
Timers(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);

    EXPECT_STATUS(IoInitializeTimer(Device, Tick, NULL), STATUS_SUCCESS);
    Sleep(2500);
    EXPECT_EQ(Ticks, 0); /* not before IoStartTimer */
    IoStartTimer(Device);
    Sleep(3500);
    EXPECT_EQ(Ticks, 3); /* "once per second" */
    EXPECT_EQ(TickIrql, DISPATCH_LEVEL);
    IoStopTimer(Device);
    Sleep(2500);
    EXPECT_EQ(Ticks, 3);
    IoDeleteDevice(Device);
}

static IO_REMOVE_LOCK Lock;
static volatile LONG Removed;

static VOID NTAPI
Remover(PVOID Context)
{
    IoAcquireRemoveLock(&Lock, (PVOID)2);
    IoReleaseRemoveLockAndWait(&Lock, (PVOID)2);
    Removed = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
RemoveLocks(VOID)
{
    HANDLE Thread;

    IoInitializeRemoveLock(&Lock, 'tsei', 0, 0);
    EXPECT_STATUS(IoAcquireRemoveLock(&Lock, (PVOID)1), STATUS_SUCCESS);
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Remover, NULL);
    Sleep(10);
    EXPECT_EQ(Removed, 0); /* waits for the outstanding acquisition */
    EXPECT_STATUS(IoAcquireRemoveLock(&Lock, (PVOID)3), STATUS_DELETE_PENDING);
    IoReleaseRemoveLock(&Lock, (PVOID)1);
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    EXPECT_EQ(Removed, 1);
    EXPECT_STATUS(IoAcquireRemoveLock(&Lock, (PVOID)3), STATUS_DELETE_PENDING);
    ZwClose(Thread);
}

static VOID
Mdls(VOID)
{
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, 'tsei');
    PIRP Irp = IoAllocateIrp(1, FALSE);
    PMDL First, Second, Part;

    First = IoAllocateMdl(Buffer + 100, 2 * PAGE_SIZE, FALSE, FALSE, Irp);
    EXPECT_EQ(Irp->MdlAddress, First);
    EXPECT_EQ(MmGetMdlByteCount(First), 2 * PAGE_SIZE);
    EXPECT_EQ(MmGetMdlVirtualAddress(First), Buffer + 100);
    EXPECT_EQ(MmGetMdlByteOffset(First), BYTE_OFFSET(Buffer + 100));
    Second = IoAllocateMdl(Buffer, 10, TRUE, FALSE, Irp); /* "a secondary buffer": linked behind */
    EXPECT_EQ(Irp->MdlAddress, First);
    EXPECT_EQ(First->Next, Second);
    EXPECT(IoAllocateMdl(Buffer, 0x80000000, FALSE, FALSE, NULL) ==
           NULL); /* "2 gigabytes minus PAGE_SIZE" */
    MmBuildMdlForNonPagedPool(First);
    EXPECT_EQ(MmGetSystemAddressForMdlSafe(First, NormalPagePriority), Buffer + 100);
    Part = IoAllocateMdl(Buffer + 100 + PAGE_SIZE, 200, FALSE, FALSE, NULL);
    IoBuildPartialMdl(First, Part, Buffer + 100 + PAGE_SIZE, 200);
    EXPECT_EQ(MmGetMdlByteCount(Part), 200);
    EXPECT_EQ(MmGetMdlVirtualAddress(Part), Buffer + 100 + PAGE_SIZE);
    Buffer[100 + PAGE_SIZE] = 0x3C;
    EXPECT_EQ(*(PUCHAR)MmGetSystemAddressForMdlSafe(Part, NormalPagePriority), 0x3C);
    EXPECT_EQ(MmGetMdlPfnArray(Part)[0],
              MmGetMdlPfnArray(First)[(BYTE_OFFSET(Buffer + 100) + PAGE_SIZE) >> PAGE_SHIFT]);
    IoFreeMdl(Part);
    IoFreeMdl(Second);
    IoFreeMdl(First);
    Irp->MdlAddress = NULL;
    IoFreeIrp(Irp);
    ExFreePoolWithTag(Buffer, 'tsei');
}

static VOID
Registrations(VOID)
{
    static const GUID Id = {0x11111111, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};
    static const EVENT_DESCRIPTOR Event = {1};
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    PIO_ERROR_LOG_PACKET Packet;
    REGHANDLE Handle = 0;

    EXPECT_STATUS(EtwRegister(&Id, NULL, NULL, &Handle), STATUS_SUCCESS);
    EXPECT(Handle != 0);
    EXPECT(!EtwEventEnabled(Handle, &Event)); /* nobody listens */
    EXPECT(!EtwProviderEnabled(Handle, 0, 0));
    EXPECT_STATUS(EtwWrite(Handle, &Event, NULL, 0, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(EtwUnregister(Handle), STATUS_SUCCESS);
    EXPECT_STATUS(IoWMIRegistrationControl(Device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
    EXPECT_STATUS(IoWMIRegistrationControl(Device, 99), STATUS_INVALID_PARAMETER);
    EXPECT(IoAllocateErrorLogEntry(Device, 4) == NULL); /* smaller than a packet */
    EXPECT(IoAllocateErrorLogEntry(Device, ERROR_LOG_MAXIMUM_SIZE + 1) == NULL);
    Packet = IoAllocateErrorLogEntry(Device, sizeof(IO_ERROR_LOG_PACKET));
    EXPECT(Packet != NULL);
    Packet->ErrorCode = 0x40040001;
    IoWriteErrorLogEntry(Packet);
    EXPECT_STATUS(IoRegisterShutdownNotification(Device), STATUS_SUCCESS);
    EXPECT(Device->Flags & DO_SHUTDOWN_REGISTERED);
    IoUnregisterShutdownNotification(Device);
    EXPECT((Device->Flags & DO_SHUTDOWN_REGISTERED) == 0);
    EXPECT(IoIsWdmVersionAvailable(1, 0x10));
    EXPECT(!IoIsWdmVersionAvailable(2, 0));
    EXPECT(IoIsSystemThread(PsGetCurrentThread()));
    EXPECT(IoGetTopLevelIrp() == NULL);
    {
        ULONG_PTR Low, High, Here = (ULONG_PTR)&Low;

        IoGetStackLimits(&Low, &High);
        EXPECT(Here > Low && Here < High);
        EXPECT(IoGetRemainingStackSize() < High - Low);
    }
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(WorkItems), TEST(Timers), TEST(RemoveLocks), TEST(Mdls), TEST(Registrations))
