/*
 * judged.h - a device whose requests a program sends once each, by their numbers, which are function codes from 0x800 on. Who includes this defines DEVICE, its name,
 * and REQUESTS, how many there are; what is wrong with a request is said in front of it: `judged: ROUTINE RULE`, and in the end how many they were (judged.py).
 */
#ifndef TESTS_VF_JUDGED_H
#define TESTS_VF_JUDGED_H

#include <ntifs.h>

static PDEVICE_OBJECT Device;
static UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\" DEVICE);

/* REQUESTS or more: none of them. */
static ULONG
NumberOf(PIO_STACK_LOCATION Stack)
{
    return Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL
               ? (Stack->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xFFF) - 0x800
               : REQUESTS;
}

static VOID
SayWhetherLast(ULONG Number)
{
    if (Number == REQUESTS - 1) {
        DbgPrint("judged %u of %u\n", Number + 1, REQUESTS);
    }
}

static NTSTATUS
Complete(PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NTSTATUS
MakeDevice(PDRIVER_OBJECT Driver, PDRIVER_DISPATCH Dispatch, PDRIVER_UNLOAD Unload)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\" DEVICE);

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->DriverUnload = Unload;
    (void)IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                         &Device);
    return IoCreateSymbolicLink(&Link, &Name);
}

static VOID NTAPI
DeleteDevice(PDRIVER_OBJECT Driver)
{
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Device);
}

#endif
