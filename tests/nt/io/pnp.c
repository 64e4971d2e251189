/*
 * pnp.c - a driver with AddDevice: what a new device goes through, device interfaces, power IRPs.
 * [K:adding-a-pnp-device-to-a-running-system], [DDI:wdm/ioregisterdeviceinterface], [DDI:wdm/porequestpowerirp],
 * [DDI:wdm/iogetdeviceproperty], [DDI:wdm/ioregisterplugplaynotification]
 *
 * The checks run when the device has been started, in the dispatch routine of IRP_MN_QUERY_PNP_DEVICE_STATE.
 */
#include "fdo.h"

static ULONG Minors[16], MinorCount;
static BOOLEAN Ran;

static const GUID Interface = {0x22222222, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};

static NTSTATUS NTAPI
Started(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID RunTests(VOID);

static KTIMER StartTimer;
static KDPC StartDpc;

static VOID NTAPI
StartLater(PKDPC Dpc, PVOID Context, PVOID One, PVOID Two)
{
    Complete(Context, ((PIRP)Context)->IoStatus.Status, 0);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status;
    KEVENT Event;

    switch (Stack->MajorFunction) {
    case IRP_MJ_PNP:
        Minors[MinorCount++ & 15] = Stack->MinorFunction;
        switch (Stack->MinorFunction) {
        case IRP_MN_START_DEVICE: /* "a function driver must ... start the device on the way up" */
            KeInitializeEvent(&Event, NotificationEvent, FALSE);
            IoCopyCurrentIrpStackLocationToNext(Irp);
            IoSetCompletionRoutine(Irp, Started, &Event, TRUE, TRUE, TRUE);
            if (IoCallDriver(LowerDevice, Irp) == STATUS_PENDING) {
                KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
            }
            /* ... and may take its time: whoever has sent the request waits */
            IoMarkIrpPending(Irp);
            KeInitializeTimer(&StartTimer);
            KeInitializeDpc(&StartDpc, StartLater, Irp);
            KeSetTimer(&StartTimer, (LARGE_INTEGER){.QuadPart = -10000}, &StartDpc);
            return STATUS_PENDING;
        case IRP_MN_QUERY_PNP_DEVICE_STATE:
            if (!Ran) {
                Ran = TRUE;
                RunTests();
            }
            break;
        case IRP_MN_QUERY_DEVICE_RELATIONS:
            if (Stack->Parameters.QueryDeviceRelations.Type == BusRelations) {
                PDEVICE_RELATIONS None = ExAllocatePoolWithTag(PagedPool, sizeof(*None), 'npoI');

                None->Count = 0; /* no children; who asks frees the list */
                Irp->IoStatus.Information = (ULONG_PTR)None;
                Irp->IoStatus.Status = STATUS_SUCCESS;
            }
            break;
        case IRP_MN_REMOVE_DEVICE:
            Irp->IoStatus.Status = STATUS_SUCCESS;
            IoSkipCurrentIrpStackLocation(Irp);
            Status = IoCallDriver(LowerDevice, Irp);
            IoDetachDevice(LowerDevice);
            IoDeleteDevice(DeviceObject);
            return Status;
        }
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(LowerDevice, Irp);
    case IRP_MJ_POWER:
        PoStartNextPowerIrp(Irp);
        IoSkipCurrentIrpStackLocation(Irp);
        return PoCallDriver(LowerDevice, Irp);
    case IRP_MJ_SYSTEM_CONTROL:
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(LowerDevice, Irp);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
Order(VOID)
{
    EXPECT(Pdo != NULL && LowerDevice == Pdo);
    EXPECT(Pdo->Flags & DO_BUS_ENUMERATED_DEVICE);
    EXPECT(MinorCount >= 3);
    EXPECT_EQ(Minors[0], IRP_MN_FILTER_RESOURCE_REQUIREMENTS);
    EXPECT_EQ(Minors[1], IRP_MN_START_DEVICE);
    EXPECT_EQ(Minors[2], IRP_MN_QUERY_CAPABILITIES);
    EXPECT_EQ(PsGetCurrentProcess(), PsInitialSystemProcess);
}

static ULONG Arrivals, Removals;

static NTSTATUS NTAPI
Notify(PVOID Structure, PVOID Context)
{
    PDEVICE_INTERFACE_CHANGE_NOTIFICATION Change = Structure;

    EXPECT(IsEqualGUID(&Change->InterfaceClassGuid, &Interface));
    if (Change->Event.Data1 == 0xcb3a4004) {
        Arrivals++;
    } else {
        Removals++;
    }
    return STATUS_SUCCESS;
}

/* A request to the bus, as a function driver sends it; what comes of it. */
static NTSTATUS
AskBus(UCHAR Minor, ULONG Which, PULONG_PTR Answer)
{
    IO_STATUS_BLOCK Iosb = {0};
    PIO_STACK_LOCATION Stack;
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Pdo, NULL, 0, NULL, &Event, &Iosb);
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED; /* so it begins [wdm: IRP_MN_QUERY_ID] */
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MinorFunction = Minor;
    if (Minor == IRP_MN_QUERY_ID) {
        Stack->Parameters.QueryId.IdType = Which;
    } else {
        Stack->Parameters.QueryDeviceRelations.Type = Which;
    }
    Status = IoCallDriver(Pdo, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Iosb.Status;
    }
    *Answer = Iosb.Information;
    return Status;
}

/* [wdm: IRP_MN_QUERY_ID], [wdm: IRP_MN_QUERY_DEVICE_RELATIONS]: pool that the asker frees; hardware IDs end in an empty string. */
static VOID
Ids(VOID)
{
    static const WCHAR Device[] = L"ROOT\\IO-PNP\0", Instance[] = L"0000";
    UNICODE_STRING Wanted, Got;
    ULONG_PTR Answer;

    for (ULONG Type = BusQueryDeviceID; Type <= BusQueryInstanceID; Type++) {
        NTSTATUS Expected = Type == BusQueryCompatibleIDs ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;

        EXPECT_STATUS(AskBus(IRP_MN_QUERY_ID, Type, &Answer), Expected);
        EXPECT((Answer != 0) == NT_SUCCESS(Expected));
        if (Answer != 0) {
            RtlInitUnicodeString(&Wanted, Type == BusQueryInstanceID ? Instance : Device);
            RtlInitUnicodeString(&Got, (PWSTR)Answer);
            EXPECT(RtlEqualUnicodeString(&Got, &Wanted, TRUE));
            EXPECT(Type != BusQueryHardwareIDs || ((PWSTR)Answer)[Got.Length / 2 + 1] == 0);
            ExFreePool((PVOID)Answer);
        }
    }
    EXPECT_STATUS(AskBus(IRP_MN_QUERY_DEVICE_RELATIONS, TargetDeviceRelation, &Answer),
                  STATUS_SUCCESS);
    EXPECT(Answer != 0 && ((PDEVICE_RELATIONS)Answer)->Count == 1 &&
           ((PDEVICE_RELATIONS)Answer)->Objects[0] == Pdo);
    if (Answer != 0) {
        ObDereferenceObject(((PDEVICE_RELATIONS)Answer)->Objects[0]); /* the bus referenced it */
        ExFreePool((PVOID)Answer);
    }
    EXPECT_STATUS(AskBus(IRP_MN_QUERY_DEVICE_RELATIONS, EjectionRelations, &Answer),
                  STATUS_NOT_SUPPORTED);
    EXPECT_EQ(Answer, 0);
}

static const GUID OtherInterface = {0x33333333, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};
static ULONG Existing;

static NTSTATUS NTAPI
CountExisting(PVOID Structure, PVOID Context)
{
    PDEVICE_INTERFACE_CHANGE_NOTIFICATION Change = Structure;

    EXPECT(IsEqualGUID(&Change->InterfaceClassGuid, Context));
    EXPECT(Change->Version == 1 && Change->Size == sizeof(*Change));
    Existing++;
    return STATUS_SUCCESS;
}

/* How many of a class are told of when somebody registers who wants to hear of those that are there. */
static ULONG
ExistingOf(const GUID *Class)
{
    PVOID Entry = NULL;

    Existing = 0;
    EXPECT_STATUS(
        IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange,
                                       PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES,
                                       (PVOID)Class, Driver, CountExisting, (PVOID)Class, &Entry),
        STATUS_SUCCESS);
    EXPECT_STATUS(IoUnregisterPlugPlayNotification(Entry), STATUS_SUCCESS);
    return Existing;
}

/* Those that are enabled, and of that class. [wdm: IoRegisterPlugPlayNotification] */
static VOID
ExistingInterfaces(VOID)
{
    UNICODE_STRING Link;

    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &OtherInterface, NULL, &Link), STATUS_SUCCESS);
    EXPECT(ExistingOf(&OtherInterface) == 0 && ExistingOf(&Interface) == 0);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, TRUE), STATUS_SUCCESS);
    EXPECT(ExistingOf(&OtherInterface) == 1 && ExistingOf(&Interface) == 0);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, FALSE), STATUS_SUCCESS);
    EXPECT(ExistingOf(&OtherInterface) == 0 && ExistingOf(&Interface) == 0);
    RtlFreeUnicodeString(&Link);
}

