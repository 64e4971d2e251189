/*
 * device.c - device objects and stacks: [DDI:wdm/iocreatedevice], [DDI:wdm/iodeletedevice],
 * [DDI:wdm/ioattachdevicetodevicestack], [DDI:wdm/iogetdeviceobjectpointer], [DDI:wdm/_device_object]
 */
#include "io-test.h"

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    Log[Logged++ % sizeof(Log)] = Stack->MajorFunction;
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
NewDriverObject(VOID)
{
    EXPECT_EQ(Driver->Type, IO_TYPE_DRIVER);
    EXPECT_EQ(Driver->Size, sizeof(DRIVER_OBJECT));
    EXPECT(Driver->DriverExtension != NULL);
    EXPECT_EQ(Driver->DriverExtension->DriverObject, Driver);
    EXPECT(Driver->DriverExtension->AddDevice == NULL);
    EXPECT(Driver->FastIoDispatch == NULL);
    EXPECT(Driver->DriverStartIo == NULL);
    EXPECT(Driver->DriverStart != NULL && Driver->DriverSize != 0);
    EXPECT((PUCHAR)Driver->DriverInit >= (PUCHAR)Driver->DriverStart &&
           (PUCHAR)Driver->DriverInit < (PUCHAR)Driver->DriverStart + Driver->DriverSize);
    /* "DriverName ... \Driver\name" [DDI:wdm/_driver_object] */
    EXPECT(Driver->DriverName.Length > 16 &&
           RtlEqualMemory(Driver->DriverName.Buffer, L"\\Driver\\", 16));
    /* [DDI:wdm/driver_initialize] RegistryPath is the driver's service key */
    EXPECT(Registry.Length > 40 && (Registry.Buffer[0] == 92 && Registry.Length % 2 == 0));
    EXPECT_EQ(PsGetCurrentProcess(),
              PsInitialSystemProcess); /* "in the context of a system thread" */
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID
NewDeviceObject(VOID)
{
    PDEVICE_OBJECT Device = NULL;
    BOOLEAN Zero = TRUE;

    EXPECT_STATUS(IoCreateDevice(Driver, 100, NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
                                 FALSE, &Device),
                  STATUS_SUCCESS);
    EXPECT_EQ(Device->Type, IO_TYPE_DEVICE);
    EXPECT_EQ(Device->DriverObject, Driver);
    EXPECT_EQ(Driver->DeviceObject, Device);
    EXPECT(Device->NextDevice == NULL);
    EXPECT(Device->AttachedDevice == NULL);
    EXPECT_EQ(Device->ReferenceCount, 0);
    EXPECT_EQ(Device->StackSize, 1); /* "the I/O manager sets StackSize to 1" */
    EXPECT_EQ(Device->DeviceType, FILE_DEVICE_UNKNOWN);
    EXPECT_EQ(Device->Characteristics, FILE_DEVICE_SECURE_OPEN);
    EXPECT(Device->Flags &
           DO_DEVICE_INITIALIZING); /* "The I/O manager sets the DO_DEVICE_INITIALIZING flag" */
    EXPECT((Device->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_EXCLUSIVE)) == 0);
    EXPECT(Device->DeviceExtension != NULL);
    EXPECT(((ULONG_PTR)Device->DeviceExtension & 15) == 0);
    for (ULONG i = 0; i < 100; i++) {
        Zero &= ((PUCHAR)Device->DeviceExtension)[i] == 0;
    }
    EXPECT(Zero); /* "the device extension ... initialized with zeros" */
    EXPECT(Device->DeviceObjectExtension != NULL &&
           Device->DeviceObjectExtension->DeviceObject == Device);
    IoDeleteDevice(Device);
    EXPECT(Driver->DeviceObject == NULL);

    EXPECT_STATUS(IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, TRUE, &Device),
                  STATUS_SUCCESS);
    EXPECT(Device->DeviceExtension == NULL);
    EXPECT(Device->Flags & DO_EXCLUSIVE);
    IoDeleteDevice(Device);
}

