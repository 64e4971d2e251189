/*
 * standing.c - the devices that are always there: what the disks of the volumes say of themselves in every room, \Device\Null, and timers of devices that count.
 * [ntdddisk: IOCTL_DISK_GET_LENGTH_INFO, IOCTL_DISK_GET_DRIVE_GEOMETRY, IOCTL_DISK_IS_WRITABLE; mountmgr: IOCTL_MOUNTDEV_QUERY_DEVICE_NAME],
 * [DDI:wdm/ioinitializetimer], [DDI:wdm/iostarttimer], [DDI:wdm/iostoptimer]
 */
#include "io-test.h"
#include <ntdddisk.h>
#include <mountmgr.h>

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static UCHAR Buffer[256];

static NTSTATUS
Ask(PDEVICE_OBJECT Device, ULONG Code, ULONG Room, PULONG_PTR Information)
{
    IO_STATUS_BLOCK Iosb = {{0}, 77};
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    RtlFillMemory(Buffer, sizeof(Buffer), 0xCC);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(Code, Device, NULL, 0, Buffer, Room, FALSE, &Event, &Iosb);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = IoCallDriver(Device, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Iosb.Status;
    }
    *Information =
        NT_ERROR(Status) ? 0 : Iosb.Information; /* of an error the status block says nothing */
    return Status;
}

/* Nothing stands behind what is given. */
static BOOLEAN
EndsAt(ULONG_PTR Count)
{
    for (ULONG_PTR i = Count; i < sizeof(Buffer); i++) {
        if (Buffer[i] != 0xCC) {
            return FALSE;
        }
    }
    return TRUE;
}

static VOID
Disks(VOID)
{
    static PCWSTR const Names[] = {L"\\Device\\HarddiskVolume1", L"\\Device\\HarddiskVolume2"};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        PDISK_GEOMETRY Geometry = (PVOID)Buffer;
        MOUNTDEV_NAME *Name = (PVOID)Buffer;
        ULONG Bytes = (ULONG)wcslen(Names[i]) * sizeof(WCHAR);
        ULONG_PTR Information;
        UNICODE_STRING Path;
        PDEVICE_OBJECT Top, Disk;
        PFILE_OBJECT File;
        LONGLONG Length = 0;

        RtlInitUnicodeString(&Path, Names[i]);
        EXPECT_STATUS(IoGetDeviceObjectPointer(&Path, FILE_READ_ATTRIBUTES, &File, &Top),
                      STATUS_SUCCESS);
        Disk = File->DeviceObject;
        for (ULONG Room = 0; Room <= 40; Room++) {
            NTSTATUS Expected =
                Room < sizeof(GET_LENGTH_INFORMATION) ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;

            EXPECT_STATUS(Ask(Disk, IOCTL_DISK_GET_LENGTH_INFO, Room, &Information), Expected);
            EXPECT_EQ(Information, Expected == STATUS_SUCCESS ? sizeof(GET_LENGTH_INFORMATION) : 0);
            EXPECT(EndsAt(Information));
            Length = Expected == STATUS_SUCCESS ? *(PLONGLONG)Buffer : Length;
            Expected = Room < sizeof(DISK_GEOMETRY) ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
            EXPECT_STATUS(Ask(Disk, IOCTL_DISK_GET_DRIVE_GEOMETRY, Room, &Information), Expected);
            EXPECT_EQ(Information, Expected == STATUS_SUCCESS ? sizeof(DISK_GEOMETRY) : 0);
            EXPECT(EndsAt(Information));
        }
        EXPECT(Length > 0 && Length % 512 == 0);
        EXPECT(Geometry->MediaType == FixedMedia && Geometry->BytesPerSector == 512);
        EXPECT(Geometry->SectorsPerTrack == 63 && Geometry->TracksPerCylinder == 255);
        EXPECT_EQ(Geometry->Cylinders.QuadPart, Length / (512 * 63 * 255));
        for (ULONG Room = 0; Room <= Bytes + 4; Room++) {
            NTSTATUS Expected = Room < sizeof(USHORT)           ? STATUS_INVALID_PARAMETER
                                : Room < sizeof(USHORT) + Bytes ? STATUS_BUFFER_OVERFLOW
                                                                : STATUS_SUCCESS;

            EXPECT_STATUS(Ask(Disk, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, Room, &Information),
                          Expected);
            if (Expected == STATUS_INVALID_PARAMETER) {
                EXPECT(Information == 0 && EndsAt(0));
                continue;
            }
            EXPECT_EQ(Information,
                      Expected == STATUS_SUCCESS ? sizeof(USHORT) + Bytes : sizeof(USHORT));
            EXPECT(Name->NameLength == Bytes && EndsAt(Information));
            EXPECT(Expected != STATUS_SUCCESS || RtlEqualMemory(Name->Name, Names[i], Bytes));
        }
        EXPECT_STATUS(Ask(Disk, IOCTL_DISK_IS_WRITABLE, 0, &Information), STATUS_SUCCESS);
        EXPECT_STATUS(Ask(Disk, IOCTL_DISK_CHECK_VERIFY, 0, &Information), STATUS_SUCCESS);
        EXPECT_EQ(Information, 0);
        EXPECT_STATUS(Ask(Disk, CTL_CODE(FILE_DEVICE_DISK, 0x7FF, METHOD_BUFFERED, FILE_ANY_ACCESS),
                          8, &Information),
                      STATUS_INVALID_DEVICE_REQUEST);
        ObDereferenceObject(File);
    }
}

