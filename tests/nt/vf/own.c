/*
 * own.c - requests that a driver makes itself, remove locks and events that the I/O manager signals: each right way and each wrong one that a run survives, against a
 * table drawn at random.
 *
 * The requests go to the driver's own device. Each case has a routine of its own, for a rule is told once for each place; of a dispatch routine that returns the name of
 * the routine that took the lock is told. `judged: ROUTINE RULE`: judged.py.
 * [wdm: IoAllocateIrp, IoBuildAsynchronousFsdRequest, IoBuildDeviceIoControlRequest, IoReuseIrp, IoAcquireRemoveLock; docs/rules: IoAllocateForward, IoReuseIrp,
 * IoBuildDeviceIoControlSetEvent, IoSetCompletionRoutineExCheckDeviceObject, RemoveLock, RemoveLockWait]
 */
#include <ntifs.h>
#include "numbered.h"

#define SEED 12
#include "../draw.h"

#define CASES 200

enum { SENDS, REUSES, SIGNALS, SETS_EX, LOCKS, WAITS, KINDS };

typedef struct _CASE {
    UCHAR Kind, Made; /* 0: allocated, 1: built to be freed, 2: built to be waited for */
    UCHAR Routine;    /* which outcomes it is called for: SL_INVOKE_ON_... */
    UCHAR Times;      /* a lock is acquired, and released less Left */
    UCHAR Left, Other;
} CASE;

static CASE Case[CASES];
static PDEVICE_OBJECT Device, Second, Another;
static PFILE_OBJECT AnothersFile;
static IO_REMOVE_LOCK Lock;
static ULONG Current;
static volatile LONG Ended;

static NTSTATUS NTAPI
Complete(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Ended++;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* Made by whoever wants to know: in the routine of its case. */
static inline __attribute__((always_inline)) PIRP
Make(const CASE *This, PKEVENT Event, PIO_STATUS_BLOCK Iosb)
{
    LARGE_INTEGER Offset = {.QuadPart = 0};
    PIRP Irp;

    if (This->Made == 1) {
        return IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Device, NULL, 0, &Offset, NULL);
    }
    if (This->Made == 2) {
        return IoBuildDeviceIoControlRequest(0x222000, Device, NULL, 0, NULL, 0, FALSE, Event,
                                             Iosb);
    }
    Irp = IoAllocateIrp(Device->StackSize, FALSE);
    if (Irp != NULL) {
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    }
    return Irp;
}

