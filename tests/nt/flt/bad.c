/*
 * bad.c - what minifilters must not do; one case a driver (CASE).
 * [BC: 0xF5 FLTMGR_FILE_SYSTEM; DDI: PFLT_PRE_OPERATION_CALLBACK, FltReleaseContext, FltCancelFileOpen,
 * FltCloseCommunicationPort, FltUnregisterFilter]
 */
#include "tinyfs.h"

static PFLT_FILTER Filter;
static PFLT_INSTANCE Instance;
static PFLT_CALLBACK_DATA Kept;
static BOOLEAN On;

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_INSTANCE_CONTEXT, 0, NULL, FLT_VARIABLE_SIZED_CONTEXTS, 'tsnI'}, {FLT_CONTEXT_END}};

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Instance = FltObjects->Instance;
    if (!On) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    switch (CASE) {
    case 1: /* it has no post-callback */
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    case 2:
        return FLT_PREOP_DISALLOW_FASTIO; /* of an IRP */
    case 3:
        return (FLT_PREOP_CALLBACK_STATUS)77;
    case 4:
        Data->IoStatus.Status = STATUS_PENDING;
        return FLT_PREOP_COMPLETE;
    case 5: /* completed twice */
        FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
        FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
        return FLT_PREOP_PENDING;
    case 6: { /* a name released twice */
        PFLT_FILE_NAME_INFORMATION Name;

        FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY,
                                  &Name);
        FltReleaseFileNameInformation(Name);
        FltReleaseFileNameInformation(Name);
        break;
    }
    case 7: /* its handle exists */
        FltCancelFileOpen(FltObjects->Instance, FltObjects->FileObject);
        break;
    case 12: /* pended, and forgotten */
        return FLT_PREOP_PENDING;
    case 13: { /* a name that is never released */
        PFLT_FILE_NAME_INFORMATION Name, Other;

        FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name);
        FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Other);
        FltReferenceFileNameInformation(Name);
        FltReleaseFileNameInformation(Name);
        FltReleaseFileNameInformation(Other);
        break;
    }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
Connect(PFLT_PORT ClientPort, PVOID ServerPortCookie, PVOID ConnectionContext, ULONG SizeOfContext,
        PVOID *ConnectionPortCookie)
{
    return STATUS_SUCCESS;
}

static VOID FLTAPI
Disconnect(PVOID ConnectionCookie)
{
}

static NTSTATUS FLTAPI
UnloadFilter(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static VOID FLTAPI
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    if (CASE == 11) { /* nobody signals it */
        KEVENT Never;

        KeInitializeEvent(&Never, NotificationEvent, FALSE);
        KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    }
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_READ, 0, PreRead, NULL},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .ContextRegistration = Contexts,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = UnloadFilter,
                                              .InstanceTeardownStartCallback = TeardownStart};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BadPort");
    PSECURITY_DESCRIPTOR Descriptor;
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Where = {};
    PFLT_CONTEXT Context;
    IO_STATUS_BLOCK Iosb;
    PFLT_PORT Port;
    HANDLE Handle;
    char Text[8];

    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Bad", L"370033", 0);
    TinyStart(DriverObject);
    FltRegisterFilter(DriverObject, &Registration, &Filter);
    FltStartFiltering(Filter);
    Handle = TinyOpenFile(TINY_DISK L"\\bad");
    TinyWriteAt(Handle, 0, "bad", 3);
    TinyReadAt(Handle, 0, Text, 3);
    On = TRUE;
    switch (CASE) {
    case 8: /* released once too often, then used */
        FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, 16, NonPagedPool, &Context);
        FltReferenceContext(Context);
        FltReleaseContext(Context);
        FltReleaseContext(Context);
        FltReleaseContext(Context);
        break;
    case 9: /* a context that nobody releases */
        FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, 16, NonPagedPool, &Context);
        break;
    case 10: /* a server port that nobody closes */
        FltBuildDefaultSecurityDescriptor(&Descriptor, FLT_PORT_ALL_ACCESS);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, Descriptor);
        FltCreateCommunicationPort(Filter, &Port, &Attributes, NULL, Connect, Disconnect, NULL, 1);
        FltFreeSecurityDescriptor(Descriptor);
        break;
    case 12:
        ZwClose(Handle);
        TinyOpen(TINY_DISK L"\\bad", GENERIC_READ, FILE_OPEN, 0, &Handle);
        ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 3, &Where, NULL);
        break;
    default:
        TinyReadAt(Handle, 0, Text, 3);
        break;
    }
    /* Those that get here hang in the unload. */
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}
