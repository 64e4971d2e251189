/*
 * etw.c - event tracing with nobody listening: providers register, no event is enabled.
 * [wdm: EtwRegister, EtwEventEnabled, EtwWrite]
 */
#include "nt/io/iop.h"
#include "nt/inc/left.h"

#define TAG_ETW 'RwtE'

typedef struct _IOP_PROVIDER {
    ULONG Tag;
    GUID Id;
    PETWENABLECALLBACK Callback;
    PVOID Context;
} IOP_PROVIDER, *PIOP_PROVIDER;

static BOOLEAN
IopIsProvider(REGHANDLE RegHandle)
{
    return RegHandle != 0 && ((PIOP_PROVIDER)(ULONG_PTR)RegHandle)->Tag == TAG_ETW;
}

static NTSTATUS
IopRegisterProvider(LPCGUID ProviderId, PETWENABLECALLBACK EnableCallback, PVOID CallbackContext,
                    PREGHANDLE RegHandle, PVOID Caller)
{
    PIOP_PROVIDER Provider;

    if (ProviderId == NULL || RegHandle == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Provider = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Provider), TAG_ETW);
    if (Provider == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Provider->Tag = TAG_ETW;
    Provider->Id = *ProviderId;
    Provider->Callback = EnableCallback;
    Provider->Context = CallbackContext;
    *RegHandle = (REGHANDLE)(ULONG_PTR)Provider;
    KiNoteMade("an event provider", Provider, Caller);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
EtwRegister(LPCGUID ProviderId, PETWENABLECALLBACK EnableCallback, PVOID CallbackContext,
            PREGHANDLE RegHandle)
{
    return IopRegisterProvider(ProviderId, EnableCallback, CallbackContext, RegHandle,
                               __builtin_return_address(0));
}

/* What WPP uses from Vista on. */
NTSTATUS NTAPI
EtwRegisterClassicProvider(LPCGUID ProviderGuid, ULONG Type, PVOID EnableCallback,
                           PVOID CallbackContext, PREGHANDLE RegHandle)
{
    return IopRegisterProvider(ProviderGuid, EnableCallback, CallbackContext, RegHandle,
                               __builtin_return_address(0));
}

NTSTATUS NTAPI
EtwUnregister(REGHANDLE RegHandle)
{
    PIOP_PROVIDER Provider = (PIOP_PROVIDER)(ULONG_PTR)RegHandle;

    if (!IopIsProvider(RegHandle)) {
        return STATUS_INVALID_HANDLE;
    }
    KiForgetMade(Provider);
    Provider->Tag = 0;
    ExFreePoolWithTag(Provider, TAG_ETW);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
EtwEventEnabled(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor)
{
    return FALSE;
}

BOOLEAN NTAPI
EtwProviderEnabled(REGHANDLE RegHandle, UCHAR Level, ULONGLONG Keyword)
{
    return FALSE;
}

static NTSTATUS
IopWriteEvent(REGHANDLE RegHandle)
{
    return IopIsProvider(RegHandle) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI
EtwWrite(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, LPCGUID ActivityId,
         ULONG UserDataCount, PEVENT_DATA_DESCRIPTOR UserData)
{
    return IopWriteEvent(RegHandle);
}

NTSTATUS NTAPI
EtwWriteEx(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, ULONG64 Filter, ULONG Flags,
           LPCGUID ActivityId, LPCGUID RelatedActivityId, ULONG UserDataCount,
           PEVENT_DATA_DESCRIPTOR UserData)
{
    return IopWriteEvent(RegHandle);
}

NTSTATUS NTAPI
EtwWriteTransfer(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, LPCGUID ActivityId,
                 LPCGUID RelatedActivityId, ULONG UserDataCount, PEVENT_DATA_DESCRIPTOR UserData)
{
    return IopWriteEvent(RegHandle);
}

NTSTATUS NTAPI
EtwWriteString(REGHANDLE RegHandle, UCHAR Level, ULONGLONG Keyword, LPCGUID ActivityId,
               PCWSTR String)
{
    return IopWriteEvent(RegHandle);
}

NTSTATUS NTAPI
EtwSetInformation(REGHANDLE RegHandle, ULONG InformationClass, PVOID EventInformation,
                  ULONG InformationLength)
{
    return IopWriteEvent(RegHandle);
}

/* [wdm: EtwActivityIdControl] The id belongs to the thread; a new one follows from its name and a count. */
NTSTATUS NTAPI
EtwActivityIdControl(ULONG ControlCode, LPGUID ActivityId)
{
    PGUID Current = &PspCurrentThread()->ActivityId;
    GUID Old = *Current, New = {};

    New.Data1 = KiAgent()->Name;
    switch (ControlCode) {
    case EVENT_ACTIVITY_CTRL_GET_ID:
        *ActivityId = *Current;
        return STATUS_SUCCESS;
    case EVENT_ACTIVITY_CTRL_SET_ID:
        *Current = *ActivityId;
        return STATUS_SUCCESS;
    case EVENT_ACTIVITY_CTRL_CREATE_ID:
        New.Data2 = (USHORT)++KiAgent()->Objects;
        *ActivityId = New;
        return STATUS_SUCCESS;
    case EVENT_ACTIVITY_CTRL_GET_SET_ID:
        *Current = *ActivityId;
        *ActivityId = Old;
        return STATUS_SUCCESS;
    case EVENT_ACTIVITY_CTRL_CREATE_SET_ID:
        New.Data2 = (USHORT)++KiAgent()->Objects;
        *Current = New;
        *ActivityId = Old;
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}
