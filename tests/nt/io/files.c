/*
 * files.c - what file systems, filters and servers ask of the I/O manager: EA lists, requests of one's own, opens that pass filters by,
 * registrations, sharing that does not count. [DDI: ntifs, IoCheckEaBufferValidity, IoRegisterFsRegistrationChange,
 * IoSetFileObjectIgnoreSharing, IoGetDiskDeviceObject, IoGetDeviceAttachmentBaseRef; wdm, IoBuildAsynchronousFsdRequest; ntddk,
 * IoCreateFileSpecifyDeviceObjectHint]
 */
#include "../ntlab-test.h"

/* A list of two attributes, "A" = "xy" and "BC" = "". */
static ULONG
MakeList(PUCHAR Buffer)
{
    PFILE_FULL_EA_INFORMATION One = (PVOID)Buffer, Two;

    RtlZeroMemory(Buffer, 64);
    One->EaNameLength = 1;
    One->EaValueLength = 2;
    RtlCopyMemory(One->EaName, "A\0xy", 4);
    One->NextEntryOffset = 12;
    Two = (PVOID)(Buffer + 12);
    Two->EaNameLength = 2;
    RtlCopyMemory(Two->EaName, "BC\0", 3);
    return 12 + FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + 3;
}

static VOID
EaLists(VOID)
{
    UCHAR Buffer[64];
    PFILE_FULL_EA_INFORMATION One = (PVOID)Buffer;
    ULONG Length = MakeList(Buffer), Wrong = 77;

    EXPECT_STATUS(IoCheckEaBufferValidity(One, Length, &Wrong), STATUS_SUCCESS);
    /* an entry that reaches beyond the buffer: where it begins is told */
    EXPECT_STATUS(IoCheckEaBufferValidity(One, Length - 1, &Wrong), STATUS_EA_LIST_INCONSISTENT);
    EXPECT_EQ(Wrong, 12);
    /* a name without its end */
    Length = MakeList(Buffer);
    One->EaName[1] = 'x';
    EXPECT_STATUS(IoCheckEaBufferValidity(One, Length, &Wrong), STATUS_EA_LIST_INCONSISTENT);
    EXPECT_EQ(Wrong, 0);
    /* the next entry is not at a multiple of four, or not behind this one */
    Length = MakeList(Buffer);
    One->NextEntryOffset = 14;
    EXPECT_STATUS(IoCheckEaBufferValidity(One, Length, &Wrong), STATUS_EA_LIST_INCONSISTENT);
    One->NextEntryOffset = 4;
    EXPECT_STATUS(IoCheckEaBufferValidity(One, Length, &Wrong), STATUS_EA_LIST_INCONSISTENT);
}

