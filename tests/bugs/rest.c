/*
 * rest.c - the other sentence of a rule that has two: what the other files break is the one, and this the second.
 */
#include "bug.h"

#define TAG 'tseR'

NTKERNELAPI PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_NON_PAGED 0x40
#endif

static ERESOURCE Resource;
static PDEVICE_OBJECT Second;
static PKEVENT Event;
static IO_REMOVE_LOCK RemoveLock;
static KSPIN_LOCK Lock;
static volatile LONG Behind = 0;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    ExInitializeResourceLite(&Resource);
    IoInitializeRemoveLock(&RemoveLock, TAG, 0, 0);
    KeInitializeSpinLock(&Lock);
#if EITHER(1007) || EITHER(1008)
    BugDevice->StackSize = 2;
    return IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Second);
#else
    return STATUS_SUCCESS;
#endif
}

static VOID
BugStop(VOID)
{
    if (Second != NULL) {
        IoDeleteDevice(Second);
    }
#if !EITHER(1005)
    ExDeleteResourceLite(&Resource);
#endif
}

#if EITHER(1001)
#pragma code_seg("PAGE")
__attribute__((section("PAGE"))) static DECLSPEC_NOINLINE VOID
Pageable(VOID)
{
    KIRQL OldIrql;

#if HAS(1001)
    KeAcquireSpinLock(&Lock, &OldIrql); /* BUG(1001) */
    KeGetCurrentIrql();
    KeReleaseSpinLock(&Lock, OldIrql);
#endif
}
#pragma code_seg()
#endif

static VOID NTAPI
Cancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    BugFinish(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    KIRQL OldIrql;
    PUCHAR Block;

    if (Device == Second) {
        return BugFinish(Irp, STATUS_SUCCESS, 0);
    }
    (VOID) OldIrql, (VOID)Block, (VOID)Behind, (VOID)Lock, (VOID)Cancel, (VOID)Event;
#if EITHER(1000)
    KeEnterGuardedRegion();
    KeLeaveGuardedRegion();
#if HAS(1000)
    KeLeaveGuardedRegion(); /* BUG(1000) */
#endif
#elif EITHER(1001)
    Pageable();
#elif EITHER(1003)
    Block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 20, TAG); /* BUG(1003) */
    if (Block != NULL) {
        Block[19 + HAS(1003)] = 1;
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(1004)
    IoAcquireRemoveLock(&RemoveLock, Irp);
    IoReleaseRemoveLock(&RemoveLock, Irp);
#if HAS(1004)
    IoReleaseRemoveLock(&RemoveLock, Irp); /* BUG(1004) */
#endif
#elif EITHER(1005)
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
#if HAS(1005)
    ExDeleteResourceLite(&Resource); /* BUG(1005) */
#else
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&Resource);
#endif
#elif EITHER(1007)
    KeEnterGuardedRegion();
#if HAS(1007)
    IoSkipCurrentIrpStackLocation(Irp);
    BugFinish(Irp, STATUS_SUCCESS, 0);
    IoCallDriver(Second, Irp); /* BUG(1007) */
#endif
    KeLeaveGuardedRegion();
#elif EITHER(1008)
    IoSetCancelRoutine(Irp, Cancel);
#if !HAS(1008)
    IoSetCancelRoutine(Irp, NULL);
#endif
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Second, Irp); /* BUG(1008) */
#elif EITHER(1009)
    {
        HANDLE Handle = *(HANDLE *)Irp->AssociatedIrp.SystemBuffer;

        if (HAS(1009)) {
            ZwSetEvent(Handle, NULL); /* BUG(1009) */
        } else if (NT_SUCCESS(ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE,
                                                        *ExEventObjectType, UserMode,
                                                        (PVOID *)&Event, NULL))) {
            KeSetEvent(Event, 0, FALSE);
            ObDereferenceObject(Event);
        }
    }
#elif EITHER(1011) || EITHER(1012)
    {
        struct {
            PVOID Pointer;
            ULONG64 Value;
        } Answer = {HAS(1012) ? Device : NULL, 5};
        PVOID User = Irp->UserBuffer;
        SIZE_T Size = sizeof(Answer) + Behind;

        __try {
            ProbeForWrite(User, HAS(1011) ? 8 : sizeof(Answer), 1);
            RtlCopyMemory(User, &Answer, Size); /* BUG(1011) BUG(1012) */
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
    }
#elif EITHER(1014)
    {
        WCHAR Small[8];
        PCWSTR volatile From =
            HAS(1014)
                ? L"many more than eight characters, and more than the frame has left for them; "
                  L"so the return address goes, and whatever the caller has on its stack behind it"
                : L"few";

        wcscpy(Small, From); /* BUG(1014) */
    }
#endif
    return BugFinish(Irp, STATUS_SUCCESS, 0);
}
