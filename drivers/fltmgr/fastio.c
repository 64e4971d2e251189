/*
 * fastio.c - fast I/O that arrives at a volume's device.
 *
 * A fast I/O call is an operation without an IRP: nothing can be pended, post-callbacks run at once in the same thread.
 * What ends in FALSE, here or below, is STATUS_FLT_DISALLOW_FAST_IO for the post-callbacks above.
 * [DDI: FAST_IO_DISPATCH; nt-semantics-2 1.3, 1.5]
 */
#include "fastio.h"

BOOLEAN
FltpBeginBelow(PFLTP_FAST Fast, PDEVICE_OBJECT DeviceObject, PFLT_INSTANCE After, UCHAR Major,
               UCHAR Minor, PFILE_OBJECT FileObject)
{
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;

    Fast->Operation = NULL;
    Fast->Fails = FALSE;
    Fast->LowerDevice = Device->Lower;
    Fast->Lower = Device->Lower != NULL ? Device->Lower->DriverObject->FastIoDispatch : NULL;
    if (Device->Kind != FltpVolumeDevice) {
        return FALSE;
    }
    Fast->First = FltpNextInstance(Device->Volume, After, Major, 0, FileObject, FALSE);
    if (Fast->First == NULL) {
        return FALSE;
    }
    Fast->Operation = FltpAllocateOperation(Device->Volume);
    if (Fast->Operation == NULL) {
        ExReleaseRundownProtection(&Fast->First->IoRundown);
        Fast->Fails = TRUE;
        return FALSE;
    }
    Fast->P = &Fast->Operation->Iopb.Parameters;
    *(PETHREAD *)&Fast->Operation->Data.Thread = PsGetCurrentThread();
    Fast->Operation->Data.RequestorMode = ExGetPreviousMode();
    Fast->Operation->Data.Flags = FLTFL_CALLBACK_DATA_FAST_IO_OPERATION;
    Fast->Operation->Iopb.MajorFunction = Major;
    Fast->Operation->Iopb.MinorFunction = Minor;
    Fast->Operation->Iopb.TargetFileObject = FileObject;
    return TRUE;
}

BOOLEAN
FltpBegin(PFLTP_FAST Fast, PDEVICE_OBJECT DeviceObject, UCHAR Major, UCHAR Minor,
          PFILE_OBJECT FileObject)
{
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;
    BOOLEAN Targeted = Device->Kind == FltpVolumeDevice && !IsListEmpty(&Device->Volume->Targeted);

    return FltpBeginBelow(Fast, DeviceObject,
                          Targeted ? FltpFileTarget(Device->Volume, FileObject) : NULL, Major,
                          Minor, FileObject);
}

BOOLEAN
FltpDown(PFLTP_FAST Fast)
{
    return FltpDescend(Fast->Operation, Fast->First) == FltpGoDown;
}

BOOLEAN
FltpEnd(PFLTP_FAST Fast, BOOLEAN Below, BOOLEAN Result, PIO_STATUS_BLOCK Iosb)
{
    PFLTP_OPERATION Operation = Fast->Operation;

    if (Below) {
        if (Result) {
            Operation->Data.IoStatus = *Iosb;
        } else {
            Operation->Data.IoStatus.Status = STATUS_FLT_DISALLOW_FAST_IO;
            Operation->Data.IoStatus.Information = 0;
        }
    } else {
        Result = !Operation->Disallowed;
    }
    FltpAscend(Operation);
    Result = Result && !Operation->Disallowed;
    *Iosb = Operation->Data.IoStatus;
    FltpDereferenceOperation(Operation);
    return Result;
}

