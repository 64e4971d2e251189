/*
 * wdm-driver.c - a driver of the old kind: the four transfer methods, notification of a program by a pended request and
 * by its event from a timer's DPC, reads in a cancel-safe queue with a thread that serves them, remove locks of handles.
 */
#include <ntddk.h>
#include <string.h>
#include "exercise-wdm.h"

#define TAG 'mdwE'
#define DebugPrint(_x_)                                                                            \
    DbgPrint("wdm: ");                                                                             \
    DbgPrint _x_;

typedef struct _FILE_CONTEXT {
    IO_REMOVE_LOCK FileRundownLock;
} FILE_CONTEXT, *PFILE_CONTEXT;

typedef struct _NOTIFY_RECORD {
    NOTIFY_TYPE Type;
    union {
        PKEVENT Event;
        PIRP PendingIrp;
    } Message;
    KTIMER Timer;
    KDPC Dpc;
    LIST_ENTRY ListEntry;
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT DeviceObject;
    BOOLEAN CancelRoutineFreeMemory;
} NOTIFY_RECORD, *PNOTIFY_RECORD;

typedef struct _DEVICE_EXTENSION {
    PDEVICE_OBJECT Self;
    LIST_ENTRY EventQueueHead;
    KSPIN_LOCK QueueLock;
    IO_CSQ CancelSafeQueue;
    LIST_ENTRY PendingIrpQueue;
    KSPIN_LOCK CsqLock;
    KSEMAPHORE IrpQueueSemaphore;
    PETHREAD ThreadObject;
    volatile LONG ThreadShouldStop;
} DEVICE_EXTENSION, *PDEVICE_EXTENSION;

DRIVER_INITIALIZE DriverEntry;
_Dispatch_type_(IRP_MJ_CREATE) _Dispatch_type_(IRP_MJ_CLOSE) DRIVER_DISPATCH EventCreateClose;
_Dispatch_type_(IRP_MJ_CLEANUP) DRIVER_DISPATCH EventCleanup;
_Dispatch_type_(IRP_MJ_DEVICE_CONTROL) DRIVER_DISPATCH EventDispatchIoControl;
_Dispatch_type_(IRP_MJ_READ) DRIVER_DISPATCH CsampRead;
DRIVER_UNLOAD EventUnload;
DRIVER_CANCEL EventCancelRoutine;
KDEFERRED_ROUTINE CustomTimerDPC;
KSTART_ROUTINE CsampPollingThread;
IO_CSQ_INSERT_IRP CsampInsertIrp;
IO_CSQ_REMOVE_IRP CsampRemoveIrp;
IO_CSQ_PEEK_NEXT_IRP CsampPeekNextIrp;
IO_CSQ_ACQUIRE_LOCK CsampAcquireLock;
IO_CSQ_RELEASE_LOCK CsampReleaseLock;
IO_CSQ_COMPLETE_CANCELED_IRP CsampCompleteCanceledIrp;

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, EventCreateClose)
#pragma alloc_text(PAGE, EventUnload)
#endif

/* ---- notification ---- */

_Use_decl_annotations_ VOID
CustomTimerDPC(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PNOTIFY_RECORD Record = DeferredContext;
    PDEVICE_EXTENSION Extension = Record->DeviceObject->DeviceExtension;
    PIRP Irp;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    KeAcquireSpinLockAtDpcLevel(&Extension->QueueLock);
    RemoveEntryList(&Record->ListEntry);
    if (Record->Type == IRP_BASED) {
        Irp = Record->Message.PendingIrp;
        if (IoSetCancelRoutine(Irp, NULL) != NULL) {
            Irp->Tail.Overlay.DriverContext[3] = NULL;
            KeReleaseSpinLockFromDpcLevel(&Extension->QueueLock);
            Irp->IoStatus.Status = STATUS_SUCCESS;
            Irp->IoStatus.Information = 0;
            IoCompleteRequest(Irp, IO_NO_INCREMENT);
            KeAcquireSpinLockAtDpcLevel(&Extension->QueueLock);
        } else {
            InitializeListHead(&Record->ListEntry);
            Record->CancelRoutineFreeMemory = TRUE;
            Record = NULL;
        }
    } else {
        KeSetEvent(Record->Message.Event, IO_NO_INCREMENT, FALSE);
        ObDereferenceObject(Record->Message.Event);
    }
    KeReleaseSpinLockFromDpcLevel(&Extension->QueueLock);
    if (Record != NULL) {
        ExFreePoolWithTag(Record, TAG);
    }
}

