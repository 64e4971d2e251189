/*
 * msfs.c - \Device\Mailslot: a slot is read by who made it, and written by whoever opens its name.
 *
 * A slot (MS_SLOT) is a queue of whole messages, or of reads that wait for one, never both. It lives while its
 * server's file object has handles; after that its clients' writes say that the file was closed. How requests wait
 * and in which order they come is in msgfs.h.
 *
 *   M1  A message is never split: a read too short for it fails, and the message stays the next one.
 *
 * [K: "CreateMailslot", "GetMailslotInfo", "SetMailslotInfo", "Mailslots"; MS-FSCC 2.4.28, 2.4.29; wdm:
 *  MAILSLOT_CREATE_PARAMETERS; ntifs: FILE_MAILSLOT_QUERY_INFORMATION, FILE_MAILSLOT_SET_INFORMATION]
 */
#include "nt/io/msgfs.h"

#define TAG_MSFS   'sFsM'
#define MS_FOREVER (-1ll)

typedef struct _MS_SLOT {
    LIST_ENTRY Links;
    UNICODE_STRING Name; /* with its backslash */
    ULONG MaximumMessageSize, Quota, MessageCount;
    LARGE_INTEGER ReadTimeout; /* 0: no wait; MS_FOREVER; else as KeSetTimer takes it */
    PSECURITY_DESCRIPTOR Security;
    LIST_ENTRY Messages, Readers, Files;
} MS_SLOT, *PMS_SLOT;

typedef struct _MS_FILE {
    MSG_FILE Message;
    LIST_ENTRY Links;
    PMS_SLOT Slot; /* NULL: the device, or a client whose slot is gone */
    BOOLEAN Server, Root;
} MS_FILE, *PMS_FILE;

typedef struct _MS_MESSAGE {
    LIST_ENTRY Links;
    ULONG Length;
    UCHAR Data[];
} MS_MESSAGE, *PMS_MESSAGE;

typedef struct _MS_READ {
    MSG_WAIT Wait;
    ULONG Length;
} MS_READ, *PMS_READ;

extern LIST_ENTRY MsSlots; /* iodata.c */

static PMS_FILE
MsFile(PIO_STACK_LOCATION Stack)
{
    return Stack->FileObject->FsContext;
}

/* Names are compared without case; one that is relative to the root directory has no backslash in front. */
static PMS_SLOT
MsFindSlot(PUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = MsSlots.Flink; Entry != &MsSlots; Entry = Entry->Flink) {
        PMS_SLOT Slot = CONTAINING_RECORD(Entry, MS_SLOT, Links);
        UNICODE_STRING Own = Slot->Name;

        if (Name->Length != 0 && Name->Buffer[0] != L'\\') {
            Own.Buffer++;
            Own.Length -= sizeof(WCHAR);
        }
        if (RtlEqualUnicodeString(&Own, Name, TRUE)) {
            return Slot;
        }
    }
    return NULL;
}

static VOID
MsOpenFile(PIO_STACK_LOCATION Stack, PMS_SLOT Slot, BOOLEAN Server)
{
    PMS_FILE File = ExpAllocate(sizeof(*File), TAG_MSFS);

    RtlZeroMemory(File, sizeof(*File));
    File->Message.Place = Slot != NULL ? MsgPlace(&Slot->Name) : NULL;
    File->Slot = Slot;
    File->Server = Server;
    File->Root = Slot == NULL;
    InitializeListHead(&File->Links);
    Stack->FileObject->FsContext = File;
    if (Slot != NULL) {
        InsertTailList(&Slot->Files, &File->Links);
        Stack->FileObject->Flags |= FO_MAILSLOT;
    }
}

static BOOLEAN
MsNamesSlot(PUNICODE_STRING Name)
{
    return Name->Length > sizeof(WCHAR) || (Name->Length != 0 && Name->Buffer[0] != L'\\');
}

