/*
 * driver.c - Context: each routine notes whose thread and process it runs in.
 *
 * Two devices, one above the other. A request's records are kept in its system buffer, which is nonpaged, so that a DPC
 * may write there. What has no request (DriverEntry, cleanup, close) goes to History, under HistoryLock.
 */
#include <ntifs.h>
#include "context.h"

#define THREAD_PRIORITY_CLASS                                                                      \
    2 /* ThreadPriority, ProcessBasePriority: not in every header as enums */
#define PROCESS_BASE_PRIORITY_CLASS 5

NTSYSAPI NTSTATUS NTAPI ZwSetInformationProcess(HANDLE Process, PROCESSINFOCLASS Class,
                                                PVOID Buffer, ULONG Length);
NTKERNELAPI PVOID NTAPI PsGetCurrentThreadTeb(VOID);

typedef struct REQUEST {
    PIRP Irp;
    PIO_WORKITEM WorkItem;
    KTIMER Timer;
    KDPC Dpc;
} REQUEST;

typedef struct WORKER_USE {
    PIO_WORKITEM WorkItem;
    KEVENT Done;
    ULONG Found;
} WORKER_USE;

static UNICODE_STRING UpperName = RTL_CONSTANT_STRING(L"\\Device\\Context");
static UNICODE_STRING UpperLink = RTL_CONSTANT_STRING(L"\\DosDevices\\Context");
static UNICODE_STRING LowerName = RTL_CONSTANT_STRING(L"\\Device\\ContextLower");
static UNICODE_STRING LowerLink = RTL_CONSTANT_STRING(L"\\DosDevices\\ContextLower");

static PDEVICE_OBJECT Upper, Lower;
static KSPIN_LOCK HistoryLock;
static CONTEXT_CALL History;

/* What IOCTL_OPEN made, until the file that asked is cleaned up. The client asks one thing at a time, so no lock. */
static PFILE_OBJECT OpenedFor;
static HANDLE OpenedHandle, OpenedKernelHandle;
static PFILE_OBJECT OpenedFile;

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
ReadUser(ULONG64 Address, ULONG64 *Value)
{
    __try {
        ProbeForRead((PVOID)Address, sizeof(*Value), 1);
        *Value = *(volatile ULONG64 *)Address;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static VOID
Note(CONTEXT_CALL *Call, ULONG Where)
{
    CONTEXT_RECORD_ *Record;

    if (Call->Count >= CONTEXT_RECORDS) {
        return;
    }
    Record = &Call->Records[Call->Count++];
    Record->Where = Where;
    Record->Irql = KeGetCurrentIrql();
    Record->Process = (ULONG64)PsGetCurrentProcessId();
    Record->Thread = (ULONG64)PsGetCurrentThreadId();
    Record->Teb = (ULONG64)PsGetCurrentThreadTeb();
    Record->SystemProcess = (ULONG64)PsGetProcessId(PsInitialSystemProcess);
    Record->UserStatus = STATUS_PENDING;
    Record->UserValue = 0;
    /* From DISPATCH_LEVEL on a page fault is fatal, __try or not. */
    if (Record->Irql < DISPATCH_LEVEL && Call->Marker != 0) {
        Record->UserStatus = ReadUser(Call->Marker, &Record->UserValue);
    }
}

/* The record is made before the lock is taken: the lock raises the IRQL. */
static VOID
NoteHistory(ULONG Where)
{
    CONTEXT_CALL One = {0};
    KIRQL OldIrql;

    Note(&One, Where);
    KeAcquireSpinLock(&HistoryLock, &OldIrql);
    if (History.Count == CONTEXT_RECORDS) { /* DriverEntry's stays */
        RtlMoveMemory(&History.Records[1], &History.Records[2],
                      sizeof(History.Records[0]) * (CONTEXT_RECORDS - 2));
        History.Count--;
    }
    History.Records[History.Count++] = One.Records[0];
    KeReleaseSpinLock(&HistoryLock, OldIrql);
}

static VOID NTAPI
LaterDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    REQUEST *Request = Context;
    PIRP Irp = Request->Irp;

    Note(Irp->AssociatedIrp.SystemBuffer, AtDpc);
    ExFreePool(Request);
    Complete(Irp, STATUS_SUCCESS, sizeof(CONTEXT_CALL));
}

static NTSTATUS
LowerRecord(PIRP Irp)
{
    CONTEXT_CALL *Call = Irp->AssociatedIrp.SystemBuffer;
    LARGE_INTEGER Due;
    REQUEST *Request;

    Note(Call, AtLowerDispatch);
    if ((Call->Flags & CONTEXT_LATER) == 0) {
        return Complete(Irp, STATUS_SUCCESS, sizeof(*Call));
    }
    Request = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Request), 'txtC');
    if (Request == NULL) {
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Request->Irp = Irp;
    KeInitializeTimer(&Request->Timer);
    KeInitializeDpc(&Request->Dpc, LaterDpc, Request);
    IoMarkIrpPending(Irp);
    Due.QuadPart = -10 * 10000;
    KeSetTimer(&Request->Timer, Due, &Request->Dpc);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI
ForwardCompleted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Note(Irp->AssociatedIrp.SystemBuffer, AtCompletion);
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS
Forward(PIRP Irp)
{
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, ForwardCompleted, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(Lower, Irp);
}

static VOID NTAPI
ForwardWorker(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    REQUEST *Request = Context;
    PIRP Irp = Request->Irp;

    Note(Irp->AssociatedIrp.SystemBuffer, AtWorker);
    IoFreeWorkItem(Request->WorkItem);
    ExFreePool(Request);
    Forward(Irp);
}

static NTSTATUS
UpperRecord(PIRP Irp)
{
    CONTEXT_CALL *Call = Irp->AssociatedIrp.SystemBuffer;
    REQUEST *Request;

    Note(Call, AtUpperDispatch);
    if ((Call->Flags & CONTEXT_POST) == 0) {
        return Forward(Irp);
    }
    Request = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Request), 'txtC');
    if (Request == NULL || (Request->WorkItem = IoAllocateWorkItem(Upper)) == NULL) {
        if (Request != NULL) {
            ExFreePool(Request);
        }
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    Request->Irp = Irp;
    IoMarkIrpPending(Irp);
    IoQueueWorkItem(Request->WorkItem, ForwardWorker, DelayedWorkQueue, Request);
    return STATUS_PENDING;
}

