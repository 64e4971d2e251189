/*
 * npfs.c - pipes: made, opened, closed, asked. npfs.h is the chapter.
 *
 * A pipe lives while it has instances; an instance while the server's handle is open, or the client's is
 * after it. What a closed end has written can still be read; after that reads say that the pipe is broken.
 * [K: "CreateNamedPipe", "Named Pipe Security and Access Rights"; wdm: IRP_MJ_CREATE_NAMED_PIPE]
 */
#include "nt/io/npfs.h"
#include "nt/inc/life.h"

NTSTATUS
NpComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

PNP_PIPE
NpFindPipe(PUNICODE_STRING Name)
{
    UNICODE_STRING Bare;

    for (PLIST_ENTRY Entry = NpPipes.Flink; Entry != &NpPipes; Entry = Entry->Flink) {
        PNP_PIPE Pipe = CONTAINING_RECORD(Entry, NP_PIPE, Links);

        if (Pipe->InstanceCount == 0) {
            continue; /* its last clients keep it, but its name is free */
        }
        if (Pipe->Name.Length != 0 && RtlEqualUnicodeString(&Pipe->Name, Name, TRUE)) {
            return Pipe;
        }
        Bare = Pipe->Name;
        if (Bare.Length != 0) { /* relative to the root directory: without the backslash */
            Bare.Buffer++;
            Bare.Length -= sizeof(WCHAR);
            if (RtlEqualUnicodeString(&Bare, Name, TRUE)) {
                return Pipe;
            }
        }
    }
    return NULL;
}

BOOLEAN
NpForgetClient(PNP_INSTANCE Instance, PSECURITY_CLIENT_CONTEXT Security)
{
    BOOLEAN Had = Instance->HasClientSecurity;

    *Security = Instance->ClientSecurity;
    Instance->HasClientSecurity = FALSE;
    if (Instance->File[NpClient] != NULL) {
        Instance->File[NpClient]->Instance = NULL; /* N1 */
        Instance->File[NpClient] = NULL;
    }
    Instance->ClientProcess = NULL;
    return Had;
}

VOID
NpSetListening(PNP_INSTANCE Instance, PLIST_ENTRY Gathered)
{
    Instance->State = FILE_PIPE_LISTENING_STATE;
    /* Clients get the instance that has listened longest. */
    RemoveEntryList(&Instance->Links);
    InsertTailList(&Instance->Pipe->Instances, &Instance->Links);
    NpWakeWaiters(Instance->Pipe, Gathered);
}

static PVOID
NpPlace(PNP_PIPE Pipe)
{
    return Pipe->Name.Length != 0 ? MsgPlace(&Pipe->Name) : Pipe;
}

static PNP_FILE
NpOpenFile(PIO_STACK_LOCATION Stack, PNP_INSTANCE Instance, ULONG End)
{
    PNP_FILE File = ExpAllocate(sizeof(*File), TAG_NPFS);

    RtlZeroMemory(File, sizeof(*File));
    File->Instance = Instance;
    File->End = End;
    File->Root = Instance == NULL;
    File->Message.Place = Instance != NULL ? NpPlace(Instance->Pipe) : &NpPipes;
    Stack->FileObject->FsContext = File;
    if (Instance != NULL) {
        Instance->File[End] = File;
        Stack->FileObject->Flags |= FO_NAMED_PIPE;
    }
    return File;
}

static VOID
NpDeletePipe(PNP_PIPE Pipe)
{
    RemoveEntryList(&Pipe->Links);
    SeDeassignSecurity(&Pipe->Security);
    if (Pipe->Name.Buffer != NULL) {
        ExpFree(Pipe->Name.Buffer);
    }
    ExpFree(Pipe);
}

