/*
 * forms.c - the locks of locks.table, each in memory of its own, and the routines that hold them.
 */
#include "forms.h"

typedef volatile LONG EX_SPIN_LOCK_, *PEX_SPIN_LOCK_;
KIRQL NTAPI ExAcquireSpinLockExclusive(PEX_SPIN_LOCK_);
KIRQL NTAPI ExAcquireSpinLockShared(PEX_SPIN_LOCK_);
VOID NTAPI ExReleaseSpinLockExclusive(PEX_SPIN_LOCK_, KIRQL);
VOID NTAPI ExReleaseSpinLockShared(PEX_SPIN_LOCK_, KIRQL);
VOID NTAPI ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK_);
VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK_);
VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK_);
VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK_);
LOGICAL NTAPI ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK_);
VOID NTAPI ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
VOID NTAPI ExAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
BOOLEAN NTAPI ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
BOOLEAN NTAPI ExTryAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
VOID NTAPI ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
VOID NTAPI ExReleasePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExEnterCriticalRegionAndAcquireFastMutexUnsafe(PFAST_MUTEX);
VOID FASTCALL ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(PFAST_MUTEX);
VOID NTAPI KeInitializeMutant(PRKMUTEX, BOOLEAN);

#define X(Name, ...) __typeof__(&Name) Name;
static struct {
    LOCK_ROUTINES(X)
    __typeof__(&KeEnterGuardedRegion) KeEnterGuardedRegion;
    __typeof__(&ExAllocateCacheAwareRundownProtection) ExAllocateCacheAwareRundownProtection;
    __typeof__(&ExFreeCacheAwareRundownProtection) ExFreeCacheAwareRundownProtection;
} Api;
#undef X
#define X(Name, First) {#Name, First},
const ROUTINE Routines[] = {LOCK_ROUTINES(X)};
#undef X
const ULONG RoutineCount = RTL_NUMBER_OF(Routines);
ULONG System;

static KSPIN_LOCK Spin;
static KLOCK_QUEUE_HANDLE Handle, SecondHandle;
static EX_SPIN_LOCK_ ExSpin;
static PKINTERRUPT Interrupt;
static KMUTEX Mutex;
static FAST_MUTEX Fast;
static KGUARDED_MUTEX Guarded;
static ERESOURCE Resource;
static EX_PUSH_LOCK Push;
static EX_RUNDOWN_REF Rundown;
static PEX_RUNDOWN_REF_CACHE_AWARE Cache;
static IO_REMOVE_LOCK Remove;
static KEVENT Event;
static KSEMAPHORE Semaphore;
static KIRQL Old;

PVOID
RoutineAddress(const char *Name)
{
    ANSI_STRING Narrow;
    UNICODE_STRING Wide;
    WCHAR Buffer[64];

    RtlInitAnsiString(&Narrow, Name);
    Wide.Buffer = Buffer;
    Wide.Length = 0;
    Wide.MaximumLength = sizeof(Buffer);
    RtlAnsiStringToUnicodeString(&Wide, &Narrow, FALSE);
    return MmGetSystemRoutineAddress(&Wide);
}

VOID
FormsLookUp(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    ULONG Number;

    RtlGetVersion(&Version);
    Number = Version.dwMajorVersion * 10 + Version.dwMinorVersion;
    System = Number >= 100  ? Version.dwBuildNumber >= 22000 ? OnWin11 : OnWin10
             : Number >= 62 ? OnWin8
             : Number >= 61 ? OnWin7
             : Number >= 60 ? OnVista
             : Number >= 52 ? OnWs2003
                            : OnNt51;
#define X(Name, ...) Api.Name = (__typeof__(Api.Name))RoutineAddress(#Name);
    LOCK_ROUTINES(X)
    X(KeEnterGuardedRegion)
    X(ExAllocateCacheAwareRundownProtection)
    X(ExFreeCacheAwareRundownProtection)
#undef X
}

