/*
 * interfacemodel.c - device interfaces against a model: instances of three classes, with reference strings and without, are registered, enabled, disabled, listed,
 * aliased and opened some thousand times, while notifications come and go; who is told what, in which order.
 * [DDI:wdm/ioregisterdeviceinterface], [DDI:wdm/iosetdeviceinterfacestate], [DDI:wdm/iogetdeviceinterfaces],
 * [DDI:wdm/iogetdeviceinterfacealias], [DDI:wdm/ioregisterplugplaynotification], [DDI:wdm/_device_interface_change_notification]
 *
 * The steps run when the device has been started, in the dispatch routine of IRP_MN_QUERY_PNP_DEVICE_STATE.
 */
#include "fdo.h"

#define CLASSES    3
#define REFERENCES 3
#define WATCHERS   4
#define STEPS      1500
#define TOLD       32

static const GUID Classes[CLASSES] = {{0x44444401, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}},
                                      {0x44444402, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}},
                                      {0x44444401, 2, 3, {4, 5, 6, 7, 8, 9, 10, 12}}},
                  Arrival = {0xcb3a4004,
                             0x46f0,
                             0x11d0,
                             {0xb0, 0x8f, 0, 0x60, 0x97, 0x13, 5, 0x3f}},
                  Removal = {
                      0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0, 0x60, 0x97, 0x13, 5, 0x3f}};
static const UNICODE_STRING References[REFERENCES] = {
    RTL_CONSTANT_STRING(L""), RTL_CONSTANT_STRING(L"one"), RTL_CONSTANT_STRING(L"Two")};

typedef struct _INSTANCE {
    UNICODE_STRING Link; /* Buffer NULL: not registered */
    BOOLEAN Enabled;
} INSTANCE, *PINSTANCE;

typedef struct _TELLING {
    ULONG Watcher, Class, Reference;
    BOOLEAN Arrives;
} TELLING;

static INSTANCE Model[CLASSES][REFERENCES];
static struct {
    PVOID Entry; /* NULL: none */
    ULONG Class, Since;
} Watchers[WATCHERS];
static TELLING Told[TOLD], Expected[TOLD];
static ULONG ToldCount, ExpectedCount, Seed = 3, Wrong[12], Clock;
static WCHAR Opened[32];
static BOOLEAN Ran;

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static NTSTATUS NTAPI
Notify(PVOID Structure, PVOID Context)
{
    PDEVICE_INTERFACE_CHANGE_NOTIFICATION Change = Structure;
    TELLING *New = &Told[ToldCount++ % TOLD];

    Wrong[0] += Change->Version != 1 || Change->Size != sizeof(*Change);
    Wrong[0] += !IsEqualGUID(&Change->Event, &Arrival) && !IsEqualGUID(&Change->Event, &Removal);
    Wrong[0] += KeGetCurrentIrql() != PASSIVE_LEVEL;
    New->Watcher = (ULONG)(ULONG_PTR)Context;
    New->Arrives = IsEqualGUID(&Change->Event, &Arrival);
    New->Class = New->Reference = 99;
    for (ULONG i = 0; i < CLASSES; i++) {
        for (ULONG j = 0; j < REFERENCES; j++) {
            if (IsEqualGUID(&Change->InterfaceClassGuid, &Classes[i]) &&
                Model[i][j].Link.Buffer != NULL &&
                RtlEqualUnicodeString(Change->SymbolicLinkName, &Model[i][j].Link, FALSE)) {
                New->Class = i;
                New->Reference = j;
            }
        }
    }
    return STATUS_SUCCESS;
}

static VOID
Expect(ULONG Watcher, ULONG Class, ULONG Reference, BOOLEAN Arrives)
{
    Expected[ExpectedCount++ % TOLD] = (TELLING){Watcher, Class, Reference, Arrives};
}

/* Everybody was told what was expected; of one change in whatever order. */
static VOID
CompareTold(VOID)
{
    Wrong[1] += ToldCount != ExpectedCount;
    for (ULONG i = 0; i < ExpectedCount; i++) {
        ULONG Found = 0;

        for (ULONG j = 0; j < ToldCount; j++) {
            Found += Told[j].Watcher == Expected[i].Watcher && Told[j].Class == Expected[i].Class &&
                     Told[j].Reference == Expected[i].Reference &&
                     Told[j].Arrives == Expected[i].Arrives;
        }
        Wrong[2] += Found != 1;
    }
}

