/*
 * npctl.c - what ConnectNamedPipe, DisconnectNamedPipe, PeekNamedPipe, TransactNamedPipe, WaitNamedPipe and
 * ImpersonateNamedPipeClient become.
 * [MS-FSCC 2.3.45 to 2.3.50; ntifs: FSCTL_PIPE_...; K: the pages of these functions]
 */
#include "nt/io/npfs.h"

/* FSCTL_PIPE_WAIT: a request with a time-out, in NpWaiters. */
typedef struct _NP_NAME_WAIT {
    MSG_WAIT Wait;
    UNICODE_STRING Name;
    WCHAR Text[];
} NP_NAME_WAIT, *PNP_NAME_WAIT;

VOID
NpWakeWaiters(PNP_PIPE Pipe, PLIST_ENTRY Gathered)
{
    PLIST_ENTRY Entry, Next;

    for (Entry = NpWaiters.Flink; Entry != &NpWaiters; Entry = Next) {
        PNP_NAME_WAIT Wait = CONTAINING_RECORD(Entry, NP_NAME_WAIT, Wait.Links);

        Next = Entry->Flink;
        if (RtlEqualUnicodeString(&Wait->Name, &Pipe->Name, TRUE)) {
            MsgEnd(Gathered, &Wait->Wait, STATUS_SUCCESS, 0);
        }
    }
}

static NTSTATUS
NpWaitForPipe(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PFILE_PIPE_WAIT_FOR_BUFFER Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG Fixed = FIELD_OFFSET(FILE_PIPE_WAIT_FOR_BUFFER, Name),
          Length = Stack->Parameters.FileSystemControl.InputBufferLength;
    PNP_NAME_WAIT Wait;
    LARGE_INTEGER Timeout;
    PNP_PIPE Pipe;

    if (!NpFile(Stack)->Root || Stack->FileObject->FileName.Length == 0) {
        return STATUS_ILLEGAL_FUNCTION; /* the directory knows its pipes, the device does not */
    }
    if (Length < Fixed || Buffer->NameLength > Length - Fixed || Buffer->NameLength > 0xFF00) {
        return STATUS_INVALID_PARAMETER;
    }
    Wait = MsgNewWait(sizeof(*Wait) + Buffer->NameLength + sizeof(WCHAR), TAG_NPFS);
    Wait->Text[0] = L'\\';
    RtlCopyMemory(Wait->Text + 1, Buffer->Name, Buffer->NameLength);
    Wait->Name.Buffer = Wait->Text;
    Wait->Name.Length = Wait->Name.MaximumLength = (USHORT)(Buffer->NameLength + sizeof(WCHAR));
    Pipe = NpFindPipe(&Wait->Name);
    if (Pipe == NULL) {
        MsgLeaveList(&Wait->Wait);
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    for (PLIST_ENTRY Entry = Pipe->Instances.Flink; Entry != &Pipe->Instances;
         Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, NP_INSTANCE, Links)->State == FILE_PIPE_LISTENING_STATE) {
            MsgLeaveList(&Wait->Wait);
            return STATUS_SUCCESS;
        }
    }
    Timeout = Buffer->TimeoutSpecified ? Buffer->Timeout : Pipe->DefaultTimeout;
    return MsgWait(&NpWaiters, &Wait->Wait, Irp, &NpPipes,
                   Timeout.QuadPart != LLONG_MIN /* NMPWAIT_WAIT_FOREVER */ ? &Timeout : NULL);
}

static NTSTATUS
NpListen(PNP_FILE File, PIRP Irp, PLIST_ENTRY Gathered)
{
    PNP_INSTANCE Instance = File->Instance;

    if (File->End != NpServer || Instance == NULL) {
        return STATUS_ILLEGAL_FUNCTION;
    }
    switch (Instance->State) {
    case FILE_PIPE_CONNECTED_STATE:
        return STATUS_PIPE_CONNECTED;
    case FILE_PIPE_CLOSING_STATE:
        return STATUS_PIPE_CLOSING;
    case FILE_PIPE_DISCONNECTED_STATE:
        NpSetListening(Instance, Gathered);
        break;
    }
    if (File->CompletionMode == FILE_PIPE_COMPLETE_OPERATION) {
        return STATUS_PIPE_LISTENING;
    }
    return MsgWait(&Instance->Listeners, &NpNewWait(0)->Wait, Irp, File->Message.Place, NULL);
}

