/*
 * behind.c - what a driver leaves behind that is not unloaded: nobody waits for it, and it is over before the run ends, whatever its order.
 *
 *     1  two threads: who has the lock first
 *     2  the same of two work items
 *     3  a timer, whose DPC finds something wrong: it may come, or not
 *     4  two threads that the shutdown routine lets go: who has the lock first
 *     5  a thread that never ends, and sleeps: nobody waits for it
 *     6  a thread that sleeps, and finds something wrong then
 */
#include <ntifs.h>

static FAST_MUTEX Mutex;
static KEVENT Go;
static LONG Seen;
static WORK_QUEUE_ITEM Item[2];
static KTIMER Timer;
static KDPC Dpc;

static VOID
Enter(BOOLEAN Second)
{
    ExAcquireFastMutex(&Mutex);
    if (Second && Seen == 0) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, PROGRAM, 0, 0, 0);
    }
    Seen++;
    ExReleaseFastMutex(&Mutex);
}

static VOID NTAPI
Run(PVOID Context)
{
    if (PROGRAM == 4) {
        KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    }
    Enter(Context != NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Sleep(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    do {
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
    } while (PROGRAM == 5);
    KeBugCheckEx(0xE2, PROGRAM, 0, 0, 0);
}

static VOID NTAPI
Work(PVOID Context)
{
    Enter(Context != NULL);
}

static VOID NTAPI
Due(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeBugCheckEx(0xE2, PROGRAM, 0, 0, 0);
}

static VOID
Start(PKSTART_ROUTINE Routine, PVOID Context)
{
    HANDLE Thread;

    if (NT_SUCCESS(
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context))) {
        ZwClose(Thread);
    }
}

static NTSTATUS NTAPI
Shutdown(PDEVICE_OBJECT Device, PIRP Irp)
{
    KeSetEvent(&Go, IO_NO_INCREMENT, FALSE);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};
    PDEVICE_OBJECT Device;

    ExInitializeFastMutex(&Mutex);
    KeInitializeEvent(&Go, NotificationEvent, FALSE);
    if (PROGRAM == 4) {
        if (!NT_SUCCESS(
                IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device))) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        DriverObject->MajorFunction[IRP_MJ_SHUTDOWN] = Shutdown;
        IoRegisterShutdownNotification(Device);
        Device->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    if (PROGRAM == 1 || PROGRAM == 4) {
        Start(Run, NULL);
        Start(Run, &Mutex);
    } else if (PROGRAM == 2) {
        ExInitializeWorkItem(&Item[0], Work, NULL);
        ExInitializeWorkItem(&Item[1], Work, &Mutex);
        ExQueueWorkItem(&Item[0], DelayedWorkQueue);
        ExQueueWorkItem(&Item[1], DelayedWorkQueue);
    } else if (PROGRAM == 3) {
        KeInitializeDpc(&Dpc, Due, NULL);
        KeInitializeTimer(&Timer);
        KeSetTimer(&Timer, Second, &Dpc);
    } else {
        Start(Sleep, NULL);
    }
    return STATUS_SUCCESS;
}
