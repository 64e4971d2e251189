/*
 * call.c - an IRP's way down and up a stack of drivers.
 *
 * Down, IofCallDriver moves to the next stack location and calls the driver's dispatch routine. Up,
 * IofCompleteRequest leaves one location after the other and calls the completion routine that the driver
 * *above* set in it, with that driver's device object, until one returns
 * STATUS_MORE_PROCESSING_REQUIRED. [wdm: IoCallDriver, IoCompleteRequest, IoSetCompletionRoutine]
 *
 *   C1  PendingReturned is SL_PENDING_RETURNED of the location being left. Without a completion routine
 *       it is passed to the next location by us; with one, that is the routine's duty.
 *   C2  A location is cleared before the routine above it runs.
 *   C3  After the last routine the IRP is ours: complete.c.
 *
 * The explorer can switch threads on entry to IofCallDriver and IofCompleteRequest.
 */
#include "nt/io/iop.h"
#include "nt/inc/window.h"
#include "nt/inc/visit.h"

NTSTATUS FASTCALL
IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack;
    PDRIVER_DISPATCH Dispatch;
    NTSTATUS Status;

    KiAcquirePoint(SP_IRP_CALL, Irp, NULL, (ULONG_PTR)DeviceObject);
    DRIVER_REQUIRE(--Irp->CurrentLocation > 0, NO_MORE_IRP_STACK_LOCATIONS, Irp, 0, 0, 0);
    Stack = Irp->Tail.Overlay.CurrentStackLocation - 1;
    Irp->Tail.Overlay.CurrentStackLocation = Stack;
    Stack->DeviceObject = DeviceObject;
    Dispatch = DeviceObject->DriverObject->MajorFunction[Stack->MajorFunction];
    KiEnterDriver(Dispatch);
    KiTrace(EV_DRIVER_CALL, DeviceObject, (ULONG64)Stack->MajorFunction << 8 | Stack->MinorFunction,
            (ULONG64)Irp,
            Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
                    Stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL ||
                    Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL
                ? Stack->Parameters.DeviceIoControl.IoControlCode
                : 0,
            (ULONG64)Dispatch);
    Status = VfCall == NULL ? Dispatch(DeviceObject, Irp)
                            : VF_CALL(NTSTATUS, VfDispatch, Dispatch, DeviceObject, Irp, 0, 0);
    KiTrace(EV_DRIVER_RETURN, DeviceObject, (ULONG)Status, (ULONG64)Irp, 0, 0);
    KiLeaveDriver((PVOID)Dispatch);
    return Status;
}

#undef IoCallDriver
NTSTATUS NTAPI
IoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return IofCallDriver(DeviceObject, Irp);
}

NTSTATUS NTAPI
PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return IofCallDriver(DeviceObject, Irp);
}

/* C2. What the next routine may still see is the function, the device and the routine itself. */
FORCEINLINE VOID
IopClearLocation(PIO_STACK_LOCATION Stack)
{
    Stack->MinorFunction = 0;
    Stack->Flags = 0;
    Stack->Control &= SL_ERROR_RETURNED;
    Stack->Parameters.Others.Argument1 = NULL;
    Stack->Parameters.Others.Argument2 = NULL;
    Stack->Parameters.Others.Argument3 = NULL;
    Stack->Parameters.Others.Argument4 = NULL;
    Stack->FileObject = NULL;
}