static VOID
Register(ULONG Class, ULONG Reference)
{
    PINSTANCE Instance = &Model[Class][Reference];
    UNICODE_STRING Link = {0}, String = References[Reference];

    Wrong[3] +=
        IoRegisterDeviceInterface(Pdo, &Classes[Class], Reference == 0 && Any(2) ? NULL : &String,
                                  &Link) != STATUS_SUCCESS;
    Wrong[3] += Link.Length == 0 || Link.Buffer[Link.Length / sizeof(WCHAR)] != 0;
    if (Instance->Link.Buffer == NULL) {
        Instance->Link = Link;
    } else {
        /* once more: the same name, and it is as it was */
        Wrong[3] += !RtlEqualUnicodeString(&Link, &Instance->Link, FALSE);
        RtlFreeUnicodeString(&Link);
    }
}

static VOID
Enable(ULONG Class, ULONG Reference, BOOLEAN Want)
{
    PINSTANCE Instance = &Model[Class][Reference];
    UNICODE_STRING None =
        RTL_CONSTANT_STRING(L"\\??\\ROOT#none#0#{44444401-0002-0003-0405-060708090a0b}");
    NTSTATUS Status, Good = Want == Instance->Enabled
                                ? (Want ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_NOT_FOUND)
                                : STATUS_SUCCESS;

    if (Instance->Link.Buffer == NULL) {
        Wrong[4] += NT_SUCCESS(IoSetDeviceInterfaceState(&None, Want));
        return;
    }
    for (ULONG i = 0; i < WATCHERS && Good == STATUS_SUCCESS; i++) {
        if (Watchers[i].Entry != NULL && Watchers[i].Class == Class) {
            Expect(i, Class, Reference, Want);
        }
    }
    Status = IoSetDeviceInterfaceState(&Instance->Link, Want);
    Wrong[4] += Status != Good;
    Instance->Enabled = Want;
}

/* The class's links, those that are enabled or all, each once. */
static VOID
List(ULONG Class)
{
    ULONG Flags = Any(2) ? DEVICE_INTERFACE_INCLUDE_NONACTIVE : 0, Count = 0, Found = 0;
    PWSTR Links = NULL;

    Wrong[5] += IoGetDeviceInterfaces(&Classes[Class], Any(2) ? Pdo : NULL, Flags, &Links) !=
                STATUS_SUCCESS;
    if (Links == NULL) {
        return;
    }
    for (PWSTR At = Links; *At != 0;) {
        UNICODE_STRING Link;

        RtlInitUnicodeString(&Link, At);
        Count++;
        for (ULONG i = 0; i < REFERENCES; i++) {
            Found += Model[Class][i].Link.Buffer != NULL &&
                     (Model[Class][i].Enabled || Flags != 0) &&
                     RtlEqualUnicodeString(&Link, &Model[Class][i].Link, FALSE);
        }
        At += Link.Length / sizeof(WCHAR) + 1;
    }
    Wrong[5] += Found != Count;
    for (ULONG i = 0; i < REFERENCES; i++) {
        Count -= Model[Class][i].Link.Buffer != NULL && (Model[Class][i].Enabled || Flags != 0);
    }
    Wrong[5] += Count != 0;
    ExFreePool(Links);
    /* of another device there is none */
    Wrong[5] += IoGetDeviceInterfaces(&Classes[Class], Fdo, Flags, &Links) == STATUS_SUCCESS &&
                (*Links != 0 || (ExFreePool(Links), FALSE));
}

static VOID
Alias(ULONG Class, ULONG Reference)
{
    ULONG Other = Any(CLASSES);
    UNICODE_STRING Found = {0};
    NTSTATUS Status;

    if (Model[Class][Reference].Link.Buffer == NULL) {
        return;
    }
    Status = IoGetDeviceInterfaceAlias(&Model[Class][Reference].Link, &Classes[Other], &Found);
    if (Model[Other][Reference].Link.Buffer == NULL) {
        Wrong[6] += Status != STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        Wrong[6] += Status != STATUS_SUCCESS ||
                    !RtlEqualUnicodeString(&Found, &Model[Other][Reference].Link, FALSE);
        RtlFreeUnicodeString(&Found);
    }
}

