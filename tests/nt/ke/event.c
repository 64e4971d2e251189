/*
 * event.c - KEVENT: [DDI:wdm/keinitializeevent], [DDI:wdm/kesetevent], [DDI:wdm/keresetevent], [DDI:ntddk/kepulseevent]
 */
#include "../ntlab-test.h"

static KEVENT Event;
static KEVENT Ready, Done;
static volatile LONG Woken;

static LARGE_INTEGER Poll; /* zero: a poll */

static BOOLEAN
IsSignaled(PVOID Object)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &Poll) == STATUS_SUCCESS;
}

static VOID NTAPI
Waiter(PVOID Context)
{
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    InterlockedIncrement(&Woken);
    KeSetEvent(&Done, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Starts a thread that waits for Event, and gives it time to do so. */
static PVOID
StartWaiter(VOID)
{
    LARGE_INTEGER Delay = {.QuadPart = -100000};
    HANDLE Handle;
    PVOID Thread;

    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Waiter, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    return Thread;
}

static VOID
Join(PVOID Thread)
{
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

static VOID
InitialState(VOID)
{
    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    EXPECT_EQ(KeReadStateEvent(&Event) != 0,
              TRUE); /* State is the initial state [DDI:wdm/keinitializeevent] */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_EQ(KeReadStateEvent(&Event), 0);
}

static VOID
SetReturnsPrevious(VOID)
{
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_EQ(KeSetEvent(&Event, 0, FALSE),
              0); /* zero if it was not signaled [DDI:wdm/kesetevent] */
    EXPECT(KeSetEvent(&Event, 0, FALSE) != 0); /* nonzero if it was */
    EXPECT(KeResetEvent(&Event) != 0);         /* [DDI:wdm/keresetevent] */
    EXPECT_EQ(KeResetEvent(&Event), 0);
}

static VOID
NotificationStays(VOID)
{
    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    EXPECT(IsSignaled(&Event)); /* a notification event remains signaled until it is reset */
    EXPECT(IsSignaled(&Event));
    KeClearEvent(&Event);
    EXPECT(!IsSignaled(&Event));
}

static VOID
SynchronizationResets(VOID)
{
    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    EXPECT(IsSignaled(&Event)); /* a wait that is satisfied resets a synchronization event */
    EXPECT(!IsSignaled(&Event));
}

static VOID
NotificationWakesAll(VOID)
{
    PVOID First, Second;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    Woken = 0;
    First = StartWaiter();
    Second = StartWaiter();
    KeSetEvent(&Event, 0, FALSE);
    Join(First);
    Join(Second);
    EXPECT_EQ(Woken, 2); /* all waits are satisfied [DDI:wdm/kesetevent] */
}

static VOID
SynchronizationWakesOne(VOID)
{
    PVOID First, Second;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    Woken = 0;
    First = StartWaiter();
    Second = StartWaiter();
    KeSetEvent(&Event, 0, FALSE);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(Woken, 1);
    EXPECT_EQ(KeReadStateEvent(&Event), 0); /* reset automatically when one wait is satisfied */
    KeSetEvent(&Event, 0, FALSE);
    Join(First);
    Join(Second);
    EXPECT_EQ(Woken, 2);
}

static VOID
PulseLetsWaitersGo(VOID)
{
    PVOID Thread;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    Woken = 0;
    Thread = StartWaiter();
    EXPECT_EQ(KePulseEvent(&Event, 0, FALSE), 0); /* the previous state [DDI:ntddk/kepulseevent] */
    Join(Thread);
    EXPECT_EQ(Woken, 1);
    EXPECT_EQ(KeReadStateEvent(&Event), 0); /* then reset to not signaled */
}

static volatile KPRIORITY WokenAt;

static VOID NTAPI
PriorityWaiter(PVOID Context)
{
    KeSetPriorityThread(KeGetCurrentThread(), (KPRIORITY)(ULONG_PTR)Context);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    WokenAt = KeQueryPriorityThread(KeGetCurrentThread());
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* The priority that a waiter of this base runs at after a set with this increment. */
static KPRIORITY
BoostedTo(KPRIORITY Base, KPRIORITY Increment)
{
    LARGE_INTEGER Delay = {.QuadPart = -100000};
    HANDLE Handle;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, PriorityWaiter,
                         (PVOID)(ULONG_PTR)Base);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    KeSetEvent(&Event, Increment, FALSE);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    ZwClose(Handle);
    return WokenAt;
}

static VOID
IncrementBoosts(VOID)
{
    /* the increment to be applied if setting the event causes a wait to be satisfied [DDI:wdm/kesetevent]; a time slice
       that ends takes one level of it away again [Win32:Priority Boosts], so how much is left is not fixed */
    EXPECT_EQ(BoostedTo(9, 0), 9);
    EXPECT(BoostedTo(9, 4) > 9);
    EXPECT(BoostedTo(9, 5) > BoostedTo(9, 2));
    /* never into the realtime range, and none for a thread that is there [Win32:Priority Boosts] */
    EXPECT(BoostedTo(12, 9) > 12);
    EXPECT(BoostedTo(12, 9) < LOW_REALTIME_PRIORITY);
    EXPECT_EQ(BoostedTo(20, 3), 20);
}

static VOID
SetAtDispatchLevel(VOID)
{
    KIRQL OldIrql;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    EXPECT_EQ(KeSetEvent(&Event, 0, FALSE), 0); /* Wait FALSE: IRQL <= DISPATCH_LEVEL */
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    EXPECT(IsSignaled(
        &Event)); /* a zero time-out may be used at DISPATCH_LEVEL [DDI:wdm/kewaitforsingleobject] */
    KeLowerIrql(OldIrql);
}

static VOID
SetThenWait(VOID)
{
    KEVENT Other;
    LARGE_INTEGER Short = {.QuadPart = -10000};

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Other, NotificationEvent, FALSE);
    KeSetEvent(&Other, 0, TRUE); /* the next call must be a wait, which restores the IRQL */
    EXPECT_STATUS(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Short),
                  STATUS_TIMEOUT);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

TEST_DRIVER(TEST(InitialState), TEST(SetReturnsPrevious), TEST(NotificationStays),
            TEST(SynchronizationResets), TEST(NotificationWakesAll), TEST(SynchronizationWakesOne),
            TEST(PulseLetsWaitersGo), TEST(IncrementBoosts), TEST(SetAtDispatchLevel),
            TEST(SetThenWait))
