/*
 * life-client.c - loading what has failed, what is still there, and what asks to be called again. [DDI:wdm/driver_initialize,
 * DDI:wdm/zwloaddriver, DDI:ntddk/iodeviceobject, DDI:ntddk/ioregisterdriverreinitialization: "only if DriverEntry returns
 * STATUS_SUCCESS", DDI:ntddk/ioregisterbootdriverreinitialization]
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

static char Key[200];

static UNICODE_STRING *
Service(int Number)
{
    static WCHAR Path[200];
    static UNICODE_STRING Name;

    swprintf(Path, 200, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Life%d",
             Number);
    RtlInitUnicodeString(&Name, Path);
    sprintf(Key, "System\\CurrentControlSet\\Services\\Life%d", Number);
    return &Name;
}

static void
Make(int Number, DWORD Mode, DWORD Start)
{
    char Image[100];
    DWORD Type = 1;
    HKEY Handle;

    Service(Number);
    sprintf(Image, "\\??\\C:\\life\\life%d.sys", Number);
    EXPECT(CopyFileA("C:\\Windows\\System32\\drivers\\io-life-life.sys", Image + 4, TRUE));
    RegCreateKeyA(HKEY_LOCAL_MACHINE, Key, &Handle);
    RegSetValueExA(Handle, "Type", 0, REG_DWORD, (BYTE *)&Type, sizeof(Type));
    RegSetValueExA(Handle, "Start", 0, REG_DWORD, (BYTE *)&Start, sizeof(Start));
    RegSetValueExA(Handle, "Mode", 0, REG_DWORD, (BYTE *)&Mode, sizeof(Mode));
    RegSetValueExA(Handle, "ImagePath", 0, REG_EXPAND_SZ, (BYTE *)Image, (DWORD)strlen(Image) + 1);
    RegCloseKey(Handle);
}

static DWORD
Said(const char *Name)
{
    DWORD Value = 0, Length = sizeof(Value);

    if (RegGetValueA(HKEY_LOCAL_MACHINE, Key, Name, RRF_RT_REG_DWORD, NULL, &Value, &Length) != 0) {
        return 99;
    }
    return Value;
}

int
main(void)
{
    char Target[100];
    BOOLEAN Was;

    RtlAdjustPrivilege(10, TRUE, FALSE, &Was);
    CreateDirectoryA("C:\\life", NULL);
    for (int i = 1; i <= 4; i++) {
        Make(i, (DWORD)i, i == 4 ? 0 : 3);
    }
    Make(5, 4, 3);

    /* A device that outlives Unload keeps the image: an older copy is still in memory. */
    EXPECT_EQ(NtLoadDriver(Service(1)), 0);
    EXPECT_EQ(Said("Entry"), 1); /* DO_DEVICE_INITIALIZING is set in DriverEntry */
    EXPECT_EQ(NtUnloadDriver(Service(1)), 0);
    EXPECT_EQ(NtUnloadDriver(Service(1)), (LONG)0xC0000034);
    EXPECT_EQ(NtLoadDriver(Service(1)), (LONG)0xC000038E); /* STATUS_DRIVER_FAILED_PRIOR_UNLOAD */

    /* DriverEntry fails: its status is the load's, nothing else of the driver is called, what it made stays. */
    EXPECT_EQ(NtLoadDriver(Service(2)), (LONG)0xC0000017); /* STATUS_NO_MEMORY */
    EXPECT_EQ(Said("Again"), 99);
    EXPECT(QueryDosDeviceA("LifeOfADriver", Target, sizeof(Target)) != 0);
    EXPECT_EQ(NtLoadDriver(Service(2)), (LONG)0xC000038E);

    /* Called again after DriverEntry, in the System process, once for each time it has asked. */
    EXPECT_EQ(NtLoadDriver(Service(3)), 0);
    EXPECT_EQ(Said("Again"), 3);
    EXPECT_EQ(Said("Initializing"), 0);
    EXPECT_EQ(Said("System"), 1);
    EXPECT_EQ(NtUnloadDriver(Service(3)), 0);
    EXPECT_EQ(NtLoadDriver(Service(3)), 0);
    EXPECT_EQ(NtLoadDriver(Service(3)), (LONG)0xC000010E); /* STATUS_IMAGE_ALREADY_LOADED */
    EXPECT_EQ(NtUnloadDriver(Service(3)), 0);

    /* As a boot driver: only if it is one. */
    EXPECT_EQ(NtLoadDriver(Service(4)), 0);
    EXPECT_EQ(Said("Again"), 1);
    EXPECT_EQ(NtUnloadDriver(Service(4)), 0);
    EXPECT_EQ(NtLoadDriver(Service(5)), 0);
    EXPECT_EQ(Said("Again"), 99);
    EXPECT_EQ(NtUnloadDriver(Service(5)), 0);
    return TEST_DONE();
}