_Use_decl_annotations_ VOID
EventCancelRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_EXTENSION Extension = DeviceObject->DeviceExtension;
    PNOTIFY_RECORD Record = NULL;
    KIRQL OldIrql = Irp->CancelIrql;

    IoReleaseCancelSpinLock(DISPATCH_LEVEL);
    KeAcquireSpinLockAtDpcLevel(&Extension->QueueLock);
    Record = Irp->Tail.Overlay.DriverContext[3];
    RemoveEntryList(&Record->ListEntry);
    if (Record->CancelRoutineFreeMemory == FALSE) {
        if (!KeCancelTimer(&Record->Timer)) {
            InitializeListHead(&Record->ListEntry);
            Record = NULL;
        }
    }
    KeReleaseSpinLock(&Extension->QueueLock, OldIrql);
    if (Record != NULL) {
        ExFreePoolWithTag(Record, TAG);
    }
    DebugPrint(("canceled a notification\n"));
    Irp->Tail.Overlay.DriverContext[3] = NULL;
    Irp->IoStatus.Information = 0;
    Irp->IoStatus.Status = STATUS_CANCELLED;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static NTSTATUS
Register(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_EXTENSION Extension = DeviceObject->DeviceExtension;
    PIO_STACK_LOCATION IrpStack = IoGetCurrentIrpStackLocation(Irp);
    PREGISTER_EVENT Input = Irp->AssociatedIrp.SystemBuffer;
    PNOTIFY_RECORD Record;
    NTSTATUS Status;
    KIRQL OldIrql;

    if (IrpStack->Parameters.DeviceIoControl.InputBufferLength < sizeof(REGISTER_EVENT) ||
        (Input->Type != IRP_BASED && Input->Type != EVENT_BASED)) {
        return STATUS_INVALID_PARAMETER;
    }
    Record = ExAllocatePoolQuotaZero(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
                                     sizeof(NOTIFY_RECORD), TAG);
    if (NULL == Record) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Record->Type = Input->Type;
    Record->FileObject = IrpStack->FileObject;
    Record->DeviceObject = DeviceObject;
    if (Record->Type == EVENT_BASED) {
        Status = ObReferenceObjectByHandle(Input->hEvent, SYNCHRONIZE | EVENT_MODIFY_STATE,
                                           *ExEventObjectType, Irp->RequestorMode,
                                           (PVOID *)&Record->Message.Event, NULL);
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(Record, TAG);
            return Status;
        }
    }
    KeInitializeDpc(&Record->Dpc, CustomTimerDPC, Record);
    KeInitializeTimer(&Record->Timer);
    KeAcquireSpinLock(&Extension->QueueLock, &OldIrql);
    if (Record->Type == IRP_BASED) {
        Record->Message.PendingIrp = Irp;
        IoSetCancelRoutine(Irp, EventCancelRoutine);
        if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
            KeReleaseSpinLock(&Extension->QueueLock, OldIrql);
            ExFreePoolWithTag(Record, TAG);
            return STATUS_CANCELLED;
        }
        IoMarkIrpPending(Irp);
        Irp->Tail.Overlay.DriverContext[3] = Record;
    }
    InsertTailList(&Extension->EventQueueHead, &Record->ListEntry);
    Status = Record->Type == IRP_BASED ? STATUS_PENDING : STATUS_SUCCESS;
    KeSetTimer(&Record->Timer, Input->DueTime, &Record->Dpc);
    KeReleaseSpinLock(&Extension->QueueLock, OldIrql);
    return Status;
}

/* ---- the queue ---- */

VOID
CsampInsertIrp(PIO_CSQ Csq, PIRP Irp)
{
    PDEVICE_EXTENSION Extension = CONTAINING_RECORD(Csq, DEVICE_EXTENSION, CancelSafeQueue);

    InsertTailList(&Extension->PendingIrpQueue, &Irp->Tail.Overlay.ListEntry);
}

