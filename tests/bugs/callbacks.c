/*
 * callbacks.c - routines that the system tells of something: as any routine of a driver, they return as they were called.
 */
#include "bug.h"

static KSPIN_LOCK Lock;
static volatile ULONG Seen;
static LARGE_INTEGER Cookie;
static PVOID Registered;
static PCALLBACK_OBJECT Callback;

static VOID
Count(VOID)
{
    KIRQL OldIrql;

    /* BUG(360) BUG(361) BUG(362) BUG(363) BUG(364) BUG(365) */
    KeAcquireSpinLock(&Lock, &OldIrql);
    Seen++;
    if (CASE >= 500 || Seen > 1) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
}

static NTSTATUS NTAPI
Told(PVOID First, PVOID Second, PVOID Third)
{
    Count();
    return STATUS_SUCCESS;
}

#if EITHER(364)
static OB_PREOP_CALLBACK_STATUS NTAPI
BeforeHandle(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    Count();
    return OB_PREOP_SUCCESS;
}

static NTSTATUS
WatchHandles(VOID)
{
    OB_OPERATION_REGISTRATION Operation = {PsProcessType, OB_OPERATION_HANDLE_CREATE, BeforeHandle,
                                           NULL};
    OB_CALLBACK_REGISTRATION Registration = {OB_FLT_REGISTRATION_VERSION, 1,
                                             RTL_CONSTANT_STRING(L"370030"), NULL, &Operation};

    return ObRegisterCallbacks(&Registration, &Registered);
}
#endif

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    NTSTATUS Status = STATUS_SUCCESS;

    KeInitializeSpinLock(&Lock);
#if EITHER(360)
    Status = PsSetCreateProcessNotifyRoutine((PCREATE_PROCESS_NOTIFY_ROUTINE)Told, FALSE);
#elif EITHER(361)
    Status = PsSetCreateThreadNotifyRoutine((PCREATE_THREAD_NOTIFY_ROUTINE)Told);
#elif EITHER(362)
    Status = PsSetLoadImageNotifyRoutine((PLOAD_IMAGE_NOTIFY_ROUTINE)Told);
#elif EITHER(363)
    Status = CmRegisterCallback(Told, NULL, &Cookie);
#elif EITHER(364)
    Status = WatchHandles();
#elif EITHER(365)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Callback\\NtlabTold");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = ExCreateCallback(&Callback, &Attributes, TRUE, TRUE);
    if (NT_SUCCESS(Status)) {
        Registered = ExRegisterCallback(Callback, (PCALLBACK_FUNCTION)Told, NULL);
    }
#else
#error no such case
#endif
    return Status;
}

static VOID
BugStop(VOID)
{
#if EITHER(360)
    PsSetCreateProcessNotifyRoutine((PCREATE_PROCESS_NOTIFY_ROUTINE)Told, TRUE);
#elif EITHER(361)
    PsRemoveCreateThreadNotifyRoutine((PCREATE_THREAD_NOTIFY_ROUTINE)Told);
#elif EITHER(362)
    PsRemoveLoadImageNotifyRoutine((PLOAD_IMAGE_NOTIFY_ROUTINE)Told);
#elif EITHER(363)
    CmUnRegisterCallback(Cookie);
#elif EITHER(364)
    ObUnRegisterCallbacks(Registered);
#elif EITHER(365)
    ExUnregisterCallback(Registered);
    ObDereferenceObject(Callback);
#endif
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    (VOID) Told, (VOID)Cookie, (VOID)Registered, (VOID)Callback;
#if EITHER(363)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes))) {
        ZwClose(Key);
    }
#elif EITHER(364)
    CLIENT_ID Client = {PsGetCurrentProcessId(), NULL};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Process;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(ZwOpenProcess(&Process, PROCESS_ALL_ACCESS, &Attributes, &Client))) {
        ZwClose(Process);
    }
#elif EITHER(365)
    ExNotifyCallback(Callback, NULL, NULL);
#endif
    return BugFinish(Irp, STATUS_SUCCESS, 0);
}
