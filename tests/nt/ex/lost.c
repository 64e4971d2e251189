/*
 * lost.c - the suite's own check, that a run which is clean leaves nothing of the kernel's pool behind that nobody can reach: here an event whose
 * reference is forgotten. The object lives as long as somebody holds a reference. [DDI:wdm/obreferenceobjectbyhandle].
 */
#include "../ntlab-test.h"

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    PVOID Event;

    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(Handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, &Event,
                              NULL);
    ZwClose(Handle);
    return STATUS_SUCCESS;
}