VOID
CsampRemoveIrp(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

PIRP
CsampPeekNextIrp(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext)
{
    PDEVICE_EXTENSION Extension = CONTAINING_RECORD(Csq, DEVICE_EXTENSION, CancelSafeQueue);
    PLIST_ENTRY Next =
        Irp == NULL ? Extension->PendingIrpQueue.Flink : Irp->Tail.Overlay.ListEntry.Flink;
    PIRP NextIrp;

    while (Next != &Extension->PendingIrpQueue) {
        NextIrp = CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
        if (PeekContext == NULL ||
            IoGetCurrentIrpStackLocation(NextIrp)->FileObject == (PFILE_OBJECT)PeekContext) {
            return NextIrp;
        }
        Next = Next->Flink;
    }
    return NULL;
}

_IRQL_raises_(DISPATCH_LEVEL) _IRQL_requires_max_(DISPATCH_LEVEL) VOID
    CsampAcquireLock(_In_ PIO_CSQ Csq, _Out_ _At_(*Irql, _Post_ _IRQL_saves_) PKIRQL Irql)
{
    KeAcquireSpinLock(&CONTAINING_RECORD(Csq, DEVICE_EXTENSION, CancelSafeQueue)->CsqLock, Irql);
}

_IRQL_requires_(DISPATCH_LEVEL) VOID
    CsampReleaseLock(_In_ PIO_CSQ Csq, _In_ _IRQL_restores_ KIRQL Irql)
{
    KeReleaseSpinLock(&CONTAINING_RECORD(Csq, DEVICE_EXTENSION, CancelSafeQueue)->CsqLock, Irql);
}

VOID
CsampCompleteCanceledIrp(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    DebugPrint(("canceled a read\n"));
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

_Use_decl_annotations_ VOID
CsampPollingThread(PVOID Context)
{
    PDEVICE_EXTENSION Extension = Context;
    LARGE_INTEGER Pace;
    PVOID Buffer;
    PIRP Irp;

    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
    for (;;) {
        KeWaitForSingleObject(&Extension->IrpQueueSemaphore, Executive, KernelMode, FALSE, NULL);
        if (Extension->ThreadShouldStop) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        Pace.QuadPart = -(LONGLONG)10 * 1000 * 500; /* the device is slow */
        KeDelayExecutionThread(KernelMode, FALSE, &Pace);
        Irp = IoCsqRemoveNextIrp(&Extension->CancelSafeQueue, NULL);
        if (Irp == NULL) {
            continue; /* it was canceled */
        }
        Buffer =
            MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MdlMappingNoExecute);
        if (Buffer == NULL) {
            Irp->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
            Irp->IoStatus.Information = 0;
        } else {
            RtlFillMemory(Buffer, MmGetMdlByteCount(Irp->MdlAddress), 'r');
            Irp->IoStatus.Status = STATUS_SUCCESS;
            Irp->IoStatus.Information = MmGetMdlByteCount(Irp->MdlAddress);
        }
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
}

NTSTATUS
CsampRead(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_EXTENSION Extension = DeviceObject->DeviceExtension;

    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length == 0) {
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    }
    IoCsqInsertIrp(&Extension->CancelSafeQueue, Irp, NULL);
    KeReleaseSemaphore(&Extension->IrpQueueSemaphore, 0, 1, FALSE);
    return STATUS_PENDING;
}

/* ---- transfer methods ---- */

static NTSTATUS
Transfer(PIRP Irp, PIO_STACK_LOCATION IrpStack)
{
    ULONG In = IrpStack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Out = IrpStack->Parameters.DeviceIoControl.OutputBufferLength;
    PCHAR Data = "This String is from Device Driver !!!";
    ULONG Length = (ULONG)strlen(Data) + 1;
    NTSTATUS Status = STATUS_SUCCESS;
    PCHAR Buffer = NULL;
    PMDL Mdl = NULL;

    if (!In || !Out) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (IrpStack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_METHOD_BUFFER:
        DebugPrint(("buffered: %.*s\n", (int)In, (PCHAR)Irp->AssociatedIrp.SystemBuffer));
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Data, min(Length, Out));
        break;
    case IOCTL_METHOD_NONE:
        try {
            ProbeForRead(IrpStack->Parameters.DeviceIoControl.Type3InputBuffer, In, sizeof(UCHAR));
            DebugPrint(("neither: %.*s\n", (int)In,
                        (PCHAR)IrpStack->Parameters.DeviceIoControl.Type3InputBuffer));
        }
        except(EXCEPTION_EXECUTE_HANDLER)
        {
            return GetExceptionCode();
        }
        Mdl = IoAllocateMdl(Irp->UserBuffer, Out, FALSE, TRUE, NULL);
        if (!Mdl) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        try {
            MmProbeAndLockPages(Mdl, UserMode, IoWriteAccess);
        }
        except(EXCEPTION_EXECUTE_HANDLER)
        {
            Status = GetExceptionCode();
            IoFreeMdl(Mdl);
            return Status;
        }
        Buffer = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority | MdlMappingNoExecute);
        if (Buffer) {
            RtlCopyMemory(Buffer, Data, min(Length, Out));
        } else {
            Status = STATUS_INSUFFICIENT_RESOURCES;
        }
        MmUnlockPages(Mdl);
        IoFreeMdl(Mdl);
        break;
    case IOCTL_METHOD_IN:
    case IOCTL_METHOD_OUT:
        DebugPrint(("direct: %.*s\n", (int)In, (PCHAR)Irp->AssociatedIrp.SystemBuffer));
        Buffer =
            MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MdlMappingNoExecute);
        if (!Buffer) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (IrpStack->Parameters.DeviceIoControl.IoControlCode == IOCTL_METHOD_IN) {
            DebugPrint(("and of the user: %.*s\n", (int)Out, Buffer));
        } else {
            RtlCopyMemory(Buffer, Data, min(Length, Out));
        }
        break;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    Irp->IoStatus.Information = min(Length, Out);
    return Status;
}

