/*
 * create.c - opening: from IoCreateFile through the object manager to IRP_MJ_CREATE.
 *
 * IoCreateFile puts what it was asked into an IOP_OPEN and hands it to ObOpenObjectByName; when the walk of
 * the name meets a device object, IopParseDevice makes a file object and sends the create request down the
 * device's stack. What comes back is what the object manager makes a handle to.
 * [wdm: ZwCreateFile, IRP_MJ_CREATE; ntifs: IoCreateFileEx]
 *
 *   P1  Access is checked against the device's descriptor: for the access asked for when the device itself is
 *       opened or says FILE_DEVICE_SECURE_OPEN, else for traversing; files below are the driver's business.
 *   P2  An open device is referenced (ReferenceCount) by its file object from before the create until the
 *       file object is deleted. A device that initializes, is being deleted or unloaded cannot be opened.
 *   P3  A create that fails is followed by neither cleanup nor close: the file object has no device then.
 *   P4  Every create is synchronous: a driver that pends it is waited for.
 */
#include "nt/io/iop.h"
#include "nt/inc/ecp.h"

VOID
IopInitializeOpen(PIOP_OPEN Open)
{
    RtlZeroMemory(Open, sizeof(*Open));
    Open->Type = IO_TYPE_OPEN_PACKET;
    Open->Size = sizeof(*Open);
    Open->Disposition = FILE_OPEN;
}

/* P2 */
static NTSTATUS
IopCheckDevice(PDEVICE_OBJECT DeviceObject, PIOP_OPEN Open, ULONG RemainingLength)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);

    IopUsePoint(DeviceObject);
    if ((Extension->ExtensionFlags &
         (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING | DOE_REMOVE_PROCESSED)) ||
        Extension->Deleted || (DeviceObject->Flags & DO_DEVICE_INITIALIZING)) {
        return STATUS_NO_SUCH_DEVICE;
    }
    if ((DeviceObject->Flags & DO_EXCLUSIVE) && DeviceObject->ReferenceCount != 0 &&
        Open->RelatedFileObject == NULL && (Open->CreateOptions & IO_ATTACH_DEVICE_API) == 0) {
        return STATUS_ACCESS_DENIED;
    }
    DeviceObject->ReferenceCount++;
    return STATUS_SUCCESS;
}

/* P1 */
static NTSTATUS
IopCheckAccess(PDEVICE_OBJECT DeviceObject, POB_OPEN_PACKET Packet, ULONG RemainingLength,
               BOOLEAN Related)
{
    PACCESS_STATE State = Packet->AccessState;
    PPRIVILEGE_SET Privileges = NULL;
    ACCESS_MASK Wanted, Granted;
    NTSTATUS Status;
    BOOLEAN Ok;

    RtlMapGenericMask(&State->RemainingDesiredAccess, &IopFileMapping);
    RtlMapGenericMask(&State->OriginalDesiredAccess, &IopFileMapping);
    if ((Packet->AccessMode == KernelMode && (Packet->Attributes & OBJ_FORCE_ACCESS_CHECK) == 0 &&
         (((PIOP_OPEN)Packet->ParseContext)->Options & IO_FORCE_ACCESS_CHECK) == 0) ||
        DeviceObject->SecurityDescriptor == NULL) {
        if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
            State->PreviouslyGrantedAccess |= FILE_ALL_ACCESS;
        }
        State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess & ~MAXIMUM_ALLOWED;
        State->RemainingDesiredAccess = 0;
        return STATUS_SUCCESS;
    }
    if (RemainingLength == 0 || (DeviceObject->Characteristics & FILE_DEVICE_SECURE_OPEN)) {
        Wanted = State->RemainingDesiredAccess;
        SeLockSubjectContext(&State->SubjectSecurityContext);
        Ok = SeAccessCheck(DeviceObject->SecurityDescriptor, &State->SubjectSecurityContext, TRUE,
                           Wanted, State->PreviouslyGrantedAccess, &Privileges, &IopFileMapping,
                           UserMode, &Granted, &Status);
        SeUnlockSubjectContext(&State->SubjectSecurityContext);
        if (Privileges != NULL) {
            SeAppendPrivileges(State, Privileges);
            SeFreePrivileges(Privileges);
        }
        if (!Ok) {
            return Status;
        }
        State->PreviouslyGrantedAccess |= Granted;
        State->RemainingDesiredAccess &= ~(Granted | MAXIMUM_ALLOWED);
        return STATUS_SUCCESS;
    }
    if ((State->Flags & 0x00000001 /* TOKEN_HAS_TRAVERSE_PRIVILEGE */) == 0 && !Related) {
        SeLockSubjectContext(&State->SubjectSecurityContext);
        Ok = SeAccessCheck(DeviceObject->SecurityDescriptor, &State->SubjectSecurityContext, TRUE,
                           FILE_TRAVERSE, 0, &Privileges, &IopFileMapping, UserMode, &Granted,
                           &Status);
        SeUnlockSubjectContext(&State->SubjectSecurityContext);
        if (Privileges != NULL) {
            SeFreePrivileges(Privileges);
        }
        if (!Ok) {
            return Status;
        }
    }
    /* The file system decides; what it does not take away is granted. */
    if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
        State->PreviouslyGrantedAccess |= FILE_ALL_ACCESS;
    }
    State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess & ~MAXIMUM_ALLOWED;
    State->RemainingDesiredAccess = 0;
    return STATUS_SUCCESS;
}

