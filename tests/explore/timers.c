/* timers.c - two threads wait for N timers, each for its own, one after the other: more agents come than a search can tell apart. */
#include "program.h"

static KTIMER Timer[N];

static VOID NTAPI
Thread(PVOID Context)
{
    LARGE_INTEGER Due = {.QuadPart = -10000};

    for (ULONG_PTR Index = (ULONG_PTR)Context; Index < N; Index += 2) {
        KeInitializeTimer(&Timer[Index]);
        KeSetTimer(&Timer[Index], Due, NULL);
        KeWaitForSingleObject(&Timer[Index], Executive, KernelMode, FALSE, NULL);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Start(Thread, 0);
    Start(Thread, 1);
}
