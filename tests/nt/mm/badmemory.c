/*
 * badmemory.c - misuse that Windows ends with a bugcheck. [BC:4e], [BC:c2], [BC:da], [BC:50]
 */
#include "../ntlab-test.h"

#if CASE == 4
/* As link.exe marks it: discardable. */
__asm__(".section INIT,\"xrD\"\n"
        ".globl Initialise\n"
        "Initialise:\n"
        "    ret\n"
        ".text\n");
VOID Initialise(VOID);

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    VOID (*volatile Routine)(VOID) = Initialise;

    Routine(); /* its pages went after DriverEntry */
}
#endif

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
#if CASE == 1
    PVOID Block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, 100, FALSE, FALSE, NULL);

    MmProbeAndLockPages(Mdl, KernelMode, IoReadAccess);
    MmUnlockPages(Mdl);
    MmUnlockPages(Mdl);
#elif CASE == 2
    MmFreeContiguousMemory((PVOID)0x123456000);
#elif CASE == 3
    PVOID Block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, 100, FALSE, FALSE, NULL);

    MmProbeAndLockPages(Mdl, KernelMode, IoReadAccess);
    MmUnmapLockedPages(Block, Mdl);
#elif CASE == 4
    Initialise();
    DriverObject->DriverUnload = Unload;
#endif
    return STATUS_SUCCESS;
}
