/*
 * driver.c - from a service key to DriverEntry, and back.
 *
 * A load runs in a system worker thread, ExpWorkerThread - IopLoadUnloadDriver - IopLoadDriver -
 * DriverEntry, unless the caller is in the System process already. [OSR: "Loading and Unloading"; wdm:
 * ZwLoadDriver, DRIVER_INITIALIZE; nt-semantics 6]
 *
 *   R1  A driver object is named before DriverEntry runs, so an unload can find it then. Where the
 *       version says so, unload waits until DriverEntry has returned.
 *   R2  A DriverEntry that fails is not followed by Unload: name and image go, if nothing holds them.
 *   R3  Unload is called when no device of the driver is open or attached to; else every device is marked,
 *       STATUS_SUCCESS returned, and the last close or detach brings it about (IopTryUnload).
 *   R4  The image is freed when the driver object is deleted, and every device object refers to that.
 *   R5  Where unload is not kept away from DriverEntry, nothing keeps the driver object either: it can be gone wherever a
 *       load looks at it, which are points that say so. That devices are no longer initializing is the last thing that
 *       a load writes there: who has seen it may go.
 *   R6  What DPCs are queued when Unload returns have run before the image goes: drivers need not wait for those that use
 *       global variables. [DDI:wdm/kecanceltimer] Those queued before Unload is called have run by then, too: they take
 *       microseconds on Windows, and an unload comes by way of a worker thread. (Microsoft's sample event counts on it.)
 *   R7  A load that finds the driver waiting for its last close takes the unload back and succeeds; if the image is
 *       still there, but no driver object of the name, it is STATUS_DRIVER_FAILED_PRIOR_UNLOAD.
 *   R8  Of two that unload a driver one calls Unload: between the last look at DRVO_UNLOAD_INVOKED and setting it is no point.
 */
#include "nt/io/iop.h"
#include "nt/inc/crt.h"
#include "nt/inc/left.h"
#include "nt/inc/vf.h"

typedef struct _IOP_LOAD {
    WORK_QUEUE_ITEM Item;
    KEVENT Done;
    PUNICODE_STRING ServicePath; /* load, unload */
    PUNICODE_STRING Name;        /* unload: of the driver object, without its service's key */
    PDRIVER_OBJECT DriverObject; /* unload: call Unload now */
    BOOLEAN Unload;
    NTSTATUS Status;
} IOP_LOAD, *PIOP_LOAD;

