/*
 * left.c - what a driver has left behind comes after its image has gone: bugcheck 0xCE, with what it was and who had queued
 * it. [BC:0xCE; DDI:wdm/driver_unload]
 *
 *     CASE 1 a timer   2 a thread   3 a routine that is told of processes   4 a timer whose DPC lies in
 *     the image: 0xD4
 *     CASE 6 a work item   7 a registry callback
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

static NTSTATUS NTAPI
LateRegistry(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Counter++;
    return STATUS_SUCCESS;
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
    default:
        LeaveTimer();
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
