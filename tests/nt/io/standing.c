/*
 * standing.c - the devices that are always there: what the disks of the volumes say of themselves in every room, \Device\Null, timers of devices that
 * count, letters that lead to devices, drivers without an image.
 * [ntdddisk: IOCTL_DISK_GET_LENGTH_INFO, IOCTL_DISK_GET_DRIVE_GEOMETRY, IOCTL_DISK_IS_WRITABLE; mountmgr: IOCTL_MOUNTDEV_QUERY_DEVICE_NAME],
 * [DDI:wdm/ioinitializetimer], [DDI:wdm/iostarttimer], [DDI:wdm/iostoptimer]
 */
#include "io-test.h"

NTKERNELAPI NTSTATUS NTAPI IoReplaceFileObjectName(PFILE_OBJECT, PWSTR, USHORT);
NTKERNELAPI NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING, PDRIVER_INITIALIZE);
NTKERNELAPI VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT);
NTKERNELAPI NTSTATUS NTAPI IoQueryFileDosDeviceName(PFILE_OBJECT, POBJECT_NAME_INFORMATION *);
#include <ntdddisk.h>
#include <mountmgr.h>

/* Files of its devices are called what they were opened as. */
static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_NAME_INFORMATION Name = Irp->AssociatedIrp.SystemBuffer;
    ULONG Room;

    if (Stack->MajorFunction != IRP_MJ_QUERY_INFORMATION ||
        Stack->Parameters.QueryFile.FileInformationClass != FileNameInformation) {
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
    Room = Stack->Parameters.QueryFile.Length - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    Name->FileNameLength = Stack->FileObject->FileName.Length;
    if (Room < Name->FileNameLength) {
        return Complete(Irp, STATUS_BUFFER_OVERFLOW, FIELD_OFFSET(FILE_NAME_INFORMATION, FileName));
    }
    RtlCopyMemory(Name->FileName, Stack->FileObject->FileName.Buffer, Name->FileNameLength);
    return Complete(Irp, STATUS_SUCCESS,
                    FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Name->FileNameLength);
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

/* ---- letters ---- */

#define NAMED 3

static WCHAR LetterOf[26]; /* the device that a letter leads to, from 1 on; 0: none */

static VOID
LinkName(ULONG Letter, BOOLEAN Lower, PWCHAR Text, PUNICODE_STRING String)
{
    wcscpy(Text, L"\\DosDevices\\A:");
    Text[12] = (WCHAR)((Lower ? L'a' : L'A') + Letter);
    RtlInitUnicodeString(String, Text);
}

/* The first letter that leads to a device is its name, whatever else does; a file's name is behind it. */
static VOID
Letters(VOID)
{
    static PCWSTR const Names[NAMED] = {L"\\Device\\IoStanding1", L"\\Device\\IoStanding12",
                                        L"\\Device\\iostanding3"};
    PDEVICE_OBJECT Devices[NAMED], Unnamed = MakeDevice(NULL, 0, 0);
    UNICODE_STRING Link, Target, Name = {0};
    ULONG Seed = 9, Wrong = 0;
    WCHAR Text[40], Path[64];
    HANDLE Handle;
    IO_STATUS_BLOCK Iosb;

    for (ULONG i = 0; i < NAMED; i++) {
        Devices[i] = MakeDevice(Names[i], 0, 0);
    }
    for (ULONG Step = 0; Step < 150; Step++) {
        ULONG Letter, Number, Found;
        POBJECT_NAME_INFORMATION Of = NULL;
        PFILE_OBJECT File;
        NTSTATUS Status;

        Seed = Seed * 1664525 + 1013904223;
        Letter = (Seed >> 8) % 3 == 0 ? 25 - (Seed >> 20) % 3 : (Seed >> 12) % 26;
        Number = (Seed >> 16) % NAMED;
        if (Letter == 2 || Letter == 3) {
            continue; /* the volumes' */
        }
        LinkName(Letter, Step % 2, Text, &Link);
        if (LetterOf[Letter] != 0) {
            Wrong += IoDeleteSymbolicLink(&Link) != STATUS_SUCCESS;
            LetterOf[Letter] = 0;
        } else {
            RtlInitUnicodeString(&Target, Names[Number]);
            Wrong += IoCreateSymbolicLink(&Link, &Target) != STATUS_SUCCESS;
            LetterOf[Letter] = (WCHAR)(Number + 1);
        }
        Number = (Seed >> 24) % NAMED;
        for (Found = 0; Found < 26 && LetterOf[Found] != Number + 1; Found++) {
        }
        Status = IoVolumeDeviceToDosName(Devices[Number], &Name);
        wcscpy(Path, Names[Number]);
        wcscat(Path, L"\\Folder\\file");
        Wrong += Open(Path, FILE_READ_DATA, 7, 0, &Handle, &Iosb) != STATUS_SUCCESS;
        Wrong += ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File,
                                           NULL) != STATUS_SUCCESS;
        if (Found == 26) {
            Wrong += Status != STATUS_OBJECT_NAME_NOT_FOUND ||
                     NT_SUCCESS(IoQueryFileDosDeviceName(File, &Of));
        } else {
            Wrong += Status != STATUS_SUCCESS || Name.Length != 4 || Name.MaximumLength != 6 ||
                     Name.Buffer[0] != (WCHAR)(L'A' + Found) || Name.Buffer[1] != L':' ||
                     Name.Buffer[2] != 0;
            ExFreePool(Name.Buffer);
            Wrong += IoQueryFileDosDeviceName(File, &Of) != STATUS_SUCCESS;
            Wrong += Of == NULL || Of->Name.Length != 28 ||
                     Of->Name.Buffer[0] != (WCHAR)(L'A' + Found) ||
                     wcscmp(Of->Name.Buffer + 1, L":\\Folder\\file") != 0;
            ExFreePool(Of);
        }
        ObDereferenceObject(File);
        ZwClose(Handle);
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT(!NT_SUCCESS(IoVolumeDeviceToDosName(Unnamed, &Name)));
    for (ULONG i = 0; i < 26; i++) {
        if (LetterOf[i] != 0) {
            LinkName(i, FALSE, Text, &Link);
            EXPECT_STATUS(IoDeleteSymbolicLink(&Link), STATUS_SUCCESS);
        }
    }
    for (ULONG i = 0; i < NAMED; i++) {
        IoDeleteDevice(Devices[i]);
    }
    IoDeleteDevice(Unnamed);
}

/* ---- drivers without an image ---- */

static PDRIVER_OBJECT Made[20];
static ULONG MadeCount;

static NTSTATUS NTAPI
Begin(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Made[MadeCount++] = DriverObject;
    return STATUS_SUCCESS;
}

static VOID
Drivers(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Driver\\IoStandingMade"),
                   Key = RTL_CONSTANT_STRING(L"IoStandingMade");

    EXPECT_STATUS(IoCreateDriver(&Name, Begin), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Made[0]->DriverName, &Name, FALSE));
    EXPECT(RtlEqualUnicodeString(&Made[0]->DriverExtension->ServiceKeyName, &Key, FALSE));
    EXPECT(Made[0]->DriverExtension->DriverObject == Made[0] && Made[0]->DriverInit == Begin &&
           Made[0]->DriverStart == NULL);
    EXPECT(Made[0]->Type == IO_TYPE_DRIVER && Made[0]->Size == sizeof(DRIVER_OBJECT) &&
           Made[0]->HardwareDatabase == Driver->HardwareDatabase);
    IoDeleteDriver(Made[0]);
    MadeCount = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Made); i++) { /* each has a name of its own */
        EXPECT_STATUS(IoCreateDriver(NULL, Begin), STATUS_SUCCESS);
        EXPECT(wcsncmp(Made[i]->DriverName.Buffer, L"\\Driver\\", 8) == 0 &&
               Made[i]->DriverName.Length == 32);
        for (ULONG k = 0; k < i; k++) {
            EXPECT(!RtlEqualUnicodeString(&Made[i]->DriverName, &Made[k]->DriverName, TRUE));
        }
    }
    while (MadeCount > 0) {
        IoDeleteDriver(Made[--MadeCount]);
    }
}

