/*
 * more.c - priorities and affinities of a thread, several entries of a queue at once, device queues by key, mutexes and events
 * seen from outside, status raisers, what the debugger's routines say when there is none.
 * [DDI:ntifs/kesetbaseprioritythread], [DDI:wdm/kequeryprioritythread], [DDI:ntifs/kesetaffinitythread],
 * [DDI:wdm/kesetsystemaffinitythreadex], [DDI:ntifs/keremovequeueex], [DDI:ntifs/kerundownqueue], [DDI:wdm/keremovebykeydevicequeue],
 * [DDI:wdm/keremovebykeydevicequeueifbusy], [DDI:ntddk/exraiseaccessviolation], [DDI:wdm/kdrefreshdebuggernotpresent],
 * [DDI:wdm/kddisabledebugger], [DDI:wdm/kdchangeoption], [DDI:wdm/iotryqueueworkitem].
 * Runs with --cpus 4.
 */
#include "../ntlab-test.h"

NTKERNELAPI LONG NTAPI KeSetBasePriorityThread(PKTHREAD, LONG);
NTKERNELAPI KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD, KAFFINITY);
NTKERNELAPI ULONG NTAPI KeRemoveQueueEx(PKQUEUE, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER,
                                        PLIST_ENTRY *, ULONG);
NTKERNELAPI LONG NTAPI KeReadStateMutant(PRKMUTEX);
NTKERNELAPI VOID NTAPI KeSetEventBoostPriority(PRKEVENT, PKTHREAD *);
NTKERNELAPI ULONG NTAPI KeShouldYieldProcessor(VOID);
NTKERNELAPI BOOLEAN NTAPI IoTryQueueWorkItem(PIO_WORKITEM, PIO_WORKITEM_ROUTINE_EX, WORK_QUEUE_TYPE,
                                             PVOID);

static LARGE_INTEGER Now; /* zero: a poll */
static LARGE_INTEGER Past = {.QuadPart = 1};

static VOID
Priorities(VOID)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KPRIORITY Base;

    EXPECT_EQ(KeSetBasePriorityThread(Thread, 0), 0); /* what it was lifted by for a while goes */
    Base = KeQueryPriorityThread(Thread);
    EXPECT(Base >= 1 && Base < LOW_REALTIME_PRIORITY);
    EXPECT_EQ(KeSetBasePriorityThread(Thread, 2), 0); /* the previous increment */
    EXPECT_EQ(KeQueryPriorityThread(Thread), Base + 2);
    EXPECT_EQ(KeSetBasePriorityThread(Thread, -2), 2);
    EXPECT_EQ(KeQueryPriorityThread(Thread), Base - 2);
    /* it stays among the priorities that are not real-time, at their ends if it is saturated */
    EXPECT_EQ(KeSetBasePriorityThread(Thread, 16), -2);
    EXPECT_EQ(KeQueryPriorityThread(Thread), LOW_REALTIME_PRIORITY - 1);
    EXPECT_EQ(KeSetBasePriorityThread(Thread, -16), 16);
    EXPECT_EQ(KeQueryPriorityThread(Thread), 1);
    EXPECT_EQ(KeSetBasePriorityThread(Thread, 0), -16);
    EXPECT_EQ(KeQueryPriorityThread(Thread), Base);
    for (LONG Increment = -20; Increment <= 20; Increment++) {
        LONG New = Base + Increment;

        KeSetBasePriorityThread(Thread, Increment);
        EXPECT_EQ(KeQueryPriorityThread(Thread), New < 1 ? 1
                                                 : New >= LOW_REALTIME_PRIORITY
                                                     ? LOW_REALTIME_PRIORITY - 1
                                                     : New);
        EXPECT_EQ(KeSetBasePriorityThread(Thread, 0), Increment >= 16    ? 16
                                                      : Increment <= -16 ? -16
                                                      : New < 1          ? 1 - Base
                                                      : New >= LOW_REALTIME_PRIORITY
                                                          ? LOW_REALTIME_PRIORITY - 1 - Base
                                                          : Increment);
    }
    EXPECT_EQ(KeSetPriorityThread(Thread, LOW_REALTIME_PRIORITY + 4), Base);
    EXPECT_EQ(KeQueryPriorityThread(Thread), LOW_REALTIME_PRIORITY + 4);
    EXPECT_EQ(KeSetPriorityThread(Thread, Base), LOW_REALTIME_PRIORITY + 4);
}

