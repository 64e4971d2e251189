/*
 * dismount.c - a volume is dismounted while files are open on it, and mounted again: its instances end with the old volume device,
 * and are set up anew on the next one. On D:.
 * [DDI: PFLT_INSTANCE_TEARDOWN_CALLBACK (FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT), PFLT_INSTANCE_SETUP_CALLBACK
 * (FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME), PFLT_INSTANCE_QUERY_TEARDOWN_CALLBACK, FltDetachVolume;
 * ntifs: FSCTL_DISMOUNT_VOLUME; nt-semantics-2 1.8]
 */
#include "tinyfs.h"

#define FILE_PATH L"\\??\\D:\\kept.dat"

static PFLT_FILTER Filter;
static LONG Setups, Queries, Starts, Completes, Freed, FreedBeforeComplete;
static FLT_INSTANCE_SETUP_FLAGS SetupFlags;
static FLT_INSTANCE_TEARDOWN_FLAGS StartReason, CompleteReason;
static PFLT_INSTANCE LastSetup, LastGone, Reader;
static KEVENT Gone, Held, Go;
static BOOLEAN Hold, Draining, Ordered;
static LONG Posts, LatePosts;

typedef struct _MARK {
    ULONG Value;
} MARK, *PMARK;

static VOID FLTAPI
Clean(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    Freed++;
    if (Completes == 0 && ContextType != FLT_STREAM_CONTEXT) { /* that goes with the stream */
        FreedBeforeComplete++;
    }
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_INSTANCE_CONTEXT, 0, Clean, sizeof(MARK), 'kraM'},
    {FLT_STREAM_CONTEXT, 0, Clean, sizeof(MARK), 'kraM'},
    {FLT_VOLUME_CONTEXT, 0, Clean, sizeof(MARK), 'kraM'},
    {FLT_CONTEXT_END}};

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type,
      FLT_FILESYSTEM_TYPE FileSystem)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume2");
    WCHAR Buffer[64];
    UNICODE_STRING Found = {0, sizeof(Buffer), Buffer};

    if (!NT_SUCCESS(FltGetVolumeName(FltObjects->Volume, &Found, NULL)) ||
        !RtlEqualUnicodeString(&Found, &Name, TRUE)) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    Setups++;
    SetupFlags = Flags;
    LastSetup = FltObjects->Instance;
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    Queries++;
    return STATUS_SUCCESS;
}

static VOID FLTAPI
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Starts++;
    StartReason = Reason;
    Ordered = Completes == Starts - 1;
    if (Hold) {
        KeSetEvent(&Go, 0, FALSE); /* what is held resumes: it must not be waited for before */
    }
}

static VOID FLTAPI
TeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    Completes++;
    CompleteReason = Reason;
    LastGone = FltObjects->Instance;
    KeSetEvent(&Gone, 0, FALSE);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    if (Hold) {
        Reader = FltObjects->Instance;
        KeSetEvent(&Held, 0, FALSE);
        KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
         FLT_POST_OPERATION_FLAGS Flags)
{
    Posts++;
    Draining = (Flags & FLTFL_POST_OPERATION_DRAINING) != 0;
    LatePosts += Completes;
    return FLT_POSTOP_FINISHED_PROCESSING;
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
                                              .ContextRegistration = Contexts,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload,
                                              .InstanceSetupCallback = Setup,
                                              .InstanceQueryTeardownCallback = QueryTeardown,
                                              .InstanceTeardownStartCallback = TeardownStart,
                                              .InstanceTeardownCompleteCallback = TeardownComplete};