VOID FASTCALL
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    PIO_STACK_LOCATION Stack;
    PDEVICE_OBJECT DeviceObject;
    PIO_COMPLETION_ROUTINE Routine;
    NTSTATUS Status;
    PIRP Master;
    UCHAR Control;

    KiSchedulePoint(SP_IRP_COMPLETE, Irp);
    DRIVER_REQUIRE(Irp->Type == IO_TYPE_IRP && Irp->CurrentLocation <= Irp->StackCount + 1,
                   MULTIPLE_IRP_COMPLETE_REQUESTS, Irp, 0, 0, 0);
    KiTrace(EV_IRP_COMPLETE, Irp, (ULONG)Irp->IoStatus.Status, Irp->IoStatus.Information, 0, 0);

    Stack = Irp->Tail.Overlay.CurrentStackLocation;
    Irp->CurrentLocation++;
    Irp->Tail.Overlay.CurrentStackLocation++;
    for (; Irp->CurrentLocation <= Irp->StackCount + 1;
         Stack++, Irp->CurrentLocation++, Irp->Tail.Overlay.CurrentStackLocation++) {
        Control = Stack->Control;
        Irp->PendingReturned = Control & SL_PENDING_RETURNED; /* C1 */
        if ((NT_SUCCESS(Irp->IoStatus.Status) && (Control & SL_INVOKE_ON_SUCCESS)) ||
            (!NT_SUCCESS(Irp->IoStatus.Status) && (Control & SL_INVOKE_ON_ERROR)) ||
            (Irp->Cancel && (Control & SL_INVOKE_ON_CANCEL))) {
            IopClearLocation(Stack);
            DeviceObject = Irp->CurrentLocation == Irp->StackCount + 1
                               ? NULL
                               : Irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
            Routine = Stack->CompletionRoutine;
            Status = VfCall == NULL ? Routine(DeviceObject, Irp, Stack->Context)
                                    : VF_CALL(NTSTATUS, VfCompletion, Routine, DeviceObject, Irp,
                                              Stack->Context, Control);
            KiLeaveDriver((PVOID)Routine);
            if (Status == STATUS_MORE_PROCESSING_REQUIRED) {
                return;
            }
        } else {
            if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount) {
                IoMarkIrpPending(Irp);
            }
            IopClearLocation(Stack);
        }
    }
    /* CurrentLocation is StackCount + 2 now: completing it once more is seen. */

    if (Irp->Flags & IRP_ASSOCIATED_IRP) {
        Master = Irp->AssociatedIrp.MasterIrp;
        IopFreeMdls(Irp);
        IoFreeIrp(Irp);
        if (InterlockedDecrement(&Master->AssociatedIrp.IrpCount) == 0) {
            IofCompleteRequest(Master, PriorityBoost);
        }
        return;
    }
    if (VfHooks != NULL) {
        VfHooks->IrpEnds(Irp);
    }
    IopQueueCompletion(Irp, PriorityBoost); /* C3 */
}

#undef IoCompleteRequest
VOID NTAPI
IoCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    IofCompleteRequest(Irp, PriorityBoost);
}

/*
 * A completion routine that keeps its driver loaded until it has run: the device object stays
 * referenced. [wdm: IoSetCompletionRoutineEx]
 */
typedef struct _IOP_SAFE_COMPLETION {
    PDEVICE_OBJECT DeviceObject;
    PIO_COMPLETION_ROUTINE Routine;
    PVOID Context;
} IOP_SAFE_COMPLETION, *PIOP_SAFE_COMPLETION;

static NTSTATUS NTAPI
IopUnloadSafeCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PIOP_SAFE_COMPLETION Safe = Context;
    PDEVICE_OBJECT Referenced = Safe->DeviceObject;
    NTSTATUS Status = VfCall == NULL ? Safe->Routine(DeviceObject, Irp, Safe->Context)
                                     : VF_CALL(NTSTATUS, VfCompletion, Safe->Routine, DeviceObject,
                                               Irp, Safe->Context, 0);

    ObDereferenceObject(Referenced);
    ExFreePoolWithTag(Safe, TAG_IOBUFFER);
    return Status;
}

NTSTATUS NTAPI
IoSetCompletionRoutineEx(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                         PIO_COMPLETION_ROUTINE CompletionRoutine, PVOID Context,
                         BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError, BOOLEAN InvokeOnCancel)
{
    PIOP_SAFE_COMPLETION Safe;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Safe = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Safe), TAG_IOBUFFER);
    if (Safe == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Safe->DeviceObject = DeviceObject;
    Safe->Routine = CompletionRoutine;
    Safe->Context = Context;
    ObReferenceObject(DeviceObject);
    IoSetCompletionRoutine(Irp, IopUnloadSafeCompletion, Safe, InvokeOnSuccess, InvokeOnError,
                           InvokeOnCancel);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
IopSignalForwarded(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    if (Irp->PendingReturned) {
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* [ntddk: IoForwardIrpSynchronously] FALSE: no stack location left. */
BOOLEAN NTAPI
IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    KEVENT Event;

    if (Irp->CurrentLocation <= 1) {
        return FALSE;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, IopSignalForwarded, &Event, TRUE, TRUE, TRUE);
    if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Suspended, KernelMode, FALSE, NULL);
    }
    return TRUE;
}
