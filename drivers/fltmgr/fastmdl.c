/*
 * fastmdl.c - the pages of the cache themselves: MdlRead, PrepareMdlWrite and their ends, as they arrive at a volume's device
 * and as a minifilter asks for them below its own instance.
 *
 * [DDI: FltFastIoMdlRead, FltFastIoMdlReadComplete, FltFastIoPrepareMdlWrite, FltFastIoMdlWriteComplete]
 *
 *   P1  The instance's IoRundown is held while a request of its own is below it, as for its IRPs (issue.c, Q1).
 */
#include "fastio.h"

static BOOLEAN
FltpSendMdlRead(PFLT_INSTANCE After, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                ULONG Length, ULONG LockKey, PMDL *MdlChain, PIO_STATUS_BLOCK Iosb,
                PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBeginBelow(&Fast, DeviceObject, After, IRP_MJ_MDL_READ, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, MdlRead, FileObject, FileOffset, Length, LockKey,
                                         MdlChain, Iosb, Fast.LowerDevice);
    }
    Fast.P->MdlRead.FileOffset = *FileOffset;
    Fast.P->MdlRead.Length = Length;
    Fast.P->MdlRead.Key = LockKey;
    Fast.P->MdlRead.MdlChain = MdlChain;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, MdlRead, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->MdlRead.FileOffset, Fast.P->MdlRead.Length,
                            Fast.P->MdlRead.Key, Fast.P->MdlRead.MdlChain, Iosb, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN
FltpSendPrepareMdlWrite(PFLT_INSTANCE After, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                        ULONG Length, ULONG LockKey, PMDL *MdlChain, PIO_STATUS_BLOCK Iosb,
                        PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBeginBelow(&Fast, DeviceObject, After, IRP_MJ_PREPARE_MDL_WRITE, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, PrepareMdlWrite, FileObject, FileOffset, Length,
                                         LockKey, MdlChain, Iosb, Fast.LowerDevice);
    }
    Fast.P->PrepareMdlWrite.FileOffset = *FileOffset;
    Fast.P->PrepareMdlWrite.Length = Length;
    Fast.P->PrepareMdlWrite.Key = LockKey;
    Fast.P->PrepareMdlWrite.MdlChain = MdlChain;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, PrepareMdlWrite, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->PrepareMdlWrite.FileOffset, Fast.P->PrepareMdlWrite.Length,
                            Fast.P->PrepareMdlWrite.Key, Fast.P->PrepareMdlWrite.MdlChain, Iosb,
                            Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, Iosb);
}

static BOOLEAN
FltpSendMdlReadComplete(PFLT_INSTANCE After, PFILE_OBJECT FileObject, PMDL MdlChain,
                        PDEVICE_OBJECT DeviceObject)
{
    IO_STATUS_BLOCK Iosb = {};
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBeginBelow(&Fast, DeviceObject, After, IRP_MJ_MDL_READ_COMPLETE, 0, FileObject)) {
        return !Fast.Fails &&
               FLTP_LOWER(&Fast, MdlReadComplete, FileObject, MdlChain, Fast.LowerDevice);
    }
    Fast.P->MdlReadComplete.MdlChain = MdlChain;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, MdlReadComplete, Fast.Operation->Iopb.TargetFileObject,
                            Fast.P->MdlReadComplete.MdlChain, Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, &Iosb);
}

static BOOLEAN
FltpSendMdlWriteComplete(PFLT_INSTANCE After, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                         PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    IO_STATUS_BLOCK Iosb = {};
    BOOLEAN Below, Result = FALSE;
    FLTP_FAST Fast;

    if (!FltpBeginBelow(&Fast, DeviceObject, After, IRP_MJ_MDL_WRITE_COMPLETE, 0, FileObject)) {
        return !Fast.Fails && FLTP_LOWER(&Fast, MdlWriteComplete, FileObject, FileOffset, MdlChain,
                                         Fast.LowerDevice);
    }
    Fast.P->MdlWriteComplete.FileOffset = *FileOffset;
    Fast.P->MdlWriteComplete.MdlChain = MdlChain;
    Below = FltpDown(&Fast);
    if (Below) {
        Result = FLTP_LOWER(&Fast, MdlWriteComplete, Fast.Operation->Iopb.TargetFileObject,
                            &Fast.P->MdlWriteComplete.FileOffset, Fast.P->MdlWriteComplete.MdlChain,
                            Fast.LowerDevice);
    }
    return FltpEnd(&Fast, Below, Result, &Iosb);
}

/* ---- as they arrive ---- */

