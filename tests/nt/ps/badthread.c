/*
 * badthread.c - threads that end as they must not. [BC:20]: pending APC, APC disable count, IRQL; [BC:4000008a]
 */
#include "../ntlab-test.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

static KMUTEX Mutex;
__attribute__((unused)) static KAPC Apc;

static VOID NTAPI
Kernel(PKAPC It, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
}

static VOID NTAPI
Normal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
}

/* A system thread begins inside one critical region, which is not its own mistake. */
static VOID NTAPI
Thread(PVOID Context)
{
#if CASE == 1
    KeEnterCriticalRegion(); /* one more than it leaves */
#elif CASE == 3
    KeLeaveCriticalRegion();
    KeEnterGuardedRegion();
#elif CASE == 4
    KeLeaveCriticalRegion();
    KeLeaveCriticalRegion(); /* one more than it entered */
#elif CASE == 5
    KeEnterCriticalRegion();
    KeInitializeApc(&Apc, KeGetCurrentThread(), 0, Kernel, NULL, Normal, KernelMode, NULL);
    KeInsertQueueApc(&Apc, NULL, NULL, 0);
#elif CASE == 6
    KeLeaveCriticalRegion();
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
#elif CASE == 7
    KeLeaveCriticalRegion();
    KeEnterCriticalRegion();
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE Handle;

    KeInitializeMutex(&Mutex, 0);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread,
                         PsInitialSystemProcess);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    return STATUS_SUCCESS;
}
