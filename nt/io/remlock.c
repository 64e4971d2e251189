/*
 * remlock.c - remove locks: how many are inside, and the wait of the one who removes.
 *
 * IoCount starts at 1 and each holder adds 1; IoReleaseRemoveLockAndWait takes away its own and the
 * first. After it has begun, nobody gets in: STATUS_DELETE_PENDING. Tags matter to a checked lock under
 * Driver Verifier only. [wdm: IoAcquireRemoveLock, IoReleaseRemoveLockAndWait]
 */
#include "nt/io/iop.h"

VOID NTAPI
IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes,
                         ULONG HighWatermark, ULONG RemlockSize)
{
    RtlZeroMemory(Lock, RemlockSize);
    Lock->Common.Removed = FALSE;
    Lock->Common.IoCount = 1;
    KeInitializeEvent(&Lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
}

NTSTATUS NTAPI
IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, PCSTR File, ULONG Line,
                      ULONG RemlockSize)
{
    KiSchedulePoint(SP_INTERLOCKED, RemoveLock);
    if (!RemoveLock->Common.Removed) {
        RemoveLock->Common.IoCount++;
        return STATUS_SUCCESS;
    }
    return STATUS_DELETE_PENDING;
}

VOID NTAPI
IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    KiSchedulePoint(SP_INTERLOCKED, RemoveLock);
    if (--RemoveLock->Common.IoCount == 0) {
        KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
    }
}

VOID NTAPI
IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    KiSchedulePoint(SP_INTERLOCKED, RemoveLock);
    RemoveLock->Common.Removed = TRUE;
    RemoveLock->Common.IoCount -= 2;
    if (RemoveLock->Common.IoCount > 0) {
        KeWaitForSingleObject(&RemoveLock->Common.RemoveEvent, Executive, KernelMode, FALSE, NULL);
    }
}
