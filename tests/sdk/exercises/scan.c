/*
 * scan.c - a minifilter that looks into files when they are opened, as virus scanners do: through a section in the
 * kernel, with contexts of instance, stream and section, an ECP, and a metadata folder.
 */
#ifndef RTL_USE_AVL_TABLES
#define RTL_USE_AVL_TABLES
#endif
#include <initguid.h>
#include <fltKernel.h>
#include <dontuse.h>
#include <suppress.h>
#include <ntdddisk.h>
#include <stdio.h>
#include <wsk.h>

#pragma prefast(disable : __WARNING_ENCODE_MEMBER_FUNCTION_POINTER, "not a member")
#define SCAN_TAG 'nacS'
#define InfoPrint(str, ...)                                                                        \
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%S: "##str##"\n", L"scan", __VA_ARGS__)

typedef struct _SCAN_STREAM {
    ULONG Scans;
    volatile LONG State;
} SCAN_STREAM, *PSCAN_STREAM;
typedef struct _SCAN_SECTION {
    HANDLE Handle;
    PVOID Object;
} SCAN_SECTION, *PSCAN_SECTION;
typedef struct _SCAN_INSTANCE {
    RTL_GENERIC_TABLE Table;
    ERESOURCE Resource;
} SCAN_INSTANCE, *PSCAN_INSTANCE;

PFLT_FILTER Filter;
static ULONG Compares;

RTL_GENERIC_COMPARE_ROUTINE ScanCompare;
RTL_GENERIC_ALLOCATE_ROUTINE ScanAllocate;
RTL_GENERIC_FREE_ROUTINE ScanFree;
DRIVER_INITIALIZE DriverEntry;

RTL_GENERIC_COMPARE_RESULTS NTAPI
ScanCompare(_In_ PRTL_GENERIC_TABLE Table, _In_ PVOID First, _In_ PVOID Second)
{
    UNREFERENCED_PARAMETER(Table);
    Compares++;
    return *(PLONGLONG)First < *(PLONGLONG)Second   ? GenericLessThan
           : *(PLONGLONG)First > *(PLONGLONG)Second ? GenericGreaterThan
                                                    : GenericEqual;
}

PVOID NTAPI
ScanAllocate(_In_ PRTL_GENERIC_TABLE Table, _In_ CLONG ByteSize)
{
    UNREFERENCED_PARAMETER(Table);
    return ExAllocatePoolZero(PagedPool, ByteSize, SCAN_TAG);
}

VOID NTAPI
ScanFree(_In_ PRTL_GENERIC_TABLE Table, _In_ PVOID Entry)
{
    UNREFERENCED_PARAMETER(Table);
    ExFreePoolWithTag(Entry, SCAN_TAG);
}

FORCEINLINE
VOID
_Acquires_lock_(_Global_critical_region_)
    ScanLock(_Inout_ _Acquires_exclusive_lock_(*Resource) PERESOURCE Resource)
{
    FLT_ASSERT(KeGetCurrentIrql() <= APC_LEVEL);
    KeEnterCriticalRegion();
    (VOID) ExAcquireResourceExclusiveLite(Resource, TRUE);
}

FORCEINLINE
VOID
_Releases_lock_(_Global_critical_region_)
    ScanUnlock(_Inout_ _Releases_lock_(*Resource) PERESOURCE Resource)
{
    ExReleaseResourceLite(Resource);
    KeLeaveCriticalRegion();
}