/* By type: the sectors that unbuffered transfers are measured by until a file system says otherwise, and a VPB for what can be mounted.
   [DDI:wdm/_device_object] */
static VOID
Kinds(VOID)
{
    static const struct {
        DEVICE_TYPE Type;
        USHORT SectorSize;
        BOOLEAN Vpb;
    } Table[] = {
        {FILE_DEVICE_DISK, 512, TRUE},
        {FILE_DEVICE_VIRTUAL_DISK, 512, TRUE},
        {FILE_DEVICE_CD_ROM, 2048, TRUE},
        {FILE_DEVICE_TAPE, 0, TRUE},
        {FILE_DEVICE_DISK_FILE_SYSTEM, 512, FALSE},
        {FILE_DEVICE_CD_ROM_FILE_SYSTEM, 2048, FALSE},
        {FILE_DEVICE_NETWORK_FILE_SYSTEM, 0, FALSE},
        {FILE_DEVICE_UNKNOWN, 0, FALSE},
        {FILE_DEVICE_KEYBOARD, 0, FALSE},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        PDEVICE_OBJECT Device = NULL;

        EXPECT_STATUS(
            IoCreateDevice(Driver, 8, NULL, Table[i].Type, FILE_REMOVABLE_MEDIA, FALSE, &Device),
            STATUS_SUCCESS);
        EXPECT_EQ(Device->DeviceType, Table[i].Type);
        if (Table[i].SectorSize != 0) {
            EXPECT_EQ(Device->SectorSize, Table[i].SectorSize);
        }
        EXPECT_EQ(Device->Vpb != NULL, Table[i].Vpb);
        if (Device->Vpb != NULL) {
            EXPECT(Device->Vpb->RealDevice == Device && Device->Vpb->DeviceObject == NULL &&
                   Device->Vpb->Type == IO_TYPE_VPB && !(Device->Vpb->Flags & VPB_MOUNTED));
        }
        EXPECT_EQ(Device->Characteristics & FILE_REMOVABLE_MEDIA, FILE_REMOVABLE_MEDIA);
        IoDeleteDevice(Device);
    }
}

static VOID
Names(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestName"),
                   Missing = RTL_CONSTANT_STRING(L"\\NoSuchDir\\X");
    PDEVICE_OBJECT First = MakeDevice(L"\\Device\\IoTestName", 0, 0), Second = (PVOID)1;
    PDEVICE_OBJECT Auto = NULL;
    HANDLE Handle;
    IO_STATUS_BLOCK Iosb;

    /* STATUS_OBJECT_NAME_COLLISION: a named object of that name exists already */
    EXPECT_STATUS(IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second),
                  STATUS_OBJECT_NAME_COLLISION);
    EXPECT(Driver->DeviceObject == First);
    EXPECT_STATUS(IoCreateDevice(Driver, 0, &Missing, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second),
                  STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(Open(L"\\Device\\IoTestName", GENERIC_READ, 0, 0, &Handle, &Iosb),
                  STATUS_SUCCESS);
    ZwClose(Handle);
    IoDeleteDevice(First);
    EXPECT_STATUS(Open(L"\\Device\\IoTestName", GENERIC_READ, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_NAME_NOT_FOUND);

    EXPECT_STATUS(IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN,
                                 FILE_AUTOGENERATED_DEVICE_NAME, FALSE, &Auto),
                  STATUS_SUCCESS);
    {
        struct {
            OBJECT_NAME_INFORMATION Info;
            WCHAR Space[64];
        } Query;
        ULONG Length;

        EXPECT_STATUS(ObQueryNameString(Auto, &Query.Info, sizeof(Query), &Length), STATUS_SUCCESS);
        EXPECT(Query.Info.Name.Length == 16 * 2 &&
               RtlEqualMemory(Query.Info.Name.Buffer, L"\\Device\\0000", 24));
    }
    IoDeleteDevice(Auto);
}

