/*
 * queued.c - a request is queued for the driver's thread, which completes it; who has queued it goes on touching it. The completion
 * comes as an APC to the client's thread, which is the one that does so: it is enough that this one is interrupted.
 * [wdm: after IoMarkIrpPending and queueing a request a driver must not touch it]
 */
#include "bug.h"

#define HAS(Number)    (CASE == (Number))
#define EITHER(Number) (CASE == (Number) || CASE == (Number) + 500)

static KSPIN_LOCK Lock;
static LIST_ENTRY Queue;
static KSEMAPHORE Queued;
static HANDLE Thread;
static LONG Last;

static VOID NTAPI
Work(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        PLIST_ENTRY Entry;

        KeWaitForSingleObject(&Queued, Executive, KernelMode, FALSE, NULL);
        Entry = ExInterlockedRemoveHeadList(&Queue, &Lock);
        if (Entry == NULL) {
            break;
        }
        BugFinish(CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry), STATUS_SUCCESS, 0);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
BugStop(VOID)
{
    KeReleaseSemaphore(&Queued, IO_NO_INCREMENT, 1, FALSE);
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    KeInitializeSpinLock(&Lock);
    InitializeListHead(&Queue);
    KeInitializeSemaphore(&Queued, 0, MAXLONG);
    return PsCreateSystemThread(&Thread, SYNCHRONIZE, NULL, NULL, NULL, Work, NULL);
}

static VOID
Hand(PIRP Irp)
{
    ExInterlockedInsertTailList(&Queue, &Irp->Tail.Overlay.ListEntry, &Lock);
    KeReleaseSemaphore(&Queued, IO_NO_INCREMENT, 1, FALSE);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    UNREFERENCED_PARAMETER(Device);
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#if EITHER(1150)
    IoMarkIrpPending(Irp);
    if (!HAS(1150)) {
        InterlockedExchange(&Last, (LONG)Stack->Parameters.DeviceIoControl.IoControlCode);
    }
    Hand(Irp);
    if (HAS(1150)) {
        InterlockedExchange(&Last,
                            (LONG)Stack->Parameters.DeviceIoControl.IoControlCode); /* BUG(1150) */
    }
#elif EITHER(1151)
    if (!HAS(1151)) {
        IoMarkIrpPending(Irp);
    }
    Hand(Irp);
    if (HAS(1151)) {
        IoMarkIrpPending(Irp); /* BUG(1151) */
    }
#elif EITHER(1152)
    if (Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(LONG) ||
        METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) != METHOD_BUFFERED) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    IoMarkIrpPending(Irp);
    if (!HAS(1152)) {
        InterlockedExchange(&Last, *(volatile LONG *)Irp->AssociatedIrp.SystemBuffer);
        Hand(Irp);
    } else {
        volatile LONG *Buffer = Irp->AssociatedIrp.SystemBuffer;

        Hand(Irp);
        InterlockedExchange(&Last, *Buffer); /* BUG(1152) */
    }
#else
#error no such case
#endif
    return STATUS_PENDING;
}
