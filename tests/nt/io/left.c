/*
 * left.c - what a driver has left behind comes after its image has gone: bugcheck 0xCE, with what it was and who had queued
 * it. [BC:0xCE; DDI:wdm/driver_unload]
 *
 *     CASE 1 a timer   2 a thread   3 a routine that is told of processes   4 a timer whose DPC lies in
 *     the image: 0xD4
 *     CASE 6 a work item   7 a registry callback   8 an APC to a thread of the client   9 a completion routine
 *     CASE 10 the callback of a callback object   11 a routine that is told of images   12 ... of threads   13 an object callback
 *     CASE 16 a timer of the executive's   17 a work item that has begun
 *     CASE 18, 19 what nobody calls in such a run, told beside the timer: routines for bug checks, NMIs, processors, logon sessions
 *     CASE 5 a DPC that is queued: the system runs it before the image goes [DDI:wdm/kecanceltimer]
 */
#include "ntlab-test.h"

static volatile LONG Counter;
static KDPC Dpc;

static VOID NTAPI
LateDpc(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Counter++;
}

static VOID NTAPI
LastDpc(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Counter++;
    DbgPrint("left: the DPC has run\n");
}

static VOID NTAPI
LateThread(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000ll};

    KeDelayExecutionThread(KernelMode, FALSE, &Second);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
LateNotify(HANDLE Parent, HANDLE Process, BOOLEAN Create)
{
    Counter++;
}

static VOID NTAPI
LateWork(PVOID Context)
{
    Counter++;
}

#if CASE == 16
static VOID NTAPI
LateTimer(PEX_TIMER Timer, PVOID Context)
{
    Counter++;
}
#endif

#if CASE == 17
static KEVENT Begun;

static VOID NTAPI
LongWork(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000ll};

    KeSetEvent(&Begun, 0, FALSE);
    KeDelayExecutionThread(KernelMode, FALSE, &Second);
    Counter++;
}
#endif

static NTSTATUS NTAPI
LateRegistry(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Counter++;
    return STATUS_SUCCESS;
}

static VOID NTAPI
LateApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *Argument1,
        PVOID *Argument2)
{
    Counter++;
}

static NTSTATUS NTAPI
LateCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Counter++;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID NTAPI
LateCallback(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Counter++;
}

static VOID NTAPI
LateImage(PUNICODE_STRING Name, HANDLE Process, PIMAGE_INFO Info)
{
    Counter++;
}

static VOID NTAPI
LateThreadNotify(HANDLE Process, HANDLE Thread, BOOLEAN Create)
{
    Counter++;
}

static OB_PREOP_CALLBACK_STATUS NTAPI
LateOpen(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    Counter++;
    return OB_PREOP_SUCCESS;
}

typedef enum _KAPC_ENVIRONMENT { OriginalApcEnvironment } KAPC_ENVIRONMENT;
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                                       PKKERNEL_ROUTINE KernelRoutine,
                                       PKRUNDOWN_ROUTINE RundownRoutine,
                                       PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode,
                                       PVOID NormalContext);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2,
                                           KPRIORITY Increment);

static PKTHREAD Client; /* of the client, which loads us */

/* User mode's, so it waits for an alertable wait: the client's, when we are gone. */
static VOID
LeaveApc(VOID)
{
    PKAPC Apc = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Apc), 'tfeL');

    if (Apc != NULL && Client != NULL) {
        KeInitializeApc(Apc, Client, OriginalApcEnvironment, LateApc, NULL,
                        (PKNORMAL_ROUTINE)(ULONG_PTR)0x1000, UserMode, NULL);
        Counter += KeInsertQueueApc(Apc, NULL, NULL, 0);
    }
}