BOOLEAN
FormExists(ULONG Form)
{
    return LockForms[Form].Highest[System] >= 0;
}

static BOOLEAN NTAPI
ServeNothing(PKINTERRUPT Object, PVOID Context)
{
    return FALSE;
}

BOOLEAN
FormInitialize(ULONG Form)
{
    KeInitializeSpinLock(&Spin);
    ExSpin = 0;
    KeInitializeMutex(&Mutex, 0);
    ExInitializeFastMutex(&Fast);
    if (Api.KeInitializeGuardedMutex != NULL) {
        Api.KeInitializeGuardedMutex(&Guarded);
    }
    ExInitializeResourceLite(&Resource);
    Push = 0;
    ExInitializeRundownProtection(&Rundown);
    IoInitializeRemoveLock(&Remove, 'kcoL', 0, 0);
    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    KeInitializeSemaphore(&Semaphore, 1, 1);
    switch (Form) {
    case FormMutant:
        KeInitializeMutant(&Mutex, FALSE);
        break;
    case FormInterrupt:
        /* Without hardware there is no vector to ask for; on Windows this fails, and the form is skipped. */
        return NT_SUCCESS(IoConnectInterrupt(&Interrupt, ServeNothing, NULL, NULL, 0x35, DEVICE,
                                             DEVICE, Latched, FALSE, 1, FALSE));
    case FormRundownCache:
        Cache = Api.ExAllocateCacheAwareRundownProtection(NonPagedPool, 'kcoL');
        return Cache != NULL;
    }
    return TRUE;
}

VOID
FormDelete(ULONG Form)
{
    if (Form == FormInterrupt) {
        IoDisconnectInterrupt(Interrupt);
    } else if (Form == FormRundownCache) {
        Api.ExFreeCacheAwareRundownProtection(Cache);
    }
    ExDeleteResourceLite(&Resource);
}

static NTSTATUS
Wait_(PVOID Object, BOOLEAN Poll)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};

    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, Poll ? &Zero : NULL);
}

VOID
FormAcquire(ULONG Form)
{
    switch (Form) {
    case FormSpin:
        Old = Api.KeAcquireSpinLockRaiseToDpc(&Spin);
        break;
    case FormSpinDpc:
        Api.KeAcquireSpinLockAtDpcLevel(&Spin);
        break;
    case FormSpinForDpc:
        Old = Api.KeAcquireSpinLockForDpc(&Spin);
        break;
    case FormQueued:
        Api.KeAcquireInStackQueuedSpinLock(&Spin, Spin == 0 ? &Handle : &SecondHandle);
        break;
    case FormQueuedDpc:
        Api.KeAcquireInStackQueuedSpinLockAtDpcLevel(&Spin, Spin == 0 ? &Handle : &SecondHandle);
        break;
    case FormQueuedForDpc:
        Api.KeAcquireInStackQueuedSpinLockForDpc(&Spin, Spin == 0 ? &Handle : &SecondHandle);
        break;
    case FormExSpinExclusive:
        Old = Api.ExAcquireSpinLockExclusive(&ExSpin);
        break;
    case FormExSpinShared:
        Old = Api.ExAcquireSpinLockShared(&ExSpin);
        break;
    case FormExSpinExclusiveDpc:
        Api.ExAcquireSpinLockExclusiveAtDpcLevel(&ExSpin);
        break;
    case FormExSpinSharedDpc:
        Api.ExAcquireSpinLockSharedAtDpcLevel(&ExSpin);
        break;
    case FormInterrupt:
        Old = Api.KeAcquireInterruptSpinLock(Interrupt);
        break;
    case FormCancel:
        Api.IoAcquireCancelSpinLock(&Old);
        break;
    case FormMutex:
    case FormMutant:
        Wait_(&Mutex, FALSE);
        break;
    case FormFast:
        Api.ExAcquireFastMutex(&Fast);
        break;
    case FormFastUnsafe:
        Api.ExAcquireFastMutexUnsafe(&Fast);
        break;
    case FormFastRegion:
        Api.ExEnterCriticalRegionAndAcquireFastMutexUnsafe(&Fast);
        break;
    case FormGuarded:
        Api.KeAcquireGuardedMutex(&Guarded);
        break;
    case FormGuardedUnsafe:
        Api.KeAcquireGuardedMutexUnsafe(&Guarded);
        break;
    case FormResourceExclusive:
        Api.ExAcquireResourceExclusiveLite(&Resource, TRUE);
        break;
    case FormResourceShared:
        Api.ExAcquireResourceSharedLite(&Resource, TRUE);
        break;
    case FormResourceStarve:
        Api.ExAcquireSharedStarveExclusive(&Resource, TRUE);
        break;
    case FormResourceWait:
        Api.ExAcquireSharedWaitForExclusive(&Resource, TRUE);
        break;
    case FormResourceRegionExclusive:
        Api.ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource);
        break;
    case FormResourceRegionShared:
        Api.ExEnterCriticalRegionAndAcquireResourceShared(&Resource);
        break;
    case FormResourceRegionWait:
        Api.ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(&Resource);
        break;
    case FormPushExclusive:
        Api.ExAcquirePushLockExclusiveEx(&Push, 0);
        break;
    case FormPushShared:
        Api.ExAcquirePushLockSharedEx(&Push, 0);
        break;
    case FormPushOld:
        Api.ExfAcquirePushLockExclusive(&Push);
        break;
    case FormRundown:
        Api.ExAcquireRundownProtection(&Rundown);
        break;
    case FormRundownCache:
        Api.ExAcquireRundownProtectionCacheAware(Cache);
        break;
    case FormRemove:
        Api.IoAcquireRemoveLockEx(&Remove, NULL, "", 1, sizeof(Remove));
        break;
    case FormEvent:
        Wait_(&Event, FALSE);
        break;
    case FormSemaphore:
        Wait_(&Semaphore, FALSE);
        break;
    }
}