static PFLT_INSTANCE
FltpArrived(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject)
{
    PFLTP_DEVICE Device = DeviceObject->DeviceExtension;

    return Device->Kind == FltpVolumeDevice && !IsListEmpty(&Device->Volume->Targeted)
               ? FltpFileTarget(Device->Volume, FileObject)
               : NULL;
}

static BOOLEAN NTAPI
FltpMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey,
            PMDL *MdlChain, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    return FltpSendMdlRead(FltpArrived(DeviceObject, FileObject), FileObject, FileOffset, Length,
                           LockKey, MdlChain, Iosb, DeviceObject);
}

static BOOLEAN NTAPI
FltpPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey,
                    PMDL *MdlChain, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    return FltpSendPrepareMdlWrite(FltpArrived(DeviceObject, FileObject), FileObject, FileOffset,
                                   Length, LockKey, MdlChain, Iosb, DeviceObject);
}

static BOOLEAN NTAPI
FltpMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    return FltpSendMdlReadComplete(FltpArrived(DeviceObject, FileObject), FileObject, MdlChain,
                                   DeviceObject);
}

static BOOLEAN NTAPI
FltpMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain,
                     PDEVICE_OBJECT DeviceObject)
{
    return FltpSendMdlWriteComplete(FltpArrived(DeviceObject, FileObject), FileObject, FileOffset,
                                    MdlChain, DeviceObject);
}

VOID
FltpFillFastMdl(PFAST_IO_DISPATCH Dispatch)
{
    Dispatch->MdlRead = FltpMdlRead;
    Dispatch->MdlReadComplete = FltpMdlReadComplete;
    Dispatch->PrepareMdlWrite = FltpPrepareMdlWrite;
    Dispatch->MdlWriteComplete = FltpMdlWriteComplete;
}

/* ---- a minifilter's own ---- */

/* P1. What nobody has answered is not there. */
static BOOLEAN
FltpEnterOwn(PFLT_INSTANCE Instance, PIO_STATUS_BLOCK Iosb)
{
    Iosb->Status = STATUS_INVALID_DEVICE_REQUEST;
    Iosb->Information = 0;
    if (!ExAcquireRundownProtection(&Instance->IoRundown)) {
        Iosb->Status = STATUS_FLT_DELETING_OBJECT;
        return FALSE;
    }
    return TRUE;
}

BOOLEAN FLTAPI
FltFastIoMdlRead(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject,
                 PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                 PIO_STATUS_BLOCK IoStatus)
{
    BOOLEAN Result;

    *MdlChain = NULL;
    if (!FltpEnterOwn(InitiatingInstance, IoStatus)) {
        return FALSE;
    }
    Result = FltpSendMdlRead(InitiatingInstance, FileObject, FileOffset, Length, LockKey, MdlChain,
                             IoStatus, InitiatingInstance->Volume->DeviceObject);
    ExReleaseRundownProtection(&InitiatingInstance->IoRundown);
    return Result;
}

BOOLEAN FLTAPI
FltFastIoPrepareMdlWrite(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject,
                         PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                         PIO_STATUS_BLOCK IoStatus)
{
    BOOLEAN Result;

    *MdlChain = NULL;
    if (!FltpEnterOwn(InitiatingInstance, IoStatus)) {
        return FALSE;
    }
    Result = FltpSendPrepareMdlWrite(InitiatingInstance, FileObject, FileOffset, Length, LockKey,
                                     MdlChain, IoStatus, InitiatingInstance->Volume->DeviceObject);
    ExReleaseRundownProtection(&InitiatingInstance->IoRundown);
    return Result;
}

BOOLEAN FLTAPI
FltFastIoMdlReadComplete(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PMDL MdlChain)
{
    IO_STATUS_BLOCK Iosb;
    BOOLEAN Result;

    if (!FltpEnterOwn(InitiatingInstance, &Iosb)) {
        return FALSE;
    }
    Result = FltpSendMdlReadComplete(InitiatingInstance, FileObject, MdlChain,
                                     InitiatingInstance->Volume->DeviceObject);
    ExReleaseRundownProtection(&InitiatingInstance->IoRundown);
    return Result;
}

BOOLEAN FLTAPI
FltFastIoMdlWriteComplete(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject,
                          PLARGE_INTEGER FileOffset, PMDL MdlChain)
{
    IO_STATUS_BLOCK Iosb;
    BOOLEAN Result;

    if (!FltpEnterOwn(InitiatingInstance, &Iosb)) {
        return FALSE;
    }
    Result = FltpSendMdlWriteComplete(InitiatingInstance, FileObject, FileOffset, MdlChain,
                                      InitiatingInstance->Volume->DeviceObject);
    ExReleaseRundownProtection(&InitiatingInstance->IoRundown);
    return Result;
}
