/*
 * mdl.c - memory descriptor lists on system memory. [DDI:wdm/mmprobeandlockpages],
 * [DDI:wdm/mmbuildmdlfornonpagedpool], [DDI:wdm/mmgetsystemaddressformdlsafe], [DDI:wdm/mmmaplockedpagesspecifycache],
 * [DDI:wdm/mmallocatepagesformdlex], [DDI:wdm/mmsizeofmdl], [DDI:wdm/iobuildpartialmdl]
 */
#include "../ntlab-test.h"

static VOID
Sizes(VOID)
{
    EXPECT_EQ(MmSizeOfMdl((PVOID)0, 1), sizeof(MDL) + 1 * sizeof(PFN_NUMBER));
    EXPECT_EQ(MmSizeOfMdl((PVOID)0xFFF, 2), sizeof(MDL) + 2 * sizeof(PFN_NUMBER));
    EXPECT_EQ(MmSizeOfMdl((PVOID)0x1000, 0x2000), sizeof(MDL) + 2 * sizeof(PFN_NUMBER));
}

static VOID
PoolNeedsNoLock(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 300, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, 300, FALSE, FALSE, NULL);

    EXPECT(MmGetMdlVirtualAddress(Mdl) == Block);
    EXPECT_EQ(MmGetMdlByteCount(Mdl), 300);
    EXPECT_EQ(MmGetMdlByteOffset(Mdl), (ULONG_PTR)Block & 0xFFF);
    MmBuildMdlForNonPagedPool(Mdl);
    /* the existing mapping is returned */
    EXPECT(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) == Block);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

static VOID
LockAndMap(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(PagedPool, 3 * PAGE_SIZE, 'tseT'), Mapped;
    PMDL Mdl = IoAllocateMdl(Block + 100, 2 * PAGE_SIZE, FALSE, FALSE, NULL);

    EXPECT_RAISES(MmProbeAndLockPages(Mdl, KernelMode, IoWriteAccess), STATUS_SUCCESS);
    EXPECT(Mdl->MdlFlags & MDL_PAGES_LOCKED);
    Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    EXPECT(Mapped != NULL);
    Mapped[5] = 0x5A;
    EXPECT_EQ(Block[105], 0x5A); /* the same memory */
    Block[106] = 0xA5;
    EXPECT_EQ(Mapped[6], 0xA5);
    EXPECT(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) == Mapped);
    MmUnlockPages(Mdl);
    EXPECT(!(Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)));
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

static VOID
BadAddressesRaise(VOID)
{
    PMDL Mdl = IoAllocateMdl((PVOID)0x10000, 100, FALSE, FALSE, NULL);

    EXPECT_RAISES(MmProbeAndLockPages(Mdl, KernelMode, IoReadAccess), STATUS_ACCESS_VIOLATION);
    IoFreeMdl(Mdl);
    /* user mode may not lock what is above its addresses */
    Mdl = IoAllocateMdl((PVOID)MmSystemRangeStart, 100, FALSE, FALSE, NULL);
    EXPECT_RAISES(MmProbeAndLockPages(Mdl, UserMode, IoReadAccess), STATUS_ACCESS_VIOLATION);
    IoFreeMdl(Mdl);
}

static VOID
PagesForMdl(VOID)
{
    PHYSICAL_ADDRESS Low = {.QuadPart = 0}, High = {.QuadPart = -1}, Skip = {.QuadPart = 0};
    PMDL Mdl = MmAllocatePagesForMdlEx(Low, High, Skip, 3 * PAGE_SIZE + 1, MmCached, 0);
    PUCHAR Mapped;

    EXPECT(Mdl != NULL);
    EXPECT_EQ(MmGetMdlByteCount(Mdl), 4 * PAGE_SIZE);
    Mapped =
        MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    EXPECT(Mapped != NULL);
    EXPECT_EQ(Mapped[0], 0); /* zeroed unless MM_DONT_ZERO_ALLOCATION */
    Mapped[4 * PAGE_SIZE - 1] = 1;
    MmUnmapLockedPages(Mapped, Mdl);
    MmFreePagesFromMdl(Mdl);
    ExFreePool(Mdl);
}

