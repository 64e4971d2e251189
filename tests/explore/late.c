/*
 * late.c - a thread, and an unload routine that looks at what it does last before it waits for it: the two orders are
 * two traces, though the thread has gone before anything else runs.
 */
#include <ntifs.h>

static KEVENT Started, Said;
static PVOID Waited;

static VOID NTAPI
Thread(PVOID Context)
{
    KeSetEvent(&Started, IO_NO_INCREMENT, FALSE);
    KeSetEvent(&Said, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    if (KeReadStateEvent(&Said) == 0) {
        KeBugCheckEx(0xE2 /* MANUALLY_INITIATED_CRASH */, 1, 0, 0, 0);
    }
    KeWaitForSingleObject(Waited, Executive, KernelMode, FALSE,
                          NULL); /* it may not outlive its code */
    ObDereferenceObject(Waited);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE Handle;

    DriverObject->DriverUnload = Unload;
    KeInitializeEvent(&Started, NotificationEvent, FALSE);
    KeInitializeEvent(&Said, NotificationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread, NULL);
    ObReferenceObjectByHandle(Handle, 0, *PsThreadType, KernelMode, &Waited, NULL);
    ZwClose(Handle);
    KeWaitForSingleObject(&Started, Executive, KernelMode, FALSE, NULL);
    return STATUS_SUCCESS;
}