NTSTATUS NTAPI
IopInvalidDeviceRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS
IopCopyName(PUNICODE_STRING To, PCUNICODE_STRING From)
{
    To->Length = From->Length;
    To->MaximumLength = From->Length + sizeof(WCHAR);
    To->Buffer = ExAllocatePoolWithTag(PagedPool, To->MaximumLength, TAG_IODRIVER);
    if (To->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(To->Buffer, From->Buffer, From->Length);
    To->Buffer[From->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

/* Makes and names a driver object; one reference is the caller's. The image is the object's: it goes with it, at once if none can be made. */
static NTSTATUS
IopCreateDriverObject(PUNICODE_STRING Name, PUNICODE_STRING ServiceName, PKI_MODULE Module,
                      PDRIVER_INITIALIZE Entry, PDRIVER_OBJECT *DriverObject)
{
    OBJECT_ATTRIBUTES Attributes;
    PIOP_DRIVER Driver;
    NTSTATUS Status;

    InitializeObjectAttributes(
        &Attributes, Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ObCreateObject(KernelMode, IoDriverObjectTypeP, &Attributes, KernelMode, NULL,
                            sizeof(IOP_DRIVER), 0, 0, (PVOID *)&Driver);
    if (!NT_SUCCESS(Status)) {
        if (Module != NULL) {
            MmUnloadSystemImage(Module);
        }
        return Status;
    }
    RtlZeroMemory(Driver, sizeof(*Driver));
    Driver->Driver.Type = IO_TYPE_DRIVER;
    Driver->Driver.Size = sizeof(DRIVER_OBJECT);
    Driver->Driver.DriverExtension = &Driver->Extension.Public;
    Driver->Driver.HardwareDatabase = &IopHardwareDatabase;
    Driver->Driver.DriverInit = Entry;
    Driver->Extension.Public.DriverObject = &Driver->Driver;
    KeInitializeEvent(&Driver->Extension.Entered, NotificationEvent, FALSE);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->Driver.MajorFunction[i] = IopInvalidDeviceRequest;
    }
    if (Module != NULL) {
        Driver->Driver.DriverStart = Module->DllBase;
        Driver->Driver.DriverSize = Module->SizeOfImage;
        Driver->Driver.DriverSection = Module;
        Driver->Extension.Module = Module;
    } else {
        Driver->Driver.Flags = DRVO_BUILTIN_DRIVER;
    }
    Status = IopCopyName(&Driver->Driver.DriverName, Name);
    if (NT_SUCCESS(Status)) {
        Status = IopCopyName(&Driver->Extension.Public.ServiceKeyName, ServiceName);
    }
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Driver);
        return Status;
    }
    Status = ObInsertObject(Driver, NULL, FILE_READ_DATA, 0, NULL, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *DriverObject = &Driver->Driver;
    return STATUS_SUCCESS;
}

PVOID *
IopFsFilterCallbacks(PDRIVER_OBJECT DriverObject)
{
    return &IopDriverExtension(DriverObject)->FsFilterCallbacks;
}

/* The last pointer to a driver object has gone: R4. */
VOID
IopDeleteDriver(PVOID Object)
{
    PDRIVER_OBJECT DriverObject = Object;
    PIOP_DRIVER_EXTENSION Extension = IopDriverExtension(DriverObject);
    PIOP_CLIENT_EXTENSION Client;

    if (Extension == NULL) {
        return;
    }
    while ((Client = Extension->ClientExtensions) != NULL) {
        Extension->ClientExtensions = Client->Next;
        ExFreePoolWithTag(Client, 'virD');
    }
    if (Extension->FsFilterCallbacks != NULL) {
        ExFreePoolWithTag(Extension->FsFilterCallbacks, 0);
    }
    if (DriverObject->DriverName.Buffer != NULL) {
        ExFreePoolWithTag(DriverObject->DriverName.Buffer, TAG_IODRIVER);
    }
    if (Extension->Public.ServiceKeyName.Buffer != NULL) {
        ExFreePoolWithTag(Extension->Public.ServiceKeyName.Buffer, TAG_IODRIVER);
    }
    if (Extension->Module != NULL) {
        MmUnloadSystemImage(Extension->Module);
    }
}

/* What the I/O manager does for the devices that DriverEntry made. */
VOID
IopDriverEntered(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT Next;

    DriverObject->Flags |= DRVO_INITIALIZED;
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL; Device = Next) {
        Next = Device->NextDevice;
        KiMemoryPoint(SP_ATOMIC, &Device->Flags, sizeof(Device->Flags)); /* R5 */
        Device->Flags &= ~DO_DEVICE_INITIALIZING;
    }
}

/* The last component of a service path. */
static VOID
IopServiceName(PUNICODE_STRING ServicePath, PUNICODE_STRING Name)
{
    USHORT Start = ServicePath->Length / sizeof(WCHAR);

    while (Start > 0 && ServicePath->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    Name->Buffer = ServicePath->Buffer + Start;
    Name->Length = Name->MaximumLength = ServicePath->Length - Start * sizeof(WCHAR);
}

/* The name of the service's key itself, without the links on the way to it: what DriverEntry gets. Pool, the caller's. */
static NTSTATUS
IopRegistryPath(PUNICODE_STRING ServicePath, PUNICODE_STRING RegistryPath)
{
    OBJECT_ATTRIBUTES Attributes;
    POBJECT_NAME_INFORMATION Name;
    ULONG Length = 0;
    NTSTATUS Status;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, ServicePath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    ZwQueryObject(Key, ObjectNameInformation, NULL, 0, &Length);
    Name = ExAllocatePoolWithTag(PagedPool, Length, TAG_IODRIVER);
    Status = Name == NULL ? STATUS_INSUFFICIENT_RESOURCES
                          : ZwQueryObject(Key, ObjectNameInformation, Name, Length, &Length);
    if (NT_SUCCESS(Status)) {
        Status = IopCopyName(RegistryPath, &Name->Name);
    }
    if (Name != NULL) {
        ExFreePoolWithTag(Name, TAG_IODRIVER);
    }
    ZwClose(Key);
    return Status;
}

/* \Driver\X, \FileSystem\X or what ObjectName says. */
VOID
IopDriverName(PUNICODE_STRING ServicePath, PUNICODE_STRING Name, PWSTR Buffer, USHORT Bytes)
{
    UNICODE_STRING Service;
    BOOLEAN Named = FALSE;
    ULONG Type = 0;
    HANDLE Key;

    Name->Buffer = Buffer;
    Name->Length = 0;
    Name->MaximumLength = Bytes;
    if (NT_SUCCESS(CmpOpenToRead(ServicePath, &Key))) {
        Named = NT_SUCCESS(CmpStringOf(Key, L"ObjectName", Buffer, Bytes)) && Buffer[0] == L'\\';
        if (!Named) {
            CmpDwordOf(Key, L"Type", &Type);
        }
        ZwClose(Key);
    }
    if (Named) {
        RtlInitUnicodeString(Name, Buffer);
        return;
    }
    IopServiceName(ServicePath, &Service);
    RtlAppendUnicodeToString(Name, Type == 2 || Type == 8 ? L"\\FileSystem\\" : L"\\Driver\\");
    RtlAppendUnicodeStringToString(Name, &Service);
}

static VOID
IopImagePath(PUNICODE_STRING ServicePath, char *Path, ULONG Bytes)
{
    WCHAR Buffer[260];
    UNICODE_STRING Image, Service;
    ULONG Length = 0;

    Image.Buffer = Buffer;
    Image.Length = 0;
    Image.MaximumLength = sizeof(Buffer);
    if (NT_SUCCESS(CmpReadString(ServicePath, L"ImagePath", Buffer, sizeof(Buffer))) &&
        Buffer[0] != 0) {
        RtlInitUnicodeString(&Image, Buffer);
        Image.MaximumLength = sizeof(Buffer);
    } else {
        IopServiceName(ServicePath, &Service);
        RtlAppendUnicodeToString(&Image, L"\\SystemRoot\\System32\\drivers\\");
        RtlAppendUnicodeStringToString(&Image, &Service);
        RtlAppendUnicodeToString(&Image, L".sys");
    }
    if (Image.Length != 0 && Image.Buffer[0] != L'\\') {
        static const char Root[] = "\\SystemRoot\\";

        RtlCopyMemory(Path, Root, sizeof(Root) - 1);
        Length = sizeof(Root) - 1;
    }
    RtlUnicodeToUTF8N(Path + Length, Bytes - Length - 1, &Bytes, Image.Buffer, Image.Length);
    Path[Length + Bytes] = 0;
}

static VOID NTAPI IopLoadUnloadDriver(PVOID Parameter);

/* Loads and unloads run in a worker of the System process; a thread of it may go on itself. */
static BOOLEAN
IopMayLoadHere(VOID)
{
    return PspCurrentProcess() == PsInitialSystemProcess && PspCurrentThread()->ActiveExWorker;
}

static NTSTATUS
IopRunInWorker(PIOP_LOAD Load)
{
    KeInitializeEvent(&Load->Done, NotificationEvent, FALSE);
    ExInitializeWorkItem(&Load->Item, IopLoadUnloadDriver, Load);
    ExQueueWorkItem(&Load->Item, DelayedWorkQueue);
    KeWaitForSingleObject(&Load->Done, UserRequest, KernelMode, FALSE, NULL);
    return Load->Status;
}

/* What keeps an unloaded driver's image: told, unless the verifier does. */
static VOID
IopTellDevices(PDRIVER_OBJECT DriverObject)
{
    PKI_MODULE Module = IopDriverExtension(DriverObject)->Module;
    PDEVICE_OBJECT Device = DriverObject->DeviceObject;
    ULONG Count = 0;
    char Text[400];

    while (Device != NULL) {
        Count++;
        Device = Device->NextDevice;
    }
    if (Count == 0 || Module == NULL ||
        (VfHooks != NULL && VfHooks->IsVerified(DriverObject->DriverStart))) {
        return;
    }
    Device = DriverObject->DeviceObject;
    _snprintf(Text, sizeof(Text),
              "ntlab: %wZ is gone, but %u of its devices %s not: 0x%p (%u references, %s); its "
              "image stays in memory, and it cannot be loaded again\n",
              &DriverObject->DriverName, Count, Count == 1 ? "is" : "are", Device,
              Device->ReferenceCount,
              Device->AttachedDevice != NULL                              ? "attached to"
              : IopExtension(Device)->ExtensionFlags & DOE_DELETE_PENDING ? "to be deleted"
                                                                          : "never deleted");
    HcPrint(ABI_OUT_DEBUG, Text, strlen(Text));
}

/* Name and first reference go; the object when the last holder lets go of it. */
static VOID
IopForgetDriver(PDRIVER_OBJECT DriverObject)
{
    KeFlushQueuedDpcs(); /* R6 */
    IopForgetReinit(DriverObject);
    IopTellDevices(DriverObject);
    ObpMakeTemporary(DriverObject);
    ObDereferenceObject(DriverObject);
}

/* R7: an unload that waits for a close or a detach is taken back by a load. */
static BOOLEAN
IopTakeBackUnload(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT Device = DriverObject->DeviceObject;

    if (Device == NULL || (DriverObject->Flags & DRVO_UNLOAD_INVOKED) ||
        (IopExtension(Device)->ExtensionFlags & DOE_UNLOAD_PENDING) == 0) {
        return FALSE;
    }
    for (; Device != NULL; Device = Device->NextDevice) {
        IopExtension(Device)->ExtensionFlags &= ~DOE_UNLOAD_PENDING;
    }
    return TRUE;
}

/* Not inlined: this frame stands below DriverEntry in every stack trace. */
__attribute__((noinline)) NTSTATUS
IopLoadDriver(PUNICODE_STRING ServicePath)
{
    WCHAR NameBuffer[128];
    UNICODE_STRING Name, Service, RegistryPath;
    PDRIVER_OBJECT DriverObject;
    PKI_MODULE Module;
    NTSTATUS Status;
    BOOLEAN Pnp;
    char Path[300];

    if (!IopMayLoadHere()) {
        IOP_LOAD Load = {.ServicePath = ServicePath};

        return IopRunInWorker(&Load);
    }
    KiSchedulePoint(SP_DRIVER_LOAD, IoDriverObjectTypeP);
    Status = IopRegistryPath(ServicePath, &RegistryPath);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopServiceName(ServicePath, &Service);
    IopDriverName(ServicePath, &Name, NameBuffer, sizeof(NameBuffer));
    if (NT_SUCCESS(ObReferenceObjectByName(&Name, OBJ_CASE_INSENSITIVE, NULL, 0,
                                           IoDriverObjectTypeP, KernelMode, NULL,
                                           (PVOID *)&DriverObject))) {
        Status = IopTakeBackUnload(DriverObject) ? STATUS_SUCCESS : STATUS_IMAGE_ALREADY_LOADED;
        ObDereferenceObject(DriverObject);
        goto FreePath;
    }
    IopImagePath(ServicePath, Path, sizeof(Path));
    IopFailureText[0] = 0;
    Status = MmLoadSystemImage(Path, &Module);
    if (Status == STATUS_IMAGE_ALREADY_LOADED) {
        /* R7 */
        KiFormatText(IopFailureText, sizeof(IopFailureText),
                     ": an older copy of it is still in memory");
        Status = STATUS_DRIVER_FAILED_PRIOR_UNLOAD;
        goto FreePath;
    }
    if (!NT_SUCCESS(Status)) {
        if (MiLoadMessage[0] != 0) {
            RtlCopyMemory(IopFailureText, ": ", 2);
            RtlCopyMemory(IopFailureText + 2, MiLoadMessage, sizeof(IopFailureText) - 3);
        }
        goto FreePath;
    }
    Status = IopCreateDriverObject(&Name, &Service, Module, (PDRIVER_INITIALIZE)Module->EntryPoint,
                                   &DriverObject);
    if (!NT_SUCCESS(Status)) {
        goto FreePath;
    }

    DriverObject->Flags |= DRVO_LEGACY_DRIVER; /* until it has an AddDevice */
    IopRefusal = NULL;
    if (KiVersion->DriverLoadUnloadSerialized) {
        ObReferenceObject(DriverObject); /* R5 */
    }
    IopDriverExtension(DriverObject)->Entering = PspCurrentThread();
    Status = VfCall == NULL ? DriverObject->DriverInit(DriverObject, &RegistryPath)
                            : VF_CALL(NTSTATUS, VfDriverEntry, DriverObject->DriverInit,
                                      DriverObject, &RegistryPath, 0, 0);
    if (!NT_SUCCESS(Status)) {
        KiFormatText(IopFailureText, sizeof(IopFailureText), ": its DriverEntry returned that%s%s",
                     IopRefusal != NULL && IopRefusalStatus == Status ? "; " : "",
                     IopRefusal != NULL && IopRefusalStatus == Status ? IopRefusal : "");
    }

    IopDriverExtension(DriverObject)->Entering = NULL;
    RtlFillMemory(RegistryPath.Buffer, RegistryPath.Length,
                  0xDD); /* it is not the driver's to keep */
    ExFreePoolWithTag(RegistryPath.Buffer, TAG_IODRIVER);
    KiSchedulePoint(SP_REFERENCE, DriverObject); /* R5 */
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        if (DriverObject->MajorFunction[i] == NULL) {
            DriverObject->MajorFunction[i] = IopInvalidDeviceRequest;
        }
    }
    Pnp = DriverObject->DriverExtension->AddDevice != NULL;
    if (Pnp) {
        DriverObject->Flags &= ~DRVO_LEGACY_DRIVER;
    }
    if (NT_SUCCESS(Status)) {
        MmFreeDriverInitialization(Module);
        KiSchedulePoint(SP_REFERENCE, DriverObject);
        IopDriverEntered(DriverObject);
    }
    if (KiVersion->DriverLoadUnloadSerialized) {
        KeSetEvent(&IopDriverExtension(DriverObject)->Entered, IO_NO_INCREMENT, FALSE);
    }
    if (!NT_SUCCESS(Status)) { /* R2 */
        IopForgetDriver(DriverObject);
    } else if (Pnp) {
        Status = IopStartPnpDriver(DriverObject);
    }
    if (KiVersion->DriverLoadUnloadSerialized) {
        ObDereferenceObject(DriverObject);
    }
    return Status;

FreePath:
    ExFreePoolWithTag(RegistryPath.Buffer, TAG_IODRIVER);
    return Status;
}

NTSTATUS
IopLoadFilterManager(VOID)
{
    UNICODE_STRING Path =
        RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\FltMgr");

    return IopLoadDriver(&Path);
}

/*
 * R1. Who asks from within its own DriverEntry has nobody to wait for. Also for fltmgr.sys, which calls a minifilter's unload callback
 * outside of IopUnloadDriver.
 */
VOID NTAPI
IopWaitForDriverEntry(PDRIVER_OBJECT DriverObject)
{
    if (KiVersion->DriverLoadUnloadSerialized &&
        IopDriverExtension(DriverObject)->Entering != PspCurrentThread()) {
        KeWaitForSingleObject(&IopDriverExtension(DriverObject)->Entered, Executive, KernelMode,
                              FALSE, NULL);
    }
}

VOID
IopNoteRefusal(NTSTATUS Status, const char *Why)
{
    IopRefusalStatus = Status;
    IopRefusal = Why;
}

const char *
IopLoadFailure(VOID)
{
    return IopFailureText;
}

static BOOLEAN
IopMayUnload(PDRIVER_OBJECT DriverObject)
{
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL;
         Device = Device->NextDevice) {
        if (Device->ReferenceCount != 0 || Device->AttachedDevice != NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

/* DriverUnload itself, in a worker. */
static VOID
IopCallUnload(PDRIVER_OBJECT DriverObject)
{
    KeFlushQueuedDpcs(); /* R6 */
    if (VfCall == NULL) {
        DriverObject->DriverUnload(DriverObject);
    } else {
        VF_CALL(VOID, VfUnload, DriverObject->DriverUnload, DriverObject, 0, 0, 0);
    }
    IopForgetDriver(DriverObject);
}

VOID
IopTryUnload(PDRIVER_OBJECT DriverObject)
{
    if ((DriverObject->Flags & DRVO_UNLOAD_INVOKED) || !IopMayUnload(DriverObject)) {
        return;
    }
    DriverObject->Flags |= DRVO_UNLOAD_INVOKED;
    if (IopMayLoadHere()) {
        IopCallUnload(DriverObject);
    } else {
        IOP_LOAD Load = {.DriverObject = DriverObject, .Unload = TRUE};

        IopRunInWorker(&Load);
    }
}

static NTSTATUS
IopJudgeUnload(PDRIVER_OBJECT DriverObject)
{
    if (DriverObject->Flags & DRVO_UNLOAD_INVOKED) {
        return STATUS_DELETE_PENDING;
    }
    return DriverObject->DriverUnload == NULL || DriverObject->DriverSection == NULL
               ? STATUS_INVALID_DEVICE_REQUEST
               : STATUS_SUCCESS;
}

/* The unload routine has returned, and there is nothing more to come: only the caller should still refer to the driver. */
static VOID
IopTellKept(PDRIVER_OBJECT DriverObject)
{
    LONG_PTR Count = ObpPointerCount(DriverObject) - 1;

    if (Count > 0 && DriverObject->DeviceObject == NULL) {
        KiTellKept(DriverObject->DriverSection, (ULONG)Count);
    }
}

static NTSTATUS
IopUnloadObject(PUNICODE_STRING Name)
{
    PDRIVER_OBJECT DriverObject;
    NTSTATUS Status;

    Status = ObReferenceObjectByName(Name, OBJ_CASE_INSENSITIVE, NULL, 0, IoDriverObjectTypeP,
                                     KernelMode, NULL, (PVOID *)&DriverObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopWaitForDriverEntry(DriverObject); /* R1 */
    Status = IopJudgeUnload(DriverObject);
    if (NT_SUCCESS(Status)) {
        if (DriverObject->DriverExtension->AddDevice != NULL) {
            IopRemovePnpDevices(DriverObject);
        }
        IopGoPoint(DriverObject);
        Status = IopJudgeUnload(DriverObject); /* R8 */
    }
    if (NT_SUCCESS(Status)) {
        for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL;
             Device = Device->NextDevice) {
            IopExtension(Device)->ExtensionFlags |= DOE_UNLOAD_PENDING; /* R3 */
        }
        if (IopMayUnload(DriverObject)) {
            DriverObject->Flags |= DRVO_UNLOAD_INVOKED;
            IopCallUnload(DriverObject);
            IopTellKept(DriverObject);
        } else {
            IopUnloadPutOff = TRUE;
        }
    }
    ObDereferenceObject(DriverObject);
    return Status;
}

NTSTATUS
IopUnloadDriver(PUNICODE_STRING ServicePath)
{
    WCHAR NameBuffer[128];
    UNICODE_STRING Name;

    if (!IopMayLoadHere()) {
        IOP_LOAD Load = {.ServicePath = ServicePath, .Unload = TRUE};

        return IopRunInWorker(&Load);
    }
    KiSchedulePoint(SP_DRIVER_UNLOAD, IoDriverObjectTypeP);
    IopDriverName(ServicePath, &Name, NameBuffer, sizeof(NameBuffer));
    return IopUnloadObject(&Name);
}

NTSTATUS
IopUnloadNamed(PUNICODE_STRING Name)
{
    if (!IopMayLoadHere()) {
        IOP_LOAD Load = {.Name = Name, .Unload = TRUE};

        return IopRunInWorker(&Load);
    }
    KiSchedulePoint(SP_DRIVER_UNLOAD, IoDriverObjectTypeP);
    return IopUnloadObject(Name);
}

/* What keeps a device of the driver open: an IRP that nobody completed, or only a handle. */
static VOID
IopDescribeHolder(PDEVICE_OBJECT Device, char *Text, ULONG Bytes)
{
    for (PLIST_ENTRY Entry = IopOrphans.Flink; Entry != &IopOrphans; Entry = Entry->Flink) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, ThreadListEntry);
        PFILE_OBJECT FileObject = Irp->Tail.Overlay.OriginalFileObject;
        PIO_STACK_LOCATION Stack = Irp->Tail.Overlay.CurrentStackLocation;

        if (FileObject != NULL && FileObject->DeviceObject == Device &&
            Irp->CurrentLocation <= Irp->StackCount) {
            _snprintf(Text, Bytes,
                      "an IRP (0x%p, major function 0x%x, control code 0x%x) was neither completed "
                      "nor cancelled "
                      "when its thread ended; %wZ has it",
                      Irp, Stack->MajorFunction,
                      Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
                              Stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL ||
                              Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL
                          ? Stack->Parameters.DeviceIoControl.IoControlCode
                          : 0,
                      &Stack->DeviceObject->DriverObject->DriverName);
            return;
        }
    }
    if (Device->AttachedDevice != NULL) {
        _snprintf(Text, Bytes, "a device of %wZ is still attached to its device 0x%p",
                  &Device->AttachedDevice->DriverObject->DriverName, Device);
    } else {
        _snprintf(Text, Bytes, "its device 0x%p still has %u open file objects", Device,
                  Device->ReferenceCount);
    }
}

BOOLEAN
IopIsUnloadDeferred(PUNICODE_STRING Name, char *Text, ULONG Bytes)
{
    PDRIVER_OBJECT DriverObject;
    BOOLEAN Deferred = FALSE;

    if (!IopUnloadPutOff) {
        return FALSE; /* nobody's was */
    }
    if (!NT_SUCCESS(ObReferenceObjectByName(Name, OBJ_CASE_INSENSITIVE, NULL, 0,
                                            IoDriverObjectTypeP, KernelMode, NULL,
                                            (PVOID *)&DriverObject))) {
        return FALSE;
    }
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL && !Deferred;
         Device = Device->NextDevice) {
        if ((IopExtension(Device)->ExtensionFlags & DOE_UNLOAD_PENDING) &&
            (DriverObject->Flags & DRVO_UNLOAD_INVOKED) == 0 &&
            (Device->ReferenceCount != 0 || Device->AttachedDevice != NULL)) {
            IopDescribeHolder(Device, Text, Bytes);
            Text[Bytes - 1] = 0;
            Deferred = TRUE;
        }
    }
    ObDereferenceObject(DriverObject);
    return Deferred;
}