/* The server's end. A name has one slot. [K: "CreateMailslot": an error if the name exists] */
static NTSTATUS
MsCreate(PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PMAILSLOT_CREATE_PARAMETERS Parameters = Stack->Parameters.CreateMailslot.Parameters;
    PACCESS_STATE State = Stack->Parameters.CreateMailslot.SecurityContext->AccessState;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    ULONG Skip;
    PMS_SLOT Slot;
    NTSTATUS Status;

    if (!MsNamesSlot(Name)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (MsFindSlot(Name) != NULL) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    Slot = ExpAllocate(sizeof(*Slot), TAG_MSFS);
    RtlZeroMemory(Slot, sizeof(*Slot));
    Status = SeAssignSecurity(NULL, State->SecurityDescriptor, &Slot->Security, FALSE,
                              &State->SubjectSecurityContext, IoGetFileObjectGenericMapping(),
                              PagedPool);
    if (!NT_SUCCESS(Status)) {
        ExpFree(Slot);
        return Status;
    }
    Skip = Name->Buffer[0] == L'\\' ? 0 : 1;
    Slot->Name.Length = Slot->Name.MaximumLength = (USHORT)(Name->Length + Skip * sizeof(WCHAR));
    Slot->Name.Buffer = ExpAllocate(Slot->Name.Length, TAG_MSFS);
    Slot->Name.Buffer[0] = L'\\';
    RtlCopyMemory(Slot->Name.Buffer + Skip, Name->Buffer, Name->Length);
    Slot->MaximumMessageSize = Parameters->MaximumMessageSize;
    Slot->Quota = Parameters->MailslotQuota;
    Slot->ReadTimeout.QuadPart =
        Parameters->TimeoutSpecified ? Parameters->ReadTimeout.QuadPart : MS_FOREVER;
    InitializeListHead(&Slot->Messages);
    InitializeListHead(&Slot->Readers);
    InitializeListHead(&Slot->Files);
    InsertTailList(&MsSlots, &Slot->Links);
    MsOpenFile(Stack, Slot, TRUE);
    *Information = FILE_CREATED;
    return STATUS_SUCCESS;
}

static NTSTATUS
MsOpen(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PIO_SECURITY_CONTEXT Context = Stack->Parameters.Create.SecurityContext;
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PACCESS_STATE State = Context->AccessState;
    PPRIVILEGE_SET Privileges = NULL;
    PMS_SLOT Slot = NULL;
    ACCESS_MASK Granted;
    NTSTATUS Status = STATUS_SUCCESS;

    *Information = FILE_OPENED;
    if (MsNamesSlot(Name)) {
        Slot = MsFindSlot(Name);
        if (Slot == NULL) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        SeLockSubjectContext(&State->SubjectSecurityContext);
        if (SeAccessCheck(Slot->Security, &State->SubjectSecurityContext, TRUE,
                          Context->DesiredAccess, 0, &Privileges, IoGetFileObjectGenericMapping(),
                          Irp->RequestorMode, &Granted, &Status)) {
            Status = STATUS_SUCCESS;
        }
        SeUnlockSubjectContext(&State->SubjectSecurityContext);
        if (Privileges != NULL) {
            SeFreePrivileges(Privileges);
        }
    }
    if (NT_SUCCESS(Status)) {
        MsOpenFile(Stack, Slot, FALSE);
    }
    return Status;
}

static VOID
MsDeleteSlot(PMS_SLOT Slot, PLIST_ENTRY Gathered)
{
    while (!IsListEmpty(&Slot->Readers)) {
        PMSG_WAIT Wait = CONTAINING_RECORD(Slot->Readers.Flink, MSG_WAIT, Links);

        MsgEnd(Gathered, Wait, STATUS_FILE_FORCED_CLOSED, 0);
    }
    while (!IsListEmpty(&Slot->Messages)) {
        ExpFree(CONTAINING_RECORD(RemoveHeadList(&Slot->Messages), MS_MESSAGE, Links));
    }
    while (!IsListEmpty(&Slot->Files)) {
        PMS_FILE File = CONTAINING_RECORD(RemoveHeadList(&Slot->Files), MS_FILE, Links);

        InitializeListHead(&File->Links);
        File->Slot = NULL;
    }
    RemoveEntryList(&Slot->Links);
    SeDeassignSecurity(&Slot->Security);
    ExpFree(Slot->Name.Buffer);
    ExpFree(Slot);
}

static VOID
MsCleanup(PMS_FILE File, PLIST_ENTRY Gathered)
{
    PMS_SLOT Slot = File->Slot;

    RemoveEntryList(&File->Links);
    InitializeListHead(&File->Links);
    File->Slot = NULL;
    if (Slot != NULL && File->Server) {
        MsDeleteSlot(Slot, Gathered);
    }
}

static NTSTATUS
MsWait(PMS_FILE File, PIRP Irp, ULONG Length)
{
    PMS_SLOT Slot = File->Slot;
    PMS_READ Read = MsgNewWait(sizeof(*Read), TAG_MSFS);

    Read->Length = Length;
    return MsgWait(&Slot->Readers, &Read->Wait, Irp, File->Message.Place,
                   Slot->ReadTimeout.QuadPart != MS_FOREVER ? &Slot->ReadTimeout : NULL);
}

static NTSTATUS
MsRead(PMS_FILE File, PIRP Irp, ULONG Length, PULONG_PTR Information)
{
    PMS_SLOT Slot = File->Slot;
    PMS_MESSAGE Message;

    if (!File->Server) {
        return STATUS_INVALID_PARAMETER;
    }
    if (IsListEmpty(&Slot->Messages)) {
        return Slot->ReadTimeout.QuadPart == 0 ? STATUS_IO_TIMEOUT : MsWait(File, Irp, Length);
    }
    Message = CONTAINING_RECORD(Slot->Messages.Flink, MS_MESSAGE, Links);
    if (Length < Message->Length) {
        return STATUS_BUFFER_TOO_SMALL; /* M1 */
    }
    if (Message->Length != 0) {
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Message->Data, Message->Length);
    }
    *Information = Message->Length;
    RemoveEntryList(&Message->Links);
    Slot->MessageCount--;
    ExpFree(Message);
    return STATUS_SUCCESS;
}

