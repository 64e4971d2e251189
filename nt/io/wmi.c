/*
 * wmi.c - WMI and WPP with nobody listening: registrations are kept, events go nowhere.
 * [wdm: IoWMIRegistrationControl, IoWMIWriteEvent]
 */
#include "nt/io/iop.h"

NTSTATUS NTAPI
IoWMIRegistrationControl(PDEVICE_OBJECT DeviceObject, ULONG Action)
{
    switch (Action & 0xFFFF) {
    case WMIREG_ACTION_REGISTER:
    case WMIREG_ACTION_DEREGISTER:
    case WMIREG_ACTION_REREGISTER:
    case WMIREG_ACTION_UPDATE_GUIDS:
    case WMIREG_ACTION_BLOCK_IRPS:
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

/* Success means that the event's memory is ours. */
NTSTATUS NTAPI
IoWMIWriteEvent(PVOID WnodeEventItem)
{
    ExFreePoolWithTag(WnodeEventItem, 0);
    return STATUS_SUCCESS;
}

ULONG NTAPI
IoWMIDeviceObjectToProviderId(PDEVICE_OBJECT DeviceObject)
{
    return (ULONG)(ULONG_PTR)DeviceObject;
}

/* No provider has a block. */
NTSTATUS NTAPI
IoWMIOpenBlock(GUID *DataBlockGuid, ULONG DesiredAccess, PVOID *DataBlockObject)
{
    *DataBlockObject = NULL;
    return STATUS_WMI_GUID_NOT_FOUND;
}

/* Nobody has enabled a logger, so no handle of one is valid. */
NTSTATUS __cdecl WmiTraceMessage(TRACEHANDLE LoggerHandle, ULONG MessageFlags, LPGUID MessageGuid,
                                 USHORT MessageNumber, ...)
{
    return STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI
WmiTraceMessageVa(TRACEHANDLE LoggerHandle, ULONG MessageFlags, LPGUID MessageGuid,
                  USHORT MessageNumber, va_list MessageArgList)
{
    return STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI
WmiQueryTraceInformation(TRACE_INFORMATION_CLASS TraceInformationClass, PVOID TraceInformation,
                         ULONG TraceInformationLength, PULONG RequiredLength, PVOID Buffer)
{
    return STATUS_NOT_FOUND;
}
