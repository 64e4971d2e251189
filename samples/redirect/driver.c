/*
 * driver.c - redirect's registration, its folder, and how it is unloaded.
 *
 *   L1  An open file has nothing but us: while there is one, the filter stays. Files that only a cache still holds are
 *       written and given up first.
 *   L2  Nobody can take an instance away by itself: there is no query-teardown callback; nor can the service be
 *       stopped, which would not ask.
 */
#include "redirect.h"

PFLT_FILTER RdFilter;
UNICODE_STRING RdFolder = RTL_CONSTANT_STRING(L"\\isolated");
EX_RUNDOWN_REF RdOpening;
FAST_MUTEX RdFilesMutex;
LIST_ENTRY RdFiles;
static WCHAR Folder[64];

/* A file that is open; NULL: there is none. Closed: only those that no handle has. */
static PRD_FILE
RdNextFile(BOOLEAN Closed)
{
    PRD_FILE Found = NULL;

    ExAcquireFastMutex(&RdFilesMutex);
    for (PLIST_ENTRY Entry = RdFiles.Flink; Entry != &RdFiles && Found == NULL;
         Entry = Entry->Flink) {
        PRD_FILE File = CONTAINING_RECORD(Entry, RD_FILE, Links);

        if (!Closed || File->Handles == 0) {
            FltReferenceContext(File);
            Found = File;
        }
    }
    if (Closed && Found != NULL) { /* to the end: each is tried once */
        RemoveEntryList(&Found->Links);
        InsertTailList(&RdFiles, &Found->Links);
    }
    ExReleaseFastMutex(&RdFilesMutex);
    return Found;
}

/* L1: what is in memory only because it was read or written goes. */
static BOOLEAN
RdGiveUpCaches(VOID)
{
    PRD_FILE File;

    for (ULONG Tries = 0; Tries < 1000 && (File = RdNextFile(TRUE)) != NULL; Tries++) {
        FsRtlEnterFileSystem();
        ExAcquireResourceExclusiveLite(&File->Main, TRUE);
        RdFlush(File);
        CcPurgeCacheSection(&File->Sections, NULL, 0, 0);
        ExReleaseResourceLite(&File->Main);
        FsRtlExitFileSystem();
        CcWaitForCurrentLazyWriterActivity(); /* which lets go of what is clean */
        MmForceSectionClosed(&File->Sections, FALSE);
        FltReleaseContext(File);
    }
    File = RdNextFile(FALSE);
    if (File != NULL) {
        FltReleaseContext(File);
    }
    return File == NULL;
}

static NTSTATUS FLTAPI
RdUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    ExWaitForRundownProtectionRelease(&RdOpening); /* no open from here on */
    if (!RdGiveUpCaches() && (Flags & FLTFL_FILTER_UNLOAD_MANDATORY) == 0) {
        ExReInitializeRundownProtection(&RdOpening);
        return STATUS_FLT_DO_NOT_DETACH;
    }
    FltUnregisterFilter(RdFilter);
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
RdSetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags,
        DEVICE_TYPE VolumeDeviceType, FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    return VolumeDeviceType == FILE_DEVICE_DISK_FILE_SYSTEM ? STATUS_SUCCESS
                                                            : STATUS_FLT_DO_NOT_ATTACH;
}

/* Folder of the service's key. */
static VOID
RdReadFolder(PUNICODE_STRING RegistryPath)
{
    struct {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        WCHAR More[RTL_NUMBER_OF(Folder)];
    } Value;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Folder");
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Key, KEY_QUERY_VALUE, &Attributes))) {
        return;
    }
    if (NT_SUCCESS(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, &Value, sizeof(Value),
                                   &Length)) &&
        Value.Information.Type == REG_SZ && Value.Information.DataLength > 2 * sizeof(WCHAR) &&
        Value.Information.DataLength <= sizeof(Folder)) {
        RtlCopyMemory(Folder, Value.Information.Data, Value.Information.DataLength);
        Folder[Value.Information.DataLength / sizeof(WCHAR) - 1] = 0;
        RtlInitUnicodeString(&RdFolder, Folder);
    }
    ZwClose(Key);
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, RdFileGone, sizeof(RD_FILE), RD_TAG}, {FLT_CONTEXT_END}};

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, RdPreCreate, NULL},
    {IRP_MJ_READ, 0, RdPreRead, NULL},
    {IRP_MJ_WRITE, 0, RdPreWrite, NULL},
    {IRP_MJ_CLEANUP, 0, RdPreOther, NULL},
    {IRP_MJ_CLOSE, 0, RdPreOther, NULL},
    {IRP_MJ_QUERY_INFORMATION, 0, RdPreOther, NULL},
    {IRP_MJ_SET_INFORMATION, 0, RdPreOther, NULL},
    {IRP_MJ_QUERY_EA, 0, RdPreOther, NULL},
    {IRP_MJ_SET_EA, 0, RdPreOther, NULL},
    {IRP_MJ_FLUSH_BUFFERS, 0, RdPreOther, NULL},
    {IRP_MJ_QUERY_VOLUME_INFORMATION, 0, RdPreOther, NULL},
    {IRP_MJ_SET_VOLUME_INFORMATION, 0, RdPreOther, NULL},
    {IRP_MJ_DIRECTORY_CONTROL, 0, RdPreOther, NULL},
    {IRP_MJ_FILE_SYSTEM_CONTROL, 0, RdPreOther, NULL},
    {IRP_MJ_DEVICE_CONTROL, 0, RdPreOther, NULL},
    {IRP_MJ_LOCK_CONTROL, 0, RdPreOther, NULL},
    {IRP_MJ_QUERY_SECURITY, 0, RdPreOther, NULL},
    {IRP_MJ_SET_SECURITY, 0, RdPreOther, NULL},
    {IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE, 0, RdPreOther, NULL},
    {IRP_MJ_MDL_READ, 0, RdPreOther, NULL},
    {IRP_MJ_PREPARE_MDL_WRITE, 0, RdPreOther, NULL},
    {IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION, 0, RdPreSection, NULL},
    {IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION, 0, RdPreSection, NULL},
    {IRP_MJ_ACQUIRE_FOR_MOD_WRITE, 0, RdPreSection, NULL},
    {IRP_MJ_RELEASE_FOR_MOD_WRITE, 0, RdPreSection, NULL},
    {IRP_MJ_ACQUIRE_FOR_CC_FLUSH, 0, RdPreSection, NULL},
    {IRP_MJ_RELEASE_FOR_CC_FLUSH, 0, RdPreSection, NULL},
    {IRP_MJ_OPERATION_END}};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .Flags = FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP, /* L2 */
    .ContextRegistration = Contexts,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = RdUnload,
    .InstanceSetupCallback = RdSetup};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    ExInitializeFastMutex(&RdFilesMutex);
    InitializeListHead(&RdFiles);
    ExInitializeRundownProtection(&RdOpening);
    RdReadFolder(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &RdFilter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(RdFilter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(RdFilter);
        }
    }
    return Status;
}
