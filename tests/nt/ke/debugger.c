/*
 * debugger.c - with a kernel debugger attached breakpoints and assertions do not end the system: it says so, and the code
 * goes on behind the instruction. Runs with --kd, which says that one is attached and answers with `g`.
 * [DDI:wdm/dbgbreakpoint, wdm/kdrefreshdebuggernotpresent, ntddk/rtlassert; "DbgBreakPoint routine: breaks into the kernel debugger"]
 */
#include "../ntlab-test.h"

NTSYSAPI ULONG __cdecl DbgPrintReturnControlC(PCCH, ...);

static VOID
Breaks(VOID)
{
    volatile ULONG Behind = 0;

    DbgBreakPoint();
    Behind++;
    DbgBreakPointWithStatus(DBG_STATUS_CONTROL_C);
    Behind++;
    __asm__ volatile("int3");
    Behind++;
    __asm__ volatile("int $0x2c"); /* NT_ASSERT */
    Behind++;
    RtlAssert("never", "debugger.c", 1, NULL);
    Behind++;
    EXPECT_EQ(Behind, 5);
}

static VOID
Raised(VOID)
{
    KIRQL OldIrql;

    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    DbgBreakPoint();
    __asm__ volatile("int $0x2c");
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(OldIrql);
}

static VOID
Attached(VOID)
{
    EXPECT(!KdRefreshDebuggerNotPresent() && !KD_DEBUGGER_NOT_PRESENT && KD_DEBUGGER_ENABLED);
    EXPECT_STATUS(KdDisableDebugger(), STATUS_SUCCESS);
    EXPECT_STATUS(KdEnableDebugger(), STATUS_SUCCESS);
    EXPECT_EQ(*(volatile UCHAR *)(KI_USER_SHARED_DATA + 0x2D4), 3); /* KdDebuggerEnabled */
    EXPECT_STATUS(DbgPrintReturnControlC("ntlab-test: note %s\n", "Control-C"), STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Breaks), TEST(Raised), TEST(Attached))
