/*
 * activity.c - whose work it is: activity identifiers of requests and threads, and the priorities that go with a request.
 *
 * [ntddk: IoSetActivityIdIrp, IoGetActivityIdIrp, IoSetActivityIdThread, IoPropagateActivityIdToThread;
 * ntifs: IoRetrievePriorityInfo, IoApplyPriorityInfoThread, IO_PRIORITY_INFO]
 *
 *   A1  A request's identifier is a pool block of its own, whose address stands in the IRP's last pointer, marked by
 *       IOP_IRP_ACTIVITY. Stage 2 of the completion overwrites that pointer with its APC, so the block goes before it, or
 *       with the IRP.
 *   A2  A thread's identifier lies in its setter's memory, which must outlast the call of IoClearActivityIdThread.
 *   A3  0xFFFF as thread priority and 0 as page priority leave the thread's as it is. [ntifs.h: IoInitializePriorityInfo]
 */
#include "nt/io/iop.h"

#define IOP_IRP_ACTIVITY    0x80 /* of AllocationFlags */
#define IOP_KEEP_PRIORITY   0xFFFFu
#define IOP_KEEP_PAGE       0u
#define IOP_MAXIMUM_PAGE    7u /* page priorities: 0 to 7 */
#define IOP_MINIMUM_DYNAMIC 1u

C_ASSERT(sizeof(IRP) == 0xD0);

static PGUID *
IopActivity(PIRP Irp)
{
    return (PGUID *)(Irp + 1) - 1;
}

VOID
IopDropActivity(PIRP Irp)
{
    if (Irp->AllocationFlags & IOP_IRP_ACTIVITY) {
        Irp->AllocationFlags &= ~IOP_IRP_ACTIVITY; /* A1 */
        ExFreePoolWithTag(*IopActivity(Irp), TAG_IRP);
        *IopActivity(Irp) = NULL;
    }
}

NTSTATUS NTAPI
IoGetActivityIdIrp(PIRP Irp, LPGUID Guid)
{
    if ((Irp->AllocationFlags & IOP_IRP_ACTIVITY) == 0) {
        return STATUS_NOT_FOUND;
    }
    *Guid = **IopActivity(Irp);
    return STATUS_SUCCESS;
}

/* Without one of the caller's: the current thread's, if the request is its own. */
static LPCGUID
IopOwnActivity(PIRP Irp)
{
    static const GUID None;
    PETHREAD Thread = PspCurrentThread();

    if (Irp->Tail.Overlay.Thread != Thread) {
        return NULL;
    }
    if (Thread->Activity != NULL) {
        return Thread->Activity;
    }
    return RtlEqualMemory(&Thread->ActivityId, &None, sizeof(None)) ? NULL : &Thread->ActivityId;
}

NTSTATUS NTAPI
IoSetActivityIdIrp(PIRP Irp, LPCGUID Guid)
{
    PGUID Copy;

    if (Guid == NULL && (Guid = IopOwnActivity(Irp)) == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if ((Irp->AllocationFlags & IOP_IRP_ACTIVITY) == 0) {
        Copy = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Copy), TAG_IRP);
        if (Copy == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *IopActivity(Irp) = Copy;
        Irp->AllocationFlags |= IOP_IRP_ACTIVITY;
    }
    **IopActivity(Irp) = *Guid;
    return STATUS_SUCCESS;
}

LPCGUID NTAPI
IoGetActivityIdThread(VOID)
{
    return PspCurrentThread()->Activity;
}

LPCGUID NTAPI
IoSetActivityIdThread(LPCGUID ActivityId)
{
    PETHREAD Thread = PspCurrentThread();
    LPCGUID Previous = Thread->Activity;

    Thread->Activity = ActivityId; /* A2 */
    return Previous;
}

VOID NTAPI
IoClearActivityIdThread(LPCGUID OriginalId)
{
    PspCurrentThread()->Activity = OriginalId;
}