static BOOLEAN NTAPI
FltpCheckIfPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
                    ULONG LockKey, BOOLEAN Read, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, FastIoCheckIfPossible, FileObject, FileOffset,
                                         Length, Wait, LockKey, Read, Iosb, Fast.LowerDevice);
    }
    Fast.P->FastIoCheckIfPossible.FileOffset = *FileOffset;
    Fast.P->FastIoCheckIfPossible.Length = Length;
    Fast.P->FastIoCheckIfPossible.LockKey = LockKey;
    Fast.P->FastIoCheckIfPossible.CheckForReadOperation = Read;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(
            &Fast, FastIoCheckIfPossible, FileObject, &Fast.P->FastIoCheckIfPossible.FileOffset,
            Fast.P->FastIoCheckIfPossible.Length, Wait, Fast.P->FastIoCheckIfPossible.LockKey,
            Fast.P->FastIoCheckIfPossible.CheckForReadOperation, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
             ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_READ, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, FastIoRead, FileObject, FileOffset, Length, Wait,
                                         LockKey, Buffer, Iosb, Fast.LowerDevice);
    }
    Fast.P->Read.Length = Length;
    Fast.P->Read.Key = LockKey;
    Fast.P->Read.ByteOffset = *FileOffset;
    Fast.P->Read.ReadBuffer = Buffer;
    Fast.P->Read.MdlAddress = NULL;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoRead, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->Read.ByteOffset, Fast.P->Read.Length, Wait, Fast.P->Read.Key,
                            Fast.P->Read.ReadBuffer, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
              ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_WRITE, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, FastIoWrite, FileObject, FileOffset, Length, Wait,
                                         LockKey, Buffer, Iosb, Fast.LowerDevice);
    }
    Fast.P->Write.Length = Length;
    Fast.P->Write.Key = LockKey;
    Fast.P->Write.ByteOffset = *FileOffset;
    Fast.P->Write.WriteBuffer = Buffer;
    Fast.P->Write.MdlAddress = NULL;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoWrite, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->Write.ByteOffset, Fast.P->Write.Length, Wait,
                            Fast.P->Write.Key, Fast.P->Write.WriteBuffer, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

/* The three queries for information differ in class and structure. */
static BOOLEAN
FltpFastQuery(PFLTP_FAST Fast, PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID Buffer, ULONG Length,
              FILE_INFORMATION_CLASS Class, PIO_STATUS_BLOCK Iosb)
{
    BOOLEAN Below = TRUE, Result = FALSE;

    if (Fast->Operation != NULL) {
        Fast->P->QueryFileInformation.Length = Length;
        Fast->P->QueryFileInformation.FileInformationClass = Class;
        Fast->P->QueryFileInformation.InfoBuffer = Buffer;
        Below = FltpDown(Fast);
        if (Below) {
            Buffer = Fast->P->QueryFileInformation.InfoBuffer;
        }
    }
    if (Below) {
        switch (Class) {
        case FileBasicInformation:
            Result = FLTP_LOWER(Fast, FastIoQueryBasicInfo, FileObject, Wait, Buffer, Iosb,
                                Fast->LowerDevice);
            break;
        case FileStandardInformation:
            Result = FLTP_LOWER(Fast, FastIoQueryStandardInfo, FileObject, Wait, Buffer, Iosb,
                                Fast->LowerDevice);
            break;
        default:
            Result = FLTP_LOWER(Fast, FastIoQueryNetworkOpenInfo, FileObject, Wait, Buffer, Iosb,
                                Fast->LowerDevice);
            break;
        }
    }
    return Fast->Operation != NULL ? FltpEnd(Fast, Below, Result, Iosb) : Result;
}

static BOOLEAN NTAPI
FltpQueryBasic(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer,
               PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    FLTP_FAST Fast;

    FltpBegin(&Fast, DeviceObject, IRP_MJ_QUERY_INFORMATION, 0, FileObject);
    return !Fast.Fails && FltpFastQuery(&Fast, FileObject, Wait, Buffer, sizeof(*Buffer),
                                        FileBasicInformation, Iosb);
}

static BOOLEAN NTAPI
FltpQueryStandard(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer,
                  PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    FLTP_FAST Fast;

    FltpBegin(&Fast, DeviceObject, IRP_MJ_QUERY_INFORMATION, 0, FileObject);
    return !Fast.Fails && FltpFastQuery(&Fast, FileObject, Wait, Buffer, sizeof(*Buffer),
                                        FileStandardInformation, Iosb);
}

