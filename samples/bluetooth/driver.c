/*
 * driver.c - Bluetooth: requests against the device's removal, after Qadeer and Wu (KISS, PLDI 2004).
 *
 * PendingIo counts the requests inside the driver, and one for the device itself. Whoever brings it to zero sets
 * StoppingEvent; then nobody is inside, and what requests need can be torn down.
 *
 *   B1  A request that is let in is counted until it is done.
 *   B2  Nothing is counted in after StoppingEvent was set: as shipped that is not so. A request that has seen no
 *       StoppingFlag has not counted itself in yet.
 *
 * FIXED counts first and then looks. The request that is refused counts itself out again.
 */
#include <ntifs.h>

typedef struct DEVICE_EXTENSION {
    LONG volatile PendingIo;
    BOOLEAN volatile StoppingFlag;
    BOOLEAN volatile Stopped; /* torn down */
    KEVENT StoppingEvent;
} DEVICE_EXTENSION;

static DEVICE_EXTENSION Extension;

static VOID
IoDecrement(VOID)
{
    if (InterlockedDecrement(&Extension.PendingIo) == 0) {
        KeSetEvent(&Extension.StoppingEvent, IO_NO_INCREMENT, FALSE);
    }
}

#if FIXED
static NTSTATUS
IoIncrement(VOID)
{
    InterlockedIncrement(&Extension.PendingIo);
    if (Extension.StoppingFlag) {
        IoDecrement();
        return STATUS_DELETE_PENDING;
    }
    return STATUS_SUCCESS;
}
#else
static NTSTATUS
IoIncrement(VOID)
{
    if (Extension.StoppingFlag) {
        return STATUS_DELETE_PENDING;
    }
    /* The whole stop can happen here. */
    InterlockedIncrement(&Extension.PendingIo);
    return STATUS_SUCCESS;
}
#endif

/* A request. */
static VOID NTAPI
PnpAdd(PVOID Context)
{
    if (NT_SUCCESS(IoIncrement())) {
        if (Extension.Stopped) {
            KeBugCheckEx(MANUALLY_INITIATED_CRASH, (ULONG_PTR)&Extension, 0, 0, 0);
        }
        IoDecrement();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
PnpStop(PVOID Context)
{
    Extension.StoppingFlag = TRUE;
    IoDecrement();
    KeWaitForSingleObject(&Extension.StoppingEvent, Executive, KernelMode, FALSE, NULL);
    Extension.Stopped = TRUE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static KSTART_ROUTINE *const Routines[] = {PnpStop, PnpAdd};
    HANDLE Threads[RTL_NUMBER_OF(Routines)];
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Count = 0;

    DriverObject->DriverUnload = Unload;
    Extension.PendingIo = 1;
    KeInitializeEvent(&Extension.StoppingEvent, NotificationEvent, FALSE);
    while (Count < RTL_NUMBER_OF(Routines) && NT_SUCCESS(Status)) {
        Status = PsCreateSystemThread(&Threads[Count], THREAD_ALL_ACCESS, NULL, NULL, NULL,
                                      Routines[Count], NULL);
        Count += NT_SUCCESS(Status) != 0;
    }
    while (Count > 0) {
        ZwWaitForSingleObject(Threads[--Count], FALSE, NULL);
        ZwClose(Threads[Count]);
    }
    return Status;
}
