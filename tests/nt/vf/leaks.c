/*
 * leaks.c - what a driver must have given back when its unload routine returns, against a table: each kind that there is, left, given back, given
 * back and made again, and not made at all because it failed.
 *
 * Each is made in a routine of its own, for what is left is told with the place where it was made. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Writing an Unload routine"; docs/rules: UnloadCallback, UnloadLookaside, UnloadResource, UnloadSymbolicLink, UnloadTimer, UnloadThread, HandleLeak,
 * ReferenceLeak, DanglingDeviceObjectReference]
 */
#include <ntifs.h>
#include "numbered.h"

NTKERNELAPI NTSTATUS NTAPI SeRegisterLogonSessionTerminatedRoutineEx(PVOID, PVOID);
NTKERNELAPI NTSTATUS NTAPI SeUnregisterLogonSessionTerminatedRoutineEx(PVOID, PVOID);
NTKERNELAPI NTSTATUS NTAPI IoUnregisterPlugPlayNotificationEx(PVOID);

enum {
    NPAGED,
    PAGED,
    LOOKASIDE,
    IMAGES,
    THREADS,
    PROCESSES,
    REGISTRY,
    REGISTRY_EX,
    SHUTDOWN,
    INTERFACES,
    INTERFACES_EX,
    FILE_SYSTEMS,
    ONE_FILE_SYSTEM,
    TRACES,
    POWER,
    BUG_CHECK,
    REASON,
    NMI_,
    PROCESSORS,
    LOGON,
    LOGON_EX,
    LINK,
    OPEN_LINK,
    DEVICE,
    RESOURCE,
    HANDLE_,
    EVENT,
    ATTACHED,
    DEVICE_POINTER,
    ONE_PROCESS,
    ONE_THREAD,
    TIMER,
    TIMER_EX,
    AT_WORK,
    KINDS
};
enum { LEFT, GIVEN_BACK, MADE_AGAIN, FAILED, WAYS };

static const struct {
    const char *Rule;
    BOOLEAN Callback; /* it is told by the routine that is called */
} Kinds[KINDS] = {
    [NPAGED] = {"UnloadLookaside"},
    [PAGED] = {"UnloadLookaside"},
    [LOOKASIDE] = {"UnloadLookaside"},
    [IMAGES] = {"UnloadCallback"},
    [THREADS] = {"UnloadCallback"},
    [PROCESSES] = {"UnloadCallback"},
    [REGISTRY] = {"UnloadCallback"},
    [REGISTRY_EX] = {"UnloadCallback"},
    [SHUTDOWN] = {"UnloadCallback"},
    [INTERFACES] = {"UnloadCallback"},
    [INTERFACES_EX] = {"UnloadCallback"},
    [FILE_SYSTEMS] = {"UnloadCallback"},
    [ONE_FILE_SYSTEM] = {"UnloadCallback"},
    [TRACES] = {"UnloadCallback"},
    [POWER] = {"UnloadCallback"},
    [BUG_CHECK] = {"UnloadCallback"},
    [REASON] = {"UnloadCallback"},
    [NMI_] = {"UnloadCallback"},
    [PROCESSORS] = {"UnloadCallback"},
    [LOGON] = {"UnloadCallback"},
    [LOGON_EX] = {"UnloadCallback"},
    [LINK] = {"UnloadSymbolicLink"},
    [OPEN_LINK] = {"UnloadSymbolicLink"},
    [DEVICE] = {"UnloadDevice"},
    [RESOURCE] = {"UnloadResource"},
    [HANDLE_] = {"HandleLeak"},
    [EVENT] = {"ReferenceLeak"},
    [ATTACHED] = {"DanglingDeviceObjectReference"},
    [DEVICE_POINTER] = {"ReferenceLeak"},
    [ONE_PROCESS] = {"ReferenceLeak"},
    [ONE_THREAD] = {"ReferenceLeak"},
    [TIMER] = {"UnloadTimer", TRUE},
    [TIMER_EX] = {"UnloadTimer", TRUE},
    [AT_WORK] = {"UnloadThread", TRUE},
};