/* A request for changes of C:\left-test, which the client makes when we are gone. */
static VOID
LeaveCompletion(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\left-test");
    OBJECT_ATTRIBUTES Attributes;
    PIO_STACK_LOCATION Stack;
    PDEVICE_OBJECT Device;
    PFILE_OBJECT File;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    PIRP Irp;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwOpenFile(&Handle, FILE_LIST_DIRECTORY, &Attributes, &Iosb,
                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                               FILE_DIRECTORY_FILE)) ||
        !NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode,
                                              (PVOID *)&File, NULL))) {
        return;
    }
    Device = IoGetRelatedDeviceObject(File);
    Irp = IoAllocateIrp(Device->StackSize, FALSE);
    if (Irp == NULL) {
        return;
    }
    Irp->UserBuffer = ExAllocatePoolWithTag(NonPagedPool, 4096, 'tfeL');
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Irp->Tail.Overlay.OriginalFileObject = File;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Stack->MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    Stack->FileObject = File;
    Stack->Parameters.NotifyDirectory.Length = 4096;
    Stack->Parameters.NotifyDirectory.CompletionFilter = FILE_NOTIFY_CHANGE_FILE_NAME;
    IoSetCompletionRoutine(Irp, LateCompletion, NULL, TRUE, TRUE, TRUE);
    IoCallDriver(Device, Irp);
}

static VOID
LeaveCallback(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Callback\\SetSystemTime");
    OBJECT_ATTRIBUTES Attributes;
    PCALLBACK_OBJECT Object;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NT_SUCCESS(ExCreateCallback(&Object, &Attributes, FALSE, TRUE))) {
        Counter += ExRegisterCallback(Object, LateCallback, NULL) != NULL;
        ObDereferenceObject(Object);
    }
}

static VOID
LeaveObjectCallback(VOID)
{
    OB_OPERATION_REGISTRATION Operation = {PsProcessType, OB_OPERATION_HANDLE_CREATE, LateOpen,
                                           NULL};
    OB_CALLBACK_REGISTRATION Registration = {.Version = OB_FLT_REGISTRATION_VERSION,
                                             .OperationRegistrationCount = 1,
                                             .OperationRegistration = &Operation};
    PVOID Handle;

    RtlInitUnicodeString(&Registration.Altitude, L"370010");
    ObRegisterCallbacks(&Registration, &Handle);
    Counter++;
}

/* The timer must outlive the image: it is pool that nobody frees. So must its DPC, but for CASE 4. */
static VOID
LeaveTimer(VOID)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000ll};
    PKTIMER Timer = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Timer), 'tfeL');
    PKDPC Own = CASE == 4 ? &Dpc : ExAllocatePoolWithTag(NonPagedPool, sizeof(*Own), 'tfeL');

    if (Timer != NULL && Own != NULL) {
        KeInitializeDpc(Own, LateDpc, NULL);
        KeInitializeTimer(Timer);
        Counter += KeSetTimer(Timer, Second, Own); /* no tail call: the return address is here */
    }
}

static NTSTATUS NTAPI
LatePnp(PVOID Notification, PVOID Context)
{
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
LateSetting(LPCGUID SettingGuid, PVOID Value, ULONG Length, PVOID Context)
{
    return STATUS_SUCCESS;
}

/*
 * A registration for Plug and Play holds the driver object, and with it the image: the timer finds its routine. Nothing calls
 * a power setting's routine any more in a run like this one: it is told beside what does, the timer.
 */
static VOID
LeaveNotifications(PDRIVER_OBJECT DriverObject)
{
    static const GUID Kind = {0x6e746c61, 9, 9, {9, 9, 9, 9, 9, 9, 9, 9}};
    PVOID Handle;

    if (CASE == 14) {
        IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&Kind,
                                       DriverObject, LatePnp, NULL, &Handle);
    } else {
        PoRegisterPowerSettingCallback(NULL, &Kind, LateSetting, NULL, &Handle);
    }
    LeaveTimer();
}

/* The first thread of user mode that comes. */
static VOID NTAPI
NoteClient(HANDLE Process, HANDLE Thread, BOOLEAN Create)
{
    PETHREAD Object;

    if (Create && Client == NULL && NT_SUCCESS(PsLookupThreadByThreadId(Thread, &Object))) {
        Client = (PKTHREAD)Object;
    }
}

#if CASE >= 18
static VOID NTAPI
LateBugCheck(PVOID Buffer, ULONG Length)
{
    Counter++;
}

static VOID NTAPI
LateReason(KBUGCHECK_CALLBACK_REASON Reason, struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record,
           PVOID Data, ULONG Length)
{
    Counter++;
}

