/*
 * bounds.c - memory routines at the bounds of what they take: the highest address, masks of zero bits, large pages, views and images that nothing can be committed in, the last
 * byte of an MDL, mappings into user mode at an address of the caller's choice, and device memory that several mappings show.
 * [DDI:ntifs/ntallocatevirtualmemory], [DDI:ntifs/ntfreevirtualmemory], [LEARN: Large-Page Support], [DDI:wdm/mmadvancemdl],
 * [DDI:wdm/mmmaplockedpagesspecifycache], [DDI:wdm/mmmapiospace], [DDI:wdm/mmfreepagesfrommdl], [DDI:ntddk/mmgetphysicalmemoryranges],
 * [DDI:ntddk/mmisthisanntassystem]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTKERNELAPI PPHYSICAL_MEMORY_RANGE NTAPI MmGetPhysicalMemoryRanges(VOID);
NTKERNELAPI BOOLEAN NTAPI MmIsThisAnNtAsSystem(VOID);
NTKERNELAPI PVOID NTAPI MmMapLockedPages(PMDL, KPROCESSOR_MODE);
NTKERNELAPI NTSTATUS NTAPI MmAdvanceMdl(PMDL, ULONG);

#define SELF        NtCurrentProcess()
#define LARGE       0x200000
#define LARGE_PAGES 0x20000000     /* MEM_LARGE_PAGES */
#define DEVICE      0x7F0000000ull /* where no memory is */

static NTSTATUS
Allocate(PVOID At, SIZE_T Size, ULONG_PTR ZeroBits, ULONG Type, PVOID *Where)
{
    NTSTATUS Status = ZwAllocateVirtualMemory(SELF, &At, ZeroBits, &Size, Type, PAGE_READWRITE);

    *Where = NT_SUCCESS(Status) ? At : NULL;
    return Status;
}

static VOID
Free(PVOID At)
{
    SIZE_T Size = 0;

    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &At, &Size, MEM_RELEASE), STATUS_SUCCESS);
}

/* What begins above the highest address is the second parameter's mistake, what ends above it that of the size. */
static VOID
HighestAddress(VOID)
{
    PUCHAR Highest = MmHighestUserAddress, Start = Highest + 1 - 0x10000;
    PVOID Where, Own;
    SIZE_T Size;
    NTSTATUS Status;

    EXPECT_STATUS(Allocate(Highest + 1, 1, 0, MEM_RESERVE, &Where), STATUS_INVALID_PARAMETER_2);
    EXPECT_STATUS(Allocate(Highest, 2, 0, MEM_RESERVE, &Where), STATUS_INVALID_PARAMETER_4);
    EXPECT_STATUS(Allocate(Start, 0x10001, 0, MEM_RESERVE, &Where), STATUS_INVALID_PARAMETER_4);
    Status = Allocate(Highest, 1, 0, MEM_COMMIT, &Where); /* nothing is reserved there */
    EXPECT_STATUS(Status, STATUS_CONFLICTING_ADDRESSES);
    EXPECT_STATUS(Allocate(Start, 0x10000, 0, MEM_COMMIT, &Where), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_STATUS(Allocate(NULL, 0, 0, MEM_RESERVE, &Where), STATUS_INVALID_PARAMETER_4);

    Own = Highest + 1;
    Size = 1;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Own, &Size, MEM_DECOMMIT), STATUS_INVALID_PARAMETER_2);
    Own = Highest;
    Size = 2;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Own, &Size, MEM_DECOMMIT), STATUS_INVALID_PARAMETER_3);
    Own = Start;
    Size = 0x10001;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Own, &Size, MEM_DECOMMIT), STATUS_INVALID_PARAMETER_3);
    Own = Highest;
    Size = 1;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Own, &Size, MEM_DECOMMIT),
                  STATUS_MEMORY_NOT_ALLOCATED);
    Own = Start;
    Size = 0x10000;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Own, &Size, MEM_DECOMMIT),
                  STATUS_MEMORY_NOT_ALLOCATED);
}

