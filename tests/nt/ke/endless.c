/*
 * endless.c - a run that goes on for ever: a thread comes round every second, and --virtual-timeout ends it. If somebody for whom the run goes on still moves it is
 * a livelock, else a hang (nt/ke/timer.c, T7). It goes on for who loads a driver and for the threads whose end he waits for.
 */
#include "../threads.h"

enum {
    Alone,       /* nobody waits for the one that comes round */
    Joined,      /* DriverEntry waits for its end ... */
    JoinedOrSet, /* ... or for an event ... */
    Chain,       /* ... or for the end of one that waits for it, at the end of a chain of EIGHT */
    Aside,       /* another thread waits for its end, and nobody for that one's */
    Left,        /* DriverEntry has waited for its end before, and now waits for something else */
    Halted,      /* DriverEntry comes round itself for ROUNDS seconds, and then waits */
};
#define EIGHT 8

static KEVENT Never;
static PVOID Thread[EIGHT + 1];

static VOID NTAPI
GoRound(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    while (KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, &Second) == STATUS_TIMEOUT) {
    }
}

static VOID NTAPI
JoinNext(PVOID Context)
{
    KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
}

static VOID
Wait(VOID)
{
    PVOID Both[] = {&Never, Thread[0]};
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    Thread[0] = Both[1] = StartThread(GoRound, NULL);
    for (ULONG i = 1; i < (CASE == Chain ? EIGHT : CASE == Aside ? 2 : 1); i++) {
        Thread[i] = StartThread(JoinNext, Thread[i - 1]);
    }
    switch ((int)CASE) {
    case Joined:
        KeWaitForSingleObject(Thread[0], Executive, KernelMode, FALSE, NULL);
        break;
    case JoinedOrSet:
        KeWaitForMultipleObjects(2, Both, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
        break;
    case Chain:
        KeWaitForSingleObject(Thread[EIGHT - 1], Executive, KernelMode, FALSE, NULL);
        break;
    case Left:
        EXPECT_STATUS(
            KeWaitForMultipleObjects(2, Both, WaitAny, Executive, KernelMode, FALSE, &Second, NULL),
            STATUS_TIMEOUT);
        /* fall through */
    default:
        for (ULONG i = 0; i < ROUNDS; i++) {
            KeDelayExecutionThread(KernelMode, FALSE, &Second);
        }
        KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    }
    EXPECT(!"it has gone on");
}

TEST_DRIVER(TEST(Wait))