static BOOLEAN NTAPI
LateNmi(PVOID Context, BOOLEAN Handled)
{
    return FALSE;
}

static VOID NTAPI
LateProcessor(PVOID Context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change, PNTSTATUS Status)
{
    Counter++;
}

static NTSTATUS NTAPI
LateLogon(PLUID Session)
{
    return STATUS_SUCCESS;
}

static VOID
LeaveUncalled(VOID)
{
    PKBUGCHECK_CALLBACK_RECORD Record =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*Record), 'tfeL');
    PKBUGCHECK_REASON_CALLBACK_RECORD Reason =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*Reason), 'tfeL');
    static UCHAR Component[] = "left";

    if (Record == NULL || Reason == NULL) {
        return;
    }
    KeInitializeCallbackRecord(Record);
    KeInitializeCallbackRecord(Reason);
    if (CASE == 18) { /* a report has room for some */
        KeRegisterBugCheckCallback(Record, LateBugCheck, NULL, 0, Component);
        KeRegisterBugCheckReasonCallback(Reason, LateReason, KbCallbackDumpIo, Component);
        Counter += NT_SUCCESS(SeRegisterLogonSessionTerminatedRoutine(LateLogon));
    } else {
        Counter += KeRegisterNmiCallback(LateNmi, NULL) != NULL;
        Counter += KeRegisterProcessorChangeCallback(LateProcessor, NULL, 0) != NULL;
    }
    LeaveTimer();
}
#endif

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    HANDLE Thread;

    switch (CASE) {
    case 2:
        if (NT_SUCCESS(PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL,
                                            LateThread, NULL))) {
            ZwClose(Thread);
        }
        break;
    case 3:
        PsSetCreateProcessNotifyRoutine(LateNotify, FALSE);
        break;
    case 5:
        KeInitializeDpc(&Dpc, LastDpc, NULL);
        KeSetImportanceDpc(&Dpc, LowImportance);
        KeSetTargetProcessorDpc(&Dpc, 1);
        KeInsertQueueDpc(&Dpc, NULL, NULL);
        break;
    case 6: {
        PWORK_QUEUE_ITEM Item = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Item), 'tfeL');

        if (Item != NULL) {
            ExInitializeWorkItem(Item, LateWork, NULL);
            ExQueueWorkItem(Item, DelayedWorkQueue);
        }
        Counter++;
        break;
    }
    case 7: {
        LARGE_INTEGER Cookie;

        CmRegisterCallback(LateRegistry, NULL, &Cookie);
        Counter++;
        break;
    }
    case 8:
        PsRemoveCreateThreadNotifyRoutine(NoteClient);
        LeaveApc();
        break;
    case 9:
        LeaveCompletion();
        break;
    case 10:
        LeaveCallback();
        break;
    case 11:
        PsSetLoadImageNotifyRoutine(LateImage);
        Counter++;
        break;
    case 12:
        PsSetCreateThreadNotifyRoutine(LateThreadNotify);
        Counter++;
        break;
    case 13:
        LeaveObjectCallback();
        break;
    case 14:
    case 15:
        LeaveNotifications(DriverObject);
        break;
#if CASE == 16
    case 16: {
        PEX_TIMER Timer = ExAllocateTimer(LateTimer, NULL, 0);

        if (Timer != NULL) {
            ExSetTimer(Timer, -10000000ll, 0, NULL);
        }
        Counter++;
        break;
    }
#endif
#if CASE == 17
    case 17: {
        static WORK_QUEUE_ITEM Item;

        KeInitializeEvent(&Begun, NotificationEvent, FALSE);
        ExInitializeWorkItem(&Item, LongWork, NULL);
        ExQueueWorkItem(&Item, DelayedWorkQueue);
        KeWaitForSingleObject(&Begun, Executive, KernelMode, FALSE, NULL);
        break;
    }
#endif
#if CASE >= 18
    case 18:
    case 19:
        LeaveUncalled();
        break;
#endif
    default:
        LeaveTimer();
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    if (CASE == 8) {
        PsSetCreateThreadNotifyRoutine(NoteClient);
    }
    return STATUS_SUCCESS;
}
