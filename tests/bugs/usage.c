/*
 * usage.c - what a driver should not call. (311, strcpy, is in more.c.)
 */
#include "bug.h"

#define TAG 'esuU'

#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_NON_PAGED 0x40ull
NTKERNELAPI PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
#endif

static FILE_LOCK FileLock;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    FsRtlInitializeFileLock(&FileLock, NULL, NULL);
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
    FsRtlUninitializeFileLock(&FileLock);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
#if EITHER(340)
    /* A breakpoint is left in the code, for an input that cannot be. */
    if (HAS(340) && Stack->Parameters.DeviceIoControl.InputBufferLength != 0) {
        DbgBreakPoint(); /* BUG(340) */
    }
#elif EITHER(341)
    /* The memory is what the last owner has left. */
    PVOID Block = HAS(341) ? ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG) /* BUG(341) */
                           : ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);

    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(342)
    /* The request goes to FsRtlPrivateLock, and it is the routine's to complete. Without one it is FsRtlFastLock. */
    LARGE_INTEGER Offset = {.QuadPart = 0}, Length = {.QuadPart = 16};
    IO_STATUS_BLOCK Iosb;

    if (HAS(342)) {
        IoMarkIrpPending(Irp);
        FsRtlPrivateLock(&FileLock, Stack->FileObject, &Offset, &Length, IoGetCurrentProcess(), 0,
                         TRUE, TRUE, &Iosb, Irp, NULL, FALSE); /* BUG(342) */
        return STATUS_PENDING;
    }
    if (FsRtlPrivateLock(&FileLock, Stack->FileObject, &Offset, &Length, IoGetCurrentProcess(), 0,
                         TRUE, TRUE, &Iosb, NULL, NULL, FALSE)) {
        FsRtlFastUnlockSingle(&FileLock, Stack->FileObject, &Offset, &Length, IoGetCurrentProcess(),
                              0, NULL, FALSE);
    }
#else
#error no such case
#endif
    return BugFinish(Irp, STATUS_SUCCESS, 0);
}
