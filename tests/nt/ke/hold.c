/*
 * hold.c - keeps the calling thread in a state (hold.h) until another one lets it go, so that a client can
 * suspend or terminate it there. The volatile word Left is written by the first statement after the state.
 * NT51: guarded regions and mutexes do not exist before Server 2003.
 */
#include <ntifs.h>
#include "hold.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

static volatile HOLD_SEEN Seen;
static volatile LONG Go;
static KEVENT Event; /* synchronization */
static KMUTEX Mutex;
static FAST_MUTEX FastMutex;
#ifndef NT51
static KGUARDED_MUTEX GuardedMutex;
#endif
static KSPIN_LOCK SpinLock;
static KSEMAPHORE Semaphore;
static ERESOURCE Resource;

static VOID
Poll(VOID)
{
    Seen.Inside = 1;
    while (!Go) {
        Seen.Beats++;
        YieldProcessor();
    }
}

static VOID
Wait(KPROCESSOR_MODE Mode, BOOLEAN Alertable, LONG Milliseconds)
{
    LARGE_INTEGER Timeout = {.QuadPart = -10000ll * Milliseconds};

    Seen.Inside = 1;
    Seen.Status = KeWaitForSingleObject(&Event, Executive, Mode, Alertable,
                                        Milliseconds != 0 ? &Timeout : NULL);
}

static VOID NTAPI
KernelRoutine(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (*Normal == NULL) {
        Poll();
    }
}

static VOID NTAPI
NormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Poll();
    Seen.Middle = 1;
}

static VOID
Enter(ULONG State)
{
    KAPC_STATE ApcState;
    KAPC Apc;
    KIRQL Irql;

    switch (State) {
    case HoldPlain:
        Poll();
        break;
    case HoldCritical:
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        break;
    case HoldCriticalTwice:
        KeEnterCriticalRegion();
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        Seen.Middle = 1;
        KeLeaveCriticalRegion();
        break;
#ifndef NT51
    case HoldGuarded:
        KeEnterGuardedRegion();
        Poll();
        KeLeaveGuardedRegion();
        break;
    case HoldBoth:
        KeEnterGuardedRegion();
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        Seen.Middle = 1;
        KeLeaveGuardedRegion();
        break;
    case HoldGuardedMutex:
        KeAcquireGuardedMutex(&GuardedMutex);
        Poll();
        KeReleaseGuardedMutex(&GuardedMutex);
        break;
    case HoldWaitGuarded:
        KeEnterGuardedRegion();
        Wait(KernelMode, FALSE, 0);
        KeLeaveGuardedRegion();
        break;
#endif
    case HoldFileSystem:
        FsRtlEnterFileSystem();
        Poll();
        FsRtlExitFileSystem();
        break;
    case HoldApcLevel:
        KeRaiseIrql(APC_LEVEL, &Irql);
        Poll();
        KeLowerIrql(Irql);
        break;
    case HoldDispatchLevel:
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        Poll();
        KeLowerIrql(Irql);
        break;
    case HoldSpinLock:
        KeAcquireSpinLock(&SpinLock, &Irql);
        Poll();
        KeReleaseSpinLock(&SpinLock, Irql);
        break;
    case HoldMutex:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        Poll();
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case HoldFastMutex:
        ExAcquireFastMutex(&FastMutex);
        Poll();
        ExReleaseFastMutex(&FastMutex);
        break;
    case HoldUnsafeMutex:
        ExAcquireFastMutexUnsafe(&FastMutex);
        Poll();
        ExReleaseFastMutexUnsafe(&FastMutex);
        break;
    case HoldResource:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        Poll();
        ExReleaseResourceLite(&Resource);
        break;
    case HoldResourceRegion:
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        Poll();
        ExReleaseResourceLite(&Resource);
        Seen.Middle = 1;
        KeLeaveCriticalRegion();
        break;
    case HoldSemaphore:
        KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
        Poll();
        KeReleaseSemaphore(&Semaphore, 0, 1, FALSE);
        break;
    case HoldSpecialApc:
    case HoldNormalApc:
        KeInitializeApc(&Apc, KeGetCurrentThread(), 0, KernelRoutine, NULL,
                        State == HoldNormalApc ? NormalRoutine : NULL, KernelMode, NULL);
        KeInsertQueueApc(&Apc, NULL, NULL, 0); /* it runs before this returns */
        break;
    case HoldAttached:
        KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &ApcState);
        Poll();
        KeUnstackDetachProcess(&ApcState);
        break;
    case HoldWait:
        Wait(KernelMode, FALSE, 0);
        break;
    case HoldWaitAlertable:
        Wait(KernelMode, TRUE, 0);
        break;
    case HoldWaitUser:
        Wait(UserMode, FALSE, 0);
        break;
    case HoldWaitUserAlertable:
        Wait(UserMode, TRUE, 0);
        break;
    case HoldWaitTimed:
        Wait(KernelMode, FALSE, 50);
        break;
    case HoldWaitCritical:
        KeEnterCriticalRegion();
        Wait(KernelMode, FALSE, 0);
        KeLeaveCriticalRegion();
        break;
    case HoldWaitCriticalUser:
        KeEnterCriticalRegion();
        Wait(UserMode, FALSE, 0);
        KeLeaveCriticalRegion();
        break;
    case HoldWaitApcLevel:
        KeRaiseIrql(APC_LEVEL, &Irql);
        Wait(KernelMode, FALSE, 0);
        KeLowerIrql(Irql);
        break;
    case HoldInterrupted:
        Wait(UserMode, TRUE, 0);
        Poll();
        break;
    case HoldExit:
        Seen.Inside = 1;
        Seen.Status = PsTerminateSystemThread(5);
        break;
    }
    Seen.Left = 1;
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    LARGE_INTEGER Zero = {.QuadPart = 0};

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case HOLD_ENTER:
        Enter(*(PULONG)Buffer);
        return Complete(Irp, STATUS_SUCCESS, 0);
    case HOLD_LEAVE:
        Go = 1;
        KeSetEvent(&Event, 0, FALSE);
        return Complete(Irp, STATUS_SUCCESS, 0);
    case HOLD_PULSE:
        KePulseEvent(&Event, 0, FALSE);
        return Complete(Irp, STATUS_SUCCESS, 0);
    case HOLD_RESET:
        KeClearEvent(&Event);
        Go = 0;
        RtlZeroMemory((PVOID)&Seen, sizeof(Seen));
        return Complete(Irp, STATUS_SUCCESS, 0);
    case HOLD_TAKE:
        Seen.Status = KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Zero);
        /* fall through */
    case HOLD_LOOK:
        Seen.Signal = KeReadStateEvent(&Event);
        *(HOLD_SEEN *)Buffer = Seen;
        return Complete(Irp, STATUS_SUCCESS, sizeof(HOLD_SEEN));
    }
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
Open(PDEVICE_OBJECT Device, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\KeHold");

    ExDeleteResourceLite(&Resource);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\KeHold");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\KeHold");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeMutex(&Mutex, 0);
    ExInitializeFastMutex(&FastMutex);
#ifndef NT51
    KeInitializeGuardedMutex(&GuardedMutex);
#endif
    KeInitializeSpinLock(&SpinLock);
    KeInitializeSemaphore(&Semaphore, 1, 1);
    ExInitializeResourceLite(&Resource);
    Driver->DriverUnload = Unload;
    Driver->MajorFunction[IRP_MJ_CREATE] = Open;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Open;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = Open;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Link, &Name) : Status;
}
