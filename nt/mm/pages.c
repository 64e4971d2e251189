/*
 * pages.c - memory of the system half that is not pool: contiguous, non-cached, pages for MDLs, device
 * memory. All of it is areas of MiSystemSpace.
 *
 * A physical address is the guest address of the memory. Device memory, which nobody has, reads as zero
 * and keeps what is written as long as anybody has it mapped.
 */
#include "mi.h"

/* 0: no room. With a page free on both sides. */
ULONG64
MiAllocateSystem(ULONG64 Size, ULONG64 Alignment, ULONG Type, ULONG HostProtection)
{
    PMI_AREA Area;
    ULONG64 Pages = (Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);

    if (Alignment < 2 * PAGE_SIZE) {
        Alignment = 2 * PAGE_SIZE;
    }
    Area = MiInsertArea(&MiSystemSpace, 0, Pages + PAGE_SIZE, Alignment, FALSE);
    if (Area == NULL) {
        return 0;
    }
    Area->Type = Type;
    Area->Offset = Size;
    HcCommit(Area->Start, Pages, HostProtection);
    return Area->Start;
}

VOID
MiFreeSystem(ULONG64 Address, ULONG Type)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, Address);

    ASSERT(Area != NULL && Area->Start == Address && Area->Type == Type);
    HcDecommit(Area->Start, Area->End - PAGE_SIZE - Area->Start);
    MiRemoveArea(&MiSystemSpace, Area);
}

static ULONG64
MiPowerOfTwo(ULONG64 Size)
{
    ULONG64 Power = PAGE_SIZE;

    while (Power < Size) {
        Power *= 2;
    }
    return Power;
}

static PVOID
MiContiguous(SIZE_T Bytes, PHYSICAL_ADDRESS Boundary, ULONG HostProtection)
{
    KiSchedulePoint(SP_POOL, (PVOID)Bytes);
    if (Bytes == 0) {
        return NULL;
    }
    return (PVOID)MiAllocateSystem(Bytes, Boundary.QuadPart != 0 ? MiPowerOfTwo(Bytes) : PAGE_SIZE,
                                   MI_AREA_CONTIGUOUS, HostProtection);
}

PVOID NTAPI
MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return MiContiguous(NumberOfBytes, (PHYSICAL_ADDRESS){.QuadPart = 0},
                        ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE);
}

PVOID NTAPI
MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS Lowest,
                                       PHYSICAL_ADDRESS Highest, PHYSICAL_ADDRESS Boundary,
                                       MEMORY_CACHING_TYPE CacheType)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return MiContiguous(NumberOfBytes, Boundary, ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE);
}

PVOID NTAPI
MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS Lowest,
                                           PHYSICAL_ADDRESS Highest, PHYSICAL_ADDRESS Boundary,
                                           MEMORY_CACHING_TYPE CacheType, ULONG Node)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return MiContiguous(NumberOfBytes, Boundary, ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE);
}

PVOID NTAPI
MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS Lowest,
                               PHYSICAL_ADDRESS Highest, PHYSICAL_ADDRESS Boundary, ULONG Protect,
                               ULONG Node)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return MiContiguous(NumberOfBytes, Boundary, MiHostProtection(MiStateOf(Protect)));
}

VOID NTAPI
MmFreeContiguousMemory(PVOID BaseAddress)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, (ULONG64)BaseAddress);

    KiSchedulePoint(SP_POOL, BaseAddress);
    DRIVER_REQUIRE(Area != NULL && Area->Start == (ULONG64)BaseAddress &&
                       Area->Type == MI_AREA_CONTIGUOUS,
                   BAD_POOL_CALLER, 0x60, BaseAddress, 0, 0);
    MiFreeSystem((ULONG64)BaseAddress, MI_AREA_CONTIGUOUS);
}

VOID NTAPI
MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
                                   MEMORY_CACHING_TYPE CacheType)
{
    MmFreeContiguousMemory(BaseAddress);
}

