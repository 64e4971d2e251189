/*
 * objects.c - bugs of handles, references, and of what is left at unload.
 */
#if CASE == 172
#define BUG_KEEPS_LINK /* NOLINE(172): in bug.h */
#endif
#include "bug.h"

static KTIMER Timer;
static KDPC Dpc;
static KEVENT Stop;
static PVOID Thread;
static NPAGED_LOOKASIDE_LIST List;
static ERESOURCE Resource;
static HANDLE Key;
static LARGE_INTEGER Cookie;

static VOID NTAPI
TimerDpc(PKDPC Unused, PVOID Context, PVOID Argument1, PVOID Argument2)
{
}

static VOID NTAPI
Runs(PVOID Context)
{
    KeWaitForSingleObject(&Stop, Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI
ProcessNotify(HANDLE Parent, HANDLE Process, BOOLEAN Create)
{
}

static VOID NTAPI
ImageNotify(PUNICODE_STRING Name, HANDLE Process, PIMAGE_INFO Info)
{
}

static NTSTATUS NTAPI
RegistryCallback(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    return STATUS_SUCCESS;
}

#if EITHER(175)
/* Of the DPC's memory itself: whoever runs last frees it. */
static VOID NTAPI
OwnDpc(PKDPC Own, PVOID Context, PVOID Argument1, PVOID Argument2) /* BUG(175) */
{
    ExFreePoolWithTag(Own, 'cpDO');
}

static VOID
QueueLastWord(VOID)
{
    PKDPC Own = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Own), 'cpDO');

    if (Own != NULL) {
        KeInitializeDpc(Own, OwnDpc, NULL);
        KeSetImportanceDpc(Own, LowImportance);
        KeInsertQueueDpc(Own, NULL, NULL);
    }
}
#endif

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    LARGE_INTEGER Late = {.QuadPart = -100000000};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status = STATUS_SUCCESS;
    HANDLE Handle;

    (VOID) Late, (VOID)Handle, (VOID)Cookie;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    KeInitializeEvent(&Stop, NotificationEvent, FALSE);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, TimerDpc, NULL);
#if EITHER(160)
    Status = ZwOpenKey(&Key, KEY_READ, &Attributes); /* BUG(160) */
#elif EITHER(176) || EITHER(177)
    Attributes.Attributes &= ~OBJ_KERNEL_HANDLE; /* in the table of the process System */
    Status = ZwOpenKey(&Key, KEY_READ, &Attributes);
#elif EITHER(165)
    KeSetTimer(&Timer, Late, &Dpc); /* NOLINE(165): the DPC */
#elif EITHER(166)
    Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL, Runs,
                                  NULL); /* BUG(166) */
    if (NT_SUCCESS(Status)) {
        Status =
            ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, NULL, KernelMode, &Thread, NULL);
        ZwClose(Handle);
    }
#elif EITHER(167)
    Status = PsSetCreateProcessNotifyRoutine(ProcessNotify, FALSE); /* BUG(167) */
#elif EITHER(168)
    Status = PsSetLoadImageNotifyRoutine(ImageNotify); /* BUG(168) */
#elif EITHER(169)
    ExInitializeNPagedLookasideList(&List, NULL, NULL, 0, 64, 'tsiL', 0); /* BUG(169) */
#elif EITHER(170)
    Status = ExInitializeResourceLite(&Resource); /* BUG(170) */
#elif EITHER(171)
    Status = CmRegisterCallback(RegistryCallback, NULL, &Cookie); /* BUG(171) */
#elif EITHER(173)
    Status = IoRegisterShutdownNotification(BugDevice); /* BUG(173) */
#endif
    return Status;
}

static VOID
BugStop(VOID)
{
#if EITHER(175)
    QueueLastWord();
    if (!HAS(175)) {
        KeFlushQueuedDpcs();
    }
#elif CASE == 660 || EITHER(177) || CASE == 676
    ZwClose(Key);
#elif CASE == 665
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
#elif CASE == 666
    KeSetEvent(&Stop, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
#elif CASE == 166
    ObDereferenceObject(Thread);
#elif CASE == 667
    PsSetCreateProcessNotifyRoutine(ProcessNotify, TRUE);
#elif CASE == 668
    PsRemoveLoadImageNotifyRoutine(ImageNotify);
#elif CASE == 669
    ExDeleteNPagedLookasideList(&List);
#elif CASE == 670
    ExDeleteResourceLite(&Resource);
#elif CASE == 671
    CmUnRegisterCallback(Cookie);
#elif CASE == 673
    IoUnregisterShutdownNotification(BugDevice);
#endif
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status = STATUS_SUCCESS;
    KAPC_STATE Attached;
    ULONG Length;
    PVOID Object;
    HANDLE Handle;

    (VOID) Object, (VOID)Handle, (VOID)Attached, (VOID)Length;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
#if EITHER(161)
    /* A handle in the client's table. */
    if (HAS(161)) {
        Attributes.Attributes &= ~OBJ_KERNEL_HANDLE;
    }
    Status = ZwOpenKey(&Handle, KEY_READ, &Attributes); /* BUG(161) */
    if (NT_SUCCESS(Status)) {
        ZwClose(Handle);
    }
#elif EITHER(162)
    /* The reference to the client's process is not given back. */
    Status =
        PsLookupProcessByProcessId(PsGetCurrentProcessId(), (PEPROCESS *)&Object); /* BUG(162) */
    if (NT_SUCCESS(Status) && !HAS(162)) {
        ObDereferenceObject(Object);
    }
#elif EITHER(163)
    /* The client's handle is referenced as if the kernel had opened it. */
    Handle = (HANDLE)4; /* as a client would send it */
    Status = ObReferenceObjectByHandle(Handle, 0, NULL, HAS(163) ? KernelMode : UserMode, &Object,
                                       NULL); /* BUG(163) */
    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Object);
    }
    Status = STATUS_SUCCESS;
#elif EITHER(164)
    /* A kernel handle is closed twice. */
    Status = ZwOpenKey(&Handle, KEY_READ, &Attributes);
    if (NT_SUCCESS(Status)) {
        ZwClose(Handle);
        if (HAS(164)) {
            ZwClose(Handle); /* BUG(164) */
        }
    }
#elif EITHER(176)
    /* A handle that is not the kernel's is closed in a client's process. */
    if (HAS(176)) {
        ZwClose(Key); /* BUG(176) */
    }
#elif EITHER(177)
    /* A handle that is not the kernel's is used in a client's process. */
    if (!HAS(177)) {
        KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &Attached);
    }
    Status = ZwQueryKey(Key, KeyBasicInformation, NULL, 0, &Length); /* BUG(177) */
    if (!HAS(177)) {
        KeUnstackDetachProcess(&Attached);
    }
    Status = STATUS_SUCCESS;
#elif EITHER(174)
    /* The reference to the top of the stack is kept. */
    Object = IoGetAttachedDeviceReference(Device); /* BUG(174) */
    if (!HAS(174)) {
        ObDereferenceObject(Object);
    }
#endif
    return BugFinish(Irp, Status, 0);
}
