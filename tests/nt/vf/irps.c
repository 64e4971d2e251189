/*
 * irps.c - what a dispatch routine may do with its request and return: every combination, against a model of it.
 *
 * A routine completes its request, keeps it, lets another thread complete it, or sends it on; has marked it pending or not; and returns a
 * status. What is wrong with that is a rule of the verifier, here of severity warning, so that the run goes on. Each combination is a routine of its own,
 * for a rule is told once for each place. `judged: ROUTINE RULE` says what the model expects; judged.py compares.
 * [wdm: "Returning status from dispatch routines", IoMarkIrpPending, IoCompleteRequest, IoCallDriver; docs/rules]
 */
#include <ntifs.h>
#include "numbered.h"

enum { COMPLETES, KEEPS, OTHER_COMPLETES, SKIPS, COPIES };

#define ENTRY IRP_MJ_SYSTEM_CONTROL /* as which each of them is called; no other request is one */

typedef struct _CASE {
    UCHAR Action;
    BOOLEAN Marks, Cancelable;
    UCHAR Major; /* that it is sent on as, or that it has for its completion */
    KIRQL Irql;
    NTSTATUS Completed, Lower, Returned;
    ULONG Code, Room, Information;
} CASE;

static CASE Case[160];
static ULONG Count, Current;
static PDEVICE_OBJECT Top, Bottom;
static KEVENT Wake, Done;
static PIRP Given;
static BOOLEAN Ends;

