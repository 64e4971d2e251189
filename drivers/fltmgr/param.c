/*
 * param.c - an IRP's parameters as FLT_IO_PARAMETER_BLOCK, and back when they were changed.
 *
 * Where the buffer of an operation lies follows from the IRP: a system buffer (and then the callback data says so), the
 * requestor's address, an MDL. [DDI: FLT_PARAMETERS and its pages; nt-semantics-2 1.5, 1.6]
 *
 *   M1  What the IRP had is kept (Saved) before it is changed, and put back when it has come up again, so who is
 *       above, filter or I/O manager, never sees a buffer that is not its own.
 */
#include "fltp.h"

static VOID
FltpMakeControl(PFLTP_OPERATION Operation, PIRP Irp, ULONG Code, PVOID Type3, BOOLEAN Device)
{
    PFLT_PARAMETERS P = &Operation->Iopb.Parameters;

    switch (Code & 3) {
    case METHOD_BUFFERED:
        P->FileSystemControl.Buffered.SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        break;
    case METHOD_NEITHER:
        P->FileSystemControl.Neither.InputBuffer = Type3;
        P->FileSystemControl.Neither.OutputBuffer = Irp->UserBuffer;
        P->FileSystemControl.Neither.OutputMdlAddress = Irp->MdlAddress;
        break;
    default:
        P->FileSystemControl.Direct.InputSystemBuffer = Irp->AssociatedIrp.SystemBuffer;
        P->FileSystemControl.Direct.OutputBuffer =
            Irp->MdlAddress != NULL ? MmGetMdlVirtualAddress(Irp->MdlAddress) : Irp->UserBuffer;
        P->FileSystemControl.Direct.OutputMdlAddress = Irp->MdlAddress;
        break;
    }
}

/* The buffer of a request that travels as the device's flags say. */
static PVOID
FltpDataBuffer(PFLTP_OPERATION Operation, PIRP Irp)
{
    if (Irp->AssociatedIrp.SystemBuffer != NULL) {
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        return Irp->AssociatedIrp.SystemBuffer;
    }
    return Irp->UserBuffer != NULL || Irp->MdlAddress == NULL
               ? Irp->UserBuffer
               : MmGetMdlVirtualAddress(Irp->MdlAddress);
}

