/*
 * volume.c - volumes: a device of ours on top of each, and what filters may ask about them.
 *
 * [DDI: FltGetVolumeProperties, FltGetVolumeName, FltGetFileSystemType, FltGetVolumeFromName, FltEnumerateVolumes]
 *
 *   V1  A volume is on FltpVolumes from its attachment until the file system deletes its device.
 */
#include "fltp.h"

static const struct {
    PCWSTR Driver;
    FLT_FILESYSTEM_TYPE Type;
} FltpFileSystems[] = {
    {L"\\Driver\\ramfs", FLT_FSTYPE_NTFS}, /* one from the command line */
    {L"\\FileSystem\\Ntfs", FLT_FSTYPE_NTFS},   {L"\\FileSystem\\ramfs", FLT_FSTYPE_NTFS},
    {L"\\FileSystem\\fastfat", FLT_FSTYPE_FAT}, {L"\\FileSystem\\RAW", FLT_FSTYPE_RAW},
    {L"\\FileSystem\\cdfs", FLT_FSTYPE_CDFS},   {L"\\FileSystem\\udfs", FLT_FSTYPE_UDFS},
    {L"\\FileSystem\\exfat", FLT_FSTYPE_EXFAT}, {L"\\FileSystem\\ReFS", FLT_FSTYPE_REFS},
    {L"\\FileSystem\\Npfs", FLT_FSTYPE_NPFS},   {L"\\FileSystem\\Msfs", FLT_FSTYPE_MSFS},
    {L"\\FileSystem\\Mup", FLT_FSTYPE_MUP}};

/* The name of a device object; empty if it has none. */
static NTSTATUS
FltpDeviceName(PDEVICE_OBJECT DeviceObject, PUNICODE_STRING Name)
{
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Space[260];
    } Buffer;
    ULONG Length;
    NTSTATUS Status = ObQueryNameString(DeviceObject, &Buffer.Info, sizeof(Buffer), &Length);

    return NT_SUCCESS(Status) ? FltpCopyString(Name, &Buffer.Info.Name, FLTP_TAG_NAME) : Status;
}

static FLT_FILESYSTEM_TYPE
FltpTypeOf(PCUNICODE_STRING DriverName)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(FltpFileSystems); i++) {
        UNICODE_STRING Name;

        RtlInitUnicodeString(&Name, FltpFileSystems[i].Driver);
        if (RtlEqualUnicodeString(&Name, DriverName, TRUE)) {
            return FltpFileSystems[i].Type;
        }
    }
    return FLT_FSTYPE_UNKNOWN;
}

static VOID
FltpFreeVolume(PFLT_VOLUME Volume)
{
    FltpFreeString(&Volume->Name);
    FltpFreeString(&Volume->DriverName);
    FltpFreeString(&Volume->ControlName);
    if (Volume->DiskDevice != NULL) {
        ObDereferenceObject(Volume->DiskDevice);
    }
    ExDeleteResourceLite(&Volume->Lock);
    ExFreePoolWithTag(Volume, FLTP_TAG_VOLUME);
}

static BOOLEAN
FltpIsAttached(PDEVICE_OBJECT Base)
{
    BOOLEAN Found = FALSE;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = FltpVolumes.Flink; Entry != &FltpVolumes; Entry = Entry->Flink) {
        Found = Found || CONTAINING_RECORD(Entry, FLT_VOLUME, Header.Links)->Base == Base;
    }
    FltpRelease(&FltpLock);
    return Found;
}

