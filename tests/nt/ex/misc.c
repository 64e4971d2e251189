/*
 * misc.c - lookaside lists, work items, callback objects, timers of the executive, named events, facts about the system.
 */
#include "../ntlab-test.h"
#include <ntstrsafe.h>

#define TAG 'csiM'

static NPAGED_LOOKASIDE_LIST Nonpaged;
static PAGED_LOOKASIDE_LIST Paged;
static LOOKASIDE_LIST_EX Extended;
static ULONG Allocations, Frees;

static PVOID NTAPI
CountingAllocate(POOL_TYPE Type, SIZE_T Bytes, ULONG Tag, PLOOKASIDE_LIST_EX List)
{
    Allocations++;
    return ExAllocatePoolWithTag(Type, Bytes, Tag);
}

static VOID NTAPI
CountingFree(PVOID Buffer, PLOOKASIDE_LIST_EX List)
{
    Frees++;
    ExFreePoolWithTag(Buffer, TAG);
}

/* Freed entries are kept and used again [DDI:wdm/exinitializenpagedlookasidelist] */
static VOID
Lookaside(VOID)
{
    PVOID First, Second;

    ExInitializeNPagedLookasideList(&Nonpaged, NULL, NULL, 0, 100, TAG, 0);
    First = ExAllocateFromNPagedLookasideList(&Nonpaged);
    EXPECT(First != NULL);
    ExFreeToNPagedLookasideList(&Nonpaged, First);
    Second = ExAllocateFromNPagedLookasideList(&Nonpaged);
    EXPECT(First == Second);
    ExFreeToNPagedLookasideList(&Nonpaged, Second);
    ExDeleteNPagedLookasideList(&Nonpaged);
    ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, 100, TAG, 0);
    First = ExAllocateFromPagedLookasideList(&Paged);
    EXPECT(First != NULL);
    ExFreeToPagedLookasideList(&Paged, First);
    ExDeletePagedLookasideList(&Paged);
}

static VOID
LookasideEx(VOID)
{
    PVOID Block[8];

    /* "Depth: reserved. Always set this parameter to zero." Both flags exclude each other [DDI:wdm/exinitializelookasidelistex] */
    EXPECT(!NT_SUCCESS(
        ExInitializeLookasideListEx(&Extended, NULL, NULL, NonPagedPoolNx, 3, 64, TAG, 0)));
    EXPECT_STATUS(ExInitializeLookasideListEx(&Extended, CountingAllocate, CountingFree,
                                              NonPagedPoolNx, 0, 64, TAG, 0),
                  STATUS_SUCCESS);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Block); i++) {
        Block[i] = ExAllocateFromLookasideListEx(&Extended);
    }
    EXPECT_EQ(Allocations, 8);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Block); i++) {
        ExFreeToLookasideListEx(&Extended, Block[i]);
    }
    ExFlushLookasideListEx(&Extended);
    EXPECT_EQ(Frees, 8);
    ExDeleteLookasideListEx(&Extended);
}

static WORK_QUEUE_ITEM Item[3];
static KEVENT Worked;
static volatile LONG Runs;
static PVOID WorkProcess;
static KIRQL WorkIrql;

static VOID NTAPI
Worker(PVOID Context)
{
    WorkProcess = PsGetCurrentProcess();
    WorkIrql = KeGetCurrentIrql();
    if (InterlockedIncrement(&Runs) == 3) {
        KeSetEvent(&Worked, 0, FALSE);
    }
}

static VOID
WorkItems(VOID)
{
    KeInitializeEvent(&Worked, NotificationEvent, FALSE);
    for (ULONG i = 0; i < 3; i++) {
        ExInitializeWorkItem(&Item[i], Worker, &Item[i]);
        ExQueueWorkItem(&Item[i], i == 0   ? CriticalWorkQueue
                                  : i == 1 ? DelayedWorkQueue
                                           : HyperCriticalWorkQueue);
    }
    KeWaitForSingleObject(&Worked, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Runs, 3);
    EXPECT_EQ(
        WorkIrql,
        PASSIVE_LEVEL); /* "a system worker thread at IRQL PASSIVE_LEVEL" [DDI:wdm/exqueueworkitem] */
    EXPECT(WorkProcess == (PVOID)PsInitialSystemProcess);
}

/* Items that wait for items behind them: the queue grows threads. */
static KEVENT Chain[12];
static WORK_QUEUE_ITEM ChainItem[12];

static VOID NTAPI
ChainWorker(PVOID Context)
{
    ULONG_PTR Index = (ULONG_PTR)Context;

    if (Index + 1 < RTL_NUMBER_OF(Chain)) {
        KeWaitForSingleObject(&Chain[Index + 1], Executive, KernelMode, FALSE, NULL);
    }
    KeSetEvent(&Chain[Index], 0, FALSE);
}

