/*
 * filter.c - minifilters: registered, started, found.
 *
 * A registration has the size of the version that it was compiled for; what it lacks is NULL here.
 * [DDI: FltRegisterFilter, FltStartFiltering, FltUnregisterFilter, FLT_REGISTRATION]
 *
 *   R1  A filter is on FltpFilters from its registration until FltUnregisterFilter; in between unload requests find it,
 *       even while its DriverEntry runs.
 *   R2  FltUnregisterFilter returns when nothing of the manager's holds the filter any more: instances are torn down,
 *       contexts freed, work items done, ports closed, FltObjectReference's references gone. What was forgotten
 *       makes it wait for ever, as Windows documents.
 *   R3  What was registered is copied, the tables that it points to included: it need not outlive the call.
 */
#include "fltp.h"

/* Bugcheck 0xF5: ntlab's, for what the Filter Verifier breaks in for. */
#define FLTP_NAMES_HELD 0x72

NTSTATUS
FltpServicePath(PCUNICODE_STRING Name, PUNICODE_STRING Path)
{
    static const WCHAR Prefix[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";

    Path->Length = 0;
    Path->MaximumLength = sizeof(Prefix) + Name->Length;
    Path->Buffer = ExAllocatePoolWithTag(NonPagedPool, Path->MaximumLength, FLTP_TAG_NAME);
    if (Path->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlAppendUnicodeToString(Path, Prefix);
    RtlAppendUnicodeStringToString(Path, Name);
    return STATUS_SUCCESS;
}

static PFLT_FILTER
FltpFind(PCUNICODE_STRING Name, PDRIVER_OBJECT DriverObject)
{
    PFLT_FILTER Found = NULL;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = FltpFilters.Flink; Entry != &FltpFilters; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Header.Links);

        if (Name != NULL ? RtlEqualUnicodeString(&Filter->Name, Name, TRUE)
                         : Filter->DriverObject == DriverObject) {
            if (ExAcquireRundownProtection(&Filter->Header.Rundown)) {
                Found = Filter;
            }
            break;
        }
    }
    FltpRelease(&FltpLock);
    return Found;
}

PFLT_FILTER
FltpFindFilter(PCUNICODE_STRING Name)
{
    return FltpFind(Name, NULL);
}

PFLT_FILTER
FltpFindFilterByDriver(PDRIVER_OBJECT DriverObject)
{
    return FltpFind(NULL, DriverObject);
}

