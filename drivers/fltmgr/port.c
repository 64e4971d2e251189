/*
 * port.c - communication ports: made, connected to, closed.
 *
 * A server port has a name and a descriptor; a program connects by opening \FileSystem\Filters\FltMgrMsg with an
 * extended attribute FLTPORT that names it. The file object is the connection's user side, FltSendMessage's port its
 * kernel side. [DDI: FltCreateCommunicationPort, FltCloseClientPort; nt-semantics-2 1.11]
 *
 *   P1  A server port holds its filter until FltCloseCommunicationPort: an unload that forgets it waits for ever.
 *   P2  The disconnect callback is called once, when the program's last handle goes or the filter is unregistered.
 *   P3  A connection's memory lives until its file object is closed and the filter has let go of it.
 *
 * Names are kept here and not in the object manager's namespace.
 */
#include "port.h"

static NTSTATUS
FltpCopyDescriptor(PSECURITY_DESCRIPTOR From, PSECURITY_DESCRIPTOR *To)
{
    ULONG Length = 0;

    *To = NULL;
    if (From == NULL) {
        return STATUS_SUCCESS;
    }
    if (((PISECURITY_DESCRIPTOR)From)->Control & SE_SELF_RELATIVE) {
        Length = RtlLengthSecurityDescriptor(From);
        *To = ExAllocatePoolWithTag(PagedPool, Length, FLTP_TAG_PORT);
        if (*To == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(*To, From, Length);
        return STATUS_SUCCESS;
    }
    RtlAbsoluteToSelfRelativeSD(From, NULL, &Length);
    *To = ExAllocatePoolWithTag(PagedPool, Length, FLTP_TAG_PORT);
    if (*To == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return RtlAbsoluteToSelfRelativeSD(From, *To, &Length);
}

static VOID
FltpDereferenceServer(PFLTP_SERVER Server)
{
    if (InterlockedDecrement(&Server->References) == 0) {
        FltpFreeString(&Server->Name);
        if (Server->Descriptor != NULL) {
            ExFreePoolWithTag(Server->Descriptor, FLTP_TAG_PORT);
        }
        ExFreePoolWithTag(Server, FLTP_TAG_PORT);
    }
}

static PFLTP_SERVER
FltpFindServer(PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = FltpPorts.Flink; Entry != &FltpPorts; Entry = Entry->Flink) {
        PFLTP_SERVER Server = CONTAINING_RECORD(Entry, FLTP_SERVER, Header.Links);

        if (RtlEqualUnicodeString(&Server->Name, Name, TRUE)) {
            return Server;
        }
    }
    return NULL;
}

NTSTATUS FLTAPI
FltCreateCommunicationPort(PFLT_FILTER Filter, PFLT_PORT *ServerPort,
                           POBJECT_ATTRIBUTES ObjectAttributes, PVOID ServerPortCookie,
                           PFLT_CONNECT_NOTIFY ConnectNotifyCallback,
                           PFLT_DISCONNECT_NOTIFY DisconnectNotifyCallback,
                           PFLT_MESSAGE_NOTIFY MessageNotifyCallback, LONG MaxConnections)
{
    PFLTP_SERVER Server;
    NTSTATUS Status;

    *ServerPort = NULL;
    if ((ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE) == 0 || MaxConnections <= 0 ||
        ObjectAttributes->ObjectName == NULL || ConnectNotifyCallback == NULL ||
        DisconnectNotifyCallback == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!ExAcquireRundownProtection(&Filter->Header.Rundown)) { /* P1 */
        return STATUS_FLT_DELETING_OBJECT;
    }
    Server = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Server), FLTP_TAG_PORT);
    if (Server == NULL) {
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Server, sizeof(*Server));
    Server->Header.Type = FLTP_PORT_TYPE;
    Server->References = 1;
    Server->Filter = Filter;
    Server->Cookie = ServerPortCookie;
    Server->Connect = ConnectNotifyCallback;
    Server->Disconnect = DisconnectNotifyCallback;
    Server->Message = MessageNotifyCallback;
    Server->MaxConnections = MaxConnections;
    Status = FltpCopyString(&Server->Name, ObjectAttributes->ObjectName, FLTP_TAG_PORT);
    if (NT_SUCCESS(Status)) {
        Status = FltpCopyDescriptor(ObjectAttributes->SecurityDescriptor, &Server->Descriptor);
    }
    if (NT_SUCCESS(Status)) {
        FltpAcquireExclusive(&FltpPortLock);
        if (FltpFindServer(&Server->Name) != NULL) {
            Status = STATUS_OBJECT_NAME_COLLISION;
        } else {
            InsertTailList(&FltpPorts, &Server->Header.Links);
        }
        FltpRelease(&FltpPortLock);
    }
    if (!NT_SUCCESS(Status)) {
        FltpDereferenceServer(Server);
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return Status;
    }
    *ServerPort = (PFLT_PORT)Server;
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltCloseCommunicationPort(PFLT_PORT ServerPort)
{
    PFLTP_SERVER Server = (PFLTP_SERVER)ServerPort;
    PFLT_FILTER Filter = Server->Filter;

    FltpAcquireExclusive(&FltpPortLock);
    RemoveEntryList(&Server->Header.Links);
    FltpRelease(&FltpPortLock);
    FltpDereferenceServer(Server);
    ExReleaseRundownProtection(&Filter->Header.Rundown);
}