static VOID
Affinities(VOID)
{
    PKTHREAD Thread = KeGetCurrentThread();

    EXPECT_EQ(KeQueryActiveProcessors(), 0xF);
    EXPECT_EQ(KeSetAffinityThread(Thread, 4), 0xF); /* the previous one */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    EXPECT_EQ(KeSetAffinityThread(Thread, 0x12),
              4); /* processors that there are not do not count */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 1);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(8), 0); /* there was none */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 3);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 8);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 0);
    EXPECT_EQ(KeSetAffinityThread(Thread, 4), 2); /* while the system's rules */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 0);
    KeRevertToUserAffinityThreadEx(8); /* to the one before */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 3);
    KeRevertToUserAffinityThreadEx(0);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(0xF0), 0); /* no such processor: nothing */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    KeSetSystemAffinityThread(2);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 1);
    KeRevertToUserAffinityThread();
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    EXPECT_EQ(KeSetAffinityThread(Thread, 0xF), 4);
}

static VOID
Queues(VOID)
{
    static KQUEUE Queue;
    static LIST_ENTRY Item[5];
    PLIST_ENTRY Taken[4] = {NULL}, Left;

    KeInitializeQueue(&Queue, 2);
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_EQ(KeInsertQueue(&Queue, &Item[i]), i); /* how many there were */
    }
    EXPECT_EQ(KeReadStateQueue(&Queue), 5);
    EXPECT_EQ(KeRemoveQueueEx(&Queue, KernelMode, FALSE, NULL, Taken, 2), 2);
    EXPECT(Taken[0] == &Item[0] && Taken[1] == &Item[1] && Taken[2] == NULL);
    EXPECT(Item[0].Flink == NULL && Item[1].Flink == NULL);
    EXPECT_EQ(KeReadStateQueue(&Queue), 3);
    EXPECT_EQ(KeInsertHeadQueue(&Queue, &Item[0]), 3);
    EXPECT_EQ(KeRemoveQueueEx(&Queue, KernelMode, FALSE, &Now, Taken, 1), 1);
    EXPECT(Taken[0] == &Item[0]);
    EXPECT_EQ(KeRemoveQueueEx(&Queue, KernelMode, FALSE, &Now, Taken, 4), 3); /* fewer than asked */
    EXPECT(Taken[0] == &Item[2] && Taken[2] == &Item[4]);
    EXPECT_EQ(KeReadStateQueue(&Queue), 0);
    EXPECT_EQ(KeRemoveQueueEx(&Queue, KernelMode, FALSE, &Now, Taken, 4), 1);
    EXPECT_EQ((ULONG_PTR)Taken[0], STATUS_TIMEOUT); /* in place of the first */
    EXPECT_EQ(KeRemoveQueueEx(&Queue, KernelMode, FALSE, &Past, Taken, 1), 1);
    EXPECT_EQ((ULONG_PTR)Taken[0], STATUS_TIMEOUT);
    KeInsertQueue(&Queue, &Item[3]);
    KeInsertQueue(&Queue, &Item[1]);
    Left = KeRundownQueue(&Queue); /* what was in it, as a ring without head */
    EXPECT(Left == &Item[3] && Left->Flink == &Item[1] && Item[1].Flink == &Item[3] &&
           Item[3].Blink == &Item[1]);
    KeInitializeQueue(&Queue, 0);
    EXPECT_EQ(KeRundownQueue(&Queue), NULL);
}

static VOID
DeviceQueues(VOID)
{
    KDEVICE_QUEUE Queue;
    KDEVICE_QUEUE_ENTRY Entry[6];

    KeInitializeDeviceQueue(&Queue);
    EXPECT(!Queue.Busy);
    EXPECT(KeRemoveByKeyDeviceQueueIfBusy(&Queue, 1) == NULL && !Queue.Busy);
    EXPECT(!KeInsertByKeyDeviceQueue(&Queue, &Entry[0], 7)); /* it was not busy: go on yourself */
    EXPECT(Queue.Busy && !Entry[0].Inserted);
    EXPECT(KeInsertByKeyDeviceQueue(&Queue, &Entry[1], 30));
    EXPECT(KeInsertByKeyDeviceQueue(&Queue, &Entry[2], 10));
    EXPECT(KeInsertByKeyDeviceQueue(&Queue, &Entry[3], 20));
    EXPECT(KeInsertByKeyDeviceQueue(&Queue, &Entry[4], 20)); /* behind its equals */
    EXPECT(KeInsertDeviceQueue(&Queue, &Entry[5]));          /* behind all */
    EXPECT(Entry[3].Inserted);
    EXPECT(KeRemoveByKeyDeviceQueue(&Queue, 15) == &Entry[3]); /* the first of this key or more */
    EXPECT(!Entry[3].Inserted);
    EXPECT(KeRemoveByKeyDeviceQueueIfBusy(&Queue, 20) == &Entry[4]);
    EXPECT(KeRemoveByKeyDeviceQueue(&Queue, 31) == &Entry[2]); /* none: the first of all */
    EXPECT(KeRemoveEntryDeviceQueue(&Queue, &Entry[5]));
    EXPECT(!KeRemoveEntryDeviceQueue(&Queue, &Entry[5]));
    EXPECT(KeRemoveByKeyDeviceQueue(&Queue, 0) == &Entry[1]);
    EXPECT(Queue.Busy);
    EXPECT(KeRemoveByKeyDeviceQueue(&Queue, 0) == NULL); /* empty: no longer busy */
    EXPECT(!Queue.Busy);
}

