/*
 * leaves.c - leaves callbacks, pool, a symbolic link, a handle and what lies in its own memory behind when it is unloaded.
 */
#include <ntifs.h>

static KBUGCHECK_CALLBACK_RECORD Record;
static NPAGED_LOOKASIDE_LIST Kept, Deleted;
static LOOKASIDE_LIST_EX KeptEx;
static ERESOURCE Resource, DeletedResource;
static KTIMER Bare;
static REGHANDLE Provider;

static BOOLEAN
OnNmi(PVOID Context, BOOLEAN Handled)
{
    UNREFERENCED_PARAMETER(Context);
    return Handled;
}

static NTSTATUS
OnSession(PLUID LogonId)
{
    UNREFERENCED_PARAMETER(LogonId);
    return STATUS_SUCCESS;
}

static VOID
OnProcessor(PVOID Context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change, PNTSTATUS Status)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Change);
    UNREFERENCED_PARAMETER(Status);
}

static VOID
Make(VOID)
{
    static const GUID Id = {1, 2, 3, {4}};
    LARGE_INTEGER Minute = {.QuadPart = -600000000ll};

    KeRegisterNmiCallback(OnNmi, NULL);
    KeRegisterProcessorChangeCallback(OnProcessor, NULL, 0);
    SeRegisterLogonSessionTerminatedRoutine(OnSession);
    ExInitializeNPagedLookasideList(&Kept, NULL, NULL, 0, 64, 'vaeL', 0);
    ExInitializeNPagedLookasideList(&Deleted, NULL, NULL, 0, 64, 'vaeL', 0);
    ExDeleteNPagedLookasideList(&Deleted);
    ExInitializeLookasideListEx(&KeptEx, NULL, NULL, PagedPool, 0, 64, 'vaeL', 0);
    ExInitializeResourceLite(&Resource);
    ExInitializeResourceLite(&DeletedResource);
    ExDeleteResourceLite(&DeletedResource);
    EtwRegister(&Id, NULL, NULL, &Provider);
    KeInitializeTimer(&Bare);
    KeSetTimer(&Bare, Minute, NULL);
}

static VOID
OnBugCheck(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
}

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Event = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\LeavesEvent");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Leaves");
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\Device\\Null");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    KeInitializeCallbackRecord(&Record);
    KeRegisterBugCheckCallback(&Record, OnBugCheck, &Record, sizeof(Record), (PUCHAR) "leaves");
    Make();
    ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'vaeL');
    IoCreateSymbolicLink(&Link, &Target);
    InitializeObjectAttributes(&Attributes, &Event, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    ZwClose(Handle);
    return ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
}
