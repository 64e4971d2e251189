/*
 * irql.c - bugs of IRQL.
 */
#include "bug.h"

static KSPIN_LOCK Lock;
static KTIMER Timer;
static KDPC Dpc;
static KEVENT DpcDone, Event;
static ERESOURCE Resource;
static FAST_MUTEX Mutex;

static VOID NTAPI
TimerDpc(PKDPC Unused, PVOID Context, PVOID Argument1, PVOID Argument2)
{
#if CASE == 103
    PDEVICE_OBJECT Device;

    IoCreateDevice(BugDevice->DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE,
                   &Device); /* BUG(103) */
#elif CASE == 104
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL); /* BUG(104) */
#elif CASE == 107
    ExAcquireResourceExclusiveLite(&Resource, FALSE); /* BUG(107) */
#elif CASE == 108
    KeSetEvent(&DpcDone, IO_NO_INCREMENT, TRUE); /* BUG(108) */
#endif
    KeSetEvent(&DpcDone, IO_NO_INCREMENT, FALSE);
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    KeInitializeSpinLock(&Lock);
    ExInitializeFastMutex(&Mutex);
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, TimerDpc, NULL);
    KeInitializeEvent(&DpcDone, NotificationEvent, FALSE);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    return ExInitializeResourceLite(&Resource);
}

static VOID
BugStop(VOID)
{
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    ExDeleteResourceLite(&Resource);
}

static VOID
RunDpc(VOID)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};

    KeSetTimer(&Timer, Soon, &Dpc);
    KeWaitForSingleObject(&DpcDone, Executive, KernelMode, FALSE, NULL);
}

/* Pageable, as the driver's author has marked it. */
__attribute__((section("PAGE"))) static DECLSPEC_NOINLINE VOID
Pageable(BOOLEAN Locked)
{
    KIRQL OldIrql = PASSIVE_LEVEL;

    if (Locked) {
        KeAcquireSpinLock(&Lock, &OldIrql);
        KeSetEvent(&Event, IO_NO_INCREMENT, FALSE); /* BUG(109) */
        KeReleaseSpinLock(&Lock, OldIrql);
    } else {
        KeSetEvent(&Event, IO_NO_INCREMENT, FALSE);
    }
}

#if EITHER(115) || EITHER(117)
__attribute__((section("PAGEDATA"))) static volatile ULONG Counters[16] = {1};
#endif

#if EITHER(116)
/* Calls nothing: only the processor notices. */
__attribute__((section("PAGE"))) static DECLSPEC_NOINLINE ULONG
PageableSum(const volatile ULONG *Numbers, ULONG Count) /* BUG(116) */
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < Count; i++) {
        Sum += Numbers[i];
    }
    return Sum;
}
#endif

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status = STATUS_SUCCESS;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES Attributes;
    PKEVENT Paged;
    HANDLE Key;
    PVOID Block;
    KIRQL OldIrql;

    (VOID) Key, (VOID)Block, (VOID)OldIrql, (VOID)Paged, (VOID)RunDpc, (VOID)Pageable, (VOID)Mutex;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