/* ---- dispatch ---- */

_Use_decl_annotations_ NTSTATUS
EventDispatchIoControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION IrpStack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_CONTEXT Context = IrpStack->FileObject->FsContext;
    NTSTATUS Status = IoAcquireRemoveLock(&Context->FileRundownLock, Irp);

    if (!NT_SUCCESS(Status)) {
        Irp->IoStatus.Status = Status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return Status;
    }
    Irp->IoStatus.Information = 0;
    Status = IrpStack->Parameters.DeviceIoControl.IoControlCode == IOCTL_REGISTER
                 ? Register(DeviceObject, Irp)
                 : Transfer(Irp, IrpStack);
    IoReleaseRemoveLock(&Context->FileRundownLock, Irp);
    if (Status != STATUS_PENDING) {
        Irp->IoStatus.Status = Status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
    return Status;
}

_Use_decl_annotations_ NTSTATUS
EventCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION IrpStack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;
    PFILE_CONTEXT Context;

    UNREFERENCED_PARAMETER(DeviceObject);
    PAGED_CODE();
    ASSERT(IrpStack->FileObject != NULL);
    switch (IrpStack->MajorFunction) {
    case IRP_MJ_CREATE:
        Context = ExAllocatePoolQuotaZero(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
                                          sizeof(FILE_CONTEXT), TAG);
        if (NULL == Context) {
            Status = STATUS_INSUFFICIENT_RESOURCES;
            break;
        }
        IoInitializeRemoveLock(&Context->FileRundownLock, TAG, 0, 0);
        ASSERT(IrpStack->FileObject->FsContext == NULL);
        IrpStack->FileObject->FsContext = (PVOID)Context;
        break;
    case IRP_MJ_CLOSE:
        ExFreePoolWithTag(IrpStack->FileObject->FsContext, TAG);
        break;
    default:
        ASSERT(FALSE);
        Status = STATUS_NOT_IMPLEMENTED;
        break;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

_Use_decl_annotations_ NTSTATUS
EventCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_EXTENSION Extension = DeviceObject->DeviceExtension;
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    PFILE_CONTEXT Context = FileObject->FsContext;
    PLIST_ENTRY Entry, Next;
    PNOTIFY_RECORD Record;
    KIRQL OldIrql;
    PIRP Pending;

    IoAcquireRemoveLock(&Context->FileRundownLock, Irp);
    IoReleaseRemoveLockAndWait(&Context->FileRundownLock, Irp);
    while ((Pending = IoCsqRemoveNextIrp(&Extension->CancelSafeQueue, FileObject)) != NULL) {
        CsampCompleteCanceledIrp(&Extension->CancelSafeQueue, Pending);
    }
    KeAcquireSpinLock(&Extension->QueueLock, &OldIrql);
    for (Entry = Extension->EventQueueHead.Flink; Entry != &Extension->EventQueueHead;
         Entry = Next) {
        Next = Entry->Flink;
        Record = CONTAINING_RECORD(Entry, NOTIFY_RECORD, ListEntry);
        if (Record->FileObject == FileObject && Record->Type == EVENT_BASED &&
            KeCancelTimer(&Record->Timer)) {
            RemoveEntryList(Entry);
            ObDereferenceObject(Record->Message.Event);
            ExFreePoolWithTag(Record, TAG);
            DbgPrint("wdm: an event was not waited for\n");
        }
    }
    KeReleaseSpinLock(&Extension->QueueLock, OldIrql);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_ VOID
EventUnload(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_EXTENSION Extension = DriverObject->DeviceObject->DeviceExtension;
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\"
                                              L"WdmExercise");

    PAGED_CODE();
    Extension->ThreadShouldStop = TRUE;
    KeReleaseSemaphore(&Extension->IrpQueueSemaphore, 0, 1, TRUE);
    KeWaitForSingleObject(Extension->ThreadObject, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Extension->ThreadObject);
    if (!IsListEmpty(&Extension->EventQueueHead)) {
        ASSERTMSG("Event Queue is not empty\n", FALSE);
    }
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
    DebugPrint(("unloaded\n"));
}

