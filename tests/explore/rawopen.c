/*
 * rawopen.c - two threads open a disk that no file system recognizes, and close it: the last close dismounts the volume that
 * RAW has mounted, but not under somebody's create that is on its way.
 */
#include "program.h"

static PDEVICE_OBJECT Disk;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Opener(PVOID Context)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\RawOpenDisk");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    BAD(!NT_SUCCESS(ZwCreateFile(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                                 FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL,
                                 0)));
    BAD((Disk->Vpb->Flags & VPB_MOUNTED) == 0);
    ZwClose(Handle);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\RawOpenDisk");

    for (ULONG Index = 0; Index <= IRP_MJ_MAXIMUM_FUNCTION; Index++) {
        Driver->MajorFunction[Index] = Dispatch;
    }
    IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_DISK, 0, FALSE, &Disk);
    Disk->Flags |= DO_DIRECT_IO;
    Disk->Flags &= ~DO_DEVICE_INITIALIZING;
    Start(Opener, 0);
    Start(Opener, 1);
    Join();
    IoDeleteDevice(Disk);
}