/* Whatever was not read is lost. [K: "DisconnectNamedPipe"] */
static NTSTATUS
NpDisconnect(PNP_FILE File, PLIST_ENTRY Gathered)
{
    PNP_INSTANCE Instance = File->Instance;
    SECURITY_CLIENT_CONTEXT Security;

    if (File->End != NpServer || Instance == NULL) {
        return STATUS_ILLEGAL_FUNCTION;
    }
    if (Instance->State == FILE_PIPE_DISCONNECTED_STATE) {
        return STATUS_PIPE_DISCONNECTED;
    }
    Instance->State = FILE_PIPE_DISCONNECTED_STATE;
    NpGatherList(&Instance->Listeners, STATUS_PIPE_DISCONNECTED, Gathered);
    NpEmptyQueue(&Instance->Queue[NpServer], STATUS_PIPE_DISCONNECTED, Gathered);
    NpEmptyQueue(&Instance->Queue[NpClient], STATUS_PIPE_DISCONNECTED, Gathered);
    if (NpForgetClient(Instance, &Security)) {
        SeDeleteClientSecurity(&Security);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
NpPeek(PNP_FILE File, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PFILE_PIPE_PEEK_BUFFER Peek = Irp->AssociatedIrp.SystemBuffer;
    ULONG Fixed = FIELD_OFFSET(FILE_PIPE_PEEK_BUFFER, Data);
    ULONG Room = Stack->Parameters.FileSystemControl.OutputBufferLength;
    PNP_INSTANCE Instance = File->Instance;
    NTSTATUS Status;
    PNP_QUEUE Queue;

    if (Room < Fixed) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Instance == NULL) {
        return STATUS_PIPE_DISCONNECTED;
    }
    Queue = &Instance->Queue[!File->End];
    if (Instance->State != FILE_PIPE_CONNECTED_STATE &&
        Instance->State != FILE_PIPE_CLOSING_STATE) {
        return STATUS_INVALID_PIPE_STATE;
    }
    if (Instance->State == FILE_PIPE_CLOSING_STATE && Queue->Messages == 0) {
        return STATUS_PIPE_BROKEN;
    }
    RtlZeroMemory(Peek, Fixed);
    Peek->NamedPipeState = Instance->State;
    Peek->ReadDataAvailable = Queue->Bytes;
    if (Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE) {
        Peek->NumberOfMessages = Queue->Messages;
        for (PLIST_ENTRY Entry = Queue->Writes.Flink; Entry != &Queue->Writes;
             Entry = Entry->Flink) {
            PNP_WAIT Wait = CONTAINING_RECORD(Entry, NP_WAIT, Wait.Links);

            if (!Wait->Flush) {
                Peek->MessageLength = Wait->Length - Wait->Offset;
                break;
            }
        }
    }
    /* Of messages the first alone is shown, in whatever mode they are read. */
    Room -= Fixed;
    if (Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE && Room > Peek->MessageLength) {
        Room = Peek->MessageLength;
    }
    *Information = Fixed;
    if (Room != 0) {
        *Information += NpCopyOut(File, (PUCHAR)Peek->Data, Room, &Status, FALSE, NULL);
    }
    return *Information - Fixed < (Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE
                                       ? Peek->MessageLength
                                       : Queue->Bytes)
               ? STATUS_BUFFER_OVERFLOW
               : STATUS_SUCCESS;
}

static NTSTATUS
NpTransceiveState(PNP_FILE File)
{
    PNP_INSTANCE Instance = File->Instance;

    if (Instance == NULL) {
        return STATUS_PIPE_DISCONNECTED;
    }
    if (Instance->State != FILE_PIPE_CONNECTED_STATE ||
        Instance->Pipe->Configuration != FILE_PIPE_FULL_DUPLEX) {
        return STATUS_INVALID_PIPE_STATE;
    }
    if (File->ReadMode != FILE_PIPE_MESSAGE_MODE) {
        return STATUS_INVALID_READ_MODE;
    }
    return Instance->Queue[!File->End].Messages != 0 ? STATUS_PIPE_BUSY : STATUS_SUCCESS;
}

/* A write and the read of the answer in one. The output goes through a system buffer of ours. */
static NTSTATUS
NpTransceive(PNP_FILE File, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information,
             PLIST_ENTRY Gathered)
{
    ULONG InputLength = Stack->Parameters.FileSystemControl.InputBufferLength,
          OutputLength = Stack->Parameters.FileSystemControl.OutputBufferLength;
    ULONG_PTR Written;
    NTSTATUS Status = NpTransceiveState(File);
    PVOID Input;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Input = ExpAllocate(InputLength + 1, TAG_NPFS);
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead(Stack->Parameters.FileSystemControl.Type3InputBuffer, InputLength, 1);
            ProbeForWrite(Irp->UserBuffer, OutputLength, 1);
        }
        RtlCopyMemory(Input, Stack->Parameters.FileSystemControl.Type3InputBuffer, InputLength);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status) && OutputLength != 0) {
        Status = IopBufferIrp(Irp, OutputLength, NULL, 0);
        Irp->Flags |= IRP_INPUT_OPERATION;
    }
    if (NT_SUCCESS(Status)) { /* the program's memory may have let others go first */
        KiSchedulePoint(SP_OBJECT, File->Message.Place);
        Status = NpTransceiveState(File);
    }
    if (NT_SUCCESS(Status)) {
        Status = NpWrite(File, NULL, Input, InputLength, &Written, Gathered);
    }
    if (NT_SUCCESS(Status)) {
        Status = NpRead(File, Irp, OutputLength, Information, Gathered);
    }
    ExpFree(Input);
    return Status;
}

