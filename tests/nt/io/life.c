/*
 * life.c - a driver whose service says in `Mode` how it begins and ends; life-client.c copies it and looks.
 *
 *     1 Unload leaves its device   2 DriverEntry makes a device and a link, asks to be called again, and fails
 *     3 asks to be called again, three times   4 asks for it as a boot driver
 */
#include <ntifs.h>

static ULONG Mode;
static WCHAR Path[200];
static PDEVICE_OBJECT Device;

static VOID
Say(PCWSTR Name, ULONG Value)
{
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, Name, REG_DWORD, &Value, sizeof(Value));
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    if (Mode != 1 && Device != NULL) {
        IoDeleteDevice(Device);
    }
}

static VOID NTAPI
Again(PDRIVER_OBJECT DriverObject, PVOID Context, ULONG Count)
{
    Say(L"Again", Count);
    Say(L"Initializing", Device != NULL && (Device->Flags & DO_DEVICE_INITIALIZING) != 0);
    Say(L"System", PsGetCurrentProcess() == PsInitialSystemProcess && KeGetCurrentIrql() == 0);
    if (Mode == 3 && Count < 3) {
        IoRegisterDriverReinitialization(DriverObject, Again, Context);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {
        {NULL, RTL_QUERY_REGISTRY_DIRECT, L"Mode", &Mode, REG_NONE, NULL, 0}};
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\LifeOfADriver"),
                   Target = RTL_CONSTANT_STRING(L"\\Device\\Nothing");

    RtlCopyMemory(Path, RegistryPath->Buffer, RegistryPath->Length);
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Path, Table, NULL, NULL);
    DriverObject->DriverUnload = Unload;
    if (Mode != 0) {
        IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
        Say(L"Entry", Device != NULL && (Device->Flags & DO_DEVICE_INITIALIZING) != 0);
    }
    if (Mode == 2) {
        IoCreateSymbolicLink(&Link, &Target);
        IoRegisterDriverReinitialization(DriverObject, Again, NULL);
        return STATUS_NO_MEMORY;
    }
    if (Mode == 3) {
        IoRegisterDriverReinitialization(DriverObject, Again, NULL);
    }
    if (Mode == 4) {
        IoRegisterBootDriverReinitialization(DriverObject, Again, NULL);
    }
    return STATUS_SUCCESS;
}
