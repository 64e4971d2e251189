/*
 * events.c - drivers that go wrong when their environment does something; -DFIXED: that do not.
 *
 *     -DPROGRAM=1  IOCTL 0 waits in user mode for what IOCTL 1 gives it. The wait ends without it when the process is
 *                  terminated, and its block is gone when it is given.
 *     -DPROGRAM=2  the driver is called when a thread begins or ends; its unload frees what that needs before it ends
 *                  these calls. Only a driver that is unloaded while clients are there sees it.
 *     -DPROGRAM=3  IOCTL 0 allocates two blocks and frees the first one when there is no second one; IOCTL 1 frees
 *                  those that there are.
 *     -DPROGRAM=4  each IOCTL takes a lock that is an event, and gives it back: without a region its owner can be suspended
 *     -DPROGRAM=5  what belongs to a file goes when its last handle is closed, not when the last request has gone
 *     -DPROGRAM=7  IOCTL 0 takes something away and gives it back with a spin lock held; between the two it makes no other call, but without a region
 *                  it can be suspended. IOCTL 1 waits for it
 *     -DPROGRAM=6  allocates an IRP, an MDL, pages of two kinds and a work item, whose routine allocates from the pool and
 *                  does not look whether it got anything
 */
#include <ntddk.h>

#ifndef FIXED
#define FIXED 0
#endif

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Events");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Events");

#if PROGRAM == 1
typedef struct _WAITER {
    ULONG Size;
    KEVENT Given;
} WAITER, *PWAITER;

static FAST_MUTEX Lock;
static PWAITER Waiter;
static BOOLEAN Given; /* before anybody waited */

static NTSTATUS
WaitForIt(VOID)
{
    PWAITER Mine = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Mine), 'tnvE');

    Mine->Size = sizeof(*Mine);
    KeInitializeEvent(&Mine->Given, NotificationEvent, FALSE);
    ExAcquireFastMutex(&Lock);
    if (!Given) {
        Waiter = Mine;
        ExReleaseFastMutex(&Lock);
        KeWaitForSingleObject(&Mine->Given, UserRequest, UserMode, FALSE, NULL);
        ExAcquireFastMutex(&Lock);
        if (FIXED && Waiter == Mine) {
            Waiter = NULL;
        }
    }
    ExReleaseFastMutex(&Lock);
    ExFreePoolWithTag(Mine, 'tnvE');
    return STATUS_SUCCESS;
}

static NTSTATUS
Give(VOID)
{
    PWAITER Its;

    ExAcquireFastMutex(&Lock);
    Its = Waiter;
    Waiter = NULL;
    Given = TRUE;
    if (Its != NULL) {
        if (Its->Size != sizeof(*Its)) {
            KeBugCheckEx(0xE2, (ULONG_PTR)Its, 0, 0, 0);
        }
        KeSetEvent(&Its->Given, 0, FALSE);
    }
    ExReleaseFastMutex(&Lock);
    return STATUS_SUCCESS;
}

static NTSTATUS
Control(ULONG Number)
{
    return Number == 0 ? WaitForIt() : Give();
}

static NTSTATUS
Start(VOID)
{
    ExInitializeFastMutex(&Lock);
    return STATUS_SUCCESS;
}

static VOID
Stop(VOID)
{
}
#elif PROGRAM == 2
static PKSEMAPHORE Seen;

static VOID NTAPI
ThreadSeen(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
    KeReleaseSemaphore(Seen, 0, 1, FALSE);
}

static NTSTATUS
Control(ULONG Number)
{
    return STATUS_SUCCESS;
}

static NTSTATUS
Start(VOID)
{
    Seen = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Seen), 'tnvE');
    KeInitializeSemaphore(Seen, 0, 1000);
    return PsSetCreateThreadNotifyRoutine(ThreadSeen);
}

static VOID
Stop(VOID)
{
    if (FIXED) {
        PsRemoveCreateThreadNotifyRoutine(ThreadSeen);
        ExFreePoolWithTag(Seen, 'tnvE');
    } else {
        ExFreePoolWithTag(Seen, 'tnvE');
        PsRemoveCreateThreadNotifyRoutine(ThreadSeen);
    }
}
#elif PROGRAM == 3
static PVOID First, Second;
static FAST_MUTEX Lock;

static VOID
Stop(VOID)
{
    if (First != NULL) {
        ExFreePoolWithTag(First, 'tnvE');
    }
    if (Second != NULL) {
        ExFreePoolWithTag(Second, 'tnvE');
    }
    First = Second = NULL;
}

static NTSTATUS
Control(ULONG Number)
{
    NTSTATUS Status = STATUS_SUCCESS;

    ExAcquireFastMutex(&Lock);
    if (Number == 0 && First == NULL) {
        First = ExAllocatePoolWithTag(NonPagedPool, 32, 'tnvE');
        Second = ExAllocatePoolWithTag(NonPagedPool, 32, 'tnvE');
        if (First == NULL || Second == NULL) {
            if (First != NULL) {
                ExFreePoolWithTag(First, 'tnvE');
            }
            if (Second != NULL) {
                ExFreePoolWithTag(Second, 'tnvE');
                Second = NULL;
            }
            if (FIXED) {
                First = NULL;
            }
            Status = STATUS_INSUFFICIENT_RESOURCES;
        }
    } else if (Number == 1) {
        Stop();
    }
    ExReleaseFastMutex(&Lock);
    return Status;
}

