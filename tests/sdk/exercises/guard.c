/*
 * guard.c - watches processes, handles and registry keys: PsSetCreateProcessNotifyRoutineEx, ObRegisterCallbacks,
 * CmRegisterCallbackEx with contexts, thread and image notification, MmGetSystemRoutineAddress.
 */
#include <ntifs.h>
#include <ntstrsafe.h>
#include <wdmsec.h>

#define GUARD_TAG   'drGE'
#define DRIVER_NAME L"guard"
#define InfoPrint(str, ...)                                                                        \
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%S: "##str "\n", DRIVER_NAME, __VA_ARGS__)

#define CB_PROCESS_TERMINATE 0x0001
#define CB_PROCESS_VM_WRITE  0x0020

typedef NTSTATUS (*PFN_PSSET)(PCREATE_PROCESS_NOTIFY_ROUTINE_EX NotifyRoutine, BOOLEAN Remove);

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD GuardUnload;
EX_CALLBACK_FUNCTION GuardRegistry;

static KGUARDED_MUTEX Mutex;
static PVOID Registration;
static LARGE_INTEGER Cookie;
static HANDLE Protected;
static volatile LONG Threads, Images, Opens, Cleanups;
static ULONG Context = 'ctxt';

VOID
GuardProcess(_Inout_ PEPROCESS Process, _In_ HANDLE ProcessId,
             _In_opt_ PPS_CREATE_NOTIFY_INFO CreateInfo)
{
    PUNICODE_STRING Image = NULL;

    if (CreateInfo == NULL) {
        return;
    }
    if (CreateInfo->CommandLine != NULL &&
        wcsstr(CreateInfo->CommandLine->Buffer, L"victim") != NULL) {
        Protected = ProcessId;
        if (NT_SUCCESS(SeLocateProcessImageName(Process, &Image))) {
            InfoPrint("protects %wZ, open name %d", Image, CreateInfo->FileOpenNameAvailable);
            ExFreePool(Image);
        }
    }
    if (CreateInfo->CommandLine != NULL &&
        wcsstr(CreateInfo->CommandLine->Buffer, L"refused") != NULL) {
        CreateInfo->CreationStatus = STATUS_ACCESS_DENIED;
    }
}

VOID
GuardThread(_In_ HANDLE ProcessId, _In_ HANDLE ThreadId, _In_ BOOLEAN Create)
{
    UNREFERENCED_PARAMETER(ProcessId);
    UNREFERENCED_PARAMETER(ThreadId);
    if (Create) {
        InterlockedIncrement(&Threads);
    }
}

VOID
GuardImage(_In_opt_ PUNICODE_STRING FullImageName, _In_ HANDLE ProcessId,
           _In_ PIMAGE_INFO ImageInfo)
{
    UNREFERENCED_PARAMETER(ProcessId);
    if (FullImageName != NULL && ImageInfo->ImageSize != 0) {
        InterlockedIncrement(&Images);
    }
}

OB_PREOP_CALLBACK_STATUS
GuardPreOpen(_In_ PVOID RegistrationContext, _Inout_ POB_PRE_OPERATION_INFORMATION PreInfo)
{
    PACCESS_MASK Desired = NULL;
    ACCESS_MASK Original = 0;

    UNREFERENCED_PARAMETER(RegistrationContext);
    if (PreInfo->ObjectType != *PsProcessType || PreInfo->KernelHandle ||
        PsGetProcessId((PEPROCESS)PreInfo->Object) != Protected ||
        PreInfo->Object == PsGetCurrentProcess()) {
        return OB_PREOP_SUCCESS;
    }
    switch (PreInfo->Operation) {
    case OB_OPERATION_HANDLE_CREATE:
        Desired = &PreInfo->Parameters->CreateHandleInformation.DesiredAccess;
        Original = PreInfo->Parameters->CreateHandleInformation.OriginalDesiredAccess;
        break;
    case OB_OPERATION_HANDLE_DUPLICATE:
        Desired = &PreInfo->Parameters->DuplicateHandleInformation.DesiredAccess;
        Original = PreInfo->Parameters->DuplicateHandleInformation.OriginalDesiredAccess;
        break;
    default:
        return OB_PREOP_SUCCESS;
    }
    if (Original & CB_PROCESS_TERMINATE) {
        *Desired &= ~CB_PROCESS_TERMINATE;
    }
    InterlockedIncrement(&Opens);
    PreInfo->CallContext = &Context;
    return OB_PREOP_SUCCESS;
}

VOID
GuardPostOpen(_In_ PVOID RegistrationContext, _In_ POB_POST_OPERATION_INFORMATION PostInfo)
{
    UNREFERENCED_PARAMETER(RegistrationContext);
    if (PostInfo->CallContext == &Context && NT_SUCCESS(PostInfo->ReturnStatus)) {
        InfoPrint("granted %x", PostInfo->Parameters->CreateHandleInformation.GrantedAccess);
    }
}

