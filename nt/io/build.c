/*
 * build.c - the routines that build a whole IRP for a driver.
 *
 *   B1  IoBuildSynchronousFsdRequest and IoBuildDeviceIoControlRequest IRPs are on the caller's thread
 *       list; the I/O manager frees them. IoBuildAsynchronousFsdRequest's belongs to nobody's thread.
 *   B2  A NULL StartingOffset is refused for read and write only where a device would use it: Windows
 *       takes 0 then. [wdm: IoBuildAsynchronousFsdRequest, IoBuildDeviceIoControlRequest]
 */
#include "nt/io/iop.h"

PIRP NTAPI
IoBuildAsynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer,
                              ULONG Length, PLARGE_INTEGER StartingOffset,
                              PIO_STATUS_BLOCK IoStatusBlock)
{
    PIO_STACK_LOCATION Stack;
    PIRP Irp;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Irp = IopAllocateIrp(DeviceObject->StackSize, FALSE);
    if (Irp == NULL) {
        return NULL;
    }
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Irp->UserIosb = IoStatusBlock;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = (UCHAR)MajorFunction;
    if (MajorFunction != IRP_MJ_READ && MajorFunction != IRP_MJ_WRITE) {
        return Irp; /* flush, shutdown, PnP: no buffer */
    }
    if (DeviceObject->Flags & DO_BUFFERED_IO) {
        if (Length != 0) {
            Irp->AssociatedIrp.SystemBuffer =
                ExAllocatePoolWithTag(NonPagedPool, Length, TAG_IOBUFFER);
            if (Irp->AssociatedIrp.SystemBuffer == NULL) {
                IoFreeIrp(Irp);
                return NULL;
            }
            Irp->Flags = IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
            if (MajorFunction == IRP_MJ_WRITE) {
                __try {
                    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Buffer, Length);
                } __except (EXCEPTION_EXECUTE_HANDLER) {
                    ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, TAG_IOBUFFER);
                    IoFreeIrp(Irp);
                    return NULL;
                }
                KiTrace(EV_COPY, Irp, Length, 0, 0, 0);
            } else {
                Irp->Flags |= IRP_INPUT_OPERATION;
                Irp->UserBuffer = Buffer;
            }
        }
    } else if (DeviceObject->Flags & DO_DIRECT_IO) {
        PMDL Mdl = Length == 0 ? NULL : IoAllocateMdl(Buffer, Length, FALSE, FALSE, Irp);

        if (Length != 0 && Mdl == NULL) {
            IoFreeIrp(Irp);
            return NULL;
        }
        if (Mdl != NULL) {
            __try {
                MmProbeAndLockPages(Mdl, KernelMode,
                                    MajorFunction == IRP_MJ_READ ? IoWriteAccess : IoReadAccess);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                IoFreeMdl(Mdl);
                IoFreeIrp(Irp);
                return NULL;
            }
        }
    } else {
        Irp->UserBuffer = Buffer;
    }
    if (MajorFunction == IRP_MJ_READ) {
        Stack->Parameters.Read.Length = Length;
        Stack->Parameters.Read.ByteOffset.QuadPart =
            StartingOffset != NULL ? StartingOffset->QuadPart : 0;
    } else {
        Stack->Parameters.Write.Length = Length;
        Stack->Parameters.Write.ByteOffset.QuadPart =
            StartingOffset != NULL ? StartingOffset->QuadPart : 0;
    }
    return Irp;
}

PIRP NTAPI
IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer,
                             ULONG Length, PLARGE_INTEGER StartingOffset, PKEVENT Event,
                             PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP Irp;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Irp = IoBuildAsynchronousFsdRequest(MajorFunction, DeviceObject, Buffer, Length, StartingOffset,
                                        IoStatusBlock);
    if (Irp != NULL) {
        Irp->UserEvent = Event;
        IopQueueIrpToThread(Irp); /* B1 */
    }
    return Irp;
}

PIRP NTAPI
IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject, PVOID InputBuffer,
                              ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength,
                              BOOLEAN InternalDeviceIoControl, PKEVENT Event,
                              PIO_STATUS_BLOCK IoStatusBlock)
{
    PIO_STACK_LOCATION Stack;
    ULONG Method = METHOD_FROM_CTL_CODE(IoControlCode);
    ULONG Length = 0;
    PMDL Mdl;
    PIRP Irp;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Irp = IopAllocateIrp(DeviceObject->StackSize, FALSE);
    if (Irp == NULL) {
        return NULL;
    }
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Irp->UserEvent = Event;
    Irp->UserIosb = IoStatusBlock;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction =
        InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    Stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
    Stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
    Stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;

    switch (Method) {
    case METHOD_BUFFERED:
        Length = InputBufferLength > OutputBufferLength ? InputBufferLength : OutputBufferLength;
        break;
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT:
        Length = InputBuffer != NULL ? InputBufferLength : 0;
        break;
    case METHOD_NEITHER:
        Irp->UserBuffer = OutputBuffer;
        Stack->Parameters.DeviceIoControl.Type3InputBuffer = InputBuffer;
        break;
    }
    if (Length != 0) {
        Irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, Length, TAG_IOBUFFER);
        if (Irp->AssociatedIrp.SystemBuffer == NULL) {
            IoFreeIrp(Irp);
            return NULL;
        }
        Irp->Flags = IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        if (InputBuffer != NULL) {
            RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, InputBuffer, InputBufferLength);
            KiTrace(EV_COPY, Irp, InputBufferLength, 0, 0, 0);
        }
        if (Method == METHOD_BUFFERED && OutputBuffer != NULL) {
            Irp->Flags |= IRP_INPUT_OPERATION;
            Irp->UserBuffer = OutputBuffer;
        }
    }
    if ((Method == METHOD_IN_DIRECT || Method == METHOD_OUT_DIRECT) && OutputBuffer != NULL) {
        Mdl = IoAllocateMdl(OutputBuffer, OutputBufferLength, FALSE, FALSE, Irp);
        if (Mdl == NULL) {
            goto FreeBuffer;
        }
        __try {
            MmProbeAndLockPages(Mdl, KernelMode,
                                Method == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            IoFreeMdl(Mdl);
            goto FreeBuffer;
        }
    }
    IopQueueIrpToThread(Irp); /* B1 */
    return Irp;

FreeBuffer:
    if (Irp->Flags & IRP_DEALLOCATE_BUFFER) {
        ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, TAG_IOBUFFER);
    }
    IoFreeIrp(Irp);
    return NULL;
}
