/*
 * badirp.c - misuse that ends the system: one case each, by CASE.
 *     1  an IRP completed twice                     [BC:44]
 *     2  no stack location left                     [BC:35]
 *     3  cancelled after it was completed            [BC:48]
 *     4  IoFreeIrp twice                             [BC:44]
 *     5  a partial MDL beyond its source             [BC:12e]
 *     6  a device dereferenced away while it is open [BC:36]
 *     7  a PDO routine with a device object that is none [BC:ca]
 *     8  IoCancelFileOpen after the handle exists    [BC:e8]
 */
#include "io-test.h"

static PIRP Done;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_FLUSH_BUFFERS) {
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI
Keep(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    return STATUS_CONTINUE_COMPLETION;
}

static VOID NTAPI
CancelRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

static VOID
Bad(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoBad", 0, 0);
    PIRP Irp = IoAllocateIrp(1, FALSE);

#if CASE == 1
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    IoSetNextIrpStackLocation(Irp);
    Irp->Flags |= IRP_DEFER_IO_COMPLETION; /* it stays, although it is complete */
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
#elif CASE == 2
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    IoSetNextIrpStackLocation(Irp);
    IoCallDriver(Device, Irp);
#elif CASE == 3
    IoSetNextIrpStackLocation(Irp);
    Irp->Flags |= IRP_DEFER_IO_COMPLETION;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoSetCancelRoutine(Irp, CancelRoutine);
    IoCancelIrp(Irp);
#elif CASE == 4
    IoFreeIrp(Irp);
    IoFreeIrp(Irp);
#elif CASE == 5
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'tsei');
    PMDL Source = IoAllocateMdl(Buffer, 100, FALSE, FALSE, NULL),
         Target = IoAllocateMdl(Buffer, PAGE_SIZE, FALSE, FALSE, NULL);

    MmBuildMdlForNonPagedPool(Source);
    IoBuildPartialMdl(Source, Target, Buffer + 50, 51);
#elif CASE == 6
    Device->ReferenceCount = 1;
    IoDeleteDevice(Device); /* only marks it */
    ObDereferenceObject(Device);
#elif CASE == 7
    UCHAR Buffer[64];
    ULONG Length;

    IoGetDeviceProperty(Device, DevicePropertyHardwareID, sizeof(Buffer), Buffer, &Length);
#elif CASE == 8
    HANDLE Handle = OpenSynchronous(L"\\Device\\IoBad");
    PFILE_OBJECT File;

    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    IoCancelFileOpen(Device, File);
#endif
    EXPECT(!"still running");
}

IO_TEST_DRIVER(TEST(Bad))
