/*
 * extimers.c - ExAllocateTimer and its routines: how often a callback runs, against a model in virtual time; what a deletion waits for;
 * timers that threads wait for.
 * [DDI:wdm/exallocatetimer], [DDI:wdm/exsettimer], [DDI:wdm/excanceltimer], [DDI:wdm/exdeletetimer]; "Deleting a
 * System-Allocated Timer Object"
 */
#include "../ntlab-test.h"

#define MS 10000ll

static LARGE_INTEGER Poll;
static volatile LONG Fired, Deleted, Busy, DeletedBusy;
static KEVENT Gone;

static VOID
Sleep(LONGLONG Milliseconds)
{
    LARGE_INTEGER Interval = {.QuadPart = -Milliseconds * MS};

    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

static VOID NTAPI
Count(PEX_TIMER Timer, PVOID Context)
{
    Fired += Context == &Fired && KeGetCurrentIrql() == DISPATCH_LEVEL;
}

static ULONG Seed;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

/* Times are odd where the timer's are even: nothing comes at the same moment. */
static VOID
Model(VOID)
{
    for (ULONG Round = 0; Round < 4; Round++) {
        PEX_TIMER Timer = ExAllocateTimer(Count, (PVOID)&Fired, 0);
        LONGLONG Now = 0, Due = -1, Period = 0;
        LONG Expected = 0;
        ULONG Wrong = 0;

        Seed = Round + 5;
        Fired = 0;
        for (ULONG Step = 0; Step < 60; Step++) {
            switch (Random(4)) {
            case 0:
                Wrong += ExCancelTimer(Timer, NULL) != (Due >= 0);
                Due = -1;
                break;
            case 1: {
                LONGLONG In = 2 + 2 * Random(10), Every = Random(2) ? 0 : 2 + 2 * Random(5);

                Wrong += ExSetTimer(Timer, -In * MS, Every * MS, NULL) != (Due >= 0);
                Due = Now + In;
                Period = Every;
                break;
            }
            default: {
                LONGLONG Until = Now + 2 * Random(8) + 1;

                Sleep(Until - Now);
                Now = Until;
                while (Due >= 0 && Due <= Now) {
                    Expected++;
                    Due = Period != 0 ? Due + Period : -1;
                }
                Now++; /* even again */
                Sleep(1);
                while (Due >= 0 && Due <= Now) {
                    Expected++;
                    Due = Period != 0 ? Due + Period : -1;
                }
            }
            }
            Wrong += Fired != Expected;
        }
        EXPECT_EQ(Wrong, 0);
        EXPECT_EQ(ExDeleteTimer(Timer, TRUE, FALSE, NULL), Due >= 0);
        Sleep(40);
        EXPECT_EQ(Fired, Expected);
    }
}

static VOID NTAPI
OnDelete(PVOID Context)
{
    Deleted++;
    DeletedBusy += Busy;
    EXPECT(Context == &Deleted);
    KeSetEvent(&Gone, 0, FALSE);
}

static EXT_DELETE_PARAMETERS Parameters;
static BOOLEAN Cancels;

static VOID NTAPI
DeleteItself(PEX_TIMER Timer, PVOID Context)
{
    Busy = 1;
    EXPECT_EQ(ExDeleteTimer(Timer, Cancels, FALSE, &Parameters), *(PBOOLEAN)Context);
    EXPECT_EQ(Deleted, 0); /* not before this has returned */
    EXPECT(!ExDeleteTimer(Timer, Cancels, FALSE, &Parameters) && !ExSetTimer(Timer, -MS, 0, NULL));
    Fired++;
    Busy = 0;
}

/* A callback that deletes its timer, whether that repeats or not. */
static VOID
ByItself(VOID)
{
    for (ULONG Case = 0; Case < 4; Case++) {
        BOOLEAN Repeats = Case & 1;
        PEX_TIMER Timer = ExAllocateTimer(DeleteItself, &Repeats, 0);

        Deleted = DeletedBusy = Fired = 0;
        Cancels = Case >> 1;
        ExSetTimer(Timer, -MS, Repeats ? 5 * MS : 0, NULL);
        KeWaitForSingleObject(&Gone, Executive, KernelMode, FALSE, NULL);
        Sleep(50);
        EXPECT(Deleted == 1 && Fired == 1);
        EXPECT_EQ(DeletedBusy, 0);
    }
}

/* One that is set and not cancelled expires first; one that repeats is cancelled by its deletion. */
static VOID
Left(VOID)
{
    PEX_TIMER Timer = ExAllocateTimer(Count, (PVOID)&Fired, 0);

    Fired = Deleted = Busy = 0;
    ExSetTimer(Timer, -10 * MS, 0, NULL);
    EXPECT(!ExDeleteTimer(Timer, FALSE, FALSE, &Parameters));
    EXPECT_EQ(Deleted, 0);
    Sleep(20);
    EXPECT(Fired == 1 && Deleted == 1);
    Timer = ExAllocateTimer(Count, (PVOID)&Fired, 0);
    ExSetTimer(Timer, -10 * MS, 10 * MS, NULL);
    Sleep(25);
    EXPECT_EQ(Fired, 3);
    EXPECT(ExDeleteTimer(Timer, FALSE, FALSE, &Parameters));
    EXPECT_EQ(Deleted, 2);
    Sleep(50);
    EXPECT_EQ(Fired, 3);
}

/* A notification timer stays signaled until it is set again; the other frees one wait. */
static VOID
Waited(VOID)
{
    PEX_TIMER Timer = ExAllocateTimer(NULL, NULL, EX_TIMER_NOTIFICATION);

    EXPECT(ExAllocateTimer(NULL, NULL, 0x40) == NULL);
    EXPECT(ExAllocateTimer(NULL, NULL, EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE) == NULL);
    ExSetTimer(Timer, -5 * MS, 0, NULL);
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_TIMEOUT);
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_SUCCESS);
    EXPECT(!ExSetTimer(Timer, -5 * MS, 0, NULL));
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_TIMEOUT);
    EXPECT(ExDeleteTimer(Timer, TRUE, TRUE, NULL));
    Timer = ExAllocateTimer(NULL, NULL, EX_TIMER_NO_WAKE);
    ExSetTimer(Timer, -5 * MS, 0, NULL);
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(KeWaitForSingleObject(Timer, Executive, KernelMode, FALSE, &Poll),
                  STATUS_TIMEOUT);
    EXPECT(!ExDeleteTimer(Timer, FALSE, FALSE, NULL));
}

static VOID
Prepare(VOID)
{
    KeInitializeEvent(&Gone, SynchronizationEvent, FALSE);
    Parameters.DeleteCallback = OnDelete;
    Parameters.DeleteContext = (PVOID)&Deleted;
    EXPECT_EQ(Parameters.DeleteContext, &Deleted);
}

TEST_DRIVER(TEST(Prepare), TEST(Model), TEST(ByItself), TEST(Left), TEST(Waited))