/* "a value that is less than 21"; from 32 on it is a mask, of which the highest bit counts. An address that the caller chooses is not looked at. */
static VOID
ZeroBits(VOID)
{
    static const ULONG_PTR Wide[] = {0x7FFFFFFFFFFF, 0x400000000000, 0x7FFFFFFFFFFFFFFF,
                                     0xFFFFFFFFFFFF};
    PVOID Where, Chosen;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Wide); i++) {
        EXPECT_STATUS(Allocate(NULL, 0x1000, Wide[i], MEM_RESERVE, &Where), STATUS_SUCCESS);
        EXPECT(Where != NULL && (ULONG_PTR)Where <= 0x7FFFFFFFFFFF);
        Free(Where);
    }
    for (ULONG Bits = 22; Bits < 32; Bits++) {
        EXPECT_STATUS(Allocate(NULL, 0x1000, Bits, MEM_RESERVE, &Where),
                      STATUS_INVALID_PARAMETER_3);
    }
    for (ULONG Bits = 0; Bits < 63; Bits++) {
        NTSTATUS Status =
            Allocate(NULL, 0x1000, Bits < 22 ? Bits : (1ull << Bits), MEM_RESERVE, &Where);

        EXPECT(Status == STATUS_SUCCESS || Status == STATUS_NO_MEMORY || (Bits >= 22 && Bits < 32));
        if (Where != NULL && Bits >= 32) {
            EXPECT((ULONG_PTR)Where >> Bits >> 1 == 0);
        } else if (Where != NULL && Bits != 0 && Bits < 22) {
            EXPECT((ULONG_PTR)Where >> (32 - Bits) == 0);
        }
        if (Where != NULL) {
            Free(Where);
        }
    }
    EXPECT_STATUS(Allocate(NULL, 0x1000, 0, MEM_RESERVE, &Chosen), STATUS_SUCCESS);
    Free(Chosen);
    EXPECT_STATUS(Allocate(Chosen, 0x1000, 21, MEM_RESERVE, &Where), STATUS_SUCCESS);
    EXPECT_EQ(Where, Chosen);
    Free(Chosen);
}

static VOID
LargePages(VOID)
{
    static const struct {
        ULONG_PTR At;
        SIZE_T Size;
        ULONG Type;
    } Wrong[] = {{0, LARGE, MEM_RESERVE},
                 {0, LARGE - 0x1000, MEM_RESERVE | MEM_COMMIT},
                 {0, LARGE + 1, MEM_RESERVE | MEM_COMMIT},
                 {LARGE + 0x10000, LARGE, MEM_RESERVE | MEM_COMMIT}};
    PVOID Where;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_STATUS(
            Allocate((PVOID)Wrong[i].At, Wrong[i].Size, 0, Wrong[i].Type | LARGE_PAGES, &Where),
            STATUS_INVALID_PARAMETER);
    }
    EXPECT_STATUS(Allocate(NULL, 2 * LARGE, 0, MEM_RESERVE | MEM_COMMIT | LARGE_PAGES, &Where),
                  STATUS_SUCCESS);
    *((PUCHAR)Where + 2 * LARGE - 1) = 1;
    EXPECT_EQ(*(PUCHAR)Where, 0);
    Free(Where);
}

