/*
 * badquery.c - RTL_QUERY_REGISTRY_DIRECT without TYPECHECK outside the system hives: from Windows 8 on bugcheck 0x139 with
 * code 9 [BC:139], [DDI:wdm/rtlqueryregistryvalues].
 */
#include "../ntlab-test.h"

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {0};
    UNICODE_STRING String = {0};

    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].Name = L"TEMP";
    Table[0].EntryContext = &String;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, L"\\Registry\\User\\S-1-5-18\\Environment", Table,
                           NULL, NULL);
    return STATUS_SUCCESS;
}
