/*
 * exception.c - pool or an exception, and which exceptions a file system handles.
 *
 * A file system lets its common code raise, and its filter asks FsRtlIsNtstatusExpected: what only a
 * mistake in the code can have raised goes on to the bugcheck.
 *
 * Source: FsRtlAllocatePoolWithTag and kin, FsRtlIsNtstatusExpected, FsRtlNormalizeNtstatus,
 * FsRtlIsTotalDeviceFailure (ntifs.h, ntddk.h).
 */
#include "nt/fsrtl/fsrtlp.h"

PVOID NTAPI
FsRtlAllocatePoolWithTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag)
{
    PVOID Block = ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);

    if (Block == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

PVOID NTAPI
FsRtlAllocatePool(POOL_TYPE PoolType, ULONG NumberOfBytes)
{
    return FsRtlAllocatePoolWithTag(PoolType, NumberOfBytes, TAG_FSRTL);
}

/* ExAllocatePoolWithQuotaTag raises by itself, unless the type says that it shall not. */
PVOID NTAPI
FsRtlAllocatePoolWithQuotaTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag)
{
    PVOID Block = ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);

    if (Block == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

PVOID NTAPI
FsRtlAllocatePoolWithQuota(POOL_TYPE PoolType, ULONG NumberOfBytes)
{
    return FsRtlAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, TAG_FSRTL);
}

BOOLEAN NTAPI
FsRtlIsNtstatusExpected(NTSTATUS Ntstatus)
{
    switch (Ntstatus) {
    case STATUS_ACCESS_VIOLATION:
    case STATUS_DATATYPE_MISALIGNMENT:
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_INSTRUCTION_MISALIGNMENT:
        return FALSE;
    default:
        return TRUE;
    }
}

NTSTATUS NTAPI
FsRtlNormalizeNtstatus(NTSTATUS Exception, NTSTATUS GenericException)
{
    return FsRtlIsNtstatusExpected(Exception) ? Exception : GenericException;
}

/* An error in a sector says nothing of the rest of the device. */
BOOLEAN NTAPI
FsRtlIsTotalDeviceFailure(NTSTATUS Status)
{
    return !NT_SUCCESS(Status) && Status != STATUS_CRC_ERROR && Status != STATUS_DEVICE_DATA_ERROR;
}
