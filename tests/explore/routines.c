/*
 * routines.c - routines that drivers register are called while another thread takes one of them away. What the first one does, or
 * whoever calls it does behind it, comes in steps of its own: the second may go in between.
 *
 *     1  a callback object: the second routine is called, or has gone
 *     2  the registry: the same
 *     3  the registry: a value is set behind the routine, or is read first
 *     4  handles of processes: a routine is called, has gone, or is waited for
 *     5  an interface of Plug and Play, the older call: the second routine was chosen and is called behind its end
 *     6  the newer call: it is not
 *     7  an interface is enabled, or is not there yet
 */
#include "program.h"
#include <initguid.h>

static const GUID Class = {0x7a11c0de, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};
static KEVENT FirstCalled, Gone;
static volatile LONG Calls; /* of the second routine */
static BOOLEAN Late;        /* it has been called behind the end of its registration */

static VOID
CallSecond(VOID)
{
    Calls++;
    Late = KeReadStateEvent(&Gone) != 0;
}

#if PROGRAM == 1
static PCALLBACK_OBJECT Object;
static PVOID First, Second;

static VOID NTAPI
CallbackFirst(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetEvent(&FirstCalled, 0, FALSE);
}

static VOID NTAPI
CallbackSecond(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CallSecond();
}

static VOID
Register(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    ExCreateCallback(&Object, &Attributes, TRUE, TRUE);
    First = ExRegisterCallback(Object, CallbackFirst, NULL);
    Second = ExRegisterCallback(Object, CallbackSecond, NULL);
}

static VOID
Call(VOID)
{
    ExNotifyCallback(Object, NULL, NULL);
}

static VOID
Cancel(VOID)
{
    KeWaitForSingleObject(&FirstCalled, Executive, KernelMode, FALSE, NULL);
    ExUnregisterCallback(Second);
}

static VOID
End(VOID)
{
    ExUnregisterCallback(First);
    ObDereferenceObject(Object);
    BAD(Calls == 0);
}
#elif PROGRAM == 2 || PROGRAM == 3
static LARGE_INTEGER First, Second;
static UNICODE_STRING ValueName = RTL_CONSTANT_STRING(L"Routines");
static HANDLE Key;
static NTSTATUS Answer;

