/* timers.c - two threads wait for N timers, each for its own, one after the other: more agents come than a search can tell apart.
 * With SOME the second thread does so only if its first timer came before the other's. */
#include "program.h"

static KTIMER Timer[N];
static KEVENT Begun;

static VOID NTAPI
Thread(PVOID Context)
{
    LARGE_INTEGER Due = {.QuadPart = -10000};

    for (ULONG_PTR Index = (ULONG_PTR)Context; Index < N; Index += 2) {
        KeInitializeTimer(&Timer[Index]);
        KeSetTimer(&Timer[Index], Due, NULL);
        KeWaitForSingleObject(&Timer[Index], Executive, KernelMode, FALSE, NULL);
#ifdef SOME
        if (Index == 0) {
            KeSetEvent(&Begun, 0, FALSE);
        } else if (Index == 1 && KeReadStateEvent(&Begun) != 0) {
            break;
        }
#endif
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Begun, NotificationEvent, FALSE);
    Start(Thread, 0);
    Start(Thread, 1);
}