VOID
FltpFromIrp(PFLTP_OPERATION Operation, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFLT_IO_PARAMETER_BLOCK Iopb = &Operation->Iopb;
    PFLT_PARAMETERS P = &Iopb->Parameters;

    *(PETHREAD *)&Operation->Data.Thread = Irp->Tail.Overlay.Thread;
    Operation->Data.RequestorMode = Irp->RequestorMode;
    Operation->Data.IoStatus = Irp->IoStatus;
    Iopb->IrpFlags = Irp->Flags;
    Iopb->MajorFunction = Stack->MajorFunction;
    Iopb->MinorFunction = Stack->MinorFunction;
    Iopb->OperationFlags = Stack->Flags;
    Iopb->TargetFileObject = Stack->FileObject;
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        P->Create.SecurityContext = Stack->Parameters.Create.SecurityContext;
        P->Create.Options = Stack->Parameters.Create.Options;
        P->Create.FileAttributes = Stack->Parameters.Create.FileAttributes;
        P->Create.ShareAccess = Stack->Parameters.Create.ShareAccess;
        P->Create.EaLength = Stack->Parameters.Create.EaLength;
        P->Create.EaBuffer = Irp->AssociatedIrp.SystemBuffer;
        P->Create.AllocationSize = Irp->Overlay.AllocationSize;
        break;
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        P->Read.Length = Stack->Parameters.Read.Length;
        P->Read.Key = Stack->Parameters.Read.Key;
        P->Read.ByteOffset = Stack->Parameters.Read.ByteOffset;
        P->Read.ReadBuffer =
            (Stack->MinorFunction & IRP_MN_MDL) ? NULL : FltpDataBuffer(Operation, Irp);
        P->Read.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_QUERY_INFORMATION:
        P->QueryFileInformation.Length = Stack->Parameters.QueryFile.Length;
        P->QueryFileInformation.FileInformationClass =
            Stack->Parameters.QueryFile.FileInformationClass;
        P->QueryFileInformation.InfoBuffer = Irp->AssociatedIrp.SystemBuffer;
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        break;
    case IRP_MJ_SET_INFORMATION:
        P->SetFileInformation.Length = Stack->Parameters.SetFile.Length;
        P->SetFileInformation.FileInformationClass = Stack->Parameters.SetFile.FileInformationClass;
        P->SetFileInformation.ParentOfTarget = Stack->Parameters.SetFile.FileObject;
        P->SetFileInformation.DeleteHandle = Stack->Parameters.SetFile.DeleteHandle;
        P->SetFileInformation.InfoBuffer = Irp->AssociatedIrp.SystemBuffer;
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        break;
    case IRP_MJ_QUERY_EA:
        P->QueryEa.Length = Stack->Parameters.QueryEa.Length;
        P->QueryEa.EaList = Stack->Parameters.QueryEa.EaList;
        P->QueryEa.EaListLength = Stack->Parameters.QueryEa.EaListLength;
        P->QueryEa.EaIndex = Stack->Parameters.QueryEa.EaIndex;
        P->QueryEa.EaBuffer = FltpDataBuffer(Operation, Irp);
        P->QueryEa.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_SET_EA:
        P->SetEa.Length = Stack->Parameters.SetEa.Length;
        P->SetEa.EaBuffer = FltpDataBuffer(Operation, Irp);
        P->SetEa.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        P->QueryVolumeInformation.Length = Stack->Parameters.QueryVolume.Length;
        P->QueryVolumeInformation.FsInformationClass =
            Stack->Parameters.QueryVolume.FsInformationClass;
        P->QueryVolumeInformation.VolumeBuffer = Irp->AssociatedIrp.SystemBuffer;
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_SYSTEM_BUFFER;
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        if (Stack->MinorFunction == IRP_MN_QUERY_DIRECTORY) {
            P->DirectoryControl.QueryDirectory.Length = Stack->Parameters.QueryDirectory.Length;
            P->DirectoryControl.QueryDirectory.FileName =
                (PUNICODE_STRING)Stack->Parameters.QueryDirectory.FileName;
            P->DirectoryControl.QueryDirectory.FileInformationClass =
                Stack->Parameters.QueryDirectory.FileInformationClass;
            P->DirectoryControl.QueryDirectory.FileIndex =
                Stack->Parameters.QueryDirectory.FileIndex;
        } else {
            P->DirectoryControl.NotifyDirectory.Length = Stack->Parameters.NotifyDirectory.Length;
            P->DirectoryControl.NotifyDirectory.CompletionFilter =
                Stack->Parameters.NotifyDirectory.CompletionFilter;
        }
        P->DirectoryControl.QueryDirectory.DirectoryBuffer = FltpDataBuffer(Operation, Irp);
        P->DirectoryControl.QueryDirectory.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        if (Stack->MinorFunction == IRP_MN_MOUNT_VOLUME ||
            Stack->MinorFunction == IRP_MN_VERIFY_VOLUME) {
            P->FileSystemControl.VerifyVolume.Vpb = Stack->Parameters.VerifyVolume.Vpb;
            P->FileSystemControl.VerifyVolume.DeviceObject =
                Stack->Parameters.VerifyVolume.DeviceObject;
            break;
        }
        /* FALLTHROUGH */
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        P->FileSystemControl.Common.OutputBufferLength =
            Stack->Parameters.FileSystemControl.OutputBufferLength;
        P->FileSystemControl.Common.InputBufferLength =
            Stack->Parameters.FileSystemControl.InputBufferLength;
        P->FileSystemControl.Common.FsControlCode =
            Stack->Parameters.FileSystemControl.FsControlCode;
        FltpMakeControl(Operation, Irp, Stack->Parameters.FileSystemControl.FsControlCode,
                        Stack->Parameters.FileSystemControl.Type3InputBuffer,
                        Stack->MajorFunction != IRP_MJ_FILE_SYSTEM_CONTROL);
        break;
    case IRP_MJ_LOCK_CONTROL:
        P->LockControl.Length = Stack->Parameters.LockControl.Length;
        P->LockControl.Key = Stack->Parameters.LockControl.Key;
        P->LockControl.ByteOffset = Stack->Parameters.LockControl.ByteOffset;
        P->LockControl.ProcessId = IoGetRequestorProcess(Irp);
        P->LockControl.FailImmediately = (Stack->Flags & SL_FAIL_IMMEDIATELY) != 0;
        P->LockControl.ExclusiveLock = (Stack->Flags & SL_EXCLUSIVE_LOCK) != 0;
        break;
    case IRP_MJ_QUERY_SECURITY:
        P->QuerySecurity.SecurityInformation = Stack->Parameters.QuerySecurity.SecurityInformation;
        P->QuerySecurity.Length = Stack->Parameters.QuerySecurity.Length;
        P->QuerySecurity.SecurityBuffer = FltpDataBuffer(Operation, Irp);
        P->QuerySecurity.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_SET_SECURITY:
        P->SetSecurity.SecurityInformation = Stack->Parameters.SetSecurity.SecurityInformation;
        P->SetSecurity.SecurityDescriptor = Stack->Parameters.SetSecurity.SecurityDescriptor;
        break;
    case IRP_MJ_QUERY_QUOTA:
        P->QueryQuota.Length = Stack->Parameters.QueryQuota.Length;
        P->QueryQuota.StartSid = Stack->Parameters.QueryQuota.StartSid;
        P->QueryQuota.SidList = (PFILE_GET_QUOTA_INFORMATION)Stack->Parameters.QueryQuota.SidList;
        P->QueryQuota.SidListLength = Stack->Parameters.QueryQuota.SidListLength;
        P->QueryQuota.QuotaBuffer = FltpDataBuffer(Operation, Irp);
        P->QueryQuota.MdlAddress = Irp->MdlAddress;
        break;
    case IRP_MJ_SET_QUOTA:
        P->SetQuota.Length = Stack->Parameters.SetQuota.Length;
        P->SetQuota.QuotaBuffer = FltpDataBuffer(Operation, Irp);
        P->SetQuota.MdlAddress = Irp->MdlAddress;
        break;
    default:
        RtlCopyMemory(P, &Stack->Parameters, sizeof(Stack->Parameters.Others));
        break;
    }
}