static VOID
Interfaces(VOID)
{
    UNICODE_STRING Link, Bad = RTL_CONSTANT_STRING(L"a\\b");
    IO_STATUS_BLOCK Iosb;
    PVOID Entry = NULL;
    PWSTR List = NULL;
    HANDLE Handle;

    EXPECT_STATUS(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0,
                                                 (PVOID)&Interface, Driver, Notify, NULL, &Entry),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Interface, &Bad, &Link),
                  STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Interface, NULL, &Link), STATUS_SUCCESS);
    EXPECT_EQ(Link.Buffer[Link.Length / 2], 0);
    EXPECT_STATUS(IoGetDeviceInterfaces(&Interface, NULL, 0, &List), STATUS_SUCCESS);
    EXPECT_EQ(List[0], 0); /* not enabled yet: an empty list */
    ExFreePool(List);
    EXPECT_STATUS(Open(Link.Buffer, FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, TRUE), STATUS_SUCCESS);
    EXPECT_EQ(Arrivals, 1);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, TRUE), STATUS_OBJECT_NAME_EXISTS);
    EXPECT_STATUS(IoGetDeviceInterfaces(&Interface, NULL, 0, &List), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(List, Link.Buffer, Link.Length + 2));
    ExFreePool(List);
    EXPECT_STATUS(Open(Link.Buffer, FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_SUCCESS); /* reaches the top: us */
    ZwClose(Handle);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, FALSE), STATUS_SUCCESS);
    EXPECT_EQ(Removals, 1);
    EXPECT_STATUS(IoSetDeviceInterfaceState(&Link, FALSE), STATUS_OBJECT_NAME_NOT_FOUND);
    RtlFreeUnicodeString(&Link);
    EXPECT_STATUS(IoUnregisterPlugPlayNotification(Entry), STATUS_SUCCESS);
}

