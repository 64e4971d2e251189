/*
 * returns.c - what a routine of a driver leaves behind when it returns: regions, locks and the IRQL, in a dispatch routine, a completion routine and a
 * callback, against a table.
 *
 * Each routine is called by the kernel with what it may leave too often already entered. What it has left is mended behind it, so that the next one
 * begins as it should. `judged: ROUTINE RULE`: judged.py. [wdm: KeEnterCriticalRegion, KeEnterGuardedRegion, "Disabling APCs"; docs/rules: CriticalRegions,
 * GuardedRegions, RegionAcrossCompletion, LockHeldOnReturn, ExclusiveResourceAccess, SpinLock, IrqlReturn]
 */
#include <ntifs.h>
#include "numbered.h"

enum { DISPATCHES, COMPLETES, CALLS_BACK, KINDS };
enum {
    NOTHING_,
    IN_CRITICAL,
    IN_CRITICAL_TWICE,
    IN_GUARDED,
    OUT_OF_CRITICAL,
    OUT_OF_GUARDED,
    WITH_FAST_MUTEX,
    WITH_RESOURCE,
    WITH_SHARED,
    WITH_MUTEX,
    WITH_SPIN_LOCK,
    RAISED,
    LOWERED,
    RELEASED,
    IN_CRITICAL_WITH_RESOURCE,
    OUT_OF_CRITICAL_IN_GUARDED,
    LEAVINGS
};
#define CASES (KINDS * LEAVINGS)

static FAST_MUTEX Fast;
static ERESOURCE Resource;
static KMUTEX Mutex;
static KSPIN_LOCK Lock;
static PDEVICE_OBJECT Device;
static PCALLBACK_OBJECT Callback;
static KIRQL Irql;

/* In front of the call. */
static VOID
Prepare(ULONG Leaving)
{
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    Irql = PASSIVE_LEVEL;
    if (Leaving == WITH_SPIN_LOCK) {
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    } else if (Leaving == LOWERED) {
        KeRaiseIrql(APC_LEVEL, &Irql);
    } else if (Leaving == RELEASED) {
        ExAcquireFastMutexUnsafe(&Fast);
    }
}

static inline __attribute__((always_inline)) VOID
Leave(ULONG Leaving)
{
    KIRQL Old;

    switch (Leaving) {
    case IN_CRITICAL_TWICE:
        KeEnterCriticalRegion();
        KeEnterCriticalRegion();
        break;
    case IN_CRITICAL:
        KeEnterCriticalRegion();
        break;
    case IN_GUARDED:
        KeEnterGuardedRegion();
        break;
    case OUT_OF_CRITICAL:
        KeLeaveCriticalRegion();
        break;
    case OUT_OF_GUARDED:
        KeLeaveGuardedRegion();
        break;
    case WITH_FAST_MUTEX:
        ExAcquireFastMutexUnsafe(&Fast);
        break;
    case WITH_RESOURCE:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        break;
    case WITH_SHARED:
        ExAcquireResourceSharedLite(&Resource, TRUE);
        break;
    case WITH_MUTEX:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        break;
    case WITH_SPIN_LOCK:
        KeAcquireSpinLockAtDpcLevel(&Lock);
        break;
    case RAISED:
        KeRaiseIrql(APC_LEVEL, &Old);
        break;
    case LOWERED:
        KeLowerIrql(PASSIVE_LEVEL);
        break;
    case RELEASED:
        ExReleaseFastMutexUnsafe(&Fast);
        break;
    case IN_CRITICAL_WITH_RESOURCE:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        break;
    case OUT_OF_CRITICAL_IN_GUARDED:
        KeLeaveCriticalRegion();
        KeEnterGuardedRegion();
        break;
    }
}

/* Behind it. */
static VOID
Mend(ULONG Leaving)
{
    switch (Leaving) {
    case IN_CRITICAL_TWICE:
        KeLeaveCriticalRegion();
        KeLeaveCriticalRegion();
        break;
    case IN_CRITICAL:
        KeLeaveCriticalRegion();
        break;
    case IN_GUARDED:
        KeLeaveGuardedRegion();
        break;
    case OUT_OF_CRITICAL:
        KeEnterCriticalRegion();
        break;
    case OUT_OF_GUARDED:
        KeEnterGuardedRegion();
        break;
    case WITH_FAST_MUTEX:
        ExReleaseFastMutexUnsafe(&Fast);
        break;
    case WITH_RESOURCE:
    case WITH_SHARED:
        ExReleaseResourceLite(&Resource);
        break;
    case WITH_MUTEX:
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case WITH_SPIN_LOCK:
        KeReleaseSpinLockFromDpcLevel(&Lock);
        KeLowerIrql(Irql);
        break;
    case RAISED:
        KeLowerIrql(PASSIVE_LEVEL);
        break;
    case IN_CRITICAL_WITH_RESOURCE:
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
        break;
    case OUT_OF_CRITICAL_IN_GUARDED:
        KeLeaveGuardedRegion();
        KeEnterCriticalRegion();
        break;
    }
    KeLeaveGuardedRegion();
    KeLeaveCriticalRegion();
}

