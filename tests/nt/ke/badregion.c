/*
 * badregion.c - ways to misuse regions, IRQL and APCs, each with its documented bugcheck. The ones that the return to
 * user mode notices happen in a client's request (bad-client.c), the others in DriverEntry.
 * [BC:1], [BC:4a], [BC:5], [BC:6], [BC:20], [BC:c8]
 */
#include <ntifs.h>

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
NTKERNELAPI VOID NTAPI KeAttachProcess(PKPROCESS Process);
NTKERNELAPI VOID NTAPI KeDetachProcess(VOID);
NTKERNELAPI VOID FASTCALL ExEnterCriticalRegionAndAcquireFastMutexUnsafe(PFAST_MUTEX);

static KAPC Apc, Later;
static KAPC_STATE State;
static KMUTEX Mutex;
static KDPC Dpc;

static VOID NTAPI
Quiet(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
}

static VOID NTAPI
Lowers(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    KeLowerIrql(PASSIVE_LEVEL);
}

static VOID NTAPI
Raises(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    KIRQL Old;

    KeRaiseIrql(DISPATCH_LEVEL, &Old);
}

static VOID NTAPI
Attaches(PKAPC Ignored, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
}

static VOID NTAPI
Nothing(PVOID Context, PVOID Argument1, PVOID Argument2)
{
}

static VOID NTAPI
ReturnsRaised(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KIRQL Old;

    KeRaiseIrql(DISPATCH_LEVEL, &Old);
}

static VOID NTAPI
Detaches(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeUnstackDetachProcess(&State);
}