_Use_decl_annotations_ NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_EXTENSION Extension;
    PDEVICE_OBJECT DeviceObject;
    UNICODE_STRING Name, Link;
    NTSTATUS Status;
    HANDLE Thread;

    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    RtlInitUnicodeString(&Name, L"\\Device\\WdmExercise");
    Status = IoCreateDevice(DriverObject, sizeof(DEVICE_EXTENSION), &Name, FILE_DEVICE_UNKNOWN,
                            FILE_DEVICE_SECURE_OPEN, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return (Status);
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = EventCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = EventCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = EventCleanup;
    DriverObject->MajorFunction[IRP_MJ_READ] = CsampRead;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = EventDispatchIoControl;
    DriverObject->DriverUnload = EventUnload;
    RtlInitUnicodeString(&Link, L"\\DosDevices\\WdmExercise");
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(DeviceObject);
        return (Status);
    }
    Extension = DeviceObject->DeviceExtension;
    Extension->Self = DeviceObject;
    DeviceObject->Flags |= DO_DIRECT_IO;
    InitializeListHead(&Extension->EventQueueHead);
    InitializeListHead(&Extension->PendingIrpQueue);
    KeInitializeSpinLock(&Extension->QueueLock);
    KeInitializeSpinLock(&Extension->CsqLock);
    KeInitializeSemaphore(&Extension->IrpQueueSemaphore, 0, MAXLONG);
    IoCsqInitialize(&Extension->CancelSafeQueue, CsampInsertIrp, CsampRemoveIrp, CsampPeekNextIrp,
                    CsampAcquireLock, CsampReleaseLock, CsampCompleteCanceledIrp);
    Status = PsCreateSystemThread(&Thread, (ACCESS_MASK)0, NULL, (HANDLE)0, NULL,
                                  CsampPollingThread, Extension);
    if (!NT_SUCCESS(Status)) {
        IoDeleteSymbolicLink(&Link);
        IoDeleteDevice(DeviceObject);
        return Status;
    }
    ObReferenceObjectByHandle(Thread, THREAD_ALL_ACCESS, NULL, KernelMode,
                              (PVOID *)&Extension->ThreadObject, NULL);
    ZwClose(Thread);
    ASSERT(NT_SUCCESS(Status));
    return Status;
}