static BOOLEAN
ScanIsBad(PVOID View, SIZE_T Size)
{
    static const char Bad[] = "infected";
    PUCHAR p, End = (PUCHAR)View + Size - (sizeof(Bad) - 1);

    for (p = View; p <= End; p++) {
        if (RtlEqualMemory(p, Bad, sizeof(Bad) - 1)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Maps the file into this process and looks through it. */
static NTSTATUS
ScanFile(PCFLT_RELATED_OBJECTS FltObjects, PBOOLEAN Infected)
{
    PSCAN_SECTION Section;
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID ClientId;
    HANDLE Process = NULL;
    PVOID View = NULL, Again = NULL;
    SIZE_T ViewSize = 0;
    LARGE_INTEGER Size;
    NTSTATUS Status;

    *Infected = FALSE;
    Status =
        FltAllocateContext(Filter, FLT_SECTION_CONTEXT, sizeof(SCAN_SECTION), PagedPool, &Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Section, sizeof(*Section));
    InitializeObjectAttributes(&Attributes, NULL, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = FltCreateSectionForDataScan(FltObjects->Instance, FltObjects->FileObject, Section,
                                         SECTION_MAP_READ, &Attributes, NULL, PAGE_READONLY,
                                         SEC_COMMIT, 0, &Section->Handle, &Section->Object, &Size);
    if (!NT_SUCCESS(Status)) {
        FltReleaseContext(Section);
        return Status;
    }
    if (NT_SUCCESS(FltGetSectionContext(FltObjects->Instance, FltObjects->FileObject, &Again))) {
        FltReleaseContext(Again);
    }
    ClientId.UniqueThread = PsGetCurrentThreadId();
    ClientId.UniqueProcess = PsGetCurrentProcessId();
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwOpenProcess(&Process, PROCESS_ALL_ACCESS, &Attributes, &ClientId);
    if (NT_SUCCESS(Status)) {
        Status = ZwMapViewOfSection(Section->Handle, Process, &View, 0, 0, NULL, &ViewSize,
                                    ViewUnmap, 0, PAGE_READONLY);
        if (NT_SUCCESS(Status)) {
            *Infected = ScanIsBad(View, (SIZE_T)min((LONGLONG)ViewSize, Size.QuadPart));
            InfoPrint("%I64d bytes, section context %s", Size.QuadPart,
                      Again == Section ? "found" : "lost");
            ZwUnmapViewOfSection(Process, View);
        }
        ZwClose(Process);
    }
    ObDereferenceObject(Section->Object);
    Section->Handle = Section->Object = NULL;
    if (!NT_SUCCESS(FltCloseSectionForDataScan((PFLT_CONTEXT)Section)) ||
        FltCloseSectionForDataScan((PFLT_CONTEXT)Section) != STATUS_NOT_FOUND) {
        InfoPrint("the section does not close");
    }
    FltReleaseContext(Section);
    return Status;
}

/* As a service asks for it in a message: without attributes the handle is the process's, which closes it itself. */
static VOID
LendFile(PCFLT_RELATED_OBJECTS FltObjects)
{
    PSCAN_SECTION Section;
    SIZE_T ViewSize = 0;
    PVOID View = NULL;
    NTSTATUS Status;

    if (!NT_SUCCESS(FltAllocateContext(Filter, FLT_SECTION_CONTEXT, sizeof(SCAN_SECTION), PagedPool,
                                       &Section))) {
        return;
    }
    Status = FltCreateSectionForDataScan(FltObjects->Instance, FltObjects->FileObject, Section,
                                         SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, 0,
                                         &Section->Handle, &Section->Object, NULL);
    if (NT_SUCCESS(Status)) {
        BOOLEAN Kernel = (LONG_PTR)Section->Handle < 0;

        Status = ZwMapViewOfSection(Section->Handle, NtCurrentProcess(), &View, 0, 0, NULL,
                                    &ViewSize, ViewUnmap, 0, PAGE_READONLY);
        if (NT_SUCCESS(Status)) {
            ZwUnmapViewOfSection(NtCurrentProcess(), View);
        }
        ObDereferenceObject(Section->Object);
        FltCloseSectionForDataScan((PFLT_CONTEXT)Section);
        InfoPrint("lent: %x, a kernel handle %d, closed %x", Status, Kernel,
                  NtClose(Section->Handle));
    }
    FltReleaseContext(Section);
}

FLT_PREOP_CALLBACK_STATUS FLTAPI
ScanPreCreate(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
              _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PECP_LIST List = NULL;
    PVOID Ecp = NULL;
    GUID Guid;
    ULONG Size;

    UNREFERENCED_PARAMETER(FltObjects);
    *CompletionContext = NULL;
    if (FltGetRequestorProcessId(Data) <= 4) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (NT_SUCCESS(FltGetEcpListFromCallbackData(Filter, Data, &List)) && List != NULL) {
        while (NT_SUCCESS(
            FltGetNextExtraCreateParameter(Filter, List, Ecp, (LPGUID)&Guid, &Ecp, &Size))) {
            if (IsEqualGUID(&GUID_ECP_PREFETCH_OPEN, &Guid) ||
                IsEqualGUID(&GUID_ECP_CSV_DOWN_LEVEL_OPEN, &Guid)) {
                return FLT_PREOP_SUCCESS_NO_CALLBACK;
            }
        }
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

FLT_POSTOP_CALLBACK_STATUS FLTAPI
ScanPostCreate(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
               _In_opt_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_FILE_NAME_INFORMATION Name;
    PSCAN_STREAM Stream, Old;
    PSCAN_INSTANCE Instance;
    FILE_INTERNAL_INFORMATION Id = {0};
    POBJECT_NAME_INFORMATION DosName;
    BOOLEAN Directory, Infected = FALSE, New;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status) ||
        Data->IoStatus.Status == STATUS_REPARSE ||
        !NT_SUCCESS(FltIsDirectory(FltObjects->FileObject, FltObjects->Instance, &Directory)) ||
        Directory) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Status = FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Stream);
    if (Status == STATUS_NOT_FOUND) {
        Status =
            FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(SCAN_STREAM), PagedPool, &Stream);
        if (NT_SUCCESS(Status)) {
            RtlZeroMemory(Stream, sizeof(*Stream));
            Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject,
                                         FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, &Old);
            if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
                FltReleaseContext(Stream);
                Stream = Old;
                Status = STATUS_SUCCESS;
            } else if (!NT_SUCCESS(Status)) {
                FltReleaseContext(Stream);
            }
        }
    }
    if (!NT_SUCCESS(Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Stream->Scans++;
    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, &Instance))) {
        FltQueryInformationFile(FltObjects->Instance, FltObjects->FileObject, &Id, sizeof(Id),
                                FileInternalInformation, NULL);
        ScanLock(&Instance->Resource);
        RtlInsertElementGenericTable(&Instance->Table, &Id.IndexNumber.QuadPart, sizeof(LONGLONG),
                                     &New);
        ScanUnlock(&Instance->Resource);
        FltReleaseContext(Instance);
    }
    if (NT_SUCCESS(IoQueryFileDosDeviceName(FltObjects->FileObject, &DosName))) {
        InfoPrint("path %wZ, counters %d", &DosName->Name, PsIsDiskCountersEnabled());
        ExFreePool(DosName);
    }
    Status = ScanFile(FltObjects, &Infected);
    if (NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        FltParseFileNameInformation(Name);
        InfoPrint("%wZ status %x infected %d, time %d", &Name->FinalComponent, Status, Infected,
                  Stream->Scans);
        FltReleaseFileNameInformation(Name);
    }
    FltReleaseContext(Stream);
    if (Infected) {
        LendFile(FltObjects);
        FltCancelFileOpen(FltObjects->Instance, FltObjects->FileObject);
        Data->IoStatus.Status = STATUS_VIRUS_INFECTED;
        Data->IoStatus.Information = 0;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

NTSTATUS FLTAPI
ScanSetup(_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_SETUP_FLAGS Flags,
          _In_ DEVICE_TYPE VolumeDeviceType, _In_ FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    PSCAN_INSTANCE Instance;
    PDEVICE_OBJECT Disk;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Flags);
    PAGED_CODE();
    if (VolumeDeviceType != FILE_DEVICE_DISK_FILE_SYSTEM) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    Status = FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, sizeof(SCAN_INSTANCE), NonPagedPoolNx,
                                &Instance);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ExInitializeResourceLite(&Instance->Resource);
    RtlInitializeGenericTable(&Instance->Table, ScanCompare, ScanAllocate, ScanFree, NULL);
    Status =
        FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Instance, NULL);
    FltReleaseContext(Instance);
    if (NT_SUCCESS(FltGetDiskDeviceObject(FltObjects->Volume, &Disk))) {
        ObDereferenceObject(Disk);
    }
    Status = FltRegisterForDataScan(FltObjects->Instance);
    InfoPrint("attached to type %d, %x", VolumeFilesystemType, Status);
    return STATUS_SUCCESS;
}

