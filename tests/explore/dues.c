/*
 * dues.c - which of two time-outs that are withheld comes first (nt/ke/timeout.c, O3). Each thread waits in vain, again and again at one place, one for 2 s and the
 * other for 3 s. Two waits of each are free and come in any order: 6 traces. Then it is the one that is over first, of each thread's own time: the shorter
 * ones at 6, 8 and 10 s, the longer ones at 9 and 12 s.
 */
#include "program.h"

#define FREE 4 /* of both */

static const char Wanted[] = "ssLsL";
static const ULONG Seconds[] = {2, 3}, Rounds[] = {5, 4};
static const char Names[] = {'s', 'L'};
static FAST_MUTEX Mutex;
static KEVENT Never;
static ULONG Looks;
static volatile ULONG Round[2]; /* not in a register: there each is another state */

static VOID NTAPI
GoRound(PVOID Context)
{
    ULONG_PTR Which = (ULONG_PTR)Context;
    LARGE_INTEGER Length = {.QuadPart = -10000000ll * Seconds[Which]};

    for (; Round[Which] < Rounds[Which]; Round[Which] = Round[Which] + 1) {
        BAD(KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, &Length) != STATUS_TIMEOUT);
        ExAcquireFastMutex(&Mutex);
        BAD(Looks >= FREE && Wanted[Looks - FREE] != Names[Which]);
        Looks++;
        ExReleaseFastMutex(&Mutex);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Mutex);
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    Start(GoRound, 0);
    Start(GoRound, 1);
    Join();
}