static NTSTATUS
NpCreatePipe(PIO_STACK_LOCATION Stack, PNP_PIPE *Result)
{
    PNAMED_PIPE_CREATE_PARAMETERS Parameters = Stack->Parameters.CreatePipe.Parameters;
    PACCESS_STATE State = Stack->Parameters.CreatePipe.SecurityContext->AccessState;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PNP_PIPE Pipe;
    NTSTATUS Status;

    Pipe = ExpAllocate(sizeof(*Pipe), TAG_NPFS);
    RtlZeroMemory(Pipe, sizeof(*Pipe));
    Status = SeAssignSecurity(NULL, State->SecurityDescriptor, &Pipe->Security, FALSE,
                              &State->SubjectSecurityContext, IoGetFileObjectGenericMapping(),
                              PagedPool);
    if (!NT_SUCCESS(Status)) {
        ExpFree(Pipe);
        return Status;
    }
    if (Name->Length != 0) {
        ULONG Skip = Name->Buffer[0] == L'\\' ? 0 : 1;

        Pipe->Name.Length = Pipe->Name.MaximumLength =
            (USHORT)(Name->Length + Skip * sizeof(WCHAR));
        Pipe->Name.Buffer = ExpAllocate(Pipe->Name.Length, TAG_NPFS);
        Pipe->Name.Buffer[0] = L'\\';
        RtlCopyMemory(Pipe->Name.Buffer + Skip, Name->Buffer, Name->Length);
    }
    Pipe->Type = Parameters->NamedPipeType & FILE_PIPE_MESSAGE_TYPE;
    switch (Stack->Parameters.CreatePipe.ShareAccess) {
    case FILE_SHARE_READ:
        Pipe->Configuration = FILE_PIPE_OUTBOUND;
        break;
    case FILE_SHARE_WRITE:
        Pipe->Configuration = FILE_PIPE_INBOUND;
        break;
    default:
        Pipe->Configuration = FILE_PIPE_FULL_DUPLEX;
        break;
    }
    Pipe->MaximumInstances = Parameters->MaximumInstances;
    Pipe->DefaultTimeout = Parameters->DefaultTimeout;
    Pipe->Quota[NpServer] = Parameters->OutboundQuota;
    Pipe->Quota[NpClient] = Parameters->InboundQuota;
    InitializeListHead(&Pipe->Instances);
    InsertTailList(&NpPipes, &Pipe->Links);
    *Result = Pipe;
    return STATUS_SUCCESS;
}

static NTSTATUS
NpCheckAccess(PNP_PIPE Pipe, PIO_SECURITY_CONTEXT Context, ACCESS_MASK Wanted, KPROCESSOR_MODE Mode)
{
    PACCESS_STATE State = Context->AccessState;
    PPRIVILEGE_SET Privileges = NULL;
    ACCESS_MASK Granted;
    NTSTATUS Status;

    SeLockSubjectContext(&State->SubjectSecurityContext);
    if (SeAccessCheck(Pipe->Security, &State->SubjectSecurityContext, TRUE, Wanted, 0, &Privileges,
                      IoGetFileObjectGenericMapping(), Mode, &Granted, &Status)) {
        Status = STATUS_SUCCESS;
    }
    SeUnlockSubjectContext(&State->SubjectSecurityContext);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    return Status;
}

