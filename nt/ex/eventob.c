/*
 * eventob.c - event objects: handles to KEVENTs.
 *
 * Facts: the DDI pages of ZwCreateEvent, ZwOpenEvent, ZwSetEvent, ZwClearEvent, IoCreateNotificationEvent.
 */
#include "exp.h"

#define EVENT_QUERY_STATE_ 1

typedef struct _EVENT_BASIC_INFORMATION_ {
    EVENT_TYPE EventType;
    LONG EventState;
} EXP_EVENT_BASIC_INFORMATION;

static const GENERIC_MAPPING ExpEventMapping = {
    STANDARD_RIGHTS_READ | EVENT_QUERY_STATE_, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS};
static const OB_METHODS ExpEventMethods;

VOID
ExpInitializeEvents(VOID)
{
    NTSTATUS Status = ObpCreateType(L"Event", &ExpEventMethods, &ExpEventMapping, EVENT_ALL_ACCESS,
                                    sizeof(KEVENT), 0, &ExEventObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    ExEventObjectType = (POBJECT_TYPE *)ExEventObjectTypeP;
}

NTSTATUS NTAPI
NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
              EVENT_TYPE EventType, BOOLEAN InitialState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKEVENT Event;
    NTSTATUS Status = ExpProbeHandle(EventHandle, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (EventType != NotificationEvent && EventType != SynchronizationEvent) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObCreateObject(Mode, ExEventObjectTypeP, ObjectAttributes, Mode, NULL, sizeof(*Event),
                            0, 0, (PVOID *)&Event);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(Event, EventType, InitialState);
    return ObpInsertFor(Event, DesiredAccess, EventHandle, Mode);
}

NTSTATUS NTAPI
NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(EventHandle, DesiredAccess, ObjectAttributes, ExEventObjectTypeP);
}

static NTSTATUS
ExpReferenceEvent(HANDLE Handle, ACCESS_MASK Access, PKEVENT *Event)
{
    return ObReferenceObjectByHandle(Handle, Access, ExEventObjectTypeP, KiPreviousMode(),
                                     (PVOID *)Event, NULL);
}

NTSTATUS NTAPI
NtSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKEVENT Event;
    LONG Previous;
    NTSTATUS Status = ExpProbeResult(PreviousState, sizeof(LONG), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = KeSetEvent(Event, EVENT_INCREMENT, FALSE);
    ObDereferenceObject(Event);
    ExpStoreLong(PreviousState, Previous, Mode);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtResetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKEVENT Event;
    LONG Previous;
    NTSTATUS Status = ExpProbeResult(PreviousState, sizeof(LONG), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = KeResetEvent(Event);
    ObDereferenceObject(Event);
    ExpStoreLong(PreviousState, Previous, Mode);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtClearEvent(HANDLE EventHandle)
{
    PKEVENT Event;
    NTSTATUS Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);

    if (NT_SUCCESS(Status)) {
        KeClearEvent(Event);
        ObDereferenceObject(Event);
    }
    return Status;
}

NTSTATUS NTAPI
NtPulseEvent(HANDLE EventHandle, PLONG PreviousState)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKEVENT Event;
    LONG Previous;
    NTSTATUS Status = ExpProbeResult(PreviousState, sizeof(LONG), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Previous = KePulseEvent(Event, EVENT_INCREMENT, FALSE);
    ObDereferenceObject(Event);
    ExpStoreLong(PreviousState, Previous, Mode);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryEvent(HANDLE EventHandle, ULONG EventInformationClass, PVOID EventInformation, ULONG Length,
             PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    EXP_EVENT_BASIC_INFORMATION Information;
    ULONG Bytes = sizeof(Information);
    PKEVENT Event;
    NTSTATUS Status;

    if (EventInformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Information)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ExpReferenceEvent(EventHandle, EVENT_QUERY_STATE_, &Event);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.EventType = (Event->Header.Type & 0x7F) == KiObjEventSynchronization
                                ? SynchronizationEvent
                                : NotificationEvent;
    Information.EventState = KeReadStateEvent(Event);
    ObDereferenceObject(Event);
    Status = ExpCopyOut(EventInformation, &Information, sizeof(Information), Mode);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = ExpCopyOut(ReturnLength, &Bytes, sizeof(Bytes), Mode);
    }
    return Status;
}

static PKEVENT
ExpCreateNamedEvent(PUNICODE_STRING EventName, PHANDLE EventHandle, EVENT_TYPE Type)
{
    OBJECT_ATTRIBUTES Attributes;
    PKEVENT Event;
    HANDLE Handle;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, EventName, OBJ_OPENIF | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, Type, TRUE);
    if (!NT_SUCCESS(Status)) {
        return NULL;
    }
    Status =
        ObReferenceObjectByHandle(Handle, 0, ExEventObjectTypeP, KernelMode, (PVOID *)&Event, NULL);
    ASSERT(NT_SUCCESS(Status));
    ObDereferenceObject(Event); /* the handle keeps it */
    *EventHandle = Handle;
    return Event;
}

/* "creates (or opens) a named event ... the event is initially signaled" */
PKEVENT NTAPI
IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return ExpCreateNamedEvent(EventName, EventHandle, NotificationEvent);
}

PKEVENT NTAPI
IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return ExpCreateNamedEvent(EventName, EventHandle, SynchronizationEvent);
}
