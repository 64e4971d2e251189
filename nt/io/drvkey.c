/*
 * drvkey.c - IoOpenDriverRegistryKey: the keys that belong to a driver, without their paths.
 *
 * The parameters are what an INF's AddReg wrote below the service; a driver reads them, and what is not there is not made.
 * State keys are made when they are first opened. [DDI:wdm/ioopendriverregistrykey, DDI:wdm/drvregkeytype]
 */
#include "nt/io/iop.h"

/* ntddk.h of a newer WDK */
enum { IopRegKeyParameters, IopRegKeyPersistentState, IopRegKeySharedPersistentState };

NTSTATUS NTAPI
IoOpenDriverRegistryKey(PDRIVER_OBJECT DriverObject, ULONG RegKeyType, ACCESS_MASK DesiredAccess,
                        ULONG Flags, PHANDLE DriverRegKey)
{
    static const PCWSTR Below[] = {L"\\Parameters", L"\\PersistentState",
                                   L"\\SharedPersistentState"};
    static const WCHAR Services[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    PUNICODE_STRING Service = &DriverObject->DriverExtension->ServiceKeyName;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    WCHAR Buffer[300];

    if (RegKeyType >= RTL_NUMBER_OF(Below) || Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (RegKeyType != IopRegKeyParameters) {
        return IopOpenRegistryPath(Services, Service, Below[RegKeyType], DesiredAccess,
                                   DriverRegKey);
    }
    Path = (UNICODE_STRING){0, sizeof(Buffer), Buffer};
    RtlAppendUnicodeToString(&Path, Services);
    RtlAppendUnicodeStringToString(&Path, Service);
    RtlAppendUnicodeToString(&Path, Below[RegKeyType]);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwOpenKey(DriverRegKey, DesiredAccess, &Attributes);
}
