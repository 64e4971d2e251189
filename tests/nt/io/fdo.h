/*
 * fdo.h - a function driver that makes one device for its PDO, and is tested when that has been started.
 */
#ifndef TESTS_IO_FDO_H
#define TESTS_IO_FDO_H

#include "io-test.h"

static PDEVICE_OBJECT Pdo, Fdo, LowerDevice;

static NTSTATUS NTAPI
AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
    NTSTATUS Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &Fdo);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Pdo = PhysicalDeviceObject;
    LowerDevice = IoAttachDeviceToDeviceStack(Fdo, Pdo);
    Fdo->Flags |= DO_POWER_PAGABLE;
    Fdo->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Driver = DriverObject;
    DriverObject->DriverUnload = IoTestUnload;
    DriverObject->DriverExtension->AddDevice = AddDevice;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    return STATUS_SUCCESS;
}

#endif
