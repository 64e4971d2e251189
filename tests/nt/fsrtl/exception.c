/*
 * exception.c - FsRtl's pool routines and statuses.
 */
#include "../ntlab-test.h"

static VOID
Pool(VOID)
{
    PVOID Block = FsRtlAllocatePoolWithTag(PagedPool, 100, 'tseT');

    EXPECT(Block != NULL);
    RtlFillMemory(Block, 100, 1);
    ExFreePoolWithTag(Block, 'tseT');
    Block = FsRtlAllocatePool(NonPagedPool, 10);
    EXPECT(Block != NULL);
    ExFreePool(Block);
    Block = FsRtlAllocatePoolWithQuotaTag(PagedPool, 10, 'tseT');
    EXPECT(Block != NULL);
    ExFreePool(Block);
    Block = FsRtlAllocatePoolWithQuota(PagedPool, 10);
    EXPECT(Block != NULL);
    ExFreePool(Block);
    /* "If the pool allocation fails, [it] raises a STATUS_INSUFFICIENT_RESOURCES exception"
       [DDI:ntifs/fsrtlallocatepoolwithtag] */
    EXPECT_RAISES(FsRtlAllocatePoolWithTag(NonPagedPool, 0xFFFFF000, 'tseT'),
                  STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_RAISES(FsRtlAllocatePool(NonPagedPool, 0xFFFFF000), STATUS_INSUFFICIENT_RESOURCES);
}

/* [DDI:ntifs/fsrtlisntstatusexpected] "TRUE if the status value indicates a nonfatal system error" */
static VOID
Expected(VOID)
{
    EXPECT(FsRtlIsNtstatusExpected(STATUS_INSUFFICIENT_RESOURCES));
    EXPECT(FsRtlIsNtstatusExpected(STATUS_IN_PAGE_ERROR));
    EXPECT(!FsRtlIsNtstatusExpected(STATUS_ACCESS_VIOLATION));
    EXPECT(!FsRtlIsNtstatusExpected(STATUS_DATATYPE_MISALIGNMENT));
    EXPECT(!FsRtlIsNtstatusExpected(STATUS_ILLEGAL_INSTRUCTION));
    /* [DDI:ntifs/fsrtlnormalizentstatus] the exception if it is expected, else the generic one */
    EXPECT_STATUS(FsRtlNormalizeNtstatus(STATUS_DISK_FULL, STATUS_INVALID_USER_BUFFER),
                  STATUS_DISK_FULL);
    EXPECT_STATUS(FsRtlNormalizeNtstatus(STATUS_ACCESS_VIOLATION, STATUS_INVALID_USER_BUFFER),
                  STATUS_INVALID_USER_BUFFER);
}

/* [DDI:ntddk/fsrtlistotaldevicefailure] "whether a media or other hardware failure has occurred" */
static VOID
DeviceFailure(VOID)
{
    EXPECT(!FsRtlIsTotalDeviceFailure(STATUS_SUCCESS));
    EXPECT(FsRtlIsTotalDeviceFailure(STATUS_NO_SUCH_DEVICE));
}

TEST_DRIVER(TEST(Pool), TEST(Expected), TEST(DeviceFailure))
