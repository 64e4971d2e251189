/*
 * parting-client.c - how drivers go. One that is loaded, unloaded and loaded again while its devices are opened and closed, against a model: an unload waits for
 * the last close of all its devices, nobody gets in meanwhile, and a load takes it back. Those that cannot be unloaded, and those whose device is not wanted.
 * [DDI:wdm/zwunloaddriver], [DDI:wdm/zwloaddriver], [DDI:wdm/nc-wdm-driver_unload], [DDI:wdm/nc-wdm-driver_add_device],
 * [K: "Handling an IRP_MN_START_DEVICE Request": a device that does not start is removed; "IRP_MN_REMOVE_DEVICE"]
 */
#define SEED 31337
#include "../model-client.h"
#define SERVICES "Parting"
#define IMAGE    "io-parting-parting.sys"
#define COPIES   "parting\\parting"
#include "services.h"

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);

#define NOT_FOUND    0xC0000034
#define NO_DEVICE    0xC000000E
#define EXISTS       0xC000010E
#define BAD          0xC0000010
#define MOST         6
#define BASE32(a, b) ((((a) + 1) << 5) | ((b) + 1))

/* ---- the model ---- */

static BOOL Loaded, Waits; /* for the last close */
static DWORD Unloads;
static HANDLE Files[2][MOST];
static ULONG Count[2], Tried[8];

static void
Gone(void)
{
    Loaded = Waits = FALSE;
    Unloads++;
}

static void
Load(void)
{
    IS((ULONG)NtLoadDriver(Service(1)), Loaded && !Waits ? EXISTS : 0);
    Tried[Waits ? 0 : 1]++;
    Loaded = TRUE;
    Waits = FALSE;
}

static void
Unload(void)
{
    IS((ULONG)NtUnloadDriver(Service(1)), Loaded ? 0 : NOT_FOUND);
    if (Loaded && Count[0] + Count[1] != 0) {
        Tried[Waits ? 2 : 3]++;
        Waits = TRUE;
    } else if (Loaded) {
        Gone();
    }
}

static void
Open(ULONG Of)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    ULONG Status;

    RtlInitUnicodeString(&Name, Of == 0 ? L"\\Device\\PartingA" : L"\\Device\\PartingB");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (Count[Of] == MOST) {
        return;
    }
    Status = (ULONG)NtOpenFile(&Handle, FILE_GENERIC_READ, &Attributes, &Iosb, 7,
                               FILE_SYNCHRONOUS_IO_NONALERT);
    IS(Status, !Loaded ? NOT_FOUND : Waits ? NO_DEVICE : 0);
    Tried[4] += Waits;
    if (Status == 0) {
        Files[Of][Count[Of]++] = Handle;
    }
}

static void
Close(ULONG Of)
{
    IO_STATUS_BLOCK Iosb;
    BYTE Byte;
    ULONG i;

    if (Count[Of] == 0) {
        return;
    }
    i = Any(Count[Of]);
    IS((ULONG)NtReadFile(Files[Of][i], NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL), BAD);
    IS(NtClose(Files[Of][i]), 0);
    Files[Of][i] = Files[Of][--Count[Of]];
    if (Waits && Count[0] + Count[1] == 0) {
        Tried[5]++;
        Gone();
    }
}

static void
Model(void)
{
    for (Step = 0; Step < 300; Step++) {
        ULONG What = Any(16);

        if (What < 2) {
            Load();
        } else if (What < 4) {
            Unload();
        } else if (What < 9) {
            Open(Any(2));
        } else {
            Close(Any(2));
        }
        IS(Said("Unloaded", 0), Unloads);
    }
    while (Count[0] + Count[1] != 0) {
        Close(Count[0] == 0);
    }
    if (Loaded) {
        Unload();
    }
    IS(Said("Unloaded", 0), Unloads);
    for (ULONG i = 0; i < 6; i++) {
        EXPECT(Tried[i] > 2);
    }
    EXPECT_EQ(Wrong, 0);
}

int
main(void)
{
    BOOLEAN Was;

    RtlAdjustPrivilege(10, TRUE, FALSE, &Was);
    CreateDirectoryA("C:\\parting", NULL);
    for (int i = 1; i <= 5; i++) {
        Make(i, (DWORD)i, 3);
    }
    Service(1);
    Model();

    /* It has no Unload, or is a PnP driver: it stays. */
    EXPECT_EQ(NtLoadDriver(Service(2)), 0);
    EXPECT_EQ((ULONG)NtUnloadDriver(Service(2)), BAD);
    EXPECT_EQ((ULONG)NtLoadDriver(Service(2)), EXISTS);
    EXPECT_EQ(NtLoadDriver(Service(3)), 0);
    EXPECT_EQ((ULONG)NtUnloadDriver(Service(3)), BAD);
    EXPECT_EQ((ULONG)NtUnloadDriver(Service(3)), BAD);
    EXPECT_EQ((ULONG)NtLoadDriver(Service(3)), EXISTS);
    EXPECT_EQ(Said("Unloaded", 0), 0);

    /* Devices of ntlab's root bus: a load fails with its device. AddDevice fails: it is told of no device. A device that does not start is removed. */
    EXPECT_EQ((ULONG)NtLoadDriver(Service(4)), NO_DEVICE);
    EXPECT_EQ(Said("Minors", 0), 0);
    EXPECT_EQ((ULONG)NtLoadDriver(Service(5)), 0xC000009A);
    EXPECT_EQ(Said("Minors", 0) & 0x3FF, BASE32(0 /* START_DEVICE */, 2 /* REMOVE_DEVICE */));
    return TEST_DONE();
}