static VOID
PartialMdl(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 2 * PAGE_SIZE, 'tseT'), Mapped;
    PMDL Mdl = IoAllocateMdl(Block, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    PMDL Part = IoAllocateMdl(Block + PAGE_SIZE + 16, 32, FALSE, FALSE, NULL);

    MmProbeAndLockPages(Mdl, KernelMode, IoWriteAccess);
    IoBuildPartialMdl(Mdl, Part, Block + PAGE_SIZE + 16, 32);
    Mapped = MmGetSystemAddressForMdlSafe(Part, NormalPagePriority);
    EXPECT(Mapped != NULL);
    Mapped[1] = 0x77;
    EXPECT_EQ(Block[PAGE_SIZE + 17], 0x77);
    IoFreeMdl(Part);
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

static VOID
Advance(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 3 * PAGE_SIZE, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, 3 * PAGE_SIZE, FALSE, FALSE, NULL);

    MmBuildMdlForNonPagedPool(Mdl);
    EXPECT_STATUS(MmAdvanceMdl(Mdl, PAGE_SIZE + 8), STATUS_SUCCESS);
    EXPECT(MmGetMdlVirtualAddress(Mdl) == Block + PAGE_SIZE + 8);
    EXPECT_EQ(MmGetMdlByteCount(Mdl), 2 * PAGE_SIZE - 8);
    EXPECT_STATUS(MmAdvanceMdl(Mdl, 2 * PAGE_SIZE), STATUS_INVALID_PARAMETER_2);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

/* Pages that are locked are the driver's until it unlocks them, whatever their process does with the addresses. */
static VOID
FreedWhileLocked(VOID)
{
    PVOID Base = NULL, Again;
    SIZE_T Size = 3 * PAGE_SIZE;
    PUCHAR Mapped;
    PMDL Mdl;

    EXPECT_STATUS(ZwAllocateVirtualMemory(ZwCurrentProcess(), &Base, 0, &Size,
                                          MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
                  STATUS_SUCCESS);
    Mdl = IoAllocateMdl(Base, 3 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmProbeAndLockPages(Mdl, KernelMode, IoWriteAccess);
    Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    EXPECT(Mapped != NULL);
    ((PUCHAR)Base)[PAGE_SIZE] = 0x5A;
    Again = Base;
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(ZwCurrentProcess(), &Again, &Size, MEM_RELEASE),
                  STATUS_SUCCESS);
    EXPECT(!MmIsAddressValid(Base));
    EXPECT_EQ(Mapped[PAGE_SIZE], 0x5A);
    Mapped[2 * PAGE_SIZE] = 0xA5;
    EXPECT_EQ(Mapped[2 * PAGE_SIZE], 0xA5);
    /* there is nothing any more to free, to commit, or to lock once more */
    Again = Base;
    EXPECT(!NT_SUCCESS(ZwFreeVirtualMemory(ZwCurrentProcess(), &Again, &Size, MEM_RELEASE)));
    Size = PAGE_SIZE;
    EXPECT(!NT_SUCCESS(
        ZwAllocateVirtualMemory(ZwCurrentProcess(), &Again, 0, &Size, MEM_COMMIT, PAGE_READWRITE)));
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
    Again = Base;
    Size = 3 * PAGE_SIZE;
    EXPECT_STATUS(ZwAllocateVirtualMemory(ZwCurrentProcess(), &Again, 0, &Size,
                                          MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
                  STATUS_SUCCESS);
    EXPECT(Again == Base && ((PUCHAR)Base)[PAGE_SIZE] == 0);
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(ZwCurrentProcess(), &Again, &Size, MEM_RELEASE),
                  STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Sizes), TEST(PoolNeedsNoLock), TEST(LockAndMap), TEST(BadAddressesRaise),
            TEST(PagesForMdl), TEST(PartialMdl), TEST(Advance), TEST(FreedWhileLocked))
