/*
 * apart.c - a driver that remembers an address of the first client's and reads it for the second one, in its context.
 *
 *     -DPROGRAM=1  as it comes: a fault
 *     -DPROGRAM=2  in __try; had it ever read what is the other's, it would crash
 *
 * A client of it sends control 0 and has another one beside it: on Windows, as here, the address means nothing there.
 */
#include <ntifs.h>

#define SECRET 0x5EC2E7

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Apart");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Apart");
static FAST_MUTEX Lock;
static volatile ULONG *Remembered;

static ULONG
Read(VOID)
{
#if PROGRAM == 2
    __try {
        return *Remembered;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return 0;
    }
#else
    return *Remembered;
#endif
}

static VOID
Control(VOID)
{
    PVOID Base = NULL;
    SIZE_T Size = PAGE_SIZE;

    ExAcquireFastMutex(&Lock);
    if (Remembered != NULL) {
        if (Read() == SECRET) {
            KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, 0, 0, 0, 0);
        }
    } else if (NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_COMMIT,
                                                  PAGE_READWRITE))) {
        Remembered = Base;
        *Remembered = SECRET;
    }
    ExReleaseFastMutex(&Lock);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Control();
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    ExInitializeFastMutex(&Lock);
    Status =
        IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return IoCreateSymbolicLink(&LinkName, &DeviceName);
}
