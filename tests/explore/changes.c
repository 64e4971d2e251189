/*
 * changes.c - N threads change something of another one and are told what it was before: in some order, so each is told what the one before it has
 * set, and the last one's stays. PROGRAM: 1 its affinity, 2 its priority, 3 its base priority.
 */
#include "program.h"

KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity);

static PKTHREAD Other;
static LONG Told[N];

/* Values from 1 to N + 1. */
static LONG
Change(LONG Value)
{
#if PROGRAM == 1
    return (LONG)KeSetAffinityThread(Other, (KAFFINITY)Value);
#elif PROGRAM == 2
    return KeSetPriorityThread(Other, 8 + Value) - 8;
#else
    return KeSetBasePriorityThread(Other, Value);
#endif
}

static VOID NTAPI
Changer(PVOID Context)
{
    LONG Number = (LONG)(LONG_PTR)Context;

    Told[Number] = Change(Number + 1);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ULONG Seen = 0;

    Other = KeGetCurrentThread();
    Change(N + 1);
    for (LONG Number = 0; Number < N; Number++) {
        Start(Changer, (ULONG_PTR)Number);
    }
    Join();
    Seen = 1u << Change(1);
    for (LONG Number = 0; Number < N; Number++) {
        BAD(Told[Number] == Number + 1);
        Seen |= 1u << Told[Number];
    }
    BAD(Seen != (2u << (N + 1)) - 2); /* each value was told once */
#if PROGRAM == 1
    KeSetAffinityThread(Other, KeQueryActiveProcessors());
#endif
}
