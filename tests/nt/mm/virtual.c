/*
 * virtual.c - the services for virtual memory and sections, called by a driver in the System process.
 * [DDI:ntifs/ntallocatevirtualmemory], [DDI:ntifs/ntfreevirtualmemory], [DDI:ntifs/zwqueryvirtualmemory],
 * [DDI:wdm/zwcreatesection], [DDI:wdm/zwmapviewofsection], [DDI:wdm/zwunmapviewofsection]
 */
#include "../ntlab-test.h"

typedef struct _BASIC {
    PVOID BaseAddress, AllocationBase;
    ULONG AllocationProtect, Partition;
    SIZE_T RegionSize;
    ULONG State, Protect, Type;
} BASIC;

NTSYSAPI NTSTATUS NTAPI ZwQueryVirtualMemory(HANDLE, PVOID, ULONG, PVOID, SIZE_T, PSIZE_T);
NTSYSAPI NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);

#define SELF NtCurrentProcess()

static VOID
AllocateAndFree(VOID)
{
    PVOID Base = NULL;
    SIZE_T Size = 5000;
    BASIC Info;

    EXPECT_STATUS(
        ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
        STATUS_SUCCESS);
    EXPECT_EQ((ULONG_PTR)Base & 0xFFFF, 0); /* allocation granularity */
    EXPECT_EQ(Size, 8192);                  /* rounded to pages */
    EXPECT_EQ(*(PULONG)Base, 0);
    *(PULONG)Base = 1;
    EXPECT_STATUS(ZwQueryVirtualMemory(SELF, (PUCHAR)Base + 5000, 0, &Info, sizeof(Info), NULL),
                  STATUS_SUCCESS);
    EXPECT(Info.AllocationBase == Base && Info.BaseAddress == (PUCHAR)Base + 4096);
    EXPECT_EQ(Info.RegionSize, 4096);
    EXPECT_EQ(Info.State, MEM_COMMIT);
    EXPECT_EQ(Info.Protect, PAGE_READWRITE);
    EXPECT_EQ(Info.Type, MEM_PRIVATE);
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), STATUS_SUCCESS);
    EXPECT_EQ(Size, 8192);
    EXPECT_STATUS(ZwQueryVirtualMemory(SELF, Base, 0, &Info, sizeof(Info), NULL), STATUS_SUCCESS);
    EXPECT_EQ(Info.State, MEM_FREE);
    EXPECT(!MmIsAddressValid(Base));
}

static VOID
ReserveThenCommit(VOID)
{
    PVOID Base = NULL, Page;
    SIZE_T Size = 0x100000, One;
    BASIC Info;

    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE),
                  STATUS_SUCCESS);
    EXPECT(!MmIsAddressValid(Base));
    Page = (PUCHAR)Base + 0x5678;
    One = 1;
    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Page, 0, &One, MEM_COMMIT, PAGE_READONLY),
                  STATUS_SUCCESS);
    EXPECT(Page == (PUCHAR)Base + 0x5000);
    EXPECT_EQ(One, 0x1000);
    ZwQueryVirtualMemory(SELF, Base, 0, &Info, sizeof(Info), NULL);
    EXPECT_EQ(Info.State, MEM_RESERVE);
    EXPECT_EQ(Info.RegionSize, 0x5000);
    EXPECT_RAISES(*(volatile CHAR *)Page = 1, STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(*(volatile CHAR *)Base, STATUS_ACCESS_VIOLATION);
    One = 0x1000;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Page, &One, MEM_DECOMMIT), STATUS_SUCCESS);
    EXPECT(!MmIsAddressValid(Page));
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), STATUS_SUCCESS);
}

static VOID
BadParameters(VOID)
{
    PVOID Base = NULL;
    SIZE_T Size = 0;

    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE),
                  STATUS_INVALID_PARAMETER_4);
    Size = 4096;
    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, 0, PAGE_READWRITE),
                  STATUS_INVALID_PARAMETER_5);
    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_COMMIT, 0),
                  STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_STATUS(
        ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE | PAGE_READONLY),
        STATUS_INVALID_PAGE_PROTECTION);
    Base = (PVOID)0x123450000;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE),
                  STATUS_MEMORY_NOT_ALLOCATED);
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, 0), STATUS_INVALID_PARAMETER_4);
    Base = NULL;
    Size = 0x20000;
    ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_STATUS(ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE),
                  STATUS_CONFLICTING_ADDRESSES);
    Base = (PUCHAR)Base + 0x1000;
    Size = 0;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
    Size = 0x1000000;
    EXPECT_STATUS(ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_DECOMMIT), STATUS_UNABLE_TO_FREE_VM);
    Base = (PUCHAR)Base - 0x1000;
    Size = 0;
    ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE);
}