static NTSTATUS
OpenOne(ULONG Attributes, HANDLE *Handle)
{
    OBJECT_ATTRIBUTES ObjectAttributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&ObjectAttributes, &LowerName, OBJ_CASE_INSENSITIVE | Attributes,
                               NULL, NULL);
    return ZwCreateFile(Handle, GENERIC_READ | SYNCHRONIZE, &ObjectAttributes, &Iosb, NULL, 0, 0,
                        FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static ULONG
LeadsTo(HANDLE Handle, PFILE_OBJECT Wanted, PFILE_OBJECT *Found)
{
    PVOID File;

    if (!NT_SUCCESS(
            ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, &File, NULL))) {
        return 0;
    }
    if (Found != NULL) {
        *Found = File;
        return 1;
    }
    ObDereferenceObject(File);
    return File == Wanted;
}

/* OpenedHandle is the process's, and may name something else in this one: its process closes it, or its end does. */
static VOID
Drop(VOID)
{
    OpenedFor = NULL;
    if (OpenedKernelHandle != NULL) {
        ZwClose(OpenedKernelHandle);
        OpenedKernelHandle = NULL;
    }
    if (OpenedFile != NULL) {
        ObDereferenceObject(OpenedFile);
        OpenedFile = NULL;
    }
}

static NTSTATUS
Open(PFILE_OBJECT For)
{
    NTSTATUS Status;

    if (OpenedFor != NULL) {
        return STATUS_DEVICE_BUSY;
    }
    OpenedFor = For;
    Status = OpenOne(0, &OpenedHandle);
    if (NT_SUCCESS(Status) && !LeadsTo(OpenedHandle, NULL, &OpenedFile)) {
        Status = STATUS_UNSUCCESSFUL;
    }
    if (NT_SUCCESS(Status)) {
        /* A second handle, to the same file object, in the kernel's own table. */
        Status = ObOpenObjectByPointer(OpenedFile, OBJ_KERNEL_HANDLE, NULL, GENERIC_READ,
                                       *IoFileObjectType, KernelMode, &OpenedKernelHandle);
    }
    return Status;
}

static VOID NTAPI
UseWorker(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    WORKER_USE *Use = Context;

    Use->Found = LeadsTo(OpenedHandle, OpenedFile, NULL);
    KeSetEvent(&Use->Done, IO_NO_INCREMENT, FALSE);
}

static VOID
Use(CONTEXT_USE *Out)
{
    WORKER_USE Worker = {0};

    Out->Handle = LeadsTo(OpenedHandle, OpenedFile, NULL);
    Out->KernelHandle = LeadsTo(OpenedKernelHandle, OpenedFile, NULL);
    Out->FileObject = OpenedFile != NULL && OpenedFile->DeviceObject == Lower;
    Out->HandleInWorker = 2;
    Worker.WorkItem = IoAllocateWorkItem(Upper);
    if (Worker.WorkItem != NULL) {
        KeInitializeEvent(&Worker.Done, NotificationEvent, FALSE);
        IoQueueWorkItem(Worker.WorkItem, UseWorker, DelayedWorkQueue, &Worker);
        KeWaitForSingleObject(&Worker.Done, Executive, KernelMode, FALSE, NULL);
        IoFreeWorkItem(Worker.WorkItem);
        Out->HandleInWorker = Worker.Found;
    }
}