/* [DDI:ntifs/iocheckquotabuffervalidity] */
static VOID
QuotaLists(VOID)
{
    struct {
        FILE_QUOTA_INFORMATION One;
        ULONG Gap;
        FILE_QUOTA_INFORMATION Two;
    } List = {};
    SID World = {SID_REVISION, 1, SECURITY_WORLD_SID_AUTHORITY, {0}};
    ULONG Behind = (ULONG)((PUCHAR)&List.Two - (PUCHAR)&List), Wrong = 77;
    ULONG Length = Behind + FIELD_OFFSET(FILE_QUOTA_INFORMATION, Sid) + sizeof(SID);

    List.One.NextEntryOffset = Behind;
    List.One.SidLength = List.Two.SidLength = sizeof(SID);
    List.One.Sid = List.Two.Sid = World;
    EXPECT_STATUS(IoCheckQuotaBufferValidity(&List.One, Length, &Wrong), STATUS_SUCCESS);
    EXPECT_STATUS(IoCheckQuotaBufferValidity(&List.One, Length - 1, &Wrong),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    EXPECT_EQ(Wrong, Behind);
    List.Two.Sid.SubAuthorityCount = 3; /* longer than it says */
    EXPECT_STATUS(IoCheckQuotaBufferValidity(&List.One, Length, &Wrong),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    EXPECT_EQ(Wrong, Behind);
    List.One.NextEntryOffset = 8;
    EXPECT_STATUS(IoCheckQuotaBufferValidity(&List.One, Length, &Wrong),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    EXPECT_EQ(Wrong, 0);
}

static PFILE_OBJECT
Open(PCWSTR Path, ULONG Share, ULONG Options, PHANDLE Handle, NTSTATUS Expected)
{
    OBJECT_ATTRIBUTES Object;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File = NULL;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    Status = ZwCreateFile(Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Object, &Iosb, NULL,
                          0, Share, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT | Options, NULL, 0);
    EXPECT_STATUS(Status, Expected);
    if (NT_SUCCESS(Status)) {
        ObReferenceObjectByHandle(*Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    }
    return File;
}

static VOID
Devices(VOID)
{
    HANDLE Handle;
    PFILE_OBJECT File = Open(L"\\??\\C:\\io-files", 7, 0, &Handle, STATUS_SUCCESS);
    PDEVICE_OBJECT Base = IoGetBaseFileSystemDeviceObject(File), Disk = NULL, Lowest;

    /* the disk of a file system's device, referenced */
    EXPECT_STATUS(IoGetDiskDeviceObject(Base, &Disk), STATUS_SUCCESS);
    EXPECT(Disk != NULL && Disk->DeviceType == FILE_DEVICE_DISK);
    ObDereferenceObject(Disk);
    Lowest = IoGetDeviceAttachmentBaseRef(IoGetRelatedDeviceObject(File));
    EXPECT(Lowest == Base);
    ObDereferenceObject(Lowest);
    EXPECT(IoGetAttachedDevice(Base) == IoGetRelatedDeviceObject(File));
    ObDereferenceObject(File);
    ZwClose(Handle);
}

static NTSTATUS NTAPI
Done(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    *Irp->UserIosb = Irp->IoStatus;
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* A request that nobody but its maker frees. */
static VOID
Asynchronous(VOID)
{
    HANDLE Handle;
    PFILE_OBJECT File = Open(L"\\??\\C:\\io-files", 7, 0, &Handle, STATUS_SUCCESS);
    PDEVICE_OBJECT Device = IoGetRelatedDeviceObject(File);
    LARGE_INTEGER Start = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb = {}, Own;
    char Text[8] = "12345";
    KEVENT Event;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Own, Text, 5, &Start, NULL),
                  STATUS_SUCCESS);
    RtlZeroMemory(Text, sizeof(Text));
    Irp = IoBuildAsynchronousFsdRequest(IRP_MJ_READ, Device, Text, 5, &Start, &Iosb);
    EXPECT(Irp != NULL && IoGetNextIrpStackLocation(Irp)->MajorFunction == IRP_MJ_READ);
    EXPECT_EQ(IoGetNextIrpStackLocation(Irp)->Parameters.Read.Length, 5);
    IoGetNextIrpStackLocation(Irp)->FileObject = File;
    IoSetCompletionRoutine(Irp, Done, &Event, TRUE, TRUE, TRUE);
    IoCallDriver(Device, Irp);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT(Iosb.Information == 5 && RtlEqualMemory(Text, "12345", 5));
    IoFreeIrp(Irp);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

/* [DDI:ntifs/iosetfileobjectignoresharing] */
static VOID
Sharing(VOID)
{
    HANDLE One, Two;
    PFILE_OBJECT File = Open(L"\\??\\C:\\io-shared", 0, 0, &One, STATUS_SUCCESS);

    EXPECT(!IoIsFileObjectIgnoringSharing(File));
    Open(L"\\??\\C:\\io-shared", 7, 0, &Two, STATUS_SHARING_VIOLATION);
    ObDereferenceObject(File);
    ZwClose(One);
    {
        SHARE_ACCESS Share;

        /* the routines that check do not count such a file object */
        File = Open(L"\\??\\C:\\io-shared", 7, 0, &One, STATUS_SUCCESS);
        IoSetShareAccess(FILE_READ_DATA, 0, File, &Share);
        EXPECT_EQ(Share.OpenCount, 1);
        EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, File, &Share, FALSE),
                      STATUS_SHARING_VIOLATION);
        EXPECT_STATUS(IoSetFileObjectIgnoreSharing(File), STATUS_SUCCESS);
        EXPECT(IoIsFileObjectIgnoringSharing(File));
        EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, File, &Share, FALSE),
                      STATUS_SUCCESS);
        ObDereferenceObject(File);
        ZwClose(One);
    }
}

/* [DDI:ntddk/iocreatefilespecifydeviceobjecthint] the create goes to that device, and what is above it sees nothing. */
static VOID
Hints(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\io-files");
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle, Hinted;
    PFILE_OBJECT File = Open(L"\\??\\C:\\io-files", 7, 0, &Handle, STATUS_SUCCESS), Other;
    PDEVICE_OBJECT Base = IoGetBaseFileSystemDeviceObject(File);

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(IoCreateFileSpecifyDeviceObjectHint(
                      &Hinted, GENERIC_READ | SYNCHRONIZE, &Object, &Iosb, NULL, 0, 7, FILE_OPEN,
                      FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, CreateFileTypeNone, NULL,
                      IO_NO_PARAMETER_CHECKING, Base),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Hinted, 0, *IoFileObjectType, KernelMode, (PVOID *)&Other, NULL);
    EXPECT(IoGetRelatedDeviceObject(Other) == Base);
    EXPECT(Other->FsContext == File->FsContext && Other != File);
    ObDereferenceObject(Other);
    ZwClose(Hinted);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

TEST_DRIVER(TEST(EaLists), TEST(QuotaLists), TEST(Devices), TEST(Asynchronous), TEST(Sharing),
            TEST(Hints))