static VOID
Protection(VOID)
{
    PVOID Base = NULL;
    SIZE_T Size = 0x2000;
    ULONG Old = 0;

    ZwAllocateVirtualMemory(SELF, &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_STATUS(ZwProtectVirtualMemory(SELF, &Base, &Size, PAGE_READONLY, &Old), STATUS_SUCCESS);
    EXPECT_EQ(Old, PAGE_READWRITE);
    EXPECT_RAISES(*(volatile CHAR *)Base = 1, STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(*(volatile CHAR *)Base, STATUS_SUCCESS);
    /* a guard page goes off once */
    EXPECT_STATUS(ZwProtectVirtualMemory(SELF, &Base, &Size, PAGE_READWRITE | PAGE_GUARD, &Old),
                  STATUS_SUCCESS);
    EXPECT_RAISES(*(volatile CHAR *)Base = 1, STATUS_GUARD_PAGE_VIOLATION);
    EXPECT_RAISES(*(volatile CHAR *)Base = 1, STATUS_SUCCESS);
    Size = 0;
    ZwFreeVirtualMemory(SELF, &Base, &Size, MEM_RELEASE);
    Size = 0x1000;
    EXPECT_STATUS(ZwProtectVirtualMemory(SELF, &Base, &Size, PAGE_READONLY, &Old),
                  STATUS_CONFLICTING_ADDRESSES);
}

static VOID
Sections(VOID)
{
    OBJECT_ATTRIBUTES Attributes = {.Length = sizeof(Attributes), .Attributes = OBJ_KERNEL_HANDLE};
    LARGE_INTEGER Maximum = {.QuadPart = 0x20000}, Offset = {.QuadPart = 0x10000},
                  Odd = {.QuadPart = 0x1000};
    PVOID First = NULL, Second = NULL;
    SIZE_T Size = 0;
    HANDLE Section;

    EXPECT_STATUS(ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, NULL, PAGE_READWRITE,
                                  SEC_COMMIT, NULL),
                  STATUS_INVALID_PARAMETER_4);
    EXPECT_STATUS(ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, &Maximum,
                                  PAGE_READWRITE, SEC_COMMIT, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwMapViewOfSection(Section, SELF, &First, 0, 0, NULL, &Size, ViewUnmap, 0, PAGE_READWRITE),
        STATUS_SUCCESS);
    EXPECT_EQ(Size, 0x20000);
    Size = 0x10000;
    EXPECT_STATUS(ZwMapViewOfSection(Section, SELF, &Second, 0, 0, &Offset, &Size, ViewUnmap, 0,
                                     PAGE_READONLY),
                  STATUS_SUCCESS);
    ((PUCHAR)First)[0x10004] = 0x42;
    EXPECT_EQ(((PUCHAR)Second)[4], 0x42); /* two views, one memory */
    EXPECT_RAISES(*(volatile CHAR *)Second = 1, STATUS_ACCESS_VIOLATION);
    EXPECT_STATUS(ZwUnmapViewOfSection(SELF, Second), STATUS_SUCCESS);
    EXPECT_STATUS(ZwUnmapViewOfSection(SELF, Second), STATUS_NOT_MAPPED_VIEW);
    Second = NULL;
    EXPECT_STATUS(
        ZwMapViewOfSection(Section, SELF, &Second, 0, 0, &Odd, &Size, ViewUnmap, 0, PAGE_READONLY),
        STATUS_MAPPED_ALIGNMENT);
    Size = 0x100000;
    EXPECT_STATUS(
        ZwMapViewOfSection(Section, SELF, &Second, 0, 0, NULL, &Size, ViewUnmap, 0, PAGE_READONLY),
        STATUS_INVALID_VIEW_SIZE);
    Size = 0;
    EXPECT_STATUS(ZwMapViewOfSection(Section, SELF, &Second, 0, 0, NULL, &Size, ViewUnmap, 0,
                                     PAGE_EXECUTE_READ),
                  STATUS_SECTION_PROTECTION);
    ZwClose(Section);
    EXPECT_EQ(((PUCHAR)First)[0x10004], 0x42); /* a view keeps the section */
    EXPECT_STATUS(ZwUnmapViewOfSection(SELF, First), STATUS_SUCCESS);
}

static VOID
UserMappings(VOID)
{
    PUCHAR Block = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, 'tseT');
    PMDL Mdl = IoAllocateMdl(Block, PAGE_SIZE, FALSE, FALSE, NULL);
    PUCHAR User = NULL;

    MmBuildMdlForNonPagedPool(Mdl);
    __try {
        User =
            MmMapLockedPagesSpecifyCache(Mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    EXPECT(User != NULL && (PVOID)User < MmHighestUserAddress);
    User[9] = 0x99;
    EXPECT_EQ(Block[9], 0x99);
    MmUnmapLockedPages(User, Mdl);
    EXPECT(!MmIsAddressValid(User));
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, 'tseT');
}

TEST_DRIVER(TEST(AllocateAndFree), TEST(ReserveThenCommit), TEST(BadParameters), TEST(Protection),
            TEST(Sections), TEST(UserMappings))