static NTSTATUS NTAPI
RegistryFirst(PVOID Context, PVOID Class, PVOID Information)
{
    if ((REG_NOTIFY_CLASS)(ULONG_PTR)Class == RegNtPreSetValueKey) {
        KeSetEvent(&FirstCalled, 0, FALSE);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
RegistrySecond(PVOID Context, PVOID Class, PVOID Information)
{
    if ((REG_NOTIFY_CLASS)(ULONG_PTR)Class == RegNtPreSetValueKey) {
        CallSecond();
    }
    return STATUS_SUCCESS;
}

static VOID
Register(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software\\Routines");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    ZwCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
    CmRegisterCallback(RegistryFirst, NULL, &First);
    if (PROGRAM == 2) {
        CmRegisterCallback(RegistrySecond, NULL, &Second);
    }
}

static VOID
Call(VOID)
{
    ZwSetValueKey(Key, &ValueName, 0, REG_SZ, L"x", 4);
}

static VOID
Cancel(VOID)
{
    KEY_VALUE_BASIC_INFORMATION Basic[8];
    ULONG Length;

    KeWaitForSingleObject(&FirstCalled, Executive, KernelMode, FALSE, NULL);
    if (PROGRAM == 2) {
        CmUnRegisterCallback(Second);
    } else {
        Answer = ZwQueryValueKey(Key, &ValueName, KeyValueBasicInformation, Basic, sizeof(Basic),
                                 &Length);
    }
}

static VOID
End(VOID)
{
    CmUnRegisterCallback(First);
    ZwClose(Key);
    BAD(PROGRAM == 2 ? Calls == 0 : !NT_SUCCESS(Answer));
}
#elif PROGRAM == 4
static PVOID Registration;

static OB_PREOP_CALLBACK_STATUS NTAPI
BeforeHandle(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    CallSecond();
    return OB_PREOP_SUCCESS;
}

static VOID
Register(VOID)
{
    static OB_OPERATION_REGISTRATION Operation = {.Operations = OB_OPERATION_HANDLE_CREATE,
                                                  .PreOperation = BeforeHandle};
    static OB_CALLBACK_REGISTRATION Callbacks = {.Version = OB_FLT_REGISTRATION_VERSION,
                                                 .OperationRegistrationCount = 1,
                                                 .Altitude = RTL_CONSTANT_STRING(L"370000"),
                                                 .OperationRegistration = &Operation};

    Operation.ObjectType = PsProcessType;
    ObRegisterCallbacks(&Callbacks, &Registration);
}

static VOID
Call(VOID)
{
    HANDLE Process;

    ObOpenObjectByPointer(PsInitialSystemProcess, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS,
                          *PsProcessType, KernelMode, &Process);
    ZwClose(Process);
}

static VOID
Cancel(VOID)
{
    ObUnRegisterCallbacks(Registration);
}

static VOID
End(VOID)
{
    BAD(Calls == 0);
}
#else
static PVOID First, Second;
static PDEVICE_OBJECT Pdo;
static UNICODE_STRING Link;
static PWSTR List;

static NTSTATUS NTAPI
InterfaceFirst(PVOID Structure, PVOID Context)
{
    KeSetEvent(&FirstCalled, 0, FALSE);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
InterfaceSecond(PVOID Structure, PVOID Context)
{
    CallSecond();
    return STATUS_SUCCESS;
}

static VOID
Register(VOID)
{
    IoRegisterDeviceInterface(Pdo, &Class, NULL, &Link);
    if (PROGRAM != 7) {
        IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&Class, Driver,
                                       InterfaceFirst, NULL, &First);
        IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&Class, Driver,
                                       InterfaceSecond, NULL, &Second);
    }
}

static VOID
Call(VOID)
{
    IoSetDeviceInterfaceState(&Link, TRUE);
}

static VOID
Cancel(VOID)
{
    if (PROGRAM == 7) {
        IoGetDeviceInterfaces(&Class, NULL, 0, &List);
        return;
    }
    KeWaitForSingleObject(&FirstCalled, Executive, KernelMode, FALSE, NULL);
    if (PROGRAM == 5) {
        IoUnregisterPlugPlayNotification(Second);
    } else {
        IoUnregisterPlugPlayNotificationEx(Second);
    }
}

static VOID
End(VOID)
{
    BAD(PROGRAM == 7 ? List[0] == 0 : PROGRAM == 5 ? Late : Calls == 0 || Late);
    if (PROGRAM == 7) {
        ExFreePool(List);
    } else {
        IoUnregisterPlugPlayNotificationEx(First);
    }
    IoSetDeviceInterfaceState(&Link, FALSE);
    RtlFreeUnicodeString(&Link);
}
#endif

static VOID NTAPI
Caller(PVOID Context)
{
    Call();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Canceller(PVOID Context)
{
    Cancel();
    KeSetEvent(&Gone, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Run(VOID)
{
    KeInitializeEvent(&FirstCalled, NotificationEvent, FALSE);
    KeInitializeEvent(&Gone, NotificationEvent, FALSE);
    Register();
    Start(Caller, 0);
    Start(Canceller, 0);
    Join();
    End();
}

#if PROGRAM >= 5
/* A device of Plug and Play is needed. */
static NTSTATUS NTAPI
AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
    Pdo = PhysicalDeviceObject;
    Run();
    if (BadLine != 0) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, BadLine, 0, 0, 0);
    }
    return STATUS_SUCCESS;
}

static VOID
Program(VOID)
{
    Driver->DriverExtension->AddDevice = AddDevice;
}
#else
static VOID
Program(VOID)
{
    Run();
}
#endif