static VOID
Null(VOID)
{
    FILE_STANDARD_INFORMATION Standard, Zero = {.NumberOfLinks = 1};
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Offset = {.QuadPart = 0};
    HANDLE Handle;

    EXPECT_STATUS(Open(L"\\Device\\Null", FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, 7,
                       FILE_SYNCHRONOUS_IO_NONALERT, &Handle, &Iosb),
                  STATUS_SUCCESS);
    RtlFillMemory(&Standard, sizeof(Standard), 0xCC);
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Standard, sizeof(Standard), FileStandardInformation),
        STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, sizeof(Standard));
    EXPECT(
        RtlEqualMemory(&Standard, &Zero, FIELD_OFFSET(FILE_STANDARD_INFORMATION, Directory) + 1));
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Basic, sizeof(Basic), FileBasicInformation),
        STATUS_INVALID_INFO_CLASS);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 100, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 100);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 100, &Offset, NULL),
                  STATUS_END_OF_FILE);
    ZwClose(Handle);
}

#define TIMERS 4

static PDEVICE_OBJECT Timed[TIMERS];
static LONG Ticks[TIMERS], Misplaced;

static VOID NTAPI
Tick(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    ULONG Number = (ULONG)((PLONG)Context - Ticks);

    Misplaced +=
        Number >= TIMERS || Timed[Number] != DeviceObject || KeGetCurrentIrql() != DISPATCH_LEVEL;
    ++*(PLONG)Context;
}

/* Which run is drawn; after each second each that runs has been called once. */
static VOID
Timers(VOID)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};
    BOOLEAN Runs[TIMERS] = {0};
    LONG Expected[TIMERS] = {0};
    ULONG Seed = 3;

    for (ULONG i = 0; i < TIMERS; i++) {
        Timed[i] = MakeDevice(NULL, 0, 0);
        EXPECT_STATUS(IoInitializeTimer(Timed[i], Tick, NULL), STATUS_SUCCESS);
        EXPECT_STATUS(IoInitializeTimer(Timed[i], Tick, &Ticks[i]),
                      STATUS_SUCCESS); /* once more: another context */
    }
    for (ULONG Round = 0; Round < 40; Round++) {
        for (ULONG Step = 0; Step < 3; Step++) {
            ULONG Number;

            Seed = Seed * 1664525 + 1013904223;
            Number = (Seed >> 8) % TIMERS;
            if (Round % 8 < 5 && (Seed >> 20 & 3) != 0) {
                IoStartTimer(Timed[Number]);
                Runs[Number] = TRUE;
            } else {
                IoStopTimer(Timed[Number]);
                Runs[Number] = FALSE;
            }
        }
        /* the first call comes within a second, the next ones each second: both ends are half a second away */
        Second.QuadPart = -15000000;
        for (ULONG i = 0; i < TIMERS; i++) {
            Expected[i] = Ticks[i];
        }
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
        for (ULONG i = 0; i < TIMERS; i++) {
            LONG Called = Ticks[i] - Expected[i];

            EXPECT(Runs[i] ? Called == 1 || Called == 2 : Called == 0);
        }
    }
    EXPECT_EQ(Misplaced, 0);
    for (ULONG i = 0; i < TIMERS; i++) {
        IoStopTimer(Timed[i]);
        IoDeleteDevice(Timed[i]);
    }
}

IO_TEST_DRIVER(TEST(Disks), TEST(Null), TEST(Timers))
