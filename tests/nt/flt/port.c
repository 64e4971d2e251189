/*
 * port.c - communication ports, the filter's side; port-client.c is the program's.
 * [DDI: FltCreateCommunicationPort, FltSendMessage, FltCloseClientPort, PFLT_MESSAGE_NOTIFY]
 */
#include "tinyfs.h"
#include "port.h"

static PFLT_FILTER Filter;
static PFLT_PORT Server, Client;
static LONG Connects, Disconnects, Messages;
static ULONG ContextSize;

static NTSTATUS FLTAPI
Connect(PFLT_PORT ClientPort, PVOID ServerPortCookie, PVOID ConnectionContext, ULONG SizeOfContext,
        PVOID *ConnectionPortCookie)
{
    Connects++;
    ContextSize = SizeOfContext;
    if (SizeOfContext == 3) {
        return STATUS_ACCESS_DENIED; /* the filter refuses */
    }
    Client = ClientPort;
    *ConnectionPortCookie = &Client;
    return ServerPortCookie == &Server ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static VOID FLTAPI
Disconnect(PVOID ConnectionCookie)
{
    Disconnects++;
    FltCloseClientPort(Filter, &Client);
}

static NTSTATUS FLTAPI
Message(PVOID PortCookie, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
        ULONG OutputBufferLength, PULONG ReturnOutputBufferLength)
{
    LARGE_INTEGER Timeout = {.QuadPart = -10 * 10000000ll};
    TEST_REQUEST Request;
    ULONG Reply = 0, Length = sizeof(Reply);
    NTSTATUS Status = STATUS_SUCCESS;

    Messages++;
    if (InputBuffer == NULL || InputBufferLength < sizeof(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        Request = *(TEST_REQUEST *)InputBuffer; /* the program's own memory */
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    switch (Request.Kind) {
    case 0:
        Reply = Request.Value + 1;
        break;
    case 1: /* a message to the program, whose other thread replies */
        Status = FltSendMessage(Filter, &Client, &Request.Value, sizeof(Request.Value), &Reply,
                                &Length, &Timeout);
        break;
    case 2:
        return STATUS_DISK_FULL;
    case 3:
        FltCloseClientPort(Filter, &Client);
        break;
    case 4: /* nobody replies */
        Timeout.QuadPart = -10000;
        Status = FltSendMessage(Filter, &Client, &Request.Value, sizeof(Request.Value), &Reply,
                                &Length, &Timeout);
        Reply = (ULONG)Status;
        Status = STATUS_SUCCESS;
        break;
    }
    if (NT_SUCCESS(Status) && OutputBufferLength >= sizeof(Reply)) {
        __try {
            *(PULONG)OutputBuffer = Reply;
            *ReturnOutputBufferLength = sizeof(Reply);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

static NTSTATUS FLTAPI
UnloadFilter(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    EXPECT_EQ(Connects, Disconnects + 1);          /* one was refused */
    EXPECT(Flags & FLTFL_FILTER_UNLOAD_MANDATORY); /* the run's end stops the service */
    FltCloseCommunicationPort(Server);
    FltUnregisterFilter(Filter);
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = UnloadFilter};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(TEST_PORT);
    PSECURITY_DESCRIPTOR Descriptor;
    OBJECT_ATTRIBUTES Attributes;
    PFLT_PORT Second;

    NtlabCase = "Port";
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Port", L"370032", 0);
    EXPECT_STATUS(FltRegisterFilter(DriverObject, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltBuildDefaultSecurityDescriptor(&Descriptor, FLT_PORT_ALL_ACCESS),
                  STATUS_SUCCESS);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, Descriptor);
    EXPECT_STATUS(FltCreateCommunicationPort(Filter, &Server, &Attributes, &Server, Connect,
                                             Disconnect, Message, 1),
                  STATUS_INVALID_PARAMETER); /* without OBJ_KERNEL_HANDLE */
    Attributes.Attributes |= OBJ_KERNEL_HANDLE;
    EXPECT_STATUS(FltCreateCommunicationPort(Filter, &Server, &Attributes, &Server, Connect,
                                             Disconnect, Message, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FltCreateCommunicationPort(Filter, &Server, &Attributes, &Server, Connect,
                                             Disconnect, Message, 1),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FltCreateCommunicationPort(Filter, &Second, &Attributes, NULL, Connect,
                                             Disconnect, Message, 1),
                  STATUS_OBJECT_NAME_COLLISION);
    FltFreeSecurityDescriptor(Descriptor);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    return STATUS_SUCCESS;
}
