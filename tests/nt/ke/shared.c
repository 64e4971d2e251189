/*
 * shared.c - KUSER_SHARED_DATA says what the routines say: version, product, processors and their features, memory, time. What is printed with a
 * prefix. [LEARN:ntddk/ns-ntddk-kuser_shared_data], [LEARN:processthreadsapi/isprocessorfeaturepresent] (features), [DDI:wdm/vdbgprintexwithprefix].
 */
#include "../ntlab-test.h"
#include <stdarg.h>

#define SHARED   ((volatile UCHAR *)0xFFFFF78000000000ull)
#define WORD(At) (*(volatile ULONG *)(SHARED + (At)))

ULONG NTAPI vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format,
                                  va_list Arguments);
BOOLEAN NTAPI RtlGetNtProductType(PNT_PRODUCT_TYPE ProductType);
NTSTATUS NTAPI ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned);
ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list Arguments);

static VOID
Version(VOID)
{
    RTL_OSVERSIONINFOEXW Info = {.dwOSVersionInfoSize = sizeof(Info)};
    NT_PRODUCT_TYPE Product = 0;
    static const WCHAR Root[] = L"C:\\Windows";

    EXPECT_STATUS(RtlGetVersion((PRTL_OSVERSIONINFOW)&Info), STATUS_SUCCESS);
    EXPECT_EQ(WORD(0x26C), Info.dwMajorVersion);
    EXPECT_EQ(WORD(0x270), Info.dwMinorVersion);
    EXPECT_EQ(WORD(0x260), Info.dwBuildNumber); /* from Windows 8 on */
    EXPECT_EQ(WORD(0x264), Info.wProductType);
    EXPECT_EQ(WORD(0x264), NtProductWinNt);
    EXPECT_EQ(SHARED[0x268], TRUE);        /* ProductTypeIsValid */
    EXPECT_EQ(WORD(0x2D0) & 0x110, 0x110); /* terminal services, always; for a single user */
    EXPECT_EQ(Info.wSuiteMask & 0x100, 0x100);
    EXPECT(RtlGetNtProductType(&Product) && Product == NtProductWinNt);
    EXPECT(RtlEqualMemory((PVOID)(SHARED + 0x30), Root, sizeof(Root))); /* NtSystemRoot */
    EXPECT_EQ(*(volatile USHORT *)(SHARED + 0x2C), 0x8664 /* AMD64 */);
    EXPECT_EQ(*(volatile USHORT *)(SHARED + 0x2E), 0x8664 /* AMD64 */);
}

static VOID
Processors(VOID)
{
    static const ULONG Always[] = {PF_COMPARE_EXCHANGE_DOUBLE,
                                   PF_MMX_INSTRUCTIONS_AVAILABLE,
                                   PF_XMMI_INSTRUCTIONS_AVAILABLE,
                                   PF_RDTSC_INSTRUCTION_AVAILABLE,
                                   PF_PAE_ENABLED,
                                   PF_XMMI64_INSTRUCTIONS_AVAILABLE,
                                   PF_NX_ENABLED,
                                   13 /* SSE3 */,
                                   14 /* 128 bits exchanged */};
    static const ULONG Never[] = {PF_FLOATING_POINT_PRECISION_ERRATA, PF_FLOATING_POINT_EMULATED,
                                  PF_PPC_MOVEMEM_64BIT_OK, PF_ALPHA_BYTE_INSTRUCTIONS};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Always); i++) {
        EXPECT_EQ(SHARED[0x274 + Always[i]], TRUE);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Never); i++) {
        EXPECT_EQ(SHARED[0x274 + Never[i]], FALSE);
    }
    for (ULONG i = 0; i < PROCESSOR_FEATURE_MAX; i++) {
        EXPECT_EQ(ExIsProcessorFeaturePresent(i), SHARED[0x274 + i]);
    }
    EXPECT(!ExIsProcessorFeaturePresent(PROCESSOR_FEATURE_MAX));
    EXPECT_EQ(WORD(0x3C0), KeQueryActiveProcessorCount(NULL));
}

static VOID
Memory(VOID)
{
    ULONG Basic[16]; /* SYSTEM_BASIC_INFORMATION: the fourth is the number of pages */

    EXPECT_STATUS(ZwQuerySystemInformation(0, Basic, sizeof(Basic), NULL), STATUS_SUCCESS);
    EXPECT_EQ(WORD(0x2E8), Basic[3]);
    EXPECT_EQ(WORD(0x244), 0x200000); /* LargePageMinimum */
}

/* Times lie between two questions; a tick lasts 15.625 ms: the multiplier is that in 2^-24 ms. */
static VOID
Times(VOID)
{
    LARGE_INTEGER Before, Shared, After, Delay = {.QuadPart = -10 * 1000 * 1000};
    ULONG64 Ticks, First = KeQueryInterruptTime();

    KeQuerySystemTime(&Before);
    Shared.LowPart = WORD(0x14);
    Shared.HighPart = (LONG)WORD(0x18);
    KeQuerySystemTime(&After);
    EXPECT(Shared.QuadPart + 156250 >= Before.QuadPart && Shared.QuadPart <= After.QuadPart);
    EXPECT_EQ(WORD(0x4), 0x0FA00000);
    EXPECT_EQ(KeQueryTimeIncrement(), 156250);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    EXPECT(KeQueryInterruptTime() - First >= 10 * 1000 * 1000);
    Shared.LowPart = WORD(0x8);
    Shared.HighPart = (LONG)WORD(0xC);
    EXPECT((ULONG64)Shared.QuadPart <= KeQueryInterruptTime() &&
           (ULONG64)Shared.QuadPart >= First + 10 * 1000 * 1000 - 156250);
    Ticks = *(volatile ULONG64 *)(SHARED + 0x320);
    EXPECT(Ticks * 156250 <= KeQueryInterruptTime() &&
           (Ticks + 2) * 156250 > KeQueryInterruptTime());
}

static ULONG
Say(PCCH Prefix, PCCH Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = Prefix != NULL
                 ? vDbgPrintExWithPrefix(Prefix, DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, Format,
                                         Arguments)
                 : vDbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, Format, Arguments);
    va_end(Arguments);
    return Status;
}

/* The lines count as checks. */
static VOID
Prefixes(VOID)
{
    EXPECT_STATUS(Say("ntlab-test: ok Prefixes:", "%u %s\n", 1u, "with a prefix"), STATUS_SUCCESS);
    EXPECT_STATUS(Say("", "ntlab-test: ok Prefixes:%d %s\n", 2, "with an empty one"),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Say(NULL, "ntlab-test: ok Prefixes:%c %s\n", '3', "without"), STATUS_SUCCESS);
    NtlabPassed += 3;
}

TEST_DRIVER(TEST(Version), TEST(Processors), TEST(Memory), TEST(Times), TEST(Prefixes))
