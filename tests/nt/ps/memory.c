/*
 * memory.c - virtual memory from user mode. Microsoft's documentation of VirtualAlloc, VirtualFree, VirtualProtect,
 * VirtualQuery, MapViewOfFile; guard pages and stacks ("Creating Guard Pages", "Thread Stack Size").
 */
#include "ntlab-client.h"

static LONG WINAPI Handler(EXCEPTION_POINTERS *Pointers);
static volatile DWORD Raised;
static void *Guarded;

static void
Allocation(void)
{
    MEMORY_BASIC_INFORMATION Info;
    SYSTEM_INFO System;
    char *Block;

    GetSystemInfo(&System);
    EXPECT_EQ(System.dwPageSize, 4096);
    EXPECT_EQ(System.dwAllocationGranularity, 65536);
    Block = VirtualAlloc(NULL, 10000, MEM_RESERVE, PAGE_READWRITE);
    EXPECT(Block != NULL && ((ULONG_PTR)Block & 0xFFFF) == 0);
    EXPECT(VirtualQuery(Block, &Info, sizeof(Info)) && Info.State == MEM_RESERVE &&
           Info.RegionSize == 12288);
    EXPECT(VirtualAlloc(Block + 4096, 1, MEM_COMMIT, PAGE_READWRITE) == Block + 4096);
    Block[4096] = 1;
    EXPECT_EQ(Block[8191], 0);
    EXPECT(VirtualQuery(Block + 5000, &Info, sizeof(Info)) && Info.State == MEM_COMMIT &&
           Info.RegionSize == 4096 && Info.AllocationBase == Block);
    EXPECT(!VirtualFree(Block, 4096, MEM_RELEASE) && GetLastError() == ERROR_INVALID_PARAMETER);
    EXPECT(!VirtualFree(Block + 4096, 0, MEM_RELEASE) && GetLastError() == ERROR_INVALID_ADDRESS);
    EXPECT(VirtualFree(Block, 0, MEM_RELEASE));
    EXPECT(VirtualQuery(Block, &Info, sizeof(Info)) && Info.State == MEM_FREE);
    EXPECT(VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE) == NULL &&
           GetLastError() == ERROR_INVALID_PARAMETER);
}

static void
Large(void)
{
    char *Block = VirtualAlloc(NULL, 256 << 20, MEM_RESERVE, PAGE_READWRITE);

    EXPECT(Block != NULL);
    EXPECT(VirtualAlloc(Block + (200 << 20), 1 << 20, MEM_COMMIT, PAGE_READWRITE) != NULL);
    Block[(201 << 20) - 1] = 5;
    EXPECT(VirtualFree(Block + (200 << 20), 1 << 20, MEM_DECOMMIT));
    EXPECT(VirtualFree(Block, 0, MEM_RELEASE));
}

static LONG WINAPI
Handler(EXCEPTION_POINTERS *Pointers)
{
    DWORD Old;

    if (Guarded == NULL ||
        Pointers->ExceptionRecord->ExceptionInformation[1] - (ULONG_PTR)Guarded >= 4096) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Raised = Pointers->ExceptionRecord->ExceptionCode;
    if (Raised == EXCEPTION_ACCESS_VIOLATION) {
        VirtualProtect(Guarded, 4096, PAGE_READWRITE, &Old);
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void
Protection(void)
{
    volatile char *Block = VirtualAlloc(NULL, 4096, MEM_COMMIT, PAGE_READONLY);
    DWORD Old = 0;

    AddVectoredExceptionHandler(1, Handler);
    Guarded = (void *)Block;
    Raised = 0;
    *Block = 1; /* the handler makes it writable */
    EXPECT_EQ(Raised, EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(*Block, 1);
    EXPECT(VirtualProtect((void *)Block, 4096, PAGE_READWRITE | PAGE_GUARD, &Old) &&
           Old == PAGE_READWRITE);
    Raised = 0;
    *Block = 2;
    EXPECT_EQ(Raised, EXCEPTION_GUARD_PAGE);
    Raised = 0;
    *Block = 3; /* once only */
    EXPECT_EQ(Raised, 0);
    EXPECT(VirtualProtect((void *)Block, 4096, PAGE_NOACCESS, &Old) && Old == PAGE_READWRITE);
    Guarded = NULL;
    VirtualFree((void *)Block, 0, MEM_RELEASE);
    EXPECT(!VirtualProtect((void *)Block, 4096, PAGE_READONLY, &Old) &&
           GetLastError() == ERROR_INVALID_ADDRESS);
}

static void
Images(void)
{
    MEMORY_BASIC_INFORMATION Info;

    EXPECT(VirtualQuery((void *)Images, &Info, sizeof(Info)) && Info.Type == MEM_IMAGE);
    EXPECT(Info.AllocationBase == (void *)GetModuleHandleA(NULL));
    EXPECT_EQ(Info.Protect, PAGE_EXECUTE_READ);
}

static int __attribute__((noinline))
Deep(int Levels)
{
    volatile char Frame[3000];

    Frame[0] = (char)Levels;
    return Levels == 0 ? Frame[0] : Deep(Levels - 1) + Frame[0];
}

static void
Stacks(void)
{
    EXPECT(Deep(250) != 1); /* 750 KB of a megabyte */
}

static void
Mappings(void)
{
    HANDLE Mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x30000, NULL);
    volatile char *First = MapViewOfFile(Mapping, FILE_MAP_WRITE, 0, 0, 0);
    volatile char *Second = MapViewOfFile(Mapping, FILE_MAP_READ, 0, 0x10000, 0x10000);
    volatile char *Copy = MapViewOfFile(Mapping, FILE_MAP_COPY, 0, 0, 0);

    EXPECT(First != NULL && Second != NULL && Copy != NULL);
    First[0x10007] = 9;
    EXPECT_EQ(Second[7], 9);
    Copy[1] = 4;
    EXPECT_EQ(First[1], 0);
    EXPECT(MapViewOfFile(Mapping, FILE_MAP_READ, 0, 0x1000, 0) == NULL &&
           GetLastError() == ERROR_MAPPED_ALIGNMENT);
    EXPECT(UnmapViewOfFile((void *)First) && UnmapViewOfFile((void *)Second) &&
           UnmapViewOfFile((void *)Copy));
    EXPECT(!UnmapViewOfFile((void *)First) && GetLastError() == ERROR_INVALID_ADDRESS);
    CloseHandle(Mapping);
}

int
main(void)
{
    Allocation();
    Large();
    Protection();
    Images();
    Stacks();
    Mappings();
    return TEST_DONE();
}
