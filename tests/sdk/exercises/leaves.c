/*
 * leaves.c - leaves a bug check callback, pool, a symbolic link and a handle behind when it is unloaded.
 */
#include <ntddk.h>

static KBUGCHECK_CALLBACK_RECORD Record;

static VOID
OnBugCheck(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
}

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Event = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\LeavesEvent");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Leaves");
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\Device\\Null");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    KeInitializeCallbackRecord(&Record);
    KeRegisterBugCheckCallback(&Record, OnBugCheck, &Record, sizeof(Record), (PUCHAR) "leaves");
    ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'vaeL');
    IoCreateSymbolicLink(&Link, &Target);
    InitializeObjectAttributes(&Attributes, &Event, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    ZwClose(Handle);
    return ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
}
