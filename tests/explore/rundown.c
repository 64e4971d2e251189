/*
 * rundown.c - N threads (else one) take rundown protection and give it back, another runs it down, once each.
 *
 * The wait begins before the acquire, which then fails; between acquire and release, and lasts until the release; or
 * after both. Three traces: where it begins can be seen, for from then on nobody acquires.
 */
#include "program.h"

static EX_RUNDOWN_REF Rundown;

static VOID NTAPI
User(PVOID Context)
{
    if (ExAcquireRundownProtection(&Rundown)) {
        ExReleaseRundownProtection(&Rundown);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Owner(PVOID Context)
{
    ExWaitForRundownProtectionRelease(&Rundown);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeRundownProtection(&Rundown);
#ifndef N
#define N 1
#endif
    for (ULONG Index = 0; Index < N; Index++) {
        Start(User, Index);
    }
    Start(Owner, 1);
}