#if EITHER(100)
    /* The registry is read with a spin lock held. */
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (!HAS(100)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    Status = ZwOpenKey(&Key, KEY_READ, &Attributes); /* BUG(100) */
    if (NT_SUCCESS(Status)) {
        ZwClose(Key);
    }
    if (HAS(100)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    Status = STATUS_SUCCESS;
#elif EITHER(101)
    /* Paged pool under a spin lock. */
    KeAcquireSpinLock(&Lock, &OldIrql);
    Block = ExAllocatePoolWithTag(HAS(101) ? PagedPool : NonPagedPoolNx, 64, 'lqrI'); /* BUG(101) */
    KeReleaseSpinLock(&Lock, OldIrql);
    if (Block != NULL) {
        ExFreePoolWithTag(Block, 'lqrI');
    }
#elif EITHER(102)
    /* Paged pool is freed under a spin lock. */
    Block = ExAllocatePoolWithTag(PagedPool, 64, 'lqrI');
    if (Block != NULL) {
        KeAcquireSpinLock(&Lock, &OldIrql);
        if (!HAS(102)) {
            KeReleaseSpinLock(&Lock, OldIrql);
        }
        ExFreePoolWithTag(Block, 'lqrI'); /* BUG(102) */
        if (HAS(102)) {
            KeReleaseSpinLock(&Lock, OldIrql);
        }
    }
#elif EITHER(103) || EITHER(104) || EITHER(107) || EITHER(108)
    /* In a DPC: a device is created; a wait; a resource, even without waiting; KeSetEvent with Wait. */
    RunDpc();
#elif EITHER(105)
    /* The IRQL stays raised on one of two ways out. */
    KeRaiseIrql(APC_LEVEL, &OldIrql); /* NOLINE(105) */
    if (!HAS(105)) {
        KeLowerIrql(OldIrql);
    }
#elif EITHER(106)
    /* The fast mutex, which is for APC_LEVEL at most, under a spin lock. */
    if (HAS(106)) {
        KeAcquireSpinLock(&Lock, &OldIrql);
    }
    ExAcquireFastMutex(&Mutex); /* BUG(106) */
    ExReleaseFastMutex(&Mutex);
    if (HAS(106)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
#elif EITHER(109)
    /* Code in section PAGE runs at DISPATCH_LEVEL. */
    Pageable(HAS(109));
#elif EITHER(110)
    /* An event in paged pool: whoever sets it from a DPC may find it paged out. */
    Paged = ExAllocatePoolWithTag(HAS(110) ? PagedPool : NonPagedPoolNx, sizeof(*Paged), 'lqrI');
    if (Paged != NULL) {
        KeInitializeEvent(Paged, NotificationEvent, FALSE); /* BUG(110) */
        ExFreePoolWithTag(Paged, 'lqrI');
    }
#elif EITHER(111)
    /* A case-insensitive comparison, whose table is pageable, under a spin lock. */
    UNICODE_STRING Number;
    WCHAR Digits[12];

    Number.Buffer = Digits;
    Number.Length = 0;
    Number.MaximumLength = sizeof(Digits);
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (!HAS(111)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
    RtlIntegerToUnicodeString(4711, 10, &Number); /* BUG(111) */
    if (HAS(111)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
#elif EITHER(112)
    /* The delay that a driver for slow hardware makes between two accesses. */
    LARGE_INTEGER Short = {.QuadPart = -10000};

    if (HAS(112)) {
        KeAcquireSpinLock(&Lock, &OldIrql);
    }
    KeDelayExecutionThread(KernelMode, FALSE, &Short); /* BUG(112) */
    if (HAS(112)) {
        KeReleaseSpinLock(&Lock, OldIrql);
    }
#elif EITHER(113)
    /* A spin lock of the DPC-level kind without being there. */
    if (!HAS(113)) {
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    }
    KeAcquireSpinLockAtDpcLevel(&Lock); /* BUG(113) */
    KeReleaseSpinLockFromDpcLevel(&Lock);
    if (!HAS(113)) {
        KeLowerIrql(OldIrql);
    }
#elif EITHER(114)
    /* A table in paged pool is updated under a spin lock: no call shows it. */
    Block = ExAllocatePoolWithTag(PagedPool, 64, 'lqrI');
    if (Block != NULL) {
        KeAcquireSpinLock(&Lock, &OldIrql);
        if (!HAS(114)) {
            KeReleaseSpinLock(&Lock, OldIrql);
        }
        ((volatile ULONG *)Block)[3] = 1; /* BUG(114) */
        if (HAS(114)) {
            KeReleaseSpinLock(&Lock, OldIrql);
        }
        ExFreePoolWithTag(Block, 'lqrI');
    }
#elif EITHER(115)
    /* A variable of a pageable section is counted up under a spin lock. */
    if (!HAS(115)) {
        InterlockedIncrement((volatile LONG *)&Counters[1]);
    }
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (HAS(115)) {
        Counters[1]++; /* BUG(115) */
    }
    KeReleaseSpinLock(&Lock, OldIrql);
#elif EITHER(116)
    /* A helper that the author has moved to section PAGE is called under a spin lock. */
    static const ULONG Numbers[] = {1, 2, 3};

    if (!HAS(116)) {
        PageableSum(Numbers, 3);
    }
    KeAcquireSpinLock(&Lock, &OldIrql);
    if (HAS(116)) {
        PageableSum(Numbers, 3);
    }
    KeReleaseSpinLock(&Lock, OldIrql);
#elif EITHER(117)
    /* The section is pageable, and locked while it is used: the lock was forgotten. */
    PVOID Section = HAS(117) ? NULL : MmLockPagableDataSection((PVOID)Counters);

    KeAcquireSpinLock(&Lock, &OldIrql);
    Counters[2]++; /* BUG(117) */
    KeReleaseSpinLock(&Lock, OldIrql);
    if (Section != NULL) {
        MmUnlockPagableImageSection(Section);
    }
#elif EITHER(118)
    /* A name in paged pool is copied in a DPC's context. */
    Block = ExAllocatePoolWithTag(PagedPool, 64, 'lqrI');
    if (Block != NULL) {
        UCHAR Local[64];

        if (HAS(118)) {
            KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        }
        RtlCopyMemory(Local, Block, sizeof(Local)); /* BUG(118) */
        if (HAS(118)) {
            KeLowerIrql(OldIrql);
        }
        ExFreePoolWithTag(Block, 'lqrI');
    }
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
