/*
 * bug.h - what all drivers of this folder share: a device \Device\NtlabBug, reachable as \\.\NtlabBug, an unload routine,
 * and requests that go to BugRequest. A source file has one bug for each CASE; the line of it bears the comment
 * BUG(CASE), and the same code without it is CASE + 500: it must be found correct.
 */
#ifndef BUG_H
#define BUG_H

#include <ntifs.h>

#define BUG_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define BUG_NEITHER  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_NEITHER, FILE_ANY_ACCESS)
#define BUG_DIRECT   CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

typedef struct _BUG_EXTENSION {
    PDEVICE_OBJECT Lower;
    KSPIN_LOCK Lock;
    LIST_ENTRY Queue;
    PVOID Pointer;
} BUG_EXTENSION, *PBUG_EXTENSION;

#ifndef BUG_CHARACTERISTICS
#define BUG_CHARACTERISTICS 0
#endif

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT BugDevice;

/* Each source's own. Completes the IRP, or returns STATUS_PENDING. */
static NTSTATUS BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack);
static NTSTATUS BugStart(PDRIVER_OBJECT Driver);
static VOID BugStop(VOID);
#ifdef BUG_OWN_CLEANUP
static VOID BugCleanup(PDEVICE_OBJECT Device, PIRP Irp);
#endif

static inline NTSTATUS
BugFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI
BugDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->MajorFunction) {
    case IRP_MJ_CLEANUP:
#ifdef BUG_OWN_CLEANUP
        BugCleanup(Device, Irp);
#endif
        /* fall through */
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    default:
        return BugRequest(Device, Irp, Stack);
    }
}

static VOID NTAPI
BugUnload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabBug");

    BugStop();
#ifndef BUG_KEEPS_LINK
    IoDeleteSymbolicLink(&Link);
#endif
    IoDeleteDevice(BugDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabBug");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabBug");
    PBUG_EXTENSION Extension;
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        if (i == IRP_MJ_CREATE || i == IRP_MJ_CLOSE || i == IRP_MJ_CLEANUP || i == IRP_MJ_READ ||
            i == IRP_MJ_WRITE || i == IRP_MJ_DEVICE_CONTROL) {
            Driver->MajorFunction[i] = BugDispatch;
        }
    }
    Driver->DriverUnload = BugUnload;
    Status = IoCreateDevice(Driver, sizeof(BUG_EXTENSION), &Name, FILE_DEVICE_UNKNOWN,
                            BUG_CHARACTERISTICS, FALSE, &BugDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Extension = BugDevice->DeviceExtension;
    KeInitializeSpinLock(&Extension->Lock);
    InitializeListHead(&Extension->Queue);
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (NT_SUCCESS(Status)) {
        Status = BugStart(Driver);
        if (!NT_SUCCESS(Status)) {
            IoDeleteSymbolicLink(&Link);
        }
    }
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(BugDevice);
    }
    return Status;
}

#define HAS(Case)    (CASE == (Case))                         /* with the bug */
#define EITHER(Case) (CASE == (Case) || CASE == (Case) + 500) /* with or without */

#endif
