/*
 * echo.c - the driver behind io's clients: three devices, one for each transfer type, and the controls of echo.h.
 */
#include <ntifs.h>
#include "echo.h"

static LIST_ENTRY Pended;
static KSPIN_LOCK Lock;
static IO_CSQ Csq;
static ULONG Counts[4];
static UCHAR Store[3][4096];
static ULONG Stored[3];

typedef struct _LATER {
    KTIMER Timer;
    KDPC Dpc;
    PIRP Irp;
} LATER;

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
CsqInsert(PIO_CSQ Queue, PIRP Irp)
{
    InsertTailList(&Pended, &Irp->Tail.Overlay.ListEntry);
}
static VOID NTAPI
CsqRemove(PIO_CSQ Queue, PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}
static PIRP NTAPI
CsqPeek(PIO_CSQ Queue, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Next = Irp == NULL ? Pended.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    return Next == &Pended ? NULL : CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
}
static VOID NTAPI
CsqAcquire(PIO_CSQ Queue, PKIRQL Irql)
{
    KeAcquireSpinLock(&Lock, Irql);
}
static VOID NTAPI
CsqRelease(PIO_CSQ Queue, KIRQL Irql)
{
    KeReleaseSpinLock(&Lock, Irql);
}
static VOID NTAPI
CsqCancel(PIO_CSQ Queue, PIRP Irp)
{
    InterlockedIncrement((LONG *)&Counts[3]);
    Complete(Irp, STATUS_CANCELLED, 0);
}

static VOID NTAPI
LaterDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    LATER *Later = Context;
    PIRP Irp = Later->Irp;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Bytes = Stack->Parameters.DeviceIoControl.OutputBufferLength;

    ExFreePoolWithTag(Later, 'ohcE');
    for (ULONG i = 0; i < Bytes && i < Stack->Parameters.DeviceIoControl.InputBufferLength; i++) {
        ((PUCHAR)Irp->AssociatedIrp.SystemBuffer)[i]++;
    }
    Complete(Irp, STATUS_SUCCESS, Bytes);
}