/* One routine for all three: what its arguments are follows from the case. */
#define ONE(n)                                                                                     \
    static NTSTATUS NTAPI R##n(PVOID First, PVOID Second, PVOID Third)                             \
    {                                                                                              \
        ULONG Number = 1##n - 100;                                                                 \
                                                                                                   \
        if (Number % KINDS == DISPATCHES) {                                                        \
            IoCompleteRequest(Second, IO_NO_INCREMENT);                                            \
        }                                                                                          \
        Leave(Number / KINDS);                                                                     \
        return Number % KINDS == COMPLETES ? STATUS_MORE_PROCESSING_REQUIRED : STATUS_SUCCESS;     \
    }
#define NAME(n) {"R" #n, R##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4)
ALL(TEN)
static const struct {
    const char *Name;
    NTSTATUS(NTAPI *Routine)(PVOID First, PVOID Second, PVOID Third);
} Routines[] = {ALL(NAMES)};
C_ASSERT(RTL_NUMBER_OF(Routines) >= CASES);

static VOID
Judge(ULONG Number)
{
    static const char *const Rules[LEAVINGS][2] = {
        [IN_CRITICAL] = {"CriticalRegions"},
        [IN_CRITICAL_TWICE] = {"CriticalRegions"},
        [IN_GUARDED] = {"GuardedRegions"},
        [OUT_OF_CRITICAL] = {"CriticalRegions"},
        [OUT_OF_GUARDED] = {"GuardedRegions"},
        [WITH_FAST_MUTEX] = {"LockHeldOnReturn"},
        [WITH_RESOURCE] = {"ExclusiveResourceAccess"},
        [WITH_SHARED] = {"ExclusiveResourceAccess"},
        [WITH_MUTEX] = {"LockHeldOnReturn"},
        [WITH_SPIN_LOCK] = {"SpinLock"},
        [RAISED] = {"IrqlReturn"},
        [LOWERED] = {"IrqlReturn"},
        [IN_CRITICAL_WITH_RESOURCE] = {"CriticalRegions", "ExclusiveResourceAccess"},
        [OUT_OF_CRITICAL_IN_GUARDED] = {"CriticalRegions", "GuardedRegions"},
    };

    for (ULONG i = 0; i < 2; i++) {
        const char *Rule = Rules[Number / KINDS][i];

        if (Rule != NULL) {
            BOOLEAN Region = Rule[0] == 'C' || Rule[0] == 'G';

            DbgPrint("judged: %s %s\n", Routines[Number].Name,
                     Region && Number % KINDS == COMPLETES ? "RegionAcrossCompletion" : Rule);
        }
    }
}

static NTSTATUS NTAPI
Kept(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID
Call(PDRIVER_OBJECT Driver, ULONG Number)
{
    PIRP Irp = Number % KINDS != CALLS_BACK ? IoAllocateIrp(2, FALSE) : NULL;
    PVOID Registration =
        Number % KINDS == CALLS_BACK
            ? ExRegisterCallback(Callback, (PCALLBACK_FUNCTION)Routines[Number].Routine, NULL)
            : NULL;

    Prepare(Number / KINDS);
    switch (Number % KINDS) {
    case DISPATCHES:
        Driver->MajorFunction[IRP_MJ_READ] = (PDRIVER_DISPATCH)Routines[Number].Routine;
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_READ;
        IoSetCompletionRoutine(Irp, Kept, NULL, TRUE, TRUE, TRUE);
        (void)IoCallDriver(Device, Irp);
        break;
    case COMPLETES:
        IoSetNextIrpStackLocation(Irp); /* as if it had been sent */
        IoSetCompletionRoutine(Irp, (PIO_COMPLETION_ROUTINE)Routines[Number].Routine, NULL, TRUE,
                               TRUE, TRUE);
        IoSetNextIrpStackLocation(Irp);
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        break;
    default:
        ExNotifyCallback(Callback, NULL, NULL);
    }
    Mend(Number / KINDS);
    if (Irp != NULL) {
        IoFreeIrp(Irp);
    }
    if (Registration != NULL) {
        ExUnregisterCallback(Registration);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    IoDeleteDevice(Device);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    OBJECT_ATTRIBUTES Attributes;

    Driver->DriverUnload = Unload;
    ExInitializeFastMutex(&Fast);
    ExInitializeResourceLite(&Resource);
    KeInitializeMutex(&Mutex, 0);
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    (void)ExCreateCallback(&Callback, &Attributes, TRUE, TRUE);
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    for (ULONG i = 0; i < CASES; i++) {
        Judge(i);
        Call(Driver, i);
    }
    ObDereferenceObject(Callback);
    ExDeleteResourceLite(&Resource);
    DbgPrint("judged %u of %u\n", CASES, CASES);
    return STATUS_SUCCESS;
}