static NTSTATUS
NpImpersonate(PNP_FILE File)
{
    PNP_INSTANCE Instance = File->Instance;

    if (File->End != NpServer || Instance == NULL) {
        return STATUS_ILLEGAL_FUNCTION;
    }
    if (Instance->State == FILE_PIPE_DISCONNECTED_STATE) {
        return STATUS_PIPE_DISCONNECTED;
    }
    return Instance->HasClientSecurity ? SeImpersonateClientEx(&Instance->ClientSecurity, NULL)
                                       : STATUS_CANNOT_IMPERSONATE;
}

/* GetNamedPipeClientProcessId and its like: an attribute by its name. */
static NTSTATUS
NpQueryAttribute(PNP_FILE File, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    static const struct {
        const char *Name;
        ULONG Server;
    } Names[] = {{"ClientProcessId", FALSE}, {"ServerProcessId", TRUE}};
    const char *Name = Irp->AssociatedIrp.SystemBuffer;
    ULONG Length = Stack->Parameters.FileSystemControl.InputBufferLength;

    if (File->Instance == NULL) {
        return STATUS_PIPE_DISCONNECTED;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        if (Length == strlen(Names[i].Name) + 1 && memcmp(Name, Names[i].Name, Length) == 0) {
            HANDLE Process =
                Names[i].Server ? File->Instance->ServerProcess : File->Instance->ClientProcess;

            if (Process == NULL) {
                return STATUS_NOT_FOUND;
            }
            if (Stack->Parameters.FileSystemControl.OutputBufferLength < sizeof(ULONG)) {
                return STATUS_BUFFER_TOO_SMALL;
            }
            *(PULONG)Irp->AssociatedIrp.SystemBuffer = HandleToULong(Process);
            *Information = sizeof(ULONG);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

/* A pipe's control of something that is none. */
static NTSTATUS
NpControlRoot(ULONG Code)
{
    switch (Code) {
    case FSCTL_PIPE_LISTEN:
    case FSCTL_PIPE_IMPERSONATE:
        return STATUS_ILLEGAL_FUNCTION;
    case FSCTL_PIPE_DISCONNECT:
    case FSCTL_PIPE_TRANSCEIVE:
        return STATUS_PIPE_DISCONNECTED;
    case FSCTL_PIPE_PEEK:
    case FSCTL_PIPE_QUERY_CLIENT_PROCESS:
    case FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE:
    case FSCTL_PIPE_GET_PIPE_ATTRIBUTE:
        return STATUS_INVALID_PARAMETER;
    case FSCTL_PIPE_ASSIGN_EVENT:
    case FSCTL_PIPE_QUERY_EVENT:
    case FSCTL_PIPE_SET_CLIENT_PROCESS:
        return STATUS_NOT_SUPPORTED;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS
NpControl(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information, PLIST_ENTRY Gathered)
{
    PNP_FILE File = NpFile(Stack);
    ULONG Code = Stack->Parameters.FileSystemControl.FsControlCode;

    if (Code == FSCTL_PIPE_WAIT) {
        return NpWaitForPipe(Irp, Stack);
    }
    if (File->Root) {
        return NpControlRoot(Code);
    }
    switch (Code) {
    case FSCTL_PIPE_LISTEN:
        return NpListen(File, Irp, Gathered);
    case FSCTL_PIPE_DISCONNECT:
        return NpDisconnect(File, Gathered);
    case FSCTL_PIPE_PEEK:
        return NpPeek(File, Irp, Stack, Information);
    case FSCTL_PIPE_TRANSCEIVE:
        return NpTransceive(File, Irp, Stack, Information, Gathered);
    case FSCTL_PIPE_IMPERSONATE:
        return NpImpersonate(File);
    case FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE:
    case FSCTL_PIPE_GET_PIPE_ATTRIBUTE:
        return NpQueryAttribute(File, Irp, Stack, Information);
    case FSCTL_PIPE_ASSIGN_EVENT:
    case FSCTL_PIPE_QUERY_EVENT:
    case FSCTL_PIPE_SET_CLIENT_PROCESS:
        return STATUS_NOT_SUPPORTED;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}