static VOID
WorkItemsBlock(VOID)
{
    for (ULONG_PTR i = 0; i < RTL_NUMBER_OF(Chain); i++) {
        KeInitializeEvent(&Chain[i], NotificationEvent, FALSE);
        ExInitializeWorkItem(&ChainItem[i], ChainWorker, (PVOID)i);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Chain); i++) {
        ExQueueWorkItem(&ChainItem[i], DelayedWorkQueue);
    }
    EXPECT_STATUS(KeWaitForSingleObject(&Chain[0], Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
}

static ULONG Notified;
static PVOID NotifiedWith[3];

static VOID NTAPI
Callback(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Notified++;
    NotifiedWith[0] = Context;
    NotifiedWith[1] = Argument1;
    NotifiedWith[2] = Argument2;
}

static VOID
CallbackObjects(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    PCALLBACK_OBJECT Object, Again;
    PVOID Registration;

    RtlInitUnicodeString(&Name, L"\\Callback\\NtlabTest");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL,
                               NULL);
    EXPECT(!NT_SUCCESS(
        ExCreateCallback(&Object, &Attributes, FALSE,
                         TRUE))); /* Create FALSE: opens only [DDI:wdm/excreatecallback] */
    EXPECT_STATUS(ExCreateCallback(&Object, &Attributes, TRUE, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(ExCreateCallback(&Again, &Attributes, FALSE, FALSE), STATUS_SUCCESS);
    EXPECT(Object == Again);
    ObDereferenceObject(Again);
    Registration = ExRegisterCallback(Object, Callback, (PVOID)11);
    EXPECT(Registration != NULL);
    EXPECT(ExRegisterCallback(Object, Callback, (PVOID)12) ==
           NULL); /* no multiple callbacks [DDI:wdm/exregistercallback] */
    ExNotifyCallback(Object, (PVOID)22, (PVOID)33);
    EXPECT_EQ(Notified, 1);
    EXPECT(NotifiedWith[0] == (PVOID)11 && NotifiedWith[1] == (PVOID)22 &&
           NotifiedWith[2] == (PVOID)33);
    ExUnregisterCallback(Registration);
    ExNotifyCallback(Object, NULL, NULL);
    EXPECT_EQ(Notified, 1);
    ObMakeTemporaryObject(Object);
    ObDereferenceObject(Object);
    RtlInitUnicodeString(&Name, L"\\Callback\\PowerState"); /* made by the system */
    EXPECT_STATUS(ExCreateCallback(&Object, &Attributes, FALSE, TRUE), STATUS_SUCCESS);
    ObDereferenceObject(Object);
}

static KEVENT Fired;
static KIRQL FiredIrql;

static VOID NTAPI
TimerCallback(PEX_TIMER Timer, PVOID Context)
{
    FiredIrql = KeGetCurrentIrql();
    KeSetEvent(Context, 0, FALSE);
}

static VOID
ExTimers(VOID)
{
    PEX_TIMER Timer = ExAllocateTimer(TimerCallback, &Fired, 0);

    KeInitializeEvent(&Fired, SynchronizationEvent, FALSE);
    EXPECT(Timer != NULL);
    EXPECT(!ExSetTimer(Timer, -10000, 0,
                       NULL)); /* FALSE: it was not set before [DDI:wdm/exsettimer] */
    KeWaitForSingleObject(&Fired, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(FiredIrql, DISPATCH_LEVEL);
    EXPECT(!ExCancelTimer(Timer, NULL)); /* FALSE: expired already [DDI:wdm/excanceltimer] */
    ExSetTimer(Timer, -100000000, 0, NULL);
    EXPECT(ExSetTimer(Timer, -200000000, 0, NULL));
    EXPECT(ExCancelTimer(Timer, NULL));
    ExDeleteTimer(Timer, TRUE, TRUE, NULL);
}

static VOID
NamedEvents(VOID)
{
    UNICODE_STRING Name;
    HANDLE Handle, Second;
    PKEVENT Event, Same;
    LONG Previous = 5;

    RtlInitUnicodeString(&Name, L"\\BaseNamedObjects\\NtlabTestEvent");
    Event = IoCreateNotificationEvent(&Name, &Handle);
    EXPECT(Event != NULL);
    EXPECT(KeReadStateEvent(Event) !=
           0); /* "initially signaled" [DDI:wdm/iocreatenotificationevent] */
    Same = IoCreateNotificationEvent(&Name, &Second);
    EXPECT(Same == Event);
    ZwClose(Second);
    KeClearEvent(Event);
    EXPECT_STATUS(ZwSetEvent(Handle, &Previous), STATUS_SUCCESS);
    EXPECT_EQ(Previous, 0);
    EXPECT(KeReadStateEvent(Event) != 0);
    EXPECT_STATUS(ZwClearEvent(Handle), STATUS_SUCCESS);
    EXPECT_EQ(KeReadStateEvent(Event), 0);
    ZwClose(Handle);
}

static VOID
Facts(VOID)
{
    LARGE_INTEGER System = {.QuadPart = 0x123456789ABCDEF}, Local, Back;
    UUID A, B;

    ExSystemTimeToLocalTime(&System, &Local);
    ExLocalTimeToSystemTime(&Local, &Back);
    EXPECT_EQ(Back.QuadPart, System.QuadPart);
    EXPECT_EQ(ExGetPreviousMode(), KernelMode);
    EXPECT(NT_SUCCESS(ExUuidCreate(&A)));
    EXPECT(NT_SUCCESS(ExUuidCreate(&B)));
    EXPECT(RtlCompareMemory(&A, &B, sizeof(A)) !=
           sizeof(A)); /* "a new globally unique identifier" [DDI:ntddk/exuuidcreate] */
    EXPECT(ExIsProcessorFeaturePresent(PF_XMMI64_INSTRUCTIONS_AVAILABLE));
}

TEST_DRIVER(TEST(Lookaside), TEST(LookasideEx), TEST(WorkItems), TEST(WorkItemsBlock),
            TEST(CallbackObjects), TEST(ExTimers), TEST(NamedEvents), TEST(Facts))
