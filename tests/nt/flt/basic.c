/*
 * basic.c - a minifilter's life: registered, attached, called before and after each operation, torn down.
 * [DDI: FltRegisterFilter, FltStartFiltering, FltUnregisterFilter, PFLT_PRE_OPERATION_CALLBACK,
 * PFLT_POST_OPERATION_CALLBACK, PFLT_INSTANCE_SETUP_CALLBACK, PFLT_INSTANCE_TEARDOWN_CALLBACK]
 */
#include "tinyfs.h"

static PDRIVER_OBJECT Driver;
static UNICODE_STRING Registry;
static WCHAR RegistryBuffer[200];
static PFLT_FILTER Filter;
static LONG Pre[256], Post[256], Setups, Starts, Completes;
static FLT_INSTANCE_SETUP_FLAGS SetupFlags;
static FLT_INSTANCE_TEARDOWN_FLAGS TeardownFlags;
static NTSTATUS SetupStatus;
static PFLT_INSTANCE Instance;
static FLT_CALLBACK_DATA_FLAGS LastFlags, LastPostFlags;
static KIRQL PostIrql[256];
static PETHREAD PreThread, PostThread;
static NTSTATUS LastStatus;
static ULONG LastLength;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreAny(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Pre[Data->Iopb->MajorFunction]++;
    LastFlags = Data->Flags;
    PreThread = PsGetCurrentThread();
    if (Data->Iopb->MajorFunction == IRP_MJ_READ) {
        LastLength = Data->Iopb->Parameters.Read.Length;
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_CLEANUP) {
        ObReferenceObject(FltObjects->FileObject); /* as a scan at cleanup does */
        ObDereferenceObject(FltObjects->FileObject);
    }
    EXPECT(FltObjects->Size == sizeof(*FltObjects) && FltObjects->Filter == Filter);
    EXPECT(FltObjects->Instance == Data->Iopb->TargetInstance &&
           FltObjects->FileObject == Data->Iopb->TargetFileObject);
    *CompletionContext = (PVOID)(ULONG_PTR)(0x1000 + Data->Iopb->MajorFunction);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostAny(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
        FLT_POST_OPERATION_FLAGS Flags)
{
    UCHAR Major = Data->Iopb->MajorFunction;

    Post[Major]++;
    PostIrql[Major] = KeGetCurrentIrql();
    PostThread = PsGetCurrentThread();
    LastPostFlags = Data->Flags;
    LastStatus = Data->IoStatus.Status;
    EXPECT(CompletionContext == (PVOID)(ULONG_PTR)(0x1000 + Major));
    EXPECT_EQ(Flags, 0);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags,
      DEVICE_TYPE VolumeDeviceType, FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    Setups++;
    SetupFlags = Flags;
    Instance = FltObjects->Instance;
    EXPECT_EQ(VolumeDeviceType, FILE_DEVICE_DISK_FILE_SYSTEM);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    return SetupStatus;
}

static VOID FLTAPI
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Starts++;
    TeardownFlags = Reason;
}

static VOID FLTAPI
TeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Completes++;
    EXPECT_EQ(Starts, Completes); /* start comes first */
}

static NTSTATUS FLTAPI
UnloadFilter(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreAny, PostAny},
    {IRP_MJ_READ, 0, PreAny, PostAny},
    {IRP_MJ_WRITE, 0, PreAny, PostAny},
    {IRP_MJ_QUERY_INFORMATION, 0, PreAny, PostAny},
    {IRP_MJ_CLEANUP, 0, PreAny, PostAny},
    {IRP_MJ_CLOSE, 0, PreAny, PostAny},
    {IRP_MJ_OPERATION_END}};

static FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                        .Version = FLT_REGISTRATION_VERSION,
                                        .OperationRegistration = Operations,
                                        .FilterUnloadCallback = UnloadFilter,
                                        .InstanceSetupCallback = Setup,
                                        .InstanceTeardownStartCallback = TeardownStart,
                                        .InstanceTeardownCompleteCallback = TeardownComplete};

