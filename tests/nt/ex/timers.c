/*
 * timers.c - timers that have handles. [DDI: ntifs/wdm, ZwCreateTimer, ZwOpenTimer, ZwSetTimer, ZwCancelTimer; ExQueryTimerResolution]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwCreateTimer(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, TIMER_TYPE);
NTSYSAPI NTSTATUS NTAPI ZwOpenTimer(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI ZwSetTimer(HANDLE, PLARGE_INTEGER, PTIMER_APC_ROUTINE, PVOID, BOOLEAN, LONG,
                                   PBOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwCancelTimer(HANDLE, PBOOLEAN);
NTKERNELAPI VOID NTAPI ExQueryTimerResolution(PULONG, PULONG, PULONG);
__declspec(dllimport) extern POBJECT_TYPE *ExTimerObjectType;

#define TIMER_ALL (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 3)

static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\ntlab-timer");
static OBJECT_ATTRIBUTES Named, Unnamed;
static ULONG Calls;
static PVOID Seen;

static LARGE_INTEGER
Milliseconds(LONG Count)
{
    LARGE_INTEGER Time = {.QuadPart = -10000ll * Count};

    return Time;
}

static VOID
Prepare(VOID)
{
    InitializeObjectAttributes(&Named, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    InitializeObjectAttributes(&Unnamed, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
}

static VOID
Names(VOID)
{
    HANDLE One, Two;
    PVOID Object;

    EXPECT_STATUS(ZwOpenTimer(&Two, TIMER_ALL, &Named), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(ZwCreateTimer(&One, TIMER_ALL, &Named, NotificationTimer), STATUS_SUCCESS);
    EXPECT_STATUS(ZwCreateTimer(&Two, TIMER_ALL, &Named, NotificationTimer),
                  STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(ZwOpenTimer(&Two, SYNCHRONIZE, &Named), STATUS_SUCCESS);
    EXPECT_STATUS(ObReferenceObjectByHandle(Two, 0, *ExTimerObjectType, KernelMode, &Object, NULL),
                  STATUS_SUCCESS);
    ObDereferenceObject(Object);
    ZwClose(Two);
    ZwClose(One);
    EXPECT_STATUS(ZwCreateTimer(&One, TIMER_ALL, &Unnamed, 7), STATUS_INVALID_PARAMETER_4);
}

static VOID
Expires(VOID)
{
    LARGE_INTEGER Soon = Milliseconds(10), Late = Milliseconds(10000), Zero = {.QuadPart = 0};
    BOOLEAN State = 77;
    HANDLE Timer;

    EXPECT_STATUS(ZwCreateTimer(&Timer, TIMER_ALL, &Unnamed, NotificationTimer), STATUS_SUCCESS);
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, &Zero), STATUS_TIMEOUT);
    EXPECT_STATUS(ZwSetTimer(Timer, &Soon, NULL, NULL, FALSE, 0, &State), STATUS_SUCCESS);
    EXPECT_EQ(State, FALSE); /* PreviousState: not signaled */
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, &Zero), STATUS_SUCCESS); /* stays signaled */
    EXPECT_STATUS(ZwSetTimer(Timer, &Late, NULL, NULL, FALSE, 0, &State), STATUS_SUCCESS);
    EXPECT_EQ(State, TRUE);
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, &Zero), STATUS_TIMEOUT); /* setting resets */
    EXPECT_STATUS(ZwCancelTimer(Timer, &State), STATUS_SUCCESS);
    EXPECT_EQ(State, FALSE); /* CurrentState */
    EXPECT_STATUS(ZwSetTimer(Timer, &Soon, NULL, NULL, FALSE, -1, NULL),
                  STATUS_INVALID_PARAMETER_6);
    ZwClose(Timer);
}

static VOID
Periods(VOID)
{
    LARGE_INTEGER Soon = Milliseconds(10), Zero = {.QuadPart = 0}, Before, After;
    HANDLE Timer;

    EXPECT_STATUS(ZwCreateTimer(&Timer, TIMER_ALL, &Unnamed, SynchronizationTimer), STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetTimer(Timer, &Soon, NULL, NULL, FALSE, 50, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    /* a wait takes the signal away, and the next comes a period later */
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, &Zero), STATUS_TIMEOUT);
    KeQuerySystemTime(&Before);
    EXPECT_STATUS(ZwWaitForSingleObject(Timer, FALSE, NULL), STATUS_SUCCESS);
    KeQuerySystemTime(&After);
    EXPECT(After.QuadPart - Before.QuadPart >= 40 * 10000);
    EXPECT_STATUS(ZwCancelTimer(Timer, NULL), STATUS_SUCCESS);
    ZwClose(Timer);
}

static VOID NTAPI
Routine(PVOID Context, ULONG Low, LONG High)
{
    Calls++;
    Seen = Context;
}

/* [DDI:wdm/zwsettimer] the routine is an APC of the thread that set it. */
static VOID
Routines(VOID)
{
    LARGE_INTEGER Soon = Milliseconds(10), Long = Milliseconds(1000);
    HANDLE Timer;

    EXPECT_STATUS(ZwCreateTimer(&Timer, TIMER_ALL, &Unnamed, NotificationTimer), STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetTimer(Timer, &Soon, Routine, &Calls, FALSE, 0, NULL), STATUS_SUCCESS);
    KeDelayExecutionThread(KernelMode, FALSE,
                           &Long); /* a kernel APC: no alertable wait is needed */
    EXPECT(Calls == 1 && Seen == &Calls);
    EXPECT_STATUS(ZwSetTimer(Timer, &Long, Routine, &Calls, FALSE, 0, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(ZwCancelTimer(Timer, NULL), STATUS_SUCCESS);
    Long = Milliseconds(3000);
    KeDelayExecutionThread(KernelMode, FALSE, &Long);
    EXPECT_EQ(Calls, 1); /* cancelled with it */
    ZwClose(Timer);
}

static VOID
Resolution(VOID)
{
    ULONG Most = 0, Least = 0, Now = 0;

    ExQueryTimerResolution(&Most, &Least,
                           &Now); /* in units of 100 ns: the coarsest, the finest, this one */
    EXPECT(Most >= Least && Least != 0 && Now >= Least && Now <= Most);
    EXPECT_EQ(KeQueryTimeIncrement(), Most);
}

TEST_DRIVER(TEST(Prepare), TEST(Names), TEST(Expires), TEST(Periods), TEST(Routines),
            TEST(Resolution))
