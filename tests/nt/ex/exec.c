/*
 * exec.c - what of pool may be executed: "NonPagedPool is executable; NonPagedPoolNx, from Windows 8 on, is not" and "paged
 * pool is no-execute on x64" [K:no-execute-nonpaged-pool]. Executing no-execute memory is bugcheck 0xFC: address, PTE [BC:fc].
 */
#include "../ntlab-test.h"

static LONG
Run(POOL_TYPE Type)
{
    static const UCHAR Code[] = {0xB8, 0x2A, 0, 0, 0, 0xC3}; /* mov eax, 42; ret */
    PVOID Block = ExAllocatePoolWithTag(Type, sizeof(Code), 'cexT');
    LONG Answer;

    RtlCopyMemory(Block, Code, sizeof(Code));
    Answer = ((LONG(*)(VOID))Block)();
    ExFreePoolWithTag(Block, 'cexT');
    return Answer;
}

#ifdef CASE
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Run(CASE);
    return STATUS_SUCCESS;
}
#else
static VOID
Executable(VOID)
{
    EXPECT_EQ(Run(NonPagedPool), 42);
    EXPECT_EQ(Run(NonPagedPoolCacheAligned), 42);
#ifdef OLD
    EXPECT_EQ(Run(NonPagedPoolNx), 42); /* no such pool before Windows 8: the bit means nothing */
#endif
}

TEST_DRIVER(TEST(Executable))
#endif
