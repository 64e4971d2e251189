/*
 * lasting.c - a driver that keeps requests, for lasting-client.c.
 */
#include "../ntlab-test.h"
#include "lasting.h"

#define MOST 8

static PDEVICE_OBJECT Device;
static PIRP Held[MOST], Late;
static KTIMER Timer;
static KDPC Dpc;

static NTSTATUS
End(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    if (Information != 0 && Irp->AssociatedIrp.SystemBuffer != NULL) {
        RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, Information, 0x5A);
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID
Forget(PIRP Irp)
{
    for (ULONG i = 0; i < MOST; i++) {
        if (Held[i] == Irp) {
            Held[i] = NULL;
        }
    }
}

static VOID NTAPI
OnCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Forget(Irp);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    End(Irp, STATUS_CANCELLED, 0);
}

static VOID NTAPI
OnTime(PKDPC TimerDpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PIRP Irp = InterlockedExchangePointer((PVOID *)&Late, NULL);

    if (Irp != NULL) {
        End(Irp, STATUS_CANCELLED, 0);
    }
}

static VOID NTAPI
OnLateCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    LARGE_INTEGER Due = {.QuadPart = -1000000};

    Forget(Irp);
    Late = Irp;
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeSetTimer(&Timer, Due, &Dpc);
}

/* Under the cancel lock, so that nobody cancels what is being kept or ended. */
static NTSTATUS
Hold(PIRP Irp, PDRIVER_CANCEL Routine)
{
    KIRQL Irql;
    ULONG i = 0;

    IoAcquireCancelSpinLock(&Irql);
    while (i < MOST && Held[i] != NULL) {
        i++;
    }
    if (i == MOST || Irp->Cancel) {
        IoReleaseCancelSpinLock(Irql);
        return End(Irp, i == MOST ? STATUS_TOO_MANY_COMMANDS : STATUS_CANCELLED, 0);
    }
    IoMarkIrpPending(Irp);
    Held[i] = Irp;
    IoSetCancelRoutine(Irp, Routine);
    IoReleaseCancelSpinLock(Irql);
    return STATUS_PENDING;
}

static VOID
Finish(LASTING_END How)
{
    for (ULONG i = 0; i < MOST; i++) {
        KIRQL Irql;
        PIRP Irp;

        IoAcquireCancelSpinLock(&Irql);
        Irp = Held[i];
        Held[i] = NULL;
        if (Irp != NULL) {
            IoSetCancelRoutine(Irp, NULL);
        }
        IoReleaseCancelSpinLock(Irql);
        if (Irp != NULL) {
            End(Irp, How.Status, How.Information);
        }
    }
}

static NTSTATUS
Control(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG Count = 0;
    LASTING_END How = {};

    if (Stack->Parameters.DeviceIoControl.InputBufferLength >= sizeof(How)) {
        How = *(LASTING_END *)Buffer;
    }
    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case LASTING_HOLD:
        return Hold(Irp, NULL);
    case LASTING_CANCEL:
        return Hold(Irp, OnCancel);
    case LASTING_LATE:
        return Hold(Irp, OnLateCancel);
    case LASTING_FINISH:
        Finish(How);
        return End(Irp, STATUS_SUCCESS, 0);
    case LASTING_COUNT:
        for (ULONG i = 0; i < MOST; i++) {
            Count += Held[i] != NULL;
        }
        *(PULONG)Buffer = Count;
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = sizeof(ULONG);
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    case LASTING_MAKE:
        if (How.Pended) {
            IoMarkIrpPending(Irp);
            End(Irp, How.Status, How.Information);
            return STATUS_PENDING;
        }
        return End(Irp, How.Status, How.Information);
    }
    return End(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->MajorFunction) {
    case IRP_MJ_DEVICE_CONTROL:
        return Control(Irp, Stack);
    case IRP_MJ_CREATE: /* one with a name waits */
        return Stack->FileObject->FileName.Length != 0 ? Hold(Irp, OnCancel)
                                                       : End(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
        return Hold(Irp, NULL);
    }
    return End(Irp, STATUS_SUCCESS, 0);
}

static BOOLEAN NTAPI
FastControl(PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID Input, ULONG InputLength, PVOID Output,
            ULONG OutputLength, ULONG Code, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    LASTING_END How;

    if (Code != LASTING_FAST || InputLength < sizeof(How)) {
        return FALSE;
    }
    __try { /* the caller's own buffers */
        How = *(LASTING_END *)Input;
        RtlFillMemory(Output, min(How.Information, OutputLength), 0x5A);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        How.Status = GetExceptionCode();
    }
    IoStatus->Status = How.Status;
    IoStatus->Information = How.Information;
    return TRUE;
}

static FAST_IO_DISPATCH FastIo = {.SizeOfFastIoDispatch = sizeof(FastIo),
                                  .FastIoDeviceControl = FastControl};

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    IoDeleteDevice(Device);
}

static VOID
Begins(VOID)
{
    EXPECT((Device->Flags & DO_BUFFERED_IO) != 0);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Begins)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestLasting");

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->FastIoDispatch = &FastIo;
    DriverObject->DriverUnload = Unload;
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, OnTime, NULL);
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    Device->Flags |= DO_BUFFERED_IO;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