VOID
FltpSaveIrp(PFLTP_OPERATION Operation, PIRP Irp)
{
    Operation->Saved.Flags = Irp->Flags;
    Operation->Saved.MdlAddress = Irp->MdlAddress;
    Operation->Saved.UserBuffer = Irp->UserBuffer;
    Operation->Saved.SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
    Operation->Saved.AllocationSize = Irp->Overlay.AllocationSize;
    Operation->SentMdl = Irp->MdlAddress;
    Operation->SentSystemBuffer = Irp->AssociatedIrp.SystemBuffer;
}

static VOID
FltpPutData(PFLTP_OPERATION Operation, PIRP Irp, PVOID Buffer, PMDL Mdl)
{
    if (Operation->Data.Flags & FLTFL_CALLBACK_DATA_SYSTEM_BUFFER) {
        Irp->AssociatedIrp.SystemBuffer = Buffer;
    } else {
        Irp->UserBuffer = Buffer;
        Irp->MdlAddress = Mdl;
    }
}

VOID
FltpToIrp(PFLTP_OPERATION Operation, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = &Operation->Iopb;
    PFLT_PARAMETERS P = &Iopb->Parameters;
    ULONG Kept = IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION |
                 IRP_ASSOCIATED_IRP | IRP_DEFER_IO_COMPLETION;

    if ((Irp->Flags & IRP_PAGING_IO) == 0) {
        Irp->Flags = (Irp->Flags & Kept) | (Iopb->IrpFlags & ~Kept);
    }
    Stack->MinorFunction = Iopb->MinorFunction;
    Stack->Flags = Iopb->OperationFlags;
    Stack->FileObject = Iopb->TargetFileObject;
    switch (Iopb->MajorFunction) {
    case IRP_MJ_CREATE:
        Stack->Parameters.Create.SecurityContext = P->Create.SecurityContext;
        Stack->Parameters.Create.Options = P->Create.Options;
        Stack->Parameters.Create.FileAttributes = P->Create.FileAttributes;
        Stack->Parameters.Create.ShareAccess = P->Create.ShareAccess;
        Stack->Parameters.Create.EaLength = P->Create.EaLength;
        Irp->AssociatedIrp.SystemBuffer = P->Create.EaBuffer;
        Irp->Overlay.AllocationSize = P->Create.AllocationSize;
        break;
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        Stack->Parameters.Read.Length = P->Read.Length;
        Stack->Parameters.Read.Key = P->Read.Key;
        Stack->Parameters.Read.ByteOffset = P->Read.ByteOffset;
        FltpPutData(Operation, Irp, P->Read.ReadBuffer, P->Read.MdlAddress);
        break;
    case IRP_MJ_QUERY_INFORMATION:
        Stack->Parameters.QueryFile.Length = P->QueryFileInformation.Length;
        Stack->Parameters.QueryFile.FileInformationClass =
            P->QueryFileInformation.FileInformationClass;
        Irp->AssociatedIrp.SystemBuffer = P->QueryFileInformation.InfoBuffer;
        break;
    case IRP_MJ_SET_INFORMATION:
        Stack->Parameters.SetFile.Length = P->SetFileInformation.Length;
        Stack->Parameters.SetFile.FileInformationClass = P->SetFileInformation.FileInformationClass;
        Stack->Parameters.SetFile.FileObject = P->SetFileInformation.ParentOfTarget;
        Stack->Parameters.SetFile.DeleteHandle = P->SetFileInformation.DeleteHandle;
        Irp->AssociatedIrp.SystemBuffer = P->SetFileInformation.InfoBuffer;
        break;
    case IRP_MJ_QUERY_EA:
        Stack->Parameters.QueryEa.Length = P->QueryEa.Length;
        Stack->Parameters.QueryEa.EaList = P->QueryEa.EaList;
        Stack->Parameters.QueryEa.EaListLength = P->QueryEa.EaListLength;
        Stack->Parameters.QueryEa.EaIndex = P->QueryEa.EaIndex;
        FltpPutData(Operation, Irp, P->QueryEa.EaBuffer, P->QueryEa.MdlAddress);
        break;
    case IRP_MJ_SET_EA:
        Stack->Parameters.SetEa.Length = P->SetEa.Length;
        FltpPutData(Operation, Irp, P->SetEa.EaBuffer, P->SetEa.MdlAddress);
        break;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        Stack->Parameters.QueryVolume.Length = P->QueryVolumeInformation.Length;
        Stack->Parameters.QueryVolume.FsInformationClass =
            P->QueryVolumeInformation.FsInformationClass;
        Irp->AssociatedIrp.SystemBuffer = P->QueryVolumeInformation.VolumeBuffer;
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        if (Iopb->MinorFunction == IRP_MN_QUERY_DIRECTORY) {
            Stack->Parameters.QueryDirectory.Length = P->DirectoryControl.QueryDirectory.Length;
            Stack->Parameters.QueryDirectory.FileName =
                (PVOID)P->DirectoryControl.QueryDirectory.FileName;
            Stack->Parameters.QueryDirectory.FileInformationClass =
                P->DirectoryControl.QueryDirectory.FileInformationClass;
            Stack->Parameters.QueryDirectory.FileIndex =
                P->DirectoryControl.QueryDirectory.FileIndex;
        } else {
            Stack->Parameters.NotifyDirectory.Length = P->DirectoryControl.NotifyDirectory.Length;
            Stack->Parameters.NotifyDirectory.CompletionFilter =
                P->DirectoryControl.NotifyDirectory.CompletionFilter;
        }
        FltpPutData(Operation, Irp, P->DirectoryControl.QueryDirectory.DirectoryBuffer,
                    P->DirectoryControl.QueryDirectory.MdlAddress);
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        if (Iopb->MinorFunction == IRP_MN_MOUNT_VOLUME ||
            Iopb->MinorFunction == IRP_MN_VERIFY_VOLUME) {
            break;
        }
        /* FALLTHROUGH */
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        Stack->Parameters.FileSystemControl.OutputBufferLength =
            P->FileSystemControl.Common.OutputBufferLength;
        Stack->Parameters.FileSystemControl.InputBufferLength =
            P->FileSystemControl.Common.InputBufferLength;
        Stack->Parameters.FileSystemControl.FsControlCode =
            P->FileSystemControl.Common.FsControlCode;
        switch (P->FileSystemControl.Common.FsControlCode & 3) {
        case METHOD_BUFFERED:
            Irp->AssociatedIrp.SystemBuffer = P->FileSystemControl.Buffered.SystemBuffer;
            break;
        case METHOD_NEITHER:
            Stack->Parameters.FileSystemControl.Type3InputBuffer =
                P->FileSystemControl.Neither.InputBuffer;
            Irp->UserBuffer = P->FileSystemControl.Neither.OutputBuffer;
            Irp->MdlAddress = P->FileSystemControl.Neither.OutputMdlAddress;
            break;
        default:
            Irp->AssociatedIrp.SystemBuffer = P->FileSystemControl.Direct.InputSystemBuffer;
            Irp->MdlAddress = P->FileSystemControl.Direct.OutputMdlAddress;
            break;
        }
        break;
    case IRP_MJ_LOCK_CONTROL:
        Stack->Parameters.LockControl.Length = P->LockControl.Length;
        Stack->Parameters.LockControl.Key = P->LockControl.Key;
        Stack->Parameters.LockControl.ByteOffset = P->LockControl.ByteOffset;
        Stack->Flags &= ~(SL_FAIL_IMMEDIATELY | SL_EXCLUSIVE_LOCK);
        Stack->Flags |= (P->LockControl.FailImmediately ? SL_FAIL_IMMEDIATELY : 0) |
                        (P->LockControl.ExclusiveLock ? SL_EXCLUSIVE_LOCK : 0);
        break;
    case IRP_MJ_QUERY_SECURITY:
        Stack->Parameters.QuerySecurity.SecurityInformation = P->QuerySecurity.SecurityInformation;
        Stack->Parameters.QuerySecurity.Length = P->QuerySecurity.Length;
        FltpPutData(Operation, Irp, P->QuerySecurity.SecurityBuffer, P->QuerySecurity.MdlAddress);
        break;
    case IRP_MJ_SET_SECURITY:
        Stack->Parameters.SetSecurity.SecurityInformation = P->SetSecurity.SecurityInformation;
        Stack->Parameters.SetSecurity.SecurityDescriptor = P->SetSecurity.SecurityDescriptor;
        break;
    case IRP_MJ_QUERY_QUOTA:
        Stack->Parameters.QueryQuota.Length = P->QueryQuota.Length;
        Stack->Parameters.QueryQuota.StartSid = P->QueryQuota.StartSid;
        Stack->Parameters.QueryQuota.SidList = (PVOID)P->QueryQuota.SidList;
        Stack->Parameters.QueryQuota.SidListLength = P->QueryQuota.SidListLength;
        FltpPutData(Operation, Irp, P->QueryQuota.QuotaBuffer, P->QueryQuota.MdlAddress);
        break;
    case IRP_MJ_SET_QUOTA:
        Stack->Parameters.SetQuota.Length = P->SetQuota.Length;
        FltpPutData(Operation, Irp, P->SetQuota.QuotaBuffer, P->SetQuota.MdlAddress);
        break;
    default:
        RtlCopyMemory(&Stack->Parameters, P, sizeof(Stack->Parameters.Others));
        break;
    }
    Operation->SentMdl = Irp->MdlAddress;
    Operation->SentSystemBuffer = Irp->AssociatedIrp.SystemBuffer;
}

