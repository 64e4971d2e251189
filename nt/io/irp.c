/*
 * irp.c - the memory of IRPs.
 *
 * An IRP is followed by StackSize stack locations; the last one is the top driver's, and
 * CurrentLocation starts one above it. [wdm: IoAllocateIrp, IoInitializeIrp, IoReuseIrp, IoSizeOfIrp]
 *
 *   I1  An IRP that was freed has Type 0: completing or freeing it again is seen (bugcheck 0x44).
 *   I2  Each thread keeps the last IRP of each small stack size that it freed itself, and takes only its
 *       own back: what an agent gets depends on its own history alone.
 *       Where plain accesses are steps it keeps none: who touches one that was freed is seen (lifetime.c).
 *   I3  An IRP of several locations has a zeroed one to spare behind the top one, as the ones of Windows, which come in one
 *       size for all: who looks at the location above its own in the topmost driver reads zeros.
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

#define IOP_CACHED_SIZES 4

VOID NTAPI
IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    RtlZeroMemory(Irp, PacketSize);
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = PacketSize;
    Irp->StackCount = StackSize;
    Irp->CurrentLocation = StackSize + 1;
    Irp->ApcEnvironment = KiThread()->ApcStateIndex;
    InitializeListHead(&Irp->ThreadListEntry);
    Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(Irp + 1) + StackSize;
}

typedef enum { IopMayFail, IopMayExceedQuota, IopMust } IOP_ALLOCATION;

static PIRP
IopMakeIrp(CCHAR StackSize, IOP_ALLOCATION How)
{
    PETHREAD Thread = PspCurrentThread();
    USHORT Size = IoSizeOfIrp(StackSize);
    ULONG Spare = StackSize > 1 ? sizeof(IO_STACK_LOCATION) : 0; /* I3 */
    PIRP Irp;

    if (StackSize >= 1 && StackSize <= IOP_CACHED_SIZES && !KiPrcb()->DpcRoutineActive &&
        (Irp = Thread->IrpCache[StackSize - 1]) != NULL) {
        Thread->IrpCache[StackSize - 1] = NULL; /* I2 */
    } else if (How == IopMust) {
        Irp = ExpAllocate(Size + Spare, TAG_IRP);
    } else if (How == IopMayExceedQuota) {
        Irp = ExAllocatePoolWithQuotaTag(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
                                         Size + Spare, TAG_IRP);
    } else {
        Irp = ExAllocatePoolWithTag(NonPagedPool, Size + Spare, TAG_IRP);
    }
    if (Irp == NULL) {
        return NULL;
    }
    IoInitializeIrp(Irp, Size, StackSize);
    RtlZeroMemory((PUCHAR)Irp + Size, Spare);
    Irp->AllocationFlags = IRP_ALLOCATED_FIXED_SIZE;
    return Irp;
}

PIRP
IopAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    return IopMakeIrp(StackSize, ChargeQuota ? IopMayExceedQuota : IopMayFail);
}

PIRP
IopAllocateIrpThatMust(CCHAR StackSize)
{
    return IopMakeIrp(StackSize, IopMust);
}

PIRP NTAPI
IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    PIRP Irp;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Irp = IopAllocateIrp(StackSize, ChargeQuota);
    if (Irp != NULL) {
        Irp->AllocationFlags |= ChargeQuota ? IRP_QUOTA_CHARGED : 0;
    }
    return Irp;
}

PIRP NTAPI
IoAllocateIrpEx(PDEVICE_OBJECT DeviceObject, CCHAR StackSize, BOOLEAN ChargeQuota)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return IoAllocateIrp(StackSize, ChargeQuota);
}