static VOID
States(VOID)
{
    KMUTEX Mutex;
    KEVENT Event;

    KeInitializeMutex(&Mutex, 0);
    EXPECT(KeReadStateMutex(&Mutex) == 1 && KeReadStateMutant(&Mutex) == 1);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(KeReadStateMutant(&Mutex), 0);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(KeReadStateMutant(&Mutex), -1);
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), -1);
    EXPECT_EQ(KeReleaseMutex(&Mutex, FALSE), 0);
    EXPECT_EQ(KeReadStateMutant(&Mutex), 1);
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeSetEventBoostPriority(&Event, NULL);
    EXPECT_EQ(KeReadStateEvent(&Event), 1);
    EXPECT_STATUS(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Now),
                  STATUS_SUCCESS);
    EXPECT_EQ(KeReadStateEvent(&Event), 0);
    EXPECT(!KeShouldYieldProcessor());
}

static VOID
Raisers(VOID)
{
    EXPECT_RAISES(ExRaiseAccessViolation(), STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(ExRaiseDatatypeMisalignment(), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT_RAISES(ExRaiseStatus(STATUS_DEVICE_BUSY), STATUS_DEVICE_BUSY);
}

static VOID
NoDebugger(VOID)
{
    char Answer[4] = "abc";
    ULONG Size;

    EXPECT(KdRefreshDebuggerNotPresent() && KD_DEBUGGER_NOT_PRESENT && !KD_DEBUGGER_ENABLED);
    EXPECT_STATUS(KdDisableDebugger(), STATUS_DEBUGGER_INACTIVE);
    EXPECT_STATUS(KdEnableDebugger(), STATUS_DEBUGGER_INACTIVE);
    EXPECT_STATUS(KdChangeOption(KD_OPTION_SET_BLOCK_ENABLE, 0, NULL, 0, NULL, &Size),
                  STATUS_DEBUGGER_INACTIVE);
    EXPECT(DbgPrompt("", Answer, 0) == 0 && Answer[0] == 'a'); /* no room for an answer */
    EXPECT(DbgPrompt("", Answer, sizeof(Answer)) == 0 && Answer[0] == 0);
}

static PDEVICE_OBJECT Device;
static KEVENT Started, GoOn, Done;
static LONG Ran;

static VOID NTAPI
Work(PVOID Object, PVOID Context, PIO_WORKITEM Item)
{
    EXPECT(Object == Device && Context == &Ran);
    Ran++;
    KeSetEvent(&Started, 0, FALSE);
    KeWaitForSingleObject(&GoOn, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&Done, 0, FALSE);
}

/* An item that is queued is not queued again; once its routine runs, it may be. */
static VOID
Items(VOID)
{
    PIO_WORKITEM Item = IoAllocateWorkItem(Device);
    KIRQL OldIrql;

    KeInitializeEvent(&Started, SynchronizationEvent, FALSE);
    KeInitializeEvent(&GoOn, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    EXPECT(IoTryQueueWorkItem(Item, Work, DelayedWorkQueue, &Ran));
    KeLowerIrql(OldIrql);
    KeWaitForSingleObject(&Started, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Ran, 1);
    EXPECT(IoTryQueueWorkItem(Item, Work, DelayedWorkQueue, &Ran));
    for (ULONG i = 0; i < 2; i++) {
        KeSetEvent(&GoOn, 0, FALSE);
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    }
    EXPECT_EQ(Ran, 2);
    IoFreeWorkItem(Item);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Priorities),   TEST(Affinities), TEST(Queues),
                                       TEST(DeviceQueues), TEST(States),     TEST(Raisers),
                                       TEST(NoDebugger),   TEST(Items)};

    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