static inline __attribute__((always_inline)) VOID
Act(const CASE *This, BOOLEAN InDispatch)
{
    IO_STATUS_BLOCK Iosb;
    KEVENT Event, Own;
    LONG Before;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Own, NotificationEvent, FALSE);
    if (InDispatch != (This->Kind >= LOCKS)) {
        return;
    }
    switch (This->Kind) {
    case SENDS:
        Irp = Make(This, &Event, &Iosb);
        if (This->Routine != 0 && This->Made != 2) {
            IoSetCompletionRoutine(Irp, Complete, NULL, (This->Routine & 1) != 0,
                                   (This->Routine & 2) != 0, (This->Routine & 4) != 0);
        }
        Before = Ended;
        IoCallDriver(Device, Irp);
        if (Ended != Before) { /* else it has gone, or went with what has ended it */
            IoFreeIrp(Irp);
        }
        break;
    case REUSES:
        Irp = Make(This, &Event, &Iosb);
        if (This->Made != 2) {
            IoReuseIrp(Irp, STATUS_SUCCESS);
            IoFreeIrp(Irp);
        } else {
            IoCallDriver(Device, Irp);
        }
        break;
    case SIGNALS:
        Irp = Make(This, &Event, &Iosb);
        KeSetEvent(This->Other ? &Own : &Event, 0, FALSE);
        if (This->Made == 2) {
            IoCallDriver(Device, Irp);
        } else {
            IoFreeIrp(Irp);
        }
        break;
    case SETS_EX:
        Irp = Make(This, &Event, &Iosb);
        if (This->Made != 2) {
            IoSetCompletionRoutineEx(This->Other == 0   ? Device
                                     : This->Other == 1 ? Second
                                                        : Another,
                                     Irp, Complete, NULL, TRUE, TRUE, TRUE);
            IoCallDriver(Device, Irp);
            IoFreeIrp(Irp);
        } else {
            IoCallDriver(Device, Irp);
        }
        break;
    case LOCKS:
        for (ULONG i = 0; i < This->Times; i++) {
            (void)IoAcquireRemoveLock(&Lock, NULL);
        }
        for (ULONG i = This->Left; i < This->Times; i++) {
            IoReleaseRemoveLock(&Lock, NULL);
        }
        break;
    case WAITS:
        (void)IoAcquireRemoveLock(&Lock, NULL);
        if (This->Other) {
            IoReleaseRemoveLockAndWait(&Lock, NULL);
            IoInitializeRemoveLock(&Lock, 'nwOJ', 0, 0);
        } else {
            IoReleaseRemoveLock(&Lock, NULL);
        }
        break;
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID O##n(BOOLEAN InDispatch)                                 \
    {                                                                                              \
        Act(&Case[1##n - 1000], InDispatch);                                                       \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }
#define NAME(n)    {"O" #n, O##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TENS(TEN, 1)
static const struct {
    const char *Name;
    VOID (*Routine)(BOOLEAN InDispatch);
} Routines[CASES] = {TENS(NAMES, 0) TENS(NAMES, 1)};

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    if (Major == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
        Routines[Current].Routine(TRUE);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID
Say(ULONG Number, const char *Rule, BOOLEAN Judged)
{
    if (Judged) {
        DbgPrint("judged: %s %s\n", Routines[Number].Name, Rule);
    }
}

static VOID
Judge(ULONG Number)
{
    const CASE *This = &Case[Number];

    switch (This->Kind) {
    case SENDS:
        Say(Number, "IoAllocateForward", This->Made != 2 && This->Routine == 0);
        break;
    case REUSES:
        Say(Number, "IoReuseIrp", This->Made == 1);
        break;
    case SIGNALS:
        Say(Number, "IoBuildDeviceIoControlSetEvent", This->Made == 2 && !This->Other);
        break;
    case SETS_EX:
        Say(Number, "IoSetCompletionRoutineExCheckDeviceObject",
            This->Made != 2 && This->Other == 2);
        break;
    case LOCKS:
        Say(Number, "RemoveLock", This->Left != 0);
        break;
    case WAITS:
        Say(Number, "RemoveLockWait", This->Other != 0);
        break;
    }
}

/* A request in whose dispatch routine the case is. */
static VOID
Request(VOID)
{
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(0x222004, Device, NULL, 0, NULL, 0, TRUE, &Event, &Iosb);
    if (Irp != NULL) {
        IoCallDriver(Device, Irp);
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    ObDereferenceObject(AnothersFile);
    IoDeleteDevice(Second);
    IoDeleteDevice(Device);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Null = RTL_CONSTANT_STRING(L"\\Device\\Null");

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->DriverUnload = Unload;
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second);
    (void)IoGetDeviceObjectPointer(&Null, FILE_READ_DATA, &AnothersFile, &Another);
    IoInitializeRemoveLock(&Lock, 'nwOJ', 0, 0);
    for (ULONG i = 0; i < CASES; i++) {
        CASE *This = &Case[i];

        This->Kind = (UCHAR)Any(KINDS);
        This->Made = (UCHAR)Any(3);
        This->Routine = (UCHAR)(Any(2) == 0 ? 0 : Any(2) == 0 ? 7 : 1);
        This->Times = (UCHAR)Any(4);
        This->Left = (UCHAR)(Any(2) == 0 ? 0 : Any(This->Times + 1u));
        This->Other = (UCHAR)Any(This->Kind == SETS_EX ? 3 : 2);
        Current = i;
        Judge(i);
        if (This->Kind >= LOCKS) {
            Request();
            for (ULONG k = 0; k < This->Left && This->Kind == LOCKS; k++) {
                IoReleaseRemoveLock(&Lock, NULL);
            }
        } else {
            Routines[i].Routine(FALSE);
        }
    }
    DbgPrint("judged %u of %u\n", CASES, CASES);
    return STATUS_SUCCESS;
}
