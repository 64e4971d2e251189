/*
 * callout.c - what holds around each call of a routine of a verified driver.
 *
 * The innermost callout of a thread is on record in it; a DPC's is in the thread that it runs on, above that thread's
 * own, for the thread goes on only when the DPC has returned.
 */
#include "special.h"

typedef ULONG64 (*PVF_ROUTINE)(ULONG64 A, ULONG64 B, ULONG64 C, ULONG64 D);

const char *
VfKindName(VF_KIND Kind)
{
    static const char *const Names[] = {[VfDriverEntry] = "DriverEntry",
                                        [VfAddDevice] = "AddDevice routine",
                                        [VfUnload] = "unload routine",
                                        [VfDispatch] = "dispatch routine",
                                        [VfFastIo] = "fast I/O routine",
                                        [VfStartIo] = "StartIo routine",
                                        [VfCancel] = "cancel routine",
                                        [VfCompletion] = "completion routine",
                                        [VfDpc] = "DPC",
                                        [VfWorkItem] = "work item",
                                        [VfThread] = "thread",
                                        [VfApc] = "APC routine",
                                        [VfIoTimer] = "I/O timer routine",
                                        [VfCallback] = "callback"};

    return Names[Kind];
}

PVF_CALLOUT
VfInnermost(VF_KIND Kind)
{
    PVF_CALLOUT Callout = KiThread()->VfCallout;

    while (Callout != NULL && Callout->Kind != Kind) {
        Callout = Callout->Outer;
    }
    return Callout;
}

ULONG64
VfCallRoutine(VF_KIND Kind, const VOID *Routine, ULONG64 A, ULONG64 B, ULONG64 C, ULONG64 D)
{
    PKTHREAD Thread = KiThread();
    VF_CALLOUT Callout;

    if (!VfIsVerified(Routine)) {
        return ((PVF_ROUTINE)Routine)(A, B, C, D);
    }
    RtlZeroMemory(&Callout, sizeof(Callout));
    Callout.Outer = Thread->VfCallout;
    Callout.Kind = Kind;
    Callout.Routine = Routine;
    Callout.Arg[0] = A;
    Callout.Arg[1] = B;
    Callout.Arg[2] = C;
    Callout.Arg[3] = D;
    Callout.Irql = Callout.CallIrql = KiIrql();
    if (Callout.Irql >= DISPATCH_LEVEL && VfOpen != 0) {
        VfPageOut();
    }
    Callout.KernelApcDisable = Thread->KernelApcDisable;
    Callout.SpecialApcDisable = Thread->SpecialApcDisable;
    Callout.RegionDepth = Thread->RegionDepth;
    Callout.HeldCount = Thread->HeldCount;
    Thread->VfCallout = &Callout;
    VfIrpCalled(&Callout);
    if (Kind == VfDispatch) {
        VfFillStack(&Callout, (PIRP)B);
    }
    Callout.Result = ((PVF_ROUTINE)Routine)(A, B, C, D);
    Thread->VfCallout = Callout.Outer;
    if (VfUserCount != 0) {
        VfUserReturn(&Callout);
    }
    VfLockReturn(&Callout);
    VfIrqlReturn(&Callout);
    VfRegionReturn(&Callout);
    if (VfStackObjects.Count != 0) {
        VfMemoryReturn(&Callout);
    }
    VfOwnIrpReturn(&Callout);
    VfIrpReturn(&Callout);
    if (Kind == VfUnload) {
        VfUnloadReturned(&Callout);
    }
    return Callout.Result;
}