static VOID
Pointer(CONTEXT_POINTER *Pointer)
{
    PEPROCESS Process;
    KAPC_STATE ApcState;

    if (!Pointer->Attach) {
        Pointer->Status = ReadUser(Pointer->Address, &Pointer->Value);
        return;
    }
    Pointer->Status = PsLookupProcessByProcessId((HANDLE)Pointer->Process, &Process);
    if (NT_SUCCESS(Pointer->Status)) {
        KeStackAttachProcess((PKPROCESS)Process, &ApcState);
        Pointer->Status = ReadUser(Pointer->Address, &Pointer->Value);
        KeUnstackDetachProcess(&ApcState);
        ObDereferenceObject(Process);
    }
}

/* Zw: the previous mode becomes KernelMode, so nobody's privileges are looked at. The handles still mean the caller. */
static VOID
Raise(CONTEXT_RAISE *Raise)
{
    Raise->ProcessStatus = ZwSetInformationProcess(ZwCurrentProcess(), PROCESS_BASE_PRIORITY_CLASS,
                                                   &Raise->Process, sizeof(Raise->Process));
    Raise->ThreadStatus = ZwSetInformationThread(ZwCurrentThread(), THREAD_PRIORITY_CLASS,
                                                 &Raise->Thread, sizeof(Raise->Thread));
    Raise->Now = KeQueryPriorityThread(KeGetCurrentThread());
}

static NTSTATUS NTAPI
DispatchIoctl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Input = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Output = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    LARGE_INTEGER Delay;
    KIRQL OldIrql;
    ULONG Size;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_RECORD:
        if (Input < sizeof(CONTEXT_CALL) || Output < sizeof(CONTEXT_CALL)) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        return DeviceObject == Upper ? UpperRecord(Irp) : LowerRecord(Irp);
    case IOCTL_HISTORY:
        if (Output < (Size = sizeof(CONTEXT_CALL))) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        KeAcquireSpinLock(&HistoryLock, &OldIrql);
        RtlCopyMemory(Buffer, &History, sizeof(History));
        KeReleaseSpinLock(&HistoryLock, OldIrql);
        return Complete(Irp, STATUS_SUCCESS, Size);
    case IOCTL_OPEN:
        return Complete(Irp, Open(Stack->FileObject), 0);
    case IOCTL_USE:
        if (Output < (Size = sizeof(CONTEXT_USE))) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Use(Buffer);
        return Complete(Irp, STATUS_SUCCESS, Size);
    case IOCTL_POINTER:
        if (Input < (Size = sizeof(CONTEXT_POINTER)) || Output < Size) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Pointer(Buffer);
        return Complete(Irp, STATUS_SUCCESS, Size);
    case IOCTL_RAISE:
        if (Input < (Size = sizeof(CONTEXT_RAISE)) || Output < Size) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Raise(Buffer);
        return Complete(Irp, STATUS_SUCCESS, Size);
    case IOCTL_WAIT:
        Delay.QuadPart = -CONTEXT_WAIT_MS * 10000;
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);
        return Complete(Irp, STATUS_SUCCESS, 0);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS NTAPI
DispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
DispatchCleanupClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (DeviceObject == Lower) {
        NoteHistory(Stack->MajorFunction == IRP_MJ_CLEANUP ? AtCleanup : AtClose);
    }
    if (Stack->MajorFunction == IRP_MJ_CLEANUP && Stack->FileObject == OpenedFor) {
        Drop();
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&UpperLink);
    IoDeleteSymbolicLink(&LowerLink);
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    KeInitializeSpinLock(&HistoryLock);
    NoteHistory(AtDriverEntry);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreate;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = DispatchCleanupClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchCleanupClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchIoctl;
    DriverObject->DriverUnload = Unload;

    Status = IoCreateDevice(DriverObject, 0, &LowerName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Lower);
    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(DriverObject, 0, &UpperName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Upper);
    }
    if (NT_SUCCESS(Status)) {
        Upper->StackSize = Lower->StackSize + 1;
        Status = IoCreateSymbolicLink(&UpperLink, &UpperName);
    }
    if (NT_SUCCESS(Status)) {
        Status = IoCreateSymbolicLink(&LowerLink, &LowerName);
    }
    if (!NT_SUCCESS(Status)) {
        Unload(DriverObject);
    }
    return Status;
}
