/*
 * vpb.c - what a volume's parameter block counts: a file object from before its IRP_MJ_CREATE, and no more in its IRP_MJ_CLOSE, so that a
 * file system sees there whether it was the last one. [SMP:fastfat, FatCheckForDismount]
 */
#include "../ntlab-test.h"

static PDEVICE_OBJECT Disk, Volume;
static ULONG InCreate, InCleanup, InClose, Closes;
static NTSTATUS Answer;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    NTSTATUS Status = STATUS_SUCCESS;

    switch (IoGetCurrentIrpStackLocation(Irp)->MajorFunction) {
    case IRP_MJ_CREATE:
        EXPECT(DeviceObject == Volume);
        InCreate = Disk->Vpb->ReferenceCount;
        Status = Answer;
        break;
    case IRP_MJ_CLEANUP:
        InCleanup = Disk->Vpb->ReferenceCount;
        break;
    case IRP_MJ_CLOSE:
        EXPECT(DeviceObject == Volume);
        InClose = Disk->Vpb->ReferenceCount;
        Closes++;
        break;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
Open(PHANDLE Handle)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestVpb\\file");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                        FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static VOID
Counts(VOID)
{
    ULONG Idle = Disk->Vpb->ReferenceCount;
    HANDLE First, Second;

    EXPECT_STATUS(Open(&First), STATUS_SUCCESS);
    EXPECT(InCreate == Idle + 1);
    EXPECT_STATUS(Open(&Second), STATUS_SUCCESS);
    EXPECT(InCreate == Idle + 2);
    ZwClose(First);
    EXPECT(InCleanup == Idle + 2);
    EXPECT(InClose == Idle + 1);
    ZwClose(Second);
    EXPECT(InCleanup == Idle + 1);
    EXPECT(InClose == Idle);
    EXPECT(Disk->Vpb->ReferenceCount == Idle);

    /* Of a create that fails nothing stays, and there is no close. */
    Answer = STATUS_ACCESS_DENIED;
    Closes = 0;
    EXPECT_STATUS(Open(&First), STATUS_ACCESS_DENIED);
    EXPECT(InCreate == Idle + 1);
    EXPECT(Closes == 0);
    EXPECT(Disk->Vpb->ReferenceCount == Idle);
    Answer = STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(Volume);
    IoDeleteDevice(Disk);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Counts)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestVpb");

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK, 0, FALSE, &Disk);
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Volume);
    Volume->Flags &= ~DO_DEVICE_INITIALIZING;
    Disk->Flags &= ~DO_DEVICE_INITIALIZING;
    Disk->Vpb->DeviceObject = Volume; /* as a mount leaves it */
    Disk->Vpb->Flags |= VPB_MOUNTED;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    Disk->Vpb->Flags &= ~VPB_MOUNTED;
    Disk->Vpb->DeviceObject = NULL;
    return STATUS_SUCCESS;
}