BOOLEAN
FormTry(ULONG Form)
{
    switch (Form) {
    case FormSpinDpc:
        return Api.KeTryToAcquireSpinLockAtDpcLevel(&Spin);
    case FormMutex:
    case FormMutant:
        return Wait_(&Mutex, TRUE) == STATUS_SUCCESS;
    case FormFast:
        return Api.ExTryToAcquireFastMutex(&Fast);
    case FormGuarded:
        return Api.KeTryToAcquireGuardedMutex(&Guarded);
    case FormResourceExclusive:
        return Api.ExAcquireResourceExclusiveLite(&Resource, FALSE);
    case FormResourceShared:
        return Api.ExAcquireResourceSharedLite(&Resource, FALSE);
    case FormResourceStarve:
        return Api.ExAcquireSharedStarveExclusive(&Resource, FALSE);
    case FormResourceWait:
        return Api.ExAcquireSharedWaitForExclusive(&Resource, FALSE);
    case FormPushExclusive:
        return Api.ExTryAcquirePushLockExclusiveEx(&Push, 0);
    case FormPushShared:
        return Api.ExTryAcquirePushLockSharedEx(&Push, 0);
    case FormEvent:
        return Wait_(&Event, TRUE) == STATUS_SUCCESS;
    case FormSemaphore:
        return Wait_(&Semaphore, TRUE) == STATUS_SUCCESS;
    }
    return FALSE;
}