#define CASES (KINDS * WAYS)
typedef struct _MADE {
    union {
        NPAGED_LOOKASIDE_LIST NPaged;
        PAGED_LOOKASIDE_LIST Paged;
        LOOKASIDE_LIST_EX Lookaside;
        KBUGCHECK_CALLBACK_RECORD BugCheck;
        KBUGCHECK_REASON_CALLBACK_RECORD Reason;
        ERESOURCE Resource;
        struct {
            KTIMER Timer;
            KDPC Dpc;
        };
        KEVENT Stop;
        REGHANDLE Trace;
    };
    PVOID Object, Other;
    LARGE_INTEGER Cookie;
    HANDLE Handle;
    PDEVICE_OBJECT Device;
    PVOID Routine;
} MADE;

static MADE Made[CASES];
static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Named;
static UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\Device\\JudgedLeaks");
static const GUID Setting = {
    0x5D3E9A59, 0xE9D5, 0x4B00, {0xA6, 0xBD, 0xFF, 0x34, 0xFF, 0x51, 0x65, 0x48}};
static volatile ULONG Called;

static VOID
Text(PUNICODE_STRING String, PWCHAR Buffer, PCWSTR Begin, ULONG Number)
{
    ULONG i = 0;

    while (Begin[i] != 0) {
        Buffer[i] = Begin[i];
        i++;
    }
    for (ULONG Digit = 100; Digit != 0; Digit /= 10) {
        Buffer[i++] = (WCHAR)(L'0' + Number / Digit % 10);
    }
    Buffer[i] = 0;
    RtlInitUnicodeString(String, Buffer);
}

__attribute__((noinline)) static VOID
NewDevice(MADE *This)
{
    (void)IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &This->Device);
}

/* Whose own devices are not the case: the place where they are made is not to be told. */
static VOID
Prepare(ULONG Kind, MADE *This)
{
    if (Kind == SHUTDOWN || Kind == ONE_FILE_SYSTEM) {
        NewDevice(This);
    }
}