/* The server's end. Every instance has the first one's type, and must ask for its direction. [K: "CreateNamedPipe"] */
static NTSTATUS
NpCreateServer(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information, PLIST_ENTRY Gathered)
{
    PNAMED_PIPE_CREATE_PARAMETERS Parameters = Stack->Parameters.CreatePipe.Parameters;
    PFILE_OBJECT Related = Stack->FileObject->RelatedFileObject;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    ULONG Disposition = Stack->Parameters.CreatePipe.Options >> 24;
    ULONG Share = Stack->Parameters.CreatePipe.ShareAccess;
    PNP_PIPE Pipe = Name->Length != 0 ? NpFindPipe(Name) : NULL;
    PNP_INSTANCE Instance;
    PNP_FILE File;
    NTSTATUS Status;

    /* Without a name only behind the root directory; the device itself holds no pipes. */
    if ((Name->Length == sizeof(WCHAR) && Name->Buffer[0] == L'\\') ||
        (Name->Length == 0 && (Related == NULL || Related->FileName.Length == 0))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if ((Disposition != FILE_OPEN && Disposition != FILE_CREATE && Disposition != FILE_OPEN_IF) ||
        Parameters->MaximumInstances == 0 || (Share & (FILE_SHARE_READ | FILE_SHARE_WRITE)) == 0 ||
        (Share & FILE_SHARE_DELETE) || (Parameters->NamedPipeType & ~FILE_PIPE_TYPE_VALID_MASK) ||
        Parameters->ReadMode > 1 || Parameters->CompletionMode > 1 ||
        (Parameters->ReadMode == FILE_PIPE_MESSAGE_MODE &&
         (Parameters->NamedPipeType & FILE_PIPE_MESSAGE_TYPE) == 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Pipe == NULL) {
        if (Disposition == FILE_OPEN) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        if (!Parameters->TimeoutSpecified && Name->Length != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = NpCreatePipe(Stack, &Pipe);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        *Information = FILE_CREATED;
    } else {
        ULONG Configuration = Share == FILE_SHARE_READ    ? FILE_PIPE_OUTBOUND
                              : Share == FILE_SHARE_WRITE ? FILE_PIPE_INBOUND
                                                          : FILE_PIPE_FULL_DUPLEX;

        if (Pipe->InstanceCount >= Pipe->MaximumInstances) {
            return STATUS_INSTANCE_NOT_AVAILABLE;
        }
        if (Disposition == FILE_CREATE || Configuration != Pipe->Configuration) {
            return STATUS_ACCESS_DENIED;
        }
        if (Parameters->ReadMode == FILE_PIPE_MESSAGE_MODE &&
            Pipe->Type != FILE_PIPE_MESSAGE_TYPE) {
            return STATUS_INVALID_PARAMETER;
        }
        Status = NpCheckAccess(Pipe, Stack->Parameters.CreatePipe.SecurityContext,
                               FILE_CREATE_PIPE_INSTANCE, Irp->RequestorMode);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        *Information = FILE_OPENED;
    }
    Instance = ExpAllocate(sizeof(*Instance), TAG_NPFS);
    RtlZeroMemory(Instance, sizeof(*Instance));
    Instance->Pipe = Pipe;
    for (ULONG i = 0; i < 2; i++) {
        InitializeListHead(&Instance->Queue[i].Writes);
        InitializeListHead(&Instance->Queue[i].Readers);
    }
    InitializeListHead(&Instance->Listeners);
    InsertTailList(&Pipe->Instances, &Instance->Links);
    Pipe->InstanceCount++;
    Instance->ServerProcess = PsGetCurrentProcessId();
    File = NpOpenFile(Stack, Instance, NpServer);
    File->ReadMode = Parameters->ReadMode;
    File->CompletionMode = Parameters->CompletionMode;
    NpSetListening(Instance, Gathered);
    return STATUS_SUCCESS;
}

/* Security may be NULL; it is the instance's from here on. */
static VOID
NpConnect(PIO_STACK_LOCATION Stack, PNP_INSTANCE Instance, PSECURITY_CLIENT_CONTEXT Security,
          PLIST_ENTRY Gathered)
{
    Instance->HasClientSecurity = Security != NULL;
    if (Security != NULL) {
        Instance->ClientSecurity = *Security;
    }
    NpOpenFile(Stack, Instance, NpClient); /* byte mode, blocking */
    Instance->ClientProcess = PsGetCurrentProcessId();
    Instance->State = FILE_PIPE_CONNECTED_STATE;
    NpGatherList(&Instance->Listeners, STATUS_SUCCESS, Gathered);
}

/* An instance that the client can be connected with. */
static NTSTATUS
NpFindInstance(PIRP Irp, PIO_STACK_LOCATION Stack, PNP_FILE Related, PNP_INSTANCE *Result)
{
    PIO_SECURITY_CONTEXT Context = Stack->Parameters.Create.SecurityContext;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PNP_PIPE Pipe;
    NTSTATUS Status;

    if (Related != NULL && !Related->Root) {
        *Result = Related->Instance; /* an anonymous pipe's other end */
        if (Name->Length != 0 || *Result == NULL || Related->End != NpServer) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        return (*Result)->State == FILE_PIPE_LISTENING_STATE ? STATUS_SUCCESS
                                                             : STATUS_PIPE_NOT_AVAILABLE;
    }
    Pipe = NpFindPipe(Name);
    if (Pipe == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (((Context->DesiredAccess & FILE_READ_DATA) && Pipe->Configuration == FILE_PIPE_INBOUND) ||
        ((Context->DesiredAccess & FILE_WRITE_DATA) && Pipe->Configuration == FILE_PIPE_OUTBOUND)) {
        return STATUS_ACCESS_DENIED;
    }
    Status = NpCheckAccess(Pipe, Context, Context->DesiredAccess, Irp->RequestorMode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (PLIST_ENTRY Entry = Pipe->Instances.Flink; Entry != &Pipe->Instances;
         Entry = Entry->Flink) {
        *Result = CONTAINING_RECORD(Entry, NP_INSTANCE, Links);
        if ((*Result)->State == FILE_PIPE_LISTENING_STATE) {
            return STATUS_SUCCESS;
        }
    }
    return STATUS_PIPE_NOT_AVAILABLE;
}

/* The client's end. What takes references comes before the step and after it (msgfs.h). */
static NTSTATUS
NpOpen(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information, PLIST_ENTRY Gathered)
{
    PIO_SECURITY_CONTEXT Context = Stack->Parameters.Create.SecurityContext;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PFILE_OBJECT RelatedFile = Stack->FileObject->RelatedFileObject;
    PNP_FILE Related = RelatedFile != NULL ? RelatedFile->FsContext : NULL;
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityImpersonation,
                                           SECURITY_DYNAMIC_TRACKING, FALSE};
    SECURITY_CLIENT_CONTEXT Security;
    PNP_INSTANCE Instance;
    NTSTATUS Status, HasSecurity;

    *Information = FILE_OPENED;
    if ((Related == NULL || Related->Root) &&
        (Name->Length == 0 || (Name->Length == sizeof(WCHAR) && Name->Buffer[0] == L'\\'))) {
        NpOpenFile(Stack, NULL, 0);
        return STATUS_SUCCESS;
    }
    if (Context->SecurityQos != NULL) {
        Quality = *Context->SecurityQos;
    }
    HasSecurity = SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Security);
    if (HasSecurity == STATUS_INSUFFICIENT_RESOURCES) {
        return HasSecurity;
    }
    KiSchedulePoint(SP_OBJECT,
                    Related != NULL && !Related->Root ? Related->Message.Place : MsgPlace(Name));
    Status = NpFindInstance(Irp, Stack, Related, &Instance);
    if (NT_SUCCESS(Status)) {
        NpConnect(Stack, Instance, NT_SUCCESS(HasSecurity) ? &Security : NULL, Gathered);
    } else if (NT_SUCCESS(HasSecurity)) {
        SeDeleteClientSecurity(&Security);
    }
    return Status;
}

/* The last handle of an end is gone. */
static VOID
NpCleanup(PNP_FILE File, PLIST_ENTRY Gathered)
{
    PNP_INSTANCE Instance = File->Instance;
    SECURITY_CLIENT_CONTEXT Security;
    ULONG Other = !File->End;
    BOOLEAN HadSecurity;

    if (Instance == NULL) {
        return;
    }
    Instance->File[File->End] = NULL;
    File->Instance = NULL;
    Instance->Pipe->InstanceCount -= File->End == NpServer; /* what a client still holds is none */
    NpGatherList(&Instance->Listeners, STATUS_PIPE_BROKEN, Gathered);
    NpEmptyQueue(&Instance->Queue[Other], STATUS_PIPE_BROKEN, Gathered);
    NpGatherList(&Instance->Queue[File->End].Readers, STATUS_PIPE_BROKEN, Gathered);
    if (Instance->State == FILE_PIPE_CONNECTED_STATE && Instance->File[Other] != NULL) {
        Instance->State = FILE_PIPE_CLOSING_STATE;
        NpReleaseWrites(&Instance->Queue[File->End], Gathered);
        return;
    }
    NpEmptyQueue(&Instance->Queue[File->End], STATUS_PIPE_BROKEN, Gathered);
    HadSecurity = NpForgetClient(Instance, &Security);
    RemoveEntryList(&Instance->Links);
    if (IsListEmpty(&Instance->Pipe->Instances)) {
        NpDeletePipe(Instance->Pipe);
    }
    ExpFree(Instance);
    if (HadSecurity) {
        SeDeleteClientSecurity(&Security);
    }
}

static NTSTATUS
NpQueryInformation(PIO_STACK_LOCATION Stack, PVOID Buffer, PULONG_PTR Information)
{
    PNP_FILE File = NpFile(Stack);
    PNP_INSTANCE Instance = File->Instance;

    switch (Stack->Parameters.QueryFile.FileInformationClass) {
    case FilePipeInformation: {
        PFILE_PIPE_INFORMATION Pipe = Buffer;

        Pipe->ReadMode = File->ReadMode;
        Pipe->CompletionMode = File->CompletionMode;
        *Information = sizeof(*Pipe);
        return File->Root         ? STATUS_INVALID_PARAMETER
               : Instance == NULL ? STATUS_PIPE_DISCONNECTED
                                  : STATUS_SUCCESS;
    }
    case FilePipeLocalInformation: {
        PFILE_PIPE_LOCAL_INFORMATION Local = Buffer;

        if (File->Root) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Instance == NULL) {
            return STATUS_PIPE_DISCONNECTED;
        }
        Local->NamedPipeType = Instance->Pipe->Type;
        Local->NamedPipeConfiguration = Instance->Pipe->Configuration;
        Local->MaximumInstances = Instance->Pipe->MaximumInstances;
        Local->CurrentInstances = Instance->Pipe->InstanceCount;
        Local->InboundQuota = Instance->Pipe->Quota[NpClient];
        Local->OutboundQuota = Instance->Pipe->Quota[NpServer];
        Local->ReadDataAvailable = Instance->Queue[!File->End].Bytes;
        Local->WriteQuotaAvailable =
            Instance->Queue[File->End].Bytes < Instance->Pipe->Quota[File->End]
                ? Instance->Pipe->Quota[File->End] - Instance->Queue[File->End].Bytes
                : 0;
        Local->NamedPipeState = Instance->State;
        Local->NamedPipeEnd = File->End == NpServer ? FILE_PIPE_SERVER_END : FILE_PIPE_CLIENT_END;
        *Information = sizeof(*Local);
        return STATUS_SUCCESS;
    }
    case FileStandardInformation: {
        PFILE_STANDARD_INFORMATION Standard = Buffer;

        RtlZeroMemory(Standard, sizeof(*Standard));
        Standard->NumberOfLinks = 1;
        Standard->DeletePending = TRUE;
        Standard->Directory = File->Root;
        if (Instance != NULL) {
            Standard->AllocationSize.QuadPart =
                Instance->Pipe->Quota[NpServer] + Instance->Pipe->Quota[NpClient];
            Standard->EndOfFile.QuadPart = Instance->Queue[!File->End].Bytes;
        }
        *Information = sizeof(*Standard);
        return STATUS_SUCCESS;
    }
    case FileBasicInformation:
        MsgAnswerBasic(Buffer, Information);
        return STATUS_SUCCESS;
    case FileNameInformation:
        if (File->Root ? Stack->FileObject->FileName.Length == 0 : Instance == NULL) {
            return File->Root ? STATUS_INVALID_PARAMETER : STATUS_PIPE_DISCONNECTED;
        }
        return MsgAnswerName(Stack, Buffer, Information);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static NTSTATUS
NpSetInformation(PIO_STACK_LOCATION Stack, PFILE_PIPE_INFORMATION Pipe)
{
    PNP_FILE File = NpFile(Stack);

    if (Stack->Parameters.SetFile.FileInformationClass != FilePipeInformation || File->Root ||
        Pipe->ReadMode > 1 || Pipe->CompletionMode > 1) {
        return STATUS_INVALID_PARAMETER;
    }
    if (File->Instance == NULL) {
        return STATUS_PIPE_DISCONNECTED;
    }
    if (Pipe->ReadMode == FILE_PIPE_MESSAGE_MODE &&
        File->Instance->Pipe->Type != FILE_PIPE_MESSAGE_TYPE) {
        return STATUS_INVALID_PARAMETER;
    }
    File->ReadMode = Pipe->ReadMode;
    File->CompletionMode = Pipe->CompletionMode;
    return STATUS_SUCCESS;
}

static NTSTATUS
NpDirectory(PIO_STACK_LOCATION Stack, PUCHAR Buffer, PULONG_PTR Information)
{
    PNP_FILE File = NpFile(Stack);
    ULONG Class = Stack->Parameters.QueryDirectory.FileInformationClass, Fixed, Index = 0;
    ULONG Start = 0, At = 0, Room = Stack->Parameters.QueryDirectory.Length;
    BOOLEAN First = File->Next == 0, Full = FALSE;
    PUCHAR Last = NULL;

    if (!File->Root || Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (Class) {
    case FileDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileName);
        break;
    case FileFullDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileName);
        break;
    case FileBothDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName);
        break;
    case FileNamesInformation:
        Fixed = FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName);
        break;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Stack->Flags & SL_RESTART_SCAN) {
        File->Next = 0;
    }
    for (PLIST_ENTRY Entry = NpPipes.Flink; Entry != &NpPipes; Entry = Entry->Flink, Index++) {
        PNP_PIPE Pipe = CONTAINING_RECORD(Entry, NP_PIPE, Links);
        ULONG NameLength = Pipe->Name.Length != 0 ? Pipe->Name.Length - sizeof(WCHAR) : 0;
        PFILE_DIRECTORY_INFORMATION Out;

        if (Index < File->Next || NameLength == 0) {
            continue;
        }
        Start = (At + 7) & ~7u;
        if (Start > Room || Room - Start < Fixed + NameLength) {
            Full = TRUE;
            break;
        }
        Out = (PVOID)(Buffer + Start);
        RtlZeroMemory(Out, Fixed);
        if (Class == FileNamesInformation) {
            ((PFILE_NAMES_INFORMATION)Out)->FileNameLength = NameLength;
        } else {
            Out->EndOfFile.QuadPart = Pipe->InstanceCount; /* as Windows shows it */
            Out->AllocationSize.QuadPart = (LONG)Pipe->MaximumInstances;
            Out->FileAttributes = FILE_ATTRIBUTE_NORMAL;
            Out->FileNameLength = NameLength;
        }
        RtlCopyMemory((PUCHAR)Out + Fixed, Pipe->Name.Buffer + 1, NameLength);
        if (Last != NULL) {
            *(PULONG)Last = (ULONG)(Buffer + Start - Last);
        }
        Last = Buffer + Start;
        At = Start + Fixed + NameLength;
        File->Next = Index + 1;
        if (Stack->Flags & SL_RETURN_SINGLE_ENTRY) {
            break;
        }
    }
    *Information = At;
    if (Last == NULL) {
        return Full ? STATUS_BUFFER_OVERFLOW : First ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
    }
    return STATUS_SUCCESS;
}

/* Does it let an instance come, go or listen? */
static BOOLEAN
NpChangesInstances(PIO_STACK_LOCATION Stack)
{
    return Stack->MajorFunction == IRP_MJ_CREATE_NAMED_PIPE ||
           Stack->MajorFunction == IRP_MJ_CLEANUP ||
           (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
            Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_PIPE_LISTEN);
}

/* N3. To open one is a step in NpOpen. */
static VOID
NpStep(PIO_STACK_LOCATION Stack)
{
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PVOID Place;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
        return;
    case IRP_MJ_CREATE_NAMED_PIPE:
        if (Name->Length == 0) {
            return; /* nobody else knows it */
        }
        Place = MsgPlace(Name);
        break;
    default:
        Place = NpFile(Stack)->Message.Place;
        break;
    }
    KiAcquirePoint(SP_OBJECT, Place, NULL,
                   Place != &NpPipes && NpChangesInstances(Stack) ? KI_ALSO_READS(&NpPipes) : 0);
}

