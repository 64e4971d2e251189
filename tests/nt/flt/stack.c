/*
 * stack.c - several instances on one volume: altitudes, order, neighbours, enumeration.
 * [DDI: FltAttachVolumeAtAltitude, FltGetLowerInstance, FltCompareInstanceAltitudes, FltEnumerateInstances,
 * FltGetInstanceInformation; nt-semantics-2 1.1, 1.9]
 */
#include "tinyfs.h"

static PFLT_FILTER Filter;
static PFLT_VOLUME Volume;
static PFLT_INSTANCE Order[16], Made[4];
static ULONG Count;
static BOOLEAN Refuse, Complete;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Order[Count++ & 15] = FltObjects->Instance;
    if (Complete && FltObjects->Instance == Made[1]) {
        Data->IoStatus.Status = STATUS_FILE_CORRUPT_ERROR;
        return FLT_PREOP_COMPLETE;
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
         FLT_POST_OPERATION_FLAGS Flags)
{
    Order[Count++ & 15] = FltObjects->Instance;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    return Refuse ? STATUS_FLT_DO_NOT_DETACH : STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_READ, 0, PreRead, PostRead},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload,
                                              .InstanceQueryTeardownCallback = QueryTeardown};

static NTSTATUS
AttachAt(PCWSTR Altitude, PCWSTR Name, PFLT_INSTANCE *Instance)
{
    UNICODE_STRING AltitudeText, NameText;

    RtlInitUnicodeString(&AltitudeText, Altitude);
    RtlInitUnicodeString(&NameText, Name);
    return FltAttachVolumeAtAltitude(Filter, Volume, &AltitudeText, &NameText, Instance);
}

static HANDLE File;