static ULONG
IopFileFlags(ULONG Options)
{
    ULONG Flags = 0;

    Flags |= Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
                 ? FO_SYNCHRONOUS_IO
                 : 0;
    Flags |= Options & FILE_SYNCHRONOUS_IO_ALERT ? FO_ALERTABLE_IO : 0;
    Flags |= Options & FILE_NO_INTERMEDIATE_BUFFERING ? FO_NO_INTERMEDIATE_BUFFERING : 0;
    Flags |= Options & FILE_WRITE_THROUGH ? FO_WRITE_THROUGH : 0;
    Flags |= Options & FILE_SEQUENTIAL_ONLY ? FO_SEQUENTIAL_ONLY : 0;
    Flags |= Options & FILE_RANDOM_ACCESS ? FO_RANDOM_ACCESS : 0;
    return Flags;
}

static NTSTATUS
IopNameFile(PFILE_OBJECT FileObject, PUNICODE_STRING Remaining)
{
    if (Remaining->Length == 0) {
        return STATUS_SUCCESS;
    }
    FileObject->FileName.MaximumLength = min((Remaining->Length + 56 + 7) & ~7, 0xFFFE);
    FileObject->FileName.Buffer =
        ExAllocatePoolWithTag(PagedPool, FileObject->FileName.MaximumLength, TAG_IONAME);
    if (FileObject->FileName.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FileObject->FileName.Length = Remaining->Length;
    RtlCopyMemory(FileObject->FileName.Buffer, Remaining->Buffer, Remaining->Length);
    return STATUS_SUCCESS;
}

/* Query-only opens: ask, then clean up and close at once. */
static NTSTATUS
IopAnswerQuery(PFILE_OBJECT FileObject, PIOP_OPEN Open)
{
    ULONG Returned;
    NTSTATUS Status;

    if (Open->DeleteOnly) {
        return STATUS_SUCCESS; /* FILE_DELETE_ON_CLOSE does the rest */
    }
    Status = IopQueryFile(FileObject, FileNetworkOpenInformation, sizeof(*Open->NetworkInformation),
                          Open->NetworkInformation, &Returned);
    if (Status == STATUS_INVALID_PARAMETER || Status == STATUS_INVALID_DEVICE_REQUEST ||
        Status == STATUS_NOT_IMPLEMENTED || Status == STATUS_INVALID_INFO_CLASS) {
        FILE_BASIC_INFORMATION Basic;
        FILE_STANDARD_INFORMATION Standard;

        Status = IopQueryFile(FileObject, FileBasicInformation, sizeof(Basic), &Basic, &Returned);
        if (NT_SUCCESS(Status)) {
            RtlZeroMemory(Open->NetworkInformation, sizeof(*Open->NetworkInformation));
            RtlCopyMemory(Open->NetworkInformation, &Basic, 4 * sizeof(LARGE_INTEGER));
            Open->NetworkInformation->FileAttributes = Basic.FileAttributes;
            if (NT_SUCCESS(IopQueryFile(FileObject, FileStandardInformation, sizeof(Standard),
                                        &Standard, &Returned))) {
                Open->NetworkInformation->AllocationSize = Standard.AllocationSize;
                Open->NetworkInformation->EndOfFile = Standard.EndOfFile;
            }
        }
    }
    return Status;
}

PECP_LIST *
IopEcpListOf(PFILE_OBJECT FileObject, PBOOLEAN *Owned)
{
    *Owned = &IopFile(FileObject)->EcpOwned;
    return &IopFile(FileObject)->EcpList;
}

/* The keys that the create's extra parameters hold; those that are there already stay. */
static VOID
IopTakeOplockKeys(PIOP_FILE File)
{
    static const GUID Single = {
        0x48850596, 0x3050, 0x4be7, {0x98, 0x63, 0xfe, 0xc3, 0x50, 0xce, 0x8d, 0x7f}};
    static const GUID Dual = {
        0x41621a14, 0xb08b, 0x4df1, {0xb6, 0x76, 0xa0, 0x5f, 0xfd, 0xf0, 0x1b, 0xea}};
    POPLOCK_KEY_CONTEXT Keys = &File->OplockKeys;
    ULONG Size;
    GUID *Key;

    if (File->EcpList == NULL || Keys->Flags != 0) {
        return;
    }
    if (NT_SUCCESS(FsRtlFindExtraCreateParameter(File->EcpList, &Single, (PVOID *)&Key, &Size)) &&
        Size >= sizeof(GUID)) {
        Keys->Version = 1;
        Keys->Flags = OPLOCK_KEY_FLAG_TARGET_KEY;
        Keys->TargetOplockKey = *Key;
        return;
    }
    /* the parent's key, the target's, and whether each is set */
    if (NT_SUCCESS(FsRtlFindExtraCreateParameter(File->EcpList, &Dual, (PVOID *)&Key, &Size)) &&
        Size >= 2 * sizeof(GUID) + 2) {
        PBOOLEAN Set = (PBOOLEAN)(Key + 2);

        Keys->Version = 2;
        Keys->Flags =
            (Set[0] ? OPLOCK_KEY_FLAG_PARENT_KEY : 0) | (Set[1] ? OPLOCK_KEY_FLAG_TARGET_KEY : 0);
        Keys->ParentOplockKey = Key[0];
        Keys->TargetOplockKey = Key[1];
    }
}

static const GUID *
IopOplockKey(PFILE_OBJECT FileObject, USHORT Which)
{
    PIOP_FILE File = IopFile(FileObject);

    IopTakeOplockKeys(File); /* the create may be going on */
    if (!(File->OplockKeys.Flags & Which)) {
        return NULL;
    }
    return Which == OPLOCK_KEY_FLAG_PARENT_KEY ? &File->OplockKeys.ParentOplockKey
                                               : &File->OplockKeys.TargetOplockKey;
}

const GUID *
IopOplockKeyOf(PFILE_OBJECT FileObject)
{
    return IopOplockKey(FileObject, OPLOCK_KEY_FLAG_TARGET_KEY);
}

const GUID *
IopParentOplockKeyOf(PFILE_OBJECT FileObject)
{
    return IopOplockKey(FileObject, OPLOCK_KEY_FLAG_PARENT_KEY);
}

/* NULL: it has no key. [ntddk: IoGetOplockKeyContextEx] */
POPLOCK_KEY_CONTEXT NTAPI
IoGetOplockKeyContextEx(PFILE_OBJECT FileObject)
{
    return IopFile(FileObject)->OplockKeys.Flags != 0 ? &IopFile(FileObject)->OplockKeys : NULL;
}

POPLOCK_KEY_ECP_CONTEXT NTAPI
IoGetOplockKeyContext(PFILE_OBJECT FileObject)
{
    POPLOCK_KEY_CONTEXT Keys = IoGetOplockKeyContextEx(FileObject);

    return Keys != NULL && (Keys->Flags & OPLOCK_KEY_FLAG_TARGET_KEY)
               ? (POPLOCK_KEY_ECP_CONTEXT)&Keys->TargetOplockKey
               : NULL;
}

/* The create is over. */
static VOID
IopForgetEcpList(PIOP_FILE File)
{
    IopTakeOplockKeys(File);
    if (File->EcpOwned) {
        FsRtlFreeExtraCreateParameterList(File->EcpList);
    }
    File->EcpList = NULL;
    File->EcpOwned = FALSE;
}

static VOID
IopForgetFile(PFILE_OBJECT FileObject, PDEVICE_OBJECT ParseDevice, PVPB Vpb)
{
    FileObject->DeviceObject = NULL; /* P3 */
    FileObject->Vpb = NULL;
    if (Vpb != NULL) {
        IopDereferenceVpb(Vpb);
    }
    IopDereferenceDevice(ParseDevice);
    ObDereferenceObject(FileObject);
}

NTSTATUS
IopParseDevice(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
               PUNICODE_STRING Remaining, PVOID *Found)
{
    PDEVICE_OBJECT ParseDevice = Object, Target;
    PIOP_OPEN Open = Packet->ParseContext;
    PACCESS_STATE State = Packet->AccessState;
    IO_SECURITY_CONTEXT SecurityContext;
    PIO_STACK_LOCATION Stack;
    PFILE_OBJECT FileObject;
    PVOID Reparse = NULL;
    IO_STATUS_BLOCK Iosb;
    BOOLEAN Direct;
    NTSTATUS Status;
    PVPB Vpb = NULL;
    KIRQL OldIrql;
    PIRP Irp;

    if (Open == NULL || Open->Type != IO_TYPE_OPEN_PACKET || Open->Size != sizeof(*Open)) {
        if (Open == NULL && Remaining->Length == 0 &&
            (Packet->DesiredType == NULL || Packet->DesiredType == IoDeviceObjectTypeP)) {
            ObReferenceObject(Object); /* the device itself, by name */
            *Found = Object;
            return STATUS_SUCCESS;
        }
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    Open->Parsed = TRUE;
    if (Open->RelatedFileObject != NULL) {
        ParseDevice = Open->RelatedFileObject->DeviceObject;
    }
    Status = IopCheckDevice(ParseDevice, Open, Remaining->Length);
    if (!NT_SUCCESS(Status)) {
        return Open->FinalStatus = Status;
    }
    Status =
        IopCheckAccess(ParseDevice, Packet, Remaining->Length, Open->RelatedFileObject != NULL);
    if (!NT_SUCCESS(Status)) {
        IopDereferenceDevice(ParseDevice);
        return Open->FinalStatus = Status;
    }

    /* A direct open reaches the device below its file system: attributes only, no name behind it. */
    Direct =
        Remaining->Length == 0 && Open->RelatedFileObject == NULL &&
        (State->OriginalDesiredAccess & ~(SYNCHRONIZE | FILE_READ_ATTRIBUTES | READ_CONTROL |
                                          ACCESS_SYSTEM_SECURITY | WRITE_OWNER | WRITE_DAC)) == 0;
    Target = ParseDevice;
    if (Open->RelatedFileObject != NULL &&
        (Open->RelatedFileObject->Flags & FO_DIRECT_DEVICE_OPEN)) {
        Direct = TRUE;
    } else if (!Direct && ParseDevice->Vpb != NULL) {
        for (IopVpbPoint(); (ParseDevice->Vpb->Flags & VPB_MOUNTED) == 0; IopVpbPoint()) {
            Status = IopMountVolume(ParseDevice, Remaining->Length == 0);
            if (!NT_SUCCESS(Status)) {
                IopDereferenceDevice(ParseDevice);
                return Open->FinalStatus = Status;
            }
        }
        Vpb = ParseDevice->Vpb;
        Vpb->ReferenceCount++;
        Target = Vpb->DeviceObject;
    }
    if (Open->DeviceHint != NULL) {
        Target = Open->DeviceHint;
    } else {
        Target = IoGetAttachedDevice(Target);
    }

    FileObject = IopAllocateFile(ParseDevice);
    if (FileObject == NULL) {
        if (Vpb != NULL) {
            IopDereferenceVpb(Vpb);
        }
        IopDereferenceDevice(ParseDevice);
        return Open->FinalStatus = STATUS_INSUFFICIENT_RESOURCES;
    }
    FileObject->Vpb = Vpb;
    /* Never FO_OPENED_CASE_SENSITIVE, whatever the attributes say: obcaseinsensitive = 1, the default. */
    FileObject->Flags = IopFileFlags(Open->CreateOptions) | (Direct ? FO_DIRECT_DEVICE_OPEN : 0);
    if (Open->RelatedFileObject != NULL) {
        FileObject->RelatedFileObject = Open->RelatedFileObject;
    }
    if (Open->DeviceHint != NULL) {
        IopFile(FileObject)->DeviceHint = Open->DeviceHint;
        FileObject->FileObjectExtension = &IopFile(FileObject)->DeviceHint;
    }
    if (Open->DriverContext != NULL) {
        IopFile(FileObject)->Transaction = Open->DriverContext->TxnParameters;
        IopFile(FileObject)->EcpList = (PECP_LIST)Open->DriverContext->ExtraCreateParameter;
    }
    Irp = IopAllocateIrp(Target->StackSize, FALSE);
    Status = Irp != NULL ? IopNameFile(FileObject, Remaining) : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(Status)) {
        if (Irp != NULL) {
            IoFreeIrp(Irp);
        }
        IopForgetFile(FileObject, ParseDevice, Vpb);
        return Open->FinalStatus = Status;
    }

    /* The volume itself: no name, and nothing on it that the name would be relative to. */
    if (Vpb != NULL && !Direct && FileObject->FileName.Length == 0 &&
        (Open->RelatedFileObject == NULL || (Open->RelatedFileObject->Flags & FO_VOLUME_OPEN))) {
        FileObject->Flags |= FO_VOLUME_OPEN;
    }
    SecurityContext.SecurityQos = Open->HasQuality ? &Open->Quality : NULL;
    SecurityContext.AccessState = State;
    SecurityContext.DesiredAccess = State->RemainingDesiredAccess | State->PreviouslyGrantedAccess;
    SecurityContext.FullCreateOptions = Open->CreateOptions & FILE_VALID_OPTION_FLAGS;
    Irp->RequestorMode = Packet->AccessMode;
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    Irp->Tail.Overlay.OriginalFileObject = FileObject;
    Irp->Flags = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API | IRP_DEFER_IO_COMPLETION;
    Irp->UserIosb = &Iosb;
    Irp->Overlay.AllocationSize = Open->AllocationSize;
    Irp->AssociatedIrp.SystemBuffer = Open->EaBuffer;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->Parameters.Create.Options =
        (Open->Disposition << 24) | (Open->CreateOptions & FILE_VALID_OPTION_FLAGS);
    Stack->Parameters.Create.SecurityContext = &SecurityContext;
    Stack->Parameters.Create.ShareAccess = Open->ShareAccess;
    Stack->FileObject = FileObject;
    Stack->Flags = (UCHAR)(Open->Options &
                           (IO_OPEN_TARGET_DIRECTORY | IO_OPEN_PAGING_FILE | IO_STOP_ON_SYMLINK));
    Stack->Flags |= Open->Options & IO_FORCE_ACCESS_CHECK ? SL_FORCE_ACCESS_CHECK : 0;
    switch (Open->CreateFileType) {
    case CreateFileTypeNone:
        Stack->MajorFunction = IRP_MJ_CREATE;
        Stack->Parameters.Create.FileAttributes = Open->FileAttributes;
        Stack->Parameters.Create.EaLength = Open->EaLength;
        break;
    case CreateFileTypeNamedPipe:
        Stack->MajorFunction = IRP_MJ_CREATE_NAMED_PIPE;
        Stack->Parameters.CreatePipe.Parameters = Open->TypeParameters;
        break;
    case CreateFileTypeMailslot:
        Stack->MajorFunction = IRP_MJ_CREATE_MAILSLOT;
        Stack->Parameters.CreateMailslot.Parameters = Open->TypeParameters;
        break;
    }
    Iosb.Status = STATUS_PENDING;
    Iosb.Information = 0;
    Open->FileObject = FileObject;
    IopQueueIrpToThread(Irp);
    Status = IofCallDriver(Target, Irp);
    if (Status == STATUS_PENDING) { /* P4 */
        if (KeWaitForSingleObject(&FileObject->Event, Executive, Packet->AccessMode, FALSE, NULL) !=
            STATUS_SUCCESS) {
            IoCancelIrp(Irp); /* the thread is being terminated */
            KeWaitForSingleObject(&FileObject->Event, Executive, KernelMode, FALSE, NULL);
        }
        Status = Iosb.Status;
    } else {
        Status = Irp->IoStatus.Status;
        Iosb = Irp->IoStatus;
        if (Status == STATUS_REPARSE) {
            Reparse = Irp->Tail.Overlay.AuxiliaryBuffer;
            Irp->Tail.Overlay.AuxiliaryBuffer = NULL;
        }
        OldIrql = KiRaiseIrql(APC_LEVEL);
        IopDequeueIrp(Irp);
        IopFreeMdls(Irp);
        IoFreeIrp(Irp);
        KeLowerIrql(OldIrql);
        FileObject->Event.Header.SignalState = 1;
    }
    FileObject->RelatedFileObject = NULL; /* valid during the create only */
    IopForgetEcpList(IopFile(FileObject));
    Open->Information = Iosb.Information;
    Open->FinalStatus = Status;
    if (NT_ERROR(Status) || Status == STATUS_REPARSE) {
        if (Status == STATUS_REPARSE) {
            Status = IopReparse(Open, FileObject, Iosb.Information, Reparse, CompleteName);
            Open->FinalStatus = Status;
            if (Status == STATUS_REPARSE) {
                Open->RelatedFileObject = NULL;
                Open->Parsed = FALSE;
            }
        }
        IopForgetFile(FileObject, ParseDevice, Vpb);
        Open->FileObject = NULL;
        return Status;
    }
    FileObject->Flags |= FO_FILE_OPEN;
    if (Open->QueryOnly) {
        Open->FinalStatus = IopAnswerQuery(FileObject, Open);
        IopCloseFile(FileObject, NULL, 0, 1); /* while referenced: a filter may reference it too */
        ObDereferenceObject(FileObject);
        return STATUS_UNSUCCESSFUL; /* no handle; FinalStatus says what happened */
    }
    FileObject->Flags |= FO_HANDLE_CREATED;
    *Found = FileObject;
    return STATUS_SUCCESS;
}

NTSTATUS
IopParseFile(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
             PUNICODE_STRING Remaining, PVOID *Found)
{
    PIOP_OPEN Open = Packet->ParseContext;
    PFILE_OBJECT FileObject = Object;

    if (Open == NULL || Open->Type != IO_TYPE_OPEN_PACKET || Open->Size != sizeof(*Open)) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    Open->RelatedFileObject = FileObject;
    return IopParseDevice(FileObject->DeviceObject, Packet, CompleteName, Remaining, Found);
}

NTSTATUS
IopOpen(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, PIO_STATUS_BLOCK Iosb,
        PIOP_OPEN Open, KPROCESSOR_MODE Mode, ULONG Options)
{
    NTSTATUS Status;

    Open->Options = Options;
    Status = ObOpenObjectByName(Attributes, IoFileObjectTypeP, Mode, NULL, Access, Open, Handle);
    if (!Open->Parsed) {
        return Status;
    }
    if (NT_SUCCESS(Status)) {
        Iosb->Information = Open->Information;
        Iosb->Status = Open->FinalStatus;
        return Open->FinalStatus;
    }
    if (Open->FileObject != NULL && !Open->QueryOnly) {
        return Status; /* the handle could not be made: the object manager has closed the file */
    }
    Iosb->Information = Open->Information;
    return NT_ERROR(Open->FinalStatus) || Open->QueryOnly ? Open->FinalStatus : Status;
}

/* What ZwCreateFile's documentation rules out. */
static NTSTATUS
IopCheckCreateParameters(ACCESS_MASK Access, ULONG FileAttributes, ULONG ShareAccess,
                         ULONG Disposition, ULONG Options, CREATE_FILE_TYPE Type)
{
    ULONG Synchronous = Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT);

    if ((FileAttributes & ~FILE_ATTRIBUTE_VALID_FLAGS) || (ShareAccess & ~FILE_SHARE_VALID_FLAGS) ||
        Disposition > FILE_MAXIMUM_DISPOSITION ||
        (Options & ~(FILE_VALID_OPTION_FLAGS | IO_ATTACH_DEVICE_API)) ||
        (Synchronous != 0 && (Access & SYNCHRONIZE) == 0) ||
        ((Options & FILE_DELETE_ON_CLOSE) && (Access & DELETE) == 0) ||
        Synchronous == (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DIRECTORY_FILE) && (Options & IO_ATTACH_DEVICE_API) == 0 &&
        ((Options &
          ~(FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT |
            FILE_WRITE_THROUGH | FILE_COMPLETE_IF_OPLOCKED | FILE_OPEN_FOR_BACKUP_INTENT |
            FILE_DELETE_ON_CLOSE | FILE_OPEN_FOR_FREE_SPACE_QUERY | FILE_OPEN_BY_FILE_ID |
            FILE_NO_COMPRESSION | FILE_OPEN_REPARSE_POINT | FILE_OPEN_REMOTE_INSTANCE)) ||
         (Disposition != FILE_CREATE && Disposition != FILE_OPEN && Disposition != FILE_OPEN_IF))) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_COMPLETE_IF_OPLOCKED) && (Options & FILE_RESERVE_OPFILTER)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_NO_INTERMEDIATE_BUFFERING) && (Access & FILE_APPEND_DATA)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Type != CreateFileTypeNone && (Options & FILE_DIRECTORY_FILE)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