/* In a system worker thread. */
static VOID NTAPI
IopLoadUnloadDriver(PVOID Parameter)
{
    PIOP_LOAD Load = Parameter;
    ULONG Start = 3;

    KiThread()->Awaited = TRUE;
    if (Load->DriverObject != NULL) {
        IopCallUnload(Load->DriverObject);
        Load->Status = STATUS_SUCCESS;
    } else if (Load->Unload) {
        Load->Status =
            Load->Name != NULL ? IopUnloadNamed(Load->Name) : IopUnloadDriver(Load->ServicePath);
    } else {
        CmpReadDword(Load->ServicePath, L"Start", &Start);
        Load->Status = IopLoadDriver(Load->ServicePath);
        if (NT_SUCCESS(Load->Status)) {
            if (Start == 0) {
                IopRunReinit(TRUE);
            }
            IopRunReinit(FALSE);
        }
    }
    KiThread()->Awaited = FALSE;
    KeSetEvent(&Load->Done, IO_NO_INCREMENT, FALSE);
}

/* The name may be the user's: checked for privilege, captured. */
static NTSTATUS
IopServiceRequest(PUNICODE_STRING DriverServiceName, BOOLEAN Unload)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    UNICODE_STRING Path;
    NTSTATUS Status;
    LUID Privilege = {.LowPart = 10}; /* SeLoadDriverPrivilege */

    if (Mode != KernelMode && !SepHasPrivilege(Privilege, Mode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    __try {
        UNICODE_STRING Source;

        if (Mode != KernelMode) {
            ProbeForRead(DriverServiceName, sizeof(*DriverServiceName), sizeof(PVOID));
        }
        Source = *DriverServiceName;
        if (Mode != KernelMode) {
            ProbeForRead(Source.Buffer, Source.Length, sizeof(WCHAR));
        }
        if (Source.Length == 0 || Source.Length % sizeof(WCHAR) != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = IopCopyName(&Path, &Source);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Unload) {
        WCHAR NameBuffer[128];
        UNICODE_STRING Name;
        PDRIVER_OBJECT DriverObject;

        /* A PnP driver goes when its devices have gone, not by this service. */
        IopDriverName(&Path, &Name, NameBuffer, sizeof(NameBuffer));
        Status = ObReferenceObjectByName(&Name, OBJ_CASE_INSENSITIVE, NULL, 0, IoDriverObjectTypeP,
                                         KernelMode, NULL, (PVOID *)&DriverObject);
        if (NT_SUCCESS(Status)) {
            if (DriverObject->DriverExtension->AddDevice != NULL) {
                Status = STATUS_INVALID_DEVICE_REQUEST;
            }
            ObDereferenceObject(DriverObject);
            if (NT_SUCCESS(Status)) {
                Status = IopUnloadDriver(&Path);
            }
        }
    } else {
        Status = IopLoadDriver(&Path);
    }
    ExFreePoolWithTag(Path.Buffer, TAG_IODRIVER);
    return Status;
}

NTSTATUS NTAPI
NtLoadDriver(PUNICODE_STRING DriverServiceName)
{
    return IopServiceRequest(DriverServiceName, FALSE);
}

NTSTATUS NTAPI
NtUnloadDriver(PUNICODE_STRING DriverServiceName)
{
    return IopServiceRequest(DriverServiceName, TRUE);
}

NTSTATUS
IopCreateBuiltinDriver(PCWSTR Name, PDRIVER_INITIALIZE Entry, PDRIVER_OBJECT *DriverObject)
{
    UNICODE_STRING DriverName, ServiceName;
    NTSTATUS Status;

    RtlInitUnicodeString(&DriverName, Name);
    IopServiceName(&DriverName, &ServiceName);
    Status = IopCreateDriverObject(&DriverName, &ServiceName, NULL, Entry, DriverObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Entry(*DriverObject, NULL);
    KeSetEvent(&IopDriverExtension(*DriverObject)->Entered, IO_NO_INCREMENT, FALSE);
    if (!NT_SUCCESS(Status)) {
        IopForgetDriver(*DriverObject);
        return Status;
    }
    IopDriverEntered(*DriverObject);
    return STATUS_SUCCESS;
}

/* Exported, not documented: a driver object without a service or an image. */
NTSTATUS NTAPI
IoCreateDriver(PUNICODE_STRING DriverName, PDRIVER_INITIALIZE InitializationFunction)
{
    WCHAR Buffer[24];
    UNICODE_STRING Name, Service;
    PDRIVER_OBJECT DriverObject;
    NTSTATUS Status;

    if (DriverName == NULL) {
        ULONG Number = IopDeviceNumber++;

        RtlCopyMemory(Buffer, L"\\Driver\\00000000", 17 * sizeof(WCHAR));
        for (ULONG i = 0; i < 8; i++) {
            Buffer[15 - i] = L"0123456789abcdef"[(Number >> (4 * i)) & 15];
        }
        RtlInitUnicodeString(&Name, Buffer);
        DriverName = &Name;
    }
    IopServiceName(DriverName, &Service);
    Status =
        IopCreateDriverObject(DriverName, &Service, NULL, InitializationFunction, &DriverObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = InitializationFunction(DriverObject, NULL);
    KeSetEvent(&IopDriverExtension(DriverObject)->Entered, IO_NO_INCREMENT, FALSE);
    if (!NT_SUCCESS(Status)) {
        IopForgetDriver(DriverObject);
        return Status;
    }
    IopDriverEntered(DriverObject);
    return Status;
}

VOID NTAPI
IoDeleteDriver(PDRIVER_OBJECT DriverObject)
{
    IopForgetDriver(DriverObject);
}

/* [wdm: IoAllocateDriverObjectExtension] One for each identification address; freed with the driver. */
NTSTATUS NTAPI
IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress,
                                ULONG DriverObjectExtensionSize, PVOID *DriverObjectExtension)
{
    PIOP_DRIVER_EXTENSION Extension = IopDriverExtension(DriverObject);
    PIOP_CLIENT_EXTENSION Client;

    *DriverObjectExtension = NULL;
    if (IoGetDriverObjectExtension(DriverObject, ClientIdentificationAddress) != NULL) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    Client =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*Client) + DriverObjectExtensionSize, 'virD');
    if (Client == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Client, sizeof(*Client) + DriverObjectExtensionSize);
    Client->Id = ClientIdentificationAddress;
    Client->Next = Extension->ClientExtensions;
    Extension->ClientExtensions = Client;
    *DriverObjectExtension = Client->Body;
    return STATUS_SUCCESS;
}

PVOID NTAPI
IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress)
{
    PIOP_CLIENT_EXTENSION Client = IopDriverExtension(DriverObject)->ClientExtensions;

    while (Client != NULL && Client->Id != ClientIdentificationAddress) {
        Client = Client->Next;
    }
    return Client != NULL ? Client->Body : NULL;
}