/* A write never waits: the first read that waits and has room takes the message, or it is queued. */
static NTSTATUS
MsWrite(PMS_FILE File, PVOID Buffer, ULONG Length, PULONG_PTR Information, PLIST_ENTRY Gathered)
{
    PMS_SLOT Slot = File->Slot;
    PMS_MESSAGE Message;

    if (File->Server || File->Root) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Slot == NULL) {
        return STATUS_FILE_FORCED_CLOSED;
    }
    if (Slot->MaximumMessageSize != 0 && Length > Slot->MaximumMessageSize) {
        return STATUS_INVALID_PARAMETER;
    }
    *Information = Length;
    while (!IsListEmpty(&Slot->Readers)) {
        PMS_READ Read = CONTAINING_RECORD(Slot->Readers.Flink, MS_READ, Wait.Links);
        BOOLEAN Fits = Read->Length >= Length;

        if (Fits && Length != 0) {
            RtlCopyMemory(Read->Wait.Irp->AssociatedIrp.SystemBuffer, Buffer, Length);
        }
        MsgEnd(Gathered, &Read->Wait, Fits ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL /* M1 */,
               Fits ? Length : 0);
        if (Fits) {
            return STATUS_SUCCESS;
        }
    }
    Message = ExpAllocate(sizeof(*Message) + Length, TAG_MSFS);
    Message->Length = Length;
    if (Length != 0) {
        RtlCopyMemory(Message->Data, Buffer, Length);
    }
    InsertTailList(&Slot->Messages, &Message->Links);
    Slot->MessageCount++;
    return STATUS_SUCCESS;
}

static ULONG
MsNextSize(PMS_SLOT Slot)
{
    return IsListEmpty(&Slot->Messages)
               ? (ULONG)-1 /* MAILSLOT_NO_MESSAGE */
               : CONTAINING_RECORD(Slot->Messages.Flink, MS_MESSAGE, Links)->Length;
}