/* [DDI:ntifs/posetpowerstate] what was set before is given back, of the system's states and of the device's own. */
static VOID
PowerStates(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    POWER_STATE State, Old;
    ULONG Last[2] = {PowerSystemWorking, PowerDeviceD0};

    State.SystemState = PowerSystemWorking;
    PoSetPowerState(Device, SystemPowerState, State);
    State.DeviceState = PowerDeviceD0;
    PoSetPowerState(Device, DevicePowerState, State);
    for (ULONG i = 0; i < 20; i++) {
        BOOLEAN OfDevice = i * 7 % 3 != 0;
        ULONG New = 1 + i * 5 % 4;

        State.DeviceState = (DEVICE_POWER_STATE)New;
        Old = PoSetPowerState(Device, OfDevice ? DevicePowerState : SystemPowerState, State);
        EXPECT_EQ(Old.DeviceState, Last[OfDevice]);
        Last[OfDevice] = New;
    }
    IoDeleteDevice(Device);
}

/* [ntifs: IoReplaceFileObjectName] what there is room for is put where the old name was; for more there is a new place. */
static VOID
Renamed(VOID)
{
    static WCHAR Long[200];
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoStandingNamed", 0, 0);
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File;
    HANDLE Handle;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Long); i++) {
        Long[i] = (WCHAR)(L'a' + i % 26);
    }
    EXPECT_STATUS(Open(L"\\Device\\IoStandingNamed\\file", FILE_READ_DATA, 7, 0, &Handle, &Iosb),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL),
        STATUS_SUCCESS);
    for (ULONG i = 0; i < 3; i++) {
        USHORT Maximum = File->FileName.MaximumLength;
        PWSTR Before = File->FileName.Buffer;

        EXPECT_STATUS(IoReplaceFileObjectName(File, Long + i, 4), STATUS_SUCCESS);
        EXPECT(File->FileName.Length == 4 && File->FileName.MaximumLength == Maximum &&
               File->FileName.Buffer == Before);
        EXPECT(RtlEqualMemory(Before, Long + i, 4));
        EXPECT_STATUS(IoReplaceFileObjectName(File, Long, Maximum), STATUS_SUCCESS);
        EXPECT(File->FileName.Length == Maximum && File->FileName.MaximumLength == Maximum &&
               File->FileName.Buffer == Before);
        EXPECT_STATUS(IoReplaceFileObjectName(File, Long, Maximum + 2), STATUS_SUCCESS);
        EXPECT(File->FileName.Length == Maximum + 2 && File->FileName.MaximumLength >= Maximum + 2);
        EXPECT(RtlEqualMemory(File->FileName.Buffer, Long, Maximum + 2u));
    }
    ObDereferenceObject(File);
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(Renamed), TEST(Disks), TEST(Null), TEST(Timers), TEST(Letters), TEST(Drivers),
               TEST(PowerStates))