/*
 * M2. A file system may answer in a system buffer of its own, which the I/O manager copies out and frees (change
 * notification does). A swapped or generated request has it copied here; else it stays the IRP's, and filters are told.
 * [DDI: FltGetNewSystemBufferAddress]
 */
static ULONG
FltpTakeNewBuffer(PFLTP_OPERATION Operation, PIRP Irp, BOOLEAN Swapped)
{
    const ULONG Flags = IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION;
    PVOID New = Irp->AssociatedIrp.SystemBuffer, *Buffer;
    LOCK_OPERATION Access;
    PULONG Length;
    PMDL *Mdl;

    Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_NEW_SYSTEM_BUFFER;
    Operation->NewSystemBuffer = NULL;
    if (New == NULL || New == Operation->SentSystemBuffer ||
        (Irp->Flags & IRP_DEALLOCATE_BUFFER) == 0) {
        return 0;
    }
    if (!Swapped && !Operation->Generated) {
        Operation->Saved.SystemBuffer = New;
        Operation->NewSystemBuffer = New;
        Operation->Data.Flags |= FLTFL_CALLBACK_DATA_NEW_SYSTEM_BUFFER;
        return Flags;
    }
    if (FltpBufferFields(&Operation->Iopb, Operation->Data.Flags, &Mdl, &Buffer, &Length,
                         &Access) &&
        *Buffer != NULL) {
        RtlCopyMemory(*Buffer, New, min(Irp->IoStatus.Information, *Length));
    }
    ExFreePool(New);
    return 0;
}

