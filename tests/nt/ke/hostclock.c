/*
 * hostclock.c - time by the host's clock (--clock host): it passes by itself, at any IRQL, and timers follow it. What a delay or a stall lasts at
 * least is documented, how much longer it lasts is up to the machine.
 * [DDI:wdm/kedelayexecutionthread], [DDI:wdm/kestallexecutionprocessor], [DDI:wdm/kesettimer], [DDI:wdm/kequeryinterrupttime]
 */
#include "../ntlab-test.h"

#define MILLISECOND 10000

static KTIMER Timer;
static KDPC Dpc;
static volatile LONG Fired;
static ULONGLONG FiredAt;

static VOID NTAPI
Fire(PKDPC Object, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    FiredAt = KeQueryInterruptTime();
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    InterlockedIncrement(&Fired);
}

static VOID
Delay(LONG Milliseconds)
{
    LARGE_INTEGER Due = {.QuadPart = -(LONGLONG)Milliseconds * MILLISECOND};

    KeDelayExecutionThread(KernelMode, FALSE, &Due);
}

static VOID
Passes(VOID)
{
    ULONGLONG Before = KeQueryInterruptTime(), After;
    LARGE_INTEGER System, Later;

    KeQuerySystemTime(&System);
    Delay(3);
    After = KeQueryInterruptTime();
    KeQuerySystemTime(&Later);
    EXPECT(After >= Before + 3 * MILLISECOND);
    EXPECT(Later.QuadPart >= System.QuadPart + 3 * MILLISECOND);
    for (Before = After; (After = KeQueryInterruptTime()) == Before;) {
    }
    EXPECT(After > Before); /* who only looks sees it pass */
}

static VOID
Stalls(VOID)
{
    ULONGLONG Before;
    KIRQL OldIrql;

    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    Before = KeQueryInterruptTime();
    KeStallExecutionProcessor(300);
    EXPECT(KeQueryInterruptTime() >= Before + 3000);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(OldIrql);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID
Timers(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -2 * MILLISECOND}, Zero = {.QuadPart = 0};
    ULONGLONG Before;

    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, Fire, NULL);
    Before = KeQueryInterruptTime();
    EXPECT(!KeSetTimer(&Timer, Due, &Dpc));
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    KeFlushQueuedDpcs();
    EXPECT_EQ(Fired, 1);
    EXPECT(FiredAt >= Before + 2 * MILLISECOND);
    Due.QuadPart = -1000ll * MILLISECOND; /* one that is cancelled never comes */
    EXPECT(!KeSetTimer(&Timer, Due, &Dpc));
    EXPECT_STATUS(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Zero),
                  STATUS_TIMEOUT);
    EXPECT(KeCancelTimer(&Timer));
    EXPECT_EQ(Fired, 1);
}

static VOID
TimesOut(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -2 * MILLISECOND};
    ULONGLONG Before = KeQueryInterruptTime();
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_STATUS(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Due),
                  STATUS_TIMEOUT);
    EXPECT(KeQueryInterruptTime() >= Before + 2 * MILLISECOND);
}

TEST_DRIVER(TEST(Passes), TEST(Stalls), TEST(Timers), TEST(TimesOut))
