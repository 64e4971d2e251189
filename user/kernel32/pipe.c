/*
 * pipe.c - anonymous and named pipes.
 *
 * Facts: CreatePipe, CreateNamedPipe, ConnectNamedPipe, PeekNamedPipe, CallNamedPipe, "Named Pipe Security and
 * Access Rights" (who may do what with a pipe whose maker named no descriptor).
 */
#include "user/kernel32/base.h"

#define BASE_PIPE_SIZE 4096

/* A control of File, waited for. */
static NTSTATUS
BasePipeControl(HANDLE File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output,
                ULONG OutputLength, PULONG Returned)
{
    IO_STATUS_BLOCK Iosb = {0};
    NTSTATUS Status;
    HANDLE Event;

    Status = NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtFsControlFile(File, Event, NULL, NULL, &Iosb, Code, Input, InputLength, Output,
                             OutputLength);
    if (Status == STATUS_PENDING) {
        NtWaitForSingleObject(Event, FALSE, NULL);
        Status = Iosb.Status;
    }
    NtClose(Event);
    if (Returned != NULL) {
        *Returned = NT_ERROR(Status) ? 0 : (ULONG)Iosb.Information;
    }
    return Status;
}

static NTSTATUS
BaseOpenPipeRoot(PHANDLE Root)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, L"\\Device\\NamedPipe\\");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(Root, GENERIC_READ | SYNCHRONIZE, &Attributes, &Iosb,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

BOOL WINAPI
CreatePipe(PHANDLE Read, PHANDLE Write, LPSECURITY_ATTRIBUTES Security, DWORD Size)
{
    ULONG Flags = OBJ_CASE_INSENSITIVE;
    PVOID Descriptor = NULL;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Empty = {0};
    LARGE_INTEGER Timeout = {.QuadPart = -1200000000ll};
    IO_STATUS_BLOCK Iosb;
    HANDLE Root, Server, Client;
    NTSTATUS Status;

    if (Security != NULL) {
        Descriptor = Security->lpSecurityDescriptor;
        Flags |= Security->bInheritHandle ? OBJ_INHERIT : 0;
    }
    Status = BaseOpenPipeRoot(&Root);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    InitializeObjectAttributes(&Attributes, &Empty, Flags, Root, Descriptor);
    Size = Size != 0 ? Size : BASE_PIPE_SIZE;
    Status = NtCreateNamedPipeFile(&Server, GENERIC_READ | SYNCHRONIZE | FILE_WRITE_ATTRIBUTES,
                                   &Attributes, &Iosb, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                   FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT,
                                   FILE_PIPE_BYTE_STREAM_TYPE, FILE_PIPE_BYTE_STREAM_MODE,
                                   FILE_PIPE_QUEUE_OPERATION, 1, Size, Size, &Timeout);
    NtClose(Root);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    InitializeObjectAttributes(&Attributes, &Empty, Flags, Server, Descriptor);
    Status = NtOpenFile(&Client, GENERIC_WRITE | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &Attributes,
                        &Iosb, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(Status)) {
        NtClose(Server);
        return BaseFail(Status);
    }
    *Read = Server;
    *Write = Client;
    return TRUE;
}

/* Full access for the system, administrators and the owner; everyone and anonymous may read. */
static PSECURITY_DESCRIPTOR
BaseDefaultPipeSecurity(PSECURITY_DESCRIPTOR Descriptor, PACL Acl, ULONG Room)
{
    static const SID System = {1, 1, {SECURITY_NT_AUTHORITY}, {SECURITY_LOCAL_SYSTEM_RID}},
                     Everyone = {1, 1, {SECURITY_WORLD_SID_AUTHORITY}, {SECURITY_WORLD_RID}},
                     Anonymous = {1, 1, {SECURITY_NT_AUTHORITY}, {SECURITY_ANONYMOUS_LOGON_RID}},
                     Owner = {1, 1, {SECURITY_CREATOR_SID_AUTHORITY}, {SECURITY_CREATOR_OWNER_RID}};
    static const struct {
        SID Sid;
        ULONG Second;
    } Administrators = {{1, 2, {SECURITY_NT_AUTHORITY}, {SECURITY_BUILTIN_DOMAIN_RID}},
                        DOMAIN_ALIAS_RID_ADMINS};
    union {
        TOKEN_OWNER Owner;
        UCHAR Room[sizeof(TOKEN_OWNER) + 68];
    } User;
    PSID OwnerSid = (PSID)&Owner;
    HANDLE Token;
    ULONG Length;

    if (NT_SUCCESS(NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Token))) {
        if (NT_SUCCESS(NtQueryInformationToken(Token, TokenOwner, &User, sizeof(User), &Length))) {
            OwnerSid = User.Owner.Owner;
        }
        NtClose(Token);
    }
    if (!NT_SUCCESS(RtlCreateAcl(Acl, Room, ACL_REVISION)) ||
        !NT_SUCCESS(RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0, GENERIC_ALL, (PSID)&System)) ||
        !NT_SUCCESS(RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0, GENERIC_ALL,
                                             (PSID)&Administrators.Sid)) ||
        !NT_SUCCESS(RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0, GENERIC_ALL, OwnerSid)) ||
        !NT_SUCCESS(
            RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0, GENERIC_READ, (PSID)&Everyone)) ||
        !NT_SUCCESS(
            RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, 0, GENERIC_READ, (PSID)&Anonymous)) ||
        !NT_SUCCESS(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION)) ||
        !NT_SUCCESS(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE))) {
        return NULL;
    }
    return Descriptor;
}

