/*
 * buffer.c - where an operation's data buffer stands, locking it, swapped ones.
 *
 * [DDI: FltDecodeParameters, FltLockUserBuffer, FltGetSwappedBufferMdlAddress, FltRetainSwappedBufferMdlAddress;
 * IFS: modifying-parameters; nt-semantics-2 1.6]
 */
#include "fltp.h"

BOOLEAN
FltpBufferFields(PFLT_IO_PARAMETER_BLOCK Iopb, ULONG Flags, PMDL **Mdl, PVOID **Buffer,
                 PULONG *Length, LOCK_OPERATION *Access)
{
    PFLT_PARAMETERS P = &Iopb->Parameters;

    *Mdl = NULL;
    switch (Iopb->MajorFunction) {
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        *Mdl = &P->Read.MdlAddress;
        *Buffer = &P->Read.ReadBuffer;
        *Length = &P->Read.Length;
        *Access = Iopb->MajorFunction == IRP_MJ_READ ? IoWriteAccess : IoReadAccess;
        return TRUE;
    case IRP_MJ_CREATE:
        *Buffer = &P->Create.EaBuffer;
        *Length = (PULONG)&P->Create.EaLength;
        *Access = IoReadAccess;
        return TRUE;
    case IRP_MJ_QUERY_INFORMATION:
        *Buffer = &P->QueryFileInformation.InfoBuffer;
        *Length = &P->QueryFileInformation.Length;
        *Access = IoModifyAccess;
        return TRUE;
    case IRP_MJ_SET_INFORMATION:
        *Buffer = &P->SetFileInformation.InfoBuffer;
        *Length = &P->SetFileInformation.Length;
        *Access = IoReadAccess;
        return TRUE;
    case IRP_MJ_QUERY_EA:
        *Mdl = &P->QueryEa.MdlAddress;
        *Buffer = &P->QueryEa.EaBuffer;
        *Length = &P->QueryEa.Length;
        *Access = IoWriteAccess;
        return TRUE;
    case IRP_MJ_SET_EA:
        *Mdl = &P->SetEa.MdlAddress;
        *Buffer = &P->SetEa.EaBuffer;
        *Length = &P->SetEa.Length;
        *Access = IoReadAccess;
        return TRUE;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        *Buffer = &P->QueryVolumeInformation.VolumeBuffer;
        *Length = &P->QueryVolumeInformation.Length;
        *Access =
            Iopb->MajorFunction == IRP_MJ_QUERY_VOLUME_INFORMATION ? IoModifyAccess : IoReadAccess;
        return TRUE;
    case IRP_MJ_DIRECTORY_CONTROL:
        *Mdl = &P->DirectoryControl.QueryDirectory.MdlAddress;
        *Buffer = &P->DirectoryControl.QueryDirectory.DirectoryBuffer;
        *Length = &P->DirectoryControl.QueryDirectory.Length;
        *Access = IoWriteAccess;
        return TRUE;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        if (Iopb->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
            (Iopb->MinorFunction == IRP_MN_MOUNT_VOLUME ||
             Iopb->MinorFunction == IRP_MN_VERIFY_VOLUME)) {
            return FALSE;
        }
        *Access = IoModifyAccess;
        *Length = &P->FileSystemControl.Common.OutputBufferLength;
        if (Flags & FLTFL_CALLBACK_DATA_FAST_IO_OPERATION) {
            *Buffer = &P->DeviceIoControl.FastIo.OutputBuffer;
            return TRUE;
        }
        switch (P->FileSystemControl.Common.FsControlCode & 3) {
        case METHOD_BUFFERED:
            *Buffer = &P->FileSystemControl.Buffered.SystemBuffer;
            return TRUE;
        case METHOD_NEITHER:
            *Mdl = &P->FileSystemControl.Neither.OutputMdlAddress;
            *Buffer = &P->FileSystemControl.Neither.OutputBuffer;
            *Access = IoWriteAccess;
            return TRUE;
        default:
            *Mdl = &P->FileSystemControl.Direct.OutputMdlAddress;
            *Buffer = &P->FileSystemControl.Direct.OutputBuffer;
            *Access = (P->FileSystemControl.Common.FsControlCode & 3) == METHOD_IN_DIRECT
                          ? IoReadAccess
                          : IoWriteAccess;
            return TRUE;
        }
    case IRP_MJ_QUERY_SECURITY:
        *Mdl = &P->QuerySecurity.MdlAddress;
        *Buffer = &P->QuerySecurity.SecurityBuffer;
        *Length = (PULONG)&P->QuerySecurity.Length;
        *Access = IoWriteAccess;
        return TRUE;
    case IRP_MJ_QUERY_QUOTA:
        *Mdl = &P->QueryQuota.MdlAddress;
        *Buffer = &P->QueryQuota.QuotaBuffer;
        *Length = &P->QueryQuota.Length;
        *Access = IoWriteAccess;
        return TRUE;
    case IRP_MJ_SET_QUOTA:
        *Mdl = &P->SetQuota.MdlAddress;
        *Buffer = &P->SetQuota.QuotaBuffer;
        *Length = &P->SetQuota.Length;
        *Access = IoReadAccess;
        return TRUE;
    }
    return FALSE;
}

