/*
 * stops.c - mistakes that end the system at once, chosen by a client's request: what Windows calls each, and with which
 * parameters. [BC: bug check reference; each case names its page]
 */
#include "../ntlab-test.h"
#include "bad.h"

NTKERNELAPI KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD, KAFFINITY);

#define POOL_TAG 'potS'

static PDEVICE_OBJECT Device;
static KEVENT Event, Done;
static KDPC Dpc;
static KTIMER Timer;
static WORK_QUEUE_ITEM Item;
static ULONG Case;
static LIST_ENTRY Head, Entry;
static KSPIN_LOCK Lock;

static VOID
Let(const char *Name, PVOID Value)
{
    DbgPrint("ntlab-test: let %s 0x%p\n", Name, Value);
}

static VOID NTAPI
DpcWaits(PKDPC It, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
}

/* On a thread of the system's. */
static VOID NTAPI
Worker(PVOID Context)
{
    KAPC_STATE State;
    SECURITY_QUALITY_OF_SERVICE Quality = {.Length = sizeof(Quality),
                                           .ImpersonationLevel = SecurityImpersonation};
    SECURITY_CLIENT_CONTEXT Security;

    switch (Case) {
    case STOP_WORKER_ATTACHED:
        KeStackAttachProcess(Context, &State);
        break;
    case STOP_WORKER_IMPERSONATES:
        SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Security);
        SeImpersonateClientEx(&Security, NULL);
        break;
    case STOP_WORKER_ENDS:
        PsTerminateSystemThread(STATUS_SUCCESS);
        break;
    }
}

