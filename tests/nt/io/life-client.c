/*
 * life-client.c - loading what has failed, what is still there, and what asks to be called again. [DDI:wdm/driver_initialize,
 * DDI:wdm/zwloaddriver, DDI:ntddk/iodeviceobject, DDI:ntddk/ioregisterdriverreinitialization: "only if DriverEntry returns
 * STATUS_SUCCESS", DDI:ntddk/ioregisterbootdriverreinitialization]
 */
#include "ntlab-client.h"
#define SERVICES "Life"
#define IMAGE    "io-life-life.sys"
#define COPIES   "life\\life"
#include "services.h"

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
    EXPECT_EQ(Said("Entry", 99), 1); /* DO_DEVICE_INITIALIZING is set in DriverEntry */
    EXPECT_EQ(NtUnloadDriver(Service(1)), 0);
    EXPECT_EQ(NtUnloadDriver(Service(1)), (LONG)0xC0000034);
    EXPECT_EQ(NtLoadDriver(Service(1)), (LONG)0xC000038E); /* STATUS_DRIVER_FAILED_PRIOR_UNLOAD */

    /* DriverEntry fails: its status is the load's, nothing else of the driver is called, what it made stays. */
    EXPECT_EQ(NtLoadDriver(Service(2)), (LONG)0xC0000017); /* STATUS_NO_MEMORY */
    EXPECT_EQ(Said("Again", 99), 99);
    EXPECT(QueryDosDeviceA("LifeOfADriver", Target, sizeof(Target)) != 0);
    EXPECT_EQ(NtLoadDriver(Service(2)), (LONG)0xC000038E);

    /* Called again after DriverEntry, in the System process, once for each time it has asked. */
    EXPECT_EQ(NtLoadDriver(Service(3)), 0);
    EXPECT_EQ(Said("Again", 99), 3);
    EXPECT_EQ(Said("Initializing", 99), 0);
    EXPECT_EQ(Said("System", 99), 1);
    EXPECT_EQ(NtUnloadDriver(Service(3)), 0);
    EXPECT_EQ(NtLoadDriver(Service(3)), 0);
    EXPECT_EQ(NtLoadDriver(Service(3)), (LONG)0xC000010E); /* STATUS_IMAGE_ALREADY_LOADED */
    EXPECT_EQ(NtUnloadDriver(Service(3)), 0);

    /* As a boot driver: only if it is one. */
    EXPECT_EQ(NtLoadDriver(Service(4)), 0);
    EXPECT_EQ(Said("Again", 99), 1);
    EXPECT_EQ(NtUnloadDriver(Service(4)), 0);
    EXPECT_EQ(NtLoadDriver(Service(5)), 0);
    EXPECT_EQ(Said("Again", 99), 99);
    EXPECT_EQ(NtUnloadDriver(Service(5)), 0);
    return TEST_DONE();
}