IopCaptureEa(PVOID EaBuffer, ULONG EaLength, KPROCESSOR_MODE Mode,
             PFILE_FULL_EA_INFORMATION *Captured)
{
    ULONG Offset;
    NTSTATUS Status;

    *Captured = NULL;
    if (EaBuffer == NULL || EaLength == 0) {
        return STATUS_SUCCESS;
    }
    *Captured = ExAllocatePoolWithTag(NonPagedPool, EaLength, TAG_IOBUFFER);
    if (*Captured == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(EaBuffer, EaLength, sizeof(ULONG));
        }
        RtlCopyMemory(*Captured, EaBuffer, EaLength);
        Status = STATUS_SUCCESS;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        Status = IoCheckEaBufferValidity(*Captured, EaLength, &Offset);
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(*Captured, TAG_IOBUFFER);
        *Captured = NULL;
    }
    return Status;
}

/* [LEARN:winnt/security_quality_of_service] What a server may do in the name of who opens. */
static NTSTATUS
IopCaptureQuality(POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE Mode, PIOP_OPEN Open)
{
    if (ObjectAttributes == NULL) {
        return STATUS_SUCCESS; /* the object manager refuses them */
    }
    __try {
        PSECURITY_QUALITY_OF_SERVICE Quality;

        if (Mode != KernelMode) {
            ProbeForRead(ObjectAttributes, sizeof(*ObjectAttributes), sizeof(ULONG));
        }
        Quality = *(PVOID volatile *)&ObjectAttributes->SecurityQualityOfService;
        if (Quality != NULL) {
            if (Mode != KernelMode) {
                ProbeForRead(Quality, sizeof(*Quality), sizeof(ULONG));
            }
            Open->Quality = *Quality;
            Open->HasQuality = TRUE;
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
IopCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
              PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
              ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer,
              ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters,
              ULONG Options, PDEVICE_OBJECT DeviceHint, PIO_DRIVER_CREATE_CONTEXT DriverContext,
              KPROCESSOR_MODE Mode)
{
    IO_STATUS_BLOCK Iosb = {};
    HANDLE Handle = NULL;
    NTSTATUS Status;
    IOP_OPEN Open;

    IopInitializeOpen(&Open);
    if (Mode != KernelMode || (Options & IO_CHECK_CREATE_PARAMETERS)) {
        Status = IopCheckCreateParameters(DesiredAccess, FileAttributes, ShareAccess, Disposition,
                                          CreateOptions, CreateFileType);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Mode != KernelMode) {
        Status = ExpProbe(FileHandle, sizeof(HANDLE), sizeof(ULONG), TRUE, Mode);
        if (NT_SUCCESS(Status)) {
            Status = IopProbeIosb(IoStatusBlock, Mode);
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = IopCaptureLarge(AllocationSize, Mode, &Open.AllocationSize);
    if (NT_SUCCESS(Status) && Open.AllocationSize.QuadPart < 0) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureQuality(ObjectAttributes, Mode, &Open);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureEa(EaBuffer, EaLength, Mode, &Open.EaBuffer);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Open.EaLength = Open.EaBuffer != NULL ? EaLength : 0;
    Open.FileAttributes = (USHORT)FileAttributes;
    Open.ShareAccess = (USHORT)ShareAccess;
    Open.Disposition = Disposition;
    Open.CreateOptions = CreateOptions;
    Open.CreateFileType = CreateFileType;
    Open.TypeParameters = InternalParameters;
    Open.DeviceHint = DeviceHint;
    Open.DriverContext = DriverContext;
    if (CreateOptions & FILE_DELETE_ON_CLOSE) {
        DesiredAccess |= DELETE;
    }
    Status = IopOpen(&Handle, DesiredAccess, ObjectAttributes, &Iosb, &Open, Mode, Options);
    if (Status == STATUS_OBJECT_PATH_SYNTAX_BAD && (CreateOptions & FILE_OPEN_BY_FILE_ID)) {
        Status = STATUS_INVALID_PARAMETER; /* an ID is that of a volume, which is not named */
    }
    if (Open.EaBuffer != NULL) {
        ExFreePoolWithTag(Open.EaBuffer, TAG_IOBUFFER);
    }
    if (!NT_ERROR(Status)) {
        __try {
            *FileHandle = Handle;
            *IoStatusBlock = Iosb;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
IoCreateFileEx(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
               PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
               ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer,
               ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters,
               ULONG Options, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    /* IO_NO_PARAMETER_CHECKING: the parameters are kernel mode's, whoever the thread works for. */
    return IopCreateFile(
        FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes,
        ShareAccess, Disposition, CreateOptions, EaBuffer, EaLength, CreateFileType,
        InternalParameters, Options, DriverContext != NULL ? DriverContext->DeviceObjectHint : NULL,
        DriverContext, Options & IO_NO_PARAMETER_CHECKING ? KernelMode : KiPreviousMode());
}

NTSTATUS NTAPI
IoCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
             PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
             ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer,
             ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters,
             ULONG Options)
{
    return IoCreateFileEx(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock,
                          AllocationSize, FileAttributes, ShareAccess, Disposition, CreateOptions,
                          EaBuffer, EaLength, CreateFileType, InternalParameters, Options, NULL);
}

NTSTATUS NTAPI
IoCreateFileSpecifyDeviceObjectHint(PHANDLE FileHandle, ACCESS_MASK DesiredAccess,
                                    POBJECT_ATTRIBUTES ObjectAttributes,
                                    PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize,
                                    ULONG FileAttributes, ULONG ShareAccess, ULONG Disposition,
                                    ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
                                    CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters,
                                    ULONG Options, PVOID DeviceObject)
{
    return IopCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
                         FileAttributes, ShareAccess, Disposition, CreateOptions, EaBuffer,
                         EaLength, CreateFileType, InternalParameters, Options, DeviceObject, NULL,
                         KernelMode);
}

NTSTATUS NTAPI
NtCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
             PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
             ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
             ULONG EaLength)
{
    return IopCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
                         FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer,
                         EaLength, CreateFileTypeNone, NULL, 0, NULL, NULL, KiPreviousMode());
}

NTSTATUS NTAPI
NtOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
           PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions)
{
    return IopCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0,
                         ShareAccess, FILE_OPEN, OpenOptions, NULL, 0, CreateFileTypeNone, NULL, 0,
                         NULL, NULL, KiPreviousMode());
}

NTSTATUS NTAPI
NtCreateNamedPipeFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                      PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG CreateDisposition,
                      ULONG CreateOptions, ULONG NamedPipeType, ULONG ReadMode,
                      ULONG CompletionMode, ULONG MaximumInstances, ULONG InboundQuota,
                      ULONG OutboundQuota, PLARGE_INTEGER DefaultTimeout)
{
    NAMED_PIPE_CREATE_PARAMETERS Parameters = {
        NamedPipeType, ReadMode, CompletionMode, MaximumInstances, InboundQuota,
        OutboundQuota, {},       FALSE};
    NTSTATUS Status;

    if (DefaultTimeout != NULL) {
        Status = IopCaptureLarge(DefaultTimeout, KiPreviousMode(), &Parameters.DefaultTimeout);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Parameters.TimeoutSpecified = TRUE;
    }
    return IopCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0,
                         ShareAccess, CreateDisposition, CreateOptions, NULL, 0,
                         CreateFileTypeNamedPipe, &Parameters, 0, NULL, NULL, KiPreviousMode());
}