static NTSTATUS
Control(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength,
          Out = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG Bytes = In < Out ? In : Out;
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer, Map;
    ULONG_PTR Sum = 0;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case ECHO_NOTHING:
        return Complete(Irp, STATUS_SUCCESS, 0);
    case ECHO_BUFFERED:
        for (ULONG i = 0; i < Bytes; i++) {
            Buffer[i]++;
        }
        return Complete(Irp, STATUS_SUCCESS, Bytes);
    case ECHO_IN_DIRECT:
        Map = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        for (ULONG i = 0; i < Out; i++) {
            Sum += Map[i];
        }
        return Complete(Irp, STATUS_SUCCESS, Sum);
    case ECHO_OUT_DIRECT:
        RtlFillMemory(MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority), Out,
                      Buffer[0]);
        return Complete(Irp, STATUS_SUCCESS, Out);
    case ECHO_NEITHER:
        __try {
            PUCHAR Source = Stack->Parameters.DeviceIoControl.Type3InputBuffer,
                   Target = Irp->UserBuffer;

            if (Irp->RequestorMode != KernelMode) {
                ProbeForRead(Source, In, 1);
                ProbeForWrite(Target, Out, 1);
            }
            for (ULONG i = 0; i < Bytes; i++) {
                Target[i] = Source[i] + 2;
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return Complete(Irp, GetExceptionCode(), 0);
        }
        return Complete(Irp, STATUS_SUCCESS, Bytes);
    case ECHO_BAD_POINTER:
        __try {
            *(volatile UCHAR *)Irp->UserBuffer = 1;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return Complete(Irp, GetExceptionCode(), 0);
        }
        return Complete(Irp, STATUS_SUCCESS, 0);
    case ECHO_PEND:
        IoCsqInsertIrp(&Csq, Irp, NULL);
        return STATUS_PENDING;
    case ECHO_RELEASE: {
        PIRP Oldest = IoCsqRemoveNextIrp(&Csq, NULL);

        if (Oldest == NULL) {
            return Complete(Irp, STATUS_NOT_FOUND, 0);
        }
        Complete(Oldest, In >= 4 ? *(NTSTATUS *)Buffer : STATUS_SUCCESS, 0);
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
    case ECHO_LATER: {
        LATER *Later = ExAllocatePoolWithTag(NonPagedPool, sizeof(LATER), 'ohcE');
        LARGE_INTEGER Due = {.QuadPart = -100000};

        KeInitializeTimer(&Later->Timer);
        KeInitializeDpc(&Later->Dpc, LaterDpc, Later);
        Later->Irp = Irp;
        IoMarkIrpPending(Irp);
        KeSetTimer(&Later->Timer, Due, &Later->Dpc);
        return STATUS_PENDING;
    }
    case ECHO_READ_ONLY:
    case ECHO_WRITE_ONLY:
        return Complete(Irp, STATUS_SUCCESS, 0);
    case ECHO_STATUS:
        return Complete(Irp, *(NTSTATUS *)Buffer, 4);
    case ECHO_COUNTS:
        if (Out < sizeof(Counts)) {
            return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        RtlCopyMemory(Buffer, Counts, sizeof(Counts));
        return Complete(Irp, STATUS_SUCCESS, sizeof(Counts));
    }
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Kind = *(PULONG)DeviceObject->DeviceExtension, Bytes;
    PUCHAR Data;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        InterlockedIncrement((LONG *)&Counts[0]);
        break;
    case IRP_MJ_CLEANUP:
        InterlockedIncrement((LONG *)&Counts[1]);
        break;
    case IRP_MJ_CLOSE:
        InterlockedIncrement((LONG *)&Counts[2]);
        break;
    case IRP_MJ_DEVICE_CONTROL:
        return Control(Irp, Stack);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        Bytes = Stack->Parameters.Read.Length;
        if (Stack->MajorFunction == IRP_MJ_READ && Bytes > Stored[Kind]) {
            Bytes = Stored[Kind];
        }
        if (Bytes > sizeof(Store[0])) {
            return Complete(Irp, STATUS_INVALID_PARAMETER, 0);
        }
        if (Bytes == 0) {
            return Complete(
                Irp, Stack->MajorFunction == IRP_MJ_READ ? STATUS_END_OF_FILE : STATUS_SUCCESS, 0);
        }
        Data = Kind == 0   ? Irp->AssociatedIrp.SystemBuffer
               : Kind == 1 ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                           : Irp->UserBuffer;
        __try {
            if (Stack->MajorFunction == IRP_MJ_READ) {
                RtlCopyMemory(Data, Store[Kind], Bytes);
            } else {
                RtlCopyMemory(Store[Kind], Data, Bytes);
                Stored[Kind] = Bytes;
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return Complete(Irp, GetExceptionCode(), 0);
        }
        return Complete(Irp, STATUS_SUCCESS, Bytes);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link;

    RtlInitUnicodeString(&Link, L"\\??\\IoEchoB");
    IoDeleteSymbolicLink(&Link);
    RtlInitUnicodeString(&Link, L"\\??\\IoEchoD");
    IoDeleteSymbolicLink(&Link);
    RtlInitUnicodeString(&Link, L"\\??\\IoEchoN");
    IoDeleteSymbolicLink(&Link);
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const struct {
        PCWSTR Device, Link;
        ULONG Flags;
    } Devices[] = {{L"\\Device\\IoEchoB", L"\\??\\IoEchoB", DO_BUFFERED_IO},
                   {L"\\Device\\IoEchoD", L"\\??\\IoEchoD", DO_DIRECT_IO},
                   {L"\\Device\\IoEchoN", L"\\??\\IoEchoN", 0}};
    UNICODE_STRING Name, Link;
    PDEVICE_OBJECT Device;

    InitializeListHead(&Pended);
    KeInitializeSpinLock(&Lock);
    IoCsqInitialize(&Csq, CsqInsert, CsqRemove, CsqPeek, CsqAcquire, CsqRelease, CsqCancel);
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    for (ULONG i = 0; i < 3; i++) {
        RtlInitUnicodeString(&Name, Devices[i].Device);
        RtlInitUnicodeString(&Link, Devices[i].Link);
        if (!NT_SUCCESS(
                IoCreateDevice(DriverObject, sizeof(ULONG), &Name, 0x8123, 0, FALSE, &Device))) {
            return STATUS_UNSUCCESSFUL;
        }
        *(PULONG)Device->DeviceExtension = i;
        Device->Flags |= Devices[i].Flags;
        IoCreateSymbolicLink(&Link, &Name);
    }
    return STATUS_SUCCESS;
}
