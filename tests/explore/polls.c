/*
 * polls.c - threads that sleep between two looks at what the others change.
 *
 *     FLAG      the first one polls a flag in memory that each of the others sets, with a step of their own behind it
 *     COUNT     the same for a count that each of the others takes one off
 *     STATE     the same for an event, by KeReadStateEvent
 *     ASKED     the same for an event, by a wait that takes no time
 *     TIMED     a wait of 10 ms takes the place of look and sleep
 *     TRIES     FLAG, given up after 3 looks in vain
 *     DEADLINE  FLAG, given up after 50 ms
 *     CLOCK     FLAG, with a look at the clock in each round
 *     COUNTED   FLAG, and it counts its rounds
 *     NEVER     nobody sets the flag
 *     PAUSED    FLAG, with YieldProcessor for the sleep
 *     BUSY      FLAG, with nothing for it: the loop calls nobody
 *     FOREVER   NEVER, as BUSY
 *     EVENT     the first one waits for an event that the others set: what the others come to
 */
#include "program.h"

enum {
    FLAG = 1,
    COUNT,
    STATE,
    ASKED,
    TIMED,
    TRIES,
    DEADLINE,
    NEVER,
    EVENT,
    CLOCK,
    COUNTED,
    PAUSED,
    BUSY,
    FOREVER
};

#ifndef OTHERS
#define OTHERS 1
#endif

static volatile LONG Flag, Left = OTHERS;
static KEVENT Event, Behind;
static LARGE_INTEGER Pause = {.QuadPart = -10 * 10000};
static LONG GaveUp;

static BOOLEAN
IsDone(VOID)
{
    LARGE_INTEGER None = {.QuadPart = 0};

    switch ((int)PROGRAM) {
    case COUNT:
        return Left == 0;
    case STATE:
        return KeReadStateEvent(&Event) != 0;
    case ASKED:
        return KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &None) == STATUS_SUCCESS;
    case TIMED:
        return KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Pause) ==
               STATUS_SUCCESS;
    default:
        return Flag != 0;
    }
}

static VOID NTAPI
Poller(PVOID Context)
{
    volatile LONG Rounds = 0;
    LARGE_INTEGER Now = {.QuadPart = 0}, End;

    if (PROGRAM == EVENT) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        PsTerminateSystemThread(STATUS_SUCCESS);
    }
    KeQuerySystemTime(&End);
    End.QuadPart += 50 * 10000;
    for (LONG Looks = 1; !IsDone(); Looks++) {
        if (PROGRAM == COUNTED) {
            Rounds++;
        }
        if (PROGRAM == DEADLINE || PROGRAM == CLOCK) {
            KeQuerySystemTime(&Now);
        }
        if ((PROGRAM == TRIES && Looks == 3) ||
            (PROGRAM == DEADLINE && Now.QuadPart >= End.QuadPart)) {
            GaveUp = 1;
            break;
        }
        if (PROGRAM == PAUSED) {
            YieldProcessor();
        } else if (PROGRAM != TIMED && PROGRAM != BUSY && PROGRAM != FOREVER) {
            KeDelayExecutionThread(KernelMode, FALSE, &Pause);
        }
    }
    BAD(GaveUp && PROGRAM != NEVER);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Other(PVOID Context)
{
    switch ((int)PROGRAM) {
    case COUNT:
        InterlockedDecrement(&Left);
        break;
    case STATE:
    case ASKED:
    case TIMED:
    case EVENT:
        KeSetEvent(&Event, 0, FALSE);
        break;
    case FLAG:
    case CLOCK:
    case COUNTED:
    case PAUSED:
    case BUSY:
    case TRIES:
    case DEADLINE:
        Flag = 1;
        break;
    default:
        break;
    }
    KeSetEvent(&Behind, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Behind, NotificationEvent, FALSE);
    Start(Poller, 0);
    for (LONG Index = 0; Index < OTHERS; Index++) {
        Start(Other, 0);
    }
}
