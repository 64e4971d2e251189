/*
 * region.c - critical and guarded regions: which APCs the current thread lets in.
 *
 * The counters go down on enter and up on leave; see KTHREAD. Each thread remembers who entered
 * (Region[]), for reports.
 *
 *   R1  Leaving the last region delivers what became pending meanwhile.
 * Source: nt-semantics 1.2, 1.3, 1.5.
 */
#include "nt/ke/ki.h"

static VOID
KiRememberRegion(PKTHREAD Thread, UCHAR Kind, PVOID Caller)
{
    if (Thread->RegionDepth < RTL_NUMBER_OF(Thread->Region)) {
        Thread->Region[Thread->RegionDepth].Caller = Caller;
        Thread->Region[Thread->RegionDepth].Lock = NULL;
        Thread->Region[Thread->RegionDepth].Kind = Kind;
    }
    Thread->RegionDepth++;
}

static VOID
KiForgetRegion(PKTHREAD Thread)
{
    if (Thread->RegionDepth != 0) {
        Thread->RegionDepth--;
    }
}

VOID NTAPI
KeEnterCriticalRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiSchedulePoint(SP_ENTER_REGION, Thread);
    Thread->KernelApcDisable--;
    KiRememberRegion(Thread, 0, __builtin_return_address(0));
}

VOID NTAPI
KeLeaveCriticalRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiForgetRegion(Thread);
    if (++Thread->KernelApcDisable == 0 && Thread->ApcState.KernelApcPending) {
        KiCheckKernelApcs(); /* R1 */
    }
    KiSchedulePoint(SP_LEAVE_REGION, Thread);
}

VOID NTAPI
KeEnterGuardedRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiSchedulePoint(SP_ENTER_REGION, Thread);
    Thread->SpecialApcDisable--;
    KiRememberRegion(Thread, 1, __builtin_return_address(0));
}

VOID NTAPI
KeLeaveGuardedRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiForgetRegion(Thread);
    if (++Thread->SpecialApcDisable == 0 && Thread->ApcState.KernelApcPending) {
        KiCheckKernelApcs(); /* R1 */
    }
    KiSchedulePoint(SP_LEAVE_REGION, Thread);
}

BOOLEAN NTAPI
KeAreApcsDisabled(VOID)
{
    PKTHREAD Thread = KiThread();

    return KiVersion->SpecialApcDisable ? Thread->CombinedApcDisable != 0
                                        : Thread->KernelApcDisable != 0;
}

BOOLEAN NTAPI
KeAreAllApcsDisabled(VOID)
{
    return KiThread()->SpecialApcDisable != 0 || KiIrql() >= APC_LEVEL;
}
