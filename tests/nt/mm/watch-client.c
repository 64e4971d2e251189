/*
 * watch-client.c - which pages were written, against a model: writes anywhere, questions about ranges that begin and end within pages, with room for some,
 * with and without a reset; what is asked wrongly changes nothing.
 * [LEARN:memoryapi/getwritewatch], [LEARN:memoryapi/resetwritewatch], [LEARN:memoryapi/virtualalloc] (MEM_WRITE_WATCH).
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtGetWriteWatch(HANDLE, ULONG, PVOID, SIZE_T, PVOID *, ULONG_PTR *, ULONG *);
NTSTATUS NTAPI NtResetWriteWatch(HANDLE, PVOID, SIZE_T);

#define PAGE      0x1000ull
#define PAGES     24
#define SELF      ((HANDLE) - 1)
#define PARAMETER 0xC00000EFu /* STATUS_INVALID_PARAMETER_1 */

static BYTE *Base;
static BOOL Written[PAGES];
static ULONG Seed = 77;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

/* What a range answers, and what is left of it. */
static ULONG
Ask(ULONG64 From, ULONG64 Size, ULONG_PTR Room, BOOL Reset)
{
    PVOID Found[PAGES + 1];
    ULONG_PTR Count = Room, At = 0;
    ULONG Grain = 0, Bad = 0;

    memset(Found, 0xCC, sizeof(Found));
    Bad += GetWriteWatch(Reset ? WRITE_WATCH_FLAG_RESET : 0, Base + From, Size, Found, &Count,
                         &Grain) != 0;
    Bad += Grain != PAGE;
    for (ULONG64 Page = From / PAGE; Page * PAGE < From + Size && At < Room; Page++) {
        if (Written[Page]) {
            Bad += Found[At++] != Base + Page * PAGE; /* the lowest first */
            Written[Page] = !Reset;
        }
    }
    Bad += Count != At;
    Bad += Found[At] != (PVOID)0xCCCCCCCCCCCCCCCCull;
    return Bad;
}

static void
Model(void)
{
    ULONG Bad = 0, Asked = 0;

    for (ULONG Round = 0; Round < 2000; Round++) {
        ULONG64 From = Random(PAGES * PAGE), Size = 1 + Random((ULONG)(PAGES * PAGE - From));

        switch (Random(4)) {
        case 0:
        case 1:
            From -= From % 8;
            *(volatile ULONG64 *)(Base + From) = Round;
            Written[From / PAGE] = TRUE;
            break;
        case 2:
            Bad += Ask(From, Size, 1 + Random(PAGES), Random(2) != 0);
            Asked++;
            break;
        default:
            if (Random(4) == 0) {
                Bad += ResetWriteWatch(Base + From, Size) != 0;
                for (ULONG64 Page = From / PAGE; Page * PAGE < From + Size; Page++) {
                    Written[Page] = FALSE;
                }
            } else {
                Bad += *(volatile BYTE *)(Base + From) == 0xEE; /* reading is not writing */
            }
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Asked > 300);
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, FALSE), 0);
}

static ULONG
Get(ULONG Flags, PVOID At, SIZE_T Size, ULONG_PTR *Count)
{
    PVOID Found[4] = {NULL};
    ULONG Grain;

    return (ULONG)NtGetWriteWatch(SELF, Flags, At, Size, Found, Count, &Grain);
}

/* Wrong questions, each by the number of the argument; nothing is forgotten by them. */
static void
Wrong(void)
{
    BYTE *Plain = VirtualAlloc(NULL, PAGE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    ULONG_PTR Count = 4;
    PVOID Found[4];
    ULONG Grain;

    *(volatile BYTE *)Base = 1;
    *(volatile BYTE *)(Base + (PAGES - 1) * PAGE) = 1;
    Written[0] = Written[PAGES - 1] = TRUE;
    EXPECT_EQ(Get(2, Base, PAGE, &Count), PARAMETER + 1);
    EXPECT_EQ(Get(1, Plain, PAGE, &Count), PARAMETER + 2); /* not watched */
    EXPECT_EQ(Get(1, Base, PAGES * PAGE + 1, &Count), PARAMETER + 2);
    EXPECT_EQ(Get(1, Base + 1, PAGES * PAGE, &Count), PARAMETER + 2);
    EXPECT_EQ(Get(1, Base, 0, &Count), PARAMETER + 2);
    EXPECT_EQ(Get(1, Base - 1, PAGE, &Count), PARAMETER + 2);
    EXPECT_EQ(Count, 4);
    Count = 0;
    EXPECT_EQ(Get(1, Base, PAGE, &Count), PARAMETER + 5);
    Count = (ULONG_PTR)1 << 60;
    EXPECT_EQ(Get(1, Base, PAGE, &Count), PARAMETER + 5);
    EXPECT_EQ((ULONG)NtResetWriteWatch(SELF, Plain, PAGE), PARAMETER + 1);
    EXPECT_EQ((ULONG)NtResetWriteWatch(SELF, Base, PAGES * PAGE + 1), PARAMETER + 1);
    EXPECT_EQ((ULONG)NtResetWriteWatch(SELF, Base, 0), PARAMETER + 1);
    EXPECT_EQ((ULONG)NtResetWriteWatch((HANDLE)0x7774, Base, PAGE), 0xC0000008);
    Count = 4;
    EXPECT_EQ((ULONG)NtGetWriteWatch((HANDLE)0x7774, 1, Base, PAGE, Found, &Count, &Grain),
              0xC0000008);
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, TRUE), 0);
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, FALSE), 0);
    VirtualFree(Plain, 0, MEM_RELEASE);
}

/* What the kernel writes for its user is written, too. */
static void
ByKernel(void)
{
    SIZE_T Done = 0;
    DWORD Bytes;
    HANDLE Read, Write;

    EXPECT(CreatePipe(&Read, &Write, NULL, 0x4000));
    EXPECT(WriteFile(Write, Base + 7 * PAGE, 0x1800, &Bytes, NULL));
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, TRUE), 0); /* it was read only */
    EXPECT(ReadFile(Read, Base + 2 * PAGE + 0xC00, 0x1800, &Bytes, NULL) && Bytes == 0x1800);
    Written[2] = Written[3] = Written[4] = TRUE;
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, TRUE), 0);
    EXPECT(WriteProcessMemory(GetCurrentProcess(), Base + 9 * PAGE - 1, "ab", 2, &Done));
    Written[8] = Written[9] = TRUE;
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, TRUE), 0);
    CloseHandle(Read);
    CloseHandle(Write);
}

int
main(void)
{
    Base = VirtualAlloc(NULL, PAGES * PAGE, MEM_COMMIT | MEM_RESERVE | MEM_WRITE_WATCH,
                        PAGE_READWRITE);
    EXPECT(Base != NULL);
    EXPECT_EQ(Ask(0, PAGES * PAGE, PAGES, FALSE), 0); /* nothing yet */
    Model();
    Wrong();
    ByKernel();
    EXPECT(VirtualFree(Base, 0, MEM_RELEASE));
    return TEST_DONE();
}