static VOID NTAPI
Cancelled(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

static VOID NTAPI
Other(PVOID Context)
{
    for (;;) {
        KeWaitForSingleObject(&Wake, Executive, KernelMode, FALSE, NULL);
        if (Ends) {
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        Given->IoStatus.Status = STATUS_SUCCESS;
        IoCompleteRequest(Given, IO_NO_INCREMENT);
        KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
    }
}

static inline __attribute__((always_inline)) NTSTATUS
Act(ULONG Number, PIRP Irp)
{
    const CASE *This = &Case[Number];
    PIO_STACK_LOCATION Next, Stack = IoGetCurrentIrpStackLocation(Irp);
    KIRQL Irql;

    if (This->Marks) {
        IoMarkIrpPending(Irp);
    }
    switch (This->Action) {
    case COMPLETES:
        Stack->MajorFunction = This->Major;
        Stack->Parameters.DeviceIoControl.IoControlCode = This->Code;
        Stack->Parameters.DeviceIoControl.OutputBufferLength = This->Room;
        if (This->Major == IRP_MJ_READ) {
            Stack->Parameters.Read.Length = This->Room;
        }
        if (This->Cancelable) {
            (void)IoSetCancelRoutine(Irp, Cancelled);
        }
        Irp->IoStatus.Status = This->Completed;
        Irp->IoStatus.Information = This->Information;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        break;
    case OTHER_COMPLETES:
        Given = Irp;
        KeSetEvent(&Wake, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        break;
    case SKIPS:
    case COPIES:
        if (This->Action == SKIPS) {
            IoSkipCurrentIrpStackLocation(Irp);
        } else {
            IoCopyCurrentIrpStackLocationToNext(Irp);
        }
        Next = IoGetNextIrpStackLocation(Irp);
        Next->MajorFunction = This->Major;
        if (This->Cancelable) {
            (void)IoSetCancelRoutine(Irp, Cancelled);
        }
        KeRaiseIrql(This->Irql, &Irql);
        (void)IoCallDriver(Bottom, Irp);
        KeLowerIrql(Irql);
        break;
    }
    return This->Returned;
}

#define ONE(n)                                                                                     \
    static NTSTATUS NTAPI D##n(PDEVICE_OBJECT Device, PIRP Irp)                                    \
    {                                                                                              \
        return Act(1##n - 1000, Irp);                                                              \
    }
#define NAME(n) {"D" #n, D##n},
#define ALL(x)  x(00) x(01) x(02) x(03) x(04) x(05) x(06) x(07) x(08) x(09) x(10) x(11)
ALL(TEN)
static const struct {
    const char *Name;
    PDRIVER_DISPATCH Routine;
} Routines[] = {ALL(NAMES)};

/* The driver below does what is right. */
static NTSTATUS NTAPI
Below(PDEVICE_OBJECT Device, PIRP Irp)
{
    NTSTATUS Status = Case[Current].Lower;

    (void)IoSetCancelRoutine(Irp, NULL);
    if (Status == STATUS_PENDING) {
        IoMarkIrpPending(Irp);
        return STATUS_PENDING;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Gone)
{
    *(PBOOLEAN)Gone = TRUE;
    (void)IoSetCancelRoutine(Irp, NULL);
    IoFreeIrp(Irp);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID
Send(PDRIVER_OBJECT Driver)
{
    PIRP Irp = IoAllocateIrp(3, FALSE);
    PIO_STACK_LOCATION Next = IoGetNextIrpStackLocation(Irp);
    BOOLEAN Gone = FALSE;

    Driver->MajorFunction[ENTRY] = Routines[Current].Routine;
    Next->MajorFunction = ENTRY;
    IoSetCompletionRoutine(Irp, Completed, &Gone, TRUE, TRUE, TRUE);
    (void)IoCallDriver(Top, Irp);
    if (!Gone) {
        Irp->IoStatus.Status = STATUS_SUCCESS;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
}

/* ---- the model ---- */

static VOID
Judged(const char *Rule)
{
    DbgPrint("judged: %s %s\n", Routines[Current].Name, Rule);
}

/* What the I/O manager will copy out of a buffer, or says is in it. */
static BOOLEAN
HasRoom(const CASE *This)
{
    return (This->Major == IRP_MJ_DEVICE_CONTROL &&
            METHOD_FROM_CTL_CODE(This->Code) == METHOD_BUFFERED) ||
           This->Major == IRP_MJ_READ;
}

static BOOLEAN
MayBeSentAtDispatch(UCHAR Major)
{
    return Major == IRP_MJ_READ || Major == IRP_MJ_WRITE || Major == IRP_MJ_DEVICE_CONTROL ||
           Major == IRP_MJ_INTERNAL_DEVICE_CONTROL || Major == IRP_MJ_POWER;
}

static VOID
JudgeCompletion(const CASE *This)
{
    if (This->Cancelable) {
        Judged("CancelRoutineSet");
    }
    if (This->Completed == STATUS_PENDING || This->Completed == -1) {
        Judged("CompleteRequestStatusCheck");
    }
    if (HasRoom(This) && NT_SUCCESS(This->Completed) && This->Information > This->Room) {
        Judged("IrpInformation");
    }
}

static VOID
Judge(const CASE *This)
{
    BOOLEAN Pending = This->Returned == STATUS_PENDING;

    if (This->Action == COMPLETES) {
        JudgeCompletion(This);
    }
    if (This->Action >= SKIPS && This->Cancelable) {
        Judged("CancelRoutineSet");
    }
    if (This->Action >= SKIPS && This->Irql >= DISPATCH_LEVEL &&
        !MayBeSentAtDispatch(This->Major)) {
        Judged("ForwardedAtBadIrql");
    }
    if (This->Marks) {
        if (!Pending) {
            Judged("MarkIrpPending");
        }
    } else if (This->Action >= SKIPS) {
        if (This->Returned != This->Lower) {
            Judged("LowerDriverReturn");
        }
    } else if (Pending) {
        Judged(This->Action == COMPLETES ? "PendedCompletedRequest" : "MarkIrpPending2");
    } else if (This->Action == KEEPS) {
        Judged("IrpProcessingComplete");
    } else if (This->Action == COMPLETES &&
               NT_SUCCESS(This->Returned) != NT_SUCCESS(This->Completed) &&
               This->Completed != STATUS_PENDING && This->Completed != -1) {
        Judged("CompleteRequestStatusCheck");
    }
}

/* ---- the cases ---- */

static VOID
Add(CASE This)
{
    if (Count < RTL_NUMBER_OF(Routines)) {
        Case[Count] = This;
    }
    Count++;
}

static VOID
Fill(VOID)
{
    static const NTSTATUS Outcomes[] = {STATUS_SUCCESS, STATUS_UNSUCCESSFUL, STATUS_PENDING};
    static const UCHAR Majors[] = {IRP_MJ_READ,
                                   IRP_MJ_WRITE,
                                   IRP_MJ_FLUSH_BUFFERS,
                                   IRP_MJ_DEVICE_CONTROL,
                                   IRP_MJ_INTERNAL_DEVICE_CONTROL,
                                   IRP_MJ_SHUTDOWN,
                                   IRP_MJ_POWER,
                                   IRP_MJ_QUERY_INFORMATION};
    static const UCHAR Methods[] = {METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_NEITHER};

    for (ULONG i = 0; i < 6; i++) {
        BOOLEAN Marks = (BOOLEAN)(i % 2);
        NTSTATUS Returned = Outcomes[i / 2];

        Add((CASE){.Action = COMPLETES,
                   .Major = IRP_MJ_WRITE,
                   .Marks = Marks,
                   .Returned = Returned,
                   .Completed = STATUS_SUCCESS});
        Add((CASE){.Action = COMPLETES,
                   .Major = IRP_MJ_WRITE,
                   .Marks = Marks,
                   .Returned = Returned,
                   .Completed = STATUS_UNSUCCESSFUL});
        Add((CASE){.Action = KEEPS, .Marks = Marks, .Returned = Returned});
        Add((CASE){.Action = OTHER_COMPLETES, .Marks = Marks, .Returned = Returned});
        for (ULONG k = 0; k < 3; k++) {
            Add((CASE){.Action = COPIES,
                       .Major = IRP_MJ_WRITE,
                       .Marks = Marks,
                       .Returned = Returned,
                       .Lower = Outcomes[k]});
            if (!Marks) {
                Add((CASE){.Action = SKIPS,
                           .Major = IRP_MJ_WRITE,
                           .Returned = Returned,
                           .Lower = Outcomes[k]});
            }
        }
    }
    Add((CASE){.Action = COMPLETES, .Major = IRP_MJ_WRITE, .Cancelable = TRUE});
    Add((CASE){.Action = COPIES, .Major = IRP_MJ_WRITE, .Cancelable = TRUE});
    Add((CASE){.Action = SKIPS, .Major = IRP_MJ_WRITE, .Cancelable = TRUE});
    Add((CASE){.Action = COMPLETES, .Major = IRP_MJ_WRITE, .Completed = STATUS_PENDING});
    Add((CASE){.Action = COMPLETES,
               .Major = IRP_MJ_WRITE,
               .Completed = -1,
               .Returned = STATUS_UNSUCCESSFUL});
    for (ULONG i = 0; i < RTL_NUMBER_OF(Majors); i++) {
        Add((CASE){.Action = COPIES, .Major = Majors[i], .Irql = APC_LEVEL});
        Add((CASE){.Action = COPIES, .Major = Majors[i], .Irql = DISPATCH_LEVEL});
    }
    for (ULONG i = 0; i < 3; i++) {
        for (ULONG k = 0; k < RTL_NUMBER_OF(Methods); k++) {
            Add((CASE){.Action = COMPLETES,
                       .Major = IRP_MJ_DEVICE_CONTROL,
                       .Code = CTL_CODE(0x22, 0x800, Methods[k], 0),
                       .Room = 8,
                       .Information = 7 + i});
        }
        Add((CASE){.Action = COMPLETES, .Major = IRP_MJ_READ, .Room = 8, .Information = 7 + i});
        Add((CASE){.Action = COMPLETES, .Major = IRP_MJ_WRITE, .Room = 8, .Information = 7 + i});
    }
    Add((CASE){.Action = COMPLETES,
               .Major = IRP_MJ_READ,
               .Room = 8,
               .Information = 9,
               .Completed = STATUS_UNSUCCESSFUL,
               .Returned = STATUS_UNSUCCESSFUL});
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    IoDetachDevice(Bottom);
    IoDeleteDevice(Top);
    IoDeleteDevice(Bottom);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PVOID Thread;
    HANDLE Handle;
    OBJECT_ATTRIBUTES Attributes;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Below;
    }
    Driver->DriverUnload = Unload;
    KeInitializeEvent(&Wake, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Bottom);
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Top);
    (void)IoAttachDeviceToDeviceStack(Top, Bottom);
    (void)PsCreateSystemThread(&Handle, SYNCHRONIZE, &Attributes, NULL, NULL, Other, NULL);
    (void)ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    Fill();
    for (Current = 0; Current < Count && Current < RTL_NUMBER_OF(Routines); Current++) {
        Judge(&Case[Current]);
        Send(Driver);
    }
    Ends = TRUE;
    KeSetEvent(&Wake, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
    DbgPrint("judged %u of %u\n", min(Count, RTL_NUMBER_OF(Routines)), Count);
    return STATUS_SUCCESS;
}