/* M1. An MDL that a driver below has made: of the requestor's buffer it stays, of a swapped one it goes. */
VOID
FltpRestoreIrp(PFLTP_OPERATION Operation, PIRP Irp)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = &Operation->Iopb;
    BOOLEAN Swapped = FALSE;
    PVOID *Buffer;
    PMDL *Mdl;
    PULONG Length;
    LOCK_OPERATION Access;
    ULONG Flags;

    for (PFLTP_NODE Node = Operation->Nodes; Node != NULL; Node = Node->Up) {
        Swapped = Swapped || Node->Swapped;
    }
    Flags = FltpTakeNewBuffer(Operation, Irp, Swapped);
    if (Irp->MdlAddress != Operation->SentMdl && Irp->MdlAddress != NULL) {
        if (Swapped) {
            PMDL Next;

            for (PMDL Made = Irp->MdlAddress; Made != NULL; Made = Next) {
                Next = Made->Next;
                if (Made->MdlFlags & MDL_PAGES_LOCKED) {
                    MmUnlockPages(Made);
                }
                IoFreeMdl(Made);
            }
        } else {
            Operation->Saved.MdlAddress = Irp->MdlAddress;
            if (FltpBufferFields(Iopb, Operation->Data.Flags, &Mdl, &Buffer, &Length, &Access) &&
                Mdl != NULL) {
                *Mdl = Irp->MdlAddress;
            }
            for (PFLTP_NODE Node = Operation->Nodes; Node != NULL; Node = Node->Up) {
                if (FltpBufferFields(&Node->Before, Operation->Data.Flags, &Mdl, &Buffer, &Length,
                                     &Access) &&
                    Mdl != NULL) {
                    *Mdl = Irp->MdlAddress;
                }
            }
        }
    }
    Irp->Flags = Operation->Saved.Flags | Flags;
    Irp->MdlAddress =
        Operation->Saved.MdlAddress == Operation->LockedMdl ? NULL : Operation->Saved.MdlAddress;
    Irp->UserBuffer = Operation->Saved.UserBuffer;
    Irp->AssociatedIrp.SystemBuffer = Operation->Saved.SystemBuffer;
    if (Iopb->MajorFunction == IRP_MJ_CREATE) {
        Operation->Saved.Auxiliary = Irp->Tail.Overlay.AuxiliaryBuffer;
        Operation->Data.TagData = (PFLT_TAG_DATA_BUFFER)Irp->Tail.Overlay.AuxiliaryBuffer;
    }
}
