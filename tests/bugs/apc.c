/*
 * apc.c - bugs of APCs and regions.
 */
#include "bug.h"

static ERESOURCE Resource;
static FAST_MUTEX Mutex;
static KMUTEX KernelMutex;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    ExInitializeResourceLite(&Resource);
    ExInitializeFastMutex(&Mutex);
    KeInitializeMutex(&KernelMutex, 0);
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
    ExDeleteResourceLite(&Resource);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;

    (VOID) Mutex;
#if EITHER(1)
    /* A storage filter guards its list with a resource and forgets the region: a suspended client stops all I/O. */
    if (CASE != 1) {
        KeEnterCriticalRegion();
    }
    ExAcquireResourceExclusiveLite(&Resource, TRUE); /* BUG(1) */
    ExReleaseResourceLite(&Resource);
    if (CASE != 1) {
        KeLeaveCriticalRegion();
    }
#elif EITHER(10)
    /* The region comes when the resource is held already: a suspension between the two leaves it held. */
    if (HAS(10)) {
        ExAcquireResourceExclusiveLite(&Resource, TRUE); /* BUG(10) */
    }

    KeEnterCriticalRegion();
    if (!HAS(10)) {
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
    }
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
#elif EITHER(11)
    /* A wait in a region for an event of the client: whether it is ever signaled, the client decides. */
    PVOID Event;

    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != BUG_BUFFERED ||
        Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(HANDLE)) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    Status = ObReferenceObjectByHandle(*(PHANDLE)Irp->AssociatedIrp.SystemBuffer, SYNCHRONIZE,
                                       *ExEventObjectType, UserMode, &Event, NULL);
    if (!NT_SUCCESS(Status)) {
        return BugFinish(Irp, Status, 0);
    }
    if (HAS(11)) {
        KeEnterCriticalRegion();
    }
    KeWaitForSingleObject(Event, UserRequest, UserMode, FALSE, NULL); /* BUG(11) */
    if (HAS(11)) {
        KeLeaveCriticalRegion();
    }
    ObDereferenceObject(Event);
#elif EITHER(2)
    /* An early return on a bad length skips the leave at the end of the function. */
    KeEnterCriticalRegion(); /* BUG(2) */
    if (HAS(2) && Stack->Parameters.DeviceIoControl.InputBufferLength != 4096) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    KeLeaveCriticalRegion();
#elif EITHER(3)
    /* Two error paths merge, and the region is left on both of them and once more. */
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    if (HAS(3)) {
        KeLeaveCriticalRegion(); /* BUG(3) */
    }
#elif EITHER(4)
    /* A guarded region around a block that has a way out in its middle. */
    KeEnterGuardedRegion(); /* BUG(4) */
    if (HAS(4) && Irp->RequestorMode == UserMode) {
        return BugFinish(Irp, STATUS_ACCESS_DENIED, 0);
    }
    KeLeaveGuardedRegion();
#elif EITHER(5)
    /* The file that keeps the settings is opened inside of a guarded region. */
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\Windows\\System32\\bcryptprimitives.dll");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE File;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (HAS(5)) {
        KeEnterGuardedRegion();
    }
    Status = ZwOpenFile(&File, GENERIC_READ | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ, /* BUG(5) */
                        FILE_SYNCHRONOUS_IO_NONALERT);
    if (HAS(5)) {
        KeLeaveGuardedRegion();
    }
    if (NT_SUCCESS(Status)) {
        ZwClose(File);
    }
    Status = STATUS_SUCCESS;
#elif EITHER(6)
    /* A wait in user mode for an event on the kernel stack, which may be paged out under it. */
    LARGE_INTEGER Short = {.QuadPart = -10000};
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeWaitForSingleObject(&Event, Executive, HAS(6) ? UserMode : KernelMode, FALSE,
                          &Short); /* BUG(6) */
#elif EITHER(7)
    /* The resource is released after the critical region has been left: a suspension fits in between. */
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    if (HAS(7)) {
        KeLeaveCriticalRegion();
    }
    ExReleaseResourceLite(&Resource); /* BUG(7) */
    if (!HAS(7)) {
        KeLeaveCriticalRegion();
    }
#elif EITHER(8)
    /* A fast mutex by its unsafe routine, in the belief that unsafe means faster. */
    if (HAS(8)) {
        ExAcquireFastMutexUnsafe(&Mutex); /* BUG(8) */
        ExReleaseFastMutexUnsafe(&Mutex);
    } else {
        ExAcquireFastMutex(&Mutex);
        ExReleaseFastMutex(&Mutex);
    }
#elif EITHER(9)
    /* A mutex is kept from one request to the next: no other thread ever gets it. */
    KeWaitForSingleObject(&KernelMutex, Executive, KernelMode, FALSE, NULL); /* BUG(9) */
    if (!HAS(9)) {
        KeReleaseMutex(&KernelMutex, FALSE);
    }
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
