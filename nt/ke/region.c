/*
 * region.c - critical and guarded regions: which APCs the current thread lets in.
 *
 * The counters go down on enter and up on leave; see KTHREAD. Zero lets APCs in; anything else does not, a count that
 * was left too often (positive) included. The return to user mode and the end of the thread check them.
 *
 *   R1  Leaving the last region of its kind delivers what became pending meanwhile, as far as regions of the other
 *       kind let it.
 *   R2  Each thread remembers who entered and for which lock (Region[]), for reports. Regions of the two kinds need
 *       not nest: leaving closes the last one of its kind. The entries are no rule: only the counters decide.
 *   R3  The routines here are schedule points; KiEnterRegion and KiLeaveRegion (nt/inc/ke.h) are not.
 * Source: nt-semantics 1.2, 1.3, 1.5.
 */
#include "nt/ke/ki.h"

/* KiForgetRegion's slow path: the last entry of this kind and lock, else of this kind, wherever it is. */
VOID
KiForgetInnerRegion(PKTHREAD Thread, UCHAR Kind, PVOID Lock)
{
    ULONG Found = KI_REGIONS;

    if (Thread->RegionDepth == 0) {
        return; /* left too often */
    }
    if (--Thread->RegionDepth >= KI_REGIONS) {
        return; /* one that was only counted */
    }
    for (ULONG Index = Thread->RegionDepth + 1; Index-- > 0;) {
        if (Thread->Region[Index].Kind != Kind) {
            continue;
        }
        if (Thread->Region[Index].Lock == Lock) {
            Found = Index;
            break;
        }
        if (Found == KI_REGIONS) {
            Found = Index;
        }
    }
    if (Found == KI_REGIONS) {
        Thread->RegionDepth++; /* left too often, with regions of the other kind open */
        return;
    }
    for (; Found < Thread->RegionDepth; Found++) {
        Thread->Region[Found] = Thread->Region[Found + 1];
    }
}

VOID NTAPI
KeEnterCriticalRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiSchedulePoint(SP_ENTER_REGION, Thread);
    KiEnterRegion(Thread, KI_CRITICAL, __builtin_return_address(0), NULL);
}

VOID NTAPI
KeLeaveCriticalRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiLeaveRegion(Thread, KI_CRITICAL, NULL); /* R1 */
    KiEmptyPoint(SP_LEAVE_REGION, Thread);
}

VOID NTAPI
KeEnterGuardedRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiSchedulePoint(SP_ENTER_REGION, Thread);
    KiEnterRegion(Thread, KI_GUARDED, __builtin_return_address(0), NULL);
}

VOID NTAPI
KeLeaveGuardedRegion(VOID)
{
    PKTHREAD Thread = KiThread();

    KiLeaveRegion(Thread, KI_GUARDED, NULL); /* R1 */
    KiEmptyPoint(SP_LEAVE_REGION, Thread);
}

ULONG
KiApcDisableCount(PKTHREAD Thread)
{
    return KiVersion->SpecialApcDisable ? Thread->CombinedApcDisable
                                        : (ULONG)(LONG)Thread->KernelApcDisable;
}

/*
 * KeAreApcsDisabled has two bodies (apcsdisabled.S): Server 2003's, which stands at the export, and 5.1's, which takes
 * its place there at boot where the version has no SpecialApcDisable.
 */
VOID
KiSelectApcsDisabled(VOID)
{
    if (!KiVersion->SpecialApcDisable) {
        RtlCopyMemory((PVOID)ABI_ALIAS((ULONG64)KeAreApcsDisabled), KiAreApcsDisabled51,
                      KI_APCS_DISABLED_SIZE);
    }
}

BOOLEAN NTAPI
KeAreAllApcsDisabled(VOID)
{
    return KiThread()->SpecialApcDisable != 0 || KiIrql() >= APC_LEVEL;
}