PVOID NTAPI
MmAllocateNonCachedMemory(SIZE_T NumberOfBytes)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    KiSchedulePoint(SP_POOL, (PVOID)NumberOfBytes);
    return (PVOID)MiAllocateSystem(NumberOfBytes, PAGE_SIZE, MI_AREA_NONCACHED,
                                   ABI_PROT_READ | ABI_PROT_WRITE);
}

VOID NTAPI
MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, (ULONG64)BaseAddress);

    DRIVER_REQUIRE(Area != NULL && Area->Start == (ULONG64)BaseAddress &&
                       Area->Type == MI_AREA_NONCACHED,
                   BAD_POOL_CALLER, 0x99, BaseAddress, 0, 0);
    MiFreeSystem((ULONG64)BaseAddress, MI_AREA_NONCACHED);
}

/* Pages that nobody has mapped: reached through a mapping of the MDL. */
PMDL NTAPI
MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                        PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
                        MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
    SIZE_T Bytes = (TotalBytes + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1);
    ULONG64 Memory, i;
    PMDL Mdl;

    KiSchedulePoint(SP_POOL, (PVOID)TotalBytes);
    if (Bytes == 0 || Bytes > 0xFFFFFFFF - PAGE_SIZE ||
        KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Mdl = ExAllocatePoolWithTag(NonPagedPoolNx,
                                sizeof(MDL) + Bytes / PAGE_SIZE * sizeof(PFN_NUMBER), MI_TAG_MDL);
    if (Mdl == NULL) {
        return NULL;
    }
    Memory = MiAllocateSystem(Bytes, PAGE_SIZE, MI_AREA_MDL, ABI_NONE);
    if (Memory == 0) {
        ExFreePoolWithTag(Mdl, MI_TAG_MDL);
        return NULL;
    }
    MmInitializeMdl(Mdl, NULL, Bytes);
    Mdl->MappedSystemVa = NULL;
    Mdl->Process = NULL;
    for (i = 0; i < Bytes / PAGE_SIZE; i++) {
        ((PPFN_NUMBER)(Mdl + 1))[i] = Memory / PAGE_SIZE + i;
    }
    Mdl->MdlFlags |= MDL_PAGES_LOCKED;
    return Mdl;
}

PMDL NTAPI
MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                      PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes)
{
    if (KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    return MmAllocatePagesForMdlEx(LowAddress, HighAddress, SkipBytes, TotalBytes, MmNotMapped, 0);
}

/* The pages; the MDL itself is the caller's to free with ExFreePool. */
VOID NTAPI
MmFreePagesFromMdl(PMDL Mdl)
{
    ULONG64 Memory = ((PPFN_NUMBER)(Mdl + 1))[0] * PAGE_SIZE;
    PMI_AREA Area = MiFindArea(&MiSystemSpace, Memory);

    KiSchedulePoint(SP_POOL, Mdl);
    DRIVER_REQUIRE(Area != NULL && Area->Start == Memory && Area->Type == MI_AREA_MDL,
                   PFN_LIST_CORRUPT, 7, Memory / PAGE_SIZE, 0, 0);
    Mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA);
    Mdl->MappedSystemVa = NULL;
    MiFreeSystem(Memory, MI_AREA_MDL);
}