static VOID
Register(VOID)
{
    FLT_REGISTRATION Wrong = Registration;
    static const FLT_OPERATION_REGISTRATION Power[] = {{IRP_MJ_POWER, 0, PreAny, PostAny},
                                                       {IRP_MJ_OPERATION_END}};

    Wrong.Version = 0x0100;
    EXPECT_STATUS(FltRegisterFilter(Driver, &Wrong, &Filter), STATUS_INVALID_PARAMETER);
    Wrong = Registration;
    Wrong.OperationRegistration = Power; /* not registrable */
    EXPECT_STATUS(FltRegisterFilter(Driver, &Wrong, &Filter), STATUS_INVALID_PARAMETER);
    EXPECT(Filter == NULL);
    TinyNoKeys(&Registry); /* without Instances in the service key */
    EXPECT_STATUS(FltRegisterFilter(Driver, &Registration, &Filter), STATUS_OBJECT_NAME_NOT_FOUND);
    TinyKeys(&Registry, L"Basic", L"370030.5", 0);
    EXPECT_STATUS(FltRegisterFilter(Driver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_EQ(Setups, 0); /* nothing is attached before FltStartFiltering */
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_INVALID_PARAMETER); /* twice */
}

static VOID
Operate(VOID)
{
    FILE_NETWORK_OPEN_INFORMATION Network;
    FILE_STANDARD_INFORMATION Standard;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;
    HANDLE Handle;
    char Text[8];

    /* The first operation after the mount sets the instance up. */
    Handle = TinyOpenFile(TINY_DISK L"\\one");
    EXPECT(Handle != NULL);
    EXPECT_EQ(Setups, 1);
    EXPECT_EQ(SetupFlags, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT |
                              FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME);
    EXPECT_EQ(Pre[IRP_MJ_CREATE], 1);
    EXPECT_EQ(Post[IRP_MJ_CREATE], 1);
    EXPECT_EQ(PostIrql[IRP_MJ_CREATE], PASSIVE_LEVEL);
    EXPECT(LastFlags & FLTFL_CALLBACK_DATA_IRP_OPERATION);
    EXPECT(!(LastFlags & FLTFL_CALLBACK_DATA_POST_OPERATION));
    EXPECT(LastPostFlags & FLTFL_CALLBACK_DATA_POST_OPERATION);

    EXPECT_STATUS(TinyWriteAt(Handle, 0, "filters", 7), STATUS_SUCCESS);
    EXPECT_EQ(Pre[IRP_MJ_WRITE], 1);
    EXPECT_EQ(Post[IRP_MJ_WRITE], 1);
    EXPECT_STATUS(TinyReadAt(Handle, 2, Text, 5), STATUS_SUCCESS);
    EXPECT(RtlCompareMemory(Text, "lters", 5) == 5);
    EXPECT_EQ(LastLength, 5);
    EXPECT_EQ(Pre[IRP_MJ_READ], 1);
    EXPECT_EQ(Post[IRP_MJ_READ], 1);
    EXPECT_STATUS(TinyReadAt(Handle, 100, Text, 5), STATUS_END_OF_FILE);
    EXPECT_STATUS(LastStatus, STATUS_END_OF_FILE); /* failures are seen as well */
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Standard, sizeof(Standard), FileStandardInformation),
        STATUS_SUCCESS);
    EXPECT_EQ(Standard.EndOfFile.QuadPart, 7);
    EXPECT_EQ(Pre[IRP_MJ_QUERY_INFORMATION], 1);
    EXPECT(LastFlags & FLTFL_CALLBACK_DATA_SYSTEM_BUFFER);
    ZwClose(Handle);
    EXPECT_EQ(Pre[IRP_MJ_CLEANUP], 1);
    EXPECT_EQ(Pre[IRP_MJ_CLOSE], 1);
    EXPECT_EQ(Post[IRP_MJ_CLOSE], 1);
    EXPECT_STATUS(TinyOpen(TINY_DISK L"\\none", GENERIC_READ, FILE_OPEN, 0, &Handle),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(LastStatus, STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(Pre[IRP_MJ_CLEANUP], 1); /* no cleanup after a failed create */

    /* Opened for a question alone, without a handle: the file object can be referenced in its cleanup too. */
    RtlInitUnicodeString(&Name, TINY_DISK L"\\one");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwQueryFullAttributesFile(&Attributes, &Network), STATUS_SUCCESS);
    EXPECT_EQ(Network.EndOfFile.QuadPart, 7);
    EXPECT_EQ(Pre[IRP_MJ_CLEANUP], 2);
    EXPECT_EQ(Pre[IRP_MJ_CLOSE], 2);
}