static VOID NTAPI
EndsAttached(PVOID Context)
{
    KAPC_STATE State;

    KeStackAttachProcess(Context, &State);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
WaitForWorker(VOID)
{
    ExInitializeWorkItem(&Item, Worker, PsGetCurrentProcess());
    ExQueueWorkItem(&Item, DelayedWorkQueue);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
}

/* A page that was there. */
static volatile ULONG *
FreedPage(VOID)
{
    PVOID Page = ExAllocatePoolWithTag(NonPagedPoolNx, 0x200000, POOL_TAG);

    ExFreePoolWithTag(Page, POOL_TAG);
    Let("page", Page);
    return Page;
}

static VOID
AllocateManyAndFree(VOID)
{
    PVOID Blocks[200];

    for (ULONG i = 0; i < 200; i++) {
        Blocks[i] = ExAllocatePoolWithTag(NonPagedPoolNx, 64, POOL_TAG);
    }
    for (ULONG i = 0; i < 200; i++) {
        ExFreePoolWithTag(Blocks[i], POOL_TAG);
    }
}

static VOID
StopAtTrap(PULONG64 UserCode)
{
    KIRQL OldIrql;

    switch (Case) {
    case STOP_WRITE_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        *(volatile ULONG *)0x10 = 1;
        break;
    case STOP_READ_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        (VOID) * (volatile ULONG *)0x20;
        break;
    case STOP_CALL_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        ((VOID(*volatile)(VOID))NULL)();
        break;
    case STOP_KERNEL_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        KeSetEvent((PRKEVENT)0x1000, 0, FALSE);
        break;
    case STOP_WRITE_FREED:
        *FreedPage() = 1;
        break;
    case STOP_READ_FREED:
        (VOID) * FreedPage();
        break;
    case STOP_FAST_FAIL:
        __asm__ volatile("int $0x29" : : "c"(7));
        break;
    case STOP_SYSTEM_CALL:
        __asm__ volatile("syscall" : : "a"(0) : "rcx", "r11", "memory");
        break;
    case STOP_USER_CODE:
        Let("code", UserCode);
        ((VOID(*)(VOID))(PVOID)UserCode)();
        break;
    case STOP_ASSERTION:
        __asm__ volatile("int $0x2c");
        break;
    case STOP_ASSERT_ROUTINE:
        RtlAssert("1 == 2", "stops.c", 1, NULL);
        break;
    case STOP_INSTRUCTION_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        __asm__ volatile("ud2");
        break;
    case STOP_NOT_CANONICAL_RAISED:
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        (VOID) * (volatile ULONG *)0x8000000000000000ull;
        break;
    }
}

static VOID
StopAtCheck(VOID)
{
    LARGE_INTEGER Far = {.QuadPart = -600000000ll};
    static SECTION_OBJECT_POINTERS Pointers;
    static FILE_OBJECT Uncached;
    LARGE_INTEGER Zero = {.QuadPart = 0};
    volatile PULONG64 Block;
    IO_STATUS_BLOCK Iosb;
    HANDLE Thread;
    UCHAR Byte;

    switch (Case) {
    case STOP_LOWER_TO_HIGHER:
        KeLowerIrql(DISPATCH_LEVEL);
        break;
    case STOP_DPC_WAITS:
        KeInsertQueueDpc(&Dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        break;
    case STOP_NO_PROCESSOR:
        KeSetAffinityThread(KeGetCurrentThread(), 0);
        break;
    case STOP_WORKER_ATTACHED:
    case STOP_WORKER_IMPERSONATES:
    case STOP_WORKER_ENDS:
        WaitForWorker();
        break;
    case STOP_ENDS_ATTACHED:
        PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, EndsAttached,
                             PsGetCurrentProcess());
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        break;
    case STOP_CORRUPT_LIST:
        InitializeListHead(&Head);
        Head.Flink = &Entry;
        InitializeListHead(&Entry);
        ExInterlockedInsertHeadList(&Head, &Timer.TimerListEntry, &Lock);
        break;
    case STOP_CORRUPT_LIST_REMOVED:
        InitializeListHead(&Head);
        InsertTailList(&Head, &Entry);
        Entry.Flink = &Entry;
        ExInterlockedRemoveHeadList(&Head, &Lock);
        break;
    case STOP_TIMER_AGAIN:
        KeSetTimer(&Timer, Far, NULL);
        Timer.Header.Inserted = FALSE; /* as if it had been initialised while it is queued */
        KeSetTimer(&Timer, Far, NULL);
        break;
    case STOP_UNDERRUN:
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, POOL_TAG);
        Block[-1] = Block[-2] = 0x4141414141414141;
        ExFreePoolWithTag(Block, POOL_TAG);
        break;
    case STOP_FREED_HEADER:
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, POOL_TAG);
        ExFreePoolWithTag(Block, POOL_TAG);
        Block[-1] = Block[-2] = 0x4141414141414141;
        AllocateManyAndFree();
        break;
    case STOP_FREED_LINK:
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, POOL_TAG);
        ExFreePoolWithTag(Block, POOL_TAG);
        AllocateManyAndFree();
        Block[0] = 0x4141414141414141;
        AllocateManyAndFree();
        break;
    case STOP_QUOTA_PAGED: /* more than was charged */
        Let("process", PsGetCurrentProcess());
        PsChargePoolQuota(PsGetCurrentProcess(), NonPagedPool, 0x100000);
        PsChargePoolQuota(PsGetCurrentProcess(), PagedPool, 0x20000);
        PsReturnPoolQuota(PsGetCurrentProcess(), PagedPool, 0x90000);
        break;
    case STOP_QUOTA_NONPAGED:
        Let("process", PsGetCurrentProcess());
        PsChargePoolQuota(PsGetCurrentProcess(), NonPagedPool, 0x20000);
        PsChargePoolQuota(PsGetCurrentProcess(), PagedPool, 0x100000);
        PsReturnPoolQuota(PsGetCurrentProcess(), PagedPool, 0x100000);
        PsReturnPoolQuota(PsGetCurrentProcess(), NonPagedPool, 0x90000);
        break;
    case STOP_NOT_CACHED: /* a file without a cache map [BC: CACHE_MANAGER] */
        Uncached.SectionObjectPointer = &Pointers;
        CcCopyRead(&Uncached, &Zero, 1, TRUE, &Byte, &Iosb);
        break;
    case STOP_LARGE_TWICE:
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 0x200000, POOL_TAG);
        ExFreePoolWithTag(Block, POOL_TAG);
        ExFreePoolWithTag(Block, POOL_TAG);
        break;
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        STOP_REQUEST *Request = Irp->AssociatedIrp.SystemBuffer;

        Case = Request->Case;
        StopAtTrap((PULONG64)(ULONG_PTR)Request->Code);
        StopAtCheck();
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabStops");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Device);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabStops"),
                   Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabStops");

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, DpcWaits, NULL);
    KeInitializeTimer(&Timer);
    DriverObject->DriverUnload = Unload;
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return IoCreateSymbolicLink(&Link, &Name);
}
