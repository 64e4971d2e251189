/*
 * initflag.c - who clears DO_DEVICE_INITIALIZING: the I/O manager, after DriverEntry, for the devices made there.
 * "It is not necessary to clear the DO_DEVICE_INITIALIZING flag on device objects that are created in DriverEntry, because
 * this is done automatically by the I/O Manager. However, your driver should clear this flag on all other device objects that
 * it creates." [K: creating a device object]
 */
#include "../ntlab-test.h"

static PDEVICE_OBJECT Early, Late;

static VOID
SetByIoCreateDevice(VOID)
{
    EXPECT((Early->Flags & DO_DEVICE_INITIALIZING) != 0);
}

static VOID
ClearedAfterDriverEntry(VOID)
{
    EXPECT((Early->Flags & DO_DEVICE_INITIALIZING) == 0);
    EXPECT_STATUS(
        IoCreateDevice(Early->DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Late),
        STATUS_SUCCESS);
    EXPECT((Late->Flags & DO_DEVICE_INITIALIZING) != 0); /* the driver's to clear */
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    static const NTLAB_TEST Tests[] = {TEST(ClearedAfterDriverEntry)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    IoDeleteDevice(Late);
    IoDeleteDevice(Early);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Early);

    if (NT_SUCCESS(Status)) {
        NtlabCase = "SetByIoCreateDevice";
        SetByIoCreateDevice();
        /* a driver without an unload routine is not unloaded, least of all by itself */
        EXPECT_STATUS(ZwUnloadDriver(RegistryPath), STATUS_INVALID_DEVICE_REQUEST);
        DriverObject->DriverUnload = Unload;
    }
    return Status;
}