static NTSTATUS
Start(VOID)
{
    ExInitializeFastMutex(&Lock);
    return STATUS_SUCCESS;
}
#elif PROGRAM == 4
static KEVENT Lock;

static NTSTATUS
Control(ULONG Number)
{
    if (FIXED) {
        KeEnterCriticalRegion();
    }
    KeWaitForSingleObject(&Lock, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&Lock, 0, FALSE);
    if (FIXED) {
        KeLeaveCriticalRegion();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Start(VOID)
{
    KeInitializeEvent(&Lock, SynchronizationEvent, TRUE);
    return STATUS_SUCCESS;
}

static VOID
Stop(VOID)
{
}
#elif PROGRAM == 7
static KEVENT Free;
static KSPIN_LOCK Lock;

static NTSTATUS
Control(ULONG Number)
{
    KIRQL Irql;

    if (Number == 1) {
        return KeWaitForSingleObject(&Free, Executive, KernelMode, FALSE, NULL);
    }
    if (FIXED) {
        KeEnterCriticalRegion();
    }
    KeClearEvent(&Free);
    KeAcquireSpinLock(&Lock, &Irql);
    KeSetEvent(&Free, 0, FALSE);
    KeReleaseSpinLock(&Lock, Irql);
    if (FIXED) {
        KeLeaveCriticalRegion();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Start(VOID)
{
    KeInitializeEvent(&Free, NotificationEvent, TRUE);
    KeInitializeSpinLock(&Lock);
    return STATUS_SUCCESS;
}

static VOID
Stop(VOID)
{
}
#elif PROGRAM == 6
static PDEVICE_OBJECT Own;
static KEVENT Over;

static VOID NTAPI
Work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    PULONG Block = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Block), 'tnvE');

    if (!FIXED || Block != NULL) {
        *Block = 1;
        ExFreePoolWithTag(Block, 'tnvE');
    }
    KeSetEvent(&Over, 0, FALSE);
}

static NTSTATUS
Control(ULONG Number)
{
    PHYSICAL_ADDRESS Highest = {.QuadPart = -1};
    PIO_WORKITEM Item = IoAllocateWorkItem(Own);
    PIRP Irp = IoAllocateIrp(1, FALSE);
    PVOID Pages = MmAllocateContiguousMemory(PAGE_SIZE, Highest);
    PVOID Others = MmAllocateNonCachedMemory(PAGE_SIZE);
    PMDL Mdl = IoAllocateMdl(&Over, sizeof(Over), FALSE, FALSE, NULL);

    if (Irp != NULL) {
        IoFreeIrp(Irp);
    }
    if (Mdl != NULL) {
        IoFreeMdl(Mdl);
    }
    if (Pages != NULL) {
        MmFreeContiguousMemory(Pages);
    }
    if (Others != NULL) {
        MmFreeNonCachedMemory(Others, PAGE_SIZE);
    }
    if (Item != NULL) {
        IoQueueWorkItem(Item, Work, DelayedWorkQueue, NULL);
        KeWaitForSingleObject(&Over, Executive, KernelMode, FALSE, NULL);
        IoFreeWorkItem(Item);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Start(VOID)
{
    KeInitializeEvent(&Over, SynchronizationEvent, FALSE);
    return STATUS_SUCCESS;
}

static VOID
Stop(VOID)
{
}
#elif PROGRAM == 5
typedef struct _OF_FILE {
    ULONG Size;
    KSEMAPHORE Uses;
} OF_FILE, *POF_FILE;

static NTSTATUS
OfFile(PIO_STACK_LOCATION Stack)
{
    POF_FILE It = Stack->FileObject->FsContext;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        It = ExAllocatePoolWithTag(NonPagedPool, sizeof(*It), 'tnvE');
        It->Size = sizeof(*It);
        KeInitializeSemaphore(&It->Uses, 0, 100);
        Stack->FileObject->FsContext = It;
        break;
    case IRP_MJ_DEVICE_CONTROL:
        KeReleaseSemaphore(&It->Uses, 0, 1, FALSE);
        if (It->Size != sizeof(*It)) {
            KeBugCheckEx(0xE2, (ULONG_PTR)It, 0, 0, 0);
        }
        break;
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        if (Stack->MajorFunction == (FIXED ? IRP_MJ_CLOSE : IRP_MJ_CLEANUP)) {
            ExFreePoolWithTag(It, 'tnvE');
        }
        break;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Start(VOID)
{
    return STATUS_SUCCESS;
}

static VOID
Stop(VOID)
{
}
#endif

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

#if PROGRAM == 5
    Status = OfFile(Stack);
#else
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Status = Control((Stack->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xFFF) - 0x800);
    }
#endif
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    Stop();
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT Device;

    IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
#if PROGRAM == 6
    Own = Device;
#endif
    IoCreateSymbolicLink(&LinkName, &DeviceName);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return Start();
}