static inline __attribute__((always_inline)) VOID
Make(ULONG Number, PVOID Routine)
{
    ULONG Kind = Number / WAYS;
    BOOLEAN Fails = Number % WAYS == FAILED;
    MADE *This = &Made[Number];
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING String;
    WCHAR Buffer[40];
    HANDLE Handle;

    switch (Kind) {
    case NPAGED:
        ExInitializeNPagedLookasideList(&This->NPaged, NULL, NULL, 0, 64, 'kaeL', 0);
        break;
    case PAGED:
        ExInitializePagedLookasideList(&This->Paged, NULL, NULL, 0, 64, 'kaeL', 0);
        break;
    case LOOKASIDE:
        (void)ExInitializeLookasideListEx(&This->Lookaside, NULL, NULL, NonPagedPoolNx,
                                          Fails ? 0x100 : 0, 64, 'kaeL', 0);
        break;
    case IMAGES:
        PsSetLoadImageNotifyRoutine(Routine);
        break;
    case THREADS:
        PsSetCreateThreadNotifyRoutine(Routine);
        break;
    case PROCESSES:
        PsSetCreateProcessNotifyRoutine(Routine, Fails);
        break;
    case REGISTRY:
        CmRegisterCallback(Routine, NULL, &This->Cookie);
        break;
    case REGISTRY_EX:
        Text(&String, Buffer, L"320000.", Fails ? (Number & ~3u) : Number);
        CmRegisterCallbackEx(Routine, &String, Driver, NULL, &This->Cookie, NULL);
        break;
    case SHUTDOWN:
        (void)IoRegisterShutdownNotification(This->Device);
        break;
    case INTERFACES:
    case INTERFACES_EX:
        (void)IoRegisterPlugPlayNotification(
            Fails ? (IO_NOTIFICATION_EVENT_CATEGORY)99 : EventCategoryDeviceInterfaceChange, 0,
            (PVOID)&Setting, Driver, Routine, NULL, &This->Object);
        break;
    case FILE_SYSTEMS:
        (void)IoRegisterFsRegistrationChange(Driver, Routine);
        break;
    case ONE_FILE_SYSTEM:
        IoRegisterFileSystem(This->Device);
        break;
    case TRACES:
        EtwRegister(&Setting, NULL, NULL, &This->Trace);
        break;
    case POWER:
        (void)PoRegisterPowerSettingCallback(NULL, &Setting, Fails ? NULL : Routine, NULL,
                                             &This->Object);
        break;
    case BUG_CHECK:
        KeInitializeCallbackRecord((&This->BugCheck));
        This->BugCheck.State = Fails ? BufferInserted : This->BugCheck.State;
        KeRegisterBugCheckCallback(&This->BugCheck, Routine, NULL, 0, (PUCHAR) "leaks");
        break;
    case REASON:
        KeInitializeCallbackRecord((&This->Reason));
        This->Reason.State = Fails ? BufferInserted : This->Reason.State;
        KeRegisterBugCheckReasonCallback(&This->Reason, Routine, KbCallbackSecondaryDumpData,
                                         (PUCHAR) "leaks");
        break;
    case NMI_:
        This->Object = KeRegisterNmiCallback(Routine, NULL);
        break;
    case PROCESSORS:
        This->Object = KeRegisterProcessorChangeCallback(Routine, NULL, 0);
        break;
    case LOGON:
        SeRegisterLogonSessionTerminatedRoutine(Routine);
        break;
    case LOGON_EX:
        SeRegisterLogonSessionTerminatedRoutineEx(Routine, This);
        break;
    case LINK:
        Text(&String, Buffer, L"\\DosDevices\\JudgedLink", Fails ? (Number & ~3u) : Number);
        (void)IoCreateSymbolicLink(&String, &Target);
        break;
    case OPEN_LINK:
        Text(&String, Buffer, L"\\??\\JudgedLink", Fails ? (Number & ~3u) : Number);
        (void)IoCreateUnprotectedSymbolicLink(&String, &Target);
        break;
    case DEVICE:
        (void)IoCreateDevice(Driver, 0, Fails ? &Target : NULL, FILE_DEVICE_UNKNOWN, 0, FALSE,
                             &This->Device);
        break;
    case RESOURCE:
        ExInitializeResourceLite(&This->Resource);
        break;
    case HANDLE_:
        RtlInitUnicodeString(&String, L"\\NoSuchFolder\\Event");
        InitializeObjectAttributes(&Attributes, Fails ? &String : NULL, OBJ_KERNEL_HANDLE, NULL,
                                   NULL);
        (void)ZwCreateEvent(&This->Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
        break;
    case EVENT:
        InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
        if (NT_SUCCESS(
                ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE))) {
            (void)ObReferenceObjectByHandle(Handle, 0,
                                            Fails ? *IoFileObjectType : *ExEventObjectType,
                                            KernelMode, &This->Object, NULL);
            if (!Fails) { /* two references, of which each is to be given back */
                (void)ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &This->Object, NULL);
            }
            ZwClose(Handle);
        }
        break;
    case ATTACHED:
        This->Object = IoGetAttachedDeviceReference(This->Device);
        break;
    case DEVICE_POINTER:
        RtlInitUnicodeString(
            &String,
            Fails
                ? L"\\Device\\NoSuchDevice"
                : L"\\Device\\Null"); /* another's: an open device of its own it is not unloaded with */
        (void)IoGetDeviceObjectPointer(&String, FILE_READ_DATA, (PFILE_OBJECT *)&This->Object,
                                       (PDEVICE_OBJECT *)&This->Other);
        break;
    case ONE_PROCESS:
        (void)PsLookupProcessByProcessId(Fails ? (HANDLE)0x7F0 : PsGetCurrentProcessId(),
                                         (PEPROCESS *)&This->Object);
        break;
    case ONE_THREAD:
        (void)PsLookupThreadByThreadId(Fails ? (HANDLE)0x7F0 : PsGetCurrentThreadId(),
                                       (PETHREAD *)&This->Object);
        break;
    case TIMER:
    case TIMER_EX:
        KeInitializeTimer(&This->Timer);
        KeInitializeDpc(&This->Dpc, Routine, NULL);
        if (Kind == TIMER) {
            KeSetTimer(&This->Timer, (LARGE_INTEGER){.QuadPart = -36000000000ll}, &This->Dpc);
        } else {
            KeSetTimerEx(&This->Timer, (LARGE_INTEGER){.QuadPart = -36000000000ll}, 100000,
                         &This->Dpc);
        }
        break;
    case AT_WORK:
        if (NT_SUCCESS(PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine,
                                            &This->Stop))) {
            (void)ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode,
                                            &This->Object, NULL);
            ZwClose(Handle);
        }
        break;
    }
}