static BOOLEAN NTAPI
FltpQueryNetwork(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer,
                 PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    FLTP_FAST Fast;

    FltpBegin(&Fast, DeviceObject, IRP_MJ_QUERY_INFORMATION, 0, FileObject);
    return !Fast.Fails && FltpFastQuery(&Fast, FileObject, Wait, Buffer, sizeof(*Buffer),
                                        FileNetworkOpenInformation, Iosb);
}

static VOID
FltpLockParameters(PFLTP_FAST Fast, PLARGE_INTEGER Offset, PLARGE_INTEGER Length,
                   PEPROCESS ProcessId, ULONG Key)
{
    Fast->P->LockControl.Length = Length;
    Fast->P->LockControl.Key = Key;
    Fast->P->LockControl.ByteOffset.QuadPart = Offset != NULL ? Offset->QuadPart : 0;
    Fast->P->LockControl.ProcessId = ProcessId;
}

static BOOLEAN NTAPI
FltpFastLock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
             PEPROCESS ProcessId, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock,
             PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_LOCK_CONTROL, IRP_MN_LOCK, FileObject)) {
        return !Fast.Fails &&
               FLTP_LOWER(&Fast, FastIoLock, FileObject, FileOffset, Length, ProcessId, Key,
                          FailImmediately, ExclusiveLock, Iosb, Fast.LowerDevice);
    }
    FltpLockParameters(&Fast, FileOffset, Length, ProcessId, Key);
    Fast.P->LockControl.FailImmediately = FailImmediately;
    Fast.P->LockControl.ExclusiveLock = ExclusiveLock;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoLock, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->LockControl.ByteOffset, Fast.P->LockControl.Length,
                            Fast.P->LockControl.ProcessId, Fast.P->LockControl.Key,
                            Fast.P->LockControl.FailImmediately, Fast.P->LockControl.ExclusiveLock,
                            Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastUnlock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
               PEPROCESS ProcessId, ULONG Key, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_SINGLE, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, FastIoUnlockSingle, FileObject, FileOffset, Length,
                                         ProcessId, Key, Iosb, Fast.LowerDevice);
    }
    FltpLockParameters(&Fast, FileOffset, Length, ProcessId, Key);
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoUnlockSingle, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->LockControl.ByteOffset, Fast.P->LockControl.Length,
                            Fast.P->LockControl.ProcessId, Fast.P->LockControl.Key, Iosb,
                            Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastUnlockAll(PFILE_OBJECT FileObject, PEPROCESS ProcessId, PIO_STATUS_BLOCK Iosb,
                  PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_ALL, FileObject)) {
        return !Fast.Fails &&
               FLTP_LOWER(&Fast, FastIoUnlockAll, FileObject, ProcessId, Iosb, Fast.LowerDevice);
    }
    FltpLockParameters(&Fast, NULL, NULL, ProcessId, 0);
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoUnlockAll, Fast.Operation->Iopb.TargetFileObject,
                            Fast.P->LockControl.ProcessId, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastUnlockAllByKey(PFILE_OBJECT FileObject, PVOID ProcessId, ULONG Key, PIO_STATUS_BLOCK Iosb,
                       PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_ALL_BY_KEY,
                   FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, FastIoUnlockAllByKey, FileObject, ProcessId, Key,
                                         Iosb, Fast.LowerDevice);
    }
    FltpLockParameters(&Fast, NULL, NULL, ProcessId, Key);
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoUnlockAllByKey, Fast.Operation->Iopb.TargetFileObject,
                            Fast.P->LockControl.ProcessId, Fast.P->LockControl.Key, Iosb,
                            Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN NTAPI