/* What is behind the link's name is what the driver gave as reference string. */
static VOID
OpenLink(ULONG Class, ULONG Reference)
{
    PINSTANCE Instance = &Model[Class][Reference];
    BOOLEAN OfClass = FALSE;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Handle;

    if (Instance->Link.Buffer == NULL) {
        return;
    }
    for (ULONG i = 0; i < REFERENCES; i++) {
        OfClass |= Model[Class][i].Enabled;
    }
    InitializeObjectAttributes(&Attributes, &Instance->Link,
                               OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    Opened[0] = L'?';
    Status = ZwOpenFile(&Handle, FILE_READ_DATA, &Attributes, &Iosb, 0, 0);
    if (Instance->Enabled) {
        Wrong[7] += Status != STATUS_SUCCESS;
        Wrong[7] += Reference == 0
                        ? Opened[0] != 0
                        : Opened[0] != L'\\' ||
                              !RtlEqualMemory(Opened + 1, References[Reference].Buffer,
                                              References[Reference].Length + sizeof(WCHAR));
    } else if (!OfClass) {
        Wrong[7] += Status !=
                    (Reference == 0 ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND);
    }
    if (NT_SUCCESS(Status)) {
        ZwClose(Handle);
    }
}

static VOID
Watch(ULONG Watcher)
{
    BOOLEAN Existing = Any(2);

    if (Watchers[Watcher].Entry != NULL) {
        Wrong[8] += (Any(2) ? IoUnregisterPlugPlayNotification(Watchers[Watcher].Entry)
                            : IoUnregisterPlugPlayNotificationEx(Watchers[Watcher].Entry)) !=
                    STATUS_SUCCESS;
        Watchers[Watcher].Entry = NULL;
        return;
    }
    Watchers[Watcher].Class = Any(CLASSES);
    for (ULONG i = 0; i < REFERENCES && Existing; i++) {
        if (Model[Watchers[Watcher].Class][i].Enabled) {
            Expect(Watcher, Watchers[Watcher].Class, i, TRUE);
        }
    }
    Wrong[8] += IoRegisterPlugPlayNotification(
                    EventCategoryDeviceInterfaceChange,
                    Existing ? PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES : 0,
                    (PVOID)&Classes[Watchers[Watcher].Class], Driver, Notify,
                    (PVOID)(ULONG_PTR)Watcher, &Watchers[Watcher].Entry) != STATUS_SUCCESS;
}

static VOID
Steps(VOID)
{
    UNICODE_STRING Slash = RTL_CONSTANT_STRING(L"a/b"), Back = RTL_CONSTANT_STRING(L"\\ab"), Link;

    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Classes[0], &Slash, &Link),
                  STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_STATUS(IoRegisterDeviceInterface(Pdo, &Classes[0], &Back, &Link),
                  STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_STATUS(IoRegisterDeviceInterface(Fdo, &Classes[0], NULL, &Link),
                  STATUS_INVALID_DEVICE_REQUEST); /* no PDO */
    for (ULONG Step = 0; Step < STEPS; Step++) {
        ULONG Class = Any(CLASSES), Reference = Any(REFERENCES), What = Any(16);

        ToldCount = ExpectedCount = 0;
        if (What < 1) {
            Register(Class, Reference);
        } else if (What < 7) {
            Enable(Class, Reference,
                   Any(8) == 0 ? (BOOLEAN)Any(2) : !Model[Class][Reference].Enabled);
        } else if (What < 10) {
            List(Class);
        } else if (What < 12) {
            Alias(Class, Reference);
        } else if (What < 14) {
            OpenLink(Class, Reference);
        } else {
            Watch(Any(WATCHERS));
        }
        CompareTold();
    }
    for (ULONG i = 0; i < CLASSES * REFERENCES; i++) {
        PINSTANCE Instance = &Model[i / REFERENCES][i % REFERENCES];

        if (Instance->Enabled) {
            IoSetDeviceInterfaceState(&Instance->Link, FALSE);
        }
        if (Instance->Link.Buffer != NULL) {
            RtlFreeUnicodeString(&Instance->Link);
        }
    }
    for (ULONG i = 0; i < WATCHERS; i++) {
        if (Watchers[i].Entry != NULL) {
            IoUnregisterPlugPlayNotificationEx(Watchers[i].Entry);
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    static const NTLAB_TEST Tests[] = {TEST(Steps)};
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PUNICODE_STRING Name;
    NTSTATUS Status;

    switch (Stack->MajorFunction) {
    case IRP_MJ_PNP:
        if (Stack->MinorFunction == IRP_MN_QUERY_PNP_DEVICE_STATE && !Ran) {
            Ran = TRUE;
            NtlabRun(Tests, RTL_NUMBER_OF(Tests));
        }
        if (Stack->MinorFunction == IRP_MN_REMOVE_DEVICE) {
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
    case IRP_MJ_SYSTEM_CONTROL:
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(LowerDevice, Irp);
    case IRP_MJ_CREATE:
        Name = &Stack->FileObject->FileName;
        RtlZeroMemory(Opened, sizeof(Opened));
        RtlCopyMemory(Opened, Name->Buffer, min(Name->Length, sizeof(Opened) - sizeof(WCHAR)));
        break;
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}