/* Completed below at DISPATCH_LEVEL, later: the post-callback runs there. */
static VOID
Asynchronous(VOID)
{
    LARGE_INTEGER Where = {};
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    char Text[8];

    EXPECT_STATUS(TinyOpen(TINY_DISK L"\\one", GENERIC_READ, FILE_OPEN, 0, &Handle),
                  STATUS_SUCCESS);
    TinyHold = TRUE;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 7, &Where, NULL),
                  STATUS_PENDING);
    TinyHold = FALSE;
    EXPECT_EQ(Pre[IRP_MJ_READ], 3);
    EXPECT_EQ(Post[IRP_MJ_READ], 2);
    TinyRelease();
    EXPECT_EQ(Post[IRP_MJ_READ], 3);
    EXPECT_EQ(PostIrql[IRP_MJ_READ], DISPATCH_LEVEL);
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 7);
    ZwClose(Handle);
}

static VOID
Stop(VOID)
{
    LONG Creates = Pre[IRP_MJ_CREATE];
    HANDLE Handle;

    FltUnregisterFilter(Filter);
    EXPECT_EQ(Starts, 1);
    EXPECT_EQ(Completes, 1);
    EXPECT_EQ(TeardownFlags, FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD);
    Handle = TinyOpenFile(TINY_DISK L"\\one"); /* unseen */
    EXPECT(Handle != NULL);
    ZwClose(Handle);
    EXPECT_EQ(Pre[IRP_MJ_CREATE], Creates);
    /* Again, on a volume that is there; a setup that refuses leaves no instance. */
    SetupStatus = STATUS_FLT_DO_NOT_ATTACH;
    EXPECT_STATUS(FltRegisterFilter(Driver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    EXPECT_EQ(Setups, 2);
    EXPECT_EQ(SetupFlags, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT);
    Handle = TinyOpenFile(TINY_DISK L"\\one");
    ZwClose(Handle);
    EXPECT_EQ(Pre[IRP_MJ_CREATE], Creates);
    FltUnregisterFilter(Filter);
    EXPECT_EQ(Starts, 1); /* nothing to tear down */
    TinyStop();
}

/* What is written into a file object is read from there. [DDI: FltGetIoPriorityHintFromFileObject] */
static VOID
Priorities(VOID)
{
    HANDLE Handle = TinyOpenFile(TINY_DISK L"\\one");
    PFILE_OBJECT File;

    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(FltGetIoPriorityHintFromFileObject(File), IoPriorityNormal);
    EXPECT_STATUS(FltSetIoPriorityHintIntoFileObject(File, IoPriorityLow), STATUS_SUCCESS);
    EXPECT_EQ(FltGetIoPriorityHintFromFileObject(File), IoPriorityLow);
    EXPECT_STATUS(FltSetIoPriorityHintIntoFileObject(File, (IO_PRIORITY_HINT)77),
                  STATUS_INVALID_PARAMETER);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Register), TEST(Operate), TEST(Asynchronous),
                                       TEST(Priorities), TEST(Stop)};

    Driver = DriverObject;
    Registry.Buffer = RegistryBuffer;
    Registry.MaximumLength = sizeof(RegistryBuffer);
    RtlCopyUnicodeString(&Registry, RegistryPath);
    TinyStart(DriverObject);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