static VOID
InitializingAndExclusive(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestExcl");
    PDEVICE_OBJECT Device;
    IO_STATUS_BLOCK Iosb;
    HANDLE First, Second;

    EXPECT_STATUS(IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, TRUE, &Device),
                  STATUS_SUCCESS);
    /* While DO_DEVICE_INITIALIZING is set the device cannot be opened. */
    EXPECT_STATUS(Open(Name.Buffer, GENERIC_READ, 0, 0, &First, &Iosb), STATUS_NO_SUCH_DEVICE);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    EXPECT_STATUS(Open(Name.Buffer, GENERIC_READ, 0, 0, &First, &Iosb), STATUS_SUCCESS);
    EXPECT_EQ(Device->ReferenceCount, 1);
    /* "If the device is exclusive, only one handle can be open at a time" */
    EXPECT_STATUS(Open(Name.Buffer, GENERIC_READ, 0, 0, &Second, &Iosb), STATUS_ACCESS_DENIED);
    ZwClose(First);
    EXPECT_EQ(Device->ReferenceCount, 0);
    EXPECT_STATUS(Open(Name.Buffer, GENERIC_READ, 0, 0, &First, &Iosb), STATUS_SUCCESS);
    ZwClose(First);
    IoDeleteDevice(Device);
}

/* [DDI:wdm/iodeletedevice] with open handles the deletion waits; the device cannot be opened meanwhile. */
static VOID
DeletePending(VOID)
{
    static const UCHAR Order[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestDelete", 0, 0);
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestDelete");
    PFILE_OBJECT File;
    PDEVICE_OBJECT Found;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    ClearLog();
    Handle = OpenSynchronous(L"\\Device\\IoTestDelete");
    IoDeleteDevice(Device);
    EXPECT_EQ(Driver->DeviceObject, Device);
    EXPECT_STATUS(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Found),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, &Found, 0, NULL, NULL),
                  STATUS_SUCCESS);
    Logged--;
    ZwClose(Handle);
    EXPECT(LogIs(Order, sizeof(Order)));
    EXPECT(Driver->DeviceObject == NULL);
}

static VOID
Pointers(VOID)
{
    static const UCHAR AtOnce[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP},
                       AtLast[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestPointer");
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestPointer", 0, 0), Found = NULL;
    PFILE_OBJECT File = NULL;

    ClearLog();
    EXPECT_STATUS(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Found), STATUS_SUCCESS);
    EXPECT_EQ(Found, Device);
    EXPECT_EQ(File->DeviceObject, Device);
    EXPECT_EQ(IoGetRelatedDeviceObject(File), Device);
    EXPECT_EQ(IoGetBaseFileSystemDeviceObject(File), Device);
    EXPECT(LogIs(AtOnce, sizeof(AtOnce))); /* the handle was closed: cleanup, but no close yet */
    ObDereferenceObject(File);
    EXPECT(LogIs(AtLast, sizeof(AtLast)));
    IoDeleteDevice(Device);
}

