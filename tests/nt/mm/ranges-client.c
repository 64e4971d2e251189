/*
 * ranges-client.c - where memory is reserved from the top, and reservations that are freed in parts: what is left of them keeps its
 * pages, their protection and what they hold. [LEARN:memoryapi/virtualalloc] (MEM_TOP_DOWN), [DDI:ntifs/zwfreevirtualmemory] (a size
 * that is not zero), [LEARN:winnt/memory_basic_information].
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG);

#define PAGE  0x1000ull
#define GRAIN 0x10000ull
#define PAGES 48

static BYTE *
TopDown(SIZE_T Bytes)
{
    return VirtualAlloc(NULL, Bytes, MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE);
}

/* Each is the highest that is free for its size. */
static void
FromTheTop(void)
{
    BYTE *At[5], *Wide, *Again, *Lowest;

    for (int i = 0; i < 5; i++) {
        At[i] = TopDown(GRAIN);
        EXPECT(At[i] != NULL && ((ULONG64)At[i] & (GRAIN - 1)) == 0);
        EXPECT(i == 0 || At[i] + GRAIN <= At[i - 1]);
    }
    Lowest = VirtualAlloc(NULL, GRAIN, MEM_RESERVE, PAGE_NOACCESS);
    EXPECT(Lowest != NULL && Lowest < At[4]); /* without the flag from the bottom */
    VirtualFree(Lowest, 0, MEM_RELEASE);
    At[1][0] = 1;
    EXPECT(VirtualFree(At[1], 0, MEM_RELEASE));
    EXPECT(VirtualFree(At[3], 0, MEM_RELEASE));
    Wide = TopDown(2 * GRAIN); /* fits in neither */
    EXPECT(Wide + 2 * GRAIN <= At[4]);
    Again = TopDown(PAGE);
    EXPECT(Again == At[1] && Again[0] == 0);
    At[1] = Again;
    Again = TopDown(GRAIN);
    EXPECT(Again == At[3]);
    EXPECT(TopDown(1ull << 46) == NULL);
    for (int i = 0; i < 5; i++) {
        EXPECT(VirtualFree(At[i], 0, MEM_RELEASE));
    }
    EXPECT(VirtualFree(Wide, 0, MEM_RELEASE));
}

static NTSTATUS
Free(BYTE *At, SIZE_T Bytes, ULONG Type)
{
    PVOID Base = At;
    NTSTATUS Status = NtFreeVirtualMemory((HANDLE)-1, &Base, &Bytes, Type);

    EXPECT(Status < 0 || Base == (PVOID)((ULONG64)At & ~(PAGE - 1)));
    return Status;
}

static void
Is(BYTE *At, ULONG State, ULONG Protect, BYTE *Base, SIZE_T Bytes)
{
    MEMORY_BASIC_INFORMATION Info;

    EXPECT_EQ(VirtualQuery(At, &Info, sizeof(Info)), sizeof(Info));
    EXPECT_EQ(Info.State, State);
    EXPECT(State == MEM_FREE || Info.AllocationBase == Base);
    EXPECT(State != MEM_COMMIT || Info.Protect == Protect);
    EXPECT(State == MEM_FREE || Info.Type == MEM_PRIVATE);
    EXPECT(State == MEM_FREE || (Info.BaseAddress == At && Info.RegionSize == Bytes));
}

