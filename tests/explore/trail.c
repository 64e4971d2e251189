/*
 * trail.c - which memory a run writes to depends on its schedule, and each place is written to by few runs: what a restore forgets, a later run
 * finds (host/machine/lines.c).
 */
#include "program.h"

#define LINE_BYTES 64
#define LINE_BITS  12
#define STEPS      6

static KEVENT Event;
static ULONG Order; /* of the threads' steps */
static UCHAR Trail[1 << LINE_BITS][LINE_BYTES] __attribute__((aligned(4096)));

static VOID NTAPI
Thread(PVOID Context)
{
    for (ULONG Step = 0; Step < STEPS; Step++) {
        KeSetEvent(&Event, 0, FALSE);
        Order = (Order * 3 + (ULONG)(ULONG_PTR)Context + 1) * 0x9E3779B1;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    UCHAR *Place;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    for (ULONG Index = 0; Index < 3; Index++) {
        Start(Thread, Index);
    }
    Join();
    Place = Trail[Order >> (32 - LINE_BITS)];
    BAD(*Place != 0);
    *Place = 1;
}