NTSTATUS
FltpAttachToVolume(PDEVICE_OBJECT Base, PDEVICE_OBJECT Disk, PDEVICE_OBJECT Control,
                   BOOLEAN NewlyMounted, PFLT_VOLUME *Result)
{
    PDEVICE_OBJECT DeviceObject;
    PFLTP_DEVICE Device;
    PFLT_VOLUME Volume;
    NTSTATUS Status;

    if (FltpIsAttached(Base)) {
        return STATUS_FLT_VOLUME_ALREADY_MOUNTED;
    }
    Volume = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Volume), FLTP_TAG_VOLUME);
    if (Volume == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Volume, sizeof(*Volume));
    Volume->Header.Type = FLTP_VOLUME_TYPE;
    ExInitializeRundownProtection(&Volume->Header.Rundown);
    ExInitializeRundownProtection(&Volume->Header.WorkItems);
    InitializeListHead(&Volume->Instances);
    InitializeListHead(&Volume->Targeted);
    KeInitializeSpinLock(&Volume->TargetedLock);
    FltpInitializeContextList(&Volume->Contexts);
    ExInitializeFastMutex(&Volume->CarrierMutex);
    InitializeListHead(&Volume->Carriers);
    ExInitializeResourceLite(&Volume->Lock);
    Volume->Base = Base;
    Volume->NewlyMounted = NewlyMounted;
    Volume->DiskDevice = Disk;
    if (Disk != NULL) {
        ObReferenceObject(Disk);
    }
    Status = FltpDeviceName(Disk != NULL ? Disk : Base, &Volume->Name);
    if (NT_SUCCESS(Status)) {
        Status =
            FltpCopyString(&Volume->DriverName, &Base->DriverObject->DriverName, FLTP_TAG_NAME);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpDeviceName(Control, &Volume->ControlName);
    }
    if (!NT_SUCCESS(Status)) {
        FltpFreeVolume(Volume);
        return Status;
    }
    Volume->FileSystem = FltpTypeOf(&Volume->DriverName);
    Status = IoCreateDevice(FltpDriver, sizeof(FLTP_DEVICE), NULL, Base->DeviceType, 0, FALSE,
                            &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        FltpFreeVolume(Volume);
        return Status;
    }
    Device = DeviceObject->DeviceExtension;
    Device->Kind = FltpVolumeDevice;
    Device->Volume = Volume;
    Volume->DeviceObject = DeviceObject;
    DeviceObject->Flags |= Base->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    IopSetPassing(DeviceObject, TRUE); /* no instance yet */
    Status = IoAttachDeviceToDeviceStackSafe(DeviceObject, Base, &Volume->Lower);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(DeviceObject);
        FltpFreeVolume(Volume);
        return Status;
    }
    Device->Lower = Volume->Lower;
    FltpAcquireExclusive(&FltpLock);
    InsertTailList(&FltpVolumes, &Volume->Header.Links); /* V1 */
    FltpRelease(&FltpLock);
    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    if (Result != NULL) {
        *Result = Volume;
    }
    return STATUS_SUCCESS;
}

/* The file system deletes its volume device: V1. */
VOID
FltpVolumeGone(PFLT_VOLUME Volume)
{
    PFLT_INSTANCE Instance;

    Volume->Detached = TRUE;
    do {
        Instance = NULL;
        FltpAcquireShared(&Volume->Lock);
        for (PLIST_ENTRY Entry = Volume->Instances.Flink;
             Entry != &Volume->Instances && Instance == NULL; Entry = Entry->Flink) {
            PFLT_INSTANCE One = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);

            Instance = ExAcquireRundownProtection(&One->Header.Rundown) ? One : NULL;
        }
        FltpRelease(&Volume->Lock);
        if (Instance != NULL) {
            FltpTearDown(Instance, FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
        }
    } while (Instance != NULL);
    ExWaitForRundownProtectionRelease(&Volume->Header.WorkItems);
    FltpRemoveContexts(&Volume->Contexts, NULL);
    FltpForgetCarriers(Volume);
    FltpAcquireExclusive(&FltpLock);
    RemoveEntryList(&Volume->Header.Links);
    FltpRelease(&FltpLock);
    ExWaitForRundownProtectionRelease(&Volume->Header.Rundown);
    IoDetachDevice(Volume->Lower);
    IoDeleteDevice(Volume->DeviceObject);
    FltpFreeVolume(Volume);
}

PFLT_VOLUME
FltpNextVolume(PFLT_VOLUME Volume)
{
    PFLT_VOLUME Next = NULL;
    PLIST_ENTRY Entry;

    FltpAcquireShared(&FltpLock);
    for (Entry = Volume != NULL ? Volume->Header.Links.Flink : FltpVolumes.Flink;
         Entry != &FltpVolumes && Next == NULL; Entry = Entry->Flink) {
        PFLT_VOLUME One = CONTAINING_RECORD(Entry, FLT_VOLUME, Header.Links);

        Next = ExAcquireRundownProtection(&One->Header.Rundown) ? One : NULL;
    }
    FltpRelease(&FltpLock);
    if (Volume != NULL) {
        ExReleaseRundownProtection(&Volume->Header.Rundown);
    }
    return Next;
}

