/*
 * limits.c - routines called above the IRQL that their pages allow: one for each rule of the families Irql..., which
 * irql.c does not break. The call of a case stands in Limited; who has the bug raises the IRQL for it.
 */
#if CASE == 139 || CASE == 639
/* KeRaiseIrql as newer headers have it: not inlined. */
#define KfRaiseIrql InlinedRaiseIrql
#include <ntifs.h>
#undef KfRaiseIrql
NTKERNELAPI KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
#endif
#include "bug.h"

#define DEVICE_LEVEL 5 /* of a device's interrupt */

static PDEVICE_OBJECT Second;
static KSPIN_LOCK Lock;
static KTIMER Timer;
static PAGED_LOOKASIDE_LIST List;
static SHARE_ACCESS Share;
static PMDL Mdl;
static HANDLE File;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    KeInitializeSpinLock(&Lock);
    KeInitializeTimer(&Timer);
#if EITHER(135)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\limits.txt");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwCreateFile(&File, FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL,
                        FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_OVERWRITE_IF,
                        FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
#elif EITHER(134)
    static ULONG Numbers[16];

    Mdl = IoAllocateMdl(Numbers, sizeof(Numbers), FALSE, FALSE, NULL);
    return Mdl != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
#else
    return STATUS_SUCCESS;
#endif
}

static VOID
BugStop(VOID)
{
    if (Mdl != NULL) {
        IoFreeMdl(Mdl);
    }
    if (File != NULL) {
        ZwClose(File);
    }
}

#if EITHER(137)
static VOID NTAPI
ImageNotify(PUNICODE_STRING Name, HANDLE Process, PIMAGE_INFO Info)
{
}
#endif

/* What is needed before, and what is left behind, at PASSIVE_LEVEL. */
static NTSTATUS
Before(PDRIVER_OBJECT Driver)
{
    (VOID) Driver;
#if EITHER(123)
    return IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second);
#else
    return STATUS_SUCCESS;
#endif
}

static VOID
After(VOID)
{
#if EITHER(121)
    ExDeletePagedLookasideList(&List);
#elif EITHER(127)
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabLimits");

    IoDeleteSymbolicLink(&Link);
#elif EITHER(137)
    PsRemoveLoadImageNotifyRoutine(ImageNotify);
#endif
}

#if EITHER(121) || EITHER(123) || EITHER(125) || EITHER(130) || EITHER(120) || EITHER(133) ||      \
    EITHER(136) || EITHER(139)
#define TOO_HIGH DISPATCH_LEVEL
#elif EITHER(124) || EITHER(131) || EITHER(134)
#define TOO_HIGH DEVICE_LEVEL
#elif EITHER(132)
#define TOO_HIGH PASSIVE_LEVEL /* too low */
#else
#define TOO_HIGH APC_LEVEL
#endif

static VOID
Limited(PDEVICE_OBJECT Device, PFILE_OBJECT Client)
{
#if EITHER(120)
    PSECURITY_DESCRIPTOR Descriptor;
    BOOLEAN Allocated;

    if (NT_SUCCESS(ObGetObjectSecurity(Device, &Descriptor, &Allocated))) { /* BUG(120) */
        ObReleaseObjectSecurity(Descriptor, Allocated);
    }
#elif EITHER(121)
    ExInitializePagedLookasideList(&List, NULL, NULL, 0, 64, 'timL', 0); /* BUG(121) */
#elif EITHER(122)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Callback\\NtlabLimits");
    OBJECT_ATTRIBUTES Attributes;
    PCALLBACK_OBJECT Callback;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NT_SUCCESS(ExCreateCallback(&Callback, &Attributes, TRUE, TRUE))) { /* BUG(122) */
        ObDereferenceObject(Callback);
    }
#elif EITHER(123)
    IoDeleteDevice(Second); /* BUG(123) */
#elif EITHER(124)
    IoGetDeviceToVerify(PsGetCurrentThread()); /* BUG(124) */
#elif EITHER(125)
    IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, Client, &Share, FALSE); /* BUG(125) */
#elif EITHER(126)
    static const GUID Interface = {0x12345678, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    PWSTR Names;

    if (NT_SUCCESS(IoGetDeviceInterfaces(&Interface, NULL, 0, &Names))) { /* BUG(126) */
        ExFreePool(Names);
    }
#elif EITHER(127)
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabLimits");
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabBug");

    IoCreateSymbolicLink(&Link, &Name); /* BUG(127) */
#elif EITHER(128)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    PDEVICE_OBJECT Null;
    PFILE_OBJECT Object;

    if (NT_SUCCESS(
            IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &Object, &Null))) { /* BUG(128) */
        ObDereferenceObject(Object);
    }
#elif EITHER(129)
    RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"Null"); /* BUG(129) */
#elif EITHER(130)
    KeEnterCriticalRegion(); /* BUG(130) */
    KeLeaveCriticalRegion();
#elif EITHER(131)
    KeCancelTimer(&Timer); /* BUG(131) */
#elif EITHER(132)
    KIRQL OldIrql;

    KeAcquireSpinLock(&Lock, &OldIrql);
    if (HAS(132)) {
        KeLowerIrql(PASSIVE_LEVEL);
    }
    KeReleaseSpinLock(&Lock, OldIrql); /* BUG(132) */
#elif EITHER(133)
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"IoCreateDevice");

    MmGetSystemRoutineAddress(&Name); /* BUG(133) */
#elif EITHER(134)
    MmBuildMdlForNonPagedPool(Mdl); /* BUG(134) */
#elif EITHER(135)
    LARGE_INTEGER Zero = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb;

    ZwWriteFile(File, NULL, NULL, NULL, &Iosb, "limits", 6, &Zero, NULL); /* BUG(135) */
#elif EITHER(136)
    PVOID Process;

    if (NT_SUCCESS(ObReferenceObjectByHandle(ZwCurrentProcess(), 0, *PsProcessType, KernelMode,
                                             &Process, NULL))) { /* BUG(136) */
        ObDereferenceObject(Process);
    }
#elif EITHER(137)
    PsSetLoadImageNotifyRoutine(ImageNotify); /* BUG(137) */
#elif EITHER(138)
    RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"Null", L"NtlabLimits"); /* BUG(138) */
#elif EITHER(139)
    KIRQL OldIrql;

    KeRaiseIrql(APC_LEVEL, &OldIrql); /* BUG(139) */
    KeLowerIrql(OldIrql);
#else
#error no such case
#endif
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = Before(Device->DriverObject);
    KIRQL OldIrql;

    (VOID) Second, (VOID)List, (VOID)Share;
    if (!NT_SUCCESS(Status)) {
        return BugFinish(Irp, Status, 0);
    }
    KeRaiseIrql(CASE < 500 ? TOO_HIGH : PASSIVE_LEVEL, &OldIrql);
    Limited(Device, Stack->FileObject);
    KeLowerIrql(OldIrql);
    After();
    return BugFinish(Irp, STATUS_SUCCESS, 0);
}
