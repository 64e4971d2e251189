/*
 * monitor.c - a process monitor: events of processes wait in a queue until a service's request (an inverted call) takes
 * one; requests wait in another until there is an event. One of the mistakes that such drivers are mended for is in it,
 * the one with the number CASE.
 */
#include <ntifs.h>

#define HAS(Case)     (CASE == (Case))
#define TAG           'nomN'
#define MONITOR_NEXT  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x810, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MONITOR_CLEAR CTL_CODE(FILE_DEVICE_UNKNOWN, 0x811, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MONITOR_WATCH CTL_CODE(FILE_DEVICE_UNKNOWN, 0x812, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MONITOR_LAST  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x813, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MOST_EVENTS   4
#define RECENT        8

typedef struct _MONITOR_EVENT {
    ULONG Process, Parent;
    ULONG Created;
    WCHAR Image[18];
} MONITOR_EVENT, *PMONITOR_EVENT;

typedef struct _QUEUED_EVENT {
    LIST_ENTRY Link;
    MONITOR_EVENT Event;
} QUEUED_EVENT, *PQUEUED_EVENT;

typedef struct _WATCHED {
    LIST_ENTRY Link;
    PEPROCESS Process;
    HANDLE Id;
} WATCHED, *PWATCHED;

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT MonitorDevice;
static KSPIN_LOCK QueueLock;
static LIST_ENTRY Waiting, Events;
static ULONG EventCount;
static PULONG Recent; /* ids of the last processes */
static ULONG RecentNext;
static FAST_MUTEX WatchLock;
static LIST_ENTRY Watches;

static NTSTATUS
Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(441) */
    return Status;
}

static VOID
FinishWithEvent(PIRP Irp, PQUEUED_EVENT Queued)
{
    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, &Queued->Event, sizeof(Queued->Event));
    ExFreePoolWithTag(Queued, TAG);
    Finish(Irp, STATUS_SUCCESS, sizeof(MONITOR_EVENT));
}

static VOID NTAPI
OnCancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    KIRQL Irql;

    UNREFERENCED_PARAMETER(Device);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&QueueLock, &Irql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry); /* BUG(441) */
    InitializeListHead(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&QueueLock, Irql);
    Finish(Irp, STATUS_CANCELLED, 0); /* who comes second */
}

/* With the lock: a request that nobody cancels any more, or NULL. */
static PIRP
TakeWaiting(VOID)
{
    while (!IsListEmpty(&Waiting)) {
        PIRP Irp = CONTAINING_RECORD(RemoveHeadList(&Waiting), IRP, Tail.Overlay.ListEntry);

        InitializeListHead(&Irp->Tail.Overlay.ListEntry);
#if HAS(441)
        IoSetCancelRoutine(Irp, NULL);
        return Irp;
#else
        if (IoSetCancelRoutine(Irp, NULL) != NULL) {
            return Irp;
        }
#endif
    }
    return NULL;
}

static VOID
Publish(PQUEUED_EVENT Queued)
{
    KIRQL Irql;
    PIRP Irp;

    KeAcquireSpinLock(&QueueLock, &Irql);       /* BUG(444) */
    Recent[RecentNext] = Queued->Event.Process; /* BUG(443) */
    RecentNext++;
    if (HAS(443) ? RecentNext > RECENT : RecentNext >= RECENT) {
        RecentNext = 0;
    }
    Irp = TakeWaiting();
    if (Irp == NULL) {
        if (EventCount >= MOST_EVENTS) {
#if !HAS(444)
            KeReleaseSpinLock(&QueueLock, Irql);
#endif
#if !HAS(447)
            ExFreePoolWithTag(Queued, TAG);
#endif
            return;
        }
        InsertTailList(&Events, &Queued->Link);
        EventCount++;
        KeReleaseSpinLock(&QueueLock, Irql);
        return;
    }
    KeReleaseSpinLock(&QueueLock, Irql);
    FinishWithEvent(Irp, Queued);
}