static VOID
GiveBack(ULONG Number, PVOID Routine)
{
    MADE *This = &Made[Number];
    UNICODE_STRING String;
    WCHAR Buffer[40];

    switch (Number / WAYS) {
    case NPAGED:
        ExDeleteNPagedLookasideList(&This->NPaged);
        break;
    case PAGED:
        ExDeletePagedLookasideList(&This->Paged);
        break;
    case LOOKASIDE:
        ExDeleteLookasideListEx(&This->Lookaside);
        break;
    case IMAGES:
        PsRemoveLoadImageNotifyRoutine(Routine);
        break;
    case THREADS:
        PsRemoveCreateThreadNotifyRoutine(Routine);
        break;
    case PROCESSES:
        PsSetCreateProcessNotifyRoutine(Routine, TRUE);
        break;
    case REGISTRY:
    case REGISTRY_EX:
        CmUnRegisterCallback(This->Cookie);
        break;
    case SHUTDOWN:
        IoUnregisterShutdownNotification(This->Device);
        break;
    case INTERFACES:
        IoUnregisterPlugPlayNotification(This->Object);
        break;
    case INTERFACES_EX:
        IoUnregisterPlugPlayNotificationEx(This->Object);
        break;
    case FILE_SYSTEMS:
        IoUnregisterFsRegistrationChange(Driver, Routine);
        break;
    case ONE_FILE_SYSTEM:
        IoUnregisterFileSystem(This->Device);
        break;
    case TRACES:
        EtwUnregister(This->Trace);
        break;
    case POWER:
        PoUnregisterPowerSettingCallback(This->Object);
        break;
    case BUG_CHECK:
        KeDeregisterBugCheckCallback(&This->BugCheck);
        break;
    case REASON:
        KeDeregisterBugCheckReasonCallback(&This->Reason);
        break;
    case NMI_:
        KeDeregisterNmiCallback(This->Object);
        break;
    case PROCESSORS:
        KeDeregisterProcessorChangeCallback(This->Object);
        break;
    case LOGON:
        SeUnregisterLogonSessionTerminatedRoutine(Routine);
        break;
    case LOGON_EX:
        SeUnregisterLogonSessionTerminatedRoutineEx(Routine, This);
        break;
    case LINK: /* \DosDevices is \??, and names have no case */
        Text(&String, Buffer, L"\\??\\JUDGEDlink", Number);
        IoDeleteSymbolicLink(&String);
        break;
    case OPEN_LINK:
        Text(&String, Buffer, L"\\DosDevices\\JudgedLink", Number);
        IoDeleteSymbolicLink(&String);
        break;
    case DEVICE:
        IoDeleteDevice(This->Device);
        break;
    case RESOURCE:
        ExDeleteResourceLite(&This->Resource);
        break;
    case HANDLE_:
        ZwClose(This->Handle);
        break;
    case EVENT:
        ObDereferenceObject(This->Object);
        ObDereferenceObject(This->Object);
        break;
    case ATTACHED:
    case DEVICE_POINTER:
    case ONE_PROCESS:
    case ONE_THREAD:
        ObDereferenceObject(This->Object);
        break;
    case TIMER:
    case TIMER_EX:
        KeCancelTimer(&This->Timer);
        break;
    case AT_WORK:
        KeSetEvent(&This->Stop, 0, FALSE);
        KeWaitForSingleObject(This->Object, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(This->Object);
        KeClearEvent(&This->Stop);
        break;
    }
}

/* B: whatever is called back; of a system thread it is all. Each is a routine of its own, for two that were the same would be one. */
#define ONE(n)                                                                                     \
    static NTSTATUS NTAPI B##n(PVOID First, PVOID Second, PVOID Third)                             \
    {                                                                                              \
        Called += 1##n;                                                                            \
        if ((1##n - 1000) / WAYS == AT_WORK) {                                                     \
            KeWaitForSingleObject(First, Executive, KernelMode, FALSE, NULL);                      \
        }                                                                                          \
        return STATUS_SUCCESS;                                                                     \
    }                                                                                              \
    __attribute__((noinline)) static VOID M##n(VOID)                                               \
    {                                                                                              \
        Make(1##n - 1000, B##n);                                                                   \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }
#define NAME(n)    {"M" #n, "B" #n, M##n, B##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TEN(10)
TEN(11)
TEN(12)
TEN(13)
static const struct {
    const char *Name, *Called;
    VOID (*Make)(VOID);
    NTSTATUS(NTAPI *Routine)(PVOID First, PVOID Second, PVOID Third);
} Routines[] = {TENS(NAMES, 0) NAMES(10) NAMES(11) NAMES(12) NAMES(13)};
C_ASSERT(RTL_NUMBER_OF(Routines) >= CASES);

/* What cannot fail, or has nothing to fail for. */
static BOOLEAN
IsOne(ULONG Kind, ULONG Way)
{
    static const UCHAR Fail[] = {LOOKASIDE,     PROCESSES,      REGISTRY_EX, INTERFACES,
                                 INTERFACES_EX, POWER,          BUG_CHECK,   REASON,
                                 LINK,          OPEN_LINK,      DEVICE,      HANDLE_,
                                 EVENT,         DEVICE_POINTER, ONE_PROCESS, ONE_THREAD};

    for (ULONG i = 0; i < sizeof(Fail); i++) {
        if (Fail[i] == Kind) {
            return TRUE;
        }
    }
    return Way != FAILED;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    ULONG Done = 0;

    for (ULONG i = 0; i < CASES; i++) {
        ULONG Kind = i / WAYS, Way = i % WAYS;

        Done++;
        if (!IsOne(Kind, Way)) {
            continue;
        }
        if (Kind == ONE_FILE_SYSTEM) {
            Routines[i].Make(); /* with such a device a driver is not unloaded */
        }
        if (Way == GIVEN_BACK || Way == MADE_AGAIN) {
            GiveBack(i, Routines[i].Routine);
        }
        if (Way == MADE_AGAIN) {
            Routines[i].Make();
        }
        if (Way == LEFT || (Way == MADE_AGAIN && Kind != ONE_PROCESS &&
                            Kind != ONE_THREAD)) { /* of one object it is told once */
            DbgPrint("judged: %s %s\n",
                     Kinds[Kind].Callback ? Routines[i].Called : Routines[i].Name,
                     Kinds[Kind].Rule);
            if (Kind == AT_WORK) {
                DbgPrint("judged: %s ReferenceLeak\n", Routines[i].Name);
            }
        }
    }
    DbgPrint("judged: NewDevice UnloadDevice\njudged: DriverEntry UnloadDevice\n");
    DbgPrint("judged %u of %u\n", Done, CASES);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Driver = DriverObject;
    Driver->DriverUnload = Unload;
    for (ULONG i = 0; i < CASES; i++) {
        Prepare(i / WAYS, &Made[i]);
        if (i / WAYS == ATTACHED) {
            NewDevice(&Made[i]);
        } else if (i / WAYS == AT_WORK) {
            KeInitializeEvent(&Made[i].Stop, NotificationEvent, FALSE);
        }
    }
    (void)IoCreateDevice(Driver, 0, &Target, FILE_DEVICE_UNKNOWN, 0, FALSE, &Named);
    for (ULONG i = 0; i < CASES; i++) {
        if (IsOne(i / WAYS, i % WAYS) && i / WAYS != ONE_FILE_SYSTEM) {
            Routines[i].Make();
        }
    }
    return STATUS_SUCCESS;
}