NTSTATUS
GuardRegistry(_In_ PVOID CallbackContext, _In_opt_ PVOID Argument1, _In_opt_ PVOID Argument2)
{
    REG_NOTIFY_CLASS NotifyClass = (REG_NOTIFY_CLASS)(ULONG_PTR)Argument1;
    PREG_SET_VALUE_KEY_INFORMATION Set = Argument2;
    PREG_POST_OPERATION_INFORMATION Post = Argument2;
    PCUNICODE_STRING Name;
    ULONG_PTR Id;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(CallbackContext);
    if (Argument2 == NULL) {
        return STATUS_UNSUCCESSFUL;
    }
    switch (NotifyClass) {
    case RegNtPreSetValueKey:
        Status = CmCallbackGetKeyObjectIDEx(&Cookie, Set->Object, &Id, &Name, 0);
        if (!NT_SUCCESS(Status)) {
            return STATUS_SUCCESS;
        }
        if (wcsstr(Name->Buffer, L"GuardKey") != NULL) {
            InfoPrint("set %wZ type %d size %d", Set->ValueName, Set->Type, Set->DataSize);
            CmSetCallbackObjectContext(Set->Object, &Cookie, &Context, NULL);
            if (wcscmp(Set->ValueName->Buffer, L"blocked") == 0) {
                Status = STATUS_ACCESS_DENIED;
            } else if (wcscmp(Set->ValueName->Buffer, L"bypassed") == 0) {
                Status = STATUS_CALLBACK_BYPASS;
            }
            Set->CallContext = &Context;
        }
        CmCallbackReleaseKeyObjectIDEx(Name);
        return Status;
    case RegNtPostSetValueKey:
        if (Post->CallContext == &Context) {
            InfoPrint("after set %x object context %d", Post->Status,
                      Post->ObjectContext == &Context);
        }
        break;
    case RegNtCallbackObjectContextCleanup:
        InterlockedIncrement(&Cleanups);
        break;
    default:
        break;
    }
    return STATUS_SUCCESS;
}

VOID
GuardUnload(_In_ PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Guard");

    PsSetCreateProcessNotifyRoutineEx(GuardProcess, TRUE);
    PsRemoveCreateThreadNotifyRoutine(GuardThread);
    PsRemoveLoadImageNotifyRoutine(GuardImage);
    KeAcquireGuardedMutex(&Mutex);
    ObUnRegisterCallbacks(Registration);
    Registration = NULL;
    KeReleaseGuardedMutex(&Mutex);
    CmUnRegisterCallback(Cookie);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
    InfoPrint("threads %d images %d opens %d cleanups %d", Threads > 0, Images > 0, Opens,
              Cleanups);
}

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    OB_OPERATION_REGISTRATION Operations[2] = {{0}, {0}};
    OB_CALLBACK_REGISTRATION Callbacks = {0};
    RTL_OSVERSIONINFOEXW Version = {sizeof(Version)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Guard");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Guard"), Routine, Altitude;
    PDEVICE_OBJECT Device;
    ULONG Major, Minor;
    ULONGLONG Mask = 0;
    PFN_PSSET Find;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    KeInitializeGuardedMutex(&Mutex);
    RtlInitUnicodeString(&Routine, L"PsSetCreateProcessNotifyRoutineEx");
    Find = (PFN_PSSET)(ULONG_PTR)MmGetSystemRoutineAddress(&Routine);
    Version.dwMajorVersion = 6;
    Version.dwMinorVersion = 2;
    VER_SET_CONDITION(Mask, VER_MAJORVERSION, VER_GREATER_EQUAL);
    VER_SET_CONDITION(Mask, VER_MINORVERSION, VER_GREATER_EQUAL);
    CmGetCallbackVersion(&Major, &Minor);
    InfoPrint("version %x, %d.%d, 8 or later %d, routine %d", ObGetFilterVersion(), Major, Minor,
              RtlVerifyVersionInfo(&Version, VER_MAJORVERSION | VER_MINORVERSION, Mask) ==
                  STATUS_SUCCESS,
              Find != NULL);
    Status =
        IoCreateDeviceSecure(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
                             FALSE, &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, NULL, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IoCreateSymbolicLink(&Link, &Name);
    DriverObject->DriverUnload = GuardUnload;
    Status = PsSetCreateProcessNotifyRoutineEx(GuardProcess, FALSE);
    if (NT_SUCCESS(Status)) {
        Status = PsSetCreateThreadNotifyRoutine(GuardThread);
    }
    if (NT_SUCCESS(Status)) {
        Status = PsSetLoadImageNotifyRoutine(GuardImage);
    }
    if (!NT_SUCCESS(Status)) {
        InfoPrint("notification %x", Status);
        return Status;
    }
    RtlInitUnicodeString(&Altitude, L"1000");
    Operations[0].ObjectType = PsProcessType;
    Operations[0].Operations |= OB_OPERATION_HANDLE_CREATE;
    Operations[0].Operations |= OB_OPERATION_HANDLE_DUPLICATE;
    Operations[0].PreOperation = GuardPreOpen;
    Operations[0].PostOperation = GuardPostOpen;
    Operations[1].ObjectType = PsThreadType;
    Operations[1].Operations = OB_OPERATION_HANDLE_CREATE;
    Operations[1].PreOperation = GuardPreOpen;
    Callbacks.Version = OB_FLT_REGISTRATION_VERSION;
    Callbacks.OperationRegistrationCount = 2;
    Callbacks.Altitude = Altitude;
    Callbacks.RegistrationContext = &Context;
    Callbacks.OperationRegistration = Operations;
    KeAcquireGuardedMutex(&Mutex);
    Status = ObRegisterCallbacks(&Callbacks, &Registration);
    KeReleaseGuardedMutex(&Mutex);
    RtlInitUnicodeString(&Altitude, L"380010");
    if (NT_SUCCESS(Status)) {
        Status =
            CmRegisterCallbackEx(GuardRegistry, &Altitude, DriverObject, &Context, &Cookie, NULL);
    }
    InfoPrint("registered %x", Status);
    return Status;
}