NTSTATUS FLTAPI
FltDecodeParameters(PFLT_CALLBACK_DATA CallbackData, PMDL **MdlAddressPointer, PVOID **Buffer,
                    PULONG *Length, LOCK_OPERATION *DesiredAccess)
{
    LOCK_OPERATION Access;
    PVOID *BufferField;
    PULONG LengthField;
    PMDL *Mdl;

    if (!FltpBufferFields(CallbackData->Iopb, CallbackData->Flags, &Mdl, &BufferField, &LengthField,
                          &Access)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (MdlAddressPointer != NULL) {
        *MdlAddressPointer = Mdl;
    }
    if (Buffer != NULL) {
        *Buffer = BufferField;
    }
    if (Length != NULL) {
        *Length = LengthField;
    }
    if (DesiredAccess != NULL) {
        *DesiredAccess = Access;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltLockUserBuffer(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);
    NTSTATUS Status = STATUS_SUCCESS;
    LOCK_OPERATION Access;
    PEPROCESS Process;
    KAPC_STATE Apc;
    PVOID *Buffer;
    PULONG Length;
    PMDL *Mdl, New;

    if (!FltpBufferFields(CallbackData->Iopb, CallbackData->Flags, &Mdl, &Buffer, &Length,
                          &Access) ||
        Mdl == NULL ||
        ((CallbackData->Iopb->MajorFunction == IRP_MJ_READ ||
          CallbackData->Iopb->MajorFunction == IRP_MJ_WRITE) &&
         (CallbackData->Iopb->MinorFunction & IRP_MN_MDL))) {
        return STATUS_INVALID_PARAMETER;
    }
    if (*Mdl != NULL) {
        return STATUS_SUCCESS; /* it is locked */
    }
    New = IoAllocateMdl(*Buffer, *Length, FALSE, FALSE, NULL);
    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if ((ULONG_PTR)*Buffer >= (ULONG_PTR)MmSystemRangeStart &&
        (CallbackData->Flags & FLTFL_CALLBACK_DATA_SYSTEM_BUFFER)) {
        MmBuildMdlForNonPagedPool(New);
        IoFreeMdl(New);
        return STATUS_SUCCESS; /* nonpaged: there is nothing to lock */
    }
    Process = FltGetRequestorProcess(CallbackData);
    if (Process != NULL && Process != PsGetCurrentProcess()) {
        KeStackAttachProcess((PKPROCESS)Process, &Apc);
    } else {
        Process = NULL;
    }
    __try {
        MmProbeAndLockPages(New, CallbackData->RequestorMode, Access);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (Process != NULL) {
        KeUnstackDetachProcess(&Apc);
    }
    if (!NT_SUCCESS(Status)) {
        IoFreeMdl(New);
        return Status;
    }
    *Mdl = New;
    Operation->LockedMdl = New; /* unlocked and freed with the callback data */
    if ((CallbackData->Flags & FLTFL_CALLBACK_DATA_POST_OPERATION) == 0) {
        CallbackData->Flags |= FLTFL_CALLBACK_DATA_DIRTY;
    }
    return STATUS_SUCCESS;
}

/* In a post-callback: the MDL that the filter's own pre-callback put in. */
PMDL FLTAPI
FltGetSwappedBufferMdlAddress(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    return Operation->PostNode != NULL ? Operation->PostNode->NewMdl : NULL;
}

VOID FLTAPI
FltRetainSwappedBufferMdlAddress(PFLT_CALLBACK_DATA CallbackData)
{
    PFLTP_OPERATION Operation = FltpOperation(CallbackData);

    if (Operation->PostNode != NULL) {
        Operation->PostNode->Retain = TRUE;
    }
}

/* [DDI] NULL unless FLTFL_CALLBACK_DATA_NEW_SYSTEM_BUFFER is set. */
PVOID FLTAPI
FltGetNewSystemBufferAddress(PFLT_CALLBACK_DATA CallbackData)
{
    return FltpOperation(CallbackData)->NewSystemBuffer;
}