static VOID NTAPI
ExitsWithAnotherQueued(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeInitializeApc(&Later, KeGetCurrentThread(), 0, Quiet, NULL, Nothing, KernelMode, NULL);
    KeInsertQueueApc(&Later, NULL, NULL, 0);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Queue(KERNEL KernelRoutine, NORMAL Normal, KPROCESSOR_MODE Mode, ULONG Environment)
{
    KeInitializeApc(&Apc, KeGetCurrentThread(), Environment, KernelRoutine, NULL, Normal, Mode,
                    NULL);
    KeInsertQueueApc(&Apc, NULL, NULL, 0);
}

static VOID NTAPI
DpcRoutine(PKDPC Ignored, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
}

#if CASE >= 40 && CASE < 60
static ERESOURCE Resource;
static FAST_MUTEX FastMutex;
static KGUARDED_MUTEX GuardedMutex;
static volatile LONG NoTailCall;

/* Who entered is told from who did not by name. */
static DECLSPEC_NOINLINE VOID
First(VOID)
{
    KeEnterCriticalRegion();
    NoTailCall = 0; /* no tail call */
}

static DECLSPEC_NOINLINE VOID
Second(VOID)
{
    KeEnterGuardedRegion();
    NoTailCall = 0;
}

static DECLSPEC_NOINLINE VOID
Third(VOID)
{
    KeEnterCriticalRegion();
    NoTailCall = 0;
}

static DECLSPEC_NOINLINE VOID
Lock(VOID)
{
#if CASE == 40
    ExInitializeResourceLite(&Resource);
    ExEnterCriticalRegionAndAcquireResourceExclusive(&Resource);
#elif CASE == 41
    KeInitializeGuardedMutex(&GuardedMutex);
    KeAcquireGuardedMutex(&GuardedMutex);
#elif CASE == 42
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
#elif CASE == 43
    ExInitializeFastMutex(&FastMutex);
    ExEnterCriticalRegionAndAcquireFastMutexUnsafe(&FastMutex);
#elif CASE == 44
    PVOID Objects[1] = {&Mutex};

    KeWaitForMultipleObjects(1, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
#elif CASE == 49
    ExInitializeResourceLite(&Resource);
    ExEnterCriticalRegionAndAcquireResourceShared(&Resource);
#endif
    NoTailCall = 0;
}
#endif

/* In the client's thread. */
static VOID
Request(PVOID UserRoutine)
{
    KIRQL Old;

#if CASE == 1 /* not left */
    KeEnterCriticalRegion();
#elif CASE == 2
    KeEnterGuardedRegion();
#elif CASE == 3 /* left too often */
    KeLeaveCriticalRegion();
#elif CASE == 4
    KeLeaveGuardedRegion();
#elif CASE == 5
    KeEnterGuardedRegion();
    KeEnterCriticalRegion();
    KeEnterCriticalRegion();
#elif CASE == 6
    FsRtlEnterFileSystem();
#elif CASE == 7 /* a mutex is a critical region */
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
#elif CASE == 8
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
#elif CASE == 9
    KeRaiseIrql(APC_LEVEL, &Old);
#elif CASE == 10 /* attached already */
    KeAttachProcess((PKPROCESS)PsInitialSystemProcess);
    KeAttachProcess((PKPROCESS)0x1234); /* where it wants to go does not count any more */
#elif CASE == 11 /* an APC for the process attached to is left behind */
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
    KeEnterCriticalRegion();
    Queue(Quiet, Nothing, KernelMode, 2);
    KeUnstackDetachProcess(&State);
#elif CASE == 12 /* inside a normal APC of that process */
    KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &State);
    Queue(Quiet, Detaches, KernelMode, 2);
#elif CASE == 13 /* delivery changes the process */
    Queue(Attaches, NULL, KernelMode, 0);
#elif CASE == 14 /* a user APC's kernel routine lowers the IRQL */
    Queue(Lowers, (NORMAL)UserRoutine, UserMode, 0);
#elif CASE == 15 /* a user APC's kernel routine leaves a region open: noticed by the next service */
    KeInitializeApc(&Apc, KeGetCurrentThread(), 0, Raises, NULL, (NORMAL)UserRoutine, UserMode,
                    NULL);
    KeInsertQueueApc(&Apc, NULL, NULL, 0);
#elif CASE >= 40 && CASE <= 44 || CASE == 49
    First();
    Lock();
    KeLeaveCriticalRegion(); /* closes First, not what the lock entered */
#elif CASE == 45 /* the last one of its kind is closed */
    First();
    Second();
    Third();
    KeLeaveCriticalRegion();
    KeLeaveGuardedRegion();
#elif CASE == 46
    First();
    Third();
    Second();
    KeLeaveCriticalRegion();
    KeLeaveCriticalRegion();
#elif CASE == 47 /* deeper than is remembered */
    First();
    for (int i = 0; i < 20; i++) {
        KeEnterGuardedRegion();
    }
    for (int i = 0; i < 20; i++) {
        KeLeaveGuardedRegion();
    }
#elif CASE == 48 /* a mutex's region is closed by its release, whatever was entered since */
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    First();
    KeReleaseMutex(&Mutex, FALSE);
#elif CASE == 16
    KeAttachProcess((PKPROCESS)PsInitialSystemProcess);
    Queue(Quiet, Detaches, KernelMode, 0); /* waits for the thread's own process */
    KeDetachProcess();
    KeUnstackDetachProcess(&State); /* is not attached */
#endif
    (void)Old;
}

static VOID NTAPI
Thread(PVOID Context)
{
#if CASE == 31 /* begins in a critical region, and enters another kind */
    KeEnterGuardedRegion();
#elif CASE == 32
    KeLeaveCriticalRegion();
    KeLeaveCriticalRegion();
#elif CASE == 33
    KeLeaveCriticalRegion();
    Queue(Quiet, ExitsWithAnotherQueued, KernelMode, 0);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Entry(VOID)
{
    HANDLE Handle;
    KIRQL Old;

#if CASE == 20
    Queue(Lowers, NULL, KernelMode, 0);
#elif CASE == 21
    Queue(Raises, NULL, KernelMode, 0);
#elif CASE == 22
    Queue(Lowers, Nothing, KernelMode, 0);
#elif CASE == 23
    Queue(Quiet, ReturnsRaised, KernelMode, 0);
#elif CASE == 24
    KeInitializeDpc(&Dpc, DpcRoutine, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeLowerIrql(Old);
#elif CASE == 25 /* not attached at all */
    KeUnstackDetachProcess(&State);
#elif CASE >= 31
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread, NULL);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
#endif
    (void)Handle;
    (void)Old;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Request(*(PVOID *)Irp->AssociatedIrp.SystemBuffer);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\KeBad");
    UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\KeBad");
    PDEVICE_OBJECT DeviceObject;

    KeInitializeMutex(&Mutex, 0);
    Entry();
    IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    return STATUS_SUCCESS;
}