HANDLE WINAPI
CreateNamedPipeW(LPCWSTR Name, DWORD OpenMode, DWORD PipeMode, DWORD MaximumInstances,
                 DWORD OutSize, DWORD InSize, DWORD DefaultTimeout, LPSECURITY_ATTRIBUTES Security)
{
    LARGE_INTEGER Timeout = {.QuadPart = DefaultTimeout != 0 ? -10000ll * DefaultTimeout : -500000};
    union {
        ACL Acl;
        UCHAR Room[256];
    } Acl;
    SECURITY_DESCRIPTOR Descriptor;
    ULONG Access = SYNCHRONIZE, Share = 0, Options = 0;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    NTSTATUS Status;
    HANDLE Pipe;

    if (MaximumInstances == 0 || MaximumInstances > PIPE_UNLIMITED_INSTANCES ||
        ((PipeMode & PIPE_READMODE_MESSAGE) != 0 && (PipeMode & PIPE_TYPE_MESSAGE) == 0)) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    switch (OpenMode & PIPE_ACCESS_DUPLEX) {
    case PIPE_ACCESS_INBOUND:
        Share = FILE_SHARE_WRITE;
        Access |= GENERIC_READ;
        break;
    case PIPE_ACCESS_OUTBOUND:
        Share = FILE_SHARE_READ;
        Access |= GENERIC_WRITE;
        break;
    case PIPE_ACCESS_DUPLEX:
        Share = FILE_SHARE_READ | FILE_SHARE_WRITE;
        Access |= GENERIC_READ | GENERIC_WRITE;
        break;
    default:
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    Access |= OpenMode & (WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY);
    Options |= OpenMode & FILE_FLAG_WRITE_THROUGH ? FILE_WRITE_THROUGH : 0;
    Options |= OpenMode & FILE_FLAG_OVERLAPPED ? 0 : FILE_SYNCHRONOUS_IO_NONALERT;
    if (!BaseNtPath(Name, &NtPath)) {
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (Security != NULL) {
        Attributes.SecurityDescriptor = Security->lpSecurityDescriptor;
        Attributes.Attributes |= Security->bInheritHandle ? OBJ_INHERIT : 0;
    }
    if (Attributes.SecurityDescriptor == NULL) {
        Attributes.SecurityDescriptor = BaseDefaultPipeSecurity(&Descriptor, &Acl.Acl, sizeof(Acl));
    }
    Status = NtCreateNamedPipeFile(
        &Pipe, Access, &Attributes, &Iosb, Share,
        OpenMode & FILE_FLAG_FIRST_PIPE_INSTANCE ? FILE_CREATE : FILE_OPEN_IF, Options,
        (PipeMode & PIPE_TYPE_MESSAGE ? FILE_PIPE_MESSAGE_TYPE : FILE_PIPE_BYTE_STREAM_TYPE) |
            (PipeMode & PIPE_REJECT_REMOTE_CLIENTS ? FILE_PIPE_REJECT_REMOTE_CLIENTS : 0),
        PipeMode & PIPE_READMODE_MESSAGE ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE,
        PipeMode & PIPE_NOWAIT ? FILE_PIPE_COMPLETE_OPERATION : FILE_PIPE_QUEUE_OPERATION,
        MaximumInstances == PIPE_UNLIMITED_INSTANCES ? (ULONG)-1 : MaximumInstances, InSize,
        OutSize, &Timeout);
    RtlFreeUnicodeString(&NtPath);
    if (!NT_SUCCESS(Status)) {
        /* What is no pipe's name may be something else's. */
        BaseFail(Status == STATUS_NOT_SUPPORTED || Status == STATUS_INVALID_DEVICE_REQUEST
                     ? STATUS_OBJECT_NAME_INVALID
                     : Status);
        return INVALID_HANDLE_VALUE;
    }
    SetLastError(Iosb.Information == FILE_CREATED ? ERROR_SUCCESS : ERROR_ALREADY_EXISTS);
    return Pipe;
}

ANSI_FORM(HANDLE, CreateNamedPipeA,
          (LPCSTR Name, DWORD OpenMode, DWORD PipeMode, DWORD MaximumInstances, DWORD OutSize,
           DWORD InSize, DWORD DefaultTimeout, LPSECURITY_ATTRIBUTES Security),
          Name, INVALID_HANDLE_VALUE,
          CreateNamedPipeW(Wide.Buffer, OpenMode, PipeMode, MaximumInstances, OutSize, InSize,
                           DefaultTimeout, Security))

BOOL WINAPI
ConnectNamedPipe(HANDLE Pipe, LPOVERLAPPED Overlapped)
{
    NTSTATUS Status;

    if (Overlapped == NULL) {
        return BaseResult(BasePipeControl(Pipe, FSCTL_PIPE_LISTEN, NULL, 0, NULL, 0, NULL));
    }
    Overlapped->Internal = STATUS_PENDING;
    Status = NtFsControlFile(Pipe, Overlapped->hEvent, NULL,
                             ((ULONG_PTR)Overlapped->hEvent & 1) != 0 ? NULL : Overlapped,
                             (PIO_STATUS_BLOCK)&Overlapped->Internal, FSCTL_PIPE_LISTEN, NULL, 0,
                             NULL, 0);
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}

BOOL WINAPI
DisconnectNamedPipe(HANDLE Pipe)
{
    return BaseResult(BasePipeControl(Pipe, FSCTL_PIPE_DISCONNECT, NULL, 0, NULL, 0, NULL));
}

BOOL WINAPI
PeekNamedPipe(HANDLE Pipe, LPVOID Buffer, DWORD Length, LPDWORD Read, LPDWORD Available,
              LPDWORD LeftOfMessage)
{
    ULONG Fixed = FIELD_OFFSET(FILE_PIPE_PEEK_BUFFER, Data), Returned;
    PFILE_PIPE_PEEK_BUFFER Peek =
        RtlAllocateHeap(BaseHeap(), 0, Fixed + (SIZE_T)(Buffer != NULL ? Length : 0));
    NTSTATUS Status;

    if (Peek == NULL) {
        return BaseFail(STATUS_NO_MEMORY);
    }
    Status = BasePipeControl(BaseRealHandle(Pipe), FSCTL_PIPE_PEEK, NULL, 0, Peek,
                             Fixed + (Buffer != NULL ? Length : 0), &Returned);
    if (Status == STATUS_BUFFER_OVERFLOW) {
        Status = STATUS_SUCCESS;
    }
    if (NT_SUCCESS(Status)) {
        Returned -= Fixed;
        if (Buffer != NULL) {
            RtlCopyMemory(Buffer, Peek->Data, Returned);
        }
        if (Read != NULL) {
            *Read = Returned;
        }
        if (Available != NULL) {
            *Available = Peek->ReadDataAvailable;
        }
        if (LeftOfMessage != NULL) {
            *LeftOfMessage =
                Peek->MessageLength - Returned; /* a pipe of bytes has no messages: 0 */
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Peek);
    return BaseResult(Status);
}

BOOL WINAPI
TransactNamedPipe(HANDLE Pipe, LPVOID Input, DWORD InputLength, LPVOID Output, DWORD OutputLength,
                  LPDWORD Read, LPOVERLAPPED Overlapped)
{
    ULONG Returned;
    NTSTATUS Status;

    if (Overlapped == NULL) {
        Status = BasePipeControl(Pipe, FSCTL_PIPE_TRANSCEIVE, Input, InputLength, Output,
                                 OutputLength, &Returned);
        if (Read != NULL) {
            *Read = Returned;
        }
        return NT_SUCCESS(Status) ? TRUE : BaseFail(Status);
    }
    Overlapped->Internal = STATUS_PENDING;
    Status = NtFsControlFile(Pipe, Overlapped->hEvent, NULL,
                             ((ULONG_PTR)Overlapped->hEvent & 1) != 0 ? NULL : Overlapped,
                             (PIO_STATUS_BLOCK)&Overlapped->Internal, FSCTL_PIPE_TRANSCEIVE, Input,
                             InputLength, Output, OutputLength);
    if (!NT_ERROR(Status) && Status != STATUS_PENDING && Read != NULL) {
        *Read = (DWORD)Overlapped->InternalHigh;
    }
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}

BOOL WINAPI
WaitNamedPipeW(LPCWSTR Name, DWORD Milliseconds)
{
    static const WCHAR Prefix[] = L"\\??\\PIPE\\";
    ULONG Skip = RTL_NUMBER_OF(Prefix) - 1, Length;
    PFILE_PIPE_WAIT_FOR_BUFFER Wait;
    UNICODE_STRING NtPath, Head;
    NTSTATUS Status;
    HANDLE Root;

    if (!BaseNtPath(Name, &NtPath)) {
        return FALSE;
    }
    RtlInitUnicodeString(&Head, Prefix);
    if (!RtlPrefixUnicodeString(&Head, &NtPath, TRUE)) {
        RtlFreeUnicodeString(&NtPath);
        return BaseFailWith(ERROR_INVALID_NAME);
    }
    Length = NtPath.Length - Skip * sizeof(WCHAR);
    Wait = RtlAllocateHeap(BaseHeap(), 0, sizeof(*Wait) + Length);
    Status = Wait != NULL ? BaseOpenPipeRoot(&Root) : STATUS_NO_MEMORY;
    if (NT_SUCCESS(Status)) {
        Wait->TimeoutSpecified = Milliseconds != NMPWAIT_USE_DEFAULT_WAIT;
        Wait->Timeout.QuadPart = Milliseconds == NMPWAIT_WAIT_FOREVER
                                     ? (LONGLONG)0x8000000000000000ull
                                     : -10000ll * Milliseconds;
        Wait->NameLength = Length;
        RtlCopyMemory(Wait->Name, NtPath.Buffer + Skip, Length);
        Status =
            BasePipeControl(Root, FSCTL_PIPE_WAIT, Wait,
                            FIELD_OFFSET(FILE_PIPE_WAIT_FOR_BUFFER, Name) + Length, NULL, 0, NULL);
        NtClose(Root);
    }
    if (Wait != NULL) {
        RtlFreeHeap(BaseHeap(), 0, Wait);
    }
    RtlFreeUnicodeString(&NtPath);
    return BaseResult(Status);
}

ANSI_FORM(BOOL, WaitNamedPipeA, (LPCSTR Name, DWORD Milliseconds), Name, FALSE,
          WaitNamedPipeW(Wide.Buffer, Milliseconds))

BOOL WINAPI
CallNamedPipeW(LPCWSTR Name, LPVOID Input, DWORD InputLength, LPVOID Output, DWORD OutputLength,
               LPDWORD Read, DWORD Milliseconds)
{
    DWORD Mode = PIPE_READMODE_MESSAGE;
    HANDLE Pipe;
    BOOL Result;

    for (;;) {
        Pipe = CreateFileW(Name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                           NULL, OPEN_EXISTING, 0, NULL);
        if (Pipe != INVALID_HANDLE_VALUE) {
            break;
        }
        if (GetLastError() != ERROR_PIPE_BUSY || Milliseconds == NMPWAIT_NOWAIT ||
            !WaitNamedPipeW(Name, Milliseconds)) {
            return FALSE;
        }
    }
    Result = SetNamedPipeHandleState(Pipe, &Mode, NULL, NULL) &&
             TransactNamedPipe(Pipe, Input, InputLength, Output, OutputLength, Read, NULL);
    NtClose(Pipe);
    return Result;
}

BOOL WINAPI
CallNamedPipeA(LPCSTR Name, LPVOID Input, DWORD InputLength, LPVOID Output, DWORD OutputLength,
               LPDWORD Read, DWORD Milliseconds)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if (!BaseToWide(&Wide, Name)) {
        return FALSE;
    }
    Result =
        CallNamedPipeW(Wide.Buffer, Input, InputLength, Output, OutputLength, Read, Milliseconds);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

/* Collecting data before it is sent over a network: there is none here. */
BOOL WINAPI
SetNamedPipeHandleState(HANDLE Pipe, LPDWORD Mode, LPDWORD CollectCount, LPDWORD CollectTimeout)
{
    FILE_PIPE_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;

    if (CollectCount != NULL || CollectTimeout != NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Mode == NULL) {
        return TRUE;
    }
    if ((*Mode & ~(PIPE_NOWAIT | PIPE_READMODE_MESSAGE)) != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Information.CompletionMode =
        *Mode & PIPE_NOWAIT ? FILE_PIPE_COMPLETE_OPERATION : FILE_PIPE_QUEUE_OPERATION;
    Information.ReadMode =
        *Mode & PIPE_READMODE_MESSAGE ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE;
    return BaseResult(NtSetInformationFile(BaseRealHandle(Pipe), &Iosb, &Information,
                                           sizeof(Information), FilePipeInformation));
}

BOOL WINAPI
GetNamedPipeHandleStateW(HANDLE Pipe, LPDWORD Mode, LPDWORD Instances, LPDWORD CollectCount,
                         LPDWORD CollectTimeout, LPWSTR UserName, DWORD Room)
{
    FILE_PIPE_LOCAL_INFORMATION Local;
    FILE_PIPE_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    if (CollectCount != NULL || CollectTimeout != NULL || UserName != NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Status =
        NtQueryInformationFile(Pipe, &Iosb, &Information, sizeof(Information), FilePipeInformation);
    if (NT_SUCCESS(Status)) {
        Status =
            NtQueryInformationFile(Pipe, &Iosb, &Local, sizeof(Local), FilePipeLocalInformation);
    }
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Mode != NULL) {
        *Mode =
            (Information.CompletionMode == FILE_PIPE_COMPLETE_OPERATION ? PIPE_NOWAIT : PIPE_WAIT) |
            (Information.ReadMode == FILE_PIPE_MESSAGE_MODE ? PIPE_READMODE_MESSAGE
                                                            : PIPE_READMODE_BYTE);
    }
    if (Instances != NULL) {
        *Instances = Local.CurrentInstances < PIPE_UNLIMITED_INSTANCES ? Local.CurrentInstances
                                                                       : PIPE_UNLIMITED_INSTANCES;
    }
    return TRUE;
}

BOOL WINAPI
GetNamedPipeHandleStateA(HANDLE Pipe, LPDWORD Mode, LPDWORD Instances, LPDWORD CollectCount,
                         LPDWORD CollectTimeout, LPSTR UserName, DWORD Room)
{
    return UserName != NULL ? BaseFailWith(ERROR_INVALID_PARAMETER)
                            : GetNamedPipeHandleStateW(Pipe, Mode, Instances, CollectCount,
                                                       CollectTimeout, NULL, 0);
}

BOOL WINAPI
GetNamedPipeInfo(HANDLE Pipe, LPDWORD Flags, LPDWORD OutSize, LPDWORD InSize,
                 LPDWORD MaximumInstances)
{
    FILE_PIPE_LOCAL_INFORMATION Local;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status =
        NtQueryInformationFile(Pipe, &Iosb, &Local, sizeof(Local), FilePipeLocalInformation);

    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Flags != NULL) {
        *Flags =
            (Local.NamedPipeEnd == FILE_PIPE_SERVER_END ? PIPE_SERVER_END : PIPE_CLIENT_END) |
            (Local.NamedPipeType == FILE_PIPE_MESSAGE_TYPE ? PIPE_TYPE_MESSAGE : PIPE_TYPE_BYTE);
    }
    if (OutSize != NULL) {
        *OutSize = Local.OutboundQuota;
    }
    if (InSize != NULL) {
        *InSize = Local.InboundQuota;
    }
    if (MaximumInstances != NULL) {
        *MaximumInstances = Local.MaximumInstances < PIPE_UNLIMITED_INSTANCES
                                ? Local.MaximumInstances
                                : PIPE_UNLIMITED_INSTANCES;
    }
    return TRUE;
}

BOOL WINAPI
GetNamedPipeClientProcessId(HANDLE Pipe, PULONG ProcessId)
{
    static const char Name[] = "ClientProcessId";

    return BaseResult(BasePipeControl(Pipe, FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE, (PVOID)Name,
                                      sizeof(Name), ProcessId, sizeof(*ProcessId), NULL));
}

BOOL WINAPI
GetNamedPipeServerProcessId(HANDLE Pipe, PULONG ProcessId)
{
    static const char Name[] = "ServerProcessId";

    return BaseResult(BasePipeControl(Pipe, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, (PVOID)Name,
                                      sizeof(Name), ProcessId, sizeof(*ProcessId), NULL));
}
