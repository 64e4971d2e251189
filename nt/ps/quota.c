/*
 * quota.c - what a process is charged for. Limits are those of a process without one: a charge is
 * counted, and given back more than was charged is bugcheck 0x21 (QUOTA_UNDERFLOW).
 */
#include "nt/ps/psp.h"

static ULONG
PspQuotaIndex(POOL_TYPE PoolType)
{
    return PoolType & 1 ? 1 : 0; /* paged types are odd */
}

NTSTATUS NTAPI
PsChargeProcessPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    if (Process != PsInitialSystemProcess) {
        Process->QuotaUsage[PspQuotaIndex(PoolType)] += Amount;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI
PsChargePoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    PsChargeProcessPoolQuota(Process, PoolType, Amount);
}

VOID NTAPI
PsReturnPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    if (Process != PsInitialSystemProcess) {
        DRIVER_REQUIRE(Process->QuotaUsage[PspQuotaIndex(PoolType)] >= Amount, QUOTA_UNDERFLOW,
                       Process, PoolType, Process->QuotaUsage[PspQuotaIndex(PoolType)], Amount);
        Process->QuotaUsage[PspQuotaIndex(PoolType)] -= Amount;
    }
}

NTSTATUS NTAPI
PsChargeProcessNonPagedPoolQuota(PEPROCESS Process, SIZE_T Amount)
{
    return PsChargeProcessPoolQuota(Process, NonPagedPool, Amount);
}

NTSTATUS NTAPI
PsChargeProcessPagedPoolQuota(PEPROCESS Process, SIZE_T Amount)
{
    return PsChargeProcessPoolQuota(Process, PagedPool, Amount);
}

VOID NTAPI
PsReturnProcessNonPagedPoolQuota(PEPROCESS Process, SIZE_T Amount)
{
    PsReturnPoolQuota(Process, NonPagedPool, Amount);
}

VOID NTAPI
PsReturnProcessPagedPoolQuota(PEPROCESS Process, SIZE_T Amount)
{
    PsReturnPoolQuota(Process, PagedPool, Amount);
}