VOID
FltpDereferenceConnection(PFLTP_CONNECTION Connection)
{
    if (InterlockedDecrement(&Connection->References) == 0) {
        FltpDereferenceServer(Connection->Server);
        ExFreePoolWithTag(Connection, FLTP_TAG_PORT);
    }
}

/* Nothing goes through it any more; who waits in it is told. */
static VOID
FltpCut(PFLTP_CONNECTION Connection)
{
    KIRQL OldIrql;
    PIRP Irp;

    KeAcquireSpinLock(&Connection->Lock, &OldIrql);
    Connection->Cut = TRUE;
    for (PLIST_ENTRY Entry = Connection->Messages.Flink; Entry != &Connection->Messages;
         Entry = Entry->Flink) {
        PFLTP_MESSAGE Message = CONTAINING_RECORD(Entry, FLTP_MESSAGE, Links);

        Message->Status = STATUS_PORT_DISCONNECTED;
        KeSetEvent(&Message->Done, IO_NO_INCREMENT, FALSE);
    }
    KeReleaseSpinLock(&Connection->Lock, OldIrql);
    while ((Irp = IoCsqRemoveNextIrp(&Connection->Csq, NULL)) != NULL) {
        FltpComplete(Irp, STATUS_PORT_DISCONNECTED, 0);
    }
}

/* P2 */
static VOID
FltpDisconnect(PFLTP_CONNECTION Connection)
{
    FltpCut(Connection);
    if (InterlockedExchange(&Connection->Disconnected, 1) == 0) {
        PFLT_FILTER Filter = Connection->Server->Filter;

        Connection->Server->Disconnect(Connection->Cookie);
        FltpAcquireExclusive(&FltpPortLock);
        RemoveEntryList(&Connection->Header.Links);
        InterlockedDecrement(&Connection->Server->Connections);
        FltpRelease(&FltpPortLock);
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        FltpDereferenceConnection(Connection); /* the list's */
    }
}

VOID FLTAPI
FltCloseClientPort(PFLT_FILTER Filter, PFLT_PORT *ClientPort)
{
    PFLTP_CONNECTION Connection;

    FltpAcquireExclusive(&FltpPortLock);
    Connection = (PFLTP_CONNECTION)*ClientPort;
    *ClientPort = NULL;
    FltpRelease(&FltpPortLock);
    if (Connection != NULL && InterlockedExchange(&Connection->Closed, 1) == 0) {
        FltpCut(Connection);
        FltpDereferenceConnection(Connection); /* the filter's */
    }
}