static VOID
Altitudes(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(TINY_DISK);
    PFLT_INSTANCE Other;

    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeInstanceFromName(Filter, Volume, NULL, &Made[0]), STATUS_SUCCESS);
    EXPECT_STATUS(AttachAt(L"100.123456", L"low", &Made[2]), STATUS_SUCCESS);
    EXPECT_STATUS(AttachAt(L"03333", L"middle", &Made[1]), STATUS_SUCCESS);
    EXPECT_STATUS(AttachAt(L"100.12345", L"lowest", &Made[3]), STATUS_SUCCESS);
    EXPECT_STATUS(AttachAt(L"3333.0", L"again", &Other), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    EXPECT_STATUS(AttachAt(L"5", L"LOW", &Other), STATUS_FLT_INSTANCE_NAME_COLLISION);
    EXPECT_STATUS(AttachAt(L"12x", L"bad", &Other), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(AttachAt(L"1.2.3", L"bad", &Other), STATUS_INVALID_PARAMETER);
    EXPECT(FltCompareInstanceAltitudes(Made[1], Made[2]) > 0); /* "03333" is above "100.123456" */
    EXPECT(FltCompareInstanceAltitudes(Made[3], Made[2]) < 0);
    EXPECT_EQ(FltCompareInstanceAltitudes(Made[2], Made[2]), 0);
}

static VOID
Orders(VOID)
{
    char Text[4];

    Count = 0;
    EXPECT_STATUS(TinyReadAt(File, 0, Text, 3), STATUS_SUCCESS);
    EXPECT_EQ(Count, 8);
    for (ULONG i = 0; i < 4; i++) {
        EXPECT(Order[i] == Made[i]);     /* down: from the highest */
        EXPECT(Order[7 - i] == Made[i]); /* up: from the lowest */
    }
    Count = 0;
    Complete = TRUE;
    EXPECT_STATUS(TinyReadAt(File, 0, Text, 3), STATUS_FILE_CORRUPT_ERROR);
    Complete = FALSE;
    EXPECT_EQ(Count, 3); /* those below see nothing, those above are told */
    EXPECT(Order[0] == Made[0] && Order[1] == Made[1] && Order[2] == Made[0]);
}

/* [DDI: FltIsIoRedirectionAllowed, FltAdjustDeviceStackSizeForIoRedirection] */
static VOID
Redirections(VOID)
{
    BOOLEAN Allowed = FALSE, Modified = TRUE;

    EXPECT_STATUS(FltIsIoRedirectionAllowed(Made[0], Made[1], &Allowed), STATUS_SUCCESS);
    EXPECT(Allowed); /* one stack is as high as itself */
    EXPECT_STATUS(FltAdjustDeviceStackSizeForIoRedirection(Made[0], Made[1], &Modified),
                  STATUS_SUCCESS);
    EXPECT(!Modified);
}

/* [DDI: FltCreateNamedPipeFile] A pipe of the filter's own; a second instance of it is one too many. */
static VOID
Pipes(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NamedPipe\\flt-stack");
    LARGE_INTEGER Timeout = {.QuadPart = -500000};
    OBJECT_ATTRIBUTES Attributes;
    PFILE_OBJECT FileObject;
    IO_STATUS_BLOCK Iosb;
    HANDLE Pipe, Other;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(FltCreateNamedPipeFile(
                      Filter, NULL, &Pipe, &FileObject, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
                      &Attributes, &Iosb, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                      FILE_SYNCHRONOUS_IO_NONALERT, 0, 0, 0, 1, 512, 512, &Timeout, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    EXPECT(FileObject->DeviceObject->DeviceType == FILE_DEVICE_NAMED_PIPE);
    EXPECT_STATUS(FltCreateNamedPipeFile(Filter, NULL, &Other, NULL, GENERIC_READ | SYNCHRONIZE,
                                         &Attributes, &Iosb, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                         FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, 0, 0, 0, 1,
                                         512, 512, &Timeout, NULL),
                  STATUS_INSTANCE_NOT_AVAILABLE);
    ObDereferenceObject(FileObject);
    FltClose(Pipe);
}

static VOID
Lists(VOID)
{
    union {
        INSTANCE_FULL_INFORMATION Info;
        UCHAR Bytes[512];
    } Full;
    PFLT_INSTANCE List[4], Other;
    ULONG Number;

    EXPECT_STATUS(FltGetLowerInstance(Made[1], &Other), STATUS_SUCCESS);
    EXPECT(Other == Made[2]);
    FltObjectDereference(Other);
    EXPECT_STATUS(FltGetUpperInstance(Made[1], &Other), STATUS_SUCCESS);
    EXPECT(Other == Made[0]);
    FltObjectDereference(Other);
    EXPECT_STATUS(FltGetUpperInstance(Made[0], &Other), STATUS_NO_MORE_ENTRIES);
    EXPECT_STATUS(FltGetBottomInstance(Volume, &Other), STATUS_SUCCESS);
    EXPECT(Other == Made[3]);
    FltObjectDereference(Other);
    EXPECT_STATUS(FltEnumerateInstances(Volume, NULL, NULL, 0, &Number), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Number, 4);
    EXPECT_STATUS(FltEnumerateInstances(Volume, Filter, List, 4, &Number), STATUS_SUCCESS);
    for (ULONG i = 0; i < 4; i++) {
        FltObjectDereference(List[i]);
    }
    EXPECT_STATUS(FltGetInstanceInformation(Made[1], InstanceFullInformation, &Full, 20, &Number),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(
        FltGetInstanceInformation(Made[1], InstanceFullInformation, &Full, sizeof(Full), &Number),
        STATUS_SUCCESS);
    {
        UNICODE_STRING Name = RTL_CONSTANT_STRING(TINY_DISK);
        PDEVICE_OBJECT Device;

        EXPECT_STATUS(FltEnumerateInstanceInformationByVolumeName(&Name, 4, InstanceFullInformation,
                                                                  &Full, sizeof(Full), &Number),
                      STATUS_NO_MORE_ENTRIES);
        EXPECT_STATUS(FltGetDeviceObject(Volume, &Device), STATUS_SUCCESS);
        EXPECT_STATUS(FltEnumerateInstanceInformationByDeviceObject(
                          Device, 0, InstanceFullInformation, &Full, sizeof(Full), &Number),
                      STATUS_SUCCESS);
        EXPECT_EQ(Full.Info.AltitudeLength, 12);
        ObDereferenceObject(Device);
        EXPECT_STATUS(FltEnumerateInstanceInformationByVolumeName(&Name, 1, InstanceFullInformation,
                                                                  &Full, sizeof(Full), &Number),
                      STATUS_SUCCESS);
    }
    EXPECT_EQ(Full.Info.InstanceNameLength, 12);
    EXPECT_EQ(Full.Info.AltitudeLength, 10);
    EXPECT(RtlCompareMemory(Full.Bytes + Full.Info.AltitudeBufferOffset, L"03333", 10) == 10);
}

static VOID
Detaches(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"middle");
    char Text[4];

    Refuse = TRUE;
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, &Name), STATUS_FLT_DO_NOT_DETACH);
    Refuse = FALSE;
    FltObjectDereference(Made[1]);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, &Name), STATUS_SUCCESS);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, &Name), STATUS_FLT_INSTANCE_NOT_FOUND);
    Count = 0;
    EXPECT_STATUS(TinyReadAt(File, 0, Text, 3), STATUS_SUCCESS);
    EXPECT_EQ(Count, 6);
    FltObjectDereference(Made[0]);
    FltObjectDereference(Made[2]);
    FltObjectDereference(Made[3]);
    FltObjectDereference(Volume);
    ZwClose(File);
    FltUnregisterFilter(Filter);
    TinyStop();
}

static VOID NTAPI
UnloadDriver(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Altitudes), TEST(Orders), TEST(Redirections),
                                       TEST(Pipes),     TEST(Lists),  TEST(Detaches)};

    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Top", L"370034", 0);
    TinyStart(DriverObject);
    FltRegisterFilter(DriverObject, &Registration, &Filter);
    FltStartFiltering(Filter);
    File = TinyOpenFile(TINY_DISK L"\\stack");
    TinyWriteAt(File, 0, "abc", 3);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = UnloadDriver;
    return STATUS_SUCCESS;
}