static VOID
Properties(VOID)
{
    WCHAR Buffer[64];
    ULONG Length = 0;
    HANDLE Key = NULL;

    EXPECT_STATUS(
        IoGetDeviceProperty(Pdo, DevicePropertyEnumeratorName, sizeof(Buffer), Buffer, &Length),
        STATUS_SUCCESS);
    EXPECT(Length == 10 && RtlEqualMemory(Buffer, L"ROOT", 10));
    EXPECT_STATUS(IoGetDeviceProperty(Pdo, DevicePropertyEnumeratorName, 2, Buffer, &Length),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Length, 10);
    EXPECT_STATUS(
        IoGetDeviceProperty(Pdo, DevicePropertyFriendlyName, sizeof(Buffer), Buffer, &Length),
        STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(IoOpenDeviceRegistryKey(Pdo, PLUGPLAY_REGKEY_DEVICE, KEY_ALL_ACCESS, &Key),
                  STATUS_SUCCESS);
    if (Key != NULL) {
        ZwClose(Key);
    }
    Key = NULL;
    EXPECT_STATUS(IoOpenDeviceRegistryKey(Pdo, PLUGPLAY_REGKEY_DRIVER, KEY_ALL_ACCESS, &Key),
                  STATUS_SUCCESS);
    EXPECT(Key != NULL);
    ZwClose(Key);
    EXPECT_STATUS(IoOpenDeviceRegistryKey(Pdo, 0, KEY_ALL_ACCESS, &Key), STATUS_INVALID_PARAMETER);
}

/* In every room: whole or not at all, and the same size each time. */
static VOID
PropertyRooms(VOID)
{
    static const DEVICE_REGISTRY_PROPERTY Known[] = {
        DevicePropertyPhysicalDeviceObjectName, DevicePropertyEnumeratorName,
        DevicePropertyHardwareID, DevicePropertyDeviceDescription, DevicePropertyInstallState};
    UCHAR Whole[256], Part[256];
    ULONG Wrong = 0, Size, Needed;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Known); i++) {
        EXPECT_STATUS(IoGetDeviceProperty(Pdo, Known[i], sizeof(Whole), Whole, &Size),
                      STATUS_SUCCESS);
        for (ULONG Length = 0; Length < Size + 4; Length++) {
            RtlFillMemory(Part, sizeof(Part), 0xE5);
            Needed = 0;
            Wrong += IoGetDeviceProperty(Pdo, Known[i], Length, Part, &Needed) !=
                     (Length < Size ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS);
            Wrong += Needed != Size;
            Wrong += Length >= Size && !RtlEqualMemory(Part, Whole, Size);
            for (ULONG j = Length < Size ? 0 : Size; j < sizeof(Part); j++) {
                Wrong += Part[j] != 0xE5;
            }
        }
    }
    EXPECT_EQ(Wrong, 0);
}

