/*
 * memory.c - system memory, addresses, probes, routines by name. [DDI:wdm/mmallocatecontiguousmemory],
 * [DDI:ntddk/mmisaddressvalid], [DDI:wdm/mmgetsystemroutineaddress], [DDI:wdm/probeforread], [DDI:wdm/probeforwrite],
 * [DDI:wdm/mmmapiospace], [DDI:wdm/mmlockpagabledatasection]
 */
#include "../ntlab-test.h"

static VOID
Contiguous(VOID)
{
    PHYSICAL_ADDRESS High = {.QuadPart = -1}, First, Second;
    PUCHAR Block = MmAllocateContiguousMemory(3 * PAGE_SIZE, High);

    EXPECT(Block != NULL && ((ULONG_PTR)Block & (PAGE_SIZE - 1)) == 0);
    Block[0] = 1;
    Block[3 * PAGE_SIZE - 1] = 2;
    First = MmGetPhysicalAddress(Block);
    Second = MmGetPhysicalAddress(Block + 2 * PAGE_SIZE);
    EXPECT_EQ(Second.QuadPart - First.QuadPart, 2 * PAGE_SIZE);
    EXPECT(MmIsAddressValid(Block));
    MmFreeContiguousMemory(Block);
    EXPECT(!MmIsAddressValid(Block));
    Block = MmAllocateNonCachedMemory(100);
    EXPECT(Block != NULL);
    Block[99] = 3;
    MmFreeNonCachedMemory(Block, 100);
}

static VOID
Validity(VOID)
{
    int Local = 0;

    EXPECT(MmIsAddressValid(&Local));
    EXPECT(MmIsAddressValid((PVOID)Validity));
    EXPECT(!MmIsAddressValid(NULL));
    EXPECT(!MmIsAddressValid((PVOID)0x8000000000000000ull)); /* not canonical */
    EXPECT_EQ(MmGetPhysicalAddress(NULL).QuadPart, 0);
}

static VOID
RoutinesByName(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"KeSetEvent"),
                   None = RTL_CONSTANT_STRING(L"NoSuchRoutine");

    EXPECT(MmGetSystemRoutineAddress(&Name) == (PVOID)KeSetEvent);
    EXPECT(MmGetSystemRoutineAddress(&None) == NULL);
}

static VOID
Probes(VOID)
{
    int Local = 0;

    /* zero bytes are never checked */
    EXPECT_RAISES(ProbeForRead((PVOID)1, 0, 4), STATUS_SUCCESS);
    EXPECT_RAISES(ProbeForRead((PVOID)0x10001, 4, 4), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT_RAISES(ProbeForRead(&Local, sizeof(Local), 4), STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(ProbeForWrite(&Local, sizeof(Local), 4), STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(ProbeForRead((PVOID)0x10000, (SIZE_T)-1, 1), STATUS_ACCESS_VIOLATION);
    /* reading is not tried, writing is */
    EXPECT_RAISES(ProbeForRead((PVOID)0x10000, 4, 4), STATUS_SUCCESS);
    EXPECT_RAISES(ProbeForWrite((PVOID)0x10000, 4, 4), STATUS_ACCESS_VIOLATION);
}

static VOID
Limits(VOID)
{
    EXPECT((ULONG_PTR)MmHighestUserAddress < (ULONG_PTR)MmSystemRangeStart);
    EXPECT(MmUserProbeAddress > (ULONG_PTR)MmHighestUserAddress - 0x10000);
    EXPECT((ULONG_PTR)Limits > (ULONG_PTR)MmSystemRangeStart);
}

static VOID
DeviceMemory(VOID)
{
    PHYSICAL_ADDRESS Address = {.QuadPart = 0xFE001000};
    PULONG Mapped = MmMapIoSpace(Address, 0x1000, MmNonCached);

    EXPECT(Mapped != NULL);
    *Mapped = 0x12345678;
    EXPECT_EQ(*Mapped, 0x12345678);
    MmUnmapIoSpace(Mapped, 0x1000);
}

static VOID
PagableSections(VOID)
{
    PVOID Handle = MmLockPagableDataSection((PVOID)PagableSections);

    EXPECT(Handle != NULL);
    MmUnlockPagableImageSection(Handle);
    EXPECT(MmPageEntireDriver((PVOID)PagableSections) != NULL);
    MmResetDriverPaging((PVOID)PagableSections);
}

TEST_DRIVER(TEST(Contiguous), TEST(Validity), TEST(RoutinesByName), TEST(Probes), TEST(Limits),
            TEST(DeviceMemory), TEST(PagableSections))