/* From the middle, the beginning and the end. */
static void
InParts(void)
{
    BYTE *At = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), *Again;
    DWORD Old;

    for (int i = 0; i < PAGES; i++) {
        At[i * PAGE] = (BYTE)(i + 1);
    }
    EXPECT(VirtualProtect(At + 4 * PAGE, PAGE, PAGE_READONLY, &Old));
    EXPECT(VirtualProtect(At + 40 * PAGE, PAGE, PAGE_READONLY, &Old));
    EXPECT_EQ(Free(At + 41 * PAGE, PAGE, MEM_DECOMMIT), 0);

    EXPECT_EQ(Free(At + 16 * PAGE, 16 * PAGE, MEM_RELEASE), 0);
    Is(At, MEM_COMMIT, PAGE_READWRITE, At, 4 * PAGE);
    Is(At + 4 * PAGE, MEM_COMMIT, PAGE_READONLY, At, PAGE);
    Is(At + 5 * PAGE, MEM_COMMIT, PAGE_READWRITE, At, 11 * PAGE);
    Is(At + 16 * PAGE, MEM_FREE, 0, NULL, 0);
    Is(At + 31 * PAGE, MEM_FREE, 0, NULL, 0);
    Is(At + 32 * PAGE, MEM_COMMIT, PAGE_READWRITE, At + 32 * PAGE, 8 * PAGE);
    Is(At + 40 * PAGE, MEM_COMMIT, PAGE_READONLY, At + 32 * PAGE, PAGE);
    Is(At + 41 * PAGE, MEM_RESERVE, 0, At + 32 * PAGE, PAGE);
    Is(At + 42 * PAGE, MEM_COMMIT, PAGE_READWRITE, At + 32 * PAGE, 6 * PAGE);
    for (int i = 0; i < PAGES; i++) {
        if ((i < 16 || i >= 32) && i != 41) {
            EXPECT_EQ(At[i * PAGE], i + 1);
        }
    }
    /* What is free may be used; the two rests are reservations of their own. */
    Again = VirtualAlloc(At + 16 * PAGE, 16 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    EXPECT(Again == At + 16 * PAGE && Again[0] == 0 && Again[15 * PAGE] == 0);
    EXPECT(VirtualFree(Again, 0, MEM_RELEASE));
    EXPECT_EQ((ULONG)Free(At + 12 * PAGE, 8 * PAGE, MEM_RELEASE),
              0xC000001A); /* beyond its end: STATUS_UNABLE_TO_FREE_VM */
    EXPECT_EQ((ULONG)Free(At + PAGE, 0, MEM_RELEASE), 0xC000009F); /* STATUS_FREE_VM_NOT_AT_BASE */
    EXPECT_EQ((ULONG)Free(At + 16 * PAGE, PAGE, MEM_RELEASE),
              0xC00000A0);                             /* STATUS_MEMORY_NOT_ALLOCATED */
    EXPECT_EQ(Free(At, 2 * PAGE - 1, MEM_RELEASE), 0); /* whole pages */
    Is(At + 2 * PAGE, MEM_COMMIT, PAGE_READWRITE, At + 2 * PAGE, 2 * PAGE);
    EXPECT_EQ(Free(At + 15 * PAGE + 5, 1, MEM_RELEASE), 0);
    Is(At + 5 * PAGE, MEM_COMMIT, PAGE_READWRITE, At + 2 * PAGE, 10 * PAGE);
    Is(At + 15 * PAGE, MEM_FREE, 0, NULL, 0);
    EXPECT(VirtualAlloc(At + 41 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE) == At + 41 * PAGE);
    EXPECT_EQ(At[41 * PAGE], 0);
    EXPECT(VirtualFree(At + 2 * PAGE, 0, MEM_RELEASE));
    EXPECT(VirtualFree(At + 32 * PAGE, 0, MEM_RELEASE));
    Is(At + 47 * PAGE, MEM_FREE, 0, NULL, 0);
}

/* The same with thousands of pages of which few are there: what is kept of them is kept of both parts. */
static void
Large(void)
{
    static const struct {
        ULONG Pages, From, Count;
    } Table[] = {{0x6000, 0x1000, 0x10},
                 {0x6000, 0x10, 0x5000},
                 {0x6000, 0x5FFF, 1},
                 {0x6000, 0, 0x5FF0},
                 {0x2001, 0x1000, 0x1000}};

    for (size_t i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        BYTE *Base = VirtualAlloc(NULL, Table[i].Pages * PAGE, MEM_RESERVE, PAGE_READWRITE);
        ULONG Behind = Table[i].From + Table[i].Count, Bad = 0;

        EXPECT(Base != NULL);
        for (ULONG Page = i % 3; Page < Table[i].Pages; Page += 0x7B) {
            Bad += VirtualAlloc(Base + Page * PAGE, PAGE, MEM_COMMIT,
                                Page % 2 ? PAGE_READWRITE : PAGE_EXECUTE_READWRITE) == NULL;
            *(ULONG *)(Base + Page * PAGE) = Page + 1;
        }
        EXPECT_EQ(Free(Base + Table[i].From * PAGE, Table[i].Count * PAGE, MEM_RELEASE), 0);
        for (ULONG Page = i % 3; Page < Table[i].Pages; Page += 0x7B) {
            BOOL Gone = Page >= Table[i].From && Page < Behind;
            MEMORY_BASIC_INFORMATION About;

            VirtualQuery(Base + Page * PAGE, &About, sizeof(About));
            if (Gone) {
                Bad += About.State != MEM_FREE;
                continue;
            }
            Bad += About.State != MEM_COMMIT || About.RegionSize != PAGE;
            Bad += About.Protect != (ULONG)(Page % 2 ? PAGE_READWRITE : PAGE_EXECUTE_READWRITE);
            Bad += About.AllocationBase !=
                   (Page < Table[i].From ? (PVOID)Base : (PVOID)(Base + Behind * PAGE));
            Bad += *(ULONG *)(Base + Page * PAGE) != Page + 1;
        }
        EXPECT_EQ(Bad, 0);
        EXPECT_EQ(VirtualFree(Base, 0, MEM_RELEASE) != 0, Table[i].From != 0);
        EXPECT_EQ(VirtualFree(Base + Behind * PAGE, 0, MEM_RELEASE) != 0, Behind != Table[i].Pages);
    }
}

int
main(void)
{
    FromTheTop();
    InParts();
    Large();
    return TEST_DONE();
}