FltpFastDeviceControl(PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID InputBuffer, ULONG InputLength,
                      PVOID OutputBuffer, ULONG OutputLength, ULONG Code, PIO_STATUS_BLOCK Iosb,
                      PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_DEVICE_CONTROL, 0, FileObject)) {
        return !Fast.Fails &&
               FLTP_LOWER(&Fast, FastIoDeviceControl, FileObject, Wait, InputBuffer, InputLength,
                          OutputBuffer, OutputLength, Code, Iosb, Fast.LowerDevice);
    }
    Fast.P->DeviceIoControl.FastIo.OutputBufferLength = OutputLength;
    Fast.P->DeviceIoControl.FastIo.InputBufferLength = InputLength;
    Fast.P->DeviceIoControl.FastIo.IoControlCode = Code;
    Fast.P->DeviceIoControl.FastIo.InputBuffer = InputBuffer;
    Fast.P->DeviceIoControl.FastIo.OutputBuffer = OutputBuffer;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, FastIoDeviceControl, Fast.Operation->Iopb.TargetFileObject, Wait,
                            Fast.P->DeviceIoControl.FastIo.InputBuffer,
                            Fast.P->DeviceIoControl.FastIo.InputBufferLength,
                            Fast.P->DeviceIoControl.FastIo.OutputBuffer,
                            Fast.P->DeviceIoControl.FastIo.OutputBufferLength,
                            Fast.P->DeviceIoControl.FastIo.IoControlCode, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

/* The open that only asks: the IRP is a create's, at our stack location. */
static BOOLEAN NTAPI
FltpQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Information, PDEVICE_OBJECT DeviceObject)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    IO_STATUS_BLOCK Iosb = {};
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBegin(&Fast, DeviceObject, IRP_MJ_NETWORK_QUERY_OPEN, 0, Stack->FileObject)) {
        if (Fast.Fails) {
            return FALSE;
        }
        Stack->DeviceObject = Fast.LowerDevice;
        Result = FLTP_LOWER(&Fast, FastIoQueryOpen, Irp, Information, Fast.LowerDevice);
        Stack->DeviceObject = DeviceObject;
        return Result;
    }
    Fast.P->NetworkQueryOpen.Irp = Irp;
    Fast.P->NetworkQueryOpen.NetworkInformation = Information;
    Below = FltpDown(&Fast);
    if (Below) {
        Stack->DeviceObject = Fast.LowerDevice;
        Result = FLTP_LOWER(&Fast, FastIoQueryOpen, Irp, Information, Fast.LowerDevice);
        Stack->DeviceObject = DeviceObject;
        Iosb = Irp->IoStatus;
    }
    Result = FltpEnd(&Fast, Below, Result, &Iosb);
    if (Result) {
        Irp->IoStatus = Iosb;
    }
    return Result;
}

/* The device below is being deleted. */
static VOID NTAPI
FltpDetachDevice(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    PFLTP_DEVICE Device = SourceDevice->DeviceExtension;

    if (Device->Kind == FltpVolumeDevice) {
        FltpVolumeGone(Device->Volume);
    } else {
        IoDetachDevice(TargetDevice);
        IoDeleteDevice(SourceDevice);
    }
}

VOID
FltpFillFastIo(VOID)
{
    FltpFastIo.SizeOfFastIoDispatch = sizeof(FltpFastIo);
    FltpFastIo.FastIoCheckIfPossible = FltpCheckIfPossible;
    FltpFastIo.FastIoRead = FltpFastRead;
    FltpFastIo.FastIoWrite = FltpFastWrite;
    FltpFastIo.FastIoQueryBasicInfo = FltpQueryBasic;
    FltpFastIo.FastIoQueryStandardInfo = FltpQueryStandard;
    FltpFastIo.FastIoQueryNetworkOpenInfo = FltpQueryNetwork;
    FltpFastIo.FastIoLock = FltpFastLock;
    FltpFastIo.FastIoUnlockSingle = FltpFastUnlock;
    FltpFastIo.FastIoUnlockAll = FltpFastUnlockAll;
    FltpFastIo.FastIoUnlockAllByKey = FltpFastUnlockAllByKey;
    FltpFastIo.FastIoDeviceControl = FltpFastDeviceControl;
    FltpFastIo.FastIoDetachDevice = FltpDetachDevice;
    FltpFillFastMdl(&FltpFastIo);
    FltpFastIo.FastIoQueryOpen = FltpQueryOpen;
}