NTSTATUS NTAPI
NtCreateMailslotFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                     PIO_STATUS_BLOCK IoStatusBlock, ULONG CreateOptions, ULONG MailslotQuota,
                     ULONG MaximumMessageSize, PLARGE_INTEGER ReadTimeout)
{
    MAILSLOT_CREATE_PARAMETERS Parameters = {MailslotQuota, MaximumMessageSize, {}, FALSE};
    NTSTATUS Status;

    if (ReadTimeout != NULL) {
        Status = IopCaptureLarge(ReadTimeout, KiPreviousMode(), &Parameters.ReadTimeout);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Parameters.TimeoutSpecified = TRUE;
    }
    if (CreateOptions & ~FILE_VALID_MAILSLOT_OPTION_FLAGS) {
        return STATUS_INVALID_PARAMETER;
    }
    return IopCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE, CreateOptions, NULL, 0,
                         CreateFileTypeMailslot, &Parameters, 0, NULL, NULL, KiPreviousMode());
}

/* Opens for the question alone. */
static NTSTATUS
IopQueryOnly(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION Information,
             BOOLEAN Delete)
{
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    IOP_OPEN Open;

    IopInitializeOpen(&Open);
    Open.ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    Open.CreateOptions = Delete ? FILE_DELETE_ON_CLOSE : FILE_OPEN_REPARSE_POINT;
    Open.QueryOnly = TRUE;
    Open.DeleteOnly = Delete;
    Open.NetworkInformation = Information;
    return IopOpen(&Handle, Delete ? DELETE : FILE_READ_ATTRIBUTES, ObjectAttributes, &Iosb, &Open,
                   KiPreviousMode(), 0);
}

NTSTATUS NTAPI
NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes,
                          PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    FILE_NETWORK_OPEN_INFORMATION Local;
    NTSTATUS Status;

    Status =
        ExpProbe(FileInformation, sizeof(*FileInformation), sizeof(ULONG), TRUE, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = IopQueryOnly(ObjectAttributes, &Local, FALSE);
    }
    if (NT_SUCCESS(Status)) {
        __try {
            *FileInformation = Local;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    FILE_NETWORK_OPEN_INFORMATION Local;
    NTSTATUS Status;

    Status =
        ExpProbe(FileInformation, sizeof(*FileInformation), sizeof(ULONG), TRUE, KiPreviousMode());
    if (NT_SUCCESS(Status)) {
        Status = IopQueryOnly(ObjectAttributes, &Local, FALSE);
    }
    if (NT_SUCCESS(Status)) {
        __try {
            RtlCopyMemory(FileInformation, &Local, 4 * sizeof(LARGE_INTEGER));
            FileInformation->FileAttributes = Local.FileAttributes;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes)
{
    return IopQueryOnly(ObjectAttributes, NULL, TRUE);
}
