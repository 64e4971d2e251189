/*
 * matrix.c - the driver of the APC matrix: puts the calling thread into a state, and queues kernel APCs to it, whose
 * routines write down when they ran. The client (matrix-client.c) has the table of what must come of it.
 * NT51: guarded regions and guarded mutexes do not exist before Server 2003.
 */
#include <ntifs.h>
#include "matrix.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

static volatile MATRIX_SEEN Seen;
static volatile PKTHREAD Target;
static KEVENT Event; /* notification */
static KEVENT Other;
static KQUEUE Queue;
static LIST_ENTRY Entry;
static KMUTEX Mutex;
static FAST_MUTEX FastMutex;
static KSPIN_LOCK SpinLock;
static ERESOURCE Resource;
static KAPC Apc, Own;
#ifndef NT51
static KGUARDED_MUTEX GuardedMutex;
#else
#define KeEnterGuardedRegion() ((void)0)
#define KeLeaveGuardedRegion() ((void)0)
#endif

static VOID
Poll(VOID)
{
    Seen.Inside = 1;
    while (!Seen.Released) {
        YieldProcessor();
    }
}

static VOID
Wait(KPROCESSOR_MODE Mode, BOOLEAN Alertable)
{
    Seen.Inside = 1;
    Seen.Status = KeWaitForSingleObject(&Event, Executive, Mode, Alertable, NULL);
}

static VOID NTAPI
OwnKernel(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (*Context == (PVOID)StateKernelRoutine || *Normal == NULL) {
        Poll();
    }
}

static VOID NTAPI
OwnNormal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (Context == (PVOID)StateWaitNormalApc) {
        Wait(KernelMode, FALSE);
    } else if (Context == (PVOID)StateNormalApc) {
        Poll();
    }
}

/* The state is inside an APC of the thread's own. */
static VOID
InApc(ULONG State)
{
    KeInitializeApc(&Own, KeGetCurrentThread(), 0, OwnKernel, NULL,
                    State == StateSpecialApc ? NULL : OwnNormal, KernelMode,
                    (PVOID)(ULONG_PTR)State);
    KeInsertQueueApc(&Own, NULL, NULL, 0);
}

static VOID
Enter(ULONG State)
{
    PVOID Objects[2] = {&Other, &Event};
    LARGE_INTEGER Delay = {.QuadPart = -10000 * 200};
    KAPC_STATE ApcState;
    KIRQL Irql;

    switch (State) {
    case StatePassive:
        Poll();
        break;
    case StateApcLevel:
        KeRaiseIrql(APC_LEVEL, &Irql);
        Poll();
        KeLowerIrql(Irql);
        break;
    case StateDispatchLevel:
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        Poll();
        KeLowerIrql(Irql);
        break;
    case StateSpinLock:
        KeAcquireSpinLock(&SpinLock, &Irql);
        Poll();
        KeReleaseSpinLock(&SpinLock, Irql);
        break;
    case StateCritical:
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        break;
    case StateFileSystem:
        FsRtlEnterFileSystem();
        Poll();
        FsRtlExitFileSystem();
        break;
    case StateCriticalTwo:
        KeEnterCriticalRegion();
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        Seen.Phase = 2;
        KeLeaveCriticalRegion();
        break;
    case StateMutex:
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        Poll();
        KeReleaseMutex(&Mutex, FALSE);
        break;
    case StateFastMutex:
        ExAcquireFastMutex(&FastMutex);
        Poll();
        ExReleaseFastMutex(&FastMutex);
        break;
    case StateUnsafeMutex:
        ExAcquireFastMutexUnsafe(&FastMutex);
        Poll();
        ExReleaseFastMutexUnsafe(&FastMutex);
        break;
    case StateResource:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        Poll();
        ExReleaseResourceLite(&Resource);
        break;
    case StateGuarded:
        KeEnterGuardedRegion();
        Poll();
        KeLeaveGuardedRegion();
        break;
#ifndef NT51
    case StateGuardedMutex:
        KeAcquireGuardedMutex(&GuardedMutex);
        Poll();
        KeReleaseGuardedMutex(&GuardedMutex);
        break;
#endif
    case StateCriticalGuarded:
        KeEnterCriticalRegion();
        KeEnterGuardedRegion();
        Poll();
        KeLeaveGuardedRegion();
        Seen.Phase = 2;
        KeLeaveCriticalRegion();
        break;
    case StateGuardedCritical:
        KeEnterGuardedRegion();
        KeEnterCriticalRegion();
        Poll();
        KeLeaveCriticalRegion();
        Seen.Phase = 2;
        KeLeaveGuardedRegion();
        break;
    case StateCrossed:
        KeEnterCriticalRegion();
        KeEnterGuardedRegion();
        Poll();
        KeLeaveCriticalRegion();
        Seen.Phase = 2;
        KeLeaveGuardedRegion();
        break;
    case StateSpecialApc:
    case StateKernelRoutine:
    case StateNormalApc:
    case StateWaitNormalApc:
        InApc(State);
        break;
    case StateWait:
        Wait(KernelMode, FALSE);
        break;
    case StateWaitAlertable:
        Wait(KernelMode, TRUE);
        break;
    case StateWaitUser:
        Wait(UserMode, FALSE);
        break;
    case StateWaitUserAlertable:
        Wait(UserMode, TRUE);
        break;
    case StateWaitMultiple:
        Seen.Inside = 1;
        Seen.Status =
            KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
        break;
    case StateWaitQueue:
        Seen.Inside = 1;
        Seen.Status = KeRemoveQueue(&Queue, KernelMode, NULL) == &Entry ? 0 : STATUS_UNSUCCESSFUL;
        break;
    case StateDelay:
        Seen.Inside = 1;
        Seen.Status = KeDelayExecutionThread(KernelMode, FALSE, &Delay);
        break;
    case StateWaitCritical:
        KeEnterCriticalRegion();
        Wait(KernelMode, FALSE);
        KeLeaveCriticalRegion();
        break;
    case StateWaitGuarded:
        KeEnterGuardedRegion();
        Wait(KernelMode, FALSE);
        KeLeaveGuardedRegion();
        break;
    case StateWaitApcLevel:
        KeRaiseIrql(APC_LEVEL, &Irql);
        Wait(KernelMode, FALSE);
        KeLowerIrql(Irql);
        break;
    case StateAttached:
    case StateWaitAttached:
        KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &ApcState);
        if (State == StateAttached) {
            Poll();
        } else {
            Wait(KernelMode, FALSE);
        }
        KeUnstackDetachProcess(&ApcState);
        break;
    }
    Seen.Phase = 3;
}

