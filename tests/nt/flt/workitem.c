/*
 * workitem.c - a work item of an instance still runs while the instance is torn down: it finds the instance's context and the
 * volume's, which go only when it has returned. Nobody may queue another by then.
 * [DDI: FltQueueGenericWorkItem, PFLT_INSTANCE_TEARDOWN_CALLBACK, FltGetInstanceContext; IFS: managing-contexts]
 */
#include "tinyfs.h"

typedef struct _MY_CONTEXT {
    ULONG Mark;
} MY_CONTEXT, *PMY_CONTEXT;

static PFLT_FILTER Filter;
static PFLT_GENERIC_WORKITEM Item, Late;
static KEVENT Ended, Running;
static LONG Cleaned, Returned, CompletedBefore;
static NTSTATUS InstanceStatus, VolumeStatus, LateStatus;
static ULONG Mark;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    if (ContextType == FLT_INSTANCE_CONTEXT) {
        EXPECT_EQ(Returned, 1);
        Cleaned++;
    }
}

static VOID FLTAPI
Worker(PFLT_GENERIC_WORKITEM FltWorkItem, PVOID FltObject, PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};
    PMY_CONTEXT Mine = NULL;
    PFLT_VOLUME Volume;

    KeSetEvent(&Running, 0, FALSE);
    KeWaitForSingleObject(&Ended, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE,
                           &Second); /* the teardown has gone on as far as it can */
    InstanceStatus = FltGetInstanceContext(FltObject, (PFLT_CONTEXT *)&Mine);
    if (NT_SUCCESS(InstanceStatus)) {
        Mark = Mine->Mark;
        FltReleaseContext(Mine);
    }
    VolumeStatus = FltGetVolumeFromInstance(FltObject, &Volume);
    if (NT_SUCCESS(VolumeStatus)) {
        VolumeStatus = FltGetVolumeContext(Filter, Volume, (PFLT_CONTEXT *)&Mine);
        if (NT_SUCCESS(VolumeStatus)) {
            FltReleaseContext(Mine);
        }
        FltObjectDereference(Volume);
    }
    EXPECT_EQ(Cleaned, 0);
    FltFreeGenericWorkItem(FltWorkItem);
    Returned = 1;
}

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags,
      DEVICE_TYPE VolumeDeviceType, FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    PMY_CONTEXT Mine;

    if (Item != NULL) {
        return STATUS_FLT_DO_NOT_ATTACH; /* one is enough */
    }
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, sizeof(*Mine), NonPagedPool,
                                     (PFLT_CONTEXT *)&Mine),
                  STATUS_SUCCESS);
    Mine->Mark = 77;
    EXPECT_STATUS(
        FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Mine, NULL),
        STATUS_SUCCESS);
    FltReleaseContext(Mine);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_VOLUME_CONTEXT, sizeof(*Mine), NonPagedPool,
                                     (PFLT_CONTEXT *)&Mine),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        FltSetVolumeContext(FltObjects->Volume, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Mine, NULL),
        STATUS_SUCCESS);
    FltReleaseContext(Mine);
    Item = FltAllocateGenericWorkItem();
    Late = FltAllocateGenericWorkItem();
    EXPECT_STATUS(
        FltQueueGenericWorkItem(Item, FltObjects->Instance, Worker, DelayedWorkQueue, NULL),
        STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

static VOID FLTAPI
TeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    LateStatus =
        FltQueueGenericWorkItem(Late, FltObjects->Instance, Worker, DelayedWorkQueue, NULL);
    KeSetEvent(&Ended, 0, FALSE);
}

static VOID FLTAPI
TeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    EXPECT_EQ(Cleaned, 0);
    CompletedBefore = 1;
}

static VOID
TornDown(VOID)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = {
        {FLT_INSTANCE_CONTEXT, 0, Cleanup, sizeof(MY_CONTEXT), 'xtCW'},
        {FLT_VOLUME_CONTEXT, 0, Cleanup, sizeof(MY_CONTEXT), 'xtCW'},
        {FLT_CONTEXT_END}};
    static const FLT_REGISTRATION Registration = {
        sizeof(FLT_REGISTRATION),
        FLT_REGISTRATION_VERSION,
        0,
        Contexts,
        NULL,
        NULL,
        Setup,
        NULL,
        TeardownStart,
        TeardownComplete,
    };
    HANDLE Root;

    KeInitializeEvent(&Ended, NotificationEvent, FALSE);
    KeInitializeEvent(&Running, NotificationEvent, FALSE);
    EXPECT_STATUS(FltRegisterFilter(TinyDriver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    EXPECT_STATUS(TinyOpen(L"\\??\\C:\\", FILE_LIST_DIRECTORY, FILE_OPEN, 0, &Root),
                  STATUS_SUCCESS);
    ZwClose(Root); /* the volume is mounted by now */
    KeWaitForSingleObject(&Running, Executive, KernelMode, FALSE, NULL);
    FltUnregisterFilter(Filter);
    EXPECT_EQ(Returned, 1);
    EXPECT_EQ(Cleaned, 1);
    EXPECT_EQ(CompletedBefore, 1);
    EXPECT_EQ(Mark, 77);
    EXPECT_STATUS(InstanceStatus, STATUS_SUCCESS);
    EXPECT_STATUS(VolumeStatus, STATUS_SUCCESS);
    EXPECT_STATUS(LateStatus, STATUS_FLT_DELETING_OBJECT);
    FltFreeGenericWorkItem(Late);
}

static VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(TornDown)};

    TinyDriver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Work", L"370045", 0);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}
