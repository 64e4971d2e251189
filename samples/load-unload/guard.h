/*
 * guard.h - between a minifilter (driver.c) and the driver that loads it (guard.c).
 */
#ifndef GUARD_H
#define GUARD_H

#include <ntifs.h>

#define GUARD_DEVICE  L"\\Device\\LoadUnloadGuard"
#define FILTER_DEVICE L"\\Device\\LoadUnloadFilter"

#define IOCTL_FILTER_REGISTER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_GUARD_WAIT      CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef NTSTATUS (*PREGISTER_ROUTINE)(PDRIVER_OBJECT DriverObject);

/* Exported by the guard. */
#ifdef MINIFILTER
#define GUARD_API __declspec(dllexport)
#else
#define GUARD_API __declspec(dllimport)
#endif
GUARD_API VOID NTAPI GuardSetRoutine(PREGISTER_ROUTINE Register, PDRIVER_OBJECT DriverObject);
GUARD_API VOID NTAPI GuardWait(VOID);

/* Opens the device, sends it a control code, and closes it again. */
static inline NTSTATUS
SendControl(PUNICODE_STRING Name, ULONG Code)
{
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT DeviceObject;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    Status = IoGetDeviceObjectPointer(Name, FILE_READ_DATA, &FileObject, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(Code, DeviceObject, NULL, 0, NULL, 0, FALSE, &Event, &Iosb);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        Status = IoCallDriver(DeviceObject, Irp);
        if (Status == STATUS_PENDING) {
            KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
            Status = Iosb.Status;
        }
    }
    ObDereferenceObject(FileObject);
    return Status;
}

#endif