static VOID
Stacks(VOID)
{
    PDEVICE_OBJECT Bottom = MakeDevice(L"\\Device\\IoTestBottom", 0, 0),
                   Middle = MakeDevice(NULL, 0, 0), Top = MakeDevice(NULL, 0, 0), Other = NULL,
                   Lower;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestBottom");
    PDEVICE_OBJECT List[4];
    ULONG Count = 0;

    Bottom->AlignmentRequirement = FILE_QUAD_ALIGNMENT;
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Middle, Bottom),
              Bottom); /* "the device object to which ... attached" */
    EXPECT_EQ(Middle->StackSize, 2);
    EXPECT_EQ(Middle->AlignmentRequirement, FILE_QUAD_ALIGNMENT);
    EXPECT_EQ(Bottom->AttachedDevice, Middle);
    /* "might not be the same as TargetDevice if TargetDevice had additional drivers layered" */
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Top, Bottom), Middle);
    EXPECT_EQ(Top->StackSize, 3);
    Lower = IoGetAttachedDeviceReference(Bottom);
    EXPECT_EQ(Lower, Top);
    ObDereferenceObject(Lower);
    Lower = IoGetLowerDeviceObject(Top);
    EXPECT_EQ(Lower, Middle);
    ObDereferenceObject(Lower);
    EXPECT(IoGetLowerDeviceObject(Bottom) == NULL);
    EXPECT_STATUS(IoEnumerateDeviceObjectList(Driver, List, sizeof(List), &Count), STATUS_SUCCESS);
    EXPECT_EQ(Count, 3);
    for (ULONG i = 0; i < Count; i++) {
        ObDereferenceObject(List[i]);
    }
    EXPECT_STATUS(IoEnumerateDeviceObjectList(Driver, NULL, 0, &Count), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Count, 3);

    /* By name: reaches the top of the stack. */
    Other = MakeDevice(NULL, 0, 0);
    EXPECT_STATUS(IoAttachDevice(Other, &Name, &Lower), STATUS_SUCCESS);
    EXPECT_EQ(Lower, Top);
    EXPECT_EQ(Other->StackSize, 4);
    IoDetachDevice(Lower);
    EXPECT(Top->AttachedDevice == NULL);
    IoDetachDevice(Middle);
    IoDetachDevice(Bottom);
    EXPECT(Bottom->AttachedDevice == NULL);

    /* A device that initializes takes no attachments. */
    Bottom->Flags |= DO_DEVICE_INITIALIZING;
    EXPECT(IoAttachDeviceToDeviceStack(Top, Bottom) == NULL);
    Lower = NULL;
    EXPECT_STATUS(IoAttachDeviceToDeviceStackSafe(Top, Bottom, &Lower), STATUS_NO_SUCH_DEVICE);
    IoDeleteDevice(Other);
    IoDeleteDevice(Top);
    IoDeleteDevice(Middle);
    IoDeleteDevice(Bottom);
}

static VOID
DriverExtensions(VOID)
{
    static UCHAR Id1, Id2;
    PVOID First = NULL, Second = NULL;

    EXPECT(IoGetDriverObjectExtension(Driver, &Id1) == NULL);
    EXPECT_STATUS(IoAllocateDriverObjectExtension(Driver, &Id1, 64, &First), STATUS_SUCCESS);
    EXPECT_STATUS(IoAllocateDriverObjectExtension(Driver, &Id1, 64, &Second),
                  STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(IoAllocateDriverObjectExtension(Driver, &Id2, 64, &Second), STATUS_SUCCESS);
    EXPECT_EQ(IoGetDriverObjectExtension(Driver, &Id1), First);
    EXPECT_EQ(IoGetDriverObjectExtension(Driver, &Id2), Second);
    EXPECT(((ULONG_PTR)First & 15) == 0);
}

static VOID
Links(VOID)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\IoTestLink"),
                   Target = RTL_CONSTANT_STRING(L"\\Device\\IoTestLinked");
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestLinked", 0, 0);
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    EXPECT_STATUS(IoCreateSymbolicLink(&Link, &Target), STATUS_SUCCESS);
    EXPECT_STATUS(IoCreateSymbolicLink(&Link, &Target), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_STATUS(Open(L"\\??\\IoTestLink", GENERIC_READ, 0, 0, &Handle, &Iosb), STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_STATUS(IoDeleteSymbolicLink(&Link), STATUS_SUCCESS);
    EXPECT_STATUS(IoDeleteSymbolicLink(&Link), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(Open(L"\\??\\IoTestLink", GENERIC_READ, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(NewDriverObject), TEST(NewDeviceObject), TEST(Kinds), TEST(Names),
               TEST(InitializingAndExclusive), TEST(DeletePending), TEST(Pointers), TEST(Stacks),
               TEST(DriverExtensions), TEST(Links))