static NTSTATUS
MsQueryInformation(PIO_STACK_LOCATION Stack, PVOID Buffer, PULONG_PTR Information)
{
    PMS_FILE File = MsFile(Stack);

    switch (Stack->Parameters.QueryFile.FileInformationClass) {
    case FileMailslotQueryInformation: {
        PFILE_MAILSLOT_QUERY_INFORMATION Query = Buffer;

        if (!File->Server) {
            return STATUS_INVALID_PARAMETER;
        }
        Query->MaximumMessageSize = File->Slot->MaximumMessageSize;
        Query->MailslotQuota = File->Slot->Quota;
        Query->NextMessageSize = MsNextSize(File->Slot);
        Query->MessagesAvailable = File->Slot->MessageCount;
        Query->ReadTimeout = File->Slot->ReadTimeout;
        *Information = sizeof(*Query);
        return STATUS_SUCCESS;
    }
    case FileBasicInformation:
        MsgAnswerBasic(Buffer, Information);
        return STATUS_SUCCESS;
    case FileStandardInformation: {
        PFILE_STANDARD_INFORMATION Standard = Buffer;

        RtlZeroMemory(Standard, sizeof(*Standard));
        Standard->NumberOfLinks = 1;
        Standard->DeletePending = !File->Root;
        Standard->Directory = File->Root;
        *Information = sizeof(*Standard);
        return STATUS_SUCCESS;
    }
    case FileNameInformation:
        return MsgAnswerName(Stack, Buffer, Information);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* The time-out lies behind a pointer. [ntifs: FILE_MAILSLOT_SET_INFORMATION] */
static NTSTATUS
MsSetInformation(PIRP Irp, PIO_STACK_LOCATION Stack, PFILE_MAILSLOT_SET_INFORMATION Set)
{
    PMS_FILE File = MsFile(Stack);
    LARGE_INTEGER Timeout;

    if (Stack->Parameters.SetFile.FileInformationClass != FileMailslotSetInformation ||
        !File->Server) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead(Set->ReadTimeout, sizeof(Timeout), sizeof(ULONG));
        }
        Timeout = *Set->ReadTimeout;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    File->Slot->ReadTimeout = Timeout;
    return STATUS_SUCCESS;
}

/* [ntifs: FSCTL_MAILSLOT_PEEK]; its buffers are the caller's own (METHOD_NEITHER). */
static NTSTATUS
MsPeek(PMS_FILE File, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    FILE_MAILSLOT_PEEK_BUFFER Peek = {0};

    if (Stack->Parameters.FileSystemControl.FsControlCode != FSCTL_MAILSLOT_PEEK) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!File->Server || Stack->Parameters.FileSystemControl.OutputBufferLength < sizeof(Peek)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (PLIST_ENTRY Entry = File->Slot->Messages.Flink; Entry != &File->Slot->Messages;
         Entry = Entry->Flink) {
        Peek.ReadDataAvailable += CONTAINING_RECORD(Entry, MS_MESSAGE, Links)->Length;
    }
    Peek.NumberOfMessages = File->Slot->MessageCount;
    Peek.MessageLength = MsNextSize(File->Slot);
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForWrite(Irp->UserBuffer, sizeof(Peek), sizeof(ULONG));
        }
        RtlCopyMemory(Irp->UserBuffer, &Peek, sizeof(Peek));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    *Information = sizeof(Peek);
    return STATUS_SUCCESS;
}

/* What a request touches (msgfs.h). NULL: the device, which has no state. */
static PVOID
MsTouched(PIO_STACK_LOCATION Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CREATE_MAILSLOT:
        return MsNamesSlot(&Stack->FileObject->FileName) ? MsgPlace(&Stack->FileObject->FileName)
                                                         : NULL;
    case IRP_MJ_CLOSE:
        return NULL;
    }
    return MsFile(Stack)->Message.Place;
}

static NTSTATUS NTAPI
MsDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR Information = 0;
    LIST_ENTRY Gathered;
    NTSTATUS Status;
    PVOID Place;

    InitializeListHead(&Gathered);
    Place = MsTouched(Stack);
    if (Place != NULL) {
        KiSchedulePoint(SP_OBJECT, Place);
    }
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Status = MsOpen(Irp, Stack, &Information);
        break;
    case IRP_MJ_CREATE_MAILSLOT:
        Status = MsCreate(Stack, &Information);
        break;
    case IRP_MJ_CLEANUP:
        MsCleanup(MsFile(Stack), &Gathered);
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_CLOSE:
        ExpFree(MsFile(Stack));
        Stack->FileObject->FsContext = NULL;
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_READ:
        Status = MsRead(MsFile(Stack), Irp, Stack->Parameters.Read.Length, &Information);
        break;
    case IRP_MJ_WRITE:
        Status =
            MsWrite(MsFile(Stack), Buffer, Stack->Parameters.Write.Length, &Information, &Gathered);
        break;
    case IRP_MJ_QUERY_INFORMATION:
        Status = MsQueryInformation(Stack, Buffer, &Information);
        break;
    case IRP_MJ_SET_INFORMATION:
        Status = MsSetInformation(Irp, Stack, Buffer);
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        Status = MsPeek(MsFile(Stack), Irp, Stack, &Information);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    if (Status != STATUS_PENDING) {
        Irp->IoStatus.Status = Status;
        Irp->IoStatus.Information = Information;
        IofCompleteRequest(Irp, IO_NO_INCREMENT);
    }
    MsgCompleteGathered(&Gathered, IO_MAILSLOT_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
IopMailslotEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Device = RTL_CONSTANT_STRING(L"\\Device\\Mailslot"),
                   Link = RTL_CONSTANT_STRING(L"\\??\\MAILSLOT");

    InitializeListHead(&MsSlots);
    return MsgCreateDevice(DriverObject, MsDispatch, MsgMailslots, &Device, &Link);
}