VOID
FormRelease(ULONG Form)
{
    switch (Form) {
    case FormSpin:
        Api.KeReleaseSpinLock(&Spin, Old);
        break;
    case FormSpinDpc:
        Api.KeReleaseSpinLockFromDpcLevel(&Spin);
        break;
    case FormSpinForDpc:
        Api.KeReleaseSpinLockForDpc(&Spin, Old);
        break;
    case FormQueued:
        Handle.LockQueue.Lock = Handle.LockQueue.Lock != NULL ? Handle.LockQueue.Lock : &Spin;
        Api.KeReleaseInStackQueuedSpinLock(&Handle);
        break;
    case FormQueuedDpc:
        Handle.LockQueue.Lock = Handle.LockQueue.Lock != NULL ? Handle.LockQueue.Lock : &Spin;
        Api.KeReleaseInStackQueuedSpinLockFromDpcLevel(&Handle);
        break;
    case FormQueuedForDpc:
        Api.KeReleaseInStackQueuedSpinLockForDpc(&Handle);
        break;
    case FormExSpinExclusive:
        Api.ExReleaseSpinLockExclusive(&ExSpin, Old);
        break;
    case FormExSpinShared:
        Api.ExReleaseSpinLockShared(&ExSpin, Old);
        break;
    case FormExSpinExclusiveDpc:
        Api.ExReleaseSpinLockExclusiveFromDpcLevel(&ExSpin);
        break;
    case FormExSpinSharedDpc:
        Api.ExReleaseSpinLockSharedFromDpcLevel(&ExSpin);
        break;
    case FormInterrupt:
        Api.KeReleaseInterruptSpinLock(Interrupt, Old);
        break;
    case FormCancel:
        Api.IoReleaseCancelSpinLock(Old);
        break;
    case FormMutex:
    case FormMutant:
        Api.KeReleaseMutex(&Mutex, FALSE);
        break;
    case FormFast:
        Api.ExReleaseFastMutex(&Fast);
        break;
    case FormFastUnsafe:
        Api.ExReleaseFastMutexUnsafe(&Fast);
        break;
    case FormFastRegion:
        Api.ExReleaseFastMutexUnsafeAndLeaveCriticalRegion(&Fast);
        break;
    case FormGuarded:
        Api.KeReleaseGuardedMutex(&Guarded);
        break;
    case FormGuardedUnsafe:
        Api.KeReleaseGuardedMutexUnsafe(&Guarded);
        break;
    case FormResourceExclusive:
    case FormResourceShared:
    case FormResourceStarve:
    case FormResourceWait:
        Api.ExReleaseResourceLite(&Resource);
        break;
    case FormResourceRegionExclusive:
    case FormResourceRegionShared:
    case FormResourceRegionWait:
        Api.ExReleaseResourceAndLeaveCriticalRegion(&Resource);
        break;
    case FormPushExclusive:
        Api.ExReleasePushLockExclusiveEx(&Push, 0);
        break;
    case FormPushShared:
        Api.ExReleasePushLockSharedEx(&Push, 0);
        break;
    case FormPushOld:
        Api.ExfReleasePushLockExclusive(&Push);
        break;
    case FormRundown:
        Api.ExReleaseRundownProtection(&Rundown);
        break;
    case FormRundownCache:
        Api.ExReleaseRundownProtectionCacheAware(Cache);
        break;
    case FormRemove:
        Api.IoReleaseRemoveLockEx(&Remove, NULL, sizeof(Remove));
        break;
    case FormEvent:
        Api.KeSetEvent(&Event, 0, FALSE);
        break;
    case FormSemaphore:
        Api.KeReleaseSemaphore(&Semaphore, 0, 1, FALSE);
        break;
    }
}

PVOID
FormLock(ULONG Form)
{
    switch (Form) {
    case FormSpin ... FormQueuedForDpc:
        return &Spin;
    case FormExSpinExclusive ... FormExSpinSharedDpc:
        return (PVOID)&ExSpin;
    case FormMutex:
    case FormMutant:
        return &Mutex;
    case FormFast:
    case FormFastUnsafe:
    case FormFastRegion:
        return &Fast;
    case FormGuarded:
    case FormGuardedUnsafe:
        return &Guarded;
    case FormResourceExclusive ... FormResourceRegionWait:
        return &Resource;
    case FormPushExclusive:
    case FormPushShared:
    case FormPushOld:
        return &Push;
    case FormRundown:
        return &Rundown;
    case FormEvent:
        return &Event;
    case FormSemaphore:
        return &Semaphore;
    }
    return NULL;
}