static VOID NTAPI
OnProcess(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info)
{
    PQUEUED_EVENT Queued;
    PEPROCESS Again;

    UNREFERENCED_PARAMETER(Process);
    Queued = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Queued), TAG); /* BUG(447) */
    if (Queued == NULL) {
        return;
    }
    RtlZeroMemory(Queued, sizeof(*Queued));
    Queued->Event.Process = HandleToULong(Id);
    if (Info != NULL) {
        Queued->Event.Created = 1;
        Queued->Event.Parent = HandleToULong(Info->ParentProcessId);
        if (Info->ImageFileName != NULL) {
            USHORT Bytes = Info->ImageFileName->Length;

            if (!HAS(446)) {
                Bytes = min(Bytes, sizeof(Queued->Event.Image) - sizeof(WCHAR));
            }
            RtlCopyMemory(Queued->Event.Image, Info->ImageFileName->Buffer, Bytes); /* BUG(446) */
        }
    } else if (NT_SUCCESS(PsLookupProcessByProcessId(Id, &Again))) { /* BUG(449) */
#if !HAS(449)
        ObDereferenceObject(Again);
#endif
    }
    Publish(Queued);
}

static NTSTATUS
Next(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PQUEUED_EVENT Queued = NULL;
    KIRQL Irql;

    if (Stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(MONITOR_EVENT)) {
        return Finish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    KeAcquireSpinLock(&QueueLock, &Irql);
    if (!IsListEmpty(&Events)) {
        Queued = CONTAINING_RECORD(RemoveHeadList(&Events), QUEUED_EVENT, Link);
        EventCount--;
        KeReleaseSpinLock(&QueueLock, Irql);
        FinishWithEvent(Irp, Queued);
        return STATUS_SUCCESS;
    }
    IoSetCancelRoutine(Irp, OnCancel);
    if (!HAS(448) && Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        KeReleaseSpinLock(&QueueLock, Irql);
        return Finish(Irp, STATUS_CANCELLED, 0);
    }
#if !HAS(442)
    IoMarkIrpPending(Irp);
#endif
    InsertTailList(&Waiting, &Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&QueueLock, Irql);
    return STATUS_PENDING;
}

/* A process that is watched is kept until the driver goes. */
static NTSTATUS
Watch(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Id = *(PULONG)Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS Status = STATUS_SUCCESS;
    PWATCHED Watched;

    if (Stack->Parameters.DeviceIoControl.InputBufferLength != sizeof(ULONG)) {
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    Watched = ExAllocatePoolWithTag(PagedPool, sizeof(*Watched), TAG); /* BUG(450) */
    if (Watched == NULL) {
        return Finish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Watched->Id = ULongToHandle(Id);
    Status = PsLookupProcessByProcessId(Watched->Id, &Watched->Process); /* BUG(451) */
    if (!NT_SUCCESS(Status)) {
#if !HAS(450)
        ExFreePoolWithTag(Watched, TAG);
#endif
        return Finish(Irp, Status, 0);
    }
    ExAcquireFastMutex(&WatchLock);
    for (PLIST_ENTRY At = Watches.Flink; At != &Watches; At = At->Flink) {
        if (CONTAINING_RECORD(At, WATCHED, Link)->Process == Watched->Process) {
            Status = STATUS_OBJECT_NAME_COLLISION;
        }
    }
    if (NT_SUCCESS(Status)) {
        InsertTailList(&Watches, &Watched->Link);
    }
    ExReleaseFastMutex(&WatchLock);
    if (!NT_SUCCESS(Status)) {
#if !HAS(451)
        ObDereferenceObject(Watched->Process);
#endif
        ExFreePoolWithTag(Watched, TAG);
    }
    return Finish(Irp, Status, 0);
}

static VOID
ForgetAll(VOID)
{
    while (!IsListEmpty(&Watches)) {
        PWATCHED Watched = CONTAINING_RECORD(RemoveHeadList(&Watches), WATCHED, Link);

        ObDereferenceObject(Watched->Process);
        ExFreePoolWithTag(Watched, TAG);
    }
}

static VOID
DropEvents(VOID)
{
    LIST_ENTRY Dropped;
    KIRQL Irql;

    InitializeListHead(&Dropped);
    KeAcquireSpinLock(&QueueLock, &Irql);
    while (!IsListEmpty(&Events)) {
        InsertTailList(&Dropped, RemoveHeadList(&Events));
    }
    EventCount = 0;
    KeReleaseSpinLock(&QueueLock, Irql);
    while (!IsListEmpty(&Dropped)) {
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&Dropped), QUEUED_EVENT, Link), TAG);
    }
}

