/*
 * volumes.c - who is asked to mount a disk, in which order, and what becomes of a volume that is verified. The disk and the file systems are this
 * driver's; what each is asked is written down, and what it answers is told beforehand. [DDI:ntifs/ioregisterfilesystem],
 * [DDI:ntifs/iounregisterfilesystem], [DDI:ntifs/ioverifyvolume], [DDI:ntifs/iogetdiskdeviceobject], [LEARN:ifs/irp-mj-file-system-control]
 * (IRP_MN_MOUNT_VOLUME, IRP_MN_VERIFY_VOLUME, IRP_MN_LOAD_FILE_SYSTEM).
 */
#include "../ntlab-test.h"

#define SYSTEMS 3

static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Disk, Systems[SYSTEMS], Volumes[SYSTEMS];
static NTSTATUS OnMount[SYSTEMS], OnLoad[SYSTEMS], OnVerify;
static CHAR Asked
    [64]; /* a: the first file system mounts, A: loads; v: the volume is verified, c: a file on it is opened, x: closed */
static ULONG Count;
static UCHAR MountFlags, VerifyFlags;
static PVPB Verified, Mounted;
static PDEVICE_OBJECT VerifiedDevice, MountedOn;
static BOOLEAN HeldInMount, HeldInVerify;

static VOID
Note(CHAR What)
{
    if (Count < sizeof(Asked) - 1) {
        Asked[Count++] = What;
        Asked[Count] = 0;
    }
}

static VOID
Forget(VOID)
{
    Count = 0;
    Asked[0] = 0;
}

static BOOLEAN
Is(const char *Text)
{
    if (strcmp(Asked, Text) != 0) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: note asked %s, not %s\n",
                   Asked, Text);
        return FALSE;
    }
    return TRUE;
}

/* A file system that must be loaded first registers the last one, and goes. */
static NTSTATUS
Load(ULONG Which)
{
    Note((CHAR)('A' + Which));
    if (NT_SUCCESS(OnLoad[Which])) {
        IoUnregisterFileSystem(Systems[Which]);
        IoRegisterFileSystem(Systems[SYSTEMS - 1]);
    }
    return OnLoad[Which];
}

static NTSTATUS
Mount(ULONG Which, PIO_STACK_LOCATION Stack)
{
    if (Stack->Parameters.MountVolume.Vpb->RealDevice != Disk) {
        return STATUS_UNRECOGNIZED_VOLUME; /* of somebody else's */
    }
    Note((CHAR)('a' + Which));
    Mounted = Stack->Parameters.MountVolume.Vpb;
    MountedOn = Stack->Parameters.MountVolume.DeviceObject;
    MountFlags = Stack->Flags;
    HeldInMount = KeReadStateEvent(&Disk->DeviceLock) == 0;
    if (NT_SUCCESS(OnMount[Which])) {
        Stack->Parameters.MountVolume.Vpb->DeviceObject = Volumes[Which];
    }
    return OnMount[Which];
}