/* A disk may have volumes that are dismounted and still have open files, beside the one that is mounted. */
static BOOLEAN
FltpIsMounted(PFLT_VOLUME Volume)
{
    PVPB Vpb = Volume->DiskDevice != NULL ? Volume->DiskDevice->Vpb : NULL;

    return Volume->DiskDevice == NULL ||
           (Vpb != NULL && (Vpb->Flags & VPB_MOUNTED) && Vpb->DeviceObject == Volume->Base);
}

/* The volume of that name; its Header.Rundown is acquired. */
static PFLT_VOLUME
FltpFindVolume(PCUNICODE_STRING Name)
{
    PFLT_VOLUME Volume = NULL;

    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        if (RtlEqualUnicodeString(&Volume->Name, Name, TRUE) && FltpIsMounted(Volume)) {
            break;
        }
    }
    return Volume;
}

/* A disk's file system is mounted when it is first opened: V1 needs that. */
static VOID
FltpOpenOnce(PCUNICODE_STRING Name)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, (PUNICODE_STRING)Name,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(ZwOpenFile(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              FILE_SYNCHRONOUS_IO_NONALERT))) {
        ZwClose(Handle);
    }
}

NTSTATUS FLTAPI
FltGetVolumeFromName(PFLT_FILTER Filter, PCUNICODE_STRING VolumeName, PFLT_VOLUME *RetVolume)
{
    PFLT_VOLUME Volume = NULL;
    UNICODE_STRING Name = *VolumeName, Resolved = {};
    NTSTATUS Status = STATUS_FLT_VOLUME_NOT_FOUND;

    while (Name.Length != 0 && Name.Buffer[Name.Length / sizeof(WCHAR) - 1] == L'\\') {
        Name.Length -= sizeof(WCHAR);
    }
    if (Name.Length != 0 && Name.Buffer[0] != L'\\') { /* C: */
        OBJECT_ATTRIBUTES Attributes;
        UNICODE_STRING Link;
        HANDLE Handle;
        ULONG Length;

        Link.Length = 0;
        Link.MaximumLength = Name.Length + 8 * sizeof(WCHAR);
        Link.Buffer = ExAllocatePoolWithTag(PagedPool, Link.MaximumLength, FLTP_TAG_TEMP);
        Resolved.MaximumLength = 520;
        Resolved.Buffer = ExAllocatePoolWithTag(PagedPool, 520, FLTP_TAG_TEMP);
        if (Link.Buffer != NULL && Resolved.Buffer != NULL) {
            RtlAppendUnicodeToString(&Link, L"\\??\\");
            RtlAppendUnicodeStringToString(&Link, &Name);
            InitializeObjectAttributes(&Attributes, &Link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                                       NULL, NULL);
            if (NT_SUCCESS(ZwOpenSymbolicLinkObject(&Handle, GENERIC_READ, &Attributes))) {
                if (NT_SUCCESS(ZwQuerySymbolicLinkObject(Handle, &Resolved, &Length))) {
                    Name = Resolved;
                }
                ZwClose(Handle);
            }
        }
        if (Link.Buffer != NULL) {
            ExFreePoolWithTag(Link.Buffer, FLTP_TAG_TEMP);
        }
    }
    Volume = FltpFindVolume(&Name);
    if (Volume == NULL && Name.Length != 0) {
        FltpOpenOnce(&Name);
        Volume = FltpFindVolume(&Name);
    }
    if (Volume != NULL) {
        *RetVolume = Volume; /* with its reference */
        Status = STATUS_SUCCESS;
    }
    if (Resolved.Buffer != NULL) {
        ExFreePoolWithTag(Resolved.Buffer, FLTP_TAG_TEMP);
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetVolumeFromDeviceObject(PFLT_FILTER Filter, PDEVICE_OBJECT DeviceObject,
                             PFLT_VOLUME *RetVolume)
{
    PFLT_VOLUME Volume = NULL;

    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        if (Volume->DeviceObject == DeviceObject || Volume->Base == DeviceObject ||
            (Volume->DiskDevice == DeviceObject && FltpIsMounted(Volume))) {
            *RetVolume = Volume;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_FLT_VOLUME_NOT_FOUND;
}

NTSTATUS FLTAPI
FltGetVolumeFromFileObject(PFLT_FILTER Filter, PFILE_OBJECT FileObject, PFLT_VOLUME *RetVolume)
{
    PDEVICE_OBJECT Base = IoGetBaseFileSystemDeviceObject(FileObject);

    return FltGetVolumeFromDeviceObject(Filter, Base, RetVolume);
}

NTSTATUS FLTAPI
FltIsFltMgrVolumeDeviceObject(PDEVICE_OBJECT DeviceObject)
{
    return DeviceObject->DriverObject == FltpDriver &&
                   ((PFLTP_DEVICE)DeviceObject->DeviceExtension)->Kind == FltpVolumeDevice
               ? STATUS_SUCCESS
               : STATUS_FLT_VOLUME_NOT_FOUND;
}

NTSTATUS FLTAPI
FltGetDeviceObject(PFLT_VOLUME Volume, PDEVICE_OBJECT *DeviceObject)
{
    if (Volume->Detached) {
        return STATUS_FLT_NO_DEVICE_OBJECT;
    }
    ObReferenceObject(Volume->DeviceObject);
    *DeviceObject = Volume->DeviceObject;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltGetDiskDeviceObject(PFLT_VOLUME Volume, PDEVICE_OBJECT *DiskDeviceObject)
{
    if (Volume->DiskDevice == NULL) {
        return STATUS_FLT_NO_DEVICE_OBJECT;
    }
    ObReferenceObject(Volume->DiskDevice);
    *DiskDeviceObject = Volume->DiskDevice;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltGetVolumeName(PFLT_VOLUME Volume, PUNICODE_STRING VolumeName, PULONG BufferSizeNeeded)
{
    if (BufferSizeNeeded != NULL) {
        *BufferSizeNeeded = Volume->Name.Length;
    }
    if (VolumeName == NULL || VolumeName->MaximumLength < Volume->Name.Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyUnicodeString(VolumeName, &Volume->Name);
    return STATUS_SUCCESS;
}

/* The mount manager's name: the symbolic link \??\Volume{...} that leads to the volume's device. */
NTSTATUS FLTAPI
FltGetVolumeGuidName(PFLT_VOLUME Volume, PUNICODE_STRING VolumeGuidName, PULONG BufferSizeNeeded)
{
    UNICODE_STRING Directory = RTL_CONSTANT_STRING(L"\\??");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle, Link;
    ULONG Context = 0, Length;
    NTSTATUS Status, Found = STATUS_FLT_VOLUME_NOT_FOUND;
    PUCHAR Buffer;

    InitializeObjectAttributes(&Attributes, &Directory, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    Status = ZwOpenDirectoryObject(&Handle, DIRECTORY_QUERY, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Found;
    }
    Buffer = ExAllocatePoolWithTag(PagedPool, 2048, FLTP_TAG_TEMP);
    if (Buffer == NULL) {
        ZwClose(Handle);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    while (Found == STATUS_FLT_VOLUME_NOT_FOUND &&
           NT_SUCCESS(ZwQueryDirectoryObject(Handle, Buffer, 1024, TRUE, Context == 0, &Context,
                                             &Length))) {
        PUNICODE_STRING Name = (PUNICODE_STRING)Buffer; /* OBJECT_DIRECTORY_INFORMATION begins so */
        UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"Volume{"), Target;

        if (!RtlPrefixUnicodeString(&Prefix, Name, TRUE)) {
            continue;
        }
        InitializeObjectAttributes(&Attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                                   Handle, NULL);
        if (!NT_SUCCESS(ZwOpenSymbolicLinkObject(&Link, GENERIC_READ, &Attributes))) {
            continue;
        }
        Target.Buffer = (PWSTR)(Buffer + 1024);
        Target.Length = 0;
        Target.MaximumLength = 1024;
        if (NT_SUCCESS(ZwQuerySymbolicLinkObject(Link, &Target, &Length)) &&
            RtlEqualUnicodeString(&Target, &Volume->Name, TRUE)) {
            Length = 4 * sizeof(WCHAR) + Name->Length;
            if (BufferSizeNeeded != NULL) {
                *BufferSizeNeeded = Length;
            }
            Found = STATUS_BUFFER_TOO_SMALL;
            if (VolumeGuidName != NULL && VolumeGuidName->MaximumLength >= Length) {
                VolumeGuidName->Length = 0;
                RtlAppendUnicodeToString(VolumeGuidName, L"\\??\\");
                RtlAppendUnicodeStringToString(VolumeGuidName, Name);
                Found = STATUS_SUCCESS;
            }
        }
        ZwClose(Link);
    }
    ExFreePoolWithTag(Buffer, FLTP_TAG_TEMP);
    ZwClose(Handle);
    return Found;
}

NTSTATUS FLTAPI
FltGetVolumeProperties(PFLT_VOLUME Volume, PFLT_VOLUME_PROPERTIES Properties, ULONG Length,
                       PULONG LengthReturned)
{
    ULONG Needed = sizeof(*Properties) + Volume->DriverName.Length + Volume->ControlName.Length +
                   Volume->Name.Length;
    PDEVICE_OBJECT Device = Volume->DiskDevice != NULL ? Volume->DiskDevice : Volume->Base;
    struct {
        PUNICODE_STRING To, From;
    } Strings[3] = {{&Properties->FileSystemDriverName, &Volume->DriverName},
                    {&Properties->FileSystemDeviceName, &Volume->ControlName},
                    {&Properties->RealDeviceName, &Volume->Name}};
    PUCHAR At;

    *LengthReturned = Needed;
    if (Properties == NULL || Length < sizeof(*Properties)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(Properties, sizeof(*Properties));
    Properties->DeviceType = Device->DeviceType;
    Properties->DeviceCharacteristics = Device->Characteristics;
    Properties->DeviceObjectFlags = Device->Flags;
    Properties->AlignmentRequirement = Device->AlignmentRequirement;
    Properties->SectorSize = Volume->Base->SectorSize != 0 ? Volume->Base->SectorSize : 512;
    if (Length < Needed) {
        *LengthReturned = sizeof(*Properties);
        return STATUS_BUFFER_OVERFLOW; /* the fixed part */
    }
    At = (PUCHAR)(Properties + 1);
    for (ULONG i = 0; i < 3; i++) {
        Strings[i].To->Buffer = (PWSTR)At;
        Strings[i].To->Length = Strings[i].To->MaximumLength = Strings[i].From->Length;
        RtlCopyMemory(At, Strings[i].From->Buffer, Strings[i].From->Length);
        At += Strings[i].From->Length;
    }
    return STATUS_SUCCESS;
}

static PFLT_VOLUME
FltpVolumeOf(PVOID FltObject)
{
    PFLTP_OBJECT Object = FltObject;

    return Object->Type == FLTP_INSTANCE_TYPE ? ((PFLT_INSTANCE)FltObject)->Volume : FltObject;
}

NTSTATUS FLTAPI
FltGetFileSystemType(PVOID FltObject, PFLT_FILESYSTEM_TYPE FileSystemType)
{
    *FileSystemType = FltpVolumeOf(FltObject)->FileSystem;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltIsVolumeWritable(PVOID FltObject, PBOOLEAN IsWritable)
{
    PFLT_VOLUME Volume = FltpVolumeOf(FltObject);
    ULONG Characteristics = Volume->Base->Characteristics |
                            (Volume->DiskDevice != NULL ? Volume->DiskDevice->Characteristics : 0);

    *IsWritable = (Characteristics & FILE_READ_ONLY_DEVICE) == 0;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltIsVolumeSnapshot(PVOID FltObject, PBOOLEAN IsSnapshotVolume)
{
    *IsSnapshotVolume = FALSE; /* there are no shadow copies here */
    return STATUS_SUCCESS;
}