/* The filter is being unregistered. */
VOID
FltpClosePorts(PFLT_FILTER Filter)
{
    PFLTP_CONNECTION Connection;

    do {
        Connection = NULL;
        FltpAcquireShared(&FltpPortLock);
        if (!IsListEmpty(&Filter->Clients)) {
            Connection = CONTAINING_RECORD(Filter->Clients.Flink, FLTP_CONNECTION, Header.Links);
            InterlockedIncrement(&Connection->References);
        }
        FltpRelease(&FltpPortLock);
        if (Connection != NULL) {
            FltpDisconnect(Connection);
            if (InterlockedExchange(&Connection->Closed, 1) == 0) {
                FltpDereferenceConnection(Connection);
            }
            FltpDereferenceConnection(Connection);
        }
    } while (Connection != NULL);
}

/* What the extended attribute says. The name is the program's, in its address space. */
typedef struct _FLTP_PORT_EA {
    PUNICODE_STRING PortName;
    PVOID PortName64;
    USHORT SizeOfContext;
    UCHAR Padding[6];
    UCHAR Context[];
} FLTP_PORT_EA, *PFLTP_PORT_EA;

static NTSTATUS
FltpCapturePort(PIRP Irp, PIO_STACK_LOCATION Stack, PUNICODE_STRING Name, PFLTP_PORT_EA *Ea)
{
    PFILE_FULL_EA_INFORMATION Full = Irp->AssociatedIrp.SystemBuffer;
    UNICODE_STRING Given;
    NTSTATUS Status;

    if (Full == NULL || Stack->Parameters.Create.EaLength == 0 || Full->EaNameLength != 7 ||
        RtlCompareMemory(Full->EaName, "FLTPORT", 7) != 7 ||
        Full->EaValueLength < FIELD_OFFSET(FLTP_PORT_EA, Context)) {
        return STATUS_INVALID_PARAMETER;
    }
    *Ea = (PFLTP_PORT_EA)(Full->EaName + Full->EaNameLength + 1);
    if ((*Ea)->SizeOfContext > Full->EaValueLength - FIELD_OFFSET(FLTP_PORT_EA, Context)) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead((*Ea)->PortName, sizeof(UNICODE_STRING), sizeof(ULONG));
        }
        Given = *(volatile UNICODE_STRING *)(*Ea)->PortName;
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead(Given.Buffer, Given.Length, sizeof(WCHAR));
        }
        if (Given.Length == 0 || Given.Length % sizeof(WCHAR) != 0) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Status = FltpCopyString(Name, &Given, FLTP_TAG_PORT);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

static NTSTATUS
FltpMayConnect(PFLTP_SERVER Server, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    static const GENERIC_MAPPING Mapping = {READ_CONTROL | FLT_PORT_CONNECT, FLT_PORT_CONNECT,
                                            FLT_PORT_CONNECT, FLT_PORT_ALL_ACCESS};
    PSECURITY_SUBJECT_CONTEXT Subject =
        &Stack->Parameters.Create.SecurityContext->AccessState->SubjectSecurityContext;
    ACCESS_MASK Granted;
    NTSTATUS Status;

    if (Irp->RequestorMode == KernelMode || Server->Descriptor == NULL) {
        return STATUS_SUCCESS;
    }
    SeLockSubjectContext(Subject);
    if (SeAccessCheck(Server->Descriptor, Subject, TRUE, FLT_PORT_CONNECT, 0, NULL,
                      (PGENERIC_MAPPING)&Mapping, UserMode, &Granted, &Status)) {
        Status = STATUS_SUCCESS;
    }
    SeUnlockSubjectContext(Subject);
    return Status;
}