VOID FLTAPI
ScanForgetInstance(_In_ PFLT_CONTEXT Context, _In_ FLT_CONTEXT_TYPE Type)
{
    PSCAN_INSTANCE Instance = Context;
    PVOID Entry;
    ULONG Count = 0;

    UNREFERENCED_PARAMETER(Type);
    while ((Entry = RtlGetElementGenericTable(&Instance->Table, 0)) != NULL) {
        RtlDeleteElementGenericTable(&Instance->Table, Entry);
        Count++;
    }
    if (Count != 0) {
        InfoPrint("%d files seen", Count);
    }
    ExDeleteResourceLite(&Instance->Resource);
}

NTSTATUS FLTAPI
ScanUnload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    PAGED_CODE();
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

CONST FLT_OPERATION_REGISTRATION Callbacks[] = {{IRP_MJ_CREATE, 0, ScanPreCreate, ScanPostCreate},
                                                {IRP_MJ_OPERATION_END}};
CONST FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_INSTANCE_CONTEXT, 0, ScanForgetInstance, sizeof(SCAN_INSTANCE), SCAN_TAG},
    {FLT_STREAM_CONTEXT, 0, NULL, sizeof(SCAN_STREAM), SCAN_TAG},
    {FLT_SECTION_CONTEXT, 0, NULL, sizeof(SCAN_SECTION), SCAN_TAG},
    {FLT_CONTEXT_END}};
CONST FLT_REGISTRATION Registration = {sizeof(FLT_REGISTRATION),
                                       FLT_REGISTRATION_VERSION,
                                       0,
                                       Contexts,
                                       Callbacks,
                                       ScanUnload,
                                       ScanSetup};

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, ScanUnload)
#pragma alloc_text(PAGE, ScanSetup)
#endif

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = STATUS_SUCCESS;
    IN_ADDR Address = {{{127, 0, 0, 1}}};
    TCHAR Text[32];
    ULONG Length = RTL_NUMBER_OF(Text);

    UNREFERENCED_PARAMETER(RegistryPath);
    if (RtlIpv4AddressToStringEx(&Address, htons(80), Text, &Length) == STATUS_SUCCESS) {
        InfoPrint("address %s", Text);
    }
    try {
        Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
        if (!NT_SUCCESS(Status)) {
            leave;
        }
        Status = FltStartFiltering(Filter);
    } finally {
        if (!NT_SUCCESS(Status) && Filter != NULL) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
