/*
 * optin.c - which pool NonPagedPool is, before and after ExInitializeDriverRuntime: it depends on the project's definitions.
 */
#include <ntddk.h>

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    POOL_TYPE Before = NonPagedPool;

    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    DbgPrint("optin: %d %d\n", Before, NonPagedPool);
#ifndef POOL_NX_OPTIN
    switch (Before) { /* a constant where nobody opts in */
    case NonPagedPool:
        DbgPrint("optin: a constant\n");
        break;
    default:
        break;
    }
#endif
    return STATUS_SUCCESS;
}