VOID NTAPI
IoFreeIrp(PIRP Irp)
{
    PETHREAD Thread = PspCurrentThread();
    ULONG Slot;

    DRIVER_REQUIRE(Irp->Type == IO_TYPE_IRP, MULTIPLE_IRP_COMPLETE_REQUESTS, Irp, 0, 0, 0); /* I1 */
    if (Machine->explore == ABI_EXPLORE_MEMORY) {
        ExFreeStep(Irp);
    }
    if (VfHooks != NULL) {
        VfHooks->IrpEnds(Irp);
        Irp->IoStatus.Status = (NTSTATUS)VF_IRP_GONE; /* what who looks too late gets to see */
    }
    Irp->Type = 0;
    IopDropActivity(Irp);
    if ((Irp->AllocationFlags & IRP_ALLOCATED_FIXED_SIZE) == 0) {
        /* Not ours: a driver's own memory that IoInitializeIrp made an IRP. The pool judges. */
        ExFreePoolWithTag(Irp, 0);
        return;
    }
    Slot = (ULONG)Irp->StackCount - 1;
    if (Slot < IOP_CACHED_SIZES && Irp->Size == IoSizeOfIrp(Irp->StackCount) &&
        !KiPrcb()->DpcRoutineActive && Irp->Tail.Overlay.Thread == Thread &&
        Thread->IrpCache[Slot] == NULL && !Thread->Terminating &&
        Machine->explore != ABI_EXPLORE_MEMORY) {
        Thread->IrpCache[Slot] = Irp; /* I2 */
        return;
    }
    ExFreePoolWithTag(Irp, TAG_IRP);
}

/* Thread exit: what I2 kept. */
VOID
IopFreeIrpCache(PETHREAD Thread)
{
    for (ULONG Slot = 0; Slot < IOP_CACHED_SIZES; Slot++) {
        if (Thread->IrpCache[Slot] != NULL) {
            ExFreePoolWithTag(Thread->IrpCache[Slot], TAG_IRP);
            Thread->IrpCache[Slot] = NULL;
        }
    }
}

VOID NTAPI
IoReuseIrp(PIRP Irp, NTSTATUS Status)
{
    UCHAR AllocationFlags;

    IopDropActivity(Irp);
    AllocationFlags = Irp->AllocationFlags;
    IoInitializeIrp(Irp, Irp->Size, Irp->StackCount);
    Irp->AllocationFlags = AllocationFlags;
    Irp->IoStatus.Status = Status;
}

PIRP NTAPI
IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize)
{
    PIRP Associated;

    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Associated = IopAllocateIrp(StackSize, FALSE);
    if (Associated != NULL) {
        Associated->Flags |= IRP_ASSOCIATED_IRP;
        Associated->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
        Associated->AssociatedIrp.MasterIrp = Irp;
    }
    return Associated;
}

VOID
IopFreeMdls(PIRP Irp)
{
    PMDL Mdl, Next;

    for (Mdl = Irp->MdlAddress; Mdl != NULL; Mdl = Next) {
        Next = Mdl->Next;
        IoFreeMdl(Mdl);
    }
    Irp->MdlAddress = NULL;
}

/*
 * While schedules are explored: the thread's list changes, which is a step of its own if another thread of the process
 * could look through it (cancel.c, X5). Whether it has had another one is asked, not whether that is still there: where a thread's
 * points are must not follow from how far others have come.
 */
VOID
IopListPoint(PETHREAD Thread)
{
    if (Thread->Tcb.Process->ThreadsMade > 1) {
        KiLooksAt(IOP_REQUESTS_OF(Thread->Tcb.Process));
    }
}

/* IoQueueThreadIrp: the IRP belongs to the current thread from now on. */
VOID
IopQueueIrpToThread(PIRP Irp)
{
    IopListPoint(PspCurrentThread());
    InsertHeadList(&PspCurrentThread()->IrpList, &Irp->ThreadListEntry);
}

VOID
IopDequeueIrp(PIRP Irp)
{
    PETHREAD Thread = PspCurrentThread(); /* the IRP's; its field may be the APC's by now */

    IopListPoint(Thread);
    RemoveEntryList(&Irp->ThreadListEntry);
    InitializeListHead(&Irp->ThreadListEntry);
    if (Thread->IrpRundown != NULL && IsListEmpty(&Thread->IrpList)) {
        KeSetEvent(Thread->IrpRundown, IO_NO_INCREMENT, FALSE);
    }
    if (Thread->IrpGone != NULL) {
        KeSetEvent(Thread->IrpGone, IO_NO_INCREMENT, FALSE);
    }
}

VOID NTAPI
IoQueueThreadIrp(PIRP Irp)
{
    Irp->Tail.Overlay.Thread = PspCurrentThread();
    IopQueueIrpToThread(Irp);
}