NTSTATUS NTAPI
IoPropagateActivityIdToThread(PIRP Irp, LPGUID PropagatedId, LPCGUID *OriginalId)
{
    NTSTATUS Status = IoGetActivityIdIrp(Irp, PropagatedId);

    if (NT_SUCCESS(Status)) {
        *OriginalId = IoSetActivityIdThread(PropagatedId);
    }
    return Status;
}

/* ---- priorities ---- */

/* What IoSetIoPriorityHint has set, plus 1. */
#define IOP_HINT_SHIFT 17
#define IOP_HINT_MASK  (7u << IOP_HINT_SHIFT)

IO_PRIORITY_HINT NTAPI
IoGetIoPriorityHint(PIRP Irp)
{
    PFILE_OBJECT FileObject = Irp->Tail.Overlay.OriginalFileObject;

    if (Irp->Flags & IOP_HINT_MASK) {
        return (IO_PRIORITY_HINT)(((Irp->Flags & IOP_HINT_MASK) >> IOP_HINT_SHIFT) - 1);
    }
    return FileObject != NULL ? IopFile(FileObject)->Priority : IoPriorityNormal;
}

NTSTATUS NTAPI
IoSetIoPriorityHint(PIRP Irp, IO_PRIORITY_HINT PriorityHint)
{
    if ((ULONG)PriorityHint >= MaxIoPriorityTypes) {
        return STATUS_INVALID_PARAMETER;
    }
    Irp->Flags = (Irp->Flags & ~IOP_HINT_MASK) | (((ULONG)PriorityHint + 1) << IOP_HINT_SHIFT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoRetrievePriorityInfo(PIRP Irp, PFILE_OBJECT FileObject, PETHREAD Thread,
                       PIO_PRIORITY_INFO PriorityInfo)
{
    if (PriorityInfo->Size != sizeof(*PriorityInfo)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    PriorityInfo->ThreadPriority =
        Thread != NULL ? (ULONG)KeQueryPriorityThread(&Thread->Tcb) : IOP_KEEP_PRIORITY;
    PriorityInfo->PagePriority = Thread != NULL ? Thread->PagePriority : IOP_KEEP_PAGE;
    if (Irp != NULL && (Irp->Flags & IOP_HINT_MASK)) {
        PriorityInfo->IoPriority = IoGetIoPriorityHint(Irp);
    } else if (FileObject != NULL && IopFile(FileObject)->PrioritySet) {
        PriorityInfo->IoPriority = IopFile(FileObject)->Priority;
    } else {
        PriorityInfo->IoPriority =
            Thread != NULL ? (IO_PRIORITY_HINT)Thread->IoPriority : IoPriorityNormal;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoApplyPriorityInfoThread(PIO_PRIORITY_INFO InputPriorityInfo, PIO_PRIORITY_INFO OutputPriorityInfo,
                          PETHREAD Thread)
{
    IO_PRIORITY_INFO Input = *InputPriorityInfo; /* the two may be one structure */

    if (Input.Size != sizeof(Input) || (ULONG)Input.IoPriority >= MaxIoPriorityTypes ||
        Input.PagePriority > IOP_MAXIMUM_PAGE ||
        (Input.ThreadPriority != IOP_KEEP_PRIORITY &&
         (Input.ThreadPriority < IOP_MINIMUM_DYNAMIC || Input.ThreadPriority > HIGH_PRIORITY))) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (OutputPriorityInfo != NULL) {
        OutputPriorityInfo->Size = sizeof(*OutputPriorityInfo);
        IoRetrievePriorityInfo(NULL, NULL, Thread, OutputPriorityInfo);
    }
    if (Input.ThreadPriority != IOP_KEEP_PRIORITY) { /* A3 */
        KeSetPriorityThread(&Thread->Tcb, (KPRIORITY)Input.ThreadPriority);
    }
    if (Input.PagePriority != IOP_KEEP_PAGE) {
        Thread->PagePriority = Input.PagePriority;
    }
    Thread->IoPriority = (ULONG)Input.IoPriority;
    return STATUS_SUCCESS;
}