static NTSTATUS NTAPI
NpDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR Information = 0;
    LIST_ENTRY Gathered;
    NTSTATUS Status;

    InitializeListHead(&Gathered);
    NpStep(Stack);
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Status = NpOpen(Irp, Stack, &Information, &Gathered);
        break;
    case IRP_MJ_CREATE_NAMED_PIPE:
        Status = NpCreateServer(Irp, Stack, &Information, &Gathered);
        break;
    case IRP_MJ_CLEANUP:
        NpCleanup(NpFile(Stack), &Gathered);
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_CLOSE:
        ExpFree(NpFile(Stack));
        Stack->FileObject->FsContext = NULL;
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_READ:
        Status = NpFile(Stack)->Root ? STATUS_INVALID_PARAMETER
                                     : NpRead(NpFile(Stack), Irp, Stack->Parameters.Read.Length,
                                              &Information, &Gathered);
        break;
    case IRP_MJ_WRITE:
        Status = NpFile(Stack)->Root
                     ? STATUS_INVALID_PARAMETER
                     : NpWrite(NpFile(Stack), Irp, Buffer, Stack->Parameters.Write.Length,
                               &Information, &Gathered);
        break;
    case IRP_MJ_FLUSH_BUFFERS:
        Status = NpFile(Stack)->Root ? STATUS_SUCCESS : NpFlush(NpFile(Stack), Irp);
        break;
    case IRP_MJ_QUERY_INFORMATION:
        Status = NpQueryInformation(Stack, Buffer, &Information);
        break;
    case IRP_MJ_SET_INFORMATION:
        Status = NpSetInformation(Stack, Buffer);
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        Status = NpDirectory(Stack, Buffer, &Information);
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        Status = NpControl(Irp, Stack, &Information, &Gathered);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    if (Status != STATUS_PENDING) {
        NpComplete(Irp, Status, Information);
    }
    MsgCompleteGathered(&Gathered, IO_NAMED_PIPE_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
IopPipeEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Device = RTL_CONSTANT_STRING(L"\\Device\\NamedPipe"),
                   Link = RTL_CONSTANT_STRING(L"\\??\\PIPE");

    InitializeListHead(&NpPipes);
    InitializeListHead(&NpWaiters);
    return MsgCreateDevice(DriverObject, NpDispatch, MsgPipes, &Device, &Link);
}
