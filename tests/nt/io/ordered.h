/*
 * ordered.h - a driver that writes its letter behind those of the drivers that were loaded before it: order.c.
 */
#include "../ntlab-test.h"

#define PLACE L"\\Registry\\Machine\\Software\\NtlabOrder"

static NTSTATUS
Read(PUNICODE_STRING Text, PWSTR Buffer, ULONG Bytes)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = {
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Order", .EntryContext = Text}};

    RtlZeroMemory(Buffer, Bytes);
    *Text = (UNICODE_STRING){0, (USHORT)(Bytes - sizeof(WCHAR)), Buffer};
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, PLACE, Table, NULL, NULL);
}

#ifdef LETTER
static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Text;
    WCHAR Buffer[40];

    DriverObject->DriverUnload = Unload;
    Read(&Text, Buffer, sizeof(Buffer));
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, PLACE);
    Buffer[Text.Length / sizeof(WCHAR)] = LETTER;
    return RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, PLACE, L"Order", REG_SZ, Buffer,
                                 Text.Length + 2 * sizeof(WCHAR));
}
#endif