static NTSTATUS
OpenIt(PCWSTR Name, ULONG Disposition, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    *Handle = NULL;
    return ZwCreateFile(Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &Iosb, NULL, 0,
                        7, Disposition, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static NTSTATUS
ReadIt(HANDLE Handle, PVOID Buffer)
{
    LARGE_INTEGER Zero = {};
    IO_STATUS_BLOCK Iosb;

    return ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 4, &Zero, NULL);
}

static NTSTATUS
Dismount(PHANDLE Volume)
{
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = OpenIt(L"\\??\\D:", FILE_OPEN, Volume);

    return NT_SUCCESS(Status) ? ZwFsControlFile(*Volume, NULL, NULL, NULL, &Iosb,
                                                FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0)
                              : Status;
}

static BOOLEAN
WaitUntilGone(VOID)
{
    LARGE_INTEGER Second = {.QuadPart = -10 * 1000 * 1000};

    return KeWaitForSingleObject(&Gone, Executive, KernelMode, FALSE, &Second) == STATUS_SUCCESS;
}

static VOID
Reset(VOID)
{
    Setups = Queries = Starts = Completes = Freed = FreedBeforeComplete = Posts = LatePosts = 0;
    StartReason = CompleteReason = 0;
    KeClearEvent(&Gone);
}

static HANDLE File;
static PFLT_VOLUME Volume;

static VOID
Start(VOID)
{
    LARGE_INTEGER Zero = {};
    IO_STATUS_BLOCK Iosb;

    KeInitializeEvent(&Gone, NotificationEvent, FALSE);
    KeInitializeEvent(&Held, NotificationEvent, FALSE);
    KeInitializeEvent(&Go, NotificationEvent, FALSE);
    EXPECT_STATUS(FltRegisterFilter(TinyDriver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN_IF, &File), STATUS_SUCCESS);
    EXPECT_STATUS(ZwWriteFile(File, NULL, NULL, NULL, &Iosb, "kept", 4, &Zero, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Setups, 1);
    EXPECT(SetupFlags & FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT);
}

/* A context on each thing that a volume has. */
static VOID
Marks(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"D:");
    PFILE_OBJECT FileObject;
    PFLT_CONTEXT Context;

    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(
        FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, sizeof(MARK), NonPagedPool, &Context),
        STATUS_SUCCESS);
    EXPECT_STATUS(FltSetInstanceContext(LastSetup, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
                  STATUS_SUCCESS);
    FltReleaseContext(Context);
    EXPECT_STATUS(
        FltAllocateContext(Filter, FLT_VOLUME_CONTEXT, sizeof(MARK), NonPagedPool, &Context),
        STATUS_SUCCESS);
    EXPECT_STATUS(FltSetVolumeContext(Volume, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
                  STATUS_SUCCESS);
    FltReleaseContext(Context);
    EXPECT_STATUS(
        FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(MARK), NonPagedPool, &Context),
        STATUS_SUCCESS);
    ObReferenceObjectByHandle(File, 0, *IoFileObjectType, KernelMode, (PVOID *)&FileObject, NULL);
    EXPECT_STATUS(
        FltSetStreamContext(LastSetup, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
        STATUS_SUCCESS);
    ObDereferenceObject(FileObject);
    FltReleaseContext(Context);
    FltObjectDereference(Volume);
    EXPECT_EQ(Freed, 0);
}

static VOID
Ends(VOID)
{
    PFLT_INSTANCE Old = LastSetup;
    HANDLE Disk;
    char Text[4];

    Reset();
    EXPECT_STATUS(Dismount(&Disk), STATUS_SUCCESS);
    EXPECT_STATUS(ReadIt(File, Text), STATUS_VOLUME_DISMOUNTED);
    EXPECT_EQ(Starts, 0); /* files are open on it still */
    ZwClose(Disk);
    ZwClose(File);
    EXPECT(WaitUntilGone());
    EXPECT_EQ(Starts, 1);
    EXPECT_EQ(Completes, 1);
    EXPECT(Ordered);
    EXPECT_EQ(StartReason, FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
    EXPECT_EQ(CompleteReason, FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
    EXPECT(LastGone == Old);
    EXPECT_EQ(Queries, 0); /* nobody is asked */
    EXPECT_EQ(Setups, 0);
}

static VOID
BeginsAnew(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"D:");
    PFLT_INSTANCE Instance = NULL;
    PFLT_CONTEXT Context = NULL;
    char Text[4] = {};

    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, &File), STATUS_SUCCESS);
    EXPECT_EQ(Setups, 1);
    EXPECT_EQ(SetupFlags, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT |
                              FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME);
    EXPECT_EQ(Freed, 3); /* of the instance, the volume and the stream */
    EXPECT_EQ(FreedBeforeComplete, 0);
    EXPECT_STATUS(ReadIt(File, Text), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Text, "kept", 4));
    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeInstanceFromName(Filter, Volume, NULL, &Instance), STATUS_SUCCESS);
    EXPECT(Instance == LastSetup);
    EXPECT_STATUS(FltGetInstanceContext(Instance, &Context), STATUS_NOT_FOUND);
    FltObjectDereference(Instance);
    FltObjectDereference(Volume);
}

