/*
 * secure.c - who may open a device: [DDI:wdm/iocreatedevice] FILE_DEVICE_SECURE_OPEN, [K:securing-device-objects],
 * [K:controlling-device-namespace-access]
 *
 * Three devices for secure-client.c: the default descriptor; administrators only; the same, but with
 * FILE_DEVICE_SECURE_OPEN, so that names below the device are checked too. The descriptor is set as
 * IoCreateDeviceSecure does it.
 */
#include "io-test.h"

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
Protect(PDEVICE_OBJECT Device)
{
    UCHAR Space[128];
    PACL Acl = (PACL)Space;
    SECURITY_DESCRIPTOR Descriptor;
    HANDLE Handle;

    RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Acl, FALSE);
    EXPECT_STATUS(ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL,
                                        KernelMode, &Handle),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, &Descriptor),
                  STATUS_SUCCESS);
    ZwClose(Handle);
}

static VOID
Make(PCWSTR DeviceName, PCWSTR LinkName, ULONG Characteristics, BOOLEAN Protected)
{
    UNICODE_STRING Name, Link;
    PDEVICE_OBJECT Device;

    RtlInitUnicodeString(&Name, DeviceName);
    RtlInitUnicodeString(&Link, LinkName);
    EXPECT_STATUS(
        IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, Characteristics, FALSE, &Device),
        STATUS_SUCCESS);
    if (Protected) {
        Protect(Device);
    }
    EXPECT_STATUS(IoCreateSymbolicLink(&Link, &Name), STATUS_SUCCESS);
}

static VOID
Devices(VOID)
{
    Make(L"\\Device\\IoSecDefault", L"\\??\\IoSecDefault", 0, FALSE);
    Make(L"\\Device\\IoSecAdmin", L"\\??\\IoSecAdmin", 0, TRUE);
    Make(L"\\Device\\IoSecBelow", L"\\??\\IoSecBelow", FILE_DEVICE_SECURE_OPEN, TRUE);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Devices)};

    Driver = DriverObject;
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