NTSTATUS
FltpConnect(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PFLTP_CONNECTION Connection;
    PFLTP_SERVER Server;
    UNICODE_STRING Name = {};
    PFLTP_PORT_EA Ea;
    NTSTATUS Status;

    Status = FltpCapturePort(Irp, Stack, &Name, &Ea);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Connection = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Connection), FLTP_TAG_PORT);
    if (Connection == NULL) {
        FltpFreeString(&Name);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Connection, sizeof(*Connection));
    FltpInitializeConnection(Connection);
    FltpAcquireExclusive(&FltpPortLock);
    Server = FltpFindServer(&Name);
    Status = Server == NULL ? STATUS_OBJECT_NAME_NOT_FOUND : FltpMayConnect(Server, Irp, Stack);
    if (NT_SUCCESS(Status)) {
        if (Server->Connections >= Server->MaxConnections) {
            Status = STATUS_CONNECTION_COUNT_LIMIT;
        } else if (!ExAcquireRundownProtection(&Server->Filter->Header.Rundown)) {
            Status = STATUS_OBJECT_NAME_NOT_FOUND;
        } else {
            Server->Connections++;
            InterlockedIncrement(&Server->References);
            Connection->Server = Server;
            Connection->References = 3; /* the file object's, the list's, the filter's */
            InsertTailList(&Server->Filter->Clients, &Connection->Header.Links);
        }
    }
    FltpRelease(&FltpPortLock);
    FltpFreeString(&Name);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Connection, FLTP_TAG_PORT);
        return Status;
    }
    Status = Server->Connect((PFLT_PORT)Connection, Server->Cookie,
                             Ea->SizeOfContext != 0 ? Ea->Context : NULL, Ea->SizeOfContext,
                             &Connection->Cookie);
    if (!NT_SUCCESS(Status)) {
        PFLT_FILTER Filter = Server->Filter;

        FltpAcquireExclusive(&FltpPortLock);
        RemoveEntryList(&Connection->Header.Links);
        InterlockedDecrement(&Server->Connections);
        FltpRelease(&FltpPortLock);
        Connection->References = 1;
        FltpDereferenceConnection(Connection);
        ExReleaseRundownProtection(&Filter->Header.Rundown);
        return Status;
    }
    Stack->FileObject->FsContext = Connection;
    return STATUS_SUCCESS;
}

NTSTATUS
FltpMessageDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFLTP_CONNECTION Connection = Stack->FileObject != NULL ? Stack->FileObject->FsContext : NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Status = FltpConnect(Irp, Stack);
        break;
    case IRP_MJ_CLEANUP:
        if (Connection != NULL) {
            FltpDisconnect(Connection);
        }
        break;
    case IRP_MJ_CLOSE:
        if (Connection != NULL) {
            FltpDereferenceConnection(Connection); /* P3 */
        }
        break;
    case IRP_MJ_DEVICE_CONTROL:
        return FltpMessageControl(Connection, Irp, Stack);
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return FltpComplete(Irp, Status, 0);
}

/* [DDI: FltBuildDefaultSecurityDescriptor] Administrators and the system may; one block of pool. */
NTSTATUS FLTAPI
FltBuildDefaultSecurityDescriptor(PSECURITY_DESCRIPTOR *SecurityDescriptor,
                                  ACCESS_MASK DesiredAccess)
{
    ULONG AclLength = sizeof(ACL) + 2 * sizeof(ACCESS_ALLOWED_ACE) +
                      RtlLengthSid(SeExports->SeAliasAdminsSid) +
                      RtlLengthSid(SeExports->SeLocalSystemSid);
    PSECURITY_DESCRIPTOR Descriptor =
        ExAllocatePoolWithTag(PagedPool, sizeof(SECURITY_DESCRIPTOR) + AclLength, FLTP_TAG_PORT);
    PACL Acl = (PACL)((PUCHAR)Descriptor + sizeof(SECURITY_DESCRIPTOR));
    NTSTATUS Status;

    *SecurityDescriptor = NULL;
    if (Descriptor == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION);
    if (NT_SUCCESS(Status)) {
        Status = RtlCreateAcl(Acl, AclLength, ACL_REVISION);
    }
    if (NT_SUCCESS(Status)) {
        Status =
            RtlAddAccessAllowedAce(Acl, ACL_REVISION, DesiredAccess, SeExports->SeAliasAdminsSid);
    }
    if (NT_SUCCESS(Status)) {
        Status =
            RtlAddAccessAllowedAce(Acl, ACL_REVISION, DesiredAccess, SeExports->SeLocalSystemSid);
    }
    if (NT_SUCCESS(Status)) {
        Status = RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE);
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Descriptor, FLTP_TAG_PORT);
        return Status;
    }
    *SecurityDescriptor = Descriptor;
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltFreeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    ExFreePoolWithTag(SecurityDescriptor, FLTP_TAG_PORT);
}
