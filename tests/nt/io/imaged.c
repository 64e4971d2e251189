/*
 * imaged.c - a driver that is copied and changed by its client (image-client.c): it writes Mark to its service key.
 */
#include "../ntlab-test.h"

const volatile ULONG Mark[3] = {0x4B52414D, 0x4C41544E, 41};

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG Value = Mark[2];

    DriverObject->DriverUnload = Unload;
    return RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, RegistryPath->Buffer, L"Mark", REG_DWORD,
                                 &Value, sizeof(Value));
}