/* A mapping of the same physical range shows the same memory: Tag is the physical page, Secured counts. */
PVOID NTAPI
MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType)
{
    ULONG64 Physical = (ULONG64)PhysicalAddress.QuadPart,
            Page = Physical & ~(ULONG64)(PAGE_SIZE - 1), Address;
    ULONG64 Size = (Physical + NumberOfBytes - Page + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    ULONG i;

    KiSchedulePoint(SP_POOL, (PVOID)Physical);
    if (NumberOfBytes == 0) {
        return NULL;
    }
    if (HcPage(Page) & ABI_COMMITTED) { /* memory of ours: its alias */
        return (PVOID)ABI_ALIAS(Physical);
    }
    for (i = 0; i < MiSystemSpace.Count; i++) {
        PMI_AREA Area = MiSystemSpace.Area[i];

        if (Area->Type == MI_AREA_IO && Area->Tag <= Page &&
            Page + Size <= Area->Tag + Area->Offset) {
            Area->Secured++;
            return (PVOID)(Area->Start + (Physical - Area->Tag));
        }
    }
    Address = MiAllocateSystem(Size, PAGE_SIZE, MI_AREA_IO, ABI_PROT_READ | ABI_PROT_WRITE);
    if (Address == 0) {
        return NULL;
    }
    MiFindArea(&MiSystemSpace, Address)->Tag = Page;
    MiFindArea(&MiSystemSpace, Address)->Secured = 1;
    return (PVOID)(Address + (Physical - Page));
}

PVOID NTAPI
MmMapIoSpaceEx(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect)
{
    return MmMapIoSpace(PhysicalAddress, NumberOfBytes, MmNonCached);
}

VOID NTAPI
MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, (ULONG64)BaseAddress);

    KiSchedulePoint(SP_POOL, BaseAddress);
    if (!ABI_IS_SYSTEM(BaseAddress)) {
        return; /* an alias */
    }
    DRIVER_REQUIRE(Area != NULL && Area->Type == MI_AREA_IO, DRIVER_UNMAPPING_INVALID_VIEW_,
                   BaseAddress, 1, 0, 0);
    if (--Area->Secured == 0) {
        MiFreeSystem(Area->Start, MI_AREA_IO);
    }
}

PHYSICAL_ADDRESS NTAPI
MmGetPhysicalAddress(PVOID BaseAddress)
{
    PHYSICAL_ADDRESS Physical = {.QuadPart = 0};

    if (MiQueryPage(BaseAddress) & MI_PAGE_PRESENT) {
        Physical.QuadPart = (LONGLONG)MiBacking((ULONG64)BaseAddress);
    }
    return Physical;
}

PVOID NTAPI
MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress)
{
    return (PVOID)PhysicalAddress.QuadPart;
}

PPHYSICAL_MEMORY_RANGE NTAPI
MmGetPhysicalMemoryRanges(VOID)
{
    PPHYSICAL_MEMORY_RANGE Ranges =
        ExAllocatePoolWithTag(NonPagedPoolNx, 2 * sizeof(*Ranges), MI_TAG_MDL);

    if (Ranges != NULL) { /* one piece and the zero entry that ends the list */
        RtlZeroMemory(Ranges, 2 * sizeof(*Ranges));
        Ranges[0].BaseAddress.QuadPart = 0x100000;
        Ranges[0].NumberOfBytes.QuadPart = 0xFFF00000;
    }
    return Ranges;
}

MM_SYSTEMSIZE NTAPI
MmQuerySystemSize(VOID)
{
    return MmLargeSystem;
}

BOOLEAN NTAPI
MmIsThisAnNtAsSystem(VOID)
{
    return FALSE;
}

/* A range of system addresses that pages can be mapped at later: the mapping is an alias anyway, so
   only the tag is remembered and checked. */
PVOID NTAPI
MmAllocateMappingAddress(SIZE_T NumberOfBytes, ULONG PoolTag)
{
    PMI_AREA Area =
        MiInsertArea(&MiSystemSpace, 0, (NumberOfBytes + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1),
                     PAGE_SIZE, FALSE);

    if (Area == NULL) {
        return NULL;
    }
    Area->Type = MI_AREA_RESERVED;
    Area->Tag = PoolTag;
    return (PVOID)Area->Start;
}

VOID NTAPI
MmFreeMappingAddress(PVOID BaseAddress, ULONG PoolTag)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, (ULONG64)BaseAddress);

    DRIVER_REQUIRE(Area != NULL && Area->Type == MI_AREA_RESERVED && Area->Tag == PoolTag,
                   SYSTEM_PTE_MISUSE_, 0x101, BaseAddress, PoolTag, Area ? Area->Tag : 0);
    MiRemoveArea(&MiSystemSpace, Area);
}
