/*
 * ioinit.c - the I/O manager's start: types in phase 0, drivers in the box in phase 1.
 */
#include "nt/io/iop.h"

static VOID
IopCreateTypes(VOID)
{
    static const OB_METHODS Device = {
        .Delete = IopDeleteDevice, .Parse = IopParseDevice, .Security = IopDeviceSecurity};
    static const OB_METHODS Driver = {.Delete = IopDeleteDriver};
    static const OB_METHODS File = {.Delete = IopDeleteFile,
                                    .Close = IopCloseFile,
                                    .Parse = IopParseFile,
                                    .Security = IopFileSecurity,
                                    .QueryName = IopQueryName};
    static const OB_METHODS Completion = {.Delete = IopDeleteCompletion};

    ObpCreateType(L"Device", &Device, &IopFileMapping, FILE_ALL_ACCESS, 0, OBP_NOT_WAITABLE,
                  &IoDeviceObjectTypeP);
    ObpCreateType(L"Driver", &Driver, &IopFileMapping, FILE_ALL_ACCESS, 0, OBP_NOT_WAITABLE,
                  &IoDriverObjectTypeP);
    ObpCreateType(L"File", &File, &IopFileMapping, FILE_ALL_ACCESS, 0,
                  FIELD_OFFSET(FILE_OBJECT, Event), &IoFileObjectTypeP);
    ObpCreateType(L"IoCompletion", &Completion, &IopCompletionMapping,
                  STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 3, 0, 0, &IoCompletionTypeP);
    ObpIgnoreCase(IoDeviceObjectTypeP);
    ObpIgnoreCase(IoDriverObjectTypeP);
    ObpIgnoreCase(IoFileObjectTypeP);
    /* What drivers import holds the type itself; the DDK's declaration has one star more. */
    IoFileObjectType = (POBJECT_TYPE *)IoFileObjectTypeP;
    IoDeviceObjectType = (POBJECT_TYPE *)IoDeviceObjectTypeP;
    IoDriverObjectType = (POBJECT_TYPE *)IoDriverObjectTypeP;
}

static VOID
IopInitializeLists(VOID)
{
    PLIST_ENTRY Lists[] = {&IopDiskFileSystems,
                           &IopCdRomFileSystems,
                           &IopTapeFileSystems,
                           &IopNetworkFileSystems,
                           &IopFsNotify,
                           &IopShutdownQueue,
                           &IopLastChanceShutdownQueue,
                           &IopReinitQueue,
                           &IopBootReinitQueue,
                           &IopTimers,
                           &IopInterfaces,
                           &IopPnpNotify,
                           &IopPowerSettings,
                           &IopDeviceNodes,
                           &IopOrphans};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Lists); i++) {
        InitializeListHead(Lists[i]);
    }
    KeInitializeSpinLock(&IopCancelLock);
    KeInitializeSpinLock(&IopVpbLock);
}

static VOID
IopMakeDirectory(PCWSTR Path)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Handle;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(
        &Attributes, &Name, OBJ_PERMANENT | OBJ_OPENIF | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        NULL, NULL);
    if (NT_SUCCESS(ZwCreateDirectoryObject(&Handle, DIRECTORY_ALL_ACCESS, &Attributes))) {
        ZwClose(Handle);
    }
}

BOOLEAN
IoInitSystem(ULONG Phase)
{
    static const struct {
        PCWSTR Name;
        PDRIVER_INITIALIZE Entry;
    } Drivers[] = {
        {L"\\Driver\\PnpManager", IopRootBusEntry},    {L"\\Driver\\Null", IopNullEntry},
        {L"\\Driver\\ConDrv", IopConsoleEntry},        {L"\\FileSystem\\HostFs", IopHostFsEntry},
        {L"\\Driver\\RamDisk", IopRamDiskEntry},       {L"\\FileSystem\\RAW", IopRawEntry},
        {L"\\FileSystem\\Fs_Rec", IopRecognizerEntry}, {L"\\FileSystem\\Npfs", IopPipeEntry},
        {L"\\FileSystem\\Msfs", IopMailslotEntry},
    };
    PDRIVER_OBJECT DriverObject;

    if (Phase == 0) {
        IopInitializeLists();
        IopCreateTypes();
        return TRUE;
    }
    IopMakeDirectory(L"\\Device");
    IopMakeDirectory(L"\\Driver");
    IopMakeDirectory(L"\\FileSystem");
    IopStartTimers();
    for (ULONG i = 0; i < RTL_NUMBER_OF(Drivers); i++) {
        NTSTATUS Status = IopCreateBuiltinDriver(Drivers[i].Name, Drivers[i].Entry, &DriverObject);

        ASSERT(NT_SUCCESS(Status));
    }
    return TRUE;
}
