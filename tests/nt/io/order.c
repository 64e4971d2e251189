/*
 * order.c - boot and system start drivers, by group and tag: order.reg says what is what. [K: "Specifying Driver Load Order"]
 * This one is started on demand, so it is the last although it is named first.
 */
#include "ordered.h"

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const UNICODE_STRING Expected = RTL_CONSTANT_STRING(L"fedcgba");
    UNICODE_STRING Text;
    WCHAR Buffer[40];

    DriverObject->DriverUnload = Unload;
    NtlabCase = "Order";
    EXPECT_STATUS(Read(&Text, Buffer, sizeof(Buffer)), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Text, &Expected, FALSE));
    DbgPrint("ntlab-test: note %wZ\n", &Text);
    DbgPrint("ntlab-test: done %d %d\n", NtlabPassed, NtlabFailed);
    return STATUS_SUCCESS;
}
