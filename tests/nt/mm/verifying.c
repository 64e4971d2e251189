/*
 * verifying.c - what a driver is told of the verifier: whether it is on, with which options, and whether it looks at this driver.
 * [DDI:wdm/mmisverifierenabled], [DDI:wdm/mmisdriververifying], [DDI:wdm/mmisdriververifyingbyaddress]
 */
#include "../ntlab-test.h"

static VOID
Flags(VOID)
{
    ULONG Flags = 0xABABABAB;

#ifdef FLAGS
    EXPECT_STATUS(MmIsVerifierEnabled(&Flags), STATUS_SUCCESS);
    EXPECT_EQ(Flags, FLAGS);
#else
    EXPECT_STATUS(MmIsVerifierEnabled(&Flags), STATUS_NOT_SUPPORTED);
    EXPECT_EQ(Flags, 0);
#endif
}

static VOID
Verified(VOID)
{
    PVOID Own = (PVOID)(ULONG_PTR)Verified, Kernel;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"ExAllocatePoolWithTag");

#ifdef FLAGS
    EXPECT(MmIsDriverVerifyingByAddress(Own));
#else
    EXPECT(!MmIsDriverVerifyingByAddress(Own));
#endif
    Kernel = MmGetSystemRoutineAddress(&Name);
    EXPECT(!MmIsDriverVerifyingByAddress(Kernel));
}

TEST_DRIVER(TEST(Flags), TEST(Verified))