/* In a view of a section that can only be read nothing can be committed that can be written; in an image all is committed. */
static VOID
Views(VOID)
{
    UNICODE_STRING Known = RTL_CONSTANT_STRING(L"\\KnownDlls\\ntdll.dll");
    OBJECT_ATTRIBUTES Name;
    LARGE_INTEGER Most = {.QuadPart = 0x10000};
    HANDLE Section;
    PVOID View = NULL, Where;
    SIZE_T Size = 0;

    InitializeObjectAttributes(&Name, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateSection(&Section, SECTION_MAP_READ | SECTION_MAP_WRITE, &Name, &Most,
                                  PAGE_READWRITE, SEC_RESERVE, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwMapViewOfSection(Section, SELF, &View, 0, 0, NULL, &Size, ViewUnmap, 0, PAGE_READONLY),
        STATUS_SUCCESS);
    EXPECT_STATUS(Allocate(View, 0x1000, 0, MEM_COMMIT, &Where), STATUS_SECTION_PROTECTION);
    Where = View;
    Size = 0x1000;
    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Where, 0, &Size, MEM_COMMIT, PAGE_READONLY),
                  STATUS_SUCCESS);
    EXPECT_EQ(*(PUCHAR)View, 0);
    EXPECT_STATUS(ZwUnmapViewOfSection(SELF, View), STATUS_SUCCESS);
    ZwClose(Section);

    InitializeObjectAttributes(&Name, &Known, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    EXPECT_STATUS(ZwOpenSection(&Section, SECTION_MAP_READ | SECTION_MAP_EXECUTE, &Name),
                  STATUS_SUCCESS);
    View = NULL;
    Size = 0;
    EXPECT(NT_SUCCESS(ZwMapViewOfSection(Section, SELF, &View, 0, 0, NULL, &Size, ViewUnmap, 0,
                                         PAGE_EXECUTE_READ)));
    EXPECT_STATUS(Allocate(View, 0x1000, 0, MEM_RESET, &Where), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_STATUS(Allocate(View, 0x1000, 0, MEM_COMMIT, &Where), STATUS_ALREADY_COMMITTED);
    EXPECT_EQ(*(PUSHORT)View, 0x5A4D /* MZ */);
    EXPECT_STATUS(ZwUnmapViewOfSection(SELF, View), STATUS_SUCCESS);
    ZwClose(Section);

    EXPECT_STATUS(Allocate(NULL, 0x2000, 0, MEM_RESERVE | MEM_COMMIT, &View), STATUS_SUCCESS);
    EXPECT_STATUS(Allocate(View, 0x1000, 0, MEM_RESET, &Where), STATUS_SUCCESS);
    Free(View);
}

static VOID
Advance(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 0x3000, 'dnuB');

    for (ULONG Bytes = 0x2000; Bytes <= 0x2001; Bytes++) {
        PMDL Mdl = IoAllocateMdl(Block + 0x10, Bytes, FALSE, FALSE, NULL);

        EXPECT_STATUS(MmAdvanceMdl(Mdl, 1), STATUS_INVALID_PARAMETER_1);
        MmBuildMdlForNonPagedPool(Mdl);
        EXPECT_STATUS(MmAdvanceMdl(Mdl, Bytes + 1), STATUS_INVALID_PARAMETER_2);
        EXPECT_STATUS(MmAdvanceMdl(Mdl, Bytes), STATUS_INVALID_PARAMETER_2);
        EXPECT_STATUS(MmAdvanceMdl(Mdl, Bytes - 1), STATUS_SUCCESS);
        EXPECT_EQ(MmGetMdlByteCount(Mdl), 1);
        EXPECT_EQ(MmGetMdlVirtualAddress(Mdl), Block + 0x10 + Bytes - 1);
        EXPECT_EQ(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), Block + 0x10 + Bytes - 1);
        EXPECT_STATUS(MmAdvanceMdl(Mdl, 0), STATUS_SUCCESS);
        EXPECT_STATUS(MmAdvanceMdl(Mdl, 1), STATUS_INVALID_PARAMETER_2);
        IoFreeMdl(Mdl);
    }
    ExFreePoolWithTag(Block, 'dnuB');
}

