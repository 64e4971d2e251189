/*
 * kept.c - forgets an entry of the error log, which refers to its driver object: the image stays when the driver is unloaded.
 */
#include <ntddk.h>

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    IoAllocateErrorLogEntry(DriverObject, sizeof(IO_ERROR_LOG_PACKET));
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
