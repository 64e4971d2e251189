/*
 * system-client.c - NtQuerySystemInformation, class by class; hard errors are elsewhere. [LEARN:winternl/ntquerysysteminformation];
 * the other classes as public debuggers use them. Runs with --cpus 4.
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define LENGTH_MISMATCH 0xC0000004
#define VIOLATION       0xC0000005
#define KERNEL_ADDRESS  ((void *)0x400080000000ull)

static ULONG64 Space[4096];
static ULONG *Long = (ULONG *)Space;

/* Of exactly this size; less is refused. */
static ULONG
Query(int Class, ULONG Size)
{
    ULONG Length = 0;
    NTSTATUS Status;

    EXPECT_EQ((ULONG)NtQuerySystemInformation(Class, Space, Size - 1, &Length), LENGTH_MISMATCH);
    memset(Space, 0xCC, sizeof(Space));
    Status = NtQuerySystemInformation(Class, Space, Size, &Length);
    EXPECT(Status != 0 || Length == Size);
    EXPECT(Status != 0 || ((BYTE *)Space)[Size] == 0xCC);
    return (ULONG)Status;
}

typedef struct _MODULE {
    HANDLE Section;
    PVOID MappedBase, ImageBase;
    ULONG ImageSize, Flags;
    USHORT LoadOrder, InitOrder, LoadCount, NameOffset;
    CHAR Path[256];
} MODULE;

static void
Modules(void)
{
    MODULE *Module = (MODULE *)(Space + 1);
    ULONG Length = 0, Count;
    BOOL Sorted = TRUE;

    EXPECT_EQ((ULONG)NtQuerySystemInformation(11, Space, 4, &Length), LENGTH_MISMATCH);
    EXPECT_EQ(Length % sizeof(MODULE), 8);
    EXPECT_EQ((ULONG)NtQuerySystemInformation(11, Space, Length - 1, &Length), LENGTH_MISMATCH);
    EXPECT_EQ(NtQuerySystemInformation(11, Space, sizeof(Space), &Length), 0);
    Count = Long[0];
    EXPECT_EQ(Length, 8 + Count * sizeof(MODULE));
    EXPECT(Count >= 1);
    EXPECT(_stricmp(Module[0].Path + Module[0].NameOffset, "ntoskrnl.exe") == 0); /* the first */
    EXPECT(Module[0].Path[0] == '\\' && Module[0].NameOffset > 1);
    for (ULONG i = 0; i < Count; i++) {
        Sorted = Sorted && Module[i].LoadOrder == i && Module[i].ImageSize >= 0x1000 &&
                 Module[i].ImageBase != NULL && Module[i].LoadCount != 0 &&
                 strchr(Module[i].Path + Module[i].NameOffset, '\\') == NULL;
    }
    EXPECT(Sorted);
}

int
main(void)
{
    ULONG Length = 0;
    FILETIME Now;

    Sleep(100);
    EXPECT_EQ(Query(0, 64), 0);                         /* SystemBasicInformation */
    EXPECT_EQ(Long[2], 4096);                           /* page size */
    EXPECT_EQ(Long[6], 65536);                          /* allocation granularity */
    EXPECT_EQ(((BYTE *)Space)[56], 4);                  /* processors */
    EXPECT(Space[4] == 0x10000 && Space[5] > Space[4]); /* lowest and highest user address */
    EXPECT_EQ(Space[6], 15);
    EXPECT_EQ(Query(1, 12), 0); /* SystemProcessorInformation: x64 */
    EXPECT_EQ(((USHORT *)Space)[0], 9);
    EXPECT_EQ(((USHORT *)Space)[3], 4);
    EXPECT_EQ(NtQuerySystemInformation(3, Space, 48, &Length), 0); /* SystemTimeOfDayInformation */
    GetSystemTimeAsFileTime(&Now);
    EXPECT(Space[0] < Space[1] && Space[1] - Space[0] < 3600ull * 10000000); /* booted lately */
    EXPECT(*(ULONG64 *)&Now >= Space[1] && *(ULONG64 *)&Now - Space[1] < 10000000);
    EXPECT_EQ(NtQuerySystemInformation(8, Space, 4 * 48, &Length), 0); /* of each processor */
    EXPECT_EQ(Length, 4 * 48);
    EXPECT(Space[0] == Space[1] && Space[0] == Space[6] && Space[0] > 0); /* idle, kernel */
    EXPECT_EQ((ULONG)NtQuerySystemInformation(8, Space, 4 * 48 - 1, &Length), LENGTH_MISMATCH);
    EXPECT_EQ(Query(35, 2), 0); /* SystemKernelDebuggerInformation: none */
    EXPECT(((BYTE *)Space)[0] == 0 && ((BYTE *)Space)[1] == 1);
    Long[0] = 8;
    EXPECT_EQ(NtQuerySystemInformation(103, Space, 8, &Length), 0); /* code integrity */
    EXPECT_EQ(Long[0], 8);
    EXPECT_EQ(Query(50, 8), 0); /* SystemRangeStartInformation */
    EXPECT(Space[0] > 0x7FFFFFFF0000ull || Space[0] >= 0x400000000000ull);
    Modules();
    EXPECT_EQ((ULONG)NtQuerySystemInformation(9999, Space, 64, &Length), 0xC0000003);
    EXPECT_EQ((ULONG)NtQuerySystemInformation(0, KERNEL_ADDRESS, 64, &Length), VIOLATION);
    EXPECT_EQ((ULONG)NtQuerySystemInformation(0, Space, 64, KERNEL_ADDRESS), VIOLATION);
    TEST_DONE();
    return NtlabFailed != 0;
}