/* Files of both mounts at a time: two volumes, two instances. */
static VOID
Both(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"D:");
    PFLT_INSTANCE Old = LastSetup, Instance = NULL;
    HANDLE Disk, New;
    char Text[4] = {};

    Reset();
    EXPECT_STATUS(Dismount(&Disk), STATUS_SUCCESS);
    ZwClose(Disk);
    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, &New), STATUS_SUCCESS);
    EXPECT_EQ(Setups, 1);
    EXPECT_EQ(Starts, 0);
    EXPECT(LastSetup != Old);
    EXPECT_STATUS(ReadIt(File, Text), STATUS_VOLUME_DISMOUNTED);
    EXPECT_STATUS(ReadIt(New, Text), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeInstanceFromName(Filter, Volume, NULL, &Instance), STATUS_SUCCESS);
    EXPECT(Instance == LastSetup); /* the mounted one has the name */
    FltObjectDereference(Instance);
    FltObjectDereference(Volume);
    ZwClose(File);
    EXPECT(WaitUntilGone());
    EXPECT(LastGone == Old);
    EXPECT_EQ(Starts, 1);
    EXPECT_STATUS(ReadIt(New, Text), STATUS_SUCCESS);
    File = New;
}

static VOID NTAPI
ReadThread(PVOID Context)
{
    char Text[4] = {};

    EXPECT_STATUS(ReadIt(File, Text), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Text, "kept", 4));
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Detached by hand while an operation is in the pre-callback: it goes on when the filter lets it, and its post-callback is over
   before the end is complete. */
static VOID
DetachBusy(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"D:");
    HANDLE Thread;
    char Text[4] = {};

    Reset();
    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    Hold = TRUE;
    PsCreateSystemThread(&Thread, SYNCHRONIZE, NULL, NULL, NULL, ReadThread, NULL);
    KeWaitForSingleObject(&Held, Executive, KernelMode, FALSE, NULL);
    EXPECT(Reader == LastSetup);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, NULL), STATUS_SUCCESS);
    Hold = FALSE;
    EXPECT_EQ(Queries, 1); /* by hand: asked */
    EXPECT_EQ(Starts, 1);
    EXPECT_EQ(Completes, 1);
    EXPECT_EQ(StartReason, FLTFL_INSTANCE_TEARDOWN_MANUAL);
    EXPECT_EQ(Posts, 1);
    EXPECT_EQ(LatePosts, 0); /* every callback is over by then */
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
    EXPECT_STATUS(ReadIt(File, Text), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 1);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, NULL), STATUS_FLT_INSTANCE_NOT_FOUND);
    FltObjectDereference(Volume);
    ZwClose(File);
}

static VOID
Stop(VOID)
{
    FltUnregisterFilter(Filter);
}

static VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Start), TEST(Marks),      TEST(Ends), TEST(BeginsAnew),
                                       TEST(Both),  TEST(DetachBusy), TEST(Stop)};

    TinyDriver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Dismount", L"370055", 0);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}
