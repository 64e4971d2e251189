/*
 * badthread.c - threads that end as they must not. [BC:20], [BC:5]
 */
#include "../ntlab-test.h"

static VOID NTAPI
Thread(PVOID Context)
{
#if CASE == 1
    KeEnterCriticalRegion(); /* one more than it leaves */
#elif CASE == 2
    KAPC_STATE State;

    KeStackAttachProcess((PKPROCESS)Context, &State);
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE Handle;
    PVOID Other = PsGetCurrentProcess();

    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread, Other);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    return STATUS_SUCCESS;
}
