/*
 * badobject.c - misuse that Windows ends with a bugcheck. [BC:18], [BC:93]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE,
                                      BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwSetInformationObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG);

static OBJECT_ATTRIBUTES Kernel = {.Length = sizeof(Kernel), .Attributes = OBJ_KERNEL_HANDLE};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE Handle;
    PVOID Event;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
#if CASE == 1
    ZwClose(Handle);
    ObDereferenceObject(Event);
    ObDereferenceObject(Event); /* one too many */
#elif CASE == 2
    ZwClose(Handle);
    ZwClose(Handle);
#elif CASE == 3
    UCHAR Flags[2] = {0, 1};

    ZwSetInformationObject(Handle, 4, Flags, sizeof(Flags));
    ZwClose(Handle);
#elif CASE == 4
    ObDereferenceObject(Event);
    ObDereferenceObject(Event);
#endif
    return STATUS_SUCCESS;
}