/* The last handle is closed: who has asked through it gets no answer any more. */
static NTSTATUS NTAPI
OnCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    LIST_ENTRY Cancelled;
    KIRQL Irql;

    UNREFERENCED_PARAMETER(Device);
    InitializeListHead(&Cancelled);
    KeAcquireSpinLock(&QueueLock, &Irql);
    for (PLIST_ENTRY At = Waiting.Flink, After; At != &Waiting; At = After) {
        PIRP One = CONTAINING_RECORD(At, IRP, Tail.Overlay.ListEntry);

        After = At->Flink;
        if (IoGetCurrentIrpStackLocation(One)->FileObject == File &&
            IoSetCancelRoutine(One, NULL) != NULL) {
            RemoveEntryList(At);
            InsertTailList(&Cancelled, At);
        }
    }
    KeReleaseSpinLock(&QueueLock, Irql);
    while (!IsListEmpty(&Cancelled)) {
        Finish(CONTAINING_RECORD(RemoveHeadList(&Cancelled), IRP, Tail.Overlay.ListEntry),
               STATUS_CANCELLED, 0);
    }
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
OnOther(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
OnControl(PDEVICE_OBJECT Device, PIRP Irp) /* BUG(442) BUG(448) */
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Last;

    UNREFERENCED_PARAMETER(Device);
    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case MONITOR_NEXT:
        return Next(Irp, Stack);
    case MONITOR_CLEAR:
        DropEvents();
        return Finish(Irp, STATUS_SUCCESS, 0);
    case MONITOR_WATCH:
        if (Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(ULONG)) {
            break;
        }
        return Watch(Irp, Stack);
    case MONITOR_LAST:
        if (Stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG)) {
            break;
        }
        Last = Recent[RecentNext == 0 ? RECENT - 1 : RecentNext - 1];
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = Last;
        return Finish(Irp, STATUS_SUCCESS, sizeof(ULONG));
    }
    return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabMonitor");

    UNREFERENCED_PARAMETER(Driver);
#if !HAS(440)
    PsSetCreateProcessNotifyRoutineEx(OnProcess, TRUE);
#endif
    DropEvents();
    ForgetAll();
    ExFreePoolWithTag(Recent, TAG);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(MonitorDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabMonitor");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabMonitor");
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    KeInitializeSpinLock(&QueueLock);
    ExInitializeFastMutex(&WatchLock);
    InitializeListHead(&Waiting);
    InitializeListHead(&Events);
    InitializeListHead(&Watches);
    Recent = ExAllocatePoolWithTag(NonPagedPoolNx, RECENT * sizeof(ULONG), TAG);
    if (Recent == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Recent, RECENT * sizeof(ULONG));
    Driver->MajorFunction[IRP_MJ_CREATE] = OnOther;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OnCleanup;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OnOther;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OnControl;
    Driver->DriverUnload = Unload;
    Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                            &MonitorDevice);
    if (!NT_SUCCESS(Status)) {
        goto FreeRecent;
    }
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (!NT_SUCCESS(Status)) {
        goto DeleteDevice;
    }
    Status = PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE); /* BUG(440) */
    if (!NT_SUCCESS(Status)) {
        goto DeleteLink;
    }
    return STATUS_SUCCESS;

DeleteLink:
    IoDeleteSymbolicLink(&Link);
DeleteDevice:
    IoDeleteDevice(MonitorDevice);
FreeRecent:
    ExFreePoolWithTag(Recent, TAG);
    return Status;
}