static VOID
Arrive(VOID)
{
    Seen.Arrived++;
    Seen.ArrivedPhase = Seen.Phase;
    Seen.ArrivedReleased = Seen.Released;
    Seen.OwnThread = KeGetCurrentThread() == Target;
}

static VOID NTAPI
Kernel(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Seen.KernelIrql = KeGetCurrentIrql();
    if (*Normal == NULL) {
        Arrive();
    }
}

static VOID NTAPI
Normal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Seen.NormalIrql = KeGetCurrentIrql();
    Arrive();
}

static BOOLEAN
Insert(MATRIX_TARGET *Request)
{
    BOOLEAN Special = Request->Kind == KindSpecialKernel || Request->Kind == KindSpecialCurrent;
    ULONG Environment = Request->Kind >= KindSpecialCurrent ? 2 : 0;
    PVOID Thread;
    BOOLEAN Inserted;

    if (!NT_SUCCESS(ObReferenceObjectByHandle(Request->Thread, 0, *PsThreadType, KernelMode,
                                              &Thread, NULL))) {
        return 2;
    }
    Target = Thread;
    KeInitializeApc(&Apc, Thread, Environment, Kernel, NULL, Special ? NULL : Normal, KernelMode,
                    NULL);
    Inserted = KeInsertQueueApc(&Apc, NULL, NULL, 0);
    ObDereferenceObject(Thread);
    return Inserted;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR Bytes = 0;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
        case MATRIX_ENTER:
            Enter(*(PULONG)Buffer);
            break;
        case MATRIX_QUEUE:
            *(PUCHAR)Buffer = Insert(Buffer);
            Bytes = 1;
            break;
        case MATRIX_RELEASE:
            Seen.Released = 1;
            KeSetEvent(&Event, 0, FALSE);
            KeInsertQueue(&Queue, &Entry);
            break;
        case MATRIX_LOOK:
            *(MATRIX_SEEN *)Buffer = Seen;
            Bytes = sizeof(MATRIX_SEEN);
            break;
        case MATRIX_RESET:
            RtlZeroMemory((PVOID)&Seen, sizeof(Seen));
            Seen.Phase = 1;
            Seen.KernelIrql = Seen.NormalIrql = -1;
            KeClearEvent(&Event);
            KeRundownQueue(&Queue);
            KeInitializeQueue(&Queue, 0);
            break;
        }
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = Bytes;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\KeMatrix");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\KeMatrix");

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    ExDeleteResourceLite(&Resource);
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status =
        IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Other, NotificationEvent, FALSE);
    KeInitializeQueue(&Queue, 0);
    KeInitializeMutex(&Mutex, 0);
    ExInitializeFastMutex(&FastMutex);
    KeInitializeSpinLock(&SpinLock);
    ExInitializeResourceLite(&Resource);
#ifndef NT51
    KeInitializeGuardedMutex(&GuardedMutex);
#endif
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