static NTSTATUS
FltpCheckRegistration(const FLT_REGISTRATION *Registration)
{
    static const struct {
        USHORT Version;
        ULONG Size;
    } Versions[] = {{FLT_REGISTRATION_VERSION_0200,
                     FIELD_OFFSET(FLT_REGISTRATION, TransactionNotificationCallback)},
                    {FLT_REGISTRATION_VERSION_0201,
                     FIELD_OFFSET(FLT_REGISTRATION, NormalizeNameComponentExCallback)},
                    {FLT_REGISTRATION_VERSION_0202,
                     FIELD_OFFSET(FLT_REGISTRATION, SectionNotificationCallback)},
                    {FLT_REGISTRATION_VERSION_0203, sizeof(FLT_REGISTRATION)}};
    /* A newer minor version is no error: what this system does not know of is ignored. */
    for (ULONG i = 0; i < RTL_NUMBER_OF(Versions); i++) {
        if (Registration->Version == Versions[i].Version) {
            if (Registration->Size < Versions[i].Size) {
                return STATUS_INVALID_PARAMETER;
            }
            if (Registration->NormalizeNameComponentCallback != NULL &&
                Registration->GenerateFileNameCallback == NULL) {
                return STATUS_INVALID_PARAMETER; /* a name provider gives both */
            }
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

/* The altitude of the default instance; what FltRegisterFilter needs of the registry. */
static NTSTATUS
FltpReadAltitude(PFLT_FILTER Filter)
{
    PCWSTR Place = FltpInstancesKey(&Filter->ServicePath);
    UNICODE_STRING Default;
    NTSTATUS Status;

    if (Place == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Status = FltpReadString(&Filter->ServicePath, Place, NULL, L"DefaultInstance", &Default);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpReadString(&Filter->ServicePath, Place, &Default, L"Altitude", &Filter->Altitude);
    FltpFreeString(&Default);
    if (NT_SUCCESS(Status) && !FltpIsAltitude(&Filter->Altitude)) {
        Status = STATUS_INVALID_PARAMETER;
    }
    return Status;
}

static VOID
FltpFreeFilter(PFLT_FILTER Filter)
{
    FltpFreeString(&Filter->Name);
    FltpFreeString(&Filter->ServicePath);
    FltpFreeString(&Filter->Altitude);
    ObDereferenceObject(Filter->DriverObject);
    if (Filter->Tables != NULL) {
        ExFreePoolWithTag(Filter->Tables, FLTP_TAG_FILTER);
    }
    ExFreePoolWithTag(Filter, FLTP_TAG_FILTER);
}

/*
 * R3: the tables of operations and contexts are copied as the registration is. Public filters build them on DriverEntry's stack.
 */
static NTSTATUS
FltpCopyTables(PFLT_FILTER Filter)
{
    const FLT_OPERATION_REGISTRATION *Operation = Filter->Registration.OperationRegistration;
    const FLT_CONTEXT_REGISTRATION *Context = Filter->Registration.ContextRegistration;
    SIZE_T Operations = 0, Contexts = 0;
    PUCHAR Tables;

    while (Operation != NULL && Operation[Operations].MajorFunction != IRP_MJ_OPERATION_END) {
        Operations++;
    }
    while (Context != NULL && Context[Contexts].ContextType != FLT_CONTEXT_END) {
        Contexts++;
    }
    Operations = Operation != NULL ? (Operations + 1) * sizeof(*Operation) : 0;
    Contexts = Context != NULL ? (Contexts + 1) * sizeof(*Context) : 0;
    if (Operations + Contexts == 0) {
        return STATUS_SUCCESS;
    }
    Tables = ExAllocatePoolWithTag(NonPagedPool, Operations + Contexts, FLTP_TAG_FILTER);
    if (Tables == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Filter->Tables = Tables;
    if (Operations != 0) {
        RtlCopyMemory(Tables, Operation, Operations);
        Filter->Registration.OperationRegistration = (PVOID)Tables;
    }
    if (Contexts != 0) {
        RtlCopyMemory(Tables + Operations, Context, Contexts);
        Filter->Registration.ContextRegistration = (PVOID)(Tables + Operations);
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltRegisterFilter(PDRIVER_OBJECT Driver, CONST FLT_REGISTRATION *Registration,
                  PFLT_FILTER *RetFilter)
{
    const FLT_OPERATION_REGISTRATION *Operation;
    PLIST_ENTRY Entry;
    PFLT_FILTER Filter, Other;
    NTSTATUS Status;

    *RetFilter = NULL;
    Status = FltpCheckRegistration(Registration);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Filter = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Filter), FLTP_TAG_FILTER);
    if (Filter == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Filter, sizeof(*Filter));
    Filter->Header.Type = FLTP_FILTER_TYPE;
    ExInitializeRundownProtection(&Filter->Header.Rundown);
    ExInitializeRundownProtection(&Filter->Header.WorkItems);
    InitializeListHead(&Filter->Instances);
    InitializeListHead(&Filter->Ports);
    InitializeListHead(&Filter->Clients);
    InitializeListHead(&Filter->Contexts);
    KeInitializeSpinLock(&Filter->ContextLock);
    Filter->DriverObject = Driver;
    ObReferenceObject(Driver);
    RtlCopyMemory(&Filter->Registration, Registration,
                  Registration->Version == FLT_REGISTRATION_VERSION_0200
                      ? FIELD_OFFSET(FLT_REGISTRATION, TransactionNotificationCallback)
                  : Registration->Version == FLT_REGISTRATION_VERSION_0201
                      ? FIELD_OFFSET(FLT_REGISTRATION, NormalizeNameComponentExCallback)
                  : Registration->Version == FLT_REGISTRATION_VERSION_0202
                      ? FIELD_OFFSET(FLT_REGISTRATION, SectionNotificationCallback)
                      : sizeof(FLT_REGISTRATION));
    Status = FltpCopyTables(Filter);
    if (!NT_SUCCESS(Status)) {
        goto Free;
    }
    for (Operation = Filter->Registration.OperationRegistration;
         Operation != NULL && Operation->MajorFunction != IRP_MJ_OPERATION_END; Operation++) {
        ULONG Index = FltpIndex(Operation->MajorFunction);

        if (Index >= FLTP_OPERATIONS || Operation->MajorFunction == IRP_MJ_POWER ||
            Operation->MajorFunction == IRP_MJ_DEVICE_CHANGE) {
            Status = STATUS_INVALID_PARAMETER;
            goto Free;
        }
        Filter->Operation[Index] = Operation;
    }
    Status = FltpCopyString(&Filter->Name, &Driver->DriverExtension->ServiceKeyName, FLTP_TAG_NAME);
    if (NT_SUCCESS(Status)) {
        Status = FltpServicePath(&Filter->Name, &Filter->ServicePath);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpReadAltitude(Filter);
    }
    if (!NT_SUCCESS(Status)) {
        goto Free;
    }
    FltpAcquireExclusive(&FltpLock);
    for (Entry = FltpFilters.Flink; Entry != &FltpFilters; Entry = Entry->Flink) {
        Other = CONTAINING_RECORD(Entry, FLT_FILTER, Header.Links);
        if (Other->DriverObject == Driver ||
            RtlEqualUnicodeString(&Other->Name, &Filter->Name, TRUE)) {
            Status = STATUS_OBJECT_NAME_COLLISION;
        } else if (FltpCompareAltitudes(&Other->Altitude, &Filter->Altitude) == 0) {
            Status = STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        }
    }
    if (NT_SUCCESS(Status)) {
        for (Entry = FltpFilters.Flink; Entry != &FltpFilters; Entry = Entry->Flink) {
            Other = CONTAINING_RECORD(Entry, FLT_FILTER, Header.Links);
            if (FltpCompareAltitudes(&Other->Altitude, &Filter->Altitude) < 0) {
                break;
            }
        }
        InsertTailList(Entry, &Filter->Header.Links); /* R1 */
        if (Registration->FilterUnloadCallback != NULL) {
            Filter->OldUnload = Driver->DriverUnload;
            if ((Registration->Flags & FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP) == 0) {
                Driver->DriverUnload = FltpMiniFilterDriverUnload;
            }
        }
        *RetFilter = Filter;
    }
    FltpRelease(&FltpLock);
    if (NT_SUCCESS(Status)) {
        return STATUS_SUCCESS;
    }

Free:
    FltpFreeFilter(Filter);
    return Status;
}

NTSTATUS FLTAPI
FltStartFiltering(PFLT_FILTER Filter)
{
    PFLT_VOLUME Volume = NULL;

    FltpAcquireExclusive(&FltpLock);
    if (Filter->Started || Filter->Header.Deleting) {
        FltpRelease(&FltpLock);
        return Filter->Header.Deleting ? STATUS_FLT_DELETING_OBJECT : STATUS_INVALID_PARAMETER;
    }
    Filter->Started = TRUE;
    FltpRelease(&FltpLock);
    FltpWatchFileSystems();
    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        FltpAttachAutomatically(Filter, Volume, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT);
    }
    return STATUS_SUCCESS;
}

/* Any instance of the filter; Header.Rundown acquired. */
static PFLT_INSTANCE
FltpAnyInstance(PFLT_FILTER Filter)
{
    PFLT_INSTANCE Found = NULL;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = Filter->Instances.Flink; Entry != &Filter->Instances && Found == NULL;
         Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, FilterLinks);

        if (ExAcquireRundownProtection(&Instance->Header.Rundown)) {
            Found = Instance;
        }
    }
    FltpRelease(&FltpLock);
    return Found;
}

VOID FLTAPI
FltUnregisterFilter(PFLT_FILTER Filter)
{
    FLT_INSTANCE_TEARDOWN_FLAGS Reason = Filter->Mandatory
                                             ? FLTFL_INSTANCE_TEARDOWN_MANDATORY_FILTER_UNLOAD
                                             : FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD;
    PFLT_VOLUME Volume = NULL;
    PFLT_INSTANCE Instance;

    FltpAcquireExclusive(&FltpLock);
    Filter->Header.Deleting = TRUE;
    FltpRelease(&FltpLock);
    while ((Instance = FltpAnyInstance(Filter)) != NULL) {
        FltpTearDown(Instance, Reason);
    }
    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        FltpRemoveContexts(&Volume->Contexts, Filter);
    }
    FltpClosePorts(Filter);
    FltpAcquireExclusive(&FltpLock);
    RemoveEntryList(&Filter->Header.Links);
    FltpRelease(&FltpLock);
    ExWaitForRundownProtectionRelease(&Filter->Header.Rundown); /* R2 */
    if (Filter->NamesHeld != 0) {
        DbgPrintEx(DPFLTR_FLTMGR_ID, DPFLTR_ERROR_LEVEL,
                   "fltmgr: %wZ has unregistered and still holds %d file names\n", &Filter->Name,
                   Filter->NamesHeld);
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, FLTP_NAMES_HELD, (ULONG_PTR)Filter,
                     (ULONG)Filter->NamesHeld, (ULONG_PTR)__builtin_return_address(0));
    }
    FltpFreeFilter(Filter);
}

NTSTATUS FLTAPI
FltGetFilterFromName(PCUNICODE_STRING FilterName, PFLT_FILTER *RetFilter)
{
    *RetFilter = FltpFindFilter(FilterName);
    return *RetFilter != NULL ? STATUS_SUCCESS : STATUS_FLT_FILTER_NOT_FOUND;
}

NTSTATUS FLTAPI
FltObjectReference(PVOID FltObject)
{
    PFLTP_OBJECT Object = FltObject;

    return ExAcquireRundownProtection(&Object->Rundown) ? STATUS_SUCCESS
                                                        : STATUS_FLT_DELETING_OBJECT;
}

VOID FLTAPI
FltObjectDereference(PVOID FltObject)
{
    PFLTP_OBJECT Object = FltObject;

    ExReleaseRundownProtection(&Object->Rundown);
}