static const DEVPROPKEY KeyOne = {{1, 2, 3, {4}}, 5}, KeyTwo = {{1, 2, 3, {4}}, 6};

/* Data under a key of one's own: set, replaced, removed. [DDI:wdm/iosetdevicepropertydata] */
static VOID
PropertyData(VOID)
{
    ULONG Value = 0, Size = 0, New = 0x1234, Byte = 7;
    DEVPROPTYPE Type = 0;
    WCHAR Name[64];

    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyOne, 0, 0, 4, &Value, &Size, &Type),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(IoSetDevicePropertyData(Pdo, &KeyOne, 0, 0, DEVPROP_TYPE_UINT32, 4, &New),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoSetDevicePropertyData(Pdo, &KeyTwo, 0, 0, DEVPROP_TYPE_BYTE, 1, &Byte),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyOne, 0, 0, 4, &Value, &Size, &Type),
                  STATUS_SUCCESS);
    EXPECT(Value == 0x1234 && Size == 4 && Type == DEVPROP_TYPE_UINT32);
    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyOne, 0, 0, 3, &Value, &Size, &Type),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Size, 4);
    New = 0x5678;
    EXPECT_STATUS(IoSetDevicePropertyData(Pdo, &KeyOne, 0, 0, DEVPROP_TYPE_INT32, 4, &New),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyOne, 0, 0, 4, &Value, &Size, &Type),
                  STATUS_SUCCESS);
    EXPECT(Value == 0x5678 && Type == DEVPROP_TYPE_INT32);
    EXPECT_STATUS(IoSetDevicePropertyData(Pdo, &KeyOne, 0, 0, DEVPROP_TYPE_EMPTY, 0, NULL),
                  STATUS_SUCCESS); /* removed */
    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyOne, 0, 0, 4, &Value, &Size, &Type),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    Value = 0;
    EXPECT_STATUS(IoGetDevicePropertyData(Pdo, &KeyTwo, 0, 0, 4, &Value, &Size, &Type),
                  STATUS_SUCCESS);
    EXPECT(Value == 7 && Size == 1);
    EXPECT_STATUS(IoGetDeviceProperty(Pdo, DevicePropertyInstallState, 4, &Value, &Size),
                  STATUS_SUCCESS);
    EXPECT(Value == InstallStateInstalled && Size == 4);
    EXPECT_STATUS(IoGetDeviceProperty(Pdo, DevicePropertyInstallState, 3, &Value, &Size),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(IoGetDeviceProperty(Pdo, DevicePropertyHardwareID, sizeof(Name), Name, &Size),
                  STATUS_SUCCESS);
    EXPECT(wcsncmp(Name, L"ROOT\\", 5) == 0 && Name[Size / 2 - 1] == 0 && Name[Size / 2 - 2] == 0);
    EXPECT_STATUS(
        IoGetDeviceProperty(Pdo, DevicePropertyDeviceDescription, sizeof(Name), Name, &Size),
        STATUS_SUCCESS);
    EXPECT(Size > 2 && Name[Size / 2 - 1] == 0 && Name[Size / 2 - 2] != 0);
    EXPECT_STATUS(
        IoGetDeviceProperty(Pdo, DevicePropertyPhysicalDeviceObjectName, sizeof(Name), Name, &Size),
        STATUS_SUCCESS);
    EXPECT(wcsncmp(Name, L"\\Device\\", 8) == 0 && Name[Size / 2 - 1] == 0);
}