static NTSTATUS
MapUser(PMDL Mdl, PVOID At, PVOID *Where)
{
    *Where = NULL;
    __try {
        *Where =
            MmMapLockedPagesSpecifyCache(Mdl, UserMode, MmCached, At, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

/* "If RequestedAddress is not NULL, it is where the mapping begins"; what cannot be mapped there raises. */
static VOID
IntoUserMode(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 0x2000, 'dnuB');
    PMDL Mdl = IoAllocateMdl(Block + 8, 0x1FF0, FALSE, FALSE, NULL);
    PVOID First, Second, Again;

    MmBuildMdlForNonPagedPool(Mdl);
    EXPECT_STATUS(MapUser(Mdl, NULL, &First), STATUS_SUCCESS);
    EXPECT_EQ((ULONG_PTR)First & 0xFFF, 8);
    EXPECT((PUCHAR)First < (PUCHAR)MmHighestUserAddress);
    Block[8] = 0x42;
    Block[0x1FF7] = 0x43;
    EXPECT_EQ(*(PUCHAR)First, 0x42);
    EXPECT_EQ(((PUCHAR)First)[0x1FEF], 0x43);
    EXPECT(!NT_SUCCESS(MapUser(Mdl, (PUCHAR)First - 8, &Second))); /* it is in use */
    EXPECT(!NT_SUCCESS(MapUser(Mdl, (PUCHAR)First - 8 + 0x1000000 + 0x800, &Second)));
    EXPECT(!NT_SUCCESS(MapUser(Mdl, (PUCHAR)First + 0x1000000, &Second)));
    MmUnmapLockedPages(First, Mdl);
    EXPECT_STATUS(MapUser(Mdl, (PUCHAR)First - 8, &Again), STATUS_SUCCESS);
    EXPECT_EQ(Again, First);
    EXPECT_EQ(*(PUCHAR)Again, 0x42);
    MmUnmapLockedPages(Again, Mdl);
    Second = NULL;
    __try {
        Second = MmMapLockedPages(Mdl, UserMode);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    EXPECT(Second != NULL && *(PUCHAR)Second == 0x42);
    MmUnmapLockedPages(Second, Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'dnuB');
}

static VOID
PagesOfOurOwn(VOID)
{
    PHYSICAL_ADDRESS Low = {.QuadPart = 0}, High = {.QuadPart = -1}, Skip = {.QuadPart = 0};
    PMDL Mdl = MmAllocatePagesForMdl(Low, High, Skip, 0x2000);
    PUCHAR Mapped = MmMapLockedPages(Mdl, KernelMode);

    EXPECT_EQ(MmGetMdlByteCount(Mdl), 0x2000);
    EXPECT_EQ(*Mapped, 0); /* zeroed */
    Mapped[0x1FFF] = 7;
    EXPECT((Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0);
    EXPECT_EQ(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), Mapped);
    MmUnmapLockedPages(Mapped, Mdl);
    EXPECT_EQ(Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA, 0);
    MmFreePagesFromMdl(Mdl);
    EXPECT_EQ(Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA), 0);
    ExFreePool(Mdl);
}

static PUCHAR
MapDevice(ULONG64 Offset, SIZE_T Bytes)
{
    PHYSICAL_ADDRESS Physical = {.QuadPart = (LONGLONG)(DEVICE + Offset)};
    PUCHAR Mapped = MmMapIoSpace(Physical, Bytes, MmNonCached);

    EXPECT(Mapped != NULL && ((ULONG_PTR)Mapped & 0xFFF) == (Offset & 0xFFF));
    return Mapped;
}

static VOID
DeviceMemory(VOID)
{
    PUCHAR Whole = MapDevice(0, 0x3000), Middle = MapDevice(0x1010, 0x20),
           Last = MapDevice(0x2000, 0x1000), Same = MapDevice(0, 0x3000),
           Other = MapDevice(0x10000, 0x1000);
    PHYSICAL_ADDRESS Physical = {.QuadPart = DEVICE};
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, 'dnuB'), Alias;

    EXPECT(MmMapIoSpace(Physical, 0, MmNonCached) == NULL);
    for (ULONG i = 0; i < 0x3000; i += 0x10) {
        Whole[i] = (UCHAR)(i >> 4);
    }
    Other[0] = 0x99;
    EXPECT_EQ(Whole[0], 0);
    EXPECT_EQ(Middle[0], 0x01);
    EXPECT_EQ(Middle[0x10], 0x02);
    EXPECT_EQ(Last[0xFF0], 0xFF);
    EXPECT_EQ(Same[0x2FF0], 0xFF);
    Middle[1] = 0x77;
    EXPECT_EQ(Same[0x1011], 0x77);
    MmUnmapIoSpace(Whole, 0x3000);
    EXPECT_EQ(Middle[1], 0x77);
    MmUnmapIoSpace(Same, 0x3000);
    MmUnmapIoSpace(Last, 0x1000);
    EXPECT_EQ(Middle[1], 0x77);
    EXPECT(MmIsAddressValid(Middle));
    MmUnmapIoSpace(Middle, 0x20);
    EXPECT(!MmIsAddressValid(Middle));
    EXPECT_EQ(Other[0], 0x99);
    MmUnmapIoSpace(Other, 0x1000);

    Physical = MmGetPhysicalAddress(Block + 5); /* of memory */
    Alias = MmMapIoSpace(Physical, 8, MmCached);
    Block[6] = 0x21;
    EXPECT_EQ(Alias[1], 0x21);
    MmUnmapIoSpace(Alias, 8);
    EXPECT_EQ(Block[6], 0x21);
    ExFreePoolWithTag(Block, 'dnuB');
}

/* "An array that a range of zeros ends." */
static VOID
Machine(VOID)
{
    PPHYSICAL_MEMORY_RANGE Ranges = MmGetPhysicalMemoryRanges();
    RTL_OSVERSIONINFOEXW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    ULONG Count = 0;

    for (; Ranges[Count].NumberOfBytes.QuadPart != 0; Count++) {
        EXPECT(Ranges[Count].BaseAddress.QuadPart > 0);
        EXPECT_EQ(Ranges[Count].BaseAddress.QuadPart & 0xFFF, 0);
        EXPECT_EQ(Ranges[Count].NumberOfBytes.QuadPart & 0xFFF, 0);
    }
    EXPECT(Count > 0);
    EXPECT_EQ(Ranges[Count].BaseAddress.QuadPart, 0);
    ExFreePool(Ranges);
    EXPECT_STATUS(RtlGetVersion((PRTL_OSVERSIONINFOW)&Version), STATUS_SUCCESS);
    EXPECT_EQ(MmIsThisAnNtAsSystem(), Version.wProductType != VER_NT_WORKSTATION);
    EXPECT(MmQuerySystemSize() <= MmLargeSystem);
}

TEST_DRIVER(TEST(HighestAddress), TEST(ZeroBits), TEST(LargePages), TEST(Views), TEST(Advance),
            TEST(IntoUserMode), TEST(PagesOfOurOwn), TEST(DeviceMemory), TEST(Machine))