static NTSTATUS
Control(PDEVICE_OBJECT DeviceObject, PIO_STACK_LOCATION Stack)
{
    for (ULONG i = 0; i < SYSTEMS; i++) {
        if (DeviceObject == Systems[i]) {
            return Stack->MinorFunction == IRP_MN_MOUNT_VOLUME ? Mount(i, Stack)
                   : Stack->MinorFunction == IRP_MN_LOAD_FILE_SYSTEM
                       ? Load(i)
                       : STATUS_INVALID_DEVICE_REQUEST;
        }
        if (DeviceObject == Volumes[i] && Stack->MinorFunction == IRP_MN_VERIFY_VOLUME) {
            Note('v');
            Verified = Stack->Parameters.VerifyVolume.Vpb;
            VerifiedDevice = Stack->Parameters.VerifyVolume.DeviceObject;
            VerifyFlags = Stack->Flags;
            HeldInVerify = KeReadStateEvent(&Disk->DeviceLock) == 0;
            return OnVerify;
        }
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL) {
        Status = Control(DeviceObject, Stack);
    } else if (Stack->MajorFunction == IRP_MJ_CREATE) {
        Note('c');
    } else if (Stack->MajorFunction == IRP_MJ_CLOSE) {
        Note('x');
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
Open(PHANDLE Handle)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestVolumes\\file");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                        FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static VOID
Answers(NTSTATUS First, NTSTATUS Second, NTSTATUS Third)
{
    OnMount[0] = First;
    OnMount[1] = Second;
    OnMount[2] = Third;
}

static VOID
Dismount(VOID)
{
    Disk->Vpb->Flags &= ~VPB_MOUNTED;
    Disk->Vpb->DeviceObject = NULL;
}

/* "If a file system is of low priority, it is asked last"; else who came last is asked first. */
static VOID
Order(VOID)
{
    HANDLE Handle;

    Answers(STATUS_UNRECOGNIZED_VOLUME, STATUS_UNRECOGNIZED_VOLUME, STATUS_UNRECOGNIZED_VOLUME);
    Systems[1]->Flags |= DO_LOW_PRIORITY_FILESYSTEM;
    for (ULONG i = 0; i < SYSTEMS; i++) {
        EXPECT((Systems[i]->Flags & DO_DEVICE_INITIALIZING) != 0);
        IoRegisterFileSystem(Systems[i]);
        EXPECT((Systems[i]->Flags & DO_DEVICE_INITIALIZING) == 0);
    }
    EXPECT_STATUS(Open(&Handle), STATUS_UNRECOGNIZED_VOLUME);
    EXPECT(Is("cab"));
    EXPECT((Disk->Vpb->Flags & VPB_MOUNTED) == 0 && Disk->Vpb->DeviceObject == NULL);
    EXPECT(KeReadStateEvent(&Disk->DeviceLock) != 0);
    IoUnregisterFileSystem(Systems[0]);
    Forget();
    EXPECT_STATUS(Open(&Handle), STATUS_UNRECOGNIZED_VOLUME);
    EXPECT(Is("cb"));
    IoUnregisterFileSystem(Systems[1]);
    IoUnregisterFileSystem(Systems[2]);
    Forget();
    EXPECT_STATUS(Open(&Handle), STATUS_UNRECOGNIZED_VOLUME);
    EXPECT(Is(""));
    Systems[1]->Flags &= ~DO_LOW_PRIORITY_FILESYSTEM;
}

/* The first that knows the volume has it: nobody else is asked, and the next open asks nobody. */
static VOID
Mounts(VOID)
{
    PDEVICE_OBJECT Found = NULL;
    LONG_PTR References;
    HANDLE Handle, Second;

    for (ULONG i = 0; i < SYSTEMS; i++) {
        IoRegisterFileSystem(Systems[i]);
    }
    EXPECT_STATUS(IoGetDiskDeviceObject(Volumes[1], &Found), STATUS_VOLUME_DISMOUNTED);
    EXPECT_STATUS(IoGetDiskDeviceObject(Disk, &Found), STATUS_INVALID_PARAMETER);
    EXPECT(Found == NULL);
    Answers(STATUS_SUCCESS, STATUS_SUCCESS, STATUS_UNRECOGNIZED_VOLUME);
    Forget();
    EXPECT_STATUS(Open(&Handle), STATUS_SUCCESS);
    EXPECT(Is("cbc"));
    EXPECT(HeldInMount && KeReadStateEvent(&Disk->DeviceLock) != 0);
    EXPECT(MountedOn == Disk && Mounted == Disk->Vpb && (MountFlags & SL_ALLOW_RAW_MOUNT) == 0);
    EXPECT((Disk->Vpb->Flags & VPB_MOUNTED) && Disk->Vpb->DeviceObject == Volumes[1]);
    EXPECT_EQ(Disk->Vpb->RealDevice, Disk);
    EXPECT_EQ(Volumes[1]->StackSize, Disk->StackSize + 1);
    References = Disk->ReferenceCount;
    EXPECT_STATUS(IoGetDiskDeviceObject(Volumes[1], &Found), STATUS_SUCCESS);
    EXPECT(Found == Disk && Disk->ReferenceCount == References); /* the object's, not the opens' */
    ObDereferenceObject(Found);
    EXPECT_STATUS(Open(&Second), STATUS_SUCCESS);
    EXPECT(Is("cbcc"));
    ZwClose(Second);
    ZwClose(Handle);
    EXPECT(Is("cbccxx"));
    Dismount();
    EXPECT_STATUS(IoGetDiskDeviceObject(Volumes[1], &Found), STATUS_VOLUME_DISMOUNTED);
}

/* A recognizer is no file system: "STATUS_FS_DRIVER_REQUIRED", and it loads the one that is needed, which is asked then. */
static VOID
Recognizes(VOID)
{
    HANDLE Handle;

    IoUnregisterFileSystem(Systems[2]);
    Answers(STATUS_UNRECOGNIZED_VOLUME, STATUS_FS_DRIVER_REQUIRED, STATUS_SUCCESS);
    OnLoad[1] = STATUS_OBJECT_NAME_NOT_FOUND;
    Forget();
    EXPECT(!NT_SUCCESS(Open(&Handle)));
    EXPECT(Is("bB"));
    EXPECT(KeReadStateEvent(&Disk->DeviceLock) != 0);
    OnLoad[1] = STATUS_SUCCESS;
    Forget();
    EXPECT_STATUS(Open(&Handle), STATUS_SUCCESS);
    EXPECT(Is("bBcc"));
    EXPECT_EQ(Disk->Vpb->DeviceObject, Volumes[2]);
    ZwClose(Handle);
}

/* The volume is asked whether it is still the one; its lock is held meanwhile. */
static VOID
Verifies(VOID)
{
    PVPB Vpb = Disk->Vpb;

    for (BOOLEAN Raw = FALSE; Raw <= TRUE; Raw++) {
        Disk->Flags |= DO_VERIFY_VOLUME;
        OnVerify = STATUS_SUCCESS;
        Forget();
        EXPECT_STATUS(IoVerifyVolume(Disk, Raw), STATUS_SUCCESS);
        EXPECT(Is("v"));
        EXPECT(Verified == Vpb && Disk->Vpb == Vpb && VerifiedDevice == Volumes[2]);
        EXPECT(HeldInVerify && KeReadStateEvent(&Disk->DeviceLock) != 0);
        EXPECT_EQ((VerifyFlags & SL_ALLOW_RAW_MOUNT) != 0, Raw);
        EXPECT((Disk->Flags & DO_VERIFY_VOLUME) == 0);
    }
    /* what else goes wrong is told, and nothing has changed */
    OnVerify = STATUS_IO_DEVICE_ERROR;
    Forget();
    EXPECT_STATUS(IoVerifyVolume(Disk, FALSE), STATUS_IO_DEVICE_ERROR);
    EXPECT(Is("v") && Disk->Vpb == Vpb && (Vpb->Flags & VPB_MOUNTED));
}

/* Another medium: a volume of its own is mounted, and who has files of the old one keeps that. */
static VOID
Changes(VOID)
{
    PVPB Vpb = Disk->Vpb;
    PFILE_OBJECT File;
    HANDLE Handle, Second;

    EXPECT_STATUS(Open(&Handle), STATUS_SUCCESS);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(File->Vpb, Vpb);
    Answers(STATUS_SUCCESS, STATUS_SUCCESS, STATUS_UNRECOGNIZED_VOLUME);
    OnVerify = STATUS_WRONG_VOLUME;
    Forget();
    EXPECT_STATUS(IoVerifyVolume(Disk, FALSE), STATUS_WRONG_VOLUME);
    EXPECT(Is("vca"));
    EXPECT(Disk->Vpb != Vpb && (Disk->Vpb->Flags & VPB_MOUNTED));
    EXPECT(Disk->Vpb == Mounted && Disk->Vpb->DeviceObject == Volumes[0]);
    EXPECT(File->Vpb == Vpb && Vpb->DeviceObject == Volumes[2]);
    EXPECT_EQ(IoGetRelatedDeviceObject(File), Volumes[2]);
    EXPECT_STATUS(Open(&Second), STATUS_SUCCESS);
    ZwClose(Second);
    ObDereferenceObject(File);
    Forget();
    ZwClose(Handle);
    EXPECT(Is("x"));
    /* what was not mounted is mounted; with or without RAW */
    Dismount();
    for (BOOLEAN Raw = FALSE; Raw <= TRUE; Raw++) {
        Forget();
        EXPECT_STATUS(IoVerifyVolume(Disk, Raw), STATUS_SUCCESS);
        EXPECT(Is("ca"));
        EXPECT_EQ((MountFlags & SL_ALLOW_RAW_MOUNT) != 0, Raw);
        EXPECT(Disk->Vpb->DeviceObject == Volumes[0] && (Disk->Vpb->Flags & VPB_MOUNTED));
        Dismount();
    }
    IoUnregisterFileSystem(Systems[2]);
    IoUnregisterFileSystem(Systems[0]);
    Forget();
    EXPECT_STATUS(Open(&Handle), STATUS_UNRECOGNIZED_VOLUME);
    EXPECT(Is(""));
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Order), TEST(Mounts), TEST(Recognizes), TEST(Verifies),
                                       TEST(Changes)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestVolumes");

    Driver = DriverObject;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK, 0, FALSE, &Disk);
    Disk->StackSize = 4;
    Disk->Flags &= ~DO_DEVICE_INITIALIZING;
    for (ULONG i = 0; i < SYSTEMS; i++) {
        IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Systems[i]);
        IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Volumes[i]);
        Volumes[i]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