static const GUID Custom = {0x33333333, 3, 3, {3}}, Alias = {0x44444444, 4, 4, {4}};
static ULONG Told, Finished;
static PFILE_OBJECT Target;
static KEVENT Reported;

static NTSTATUS NTAPI
OnTarget(PVOID Structure, PVOID Context)
{
    PTARGET_DEVICE_CUSTOM_NOTIFICATION Note = Structure;

    Told += IsEqualGUID(&Note->Event, &Custom) && Note->FileObject == Target && Context == &Told;
    return STATUS_SUCCESS;
}

static VOID NTAPI
OnReported(PVOID Context)
{
    Finished += Context == &Finished;
    KeSetEvent(&Reported, 0, FALSE);
}

static NTSTATUS NTAPI
OnExisting(PVOID Structure, PVOID Context)
{
    ++*(PULONG)Context;
    return STATUS_SUCCESS;
}

/* [DDI:wdm/ioreporttargetdevicechange], [DDI:wdm/iogetdeviceinterfacealias] */
static VOID
Reports(VOID)
{
    TARGET_DEVICE_CUSTOM_NOTIFICATION Note = {1, sizeof(Note), Custom, NULL, -1};
    UNICODE_STRING Link, Other, Found, None = RTL_CONSTANT_STRING(L"\\??\\nothing");
    PVOID Entry = NULL;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle, Key = NULL;
    ULONG Existing = 0, Before = MinorCount;
    LARGE_INTEGER Soon = {.QuadPart = -100000};

    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Interface, NULL, &Link), STATUS_SUCCESS);
    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Alias, NULL, &Other), STATUS_SUCCESS);
    IoSetDeviceInterfaceState(&Link, TRUE);
    EXPECT_STATUS(
        IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange,
                                       PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES,
                                       (PVOID)&Interface, Driver, OnExisting, &Existing, &Entry),
        STATUS_SUCCESS);
    EXPECT_EQ(Existing, 1); /* those that are there are told at once */
    EXPECT_STATUS(IoUnregisterPlugPlayNotificationEx(Entry), STATUS_SUCCESS);
    EXPECT_STATUS(IoRegisterPlugPlayNotification(EventCategoryReserved, 0, NULL, Driver, OnExisting,
                                                 &Existing, &Entry),
                  STATUS_INVALID_PARAMETER);
    EXPECT_EQ(Entry, NULL);
    EXPECT_STATUS(IoRegisterPlugPlayNotification(EventCategoryHardwareProfileChange, 0, NULL,
                                                 Driver, OnExisting, &Existing, &Entry),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoUnregisterPlugPlayNotification(Entry), STATUS_SUCCESS);
    EXPECT_STATUS(IoGetDeviceInterfaceAlias(&Link, &Alias, &Found), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Found, &Other, TRUE));
    RtlFreeUnicodeString(&Found);
    EXPECT_STATUS(IoGetDeviceInterfaceAlias(&Link, &Custom, &Found), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(IoGetDeviceInterfaceAlias(&None, &Alias, &Found), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(IoOpenDeviceInterfaceRegistryKey(&Link, KEY_ALL_ACCESS, &Key), STATUS_SUCCESS);
    EXPECT(Key != NULL);
    ZwClose(Key);
    EXPECT_STATUS(IoOpenDeviceInterfaceRegistryKey(&None, KEY_ALL_ACCESS, &Key),
                  STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(Open(Link.Buffer, FILE_READ_DATA, 0, 0, &Handle, &Iosb), STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&Target, NULL);
    EXPECT_STATUS(IoRegisterPlugPlayNotification(EventCategoryTargetDeviceChange, 0, Target, Driver,
                                                 OnTarget, &Told, &Entry),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoReportTargetDeviceChange(Pdo, &Note), STATUS_SUCCESS);
    EXPECT_EQ(Told, 1);
    KeInitializeEvent(&Reported, SynchronizationEvent, FALSE);
    EXPECT_STATUS(IoReportTargetDeviceChangeAsynchronous(Pdo, &Note, OnReported, &Finished),
                  STATUS_PENDING);
    EXPECT_STATUS(KeWaitForSingleObject(&Reported, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT(Told == 2 && Finished == 1); /* first the callbacks, then the routine */
    EXPECT_STATUS(IoUnregisterPlugPlayNotification(Entry), STATUS_SUCCESS);
    EXPECT_STATUS(IoReportTargetDeviceChange(Pdo, &Note), STATUS_SUCCESS);
    EXPECT_EQ(Told, 2);
    ObDereferenceObject(Target);
    ZwClose(Handle);
    IoSetDeviceInterfaceState(&Link, FALSE);
    RtlFreeUnicodeString(&Link);
    RtlFreeUnicodeString(&Other);
    Before = MinorCount;
    IoInvalidateDeviceRelations(Pdo, EjectionRelations); /* asked for when somebody needs them */
    KeDelayExecutionThread(KernelMode, FALSE, &Soon);
    EXPECT_EQ(MinorCount, Before);
    IoInvalidateDeviceRelations(Pdo, BusRelations);
    KeDelayExecutionThread(KernelMode, FALSE, &Soon);
    EXPECT_EQ(MinorCount, Before + 1);
    EXPECT_EQ(Minors[Before & 15], IRP_MN_QUERY_DEVICE_RELATIONS);
}

static volatile LONG PowerDone;
static NTSTATUS PowerStatus;

static VOID NTAPI
PowerComplete(PDEVICE_OBJECT DeviceObject, UCHAR Minor, POWER_STATE State, PVOID Context,
              PIO_STATUS_BLOCK Iosb)
{
    EXPECT_EQ(DeviceObject, Pdo);
    EXPECT_EQ(Minor, IRP_MN_SET_POWER);
    EXPECT_EQ(State.DeviceState, PowerDeviceD3);
    PowerStatus = Iosb->Status;
    InterlockedIncrement(&PowerDone);
}

static VOID
Power(VOID)
{
    POWER_STATE State = {.DeviceState = PowerDeviceD3}, Old;

    EXPECT_STATUS(PoRequestPowerIrp(Pdo, IRP_MN_SET_POWER, State, PowerComplete, NULL, NULL),
                  STATUS_PENDING);
    EXPECT_EQ(PowerDone, 1);
    EXPECT_STATUS(PowerStatus, STATUS_SUCCESS);
    EXPECT_STATUS(PoRequestPowerIrp(Pdo, IRP_MN_POWER_SEQUENCE, State, NULL, NULL, NULL),
                  STATUS_INVALID_PARAMETER_2);
    State.DeviceState = PowerDeviceD0;
    Old = PoSetPowerState(Pdo, DevicePowerState,
                          State); /* "returns the current power state for the device object" */
    EXPECT_EQ(Old.DeviceState, PowerDeviceD3);
}

/* What the bus says of any request, and that it keeps the status of those that it does not know. */
static VOID
Bus(VOID)
{
    static const UCHAR Known[] = {IRP_MN_QUERY_STOP_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
                                  IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_CANCEL_REMOVE_DEVICE};
    static const UCHAR Unknown[] = {IRP_MN_QUERY_RESOURCES, IRP_MN_QUERY_RESOURCE_REQUIREMENTS,
                                    IRP_MN_QUERY_PNP_DEVICE_STATE, IRP_MN_READ_CONFIG};
    DEVICE_CAPABILITIES Capabilities;
    IO_STATUS_BLOCK Iosb;
    PIO_STACK_LOCATION Stack;
    ULONG_PTR Answer = 0;
    NTSTATUS Status;
    KEVENT Event;
    PIRP Irp;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Known); i++) {
        EXPECT_STATUS(AskBus(Known[i], 0, &Answer), STATUS_SUCCESS);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Unknown); i++) {
        EXPECT_STATUS(AskBus(Unknown[i], 0, &Answer), STATUS_NOT_SUPPORTED);
    }
    RtlZeroMemory(&Capabilities, sizeof(Capabilities));
    Capabilities.Size = sizeof(Capabilities);
    Capabilities.Version = 1;
    Capabilities.Address = Capabilities.UINumber = MAXULONG; /* [K: IRP_MN_QUERY_CAPABILITIES] */
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Pdo, NULL, 0, NULL, &Event, &Iosb);
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MinorFunction = IRP_MN_QUERY_CAPABILITIES;
    Stack->Parameters.DeviceCapabilities.Capabilities = &Capabilities;
    Status = IoCallDriver(Pdo, Irp);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    EXPECT(Capabilities.SilentInstall && Capabilities.RawDeviceOK && !Capabilities.Removable);
    EXPECT_EQ(Capabilities.DeviceState[PowerSystemUnspecified], PowerDeviceUnspecified);
    EXPECT_EQ(Capabilities.DeviceState[PowerSystemWorking], PowerDeviceD0);
    for (ULONG i = PowerSystemSleeping1; i < PowerSystemMaximum; i++) {
        EXPECT_EQ(Capabilities.DeviceState[i], PowerDeviceD3);
    }
    EXPECT(Capabilities.Address == MAXULONG && Capabilities.UINumber == MAXULONG);
    /* what a WMI request came with */
    for (ULONG i = 0; i < 2; i++) {
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        Irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Pdo, NULL, 0, NULL, &Event, &Iosb);
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_SYSTEM_CONTROL;
        Irp->IoStatus.Status = i ? STATUS_WMI_GUID_NOT_FOUND : STATUS_SUCCESS;
        EXPECT_STATUS(IoCallDriver(Pdo, Irp), i ? STATUS_WMI_GUID_NOT_FOUND : STATUS_SUCCESS);
    }
}

static VOID
RunTests(VOID)
{
    static const NTLAB_TEST Tests[] = {
        TEST(Order),        TEST(Interfaces), TEST(ExistingInterfaces),
        TEST(Ids),          TEST(Properties), TEST(PropertyRooms),
        TEST(PropertyData), TEST(Reports),    TEST(Power),
        TEST(Bus)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
}
